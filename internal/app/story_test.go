package app_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lapak/internal/audit"
	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// openByPages goes from a phone number to a shop's link and counts what was typed or chosen, and sent.
func openByPages(t *testing.T, s site) (shop, int, int) {
	t.Helper()
	sh := shop{person: s.person(t), phone: newPhone()}
	typed, sent := 0, 0
	do := func(page webtest.Page, action string, changes ...string) webtest.Page {
		typed, sent = typed+len(changes)/2, sent+1
		return sh.send(page, action, changes...)
	}
	to := do(sh.see("/daftar"), "/daftar", "who", sh.phone, "password", password, "terms", "on").Location()
	for to == "/mulai" {
		to = sh.Get(to).Location()
	}
	page := sh.see(to)
	if got := webtest.Attr(page.Body, "#phone", "value"); strings.ReplaceAll(got, " ", "") != sh.phone {
		t.Errorf("the shop's phone is %q, want the one that signed up, %s", got, sh.phone)
	}
	to = do(page, "/mulai/toko", "name", "Dapur Bu Eneng", "trade", "T1", "village_q", "jatimukti jatinangor", "sold_before", "conventional").Location()
	f := sh.fill(sh.see(to), "/mulai/produk", "title", "Keripik Singkong", "price", "18.000", "stock", "20")
	typed, sent = typed+4, sent+1
	to = sh.want(sh.PostFiles("/mulai/produk", f, webtest.File{Field: "photo", Name: "keripik.jpg", Data: jpegOf(120)}), http.StatusSeeOther).Location()
	page = sh.see(to)
	to = do(page, "/mulai/cara", "bank", "bca", "number", "123 4567 890", "holder", "Eneng").Location()
	typed -= 3 // a bank account may be left out
	page = sh.see(to)
	link := regexp.MustCompile(`/@([a-z0-9-]+)"`).FindStringSubmatch(page.Body)
	if link == nil {
		t.Fatalf("no link on the last page: %s", webtest.Text(page.Body, "main"))
	}
	sh.slug = link[1]
	shopID, _, err := s.Shops.BySlug(t.Context(), sh.slug)
	if err != nil {
		t.Fatal(err)
	}
	sh.sc.Business = shopID
	goods, err := s.Goods.Public(t.Context(), sh.job())
	if err != nil || len(goods) != 1 || len(goods[0].Photos) != 1 {
		t.Fatalf("Public = %v, %v; want one product with a photo", goods, err)
	}
	sh.product, sh.variant = goods[0], goods[0].Variants[0].ID
	return sh, typed, sent
}

// orderOf is the order behind a buyer's link.
func orderOf(t *testing.T, s site, link string) order.Order {
	t.Helper()
	_, d, err := s.Orders.Follow(t.Context(), strings.TrimPrefix(link, "/o/"))
	if err != nil {
		t.Fatal(err)
	}
	return d.Order
}

// move presses a button on the order's page.
func (s shop) move(o order.Order, path string, changes ...string) webtest.Page {
	s.t.Helper()
	at := "/pesanan/" + o.ID.String()
	return s.send(s.see(at), at+"/"+path, changes...)
}

// stop is the courier's page of the order's parcel.
func (s shop) stop(o order.Order) string {
	s.t.Helper()
	return s.want(s.Get("/antaran/"+o.ID.String()), http.StatusSeeOther).Location()
}

