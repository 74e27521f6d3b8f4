package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"lapak/internal/authz"
	"lapak/internal/defect"
)

// sqliteDB writes on one connection, by turns, and reads on others.
type sqliteDB struct {
	db      *DB
	path    string
	pool    *sql.DB // makes the writer's connection
	rpool   *sql.DB // makes the readers'
	turn    turn
	writer  *liteConn
	batch   *batch // open transaction of the writer; nil if none
	seen    int64  // data_version, to notice other processes
	readers *readers
	done    sync.WaitGroup
}

// batch is one transaction of the file: the commits of several callers.
type batch struct {
	began time.Time
	size  int
	done  chan struct{}
	err   error
}

const (
	maxBatch     = 256
	maxBatchTime = 20 * time.Millisecond
	turnTimeout  = 10 * time.Second
	slowTurn     = 250 * time.Millisecond
)

// liteConn is one connection with the statements prepared on it.
type liteConn struct {
	*sql.Conn
	stmts map[string]*sql.Stmt
}

func sqliteDSN(path string, cache int, txlock string, more ...string) string {
	sync := "FULL"
	if defect.On("sync-off") {
		sync = "OFF"
	}
	q := "_txlock=" + txlock + "&_time_integer_format=unix_micro&_inttotime=1" +
		"&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(" + sync + ")" +
		"&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(16000)" +
		fmt.Sprintf("&_pragma=cache_size(-%d)", cache)
	for _, m := range more {
		q += "&_pragma=" + m
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q
}

func openSQLite(ctx, background context.Context, db *DB, path string, o Options) (*sqliteDB, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("store: name a file: sqlite:PATH")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("store: make the folder: %w", err)
	}
	// For its owner alone, and so are the files that SQLite makes beside it.
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err == nil {
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("store: make the file: %w", err)
		}
	}
	e := &sqliteDB{db: db, path: path}
	var err error
	// What a savepoint must be able to take back is held in memory: in a file of
	// its own it cost a fifth of the time of an order.
	if e.pool, err = sql.Open("sqlite", sqliteDSN(path, 65536, "immediate", "temp_store(memory)")); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	if e.rpool, err = sql.Open("sqlite", sqliteDSN(path, 4096, "deferred", "query_only(1)")); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	e.pool.SetMaxIdleConns(1)
	if e.writer, err = e.connect(ctx, e.pool); err != nil {
		return nil, errors.Join(err, e.pool.Close())
	}
	n := o.Readers
	if n == 0 {
		n = max(4, 2*runtime.GOMAXPROCS(0))
	}
	e.rpool.SetMaxIdleConns(n)
	e.readers = newReaders(n)
	e.done.Go(func() { e.watch(background) })
	return e, nil
}

// connect opens a connection and holds the settings that promises rest on
// against what SQLite says: a difference stops the program.
func (e *sqliteDB) connect(ctx context.Context, pool *sql.DB) (*liteConn, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", e.path, err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "wal_autocheckpoint": "16000"} {
		var got string
		if err := c.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return nil, errors.Join(fmt.Errorf("store: read %s of %s: %w", pragma, e.path, err), c.Close())
		}
		if got != want && !(defect.On("sync-off") && pragma == "synchronous") {
			return nil, errors.Join(fmt.Errorf("store: %s of %s is %s, not %s: what is written would not be safe", pragma, e.path, got, want), c.Close())
		}
	}
	return &liteConn{c, map[string]*sql.Stmt{}}, nil
}

// write runs fn under a savepoint when its turn comes. Whoever ends a turn
// with others waiting leaves the commit to them; the last one commits for all.
func (e *sqliteDB) write(ctx context.Context, _ authz.Scope, tx *Tx, fn func(*Tx) error) error {
	if err := e.turn.take(ctx); err != nil {
		return err
	}
	b, err := e.savepoint(tx, fn) // ends the turn, whatever fn does
	if b == nil {
		return plain(err)
	}
	<-b.done // a refusal too: fn saw what those before it wrote, and that counts when it is committed
	if b.err != nil || err == nil {
		return b.err
	}
	return plain(err)
}

