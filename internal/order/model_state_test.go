package order_test

import (
	"slices"
	"time"

	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
)

// What the shop of the model charges.
const (
	modelShipping = 12_000
	modelCODFee   = 2_000
)

var modelPrices = [2]int64{18_000, 32_000}

// modelLine is so many of the small or the large one.
type modelLine struct {
	variant  int
	quantity int64
}

// modelOrder is an order as the rules in plain words have it, reckoned without
// the product's own tables.
type modelOrder struct {
	id       id.ID
	link     string
	state    order.State
	way      order.Way
	payBy    payment.Method
	lines    []modelLine
	shipping int64
	fee      int64
	code     int64
	paid     int64
	refunded int64
	gave     int64 // of what was owed, given back
	claimed  bool
	hold     *time.Time
	angry    bool
	courier  id.ID
	ended    *time.Time
	last     order.Act
	lastFrom order.State
	lastAt   time.Time
}

// modelShop is a whole shop: orders, shelves and accounts of money.
type modelShop struct {
	now      time.Time
	onHand   [2]int64
	reserved [2]int64
	money    map[ledger.Balance]int64 // of the accounts that money lies in; Amount is zero in the key
	orders   []*modelOrder
}

func (m *modelShop) free(i int) int64 { return max(0, m.onHand[i]-m.reserved[i]) }

// fits reports whether so much is free.
func (m *modelShop) fits(lines []modelLine) bool {
	for _, l := range lines {
		if l.quantity > m.free(l.variant) {
			return false
		}
	}
	return true
}

func (m *modelShop) hold(lines []modelLine, sign int64) {
	for _, l := range lines {
		m.reserved[l.variant] += sign * l.quantity
	}
}

// take hands over what was held; what the shelf had too little of is booked in first.
func (m *modelShop) take(lines []modelLine) {
	m.hold(lines, -1)
	for _, l := range lines {
		m.onHand[l.variant] = max(0, m.onHand[l.variant]-l.quantity)
	}
}

func (m *modelShop) book(method payment.Method, holder id.ID, amount int64) {
	key := ledger.Balance{Account: ledger.Cash}
	switch {
	case method == payment.Transfer:
		key.Account = ledger.Bank
	case method == payment.QRIS:
		key.Account = ledger.QRIS
	case !holder.IsZero():
		key.Account, key.Holder = ledger.CourierCash, holder
	}
	m.money[key] += amount
}

// balances is what must stand on all accounts.
func (m *modelShop) balances() map[ledger.Balance]int64 {
	all := map[ledger.Balance]int64{}
	for k, n := range m.money {
		all[k] = n
	}
	for _, o := range m.orders {
		all[ledger.Balance{Account: ledger.Receivable}] += o.due()
		if o.void() {
			continue
		}
		all[ledger.Balance{Account: ledger.Sales}] -= o.goods()
		all[ledger.Balance{Account: ledger.Shipping}] -= o.shipping
		all[ledger.Balance{Account: ledger.CODFee}] -= o.fee
		all[ledger.Balance{Account: ledger.UniqueCode}] -= o.code
		all[ledger.Balance{Account: ledger.Refund}] += o.gave
	}
	for k, n := range all {
		if n == 0 {
			delete(all, k)
		}
	}
	return all
}

func (o *modelOrder) goods() (sum int64) {
	for _, l := range o.lines {
		sum += modelPrices[l.variant] * l.quantity
	}
	return sum
}

func (o *modelOrder) total() int64 { return o.goods() + o.shipping + o.fee + o.code }
func (o *modelOrder) void() bool   { return o.state == order.Cancelled || o.state == order.Returned }
func (o *modelOrder) over() bool   { return o.void() || o.state == order.Done }
func (o *modelOrder) holds() bool  { return o.in(order.Placed, order.Accepted, order.Packed) }
func (o *modelOrder) ahead() bool  { return o.payBy == payment.Transfer || o.payBy == payment.QRIS }

