package parcel_test

import (
	"errors"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// A buyer chooses a new time or a neighbour by the link of the order, until it
// was brought as often as the shop allows; then it goes back.
func TestABuyerSaysWhatToDo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, other := newShop(t, db), newShop(t, db)
		if err := s.parcels.PutSettings(t.Context(), s.owner, parcel.Settings{Attempts: 2}); err != nil {
			t.Fatal(err)
		}
		if err := s.parcels.PutSettings(t.Context(), s.owner, parcel.Settings{Attempts: parcel.MostAttempts + 1}); fault.Of(err) == nil {
			t.Error("ten attempts are taken")
		}
		o, theirs := s.order(t, 1), other.order(t, 1)
		list, err := s.parcels.Ensure(t.Context(), s.owner, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		p, link := list[0], s.orders.Link(o)
		offers := parcel.Windows(db.Now())
		again := func() parcel.Wish {
			return parcel.Wish{ID: id.New(), Parcel: p.ID, Act: parcel.ActAgain, When: offers[len(offers)-1].Key()}
		}
		leave := parcel.Wish{ID: id.New(), Parcel: p.ID, Act: parcel.ActLeave, Neighbour: " Bu  Tini ", Landmark: "rumah hijau"}
		stop := parcel.Wish{ID: id.New(), Parcel: p.ID, Act: parcel.ActStop}
		refused := func(link string, w parcel.Wish, want error) {
			t.Helper()
			if _, err := s.parcels.WishByLink(t.Context(), link, w); !errors.Is(err, want) {
				t.Errorf("%s of a parcel that is %s: %v, want %v", w.Act, p.Status, err, want)
			}
		}
		for range 2 { // sent twice, it is done once
			if p, err = s.parcels.WishByLink(t.Context(), link, leave); err != nil || p.LeaveWith != "Bu Tini, rumah hijau" {
				t.Fatalf("leave = %q, %v", p.LeaveWith, err)
			}
		}
		refused(link, stop, parcel.ErrState) // before it goes out an order is withdrawn
		refused(other.orders.Link(theirs), again(), parcel.ErrNotFound)
		refused("aaaaaaaaaaaaaaaaaaaaaaaaaa", again(), order.ErrNotFound)
		wrong := again()
		wrong.When = "2020-01-01/8"
		if _, err := s.parcels.WishByLink(t.Context(), link, wrong); fault.Of(err) == nil || fault.Of(err).Fields["when"] == nil {
			t.Errorf("a time of long ago: %v", err)
		}
		s.do(t, s.owner, p, parcel.Move{Act: parcel.ActTake, Courier: s.courier.Actor})
		p = s.do(t, s.courier, p, parcel.Move{Act: parcel.ActOut})
		refused(link, again(), parcel.ErrState) // it is at the door by now
		p = s.do(t, s.courier, p, parcel.Move{Act: parcel.ActFail, Reason: carrier.NobodyHome})
		if p, err = s.parcels.WishByLink(t.Context(), link, again()); err != nil || p.DueFrom == nil || !p.DueFrom.Equal(offers[len(offers)-1].From) {
			t.Fatalf("again = %v, %v", p.DueFrom, err)
		}
		if p.Status != carrier.AttemptFailed || p.Attempts != 1 || p.Spent(2) {
			t.Errorf("after the wish the parcel is %s, %d attempts", p.Status, p.Attempts)
		}
		s.do(t, s.courier, p, parcel.Move{Act: parcel.ActOut})
		p = s.do(t, s.courier, p, parcel.Move{Act: parcel.ActFail, Reason: carrier.NobodyHome})
		if !p.Spent(2) || p.Spent(0) || p.Spent(3) {
			t.Errorf("two attempts: spent %v, %v, %v", p.Spent(2), p.Spent(0), p.Spent(3))
		}
		refused(link, again(), parcel.ErrAttempts)
		if p, err = s.parcels.WishByLink(t.Context(), link, stop); err != nil || p.Status != carrier.Returning || p.Reason != carrier.Refused {
			t.Fatalf("stop = %s, %s, %v", p.Status, p.Reason, err)
		}
		d, err := s.parcels.Get(t.Context(), s.owner, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		guests := 0
		for _, e := range d.Events {
			if e.Source == string(authz.Guest) {
				guests++
			}
		}
		if guests != 3 || d.Limit != 2 {
			t.Errorf("%d events of the buyer, want 3; the limit is %d", guests, d.Limit)
		}
		s.do(t, s.owner, p, parcel.Move{Act: parcel.ActReturn})
		if got := s.get(t, o); got.State != order.Returned {
			t.Errorf("the order is %s", got.State)
		}
		if err := db.Tx(t.Context(), s.owner, func(tx *store.Tx) error { return s.parcels.Erase(t.Context(), tx, s.owner, o.Customer) }); err != nil {
			t.Fatal(err)
		}
		if d, err = s.parcels.Get(t.Context(), s.owner, p.ID); err != nil || d.LeaveWith != "" || d.Events[1].Text != "" {
			t.Errorf("erased, the parcel still says %q, %q, %v", d.LeaveWith, d.Events[1].Text, err)
		}
		s.whole(t)
	})
}

