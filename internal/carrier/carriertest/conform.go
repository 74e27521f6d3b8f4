package carriertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/fault"
)

// Bandung and Cicalengka are two places that the server serves, Nowhere one
// that it does not.
var (
	Bandung = carrier.Place{
		Name: "Dapur Contoh", Phone: "+6281234567890", Address: "Jl. Contoh 1, sebelah masjid", Village: "Citarum", District: "Bandung Wetan", Regency: "Kota Bandung",
		Province: "Jawa Barat", Postal: "40115",
	}
	Cicalengka = carrier.Place{
		Name: "Ibu Contoh", Phone: "+6281234567891", Address: "Kp. Contoh RT 1 RW 2", Village: "Cicalengka Wetan", District: "Cicalengka", Regency: "Kabupaten Bandung",
		Province: "Jawa Barat", Postal: "40395",
	}
	Nowhere = carrier.Place{Name: "Pak Contoh", Phone: "+6281234567892", Address: "Pulau Contoh", Village: "Contoh", District: "Contoh", Regency: "Contoh", Postal: nowhere}
)

// Query asks for a parcel of 1.2 kg from Bandung to Cicalengka.
func Query() carrier.RateQuery {
	return carrier.RateQuery{From: Bandung, To: Cicalengka, Box: carrier.Box{Grams: 1200, Length: 20, Width: 15, Height: 10}, Value: 100_000, Firms: []string{"jne", "tiki"}}
}

// Booking books such a parcel with JNE.
func Booking(ref string) carrier.Booking {
	return carrier.Booking{
		Ref: ref, Shop: "Dapur Contoh", From: Bandung, To: Cicalengka, Box: carrier.Box{Grams: 1200, Length: 20, Width: 15, Height: 10},
		Items: []carrier.Item{{Name: "Rangginang", Value: 25_000, Quantity: 4, Grams: 250}}, Firm: "jne", Service: "reg",
	}
}

// start is when the parcels of Conform set out.
var start = time.Date(2026, 11, 30, 2, 0, 0, 0, time.UTC)

// Conform holds a connector to what its callers rely on. The connector must
// ask s, with s.Key and HookHeader and HookSecret.
func Conform(t *testing.T, c carrier.Carrier, s *Server) {
	t.Helper()
	if c.Name() == "" {
		t.Fatal("the connector has no name")
	}
	t.Run("rates", func(t *testing.T) { conformRates(t, c) })
	t.Run("faults", func(t *testing.T) { conformFaults(t, c, s) })
	t.Run("book", func(t *testing.T) { conformBook(t, c, s) })
	t.Run("cancel", func(t *testing.T) { conformCancel(t, c, s) })
	t.Run("track", func(t *testing.T) { conformTrack(t, c, s) })
	t.Run("hook", func(t *testing.T) { conformHook(t, c, s) })
}

func conformRates(t *testing.T, c carrier.Carrier) {
	q := Query()
	rates, err := c.Rates(t.Context(), q)
	if err != nil || len(rates) < 2 {
		t.Fatalf("Rates = %d rates, %v; want some", len(rates), err)
	}
	for _, r := range rates {
		f, ok := carrier.Find(r.Firm)
		if !ok || !slices.Contains(q.Firms, r.Firm) || r.FirmName != f.Name || r.Via != c.Name() || r.Service == "" || r.Group == "" {
			t.Errorf("rate %+v", r)
		}
		if want := price(1200, r.Firm, 0); r.Fee < want || r.Least != 48*time.Hour || r.Most != 72*time.Hour || r.Words == "" {
			t.Errorf("rate %+v: want %d or more, in two to three days", r, want)
		}
		if r.Insurance != 0 || r.CODFee != 0 {
			t.Errorf("rate %+v: neither was asked for", r)
		}
	}
	q.Box.Grams = 5000
	heavy, err := c.Rates(t.Context(), q)
	if err != nil || len(heavy) != len(rates) || heavy[0].Fee <= rates[0].Fee {
		t.Errorf("five kilograms: %v, %v", heavy, err)
	}
	q.To = Nowhere
	if got, err := c.Rates(t.Context(), q); !errors.Is(err, carrier.ErrArea) {
		t.Errorf("to nowhere: %v, %v; want %v", got, err, carrier.ErrArea)
	}
	q = Query()
	q.Firms = []string{"kurir-khayalan"}
	if got, err := c.Rates(t.Context(), q); err != nil || len(got) != 0 {
		t.Errorf("a firm that is not there: %v, %v", got, err)
	}
}

