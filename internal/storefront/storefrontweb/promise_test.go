package storefrontweb_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"lapak/internal/delivery"
	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/web/webtest"
)

// promises lets the shop bring goods twice a day, from Monday to Saturday, to
// two buyers a day; it is Monday, 30 November, eight o'clock.
func (m *mall) promises(t testing.TB, fn func(*delivery.Settings)) {
	t.Helper()
	st := delivery.Settings{
		Pickup: true, Own: true, Promise: "Siapkan uang pas",
		Tariff: delivery.Tariff{Kind: delivery.Flat, Flat: 12_000, Included: 1, Tolerance: 300},
		Schedule: delivery.Schedule{
			Days: [7]bool{false, true, true, true, true, true, true}, Hours: []delivery.Hours{{From: 540, Until: 720}, {From: 840, Until: 1020}}, PerDay: 2,
		},
	}
	if fn != nil {
		fn(&st)
	}
	if err := m.delivery.Put(t.Context(), m.owner, st); err != nil {
		t.Fatal(err)
	}
}

func at(hour, minute int) func() time.Time {
	return func() time.Time { return time.Date(2026, 11, 30, hour, minute, 0, 0, time.FixedZone("WIB", 7*3600)) }
}

// brought fills in a checkout whose goods are brought, and counts.
func (m *mall) brought(t testing.TB, n string) (url.Values, webtest.Page) {
	t.Helper()
	f := m.buy(t, n)
	f.Set("way", "own")
	f.Set("pay", "cod")
	f.Set("village", village)
	f.Set("landmark", "depan masjid")
	p := m.Post(m.at("/pesan/ongkir"), f)
	if p.Status != http.StatusOK {
		t.Fatalf("count: %d %s", p.Status, webtest.Text(p.Body, "main"))
	}
	return webtest.Form(p.Body, "#pesan"), p
}

