package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/demo"
	"lapak/internal/id"
	"lapak/internal/stock"
)

// home is where the data of one engine lies.
type home struct {
	o      *Options
	engine string // its name in the report
	dsn    string // of an empty database; empty: SQLite files
	dir    string
	made   []string // databases beside the first, to be dropped
}

// config is the configuration of one database: with SQLite a file in a folder
// of that name, with PostgreSQL the database itself or one beside it.
func (h *home) config(name string) app.Config {
	c := app.Config{
		Data: filepath.Join(h.dir, name), Addr: app.DefaultAddr, LogLevel: "error", LogFormat: "text", RateFactor: 1_000_000,
	}
	if h.dsn != "" {
		c.DB = beside(h.dsn, name)
	}
	return c
}

// beside names a database next to another; "main" is that one itself.
func beside(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil || name == "main" {
		return dsn
	}
	u.Path += "_" + name
	return u.String()
}

// database makes sure that the database of a name is there: empty, or a copy
// of another that nobody uses.
func (h *home) database(ctx context.Context, name, like string) error {
	c := h.config(name)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	if h.dsn != "" {
		return h.postgres(ctx, name, like)
	}
	if like == "" {
		return nil
	}
	for _, f := range []string{"lapak.db", "lapak.db-wal", "key"} {
		if err := copyFile(filepath.Join(h.config(like).Data, f), filepath.Join(c.Data, f)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (h *home) postgres(ctx context.Context, name, like string) error {
	if name == "main" {
		return nil
	}
	u, err := url.Parse(h.dsn)
	if err != nil {
		return errors.New("the address of the PostgreSQL database cannot be read")
	}
	was := strings.TrimPrefix(u.Path, "/")
	c, err := pgx.Connect(ctx, h.admin())
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = c.Close(ctx) }()
	query := "CREATE DATABASE " + pgx.Identifier{was + "_" + name}.Sanitize()
	if like != "" {
		if like != "main" {
			was += "_" + like
		}
		query += " TEMPLATE " + pgx.Identifier{was}.Sanitize()
	}
	if _, err := c.Exec(ctx, query); err != nil {
		return fmt.Errorf("make a database beside the one named: %w", err)
	}
	h.made = append(h.made, name)
	if like != "" { // the key of the links
		return copyFile(filepath.Join(h.config(like).Data, "key"), filepath.Join(h.config(name).Data, "key"))
	}
	return nil
}

func (h *home) admin() string {
	u, _ := url.Parse(h.dsn)
	u.Path = "/postgres"
	return u.String()
}

// clear removes what was made.
func (h *home) clear() error {
	err := os.RemoveAll(h.dir)
	if len(h.made) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, cerr := pgx.Connect(ctx, h.admin())
	if cerr != nil {
		return errors.Join(err, cerr)
	}
	defer func() { _ = c.Close(ctx) }()
	u, _ := url.Parse(h.dsn)
	for _, name := range h.made {
		_, derr := c.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{strings.TrimPrefix(u.Path, "/") + "_" + name}.Sanitize()+" WITH (FORCE)")
		err = errors.Join(err, derr)
	}
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// own measures servers of ours on one engine.
func (r *Result) own(ctx context.Context, o *Options, engine string) (err error) {
	h := &home{o: o, engine: "SQLite"}
	if engine != "sqlite" {
		h.engine, h.dsn = "PostgreSQL", engine
	}
	if h.dir, err = os.MkdirTemp(o.Dir, "lapak-bench-"); err != nil {
		return err
	}
	if !o.Keep {
		defer func() { err = errors.Join(err, h.clear()) }()
	}
	if o.stage(StageIdle) || o.stage(StagePages) || o.stage(StageOrders) || o.stage(StageImport) {
		if err := r.small(ctx, o, h); err != nil {
			return err
		}
	}
	if o.stage(StageScale) {
		if err := r.scale(ctx, o, h); err != nil {
			return err
		}
	}
	if o.stage(StageSearch) {
		return r.search(ctx, o, h)
	}
	return nil
}

// small measures all that needs no large database.
func (r *Result) small(ctx context.Context, o *Options, h *home) error {
	main := h.config("main")
	if o.stage(StageIdle) && h.dsn == "" {
		if err := r.idle(ctx, o, h, "empty"); err != nil {
			return err
		}
	}
	o.Say("%s: making %d shops", h.engine, o.Shops)
	if err := h.database(ctx, "main", ""); err != nil {
		return err
	}
	_, close, err := seed(ctx, main, o.Shops)
	if err != nil {
		return err
	}
	if err := close(); err != nil {
		return err
	}
	rowsToo := o.stage(StageOrders)
	if rowsToo {
		if err := h.database(ctx, "rows", "main"); err != nil {
			return err
		}
	}
	if o.stage(StageIdle) {
		if err := r.idle(ctx, o, h, "main"); err != nil {
			return err
		}
	}
	bare, err := startBare(ctx, o.Program)
	if err != nil {
		return err
	}
	defer bare.stop()
	s, err := startServer(ctx, o, main.Data, main.DSN(), noBackup)
	if err != nil {
		return err
	}
	defer s.stop()
	b := &run{o: withOwner(o), r: r, engine: h.engine, addr: s.addr, server: s, bare: bare}
	if o.stage(StagePages) {
		if err := b.pages(ctx); err != nil {
			return err
		}
	}
	if rowsToo {
		shops, err := browse(s.addr, 24)
		if err != nil {
			return err
		}
		shops = ordering(s.addr, shops)
		if b.rows, err = newRows(ctx, h.config("rows"), shops); err != nil {
			return err
		}
		defer b.rows.close()
		if err := b.orders(ctx, shops); err != nil {
			return err
		}
	}
	if o.stage(StageImport) {
		return b.imports(ctx)
	}
	return nil
}

// withOwner knows who owns the first shop of the demo.
func withOwner(o *Options) *Options {
	own := *o
	own.Phone, own.Password = demo.PhoneOwner, demo.Password
	return &own
}

// idle starts a server that nobody visits.
func (r *Result) idle(ctx context.Context, o *Options, h *home, name string) error {
	c := h.config(name)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	what := "a demo's data"
	if name == "empty" { // once, so that the tables are there
		what = "an empty database"
		first, err := startServer(ctx, o, c.Data, c.DSN())
		if err != nil {
			return err
		}
		first.stop()
	}
	s, err := startServer(ctx, o, c.Data, c.DSN())
	if err != nil {
		return err
	}
	defer s.stop()
	settle(ctx, 3*time.Second)
	b := &run{o: o, r: r, engine: h.engine}
	mb := float64(s.rss()) / (1 << 20)
	b.fact("memory of a fresh server on "+what+", after 3 s", mb, "MB", "under 60 MB", mb < 60)
	b.fact("from start to ready on "+what, s.ready.Seconds(), "s", "", false)
	return nil
}

// seed makes a demo with goods enough for every order to come. What it returns
// goes on with it, or ends it.
func seed(ctx context.Context, c app.Config, shops int) (*made, func() error, error) {
	a, err := app.New(ctx, c, quiet())
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	m, err := demo.New(demo.Parts{DB: a.DB, Accounts: a.Accounts, Orders: a.Orders, Directory: a.Directory, Vouchers: a.Vouchers},
		demo.Size{Businesses: shops, Orders: shops * 100, Seed: 1}, now)
	if err == nil {
		if err = m.Prepare(ctx); err == nil {
			err = m.Fill(ctx)
		}
	}
	if err == nil {
		err = stockUp(ctx, a, m.IDs())
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make shops: %w", err), a.Close())
	}
	return &made{a, m}, a.Close, nil
}

// made is a demo in an open installation.
type made struct {
	app  *app.App
	demo *demo.Maker
}

// stockUp brings a million of everything that is counted.
func stockUp(ctx context.Context, a *app.App, shops []id.ID) error {
	for _, shop := range shops {
		sc := authz.Job(shop)
		items, err := a.Stock.Items(ctx, sc)
		if err != nil {
			return err
		}
		for _, it := range items {
			m := stock.Movement{ID: id.New(), Variant: it.Variant, Quantity: stock.MaxQuantity, Reason: stock.Bought}
			if err := a.Stock.Receive(ctx, sc, m); err != nil {
				return fmt.Errorf("stock up: %w", err)
			}
		}
	}
	return nil
}
