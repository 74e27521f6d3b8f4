package demo

import (
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
)

// act moves the order on at the tale's time. It does nothing, and says so, once
// that time has not come yet.
func (t *tale) act(a order.Act, why string) bool {
	if t.at.After(t.m.now) {
		return false
	}
	o, at, from := &t.o, t.at, t.o.State
	by, person := authz.Owner, t.s.owner
	e := order.Event{ID: t.part(at), Act: a, From: from, Reason: why, At: at}
	switch a {
	case order.ActAccept:
		o.State, o.AcceptedAt = order.Accepted, &at
	case order.ActPack:
		o.State, o.PackedAt = order.Packed, &at
	case order.ActHandOver:
		o.State, o.SentAt, o.Courier, o.HoldUntil = order.Sent, &at, t.s.courier, nil
		t.take()
	case order.ActCollect:
		o.State, o.DoneAt, o.HoldUntil = order.Done, &at, nil
		t.take()
		t.rest(&e, payment.Cash, id.ID{}, person)
	case order.ActDeliver:
		if !o.Courier.IsZero() {
			by, person = authz.Courier, o.Courier
		}
		o.State, o.DoneAt, o.Reason = order.Done, &at, ""
		o.Receiver, o.Relation = o.Name, order.Relations[0]
		t.rest(&e, payment.COD, o.Courier, person)
	case order.ActFail:
		if !o.Courier.IsZero() {
			by, person = authz.Courier, o.Courier
		}
		o.State, o.Reason = order.Failed, why
		o.Tries++
	case order.ActRetry:
		o.State = order.Sent
	case order.ActReturn:
		o.State, o.Reason = order.Returned, why
		t.move(stock.Returned, 1, 0)
		t.void(person)
	case order.ActDecline, order.ActCancel:
		t.cancel(why, person)
	case order.ActWithdraw:
		by, person = authz.Guest, id.ID{}
		t.cancel(why, person)
	case order.ActExpire:
		by, person = authz.Machine, id.ID{}
		t.cancel(why, person)
	case order.ActClaim:
		by, person = authz.Guest, id.ID{}
		o.ClaimedAt, o.HoldUntil = &at, nil
	case order.ActPay:
		e.Amount, e.Method = o.Due(), o.PayBy
		t.pay(o.PayBy, o.Due(), 0, id.ID{}, person)
	case order.ActComplain:
		by, person = authz.Guest, id.ID{}
		o.Complaint, o.ComplainedAt = why, &at
		e.Text = "Mohon dicek ya, terima kasih."
	case order.ActAnswer:
		o.Complaint, o.ComplainedAt = "", nil
		e.Text = "Mohon maaf, sudah kami ganti."
	case order.ActRefund:
		amount := (o.Paid - o.Refunded) / 4
		if o.State.Void() {
			amount = o.Paid - o.Refunded
		}
		if amount == 0 {
			return true
		}
		method := o.PayBy
		if method == payment.COD {
			method = payment.Cash
		}
		allowed := amount - min(amount, max(0, -o.Due()))
		t.pay(method, -amount, allowed, id.ID{}, person)
		e.Amount, e.Method = -amount, method
		if o.State == order.Done {
			t.spent -= allowed
		}
	}
	e.By, e.Person, e.To = string(by), person, o.State
	t.events = append(t.events, e)
	o.ChangedAt = at
	if from != o.State {
		o.LastAct, o.LastFrom, o.LastBy, o.LastAt = a, from, person, &at
		switch {
		case o.State == order.Done:
			t.spent = o.Total - o.Code - o.Allowance
		case o.State.Void():
			t.spent, t.counted = 0, false
		}
		if o.State.Over() && !from.Over() {
			o.EndedAt = &at
		}
	}
	return true
}

// take lets the goods go that the order held.
func (t *tale) take() {
	t.move(stock.Sold, -1, -1)
	t.held = false
}

// rest notes what is paid when the goods are handed over.
func (t *tale) rest(e *order.Event, method payment.Method, holder, by id.ID) {
	if due := t.o.Due(); due > 0 && !t.o.PayBy.Ahead() {
		e.Amount, e.Method = due, method
		t.pay(method, due, 0, holder, by)
	}
}

