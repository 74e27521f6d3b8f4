// Package deliveryweb holds the pages of delivery: the owner's ways and
// tariffs.
package deliveryweb

import (
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/region"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	ways *delivery.Service
}

// Routes are the addresses of delivery.
func Routes(ways *delivery.Service) []web.Route {
	p := pages{ways}
	return []web.Route{
		{Pattern: "GET /ongkir", Verb: authz.EditShop, Handle: p.settings},
		{Pattern: "POST /ongkir", Verb: authz.EditShop, Handle: p.save},
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
