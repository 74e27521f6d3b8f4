package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// rows is the limit of orders: the rows that an order writes, written to a
// copy of the database without anything around them.
type rows struct {
	app  *app.App
	of   map[string][]*pattern // by shop's address, one for each basket
	open []*store.Bare
}

// pattern is what an order of one basket writes. It comes from two real
// orders: what differs between them is made anew for each order.
type pattern struct {
	business id.ID
	list     []store.Statement
	next     []store.Statement // the same of the second order
	fresh    []id.ID           // ids of the first that the second does not have
	k        *atomic.Int64     // counts the orders of the shop
}

// stride keeps apart the numbers that the baskets of a shop count with.
const stride = 16

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 8}))
}

// newRows places orders in the copy that c names, to learn what they write.
func newRows(ctx context.Context, c app.Config, shops []stall) (*rows, error) {
	a, err := app.New(ctx, c, quiet())
	if err != nil {
		return nil, err
	}
	r := &rows{app: a, of: map[string][]*pattern{}}
	for _, s := range shops {
		k := new(atomic.Int64)
		k.Store(1_000_000)
		for _, bk := range s.baskets {
			p, err := r.learn(ctx, s.slug, bk)
			if err != nil {
				r.close()
				return nil, fmt.Errorf("learn what an order writes: %w", err)
			}
			p.k = k
			r.of[s.slug] = append(r.of[s.slug], p)
		}
	}
	return r, nil
}

func (r *rows) close() {
	for _, b := range r.open {
		_ = b.Close()
	}
	_ = r.app.Close()
}

func (r *rows) learn(ctx context.Context, slug string, bk basket) (*pattern, error) {
	shop, _, err := r.app.Front.Find(ctx, slug)
	if err != nil {
		return nil, err
	}
	p := &pattern{business: shop}
	for i := range 3 { // the first makes the customer
		d, err := draft(bk, phoneOf(0))
		if err != nil {
			return nil, err
		}
		under, wrote := store.RecordWrites(ctx)
		if _, err := r.app.Orders.Place(under, authz.Visitor(shop), d); err != nil {
			return nil, err
		}
		switch i {
		case 1:
			p.list = *wrote
		case 2:
			p.next = *wrote
		}
	}
	if len(p.list) == 0 || len(p.list) != len(p.next) {
		return nil, fmt.Errorf("one order wrote %d statements, the next %d", len(p.list), len(p.next))
	}
	seen := map[id.ID]bool{}
	for i, s := range p.list {
		if s.Query != p.next[i].Query || len(s.Args) != len(p.next[i].Args) {
			return nil, fmt.Errorf("statement %d differs from one order to the next", i)
		}
		for j, v := range s.Args {
			was, ok := idOf(v)
			now, _ := idOf(p.next[i].Args[j])
			if ok && was != now && !seen[was] {
				seen[was] = true
				p.fresh = append(p.fresh, was)
			}
		}
	}
	return p, nil
}

func draft(bk basket, number string) (order.Draft, error) {
	d := order.Draft{ID: id.New(), Channel: order.Web, Name: "Rina Lestari", Way: order.Pickup, PayBy: payment.Cash}
	n, err := phone.Parse(number)
	if err != nil {
		return d, err
	}
	d.Phone = n.E164()
	if d.SeenTotal, err = strconv.ParseInt(bk.total, 10, 64); err != nil {
		return d, err
	}
	for _, v := range bk.variants {
		variant, err := id.Parse(v)
		if err != nil {
			return d, err
		}
		d.Lines = append(d.Lines, stock.Want{Variant: variant, Quantity: 1})
	}
	return d, nil
}

func idOf(v any) (id.ID, bool) {
	switch v := v.(type) {
	case id.ID:
		return v, true
	case *id.ID:
		if v != nil {
			return *v, true
		}
	}
	return id.ID{}, false
}

// again writes the statements of one more order.
func (p *pattern) again(into []store.Statement) []store.Statement {
	k := p.k.Add(stride)
	now := time.Now().UTC().Truncate(time.Microsecond)
	names := make(map[id.ID]id.ID, len(p.fresh))
	var texts []string
	for _, was := range p.fresh {
		v := id.New()
		names[was] = v
		texts = append(texts, was.String(), v.String())
	}
	swap := strings.NewReplacer(texts...)
	for i, s := range p.list {
		args := make([]any, len(s.Args))
		for j, v := range s.Args {
			args[j] = oneMore(v, p.next[i].Args[j], k, now, names, swap)
		}
		into = append(into, store.Statement{Query: s.Query, Args: args})
	}
	return into
}

// oneMore carries on what changed from one order to the next.
func oneMore(was, next any, k int64, now time.Time, names map[id.ID]id.ID, swap *strings.Replacer) any {
	switch a := was.(type) {
	case id.ID:
		if v, ok := names[a]; ok {
			return v
		}
	case *id.ID:
		if a != nil {
			if v, ok := names[*a]; ok {
				return &v
			}
		}
	case time.Time:
		if !a.Equal(next.(time.Time)) {
			return now
		}
	case *time.Time:
		if b, ok := next.(*time.Time); ok && a != nil && b != nil && !a.Equal(*b) {
			return &now
		}
	case int64:
		return a + (next.(int64)-a)*k
	case string:
		b := next.(string)
		if a == b {
			return a
		}
		if v := swap.Replace(a); v != a {
			return v
		}
		return other(a)
	default:
		if !reflect.DeepEqual(was, next) {
			return next
		}
	}
	return was
}

// other is a text as long as a, such as another hash.
func other(a string) string {
	const hex = "0123456789abcdef"
	b := make([]byte, len(a))
	for i := range b {
		b[i] = hex[rand.IntN(len(hex))]
	}
	return string(b)
}

// slice writes orders for a while: on SQLite one writer puts so many into each
// commit, on PostgreSQL as many connections as the server has each commit one.
func (r *rows) slice(ctx context.Context, shops []stall, clients int, group float64, d time.Duration) *tally {
	writers, size := 1, max(1, int(group+.5))
	if r.app.DB.Postgres() {
		writers, size = min(clients, r.app.DB.Conns()), 1
	}
	for len(r.open) < writers {
		b, err := r.app.DB.Bare(ctx)
		if err != nil {
			return &tally{times: newTimes(), errors: 1, first: err.Error()}
		}
		r.open = append(r.open, b)
	}
	parts := make([]*tally, writers)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range writers {
		t := newTally()
		parts[i] = t
		wg.Go(func() {
			var list []store.Statement
			for time.Since(began) < d && ctx.Err() == nil {
				list = list[:0]
				var of *pattern
				for range size {
					all := r.of[shops[rand.IntN(len(shops))].slug]
					of = all[rand.IntN(len(all))]
					list = of.again(list)
				}
				sent := time.Now()
				if err := r.open[i].Write(ctx, of.business, list); err != nil {
					if t.errors++; t.first == "" {
						t.first = err.Error()
					}
					continue
				}
				_ = t.times.RecordValues(max(1, time.Since(sent).Microseconds()), int64(size))
				t.n += int64(size)
			}
		})
	}
	wg.Wait()
	sum := newTally()
	for _, t := range parts {
		sum.add(t)
	}
	sum.took = time.Since(began)
	return sum
}
