package parcel

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// eventOf names what a carrier told, so that what is told twice happens once.
func eventOf(parcel id.ID, source string, e carrier.Event) id.ID {
	h := sha256.New()
	h.Write(parcel[:])
	for _, s := range []string{source, e.At.UTC().Format(time.RFC3339Nano), string(e.Status), string(e.Reason), e.Code, e.Words, e.Place} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	var v id.ID
	copy(v[:], h.Sum(nil))
	v[6], v[8] = v[6]&0x0f|0x80, v[8]&0x3f|0x80
	return v
}

// Track takes in what a carrier told of a parcel, in any order and as often as
// it likes. The state is that of the newest event by its own time; one that
// ended stays ended unless something later ends it otherwise. Words that no
// table knows are kept and shown.
func (s *Service) Track(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID, source string, events []carrier.Event) (Parcel, error) {
	list := make([]Told, len(events))
	for i, e := range events {
		list[i] = Told{Event: e}
	}
	return s.Hear(ctx, tx, sc, parcel, source, list)
}

// Told is what who carries a parcel tells of it, with more than carriers say
// if it is a courier firm that is a business here.
type Told struct {
	carrier.Event
	Receiver string
	Relation string
	Taken    *int64 // rupiah at the door; nil: all that was to be taken
	DueFrom  *time.Time
	DueUntil *time.Time
}

// Hear is Track for what says more.
func (s *Service) Hear(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID, source string, events []Told) (Parcel, error) {
	p, o, err := s.lock(ctx, tx, sc, parcel)
	if err != nil {
		return Parcel{}, err
	}
	if p.Carrier == Own || p.Status == carrier.Cancelled {
		return p, nil
	}
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Told) int { return a.At.Compare(b.At) })
	for _, told := range events {
		if told.At.After(tx.Now.Add(time.Hour)) { // their clock is wrong
			told.At = tx.Now
		}
		st := &step{s: s, tx: tx, sc: sc, p: &p, o: o, e: Event{
			ID: eventOf(p.ID, source, told.Event), Parcel: p.ID, Act: ActTrack, Status: told.Status, Reason: told.Reason, Words: told.Words, Code: told.Code,
			Source: "carrier:" + source, Text: told.Place, At: told.At, Receiver: told.Receiver, Relation: told.Relation,
		}}
		if err := st.heard(ctx, told); err != nil {
			return p, err
		}
		o = st.o
	}
	return p, nil
}

// Back puts a parcel that a carrier was to fetch, and will not, back among those
// that wait at the shop. Its number was the carrier's and is gone.
func (s *Service) Back(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID, source string, told carrier.Event) (Parcel, error) {
	p, o, err := s.lock(ctx, tx, sc, parcel)
	if err != nil || p.Status != carrier.PickupRequested {
		return p, err
	}
	p.Status, p.StatusAt, p.Waybill, p.Words = carrier.Ready, tx.Now, "", ""
	if o.State == order.Placed || o.State == order.Accepted {
		p.Status = carrier.Draft
	}
	st := &step{s: s, tx: tx, sc: sc, p: &p, o: o, e: Event{
		ID: eventOf(p.ID, source, told), Parcel: p.ID, Act: ActTrack, Words: told.Words, Code: told.Code, Source: "carrier:" + source, At: tx.Now,
	}}
	return p, st.end(ctx, carrier.PickupRequested)
}

// heard takes in one event of a carrier.
func (st *step) heard(ctx context.Context, told Told) error {
	p, from := st.p, st.p.Status
	late := !slices.Contains(before, from) && (told.At.Before(p.StatusAt) || told.At.Equal(p.StatusAt) && told.Status.Rank() < from.Rank())
	if told.Status == "" || late || !told.Status.Follows(from) || told.Status == from && told.Status != carrier.AttemptFailed {
		st.e.Status = told.Status
		if told.Status == "" {
			st.e.Status = from
		}
		fresh, err := st.s.note(ctx, st.tx, st.sc, st.e)
		switch {
		case err != nil || !fresh:
			return err
		case told.Status == carrier.AttemptFailed: // it counts, whenever we hear of it
			p.Attempts++
		case told.Status != "" || late:
			return nil
		default:
			p.Words = told.Words
		}
		return st.s.save(ctx, st.tx, st.sc, p)
	}
	was := *p
	p.Status, p.StatusAt, p.Words, p.Reason = told.Status, told.At, "", told.Reason
	at := told.At
	if p.HandedAt == nil && !slices.Contains(before, told.Status) {
		p.HandedAt = &at
	}
	switch told.Status {
	case carrier.OutForDelivery:
		p.OutAt = &at
	case carrier.AttemptFailed:
		p.Attempts++
		p.OutAt = nil
		st.m.DueFrom, st.m.DueUntil = told.DueFrom, told.DueUntil
		if err := st.window(); err != nil {
			return err
		}
	case carrier.Delivered:
		p.DoneAt, p.Receiver, p.Relation = &at, p.Name, "other"
		if told.Receiver != "" {
			p.Receiver, p.Relation = told.Receiver, told.Relation
		}
		due := p.COD - p.Taken
		if told.Taken != nil {
			due = min(due, *told.Taken)
		}
		if due > 0 {
			p.Taken, p.TakenBy = p.Taken+due, payment.COD
			st.e.Amount, st.e.Method = due, payment.COD
		}
	}
	st.e.Status = p.Status
	fresh, err := st.s.note(ctx, st.tx, st.sc, st.e)
	if err != nil || !fresh {
		*p = was
		return err
	}
	st.noted = true
	return st.end(ctx, from)
}
