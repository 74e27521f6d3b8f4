package order_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// promises lets the shop bring goods every day, to so many buyers a day.
func (s *shop) promises(t testing.TB, perDay int64) {
	t.Helper()
	err := s.ways.Put(t.Context(), s.owner, delivery.Settings{
		Pickup: true, Own: true, Tariff: delivery.Tariff{Kind: delivery.Flat, Flat: 10_000, PerKg: 1_000, Included: 1, Tolerance: 300, Divisor: 6000},
		Schedule: delivery.Schedule{
			Days: [7]bool{true, true, true, true, true, true, true}, Hours: []delivery.Hours{{From: 540, Until: 720}, {From: 840, Until: 1020}}, PerDay: perDay,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// toDoor is a draft of one whose goods are brought, with what it costs.
func (s *shop) toDoor(t testing.TB) (order.Draft, order.Quote) {
	t.Helper()
	d := s.draft(1)
	d.Way, d.Village, d.Street, d.PayBy = order.Own, village, "Jl. Raya 12", payment.COD
	q, err := s.orders.Quote(t.Context(), s.buyer, d)
	if err != nil {
		t.Fatal(err)
	}
	d.SeenTotal, d.Held = q.Total, q.Held
	return d, q
}

// Of fifty buyers of the last place of a day one gets it. Each way in which an
// order comes to nothing gives the place back, and what is handed over keeps it.
func TestPlaceNeverPromisesTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 1_000)
		db.Now = func() time.Time { return time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC) }
		s.promises(t, 2)
		d, q := s.toDoor(t)
		if q.Window == nil || q.Shipping != 10_000 || !q.HeldUntil.Equal(db.Now().Add(order.HeldFor)) {
			t.Fatalf("Quote = %+v", q)
		}
		first := s.place(t, d)
		if first.PromisedFrom == nil || !first.PromisedFrom.Equal(q.Window.From) || !first.PromisedUntil.Equal(q.Window.Until) {
			t.Fatalf("promised %v to %v, want %v", first.PromisedFrom, first.PromisedUntil, q.Window)
		}
		window := q.Window.From
		race := func() (won order.Order) {
			t.Helper()
			var got, late atomic.Int64
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					d := d
					d.ID, d.Window = id.New(), window
					o, err := s.orders.Place(t.Context(), s.buyer, d)
					switch {
					case err == nil:
						got.Add(1)
						mu.Lock()
						won = o
						mu.Unlock()
					case errors.Is(err, order.ErrWindow):
						late.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got.Load() != 1 || late.Load() != 49 {
				t.Fatalf("%d of fifty got the last place, %d came late", got.Load(), late.Load())
			}
			return won
		}
		won := race()
		sound(t, db)
		s.do(t, won, order.Move{Act: order.ActDecline, Reason: "too_busy"})
		won = race()
		if _, err := s.orders.DoByLink(t.Context(), s.orders.Link(won), order.Move{Act: order.ActWithdraw, Reason: "changed_mind"}); err != nil {
			t.Fatal(err)
		}
		won = s.do(t, race(), order.Move{Act: order.ActAccept})
		s.do(t, won, order.Move{Act: order.ActCancel, Reason: "buyer_asked"})
		won = s.do(t, race(), order.Move{Act: order.ActAccept})
		s.do(t, won, order.Move{Act: order.ActHandOver})
		won = s.do(t, won, order.Move{Act: order.ActFail, Reason: "nobody_home"})
		s.do(t, won, order.Move{Act: order.ActReturn, Reason: "undelivered", Restock: true})
		d.ID, d.Window = id.New(), window
		if _, err := s.orders.Place(t.Context(), s.buyer, d); !errors.Is(err, order.ErrWindow) {
			t.Errorf("Place after goods went out and came back = %v, want %v", err, order.ErrWindow)
		}
		// The same form sent ten times takes one place of another day.
		d.ID, d.Window = id.New(), window.Add(24*time.Hour)
		for range 10 {
			if o, err := s.orders.Place(t.Context(), s.buyer, d); err != nil || !o.PromisedFrom.Equal(d.Window) {
				t.Fatalf("Place = %v, %v", o.PromisedFrom, err)
			}
		}
		sound(t, db)
		other := newServer(t, db)
		other.open(t, 5)
		other.promises(t, 2)
		if _, q := other.toDoor(t); q.Window == nil || !q.Window.From.Equal(window) {
			t.Errorf("hours of another shop = %v, want those that are full here", q.Window)
		}
		stolen := d
		stolen.ID, stolen.Lines = id.New(), other.draft(1).Lines
		if q, err := other.orders.Quote(t.Context(), other.buyer, stolen); err != nil || q.Held == d.Held {
			t.Errorf("a quote of one shop holds in another: %v", err)
		}
	})
}

