package voucher

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher/voucherdb"
)

var root = []byte("0123456789abcdef0123456789abcdef")

func owner() authz.Scope {
	return authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: time.Now()}
}

func newService(t testing.TB, db *store.DB) *Service {
	t.Helper()
	s, err := New(db, root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Service) mustPut(t testing.TB, sc authz.Scope, d Draft) Draft {
	t.Helper()
	if d.ID.IsZero() {
		d.ID = id.New()
	}
	d.Active = true
	if err := s.Put(t.Context(), sc, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// order applies a code and uses it, as placing an order does.
func (s *Service) order(ctx context.Context, sc authz.Scope, code, phone string, order id.ID) (Discount, error) {
	var d Discount
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
		if d, err = s.Apply(ctx, tx, sc, code, phone, 100_000, 10_000); err != nil {
			return err
		}
		return s.Use(ctx, tx, sc, order, phone, d)
	})
	return d, err
}

func check(t testing.TB, db *store.DB) {
	t.Helper()
	broken, err := store.CheckInvariants(t.Context(), db, Invariants)
	if err != nil || len(broken) > 0 {
		t.Errorf("CheckInvariants = %v, %v, want none", broken, err)
	}
}

func TestOff(t *testing.T) {
	for _, c := range []struct {
		name            string
		v               Voucher
		goods, shipping int64
		want            int64
		err             error
	}{
		{"amount", Voucher{Kind: Amount, Value: 10_000}, 50_000, 0, 10_000, nil},
		{"amount above goods", Voucher{Kind: Amount, Value: 10_000}, 4_000, 9_000, 4_000, nil},
		{"percent", Voucher{Kind: Percent, Value: 15}, 33_333, 0, 5_000, nil},
		{"percent with cap", Voucher{Kind: Percent, Value: 50, Cap: 20_000}, 100_000, 0, 20_000, nil},
		{"shipping", Voucher{Kind: Shipping}, 100_000, 12_000, 12_000, nil},
		{"shipping with cap", Voucher{Kind: Shipping, Cap: 5_000}, 100_000, 12_000, 5_000, nil},
		{"shipping, none", Voucher{Kind: Shipping}, 100_000, 0, 0, ErrShipping},
		{"too little", Voucher{Kind: Amount, Value: 5_000, Least: 50_000}, 49_999, 0, 0, ErrLeast},
		{"just enough", Voucher{Kind: Amount, Value: 5_000, Least: 50_000}, 50_000, 0, 5_000, nil},
	} {
		got, err := c.v.Off(c.goods, c.shipping)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: Off = %d, %v, want %d, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func TestOffStaysWithinTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := Voucher{
			Kind: rapid.SampledFrom(Kinds).Draw(t, "kind"), Value: rapid.Int64Range(0, 1_000_000).Draw(t, "value"),
			Cap: rapid.Int64Range(0, 100_000).Draw(t, "cap"),
		}
		if v.Kind == Percent {
			v.Value = rapid.Int64Range(1, 100).Draw(t, "percent")
		}
		goods, shipping := rapid.Int64Range(0, 10_000_000).Draw(t, "goods"), rapid.Int64Range(0, 100_000).Draw(t, "shipping")
		off, err := v.Off(goods, shipping)
		if err != nil && !errors.Is(err, ErrShipping) {
			t.Fatal(err)
		}
		if off < 0 || off > goods+shipping || v.Cap > 0 && off > v.Cap {
			t.Fatalf("Off(%d, %d) = %d with %+v", goods, shipping, off, v)
		}
	})
}

func TestValidateReportsEveryField(t *testing.T) {
	starts := time.Now()
	f := fault.Of(Draft{Code: "a!", Kind: "gift", Cap: -1, Least: -1, Most: -1, Each: -1, StartsAt: starts, EndsAt: &starts}.Validate())
	for _, field := range []string{"id", "code", "kind", "cap", "least", "most", "each", "ends"} {
		if f.Field(field) == nil {
			t.Errorf("Validate says nothing of %s", field)
		}
	}
}

func TestUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		ctx := t.Context()
		d := s.mustPut(t, sc, Draft{Code: "hemat 10", Kind: Percent, Value: 10, Most: 3, Each: 1})
		first := id.New()
		if got, err := s.order(ctx, sc, "hemat10", "+6281234567890", first); err != nil || got.Amount != 10_000 || got.Code != "HEMAT10" {
			t.Fatalf("order = %+v, %v", got, err)
		}
		if _, err := s.order(ctx, sc, "HEMAT10", "+6281234567890", id.New()); !errors.Is(err, ErrYours) {
			t.Errorf("second order of one buyer = %v, want %v", err, ErrYours)
		}
		for _, phone := range []string{"+6281234567891", "+6281234567892"} {
			if _, err := s.order(ctx, sc, "HEMAT10", phone, id.New()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.order(ctx, sc, "HEMAT10", "+6281234567893", id.New()); !errors.Is(err, ErrUsedUp) {
			t.Errorf("fourth order = %v, want %v", err, ErrUsedUp)
		}
		for range 2 { // once is enough, twice does no harm
			if err := db.Tx(ctx, sc, func(tx *store.Tx) error { return s.GiveBack(ctx, tx, sc, first) }); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := s.Get(ctx, sc, d.ID); err != nil || v.Used != 2 || v.Given != 20_000 {
			t.Errorf("Get = %+v, %v, want 2 uses", v, err)
		}
		if _, err := s.order(ctx, sc, "HEMAT10", "+6281234567890", id.New()); err != nil {
			t.Errorf("order after giving back = %v", err)
		}
		check(t, db)
	})
}

func TestPeriodAndSwitch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		ctx := t.Context()
		now := time.Now().UTC().Truncate(time.Second)
		starts, ends := now.Add(time.Hour), now.Add(2*time.Hour)
		d := s.mustPut(t, sc, Draft{Code: "SIANG", Kind: Amount, Value: 5_000, StartsAt: starts, EndsAt: &ends})
		for _, c := range []struct {
			at   time.Time
			want error
		}{{starts.Add(-time.Second), ErrEarly}, {starts, nil}, {ends.Add(-time.Second), nil}, {ends, ErrOver}, {ends.Add(time.Second), ErrOver}} {
			db.Now = func() time.Time { return c.at }
			err := db.View(ctx, sc, func(tx *store.Tx) error {
				_, err := s.Apply(ctx, tx, sc, "siang", "", 10_000, 0)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("Apply at %v = %v, want %v", c.at, err, c.want)
			}
		}
		db.Now = func() time.Time { return starts }
		d.Active = false
		if err := s.Put(ctx, sc, d); err != nil {
			t.Fatal(err)
		}
		if _, err := s.order(ctx, sc, "SIANG", "", id.New()); !errors.Is(err, ErrUnknown) {
			t.Errorf("order with a code switched off = %v, want %v", err, ErrUnknown)
		}
	})
}

func TestPutAndList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc, other := newService(t, db), owner(), owner()
		ctx := t.Context()
		d := s.mustPut(t, sc, Draft{Code: "SATU", Kind: Amount, Value: 5_000})
		if err := s.Put(ctx, sc, d); err != nil {
			t.Errorf("Put again = %v", err)
		}
		twin := Draft{ID: id.New(), Code: "satu", Kind: Shipping, Active: true}
		if err := s.Put(ctx, sc, twin); !errors.Is(fault.Of(err).Field("code"), ErrTaken) {
			t.Errorf("Put with a taken code = %v, want %v", err, ErrTaken)
		}
		two := s.mustPut(t, sc, Draft{Code: "DUA", Kind: Shipping})
		two.Code = "SATU"
		if err := s.Put(ctx, sc, two); !errors.Is(fault.Of(err).Field("code"), ErrTaken) {
			t.Errorf("Put onto a taken code = %v, want %v", err, ErrTaken)
		}
		s.mustPut(t, other, Draft{Code: "SATU", Kind: Shipping})
		list, next, err := s.List(ctx, sc, id.ID{})
		if err != nil || len(list) != 2 || !next.IsZero() || list[0].Code != "DUA" {
			t.Errorf("List = %+v, %v, %v", list, next, err)
		}
		if _, err := s.Get(ctx, other, d.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get of another shop = %v, want %v", err, ErrNotFound)
		}
		d.Value = 1
		if err := s.Put(ctx, other, d); errors.Is(err, nil) {
			if v, err := s.Get(ctx, sc, d.ID); err != nil || v.Value != 5_000 {
				t.Errorf("another shop changed a voucher: %+v, %v", v, err)
			}
		}
		staff := sc
		staff.Role, staff.Perms = authz.Staff, authz.StaffPerms
		if err := s.Put(ctx, staff, d); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("Put by staff = %v, want %v", err, authz.ErrForbidden)
		}
	})
}

