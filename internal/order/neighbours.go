package order

import (
	"context"
	"errors"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/voucher"
)

// ways lists how the goods may reach the buyer. With a fault that says why
// nothing is brought there, or then, come the ways that are left.
func (s *Service) ways(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, l delivery.Load) ([]WayChoice, error) {
	list, err := s.Delivery.Quote(ctx, tx, sc, delivery.To{Village: d.Village, LatE6: d.LatE6, LngE6: d.LngE6}, l)
	full := errors.Is(err, delivery.ErrFull)
	if full && d.NoWindow {
		full, err = false, nil
	}
	ways := make([]WayChoice, 0, len(list))
	for _, w := range list {
		if !full || w.Key != delivery.Own {
			ways = append(ways, WayChoice{Way: Way(w.Key), Fee: w.Fee, Note: w.Note, Unknown: w.Unknown, Windows: w.Windows})
		}
	}
	return ways, err
}

// buyer finds or makes the customer by the phone number, and counts the order.
// Nobody is made a customer without one.
func (s *Service) buyer(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft) (id.ID, error) {
	if d.Phone == "" {
		return id.ID{}, nil
	}
	c, err := s.Customers.Find(ctx, tx, sc, d.Phone, d.Name)
	if err != nil {
		return id.ID{}, err
	}
	var to *customer.Address
	if d.Way.Brought() {
		to = &customer.Address{Village: d.Village, Street: d.Street, Landmark: d.Landmark, LatE6: d.LatE6, LngE6: d.LngE6}
	}
	if err := s.Customers.Ordered(ctx, tx, sc, c.ID, tx.Now, to); err != nil {
		return id.ID{}, err
	}
	if d.Consent {
		if err := s.Customers.Consent(ctx, tx, sc, c.ID, string(d.Channel)); err != nil {
			return id.ID{}, err
		}
	}
	return c.ID, nil
}

// spent tells the customer's page how an order ended.
func (s *Service) spent(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order, from State) error {
	if o.Customer.IsZero() || o.State == from {
		return nil
	}
	sum := o.Total - o.Code - o.Allowance
	switch {
	case o.State == Done:
		return s.Customers.Spent(ctx, tx, sc, o.Customer, sum)
	case o.State.Void() && from == Done:
		if err := s.Customers.Spent(ctx, tx, sc, o.Customer, -sum); err != nil {
			return err
		}
		return s.Customers.Dropped(ctx, tx, sc, o.Customer)
	case o.State.Void():
		return s.Customers.Dropped(ctx, tx, sc, o.Customer)
	}
	return nil
}

// apply tells what the draft's voucher takes off.
func (s *Service) apply(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, goods, shipping int64) (voucher.Discount, error) {
	phone := ""
	if strings.HasPrefix(d.Phone, "+") {
		phone = d.Phone
	}
	return s.Vouchers.Apply(ctx, tx, sc, d.Voucher, phone, goods, shipping)
}

// discountAgain is what the order's voucher takes off after an edit.
func (s *Service) discountAgain(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) (int64, error) {
	return s.Vouchers.Again(ctx, tx, sc, o.ID, o.Goods, o.Shipping)
}
