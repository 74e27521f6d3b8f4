package cash

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/cash/cashdb"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Mine is what who holds money sees: how much, for which parcels, to whom it
// can go, and what went before.
type Mine struct {
	Holder
	Limit     int64
	Receivers []account.Teammate
	Names     map[id.ID]string
	Last      []Handover
	Form      id.ID  // of the next hand-over
	Mark      string // of all that is held
}

// Boxes are the ids of the parcels, in the order of which the mark is made.
func (m Mine) Boxes() []id.ID {
	var list []id.ID
	for _, b := range m.For {
		if !b.ID.IsZero() {
			list = append(list, b.ID)
		}
	}
	return list
}

// Mine gathers the page of who asks. amount is the sum that the mark is made
// for; zero: all that is held.
func (s *Service) Mine(ctx context.Context, sc authz.Scope, amount int64) (Mine, error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return Mine{}, err
	}
	var m Mine
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		h, err := s.held(ctx, tx, sc, sc.Actor)
		if err != nil {
			return err
		}
		set, err := s.Parcels.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		h.Over = set.CashLimit > 0 && h.Amount >= set.CashLimit
		m = Mine{Holder: h, Limit: set.CashLimit, Names: map[id.ID]string{}}
		team, err := s.Team(ctx, tx, sc)
		if err != nil {
			return err
		}
		for _, p := range team {
			m.Names[p.Person] = p.Name
			if p.Person != sc.Actor && may(p, authz.TakeCash) {
				m.Receivers = append(m.Receivers, p)
			}
		}
		rows, err := s.q.HandoversOf(ctx, tx, cashdb.HandoversOfParams{BusinessID: sc.Business, Person: sc.Actor, Most: mostShown})
		if err != nil {
			return fmt.Errorf("list hand-overs: %w", err)
		}
		for _, r := range rows {
			m.Last = append(m.Last, row(r))
		}
		if amount <= 0 {
			amount = h.Amount
		}
		for { // a mark is used once
			m.Form = id.New()
			m.Mark = Mark(m.Form, amount, m.Boxes())
			n, err := s.q.MarkUsed(ctx, tx, cashdb.MarkUsedParams{BusinessID: sc.Business, GiverID: sc.Actor, Mark: m.Mark})
			if err != nil {
				return fmt.Errorf("look for mark: %w", err)
			}
			if n == 0 {
				return nil
			}
		}
	})
	return m, err
}

// Receiving is the receiver's page: whose money may come, and the keys that
// this person's phone makes codes with, today and on the next days.
type Receiving struct {
	Givers []account.Teammate
	Keys   []DayKey
	Till   bool // what is received is in the till at once
}

// Receiving gathers the page of who asks; nobody else's brings these keys.
func (s *Service) Receiving(ctx context.Context, sc authz.Scope) (Receiving, error) {
	if err := sc.Can(authz.TakeCash); err != nil {
		return Receiving{}, err
	}
	var v Receiving
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		v = Receiving{Keys: s.keys(sc.Business, sc.Actor, tx.Now), Till: sc.May(authz.TakePayments)}
		team, err := s.Team(ctx, tx, sc)
		for _, p := range team {
			if p.Person != sc.Actor && may(p, authz.Deliver) {
				v.Givers = append(v.Givers, p)
			}
		}
		return err
	})
	return v, err
}

// CodeFor is the code that the receiver shows, for phones without script.
func (s *Service) CodeFor(sc authz.Scope, now time.Time, giver id.ID, amount int64, mark string) string {
	return Code(s.dayKey(sc.Business, sc.Actor, day(now)), giver, amount, CleanMark(mark))
}

// Gap is a difference: who, when, how much, why.
type Gap struct {
	At       time.Time
	Kind     string // count, handover, payout, books
	Holder   id.ID
	Carrier  string
	Amount   int64 // below zero: too much
	Why      string
	By       id.ID
	Person   id.ID // who wrote it down
	Handover *Handover
	Line     string // of a payout: the number
}

// Open reports whether nobody has explained it.
func (g Gap) Open() bool { return g.Handover != nil && g.Handover.Open() }

// Gaps are all differences, those that wait first, then the newest.
type Gaps struct {
	Chain
	List []Gap
}

const mostGaps = 200