// What an owner is told of COD are the counts of their own shop.
func TestTheCODMeterCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, other := newShop(t, db), newShop(t, db)
		carry := func(s *shop, reason carrier.Reason) order.Order {
			t.Helper()
			o := s.order(t, 1)
			list, err := s.parcels.Ensure(t.Context(), s.owner, o.ID)
			if err != nil {
				t.Fatal(err)
			}
			p := s.do(t, s.owner, list[0], parcel.Move{Act: parcel.ActTake, Courier: s.courier.Actor})
			if reason == "" {
				s.do(t, s.courier, p, parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self"})
			} else {
				s.do(t, s.courier, p, parcel.Move{Act: parcel.ActFail, Reason: reason})
			}
			return o
		}
		risk := func() parcel.Risk {
			t.Helper()
			r, err := s.parcels.RiskOf(t.Context(), s.owner, s.order(t, 1))
			if err != nil || r == nil {
				t.Fatal(r, err)
			}
			return *r
		}
		if r := risk(); r.Phone.Tried != 0 || r.Tried != 0 || r.High() || !r.Known || r.Both != 10_000 {
			t.Errorf("of a shop that sent nothing: %+v", r)
		}
		for range 7 {
			carry(other, carrier.Refused)
		}
		carry(s, carrier.Refused)
		back := carry(s, carrier.NotOrdered)
		s.do(t, s.owner, s.of(t, back)[0], parcel.Move{Act: parcel.ActReturn, Restock: true})
		carry(s, carrier.CODNotReady)
		carry(s, carrier.NobodyHome)
		for range 5 {
			carry(s, "")
		}
		r := risk()
		if r.Phone != (parcel.Refusals{Tried: 9, Refused: 3}) || r.Refusals != r.Phone || !r.High() {
			t.Errorf("risk = %+v", r)
		}
		if share, ok := r.Percent(); ok {
			t.Errorf("nine parcels make a rate of %d %%", share)
		}
		carry(s, "")
		m, err := s.parcels.Meter(t.Context(), s.owner)
		if err != nil || m.All != (parcel.Refusals{Tried: 10, Refused: 3}) || len(m.Areas) != 1 || m.Areas[0].District != "32.11.01" || m.Areas[0].Both != 10_000 || m.Near.Tried != 10 {
			t.Fatalf("Meter = %+v, %v", m, err)
		}
		if share, ok := m.All.Percent(); !ok || share != 30 {
			t.Errorf("Percent = %d, %v", share, ok)
		}
		if _, err := s.parcels.Meter(t.Context(), s.courier); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a courier reads the meter: %v", err)
		}
		o := s.order(t, 1)
		o.PayBy = "transfer"
		if r, err := s.parcels.RiskOf(t.Context(), s.owner, o); r != nil || err != nil {
			t.Errorf("of an order paid ahead: %v, %v", r, err)
		}
	})
}
