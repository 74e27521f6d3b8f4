package carrier_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/carrier/biteship"
	"lapak/internal/carrier/carriertest"
	"lapak/internal/carrier/rajaongkir"
	"lapak/internal/outbound"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 30, 5, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func both(s *carriertest.Server, owner string) []carrier.Asked {
	return []carrier.Asked{
		{Owner: owner, Carrier: biteship.New(biteship.Options{Key: s.Key, Base: s.Biteship(), HTTP: outbound.Client(true)})},
		{Owner: owner, Carrier: rajaongkir.New(rajaongkir.Options{Key: s.Key, Base: s.RajaOngkir(), HTTP: outbound.Client(true)})},
	}
}

func TestQuoteAsksOnce(t *testing.T) {
	s, now := carriertest.New(t), newClock()
	q := carrier.NewQuoter(now.now, carrier.Limits{Bound: 5 * time.Second})
	from := both(s, "toko-a")
	first := q.Quote(t.Context(), carriertest.Query(), from)
	if len(first.Rates) != 8 || len(first.Out) != 0 || !first.Until.Equal(now.now().Add(15*time.Minute)) {
		t.Fatalf("Quote = %d rates, out %v, until %v", len(first.Rates), first.Out, first.Until)
	}
	for i := 1; i < len(first.Rates); i++ {
		if first.Rates[i].Total() < first.Rates[i-1].Total() {
			t.Errorf("rate %d is cheaper than the one before it", i)
		}
	}
	calls := s.Calls("/")
	near := carriertest.Query()
	near.Box.Grams, near.Firms = 1150, []string{"tiki", "jne"} // the same hundred grams, the same firms
	for _, ask := range []carrier.RateQuery{carriertest.Query(), near} {
		if again := q.Quote(t.Context(), ask, from); len(again.Rates) != 8 || s.Calls("/") != calls {
			t.Errorf("asked again: %d rates, %d calls more", len(again.Rates), s.Calls("/")-calls)
		}
	}
	now.add(16 * time.Minute)
	if q.Quote(t.Context(), carriertest.Query(), from); s.Calls("/") != calls+2 {
		t.Errorf("after a quarter of an hour: %d calls more, want 2", s.Calls("/")-calls)
	}
	calls = s.Calls("/")
	for name, change := range map[string]func(*carrier.RateQuery){
		"weight": func(r *carrier.RateQuery) { r.Box.Grams = 1250 }, "size": func(r *carrier.RateQuery) { r.Box.Length = 90 }, "COD": func(r *carrier.RateQuery) { r.COD = 50_000 },
		"insurance": func(r *carrier.RateQuery) { r.Insured = true }, "firms": func(r *carrier.RateQuery) { r.Firms = []string{"jne"} }, "way": func(r *carrier.RateQuery) { r.From, r.To = r.To, r.From },
	} {
		ask := carriertest.Query()
		change(&ask)
		before := s.Calls("/v1/rates")
		if q.Quote(t.Context(), ask, from); s.Calls("/v1/rates") != before+1 {
			t.Errorf("another %s is answered from the cache", name)
		}
	}
	if other := q.Quote(t.Context(), carriertest.Query(), both(s, "toko-b")); len(other.Rates) != 8 || s.Calls("/") == calls {
		t.Error("another's key is answered from the cache of the first")
	}
}

// Nobody waits over the bound; whose answer is late is named, and its answer
// serves who asks next.
func TestQuoteWaitsForNobody(t *testing.T) {
	const bound = 300 * time.Millisecond
	s, now := carriertest.New(t), newClock()
	q := carrier.NewQuoter(now.now, carrier.Limits{Bound: bound})
	from := both(s, "toko-a")
	s.Lag(bound + bound/4)
	s.Fail(carriertest.Slow)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			begun := time.Now()
			got := q.Quote(t.Context(), carriertest.Query(), from)
			if took := time.Since(begun); took < bound || took > 10*bound {
				t.Errorf("waited %v for a bound of %v", took, bound)
			}
			if len(got.Rates) != 0 || len(got.Out) != 2 || got.Out[0].Carrier != "biteship" || !errors.Is(got.Out[0].Err, carrier.ErrLate) {
				t.Errorf("Quote = %+v", got)
			}
		})
	}
	wg.Wait()
	if n := s.Calls("/v1/rates"); n != 1 {
		t.Errorf("twenty who waited asked %d times, want once", n)
	}
	s.Fail(carriertest.None)
	for deadline := time.Now().Add(10 * time.Second); ; {
		got := q.Quote(t.Context(), carriertest.Query(), from[:1])
		if len(got.Rates) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the late answer never came: %+v", got)
		}
	}
	if n := s.Calls("/v1/rates"); n != 1 {
		t.Errorf("%d calls: the late answer was not kept", n)
	}
}

