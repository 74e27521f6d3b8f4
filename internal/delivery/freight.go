package delivery

import (
	"context"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/store"
)

// Freight is what bringing goods of a weight costs by the tariff alone, also
// where an order would be free or too small. It is false where the shop does
// not bring.
func (s Settings) Freight(shop business.Business, to To, grams int64) (int64, bool) {
	s.FreeFrom, s.MinOrder = 0, 0
	fee, err := s.Fee(origin(shop), to.Village, to.point(), Load{Grams: grams})
	return fee, err == nil
}

// Freights returns the shop's Freight, for who asks for many places at once.
func (s *Service) Freights(ctx context.Context, tx *store.Tx, sc authz.Scope) (func(to To, grams int64) (int64, bool), error) {
	st, err := store.Kept(tx, sc.Business, keptKey{}, func() (Settings, error) { return s.Settings(ctx, tx, sc) })
	if err != nil {
		return nil, err
	}
	shop, err := s.shops.Kept(ctx, tx, sc)
	return func(to To, grams int64) (int64, bool) { return st.Freight(shop, to, grams) }, err
}
