package payment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/payment"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func owner(db *store.DB) authz.Scope {
	return authz.Scope{Actor: id.New(), Business: id.New(), Role: authz.Owner, Now: db.Now(), ProvenAt: db.Now()}
}

// Each open invoice of a shop waits for an amount of its own, also when many
// are made at the same moment; an amount is free again a day after its invoice closed.
func TestAmountsAreUnique(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now()
		db.Now = func() time.Time { return now }
		s, sc := payment.New(db, ledger.New(db), blob.New(db)), owner(db)
		take := func(order id.ID, total int64) (code int64, err error) {
			err = db.Tx(t.Context(), sc, func(tx *store.Tx) (err error) {
				code, err = s.TakeCode(t.Context(), tx, sc, order, total)
				return err
			})
			return code, err
		}
		var mu sync.Mutex
		seen := map[int64]id.ID{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 30 {
					order := id.New()
					for _, total := range []int64{50_000} {
						code, err := take(order, total)
						mu.Lock()
						if _, twice := seen[total+code]; err != nil || twice || code < 1 || code > payment.MaxUnique {
							t.Errorf("TakeCode = %d, %v, twice %v", code, err, twice)
						}
						seen[total+code] = order
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		for range payment.MaxUnique - len(seen) {
			if _, err := take(id.New(), 50_000); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := take(id.New(), 50_000); !errors.Is(err, payment.ErrNoCode) {
			t.Errorf("one too many: %v", err)
		}
		var order id.ID
		for _, order = range seen {
			break
		}
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return s.FreeCode(t.Context(), tx, sc, order) }); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			after time.Duration
			want  error
		}{{payment.CodeGrace - time.Second, payment.ErrNoCode}, {time.Second, nil}, {time.Second, payment.ErrNoCode}} {
			now = now.Add(c.after)
			if _, err := take(id.New(), 50_000); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("after %v: %v, want %v", c.after, err, c.want)
			}
		}
		other := sc
		other.Business = id.New()
		sc = other
		if _, err := take(id.New(), 50_000); err != nil {
			t.Errorf("another shop: %v", err)
		}
	})
}

func TestPaymentsAreNotedOnceAndBooked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		books := ledger.New(db)
		s, sc := payment.New(db, books, blob.New(db)), owner(db)
		courier := id.New()
		p := payment.Payment{ID: id.New(), Order: id.New(), Method: payment.COD, Amount: 48_000, Holder: courier}
		note := func(p payment.Payment, allowed int64) (fresh bool, err error) {
			err = db.Tx(t.Context(), sc, func(tx *store.Tx) (err error) {
				fresh, err = s.Note(t.Context(), tx, sc, p, allowed)
				return err
			})
			return fresh, err
		}
		for i := range 2 {
			if fresh, err := note(p, 0); err != nil || fresh != (i == 0) {
				t.Errorf("Note = %v, %v", fresh, err)
			}
		}
		other := p
		other.Amount = 50_000
		if _, err := note(other, 0); !errors.Is(err, payment.ErrOther) {
			t.Errorf("the same id with another sum: %v", err)
		}
		back := payment.Payment{ID: id.New(), Order: p.Order, Method: payment.Cash, Amount: -8_000}
		if _, err := note(back, 5_000); err != nil {
			t.Fatal(err)
		}
		want := map[ledger.Account]int64{ledger.CourierCash: 48_000, ledger.Cash: -8_000, ledger.Refund: 5_000, ledger.Receivable: -45_000}
		if err := db.View(t.Context(), sc, func(tx *store.Tx) error {
			all, err := books.Balances(t.Context(), tx, sc)
			for _, b := range all {
				if want[b.Account] != b.Amount {
					t.Errorf("%s = %d, want %d", b.Account, b.Amount, want[b.Account])
				}
				delete(want, b.Account)
			}
			return err
		}); err != nil || len(want) > 0 {
			t.Errorf("balances lack %v, %v", want, err)
		}
		broken, err := store.CheckInvariants(context.WithoutCancel(t.Context()), db, append(append([]store.Invariant{}, ledger.Invariants...), payment.Invariants...))
		if err != nil || len(broken) > 0 {
			t.Errorf("invariants: %v, %v", broken, err)
		}
	})
}
