package parcel_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// What a carrier tells counts once, whatever the order in which it comes.
func TestCarriersWordsInAnyOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		rnd := rand.New(rand.NewPCG(1, 2))
		start := db.Now().Add(-2 * time.Hour)
		at := func(min int) time.Time { return start.Add(time.Duration(min) * time.Minute).Truncate(time.Second) }
		told := []carrier.Event{
			{At: at(0), Status: carrier.PickedUp, Words: "PICKED"},
			{At: at(10), Status: carrier.InTransit, Words: "DEPARTED"},
			{At: at(20), Words: "GOODS RESTED", Code: "ZZ9"},
			{At: at(30), Status: carrier.AttemptFailed, Reason: carrier.NobodyHome, Words: "NOT HOME"},
			{At: at(40), Status: carrier.OutForDelivery, Words: "WITH COURIER"},
			{At: at(50), Status: carrier.Delivered, Words: "DELIVERED TO [RINI | SELF]"},
		}
		job := authz.Job(s.owner.Business)
		for round := range 12 {
			o := s.order(t, 1)
			s.move(t, o, order.Move{Act: order.ActPack})
			p := s.of(t, o)[0]
			s.do(t, s.owner, p, parcel.Move{Act: parcel.ActChange, Carrier: "jne", Service: "REG", Waybill: "01088012345" + string(rune('A'+round))})
			for range 3 {
				mixed := slices.Clone(told)
				if round > 0 {
					rnd.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
				}
				for _, e := range mixed { // one call each, as webhooks come
					if err := db.Tx(t.Context(), job, func(tx *store.Tx) error {
						_, err := s.parcels.Track(t.Context(), tx, job, p.ID, "test", []carrier.Event{e})
						return err
					}); err != nil {
						t.Fatal(err)
					}
				}
			}
			d, err := s.parcels.Get(t.Context(), s.owner, p.ID)
			if err != nil || d.Status != carrier.Delivered || d.Taken != 23_000 {
				t.Fatalf("round %d: the parcel is %s, took %d, %v", round, d.Status, d.Taken, err)
			}
			n := 0
			for _, e := range d.Events {
				if e.Act == parcel.ActTrack {
					n++
				}
			}
			if n != len(told) {
				t.Errorf("round %d: %d lines of the carrier, want %d", round, n, len(told))
			}
			if got := s.get(t, o); got.State != order.Done || got.Due() != 0 {
				t.Errorf("round %d: the order is %s, due %d", round, got.State, got.Due())
			}
		}
		if n := s.held(t, parcel.HolderOf("jne")); n != 12*23_000 {
			t.Errorf("the carrier holds %d", n)
		}
		s.whole(t)
	})
}

func TestTrackingByLinkAndNumber(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		o := s.order(t, 1)
		s.move(t, o, order.Move{Act: order.ActHandOver, Courier: s.courier.Actor})
		p := s.of(t, o)[0]
		s.do(t, s.courier, p, parcel.Move{Act: parcel.ActOut})
		got, err := s.parcels.ByLink(t.Context(), s.parcels.Link(s.owner.Business, p.ID))
		if err != nil || got.Status != carrier.OutForDelivery || got.Courier != s.courier.Actor || got.COD != 23_000 {
			t.Errorf("by link: %+v, %v", got, err)
		}
		if got, err = s.parcels.ByNumber(t.Context(), strings.ToLower(p.Number), "7891"); err != nil || got.ID != p.ID {
			t.Errorf("by number: %+v, %v", got, err)
		}
		for name, err := range map[string]error{
			"another link": second(s.parcels.ByLink(t.Context(), strings.Repeat("a", 26))), "no link": second(s.parcels.ByLink(t.Context(), "")),
			"other digits": second(s.parcels.ByNumber(t.Context(), p.Number, "7892")), "no digits": second(s.parcels.ByNumber(t.Context(), p.Number, "")),
			"another number": second(s.parcels.ByNumber(t.Context(), "LPK0000000000000", "7891")),
		} {
			if !errors.Is(err, parcel.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.do(t, s.courier, p, parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self"})
		if got, err = s.parcels.ByNumber(t.Context(), p.Number, "7891"); err != nil || got.Status != carrier.Delivered || !got.Courier.IsZero() || got.COD != 0 {
			t.Errorf("afterwards: %+v, %v", got, err)
		}
	})
}
