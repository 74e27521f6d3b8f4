package label

import "math"

// area is a rectangle on the page, in millimetres from its upper left corner.
type area struct{ x, y, w, h float64 }

// inset is a without d at its left and right.
func (a area) inset(d float64) area { return area{a.x + d, a.y, a.w - 2*d, a.h} }

// top cuts h off the top of a.
func (a *area) top(h float64) area {
	cut := area{a.x, a.y, a.w, h}
	a.y, a.h = a.y+h, a.h-h
	return cut
}

// bottom cuts h off the bottom of a.
func (a *area) bottom(h float64) area {
	a.h -= h
	return area{a.x, a.y + a.h, a.w, h}
}

// left cuts w off the left of a.
func (a *area) left(w float64) area {
	cut := area{a.x, a.y, w, a.h}
	a.x, a.w = a.x+w, a.w-w
	return cut
}

// right cuts w off the right of a.
func (a *area) right(w float64) area {
	a.w -= w
	return area{a.x + a.w, a.y, w, a.h}
}

// mark is one thing in ink: a line of text or, where there is none, a filled
// rectangle.
type mark struct {
	area
	text   string
	font   font
	white  bool // on a ground
	ground bool // text may stand on it
	hollow bool // the outline alone
	dashed bool // a line to cut along, from corner to corner
}

// block is a part of a page that keeps its ink to itself.
type block struct {
	name string
	area
	marks []mark
}

// rule is the thickness of lines between blocks.
const rule = 0.4

func (b *block) fill(a area) { b.marks = append(b.marks, mark{area: a}) }

// line puts s into one line at the top left of a, or to the right of it.
func (b *block) line(a area, f font, s string, right bool) {
	if s == "" {
		return
	}
	w := f.width(s)
	if right {
		a.x += a.w - w
	}
	b.marks = append(b.marks, mark{area: area{a.x, a.y, w, f.height()}, text: s, font: f})
}

// centre puts s into the middle of a.
func (b *block) centre(a area, f font, s string, white bool) {
	if s == "" {
		return
	}
	w, h := f.width(s), f.height()
	b.marks = append(b.marks, mark{area: area{a.x + (a.w-w)/2, a.y + (a.h-h)/2, w, h}, text: s, font: f, white: white})
}

// under draws a rule along the bottom of the block.
func (b *block) under(pad float64) {
	in := b.inset(pad)
	b.fill(area{in.x, in.y + in.h - rule, in.w, rule})
}

// item is a paragraph of a column.
type item struct {
	text string
	font font
	gap  float64 // above it
	keep int     // lines that stay when room is short
	rank int     // the lowest is cut first
	tail string  // at the right of its first line
}

// scales are how much larger or smaller than wished a column may be set, the
// best first.
var scales = []float64{1.4, 1.35, 1.3, 1.25, 1.2, 1.15, 1.1, 1.05, 1, 0.95, 0.9, 0.85, 0.8, 0.75}

// column sets items below each other in a: as large as there is room for all
// their words, and if there is none even for small type, with the least
// important cut first.
func (b *block) column(a area, items []item) {
	var last []para
	for _, scale := range scales {
		last = paras(items, scale, a.w)
		if tall(last) <= a.h {
			break
		}
	}
	for tall(last) > a.h {
		if !give(last, true) && !give(last, false) {
			return
		}
	}
	y := a.y
	for _, p := range last {
		lines := p.shown()
		if len(lines) == 0 {
			continue
		}
		if y > a.y {
			y += p.gap
		}
		for i, l := range lines {
			at := area{a.x, y, a.w, p.font.height()}
			b.line(at, p.font, l, false)
			if i == 0 {
				b.line(at, p.font, p.tail, true)
			}
			y += p.font.height()
		}
	}
}

// para is an item, broken into lines.
type para struct {
	item
	lines []string
	width float64
	n     int // lines that are shown
}

func paras(items []item, scale, width float64) []para {
	var out []para
	for _, it := range items {
		if it.text == "" && it.tail == "" {
			continue
		}
		p := para{item: it, width: width}
		p.font.size = max(least, it.font.size*scale)
		p.gap *= scale
		if it.tail != "" {
			p.tail = p.font.one(it.tail, max(width/2, width-p.font.width(it.text)-2))
			p.width -= p.font.width(p.tail) + 2
		}
		p.lines = p.font.wrap(it.text, p.width)
		if len(p.lines) == 0 {
			p.lines = []string{""}
		}
		p.n = len(p.lines)
		out = append(out, p)
	}
	return out
}

func (p para) shown() []string { return p.font.cut(p.lines, p.n, p.width) }

func tall(ps []para) float64 {
	sum := 0.0
	for _, p := range ps {
		if p.n == 0 {
			continue
		}
		if sum > 0 {
			sum += p.gap
		}
		sum += float64(p.n) * p.font.height()
	}
	return sum
}

// give takes a line from the least important paragraph that can spare one.
func give(ps []para, keep bool) bool {
	at := -1
	for i, p := range ps {
		spare := p.n
		if keep {
			spare -= p.keep
		}
		if spare > 0 && (at < 0 || p.rank < ps[at].rank) {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	ps[at].n--
	return true
}

// leaf is one finished page.
type leaf struct{ blocks []block }

// book is a document.
type book struct {
	paper
	leaves []leaf
}

// grid divides a page into cells of one size.
type grid struct {
	paper
	cols, rows int
}

// fill sets n cells, page after page, with lines to cut along between them.
func (g grid) fill(n int, cell func(i int, a area) []block) book {
	out := book{paper: g.paper}
	w, h := g.w/float64(g.cols), g.h/float64(g.rows)
	for i := range n {
		at := i % (g.cols * g.rows)
		if at == 0 {
			out.leaves = append(out.leaves, leaf{g.cuts()})
		}
		l := &out.leaves[len(out.leaves)-1]
		l.blocks = append(l.blocks, cell(i, area{float64(at%g.cols) * w, float64(at/g.cols) * h, w, h})...)
	}
	return out
}

func (g grid) cuts() []block {
	var out []block
	line := func(a area) {
		out = append(out, block{name: "cut", area: a, marks: []mark{{area: a, dashed: true}}})
	}
	for c := 1; c < g.cols; c++ {
		line(area{g.w / float64(g.cols) * float64(c), 0, 0, g.h})
	}
	for r := 1; r < g.rows; r++ {
		line(area{0, g.h / float64(g.rows) * float64(r), g.w, 0})
	}
	return out
}

// dot is that of the usual thermal printer, eight a millimetre: bars and
// squares that are whole dots come out even.
const dot = 0.125

// dots rounds down to whole dots.
func dots(mm float64) float64 { return math.Floor(mm/dot+1e-9) * dot }
