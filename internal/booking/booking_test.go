package booking_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/booking"
	"lapak/internal/carrier"
	"lapak/internal/carrier/carriertest"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func TestABookingIsMadeOnceWhateverIsLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, false)
		s := h.carried(t, "Dapur Bu Euis")
		p := s.box(t)
		form := s.ask(t, p)
		if again, err := s.booking.Book(t.Context(), s.owner, p.ID, booking.Ask{ID: form.ID, Connector: "biteship", Firm: "jne", Service: "reg", Seen: form.Quoted}); err != nil || again.N != 1 {
			t.Errorf("the same form again: %+v, %v", again, err)
		}
		if _, err := s.booking.Book(t.Context(), s.owner, p.ID, booking.Ask{ID: id.New(), Connector: "biteship", Firm: "jne", Service: "reg", Seen: form.Quoted}); !errors.Is(err, booking.ErrOpen) {
			t.Errorf("another form: %v", err)
		}
		for _, fault := range []carriertest.Fault{carriertest.Broken, carriertest.Busy, carriertest.LostAnswer, carriertest.LostAnswer} {
			h.carrier.Fail(fault)
			s.drain(t)
			if b := s.last(t, p); b.State != booking.Asked || b.Why == "" || s.get(t, p).Status != carrier.Ready {
				t.Fatalf("while the carrier fails: %+v", b)
			}
			h.now = h.now.Add(time.Hour)
		}
		h.carrier.Fail(carriertest.None)
		s.drain(t)
		b, got := s.last(t, p), s.get(t, p)
		if b.State != booking.Booked || b.Ref == "" || b.Fee != 9_500 || b.Why != "" || h.carrier.Bookings() != 1 {
			t.Errorf("booked %d times: %+v", h.carrier.Bookings(), b)
		}
		if got.Status != carrier.PickupRequested || got.Waybill == "" || got.Carrier != "jne" {
			t.Errorf("the parcel is %s, number %q", got.Status, got.Waybill)
		}
		if codes, err := s.booking.Routings(t.Context(), s.owner, []id.ID{p.ID}); err != nil || codes[p.ID] == "" || codes[p.ID] != b.Routing {
			t.Errorf("for the label: %v, %v", codes, err)
		}
		// While it is booked nobody else takes it, and the order is not made anew.
		if _, err := s.parcels.Do(t.Context(), s.owner, p.ID, parcel.Move{Act: parcel.ActAssign, Courier: id.New()}); !errors.Is(err, booking.ErrOpen) {
			t.Errorf("assigned: %v", err)
		}
		// A refusal is final, and says why in the carrier's words.
		q := s.box(t)
		s.ask(t, q)
		h.carrier.Fail(carriertest.BadKey)
		s.drain(t)
		if b := s.last(t, q); b.State != booking.Refused || b.Why != carrier.ErrKey.Key || s.get(t, q).Status != carrier.Ready {
			t.Errorf("with a key that is wrong: %+v", b)
		}
		h.carrier.Fail(carriertest.None)
		must(t, s.booking.Again(t.Context(), s.owner, q.ID))
		s.drain(t)
		if b := s.last(t, q); b.State != booking.Booked || h.carrier.Bookings() != 2 {
			t.Errorf("tried again: %+v", b)
		}
	})
}

func TestABookingIsTakenBackUntilTheGoodsAreFetched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, false)
		s := h.carried(t, "Dapur Bu Euis")
		p := s.booked(t)
		v, err := s.booking.Of(t.Context(), s.owner, p.ID)
		must(t, err)
		if !v.Cancels || v.Waits {
			t.Errorf("booked: %+v", v)
		}
		must(t, s.booking.Cancel(t.Context(), s.owner, p.ID))
		h.carrier.Fail(carriertest.LostAnswer)
		s.drain(t)
		h.carrier.Fail(carriertest.None)
		h.now = h.now.Add(time.Hour)
		s.drain(t)
		if b, got := s.last(t, p), s.get(t, p); b.State != booking.Cancelled || got.Status != carrier.Ready || got.Waybill != "" {
			t.Errorf("taken back: %+v, the parcel is %s", b, got.Status)
		}
		// It can be booked anew, which is no repetition of the first.
		s.ask(t, p)
		s.drain(t)
		b, got := s.last(t, p), s.get(t, p)
		if b.N != 2 || b.State != booking.Booked || h.carrier.Bookings() != 2 || got.Status != carrier.PickupRequested {
			t.Errorf("booked anew: %+v", b)
		}
		h.carrier.Advance(got.Waybill, carrier.PickedUp, h.now)
		s.tell(t, h.carrier.Messages("biteship", got.Waybill))
		if err := s.booking.Cancel(t.Context(), s.owner, p.ID); !errors.Is(err, booking.ErrTooLate) {
			t.Errorf("after it was fetched: %v", err)
		}
		// The order is cancelled: so is what was booked for it.
		q := s.booked(t)
		_, err = s.orders.Do(t.Context(), s.owner, q.Order, order.Move{Act: order.ActCancel, Reason: "other", Text: "Batal"})
		must(t, err)
		s.drain(t)
		if b := s.last(t, q); b.State != booking.Cancelled || s.get(t, q).Status != carrier.Cancelled {
			t.Errorf("of a cancelled order: %+v", b)
		}
	})
}

