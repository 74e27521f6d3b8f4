package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
)

// shift is a change of stock that an order makes.
type shift struct {
	at       time.Time
	line     int
	reason   stock.Reason
	quantity int64
	held     int64
}

// tale is one order as it went, up to now.
type tale struct {
	m *Maker
	s *shop
	r *rand.Rand

	o       order.Order
	buyer   int // of the shop's customers; below zero: nobody known
	at      time.Time
	spent   int64
	counted bool // among the customer's orders
	held    bool
	events  []order.Event
	entries []entry
	paid    []paid
	shifts  []shift
	parts   uint64
	consent bool
}

type entry struct {
	id    id.ID
	key   string
	kind  string
	by    id.ID
	at    time.Time
	lines []ledger.Line
}

type paid struct {
	payment.Payment
	by id.ID
}

// part is the id of a thing that belongs to the order.
func (t *tale) part(at time.Time) id.ID {
	t.parts++
	return t.m.id(at, kOrder+t.parts, uint64(t.s.n), uint64(t.o.Number))
}

// later moves the tale's clock on by something between two numbers of minutes.
func (t *tale) later(from, to int) time.Time {
	t.at = t.at.Add(time.Duration(from*60+t.r.IntN((to-from)*60+1)) * time.Second)
	return t.at
}

// place begins the order.
func (t *tale) place(at time.Time, number int64, live bool) {
	s, r := t.s, t.r
	t.at = at
	o := &t.o
	*o = order.Order{
		Business: s.id, Number: number, Revision: 1, State: order.Placed, Channel: order.Web, Way: order.Pickup, PlacedAt: at, ChangedAt: at,
	}
	o.ID = t.m.id(at, kOrder, uint64(s.n), uint64(number))
	t.lines(live)
	switch x := r.IntN(100); {
	case live:
	case x < 12:
		o.Channel = order.Counter
	case x < 32:
		o.Channel = order.Chat
	}
	if s.brings && o.Channel != order.Counter && r.IntN(100) < 68 {
		o.Way, o.Shipping = order.Own, s.fee
		if o.Goods >= 150_000 {
			o.Shipping = 0
		}
	}
	switch x := r.IntN(100); { // 82 % at hand-over, 13 % by transfer
	case x < 82 && o.Way == order.Own:
		o.PayBy = payment.COD
	case x < 82:
		o.PayBy = payment.Cash
	case x < 95:
		o.PayBy = payment.Transfer
	default:
		o.PayBy = payment.QRIS
	}
	t.finish()
}

func (t *tale) lines(live bool) {
	s, r, o := t.s, t.r, &t.o
	n := 1
	for n < min(4, len(s.products)) && r.IntN(100) < 34 {
		n++
	}
	first := r.IntN(len(s.products))
	if f := r.Float64(); f < .6 { // the first goods sell best
		first = int(f * f * 2.7 * float64(len(s.products)))
	}
	for i := range n {
		p := s.products[(first+i*3)%len(s.products)]
		v := p.variants[r.IntN(len(p.variants))]
		q := int64(1)
		if p.price < 100_000 {
			q += int64(r.IntN(3)) * int64(r.IntN(2))
		}
		if live && v.base == 0 || repeated(o.Lines, v.id) {
			continue
		}
		o.Lines = append(o.Lines, order.Line{
			Product: p.id, Variant: v.id, Title: p.name, VariantName: v.name, Photo: p.photo, Price: v.price, Quantity: q, WeightGrams: p.weight,
			ReadyDays: p.days, Tracked: s.tracked,
		})
	}
	if len(o.Lines) == 0 {
		p := s.products[0]
		v := p.variants[0]
		o.Lines = append(o.Lines, order.Line{
			Product: p.id, Variant: v.id, Title: p.name, VariantName: v.name, Photo: p.photo, Price: v.price, Quantity: 1, WeightGrams: p.weight,
			ReadyDays: p.days, Tracked: s.tracked,
		})
	}
	for _, l := range o.Lines {
		o.Goods += l.Sum()
		o.Pieces += l.Quantity
		o.WeightGrams += l.WeightGrams * l.Quantity
		o.ReadyDays = max(o.ReadyDays, l.ReadyDays)
	}
}

func repeated(lines []order.Line, v id.ID) bool {
	for _, l := range lines {
		if l.Variant == v {
			return true
		}
	}
	return false
}

