package haul_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lapak/internal/carrier"
	"lapak/internal/haul"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/region"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// Both sides count at the shop's door; what one counted and the other did not
// has a name, and can be asked for again.
func TestAPickUpIsCountedOnBothSides(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		s := w.stall("Dapur Bu Euis", village)
		a, b := w.box(s, 1), w.box(s, 2)
		w.drain()
		left := w.tokens(s)[b.ID]
		p := w.call(s, left)
		for _, side := range []struct {
			who string
			get func() (haul.PickupView, error)
		}{
			{"shop", func() (haul.PickupView, error) { return w.Pickup(t.Context(), s.sc, p.ID) }},
			{"firm", func() (haul.PickupView, error) { return w.Pickup(t.Context(), w.firm, p.ID) }},
			{"courier", func() (haul.PickupView, error) { return w.Pickup(t.Context(), w.courier, p.ID) }},
		} {
			v, err := side.get()
			w.must(err)
			d := v.Differs()
			if v.Given() != 2 || v.Taken() != 1 || len(d) != 1 || d[0].Token != left {
				t.Errorf("%s: %d given, %d taken, %v differ", side.who, v.Given(), v.Taken(), d)
			}
		}
		if x, y := w.get(s.sc, a.ID).Status, w.get(s.sc, b.ID).Status; x != carrier.PickedUp || y != carrier.PickupRequested {
			t.Errorf("taken is %s, left is %s", x, y)
		}
		w.call(s, id.ID{})
		if got := w.get(s.sc, b.ID).Status; got != carrier.PickedUp {
			t.Errorf("fetched the second time, it is %s", got)
		}
		if list := w.night(); len(list) != 0 {
			t.Errorf("the night found %+v", list)
		}
	})
}

// What a shop changes reaches the firm; what it takes away comes back.
func TestTheFirmFollowsTheShop(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		s := w.stall("Dapur Bu Euis", village)
		p := w.box(s, 1)
		w.drain()
		token := w.tokens(s)[p.ID]
		o, err := w.orders.Get(t.Context(), s.sc, p.Order)
		w.must(err)
		note := "Pagar hijau"
		e := order.Edit{Lines: []stock.Want{{Variant: s.variant, Quantity: 3}}, Note: &note}
		_, err = w.orders.Do(t.Context(), s.sc, o.ID, order.Move{Act: order.ActEdit, Edit: &e})
		w.must(err)
		w.drain()
		list, err := w.parcels.Of(t.Context(), s.sc, p.Order)
		w.must(err)
		p = list[0]
		if got := w.get(w.firm, token); got.Note != note || got.COD != 59_000 || got.Grams != 750 || got.Waybill != p.Number || !parcel.IsFirm(p.Carrier) {
			t.Errorf("the firm has %q, %q of %+v", got.Note, got.Waybill, p)
		}
		// The firm's own courier has it when the shop takes it away: it turns around.
		w.do(w.firm, token, parcel.Move{Act: parcel.ActTake, Courier: w.courier.Actor})
		w.do(s.sc, p.ID, parcel.Move{Act: parcel.ActChange, Carrier: parcel.Own})
		w.drain()
		if got := w.get(w.firm, token).Status; got != carrier.Returning {
			t.Errorf("the firm says %s", got)
		}
		if got := w.get(s.sc, p.ID); got.Carrier != parcel.Own || got.Status != carrier.Ready {
			t.Errorf("the shop has it by %s, %s", got.Carrier, got.Status)
		}
		// What the firm does not carry is the shop's again.
		q := w.box(s, 1)
		w.drain()
		w.do(w.firm, w.tokens(s)[q.ID], parcel.Move{Act: parcel.ActCancel})
		w.drain()
		if got := w.get(s.sc, q.ID); got.Carrier != parcel.Own || got.Status != carrier.Ready {
			t.Errorf("given back, it goes by %s and is %s", got.Carrier, got.Status)
		}
		if list := w.night(); len(list) != 0 {
			t.Errorf("the night found %+v", list)
		}
		// Who is erased at the shop is erased at the firm.
		r := w.box(s, 1)
		w.drain()
		there := w.tokens(s)[r.ID]
		w.must(db.Tx(t.Context(), s.sc, func(tx *store.Tx) error { return w.Erase(t.Context(), tx, s.sc, r.Customer) }))
		w.drain()
		if got := w.get(w.firm, there); got.Name != "" || got.Phone != "" || got.Street != "" {
			t.Errorf("the firm still has %+v", got)
		}
		// Without an agreement nothing is handed over.
		w.must(w.Reply(t.Context(), w.firm, s.sc.Business, haul.Refused))
		w.drain()
		u := list[0]
		if _, err := w.parcels.Do(t.Context(), s.sc, u.ID, parcel.Move{Act: parcel.ActChange, Carrier: parcel.Firm + "abcdefghij"}); !errors.Is(err, haul.ErrTied) {
			t.Errorf("to an unknown firm: %v", err)
		}
		w.holds()
	})
}

