package stock

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// shop is a business with an owner, and the services that its goods need.
type shop struct {
	db    *store.DB
	sc    authz.Scope
	goods *catalog.Service
	stock *Service
}

func newShop(t testing.TB, db *store.DB) shop {
	t.Helper()
	goods := catalog.New(db, new(business.Service), blob.New(db))
	s := shop{db: db, goods: goods, stock: New(db, goods)}
	goods.OnStock = s.stock.Set
	s.sc = authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: time.Now()}
	return s
}

// product makes one with a variant for each amount; -1 is one not counted.
func (s shop) product(t testing.TB, title string, amounts ...int64) catalog.Product {
	t.Helper()
	f := catalog.Form{ID: id.New(), Edit: id.New(), Title: title, Publish: true}
	if len(amounts) > 1 {
		f.Options = []catalog.Option{{Name: "Ukuran"}}
	}
	for i, n := range amounts {
		v := catalog.VariantForm{ID: id.New(), Price: 10_000, Tracked: n >= 0}
		if n >= 0 {
			v.Stock = &n
		}
		if len(amounts) > 1 {
			value := string(rune('A' + i))
			f.Options[0].Values = append(f.Options[0].Values, value)
			v.Choices = []string{value}
		}
		f.Variants = append(f.Variants, v)
	}
	p, err := s.goods.Create(t.Context(), s.sc, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s shop) tx(t testing.TB, fn func(ctx context.Context, tx *store.Tx) error) error {
	return s.db.Tx(t.Context(), s.sc, func(tx *store.Tx) error { return fn(t.Context(), tx) })
}

func (s shop) reserve(t testing.TB, order id.ID, wants ...Want) error {
	return s.tx(t, func(ctx context.Context, tx *store.Tx) error { return s.stock.Reserve(ctx, tx, s.sc, order, wants) })
}

func (s shop) level(t testing.TB, variant id.ID) Level {
	t.Helper()
	var l Level
	err := s.db.View(t.Context(), s.sc, func(tx *store.Tx) (err error) {
		l, err = s.stock.level(t.Context(), tx, s.sc, variant)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sound fails the test if an invariant is broken.
func (s shop) sound(t testing.TB) {
	t.Helper()
	for _, inv := range append(append([]store.Invariant{}, Invariants...), catalog.Invariants...) {
		err := s.db.View(t.Context(), s.sc, func(tx *store.Tx) error {
			rows, err := tx.QueryContext(t.Context(), inv.SQL)
			if err != nil {
				return err
			}
			defer rows.Close()
			if rows.Next() {
				t.Errorf("broken: %s", inv.Name)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatalf("%s: %v", inv.Name, err)
		}
	}
}

// buyers lets 200 people at once try for one of 10 pieces, each with reserve,
// and returns how many were told that they got one and how many the book says.
func buyers(t *testing.T, db *store.DB, reserve func(s shop, variant, order id.ID) error) (got, held int64) {
	t.Helper()
	s := newShop(t, db)
	v := s.product(t, "Rangginang", 10).Variants[0].ID
	var took atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			switch err := reserve(s, v, id.New()); {
			case err == nil:
				took.Add(1)
			case errors.Is(err, ErrShort):
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return took.Load(), s.level(t, v).Reserved
}

func TestReserveNeverOversells(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		got, held := buyers(t, db, func(s shop, v, order id.ID) error { return s.reserve(t, order, Want{v, 1}) })
		if got != 10 || held != 10 {
			t.Errorf("sold %d, reserved %d; want 10 and 10", got, held)
		}
	})
}

// The same buyers with a reserve that reads and then writes: were the test
// above blind to overselling, it would pass here as well.
func TestReadingBeforeWritingOversells(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var looked sync.WaitGroup
		looked.Add(200)
		got, held := buyers(t, db, func(s shop, v, order id.ID) error {
			l := s.level(t, v)
			looked.Done()
			looked.Wait() // everybody looks before anybody writes
			if l.Free() < 1 {
				return ErrShort
			}
			return s.tx(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.ExecContext(ctx, "UPDATE stock_levels SET reserved = $1 WHERE business_id = $2 AND variant_id = $3", l.Reserved+1, s.sc.Business, v)
				return err
			})
		})
		if got == 10 && held == 10 {
			t.Error("the planted defect was not caught")
		}
	})
}

func TestReserveSaysWhatIsLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.product(t, "Keripik", 3, 0, 5)
		a, b, c := p.Variants[0].ID, p.Variants[1].ID, p.Variants[2].ID
		order := id.New()
		err := s.reserve(t, order, Want{a, 2}, Want{b, 1}, Want{c, 5}, Want{a, 2})
		if !errors.Is(err, ErrShort) {
			t.Fatalf("Reserve = %v, want %v", err, ErrShort)
		}
		left := map[id.ID]Short{}
		for _, x := range Shorts(err) {
			left[x.Variant] = x
		}
		if len(left) != 2 || left[a].Left != 3 || left[a].Wanted != 4 || left[b].Left != 0 || left[a].Title != "Keripik, A" {
			t.Errorf("Shorts = %+v", left)
		}
		if l := s.level(t, c); l.Reserved != 0 {
			t.Errorf("a refused order holds %d", l.Reserved)
		}
		if err := s.reserve(t, order, Want{a, 3}); err != nil {
			t.Errorf("Reserve of what is left = %v", err)
		}
		s.sound(t)
	})
}

func TestHoldsGoOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.product(t, "Opak", 5, 8)
		x, y := p.Variants[0].ID, p.Variants[1].ID
		order := id.New()
		if err := s.reserve(t, order, Want{x, 2}, Want{y, 3}); err != nil {
			t.Fatal(err)
		}
		until := time.Now().Add(time.Hour)
		err := s.tx(t, func(ctx context.Context, tx *store.Tx) error { return s.stock.HoldUntil(ctx, tx, s.sc, order, &until) })
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 10 { // the job and the owner, again and again
			wg.Go(func() {
				err := s.tx(t, func(ctx context.Context, tx *store.Tx) error {
					if i%2 == 0 {
						return s.stock.Release(ctx, tx, s.sc, order)
					}
					return s.stock.Take(ctx, tx, s.sc, order)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		lx, ly := s.level(t, x), s.level(t, y)
		released := lx.OnHand == 5 && ly.OnHand == 8
		taken := lx.OnHand == 3 && ly.OnHand == 5
		if lx.Reserved != 0 || ly.Reserved != 0 || released == taken {
			t.Errorf("levels %v and %v after letting go ten times", lx, ly)
		}
		s.sound(t)
	})
}

func TestOrderingAhead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		v := s.product(t, "Bolu", 1).Variants[0].ID
		if err := s.stock.SetRule(t.Context(), s.sc, Rule{Variant: v, Threshold: -4}); err != nil {
			t.Fatal(err)
		}
		order := id.New()
		if err := s.reserve(t, order, Want{v, 5}); err != nil {
			t.Fatal(err)
		}
		if err := s.reserve(t, id.New(), Want{v, 1}); !errors.Is(err, ErrShort) {
			t.Errorf("ordered more ahead than allowed: %v", err)
		}
		if m := s.level(t, v).Missing(); m != 4 {
			t.Errorf("Missing = %d, want 4", m)
		}
		err := s.tx(t, func(ctx context.Context, tx *store.Tx) error { return s.stock.Take(ctx, tx, s.sc, order) })
		if err != nil {
			t.Fatal(err)
		}
		if l := s.level(t, v); l.OnHand != 0 || l.Reserved != 0 {
			t.Errorf("level %v, want nothing left", l)
		}
		s.sound(t)
	})
}

