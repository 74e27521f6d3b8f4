package order

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order/orderdb"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/voucher"
)

// Parts are the services that an order calls.
type Parts struct {
	Shops     *business.Service
	Goods     *catalog.Service
	Stock     *stock.Service
	Customers *customer.Service
	Delivery  *delivery.Service
	Vouchers  *voucher.Service
	Payments  *payment.Service
	Books     *ledger.Service
	Blobs     *blob.Service
}

// Service takes orders and moves them on. Each method is one transaction.
type Service struct {
	db     *store.DB
	q      orderdb.Queries
	key    []byte // of links
	quotes []byte // of quotes that hold
	Parts

	pace pace

	// PerMinute bounds how many orders a shop takes from the web in a minute.
	PerMinute int64

	// Brings tells whether a person of the shop may bring parcels. Package app
	// sets it.
	Brings func(ctx context.Context, tx *store.Tx, sc authz.Scope, person id.ID) (bool, error)
	// Holder tells who has the money that is taken at the door of an order, if
	// it is not the courier of the order. Package app sets it.
	Holder func(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) (id.ID, error)

	// OnPlaced, OnMoved and OnRemind are called in the transaction that places
	// an order, moves it, or finds that nobody has accepted it yet. Package app
	// sets them.
	OnPlaced func(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) error
	OnMoved  func(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order, e Event) error
	// Carriers asks carriers for their prices, in bounded time and outside of any
	// transaction. load reads what is to be carried and whether anybody need be
	// asked; offered tells whether the shop lets carriers bring anything. Package
	// app sets it.
	Carriers func(ctx context.Context, sc authz.Scope, to delivery.To, load func(context.Context) (l delivery.Load, ask bool, err error)) (offered bool, rates []Rate, err error)

	OnRemind func(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) error
}

// New makes the service. root is the installation's secret; the keys of the
// orders' links and of quotes are derived from it.
func New(db *store.DB, root []byte, p Parts) (*Service, error) {
	key, err := hkdf.Key(sha256.New, root, nil, "lapak order link", 32)
	if err != nil {
		return nil, fmt.Errorf("derive link key: %w", err)
	}
	quotes, err := hkdf.Key(sha256.New, root, nil, "lapak order quote", 32)
	if err != nil {
		return nil, fmt.Errorf("derive quote key: %w", err)
	}
	return &Service{db: db, key: key, quotes: quotes, Parts: p, PerMinute: 120}, nil
}

// Link is the secret in the address of an order's page: 128 bits that only who
// holds the key can make. The database keeps its hash alone, so that a copy of
// it opens no order, and the owner can still be shown the link again.
func (s *Service) Link(o Order) string {
	return id.Link(s.key, o.Business, o.ID)
}

// LinkHash is what the database keeps of an order's link, for orders that were
// brought in from elsewhere.
func (s *Service) LinkHash(business, order id.ID) string {
	return id.Hash(s.Link(Order{Business: business, ID: order}))
}

// LinkFor is how long a link opens an order's page after the order ended.
const LinkFor = 30 * 24 * time.Hour

// ByToken finds the order that a link opens. A link that is wrong and one that
// has ended are the same.
func (s *Service) ByToken(ctx context.Context, token string) (shop, order id.ID, err error) {
	if len(token) != 26 {
		return id.ID{}, id.ID{}, ErrNotFound
	}
	err = s.db.View(ctx, authz.Visitor(id.ID{}), func(tx *store.Tx) error {
		r, err := s.q.Token(ctx, tx, id.Hash(token))
		if errors.Is(err, sql.ErrNoRows) || err == nil && r.ExpiresAt != nil && !tx.Now.Before(*r.ExpiresAt) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read token: %w", err)
		}
		shop, order = r.BusinessID, r.OrderID
		return nil
	})
	return shop, order, err
}

// Detail is an order with all that its page shows.
type Detail struct {
	Order
	Events   []Event
	Payments []payment.Payment
	Actions  []Action

	Paper Paper // of an imported order
}

// Paper is what an imported order is called where it came from.
type Paper struct{ Source, Outside, Buyer, Courier, Waybill string }

// Get returns an order for the people of its shop.
func (s *Service) Get(ctx context.Context, sc authz.Scope, order id.ID) (Detail, error) {
	verb := authz.SeeOrders
	if sc.Role == authz.Courier {
		verb = authz.Deliver
	}
	if err := sc.Can(verb); err != nil {
		return Detail{}, err
	}
	return s.detail(ctx, sc, order)
}

