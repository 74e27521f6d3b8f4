package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/postgres/*.sql migrations/sqlite/*.sql
var files embed.FS

// Schema is the oldest schema that this program can still work on top of a
// newer one of: a migration that older programs must not meet writes a higher
// number into store_schema.min_reader, and this constant rises with it.
const Schema = 1

type dialect string

const (
	sqliteDialect   dialect = "sqlite"
	postgresDialect dialect = "postgres"
)

// Migrations are the files of one engine, "sqlite" or "postgres".
func Migrations(engine string) fs.FS {
	sub, err := fs.Sub(files, path.Join("migrations", engine))
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return sub
}

// Migrate brings the schema up to this program's. Each migration runs once, in
// a transaction; of several servers that start together one does it and the
// others wait.
func (db *DB) Migrate(ctx context.Context) error {
	return db.migrate(ctx, Migrations(string(db.engine.migrations())))
}

func (db *DB) migrate(ctx context.Context, files fs.FS) error {
	if err := db.checkSchema(ctx); err != nil {
		return err
	}
	err := db.provider(files, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		// Another process may have been faster with one of them; then there is
		// less left to do, and in the end nothing.
		for try := 0; err != nil && !db.Postgres() && try < 20; try++ {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(time.Duration(try) * 10 * time.Millisecond):
			}
			_, err = p.Up(ctx)
		}
		return err
	})
	if err != nil {
		return err
	}
	return db.checkSchema(ctx)
}

// migrateExactly runs those migrations and no others.
func (db *DB) migrateExactly(ctx context.Context, versions []int64) error {
	return db.provider(Migrations(string(db.engine.migrations())), func(p *goose.Provider) error {
		known := map[int64]bool{}
		for _, s := range p.ListSources() {
			known[s.Version] = true
		}
		for _, v := range versions {
			if !known[v] {
				return fmt.Errorf("migration %d: %w", v, ErrNewer)
			}
		}
		for _, v := range versions {
			if _, err := p.ApplyVersion(ctx, v, true); err != nil {
				return err
			}
		}
		return nil
	})
}

// provider runs fn with the migrations of files, ready to be run.
func (db *DB) provider(files fs.FS, fn func(*goose.Provider) error) error {
	d := db.engine.migrations()
	opts := []goose.ProviderOption{goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true)}
	var pool *sql.DB
	var kind goose.Dialect
	switch e := db.engine.(type) {
	case *sqliteDB:
		kind, pool = goose.DialectSQLite3, e.pool
		defer func() { // what was read for a migration is not kept in memory
			pool.SetMaxIdleConns(0)
			pool.SetMaxIdleConns(1)
		}()
	case *postgresDB:
		kind = goose.DialectPostgres
		conf := e.conf.Copy()
		delete(conf.RuntimeParams, "lock_timeout")
		delete(conf.RuntimeParams, "idle_in_transaction_session_timeout")
		pool = stdlib.OpenDB(*conf)
		defer func() { _ = pool.Close() }()
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return fmt.Errorf("store: make the lock of migrations: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(kind, pool, files, opts...)
	if err != nil {
		return fmt.Errorf("store: read the migrations of %s: %w", d, err)
	}
	err = fn(p)
	if part, ok := errors.AsType[*goose.PartialError](err); ok && part.Failed != nil {
		return fmt.Errorf("store: migration migrations/%s/%s: %w", d, path.Base(part.Failed.Source.Path), part.Err)
	}
	if err != nil {
		return fmt.Errorf("store: migrate %s: %w", d, err)
	}
	return nil
}

// hasTable reports whether the database has a table of that name.
func (db *DB) hasTable(ctx context.Context, c *sql.Conn, name string) (bool, error) {
	query := "SELECT count(*) FROM sqlite_master WHERE name = $1"
	if db.Postgres() {
		query = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass($1)"
	}
	var n int64
	err := c.QueryRowContext(ctx, query, name).Scan(&n)
	return n > 0, err
}

// checkSchema refuses a database that only newer programs may use.
func (db *DB) checkSchema(ctx context.Context) error {
	var need int64
	err := db.engine.owner(ctx, func(c *sql.Conn) error {
		if there, err := db.hasTable(ctx, c, "store_schema"); err != nil || !there {
			return err
		}
		return c.QueryRowContext(ctx, "SELECT min_reader FROM store_schema").Scan(&need)
	})
	if err != nil {
		return fmt.Errorf("store: read the schema's number: %w", err)
	}
	if need > Schema {
		return fmt.Errorf("store: the database needs a newer program: its schema asks for %d, this one knows %d", need, Schema)
	}
	return nil
}

// Pending counts the migrations that have not run.
func (db *DB) Pending(ctx context.Context) (int, error) {
	all, err := fs.Glob(Migrations(string(db.engine.migrations())), "*.sql")
	if err != nil {
		return 0, fmt.Errorf("store: list migrations: %w", err)
	}
	done := 0
	err = db.engine.owner(ctx, func(c *sql.Conn) error {
		if there, err := db.hasTable(ctx, c, "goose_db_version"); err != nil || !there {
			return err // a fresh database: nothing is done yet
		}
		return c.QueryRowContext(ctx, "SELECT count(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0 AND is_applied").Scan(&done)
	})
	if err != nil {
		return 0, fmt.Errorf("store: read what was migrated: %w", err)
	}
	return len(all) - done, nil
}

// Newest is the number of this program's last migration.
func Newest() int64 {
	names, err := fs.Glob(Migrations(string(postgresDialect)), "*.sql")
	if err != nil || len(names) == 0 {
		panic("store: the program has no migrations")
	}
	number, _, _ := strings.Cut(names[len(names)-1], "_")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		panic(err) // the file's name is part of the program
	}
	return n
}
