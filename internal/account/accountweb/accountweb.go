// Package accountweb shows the pages of signing up and in, of a person's own
// account, of a shop's staff, and those by which the office helps people in.
package accountweb

import (
	"embed"
	"net/http"
	"net/url"
	"slices"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/web"
)

// Words are the texts of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	s    *account.Service
	gate account.Gate
}

// Routes lists the pages.
func Routes(s *account.Service) []web.Route {
	p := pages{s, s.Gate()}
	return []web.Route{
		{Pattern: "GET /masuk", Verb: authz.Public, Handle: p.signInPage},
		{Pattern: "POST /masuk", Verb: authz.Public, Handle: p.signIn},
		{Pattern: "GET /masuk/kode", Verb: authz.Public, Handle: p.codePage},
		{Pattern: "POST /masuk/kode", Verb: authz.Public, Handle: p.code},
		{Pattern: "POST /masuk/kunci", Verb: authz.Public, Handle: p.keySignIn},
		{Pattern: "POST /masuk/kunci/tantangan", Verb: authz.Public, Handle: p.keyQuestion},
		{Pattern: "POST /masuk/kode/kunci", Verb: authz.Public, Handle: p.keyCode},
		{Pattern: "GET /daftar", Verb: authz.Public, Handle: p.signUpPage},
		{Pattern: "POST /daftar", Verb: authz.Public, Handle: p.signUp, Rate: web.SignUps},
		{Pattern: "POST /keluar", Verb: authz.Public, Handle: p.signOut},
		{Pattern: "GET /lupa", Verb: authz.Public, Handle: p.forgotPage},
		{Pattern: "POST /lupa", Verb: authz.Public, Handle: p.forgot},
		{Pattern: "GET /atur-ulang/{token}", Verb: authz.Public, Handle: p.resetPage, Link: true},
		{Pattern: "POST /atur-ulang/{token}", Verb: authz.Public, Handle: p.reset, Link: true},
		{Pattern: "GET /bukti-email/{token}", Verb: authz.Public, Handle: p.provePage, Link: true},
		{Pattern: "POST /bukti-email/{token}", Verb: authz.Public, Handle: p.prove, Link: true},
		{Pattern: "GET /langkah-baru/{token}", Verb: authz.Public, Handle: p.newFactorPage, Link: true},
		{Pattern: "POST /langkah-baru/{token}", Verb: authz.Public, Handle: p.newFactor, Link: true},
		{Pattern: "GET /admin-pertama/{token}", Verb: authz.Public, Handle: p.firstPage, Link: true},
		{Pattern: "POST /admin-pertama/{token}", Verb: authz.Public, Handle: p.first, Link: true},
		{Pattern: "GET /undangan/{token}", Verb: authz.Public, Handle: p.invitedPage, Link: true},
		{Pattern: "POST /undangan/{token}", Verb: authz.SignedIn, Handle: p.join, Link: true},
		{Pattern: "GET /bukti-diri", Verb: authz.SignedIn, Handle: p.freshPage},
		{Pattern: "POST /bukti-diri", Verb: authz.SignedIn, Handle: p.fresh},
		{Pattern: "POST /bukti-diri/kunci", Verb: authz.SignedIn, Handle: p.keyFresh},
		{Pattern: "GET /pin", Verb: authz.Public, Handle: p.pinPage},
		{Pattern: "GET /pin/{member}", Verb: authz.Public, Handle: p.padPage},
		{Pattern: "POST /pin/{member}", Verb: authz.Public, Handle: p.pin},

		{Pattern: "GET /akun", Verb: authz.SignedIn, Handle: p.mine},
		{Pattern: "POST /akun/nama", Verb: authz.SignedIn, Handle: p.rename},
		{Pattern: "POST /akun/hp", Verb: authz.SignedIn, Handle: p.phone},
		{Pattern: "POST /akun/email", Verb: authz.SignedIn, Handle: p.mail},
		{Pattern: "GET /akun/sandi", Verb: authz.SignedIn, Handle: p.passwordPage},
		{Pattern: "POST /akun/sandi", Verb: authz.SignedIn, Handle: p.password},
		{Pattern: "POST /akun/sesi/{id}/akhir", Verb: authz.SignedIn, Handle: p.endLogin},
		{Pattern: "POST /akun/sesi-lain/akhir", Verb: authz.SignedIn, Handle: p.endOthers},
		{Pattern: "POST /akun/kabar", Verb: authz.SignedIn, Handle: p.seen},
		{Pattern: "GET /akun/kode", Verb: authz.SignedIn, Handle: p.totpPage},
		{Pattern: "POST /akun/kode", Verb: authz.SignedIn, Handle: p.totp},
		{Pattern: "GET /akun/kunci", Verb: authz.SignedIn, Handle: p.keys},
		{Pattern: "POST /akun/kunci", Verb: authz.SignedIn, Handle: p.addKey},
		{Pattern: "POST /akun/kunci/tantangan", Verb: authz.SignedIn, Handle: p.newKeyQuestion},
		{Pattern: "POST /akun/kunci/{id}/penghapusan", Verb: authz.SignedIn, Handle: p.removeKey},
		{Pattern: "GET /akun/usaha", Verb: authz.SignedIn, Handle: p.actPage},
		{Pattern: "POST /akun/usaha", Verb: authz.SignedIn, Handle: p.act},

		{Pattern: "POST /akun/naskah/{kind}", Verb: authz.SignedIn, Handle: p.accept},
		{Pattern: "GET /akun/tutup", Verb: authz.SignedIn, Handle: p.closePage},
		{Pattern: "POST /akun/tutup", Verb: authz.SignedIn, Handle: p.closeAccount},

		{Pattern: "GET /karyawan", Verb: authz.EditShop, Handle: p.staff},
		{Pattern: "POST /karyawan/undangan", Verb: authz.ManageStaff, Handle: p.invite},
		{Pattern: "POST /karyawan/undangan/{id}/penghapusan", Verb: authz.ManageStaff, Handle: p.withdraw},
		{Pattern: "POST /karyawan/pembantu", Verb: authz.ManageStaff, Handle: p.helper},
		{Pattern: "POST /karyawan/hp", Verb: authz.ManageStaff, Handle: p.enrol},
		{Pattern: "POST /karyawan/hp/{id}/akhir", Verb: authz.ManageStaff, Handle: p.endDevice},
		{Pattern: "GET /karyawan/{id}", Verb: authz.EditShop, Handle: p.member},
		{Pattern: "POST /karyawan/{id}/izin", Verb: authz.ManageStaff, Handle: p.perms},
		{Pattern: "POST /karyawan/{id}/pin", Verb: authz.ManageStaff, Handle: p.setPIN},
		{Pattern: "POST /karyawan/{id}/keluar", Verb: authz.ManageStaff, Handle: p.endSessions},
		{Pattern: "POST /karyawan/{id}/penghapusan", Verb: authz.ManageStaff, Handle: p.remove},

		{Pattern: "GET /syarat", Verb: authz.Public, Handle: p.legal(account.Terms)},
		{Pattern: "GET /privasi", Verb: authz.Public, Handle: p.legal(account.Privacy)},
		{Pattern: "GET /dinas/pemulihan", Verb: authz.RecoverPeople, Handle: p.recovery},
		{Pattern: "POST /dinas/pemulihan", Verb: authz.RecoverPeople, Handle: p.search},
		{Pattern: "POST /dinas/pemulihan/{id}/tautan", Verb: authz.RecoverPeople, Handle: p.handOver},
		{Pattern: "POST /dinas/pemulihan/{id}/bukti-hp", Verb: authz.RecoverPeople, Handle: p.provePhone},
		{Pattern: "POST /dinas/pemulihan/{id}/langkah-kedua", Verb: authz.RecoverPeople, Handle: p.askFactor},
		{Pattern: "POST /dinas/pemulihan/{id}/langkah-kedua/kepastian", Verb: authz.RecoverPeople, Handle: p.confirmFactor},
		{Pattern: "GET /dinas/naskah", Verb: authz.EditTexts, Handle: p.texts},
		{Pattern: "POST /dinas/naskah/{kind}", Verb: authz.EditTexts, Handle: p.publish, MaxBody: 256 << 10},

		{Pattern: "GET /admin", Verb: authz.RunInstallation, Handle: p.admin},
		{Pattern: "POST /admin/undangan", Verb: authz.RunInstallation, Handle: p.inviteOffice},
		{Pattern: "POST /admin/undangan/{id}/penghapusan", Verb: authz.RunInstallation, Handle: p.withdrawOffice},
		{Pattern: "GET /admin/orang/{id}", Verb: authz.RunInstallation, Handle: p.officer},
		{Pattern: "POST /admin/orang/{id}", Verb: authz.RunInstallation, Handle: p.changeOfficer},
		{Pattern: "POST /admin/orang/{id}/akhir", Verb: authz.RunInstallation, Handle: p.endOfficer},
		{Pattern: "POST /admin/pekerjaan/{id}", Verb: authz.RunInstallation, Handle: p.retryJob},
	}
}

