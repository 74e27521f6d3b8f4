package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// limit is how often one key may fail in a window before it has to wait.
type limit struct {
	most   int64
	window time.Duration
}

var (
	perAccount = limit{10, 15 * time.Minute}
	perDevice  = limit{30, 15 * time.Minute} // a known device of that person
	perAddress = limit{100, time.Hour}
	perFactor  = limit{10, 15 * time.Minute}
)

const maxWait = 15 * time.Minute

// prefix is what counts as one address: an IPv6 network of 64 bits.
func prefix(address string) string {
	host := address
	if ap, err := netip.ParseAddrPort(address); err == nil {
		host = ap.Addr().String()
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

func (s *Service) guessKey(sort, what string) string { return mac(s.keys.guess, sort, what)[:32] }

// count notes a try under key, before it is known whether it fails, and
// returns ErrWait if it is one too many. The row changes in one statement, so
// tries at the same moment are all counted. The fault is not returned as an
// error of the transaction, which must keep the count.
func (s *Service) count(ctx context.Context, tx *store.Tx, key string, l limit) (refused error, err error) {
	g, err := s.q.Guess(ctx, tx, key)
	if err == nil && g.WaitUntil.After(tx.Now) {
		return wait(g.WaitUntil.Sub(tx.Now)), nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("guess: %w", err)
	}
	n, err := s.q.CountGuess(ctx, tx, accountdb.CountGuessParams{Key: key, Now: tx.Now, Cutoff: tx.Now.Add(-l.window)})
	if err != nil {
		return nil, fmt.Errorf("count guess: %w", err)
	}
	if n <= l.most {
		return nil, nil
	}
	d := time.Duration(math.Min(float64(30*time.Second)*math.Pow(2, float64(n-l.most-1)), float64(maxWait)))
	if err := s.q.WaitGuess(ctx, tx, accountdb.WaitGuessParams{Key: key, WaitUntil: tx.Now.Add(d)}); err != nil {
		return nil, fmt.Errorf("wait: %w", err)
	}
	return wait(d), nil
}

func wait(d time.Duration) error {
	return ErrWait.With(int64(math.Ceil(d.Minutes()))).After(d.Round(time.Second))
}

// gate counts a try to sign in as who from address, before the password is
// looked at, and says which keys to free should it succeed. Where somebody who
// claims the identity is known, device is who: the try counts for them alone.
func (s *Service) gate(ctx context.Context, who identity, address string, known []id.ID) (keys []string, device id.ID, err error) {
	var refused error
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		keys, refused = nil, nil
		if device, err = s.knows(ctx, tx, who, known); err != nil {
			return err
		}
		if !device.IsZero() {
			keys = []string{s.guessKey("device", device.String())}
			refused, err = s.count(ctx, tx, keys[0], perDevice)
			return err
		}
		if s.brake.over(tx.Now) {
			refused = wait(time.Minute)
			return nil
		}
		keys = []string{s.guessKey("account", who.String()), s.guessKey("address", prefix(address))}
		if refused, err = s.count(ctx, tx, keys[1], perAddress); err != nil || refused != nil {
			return err
		}
		refused, err = s.count(ctx, tx, keys[0], perAccount)
		return err
	})
	if err == nil {
		err = refused
	}
	return keys, device, err
}

// knows returns the person among known who claims the identity.
func (s *Service) knows(ctx context.Context, tx *store.Tx, who identity, known []id.ID) (id.ID, error) {
	for i, k := range known {
		if i >= maxKnown {
			break
		}
		p, err := s.q.Person(ctx, tx, k)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return id.ID{}, fmt.Errorf("known person: %w", err)
		}
		if who.mail != "" && p.Mail == who.mail || who.mail == "" && p.Phone == who.phone.E164() {
			return k, nil
		}
	}
	return id.ID{}, nil
}

// free takes back the count of a try that succeeded. A count that concerns one
// person alone goes wholly; those of a number and of an address, which others
// may claim or share, go down by one, so that nobody's own success hides
// guesses at somebody else.
func (s *Service) free(ctx context.Context, tx *store.Tx, keys []string) error {
	for _, k := range keys {
		var err error
		if len(keys) == 1 {
			err = s.q.DeleteGuess(ctx, tx, k)
		} else {
			err = s.q.UncountGuess(ctx, tx, k)
		}
		if err != nil {
			return fmt.Errorf("free guess: %w", err)
		}
	}
	return nil
}
