package deliveryweb

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/region"
	"lapak/internal/web"
)

// adding is a region to be put into the list, as it was filled in.
type adding struct {
	Words   string
	Fee     string
	Closed  bool
	Choices []region.Place // what the words may mean

	area delivery.Area
	ok   bool
}

// form is the settings page as it was filled in.
type form struct {
	delivery.Settings
	Add    adding
	Listed int // areas that are there
	Shut   int // ... to which nothing is brought
}

// trial is the tester as it was filled in, with its answer.
type trial struct {
	delivery.Trial
	Words  string
	Load   delivery.Load
	Size   string
	Place  region.Place
	Rules  delivery.Tariff
	Fault  *fault.Error
	Asked  bool
	Choice []region.Place
}

// untried is the tester before anything was asked.
var untried = trial{Load: delivery.Load{Grams: 1000, Goods: 50_000}}

func (d form) count(list []delivery.Area) form {
	d.Listed, d.Shut = len(list), 0
	for _, a := range list {
		if a.Closed {
			d.Shut++
		}
	}
	return d
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
	return web.Render(w, r, http.StatusOK, settingsPage(form{Settings: st}.count(st.Areas), t, nil))
}

// try reckons what the tester asks for: ?ke=place&berat=grams&ukuran=size&belanja=goods.
func (p pages) try(r *http.Request, st delivery.Settings) (trial, error) {
	q := r.URL.Query()
	if !q.Has("ke") {
		return untried, nil
	}
	t := trial{Words: strings.TrimSpace(q.Get("ke")), Size: strings.TrimSpace(q.Get("ukuran")), Rules: st.Tariff, Asked: true}
	t.Load.Grams = max(0, min(web.Int(r, "berat"), 1_000_000))
	t.Load.Goods, _ = web.Money(r, "belanja")
	t.Load.Volume = volume(t.Size)
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
	got, err := p.ways.Try(r.Context(), web.Scope(r), t.Place.Code, t.Load)
	if t.Fault = fault.Of(err); err != nil && t.Fault == nil {
		return t, err
	}
	t.Trial = got
	return t, nil
}

// volume reads "40 x 30 x 20" in centimetres; what is none is zero.
func volume(s string) int64 {
	sides := strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return c == 'x' || c == '×' || c == '*' || c == ' ' })
	if len(sides) != 3 {
		return 0
	}
	v := int64(1)
	for _, side := range sides {
		n, err := strconv.ParseInt(side, 10, 64)
		if err != nil || n <= 0 || n > 1_000 {
			return 0
		}
		v *= n
	}
	return v
}

func (p pages) save(w http.ResponseWriter, r *http.Request) error {
	d, f := read(r)
	sc := web.Scope(r)
	err := f.Err()
	if err == nil {
		err = p.ways.Edit(r.Context(), sc, func(st *delivery.Settings) error {
			areas, err := d.Add.onto(st.Areas)
			if err != nil {
				return err
			}
			*st = d.Settings
			st.Areas = areas
			return nil
		})
	}
	if ff, again := web.Again(err); again {
		st, err := p.ways.Get(r.Context(), sc)
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(d.count(st.Areas), untried, ff))
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
	d := form{Settings: delivery.Settings{
		Pickup: r.FormValue("pickup") != "", PickupPlace: r.FormValue("place"), PickupReady: r.FormValue("ready"), Own: r.FormValue("own") != "",
		Promise: r.FormValue("promise"),
		Tariff: delivery.Tariff{
			Kind: delivery.Kind(r.FormValue("kind")), Flat: sum("flat"), FreeFrom: sum("free"), MinOrder: sum("least"), PerKg: sum("perkg"),
			Included: web.Int(r, "included"), Tolerance: web.Int(r, "tolerance"), Divisor: web.Int(r, "divisor"),
		},
	}}
	for i := range delivery.MaxZones {
		at := fmt.Sprintf("zones.%d", i)
		if strings.TrimSpace(r.FormValue(at+".km")) == "" {
			continue
		}
		n, err := web.Money(r, at+".fee")
		f.Add(fmt.Sprintf("zones.%d.fee", len(d.Zones)), err)
		d.Zones = append(d.Zones, delivery.Zone{Km: web.Int(r, at+".km"), Fee: n})
	}
	for i := range delivery.MaxSteps {
		at := fmt.Sprintf("steps.%d", i)
		if strings.TrimSpace(r.FormValue(at+".kg")) == "" {
			continue
		}
		n, err := web.Money(r, at+".extra")
		f.Add(fmt.Sprintf("steps.%d.extra", len(d.Steps)), err)
		d.Steps = append(d.Steps, delivery.Step{Kg: web.Int(r, at+".kg"), Extra: n})
	}
	d.Schedule = readSchedule(r, &f)
	d.Add = readAdding(r, &f)
	return d, &f
}

func readSchedule(r *http.Request, f *fault.Fields) delivery.Schedule {
	s := delivery.Schedule{DayBefore: r.FormValue("day_before") != "", PerDay: web.Int(r, "perday")}
	for i := range s.Days {
		s.Days[i] = r.FormValue("day."+strconv.Itoa(i)) != ""
	}
	if v := strings.TrimSpace(r.FormValue("cutoff")); v != "" {
		if s.Cutoff = minutes(v); s.Cutoff <= 0 {
			s.Cutoff = -1 // which no rule lets through
		}
	}
	for i := range delivery.MaxHours {
		at := fmt.Sprintf("hours.%d", i)
		from, until := strings.TrimSpace(r.FormValue(at+".from")), strings.TrimSpace(r.FormValue(at+".until"))
		if from == "" && until == "" {
			continue
		}
		s.Hours = append(s.Hours, delivery.Hours{From: minutes(from), Until: minutes(until), Most: web.Int(r, at+".most")})
	}
	return s
}

// minutes reads a time field; -1 if it is empty or cannot be read.
func minutes(s string) int64 {
	t, err := time.Parse("15:04", strings.Replace(s, ".", ":", 1))
	if err != nil {
		return -1
	}
	return int64(t.Hour()*60 + t.Minute())
}

// readAdding finds the region that was typed; if several may be meant the form
// comes back with them.
func readAdding(r *http.Request, f *fault.Fields) adding {
	d := adding{Words: strings.TrimSpace(r.FormValue("area")), Fee: r.FormValue("area_fee"), Closed: r.FormValue("area_closed") != ""}
	if d.Words == "" {
		return d
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
			return d
		}
		pick = found[0]
	}
	fee, err := web.Money(r, "area_fee")
	if err != nil {
		f.Add("area_fee", err)
		return d
	}
	d.area, d.ok = delivery.Area{Code: pick.Code, Fee: fee, Closed: d.Closed}, true
	return d
}

// onto puts the region into a list in which it must not be yet.
func (d adding) onto(list []delivery.Area) ([]delivery.Area, error) {
	if !d.ok {
		return list, nil
	}
	if slices.ContainsFunc(list, func(a delivery.Area) bool { return a.Code == d.area.Code }) {
		return nil, fault.New(fault.Invalid, "delivery.area_twice", place(d.area.Code)).On("area")
	}
	return append(list, d.area), nil
}