func TestBuyerChoosesHours(t *testing.T) {
	m := newMall(t, 99)
	m.db.Now = at(8, 0)
	m.promises(t, nil)
	f, p := m.brought(t, "1")
	if got := webtest.Text(p.Body, "#way-list"); !strings.Contains(got, "Hari ini, Sen 30 Nov, 09.00–12.00") || !strings.Contains(got, "Rp12.000") || !strings.Contains(got, "Siapkan uang pas") {
		t.Errorf("ways = %q", got)
	}
	hours := webtest.In(p.Body, "#jam option")
	if len(hours) != 12 || f.Get("jam") == "" {
		t.Fatalf("hours = %q, chosen %q", hours, f.Get("jam"))
	}
	if got := webtest.Text(p.Body, "#until"); got != "Harga ini berlaku sampai 08.15 WIB." {
		t.Errorf("holds = %q", got)
	}
	tomorrow := time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)
	pick := func(f url.Values) url.Values {
		f.Set("jam", strconv.FormatInt(tomorrow.Unix(), 10))
		return f
	}
	// A count with other hours shows them, and places none.
	p = m.Post(m.at("/pesan/ongkir"), pick(f))
	if got := webtest.Text(p.Body, "#way-list"); !strings.Contains(got, "Besok, Sel 1 Des, 09.00–12.00") {
		t.Errorf("ways with other hours = %q", got)
	}
	done := m.Post(m.at("/pesan"), webtest.Form(p.Body, "#pesan"))
	if done.Status != http.StatusSeeOther {
		t.Fatalf("placed: %d %q", done.Status, webtest.Text(done.Body, "main"))
	}
	link := done.Location()
	if got := webtest.Text(m.Follow(done).Body, "main"); !strings.Contains(got, "Besok, Sel 1 Des, 09.00–12.00") {
		t.Errorf("order page = %q", got)
	}
	second, _ := m.brought(t, "1")
	late, _ := m.brought(t, "1")
	if p := m.Post(m.at("/pesan"), pick(second)); p.Status != http.StatusSeeOther {
		t.Fatalf("second: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	p = m.Post(m.at("/pesan"), pick(late))
	if p.Status != http.StatusConflict || !strings.Contains(webtest.Text(p.Body, "main"), "sudah penuh") {
		t.Fatalf("third: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	f = webtest.Form(p.Body, "#pesan")
	if strings.Contains(strings.Join(webtest.In(p.Body, "#jam option"), "|"), "1 Des") || f.Get("jam") == strconv.FormatInt(tomorrow.Unix(), 10) {
		t.Errorf("the full day is offered: %q", webtest.In(p.Body, "#jam option"))
	}
	// Whoever cancels leaves the place to another.
	if p := m.Post(link+"/pembatalan", url.Values{"reason": {"changed_mind"}}); p.Status != http.StatusSeeOther {
		t.Fatalf("cancel: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	if p := m.Post(m.at("/pesan"), pick(f)); p.Status != http.StatusSeeOther {
		t.Errorf("after a cancellation: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	all := append(append([]store.Invariant{}, delivery.Invariants...), order.Invariants...)
	if broken, err := store.CheckInvariants(t.Context(), m.db, all); err != nil || len(broken) > 0 {
		t.Errorf("CheckInvariants = %v, %v", broken, err)
	}
}

// What the page showed holds for a quarter of an hour, for what it was shown for.
func TestQuoteHolds(t *testing.T) {
	m := newMall(t, 99)
	m.db.Now = at(8, 0)
	m.promises(t, nil)
	shown, _ := m.brought(t, "1")
	late, _ := m.brought(t, "1")
	forged, _ := m.brought(t, "1")
	other, _ := m.brought(t, "1")
	dearer := func(st *delivery.Settings) {
		st.Flat, st.Hours = 20_000, []delivery.Hours{{From: 1080, Until: 1200}}
	}
	m.db.Now = at(8, 10)
	m.promises(t, dearer)
	// Counting again does not lengthen what holds, nor changes it.
	p := m.Post(m.at("/pesan/ongkir"), shown)
	if got := webtest.Text(p.Body, "#until"); !strings.Contains(got, "08.15") || !strings.Contains(webtest.Text(p.Body, ".actions .btn"), "Rp30.000") {
		t.Errorf("counted again: %q, %q", got, webtest.Text(p.Body, ".actions .btn"))
	}
	m.db.Now = at(8, 14)
	done := m.Post(m.at("/pesan"), webtest.Form(p.Body, "#pesan"))
	if done.Status != http.StatusSeeOther {
		t.Fatalf("while it holds: %d %q", done.Status, webtest.Text(done.Body, "main"))
	}
	if got := webtest.Text(m.Follow(done).Body, "main"); !strings.Contains(got, "Rp30.000") || !strings.Contains(got, "09.00–12.00") {
		t.Errorf("order page = %q", got)
	}
	// It is for one load: with more in the cart the price is today's.
	other.Set("lines.0.quantity", "2")
	p = m.Post(m.at("/pesan/ongkir"), other)
	if got := webtest.Text(p.Body, ".actions .btn"); !strings.Contains(got, "Rp56.000") {
		t.Errorf("another load: %q", got)
	}
	held := forged.Get("held")
	forged.Set("held", held[:len(held)-2]+"AA")
	if p := m.Post(m.at("/pesan"), forged); p.Status != http.StatusConflict {
		t.Errorf("a forged quote: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	m.db.Now = at(8, 15)
	p = m.Post(m.at("/pesan"), late)
	if got := webtest.Text(p.Body, "main"); p.Status != http.StatusConflict || !strings.Contains(got, "Rp38.000") && !strings.Contains(got, "sudah penuh atau tidak ada") {
		t.Fatalf("afterwards: %d %q", p.Status, got)
	}
	f := webtest.Form(p.Body, "#pesan")
	if got := webtest.Text(p.Body, "#way-list"); !strings.Contains(got, "18.00–20.00") || !strings.Contains(got, "Rp20.000") {
		t.Errorf("the form afterwards = %q", got)
	}
	if p := m.Post(m.at("/pesan"), f); p.Status != http.StatusSeeOther {
		t.Errorf("agreed afterwards: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	// A shop that brings nothing any more is held to nothing.
	m.db.Now = at(9, 0)
	last, _ := m.brought(t, "1")
	m.promises(t, func(st *delivery.Settings) { st.Own = false })
	if p := m.Post(m.at("/pesan"), last); p.Status == http.StatusSeeOther {
		t.Error("an order is to be brought by a shop that brings nothing")
	}
}

// Who only looks at fetching it keeps the price of having it brought.
func TestQuoteOutlivesALookAtAnotherWay(t *testing.T) {
	m := newMall(t, 99)
	m.db.Now = at(8, 0)
	m.promises(t, nil)
	f, _ := m.brought(t, "1")
	f.Set("way", "pickup")
	p := m.Post(m.at("/pesan/ongkir"), f)
	f = webtest.Form(p.Body, "#pesan")
	m.promises(t, func(st *delivery.Settings) { st.Flat = 20_000 })
	f.Set("way", "own")
	p = m.Post(m.at("/pesan/ongkir"), f)
	if got := webtest.Text(p.Body, ".actions .btn"); !strings.Contains(got, "Rp30.000") {
		t.Errorf("back to having it brought: %q", got)
	}
}