// session is the session of a request, or the fault that asks to sign in.
func (p pages) session(r *http.Request) (account.Session, error) {
	ses, ok, err := p.gate.Session(r.Context(), r)
	if err == nil && !ok {
		err = authz.ErrSignIn
	}
	return ses, err
}

// next is where a page leads on to: a path of ours that a GET may open.
func next(r *http.Request, instead string) string { return web.OwnPath(r.FormValue("ke"), instead) }

// status is that of a form shown again.
func status(f *fault.Error) int {
	switch f.Kind {
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}

// again shows a form once more after a fault that its reader can mend.
func again(w http.ResponseWriter, err error, show func(*fault.Error, int) error) error {
	f, ok := web.Again(err)
	if !ok {
		return err
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", retry(f))
	}
	return show(f, status(f))
}

func ticks(r *http.Request, name string) (out []authz.Perm) {
	_ = r.ParseForm()
	for _, p := range r.Form[name] {
		out = append(out, authz.Perm(p))
	}
	return out
}

// home is where somebody starts after signing in.
func home(sc authz.Scope) string {
	switch sc.Role {
	case authz.Owner, authz.Staff:
		return "/hari-ini"
	case authz.Courier:
		return "/antaran"
	case authz.Office:
		if sc.May(authz.SeeRegistry) {
			return "/dinas/usaha"
		}
		if sc.May(authz.RecoverPeople) {
			return "/dinas/pemulihan"
		}
		if sc.May(authz.EditTexts) {
			return "/dinas/naskah"
		}
	case authz.Admin:
		return "/admin"
	case authz.Person:
		return "/mulai"
	}
	return "/akun"
}

// enter keeps a token and leads on, to the second step where one is due.
func (p pages) enter(w http.ResponseWriter, r *http.Request, in account.In) error {
	p.gate.Enter(w, r, in.Token, in.Person)
	to := next(r, "")
	if in.Pending {
		return web.SeeOther(w, r, "/masuk/kode?ke="+url.QueryEscape(to))
	}
	ses, ok, err := p.s.Load(r.Context(), in.Token)
	if err != nil || !ok {
		return err
	}
	if step, err := p.step(r, ses); err != nil {
		return err
	} else if step != "" {
		return web.SeeOther(w, r, step)
	}
	if to == "" {
		to = home(ses.Scope)
	}
	if !in.NewHere && !ses.Scope.ByPIN {
		texts, err := p.s.Unaccepted(r.Context(), ses.Scope.Actor)
		if err != nil {
			return err
		}
		if len(texts) > 0 {
			web.Flash(w, r, "account.texts_changed")
		}
	}
	return web.SeeOther(w, r, to)
}

// step is where a person goes who cannot act before a second step: to make it,
// or to enrol one. It is empty for all others.
func (p pages) step(r *http.Request, ses account.Session) (string, error) {
	if ses.Scope.Role != authz.Person {
		return "", nil
	}
	needs, err := p.s.NeedsFactor(r.Context(), ses)
	switch {
	case err != nil || !needs:
		return "", err
	case ses.HasFactor():
		return "/masuk/kode", nil
	}
	return "/akun/kode", nil
}

func own(list []account.Member, member id.ID) (account.Member, bool) {
	i := slices.IndexFunc(list, func(m account.Member) bool { return m.ID == member })
	if i < 0 {
		return account.Member{}, false
	}
	return list[i], true
}

func lang(r *http.Request) string { return i18n.Lang(r.Context()) }