func TestCorrectBooksTheDifference(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		v := s.product(t, "Dodol", 10).Variants[0].ID
		if err := s.reserve(t, id.New(), Want{v, 9}); err != nil {
			t.Fatal(err)
		}
		c := Correction{ID: id.New(), Variant: v, Seen: 10, Actual: 7, Reason: Damaged}
		for range 2 { // the form was sent twice
			if err := s.stock.Correct(t.Context(), s.sc, c); err != nil {
				t.Fatal(err)
			}
		}
		if l := s.level(t, v); l.OnHand != 7 || l.Free() != 0 || l.Missing() != 2 {
			t.Errorf("level %v, want 7 on hand with 2 missing", l)
		}
		c = Correction{ID: id.New(), Variant: v, Seen: 10, Actual: 0, Reason: Lost}
		if err := s.stock.Correct(t.Context(), s.sc, c); !errors.Is(err, ErrBelow) {
			t.Errorf("Correct below nothing = %v, want %v", err, ErrBelow)
		}
		m := Movement{ID: id.New(), Variant: v, Quantity: 5, Reason: Made}
		for range 2 {
			if err := s.stock.Receive(t.Context(), s.sc, m); err != nil {
				t.Fatal(err)
			}
		}
		if l := s.level(t, v); l.OnHand != 12 || l.Free() != 3 {
			t.Errorf("level %v, want 12 on hand", l)
		}
		moves, _, err := s.stock.Moves(t.Context(), s.sc, v, nil)
		if err != nil || len(moves) != 4 || moves[0].Reason != Made || moves[0].Balance != 12 || moves[0].Person != s.sc.Actor {
			t.Errorf("Moves = %+v, %v", moves, err)
		}
		s.sound(t)
	})
}

func TestCountIsBlindAndBooksOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.product(t, "Rempeyek", 20, 20)
		x, y := p.Variants[0].ID, p.Variants[1].ID
		staff := s.sc
		staff.Actor, staff.Role, staff.Perms = id.New(), authz.Staff, []authz.Perm{authz.PermStock}
		count := id.New()
		for range 2 {
			if err := s.stock.StartCount(t.Context(), staff, count, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.stock.FinishCount(t.Context(), staff, count); !errors.Is(err, ErrUncounted) {
			t.Errorf("FinishCount of nothing = %v", err)
		}
		for v, n := range map[id.ID]int64{x: 9, y: 21} {
			if err := s.stock.CountOne(t.Context(), staff, count, v, n); err != nil {
				t.Fatal(err)
			}
		}
		c, err := s.stock.Count(t.Context(), staff, count)
		if err != nil || len(c.Lines) != 2 || c.Lines[0].Expected != 0 {
			t.Fatalf("Count tells what it expects: %+v, %v", c, err)
		}
		if err := s.reserve(t, p.ID, Want{x, 4}); err != nil { // sold while counting goes on
			t.Fatal(err)
		}
		err = s.tx(t, func(ctx context.Context, tx *store.Tx) error { return s.stock.Take(ctx, tx, s.sc, p.ID) })
		if err != nil {
			t.Fatal(err)
		}
		state, err := s.stock.FinishCount(t.Context(), staff, count)
		if err != nil || state != Waiting {
			t.Fatalf("FinishCount of 12 pieces = %v, %v; want it to wait", state, err)
		}
		if err := s.stock.ApproveCount(t.Context(), staff, count); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("staff approves: %v", err)
		}
		c, err = s.stock.Count(t.Context(), s.sc, count)
		if err != nil || len(c.Differences()) != 2 {
			t.Fatalf("Differences = %+v, %v", c.Differences(), err)
		}
		for range 2 {
			if err := s.stock.ApproveCount(t.Context(), s.sc, count); err != nil {
				t.Fatal(err)
			}
		}
		if lx, ly := s.level(t, x), s.level(t, y); lx.OnHand != 5 || ly.OnHand != 21 {
			t.Errorf("levels %v and %v, want 9-4 and 21", lx, ly)
		}
		s.sound(t)
	})
}

