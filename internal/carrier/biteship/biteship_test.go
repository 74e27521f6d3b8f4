package biteship_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/carrier/biteship"
	"lapak/internal/carrier/carriertest"
	"lapak/internal/outbound"
)

func client(s *carriertest.Server) *biteship.Client {
	return biteship.New(biteship.Options{Key: s.Key, Base: s.Biteship(), HTTP: outbound.Client(true), HookHeader: carriertest.HookHeader, HookSecret: carriertest.HookSecret})
}

func TestConform(t *testing.T) {
	s := carriertest.New(t)
	carriertest.Conform(t, client(s), s)
}

// The real client of the program reaches no machine inside, and no plain http.
func TestOnlyOutside(t *testing.T) {
	s := carriertest.New(t)
	c := biteship.New(biteship.Options{Key: s.Key, Base: s.Biteship(), HTTP: outbound.Client(false)})
	if _, err := c.Rates(t.Context(), carriertest.Query()); !errors.Is(err, carrier.ErrDown) || s.Calls("/") != 0 {
		t.Errorf("Rates = %v after %d calls, want %v after none", err, s.Calls("/"), carrier.ErrDown)
	}
}

func TestRatesWithCODInsuranceAndPoints(t *testing.T) {
	s := carriertest.New(t)
	c := client(s)
	q := carriertest.Query()
	q.COD, q.Insured, q.Firms = 100_000, true, []string{"jne", "wahana", "gojek"}
	rates, err := c.Rates(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rates {
		seen[r.Firm] = true
		if r.Insurance != 2_500 || r.COD != (r.Firm == "jne") || r.CODFee != map[bool]int64{true: 4_000}[r.COD] || r.Total() != r.Fee+r.Insurance+r.CODFee {
			t.Errorf("rate %+v", r)
		}
	}
	if !seen["jne"] || !seen["wahana"] || seen["gojek"] {
		t.Errorf("firms %v: couriers by distance need points", seen)
	}
	lat, lng := int64(-6_914_744), int64(107_609_810)
	q.From.LatE6, q.From.LngE6, q.To.LatE6, q.To.LngE6 = &lat, &lng, &lat, &lng
	rates, err = c.Rates(t.Context(), q)
	instant := false
	for _, r := range rates {
		instant = instant || r.Firm == "gojek" && r.Group == carrier.Instant
	}
	if err != nil || !instant {
		t.Errorf("with points: %v, %v; want GoSend", rates, err)
	}
}

// A place without a postcode is found by its names, once.
func TestPlaceByNames(t *testing.T) {
	s := carriertest.New(t)
	c := client(s)
	q := carriertest.Query()
	q.To.Postal = ""
	for range 2 {
		if rates, err := c.Rates(t.Context(), q); err != nil || len(rates) == 0 {
			t.Errorf("Rates = %v, %v", rates, err)
		}
	}
	if n := s.Calls("/v1/maps/areas"); n != 1 {
		t.Errorf("areas were asked for %d times, want once", n)
	}
	q.To = carrier.Place{}
	if _, err := c.Rates(t.Context(), q); !errors.Is(err, carrier.ErrArea) {
		t.Errorf("no place at all: %v, want %v", err, carrier.ErrArea)
	}
}

func TestHookReadsPriceNumberAndDriver(t *testing.T) {
	s := carriertest.New(t)
	c := client(s)
	signed := http.Header{carriertest.HookHeader: {carriertest.HookSecret}}
	for body, want := range map[string]int64{
		`{"event":"order.price","order_id":"a","price":12500}`:            12_500,
		`{"event":"order.price","order_id":"a","order_price":"9000"}`:     9_000,
		`{"event":"order.price","order_id":"a","price":1.5,"status":"x"}`: 2,
	} {
		h, err := c.Hook(signed, []byte(body))
		if err != nil || h.Fee == nil || *h.Fee != want || h.Ref != "a" || h.Verify {
			t.Errorf("%s: %+v, %v; want %d", body, h, err, want)
		}
	}
	for _, body := range []string{
		`{"event":"order.price","order_id":"a"}`, `{"event":"order.price","order_id":"a","price":-1}`, `{"event":"order.status","order_id":"a"}`, `{"event":"order.status","status":"picked"}`, `[]`, `7`,
	} {
		if h, err := c.Hook(signed, []byte(body)); !errors.Is(err, carrier.ErrHookForm) {
			t.Errorf("%s: %+v, %v; want %v", body, h, err, carrier.ErrHookForm)
		}
	}
	h, err := c.Hook(signed, []byte(`{"event":"order.waybill_id","order_id":"a","order_reference_id":"kita-1","courier":{"waybill_id":"jp1234567890","driver_name":"Ujang","link":"javascript:alert(1)"}}`))
	if err != nil || h.Number != "JP1234567890" || h.Ours != "kita-1" || h.Driver.Name != "Ujang" || h.Link != "" {
		t.Errorf("number: %+v, %v", h, err)
	}
	h, err = c.Hook(signed, []byte(`{"event":"order.weight","order_id":"a"}`))
	if err != nil || !h.Verify || h.Ref != "a" {
		t.Errorf("a new sort of message: %+v, %v; want it verified", h, err)
	}
	h, err = c.Hook(signed, []byte(`{"event":"order.status","order_id":"a","status":"teleported","updated_at":"2026-11-30T09:00:00+07:00"}`))
	if err != nil || len(h.Events) != 1 || h.Events[0].Status != "" || h.Events[0].Code != "teleported" || !h.Events[0].At.Equal(time.Date(2026, 11, 30, 2, 0, 0, 0, time.UTC)) {
		t.Errorf("an unknown state: %+v, %v; want it kept", h, err)
	}
	// who has set no secret believes nobody, not even an empty one
	open := biteship.New(biteship.Options{Key: s.Key, Base: s.Biteship(), HTTP: outbound.Client(true), HookHeader: carriertest.HookHeader})
	if _, err := open.Hook(http.Header{carriertest.HookHeader: {""}}, []byte(`{"event":"order.status","order_id":"a","status":"delivered"}`)); !errors.Is(err, carrier.ErrHook) {
		t.Errorf("without a secret: %v, want %v", err, carrier.ErrHook)
	}
}

// "dropping_off" is at the door for a courier on a motorcycle, and on the way
// for a parcel unless the courier's text says more.
func TestDroppingOff(t *testing.T) {
	c := client(carriertest.New(t))
	signed := http.Header{carriertest.HookHeader: {carriertest.HookSecret}}
	for body, want := range map[string]carrier.Status{
		`{"event":"order.status","order_id":"a","status":"dropping_off","courier_company":"gojek"}`:                                         carrier.OutForDelivery,
		`{"event":"order.status","order_id":"a","status":"dropping_off","courier_company":"jne"}`:                                           carrier.InTransit,
		`{"event":"order.status","order_id":"a","status":"dropping_off","courier_company":"jne","note":"WITH DELIVERY COURIER [BDG]"}`:      carrier.OutForDelivery,
		`{"event":"order.status","order_id":"a","status":"droppingOff","courier":{"company":"jne"},"note":"RECEIVED AT SORTING CENTER"}`:    carrier.AtHub,
		`{"event":"order.status","order_id":"a","status":"on_hold","courier":{"company":"jne"},"note":"BAD ADDRESS"}`:                       carrier.AttemptFailed,
		`{"event":"order.status","order_id":"a","status":"delivered","courier":{"company":"jne"},"note":"DELIVERED TO [RETNO | TETANGGA]"}`: carrier.Delivered,
	} {
		h, err := c.Hook(signed, []byte(body))
		if err != nil || h.Events[0].Status != want {
			t.Errorf("%s: %+v, %v; want %s", body, h.Events, err, want)
		}
	}
}

func FuzzHook(f *testing.F) {
	c := biteship.New(biteship.Options{HookHeader: "X", HookSecret: "s"})
	f.Add([]byte(`{"event":"order.status","order_id":"a","status":"picked","updated_at":"2026-11-30T09:00:00+07:00","courier":{"waybill_id":1}}`))
	f.Add([]byte(`{"event":"order.price","order_id":1,"price":"1e300"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := c.Hook(http.Header{"X": {"s"}}, body)
		if err != nil && !errors.Is(err, carrier.ErrHookForm) {
			t.Errorf("%v", err)
		}
		for _, e := range h.Events {
			if e.Status != "" && !e.Status.Known() {
				t.Errorf("status %q", e.Status)
			}
		}
	})
}

// The stand-in's webhooks by HTTP, as an installation takes them.
func TestMessagesByHTTP(t *testing.T) {
	s := carriertest.New(t)
	c := client(s)
	b, err := c.Book(t.Context(), carriertest.Booking("kabar"))
	if err != nil {
		t.Fatal(err)
	}
	s.Advance(b.Number, carrier.PickedUp, time.Date(2026, 11, 30, 2, 0, 0, 0, time.UTC))
	var events []carrier.Event
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h, err := c.Hook(r.Header, body)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		events = append(events, h.Events...)
	}))
	defer srv.Close()
	list := s.Messages("biteship", b.Number)
	forged := list[1]
	forged.Header = http.Header{carriertest.HookHeader: {"tebakan"}}
	got := s.Send(srv.URL, append(carriertest.Twice(list[:2]), forged))
	if want := []int{200, 200, 200, 200, 401}; !slices.Equal(got, want) || len(events) != 2 || events[0] != events[1] || events[0].Status != carrier.PickedUp {
		t.Errorf("answers %v, want %v; events %+v", got, want, events)
	}
}
