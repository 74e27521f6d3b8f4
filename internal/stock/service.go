package stock

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/stock/stockdb"
	"lapak/internal/store"
)

// Service counts stock. Levels change here and nowhere else.
type Service struct {
	db    *store.DB
	q     stockdb.Queries
	goods *catalog.Service

	// OnChanged is called in the transaction that changes what is free of a
	// variant. Package app sets it.
	OnChanged func(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) error
}

// New makes the service. Package app sets catalog.Service.OnStock to its Set.
func New(db *store.DB, goods *catalog.Service) *Service { return &Service{db: db, goods: goods} }

// sorted merges wants of one variant and puts them in the order in which rows
// are locked everywhere. Variants whose stock is not counted are left out.
func (s *Service) sorted(ctx context.Context, tx *store.Tx, sc authz.Scope, wants []Want) ([]Want, map[id.ID]catalog.Label, error) {
	sum := map[id.ID]int64{}
	for _, w := range wants {
		if w.Quantity <= 0 || w.Quantity > MaxQuantity {
			return nil, nil, fmt.Errorf("stock: quantity %d is out of bounds", w.Quantity)
		}
		sum[w.Variant] += w.Quantity
	}
	ids := make([]id.ID, 0, len(sum))
	for v := range sum {
		ids = append(ids, v)
	}
	slices.SortFunc(ids, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	labels, err := s.goods.Labels(ctx, tx, sc, ids)
	if err != nil {
		return nil, nil, err
	}
	list := make([]Want, 0, len(ids))
	for _, v := range ids {
		l, ok := labels[v]
		if !ok {
			return nil, nil, ErrNotFound
		}
		if l.Tracked {
			list = append(list, Want{v, sum[v]})
		}
	}
	return list, labels, nil
}

// Reserve holds what an order wants, all of it or nothing: if less is free of
// any variant the fault is ErrShort, which says of each what is left, and the
// transaction must be given up. Variants that are not counted are never short.
// The hold lives until Release or Take; HoldUntil gives it an end.
func (s *Service) Reserve(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, wants []Want) error {
	list, labels, err := s.sorted(ctx, tx, sc, wants)
	if err != nil {
		return err
	}
	var missing []Short
	for _, w := range list {
		balance, err := s.q.Reserve(ctx, tx, stockdb.ReserveParams{BusinessID: sc.Business, VariantID: w.Variant, Quantity: w.Quantity})
		if errors.Is(err, sql.ErrNoRows) {
			l, err := s.level(ctx, tx, sc, w.Variant)
			if err != nil {
				return err
			}
			missing = append(missing, Short{w.Variant, labels[w.Variant].Full(), w.Quantity, l.Free()})
			continue
		}
		if err != nil {
			return fmt.Errorf("reserve: %w", err)
		}
		m := Move{ID: id.New(), Variant: w.Variant, Reason: Held, Held: w.Quantity, Balance: balance, Order: order}
		if _, err := s.move(ctx, tx, sc, m); err != nil {
			return err
		}
		err = s.q.InsertHold(ctx, tx, stockdb.InsertHoldParams{BusinessID: sc.Business, OrderID: order, VariantID: w.Variant, Quantity: w.Quantity})
		if err != nil {
			return fmt.Errorf("insert hold: %w", err)
		}
	}
	if len(missing) > 0 {
		return short(missing)
	}
	if len(list) > 0 {
		tx.TouchStock(sc.Business)
	}
	return nil
}

// HoldUntil says until when an order's hold lives; nil lets it live until it
// is released or taken. The job that ends the order at that time releases it.
func (s *Service) HoldUntil(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, until *time.Time) error {
	_, err := s.q.SetUntil(ctx, tx, stockdb.SetUntilParams{BusinessID: sc.Business, OrderID: order, Until: until})
	return wrap("set end of hold", err)
}

// Hold is what an order holds of one variant.
type Hold struct {
	Variant  id.ID
	Quantity int64
	Until    *time.Time
}

// Holds returns what an order holds.
func (s *Service) Holds(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) ([]Hold, error) {
	rows, err := s.q.Holds(ctx, tx, stockdb.HoldsParams{BusinessID: sc.Business, OrderID: order})
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	list := make([]Hold, len(rows))
	for i, r := range rows {
		list[i] = Hold{r.VariantID, r.Quantity, r.Until}
	}
	return list, nil
}

// Release gives back all that an order holds. Released before, or with nothing
// held, it does nothing: a hold goes once.
func (s *Service) Release(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) error {
	return s.drop(ctx, tx, sc, order, func(variant id.ID, quantity int64) error {
		balance, err := s.q.GiveBack(ctx, tx, stockdb.GiveBackParams{BusinessID: sc.Business, VariantID: variant, Quantity: quantity})
		if err != nil {
			return fmt.Errorf("give back: %w", err)
		}
		_, err = s.move(ctx, tx, sc, Move{ID: id.New(), Variant: variant, Reason: Released, Held: -quantity, Balance: balance, Order: order})
		return err
	})
}

// Take lets go what an order holds: it was handed over. What was ordered ahead
// and never booked in is booked as made first, so that the book never says
// less than nothing.
func (s *Service) Take(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) error {
	return s.drop(ctx, tx, sc, order, func(variant id.ID, quantity int64) error {
		take := stockdb.TakeParams{BusinessID: sc.Business, VariantID: variant, Quantity: quantity}
		balance, err := s.q.Take(ctx, tx, take)
		if errors.Is(err, sql.ErrNoRows) {
			there, err := s.lock(ctx, tx, sc, variant)
			if err != nil {
				return err
			}
			made := Move{ID: id.New(), Variant: variant, Reason: Made, Quantity: quantity - there, Order: order}
			if made.Quantity > 0 { // or enough came in meanwhile
				if err := s.add(ctx, tx, sc, made); err != nil {
					return err
				}
			}
			if balance, err = s.q.Take(ctx, tx, take); err != nil {
				return fmt.Errorf("take: %w", err)
			}
		} else if err != nil {
			return fmt.Errorf("take: %w", err)
		}
		m := Move{ID: id.New(), Variant: variant, Reason: Sold, Quantity: -quantity, Held: -quantity, Balance: balance, Order: order}
		_, err = s.move(ctx, tx, sc, m)
		return err
	})
}

// drop ends each hold of an order once, in the order of locking, and calls fn for it.
func (s *Service) drop(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, fn func(variant id.ID, quantity int64) error) error {
	holds, err := s.Holds(ctx, tx, sc, order)
	if err != nil {
		return err
	}
	slices.SortFunc(holds, func(a, b Hold) int { return slices.Compare(a.Variant[:], b.Variant[:]) })
	for _, h := range holds {
		n, err := s.q.DropHold(ctx, tx, stockdb.DropHoldParams{BusinessID: sc.Business, OrderID: order, VariantID: h.Variant})
		if errors.Is(err, sql.ErrNoRows) { // somebody was quicker
			continue
		}
		if err != nil {
			return fmt.Errorf("drop hold: %w", err)
		}
		if err := fn(h.Variant, n); err != nil {
			return err
		}
	}
	if len(holds) > 0 {
		tx.TouchStock(sc.Business)
	}
	return nil
}

// Return puts back on the shelf what came back from a buyer.
func (s *Service) Return(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, wants []Want) error {
	list, _, err := s.sorted(ctx, tx, sc, wants)
	if err != nil {
		return err
	}
	for _, w := range list {
		if err := s.add(ctx, tx, sc, Move{ID: id.New(), Variant: w.Variant, Reason: Returned, Quantity: w.Quantity, Order: order}); err != nil {
			return err
		}
	}
	return nil
}

// Set books stock that was typed with a product: the difference between what
// the form showed and what was typed. It is catalog's OnStock.
func (s *Service) Set(ctx context.Context, tx *store.Tx, sc authz.Scope, sets []catalog.StockSet) error {
	if err := sc.Can(authz.EditProducts); err != nil {
		return err
	}
	for _, c := range sets {
		m := Move{ID: derived(c.Edit, c.Variant), Variant: c.Variant, Reason: Corrected, Quantity: c.Actual - c.Seen}
		if c.Opening {
			m.Reason, m.Quantity = Opening, c.Actual
		}
		if m.Quantity == 0 {
			if err := s.open(ctx, tx, sc, c.Variant); err != nil {
				return err
			}
			continue
		}
		was, err := s.q.HasMove(ctx, tx, stockdb.HasMoveParams{BusinessID: sc.Business, ID: m.ID})
		if err != nil {
			return fmt.Errorf("read move: %w", err)
		}
		if was > 0 { // the form was sent twice
			continue
		}
		if err := s.add(ctx, tx, sc, m); err != nil {
			return err
		}
		if c.Opening { // noted with the product
			continue
		}
		diff := audit.Diff{"quantity": {To: m.Quantity}, "reason": {To: m.Reason}}
		if err := audit.Note(ctx, tx, sc, "stock.corrected", c.Variant, diff); err != nil {
			return err
		}
	}
	return nil
}

// derived names the move that a form or a count makes of one variant.
func derived(from, variant id.ID) id.ID {
	h := sha256.Sum256(append(from[:], variant[:]...))
	var v id.ID
	copy(v[:], h[:])
	v[6], v[8] = v[6]&0x0f|0x80, v[8]&0x3f|0x80
	return v
}

func (s *Service) open(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) error {
	err := s.q.OpenLevel(ctx, tx, stockdb.OpenLevelParams{BusinessID: sc.Business, VariantID: variant})
	return wrap("open level", err)
}

// lock keeps the level of a variant from changing until the transaction ends,
// and returns what is on hand.
func (s *Service) lock(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) (int64, error) {
	if err := s.open(ctx, tx, sc, variant); err != nil {
		return 0, err
	}
	n, err := s.q.Lock(ctx, tx, stockdb.LockParams{BusinessID: sc.Business, VariantID: variant})
	return n, wrap("lock level", err)
}

// add changes what is on hand and writes the move, once for each id.
func (s *Service) add(ctx context.Context, tx *store.Tx, sc authz.Scope, m Move) error {
	if err := s.open(ctx, tx, sc, m.Variant); err != nil {
		return err
	}
	change := stockdb.AddParams{BusinessID: sc.Business, VariantID: m.Variant, Quantity: m.Quantity}
	balance, err := s.q.Add(ctx, tx, change)
	if errors.Is(err, sql.ErrNoRows) {
		if was, err := s.q.HasMove(ctx, tx, stockdb.HasMoveParams{BusinessID: sc.Business, ID: m.ID}); err != nil {
			return fmt.Errorf("read move: %w", err)
		} else if was > 0 {
			return nil
		}
		l, err := s.level(ctx, tx, sc, m.Variant)
		if err != nil {
			return err
		}
		return ErrBelow.With(l.OnHand)
	}
	if err != nil {
		return fmt.Errorf("add: %w", err)
	}
	m.Balance = balance
	fresh, err := s.move(ctx, tx, sc, m)
	if err != nil {
		return err
	}
	if !fresh { // the form was sent twice: its change is made already
		change.Quantity = -change.Quantity
		_, err := s.q.Add(ctx, tx, change)
		return wrap("take back", err)
	}
	tx.TouchStock(sc.Business)
	return nil
}

func (s *Service) move(ctx context.Context, tx *store.Tx, sc authz.Scope, m Move) (fresh bool, err error) {
	n, err := s.q.InsertMove(ctx, tx, stockdb.InsertMoveParams{
		BusinessID: sc.Business, ID: m.ID, VariantID: m.Variant, Reason: string(m.Reason), Quantity: m.Quantity, Held: m.Held,
		Balance: m.Balance, OrderID: m.Order.Null(), PersonID: sc.Actor.Null(), Note: m.Note, At: tx.Now,
	})
	if err != nil || n != 1 {
		return false, wrap("insert move", err)
	}
	return true, s.changed(ctx, tx, sc, m.Variant)
}

func (s *Service) changed(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) error {
	if s.OnChanged == nil {
		return nil
	}
	return s.OnChanged(ctx, tx, sc, variant)
}

func (s *Service) level(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) (Level, error) {
	r, err := s.q.Level(ctx, tx, stockdb.LevelParams{BusinessID: sc.Business, VariantID: variant})
	if errors.Is(err, sql.ErrNoRows) {
		return Level{Variant: variant}, nil
	}
	if err != nil {
		return Level{}, fmt.Errorf("read level: %w", err)
	}
	return Level{variant, r.OnHand, r.Reserved, r.Threshold, r.WarnAt}, nil
}

func levelOf(r stockdb.LevelsRow) Level {
	return Level{r.VariantID, r.OnHand, r.Reserved, r.Threshold, r.WarnAt}
}

// Levels returns the levels of variants, in one query. A variant of which
// nothing was ever booked is left out: its zero Level says the same.
func (s *Service) Levels(ctx context.Context, tx *store.Tx, sc authz.Scope, variants []id.ID) (map[id.ID]Level, error) {
	if len(variants) == 0 {
		return nil, nil
	}
	rows, err := s.q.Levels(ctx, tx, stockdb.LevelsParams{BusinessID: sc.Business, Variants: store.IDs(variants)})
	if err != nil {
		return nil, fmt.Errorf("read levels: %w", err)
	}
	all := make(map[id.ID]Level, len(rows))
	for _, r := range rows {
		all[r.VariantID] = levelOf(r)
	}
	return all, nil
}

// Of returns the levels of all variants of products, in a transaction of its own.
func (s *Service) Of(ctx context.Context, sc authz.Scope, products ...catalog.Product) (map[id.ID]Level, error) {
	var ids []id.ID
	for _, p := range products {
		for _, v := range p.Variants {
			ids = append(ids, v.ID)
		}
	}
	var all map[id.ID]Level
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		all, err = s.Levels(ctx, tx, sc, ids)
		return err
	})
	return all, err
}

