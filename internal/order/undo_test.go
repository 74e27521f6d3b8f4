package order_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

func TestUndo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 5)
		now := time.Now()
		db.Now = func() time.Time { return now }
		o := s.do(t, s.place(t, s.draft(1)), order.Move{Act: order.ActAccept})
		now = now.Add(order.UndoFor)
		o = s.do(t, o, order.Move{Act: order.ActUndo})
		if o.State != order.Placed || o.AcceptedAt != nil {
			t.Errorf("undone = %+v", o)
		}
		if _, err := s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActUndo}); !errors.Is(err, order.ErrTooLate) {
			t.Errorf("undo twice: %v", err)
		}
		o = s.do(t, o, order.Move{Act: order.ActAccept})
		now = now.Add(order.UndoFor + time.Second)
		if _, err := s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActUndo}); !errors.Is(err, order.ErrTooLate) {
			t.Errorf("undo late: %v", err)
		}
	})
}

func TestRateOfAShop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 50)
		s.orders.PerMinute = 3
		for range 3 {
			s.place(t, s.draft(1))
		}
		if _, err := s.orders.Place(t.Context(), s.buyer, s.draft(1)); !errors.Is(err, order.ErrTooMany) {
			t.Errorf("Place = %v, want too many", err)
		}
	})
}

func TestDoManyLeavesOutWhatMovedOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 50)
		a, b, c := s.place(t, s.draft(1)), s.place(t, s.draft(1)), s.place(t, s.draft(1))
		s.do(t, b, order.Move{Act: order.ActDecline, Reason: "sold_out"})
		n, err := s.orders.DoMany(t.Context(), s.owner, []id.ID{a.ID, b.ID, c.ID, id.New()}, order.ActAccept)
		if err != nil || n != 2 {
			t.Errorf("DoMany = %d, %v; want 2", n, err)
		}
		if _, err := s.orders.DoMany(t.Context(), s.owner, []id.ID{a.ID}, order.ActCancel); !errors.Is(err, order.ErrState) {
			t.Errorf("cancelling many = %v", err)
		}
	})
}

func TestAVoucherIsUsedAndGivenBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 50)
		err := s.vouchers.Put(t.Context(), s.owner, voucher.Draft{ID: id.New(), Code: "HEMAT", Kind: voucher.Percent, Value: 10, Most: 1, Active: true})
		if err != nil {
			t.Fatal(err)
		}
		d := s.draft(2)
		d.Voucher, d.SeenTotal = "hemat", 32_400
		o := s.place(t, d)
		if o.Discount != 3_600 || o.Voucher != "HEMAT" {
			t.Fatalf("order = %+v", o)
		}
		again := s.draft(1)
		again.Voucher, again.SeenTotal = "HEMAT", 16_200
		if _, err := s.orders.Place(t.Context(), s.buyer, again); !errors.Is(fault.Of(err).Field("voucher"), voucher.ErrUsedUp) {
			t.Errorf("used twice: %v", err)
		}
		o = s.do(t, o, order.Move{Act: order.ActEdit, Edit: &order.Edit{Lines: []stock.Want{{Variant: s.small, Quantity: 1}}}})
		if o.Discount != 1_800 || o.Total != 16_200 {
			t.Errorf("edited: discount %d, total %d", o.Discount, o.Total)
		}
		s.do(t, o, order.Move{Act: order.ActDecline, Reason: "too_busy"})
		s.place(t, again)
		sound(t, db)
	})
}

func TestTheBuyerSeesNoNotesOfTheShop(t *testing.T) {
	db := storetest.SQLite(t)
	s := newShop(t, db, 5)
	o := s.place(t, s.draft(1))
	s.do(t, o, order.Move{Act: order.ActNote, Text: "pelanggan rewel"})
	_, d, err := s.orders.Follow(t.Context(), s.orders.Link(o))
	if err != nil || len(d.Events) != 1 || d.Events[0].Act != order.ActPlace {
		t.Errorf("Follow = %+v, %v", d.Events, err)
	}
	own, err := s.orders.Get(t.Context(), s.owner, o.ID)
	if err != nil || len(own.Events) != 2 || own.Events[1].Text != "pelanggan rewel" {
		t.Errorf("Get = %+v, %v", own.Events, err)
	}
}

// Orders placed and moved at the same moment, of one buyer and one product,
// wait for each other and never for ever.
func TestManyAtTheSameMoment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 1_000)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for range 5 {
					d := s.draft(1)
					if i%2 == 0 {
						d.Channel, d.CashGiven = order.Counter, 20_000
						if _, err := s.orders.Place(t.Context(), s.owner, d); err != nil {
							t.Error(err)
						}
						continue
					}
					o, err := s.orders.Place(t.Context(), s.buyer, d)
					for _, m := range []order.Move{
						{Act: order.ActAccept},
						{Act: order.ActCollect},
						{Act: order.ActRefund, Method: payment.Cash, Amount: 1_000, Reason: "goodwill"},
						{Act: order.ActReturn, Reason: "unhappy", Restock: true},
					} {
						if err == nil {
							_, err = s.orders.Do(t.Context(), s.owner, o.ID, m)
						}
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if l := s.level(t, s.small); l.OnHand != 980 || l.Reserved != 0 {
			t.Errorf("level = %v", l)
		}
		sound(t, db)
	})
}

// The same move sent twice is one; with another sum it is refused, not passed over.
func TestMoveSentAgainWithAnotherSum(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 5)
		o := s.place(t, s.draft(2))
		m := order.Move{ID: id.New(), Act: order.ActPay, Method: "cash", Amount: o.Total / 2}
		o = s.do(t, o, m)
		if again := s.do(t, o, m); again.Paid != o.Paid {
			t.Errorf("sent twice: paid %d, want %d", again.Paid, o.Paid)
		}
		m.Amount++
		if _, err := s.orders.Do(t.Context(), s.owner, o.ID, m); !errors.Is(err, order.ErrOtherBody) {
			t.Errorf("with another sum: %v, want %v", err, order.ErrOtherBody)
		}
	})
}

// Who was chosen before brings it, also when many are handed over at once.
func TestHandOverGoesToWhoWasAssigned(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 5)
		s.brings(t, 12_000)
		o := s.do(t, s.place(t, s.brought(1)), order.Move{Act: order.ActAccept})
		if _, err := s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActAssign}); fault.Of(err).Field("courier") == nil {
			t.Errorf("nobody assigned: %v", err)
		}
		courier := id.New()
		o = s.do(t, o, order.Move{Act: order.ActAssign, Courier: courier})
		if o.State != order.Accepted || o.Courier != courier {
			t.Errorf("assigned = %s, %v", o.State, o.Courier)
		}
		if n, err := s.orders.DoMany(t.Context(), s.owner, []id.ID{o.ID}, order.ActHandOver); err != nil || n != 1 {
			t.Fatalf("DoMany = %d, %v", n, err)
		}
		if d, err := s.orders.Get(t.Context(), s.owner, o.ID); err != nil || d.State != order.Sent || d.Courier != courier {
			t.Errorf("handed over = %s to %v, %v", d.State, d.Courier, err)
		}
	})
}
