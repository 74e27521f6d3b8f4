package cash_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/cash"
	"lapak/internal/id"
	"lapak/internal/payment"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// Hundreds of hand-overs with lost messages, lost transactions, retries, either
// side first and wrong codes: what was taken is always somewhere, once.
func TestTheChainHoldsWhateverGetsLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		rnd := rand.New(rand.NewPCG(4, 7))
		errLost := errors.New("the server died")
		var took int64
		for run := range 100 {
			giver, receiver := []authz.Scope{s.courier, s.other, s.helper}[rnd.IntN(3)], []authz.Scope{s.owner, s.helper}[rnd.IntN(2)]
			if giver.Actor == receiver.Actor {
				giver = s.courier
			}
			sum := 1_000 * (1 + rnd.Int64N(300))
			counted := sum - 1_000*int64(rnd.IntN(2))*int64(rnd.IntN(2))
			collect := func(tx *store.Tx) error { // told at last by a phone that was offline
				_, err := s.payments.Note(t.Context(), tx, giver, payment.Payment{ID: id.New(), Order: id.New(), Method: payment.COD, Amount: sum, Holder: giver.Actor}, 0)
				return err
			}
			took += sum
			mark := cash.Mark(id.New(), sum, nil)
			give := cash.Give{ID: id.New(), Receiver: receiver.Actor, Amount: sum, Mark: mark, Code: s.code(t, receiver, giver.Actor, max(counted, 1_000), mark)}
			take := cash.Take{ID: id.New(), Giver: giver.Actor, Amount: max(counted, 1_000), Mark: mark}
			acts := []func(tx *store.Tx) error{collect}
			for range rnd.IntN(3) {
				acts = append(acts, func(tx *store.Tx) error { return s.cash.Give(t.Context(), tx, giver, give) })
			}
			for range rnd.IntN(3) {
				acts = append(acts, func(tx *store.Tx) error { return s.cash.Take(t.Context(), tx, receiver, take) })
			}
			rnd.Shuffle(len(acts), func(i, j int) { acts[i], acts[j] = acts[j], acts[i] })
			for _, act := range acts {
				for lost := true; lost; {
					lost = rnd.IntN(4) == 0
					err := db.Tx(t.Context(), giver, func(tx *store.Tx) error {
						err := act(tx)
						if errors.Is(err, cash.ErrCode) || errors.Is(err, cash.ErrLocked) {
							err = nil
						}
						if lost && err == nil {
							return errLost
						}
						return err
					})
					if err != nil && !errors.Is(err, errLost) {
						t.Fatalf("run %d: %v", run, err)
					}
				}
			}
		}
		g, err := s.cash.Gaps(t.Context(), s.owner)
		if err != nil {
			t.Fatal(err)
		}
		var open int64
		for _, gap := range g.List {
			if gap.Open() {
				open += gap.Amount
				m := cash.Reason{Handover: gap.Handover.ID, Right: []cash.Side{cash.Giver, cash.Receiver}[rnd.IntN(2)], Why: "Dihitung ulang", By: s.courier.Actor}
				if err := s.cash.Explain(t.Context(), s.owner, m); err != nil {
					t.Fatal(err)
				}
			}
		}
		if open == 0 || g.Open != open {
			t.Errorf("%d of differences, the headline says %d", open, g.Open)
		}
		c, err := s.cash.Read(t.Context(), s.owner)
		if err != nil || c.Took != took || c.Books != 0 || c.Open != 0 {
			t.Errorf("took %d of %d: %+v, %v", c.Took, took, c, err)
		}
		for _, h := range c.People { // a sum that was explained against the receiver may still be owed
			m := cash.Count{ID: id.New(), Holder: h.Person, Amount: max(h.Amount, 0), Close: h.Amount < 0, Why: "Sisa hitungan", By: s.owner.Actor}
			if err := s.cash.Count(t.Context(), s.owner, m); err != nil {
				t.Fatal(err)
			}
		}
		if c = s.unexplained(t, 0); c.Held != 0 || c.Till+c.Explained != took {
			t.Errorf("at the end: %+v", c)
		}
	})
}
