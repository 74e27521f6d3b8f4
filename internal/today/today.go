// Package today is what a shop has to do now: a read model over orders, stock
// and money of one business.
package today

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/today/todaydb"
)

// Kind is what a card asks for.
type Kind string

// The kinds, by urgency.
const (
	Hidden    Kind = "hidden"    // the office has hidden the shop
	Draft     Kind = "draft"     // the shop is not open yet
	Paused    Kind = "paused"    // no orders are taken
	Closed    Kind = "closed"    // closed for some days
	Accept    Kind = "accept"    // new orders
	Complaint Kind = "complaint" // a buyer waits for an answer
	Check     Kind = "check"     // a buyer says it is paid
	Owed      Kind = "owed"      // money to give back
	Failed    Kind = "failed"    // not delivered
	Pack      Kind = "pack"
	Hand      Kind = "hand"    // packed: to the courier
	Collect   Kind = "collect" // packed: the buyer fetches it
	Way       Kind = "way"     // on the way: mark what arrived
	Low       Kind = "low"     // running low
	Settle    Kind = "settle"  // money is with couriers
	Told      Kind = "told"    // a program of the owner's hears nothing any more
)

// urgency is the order of the cards.
var urgency = []Kind{Hidden, Draft, Accept, Complaint, Check, Owed, Failed, Pack, Hand, Collect, Way, Low, Settle, Told, Paused, Closed}

// MaxCards is how many cards are shown at most.
const MaxCards = 7

// Card is one thing to do, with one button.
type Card struct {
	Kind   Kind
	N      int64
	Amount int64
	Name   string
	At     time.Time
	Path   string
}

// Day is what was ordered on a day.
type Day struct {
	On     time.Time
	Amount int64
}

// Page is what "Hari ini" shows.
type Page struct {
	Shop        business.Business
	Cards       []Card
	More        int // cards that did not fit
	Newest      id.ID
	First       bool // no order ever came
	Money       bool // the rest may be seen
	Today       int64
	Orders      int64
	WeekAgo     int64 // until this hour, a week ago
	Days        []Day // seven, today last
	CourierCash int64
}

// Service reads the page.
type Service struct {
	db    *store.DB
	q     todaydb.Queries
	shops *business.Service
	stock *stock.Service
}

// New makes the service.
func New(db *store.DB, shops *business.Service, shelf *stock.Service) *Service {
	return &Service{db: db, shops: shops, stock: shelf}
}

// Read gathers the page for the person of sc, by what they may see.
func (s *Service) Read(ctx context.Context, sc authz.Scope) (Page, error) {
	if err := sc.Can(authz.SeeToday); err != nil {
		return Page{}, err
	}
	var p Page
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p = Page{Money: sc.May(authz.SeeMoney)}
		if p.Shop, err = s.shops.GetTx(ctx, tx, sc); err != nil {
			return err
		}
		if sc.May(authz.EditShop) {
			for _, c := range p.Shop.Cards(tx.Now) {
				p.add(Card{Kind: Kind(c.Kind), Name: c.Text, Path: c.Path})
			}
		}
		if sc.May(authz.SeeOrders) {
			if err := s.orders(ctx, tx, sc, &p); err != nil {
				return err
			}
		}
		if sc.May(authz.SeeStock) {
			low, err := s.stock.Low(ctx, tx, sc)
			if err != nil {
				return err
			}
			if len(low) > 0 {
				p.add(Card{Kind: Low, N: int64(len(low)), Name: low[0].Title, Amount: max(0, low[0].Free()), Path: "/stok"})
			}
		}
		if p.Money {
			return s.money(ctx, tx, sc, &p)
		}
		return nil
	})
	slices.SortStableFunc(p.Cards, func(a, b Card) int { return slices.Index(urgency, a.Kind) - slices.Index(urgency, b.Kind) })
	if len(p.Cards) > MaxCards {
		p.More = len(p.Cards) - MaxCards
		p.Cards = p.Cards[:MaxCards]
	}
	return p, err
}

func (p *Page) add(c Card) { p.Cards = append(p.Cards, c) }

