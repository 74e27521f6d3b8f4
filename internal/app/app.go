package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lapak/internal/account"
	"lapak/internal/api"
	"lapak/internal/audit"
	"lapak/internal/backup"
	"lapak/internal/blob"
	"lapak/internal/booking"
	"lapak/internal/bundle"
	"lapak/internal/business"
	"lapak/internal/cash"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/directory"
	"lapak/internal/exchange"
	"lapak/internal/fault"
	"lapak/internal/figure"
	"lapak/internal/haul"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/mail"
	"lapak/internal/order"
	"lapak/internal/outbound"
	"lapak/internal/outbox"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/push"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/storefront"
	"lapak/internal/today"
	"lapak/internal/voucher"
	"lapak/internal/web"
	"lapak/internal/webhook"
)

// App is a whole installation: every service, wired, over one database.
type App struct {
	Config    Config
	DB        *store.DB
	Words     *i18n.Catalogue
	Mail      *mail.Service
	Push      *push.Service
	Blobs     *blob.Service
	Accounts  *account.Service
	Shops     *business.Service
	Outbox    *outbox.Service
	Books     *ledger.Service
	Goods     *catalog.Service
	Customers *customer.Service
	Stock     *stock.Service
	Payments  *payment.Service
	Delivery  *delivery.Service
	Vouchers  *voucher.Service
	Orders    *order.Service
	Parcels   *parcel.Service
	Booking   *booking.Service
	Cash      *cash.Service
	Haul      *haul.Service
	Today     *today.Service
	Directory *directory.Service
	Front     *storefront.Service
	Exchange  *exchange.Service
	Keys      *api.Service
	Webhooks  *webhook.Service
	Backups   *backup.Service
	Figures   *figure.Service
	Bundles   *bundle.Service
	Jobs      *job.Runner

	root     []byte
	registry *prometheus.Registry
	log      *slog.Logger
	names    *nameCache

	backupErr error // a secret of the backups is missing
}

// Invariants are what must hold of the data at all times, of every slice.
var Invariants = slices.Concat(audit.Invariants, blob.Invariants, business.Invariants, catalog.Invariants, customer.Invariants, stock.Invariants, ledger.Invariants,
	payment.Invariants, delivery.Invariants, voucher.Invariants, order.Invariants, parcel.Invariants, booking.Invariants, cash.Invariants, haul.Invariants, api.Invariants, webhook.Invariants, outbox.Invariants)

// Logger makes the logger that the settings ask for.
func (c *Config) Logger() *slog.Logger {
	level, err := c.level()
	if err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, opts))
}

// New opens the database, brings it to its newest form, and wires the services.
func New(ctx context.Context, c Config, log *slog.Logger) (*App, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	root, err := Key(c.Data)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, c.DSN(), store.Options{Log: log})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := beforeMigration(ctx, c, db, root, log); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bring the database to its newest form: %w", err), db.Close())
	}
	a, err := Wire(c, db, root, log)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return a, nil
}

// Migrate brings the database of the settings to its newest form and tells how
// many steps that took.
func Migrate(ctx context.Context, c Config, log *slog.Logger) (int, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return 0, fmt.Errorf("--data: %w", err)
	}
	root, err := Key(c.Data)
	if err != nil {
		return 0, err
	}
	db, err := store.Open(ctx, c.DSN(), store.Options{Log: log})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := beforeMigration(ctx, c, db, root, log); err != nil {
		return 0, err
	}
	n, err := db.Pending(ctx)
	if err != nil {
		return 0, err
	}
	return n, db.Migrate(ctx)
}

// Sentence is what an error says to who runs a command: a fault in words, a
// surprise as it is.
func (a *App) Sentence(err error) error {
	if f := fault.Of(err); f != nil {
		return errors.New(a.Words.Say(i18n.EN, f.Key, f.Args...))
	}
	return err
}

