package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// run measures one server.
type run struct {
	o      *Options
	r      *Result
	engine string
	addr   string
	server *server // nil if it is not ours
	bare   *server
	rows   *rows // nil if the limit of orders cannot be known
	log    io.Writer
}

// words are what the directory is searched for.
var words = strings.Fields("keripik kopi dodol kaos batik tas kue madu sambal tempe abon teh")

// pages measures what people look at, beside the bare handler.
func (b *run) pages(ctx context.Context) error {
	shops, err := browse(b.addr, 24)
	if err != nil {
		return err
	}
	paths, goods := []string{}, []string{}
	for _, s := range shops {
		paths = append(paths, "/@"+s.slug)
		goods = append(goods, s.goods[:min(4, len(s.goods))]...)
	}
	open := slices.DeleteFunc(slices.Clone(shops), func(s stall) bool { return len(s.baskets) == 0 })
	list := []work{
		one("shop page, one hot shop", b.addr, paths[0], ""),
		some("shop page, many hot shops", b.addr, "", paths),
		uncached(b.addr, paths),
		some("product page", b.addr, "", goods),
		search(b.addr, words),
	}
	if len(open) > 0 {
		list = append(list, quote("quote", b.addr, open))
	}
	phone, password := b.o.Phone, b.o.Password
	if phone != "" {
		cookie, err := signIn(b.addr, phone, password)
		if err != nil {
			return err
		}
		list = append(list, one("Hari ini", b.addr, "/hari-ini", cookie), one("order list", b.addr, "/pesanan", cookie))
	}
	for _, w := range list {
		if err := b.beside(ctx, w); err != nil {
			return err
		}
	}
	if b.o.URL == "" || !b.o.Writes {
		return nil
	}
	return b.orders(ctx, ordering(b.addr, shops))
}

// uncached asks for pages that are not in memory: each address is new, and its
// page is that of the shop.
func uncached(addr string, paths []string) work {
	return work{"shop page, uncached", http.StatusOK, func(r *rand.Rand) []byte {
		return get(addr, fmt.Sprintf("%s?lanjut=&kategori=%016x", paths[r.IntN(len(paths))], r.Uint64()), "")
	}}
}

func search(addr string, words []string) work {
	var paths []string
	for _, w := range words {
		paths = append(paths, "/?q="+url.QueryEscape(w))
	}
	for i, w := range words {
		paths = append(paths, "/?q="+url.QueryEscape(w+" "+words[(i+5)%len(words)]))
	}
	return some("directory search", addr, "", paths)
}

// orders measures the placing of orders, beside their rows.
func (b *run) orders(ctx context.Context, shops []stall) error {
	if len(shops) == 0 {
		return errNoStalls
	}
	for _, w := range []struct {
		work
		shops []stall
	}{
		{place("place order, many hot shops", b.addr, shops), shops},
		{place("place order, one hot shop", b.addr, shops[:1]), shops[:1]},
	} {
		if !b.wanted(w.work) {
			continue
		}
		for _, n := range b.o.Clients {
			if err := b.order(ctx, w.work, n, w.shops); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *run) wanted(w work) bool { return strings.Contains(w.name, b.o.Only) }

// beside measures a page at each number of clients, in turn with the bare
// handler that sends the same bytes.
func (b *run) beside(ctx context.Context, w work) error {
	if !b.wanted(w) {
		return nil
	}
	c := &client{addr: b.addr}
	request := w.next(rand.New(rand.NewPCG(1, 1)))
	res, body, err := c.answer(request)
	if err != nil || res.StatusCode != w.want {
		return errors.Join(fmt.Errorf("%s: the server does not answer as it should", w.name), err)
	}
	if err := imitate(b.bare, res, body); err != nil {
		return err
	}
	limit := w
	limit.want = http.StatusOK
	for _, n := range b.o.Clients {
		theirs, ours := newCrowd(b.bare.addr, n), newCrowd(b.addr, n)
		ours.slice(ctx, w, b.o.Slice/4) // the caches and the connections are as they will be
		theirs.slice(ctx, limit, b.o.Slice/4)
		most := b.server.watch()
		m := b.turns(ctx, w, n, func() *tally { return ours.slice(ctx, w, b.o.Slice) }, func() *tally { return theirs.slice(ctx, limit, b.o.Slice) })
		m.RSS, m.Limit = most(), "bare handler"
		ours.close()
		theirs.close()
		b.keep(m)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// order measures the placing of orders at a number of clients.
func (b *run) order(ctx context.Context, w work, n int, shops []stall) error {
	ours := newCrowd(b.addr, n)
	defer ours.close()
	ours.slice(ctx, w, b.o.Slice/4)
	most := b.server.watch()
	var limit func() *tally
	var groups float64
	if b.rows != nil {
		limit = func() *tally { return b.rows.slice(ctx, shops, n, max(1, groups), b.o.Slice) }
	}
	var placed, commits float64
	m := b.turns(ctx, w, n, func() *tally {
		before := b.server.counter("lapak_db_commits_total")
		t := ours.slice(ctx, w, b.o.Slice)
		commits += b.server.counter("lapak_db_commits_total") - before
		if placed += float64(t.n); commits > 0 {
			groups = placed / commits
		}
		return t
	}, limit)
	m.RSS, m.Group = most(), groups
	if limit != nil {
		m.Limit = "same rows"
	}
	b.keep(m)
	return ctx.Err()
}

// turns lets the server and its limit work in turn.
func (b *run) turns(ctx context.Context, w work, n int, ours, limit func() *tally) Measure {
	sum, most := newTally(), newTally()
	low, high := 0.0, 0.0
	for i := range b.o.Rounds {
		a := ours()
		sum.add(a)
		if limit == nil {
			continue
		}
		l := limit()
		most.add(l)
		if p := l.perSecond(); p > 0 {
			q := a.perSecond() / p
			high = max(high, q)
			if low = min(low, q); i == 0 {
				low = q
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	m := Measure{
		Engine: b.engine, Work: w.name, Clients: n, PerSecond: sum.perSecond(), P50: sum.ms(50), P99: sum.ms(99), Errors: sum.errors,
		LimitPer: most.perSecond(),
	}
	if sum.n > 0 {
		m.Bytes = float64(sum.bytes) / float64(sum.n)
	}
	if m.LimitPer > 0 {
		m.Ratio, m.Spread = m.PerSecond/m.LimitPer, fmt.Sprintf("%.2f-%.2f", low, high)
	}
	if sum.errors > 0 {
		b.r.Notes = append(b.r.Notes, fmt.Sprintf("%s, %s, %d clients: %d errors, the first: %s", b.engine, w.name, n, sum.errors, sum.first))
	}
	if most.errors > 0 {
		b.r.Notes = append(b.r.Notes, fmt.Sprintf("%s, limit of %s, %d clients: %d errors, the first: %s", b.engine, w.name, n, most.errors, most.first))
	}
	return m
}

func (b *run) keep(m Measure) {
	b.r.Measured = append(b.r.Measured, m)
	b.o.Say("%s", m.line())
}

func (b *run) fact(what string, value float64, unit, aim string, met bool) {
	f := Fact{b.engine, what, value, unit, aim, met}
	b.r.Facts = append(b.r.Facts, f)
	b.o.Say("%s", f.line())
}

// settle lets what a workload left behind come to its end.
func settle(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
