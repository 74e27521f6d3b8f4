package payment

import (
	"context"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Old is money of an order that was paid outside the shop's books.
type Old struct {
	Order  id.ID
	Amount int64
	At     time.Time
}

// NoteOld writes down money of the past. Who calls it books it, in an entry of
// the order at the same time on ledger.Elsewhere.
func (s *Service) NoteOld(ctx context.Context, tx *store.Tx, sc authz.Scope, list []Old) error {
	var rows [][]any
	for _, p := range list {
		if p.Amount != 0 {
			rows = append(rows, []any{sc.Business, id.At(p.At), p.Order, string(Elsewhere), p.Amount, id.ID{}, sc.Actor.Null(), "", p.At})
		}
	}
	return tx.Add(ctx, "payments", []string{"business_id", "id", "order_id", "method", "amount", "holder", "person_id", "note", "at"}, rows)
}
