package accountweb

import (
	"errors"
	"net/http"
	"strconv"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/web"
)

// recovery is what the officers' page shows, who help people in.
type recovery struct {
	Phone string
	Asked bool // a number was looked for
	List  []account.Claim
	Me    id.ID
	Admin bool
	Said  string // words for what was done just now
}

func (p pages) recovery(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, recoveryPage(recovery{}, nil))
}

func (p pages) search(w http.ResponseWriter, r *http.Request) error {
	return p.found(w, r, http.StatusOK, "", nil)
}

// found shows who claims the number that the form has, once more after each act.
func (p pages) found(w http.ResponseWriter, r *http.Request, code int, said string, f *fault.Error) error {
	sc := web.Scope(r)
	d := recovery{Phone: r.FormValue("phone"), Me: sc.Actor, Admin: sc.Role == authz.Admin, Said: said}
	list, err := p.s.Claims(r.Context(), sc, d.Phone)
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return web.Render(w, r, code, recoveryPage(d, f)) })
	}
	d.List, d.Asked = list, true
	return web.Render(w, r, code, recoveryPage(d, f))
}

// papers are seen before an officer helps.
func papers(r *http.Request) error {
	if r.FormValue("seen") != "on" {
		return fault.New(fault.Invalid, "recovery.see_first")
	}
	return nil
}

func (p pages) handOver(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if f := fault.Of(papers(r)); f != nil {
		return p.found(w, r, http.StatusUnprocessableEntity, "", f)
	}
	token, err := p.s.HandOver(r.Context(), web.Scope(r), which)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, handedOver(web.Base(r)+"/atur-ulang/"+token, "recovery.link_hint", "recovery.link_qr"))
}

func (p pages) provePhone(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if f := fault.Of(papers(r)); f != nil {
		return p.found(w, r, http.StatusUnprocessableEntity, "", f)
	}
	if err := p.s.ProvePhone(r.Context(), web.Scope(r), which); err != nil {
		return err
	}
	web.Flash(w, r, "recovery.proven")
	return web.SeeOther(w, r, "/dinas/pemulihan")
}

func (p pages) askFactor(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if f := fault.Of(papers(r)); f != nil {
		return p.found(w, r, http.StatusUnprocessableEntity, "", f)
	}
	if err := p.s.AskFactor(r.Context(), web.Scope(r), which); err != nil {
		return err
	}
	web.Flash(w, r, "recovery.factor_asked")
	return web.SeeOther(w, r, "/dinas/pemulihan")
}

func (p pages) confirmFactor(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	f := fault.Of(papers(r))
	token := ""
	if f == nil {
		token, err = p.s.ConfirmFactor(r.Context(), web.Scope(r), which)
		if errors.Is(err, account.ErrSecondOfficer) {
			f, err = fault.Of(err), nil
		}
	}
	if f != nil {
		return p.found(w, r, http.StatusUnprocessableEntity, "", f)
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, handedOver(web.Base(r)+"/langkah-baru/"+token, "recovery.factor_link_hint", "recovery.factor_link_qr"))
}

// newFactorPage is where the link of two officers leads.
func (p pages) newFactorPage(w http.ResponseWriter, r *http.Request) error {
	name, err := p.s.FactorFor(r.Context(), r.PathValue("token"))
	if err != nil {
		return badLink(w, r, err)
	}
	return web.Render(w, r, http.StatusOK, newFactorForm(r.PathValue("token"), name, nil))
}

func (p pages) newFactor(w http.ResponseWriter, r *http.Request) error {
	in, err := p.s.DropFactor(r.Context(), r.PathValue("token"), r.FormValue("password"), p.gate.Where(r))
	if errors.Is(err, account.ErrLink) {
		return badLink(w, r, err)
	}
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return web.Render(w, r, code, newFactorForm(r.PathValue("token"), "", f))
		})
	}
	p.gate.Enter(w, r, in.Token, in.Person)
	return web.SeeOther(w, r, "/akun/kode")
}

// accept notes that the person accepts a new version of a text.
func (p pages) accept(w http.ResponseWriter, r *http.Request) error {
	return p.mend(w, r, "account.accepted", func(ses account.Session) error {
		version, _ := strconv.ParseInt(r.FormValue("version"), 10, 64)
		return p.s.Accept(r.Context(), ses, r.PathValue("kind"), version, "web")
	})
}

func (p pages) closePage(w http.ResponseWriter, r *http.Request) error {
	if err := web.Scope(r).Fresh(); err != nil {
		return err // to the proof, and back here
	}
	return web.Render(w, r, http.StatusOK, closeForm(nil))
}

func (p pages) closeAccount(w http.ResponseWriter, r *http.Request) error {
	ses, err := p.session(r)
	if err != nil {
		return err
	}
	if r.FormValue("sure") != "on" {
		f := fault.New(fault.Invalid, "account.close_tick").On("sure")
		return web.Render(w, r, http.StatusUnprocessableEntity, closeForm(f))
	}
	if err := p.s.Close(r.Context(), ses); err != nil {
		if f := fault.Of(err); f.HasKind(fault.Conflict) {
			return web.Render(w, r, http.StatusUnprocessableEntity, closeForm(f))
		}
		return sendFresh(w, r, err, "/akun/tutup")
	}
	p.gate.Leave(w, r)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	web.Flash(w, r, "account.closed")
	return web.SeeOther(w, r, "/masuk?sandi=1")
}