// conformFaults goes through every fault with every call that it can meet.
func conformFaults(t *testing.T, c carrier.Carrier, s *Server) {
	s.Put("jne", "010880990001")
	calls := map[string]func(context.Context) error{
		"rates": func(ctx context.Context) error { _, err := c.Rates(ctx, Query()); return err },
		"track": func(ctx context.Context) error {
			_, err := c.Track(ctx, "010880990001", "jne", "67891")
			return err
		},
	}
	if c.Books() {
		calls["book"] = func(ctx context.Context) error { _, err := c.Book(ctx, Booking("faults")); return err }
		calls["cancel"] = func(ctx context.Context) error { return c.Cancel(ctx, "5dd599ebdefcd4158eb80000", "uji") }
	}
	s.Lag(5 * time.Second)
	for _, f := range []struct {
		name  string
		fault Fault
		want  *fault.Error
		again bool
	}{
		{"broken", Broken, carrier.ErrDown, true},
		{"busy", Busy, carrier.ErrBusy, true},
		{"wrong key", BadKey, carrier.ErrKey, false},
		{"cut", Cut, carrier.ErrDown, true},
		{"garbage", Garbage, carrier.ErrDown, true},
		{"slow", Slow, carrier.ErrDown, true},
	} {
		for name, call := range calls {
			s.Fail(f.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if f.fault == Slow {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
			}
			err := call(ctx)
			cancel()
			s.Fail(None)
			wait, again := carrier.Retry(err)
			if !errors.Is(err, f.want) || again != f.again {
				t.Errorf("%s, %s: %v, again %v; want %v, %v", name, f.name, err, again, f.want, f.again)
			}
			if f.fault == Busy && wait != RetryAfter {
				t.Errorf("%s, busy: wait %v, want %v", name, wait, RetryAfter)
			}
			if f.fault == Slow && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, slow: %v does not say that it was late", name, err)
			}
		}
	}
	for name, call := range calls {
		if err := call(t.Context()); name != "cancel" && err != nil {
			t.Errorf("void: %s fails without a fault: %v", name, err)
		}
	}
}

func conformBook(t *testing.T, c carrier.Carrier, s *Server) {
	if !c.Books() {
		if _, err := c.Book(t.Context(), Booking("x")); !errors.Is(err, carrier.ErrUnable) {
			t.Errorf("Book = %v, want %v", err, carrier.ErrUnable)
		}
		return
	}
	b := Booking("pesanan-1")
	b.COD, b.Insured, b.PickUp = 110_000, 100_000, start
	before := s.Bookings()
	got, err := c.Book(t.Context(), b)
	if err != nil || got.Ref == "" || got.Number == "" || got.Firm != "jne" || got.Service != "reg" || got.Routing == "" || got.Fee <= 0 {
		t.Fatalf("Book = %+v, %v", got, err)
	}
	if got.COD != b.COD || got.CODFee <= 0 || got.Insurance <= 0 {
		t.Errorf("Book = %+v: COD, its fee and insurance", got)
	}
	again, err := c.Book(t.Context(), b)
	if err != nil || again.Ref != got.Ref || again.Number != got.Number || s.Bookings() != before+1 {
		t.Errorf("booked again = %+v, %v; %d bookings; want the first alone", again, err, s.Bookings()-before)
	}
	b.Ref = "pesanan-2"
	s.Fail(LostAnswer)
	_, err = c.Book(t.Context(), b)
	s.Fail(None)
	if _, repeat := carrier.Retry(err); !repeat {
		t.Fatalf("the answer was lost: %v; want a fault to repeat after", err)
	}
	mended, err := c.Book(t.Context(), b)
	if err != nil || mended.Ref == "" || mended.Ref == got.Ref || s.Bookings() != before+2 {
		t.Errorf("after the lost answer: %+v, %v; %d bookings", mended, err, s.Bookings()-before)
	}
	b.Ref, b.COD = "pesanan-3", tooMuch+1
	_, err = c.Book(t.Context(), b)
	if f := fault.Of(err); !errors.Is(err, carrier.ErrRefused) || len(f.Args) != 1 || f.Args[0] == "" {
		t.Errorf("too much COD: %v; want %v with the carrier's words", err, carrier.ErrRefused)
	}
	b = Booking("pesanan-4")
	b.To = Nowhere
	if _, err := c.Book(t.Context(), b); !errors.Is(err, carrier.ErrArea) {
		t.Errorf("to nowhere: %v, want %v", err, carrier.ErrArea)
	}
}

