package order

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/order/orderdb"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// Move is something done with an order, as a person filled it in. Its ID is
// made with the form, so that sending it twice does it once. Which fields
// count depends on the act.
type Move struct {
	ID       id.ID
	Act      Act
	Reason   string         // decline, cancel, withdraw, fail, return, complain, refund
	Text     string         // words that go with it
	Method   payment.Method // pay, refund; deliver and collect: how the rest was paid
	Amount   int64          // pay, refund; deliver and collect: what was received; see Received
	Received bool           // deliver, collect: Amount says what was received, also if it is nothing
	Courier  id.ID          // hand over: who brings it
	Receiver string         // deliver: who took it
	Relation string         // deliver: one of Relations
	Restock  bool           // return: back on the shelf
	Picture  *blob.Picture  // claim, complain: a photo, read before
	Edit     *Edit          // edit

	// What slices above say when a move follows from what happened to a parcel.
	Parcel id.ID      // the parcel; zero: the move is the order's own
	At     *time.Time // when it happened; nil: now
	Holder id.ID      // deliver, pay: who holds the money; zero: the order's courier
	Claim  bool       // deliver: the receiver says that the rest was paid by QRIS
}

// Validate reports every field that is wrong.
func (m Move) Validate() error {
	var f fault.Fields
	_, ok := ruleOf(m.Act)
	f.Check(ok || m.Act == ActUndo, "act", "form.stale")
	if list := reasons[m.Act]; list != nil {
		f.Check(slices.Contains(list, m.Reason), "reason", "form.choose")
		f.Check(m.Reason != "other" || m.Text != "", "text", "order.say_why")
	}
	f.Check(utf8.RuneCountInString(m.Text) <= MaxText, "text", "form.too_long", MaxText)
	f.Check(utf8.RuneCountInString(m.Receiver) <= MaxReceiver, "receiver", "form.too_long", MaxReceiver)
	f.Check(m.Amount >= 0 && m.Amount <= money.Max, "amount", "money.too_large")
	switch m.Act {
	case ActPay, ActRefund:
		f.Check(m.Method.Valid(), "method", "form.choose")
		f.Check(m.Amount > 0, "amount", "form.required")
	case ActDeliver:
		f.Check(m.Receiver != "", "receiver", "form.required")
		f.Check(slices.Contains(Relations, m.Relation), "relation", "form.choose")
	case ActAssign:
		f.Check(!m.Courier.IsZero(), "courier", "form.choose")
	case ActNote, ActAnswer:
		f.Check(m.Text != "", "text", "form.required")
	case ActEdit:
		f.Check(m.Edit != nil, "lines", "form.required")
		if m.Edit != nil {
			m.Edit.validate(&f)
		}
	}
	return f.Err()
}

var reasons = map[Act][]string{
	ActDecline: DeclineReasons, ActCancel: CancelReasons, ActWithdraw: WithdrawReasons, ActFail: FailReasons, ActReturn: ReturnReasons,
	ActComplain: ComplainReasons, ActRefund: RefundReasons,
}

// Reasons lists the reasons that people choose from for an act, or nil.
func Reasons(a Act) []string { return reasons[a] }

// Do moves an order on, for the people of its shop. A move that does not fit
// the order's state any more is ErrState.
func (s *Service) Do(ctx context.Context, sc authz.Scope, order id.ID, m Move) (Order, error) {
	r, ok := ruleOf(m.Act)
	if !ok && m.Act != ActUndo || r.buyer || r.clock {
		return Order{}, ErrState
	}
	if ok {
		if err := sc.Can(r.verb); err != nil {
			return Order{}, err
		}
	} else if err := sc.Can(authz.SignedIn); err != nil {
		return Order{}, err
	}
	return s.do(ctx, sc, order, m)
}

// MaxMany bounds how many orders are moved at once.
const MaxMany = 100

// DoMany does one harmless move to many orders, each for itself, and tells how
// many it fitted. Those that have moved on meanwhile are left as they are.
func (s *Service) DoMany(ctx context.Context, sc authz.Scope, orders []id.ID, act Act) (int, error) {
	r, ok := ruleOf(act)
	if !ok || !r.bulk || len(orders) > MaxMany {
		return 0, ErrState
	}
	n := 0
	for _, o := range orders {
		_, err := s.Do(ctx, sc, o, Move{Act: act})
		switch {
		case err == nil:
			n++
		case errors.Is(err, ErrState), errors.Is(err, ErrNotFound), errors.Is(err, ErrUnpaid):
		default:
			return n, err
		}
	}
	return n, nil
}