// Wire makes the services over an open, migrated database.
func Wire(c Config, db *store.DB, root []byte, log *slog.Logger) (*App, error) {
	a := &App{Config: c, DB: db, root: root, log: log, registry: prometheus.NewRegistry()}
	var err error
	if a.Words, err = i18n.Load(wordFiles()...); err != nil {
		return nil, fmt.Errorf("load words: %w", err)
	}
	set, err := mail.ParseURL(c.Mail, c.MailFrom)
	if err != nil {
		return nil, err
	}
	a.Mail = mail.New(db, set)
	if a.Push, err = push.New(db, outbound.Client(false), web.Key(root, "push"), c.Base()); err != nil {
		return nil, err
	}
	a.Blobs = blob.New(db)
	a.Accounts = account.New(db, root)
	if a.Shops, err = business.New(db, a.Accounts, root); err != nil {
		return nil, err
	}
	a.Outbox = outbox.New(db, a.Accounts, a.Blobs)
	a.Books = ledger.New(db)
	a.Goods = catalog.New(db, a.Shops, a.Blobs)
	if a.Customers, err = customer.New(db, root); err != nil {
		return nil, err
	}
	a.Stock = stock.New(db, a.Goods)
	a.Payments = payment.New(db, a.Books, a.Blobs)
	a.Delivery = delivery.New(db, a.Shops)
	if a.Vouchers, err = voucher.New(db, root); err != nil {
		return nil, err
	}
	if a.Orders, err = order.New(db, root, order.Parts{
		Shops: a.Shops, Goods: a.Goods, Stock: a.Stock, Customers: a.Customers, Delivery: a.Delivery, Vouchers: a.Vouchers,
		Payments: a.Payments, Books: a.Books, Blobs: a.Blobs,
	}); err != nil {
		return nil, err
	}
	if a.Parcels, err = parcel.New(db, root, parcel.Parts{Shops: a.Shops, Orders: a.Orders, Books: a.Books, Ways: a.Delivery, Blobs: a.Blobs}); err != nil {
		return nil, err
	}
	if a.Cash, err = cash.New(db, root, cash.Parts{Accounts: a.Accounts, Books: a.Books, Parcels: a.Parcels}); err != nil {
		return nil, err
	}
	if a.Booking, err = booking.New(db, root, booking.Options{
		HTTP: outbound.Client(false), Base: c.Base(), Keys: map[string]string{"biteship": c.BiteshipKey, "rajaongkir": c.RajaOngkirKey}, Log: log,
	}, booking.Parts{Shops: a.Shops, Orders: a.Orders, Parcels: a.Parcels}); err != nil {
		return nil, err
	}
	a.Haul = haul.New(db, haul.Parts{Shops: a.Shops, Delivery: a.Delivery, Parcels: a.Parcels, Books: a.Books})
	a.Today = today.New(db, a.Shops, a.Stock)
	a.Figures = figure.New(db, a.Shops)
	a.Directory = directory.New(db, a.Shops, a.Goods, a.Stock)
	if a.Front, err = storefront.New(db, root, storefront.Parts{
		Shops: a.Shops, Goods: a.Goods, Shelf: a.Stock, Photos: a.Blobs, Orders: a.Orders, Parcels: a.Parcels, Payments: a.Payments,
	}); err != nil {
		return nil, err
	}
	if a.Keys, err = api.New(db, root, a.Accounts); err != nil {
		return nil, err
	}
	if a.Webhooks, err = webhook.New(db, outbound.Client(false), root, c.Base()); err != nil {
		return nil, err
	}
	a.Orders.PerMinute *= max(1, c.RateFactor)
	a.backups()
	a.Bundles = bundle.New(db, bundle.Parts{
		Accounts: a.Accounts, Shops: a.Shops, Customers: a.Customers, Vouchers: a.Vouchers, Orders: a.Orders, Parcels: a.Parcels, Figures: a.Figures, Blobs: a.Blobs,
	})
	a.Bundles.Invariants = Invariants
	a.Bundles.Temp = c.Temp()
	products, shelf, people := exchange.Products{Goods: a.Goods, Stock: a.Stock}, exchange.Shelf{Goods: a.Goods, Stock: a.Stock}, exchange.Customers{Customers: a.Customers}
	past := exchange.Orders{Orders: a.Orders}
	a.Exchange = exchange.New(db, []exchange.Kind{products, shelf, people, past}, []exchange.Out{products.Out(), shelf.Out(), people.Out(), past.Out()})
	a.Jobs = job.New(db, job.Options{Log: log})
	a.hooks()
	a.measure()
	a.measureBackups()
	return a, nil
}

// Close closes the database.
func (a *App) Close() error { return a.DB.Close() }

