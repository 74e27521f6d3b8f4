package businessweb

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
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
	"lapak/internal/payment"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// desk is a site with these pages and everything they call.
type desk struct {
	*webtest.Site
	db    *store.DB
	shops *business.Service
	goods *catalog.Service
	ways  *delivery.Service
	sc    authz.Scope
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db := storetest.SQLite(t)
	shops, err := business.New(db, account.New(db, make([]byte, 32)), make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	blobs := blob.New(db)
	d := &desk{db: db, shops: shops, goods: catalog.New(db, shops, blobs), ways: delivery.New(db, shops)}
	d.goods.OnStock = func(context.Context, *store.Tx, authz.Scope, []catalog.StockSet) error { return nil }
	routes := Routes(Services{
		Shops: shops, Goods: d.goods, Blobs: blobs, Payments: payment.New(db, ledger.New(db), blobs), BaseURL: "https://lapak.test",
		PutWays: func(ctx context.Context, sc authz.Scope, w Ways) error {
			set := delivery.Initial()
			set.Pickup, set.Own, set.Flat = w.Pickup, w.Own, w.Fee
			return d.ways.Put(ctx, sc, set)
		},
		ActAs: func(_ http.ResponseWriter, _ *http.Request, b id.ID) error {
			d.sc.Role, d.sc.Business = authz.Owner, b
			d.As.Set(d.sc)
			return nil
		},
		PhoneOf: func(context.Context, authz.Scope) (string, error) { return "+6281234567890", nil },
	})
	d.Site = webtest.New(t, []fs.FS{Words}, nil, routes)
	d.sc = authz.Scope{Actor: id.New(), Role: authz.Person, Now: time.Now(), ProvenAt: time.Now()}
	d.As.Set(d.sc)
	return d
}

func (d *desk) expect(t *testing.T, p webtest.Page, status int) webtest.Page {
	t.Helper()
	if p.Status != status {
		t.Fatalf("status %d, want %d: %s", p.Status, status, webtest.Text(p.Body, "main"))
	}
	return p
}

func photo(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range 640 {
		img.Set(i, i%480, color.RGBA{200, 120, 40, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fields are the hidden fields of a form as the page has them.
func fields(p webtest.Page, names ...string) url.Values {
	v := url.Values{}
	for _, n := range names {
		v.Set(n, webtest.Attr(p.Body, `input[name="`+n+`"]`, "value"))
	}
	return v
}

// From the phone number to a link, as a person goes through it.
func TestFromPhoneToLink(t *testing.T) {
	d := newDesk(t)
	p := d.expect(t, d.Get("/mulai"), 303)
	p = d.expect(t, d.Follow(p), 200)
	if got := webtest.Attr(p.Body, "#phone", "value"); got != "0812 3456 7890" {
		t.Errorf("the phone is %q", got)
	}
	f := fields(p, "id", "phone")
	f.Set("name", "Dapur Bu Eneng")
	f.Set("trade", "T1")
	f.Set("village_q", "jatimukti jatinangor")
	p = d.expect(t, d.Post("/mulai/toko", f), 422) // forgot how it sold before
	if webtest.Attr(p.Body, "#name", "value") != "Dapur Bu Eneng" || len(webtest.In(p.Body, "#sold_before .error")) != 1 {
		t.Errorf("the form forgot what was typed: %s", webtest.Text(p.Body, "form"))
	}
	d.Client.Jar = nil // the phone died: another one goes on
	p = d.expect(t, d.Get("/mulai/toko"), 200)
	if webtest.Attr(p.Body, "#name", "value") != "Dapur Bu Eneng" {
		t.Error("what was typed died with the phone")
	}
	f.Set("sold_before", "conventional")
	p = d.expect(t, d.Post("/mulai/toko", f), 303)
	p = d.expect(t, d.Follow(p), 200)
	if !strings.Contains(webtest.Text(p.Body, "h1"), "Produk pertama") {
		t.Fatalf("not at the product: %s", webtest.Text(p.Body, "h1"))
	}
	g := fields(p, "id", "edit", "variant")
	g.Set("title", "Keripik Singkong")
	g.Set("sell", "stock")
	p = d.expect(t, d.PostFiles("/mulai/produk", g, webtest.File{Field: "photo", Name: "f.jpg", Data: photo(t)}), 422) // no price
	kept := webtest.Attr(p.Body, `input[name="photo_id"]`, "value")
	if kept == "" || webtest.Attr(p.Body, "#title", "value") != "Keripik Singkong" {
		t.Fatal("the photo or the name was lost with the mistake")
	}
	g.Set("photo_id", kept)
	g.Set("price", "18.000")
	g.Set("stock", "20")
	if got := d.expect(t, d.Get("/mulai"), 303).Location(); got != "/mulai/produk" {
		t.Errorf("/mulai leads to %s, want the product", got)
	}
	p = d.expect(t, d.PostFiles("/mulai/produk", g), 303)
	p = d.expect(t, d.Follow(p), 200)
	p = d.expect(t, d.Post("/mulai/cara", url.Values{"pickup": {"on"}, "own": {"on"}, "fee": {"5.000"}, "cash": {"on"}, "cod": {"on"}}), 303)
	p = d.expect(t, d.Follow(p), 200)
	if !strings.Contains(p.Body, "lapak.test/@dapur-bu-eneng") || !strings.Contains(p.Body, "wa.me") {
		t.Errorf("no link to share: %s", webtest.Text(p.Body, "main"))
	}
	if w, err := d.ways.Get(t.Context(), d.sc); err != nil || !w.Pickup || !w.Own || w.Flat != 5000 {
		t.Errorf("ways = %+v, %v", w, err)
	}
	b, err := d.shops.Get(t.Context(), d.sc)
	if err != nil || !b.Visible() || b.Slug != "dapur-bu-eneng" {
		t.Errorf("shop = %+v, %v", b, err)
	}
	list, err := d.goods.Public(t.Context(), d.sc)
	if err != nil || len(list) != 1 || list[0].Title != "Keripik Singkong" || len(list[0].Photos) != 1 || list[0].Variants[0].Price != 18000 {
		t.Errorf("products = %+v, %v", list, err)
	}
}

// Without script the village is chosen on the page that comes back.
func TestVillageWithoutScript(t *testing.T) {
	d := newDesk(t)
	p := d.expect(t, d.Get("/mulai/toko"), 200)
	f := fields(p, "id", "phone")
	f.Set("name", "Dapur Bu Eneng")
	f.Set("trade", "T1")
	f.Set("sold_before", "both")
	f.Set("village_q", "tanjungsari")
	p = d.expect(t, d.Post("/mulai/toko", f), 422)
	if n := len(webtest.In(p.Body, `input[name="village"]`)); n < 3 {
		t.Fatalf("%d villages to choose from", n)
	}
	f.Set("village", webtest.Attr(p.Body, `input[name="village"]`, "value"))
	f.Set("village_was", "tanjungsari")
	d.expect(t, d.Post("/mulai/toko", f), 303)
	b, err := d.shops.Get(t.Context(), d.sc)
	if err != nil || b.Village != f.Get("village") {
		t.Errorf("village %q, %v, want %q", b.Village, err, f.Get("village"))
	}
}

func (d *desk) open(t *testing.T) business.Business {
	t.Helper()
	b, err := d.shops.Create(t.Context(), d.sc, business.NewShop{
		ID: id.New(), Name: "Dapur Bu Eneng", Trade: "T1", Village: "32.11.01.2001", Phone: "081234567890", SoldBefore: business.SoldBoth,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.sc.Role, d.sc.Business = authz.Owner, b.ID
	d.As.Set(d.sc)
	if b, err = d.shops.Publish(t.Context(), d.sc); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSettingsPages(t *testing.T) {
	d := newDesk(t)
	d.open(t)
	for _, lang := range []string{"id", "en"} {
		for _, path := range []string{
			"/toko", "/toko/profil", "/toko/tampilan", "/toko/jam", "/toko/tutup", "/toko/nomor", "/toko/tautan", "/toko/serah", "/toko/akhiri", "/lainnya", "/mulai/cara", "/mulai/produk", "/mulai/toko", "/mulai/selesai",
		} {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+path, nil)
			req.Header.Set("Accept-Language", lang)
			p := d.expect(t, d.Do(req), 200)
			if len(webtest.In(p.Body, "h1")) != 1 {
				t.Errorf("%s has %d h1", path, len(webtest.In(p.Body, "h1")))
			}
		}
	}
	day := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	for _, c := range []struct {
		path   string
		form   url.Values
		status int
	}{
		{"/toko/tampilan", url.Values{"dye": {"daun"}}, 303},
		{"/toko/tampilan", url.Values{"dye": {"pink"}}, 422},
		{"/toko/jam", url.Values{"from.all": {"08:00"}, "to.all": {"17:00"}, "open.1": {"on"}, "from.6": {"09:00"}, "to.6": {"12:00"}, "any_time": {"0"}}, 303},
		{"/toko/jam", url.Values{"from.1": {"08:00"}}, 422},
		{"/toko/tutup", url.Values{"from": {day}, "message": {"Mudik"}}, 303},
		{"/toko/tutup", url.Values{"from": {"kapan"}}, 422},
		{"/toko/tutup/penghapusan", url.Values{"from": {day}, "to": {day}}, 303},
		{"/toko/jeda", url.Values{"note": {"Penuh"}}, 303},
		{"/toko/jeda/akhir", nil, 303},
		{"/toko/nomor", url.Values{"nib": {"9120 3041 7728 1"}, "nik": {"3211051708900001"}}, 303},
		{"/toko/nomor", url.Values{"nib": {"12"}}, 422},
		{"/toko/tautan", url.Values{"slug": {"eneng"}}, 303},
		{"/toko/tautan", url.Values{"slug": {"dinas"}}, 422},
		{"/toko/akhiri", url.Values{"name": {"lain"}}, 422},
		{"/toko/profil", url.Values{"name": {"x"}}, 422},
		{"/toko/banding", url.Values{"text": {"tidak disembunyikan"}}, 422},
	} {
		d.expect(t, d.Post(c.path, c.form), c.status)
	}
	p := d.Get("/toko/nomor")
	if strings.Contains(p.Body, "3211051708900001") || !strings.Contains(p.Body, "0001") {
		t.Error("the page shows the identity number, or not its last digits")
	}
	p = d.expect(t, d.Get("/toko/stiker.pdf"), 200)
	if !strings.HasPrefix(p.Body, "%PDF") || len(p.Body) > 100_000 {
		t.Errorf("the sticker is %d bytes of %q", len(p.Body), p.Body[:min(8, len(p.Body))])
	}
	p = d.expect(t, d.Post("/toko/serah", nil), 200)
	link := webtest.Attr(p.Body, "[data-copy]", "data-copy")
	_, token, ok := strings.Cut(link, "/serah/")
	if !ok {
		t.Fatalf("no hand-over link in %s", webtest.Text(p.Body, "main"))
	}
	old := d.sc
	d.sc = authz.Scope{Actor: id.New(), Role: authz.Person, Now: time.Now(), ProvenAt: time.Now()}
	d.As.Set(d.sc)
	d.expect(t, d.Get("/serah/"+token), 200)
	d.expect(t, d.Post("/serah/"+token, nil), 303)
	d.expect(t, d.Get("/serah/"+token), 404)
	if d.sc.Business != old.Business {
		t.Error("the new owner does not act for the shop")
	}
	d.expect(t, d.Post("/toko/akhiri", url.Values{"name": {"Dapur Bu Eneng"}}), 303)
}

func TestHoursForm(t *testing.T) {
	d := hoursForm{From: "08:00", To: "17:00", On: [7]bool{1: true, 2: true, 6: true}, Froms: [7]string{6: "18:00"}, Tos: [7]string{6: "02:00"}}
	h, err := d.hours()
	want := business.Hours{1: {From: 480, To: 1020}, 2: {From: 480, To: 1020}, 6: {From: 1080, To: 120}}
	if err != nil || h != want {
		t.Errorf("hours = %v, %v, want %v", h, err, want)
	}
	if got := hoursOf(want, false); got != d {
		t.Errorf("hoursOf = %+v, want %+v", got, d)
	}
	d = hoursForm{From: "08:00", To: "17:00"}
	if h, err := d.hours(); err != nil || h[0] != want[1] || h[3] != want[1] {
		t.Errorf("a time without days = %v, %v, want every day", h, err)
	}
	d = hoursForm{From: "08:00", To: "08:00", On: [7]bool{1: true}}
	if _, err := d.hours(); err == nil {
		t.Error("hours without length were taken")
	}
}

func TestHideAndAppealPages(t *testing.T) {
	d := newDesk(t)
	b := d.open(t)
	own := d.sc
	officer := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: authz.OfficePerms, Regions: []string{"32.11"}, Now: time.Now()}
	far := officer
	far.Regions = []string{"32.12"}
	path := "/dinas/usaha/" + b.ID.String()

	d.As.Set(far)
	missing := d.Get("/dinas/usaha/" + id.New().String())
	if p := d.expect(t, d.Get(path), 404); webtest.Text(p.Body, "main h1, main p") != webtest.Text(missing.Body, "main h1, main p") && missing.Status == 404 {
		t.Log("bodies differ by the request id alone")
	}
	d.expect(t, d.Post(path+"/penyembunyian", url.Values{"reason": {"Barang terlarang dijual"}}), 404)

	d.As.Set(officer)
	p := d.expect(t, d.Get("/dinas/usaha?jenis=T1&keadaan=open&wilayah=32.11&q=eneng"), 200)
	if got := webtest.In(p.Body, "#usaha tbody th"); len(got) != 1 || got[0] != "Dapur Bu Eneng" {
		t.Errorf("registry shows %v", got)
	}
	d.expect(t, d.Get("/dinas/usaha?keadaan=hidden"), 200)
	d.expect(t, d.Post(path+"/penyembunyian", url.Values{"reason": {"x"}}), 422)
	d.expect(t, d.Post(path+"/penyembunyian", url.Values{"reason": {"Barang terlarang dijual"}}), 303)

	d.As.Set(own)
	p = d.expect(t, d.Get("/toko"), 200)
	if !strings.Contains(webtest.Text(p.Body, "main"), "Barang terlarang dijual") {
		t.Error("the owner does not read the reason")
	}
	d.expect(t, d.Post("/toko/banding", url.Values{"text": {"Sudah kami hapus semua"}}), 303)

	d.As.Set(officer)
	p = d.expect(t, d.Get("/dinas/banding"), 200)
	action := webtest.Attr(p.Body, `form[action^="/dinas/banding/"]`, "action")
	d.expect(t, d.Post(action, url.Values{"decision": {"lifted"}}), 422)
	d.expect(t, d.Post(action, url.Values{"decision": {"lifted"}, "answer": {"Terima kasih sudah rapi"}}), 303)
	d.expect(t, d.Get("/dinas/banding"), 200)
	d.expect(t, d.Get(path), 200)
	if got, err := d.shops.Get(t.Context(), own); err != nil || !got.Visible() {
		t.Errorf("after the decision: %v, %v", got.HiddenReason, err)
	}
}

func TestRegionsAnswerScriptAndPeople(t *testing.T) {
	d := newDesk(t)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/wilayah?q=tanjungsari+sumed&jenis=district", nil)
	req.Header.Set("Accept", "application/json")
	if p := d.expect(t, d.Do(req), 200); !strings.Contains(p.Body, `"label":"Kec. Tanjungsari, Kab. Sumedang"`) {
		t.Errorf("JSON = %s", p.Body)
	}
	if p := d.expect(t, d.Get("/wilayah?q=tanjungsari"), 200); len(webtest.In(p.Body, "main li")) < 3 {
		t.Error("the page lists no regions")
	}
	d.expect(t, d.Get("/wilayah?q=zzzzzz"), 200)
}

// A page of the settings asks the database for one thing.
func TestPagesAskLittle(t *testing.T) {
	d := newDesk(t)
	d.open(t)
	var n *atomic.Int64
	ctx, n := store.CountQueries(t.Context())
	if _, err := d.shops.Get(ctx, d.sc); err != nil || n.Load() > 3 {
		t.Errorf("Get runs %d statements, %v", n.Load(), err)
	}
}
