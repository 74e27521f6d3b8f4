package apiweb

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/web"
)

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		body, field, fault string
	}{
		"fits":             {`{"way": "own", "lines": [{"variant": "0199b73f-4100-7550-950d-53b4c30a2ede", "quantity": 2}]}`, "", ""},
		"unknown":          {`{"wey": "own"}`, "/wey", "api.unknown_field"},
		"another case":     {`{"Way": "own"}`, "/Way", "api.unknown_field"},
		"null for a list":  {`{"lines": null}`, "", ""},
		"text for a sum":   {`{"lines": [{"quantity": "2"}]}`, "/lines/0/quantity", "api.type"},
		"too large":        {`{"lines": [{"quantity": 9223372036854775808}]}`, "/lines/0/quantity", "api.type"},
		"twice":            {`{"way": "own", "way": "own"}`, "", "api.json"},
		"twice when clean": {"{\"way\": \"own\", \"wa\u202ey\": \"own\"}", "", "api.json"},
		"no JSON":          {`way=own`, "", "api.json"},
		"nothing":          {"", "", "api.json"},
		"more after it":    {`{} 1`, "", "api.json"},
		"half":             {`{"way": "own"`, "", "api.json"},
		"deep":             {strings.Repeat("[", 21) + strings.Repeat("]", 21), "", "api.depth"},
		"a list":           {`[]`, "/", "api.type"},
		"no UTF-8":         {"{\"way\": \"\xc3\x28\"}", "", "api.json"},
	} {
		var d QuoteDraft
		_, err := decode([]byte(c.body), &d)
		f := fault.Of(err)
		got, field := "", ""
		if f != nil {
			got = f.Key
			for name, e := range f.Fields {
				field, got = name, e.Key
			}
		}
		if got != c.fault || field != c.field || (err == nil) != (c.fault == "") {
			t.Errorf("%s: %s at %q, want %s at %q (%v)", name, got, field, c.fault, c.field, err)
		}
	}
	var d QuoteDraft
	if _, err := decode([]byte("{\"voucher\": \"HE\u202eMAT\\u0000\"}"), &d); err != nil || d.Voucher != "HEMAT" {
		t.Errorf("a text with signs that turn writing: %q, %v", d.Voucher, err)
	}
}

// Two bodies that say the same have one canonical form, and others another.
func TestCanonicalForm(t *testing.T) {
	form := func(s string) string {
		var d OrderDraft
		b, err := decode([]byte(s), &d)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if form(`{"name": "A", "pay": "cod"}`) != form("{\"pay\":\n\"cod\",\"name\":\"\\u0041\"}") {
		t.Error("the same body has two forms")
	}
	if form(`{"name": "A"}`) == form(`{"name": "B"}`) {
		t.Error("two bodies have one form")
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{sampleQuote, sampleOrder, sampleProduct, samplePatch, sampleEntry, `{"lines": [{"variant": 1}]}`, `{"a": {"a": {}}}`, "[[[[", "\xff", `{"way": "own", "way": ""}`, `1e999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d OrderDraft
		b, err := decode(raw, &d)
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("%q: a surprise: %v", raw, err)
			}
			return
		}
		if !utf8.Valid(raw) || !json.Valid(raw) {
			t.Fatalf("%q was taken", raw)
		}
		if d.Name != web.Clean(d.Name) {
			t.Fatalf("%q is not clean", d.Name)
		}
		var again OrderDraft
		b2, err := decode(b, &again)
		if err != nil || !bytes.Equal(b, b2) {
			t.Fatalf("the canonical form %q of %q is not its own: %q, %v", b, raw, b2, err)
		}
	})
}

func FuzzCursors(f *testing.F) {
	f.Add("")
	f.Add("0." + id.New().String())
	f.Add(mark{time.Now(), id.New()}.String())
	f.Add(order.Cursor{At: time.Now(), ID: id.New()}.String())
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := cursor(s, parseMark); err == nil && c.String() != s {
			t.Fatalf("%q was taken as %q", s, c)
		}
		if c, err := cursor(s, catalog.ParseCursor); err == nil && c.String() != s {
			t.Fatalf("%q was taken as %q", s, c)
		}
		if c, err := cursor(s, order.ParseCursor); err == nil && c.String() != s {
			t.Fatalf("%q was taken as %q", s, c)
		}
		if c, err := cursor(s, customer.ParseCursor); err == nil && c.String() != s {
			t.Fatalf("%q was taken as %q", s, c)
		}
	})
}

// Every cursor that a list gives is taken again as it was.
func TestCursorsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-1<<50, 1<<52).Draw(t, "at")).UTC()
		m := mark{at, id.New()}
		got, err := cursor(m.String(), parseMark)
		if err != nil || !got.at.Equal(m.at) || got.id != m.id {
			t.Fatalf("%v came back as %v, %v", m, got, err)
		}
		if url.QueryEscape(m.String()) != m.String() {
			t.Fatalf("%s needs escaping", m)
		}
	})
}
