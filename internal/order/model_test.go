package order_test

import (
	"errors"
	"flag"
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/store/storetest/linear"
)

// modelRun is a shop, what the model says of it, and the people who act.
type modelRun struct {
	*modelShop
	t        *testing.T
	shop     *shop
	variants [2]id.ID
	couriers [2]id.ID
}

// Any run of what people do with orders leaves orders, shelves and books as a
// plain model has them, and offers what the model allows.
func TestOrdersLiveAsTheModelSays(t *testing.T) {
	few, many := "10", "200"
	if linear.Long() {
		few = many
	}
	for name, value := range map[string]string{"rapid.checks": few, "rapid.steps": "40"} {
		f := flag.Lookup(name)
		was := f.Value.String()
		if name == "rapid.checks" && was != f.DefValue { // asked for
			continue
		}
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, was) })
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now().UTC().Truncate(time.Second)
		db.Now = func() time.Time { return now }
		s := newServer(t, db)
		began, acts := time.Now(), map[order.Act]int{}
		rapid.Check(t, func(r *rapid.T) {
			m := newModelRun(t, s, now)
			r.Repeat(map[string]func(*rapid.T){
				"":         m.check,
				"place":    func(r *rapid.T) { m.place(r, acts) },
				"place2":   func(r *rapid.T) { m.place(r, acts) },
				"next":     func(r *rapid.T) { m.next(r, acts) },
				"next2":    func(r *rapid.T) { m.next(r, acts) },
				"next3":    func(r *rapid.T) { m.next(r, acts) },
				"next4":    func(r *rapid.T) { m.next(r, acts) },
				"anything": func(r *rapid.T) { m.anything(r, acts) },
				"expire":   func(r *rapid.T) { m.expire(r, acts) },
				"shelf":    m.shelf,
				"clock": func(r *rapid.T) {
					now = now.Add(rapid.SampledFrom([]time.Duration{time.Second, 11 * time.Second, 31 * time.Minute, 25 * time.Hour}).Draw(r, "later"))
					m.now = now
				},
			})
			broken(r, db)
		})
		t.Logf("acts done in %.1f s: %v", time.Since(began).Seconds(), acts)
		for _, a := range append(append([]order.Act{order.ActPlace, order.ActExpire}, modelOwner...), modelBuyer...) {
			if linear.Long() && acts[a] == 0 {
				t.Errorf("%s was never done", a)
			}
		}
	})
}

// broken is sound for a run that rapid makes smaller.
func broken(r *rapid.T, db *store.DB) {
	all := append(append(append([]store.Invariant{}, ledger.Invariants...), payment.Invariants...), order.Invariants...)
	list, err := store.CheckInvariants(r.Context(), db, append(all, stock.Invariants...))
	if err != nil || len(list) > 0 {
		r.Fatalf("CheckInvariants = %v, %v", list, err)
	}
}

// faulty reports whether that is what err says of a field.
func faulty(err error, field string, want *fault.Error) bool {
	f := fault.Of(err).Field(field)
	return f != nil && f.Key == want.Key
}

func newModelRun(t *testing.T, s *shop, now time.Time) *modelRun {
	t.Helper()
	s.open(t, 9)
	s.brings(t, modelShipping)
	st := payment.Defaults()
	st.CODFee, st.Transfer, st.Accounts = modelCODFee, true, []payment.Account{{Bank: "bca", Number: "1234567890", Holder: "Euis"}}
	st.QRIS, st.QRISText = true, qris
	if err := s.payments.Put(t.Context(), s.owner, st); err != nil {
		t.Fatal(err)
	}
	return &modelRun{
		modelShop: &modelShop{now: now, onHand: [2]int64{9, 9}, money: map[ledger.Balance]int64{}},
		t:         t, shop: s, variants: [2]id.ID{s.small, s.large}, couriers: [2]id.ID{id.New(), id.New()},
	}
}

func (m *modelRun) lines(r *rapid.T) []modelLine {
	n := rapid.Int64Range(1, 4)
	list := []modelLine{{rapid.IntRange(0, 1).Draw(r, "variant"), n.Draw(r, "quantity")}}
	if rapid.Bool().Draw(r, "both") {
		list = append(list, modelLine{1 - list[0].variant, n.Draw(r, "more")})
	}
	return list
}

