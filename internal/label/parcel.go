package label

import (
	"context"
	"strings"
	"time"

	"lapak/internal/i18n"
	"lapak/internal/money"
)

// layout draws the label into cell, a page or a part of one: whose it is to
// carry, the number, where it goes, what is to be collected, what is in it.
func (p Parcel) layout(ctx context.Context, cell area, pad float64) []block {
	rest := cell
	rest.top(pad - 1)
	rest.bottom(pad - 1)
	out := []block{
		p.head(ctx, rest.top(14.5), pad),
		p.code(rest.top(27), pad),
	}
	foot := p.foot(ctx, rest.bottom(30), pad)
	due := p.due(ctx, rest.bottom(17), pad)
	return append(out, p.to(ctx, rest, pad), due, foot)
}

// head names the carrier, its service and its own sorting code.
func (p Parcel) head(ctx context.Context, a area, pad float64) block {
	b := block{name: "head", area: a}
	in := a.inset(pad)
	in.bottom(rule)
	if s := plain(p.Sorting); s != "" {
		f, s := font{true, 30}.fit(s, 9, in.w*0.58)
		w := f.width(s)
		at := in.right(w)
		b.centre(at, f, s, false)
		in.right(3)
	}
	in.top(1)
	b.column(in, []item{
		{text: plain(p.Carrier), font: font{true, 13}, keep: 1, rank: 2},
		{text: dotted(plain(p.Service), p.pieces(ctx)), font: font{false, 9.5}, keep: 1, rank: 1},
	})
	b.under(pad)
	return b
}

func (p Parcel) pieces(ctx context.Context) string {
	return plain(i18n.T(ctx, "label.piece", max(1, p.Piece), max(1, p.Pieces)))
}

