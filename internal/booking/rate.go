package booking

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/delivery"
	"lapak/internal/order"
	"lapak/internal/store"
)

// Carriers asks carriers what they would bring something for; it is the hook
// order.Service.Carriers. It waits for the network, two seconds at most: no
// transaction may be open.
func (s *Service) Carriers(ctx context.Context, sc authz.Scope, to delivery.To, load func(context.Context) (delivery.Load, bool, error)) (bool, []order.Rate, error) {
	d, shop, err := s.asking(ctx, sc)
	if err != nil || len(d.Offers) == 0 || len(d.conns) == 0 {
		return false, nil, err
	}
	if to.Village == "" {
		return true, nil, nil
	}
	l, ask, err := load(ctx)
	if err != nil || !ask {
		return true, nil, err
	}
	p := place(to.Village)
	p.LatE6, p.LngE6 = to.LatE6, to.LngE6
	quote := s.quote(ctx, d, shop, p, boxOf(l.Grams, l.Volume), l.Goods, 0, d.conns)
	return true, offers(d, quote.Rates), nil
}

// asking reads what is needed to ask carriers, from memory if it can be.
func (s *Service) asking(ctx context.Context, sc authz.Scope) (d desk, shop business.Business, err error) {
	err = s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if d, err = s.desk(ctx, tx, sc.Business); err != nil || len(d.conns) == 0 {
			return err
		}
		shop, err = s.Shops.Kept(ctx, tx, sc)
		return err
	})
	return d, shop, err
}

// boxOf is a box of that weight and volume, as a cube.
func boxOf(grams, volume int64) carrier.Box {
	side := int64(math.Ceil(math.Cbrt(float64(volume)) - 1e-9))
	return carrier.Box{Grams: grams, Length: side, Width: side, Height: side}
}

const (
	shyFor = 5 * time.Second        // how long after a silence nobody else waits
	glance = 150 * time.Millisecond // but for what is there already
)

// quote asks within the bound. Who asks just after somebody waited in vain takes
// what has come by then: a page asks more than once.
func (s *Service) quote(ctx context.Context, d desk, shop business.Business, to carrier.Place, box carrier.Box, goods, cod int64, conns []conn) carrier.Quote {
	asked := make([]carrier.Asked, len(conns))
	for i, c := range conns {
		c.here = shop.Village
		asked[i] = carrier.Asked{Owner: c.owner, Carrier: c}
		if at, ok := s.late.Get(c.owner + "\x00" + c.Name()); ok && s.db.Now().Sub(at) < shyFor {
			short, cancel := context.WithTimeout(ctx, glance)
			defer cancel()
			ctx = short
		}
	}
	q := s.quoter.Quote(ctx, carrier.RateQuery{From: origin(shop), To: to, Box: box, Value: goods, Insured: d.Insured, COD: cod, Firms: d.firms()}, asked)
	for _, out := range q.Out {
		if errors.Is(out.Err, carrier.ErrLate) {
			for _, c := range conns {
				if c.Name() == out.Carrier {
					s.late.Put(c.owner+"\x00"+c.Name(), s.db.Now())
				}
			}
		}
		s.o.Log.DebugContext(ctx, "carrier gave no price", "carrier", out.Carrier, "error", out.Err)
	}
	return q
}

// offers are the services that the shop offers, at its prices. Of one service
// that several connectors know, the one that can be booked counts, or else the
// cheaper.
func offers(d desk, rates []carrier.Rate) []order.Rate {
	books := map[string]bool{}
	for _, c := range d.conns {
		books[c.Name()] = books[c.Name()] || c.Books()
	}
	best := map[string]carrier.Rate{}
	for _, r := range rates {
		if _, known := carrier.Find(r.Firm); !known || len(r.Service) > order.MaxService || strings.Contains(r.Service, ":") || !d.Has(r.Firm, r.Service) {
			continue
		}
		key := r.Firm + "/" + strings.ToLower(r.Service)
		was, had := best[key]
		if !had || books[r.Via] && !books[was.Via] || books[r.Via] == books[was.Via] && d.Price(r) < d.Price(was) {
			best[key] = r
		}
	}
	list := make([]order.Rate, 0, len(best))
	for _, r := range best {
		list = append(list, order.Rate{Carrier: r.Firm, Service: r.Service, Fee: d.Price(r), COD: r.COD && books[r.Via], Least: r.Least, Most: r.Most})
	}
	slices.SortFunc(list, func(a, b order.Rate) int {
		return cmp.Or(cmp.Compare(a.Fee, b.Fee), cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(a.Service, b.Service))
	})
	return list[:min(len(list), order.MaxRates)]
}