// An order that ends by itself gives its place back too, and the shop may enter
// what it promises nothing for on a full day.
func TestFullDays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 1_000)
		now := time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
		db.Now = func() time.Time { return now }
		s.promises(t, 1)
		st := payment.Defaults()
		st.Transfer, st.Accounts = true, []payment.Account{{Bank: "bca", Number: "1234567890", Holder: "Euis"}}
		if err := s.payments.Put(t.Context(), s.owner, st); err != nil {
			t.Fatal(err)
		}
		d, _ := s.toDoor(t)
		d.PayBy = payment.Transfer
		o := s.place(t, d)
		day := *o.PromisedFrom
		_, q := s.toDoor(t)
		if q.Window == nil || q.Window.From.Sub(day) != 24*time.Hour {
			t.Fatalf("the next free hours = %v after %v", q.Window, day)
		}
		chat, _ := s.toDoor(t)
		chat.Channel, chat.ID, chat.Window = order.Chat, id.New(), day
		if _, err := s.orders.Place(t.Context(), s.owner, chat); !errors.Is(err, order.ErrWindow) {
			t.Errorf("the shop's own order on a full day = %v, want %v", err, order.ErrWindow)
		}
		chat.NoWindow, chat.Window = true, time.Time{}
		if o, err := s.orders.Place(t.Context(), s.owner, chat); err != nil || o.PromisedFrom != nil {
			t.Errorf("without a promise: %v, %v", o.PromisedFrom, err)
		}
		now = *o.HoldUntil
		if err := s.orders.Expire(t.Context(), s.owner, o.ID); err != nil {
			t.Fatal(err)
		}
		now = time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
		if _, q := s.toDoor(t); q.Window == nil || !q.Window.From.Equal(day) {
			t.Errorf("hours after an order ended = %v, want %v", q.Window, day)
		}
		sound(t, db)
	})
}

// What is large and light is charged by its size, and what takes days to be made
// is promised for when it is made.
func TestSizeAndDaysCount(t *testing.T) {
	db := storetest.SQLite(t)
	s := newShop(t, db, 10)
	db.Now = func() time.Time { return time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC) }
	s.promises(t, 0)
	variant := id.New()
	_, err := s.goods.Create(t.Context(), s.owner, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Bantal", Publish: true, Min: 1, MadeToOrderDays: 3,
		Variants: []catalog.VariantForm{{ID: variant, Price: 50_000, WeightGrams: 500, Length: 40, Width: 30, Height: 20}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := s.toDoor(t)
	d.Lines[0].Variant = variant
	q, err := s.orders.Quote(t.Context(), s.buyer, d)
	if err != nil || q.Shipping != 13_000 || q.WeightGrams != 500 || q.Volume != 24_000 {
		t.Errorf("Quote = %d for %d g and %d cm3, %v; want 13000 for 4 kg", q.Shipping, q.WeightGrams, q.Volume, err)
	}
	if want := time.Date(2026, 12, 3, 2, 0, 0, 0, time.UTC); q.Window == nil || !q.Window.From.Equal(want) {
		t.Errorf("promised for %v, want %v", q.Window, want)
	}
	if err := s.ways.Edit(t.Context(), authz.Scope{Role: authz.Guest, Business: s.owner.Business}, func(*delivery.Settings) error { return nil }); err == nil {
		t.Error("a guest edits the tariff")
	}
}
