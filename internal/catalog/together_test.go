package catalog

import (
	"context"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func (s *shop) read(t *testing.T, product id.ID) (p Product) {
	t.Helper()
	err := s.db.View(t.Context(), s.sc, func(tx *store.Tx) (err error) {
		p, err = s.goods.get(t.Context(), tx, s.sc, product)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A price that one server has changed is that of the next order on every other,
// and can be changed back there.
func TestPricesOnTwoServers(t *testing.T) {
	dsn := storetest.PostgresDSN(t)
	a, b := newShop(t, storetest.Open(t, dsn)), newShop(t, storetest.Open(t, dsn))
	b.sc = a.sc
	p := a.create(t, form("Opak"))
	v := p.Variants[0].ID
	offer := func(s *shop, in func(context.Context, authz.Scope, func(*store.Tx) error) error) (price int64) {
		t.Helper()
		err := in(t.Context(), s.sc, func(tx *store.Tx) error {
			o, err := s.goods.Offer(t.Context(), tx, s.sc, v)
			price = o.Price
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return price
	}
	set := func(s *shop, price int64) {
		t.Helper()
		if err := s.goods.SetQuick(t.Context(), s.sc, Quick{Edit: id.New(), Product: p.ID, Variant: v, Price: price}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(20) {
		low := 20_000 + i
		set(a, low)
		if got := offer(b, b.db.Tx); got != low {
			t.Fatalf("the other server sells at %d, want %d", got, low)
		}
		for offer(b, b.db.View) != low { // until it is kept there
			time.Sleep(time.Millisecond)
		}
		set(a, 99_000)
		set(b, low)
		if got := a.read(t, p.ID).Variants[0].Price; got != low {
			t.Fatalf("a price set on the other server is %d, want %d", got, low)
		}
	}
}

// What an edit leaves alone stays as others have changed it meanwhile.
func TestAnEditKeepsWhatOthersChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.create(t, form("Opak"))
		edit := func(about string, meanwhile func() error) {
			t.Helper()
			began, done := false, make(chan error, 1)
			_, err := s.goods.Edit(t.Context(), s.sc, p.ID, func(d *Form) error {
				if !began {
					began = true
					go func() { done <- meanwhile() }()
					select { // it waits for this edit, or is done before it
					case err := <-done:
						done <- err
					case <-time.After(200 * time.Millisecond):
					}
				}
				d.About = about
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		edit("baru", func() error {
			return s.goods.SetQuick(context.WithoutCancel(t.Context()), s.sc, Quick{Edit: id.New(), Product: p.ID, Variant: p.Variants[0].ID, Price: 21_000})
		})
		edit("baru lagi", func() error {
			return s.goods.RenameCategory(context.WithoutCancel(t.Context()), s.sc, p.CategoryID, "Jajanan")
		})
		if got := s.read(t, p.ID); got.Variants[0].Price != 21_000 || got.About != "baru lagi" || got.Category != "Jajanan" || got.CategoryID != p.CategoryID {
			t.Errorf("after two edits and what came between: %q, Rp%d, %q", got.About, got.Variants[0].Price, got.Category)
		}
	})
}