func (m *modelRun) wants(lines []modelLine) []stock.Want {
	var list []stock.Want
	for _, l := range lines {
		list = append(list, stock.Want{Variant: m.variants[l.variant], Quantity: l.quantity})
	}
	return list
}

func (m *modelRun) place(r *rapid.T, acts map[order.Act]int) {
	o := &modelOrder{id: id.New(), lines: m.lines(r), way: order.Pickup, state: order.Placed}
	d := order.Draft{ID: o.id, Lines: m.wants(o.lines), Name: "Rini", Phone: "0812 3456 7891"}
	d.Channel = rapid.SampledFrom([]order.Channel{order.Web, order.Web, order.Chat, order.Counter}).Draw(r, "channel")
	pays := []payment.Method{payment.Cash, payment.Transfer, payment.QRIS}
	if d.Channel != order.Counter && rapid.Bool().Draw(r, "brought") {
		pays[0], o.way, o.shipping = payment.COD, order.Own, modelShipping
		d.Village, d.Street = village, "Kp. Babakan"
	}
	o.payBy = rapid.SampledFrom(pays).Draw(r, "pay")
	if o.payBy == payment.COD {
		o.fee = modelCODFee
	}
	d.Way, d.PayBy, d.SeenTotal = o.way, o.payBy, o.total()
	if d.Channel == order.Counter {
		d.Deferred = rapid.Bool().Draw(r, "deferred")
		if o.payBy == payment.Cash {
			d.CashGiven = rapid.SampledFrom([]int64{o.total(), 200_000, 10_000, 0}).Draw(r, "given")
		}
	}
	sc := m.shop.owner
	if d.Channel == order.Web {
		sc = m.shop.buyer
	}
	got, err := m.shop.orders.Place(r.Context(), sc, d)
	short := !m.fits(o.lines)
	cash := d.Channel == order.Counter && !d.Deferred && o.payBy == payment.Cash && d.CashGiven < o.total()
	switch {
	case short:
		if !errors.Is(err, stock.ErrShort) {
			r.Fatalf("Place = %v with too little there", err)
		}
		return
	case cash:
		if !faulty(err, "cash", order.ErrCash) {
			r.Fatalf("Place = %v with too little cash", err)
		}
		return
	case err != nil:
		r.Fatalf("Place = %v", err)
	}
	acts[order.ActPlace]++
	o.link = m.shop.orders.Link(got)
	m.hold(o.lines, 1)
	m.orders = append(m.orders, o)
	if d.Channel != order.Web {
		o.state = order.Accepted
	}
	if d.Channel != order.Counter {
		o.wait(m.now)
		if o.payBy == payment.Transfer {
			o.code = m.code(r, got)
		}
		return
	}
	pay := o.total()
	if d.Deferred {
		if pay = 0; o.payBy == payment.Cash {
			pay = min(o.total(), d.CashGiven)
		}
	}
	o.got(m.modelShop, o.payBy, id.ID{}, pay)
	if !d.Deferred {
		m.take(o.lines)
		o.to(m.modelShop, "", order.Done)
	}
}

// code is the few rupiah that were drawn: the model takes what it is told.
func (m *modelRun) code(r *rapid.T, o order.Order) int64 {
	if o.Code < 1 || o.Code > payment.MaxUnique {
		r.Fatalf("code %d", o.Code)
	}
	return o.Code
}

func (m *modelRun) pick(r *rapid.T) *modelOrder {
	if len(m.orders) == 0 {
		r.Skip("no order yet")
	}
	return m.orders[len(m.orders)-1-rapid.IntRange(0, min(len(m.orders), 5)-1).Draw(r, "order")]
}

