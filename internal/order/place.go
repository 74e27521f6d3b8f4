package order

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/order/orderdb"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// clean tidies what was typed and brings it to the form in which it is kept.
func (d Draft) clean() Draft {
	d.Name, d.Street, d.Landmark = catalog.Clean(d.Name), catalog.Clean(d.Street), catalog.Clean(d.Landmark)
	d.Note, d.Voucher = catalog.CleanText(d.Note), strings.ToUpper(strings.Join(strings.Fields(d.Voucher), ""))
	if n, err := phone.Parse(d.Phone); err == nil {
		d.Phone = n.E164()
	}
	if !d.Way.Brought() {
		d.Village, d.Street, d.Landmark, d.LatE6, d.LngE6, d.Held = "", "", "", nil, nil, ""
	}
	if d.Way != Own {
		d.Window, d.NoWindow = time.Time{}, false
	}
	if d.Way != Carrier {
		d.Carrier, d.Service = "", ""
	}
	d.Window, d.NoWindow = d.Window.UTC(), d.NoWindow && d.Channel != Web
	if d.Channel != Counter {
		d.CashGiven, d.Deferred = 0, false
	}
	return d
}

// hash tells whether a form sent again says the same.
func (d Draft) hash() string {
	d.SeenTotal = 0
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // a plain struct of ours
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// errTwice is for a form that was sent twice at the same moment.
var errTwice = errors.New("order: placed at the same moment")

// Place takes an order: all of it, or nothing. The same form sent again gives
// the same order; with other words in it, ErrOtherBody. If the total is not
// the one the buyer saw the fault is ErrChanged, see Changed; if something is
// short it is stock.ErrShort, which says what is left.
func (s *Service) Place(ctx context.Context, sc authz.Scope, d Draft) (Order, error) {
	if err := mayPlace(sc, d); err != nil {
		return Order{}, err
	}
	d = d.clean()
	if err := d.Validate(); err != nil {
		return Order{}, err
	}
	hash := d.hash()
	offer := carried{}
	if d.Way == Carrier { // the price of any other way needs nobody's answer
		var err error
		if offer, err = s.carried(ctx, sc, d); err != nil {
			return Order{}, err
		}
	}
	var o Order
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		found, err := s.placed(ctx, tx, sc, d.ID, hash)
		if err != nil {
			return err
		}
		if found {
			o, err = s.load(ctx, tx, sc, d.ID)
			return err
		}
		o, err = s.place(ctx, tx, sc, d, offer, hash)
		return err
	})
	if err == nil {
		return o, nil
	}
	// Who sent the same form at the same moment, or lost the answer of the
	// first time, gets the order that was placed.
	if again, aerr := s.again(ctx, sc, d.ID, hash); aerr != nil || !again.ID.IsZero() {
		return again, aerr
	}
	return Order{}, err
}

func (s *Service) again(ctx context.Context, sc authz.Scope, order id.ID, hash string) (Order, error) {
	var o Order
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		o = Order{}
		found, err := s.placed(ctx, tx, sc, order, hash)
		if err != nil || !found {
			return err
		}
		o, err = s.load(ctx, tx, sc, order)
		return err
	})
	return o, err
}

func (s *Service) placed(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, hash string) (bool, error) {
	was, err := s.q.Body(ctx, tx, orderdb.BodyParams{BusinessID: sc.Business, ID: order})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read body: %w", err)
	}
	if was != hash {
		return false, ErrOtherBody
	}
	return true, nil
}

