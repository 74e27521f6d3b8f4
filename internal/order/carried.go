package order

import (
	"context"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/delivery"
	"lapak/internal/i18n"
	"lapak/internal/store"
)

// Rate is for what a carrier brings an order, as the buyer pays it.
type Rate struct {
	Carrier string // a code of package carrier
	Service string // the carrier's code
	Fee     int64
	COD     bool // the money can be taken at the door
	Least   time.Duration
	Most    time.Duration // zero: it cannot be told
}

// MaxRates is how many services of carriers are offered for one order.
const MaxRates = 10

// Title is what people call it: "JNE REG".
func (r Rate) Title() string { return carrier.Title(r.Carrier, r.Service) }

// Span says how long it takes, in days or hours; empty if it cannot be told.
func (r Rate) Span(ctx context.Context) string {
	unit, key := 24*time.Hour, "days"
	if r.Most <= 0 {
		return ""
	}
	if r.Most < unit {
		unit, key = time.Hour, "hours"
	}
	least, most := int64((r.Least+unit-1)/unit), int64((r.Most+unit-1)/unit)
	if least == most {
		return say(ctx, "takes_"+key, i18n.N(ctx, most))
	}
	return say(ctx, "takes_"+key+"_from", i18n.N(ctx, least), i18n.N(ctx, most))
}

func (r Rate) is(firm, service string) bool {
	return r.Carrier == firm && strings.EqualFold(r.Service, service)
}

// is reports whether a draft chooses the way.
func (w WayChoice) is(d Draft) bool {
	return w.Way == d.Way && (w.Way != Carrier || w.Rate.is(d.Carrier, d.Service))
}

// Written is the way as forms write it.
func (w WayChoice) Written() string {
	return Draft{Way: w.Way, Carrier: w.Rate.Carrier, Service: w.Rate.Service}.Written()
}

// carried is what carriers said about a draft.
type carried struct {
	offered bool
	rates   []Rate
}

// carried asks carriers what they would bring the draft for, before any
// transaction: the network is waited for by the buyer alone, and not for long.
// A price that an earlier quote holds needs no answer.
func (s *Service) carried(ctx context.Context, sc authz.Scope, d Draft) (carried, error) {
	if s.Carriers == nil || d.Channel == Counter {
		return carried{}, nil
	}
	offered, rates, err := s.Carriers(ctx, sc, delivery.To{Village: d.Village, LatE6: d.LatE6, LngE6: d.LngE6}, func(ctx context.Context) (l delivery.Load, ask bool, err error) {
		err = s.db.View(ctx, sc, func(tx *store.Tx) error {
			var q Quote
			if err := s.quoteLines(ctx, tx, sc, d, &q); err != nil {
				return err
			}
			l, ask = q.load(), true
			if d.Held == "" || d.Carrier == "" || d.SeenTotal == 0 {
				return nil
			}
			h, ok, err := s.unseal(sc.Business, d, l, tx.Now)
			ask = !ok || !slices.ContainsFunc(h.rates, func(r Rate) bool { return r.is(d.Carrier, d.Service) })
			return err
		})
		return l, ask, err
	})
	if len(rates) > MaxRates {
		rates = rates[:MaxRates]
	}
	return carried{offered, rates}, err
}

// load is what has to be brought.
func (q *Quote) load() delivery.Load {
	return delivery.Load{Grams: q.WeightGrams, Volume: q.Volume, Goods: q.Goods, ReadyDays: q.ReadyDays}
}

// add makes what carriers said further ways.
func (q *Quote) add(c carried) {
	q.Carries = c.offered
	for _, r := range c.rates {
		q.Ways = append(q.Ways, WayChoice{Way: Carrier, Fee: r.Fee, Rate: r})
	}
}

// Brings reports whether the shop brings goods there itself.
func (q Quote) Brings() bool {
	return slices.ContainsFunc(q.Ways, func(w WayChoice) bool { return w.Way == Own })
}

// rates are the ways that carriers offer.
func (q *Quote) rates() []Rate {
	var list []Rate
	for _, w := range q.Ways {
		if w.Way == Carrier {
			list = append(list, w.Rate)
		}
	}
	return list
}

// freeze puts the prices that were promised in the place of today's.
func (q *Quote) freeze(promised []Rate) {
	for _, r := range promised {
		i := slices.IndexFunc(q.Ways, func(w WayChoice) bool { return w.Way == Carrier && w.Rate.is(r.Carrier, r.Service) })
		if i < 0 {
			i, q.Ways = len(q.Ways), append(q.Ways, WayChoice{Way: Carrier})
		}
		q.Ways[i].Fee, q.Ways[i].Rate = r.Fee, r
	}
}

// takesCOD reports whether the carrier of the draft takes money at the door.
func (q *Quote) takesCOD(d Draft) bool {
	return slices.ContainsFunc(q.Ways, func(w WayChoice) bool { return w.is(d) && w.Rate.COD })
}
