package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

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
	// ErrBroken: the disk takes no writing, or does not read; nothing was saved.
	ErrBroken = fault.New(fault.Unavailable, "store.broken")
	// ErrDown: the database server does not answer, or broke the connection.
	ErrDown = fault.New(fault.Unavailable, "store.down")
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
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", ErrBroken, err)
		}
	}
	if down(err) {
		return fmt.Errorf("%w: %w", ErrDown, err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "53100":
			return fmt.Errorf("%w: %w", ErrFull, err)
		case "57014", "55P03", "53300": // statement or lock timeout, too many connections
			return fmt.Errorf("%w: %w", ErrBusy, err)
		case "25006": // a standby, or a server that was set to read only
			return fmt.Errorf("%w: %w", ErrBroken, err)
		}
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// down reports whether err says that the PostgreSQL server cannot be reached,
// or that the connection to it broke.
func down(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08")
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if n, ok := errors.AsType[*net.OpError](err); ok {
		return !n.Timeout()
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		err != nil && strings.Contains(err.Error(), "conn closed") // pgx has no name for it
}

// unreachable reports whether there is no server to speak to at all, so that
// trying again at once is of no use.
func unreachable(err error) bool {
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok
}

// ill reports whether SQLite met an error of the disk: what the connection
// holds in memory is not trusted any more. A page that cannot be read is told
// as a malformed one.
func ill(err error) bool {
	lite, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	code := lite.Code() & 0xff
	return code == sqlite3.SQLITE_IOERR || code == sqlite3.SQLITE_CORRUPT
}

// commitFailed says what a failed COMMIT of the file means. If it was written
// but could not be made durable, it may be found after all when the file is
// opened anew; in all other cases nothing was saved.
func commitFailed(err error) error {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() {
		case sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC:
			return fmt.Errorf("%w: commit: %w", ErrUnknown, err)
		}
	}
	return fmt.Errorf("commit: %w", err)
}
