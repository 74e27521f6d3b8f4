package parcel

import (
	"context"
	"fmt"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/store"
)

// Load is what a courier firm knows of a parcel that it carries for another
// business: what its courier needs, and nothing of the order.
type Load struct {
	Waybill  string // the number on the label
	Name     string
	Phone    string
	Village  string
	Street   string
	Landmark string
	LatE6    *int64
	LngE6    *int64
	Note     string
	Contents string
	Pieces   int64
	Grams    int64
	COD      int64

	LeaveWith string // a neighbour whom the receiver named
	DueFrom   *time.Time
	DueUntil  *time.Time
}

func (l Load) into(p *Parcel) {
	p.Waybill, p.Name, p.Phone, p.Village, p.Street, p.Landmark = l.Waybill, l.Name, l.Phone, l.Village, l.Street, l.Landmark
	p.LatE6, p.LngE6, p.Note, p.Contents, p.Pieces, p.Grams, p.COD = l.LatE6, l.LngE6, l.Note, l.Contents, l.Pieces, l.Grams, l.COD
	p.LeaveWith, p.DueFrom, p.DueUntil = l.LeaveWith, l.DueFrom, l.DueUntil
}

// Load is the parcel as a firm is to know it.
func (p Parcel) Load(contents string) Load {
	return Load{
		Waybill: p.Number, Name: p.Name, Phone: p.Phone, Village: p.Village, Street: p.Street, Landmark: p.Landmark, LatE6: p.LatE6, LngE6: p.LngE6,
		Note: p.Note, Contents: contents, Pieces: p.Pieces, Grams: p.Grams, COD: p.COD - p.Taken, LeaveWith: p.LeaveWith, DueFrom: p.DueFrom, DueUntil: p.DueUntil,
	}
}

// Carry makes a parcel that is carried for another business. Made again with
// the same id it is the one that is there.
func (s *Service) Carry(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID, l Load) (Parcel, error) {
	p := Parcel{ID: parcel, N: 1, Carrier: Own, Status: carrier.Ready, StatusAt: tx.Now, CreatedAt: tx.Now, ChangedAt: tx.Now}
	p.Number = carrier.OwnNumber(p.ID)
	l.into(&p)
	rows, err := s.q.Insert(ctx, tx, parceldb.InsertParams{
		BusinessID: sc.Business, ID: p.ID, N: p.N, Number: p.Number, Carrier: p.Carrier, Waybill: p.Waybill, Status: string(p.Status), Name: p.Name,
		Phone: p.Phone, Village: p.Village, Street: p.Street, Landmark: p.Landmark, LatE6: p.LatE6, LngE6: p.LngE6, Note: p.Note, Contents: p.Contents,
		Pieces: p.Pieces, WeightGrams: p.Grams, Cod: p.COD, DueFrom: p.DueFrom, DueUntil: p.DueUntil, LeaveWith: p.LeaveWith, CreatedAt: tx.Now,
	})
	if err != nil {
		return Parcel{}, fmt.Errorf("insert parcel: %w", err)
	}
	if rows == 0 {
		return s.get(ctx, tx, sc, parcel)
	}
	if err := s.open(ctx, tx, sc, p); err != nil {
		return Parcel{}, err
	}
	if _, err := s.note(ctx, tx, sc, Event{ID: id.At(tx.Now), Parcel: p.ID, Act: ActMake, Status: p.Status, At: tx.Now}); err != nil {
		return Parcel{}, err
	}
	return p, audit.Note(ctx, tx, sc, "parcel.make", p.ID, nil)
}

// Reload gives a parcel that is carried for another business what that one
// changed. One that has ended stays as it is.
func (s *Service) Reload(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID, l Load) (Parcel, error) {
	p, _, err := s.lock(ctx, tx, sc, parcel)
	if err != nil || p.Status.Final() || !p.Order.IsZero() {
		return p, err
	}
	was := p
	l.into(&p)
	p.DueFrom, p.DueUntil = was.DueFrom, was.DueUntil // the firm's courier agrees on new times
	if was.seen() == p.seen() {
		return p, nil
	}
	if err := s.open(ctx, tx, sc, p); err != nil {
		return p, err
	}
	st := &step{s: s, tx: tx, sc: sc, p: &p, e: Event{ID: id.At(tx.Now), Parcel: p.ID, Act: ActChange, At: tx.Now}}
	if was.COD != p.COD {
		st.diff = audit.Diff{"cod": {From: was.COD, To: p.COD}}
	}
	return p, st.end(ctx, was.Status)
}

// seen is what a courier sees of the parcel, to be compared.
func (p Parcel) seen() Load {
	l := p.Load(p.Contents)
	l.LatE6, l.LngE6, l.DueFrom, l.DueUntil = nil, nil, nil, nil
	l.Waybill = fmt.Sprint(p.Waybill, p.At())
	return l
}

// Lock is GetTx, and holds the parcel against others until the transaction
// ends, its order before it.
func (s *Service) Lock(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) (Parcel, error) {
	p, _, err := s.lock(ctx, tx, sc, parcel)
	return p, err
}

// Timeline lists what happened to a parcel, in the caller's transaction.
func (s *Service) Timeline(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) ([]Event, error) {
	return s.events(ctx, tx, sc, parcel)
}

// Scanned finds what a scanner read at a hub: the number on the label, ours or
// that of who gave us the parcel.
func (s *Service) Scanned(ctx context.Context, tx *store.Tx, sc authz.Scope, code string) (Parcel, error) {
	number, err := carrier.CleanNumber(code)
	if err != nil {
		return Parcel{}, ErrNotFound
	}
	rows, err := s.q.ByWaybill(ctx, tx, parceldb.ByWaybillParams{BusinessID: sc.Business, Waybill: number})
	if err != nil {
		return Parcel{}, fmt.Errorf("find waybill: %w", err)
	}
	if len(rows) == 0 {
		if rows, err = s.q.ByNumber(ctx, tx, parceldb.ByNumberParams{BusinessID: sc.Business, Number: number}); err != nil {
			return Parcel{}, fmt.Errorf("find number: %w", err)
		}
	}
	for _, r := range rows {
		if p := row(r); !p.Status.Final() {
			return p, nil
		}
	}
	if len(rows) > 0 {
		return row(rows[0]), nil
	}
	return Parcel{}, ErrNotFound
}

// OfCustomer lists the ids of a customer's parcels.
func (s *Service) OfCustomer(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) ([]id.ID, error) {
	list, err := s.q.OfCustomer(ctx, tx, parceldb.OfCustomerParams{BusinessID: sc.Business, CustomerID: customer.Null()})
	if err != nil {
		return nil, fmt.Errorf("list customer's parcels: %w", err)
	}
	return list, nil
}

// Forget takes the person out of one parcel, which was carried for another
// business that erased them.
func (s *Service) Forget(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) error {
	events, err := s.events(ctx, tx, sc, parcel)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Photo.IsZero() {
			continue
		}
		if err := s.Blobs.EndPrivate(ctx, tx, sc, parcel, e.Photo); err != nil {
			return err
		}
	}
	if err := s.q.ForgetEvents(ctx, tx, parceldb.ForgetEventsParams{BusinessID: sc.Business, ParcelID: parcel}); err != nil {
		return fmt.Errorf("forget events: %w", err)
	}
	if err := s.q.Forget(ctx, tx, parceldb.ForgetParams{BusinessID: sc.Business, ID: parcel}); err != nil {
		return fmt.Errorf("forget parcel: %w", err)
	}
	return nil
}
