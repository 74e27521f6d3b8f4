package store_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"lapak/internal/store"
)

// A database with nothing in it has every step before it.
func TestPendingOnAFreshDatabase(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "new.db"), store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before, err := db.Pending(t.Context())
	if err != nil || before == 0 {
		t.Fatalf("Pending = %d, %v; want every step", before, err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := db.Pending(t.Context()); err != nil || after != 0 {
		t.Errorf("Pending = %d, %v after Migrate; want 0", after, err)
	}
}
