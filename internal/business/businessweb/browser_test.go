package businessweb

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/web/browsertest"
)

// Signing up takes two taps more: the terms, and the button.
const signUpTaps = 2

// From the first step to the shared link with the thumb alone: at most twelve
// taps with those of signing up, besides typing.
func TestOpenAShopInABrowser(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "foto.jpg")
	if err := os.WriteFile(file, photo(t), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	taps := signUpTaps
	tap := func(selector string) {
		t.Helper()
		taps++
		tab.Tap(selector)
	}
	send := func(selector string) {
		t.Helper()
		taps++
		tab.Send(selector)
	}
	typed := func(selector, text string) {
		t.Helper()
		tab.Do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
	}
	tab.Go(d.URL + "/mulai")
	typed("#name", "Dapur Bu Eneng")
	tap(`label:has(input[name="trade"][value="T1"])`)
	typed("#village_q", "jatimukti")
	tab.Wait(`[role="option"]`)
	tab.Shot("mulai-desa")
	tab.Accessible()
	tap(`[role="option"]`)
	tap(`label:has(input[value="conventional"])`)
	send(".actions .primary")
	taps += 2 // the camera: its button, and the shutter
	tab.Upload("#photo", file)
	tab.Wait("#photo-preview img")
	typed("#title", "Keripik Singkong")
	typed("#price", "18000")
	tab.Shot("mulai-produk-terisi")
	send(".actions .primary")
	send(".actions .primary") // the ways as they are proposed
	if got := tab.Text("main"); !strings.Contains(got, "@dapur-bu-eneng") {
		t.Fatalf("no link at %s: %s", tab.At(), got)
	}
	taps++ // share
	if taps > 12 {
		t.Errorf("%d taps, want at most 12", taps)
	}
	tab.Fits()
	tab.Calm()
	tab.Shot("mulai-selesai")
}

// Every page fits, can be used by everybody, and says nothing on the console.
func TestPagesInABrowser(t *testing.T) {
	d := newDesk(t)
	b := d.open(t)
	own := d.sc
	officer := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: authz.OfficePerms, Regions: []string{"32.11"}, Now: time.Now()}
	d.expect(t, d.Post("/toko/jam", url.Values{"from.all": {"08:00"}, "to.all": {"17:00"}, "open.1": {"on"}, "from.6": {"18:00"}, "to.6": {"02:00"}}), 303)
	d.expect(t, d.Post("/toko/tutup", url.Values{"from": {time.Now().AddDate(0, 0, 3).Format(time.DateOnly)}, "message": {"Kami mudik"}}), 303)
	if err := d.shops.Hide(t.Context(), officer, b.ID, "Foto produk memakai merek orang lain. Mohon diganti."); err != nil {
		t.Fatal(err)
	}
	if err := d.shops.Appeal(t.Context(), own, "Semua foto sudah kami ganti, mohon diperiksa lagi."); err != nil {
		t.Fatal(err)
	}
	browser := browsertest.Start(t)
	tab := browser.Tab(t, browsertest.Phone)
	see := func(sc authz.Scope, paths ...string) {
		t.Helper()
		d.As.Set(sc)
		for _, path := range paths {
			tab.Go(d.URL + path)
			for _, v := range browsertest.Views {
				tab.Look(v)
				tab.Fits()
				tab.Accessible()
				tab.Calm()
				name := strings.NewReplacer("/", "-", b.ID.String(), "satu", "?", "-").Replace(path[1:])
				tab.Shot(name + "-" + v.String())
			}
		}
	}
	see(authz.Scope{Actor: id.New(), Role: authz.Person, Now: time.Now(), ProvenAt: time.Now()}, "/mulai/toko", "/lainnya", "/wilayah?q=tanjungsari")
	see(own, "/mulai/produk", "/mulai/cara", "/mulai/selesai", "/toko", "/toko/profil", "/toko/tampilan", "/toko/jam", "/toko/tutup",
		"/toko/nomor", "/toko/tautan", "/toko/serah", "/toko/akhiri", "/lainnya")
	see(officer, "/dinas/usaha", "/dinas/usaha/"+b.ID.String(), "/dinas/banding", "/dinas/usaha?q=tidakada")
}
