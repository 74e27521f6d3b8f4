package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// contract holds what a program sends and is answered against the document
// that the server gave it.
type contract struct {
	raw   string
	paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Responses   map[string]struct {
			Content map[string]json.RawMessage `json:"content"`
		} `json:"responses"`
		RequestBody json.RawMessage `json:"requestBody"`
	}
	holes    map[string]*regexp.Regexp
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	seen     map[string]map[int]bool // by operation, the statuses that were answered
}

const docAddress = "https://lapak.test/openapi.json"

// read asks for the document.
func (p program) read() *contract {
	p.t.Helper()
	c := &contract{holes: map[string]*regexp.Regexp{}, seen: map[string]map[int]bool{}}
	p.contract = &contract{} // checks nothing yet
	got := p.ask(http.MethodGet, web.APIBase+"/openapi.json", "")
	if got.Status != http.StatusOK {
		p.t.Fatalf("openapi.json: %d", got.Status)
	}
	c.raw = got.Body
	var doc struct {
		Paths json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(c.raw), &doc); err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal(doc.Paths, &c.paths); err != nil {
		p.t.Fatal(err)
	}
	for path := range c.paths {
		c.holes[path] = regexp.MustCompile("^" + regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "[^/]+") + "$")
	}
	all, err := jsonschema.UnmarshalJSON(strings.NewReader(c.raw))
	if err != nil {
		p.t.Fatal(err)
	}
	c.compiler = jsonschema.NewCompiler()
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(docAddress, all); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// fits holds a text against a part of the document.
func (c *contract) fits(text string, part ...string) error {
	for i, s := range part {
		part[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s, err := c.compiler.Compile(docAddress + "#/" + strings.Join(part, "/"))
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// check fails the test if an answer is not one that the document tells of.
func (c *contract) check(t testing.TB, method, path, body string, got webtest.Page) {
	t.Helper()
	rest, ok := strings.CutPrefix(path, web.APIBase)
	rest, _, _ = strings.Cut(rest, "?")
	if !ok || c.compiler == nil || got.Status == http.StatusNotModified || got.Status == http.StatusPermanentRedirect {
		return
	}
	for pattern, ops := range c.paths {
		op, has := ops[strings.ToLower(method)]
		if !has || !c.holes[pattern].MatchString(rest) {
			continue
		}
		code := strconv.Itoa(got.Status)
		if _, told := op.Responses[code]; !told {
			t.Errorf("%s answered %d, of which the document says nothing: %s", op.OperationID, got.Status, got.Body)
			return
		}
		kind := "application/json"
		if file := slices.Collect(maps.Keys(op.Responses[code].Content)); len(file) == 1 && got.Status < 400 {
			kind = file[0]
		}
		if got.Status >= 400 {
			kind = "application/problem+json"
		}
		if got.Header.Get("Content-Type") != kind {
			t.Errorf("%s answered as %q, want %s", op.OperationID, got.Header.Get("Content-Type"), kind)
		}
		if kind == "application/pdf" {
			if !strings.HasPrefix(got.Body, "%PDF-") {
				t.Errorf("%s answers no PDF: %.40q", op.OperationID, got.Body)
			}
		} else if err := c.fits(got.Body, "paths", pattern, strings.ToLower(method), "responses", code, "content", kind, "schema"); err != nil {
			t.Errorf("%s, %d: not as the document says: %v\n%s", op.OperationID, got.Status, err, got.Body)
		}
		if got.Status < 300 && body != "" {
			if err := c.fits(body, "paths", pattern, strings.ToLower(method), "requestBody", "content", "application/json", "schema"); err != nil {
				t.Errorf("%s took a body that the document refuses: %v\n%s", op.OperationID, err, body)
			}
		}
		c.mu.Lock()
		if c.seen[op.OperationID] == nil {
			c.seen[op.OperationID] = map[int]bool{}
		}
		c.seen[op.OperationID][got.Status] = true
		c.mu.Unlock()
		return
	}
}

// The document is served, is the same at each start, and tells of every route.
func TestTheDocumentIsServed(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	p := s.program(t, "")
	if file := os.Getenv("LAPAK_OPENAPI"); file != "" { // for the linters of `make lint-api`
		if err := os.WriteFile(file, []byte(p.raw), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	told := map[string]bool{}
	for path, ops := range p.paths {
		for method := range ops {
			told[strings.ToUpper(method)+" "+web.APIBase+path] = true
		}
	}
	for _, rt := range web.Table(s.Routes()...) {
		if rt.API && !told[rt.Pattern] && rt.Path() != web.APIBase+"/openapi.json" {
			t.Errorf("the document says nothing of %s", rt.Pattern)
		}
		delete(told, rt.Pattern)
	}
	for pattern := range told {
		t.Errorf("the document tells of %s, which is no route", pattern)
	}
	if again := s.program(t, ""); again.raw != p.raw {
		t.Error("the document is another one each time")
	}
	got := p.ask(http.MethodGet, web.APIBase+"/openapi.json", "")
	if again := p.ask(http.MethodGet, web.APIBase+"/openapi.json", "", "If-None-Match", got.Header.Get("ETag")); again.Status != http.StatusNotModified {
		t.Errorf("asked again with its ETag: %d, want 304", again.Status)
	}
	if got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("the document is not open to pages of other sites")
	}
}

// Every operation was called, well and badly, and each answer is one that the
// document tells of (ask checks that).
func TestContract(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	th := s.furnish(t, sh, sh.sc.Actor)
	if _, err := s.Jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := s.program(t, s.key(t, sh, api.Grants...))
	guest := p
	guest.secret = ""
	few := p
	few.secret = s.key(t, sh, api.StockRead)
	stranger := p
	stranger.secret = "lapak_" + strings.Repeat("a", 52)
	sample := bodies(th)
	want := `{"lines": [{"variant": "` + sh.variant.String() + `", "quantity": 1}], "way": "own", "village": "` + jatimukti + `", "pay": "cod"`
	sample["POST /shops/{slug}/quotes"] = want + `}`
	sample["POST /shops/{slug}/orders"] = want + `, "street": "Jl. Raya 1", "name": "Rina", "phone": "081298765432", "seen_total": 23000}`
	sample["POST /parcels"] = `{"number": "` + th["number"] + `", "last": "` + th["last"] + `"}`
	for _, rt := range web.Table(s.Routes()...) {
		rest, ok := strings.CutPrefix(rt.Path(), web.APIBase)
		if !rt.API || !ok || rest == "/openapi.json" {
			continue
		}
		body := sample[rt.Method()+" "+rest]
		addr := mustAddress(t, rt.Path(), th, nil)
		if rest == "/places" {
			addr += "?q=jatinangor"
		}
		good := p.ask(rt.Method(), addr, body)
		if good.Status >= 300 {
			t.Errorf("%s: %d: %s", rt.Pattern, good.Status, good.Body)
		}
		p.ask(rt.Method(), addr+"?salah=1", body)
		if rt.Method() != http.MethodGet {
			p.ask(rt.Method(), addr, `{"salah": 1}`)
			p.ask(rt.Method(), addr, `{`)
			p.ask(rt.Method(), addr, `{"note": "`+strings.Repeat("x", 70_000)+`"}`)
			p.ask(rt.Method(), addr, body, "Content-Type", "text/plain")
			p.ask(rt.Method(), addr, body, "Idempotency-Key", "")
			key := id.New().String()
			p.ask(rt.Method(), addr, body, "Idempotency-Key", key)
			p.ask(rt.Method(), addr, `{}`, "Idempotency-Key", key)
		}
		if rt.Verb != authz.Public {
			guest.ask(rt.Method(), addr, body)
			few.ask(rt.Method(), addr, body)
		}
		stranger.ask(rt.Method(), addr, body)
		if strings.Contains(rest, "{") {
			p.ask(rt.Method(), mustAddress(t, rt.Path(), th, things{}), body)
		}
	}
	for path, ops := range p.paths {
		for method, op := range ops {
			seen := slices.Sorted(maps.Keys(p.seen[op.OperationID]))
			t.Logf("%-18s %v", op.OperationID, seen)
			least := 1
			if strings.HasPrefix(path, "/my/") {
				least = 3
			}
			if len(seen) < least || seen[0] >= 300 {
				t.Errorf("%s %s was answered with %v only", method, path, seen)
			}
		}
	}
	s.holds(t)
}

// What is wrong is told in the language asked for, with where it stands.
func TestProblems(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 3)
	p := s.program(t, s.key(t, sh, api.Grants...))
	shop := web.APIBase + "/shops/" + sh.slug
	order := func(quantity int, seen int) string {
		return fmt.Sprintf(`{"lines": [{"variant": %q, "quantity": %d}], "name": "Rina", "phone": "081298765432", "way": "pickup", "pay": "cash", "seen_total": %d}`, sh.variant, quantity, seen)
	}
	deep := strings.Repeat(`{"lines": [`, 11)
	for name, c := range map[string]struct {
		method, path, body, lang string
		status                   int
		says                     []string
	}{
		"Indonesian":       {"POST", shop + "/orders", order(0, 0), "id-ID,id;q=0.9", 422, []string{`"pointer":"/lines/0/quantity"`, "Isi angka dari 1"}},
		"English":          {"POST", shop + "/orders", order(0, 0), "en-GB,en;q=0.9", 422, []string{`"code":"form.between"`, "Enter a number from 1"}},
		"another language": {"POST", shop + "/orders", order(0, 0), "fr", 422, []string{"Isi angka dari 1"}},
		"unknown field":    {"POST", shop + "/orders", `{"total": 1}`, "en", 422, []string{`"pointer":"/total"`, "api.unknown_field"}},
		"unknown deeper":   {"POST", shop + "/quotes", `{"lines": [{"variant": "` + sh.variant.String() + `", "quantity": 1, "price": 1}]}`, "en", 422, []string{`"pointer":"/lines/0/price"`}},
		"wrong type":       {"POST", shop + "/quotes", `{"lines": [{"variant": "x", "quantity": 1}]}`, "en", 422, []string{`"pointer":"/lines/0/variant"`, "api.type"}},
		"a float":          {"POST", shop + "/quotes", `{"lines": [{"variant": "` + sh.variant.String() + `", "quantity": 1.5}]}`, "en", 422, []string{`"pointer":"/lines/0/quantity"`}},
		"a name twice":     {"POST", shop + "/quotes", `{"way": "own", "way": "pickup"}`, "en", 400, []string{"api.json"}},
		"no UTF-8":         {"POST", shop + "/quotes", "{\"way\": \"\xff\"}", "en", 400, []string{"api.json"}},
		"two values":       {"POST", shop + "/quotes", `{} {}`, "en", 400, []string{"api.json"}},
		"too deep":         {"POST", shop + "/quotes", deep, "en", 400, []string{"api.depth"}},
		"unknown query":    {"GET", shop + "/products?page=2", "", "en", 422, []string{`"parameter":"page"`, "api.unknown_parameter"}},
		"foreign cursor":   {"GET", shop + "/products?cursor=abc", "", "en", 422, []string{`"parameter":"cursor"`, "api.cursor"}},
		"no shop's cursor": {"GET", web.APIBase + "/shops?cursor=abc", "", "en", 422, []string{`"parameter":"cursor"`, "api.cursor"}},
		"no stock cursor":  {"GET", web.APIBase + "/my/stock?cursor=abc", "", "en", 422, []string{`"parameter":"cursor"`, "api.cursor"}},
		"half a body":      {"POST", shop + "/quotes", `{"lines": [{"vari`, "en", 400, []string{"api.json"}},
		"too many":         {"GET", web.APIBase + "/my/orders?limit=101", "", "en", 422, []string{`"parameter":"limit"`}},
		"no such state":    {"GET", web.APIBase + "/my/orders?state=lost", "", "en", 422, []string{"api.enum"}},
		"another total":    {"POST", shop + "/orders", order(1, 1), "en", 409, []string{`"code":"order.changed"`, `"total":18000`}},
		"too little left":  {"POST", shop + "/orders", order(4, 72000), "en", 409, []string{`"code":"stock.short"`, `"left":3`}},
		"nothing there":    {"GET", web.APIBase + "/tiada", "", "en", 404, []string{`"code":"not_found"`}},
		"another method":   {"DELETE", web.APIBase + "/my", "", "en", 405, []string{`"code":"method"`}},
	} {
		got := p.ask(c.method, c.path, c.body, "Accept-Language", c.lang)
		if got.Status != c.status || got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s, want %d: %s", name, got.Status, got.Header.Get("Content-Type"), c.status, got.Body)
		}
		for _, w := range c.says {
			if !strings.Contains(got.Body, w) {
				t.Errorf("%s: does not say %s: %s", name, w, got.Body)
			}
		}
	}
	// A page of another site can neither order in a visitor's name nor read what is no open data.
	if got := p.ask("POST", shop+"/orders", order(1, 18000), "Sec-Fetch-Site", "cross-site", "Origin", "https://jahat.test"); got.Status != http.StatusForbidden {
		t.Errorf("an order from another site's page: %d, want 403", got.Status)
	}
	if got := p.ask("GET", web.APIBase+"/my", ""); got.Header.Get("Access-Control-Allow-Origin") != "" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("what a key opens is open or kept: %v", got.Header)
	}
	if got := p.ask("GET", shop, ""); got.Header.Get("RateLimit") == "" || got.Header.Get("RateLimit-Policy") == "" {
		t.Errorf("nothing is said of the rate: %v", got.Header)
	}
}
