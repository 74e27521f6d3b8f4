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

// held is what a quote promised.
type held struct {
	until   time.Time
	fee     int64
	windows []delivery.Window
}

const (
	heldMark = 1 // what the bytes mean
	heldSum  = 16
	mostHeld = 100 // windows
)

// seal writes what a quote promises, so that only who holds the installation's
// key can have written it. It counts for one shop, place and load.
func (s *Service) seal(shop id.ID, d Draft, l delivery.Load, h held) (string, error) {
	b := []byte{heldMark}
	b = binary.AppendVarint(b, h.until.Unix())
	b = binary.AppendVarint(b, h.fee)
	last := int64(0)
	for _, w := range h.windows {
		from := w.From.Unix() / 60
		b = binary.AppendVarint(b, from-last)
		b = binary.AppendVarint(b, int64(w.Until.Sub(w.From)/time.Minute))
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
	h := held{until: time.Unix(next(), 0).UTC(), fee: next()}
	last := int64(0)
	for len(b) > 0 && len(h.windows) < mostHeld {
		last += next()
		from := time.Unix(last*60, 0).UTC()
		h.windows = append(h.windows, delivery.Window{From: from, Until: from.Add(time.Duration(next()) * time.Minute)})
	}
	return h, !broken && now.Before(h.until), nil
}

// hold keeps to what the buyer was shown: with a quote that still holds, the fee
// and the hours are those of it, whatever the shop changed since. Else the quote
// as it is now begins to hold. It returns what still keeps goods from being brought.
func (s *Service) hold(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, l delivery.Load, q *Quote, refused *fault.Error) (*fault.Error, error) {
	own := slices.IndexFunc(q.Ways, func(w WayChoice) bool { return w.Way == Own })
	if d.Channel != Web || d.Village == "" || own < 0 && refused == nil { // a shop that brings nothing any more is held to nothing
		return refused, nil
	}
	h, ok, err := s.unseal(sc.Business, d, l, tx.Now)
	if err != nil {
		return refused, err
	}
	if ok {
		windows, err := s.Delivery.Still(ctx, tx, sc, h.windows)
		if err != nil {
			return refused, err
		}
		if ok = len(windows) > 0 || len(h.windows) == 0; ok {
			if own < 0 {
				own, q.Ways = len(q.Ways), append(q.Ways, WayChoice{Way: Own})
			}
			q.Ways[own].Fee, q.Ways[own].Windows = h.fee, windows
			q.Held, q.HeldUntil = d.Held, h.until
			return nil, nil
		}
	}
	if own < 0 {
		return refused, nil
	}
	h = held{until: tx.Now.Add(HeldFor).Truncate(time.Second), fee: q.Ways[own].Fee, windows: q.Ways[own].Windows}
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
