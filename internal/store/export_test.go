package store

import (
	"context"
	"database/sql"
)

// Run runs statements as who owns the tables.
func Run(ctx context.Context, db *DB, queries ...string) error {
	pool := func() *sql.DB {
		if e, ok := db.engine.(*sqliteDB); ok {
			return e.pool
		}
		return db.engine.(*postgresDB).pool
	}()
	for _, q := range queries {
		if _, err := pool.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