// DoByLink does what the buyer may do, for who came by the order's link.
func (s *Service) DoByLink(ctx context.Context, token string, m Move) (Order, error) {
	r, ok := ruleOf(m.Act)
	if !ok || !r.buyer {
		return Order{}, ErrState
	}
	shop, order, err := s.ByToken(ctx, token)
	if err != nil {
		return Order{}, err
	}
	return s.do(ctx, authz.Visitor(shop), order, m)
}

func (s *Service) do(ctx context.Context, sc authz.Scope, order id.ID, m Move) (Order, error) {
	m.Text, m.Receiver = catalog.CleanText(m.Text), catalog.Clean(m.Receiver)
	if m.ID.IsZero() {
		m.ID = id.New()
	}
	if err := m.Validate(); err != nil {
		return Order{}, err
	}
	var o Order
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
		if o, err = s.lock(ctx, tx, sc, order); err != nil {
			return err
		}
		if !own(o, sc) {
			return ErrNotFound
		}
		if done, err := s.done(ctx, tx, sc, order, m); err != nil || done {
			return err
		}
		o, err = s.move(ctx, tx, sc, o, m)
		return err
	})
	return o, err
}

// DoTx moves an order on in the caller's transaction, for slices above, which
// have judged who may. A move that does not fit is ErrState.
func (s *Service) DoTx(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, m Move) (Order, error) {
	if m.ID.IsZero() {
		m.ID = id.At(tx.Now)
	}
	if err := m.Validate(); err != nil {
		return Order{}, err
	}
	o, err := s.lock(ctx, tx, sc, order)
	if err != nil {
		return Order{}, err
	}
	if done, err := s.done(ctx, tx, sc, order, m); err != nil || done {
		return o, err
	}
	return s.move(ctx, tx, sc, o, m)
}

// Lock reads an order for a change in the caller's transaction.
func (s *Service) Lock(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) (Order, error) {
	return s.lock(ctx, tx, sc, order)
}

// done reports whether the move was made already.
func (s *Service) done(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, m Move) (bool, error) {
	e, err := s.q.Event(ctx, tx, orderdb.EventParams{BusinessID: sc.Business, ID: m.ID})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read event: %w", err)
	}
	other := e.OrderID != order || e.Act != string(m.Act) || e.Reason != m.Reason
	if other || m.Amount > 0 && e.Amount > 0 && e.Amount != m.Amount {
		return false, ErrOtherBody
	}
	return true, nil
}

// step is a move on its way: what it finds, changes and leaves behind. Rows are
// locked in one order everywhere, as Place does: the order, stock, the hours
// of delivery, the customer, the voucher, the amount, the books.
type step struct {
	s    *Service
	tx   *store.Tx
	sc   authz.Scope
	o    *Order
	m    Move
	e    *Event
	diff audit.Diff
}

func (s *Service) move(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order, m Move) (Order, error) {
	from := o.State
	e := Event{ID: m.ID, Order: o.ID, Act: m.Act, From: from, Reason: m.Reason, Text: m.Text, At: tx.Now, Parcel: m.Parcel}
	if m.At != nil {
		e.At = *m.At
	}
	st := &step{s, tx, sc, &o, m, &e, audit.Diff{}}
	if m.Act == ActUndo {
		if err := st.undo(); err != nil {
			return Order{}, err
		}
	} else {
		r, _ := ruleOf(m.Act)
		if !r.open(o) {
			return Order{}, st.closed()
		}
		if r.to != "" {
			o.State = r.to
		}
		if f := effects[m.Act]; f != nil {
			if err := f(st, ctx); err != nil {
				return Order{}, err
			}
		}
		if r.to != "" || r.undo {
			o.LastAct, o.LastFrom, o.LastBy, o.LastAt = m.Act, from, sc.Actor, &tx.Now
		}
	}
	if o.State.Over() && !from.Over() {
		o.EndedAt = &tx.Now
		if err := s.endLink(ctx, tx, sc, o.ID); err != nil {
			return Order{}, err
		}
	}
	e.To = o.State
	if err := s.save(ctx, tx, sc, &o); err != nil {
		return Order{}, err
	}
	if _, err := s.note(ctx, tx, sc, e); err != nil {
		return Order{}, err
	}
	if from != o.State {
		st.diff["state"] = audit.Change{From: from, To: o.State}
	}
	if e.Amount != 0 {
		st.diff["amount"] = audit.Change{From: nil, To: e.Amount}
	}
	if m.Reason != "" {
		st.diff["reason"] = audit.Change{From: nil, To: m.Reason}
	}
	if err := audit.Note(ctx, tx, sc, "order."+string(m.Act), o.ID, st.diff); err != nil {
		return Order{}, err
	}
	if s.OnMoved != nil {
		if err := s.OnMoved(ctx, tx, sc, o, e); err != nil {
			return Order{}, err
		}
	}
	return o, nil
}

