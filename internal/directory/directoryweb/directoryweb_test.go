package directoryweb_test

import (
	"encoding/xml"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/directory"
	"lapak/internal/directory/directoryweb"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/ui"
	"lapak/internal/web/webtest"
)

var root = []byte(strings.Repeat("k", 32))

func newSite(t *testing.T) (*webtest.Site, *directory.Service) {
	t.Helper()
	db := storetest.SQLite(t)
	shops, err := business.New(db, account.New(db, root), root)
	if err != nil {
		t.Fatal(err)
	}
	goods := catalog.New(db, shops, blob.New(db))
	shelf := stock.New(db, goods)
	goods.OnStock = shelf.Set
	d := directory.New(db, shops, goods, shelf)
	for name, village := range map[string]string{"Dapur Bu Euis": "32.05.01.1001", "Rasa Sumedang": "32.11.01.2001"} {
		open(t, db, shops, goods, d, name, village)
	}
	return webtest.New(t, []fs.FS{directoryweb.Words, storefrontWords()}, nil, directoryweb.Routes(d, "http://lapak.test/")), d
}

// storefrontWords hold the message for what is not found.
func storefrontWords() fs.FS { return os.DirFS("../../storefront/storefrontweb") }

func open(t *testing.T, db *store.DB, shops *business.Service, goods *catalog.Service, d *directory.Service, name, village string) {
	t.Helper()
	ctx, now := t.Context(), db.Now()
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := shops.Create(ctx, sc, business.NewShop{
		ID: id.New(), Name: name, Trade: "T1", Village: village, Phone: "081234567890", SoldBefore: business.SoldOnline,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	if _, err := shops.Publish(ctx, sc); err != nil {
		t.Fatal(err)
	}
	_, err = goods.Create(ctx, sc, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik " + name, Publish: true, Min: 1, Variants: []catalog.VariantForm{{ID: id.New(), Price: 15_000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Refresh(ctx, authz.Job(b.ID)); err != nil {
		t.Fatal(err)
	}
}

func TestFrontDoor(t *testing.T) {
	s, _ := newSite(t)
	p := s.Get("/")
	if p.Status != http.StatusOK || len(webtest.In(p.Body, "#toko ~ ul a")) != 2 || !strings.Contains(webtest.Text(p.Body, "main"), "Buka toko") {
		t.Fatalf("%d %q", p.Status, webtest.Text(p.Body, "main"))
	}
	if p.Header.Get("Set-Cookie") != "" {
		t.Errorf("a visitor gets a cookie: %v", p.Header)
	}
	for at, want := range map[string][]string{
		"/?q=keripik":                         {"Keripik Dapur Bu Euis", "Keripik Rasa Sumedang"},
		"/?q=kripik&di=Garut":                 {"Keripik Dapur Bu Euis", "Menampilkan hasil untuk keripik"},
		"/?di=garut":                          {"Toko di Kab. Garut", "Dapur Bu Euis"},
		"/?di=Kab.+Garut&jenis=T1":            {"Dapur Bu Euis"},
		"/?di=negeri+di+awan":                 {"belum kami temukan"},
		"/?q=xyzzy":                           {"Belum ada yang cocok"},
		"/?jenis=T3":                          {"Belum ada yang cocok"},
		"/?bahasa=en&q=rasa+sumedang":         {"Shops", "Rasa Sumedang"},
		"/?q=%ff%fe%00&lanjut=x.y":            {"Toko terbaru"},
		"/?lanjut=" + strings.Repeat("z", 90): {"Toko"},
	} {
		p := s.Get(at)
		for _, w := range want {
			if p.Status != http.StatusOK || !strings.Contains(webtest.Text(p.Body, "main"), w) {
				t.Errorf("%s: %d lacks %q: %q", at, p.Status, w, webtest.Text(p.Body, "main"))
			}
		}
	}
	if got := webtest.Text(s.Get("/?q=keripik&di=Garut").Body, ".goods"); strings.Contains(got, "Sumedang") {
		t.Errorf("another regency is found: %q", got)
	}
	if _, css := ui.AssetBytes("lapak.css"); len(p.Body) > 30<<10-len(css) && len(p.Body) > 60<<10 {
		t.Errorf("the page is %d bytes", len(p.Body))
	}
}

func TestSiteMap(t *testing.T) {
	s, _ := newSite(t)
	p := s.Get("/sitemap.xml")
	var set struct {
		URLs []struct {
			Loc string `xml:"loc"`
		} `xml:"url"`
	}
	if err := xml.Unmarshal([]byte(p.Body), &set); err != nil || len(set.URLs) != 5 {
		t.Fatalf("%v, %d addresses: %s", err, len(set.URLs), p.Body)
	}
	for _, u := range set.URLs {
		if !strings.HasPrefix(u.Loc, "http://lapak.test/") || strings.Contains(u.Loc, "test//") {
			t.Errorf("address %q", u.Loc)
		}
	}
	if p := s.Get("/robots.txt"); !strings.Contains(p.Body, "Sitemap: http://lapak.test/sitemap.xml") || !strings.Contains(p.Body, "Disallow: /o/") {
		t.Errorf("robots: %q", p.Body)
	}
	for at, want := range map[string]int{"/sitemap/0.xml": 200, "/sitemap/255.xml": 200, "/sitemap/256.xml": 404, "/sitemap/-1.xml": 404, "/sitemap/a.xml": 404, "/sitemap/07.xml": 404} {
		if p := s.Get(at); p.Status != want {
			t.Errorf("%s: %d, want %d", at, p.Status, want)
		}
	}
}
