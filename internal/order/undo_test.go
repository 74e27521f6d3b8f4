package order_test

import (
	"errors"
	"testing"
	"time"

	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
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