// closed says why a move does not fit.
func (st *step) closed() error {
	o := *st.o
	r, _ := ruleOf(st.m.Act)
	if slices.Contains(r.from, o.State) && (st.m.Act == ActHandOver || st.m.Act == ActCollect) && !paidAhead(o) {
		return ErrUnpaid.With(money.String(o.Due()))
	}
	return ErrState
}

func (s *Service) endLink(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) error {
	at := tx.Now.Add(LinkFor)
	if err := s.q.EndToken(ctx, tx, orderdb.EndTokenParams{BusinessID: sc.Business, OrderID: order, ExpiresAt: &at}); err != nil {
		return fmt.Errorf("end link: %w", err)
	}
	return nil
}

// effects are what moves do beside changing the state.
var effects = map[Act]func(*step, context.Context) error{
	ActAccept:   func(st *step, _ context.Context) error { st.o.AcceptedAt = &st.tx.Now; return nil },
	ActPack:     func(st *step, _ context.Context) error { st.o.PackedAt = &st.tx.Now; return nil },
	ActAssign:   (*step).assign,
	ActHandOver: (*step).handOver,
	ActCollect:  (*step).collect,
	ActDeliver:  (*step).deliver,
	ActFail: func(st *step, _ context.Context) error {
		st.o.Reason = st.m.Reason
		st.o.Tries++
		return nil
	},
	ActRetry: func(st *step, ctx context.Context) error {
		if !st.m.Courier.IsZero() {
			st.o.Courier = st.m.Courier
		}
		return st.brings(ctx)
	},
	ActReturn:   (*step).giveBack,
	ActDecline:  (*step).cancel,
	ActCancel:   (*step).cancel,
	ActWithdraw: (*step).cancel,
	ActExpire: func(st *step, ctx context.Context) error {
		if st.tx.Now.Before(*st.o.HoldUntil) {
			return ErrState
		}
		return st.cancel(ctx)
	},
	ActPay:     (*step).pay,
	ActRefund:  (*step).refund,
	ActClaim:   (*step).claim,
	ActUnclaim: (*step).unclaim,
	ActComplain: func(st *step, ctx context.Context) error {
		st.o.Complaint, st.o.ComplainedAt = st.m.Reason, &st.tx.Now
		return st.picture(ctx)
	},
	ActAnswer: func(st *step, _ context.Context) error {
		st.o.Complaint, st.o.ComplainedAt = "", nil
		return nil
	},
	ActEdit: (*step).edit,
}

func (st *step) undo() error {
	if !canUndo(*st.o, st.sc, st.tx.Now) {
		return ErrTooLate
	}
	switch st.o.LastAct {
	case ActAccept:
		st.o.AcceptedAt = nil
	case ActPack:
		st.o.PackedAt = nil
	}
	st.e.Reason = string(st.o.LastAct)
	st.o.State = st.o.LastFrom
	st.o.LastAct, st.o.LastAt = "", nil
	return nil
}

// brings refuses a courier who is not of the shop, or may not bring anything.
func (st *step) brings(ctx context.Context) error {
	if st.m.Courier.IsZero() || st.s.Brings == nil {
		return nil
	}
	ok, err := st.s.Brings(ctx, st.tx, st.sc, st.m.Courier)
	if err == nil && !ok {
		return fault.New(fault.Invalid, "form.choose").On("courier")
	}
	return err
}

// assign says who is to bring the order; the hand-over may still name another.
func (st *step) assign(ctx context.Context) error {
	st.o.Courier = st.m.Courier
	return st.brings(ctx)
}

