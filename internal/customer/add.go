package customer

import (
	"context"
	"fmt"

	"lapak/internal/authz"
	"lapak/internal/customer/customerdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Add makes a customer who has not ordered yet. Another one with the same
// number is ErrTaken.
func (s *Service) Add(ctx context.Context, sc authz.Scope, c Change) (Customer, error) {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return Customer{}, err
	}
	c = c.clean()
	if err := c.Validate(); err != nil {
		return Customer{}, err
	}
	var out Customer
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		fresh := id.At(tx.Now)
		r, err := s.q.Find(ctx, tx, customerdb.FindParams{
			BusinessID: sc.Business, ID: fresh, Phone: c.Phone, Name: "", Search: search("", c.Phone), Now: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("add customer: %w", err)
		}
		if r.ID != fresh {
			return ErrTaken.On("phone")
		}
		if _, err := s.q.Put(ctx, tx, customerdb.PutParams{
			BusinessID: sc.Business, ID: fresh, Name: c.Name, Phone: c.Phone, Search: search(c.Name, c.Phone), Note: c.Note, Tags: c.Tags,
		}); err != nil {
			return fmt.Errorf("put customer: %w", err)
		}
		if out, err = s.get(ctx, tx, sc, fresh); err != nil {
			return err
		}
		return s.noted(ctx, tx, sc, fresh, "created", "customer.made")
	})
	return out, err
}
