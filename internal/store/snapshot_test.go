package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// rows reads a whole table of a snapshot as text.
func rows(t *testing.T, db *store.DB, table string) []string {
	t.Helper()
	var out []string
	err := db.Snapshot(t.Context(), func(s *store.Snapshot) error {
		i := slices.IndexFunc(s.Tables, func(t store.Table) bool { return t.Name == table })
		if i < 0 {
			return fmt.Errorf("no table %s", table)
		}
		return s.Rows(t.Context(), s.Tables[i], func(row []any) error {
			out = append(out, fmt.Sprint(row))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func slug(t *testing.T, db *store.DB, name string, business id.ID) {
	t.Helper()
	if err := db.Tx(t.Context(), authz.Job(business), func(tx *store.Tx) error {
		_, err := tx.ExecContext(t.Context(), "INSERT INTO slugs (slug, business_id, live, created_at) VALUES ($1, $2, true, $3)", name, business, tx.Now)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func usage(t *testing.T, db *store.DB, business id.ID, n int64) {
	t.Helper()
	if err := db.Tx(t.Context(), authz.Job(business), func(tx *store.Tx) error {
		_, err := tx.ExecContext(t.Context(), "INSERT INTO order_numbers (business_id, last) VALUES ($1, $2)", business, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// An owner that is no superuser reads the rows of every business, though it
// sees none of them anywhere else.
func TestSnapshotSeesEveryBusinessAsPlainOwner(t *testing.T) {
	db := plainOwner(t)
	usage(t, db, id.New(), 1)
	usage(t, db, id.New(), 2)
	if got := rows(t, db, "order_numbers"); len(got) != 2 {
		t.Errorf("the snapshot has %v, want 2 rows", got)
	}
	if err := store.Run(t.Context(), db, "DROP POLICY whole ON order_numbers"); err != nil {
		t.Fatal(err)
	}
	if err := db.Snapshot(t.Context(), func(*store.Snapshot) error { return nil }); err == nil {
		t.Error("a snapshot that would lack rows was taken")
	}
}

// The policy that backups need is none of the application's role: it cannot
// lift the wall by saying so.
func TestTheAppsRoleCannotOpenTheWall(t *testing.T) {
	db := plainOwner(t)
	usage(t, db, id.New(), 1)
	err := db.View(t.Context(), authz.Job(id.New()), func(tx *store.Tx) error {
		var on string
		if err := tx.QueryRowContext(t.Context(), "SELECT set_config('app.whole', 'on', true)").Scan(&on); err != nil {
			return err
		}
		var n int64
		if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM order_numbers").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of another business are seen, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is written while a snapshot is read is not in it, and waits for nobody.
func TestSnapshotIsOneMoment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		slug(t, db, "before", id.New())
		err := db.Snapshot(t.Context(), func(s *store.Snapshot) error {
			slug(t, db, "after", id.New())
			i := slices.IndexFunc(s.Tables, func(t store.Table) bool { return t.Name == "slugs" })
			n := 0
			if err := s.Rows(t.Context(), s.Tables[i], func([]any) error { n++; return nil }); err != nil || n != 1 {
				t.Errorf("%d rows, %v; want 1", n, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestFillRefusesADatabaseThatIsNotBare(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		err := db.Fill(t.Context(), []int64{1}, func(*store.Filling) error { t.Error("it was filled"); return nil })
		if !errors.Is(err, store.ErrNotBare) {
			t.Errorf("Fill = %v, want ErrNotBare", err)
		}
	})
	db := storetest.Open(t, "sqlite:"+t.TempDir()+"/bare.db")
	if err := db.Fill(t.Context(), []int64{1, 9999}, func(*store.Filling) error { return nil }); !errors.Is(err, store.ErrNewer) {
		t.Errorf("Fill = %v, want ErrNewer", err)
	}
}
