package booking_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lapak/internal/booking"
	"lapak/internal/carrier/carriertest"
	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func TestACarriersPriceHoldsAndIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, false)
		s := h.carried(t, "Dapur Bu Euis")
		q := s.quote(t, s.draft("own"))
		if got, want := ways(q), "pickup 0, own 5000, carrier:jne:reg 9500, carrier:jne:yes 11500, carrier:sicepat:reg 11500"; got != want {
			t.Errorf("ways %s, want %s", got, want)
		}
		for _, w := range q.Ways {
			if w.Way == order.Carrier && (w.Rate.Carrier == "sicepat" && w.Rate.Service != "reg" || w.Rate.Most != 72*time.Hour || !w.Rate.COD) {
				t.Errorf("way %+v", w)
			}
		}
		// What a buyer was shown holds for as long as the quote says, whatever the shop adds since.
		d := s.draft("carrier:jne:reg")
		q = s.quote(t, d)
		d.Held, d.SeenTotal = q.Held, q.Total
		if q.Total != 36_000+9_500 {
			t.Errorf("total %d", q.Total)
		}
		must(t, s.booking.Put(t.Context(), s.owner, booking.Settings{Offers: []string{"jne"}, Markup: 1_250, Percent: 10}))
		h.carrier.Fail(carriertest.Broken)
		if again := s.quote(t, d); again.Total != q.Total || again.Held != q.Held {
			t.Errorf("the price became %d", again.Total)
		}
		calls := h.carrier.Calls("/v1/rates")
		o, err := s.orders.Place(t.Context(), s.buyer(), d)
		must(t, err)
		if o.Shipping != 9_500 || o.Way != order.Carrier || o.Carrier != "jne" || o.Service != "reg" || h.carrier.Calls("/v1/rates") != calls {
			t.Errorf("order %+v", o)
		}
		if got, err := s.orders.Get(t.Context(), s.owner, o.ID); err != nil || got.Carrier != "jne" || got.Service != "reg" {
			t.Errorf("kept: %q %q, %v", got.Carrier, got.Service, err)
		}
		// A quote that nobody sealed holds nothing.
		h.carrier.Fail(carriertest.None)
		h.now = h.now.Add(time.Hour)
		d = s.draft("carrier:jne:reg")
		d.Held, d.SeenTotal = "x"+q.Held, q.Total
		if _, err := s.orders.Place(t.Context(), s.buyer(), d); !errors.Is(err, order.ErrChanged) {
			t.Errorf("a forged price: %v", err)
		}
		if q := s.quote(t, s.draft("carrier:jne:reg")); q.Shipping != 11_700 { // 9,500 and 10 % and 1,250, to a whole hundred
			t.Errorf("with what the shop adds: %d", q.Shipping)
		}
	})
}

// However a carrier fails, the checkout answers in time and the shop brings itself.
func TestNoCheckoutWaitsForACarrier(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), false)
	s := h.carried(t, "Dapur Bu Euis")
	for _, fault := range []carriertest.Fault{carriertest.Broken, carriertest.Busy, carriertest.BadKey, carriertest.Cut, carriertest.Garbage, carriertest.Slow} {
		h.now = h.now.Add(24 * time.Hour)
		h.carrier.Fail(fault)
		begun := time.Now()
		for range 3 { // a page may ask more than once
			if got := ways(s.quote(t, s.draft("own"))); got != "pickup 0, own 5000" {
				t.Errorf("fault %d: ways %s", fault, got)
			}
		}
		if took := time.Since(begun); took > 2800*time.Millisecond {
			t.Errorf("fault %d: the checkout took %s", fault, took)
		}
		q := s.quote(t, s.draft("carrier:jne:reg"))
		if !errors.Is(q.WayProblem, order.ErrCarrier) || !q.Delivers || !q.Carries {
			t.Errorf("fault %d: %v", fault, q.WayProblem)
		}
		if o := s.place(t, s.draft("own")); o.Shipping != 5_000 {
			t.Errorf("fault %d: order %+v", fault, o)
		}
		if fault == carriertest.Slow {
			break // its late answer would be waited for
		}
		h.now = h.now.Add(24 * time.Hour)
		h.carrier.Fail(carriertest.None)
		if got := ways(s.quote(t, s.draft("own"))); !strings.Contains(got, "carrier:jne:reg") {
			t.Errorf("after fault %d: ways %s", fault, got)
		}
	}
}