func (s *Service) place(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, offer carried, hash string) (Order, error) {
	if d.Channel == Web {
		if err := s.brake(ctx, tx, sc); err != nil {
			return Order{}, err
		}
	}
	q, err := s.quote(ctx, tx, sc, d, offer)
	if err != nil {
		return Order{}, err
	}
	if err := q.First(); err != nil {
		return Order{}, err
	}
	if err := q.payProblem(d.PayBy); err != nil {
		return Order{}, err
	}
	if d.Channel == Web && d.SeenTotal != q.Total {
		return Order{}, ErrChanged.With(money.String(q.Total), q)
	}
	o := s.draw(tx, sc, d, q)
	if d.Channel == Counter && !d.Deferred && d.PayBy == payment.Cash && d.CashGiven < o.Total {
		return Order{}, ErrCash.With(money.String(o.Total - d.CashGiven)).On("cash")
	}
	if err := s.Stock.Reserve(ctx, tx, sc, o.ID, d.Lines); err != nil {
		return Order{}, err
	}
	if err := s.book(ctx, tx, sc, o); err != nil {
		return Order{}, err
	}
	if o.Customer, err = s.buyer(ctx, tx, sc, d); err != nil {
		return Order{}, err
	}
	if q.Discount == 0 {
		o.Voucher = "" // it took nothing off, so it is not used
	} else {
		if err := s.Vouchers.Use(ctx, tx, sc, o.ID, o.Phone, q.discount); err != nil {
			return Order{}, err
		}
	}
	if q.Codes {
		if o.Code, err = s.Payments.TakeCode(ctx, tx, sc, o.ID, o.Total); err != nil {
			return Order{}, err
		}
		o.Total += o.Code
	}
	if o.Number, err = s.q.NextNumber(ctx, tx, sc.Business); err != nil {
		return Order{}, fmt.Errorf("next number: %w", err)
	}
	tx.AfterCommit(func() { s.pace.count(sc.Business, o.PlacedAt) })
	o.PayState, o.Tab = o.payState(), o.tab()
	if err := s.insert(ctx, tx, sc, o, hash); err != nil {
		return Order{}, err
	}
	if err := s.Books.Post(ctx, tx, sc, ledger.Entry{
		Key: "order/" + o.ID.String() + "/placed", Kind: "order.placed", Order: o.ID, Lines: charge(o, 1),
	}); err != nil {
		return Order{}, err
	}
	if o.HoldUntil != nil {
		if err := s.Stock.HoldUntil(ctx, tx, sc, o.ID, o.HoldUntil); err != nil {
			return Order{}, err
		}
		if err := s.expireAt(ctx, tx, sc, o); err != nil {
			return Order{}, err
		}
	}
	first := Event{ID: eventOf(o.ID), Order: o.ID, Act: ActPlace, To: o.State, Amount: o.Total, Method: o.PayBy, At: tx.Now}
	if _, err := s.note(ctx, tx, sc, first); err != nil {
		return Order{}, err
	}
	if d.Channel == Counter {
		if o, err = s.sellNow(ctx, tx, sc, d, o); err != nil {
			return Order{}, err
		}
	}
	if err := audit.Note(ctx, tx, sc, "order.placed", o.ID, audit.Diff{"total": {From: 0, To: o.Total}}); err != nil {
		return Order{}, err
	}
	if o.State == Placed {
		if err := s.remindAt(ctx, tx, sc, o.ID, 0); err != nil {
			return Order{}, err
		}
	}
	if s.OnPlaced != nil {
		if err := s.OnPlaced(ctx, tx, sc, o); err != nil {
			return Order{}, err
		}
	}
	return o, nil
}

// brake bounds how many orders a shop takes in a minute. The database is asked
// only when this server alone has taken a good part of them.
func (s *Service) brake(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	if s.pace.calm(sc.Business, tx.Now, s.PerMinute/4) {
		return nil
	}
	n, err := s.q.PlacedSince(ctx, tx, orderdb.PlacedSinceParams{BusinessID: sc.Business, Since: tx.Now.Add(-time.Minute), Most: int32(s.PerMinute)})
	if err != nil {
		return fmt.Errorf("count orders: %w", err)
	}
	if n >= s.PerMinute {
		return ErrTooMany.After(time.Minute)
	}
	return nil
}

// draw makes the order of a draft and its quote.
func (s *Service) draw(tx *store.Tx, sc authz.Scope, d Draft, q Quote) Order {
	o := Order{
		ID: d.ID, Business: sc.Business, Revision: 1, Channel: d.Channel, State: Placed, Way: d.Way, PayBy: d.PayBy, Name: d.Name, Phone: d.Phone,
		Village: d.Village, Street: d.Street, Landmark: d.Landmark, LatE6: d.LatE6, LngE6: d.LngE6, Note: d.Note, Goods: q.Goods, Discount: q.Discount,
		Shipping: q.Shipping, CODFee: q.CODFee, Total: q.Total, CashGiven: d.CashGiven, Voucher: q.discount.Code, WeightGrams: q.WeightGrams,
		Pieces: q.Pieces, ReadyDays: q.ReadyDays, PlacedAt: tx.Now, ChangedAt: tx.Now, Carrier: d.Carrier, Service: d.Service,
	}
	for _, l := range q.Lines {
		o.Lines = append(o.Lines, l.Line)
	}
	o.Brief = brief(o.Lines)
	if q.Window != nil {
		o.PromisedFrom, o.PromisedUntil = &q.Window.From, &q.Window.Until
	}
	if d.Channel != Web {
		o.State, o.AcceptedAt, o.PlacedBy = Accepted, &tx.Now, sc.Actor
	}
	if q.Hold > 0 && o.Total > 0 {
		until := tx.Now.Add(q.Hold)
		o.HoldUntil = &until
	}
	return o
}

