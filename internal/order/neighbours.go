package order

import (
	"context"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
)

// discount is what a voucher takes off.
type discount struct {
	code   string
	amount int64
}

// ways lists how the goods may reach the buyer.
func (s *Service) ways(context.Context, *store.Tx, authz.Scope, Draft, int64, int64) ([]WayChoice, error) {
	return []WayChoice{{Way: Pickup}}, nil
}

// buyer finds or makes the customer.
func (s *Service) buyer(context.Context, *store.Tx, authz.Scope, Draft) (id.ID, error) {
	return id.ID{}, nil
}

func (s *Service) apply(context.Context, *store.Tx, authz.Scope, Draft, int64, int64) (discount, error) {
	return discount{}, ErrGone
}

func (s *Service) use(context.Context, *store.Tx, authz.Scope, Order, discount) error { return nil }

func (s *Service) vouchersBack(context.Context, *store.Tx, authz.Scope, Order) error { return nil }

func (s *Service) discountAgain(_ context.Context, _ *store.Tx, _ authz.Scope, o Order) (int64, error) {
	return o.Discount, nil
}