// dotted joins what there is of parts by commas.
func dotted(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

// code is the number in bars and in digits. Without a number it is that of
// the order, in digits alone, so that nobody scans it for a tracking number.
func (p Parcel) code(a area, pad float64) block {
	b := block{name: "code", area: a}
	in := a.inset(pad)
	in.bottom(rule)
	number := plain(p.Number)
	if number == "" {
		number = plain(p.Order)
	}
	at := in
	at.top(2)
	if p.Number != "" && b.bars(at.top(barHeight), p.Number) {
		f, s := font{true, 17}.fit(number, least, at.w)
		b.centre(at, f, s, false)
	} else {
		f, s := font{true, 32}.fit(number, least, in.w)
		b.centre(in, f, s, false)
	}
	b.under(pad)
	return b
}

// to is where the parcel goes and, smaller, where it comes from.
func (p Parcel) to(ctx context.Context, a area, pad float64) block {
	b := block{name: "to", area: a}
	in := a.inset(pad)
	in.top(1.2)
	in.bottom(1.2)
	r := p.Recipient
	b.column(in, []item{
		{text: plain(i18n.T(ctx, "label.to")), font: font{false, 8}, keep: 1, rank: 9, tail: p.window(ctx)},
		{text: plain(r.Name), font: font{true, 15}, keep: 1, rank: 3},
		{text: plain(r.Phone), font: font{true, 12}, gap: 0.3, keep: 1, rank: 8, tail: plain(r.Postcode)},
		{text: plain(r.Street), font: font{false, 11}, gap: 1, keep: 3, rank: 4},
		{text: plain(r.Area), font: font{true, 11}, keep: 2, rank: 6},
		{text: titled(ctx, "label.landmark", p.Landmark), font: font{true, 13}, gap: 1.2, keep: 2, rank: 5},
		{text: titled(ctx, "label.note", p.Note), font: font{false, 9.5}, gap: 1, keep: 1, rank: 2},
		{text: p.from(ctx), font: font{false, 8.5}, gap: 1.2, keep: 1, rank: 1},
	})
	return b
}

// titled is text behind its title, nothing if there is none.
func titled(ctx context.Context, key, text string) string {
	if text = plain(text); text == "" {
		return ""
	}
	return plain(i18n.T(ctx, key)) + ": " + text
}

func (p Parcel) from(ctx context.Context) string {
	s := p.Sender
	text := dotted(plain(s.Name), plain(s.Phone), plain(s.Street), plain(s.Area), plain(s.Postcode))
	if text == "" {
		return ""
	}
	return plain(i18n.T(ctx, "label.from")) + ": " + text
}

// window is when the parcel was promised: a day and hours, or days.
func (p Parcel) window(ctx context.Context) string {
	from, until := p.From, p.Until
	if from.IsZero() {
		from = until
	}
	switch {
	case from.IsZero():
		return ""
	case until.IsZero():
		return plain(i18n.When(ctx, from))
	}
	if a, b := i18n.Day(ctx, from), i18n.Day(ctx, until); a != b {
		return plain(a + " - " + b)
	}
	clock := i18n.Clock(ctx, until)
	if from.Before(until) {
		start, _, _ := strings.Cut(i18n.Clock(ctx, from), " ")
		clock = start + "-" + clock
	}
	return plain(i18n.Day(ctx, from) + ", " + clock)
}

// due is what the courier collects, white on black, or that there is nothing.
func (p Parcel) due(ctx context.Context, a area, pad float64) block {
	b := block{name: "due", area: a}
	in := a.inset(pad)
	in.bottom(1)
	word, sum := i18n.T(ctx, "label.cod"), money.String(p.COD)
	left, right := font{true, 22}, font{true, 37}
	if p.COD <= 0 {
		word, sum = i18n.T(ctx, "label.no_cod"), i18n.T(ctx, "label.paid")
		left, right = font{true, 24}, font{true, 17}
		b.marks = append(b.marks, mark{area: area{in.x + 0.2, in.y + 0.2, in.w - 0.4, in.h - 0.4}, hollow: true})
	} else {
		b.marks = append(b.marks, mark{area: in, ground: true})
	}
	text := in.inset(3)
	l, s := left.fit(plain(word), least, text.w*0.4)
	b.centre(text.left(l.width(s)), l, s, p.COD > 0)
	text.left(3)
	r, s := right.fit(plain(sum), least, text.w)
	b.centre(text.right(r.width(s)), r, s, p.COD > 0)
	return b
}

// foot is the way to the tracking page and what is in the parcel.
func (p Parcel) foot(ctx context.Context, a area, pad float64) block {
	b := block{name: "foot", area: a}
	in := a.inset(pad)
	in.top(1)
	square := in
	square.w = min(in.h, in.w)
	if side := b.qr(square, p.URL); side > 0 {
		in.left(side + 2)
	}
	if p.Fragile {
		at := in.bottom(8)
		b.marks = append(b.marks, mark{area: at, ground: true})
		f, s := font{true, 15}.fit(plain(i18n.T(ctx, "label.fragile")), least, at.w-4)
		b.centre(at, f, s, true)
		in.bottom(1)
	}
	var weight string
	if p.Grams > 0 {
		weight = i18n.Weight(ctx, p.Grams)
	}
	order := ""
	if p.Order != "" {
		order = plain(i18n.T(ctx, "label.order", p.Order))
	}
	placed := ""
	if !p.Placed.IsZero() {
		placed = strings.ReplaceAll(plain(date(ctx, p.Placed)), " ", joined)
	}
	b.column(in, []item{
		{text: plain(weight), font: font{true, 13}, keep: 1, rank: 3},
		{text: dotted(order, placed), font: font{false, 9.5}, gap: 0.5, keep: 1, rank: 2},
		{text: plain(p.Contents), font: font{false, 9}, gap: 0.5, keep: 0, rank: 1},
	})
	return b
}

// date writes a day without its name.
func date(ctx context.Context, t time.Time) string {
	_, s, _ := strings.Cut(i18n.Day(ctx, t), ", ")
	return s
}
