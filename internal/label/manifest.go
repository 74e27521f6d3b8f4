package label

import (
	"context"
	"io"
	"strconv"

	"lapak/internal/i18n"
	"lapak/internal/money"
)

// Handed is a parcel on a hand-over list.
type Handed struct {
	Number   string
	Name     string // the recipient's
	District string
	Pieces   int
	COD      int64
}

// Handover is a hand-over list: from the shop to a courier or a carrier.
type Handover struct {
	List
	Number  string // of the list
	To      string // who takes the parcels
	Parcels []Handed
}

// Manifest writes the list of parcels in the order given, with how many they
// are, what is to be collected for all of them, and room for the names of who
// gives and who takes.
func Manifest(ctx context.Context, w io.Writer, h Handover) error {
	b, err := manifest(ctx, h)
	if err != nil {
		return err
	}
	return b.write(w, true)
}

func manifest(ctx context.Context, h Handover) (book, error) {
	if err := count(len(h.Parcels)); err != nil {
		return book{}, err
	}
	pieces, cod := 0, int64(0)
	for _, p := range h.Parcels {
		pieces += max(1, p.Pieces)
		var err error
		if cod, err = money.Add(cod, p.COD); err != nil {
			return book{}, err
		}
	}
	t := table{
		title: plain(i18n.T(ctx, "label.manifest_title") + " " + h.Number),
		left:  plain(h.Shop),
		right: plain(i18n.When(ctx, h.At)),
		cols: spread([]col{
			{title: plain(i18n.T(ctx, "label.no")), w: 12, right: true},
			{title: plain(i18n.T(ctx, "label.number")), w: 46},
			{title: plain(i18n.T(ctx, "label.recipient"))},
			{title: plain(i18n.T(ctx, "label.district")), w: 36},
			{title: plain(i18n.T(ctx, "label.pieces")), w: 14, right: true},
			{title: plain(i18n.T(ctx, "label.cod")), w: 30, right: true},
		}),
	}
	if h.To != "" {
		t.below = plain(i18n.T(ctx, "label.handed_to", h.To))
	}
	text, strong := font{false, 10}, font{true, 10}
	for i, p := range h.Parcels {
		cells := make([]cell, len(t.cols))
		said(&cells[0], text, strconv.Itoa(i+1), t.inner(0), 1)
		said(&cells[1], strong, plain(p.Number), t.inner(1), 2)
		said(&cells[2], text, plain(p.Name), t.inner(2), 2)
		said(&cells[3], text, plain(p.District), t.inner(3), 2)
		said(&cells[4], text, i18n.N(ctx, int64(max(1, p.Pieces))), t.inner(4), 1)
		sum := "-"
		if p.COD != 0 {
			sum = money.String(p.COD)
		}
		f, s := strong.fit(sum, least, t.inner(5))
		cells[5].lines = []line{{s, f}}
		t.rows = append(t.rows, row{cells: cells})
	}
	t.endHeight = 62
	t.end = func(a area) []block {
		return []block{
			sums(ctx, a.top(14), plain(i18n.T(ctx, "label.manifest_sums", len(h.Parcels), pieces)), cod),
			signatures(ctx, a),
		}
	}
	return t.pages(ctx), nil
}

func sums(ctx context.Context, a area, count string, cod int64) block {
	b := block{name: "sums", area: a}
	a.top(3)
	f := font{true, 13}
	money := plain(i18n.T(ctx, "label.cod_sum")) + " " + money.String(cod)
	b.line(a, f, f.one(count, a.w/2-3), false)
	b.line(a, f, f.one(money, a.w/2-3), true)
	return b
}

// signatures is room for two hands: who gives and who takes.
func signatures(ctx context.Context, a area) block {
	b := block{name: "signatures", area: a}
	a.top(3)
	half := a.w/2 - 8
	for i, key := range []string{"label.gives", "label.takes"} {
		x := a.x + float64(i)*(a.w-half)
		f := font{false, 10}
		b.line(area{x, a.y, half, f.height()}, f, plain(i18n.T(ctx, key)), false)
		b.fill(area{x, a.y + 34, half, 0.3})
		f = font{false, 8}
		b.line(area{x, a.y + 35.5, half, f.height()}, f, plain(i18n.T(ctx, "label.signed")), false)
	}
	return b
}
