package parcel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// Do does something with a parcel. What was done already is done once; what
// does not fit any more is ErrState, which says how the parcel stands.
func (s *Service) Do(ctx context.Context, sc authz.Scope, parcel id.ID, m Move) (Parcel, error) {
	var p Parcel
	var wrong error
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
		wrong = nil
		p, err = s.DoTx(ctx, tx, sc, parcel, m)
		if errors.Is(err, ErrCode) { // a wrong code is written down, or a courier could try all of them
			wrong = err
			return nil
		}
		return err
	})
	return p, errors.Join(err, wrong)
}

// DoTx is Do in the caller's transaction. If it is ErrCode, the try is written
// down in the transaction, which the caller commits.
func (s *Service) DoTx(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID, m Move) (Parcel, error) {
	m.Text, m.Receiver = catalog.CleanText(m.Text), catalog.Clean(m.Receiver)
	if m.ID.IsZero() {
		m.ID = id.At(tx.Now)
	}
	if err := m.Validate(); err != nil {
		return Parcel{}, err
	}
	p, o, err := s.lock(ctx, tx, sc, parcel)
	if err != nil {
		return Parcel{}, err
	}
	if done, err := s.done(ctx, tx, sc, p, m); err != nil || done {
		return p, err
	}
	if err := p.may(sc, m.Act); err != nil {
		return p, err
	}
	st := &step{s: s, tx: tx, sc: sc, p: &p, o: o, m: m, e: Event{
		ID: m.ID, Parcel: p.ID, Act: m.Act, Reason: m.Reason, Text: m.Text, LatE6: m.LatE6, LngE6: m.LngE6, Accuracy: m.Accuracy, At: tx.Now,
	}}
	if m.At != nil {
		st.e.At = *m.At
	}
	from := p.Status
	if to := rules[m.Act].to; to != "" {
		p.Status, p.StatusAt, p.Words = to, st.e.At, ""
	}
	if err := st.picture(ctx); err != nil {
		return p, err
	}
	if f := effects[m.Act]; f != nil {
		if err := f(st, ctx); err != nil {
			return p, err
		}
	}
	return p, st.end(ctx, from)
}

// done reports whether the move was made already.
func (s *Service) done(ctx context.Context, tx *store.Tx, sc authz.Scope, p Parcel, m Move) (bool, error) {
	e, err := s.q.Event(ctx, tx, parceldb.EventParams{BusinessID: sc.Business, ID: m.ID})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read event: %w", err)
	}
	if e.ParcelID != p.ID || e.Act != string(m.Act) || e.Reason != string(m.Reason) {
		return false, order.ErrOtherBody
	}
	return true, nil
}

// step is a move on its way.
type step struct {
	s       *Service
	tx      *store.Tx
	sc      authz.Scope
	p       *Parcel
	o       order.Order
	m       Move
	e       Event
	diff    audit.Diff
	noted   bool // the line of the timeline is written already
	follows bool // the order has moved already
}

// picture keeps the photo that came with a move.
func (st *step) picture(ctx context.Context) error {
	if st.m.Picture == nil && st.m.Photo.IsZero() {
		return nil
	}
	n, err := st.s.q.Photos(ctx, st.tx, parceldb.PhotosParams{BusinessID: st.sc.Business, ParcelID: st.p.ID})
	if err != nil {
		return fmt.Errorf("count photos: %w", err)
	}
	if n >= MaxPhotos {
		return order.ErrPhotos
	}
	if st.m.Picture == nil {
		st.e.Photo = st.m.Photo
		return st.s.Blobs.Hand(ctx, st.tx, st.sc, st.m.Sent, st.m.Photo, st.p.ID, "proof")
	}
	photo, err := st.s.Blobs.PutPrivate(ctx, st.tx, st.sc, "proof", st.p.ID, *st.m.Picture)
	if err != nil {
		return err
	}
	st.e.Photo = photo.ID
	return nil
}

