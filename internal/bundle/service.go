package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/customer"
	"lapak/internal/fault"
	"lapak/internal/figure"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/voucher"
)

// Parts are the services that a shop is put together by.
type Parts struct {
	Accounts  *account.Service
	Shops     *business.Service
	Customers *customer.Service
	Vouchers  *voucher.Service
	Orders    *order.Service
	Parcels   *parcel.Service
	Figures   *figure.Service
	Blobs     *blob.Service
}

// Service carries shops out and in.
type Service struct {
	db *store.DB
	Parts

	// Invariants are what must hold of a shop before it is let in. Package app
	// sets them.
	Invariants []store.Invariant

	// Temp is the folder for what is in work; empty: that of the system.
	Temp string

	one chan struct{} // one import at a time: it costs a core and a disk
}

// New makes the service.
func New(db *store.DB, p Parts) *Service {
	return &Service{db: db, Parts: p, one: make(chan struct{}, 1)}
}

// Export writes the scope's whole shop as one file, read at one moment, and
// notes that it left. Without the history the same shop gives the same bytes.
func (s *Service) Export(ctx context.Context, sc authz.Scope, out io.Writer, history bool) (Manifest, error) {
	if err := sc.Can(authz.TakeShop); err != nil {
		return Manifest{}, err
	}
	ctx = store.Long(ctx)
	w := &writer{z: zip.NewWriter(out)}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		b, err := s.Shops.GetTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		w.m.Shop = Shop{b.ID.String(), b.Slug, b.Name}
		if err := w.shop(ctx, tx, sc); err != nil {
			return err
		}
		team, err := s.Accounts.TeamTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		var staff []Member
		for _, m := range team {
			staff = append(staff, Member{m.Person, m.Name, string(m.Role)})
		}
		if err := w.staff(staff); err != nil || !history {
			return err
		}
		return w.history(ctx, tx, sc)
	})
	if err != nil {
		return Manifest{}, err
	}
	if err := w.finish(); err != nil {
		return Manifest{}, err
	}
	return w.m, s.db.Tx(ctx, sc, func(tx *store.Tx) error { return auditNote(ctx, tx, sc, "bundle.exported", w.m) })
}

// Options are what may be said of an import.
type Options struct {
	Slug   string // another address than the file's
	Limits Limits // DefaultLimits if zero
}

// Came is a shop that was let in.
type Came struct {
	Business id.ID
	Slug     string
	Copy     bool // the original lives here too: it got an id, and products' ids, of its own
	Manifest Manifest
}

// alone is how many rows somebody on a page may let in on SQLite, which has one
// writer: for so long all shops of the installation wait. Those beyond it are
// for the operator's command, at an hour of the operator's choice.
const alone = 40_000

// Import lets the shop of a file in, as one of the scope's person or, by the
// operator's command, of nobody yet. The file is first read to its end, then
// rehearsed in a database of its own, where every invariant must hold; only
// then is it written, in one transaction: whole or not at all.
func (s *Service) Import(ctx context.Context, sc authz.Scope, r io.ReaderAt, size int64, o Options) (Came, error) {
	if err := sc.Can(authz.SignedIn); err != nil {
		return Came{}, err
	}
	select {
	case s.one <- struct{}{}:
		defer func() { <-s.one }()
	default:
		return Came{}, store.ErrBusy
	}
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits
	}
	ctx = store.Long(ctx)
	list, err := s.tables(ctx)
	if err != nil {
		return Came{}, err
	}
	f, err := Open(ctx, r, size, list, o.Limits)
	if err != nil {
		return Came{}, err
	}
	if sc.Role != authz.Machine && !s.db.Postgres() && f.rows() > alone {
		return Came{}, ErrLarge
	}
	c := Came{Slug: o.Slug, Manifest: f.Manifest}
	if c.Slug == "" {
		c.Slug = f.Shop.Slug
	}
	if err := business.CheckSlug(c.Slug); err != nil {
		return Came{}, fault.Of(err).On("slug")
	}
	if taken, err := s.Shops.Taken(ctx, c.Slug); err != nil || taken {
		if err == nil {
			err = business.ErrSlugTaken.On("slug")
		}
		return Came{}, err
	}
	if err := s.rehearse(ctx, f, c.Slug); err != nil {
		return Came{}, err
	}
	if c.Business, err = id.Parse(f.Shop.ID); err != nil {
		return Came{}, ErrBroken.With(manifestPart)
	}
	if c.Copy, err = s.known(ctx, f, c.Business); err != nil {
		return Came{}, err
	}
	if c.Copy {
		c.Business = id.New()
	}
	own := sc
	own.Business, own.Membership, own.Perms = c.Business, id.ID{}, nil
	if sc.Role != authz.Machine {
		own.Role = authz.Owner
	}
	err = s.db.Tx(ctx, own, func(tx *store.Tx) error {
		if err := s.load(ctx, tx, own, f, c); err != nil {
			return err
		}
		if sc.Role != authz.Machine {
			if err := s.Accounts.AddMembership(ctx, tx, sc.Actor, c.Business, authz.Owner, nil); err != nil {
				return err
			}
		}
		return auditNote(ctx, tx, own, "bundle.imported", f.Manifest)
	})
	return c, err
}