func (t *tale) cancel(why string, by id.ID) {
	t.o.State, t.o.Reason, t.o.HoldUntil, t.o.ClaimedAt = order.Cancelled, why, nil, nil
	t.move(stock.Released, 0, -1)
	t.held = false
	t.void(by)
}

// void takes back what the order booked.
func (t *tale) void(by id.ID) {
	o := t.o
	t.post("order/"+o.ID.String()+"/void", "order.void", by, append(order.Charge(o, -1),
		ledger.Line{Account: ledger.Refund, Amount: -o.Allowance}, ledger.Line{Account: ledger.Receivable, Amount: o.Allowance}))
}

// goOn does acts one after the other, some minutes apart, as far as now.
func (t *tale) goOn(steps ...step) bool {
	for _, s := range steps {
		t.later(s.from, s.to)
		if !t.act(s.act, s.why) {
			return false
		}
	}
	return true
}

type step struct {
	act      order.Act
	from, to int // minutes after the one before
	why      string
}

// live is how most orders go on, from being placed to their end.
func (t *tale) live() {
	o, r := &t.o, t.r
	if o.Channel == order.Counter {
		if o.PayBy.Ahead() {
			t.act(order.ActPay, "")
		}
		t.act(order.ActCollect, "")
		return
	}
	x := r.IntN(1000)
	switch {
	case o.PayBy.Ahead() && x < 60: // forgotten
		t.at = *o.HoldUntil
		t.act(order.ActExpire, order.ReasonExpired)
		return
	case o.State == order.Placed && x < 18:
		t.goOn(step{order.ActDecline, 3, 90, pick(r, []string{"sold_out", "too_far", "too_busy"})})
		return
	case o.State == order.Placed && x < 32:
		t.goOn(step{order.ActWithdraw, 2, 40, pick(r, []string{"changed_mind", "wrong_order", "too_long"})})
		return
	}
	if o.PayBy == payment.Transfer || o.PayBy == payment.QRIS {
		if !t.goOn(step{order.ActClaim, 3, 25, ""}, step{order.ActPay, 4, 120, ""}) {
			return
		}
	}
	if o.State == order.Placed && !t.goOn(step{order.ActAccept, 1, 35, ""}) {
		return
	}
	if x >= 990 {
		t.goOn(step{order.ActCancel, 10, 60, "buyer_asked"}, step{order.ActRefund, 20, 300, "cancelled"})
		return
	}
	wait := int(o.ReadyDays) * 24 * 60
	if !t.goOn(step{order.ActPack, 10 + wait*8/10, 90 + wait, ""}) {
		return
	}
	if o.Way == order.Pickup {
		if t.goOn(step{order.ActCollect, 15, 360, ""}) && x > 980 {
			t.goOn(step{order.ActComplain, 30, 600, "missing"}, step{order.ActAnswer, 20, 300, ""}, step{order.ActRefund, 1, 30, "missing"})
		}
		return
	}
	if !t.goOn(step{order.ActHandOver, 10, 180, ""}) {
		return
	}
	switch {
	case x > 960 && x < 972:
		t.goOn(step{order.ActFail, 20, 90, "nobody_home"}, step{order.ActReturn, 60, 300, "undelivered"}, step{order.ActRefund, 10, 200, "cancelled"})
	case x > 940 && x < 960:
		t.goOn(step{order.ActFail, 20, 90, pick(r, []string{"nobody_home", "another_time"})}, step{order.ActRetry, 60, 400, ""}, step{order.ActDeliver, 20, 90, ""})
	default:
		t.goOn(step{order.ActDeliver, 15, 110, ""})
	}
}

