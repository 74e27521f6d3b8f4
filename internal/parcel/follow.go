package parcel

import (
	"context"
	"crypto/sha256"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// HolderOf is who the books say holds the money that a carrier took.
func HolderOf(code string) id.ID {
	h := sha256.Sum256([]byte("carrier/" + code))
	var v id.ID
	copy(v[:], h[:])
	v[6], v[8] = v[6]&0x0f|0x80, v[8]&0x3f|0x80
	return v
}

func (p Parcel) holder() id.ID {
	if p.Carrier == Own {
		return p.Courier
	}
	return HolderOf(p.Carrier)
}

// Holder is who has the money of an order that a carrier brings; zero if a
// courier of the shop does.
func (s *Service) Holder(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order) (id.ID, error) {
	all, err := s.ofOrder(ctx, tx, sc, o.ID)
	if err != nil || len(all) == 0 || all[0].Carrier == Own {
		return id.ID{}, err
	}
	return HolderOf(all[0].Carrier), nil
}

// moveOrder lets the order follow what happened to its parcel.
func (st *step) moveOrder(ctx context.Context, from carrier.Status) error {
	p := st.p
	if p.Status == from {
		return nil
	}
	var all []Parcel
	if p.Status == carrier.Delivered || p.Status == carrier.Returned {
		var err error
		if all, err = st.s.ofOrder(ctx, st.tx, st.sc, p.Order); err != nil {
			return err
		}
	}
	if st.left() {
		m := order.Move{Act: order.ActHandOver}
		if p.Carrier == Own {
			m.Courier = p.Courier
		}
		if err := st.order(ctx, m); err != nil {
			return err
		}
	}
	switch p.Status {
	case carrier.PickedUp, carrier.InTransit, carrier.AtHub, carrier.OutForDelivery:
		return st.again(ctx)
	case carrier.Delivered:
		if err := st.again(ctx); err != nil {
			return err
		}
		return st.arrived(ctx, all)
	case carrier.AttemptFailed, carrier.Returning, carrier.Lost, carrier.Damaged, carrier.Disposed:
		return st.failed(ctx)
	case carrier.Returned:
		if err := st.failed(ctx); err != nil {
			return err
		}
		back := func(q Parcel) bool { return q.Status != carrier.Returned && q.Status != carrier.Cancelled }
		if slices.ContainsFunc(all, back) || st.o.State != order.Failed {
			return nil
		}
		return st.order(ctx, order.Move{Act: order.ActReturn, Reason: "undelivered", Restock: p.Restocked})
	}
	return nil
}

// left reports whether the parcel has gone while its order is still at the shop.
func (st *step) left() bool {
	return (st.o.State == order.Accepted || st.o.State == order.Packed) && !slices.Contains(before, st.p.Status) && st.p.Status != carrier.Cancelled
}

// holder is who has the money that was taken.
func (st *step) holder() id.ID {
	if !st.m.Holder.IsZero() && st.p.Carrier == Own {
		return st.m.Holder
	}
	return st.p.holder()
}

// again sends an order on that had failed.
func (st *step) again(ctx context.Context) error {
	if st.o.State != order.Failed {
		return nil
	}
	return st.order(ctx, order.Move{Act: order.ActRetry})
}

func (st *step) failed(ctx context.Context) error {
	if st.o.State != order.Sent {
		return nil
	}
	return st.order(ctx, order.Move{Act: order.ActFail, Reason: orderReason(st.p.Reason)})
}

// arrived ends an order whose last parcel was delivered; before that it only
// takes the money.
func (st *step) arrived(ctx context.Context, all []Parcel) error {
	p := st.p
	last, claimed := true, false
	for _, q := range all {
		last = last && (q.Status == carrier.Delivered || q.Status == carrier.Cancelled)
		claimed = claimed || q.TakenBy == payment.QRIS && q.Taken > 0
	}
	cash := st.e.Amount
	if st.e.Method == payment.QRIS {
		cash = 0
	}
	if !last {
		if cash == 0 {
			return nil
		}
		return st.order(ctx, order.Move{Act: order.ActPay, Method: payment.COD, Amount: cash, Holder: st.holder()})
	}
	m := order.Move{Act: order.ActDeliver, Receiver: p.Receiver, Relation: p.Relation, Method: payment.COD, Amount: cash, Received: true, Holder: st.holder()}
	m.Claim = claimed && cash == 0
	return st.order(ctx, m)
}

// order moves the parcel's order on.
func (st *step) order(ctx context.Context, m order.Move) error {
	m.Parcel, m.At = st.p.ID, &st.e.At
	o, err := st.s.Orders.DoTx(ctx, st.tx, st.sc, st.o.ID, m)
	if err == nil {
		st.o = o
	}
	return err
}

// Follow lets parcels follow what was done with their order; package app calls
// it for each move. What followed from a parcel is left alone.
func (s *Service) Follow(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order, e order.Event) error {
	if !e.Parcel.IsZero() || !o.Way.Brought() || o.Channel.Past() {
		return nil
	}
	all, err := s.ofOrder(ctx, tx, sc, o.ID)
	if err != nil {
		return err
	}
	if len(all) == 0 && (e.Act == order.ActPack || e.Act == order.ActAssign || e.Act == order.ActHandOver) {
		st, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		o.State = e.From // it is made as the order was, and then follows
		p, err := s.make(ctx, tx, sc, o, 1, whole(o), st)
		if err != nil {
			return err
		}
		o.State, all = e.To, []Parcel{p}
	}
	if e.Act == order.ActEdit {
		return s.edited(ctx, tx, sc, o, all)
	}
	for i := range all {
		if err := s.follow(ctx, tx, sc, o, e, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// follow lets one parcel follow a move of its order.
func (s *Service) follow(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order, e order.Event, p *Parcel) error {
	at := e.At
	shift := func(act Act, to carrier.Status, from ...carrier.Status) error {
		if !slices.Contains(from, p.Status) {
			return nil
		}
		was := p.Status
		p.Status, p.StatusAt = to, at
		line := Event{ID: id.At(tx.Now), Parcel: p.ID, Act: act, Reason: p.Reason, Receiver: p.Receiver, Relation: p.Relation, At: at}
		if act == ActDeliver && p.Due() == 0 && p.COD > 0 {
			line.Amount, line.Method = p.Taken, p.TakenBy
		}
		return s.ended(ctx, tx, sc, p, line, was)
	}
	switch e.Act {
	case order.ActPack:
		return shift(ActReady, carrier.Ready, carrier.Draft)
	case order.ActAssign:
		p.Courier, p.Carrier, p.Place = o.Courier, Own, 0
		return shift(ActAssign, p.Status, before...)
	case order.ActHandOver:
		if p.Carrier == Own {
			p.Courier = o.Courier
		}
		p.HandedAt = &at
		return shift(ActTake, carrier.PickedUp, before...)
	case order.ActDeliver:
		p.DoneAt, p.Receiver, p.Relation, p.Reason = &at, o.Receiver, o.Relation, ""
		if due := p.COD - p.Taken; due > 0 && e.Amount > 0 {
			p.Taken += min(due, e.Amount)
			p.TakenBy = e.Method
		}
		return shift(ActDeliver, carrier.Delivered, open...)
	case order.ActFail:
		if slices.Contains(moving, p.Status) {
			p.Attempts++
			p.Reason, p.OutAt = carrier.Reason(e.Reason), nil
		}
		return shift(ActFail, carrier.AttemptFailed, moving...)
	case order.ActRetry:
		if p.Carrier == Own && !o.Courier.IsZero() {
			p.Courier = o.Courier
		}
		return shift(ActTake, carrier.PickedUp, carrier.AttemptFailed)
	case order.ActUndo:
		switch order.Act(e.Reason) {
		case order.ActPack:
			return shift(ActMake, carrier.Draft, carrier.Ready)
		case order.ActRetry:
			return shift(ActFail, carrier.AttemptFailed, carrier.PickedUp)
		}
	case order.ActReturn:
		p.Restocked = true
		return shift(ActReturn, carrier.Returned, append(slices.Clone(open), carrier.Returning)...)
	case order.ActCancel, order.ActWithdraw, order.ActExpire, order.ActDecline:
		return shift(ActCancel, carrier.Cancelled, before...)
	case order.ActPay, order.ActRefund:
		return s.owed(ctx, tx, sc, o, p)
	}
	return nil
}

// owed keeps what is to be taken at the door in step with what is owed.
func (s *Service) owed(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order, p *Parcel) error {
	if p.N != 1 || o.PayBy != payment.COD || p.Status.Final() {
		return nil
	}
	if want := p.Taken + max(0, o.Due()); want != p.COD {
		p.COD = want
		if err := s.save(ctx, tx, sc, p); err != nil || s.OnMoved == nil || !IsFirm(p.Carrier) {
			return err
		}
		return s.OnMoved(ctx, tx, sc, *p, Event{Parcel: p.ID, Act: ActChange, Status: p.Status, At: tx.Now})
	}
	return nil
}

// ended saves a parcel that followed and tells who waits for it.
func (s *Service) ended(ctx context.Context, tx *store.Tx, sc authz.Scope, p *Parcel, e Event, from carrier.Status) error {
	st := &step{s: s, tx: tx, sc: sc, p: p, e: e, follows: true}
	return st.end(ctx, from)
}

// edited lets parcels follow a change of what was ordered, or where it goes:
// one parcel is filled anew, several become one again.
func (s *Service) edited(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order, all []Parcel) error {
	if len(all) == 0 {
		return nil
	}
	set, err := s.Settings(ctx, tx, sc)
	if err != nil {
		return err
	}
	first := all[0]
	for _, p := range all {
		if err := s.drop(ctx, tx, sc, p.ID); err != nil {
			return err
		}
	}
	if !o.Way.Brought() {
		return s.remade(ctx, tx, sc, all, Parcel{})
	}
	p, err := s.make(ctx, tx, sc, o, 1, whole(o), set)
	if err != nil {
		return err
	}
	if len(all) > 1 {
		return s.remade(ctx, tx, sc, all, Parcel{})
	}
	p.Carrier, p.Service, p.Waybill, p.Courier, p.DueFrom, p.DueUntil = first.Carrier, first.Service, first.Waybill, first.Courier, first.DueFrom, first.DueUntil
	p.LeaveWith, p.Cost = first.LeaveWith, first.Cost
	if IsFirm(p.Carrier) {
		p.CodeAsked = false
	}
	if err := s.open(ctx, tx, sc, p); err != nil {
		return err
	}
	if err := s.save(ctx, tx, sc, &p); err != nil {
		return err
	}
	return s.remade(ctx, tx, sc, all, p)
}

// remade tells what became of parcels that were taken away.
func (s *Service) remade(ctx context.Context, tx *store.Tx, sc authz.Scope, was []Parcel, is Parcel) error {
	if s.OnRemade == nil {
		return nil
	}
	for _, p := range was {
		if err := s.OnRemade(ctx, tx, sc, p.ID, is); err != nil {
			return err
		}
	}
	return nil
}
