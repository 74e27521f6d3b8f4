package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// block is a part of a shop's history that is written at once. Stock comes in
// at the beginning of each week as much as the week's orders need, so that each
// week leaves the shelf as it found it, and weeks can be written in any order.
type block struct {
	m        *Maker
	s        *shop
	rows     *bulk
	buyers   map[int]*figures
	balances map[holding]int64
	held     map[id.ID]int64 // by variant, of orders that are still open
	uses     map[string]int64
	codes    map[int64]bool
	waiting  []order.Order // that end by themselves if they are not paid
	orders   int64
	slip     []byte // the picture of a proof of payment
	weight   int64  // of all pictures, in bytes
}

// figures are what a block adds to a customer.
type figures struct {
	t             *tale // the last order
	brought       *tale // the last one that was brought
	orders, spent int64
	first, last   time.Time
}

type holding struct {
	account ledger.Account
	holder  id.ID
}

func (m *Maker) block(s *shop) *block {
	return &block{m, s, newBulk(), map[int]*figures{}, map[holding]int64{}, map[id.ID]int64{}, map[string]int64{}, map[int64]bool{}, nil, 0, nil, 0}
}

// week adds a week of orders; the last brings those in hand as well.
func (b *block) week(w int) {
	var tales []*tale
	for d := w * 7; d < min(days, (w+1)*7); d++ {
		for i, at := range b.m.times(b.s, d) {
			tales = append(tales, b.m.tell(b.s, at, b.s.upTo[d]+int64(i)+1))
		}
	}
	if w == weeks-1 && b.s.n == 0 {
		for i := range liveActs {
			tales = append(tales, b.m.tellLive(b.s, i))
		}
	}
	for _, t := range tales {
		b.order(t)
	}
	b.stock(tales)
	b.settle(tales, uint64(w))
	b.orders += int64(len(tales))
}

func (b *block) order(t *tale) {
	b.proof(t)
	o, words := order.Planted(t.o)
	shop := b.s.id
	b.rows.add(tOrders, shop, o.ID, o.Number, "", int64(1), string(o.Channel), string(o.State), string(o.Tab), string(o.Way), string(o.PayBy),
		string(o.PayState), o.Customer.Null(), o.Name, o.Phone, o.Village, o.Street, o.Landmark, o.Note, o.Goods, o.Discount, o.Shipping, o.CODFee,
		o.Code, o.Total, o.Paid, o.Refunded, o.Allowance, o.CashGiven, o.Voucher, o.WeightGrams, o.Pieces, o.Brief, o.ReadyDays, o.HoldUntil,
		o.ClaimedAt, o.Proof.Null(), o.Complaint, o.ComplainedAt, o.Reason, o.Courier.Null(), o.Receiver, o.Relation, o.Tries, o.PlacedBy.Null(),
		o.PlacedAt, o.AcceptedAt, o.PackedAt, o.SentAt, o.DoneAt, o.EndedAt, o.ChangedAt, string(o.LastAct), string(o.LastFrom), o.LastBy.Null(),
		o.LastAt, words)
	for i, l := range o.Lines {
		b.rows.add(tLines, shop, o.ID, int64(i), l.Product, l.Variant, l.Title, l.VariantName, l.SKU, l.Unit, b.m.photoOf(b.s, l.Photo), l.Price, l.Quantity,
			l.WeightGrams, l.ReadyDays, l.Tracked)
		if t.held && l.Tracked {
			b.rows.add(tHolds, shop, o.ID, l.Variant, l.Quantity, o.HoldUntil)
			b.held[l.Variant] += l.Quantity
		}
	}
	for _, e := range t.events {
		b.rows.add(tEvents, shop, e.ID, o.ID, string(e.Act), string(e.From), string(e.To), e.By, e.Person.Null(), e.Reason, e.Amount, string(e.Method),
			e.Text, e.Photo.Null(), e.At)
	}
	for _, p := range t.paid {
		b.rows.add(tPaid, shop, p.ID, o.ID, string(p.Method), p.Amount, p.Holder, p.by.Null(), "", p.At)
	}
	for _, e := range t.entries {
		b.post(e, o.ID)
	}
	b.link(o)
	b.parcel(t)
	if o.Voucher != "" && !o.State.Void() {
		buyer := b.m.Vouchers.Planted(shop, o.Phone)
		b.rows.add(tUses, shop, o.ID, b.s.vouchers[0].id, buyer, o.Discount, o.PlacedAt)
		b.uses[buyer]++
	}
	if t.buyer >= 0 {
		b.buyer(t)
	}
}

