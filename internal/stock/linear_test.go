package stock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/store/storetest/linear"
)

const (
	linearClients = 6
	linearSteps   = 9
)

// linearIn is what a client asks for: of pieces of both variants, for an
// order or a count that is known by its number in the round.
type linearIn struct {
	act    string
	number int
	pieces [2]int64
}

// linearOut is what it was told.
type linearOut struct {
	refused bool
	levels  [2][2]int64 // on hand, reserved
}

// linearState is what the model knows. Arrays, so that == compares it.
type linearState struct {
	levels [2][2]int64
	held   [linearClients * linearSteps][2]int8
	seen   [linearClients]int8 // what the book said as a client counted the first variant; -1: does not count
	found  [linearClients]int8
}

var linearModel = porcupine.Model{
	Init: func() any {
		s := linearState{levels: [2][2]int64{{7, 0}, {4, 0}}}
		for i := range s.seen {
			s.seen[i] = -1
		}
		return s
	},
	Step: func(state, input, output any) (bool, any) {
		s, in := state.(linearState), input.(linearIn)
		out, known := output.(linearOut)
		after, refused := s.do(in)
		if !known { // it may have happened: if it did not, it is last
			if refused {
				return true, s
			}
			return true, after
		}
		if out.refused != refused {
			return false, s
		}
		if refused {
			return true, s
		}
		return in.act != "read" || out.levels == s.levels, after
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v → %v", in, out) },
	DescribeState:     func(s any) string { return fmt.Sprint(s.(linearState).levels) },
}

func (s linearState) do(in linearIn) (after linearState, refused bool) {
	after = s
	for i, n := range in.pieces {
		l := &after.levels[i]
		switch in.act {
		case "reserve":
			if l[0]-l[1] < n {
				refused = refused || n > 0
			}
			l[1] += n
			after.held[in.number][i] += int8(n)
		case "release":
			l[1] -= int64(s.held[in.number][i])
			after.held[in.number][i] = 0
		case "take":
			l[1] -= int64(s.held[in.number][i])
			l[0] = max(0, l[0]-int64(s.held[in.number][i])) // what was not there is booked in first
			after.held[in.number][i] = 0
		case "receive", "correct":
			l[0] += n
			refused = refused || l[0] < 0
		}
	}
	switch in.act {
	case "count":
		after.seen[in.number], after.found[in.number] = int8(s.levels[0][0]), int8(in.pieces[0])
	case "finish":
		after.levels[0][0] = max(0, s.levels[0][0]+int64(s.found[in.number]-s.seen[in.number]))
		after.seen[in.number] = -1
	}
	return after, refused
}

// reserver reserves for an order as the service does, or wrongly.
type reserver func(ctx context.Context, s shop, order id.ID, wants []Want) error

func reserveWell(ctx context.Context, s shop, order id.ID, wants []Want) error {
	return s.db.Tx(ctx, s.sc, func(tx *store.Tx) error { return s.stock.Reserve(ctx, tx, s.sc, order, wants) })
}

// reserveBlindly looks first and writes what it reckoned from that later.
func reserveBlindly(ctx context.Context, s shop, order id.ID, wants []Want) error {
	now := map[id.ID]Level{}
	err := s.db.View(ctx, s.sc, func(tx *store.Tx) error {
		for _, w := range wants {
			l, err := s.stock.level(ctx, tx, s.sc, w.Variant)
			if err != nil {
				return err
			}
			if now[w.Variant] = l; l.Free() < w.Quantity {
				return ErrShort
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, s.sc, func(tx *store.Tx) error {
		for _, w := range wants {
			_, err := tx.ExecContext(ctx, "UPDATE stock_levels SET reserved = $1 WHERE business_id = $2 AND variant_id = $3",
				now[w.Variant].Reserved+w.Quantity, s.sc.Business, w.Variant)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "INSERT INTO stock_holds (business_id, order_id, variant_id, quantity) VALUES ($1, $2, $3, $4)",
				s.sc.Business, order, w.Variant, w.Quantity)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil { // the table refuses the worst of it: nobody is told anything
		err = fmt.Errorf("%w: %w", store.ErrBusy, err)
	}
	return err
}

// linearRound lets clients at one shop, all at once. Now and then one loses
// patience, and never knows what became of its wish.
func linearRound(t *testing.T, db *store.DB, reserve reserver, planted bool) func(r *rand.Rand, h *linear.History) error {
	return func(r *rand.Rand, h *linear.History) error {
		s := newShop(t, db)
		p := s.product(t, "Apa saja", 7, 4)
		v := [2]id.ID{p.Variants[0].ID, p.Variants[1].ID}
		var orders [linearClients * linearSteps]id.ID
		for i := range orders {
			orders[i] = id.New()
		}
		var wg sync.WaitGroup
		for c := range linearClients {
			r := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
			wg.Go(func() { linearClient(t, s, v, orders[:], c, r, h, reserve, planted) })
		}
		wg.Wait()
		h.Do(linearClients, linearIn{act: "read"}, func() any { return s.both(t, v) })
		return nil
	}
}

func linearClient(t *testing.T, s shop, v [2]id.ID, orders []id.ID, c int, r *rand.Rand, h *linear.History, reserve reserver, planted bool) {
	var count id.ID
	for step := range linearSteps {
		in := linearIn{act: []string{"reserve", "reserve", "reserve", "release", "take", "receive", "correct", "count", "read", "read"}[r.IntN(10)]}
		ctx, cancel := context.WithCancel(t.Context())
		if r.IntN(10) == 0 && in.act != "count" && in.act != "read" {
			time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
		}
		var do func() error
		switch in.act {
		case "reserve":
			in.number = c*linearSteps + step
			in.pieces = [2]int64{r.Int64N(4), r.Int64N(3)}
			var wants []Want
			for i, n := range in.pieces {
				if n > 0 {
					wants = append(wants, Want{v[i], n})
				}
			}
			do = func() error { return reserve(ctx, s, orders[in.number], wants) }
		case "release", "take":
			in.number = r.IntN(linearClients)*linearSteps + r.IntN(step+1) // anybody's, perhaps over or not yet there
			do = func() error {
				return s.db.Tx(ctx, s.sc, func(tx *store.Tx) error {
					if in.act == "take" {
						return s.stock.Take(ctx, tx, s.sc, orders[in.number])
					}
					return s.stock.Release(ctx, tx, s.sc, orders[in.number])
				})
			}
		case "receive":
			i := r.IntN(2)
			in.pieces[i] = 1 + r.Int64N(3)
			do = func() error {
				return s.stock.Receive(ctx, s.sc, Movement{ID: id.New(), Variant: v[i], Quantity: in.pieces[i], Reason: Bought})
			}
		case "correct":
			i := r.IntN(2)
			in.pieces[i] = -1 - r.Int64N(4)
			do = func() error {
				return s.stock.Correct(ctx, s.sc, Correction{ID: id.New(), Variant: v[i], Seen: 10, Actual: 10 + in.pieces[i], Reason: Lost})
			}
		case "count":
			in.number, in.pieces[0] = c, r.Int64N(9)
			if !count.IsZero() {
				in.act, in.pieces[0] = "finish", 0
				do = func() error { _, err := s.stock.FinishCount(ctx, s.sc, count); count = id.ID{}; return err }
				break
			}
			count = id.New()
			if err := s.stock.StartCount(ctx, s.sc, count, ""); err != nil {
				t.Error(err)
			}
			do = func() error { return s.stock.CountOne(ctx, s.sc, count, v[0], in.pieces[0]) }
		case "read":
			h.Do(c, in, func() any { return s.both(t, v) })
			cancel()
			continue
		}
		h.Do(c, in, func() any {
			switch err := do(); {
			case err == nil:
				return linearOut{}
			case errors.Is(err, ErrShort) || errors.Is(err, ErrBelow):
				return linearOut{refused: true}
			case ctx.Err() == nil && !errors.Is(err, store.ErrBusy) && !planted: // what was spoilt cannot be given back
				t.Errorf("%s: %v", in.act, err)
			}
			return linear.Unknown{}
		})
		cancel()
	}
}

func (s shop) both(t testing.TB, v [2]id.ID) linearOut {
	var out linearOut
	err := s.db.View(t.Context(), s.sc, func(tx *store.Tx) error {
		levels, err := s.stock.Levels(t.Context(), tx, s.sc, v[:])
		for i := range v {
			out.levels[i] = [2]int64{levels[v[i]].OnHand, levels[v[i]].Reserved}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return out
}

// What many clients are told at once of one shop's stock is what they would be
// told one after the other.
func TestStockIsLinearizable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		linear.Trial{
			Name: "stock", Rounds: linear.Rounds(12, 300), Least: 30, Open: true, Model: linearModel,
			Round: linearRound(t, db, reserveWell, false),
		}.Run(t)
	})
}

// The same clients with a reserve that looks and then writes: were the trial
// above blind, it would pass here as well.
func TestReadingBeforeWritingIsNotLinearizable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		linear.Trial{
			Name: "stock, planted: look, then write", Planted: true, Rounds: linear.Rounds(12, 300), Least: 30, Model: linearModel,
			Round: linearRound(t, db, reserveBlindly, true),
		}.Run(t)
	})
}
