package order_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

const village = "32.11.01.2001"

// shop is a shop with a product of two variants, and the services of a server.
type shop struct {
	db       *store.DB
	orders   *order.Service
	payments *payment.Service
	shops    *business.Service
	goods    *catalog.Service
	stock    *stock.Service
	books    *ledger.Service
	vouchers *voucher.Service
	ways     *delivery.Service
	blobs    *blob.Service
	owner    authz.Scope
	buyer    authz.Scope
	small    id.ID // Rp18.000, counted
	large    id.ID // Rp32.000, counted
}

var root = []byte(strings.Repeat("k", 32))

func newServer(t testing.TB, db *store.DB) *shop {
	t.Helper()
	s := &shop{db: db}
	var err error
	if s.shops, err = business.New(db, account.New(db, root), root); err != nil {
		t.Fatal(err)
	}
	blobs := blob.New(db)
	s.blobs = blobs
	s.goods = catalog.New(db, s.shops, blobs)
	s.stock = stock.New(db, s.goods)
	s.goods.OnStock = s.stock.Set
	s.books = ledger.New(db)
	s.payments = payment.New(db, s.books, blobs)
	s.orders, err = order.New(db, root, parts(t, db, s, blobs))
	if err != nil {
		t.Fatal(err)
	}
	s.orders.PerMinute = 1 << 30
	return s
}

// newShop opens a shop with pieces of each variant.
func newShop(t testing.TB, db *store.DB, pieces int64) *shop {
	t.Helper()
	s := newServer(t, db)
	s.open(t, pieces)
	return s
}

