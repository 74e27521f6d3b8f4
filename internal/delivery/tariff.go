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

// Tariff says what bringing costs. Zero in FreeFrom, MinOrder or PerKg leaves
// that rule out.
type Tariff struct {
	Kind      Kind
	Flat      int64
	Areas     []Area // the closest level counts: a village before its district
	Zones     []Zone // by distance, rising
	FreeFrom  int64  // goods from which bringing is free
	MinOrder  int64  // least goods
	Included  int64  // whole kilograms that cost nothing more
	PerKg     int64  // each kilogram above them
	Tolerance int64  // grams over a whole kilogram that are let go
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

// Fee is what bringing goods of that weight and worth costs, from the shop at
// from to the village, or to the point to in it if that is known. What keeps
// the shop from bringing there is a fault.
func (t Tariff) Fee(from Point, village string, to *Point, grams, goods int64) (int64, error) {
	place, ok := region.Get(village)
	if !ok {
		return 0, ErrVillage
	}
	fee, err := t.base(from, place, to)
	if err != nil {
		return 0, err
	}
	if goods < t.MinOrder {
		return 0, ErrLeast.With(money.String(t.MinOrder - goods))
	}
	if t.FreeFrom > 0 && goods >= t.FreeFrom {
		return 0, nil
	}
	if t.PerKg > 0 && grams > 0 {
		more, err := money.Mul(max(0, Charged(grams, t.Tolerance)-t.Included), t.PerKg)
		if err != nil {
			return 0, err
		}
		if fee, err = money.Add(fee, more); err != nil {
			return 0, err
		}
	}
	if fee > money.Max {
		return 0, money.ErrTooLarge
	}
	return fee, nil
}

// base is the fee of the place alone.
func (t Tariff) base(from Point, place region.Place, to *Point) (int64, error) {
	area, listed := t.area(place.Code)
	if listed && area.Closed {
		return 0, ErrFar.With(place.Town())
	}
	switch t.Kind {
	case Flat:
		return t.Flat, nil
	case Areas:
		if !listed {
			return 0, ErrFar.With(place.Town())
		}
		return area.Fee, nil
	}
	km := Distance(from, place, to)
	for _, z := range t.Zones {
		if km <= float64(z.Km) {
			return z.Fee, nil
		}
	}
	return 0, ErrFar.With(place.Town())
}

// area finds the entry for a region that is closest to it: its own, or else
// that of the district, the regency, the province.
func (t Tariff) area(code string) (Area, bool) {
	for code != "" {
		i := slices.IndexFunc(t.Areas, func(a Area) bool { return a.Code == code && (a.Closed || t.Kind == Areas) })
		if i >= 0 {
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
