package store_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// things is a tenant table of the tests' own, made beside the real ones.
func things(t *testing.T, db *store.DB) {
	t.Helper()
	if err := store.Run(t.Context(), db, thingsSQL[db.Postgres()]...); err != nil {
		t.Fatal(err)
	}
}

var thingsSQL = map[bool][]string{
	true: {
		"CREATE TABLE things (business_id uuid NOT NULL, id uuid NOT NULL, left_over bigint NOT NULL CHECK (left_over >= 0), at timestamptz NOT NULL, maybe timestamptz, open boolean NOT NULL, PRIMARY KEY (business_id, id))",
		"SELECT tenant('things')",
		"CREATE TABLE lines (business_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (business_id, id))",
		"SELECT tenant_log('lines')",
	},
	false: {
		"CREATE TABLE things (business_id blob NOT NULL, id blob NOT NULL, left_over bigint NOT NULL CHECK (left_over >= 0), at datetime NOT NULL, maybe datetime, open boolean NOT NULL, PRIMARY KEY (business_id, id)) WITHOUT ROWID",
		"CREATE TABLE lines (business_id blob NOT NULL, id blob NOT NULL, PRIMARY KEY (business_id, id)) WITHOUT ROWID",
	},
}

func put(ctx context.Context, tx *store.Tx, business, thing id.ID, n int64) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO things (business_id, id, left_over, at, maybe, open) VALUES ($1, $2, $3, $4, $5, $6)", business, thing, n, tx.Now, nil, true)
	return err
}

func count(t *testing.T, db *store.DB, sc authz.Scope) int64 {
	t.Helper()
	var n int64
	if err := db.View(t.Context(), sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(t.Context(), "SELECT count(*) FROM things").Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestValuesComeBackAsTheyWent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc := authz.Job(id.New())
		db.Now = func() time.Time { return time.Date(2026, 11, 23, 14, 5, 6, 789123456, time.FixedZone("WIB", 7*3600)) }
		thing := id.New()
		var at time.Time
		var maybe *time.Time
		var open bool
		var back id.ID
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, thing, 3) }); err != nil {
			t.Fatal(err)
		}
		err := db.View(t.Context(), sc, func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), "SELECT id, at, maybe, open FROM things WHERE business_id = $1 AND id IN (SELECT value FROM each_id($2))",
				sc.Business, store.IDs([]id.ID{id.New(), thing})).Scan(&back, &at, &maybe, &open)
		})
		want := time.Date(2026, 11, 23, 7, 5, 6, 789123000, time.UTC)
		if err != nil || back != thing || at != want || maybe != nil || !open {
			t.Errorf("read %v %v %v %v, %v; want %v %v", back, at, maybe, open, err, thing, want)
		}
	})
}

func TestTxUndoesWhatFailsAndOnlyThat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc := authz.Job(id.New())
		broken := errors.New("broken")
		var hooks atomic.Int64
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				defer func() { _ = recover() }()
				err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
					tx.AfterCommit(func() { hooks.Add(1) })
					if err := put(t.Context(), tx, sc.Business, id.New(), 1); err != nil {
						return err
					}
					switch i % 3 {
					case 1:
						return broken
					case 2:
						panic("a slip")
					}
					return nil
				})
				if (i%3 == 1) != errors.Is(err, broken) || i%3 == 0 && err != nil {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db, sc); n != 20 || hooks.Load() != 20 {
			t.Errorf("%d rows and %d hooks after 20 good callers", n, hooks.Load())
		}
	})
}

// Who is refused saw what others wrote. Told so, they must find it when they
// look: it is not enough that it will be committed.
func TestARefusalIsToldWhenWhatItSawCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc, refused := authz.Job(id.New()), errors.New("refused")
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				var saw int64
				err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
					if i%2 == 0 {
						return put(t.Context(), tx, sc.Business, id.New(), 1)
					}
					if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM things WHERE business_id = $1", sc.Business).Scan(&saw); err != nil {
						return err
					}
					return refused
				})
				if i%2 == 0 && err != nil || i%2 == 1 && !errors.Is(err, refused) {
					t.Error(err)
				}
				if n := count(t, db, sc); n < saw {
					t.Errorf("refused with %d rows there, and then there are %d", saw, n)
				}
			})
		}
		wg.Wait()
	})
}

func TestAFailedStatementSparesTheNeighbours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc, same := authz.Job(id.New()), id.New()
		var ok, taken atomic.Int64
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
					if err := put(t.Context(), tx, sc.Business, id.New(), 1); err != nil {
						return err
					}
					return put(t.Context(), tx, sc.Business, same, 1)
				})
				switch {
				case err == nil:
					ok.Add(1)
				case store.IsUnique(err):
					taken.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if ok.Load() != 1 || taken.Load() != 29 || count(t, db, sc) != 2 {
			t.Errorf("%d in, %d refused, %d rows; want 1, 29, 2", ok.Load(), taken.Load(), count(t, db, sc))
		}
	})
}

