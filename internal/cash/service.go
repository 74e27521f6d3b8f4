package cash

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/cash/cashdb"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Parts are the services that the chain calls.
type Parts struct {
	Accounts *account.Service
	Books    *ledger.Service
	Parcels  *parcel.Service
}

// Service keeps the chain. Each method is one transaction, unless it takes one.
type Service struct {
	db  *store.DB
	q   cashdb.Queries
	key []byte
	Parts

	// Team lists who works in the shop; New sets it, tests may put in others.
	Team func(ctx context.Context, tx *store.Tx, sc authz.Scope) ([]account.Teammate, error)
	// WrongCodes counts a giver's wrong codes since a moment that came in acts
	// which were refused, so that they left nothing here. Package app sets it.
	WrongCodes func(ctx context.Context, tx *store.Tx, sc authz.Scope, giver id.ID, since time.Time) (int64, error)
}

// New makes the service. root is the installation's secret; the receivers'
// keys are derived from it.
func New(db *store.DB, root []byte, parts Parts) (*Service, error) {
	key, err := hkdf.Key(sha256.New, root, nil, "lapak cash code", 32)
	if err != nil {
		return nil, fmt.Errorf("derive code key: %w", err)
	}
	s := &Service{db: db, key: key, Parts: parts}
	if parts.Accounts != nil {
		s.Team = parts.Accounts.TeamTx
	}
	return s, nil
}

func may(m account.Teammate, v authz.Verb) bool {
	return authz.Scope{Role: m.Role, Perms: m.Perms}.May(v)
}

// member finds a person of the shop.
func (s *Service) member(ctx context.Context, tx *store.Tx, sc authz.Scope, person id.ID) (account.Teammate, bool, error) {
	team, err := s.Team(ctx, tx, sc)
	if err != nil {
		return account.Teammate{}, false, err
	}
	i := slices.IndexFunc(team, func(m account.Teammate) bool { return m.Person == person })
	if i < 0 {
		return account.Teammate{}, false, nil
	}
	return team[i], true, nil
}

// Hand is Give in a transaction of its own.
func (s *Service) Hand(ctx context.Context, sc authz.Scope, m Give) error {
	var wrong error
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		wrong = nil
		err := s.Give(ctx, tx, sc, m)
		if errors.Is(err, ErrCode) { // the try counts, or a giver could make all of them
			wrong = err
			return nil
		}
		return err
	})
	return errors.Join(err, wrong)
}

// Give takes in what the giver says of a hand-over, in the caller's
// transaction. It books the money unless the receiver has told before. If it
// is ErrCode the try is written down in the transaction, which the caller
// commits.
func (s *Service) Give(ctx context.Context, tx *store.Tx, sc authz.Scope, m Give) error {
	if err := sc.Can(authz.Deliver); err != nil {
		return err
	}
	m.Mark, m.Code = CleanMark(m.Mark), CleanCode(m.Code)
	if err := m.Validate(); err != nil {
		return err
	}
	at := when(m.At, tx.Now)
	h, err := s.lock(ctx, tx, sc, sc.Actor, m.Mark, m.ID)
	if err != nil {
		return err
	}
	who, known, err := s.member(ctx, tx, sc, m.Receiver)
	if err != nil {
		return err
	}
	refused := int64(0)
	if !h.Booked() {
		if !known || !may(who, authz.TakeCash) || m.Receiver == sc.Actor {
			return ErrReceiver.On("receiver")
		}
		if tx.Now.Sub(at) > MaxAge {
			return ErrOld.With(int64(MaxAge / (24 * time.Hour)))
		}
		since := tx.Now.Add(-24 * time.Hour)
		wrong, err := s.q.WrongCodes(ctx, tx, cashdb.WrongCodesParams{BusinessID: sc.Business, GiverID: sc.Actor, Since: since})
		if err != nil {
			return fmt.Errorf("count wrong codes: %w", err)
		}
		if s.WrongCodes != nil {
			if refused, err = s.WrongCodes(ctx, tx, sc, sc.Actor, since); err != nil {
				return err
			}
		}
		if wrong+refused >= MaxWrong || h.Tries+refused >= MaxTries { // which mark a refused act was for is not known: any
			return ErrLocked
		}
	}
	books, err := h.give(m.Receiver, Word{m.ID, m.Amount, at}, s.fits(sc.Business, m.Receiver, sc.Actor, at, m.Mark, m.Code))
	if errors.Is(err, ErrCode) {
		return errors.Join(s.save(ctx, tx, sc, h), ErrCode.With(max(0, MaxTries-h.Tries-refused)))
	}
	if err != nil {
		return err
	}
	return s.told(ctx, tx, sc, h, books, may(who, authz.TakePayments))
}

// Confirm is Take in a transaction of its own.
func (s *Service) Confirm(ctx context.Context, sc authz.Scope, m Take) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.Take(ctx, tx, sc, m) })
}

// Take takes in what the receiver says of a hand-over, in the caller's
// transaction. It books the money unless the giver has told before. Who takes
// money on says so against themselves, so no code is asked.
func (s *Service) Take(ctx context.Context, tx *store.Tx, sc authz.Scope, m Take) error {
	if err := sc.Can(authz.TakeCash); err != nil {
		return err
	}
	m.Mark = CleanMark(m.Mark)
	if err := m.Validate(); err != nil {
		return err
	}
	h, err := s.lock(ctx, tx, sc, m.Giver, m.Mark, m.ID)
	if err != nil {
		return err
	}
	if !h.Booked() {
		who, known, err := s.member(ctx, tx, sc, m.Giver)
		if err != nil {
			return err
		}
		if !known || !may(who, authz.Deliver) || m.Giver == sc.Actor {
			return ErrGiver.On("giver")
		}
	}
	books, err := h.take(sc.Actor, Word{m.ID, m.Amount, when(m.At, tx.Now)})
	if err != nil {
		return err
	}
	return s.told(ctx, tx, sc, h, books, sc.May(authz.TakePayments))
}

