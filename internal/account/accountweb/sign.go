package accountweb

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/web"
)

func retry(f *fault.Error) string { return strconv.Itoa(int(f.RetryAfter/time.Second) + 1) }

func (p pages) signInPage(w http.ResponseWriter, r *http.Request) error {
	if who := web.Person(r); who != nil {
		return web.SeeOther(w, r, next(r, home(web.Scope(r))))
	}
	shared := p.gate.Device(r)
	if shared != "" { // a shared phone opens at the names, unless its owner wants to type a password
		_, err := p.s.Counter(r.Context(), shared)
		switch {
		case errors.Is(err, account.ErrDevice): // its owner ended it
			p.gate.SetDevice(w, r, "")
			shared = ""
		case err != nil:
			return err
		case r.FormValue("sandi") == "":
			return web.SeeOther(w, r, with("/pin", next(r, "")))
		}
	}
	return web.Render(w, r, http.StatusOK, p.signInForm("", next(r, ""), shared != "", nil))
}

func (p pages) signIn(w http.ResponseWriter, r *http.Request) error {
	in, err := p.s.SignIn(r.Context(), r.FormValue("who"), r.FormValue("password"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, p.signInForm(r.FormValue("who"), next(r, ""), p.gate.Device(r) != "", f))
		})
	}
	return p.enter(w, r, in)
}

func (p pages) codePage(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	if !ses.HasFactor() {
		return web.SeeOther(w, r, "/akun/kode")
	}
	return web.Render(w, r, http.StatusOK, codeForm(ses, next(r, ""), nil))
}

func (p pages) code(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, err := p.s.SecondStep(r.Context(), ses, r.FormValue("code"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return web.Render(w, r, code, codeForm(ses, next(r, ""), f)) })
	}
	return p.enter(w, r, account.In{Token: token, Person: ses.Scope.Actor})
}

func (p pages) signUpPage(w http.ResponseWriter, r *http.Request) error {
	if web.Person(r) != nil {
		return web.SeeOther(w, r, next(r, "/mulai"))
	}
	return web.Render(w, r, http.StatusOK, signUpForm("/daftar", account.Newcomer{}, next(r, ""), nil))
}

func newcomer(r *http.Request) account.Newcomer {
	return account.Newcomer{
		Who: r.FormValue("who"), Name: r.FormValue("name"), Password: r.FormValue("password"), Terms: r.FormValue("terms") == "on", Channel: "web",
	}
}

func (p pages) signUp(w http.ResponseWriter, r *http.Request) error {
	n := newcomer(r)
	in, err := p.s.SignUp(r.Context(), n, p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, signUpForm("/daftar", n, next(r, ""), f))
		})
	}
	return p.enter(w, r, in)
}

func (p pages) signOut(w http.ResponseWriter, r *http.Request) error {
	ses, ok, err := p.gate.Session(r.Context(), r)
	if err != nil {
		return err
	}
	if ok {
		if err := p.s.SignOut(r.Context(), ses); err != nil {
			return err
		}
	}
	p.gate.Leave(w, r)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	if ses.Scope.ByPIN {
		return web.SeeOther(w, r, "/pin")
	}
	return web.SeeOther(w, r, "/masuk")
}

func (p pages) forgotPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, forgotForm("", false, p.s.Mail != nil, nil))
}

func (p pages) forgot(w http.ResponseWriter, r *http.Request) error {
	if err := p.s.Forgot(r.Context(), r.FormValue("mail"), p.gate.Where(r)); err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, forgotForm(r.FormValue("mail"), false, p.s.Mail != nil, f))
		})
	}
	return web.Render(w, r, http.StatusOK, forgotForm("", true, p.s.Mail != nil, nil))
}

// badLink is the one answer for links that are wrong, used or too old.
func badLink(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, account.ErrLink) {
		return web.Render(w, r, http.StatusNotFound, linkPage())
	}
	return err
}

func (p pages) resetPage(w http.ResponseWriter, r *http.Request) error {
	name, err := p.s.ResetFor(r.Context(), r.PathValue("token"))
	if err != nil {
		return badLink(w, r, err)
	}
	return web.Render(w, r, http.StatusOK, resetForm(r.PathValue("token"), name, nil))
}

func (p pages) reset(w http.ResponseWriter, r *http.Request) error {
	in, err := p.s.Reset(r.Context(), r.PathValue("token"), r.FormValue("password"), p.gate.Where(r))
	if errors.Is(err, account.ErrLink) {
		return badLink(w, r, err)
	}
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, resetForm(r.PathValue("token"), "", f))
		})
	}
	web.Flash(w, r, "account.password_changed")
	return p.enter(w, r, in)
}