// Messages that come twice, mixed up, forged or to another's address leave what
// one of each in its order leaves.
func TestMessagesCountOnceInAnyOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, false)
		s, other := h.carried(t, "Dapur Bu Euis"), h.carried(t, "Warung Pak Asep")
		want := ""
		for round := range 5 {
			p := s.booked(t)
			for i, st := range []carrier.Status{carrier.Ready, carrier.PickupRequested, carrier.PickedUp, carrier.AtHub, carrier.AttemptFailed, carrier.OutForDelivery, carrier.Delivered} {
				h.carrier.Advance(p.Waybill, st, time.Date(2026, 11, 30, 1, 10*i, 0, 0, time.UTC))
			}
			list := h.carrier.Messages("biteship", p.Waybill)
			h.now = time.Date(2026, 11, 30, 4, 0, 0, 0, time.UTC).Add(time.Duration(round) * time.Hour)
			if round > 0 {
				list = carriertest.Shuffled(carriertest.Twice(list), uint64(round))
			}
			before := s.events(t, p)
			token, secret := s.door(t)
			for _, m := range list {
				if err := s.booking.Take(t.Context(), "biteship", token, http.Header{booking.HookHeader: {"tebakan"}}, m.Body); !errors.Is(err, carrier.ErrHook) {
					t.Errorf("forged: %v", err)
				}
				if err := s.booking.Take(t.Context(), "biteship", strings.Repeat("a", 32), http.Header{booking.HookHeader: {secret}}, m.Body); !errors.Is(err, booking.ErrHookGone) {
					t.Errorf("to nobody's address: %v", err)
				}
			}
			other.tell(t, list) // the other shop's own secret, at its own address: it moves no parcel of this one
			if after := s.events(t, p); after != before {
				t.Errorf("by messages of others the parcel became\n%s", after)
			}
			s.tell(t, list)
			got := strings.ReplaceAll(s.events(t, p), p.Waybill, "NOMOR")
			got = strings.ReplaceAll(got, p.ID.String(), "PAKET")
			if i := strings.Index(got, "pickup_requested PAKET"); i > 0 { // the moment of the booking itself
				line := got[strings.LastIndex(got[:i], "\n")+1:]
				got = strings.Replace(got, line[:strings.Index(line, "\n")+1], "", 1)
			}
			if round == 0 {
				if want = got; !strings.HasPrefix(got, "delivered NOMOR taken") {
					t.Fatalf("in order:\n%s", got)
				}
			} else if got != want {
				t.Errorf("round %d:\n%s\nwant\n%s", round, got, want)
			}
			if b := s.last(t, p); b.FeeNow != b.Fee+1_000 || b.Differs() != 1_000 || b.Link == "" {
				t.Errorf("round %d: price %d of %d, link %q", round, b.FeeNow, b.Fee, b.Link)
			}
			if o, err := s.orders.Get(t.Context(), s.owner, p.Order); err != nil || o.State != order.Done {
				t.Errorf("round %d: the order is %s, %v", round, o.State, err)
			}
		}
		token, _ := s.door(t)
		if err := s.booking.Take(t.Context(), "biteship", token, nil, nil); err != nil {
			t.Errorf("the empty test of an address: %v", err)
		}
		if err := s.booking.Take(t.Context(), "rajaongkir", token, nil, []byte(`{"order_no":"x"}`)); !errors.Is(err, booking.ErrHookGone) {
			t.Errorf("an address of another carrier: %v", err)
		}
		must(t, s.booking.Turn(t.Context(), s.owner, "biteship", 1))
		if err := s.booking.Take(t.Context(), "biteship", token, nil, nil); !errors.Is(err, booking.ErrHookGone) {
			t.Errorf("an address that was changed: %v", err)
		}
	})
}