// Follow returns an order for who came by its link, and the scope of that buyer.
func (s *Service) Follow(ctx context.Context, token string) (authz.Scope, Detail, error) {
	shop, order, err := s.ByToken(ctx, token)
	if err != nil {
		return authz.Scope{}, Detail{}, err
	}
	sc := authz.Visitor(shop)
	d, err := s.detail(ctx, sc, order)
	d.Events = forBuyer(d.Events)
	return sc, d, err
}

// forBuyer leaves out what the shop writes for itself.
func forBuyer(events []Event) []Event {
	var list []Event
	for _, e := range events {
		if e.Act == ActNote || e.Act == ActUndo {
			continue
		}
		if e.By != string(authz.Guest) && e.Act != ActAnswer {
			e.Text = ""
		}
		list = append(list, e)
	}
	return list
}

func (s *Service) detail(ctx context.Context, sc authz.Scope, order id.ID) (Detail, error) {
	var d Detail
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if d.Order, err = s.load(ctx, tx, sc, order); err != nil {
			return err
		}
		if !own(d.Order, sc) {
			return ErrNotFound
		}
		rows, err := s.q.Events(ctx, tx, orderdb.EventsParams{BusinessID: sc.Business, OrderID: order})
		if err != nil {
			return fmt.Errorf("list events: %w", err)
		}
		d.Events = make([]Event, len(rows))
		for i, r := range rows {
			d.Events[i] = event(r)
		}
		if d.Payments, err = s.Payments.Of(ctx, tx, sc, order); err != nil {
			return err
		}
		d.Actions = Actions(d.Order, sc, tx.Now)
		if !d.Channel.Past() {
			return nil
		}
		papers, err := s.q.PapersOf(ctx, tx, orderdb.PapersOfParams{BusinessID: sc.Business, Ids: store.IDs([]id.ID{order})})
		if err != nil {
			return fmt.Errorf("read paper: %w", err)
		}
		for _, r := range papers {
			d.Paper = Paper{r.Source, r.Outside, r.Buyer, r.Courier, r.Waybill}
		}
		return nil
	})
	return d, err
}

// Load returns an order with its lines in the caller's transaction.
func (s *Service) Load(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) (Order, error) {
	return s.load(ctx, tx, sc, order)
}

func (s *Service) load(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) (Order, error) {
	r, err := s.q.Get(ctx, tx, orderdb.GetParams{BusinessID: sc.Business, ID: order})
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, ErrNotFound
	}
	if err != nil {
		return Order{}, fmt.Errorf("read order: %w", err)
	}
	return s.withLines(ctx, tx, sc, row(r))
}

func (s *Service) withLines(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) (Order, error) {
	rows, err := s.q.Lines(ctx, tx, orderdb.LinesParams{BusinessID: sc.Business, OrderID: o.ID})
	if err != nil {
		return Order{}, fmt.Errorf("list lines: %w", err)
	}
	o.Lines = make([]Line, len(rows))
	for i, r := range rows {
		o.Lines[i] = line(r)
	}
	return o, nil
}

func line(r orderdb.OrderLine) Line {
	return Line{
		Product: r.ProductID, Variant: r.VariantID, Title: r.Title, VariantName: r.VariantName, SKU: r.Sku, Unit: r.Unit, Photo: id.Or(r.Photo),
		Price: r.Price, Quantity: r.Quantity, WeightGrams: r.WeightGrams, ReadyDays: r.ReadyDays, Tracked: r.Tracked,
	}
}

// lock reads an order for a change.
func (s *Service) lock(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) (Order, error) {
	r, err := s.q.Lock(ctx, tx, orderdb.LockParams{BusinessID: sc.Business, ID: order})
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, ErrNotFound
	}
	if err != nil {
		return Order{}, fmt.Errorf("lock order: %w", err)
	}
	return s.withLines(ctx, tx, sc, row(r))
}

func row(r orderdb.Order) Order {
	o := Order{
		ID: r.ID, Business: r.BusinessID, Number: r.Number, Revision: r.Revision, Channel: Channel(r.Channel), State: State(r.State), Tab: Tab(r.Tab),
		Way: Way(r.Way), PayBy: payment.Method(r.PayBy), PayState: PayState(r.PayState), Customer: id.Or(r.CustomerID), Name: r.Name, Phone: r.Phone,
		Village: r.Village, Street: r.Street, Landmark: r.Landmark, LatE6: r.LatE6, LngE6: r.LngE6, Note: r.Note, Goods: r.Goods, Discount: r.Discount,
		Shipping: r.Shipping, CODFee: r.CodFee, Code: r.Code, Total: r.Total, Paid: r.Paid, Refunded: r.Refunded, Allowance: r.Allowance,
		CashGiven: r.CashGiven, Voucher: r.Voucher, WeightGrams: r.WeightGrams, Pieces: r.Pieces, Brief: r.Brief, ReadyDays: r.ReadyDays,
		HoldUntil: r.HoldUntil, ClaimedAt: r.ClaimedAt, Proof: id.Or(r.Proof), Complaint: r.Complaint, ComplainedAt: r.ComplainedAt, Reason: r.Reason,
		Courier: id.Or(r.CourierID), Receiver: r.Receiver, Relation: r.Relation, Tries: r.Tries, PlacedBy: id.Or(r.PlacedBy), PlacedAt: r.PlacedAt,
		AcceptedAt: r.AcceptedAt, PackedAt: r.PackedAt, SentAt: r.SentAt, DoneAt: r.DoneAt, EndedAt: r.EndedAt, ChangedAt: r.ChangedAt,
		LastAct: Act(r.LastAct), LastFrom: State(r.LastFrom), LastBy: id.Or(r.LastBy), LastAt: r.LastAt,
		PromisedFrom: r.PromisedFrom, PromisedUntil: r.PromisedUntil, Carrier: r.Carrier, Service: r.Service,
	}
	if o.Channel.Past() {
		o.Words = r.Search
	}
	return o
}

