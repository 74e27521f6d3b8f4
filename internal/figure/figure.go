// Package figure reckons what happened to a shop's parcels, for its owner, and
// counts deliveries by day, regency and trade, for offices.
package figure

import (
	"cmp"
	"slices"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/region"
)

// MaxDays is how long a period may be.
const MaxDays = 366

// ErrPeriod is for one that ends before it begins, or is too long.
var ErrPeriod = fault.New(fault.Invalid, "figure.period") // {0} days at most

// Period is from the beginning of one day to the end of another, both as
// midnights where the shop is.
type Period struct{ From, To time.Time }

// Validate reports what is wrong.
func (p Period) Validate() error {
	var f fault.Fields
	days := int(p.To.Sub(p.From).Hours()/24) + 1
	if p.From.IsZero() || p.To.IsZero() || p.To.Before(p.From) || days > MaxDays {
		f.Add("dari", ErrPeriod.With(MaxDays))
	}
	return f.Err()
}

// Fact is what the figures know of one parcel that left the shop.
type Fact struct {
	N        int64 // of its order: the first carries the fee
	Carrier  string
	Courier  id.ID
	Village  string
	Status   carrier.Status
	Attempts int64 // in vain
	DueUntil *time.Time
	PackedAt *time.Time
	HandedAt *time.Time
	OutAt    *time.Time
	DoneAt   *time.Time
	COD      int64
	Taken    int64
	Fee      int64  // of the whole order
	Cost     *int64 // what the carrier took; nil: nobody knows
}

// Share is a part of what it is counted of.
type Share struct{ N, Of int64 }

// Percent is the share in whole percent; of nothing there is none.
func (s Share) Percent() (int64, bool) {
	if s.Of == 0 {
		return 0, false
	}
	return (s.N*100 + s.Of/2) / s.Of, true
}

// Sum is a sum with how many went into it.
type Sum struct{ Total, N int64 }

func (s *Sum) add(v int64) {
	s.Total += v
	s.N++
}

// Mean is the sum by one, rounded; of nothing there is none.
func (s Sum) Mean() (int64, bool) {
	if s.N == 0 {
		return 0, false
	}
	return (s.Total + s.N/2) / s.N, true
}

// Times are how long something took.
type Times []time.Duration

func (t *Times) add(from, to *time.Time) {
	if from != nil && to != nil && !to.Before(*from) { // clocks of phones may differ
		*t = append(*t, to.Sub(*from))
	}
}

// At is the time within which so many percent were done: the least one that
// no fewer are at or below. Of none there is none.
func (t Times) At(percent int) (time.Duration, bool) {
	if len(t) == 0 {
		return 0, false
	}
	return t[max(0, (len(t)*percent+99)/100-1)], true
}

// Leg is a part of a parcel's way.
type Leg int

// The legs. OutToDone begins when it went out for the last time.
const (
	PackedToTaken Leg = iota
	TakenToOut
	OutToDone
	TakenToDone
	legs
)

// Legs lists them in order.
var Legs = []Leg{PackedToTaken, TakenToOut, OutToDone, TakenToDone}

// Figures are those of some parcels.
type Figures struct {
	Key       string // of a courier, carrier or district; empty: all
	Parcels   int64  // that left in the period
	Delivered int64
	OnTime    Share // delivered by the promised time, of those whose promise is over
	Attempts  Sum   // tries at the door, of parcels that came to an end there
	Legs      [legs]Times
	Fee       Sum // that buyers paid, of orders
	Cost      Sum // that carriers took, of parcels of which it is known
	COD       Sum // due at the door, of delivered parcels
	Missing   Sum // of it not taken, of those where something is missing
}

// add reckons a parcel in; now decides whether a promise is over.
func (g *Figures) add(f Fact, now time.Time) {
	g.Parcels++
	done := f.Status == carrier.Delivered
	if done {
		g.Delivered++
		g.Legs[PackedToTaken].add(f.PackedAt, f.HandedAt)
		g.Legs[TakenToOut].add(f.HandedAt, f.OutAt)
		g.Legs[OutToDone].add(f.OutAt, f.DoneAt)
		g.Legs[TakenToDone].add(f.HandedAt, f.DoneAt)
		if f.COD > 0 {
			g.COD.add(f.COD)
			if f.Taken != f.COD {
				g.Missing.add(f.COD - f.Taken)
			}
		}
	}
	if f.DueUntil != nil && (done || f.Status.Final() || now.After(*f.DueUntil)) {
		g.OnTime.Of++
		if done && f.DoneAt != nil && !f.DoneAt.After(*f.DueUntil) {
			g.OnTime.N++
		}
	}
	switch {
	case done:
		g.Attempts.add(f.Attempts + 1)
	case f.Status.Final() && f.Attempts > 0:
		g.Attempts.add(f.Attempts)
	}
	if f.N == 1 {
		g.Fee.add(f.Fee)
	}
	if f.Cost != nil {
		g.Cost.add(*f.Cost)
	}
}

func (g *Figures) sort() {
	for i := range g.Legs {
		slices.Sort(g.Legs[i])
	}
}

// Report is all that the page shows.
type Report struct {
	All       Figures
	Carriers  []Figures // by courier's id, or the carrier's code
	Districts []Figures
}

// reckoner makes a report of facts as they come.
type reckoner struct {
	now       time.Time
	all       Figures
	carriers  map[string]*Figures
	districts map[string]*Figures
}

func newReckoner(now time.Time) *reckoner {
	return &reckoner{now: now, carriers: map[string]*Figures{}, districts: map[string]*Figures{}}
}

func (r *reckoner) add(f Fact) {
	r.all.add(f, r.now)
	who := f.Carrier
	if who == parcel.Own && !f.Courier.IsZero() {
		who = f.Courier.String()
	}
	in(r.carriers, who).add(f, r.now)
	in(r.districts, region.Up(f.Village, region.District)).add(f, r.now)
}

func in(m map[string]*Figures, key string) *Figures {
	if m[key] == nil {
		m[key] = &Figures{Key: key}
	}
	return m[key]
}

func (r *reckoner) report() Report {
	out := Report{All: r.all}
	out.All.sort()
	list := func(m map[string]*Figures) []Figures {
		var l []Figures
		for _, g := range m {
			g.sort()
			l = append(l, *g)
		}
		slices.SortFunc(l, func(a, b Figures) int { return cmp.Or(cmp.Compare(b.Parcels, a.Parcels), cmp.Compare(a.Key, b.Key)) })
		return l
	}
	out.Carriers, out.Districts = list(r.carriers), list(r.districts)
	return out
}

// Reckon makes the report of facts as it stands at now.
func Reckon(now time.Time, facts ...Fact) Report {
	r := newReckoner(now)
	for _, f := range facts {
		r.add(f)
	}
	return r.report()
}
