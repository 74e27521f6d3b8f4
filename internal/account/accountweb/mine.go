package accountweb

import (
	"net/http"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/web"
)

// myPage is all that the page of one's own account shows.
type myPage struct {
	Who     account.Who
	Logins  []account.Login
	Notices []account.Notice
	Texts   []account.Legal // that changed since the person accepted them
	Choices int
	ByPIN   bool
	CanMail bool
	CanKeys bool
}

func (p pages) mine(w http.ResponseWriter, r *http.Request) error {
	return p.showMine(w, r, http.StatusOK, nil)
}

func (p pages) showMine(w http.ResponseWriter, r *http.Request, code int, f *fault.Error) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	d := myPage{Choices: ses.Choices, ByPIN: ses.Scope.ByPIN, CanMail: p.s.Mail != nil, CanKeys: p.s.HasPasskeys()}
	if d.Who, err = p.s.Person(r.Context(), ses.Scope.Actor); err != nil {
		return err
	}
	if d.Logins, err = p.s.Logins(r.Context(), ses); err != nil {
		return err
	}
	if d.Notices, err = p.s.Notices(r.Context(), ses.Scope.Actor); err != nil {
		return err
	}
	if d.Texts, err = p.s.Unaccepted(r.Context(), ses.Scope.Actor); err != nil {
		return err
	}
	if f != nil { // what was typed stays
		switch {
		case f.Field("name") != nil:
			d.Who.Name = r.FormValue("name")
		case f.Field("phone") != nil:
			d.Who.Phone = phone.Number(r.FormValue("phone"))
		case f.Field("mail") != nil:
			d.Who.Mail = r.FormValue("mail")
		}
	}
	return web.Render(w, r, code, myAccount(d, f))
}

// mend runs a change of one's own account and leads back to it.
func (p pages) mend(w http.ResponseWriter, r *http.Request, said string, change func(account.Session) error) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	if err := change(ses); err != nil {
		if f := fault.Of(err); f != nil && len(f.Fields) > 0 {
			return p.showMine(w, r, http.StatusUnprocessableEntity, f)
		}
		return sendFresh(w, r, err, "/akun")
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, "/akun")
}

// sendFresh asks for a fresh proof, or for the second step, and leads back to a page, as the form's own address has none.
func sendFresh(w http.ResponseWriter, r *http.Request, err error, to string) error {
	switch f := fault.Of(err); {
	case f != nil && f.Is(authz.ErrFresh):
		return web.SeeOther(w, r, "/bukti-diri?ke="+to)
	case f != nil && f.Is(account.ErrFactor):
		return web.SeeOther(w, r, "/masuk/kode?ke="+to)
	}
	return err
}

func (p pages) rename(w http.ResponseWriter, r *http.Request) error {
	return p.mend(w, r, "ui.saved", func(ses account.Session) error { return p.s.Rename(r.Context(), ses, r.FormValue("name")) })
}

func (p pages) phone(w http.ResponseWriter, r *http.Request) error {
	return p.mend(w, r, "ui.saved", func(ses account.Session) error {
		return p.s.ChangePhone(r.Context(), ses, r.FormValue("phone"))
	})
}

func (p pages) mail(w http.ResponseWriter, r *http.Request) error {
	return p.mend(w, r, "ui.saved", func(ses account.Session) error {
		return p.s.ChangeMail(r.Context(), ses, r.FormValue("mail"))
	})
}

func (p pages) endLogin(w http.ResponseWriter, r *http.Request) error {
	return p.mend(w, r, "account.session_ended", func(ses account.Session) error {
		login, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		return p.s.EndLogin(r.Context(), ses, login)
	})
}

func (p pages) endOthers(w http.ResponseWriter, r *http.Request) error {
	return p.mend(w, r, "account.session_ended", func(ses account.Session) error { return p.s.EndOthers(r.Context(), ses) })
}

func (p pages) seen(w http.ResponseWriter, r *http.Request) error {
	return p.mend(w, r, "ui.saved", func(ses account.Session) error { return p.s.SeeNotices(r.Context(), ses.Scope.Actor) })
}

func (p pages) passwordPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, passwordForm(nil))
}

func (p pages) password(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, err := p.s.ChangePassword(r.Context(), ses, r.FormValue("password"), r.FormValue("new"), p.gate.Where(r))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return web.Render(w, r, code, passwordForm(f)) })
	}
	p.gate.Enter(w, r, token, ses.Scope.Actor)
	web.Flash(w, r, "account.password_changed")
	return web.SeeOther(w, r, "/akun")
}

func (p pages) totpPage(w http.ResponseWriter, r *http.Request) error {
	return p.showTOTP(w, r, http.StatusOK, nil)
}

func (p pages) showTOTP(w http.ResponseWriter, r *http.Request, code int, f *fault.Error) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	if ses.HasTOTP {
		return web.SeeOther(w, r, "/akun")
	}
	seed, err := p.s.BeginTOTP(r.Context(), ses)
	if err != nil {
		return sendFresh(w, r, err, "/akun/kode")
	}
	return web.Render(w, r, code, totpForm(seed, p.s.HasPasskeys(), f))
}

func (p pages) totp(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, recovery, err := p.s.ConfirmTOTP(r.Context(), ses, r.FormValue("code"), account.Label(r.UserAgent()))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showTOTP(w, r, code, f) })
	}
	p.gate.Enter(w, r, token, ses.Scope.Actor)
	after, _, err := p.s.Load(r.Context(), token)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, recoveryCodes(recovery, home(after.Scope)))
}

func (p pages) actPage(w http.ResponseWriter, r *http.Request) error {
	list, err := p.s.Memberships(r.Context(), web.Scope(r).Actor)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, actList(list, web.Scope(r).Membership))
}

func (p pages) act(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	token, err := p.s.Act(r.Context(), ses, web.FormID(r, "membership"), account.Label(r.UserAgent()))
	if err != nil {
		return sendFresh(w, r, err, "/akun/usaha")
	}
	return p.enter(w, r, account.In{Token: token, Person: id.ID{}})
}
