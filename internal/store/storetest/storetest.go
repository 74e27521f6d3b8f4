// Package storetest gives tests a migrated database of their own, on SQLite
// and on a private PostgreSQL server that it starts itself.
package storetest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lapak/internal/store"
)

// Each runs the test on both engines, each with a migrated, empty database.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite returns a migrated, empty database in a file of the test.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return Open(t, SQLiteDSN(t))
}

// Postgres returns a migrated, empty database on the private server. Without
// PostgreSQL the test fails: it is never left out.
func Postgres(t testing.TB) *store.DB {
	t.Helper()
	return Open(t, PostgresDSN(t))
}

// patience is what one statement may take in tests: they share two processors
// with other tests and a browser. Those of slow databases set their own.
const patience = 10 * time.Second

// Open opens the database for the time of the test.
func Open(t testing.TB, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(context.WithoutCancel(t.Context()), dsn, store.Options{Log: slog.New(slog.DiscardHandler), Conns: 16, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return db
}

var lite struct {
	sync.Once
	file []byte
	err  error
}

// SQLiteDSN names a migrated, empty database in a file of the test.
func SQLiteDSN(t testing.TB) string {
	t.Helper()
	lite.Do(func() { lite.file, lite.err = template() })
	if lite.err != nil {
		t.Fatal(lite.err)
	}
	name := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(name, lite.file, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + name
}

// template migrates a file once; every test copies it.
func template() (b []byte, err error) {
	dir, err := os.MkdirTemp("", "lapak-test-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	name := filepath.Join(dir, "template.db")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := store.Open(ctx, "sqlite:"+name, store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("close the template: %w", err)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}

// Holds fails the test if one of the invariants is broken. Every test that
// writes may end with it.
func Holds(t testing.TB, db *store.DB, all ...[]store.Invariant) {
	t.Helper()
	for _, some := range all {
		broken, err := store.CheckInvariants(t.Context(), db, some)
		if err != nil {
			t.Error(err)
		}
		for _, b := range broken {
			t.Errorf("broken: %s: %s", b.Name, b.Row)
		}
	}
}
