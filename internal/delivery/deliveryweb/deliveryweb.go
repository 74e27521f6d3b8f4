// Package deliveryweb holds the pages of delivery: the owner's ways and
// tariffs, and the courier's stops.
package deliveryweb

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/order"
	"lapak/internal/region"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	ways   *delivery.Service
	orders *order.Service
}

// Routes are the addresses of delivery.
func Routes(ways *delivery.Service, orders *order.Service) []web.Route {
	p := pages{ways, orders}
	return []web.Route{
		{Pattern: "GET /ongkir", Verb: authz.EditShop, Handle: p.settings},
		{Pattern: "POST /ongkir", Verb: authz.EditShop, Handle: p.save},
		{Pattern: "GET /antaran", Verb: authz.Deliver, Handle: p.stops},
		{Pattern: "GET /antaran/{id}", Verb: authz.Deliver, Handle: p.stop},
		{Pattern: "POST /antaran/{id}/penyerahan", Verb: authz.Deliver, Handle: p.deliver},
		{Pattern: "POST /antaran/{id}/kegagalan", Verb: authz.Deliver, Handle: p.fail},
	}
}

var errPlace = fault.New(fault.Invalid, "delivery.place")

// form is the settings page as it was filled in.
type form struct {
	delivery.Settings
	Words   string // the region to add, as typed
	AddFee  string
	Closed  bool
	Choices []region.Place // what the words may mean
}

type trial struct {
	Words  string
	Grams  int64
	Goods  int64
	Place  region.Place
	Km     string
	Way    delivery.Way
	Fault  *fault.Error
	Asked  bool
	Choice []region.Place
}

func (p pages) settings(w http.ResponseWriter, r *http.Request) error {
	st, err := p.ways.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	t, err := p.try(r, st)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, settingsPage(form{Settings: st}, t, nil))
}

// try reckons what the tester asks for: ?ke=place&berat=grams&belanja=goods.
func (p pages) try(r *http.Request, st delivery.Settings) (trial, error) {
	q := r.URL.Query()
	t := trial{Words: strings.TrimSpace(q.Get("ke")), Grams: min(web.Int(r, "berat"), 1_000_000), Asked: q.Has("ke")}
	t.Goods, _ = web.Money(r, "belanja")
	if !t.Asked {
		t.Grams, t.Goods = 1000, 50_000
		return t, nil
	}
	code := q.Get("kode")
	if pl, ok := region.Get(code); ok && pl.Label() == t.Words {
		t.Place = pl
	} else {
		found := region.Search(t.Words, 6, region.Village, region.District)
		if len(found) == 0 {
			t.Fault = errPlace
			return t, nil
		}
		t.Place, t.Choice = found[0], found[1:]
	}
	way, km, err := p.ways.Try(r.Context(), web.Scope(r), st, t.Place.Code, max(0, t.Grams), t.Goods)
	t.Km = strings.Replace(strconv.FormatFloat(km, 'f', 1, 64), ".", ",", 1)
	if t.Fault = fault.Of(err); err != nil && t.Fault == nil {
		return t, err
	}
	t.Way = way
	return t, nil
}

func (p pages) save(w http.ResponseWriter, r *http.Request) error {
	d, f := read(r)
	sc := web.Scope(r)
	err := f.Err()
	if err == nil {
		err = p.ways.Put(r.Context(), sc, d.Settings)
	}
	if ff, again := web.Again(err); again {
		return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(d, trial{Grams: 1000, Goods: 50_000}, ff))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/ongkir")
}

// read takes the form as it stands.
func read(r *http.Request) (form, *fault.Fields) {
	var f fault.Fields
	sum := func(name string) int64 {
		n, err := web.Money(r, name)
		f.Add(name, err)
		return n
	}
	d := form{Words: strings.TrimSpace(r.FormValue("area")), AddFee: r.FormValue("area_fee"), Closed: r.FormValue("area_closed") != ""}
	d.Settings = delivery.Settings{
		Pickup: r.FormValue("pickup") != "", PickupPlace: r.FormValue("place"), PickupReady: r.FormValue("ready"), Own: r.FormValue("own") != "",
		Promise: r.FormValue("promise"),
		Tariff: delivery.Tariff{
			Kind: delivery.Kind(r.FormValue("kind")), Flat: sum("flat"), FreeFrom: sum("free"), MinOrder: sum("least"), PerKg: sum("perkg"),
			Included: web.Int(r, "included"), Tolerance: web.Int(r, "tolerance"),
		},
	}
	for i := range delivery.MaxZones {
		at := fmt.Sprintf("zones.%d", i)
		if strings.TrimSpace(r.FormValue(at+".km")) == "" {
			continue
		}
		z := delivery.Zone{Km: web.Int(r, at+".km")}
		n, err := web.Money(r, at+".fee")
		z.Fee = n
		f.Add(fmt.Sprintf("zones.%d.fee", len(d.Zones)), err)
		d.Zones = append(d.Zones, z)
	}
	for i := range delivery.MaxAreas {
		at := fmt.Sprintf("areas.%d", i)
		code := r.FormValue(at + ".code")
		if code == "" {
			break
		}
		if r.FormValue(at+".drop") != "" {
			continue
		}
		n, err := web.Money(r, at+".fee")
		f.Add(fmt.Sprintf("areas.%d.fee", len(d.Areas)), err)
		d.Areas = append(d.Areas, delivery.Area{Code: code, Fee: n, Closed: r.FormValue(at+".closed") != ""})
	}
	d.add(r, &f)
	return d, &f
}