// Receive books stock that came in. The same form sent twice books once.
func (s *Service) Receive(ctx context.Context, sc authz.Scope, m Movement) error {
	if err := sc.Can(authz.MoveStock); err != nil {
		return err
	}
	m.Note = catalog.Clean(m.Note)
	if err := m.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		move := Move{ID: m.ID, Variant: m.Variant, Reason: m.Reason, Quantity: m.Quantity, Note: m.Note}
		return s.book(ctx, tx, sc, move, "stock.received")
	})
}

// Correct books the difference between what the form showed and what is there.
func (s *Service) Correct(ctx context.Context, sc authz.Scope, c Correction) error {
	if err := sc.Can(authz.MoveStock); err != nil {
		return err
	}
	c.Note = catalog.Clean(c.Note)
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Actual == c.Seen {
		return nil
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		move := Move{ID: c.ID, Variant: c.Variant, Reason: c.Reason, Quantity: c.Actual - c.Seen, Note: c.Note}
		return s.book(ctx, tx, sc, move, "stock.corrected")
	})
}

// book is add with what a person's own movement needs beside it.
func (s *Service) book(ctx context.Context, tx *store.Tx, sc authz.Scope, m Move, verb string) error {
	if err := s.known(ctx, tx, sc, m.Variant); err != nil {
		return err
	}
	was, err := s.q.HasMove(ctx, tx, stockdb.HasMoveParams{BusinessID: sc.Business, ID: m.ID})
	if err != nil {
		return fmt.Errorf("read move: %w", err)
	}
	if was > 0 {
		return nil
	}
	if err := s.add(ctx, tx, sc, m); err != nil {
		return err
	}
	return audit.Note(ctx, tx, sc, verb, m.Variant, audit.Diff{"quantity": {To: m.Quantity}, "reason": {To: m.Reason}})
}