// A carrier that takes its booking back puts the parcel back in the shop; what
// turns up with the goods after all goes on.
func TestACarrierThatDoesNotCome(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, false)
		s := h.carried(t, "Dapur Bu Euis")
		p := s.booked(t)
		at := func(min int) time.Time { return h.now.Add(time.Duration(min-60) * time.Minute) }
		h.carrier.Advance(p.Waybill, carrier.Cancelled, at(5))
		list := h.carrier.Messages("biteship", p.Waybill)
		s.tell(t, carriertest.Twice(list))
		if b, got := s.last(t, p), s.get(t, p); b.State != booking.Cancelled || got.Status != carrier.Ready {
			t.Fatalf("nobody comes: %s, the parcel is %s", b.State, got.Status)
		}
		h.carrier.Advance(p.Waybill, carrier.PickedUp, at(3))
		s.tell(t, carriertest.Shuffled(carriertest.Twice(h.carrier.Messages("biteship", p.Waybill)), 7))
		if b, got := s.last(t, p), s.get(t, p); b.State != booking.Booked || got.Status != carrier.PickedUp {
			t.Errorf("it was fetched after all: %s, the parcel is %s", b.State, got.Status)
		}
	})
}

// Where a carrier is silent it is asked, not too often; a message without a time
// is believed once the carrier's track says the same, or nothing.
func TestSilentCarriersAreAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, false)
		s := h.carried(t, "Dapur Bu Euis")
		p := s.booked(t)
		h.carrier.Advance(p.Waybill, carrier.PickedUp, h.now.Add(time.Hour))
		s.drain(t)
		if n := h.carrier.Calls("/v1/trackings"); n != 0 {
			t.Errorf("asked %d times at once", n)
		}
		h.now = h.now.Add(booking.Silence + 31*time.Minute)
		h.carrier.Fail(carriertest.Broken)
		s.drain(t)
		s.drain(t)
		if n := h.carrier.Calls("/v1/trackings"); n != 1 {
			t.Errorf("asked %d times while it is out of order", n)
		}
		h.carrier.Fail(carriertest.None)
		h.now = h.now.Add(time.Hour)
		s.drain(t)
		if got := s.get(t, p); got.Status != carrier.PickedUp {
			t.Errorf("the parcel is %s", got.Status)
		}
		h.now = h.now.Add(time.Hour)
		h.carrier.Advance(p.Waybill, carrier.OnHold, h.now)
		h.carrier.Untimed(true)
		s.tell(t, h.carrier.Messages("biteship", p.Waybill))
		if got := s.get(t, p); got.Status != carrier.PickedUp {
			t.Errorf("by a message without a time it is %s", got.Status)
		}
		s.drain(t)
		if got := s.get(t, p); got.Status != carrier.OnHold {
			t.Errorf("after asking it is %s", got.Status)
		}
		// A number that was typed by hand is followed too.
		o := s.place(t, s.draft("own"))
		for _, act := range []order.Act{order.ActAccept, order.ActPack} {
			_, err := s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: act})
			must(t, err)
		}
		list, err := s.parcels.Of(t.Context(), s.owner, o.ID)
		must(t, err)
		hand := list[0]
		h.carrier.Put("sicepat", "001234567890")
		_, err = s.parcels.Do(t.Context(), s.owner, hand.ID, parcel.Move{Act: parcel.ActChange, Carrier: "sicepat", Service: "REG", Waybill: "001234567890"})
		must(t, err)
		h.carrier.Advance("001234567890", carrier.InTransit, h.now.Add(time.Hour))
		h.now = h.now.Add(booking.Silence + 31*time.Minute)
		s.drain(t)
		if got := s.get(t, hand); got.Status != carrier.InTransit {
			t.Errorf("typed by hand: the parcel is %s", got.Status)
		}
	})
}

