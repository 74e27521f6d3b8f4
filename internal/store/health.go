package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ReadOnly refuses writes with ErrFull, or allows them again. The operator's
// switch; the store itself does the same while the disk is nearly full.
func (db *DB) ReadOnly(on bool) { db.readOnly.Store(on) }

// Writable returns nil if writes are taken, else the fault that says why not.
func (db *DB) Writable() error {
	if db.readOnly.Load() || db.full.Load() {
		return ErrFull
	}
	return nil
}

// Stats are counts of this process.
type Stats struct {
	Writes  int64 // transactions committed
	Commits int64 // commits of the file; on PostgreSQL as many as Writes
	Waiting int64 // writers in line, or callers without a connection
	Open    int64 // connections
}

// Stats counts transactions for the metrics page.
func (db *DB) Stats() Stats {
	s := Stats{Writes: db.writes.Load(), Commits: db.commits.Load()}
	switch e := db.engine.(type) {
	case *sqliteDB:
		s.Waiting = int64(e.turn.waiting())
		s.Open = int64(e.pool.Stats().OpenConnections + e.rpool.Stats().OpenConnections)
	case *postgresDB:
		p := e.pool.Stats()
		s.Commits = s.Writes
		s.Waiting = int64(max(0, p.InUse-p.MaxOpenConnections+1))
		s.Open = int64(p.OpenConnections)
	}
	return s
}

// Inspect looks for damage, and for settings that do not keep what we promise.
// It returns a sentence for each.
func (db *DB) Inspect(ctx context.Context) ([]string, error) {
	var found []string
	err := db.engine.owner(ctx, func(c *sql.Conn) error {
		if db.Postgres() {
			return inspectPostgres(ctx, c, &found)
		}
		return inspectSQLite(ctx, c, &found)
	})
	if err != nil {
		return nil, fmt.Errorf("store: inspect: %w", err)
	}
	return found, nil
}

func inspectSQLite(ctx context.Context, c *sql.Conn, found *[]string) error {
	rows, err := c.QueryContext(ctx, "PRAGMA quick_check(20)")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			*found = append(*found, "the file is damaged: "+line)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	var orphans int
	if err := c.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&orphans); err != nil {
		return err
	}
	if orphans > 0 {
		*found = append(*found, fmt.Sprintf("%d rows point to rows that are not there", orphans))
	}
	return nil
}

func inspectPostgres(ctx context.Context, c *sql.Conn, found *[]string) error {
	for setting, want := range map[string]string{"data_checksums": "on", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"} {
		var got string
		if err := c.QueryRowContext(ctx, "SELECT current_setting($1)", setting).Scan(&got); err != nil {
			return err
		}
		if got != want && !(setting == "synchronous_commit" && got != "off") {
			*found = append(*found, fmt.Sprintf("PostgreSQL's %s is %s; what is saved is safe with %s", setting, got, want))
		}
	}
	var super bool
	if err := c.QueryRowContext(ctx, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&super); err != nil {
		return err
	}
	if super {
		*found = append(*found, "the program connects to PostgreSQL as a superuser; a role that owns only its database is enough")
	}
	return nil
}
