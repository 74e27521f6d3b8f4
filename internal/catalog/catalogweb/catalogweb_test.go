package catalogweb

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/blob/blobweb"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/label"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// stall is a site with one shop's pages, and its owner signed in.
type stall struct {
	*webtest.Site
	db    *store.DB
	sc    authz.Scope
	goods *catalog.Service
	stock *stock.Service
}

func newStall(t *testing.T) *stall {
	t.Helper()
	db := storetest.SQLite(t)
	blobs := blob.New(db)
	goods := catalog.New(db, new(business.Service), blobs)
	levels := stock.New(db, goods)
	goods.OnStock = levels.Set
	s := &stall{db: db, goods: goods, stock: levels}
	s.Site = webtest.New(t, []fs.FS{Words, label.Words}, nil, Routes(goods, levels, blobs), blobweb.Routes(blobs))
	s.sc = authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: time.Now()}
	s.As.Set(s.sc)
	return s
}

func picture(t *testing.T) []byte {
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

// fresh is the form of a new product as it comes, with the fields given.
func (s *stall) fresh(t *testing.T, fields ...string) url.Values {
	t.Helper()
	p := s.Get("/produk/baru")
	if p.Status != http.StatusOK {
		t.Fatalf("the form answers %d: %s", p.Status, webtest.Text(p.Body, "main"))
	}
	return with(webtest.Form(p.Body, "#produk"), fields...)
}

func with(v url.Values, fields ...string) url.Values {
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v
}

// add makes a product and returns its page.
func (s *stall) add(t *testing.T, fields ...string) (path string, page webtest.Page) {
	t.Helper()
	p := s.PostFiles("/produk", s.fresh(t, append([]string{"step", "simpan"}, fields...)...))
	if p.Status != http.StatusSeeOther {
		t.Fatalf("create answers %d: %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	return p.Location(), s.Follow(p)
}

func TestAddWithTheCamera(t *testing.T) {
	s := newStall(t)
	v := s.fresh(t, "title", "Keripik Singkong", "variants.0.price", "Rp 18.000", "variants.0.stock", "24", "step", "simpan")
	p := s.PostFiles("/produk", v, webtest.File{Field: "camera", Name: "../../IMG.jpg", Data: picture(t)})
	if p.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	if twice := s.PostFiles("/produk", v); twice.Location() != p.Location() {
		t.Errorf("sent twice it leads to %q and %q", p.Location(), twice.Location())
	}
	list := s.Get("/produk")
	if rows := webtest.In(list.Body, "#products > li"); len(rows) != 1 || !strings.Contains(rows[0], "Rp18.000") || !strings.Contains(rows[0], "Sisa 24") {
		t.Fatalf("list = %q", rows)
	}
	src := webtest.Attr(list.Body, "#products img", "src")
	photo := s.Get(src)
	if photo.Status != http.StatusOK || photo.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(photo.Header.Get("Cache-Control"), "immutable") || photo.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s: %d %v", src, photo.Status, photo.Header)
	}
	if len(photo.Body) > 15_000 {
		t.Errorf("a list photo of %d bytes", len(photo.Body))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+src, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-None-Match", photo.Header.Get("ETag"))
	if again := s.Do(req); again.Status != http.StatusNotModified {
		t.Errorf("asked again: %d", again.Status)
	}
	other := strings.Replace(src, s.sc.Business.String(), id.New().String(), 1)
	if p := s.Get(other); p.Status != http.StatusNotFound {
		t.Errorf("a photo under another business: %d", p.Status)
	}
}

func TestWrongFormKeepsWhatWasTypedAndThePhoto(t *testing.T) {
	s := newStall(t)
	v := s.fresh(t, "title", "", "variants.0.price", "lima ribu", "about", "Enak sekali", "min", "3", "max", "2", "step", "simpan")
	p := s.PostFiles("/produk", v, webtest.File{Field: "foto", Name: "a.jpg", Data: picture(t)}, webtest.File{Field: "foto", Name: "b.jpg", Data: []byte("<svg>")})
	if p.Status != http.StatusUnprocessableEntity || webtest.Text(p.Body, ".errors a") != "Pilih foto JPEG, PNG, atau WebP." {
		t.Fatalf("status %d: %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	again := webtest.Form(p.Body, "#produk")
	if again.Get("variants.0.price") != "lima ribu" || again.Get("about") != "Enak sekali" || again.Get("photos.0.id") == "" || again.Get("id") != v.Get("id") {
		t.Errorf("kept %v", again)
	}
	again.Set("step", "simpan")
	p = s.PostFiles("/produk", again)
	if n := len(webtest.In(p.Body, ".errors li")); p.Status != http.StatusUnprocessableEntity || n != 3 {
		t.Errorf("status %d, %d faults: %s", p.Status, n, webtest.Text(p.Body, ".errors"))
	}
	for _, href := range []string{"title", "variants.0.price", "max"} {
		if webtest.Attr(p.Body, `.errors a[href="#`+href+`"]`, "href") == "" {
			t.Errorf("the summary does not lead to %s", href)
		}
		if webtest.Attr(p.Body, `[id="`+href+`"]`, "aria-invalid") != "true" {
			t.Errorf("%s is not marked", href)
		}
	}
	p = s.PostFiles("/produk", with(again, "title", "Bolu", "variants.0.price", "35000", "max", "9"))
	if p.Status != http.StatusSeeOther {
		t.Fatalf("mended: %d %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	if p = s.Follow(p); len(webtest.In(p.Body, ".upload img")) != 1 {
		t.Error("the photo is lost")
	}
}

func TestVariantsWithoutScript(t *testing.T) {
	s := newStall(t)
	v := s.fresh(
		t, "title", "Kaus", "variants.0.price", "50000", "variants.0.stock", "4",
		"options.0.name", "Ukuran", "options.0.values", "M, L", "options.1.name", "Warna", "options.1.values", "Hitam, Putih", "step", "varian",
	)
	p := s.PostFiles("/produk", v)
	if rows := webtest.In(p.Body, "#daftar-varian legend"); p.Status != http.StatusOK || len(rows) != 4 || rows[0] != "M, Hitam" {
		t.Fatalf("status %d, variants %q", p.Status, rows)
	}
	v = webtest.Form(p.Body, "#produk")
	if v.Get("variants.3.price") != "50.000" || v.Get("variants.0.stock") != "4" {
		t.Errorf("the first price is not carried over: %v", v)
	}
	p = s.PostFiles("/produk", with(v, "variants.3.price", "55.000", "variants.2.off", "on", "variants.1.stock", "7", "step", "simpan"))
	if p.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	path := p.Location()
	p = s.Follow(p)
	if rows := webtest.In(p.Body, "#daftar-varian legend"); len(rows) != 3 {
		t.Errorf("variants %q, want the one switched off gone", rows)
	}
	// A value more adds its variants without a detour, and the one that was
	// switched off stays away.
	v = with(webtest.Form(p.Body, "#produk"), "options.0.values", "M, L, XL", "step", "simpan")
	p = s.Follow(s.PostFiles(path, v))
	if rows := webtest.In(p.Body, "#daftar-varian legend"); strings.Join(rows, ";") != "M, Hitam;M, Putih;L, Putih;XL, Hitam;XL, Putih" {
		t.Errorf("variants %q", rows)
	}
	if v = webtest.Form(p.Body, "#produk"); v.Get("variants.1.stock") != "7" || v.Get("variants.1.seen") != "7" {
		t.Errorf("stock %q, seen %q", v.Get("variants.1.stock"), v.Get("variants.1.seen"))
	}
}

func TestEditBooksStockOnce(t *testing.T) {
	s := newStall(t)
	path, p := s.add(t, "title", "Opak", "variants.0.price", "9000", "variants.0.stock", "10")
	v := with(webtest.Form(p.Body, "#produk"), "variants.0.stock", "16", "title", "Opak Bakar", "step", "simpan")
	for range 2 {
		if p := s.PostFiles(path, v); p.Status != http.StatusSeeOther {
			t.Fatalf("status %d: %s", p.Status, webtest.Text(p.Body, ".errors"))
		}
	}
	p = s.Get(path)
	if got := webtest.Form(p.Body, "#produk"); got.Get("variants.0.stock") != "16" || got.Get("title") != "Opak Bakar" {
		t.Errorf("after saving twice: %v", got)
	}
	if broken, err := store.CheckInvariants(t.Context(), s.db, append(append([]store.Invariant{}, stock.Invariants...), catalog.Invariants...)); err != nil || len(broken) > 0 {
		t.Errorf("CheckInvariants = %v, %v", broken, err)
	}
}

func TestPhotoStepsWithoutScript(t *testing.T) {
	s := newStall(t)
	v := s.fresh(t, "title", "Batik", "variants.0.price", "150000", "step", "foto")
	one, two := webtest.File{Field: "foto", Name: "1.jpg", Data: picture(t)}, webtest.File{Field: "foto", Name: "2.jpg", Data: picture(t)}
	p := s.PostFiles("/produk", v, one, two)
	v = webtest.Form(p.Body, "#produk")
	first, second := v.Get("photos.0.id"), v.Get("photos.1.id")
	if p.Status != http.StatusOK || first == "" || second == "" {
		t.Fatalf("status %d, photos %q %q", p.Status, first, second)
	}
	p = s.PostFiles("/produk", with(v, "step", "majukan-foto:1"))
	if v = webtest.Form(p.Body, "#produk"); v.Get("photos.0.id") != second {
		t.Errorf("first is %s, want %s", v.Get("photos.0.id"), second)
	}
	p = s.PostFiles("/produk", with(v, "step", "hapus-foto:1"))
	if v = webtest.Form(p.Body, "#produk"); v.Get("photos.0.id") != second || v.Has("photos.1.id") {
		t.Errorf("photos %v", v)
	}
}

func TestQuickAndStates(t *testing.T) {
	s := newStall(t)
	path, _ := s.add(t, "title", "Dodol", "variants.0.price", "20000", "variants.0.stock", "5")
	p := s.Get("/produk")
	v := webtest.Form(p.Body, `form[action$="/cepat"]`)
	if p = s.Post(path+"/cepat", with(v, "price", "22.500", "stock", "8")); p.Status != http.StatusSeeOther {
		t.Fatalf("quick answers %d", p.Status)
	}
	p = s.Follow(p)
	if row := webtest.Text(p.Body, "#products .row"); !strings.Contains(row, "Rp22.500") || !strings.Contains(row, "Sisa 8") {
		t.Errorf("row %q", row)
	}
	if p = s.Follow(s.Post(path+"/cepat", with(v, "price", "gratis"))); !strings.Contains(p.Body, "Isi harga dengan angka") {
		t.Errorf("a wrong price is not told of: %s", webtest.Text(p.Body, "main"))
	}
	for _, step := range []struct{ act, tab string }{{"sembunyi", "draf"}, {"arsip", "arsip"}, {"tayang", "tampil"}} {
		if p := s.Post(path+"/"+step.act, nil); p.Status != http.StatusSeeOther {
			t.Errorf("%s answers %d", step.act, p.Status)
		}
		if p := s.Get("/produk?tampil=" + step.tab); len(webtest.In(p.Body, "#products > li")) != 1 {
			t.Errorf("after %s it is not among %s", step.act, step.tab)
		}
	}
	c := s.Post(path+"/salinan", url.Values{"copy": {id.New().String()}})
	if title := webtest.Attr(s.Follow(c).Body, "#title", "value"); title != "Salinan Dodol" {
		t.Errorf("the copy is called %q", title)
	}
}

func TestCategoriesPage(t *testing.T) {
	s := newStall(t)
	s.add(t, "title", "A", "variants.0.price", "1000", "category", "Camilan")
	s.add(t, "title", "B", "variants.0.price", "1000", "category", "Minuman")
	p := s.Get("/kategori")
	action := webtest.Attr(p.Body, `#categories li:nth-child(2) form[action$="/nama"]`, "action")
	p = s.Post(action, url.Values{"name": {"camilan"}})
	if p.Status != http.StatusUnprocessableEntity || webtest.Attr(p.Body, "#name", "value") != "camilan" {
		t.Errorf("status %d, kept %q", p.Status, webtest.Attr(p.Body, "#name", "value"))
	}
	if p = s.Follow(s.Post(strings.Replace(action, "/nama", "/urutan", 1), url.Values{"ke": {"atas"}})); webtest.Attr(p.Body, "#categories input[name=name]", "value") != "Minuman" {
		t.Error("the second category did not move up")
	}
	if p = s.Follow(s.Post(strings.Replace(action, "/nama", "/hapus", 1), nil)); len(webtest.In(p.Body, "#categories > li")) != 1 {
		t.Error("the category is still there")
	}
}

func TestWhoMayWhat(t *testing.T) {
	s := newStall(t)
	path, _ := s.add(t, "title", "Rahasia A", "variants.0.price", "1000")
	other := s.sc
	other.Actor, other.Business = id.New(), id.New()
	s.As.Set(other)
	theirs, missing := s.Get(path), s.Get("/produk/"+id.New().String())
	if theirs.Status != http.StatusNotFound || missing.Status != http.StatusNotFound {
		t.Errorf("another's product answers %d, a missing one %d", theirs.Status, missing.Status)
	}
	if p := s.Post(path+"/arsip", nil); p.Status != http.StatusNotFound {
		t.Errorf("archive another's: %d", p.Status)
	}
	helper := s.sc
	helper.Role, helper.Perms = authz.Staff, []authz.Perm{authz.PermOrders}
	s.As.Set(helper)
	if p := s.Get(path); p.Status != http.StatusOK || len(webtest.In(p.Body, "main form")) != 0 {
		t.Errorf("a helper with orders: %d, %d forms", p.Status, len(webtest.In(p.Body, "main form")))
	}
	for _, act := range []string{"", "/arsip", "/cepat"} {
		if p := s.Post(path+act, nil); p.Status != http.StatusForbidden {
			t.Errorf("POST %s: %d", act, p.Status)
		}
	}
	s.As.Set(authz.Scope{})
	if p := s.Get("/produk"); p.Status != http.StatusUnauthorized && p.Status != http.StatusSeeOther {
		t.Errorf("a guest: %d", p.Status)
	}
}
