package customer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func owner() authz.Scope {
	return authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: time.Now()}
}

func newService(t testing.TB, db *store.DB) *Service {
	t.Helper()
	s, err := New(db, []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// order does what an order does to a customer.
func (s *Service) order(t testing.TB, sc authz.Scope, phone, name string, consent bool, to *Address) id.ID {
	t.Helper()
	guest := authz.Visitor(sc.Business)
	var c Customer
	err := s.db.Tx(t.Context(), guest, func(tx *store.Tx) (err error) {
		if c, err = s.Find(t.Context(), tx, guest, phone, name); err != nil {
			return err
		}
		if consent {
			if err := s.Consent(t.Context(), tx, guest, c.ID, "web"); err != nil {
				return err
			}
		}
		return s.Ordered(t.Context(), tx, guest, c.ID, tx.Now, to)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func check(t testing.TB, db *store.DB) {
	t.Helper()
	broken, err := store.CheckInvariants(t.Context(), db, Invariants)
	if err != nil || len(broken) > 0 {
		t.Errorf("CheckInvariants = %v, %v, want none", broken, err)
	}
}

func TestFoundByPhone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		ctx := t.Context()
		home := &Address{Village: "32.11.05.2003", Street: "Jl. Puspa 8", Landmark: "depan warung"}
		same := &Address{Village: "32.11.05.2003", Street: "jl puspa 8", Landmark: "Depan  Warung"}
		first := s.order(t, sc, "+6281234567890", "Rini", false, home)
		if again := s.order(t, sc, "0812-3456-7890", "", false, same); again != first {
			t.Errorf("the same number made another customer")
		}
		if s.order(t, sc, "+6281234567890", "Rini Anggraeni", true, nil) != first {
			t.Errorf("another name made another customer")
		}
		d, err := s.Get(ctx, sc, first)
		if err != nil {
			t.Fatal(err)
		}
		if d.Name != "Rini Anggraeni" || d.Orders != 3 || len(d.Addresses) != 1 || d.FirstOrderAt == nil || d.LastOrderAt == nil || !d.Promo || len(d.Consents) != 1 {
			t.Errorf("Get = %+v", d)
		}
		if err := db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := s.Spent(ctx, tx, sc, first, 75_000); err != nil {
				return err
			}
			return s.Dropped(ctx, tx, sc, first)
		}); err != nil {
			t.Fatal(err)
		}
		if d, err = s.Get(ctx, sc, first); err != nil || d.Spent != 75_000 || d.Orders != 2 {
			t.Errorf("Get = %+v, %v", d.Customer, err)
		}
		if s.order(t, owner(), "+6281234567890", "Rini", false, nil) == first {
			t.Errorf("two shops share a customer")
		}
		check(t, db)
	})
}

func TestFoundInParallelIsOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[id.ID]bool{}
		for range 20 {
			wg.Go(func() {
				err := db.Tx(context.Background(), sc, func(tx *store.Tx) error {
					c, err := s.Find(context.Background(), tx, sc, "+6281234567890", "Rini")
					if err != nil {
						return err
					}
					mu.Lock()
					seen[c.ID] = true
					mu.Unlock()
					return s.Ordered(context.Background(), tx, sc, c.ID, tx.Now, nil)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		p, err := s.List(t.Context(), sc, Filter{})
		if err != nil || len(p.Customers) != 1 || p.Customers[0].Orders != 20 || len(seen) != 1 {
			t.Errorf("List = %+v, %v; %d ids", p.Customers, err, len(seen))
		}
	})
}

func TestListGroupsAndPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		ctx := t.Context()
		now := time.Now().UTC().Truncate(time.Second)
		for i := range 7 {
			db.Now = func() time.Time { return now.Add(time.Duration(i-6) * 10 * 24 * time.Hour) }
			s.order(t, sc, fmt.Sprintf("+62812345678%02d", i), fmt.Sprintf("Pembeli %d", i), i%2 == 0, &Address{Village: "32.11.05.2003"})
		}
		db.Now = func() time.Time { return now }
		s.order(t, sc, "+6281234567806", "", false, nil)
		s.order(t, sc, "+6281234567806", "", false, nil)
		var names []string
		f := Filter{Max: 3}
		for range 5 {
			p, err := s.List(ctx, sc, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range p.Customers {
				names = append(names, c.Name)
			}
			if p.Next.ID.IsZero() {
				break
			}
			f.Cursor = ParseCursor(p.Next.String())
		}
		if fmt.Sprint(names) != "[Pembeli 6 Pembeli 5 Pembeli 4 Pembeli 3 Pembeli 2 Pembeli 1 Pembeli 0]" {
			t.Errorf("pages = %v", names)
		}
		for _, c := range []struct {
			f    Filter
			want int
		}{
			{Filter{Group: Regular}, 1},
			{Filter{Group: Quiet}, 3},
			{Filter{Group: Newest}, 4},
			{Filter{Group: Promos}, 4},
			{Filter{Words: "beli 3"}, 1},
			{Filter{Words: "PEMBELI"}, 7},
			{Filter{Words: "0812 3456 7802"}, 1},
			{Filter{Words: "67804"}, 1},
			{Filter{Words: "%"}, 7},
			{Filter{Words: "siapa"}, 0},
		} {
			p, err := s.List(ctx, sc, c.f)
			if err != nil || len(p.Customers) != c.want {
				t.Errorf("List(%+v) = %d customers, %v, want %d", c.f, len(p.Customers), err, c.want)
			}
		}
		if n, err := s.QuietCount(ctx, sc); err != nil || n != 3 {
			t.Errorf("QuietCount = %d, %v, want 3", n, err)
		}
		p, err := s.List(ctx, sc, Filter{Max: 1})
		if err != nil || p.Customers[0].Place().IsZero() || !p.Customers[0].Promo {
			t.Errorf("List = %+v, %v, want place and consent", p.Customers, err)
		}
	})
}

