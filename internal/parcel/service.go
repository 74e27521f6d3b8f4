package parcel

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// Parts are the services that parcels call.
type Parts struct {
	Shops  *business.Service
	Orders *order.Service
	Books  *ledger.Service
	Ways   *delivery.Service
	Blobs  *blob.Service
}

// Service keeps parcels. Each method is one transaction, unless it takes one.
type Service struct {
	db   *store.DB
	q    parceldb.Queries
	key  []byte
	said []byte // the key of the receivers' codes
	Parts

	// Brings tells whether a person of the shop may bring parcels; OnMoved is
	// called in the transaction in which something happens to a parcel, and may
	// refuse it; MayDrop refuses that a parcel is made anew. Package app sets them.
	Brings  func(ctx context.Context, tx *store.Tx, sc authz.Scope, person id.ID) (bool, error)
	OnMoved func(ctx context.Context, tx *store.Tx, sc authz.Scope, p Parcel, e Event) error
	MayDrop func(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) error

	// WrongCodes counts the wrong codes that came for a parcel in acts which were
	// refused, so that they left nothing at the parcel. Package app sets it.
	WrongCodes func(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) (int64, error)

	// Firms tells what a courier firm is called that is to carry a parcel, or
	// why it does not. OnRemade is called when a parcel was made anew under
	// another id, or, with none, was taken away. Package app sets them.
	Firms    func(ctx context.Context, tx *store.Tx, sc authz.Scope, p Parcel, code string) (name string, err error)
	OnRemade func(ctx context.Context, tx *store.Tx, sc authz.Scope, was id.ID, is Parcel) error
}

// New makes the service. root is the installation's secret; the keys of
// tracking links and of receivers' codes are derived from it.
func New(db *store.DB, root []byte, parts Parts) (*Service, error) {
	key, err := hkdf.Key(sha256.New, root, nil, "lapak parcel link", 32)
	if err != nil {
		return nil, fmt.Errorf("derive link key: %w", err)
	}
	said, err := hkdf.Key(sha256.New, root, nil, "lapak parcel code", 32)
	if err != nil {
		return nil, fmt.Errorf("derive code key: %w", err)
	}
	return &Service{db: db, key: key, said: said, Parts: parts}, nil
}

// Link is the secret in the address of a parcel's tracking page: 128 bits that
// only who holds the key can make. The database keeps its hash alone.
func (s *Service) Link(business, parcel id.ID) string {
	return id.Link(s.key, business, parcel)
}

// Code is what the receiver of a dear parcel says to the courier: four digits
// that stand on the buyer's page.
func (s *Service) Code(business, parcel id.ID) string {
	m := hmac.New(sha256.New, s.said)
	m.Write(business[:])
	m.Write(parcel[:])
	return fmt.Sprintf("%0*d", CodeLength, binary.BigEndian.Uint32(m.Sum(nil))%10_000)
}

// hashOf is what a number with the last four digits of a phone is kept as, so
// that who has a copy of the database finds no number by it.
func (s *Service) hashOf(number, phone string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte("number\x00" + number + "\x00" + last4(phone)))
	return id.Letters(m.Sum(nil))
}

func last4(phone string) string { return phone[max(0, len(phone)-4):] }

// LinkFor is how long a tracking link shows a parcel after it has ended.
const LinkFor = 90 * 24 * time.Hour

// Settings returns what the shop set about parcels.
func (s *Service) Settings(ctx context.Context, tx *store.Tx, sc authz.Scope) (Settings, error) {
	r, err := s.q.Settings(ctx, tx, sc.Business)
	if errors.Is(err, sql.ErrNoRows) {
		return Settings{Attempts: UsualAttempts}, nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read parcel settings: %w", err)
	}
	return Settings{r.CodeFrom, r.CashLimit, r.MaxAttempts}, nil
}

// GetSettings returns the settings for who sees parcels.
func (s *Service) GetSettings(ctx context.Context, sc authz.Scope) (Settings, error) {
	if err := sc.Can(authz.SeeParcels); err != nil {
		return Settings{}, err
	}
	var st Settings
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		st, err = s.Settings(ctx, tx, sc)
		return err
	})
	return st, err
}

