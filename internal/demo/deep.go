package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// deepOrder, deepLine and deepEvent write old orders with as few parameters as
// tell one from another: %s are those of a row, $1 is the business.
const (
	deepOrder = `INSERT INTO orders (business_id, id, number, body_hash, revision, channel, state, tab, way, pay_by, pay_state, customer_id, name, phone,
		village, street, landmark, note, goods, discount, shipping, cod_fee, code, total, paid, refunded, allowance, cash_given, voucher, weight_grams,
		pieces, brief, ready_days, complaint, reason, receiver, relation, tries, placed_at, done_at, ended_at, changed_at, last_act, last_from, search) VALUES `
	deepOrderRow = `($1, %[1]s, %[2]s, '', 1, 'web', 'done', 'done', 'pickup', 'cash', 'paid', %[3]s, %[4]s, %[5]s,
		'', '', '', '', %[6]s, 0, 0, 0, 0, %[6]s, %[6]s, 0, 0, 0, '', 0, 1, %[7]s, 0, '', '', '', '', 0, %[8]s, %[8]s, %[8]s, %[8]s, '', '', %[9]s)`
	deepLine = `INSERT INTO order_lines (business_id, order_id, n, product_id, variant_id, title, variant_name, sku, unit, price, quantity, weight_grams,
		ready_days, tracked) VALUES `
	deepLineRow  = `($1, %[1]s, 0, %[2]s, %[3]s, %[4]s, '', '', '', %[5]s, 1, 0, 0, false)`
	deepEvent    = `INSERT INTO order_events (business_id, id, order_id, act, from_state, to_state, by_role, reason, amount, method, text, at) VALUES `
	deepEventRow = `($1, %[1]s, %[2]s, 'place', '', 'placed', 'guest', '', %[3]s, 'cash', '', %[4]s)`
	deepBuyer    = `INSERT INTO customers (business_id, id, phone, name, search, note, tags, orders, spent, first_order_at, last_order_at, last_at, created_at) VALUES `
	deepBuyerRow = `($1, %[1]s, %[2]s, %[3]s, %[4]s, '', '', 0, 0, %[5]s, %[5]s, %[5]s, %[5]s)`
)

// perBuyer is how many old orders a customer has.
const perBuyer = 20

// Deepen writes old orders, from before the demo's year: a tenth of them in
// the first shop, the others in all alike. They have a line, an event and a
// customer, and no stock or ledger entries: they are for measuring how pages
// read a long history, and `lapak check` would find their payments missing.
func (m *Maker) Deepen(ctx context.Context, orders int64) error {
	ctx = store.Long(ctx)
	rest := orders
	for i := range m.shops {
		n := orders * 9 / 10 / int64(len(m.shops))
		if i == 0 {
			n += orders / 10
		}
		if i == len(m.shops)-1 {
			n = rest
		}
		rest -= n
		if err := m.deepen(ctx, &m.shops[i], n); err != nil {
			return fmt.Errorf("old orders of shop %d: %w", i, err)
		}
	}
	return nil
}

// deepen writes n old orders of a shop, the oldest first.
func (m *Maker) deepen(ctx context.Context, s *shop, n int64) error {
	const batch = 5_000
	for from := int64(0); from < n; from += batch {
		to := min(n, from+batch)
		if err := m.DB.Tx(ctx, authz.Job(s.id), func(tx *store.Tx) error { return m.deepBatch(ctx, tx, s, n, from, to) }); err != nil {
			return err
		}
		m.Progress(m.done.Add(to-from), m.total)
	}
	s.deep += n
	return nil
}

func (m *Maker) deepBatch(ctx context.Context, tx *store.Tx, s *shop, n, from, to int64) error {
	var last int64
	if err := tx.QueryRowContext(ctx, `UPDATE order_numbers SET last = last + $1 WHERE business_id = $2 RETURNING last`, to-from, s.id).Scan(&last); err != nil {
		return fmt.Errorf("count on: %w", err)
	}
	first := last - (to - from) + 1
	// A second history is older than the first.
	begin := m.now.AddDate(-2-int(min(s.deep/max(n, 1)+1, 8)), 0, 0)
	if s.deep == 0 {
		begin = m.now.AddDate(-2, 0, 0)
	}
	step := (365 * 24 * time.Hour) / time.Duration(n)
	rows := map[string][][]any{}
	for i := from; i < to; i++ {
		at := begin.Add(time.Duration(i) * step).Truncate(time.Microsecond)
		p := s.products[int(i)%len(s.products)]
		v := p.variants[0]
		number := first + i - from
		of := uint64(s.deep+i) / perBuyer
		buyer := m.id(s.opened, kCustomer, uint64(s.n), 1<<30+of)
		r := m.rnd(kCustomer, uint64(s.n), 1<<30+of)
		_, name := m.words.person(r)
		tel := fmt.Sprintf("+62813%08d", of%100_000_000)
		o := order.Order{
			ID: m.id(at, kOrder, uint64(s.n), 1<<31+uint64(number)), Number: number, State: order.Done, Name: name, Phone: tel, PayBy: payment.Cash, PlacedAt: at,
			Total: v.price, Paid: v.price, Lines: []order.Line{{Title: p.name, Price: v.price, Quantity: 1}},
		}
		o, words := order.Planted(o)
		rows[deepOrder] = append(rows[deepOrder], []any{o.ID, number, buyer, name, tel, v.price, o.Brief, at, words})
		rows[deepLine] = append(rows[deepLine], []any{o.ID, p.id, v.id, p.name, v.price})
		rows[deepEvent] = append(rows[deepEvent], []any{m.id(at, kOrder+1, uint64(s.n), 1<<31+uint64(number)), o.ID, v.price, at})
		if uint64(s.deep+i)%perBuyer == 0 {
			search, _ := customer.Planted(name, tel, customer.Address{})
			rows[deepBuyer] = append(rows[deepBuyer], []any{buyer, tel, name, search, at})
		}
	}
	for _, t := range []struct{ head, row string }{{deepBuyer, deepBuyerRow}, {deepOrder, deepOrderRow}, {deepLine, deepLineRow}, {deepEvent, deepEventRow}} {
		if err := writeDeep(ctx, tx, s.id, t.head, t.row, rows[t.head]); err != nil {
			return err
		}
	}
	m.written.Add(int64(len(rows[deepOrder])*3 + len(rows[deepBuyer])))
	return nil
}

// writeDeep writes rows with statements whose texts are made once.
func writeDeep(ctx context.Context, tx *store.Tx, shop id.ID, head, row string, rows [][]any) error {
	for len(rows) > 0 {
		width := len(rows[0])
		n := max(1, fewParameters/width)
		if tx.Postgres() {
			n = 2_000 / width
		}
		if len(rows) < n {
			n = 1
		}
		args := []any{shop}
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := tx.ExecContext(ctx, deepText(head, row, width, n), args...); err != nil {
			return fmt.Errorf("write old orders: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

type deepKey struct {
	head string
	rows int
}

func deepText(head, row string, width, n int) string {
	key := deepKey{head, n}
	if s, ok := texts.Load(key); ok {
		return s.(string)
	}
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		names := make([]any, width)
		for j := range names {
			names[j] = fmt.Sprintf("$%d", 2+i*width+j)
		}
		fmt.Fprintf(&b, row, names...)
	}
	texts.Store(key, b.String())
	return b.String()
}