func (o *modelOrder) in(states ...order.State) bool { return slices.Contains(states, o.state) }

func (o *modelOrder) due() int64 {
	if o.void() {
		return o.refunded - o.paid
	}
	return o.total() - o.gave - o.paid + o.refunded
}

func (o *modelOrder) payState() order.PayState {
	due, net := o.due(), o.paid-o.refunded
	if due < 0 {
		return order.Over
	}
	if o.refunded > 0 && net == 0 {
		return order.Refunded
	}
	if due == 0 && !o.void() {
		return order.Paid
	}
	if net > 0 {
		return order.Part
	}
	if o.claimed && !o.void() {
		return order.Claimed
	}
	return order.Unpaid
}

// may reports whether an act fits: the rules of an order's life in one place,
// written down a second time.
func (o *modelOrder) may(a order.Act, now time.Time) bool {
	switch a {
	case order.ActAccept, order.ActDecline:
		return o.in(order.Placed)
	case order.ActPack, order.ActCancel:
		return o.in(order.Accepted) || a == order.ActCancel && o.in(order.Packed)
	case order.ActAssign:
		return o.in(order.Accepted, order.Packed) && o.way == order.Own
	case order.ActHandOver:
		return o.in(order.Accepted, order.Packed) && o.way == order.Own && (!o.ahead() || o.due() <= 0)
	case order.ActCollect:
		return o.in(order.Accepted, order.Packed) && o.way == order.Pickup && (!o.ahead() || o.due() <= 0)
	case order.ActDeliver, order.ActFail:
		return o.in(order.Sent)
	case order.ActRetry:
		return o.in(order.Failed)
	case order.ActReturn:
		return o.in(order.Failed, order.Done)
	case order.ActAnswer:
		return o.angry
	case order.ActEdit:
		return o.holds()
	case order.ActPay:
		return !o.void() && o.due() > 0
	case order.ActRefund:
		return o.paid > o.refunded
	case order.ActClaim:
		return !o.over() && o.ahead() && o.due() > 0
	case order.ActUnclaim:
		return !o.over() && o.claimed && o.due() > 0
	case order.ActWithdraw:
		return o.in(order.Placed, order.Accepted)
	case order.ActComplain:
		return !o.void() && !o.in(order.Placed) && !o.angry
	case order.ActExpire:
		return o.holds() && o.hold != nil && !o.claimed && o.paid == 0 && !now.Before(*o.hold)
	case order.ActNote:
		return true
	case order.ActUndo:
		back := map[order.Act]order.State{order.ActAccept: order.Accepted, order.ActPack: order.Packed, order.ActRetry: order.Sent}
		s, ok := back[o.last]
		return ok && s == o.state && now.Sub(o.lastAt) <= 10*time.Second
	}
	return false
}

// The acts of the shop's people, and of the buyer.
var (
	modelOwner = []order.Act{
		order.ActAccept, order.ActPay, order.ActUnclaim, order.ActPack, order.ActAssign, order.ActHandOver, order.ActCollect, order.ActDeliver,
		order.ActFail, order.ActRetry, order.ActReturn, order.ActAnswer, order.ActEdit, order.ActRefund, order.ActNote, order.ActDecline, order.ActCancel,
		order.ActUndo,
	}
	modelBuyer = []order.Act{order.ActClaim, order.ActWithdraw, order.ActComplain}
)

// to moves the order to another state.
func (o *modelOrder) to(m *modelShop, a order.Act, s order.State) {
	was := o.over()
	o.last, o.lastFrom, o.lastAt, o.state = a, o.state, m.now, s
	if o.over() && !was {
		now := m.now
		o.ended = &now
	}
}

// got is money that came in.
func (o *modelOrder) got(m *modelShop, method payment.Method, holder id.ID, amount int64) {
	if amount == 0 {
		return
	}
	m.book(method, holder, amount)
	o.paid += amount
	if o.code > 0 && o.due() == o.code {
		o.code = 0
	}
	o.settled()
}

