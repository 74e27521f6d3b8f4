package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/demo"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
)

// scale measures the owner's pages with the fewest and with more orders, in
// turn: two servers, each with its own database, of which one is idle.
func (r *Result) scale(ctx context.Context, o *Options, h *home) error {
	few, err := h.grown(ctx, "few", nil, o.Orders[0])
	if err != nil {
		return err
	}
	defer few.close()
	var many *grown
	defer func() {
		if many != nil {
			many.close()
		}
	}()
	for _, n := range o.Orders[1:] {
		if many, err = h.grown(ctx, "many", many, n); err != nil {
			return err
		}
		if err := r.grownBeside(ctx, h, few, many); err != nil {
			return err
		}
	}
	return nil
}

// grown is a database with so many orders.
type grown struct {
	conf   app.Config
	orders int64
	made   *made
	close  func()
}

// grown makes a database, or goes on with one, until it has n orders.
func (h *home) grown(ctx context.Context, name string, was *grown, n int64) (*grown, error) {
	g := was
	if g == nil {
		g = &grown{conf: h.config(name), close: func() {}}
		if err := h.database(ctx, name, ""); err != nil {
			return nil, err
		}
	}
	a, err := app.New(ctx, g.conf, quiet())
	if err != nil {
		return nil, err
	}
	defer a.Close()
	parts := demo.Parts{DB: a.DB, Accounts: a.Accounts, Orders: a.Orders, Directory: a.Directory, Vouchers: a.Vouchers}
	if g.made == nil {
		m, err := demo.New(parts, demo.Size{Businesses: h.o.Shops, Orders: int(min(n, int64(h.o.Shops)*100)), Seed: 1}, time.Now())
		if err != nil {
			return nil, err
		}
		if err := m.Prepare(ctx); err != nil {
			return nil, err
		}
		if err := m.Fill(ctx); err != nil {
			return nil, err
		}
		_, g.orders = m.Counts()
		g.made = &made{a, m}
	}
	g.made.demo.Parts = parts
	if n > g.orders {
		began := time.Now()
		shown := began
		g.made.demo.Progress = func(done, _ int64) {
			if time.Since(shown) > 10*time.Second {
				shown = time.Now()
				h.o.Say("  %d orders", done)
			}
		}
		if err := g.made.demo.Deepen(ctx, n-g.orders); err != nil {
			return nil, err
		}
		h.o.Say("%s: %d orders written in %.0f s", h.engine, n-g.orders, time.Since(began).Seconds())
		g.orders = n
	}
	if err := a.DB.Analyze(ctx); err != nil {
		return nil, err
	}
	return g, nil
}

