// Package parcelweb holds the pages of parcels: the desk from which a shop
// sends them, a courier's run, and what a receiver sees.
package parcelweb

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/booking"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/cash"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the pages call.
type Services struct {
	Parcels  *parcel.Service
	Bookings *booking.Service
	Cash     *cash.Service
	Orders   *order.Service
	Shops    *business.Service
	Accounts *account.Service
	Blobs    *blob.Service

	Firms func(ctx context.Context, sc authz.Scope) ([]Firm, error) // to which the shop may give parcels
}

// Firm is a courier firm that is a business here, as a form offers it.
type Firm struct{ Code, Name string }

type pages struct{ Services }

// Routes are the addresses of parcels.
func Routes(s Services) []web.Route {
	p := pages{s}
	return append(p.papers(), []web.Route{
		{Pattern: "GET /kirim", Verb: authz.SeeOrders, Handle: p.desk},
		{Pattern: "POST /kirim/sekaligus", Verb: authz.MoveOrders, Handle: p.bulk},
		{Pattern: "GET /kirim/aturan", Verb: authz.RuleParcels, Handle: p.settings},
		{Pattern: "POST /kirim/aturan", Verb: authz.RuleParcels, Handle: p.saveSettings},
		{Pattern: "GET /kirim/{id}", Verb: authz.SeeOrders, Handle: p.show},
		{Pattern: "POST /kirim/{id}/langkah", Verb: authz.Deliver, Handle: p.act, MaxBody: 11 << 20, Long: true},
		{Pattern: "GET /kirim/{id}/bukti/{photo}", Verb: authz.Deliver, Handle: p.proof},
		{Pattern: "POST /pesanan/{id}/paket", Verb: authz.MoveOrders, Handle: p.make},
		{Pattern: "GET /pesanan/{id}/paket", Verb: authz.MoveOrders, Handle: p.parts},
		{Pattern: "POST /pesanan/{id}/paket/bagi", Verb: authz.MoveOrders, Handle: p.split},

		{Pattern: "GET /antaran", Verb: authz.Deliver, Handle: p.run, Offline: true},
		{Pattern: "POST /antaran/ambil", Verb: authz.Deliver, Handle: p.takeAll},
		{Pattern: "POST /antaran/berangkat", Verb: authz.Deliver, Handle: p.setOut},
		{Pattern: "GET /antaran/{id}", Verb: authz.Deliver, Handle: p.stop, Offline: true, Camera: true, Geo: true},
		{Pattern: "POST /antaran/{id}/penyerahan", Verb: authz.Deliver, Handle: p.deliver, MaxBody: 11 << 20, Long: true},
		{Pattern: "POST /antaran/{id}/kegagalan", Verb: authz.Deliver, Handle: p.fail, MaxBody: 11 << 20, Long: true},

		{Pattern: "GET /lacak", Verb: authz.Public, Handle: p.find},
		{Pattern: "POST /lacak", Verb: authz.Public, Handle: p.look, Rate: web.Links},
		{Pattern: "GET /lacak/{token}", Verb: authz.Public, Handle: p.track, Link: true},
	}...)
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

// found is the parcel that the address names.
func (p pages) found(r *http.Request) (id.ID, error) {
	v, err := web.PathID(r, "id")
	if err != nil {
		return id.ID{}, err
	}
	return p.Parcels.Find(r.Context(), web.Scope(r), v)
}

// moveOf takes the form of any act as it stands, whichever way it came.
func moveOf(form url.Values) (parcel.Move, *fault.Fields) {
	var f fault.Fields
	whole := func(name string) int64 {
		n, _ := strconv.ParseInt(strings.TrimSpace(form.Get(name)), 10, 64) // what is no number is nothing
		return n
	}
	m := parcel.Move{
		Act: parcel.Act(form.Get("act")), Reason: carrier.Reason(form.Get("reason")), Text: form.Get("text"), Receiver: form.Get("receiver"),
		Relation: form.Get("relation"), Method: payment.Method(form.Get("method")), Code: digits(form.Get("code")), Restock: form.Get("restock") != "",
		Carrier: form.Get("carrier"), Service: form.Get("service"), Waybill: form.Get("waybill"), Grams: whole("grams"), Change: true,
	}
	m.ID, _ = id.Parse(form.Get("id"))
	m.Courier, _ = id.Parse(form.Get("courier"))
	if strings.TrimSpace(form.Get("amount")) != "" {
		n, err := money.Parse(form.Get("amount"))
		f.Add("amount", err)
		m.Amount, m.Received = n, true
	}
	if strings.TrimSpace(form.Get("cost")) != "" {
		n, err := money.Parse(form.Get("cost"))
		f.Add("cost", err)
		m.Cost = &n
	}
	if form.Get("lat_e6") != "" && form.Get("lng_e6") != "" {
		lat, lng, metres := whole("lat_e6"), whole("lng_e6"), whole("accuracy")
		m.LatE6, m.LngE6, m.Accuracy = &lat, &lng, &metres
	}
	if w, ok := parcel.WindowOf(form.Get("when")); ok {
		m.DueFrom, m.DueUntil = &w.From, &w.Until
	}
	return m, &f
}

// read is moveOf of a form with its photo.
func (p pages) read(r *http.Request) (parcel.Move, *fault.Fields) {
	m, f := moveOf(r.Form)
	if r.MultipartForm != nil && len(r.MultipartForm.File["photo"]) > 0 {
		if h := r.MultipartForm.File["photo"][0]; h.Size > 0 {
			file, err := h.Open()
			if err == nil {
				defer file.Close()
				var pic blob.Picture
				if pic, err = p.Blobs.ReadPrivate(r.Context(), file); err == nil {
					m.Picture = &pic
				}
			}
			if err != nil && fault.Of(err) == nil {
				err = blob.ErrBroken
			}
			f.Add("photo", err)
		}
	}
	return m, f
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func (p pages) desk(w http.ResponseWriter, r *http.Request) error {
	return p.deskAgain(w, r, http.StatusOK, nil)
}

func (p pages) deskAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := deskView{tab: parcel.Tab(r.FormValue("tab")), fault: f, ticked: r.Form["id"]}
	if !slices.Contains(parcel.Tabs, v.tab) {
		v.tab = parcel.TabReady
	}
	var from parcel.Cursor
	if at, err := time.Parse(time.RFC3339Nano, r.FormValue("dari")); err == nil {
		from = parcel.Cursor{At: at, ID: web.FormID(r, "sesudah")}
	}
	var more parcel.Cursor
	var err error
	if v.list, more, err = p.Parcels.List(ctx, sc, v.tab, from, parcel.MaxPage); err != nil {
		return err
	}
	if !more.At.IsZero() {
		v.next = "/kirim?" + url.Values{"tab": {string(v.tab)}, "dari": {more.At.UTC().Format(time.RFC3339Nano)}, "sesudah": {more.ID.String()}}.Encode()
	}
	if v.counts, err = p.Parcels.Counts(ctx, sc); err != nil {
		return err
	}
	if v.people, err = p.couriers(ctx, sc); err != nil {
		return err
	}
	v.may, v.settings = sc.May(authz.MoveOrders), sc.May(authz.RuleParcels)
	if v.tab == parcel.TabReady && v.may && len(v.people) > 1 {
		if v.hints, err = p.Parcels.Suggest(ctx, sc, v.list, v.people.ids()); err != nil {
			return err
		}
	}
	v.money = sc.May(authz.SeeMoney)
	slices.SortStableFunc(v.list, func(a, b parcel.Parcel) int { // by area, as parcels are sorted on the floor
		if v.tab != parcel.TabReady {
			return 0
		}
		return strings.Compare(a.Village, b.Village)
	})
	return web.Render(w, r, status, deskPage(v))
}

// people are the names of who may bring parcels.
type people []account.Teammate

func (l people) name(ctx context.Context, person id.ID) string {
	for _, m := range l {
		if m.Person == person {
			return m.Name
		}
	}
	return t(ctx, "parcel.somebody")
}

func (l people) ids() []id.ID {
	list := make([]id.ID, len(l))
	for i, m := range l {
		list[i] = m.Person
	}
	return list
}

func (p pages) couriers(ctx context.Context, sc authz.Scope) (people, error) {
	team, err := p.Accounts.Team(ctx, sc)
	return slices.DeleteFunc(team, func(m account.Teammate) bool { return !m.Brings() }), err
}

func (p pages) bulk(w http.ResponseWriter, r *http.Request) error {
	m := parcel.Move{Act: parcel.Act(r.FormValue("act")), Courier: web.FormID(r, "courier")}
	var ids []id.ID
	for _, s := range r.Form["id"] {
		if v, err := id.Parse(s); err == nil {
			ids = append(ids, v)
		}
	}
	if len(ids) == 0 {
		return p.deskAgain(w, r, http.StatusUnprocessableEntity, fault.New(fault.Invalid, "parcel.none_chosen"))
	}
	if m.Act == actSuggested {
		return p.asSuggested(w, r, ids)
	}
	if m.Act != parcel.ActReady && m.Act != parcel.ActAssign && m.Act != parcel.ActTake {
		return parcel.ErrState
	}
	n, first, err := p.Parcels.DoMany(r.Context(), web.Scope(r), ids, m)
	if f, ok := web.Again(errors.Join(err, first)); ok && n == 0 {
		return p.deskAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "parcel.bulk_"+string(m.Act), n, len(ids))
	return web.SeeOther(w, r, "/kirim?tab="+string(tabParam(r)))
}

func tabParam(r *http.Request) parcel.Tab {
	if tab := parcel.Tab(r.FormValue("tab")); slices.Contains(parcel.Tabs, tab) {
		return tab
	}
	return parcel.TabReady
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.showAgain(w, r, http.StatusOK, parcel.Move{}, nil)
}

func (p pages) showAgain(w http.ResponseWriter, r *http.Request, status int, m parcel.Move, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := showView{move: m, fault: f, form: r.Form, now: sc.Now}
	which, err := p.found(r)
	if err != nil {
		return err
	}
	if v.Detail, err = p.Parcels.Get(ctx, sc, which); err != nil {
		return err
	}
	if !v.Order.IsZero() {
		if v.order, err = p.Orders.Get(ctx, sc, v.Order); err != nil {
			return err
		}
	}
	if v.people, err = p.couriers(ctx, sc); err != nil {
		return err
	}
	if p.Firms != nil && !v.Order.IsZero() && v.may(parcel.ActChange) {
		if v.firms, err = p.Firms(ctx, sc); err != nil {
			return err
		}
	}
	shop, err := p.Shops.Get(ctx, sc)
	if err != nil {
		return err
	}
	v.shop = shop.Name
	v.owner = sc.May(authz.RuleParcels)
	if v.booked, err = p.Bookings.Of(ctx, sc, v.ID); err != nil {
		return err
	}
	v.link = web.Base(r) + "/lacak/" + p.Parcels.Link(sc.Business, v.ID)
	return web.Render(w, r, status, showPage(v))
}

func (p pages) act(w http.ResponseWriter, r *http.Request) error {
	which, err := p.found(r)
	if err != nil {
		return err
	}
	m, fields := p.read(r)
	err = fields.Err()
	if err == nil {
		_, err = p.Parcels.Do(r.Context(), web.Scope(r), which, m)
	}
	if f, ok := web.Again(onCode(err)); ok {
		if web.Scope(r).Role == authz.Courier { // who sees their stop alone
			return p.stopAgain(w, r, m, f)
		}
		return p.showAgain(w, r, http.StatusUnprocessableEntity, m, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "parcel.did_"+string(m.Act))
	return web.SeeOther(w, r, "/kirim/"+which.String())
}

// onCode shows a wrong code where it was typed.
func onCode(err error) error {
	if errors.Is(err, parcel.ErrCode) {
		return fault.Of(err).On("code")
	}
	return err
}

func (p pages) proof(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	photo, err := web.PathID(r, "photo")
	if err != nil {
		return err
	}
	f, err := p.Parcels.Photo(r.Context(), web.Scope(r), which, photo)
	if err != nil {
		return err
	}
	return web.Photo(w, f.Content)
}

func (p pages) make(w http.ResponseWriter, r *http.Request) error {
	order, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	list, err := p.Parcels.Ensure(r.Context(), web.Scope(r), order)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/kirim/"+list[0].ID.String())
}

func (p pages) parts(w http.ResponseWriter, r *http.Request) error {
	return p.partsAgain(w, r, http.StatusOK, nil)
}

func (p pages) partsAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	o, err := p.Orders.Get(r.Context(), web.Scope(r), which)
	if err != nil {
		return err
	}
	n := min(max(2, int(web.Int(r, "n"))), parcel.MaxParcels)
	return web.Render(w, r, status, partsPage(o, n, r.Form, f))
}

func (p pages) split(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	o, err := p.Orders.Get(r.Context(), web.Scope(r), which)
	if err != nil {
		return err
	}
	n := min(max(1, int(web.Int(r, "n"))), parcel.MaxParcels)
	var parts []parcel.Part
	for i := range n {
		part, any := parcel.Part{}, int64(0)
		for l := range o.Lines {
			q := web.Int(r, partName(i, l))
			part.Lines, any = append(part.Lines, q), any+q
		}
		if any > 0 {
			parts = append(parts, part)
		}
	}
	if _, err = p.Parcels.Split(r.Context(), web.Scope(r), which, parts); err != nil {
		if f, ok := web.Again(err); ok {
			return p.partsAgain(w, r, http.StatusUnprocessableEntity, f)
		}
		return err
	}
	web.Flash(w, r, "parcel.split_done", len(parts))
	return web.SeeOther(w, r, "/pesanan/"+which.String())
}

func (p pages) settings(w http.ResponseWriter, r *http.Request) error {
	st, err := p.Parcels.GetSettings(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, settingsPage(typed(st.CodeFrom), typed(st.CashLimit), number(st.Attempts), nil))
}

func (p pages) saveSettings(w http.ResponseWriter, r *http.Request) error {
	var fields fault.Fields
	var st parcel.Settings
	var err error
	st.CodeFrom, err = web.Money(r, "code_from")
	fields.Add("code_from", err)
	st.CashLimit, err = web.Money(r, "cash_limit")
	fields.Add("cash_limit", err)
	st.Attempts = web.Int(r, "attempts")
	if err = fields.Err(); err == nil {
		err = p.Parcels.PutSettings(r.Context(), web.Scope(r), st)
	}
	if f, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(r.FormValue("code_from"), r.FormValue("cash_limit"), r.FormValue("attempts"), f))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/kirim/aturan")
}