func (e *sqliteDB) savepoint(tx *Tx, fn func(*Tx) error) (b *batch, err error) {
	ctx := context.Background()
	ok := false
	// On every path, a panic or Goexit of fn included, the turn goes on.
	defer func() {
		tx.end()
		switch {
		case b != nil && !ok && ill(err) && e.batch == b:
			e.fail(ctx, err)
		case b != nil && !ok:
			e.undo(ctx, b)
		}
		e.pass(ctx)
	}()
	if b, err = e.begin(ctx); err != nil {
		return nil, err
	}
	if err := e.writer.do(ctx, "SAVEPOINT caller"); err != nil {
		e.fail(ctx, fmt.Errorf("savepoint: %w", err))
		return nil, err
	}
	tx.begin(liteWriter{e.writer})
	began := time.Now()
	defer func() {
		if took := time.Since(began); took > slowTurn {
			e.db.log.Warn("a write kept the others waiting", "ms", took.Milliseconds(), "request", tx.request)
		}
	}()
	if err := fn(tx); err != nil {
		return b, err
	}
	if err := tx.flush(); err != nil {
		return b, err
	}
	if err := e.writer.do(ctx, "RELEASE caller"); err != nil {
		return b, fmt.Errorf("release: %w", err)
	}
	ok = true
	b.size++
	return b, nil
}

// begin joins the open transaction of the file or opens one.
func (e *sqliteDB) begin(ctx context.Context) (*batch, error) {
	if e.batch != nil {
		return e.batch, nil
	}
	if e.writer == nil {
		c, err := e.connect(ctx, e.pool)
		if err != nil {
			return nil, err
		}
		e.writer = c
	}
	if err := e.writer.do(ctx, "BEGIN IMMEDIATE"); err != nil {
		if ill(err) {
			e.drop()
		}
		return nil, fmt.Errorf("begin: %w", err)
	}
	e.batch = &batch{began: time.Now(), done: make(chan struct{})}
	return e.batch, nil
}

// undo takes back what one caller did. If even that fails, or if SQLite gave
// up the whole transaction, the others of the batch are told.
func (e *sqliteDB) undo(ctx context.Context, b *batch) {
	if e.batch != b {
		return
	}
	err := e.writer.do(ctx, "ROLLBACK TO caller")
	if err == nil {
		err = e.writer.do(ctx, "RELEASE caller")
	}
	if err != nil {
		e.fail(ctx, fmt.Errorf("roll back a neighbour: %w", err))
	}
}

// fail ends the open transaction with an error for everyone in it. After an
// error of the disk the next writer begins on a connection of its own: a page
// that could not be made durable must not be taken for one that was.
func (e *sqliteDB) fail(ctx context.Context, err error) {
	b := e.batch
	e.batch = nil
	if rerr := e.writer.do(ctx, "ROLLBACK"); rerr != nil && !strings.Contains(rerr.Error(), "no transaction is active") || ill(err) {
		e.drop()
	}
	if b.err = plain(err); defect.On("ack-failed") {
		b.err = nil
	}
	close(b.done)
}

// drop gives up the writer's connection; the next writer opens another.
func (e *sqliteDB) drop() {
	if e.writer != nil {
		e.writer.shut()
		e.writer = nil
	}
}

// pass ends a turn: it commits, unless somebody waits who will.
func (e *sqliteDB) pass(ctx context.Context) {
	b := e.batch
	if b != nil && b.size < maxBatch && time.Since(b.began) < maxBatchTime && e.turn.next() {
		return
	}
	e.commit(ctx)
	e.turn.give()
}

// commit ends the open transaction, if there is one, for everyone in it.
func (e *sqliteDB) commit(ctx context.Context) {
	b := e.batch
	if b == nil {
		return
	}
	verb := "COMMIT"
	if b.size == 0 {
		verb = "ROLLBACK"
	}
	if defect.On("ack-early") {
		close(b.done)
		time.Sleep(30 * time.Millisecond)
		_ = e.writer.do(ctx, verb)
		e.batch = nil
		return
	}
	if err := e.writer.do(ctx, verb); err != nil {
		e.fail(ctx, commitFailed(err))
		return
	}
	e.db.commits.Add(1)
	e.batch = nil
	close(b.done)
}

func (e *sqliteDB) read(ctx context.Context, _ authz.Scope, tx *Tx, fn func(*Tx) error) error {
	select {
	case <-e.readers.turns:
	default:
		wait, cancel := context.WithTimeout(ctx, turnTimeout)
		defer cancel()
		select {
		case <-e.readers.turns:
		case <-wait.Done():
			return fmt.Errorf("%w: no reader free: %w", ErrBusy, wait.Err())
		}
	}
	c := e.readers.pop()
	defer func() { e.readers.give(c) }()
	if c == nil {
		var err error
		if c, err = e.connect(ctx, e.rpool); err != nil {
			return plain(err)
		}
	}
	background := context.Background()
	if err := c.do(background, "BEGIN"); err != nil {
		c.shut()
		c = nil
		return plain(fmt.Errorf("begin reading: %w", err))
	}
	broke := false
	defer func() {
		tx.end()
		if err := c.do(background, "COMMIT"); err != nil || broke {
			c.shut() // an interrupted statement may have ended the transaction
			c = nil
		}
	}()
	tx.begin(liteReader{c})
	err := fn(tx)
	broke = ill(err)
	return plain(err)
}

