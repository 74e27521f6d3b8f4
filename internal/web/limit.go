package web

import (
	"maps"
	"sync"
	"time"

	"lapak/internal/fault"
)

// Rate is a class of requests that are counted together.
type Rate string

// The classes of the security guide. Free is for what the shell itself serves.
const (
	Pages   Rate = "pages"
	Writes  Rate = "writes"
	Links   Rate = "links"
	SignUps Rate = "sign_ups"
	Carries Rate = "carries" // a whole shop as a file, out or in
	Hooks   Rate = "hooks"   // messages of other firms' servers: few callers, for all shops
	Free    Rate = "free"

	// arrivals counts everything of one network before its session is looked
	// up: many phones may share an address, so it is ten times Pages.
	arrivals Rate = "arrivals"
)

// Limit is how many requests one caller may send in a span of time.
type Limit struct {
	N   int
	Per time.Duration
}

// Rates are the limits by class.
type Rates map[Rate]Limit

// DefaultRates are those of the security guide, times factor.
func DefaultRates(factor int64) Rates {
	f := int(max(factor, 1))
	return Rates{
		Pages: {300 * f, time.Minute}, Writes: {60 * f, time.Minute}, Links: {30 * f, time.Minute}, SignUps: {5 * f, time.Hour}, Carries: {6 * f, time.Hour},
		Hooks: {120_000 * f, time.Minute},
	}
}

var errRate = fault.New(fault.TooMany, "error.429_hint")

// limiter counts requests in spans of fixed length; a span's counters are
// dropped whole when it is over, so that it stays small.
type limiter struct {
	now   func() time.Time
	rates Rates
	mu    sync.Mutex
	spans map[Rate]*span
}

type span struct {
	ends  time.Time
	count map[string]int
}

func newLimiter(now func() time.Time, r Rates) *limiter {
	if r == nil {
		r = DefaultRates(1)
	}
	if p, ok := r[Pages]; ok {
		r = maps.Clone(r)
		r[arrivals] = Limit{10 * p.N, p.Per}
	}
	return &limiter{now: now, rates: r, spans: map[Rate]*span{}}
}

// maxCallers bounds the memory of a span: beyond it, strangers share one count.
const maxCallers = 200_000

func (l *limiter) take(class Rate, caller string) error {
	limit, ok := l.rates[class]
	if !ok {
		return nil
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.spans[class]
	if s == nil || !now.Before(s.ends) {
		s = &span{now.Add(limit.Per), map[string]int{}}
		l.spans[class] = s
	}
	if _, known := s.count[caller]; !known && len(s.count) >= maxCallers {
		caller = ""
	}
	if s.count[caller]++; s.count[caller] > limit.N {
		wait := s.ends.Sub(now)
		return errRate.With(int64(wait/time.Second) + 1).After(wait)
	}
	return nil
}

// full reports whether the next request of a class would be one too many, and
// counts none.
func (l *limiter) full(class Rate, caller string) error {
	limit, ok := l.rates[class]
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.spans[class]
	if !ok || s == nil || !now.Before(s.ends) {
		return nil
	}
	if _, known := s.count[caller]; !known && len(s.count) >= maxCallers {
		caller = ""
	}
	if s.count[caller] < limit.N {
		return nil
	}
	wait := s.ends.Sub(now)
	return errRate.With(int64(wait/time.Second) + 1).After(wait)
}

// left tells how many requests of a class the caller has in this span, and
// when the next one begins.
func (l *limiter) left(class Rate, caller string) (limit Limit, n int, ends time.Duration, ok bool) {
	limit, ok = l.rates[class]
	if !ok {
		return limit, 0, 0, false
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.spans[class]
	if s == nil || !now.Before(s.ends) {
		return limit, limit.N, limit.Per, true
	}
	if _, known := s.count[caller]; !known && len(s.count) >= maxCallers {
		caller = ""
	}
	return limit, max(0, limit.N-s.count[caller]), s.ends.Sub(now), true
}
