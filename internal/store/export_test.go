package store

import (
	"context"
	"database/sql"
	"io/fs"
	"strings"
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

// OpenSloppy opens a SQLite file as if the driver had not kept a setting.
func OpenSloppy(ctx context.Context, file string) error {
	pool, err := sql.Open("sqlite", strings.Replace(sqliteDSN(file, 4096, "immediate"), "synchronous(FULL)", "synchronous(NORMAL)", 1))
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	_, err = (&sqliteDB{path: file}).connect(ctx, pool)
	return err
}
