package orderfile

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"lapak/internal/fault"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/phone"
)

// Window is how many orders are gathered at a time: fewer others may begin
// between the first row of an order and its last one. Rows that come later are
// refused by name.
const Window = 500

// Row is a row of a file, with the number of its line; At is the place of each
// field among its cells.
type Row struct {
	Line  int
	Cells []string
	At    map[string]int
}

// raw is what stands in a field.
func (r Row) raw(f Field) string {
	i, ok := r.At[string(f)]
	if !ok || i < 0 || i >= len(r.Cells) {
		return ""
	}
	return r.Cells[i]
}

// cell is what a field says, in one line and without blanks around it.
func (r Row) cell(f Field) string { return tidy(r.raw(f)) }

func tidy(s string) string {
	clean := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			clean = false
			break
		}
	}
	if !clean {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n':
				return r
			case r == '\t', r == '\r':
				return ' '
			case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r == 0xfffd:
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, ""))
	}
	return strings.TrimSpace(s)
}

// Key is what the rows of one order have in common: its source and number. It
// is empty for a row without a number.
func (o Options) Key(r Row) string {
	number := r.cell(Outside)
	if number == "" {
		return ""
	}
	return o.source(r) + "\x00" + number
}

// Fill lists the fields that r takes over from the row above: in files that
// write an order once and leave it blank on its further rows.
func (o Options) Fill(above, r Row) (list []Field) {
	if !o.format().FillDown || r.cell(Outside) != "" || above.cell(Outside) == "" {
		return nil
	}
	for name := range r.At {
		switch f := Field(name); f {
		case SKU, Title, Variant, Unit, Quantity, Price, Subtotal, Parent, LineAt, Returned, Discount, Shipping:
		default:
			if r.cell(f) == "" {
				list = append(list, f)
			}
		}
	}
	return list
}

func (o Options) source(r Row) string {
	if s := sourceOf(r.cell(Source)); s != "" {
		return s
	}
	if o.Source != "" {
		return sourceOf(o.Source)
	}
	if f := o.format(); f.Source != "" {
		return f.Source
	}
	return "lain"
}

// reader reads one order and keeps the first thing that is wrong.
type reader struct {
	o      Options
	format Format
	rows   []Row
	line   int // that is read now
	err    error
	at     int // the line of err
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err, r.at = err, r.line
	}
}

// text is the first thing that any row says.
func (r *reader) text(f Field) string {
	for _, row := range r.rows {
		if s := row.cell(f); s != "" {
			r.line = row.Line
			return s
		}
	}
	r.line = r.rows[0].Line
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
	t, err := r.o.time(s)
	if err != nil {
		r.fail(err)
	}
	return t
}

func (r *reader) sum(s string) int64 {
	if s == "" || s == "-" {
		return 0
	}
	n, err := r.o.amount(s)
	if err != nil {
		r.fail(err)
	}
	return n
}

// Read makes a paper of the rows of one order. What is wrong comes with the
// line on which it is.
func (o Options) Read(rows []Row) (order.Past, int, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Unit == 0 {
		o.Unit = 1
	}
	r := &reader{o: o, format: o.format(), rows: rows, line: rows[0].Line}
	if r.text(Outside) == "" {
		return order.Past{}, r.line, ErrNoID
	}
	p := order.Past{
		Source: o.source(rows[0]), Outside: r.text(Outside), At: r.time(r.text(At)), State: order.Done, Way: order.Own, PayBy: payment.Elsewhere,
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
	if w := order.Way(r.text(Way)); w == order.Pickup || w == order.Own || w == order.Carrier {
		p.Way = w
	}
	if m := payment.Method(r.text(PayBy)); m.Valid() {
		p.PayBy = m
	}
	if t := r.time(r.text(DoneAt)); !t.IsZero() && p.State.Over() {
		p.DoneAt = &t
	}
	back := r.lines(&p)
	r.line = rows[0].Line
	r.sums(&p, back)
	if r.err != nil {
		return p, r.at, r.err
	}
	if err := p.Validate(); err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return p, rows[0].Line, f
		}
		return p, rows[0].Line, err
	}
	return p, 0, nil
}

// lines reads the lines, and returns what marketplaces gave back for them.
func (r *reader) lines(p *order.Past) (back int64) {
	for _, row := range r.rows {
		r.line = row.Line
		l := order.PastLine{SKU: row.raw(SKU), Title: row.cell(Title), Variant: row.cell(Variant), Unit: row.cell(Unit)}
		if !r.format.Exact {
			l.SKU = tidy(l.SKU)
		}
		if l.SKU == "" {
			l.SKU = tidy(row.cell(Parent))
		}
		n, err := Amount(row.cell(Quantity), 1)
		if err != nil {
			r.fail(ErrNumber.With(row.cell(Quantity)))
		}
		l.Quantity = n
		at := row.cell(LineAt)
		if at == "" {
			at = row.cell(At)
		}
		if t := r.time(at); !t.Equal(p.At) {
			l.At = t
		}
		price := row.cell(Price)
		l.Price = r.sum(price)
		if s := row.cell(Subtotal); price == "" && s != "" && n > 0 {
			l.Price = r.sum(s)
			if rest := l.Price % n; rest > 0 { // some pieces cost a rupiah more, so that the sum stays
				more := l
				l.Price, l.Quantity = l.Price/n, n-rest
				more.Price, more.Quantity = l.Price+1, rest
				p.Lines = append(p.Lines, more)
			} else {
				l.Price /= n
			}
		}
		if s := row.cell(Returned); s != "" {
			if q, err := Amount(s, 1); err == nil && q > 0 && q <= n {
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
		s := row.cell(f)
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
	if s := r.text(Total); s != "" {
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
