package app_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/api"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// An owner makes a key on the page, sees its secret once, and revokes it there.
func TestKeysPage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 10)
		page := sh.see("/toko/api")
		f := sh.fill(page, "/toko/api", "name", "", "days", "7")
		f.Del("grants")
		wrong := sh.want(sh.Post("/toko/api", f), http.StatusUnprocessableEntity)
		sh.says(wrong, "Wajib diisi.", "Pilih paling sedikit satu izin.", "Pilih salah satu.")
		f = sh.fill(page, "/toko/api", "name", "Aplikasi kasir", "days", "90")
		f["grants"] = []string{"orders:read", "stock:write"}
		made := sh.want(sh.Post("/toko/api", f), http.StatusOK)
		if made.Header.Get("Cache-Control") != "no-store" {
			t.Error("the page with the secret may be kept")
		}
		secret := webtest.Text(made.Body, "pre.code")
		secret = secret[:len("lapak_")+52]
		p := s.program(t, secret)
		if got := p.ask("GET", web.APIBase+"/my", ""); got.Status != 200 || !strings.Contains(got.Body, `"grants":["stock:write","orders:read"]`) {
			t.Fatalf("%d: %s", got.Status, got.Body)
		}
		page = sh.see("/toko/api")
		if strings.Contains(page.Body, secret) {
			t.Error("the secret is shown again")
		}
		sh.says(page, "Aplikasi kasir", secret[:12]+"…", "Melihat pesanan, tanpa data pembeli", "Berlaku")
		if again := sh.Post("/toko/api", f); again.Status != http.StatusUnprocessableEntity || strings.Contains(again.Body, "lapak_"+secret[6:]) {
			t.Errorf("the same form again: %d", again.Status)
		}
		var rows []string
		err := s.DB.View(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) (err error) {
			rows, err = texts(t, tx, `SELECT * FROM api_tokens`)
			return err
		})
		if err != nil || len(rows) != 1 || strings.Contains(rows[0], secret[12:]) {
			t.Errorf("the database has %v, %v", rows, err)
		}
		revoke := webtest.Attr(page.Body, `form[action$="/pencabutan"]`, "action")
		sh.want(sh.Post(revoke, sh.fill(page, revoke)), http.StatusSeeOther)
		if got := p.ask("GET", web.APIBase+"/my", ""); got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("a revoked key: %d: %s", got.Status, got.Body)
		}
		sh.want(sh.Post(revoke, url.Values{"_t": {""}}), http.StatusSeeOther) // twice does it once
		if got, _, err := audit.List(t.Context(), s.DB, sh.sc, audit.Page{Max: 2}); err != nil || got[0].Verb != "key.revoked" || got[1].Verb != "key.made" {
			t.Errorf("the history says %+v, %v", got, err)
		}
		s.holds(t)
	})
}

