package order

import (
	"context"

	"lapak/internal/authz"
	"lapak/internal/ledger"
	"lapak/internal/store"
)

// InHand is how much money from the door the person holds who asks.
func (s *Service) InHand(ctx context.Context, sc authz.Scope) (int64, error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return 0, err
	}
	var n int64
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		n, err = s.Books.Balance(ctx, tx, sc, ledger.CourierCash, sc.Actor)
		return err
	})
	return n, err
}
