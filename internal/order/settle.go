package order

import (
	"context"
	"errors"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/store"
)

// Settlement is money from the door that a courier hands over to the till. Its
// ID is made with the form.
type Settlement struct {
	ID      id.ID
	Courier id.ID
	Amount  int64  // what was handed over
	Close   bool   // nothing is left with the courier: what is missing is written down as such
	Note    string // why something is missing
}

// Validate reports every field that is wrong.
func (m Settlement) Validate() error {
	var f fault.Fields
	f.Check(!m.ID.IsZero(), "id", "form.stale")
	f.Check(!m.Courier.IsZero(), "courier", "form.choose")
	f.Check(m.Amount >= 0 && m.Amount <= money.Max, "amount", "money.too_large")
	f.Check(m.Amount > 0 || m.Close, "amount", "form.required")
	f.Check(utf8.RuneCountInString(m.Note) <= MaxReason, "note", "form.too_long", MaxReason)
	return f.Err()
}

// again is nil if the entry that the form made says the same as m does.
func (m Settlement) again(booked []ledger.Line) error {
	var till int64
	for _, l := range booked {
		if l.Account == ledger.Cash {
			till += l.Amount
		}
		if l.Account == ledger.CourierCash && l.Holder != m.Courier {
			return ErrOtherBody
		}
	}
	if len(booked) > 0 && till != m.Amount {
		return ErrOtherBody
	}
	return nil
}

// Settle books what a courier hands over: from who holds it to the till.
func (s *Service) Settle(ctx context.Context, sc authz.Scope, m Settlement) error {
	if err := sc.Can(authz.TakePayments); err != nil {
		return err
	}
	m.Note = catalog.Clean(m.Note)
	if err := m.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		key := "settle/" + m.ID.String()
		held, err := s.Books.Held(ctx, tx, sc, ledger.CourierCash, m.Courier)
		if err != nil {
			return err
		}
		if booked, err := s.Books.Booked(ctx, tx, sc, key); err != nil || len(booked) > 0 {
			return errors.Join(err, m.again(booked))
		}
		if m.Amount > held {
			return ErrTooMuch.With(money.String(held)).On("amount")
		}
		missing := int64(0)
		if m.Close {
			missing = held - m.Amount
		}
		if missing > 0 && m.Note == "" {
			return fault.New(fault.Invalid, "order.say_why").On("note")
		}
		if err := s.Books.Post(ctx, tx, sc, ledger.Entry{Key: key, Kind: "courier.settled", Lines: []ledger.Line{
			{Account: ledger.CourierCash, Holder: m.Courier, Amount: -m.Amount - missing},
			{Account: ledger.Cash, Amount: m.Amount},
			{Account: ledger.Difference, Amount: missing},
		}}); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "courier.settled", m.Courier, audit.Diff{
			"amount": {From: held, To: m.Amount}, "missing": {From: 0, To: missing},
		})
	})
}

// Holders lists who holds money from the door, and how much.
func (s *Service) Holders(ctx context.Context, sc authz.Scope) ([]ledger.Balance, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return nil, err
	}
	var list []ledger.Balance
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		all, err := s.Books.Balances(ctx, tx, sc)
		for _, b := range all {
			if b.Account == ledger.CourierCash {
				list = append(list, b)
			}
		}
		return err
	})
	return list, err
}
