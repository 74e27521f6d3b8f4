package order

import (
	"context"

	"lapak/internal/authz"
	"lapak/internal/store"
)

// Planted completes a made-up order with what is reckoned from it, and returns
// what it is searched by. It is for sample data.
func Planted(o Order) (Order, string) {
	o.Brief, o.PayState, o.Tab = brief(o.Lines), o.payState(), o.tab()
	return o, o.search()
}

// PlantJobs asks for what is to happen to a made-up order by itself.
func (s *Service) PlantJobs(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) error {
	if o.HoldUntil == nil || o.State.Over() {
		return nil
	}
	return s.expireAt(ctx, tx, sc, o)
}

// Charge lists what an order books when it is placed, or with sign -1 takes back.
var Charge = charge
