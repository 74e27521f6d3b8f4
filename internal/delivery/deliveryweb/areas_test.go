package deliveryweb

import (
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// site is a shop's pages of delivery, with its owner at them.
type site struct {
	*webtest.Site
	db   *store.DB
	ways *delivery.Service
	sc   authz.Scope
}

func newSite(t *testing.T) site {
	t.Helper()
	db, root := storetest.SQLite(t), make([]byte, 32)
	shops, err := business.New(db, account.New(db, root), root)
	if err != nil {
		t.Fatal(err)
	}
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: db.Now(), ProvenAt: db.Now()}
	b, err := shops.Create(t.Context(), sc, business.NewShop{
		ID: id.New(), Name: "Dapur Bu Euis", Trade: "T1", Village: "32.04.25.2001", Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	s := site{db: db, ways: delivery.New(db, shops), sc: sc}
	s.Site = webtest.New(t, []fs.FS{Words, os.DirFS("../../order")}, func(o *web.Options) {
		o.Now = func() time.Time { return db.Now() }
	}, Routes(s.ways))
	s.As.Set(sc)
	return s
}

func (s site) put(t *testing.T, st delivery.Settings) {
	t.Helper()
	if err := s.ways.Put(t.Context(), s.sc, st); err != nil {
		t.Fatal(err)
	}
}

func (s site) areas(t *testing.T) map[string]delivery.Area {
	t.Helper()
	st, err := s.ways.Get(t.Context(), s.sc)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]delivery.Area{}
	for _, a := range st.Areas {
		all[a.Code] = a
	}
	return all
}

// send posts a form with a file.
func (s site) send(path, text string, fields url.Values) webtest.Page {
	return s.PostFiles(path, fields, webtest.File{Field: "file", Name: "ongkir.csv", Data: []byte(text)})
}

func TestAreasByFile(t *testing.T) {
	s := newSite(t)
	s.put(t, delivery.Settings{Pickup: true, Tariff: delivery.Tariff{Kind: delivery.Flat, Areas: []delivery.Area{{Code: "32.04.25", Fee: 5_000}, {Code: "32.04.26", Fee: 6_000}}}})
	file := "nama,ongkir,tutup\n\"Cicalengka, Kab. Bandung\",8.000,\nKota Bandung,,ya\nAtlantis,1,\n\"Tanjungsari\",2000,\n"
	p := s.send("/ongkir/berkas", file, nil)
	if p.Status != 200 {
		t.Fatalf("check = %d %s", p.Status, webtest.Text(p.Body, "main"))
	}
	bad := webtest.In(p.Body, "#baris-salah li")
	if len(bad) != 2 || !strings.Contains(bad[0], "Baris 4.") || !strings.Contains(bad[0], "Atlantis") || !strings.Contains(bad[1], "Baris 5.") || !strings.Contains(bad[1], "Kab. Sumedang") {
		t.Errorf("bad rows = %q", bad)
	}
	if got := webtest.Text(p.Body, "main"); !strings.Contains(got, "Kec. Cicalengka, Kab. Bandung Rp8.000") || !strings.Contains(got, "Kota Bandung, Jawa Barat Tidak diantar") {
		t.Errorf("what the file says = %q", got)
	}
	if len(s.areas(t)) != 2 {
		t.Fatalf("checking changed the list: %v", s.areas(t))
	}
	done := s.Post("/ongkir/berkas/pemasukan", webtest.Form(p.Body, `form[action="/ongkir/berkas/pemasukan"]`))
	if done.Status != 303 || done.Location() != "/ongkir/daerah" {
		t.Fatalf("take = %d %s", done.Status, webtest.Text(done.Body, "main"))
	}
	if got := s.areas(t); len(got) != 3 || got["32.04.25"].Fee != 8_000 || got["32.04.26"].Fee != 6_000 || !got["32.73"].Closed {
		t.Errorf("the list = %v", got)
	}
	// In place of the list, and what is given out is taken in again as it is.
	p = s.send("/ongkir/berkas", file, url.Values{"replace": {"on"}})
	if done := s.Post("/ongkir/berkas/pemasukan", webtest.Form(p.Body, `form[action="/ongkir/berkas/pemasukan"]`)); done.Status != 303 {
		t.Fatalf("replace = %d", done.Status)
	}
	if got := s.areas(t); len(got) != 2 || got["32.04.26"].Code != "" {
		t.Errorf("the list in its place = %v", got)
	}
	out := s.Get("/ongkir/berkas/daftar.csv")
	if out.Status != 200 || !strings.Contains(out.Body, "32.73,") {
		t.Fatalf("download = %d %q", out.Status, out.Body)
	}
	if p := s.send("/ongkir/berkas", out.Body, nil); len(webtest.In(p.Body, ".notice.ok")) != 1 {
		t.Errorf("its own file = %q", webtest.Text(p.Body, "main"))
	}
	for _, path := range []string{"/ongkir/berkas/contoh.xlsx", "/ongkir/berkas/contoh.csv", "/ongkir/berkas/daftar.xlsx"} {
		if p := s.Get(path); p.Status != 200 || !strings.Contains(p.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s = %d", path, p.Status)
		}
	}
	if p := s.Get("/ongkir/berkas/lain.csv"); p.Status != 404 {
		t.Errorf("another file = %d", p.Status)
	}
	for name, text := range map[string]string{"nothing": "", "no table": "halo\n", "an old format": "\xd0\xcf\x11\xe0aaaaaaaaaaaaaaaa"} {
		if p := s.send("/ongkir/berkas", text, nil); p.Status != 422 || len(webtest.In(p.Body, ".errors li")) == 0 {
			t.Errorf("%s = %d", name, p.Status)
		}
	}
	if p := s.Post("/ongkir/berkas/pemasukan", url.Values{"rows": {"99.99 1\n"}}); p.Status != 422 {
		t.Errorf("a made-up row = %d", p.Status)
	}
	if p := s.Post("/ongkir/berkas/pemasukan", url.Values{"rows": {"oops"}}); p.Status != 422 {
		t.Errorf("no row = %d", p.Status)
	}
}

// A list of two thousand is grouped, and each of its pages stays small.
func TestManyAreas(t *testing.T) {
	s := newSite(t)
	st := delivery.Settings{Pickup: true, Tariff: delivery.Tariff{Kind: delivery.Flat}}
	for _, r := range region.Children("32") {
		for _, d := range region.Children(r.Code) {
			for _, v := range region.Children(d.Code) {
				if len(st.Areas) < delivery.MaxAreas {
					st.Areas = append(st.Areas, delivery.Area{Code: v.Code, Fee: 9_000})
				}
			}
		}
	}
	if len(st.Areas) != delivery.MaxAreas {
		t.Fatalf("void: %d areas", len(st.Areas))
	}
	s.put(t, st)
	for _, path := range []string{"/ongkir", "/ongkir/daerah", "/ongkir/daerah?di=32.01", "/ongkir/daerah?q=cisarua", "/ongkir/berkas"} {
		if p := s.Get(path); p.Status != 200 || len(p.Body) > 64<<10 {
			t.Errorf("%s = %d, %d bytes", path, p.Status, len(p.Body))
		}
	}
	if got := webtest.In(s.Get("/ongkir/daerah").Body, "main a.row"); len(got) < 3 || !strings.Contains(got[0], "Kab. Bogor") {
		t.Errorf("groups = %q", got)
	}
	p := s.Get("/ongkir/daerah?di=32.01&hal=2")
	f := webtest.Form(p.Body, `form[method="post"][action="/ongkir/daerah"]`)
	changed, dropped := f.Get("areas.0.code"), f.Get("areas.1.code")
	f.Set("areas.0.fee", "11.000")
	f.Set("areas.1.drop", "on")
	done := s.Post("/ongkir/daerah", f)
	if done.Status != 303 || done.Location() != "/ongkir/daerah?di=32.01&hal=2" {
		t.Fatalf("save = %d %q %s", done.Status, done.Location(), webtest.Text(done.Body, ".errors"))
	}
	got := s.areas(t)
	if len(got) != delivery.MaxAreas-1 || got[changed].Fee != 11_000 || got[dropped].Code != "" {
		t.Errorf("%d areas, %v, %v", len(got), got[changed], got[dropped])
	}
	f.Set("areas.0.fee", "sebelas")
	if p := s.Post("/ongkir/daerah", f); p.Status != 422 || !strings.Contains(p.Body, "sebelas") {
		t.Errorf("a wrong fee = %d", p.Status)
	}
	// Saving the rules leaves the list alone.
	if p := s.Post("/ongkir", webtest.Form(s.Get("/ongkir").Body, `form[action="/ongkir"]`)); p.Status != 303 {
		t.Fatalf("save rules = %d %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	if got := s.areas(t); len(got) != delivery.MaxAreas-1 {
		t.Errorf("%d areas after the rules were saved", len(got))
	}
}

func TestScheduleAndTester(t *testing.T) {
	s := newSite(t)
	s.db.Now = func() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.FixedZone("WIB", 7*3600)) }
	form := url.Values{
		"own": {"on"}, "kind": {"zones"}, "included": {"2"}, "perkg": {"1.500"}, "tolerance": {"300"}, "divisor": {"6.000"},
		"zones.0.km": {"1"}, "zones.0.fee": {"3.000"}, "zones.1.km": {"60"}, "zones.1.fee": {"9.000"},
		"day.1": {"on"}, "day.2": {"on"}, "hours.0.from": {"14:00"}, "hours.0.until": {"17:00"}, "hours.0.most": {"5"}, "cutoff": {"11:00"}, "perday": {"8"},
	}
	if p := s.Post("/ongkir", form); p.Status != 303 {
		t.Fatalf("save = %d %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	again := webtest.Form(s.Get("/ongkir").Body, `form[action="/ongkir"]`)
	for _, name := range []string{"day.1", "hours.0.from", "hours.0.until", "hours.0.most", "cutoff", "perday", "zones.1.km"} {
		if again.Get(name) != form.Get(name) {
			t.Errorf("%s = %q, want %q", name, again.Get(name), form.Get(name))
		}
	}
	if again.Has("day.3") || again.Has("day_before") {
		t.Errorf("ticked: %v", again)
	}
	ask := func(q string) string {
		p := s.Get("/ongkir?ke=tanjungsari+sumedang&belanja=50.000&" + q)
		if p.Status != 200 {
			t.Fatalf("tester = %d", p.Status)
		}
		return webtest.Text(p.Body, "[role=status]")
	}
	for q, want := range map[string][]string{
		"berat=3301":                     {"Rp12.000", "Besok, Sel 1 Des, 14.00–17.00", "zona 2 (sampai 60 km", "3,3 kg dihitung 4 kg", "2 kg pertama termasuk", "2 kg tambahan x Rp1.500 = Rp3.000"},
		"berat=500&ukuran=40+x+30+x+20":  {"Rp12.000", "ukuran paket lebih berat dari timbangan: 4 kg (dibagi 6.000)", "2 kg tambahan"},
		"berat=500&ukuran=40+x+30+x+nol": {"Rp9.000", "2 kg pertama termasuk"},
	} {
		got := ask(q)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q, want %q in it", q, got, w)
			}
		}
	}
	form.Set("steps.0.kg", "2")
	form.Set("steps.0.extra", "0")
	form.Set("steps.1.kg", "5")
	form.Set("steps.1.extra", "4.000")
	form.Set("free", "100.000")
	if p := s.Post("/ongkir", form); p.Status != 303 {
		t.Fatalf("save = %d %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	if got := ask("berat=3301"); !strings.Contains(got, "Rp13.000") || !strings.Contains(got, "tahap sampai 5 kg: tambah Rp4.000") {
		t.Errorf("steps: %q", got)
	}
	if got := webtest.Text(s.Get("/ongkir?ke=tanjungsari+sumedang&belanja=100.000&berat=1").Body, "[role=status]"); !strings.Contains(got, "gratis karena belanja mulai Rp100.000") {
		t.Errorf("free: %q", got)
	}
	for field, value := range map[string]string{"hours.0.until": "13:00", "cutoff": "x", "steps.1.extra": "-1", "divisor": "6", "perday": "99.999"} {
		f := url.Values{}
		for k, v := range form {
			f[k] = v
		}
		f.Set(field, value)
		if p := s.Post("/ongkir", f); p.Status != 422 || len(webtest.In(p.Body, ".errors li")) == 0 {
			t.Errorf("%s = %q: %d", field, value, p.Status)
		}
	}
}
