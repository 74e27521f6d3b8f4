package booking

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/booking/bookingdb"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// MaxHook is how many bytes a carrier's message may have.
const MaxHook = 64 << 10

// Take takes in a message of a carrier that came to the address with that token,
// with its header and the body as it came. It may come twice, late and in any
// order; what is of no parcel here is noted in the log and is no fault.
func (s *Service) Take(ctx context.Context, connector, token string, header http.Header, body []byte) error {
	c, business, err := s.whose(ctx, connector, token)
	if err != nil {
		return err
	}
	h, err := c.Hook(header, body)
	if err != nil {
		return err
	}
	if h.Ref == "" && h.Ours == "" && h.Number == "" {
		return nil // the test when the address is installed
	}
	sc := authz.Job(business)
	if c.shared {
		if sc.Business, err = s.byRef(ctx, connector, h); err != nil || sc.Business.IsZero() {
			return s.stray(ctx, connector, err)
		}
	}
	found := false
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		found = false
		b, p, ok, err := s.find(ctx, tx, sc, c, h)
		if err != nil || !ok {
			return err
		}
		found = true
		return s.told(ctx, tx, sc, b, p, h)
	})
	if err == nil && !found {
		return s.stray(ctx, connector, nil)
	}
	return err
}

func (s *Service) stray(ctx context.Context, connector string, err error) error {
	if err == nil {
		s.o.Log.InfoContext(ctx, "a carrier told of a parcel that is not here", "carrier", connector)
	}
	return err
}

// whose finds by the token whose address it is, and the connector with the key
// of that shop or of the installation: another's is never used.
func (s *Service) whose(ctx context.Context, connector, token string) (c conn, business id.ID, err error) {
	if s.o.Keys[connector] != "" && carrier.Same(s.token(id.ID{}, connector, 1), token) {
		c, err = s.common(connector)
		return c, id.ID{}, err
	}
	if k, ok := s.doors.Get(connector + "/" + token); ok && k.version == s.db.Version(k.business) {
		return k.conn, k.business, nil
	}
	business, known := s.shops.Get(token)
	if !known {
		err = s.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
			r, err := s.q.Hook(ctx, tx, id.Hash(token))
			if errors.Is(err, sql.ErrNoRows) {
				return ErrHookGone
			}
			business = r.BusinessID
			return err
		})
		if err != nil {
			return c, business, err
		}
		s.shops.Put(token, business)
	}
	version := s.db.Version(business)
	err = s.db.View(ctx, authz.Job(business), func(tx *store.Tx) error {
		d, err := s.desk(ctx, tx, business)
		if err != nil {
			return err
		}
		var ok bool
		if c, ok = d.conn(connector, false); !ok || !carrier.Same(s.token(business, connector, c.turn), token) {
			return ErrHookGone // its key is gone, or it was changed since
		}
		return nil
	})
	if err == nil && version != 0 {
		s.doors.Put(connector+"/"+token, door{c, business, version})
	}
	return c, business, err
}

// byRef finds the shop of a booking under the installation's key.
func (s *Service) byRef(ctx context.Context, connector string, h carrier.Hook) (business id.ID, err error) {
	err = s.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		for _, ref := range []string{h.Ref, h.Ours} {
			if ref == "" {
				continue
			}
			r, err := s.q.Ref(ctx, tx, refHash(connector, ref))
			if err == nil {
				business = r.BusinessID
				return nil
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("find reference: %w", err)
			}
		}
		return nil
	})
	return business, err
}

