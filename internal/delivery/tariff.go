package delivery

import (
	"slices"
	"strings"

	"lapak/internal/money"
	"lapak/internal/region"
)

// Kind is how the fee of bringing is reckoned.
type Kind string

// The kinds.
const (
	Flat  Kind = "flat"  // one fee for all
	Areas Kind = "areas" // by a list of regencies, districts or villages
	Zones Kind = "zones" // by the distance from the shop
)

// Kinds lists them in the order of the form.
var Kinds = []Kind{Flat, Areas, Zones}

// Area is a region with its fee, or to which nothing is brought.
type Area struct {
	Code   string
	Fee    int64
	Closed bool
}

// Zone is a distance up to which a fee counts.
type Zone struct {
	Km  int64
	Fee int64
}

// Step is a weight up to which so much is added to the fee of the place.
type Step struct {
	Kg    int64
	Extra int64
}

// Tariff says what bringing costs. Zero in FreeFrom, MinOrder, PerKg or Divisor
// leaves that rule out.
type Tariff struct {
	Kind      Kind
	Flat      int64
	Areas     []Area // by code; the closest level counts: a village before its district
	Zones     []Zone // by distance, rising
	FreeFrom  int64  // goods from which bringing is free
	MinOrder  int64  // least goods
	Included  int64  // whole kilograms that cost nothing more
	PerKg     int64  // each kilogram above them
	Tolerance int64  // grams over a whole kilogram that are let go
	Steps     []Step // rising; with any, Included does not count, and PerKg counts above the last
	Divisor   int64  // cubic centimetres that weigh a kilogram
}

// Point is where something is, in millionths of a degree.
type Point struct{ LatE6, LngE6 int64 }

// Charged is the weight in whole kilograms as carriers reckon it: one at
// least; what is over a whole kilogram by no more than the tolerance is let
// go, anything else counts as a started kilogram.
func Charged(grams, tolerance int64) int64 {
	kg, rest := grams/1000, grams%1000
	if rest > 0 && (rest > tolerance || kg == 0) {
		kg++
	}
	return max(1, kg)
}

// Weighed is the weight by which a load is charged: what it weighs, or what its
// size counts for if that is more.
func (t Tariff) Weighed(l Load) int64 {
	if t.Divisor <= 0 {
		return l.Grams
	}
	size := l.Volume/t.Divisor*1000 + (l.Volume%t.Divisor*1000+t.Divisor-1)/t.Divisor
	return max(l.Grams, size)
}

// Reckoning is a fee and how it came about.
type Reckoning struct {
	Fee   int64
	Base  int64  // of the place alone
	Area  string // by area: the code of the entry that counted
	Zone  int    // by distance: which zone counted, from 1
	Upto  int64  // ... and its kilometres
	Km    float64
	Grams int64 // by which it is charged
	Size  bool  // the size weighed more than the load
	Kg    int64 // ... rounded; zero: weight does not count
	Step  int64 // kilograms of the step that counted
	Extra int64 // what that step adds
	Over  int64 // kilograms that each cost PerKg
	Free  bool  // the goods are worth enough
}

// Fee is what bringing a load costs, from the shop at from to the village, or to
// the point to in it if that is known. What keeps the shop from bringing there
// is a fault.
func (t Tariff) Fee(from Point, village string, to *Point, l Load) (int64, error) {
	r, err := t.Reckon(from, village, to, l)
	return r.Fee, err
}

// Reckon is Fee with how it came about.
func (t Tariff) Reckon(from Point, village string, to *Point, l Load) (Reckoning, error) {
	place, ok := region.Get(village)
	if !ok {
		return Reckoning{}, ErrVillage
	}
	r := Reckoning{Km: Distance(from, place, to), Grams: t.Weighed(l)}
	r.Size = r.Grams > l.Grams
	if err := t.base(place, &r); err != nil {
		return r, err
	}
	if l.Goods < t.MinOrder {
		return r, ErrLeast.With(money.String(t.MinOrder - l.Goods))
	}
	if t.FreeFrom > 0 && l.Goods >= t.FreeFrom {
		r.Free = true
		return r, nil
	}
	t.weigh(&r)
	more, err := money.Mul(r.Over, t.PerKg)
	if err != nil {
		return r, err
	}
	if r.Fee, err = money.Add(r.Base, r.Extra); err != nil {
		return r, err
	}
	if r.Fee, err = money.Add(r.Fee, more); err != nil {
		return r, err
	}
	if r.Fee > money.Max {
		return r, money.ErrTooLarge
	}
	return r, nil
}

// weigh says what the weight adds.
func (t Tariff) weigh(r *Reckoning) {
	if r.Grams <= 0 || t.PerKg == 0 && len(t.Steps) == 0 {
		return
	}
	r.Kg = Charged(r.Grams, t.Tolerance)
	if len(t.Steps) == 0 {
		r.Over = max(0, r.Kg-t.Included)
		return
	}
	for _, s := range t.Steps {
		if r.Step, r.Extra = s.Kg, s.Extra; r.Kg <= s.Kg {
			return
		}
	}
	if t.PerKg > 0 {
		r.Over = r.Kg - r.Step
	}
}

// base finds the fee of the place alone.
func (t Tariff) base(place region.Place, r *Reckoning) error {
	area, listed := t.area(place.Code)
	if listed && area.Closed {
		r.Area = area.Code
		return ErrFar.With(place.Town())
	}
	switch t.Kind {
	case Flat:
		r.Base = t.Flat
		return nil
	case Areas:
		if !listed {
			return ErrFar.With(place.Town())
		}
		r.Base, r.Area = area.Fee, area.Code
		return nil
	}
	for i, z := range t.Zones {
		if r.Km <= float64(z.Km) {
			r.Base, r.Zone, r.Upto = z.Fee, i+1, z.Km
			return nil
		}
	}
	return ErrFar.With(place.Town())
}

// area finds the entry for a region that is closest to it: its own, or else
// that of the district, the regency, the province.
func (t Tariff) area(code string) (Area, bool) {
	for code != "" {
		i, found := slices.BinarySearchFunc(t.Areas, code, func(a Area, code string) int { return strings.Compare(a.Code, code) })
		if found && (t.Areas[i].Closed || t.Kind == Areas) {
			return t.Areas[i], true
		}
		cut := strings.LastIndexByte(code, '.')
		if cut < 0 {
			break
		}
		code = code[:cut]
	}
	return Area{}, false
}

// Distance is how far it is in kilometres as the crow flies: to the point if it
// is known, else to the middle of the village.
func Distance(from Point, place region.Place, to *Point) float64 {
	lat, lng := place.Lat, place.Lng
	if to != nil {
		lat, lng = float64(to.LatE6)/1e6, float64(to.LngE6)/1e6
	}
	return region.Km(float64(from.LatE6)/1e6, float64(from.LngE6)/1e6, lat, lng)
}
