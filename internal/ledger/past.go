package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/ledger/ledgerdb"
	"lapak/internal/store"
)

// Old is an entry of the past: what was booked elsewhere at At.
type Old struct {
	Entry
	At time.Time
}

// PostOld books many entries of the past in the caller's transaction. Their
// keys are new; a key that is booked already is an error of the database.
func (s *Service) PostOld(ctx context.Context, tx *store.Tx, sc authz.Scope, list []Old) error {
	type place struct {
		account Account
		holder  id.ID
	}
	sums := map[place]int64{}
	var entries, lines [][]any
	for _, e := range list {
		checked, err := e.check()
		if err != nil {
			return fmt.Errorf("book %s: %w", e.Kind, err)
		}
		if len(checked) == 0 {
			continue
		}
		entry := id.At(e.At)
		entries = append(entries, []any{sc.Business, entry, e.Key, e.Kind, e.Order.Null(), sc.Actor.Null(), e.At})
		for i, l := range checked {
			lines = append(lines, []any{sc.Business, entry, int64(i), string(l.Account), l.Holder, l.Amount})
			sums[place{l.Account, l.Holder}] += l.Amount
		}
	}
	if err := tx.Add(ctx, "ledger_entries", []string{"business_id", "id", "key", "kind", "order_id", "person_id", "at"}, entries); err != nil {
		return err
	}
	if err := tx.Add(ctx, "ledger_lines", []string{"business_id", "entry_id", "n", "account", "holder", "amount"}, lines); err != nil {
		return err
	}
	places := make([]place, 0, len(sums))
	for p := range sums {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int { // in the one order of all bookings
		if c := rank(a.account) - rank(b.account); c != 0 {
			return c
		}
		return slices.Compare(a.holder[:], b.holder[:])
	})
	for _, p := range places {
		if err := s.q.AddBalance(ctx, tx, ledgerdb.AddBalanceParams{
			BusinessID: sc.Business, Account: string(p.account), Holder: p.holder, Amount: sums[p],
		}); err != nil {
			return fmt.Errorf("add to balance: %w", err)
		}
	}
	return nil
}
