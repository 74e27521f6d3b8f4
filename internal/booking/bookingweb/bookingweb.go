// Package bookingweb holds the pages of carriers: a shop's keys and what it
// offers, the form that books a carrier for a parcel, and the address to which
// carriers send their messages.
package bookingweb

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/booking"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/parcel"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the pages call.
type Services struct {
	Bookings *booking.Service
	Parcels  *parcel.Service
	Shops    *business.Service
}

type pages struct{ Services }

const root = "/ekspedisi"

// Routes are the addresses of carriers.
func Routes(s Services) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET " + root, Verb: authz.EditShop, Handle: p.show},
		{Pattern: "POST " + root, Verb: authz.EditShop, Handle: p.save},
		{Pattern: "POST " + root + "/kunci/{carrier}", Verb: authz.ManageKeys, Handle: p.putKey},
		{Pattern: "POST " + root + "/kunci/{carrier}/percobaan", Verb: authz.ManageKeys, Handle: p.try},
		{Pattern: "POST " + root + "/kunci/{carrier}/alamat", Verb: authz.ManageKeys, Handle: p.turn},
		{Pattern: "POST " + root + "/kunci/{carrier}/hapus", Verb: authz.ManageKeys, Handle: p.dropKey},

		{Pattern: "GET /kirim/{id}/kurir", Verb: authz.MoveOrders, Handle: p.form},
		{Pattern: "POST /kirim/{id}/kurir", Verb: authz.MoveOrders, Handle: p.book},
		{Pattern: "POST /kirim/{id}/kurir/ulang", Verb: authz.MoveOrders, Handle: p.again},
		{Pattern: "POST /kirim/{id}/kurir/batal", Verb: authz.MoveOrders, Handle: p.cancel},

		{Pattern: "GET /admin/ekspedisi", Verb: authz.RunInstallation, Handle: p.hooks},

		{Pattern: "POST /kabar/ekspedisi/{carrier}/{token}", Verb: authz.Public, Handle: p.hook, MaxBody: booking.MaxHook, Rate: web.Hooks, Hook: true},
		{Pattern: "PUT /kabar/ekspedisi/{carrier}/{token}", Verb: authz.Public, Handle: p.hook, MaxBody: booking.MaxHook, Rate: web.Hooks, Hook: true},
	}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

// view is the owner's page as it is filled in.
type view struct {
	booking.Page
	markup, percent string
	fault           *fault.Error
	keyOf           string // the connector whose form has the fault
	trial           *booking.Trial
	tried           string
	locked          bool // keys ask for a fresh proof first
	loc             *time.Location
}

func (v view) key(connector string) (booking.Key, bool) {
	i := slices.IndexFunc(v.Keys, func(k booking.Key) bool { return k.Connector == connector })
	if i < 0 {
		return booking.Key{}, false
	}
	return v.Keys[i], true
}

func (v view) faultOf(connector string) *fault.Error {
	if v.keyOf == connector {
		return v.fault
	}
	return nil
}

func (v view) has(offer string) bool { return slices.Contains(v.Offers, offer) }

// firms are the carriers that any connector of the shop may know.
func (v view) firms() []carrier.Firm {
	return slices.DeleteFunc(carrier.Firms(), func(f carrier.Firm) bool { return f.Biteship == "" && f.RajaOngkir == "" })
}

// some reports whether anything of a firm is offered.
func (v view) some(f carrier.Firm) bool {
	return slices.ContainsFunc(v.Offers, func(o string) bool { firm, _, _ := strings.Cut(o, "/"); return firm == f.Code })
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.showAgain(w, r, http.StatusOK, view{}, false)
}

// showAgain shows the page; with typed, the offers and sums of v as they were
// filled in stand in the place of those that are kept.
func (p pages) showAgain(w http.ResponseWriter, r *http.Request, status int, v view, typed bool) error {
	ctx, sc := r.Context(), web.Scope(r)
	page, err := p.Bookings.Get(ctx, sc)
	if err != nil {
		return err
	}
	shop, err := p.Shops.Get(ctx, sc)
	if err != nil {
		return err
	}
	v.Keys, v.Common, v.loc, v.locked = page.Keys, page.Common, shop.Location(), sc.Can(authz.ManageKeys) != nil
	if !typed {
		v.Settings = page.Settings
		if v.markup = ""; v.Markup > 0 {
			v.markup = money.Digits(v.Markup)
		}
		if v.percent = ""; v.Percent > 0 {
			v.percent = strconv.FormatInt(v.Percent, 10)
		}
	}
	return web.Render(w, r, status, settingsPage(v))
}

func (p pages) save(w http.ResponseWriter, r *http.Request) error {
	var f fault.Fields
	v := view{markup: r.FormValue("markup"), percent: r.FormValue("percent")}
	v.Settings = booking.Settings{Offers: r.PostForm["offers"], Percent: web.Int(r, "percent"), Insured: r.FormValue("insured") != "", Shared: r.FormValue("shared") != ""}
	var err error
	v.Markup, err = web.Money(r, "markup")
	f.Add("markup", err)
	if err = f.Err(); err == nil {
		err = p.Bookings.Put(r.Context(), web.Scope(r), v.Settings)
	}
	if ff, again := web.Again(err); again {
		v.fault = ff
		return p.showAgain(w, r, http.StatusUnprocessableEntity, v, true)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, root)
}

func (p pages) putKey(w http.ResponseWriter, r *http.Request) error {
	c := r.PathValue("carrier")
	if !slices.Contains(booking.Connectors, c) {
		return booking.ErrConnector
	}
	err := p.Bookings.PutKey(r.Context(), web.Scope(r), c, r.FormValue("key"))
	if f, again := web.Again(err); again {
		return p.showAgain(w, r, http.StatusUnprocessableEntity, view{fault: f, keyOf: c}, false)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "booking.key_kept")
	return web.SeeOther(w, r, root+"#"+c)
}

