package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A whole database leaves through Snapshot and comes back through Fill, table
// by table, in values that both engines share: what one wrote the other reads.

// Faults of filling a database, for who runs a command.
var (
	// ErrNotBare: the database holds something already.
	ErrNotBare = errors.New("the database is not empty; name one that is")
	// ErrHidden: the owner of the database does not see all of its rows.
	ErrHidden = errors.New("the owner of the database cannot read every business's rows; run: lapak migrate")
	// ErrNewer: the migrations are of a program newer than this one.
	ErrNewer = errors.New("it was made by a newer program; use that one")
)

// Snapshot is the whole database at one moment, as its owner sees it.
type Snapshot struct {
	At         time.Time // a moment that is not later than what is seen
	Engine     string    // "sqlite" or "postgres"
	Tables     []Table   // those referred to first
	Migrations []int64   // that have run

	c        *sql.Conn
	postgres bool
}

// Snapshot runs fn on the whole database as it stands now. Who writes is not
// held up, however long fn takes.
func (db *DB) Snapshot(ctx context.Context, fn func(*Snapshot) error) error {
	s := &Snapshot{At: db.Now().UTC().Truncate(time.Microsecond), Engine: string(db.engine.migrations()), postgres: db.Postgres()}
	return db.engine.owner(ctx, func(c *sql.Conn) error {
		s.c = c
		begin := "BEGIN"
		if s.postgres {
			begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT set_config('app.whole', 'on', true), set_config('statement_timeout', '0', true)," +
				" set_config('idle_in_transaction_session_timeout', '0', true)"
		}
		if _, err := c.ExecContext(ctx, begin); err != nil {
			return fmt.Errorf("store: begin a snapshot: %w", err)
		}
		defer rollbackAny(c, s.postgres)
		var err error
		if s.Migrations, err = db.migrated(ctx, c); err != nil {
			return err
		}
		if s.Tables, err = tables(ctx, c, s.postgres); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if s.postgres {
			if err := seesWhole(ctx, c, s.Tables); err != nil {
				return err
			}
		}
		return fn(s)
	})
}

func rollbackAny(c *sql.Conn, postgres bool) {
	if postgres {
		rollback(c)
		return
	}
	_, _ = c.ExecContext(context.Background(), "ROLLBACK")
}

// seesWhole makes sure that no row stays hidden from the owner: a snapshot
// that lacks rows is worse than none.
func seesWhole(ctx context.Context, c *sql.Conn, list []Table) error {
	var all bool
	if err := c.QueryRowContext(ctx, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&all); err != nil || all {
		return err
	}
	open := map[string]bool{}
	if err := eachRow(ctx, c, `SELECT tablename FROM pg_policies WHERE schemaname = current_schema() AND policyname = 'whole' AND current_user = ANY (roles)`, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		open[name] = true
		return err
	}); err != nil {
		return fmt.Errorf("store: read the policies: %w", err)
	}
	for _, t := range list {
		if t.walled && !open[t.Name] {
			return fmt.Errorf("store: table %s: %w", t.Name, ErrHidden)
		}
	}
	return nil
}

// Rows reads all rows of a table in the order of its key, the columns as
// Names lists them. The slice that fn gets is used again for the next row.
func (s *Snapshot) Rows(ctx context.Context, t Table, fn func([]any) error) error {
	names := t.Names()
	return t.scan(ctx, s.c, names, t.selecting(s.postgres, names, ""), nil, fn)
}

