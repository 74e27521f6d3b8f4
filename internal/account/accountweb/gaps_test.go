package accountweb_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/web/webtest"
)

func person(t *testing.T, s *account.Service, who, name string) id.ID {
	t.Helper()
	in, err := s.SignUp(t.Context(), account.Newcomer{Who: who, Name: name, Password: secret, Terms: true, Channel: "web"}, account.Where{})
	if err != nil {
		t.Fatal(err)
	}
	return in.Person
}

// asAdmin signs the browser in as the first admin, with a second step.
func asAdmin(t *testing.T, w *webtest.Site, s *account.Service) {
	t.Helper()
	link, _, err := s.FirstAdminLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := w.Post("/admin-pertama/"+link, url.Values{"who": {"081300000001"}, "password": {secret}, "terms": {"on"}}); p.Location() != "/akun/kode" {
		t.Fatalf("the first admin goes to %q: %s", p.Location(), webtest.Text(p.Body, "main"))
	}
	enrol(t, w)
}

// enrol sets up the second step on the page that offers it.
func enrol(t *testing.T, w *webtest.Site) {
	t.Helper()
	p := w.Get("/akun/kode")
	seed := regexp.MustCompile(`[A-Z2-7]{32}`).FindString(p.Body)
	code, err := totp.GenerateCode(seed, time.Now())
	if err != nil {
		t.Fatal(err, p.Status)
	}
	if p := w.Post("/akun/kode", url.Values{"code": {code}}); p.Status != 200 {
		t.Fatalf("enrol = %d: %s", p.Status, webtest.Text(p.Body, "main"))
	}
}

func TestTheAdminRunsTheOffice(t *testing.T) {
	w, s, _ := site(t)
	asAdmin(t, w, s)
	if p := w.Get("/admin"); p.Status != 200 || !strings.Contains(p.Body, "/admin/riwayat") {
		t.Fatalf("GET /admin = %d", p.Status)
	}
	form := url.Values{"name": {"Bu Rina"}, "role": {"office"}, "perms": {"registry", "hide", "recover"}}
	if p := w.Post("/admin/undangan", form); p.Status != 422 || !strings.Contains(p.Body, `href="#region"`) {
		t.Errorf("an officer without a region = %d", p.Status)
	}
	form.Set("region", "tiada di mana pun")
	if p := w.Post("/admin/undangan", form); p.Status != 422 {
		t.Errorf("an unknown region = %d", p.Status)
	}
	form.Set("region", "garut")
	if p := w.Post("/admin/undangan", form); p.Status != 422 && !strings.Contains(p.Body, "/undangan/") {
		t.Errorf("a region of several names = %d", p.Status)
	}
	form.Set("region", "Kab. Garut")
	form.Set("add", "1")
	p := w.Post("/admin/undangan", form)
	if got := webtest.Form(p.Body, `form[action="/admin/undangan"]`); p.Status != 200 || got.Get("regions") != "32.05" || got.Get("name") != "Bu Rina" {
		t.Errorf("adding a region = %d, %v", p.Status, got)
	}
	form.Del("add")
	form.Del("region")
	form.Set("regions", "32.05")
	p = w.Post("/admin/undangan", form)
	link := regexp.MustCompile(`/undangan/[a-z2-7]{26}`).FindString(p.Body)
	if p.Status != 200 || link == "" {
		t.Fatalf("invite = %d: %s", p.Status, webtest.Text(p.Body, "main"))
	}
	for _, path := range []string{link, link + "?x=1"} {
		if p := w.Get(path); p.Status != 200 || !strings.Contains(p.Body, "Garut") {
			t.Errorf("GET the invitation = %d", p.Status)
		}
	}
	sc := authz.Scope{Actor: id.New(), Role: authz.Admin, Now: time.Now(), ProvenAt: time.Now()}
	people, invited, err := s.Office(t.Context(), sc)
	if err != nil || len(people) != 1 || len(invited) != 1 || invited[0].Regions[0] != "32.05" {
		t.Fatal(people, invited, err)
	}
	if p := w.Get("/admin/orang/" + people[0].ID.String()); p.Status != 200 {
		t.Errorf("GET an officer = %d", p.Status)
	}
	if p := w.Get("/admin/orang/" + id.New().String()); p.Status != 404 {
		t.Errorf("GET nobody = %d", p.Status)
	}
	if p := w.Post("/admin/orang/"+people[0].ID.String()+"/akhir", nil); p.Status != 422 {
		t.Errorf("ending the last admin = %d", p.Status)
	}
	if p := w.Post("/admin/undangan/"+invited[0].ID.String()+"/penghapusan", nil); p.Location() != "/admin" {
		t.Errorf("withdraw = %d", p.Status)
	}
	if p := w.Get(link); p.Status != 404 {
		t.Errorf("a withdrawn invitation = %d", p.Status)
	}
	if p := w.Post("/admin/pekerjaan/"+id.New().String(), url.Values{"business": {id.New().String()}}); p.Status != 404 {
		t.Errorf("trying no job again = %d", p.Status)
	}
}

