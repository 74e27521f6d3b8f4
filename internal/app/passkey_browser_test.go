package app_test

import (
	"net/url"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// named is a site reached by a name, as passkeys need it.
func named(t *testing.T) site {
	t.Helper()
	s := newSite(t, storetest.SQLite(t))
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://localhost:" + u.Port()
	s.Accounts.Base = s.url
	return s
}

func signInWith(tab *browsertest.Tab, s site, number string) {
	tab.Go(s.url + "/masuk")
	tab.Fill("#who", number)
	tab.Fill("#password", password)
	tab.Send("button.primary")
}

// Everybody, whatever their role, makes a key and comes in by it alone.
func TestEveryRoleSignsInByPasskey(t *testing.T) {
	s := named(t)
	sh := s.shop(t, "Dapur Bu Euis", 5)
	browser := browsertest.Start(t)
	for _, c := range []struct {
		role authz.Role
		home string
	}{
		{authz.Owner, "/hari-ini"},
		{authz.Staff, "/hari-ini"},
		{authz.Courier, "/antaran"},
		{authz.Office, "/dinas/usaha"},
		{authz.Facilitator, "/akun"},
		{authz.Analyst, "/akun"},
		{authz.Admin, "/admin"},
	} {
		t.Run(string(c.role), func(t *testing.T) {
			number := sh.phone
			if c.role != authz.Owner {
				number = newPhone()
				p := account.Planted{Name: "Orang " + string(c.role), Phone: parsed(t, number), Role: c.role}
				switch c.role {
				case authz.Staff, authz.Courier:
					p.Business, p.Perms = sh.sc.Business, authz.StaffPerms
				case authz.Office:
					p.Perms, p.Regions = authz.OfficePerms, []string{"32.11"}
				}
				s.plant(t, p)
			}
			tab := browser.Tab(t, browsertest.Phone)
			tab.Passkeys(true)
			signInWith(tab, s, number)
			if strings.HasSuffix(tab.At(), "/akun/kode") { // the office's people need a second step first
				tab.Send(`a[href="/akun/kunci"]`)
			} else {
				tab.Go(s.url + "/akun")
				tab.Send(`a[href="/akun/kunci"]`)
			}
			if c.role == authz.Owner {
				tab.Accessible()
				tab.Fits()
				tab.Shot("kunci-kosong")
			}
			tab.Tap("form[data-passkey-new] button")
			tab.Until("the key is kept", `!document.querySelector("[data-passkey-new]") || document.querySelector("form[action$='/penghapusan']")`)
			if tab.Go(s.url + "/akun/kunci"); c.role == authz.Owner {
				looks(t, tab, s.url, "kunci", "/akun/kunci")
				tab.Look(browsertest.Phone)
				tab.Go(s.url + "/akun/kunci")
				tab.Tap("form[data-passkey-new] button") // a second one of the same device
				tab.Until("the page says that there is one", `[...document.querySelectorAll("[data-passkey-error]")].some(e => !e.hidden)`)
				tab.Shot("kunci-sudah-ada")
			}
			tab.Go(s.url + "/akun")
			tab.Send(`form[action="/keluar"] button`)
			tab.Tap(`form[action="/masuk/kunci"] button`)
			tab.Until("signed in", `location.pathname === "`+c.home+`"`)
			if c.role == authz.Owner || c.role == authz.Staff || c.role == authz.Courier {
				tab.Go(s.url + "/bukti-diri?ke=/akun")
				tab.Tap(`form[action="/bukti-diri/kunci"] button`)
				tab.Until("proven", `location.pathname === "/akun"`)
				if c.role != authz.Owner {
					return
				}
				// The password alone leads to no key; the key does, and takes itself away.
				tab.Send(`form[action="/keluar"] button`)
				signInWith(tab, s, number)
				tab.Go(s.url + "/akun/kunci")
				if !strings.Contains(tab.At(), "/masuk/kode") {
					t.Fatalf("the keys are at %s after the password alone", tab.At())
				}
				tab.Accessible()
				looks(t, tab, s.url, "kunci-langkah", "/masuk/kode?ke=/akun/kunci")
				tab.Look(browsertest.Phone)
				tab.Go(s.url + "/masuk/kode?ke=/akun/kunci")
				tab.Tap(`form[action="/masuk/kode/kunci"] button`)
				tab.Until("back at the keys", `location.pathname === "/akun/kunci"`)
				tab.Send("form[action$='/penghapusan'] button")
				tab.Until("the key is gone", `!document.querySelector("form[action$='/penghapusan']")`)
				tab.Calm()
				return
			}
			// With the password, the key is the second step.
			tab.Go(s.url + "/akun")
			tab.Send(`form[action="/keluar"] button`)
			signInWith(tab, s, number)
			if !strings.Contains(tab.At(), "/masuk/kode") {
				t.Fatalf("%s came in by password alone, to %s", c.role, tab.At())
			}
			tab.Accessible()
			tab.Shot("kunci-langkah-" + string(c.role))
			tab.Tap(`form[action="/masuk/kode/kunci"] button`)
			tab.Until("signed in", `location.pathname === "`+c.home+`"`)
			tab.Calm()
		})
	}
}

// A device that takes its person for somebody else lets nobody in, and says so.
func TestAPasskeyThatDoesNotKnowItsPerson(t *testing.T) {
	s := named(t)
	sh := s.shop(t, "Dapur Bu Euis", 5)
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	tab.Passkeys(false)
	signInWith(tab, s, sh.phone)
	tab.Go(s.url + "/akun/kunci")
	tab.Tap("form[data-passkey-new] button")
	tab.Until("the page says so", `[...document.querySelectorAll("[data-passkey-error]")].some(e => !e.hidden && e.textContent)`)
	if keys := tab.Text("main"); strings.Contains(keys, "Belum pernah dipakai") {
		t.Errorf("a key was kept: %s", keys)
	}
	tab.Look(browsertest.View{Width: 360, Height: 800, NoScript: true})
	tab.Go(s.url + "/akun/kunci")
	if !strings.Contains(tab.Text("main"), "belum mendukung") {
		t.Errorf("without script the page says nothing: %s", tab.Text("main"))
	}
}