// when is the time of an act: as the phone says, unless its clock is ahead.
func when(at *time.Time, now time.Time) time.Time {
	if at == nil || at.After(now) {
		return now
	}
	return at.UTC()
}

// lock finds the hand-over of a giver's mark, or makes it. The id of a word
// belongs to one of them.
func (s *Service) lock(ctx context.Context, tx *store.Tx, sc authz.Scope, giver id.ID, mark string, word id.ID) (Handover, error) {
	r, err := s.q.LockHandover(ctx, tx, cashdb.LockHandoverParams{
		BusinessID: sc.Business, ID: id.At(tx.Now), GiverID: giver, Mark: mark, Key: "handover/" + giver.String() + "/" + mark, Now: tx.Now,
	})
	if err != nil {
		return Handover{}, fmt.Errorf("lock hand-over: %w", err)
	}
	told, err := s.q.HandoverByWord(ctx, tx, cashdb.HandoverByWordParams{BusinessID: sc.Business, WordID: word.Null()})
	if err != nil {
		return Handover{}, fmt.Errorf("find word: %w", err)
	}
	if slices.ContainsFunc(told, func(o cashdb.CashHandover) bool { return o.ID != r.ID }) {
		return Handover{}, ErrOtherBody
	}
	return row(r), nil
}

// told saves a hand-over after one side told of it, and books it if it is the first.
func (s *Service) told(ctx context.Context, tx *store.Tx, sc authz.Scope, h Handover, books, till bool) error {
	if books {
		h.Till = till
		held, err := s.held(ctx, tx, sc, h.Giver)
		if err != nil {
			return err
		}
		h.Parcels = int64(held.Parcels)
		if err := s.post(ctx, tx, sc, h, "cash.handed", "", h.Amount); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "cash.handed", h.Giver, audit.Diff{"amount": {To: h.Amount}, "receiver": {To: h.Receiver.String()}}); err != nil {
			return err
		}
	} else if h.Open() {
		if err := audit.Note(ctx, tx, sc, "cash.differs", h.Giver, audit.Diff{"amount": {From: h.Given.Amount, To: h.Taken.Amount}}); err != nil {
			return err
		}
	}
	return s.save(ctx, tx, sc, h)
}

// post books a sum from the giver to who received it.
func (s *Service) post(ctx context.Context, tx *store.Tx, sc authz.Scope, h Handover, kind, more string, amount int64) error {
	to := ledger.Line{Account: ledger.CourierCash, Holder: h.Receiver, Amount: amount}
	if h.Till {
		to.Account, to.Holder = ledger.Cash, id.ID{}
	}
	return s.Books.Post(ctx, tx, sc, ledger.Entry{Key: key(h) + more, Kind: kind, Lines: []ledger.Line{
		{Account: ledger.CourierCash, Holder: h.Giver, Amount: -amount}, to,
	}})
}

func key(h Handover) string { return "handover/" + h.Giver.String() + "/" + h.Mark }

func (s *Service) save(ctx context.Context, tx *store.Tx, sc authz.Scope, h Handover) error {
	p := cashdb.SaveHandoverParams{
		BusinessID: sc.Business, ID: h.ID, ReceiverID: h.Receiver.Null(), First: string(h.First), Amount: h.Amount, Till: h.Till, Parcels: h.Parcels,
		Tries: h.Tries, RightSide: string(h.Right), Why: h.Why, ExplainedBy: h.By.Null(), PersonID: h.Person.Null(), ExplainedAt: h.Explained, At: h.At,
	}
	if w := h.Given; w != nil {
		p.GivenID, p.Given, p.GivenAt = w.ID.Null(), &w.Amount, &w.At
	}
	if w := h.Taken; w != nil {
		p.TakenID, p.Taken, p.TakenAt = w.ID.Null(), &w.Amount, &w.At
	}
	if err := s.q.SaveHandover(ctx, tx, p); err != nil {
		return fmt.Errorf("save hand-over: %w", err)
	}
	return nil
}

func row(r cashdb.CashHandover) Handover {
	h := Handover{
		ID: r.ID, Giver: r.GiverID, Receiver: id.Or(r.ReceiverID), Mark: r.Mark, First: Side(r.First), Amount: r.Amount, Till: r.Till, Parcels: r.Parcels,
		Tries: r.Tries, Right: Side(r.RightSide), Why: r.Why, By: id.Or(r.ExplainedBy), Person: id.Or(r.PersonID), Explained: r.ExplainedAt, At: r.At,
	}
	word := func(v *id.ID, amount *int64, at *time.Time) *Word {
		if v == nil || amount == nil || at == nil {
			return nil
		}
		return &Word{*v, *amount, *at}
	}
	h.Given, h.Taken = word(r.GivenID, r.Given, r.GivenAt), word(r.TakenID, r.Taken, r.TakenAt)
	return h
}

// byID locks a hand-over for who decides about it.
func (s *Service) byID(ctx context.Context, tx *store.Tx, sc authz.Scope, v id.ID) (Handover, error) {
	r, err := s.q.LockHandoverByID(ctx, tx, cashdb.LockHandoverByIDParams{BusinessID: sc.Business, ID: v, Now: tx.Now})
	if errors.Is(err, sql.ErrNoRows) {
		return Handover{}, ErrNotFound
	}
	if err != nil {
		return Handover{}, fmt.Errorf("lock hand-over: %w", err)
	}
	return row(r), nil
}
