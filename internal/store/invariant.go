package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"lapak/internal/id"
)

// Invariant is something that holds for the data at all times. Its SQL returns
// the rows that break it: none, if all is well. It is read by both engines,
// over all businesses, and names no parameter.
type Invariant struct{ Name, SQL string }

// Broken is one row that breaks an invariant.
type Broken struct {
	Name string
	Row  string // columns and values; ids and numbers
}

const maxBroken = 20 // rows told of each invariant

// CheckInvariants runs each invariant as the database's owner. Where row level
// security holds for the owner too, it runs once for each business.
func CheckInvariants(ctx context.Context, db *DB, all []Invariant) ([]Broken, error) {
	var broken []Broken
	err := db.engine.owner(ctx, func(c *sql.Conn) error {
		businesses, err := db.bindings(ctx, c)
		if err != nil {
			return err
		}
		for _, inv := range all {
			seen := map[string]bool{}
			for _, b := range businesses {
				rows, err := db.breaks(ctx, c, inv, b)
				if err != nil {
					return fmt.Errorf("store: invariant %s: %w", inv.Name, err)
				}
				for _, r := range rows {
					if !seen[r] && len(seen) < maxBroken {
						seen[r] = true
						broken = append(broken, Broken{inv.Name, r})
					}
				}
			}
		}
		return nil
	})
	return broken, err
}

// bindings are the businesses to which a reading must be bound in turn; one
// empty entry where the owner sees all.
func (db *DB) bindings(ctx context.Context, c *sql.Conn) ([]string, error) {
	if !db.Postgres() {
		return []string{""}, nil
	}
	var sees bool
	if err := c.QueryRowContext(ctx, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&sees); err != nil {
		return nil, fmt.Errorf("store: rights of the owner: %w", err)
	}
	if sees {
		return []string{""}, nil
	}
	// The log's heads cannot be read across businesses, but every shop has a
	// look-up by its address, which is shared.
	list := []string{""}
	var there bool
	if err := c.QueryRowContext(ctx, "SELECT to_regclass('slugs') IS NOT NULL").Scan(&there); err != nil || !there {
		return list, err
	}
	rows, err := c.QueryContext(ctx, "SELECT DISTINCT business_id FROM slugs ORDER BY business_id")
	if err != nil {
		return nil, fmt.Errorf("store: list the businesses: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b id.ID
		if err := rows.Scan(&b); err != nil {
			return nil, fmt.Errorf("store: list the businesses: %w", err)
		}
		list = append(list, b.String())
	}
	return list, rows.Err()
}

func (db *DB) breaks(ctx context.Context, c *sql.Conn, inv Invariant, business string) (out []string, err error) {
	if db.Postgres() {
		if _, err := c.ExecContext(ctx, "BEGIN READ ONLY"); err != nil {
			return nil, err
		}
		defer rollback(c)
		if _, err := c.ExecContext(ctx, "SELECT set_config('app.business_id', $1, true)", business); err != nil {
			return nil, err
		}
	}
	text := inv.SQL
	if !db.Postgres() {
		text = adapt(text)
	}
	rows, err := c.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() && len(out) < maxBroken {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		line := ""
		for i, n := range names {
			line += fmt.Sprintf("%s=%s ", n, show(values[i]))
		}
		out = append(out, line[:max(0, len(line)-1)])
	}
	return out, rows.Err()
}

func show(v any) string {
	switch v := v.(type) {
	case []byte:
		if len(v) == 16 {
			return id.ID(v).String()
		}
		if len(v) == 36 {
			return string(v)
		}
		return hex.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}