// entries are the verbs of all changes that the shop's audit log has, and its chain holds.
func (s site) entries(t *testing.T, sh shop) []string {
	t.Helper()
	if _, err := audit.Verify(t.Context(), s.DB, sh.sc.Business); err != nil {
		t.Errorf("audit: %v", err)
	}
	var list []string
	p := audit.Page{Max: 100}
	for {
		got, next, err := audit.List(t.Context(), s.DB, sh.job(), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got {
			list = append(list, e.Verb)
		}
		if p.Before = next; next == 0 {
			return list
		}
	}
}

func TestStory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh, typed, sent := openByPages(t, s)
		if typed > 11 || sent > 4 {
			t.Errorf("opening a shop takes %d answers and %d pages sent, want at most 11 and 4", typed, sent)
		}
		buyer := s.person(t)
		buyer.says(buyer.see(sh.at("")), "Dapur Bu Eneng", "Keripik Singkong", "18.000")

		// Brought home and paid on receipt; pressed twice, ordered once.
		f := buyer.fillCheckout(sh, "2", "Rina Wati", "081298765432")
		if f.Get("village") == "" && f.Get("pilih") == "" {
			t.Errorf("the village was not found by its name: %v", f)
		}
		if f.Get("consent") != "" {
			t.Error("consent is ticked beforehand")
		}
		link := buyer.want(buyer.Post(sh.at("/pesan"), f), 303).Location()
		if again := buyer.want(buyer.Post(sh.at("/pesan"), f), 303).Location(); again != link {
			t.Errorf("the same order again leads to %s, want %s", again, link)
		}
		if n := s.one(t, sh.job(), `SELECT count(*) FROM orders`); n != 1 {
			t.Fatalf("%d orders, want 1", n)
		}
		o := orderOf(t, s, link)
		if o.Total != 2*18_000+5_000 || o.Due() != o.Total {
			t.Errorf("total %d, due %d; want 41000", o.Total, o.Due())
		}
		buyer.says(buyer.see(link), o.Called(), "41.000")
		if n := s.free(t, sh); n != 18 {
			t.Errorf("%d left, want 18", n)
		}
		sh.says(sh.see("/hari-ini"), "1 pesanan baru", "41.000")
		sh.says(sh.see("/pesanan"), "Rina Wati", "41.000")
		sh.says(sh.see("/pesanan/"+o.ID.String()), "Jl. Raya 12", "0812 9876 5432")
		sh.move(o, "penerimaan")
		sh.move(o, "pengemasan")
		sh.move(o, "penyerahan")
		at := sh.stop(o)
		sh.send(sh.see(at), at+"/penyerahan", "receiver", "Dedi", "relation", "family", "amount", "41.000")
		if o = orderOf(t, s, link); o.State != order.Done || o.Due() != 0 {
			t.Fatalf("state %s, due %d; want done, 0", o.State, o.Due())
		}
		buyer.says(buyer.see(link), "Dedi")
		page := sh.see("/setoran")
		sh.says(page, "41.000")
		sh.send(page, "/setoran", "amount", "41.000")
		if text := webtest.Text(sh.see("/setoran").Body, "main"); !strings.Contains(text, "Semua uang COD sudah disetor") {
			t.Errorf("the settled money is still out: %s", text)
		}

		byTransfer(t, s, sh)
		givesBack(t, s, sh)
		atTheCounter(t, s, sh)
		soldOut(t, s, sh)
		priceChanged(t, s, sh)
		byVoucher(t, s, sh)
		pickedUp(t, s, sh)
		inEnglish(t, s, sh)

		got := s.entries(t, sh)
		for _, verb := range []string{
			"order.placed", "order.accept", "order.pack", "order.hand_over", "order.deliver", "order.pay", "order.claim", "order.withdraw", "order.collect",
		} {
			if !slices.ContainsFunc(got, func(v string) bool { return strings.HasPrefix(v, verb) }) {
				t.Errorf("no entry %s in the audit log: %v", verb, got)
			}
		}
		if n := s.one(t, sh.job(), `SELECT count(*) FROM order_events`); n > int64(len(got)) {
			t.Errorf("%d things were done to orders, but the log has %d entries", n, len(got))
		}
		s.holds(t)
	})
}

func byTransfer(t *testing.T, s site, sh shop) {
	t.Helper()
	a, b := s.person(t), s.person(t)
	f := a.fillCheckout(sh, "1", "Asep", "081311112222")
	f.Set("pay", "transfer")
	f.Set("seen", "23000")
	link := a.want(a.Post(sh.at("/pesan"), f), 303).Location()
	f = b.fillCheckout(sh, "1", "Budi", "081311113333")
	f.Set("pay", "transfer")
	other := orderOf(t, s, b.want(b.Post(sh.at("/pesan"), f), 303).Location())
	o := orderOf(t, s, link)
	if o.Code == 0 || o.Code == other.Code || o.Total == other.Total {
		t.Errorf("amounts %d and %d are not told apart", o.Total, other.Total)
	}
	page := a.see(link)
	a.says(page, "1234567890"[:3])
	proof := a.fill(page, link+"/bukti")
	a.want(a.PostFiles(link+"/bukti", proof, webtest.File{Field: "photo", Name: "bukti.jpg", Data: jpegOf(9)}), 303)
	page = sh.see("/pesanan/" + o.ID.String())
	picture := regexp.MustCompile(`/pesanan/[^"]+/bukti/[^"]+`).FindString(page.Body)
	if picture == "" {
		t.Fatalf("the owner does not see the proof: %s", webtest.Text(page.Body, "main"))
	}
	if p := sh.see(picture); p.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the proof is %s", p.Header.Get("Content-Type"))
	}
	if p := s.person(t).Get(picture); p.Status == 200 {
		t.Error("a stranger sees the proof")
	}
	sh.move(o, "pembayaran")
	if o = orderOf(t, s, link); o.Due() != 0 || o.Paid == 0 {
		t.Errorf("paid %d, due %d after the owner confirmed", o.Paid, o.Due())
	}
	sh.move(o, "penerimaan")
}

