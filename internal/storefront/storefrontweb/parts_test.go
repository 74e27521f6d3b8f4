package storefrontweb_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lapak/internal/blob"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/storefront"
	"lapak/internal/voucher"
	"lapak/internal/web/webtest"
)

func orderParts(t testing.TB, m *mall, db *store.DB, blobs *blob.Service, books *ledger.Service) order.Parts {
	t.Helper()
	customers, err := customer.New(db, root)
	if err != nil {
		t.Fatal(err)
	}
	if m.vouchers, err = voucher.New(db, root); err != nil {
		t.Fatal(err)
	}
	m.delivery = delivery.New(db, m.shops)
	return order.Parts{
		Shops: m.shops, Goods: m.goods, Stock: m.stock, Customers: customers, Delivery: m.delivery, Vouchers: m.vouchers,
		Payments: m.payments, Books: books, Blobs: blobs,
	}
}

// delivers lets the shop bring goods, at a fee that differs by place.
func (m *mall) delivers(t testing.TB) {
	t.Helper()
	err := m.delivery.Put(t.Context(), m.owner, delivery.Settings{
		Pickup: true, Own: true, Promise: "Hari ini sampai pukul 13.00",
		Tariff: delivery.Tariff{Kind: delivery.Flat, Flat: 12_000, Included: 1, Tolerance: 300},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A buyer without script finds the place by a button, and sees the whole
// price before the last one.
func TestDeliveryWithoutScript(t *testing.T) {
	m := newMall(t, 9)
	m.delivers(t)
	p := m.Post(m.at("/keranjang"), url.Values{"variant": {m.small.String()}, "quantity": {"2"}, "then": {"order"}})
	p = m.Follow(p)
	f := webtest.Form(p.Body, "#pesan")
	if f.Get("way") != "own" || f.Get("pay") != "cod" {
		t.Fatalf("chosen at first: %v; %q", f, webtest.Text(p.Body, "#way"))
	}
	if got := webtest.Text(p.Body, ".actions .btn"); got != "Pesan" {
		t.Errorf("a price is promised before the place is known: %q", got)
	}
	f.Set("name", "Siti Rahmawati")
	f.Set("phone", "0812 3456 7891")
	f.Set("street", "Kp. Babakan RT 02/RW 07")
	f.Set("tempat", "wado sumedang")
	p = m.Post(m.at("/pesan/ongkir"), f)
	choices := webtest.In(p.Body, "#village-list .choice")
	if p.Status != http.StatusOK || len(choices) < 2 || !strings.Contains(choices[0], "Wado") {
		t.Fatalf("%d choices %q", p.Status, choices)
	}
	f = webtest.Form(p.Body, "#pesan")
	if f.Get("street") != "Kp. Babakan RT 02/RW 07" || f.Get("tempat") != "wado sumedang" {
		t.Errorf("typed words are gone: %v", f)
	}
	f.Set("pilih", webtest.Attr(p.Body, "#village-list input[type=radio]", "value"))
	p = m.Post(m.at("/pesan/ongkir"), f)
	if got := webtest.Text(p.Body, ".actions .btn"); got != "Pesan, bayar Rp48.000" {
		t.Fatalf("button = %q: %q", got, webtest.Text(p.Body, "main"))
	}
	done := m.Post(m.at("/pesan"), webtest.Form(p.Body, "#pesan"))
	if done.Status != http.StatusSeeOther {
		t.Fatalf("placed: %d %q", done.Status, webtest.Text(done.Body, "main"))
	}
	body := webtest.Text(m.Follow(done).Body, "main")
	if !strings.Contains(body, "Diantar toko") || !strings.Contains(body, "Wado") || strings.Contains(body, "Babakan") || !strings.Contains(body, "Rp48.000") {
		t.Errorf("order page: %q", body)
	}
}

// What script puts into the form is taken at its word; what it sends while
// the buyer fills in changes nothing.
func TestDeliveryWithScript(t *testing.T) {
	m := newMall(t, 9)
	m.delivers(t)
	f := m.buy(t, "1")
	f.Set("way", "own")
	f.Set("pay", "cod")
	f.Set("village", "32.11.01.2001")
	f.Set("tempat", "")
	f.Set("landmark", "depan masjid")
	p := m.Post(m.at("/pesan/ongkir"), f)
	if got := webtest.Attr(p.Body, "#seen input", "value"); got != "30000" {
		t.Fatalf("seen = %q: %q", got, webtest.Text(p.Body, "main"))
	}
	f.Set("way", "pickup")
	if p := m.Post(m.at("/pesan/ongkir"), f); len(webtest.In(p.Body, "#way-list input")) != 2 {
		t.Errorf("who fetches it is not offered delivery any more: %q", webtest.Text(p.Body, "#way-list"))
	}
	f.Set("way", "own")
	f.Set("seen", "30000")
	if p := m.Post(m.at("/pesan"), f); p.Status != http.StatusSeeOther {
		t.Errorf("%d %q", p.Status, webtest.Text(p.Body, "main"))
	}
}

func TestVoucher(t *testing.T) {
	m := newMall(t, 9)
	err := m.vouchers.Put(t.Context(), m.owner, voucher.Draft{
		ID: id.New(), Code: "HEMAT", Kind: voucher.Amount, Value: 5_000, StartsAt: m.db.Now().Add(-time.Hour), Active: true, Most: 10, Each: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	f := m.buy(t, "1")
	f.Set("voucher", "hemat")
	p := m.Post(m.at("/pesan/ongkir"), f)
	if got := webtest.Text(p.Body, "#sums"); !strings.Contains(got, "Voucher HEMAT") || !strings.Contains(got, "Rp13.000") {
		t.Fatalf("sums = %q; %q", got, webtest.Text(p.Body, "#voucher-say"))
	}
	f.Set("seen", "13000")
	if p := m.Post(m.at("/pesan"), f); p.Status != http.StatusSeeOther {
		t.Errorf("%d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	f = m.buy(t, "1")
	f.Set("voucher", "TIDAKADA")
	p = m.Post(m.at("/pesan/ongkir"), f)
	if got := webtest.Text(p.Body, "#voucher-say"); got == "" || strings.Contains(got, "voucher.") {
		t.Errorf("an unknown voucher: %q", got)
	}
}

func wantOf(l storefront.CartLine) stock.Want {
	return stock.Want{Variant: l.Variant, Quantity: l.Quantity}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