// Under the installation's key all shops share one address: each message finds
// its own shop, by the booking's reference alone.
func TestTheInstallationsKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, true)
		a, b, alone := h.shop(t, "Dapur Bu Euis"), h.shop(t, "Warung Pak Asep"), h.shop(t, "Kios Bu Tini")
		for _, s := range []*shop{a, b} {
			must(t, s.booking.Put(t.Context(), s.owner, booking.Settings{Offers: []string{"jne"}, Shared: true}))
		}
		must(t, alone.booking.Put(t.Context(), alone.owner, booking.Settings{Offers: []string{"jne"}}))
		if q := alone.quote(t, alone.draft("own")); q.Carries || strings.Contains(ways(q), "carrier") {
			t.Errorf("a shop that did not ask for it uses the installation's key: %s", ways(q))
		}
		if _, err := h.booking.Hooks(a.owner); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("an owner sees the installation's address: %v", err)
		}
		hooks, err := h.booking.Hooks(authz.Scope{Actor: id.New(), Role: authz.Admin, Now: h.now, ProvenAt: h.now})
		must(t, err)
		p, q := a.booked(t), b.booked(t)
		h.carrier.Advance(p.Waybill, carrier.PickedUp, h.now)
		token := hooks[0].Address[strings.LastIndex(hooks[0].Address, "/")+1:]
		for _, m := range h.carrier.Messages("biteship", p.Waybill) {
			must(t, h.booking.Take(t.Context(), "biteship", token, http.Header{booking.HookHeader: {hooks[0].Secret}}, m.Body))
		}
		if got := a.get(t, p); got.Status != carrier.PickedUp {
			t.Errorf("the parcel is %s", got.Status)
		}
		if got := b.get(t, q); got.Status != carrier.PickupRequested {
			t.Errorf("the other shop's is %s", got.Status)
		}
	})
}

func TestKeysAreSealedMaskedAndTriedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, false)
		s, other := h.shop(t, "Dapur Bu Euis"), h.shop(t, "Warung Pak Asep")
		stale := s.owner
		stale.ProvenAt = h.now.Add(-time.Hour)
		if err := s.booking.PutKey(t.Context(), stale, "biteship", h.carrier.Key); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("without a fresh proof: %v", err)
		}
		for _, bad := range []string{"", "pendek", "kunci yang ada spasinya", strings.Repeat("x", 301)} {
			if err := s.booking.PutKey(t.Context(), s.owner, "biteship", bad); err == nil {
				t.Errorf("key %.20q was taken", bad)
			}
		}
		must(t, s.booking.PutKey(t.Context(), s.owner, "biteship", h.carrier.Key))
		var kept string
		must(t, db.View(t.Context(), authz.Job(s.owner.Business), func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), `SELECT sealed FROM carrier_keys WHERE business_id = $1`, s.owner.Business).Scan(&kept)
		}))
		if strings.Contains(kept, h.carrier.Key) || kept == "" {
			t.Errorf("kept as %q", kept)
		}
		page, err := s.booking.Get(t.Context(), s.owner)
		must(t, err)
		if k := page.Keys[0]; k.Ends != h.carrier.Key[len(h.carrier.Key)-4:] || k.Hook == "" || k.Secret == "" || k.Tried != "" {
			t.Errorf("shown: %+v", k)
		}
		if page, err = s.booking.Get(t.Context(), stale); err != nil || page.Keys[0].Secret != "" || page.Keys[0].Hook != "" {
			t.Errorf("without a fresh proof: %+v, %v", page, err)
		}
		if page, err = other.booking.Get(t.Context(), other.owner); err != nil || len(page.Keys) != 0 {
			t.Errorf("another shop sees %+v, %v", page, err)
		}
		got, err := s.booking.Try(t.Context(), s.owner, "biteship")
		if err != nil || got.Fault != nil || got.Rates == 0 || got.Area == "" || got.Cheapest.Fee == 0 || h.carrier.Calls("/v1/rates") != 1 {
			t.Errorf("tried: %+v, %v", got, err)
		}
		page, err = s.booking.Get(t.Context(), s.owner)
		if k := page.Keys[0]; err != nil || k.Tried != booking.OK || k.Area != "IDNP9IDNC22" {
			t.Errorf("after the trial: %+v, %v", k, err)
		}
		h.carrier.Fail(carriertest.BadKey)
		if got, err = s.booking.Try(t.Context(), s.owner, "biteship"); err != nil || !errors.Is(got.Fault, carrier.ErrKey) {
			t.Errorf("a wrong key: %+v, %v", got, err)
		}
		if _, err := other.booking.Try(t.Context(), other.owner, "biteship"); !errors.Is(err, booking.ErrConnector) {
			t.Errorf("another shop tries it: %v", err)
		}
		must(t, s.booking.DropKey(t.Context(), s.owner, "biteship"))
		if q := s.quote(t, s.draft("own")); q.Carries {
			t.Error("prices without a key")
		}
	})
}
