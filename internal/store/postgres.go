package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"lapak/internal/authz"
	"lapak/internal/defect"
)

// Role is who transactions act as: it owns nothing, so row level security
// holds for it. The migrations make it.
const Role = "lapak_app"

const (
	connTimeout = 4 * time.Second // for a connection of the pool

	tries   = 4 // one, and three after a lost race
	channel = "lapak_touch"
)

// postgresDB gives each transaction a connection of a pool.
type postgresDB struct {
	db      *DB
	pool    *sql.DB
	conf    *pgx.ConnConfig
	done    sync.WaitGroup
	timeout time.Duration
}

func openPostgres(ctx, background context.Context, db *DB, dsn string, o Options) (*postgresDB, error) {
	conf, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("store: the address of the PostgreSQL database cannot be read") // err would show the password
	}
	conf.RuntimeParams["application_name"] = "lapak"
	conf.RuntimeParams["timezone"] = "UTC"
	conf.RuntimeParams["synchronize_seqscans"] = "off" // a search reads the same rows first each time, or its pages would not follow each other
	ms := strconv.FormatInt(db.timeout.Milliseconds(), 10)
	conf.RuntimeParams["lock_timeout"] = ms
	conf.RuntimeParams["idle_in_transaction_session_timeout"] = "15000"
	if conf.ConnectTimeout == 0 {
		conf.ConnectTimeout = 2 * time.Second // twice that where TLS is tried first
	}
	e := &postgresDB{db: db, conf: conf, timeout: db.timeout}
	e.pool = stdlib.OpenDB(*conf, stdlib.OptionAfterConnect(utc))
	n := o.Conns
	if n == 0 {
		n = max(16, 8*runtime.GOMAXPROCS(0))
	}
	e.pool.SetMaxOpenConns(n)
	e.pool.SetMaxIdleConns(n)
	e.pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := e.ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: connect to PostgreSQL: %w", err), e.pool.Close())
	}
	var version int
	if err := e.pool.QueryRowContext(ctx, "SELECT CAST(current_setting('server_version_num') AS int)").Scan(&version); err != nil {
		return nil, errors.Join(fmt.Errorf("store: read the version of PostgreSQL: %w", err), e.pool.Close())
	}
	if version < 150000 {
		return nil, errors.Join(fmt.Errorf("store: PostgreSQL is version %d; 15 or newer is needed", version/10000), e.pool.Close())
	}
	db.versions.setBlind(true)
	listening := make(chan struct{})
	e.done.Go(func() { e.listen(background, listening) })
	select {
	case <-listening:
	case <-time.After(conf.ConnectTimeout): // it goes on trying; until then nothing is cached
	}
	return e, nil
}

// utc makes times come back in UTC, as on SQLite.
func utc(_ context.Context, c *pgx.Conn) error {
	c.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
	return nil
}

func (e *postgresDB) write(ctx context.Context, sc authz.Scope, tx *Tx, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		err := e.run(ctx, sc, tx, fn)
		again := lostRace(err) || brokeOff(err) && try < tries-1
		if err == nil || !again {
			return plain(err)
		}
		if try == tries {
			return fmt.Errorf("%w: %d lost races: %w", ErrBusy, tries, err)
		}
		pause := time.Duration(rand.Int64N(int64(10*time.Millisecond) << try))
		select {
		case <-ctx.Done():
			return plain(ctx.Err())
		case <-time.After(pause):
		}
	}
}

func (e *postgresDB) read(ctx context.Context, sc authz.Scope, tx *Tx, fn func(*Tx) error) error {
	err := e.run(ctx, sc, tx, fn)
	for try := 1; try < tries-1 && brokeOff(err) && ctx.Err() == nil; try++ {
		err = e.run(ctx, sc, tx, fn)
	}
	return plain(err)
}

// brokeOff reports whether the connection broke before the commit was sent:
// nothing was saved, and another connection may do.
func brokeOff(err error) bool {
	return down(err) && !unreachable(err) && !errors.Is(err, ErrUnknown)
}

