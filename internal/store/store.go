// Package store is the one door to the database, SQLite or PostgreSQL. Slices
// see a DB, which runs transactions, and a Tx, to which sqlc's generated
// methods are passed; the same SQL text runs on both engines.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
)

// Options are what may differ between installations; zero values mean defaults.
type Options struct {
	Log     *slog.Logger
	Conns   int           // PostgreSQL connections; 8 per core, at least 16
	Readers int           // SQLite reading connections; 2 per core, at least 4
	Timeout time.Duration // of one statement; 2 s
}

const (
	statementTimeout = 2 * time.Second
	longTimeout      = 60 * time.Second
)

// DB is an open database.
type DB struct {
	// Now is the clock of every transaction. Tests set it before use.
	Now func() time.Time

	log      *slog.Logger
	timeout  time.Duration
	engine   engine
	versions versions
	settings settings
	stop     context.CancelFunc

	subscribers subscribers
	described   described

	readOnly, full  atomic.Bool
	writes, commits atomic.Int64
}

// engine is what the two databases do differently.
type engine interface {
	write(ctx context.Context, sc authz.Scope, tx *Tx, fn func(*Tx) error) error
	read(ctx context.Context, sc authz.Scope, tx *Tx, fn func(*Tx) error) error
	owner(ctx context.Context, fn func(*sql.Conn) error) error
	migrations() dialect
	ping(ctx context.Context) error
	close() error
}

// conn runs statements of one transaction.
type conn interface {
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
	row(ctx context.Context, query string, args []any) *sql.Row
	prepare(ctx context.Context, query string) (*sql.Stmt, error)
}