// eventOf names the first event of an order, which is made with it.
func eventOf(order id.ID) id.ID {
	h := sha256.Sum256(append([]byte("placed"), order[:]...))
	var v id.ID
	copy(v[:], h[:])
	v[6], v[8] = v[6]&0x0f|0x80, v[8]&0x3f|0x80
	return v
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order, hash string) error {
	n, err := s.q.Insert(ctx, tx, orderdb.InsertParams{
		BusinessID: sc.Business, ID: o.ID, Number: o.Number, BodyHash: hash, Channel: string(o.Channel), State: string(o.State), Tab: string(o.Tab),
		Way: string(o.Way), PayBy: string(o.PayBy), PayState: string(o.PayState), CustomerID: o.Customer.Null(), Name: o.Name, Phone: o.Phone,
		Village: o.Village, Street: o.Street, Landmark: o.Landmark, LatE6: o.LatE6, LngE6: o.LngE6, Note: o.Note, Goods: o.Goods, Discount: o.Discount,
		Shipping: o.Shipping, CodFee: o.CODFee, Code: o.Code, Total: o.Total, CashGiven: o.CashGiven, Voucher: o.Voucher, WeightGrams: o.WeightGrams,
		Pieces: o.Pieces, Brief: o.Brief, ReadyDays: o.ReadyDays, HoldUntil: o.HoldUntil, PlacedBy: o.PlacedBy.Null(), PlacedAt: o.PlacedAt,
		AcceptedAt: o.AcceptedAt, Search: o.search(), PromisedFrom: o.PromisedFrom, PromisedUntil: o.PromisedUntil,
		Carrier: o.Carrier, Service: o.Service,
	})
	if err != nil {
		return fmt.Errorf("insert order: %w", err)
	}
	if n == 0 {
		return errTwice
	}
	if err := s.insertLines(ctx, tx, sc, o); err != nil {
		return err
	}
	err = s.q.InsertToken(ctx, tx, orderdb.InsertTokenParams{TokenHash: id.Hash(s.Link(o)), BusinessID: sc.Business, OrderID: o.ID})
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	return nil
}

func (s *Service) insertLines(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) error {
	for i, l := range o.Lines {
		if err := s.q.InsertLine(ctx, tx, orderdb.InsertLineParams{
			BusinessID: sc.Business, OrderID: o.ID, N: int64(i), ProductID: l.Product, VariantID: l.Variant, Title: l.Title, VariantName: l.VariantName,
			Sku: l.SKU, Unit: l.Unit, Photo: l.Photo.Null(), Price: l.Price, Quantity: l.Quantity, WeightGrams: l.WeightGrams, ReadyDays: l.ReadyDays,
			Tracked: l.Tracked,
		}); err != nil {
			return fmt.Errorf("insert line %d: %w", i, err)
		}
	}
	return nil
}

// note writes a line of the timeline; fresh is false if it was there already.
func (s *Service) note(ctx context.Context, tx *store.Tx, sc authz.Scope, e Event) (fresh bool, err error) {
	n, err := s.q.InsertEvent(ctx, tx, orderdb.InsertEventParams{
		BusinessID: sc.Business, ID: e.ID, OrderID: e.Order, Act: string(e.Act), FromState: string(e.From), ToState: string(e.To), ByRole: string(sc.Role),
		PersonID: sc.Actor.Null(), Reason: e.Reason, Amount: e.Amount, Method: string(e.Method), Text: e.Text, Photo: e.Photo.Null(), At: e.At,
	})
	if err != nil {
		return false, fmt.Errorf("insert event: %w", err)
	}
	return n == 1, nil
}

// sellNow ends a sale at the counter at once: paid and taken along. An order
// to be made and fetched is only paid, if money was given.
func (s *Service) sellNow(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, o Order) (Order, error) {
	pay := o.Total
	if d.Deferred && d.PayBy == payment.Cash {
		pay = min(o.Total, d.CashGiven)
	} else if d.Deferred {
		pay = 0
	}
	if pay > 0 {
		p := payment.Payment{ID: id.At(tx.Now), Order: o.ID, Method: o.PayBy, Amount: pay}
		if _, err := s.Payments.Note(ctx, tx, sc, p, 0); err != nil {
			return Order{}, err
		}
		o.Paid = pay
		e := Event{ID: id.At(tx.Now), Order: o.ID, Act: ActPay, From: o.State, To: o.State, Amount: pay, Method: o.PayBy, At: tx.Now}
		if _, err := s.note(ctx, tx, sc, e); err != nil {
			return Order{}, err
		}
	}
	if !d.Deferred {
		if err := s.Stock.Take(ctx, tx, sc, o.ID); err != nil {
			return Order{}, err
		}
		o.State, o.DoneAt, o.EndedAt = Done, &tx.Now, &tx.Now
		e := Event{ID: id.At(tx.Now), Order: o.ID, Act: ActCollect, From: Accepted, To: Done, At: tx.Now}
		if _, err := s.note(ctx, tx, sc, e); err != nil {
			return Order{}, err
		}
		if err := s.endLink(ctx, tx, sc, o.ID); err != nil {
			return Order{}, err
		}
		if err := s.spent(ctx, tx, sc, o, Accepted); err != nil {
			return Order{}, err
		}
	}
	return o, s.save(ctx, tx, sc, &o)
}

