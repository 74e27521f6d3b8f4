package accountweb_test

import (
	"bytes"
	"context"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/account/accountweb"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

const secret = "tujuh ekor bebek"

func site(t *testing.T) (*webtest.Site, *account.Service, *store.DB) {
	db := storetest.SQLite(t)
	s := account.New(db, bytes.Repeat([]byte{5}, 32))
	s.Business = func(context.Context, id.ID) (string, string, string) {
		return "Dapur Bu Euis", "dapur-bu-euis", "Garut"
	}
	return webtest.New(t, []fs.FS{accountweb.Words}, func(o *web.Options) { o.Sessions = s.Gate() }, accountweb.Routes(s)), s, db
}

func TestSigningUpAndIn(t *testing.T) {
	w, _, _ := site(t)
	for _, path := range []string{"/masuk", "/daftar", "/lupa", "/syarat", "/privasi", "/masuk?bahasa=en", "/daftar?bahasa=en"} {
		if p := w.Get(path); p.Status != 200 {
			t.Errorf("GET %s = %d", path, p.Status)
		}
	}
	if p := w.Get("/akun"); p.Status != 303 || !strings.HasPrefix(p.Location(), "/masuk") {
		t.Errorf("a guest at /akun = %d %s", p.Status, p.Location())
	}
	p := w.Post("/daftar", url.Values{"who": {"0812"}, "password": {"pendek"}})
	if p.Status != 422 || !strings.Contains(p.Body, `href="#who"`) || !strings.Contains(p.Body, `href="#terms"`) || !strings.Contains(p.Body, "Nomor HP kurang angka") {
		t.Errorf("a wrong form = %d", p.Status)
	}
	p = w.Post("/daftar", url.Values{"who": {"0812 3456 7890"}, "password": {secret}, "terms": {"on"}})
	if p.Status != 303 || p.Location() != "/mulai" {
		t.Fatalf("sign-up = %d %s %s", p.Status, p.Location(), p.Body)
	}
	if p := w.Get("/akun"); p.Status != 200 || !strings.Contains(p.Body, "0812 3456 7890") {
		t.Errorf("GET /akun = %d", p.Status)
	}
	for _, path := range []string{"/akun/sandi", "/akun/kode", "/akun/usaha", "/bukti-diri", "/karyawan"} {
		if p := w.Get(path); p.Status != 200 && path != "/karyawan" || path == "/karyawan" && p.Status != 403 {
			t.Errorf("GET %s = %d", path, p.Status)
		}
	}
	if p := w.Post("/bukti-diri", url.Values{"password": {secret}, "ke": {"//evil.example"}}); p.Location() != "/akun" {
		t.Errorf("a proof leads to %q", p.Location())
	}
	if p := w.Post("/akun/nama", url.Values{"name": {"Bu Euis"}}); p.Status != 303 {
		t.Errorf("rename = %d", p.Status)
	}
	w.Post("/keluar", nil)
	if p := w.Get("/akun"); p.Status != 303 {
		t.Errorf("/akun after signing out = %d", p.Status)
	}
	if p := w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {"salah sekali ini"}}); p.Status != 422 {
		t.Errorf("a wrong password = %d", p.Status)
	}
	if p := w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}, "ke": {"/pesanan"}}); p.Location() != "/pesanan" {
		t.Errorf("sign-in leads to %q", p.Location())
	}
}

func TestAHelperSignsInByPIN(t *testing.T) {
	w, s, db := site(t)
	in, err := s.SignUp(t.Context(), account.Newcomer{Who: "081234567890", Name: "Bu Euis", Password: secret, Terms: true, Channel: "web"}, account.Where{})
	if err != nil {
		t.Fatal(err)
	}
	shop := id.New()
	if err := db.Tx(t.Context(), authz.Scope{Business: shop}, func(tx *store.Tx) error {
		return s.AddMembership(context.Background(), tx, in.Person, shop, authz.Owner, nil)
	}); err != nil {
		t.Fatal(err)
	}
	if p := w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}}); p.Location() != "/hari-ini" {
		t.Fatalf("sign-in leads to %q", p.Location())
	}
	if p := w.Get("/karyawan"); p.Status != 200 {
		t.Fatalf("GET /karyawan = %d", p.Status)
	}
	if p := w.Post("/karyawan/pembantu", url.Values{"helper_name": {"Ani"}, "helper_pin": {"1234"}, "helper_perms": {"orders"}}); p.Status != 422 || !strings.Contains(p.Body, `href="#helper_pin"`) {
		t.Errorf("an easy PIN = %d", p.Status)
	}
	if p := w.Post("/karyawan/pembantu", url.Values{"helper_name": {"Ani"}, "helper_pin": {"7391"}, "helper_perms": {"orders"}}); p.Status != 303 {
		t.Errorf("add helper = %d", p.Status)
	}
	if p := w.Post("/karyawan/undangan", url.Values{"invite_name": {"Dedi"}, "role": {"courier"}}); p.Status != 200 || !strings.Contains(p.Body, "/undangan/") {
		t.Errorf("invite = %d", p.Status)
	}
	if p := w.Get("/pin"); p.Status != 404 {
		t.Errorf("/pin before the phone is shared = %d", p.Status)
	}
	w.Post("/karyawan/hp", url.Values{"device": {"HP toko"}})
	list, err := s.Roster(t.Context(), authz.Scope{Role: authz.Owner, Business: shop})
	if err != nil {
		t.Fatal(err)
	}
	ani := list.Members[1].ID.String()
	if p := w.Get("/karyawan/" + ani); p.Status != 200 {
		t.Errorf("GET a member = %d", p.Status)
	}
	if p := w.Get("/karyawan/" + id.New().String()); p.Status != 404 {
		t.Errorf("GET a stranger = %d", p.Status)
	}
	w.Post("/keluar", nil)
	if p := w.Get("/masuk?ke=/pesanan"); p.Location() != "/pin?ke=%2Fpesanan" {
		t.Errorf("a shared phone opens at %q, want at the names", p.Location())
	}
	if p := w.Get("/masuk?sandi=1"); p.Status != 200 || !strings.Contains(p.Body, `name="password"`) {
		t.Errorf("the owner's way in on a shared phone = %d", p.Status)
	}
	if p := w.Get("/pin"); p.Status != 200 || !strings.Contains(p.Body, "Ani") {
		t.Errorf("/pin = %d", p.Status)
	}
	if p := w.Get("/pin/" + ani); p.Status != 200 {
		t.Errorf("the pad = %d", p.Status)
	}
	if p := w.Post("/pin/"+ani, url.Values{"pin": {"0000"}}); p.Status != 422 {
		t.Errorf("a wrong PIN = %d", p.Status)
	}
	if p := w.Post("/pin/"+ani, url.Values{"pin": {"7391"}}); p.Location() != "/hari-ini" {
		t.Errorf("the PIN leads to %q, %d", p.Location(), p.Status)
	}
	if p := w.Get("/karyawan"); p.Status != 403 {
		t.Errorf("a helper at /karyawan = %d", p.Status)
	}
	if p := w.Post("/keluar", nil); p.Location() != "/pin" {
		t.Errorf("a helper signs out to %q", p.Location())
	}
	if err := s.EndDevice(t.Context(), authz.Scope{Role: authz.Owner, Business: shop}, list.Devices[0].ID); err != nil {
		t.Fatal(err)
	}
	if p := w.Get("/masuk"); p.Status != 200 {
		t.Errorf("/masuk on a phone that is no longer shared = %d %s", p.Status, p.Location())
	}
}