// open gives s a new business; its services stay.
func (s *shop) open(t testing.TB, pieces int64) {
	t.Helper()
	ctx := t.Context()
	now := s.db.Now()
	person := authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := s.shops.Create(ctx, person, business.NewShop{
		ID: id.New(), Name: "Dapur Bu Euis", Trade: "T1", Village: village, Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.owner = person
	s.owner.Role, s.owner.Business = authz.Owner, b.ID
	if _, err := s.shops.Publish(ctx, s.owner); err != nil {
		t.Fatal(err)
	}
	s.buyer = authz.Visitor(b.ID)
	s.small, s.large = id.New(), id.New()
	_, err = s.goods.Create(ctx, s.owner, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik", Publish: true, Min: 1,
		Options: []catalog.Option{{Name: "Isi", Values: []string{"250 g", "500 g"}}},
		Variants: []catalog.VariantForm{
			{ID: s.small, Choices: []string{"250 g"}, Price: 18_000, WeightGrams: 250, Tracked: true, Stock: &pieces},
			{ID: s.large, Choices: []string{"500 g"}, Price: 32_000, WeightGrams: 500, Tracked: true, Stock: &pieces},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	st := payment.Defaults()
	st.Transfer, st.Accounts = true, []payment.Account{{Bank: "bca", Number: "1234567890", Holder: "Euis"}}
	st.QRIS, st.QRISText = true, qris
	if err := s.payments.Put(ctx, s.owner, st); err != nil {
		t.Fatal(err)
	}
}

const qris = "00020101021126680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI5204581253033605802ID5914WARUNG BU SITI6007BANDUNG610540111630431AA"

// draft is an order of n small ones, to be fetched and paid in cash.
func (s *shop) draft(n int64) order.Draft {
	return order.Draft{
		ID: id.New(), Channel: order.Web, Lines: []stock.Want{{Variant: s.small, Quantity: n}}, Name: "Rini", Phone: "0812 3456 7891",
		Way: order.Pickup, PayBy: payment.Cash, SeenTotal: n * 18_000,
	}
}

func (s *shop) place(t testing.TB, d order.Draft) order.Order {
	t.Helper()
	o, err := s.orders.Place(t.Context(), s.buyer, d)
	if err != nil {
		t.Fatalf("Place: %v", err)
	}
	return o
}

func (s *shop) do(t testing.TB, o order.Order, m order.Move) order.Order {
	t.Helper()
	got, err := s.orders.Do(t.Context(), s.owner, o.ID, m)
	if err != nil {
		t.Fatalf("Do(%s) of a %s order: %v", m.Act, o.State, err)
	}
	return got
}

func (s *shop) level(t testing.TB, variant id.ID) stock.Level {
	t.Helper()
	var l stock.Level
	if err := s.db.View(t.Context(), s.owner, func(tx *store.Tx) error {
		all, err := s.stock.Levels(t.Context(), tx, s.owner, []id.ID{variant})
		l = all[variant]
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return l
}

// sound fails the test if any invariant is broken.
func sound(t testing.TB, db *store.DB) {
	t.Helper()
	var all []store.Invariant
	all = append(append(append(all, ledger.Invariants...), payment.Invariants...), order.Invariants...)
	all = append(append(append(all, stock.Invariants...), voucher.Invariants...), delivery.Invariants...)
	broken, err := store.CheckInvariants(context.WithoutCancel(t.Context()), db, all)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Errorf("%s: %s", b.Name, b.Row)
	}
}

func TestPlaceFollowAndFetch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 10)
		d := s.draft(2)
		q, err := s.orders.Quote(t.Context(), s.buyer, d)
		if err != nil || q.Total != 36_000 || q.First() != nil || len(q.Pays) != 3 {
			t.Fatalf("Quote = %+v, %v", q, err)
		}
		o := s.place(t, d)
		if o.Called() != "LPK-0001" || o.Total != 36_000 || o.State != order.Placed || o.Tab != order.TabAction || o.PayState != order.Unpaid {
			t.Fatalf("Place = %+v", o)
		}
		if l := s.level(t, s.small); l.Reserved != 2 || l.OnHand != 10 {
			t.Errorf("level = %v", l)
		}
		_, seen, err := s.orders.Follow(t.Context(), s.orders.Link(o))
		if err != nil || seen.ID != o.ID || !order.Has(seen.Actions, order.ActWithdraw) || order.Has(seen.Actions, order.ActAccept) {
			t.Fatalf("Follow = %+v, %v", seen.Actions, err)
		}
		if _, _, err := s.orders.Follow(t.Context(), strings.Repeat("a", 26)); !errors.Is(err, order.ErrNotFound) {
			t.Errorf("a wrong link: %v", err)
		}
		o = s.do(t, o, order.Move{Act: order.ActAccept})
		o = s.do(t, o, order.Move{Act: order.ActPack})
		o = s.do(t, o, order.Move{Act: order.ActCollect})
		if o.State != order.Done || o.PayState != order.Paid || o.Due() != 0 {
			t.Errorf("collected = %+v", o)
		}
		if l := s.level(t, s.small); l.Reserved != 0 || l.OnHand != 8 {
			t.Errorf("level = %v", l)
		}
		got, err := s.orders.Get(t.Context(), s.owner, o.ID)
		if err != nil || len(got.Events) != 4 || len(got.Payments) != 1 || len(got.Lines) != 1 {
			t.Errorf("Get = %d events, %d payments, %v", len(got.Events), len(got.Payments), err)
		}
		sound(t, db)
	})
}

func TestPlaceNeverOversells(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 10)
		var sold, short, other atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				_, err := s.orders.Place(t.Context(), s.buyer, s.draft(1))
				switch {
				case err == nil:
					sold.Add(1)
				case errors.Is(err, stock.ErrShort):
					short.Add(1)
				default:
					other.Add(1)
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if sold.Load() != 10 || short.Load() != 190 {
			t.Errorf("sold %d, short %d, other %d; want 10, 190, 0", sold.Load(), short.Load(), other.Load())
		}
		sound(t, db)
	})
}

func TestPlaceIsIdempotent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 2)
		d := s.draft(2)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if o, err := s.orders.Place(t.Context(), s.buyer, d); err != nil || o.ID != d.ID || o.Number != 1 {
					t.Errorf("Place = %v %v, %v", o.ID, o.Number, err)
				}
			})
		}
		wg.Wait()
		other := d
		other.Note = "cepat ya"
		if _, err := s.orders.Place(t.Context(), s.buyer, other); !errors.Is(err, order.ErrOtherBody) {
			t.Errorf("other body: %v", err)
		}
		p, err := s.orders.List(t.Context(), s.owner, order.Filter{})
		if err != nil || len(p.Orders) != 1 {
			t.Errorf("List = %d, %v", len(p.Orders), err)
		}
		sound(t, db)
	})
}