func givesBack(t *testing.T, s site, sh shop) {
	t.Helper()
	before := s.free(t, sh)
	p := s.person(t)
	link := p.order(sh, "2", "Wawan", "081322223333")
	if n := s.free(t, sh); n != before-2 {
		t.Fatalf("%d free after an order of 2, want %d", n, before-2)
	}
	p.send(p.see(link), link+"/pembatalan", "reason", "changed_mind")
	if o := orderOf(t, s, link); o.State != order.Cancelled {
		t.Errorf("state %s, want cancelled", o.State)
	}
	if n := s.free(t, sh); n != before {
		t.Errorf("%d free after it was withdrawn, want %d", n, before)
	}
	// Once it is packed, only the shop can cancel.
	link = p.order(sh, "1", "Wawan", "081322223333")
	page := p.see(link)
	o := orderOf(t, s, link)
	sh.move(o, "penerimaan")
	sh.move(o, "pengemasan")
	if a := p.try(page, link+"/pembatalan", "reason", "changed_mind"); a.Status != http.StatusConflict {
		t.Errorf("withdrawing a packed order: %d, want 409", a.Status)
	}
	sh.move(o, "pembatalan", "cancel-reason", "buyer_asked")
	if n := s.free(t, sh); n != before {
		t.Errorf("%d free after the shop cancelled, want %d", n, before)
	}
}

func atTheCounter(t *testing.T, s site, sh shop) {
	t.Helper()
	before := s.free(t, sh)
	page := sh.see("/pesanan/baru?jenis=kasir")
	f := sh.fill(page, "/pesanan", "q."+sh.variant.String(), "3", "cash", "60.000")
	f = sh.fill(sh.want(sh.Post("/pesanan/hitung", f), 200), "/pesanan", "cash", "60.000")
	at := sh.want(sh.Post("/pesanan", f), 303).Location()
	sh.says(sh.see(at), "6.000") // change of 60.000 for 54.000
	if n := s.free(t, sh); n != before-3 {
		t.Errorf("%d free after 3 were sold, want %d", n, before-3)
	}
	f.Set("id", f.Get("id")[:35]+"0")
	f.Set("cash", "1.000")
	if p := sh.Post("/pesanan", f); p.Status != 422 {
		t.Errorf("too little cash: %d, want 422", p.Status)
	}
}

func soldOut(t *testing.T, s site, sh shop) {
	t.Helper()
	left := s.free(t, sh)
	slow := s.person(t)
	f := slow.fillCheckout(sh, "5", "Lilis", "081333334444")
	page := sh.see("/pesanan/baru?jenis=kasir")
	take := left - 3
	f2 := sh.fill(page, "/pesanan", "q."+sh.variant.String(), strconv.FormatInt(take, 10), "cash", strconv.FormatInt(take*18_000, 10))
	sh.want(sh.Post("/pesanan", f2), 303)
	page = slow.want(slow.Post(sh.at("/pesan"), f), http.StatusConflict)
	slow.says(page, "sisa 3. Pesan 3?")
	f = slow.fill(page, sh.at("/pesan"))
	if f.Get("lines.0.quantity") != "3" || f.Get("name") != "Lilis" || f.Get("street") != "Jl. Raya 12" {
		t.Errorf("the form came back as %v", f)
	}
	slow.want(slow.Post(sh.at("/pesan"), f), 303)
	if n := s.free(t, sh); n != 0 {
		t.Errorf("%d left, want 0", n)
	}
	sh.send(sh.see("/stok/"+sh.variant.String()), "/stok/"+sh.variant.String()+"/masuk", "quantity", "20")
	if n := s.free(t, sh); n != 20 {
		t.Fatalf("%d left after 20 came in", n)
	}
}

