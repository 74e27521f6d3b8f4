package haul

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Line is a delivered parcel of a statement: what was taken, and what the firm
// keeps of it.
type Line struct {
	Token  id.ID
	Parcel id.ID
	Number string
	COD    int64
	Fee    int64 // for carrying it
	Share  int64 // of the money taken, rounded half up to whole rupiah
	DoneAt *time.Time
}

// Statement is what a firm owes a shop now.
type Statement struct {
	Lines   []Line
	Pickups []Pickup // whose shares of a round are to be paid
	COD     int64
	Fee     int64
	Net     int64 // below zero: the shop owes the firm
}

// Payout is what was paid.
type Payout struct {
	ID        id.ID
	Other     id.ID
	Firm      bool
	Parcels   int64
	COD       int64
	Fee       int64
	Net       int64
	On        string // day
	Reference string
	At        time.Time
}

// Pay is a payout as the firm's person filled it in. Its ID is made with the
// form; Net is what the form showed.
type Pay struct {
	ID        id.ID
	On        string
	Reference string
	Net       int64
}

// Validate reports every field that is wrong.
func (p Pay) Validate() error {
	var f fault.Fields
	f.Check(!p.ID.IsZero(), "id", "form.stale")
	_, err := time.Parse(time.DateOnly, p.On)
	f.Check(err == nil, "on", "form.choose")
	f.Check(utf8.RuneCountInString(p.Reference) <= MaxRef, "reference", "form.too_long", MaxRef)
	return f.Err()
}

// Settled tells the shop that the firm has paid.
type Settled struct {
	Firm   id.ID `json:"firm"`
	Payout id.ID `json:"payout"`
}

// Kind names the job.
func (Settled) Kind() string { return "haul.settled" }

func (s *Service) statement(ctx context.Context, tx *store.Tx, sc authz.Scope, shop id.ID) (Statement, error) {
	f, err := s.firm(ctx, tx, sc)
	if err != nil {
		return Statement{}, err
	}
	rows, err := s.q.Unpaid(ctx, tx, hauldb.UnpaidParams{BusinessID: sc.Business, OtherID: shop})
	if err != nil {
		return Statement{}, fmt.Errorf("list what is not paid: %w", err)
	}
	var st Statement
	for _, r := range rows {
		if !r.Firm {
			continue
		}
		l := Line{Token: r.Token, Parcel: r.ParcelID, COD: r.Taken, Fee: r.Fee, DoneAt: r.DoneAt}
		if l.Share, err = money.Percent(r.Taken, f.CODBP); err != nil {
			return Statement{}, err
		}
		p, err := s.Parcels.GetTx(ctx, tx, sc, r.ParcelID)
		if err != nil && !errors.Is(err, parcel.ErrNotFound) {
			return Statement{}, err
		}
		l.Number = p.Shown()
		st.Lines = append(st.Lines, l)
		st.COD += l.COD
		st.Fee += l.Fee + l.Share
	}
	pickups, err := s.q.UnpaidPickups(ctx, tx, hauldb.UnpaidPickupsParams{BusinessID: sc.Business, OtherID: shop})
	if err != nil {
		return Statement{}, fmt.Errorf("list pick-ups: %w", err)
	}
	for _, r := range pickups {
		if r.Firm {
			st.Pickups = append(st.Pickups, pickupRow(r))
			st.Fee += r.Share
		}
	}
	st.Net = st.COD - st.Fee
	return st, nil
}

// Statement tells what a firm owes a shop now.
func (s *Service) Statement(ctx context.Context, sc authz.Scope, shop id.ID) (Statement, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return Statement{}, err
	}
	var st Statement
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		if t, err := s.getTie(ctx, tx, sc, shop); err != nil || !t.Firm {
			return errors.Join(err, ErrNotFound)
		}
		var err error
		st, err = s.statement(ctx, tx, sc, shop)
		return err
	})
	return st, err
}

// PayOut books that the firm has paid a shop all that the statement says.
func (s *Service) PayOut(ctx context.Context, sc authz.Scope, shop id.ID, p Pay) (Payout, error) {
	if err := sc.Can(authz.RefundPayments); err != nil {
		return Payout{}, err
	}
	p.Reference = catalog.Clean(p.Reference)
	if err := p.Validate(); err != nil {
		return Payout{}, err
	}
	var out Payout
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		t, err := s.lockTie(ctx, tx, sc, shop) // two payouts to one shop wait for each other
		if err != nil || !t.Firm {
			return errors.Join(err, ErrNotFound)
		}
		if had, err := s.payout(ctx, tx, sc, p.ID); err == nil {
			out = had
			return nil
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		st, err := s.statement(ctx, tx, sc, shop)
		if err != nil {
			return err
		}
		if len(st.Lines) == 0 && len(st.Pickups) == 0 {
			return ErrEmpty
		}
		if st.Net != p.Net {
			return ErrMoved
		}
		out = Payout{p.ID, shop, true, int64(len(st.Lines)), st.COD, st.Fee, st.Net, p.On, p.Reference, tx.Now}
		if err := s.insertPayout(ctx, tx, sc, out); err != nil {
			return err
		}
		for _, l := range st.Lines {
			if err := s.setPaid(ctx, tx, sc, l.Token, p.ID); err != nil {
				return err
			}
		}
		for _, v := range st.Pickups {
			if _, err := s.q.PickupPaid(ctx, tx, hauldb.PickupPaidParams{BusinessID: sc.Business, ID: v.ID, PayoutID: p.ID.Null()}); err != nil {
				return fmt.Errorf("mark pick-up: %w", err)
			}
		}
		if err := s.Books.Post(ctx, tx, sc, ledger.Entry{Key: "haul/payout/" + p.ID.String(), Kind: "haul.payout", Lines: []ledger.Line{
			{Account: ledger.CODOwed, Holder: shop, Amount: st.COD},
			{Account: ledger.Bank, Amount: -st.Net},
			{Account: ledger.Shipping, Amount: -st.Fee},
		}}); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "haul.payout", shop, audit.Diff{"net": {From: nil, To: st.Net}, "cod": {From: nil, To: st.COD}}); err != nil {
			return err
		}
		return askSettled(ctx, tx, sc.Business, shop, p.ID)
	})
	return out, err
}