func (s *Service) known(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) error {
	labels, err := s.goods.Labels(ctx, tx, sc, []id.ID{variant})
	if err != nil {
		return err
	}
	if l, ok := labels[variant]; !ok || !l.Tracked {
		return ErrNotFound
	}
	return nil
}

// SetRule keeps what the owner set for a variant: what is kept back or may be
// ordered ahead, and when to warn.
func (s *Service) SetRule(ctx context.Context, sc authz.Scope, r Rule) error {
	if err := sc.Can(authz.MoveStock); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.known(ctx, tx, sc, r.Variant); err != nil {
			return err
		}
		if err := s.open(ctx, tx, sc, r.Variant); err != nil {
			return err
		}
		old, err := s.level(ctx, tx, sc, r.Variant)
		if err != nil {
			return err
		}
		err = s.q.SetRule(ctx, tx, stockdb.SetRuleParams{BusinessID: sc.Business, VariantID: r.Variant, Threshold: r.Threshold, WarnAt: r.WarnAt})
		if err != nil {
			return fmt.Errorf("set rule: %w", err)
		}
		tx.TouchStock(sc.Business)
		if err := s.changed(ctx, tx, sc, r.Variant); err != nil {
			return err
		}
		diff := audit.Diff{"threshold": {From: old.Threshold, To: r.Threshold}}
		return audit.Note(ctx, tx, sc, "stock.rule", r.Variant, diff)
	})
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
