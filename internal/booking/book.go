package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

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

// Shown is a parcel with its bookings, for the people of its shop.
type Shown struct {
	Parcel   parcel.Parcel
	Bookings []Booking
	Books    bool // a connector that books can be asked
	Cancels  bool // the last booking can be taken back now
	Waits    bool // the parcel waits at the shop, and nothing is booked
}

// Last is the booking that counts.
func (s Shown) Last() (Booking, bool) { return latest(s.Bookings) }

// Of returns the bookings of a parcel.
func (s *Service) Of(ctx context.Context, sc authz.Scope, at id.ID) (Shown, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return Shown{}, err
	}
	var v Shown
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		v = Shown{}
		if v.Parcel, err = s.Parcels.GetTx(ctx, tx, sc, at); err != nil {
			return err
		}
		if v.Bookings, err = s.of(ctx, tx, sc, at); err != nil {
			return err
		}
		d, err := s.desk(ctx, tx, sc.Business)
		if err != nil {
			return err
		}
		v.Books = len(d.books()) > 0
		b, has := latest(v.Bookings)
		if has && b.State == Booked {
			if c, ok := d.conn(b.Connector, b.Shared); ok {
				v.Cancels = c.CanCancel(v.Parcel.Status)
			}
		}
		v.Cancels = v.Cancels || has && b.State == Asked
		v.Waits = waits(v.Parcel) && !(has && b.State.Open())
		return nil
	})
	return v, err
}

// waits reports whether a parcel is at the shop, with nobody on the way for it.
func waits(p parcel.Parcel) bool {
	return (p.Status == carrier.Draft || p.Status == carrier.Ready) && !p.Order.IsZero()
}

// Prices asks the connectors that book what a parcel would cost the shop now.
func (s *Service) Prices(ctx context.Context, sc authz.Scope, at id.ID) ([]carrier.Rate, []carrier.Out, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return nil, nil, err
	}
	d, shop, err := s.asking(ctx, sc)
	if err != nil {
		return nil, nil, err
	}
	books := d.books()
	if len(books) == 0 {
		return nil, nil, ErrNoKey
	}
	var p parcel.Parcel
	if err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p, err = s.Parcels.GetTx(ctx, tx, sc, at)
		return err
	}); err != nil {
		return nil, nil, err
	}
	if p.Grams <= 0 {
		return nil, nil, ErrWeight
	}
	to := place(p.Village)
	to.LatE6, to.LngE6 = p.LatE6, p.LngE6
	q := s.quote(ctx, d, shop, to, carrier.Box{Grams: p.Grams}, p.Goods, p.Due(), books)
	var list []carrier.Rate
	for _, r := range q.Rates {
		if _, known := carrier.Find(r.Firm); known && (p.Due() == 0 || r.COD) {
			list = append(list, r)
		}
	}
	return list, q.Out, nil
}

// PickUps are the times from which a parcel may be fetched, beside at once.
func PickUps(now time.Time, loc *time.Location) []time.Time {
	local := now.In(loc)
	var list []time.Time
	for day := range 3 {
		for _, hour := range []int{9, 13, 16} {
			at := time.Date(local.Year(), local.Month(), local.Day()+day, hour, 0, 0, 0, loc)
			if at.Sub(now) >= time.Hour {
				list = append(list, at)
			}
		}
	}
	return list
}

// Book asks a carrier to fetch a parcel. The carrier is called by a job, with a
// reference that is the same however often it is tried.
func (s *Service) Book(ctx context.Context, sc authz.Scope, at id.ID, a Ask) (Booking, error) {
	rates, _, err := s.Prices(ctx, sc, at)
	if err != nil {
		return Booking{}, err
	}
	i := slices.IndexFunc(rates, func(r carrier.Rate) bool { return r.Via == a.Connector && r.Firm == a.Firm && r.Service == a.Service })
	if i < 0 || rates[i].Total() != a.Seen {
		return Booking{}, ErrChanged.On("rate")
	}
	var b Booking
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		list, err := s.of(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		last, has := latest(list)
		if has && last.ID == a.ID {
			b = last
			return nil
		}
		p, err := s.Parcels.GetTx(ctx, tx, sc, at)
		switch {
		case err != nil:
			return err
		case has && last.State.Open():
			return ErrOpen
		case !waits(p):
			return ErrParcel
		case len(list) >= MaxTimes:
			return ErrMany.With(MaxTimes)
		case !a.PickUp.IsZero() && (a.PickUp.Before(tx.Now) || a.PickUp.After(tx.Now.AddDate(0, 0, 7))):
			return ErrPickUp.On("pick_up")
		}
		d, err := s.desk(ctx, tx, sc.Business)
		if err != nil {
			return err
		}
		books := d.books()
		c := slices.IndexFunc(books, func(c conn) bool { return c.Name() == a.Connector })
		if c < 0 {
			return ErrNoKey
		}
		b = Booking{
			Parcel: at, N: int64(len(list)) + 1, ID: a.ID, Connector: a.Connector, Shared: books[c].shared, Firm: a.Firm, Service: a.Service, State: Asked, Quoted: a.Seen,
			Ours: at.String(), AskedAt: tx.Now,
		}
		if b.N > 1 { // another booking of this parcel, not a repetition
			b.Ours += "-" + strconv.FormatInt(b.N, 10)
		}
		if !a.PickUp.IsZero() {
			t := a.PickUp.UTC()
			b.PickUp = &t
		}
		n, err := s.q.Insert(ctx, tx, bookingdb.InsertParams{
			BusinessID: sc.Business, ParcelID: at, N: b.N, ID: b.ID, Connector: b.Connector, Shared: b.Shared, Firm: b.Firm, Service: b.Service, Ours: b.Ours,
			Quoted: b.Quoted, PickUpAt: b.PickUp, AskedAt: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("insert booking: %w", err)
		}
		if n == 0 {
			return ErrOpen // somebody was faster
		}
		if b.Shared {
			if err := s.ref(ctx, tx, sc, b, b.Ours); err != nil {
				return err
			}
		}
		if err := job.Put(ctx, tx, sc, bookJob{at, b.N}); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "booking.asked", at, audit.Diff{"carrier": {From: nil, To: b.Title()}, "price": {From: nil, To: b.Quoted}})
	})
	return b, err
}