// finish says who buys and what it costs, once way and payment are known, and
// writes down that it was placed.
func (t *tale) finish() {
	s, r, o := t.s, t.r, &t.o
	t.buyer = -1
	if o.Channel != order.Counter || r.IntN(100) < 30 {
		f := r.Float64()
		t.buyer = int(f * f * (5 + float64(o.Number)*.3))
		t.meet()
	}
	if len(s.vouchers) > 0 && o.Goods >= 50_000 && o.Phone != "" && r.IntN(100) < 10 {
		o.Voucher, o.Discount = s.vouchers[0].code, min(10_000, o.Goods/10)
	}
	o.Total = o.Goods - o.Discount + o.Shipping
	if o.PayBy == payment.Transfer && o.Channel != order.Counter {
		o.Code = 1 + o.Number*37%payment.MaxUnique
		o.Total += o.Code
	}
	if o.PayBy.Ahead() && o.Channel != order.Counter {
		hold := 24 * time.Hour
		if o.PayBy == payment.QRIS {
			hold = 30 * time.Minute
		}
		until := o.PlacedAt.Add(hold)
		o.HoldUntil = &until
	}
	by, person := authz.Guest, id.ID{}
	if o.Channel != order.Web {
		at := o.PlacedAt
		o.State, o.AcceptedAt, o.PlacedBy = order.Accepted, &at, s.owner
		by, person = authz.Owner, s.owner
	}
	if o.Channel == order.Counter && o.PayBy == payment.Cash {
		o.CashGiven = (o.Total + 9_999) / 10_000 * 10_000
	}
	t.events = append(t.events, order.Event{
		ID: t.part(t.at), Act: order.ActPlace, To: o.State, By: string(by), Person: person, Amount: o.Total, Method: o.PayBy, At: t.at,
	})
	t.post("order/"+o.ID.String()+"/placed", "order.placed", person, order.Charge(*o, 1))
	t.move(stock.Held, 0, 1)
	t.held, t.counted = true, true
}

// meet says who the customer is: the same number in a shop is the same person.
func (t *tale) meet() {
	o, s := &t.o, t.s
	r := t.m.rnd(kCustomer, uint64(s.n), uint64(t.buyer))
	_, o.Name = t.m.words.person(r)
	n := t.buyer
	if n < 10_000 { // within 0812 0000 xxxx as long as that is enough
		n = (n + int(mix(uint64(s.n))%10_000)) % 10_000
	}
	o.Phone = fmt.Sprintf("+62812%08d", n)
	o.Customer = t.m.id(s.opened, kCustomer, uint64(s.n), uint64(t.buyer))
	t.consent = r.IntN(100) < 35
	if o.Way == order.Own {
		v := pick(r, s.around)
		o.Village, o.Street, o.Landmark = v.Code, street(r), pick(r, landmarks)
	}
}

// address is where the customer had it brought.
func (t *tale) address() customer.Address {
	return customer.Address{Village: t.o.Village, Street: t.o.Street, Landmark: t.o.Landmark}
}

// post books lines at the tale's time.
func (t *tale) post(key, kind string, by id.ID, lines []ledger.Line) {
	var list []ledger.Line
	for _, l := range lines {
		if l.Amount != 0 {
			list = append(list, l)
		}
	}
	if len(list) > 0 {
		t.entries = append(t.entries, entry{t.part(t.at), key, kind, by, t.at, list})
	}
}

// move shifts the stock of every line by so many times its quantity.
func (t *tale) move(reason stock.Reason, quantity, held int64) {
	for i, l := range t.o.Lines {
		if l.Tracked {
			t.shifts = append(t.shifts, shift{t.at, i, reason, quantity * l.Quantity, held * l.Quantity})
		}
	}
}

// pay notes money received, or given back when it is below zero.
func (t *tale) pay(method payment.Method, amount, allowed int64, holder, by id.ID) {
	o := &t.o
	account := ledger.Cash
	switch {
	case method == payment.Transfer:
		account = ledger.Bank
	case method == payment.QRIS:
		account = ledger.QRIS
	case !holder.IsZero():
		account = ledger.CourierCash
	}
	p := payment.Payment{ID: t.part(t.at), Order: o.ID, Method: method, Amount: amount, Holder: holder, At: t.at}
	t.paid = append(t.paid, paid{p, by})
	kind := "payment.in"
	if amount < 0 {
		kind = "payment.out"
		o.Refunded -= amount
		o.Allowance += allowed
	} else {
		o.Paid += amount
		o.HoldUntil, o.ClaimedAt = nil, nil
	}
	t.post("payment/"+p.ID.String(), kind, by, []ledger.Line{
		{Account: account, Holder: holder, Amount: amount},
		{Account: ledger.Refund, Amount: allowed},
		{Account: ledger.Receivable, Amount: -amount - allowed},
	})
}
