package cash

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/cash/cashdb"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/money"
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

// InHandAgainst is InHand with the most that the shop lets anybody hold; zero:
// as much as comes.
func (s *Service) InHandAgainst(ctx context.Context, sc authz.Scope) (held, limit int64, err error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return 0, 0, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		set, err := s.Parcels.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		limit = set.CashLimit
		held, err = s.Books.Balance(ctx, tx, sc, ledger.CourierCash, sc.Actor)
		return err
	})
	return held, limit, err
}

// Count books what somebody hands over at the till: from who holds it to the
// till. What is missing, or too much, is a difference that a named person explains.
func (s *Service) Count(ctx context.Context, sc authz.Scope, m Count) error {
	if err := sc.Can(authz.TakePayments); err != nil {
		return err
	}
	m.Why = catalog.Clean(m.Why)
	if err := m.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		held, err := s.Books.Held(ctx, tx, sc, ledger.CourierCash, m.Holder)
		if err != nil {
			return err
		}
		was, err := s.q.Count(ctx, tx, cashdb.CountParams{BusinessID: sc.Business, ID: m.ID})
		if err == nil {
			if was.HolderID != m.Holder || was.Amount != m.Amount {
				return ErrOtherBody
			}
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read count: %w", err)
		}
		if m.Amount > max(held, 0) {
			return ErrTooMuch.With(money.String(max(held, 0))).On("amount")
		}
		missing := int64(0)
		if m.Close {
			missing = held - m.Amount
		}
		if missing == 0 {
			m.Why, m.By = "", id.ID{}
		} else if err := s.named(ctx, tx, sc, m.Why, m.By, "note"); err != nil {
			return err
		}
		if m.Amount == 0 && missing == 0 {
			return ErrMoved
		}
		key := "settle/" + m.ID.String()
		if err := s.Books.Post(ctx, tx, sc, ledger.Entry{Key: key, Kind: "courier.settled", Lines: []ledger.Line{
			{Account: ledger.CourierCash, Holder: m.Holder, Amount: -m.Amount - missing},
			{Account: ledger.Cash, Amount: m.Amount},
			{Account: ledger.Difference, Amount: missing},
		}}); err != nil {
			return err
		}
		if err := s.q.InsertCount(ctx, tx, cashdb.InsertCountParams{
			BusinessID: sc.Business, ID: m.ID, Key: key, HolderID: m.Holder, Amount: m.Amount, Missing: missing, Why: m.Why, ExplainedBy: m.By.Null(),
			PersonID: sc.Actor.Null(), At: tx.Now,
		}); err != nil {
			return fmt.Errorf("insert count: %w", err)
		}
		return audit.Note(ctx, tx, sc, "courier.settled", m.Holder, audit.Diff{
			"amount": {From: held, To: m.Amount}, "missing": {From: 0, To: missing},
		})
	})
}

// named refuses a difference without a sentence, or without a person of the
// shop who stands for it.
func (s *Service) named(ctx context.Context, tx *store.Tx, sc authz.Scope, why string, by id.ID, field string) error {
	if why == "" {
		return ErrSayWhy.On(field)
	}
	_, known, err := s.member(ctx, tx, sc, by)
	if err == nil && !known {
		return errBy.On("by")
	}
	return err
}

// Explain writes down why the two sides of a hand-over say different sums and
// which is right, or why the books differ from what the parcels took.
func (s *Service) Explain(ctx context.Context, sc authz.Scope, m Reason) error {
	if err := sc.Can(authz.TakePayments); err != nil {
		return err
	}
	m.Why = catalog.Clean(m.Why)
	if err := m.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.named(ctx, tx, sc, m.Why, m.By, "why"); err != nil {
			return err
		}
		if m.Handover.IsZero() {
			return s.explainBooks(ctx, tx, sc, m)
		}
		h, err := s.byID(ctx, tx, sc, m.Handover)
		if err != nil {
			return err
		}
		if h.Right == m.Right && h.Why == m.Why && h.By == m.By { // sent twice
			return nil
		}
		was := h.Difference()
		back, err := h.explain(m.Right)
		if err != nil {
			return err
		}
		if err := s.post(ctx, tx, sc, h, "cash.righted", "/right", -back); err != nil {
			return err
		}
		now := tx.Now
		h.Why, h.By, h.Person, h.Explained = m.Why, m.By, sc.Actor, &now
		if err := s.save(ctx, tx, sc, h); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "cash.explained", h.Giver, audit.Diff{"amount": {From: was, To: h.Settled()}})
	})
}

func (s *Service) explainBooks(ctx context.Context, tx *store.Tx, sc authz.Scope, m Reason) error {
	c, err := s.sources(ctx, tx, sc)
	if err != nil {
		return err
	}
	if c.Books == 0 || c.Books != m.Amount {
		return ErrMoved
	}
	if err := s.q.InsertFound(ctx, tx, cashdb.InsertFoundParams{
		BusinessID: sc.Business, ID: id.At(tx.Now), Amount: c.Books, Why: m.Why, ExplainedBy: m.By.Null(), PersonID: sc.Actor.Null(), At: tx.Now,
	}); err != nil {
		return fmt.Errorf("insert what was found: %w", err)
	}
	return audit.Note(ctx, tx, sc, "cash.explained", sc.Business, audit.Diff{"amount": {From: c.Books, To: 0}})
}