// ref notes whose booking a reference is, of those under the installation's key.
func (s *Service) ref(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, ref string) error {
	if err := s.q.PutRef(ctx, tx, bookingdb.PutRefParams{Hash: refHash(b.Connector, ref), BusinessID: sc.Business, ParcelID: b.Parcel}); err != nil {
		return fmt.Errorf("put reference: %w", err)
	}
	return nil
}

func refHash(connector, ref string) string { return id.Hash(connector + "\x00" + ref) }

// bookJob asks the carrier; cancelJob asks it to stay away.
type bookJob struct {
	Parcel id.ID `json:"parcel"`
	N      int64 `json:"n"`
}

// Kind names the job.
func (bookJob) Kind() string { return "booking.book" }

type cancelJob struct {
	Parcel id.ID `json:"parcel"`
	N      int64 `json:"n"`
}

// Kind names the job.
func (cancelJob) Kind() string { return "booking.cancel" }

const (
	callFor  = 20 * time.Second
	firstTry = 20 * time.Second // pause after the first failure; it doubles
	lastTry  = 30 * time.Minute // and is no longer than this
	giveUp   = 24 * time.Hour   // a carrier that was silent for so long has refused
)

// pause is how long to wait after so many tries that failed.
func pause(tries int64, least time.Duration) time.Duration {
	d := firstTry
	for range min(tries-1, 10) {
		d *= 2
	}
	return max(least, min(d, lastTry))
}

// call reads all that a job needs to ask the carrier.
func (s *Service) call(ctx context.Context, sc authz.Scope, at id.ID, n int64) (b Booking, d desk, p parcel.Parcel, err error) {
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		list, err := s.of(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(b Booking) bool { return b.N == n })
		if i < 0 {
			return ErrNone
		}
		b = list[i]
		if d, err = s.desk(ctx, tx, sc.Business); err != nil {
			return err
		}
		p, err = s.Parcels.GetTx(ctx, tx, sc, at)
		return err
	})
	return b, d, p, err
}

// book is the job that books. A lost answer is found again by the reference.
func (s *Service) book(ctx context.Context, sc authz.Scope, a bookJob) error {
	b, d, p, err := s.call(ctx, sc, a.Parcel, a.N)
	if errors.Is(err, ErrNone) || errors.Is(err, parcel.ErrNotFound) || err == nil && b.State != Asked && b.State != Cancelling || err == nil && b.Ref != "" {
		return nil
	}
	if err != nil {
		return err
	}
	var got carrier.Booked
	c, ok := d.conn(b.Connector, b.Shared)
	err = ErrNoKey
	if ok {
		var ask carrier.Booking
		if ask, err = s.asks(ctx, sc, b, d, p, c); err != nil {
			return err
		}
		calling, cancel := context.WithTimeout(ctx, callFor)
		got, err = c.Book(calling, ask)
		cancel()
	}
	if err != nil {
		return s.failed(ctx, sc, b, err)
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.came(ctx, tx, sc, b, got) })
}

