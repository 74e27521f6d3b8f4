package stockweb

import (
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

type stall struct {
	*webtest.Site
	sc    authz.Scope
	goods *catalog.Service
	stock *stock.Service
}

func newStall(t *testing.T) *stall {
	t.Helper()
	db := storetest.SQLite(t)
	goods := catalog.New(db, new(business.Service), blob.New(db))
	levels := stock.New(db, goods)
	goods.OnStock = levels.Set
	s := &stall{goods: goods, stock: levels}
	s.sc = authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: time.Now()}
	names := func(_ context.Context, _ authz.Scope, people []id.ID) (map[id.ID]string, error) {
		all := map[id.ID]string{}
		for _, p := range people {
			all[p] = "Bu Euis"
		}
		return all, nil
	}
	s.Site = webtest.New(t, []fs.FS{Words}, nil, Routes(levels, names))
	s.As.Set(s.sc)
	return s
}

func (s *stall) product(t *testing.T, title, shelf string, n int64) id.ID {
	t.Helper()
	v := id.New()
	_, err := s.goods.Create(t.Context(), s.sc, catalog.Form{
		ID: v, Edit: v, Title: title, Shelf: shelf, Publish: true,
		Variants: []catalog.VariantForm{{ID: v, Price: 10_000, Tracked: true, Stock: &n}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func with(v url.Values, fields ...string) url.Values {
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v
}

func TestListLowFirst(t *testing.T) {
	s := newStall(t)
	if p := s.Get("/stok"); p.Status != http.StatusOK || webtest.Text(p.Body, ".empty h2") == "" {
		t.Errorf("empty: %d", p.Status)
	}
	s.product(t, "Banyak", "Rak A", 50)
	s.product(t, "Sedikit", "Rak B", 1)
	p := s.Get("/stok")
	rows := webtest.In(p.Body, "#levels > li")
	if len(rows) != 2 || !strings.Contains(rows[0], "Sedikit") || !strings.Contains(rows[0], "Stok menipis") || strings.Contains(rows[1], "menipis") {
		t.Errorf("rows %q", rows)
	}
	if rows := webtest.In(s.Get("/stok?tampil=menipis").Body, "#levels > li"); len(rows) != 1 {
		t.Errorf("low ones %q", rows)
	}
	if rows := webtest.In(s.Get("/stok?q=rak+a").Body, "#levels > li"); len(rows) != 1 || !strings.Contains(rows[0], "Banyak") {
		t.Errorf("found %q", rows)
	}
}

func TestReceiveCorrectAndRules(t *testing.T) {
	s := newStall(t)
	v := s.product(t, "Kopi", "", 10)
	path := "/stok/" + v.String()
	p := s.Get(path)
	in := with(webtest.Form(p.Body, `form[action$="/masuk"]`), "quantity", "x", "note", "dari dapur")
	if p := s.Post(path+"/masuk", in); p.Status != http.StatusUnprocessableEntity || webtest.Attr(p.Body, "#quantity", "value") != "x" || webtest.Attr(p.Body, "#note", "value") != "dari dapur" {
		t.Errorf("wrong input: %d, kept %q", p.Status, webtest.Attr(p.Body, "#quantity", "value"))
	}
	in.Set("quantity", "5")
	for range 2 {
		if p := s.Post(path+"/masuk", in); p.Status != http.StatusSeeOther {
			t.Fatalf("receive: %d %s", p.Status, webtest.Text(p.Body, ".errors"))
		}
	}
	out := with(webtest.Form(s.Get(path).Body, `form[action$="/koreksi"]`), "actual", "12", "reason", "damaged")
	if p := s.Post(path+"/koreksi", out); p.Status != http.StatusSeeOther {
		t.Fatalf("correct: %d", p.Status)
	}
	p = s.Get(path)
	if moves := webtest.In(p.Body, "#moves > li"); len(moves) != 3 || !strings.Contains(moves[0], "Rusak") || !strings.Contains(moves[0], "-3") || !strings.Contains(moves[1], "Bu Euis") || !strings.Contains(moves[1], "dari dapur") {
		t.Errorf("moves %q", moves)
	}
	rule := with(webtest.Form(p.Body, `form[action$="/aturan"]`), "kind", "keep", "amount", "2", "warn", "")
	if p := s.Follow(s.Post(path+"/aturan", rule)); !strings.HasPrefix(webtest.Text(p.Body, ".stats"), "Tersedia 10") {
		t.Errorf("after keeping two back: %s", webtest.Text(p.Body, ".stats"))
	}
}

func TestCountOnThePhone(t *testing.T) {
	s := newStall(t)
	s.product(t, "Teh", "Rak A", 20)
	s.product(t, "Gula", "Rak B", 20)
	helper := s.sc
	helper.Actor, helper.Role, helper.Perms = id.New(), authz.Staff, []authz.Perm{authz.PermStock}
	s.As.Set(helper)
	form := with(webtest.Form(s.Get("/stok/hitung").Body, `form[action="/stok/hitung"]`), "shelf", "Rak A")
	p := s.Post("/stok/hitung", form)
	path := p.Location()
	p = s.Follow(p)
	if lines := webtest.In(p.Body, "#lines > li"); len(lines) != 1 || strings.Contains(webtest.Text(p.Body, "main"), "20") {
		t.Errorf("lines %q: %s", lines, webtest.Text(p.Body, "main"))
	}
	one := webtest.Form(p.Body, "#count")
	if p := s.Post(path+"/baris", with(one, "counted", "")); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("nothing counted: %d", p.Status)
	}
	s.Post(path+"/baris", with(one, "counted", "5"))
	if p := s.Follow(s.Post(path+"/selesai", nil)); !strings.Contains(webtest.Text(p.Body, "main"), "Menunggu persetujuan") || !strings.Contains(webtest.Text(p.Body, "#differences"), "-15") {
		t.Errorf("15 missing: %s", webtest.Text(p.Body, "main"))
	}
	if p := s.Post(path+"/setuju", nil); p.Status != http.StatusForbidden {
		t.Errorf("a helper approves: %d", p.Status)
	}
	s.As.Set(s.sc)
	if p := s.Follow(s.Post(path+"/setuju", nil)); !strings.Contains(webtest.Text(p.Body, "main"), "sudah dicatat") {
		t.Errorf("approved: %s", webtest.Text(p.Body, "main"))
	}
	if rows := webtest.In(s.Get("/stok?q=teh").Body, "#levels > li"); len(rows) != 1 || !strings.Contains(rows[0], "5 di rak") {
		t.Errorf("level %q", rows)
	}
}

func TestOthersAreMissing(t *testing.T) {
	s := newStall(t)
	v := s.product(t, "Milik A", "", 3)
	other := s.sc
	other.Actor, other.Business = id.New(), id.New()
	s.As.Set(other)
	for _, path := range []string{"/stok/" + v.String(), "/stok/" + id.New().String(), "/stok/hitung/" + id.New().String()} {
		if p := s.Get(path); p.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
	if p := s.Post("/stok/"+v.String()+"/masuk", url.Values{"id": {id.New().String()}, "quantity": {"1"}, "reason": {"made"}}); p.Status != http.StatusNotFound {
		t.Errorf("receive: %d", p.Status)
	}
	courier := s.sc
	courier.Role = authz.Courier
	s.As.Set(courier)
	if p := s.Get("/stok"); p.Status != http.StatusForbidden {
		t.Errorf("a courier: %d", p.Status)
	}
}