// TempFile makes a file that is there only as long as it is open.
func (s *Service) TempFile() (*os.File, error) {
	temp, err := s.temp()
	if err != nil {
		return nil, fmt.Errorf("make the file: %w", err)
	}
	f, err := os.CreateTemp(temp, "shop-*.zip")
	if err != nil {
		return nil, fmt.Errorf("make the file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("make the file: %w", err), f.Close())
	}
	return f, nil
}

// temp is the folder for what is in work.
func (s *Service) temp() (string, error) {
	if s.Temp == "" {
		return "", nil
	}
	return s.Temp, os.MkdirAll(s.Temp, 0o700)
}

func (s *Service) tables(ctx context.Context) (list []store.Table, err error) {
	err = s.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		list, err = tx.Tables(ctx)
		return err
	})
	return list, err
}

// known reports whether the shop, or one of its products, is here already.
func (s *Service) known(ctx context.Context, f *File, shop id.ID) (bool, error) {
	found := false
	sc := authz.Job(shop)
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		if _, err := s.Shops.GetTx(ctx, tx, sc); err == nil {
			found = true
			return nil
		} else if !errors.Is(err, business.ErrNotFound) {
			return err
		}
		var ids []id.ID
		look := func() error {
			var n int64
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM directory_products WHERE product_id IN (SELECT value FROM each_id($1))", store.IDs(ids)).Scan(&n); err != nil {
				return fmt.Errorf("look for the products: %w", err)
			}
			found, ids = found || n > 0, ids[:0]
			return nil
		}
		err := f.Rows("tables/products.jsonl", func(names []string, values []any) error {
			ids = append(ids, id.ID(values[at(names, "id")].([]byte)))
			if len(ids) < 500 {
				return nil
			}
			return look()
		})
		if err != nil {
			return err
		}
		return look()
	})
	return found, err
}

// rehearse lets the shop into a database of its own and holds every promise
// against it, so that nothing is found out too late.
func (s *Service) rehearse(ctx context.Context, f *File, slug string) (err error) {
	temp, err := s.temp()
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	dir, err := os.MkdirTemp(temp, "shop-")
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "shop.db"), store.Options{Log: slog.New(slog.DiscardHandler), Readers: 1})
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Migrate(ctx); err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	own, err := id.Parse(f.Shop.ID)
	if err != nil {
		return ErrBroken.With(manifestPart)
	}
	sc := authz.Job(own)
	err = db.Tx(ctx, sc, func(tx *store.Tx) error { return s.load(ctx, tx, sc, f, Came{Business: own, Slug: slug}) })
	if err != nil && fault.Of(err) == nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", ErrBroken.With("tables"), err) // a key, a reference or a check that does not hold
	}
	if err != nil {
		return err
	}
	broken, err := store.CheckInvariants(ctx, db, s.Invariants)
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	if len(broken) > 0 {
		return ErrBroken.With(broken[0].Name)
	}
	if _, err := audit.Verify(ctx, db, own); errors.Is(err, audit.ErrBroken) {
		return ErrBroken.With(historyPart)
	} else if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	return nil
}
