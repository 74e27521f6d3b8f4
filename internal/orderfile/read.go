package orderfile

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"

	"lapak/internal/fault"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/phone"
)

// Window is how many orders may begin between the first row of an order and
// its last one. Rows that come later are refused by name.
const Window = 500

// Row is a row of a file, with the number of its line.
type Row struct {
	Line  int
	Cells []string
}

// Group is the rows of one order, and what they say.
type Group struct {
	Rows []Row
	Past order.Past
	Err  error // why it cannot go in
}

// Grouper gathers rows into orders by their source and number. Orders come out
// in the order of their first rows, so the same file makes the same groups
// wherever it is taken up again.
type Grouper struct {
	o      Options
	format Format
	open   map[string]*Group
	queue  []string
	closed map[uint64]bool
	last   Row
	rows   int
}

// NewGrouper makes a grouper for a file.
func NewGrouper(o Options) *Grouper {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Unit == 0 {
		o.Unit = 1
	}
	return &Grouper{o: o, format: o.format(), open: map[string]*Group{}, closed: map[uint64]bool{}}
}

// cell is what a field says, tidied: no control or direction signs, no blanks
// around it, and without the apostrophe that keeps a spreadsheet from reading
// it as a formula.
func (g *Grouper) cell(r Row, f Field) string {
	i, ok := g.o.Columns[f]
	if !ok || i < 0 || i >= len(r.Cells) {
		return ""
	}
	return tidy(r.Cells[i])
}

func tidy(s string) string {
	clean := true
	for _, r := range s {
		if r < ' ' || r >= 0x7f {
			clean = false
			break
		}
	}
	if !clean {
		s = strings.Map(func(r rune) rune {
			if r == '\t' || r == '\n' || r == '\r' {
				return ' '
			}
			if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r == 0xfffd {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, ""))
	}
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@", s[1]) >= 0 {
		s = s[1:]
	}
	return s
}

// Add takes a row and returns the orders that are whole by it.
func (g *Grouper) Add(r Row) []Group {
	g.rows++
	if g.rows == 1 && g.format.Explains && g.explains(r) {
		return nil
	}
	if blank(r.Cells) {
		return nil
	}
	r.Cells = append([]string(nil), r.Cells...)
	number := g.cell(r, Outside)
	if number == "" && g.format.FillDown && g.last.Cells != nil {
		r = g.filled(r)
		number = g.cell(r, Outside)
	}
	if number == "" {
		return []Group{{Rows: []Row{r}, Err: ErrNoID}}
	}
	g.last = r
	key := g.source(r) + "\x00" + number
	if o := g.open[key]; o != nil {
		o.Rows = append(o.Rows, r)
		if len(o.Rows) > order.MaxPastLines {
			o.Err = ErrLong.With(number, order.MaxPastLines)
			o.Rows = o.Rows[:order.MaxPastLines]
			return []Group{{Rows: []Row{r}, Err: o.Err}}
		}
		return nil
	}
	if g.closed[sum(key)] {
		return []Group{{Rows: []Row{r}, Err: ErrFar.With(number)}}
	}
	g.open[key] = &Group{Rows: []Row{r}}
	g.queue = append(g.queue, key)
	if len(g.queue) <= Window {
		return nil
	}
	return []Group{g.close()}
}

// End returns the orders that are still open.
func (g *Grouper) End() []Group {
	var list []Group
	for len(g.queue) > 0 {
		list = append(list, g.close())
	}
	return list
}

func (g *Grouper) close() Group {
	key := g.queue[0]
	g.queue = g.queue[1:]
	o := g.open[key]
	delete(g.open, key)
	g.closed[sum(key)] = true
	if o.Err == nil {
		o.Past, o.Err = g.read(o.Rows)
	}
	return *o
}