// race lets many buyers use the last uses of a voucher, by use, and returns how many could.
func race(t *testing.T, s *Service, sc authz.Scope, buyers int, use func(ctx context.Context, order id.ID) error) int64 {
	t.Helper()
	var wg sync.WaitGroup
	var used atomic.Int64
	start := make(chan struct{})
	for range buyers {
		wg.Go(func() {
			<-start
			switch err := use(t.Context(), id.New()); {
			case err == nil:
				used.Add(1)
			case fault.Of(err) == nil:
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	return used.Load()
}

func TestLimitsHoldUnderParallelUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		s.mustPut(t, sc, Draft{Code: "SEPULUH", Kind: Amount, Value: 1_000, Most: 10})
		s.mustPut(t, sc, Draft{Code: "SEKALI", Kind: Amount, Value: 1_000, Each: 1})
		if n := race(t, s, sc, 60, func(ctx context.Context, order id.ID) error {
			_, err := s.order(ctx, sc, "SEPULUH", "", order)
			return err
		}); n != 10 {
			t.Errorf("used %d times, want 10", n)
		}
		if n := race(t, s, sc, 30, func(ctx context.Context, order id.ID) error {
			_, err := s.order(ctx, sc, "SEKALI", "+6281234567890", order)
			return err
		}); n != 1 {
			t.Errorf("one buyer used it %d times, want once", n)
		}
		check(t, db)
	})
}

// TestRaceCatchesReadThenWrite plants the version that reads how often a
// voucher was used and writes it afterwards, and wants the race to see it.
func TestRaceCatchesReadThenWrite(t *testing.T) {
	db := storetest.Postgres(t)
	s, sc := newService(t, db), owner()
	d := s.mustPut(t, sc, Draft{Code: "SEPULUH", Kind: Amount, Value: 1_000, Most: 1})
	const buyers = 12
	var read sync.WaitGroup
	read.Add(buyers)
	var once sync.Map
	n := race(t, s, sc, buyers, func(ctx context.Context, order id.ID) error {
		var v Voucher
		err := db.View(ctx, sc, func(tx *store.Tx) (err error) {
			v, err = s.get(ctx, tx, sc, d.ID)
			return err
		})
		if _, seen := once.LoadOrStore(order, true); !seen {
			read.Done()
			read.Wait()
		}
		if err != nil {
			return err
		}
		if v.Used >= v.Most {
			return ErrUsedUp
		}
		return db.Tx(ctx, sc, func(tx *store.Tx) error {
			_, err := s.q.InsertUse(ctx, tx, voucherdb.InsertUseParams{BusinessID: sc.Business, OrderID: order, VoucherID: d.ID, At: tx.Now})
			return err
		})
	})
	if n <= 1 {
		t.Errorf("the planted version used it %d times: the race sees nothing", n)
	}
	if broken, err := store.CheckInvariants(t.Context(), db, Invariants); err != nil || len(broken) == 0 {
		t.Errorf("CheckInvariants = %v, %v, want the planted version found", broken, err)
	}
}
