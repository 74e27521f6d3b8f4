package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

var (
	seedOf = regexp.MustCompile(`[A-Z2-7]{32}`)
	linkOf = regexp.MustCompile(`/(undangan|atur-ulang|langkah-baru)/[a-z2-7]{26}`)
)

// link is the secret link that a page shows.
func (p person) link(page webtest.Page) string {
	p.t.Helper()
	l := linkOf.FindString(page.Body)
	if l == "" {
		p.t.Fatalf("no link on the page: %s", webtest.Text(page.Body, "main"))
	}
	return l
}

// enrol sets up the second step and goes on to where its page leads.
func (p person) enrol() (seed, to string) {
	p.t.Helper()
	page := p.see("/akun/kode")
	seed = seedOf.FindString(page.Body)
	code, err := totp.GenerateCode(seed, time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	codes := p.want(p.try(page, "/akun/kode", "code", code), http.StatusOK)
	return seed, webtest.Attr(codes.Body, "a.btn.primary", "href")
}

// firstAdmin becomes the first admin by the link of the console.
func (s site) firstAdmin(t testing.TB) person {
	t.Helper()
	admin := s.person(t)
	token, made, err := s.Accounts.FirstAdminLink(t.Context())
	if err != nil || !made {
		t.Fatal(made, err)
	}
	at := "/admin-pertama/" + token
	if to := admin.send(admin.see(at), at, "who", newPhone(), "password", password, "terms", "on").Location(); to != "/akun/kode" {
		t.Fatalf("the first admin goes to %s", to)
	}
	if _, to := admin.enrol(); to != "/admin" {
		t.Fatalf("after the second step the admin goes to %q", to)
	}
	return admin
}

// joinsOffice joins the office by an invitation of the admin for a region, with a second step.
func (s site) joinsOffice(t testing.TB, admin person, name, region string, perms ...string) (person, string) {
	t.Helper()
	page := admin.see("/admin")
	f := admin.fill(page, "/admin/undangan", "name", name, "role", "office", "region", region)
	f["perms"] = perms
	link := admin.link(admin.want(admin.Post("/admin/undangan", f), http.StatusOK))
	o, number := s.person(t), newPhone()
	o.says(o.see(link), region)
	to := o.send(o.see("/daftar?ke="+link), "/daftar", "who", number, "password", password, "terms", "on").Location()
	if to != link {
		t.Fatalf("signing up for an invitation leads to %s", to)
	}
	if to := o.send(o.see(link), link).Location(); to != "/akun/kode" {
		t.Fatalf("an officer without a second step goes to %s", to)
	}
	if p := o.Get("/dinas/usaha"); p.Status != http.StatusForbidden {
		t.Errorf("the registry before the second step: %d", p.Status)
	}
	if _, to = o.enrol(); to == "/akun" {
		t.Errorf("after the second step the officer goes to %s", to)
	}
	return o, number
}

// From an empty installation to an officer who hides a shop, lets its owner in
// again, and publishes new terms: all through the pages.
func TestTheOfficeBegins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		near, far := s.shop(t, "Dapur Teh Ai", 5), s.shop(t, "Dapur Kang Jana", 5) // both in Kab. Sumedang
		admin := s.firstAdmin(t)
		admin.says(admin.see("/admin"), "Anda", "Tidak ada yang menunggu")

		rina, number := s.joinsOffice(t, admin, "Bu Rina", "Kab. Sumedang", "registry", "hide", "recover", "texts")
		admin.says(admin.see("/admin"), "Bu Rina", "Kab. Sumedang", "Pemulihan akun")
		other, _ := s.joinsOffice(t, admin, "Pak Yayat", "Kab. Garut", "registry", "hide", "recover")

		// The registry shows the shops of one's own regions, and others are not found.
		rina.says(rina.see("/dinas/usaha"), "Dapur Teh Ai", "Dapur Kang Jana")
		if page := other.see("/dinas/usaha"); strings.Contains(page.Body, "Dapur Teh Ai") {
			t.Error("an officer of Garut sees a shop of Sumedang")
		}
		at := "/dinas/usaha/" + near.sc.Business.String()
		if p := other.Get(at); p.Status != http.StatusNotFound {
			t.Errorf("a shop of another region: %d", p.Status)
		}

		// Hiding counts at once.
		buyer := s.person(t)
		buyer.see(near.at(""))
		rina.send(rina.see(at), at+"/penyembunyian", "reason", "Menjual barang yang dilarang, dilaporkan tiga pembeli.")
		if p := buyer.Get(near.at("")); strings.Contains(p.Body, "Keripik") {
			t.Errorf("the hidden shop still shows its goods: %d", p.Status)
		}
		rina.says(rina.see(at), "dilaporkan tiga pembeli")
		rina.send(rina.see(at), at+"/penampilan")
		buyer.see(near.at(""))

		// A forgotten password: the officer of the region makes a link, another does not even find the person.
		found := rina.want(rina.try(rina.see("/dinas/pemulihan"), "/dinas/pemulihan", "phone", far.phone), http.StatusOK)
		rina.says(found, "Dapur Kang Jana")
		if p := other.try(other.see("/dinas/pemulihan"), "/dinas/pemulihan", "phone", far.phone); strings.Contains(p.Body, "Kang Jana") {
			t.Error("an officer of Garut finds an owner of Sumedang")
		}
		make := "/dinas/pemulihan/" + far.sc.Actor.String() + "/tautan"
		if p := other.Post(make, url.Values{"seen": {"on"}}); p.Status != http.StatusNotFound {
			t.Errorf("an officer of Garut makes a link for an owner of Sumedang: %d", p.Status)
		}
		if p := rina.try(found, make); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("a link without having seen the papers: %d", p.Status)
		}
		link := rina.link(rina.want(rina.try(found, make, "seen", "on"), http.StatusOK))
		owner := s.person(t)
		if to := owner.send(owner.see(link), link, "password", "mangga muda pedas 3").Location(); to != "/hari-ini" {
			t.Errorf("the new password leads to %s", to)
		}
		owner.see("/hari-ini")
		if p := far.Get("/hari-ini"); p.Status != http.StatusSeeOther {
			t.Errorf("the owner's old session: %d", p.Status)
		}

		// New terms are told, block nothing, and are accepted once.
		text := rina.see("/dinas/naskah")
		rina.send(text, "/dinas/naskah/terms", "id", strings.Repeat("Syarat baru dari Dinas. ", 5), "en", strings.Repeat("New terms of the office. ", 5))
		rina.says(s.person(t).see("/syarat"), "Syarat baru dari Dinas")
		owner.send(owner.see("/akun"), "/keluar")
		owner.send(owner.see("/masuk"), "/masuk", "who", far.phone, "password", "mangga muda pedas 3")
		owner.says(owner.see("/hari-ini"), "Syarat atau pemberitahuan privasi berubah")
		owner.send(owner.see("/akun"), "/akun/naskah/terms")
		if p := owner.see("/akun"); strings.Contains(p.Body, "/akun/naskah/") {
			t.Error("the accepted terms are asked for again")
		}

		// The installation's log tells the admin of it; nobody else reads it.
		admin.says(admin.see("/admin/riwayat"), "Tautan masuk diserahkan", "Naskah diterbitkan", "Bu Rina", "Bergabung dengan dinas")
		for _, p := range []person{rina, owner} {
			for _, path := range []string{"/admin", "/admin/riwayat"} {
				if got := p.Get(path); got.Status != http.StatusForbidden {
					t.Errorf("%s to somebody else: %d", path, got.Status)
				}
			}
		}

		// Fewer ticks count with the next request, and so does the end.
		page := admin.see("/admin")
		row := regexp.MustCompile(`/admin/orang/[0-9a-f-]{36}`)
		var at2 string
		for _, path := range row.FindAllString(page.Body, -1) {
			if strings.Contains(admin.see(path).Body, "Bu Rina") || strings.Contains(admin.see(path).Body, number[1:5]) && strings.Contains(admin.see(path).Body, "32.11") {
				at2 = path
			}
		}
		if at2 == "" {
			t.Fatal("Bu Rina has no page")
		}
		f := admin.fill(admin.see(at2), at2)
		f["perms"] = []string{"registry"}
		admin.want(admin.Post(at2, f), http.StatusSeeOther)
		if p := rina.Get("/dinas/pemulihan"); p.Status != http.StatusForbidden {
			t.Errorf("what is no longer ticked: %d", p.Status)
		}
		rina.see("/dinas/usaha")
		admin.send(admin.see(at2), at2+"/akhir")
		if p := rina.Get("/dinas/usaha"); p.Status == http.StatusOK {
			t.Error("an ended officer still sees the registry")
		}
		s.holds(t)
	})
}