func priceChanged(t *testing.T, s site, sh shop) {
	t.Helper()
	p := s.person(t)
	f := p.fillCheckout(sh, "1", "Tatang", "081344445555")
	page := sh.see("/produk/" + sh.product.ID.String())
	g := sh.fill(page, "/produk/"+sh.product.ID.String())
	changed := false
	for k, v := range g {
		if strings.HasSuffix(k, "price") && len(v) > 0 && strings.HasPrefix(v[0], "18") {
			g.Set(k, "19.000")
			changed = true
		}
	}
	if !changed {
		t.Fatalf("no price in the form: %v", g)
	}
	sh.want(sh.PostFiles("/produk/"+sh.product.ID.String(), g), 303)
	page = p.want(p.Post(sh.at("/pesan"), f), http.StatusConflict)
	p.says(page, "23.000", "24.000")
	link := p.want(p.Post(sh.at("/pesan"), p.fill(page, sh.at("/pesan"))), 303).Location()
	if o := orderOf(t, s, link); o.Goods != 19_000 {
		t.Errorf("goods %d, want the price that was agreed, 19000", o.Goods)
	}
}

func byVoucher(t *testing.T, s site, sh shop) {
	t.Helper()
	page := sh.see("/voucher/baru")
	f := sh.fill(page, "/voucher", "code", "HEMAT4", "kind", "amount", "value", "4.000", "most", "1")
	sh.want(sh.Post("/voucher", f), 303)
	a := s.person(t)
	g := a.fillCheckout(sh, "1", "Yanti", "081355556666")
	g.Set("voucher", "hemat4")
	page = a.want(a.Post(sh.at("/pesan/ongkir"), g), 200)
	a.says(page, "4.000")
	link := a.want(a.Post(sh.at("/pesan"), a.fill(page, sh.at("/pesan"))), 303).Location()
	if o := orderOf(t, s, link); o.Discount != 4_000 || o.Total != 19_000+5_000-4_000 {
		t.Errorf("discount %d, total %d; want 4000, 20000", o.Discount, o.Total)
	}
}

func pickedUp(t *testing.T, s site, sh shop) {
	t.Helper()
	p := s.person(t)
	f := p.fillCheckout(sh, "1", "Neng", "081377778888")
	f.Set("way", "pickup")
	f.Set("pay", "cash")
	page := p.want(p.Post(sh.at("/pesan/ongkir"), f), 200)
	link := p.want(p.Post(sh.at("/pesan"), p.fill(page, sh.at("/pesan"))), 303).Location()
	o := orderOf(t, s, link)
	sh.move(o, "penerimaan")
	sh.move(o, "pengambilan")
	if o = orderOf(t, s, link); o.State != order.Done || o.Due() != 0 || o.Shipping != 0 {
		t.Errorf("state %s, due %d, shipping %d; want done, 0, 0", o.State, o.Due(), o.Shipping)
	}
}

func inEnglish(t *testing.T, s site, sh shop) {
	t.Helper()
	p := s.person(t)
	p.want(p.Post("/bahasa", map[string][]string{"pilih": {"en"}, "ke": {"/"}}), 303)
	for _, path := range []string{"/", sh.at(""), sh.at("/p/" + sh.product.Slug), "/masuk", "/daftar"} {
		if page := p.see(path); webtest.Attr(page.Body, "html", "lang") != "en" {
			t.Errorf("%s is in %q", path, webtest.Attr(page.Body, "html", "lang"))
		}
	}
	link := p.order(sh, "1", "John", "081366667777")
	p.says(p.see(link), "Order")
	sh.want(sh.Post("/bahasa", map[string][]string{"pilih": {"en"}, "ke": {"/"}}), 303)
	for _, path := range []string{"/hari-ini", "/pesanan", "/pesanan/" + orderOf(t, s, link).ID.String(), "/produk", "/stok", "/toko", "/setoran", "/pelanggan", "/akun", "/lainnya"} {
		if page := sh.see(path); webtest.Attr(page.Body, "html", "lang") != "en" || strings.Contains(webtest.Text(page.Body, "main"), "Pesanan") {
			t.Errorf("%s is not in English: %s", path, webtest.Text(page.Body, "main"))
		}
	}
	sh.want(sh.Post("/bahasa", map[string][]string{"pilih": {"id"}, "ke": {"/"}}), 303)
}
