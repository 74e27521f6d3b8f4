package parcel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/store"
)

// Tab is where the people of a shop find a parcel.
type Tab string

// The tabs.
const (
	TabReady Tab = "ready" // at the shop
	TabRoad  Tab = "road"  // with who carries it
	TabWrong Tab = "wrong" // somebody is to decide
	TabEnded Tab = "ended"
	MaxPage      = 100
	MaxRun       = 120
)

// Tabs lists them in order.
var Tabs = []Tab{TabReady, TabRoad, TabWrong, TabEnded}

var tabs = map[Tab][]carrier.Status{
	TabReady: {carrier.Draft, carrier.Ready, carrier.PickupRequested},
	TabRoad:  {carrier.PickedUp, carrier.InTransit, carrier.AtHub, carrier.OutForDelivery},
	TabWrong: {carrier.AttemptFailed, carrier.OnHold, carrier.Returning},
	TabEnded: {carrier.Delivered, carrier.Returned, carrier.Lost, carrier.Damaged, carrier.Disposed, carrier.Cancelled},
}

// TabOf tells in which tab a status is.
func TabOf(st carrier.Status) Tab {
	for _, t := range Tabs {
		if slices.Contains(tabs[t], st) {
			return t
		}
	}
	return TabEnded
}

// Cursor is where a page of a list begins.
type Cursor struct {
	At time.Time
	ID id.ID
}

// List lists the parcels of a tab, those that changed last first, at most most
// of them from the cursor on; more tells where the next page begins.
func (s *Service) List(ctx context.Context, sc authz.Scope, tab Tab, from Cursor, most int) (list []Parcel, more Cursor, err error) {
	if err := sc.Can(authz.SeeParcels); err != nil {
		return nil, Cursor{}, err
	}
	if most <= 0 || most > MaxPage {
		most = MaxPage
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		list, more = nil, Cursor{}
		if from.At.IsZero() {
			from = Cursor{tx.Now.Add(time.Hour), id.ID{}}
		}
		for _, st := range tabs[tab] {
			rows, err := s.q.ListByStatus(ctx, tx, parceldb.ListByStatusParams{
				BusinessID: sc.Business, Status: string(st), BeforeAt: from.At, BeforeID: from.ID, Most: int32(most + 1),
			})
			if err != nil {
				return fmt.Errorf("list parcels: %w", err)
			}
			for _, r := range rows {
				list = append(list, row(r))
			}
		}
		slices.SortFunc(list, func(a, b Parcel) int {
			if c := b.ChangedAt.Compare(a.ChangedAt); c != 0 {
				return c
			}
			return slices.Compare(b.ID[:], a.ID[:])
		})
		if len(list) > most {
			list = list[:most]
			more = Cursor{list[most-1].ChangedAt, list[most-1].ID}
		}
		return nil
	})
	return list, more, err
}

// Counts tells how many parcels are in the tabs that empty again.
func (s *Service) Counts(ctx context.Context, sc authz.Scope) (map[Tab]int64, error) {
	if err := sc.Can(authz.SeeParcels); err != nil {
		return nil, err
	}
	counts := map[Tab]int64{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(counts)
		rows, err := s.q.CountByStatus(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("count parcels: %w", err)
		}
		for _, r := range rows {
			counts[TabOf(carrier.Status(r.Status))] += r.N
		}
		return nil
	})
	return counts, err
}

// Detail is a parcel with all that its page shows.
type Detail struct {
	Parcel
	Events []Event
	Lines  []int64 // pieces of each line of the order
	Code   string  // what the receiver says, if a code is asked
	Acts   []Act
	Limit  int64 // how often it is brought before it is to go back; 0: as often as needed
}

// Get returns a parcel for the people of its shop. A courier sees their own.
func (s *Service) Get(ctx context.Context, sc authz.Scope, parcel id.ID) (Detail, error) {
	verb := authz.SeeParcels
	if sc.Role == authz.Courier {
		verb = authz.Deliver
	}
	if err := sc.Can(verb); err != nil {
		return Detail{}, err
	}
	var d Detail
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if d.Parcel, err = s.get(ctx, tx, sc, parcel); err != nil {
			return err
		}
		if sc.Role == authz.Courier && (d.Courier != sc.Actor || d.Carrier != Own) {
			return ErrNotFound
		}
		if d.Events, err = s.events(ctx, tx, sc, parcel); err != nil {
			return err
		}
		st, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		d.Limit = st.Attempts
		rows, err := s.q.LinesOf(ctx, tx, parceldb.LinesOfParams{BusinessID: sc.Business, Ids: store.IDs([]id.ID{parcel})})
		if err != nil {
			return fmt.Errorf("list parcel's lines: %w", err)
		}
		d.Lines = nil
		for _, r := range rows {
			for int64(len(d.Lines)) <= r.N {
				d.Lines = append(d.Lines, 0)
			}
			d.Lines[r.N] = r.Quantity
		}
		return nil
	})
	if err != nil {
		return Detail{}, err
	}
	for _, a := range Acts {
		if d.May(sc, a) {
			d.Acts = append(d.Acts, a)
		}
	}
	if d.CodeAsked && sc.Role != authz.Courier {
		d.Code = s.Code(sc.Business, d.ID)
	}
	return d, nil
}