func event(r orderdb.OrderEvent) Event {
	return Event{
		ID: r.ID, Order: r.OrderID, Act: Act(r.Act), From: State(r.FromState), To: State(r.ToState), By: r.ByRole, Person: id.Or(r.PersonID),
		Reason: r.Reason, Amount: r.Amount, Method: payment.Method(r.Method), Text: r.Text, Photo: id.Or(r.Photo), At: r.At,
	}
}

// save writes what a move may change, with what follows from it.
func (s *Service) save(ctx context.Context, tx *store.Tx, sc authz.Scope, o *Order) error {
	o.ChangedAt = tx.Now
	o.PayState, o.Tab = o.payState(), o.tab()
	err := s.q.Save(ctx, tx, orderdb.SaveParams{
		BusinessID: sc.Business, ID: o.ID, State: string(o.State), Tab: string(o.Tab), Way: string(o.Way), PayBy: string(o.PayBy), PayState: string(o.PayState),
		Name: o.Name, Phone: o.Phone, Village: o.Village, Street: o.Street, Landmark: o.Landmark, Note: o.Note, Goods: o.Goods, Discount: o.Discount,
		Shipping: o.Shipping, CodFee: o.CODFee, Code: o.Code, Total: o.Total, Paid: o.Paid, Refunded: o.Refunded, Allowance: o.Allowance,
		WeightGrams: o.WeightGrams, Pieces: o.Pieces, Brief: o.Brief, ReadyDays: o.ReadyDays, HoldUntil: o.HoldUntil, ClaimedAt: o.ClaimedAt,
		Proof: o.Proof.Null(), Complaint: o.Complaint, ComplainedAt: o.ComplainedAt, Reason: o.Reason, CourierID: o.Courier.Null(), Receiver: o.Receiver,
		Relation: o.Relation, Tries: o.Tries, AcceptedAt: o.AcceptedAt, PackedAt: o.PackedAt, SentAt: o.SentAt, DoneAt: o.DoneAt, EndedAt: o.EndedAt,
		ChangedAt: tx.Now, LastAct: string(o.LastAct), LastFrom: string(o.LastFrom), LastBy: o.LastBy.Null(), LastAt: o.LastAt, Search: o.search(),
	})
	if err != nil {
		return fmt.Errorf("save order: %w", err)
	}
	return nil
}

// Erase takes the person out of their orders; numbers and sums stay.
func (s *Service) Erase(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) error {
	photos, err := s.q.PhotosOf(ctx, tx, orderdb.PhotosOfParams{BusinessID: sc.Business, CustomerID: customer.Null()})
	if err != nil {
		return fmt.Errorf("list photos: %w", err)
	}
	for _, p := range photos {
		if err := s.Blobs.EndPrivate(ctx, tx, sc, p.OrderID, id.Or(p.Photo)); err != nil {
			return err
		}
	}
	if err := s.q.EraseEvents(ctx, tx, orderdb.EraseEventsParams{BusinessID: sc.Business, CustomerID: customer.Null()}); err != nil {
		return fmt.Errorf("erase events: %w", err)
	}
	if _, err := s.q.Erase(ctx, tx, orderdb.EraseParams{BusinessID: sc.Business, CustomerID: customer.Null()}); err != nil {
		return fmt.Errorf("erase orders: %w", err)
	}
	if err := s.q.ErasePapers(ctx, tx, orderdb.ErasePapersParams{BusinessID: sc.Business, CustomerID: customer.Null()}); err != nil {
		return fmt.Errorf("erase papers: %w", err)
	}
	return nil
}