func (o *modelOrder) settled() {
	o.hold = nil
	if o.due() <= 0 {
		o.claimed = false
	}
}

// wait gives the buyer as much time as the way to pay has.
func (o *modelOrder) wait(now time.Time) {
	d := map[payment.Method]time.Duration{payment.Transfer: 24 * time.Hour, payment.QRIS: 30 * time.Minute}[o.payBy]
	if o.hold = nil; d > 0 {
		until := now.Add(d)
		o.hold = &until
	}
}

// do makes an act that fits. What else may be wrong with the wish comes back as false.
func (o *modelOrder) do(m *modelShop, w order.Move, edited []modelLine) bool {
	switch w.Act {
	case order.ActAccept:
		o.to(m, w.Act, order.Accepted)
	case order.ActPack:
		o.to(m, w.Act, order.Packed)
	case order.ActAssign:
		o.courier = w.Courier
	case order.ActHandOver:
		m.take(o.lines)
		o.hold = nil
		if !w.Courier.IsZero() {
			o.courier = w.Courier
		}
		o.to(m, w.Act, order.Sent)
	case order.ActCollect, order.ActDeliver:
		rest, usual, holder := o.due(), payment.Cash, id.ID{}
		if w.Act == order.ActDeliver {
			usual, holder = payment.COD, o.courier
		}
		switch {
		case w.Received && w.Amount > max(0, rest) && rest > 0:
			return false
		case rest <= 0, !w.Received && o.ahead():
			rest = 0
		case w.Received:
			rest = w.Amount
		}
		if w.Method.Valid() {
			usual = w.Method
		}
		if w.Act == order.ActCollect {
			m.take(o.lines)
			o.hold = nil
		}
		o.to(m, w.Act, order.Done)
		o.got(m, usual, holder, rest)
	case order.ActFail:
		o.to(m, w.Act, order.Failed)
	case order.ActRetry:
		if !w.Courier.IsZero() {
			o.courier = w.Courier
		}
		o.to(m, w.Act, order.Sent)
	case order.ActReturn:
		if w.Restock {
			for _, l := range o.lines {
				m.onHand[l.variant] += l.quantity
			}
		}
		o.to(m, w.Act, order.Returned)
	case order.ActDecline, order.ActCancel, order.ActWithdraw, order.ActExpire:
		m.hold(o.lines, -1)
		o.hold, o.claimed = nil, false
		o.to(m, w.Act, order.Cancelled)
	case order.ActComplain, order.ActAnswer:
		o.angry = w.Act == order.ActComplain
	case order.ActPay:
		if w.Amount > o.due() {
			return false
		}
		holder := id.ID{}
		if w.Method == payment.COD {
			holder = w.Courier
		}
		o.got(m, w.Method, holder, w.Amount)
	case order.ActRefund:
		if w.Amount > o.paid-o.refunded {
			return false
		}
		o.gave += w.Amount - min(w.Amount, max(0, -o.due()))
		o.refunded += w.Amount
		m.book(w.Method, id.ID{}, -w.Amount)
	case order.ActClaim:
		o.claimed, o.hold = true, nil
	case order.ActUnclaim:
		if o.claimed = false; o.paid == 0 && o.holds() {
			o.wait(m.now)
		}
	case order.ActUndo:
		o.state, o.last = o.lastFrom, ""
	case order.ActEdit:
		return o.edit(m, w, edited)
	}
	return true
}

func (o *modelOrder) edit(m *modelShop, w order.Move, lines []modelLine) bool {
	if !slices.Equal(o.lines, lines) {
		m.hold(o.lines, -1)
		if !m.fits(lines) {
			m.hold(o.lines, 1)
			return false
		}
		m.hold(lines, 1)
		o.lines = lines
	}
	if w.Edit.Shipping != nil {
		o.shipping = *w.Edit.Shipping
	}
	if o.due() <= 0 {
		o.settled()
	}
	return true
}
