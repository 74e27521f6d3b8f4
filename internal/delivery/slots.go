package delivery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/delivery/deliverydb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// taken reads how many orders hold the slots from a day on; nothing is asked of
// the database if nothing can be full.
func (s *Service) taken(ctx context.Context, tx *store.Tx, sc authz.Scope, st Schedule, from, until time.Time) (map[slot]int64, error) {
	if !st.limited() {
		return nil, nil
	}
	rows, err := s.q.Slots(ctx, tx, deliverydb.SlotsParams{
		BusinessID: sc.Business, FromDay: from.Format(time.DateOnly), UntilDay: until.Format(time.DateOnly),
	})
	if err != nil {
		return nil, fmt.Errorf("read slots: %w", err)
	}
	all := make(map[slot]int64, len(rows))
	for _, r := range rows {
		all[slot{r.OnDay, r.Slot}] = r.Taken
	}
	return all, nil
}

// windows lists when a load that is ordered now may come.
func (s *Service) windows(ctx context.Context, tx *store.Tx, sc authz.Scope, st Schedule, shop business.Business, ready int64) ([]Window, error) {
	if !st.Promises() {
		return nil, nil
	}
	from := st.earliest(shop, tx.Now, ready)
	taken, err := s.taken(ctx, tx, sc, st, from, midnight(from, horizon+choice))
	if err != nil {
		return nil, err
	}
	list := st.windows(shop, tx.Now, ready, taken)
	if len(list) == 0 {
		return nil, ErrFull
	}
	return list, nil
}

// Still lists which of the windows that were offered before have room, and have
// not begun. The shop may have changed its hours meanwhile.
func (s *Service) Still(ctx context.Context, tx *store.Tx, sc authz.Scope, list []Window) ([]Window, error) {
	if len(list) == 0 {
		return nil, nil
	}
	st, shop, err := s.kept(ctx, tx, sc)
	if err != nil {
		return nil, err
	}
	loc := shop.Location()
	taken, err := s.taken(ctx, tx, sc, st.Schedule, list[0].From.In(loc), list[len(list)-1].From.In(loc))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(list), func(w Window) bool { return !w.From.After(tx.Now) || !st.room(shop, w, taken) }), nil
}

// Book takes a place of a window for an order, or none: who comes for the last
// one second gets ErrTaken.
func (s *Service) Book(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, w Window) error {
	st, shop, err := s.kept(ctx, tx, sc)
	if err != nil {
		return err
	}
	at := slotOf(shop, w)
	day, hours := st.most(at)
	for _, one := range []struct{ slot, most int64 }{{whole, day}, {at.at, hours}} { // the day first, everywhere
		n, err := s.q.Take(ctx, tx, deliverydb.TakeParams{BusinessID: sc.Business, OnDay: at.day, Slot: one.slot, Most: one.most})
		if err != nil {
			return fmt.Errorf("take slot: %w", err)
		}
		if n == 0 {
			return ErrTaken
		}
	}
	if err := s.q.InsertBooking(ctx, tx, deliverydb.InsertBookingParams{BusinessID: sc.Business, OrderID: order, OnDay: at.day, Slot: at.at}); err != nil {
		return fmt.Errorf("insert booking: %w", err)
	}
	return nil
}

// Unbook gives the place of an order back, if it has one.
func (s *Service) Unbook(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) error {
	at, err := s.q.Booking(ctx, tx, deliverydb.BookingParams{BusinessID: sc.Business, OrderID: order})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read booking: %w", err)
	}
	n, err := s.q.DeleteBooking(ctx, tx, deliverydb.DeleteBookingParams{BusinessID: sc.Business, OrderID: order})
	if err != nil || n == 0 {
		return wrap("delete booking", err)
	}
	for _, one := range []int64{whole, at.Slot} {
		if err := s.q.GiveBack(ctx, tx, deliverydb.GiveBackParams{BusinessID: sc.Business, OnDay: at.OnDay, Slot: one}); err != nil {
			return fmt.Errorf("give slot back: %w", err)
		}
	}
	return nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