// Invariants are what must hold of orders at any time.
var Invariants = []store.Invariant{
	{Name: "what is owed for an order is what the books say", SQL: `SELECT business_id, order_id FROM (
		SELECT e.business_id, e.order_id, l.amount FROM ledger_entries e JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
			WHERE l.account = 'receivable' AND e.order_id IS NOT NULL
		UNION ALL SELECT business_id, id, paid - refunded - CASE WHEN state IN ('cancelled', 'returned') THEN 0 ELSE total - allowance END FROM orders) x
		GROUP BY business_id, order_id HAVING sum(amount) <> 0`},
	{Name: "paid and refunded are the sums of payments", SQL: `SELECT business_id, order_id FROM (
		SELECT business_id, order_id, amount FROM payments
		UNION ALL SELECT business_id, id, refunded - paid FROM orders) x
		GROUP BY business_id, order_id HAVING sum(amount) <> 0`},
	{Name: "goods of an order are the sum of its lines", SQL: `SELECT business_id, order_id FROM (
		SELECT business_id, order_id, price * quantity AS amount FROM order_lines
		UNION ALL SELECT business_id, id, -goods FROM orders) x
		GROUP BY business_id, order_id HAVING sum(amount) <> 0`},
	{Name: "orders that are handed over or over hold no stock", SQL: `SELECT o.business_id, o.id FROM orders o
		JOIN stock_holds h ON h.business_id = o.business_id AND h.order_id = o.id WHERE o.state IN ('sent', 'failed', 'done', 'returned', 'cancelled')`},
	{Name: "each open order holds what it needs", SQL: `SELECT l.business_id, l.order_id FROM order_lines l
		JOIN orders o ON o.business_id = l.business_id AND o.id = l.order_id
		LEFT JOIN stock_holds h ON h.business_id = l.business_id AND h.order_id = l.order_id AND h.variant_id = l.variant_id
		WHERE o.state IN ('placed', 'accepted', 'packed') AND l.tracked AND (h.quantity IS NULL OR h.quantity <> l.quantity)`},
	{Name: "a customer's figures are those of their orders", SQL: `SELECT business_id, id FROM (
		SELECT business_id, id, orders, spent, 1 AS alive FROM customers WHERE erased_at IS NULL
		UNION ALL SELECT business_id, customer_id, CASE WHEN state NOT IN ('cancelled', 'returned') THEN -1 ELSE 0 END,
			CASE WHEN state = 'done' THEN code + allowance - total ELSE 0 END, 0 FROM orders WHERE customer_id IS NOT NULL) x
		GROUP BY business_id, id HAVING sum(alive) = 1 AND (sum(orders) <> 0 OR sum(spent) <> 0)`},
	{Name: "imported orders have a paper, and papers of sales an order", SQL: `SELECT business_id, id FROM (
		SELECT business_id, id, 1 AS one FROM orders WHERE channel IN ('shopee', 'tokopedia', 'tiktok', 'file')
		UNION ALL SELECT business_id, id, -1 FROM order_papers WHERE kind = 'sale') x
		GROUP BY business_id, id HAVING sum(one) <> 0`},
	{Name: "a paper comes to the sum of its lines", SQL: `SELECT business_id, id FROM (
		SELECT business_id, id, total AS amount FROM order_papers WHERE kind <> 'sale'
		UNION ALL SELECT business_id, paper_id, -price * quantity FROM order_paper_lines
		UNION ALL SELECT p.business_id, p.id, p.total - o.total FROM order_papers p JOIN orders o ON o.business_id = p.business_id AND o.id = p.id) x
		GROUP BY business_id, id HAVING sum(amount) <> 0`},
	{Name: "papers that are no sales are booked", SQL: `SELECT business_id, sum(amount) FROM (
		SELECT business_id, total AS amount FROM order_papers WHERE kind <> 'sale'
		UNION ALL SELECT e.business_id, -l.amount FROM ledger_entries e JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
			WHERE e.kind IN ('paper.return', 'paper.write_off', 'paper.bad_debt') AND l.account = 'elsewhere') x
		GROUP BY business_id HAVING sum(amount) <> 0`},
	{Name: "orders that are promised a time hold their place, and no others", SQL: `SELECT business_id, id FROM (
		SELECT business_id, id, 1 AS one FROM orders WHERE promised_from IS NOT NULL AND state <> 'cancelled'
		UNION ALL SELECT business_id, order_id, -1 FROM delivery_bookings) x
		GROUP BY business_id, id HAVING sum(one) <> 0`},
	{Name: "each order has a beginning", SQL: `SELECT business_id, id FROM (
		SELECT business_id, id, 0 AS begun FROM orders
		UNION ALL SELECT business_id, order_id, 1 FROM order_events WHERE act = 'place') x
		GROUP BY business_id, id HAVING sum(begun) = 0`},
}