func askSettled(ctx context.Context, tx *store.Tx, firm, shop, payout id.ID) error {
	return job.Put(ctx, tx, authz.Job(shop), Settled{firm, payout}, job.Unique(payout.String()))
}

func (s *Service) setPaid(ctx context.Context, tx *store.Tx, sc authz.Scope, token, payout id.ID) error {
	if _, err := s.q.SetPayout(ctx, tx, hauldb.SetPayoutParams{BusinessID: sc.Business, Token: token, PayoutID: payout.Null(), Now: tx.Now}); err != nil {
		return fmt.Errorf("mark link: %w", err)
	}
	return nil
}

func (s *Service) insertPayout(ctx context.Context, tx *store.Tx, sc authz.Scope, p Payout) error {
	if _, err := s.q.InsertPayout(ctx, tx, hauldb.InsertPayoutParams{
		BusinessID: sc.Business, ID: p.ID, OtherID: p.Other, Firm: p.Firm, Parcels: p.Parcels, Cod: p.COD, Fee: p.Fee, Net: p.Net, PaidOn: p.On, Reference: p.Reference,
		CreatedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("insert payout: %w", err)
	}
	return nil
}

func payoutRow(r hauldb.HaulPayout) Payout {
	return Payout{r.ID, r.OtherID, r.Firm, r.Parcels, r.Cod, r.Fee, r.Net, r.PaidOn, r.Reference, r.CreatedAt}
}

func (s *Service) payout(ctx context.Context, tx *store.Tx, sc authz.Scope, which id.ID) (Payout, error) {
	r, err := s.q.Payout(ctx, tx, hauldb.PayoutParams{BusinessID: sc.Business, ID: which})
	if errors.Is(err, sql.ErrNoRows) {
		return Payout{}, ErrNotFound
	}
	if err != nil {
		return Payout{}, fmt.Errorf("read payout: %w", err)
	}
	return payoutRow(r), nil
}

// Payouts lists what was paid between the scope's business and another.
func (s *Service) Payouts(ctx context.Context, sc authz.Scope, other id.ID) ([]Payout, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return nil, err
	}
	var list []Payout
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Payouts(ctx, tx, hauldb.PayoutsParams{BusinessID: sc.Business, OtherID: other})
		if err != nil {
			return fmt.Errorf("list payouts: %w", err)
		}
		for _, r := range rows {
			list = append(list, payoutRow(r))
		}
		return nil
	})
	return list, err
}

// paid takes a payout into the shop's books: once, under the payout's key.
func (s *Service) paid(ctx context.Context, sc authz.Scope, a Settled) error {
	theirs := authz.Job(a.Firm)
	var told Payout
	var tokens []id.ID
	err := s.db.View(ctx, theirs, func(tx *store.Tx) (err error) {
		tokens = nil
		if told, err = s.payout(ctx, tx, theirs, a.Payout); err != nil {
			return err
		}
		rows, err := s.q.PaidBy(ctx, tx, hauldb.PaidByParams{BusinessID: theirs.Business, PayoutID: a.Payout.Null()})
		if err != nil {
			return fmt.Errorf("list what was paid: %w", err)
		}
		for _, r := range rows {
			tokens = append(tokens, r.Token)
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) || err == nil && (!told.Firm || told.Other != sc.Business) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		t, err := s.lockTie(ctx, tx, sc, a.Firm)
		if err != nil {
			return err
		}
		for _, token := range tokens {
			if err := s.setPaid(ctx, tx, sc, token, told.ID); err != nil {
				return err
			}
		}
		if _, err := s.payout(ctx, tx, sc, told.ID); !errors.Is(err, ErrNotFound) {
			return err // it was heard before
		}
		told.Other, told.Firm = a.Firm, false
		if err := s.insertPayout(ctx, tx, sc, told); err != nil {
			return err
		}
		if err := s.Books.Post(ctx, tx, sc, ledger.Entry{Key: "haul/payout/" + told.ID.String(), Kind: "haul.payout", Lines: []ledger.Line{
			{Account: ledger.Bank, Amount: told.Net},
			{Account: ledger.CarrierFee, Amount: told.Fee},
			{Account: ledger.CourierCash, Holder: parcel.HolderOf(CarrierOf(t.Code)), Amount: -told.COD},
		}}); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "haul.payout", a.Firm, audit.Diff{"net": {From: nil, To: told.Net}, "cod": {From: nil, To: told.COD}})
	})
}
