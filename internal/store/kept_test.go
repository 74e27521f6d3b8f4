package store_test

import (
	"errors"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

type whatKept struct{}

// What is kept is loaded again after each change but of stock, never kept out
// of a transaction that writes, and never taken while it is being changed.
func TestKeptFollowsChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		shop, loads := id.New(), 0
		load := func() (int, error) { loads++; return loads, nil }
		read := func(want int) {
			t.Helper()
			err := db.View(t.Context(), authz.Job(shop), func(tx *store.Tx) error {
				got, err := store.Kept(tx, shop, whatKept{}, load)
				if err == nil && got != want {
					t.Errorf("Kept = %d, want %d", got, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		write := func(touches uint64, fn func(tx *store.Tx) error) {
			t.Helper()
			before := db.Version(shop)
			if err := db.Tx(t.Context(), authz.Job(shop), fn); err != nil {
				t.Fatal(err)
			}
			if db.Postgres() { // it tells of a change once more
				until(t, "the news", func() bool { return db.Version(shop) >= before+2*touches })
			}
		}
		write(0, func(tx *store.Tx) error {
			_, err := store.Kept(tx, shop, whatKept{}, load)
			return err
		})
		read(2) // what the first loaded was not kept
		read(2)
		write(1, func(tx *store.Tx) error { tx.TouchStock(shop); return nil })
		read(2)
		write(1, func(tx *store.Tx) error {
			tx.Touch(shop)
			got, err := store.Kept(tx, shop, whatKept{}, load)
			if got != 3 {
				t.Errorf("Kept while changing = %d, want 3", got)
			}
			return err
		})
		read(4)
		read(4)
		other := errors.New("no")
		err := db.View(t.Context(), authz.Job(shop), func(tx *store.Tx) error {
			_, err := store.Kept(tx, shop, "other", func() (int, error) { return 0, other })
			return err
		})
		if !errors.Is(err, other) {
			t.Errorf("Kept = %v, want %v", err, other)
		}
	})
}
