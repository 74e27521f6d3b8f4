package carrier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lapak/internal/outbound"
)

func TestCallerFaults(t *testing.T) {
	var status int
	var header http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, r.Method, " ", r.Header.Get("Content-Type"), " ", r.Header.Get("Key"))
	}))
	defer srv.Close()
	c := Caller{Name: "uji", Base: srv.URL, HTTP: outbound.Client(true), Header: http.Header{"Key": {"rahasia"}}}
	for s, want := range map[int]error{200: nil, 201: nil, 400: nil, 404: nil, 422: nil, 401: ErrKey, 403: ErrKey, 429: ErrBusy, 500: ErrDown, 503: ErrDown, 302: ErrDown, 408: ErrDown} {
		status = s
		got, _, err := c.Do(t.Context(), "tanya", http.MethodGet, "/jalan?nama=ibu-contoh", nil)
		if !errors.Is(err, want) || got != s {
			t.Errorf("status %d: %d, %v; want %v", s, got, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "contoh") || strings.Contains(err.Error(), "rahasia") || !strings.Contains(err.Error(), "uji tanya")) {
			t.Errorf("the error says too much or too little: %v", err)
		}
	}
	status = 200
	for _, body := range []any{url.Values{"a": {"b"}}, map[string]int{"a": 1}} {
		_, raw, err := c.Do(t.Context(), "tanya", http.MethodPost, "/", body)
		want := "POST application/json rahasia"
		if _, ok := body.(url.Values); ok {
			want = "POST application/x-www-form-urlencoded rahasia"
		}
		if err != nil || string(raw) != want {
			t.Errorf("%T: %q, %v; want %q", body, raw, err, want)
		}
	}
	status = 429
	for after, want := range map[string]time.Duration{
		"": time.Minute, "30": 30 * time.Second, "-1": time.Minute, "9999999": 24 * time.Hour, "Mon, 30 Nov 2026 05:00:45 GMT": 45 * time.Second, "Mon, 30 Nov 2026 04:00:00 GMT": time.Minute,
	} {
		header = http.Header{"Retry-After": {after}, "Date": {"Mon, 30 Nov 2026 05:00:00 GMT"}}
		_, _, err := c.Do(t.Context(), "tanya", http.MethodGet, "/", nil)
		if got, again := Retry(err); got != want || !again {
			t.Errorf("Retry-After %q: %v, %v; want %v", after, got, again, want)
		}
	}
	srv.Close()
	if _, _, err := c.Do(t.Context(), "tanya", http.MethodGet, "/jalan?nama=ibu-contoh", nil); !errors.Is(err, ErrDown) || strings.Contains(err.Error(), "contoh") {
		t.Errorf("nobody there: %v", err)
	}
	c.Base = "http://[::1"
	if _, _, err := c.Do(t.Context(), "tanya", http.MethodGet, "/", nil); !errors.Is(err, ErrDown) {
		t.Errorf("no address: %v", err)
	}
}

// An answer without an end is read no further than the bound.
func TestCallerReadsNoFurtherThanItMust(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	c := Caller{Name: "uji", Base: srv.URL, HTTP: srv.Client()}
	if _, raw, err := c.Do(t.Context(), "tanya", http.MethodGet, "/", nil); err != nil || len(raw) != outbound.MaxAnswer {
		t.Errorf("%d bytes, %v; want %d", len(raw), err, outbound.MaxAnswer)
	}
}

func TestRetry(t *testing.T) {
	for _, err := range []error{nil, ErrKey, ErrArea, ErrRefused, ErrNumber, ErrUnable, ErrHook, errors.New("x")} {
		if _, again := Retry(err); again {
			t.Errorf("%v is tried again", err)
		}
	}
	if d, again := Retry(fmt.Errorf("x: %w", ErrBusy)); d != busyFor || !again {
		t.Errorf("busy: %v, %v", d, again)
	}
	if d, again := Retry(fmt.Errorf("x: %w", ErrDown)); d != 0 || !again {
		t.Errorf("down: %v, %v", d, again)
	}
}