func (s *Service) orders(ctx context.Context, tx *store.Tx, sc authz.Scope, p *Page) error {
	rows, err := s.q.Live(ctx, tx, sc.Business)
	if err != nil {
		return fmt.Errorf("count live orders: %w", err)
	}
	n := map[Kind]int64{}
	for _, r := range rows {
		switch {
		case r.Complaint:
			n[Complaint] += r.N
		case r.Owed:
			n[Owed] += r.N
		case r.Claimed:
			n[Check] += r.N
		case r.State == "placed":
			n[Accept] += r.N
		case r.State == "failed":
			n[Failed] += r.N
		case r.State == "accepted":
			n[Pack] += r.N
		case r.State == "packed" && r.Way == "pickup":
			n[Collect] += r.N
		case r.State == "packed":
			n[Hand] += r.N
		case r.State == "sent":
			n[Way] += r.N
		}
	}
	if n[Accept] > 0 {
		old, err := s.q.Oldest(ctx, tx, sc.Business)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find oldest order: %w", err)
		}
		path := "/pesanan?tab=action"
		if n[Accept] == 1 && err == nil {
			path = "/pesanan/" + old.ID.String()
		}
		p.add(Card{Kind: Accept, N: n[Accept], At: old.PlacedAt, Path: path})
	}
	if newest, err := s.q.Newest(ctx, tx, sc.Business); err == nil {
		p.Newest = newest
	} else if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("find newest order: %w", err)
	}
	if n[Complaint] > 0 {
		p.add(Card{Kind: Complaint, N: n[Complaint], Path: "/pesanan?tab=action"})
	}
	if n[Check] > 0 && sc.May(authz.TakePayments) {
		c, err := s.q.Claim(ctx, tx, sc.Business)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find claim: %w", err)
		}
		path := "/pesanan?tab=action"
		if err == nil {
			path = "/pesanan/" + c.ID.String()
		}
		p.add(Card{Kind: Check, N: n[Check], Name: c.Name, Amount: c.Total - c.Paid, Path: path})
	}
	for _, c := range []struct {
		kind Kind
		tab  string
		verb authz.Verb
	}{
		{Owed, "action", authz.RefundPayments},
		{Failed, "action", authz.MoveOrders},
		{Pack, "work", authz.MoveOrders},
		{Hand, "work", authz.MoveOrders},
		{Collect, "work", authz.MoveOrders},
		{Way, "sent", authz.MoveOrders},
	} {
		if n[c.kind] > 0 && sc.May(c.verb) {
			p.add(Card{Kind: c.kind, N: n[c.kind], Path: "/pesanan?tab=" + c.tab})
		}
	}
	_, err = s.q.Any(ctx, tx, sc.Business)
	p.First = errors.Is(err, sql.ErrNoRows)
	if err != nil && !p.First {
		return fmt.Errorf("look for orders: %w", err)
	}
	return nil
}

func (s *Service) money(ctx context.Context, tx *store.Tx, sc authz.Scope, p *Page) error {
	now := tx.Now.In(p.Shop.Location())
	start := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	d := func(back int) time.Time { return start.AddDate(0, 0, -back).UTC() }
	r, err := s.q.Takings(ctx, tx, todaydb.TakingsParams{
		BusinessID: sc.Business, D0: d(0), D1: d(1), D2: d(2), D3: d(3), D4: d(4), D5: d(5), D6: d(6), D7: d(7), Until: tx.Now.AddDate(0, 0, -7),
	})
	if err != nil {
		return fmt.Errorf("sum takings: %w", err)
	}
	p.Today, p.Orders, p.WeekAgo = r.Today, r.Orders, r.Weekago
	for i, amount := range []int64{r.Back6, r.Back5, r.Back4, r.Back3, r.Back2, r.Back1, r.Today} {
		p.Days = append(p.Days, Day{start.AddDate(0, 0, i-6), amount})
	}
	rest, err := s.q.Rest(ctx, tx, sc.Business)
	if err != nil {
		return fmt.Errorf("sum courier cash: %w", err)
	}
	p.CourierCash = rest.Amount
	if p.CourierCash > 0 {
		p.add(Card{Kind: Settle, Amount: p.CourierCash, Path: "/setoran"})
	}
	if rest.Told > 0 && sc.Role == authz.Owner {
		p.add(Card{Kind: Told, N: rest.Told, Path: "/toko/webhook"})
	}
	return nil
}

// Waiting counts the orders in the tab that asks for action, for the badge of
// the navigation.
func (s *Service) Waiting(ctx context.Context, sc authz.Scope) (int64, error) {
	if !sc.May(authz.SeeOrders) {
		return 0, nil
	}
	var n int64
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		n = 0
		rows, err := s.q.Live(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("count live orders: %w", err)
		}
		for _, r := range rows {
			if r.Complaint || r.Owed || r.Claimed || r.State == "placed" || r.State == "failed" {
				n += r.N
			}
		}
		return nil
	})
	return n, err
}
