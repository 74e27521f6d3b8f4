package cash

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/cash/cashdb"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// Payout is a file that says what was paid out.
type Payout struct {
	ID      id.ID
	Name    string
	At      time.Time
	Person  id.ID
	Count   int64
	Booked  int64
	Net     int64 // booked
	Waiting int64
	Lines   []Line // Get alone
}

const (
	mostPayouts = 50
	batch       = 100 // lines that are booked in one transaction
	maxName     = 80
)

// Upload takes in a file of a carrier or an aggregator, and judges its lines.
// Nothing is booked. A file that was sent before is ErrSameFile, and its
// payout is returned.
func (s *Service) Upload(ctx context.Context, sc authz.Scope, payout id.ID, name string, file io.ReaderAt, size int64) (id.ID, error) {
	if err := sc.Can(authz.TakePayments); err != nil {
		return id.ID{}, err
	}
	if payout.IsZero() {
		return id.ID{}, fault.New(fault.Invalid, "form.stale")
	}
	lines, err := ReadPayout(ctx, file, size)
	if err != nil {
		return id.ID{}, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, size)); err != nil {
		return id.ID{}, fmt.Errorf("read file: %w", err)
	}
	hash := hex.EncodeToString(h.Sum(nil))
	if name = catalog.Clean(name); utf8.RuneCountInString(name) > maxName {
		name = string([]rune(name)[:maxName])
	}
	var before id.ID
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		before = id.ID{}
		n, err := s.q.InsertPayout(ctx, tx, cashdb.InsertPayoutParams{
			BusinessID: sc.Business, ID: payout, Name: name, Hash: hash, Lines: int64(len(lines)), PersonID: sc.Actor.Null(), At: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("insert payout: %w", err)
		}
		if n == 0 {
			before, err = s.q.PayoutByHash(ctx, tx, cashdb.PayoutByHashParams{BusinessID: sc.Business, Hash: hash})
			if errors.Is(err, sql.ErrNoRows) {
				return ErrOtherBody
			}
			return err
		}
		list := slices.Clone(lines)
		if err := s.judge(ctx, tx, sc, list); err != nil {
			return err
		}
		var rows [][]any
		for _, l := range list {
			rows = append(rows, []any{sc.Business, payout, l.N, l.Waybill, l.COD, l.Fee, l.Net, l.On, l.Parcel.Null(), l.Owed, string(l.Verdict), ""})
		}
		if err := tx.Add(ctx, "cash_payout_lines", []string{
			"business_id", "payout_id", "n", "waybill", "cod", "fee", "net", "paid_on", "parcel_id", "owed", "state", "why",
		}, rows); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "cash.payout", payout, audit.Diff{"lines": {To: len(list)}})
	})
	switch {
	case err != nil:
		return id.ID{}, err
	case before == payout: // the form was sent twice
		return payout, nil
	case !before.IsZero():
		return before, ErrSameFile
	}
	return payout, nil
}

// judge says of all lines of a file how they stand now.
func (s *Service) judge(ctx context.Context, tx *store.Tx, sc authz.Scope, list []Line) error {
	boxes := map[string][]box{}
	for part := range slices.Chunk(list, 500) {
		var numbers []string
		for _, l := range part {
			if l.Verdict != Bad && !l.Verdict.Over() {
				numbers = append(numbers, l.Waybill)
			}
		}
		if err := s.boxes(ctx, tx, sc, numbers, boxes); err != nil {
			return err
		}
	}
	above := map[string]bool{}
	for i := range list {
		list[i].judge(boxes[list[i].Waybill], above)
		if list[i].Verdict != Bad && list[i].Verdict != Dropped {
			above[list[i].Waybill] = true
		}
	}
	return nil
}

func (s *Service) boxes(ctx context.Context, tx *store.Tx, sc authz.Scope, numbers []string, into map[string][]box) error {
	slices.Sort(numbers)
	rows, err := s.q.ParcelsByWaybill(ctx, tx, cashdb.ParcelsByWaybillParams{BusinessID: sc.Business, Waybills: store.Texts(slices.Compact(numbers))})
	if err != nil {
		return fmt.Errorf("find parcels: %w", err)
	}
	var ids []id.ID
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	paid, err := s.q.PaidParcels(ctx, tx, cashdb.PaidParcelsParams{BusinessID: sc.Business, Parcels: store.IDs(ids)})
	if err != nil {
		return fmt.Errorf("find paid parcels: %w", err)
	}
	for _, r := range rows {
		if slices.ContainsFunc(into[r.Waybill], func(b box) bool { return b.id == r.ID }) {
			continue
		}
		into[r.Waybill] = append(into[r.Waybill], box{
			id: r.ID, carrier: r.Carrier, delivered: r.Status == string(carrier.Delivered), taken: r.Taken, method: payment.Method(r.TakenBy),
			paid: slices.ContainsFunc(paid, func(p *id.ID) bool { return id.Or(p) == r.ID }),
		})
	}
	return nil
}

