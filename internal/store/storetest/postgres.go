package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lapak/internal/store"
)

// The private server lies in a folder of the user's own among the temporary
// files. It is started by the first test that needs it, used by the tests of
// all packages, and stopped by Stop (go run ./internal/store/storetest/pgstop).
func home() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("lapak-pg-%d", os.Getuid()))
}

var (
	server struct {
		sync.Once
		url      string // of the database "postgres", as its superuser
		template string
		err      error
	}
	serial atomic.Int64
)

// PostgresDSN names a migrated, empty database on the private server, or on
// the one that LAPAK_TEST_POSTGRES names (as a superuser).
func PostgresDSN(t testing.TB) string {
	t.Helper()
	return database(t, false)
}

// EmptyPostgresDSN names a database that was not migrated.
func EmptyPostgresDSN(t testing.TB) string {
	t.Helper()
	return database(t, true)
}

func database(t testing.TB, bare bool) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	server.Do(func() {
		server.url, server.err = start(ctx)
		if server.err == nil {
			server.template, server.err = migrated(ctx, server.url)
		}
	})
	if server.err != nil {
		t.Fatal(server.err)
	}
	name := fmt.Sprintf("lapak_test_%d_%d", os.Getpid(), serial.Add(1))
	create := func() error {
		if bare {
			return run(ctx, server.url, "CREATE DATABASE "+name)
		}
		return run(ctx, server.url, "CREATE DATABASE "+name+" TEMPLATE "+server.template)
	}
	err := create()
	if err != nil { // the template was swept away, or is being copied by another
		if server.template, err = migrated(ctx, server.url); err == nil {
			err = create()
		}
	}
	if err != nil {
		t.Fatalf("make a database for the test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := run(ctx, server.url, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	return named(server.url, name)
}

// migrated makes the database that tests copy, one for each state of the
// migrations, and returns its name.
func migrated(ctx context.Context, server string) (string, error) {
	h := sha256.New()
	files := store.Migrations("postgres")
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, n := range names {
		b, err := fs.ReadFile(files, n)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s\n%s\n", n, b)
	}
	mark := hex.EncodeToString(h.Sum(nil)[:6])
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = c.Close(ctx) }()
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock(20261123)"); err != nil { // one process makes it
		return "", fmt.Errorf("lock the templates: %w", err)
	}
	rows, err := c.Query(ctx, "SELECT datname FROM pg_database WHERE datname LIKE 'lapak\\_template\\_%' ORDER BY datname")
	if err != nil {
		return "", fmt.Errorf("list the templates: %w", err)
	}
	old, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("list the templates: %w", err)
	}
	for _, n := range old {
		if strings.HasSuffix(n, "_"+mark) {
			return n, nil
		}
	}
	for _, n := range old[:max(0, len(old)-6)] {
		_, _ = c.Exec(ctx, "DROP DATABASE "+n) // if it is in use, later
	}
	if _, err := c.Exec(ctx, "DROP DATABASE IF EXISTS lapak_making WITH (FORCE)"); err != nil {
		return "", fmt.Errorf("clear away a template: %w", err)
	}
	if _, err := c.Exec(ctx, "CREATE DATABASE lapak_making"); err != nil {
		return "", fmt.Errorf("make a template: %w", err)
	}
	db, err := store.Open(ctx, named(server, "lapak_making"), store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", err
	}
	if err := errors.Join(db.Migrate(ctx), db.Close()); err != nil {
		return "", err
	}
	name := fmt.Sprintf("lapak_template_%d_%s", time.Now().Unix(), mark)
	if _, err := c.Exec(ctx, "ALTER DATABASE lapak_making RENAME TO "+name); err != nil {
		return "", fmt.Errorf("name the template: %w", err)
	}
	return name, nil
}

func run(ctx context.Context, server, query string) error {
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, query)
	return errors.Join(err, c.Close(ctx))
}

func named(server, database string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err) // start made it
	}
	u.Path = "/" + database
	return u.String()
}

// start returns the address of the server, starting it if it does not run.
func start(ctx context.Context) (string, error) {
	if given := os.Getenv("LAPAK_TEST_POSTGRES"); given != "" {
		if u, err := url.Parse(given); err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
			return "", errors.New("LAPAK_TEST_POSTGRES must look like postgres://user:password@host/postgres")
		}
		return given, nil
	}
	dir := home()
	address := "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	unlock, err := lockFile(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if run(ctx, address, "SELECT 1") == nil {
		return address, nil
	}
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err != nil {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			return "", err
		}
		if err := own(dir); err != nil {
			return "", err
		}
		if err := tool(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
			return "", err
		}
	}
	// Nothing here must outlive a crash, so nothing waits for the disk.
	settings := "-F -c listen_addresses='' -c unix_socket_directories=" + dir + " -c max_connections=400 -c shared_buffers=128MB" +
		" -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c max_wal_size=1GB -c log_min_messages=fatal"
	if err := tool(ctx, filepath.Join(bin, "pg_ctl"), "start", "-w", "-t", "60", "-D", data, "-l", filepath.Join(dir, "log"), "-o", settings); err != nil {
		return "", err
	}
	return address, run(ctx, address, "SELECT 1")
}

// Stop ends the private server and removes it. It does nothing if there is none.
func Stop(ctx context.Context) error {
	dir := home()
	unlock, err := lockFile(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid")); err == nil {
		bin, err := binaries()
		if err != nil {
			return err
		}
		if err := tool(ctx, filepath.Join(bin, "pg_ctl"), "stop", "-m", "immediate", "-D", filepath.Join(dir, "data")); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// binaries finds the folder of initdb: where the search path leads, or where
// Debian keeps it.
func binaries() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("these tests need PostgreSQL 15 or newer: run `make test`, which installs it on Debian (apt-get install postgresql), or set LAPAK_TEST_POSTGRES to a server's address")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// tool runs a program of PostgreSQL, which refuses to be run by root: then as
// the user postgres.
func tool(ctx context.Context, name string, args ...string) error {
	words := append([]string{name}, args...)
	if os.Getuid() == 0 {
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		words = []string{"su", "postgres", "-s", "/bin/sh", "-c", strings.Join(quoted, " ")}
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = "/"
	out, err := os.CreateTemp("", "lapak-pg-out-") // a pipe would be held open by the server
	if err != nil {
		return err
	}
	defer func() { _, _ = out.Close(), os.Remove(out.Name()) }()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, said)
	}
	return nil
}

// own gives the folder to the user postgres if we are root.
func own(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("give the server's folder to the user postgres: %w %s", err, out)
	}
	return nil
}

// lockFile waits until no other test process starts or stops the server.
func lockFile(name string) (func(), error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
