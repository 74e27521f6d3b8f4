package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// When the commit fails, everyone whose write was in it is told, and the next
// ones go on.
func TestAFailedCommitIsEveryonesError(t *testing.T) {
	db := storetest.SQLite(t)
	things(t, db)
	// A constraint that is looked at only by the commit.
	if err := store.Run(t.Context(), db, "CREATE TABLE late (id bigint REFERENCES later (id) DEFERRABLE INITIALLY DEFERRED)", "CREATE TABLE later (id bigint PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	sc := authz.Job(id.New())
	inside, hold := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // holds the turn until the others stand in line
		_ = db.Tx(t.Context(), sc, func(*store.Tx) error { close(inside); <-hold; return nil })
	})
	<-inside
	var told, hooks, failed atomic.Int64
	for i := range 10 {
		wg.Go(func() {
			err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
				tx.AfterCommit(func() { hooks.Add(1) })
				if i == 5 {
					_, err := tx.ExecContext(t.Context(), "INSERT INTO late (id) VALUES (7)")
					return err
				}
				return put(t.Context(), tx, sc.Business, id.New(), 1)
			})
			if err == nil {
				told.Add(1)
			} else {
				failed.Add(1)
			}
		})
	}
	for db.Stats().Waiting < 10 {
		runtime.Gosched()
	}
	close(hold)
	wg.Wait()
	if n := count(t, db, sc); n != told.Load() || n != hooks.Load() || failed.Load() < 2 {
		t.Errorf("%d rows, %d told that they are saved, %d hooks, %d told of a failure", n, told.Load(), hooks.Load(), failed.Load())
	}
	if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, id.New(), 1) }); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// A goroutine that ends in the middle of its turn, as a failing test's does,
// leaves the line moving.
func TestAGoroutineThatEndsInItsTurn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc := authz.Job(id.New())
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = db.Tx(t.Context(), sc, func(tx *store.Tx) error {
				_ = put(t.Context(), tx, sc.Business, id.New(), 1)
				runtime.Goexit()
				return nil
			})
		})
		wg.Wait()
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, id.New(), 1) }); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, sc); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestReadOnlyRefusesWritesAndReads(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		sc := authz.Job(id.New())
		db.ReadOnly(true)
		if err := db.Tx(t.Context(), sc, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrFull) {
			t.Errorf("Tx = %v, want ErrFull", err)
		}
		count(t, db, sc)
		db.ReadOnly(false)
		if err := db.Tx(t.Context(), sc, func(*store.Tx) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestInspect(t *testing.T) {
	if found, err := storetest.SQLite(t).Inspect(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("SQLite: %q, %v", found, err)
	}
	found, err := storetest.Postgres(t).Inspect(t.Context())
	if err != nil || !strings.Contains(fmt.Sprint(found), "fsync is off") { // as the tests' server runs
		t.Errorf("PostgreSQL: %q, %v", found, err)
	}
}

func TestASettingThatDidNotTakeStopsTheProgram(t *testing.T) {
	err := store.OpenSloppy(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err == nil || !strings.Contains(err.Error(), "synchronous") {
		t.Errorf("connect = %v, want what is wrong", err)
	}
}

const crashEnv = "LAPAK_TEST_CRASH_FILE"

// A process is killed in the middle of its writes: what it said was saved, is.
func TestNothingSavedIsLostByAKill(t *testing.T) {
	if file := os.Getenv(crashEnv); file != "" {
		writeUntilKilled(t, file)
		return
	}
	file := filepath.Join(t.TempDir(), "crash.db")
	db := storetest.Open(t, "sqlite:"+file)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	things(t, db)
	saved := map[string]bool{}
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingSavedIsLostByAKill$")
		cmd.Env = append(os.Environ(), crashEnv+"="+file)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "saved "); ok {
				saved[name] = true
				if len(saved) == 200*(round+1) {
					_ = cmd.Process.Kill()
				}
			}
		}
		_ = cmd.Wait()
	}
	if len(saved) < 600 {
		t.Fatalf("void: only %d writes before the kills", len(saved))
	}
	for name := range saved {
		thing, err := id.Parse(name)
		if err != nil {
			continue // a line cut off by the kill
		}
		var n int
		if err := db.View(t.Context(), authz.Job(crashShop), func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), "SELECT count(*) FROM things WHERE business_id = $1 AND id = $2", crashShop, thing).Scan(&n)
		}); err != nil || n != 1 {
			t.Fatalf("a saved row is gone: %v", err)
		}
	}
	if found, err := db.Inspect(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("the file after the kills: %q, %v", found, err)
	}
}

var crashShop = id.Seeded(time.Unix(1_700_000_000, 0), 1)

func writeUntilKilled(t *testing.T, file string) {
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+file, store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	sc := authz.Job(crashShop)
	for range 16 {
		go func() {
			for {
				thing := id.New()
				if err := db.Tx(ctx, sc, func(tx *store.Tx) error { return put(ctx, tx, crashShop, thing, 1) }); err != nil {
					t.Error(err)
					return
				}
				fmt.Printf("saved %s\n", thing)
			}
		}()
	}
	select {}
}
