package accountweb

import (
	"net/http"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/ui"
	"lapak/internal/web"

	"github.com/a-h/templ"
)

// signInForm is the page of signing in, with the ways that this site has.
func (p pages) signInForm(who, to string, shared bool, f *fault.Error) templ.Component {
	return signInView(who, to, shared, p.s.HasPasskeys(), f)
}

// withKeys lets a page use passkeys.
func withKeys(p ui.Page) ui.Page {
	p.Scripts = append(p.Scripts, "passkey")
	return p
}

// keyWeight is the look of the button: the page's one, or another way.
func keyWeight(only bool) string {
	if only {
		return "primary"
	}
	return ""
}

// question answers a script with a question for the browser's keys.
func question(w http.ResponseWriter, body []byte, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body)
	return nil
}

func (p pages) keyQuestion(w http.ResponseWriter, r *http.Request) error {
	body, err := p.s.AskPasskey(r.Context())
	return question(w, body, err)
}

func (p pages) newKeyQuestion(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	body, err := p.s.BeginPasskey(r.Context(), ses)
	return question(w, body, err)
}

func (p pages) keySignIn(w http.ResponseWriter, r *http.Request) error {
	in, err := p.s.SignInByPasskey(r.Context(), r.FormValue("answer"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, p.signInForm("", next(r, ""), p.gate.Device(r) != "", f))
		})
	}
	return p.enter(w, r, in)
}

func (p pages) keyCode(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, err := p.s.SecondStepByPasskey(r.Context(), ses, r.FormValue("answer"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return web.Render(w, r, code, codeForm(ses, next(r, ""), f)) })
	}
	return p.enter(w, r, account.In{Token: token, Person: ses.Scope.Actor})
}

func (p pages) keyFresh(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, err := p.s.FreshByPasskey(r.Context(), ses, r.FormValue("answer"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, freshForm(next(r, "/akun"), ses, f))
		})
	}
	p.gate.Enter(w, r, token, ses.Scope.Actor)
	return web.SeeOther(w, r, next(r, "/akun"))
}

func (p pages) keys(w http.ResponseWriter, r *http.Request) error {
	return p.showKeys(w, r, http.StatusOK, "", nil)
}

func (p pages) showKeys(w http.ResponseWriter, r *http.Request, code int, name string, f *fault.Error) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	if err := ses.Scope.Fresh(); err != nil {
		return sendFresh(w, r, err, "/akun/kunci")
	}
	if !p.s.HasPasskeys() {
		return account.ErrNoPasskeys
	}
	if ses.HasFactor() && !ses.Factor { // nothing here could be changed
		return sendFresh(w, r, account.ErrFactor, "/akun/kunci")
	}
	list, err := p.s.Passkeys(r.Context(), ses)
	if err != nil {
		return err
	}
	if f == nil && name == "" {
		name = account.Label(r.UserAgent())
	}
	return web.Render(w, r, code, keyList(list, name, f))
}

func (p pages) addKey(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	first := ses.Scope.Role == authz.Person && !ses.HasFactor()
	token, err := p.s.AddPasskey(r.Context(), ses, r.FormValue("name"), r.FormValue("answer"), p.gate.Where(r))
	if err != nil {
		if f := fault.Of(err); f != nil && (f.Is(authz.ErrFresh) || f.Is(account.ErrFactor)) {
			return sendFresh(w, r, err, "/akun/kunci")
		}
		return again(w, err, func(f *fault.Error, code int) error { return p.showKeys(w, r, code, r.FormValue("name"), f) })
	}
	p.gate.Enter(w, r, token, ses.Scope.Actor)
	web.Flash(w, r, "account.passkey_added")
	if first { // who had to enrol before acting goes on to their work
		after, _, err := p.s.Load(r.Context(), token)
		if err != nil {
			return err
		}
		if after.Scope.Role != authz.Person {
			return web.SeeOther(w, r, home(after.Scope))
		}
	}
	return web.SeeOther(w, r, "/akun/kunci")
}

func (p pages) removeKey(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	key, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.s.RemovePasskey(r.Context(), ses, key); err != nil {
		if f := fault.Of(err); f != nil && f.Is(account.ErrLastFactor) {
			return p.showKeys(w, r, http.StatusConflict, "", f)
		}
		return sendFresh(w, r, err, "/akun/kunci")
	}
	web.Flash(w, r, "account.passkey_removed")
	return web.SeeOther(w, r, "/akun/kunci")
}
