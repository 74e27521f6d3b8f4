package deliveryweb

import (
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

func TestSettings(t *testing.T) {
	db, root := storetest.SQLite(t), make([]byte, 32)
	shops, err := business.New(db, account.New(db, root), root)
	if err != nil {
		t.Fatal(err)
	}
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: db.Now(), ProvenAt: db.Now()}
	b, err := shops.Create(t.Context(), sc, business.NewShop{
		ID: id.New(), Name: "Dapur Bu Euis", Trade: "T1", Village: "32.11.01.2001", Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	site := webtest.New(t, []fs.FS{Words}, nil, Routes(delivery.New(db, shops)))
	site.As.Set(sc)
	if p := site.Get("/ongkir"); p.Status != 200 {
		t.Fatalf("/ongkir = %d", p.Status)
	}
	form := url.Values{
		"pickup": {"on"}, "own": {"on"}, "kind": {"areas"}, "included": {"1"}, "perkg": {"2.000"}, "tolerance": {"300"},
		"area": {"cicalengka"}, "area_fee": {"8.000"},
	}
	p := site.Post("/ongkir", form)
	picks := webtest.In(p.Body, "fieldset fieldset .choice")
	if p.Status != 422 || len(picks) < 2 {
		t.Fatalf("several areas = %d, %v, want them to choose from", p.Status, picks)
	}
	form.Set("area_pick", "32.04.25") // whichever district this is, it exists
	if p := site.Post("/ongkir", form); p.Status != 303 {
		t.Fatalf("save = %d %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	p = site.Get("/ongkir?ke=cicalengka+kulon&berat=2.301&belanja=50.000")
	if got := webtest.Text(p.Body, "[role=status]"); p.Status != 200 || !strings.Contains(got, "Rp12.000") {
		t.Errorf("tester = %d %q", p.Status, got)
	}
	p = site.Get("/ongkir?ke=tanjungsari+sumedang&berat=1000&belanja=50000")
	if got := webtest.Text(p.Body, "[role=status] .notice.warn"); got == "" {
		t.Errorf("tester of a place not served = %d %q", p.Status, webtest.Text(p.Body, "#tes"))
	}
	form = url.Values{"own": {"on"}, "kind": {"zones"}, "included": {"x"}, "zones.0.km": {"0"}, "zones.0.fee": {"abc"}}
	if p := site.Post("/ongkir", form); p.Status != 422 || len(webtest.In(p.Body, ".errors li")) == 0 {
		t.Errorf("a wrong form = %d", p.Status)
	}
	sc.Role = authz.Courier
	site.As.Set(sc)
	if p := site.Get("/ongkir"); p.Status != 403 {
		t.Errorf("/ongkir for a courier = %d, want 403", p.Status)
	}
}