// Payouts lists the files, the newest first.
func (s *Service) Payouts(ctx context.Context, sc authz.Scope) ([]Payout, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return nil, err
	}
	var list []Payout
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Payouts(ctx, tx, cashdb.PayoutsParams{BusinessID: sc.Business, Most: mostPayouts})
		if err != nil {
			return fmt.Errorf("list payouts: %w", err)
		}
		for _, r := range rows {
			list = append(list, Payout{ID: r.ID, Name: r.Name, At: r.At, Person: id.Or(r.PersonID), Count: r.Lines, Booked: r.Booked, Net: r.Net, Waiting: r.Waiting})
		}
		return nil
	})
	return list, err
}

// Payout returns a file with its lines.
func (s *Service) Payout(ctx context.Context, sc authz.Scope, payout id.ID) (Payout, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return Payout{}, err
	}
	var p Payout
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		r, err := s.q.Payout(ctx, tx, cashdb.PayoutParams{BusinessID: sc.Business, ID: payout})
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read payout: %w", err)
		}
		p = Payout{ID: r.ID, Name: r.Name, At: r.At, Person: id.Or(r.PersonID), Count: r.Lines}
		p.Lines, err = s.lines(ctx, tx, sc, payout)
		for _, l := range p.Lines {
			switch {
			case l.Verdict == Booked:
				p.Booked++
				p.Net += l.Net
			case !l.Verdict.Over():
				p.Waiting++
			}
		}
		return err
	})
	return p, err
}

func (s *Service) lines(ctx context.Context, tx *store.Tx, sc authz.Scope, payout id.ID) ([]Line, error) {
	rows, err := s.q.PayoutLines(ctx, tx, cashdb.PayoutLinesParams{BusinessID: sc.Business, PayoutID: payout})
	if err != nil {
		return nil, fmt.Errorf("list lines: %w", err)
	}
	list := make([]Line, len(rows))
	for i, r := range rows {
		list[i] = Line{
			N: r.N, Waybill: r.Waybill, COD: r.Cod, Fee: r.Fee, Net: r.Net, On: r.PaidOn, Parcel: id.Or(r.ParcelID), Owed: r.Owed, Verdict: Verdict(r.State),
			Why: r.Why, By: id.Or(r.ExplainedBy), Person: id.Or(r.PersonID), Decided: r.DecidedAt,
		}
	}
	return list, nil
}

// lock takes a file for a change, and judges its lines anew.
func (s *Service) lockPayout(ctx context.Context, tx *store.Tx, sc authz.Scope, payout id.ID) ([]Line, error) {
	if _, err := s.q.LockPayout(ctx, tx, cashdb.LockPayoutParams{BusinessID: sc.Business, ID: payout, Now: tx.Now}); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil, ErrNotFound
		}
		return nil, fmt.Errorf("lock payout: %w", err)
	}
	list, err := s.lines(ctx, tx, sc, payout)
	if err != nil {
		return nil, err
	}
	return list, s.judge(ctx, tx, sc, list)
}

// Book books the lines that match, and says anew of the others how they stand.
func (s *Service) Book(ctx context.Context, sc authz.Scope, payout id.ID) (booked int, err error) {
	if err := sc.Can(authz.TakePayments); err != nil {
		return 0, err
	}
	for {
		n := 0
		err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			n = 0
			list, err := s.lockPayout(ctx, tx, sc, payout)
			if err != nil {
				return err
			}
			for _, l := range list {
				if l.Verdict == Match && n < batch {
					if err := s.bookLine(ctx, tx, sc, payout, l); err != nil {
						return err
					}
					n++
				} else if !l.Verdict.Over() {
					if err := s.saveLine(ctx, tx, sc, payout, l); err != nil {
						return err
					}
				}
			}
			if n == 0 {
				return nil
			}
			return audit.Note(ctx, tx, sc, "cash.payout_booked", payout, audit.Diff{"lines": {To: n}})
		})
		if booked += n; err != nil || n < batch {
			return booked, err
		}
	}
}