// A key does no more than its maker may at that moment, and ends with the time
// it was given, its maker's membership, and its maker's account.
func TestKeysFollowTheirMaker(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now()
		var ahead atomic.Int64
		db.Now = func() time.Time { return now.Add(time.Duration(ahead.Load())) }
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 10)
		ctx := t.Context()
		secret := s.key(t, sh, api.Grants...)
		status := func() int { return s.program(t, "").with(secret).ask("GET", web.APIBase+"/my", "").Status }
		if got := status(); got != 200 {
			t.Fatal(got)
		}
		sc, err := s.Keys.Scope(ctx, secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []authz.Verb{authz.ManageKeys, authz.ManageStaff, authz.EditPayout, authz.EndShop, authz.EditShop, authz.SeeAudit, authz.SignedIn, authz.RunInstallation} {
			if sc.May(v) {
				t.Errorf("a key with every grant may %s", v)
			}
		}
		if _, _, err := s.Keys.Make(ctx, sc, api.Draft{ID: id.New(), Name: "x", Grants: api.Grants, Days: 30}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a key made a key: %v", err)
		}
		old := sh.sc
		old.Now = old.ProvenAt.Add(authz.FreshFor + time.Second)
		if _, _, err := s.Keys.Make(ctx, old, api.Draft{ID: id.New(), Name: "x", Grants: api.Grants, Days: 30}); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("made with an old proof: %v", err)
		}
		// A member of staff makes none, and one whom an owner became does what is ticked.
		worker, wsc := s.plant(t, account.Planted{Name: "Dadang", Phone: parsed(t, newPhone()), Role: authz.Staff, Perms: authz.StaffPerms, Business: sh.sc.Business})
		_ = worker
		if _, _, err := s.Keys.Make(ctx, wsc, api.Draft{ID: id.New(), Name: "x", Grants: api.Grants, Days: 30}); fault.Of(err) == nil {
			t.Errorf("a member of staff made a key: %v", err)
		}
		demoted := sh.sc
		list, err := s.Accounts.Memberships(ctx, demoted.Actor)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Business == sh.sc.Business {
				demoted.Membership = m.ID
			}
		}
		set := func(query string, args ...any) {
			t.Helper()
			err := s.DB.Tx(ctx, authz.Scope{}, func(tx *store.Tx) error {
				_, err := tx.ExecContext(ctx, query, args...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set(`UPDATE memberships SET role = 'staff', perms = 'stock' WHERE id = $1`, demoted.Membership)
		if sc, err = s.Keys.Scope(ctx, secret); err != nil || sc.May(authz.SeeOrders) || !sc.May(authz.MoveStock) {
			t.Errorf("the key of who may book stock alone: %+v, %v", sc, err)
		}
		set(`UPDATE memberships SET role = 'owner', perms = '' WHERE id = $1`, demoted.Membership)
		set(`UPDATE people SET disabled_at = $1 WHERE id = $2`, now, sh.sc.Actor)
		if got := status(); got != 401 {
			t.Errorf("its maker was shut out: %d, want 401", got)
		}
		set(`UPDATE people SET disabled_at = NULL WHERE id = $1`, sh.sc.Actor)
		day := int64(30 * 24 * time.Hour)
		for d, want := range map[int64]int{day - int64(time.Second): 200, day: 401, day + int64(time.Second): 401} {
			ahead.Store(d)
			if got := status(); got != want {
				t.Errorf("%v after it was made: %d, want %d", time.Duration(d), got, want)
			}
		}
		ahead.Store(0)
		if got := status(); got != 200 {
			t.Fatal(got)
		}
		if err := s.DB.Tx(ctx, sh.sc, func(tx *store.Tx) error {
			return s.Accounts.RemoveMembership(ctx, tx, sh.sc.Actor, sh.sc.Business)
		}); err != nil {
			t.Fatal(err)
		}
		if got := status(); got != 401 {
			t.Errorf("its maker left the shop: %d, want 401", got)
		}
	})
}

// with is the program with another key.
func (p program) with(secret string) program {
	p.secret = secret
	return p
}

// What a key did stands in the shop's history with the key that did it, and
// what it may not see of buyers it is not shown.
func TestKeysAreNotedAndSeeNoBuyers(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 10)
	o := orderOf(t, s, s.person(t).order(sh, "1", "Xaverius Quamila", "081377001234"))
	p := s.program(t, s.key(t, sh, api.OrdersWrite))
	got := p.ask("POST", web.APIBase+"/my/orders/"+o.ID.String()+"/moves", `{"act": "accept"}`)
	for _, answer := range []webtest.Page{got, p.ask("GET", web.APIBase+"/my/orders", ""), p.ask("GET", web.APIBase+"/my/orders/"+o.ID.String(), "")} {
		if answer.Status >= 300 || strings.Contains(answer.Body, "Xaverius") || strings.Contains(answer.Body, "77001234") || strings.Contains(answer.Body, "Jl. Raya") {
			t.Errorf("%d: %s", answer.Status, answer.Body)
		}
	}
	if search := p.ask("GET", web.APIBase+"/my/orders?q=Xaverius", ""); search.Status != http.StatusForbidden {
		t.Errorf("a search for a buyer: %d %s", search.Status, search.Body)
	}
	log, _, err := audit.List(t.Context(), s.DB, sh.sc, audit.Page{Max: 1})
	if err != nil || len(log) != 1 || log[0].Verb != "order.accept" || log[0].Actor != sh.sc.Actor || log[0].Diff["key"].To == nil {
		t.Errorf("the history says %+v, %v", log, err)
	}
	full := s.program(t, s.key(t, sh, api.OrdersRead, api.CustomersRead)).ask("GET", web.APIBase+"/my/orders?q=Xaverius", "")
	if full.Status != 200 || !strings.Contains(full.Body, `"phone":"+6281377001234"`) {
		t.Errorf("with customers:read: %d %s", full.Status, full.Body)
	}
}