// proof keeps the picture that a buyer sent, of an order that waits for its money to be found.
func (b *block) proof(t *tale) {
	if t.o.ClaimedAt == nil || b.slip == nil || b.m.photoOf(b.s, t.o.ID) == nil {
		return
	}
	for i, e := range t.events {
		if e.Act == order.ActClaim {
			pic := t.part(e.At)
			t.o.Proof, t.events[i].Photo = pic, pic
			b.rows.add(tBlobs, b.s.id, pic, "proof", true, int64(side), int64(side), int64(len(b.slip)), t.o.ID.Null(), nil, e.At)
			b.rows.add(tFiles, b.s.id, pic, int64(1280), b.slip)
			b.weight += int64(len(b.slip))
			return
		}
	}
}

// link opens the order's page to who has its link, until a month after its end.
func (b *block) link(o order.Order) {
	var ends *time.Time
	if o.EndedAt != nil {
		at := o.EndedAt.Add(order.LinkFor)
		if at.Before(b.m.now) {
			return
		}
		ends = &at
	}
	b.rows.add(tTokens, id.Hash(b.m.Orders.Link(o)), b.s.id, o.ID, ends)
	if o.PayBy == payment.Transfer && o.Code > 0 && ends == nil && o.Paid == 0 && !b.codes[o.Total] {
		b.codes[o.Total] = true
		b.rows.add(tCodes, b.s.id, o.Total, o.ID, nil)
	}
	if o.HoldUntil != nil && !o.State.Over() {
		b.waiting = append(b.waiting, o)
	}
}

func (b *block) post(e entry, of id.ID) {
	b.rows.add(tEntries, b.s.id, e.id, e.key, e.kind, of.Null(), e.by.Null(), e.at)
	for i, l := range e.lines {
		b.rows.add(tPosted, b.s.id, e.id, int64(i), string(l.Account), l.Holder, l.Amount)
		b.balances[holding{l.Account, l.Holder}] += l.Amount
	}
}

func (b *block) buyer(t *tale) {
	f := b.buyers[t.buyer]
	if f == nil {
		f = &figures{first: t.o.PlacedAt}
		b.buyers[t.buyer] = f
	}
	if t.o.PlacedAt.Before(f.first) {
		f.first = t.o.PlacedAt
	}
	if !t.o.PlacedAt.Before(f.last) {
		f.last, f.t = t.o.PlacedAt, t
		if t.o.Way == order.Own {
			f.brought = t
		}
	}
	if t.counted {
		f.orders++
	}
	f.spent += t.spent
}

