package haul

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/region"
	"lapak/internal/route"
	"lapak/internal/store"
)

// Round is one way to many shops of a village, whose fare is parted among the
// parcels by Share.
type Round struct {
	ID      id.ID
	Village string
	Courier id.ID
	Fare    int64
	Parcels int64
	Metres  int64
	Single  int64 // metres if each shop were a way of its own
	At      time.Time
	Stops   []Stop
}

// Stop is a shop of a round.
type Stop struct {
	Pickup
	Tie Tie
}

func roundOf(r hauldb.HaulRound) Round {
	return Round{r.ID, r.Village, r.CourierID, r.Fare, r.Parcels, r.Metres, r.SingleMetres, r.CreatedAt, nil}
}

// Villages tells how many pick-ups wait in each village.
func (s *Service) Villages(ctx context.Context, sc authz.Scope) (map[string]int, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return nil, err
	}
	n := map[string]int{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(n)
		stops, err := s.toFetch(ctx, tx, sc, "")
		for _, v := range stops {
			n[v.Tie.Village]++
		}
		return err
	})
	return n, err
}

// toFetch lists the pick-ups of a village that nobody goes for yet; no village
// means all of them.
func (s *Service) toFetch(ctx context.Context, tx *store.Tx, sc authz.Scope, village string) ([]Stop, error) {
	rows, err := s.q.OpenPickups(ctx, tx, sc.Business)
	if err != nil {
		return nil, fmt.Errorf("list pick-ups: %w", err)
	}
	ties, err := s.ties(ctx, tx, sc, true)
	if err != nil {
		return nil, err
	}
	var list []Stop
	for _, r := range rows {
		i := slices.IndexFunc(ties, func(t Tie) bool { return t.Other == r.OtherID })
		if i < 0 || r.RoundID != nil || village != "" && ties[i].Village != village {
			continue
		}
		list = append(list, Stop{pickupRow(r), ties[i]})
	}
	return list, nil
}

// point is where a shop is: where it set its pin, else the middle of its village.
func (t Tie) point() route.Point {
	if t.LatE6 != nil && t.LngE6 != nil {
		return route.Point{LatE6: *t.LatE6, LngE6: *t.LngE6}
	}
	return centre(t.Region())
}

func centre(p region.Place) route.Point {
	return route.Point{LatE6: int64(p.Lat * 1e6), LngE6: int64(p.Lng * 1e6)}
}

// Pool puts all pick-ups that wait in a village on one round of one courier.
func (s *Service) Pool(ctx context.Context, sc authz.Scope, round id.ID, village string, courier id.ID, fare int64) (Round, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return Round{}, err
	}
	var f fault.Fields
	f.Check(!round.IsZero(), "id", "form.stale")
	f.Check(!courier.IsZero(), "courier", "form.choose")
	f.Check(fare >= 0 && fare <= money.Max, "fare", "money.too_large")
	_, known := region.Get(village)
	f.Check(known, "village", "form.choose")
	if err := f.Err(); err != nil {
		return Round{}, err
	}
	var r Round
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if had, err := s.q.Round(ctx, tx, hauldb.RoundParams{BusinessID: sc.Business, ID: round}); err == nil {
			r = roundOf(had)
			return nil
		} else if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read round: %w", err)
		}
		stops, err := s.toFetch(ctx, tx, sc, village)
		if err != nil {
			return err
		}
		if len(stops) == 0 {
			return ErrNone
		}
		for i := range stops {
			if stops[i].Pickup, err = s.pickup(ctx, tx, sc, stops[i].ID, true); err != nil {
				return err
			}
		}
		start, err := s.start(ctx, tx, sc)
		if err != nil {
			return err
		}
		r = Round{ID: round, Village: village, Courier: courier, Fare: fare, At: tx.Now}
		stops = r.plan(start, stops)
		if _, err := s.q.InsertRound(ctx, tx, hauldb.InsertRoundParams{
			BusinessID: sc.Business, ID: r.ID, Village: village, CourierID: courier, Fare: fare, Parcels: r.Parcels, Metres: r.Metres, SingleMetres: r.Single, CreatedAt: tx.Now,
		}); err != nil {
			return fmt.Errorf("insert round: %w", err)
		}
		for i, v := range stops {
			if err := s.send(ctx, tx, sc, v.ID, courier, func(p *Pickup) {
				p.Round, p.Place, p.Share, p.Items = r.ID, int64(i+1), v.Share, v.Items
			}); err != nil {
				return err
			}
			if err := askFetch(ctx, tx, sc.Business, v.Other, v.ID); err != nil {
				return err
			}
		}
		return audit.Note(ctx, tx, sc, "haul.pool", r.ID, audit.Diff{"fare": {From: nil, To: fare}, "parcels": {From: nil, To: r.Parcels}})
	})
	return r, err
}