// Who fails is named and left alone for a while, so that the next does not wait.
func TestQuoteLeavesOutWhoFails(t *testing.T) {
	s, now := carriertest.New(t), newClock()
	q := carrier.NewQuoter(now.now, carrier.Limits{Bound: 5 * time.Second})
	from := both(s, "toko-a")[:1]
	for _, f := range []struct {
		fault carriertest.Fault
		want  error
		rest  time.Duration
	}{
		{carriertest.Broken, carrier.ErrDown, 15 * time.Second},
		{carriertest.Garbage, carrier.ErrDown, 15 * time.Second},
		{carriertest.Busy, carrier.ErrBusy, 15 * time.Second},
		{carriertest.BadKey, carrier.ErrKey, 15 * time.Second},
	} {
		s.Fail(f.fault)
		calls := s.Calls("/")
		other := carriertest.Query()
		other.Box.Grams = 9000
		for _, ask := range []carrier.RateQuery{carriertest.Query(), carriertest.Query(), other} {
			if got := q.Quote(t.Context(), ask, from); len(got.Rates) != 0 || len(got.Out) != 1 || !errors.Is(got.Out[0].Err, f.want) || s.Calls("/") != calls+1 {
				t.Errorf("fault %d: %+v after %d calls; want %v after one", f.fault, got, s.Calls("/")-calls, f.want)
			}
		}
		s.Fail(carriertest.None)
		now.add(f.rest)
	}
	if got := q.Quote(t.Context(), carriertest.Query(), from); len(got.Rates) == 0 || len(got.Out) != 0 {
		t.Errorf("after the rest: %+v", got)
	}
	nowhere := carriertest.Query()
	nowhere.To = carriertest.Nowhere
	for range 2 {
		if got := q.Quote(t.Context(), nowhere, from); len(got.Out) != 1 || !errors.Is(got.Out[0].Err, carrier.ErrArea) {
			t.Errorf("to nowhere: %+v", got)
		}
	}
	if got := q.Quote(t.Context(), carriertest.Query(), from); len(got.Rates) == 0 {
		t.Error("that one place is not served keeps the carrier from others")
	}
}

// odd is a connector that does as it is told.
type odd struct {
	carrier.Carrier
	rates func(context.Context) ([]carrier.Rate, error)
}

func (odd) Name() string { return "aneh" }
func (o odd) Rates(ctx context.Context, _ carrier.RateQuery) ([]carrier.Rate, error) {
	return o.rates(ctx)
}

func (odd) Hook(http.Header, []byte) (carrier.Hook, error) { return carrier.Hook{}, nil }

func TestQuoteSurvivesAConnectorThatPanics(t *testing.T) {
	q := carrier.NewQuoter(newClock().now, carrier.Limits{})
	from := []carrier.Asked{{Carrier: odd{rates: func(context.Context) ([]carrier.Rate, error) { panic("x") }}}}
	if got := q.Quote(t.Context(), carriertest.Query(), from); len(got.Out) != 1 || !errors.Is(got.Out[0].Err, carrier.ErrDown) {
		t.Errorf("Quote = %+v", got)
	}
}

// No more calls are under way than may be; who comes over that is told at once.
func TestQuoteBoundsCallsUnderWay(t *testing.T) {
	open, entered := make(chan struct{}), make(chan struct{}, 10)
	var calls atomic.Int64
	o := odd{rates: func(context.Context) ([]carrier.Rate, error) {
		calls.Add(1)
		entered <- struct{}{}
		<-open
		return nil, nil
	}}
	q := carrier.NewQuoter(newClock().now, carrier.Limits{Bound: 5 * time.Second, Calls: 2})
	var wg sync.WaitGroup
	ask := func(grams int64) carrier.Quote {
		r := carriertest.Query()
		r.Box.Grams = grams
		return q.Quote(t.Context(), r, []carrier.Asked{{Carrier: o}})
	}
	for i := range int64(2) {
		wg.Go(func() { ask(1000 * (i + 1)) })
		<-entered
	}
	if got := ask(9000); len(got.Out) != 1 || !errors.Is(got.Out[0].Err, carrier.ErrBusy) || calls.Load() != 2 {
		t.Errorf("Quote = %+v after %d calls", got, calls.Load())
	}
	close(open)
	wg.Wait()
	if got := ask(9000); len(got.Out) != 0 || calls.Load() != 3 {
		t.Errorf("once there is room: %+v after %d calls", got, calls.Load())
	}
}