func (st *step) handOver(ctx context.Context) error {
	if err := st.brings(ctx); err != nil {
		return err
	}
	if !st.m.Courier.IsZero() {
		st.o.Courier = st.m.Courier // else who was assigned
	}
	st.o.SentAt, st.o.HoldUntil = &st.e.At, nil
	st.o.Tries = max(st.o.Tries, 0)
	return st.s.Stock.Take(ctx, st.tx, st.sc, st.o.ID)
}

func (st *step) collect(ctx context.Context) error {
	st.o.DoneAt, st.o.HoldUntil = &st.tx.Now, nil
	if err := st.s.Stock.Take(ctx, st.tx, st.sc, st.o.ID); err != nil {
		return err
	}
	if err := st.spent(ctx); err != nil {
		return err
	}
	return st.takeRest(ctx, payment.Cash, id.ID{})
}

func (st *step) deliver(ctx context.Context) error {
	st.o.DoneAt, st.o.Receiver, st.o.Relation, st.o.Reason = &st.e.At, st.m.Receiver, st.m.Relation, ""
	if err := st.spent(ctx); err != nil {
		return err
	}
	if st.m.Claim && st.o.Due() > 0 {
		st.o.ClaimedAt = &st.e.At
		return nil
	}
	who, err := st.holder(ctx)
	if err != nil {
		return err
	}
	return st.takeRest(ctx, payment.COD, who)
}

// picture keeps the photo that came with a move.
func (st *step) picture(ctx context.Context) error {
	if st.m.Picture == nil {
		return nil
	}
	n, err := st.s.q.Photos(ctx, st.tx, orderdb.PhotosParams{BusinessID: st.sc.Business, OrderID: st.o.ID})
	if err != nil {
		return fmt.Errorf("count photos: %w", err)
	}
	if n >= MaxPhotos {
		return ErrPhotos
	}
	p, err := st.s.Blobs.PutPrivate(ctx, st.tx, st.sc, "proof", st.o.ID, *st.m.Picture)
	if err != nil {
		return err
	}
	st.e.Photo = p.ID
	if st.m.Act == ActClaim {
		st.o.Proof = p.ID
	}
	return nil
}

// cancel ends an order before it was handed over.
func (st *step) cancel(ctx context.Context) error {
	st.o.Reason, st.o.HoldUntil, st.o.ClaimedAt = st.m.Reason, nil, nil
	if err := st.s.Stock.Release(ctx, st.tx, st.sc, st.o.ID); err != nil {
		return err
	}
	if err := st.s.Delivery.Unbook(ctx, st.tx, st.sc, st.o.ID); err != nil {
		return err
	}
	return st.void(ctx)
}

// giveBack ends an order whose goods came back, to the shelf or to be thrown away.
func (st *step) giveBack(ctx context.Context) error {
	st.o.Reason = st.m.Reason
	if st.m.Restock {
		wants := make([]stock.Want, len(st.o.Lines))
		for i, l := range st.o.Lines {
			wants[i] = stock.Want{Variant: l.Variant, Quantity: l.Quantity}
		}
		if err := st.s.Stock.Return(ctx, st.tx, st.sc, st.o.ID, wants); err != nil {
			return err
		}
	}
	st.diff["restocked"] = audit.Change{From: nil, To: st.m.Restock}
	return st.void(ctx)
}

// spent tells the customer's page how the order ended.
func (st *step) spent(ctx context.Context) error {
	return st.s.spent(ctx, st.tx, st.sc, *st.o, st.e.From)
}

// void takes back what the order booked. What the buyer has paid is owed to them.
func (st *step) void(ctx context.Context) error {
	o := *st.o
	if err := st.spent(ctx); err != nil {
		return err
	}
	if o.Voucher != "" {
		if err := st.s.Vouchers.GiveBack(ctx, st.tx, st.sc, o.ID); err != nil {
			return err
		}
	}
	if o.PayBy == payment.Transfer {
		if err := st.s.Payments.FreeCode(ctx, st.tx, st.sc, o.ID); err != nil {
			return err
		}
	}
	lines := append(charge(o, -1), ledger.Line{Account: ledger.Refund, Amount: -o.Allowance}, ledger.Line{Account: ledger.Receivable, Amount: o.Allowance})
	return st.s.Books.Post(ctx, st.tx, st.sc, ledger.Entry{
		Key: "order/" + o.ID.String() + "/void", Kind: "order.void", Order: o.ID, Lines: lines,
	})
}