// PutSettings sets what the shop wants of parcels.
func (s *Service) PutSettings(ctx context.Context, sc authz.Scope, st Settings) error {
	if err := sc.Can(authz.RuleParcels); err != nil {
		return err
	}
	if err := st.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		was, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		if err := s.q.PutSettings(ctx, tx, parceldb.PutSettingsParams{BusinessID: sc.Business, CodeFrom: st.CodeFrom, CashLimit: st.CashLimit, MaxAttempts: st.Attempts, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put parcel settings: %w", err)
		}
		return audit.Note(ctx, tx, sc, "parcel.settings", sc.Business, audit.Diff{
			"code_from": {From: was.CodeFrom, To: st.CodeFrom}, "cash_limit": {From: was.CashLimit, To: st.CashLimit}, "attempts": {From: was.Attempts, To: st.Attempts},
		})
	})
}

// make puts in a new parcel of an order.
func (s *Service) make(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order, n int64, part Part, st Settings) (Parcel, error) {
	p := Parcel{
		ID: id.At(tx.Now), Order: o.ID, Customer: o.Customer, N: n, Carrier: Own, Status: carrier.Draft, StatusAt: tx.Now, Courier: o.Courier,
		CreatedAt: tx.Now, ChangedAt: tx.Now,
	}
	p.Number = carrier.OwnNumber(p.ID)
	if o.Way == order.Carrier {
		p.Carrier, p.Service, p.Courier = o.Carrier, o.Service, id.ID{}
	}
	p.DueFrom, p.DueUntil = o.PromisedFrom, o.PromisedUntil
	p.address(o)
	p.fill(o, part)
	p.CodeAsked = st.CodeFrom > 0 && p.Goods >= st.CodeFrom
	if o.State != order.Placed && o.State != order.Accepted {
		p.Status = carrier.Ready
	}
	rows, err := s.q.Insert(ctx, tx, parceldb.InsertParams{
		BusinessID: sc.Business, ID: p.ID, OrderID: p.Order.Null(), CustomerID: p.Customer.Null(), N: p.N, Number: p.Number, Carrier: p.Carrier,
		Status: string(p.Status), CourierID: p.Courier.Null(), Name: p.Name, Phone: p.Phone, Village: p.Village, Street: p.Street, Landmark: p.Landmark,
		LatE6: p.LatE6, LngE6: p.LngE6, Note: p.Note, Contents: p.Contents, Pieces: p.Pieces, WeightGrams: p.Grams, Goods: p.Goods, Cod: p.COD,
		CodeAsked: p.CodeAsked, DueFrom: p.DueFrom, DueUntil: p.DueUntil, LeaveWith: p.LeaveWith, CreatedAt: tx.Now,
	})
	if err != nil {
		return Parcel{}, fmt.Errorf("insert parcel: %w", err)
	}
	if rows == 0 {
		return Parcel{}, errTwice
	}
	for i, q := range part.Lines {
		if q <= 0 {
			continue
		}
		if err := s.q.InsertLine(ctx, tx, parceldb.InsertLineParams{BusinessID: sc.Business, ParcelID: p.ID, N: int64(i), Quantity: q}); err != nil {
			return Parcel{}, fmt.Errorf("insert parcel's line: %w", err)
		}
	}
	if err := s.open(ctx, tx, sc, p); err != nil {
		return Parcel{}, err
	}
	_, err = s.note(ctx, tx, sc, Event{ID: id.At(tx.Now), Parcel: p.ID, Act: ActMake, Status: p.Status, At: tx.Now})
	return p, err
}

var errTwice = errors.New("parcel: made at the same moment")

// Hashes are what the database keeps of the ways in which a parcel can be looked
// up: its link, and its numbers with the last digits of the phone.
func (s *Service) Hashes(business id.ID, p Parcel) []string {
	list := []string{id.Hash(s.Link(business, p.ID))}
	if p.Phone != "" {
		list = append(list, s.hashOf(p.Number, p.Phone))
		if p.Waybill != "" {
			list = append(list, s.hashOf(p.Waybill, p.Phone))
		}
	}
	return list
}