// asks is what the carrier is told of a parcel.
func (s *Service) asks(ctx context.Context, sc authz.Scope, b Booking, d desk, p parcel.Parcel, c conn) (carrier.Booking, error) {
	detail, err := s.Parcels.Get(ctx, sc, p.ID)
	if err != nil {
		return carrier.Booking{}, err
	}
	o, err := s.Orders.Get(ctx, sc, p.Order)
	if err != nil {
		return carrier.Booking{}, err
	}
	shop, err := s.Shops.Get(ctx, sc)
	if err != nil {
		return carrier.Booking{}, err
	}
	to := place(p.Village)
	to.Name, to.Phone, to.Address, to.Note, to.LatE6, to.LngE6 = p.Name, p.Phone, p.Street, p.Landmark, p.LatE6, p.LngE6
	if to.Address == "" {
		to.Address = p.Landmark
	}
	from := origin(shop)
	from.Area = c.from(shop.Village)
	ask := carrier.Booking{
		Ref: b.Ours, Shop: shop.Name, From: from, To: to, Box: carrier.Box{Grams: p.Grams}, Firm: b.Firm, Service: b.Service, COD: p.Due(), Note: p.Note,
	}
	if d.Insured {
		ask.Insured = p.Goods
	}
	if b.PickUp != nil {
		ask.PickUp = *b.PickUp
	}
	for i, q := range detail.Lines {
		if q > 0 && i < len(o.Lines) {
			l := o.Lines[i]
			ask.Items = append(ask.Items, carrier.Item{Name: l.Called(), Value: l.Price, Quantity: q, Grams: l.WeightGrams})
		}
	}
	return ask, nil
}

// failed notes that the carrier was not reached, or said no.
func (s *Service) failed(ctx context.Context, sc authz.Scope, b Booking, cause error) error {
	after, again := carrier.Retry(cause)
	if fault.Of(cause) == nil && !again {
		return cause
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		was := b.State
		b.Tries++
		b.Why, b.Said = why(cause)
		if again && tx.Now.Sub(b.AskedAt) < giveUp {
			if ok, err := s.save(ctx, tx, sc, b, was); err != nil || !ok {
				return err
			}
			return job.Put(ctx, tx, sc, bookJob{b.Parcel, b.N}, job.At(tx.Now.Add(pause(b.Tries, after))))
		}
		b.State, b.EndedAt = Refused, &tx.Now
		if was == Cancelling && !again { // it was never booked
			b.State = Cancelled
		}
		if ok, err := s.save(ctx, tx, sc, b, was); err != nil || !ok {
			return err
		}
		return audit.Note(ctx, tx, sc, "booking.refused", b.Parcel, audit.Diff{"carrier": {From: nil, To: b.Title()}, "why": {From: nil, To: b.Why}})
	})
}

// came takes in the carrier's answer: the parcel is to be fetched.
func (s *Service) came(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, got carrier.Booked) error {
	was := b.State
	b.Ref, b.Routing, b.Link, b.Insurance, b.CODFee = got.Ref, got.Routing, got.Link, got.Insurance, got.CODFee
	b.Fee, b.FeeNow = got.Fee, got.Fee
	b.BookedAt, b.Why, b.Said, b.Tries = &tx.Now, "", "", b.Tries+1
	if was != Cancelling {
		b.State = Booked
	}
	ok, err := s.save(ctx, tx, sc, b, was)
	if err != nil || !ok {
		return err
	}
	if b.Shared {
		if err := s.ref(ctx, tx, sc, b, b.Ref); err != nil {
			return err
		}
	}
	if err := audit.Note(ctx, tx, sc, "booking.booked", b.Parcel, audit.Diff{"carrier": {From: nil, To: b.Title()}, "price": {From: b.Quoted, To: b.Fee}}); err != nil {
		return err
	}
	if was == Cancelling {
		return job.Put(ctx, tx, sc, cancelJob{b.Parcel, b.N})
	}
	p, err := s.Parcels.GetTx(ctx, tx, sc, b.Parcel)
	if err != nil {
		return err
	}
	if !waits(p) { // somebody else brings it by now: the page says that a carrier is booked
		return nil
	}
	if err := s.carry(ctx, tx, sc, b, got.Number); err != nil {
		return err
	}
	if err := s.watch(ctx, tx, sc, b.Parcel); err != nil {
		return err
	}
	return s.track(ctx, tx, sc, b, timed(got.Events))
}

// timed are the events that say when they happened.
func timed(events []carrier.Event) []carrier.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e carrier.Event) bool { return e.At.IsZero() })
}

// carry gives the parcel the carrier's number and says that it is to be fetched.
func (s *Service) carry(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, number string) error {
	m := parcel.Move{Act: parcel.ActChange, Carrier: b.Firm, Service: strings.ToUpper(b.Service), Waybill: number}
	if _, err := s.Parcels.DoTx(ctx, tx, sc, b.Parcel, m); err != nil {
		return err
	}
	_, err := s.Parcels.Track(ctx, tx, sc, b.Parcel, b.Firm, []carrier.Event{{At: tx.Now, Status: carrier.PickupRequested, Code: b.Ours}})
	return err
}
