package accountweb

import (
	"net/http"
	"strconv"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/web"
)

// staffPage is all that the owner's page of their staff shows.
type staffPage struct {
	Roster account.Roster
	Invite account.Invite
	Helper account.Helper
	Shared bool // this phone is a shared one
	Device string
	Locked bool // changes ask for a fresh proof first
}

func (p pages) staff(w http.ResponseWriter, r *http.Request) error {
	return p.showStaff(w, r, http.StatusOK, staffPage{}, nil)
}

func (p pages) showStaff(w http.ResponseWriter, r *http.Request, code int, d staffPage, f *fault.Error) error {
	var err error
	if d.Roster, err = p.s.Roster(r.Context(), web.Scope(r)); err != nil {
		return err
	}
	d.Shared, d.Locked = p.gate.Device(r) != "", web.Scope(r).Can(authz.ManageStaff) != nil
	return web.Render(w, r, code, staffList(d, f))
}

// The two forms on the page have fields with names of their own, so that each
// fault stands beside its own form.
var (
	inviteFields = map[string]string{"name": "invite_name", "perms": "invite_perms"}
	helperFields = map[string]string{"name": "helper_name", "perms": "helper_perms", "pin": "helper_pin"}
)

func (p pages) invite(w http.ResponseWriter, r *http.Request) error {
	d := staffPage{Invite: account.Invite{Name: r.FormValue("invite_name"), Role: authz.Role(r.FormValue("role")), Perms: ticks(r, "invite_perms")}}
	token, err := p.s.Invite(r.Context(), web.Scope(r), d.Invite)
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showStaff(w, r, code, d, renamed(f, inviteFields)) })
	}
	return web.Render(w, r, http.StatusOK, invitation(d.Invite.Name, web.Base(r)+"/undangan/"+token, "/karyawan"))
}

func (p pages) helper(w http.ResponseWriter, r *http.Request) error {
	d := staffPage{Helper: account.Helper{Name: r.FormValue("helper_name"), PIN: r.FormValue("helper_pin"), Perms: ticks(r, "helper_perms")}}
	if _, err := p.s.AddHelper(r.Context(), web.Scope(r), d.Helper); err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showStaff(w, r, code, d, renamed(f, helperFields)) })
	}
	web.Flash(w, r, "staff.helper_added", d.Helper.Name)
	return web.SeeOther(w, r, "/karyawan")
}

func (p pages) enrol(w http.ResponseWriter, r *http.Request) error {
	token, err := p.s.Enrol(r.Context(), web.Scope(r), r.FormValue("device"))
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error {
			return p.showStaff(w, r, code, staffPage{Device: r.FormValue("device")}, f)
		})
	}
	p.gate.SetDevice(w, r, token)
	web.Flash(w, r, "staff.device_on")
	return web.SeeOther(w, r, "/karyawan")
}

// change runs a change of the team and leads on.
func (p pages) change(w http.ResponseWriter, r *http.Request, said, to string, do func(id.ID) error) error {
	what, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := do(what); err != nil {
		return sendFresh(w, r, err, "/karyawan")
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, to)
}

func (p pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "staff.withdrawn", "/karyawan", func(v id.ID) error { return p.s.Withdraw(r.Context(), web.Scope(r), v) })
}

func (p pages) endDevice(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "staff.device_off", "/karyawan", func(v id.ID) error { return p.s.EndDevice(r.Context(), web.Scope(r), v) })
}

func (p pages) remove(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "staff.removed", "/karyawan", func(v id.ID) error { return p.s.Remove(r.Context(), web.Scope(r), v) })
}

func (p pages) endSessions(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "staff.signed_out", "/karyawan/"+r.PathValue("id"), func(v id.ID) error { return p.s.EndSessions(r.Context(), web.Scope(r), v) })
}

func (p pages) member(w http.ResponseWriter, r *http.Request) error {
	return p.showMember(w, r, http.StatusOK, nil)
}

func (p pages) showMember(w http.ResponseWriter, r *http.Request, code int, f *fault.Error) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	list, err := p.s.Roster(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	m, ok := own(list.Members, which)
	if !ok {
		return web.ErrMissing
	}
	return web.Render(w, r, code, memberView(m, web.Scope(r).Can(authz.ManageStaff) != nil, f))
}

func (p pages) perms(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.s.ChangePerms(r.Context(), web.Scope(r), which, ticks(r, "perms")); err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showMember(w, r, code, f) })
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/karyawan/"+which.String())
}

func (p pages) setPIN(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.s.SetPIN(r.Context(), web.Scope(r), which, r.FormValue("pin")); err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showMember(w, r, code, f) })
	}
	web.Flash(w, r, "staff.pin_saved")
	return web.SeeOther(w, r, "/karyawan/"+which.String())
}

func (p pages) legal(kind string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		l, err := p.s.Legal(r.Context(), kind, lang(r))
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusOK, legalView(l))
	}
}

func (p pages) texts(w http.ResponseWriter, r *http.Request) error {
	return p.showTexts(w, r, http.StatusOK, nil)
}

func (p pages) showTexts(w http.ResponseWriter, r *http.Request, code int, f *fault.Error) error {
	kind := r.FormValue("naskah")
	if k := r.PathValue("kind"); k != "" {
		kind = k
	}
	if kind != account.Privacy {
		kind = account.Terms
	}
	texts := map[string]account.Legal{}
	for _, l := range []string{"id", "en"} {
		text, err := p.s.Legal(r.Context(), kind, l)
		if err != nil {
			return err
		}
		if f != nil {
			text.Body = r.FormValue(l)
		}
		texts[l] = text
	}
	return web.Render(w, r, code, textsForm(kind, texts, f))
}

func (p pages) publish(w http.ResponseWriter, r *http.Request) error {
	after, _ := strconv.ParseInt(r.FormValue("after"), 10, 64)
	err := p.s.PublishLegal(r.Context(), web.Scope(r), r.PathValue("kind"), after, map[string]string{"id": r.FormValue("id"), "en": r.FormValue("en")})
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showTexts(w, r, code, f) })
	}
	web.Flash(w, r, "texts.published")
	return web.SeeOther(w, r, "/dinas/naskah?naskah="+r.PathValue("kind"))
}
