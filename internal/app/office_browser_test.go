package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// looks opens pages in both languages and looks at each in all four views:
// they fit, can be used by everybody and leave the console quiet.
func looks(t *testing.T, tab *browsertest.Tab, url, prefix string, paths ...string) {
	t.Helper()
	for _, lang := range []string{"id", "en"} {
		tab.Look(browsertest.Phone)
		tab.Go(url + "/akun")
		tab.Send(`button[name="pilih"][value="` + lang + `"]`)
		for _, path := range paths {
			tab.Look(browsertest.Phone)
			tab.Go(url + path)
			for _, v := range browsertest.Views {
				if lang == "en" && v != browsertest.Phone { // other words need another look where room is least
					continue
				}
				tab.Look(v)
				tab.Fits()
				if lang == "id" { // the rules look at what words are in, not at the words
					tab.Accessible()
				}
				tab.Calm()
				tab.Shot(prefix + strings.NewReplacer("/", "-", "?", "-").Replace(path) + "-" + lang + "-" + v.String())
			}
		}
	}
}

func TestTheOfficesPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.Accounts.Version = "lapak test"
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	token, _, err := s.Accounts.FirstAdminLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tab.Go(s.url + "/admin-pertama/" + token)
	tab.Fill("#who", newPhone())
	tab.Fill("#password", password)
	tab.Tap("#terms")
	tab.Send("button.primary")
	tab.Fits()
	tab.Accessible()
	tab.Shot("akun-kode")
	code, err := totp.GenerateCode(seedOf.FindString(tab.Text("main")), time.Now())
	if err != nil {
		t.Fatal(err, tab.Text("main"))
	}
	tab.Fill("#code", code)
	tab.Send("button.primary")
	tab.Send("a.btn.primary")
	if !strings.HasSuffix(tab.At(), "/admin") {
		t.Fatalf("the first admin is at %s", tab.At())
	}
	tab.Fill("#name", "Bu Rina")
	tab.Tap(`input[name="perms"][value="registry"]`)
	tab.Fill("#region", "garut")
	tab.Wait("#region-list li")
	tab.Tap("#region-list li")
	tab.Shot("admin-undang")
	tab.Send("#undang p .btn.primary")
	if !strings.Contains(tab.Text("main"), "/undangan/") {
		t.Fatalf("no invitation at %s: %s", tab.At(), tab.Text("main"))
	}
	tab.Fits()
	tab.Accessible()
	s.plant(t, account.Planted{Name: "Pak Yayat", Role: authz.Office, Perms: authz.OfficePerms, Regions: []string{"32.05", "32.11"}})
	people, _, err := s.Accounts.Office(t.Context(), authz.Scope{Role: authz.Admin, Now: time.Now(), ProvenAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	looks(t, tab, s.url, "admin", "/admin", "/admin/orang/"+people[1].ID.String(), "/admin/riwayat", "/dinas/pemulihan", "/dinas/naskah", "/akun")
}

func TestStaffAndPINInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 5)
	if _, err := s.Accounts.AddHelper(t.Context(), sh.sc, account.Helper{Name: "Ani", PIN: "7391", Perms: []authz.Perm{authz.PermOrders}}); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	tab.Go(s.url + "/masuk")
	tab.Fill("#who", sh.phone)
	tab.Fill("#password", password)
	tab.Send("button.primary")
	looks(t, tab, s.url, "toko", "/karyawan", "/akun", "/akun/tutup", "/riwayat")
	tab.Look(browsertest.Phone)
	tab.Go(s.url + "/karyawan")
	tab.Send(`form[action="/karyawan/hp"] button`)
	tab.Go(s.url + "/akun")
	tab.Send(`form[action="/keluar"] button`)
	for _, v := range browsertest.Views {
		tab.Look(v)
		tab.Go(s.url + "/masuk")
		tab.Accessible()
		tab.Shot("pin-nama-" + v.String())
		tab.Send(`a[href^="/pin/"]`)
		tab.Fits()
		tab.Accessible()
		tab.Calm()
		tab.Shot("pin-" + v.String())
	}
	// From the open page to the day's work: a name and four digits.
	tab.Look(browsertest.Phone)
	tab.Go(s.url + "/masuk")
	began, taps := time.Now(), 1
	tab.Send(`a[href^="/pin/"]`)
	for _, key := range []string{"7", "3", "9"} {
		tab.Tap(".pinpad button:nth-of-type(" + key + ")")
		taps++
	}
	tab.Send(".pinpad button:nth-of-type(1)")
	taps++
	if !strings.HasSuffix(tab.At(), "/hari-ini") {
		t.Fatalf("the PIN leads to %s: %s", tab.At(), tab.Text("main"))
	}
	if took := time.Since(began); taps != 5 || took > 10*time.Second {
		t.Errorf("%d taps in %s, want 5 in less than 10 s", taps, took)
	}
	t.Logf("%d taps, %s", taps, time.Since(began))
	tab.Calm()

	// Without script the field is typed into.
	bare := browsertest.View{Width: 360, Height: 800, NoScript: true}
	tab.Go(s.url + "/akun")
	tab.Send(`form[action="/keluar"] button`)
	tab.Look(bare)
	tab.Go(s.url + "/masuk")
	tab.Send(`a[href^="/pin/"]`)
	tab.Fill("#pin", "7391")
	tab.Send("button.primary")
	if !strings.HasSuffix(tab.At(), "/hari-ini") {
		t.Errorf("without script the PIN leads to %s", tab.At())
	}
}