// Handler is the site.
func (a *App) Handler() (http.Handler, error) {
	proxies, err := a.Config.Proxies()
	if err != nil {
		return nil, err
	}
	return web.Mount(web.Options{
		Base: a.Config.Base(), Proxies: proxies, Key: a.root, Sessions: a.Accounts.Gate(), Keys: a.Keys.Scope, Words: a.Words, Demo: a.Config.Demo,
		Now: a.DB.Now, Log: a.log, Registry: a.registry, Rates: web.DefaultRates(a.Config.RateFactor), Badges: a.badges,
	}, append(a.Routes(), a.health())...), nil
}

// health answers whether the process lives and whether it can serve.
func (a *App) health() []web.Route {
	answer := func(w http.ResponseWriter, status int, text string) error {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text + "\n"))
		return nil
	}
	return []web.Route{
		{Pattern: "GET /healthz", Verb: "public", Rate: web.Free, Cached: true, Handle: func(w http.ResponseWriter, _ *http.Request) error {
			return answer(w, http.StatusOK, "ok")
		}},
		{Pattern: "GET /readyz", Verb: "public", Rate: web.Free, Cached: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
			defer cancel()
			if err := a.DB.Ping(ctx); err != nil {
				return answer(w, http.StatusServiceUnavailable, "the database does not answer")
			}
			if err := a.DB.Writable(); err != nil {
				return answer(w, http.StatusServiceUnavailable, "read-only")
			}
			return answer(w, http.StatusOK, "ready")
		}},
	}
}

// measure registers what is counted beside requests.
func (a *App) measure() {
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, read func(job.Stats) int64) {
		a.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			s, err := a.Jobs.Stats(ctx)
			if err != nil {
				return -1
			}
			return float64(read(s))
		}))
	}
	count := func(name, help string, read func(store.Stats) int64) {
		a.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read(a.DB.Stats())) }))
	}
	count("lapak_db_writes_total", "Transactions that wrote.", func(s store.Stats) int64 { return s.Writes })
	count("lapak_db_commits_total", "Commits of the database: on SQLite one may carry many transactions.", func(s store.Stats) int64 { return s.Commits })
	gauge("lapak_jobs_waiting", "Jobs that wait.", func(s job.Stats) int64 { return s.Waiting })
	gauge("lapak_jobs_dead", "Jobs that were given up.", func(s job.Stats) int64 { return s.Dead })
	gauge("lapak_jobs_done", "Jobs done by this process.", func(s job.Stats) int64 { return s.Done })
}

// Metrics is the handler for Prometheus.
func (a *App) Metrics() http.Handler {
	return promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{})
}

// atWork is for how long what lies in the folder for work in progress may be
// somebody's: a drill or an import that another process of this installation
// has at work. None takes so long.
const atWork = 24 * time.Hour

// sweepTemp takes away what processes that were killed left there: whole shops,
// open to read.
func sweepTemp(folder string, now time.Time) error {
	list, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && now.Sub(info.ModTime()) < atWork {
			continue
		}
		if err := errors.Join(err, os.RemoveAll(filepath.Join(folder, e.Name()))); err != nil {
			return err
		}
	}
	return nil
}

// Serve answers until ctx ends: then no request is taken any more, those taken
// are finished, and the jobs at work come to their end.
func (a *App) Serve(ctx context.Context, d *Doors) error {
	if a.backupErr != nil {
		return a.backupErr
	}
	if err := sweepTemp(filepath.Join(a.Config.Data, tempFolder), time.Now()); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	h, err := a.Handler()
	if err != nil {
		return err
	}
	defer a.Backups.Stop()
	if err := a.Jobs.Start(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	go debug.FreeOSMemory() // what the start alone needed, a migration above all
	err = d.Serve(ctx, web.Server, h, a.Metrics())
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return errors.Join(err, a.Jobs.Stop(wait))
}

// badges counts what waits, for the navigation.
func (a *App) badges(ctx context.Context, sc scope) map[string]int64 {
	if sc.Business == (id.ID{}) {
		return nil
	}
	n, err := a.Today.Waiting(ctx, sc)
	if err != nil {
		a.log.WarnContext(ctx, "count what waits", "error", err)
		return nil
	}
	return map[string]int64{"/pesanan": n}
}

func files(list ...fs.FS) []fs.FS { return list }
