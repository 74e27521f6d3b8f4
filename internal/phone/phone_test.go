package phone

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]string{
		"0812 3456 7890": "+6281234567890", "081234567890": "+6281234567890", "+62 812-3456-7890": "+6281234567890", "62812 34567890": "+6281234567890",
		"81234567890": "+6281234567890", "+62 0812 3456 7890": "+6281234567890", "(022) 1234567": "+62221234567", "0811 123 456": "+62811123456",
		"+65 6123 4567": "+6561234567", "0065 6123 4567": "+6561234567", "0815.5500.1234": "+6281555001234",
	} {
		n, err := Parse(s)
		if err != nil || n.E164() != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", s, n.E164(), err, want)
		}
	}
	for s, want := range map[string]error{
		"0812 345": ErrShort, "": ErrForm, "nomor": ErrForm, "0812345678901234": ErrLong, "+1": ErrShort, "+": ErrForm, "12345": ErrForm,
		"+123456789012345678": ErrLong, "0": ErrShort, "0812+3456 7890": ErrForm, "01234567890": ErrForm,
	} {
		if n, err := Parse(s); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %q, %v; want %v", s, n.E164(), err, want)
		}
	}
}

func TestNothingPrintsTheDigits(t *testing.T) {
	n, err := Parse("0812 3456 7890")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%s", "%q", "%+v", "%#v", "%x"} {
		if got := fmt.Sprintf(verb, n); got != "0812****90" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if got := fmt.Sprint(struct{ N Number }{n}); strings.Contains(got, "3456") {
		t.Errorf("inside a struct it prints %q", got)
	}
	if n.Local() != "0812 3456 7890" {
		t.Errorf("Local = %q", n.Local())
	}
	if got, want := n.WhatsApp("halo & apa kabar"), "https://wa.me/6281234567890?text=halo%20%26%20apa%20kabar"; got != want {
		t.Errorf("WhatsApp = %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0812 3456 7890", "+62", "008888888888", "62 62 62 62"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		for _, again := range []string{n.E164(), n.Local()} {
			if m, err := Parse(again); err != nil || m != n {
				t.Fatalf("Parse(%q) = %q, but Parse of its form %q = %q, %v", s, n.E164(), again, m.E164(), err)
			}
		}
	})
}
