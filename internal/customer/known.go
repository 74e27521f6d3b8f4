package customer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lapak/internal/authz"
	"lapak/internal/customer/customerdb"
	"lapak/internal/store"
)

// Known is a customer with the addresses they have used, newest first.
type Known struct {
	Customer
	Addresses []Address
}

// ByPhone finds the customer of an E.164 number, for who enters an order; ok is
// false if the shop does not know the number.
func (s *Service) ByPhone(ctx context.Context, sc authz.Scope, e164 string) (k Known, ok bool, err error) {
	if err := sc.Can(authz.PlaceOrders); err != nil {
		return Known{}, false, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		k, ok = Known{}, false
		r, err := s.q.ByPhone(ctx, tx, customerdb.ByPhoneParams{BusinessID: sc.Business, Phone: e164})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read customer: %w", err)
		}
		k.Customer, ok = row(r), true
		k.Addresses, err = s.Addresses(ctx, tx, sc, k.ID)
		return err
	})
	return k, ok, err
}