// charge is what an order books, or with sign -1 takes back.
func charge(o Order, sign int64) []ledger.Line {
	return []ledger.Line{
		{Account: ledger.Receivable, Amount: sign * o.Total},
		{Account: ledger.Discount, Amount: sign * o.Discount},
		{Account: ledger.Sales, Amount: -sign * o.Goods},
		{Account: ledger.Shipping, Amount: -sign * o.Shipping},
		{Account: ledger.CODFee, Amount: -sign * o.CODFee},
		{Account: ledger.UniqueCode, Amount: -sign * o.Code},
	}
}

// search is what the list is searched by, folded.
func (o Order) search() string {
	if o.Words != "" {
		return o.Words
	}
	local := strings.Replace(o.Phone, "+62", "0", 1)
	parts := []string{o.Called(), o.Name, local}
	for _, l := range o.Lines {
		parts = append(parts, l.Full())
	}
	s := catalog.Fold(strings.Join(parts, " "))
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000])
	}
	return s
}

// expire ends an order that was not paid in time.
type expire struct {
	Order id.ID `json:"order"`
}

// Kind names the job.
func (expire) Kind() string { return "order.expire" }

func (s *Service) expireAt(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order) error {
	key := "order.expire:" + o.ID.String() + ":" + o.HoldUntil.Format(time.RFC3339Nano)
	return job.Put(ctx, tx, sc, expire{o.ID}, job.At(*o.HoldUntil), job.Unique(key))
}

// remind tells again of an order that nobody has accepted.
type remind struct {
	Order id.ID `json:"order"`
	Times int   `json:"times"`
}

// Kind names the job.
func (remind) Kind() string { return "order.remind" }

// waits are the times from one reminder to the next.
var waits = []time.Duration{5 * time.Minute, 10 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour}

func (s *Service) remindAt(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, times int) error {
	if times >= len(waits) {
		return nil
	}
	key := fmt.Sprintf("order.remind:%s:%d", order, times)
	return job.Put(ctx, tx, sc, remind{order, times}, job.At(tx.Now.Add(waits[times])), job.Unique(key))
}

// Register gives the runner the jobs of this package.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, a expire) error { return s.Expire(ctx, sc, a.Order) })
	job.Handle(r, func(ctx context.Context, sc authz.Scope, a remind) error { return s.Remind(ctx, sc, a.Order, a.Times) })
}

// Wake asks for the jobs that an open order waits for, after it was brought in
// from elsewhere.
func (s *Service) Wake(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) error {
	o, err := s.load(ctx, tx, sc, order)
	if err != nil {
		return err
	}
	if o.HoldUntil != nil && o.EndedAt == nil {
		if err := s.expireAt(ctx, tx, sc, o); err != nil {
			return err
		}
	}
	if o.State != Placed {
		return nil
	}
	return s.remindAt(ctx, tx, sc, order, 0)
}

// Expire ends an order whose time to pay is over, and does nothing to any other.
func (s *Service) Expire(ctx context.Context, sc authz.Scope, order id.ID) error {
	_, err := s.do(ctx, sc, order, Move{Act: ActExpire, Reason: ReasonExpired})
	if errors.Is(err, ErrState) || errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Remind tells of an order once more if nobody has accepted it, and asks to be
// called again.
func (s *Service) Remind(ctx context.Context, sc authz.Scope, order id.ID, times int) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		o, err := s.load(ctx, tx, sc, order)
		if errors.Is(err, ErrNotFound) || err == nil && o.State != Placed {
			return nil
		}
		if err != nil {
			return err
		}
		if s.OnRemind != nil {
			if err := s.OnRemind(ctx, tx, sc, o); err != nil {
				return err
			}
		}
		return s.remindAt(ctx, tx, sc, order, times+1)
	})
}