// open puts in the ways by which a parcel can be looked up by its receiver.
func (s *Service) open(ctx context.Context, tx *store.Tx, sc authz.Scope, p Parcel) error {
	for _, h := range s.Hashes(sc.Business, p) {
		if err := s.q.InsertLink(ctx, tx, parceldb.InsertLinkParams{Hash: h, BusinessID: sc.Business, ParcelID: p.ID}); err != nil {
			return fmt.Errorf("insert parcel's link: %w", err)
		}
	}
	return nil
}

// Relink makes the ways in of all parcels anew, for a shop that was brought in
// from elsewhere.
func (s *Service) Relink(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	rows, err := s.q.All(ctx, tx, sc.Business)
	if err != nil {
		return fmt.Errorf("list parcels: %w", err)
	}
	var links [][]any
	for _, r := range rows {
		p := row(r)
		var until *time.Time
		if p.EndedAt != nil {
			t := p.EndedAt.Add(LinkFor)
			until = &t
		}
		for _, h := range s.Hashes(sc.Business, p) {
			links = append(links, []any{h, sc.Business, p.ID, until})
		}
	}
	return tx.Add(ctx, "parcel_links", []string{"hash", "business_id", "parcel_id", "expires_at"}, links)
}

// address copies where the order goes.
func (p *Parcel) address(o order.Order) {
	p.Name, p.Phone, p.Village, p.Street, p.Landmark = o.Name, o.Phone, o.Village, o.Street, o.Landmark
	p.LatE6, p.LngE6, p.Note = o.LatE6, o.LngE6, o.Note
	p.DueFrom, p.DueUntil = o.PromisedFrom, o.PromisedUntil
}

// fill says what is in a parcel. The first one of an order takes the money.
func (p *Parcel) fill(o order.Order, part Part) {
	p.Pieces, p.Goods, p.Grams, p.Contents = 0, 0, part.Grams, ""
	var weighed int64
	names := 0
	for i, l := range o.Lines {
		q := part.of(i)
		if q <= 0 {
			continue
		}
		p.Pieces += q
		p.Goods += q * l.Price
		weighed += q * l.WeightGrams
		if names++; p.Contents == "" {
			p.Contents = l.Called()
		}
	}
	if names > 1 {
		p.Contents = fmt.Sprintf("%s +%d", p.Contents, names-1)
	}
	if p.Grams == 0 {
		p.Grams = weighed
	}
	p.COD = 0
	if p.N == 1 && o.PayBy == payment.COD {
		p.COD = max(0, o.Due())
	}
}

// note writes a line of the timeline; fresh is false if it was there already.
func (s *Service) note(ctx context.Context, tx *store.Tx, sc authz.Scope, e Event) (fresh bool, err error) {
	if e.Source == "" {
		e.Source = string(sc.Role)
	}
	if e.Person.IsZero() {
		e.Person = sc.Actor
	}
	n, err := s.q.InsertEvent(ctx, tx, parceldb.InsertEventParams{
		BusinessID: sc.Business, ID: e.ID, ParcelID: e.Parcel, Act: string(e.Act), Status: string(e.Status), Reason: string(e.Reason), Words: e.Words,
		Code: e.Code, Source: e.Source, PersonID: e.Person.Null(), LatE6: e.LatE6, LngE6: e.LngE6, AccuracyM: e.Accuracy, Receiver: e.Receiver,
		Relation: e.Relation, Amount: e.Amount, Method: string(e.Method), Text: e.Text, Photo: e.Photo.Null(), DueFrom: e.DueFrom, DueUntil: e.DueUntil,
		At: e.At, ReceivedAt: tx.Now,
	})
	if err != nil {
		return false, fmt.Errorf("insert parcel's event: %w", err)
	}
	return n == 1, nil
}

