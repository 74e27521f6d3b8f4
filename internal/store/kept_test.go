package store_test

import (
	"errors"
	"fmt"
	"strings"
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

// Several things of a kind are kept one by one, and those that may not be are
// read each time.
func TestKeptEach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		shop := id.New()
		var asked [][]int
		read := func(keys ...int) map[int]string {
			t.Helper()
			var got map[int]string
			if err := db.View(t.Context(), authz.Job(shop), func(tx *store.Tx) (err error) {
				got, err = store.KeptEach(tx, shop, whatKept{}, keys, func(missing []int) (map[int]string, error) {
					asked = append(asked, missing)
					out := map[int]string{}
					for _, k := range missing {
						if k != 9 { // there is no such thing
							out[k] = fmt.Sprint("thing ", k, " of ", len(asked))
						}
					}
					return out, nil
				}, func(v string) bool { return !strings.HasPrefix(v, "thing 2") })
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := fmt.Sprint(read(1, 2, 9), read(1, 2, 3), read(1, 3)); got != "map[1:thing 1 of 1 2:thing 2 of 1] map[1:thing 1 of 1 2:thing 2 of 2 3:thing 3 of 2] map[1:thing 1 of 1 3:thing 3 of 2]" ||
			fmt.Sprint(asked) != "[[1 2 9] [2 3]]" {
			t.Errorf("%s; asked for %v", got, asked)
		}
		if err := db.Tx(t.Context(), authz.Job(shop), func(tx *store.Tx) error { tx.Touch(shop); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := read(1)[1]; got != "thing 1 of 3" {
			t.Errorf("after a change: %s", got)
		}
	})
}