func TestSame(t *testing.T) {
	if !Same("rahasia", "rahasia") || Same("rahasia", "rahasiA") || Same("rahasia", "") || Same("", "") || Same("", "x") {
		t.Error("secrets")
	}
}

func TestLooseJSON(t *testing.T) {
	for in, want := range map[string]int64{`12000`: 12_000, `"12000"`: 12_000, `12000.2`: 12_001, `null`: 0, `""`: 0, `1e3`: 1000} {
		var r Rupiah
		if err := json.Unmarshal([]byte(in), &r); err != nil || int64(r) != want {
			t.Errorf("sum %s = %d, %v; want %d", in, r, err, want)
		}
	}
	for _, in := range []string{`-1`, `"x"`, `1e300`, `"NaN"`, `[]`, `true`} {
		var r Rupiah
		if err := json.Unmarshal([]byte(in), &r); err == nil {
			t.Errorf("sum %s = %d", in, r)
		}
	}
	for in, want := range map[string]Loose{`"a\"b"`: `a"b`, `12`: "12", `null`: "", `{"a":1}`: "", `[1]`: "", `true`: "true"} {
		var l Loose
		if err := json.Unmarshal([]byte(in), &l); err != nil || l != want {
			t.Errorf("text %s = %q, %v; want %q", in, l, err, want)
		}
	}
}

func TestTime(t *testing.T) {
	want := time.Date(2026, 11, 30, 2, 5, 0, 0, time.UTC)
	for _, s := range []string{"2026-11-30T09:05:00+07:00", "2026-11-30T02:05:00Z", "2026-11-30T09:05+07:00", "2026-11-30T09:05:00", "2026-11-30 09:05:00", "2026-11-30 09:05", "30-11-2026 09:05", " 2026-11-30T02:05:00.000Z "} {
		if got := Time(s); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("Time(%q) = %v, want %v", s, got, want)
		}
	}
	for _, s := range []string{"", "kemarin", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2026-13-01 00:00"} {
		if got := Time(s); !got.IsZero() {
			t.Errorf("Time(%q) = %v", s, got)
		}
	}
}

func TestSpanAndGroup(t *testing.T) {
	for s, want := range map[string][2]time.Duration{
		"2 - 3 Days": {48 * time.Hour, 72 * time.Hour}, "1-1 day": {24 * time.Hour, 24 * time.Hour}, "3": {72 * time.Hour, 72 * time.Hour}, "6 - 8 Hours": {6 * time.Hour, 8 * time.Hour}, "5-2 hari": {48 * time.Hour, 120 * time.Hour},
		"90 minutes": {90 * time.Minute, 90 * time.Minute}, "": {}, "soon": {}, "1 - 2 - 3": {}, "99999999999 days": {}, "400 days": {},
	} {
		if a, b := Span(s); a != want[0] || b != want[1] {
			t.Errorf("Span(%q) = %v, %v; want %v", s, a, b, want)
		}
	}
	for s, want := range map[string]Group{"instant": Instant, "same_day Paxel": SameDay, "Next Day": NextDay, "JNE Trucking": Cargo, "economy": Economy, "REG": Regular, "": Regular, "Ekonomis": Regular} {
		if got := GroupOf(s); got != want {
			t.Errorf("GroupOf(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestMemoForgetsWhatWasNotUsed(t *testing.T) {
	m := NewMemo[int](2)
	m.Put("a", 1)
	m.Put("b", 2)
	m.Put("a", 3)
	m.Put("c", 4)
	if _, ok := m.Get("b"); ok || m.Len() != 2 {
		t.Errorf("b is still there; %d values", m.Len())
	}
	if v, ok := m.Get("a"); !ok || v != 3 {
		t.Errorf("a = %d, %v", v, ok)
	}
}