// stock writes the movements of a week in the order of their times, after what
// came in for them.
func (b *block) stock(tales []*tale) {
	type moved struct {
		shift
		t *tale
	}
	var all []moved
	need := map[id.ID]int64{}
	for _, t := range tales {
		for _, x := range t.shifts {
			all = append(all, moved{x, t})
			need[t.o.Lines[x.line].Variant] += x.held - x.quantity // sold, or still held
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(x, y moved) int { return x.at.Compare(y.at) })
	came := all[0].at.Add(-time.Minute)
	reason := stock.Made
	if b.s.trade.code == "T10" || b.s.trade.code == "lainnya" {
		reason = stock.Bought
	}
	balance := map[id.ID]int64{}
	n := uint64(0)
	for _, p := range b.s.products {
		for _, v := range p.variants {
			balance[v.id] = v.base
			if q := need[v.id]; q != 0 {
				balance[v.id] += q
				n++
				b.rows.add(tMoves, b.s.id, b.m.id(came, kOrder-1, uint64(b.s.n), uint64(came.Unix())<<10|n), v.id, string(reason), q, int64(0), balance[v.id],
					nil, b.s.owner.Null(), "", came)
			}
		}
	}
	for _, x := range all {
		v := x.t.o.Lines[x.line].Variant
		balance[v] += x.quantity
		b.rows.add(tMoves, b.s.id, x.t.part(x.at), v, string(x.reason), x.quantity, x.held, balance[v], x.t.o.ID.Null(), nil, "", x.at)
	}
}

// settle hands the money from the door to the till, every evening but the last two.
func (b *block) settle(tales []*tale, week uint64) {
	if b.s.courier.IsZero() {
		return
	}
	sums := map[time.Time]int64{}
	for _, t := range tales {
		for _, p := range t.paid {
			if p.Holder == b.s.courier {
				y, mo, d := p.At.In(wib).Date()
				sums[time.Date(y, mo, d, 21, 30, 0, 0, wib).UTC()] += p.Amount
			}
		}
	}
	for at, sum := range sums {
		if at.After(b.m.now.Add(-30 * time.Hour)) {
			continue
		}
		e := entry{b.m.id(at, kOrder-2, 0, uint64(at.Unix())<<10|week), "", "courier.settled", b.s.owner, at, []ledger.Line{
			{Account: ledger.Cash, Amount: sum}, {Account: ledger.CourierCash, Holder: b.s.courier, Amount: -sum},
		}}
		e.key = "settle/" + e.id.String()
		b.post(e, id.ID{})
	}
}

// sum adds the rows that stand for the whole block.
func (b *block) sum() {
	for n, f := range b.buyers {
		o := f.t.o
		words, _ := customer.Planted(o.Name, o.Phone, customer.Address{})
		b.rows.add(tCustomers, b.s.id, o.Customer, o.Phone, o.Name, words, "", "", f.orders, f.spent, &f.first, &f.last, f.last, f.first)
		if f.t.consent {
			b.rows.add(tConsents, b.s.id, b.m.id(b.s.opened, kConsent, uint64(b.s.n), uint64(n)), o.Customer, string(customer.Promo), customer.ConsentVersion,
				"whatsapp", "checkout", f.first, "")
		}
		if f.brought != nil {
			a := f.brought.address()
			_, mark := customer.Planted("", "", a)
			b.rows.add(tAddresses, b.s.id, b.m.id(b.s.opened, kAddress, uint64(b.s.n), uint64(n)), o.Customer, mark, a.Village, a.Street, a.Landmark,
				f.brought.o.PlacedAt)
		}
	}
	for h, amount := range b.balances {
		b.rows.add(tBalance, b.s.id, string(h.account), h.holder, amount)
	}
	for buyer, n := range b.uses {
		b.rows.add(tBuyers, b.s.id, b.s.vouchers[0].id, buyer, n)
	}
}

// write writes what the block has.
func (b *block) write(ctx context.Context, tx *store.Tx) error {
	parameters := fewParameters
	if b.m.DB.Postgres() {
		parameters = manyParameters
	}
	if err := b.rows.write(ctx, tx, parameters); err != nil {
		return err
	}
	var used int64
	for _, n := range b.uses {
		used += n
	}
	if used > 0 {
		if _, err := tx.ExecContext(ctx, "UPDATE vouchers SET used = used + $1 WHERE business_id = $2 AND id = $3", used, b.s.id, b.s.vouchers[0].id); err != nil {
			return fmt.Errorf("count uses: %w", err)
		}
	}
	for _, o := range b.waiting {
		if err := b.m.Orders.PlantJobs(ctx, tx, authz.Job(b.s.id), o); err != nil {
			return err
		}
	}
	return nil
}

// While pages are served, as many orders are written at once as take about
// this long, so that nobody who writes waits long.
const (
	turn      = 120 * time.Millisecond
	leastMany = 30
	mostMany  = 600
)

// pace learns from how long so many orders took.
func (m *Maker) pace(orders int64, took time.Duration) {
	n := m.many.Load()
	switch {
	case took < turn/2 && orders >= n:
		n = n * 3 / 2
	case took > turn:
		n = n * 2 / 3
	}
	m.many.Store(min(mostMany, max(leastMany, n)))
}

// history writes the older weeks of a shop, the last first.
func (m *Maker) history(ctx context.Context, s *shop) (int64, error) {
	var n int64
	b := m.block(s)
	for w := weeks - recent - 1; w >= 0; w-- {
		b.week(w)
		if b.orders == 0 || b.orders < m.many.Load() && w > 0 {
			continue
		}
		if len(b.held) > 0 {
			return n, fmt.Errorf("shop %d: an old order is open", s.n)
		}
		b.sum()
		var took time.Duration
		if err := m.DB.Tx(ctx, authz.Job(s.id), func(tx *store.Tx) error {
			began := time.Now()
			err := b.write(ctx, tx)
			took = time.Since(began)
			return err
		}); err != nil {
			return n, fmt.Errorf("shop %d, week %d: %w", s.n, w, err)
		}
		m.pace(b.orders, took)
		n += b.orders
		m.written.Add(b.rows.count())
		m.Progress(m.done.Add(b.orders), m.total)
		b = m.block(s)
	}
	return n, nil
}

// each does something with every shop, some at a time.
func (m *Maker) each(ctx context.Context, fn func(context.Context, *shop) (int64, error)) error {
	workers := 2
	if m.DB.Postgres() { // one writer is enough for SQLite, and one that thinks meanwhile
		workers = 4
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(m.shops) {
					return
				}
				if _, err := fn(ctx, &m.shops[i]); err != nil {
					stop(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
