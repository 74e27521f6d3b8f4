package app_test

import (
	"net/http"
	"testing"

	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// slipped are fields that no form has, and that nobody may set.
var slipped = map[string]string{
	"state": "done", "total": "1", "goods": "1", "price": "1", "lines.0.price": "1", "shipping": "0", "discount": "99999", "paid": "99999", "code": "7", "pay_state": "paid",
	"number": "77", "courier": "00000000-0000-7000-8000-000000000001", "courier_id": "00000000-0000-7000-8000-000000000001", "placed_by": "00000000-0000-7000-8000-000000000001",
	"role": "admin", "perms": "money", "used": "100", "on_hand": "1000000", "reserved": "-5", "allowance": "10000", "hold_until": "2099-01-01", "revision": "9", "slug": "lain",
}

// What a form does not ask for cannot be set by it.
func TestOtherFieldsAreIgnored(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh, other := s.shop(t, "Dapur Bu Euis", 20), s.shop(t, "Warung Pak Asep", 20)
		before := s.fingerprint(t, other.sc.Business)
		slip := func(f map[string][]string) map[string][]string {
			for k, v := range slipped {
				if _, asked := f[k]; !asked {
					f[k] = []string{v}
				}
			}
			f["business_id"], f["business"] = []string{other.sc.Business.String()}, []string{other.sc.Business.String()}
			return f
		}
		buyer := s.person(t)
		f := slip(buyer.fillCheckout(sh, "1", "Rina", "081311110000"))
		f["channel"], f["deferred"], f["cash"] = []string{"counter"}, []string{"on"}, []string{"1"}
		o := orderOf(t, s, buyer.want(buyer.Post(sh.at("/pesan"), f), http.StatusSeeOther).Location())
		if o.Business != sh.sc.Business || o.State != order.Placed || o.Channel != order.Web || o.Total != 23_000 || o.Paid != 0 || o.Discount != 0 || !o.Courier.IsZero() || o.Allowance != 0 {
			t.Errorf("an order took what its form does not ask for: %+v", o)
		}
		f = slip(sh.fill(sh.see("/pesanan/baru?jenis=kasir"), "/pesanan", "q."+sh.variant.String(), "1", "cash", "20.000"))
		sh.want(sh.Post("/pesanan", f), http.StatusSeeOther)
		if n := s.one(t, sh.job(), `SELECT count(*) FROM orders WHERE business_id = $1 AND total = 18000 AND channel = 'counter'`, sh.sc.Business); n != 1 {
			t.Error("the counter's order is not as its form said")
		}
		f = slip(sh.fill(sh.see("/voucher/baru"), "/voucher", "code", "HEMAT", "kind", "amount", "value", "2.000"))
		sh.want(sh.Post("/voucher", f), http.StatusSeeOther)
		if n := s.one(t, sh.job(), `SELECT used FROM vouchers WHERE business_id = $1`, sh.sc.Business); n != 0 {
			t.Errorf("the voucher counts %d uses", n)
		}
		at := "/stok/" + sh.variant.String()
		f = slip(sh.fill(sh.see(at), at+"/masuk", "quantity", "2"))
		sh.want(sh.Post(at+"/masuk", f), http.StatusSeeOther)
		if n := s.free(t, sh); n != 20 { // 20 and 2, less the two ordered
			t.Errorf("%d free, want 20", n)
		}
		f = slip(sh.fill(sh.see("/akun"), "/akun/nama", "name", "Euis"))
		sh.want(sh.Post("/akun/nama", f), http.StatusSeeOther)
		if p := sh.Get("/admin"); p.Status == http.StatusOK {
			t.Error("a form made its sender an admin")
		}
		for table, sum := range s.fingerprint(t, other.sc.Business) {
			if before[table] != sum {
				t.Errorf("another business's %s changed", table)
			}
		}
		s.holds(t)
	})
}

// Who has to sign in first comes to the page that they asked for.
func TestSigningInLeadsOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 20)
		p := s.person(t)
		page := p.Follow(p.want(p.Get("/pesanan?tab=work"), http.StatusSeeOther))
		if to := p.send(page, "/masuk", "who", sh.phone, "password", password).Location(); to != "/pesanan?tab=work" {
			t.Errorf("after signing in: %s, want /pesanan?tab=work", to)
		}
		for _, away := range []string{"https://jahat.test/", "//jahat.test", `/\jahat.test`, "javascript:alert(1)"} {
			p := s.person(t)
			f := p.fill(p.see("/masuk"), "/masuk", "who", sh.phone, "password", password, "ke", away)
			if to := p.want(p.Post("/masuk", f), http.StatusSeeOther).Location(); to == away || len(to) > 1 && (to[1] == '/' || to[1] == '\\') || to[0] != '/' {
				t.Errorf("signing in led away, to %s", to)
			}
		}
		// Another site's page cannot send a form in the owner's name.
		f := sh.fill(sh.see("/voucher/baru"), "/voucher", "code", "JAHAT", "kind", "amount", "value", "2.000")
		for _, h := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://jahat.test"}}, {"Origin": {"https://jahat.test"}}, {},
		} {
			g := with(f, "_t", "")
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/voucher", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = h
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.URL.RawQuery = g.Encode()
			if a := sh.Do(req); a.Status != http.StatusForbidden {
				t.Errorf("%v: %d, want 403", h, a.Status)
			}
		}
		if n := s.one(t, sh.job(), `SELECT count(*) FROM vouchers WHERE business_id = $1`, sh.sc.Business); n != 0 {
			t.Errorf("%d vouchers were made from another site", n)
		}
	})
}
