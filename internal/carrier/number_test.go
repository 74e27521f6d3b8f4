package carrier

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"lapak/internal/fault"
	"lapak/internal/id"
)

func TestCleanNumber(t *testing.T) {
	for in, want := range map[string]string{" jp1234567890\n": "JP1234567890", "0108 8012 3456": "010880123456", "gk-11-123456": "GK-11-123456", "\u200e12345678": "12345678", strings.Repeat("A", 25): strings.Repeat("A", 25)} {
		if got, err := CleanNumber(in); err != nil || got != want {
			t.Errorf("CleanNumber(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]*fault.Error{
		"": ErrNumberShort, "1234567": ErrNumberShort, strings.Repeat("1", 26): ErrNumberLong, "12345678/9": ErrNumberForm, "JNE résí 123": ErrNumberForm, "<script>": ErrNumberForm, "--------": ErrNumberForm,
		strings.Repeat(" ", 100): ErrNumberShort,
	} {
		if got, err := CleanNumber(in); !errors.Is(err, want) {
			t.Errorf("CleanNumber(%q) = %q, %v; want %v", in, got, err, want)
		}
	}
}

func FuzzCleanNumber(f *testing.F) {
	f.Add("jp1234567890")
	f.Add(OwnNumber(id.New()))
	f.Fuzz(func(t *testing.T, in string) {
		got, err := CleanNumber(in)
		if err != nil {
			return
		}
		if len(got) < MinNumber || len(got) > MaxNumber || strings.Trim(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			t.Errorf("CleanNumber(%q) = %q", in, got)
		}
		if again, err := CleanNumber(got); err != nil || again != got {
			t.Errorf("cleaned twice: %q, %v", again, err)
		}
		for _, code := range Guess(in) {
			if _, ok := Find(code); !ok {
				t.Errorf("Guess(%q) names %q", in, code)
			}
		}
	})
}

func TestGuess(t *testing.T) {
	for n, want := range map[string][]string{
		"JP1234567890": {"jnt", "jne"}, "jx1234567890": {"jnt", "jne"}, "010880123456": {"jne"}, "004512345678": {"sicepat", "jne"}, "10001234567890": {"anteraja", "jne"}, "660012345678": {"tiki", "jne"},
		"NLIDAP1234567": {"ninja", "jne"}, "P1234567890123": {"pos", "jne"}, "RA473124829ID": {"pos", "jne"}, "RA473124828ID": {"jne"}, "IDE1234567890123456": {"id_express"}, "11LP1234567890123": {"lion"}, "GK-11-123456": {"gojek"},
		"SPXID123456789012": {"spx"}, "12345678": nil, "?": nil,
	} {
		if got := Guess(n); !slices.Equal(got, want) {
			t.Errorf("Guess(%s) = %v, want %v", n, got, want)
		}
	}
	if got := Guess(OwnNumber(id.New())); got != nil {
		t.Errorf("a number of our own is guessed to be of %v", got)
	}
}

func TestOwnNumber(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 {
		of := id.New()
		n := OwnNumber(of)
		if len(n) != 17 || !strings.HasPrefix(n, "LPK") || !IsOwn(n) || n != OwnNumber(of) || seen[n] {
			t.Fatalf("OwnNumber = %q", n)
		}
		if got, err := CleanNumber(n); err != nil || got != n {
			t.Fatalf("CleanNumber(%q) = %q, %v", n, got, err)
		}
		seen[n] = true
	}
	wide := append([]byte(own), "G000000000000"...) // more than 64 bits, rightly checked
	wide = append(wide, crockford[check32(wide[len(own):])])
	for _, n := range []string{string(wide), "", "LPK", "JP1234567890", "LPK00000000000000X", "LPKUUUUUUUUUUUUUU"} {
		if IsOwn(n) {
			t.Errorf("IsOwn(%q)", n)
		}
	}
}

// Every slip of one character and every two that changed places are found, and
// letters that look like digits are mended.
func TestOwnNumberIsChecked(t *testing.T) {
	for k := range 50 {
		var of id.ID
		binary.BigEndian.PutUint64(of[:], uint64(k))
		n := []byte(OwnNumber(of))
		for i := 3; i < len(n); i++ {
			was := n[i]
			for _, c := range []byte(crockford) {
				if n[i] = c; c != was && IsOwn(string(n)) {
					t.Fatalf("%s: a slip at %d is not found", n, i)
				}
			}
			n[i] = was
			for j := i + 1; j < len(n); j++ {
				if n[i] != n[j] {
					n[i], n[j] = n[j], n[i]
					if IsOwn(string(n)) {
						t.Fatalf("%s: %d and %d changed places", n, i, j)
					}
					n[i], n[j] = n[j], n[i]
				}
			}
		}
		mended, err := CleanNumber(strings.ToLower(strings.NewReplacer("0", "O", "1", "l").Replace(string(n))))
		if err != nil || mended != string(n) {
			t.Fatalf("CleanNumber = %q, %v; want %q", mended, err, n)
		}
	}
}

func TestCheckDigits(t *testing.T) {
	if c, ok := CheckS10("47312482"); !ok || c != '9' || !S10("RA473124829ID") || S10("RA473124828ID") || S10("RA47312482ID") || S10("ra473124829id") {
		t.Errorf("S10: %c, %v", c, ok)
	}
	// 10 - 0 is no digit: 10 gives 0 and 11 gives 5
	for serial, want := range map[string]byte{"00000000": '5', "00004000": '0'} {
		if c, _ := CheckS10(serial); c != want {
			t.Errorf("CheckS10(%s) = %c, want %c", serial, c, want)
		}
	}
	for _, bad := range []string{"", "1234567a", "123456789", "１２３"} {
		if _, ok := CheckS10(bad); ok {
			t.Errorf("CheckS10(%q)", bad)
		}
	}
}

func TestChargeable(t *testing.T) {
	for _, c := range []struct{ grams, l, w, h, divisor, tolerance, least, want int64 }{
		{1300, 0, 0, 0, 6000, 300, 1, 1},
		{1301, 0, 0, 0, 6000, 300, 1, 2},
		{0, 0, 0, 0, 6000, 300, 1, 1},
		{200, 0, 0, 0, 6000, 300, 1, 1},
		{1100, 0, 0, 0, 4000, 100, 1, 1},
		{1101, 0, 0, 0, 4000, 100, 1, 2},
		{1000, 30, 20, 10, 6000, 300, 1, 1},
		{1000, 30, 20, 14, 6000, 300, 1, 2},
		{1000, 30, 20, 14, 4000, 300, 1, 2},
		{1000, 40, 40, 40, 4000, 300, 1, 16},
		{1000, 40, 40, 40, 6000, 300, 1, 11},
		{3000, 0, 0, 0, 5000, 300, 10, 10},
		{-5, -1, 2, 3, 6000, 300, 1, 1},
		{1 << 62, 1 << 40, 1 << 40, 1 << 40, 1, 0, 0, 1_000_000_000},
		{5000, 9, 9, 9, 0, 300, 1, 5},
	} {
		if got := Chargeable(c.grams, c.l, c.w, c.h, c.divisor, c.tolerance, c.least); got != c.want {
			t.Errorf("Chargeable(%+v) = %d", c, got)
		}
	}
	if got := Volumetric(30, 20, 15, 6000); got != 1500 {
		t.Errorf("Volumetric = %d, want 1500", got)
	}
	jne, _ := Find("jne")
	for service, want := range map[string]int64{"reg": 2, "JTR": 10, "?": 2} {
		if got := jne.Chargeable(service, 1500, 0, 0, 0); got != want {
			t.Errorf("JNE %s = %d kg, want %d", service, got, want)
		}
	}
}

func TestFirms(t *testing.T) {
	codes, bs, ro := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range Firms() {
		twice := codes[f.Code] || f.Biteship != "" && bs[f.Biteship] || f.RajaOngkir != "" && ro[f.RajaOngkir]
		codes[f.Code], bs[f.Biteship], ro[f.RajaOngkir] = true, true, true
		if twice || f.Code == "" || f.Name == "" || !f.Point && (f.Divisor <= 0 || f.Tolerance <= 0 || f.Least <= 0) || f.Biteship != "" && f.Biteship != f.Code {
			t.Errorf("firm %+v", f)
		}
		for _, s := range f.Services {
			if !slices.Contains(Groups, s.Group) || s.Name == "" {
				t.Errorf("%s: service %+v", f.Code, s)
			}
		}
		for _, source := range []Source{Biteship, RajaOngkir} {
			if at := f.At(source); at != "" {
				if got, ok := FindAt(source, strings.ToUpper(at)); !ok || got.Code != f.Code {
					t.Errorf("FindAt(%s, %s) = %s", source, at, got.Code)
				}
			}
		}
	}
	if f, ok := FindAt(RajaOngkir, "ide"); !ok || f.Code != "id_express" {
		t.Errorf("ide is %q", f.Code)
	}
	if _, ok := FindAt(Biteship, ""); ok {
		t.Error("no code is a firm")
	}
	if _, ok := Find("kurir-khayalan"); ok {
		t.Error("a firm that is not there")
	}
}
