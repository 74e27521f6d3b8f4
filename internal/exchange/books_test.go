package exchange_test

import (
	"strings"
	"testing"

	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// What is checked after imports sees books that are wrong.
func TestBrokenBooksAreSeen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMarket(t, db)
		file := invoices(60)
		for name, breaks := range map[string]string{
			"a customer's figures are those of their orders": `UPDATE customers SET spent = spent + 1 WHERE business_id = $1`,
			"each order has a beginning":                     `UPDATE order_events SET act = 'pay' WHERE business_id = $1`,
			"goods of an order are the sum of its lines":     `UPDATE order_lines SET quantity = quantity + 1 WHERE business_id = $1 AND price > 0`,
		} {
			sc := m.open(t)
			m.load(t, sc, strings.NewReader(file), int64(len(file)), pounds)
			i := invariant(t, name)
			if seen := broken(t, db, i); seen > 0 {
				t.Errorf("%s: broken before anything was", name)
			}
			err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
				_, err := tx.ExecContext(t.Context(), breaks, sc.Business)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if broken(t, db, i) == 0 {
				t.Errorf("%s: nobody saw %s", name, breaks)
			}
		}
	})
}

func invariant(t *testing.T, name string) store.Invariant {
	t.Helper()
	for _, i := range order.Invariants {
		if i.Name == name {
			return i
		}
	}
	t.Fatalf("there is no %q", name)
	return store.Invariant{}
}

func broken(t *testing.T, db *store.DB, i store.Invariant) int {
	t.Helper()
	list, err := store.CheckInvariants(t.Context(), db, []store.Invariant{i})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