// migrated lists the migrations that have run; none in a bare database.
func (db *DB) migrated(ctx context.Context, c *sql.Conn) ([]int64, error) {
	there, err := db.hasTable(ctx, c, "goose_db_version")
	if err != nil || !there {
		return nil, err
	}
	var list []int64
	err = eachRow(ctx, c, "SELECT DISTINCT version_id FROM goose_db_version WHERE version_id > 0 AND is_applied ORDER BY version_id", func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		list = append(list, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read what was migrated: %w", err)
	}
	return list, nil
}

// Form lists the migrations that have run, by their numbers.
func (db *DB) Form(ctx context.Context) (list []int64, err error) {
	err = db.engine.owner(ctx, func(c *sql.Conn) error {
		list, err = db.migrated(ctx, c)
		return err
	})
	return list, err
}

// Size is how many bytes the database takes on its disk.
func (db *DB) Size(ctx context.Context) (n int64, err error) {
	query := "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
	if db.Postgres() {
		query = "SELECT pg_database_size(current_database())"
	}
	err = db.engine.owner(ctx, func(c *sql.Conn) error { return c.QueryRowContext(ctx, query).Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("store: size of the database: %w", err)
	}
	return n, nil
}

// Untouched reports whether nothing was ever made in the database.
func (db *DB) Untouched(ctx context.Context) (bare bool, err error) {
	err = db.engine.owner(ctx, func(c *sql.Conn) error {
		for _, name := range []string{"goose_db_version", "store_schema", "people"} {
			if there, err := db.hasTable(ctx, c, name); err != nil || there {
				return err
			}
		}
		bare = true
		return nil
	})
	return bare, err
}

// Filling takes the rows of a database that is being filled.
type Filling struct {
	Tables []Table

	c        *sql.Conn
	postgres bool
	stmts    map[string]*sql.Stmt
}

// Fill brings a bare database to the form that those migrations make, and lets
// fn put rows into it. What refers to what is checked when fn has ended; an
// error undoes the rows. Migrate brings it to this program's form later.
func (db *DB) Fill(ctx context.Context, migrations []int64, fn func(*Filling) error) error {
	if bare, err := db.Untouched(ctx); err != nil || !bare {
		return errors.Join(err, map[bool]error{false: ErrNotBare}[bare])
	}
	if err := db.migrateExactly(ctx, migrations); err != nil {
		return err
	}
	if db.Postgres() {
		return db.fillPostgres(ctx, fn)
	}
	return db.fillSQLite(ctx, fn)
}

func (db *DB) fillSQLite(ctx context.Context, fn func(*Filling) error) (err error) {
	e := db.engine.(*sqliteDB)
	if err := e.turn.take(ctx); err != nil {
		return err
	}
	defer e.turn.give()
	c, err := e.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: connect: %w", err)
	}
	defer func() { (&liteConn{Conn: c}).shut() }() // its settings are not the usual ones
	// Nothing counts before the last statement here, which waits for the disk.
	for _, p := range []string{"PRAGMA foreign_keys=OFF", "PRAGMA synchronous=OFF", "BEGIN IMMEDIATE"} {
		if _, err := c.ExecContext(ctx, p); err != nil {
			return fmt.Errorf("store: %s: %w", p, err)
		}
	}
	f := &Filling{c: c, stmts: map[string]*sql.Stmt{}}
	defer func() {
		for _, s := range f.stmts {
			_ = s.Close()
		}
		if err != nil {
			_, _ = c.ExecContext(context.Background(), "ROLLBACK")
		}
	}()
	if err := f.clear(ctx); err != nil {
		return err
	}
	if err := fn(f); err != nil {
		return err
	}
	var orphans int
	if err := c.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&orphans); err != nil {
		return fmt.Errorf("store: check the references: %w", err)
	}
	if orphans > 0 {
		return fmt.Errorf("store: %d rows point to rows that are not there", orphans)
	}
	for _, p := range []string{"COMMIT", "PRAGMA synchronous=FULL", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := c.ExecContext(ctx, p); err != nil {
			return fmt.Errorf("store: %s: %w", p, err)
		}
	}
	return nil
}

func (db *DB) fillPostgres(ctx context.Context, fn func(*Filling) error) error {
	return db.engine.owner(ctx, func(c *sql.Conn) error {
		if _, err := c.ExecContext(ctx, "BEGIN; SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true), set_config('lock_timeout', '0', true)"); err != nil {
			return fmt.Errorf("store: begin to fill: %w", err)
		}
		done := false
		defer func() {
			if !done {
				rollback(c)
			}
		}()
		f := &Filling{c: c, postgres: true}
		restore, err := f.unbind(ctx)
		if err != nil {
			return err
		}
		if err := f.clear(ctx); err != nil {
			return err
		}
		if err := fn(f); err != nil {
			return err
		}
		for _, q := range append(restore, "COMMIT") {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("store: %s: %w", q, err)
			}
		}
		done = true
		_, err = c.ExecContext(ctx, "ANALYZE")
		return err
	})
}