// try asks the carrier once, and says what came.
func (p pages) try(w http.ResponseWriter, r *http.Request) error {
	c := r.PathValue("carrier")
	got, err := p.Bookings.Try(r.Context(), web.Scope(r), c)
	if err != nil {
		return err
	}
	return p.showAgain(w, r, http.StatusOK, view{trial: &got, tried: c}, false)
}

func (p pages) turn(w http.ResponseWriter, r *http.Request) error {
	if err := p.Bookings.Turn(r.Context(), web.Scope(r), r.PathValue("carrier"), web.Int(r, "turn")); err != nil {
		return err
	}
	web.Flash(w, r, "booking.hook_turned")
	return web.SeeOther(w, r, root+"#"+r.PathValue("carrier"))
}

func (p pages) dropKey(w http.ResponseWriter, r *http.Request) error {
	if err := p.Bookings.DropKey(r.Context(), web.Scope(r), r.PathValue("carrier")); err != nil {
		return err
	}
	web.Flash(w, r, "booking.key_dropped")
	return web.SeeOther(w, r, root)
}

// formView is the form that books a carrier.
type formView struct {
	booking.Shown
	id      id.ID
	rates   []carrier.Rate
	out     []carrier.Out
	chosen  string
	pickUp  string
	pickUps []ui.Option
	fault   *fault.Error
	problem *fault.Error // why there is no form
}

func rateValue(r carrier.Rate) string {
	return strings.Join([]string{r.Via, r.Firm, r.Service, strconv.FormatInt(r.Total(), 10)}, "|")
}

func (p pages) form(w http.ResponseWriter, r *http.Request) error {
	return p.formAgain(w, r, http.StatusOK, formView{id: id.New()})
}

func (p pages) formAgain(w http.ResponseWriter, r *http.Request, status int, v formView) error {
	ctx, sc := r.Context(), web.Scope(r)
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if v.Shown, err = p.Bookings.Of(ctx, sc, at); err != nil {
		return err
	}
	shop, err := p.Shops.Get(ctx, sc)
	if err != nil {
		return err
	}
	if v.Waits {
		v.rates, v.out, err = p.Bookings.Prices(ctx, sc, at)
		if v.problem = fault.Of(err); err != nil && v.problem == nil {
			return err
		}
	} else {
		v.problem = booking.ErrParcel
	}
	for _, rate := range v.rates { // what the buyer chose and paid for
		if v.chosen == "" && rate.Firm == v.Parcel.Carrier && strings.EqualFold(rate.Service, v.Parcel.Service) {
			v.chosen = rateValue(rate)
		}
	}
	v.pickUps = []ui.Option{{Value: "", Label: t(ctx, "booking.now")}}
	for _, at := range booking.PickUps(sc.Now, shop.Location()) {
		v.pickUps = append(v.pickUps, ui.Option{Value: strconv.FormatInt(at.Unix(), 10), Label: i18n.Day(ctx, at) + ", " + i18n.Clock(ctx, at)})
	}
	return web.Render(w, r, status, formPage(v))
}

func (p pages) book(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v := formView{id: web.FormID(r, "id"), chosen: r.FormValue("rate"), pickUp: r.FormValue("pick_up")}
	a := booking.Ask{ID: v.id}
	if parts := strings.Split(v.chosen, "|"); len(parts) == 4 {
		a.Connector, a.Firm, a.Service = parts[0], parts[1], parts[2]
		a.Seen, _ = strconv.ParseInt(parts[3], 10, 64)
	}
	if n, err := strconv.ParseInt(v.pickUp, 10, 64); err == nil {
		a.PickUp = time.Unix(n, 0)
	}
	switch {
	case a.ID.IsZero():
		err = fault.New(fault.Invalid, "form.stale")
	case a.Firm == "":
		err = fault.New(fault.Invalid, "form.choose").On("rate")
	default:
		_, err = p.Bookings.Book(r.Context(), web.Scope(r), at, a)
	}
	if f, again := web.Again(err); again {
		v.fault = f
		return p.formAgain(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "booking.asked")
	return web.SeeOther(w, r, "/kirim/"+at.String())
}

func (p pages) again(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "booking.asked", p.Bookings.Again)
}

func (p pages) cancel(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "booking.cancelling", p.Bookings.Cancel)
}

func (p pages) change(w http.ResponseWriter, r *http.Request, said string, fn func(context.Context, authz.Scope, id.ID) error) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := fn(r.Context(), web.Scope(r), at); err != nil {
		return err
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, "/kirim/"+at.String())
}

func (p pages) hooks(w http.ResponseWriter, r *http.Request) error {
	list, err := p.Bookings.Hooks(web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, hooksPage(list))
}

// hook answers a carrier's server: briefly, and with the status it acts on.
func (p pages) hook(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	status := http.StatusOK
	if err != nil {
		status = http.StatusRequestEntityTooLarge
	} else {
		err = p.Bookings.Take(r.Context(), r.PathValue("carrier"), r.PathValue("token"), r.Header, body)
		switch {
		case err == nil:
		case errors.Is(err, booking.ErrHookGone), errors.Is(err, booking.ErrConnector):
			status = http.StatusNotFound
		case errors.Is(err, carrier.ErrHook):
			status = http.StatusUnauthorized
		case errors.Is(err, carrier.ErrHookForm):
			status = http.StatusBadRequest
		default:
			return err
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, strings.ToLower(http.StatusText(status))+"\n")
	return nil
}

// unlock is where a fresh proof is asked for, and where it leads back to.
func unlock() string { return "/bukti-diri?ke=" + url.QueryEscape(root) }
