// Package haulweb holds the pages of courier firms and of the shops that they
// carry for.
package haulweb

import (
	"context"
	"embed"
	"net/http"
	"slices"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/haul"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the pages call.
type Services struct {
	Haul     *haul.Service
	Shops    *business.Service
	Accounts *account.Service
}

type pages struct{ Services }

// Routes are the addresses of both sides.
func Routes(s Services) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET /langganan", Verb: authz.SeeOrders, Handle: p.firms},
		{Pattern: "POST /langganan", Verb: authz.EditShop, Handle: p.wish},
		{Pattern: "GET /langganan/{firm}", Verb: authz.SeeOrders, Handle: p.firm},
		{Pattern: "POST /langganan/{firm}/jemput", Verb: authz.MoveOrders, Handle: p.call},
		{Pattern: "GET /penjemputan/{id}", Verb: authz.SeeOrders, Handle: p.given},
		{Pattern: "POST /penjemputan/{id}/serah", Verb: authz.MoveOrders, Handle: p.hand},

		{Pattern: "GET /jasa-kurir", Verb: authz.SeeOrders, Handle: p.home},
		{Pattern: "GET /jasa-kurir/aturan", Verb: authz.EditShop, Handle: p.settings},
		{Pattern: "POST /jasa-kurir/aturan", Verb: authz.EditShop, Handle: p.saveSettings},
		{Pattern: "POST /jasa-kurir/aset", Verb: authz.EditShop, Handle: p.addAsset},
		{Pattern: "POST /jasa-kurir/aset/{id}/hapus", Verb: authz.EditShop, Handle: p.dropAsset},
		{Pattern: "GET /jasa-kurir/toko/{shop}", Verb: authz.SeeMoney, Handle: p.shop},
		{Pattern: "POST /jasa-kurir/toko/{shop}/jawaban", Verb: authz.EditShop, Handle: p.reply},
		{Pattern: "POST /jasa-kurir/toko/{shop}/bayar", Verb: authz.RefundPayments, Handle: p.pay},
		{Pattern: "GET /jemput", Verb: authz.Deliver, Handle: p.pickups},
		{Pattern: "GET /jemput/{id}", Verb: authz.Deliver, Handle: p.pickup},
		{Pattern: "POST /jemput/{id}/kurir", Verb: authz.MoveOrders, Handle: p.send},
		{Pattern: "POST /jemput/{id}/hitung", Verb: authz.Deliver, Handle: p.count},
		{Pattern: "GET /jemput-bareng", Verb: authz.MoveOrders, Handle: p.pools},
		{Pattern: "POST /jemput-bareng", Verb: authz.MoveOrders, Handle: p.pool},
		{Pattern: "GET /jemput-bareng/{id}", Verb: authz.Deliver, Handle: p.round},
		{Pattern: "GET /sortir", Verb: authz.MoveOrders, Handle: p.sorting, Camera: true},
		{Pattern: "POST /sortir", Verb: authz.MoveOrders, Handle: p.startManifest},
		{Pattern: "POST /sortir/masuk", Verb: authz.MoveOrders, Handle: p.scanIn, Camera: true},
		{Pattern: "GET /sortir/{id}", Verb: authz.MoveOrders, Handle: p.manifest, Camera: true},
		{Pattern: "POST /sortir/{id}/pindai", Verb: authz.MoveOrders, Handle: p.scan, Camera: true},
		{Pattern: "POST /sortir/{id}/keluarkan", Verb: authz.MoveOrders, Handle: p.unload},
		{Pattern: "POST /sortir/{id}/berangkat", Verb: authz.MoveOrders, Handle: p.leave},
		{Pattern: "POST /sortir/{id}/selesai", Verb: authz.MoveOrders, Handle: p.closeManifest},
	}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

// ticked are the ids that were ticked in a form.
func ticked(r *http.Request, name string) []id.ID {
	var list []id.ID
	for _, s := range r.Form[name] {
		if v, err := id.Parse(s); err == nil {
			list = append(list, v)
		}
	}
	return list
}

// team are the people of the business.
func (p pages) team(ctx context.Context, sc authz.Scope) (team, error) {
	if sc.Role == authz.Courier {
		return nil, nil
	}
	return p.Accounts.Team(ctx, sc)
}