// sum is FNV-1a, to remember numbers in little room.
func sum(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// explains reports whether a row describes the columns instead of filling
// them: its quantity is no number.
func (g *Grouper) explains(r Row) bool {
	q := g.cell(r, Quantity)
	_, err := strconv.ParseInt(q, 10, 64)
	return q == "" || err != nil
}

// filled is r with what it leaves blank of the order taken from the row above.
func (g *Grouper) filled(r Row) Row {
	for f, i := range g.o.Columns {
		switch f {
		case SKU, Title, Variant, Unit, Quantity, Price, LineAt, Returned, Discount, Shipping:
			continue
		}
		for len(r.Cells) <= i {
			r.Cells = append(r.Cells, "")
		}
		if strings.TrimSpace(r.Cells[i]) == "" && i < len(g.last.Cells) {
			r.Cells[i] = g.last.Cells[i]
		}
	}
	return r
}

func (g *Grouper) source(r Row) string {
	if s := sourceOf(g.cell(r, Source)); s != "" {
		return s
	}
	if g.o.Source != "" {
		return sourceOf(g.o.Source)
	}
	return "lain"
}

// reader reads one order and keeps the first thing that is wrong.
type reader struct {
	*Grouper
	rows []Row
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// text is the first thing that any row says.
func (r *reader) text(f Field) string {
	for _, row := range r.rows {
		if s := r.cell(row, f); s != "" {
			return s
		}
	}
	return ""
}

// private is text, or nothing if it was masked.
func (r *reader) private(f Field) string {
	if s := r.text(f); !strings.Contains(s, "**") {
		return s
	}
	return ""
}

func (r *reader) time(s string) time.Time {
	if s == "" || s == "-" {
		return time.Time{}
	}
	t, err := parseTime(s, r.o.Zone)
	if err != nil {
		r.fail(err)
	}
	return t
}

func (r *reader) sum(s string) int64 {
	if s == "" || s == "-" {
		return 0
	}
	n, err := Amount(s, r.o.Unit)
	if err != nil {
		r.fail(err)
	}
	return n
}

func (g *Grouper) read(rows []Row) (order.Past, error) {
	r := &reader{g, rows, nil}
	p := order.Past{
		Source: g.source(rows[0]), Outside: r.text(Outside), At: r.time(r.text(At)), State: order.Done, Way: order.Own, PayBy: payment.Elsewhere,
		Buyer: r.private(Buyer), Name: r.private(Name), Village: r.text(Village), Street: r.private(Street), Landmark: r.private(Landmark),
		City: r.private(City), Province: r.private(Province), Country: r.text(Country), Courier: r.text(Courier), Waybill: r.private(Waybill),
		Note: r.text(Note), Reason: r.text(Reason), Voucher: r.text(Voucher),
	}
	if p.At.IsZero() {
		r.fail(ErrTime.With(""))
	}
	if s := r.private(Phone); s != "" {
		if n, err := phone.Parse(s); err == nil {
			p.Phone = n.E164()
		}
	}
	if s := r.text(Status); s != "" {
		st, ok := states[fold(s)]
		if !ok {
			r.fail(ErrStatus.With(s))
		}
		p.State = st
	}
	if w := order.Way(r.text(Way)); w == order.Pickup || w == order.Own {
		p.Way = w
	}
	if m := payment.Method(r.text(PayBy)); m.Valid() {
		p.PayBy = m
	}
	if t := r.time(r.text(DoneAt)); !t.IsZero() && p.State.Over() {
		p.DoneAt = &t
	}
	back := r.lines(&p)
	r.sums(&p, back)
	if r.err != nil {
		return p, r.err
	}
	if err := p.Validate(); err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return p, f
		}
		return p, err
	}
	return p, nil
}

// lines reads the lines, and returns what marketplaces gave back for them.
func (r *reader) lines(p *order.Past) (back int64) {
	for _, row := range r.rows {
		l := order.PastLine{
			SKU: r.cell(row, SKU), Title: r.cell(row, Title), Variant: r.cell(row, Variant), Unit: r.cell(row, Unit), Price: r.sum(r.cell(row, Price)),
		}
		n, err := Amount(r.cell(row, Quantity), 1)
		if err != nil {
			r.fail(ErrNumber.With(r.cell(row, Quantity)))
		}
		l.Quantity = n
		at := r.cell(row, LineAt)
		if at == "" {
			at = r.cell(row, At)
		}
		if t := r.time(at); !t.Equal(p.At) {
			l.At = t
		}
		if s := r.cell(row, Returned); s != "" {
			if q, err := Amount(s, 1); err == nil && q > 0 && q <= l.Quantity {
				back += q * l.Price
			}
		}
		p.Lines = append(p.Lines, l)
	}
	return back
}

// once adds up a sum that stands on each line; of a column that repeats the
// order's sum on every row the first counts.
func (r *reader) once(f Field) (sum int64) {
	each := r.format.Name == "tiktok" && f == Discount
	for _, row := range r.rows {
		s := r.cell(row, f)
		if s == "" {
			continue
		}
		n := r.sum(s)
		if n < 0 {
			n = -n
		}
		if !each {
			return n
		}
		sum += n
	}
	return sum
}

func (r *reader) sums(p *order.Past, back int64) {
	p.Kind = r.kind(*p)
	p.Discount, p.Shipping, p.CODFee, p.Code = r.once(Discount), r.once(Shipping), r.once(CODFee), r.once(UniqueNo)
	p.Allowance, p.Refunded = r.once(Allowance), r.once(Refunded)
	total, err := p.Total()
	if err != nil {
		r.fail(err)
		return
	}
	if r.format.Name != own.Name && p.Kind == order.Sale && total < 0 {
		p.Discount += total // a marketplace's vouchers may be more than the goods
		total = 0
	}
	if s := r.text(Total); s != "" && r.format.Name == own.Name {
		if n := r.sum(s); n != total && r.err == nil {
			r.fail(order.ErrPastSum.With(n, total))
		}
	}
	if p.Kind != order.Sale {
		p.State, p.PayBy, p.Way, p.DoneAt = "", "", "", nil
		return
	}
	if s := r.text(Paid); s != "" {
		p.Paid = r.sum(s)
	} else if p.State == order.Done {
		p.Paid = total - p.Allowance + p.Refunded
	}
	if back > 0 && p.State == order.Done {
		back = min(back, total)
		p.Allowance, p.Refunded, p.Paid = back, back, total
	}
}

// kind tells sales from the rest: by the file's own word, or by signs.
func (r *reader) kind(p order.Past) order.Kind {
	if s := r.text(Kind); s != "" {
		k, ok := kindOf(s)
		if !ok {
			r.fail(ErrKind.With(s))
		}
		return k
	}
	down, debt := false, false
	for _, l := range p.Lines {
		down = down || l.Quantity < 0
		debt = debt || l.Price < 0
	}
	goods, _ := p.Goods()
	switch {
	case r.format.Letters && len(p.Outside) > 1 && p.Outside[0] == 'C':
		return order.Return
	case debt:
		return order.BadDebt
	case down && goods == 0:
		return order.WriteOff
	case down:
		return order.Return
	}
	return order.Sale
}
