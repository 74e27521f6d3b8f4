package store_test

import (
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func engineOf(db *store.DB) string {
	if db.Postgres() {
		return "postgres"
	}
	return "sqlite"
}

// with is this program's migrations and some more.
func with(t *testing.T, db *store.DB, more map[string]string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	for name, text := range migrations(t, engineOf(db)) {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for name, text := range more {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestMigrateFillsGapsAndRunsTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if n, err := db.Pending(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d pending, %v", n, err)
		}
		late := with(t, db, map[string]string{
			"9000_last.sql":   "-- +goose Up\nCREATE TABLE last_one (id bigint);\n-- +goose Down\nDROP TABLE last_one;\n",
			"0999_middle.sql": "-- +goose Up\nCREATE TABLE middle_one (id bigint);\n-- +goose Down\nDROP TABLE middle_one;\n",
		})
		if err := store.Migrate(t.Context(), db, with(t, db, map[string]string{"9000_last.sql": "-- +goose Up\nCREATE TABLE last_one (id bigint);\n"})); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := store.Migrate(t.Context(), db, late); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Run(t.Context(), db, "INSERT INTO middle_one SELECT id FROM last_one"); err != nil {
			t.Error(err)
		}
	})
}

func TestABrokenMigrationIsNamedAndLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		broken := with(t, db, map[string]string{"9000_broken.sql": "-- +goose Up\nCREATE TABLE half (id bigint);\nCREATE TABEL other (id bigint);\n"})
		err := store.Migrate(t.Context(), db, broken)
		if err == nil || !strings.Contains(err.Error(), "9000_broken.sql") {
			t.Errorf("Migrate = %v, want the file's name", err)
		}
		if err := store.Run(t.Context(), db, "SELECT * FROM half"); err == nil {
			t.Error("half of a migration stayed")
		}
	})
}

func TestServersThatStartTogetherMigrateOnce(t *testing.T) {
	test := func(t *testing.T, dsn string) {
		dbs := []*store.DB{storetest.Open(t, dsn), storetest.Open(t, dsn), storetest.Open(t, dsn)}
		var wg sync.WaitGroup
		for _, db := range dbs {
			wg.Go(func() {
				if err := db.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, err := dbs[0].Pending(t.Context()); err != nil || n != 0 {
			t.Errorf("%d pending, %v", n, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "new.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, storetest.EmptyPostgresDSN(t)) })
}

func TestAnOlderProgramIsRefused(t *testing.T) {
	test := func(t *testing.T, dsn string) {
		db := storetest.Open(t, dsn)
		if err := store.Run(t.Context(), db, "UPDATE store_schema SET min_reader = 999"); err != nil {
			t.Fatal(err)
		}
		if again, err := store.Open(t.Context(), dsn, store.Options{Log: slog.New(slog.DiscardHandler)}); err == nil {
			_ = again.Close()
			t.Error("a program that is too old opened the database")
		}
		if err := db.Migrate(t.Context()); err == nil {
			t.Error("a program that is too old migrated the database")
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, storetest.SQLiteDSN(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, storetest.PostgresDSN(t)) })
}

func TestMigrationsComeInPairs(t *testing.T) {
	pg, lite := migrations(t, "postgres"), migrations(t, "sqlite")
	for name, text := range pg {
		if _, ok := lite[name]; !ok {
			t.Errorf("%s is missing for sqlite", name)
		}
		if !strings.Contains(text, "-- +goose Down") {
			t.Errorf("%s has no way down", name)
		}
	}
	for name := range lite {
		if _, ok := pg[name]; !ok {
			t.Errorf("%s is missing for postgres", name)
		}
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	for _, dsn := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "postgres://user:secret@%zz/"} {
		db, err := store.Open(t.Context(), dsn, store.Options{})
		if err == nil {
			_ = db.Close()
			t.Errorf("Open(%q) went well", dsn)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) tells the password: %v", dsn, err)
		}
	}
}
