package store

import (
	"context"
	"database/sql"
	"io/fs"
)

// Pool gives tests connections as who owns the tables.
func Pool(db *DB) *sql.DB {
	if e, ok := db.engine.(*sqliteDB); ok {
		return e.pool
	}
	return db.engine.(*postgresDB).pool
}

// Run runs statements as who owns the tables.
func Run(ctx context.Context, db *DB, queries ...string) error {
	for _, q := range queries {
		if _, err := Pool(db).ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// Migrate runs migrations that a test made up.
func Migrate(ctx context.Context, db *DB, files fs.FS) error { return db.migrate(ctx, files) }