// unbind takes references and walls off for the length of the transaction, and
// returns what puts them back.
func (f *Filling) unbind(ctx context.Context) (restore []string, err error) {
	var now []string
	err = eachRow(ctx, f.c, `SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		WHERE k.contype = 'f' AND k.conparentid = 0 AND c.relnamespace = CAST(current_schema() AS regnamespace) ORDER BY c.relname, k.conname`, func(rows *sql.Rows) error {
		var table, name, def string
		err := rows.Scan(&table, &name, &def)
		now = append(now, "ALTER TABLE "+quote(table)+" DROP CONSTRAINT "+quote(name))
		restore = append(restore, "ALTER TABLE "+quote(table)+" ADD CONSTRAINT "+quote(name)+" "+def)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read the references: %w", err)
	}
	list, err := tables(ctx, f.c, true)
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		if t.walled {
			now = append(now, "ALTER TABLE "+quote(t.Name)+" NO FORCE ROW LEVEL SECURITY")
			restore = append(restore, "ALTER TABLE "+quote(t.Name)+" FORCE ROW LEVEL SECURITY")
		}
	}
	for _, q := range now {
		if _, err := f.c.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("store: %s: %w", q, err)
		}
	}
	return restore, nil
}

// clear takes out the rows that migrations put in; those that come hold them too.
func (f *Filling) clear(ctx context.Context) error {
	var err error
	if f.Tables, err = tables(ctx, f.c, f.postgres); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	for _, t := range f.Tables {
		if _, err := f.c.ExecContext(ctx, "DELETE FROM "+quote(t.Name)); err != nil {
			return fmt.Errorf("store: empty %s: %w", t.Name, err)
		}
	}
	return nil
}

// Table finds a table of the database by its name.
func (f *Filling) Table(name string) (Table, bool) {
	i := slices.IndexFunc(f.Tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, false
	}
	return f.Tables[i], true
}

// Insert writes rows, the columns as Names lists them.
func (f *Filling) Insert(ctx context.Context, t Table, rows [][]any) error {
	if f.postgres && !t.search {
		return f.copyIn(ctx, t, rows)
	}
	if f.postgres {
		return t.insert(ctx, f.c, t.Names(), rows, true)
	}
	names := t.Names()
	s := f.stmts[t.Name]
	if s == nil {
		quoted, marks := make([]string, len(names)), make([]string, len(names))
		for i, n := range names {
			quoted[i], marks[i] = quote(n), fmt.Sprintf("$%d", i+1)
			if t.search && n == "doc" {
				quoted[i] = "rowid"
			}
		}
		var err error
		s, err = f.c.PrepareContext(ctx, "INSERT INTO "+quote(t.Name)+" ("+strings.Join(quoted, ", ")+") VALUES ("+strings.Join(marks, ", ")+")")
		if err != nil {
			return fmt.Errorf("store: insert into %s: %w", t.Name, err)
		}
		f.stmts[t.Name] = s
	}
	for _, row := range rows {
		if _, err := s.ExecContext(ctx, row...); err != nil {
			return fmt.Errorf("store: insert into %s: %w", t.Name, err)
		}
	}
	return nil
}

func (f *Filling) copyIn(ctx context.Context, t Table, rows [][]any) error {
	names := t.Names()
	err := f.c.Raw(func(d any) error {
		cols := make([]Column, len(names))
		for n, name := range names {
			cols[n], _ = t.Column(name)
		}
		i := -1
		out := make([]any, len(names))
		_, err := d.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{t.Name}, names, pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i >= len(rows) {
				return nil, nil
			}
			for n, v := range rows[i] {
				out[n] = v
				if b, ok := v.([]byte); ok && cols[n].Kind == UUID && len(b) == 16 {
					out[n] = [16]byte(b)
				}
			}
			return out, nil
		}))
		return err
	})
	if err != nil {
		return fmt.Errorf("store: copy into %s: %w", t.Name, err)
	}
	return nil
}

// Rows reads back what was put in, as Snapshot.Rows does.
func (f *Filling) Rows(ctx context.Context, t Table, fn func([]any) error) error {
	names := t.Names()
	return t.scan(ctx, f.c, names, t.selecting(f.postgres, names, ""), nil, fn)
}