// Gaps lists the differences.
func (s *Service) Gaps(ctx context.Context, sc authz.Scope) (Gaps, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return Gaps{}, err
	}
	var g Gaps
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		g = Gaps{}
		if g.Chain, err = s.sources(ctx, tx, sc); err != nil {
			return err
		}
		if g.Team, err = s.Team(ctx, tx, sc); err != nil {
			return err
		}
		counts, err := s.q.Missing(ctx, tx, cashdb.MissingParams{BusinessID: sc.Business, Most: mostGaps})
		if err != nil {
			return fmt.Errorf("list counts: %w", err)
		}
		for _, c := range counts {
			g.List = append(g.List, Gap{At: c.At, Kind: "count", Holder: c.HolderID, Amount: c.Missing, Why: c.Why, By: id.Or(c.ExplainedBy), Person: id.Or(c.PersonID)})
		}
		disputed, err := s.q.Disputed(ctx, tx, cashdb.DisputedParams{BusinessID: sc.Business, Most: mostGaps})
		if err != nil {
			return fmt.Errorf("list disputed hand-overs: %w", err)
		}
		for _, r := range disputed {
			h := row(r)
			g.List = append(g.List, Gap{At: h.At, Kind: "handover", Holder: h.Giver, Amount: h.Difference(), Why: h.Why, By: h.By, Person: h.Person, Handover: &h})
		}
		lines, err := s.q.DifferingLines(ctx, tx, cashdb.DifferingLinesParams{BusinessID: sc.Business, Most: mostGaps})
		if err != nil {
			return fmt.Errorf("list lines: %w", err)
		}
		for _, l := range lines {
			gap := Gap{Kind: "payout", Line: l.Waybill, Amount: l.Owed - l.Net - l.Fee, Why: l.Why, By: id.Or(l.ExplainedBy), Person: id.Or(l.PersonID)}
			if l.DecidedAt != nil {
				gap.At = *l.DecidedAt
			}
			g.List = append(g.List, gap)
		}
		found, err := s.q.Found(ctx, tx, cashdb.FoundParams{BusinessID: sc.Business, Most: mostGaps})
		if err != nil {
			return fmt.Errorf("list what was found: %w", err)
		}
		for _, f := range found {
			g.List = append(g.List, Gap{At: f.At, Kind: "books", Amount: f.Amount, Why: f.Why, By: id.Or(f.ExplainedBy), Person: id.Or(f.PersonID)})
		}
		slices.SortStableFunc(g.List, func(a, b Gap) int {
			if a.Open() != b.Open() {
				return cmp.Compare(b2i(b.Open()), b2i(a.Open()))
			}
			return b.At.Compare(a.At)
		})
		return nil
	})
	return g, err
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Debt is what a carrier owes, parcel by parcel.
type Debt struct {
	Holder
	Days  int64 // in which it promised to pay out
	Known bool  // Days was said
}

// Debts lists what carriers owe.
func (s *Service) Debts(ctx context.Context, sc authz.Scope) ([]Debt, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return nil, err
	}
	var list []Debt
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		owed, err := s.owed(ctx, tx, sc)
		if err != nil {
			return err
		}
		days, err := s.terms(ctx, tx, sc)
		if err != nil {
			return err
		}
		for code, boxes := range owed {
			d := Debt{Holder: Holder{Person: parcel.HolderOf(code), Carrier: code, Parcels: len(boxes), For: boxes, Since: &boxes[0].At}}
			for _, b := range boxes {
				d.Amount += b.Amount
			}
			if d.Days, d.Known = days[code]; d.Known {
				due := d.Since.AddDate(0, 0, int(d.Days))
				d.Due = &due
			}
			list = append(list, d)
		}
		slices.SortFunc(list, func(a, b Debt) int { return cmp.Compare(a.Carrier, b.Carrier) })
		return nil
	})
	return list, err
}

// PutTerm notes in how many days after delivery a carrier promised to pay out.
func (s *Service) PutTerm(ctx context.Context, sc authz.Scope, code string, days int64) error {
	if err := sc.Can(authz.TakePayments); err != nil {
		return err
	}
	if _, ok := carrier.Find(code); !ok {
		return fault.New(fault.Invalid, "form.choose").On("carrier")
	}
	if days < 0 || days > MaxDays {
		return fault.New(fault.Invalid, "form.between", 0, MaxDays).On("days")
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.q.PutTerm(ctx, tx, cashdb.PutTermParams{BusinessID: sc.Business, Carrier: code, Days: days, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put term: %w", err)
		}
		return audit.Note(ctx, tx, sc, "cash.term", sc.Business, audit.Diff{"carrier": {To: code}, "days": {To: days}})
	})
}

// People lists who works in the shop, for their names.
func (s *Service) People(ctx context.Context, sc authz.Scope) (list []account.Teammate, err error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		list, err = s.Team(ctx, tx, sc)
		return err
	})
	return list, err
}