// add puts the region that was typed into the list; if several may be meant
// the form comes back with them.
func (d *form) add(r *http.Request, f *fault.Fields) {
	if d.Words == "" {
		return
	}
	pick, ok := region.Get(r.FormValue("area_pick"))
	if !ok {
		if pick, ok = region.Get(r.FormValue("area_code")); ok && pick.Label() != d.Words {
			ok = false
		}
	}
	if !ok {
		found := region.Search(d.Words, 8, region.District, region.Regency, region.Village)
		if len(found) != 1 {
			d.Choices = found
			if len(found) == 0 {
				f.Add("area", errPlace)
			} else {
				f.Add("area", fault.New(fault.Invalid, "delivery.which"))
			}
			return
		}
		pick = found[0]
	}
	fee, err := web.Money(r, "area_fee")
	if err != nil {
		f.Add("area_fee", err)
		return
	}
	if slices.ContainsFunc(d.Areas, func(a delivery.Area) bool { return a.Code == pick.Code }) {
		f.Add("area", fault.New(fault.Invalid, "delivery.area_twice", pick.Title()))
		return
	}
	d.Areas = append(d.Areas, delivery.Area{Code: pick.Code, Fee: fee, Closed: d.Closed})
	d.Words, d.AddFee, d.Closed = "", "", false
}

func (p pages) stops(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	list, err := p.orders.Carried(r.Context(), sc, sc.Actor)
	if err != nil {
		return err
	}
	held, err := p.orders.InHand(r.Context(), sc)
	if err != nil {
		return err
	}
	var open, failed []order.Order
	for _, o := range list {
		if o.State == order.Failed {
			failed = append(failed, o)
		} else {
			open = append(open, o)
		}
	}
	return web.Render(w, r, http.StatusOK, stopsPage(open, failed, held))
}

func (p pages) stop(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, order.Move{}, "", nil)
}

// show shows one stop with its forms, as they were filled in.
func (p pages) show(w http.ResponseWriter, r *http.Request, m order.Move, money string, f *fault.Error) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	sc := web.Scope(r)
	d, err := p.orders.Get(r.Context(), sc, at)
	if err != nil {
		return err
	}
	held, err := p.orders.InHand(r.Context(), sc)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if f != nil {
		status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, stopPage(d, m, money, held, f))
}

func (p pages) deliver(w http.ResponseWriter, r *http.Request) error {
	m := order.Move{ID: web.FormID(r, "id"), Act: order.ActDeliver, Receiver: r.FormValue("receiver"), Relation: r.FormValue("relation")}
	if r.Form.Has("amount") {
		n, err := web.Money(r, "amount")
		if f := fault.Of(err); f != nil {
			return p.show(w, r, m, r.FormValue("amount"), f.On("amount"))
		}
		m.Amount, m.Received = n, true
	}
	return p.do(w, r, m, "delivery.done")
}

func (p pages) fail(w http.ResponseWriter, r *http.Request) error {
	m := order.Move{ID: web.FormID(r, "id"), Act: order.ActFail, Reason: r.FormValue("reason")}
	return p.do(w, r, m, "delivery.noted")
}

func (p pages) do(w http.ResponseWriter, r *http.Request, m order.Move, said string) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	o, err := p.orders.Do(r.Context(), web.Scope(r), at, m)
	if f, again := web.Again(err); again {
		if errors.Is(err, order.ErrState) { // somebody did it meanwhile: the page says how it stands
			return p.show(w, r, order.Move{}, "", f)
		}
		return p.show(w, r, m, r.FormValue("amount"), f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, said, o.Called())
	return web.SeeOther(w, r, "/antaran")
}
