package customerweb

import (
	"context"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

func TestPages(t *testing.T) {
	db := storetest.SQLite(t)
	s, err := customer.New(db, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	sc := authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: db.Now(), ProvenAt: db.Now()}
	var c customer.Customer
	err = db.Tx(t.Context(), sc, func(tx *store.Tx) (err error) {
		if c, err = s.Find(t.Context(), tx, sc, "+6281234567890", "Rini"); err != nil {
			return err
		}
		if err := s.Consent(t.Context(), tx, sc, c.ID, "web"); err != nil {
			return err
		}
		return s.Ordered(t.Context(), tx, sc, c.ID, tx.Now, &customer.Address{Village: "32.11.01.2001", Street: "Jl. Puspa 8"})
	})
	if err != nil {
		t.Fatal(err)
	}
	orders := func(context.Context, authz.Scope, id.ID) ([]OrderLine, error) {
		return []OrderLine{{Path: "/pesanan/x", Code: "LPK-0001", Brief: "Keripik", State: "Selesai", Total: 18_000, At: db.Now()}}, nil
	}
	shop := func(context.Context, authz.Scope) (string, error) { return "Dapur Bu Euis", nil }
	site := webtest.New(t, []fs.FS{Words}, nil, Routes(s, orders, shop))
	site.As.Set(sc)
	at := "/pelanggan/" + c.ID.String()
	for _, path := range []string{"/pelanggan", "/pelanggan?q=rin", "/pelanggan?kelompok=promo", "/pelanggan?kelompok=new"} {
		if p := site.Get(path); p.Status != 200 || !strings.Contains(webtest.Text(p.Body, "tbody"), "Rini") {
			t.Errorf("%s = %d %s", path, p.Status, webtest.Text(p.Body, "main"))
		}
	}
	if p := site.Get("/pelanggan?q=siapa"); p.Status != 200 || webtest.Text(p.Body, ".empty") == "" {
		t.Errorf("nobody found = %d", p.Status)
	}
	if p := site.Get(at); p.Status != 200 || !strings.Contains(p.Body, "LPK-0001") || !strings.Contains(p.Body, "wa.me/6281234567890") || !strings.Contains(p.Body, "Jl. Puspa 8") {
		t.Errorf("one customer = %d", p.Status)
	}
	if p := site.Get(at + "/ubah"); p.Status != 200 {
		t.Errorf("edit = %d", p.Status)
	}
	if p := site.Post(at, url.Values{"name": {""}, "phone": {"08"}, "note": {"pedas"}}); p.Status != 422 || len(webtest.In(p.Body, ".errors li")) != 2 || !strings.Contains(p.Body, "pedas") {
		t.Errorf("a wrong form = %d %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	if p := site.Post(at, url.Values{"name": {"Rini A."}, "phone": {"081234567890"}, "tags": {"tetap"}}); p.Status != 303 {
		t.Errorf("save = %d", p.Status)
	}
	if p := site.Post(at+"/salinan", nil); p.Status != 200 || !strings.Contains(p.Body, "Rini A.") || !strings.Contains(p.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("copy = %d", p.Status)
	}
	stop := s.StopPath(sc, c.ID)
	staff := sc
	staff.Role, staff.Perms = authz.Staff, []authz.Perm{authz.PermOrders}
	site.As.Set(staff)
	if p := site.Get("/pelanggan"); p.Status != 403 {
		t.Errorf("list for a helper without the permission = %d, want 403", p.Status)
	}
	site.As.Set(authz.Scope{})
	if p := site.Get(stop); p.Status != 200 || len(webtest.In(p.Body, "form button")) == 0 || strings.Contains(p.Body, "Rini") {
		t.Errorf("stop page = %d", p.Status)
	}
	if p := site.Post(stop, nil); p.Status != 200 || webtest.Text(p.Body, ".notice.ok") == "" {
		t.Errorf("stop = %d", p.Status)
	}
	if p := site.Get("/berhenti/aaaaaaaaaaaaaaaaaaaaaaaaaa"); p.Status != 404 {
		t.Errorf("a wrong stop link = %d, want 404", p.Status)
	}
	other := sc
	other.Business = id.New()
	site.As.Set(other)
	if p := site.Get(at); p.Status != 404 {
		t.Errorf("another shop's customer = %d, want 404", p.Status)
	}
	site.As.Set(sc)
	if p := site.Post(at+"/penghapusan", nil); p.Status != 422 {
		t.Errorf("erase without the tick = %d, want 422", p.Status)
	}
	if p := site.Post(at+"/penghapusan", url.Values{"sure": {"on"}}); p.Status != 303 {
		t.Errorf("erase = %d", p.Status)
	}
	if p := site.Get(at); p.Status != 200 || strings.Contains(p.Body, "Rini") || strings.Contains(p.Body, "81234567890") {
		t.Errorf("an erased customer = %d", p.Status)
	}
}