// find finds the booking that a message is about, or the parcel whose number was
// typed by hand.
func (s *Service) find(ctx context.Context, tx *store.Tx, sc authz.Scope, c conn, h carrier.Hook) (b Booking, p parcel.Parcel, ok bool, err error) {
	if h.Ref != "" {
		rows, err := s.q.ByRef(ctx, tx, bookingdb.ByRefParams{BusinessID: sc.Business, Connector: c.Name(), Ref: h.Ref})
		if err != nil {
			return b, p, false, fmt.Errorf("find booking: %w", err)
		}
		if len(rows) > 0 && rows[0].Shared == c.shared {
			b = booked(rows[0])
		}
	}
	if ours := h.Ours; b.N == 0 && len(ours) >= 36 {
		if at, err := id.Parse(ours[:36]); err == nil {
			list, err := s.of(ctx, tx, sc, at)
			if err != nil {
				return b, p, false, err
			}
			if i := slices.IndexFunc(list, func(b Booking) bool {
				return b.Ours == h.Ours && b.Connector == c.Name() && b.Shared == c.shared && b.Ref == ""
			}); i >= 0 {
				b = list[i]
			}
		}
	}
	switch {
	case b.N > 0:
		p, err = s.Parcels.GetTx(ctx, tx, sc, b.Parcel)
		if errors.Is(err, parcel.ErrNotFound) {
			return b, p, false, nil
		}
		return b, p, err == nil, err
	case h.Number != "" && !c.shared:
		list, err := s.Parcels.ByWaybill(ctx, tx, sc, h.Number)
		i := slices.IndexFunc(list, func(p parcel.Parcel) bool { return p.Carrier != parcel.Own && c.Tracks(p.Carrier) })
		if err != nil || i < 0 {
			return b, p, false, err
		}
		return b, list[i], true, nil
	}
	return b, p, false, nil
}

// told takes in what a message says of a parcel.
func (s *Service) told(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, p parcel.Parcel, h carrier.Hook) error {
	if b.N > 0 {
		counts, err := s.noted(ctx, tx, sc, &b, p, h)
		if err != nil || !counts {
			return err
		}
	}
	if h.Verify {
		return s.doubt(ctx, tx, sc, p, h.Events)
	}
	if len(h.Events) == 0 {
		return nil
	}
	if err := s.heard(ctx, tx, sc, p.ID); err != nil {
		return err
	}
	if b.N == 0 {
		_, err := s.Parcels.Track(ctx, tx, sc, p.ID, p.Carrier, received(h.Events, tx.Now))
		return err
	}
	return s.track(ctx, tx, sc, b, h.Events)
}

// noted keeps what a message says of the booking itself; false if it is of one
// that counts no more.
func (s *Service) noted(ctx context.Context, tx *store.Tx, sc authz.Scope, b *Booking, p parcel.Parcel, h carrier.Hook) (bool, error) {
	if !b.State.Open() { // an open one is the last
		list, err := s.of(ctx, tx, sc, b.Parcel)
		if err != nil {
			return false, err
		}
		if last, _ := latest(list); last.N != b.N {
			return false, nil // booked anew since
		}
	}
	was := *b
	if b.Ref == "" && h.Ref != "" && (b.State == Asked || b.State == Refused || b.State == Cancelling) {
		// The answer was lost, and here it is.
		got := carrier.Booked{Ref: h.Ref, Number: h.Number, Fee: b.Quoted, Link: h.Link}
		if b.State == Refused {
			b.State, b.EndedAt = Asked, nil
			if ok, err := s.save(ctx, tx, sc, *b, Refused); err != nil || !ok {
				return false, err
			}
		}
		if err := s.came(ctx, tx, sc, *b, got); err != nil {
			return false, err
		}
		list, err := s.of(ctx, tx, sc, b.Parcel)
		if err != nil {
			return false, err
		}
		*b, _ = latest(list)
		was = *b
	}
	if h.Link != "" {
		b.Link = h.Link
	}
	if h.Fee != nil {
		b.FeeNow = *h.Fee
	}
	if *b != was {
		if ok, err := s.save(ctx, tx, sc, *b, was.State); err != nil || !ok {
			return false, err
		}
		if b.FeeNow != was.FeeNow {
			if err := audit.Note(ctx, tx, sc, "booking.price", b.Parcel, audit.Diff{"price": {From: was.FeeNow, To: b.FeeNow}}); err != nil {
				return false, err
			}
		}
	}
	if h.Number != "" && h.Number != p.Waybill && p.Carrier == b.Firm && !p.Status.Final() && b.State == Booked {
		m := parcel.Move{Act: parcel.ActChange, Carrier: p.Carrier, Service: p.Service, Waybill: h.Number}
		_, err := s.Parcels.DoTx(ctx, tx, sc, p.ID, m)
		if errors.Is(err, parcel.ErrState) || errors.Is(err, parcel.ErrWaybill) { // a number is worth no message that never ends
			err = nil
		}
		return err == nil, err
	}
	return true, nil
}

