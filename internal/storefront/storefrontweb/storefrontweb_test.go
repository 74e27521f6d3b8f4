package storefrontweb_test

import (
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/storefront"
	"lapak/internal/storefront/storefrontweb"
	"lapak/internal/ui"
	"lapak/internal/voucher"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

var root = []byte(strings.Repeat("k", 32))

const (
	village = "32.11.01.2001"
	qris    = "00020101021126680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI5204581253033605802ID5914WARUNG BU SITI6007BANDUNG610540111630431AA"
)

// mall is a server with its services, and a shop in it.
type mall struct {
	*webtest.Site
	db       *store.DB
	shops    *business.Service
	goods    *catalog.Service
	stock    *stock.Service
	orders   *order.Service
	payments *payment.Service
	front    *storefront.Service
	delivery *delivery.Service
	vouchers *voucher.Service
	shop
}

// shop is one shop with a product of two variants.
type shop struct {
	business.Business
	owner   authz.Scope
	product catalog.Product
	small   id.ID // 250 g, Rp18.000
	large   id.ID // 500 g, Rp32.000
}

func newMall(t testing.TB, pieces int64) *mall {
	t.Helper()
	db := storetest.SQLite(t)
	m := &mall{db: db}
	var err error
	if m.shops, err = business.New(db, account.New(db, root), root); err != nil {
		t.Fatal(err)
	}
	blobs, books := blob.New(db), ledger.New(db)
	m.goods = catalog.New(db, m.shops, blobs)
	m.stock = stock.New(db, m.goods)
	m.goods.OnStock = m.stock.Set
	m.payments = payment.New(db, books, blobs)
	if m.orders, err = order.New(db, root, orderParts(t, m, db, blobs, books)); err != nil {
		t.Fatal(err)
	}
	boxes, _ := parcel.New(db, root, parcel.Parts{Shops: m.shops, Orders: m.orders, Books: books, Blobs: blobs})
	m.front, err = storefront.New(db, root, storefront.Parts{
		Shops: m.shops, Goods: m.goods, Shelf: m.stock, Photos: blobs, Orders: m.orders, Parcels: boxes, Payments: m.payments,
	})
	if err != nil {
		t.Fatal(err)
	}
	m.shop = m.open(t, "Dapur Bu Euis", pieces)
	m.Site = webtest.New(t, words(), func(o *web.Options) {
		o.Now = func() time.Time { return db.Now() }
	}, storefrontweb.Routes(m.front, "http://lapak.test"))
	return m
}

// words are those of the pages and of the faults that buyers meet.
func words() []fs.FS {
	all := []fs.FS{storefrontweb.Words}
	for _, dir := range []string{"../../order", "../../business/businessweb", "../../stock/stockweb", "../../payment/paymentweb", "../../delivery/deliveryweb", "../../voucher/voucherweb", "../../customer/customerweb"} {
		if _, err := os.Stat(dir + "/id.json"); err == nil {
			all = append(all, os.DirFS(dir))
		}
	}
	return all
}

func (m *mall) open(t testing.TB, name string, pieces int64) shop {
	t.Helper()
	ctx, now := t.Context(), m.db.Now()
	s := shop{owner: authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}, small: id.New(), large: id.New()}
	b, err := m.shops.Create(ctx, s.owner, business.NewShop{
		ID: id.New(), Name: name, Trade: "T1", Village: village, Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.owner.Role, s.owner.Business = authz.Owner, b.ID
	if s.Business, err = m.shops.Publish(ctx, s.owner); err != nil {
		t.Fatal(err)
	}
	s.product, err = m.goods.Create(ctx, s.owner, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik Singkong", About: "Renyah.\n\nTanpa pengawet.", Category: "Keripik", Publish: true, Min: 1,
		Options: []catalog.Option{{Name: "Isi", Values: []string{"250 g", "500 g"}}},
		Variants: []catalog.VariantForm{
			{ID: s.small, Choices: []string{"250 g"}, Price: 18_000, WeightGrams: 250, Tracked: true, Stock: &pieces},
			{ID: s.large, Choices: []string{"500 g"}, Price: 32_000, WeightGrams: 500, Tracked: true, Stock: &pieces},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	st := payment.Defaults()
	st.Transfer, st.Accounts = true, []payment.Account{{Bank: "bca", Number: "1234567890", Holder: "Euis"}}
	st.QRIS, st.QRISText = true, qris
	if err := m.payments.Put(ctx, s.owner, st); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s shop) at(rest string) string { return s.Path() + rest }

// buy puts n small ones into the cart and returns the checkout page's form.
func (m *mall) buy(t testing.TB, n string) url.Values {
	t.Helper()
	p := m.Post(m.at("/keranjang"), url.Values{"variant": {m.small.String()}, "quantity": {n}, "then": {"order"}})
	if p.Status != http.StatusSeeOther || p.Location() != m.at("/pesan") {
		t.Fatalf("to the cart: %d to %q: %s", p.Status, p.Location(), webtest.Text(p.Body, "main"))
	}
	p = m.Get(m.at("/pesan"))
	if p.Status != http.StatusOK {
		t.Fatalf("checkout: %d %s", p.Status, webtest.Text(p.Body, "main"))
	}
	f := webtest.Form(p.Body, "#pesan")
	f.Set("name", "Siti Rahmawati")
	f.Set("phone", "0812 3456 7891")
	f.Set("way", "pickup")
	f.Set("pay", "cash")
	return f
}

func TestShopPageSaysWhatIsSold(t *testing.T) {
	m := newMall(t, 3)
	p := m.Get(m.at(""))
	if p.Status != http.StatusOK {
		t.Fatalf("status %d: %s", p.Status, webtest.Text(p.Body, "main"))
	}
	if got := webtest.Text(p.Body, "h1"); got != "Dapur Bu Euis" {
		t.Errorf("h1 = %q", got)
	}
	if got := webtest.Text(p.Body, ".goods .good"); !strings.Contains(got, "Keripik Singkong") || !strings.Contains(got, "Rp18.000") {
		t.Errorf("goods = %q", got)
	}
	for sel, attr := range map[string]string{
		`link[rel=canonical]`:                "href",
		`meta[property="og:image"]`:          "content",
		`meta[property="og:title"]`:          "content",
		`meta[name="description"]`:           "content",
		`script[type="application/ld+json"]`: "type",
	} {
		if webtest.Attr(p.Body, sel, attr) == "" {
			t.Errorf("no %s", sel)
		}
	}
	if c := p.Header.Get("Set-Cookie"); c != "" {
		t.Errorf("a visitor gets a cookie: %s", c)
	}
	if got := webtest.Attr(p.Body, `meta[property="og:image"]`, "content"); !strings.HasPrefix(got, "http://lapak.test"+m.Path()+"/gambar.jpg?v=") {
		t.Errorf("og:image = %q", got)
	}
	en := m.Get(m.at("?bahasa=en"))
	if !strings.Contains(webtest.Text(en.Body, "main"), "How to order") {
		t.Error("the English page is not in English")
	}
}

func TestLinkPreviewFitsAChat(t *testing.T) {
	m := newMall(t, 3)
	for _, at := range []string{m.at("/gambar.jpg"), m.at("/p/" + m.product.Slug + "/gambar.jpg")} {
		p := m.Get(at)
		if p.Status != http.StatusOK || p.Header.Get("Content-Type") != "image/jpeg" || len(p.Body) > storefront.MaxPictureBytes || len(p.Body) < 1000 {
			t.Errorf("%s: %d, %s, %d bytes", at, p.Status, p.Header.Get("Content-Type"), len(p.Body))
		}
	}
}

// The first view of a shop and its styles are small enough for a bad connection.
func TestFirstViewIsSmall(t *testing.T) {
	m := newMall(t, 3)
	for i := range 40 {
		n := int64(i)
		_, err := m.goods.Create(t.Context(), m.owner, catalog.Form{
			ID: id.New(), Edit: id.New(), Title: "Rengginang terasi dari Garut nomor " + strings.Repeat("x", i%9) + time.Duration(n).String(), Publish: true, Min: 1,
			Variants: []catalog.VariantForm{{ID: id.New(), Price: 12_000 + n*500, Tracked: true, Stock: &n}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, css := ui.AssetBytes("lapak.css")
	for _, at := range []string{"", "/p/" + m.product.Slug} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL+m.at(at), nil)
		req.Header.Set("Accept-Encoding", "gzip")
		p := m.Do(req)
		if p.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s is sent as it is", at)
		}
		if sum := len(p.Body) + len(css); sum > 30<<10 {
			t.Errorf("%s: %d bytes of HTML and %d of CSS, want at most 30 KB", at, len(p.Body), len(css))
		} else {
			t.Logf("%q: %d + %d bytes", at, len(p.Body), len(css))
		}
	}
}

// What changes is seen at once; what does not is not sent again.
func TestPagesAreKeptUntilSomethingChanges(t *testing.T) {
	m := newMall(t, 9)
	first := m.Get(m.at(""))
	tag := first.Header.Get("ETag")
	again := func() webtest.Page {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL+m.at(""), nil)
		req.Header.Set("If-None-Match", tag)
		return m.Do(req)
	}
	if p := again(); tag == "" || p.Status != http.StatusNotModified || p.Body != "" {
		t.Fatalf("tag %q, then status %d", tag, p.Status)
	}
	count := func(look storefront.Look) int64 {
		ctx, n := store.CountQueries(t.Context())
		if _, err := m.front.Shop(ctx, authz.Visitor(m.ID), look); err != nil {
			t.Fatal(err)
		}
		return n.Load()
	}
	if n := count(storefront.Look{}); n > 8 {
		t.Errorf("a shop takes %d queries", n)
	}
	// Two of three are sold: the page says how many are left.
	_, err := m.orders.Place(t.Context(), authz.Visitor(m.ID), order.Draft{
		ID: id.New(), Channel: order.Web, Lines: []stock.Want{{Variant: m.small, Quantity: 8}, {Variant: m.large, Quantity: 8}}, Name: "Rini", Phone: "081234567891",
		Way: order.Pickup, PayBy: payment.Cash, SeenTotal: 8 * 50_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := again()
	if p.Status != http.StatusOK || p.Header.Get("ETag") == tag || !strings.Contains(webtest.Text(p.Body, ".good .badge"), "Tinggal 2") {
		t.Errorf("after an order: %d, %q", p.Status, webtest.Text(p.Body, ".good"))
	}
}

// A page that speaks of the time is made anew when the time has come.
func TestOpeningHoursNeverGoStale(t *testing.T) {
	m := newMall(t, 3)
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) // Monday 09.00 WIB
	m.db.Now = func() time.Time { return at }
	var h business.Hours
	for i := range h {
		h[i] = business.Day{From: 8 * 60, To: 10 * 60}
	}
	if _, err := m.shops.PutHours(t.Context(), m.owner, h, false); err != nil {
		t.Fatal(err)
	}
	if got := webtest.Text(m.Get(m.at("")).Body, ".notice"); !strings.Contains(got, "Buka sampai 10.00 WIB") {
		t.Errorf("at nine: %q", got)
	}
	at = at.Add(time.Hour)
	if got := webtest.Text(m.Get(m.at("")).Body, ".notice"); !strings.Contains(got, "Tutup, buka lagi besok 08.00 WIB") {
		t.Errorf("at ten: %q", got)
	}
	f := m.buy(t, "1")
	f.Set("seen", "18000")
	if p := m.Post(m.at("/pesan"), f); p.Status != http.StatusConflict || !strings.Contains(webtest.Text(p.Body, ".notice"), "besok 08.00") {
		t.Errorf("ordering while closed: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
}

func TestOrderFromLinkToOrderPage(t *testing.T) {
	m := newMall(t, 3)
	f := m.buy(t, "2")
	if f.Get("consent") != "" {
		t.Error("consent is ticked before the buyer does")
	}
	p := m.Post(m.at("/pesan/ongkir"), f)
	if got := webtest.Text(p.Body, ".actions .btn"); got != "Pesan, bayar Rp36.000" {
		t.Errorf("button = %q", got)
	}
	if got := webtest.Form(p.Body, "#pesan"); got.Get("name") != "Siti Rahmawati" || got.Get("phone") != "0812 3456 7891" {
		t.Errorf("typed words are gone: %v", got)
	}
	f = webtest.Form(p.Body, "#pesan")
	done := m.Post(m.at("/pesan"), f)
	twice := m.Post(m.at("/pesan"), f)
	if done.Status != http.StatusSeeOther || !strings.HasPrefix(done.Location(), "/o/") || twice.Location() != done.Location() {
		t.Fatalf("placed: %d to %q, then %d to %q: %s", done.Status, done.Location(), twice.Status, twice.Location(), webtest.Text(done.Body, "main"))
	}
	o := m.Follow(done)
	body := webtest.Text(o.Body, "main")
	for _, want := range []string{"LPK-0001", "Keripik Singkong, 250 g", "Rp36.000", "Siti R.", "Kirim pesanan ke WhatsApp toko"} {
		if !strings.Contains(body, want) {
			t.Errorf("the order's page lacks %q: %s", want, body)
		}
	}
	if strings.Contains(o.Body, "7891") && !strings.Contains(body, "*") || strings.Contains(o.Body, "081234567891") || strings.Contains(o.Body, "Rahmawati") {
		t.Error("the order's page shows the buyer's phone or full name")
	}
	if o.Header.Get("Cache-Control") != "no-store" || o.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(webtest.Attr(o.Body, `meta[name=robots]`, "content"), "noindex") {
		t.Errorf("headers %v", o.Header)
	}
	if got := webtest.Text(m.Get(m.at("/pesan")).Body, "main"); !strings.Contains(got, "Keranjang masih kosong") {
		t.Errorf("the cart after the order: %q", got)
	}
}

// What changed while the buyer looked is said, and nothing typed is lost.
func TestPriceChangesWhileTheBuyerLooks(t *testing.T) {
	m := newMall(t, 3)
	f := m.buy(t, "1")
	f.Set("note", "jangan pedas")
	f.Set("seen", "15000")
	p := m.Post(m.at("/pesan"), f)
	if p.Status != http.StatusConflict || !strings.Contains(webtest.Text(p.Body, ".notice"), "dari Rp15.000 menjadi Rp18.000") {
		t.Fatalf("%d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	f = webtest.Form(p.Body, "#pesan")
	if f.Get("note") != "jangan pedas" || f.Get("seen") != "18000" {
		t.Errorf("form = %v", f)
	}
	if p := m.Post(m.at("/pesan"), f); p.Status != http.StatusSeeOther {
		t.Errorf("pressed again: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
}

// A refusal carries the answer.
func TestSoldOutMeanwhile(t *testing.T) {
	m := newMall(t, 3)
	f := m.buy(t, "3")
	f.Set("lines.0.quantity", "5")
	f.Set("seen", "90000")
	p := m.Post(m.at("/pesan"), f)
	if p.Status != http.StatusConflict || !strings.Contains(webtest.Text(p.Body, ".notice"), "sisa 3. Pesan 3?") {
		t.Fatalf("%d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	f = webtest.Form(p.Body, "#pesan")
	if f.Get("lines.0.quantity") != "3" || f.Get("seen") != "54000" {
		t.Errorf("form = %v", f)
	}
	if p := m.Post(m.at("/pesan"), f); p.Status != http.StatusSeeOther {
		t.Errorf("pressed again: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
}

func TestWhatIsWrongStandsAtItsField(t *testing.T) {
	m := newMall(t, 3)
	f := m.buy(t, "1")
	f.Set("name", "")
	f.Set("phone", "0812")
	p := m.Post(m.at("/pesan"), f)
	if p.Status != http.StatusUnprocessableEntity || len(webtest.In(p.Body, ".errors a")) != 2 || len(webtest.In(p.Body, ".field.wrong")) != 2 {
		t.Errorf("%d %q", p.Status, webtest.Text(p.Body, "main"))
	}
}

// Forms come from our own pages: by what the browser says, or with the token.
func TestFormsComeFromOurPages(t *testing.T) {
	m := newMall(t, 3)
	f := m.buy(t, "1")
	m.Plain = true
	if p := m.Post(m.at("/pesan"), f); p.Status != http.StatusSeeOther {
		t.Errorf("an old browser with the token: %d", p.Status)
	}
	f = url.Values{"variant": {m.small.String()}}
	if p := m.Post(m.at("/keranjang"), f); p.Status != http.StatusForbidden {
		t.Errorf("an old browser without: %d", p.Status)
	}
}

// A hidden shop, one that ended and one that never was look alike.
func TestWhatIsNotShownLooksMissing(t *testing.T) {
	m := newMall(t, 3)
	other := m.open(t, "Batik Trusmi", 3)
	missing := m.Get("/@tidak-ada")
	if missing.Status != http.StatusNotFound {
		t.Errorf("missing: %d", missing.Status)
	}
	if p := m.Get(m.at("/p/tidak-ada")); p.Status != http.StatusNotFound {
		t.Errorf("missing product: %d", p.Status)
	}
	// Of another shop's product this shop knows nothing.
	p := m.Post(m.at("/keranjang"), url.Values{"variant": {other.small.String()}, "then": {"order"}})
	p = m.Follow(p)
	if !strings.Contains(webtest.Text(p.Body, "#lines"), "tidak dijual") {
		t.Errorf("another shop's variant: %q", webtest.Text(p.Body, "main"))
	}
	for _, at := range []string{"/o/abc", "/o/" + id.Token()} {
		if p := m.Get(at); p.Status != http.StatusNotFound || !strings.Contains(webtest.Text(p.Body, "h1"), "tidak berlaku") {
			t.Errorf("%s: %d %q", at, p.Status, webtest.Text(p.Body, "main"))
		}
	}
}

func TestTransferShowsWhereAndHowMuch(t *testing.T) {
	m := newMall(t, 3)
	f := m.buy(t, "1")
	f.Set("pay", "transfer")
	f.Set("seen", "18000")
	p := m.Follow(m.Post(m.at("/pesan"), f))
	body := webtest.Text(p.Body, "#bayar ~ *, section[aria-labelledby=bayar]")
	if !strings.Contains(body, "BCA") || !strings.Contains(body, "1234 5678 90") || !strings.Contains(body, "Rp18.") || !strings.Contains(body, "Bayar sebelum") {
		t.Errorf("payment: %q", body)
	}
	link := m.orderLink(t, p)
	done := m.PostFiles(link+"/bukti", webtest.Form(p.Body, `form[action$="/bukti"]`))
	if done.Status != http.StatusSeeOther {
		t.Fatalf("proof: %d %q", done.Status, webtest.Text(done.Body, "main"))
	}
	if got := webtest.Text(m.Follow(done).Body, "h1, h2"); !strings.Contains(got, "sedang dicek") {
		t.Errorf("after the proof: %q", got)
	}
}

func (m *mall) orderLink(t testing.TB, p webtest.Page) string {
	t.Helper()
	link := webtest.Attr(p.Body, "#pesanan", "data-live")
	if link == "" {
		t.Fatalf("no link: %s", webtest.Text(p.Body, "main"))
	}
	return link
}

func TestQRISHasTheAmountInside(t *testing.T) {
	m := newMall(t, 3)
	f := m.buy(t, "1")
	f.Set("pay", "qris")
	f.Set("seen", "18000")
	p := m.Follow(m.Post(m.at("/pesan"), f))
	src := webtest.Attr(p.Body, "section[aria-labelledby=bayar] img", "src")
	pic := m.Get(src)
	if pic.Status != http.StatusOK || pic.Header.Get("Content-Type") != "image/png" || len(pic.Body) < 500 {
		t.Errorf("%s: %d %s", src, pic.Status, pic.Header.Get("Content-Type"))
	}
}

func TestBuyerCancelsAndComplains(t *testing.T) {
	m := newMall(t, 9)
	place := func() (webtest.Page, string) {
		f := m.buy(t, "1")
		f.Set("seen", "18000")
		p := m.Follow(m.Post(m.at("/pesan"), f))
		return p, m.orderLink(t, p)
	}
	p, link := place()
	p = m.Post(link+"/pembatalan", webtest.Form(p.Body, `form[action$="/pembatalan"]`))
	if p.Status != http.StatusSeeOther {
		t.Fatalf("cancel: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	if p = m.Follow(p); !strings.Contains(webtest.Text(p.Body, "h1, h2"), "dibatalkan") || !strings.Contains(webtest.Text(p.Body, "main"), "Pesan lagi") {
		t.Errorf("after cancelling: %q", webtest.Text(p.Body, "main"))
	}
	again := m.Post(m.at("/keranjang"), webtest.Form(p.Body, `form[action$="/keranjang"]`))
	if again.Status != http.StatusSeeOther {
		t.Errorf("order again: %d", again.Status)
	}

	_, link = place()
	sc, d, err := m.orders.Follow(t.Context(), strings.TrimPrefix(link, "/o/"))
	if err != nil || sc.Business != m.ID {
		t.Fatal(err)
	}
	if _, err := m.orders.Do(t.Context(), m.owner, d.ID, order.Move{ID: id.New(), Act: order.ActAccept}); err != nil {
		t.Fatal(err)
	}
	p = m.Post(link+"/keluhan", url.Values{"reason": {"not_arrived"}, "text": {"Sudah dua hari."}})
	if p.Status != http.StatusSeeOther {
		t.Fatalf("complain: %d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	if p = m.Follow(p); !strings.Contains(webtest.Text(p.Body, ".timeline"), "Keluhan dikirim") {
		t.Errorf("after complaining: %q", webtest.Text(p.Body, "main"))
	}
}
