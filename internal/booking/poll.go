package booking

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/booking/bookingdb"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

const (
	// Silence is after how long without a word a carrier is asked.
	Silence  = 6 * time.Hour
	spread   = 30 * time.Minute    // parcels of one day are not asked for at one moment
	watchFor = 60 * 24 * time.Hour // after which nobody asks any more
	perRun   = 10                  // parcels that one run asks for
	askFor   = 4 * time.Second     // each
	least    = time.Minute         // between two runs that found too many
)

// pollJob asks for the parcels of a shop of which nothing was heard: one run at
// a time, few parcels each.
type pollJob struct{}

// Kind names the job.
func (pollJob) Kind() string { return "booking.poll" }

// jitter is a part of spread that is the same for a parcel each time.
func jitter(at id.ID) time.Duration {
	return time.Duration(binary.BigEndian.Uint16(at[14:])) * spread / (1 << 16)
}

// watch begins to wait for news of a parcel.
func (s *Service) watch(ctx context.Context, tx *store.Tx, sc authz.Scope, at id.ID) error {
	due := tx.Now.Add(Silence + jitter(at))
	if err := s.q.Watch(ctx, tx, bookingdb.WatchParams{BusinessID: sc.Business, ParcelID: at, Now: tx.Now, DueAt: due}); err != nil {
		return fmt.Errorf("watch parcel: %w", err)
	}
	return job.Put(ctx, tx, sc, pollJob{}, job.At(due), job.Unique("booking.poll"))
}

// heard notes that there was news. It is written once an hour, not at each message.
func (s *Service) heard(ctx context.Context, tx *store.Tx, sc authz.Scope, at id.ID) error {
	key := sc.Business.String() + at.String()
	if last, ok := s.news.Get(key); ok && tx.Now.Sub(last) < time.Hour && !tx.Now.Before(last) {
		return nil
	}
	now := tx.Now
	tx.AfterCommit(func() { s.news.Put(key, now) })
	if _, err := s.q.Heard(ctx, tx, bookingdb.HeardParams{
		BusinessID: sc.Business, ParcelID: at, Now: tx.Now, DueAt: tx.Now.Add(Silence + jitter(at)), Since: tx.Now.Add(-time.Hour),
	}); err != nil {
		return fmt.Errorf("note news: %w", err)
	}
	return nil
}

// Poll asks for parcels of which nothing was heard for long, and puts in the
// next run.
func (s *Service) Poll(ctx context.Context, sc authz.Scope) error {
	var due []bookingdb.CarrierWatch
	var d desk
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if d, err = s.desk(ctx, tx, sc.Business); err != nil {
			return err
		}
		if due, err = s.q.Due(ctx, tx, bookingdb.DueParams{BusinessID: sc.Business, Now: tx.Now, Most: perRun}); err != nil {
			return fmt.Errorf("list watches: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, w := range due {
		if err := s.ask(ctx, sc, d, w); err != nil {
			return err
		}
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		w, err := s.q.NextDue(ctx, tx, sc.Business)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read next watch: %w", err)
		}
		at := w.DueAt
		if soon := tx.Now.Add(least); at.Before(soon) && len(due) == perRun {
			at = soon
		}
		return job.Put(ctx, tx, sc, pollJob{}, job.At(at), job.Unique("booking.poll"))
	})
}