type team []account.Teammate

func (l team) couriers() team {
	return slices.DeleteFunc(slices.Clone(l), func(m account.Teammate) bool { return !m.Brings() })
}

// firms are those that a shop may choose, and those that it has.
func (p pages) firms(w http.ResponseWriter, r *http.Request) error {
	return p.firmsAgain(w, r, http.StatusOK, nil)
}

func (p pages) firmsAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := firmsView{fault: f, may: sc.May(authz.EditShop)}
	var err error
	if v.ties, err = p.Haul.Ties(ctx, sc, false); err != nil {
		return err
	}
	all, err := p.Haul.Firms(ctx, sc)
	if err != nil {
		return err
	}
	for _, s := range all {
		if !slices.ContainsFunc(v.ties, func(t haul.Tie) bool { return t.Other == s.Firm && t.Wish == haul.Asked }) {
			v.choice = append(v.choice, s)
		}
	}
	if v.found, err = p.Haul.Differences(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, status, firmsPage(v))
}

func (p pages) wish(w http.ResponseWriter, r *http.Request) error {
	ctx, sc, firm := r.Context(), web.Scope(r), web.FormID(r, "firm")
	if firm.IsZero() {
		return p.firmsAgain(w, r, http.StatusUnprocessableEntity, fault.New(fault.Invalid, "form.choose").On("firm"))
	}
	do, said := p.Haul.Ask, "haul.asked"
	if r.FormValue("act") == "end" {
		do, said = p.Haul.End, "haul.ended"
	}
	err := do(ctx, sc, firm)
	if f, ok := web.Again(err); ok {
		return p.firmsAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, "/langganan")
}

// firm is what a shop and one of its firms have together.
func (p pages) firm(w http.ResponseWriter, r *http.Request) error {
	return p.firmAgain(w, r, http.StatusOK, nil)
}

func (p pages) firmAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	other, err := web.PathID(r, "firm")
	if err != nil {
		return err
	}
	v := firmView{fault: f, pickup: id.New(), may: sc.May(authz.MoveOrders), money: sc.May(authz.SeeMoney)}
	if v.tie, err = p.Haul.With(ctx, sc, other); err != nil {
		return err
	}
	if v.tie.Firm {
		return haul.ErrNotFound
	}
	if v.waiting, err = p.Haul.Waiting(ctx, sc, other); err != nil {
		return err
	}
	all, err := p.Haul.Pickups(ctx, sc, false, 20)
	if err != nil {
		return err
	}
	for _, q := range all {
		if q.Other == other {
			v.pickups = append(v.pickups, q)
		}
	}
	if v.money {
		if v.payouts, err = p.Haul.Payouts(ctx, sc, other); err != nil {
			return err
		}
	}
	if v.compared, err = p.Haul.Compared(ctx, sc, other); err != nil {
		return err
	}
	if v.found, err = p.Haul.Differences(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, status, firmPage(v))
}

func (p pages) call(w http.ResponseWriter, r *http.Request) error {
	firm, err := web.PathID(r, "firm")
	if err != nil {
		return err
	}
	q, err := p.Haul.Call(r.Context(), web.Scope(r), firm, web.FormID(r, "pickup"), ticked(r, "token"))
	if f, ok := web.Again(err); ok {
		return p.firmAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "haul.called", len(q.Items))
	return web.SeeOther(w, r, "/penjemputan/"+q.ID.String())
}

// given is a pick-up for the shop: what it gave, and what the firm took.
func (p pages) given(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v, err := p.Haul.Pickup(ctx, sc, which)
	if err != nil {
		return err
	}
	if v.Firm {
		return haul.ErrNotFound
	}
	return web.Render(w, r, http.StatusOK, givenPage(pickupView{PickupView: v, may: sc.May(authz.MoveOrders)}))
}

func (p pages) hand(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	list := ticked(r, "token")
	if err := p.Haul.Hand(r.Context(), web.Scope(r), which, list); err != nil {
		return err
	}
	web.Flash(w, r, "haul.handed", len(list))
	return web.SeeOther(w, r, "/penjemputan/"+which.String())
}