func (s *Service) save(ctx context.Context, tx *store.Tx, sc authz.Scope, p *Parcel) error {
	p.ChangedAt = tx.Now
	if err := s.q.Save(ctx, tx, parceldb.SaveParams{
		BusinessID: sc.Business, ID: p.ID, Carrier: p.Carrier, Service: p.Service, Waybill: p.Waybill, Status: string(p.Status), StatusAt: p.StatusAt,
		Reason: string(p.Reason), Words: p.Words, CourierID: p.Courier.Null(), Place: p.Place, Name: p.Name, Phone: p.Phone, Village: p.Village,
		Street: p.Street, Landmark: p.Landmark, LatE6: p.LatE6, LngE6: p.LngE6, Note: p.Note, Contents: p.Contents, Pieces: p.Pieces,
		WeightGrams: p.Grams, Goods: p.Goods, Cod: p.COD, Taken: p.Taken, TakenBy: string(p.TakenBy), CodeAsked: p.CodeAsked, CodeTries: p.CodeTries,
		Attempts: p.Attempts, DueFrom: p.DueFrom, DueUntil: p.DueUntil, Receiver: p.Receiver, Relation: p.Relation, Proof: p.Proof.Null(),
		Restocked: p.Restocked, HandedAt: p.HandedAt, OutAt: p.OutAt, DoneAt: p.DoneAt, EndedAt: p.EndedAt, LeaveWith: p.LeaveWith, Cost: p.Cost, ChangedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("save parcel: %w", err)
	}
	return nil
}

func row(r parceldb.Parcel) Parcel {
	return Parcel{
		ID: r.ID, Order: id.Or(r.OrderID), Customer: id.Or(r.CustomerID), N: r.N, Number: r.Number, Carrier: r.Carrier, Service: r.Service, Waybill: r.Waybill,
		Status: carrier.Status(r.Status), StatusAt: r.StatusAt, Reason: carrier.Reason(r.Reason), Words: r.Words, Courier: id.Or(r.CourierID), Place: r.Place,
		Name: r.Name, Phone: r.Phone, Village: r.Village, Street: r.Street, Landmark: r.Landmark, LatE6: r.LatE6, LngE6: r.LngE6, Note: r.Note,
		Contents: r.Contents, Pieces: r.Pieces, Grams: r.WeightGrams, Goods: r.Goods, COD: r.Cod, Taken: r.Taken, TakenBy: payment.Method(r.TakenBy),
		CodeAsked: r.CodeAsked, CodeTries: r.CodeTries, Attempts: r.Attempts, DueFrom: r.DueFrom, DueUntil: r.DueUntil, Receiver: r.Receiver,
		Relation: r.Relation, Proof: id.Or(r.Proof), Restocked: r.Restocked, CreatedAt: r.CreatedAt, HandedAt: r.HandedAt, OutAt: r.OutAt,
		DoneAt: r.DoneAt, EndedAt: r.EndedAt, LeaveWith: r.LeaveWith, Cost: r.Cost, ChangedAt: r.ChangedAt,
	}
}

func event(r parceldb.ParcelEvent) Event {
	return Event{
		ID: r.ID, Parcel: r.ParcelID, Act: Act(r.Act), Status: carrier.Status(r.Status), Reason: carrier.Reason(r.Reason), Words: r.Words, Code: r.Code,
		Source: r.Source, Person: id.Or(r.PersonID), LatE6: r.LatE6, LngE6: r.LngE6, Accuracy: r.AccuracyM, Receiver: r.Receiver, Relation: r.Relation,
		Amount: r.Amount, Method: payment.Method(r.Method), Text: r.Text, Photo: id.Or(r.Photo), DueFrom: r.DueFrom, DueUntil: r.DueUntil, At: r.At,
		Heard: r.ReceivedAt,
	}
}

// lock reads a parcel for a change, its order before it: rows are locked in
// one order everywhere.
func (s *Service) lock(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) (Parcel, order.Order, error) {
	p, err := s.get(ctx, tx, sc, parcel)
	if err != nil {
		return Parcel{}, order.Order{}, err
	}
	var o order.Order
	if !p.Order.IsZero() {
		if o, err = s.Orders.Lock(ctx, tx, sc, p.Order); err != nil {
			return Parcel{}, order.Order{}, err
		}
	}
	r, err := s.q.Lock(ctx, tx, parceldb.LockParams{BusinessID: sc.Business, ID: parcel, Now: tx.Now})
	if err != nil {
		return Parcel{}, order.Order{}, fmt.Errorf("lock parcel: %w", err)
	}
	return row(r), o, nil
}

// GetTx reads a parcel in the caller's transaction.
func (s *Service) GetTx(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) (Parcel, error) {
	return s.get(ctx, tx, sc, parcel)
}

// ByWaybill lists the parcels of a shop that bear a carrier's number.
func (s *Service) ByWaybill(ctx context.Context, tx *store.Tx, sc authz.Scope, number string) ([]Parcel, error) {
	rows, err := s.q.ByWaybill(ctx, tx, parceldb.ByWaybillParams{BusinessID: sc.Business, Waybill: number})
	if err != nil {
		return nil, fmt.Errorf("find waybill: %w", err)
	}
	list := make([]Parcel, len(rows))
	for i, r := range rows {
		list[i] = row(r)
	}
	return list, nil
}

func (s *Service) get(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) (Parcel, error) {
	r, err := s.q.Get(ctx, tx, parceldb.GetParams{BusinessID: sc.Business, ID: parcel})
	if errors.Is(err, sql.ErrNoRows) {
		return Parcel{}, ErrNotFound
	}
	if err != nil {
		return Parcel{}, fmt.Errorf("read parcel: %w", err)
	}
	return row(r), nil
}

// Erase takes the person out of their parcels; numbers and sums stay.
func (s *Service) Erase(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) error {
	photos, err := s.q.PhotosOf(ctx, tx, parceldb.PhotosOfParams{BusinessID: sc.Business, CustomerID: customer.Null()})
	if err != nil {
		return fmt.Errorf("list photos: %w", err)
	}
	for _, ph := range photos {
		if err := s.Blobs.EndPrivate(ctx, tx, sc, ph.ParcelID, id.Or(ph.Photo)); err != nil {
			return err
		}
	}
	if err := s.q.EraseEvents(ctx, tx, parceldb.EraseEventsParams{BusinessID: sc.Business, CustomerID: customer.Null()}); err != nil {
		return fmt.Errorf("erase events: %w", err)
	}
	if err := s.q.Erase(ctx, tx, parceldb.EraseParams{BusinessID: sc.Business, CustomerID: customer.Null()}); err != nil {
		return fmt.Errorf("erase parcels: %w", err)
	}
	return nil
}

// Invariants are what must hold of parcels at any time.
var Invariants = []store.Invariant{
	{Name: "pieces of an order's parcels are those of the order", SQL: `SELECT l.business_id, l.order_id, l.n FROM order_lines l
		JOIN parcels p ON p.business_id = l.business_id AND p.order_id = l.order_id AND p.status <> 'cancelled'
		LEFT JOIN parcel_lines pl ON pl.business_id = p.business_id AND pl.parcel_id = p.id AND pl.n = l.n
		GROUP BY l.business_id, l.order_id, l.n HAVING coalesce(sum(pl.quantity), 0) <> max(l.quantity)`},
	{Name: "an order's parcels stand where the order stands", SQL: `SELECT p.business_id, p.id FROM parcels p
		JOIN orders o ON o.business_id = p.business_id AND o.id = p.order_id
		WHERE (o.state = 'done' AND p.status NOT IN ('delivered', 'cancelled'))
			OR (o.state IN ('placed', 'accepted', 'packed') AND p.status IN ('picked_up', 'in_transit', 'at_hub', 'out_for_delivery', 'delivered', 'attempt_failed'))
			OR (o.state = 'cancelled' AND p.status <> 'cancelled')`},
	{Name: "a delivered parcel took no more than its sum", SQL: `SELECT business_id, id FROM parcels WHERE taken > cod`},
	{Name: "each parcel's state is that of its last event", SQL: `SELECT p.business_id, p.id FROM parcels p
		WHERE NOT EXISTS (SELECT 1 FROM parcel_events e WHERE e.business_id = p.business_id AND e.parcel_id = p.id AND e.status = p.status)`},
}
