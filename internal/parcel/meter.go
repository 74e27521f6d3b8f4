package parcel

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/delivery"
	"lapak/internal/order"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/payment"
	"lapak/internal/region"
	"lapak/internal/store"
)

// Least is the least number of parcels of which a rate is told.
const Least = 10

// risky is the share, in percent, from which a district's refusals are a warning.
const risky = 15

// Refusals counts the COD parcels that came to the door, and those of them
// that were refused: not wanted, not ordered, or the money was not there.
type Refusals struct{ Tried, Refused int64 }

// Percent is the share that was refused; too few tell none.
func (r Refusals) Percent() (int64, bool) {
	if r.Tried < Least {
		return 0, false
	}
	return (r.Refused*100 + r.Tried/2) / r.Tried, true
}

func (r *Refusals) add(tried, refused int64) {
	r.Tried += tried
	r.Refused += refused
}

// Freight is what a refused parcel costs: there and back by the shop's tariff.
// Known is false where the shop does not bring.
type Freight struct {
	Known bool
	Both  int64
}

// Area is a district with its refusals.
type Area struct {
	Refusals
	Freight
	District string
}

// Meter is what an owner should know before taking COD.
type Meter struct {
	All   Refusals
	Areas []Area // the most refused first, at most MaxAreas
	Near  Area   // the shop's own district, for a parcel of a kilogram
}

// MaxAreas is how many districts a Meter has.
const MaxAreas = 8

// Meter tells the owner how often COD parcels of the shop are refused, by
// district, and what one that is refused costs.
func (s *Service) Meter(ctx context.Context, sc authz.Scope) (Meter, error) {
	if err := sc.Can(authz.EditShop); err != nil {
		return Meter{}, err
	}
	var m Meter
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		m = Meter{}
		freight, err := s.Ways.Freights(ctx, tx, sc)
		if err != nil {
			return err
		}
		shop, err := s.Shops.Kept(ctx, tx, sc)
		if err != nil {
			return err
		}
		m.Near = Area{District: region.Up(shop.Village, region.District), Freight: there(freight(delivery.To{Village: shop.Village}, 1000))}
		rows, err := s.q.Refusals(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("count refusals: %w", err)
		}
		for _, r := range rows {
			m.All.add(r.Tried, r.Refused)
			if r.District == "" { // whom it went to was erased
				continue
			}
			a := Area{Refusals{r.Tried, r.Refused}, there(freight(delivery.To{Village: r.Village}, r.Grams/r.Tried)), r.District}
			if m.Areas = append(m.Areas, a); a.District == m.Near.District {
				m.Near.Refusals = a.Refusals
			}
		}
		slices.SortFunc(m.Areas, func(a, b Area) int {
			return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(b.Tried, a.Tried), cmp.Compare(a.District, b.District))
		})
		m.Areas = m.Areas[:min(len(m.Areas), MaxAreas)]
		return nil
	})
	return m, err
}

// there is the freight there and back.
func there(fee int64, ok bool) Freight { return Freight{ok, 2 * fee} }

// Risk is what to know before a COD order is accepted: how often its phone
// number refused parcels of this shop, and how often its district did.
type Risk struct {
	Phone Refusals
	Area
}

// High reports whether to ask for something in advance.
func (r Risk) High() bool {
	share, told := r.Percent()
	return r.Phone.Refused > 0 || told && share >= risky
}

// RiskOf tells of a COD order that is to be brought; of others nothing.
func (s *Service) RiskOf(ctx context.Context, sc authz.Scope, o order.Order) (*Risk, error) {
	if o.PayBy != payment.COD || o.Way != order.Own || o.Due() <= 0 {
		return nil, nil
	}
	if err := sc.Can(authz.SeeOrders); err != nil {
		return nil, err
	}
	r := &Risk{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		*r = Risk{Area: Area{District: region.Up(o.Village, region.District)}}
		freight, err := s.Ways.Freights(ctx, tx, sc)
		if err != nil {
			return err
		}
		r.Freight = there(freight(delivery.To{Village: o.Village, LatE6: o.LatE6, LngE6: o.LngE6}, o.WeightGrams))
		rows, err := s.q.RefusalsOf(ctx, tx, parceldb.RefusalsOfParams{BusinessID: sc.Business, Phone: o.Phone, District: r.District})
		if err != nil {
			return fmt.Errorf("count refusals: %w", err)
		}
		for _, row := range rows {
			if row.SamePhone == 1 && o.Phone != "" {
				r.Phone.add(row.Tried, row.Refused)
			}
			if row.SameDistrict == 1 && r.District != "" {
				r.Refusals.add(row.Tried, row.Refused)
			}
		}
		return nil
	})
	return r, err
}