// received are events as they may be kept when they come in.
func received(events []carrier.Event, now time.Time) []carrier.Event {
	list := make([]carrier.Event, len(events))
	for i, e := range events {
		list[i] = e.Received(now)
	}
	return list
}

// track passes on to the parcel what the carrier of a booking told. A booking
// that the carrier took back puts the parcel back among those that wait; one
// that was taken back, and turns up with the goods after all, counts again.
func (s *Service) track(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, events []carrier.Event) error {
	events = received(events, tx.Now)
	slices.SortStableFunc(events, func(x, y carrier.Event) int { return x.At.Compare(y.At) })
	for _, e := range events {
		if err := s.step(ctx, tx, sc, &b, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) step(ctx context.Context, tx *store.Tx, sc authz.Scope, b *Booking, e carrier.Event) error {
	var p parcel.Parcel
	if b.State != Booked || e.Status == carrier.Cancelled {
		var err error
		if p, err = s.Parcels.GetTx(ctx, tx, sc, b.Parcel); err != nil {
			return err
		}
	}
	fetched := e.Status.Moving() || e.Status == carrier.Delivered || e.Status == carrier.Returned
	switch {
	case b.State == Cancelled && !(fetched && waits(p)):
		return nil
	case b.State == Cancelled: // the goods are with the carrier, whatever was said of the booking
		b.State, b.EndedAt = Booked, nil
		if ok, err := s.save(ctx, tx, sc, *b, Cancelled); err != nil || !ok {
			return err
		}
		if err := s.carry(ctx, tx, sc, *b, ""); err != nil {
			return err
		}
		if err := s.watch(ctx, tx, sc, b.Parcel); err != nil {
			return err
		}
	case e.Status == carrier.Cancelled && p.Status == carrier.PickupRequested:
		was := b.State
		if err := s.away(ctx, tx, sc, *b, was, e); err != nil {
			return err
		}
		b.State = Cancelled
		return nil
	case e.Status == carrier.Cancelled: // who has the goods cannot take the booking back: the words are shown
		e.Status, e.Reason = "", ""
	case e.Status == carrier.Draft, e.Status == carrier.Ready: // booked and to be fetched are one
		e.Status = carrier.PickupRequested
	}
	_, err := s.Parcels.Track(ctx, tx, sc, b.Parcel, b.Firm, []carrier.Event{e})
	return err
}

// doubt asks a job to look: the message proves too little. Its states wait until
// the carrier's own track says something of them, or does not.
func (s *Service) doubt(ctx context.Context, tx *store.Tx, sc authz.Scope, p parcel.Parcel, events []carrier.Event) error {
	w, err := s.q.WatchOf(ctx, tx, bookingdb.WatchOfParams{BusinessID: sc.Business, ParcelID: p.ID})
	if errors.Is(err, sql.ErrNoRows) {
		if p.Status.Final() {
			return nil
		}
		if err = s.watch(ctx, tx, sc, p.ID); err != nil {
			return err
		}
	} else if err != nil {
		return fmt.Errorf("read watch: %w", err)
	}
	list := tales(w.Told)
	for _, e := range events {
		t := tale{e.Status, e.Reason, e.Code, tx.Now}
		if e.Status != "" && len(list) < 10 && !slices.ContainsFunc(list, func(o tale) bool { return o.Status == t.Status && o.Reason == t.Reason }) {
			list = append(list, t)
		}
	}
	told, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("write what was told: %w", err)
	}
	if _, err := s.q.Doubt(ctx, tx, bookingdb.DoubtParams{BusinessID: sc.Business, ParcelID: p.ID, Now: tx.Now, Told: string(told)}); err != nil {
		return fmt.Errorf("note doubt: %w", err)
	}
	return job.Put(ctx, tx, sc, pollJob{}, job.Unique("booking.poll"))
}

// tale is a state that a message told without saying when. The words are left
// out: they may name people.
type tale struct {
	Status carrier.Status `json:"s"`
	Reason carrier.Reason `json:"r,omitempty"`
	Code   string         `json:"c,omitempty"`
	Heard  time.Time      `json:"at"`
}

func tales(told string) []tale {
	var list []tale
	if told != "" && json.Unmarshal([]byte(told), &list) != nil {
		return nil
	}
	return list
}
