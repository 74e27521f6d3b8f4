package figure

import (
	"context"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/figure/figuredb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Service reads figures, and keeps the totals.
type Service struct {
	db    *store.DB
	q     figuredb.Queries
	shops *business.Service
}

// New makes the service.
func New(db *store.DB, shops *business.Service) *Service { return &Service{db: db, shops: shops} }

// part is how many parcels are read at once.
const part = 2_000

// Read reckons the figures of the parcels that left the shop in a period.
func (s *Service) Read(ctx context.Context, sc authz.Scope, p Period) (Report, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return Report{}, err
	}
	if err := p.Validate(); err != nil {
		return Report{}, err
	}
	var out Report
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		r := newReckoner(tx.Now)
		from, until := p.From.UTC(), p.To.AddDate(0, 0, 1).UTC()
		at, after := from, id.ID{}
		for {
			rows, err := s.q.Parcels(ctx, tx, figuredb.ParcelsParams{BusinessID: sc.Business, Until: &until, AfterAt: &at, AfterID: after, Most: part})
			if err != nil {
				return fmt.Errorf("read parcels: %w", err)
			}
			for _, row := range rows {
				r.add(fact(row))
			}
			if len(rows) < part {
				break
			}
			last := rows[len(rows)-1]
			at, after = *last.HandedAt, last.ID
		}
		out = r.report()
		return nil
	})
	return out, err
}

func fact(r figuredb.ParcelsRow) Fact {
	f := Fact{
		N: r.N, Carrier: r.Carrier, Courier: id.Or(r.CourierID), Village: r.Village, Status: carrier.Status(r.Status), Attempts: r.Attempts,
		DueUntil: r.DueUntil, PackedAt: r.PackedAt, HandedAt: r.HandedAt, OutAt: r.OutAt, DoneAt: r.DoneAt, COD: r.Cod, Taken: r.Taken, Cost: r.Cost,
	}
	if r.Shipping != nil {
		f.Fee = *r.Shipping
	}
	return f
}

// Zone is where the shop's days begin.
func (s *Service) Zone(ctx context.Context, sc authz.Scope) (*time.Location, error) {
	b, err := s.shops.Get(ctx, sc)
	return b.Location(), err
}
