// Package voucherweb holds the owner's pages of vouchers.
package voucherweb

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/ui"
	"lapak/internal/voucher"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	vouchers *voucher.Service
	shops    *business.Service
}

// Routes are the addresses of vouchers.
func Routes(vouchers *voucher.Service, shops *business.Service) []web.Route {
	p := pages{vouchers, shops}
	return []web.Route{
		{Pattern: "GET /voucher", Verb: authz.EditVouchers, Handle: p.list},
		{Pattern: "GET /voucher/baru", Verb: authz.EditVouchers, Handle: p.blank},
		{Pattern: "GET /voucher/{id}", Verb: authz.EditVouchers, Handle: p.edit},
		{Pattern: "POST /voucher", Verb: authz.EditVouchers, Handle: p.save},
	}
}

// form is a voucher as it was filled in.
type form struct {
	Draft  voucher.Draft
	Starts string
	Ends   string
	Exists bool
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	before, _ := id.Parse(r.URL.Query().Get("lanjut"))
	list, next, err := p.vouchers.List(r.Context(), web.Scope(r), before)
	if err != nil {
		return err
	}
	more := ""
	if !next.IsZero() {
		more = "/voucher?lanjut=" + next.String()
	}
	shop, err := p.shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(list, shop, more))
}

func (p pages) blank(w http.ResponseWriter, r *http.Request) error {
	d := form{Draft: voucher.Draft{ID: id.New(), Kind: voucher.Amount, Each: 1, Active: true}}
	return web.Render(w, r, http.StatusOK, editPage(d, nil))
}

func (p pages) edit(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v, err := p.vouchers.Get(r.Context(), web.Scope(r), at)
	if err != nil {
		return err
	}
	shop, err := p.shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	d := form{Exists: true, Starts: v.StartsAt.In(shop.Location()).Format(time.DateOnly), Draft: voucher.Draft{
		ID: v.ID, Code: v.Code, Kind: v.Kind, Value: v.Value, Cap: v.Cap, Least: v.Least, Most: v.Most, Each: v.Each, Active: v.Active,
	}}
	if v.EndsAt != nil {
		d.Ends = v.EndsAt.In(shop.Location()).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return web.Render(w, r, http.StatusOK, editPage(d, nil))
}

func (p pages) save(w http.ResponseWriter, r *http.Request) error {
	shop, err := p.shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	d, f := read(r, shop.Location())
	if err = f.Err(); err == nil {
		d.Draft.New = !d.Exists
		err = p.vouchers.Put(r.Context(), web.Scope(r), d.Draft)
	}
	if ff, again := web.Again(err); again {
		return web.Render(w, r, http.StatusUnprocessableEntity, editPage(d, ff))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/voucher")
}

func read(r *http.Request, loc *time.Location) (form, *fault.Fields) {
	var f fault.Fields
	sum := func(name string) int64 {
		n, err := web.Money(r, name)
		f.Add(name, err)
		return n
	}
	d := form{Exists: r.FormValue("exists") != "", Starts: r.FormValue("starts"), Ends: r.FormValue("ends"), Draft: voucher.Draft{
		ID: web.FormID(r, "id"), Code: voucher.Clean(r.FormValue("code")), Kind: voucher.Kind(r.FormValue("kind")), Cap: sum("cap"), Least: sum("least"),
		Most: web.Int(r, "most"), Each: web.Int(r, "each"), Active: r.FormValue("active") != "",
	}}
	d.Draft.Value = sum("value")
	if d.Starts != "" {
		t, ok := web.Day(r, "starts", loc)
		f.Check(ok, "starts", "form.date")
		d.Draft.StartsAt = t
	}
	if d.Ends != "" {
		t, ok := web.Day(r, "ends", loc)
		f.Check(ok, "ends", "form.date")
		t = t.AddDate(0, 0, 1) // the last day counts to its end
		d.Draft.EndsAt = &t
	}
	return d, &f
}

func typed(n int64) string {
	if n == 0 {
		return ""
	}
	return money.Digits(n)
}

// off says in words what a voucher takes off.
func off(ctx context.Context, v voucher.Voucher) string {
	s := i18n.T(ctx, "voucher.off_"+string(v.Kind), v.Sum())
	if v.Cap > 0 {
		s += " " + i18n.T(ctx, "voucher.at_most", money.String(v.Cap))
	}
	if v.Least > 0 {
		s += ", " + i18n.T(ctx, "voucher.from", money.String(v.Least))
	}
	return s
}

// used says how often a voucher was used, and how often it may be.
func used(ctx context.Context, v voucher.Voucher) string {
	if v.Most == 0 {
		return i18n.T(ctx, "voucher.used", v.Used)
	}
	return i18n.T(ctx, "voucher.used_of", v.Used, v.Most)
}

// invite is the text that goes out with a code.
func invite(ctx context.Context, v voucher.Voucher, shop business.Business) string {
	s := i18n.T(ctx, "voucher.invite", shop.Name, v.Code, off(ctx, v))
	if v.EndsAt != nil {
		s += " " + i18n.T(ctx, "voucher.until", i18n.Day(ctx, v.EndsAt.Add(-time.Second)))
	}
	return strings.TrimSpace(s + "\n" + ui.Of(ctx).Base + shop.Path())
}

func badge(ctx context.Context, s voucher.State) (kind, icon, text string) {
	text = i18n.T(ctx, "voucher.state_"+string(s))
	switch s {
	case voucher.Running:
		return "ok", "check", text
	case voucher.Early:
		return "info", "clock", text
	}
	return "", "minus", text
}

func title(ctx context.Context, d form) string {
	if d.Exists {
		return i18n.T(ctx, "voucher.edit")
	}
	return i18n.T(ctx, "voucher.new")
}