func TestLowWarnsAndSuggests(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.product(t, "Kue", 30, 100, 2)
		s.product(t, "Jasa", -1)
		order := id.New()
		if err := s.reserve(t, order, Want{p.Variants[0].ID, 28}); err != nil {
			t.Fatal(err)
		}
		err := s.tx(t, func(ctx context.Context, tx *store.Tx) error { return s.stock.Take(ctx, tx, s.sc, order) })
		if err != nil {
			t.Fatal(err)
		}
		ctx, queries := store.CountQueries(t.Context())
		list, err := s.stock.Items(ctx, s.sc)
		if err != nil || len(list) != 3 {
			t.Fatalf("Items = %v, %v", list, err)
		}
		if n := queries.Load(); n > 4 {
			t.Errorf("Items took %d queries", n)
		}
		if !list[0].Low() || !list[1].Low() || list[2].Low() || list[2].Variant != p.Variants[1].ID {
			t.Errorf("low first: %+v", list)
		}
		var sold Item
		for _, i := range list {
			if i.Variant == p.Variants[0].ID {
				sold = i
			}
		}
		if sold.SoldIn4 != 28 || sold.Suggest() != 26 {
			t.Errorf("sold %d, suggest %d; want 28 and 26", sold.SoldIn4, sold.Suggest())
		}
	})
}

func TestStockIsOfOneBusiness(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b := newShop(t, db), newShop(t, db)
		v := a.product(t, "Milik A", 5).Variants[0].ID
		if err := b.reserve(t, id.New(), Want{v, 1}); !errors.Is(err, ErrNotFound) {
			t.Errorf("Reserve of another's = %v", err)
		}
		if err := b.stock.Receive(t.Context(), b.sc, Movement{ID: id.New(), Variant: v, Quantity: 1, Reason: Made}); !errors.Is(err, ErrNotFound) {
			t.Errorf("Receive of another's = %v", err)
		}
		if err := b.stock.SetRule(t.Context(), b.sc, Rule{Variant: v, Threshold: 3}); !errors.Is(err, ErrNotFound) {
			t.Errorf("SetRule of another's = %v", err)
		}
		if _, err := b.stock.Item(t.Context(), b.sc, v); !errors.Is(err, ErrNotFound) {
			t.Errorf("Item of another's = %v", err)
		}
		if moves, _, err := b.stock.Moves(t.Context(), b.sc, v, nil); err != nil || len(moves) != 0 {
			t.Errorf("Moves of another's = %v, %v", moves, err)
		}
		count := id.New()
		if err := a.stock.StartCount(t.Context(), a.sc, count, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := b.stock.Count(t.Context(), b.sc, count); !errors.Is(err, ErrNotFound) {
			t.Errorf("Count of another's = %v", err)
		}
		if l := a.level(t, v); l.OnHand != 5 || l.Reserved != 0 {
			t.Errorf("level %v, want it untouched", l)
		}
	})
}

func TestStockTypedWithAProductIsAudited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.product(t, "Wajit", 5)
		n := int64(8)
		q := catalog.Quick{Edit: id.New(), Product: p.ID, Variant: p.Variants[0].ID, Price: p.Variants[0].Price, Stock: &n, Seen: 5}
		for range 2 { // the form was sent twice
			if err := s.goods.SetQuick(t.Context(), s.sc, q); err != nil {
				t.Fatal(err)
			}
		}
		list, _, err := audit.List(t.Context(), db, s.sc, audit.Page{Object: p.Variants[0].ID})
		if err != nil || len(list) != 1 || list[0].Verb != "stock.corrected" {
			t.Errorf("audit of the variant = %+v, %v", list, err)
		}
		if l := s.level(t, p.Variants[0].ID); l.OnHand != 8 {
			t.Errorf("level %v, want 8", l)
		}
		s.sound(t)
	})
}