// start is where the firm's couriers set out: its first hub, else where it is.
func (s *Service) start(ctx context.Context, tx *store.Tx, sc authz.Scope) (route.Point, error) {
	f, err := s.firm(ctx, tx, sc)
	if err != nil {
		return route.Point{}, err
	}
	if hubs := f.Of(Hub); len(hubs) > 0 {
		return centre(hubs[0].Place()), nil
	}
	shop, err := s.Shops.Kept(ctx, tx, sc)
	if err != nil {
		return route.Point{}, err
	}
	if shop.Pinned {
		return route.Point{LatE6: int64(shop.Lat * 1e6), LngE6: int64(shop.Lng * 1e6)}, nil
	}
	return centre(shop.Place()), nil
}

// plan puts the stops into a short order and parts the fare among their
// parcels, in that order.
func (r *Round) plan(start route.Point, stops []Stop) []Stop {
	at := make([]route.Stop, len(stops))
	n := 0
	for i, v := range stops {
		at[i].Point = v.Tie.point()
		_, alone, _ := route.Plan(start, at[i:i+1], route.Opts{Return: true})
		r.Single += alone
		n += len(v.Items)
	}
	var order []int
	order, r.Metres, _ = route.Plan(start, at, route.Opts{Return: true})
	r.Parcels = int64(n)
	shares := Share(r.Fare, n)
	list := make([]Stop, len(order))
	for k, i := range order {
		v := stops[i]
		v.Share, v.Items = 0, slices.Clone(v.Items)
		for j := range v.Items {
			v.Items[j].Share = shares[0]
			v.Share += shares[0]
			shares = shares[1:]
		}
		list[k] = v
	}
	return list
}

// Rounds lists the newest.
func (s *Service) Rounds(ctx context.Context, sc authz.Scope) ([]Round, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return nil, err
	}
	var list []Round
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Rounds(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("list rounds: %w", err)
		}
		for _, r := range rows {
			list = append(list, roundOf(r))
		}
		return nil
	})
	return list, err
}

// Round returns one with its stops, in order. Couriers see their own.
func (s *Service) Round(ctx context.Context, sc authz.Scope, which id.ID) (Round, error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return Round{}, err
	}
	var r Round
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		had, err := s.q.Round(ctx, tx, hauldb.RoundParams{BusinessID: sc.Business, ID: which})
		if errors.Is(err, sql.ErrNoRows) || err == nil && sc.Role == authz.Courier && had.CourierID != sc.Actor {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read round: %w", err)
		}
		r = roundOf(had)
		rows, err := s.q.RoundPickups(ctx, tx, hauldb.RoundPickupsParams{BusinessID: sc.Business, RoundID: which.Null()})
		if err != nil {
			return fmt.Errorf("list stops: %w", err)
		}
		for _, row := range rows {
			p, err := s.pickup(ctx, tx, sc, row.ID, false)
			if err != nil {
				return err
			}
			t, err := s.getTie(ctx, tx, sc, p.Other)
			if err != nil {
				return err
			}
			r.Stops = append(r.Stops, Stop{p, t})
		}
		return nil
	})
	return r, err
}
