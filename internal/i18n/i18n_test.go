package i18n_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lapak/internal/fault"
	"lapak/internal/i18n"
)

func set(id, en string) fstest.MapFS {
	return fstest.MapFS{"id.json": {Data: []byte(id)}, "en.json": {Data: []byte(en)}}
}

const (
	idWords = `{"a.hello":"Halo {0}","a.items":"{0} barang","a.items.one":"1 barang","a.two":"{1} lalu {0}","time.now":"baru saja","time.minutes_ago":"{0} menit lalu",
		"time.hours_ago":"{0} jam lalu","time.days_ago":"{0} hari lalu","time.yesterday":"kemarin","time.in_minutes":"{0} menit lagi","time.in_hours":"{0} jam lagi","time.tomorrow":"besok","time.in_days":"{0} hari lagi",
		"greeting.morning":"Selamat pagi","greeting.midday":"Selamat siang","greeting.afternoon":"Selamat sore","greeting.night":"Selamat malam","error.unknown":"Terjadi kesalahan."}`
	enWords = `{"a.hello":"Hello {0}","a.items":"{0} items","a.items.one":"1 item","a.two":"{1} then {0}","time.now":"just now","time.minutes_ago":"{0} minutes ago",
		"time.hours_ago":"{0} hours ago","time.days_ago":"{0} days ago","time.yesterday":"yesterday","time.in_minutes":"in {0} minutes","time.in_hours":"in {0} hours","time.tomorrow":"tomorrow","time.in_days":"in {0} days",
		"greeting.morning":"Good morning","greeting.midday":"Good day","greeting.afternoon":"Good afternoon","greeting.night":"Good evening","error.unknown":"Something went wrong."}`
)

func speak(t *testing.T) (id, en context.Context, c *i18n.Catalogue) {
	t.Helper()
	c, err := i18n.Load(set(idWords, enWords))
	if err != nil {
		t.Fatal(err)
	}
	return i18n.With(t.Context(), c, "id"), i18n.With(t.Context(), c, "en"), c
}