// Decision is what a person decides of a line that cannot be booked as it is:
// that it is booked all the same, with what is missing as a difference, or
// that it is left.
type Decision struct {
	Payout id.ID
	N      int64
	Book   bool
	Why    string
	By     id.ID
}

// Decide carries out a decision.
func (s *Service) Decide(ctx context.Context, sc authz.Scope, m Decision) error {
	if err := sc.Can(authz.TakePayments); err != nil {
		return err
	}
	m.Why = catalog.Clean(m.Why)
	if utf8.RuneCountInString(m.Why) > MaxWhy {
		return fault.New(fault.Invalid, "form.too_long", MaxWhy).On("why")
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		list, err := s.lockPayout(ctx, tx, sc, m.Payout)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(l Line) bool { return l.N == m.N })
		if i < 0 {
			return ErrMoved
		}
		l := list[i]
		if l.Verdict.Over() {
			if l.Verdict == Booked == m.Book && l.Why == m.Why { // sent twice
				return nil
			}
			return ErrMoved
		}
		if m.Book && l.Verdict != Differs && l.Verdict != Match || m.Book && (l.Net < 0 || l.Fee < 0 || l.Net+l.Fee <= 0) {
			return ErrMoved
		}
		if err := s.named(ctx, tx, sc, m.Why, m.By, "why"); err != nil {
			return err
		}
		was := l.Verdict
		l.Why, l.By = m.Why, m.By
		if m.Book {
			err = s.bookLine(ctx, tx, sc, m.Payout, l)
		} else {
			now := tx.Now
			l.Verdict, l.Person, l.Decided = Dropped, sc.Actor, &now
			err = s.saveLine(ctx, tx, sc, m.Payout, l)
		}
		if err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "cash.payout_decided", m.Payout, audit.Diff{"state": {From: string(was), To: map[bool]string{true: "booked", false: "dropped"}[m.Book]}, "row": {To: m.N}})
	})
}

// bookLine books what was paid out of one parcel: the carrier holds nothing of
// it any more. The key is the parcel's, so that it is booked once.
func (s *Service) bookLine(ctx context.Context, tx *store.Tx, sc authz.Scope, payout id.ID, l Line) error {
	p, err := s.q.ParcelsByWaybill(ctx, tx, cashdb.ParcelsByWaybillParams{BusinessID: sc.Business, Waybills: store.Texts([]string{l.Waybill})})
	if err != nil {
		return fmt.Errorf("find parcel: %w", err)
	}
	i := slices.IndexFunc(p, func(r cashdb.ParcelsByWaybillRow) bool { return r.ID == l.Parcel })
	if i < 0 {
		return ErrMoved
	}
	holder := parcel.HolderOf(p[i].Carrier)
	if _, err := s.Books.Held(ctx, tx, sc, ledger.CourierCash, holder); err != nil { // two files at once
		return err
	}
	key := "payout/" + l.Parcel.String()
	if has, err := s.Books.Has(ctx, tx, sc, key); err != nil || has {
		return errors.Join(err, ErrMoved)
	}
	if err := s.Books.Post(ctx, tx, sc, ledger.Entry{Key: key, Kind: "carrier.paid", Lines: []ledger.Line{
		{Account: ledger.CourierCash, Holder: holder, Amount: -l.Owed},
		{Account: ledger.Bank, Amount: l.Net},
		{Account: ledger.CarrierFee, Amount: l.Fee},
		{Account: ledger.Difference, Amount: l.Owed - l.Net - l.Fee},
	}}); err != nil {
		return err
	}
	now := tx.Now
	l.Verdict, l.Person, l.Decided = Booked, sc.Actor, &now
	return s.saveLine(ctx, tx, sc, payout, l)
}

func (s *Service) saveLine(ctx context.Context, tx *store.Tx, sc authz.Scope, payout id.ID, l Line) error {
	if err := s.q.SaveLine(ctx, tx, cashdb.SaveLineParams{
		BusinessID: sc.Business, PayoutID: payout, N: l.N, ParcelID: l.Parcel.Null(), Owed: l.Owed, State: string(l.Verdict), Why: l.Why,
		ExplainedBy: l.By.Null(), PersonID: l.Person.Null(), DecidedAt: l.Decided,
	}); err != nil {
		return fmt.Errorf("save line: %w", err)
	}
	return nil
}