// What leaves one hub and does not come to the next has a name.
func TestAManifestNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		s := w.stall("Dapur Bu Euis", village)
		boxes := []parcel.Parcel{w.box(s, 1), w.box(s, 1), w.box(s, 1)}
		w.drain()
		w.call(s, id.ID{})
		m, err := w.Start(t.Context(), w.firm, id.New(), w.hubs[0].ID, w.hubs[1].ID, id.ID{})
		w.must(err)
		for _, b := range boxes {
			_, err := w.In(t.Context(), w.firm, w.hubs[0].ID, b.Number)
			w.must(err)
			_, err = w.Scan(t.Context(), w.firm, m.ID, b.Number)
			w.must(err)
		}
		if _, err := w.Scan(t.Context(), w.firm, m.ID, "LPKTIADA12"); err == nil || !strings.Contains(err.Error(), haul.ErrScan.Key) {
			t.Errorf("an unknown number: %v", err)
		}
		m, err = w.Leave(t.Context(), w.firm, m.ID)
		w.must(err)
		for _, b := range boxes[:2] {
			for range 2 { // a scanner reads twice
				_, err := w.Scan(t.Context(), w.firm, m.ID, b.Number)
				w.must(err)
			}
		}
		_, err = w.Close(t.Context(), w.firm, m.ID)
		w.must(err)
		m, err = w.Manifest(t.Context(), w.firm, m.ID)
		w.must(err)
		if miss := m.Missing(); m.Sent() != 3 || m.Received() != 2 || len(miss) != 1 || miss[0].Waybill != boxes[2].Number || len(m.Extra()) != 0 {
			t.Errorf("%d sent, %d received, missing %+v", m.Sent(), m.Received(), miss)
		}
		w.drain()
		if a, b := w.get(s.sc, boxes[0].ID).Status, w.get(s.sc, boxes[2].ID).Status; a != carrier.AtHub || b != carrier.InTransit {
			t.Errorf("the shop says %s and %s", a, b)
		}
	})
}

func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	for sum := range int64(50) {
		for n := 1; n < 12; n++ {
			list := haul.Share(sum, n)
			var all int64
			for _, v := range list {
				all += v
			}
			if all != sum || len(list) != n || slices.Max(list)-slices.Min(list) > 1 {
				t.Fatalf("%d among %d: %v", sum, n, list)
			}
		}
	}
	if haul.Share(10, 0) != nil {
		t.Error("nobody has a share")
	}
}

// Forty shops of a village on one round: the fare is parted exactly, and the
// way is a good deal shorter than forty ways.
func TestAVillageIsFetchedOnOneRound(t *testing.T) {
	t.Parallel()
	w := newTown(t, storetest.SQLite(t))
	const next = "32.11.01.2005" // the firm's hub is some villages away
	centre, _ := region.Get(next)
	var tokens int
	for i := range 40 {
		s := w.stall(fmt.Sprintf("Toko %02d", i), next)
		b, err := w.shops.Get(t.Context(), s.sc)
		w.must(err)
		p := b.Profile()
		p.Pinned, p.Lat, p.Lng = true, centre.Lat+float64(i%7)*0.002, centre.Lng+float64(i/7)*0.002
		_, err = w.shops.PutProfile(t.Context(), s.sc, p)
		w.must(err)
		w.must(w.Ask(t.Context(), s.sc, w.firm.Business)) // says where it is now
		var call []id.ID
		o := w.order(s, 3)
		_, err = w.parcels.Split(t.Context(), s.sc, o.ID, []parcel.Part{{Lines: []int64{1}}, {Lines: []int64{1}}, {Lines: []int64{1}}})
		w.must(err)
		w.give(s, o)
		for _, token := range w.tokens(s) {
			call = append(call, token)
		}
		_, err = w.Call(t.Context(), s.sc, w.firm.Business, id.New(), call)
		w.must(err)
		tokens += len(call)
	}
	w.drain()
	r, err := w.Pool(t.Context(), w.firm, id.New(), next, w.courier.Actor, 100_001)
	w.must(err)
	r, err = w.Round(t.Context(), w.courier, r.ID)
	w.must(err)
	var sum, parcels int64
	for i, v := range r.Stops {
		var own int64
		for _, item := range v.Items {
			sum, own = sum+item.Share, own+item.Share
			parcels++
		}
		if own != v.Share || v.Place != int64(i+1) || v.Courier != w.courier.Actor {
			t.Fatalf("stop %d: %+v", i, v)
		}
	}
	if len(r.Stops) != 40 || tokens != 120 || parcels != 120 || sum != 100_001 {
		t.Errorf("%d stops, %d parcels, shares of %d", len(r.Stops), parcels, sum)
	}
	if r.Metres*100 > r.Single*60 {
		t.Errorf("%d m on one round, %d m one by one", r.Metres, r.Single)
	}
	t.Logf("%.1f km on one round, %.1f km one by one (%d %%)", float64(r.Metres)/1000, float64(r.Single)/1000, r.Metres*100/r.Single)
	w.drain()
	first := r.Stops[0]
	var took []id.ID
	for _, item := range first.Items[1:] {
		took = append(took, item.Token)
	}
	w.must(w.Count(t.Context(), w.courier, first.ID, took))
	v, err := w.Pickup(t.Context(), w.firm, first.ID)
	w.must(err)
	if v.Taken() != 2 || len(v.Boxes) != 3 {
		t.Errorf("%d of %d were taken", v.Taken(), len(v.Boxes))
	}
	w.holds()
}