// grownBeside compares two databases page by page.
func (r *Result) grownBeside(ctx context.Context, h *home, few, many *grown) error {
	o := withOwner(h.o)
	start := func(g *grown) (*server, string, error) {
		s, err := startServer(ctx, o, g.conf.Data, g.conf.DSN(), noBackup)
		if err != nil {
			return nil, "", err
		}
		cookie, err := signIn(s.addr, o.Phone, o.Password)
		return s, cookie, err
	}
	small, key, err := start(few)
	if err != nil {
		return err
	}
	defer small.stop()
	big, same, err := start(many)
	if err != nil {
		return err
	}
	defer big.stop()
	b := &run{o: o, r: r, engine: h.engine}
	b.fact(fmt.Sprintf("from start to ready with %d orders", many.orders), big.ready.Seconds(), "s", "under 0.5 s with a million", big.ready < 500*time.Millisecond)
	if st, err := os.Stat(filepath.Join(many.conf.Data, "lapak.db")); err == nil {
		b.fact(fmt.Sprintf("bytes on disk an order, of %d", many.orders), float64(st.Size())/float64(many.orders), "bytes", "", false)
	}
	for _, page := range []struct{ name, path string }{
		{"Hari ini", "/hari-ini"},
		{"order list", "/pesanan"},
		{"orders that are done", "/pesanan?tab=done"},
		{"customers", "/pelanggan"},
		{"money", "/pembayaran"},
		{"settlement", "/setoran"},
	} {
		one0, one1 := one(page.name, small.addr, page.path, key), one(page.name, big.addr, page.path, same)
		theirs, ours := newCrowd(small.addr, 1), newCrowd(big.addr, 1)
		theirs.slice(ctx, one0, o.Slice/2)
		ours.slice(ctx, one1, o.Slice/2)
		at0, at1 := newTally(), newTally()
		for range o.Rounds {
			at0.add(theirs.slice(ctx, one0, o.Slice))
			at1.add(ours.slice(ctx, one1, o.Slice))
		}
		theirs.close()
		ours.close()
		if at0.errors+at1.errors > 0 || at0.n == 0 || at1.n == 0 {
			return fmt.Errorf("%s: %d errors: %s %s", page.path, at0.errors+at1.errors, at0.first, at1.first)
		}
		q := at1.ms(50) / at0.ms(50)
		b.fact(fmt.Sprintf("%s, p50 with %d orders (%.2f ms) to p50 with %d (%.2f ms)", page.name, many.orders, at1.ms(50), few.orders, at0.ms(50)),
			q, "times", "at most 1.3", q <= 1.3)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// What the made-up goods of the directory are called.
var (
	whats = append([]string{
		"singkong", "rengginang", "opak", "kemeja", "celana", "anyaman", "nastar", "bolu", "brownies", "tahu", "oncom", "bandrek", "bajigur", "peyek", "kacang",
		"emping", "melinjo", "sapi", "rendang", "seblak", "cilok", "basreng", "cireng", "wajit", "moci", "tapai", "sale", "pisang", "hutan", "gula", "aren",
	}, words...)
	hows = []string{"pedas", "manis", "asin", "gurih", "original", "jumbo", "mini", "premium", "spesial", "khas", "asli", "rumahan", "kampung", "lembut", "renyah"}
)

// search fills a directory and searches it.
func (r *Result) search(ctx context.Context, o *Options, h *home) error {
	if err := h.database(ctx, "find", ""); err != nil {
		return err
	}
	c := h.config("find")
	if err := plant(ctx, o, c, o.Products, h.engine); err != nil {
		return err
	}
	bare, err := startBare(ctx, o.Program)
	if err != nil {
		return err
	}
	defer bare.stop()
	s, err := startServer(ctx, o, c.Data, c.DSN(), noBackup)
	if err != nil {
		return err
	}
	defer s.stop()
	b := &run{o: o, r: r, engine: h.engine, addr: s.addr, server: s, bare: bare}
	w := search(s.addr, words)
	w.name = fmt.Sprintf("directory search, %d products", o.Products)
	from := len(r.Measured)
	if err := b.beside(ctx, w); err != nil {
		return err
	}
	aim := 10.0
	if h.dsn != "" {
		aim = 25
	}
	for _, m := range r.Measured[from:] {
		if m.Clients == 1 {
			b.fact(w.name+", p99 of the whole answer, 1 client", m.P99, "ms", fmt.Sprintf("at most %.0f ms", aim), m.P99 <= aim)
		}
	}
	return nil
}

// perShop is how many products a made-up shop has.
const perShop = 10

// plant puts so many products into a directory.
func plant(ctx context.Context, o *Options, c app.Config, products int, engine string) error {
	a, err := app.New(ctx, c, quiet())
	if err != nil {
		return err
	}
	defer a.Close()
	ctx = store.Long(ctx)
	rnd := rand.New(rand.NewPCG(1, 2))
	regencies := region.Children("32")
	began, shown := time.Now(), time.Now()
	const batch = 50
	for from := 0; from < products/perShop; from += batch {
		var shops []business.Business
		var goods [][]catalog.Product
		for i := from; i < min(from+batch, products/perShop); i++ {
			districts := region.Children(regencies[rnd.IntN(len(regencies))].Code)
			villages := region.Children(districts[rnd.IntN(len(districts))].Code)
			opened := began.Add(-time.Duration(i) * time.Minute).UTC()
			shops = append(shops, business.Business{
				ID: id.New(), Slug: fmt.Sprintf("toko-%d", i), Name: fmt.Sprintf("Toko %s %d", whats[rnd.IntN(len(whats))], i),
				Trade: business.Trades[rnd.IntN(len(business.Trades))].ID, Village: villages[rnd.IntN(len(villages))].Code, PublishedAt: &opened,
			})
			var list []catalog.Product
			for range perShop {
				title := whats[rnd.IntN(len(whats))] + " " + whats[rnd.IntN(len(whats))] + " " + hows[rnd.IntN(len(hows))]
				list = append(list, catalog.Product{ID: id.New(), Title: title, Variants: []catalog.Variant{{ID: id.New(), Price: 10_000}}})
			}
			goods = append(goods, list)
		}
		err := a.DB.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
			for i := range shops {
				if err := a.Directory.Plant(ctx, tx, shops[i], goods[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill the directory: %w", err)
		}
		if time.Since(shown) > 10*time.Second {
			shown = time.Now()
			o.Say("  %d products", from*perShop)
		}
	}
	o.Say("%s: %d products listed in %.0f s", engine, products, time.Since(began).Seconds())
	if err := a.Directory.Sweep(ctx); err != nil { // as the server does every day
		return err
	}
	return a.DB.Analyze(ctx)
}