// owner runs fn on a connection of its own, as who owns the tables.
func (e *sqliteDB) owner(ctx context.Context, fn func(*sql.Conn) error) error {
	c, err := e.rpool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return errors.Join(fn(c), c.Close())
}

func (e *sqliteDB) ping(ctx context.Context) error {
	return e.owner(ctx, func(c *sql.Conn) error { return c.PingContext(ctx) })
}

func (e *sqliteDB) migrations() dialect { return sqliteDialect }

// watch notices writes of other processes, such as a command of the operator:
// after one, no cached page is trusted. It never waits for a turn.
func (e *sqliteDB) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		e.db.full.Store(full(e.path))
		if !e.turn.try() {
			continue
		}
		if e.writer != nil {
			var v int64
			if err := e.writer.QueryRowContext(context.WithoutCancel(ctx), "PRAGMA data_version").Scan(&v); err == nil && v != e.seen {
				if e.seen != 0 {
					e.db.versions.bumpAll()
				}
				e.seen = v
			}
		}
		e.pass(context.WithoutCancel(ctx))
	}
}

func (e *sqliteDB) close() error {
	e.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), turnTimeout)
	defer cancel()
	if err := e.turn.take(ctx); err != nil {
		return fmt.Errorf("store: writers did not end: %w", err)
	}
	e.commit(context.Background()) // left to us by who went before
	e.turn.shut()
	e.drop()
	for range cap(e.readers.turns) {
		select {
		case <-e.readers.turns:
		case <-ctx.Done():
			return errors.New("store: readers did not end")
		}
	}
	for c := e.readers.pop(); c != nil; c = e.readers.pop() {
		c.shut()
	}
	return errors.Join(e.rpool.Close(), e.pool.Close())
}

func (c *liteConn) shut() {
	for _, s := range c.stmts {
		_ = s.Close()
	}
	_ = c.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.Conn.Close()
}

// stmt is query, prepared on this connection once.
func (c *liteConn) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.PrepareContext(context.WithoutCancel(ctx), adapt(query))
	if err != nil {
		return nil, err
	}
	if len(c.stmts) > 2000 { // texts are constants; this is a wall, not a policy
		for _, old := range c.stmts {
			_ = old.Close()
		}
		clear(c.stmts)
	}
	c.stmts[query] = s
	return s, nil
}

func (c *liteConn) do(ctx context.Context, query string) error {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx)
	return err
}

// liteReader runs the statements of one View.
type liteReader struct{ c *liteConn }

func (l liteReader) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	s, err := l.c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (l liteReader) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	s, err := l.c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (l liteReader) row(ctx context.Context, query string, args []any) *sql.Row {
	s, err := l.c.stmt(ctx, query)
	if err != nil {
		return l.c.QueryRowContext(ctx, adapt(query), args...) // says why in its own words
	}
	return s.QueryRowContext(ctx, args...)
}

func (l liteReader) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	return l.c.PrepareContext(ctx, adapt(query))
}

// liteWriter runs the statements of one Tx. An interrupted write would undo
// the whole batch, so a statement once begun is let to its end.
type liteWriter struct{ c *liteConn }

func (l liteWriter) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	return liteReader(l).exec(context.WithoutCancel(ctx), query, args)
}

func (l liteWriter) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return liteReader(l).query(context.WithoutCancel(ctx), query, args)
}

func (l liteWriter) row(ctx context.Context, query string, args []any) *sql.Row {
	if ctx.Err() == nil {
		ctx = context.WithoutCancel(ctx)
	}
	return liteReader(l).row(ctx, query, args)
}

func (l liteWriter) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	return liteReader(l).prepare(ctx, query)
}

var (
	eachText  = regexp.MustCompile(`each_text\((\$\d+|\?\d+)\)`)
	eachID    = regexp.MustCompile(`each_id\((\$\d+|\?\d+)\)`)
	forUpdate = regexp.MustCompile(`(?i)\s+FOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE)(\s+SKIP\s+LOCKED|\s+NOWAIT)?`)
)

// adapt makes of PostgreSQL's text what SQLite reads: locks go, for there is
// one writer, and each_id and each_text become readings of JSON.
func adapt(query string) string {
	query = eachID.ReplaceAllString(query, "(SELECT unhex(value,'-') AS value FROM json_each(${1}))")
	query = eachText.ReplaceAllString(query, "(SELECT value FROM json_each(${1}))")
	return forUpdate.ReplaceAllString(query, "")
}
