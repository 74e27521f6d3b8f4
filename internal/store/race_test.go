package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

var errNone = errors.New("none left")

// takeOne is how stock is taken: one conditional update.
func takeOne(ctx context.Context, tx *store.Tx, business, thing id.ID) error {
	r, err := tx.ExecContext(ctx, "UPDATE things SET left_over = left_over - 1 WHERE business_id = $1 AND id = $2 AND left_over >= 1", business, thing)
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return errNone
	}
	return nil
}

// readThenWrite is the defect: between its two statements another may write.
func readThenWrite(ctx context.Context, tx *store.Tx, business, thing id.ID) error {
	var left int64
	if err := tx.QueryRowContext(ctx, "SELECT left_over FROM things WHERE business_id = $1 AND id = $2", business, thing).Scan(&left); err != nil {
		return err
	}
	if left < 1 {
		return errNone
	}
	time.Sleep(time.Millisecond) // as long as a slow page
	_, err := tx.ExecContext(ctx, "UPDATE things SET left_over = $3 WHERE business_id = $1 AND id = $2", business, thing, left-1)
	return err
}

// contend lets 100 buyers at 10 pieces and returns how many got one.
func contend(t *testing.T, db *store.DB, take func(context.Context, *store.Tx, id.ID, id.ID) error) (took int64, left int64) {
	t.Helper()
	sc, thing := authz.Job(id.New()), id.New()
	if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, thing, 10) }); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return take(t.Context(), tx, sc.Business, thing) })
			if err == nil {
				n.Add(1)
			} else if !errors.Is(err, errNone) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := db.View(t.Context(), sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(t.Context(), "SELECT left_over FROM things WHERE business_id = $1 AND id = $2", sc.Business, thing).Scan(&left)
	}); err != nil {
		t.Fatal(err)
	}
	return n.Load(), left
}

func TestConditionalUpdatesNeverOversell(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		if took, left := contend(t, db, takeOne); took != 10 || left != 0 {
			t.Errorf("%d took one and %d are left; want 10 and 0", took, left)
		}
	})
}

// The test above is worth something only if it catches the defect. On SQLite
// the one writer makes even the defect safe.
func TestAReadThenWriteIsCaught(t *testing.T) {
	db := storetest.Postgres(t)
	things(t, db)
	for range 5 {
		if took, _ := contend(t, db, readThenWrite); took > 10 {
			return
		}
	}
	t.Error("100 buyers and a read-then-write never took more than 10")
}

func TestLostRacesRunAgain(t *testing.T) {
	db := storetest.Postgres(t)
	things(t, db)
	sc, a, b := authz.Job(id.New()), id.New(), id.New()
	if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
		return errors.Join(put(t.Context(), tx, sc.Business, a, 10), put(t.Context(), tx, sc.Business, b, 10))
	}); err != nil {
		t.Fatal(err)
	}
	var runs atomic.Int64
	var meet sync.WaitGroup
	meet.Add(2)
	var wg sync.WaitGroup
	for _, pair := range [][2]id.ID{{a, b}, {b, a}} { // a deadlock, on purpose
		first := true
		wg.Go(func() {
			err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
				runs.Add(1)
				if err := takeOne(t.Context(), tx, sc.Business, pair[0]); err != nil {
					return err
				}
				if first {
					first = false
					meet.Done()
					meet.Wait()
				}
				return takeOne(t.Context(), tx, sc.Business, pair[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var left int64
	err := db.View(t.Context(), sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(t.Context(), "SELECT CAST(sum(left_over) AS bigint) FROM things WHERE business_id = $1", sc.Business).Scan(&left)
	})
	if err != nil || left != 16 || runs.Load() != 3 {
		t.Errorf("%d left after %d runs, %v; want 16 after 3", left, runs.Load(), err)
	}
}

func TestWhoWaitsTooLongIsTold(t *testing.T) {
	db := storetest.SQLite(t)
	things(t, db)
	sc := authz.Job(id.New())
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.Tx(t.Context(), sc, func(*store.Tx) error { close(held); <-hold; return nil })
	})
	<-held
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := db.Tx(ctx, sc, func(*store.Tx) error { t.Error("it ran"); return nil }); !errors.Is(err, store.ErrBusy) {
		t.Errorf("Tx = %v, want ErrBusy", err)
	}
	if err := db.View(t.Context(), sc, func(tx *store.Tx) error {
		var n int
		return tx.QueryRowContext(t.Context(), "SELECT count(*) FROM things").Scan(&n)
	}); err != nil {
		t.Errorf("a reader waited for the writer: %v", err)
	}
	close(hold)
	wg.Wait()
}

func TestInvariantsAreCheckedOverAllBusinesses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		all := []store.Invariant{
			{Name: "few are left", SQL: "SELECT business_id, id, left_over FROM things WHERE left_over > 50"},
			{Name: "all is open", SQL: "SELECT id FROM things WHERE NOT open"},
		}
		bad := id.New()
		for i, n := range []int64{1, 60, 3} {
			sc, thing := authz.Job(id.New()), id.New()
			if i == 1 {
				thing = bad
			}
			if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, thing, n) }); err != nil {
				t.Fatal(err)
			}
		}
		got, err := store.CheckInvariants(t.Context(), db, all)
		if err != nil || len(got) != 1 || got[0].Name != "few are left" {
			t.Fatalf("broken %v, %v", got, err)
		}
		if want := "id=" + bad.String() + " left_over=60"; got[0].Row[len(got[0].Row)-len(want):] != want {
			t.Errorf("row %q, want ... %q", got[0].Row, want)
		}
	})
}

// place is about what placing an order writes.
func place(ctx context.Context, tx *store.Tx, business, thing id.ID) error {
	for range 3 {
		if err := takeOne(ctx, tx, business, thing); err != nil {
			return err
		}
	}
	for range 5 {
		if err := put(ctx, tx, business, id.New(), 1); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkTx(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for _, callers := range []int{1, 8, 32, 128} {
			b.Run(fmt.Sprintf("%s/%d", engine, callers), func(b *testing.B) {
				db := open(b)
				if err := store.Run(b.Context(), db, thingsSQL[db.Postgres()]...); err != nil {
					b.Fatal(err)
				}
				var wg sync.WaitGroup
				var left atomic.Int64
				left.Store(int64(b.N))
				b.ResetTimer()
				for range callers {
					wg.Go(func() {
						sc, thing := authz.Job(id.New()), id.New()
						if err := db.Tx(b.Context(), sc, func(tx *store.Tx) error { return put(b.Context(), tx, sc.Business, thing, 1<<40) }); err != nil {
							b.Error(err)
						}
						for left.Add(-1) >= 0 {
							if err := db.Tx(b.Context(), sc, func(tx *store.Tx) error { return place(b.Context(), tx, sc.Business, thing) }); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
			})
		}
	}
}
