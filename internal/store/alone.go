package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrInUse says that somebody else has the database open.
var ErrInUse = errors.New("the database is in use; stop the server, and every other lapak command, first")

// alone is a whole database that nobody else has open, in one transaction.
type alone struct {
	pool     *sql.DB
	c        *sql.Conn
	postgres bool
	tables   []Table
	steps    []int64 // the migrations that have run
}

// openAlone opens a migrated database for its owner alone. Until close, or
// commit, no server and no other command can write to it.
func openAlone(ctx context.Context, dsn string) (*alone, error) {
	a := &alone{}
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		// In exclusive mode SQLite locks the file itself, which no one may who
		// finds another connection open on it, be it idle.
		text := strings.Replace(sqliteDSN(path, 65536, "immediate"), "&_pragma=", "&_pragma=locking_mode(EXCLUSIVE)&_pragma=", 1)
		pool, err := sql.Open("sqlite", text)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		a.pool = pool
	} else {
		conf, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, errors.New("the address of the PostgreSQL database cannot be read") // err would show the password
		}
		conf.RuntimeParams["application_name"] = "lapak transfer"
		conf.RuntimeParams["timezone"] = "UTC"
		a.postgres = true
		a.pool = stdlib.OpenDB(*conf, stdlib.OptionAfterConnect(utc))
	}
	a.pool.SetMaxOpenConns(1)
	err := a.begin(ctx)
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *alone) begin(ctx context.Context) (err error) {
	if a.c, err = a.pool.Conn(ctx); err != nil {
		return inUse(fmt.Errorf("connect: %w", err))
	}
	if a.postgres {
		if err := a.aside(ctx); err != nil {
			return err
		}
	} else if _, err := a.c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return inUse(fmt.Errorf("begin: %w", err))
	}
	if a.tables, err = tables(ctx, a.c, a.postgres); err != nil {
		return err
	}
	if err := eachRow(ctx, a.c, "SELECT DISTINCT version_id FROM goose_db_version WHERE version_id > 0 AND is_applied ORDER BY version_id", func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		a.steps = append(a.steps, n)
		return err
	}); err != nil {
		return fmt.Errorf("read which migrations have run: %w", err)
	}
	return a.open(ctx)
}

// aside begins the transaction on PostgreSQL, unless a server is connected. The
// tables are locked before anything is read: what the transaction sees is fixed
// by its first question, and what a server commits later would be missing.
func (a *alone) aside(ctx context.Context) error {
	if err := a.nobody(ctx); err != nil {
		return err
	}
	list, err := tables(ctx, a.c, true)
	if err != nil {
		return err
	}
	_, err = a.c.ExecContext(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, t := range list {
		if _, err := a.c.ExecContext(ctx, "LOCK TABLE "+quote(t.Name)+" IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return inUse(fmt.Errorf("lock %s: %w", t.Name, err))
		}
	}
	return a.nobody(ctx) // one that came meanwhile waits for the locks
}

// nobody makes sure that no server and no other command is connected. One that
// was stopped just now may be listed for a moment longer.
func (a *alone) nobody(ctx context.Context) error {
	for try := 0; ; try++ {
		var others int64
		if _, err := a.c.ExecContext(ctx, "SELECT pg_stat_clear_snapshot()"); err != nil {
			return err
		}
		if err := a.c.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lapak%' AND pid <> pg_backend_pid()").Scan(&others); err != nil {
			return fmt.Errorf("look who is connected: %w", err)
		}
		if others == 0 {
			return nil
		}
		if try == 20 {
			return ErrInUse
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// open takes the wall down before the owner of the tables, for this transaction
// alone: the change ends with it.
func (a *alone) open(ctx context.Context) error {
	if !a.postgres {
		return nil
	}
	for _, t := range a.tables {
		if !t.walled {
			continue
		}
		if _, err := a.c.ExecContext(ctx, "ALTER TABLE "+quote(t.Name)+" NO FORCE ROW LEVEL SECURITY"); err != nil {
			return inUse(fmt.Errorf("lock %s: %w", t.Name, err))
		}
	}
	return nil
}

// commit puts the wall up again and keeps what was written.
func (a *alone) commit(ctx context.Context) error {
	if a.postgres {
		for _, t := range a.tables {
			if !t.walled {
				continue
			}
			if _, err := a.c.ExecContext(ctx, "ALTER TABLE "+quote(t.Name)+" FORCE ROW LEVEL SECURITY"); err != nil {
				return fmt.Errorf("wall of %s: %w", t.Name, err)
			}
		}
	}
	if _, err := a.c.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// close gives the database free; what was not committed is undone.
func (a *alone) close() error {
	var err error
	if a.c != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, _ = a.c.ExecContext(ctx, "ROLLBACK") // after a commit there is nothing to undo
		err = a.c.Close()
	}
	return errors.Join(err, a.pool.Close())
}

// empty reports the first table that holds a row.
func (a *alone) empty(ctx context.Context) (string, error) {
	for _, t := range a.tables {
		found := false
		if err := eachRow(ctx, a.c, "SELECT 1 FROM "+quote(t.Name)+" LIMIT 1", func(*sql.Rows) error { found = true; return nil }); err != nil {
			return "", fmt.Errorf("look into %s: %w", t.Name, err)
		}
		if found {
			return t.Name, nil
		}
	}
	return "", nil
}

// fits refuses a database whose schema is not that of this program.
func (a *alone) fits() error {
	engine := "sqlite"
	if a.postgres {
		engine = "postgres"
	}
	names, err := fs.Glob(Migrations(engine), "*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	var want []int64
	for _, n := range names {
		number, _, _ := strings.Cut(path.Base(n), "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("number of %s: %w", n, err)
		}
		want = append(want, v)
	}
	slices.Sort(want)
	if !slices.Equal(a.steps, want) {
		return fmt.Errorf("the database has %d of this program's %d steps; run lapak migrate with this program first", len(a.steps), len(want))
	}
	return nil
}

func inUse(err error) error {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok && lite.Code()&0xff == sqlite3.SQLITE_BUSY {
		return ErrInUse
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "55P03" {
		return ErrInUse
	}
	return err
}