// end saves the parcel, writes the line of its timeline, moves its order on and
// tells who waits for it.
func (st *step) end(ctx context.Context, from carrier.Status) error {
	s, tx, sc, p := st.s, st.tx, st.sc, st.p
	if p.Status.Final() && !from.Final() {
		p.EndedAt = &st.e.At
		until := tx.Now.Add(LinkFor)
		if err := s.q.EndLinks(ctx, tx, parceldb.EndLinksParams{BusinessID: sc.Business, ParcelID: p.ID, ExpiresAt: &until}); err != nil {
			return fmt.Errorf("end links: %w", err)
		}
	}
	if !p.Status.Final() {
		p.EndedAt = nil
	}
	if err := s.save(ctx, tx, sc, p); err != nil {
		return err
	}
	st.e.Status = p.Status
	if !st.noted {
		if _, err := s.note(ctx, tx, sc, st.e); err != nil {
			return err
		}
	}
	if !p.Order.IsZero() && !st.follows {
		if err := st.moveOrder(ctx, from); err != nil {
			return err
		}
	}
	diff := audit.Diff{}
	if from != p.Status {
		diff["status"] = audit.Change{From: string(from), To: string(p.Status)}
	}
	if st.e.Amount != 0 {
		diff["amount"] = audit.Change{From: nil, To: st.e.Amount}
	}
	for k, c := range st.diff {
		diff[k] = c
	}
	if err := audit.Note(ctx, tx, sc, "parcel."+string(st.e.Act), p.ID, diff); err != nil {
		return err
	}
	if s.OnMoved == nil {
		return nil
	}
	return s.OnMoved(ctx, tx, sc, *p, st.e)
}

// effects are what moves do beside changing the status.
var effects = map[Act]func(*step, context.Context) error{
	ActAssign: func(st *step, ctx context.Context) error {
		st.p.Courier, st.p.Place, st.p.Carrier = st.m.Courier, 0, Own
		if err := st.brings(ctx, st.m.Courier); err != nil {
			return err
		}
		return st.underLimit(ctx)
	},
	ActTake:    (*step).take,
	ActHub:     (*step).sorted,
	ActDepart:  (*step).sorted,
	ActOut:     func(st *step, _ context.Context) error { st.p.OutAt = &st.e.At; return nil },
	ActDeliver: (*step).deliver,
	ActFail: func(st *step, _ context.Context) error {
		st.p.Reason = st.m.Reason
		st.p.Attempts++
		st.p.OutAt = nil
		return st.window()
	},
	ActAgain:  func(st *step, _ context.Context) error { return st.window() },
	ActTurn:   func(st *step, _ context.Context) error { st.p.Place = 0; return nil },
	ActReturn: func(st *step, _ context.Context) error { st.p.Restocked = st.m.Restock; return nil },
	ActChange: (*step).change,
}

// sorted takes a parcel off the run of who brought it to a hub.
func (st *step) sorted(context.Context) error {
	st.p.Courier, st.p.Place, st.p.OutAt = id.ID{}, 0, nil
	return nil
}

// window notes a new time that was agreed.
func (st *step) window() error {
	if st.m.DueFrom == nil || st.m.DueUntil == nil {
		return nil
	}
	st.p.DueFrom, st.p.DueUntil = st.m.DueFrom, st.m.DueUntil
	st.e.DueFrom, st.e.DueUntil = st.m.DueFrom, st.m.DueUntil
	return nil
}

// brings refuses a courier who is not of the shop, or may not bring anything.
func (st *step) brings(ctx context.Context, who id.ID) error {
	if who.IsZero() || st.s.Brings == nil {
		return nil
	}
	ok, err := st.s.Brings(ctx, st.tx, st.sc, who)
	if err == nil && !ok {
		return fault.New(fault.Invalid, "form.choose").On("courier")
	}
	return err
}

// underLimit refuses a parcel with money to take to who holds as much as the
// shop lets anybody hold.
func (st *step) underLimit(ctx context.Context) error {
	p := st.p
	if p.Due() == 0 || p.Courier.IsZero() || p.Carrier != Own {
		return nil
	}
	set, err := st.s.Settings(ctx, st.tx, st.sc)
	if err != nil || set.CashLimit == 0 {
		return err
	}
	held, err := st.s.Books.Balance(ctx, st.tx, st.sc, ledger.CourierCash, p.Courier)
	if err == nil && held >= set.CashLimit {
		return ErrLimit.With(money.String(held), money.String(set.CashLimit)).On("courier")
	}
	return err
}

// take gives the parcel to who carries it. What is paid ahead is paid first.
func (st *step) take(ctx context.Context) error {
	p := st.p
	if !st.m.Courier.IsZero() {
		p.Courier = st.m.Courier
	}
	if p.Carrier == Own {
		if err := st.brings(ctx, p.Courier); err != nil {
			return err
		}
		if err := st.underLimit(ctx); err != nil {
			return err
		}
	} else {
		p.Courier = id.ID{}
	}
	p.HandedAt = &st.e.At
	return nil
}

