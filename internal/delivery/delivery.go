// Package delivery knows how goods leave a shop: fetched by the buyer, or
// brought by the shop for a fee that its tariff gives.
package delivery

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"lapak/internal/fault"
	"lapak/internal/money"
	"lapak/internal/region"
)

// Faults of delivery.
var (
	ErrVillage = fault.New(fault.Invalid, "delivery.village") // no such village
	ErrFar     = fault.New(fault.Invalid, "delivery.far")     // {0} nothing is brought there
	ErrLeast   = fault.New(fault.Invalid, "delivery.least")   // {0} what is missing to the least order
	ErrNoWay   = fault.New(fault.Invalid, "delivery.no_way")  // neither fetched nor brought
	ErrFull    = fault.New(fault.Conflict, "delivery.full")   // no hours have room as far ahead as is looked
	ErrTaken   = fault.New(fault.Conflict, "delivery.taken")  // these hours have no room any more
)

// The keys of ways.
const (
	Pickup = "pickup"
	Own    = "own"
)

// Way is how an order may reach its buyer, with its fee.
type Way struct {
	Key     string
	Fee     int64
	Note    string   // the shop's words: where and when
	Unknown bool     // own: the fee is known once the village is; Fee is then the least it can be
	Windows []Window // own: when it can come, the earliest first; empty if the shop promises no time
}

// Load is what goes to a buyer.
type Load struct {
	Grams     int64
	Volume    int64 // cubic centimetres
	Goods     int64 // rupiah
	ReadyDays int64 // days it takes to be made
}

// To is where an order goes. The point, if known, is where in the village.
type To struct {
	Village string
	LatE6   *int64
	LngE6   *int64
}

func (to To) point() *Point {
	if to.LatE6 == nil || to.LngE6 == nil {
		return nil
	}
	return &Point{*to.LatE6, *to.LngE6}
}

// Settings are the ways of a shop as its owner sets them.
type Settings struct {
	Pickup      bool
	PickupPlace string // empty: the shop's address
	PickupReady string // when it can be fetched, in the owner's words
	Own         bool
	Promise     string // days and hour up to which orders go out, in the owner's words
	Tariff
	Schedule
}

// Initial are the ways of a shop that has set none.
func Initial() Settings {
	return Settings{Pickup: true, Tariff: Tariff{Kind: Flat, Included: 1, Tolerance: 300, Divisor: 6000}}
}

// Limits of what an owner writes.
const (
	MaxText  = 160
	MaxAreas = 2_000
	MaxZones = 12
	MaxSteps = 12
	MaxHours = 4
	maxKm    = 500
	maxKg    = 1000
	maxDay   = 10_000 // orders

	leastDivisor, mostDivisor = 1_000, 10_000
)

// Validate reports every field that is wrong.
func (s Settings) Validate() error {
	var f fault.Fields
	f.Check(s.Pickup || s.Own, "own", ErrNoWay.Key)
	f.Check(utf8.RuneCountInString(s.PickupPlace) <= MaxText, "place", "form.too_long", MaxText)
	f.Check(utf8.RuneCountInString(s.PickupReady) <= MaxText, "ready", "form.too_long", MaxText)
	f.Check(utf8.RuneCountInString(s.Promise) <= MaxText, "promise", "form.too_long", MaxText)
	sum := func(n int64, field string) { f.Check(n >= 0 && n <= money.Max, field, "money.too_large") }
	sum(s.Flat, "flat")
	sum(s.FreeFrom, "free")
	sum(s.MinOrder, "least")
	sum(s.PerKg, "perkg")
	f.Check(s.Included >= 0 && s.Included <= maxKg, "included", "form.between", 0, maxKg)
	f.Check(s.Tolerance >= 0 && s.Tolerance < 1000, "tolerance", "form.between", 0, 999)
	f.Check(s.Kind == Flat || s.Kind == Areas || s.Kind == Zones, "kind", "form.choose")
	f.Check(s.Divisor == 0 || s.Divisor >= leastDivisor && s.Divisor <= mostDivisor, "divisor", "form.between", leastDivisor, mostDivisor)
	s.validateAreas(&f)
	s.validateZones(&f)
	s.validateSteps(&f)
	s.Schedule.validate(&f)
	return f.Err()
}

// validateSteps also holds that what is heavier is never cheaper.
func (s Settings) validateSteps(f *fault.Fields) {
	f.Check(len(s.Steps) <= MaxSteps, "steps", "form.between", 0, MaxSteps)
	for i, st := range s.Steps {
		field := fmt.Sprintf("steps.%d", i)
		f.Check(st.Kg > 0 && st.Kg <= maxKg, field+".kg", "form.between", 1, maxKg)
		f.Check(st.Extra >= 0 && st.Extra <= money.Max, field+".extra", "money.too_large")
		if i > 0 {
			f.Check(s.Steps[i-1].Kg != st.Kg, field+".kg", "delivery.step_twice")
			f.Check(s.Steps[i-1].Extra <= st.Extra, field+".extra", "delivery.step_cheaper")
		}
	}
}

func (s Settings) validateAreas(f *fault.Fields) {
	f.Check(len(s.Areas) <= MaxAreas, "areas", "delivery.many_areas", MaxAreas)
	seen, open := map[string]bool{}, 0
	for i, a := range s.Areas {
		field := fmt.Sprintf("areas.%d", i)
		p, ok := region.Get(a.Code)
		f.Check(ok && strings.Count(a.Code, ".") > 0, field+".code", "delivery.area")
		f.Check(!seen[a.Code], field+".code", "delivery.area_twice", p.Title())
		f.Check(a.Fee >= 0 && a.Fee <= money.Max, field+".fee", "money.too_large")
		seen[a.Code] = true
		if !a.Closed {
			open++
		}
	}
	f.Check(!s.Own || s.Kind != Areas || open > 0, "area", "delivery.areas_needed")
}

func (s Settings) validateZones(f *fault.Fields) {
	f.Check(len(s.Zones) <= MaxZones, "zones", "form.between", 1, MaxZones)
	f.Check(!s.Own || s.Kind != Zones || len(s.Zones) > 0, "zones.0.km", "delivery.zones_needed")
	seen := map[int64]bool{}
	for i, z := range s.Zones {
		field := fmt.Sprintf("zones.%d", i)
		f.Check(z.Km > 0 && z.Km <= maxKm, field+".km", "form.between", 1, maxKm)
		f.Check(!seen[z.Km], field+".km", "delivery.zone_twice")
		f.Check(z.Fee >= 0 && z.Fee <= money.Max, field+".fee", "money.too_large")
		seen[z.Km] = true
	}
}

// least is the least fee that bringing can cost now.
func (t Tariff) least(goods int64) int64 {
	if t.FreeFrom > 0 && goods >= t.FreeFrom {
		return 0
	}
	fee := int64(-1)
	note := func(n int64) {
		if fee < 0 || n < fee {
			fee = n
		}
	}
	switch t.Kind {
	case Flat:
		note(t.Flat)
	case Areas:
		for _, a := range t.Areas {
			if !a.Closed {
				note(a.Fee)
			}
		}
	case Zones:
		for _, z := range t.Zones {
			note(z.Fee)
		}
	}
	return max(0, fee)
}
