package ledger

import (
	"errors"
	"sync"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func post(t *testing.T, s *Service, sc authz.Scope, e Entry) error {
	t.Helper()
	return s.db.Tx(t.Context(), sc, func(tx *store.Tx) error { return s.Post(t.Context(), tx, sc, e) })
}

func balance(t *testing.T, s *Service, sc authz.Scope, a Account, holder id.ID) (n int64) {
	t.Helper()
	if err := s.db.View(t.Context(), sc, func(tx *store.Tx) (err error) {
		n, err = s.Balance(t.Context(), tx, sc, a, holder)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAKeyIsBookedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := New(db), authz.Scope{Actor: id.New(), Business: id.New(), Role: authz.Owner}
		courier := id.New()
		e := Entry{Key: "a", Kind: "test", Order: id.New(), Lines: []Line{{CourierCash, courier, 500}, {Receivable, id.ID{}, -500}, {Sales, id.ID{}, 0}}}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := post(t, s, sc, e); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := balance(t, s, sc, CourierCash, courier); n != 500 {
			t.Errorf("balance = %d, want 500", n)
		}
		e.Lines[0].Amount, e.Lines[1].Amount = 600, -600
		if err := post(t, s, sc, e); !errors.Is(err, ErrOther) {
			t.Errorf("another sum under the key: %v", err)
		}
		other := sc
		other.Business = id.New()
		if n := balance(t, s, other, CourierCash, courier); n != 0 {
			t.Errorf("another business sees %d", n)
		}
		if broken, err := store.CheckInvariants(t.Context(), db, Invariants); err != nil || len(broken) > 0 {
			t.Errorf("invariants: %v, %v", broken, err)
		}
	})
}

func TestPostRefusesMistakes(t *testing.T) {
	db := storetest.SQLite(t)
	s, sc := New(db), authz.Scope{Business: id.New(), Role: authz.Owner}
	for name, c := range map[string]struct {
		e    Entry
		want error
	}{
		"no sum of zero": {Entry{Key: "a", Kind: "test", Lines: []Line{{Account: Cash, Amount: 1}}}, errUnbalanced},
		"no key":         {Entry{Kind: "test"}, errNoKey},
		"no account":     {Entry{Key: "a", Kind: "test", Lines: []Line{{Account: "pocket", Amount: 0}}}, errAccount},
		"too much": {Entry{Key: "a", Kind: "test", Lines: []Line{
			{Account: Cash, Amount: 1 << 62}, {Account: Bank, Amount: 1 << 62}, {Account: Sales, Amount: -1 << 62}, {Account: Refund, Amount: -1 << 62},
		}}, money.ErrTooLarge},
	} {
		if err := post(t, s, sc, c.e); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The planted defect: an invariant that finds nothing would pass everything.
func TestInvariantsFindWhatIsWrong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := New(db), authz.Scope{Business: id.New(), Role: authz.Owner}
		if err := post(t, s, sc, Entry{Key: "a", Kind: "test", Lines: []Line{{Account: Cash, Amount: 5}, {Account: Sales, Amount: -5}}}); err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
			_, err := tx.ExecContext(t.Context(), "UPDATE ledger_balances SET amount = amount + 1 WHERE business_id = $1 AND account = 'cash'", sc.Business)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if broken, err := store.CheckInvariants(t.Context(), db, Invariants); err != nil || len(broken) != 1 {
			t.Errorf("invariants: %v, %v; want one broken", broken, err)
		}
	})
}