// ask asks the carrier for one parcel.
func (s *Service) ask(ctx context.Context, sc authz.Scope, d desk, w bookingdb.CarrierWatch) error {
	var p parcel.Parcel
	var b Booking
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if p, err = s.Parcels.GetTx(ctx, tx, sc, w.ParcelID); err != nil {
			return err
		}
		list, err := s.of(ctx, tx, sc, w.ParcelID)
		b, _ = latest(list)
		return err
	})
	if err != nil && !errors.Is(err, parcel.ErrNotFound) {
		return err
	}
	c, ok := tracker(d, b, p)
	if err == nil && b.State == Booked && p.Waybill == "" && !p.Status.Final() { // its number has not come yet
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			return s.q.Asked(ctx, tx, bookingdb.AskedParams{BusinessID: sc.Business, ParcelID: w.ParcelID, DueAt: tx.Now.Add(Silence), Told: w.Told})
		})
	}
	if err != nil || !ok || p.Status.Final() {
		return s.rest(ctx, sc, w)
	}
	calling, cancel := context.WithTimeout(ctx, askFor)
	events, err := c.Track(calling, p.Waybill, p.Carrier, lastDigits(p))
	cancel()
	after, again := carrier.Retry(err)
	if err != nil && !again && !errors.Is(err, carrier.ErrNumber) && !errors.Is(err, carrier.ErrKey) && !errors.Is(err, carrier.ErrRefused) {
		if errors.Is(err, carrier.ErrUnable) {
			return s.rest(ctx, sc, w)
		}
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if tx.Now.Sub(w.BeganAt) > watchFor {
			return s.q.Unwatch(ctx, tx, bookingdb.UnwatchParams{BusinessID: sc.Business, ParcelID: w.ParcelID})
		}
		next, fails := Silence+jitter(w.ParcelID), int64(0)
		if again { // later and later, and not before the carrier wants to be asked
			fails = w.Fails + 1
			next = max(after, min(10*time.Minute<<min(fails, 6), Silence))
		} else {
			events = append(events, unconfirmed(w, events)...)
			if err := s.takeIn(ctx, tx, sc, b, p, events); err != nil {
				return err
			}
		}
		told := w.Told
		if !again {
			told = ""
		}
		if err := s.q.Asked(ctx, tx, bookingdb.AskedParams{BusinessID: sc.Business, ParcelID: w.ParcelID, DueAt: tx.Now.Add(next), Fails: fails, Told: told}); err != nil {
			return fmt.Errorf("note asking: %w", err)
		}
		return nil
	})
}

func (s *Service) takeIn(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, p parcel.Parcel, events []carrier.Event) error {
	if b.N > 0 && b.Firm == p.Carrier {
		return s.track(ctx, tx, sc, b, timed(events))
	}
	_, err := s.Parcels.Track(ctx, tx, sc, p.ID, p.Carrier, timed(events))
	return err
}

// unconfirmed are the states that a message told and of which the carrier's
// track says nothing: they happened when they were heard of.
func unconfirmed(w bookingdb.CarrierWatch, said []carrier.Event) []carrier.Event {
	var list []carrier.Event
	for _, t := range tales(w.Told) {
		if !slices.ContainsFunc(said, func(e carrier.Event) bool { return e.Status == t.Status }) {
			list = append(list, carrier.Event{At: t.Heard, Status: t.Status, Reason: t.Reason, Code: t.Code})
		}
	}
	return list
}

// rest ends the watch over a parcel.
func (s *Service) rest(ctx context.Context, sc authz.Scope, w bookingdb.CarrierWatch) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		return s.q.Unwatch(ctx, tx, bookingdb.UnwatchParams{BusinessID: sc.Business, ParcelID: w.ParcelID})
	})
}

// tracker is the connector that can follow a parcel: the one that booked it, or
// any of the shop's that knows the firm.
func tracker(d desk, b Booking, p parcel.Parcel) (conn, bool) {
	if p.Carrier == parcel.Own || p.Waybill == "" {
		return conn{}, false
	}
	if c, ok := d.conn(b.Connector, b.Shared); ok && c.Tracks(p.Carrier) {
		return c, true
	}
	i := slices.IndexFunc(d.conns, func(c conn) bool { return c.Tracks(p.Carrier) })
	if i < 0 {
		return conn{}, false
	}
	return d.conns[i], true
}

// lastDigits are those of the receiver's phone, as many as the firm may ask for.
func lastDigits(p parcel.Parcel) string {
	f, _ := carrier.Find(p.Carrier)
	return p.Phone[max(0, len(p.Phone)-f.Digits):]
}
