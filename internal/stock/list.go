package stock

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/stock/stockdb"
	"lapak/internal/store"
)

// fourWeeks is the time over which sales are looked at.
const fourWeeks = 28 * 24 * time.Hour

// Items returns every variant that is counted, what is running low first, in
// three queries.
func (s *Service) Items(ctx context.Context, sc authz.Scope) ([]Item, error) {
	if err := sc.Can(authz.SeeStock); err != nil {
		return nil, err
	}
	var list []Item
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		list, err = s.items(ctx, tx, sc)
		return err
	})
	if err != nil {
		return nil, err
	}
	rank := func(i Item) int64 {
		switch {
		case i.Missing() > 0:
			return -1
		case i.Low():
			return i.Free()
		}
		return 1 << 60
	}
	slices.SortStableFunc(list, func(a, b Item) int { return cmp.Compare(rank(a), rank(b)) })
	return list, nil
}

// Low returns the variants that are running low, those with the least first.
func (s *Service) Low(ctx context.Context, tx *store.Tx, sc authz.Scope) ([]Item, error) {
	list, err := s.items(ctx, tx, sc)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(i Item) bool { return !i.Low() })
	slices.SortStableFunc(list, func(a, b Item) int { return cmp.Compare(a.Free()-a.Missing(), b.Free()-b.Missing()) })
	return list, nil
}

func (s *Service) items(ctx context.Context, tx *store.Tx, sc authz.Scope) ([]Item, error) {
	labels, err := s.goods.Counted(ctx, tx, sc)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.AllLevels(ctx, tx, sc.Business)
	if err != nil {
		return nil, fmt.Errorf("read levels: %w", err)
	}
	levels := make(map[id.ID]Level, len(rows))
	for _, r := range rows {
		levels[r.VariantID] = levelOf(stockdb.LevelsRow(r))
	}
	sold, err := s.q.SoldSince(ctx, tx, stockdb.SoldSinceParams{BusinessID: sc.Business, Since: tx.Now.Add(-fourWeeks)})
	if err != nil {
		return nil, fmt.Errorf("read sales: %w", err)
	}
	pieces := make(map[id.ID]int64, len(sold))
	for _, r := range sold {
		pieces[r.VariantID] = r.Pieces
	}
	list := make([]Item, len(labels))
	for i, l := range labels {
		level := levels[l.Variant]
		level.Variant = l.Variant
		list[i] = Item{Level: level, Product: l.Product, Title: l.Title, Name: l.Name, Unit: l.Unit, Shelf: l.Shelf, SoldIn4: pieces[l.Variant]}
	}
	return list, nil
}

// Item returns one variant with its level.
func (s *Service) Item(ctx context.Context, sc authz.Scope, variant id.ID) (Item, error) {
	if err := sc.Can(authz.SeeStock); err != nil {
		return Item{}, err
	}
	var i Item
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		labels, err := s.goods.Labels(ctx, tx, sc, []id.ID{variant})
		if err != nil {
			return err
		}
		l, ok := labels[variant]
		if !ok {
			return ErrNotFound
		}
		level, err := s.level(ctx, tx, sc, variant)
		if err != nil {
			return err
		}
		sold, err := s.q.SoldSince(ctx, tx, stockdb.SoldSinceParams{BusinessID: sc.Business, Since: tx.Now.Add(-fourWeeks)})
		if err != nil {
			return fmt.Errorf("read sales: %w", err)
		}
		i = Item{Level: level, Product: l.Product, Title: l.Title, Name: l.Name, Unit: l.Unit, Shelf: l.Shelf}
		for _, r := range sold {
			if r.VariantID == variant {
				i.SoldIn4 = r.Pieces
			}
		}
		return nil
	})
	return i, err
}

// MaxMoves is the most lines of one page of the ledger.
const MaxMoves = 50

// Moves returns a page of a variant's ledger, newest first. Next is the move
// after which the next page begins; nil on the last page and for the first.
func (s *Service) Moves(ctx context.Context, sc authz.Scope, variant id.ID, after *Move) (list []Move, next *Move, err error) {
	if err := sc.Can(authz.SeeStock); err != nil {
		return nil, nil, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		list, next = nil, nil
		q := stockdb.MovesParams{BusinessID: sc.Business, VariantID: variant, BeforeAt: tx.Now.Add(time.Hour), Max: MaxMoves + 1}
		if after != nil {
			q.BeforeAt, q.BeforeID = after.At, after.ID
		}
		rows, err := s.q.Moves(ctx, tx, q)
		if err != nil {
			return fmt.Errorf("list moves: %w", err)
		}
		for _, r := range rows {
			list = append(list, Move{
				ID: r.ID, Variant: r.VariantID, Reason: Reason(r.Reason), Quantity: r.Quantity, Held: r.Held, Balance: r.Balance,
				Order: id.Or(r.OrderID), Person: id.Or(r.PersonID), Note: r.Note, At: r.At,
			})
		}
		if len(list) > MaxMoves {
			list = list[:MaxMoves]
			next = &list[MaxMoves-1]
		}
		return nil
	})
	return list, next, err
}

// Invariants hold at every moment.
var Invariants = []store.Invariant{
	{Name: "stock is the sum of its moves", SQL: `SELECT l.business_id, l.variant_id FROM stock_levels l
WHERE l.on_hand <> (SELECT coalesce(CAST(sum(m.quantity) AS bigint), 0) FROM stock_moves m WHERE m.business_id = l.business_id AND m.variant_id = l.variant_id)
   OR l.reserved <> (SELECT coalesce(CAST(sum(m.held) AS bigint), 0) FROM stock_moves m WHERE m.business_id = l.business_id AND m.variant_id = l.variant_id)`},
	{Name: "what is reserved is what orders hold", SQL: `SELECT l.business_id, l.variant_id FROM stock_levels l
WHERE l.reserved <> (SELECT coalesce(CAST(sum(h.quantity) AS bigint), 0) FROM stock_holds h WHERE h.business_id = l.business_id AND h.variant_id = l.variant_id)`},
	{Name: "a hold has a level", SQL: `SELECT h.business_id, h.order_id FROM stock_holds h
LEFT JOIN stock_levels l ON l.business_id = h.business_id AND l.variant_id = h.variant_id WHERE l.variant_id IS NULL`},
	{Name: "nothing is held that is not there, but after a correction", SQL: `SELECT business_id, variant_id FROM stock_levels
WHERE reserved > 0 AND short = false AND on_hand - reserved - threshold < 0`},
}
