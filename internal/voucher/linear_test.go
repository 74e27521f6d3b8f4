package voucher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/store/storetest/linear"
)

const (
	linearClients = 6
	linearSteps   = 9
	linearMost    = 4 // uses of the voucher
	linearEach    = 2 // uses of a buyer
)

// linearIn is what a client asks for, of an order known by its number.
type linearIn struct {
	act    string
	number int
	buyer  int
}

// linearOut is what it was told.
type linearOut struct {
	fault error
	used  int64
}

// linearState is what the model knows.
type linearState struct {
	used  int64
	buyer [3]int64
	uses  [linearClients * linearSteps]int8 // the buyer and one; zero: none
}

var linearModel = porcupine.Model{
	Init: func() any { return linearState{} },
	Step: func(state, input, output any) (bool, any) {
		s, in := state.(linearState), input.(linearIn)
		out, known := output.(linearOut)
		switch in.act {
		case "use":
			full, yours := s.used >= linearMost, s.buyer[in.buyer] >= linearEach
			if out.fault != nil {
				return out.fault == ErrUsedUp && full || out.fault == ErrYours && yours, s
			}
			if full || yours {
				return !known, s
			}
			s.used++
			s.buyer[in.buyer]++
			s.uses[in.number] = int8(in.buyer + 1)
		case "give back":
			if b := s.uses[in.number]; b > 0 {
				s.used--
				s.buyer[b-1]--
				s.uses[in.number] = 0
			}
		case "read":
			return out.used == s.used, s
		}
		return true, s
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v → %v", in, out) },
}

// user uses a voucher for an order as the service does, or wrongly.
type user func(ctx context.Context, s *Service, sc authz.Scope, d Draft, phone string, order id.ID) error

func useWell(ctx context.Context, s *Service, sc authz.Scope, d Draft, phone string, order id.ID) error {
	_, err := s.order(ctx, sc, d.Code, phone, order)
	return err
}

// useBlindly looks how often it was used, and writes one more later.
func useBlindly(ctx context.Context, s *Service, sc authz.Scope, d Draft, _ string, order id.ID) error {
	v, err := s.Get(ctx, sc, d.ID)
	if err != nil {
		return err
	}
	if v.Used >= v.Most {
		return ErrUsedUp
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE vouchers SET used = $1 WHERE business_id = $2 AND id = $3", v.Used+1, sc.Business, d.ID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO voucher_uses (business_id, order_id, voucher_id, buyer, amount, at) VALUES ($1, $2, $3, '', 1, $4)",
			sc.Business, order, d.ID, tx.Now)
		return err
	})
}

// linearRound lets clients at one voucher, all at once. Now and then one loses
// patience, and never knows what became of its wish.
func linearRound(t *testing.T, db *store.DB, use user) func(r *rand.Rand, h *linear.History) error {
	s := newService(t, db)
	return func(r *rand.Rand, h *linear.History) error {
		sc := owner()
		d := s.mustPut(t, sc, Draft{Code: "HEMAT", Kind: Amount, Value: 1_000, Most: linearMost, Each: linearEach})
		var orders [linearClients * linearSteps]id.ID
		for i := range orders {
			orders[i] = id.New()
		}
		read := func() any {
			v, err := s.Get(t.Context(), sc, d.ID)
			if err != nil {
				t.Error(err)
			}
			return linearOut{used: v.Used}
		}
		var wg sync.WaitGroup
		for c := range linearClients {
			r := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
			wg.Go(func() {
				for step := range linearSteps {
					in := linearIn{act: []string{"use", "use", "use", "give back", "give back", "read"}[r.IntN(6)], buyer: r.IntN(3)}
					if in.act == "read" {
						h.Do(c, in, read)
						continue
					}
					if in.number = c*linearSteps + step; in.act == "give back" {
						in.number = r.IntN(linearClients)*linearSteps + r.IntN(step+1) // anybody's
					}
					ctx, cancel := context.WithCancel(t.Context())
					if r.IntN(10) == 0 {
						time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
					}
					h.Do(c, in, func() any {
						var err error
						if in.act == "use" {
							err = use(ctx, s, sc, d, fmt.Sprintf("+62812345678%02d", in.buyer), orders[in.number])
						} else {
							err = s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.GiveBack(ctx, tx, sc, orders[in.number]) })
						}
						switch {
						case err == nil:
							return linearOut{}
						case errors.Is(err, ErrUsedUp):
							return linearOut{fault: ErrUsedUp}
						case errors.Is(err, ErrYours):
							return linearOut{fault: ErrYours}
						case ctx.Err() == nil && !errors.Is(err, store.ErrBusy):
							t.Errorf("%s: %v", in.act, err)
						}
						return linear.Unknown{}
					})
					cancel()
				}
			})
		}
		wg.Wait()
		h.Do(linearClients, linearIn{act: "read"}, read)
		return nil
	}
}

// What many buyers are told at once of one voucher with limits is what they
// would be told one after the other.
func TestVouchersAreLinearizable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		linear.Trial{
			Name: "vouchers", Rounds: linear.Rounds(10, 300), Least: 30, Open: true, Model: linearModel, Round: linearRound(t, db, useWell),
		}.Run(t)
		check(t, db)
	})
}

// The same buyers with a use that looks and then writes: were the trial above
// blind, it would pass here as well.
func TestLookingBeforeUsingIsNotLinearizable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		linear.Trial{
			Name: "vouchers, planted: look, then write", Planted: true, Rounds: linear.Rounds(10, 300), Least: 30, Model: linearModel,
			Round: linearRound(t, db, useBlindly),
		}.Run(t)
	})
}
