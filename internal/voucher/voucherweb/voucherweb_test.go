package voucherweb

import (
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/id"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
	"lapak/internal/web/webtest"
)

func TestPages(t *testing.T) {
	db, root := storetest.SQLite(t), make([]byte, 32)
	shops, err := business.New(db, account.New(db, root), root)
	if err != nil {
		t.Fatal(err)
	}
	vouchers, err := voucher.New(db, root)
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
	site := webtest.New(t, []fs.FS{Words}, nil, Routes(vouchers, shops))
	site.As.Set(sc)
	if p := site.Get("/voucher"); p.Status != 200 || webtest.Text(p.Body, "h2") == "" {
		t.Errorf("empty list = %d %s", p.Status, p.Body)
	}
	if p := site.Get("/voucher/baru"); p.Status != 200 {
		t.Errorf("new = %d", p.Status)
	}
	form := url.Values{"id": {id.New().String()}, "code": {"hemat 10"}, "kind": {"percent"}, "value": {"10"}, "cap": {"20.000"}, "each": {"1"}, "ends": {"2030-12-31"}, "active": {"on"}}
	if p := site.Post("/voucher", form); p.Status != 303 {
		t.Fatalf("save = %d %s", p.Status, webtest.Text(p.Body, ".errors"))
	}
	p := site.Get("/voucher")
	if got := webtest.Text(p.Body, "section.card"); !strings.Contains(got, "HEMAT10") || !strings.Contains(got, "10%") || !strings.Contains(got, "Rp20.000") {
		t.Errorf("list = %s", got)
	}
	if p := site.Get("/voucher/" + form.Get("id")); p.Status != 200 || !strings.Contains(p.Body, `value="2030-12-31"`) {
		t.Errorf("edit = %d", p.Status)
	}
	form.Set("id", id.New().String())
	if p := site.Post("/voucher", form); p.Status != 422 || webtest.Text(p.Body, ".field.wrong .error") == "" || !strings.Contains(p.Body, "HEMAT10") {
		t.Errorf("a taken code = %d", p.Status)
	}
	sc.Role, sc.Perms = authz.Staff, authz.StaffPerms
	site.As.Set(sc)
	if p := site.Get("/voucher"); p.Status != 403 {
		t.Errorf("list for staff = %d, want 403", p.Status)
	}
}
