package label

import (
	"context"
	"io"
	"time"

	"lapak/internal/i18n"
	"lapak/internal/money"
)

// Product is what the label on goods says. What is empty stays off it.
type Product struct {
	Name          string
	Shop          string
	Batch         string
	Made, Expires time.Time
	PIRT, Halal   string // numbers of the home-food licence and the halal certificate
	Grams         int64  // net
	Price         int64  // 0: none is printed
	Copies        int    // how many of it; 0 is one
}

// Products writes product labels with lines to cut along: eight on 100 x 150
// mm and on A6, twenty-four on A4.
func Products(ctx context.Context, w io.Writer, sheet Sheet, goods []Product) error {
	b, err := products(ctx, sheet, goods)
	if err != nil {
		return err
	}
	return b.write(w, true)
}

func products(ctx context.Context, sheet Sheet, goods []Product) (book, error) {
	p, ok := papers[sheet]
	if !ok {
		return book{}, ErrSheet
	}
	var each []Product
	for _, g := range goods {
		if g.Copies > Max {
			return book{}, ErrMany.With(Max)
		}
		for range max(1, g.Copies) {
			each = append(each, g)
		}
		if len(each) > Max {
			return book{}, ErrMany.With(Max)
		}
	}
	if err := count(len(each)); err != nil {
		return book{}, err
	}
	g := grid{paper: p, cols: 2, rows: 4}
	if sheet == A4 {
		g.cols, g.rows = 3, 8
	}
	return g.fill(len(each), func(i int, cell area) []block { return []block{each[i].layout(ctx, cell)} }), nil
}

func (p Product) layout(ctx context.Context, cell area) block {
	b := block{name: "product", area: cell}
	in := cell.inset(3.5)
	in.top(3)
	in.bottom(3)
	net, made, expires := "", "", ""
	if p.Grams > 0 {
		net = plain(i18n.T(ctx, "label.net", netto(ctx, p.Grams)))
	}
	if p.Price > 0 { // the net weight stands on its line
		f, s := font{true, 15}.fit(money.String(p.Price), least, in.w*0.55)
		at := in.bottom(font{true, 15}.height())
		at.top(at.h - f.height())
		b.line(at, f, s, true)
		at.right(f.width(s) + 2)
		f, s = font{false, 8}.fit(net, least, at.w)
		at.top(max(0, at.h-f.height()-0.6))
		b.line(at, f, s, false)
		net = ""
	}
	if !p.Made.IsZero() {
		made = plain(i18n.T(ctx, "label.made")) + " " + plain(date(ctx, p.Made))
	}
	if !p.Expires.IsZero() {
		expires = plain(i18n.T(ctx, "label.expires")) + " " + plain(date(ctx, p.Expires))
	}
	b.column(in, []item{
		{text: plain(p.Name), font: font{true, 11}, keep: 1, rank: 1},
		{text: plain(p.Shop), font: font{false, 7.5}, keep: 1, rank: 0},
		{text: expires, font: font{true, 8}, gap: 0.6, keep: 1, rank: 9},
		{text: titled(ctx, "label.batch", p.Batch), font: font{false, 7.5}, keep: 1, rank: 6},
		{text: made, font: font{false, 7.5}, keep: 1, rank: 5},
		{text: titled(ctx, "label.pirt", p.PIRT), font: font{false, 7.5}, keep: 1, rank: 8},
		{text: titled(ctx, "label.halal", p.Halal), font: font{false, 7.5}, keep: 1, rank: 7},
		{text: net, font: font{false, 7.5}, keep: 1, rank: 4},
	})
	return b
}

// netto is a weight to the gram: what is sold by it may not lose any.
func netto(ctx context.Context, grams int64) string {
	if grams%100 != 0 {
		return i18n.N(ctx, grams) + " g"
	}
	return i18n.Weight(ctx, grams)
}
