package storefront

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/id"
)

func get(t *testing.T, c *Cache, b id.ID, key string, version uint64, now time.Time, made *int, until time.Time) {
	t.Helper()
	if _, err := c.Get(b, key, version, now, func() (any, time.Time, int, error) {
		*made++
		return *made, until, 100, nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestCacheHoldsUntilSomethingChanges(t *testing.T) {
	c, b, now := NewCache(10_000), id.New(), time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	made, none := 0, time.Time{}
	step := func(want int, what string) {
		t.Helper()
		if made != want {
			t.Errorf("%s: made %d times, want %d", what, made, want)
		}
	}
	get(t, c, b, "/", 1, now, &made, now.Add(time.Hour))
	get(t, c, b, "/", 1, now, &made, none)
	step(1, "asked twice")
	get(t, c, b, "/", 2, now, &made, now.Add(time.Hour))
	step(2, "after a change")
	get(t, c, b, "/", 2, now.Add(time.Hour), &made, none)
	step(3, "when the clock ends it")
	get(t, c, id.New(), "/", 2, now, &made, none)
	step(4, "another shop")
	get(t, c, b, "/", 0, now, &made, none)
	get(t, c, b, "/", 0, now, &made, none)
	step(6, "when changes cannot be seen")
}

func TestCacheIsBounded(t *testing.T) {
	c, b := NewCache(1_000), id.New()
	made := 0
	for i := range 50 {
		get(t, c, b, fmt.Sprint(i), 1, time.Time{}, &made, time.Time{})
	}
	if c.used > c.max || len(c.items) != c.order.Len() || len(c.items) != 10 {
		t.Errorf("holds %d things of %d bytes, want 10 of at most %d", len(c.items), c.used, c.max)
	}
	get(t, c, b, "49", 1, time.Time{}, &made, time.Time{})
	get(t, c, b, "0", 1, time.Time{}, &made, time.Time{})
	if made != 51 {
		t.Errorf("made %d, want 51: the newest is kept, the oldest is gone", made)
	}
}

func TestCacheMakesOnceForMany(t *testing.T) {
	c, b := NewCache(1_000), id.New()
	var made atomic.Int64
	start, wg := make(chan struct{}), sync.WaitGroup{}
	for range 20 {
		wg.Go(func() {
			<-start
			v, err := c.Get(b, "/", 1, time.Time{}, func() (any, time.Time, int, error) {
				made.Add(1)
				return "page", time.Time{}, 10, nil
			})
			if v != "page" || err != nil {
				t.Errorf("Get = %v, %v", v, err)
			}
		})
	}
	close(start)
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times, want once", made.Load())
	}
}

func TestCacheKeepsNoFailure(t *testing.T) {
	c, b, broken := NewCache(1_000), id.New(), errors.New("broken")
	_, err := c.Get(b, "/", 1, time.Time{}, func() (any, time.Time, int, error) { return nil, time.Time{}, 1, broken })
	if !errors.Is(err, broken) {
		t.Errorf("Get = %v, want %v", err, broken)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = c.Get(b, "/", 1, time.Time{}, func() (any, time.Time, int, error) { panic("in the middle") })
	}()
	v, err := c.Get(b, "/", 1, time.Time{}, func() (any, time.Time, int, error) { return "page", time.Time{}, 1, nil })
	if v != "page" || err != nil {
		t.Errorf("Get after failures = %v, %v", v, err)
	}
}