// deliver notes who took the parcel and what was given for it.
func (st *step) deliver(ctx context.Context) error {
	p, m := st.p, st.m
	if err := st.said(ctx); err != nil {
		return err
	}
	due := p.COD - p.Taken
	amount := m.Amount
	if !m.Received {
		amount = due
	}
	if amount > due && m.Change {
		amount = due
	}
	if amount > due {
		return ErrTooMuch.With(money.String(due)).On("amount")
	}
	if amount != due && m.Text == "" {
		return ErrSayWhy.On("text")
	}
	method := m.Method
	if method != payment.QRIS {
		method = payment.COD
	}
	if due > 0 {
		st.e.Amount, st.e.Method = amount, method
		p.TakenBy = method
	}
	p.Taken += amount
	if p.HandedAt == nil {
		p.HandedAt = &st.e.At
	}
	p.DoneAt, p.Receiver, p.Relation, p.Reason, p.Proof = &st.e.At, m.Receiver, m.Relation, "", st.e.Photo
	st.e.Receiver, st.e.Relation = m.Receiver, m.Relation
	return nil
}

// said compares the code that the receiver said. People of the shop itself may
// end a parcel without it, and their name stands beside that.
func (st *step) said(ctx context.Context) error {
	p := st.p
	if !p.CodeAsked || st.sc.Role != authz.Courier && st.m.Code == "" {
		return nil
	}
	tries := p.CodeTries
	if st.s.WrongCodes != nil {
		n, err := st.s.WrongCodes(ctx, st.tx, st.sc, p.ID)
		if err != nil {
			return err
		}
		tries += n
	}
	if tries >= MaxTries && st.sc.Role == authz.Courier {
		return ErrLocked
	}
	if st.m.Code == st.s.Code(st.sc.Business, p.ID) {
		return nil
	}
	was, err := st.s.get(ctx, st.tx, st.sc, p.ID)
	if err != nil {
		return err
	}
	was.CodeTries++
	if err := st.s.save(ctx, st.tx, st.sc, &was); err != nil {
		return err
	}
	if _, err := st.s.note(ctx, st.tx, st.sc, Event{ID: id.At(st.tx.Now), Parcel: p.ID, Act: ActCode, Status: was.Status, At: st.e.At}); err != nil {
		return err
	}
	return ErrCode.With(max(0, MaxTries-tries-1))
}

// firm gives the parcel to a courier firm that is a business here. Its courier
// does not know the code that the receiver was told, so none is asked.
func (st *step) firm(ctx context.Context) error {
	if st.s.Firms == nil || st.p.Order.IsZero() {
		return fault.New(fault.Invalid, "form.choose").On("carrier")
	}
	name, err := st.s.Firms(ctx, st.tx, st.sc, *st.p, st.p.Carrier)
	if err != nil {
		return err
	}
	if st.p.Service == "" || st.p.Service == name {
		st.p.Service = name
	} else if !strings.HasPrefix(st.p.Service, name) {
		st.p.Service = name + " · " + st.p.Service
	}
	st.p.CodeAsked, st.m.Waybill = false, ""
	return nil
}

// change notes who carries the parcel, under which number, and what it weighs.
func (st *step) change(ctx context.Context) error {
	p, m := st.p, st.m
	was := *p
	if m.Carrier != p.Carrier && slices.Contains(open, p.Status) && (p.Carrier == Own || IsFirm(p.Carrier) || IsFirm(m.Carrier)) {
		return ErrState.With(p.Status) // it is with a courier of the shop or of a firm: it has to come back first
	}
	p.Carrier, p.Service, p.Waybill = m.Carrier, catalog.Clean(m.Service), ""
	if IsFirm(p.Carrier) {
		if err := st.firm(ctx); err != nil {
			return err
		}
	}
	if m.Grams > 0 {
		p.Grams = m.Grams
	}
	if m.Cost != nil {
		p.Cost = m.Cost
	}
	if p.Carrier == Own {
		p.Service, p.Cost = "", nil
	} else {
		p.Courier, p.Place = id.ID{}, 0
	}
	if m.Waybill != "" {
		number, err := carrier.CleanNumber(m.Waybill)
		if err != nil {
			return err
		}
		others, err := st.s.q.ByWaybill(ctx, st.tx, parceldb.ByWaybillParams{BusinessID: st.sc.Business, Waybill: number})
		if err != nil {
			return fmt.Errorf("find waybill: %w", err)
		}
		if slices.ContainsFunc(others, func(r parceldb.Parcel) bool {
			return r.ID != p.ID && r.Carrier == p.Carrier && r.Status != string(carrier.Cancelled)
		}) {
			return ErrWaybill.On("waybill")
		}
		p.Waybill = number
		if err := st.s.open(ctx, st.tx, st.sc, *p); err != nil {
			return err
		}
	}
	st.diff = audit.Diff{"carrier": {From: was.Carrier, To: p.Carrier}, "waybill": {From: was.Waybill, To: p.Waybill}}
	st.e.Words = p.Waybill
	return nil
}
