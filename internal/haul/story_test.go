package haul_test

import (
	"math/rand/v2"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/haul"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/parcel"
)

// story is some days of two shops and a firm, with jobs that are lost, doubled
// and mixed all the time; then a quiet night mends what is left.
func (w *town) story(rnd *rand.Rand, shops []stall) {
	ctx := w.Context()
	type sent struct {
		stall
		parcel.Parcel
		token id.ID
	}
	var boxes []*sent
	storm := func() {
		w.later(time.Duration(1+rnd.IntN(90)) * time.Second)
		w.shake(rnd, 0.2)
		if rnd.IntN(3) > 0 {
			w.drain()
		}
	}
	for range 6 {
		s := shops[rnd.IntN(2)]
		b := &sent{stall: s, Parcel: w.box(s, 1+rnd.Int64N(3))}
		b.token = w.tokens(s)[b.ID]
		boxes = append(boxes, b)
	}
	for range 90 {
		b := boxes[rnd.IntN(len(boxes))]
		here := w.get(b.sc, b.ID)
		there, err := w.parcels.Get(ctx, w.firm, b.token)
		known := err == nil
		atShop := here.Status == carrier.Draft || here.Status == carrier.Ready || here.Status == carrier.PickupRequested
		may := func(a parcel.Act) bool { return known && there.May(w.firm, a) }
		switch n := rnd.IntN(13); {
		case n == 0 && atShop && (!known || there.May(w.firm, parcel.ActTake) || there.Status == carrier.PickedUp):
			if rnd.IntN(2) == 0 {
				w.do(b.sc, b.ID, parcel.Move{Act: parcel.ActChange, Carrier: parcel.Own})
			} else if _, err := w.orders.Do(ctx, b.sc, b.Order, order.Move{Act: order.ActCancel, Reason: "other", Text: "salah"}); err != nil {
				w.Log("cancel:", err)
			}
		case n == 1 && atShop && here.Carrier != parcel.Own:
			w.do(b.sc, b.ID, parcel.Move{Act: parcel.ActChange, Carrier: here.Carrier, Grams: 300 + rnd.Int64N(2_000)})
		case n == 2 && atShop && here.Carrier != parcel.Own && may(parcel.ActTake):
			if _, err := w.Call(ctx, b.sc, w.firm.Business, id.New(), []id.ID{b.token}); err != nil {
				w.Log("call:", err)
			}
		case n == 3 && may(parcel.ActTake) && here.Carrier != parcel.Own:
			w.do(w.firm, b.token, parcel.Move{Act: parcel.ActTake, Courier: w.courier.Actor})
		case n == 4 && may(parcel.ActHub):
			w.do(w.firm, b.token, parcel.Move{Act: parcel.ActHub, Text: "Jatinangor"})
		case n == 5 && may(parcel.ActDepart):
			w.do(w.firm, b.token, parcel.Move{Act: parcel.ActDepart})
		case n == 6 && may(parcel.ActOut):
			w.do(w.firm, b.token, parcel.Move{Act: parcel.ActOut})
		case n == 7 && may(parcel.ActFail):
			w.do(w.firm, b.token, parcel.Move{Act: parcel.ActFail, Reason: parcel.Reasons[rnd.IntN(len(parcel.Reasons))]})
		case (n == 8 || n == 9) && may(parcel.ActDeliver) && here.Carrier != parcel.Own && here.Status != carrier.Cancelled:
			m := parcel.Move{Act: parcel.ActDeliver, Receiver: "Bu Rini", Relation: "self"}
			if rnd.IntN(3) == 0 {
				m.Amount, m.Received, m.Text = rnd.Int64N(there.Due()+1), true, "uangnya kurang"
			}
			w.do(w.firm, b.token, m)
		case n == 10 && may(parcel.ActTurn):
			w.do(w.firm, b.token, parcel.Move{Act: parcel.ActTurn})
		case n == 11 && may(parcel.ActReturn) && there.Status == carrier.Returning:
			w.do(w.firm, b.token, parcel.Move{Act: parcel.ActReturn})
		case n == 12:
			if st, err := w.Statement(ctx, w.firm, b.sc.Business); err == nil && len(st.Lines) > 0 {
				_, err := w.PayOut(ctx, w.firm, b.sc.Business, haul.Pay{ID: id.New(), On: "2026-11-30", Net: st.Net})
				w.must(err)
			}
		}
		storm()
	}
	w.later(2 * time.Hour) // what failed for being too early is tried again
	w.drain()
	w.night()
	w.later(2 * time.Hour)
	w.drain()
	if list := w.night(); len(list) != 0 {
		for _, d := range list {
			w.Errorf("after a quiet night: %s: the shop says %q, the firm %q", d.Kind, d.ShopSays, d.FirmSays)
		}
	}
	for _, s := range shops {
		owed, awaited := w.balance(w.firm, ledger.CODOwed, s.sc.Business), w.balance(s.sc, ledger.CourierCash, parcel.HolderOf(w.carrier(s)))
		if -owed != awaited {
			w.Errorf("the firm owes %d, the shop awaits %d", -owed, awaited)
		}
		if a, b := w.balance(s.sc, ledger.CarrierFee, id.ID{}), w.balance(s.sc, ledger.Bank, id.ID{}); a < 0 || a+b < 0 {
			w.Errorf("fee %d, bank %d", a, b)
		}
	}
	ended := 0
	for _, b := range boxes {
		if w.get(b.sc, b.ID).Status.Final() {
			ended++
		}
	}
	w.Logf("%d of %d parcels ended", ended, len(boxes))
}
