package label

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"lapak/internal/i18n"
)

// Want is what one order needs of one product or variant.
type Want struct {
	Order          string
	Shelf          string // may be empty
	Title, Variant string
	SKU            string // may be empty
	Quantity       int64
}

// List is the head of a list.
type List struct {
	Shop string
	At   time.Time // when it was made, on the shop's clock
}

// Picking writes what is to be taken off the shelves for the orders: each
// product once, with how many there are in all and how many each order needs,
// in the order of shelves, then titles. What has no shelf comes last.
func Picking(ctx context.Context, w io.Writer, l List, wants []Want) error {
	b, err := picking(ctx, l, wants)
	if err != nil {
		return err
	}
	return b.write(w, true)
}

// good is a product with all its wants.
type good struct {
	Shelf, Title, Variant, SKU string
	Sum                        int64
	Orders                     []need
}

type need struct {
	Order    string
	Quantity int64
}

// gather sums wants by product. Orders stay in the order in which they came.
func gather(wants []Want) []good {
	type key struct{ shelf, title, variant, sku string }
	at := map[key]int{}
	var out []good
	for _, w := range wants {
		k := key{w.Shelf, w.Title, w.Variant, w.SKU}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, good{Shelf: w.Shelf, Title: w.Title, Variant: w.Variant, SKU: w.SKU})
		}
		g := &out[i]
		g.Sum += w.Quantity
		if n := slices.IndexFunc(g.Orders, func(n need) bool { return n.Order == w.Order }); n >= 0 {
			g.Orders[n].Quantity += w.Quantity
		} else {
			g.Orders = append(g.Orders, need{w.Order, w.Quantity})
		}
	}
	slices.SortStableFunc(out, func(a, b good) int {
		if (a.Shelf == "") != (b.Shelf == "") {
			if a.Shelf == "" {
				return 1
			}
			return -1
		}
		return cmp.Or(folded(a.Shelf, b.Shelf), folded(a.Title, b.Title), folded(a.Variant, b.Variant), cmp.Compare(a.SKU, b.SKU))
	})
	return out
}

func folded(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }

// piece is how many lines of orders a row holds before it goes on in the next
// one, so that pages are filled and a row always fits on one.
const piece = 8

func picking(ctx context.Context, l List, wants []Want) (book, error) {
	if err := count(len(wants)); err != nil {
		return book{}, err
	}
	goods := gather(wants)
	orders, sum := map[string]bool{}, int64(0)
	for _, w := range wants {
		orders[w.Order] = true
		sum += w.Quantity
	}
	t := table{
		title: plain(i18n.T(ctx, "label.pick_title")),
		left:  plain(l.Shop),
		below: plain(i18n.T(ctx, "label.pick_sums", len(orders), len(goods), sum)),
		right: plain(i18n.When(ctx, l.At)),
		cols: spread([]col{
			{w: 8},
			{title: plain(i18n.T(ctx, "label.shelf")), w: 22},
			{title: plain(i18n.T(ctx, "label.goods")), w: 70},
			{title: plain(i18n.T(ctx, "label.quantity")), w: 20, right: true},
			{title: plain(i18n.T(ctx, "label.for_orders"))},
		}),
	}
	for _, g := range goods {
		t.rows = append(t.rows, g.rows(ctx, t)...)
	}
	return t.pages(ctx), nil
}

func (g good) rows(ctx context.Context, t table) []row {
	cells := make([]cell, len(t.cols))
	cells[0].tick = true
	shelf, f := plain(g.Shelf), font{true, 11}
	if shelf == "" {
		shelf, f = plain(i18n.T(ctx, "label.no_shelf")), font{false, 8}
	}
	said(&cells[1], f, shelf, t.inner(1), 3)
	said(&cells[2], font{true, 11}, plain(g.Title), t.inner(2), 4)
	said(&cells[2], font{false, 10}, plain(g.Variant), t.inner(2), 3)
	said(&cells[2], font{false, 8}, plain(g.SKU), t.inner(2), 2)
	many, s := font{true, 15}.fit(i18n.N(ctx, g.Sum), least, t.inner(3))
	cells[3].lines = []line{{s, many}}

	small := font{false, 9}
	parts := make([]string, len(g.Orders))
	for i, n := range g.Orders {
		parts[i] = strings.ReplaceAll(plain(n.Order), " ", joined) + joined + "(" + i18n.N(ctx, n.Quantity) + ")"
	}
	var out []row
	for lines := range slices.Chunk(small.wrap(strings.Join(parts, ", "), t.inner(4)), piece) {
		r := row{cells: cells}
		if len(out) > 0 {
			out[len(out)-1].open = true
			r.cells = make([]cell, len(t.cols))
			r.again = make([]cell, len(t.cols))
			said(&r.again[1], small, shelf, t.inner(1), 1)
			said(&r.again[2], small, plain(dotted(g.Title, g.Variant)), t.inner(2), 1)
		}
		for _, l := range lines {
			r.cells[4].lines = append(r.cells[4].lines, line{l, small})
		}
		if r.again != nil {
			r.again[4] = r.cells[4]
		}
		out = append(out, r)
	}
	return out
}