func TestOneBusinessCannotSeeOrWriteAnothers(t *testing.T) {
	db := storetest.Postgres(t)
	things(t, db)
	mine, yours := authz.Job(id.New()), authz.Job(id.New())
	for _, sc := range []authz.Scope{mine, yours} {
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, id.New(), 1) }); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, db, mine); n != 1 { // a query that forgot its business
		t.Errorf("%d rows are seen, want my 1", n)
	}
	if n := count(t, db, authz.Job(id.ID{})); n != 0 {
		t.Errorf("%d rows are seen by nobody's transaction, want 0", n)
	}
	if err := db.Tx(t.Context(), mine, func(tx *store.Tx) error { return put(t.Context(), tx, yours.Business, id.New(), 1) }); err == nil {
		t.Error("a row of another business was written")
	}
	err := db.Tx(t.Context(), mine, func(tx *store.Tx) error {
		for _, q := range []string{"UPDATE things SET left_over = 9 WHERE business_id = $1", "DELETE FROM things WHERE business_id = $1"} {
			r, err := tx.ExecContext(t.Context(), q, yours.Business)
			if err != nil {
				return err
			}
			if n, _ := r.RowsAffected(); n != 0 {
				t.Errorf("%s: %d rows of another business", q, n)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"UPDATE lines SET id = id", "DELETE FROM lines", "TRUNCATE things", "ALTER TABLE things DISABLE ROW LEVEL SECURITY", "DROP TABLE lines"} {
		if err := db.Tx(t.Context(), mine, func(tx *store.Tx) error { _, err := tx.ExecContext(t.Context(), q); return err }); err == nil {
			t.Errorf("%s was allowed", q)
		}
	}
	if n := count(t, db, yours); n != 1 {
		t.Errorf("%d rows of the other business, want 1", n)
	}
}

func TestViewsReadOneMomentAndWriteNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc := authz.Job(id.New())
		err := db.View(t.Context(), sc, func(tx *store.Tx) error {
			var before, after int64
			const q = "SELECT count(*) FROM things"
			if err := tx.QueryRowContext(t.Context(), q).Scan(&before); err != nil {
				return err
			}
			if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, id.New(), 1) }); err != nil {
				return err
			}
			if err := tx.QueryRowContext(t.Context(), q).Scan(&after); err != nil {
				return err
			}
			if before != after {
				t.Errorf("the view saw %d and then %d rows", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.View(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, id.New(), 1) }); err == nil {
			t.Error("a view wrote")
		}
	})
}

func TestATransactionEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc := authz.Job(id.New())
		var kept *store.Tx
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { kept = tx; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := put(t.Context(), kept, sc.Business, id.New(), 1); err == nil {
			t.Error("a transaction that was over wrote")
		}
		var n int
		if err := kept.QueryRowContext(t.Context(), "SELECT 1").Scan(&n); err == nil {
			t.Error("a transaction that was over read")
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := put(ctx, tx, sc.Business, id.New(), 1); err != nil {
				return err
			}
			cancel()
			return put(ctx, tx, sc.Business, id.New(), 1)
		})
		if !errors.Is(err, context.Canceled) || count(t, db, sc) != 0 {
			t.Errorf("a cancelled caller: %v, %d rows", err, count(t, db, sc))
		}
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, id.New(), 1) }); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
}

func TestCountQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		ctx, n := store.CountQueries(t.Context())
		sc := authz.Job(id.New())
		if err := db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := put(ctx, tx, sc.Business, id.New(), 1); err != nil {
				return err
			}
			var one int64
			err := tx.QueryRowContext(ctx, "SELECT left_over FROM things WHERE business_id = $1", sc.Business).Scan(&one)
			if errors.Is(err, sql.ErrNoRows) {
				t.Error("the transaction does not see its own row")
			}
			return err
		}); err != nil || n.Load() != 2 {
			t.Errorf("%d queries counted, want 2; %v", n.Load(), err)
		}
	})
}

func TestTouchRaisesTheVersionHereAndElsewhere(t *testing.T) {
	shop, other := id.New(), id.New()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		before, beside := db.Version(shop), db.Version(other)
		if before == 0 {
			t.Fatal("no version is known")
		}
		_ = db.Tx(t.Context(), authz.Job(shop), func(tx *store.Tx) error { tx.Touch(shop); return errors.New("no") })
		if db.Version(shop) != before {
			t.Error("a change that was undone raised the version")
		}
		if err := db.Tx(t.Context(), authz.Job(shop), func(tx *store.Tx) error { tx.Touch(shop); return nil }); err != nil {
			t.Fatal(err)
		}
		if db.Version(shop) <= before || db.Version(other) != beside {
			t.Errorf("versions %d -> %d and %d -> %d", before, db.Version(shop), beside, db.Version(other))
		}
	})
	dsn := storetest.PostgresDSN(t)
	a, b := storetest.Open(t, dsn), storetest.Open(t, dsn)
	before := b.Version(shop)
	if err := a.Tx(t.Context(), authz.Job(shop), func(tx *store.Tx) error { tx.Touch(shop); return nil }); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); b.Version(shop) == before; {
		if time.Now().After(end) {
			t.Fatal("the other server was not told")
		}
		time.Sleep(time.Millisecond)
	}
}