// Find returns the id of the parcel that an address names: its own, or that of
// its order, of which the first parcel that is still to be delivered is meant.
func (s *Service) Find(ctx context.Context, sc authz.Scope, which id.ID) (id.ID, error) {
	found := which
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		found = which
		_, err := s.get(ctx, tx, sc, which)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		list, err := s.ofOrder(ctx, tx, sc, which)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		found = list[0].ID
		for _, p := range list {
			if !p.Status.Final() {
				found = p.ID
				break
			}
		}
		return nil
	})
	return found, err
}

// Photo opens a photo of a parcel, for who may see the parcel.
func (s *Service) Photo(ctx context.Context, sc authz.Scope, parcel, photo id.ID) (blob.File, error) {
	if _, err := s.Get(ctx, sc, parcel); err != nil {
		return blob.File{}, err
	}
	var f blob.File
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		f, err = s.Blobs.OpenPrivate(ctx, tx, sc, parcel, photo)
		return err
	})
	return f, err
}

func (s *Service) events(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) ([]Event, error) {
	rows, err := s.q.Events(ctx, tx, parceldb.EventsParams{BusinessID: sc.Business, ParcelID: parcel})
	if err != nil {
		return nil, fmt.Errorf("list parcel's events: %w", err)
	}
	list := make([]Event, len(rows))
	for i, r := range rows {
		list[i] = event(r)
	}
	return list, nil
}

// LastChange reads a parcel in the caller's transaction, with the event that
// brought it where it stands.
func (s *Service) LastChange(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) (Parcel, Event, error) {
	p, err := s.get(ctx, tx, sc, parcel)
	if err != nil {
		return Parcel{}, Event{}, err
	}
	list, err := s.events(ctx, tx, sc, parcel)
	var last Event
	for _, e := range list {
		if e.Status == p.Status {
			last = e
		}
	}
	return p, last, err
}

// Of lists the parcels of an order, for the people of the shop or, with the
// buyer's scope, for who came by the order's link.
func (s *Service) Of(ctx context.Context, sc authz.Scope, order id.ID) ([]Parcel, error) {
	var list []Parcel
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		list, err = s.ofOrder(ctx, tx, sc, order)
		return err
	})
	return list, err
}

// OfTx is Of in the caller's transaction.
func (s *Service) OfTx(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) ([]Parcel, error) {
	return s.ofOrder(ctx, tx, sc, order)
}

// Many returns parcels by their ids, in that order; those that are not the
// shop's are left out.
func (s *Service) Many(ctx context.Context, sc authz.Scope, ids []id.ID) ([]Parcel, error) {
	if err := sc.Can(authz.SeeParcels); err != nil {
		return nil, err
	}
	if len(ids) > MaxPage {
		ids = ids[:MaxPage]
	}
	byID := map[id.ID]Parcel{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(byID)
		rows, err := s.q.Many(ctx, tx, parceldb.ManyParams{BusinessID: sc.Business, Ids: store.IDs(ids)})
		if err != nil {
			return fmt.Errorf("list parcels: %w", err)
		}
		for _, r := range rows {
			byID[r.ID] = row(r)
		}
		return nil
	})
	var list []Parcel
	for _, v := range ids {
		if p, ok := byID[v]; ok {
			list = append(list, p)
			delete(byID, v)
		}
	}
	return list, err
}

// Run lists what a courier of the shop has to bring, in the order of their
// run: what waits at the shop, what they have with them, what failed.
func (s *Service) Run(ctx context.Context, sc authz.Scope, courier id.ID) ([]Parcel, error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return nil, err
	}
	if sc.Role == authz.Courier {
		courier = sc.Actor
	}
	var list []Parcel
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.OfCourier(ctx, tx, parceldb.OfCourierParams{BusinessID: sc.Business, CourierID: courier.Null(), Most: MaxRun})
		if err != nil {
			return fmt.Errorf("list run: %w", err)
		}
		for _, r := range rows {
			list = append(list, row(r))
		}
		return nil
	})
	return list, err
}

