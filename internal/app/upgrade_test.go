package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func copies(t *testing.T, c app.Config) int {
	t.Helper()
	list, err := backup.Folder(c.BackupFolder()).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// An older program over a newer database changes no form, so it keeps no copy
// for that and leaves no mark that would spare the copy of the next change.
// `lapak migrate` keeps one, as a start does.
func TestCopiesAreOfChangesOfForm(t *testing.T) {
	t.Setenv("LAPAK_KEY", strings.Repeat("A", 43)+"=")
	dsn := storetest.SQLiteDSN(t)
	c := app.Config{Data: t.TempDir(), DB: dsn, LogLevel: "warn", LogFormat: "text", BackupDir: "backups", BackupEvery: time.Hour, BackupKeep: "24h", DrillEvery: time.Hour}
	form := func(text string) {
		t.Helper()
		err := storetest.Open(t, dsn).Tx(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
			_, err := tx.ExecContext(t.Context(), text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	form("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	a, err := app.New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	if _, err := os.Stat(filepath.Join(c.BackupFolder(), ".before-upgrade")); err == nil || copies(t, c) != 0 {
		t.Errorf("an older program kept %d copies and a mark: %v", copies(t, c), err)
	}
	form("DELETE FROM goose_db_version WHERE version_id IN (9999, 101)")
	if n, err := app.Migrate(t.Context(), c, slog.New(slog.DiscardHandler)); err != nil || n != 1 || copies(t, c) != 1 {
		t.Errorf("migrate made %d steps and left %d copies: %v", n, copies(t, c), err)
	}
}

// A restore that breaks off after its rows are there says that it is not finished.
func TestARestoreBrokenOffSaysSo(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.shop(t, "Dapur", 10)
	k := keeper(t, s, "")
	run, err := k.BackupNow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := targets(t)["postgres"]
	other, err := pgx.Connect(t.Context(), c.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.WithoutCancel(t.Context()))
	locked := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // as soon as the tables are made, somebody holds one: the last step, which looks at all of them, cannot
		for ctx.Err() == nil {
			var n int
			if err := other.QueryRow(ctx, "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'customers' AND mode = 'AccessExclusiveLock' AND granted AND (SELECT max(version_id) FROM goose_db_version) >= $1", store.Newest()).Scan(&n); err == nil && n > 0 {
				break
			}
		}
		_, err := other.Exec(ctx, "BEGIN; LOCK TABLE customers IN SHARE UPDATE EXCLUSIVE MODE")
		locked <- err
	}()
	err = app.Restore(t.Context(), c, app.From{File: filepath.Join(k.Config.BackupFolder(), run.File)}, func(string, ...any) {})
	if lerr := <-locked; lerr != nil {
		t.Fatal(lerr)
	}
	if err == nil || !strings.Contains(err.Error(), "NOT FINISHED") {
		t.Errorf("the restore says %v", err)
	}
}

// A start sweeps what killed processes left, and nothing that others have at work.
func TestAStartLeavesTheWorkOfOthers(t *testing.T) {
	s := keeper(t, newSite(t, storetest.SQLite(t)), "")
	temp := filepath.Join(s.Config.Data, "tmp")
	for _, name := range []string{"drill-1", "shop-2"} {
		if err := os.MkdirAll(filepath.Join(temp, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(temp, "shop-2"), old, old); err != nil {
		t.Fatal(err)
	}
	doors, err := s.Config.Open()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, doors) }()
	for range 500 {
		if list, _ := os.ReadDir(temp); len(list) < 2 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	<-served // it may have been stopped before it had begun
	if list, err := os.ReadDir(temp); err != nil || len(list) != 1 || list[0].Name() != "drill-1" {
		t.Errorf("left: %v, %v; want what may be at work", list, err)
	}
}