func (p pages) provePage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, proveForm(r.PathValue("token")))
}

func (p pages) prove(w http.ResponseWriter, r *http.Request) error {
	if err := p.s.ProveMail(r.Context(), r.PathValue("token")); err != nil {
		return badLink(w, r, err)
	}
	web.Flash(w, r, "account.mail_proven_now")
	return web.SeeOther(w, r, "/akun")
}

func (p pages) firstPage(w http.ResponseWriter, r *http.Request) error {
	ok, err := p.s.IsFirstAdmin(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if !ok {
		return badLink(w, r, account.ErrLink)
	}
	return web.Render(w, r, http.StatusOK, signUpForm("/admin-pertama/"+r.PathValue("token"), account.Newcomer{}, "", nil))
}

func (p pages) first(w http.ResponseWriter, r *http.Request) error {
	n := newcomer(r)
	in, err := p.s.FirstAdmin(r.Context(), r.PathValue("token"), n, p.gate.Where(r))
	if errors.Is(err, account.ErrLink) {
		return badLink(w, r, err)
	}
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, signUpForm("/admin-pertama/"+r.PathValue("token"), n, "", f))
		})
	}
	return p.enter(w, r, in)
}

func (p pages) invitedPage(w http.ResponseWriter, r *http.Request) error {
	i, err := p.s.Invited(r.Context(), r.PathValue("token"))
	if err != nil {
		return badLink(w, r, err)
	}
	return web.Render(w, r, http.StatusOK, invitedView(r.PathValue("token"), i, web.Person(r)))
}

func (p pages) join(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, err := p.s.Join(r.Context(), ses, r.PathValue("token"), account.Label(r.UserAgent()))
	if err != nil {
		return badLink(w, r, err)
	}
	p.gate.Enter(w, r, token, ses.Scope.Actor)
	after, _, err := p.s.Load(r.Context(), token)
	if err != nil {
		return err
	}
	web.Flash(w, r, "account.joined")
	if step, err := p.step(r, after); err != nil {
		return err
	} else if step != "" {
		return web.SeeOther(w, r, step)
	}
	return web.SeeOther(w, r, home(after.Scope))
}

func (p pages) freshPage(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	if ses.Scope.ByPIN {
		return authz.ErrPIN
	}
	return web.Render(w, r, http.StatusOK, freshForm(next(r, "/akun"), ses, nil))
}

func (p pages) fresh(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, err := p.s.Fresh(r.Context(), ses, r.FormValue("password"), r.FormValue("code"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, freshForm(next(r, "/akun"), ses, f))
		})
	}
	p.gate.Enter(w, r, token, ses.Scope.Actor)
	return web.SeeOther(w, r, next(r, "/akun"))
}

func (p pages) pinPage(w http.ResponseWriter, r *http.Request) error {
	c, err := p.s.Counter(r.Context(), p.gate.Device(r))
	if errors.Is(err, account.ErrDevice) {
		return web.Render(w, r, http.StatusNotFound, noDevice())
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, pinList(c, next(r, "")))
}

func (p pages) padPage(w http.ResponseWriter, r *http.Request) error {
	return p.pad(w, r, http.StatusOK, nil)
}

func (p pages) pad(w http.ResponseWriter, r *http.Request, code int, f *fault.Error) error {
	c, err := p.s.Counter(r.Context(), p.gate.Device(r))
	if err != nil {
		return err
	}
	member, err := web.PathID(r, "member")
	if err != nil {
		return err
	}
	m, ok := own(c.Members, member)
	if !ok {
		return web.ErrMissing
	}
	return web.Render(w, r, code, pinPad(m, next(r, ""), f))
}

func (p pages) pin(w http.ResponseWriter, r *http.Request) error {
	member, err := web.PathID(r, "member")
	if err != nil {
		return err
	}
	in, err := p.s.SignInByPIN(r.Context(), p.gate.Device(r), member, r.FormValue("pin"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.pad(w, r, code, f) })
	}
	// Known devices are noted for passwords alone.
	in.Person, in.Pending = [16]byte{}, false
	return p.enter(w, r, in)
}

// with is a path that leads on to another.
func with(path, to string) string {
	if to == "" {
		return path
	}
	return path + "?ke=" + url.QueryEscape(to)
}