func TestLoadRefusesWhatIsNotWhole(t *testing.T) {
	for name, c := range map[string]struct {
		files []fstest.MapFS
		want  string
	}{
		"twice":   {[]fstest.MapFS{set(`{"a":"x"}`, `{"a":"x"}`), set(`{"a":"y"}`, `{"a":"y"}`)}, `key "a" is there twice`},
		"missing": {[]fstest.MapFS{set(`{"a":"x","b":"y"}`, `{"a":"x"}`)}, `en: key "b" is missing`},
		"extra":   {[]fstest.MapFS{set(`{"a":"x"}`, `{"a":"x","b":"y"}`)}, `id: key "b" is missing`},
		"empty":   {[]fstest.MapFS{set(`{"a":" "}`, `{"a":"x"}`)}, `key "a" is empty`},
		"broken":  {[]fstest.MapFS{set(`{`, `{}`)}, "words 0, id"},
		"no file": {[]fstest.MapFS{{}}, "words 0"},
	} {
		var err error
		if len(c.files) == 2 {
			_, err = i18n.Load(c.files[0], c.files[1])
		} else {
			_, err = i18n.Load(c.files[0])
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestT(t *testing.T) {
	id, en, c := speak(t)
	for _, w := range []struct{ got, want string }{
		{i18n.T(id, "a.hello", "Euis"), "Halo Euis"},
		{i18n.T(en, "a.hello", "{1}"), "Hello {1}"}, // what people wrote is never read as a hole
		{i18n.T(id, "a.items", 1), "1 barang"},
		{i18n.T(en, "a.items", int64(1)), "1 item"},
		{i18n.T(en, "a.items", 0), "0 items"},
		{i18n.T(id, "a.items", 12345), "12.345 barang"},
		{i18n.T(en, "a.items", int64(12345)), "12,345 items"},
		{i18n.T(id, "a.two", "A", "B"), "B lalu A"},
		{i18n.Lang(en), "en"},
		{i18n.Lang(t.Context()), "id"},
		{i18n.Lang(i18n.With(t.Context(), c, "xx")), "id"},
		{i18n.Fault(en, fault.New(fault.Invalid, "a.hello", "you")), "Hello you"},
		{i18n.F(id, context.Canceled), "Terjadi kesalahan."},
	} {
		if w.got != w.want {
			t.Errorf("got %q, want %q", w.got, w.want)
		}
	}
	if n := c.Missing.Load(); n != 0 {
		t.Errorf("%d missing", n)
	}
	if got := i18n.T(id, "a.none"); got != "a.none" || c.Missing.Load() != 1 {
		t.Errorf("missing key: %q, counted %d", got, c.Missing.Load())
	}
}

func TestNumbers(t *testing.T) {
	id, en, _ := speak(t)
	for _, w := range []struct{ got, want string }{
		{i18n.Number("id", 0), "0"},
		{i18n.Number("id", 999), "999"},
		{i18n.Number("id", 1000), "1.000"},
		{i18n.Number("en", -1234567), "-1,234,567"},
		{i18n.Number("id", -9223372036854775808), "-9.223.372.036.854.775.808"},
		{i18n.Permille(id, 284), "28,4%"},
		{i18n.Permille(en, 284), "28.4%"},
		{i18n.Permille(id, -5), "-0,5%"},
		{i18n.Permille(id, 1000), "100%"},
		{i18n.Weight(id, 250), "250 g"},
		{i18n.Weight(id, 1000), "1 kg"},
		{i18n.Weight(id, 1349), "1,3 kg"},
		{i18n.Weight(en, 12_500), "12.5 kg"},
	} {
		if w.got != w.want {
			t.Errorf("got %q, want %q", w.got, w.want)
		}
	}
}

func TestTimes(t *testing.T) {
	id, en, _ := speak(t)
	at := time.Date(2026, 11, 23, 7, 5, 0, 0, time.UTC)
	wit := time.FixedZone("WIT", 9*3600)
	for _, w := range []struct{ got, want string }{
		{i18n.When(id, at), "Sen, 23 Nov 2026, 14.05 WIB"},
		{i18n.When(en, at), "Mon, 23 Nov 2026, 14:05 WIB"},
		{i18n.When(id, at.In(wit)), "Sen, 23 Nov 2026, 16.05 WIT"},
		{i18n.Clock(id, at.In(time.FixedZone("", 8*3600))), "15.05 WITA"},
		{i18n.LongDay(id, at), "Senin, 23 November 2026"},
		{i18n.Day(id, time.Date(2026, 12, 31, 17, 0, 0, 0, time.UTC)), "Jum, 1 Jan 2027"}, // midnight is the shop's
		{i18n.Weekday(en, time.Sunday), "Sunday"},
		{i18n.Month(id, time.August), "Agustus"},
	} {
		if w.got != w.want {
			t.Errorf("got %q, want %q", w.got, w.want)
		}
	}
}

func TestAgoAndUntil(t *testing.T) {
	id, en, _ := speak(t)
	now := time.Date(2026, 11, 23, 7, 5, 0, 0, time.UTC) // 14.05 in Bandung
	ago := func(d time.Duration) string { return i18n.Ago(id, now.Add(-d), now) }
	until := func(d time.Duration) string { return i18n.Until(id, now.Add(d), now) }
	for _, w := range []struct{ got, want string }{
		{ago(0), "baru saja"},
		{ago(59 * time.Second), "baru saja"},
		{ago(-30 * time.Second), "baru saja"}, // a clock that is a little ahead
		{ago(time.Minute), "1 menit lalu"},
		{ago(59*time.Minute + 59*time.Second), "59 menit lalu"},
		{ago(time.Hour), "1 jam lalu"},
		{ago(14 * time.Hour), "14 jam lalu"},
		{ago(15 * time.Hour), "kemarin"},
		{ago(39 * time.Hour), "2 hari lalu"},
		{ago(30 * 24 * time.Hour), "Sab, 24 Okt 2026"},
		{until(5 * time.Minute), "5 menit lagi"},
		{until(3 * time.Hour), "3 jam lagi"},
		{until(10 * time.Hour), "besok"},
		{until(48 * time.Hour), "2 hari lagi"},
		{until(60 * 24 * time.Hour), "Jum, 22 Jan 2027"},
		{ago(-5 * time.Minute), "5 menit lagi"},
		{i18n.Ago(en, now.Add(-15*time.Hour), now), "yesterday"},
	} {
		if w.got != w.want {
			t.Errorf("got %q, want %q", w.got, w.want)
		}
	}
	// Shortly after midnight, what was before it is hours ago, not yesterday.
	night := time.Date(2026, 11, 23, 17, 30, 0, 0, time.UTC) // 00.30
	if got := i18n.Ago(id, night.Add(-time.Hour), night); got != "1 jam lalu" {
		t.Errorf("got %q", got)
	}
}

func TestGreeting(t *testing.T) {
	id, _, _ := speak(t)
	for clock, want := range map[string]string{"04:00": "Selamat pagi", "10:59": "Selamat pagi", "11:00": "Selamat siang", "14:59": "Selamat siang", "15:00": "Selamat sore", "18:29": "Selamat sore", "18:30": "Selamat malam", "23:59": "Selamat malam"} {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-23 "+clock, i18n.WIB)
		if err != nil {
			t.Fatal(err)
		}
		if got := i18n.Greeting(id, at); got != want {
			t.Errorf("at %s: %q, want %q", clock, got, want)
		}
	}
}

func TestWindow(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../ui"))
	if err != nil {
		t.Fatal(err)
	}
	id, en := i18n.With(t.Context(), cat, i18n.ID), i18n.With(t.Context(), cat, i18n.EN)
	wita := time.FixedZone("WITA", 8*3600)
	from := time.Date(2026, 12, 1, 14, 0, 0, 0, wita)
	until := from.Add(3 * time.Hour).UTC()
	night := time.Date(2026, 11, 30, 15, 59, 0, 0, time.UTC) // 23.59 by the clock of the hours
	for _, c := range []struct{ got, want string }{
		{i18n.Window(id, from, until, night), "Besok, Sel 1 Des, 14.00–17.00"},
		{i18n.Window(id, from, until, night.Add(time.Minute)), "Hari ini, Sel 1 Des, 14.00–17.00"},
		{i18n.Window(id, from, until, night.AddDate(0, 0, -1)), "Sel 1 Des, 14.00–17.00"},
		{i18n.Window(id, from, until, time.Time{}), "Sel 1 Des, 14.00–17.00"},
		{i18n.Window(en, from, until, night), "Tomorrow, Tue 1 Dec, 14:00–17:00"},
	} {
		if c.got != c.want {
			t.Errorf("Window = %q, want %q", c.got, c.want)
		}
	}
}
