package label

import (
	"context"

	"lapak/internal/i18n"
)

const (
	margin  = 12.0
	footTop = 8.0 // room for the number of the page
)

// col is a column of a table.
type col struct {
	title string
	w     float64 // 0: what the others leave
	right bool
}

// cell is what stands in one column of a row.
type cell struct {
	lines []line
	tick  bool // a box to tick
}

type line struct {
	text string
	font font
}

// said breaks text into cell lines of width w, at most n of them.
func said(c *cell, f font, text string, w float64, n int) {
	for _, l := range f.cut(f.wrap(text, w), n, w) {
		c.lines = append(c.lines, line{l, f})
	}
}

// row is one row of a table. One that goes on in the next has no line below
// it, and again says what it is about where that next one begins a page.
type row struct {
	cells []cell
	again []cell
	open  bool
}

// table flows rows down A4 pages under a head that stands on each.
type table struct {
	title, left, right string // of each page
	below              string
	cols               []col
	rows               []row
	end                func(a area) []block // behind the last row, on one page
	endHeight          float64
}

const cellPad = 1.5

// inner is the room for text in column i.
func (t table) inner(i int) float64 { return t.cols[i].w - 2*cellPad }

// spread gives the column without a width what the others leave.
func spread(cols []col) []col {
	rest := papers[A4].w - 2*margin
	for _, c := range cols {
		rest -= c.w
	}
	for i := range cols {
		if cols[i].w == 0 {
			cols[i].w = rest
		}
	}
	return cols
}

const tickSide = 5.0

func height(cells []cell) float64 {
	most := 0.0
	for _, c := range cells {
		h := 0.0
		for _, l := range c.lines {
			h += l.font.height()
		}
		if c.tick {
			h = max(h, tickSide)
		}
		most = max(most, h)
	}
	return most + 2*cellPad
}

// pages sets the table.
func (t table) pages(ctx context.Context) book {
	out := book{paper: papers[A4]}
	var rest area
	fresh := func() {
		out.leaves = append(out.leaves, leaf{})
		rest = area{margin, margin, out.w - 2*margin, out.h - 2*margin - footTop}
		l := &out.leaves[len(out.leaves)-1]
		l.blocks = append(l.blocks, t.head(rest.top(22)), t.titles(rest.top(7)))
	}
	add := func(b ...block) {
		l := &out.leaves[len(out.leaves)-1]
		l.blocks = append(l.blocks, b...)
	}
	fresh()
	for _, r := range t.rows {
		h := height(r.cells)
		if h > rest.h {
			fresh()
			if r.again != nil {
				r.cells = r.again
				h = height(r.cells)
			}
		}
		add(t.row(rest.top(h), r))
	}
	if t.end != nil {
		if t.endHeight > rest.h {
			fresh()
		}
		add(t.end(rest.top(t.endHeight))...)
	}
	for i := range out.leaves {
		b := block{name: "page", area: area{margin, out.h - margin - footTop, out.w - 2*margin, footTop}}
		at := b.area
		at.top(3)
		b.line(at, font{false, 8}, plain(i18n.T(ctx, "label.page", i+1, len(out.leaves))), true)
		out.leaves[i].blocks = append(out.leaves[i].blocks, b)
	}
	return out
}

func (t table) head(a area) block {
	b := block{name: "title", area: a}
	f := font{true, 16}
	line := a.top(f.height())
	small := font{false, 9}
	right := small.one(t.right, line.w/2)
	b.line(area{line.x, line.y + 2, line.w, small.height()}, small, right, true)
	line.right(small.width(right) + 4)
	b.line(line, f, f.one(t.title, line.w), false)
	for _, s := range []string{t.left, t.below} {
		a.top(0.5)
		f := font{false, 10}
		b.line(a.top(f.height()), f, f.one(s, a.w), false)
	}
	return b
}

func (t table) titles(a area) block {
	b := block{name: "titles", area: a}
	at := a
	for _, c := range t.cols {
		in := at.left(c.w).inset(cellPad)
		in.top(1.5)
		f, s := font{true, 8.5}.fit(c.title, least, in.w)
		b.line(in, f, s, c.right)
	}
	b.under(0)
	return b
}

func (t table) row(a area, r row) block {
	b := block{name: "row", area: a}
	at := a
	for i, c := range r.cells {
		in := at.left(t.cols[i].w).inset(cellPad)
		in.top(cellPad)
		if c.tick {
			b.marks = append(b.marks, mark{area: area{in.x, in.y, tickSide, tickSide}, hollow: true})
		}
		for _, l := range c.lines {
			b.line(in.top(l.font.height()), l.font, l.text, t.cols[i].right)
		}
	}
	if !r.open {
		b.fill(area{a.x, a.y + a.h - 0.1, a.w, 0.1})
	}
	return b
}