func TestPlaceRefuses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 3)
		d := s.draft(2)
		d.SeenTotal = 35_000
		_, err := s.orders.Place(t.Context(), s.buyer, d)
		if q, ok := order.Changed(err); !errors.Is(err, order.ErrChanged) || !ok || q.Total != 36_000 {
			t.Errorf("changed = %v", err)
		}
		d = s.draft(5)
		_, err = s.orders.Place(t.Context(), s.buyer, d)
		if list := stock.Shorts(err); !errors.Is(err, stock.ErrShort) || len(list) != 1 || list[0].Left != 3 {
			t.Errorf("short = %v", err)
		}
		d = s.draft(1)
		d.Lines[0].Variant = id.New()
		if _, err = s.orders.Place(t.Context(), s.buyer, d); !errors.Is(err, order.ErrGone) {
			t.Errorf("gone = %v", err)
		}
		if _, err := s.shops.Pause(t.Context(), s.owner, "libur"); err != nil {
			t.Fatal(err)
		}
		if _, err = s.orders.Place(t.Context(), s.buyer, s.draft(1)); !errors.Is(err, business.ErrPaused) {
			t.Errorf("paused = %v", err)
		}
		if _, err = s.orders.Place(t.Context(), authz.Scope{Role: authz.Guest}, order.Draft{Channel: order.Chat}); !errors.Is(err, authz.ErrSignIn) {
			t.Errorf("chat as a guest = %v", err)
		}
		if l := s.level(t, s.small); l.Reserved != 0 {
			t.Errorf("level after refusals = %v", l)
		}
		sound(t, db)
	})
}

func TestOtherShopSeesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := newShop(t, db, 5)
		o := a.place(t, a.draft(1))
		b := newServer(t, db)
		b.open(t, 5)
		for name, f := range map[string]func() error{
			"get": func() error { _, err := b.orders.Get(t.Context(), b.owner, o.ID); return err },
			"move": func() error {
				_, err := b.orders.Do(t.Context(), b.owner, o.ID, order.Move{Act: order.ActAccept})
				return err
			},
			"preview": func() error {
				_, _, err := b.orders.Preview(t.Context(), b.owner, o.ID, order.Edit{Lines: []stock.Want{{Variant: b.small, Quantity: 1}}})
				return err
			},
			"missing": func() error { _, err := b.orders.Get(t.Context(), b.owner, id.New()); return err },
		} {
			if err := f(); !errors.Is(err, order.ErrNotFound) {
				t.Errorf("%s: %v, want not found", name, err)
			}
		}
		d := b.draft(1)
		d.Lines[0].Variant = a.small
		if _, err := b.orders.Place(t.Context(), b.buyer, d); !errors.Is(err, order.ErrGone) {
			t.Errorf("order of another shop's goods: %v", err)
		}
		if p, err := b.orders.List(t.Context(), b.owner, order.Filter{}); err != nil || len(p.Orders) != 0 {
			t.Errorf("List = %v, %v", p, err)
		}
		if _, err := b.orders.Get(t.Context(), b.buyer, o.ID); !errors.Is(err, authz.ErrSignIn) {
			t.Errorf("a guest gets an order without its link: %v", err)
		}
	})
}

func TestTransferWithUniqueCode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 500)
		var mu sync.Mutex
		amounts := map[int64]bool{}
		var orders []order.Order
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() {
				d := s.draft(1)
				d.PayBy = payment.Transfer
				o, err := s.orders.Place(t.Context(), s.buyer, d)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if amounts[o.Total] || o.Code < 1 || o.Code > 999 || o.Total != 18_000+o.Code {
					t.Errorf("total %d, code %d", o.Total, o.Code)
				}
				amounts[o.Total] = true
				orders = append(orders, o)
			})
		}
		wg.Wait()
		o := orders[0]
		if o.HoldUntil == nil {
			t.Fatal("a transfer has no hold")
		}
		if _, err := s.orders.Do(t.Context(), s.owner, s.do(t, o, order.Move{Act: order.ActAccept}).ID, order.Move{Act: order.ActCollect}); !errors.Is(err, order.ErrUnpaid) {
			t.Errorf("collect before paying: %v", err)
		}
		if _, err := s.orders.DoByLink(t.Context(), s.orders.Link(o), order.Move{Act: order.ActClaim}); err != nil {
			t.Fatal(err)
		}
		got := s.do(t, o, order.Move{Act: order.ActPay, Method: payment.Transfer, Amount: o.Total})
		if got.PayState != order.Paid || got.ClaimedAt != nil || got.HoldUntil != nil {
			t.Errorf("paid = %+v", got)
		}
		// Cash for an order that was to be transferred: nobody pays the code.
		o = orders[1]
		got = s.do(t, o, order.Move{Act: order.ActPay, Method: payment.Cash, Amount: 18_000})
		if got.PayState != order.Paid || got.Code != 0 || got.Total != 18_000 {
			t.Errorf("paid in cash = %+v", got)
		}
		sound(t, db)
	})
}