func TestStaffFormsKeepApart(t *testing.T) {
	w, s, db := site(t)
	boss, shop := person(t, s, "081234567890", "Bu Euis"), id.New()
	if err := db.Tx(t.Context(), authz.Scope{Business: shop}, func(tx *store.Tx) error {
		return s.AddMembership(context.Background(), tx, boss, shop, authz.Owner, nil)
	}); err != nil {
		t.Fatal(err)
	}
	w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}})
	p := w.Post("/karyawan/undangan", url.Values{"invite_name": {""}, "role": {"staff"}})
	if p.Status != 422 || !strings.Contains(p.Body, `href="#invite_name"`) || !strings.Contains(p.Body, `href="#invite_perms"`) {
		t.Errorf("a wrong invitation = %d", p.Status)
	}
	if webtest.Attr(p.Body, "#invite_name", "aria-invalid") != "true" || webtest.Attr(p.Body, "#helper_name", "aria-invalid") != "" {
		t.Error("the fault stands beside the wrong form")
	}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(p.Body, -1) {
		if strings.Count(p.Body, m[0]) > 1 {
			t.Errorf("id %s is there twice", m[1])
		}
	}
	w.Post("/keluar", nil)
	db.Now = func() time.Time { return time.Now().Add(-11 * time.Minute) } // the proof is as old for the shell
	w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}})
	if p := w.Get("/karyawan"); p.Status != 200 || strings.Contains(p.Body, "invite_name") || !strings.Contains(p.Body, "/bukti-diri?ke=/karyawan") {
		t.Errorf("looking at the staff with an old proof = %d %s", p.Status, p.Location())
	}
	if p := w.Post("/karyawan/undangan", url.Values{"invite_name": {"Ani"}, "role": {"courier"}}); !strings.HasPrefix(p.Location(), "/bukti-diri") {
		t.Errorf("changing the staff with an old proof = %d %s", p.Status, p.Location())
	}
}

func TestNewTermsAreToldAndAccepted(t *testing.T) {
	w, s, _ := site(t)
	person(t, s, "081234567890", "Bu Euis")
	text := map[string]string{"id": strings.Repeat("Syarat baru. ", 5), "en": strings.Repeat("New terms. ", 5)}
	if err := s.PublishLegal(t.Context(), authz.Scope{Role: authz.Office, Perms: []authz.Perm{authz.PermTexts}}, account.Terms, 0, text); err != nil {
		t.Fatal(err)
	}
	if p := w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}, "ke": {"/akun"}}); p.Location() != "/akun" {
		t.Fatalf("sign-in leads to %q", p.Location())
	}
	p := w.Get("/akun")
	if !strings.Contains(webtest.Text(p.Body, ".flash"), "Syarat") || webtest.Attr(p.Body, `form[action="/akun/naskah/terms"]`, "method") != "post" {
		t.Errorf("the new terms are not told: %s", webtest.Text(p.Body, "main"))
	}
	if p := w.Post("/akun/naskah/terms", url.Values{"version": {"7"}}); p.Status == 303 {
		t.Error("accepted a version that is not there")
	}
	if p := w.Post("/akun/naskah/terms", webtest.Form(p.Body, `form[action="/akun/naskah/terms"]`)); p.Location() != "/akun" {
		t.Errorf("accept = %d", p.Status)
	}
	if p := w.Get("/akun"); strings.Contains(p.Body, "/akun/naskah/") {
		t.Error("the accepted terms are told again")
	}
}

func TestClosingOnesAccount(t *testing.T) {
	w, s, db := site(t)
	me, shop := person(t, s, "081234567890", "Bu Euis"), id.New()
	if err := db.Tx(t.Context(), authz.Scope{Business: shop}, func(tx *store.Tx) error {
		return s.AddMembership(context.Background(), tx, me, shop, authz.Owner, nil)
	}); err != nil {
		t.Fatal(err)
	}
	w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}})
	if p := w.Get("/akun/tutup"); p.Status != 200 {
		t.Errorf("GET /akun/tutup = %d", p.Status)
	}
	if p := w.Post("/akun/tutup", nil); p.Status != 422 {
		t.Errorf("without the tick = %d", p.Status)
	}
	if p := w.Post("/akun/tutup", url.Values{"sure": {"on"}}); p.Status != 422 || !strings.Contains(p.Body, "Dapur Bu Euis") {
		t.Errorf("the only owner closes = %d: %s", p.Status, webtest.Text(p.Body, "main"))
	}
	if err := db.Tx(t.Context(), authz.Scope{Business: shop}, func(tx *store.Tx) error { return s.EndMemberships(t.Context(), tx, shop) }); err != nil {
		t.Fatal(err)
	}
	w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}})
	if p := w.Post("/akun/tutup", url.Values{"sure": {"on"}}); p.Location() != "/masuk?sandi=1" {
		t.Errorf("close = %d", p.Status)
	}
	if p := w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}}); p.Status != 422 {
		t.Errorf("signing in to a closed account = %d", p.Status)
	}
}