// Open opens the database that dsn names: "sqlite:PATH", made if it is not
// there, or "postgres://...". It does not migrate.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	db := &DB{Now: time.Now, log: o.Log, timeout: o.Timeout}
	if db.log == nil {
		db.log = slog.Default()
	}
	if db.timeout == 0 {
		db.timeout = statementTimeout
	}
	db.versions.start()
	background, stop := context.WithCancel(context.Background())
	db.stop = stop
	var err error
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		db.engine, err = openSQLite(ctx, background, db, path, o)
	} else if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		db.engine, err = openPostgres(ctx, background, db, dsn, o)
	} else {
		err = errors.New("store: the database is named by sqlite:PATH or postgres://USER@HOST/NAME")
	}
	if err != nil {
		stop()
		return nil, err
	}
	if err := db.checkSchema(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close waits for running transactions and closes the database.
func (db *DB) Close() error {
	db.stop()
	return db.engine.close()
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.engine.ping(ctx) }

// Postgres reports which engine it is, for what an operator is told.
func (db *DB) Postgres() bool { return db.engine.migrations() == postgresDialect }

// Tx runs fn in a transaction that may write. It commits if fn returns nil,
// and else changes nothing. On PostgreSQL the transaction sees and writes only
// rows of sc.Business. fn may run again after a lost race: it sets all it
// returns anew, and touches nothing but tx. It must not call Tx itself, but
// under Whole.
func (db *DB) Tx(ctx context.Context, sc authz.Scope, fn func(*Tx) error) error {
	if w := joined(ctx); w != nil {
		return w.run(sc, true, fn)
	}
	if err := db.Writable(); err != nil {
		return err
	}
	tx := db.newTx(ctx, sc, false)
	if err := db.engine.write(ctx, sc, tx, fn); err != nil {
		return err
	}
	db.writes.Add(1)
	for _, b := range tx.touched {
		db.versions.bump(b)
	}
	for _, f := range tx.after {
		f()
	}
	for _, topic := range tx.signals {
		db.subscribers.tell(topic)
	}
	return nil
}

// View runs fn in a transaction that only reads, all of it at one moment.
func (db *DB) View(ctx context.Context, sc authz.Scope, fn func(*Tx) error) error {
	if w := joined(ctx); w != nil {
		return w.run(sc, false, fn)
	}
	return db.engine.read(ctx, sc, db.newTx(ctx, sc, true), fn)
}

func (db *DB) newTx(ctx context.Context, sc authz.Scope, reads bool) *Tx {
	tx := &Tx{db: db, request: sc.Request, reads: reads, limit: db.timeout, since: db.versions.now()}
	if ctx.Value(longKey{}) != nil {
		tx.limit = longTimeout
	}
	return tx
}

// begin readies tx for a run of its function, the first or a repeated one.
func (tx *Tx) begin(c conn) {
	tx.Now = tx.db.Now().UTC().Truncate(time.Microsecond)
	tx.c, tx.touched, tx.before, tx.after, tx.signals, tx.local = c, nil, nil, nil, nil, nil
	tx.over.Store(false)
}

// end makes later use of tx an error.
func (tx *Tx) end() {
	tx.over.Store(true)
	for _, cancel := range tx.cancels {
		cancel()
	}
	tx.cancels = nil
}

// Tx is a running transaction. sqlc's generated methods take it as their db.
type Tx struct {
	// Now is the time of the transaction: UTC, whole microseconds.
	Now time.Time

	db      *DB
	c       conn
	request string
	reads   bool
	limit   time.Duration
	touched []touch
	since   uint64 // the last version given out before it began
	before  []func() error
	after   []func()
	signals []string
	local   map[any]any
	cancels []context.CancelFunc
	over    atomic.Bool
}

// BeforeCommit runs fn when the transaction's function has done its work; an
// error from it undoes the transaction.
func (tx *Tx) BeforeCommit(fn func() error) { tx.before = append(tx.before, fn) }

// flush runs what waits for the end of the transaction's function.
func (tx *Tx) flush() error {
	for len(tx.before) > 0 {
		fn := tx.before[0]
		tx.before = tx.before[1:]
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}

// Local returns what this transaction keeps under key, made at first use.
func (tx *Tx) Local(key any, fresh func() any) any {
	if v, ok := tx.local[key]; ok {
		return v
	}
	if tx.local == nil {
		tx.local = map[any]any{}
	}
	v := fresh()
	tx.local[key] = v
	return v
}

// Signal tells the subscribers of topic in this process, after the commit.
func (tx *Tx) Signal(topic string) {
	if !slices.Contains(tx.signals, topic) {
		tx.signals = append(tx.signals, topic)
	}
}

// AfterCommit runs fn once the transaction is committed, and only then.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// Touch notes that something public of the business changes: when the
// transaction commits its Version rises, here and on the other servers.
func (tx *Tx) Touch(business id.ID) { tx.touch(touch{business, false}) }

// TouchStock is Touch where nothing but stock changes: what the business has
// set stays known.
func (tx *Tx) TouchStock(business id.ID) { tx.touch(touch{business, true}) }

// touch notes a change once, however many rows make it up.
func (tx *Tx) touch(t touch) {
	if !slices.Contains(tx.touched, t) {
		tx.touched = append(tx.touched, t)
	}
}

// Postgres reports which engine runs the transaction. It is for package store.
func (tx *Tx) Postgres() bool { return tx.db.Postgres() }

var errOver = errors.New("store: the transaction is over")

// context is what a statement runs under: the caller's, limited in time. The
// limit ends with the transaction, so rows may be read until then.
func (tx *Tx) context(ctx context.Context) context.Context {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	if tx.over.Load() {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(errOver)
		return ctx
	}
	ctx, cancel := context.WithTimeout(ctx, tx.limit)
	tx.cancels = append(tx.cancels, cancel)
	return ctx
}

// ExecContext runs a statement that returns no rows.
func (tx *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = tx.context(ctx)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	record(ctx, query, args)
	return tx.c.exec(ctx, query, args)
}

// QueryContext runs a statement that returns rows.
func (tx *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = tx.context(ctx)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	record(ctx, query, args)
	return tx.c.query(ctx, query, args)
}

// QueryRowContext runs a statement that returns at most one row.
func (tx *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	record(ctx, query, args)
	return tx.c.row(tx.context(ctx), query, args)
}

// PrepareContext makes a statement to be run often in this transaction.
func (tx *Tx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	ctx = tx.context(ctx)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return tx.c.prepare(ctx, query)
}

type (
	countKey struct{}
	longKey  struct{}
)

// CountQueries returns a context, and the number of statements run under it so far.
func CountQueries(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, countKey{}, n), n
}

// Long returns a context under which a statement may take a minute, for jobs
// and commands; a request's statements may take two seconds.
func Long(ctx context.Context) context.Context { return context.WithValue(ctx, longKey{}, true) }

// IDs writes the argument of each_id: IN (SELECT value FROM each_id(@ids)).
func IDs(ids []id.ID) string { return list(ids) }

// Texts writes the argument of each_text.
func Texts(texts []string) string { return list(texts) }

func list[T any](items []T) string {
	if items == nil {
		items = []T{}
	}
	b, err := json.Marshal(items)
	if err != nil {
		panic(fmt.Sprintf("store: a list as JSON: %v", err)) // ids and texts always have a JSON form
	}
	return string(b)
}
