package cash

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/cash/cashdb"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Window is how far back the owner's page reckons; `lapak check` reckons from
// the beginning.
const Window = 60 * 24 * time.Hour

const (
	mostHands  = 40  // holders of whom the page says since when
	mostInflow = 200 // parcels that are looked through for it
	mostOwed   = 500
	mostShown  = 30
)

// Holder is who has money from the door.
type Holder struct {
	Person  id.ID
	Carrier string // the code of a carrier; empty: a person of the shop
	Amount  int64
	Since   *time.Time // of the oldest rupiah
	Parcels int
	More    bool // there are more parcels than were looked through
	Over    bool // as much as the limit, or more
	Due     *time.Time
	For     []Box
}

// Box is a parcel that money is for, or several that came with a hand-over.
type Box struct {
	ID     id.ID
	From   id.ID // who handed it over
	Number string
	Name   string
	Amount int64
	At     time.Time
}

// Chain is the money from the door on one page. Books is what the parcels say
// was taken less what the books took in, from two sources that know nothing of
// each other; Open is what the sides of hand-overs say differently; Ahead is
// money that was handed over before its parcel was heard of.
type Chain struct {
	Since     time.Time
	Opening   int64 // held at Since
	Took      int64 // by what parcels say
	Till      int64
	PaidOut   int64 // carriers, with what they kept
	Explained int64
	Held      int64
	Books     int64
	Open      int64
	Ahead     int64

	People   []Holder
	Carriers []Holder
	Limit    int64
	Waiting  int64 // lines of payouts that somebody has to decide
	Last     []Handover
	Team     []account.Teammate
}

// Unexplained is the sum that nobody has said a word about.
func (c Chain) Unexplained() int64 { return abs(c.Books) + c.Open + c.Ahead }

func abs(n int64) int64 { return max(n, -n) }

// Read gathers the page.
func (s *Service) Read(ctx context.Context, sc authz.Scope) (Chain, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return Chain{}, err
	}
	var c Chain
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if c, err = s.sources(ctx, tx, sc); err != nil {
			return err
		}
		set, err := s.Parcels.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		c.Limit = set.CashLimit
		if err := s.holders(ctx, tx, sc, &c); err != nil {
			return err
		}
		rows, err := s.q.Handovers(ctx, tx, cashdb.HandoversParams{BusinessID: sc.Business, Most: mostShown})
		if err != nil {
			return fmt.Errorf("list hand-overs: %w", err)
		}
		for _, r := range rows {
			c.Last = append(c.Last, row(r))
		}
		if c.Waiting, err = s.q.WaitingLines(ctx, tx, sc.Business); err != nil {
			return fmt.Errorf("count lines: %w", err)
		}
		c.Team, err = s.Team(ctx, tx, sc)
		return err
	})
	return c, err
}

// sources reckons from both ends: what parcels took, and what the books say.
func (s *Service) sources(ctx context.Context, tx *store.Tx, sc authz.Scope) (Chain, error) {
	c := Chain{Since: tx.Now.Add(-Window)}
	found, err := s.q.Found(ctx, tx, cashdb.FoundParams{BusinessID: sc.Business, Most: 1})
	if err != nil {
		return c, fmt.Errorf("list what was found: %w", err)
	}
	if len(found) > 0 && found[0].At.After(c.Since) { // all before it was explained
		c.Since = found[0].At.Add(time.Microsecond)
	}
	byParcels, err := s.q.TookByParcels(ctx, tx, cashdb.TookByParcelsParams{BusinessID: sc.Business, Since: c.Since})
	if err != nil {
		return c, fmt.Errorf("sum parcels: %w", err)
	}
	otherwise, err := s.q.TookOtherwise(ctx, tx, cashdb.TookOtherwiseParams{BusinessID: sc.Business, Since: c.Since, Nobody: id.ID{}})
	if err != nil {
		return c, fmt.Errorf("sum payments: %w", err)
	}
	c.Took = byParcels + otherwise
	moved, err := s.q.Moved(ctx, tx, cashdb.MovedParams{BusinessID: sc.Business, Since: c.Since})
	if err != nil {
		return c, fmt.Errorf("sum books: %w", err)
	}
	var in, all int64
	for _, m := range moved {
		switch a := ledger.Account(m.Account); {
		case a == ledger.CourierCash && (m.Kind == "payment.in" || m.Kind == "payment.out"):
			in += m.Amount
			all += m.Amount
		case a == ledger.CourierCash:
			all += m.Amount
		case a == ledger.Difference:
			c.Explained += m.Amount
		case m.Kind == "carrier.paid":
			c.PaidOut += m.Amount
		default:
			c.Till += m.Amount
		}
	}
	balances, err := s.Books.Balances(ctx, tx, sc)
	if err != nil {
		return c, err
	}
	for _, b := range balances {
		if b.Account != ledger.CourierCash {
			continue
		}
		c.Held += b.Amount
		h := Holder{Person: b.Holder, Carrier: codes()[b.Holder], Amount: b.Amount}
		if b.Amount < 0 {
			c.Ahead -= b.Amount
		}
		if h.Carrier != "" {
			c.Carriers = append(c.Carriers, h)
		} else {
			c.People = append(c.People, h)
		}
	}
	c.Opening = c.Held - all
	c.Books = c.Took - in
	rows, err := s.q.Disputed(ctx, tx, cashdb.DisputedParams{BusinessID: sc.Business, Most: mostOwed})
	if err != nil {
		return c, fmt.Errorf("list disputed hand-overs: %w", err)
	}
	for _, r := range rows {
		if h := row(r); h.Open() {
			c.Open += abs(h.Difference())
		}
	}
	return c, nil
}