// MaxMany bounds how many parcels are moved at once.
const MaxMany = 100

// DoMany does one move to many parcels, each for itself, and tells how many it
// fitted; first is why one was left.
func (s *Service) DoMany(ctx context.Context, sc authz.Scope, parcels []id.ID, m Move) (n int, first error, err error) { //nolint:staticcheck // two results of one kind, told apart by name
	if len(parcels) > MaxMany {
		parcels = parcels[:MaxMany]
	}
	for _, v := range parcels {
		m.ID = id.ID{}
		_, err := s.Do(ctx, sc, v, m)
		switch {
		case err == nil:
			n++
		case errors.Is(err, ErrState), errors.Is(err, ErrNotFound), errors.Is(err, ErrUnpaid), errors.Is(err, ErrLimit), errors.Is(err, order.ErrState):
			if first == nil {
				first = err
			}
		default:
			return n, first, err
		}
	}
	return n, first, nil
}

// Tracked is what anybody who has the link may know of a parcel: no phone, no
// street, no name but the first letters.
type Tracked struct {
	Business id.ID
	Shop     business.Business
	ID       id.ID
	Number   string
	Waybill  string
	Carrier  string
	Service  string
	Status   carrier.Status
	Reason   carrier.Reason
	Words    string
	Town     string
	N        int64
	COD      int64 // still to be paid at the door
	DueFrom  *time.Time
	DueUntil *time.Time
	Courier  id.ID  // while it is out
	Relation string // who took it
	DoneAt   *time.Time
	Events   []Step
}

// Step is a line of the public timeline.
type Step struct {
	Status carrier.Status
	Reason carrier.Reason
	Words  string // of a carrier
	Place  string // of a carrier
	At     time.Time
}

// ByLink finds the parcel that a tracking link shows. A link that is wrong and
// one that has ended are the same.
func (s *Service) ByLink(ctx context.Context, token string) (Tracked, error) {
	if len(token) != 26 {
		return Tracked{}, ErrNotFound
	}
	return s.track(ctx, id.Hash(token))
}

// ByNumber finds a parcel by its number, ours or the carrier's, and the last
// four digits of its receiver's phone.
func (s *Service) ByNumber(ctx context.Context, number, digits string) (Tracked, error) {
	clean, err := carrier.CleanNumber(number)
	digits = strings.TrimSpace(digits)
	if err != nil || len(digits) != 4 {
		return Tracked{}, ErrNotFound
	}
	return s.track(ctx, s.hashOf(clean, digits))
}

func (s *Service) track(ctx context.Context, hash string) (Tracked, error) {
	var r parceldb.LinkRow
	if err := s.db.View(ctx, authz.Visitor(id.ID{}), func(tx *store.Tx) (err error) {
		r, err = s.q.Link(ctx, tx, hash)
		if errors.Is(err, sql.ErrNoRows) || err == nil && r.ExpiresAt != nil && !tx.Now.Before(*r.ExpiresAt) {
			return ErrNotFound
		}
		return err
	}); err != nil {
		return Tracked{}, err
	}
	sc := authz.Visitor(r.BusinessID)
	var t Tracked
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		p, err := s.get(ctx, tx, sc, r.ParcelID)
		if err != nil {
			return err
		}
		events, err := s.events(ctx, tx, sc, p.ID)
		if err != nil {
			return err
		}
		t = p.public(sc.Business, events)
		t.Shop, err = s.Shops.Kept(ctx, tx, sc)
		return err
	})
	return t, err
}

func (p Parcel) public(business id.ID, events []Event) Tracked {
	t := Tracked{
		Business: business, ID: p.ID, Number: p.Number, Waybill: p.Waybill, Carrier: p.Carrier, Service: p.Service, Status: p.Status, Reason: p.Reason,
		Words: p.Words, Town: p.Region().Town(), N: p.N, COD: p.Due(), DueFrom: p.DueFrom, DueUntil: p.DueUntil, Relation: p.Relation, DoneAt: p.DoneAt,
	}
	if p.Carrier == Own && p.Status == carrier.OutForDelivery {
		t.Courier = p.Courier
	}
	var last carrier.Status
	for _, e := range events {
		told := strings.HasPrefix(e.Source, "carrier:")
		if e.Act == ActCode || e.Status == last && e.Act != ActFail && !told {
			continue
		}
		step := Step{Status: e.Status, Reason: e.Reason, At: e.At}
		if told {
			step.Words, step.Place = e.Words, e.Text
		}
		t.Events = append(t.Events, step)
		last = e.Status
	}
	return t
}
