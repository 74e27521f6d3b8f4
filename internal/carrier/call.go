package carrier

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"lapak/internal/money"
	"lapak/internal/outbound"
)

// Caller asks a carrier by JSON. HTTP is outbound.Client, but in tests.
type Caller struct {
	Name   string
	Base   string // without a slash at the end
	HTTP   *http.Client
	Header http.Header // the key and what else each call carries
}

// Do calls once and returns status and body of an answer that is the
// connector's to judge: any but those that mean the same with every carrier,
// which are faults. A url.Values is sent as a form, any other body as JSON.
// Errors name the operation, never the address: it may hold a person's.
func (c Caller) Do(ctx context.Context, op, method, path string, body any) (int, []byte, error) {
	var in io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case url.Values:
		in, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return 0, nil, fmt.Errorf("%s %s: write: %w", c.Name, op, err)
		}
		in, kind = bytes.NewReader(raw), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, in)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: address: %w", c.Name, op, ErrDown)
	}
	for k, v := range c.Header {
		req.Header[k] = v
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Lapak")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return 0, nil, c.down(ctx, op, why(err))
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, outbound.MaxAnswer))
	if err != nil {
		return 0, nil, c.down(ctx, op, why(err))
	}
	switch s := res.StatusCode; {
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return s, nil, fmt.Errorf("%s %s: status %d: %w", c.Name, op, s, ErrKey)
	case s == http.StatusTooManyRequests:
		return s, nil, fmt.Errorf("%s %s: %w", c.Name, op, ErrBusy.After(asked(res.Header)))
	case s >= 500, s == http.StatusRequestTimeout, s/100 == 3: // redirects are not followed
		return s, nil, c.down(ctx, op, "status "+strconv.Itoa(s))
	}
	return res.StatusCode, raw, nil
}

// Garbage is the fault for an answer that cannot be understood.
func (c Caller) Garbage(op string) error { return fmt.Errorf("%s %s: answer: %w", c.Name, op, ErrDown) }

// Refuse is the fault for an answer that says no, with the carrier's words.
func (c Caller) Refuse(op, words string) error {
	return fmt.Errorf("%s %s: %w", c.Name, op, ErrRefused.With(Clean(words, 200)))
}

func (c Caller) down(ctx context.Context, op, why string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s %s: %w: %w", c.Name, op, err, ErrDown)
	}
	return fmt.Errorf("%s %s: %s: %w", c.Name, op, why, ErrDown)
}

func why(err error) string {
	var late net.Error
	var dns *net.DNSError
	switch {
	case errors.Is(err, outbound.ErrPrivate):
		return "private"
	case errors.As(err, &late) && late.Timeout():
		return "late"
	case errors.As(err, &dns):
		return "name"
	}
	return "connection"
}

// asked is how long a carrier wants to be left alone: seconds, or a date that
// is held against the carrier's own clock. A day at most.
func asked(h http.Header) time.Duration {
	d := busyFor
	text := h.Get("Retry-After")
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		if now, err := http.ParseTime(h.Get("Date")); err == nil && at.After(now) {
			d = at.Sub(now)
		}
	}
	return min(d, 24*time.Hour)
}

// Same compares a secret with what came in, in the same time wherever they
// differ. An empty secret is the same as nothing.
func Same(secret, came string) bool {
	a, b := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(came))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && secret != ""
}

// Rupiah is a sum as carriers write it: a number, a number in quotes, or null.
// What is no sum, or less than nothing, cannot be read.
type Rupiah int64

// UnmarshalJSON reads a sum; parts of a rupiah count as one.
func (r *Rupiah) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		*r = 0
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > float64(money.Max) {
		return errors.New("carrier: not a sum")
	}
	*r = Rupiah(math.Ceil(f))
	return nil
}

// Loose is text that some carriers write as a number, or as null. Where they
// put something larger, it is empty.
type Loose string

// UnmarshalJSON takes whatever there is.
func (l *Loose) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null", len(b) > 0 && (b[0] == '{' || b[0] == '['):
		*l = ""
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = Loose(s)
	default:
		*l = Loose(b)
	}
	return nil
}

// wib is the time of western Indonesia, in which carriers write times without
// a zone.
var wib = time.FixedZone("WIB", 7*3600)

var timeForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"02-01-2006 15:04:05", "02-01-2006 15:04", "2006-01-02",
}

// Time reads a time as carriers write it, zero if it is none.
func Time(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, s, wib); err == nil && t.Year() >= 2000 && t.Year() < 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// Memo keeps what was last used, and no more than it has room for.
type Memo[V any] struct {
	mu    sync.Mutex
	most  int
	order *list.List
	items map[string]*list.Element
}

type memoItem[V any] struct {
	key   string
	value V
}

// NewMemo makes a memo with room for most values.
func NewMemo[V any](most int) *Memo[V] {
	return &Memo[V]{most: most, order: list.New(), items: map[string]*list.Element{}}
}

// Get returns what is kept for the key.
func (m *Memo[V]) Get(key string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.items[key]
	if !ok {
		var zero V
		return zero, false
	}
	m.order.MoveToFront(e)
	return e.Value.(*memoItem[V]).value, true
}

// Put keeps a value, and lets go of the one that was not used for longest.
func (m *Memo[V]) Put(key string, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.items[key]; ok {
		e.Value.(*memoItem[V]).value = v
		m.order.MoveToFront(e)
		return
	}
	m.items[key] = m.order.PushFront(&memoItem[V]{key, v})
	for m.order.Len() > m.most {
		last := m.order.Back()
		m.order.Remove(last)
		delete(m.items, last.Value.(*memoItem[V]).key)
	}
}

// Len is how many values are kept.
func (m *Memo[V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.order.Len()
}