// run is one try of a transaction.
func (e *postgresDB) run(ctx context.Context, sc authz.Scope, tx *Tx, fn func(*Tx) error) error {
	wait, got := context.WithTimeout(ctx, connTimeout)
	c, err := e.pool.Conn(wait)
	late := wait.Err() != nil && ctx.Err() == nil
	got()
	if s := e.pool.Stats(); err != nil && late && s.InUse < s.MaxOpenConnections { // a connection was free: it is the server that says nothing
		return fmt.Errorf("%w: connect: %w", ErrDown, err)
	}
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	committed := false
	defer func() {
		tx.end()
		if !committed {
			rollback(c)
		}
		if !defect.On("ack-early") || !committed {
			_ = c.Close()
		}
	}()
	// One round trip: without arguments the text may hold many statements. All
	// that is put into it is made here.
	mode := "BEGIN"
	if tx.reads {
		mode = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	business := ""
	if !sc.Business.IsZero() {
		business = sc.Business.String()
	}
	begin, begun := context.WithTimeout(ctx, tx.limit)
	defer begun()
	if _, err := c.ExecContext(begin, fmt.Sprintf("%s; SELECT set_config('role', '%s', true), set_config('app.business_id', '%s', true), set_config('statement_timeout', '%d', true)",
		mode, Role, business, tx.limit.Milliseconds())); err != nil {
		if begin.Err() != nil && ctx.Err() == nil { // it is not busy: it says nothing at all
			return fmt.Errorf("%w: begin: %w", ErrDown, err)
		}
		return fmt.Errorf("begin: %w", err)
	}
	tx.begin(pgTx{c})
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.flush(); err != nil {
		return err
	}
	for _, b := range tx.touched {
		if _, err := c.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, b.String()); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
	}
	if defect.On("ack-early") {
		committed = true
		tx.end()
		go func() {
			time.Sleep(30 * time.Millisecond)
			_, _ = c.ExecContext(context.WithoutCancel(ctx), "COMMIT")
			_ = c.Close()
		}()
		return nil
	}
	// A commit once sent is not taken back, so it is not cut off either.
	sent, cancel := context.WithTimeout(context.WithoutCancel(ctx), turnTimeout)
	defer cancel()
	if _, err := c.ExecContext(sent, "COMMIT"); err != nil {
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && !strings.HasPrefix(pg.Code, "57P") {
			return fmt.Errorf("commit: %w", err) // the server said no, and did not just go down
		}
		return fmt.Errorf("%w: commit: %w", ErrUnknown, err)
	}
	committed = true
	return nil
}

func rollback(c *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := c.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = c.Raw(func(d any) error { // never back to the pool
			return d.(*stdlib.Conn).Conn().Close(ctx)
		})
	}
}

// owner runs fn on a connection of its own, as who owns the tables.
func (e *postgresDB) owner(ctx context.Context, fn func(*sql.Conn) error) error {
	c, err := e.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return errors.Join(fn(c), c.Close())
}

func (e *postgresDB) ping(ctx context.Context) error { return e.pool.PingContext(ctx) }

func (e *postgresDB) migrations() dialect { return postgresDialect }

func (e *postgresDB) close() error {
	e.done.Wait()
	return e.pool.Close()
}

// listen follows what other servers touch. While it is not connected no
// version is known, and after that every one is new.
func (e *postgresDB) listen(ctx context.Context, ready chan struct{}) {
	var once sync.Once
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		err := e.follow(ctx, func() {
			e.db.versions.bumpAll()
			e.db.versions.setBlind(false)
			pause = 100 * time.Millisecond
			once.Do(func() { close(ready) })
		})
		e.db.versions.setBlind(true)
		if ctx.Err() != nil {
			return
		}
		e.db.log.WarnContext(ctx, "lost the news of other servers", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
}

func (e *postgresDB) follow(ctx context.Context, ready func()) error {
	c, err := pgx.ConnectConfig(ctx, e.conf.Copy())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	ready()
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if t, err := readTouch(n.Payload); err == nil {
			e.db.versions.bump(t)
		}
	}
}

// pgTx runs the statements of one transaction. pgx keeps them prepared.
type pgTx struct{ c *sql.Conn }

// The first and the last time that PostgreSQL is asked about. Marks of pages
// come in addresses, so they can name any time; SQLite compares them all.
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// fit brings times that PostgreSQL does not know to the nearest that it does.
func fit(args []any) []any {
	for i, v := range args {
		t, ok := v.(time.Time)
		if !ok || !t.Before(firstTime) && !t.After(lastTime) {
			continue
		}
		if args = slices.Clone(args); t.Before(firstTime) {
			args[i] = firstTime
		} else {
			args[i] = lastTime
		}
	}
	return args
}

func (p pgTx) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	return p.c.ExecContext(ctx, query, fit(args)...)
}

func (p pgTx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return p.c.QueryContext(ctx, query, fit(args)...)
}

func (p pgTx) row(ctx context.Context, query string, args []any) *sql.Row {
	return p.c.QueryRowContext(ctx, query, fit(args)...)
}

func (p pgTx) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	return p.c.PrepareContext(ctx, query)
}
