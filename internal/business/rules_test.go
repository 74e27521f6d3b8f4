package business

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/region"
)

func TestFold(t *testing.T) {
	for name, want := range map[string]string{
		"Dapur Bu Eneng":       "dapur-bu-eneng",
		"Dapur Bu Énéng & Co.": "dapur-bu-eneng-co",
		"Ma'ruf's  Kopi!!":     "marufs-kopi",
		"--- ---":              "",
		"warung 24 jam":        "warung-24-jam",
		"店":                    "",
		"Toko Sangat Panjang Sekali Namanya Sampai Tidak Muat": "toko-sangat-panjang-sekali-namanya-sampa",
	} {
		if got := Fold(name); got != want {
			t.Errorf("Fold(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSuggestionsAreAllAddresses(t *testing.T) {
	for _, name := range []string{"Dapur Bu Eneng", "Admin", "店", "a", strings.Repeat("panjang ", 12), "Toko"} {
		got := suggestions(name, "Tanjungsari", "Kabupaten Sumedang", "0123456789ab")
		if len(got) < 5 {
			t.Errorf("suggestions(%q) = %v: too few", name, got)
		}
		good := 0
		for _, s := range got {
			if CheckSlug(s) == nil {
				good++
			}
		}
		if good < 5 {
			t.Errorf("suggestions(%q) = %v: only %d may be taken", name, got, good)
		}
	}
}

func TestCheckSlug(t *testing.T) {
	for slug, want := range map[string]string{
		"dapur-eneng": "", "ab": "business.slug_short", "Dapur": "business.slug_letters", "a--b": "business.slug_letters",
		"-abc": "business.slug_letters", "dinas": "business.slug_reserved", "hari-ini": "business.slug_reserved", "a/b": "business.slug_letters",
		strings.Repeat("a", 41): "form.too_long", strings.Repeat("a", 40): "",
	} {
		got := ""
		if f := fault.Of(CheckSlug(slug)); f != nil {
			got = f.Key
		}
		if got != want {
			t.Errorf("CheckSlug(%q) = %q, want %q", slug, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	nik := func(s string) error { return CheckNIK(s, now) }
	for _, c := range []struct {
		check func(string) error
		s     string
		want  string
	}{
		{CheckNIB, "9120304177281", ""},
		{CheckNIB, "912030417728", "business.nib_digits"},
		{CheckNIB, "91203041772811", "business.nib_digits"},
		{CheckNIB, "912030417728a", "business.nib_digits"},
		{CheckNIB, "0000000000000", "business.number_fake"},
		{nik, "3211051708900001", ""},
		{nik, "3211055708900001", ""}, // a woman: day 17 + 40
		{nik, "3211057208900001", "business.nik_birth"},
		{nik, "3211050008900001", "business.nik_birth"},
		{nik, "3211051713900001", "business.nik_birth"},
		{nik, "3211053002900001", "business.nik_birth"}, // 30 February
		{nik, "3211052902000001", ""},                   // 29 February 2000
		{nik, "3211051708900000", "business.nik_wrong"},
		{nik, "9911051708900001", "business.nik_region"},
		{nik, "9611051708900001", ""}, // a new province of Papua
		{nik, "321105170890001", "business.nik_digits"},
		{CheckNPWP, "091234567423000", ""},
		{CheckNPWP, "0091234567423000", ""},
		{CheckNPWP, "0091234567423000000000", ""},
		{CheckNPWP, "09123456742300", "business.npwp_digits"},
		{CheckNPWP, "111111111111111", "business.number_fake"},
		{CheckHalal, "ID32110000012345678", ""},
		{CheckHalal, "32110000012345678", "business.halal_wrong"},
		{CheckHalal, "ID3211", "business.halal_wrong"},
		{CheckPIRT, "206321101012328", ""},
		{CheckPIRT, "20632110101232", "business.pirt_digits"},
	} {
		got := ""
		if f := fault.Of(c.check(c.s)); f != nil {
			got = f.Key
		}
		if got != c.want {
			t.Errorf("check of %s = %q, want %q", c.s, got, c.want)
		}
	}
}

func TestVaultOpensOnlyItsOwnRow(t *testing.T) {
	v, err := newVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	a, b := id.New(), id.New()
	sealed := v.seal(a, "3211051708900001")
	if strings.Contains(sealed, "3211") {
		t.Error("the sealed number can be read")
	}
	if got, err := v.open(a, sealed); err != nil || got != "3211051708900001" {
		t.Errorf("open = %q, %v", got, err)
	}
	if _, err := v.open(b, sealed); err == nil {
		t.Error("a number opens in another row")
	}
	again := v.markOf("1")
	if v.markOf("1") == v.markOf("2") || v.markOf("1") != again {
		t.Error("marks do not tell numbers apart")
	}
	if _, err := newVault(make([]byte, 8)); err == nil {
		t.Error("a short key is taken")
	}
}

func at(zone *time.Location, s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, zone)
	if err != nil {
		panic(err)
	}
	return t
}

// 23 November 2026 is a Monday.
func TestOpenAtTheEdges(t *testing.T) {
	day := Hours{time.Monday: {8 * 60, 17 * 60}, time.Tuesday: {8 * 60, 17 * 60}, time.Saturday: {18 * 60, 2 * 60}}
	base := Business{State: StateOpen, Zone: "WIB", Hours: day}
	when := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		with func(*Business)
		zone *time.Location
		now  string
		want error
		next string
	}{
		{"a second before opening", nil, region.WIB, "2026-11-23 07:59:59", ErrClosed, "2026-11-23 08:00:00"},
		{"at opening", nil, region.WIB, "2026-11-23 08:00:00", nil, ""},
		{"a second before closing", nil, region.WIB, "2026-11-23 16:59:59", nil, ""},
		{"at closing", nil, region.WIB, "2026-11-23 17:00:00", ErrClosed, "2026-11-24 08:00:00"},
		{"a weekday off", nil, region.WIB, "2026-11-25 12:00:00", ErrClosed, "2026-11-28 18:00:00"},
		{"after midnight of a late night", nil, region.WIB, "2026-11-29 01:59:59", nil, ""},
		{"the end of a late night", nil, region.WIB, "2026-11-29 02:00:00", ErrClosed, "2026-11-30 08:00:00"},
		{"the hours are the shop's, not the reader's", func(b *Business) { b.Zone = "WIT" }, region.WIB, "2026-11-23 06:00:00", nil, ""},
		{"in the east it is closed already", func(b *Business) { b.Zone = "WIT" }, region.WIB, "2026-11-23 15:00:00", ErrClosed, "2026-11-24 06:00:00"},
		{"orders at any time", func(b *Business) { b.AnyTime = true }, region.WIB, "2026-11-23 03:00:00", nil, ""},
		{"no hours said", func(b *Business) { b.Hours = Hours{} }, region.WIB, "2026-11-23 03:00:00", nil, ""},
		{
			"a holiday", func(b *Business) { b.Closings = []Closing{{"2026-11-23", "2026-11-23", "Mudik"}} },
			region.WIB, "2026-11-23 10:00:00", ErrClosedFor, "2026-11-24 08:00:00",
		},
		{
			"a holiday closes who takes orders at any time",
			func(b *Business) {
				b.AnyTime, b.Hours, b.Closings = true, Hours{}, []Closing{{"2026-11-23", "2026-11-25", ""}}
			},
			region.WIB, "2026-11-23 10:00:00", ErrClosed, "2026-11-26 00:00:00",
		},
		{
			"the day after a holiday", func(b *Business) { b.Closings = []Closing{{"2026-11-22", "2026-11-22", "x"}} },
			region.WIB, "2026-11-23 10:00:00", nil, "",
		},
		{"paused", func(b *Business) { b.Paused, b.AnyTime = true, true }, region.WIB, "2026-11-23 10:00:00", ErrPaused, ""},
		{"a draft", func(b *Business) { b.State = StateDraft }, region.WIB, "2026-11-23 10:00:00", ErrNotOpen, ""},
		{"ended", func(b *Business) { b.State = StateEnded }, region.WIB, "2026-11-23 10:00:00", ErrNotOpen, ""},
		{"hidden", func(b *Business) { b.HiddenAt = &when }, region.WIB, "2026-11-23 10:00:00", ErrHidden, ""},
	} {
		b := base
		if c.with != nil {
			c.with(&b)
		}
		err := Open(b, at(c.zone, c.now))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: Open = %v, want %v", c.name, err, c.want)
			continue
		}
		if c.next != "" {
			args := fault.Of(err).Args
			if next, ok := args[len(args)-1].(time.Time); !ok || !next.Equal(at(c.zone, c.next)) {
				t.Errorf("%s: opens again %v, want %s", c.name, args, c.next)
			}
		}
	}
}

func TestTradesHaveTitledCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, tr := range Trades {
		if tr.ID == "" || tr.Name == "" || tr.English == "" || tr.Icon == "" || tr.OpenData == "" || len(tr.KBLI) == 0 || seen[tr.ID] {
			t.Errorf("trade %+v is not complete", tr)
		}
		seen[tr.ID] = true
		for _, k := range tr.KBLI {
			if len(k.Code) != 5 || k.Title == "" {
				t.Errorf("%s has code %v", tr.ID, k)
			}
		}
	}
	if len(Trades) != 11 {
		t.Errorf("%d trades, want 11", len(Trades))
	}
}

func TestMark(t *testing.T) {
	m := Mark{time.Date(2026, 11, 23, 1, 2, 3, 4000, time.UTC), id.New()}
	if got := ParseMark(m.String()); got != m {
		t.Errorf("ParseMark = %v, want %v", got, m)
	}
	for _, s := range []string{"", "x", "1.x", "9"} {
		if !ParseMark(s).IsZero() {
			t.Errorf("ParseMark(%q) is a mark", s)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Dapur Bu Énéng")
	f.Fuzz(func(t *testing.T, s string) {
		got := Fold(s)
		if got != Fold(got) || len(got) > MaxSlug {
			t.Errorf("Fold(%q) = %q is not stable", s, got)
		}
	})
}