// codes are the codes of carriers by who the books call them.
func codes() map[id.ID]string {
	m := map[id.ID]string{}
	for _, f := range carrier.Firms() {
		m[parcel.HolderOf(f.Code)] = f.Code
	}
	return m
}

// holders says of each who has money since when, for how many parcels, and
// whether that is too much.
func (s *Service) holders(ctx context.Context, tx *store.Tx, sc authz.Scope, c *Chain) error {
	most := func(a, b Holder) int { return int(b.Amount - a.Amount) }
	slices.SortStableFunc(c.People, most)
	slices.SortStableFunc(c.Carriers, most)
	for i := range c.People[:min(len(c.People), mostHands)] {
		h := &c.People[i]
		if h.Amount <= 0 {
			continue
		}
		got, err := s.held(ctx, tx, sc, h.Person)
		if err != nil {
			return err
		}
		got.Over = c.Limit > 0 && got.Amount >= c.Limit
		*h = got
	}
	if len(c.Carriers) == 0 {
		return nil
	}
	owed, err := s.owed(ctx, tx, sc)
	if err != nil {
		return err
	}
	days, err := s.terms(ctx, tx, sc)
	if err != nil {
		return err
	}
	for i := range c.Carriers {
		h := &c.Carriers[i]
		for _, b := range owed[h.Carrier] {
			if h.Since == nil {
				h.Since = &b.At
			}
			h.Parcels++
		}
		if n, ok := days[h.Carrier]; ok && h.Since != nil {
			due := h.Since.AddDate(0, 0, int(n))
			h.Due = &due
		}
	}
	return nil
}

// held tells what a person holds and which parcels it is for: the last ones
// that came, as many as the sum covers.
func (s *Service) held(ctx context.Context, tx *store.Tx, sc authz.Scope, person id.ID) (Holder, error) {
	h := Holder{Person: person}
	var err error
	if h.Amount, err = s.Books.Balance(ctx, tx, sc, ledger.CourierCash, person); err != nil || h.Amount <= 0 {
		return h, err
	}
	rows, err := s.q.Inflow(ctx, tx, cashdb.InflowParams{BusinessID: sc.Business, Holder: person, Most: mostInflow})
	if err != nil {
		return h, fmt.Errorf("list what came in: %w", err)
	}
	left := h.Amount
	for _, r := range rows {
		at := r.At
		if r.DoneAt != nil && r.DoneAt.Before(at) { // the phone told later
			at = *r.DoneAt
		}
		b := Box{ID: id.Or(r.ParcelID), From: id.Or(r.GiverID), Amount: min(r.Amount, left), At: at}
		if r.Parcels != nil {
			h.Parcels += int(*r.Parcels)
		} else {
			h.Parcels++
		}
		switch {
		case r.Waybill != nil && *r.Waybill != "":
			b.Number = *r.Waybill
		case r.Number != nil:
			b.Number = *r.Number
		}
		if r.Name != nil {
			b.Name = *r.Name
		}
		h.For = append(h.For, b)
		if h.Since == nil || at.Before(*h.Since) {
			h.Since = &at
		}
		if left -= r.Amount; left <= 0 {
			break
		}
	}
	h.More = left > 0
	return h, nil
}

// owed lists the parcels that carriers have not paid out, the oldest first.
func (s *Service) owed(ctx context.Context, tx *store.Tx, sc authz.Scope) (map[string][]Box, error) {
	rows, err := s.q.Owed(ctx, tx, cashdb.OwedParams{BusinessID: sc.Business, Most: mostOwed})
	if err != nil {
		return nil, fmt.Errorf("list what carriers owe: %w", err)
	}
	list := map[string][]Box{}
	for _, r := range rows {
		b := Box{ID: r.ID, Number: r.Waybill, Amount: r.Taken}
		if b.Number == "" {
			b.Number = r.Number
		}
		if r.DoneAt != nil {
			b.At = *r.DoneAt
		}
		list[r.Carrier] = append(list[r.Carrier], b)
	}
	return list, nil
}

func (s *Service) terms(ctx context.Context, tx *store.Tx, sc authz.Scope) (map[string]int64, error) {
	rows, err := s.q.Terms(ctx, tx, sc.Business)
	if err != nil {
		return nil, fmt.Errorf("list terms: %w", err)
	}
	m := map[string]int64{}
	for _, r := range rows {
		m[r.Carrier] = r.Days
	}
	return m, nil
}
