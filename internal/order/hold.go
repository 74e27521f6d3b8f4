package order

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// HeldFor is how long a quote holds.
const HeldFor = 15 * time.Minute

// held is what a quote promised: the shop's own fee and hours, if it brings
// goods there itself, and carriers' prices.
type held struct {
	until   time.Time
	own     bool
	fee     int64
	windows []delivery.Window
	rates   []Rate
}

const (
	heldMark = 2 // what the bytes mean
	heldSum  = 16
	mostHeld = 100 // windows
)

// seal writes what a quote promises, so that only who holds the installation's
// key can have written it. It counts for one shop, place and load.
func (s *Service) seal(shop id.ID, d Draft, l delivery.Load, h held) (string, error) {
	b := []byte{heldMark}
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	word := func(w string) { number(int64(len(w))); b = append(b, w...) }
	flag := func(yes bool) {
		if yes {
			number(1)
		} else {
			number(0)
		}
	}
	number(h.until.Unix())
	flag(h.own)
	number(h.fee)
	number(int64(len(h.rates)))
	for _, r := range h.rates {
		word(r.Carrier)
		word(r.Service)
		number(r.Fee)
		flag(r.COD)
		number(int64(r.Least / time.Minute))
		number(int64(r.Most / time.Minute))
	}
	last := int64(0)
	for _, w := range h.windows {
		from := w.From.Unix() / 60
		number(from - last)
		number(int64(w.Until.Sub(w.From) / time.Minute))
		last = from
	}
	sum, err := s.heldSum(shop, d, l, b)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(b, sum...)), nil
}

func (s *Service) heldSum(shop id.ID, d Draft, l delivery.Load, b []byte) ([]byte, error) {
	of, err := json.Marshal([]any{shop, d.Village, d.LatE6, d.LngE6, l})
	if err != nil {
		return nil, fmt.Errorf("encode quote: %w", err)
	}
	m := hmac.New(sha256.New, s.quotes)
	m.Write(binary.AppendVarint(nil, int64(len(of))))
	m.Write(of)
	m.Write(b)
	return m.Sum(nil)[:heldSum], nil
}

// unseal reads what seal wrote. What is not ours, is for another load or place,
// or has run out, promises nothing.
func (s *Service) unseal(shop id.ID, d Draft, l delivery.Load, now time.Time) (held, bool, error) {
	raw, err := base64.RawURLEncoding.DecodeString(d.Held)
	if err != nil || len(raw) <= heldSum {
		return held{}, false, nil
	}
	b, sum := raw[:len(raw)-heldSum], raw[len(raw)-heldSum:]
	want, err := s.heldSum(shop, d, l, b)
	if err != nil || !hmac.Equal(sum, want) || b[0] != heldMark {
		return held{}, false, err
	}
	b = b[1:]
	broken := false
	next := func() int64 {
		v, n := binary.Varint(b)
		if n <= 0 {
			broken, b = true, nil
			return 0
		}
		b = b[n:]
		return v
	}
	word := func() string {
		n := next()
		if n < 0 || n > int64(len(b)) {
			broken, b = true, nil
			return ""
		}
		w := string(b[:n])
		b = b[n:]
		return w
	}
	h := held{until: time.Unix(next(), 0).UTC(), own: next() == 1, fee: next()}
	for n := next(); n > 0 && n <= MaxRates && !broken; n-- {
		h.rates = append(h.rates, Rate{
			Carrier: word(), Service: word(), Fee: next(), COD: next() == 1, Least: time.Duration(next()) * time.Minute, Most: time.Duration(next()) * time.Minute,
		})
	}
	last := int64(0)
	for len(b) > 0 && len(h.windows) < mostHeld {
		last += next()
		from := time.Unix(last*60, 0).UTC()
		h.windows = append(h.windows, delivery.Window{From: from, Until: from.Add(time.Duration(next()) * time.Minute)})
	}
	return h, !broken && now.Before(h.until), nil
}

// hold keeps to what the buyer was shown: with a quote that still holds, fees
// and hours are those of it, whatever the shop or a carrier changed since. Else
// the quote as it is now begins to hold. It returns what still keeps goods from
// being brought by the shop itself.
func (s *Service) hold(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, l delivery.Load, q *Quote, refused *fault.Error) (*fault.Error, error) {
	if d.Channel != Web || d.Village == "" {
		return refused, nil
	}
	own := slices.IndexFunc(q.Ways, func(w WayChoice) bool { return w.Way == Own })
	before, ok, err := s.unseal(sc.Business, d, l, tx.Now)
	if err != nil {
		return refused, err
	}
	fresh := q.rates()
	if ok && (q.Carries || len(fresh) > 0) {
		q.freeze(before.rates)
	}
	kept := false
	if ok && before.own && (own >= 0 || refused != nil) { // a shop that brings nothing any more is held to nothing
		windows, err := s.Delivery.Still(ctx, tx, sc, before.windows)
		if err != nil {
			return refused, err
		}
		if kept = len(windows) > 0 || len(before.windows) == 0; kept {
			if own < 0 {
				own, q.Ways = len(q.Ways), append(q.Ways, WayChoice{Way: Own})
			}
			q.Ways[own].Fee, q.Ways[own].Windows, refused = before.fee, windows, nil
		}
	}
	known := !slices.ContainsFunc(fresh, func(r Rate) bool {
		return !slices.ContainsFunc(before.rates, func(b Rate) bool { return b.is(r.Carrier, r.Service) })
	})
	if ok && known && (kept || own < 0 && !before.own) {
		q.Held, q.HeldUntil = d.Held, before.until
		return refused, nil
	}
	if own < 0 && len(q.rates()) == 0 {
		return refused, nil
	}
	h := held{until: tx.Now.Add(HeldFor).Truncate(time.Second), own: own >= 0, rates: q.rates()}
	if ok && (kept || len(before.rates) > 0) { // what was added to a promise does not lengthen it
		h.until = before.until
	}
	if own >= 0 {
		h.fee, h.windows = q.Ways[own].Fee, q.Ways[own].Windows
	}
	if len(h.rates) > MaxRates {
		h.rates = h.rates[:MaxRates]
	}
	q.HeldUntil = h.until
	q.Held, err = s.seal(sc.Business, d, l, h)
	return refused, err
}

// choose settles when it is promised to come.
func (q *Quote) choose(d Draft, windows []delivery.Window) {
	if len(windows) == 0 || d.NoWindow {
		return
	}
	w, ok := windows[0], true
	if !d.Window.IsZero() {
		if w, ok = delivery.Has(windows, d.Window); !ok {
			w, q.WindowProblem = windows[0], ErrWindow
		}
	}
	q.Window = &w
}

// book takes the place of the promised hours.
func (s *Service) book(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) error {
	if o.PromisedFrom == nil {
		return nil
	}
	err := s.Delivery.Book(ctx, tx, sc, o.ID, delivery.Window{From: *o.PromisedFrom, Until: *o.PromisedUntil})
	if errors.Is(err, delivery.ErrTaken) {
		return ErrWindow
	}
	return err
}