func TestStopLink(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		ctx := t.Context()
		c := s.order(t, sc, "+6281234567890", "Rini", true, nil)
		token := s.StopPath(sc, c)[len("/berhenti/"):]
		for range 2 {
			if err := s.Stop(ctx, token); err != nil {
				t.Fatal(err)
			}
		}
		if d, err := s.Get(ctx, sc, c); err != nil || d.Promo || d.Consents[0].WithdrawnAt == nil || d.Consents[0].WithdrawnBy != "link" {
			t.Errorf("Get = %+v, %v, want the consent withdrawn", d, err)
		}
		for _, wrong := range []string{"", "a", "aaaaaaaaaaaaaaaaaaaaaaaaaa"} {
			if err := s.Stop(ctx, wrong); !errors.Is(err, ErrNotFound) {
				t.Errorf("Stop(%q) = %v, want %v", wrong, err, ErrNotFound)
			}
		}
		if err := s.SetPromo(ctx, sc, c, true); err != nil {
			t.Fatal(err)
		}
		if d, err := s.Get(ctx, sc, c); err != nil || !d.Promo || len(d.Consents) != 2 {
			t.Errorf("Get = %+v, %v, want a second consent", d, err)
		}
		check(t, db)
	})
}

func TestPutEraseCopy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := newService(t, db), owner()
		ctx := t.Context()
		one := s.order(t, sc, "+6281234567890", "Rini", true, &Address{Village: "32.11.05.2003", Street: "Jl. Puspa 8"})
		two := s.order(t, sc, "+6281234567891", "Asep", false, nil)
		if err := s.Put(ctx, sc, one, Change{Name: "Rini A.", Phone: "0812 3456 7892", Note: "suka pedas", Tags: "tetap, Tetap, reseller"}); err != nil {
			t.Fatal(err)
		}
		d, err := s.Get(ctx, sc, one)
		if err != nil || d.Phone != "+6281234567892" || len(d.Tags) != 2 || d.Note != "suka pedas" {
			t.Errorf("Get = %+v, %v", d.Customer, err)
		}
		if err := s.Put(ctx, sc, one, Change{Name: "Rini", Phone: "+6281234567891"}); !errors.Is(fault.Of(err).Field("phone"), ErrTaken) {
			t.Errorf("Put of a taken number = %v, want %v", err, ErrTaken)
		}
		if _, err := s.Copy(ctx, sc, one); err != nil {
			t.Error(err)
		}
		staff := sc
		staff.Role, staff.Perms = authz.Staff, []authz.Perm{authz.PermCustomers}
		if err := s.Erase(ctx, staff, one); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("Erase by staff = %v, want %v", err, authz.ErrForbidden)
		}
		var told id.ID
		s.OnErase = func(_ context.Context, _ *store.Tx, _ authz.Scope, c id.ID) error { told = c; return nil }
		if err := s.Erase(ctx, sc, one); err != nil {
			t.Fatal(err)
		}
		d, err = s.Get(ctx, sc, one)
		if err != nil || told != one || d.Name != "" || d.Phone != "" || d.Note != "" || len(d.Addresses) != 0 || d.Orders != 1 || d.Promo {
			t.Errorf("Get of an erased customer = %+v, %v", d, err)
		}
		if err := s.Put(ctx, sc, one, Change{Name: "Rini", Phone: "+6281234567899"}); !errors.Is(err, ErrErased) {
			t.Errorf("Put of an erased customer = %v, want %v", err, ErrErased)
		}
		if s.order(t, sc, "+6281234567892", "Rini", false, nil) == one {
			t.Errorf("an erased customer came back")
		}
		helper := sc
		helper.Role, helper.Perms = authz.Staff, []authz.Perm{authz.PermOrders}
		if _, err := s.List(ctx, helper, Filter{}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("List by a helper without the permission = %v, want %v", err, authz.ErrForbidden)
		}
		other := owner()
		if _, err := s.Get(ctx, other, two); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get of another shop = %v, want %v", err, ErrNotFound)
		}
		for name, err := range map[string]error{
			"Put": s.Put(ctx, other, two, Change{Name: "X", Phone: "+6281234567000"}), "Erase": s.Erase(ctx, other, two),
			"SetPromo": s.SetPromo(ctx, other, two, true), "DropAddress": s.DropAddress(ctx, other, two, id.New()),
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s of another shop = %v, want %v", name, err, ErrNotFound)
			}
		}
		check(t, db)
	})
}
