package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/booking/bookingdb"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Again lets a booking that was refused be tried once more, under the same
// reference: it may have been made after all.
func (s *Service) Again(ctx context.Context, sc authz.Scope, at id.ID) error {
	return s.change(ctx, sc, at, func(tx *store.Tx, b Booking, p parcel.Parcel) error {
		if b.State != Refused {
			return ErrNone
		}
		if !waits(p) {
			return ErrParcel
		}
		b.State, b.EndedAt = Asked, nil
		if _, err := s.save(ctx, tx, sc, b, Refused); err != nil {
			return err
		}
		if err := job.Put(ctx, tx, sc, bookJob{at, b.N}); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "booking.again", at)
	})
}

// Cancel asks the carrier to stay away. What has been asked and not answered may
// be booked all the same: then it is taken back as soon as the answer is known.
func (s *Service) Cancel(ctx context.Context, sc authz.Scope, at id.ID) error {
	return s.change(ctx, sc, at, func(tx *store.Tx, b Booking, p parcel.Parcel) error {
		d, err := s.desk(ctx, tx, sc.Business)
		if err != nil {
			return err
		}
		if b.State == Booked {
			if c, ok := d.conn(b.Connector, b.Shared); !ok || !c.CanCancel(p.Status) {
				return ErrTooLate.With(p.Status)
			}
		}
		return s.stay(ctx, tx, sc, b)
	})
}

// stay puts a booking on its way to be taken back.
func (s *Service) stay(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking) error {
	was := b.State
	if was != Asked && was != Booked {
		return ErrNone
	}
	b.State, b.Tries, b.Why, b.Said = Cancelling, 0, "", ""
	if ok, err := s.save(ctx, tx, sc, b, was); err != nil || !ok {
		return errors.Join(err, ErrNone)
	}
	if was == Booked { // else the job that asks finds that it is to be taken back
		if err := job.Put(ctx, tx, sc, cancelJob{b.Parcel, b.N}); err != nil {
			return err
		}
	}
	return audit.Note(ctx, tx, sc, "booking.cancelling", b.Parcel, audit.Diff{"carrier": {From: b.Title(), To: nil}})
}

func (s *Service) change(ctx context.Context, sc authz.Scope, at id.ID, fn func(*store.Tx, Booking, parcel.Parcel) error) error {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		p, err := s.Parcels.GetTx(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		list, err := s.of(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		b, ok := latest(list)
		if !ok {
			return ErrNone
		}
		return fn(tx, b, p)
	})
}

// cancel is the job that takes a booking back.
func (s *Service) cancel(ctx context.Context, sc authz.Scope, a cancelJob) error {
	b, d, _, err := s.call(ctx, sc, a.Parcel, a.N)
	if errors.Is(err, ErrNone) || errors.Is(err, parcel.ErrNotFound) || err == nil && b.State != Cancelling {
		return nil
	}
	if err != nil {
		return err
	}
	c, ok := d.conn(b.Connector, b.Shared)
	err = ErrNoKey
	if ok {
		calling, stop := context.WithTimeout(ctx, callFor)
		err = c.Cancel(calling, b.Ref, "Dibatalkan oleh toko")
		stop()
	}
	after, again := carrier.Retry(err)
	if err != nil && fault.Of(err) == nil && !again {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		b := b
		b.Tries++
		switch {
		case err == nil:
			return s.away(ctx, tx, sc, b, Cancelling, carrier.Event{At: tx.Now, Status: carrier.Cancelled, Code: b.Ours})
		case again && b.Tries < 40:
			b.Why, b.Said = why(err)
			if ok, err := s.save(ctx, tx, sc, b, Cancelling); err != nil || !ok {
				return err
			}
			return job.Put(ctx, tx, sc, a, job.At(tx.Now.Add(pause(b.Tries, after))))
		}
		b.State = Booked // it comes all the same, and the page says why
		b.Why, b.Said = why(err)
		if ok, err := s.save(ctx, tx, sc, b, Cancelling); err != nil || !ok {
			return err
		}
		return audit.Note(ctx, tx, sc, "booking.not_cancelled", b.Parcel, audit.Diff{"carrier": {From: nil, To: b.Title()}, "why": {From: nil, To: b.Why}})
	})
}

// away ends a booking: the carrier does not come, the parcel waits again.
func (s *Service) away(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, was State, told carrier.Event) error {
	b.State, b.EndedAt, b.Why, b.Said = Cancelled, &tx.Now, "", ""
	if ok, err := s.save(ctx, tx, sc, b, was); err != nil || !ok {
		return err
	}
	if err := s.q.Unwatch(ctx, tx, bookingdb.UnwatchParams{BusinessID: sc.Business, ParcelID: b.Parcel}); err != nil {
		return fmt.Errorf("end watch: %w", err)
	}
	if _, err := s.Parcels.Back(ctx, tx, sc, b.Parcel, b.Firm, told); err != nil {
		return err
	}
	return audit.Note(ctx, tx, sc, "booking.cancelled", b.Parcel, audit.Diff{"carrier": {From: b.Title(), To: nil}})
}

// Followed is told of what happened to a parcel, and refuses what does not fit
// while a carrier is on the way for it; package app hangs it on the parcels.
func (s *Service) Followed(ctx context.Context, tx *store.Tx, sc authz.Scope, p parcel.Parcel, e parcel.Event) error {
	switch e.Act {
	case parcel.ActAssign, parcel.ActChange, parcel.ActCancel, parcel.ActTake:
	default:
		return nil
	}
	list, err := s.of(ctx, tx, sc, p.ID)
	if err != nil {
		return err
	}
	b, has := latest(list)
	open := has && b.State.Open()
	switch {
	case e.Act == parcel.ActCancel && open:
		if b.State != Cancelling {
			return s.stay(ctx, tx, sc, b)
		}
	case open && p.Carrier != b.Firm && (e.Act == parcel.ActAssign || e.Act == parcel.ActChange || e.Act == parcel.ActTake && p.Carrier == parcel.Own):
		return ErrOpen
	case e.Act == parcel.ActChange && p.Carrier != parcel.Own && p.Waybill != "" && !open:
		d, err := s.desk(ctx, tx, sc.Business)
		if err == nil && slices.ContainsFunc(d.conns, func(c conn) bool { return c.Tracks(p.Carrier) }) {
			return s.watch(ctx, tx, sc, p.ID)
		}
		return err
	}
	return nil
}

// MayDrop refuses that a parcel is made anew for which a carrier comes.
func (s *Service) MayDrop(ctx context.Context, tx *store.Tx, sc authz.Scope, at id.ID) error {
	list, err := s.of(ctx, tx, sc, at)
	if b, ok := latest(list); err == nil && ok && b.State.Open() {
		return ErrOpen
	}
	return err
}

// Register gives the runner the jobs of this package.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, s.book)
	job.Handle(r, s.cancel)
	job.Handle(r, func(ctx context.Context, sc authz.Scope, _ pollJob) error { return s.Poll(ctx, sc) })
}