func TestUnpaidOrdersExpire(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 5)
		d := s.draft(2)
		d.PayBy = payment.QRIS
		unpaid := s.place(t, d)
		d = s.draft(1)
		d.PayBy = payment.QRIS
		claimed := s.place(t, d)
		if _, err := s.orders.DoByLink(t.Context(), s.orders.Link(claimed), order.Move{Act: order.ActClaim}); err != nil {
			t.Fatal(err)
		}
		job := authz.Job(s.owner.Business)
		at := *unpaid.HoldUntil
		for i, when := range []time.Time{at.Add(-time.Second), at} {
			db.Now = func() time.Time { return when }
			for _, o := range []order.Order{unpaid, claimed} {
				if err := s.orders.Expire(t.Context(), job, o.ID); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.orders.Get(t.Context(), s.owner, unpaid.ID)
			if want := []order.State{order.Placed, order.Cancelled}[i]; err != nil || got.State != want {
				t.Errorf("at %v: %s, %v; want %s", when, got.State, err, want)
			}
		}
		if got, _ := s.orders.Get(t.Context(), s.owner, claimed.ID); got.State != order.Placed {
			t.Errorf("claimed = %s", got.State)
		}
		if l := s.level(t, s.small); l.Reserved != 1 {
			t.Errorf("level = %v", l)
		}
		sound(t, db)
	})
}

func TestCounterSale(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 5)
		d := order.Draft{ID: id.New(), Channel: order.Counter, Lines: []stock.Want{{Variant: s.small, Quantity: 2}}, Way: order.Pickup, PayBy: payment.Cash, CashGiven: 30_000}
		if _, err := s.orders.Place(t.Context(), s.owner, d); err == nil {
			t.Error("too little cash was taken")
		}
		d.CashGiven = 50_000
		o, err := s.orders.Place(t.Context(), s.owner, d)
		if err != nil || o.State != order.Done || o.Change() != 14_000 || o.PayState != order.Paid {
			t.Fatalf("Place = %+v, %v", o, err)
		}
		if l := s.level(t, s.small); l.OnHand != 3 || l.Reserved != 0 {
			t.Errorf("level = %v", l)
		}
		o = s.do(t, o, order.Move{Act: order.ActRefund, Method: payment.Cash, Amount: 6_000, Reason: "damaged"})
		if o.Due() != 0 || o.Allowance != 6_000 {
			t.Errorf("refunded = %+v", o)
		}
		sound(t, db)
	})
}

func TestEditAdjustsStockAndMoney(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 5)
		d := s.draft(2)
		d.PayBy = payment.Transfer
		o := s.place(t, d)
		e := order.Edit{Lines: []stock.Want{{Variant: s.small, Quantity: 1}, {Variant: s.large, Quantity: 3}}}
		before, after, err := s.orders.Preview(t.Context(), s.owner, o.ID, e)
		if err != nil || after.Goods != 18_000+96_000 || before.Goods != 36_000 {
			t.Fatalf("Preview = %d, %v", after.Goods, err)
		}
		m := order.Move{ID: id.New(), Act: order.ActEdit, Edit: &e}
		o = s.do(t, o, m)
		again := s.do(t, o, m)
		if o.Goods != 114_000 || again.Goods != 114_000 || o.Code == 0 || o.Total != 114_000+o.Code || len(o.Lines) != 2 {
			t.Errorf("edited = %+v", o)
		}
		if a, b := s.level(t, s.small), s.level(t, s.large); a.Reserved != 1 || b.Reserved != 3 {
			t.Errorf("levels = %v, %v", a, b)
		}
		e.Lines[1].Quantity = 6
		if _, err := s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActEdit, Edit: &e}); !errors.Is(err, stock.ErrShort) {
			t.Errorf("edit beyond stock: %v", err)
		}
		sound(t, db)
	})
}
