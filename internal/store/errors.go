package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"lapak/internal/fault"
)

// Faults of the database that a person may be told of.
var (
	// ErrBusy: the turn to write, or a connection, did not come in time.
	ErrBusy = fault.New(fault.Unavailable, "store.busy")
	// ErrUnknown: the commit may have happened. Who repeats must carry the same id.
	ErrUnknown = fault.New(fault.Unavailable, "store.unknown")
	// ErrFull: the disk is full; reading goes on.
	ErrFull = fault.New(fault.Unavailable, "store.full")
)

// IsUnique reports whether err says that a unique key is taken. On PostgreSQL
// the transaction is lost with it, so ON CONFLICT DO NOTHING is the better way.
func IsUnique(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// lostRace reports whether the transaction may simply run again.
func lostRace(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// plain adds the fault that a person is told of, where there is one.
func plain(err error) error {
	if err == nil || fault.Of(err) != nil {
		return err
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return fmt.Errorf("%w: %w", ErrFull, err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "53100":
			return fmt.Errorf("%w: %w", ErrFull, err)
		case "57014", "55P03", "53300": // statement or lock timeout, too many connections
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
