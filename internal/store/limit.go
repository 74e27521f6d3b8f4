package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"lapak/internal/id"
)

// This file is for package bench: what a transaction wrote, and what the
// database itself can do with the same rows.

// Statement is one that wrote, with its arguments.
type Statement struct {
	Query string
	Args  []any
}

// RecordWrites returns a context, and the statements that write run under it.
// Only one goroutine may use the context.
func RecordWrites(ctx context.Context) (context.Context, *[]Statement) {
	list := new([]Statement)
	return context.WithValue(ctx, recordKey{}, list), list
}

type recordKey struct{}

func record(ctx context.Context, query string, args []any) {
	list, ok := ctx.Value(recordKey{}).(*[]Statement)
	if !ok {
		return
	}
	text := query
	for strings.HasPrefix(text, "--") { // the name that sqlc writes
		_, text, _ = strings.Cut(text, "\n")
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch strings.ToUpper(verb) {
	case "INSERT", "UPDATE", "DELETE":
		*list = append(*list, Statement{query, args})
	}
}

// Bare is a connection that writes rows, and does nothing else.
type Bare struct {
	c        *sql.Conn
	postgres bool
	stmts    map[string]*sql.Stmt
}

// Bare opens one. It is as durable as the store's own: the same settings.
func (db *DB) Bare(ctx context.Context) (*Bare, error) {
	b := &Bare{stmts: map[string]*sql.Stmt{}}
	var err error
	switch e := db.engine.(type) {
	case *sqliteDB:
		b.c, err = e.pool.Conn(ctx)
	case *postgresDB:
		b.postgres = true
		b.c, err = e.pool.Conn(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("store: connect: %w", err)
	}
	return b, nil
}

// Write writes statements of one business in one transaction. On PostgreSQL
// that transaction acts as those of the store do.
func (b *Bare) Write(ctx context.Context, business id.ID, list []Statement) error {
	begin := "BEGIN IMMEDIATE"
	if b.postgres {
		begin = fmt.Sprintf("BEGIN; SELECT set_config('role', '%s', true), set_config('app.business_id', '%s', true)", Role, business)
	}
	if _, err := b.c.ExecContext(ctx, begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, s := range list {
		if err := b.exec(ctx, s); err != nil {
			_, rerr := b.c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			return errors.Join(err, rerr)
		}
	}
	_, err := b.c.ExecContext(ctx, "COMMIT")
	return err
}

func (b *Bare) exec(ctx context.Context, s Statement) error {
	if b.postgres { // pgx keeps them prepared
		_, err := b.c.ExecContext(ctx, s.Query, s.Args...)
		return err
	}
	p, ok := b.stmts[s.Query]
	if !ok {
		var err error
		if p, err = b.c.PrepareContext(ctx, adapt(s.Query)); err != nil {
			return err
		}
		b.stmts[s.Query] = p
	}
	_, err := p.ExecContext(ctx, s.Args...)
	return err
}

// Close gives the connection back.
func (b *Bare) Close() error {
	for _, s := range b.stmts {
		_ = s.Close()
	}
	return b.c.Close()
}

// Analyze lets the database look at its tables anew, after many rows came in
// at once.
func (db *DB) Analyze(ctx context.Context) error {
	return db.engine.owner(ctx, func(c *sql.Conn) error {
		if !db.Postgres() {
			return nil // no plan of ours depends on it
		}
		if _, err := c.ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
			return fmt.Errorf("analyze: %w", err)
		}
		_, err := c.ExecContext(ctx, "CHECKPOINT")
		return err
	})
}

// Conns is how many transactions may run at once: one that writes, on SQLite.
func (db *DB) Conns() int {
	if e, ok := db.engine.(*postgresDB); ok {
		return e.pool.Stats().MaxOpenConnections
	}
	return 1
}
