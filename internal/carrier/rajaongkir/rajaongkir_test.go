package rajaongkir_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/carrier/carriertest"
	"lapak/internal/carrier/rajaongkir"
	"lapak/internal/outbound"
)

func client(s *carriertest.Server) *rajaongkir.Client {
	return rajaongkir.New(rajaongkir.Options{Key: s.Key, Base: s.RajaOngkir(), HTTP: outbound.Client(true)})
}

func TestConform(t *testing.T) {
	s := carriertest.New(t)
	carriertest.Conform(t, client(s), s)
}

// Places are asked for once; one of the same name elsewhere is another place.
func TestPlaces(t *testing.T) {
	s := carriertest.New(t)
	c := client(s)
	q := carriertest.Query()
	q.To.Postal = ""
	for range 3 {
		if rates, err := c.Rates(t.Context(), q); err != nil || len(rates) == 0 {
			t.Errorf("Rates = %v, %v", rates, err)
		}
	}
	if n := s.Calls("/api/v1/destination"); n != 2 {
		t.Errorf("places were asked for %d times, want twice: one for each end", n)
	}
	q.To = carrier.Place{District: "Cicalengka", Village: "Lain", Regency: "Kabupaten Lain"}
	if rates, err := c.Rates(t.Context(), q); !errors.Is(err, carrier.ErrArea) {
		t.Errorf("a district of that name elsewhere: %v, %v; want %v", rates, err, carrier.ErrArea)
	}
}

func TestTracksOnlyWhatItFollows(t *testing.T) {
	c := client(carriertest.New(t))
	for code, want := range map[string]bool{"jne": true, "pos": true, "lion": true, "sicepat": false, "id_express": false, "sentral": false, "": false} {
		if got := c.Tracks(code); got != want {
			t.Errorf("Tracks(%q) = %v", code, got)
		}
	}
	if _, err := c.Track(t.Context(), "004512345678", "sicepat", ""); !errors.Is(err, carrier.ErrUnable) {
		t.Errorf("Track of SiCepat: %v, want %v", err, carrier.ErrUnable)
	}
}

// Answers that the stand-in does not give.
func TestTrackReadsWhatCouriersWrite(t *testing.T) {
	answer := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	defer srv.Close()
	c := rajaongkir.New(rajaongkir.Options{Base: srv.URL, HTTP: outbound.Client(true)})

	answer = `{"meta":{"code":200,"status":"success"},"data":{"delivered":true,"summary":{"status":"DELIVERED"},"delivery_status":{"status":"DELIVERED","pod_date":"2026-11-29","pod_time":"14:20"},
		"manifest":[{"manifest_code":"2","manifest_description":"","manifest_date":"2026-11-28","manifest_time":"15:44","city_name":"JAKARTA"},
		{"manifest_code":"1","manifest_description":"Manifested","manifest_date":"2026-11-27","manifest_time":"03:41","city_name":"SOLO"}]}}`
	got, err := c.Track(t.Context(), "010880123456", "jne", "")
	if err != nil || len(got) != 3 || got[0].Status != carrier.PickedUp || got[1].Status != carrier.InTransit || got[1].Place != "JAKARTA" || got[2].Status != carrier.Delivered {
		t.Fatalf("Track = %+v, %v", got, err)
	}
	if want := time.Date(2026, 11, 29, 7, 20, 0, 0, time.UTC); !got[2].At.Equal(want) {
		t.Errorf("delivered at %v, want %v", got[2].At, want)
	}

	answer = `{"meta":{"code":200,"status":"success"},"data":{"delivered":true,"summary":{"status":"RETURNED TO SHIPPER"},"manifest":[{"manifest_description":"x","manifest_date":"2026-11-27"}]}}`
	got, err = c.Track(t.Context(), "010880123456", "jne", "")
	if now, _ := carrier.Current(got); err != nil || now.Status != carrier.Returned || !got[0].At.IsZero() {
		t.Errorf("back at the shop: %+v, %v", got, err)
	}

	for text, want := range map[string]error{
		`{"meta":{"code":401,"message":"Invalid"},"data":null}`: carrier.ErrKey, `{"meta":{"code":400,"message":"Invalid API key, key not found"},"data":null}`: carrier.ErrKey,
		`{"meta":{"code":404,"message":"none"},"data":null}`: carrier.ErrNumber, `{"meta":{"code":200},"data":null}`: carrier.ErrNumber, `{"meta":{"code":429},"data":null}`: carrier.ErrBusy,
		`{"meta":{"code":500},"data":null}`: carrier.ErrDown, `{"data":{}}`: carrier.ErrDown, `{"meta":{"code":200},"data":7}`: carrier.ErrDown, `[]`: carrier.ErrDown,
		`{"meta":{"code":422,"message":"last phone number is required"}}`: carrier.ErrRefused,
	} {
		answer = text
		if _, err := c.Track(t.Context(), "010880123456", "jne", ""); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// Whatever an unsigned message says, it moves nothing.
func TestHookIsNeverBelieved(t *testing.T) {
	c := client(carriertest.New(t))
	h, err := c.Hook(http.Header{"Authorization": {"x"}}, []byte(`{"order_no":"KOM1","cnote":"jp1234567890","status":"Selesai"}`))
	if err != nil || !h.Verify || h.Ref != "KOM1" || h.Number != "JP1234567890" || len(h.Events) != 0 || h.Fee != nil {
		t.Errorf("Hook = %+v, %v", h, err)
	}
	for _, body := range []string{`{}`, `{"status":"Selesai"}`, `x`, `[]`} {
		if h, err := c.Hook(nil, []byte(body)); !errors.Is(err, carrier.ErrHookForm) {
			t.Errorf("%s: %+v, %v; want %v", body, h, err, carrier.ErrHookForm)
		}
	}
}