// next does something that the model allows.
func (m *modelRun) next(r *rapid.T, acts map[order.Act]int) {
	o := m.pick(r)
	var list []order.Act
	for _, a := range append(append([]order.Act{}, modelOwner...), modelBuyer...) {
		if o.may(a, m.now) && a != order.ActNote {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		r.Skip("nothing to do")
	}
	m.act(r, o, rapid.SampledFrom(list).Draw(r, "act"), acts)
}

// anything tries what may not fit, too.
func (m *modelRun) anything(r *rapid.T, acts map[order.Act]int) {
	o := m.pick(r)
	m.act(r, o, rapid.SampledFrom(append(append([]order.Act{}, modelOwner...), modelBuyer...)).Draw(r, "act"), acts)
}

func (m *modelRun) expire(r *rapid.T, acts map[order.Act]int) {
	o := m.pick(r)
	if err := m.shop.orders.Expire(r.Context(), authz.Job(m.shop.owner.Business), o.id); err != nil {
		r.Fatalf("Expire = %v", err)
	}
	if o.may(order.ActExpire, m.now) {
		acts[order.ActExpire]++
		o.do(m.modelShop, order.Move{Act: order.ActExpire}, nil)
	}
}

func (m *modelRun) act(r *rapid.T, o *modelOrder, a order.Act, acts map[order.Act]int) {
	w, lines := m.wish(r, o, a)
	var got order.Order
	var err error
	buyer := a == order.ActClaim || a == order.ActWithdraw || a == order.ActComplain
	if buyer {
		got, err = m.shop.orders.DoByLink(r.Context(), o.link, w)
	} else {
		got, err = m.shop.orders.Do(r.Context(), m.shop.owner, o.id, w)
	}
	if buyer && o.ended != nil && !m.now.Before(o.ended.Add(order.LinkFor)) {
		if !errors.Is(err, order.ErrNotFound) {
			r.Fatalf("%s by a link that has ended = %v", a, err)
		}
		return
	}
	if !o.may(a, m.now) {
		if !errors.Is(err, order.ErrState) && !errors.Is(err, order.ErrUnpaid) && !errors.Is(err, order.ErrTooLate) {
			r.Fatalf("%s of a %s order = %v, the model forbids it", a, o.state, err)
		}
		return
	}
	was := o.total()
	if !o.do(m.modelShop, w, lines) {
		if !faulty(err, "amount", order.ErrTooMuch) && !errors.Is(err, stock.ErrShort) {
			r.Fatalf("%s %+v = %v, the model refuses it", a, w, err)
		}
		return
	}
	if err != nil {
		r.Fatalf("%s %+v of a %s order = %v", a, w, o.state, err)
	}
	if a == order.ActEdit && o.code > 0 && o.paid == 0 && o.total() != was {
		o.code = m.code(r, got) // another amount, another code
	}
	acts[a]++
}

// wish is a move as somebody fills it in, at times wrongly.
func (m *modelRun) wish(r *rapid.T, o *modelOrder, a order.Act) (order.Move, []modelLine) {
	w := order.Move{ID: id.New(), Act: a}
	courier := func() {
		if n := rapid.IntRange(0, 2).Draw(r, "courier"); n < 2 {
			w.Courier = m.couriers[n]
		}
	}
	amount := func(whole int64) int64 {
		return rapid.SampledFrom([]int64{max(1, whole), max(1, whole-o.code), max(1, whole/2), max(1, whole) + 1, 1}).Draw(r, "amount")
	}
	methods := rapid.SampledFrom(payment.Methods)
	if list := order.Reasons(a); list != nil {
		w.Reason = list[0]
	}
	switch a {
	case order.ActPay:
		w.Amount, w.Method = amount(o.due()), methods.Draw(r, "method")
		courier()
	case order.ActRefund:
		w.Amount, w.Method = amount(o.paid-o.refunded), methods.Draw(r, "method")
	case order.ActAssign:
		w.Courier = m.couriers[rapid.IntRange(0, 1).Draw(r, "courier")]
	case order.ActHandOver, order.ActRetry:
		courier()
	case order.ActCollect, order.ActDeliver:
		w.Receiver, w.Relation = "Ujang", "family"
		if w.Received = rapid.Bool().Draw(r, "counted"); w.Received {
			w.Amount = rapid.SampledFrom([]int64{0, max(0, o.due()), max(0, o.due()/2), max(0, o.due()) + 1}).Draw(r, "amount")
			w.Method = methods.Draw(r, "method")
		}
	case order.ActReturn:
		w.Restock = rapid.Bool().Draw(r, "restock")
	case order.ActNote, order.ActAnswer:
		w.Text = "baik"
	case order.ActEdit:
		lines := o.lines
		if rapid.Bool().Draw(r, "other lines") {
			lines = m.lines(r)
		}
		w.Edit = &order.Edit{Lines: m.wants(lines)}
		if rapid.Bool().Draw(r, "other fee") {
			fee := rapid.SampledFrom([]int64{0, 5_000, modelShipping}).Draw(r, "fee")
			w.Edit.Shipping = &fee
		}
		return w, lines
	}
	return w, nil
}

// shelf is stock that comes, or was not there after all.
func (m *modelRun) shelf(r *rapid.T) {
	i, n := rapid.IntRange(0, 1).Draw(r, "variant"), rapid.Int64Range(-3, 6).Draw(r, "pieces")
	if n == 0 {
		return
	}
	if n > 0 {
		if err := m.shop.stock.Receive(r.Context(), m.shop.owner, stock.Movement{ID: id.New(), Variant: m.variants[i], Quantity: n, Reason: stock.Bought}); err != nil {
			r.Fatalf("Receive = %v", err)
		}
		m.onHand[i] += n
		return
	}
	c := stock.Correction{ID: id.New(), Variant: m.variants[i], Seen: 10, Actual: 10 + n, Reason: stock.Lost}
	err := m.shop.stock.Correct(r.Context(), m.shop.owner, c)
	if m.onHand[i]+n < 0 {
		if !errors.Is(err, stock.ErrBelow) {
			r.Fatalf("Correct = %v with %d there", err, m.onHand[i])
		}
		return
	}
	if err != nil {
		r.Fatalf("Correct = %v", err)
	}
	m.onHand[i] += n
}

// modelSeen is what the product shows of an order, and what the model says of it.
type modelSeen struct {
	State                                 order.State
	PayState                              order.PayState
	Total, Paid, Refunded, Allowance, Due int64
	Claimed, Angry                        bool
	Hold                                  string
	Courier                               id.ID
	Owner, Buyer                          map[order.Act]bool
}

func (m *modelRun) check(r *rapid.T) {
	for n, o := range m.orders {
		if n < len(m.orders)-6 { // no longer touched
			continue
		}
		got, err := m.shop.orders.Get(r.Context(), m.shop.owner, o.id)
		if err != nil {
			r.Fatal(err)
		}
		clock := func(at *time.Time) string {
			if at == nil {
				return ""
			}
			return at.UTC().Format(time.RFC3339)
		}
		is := modelSeen{
			got.State, got.PayState, got.Total, got.Paid, got.Refunded, got.Allowance, got.Due(), got.ClaimedAt != nil, got.Complaint != "",
			clock(got.HoldUntil), got.Courier,
			map[order.Act]bool{},
			map[order.Act]bool{},
		}
		for _, a := range got.Actions {
			is.Owner[a.Act] = true
		}
		for _, a := range order.Actions(got.Order, m.shop.buyer, m.now) {
			is.Buyer[a.Act] = true
		}
		want := modelSeen{
			o.state, o.payState(), o.total(), o.paid, o.refunded, o.gave, o.due(), o.claimed, o.angry, clock(o.hold), o.courier,
			map[order.Act]bool{},
			map[order.Act]bool{},
		}
		for list, to := range map[*[]order.Act]map[order.Act]bool{&modelOwner: want.Owner, &modelBuyer: want.Buyer} {
			for _, a := range *list {
				if o.may(a, m.now) {
					to[a] = true
				}
			}
		}
		if d := cmp.Diff(want, is); d != "" {
			r.Fatalf("order %s (- the model, + the product):\n%s", strconv.Itoa(n), d)
		}
	}
	var levels map[id.ID]stock.Level
	books := map[ledger.Balance]int64{}
	err := m.shop.db.View(r.Context(), m.shop.owner, func(tx *store.Tx) (err error) {
		if levels, err = m.shop.stock.Levels(r.Context(), tx, m.shop.owner, m.variants[:]); err != nil {
			return err
		}
		list, err := m.shop.books.Balances(r.Context(), tx, m.shop.owner)
		clear(books)
		for _, b := range list {
			books[ledger.Balance{Account: b.Account, Holder: b.Holder}] = b.Amount
		}
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	for i, v := range m.variants {
		l := levels[v]
		if l.OnHand != m.onHand[i] || l.Reserved != m.reserved[i] || l.Free() != m.free(i) {
			r.Fatalf("variant %d: %v free %d, the model says %d-%d free %d", i, l, l.Free(), m.onHand[i], m.reserved[i], m.free(i))
		}
	}
	if want := m.balances(); !maps.Equal(books, want) {
		r.Fatalf("books (- the model, + the product):\n%s", cmp.Diff(want, books))
	}
}