func TestTwoOfficersMendALostFactor(t *testing.T) {
	w, s, _ := site(t)
	asAdmin(t, w, s)
	w.Post("/keluar", nil)
	// Pak Asep has a second step of his own.
	asep := person(t, s, "081234567890", "Pak Asep")
	w.Post("/masuk", url.Values{"who": {"081234567890"}, "password": {secret}})
	enrol(t, w)
	w.Post("/keluar", nil)

	first := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: []authz.Perm{authz.PermRecover}, Now: time.Now()}
	if err := s.AskFactor(t.Context(), first, asep); err != nil {
		t.Fatal(err)
	}
	second := first
	second.Actor = id.New()
	link, err := s.ConfirmFactor(t.Context(), second, asep)
	if err != nil {
		t.Fatal(err)
	}
	if p := w.Get("/langkah-baru/" + link); p.Status != 200 || !strings.Contains(p.Body, "Pak Asep") {
		t.Errorf("the link = %d", p.Status)
	}
	if p := w.Post("/langkah-baru/"+link, url.Values{"password": {"bukan ini sandinya"}}); p.Status != 422 {
		t.Errorf("a wrong password = %d", p.Status)
	}
	if p := w.Post("/langkah-baru/"+link, url.Values{"password": {secret}}); p.Location() != "/akun/kode" {
		t.Errorf("the new step = %d %s", p.Status, p.Location())
	}
	enrol(t, w)
	if p := w.Get("/langkah-baru/" + link); p.Status != 404 {
		t.Errorf("the used link = %d", p.Status)
	}
}

func TestRecoveryPage(t *testing.T) {
	w, s, _ := site(t)
	asAdmin(t, w, s)
	asep := person(t, s, "081234567890", "Pak Asep")
	p := w.Post("/dinas/pemulihan", url.Values{"phone": {"0812 3456 7890"}})
	if p.Status != 200 || !strings.Contains(p.Body, "Pak Asep") {
		t.Fatalf("search = %d", p.Status)
	}
	at := "/dinas/pemulihan/" + asep.String()
	f := webtest.Form(p.Body, `form[action="`+at+`/tautan"]`)
	if p := w.Post(at+"/tautan", f); p.Status != 422 || !strings.Contains(p.Body, "Pak Asep") {
		t.Errorf("a link without having seen the papers = %d", p.Status)
	}
	if p := w.Post(at+"/bukti-hp", f); p.Status != 422 {
		t.Errorf("a proof without having seen the papers = %d", p.Status)
	}
	f.Set("seen", "on")
	if p := w.Post(at+"/langkah-kedua", f); p.Status != 404 {
		t.Errorf("a lost step that never was = %d", p.Status)
	}
	if p := w.Post(at+"/bukti-hp", f); p.Location() != "/dinas/pemulihan" {
		t.Errorf("prove = %d", p.Status)
	}
	if p := w.Post(at+"/tautan", f); p.Status != 200 || !strings.Contains(p.Body, "/atur-ulang/") {
		t.Errorf("hand over = %d", p.Status)
	}
}

// Who signed in by the password alone makes the second step before the page of
// the keys, and goes on there.
func TestThePageOfKeysAsksForTheSecondStep(t *testing.T) {
	w, s, _ := site(t)
	s.Base = "https://lapak.example.org"
	who := person(t, s, "081300000009", "Bu Euis")
	in, err := s.SignIn(t.Context(), "081300000009", secret, account.Where{})
	if err != nil {
		t.Fatal(err)
	}
	ses, _, err := s.Load(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	question, err := s.BeginPasskey(t.Context(), ses)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := virtualwebauthn.ParseAttestationOptions(string(question))
	if err != nil {
		t.Fatal(err)
	}
	phone := virtualwebauthn.NewAuthenticator()
	phone.Options.UserHandle = who[:]
	made := virtualwebauthn.CreateAttestationResponse(
		virtualwebauthn.RelyingParty{Name: "Lapak", ID: "lapak.example.org", Origin: s.Base}, phone, virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA), *asked)
	if _, err := s.AddPasskey(t.Context(), ses, "HP", made, account.Where{}); err != nil {
		t.Fatal(err)
	}

	w.Post("/masuk", url.Values{"who": {"081300000009"}, "password": {secret}})
	for _, path := range []string{"/akun/kunci", "/akun/kode"} {
		p := w.Get(path)
		if p.Location() != "/masuk/kode?ke="+path {
			t.Errorf("GET %s = %d, %q", path, p.Status, p.Location())
			continue
		}
		if got := webtest.Form(w.Get(p.Location()).Body, `form[action="/masuk/kode/kunci"]`).Get("ke"); got != path {
			t.Errorf("the second step leads to %q, want %q", got, path)
		}
		if body := w.Get(p.Location()).Body; strings.Contains(webtest.Text(body, "main"), "account.") || !strings.Contains(body, `href="/akun"`) {
			t.Error("who gives up the second step is not led back to their account")
		}
	}
	if got := w.Post("/akun/kunci/"+id.New().String()+"/penghapusan", nil).Location(); got != "/masuk/kode?ke=/akun/kunci" {
		t.Errorf("removing a key leads to %q", got)
	}
}