func conformCancel(t *testing.T, c carrier.Carrier, s *Server) {
	if !c.Books() {
		if err := c.Cancel(t.Context(), "x", "y"); !errors.Is(err, carrier.ErrUnable) || c.CanCancel(carrier.Ready) {
			t.Errorf("Cancel = %v, want %v", err, carrier.ErrUnable)
		}
		return
	}
	book := func(ref string) carrier.Booked {
		b, err := c.Book(t.Context(), Booking(ref))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := book("batal-1")
	for n := range 2 {
		if err := c.Cancel(t.Context(), b.Ref, "pembeli batal"); err != nil {
			t.Errorf("Cancel, time %d: %v", n+1, err)
		}
	}
	b = book("batal-2")
	s.Advance(b.Number, carrier.PickedUp, start)
	if err := c.Cancel(t.Context(), b.Ref, "terlambat"); !errors.Is(err, carrier.ErrRefused) {
		t.Errorf("Cancel of what is under way = %v, want %v", err, carrier.ErrRefused)
	}
	for _, st := range carrier.Statuses {
		if c.CanCancel(st) && (st.Moving() || st.Final()) {
			t.Errorf("CanCancel(%s): the goods are gone", st)
		}
	}
	if !c.CanCancel(carrier.Ready) {
		t.Error("a booking that waits cannot be cancelled")
	}
}

// way is what happens to the parcel of the tests of tracks and messages.
var way = []carrier.Status{
	carrier.PickupRequested, carrier.PickedUp, carrier.InTransit, carrier.AtHub, carrier.OutForDelivery, carrier.AttemptFailed, carrier.OutForDelivery, carrier.Delivered,
}

func conformTrack(t *testing.T, c carrier.Carrier, s *Server) {
	if !c.Tracks("jne") {
		t.Fatal("the connector does not follow JNE's numbers")
	}
	const number = "010880990002"
	if got, err := c.Track(t.Context(), number, "jne", ""); !errors.Is(err, carrier.ErrNumber) {
		t.Errorf("a number that is not there: %v, %v; want %v", got, err, carrier.ErrNumber)
	}
	if _, err := c.Track(t.Context(), number, "kurir-khayalan", ""); !errors.Is(err, carrier.ErrUnable) {
		t.Errorf("a firm that is not there: %v, want %v", err, carrier.ErrUnable)
	}
	s.Put("jne", number)
	for i, st := range way {
		at := start.Add(time.Duration(i) * time.Hour)
		s.Advance(number, st, at)
		events, err := c.Track(t.Context(), number, "jne", "67891")
		now, ok := carrier.Current(events)
		if err != nil || !ok || now.Status != st || !now.At.Equal(at) || now.Words == "" {
			t.Fatalf("Track after %s = %+v, %v", st, now, err)
		}
		if st == carrier.AttemptFailed && now.Reason != carrier.NobodyHome {
			t.Errorf("reason %q, want %q", now.Reason, carrier.NobodyHome)
		}
		if !slices.IsSortedFunc(events, func(a, b carrier.Event) int { return a.At.Compare(b.At) }) {
			t.Errorf("events are not in order: %+v", events)
		}
	}
	s.Fail(UnknownWord)
	defer s.Fail(None)
	events, err := c.Track(t.Context(), number, "jne", "")
	if err != nil || len(events) != len(way) || events[0].Status != "" || events[0].Words != "Paket "+Word {
		t.Errorf("unknown words: %+v, %v; want them kept and not understood", events, err)
	}
}

func conformHook(t *testing.T, c carrier.Carrier, s *Server) {
	number := "010880990003"
	if c.Books() {
		b, err := c.Book(t.Context(), Booking("kabar-1"))
		if err != nil {
			t.Fatal(err)
		}
		number = b.Number
	} else {
		s.Put("jne", number)
	}
	for i, st := range way {
		s.Advance(number, st, start.Add(time.Duration(i)*time.Hour))
	}
	if h, err := c.Hook(http.Header{}, nil); err != nil || h.Ref != "" || h.Verify || len(h.Events) != 0 {
		t.Errorf("the empty message of the installation: %+v, %v", h, err)
	}
	sent := s.Messages(c.Name(), number)
	signed := len(sent[0].Header) > 0
	for name, list := range map[string][]Message{"in order": sent, "twice": Twice(sent), "shuffled": Shuffled(sent, 7), "shuffled, twice": Shuffled(Twice(sent), 8)} {
		var events []carrier.Event
		keys := map[string]bool{}
		for _, m := range list {
			h, err := c.Hook(m.Header, m.Body)
			if err != nil || h.Number != number || h.Ref == "" {
				t.Fatalf("%s: Hook = %+v, %v", name, h, err)
			}
			if !signed && (!h.Verify || len(h.Events) > 0) {
				t.Fatalf("%s: Hook = %+v: nobody signed it", name, h)
			}
			events = append(events, h.Events...)
			for _, e := range h.Events {
				keys[e.Key()] = true
			}
		}
		now, ok := carrier.Current(events)
		if signed && (!ok || now.Status != carrier.Delivered || len(keys) != len(way)) {
			t.Errorf("%s: stands at %+v after %d events, want delivered after %d", name, now, len(keys), len(way))
		}
	}
	if _, err := c.Hook(sent[0].Header, []byte("{")); !errors.Is(err, carrier.ErrHookForm) {
		t.Errorf("half a message: %v, want %v", err, carrier.ErrHookForm)
	}
	if !signed {
		return
	}
	for name, header := range map[string]http.Header{"none": {}, "wrong": {HookHeader: {HookSecret + "x"}}, "empty": {HookHeader: {""}}, "elsewhere": {"X-Other": {HookSecret}}} {
		if h, err := c.Hook(header, sent[1].Body); !errors.Is(err, carrier.ErrHook) || len(h.Events) > 0 || h.Ref != "" {
			t.Errorf("secret %s: %+v, %v; want %v", name, h, err, carrier.ErrHook)
		}
	}
	s.Untimed(true)
	defer s.Untimed(false)
	for _, m := range s.Messages(c.Name(), number) {
		h, err := c.Hook(m.Header, m.Body)
		if err != nil || len(h.Events) > 0 && (!h.Verify || !h.Events[0].At.IsZero()) {
			t.Errorf("without a time: %+v, %v; want it to be verified", h, fmt.Sprint(err))
		}
	}
}