// liveActs are orders that the showcase has in hand right now: how many minutes
// ago each was placed, how it is fetched and paid, and what happened since.
var liveActs = []struct {
	ago   int
	way   order.Way
	pay   payment.Method
	steps []step
}{
	{4, order.Own, payment.COD, nil},
	{11, order.Pickup, payment.Cash, nil},
	{19, order.Own, payment.Transfer, nil},
	{52, order.Own, payment.Transfer, []step{{order.ActClaim, 9, 9, ""}}},
	{75, order.Pickup, payment.QRIS, []step{{order.ActClaim, 3, 3, ""}, {order.ActAccept, 6, 6, ""}}},
	{88, order.Own, payment.COD, []step{{order.ActAccept, 6, 6, ""}}},
	{120, order.Pickup, payment.Cash, []step{{order.ActAccept, 3, 3, ""}, {order.ActPack, 40, 40, ""}}},
	{141, order.Own, payment.COD, []step{{order.ActAccept, 5, 5, ""}, {order.ActPack, 35, 35, ""}}},
	{165, order.Own, payment.COD, []step{{order.ActAccept, 4, 4, ""}, {order.ActPack, 45, 45, ""}, {order.ActHandOver, 50, 50, ""}}},
	{172, order.Own, payment.Transfer, []step{{order.ActClaim, 4, 4, ""}, {order.ActPay, 8, 8, ""}, {order.ActAccept, 1, 1, ""}, {order.ActPack, 30, 30, ""}, {order.ActHandOver, 60, 60, ""}}},
	{230, order.Own, payment.COD, []step{{order.ActAccept, 9, 9, ""}, {order.ActPack, 40, 40, ""}, {order.ActHandOver, 60, 60, ""}, {order.ActFail, 50, 50, "nobody_home"}}},
	{300, order.Own, payment.COD, []step{{order.ActAccept, 9, 9, ""}, {order.ActPack, 40, 40, ""}, {order.ActHandOver, 60, 60, ""}, {order.ActDeliver, 45, 45, ""}}},
	{330, order.Own, payment.COD, []step{{order.ActAccept, 9, 9, ""}, {order.ActPack, 30, 30, ""}, {order.ActHandOver, 40, 40, ""}, {order.ActDeliver, 45, 45, ""}, {order.ActComplain, 70, 70, "missing"}}},
	{350, order.Own, payment.COD, []step{{order.ActWithdraw, 12, 12, "changed_mind"}}},
	{1500, order.Own, payment.COD, []step{{order.ActAccept, 9, 9, ""}, {order.ActPack, 30, 30, ""}, {order.ActHandOver, 40, 40, ""}, {order.ActFail, 45, 45, "refused"}, {order.ActReturn, 200, 200, "undelivered"}}},
}

// tell makes the n-th order of a shop, counted from one.
func (m *Maker) tell(s *shop, at time.Time, number int64) *tale {
	t := &tale{m: m, s: s, r: m.rnd(kOrder, uint64(s.n), uint64(number))}
	t.place(at, number, false)
	t.live()
	return t
}

// tellLive makes an order that the showcase has in hand.
func (m *Maker) tellLive(s *shop, i int) *tale {
	l := liveActs[i]
	number := s.orders + int64(len(liveActs)-i)
	t := &tale{m: m, s: s, r: m.rnd(kOrder, uint64(s.n), uint64(number))}
	at := m.now.Add(-time.Duration(l.ago) * time.Minute)
	o := &t.o
	t.at = at
	*o = order.Order{
		Business: s.id, Number: number, Revision: 1, State: order.Placed, Channel: order.Web, Way: l.way, PayBy: l.pay, PlacedAt: at, ChangedAt: at,
		ID: m.id(at, kOrder, uint64(s.n), uint64(number)),
	}
	t.lines(true)
	if l.way == order.Own {
		o.Shipping = s.fee
	}
	t.finish()
	t.goOn(l.steps...)
	return t
}

// times are when the orders of a day were placed, the first first.
func (m *Maker) times(s *shop, d int) []time.Time {
	n := s.upTo[d+1] - s.upTo[d]
	if n == 0 {
		return nil
	}
	r := m.rnd(kOrder+1, uint64(s.n), uint64(d))
	from, to := m.day(d).Add(7*time.Hour), m.day(d).Add(20*time.Hour)
	if d == days-1 { // of today, what is over
		if from.After(m.now) {
			from = m.day(d)
		}
		if to.After(m.now) {
			to = m.now
		}
	}
	span := max(1, int64(to.Sub(from)/time.Second))
	list := make([]time.Time, n)
	for i := range list {
		list[i] = from.Add(time.Duration(r.Int64N(span)) * time.Second).UTC()
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}
