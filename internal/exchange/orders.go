package exchange

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/order"
	"lapak/internal/orderfile"
	"lapak/internal/sheet"
)

// Orders is the kind of files of past orders: a shop's own, those of
// marketplaces, and a bookkeeper's invoices. What they become is in package
// order, what their columns mean in package orderfile.
type Orders struct {
	Orders *order.Service
	format string
}

// Name is its word in addresses.
func (Orders) Name() string { return "pesanan" }

// Verb is what who takes it in must be allowed.
func (Orders) Verb() authz.Verb { return authz.ImportOrders }

var orderFields = func() (list []Field) {
	for _, f := range orderfile.Fields() {
		out := Field{Key: string(f), Aliases: f.Names()}
		switch f {
		case orderfile.Outside, orderfile.At, orderfile.Quantity:
			out.Needed = true
		case orderfile.SKU:
			out.Exact = true
		}
		switch f {
		case orderfile.Quantity, orderfile.Price, orderfile.Subtotal, orderfile.Total, orderfile.Discount, orderfile.Shipping:
			out.Number = true
		case orderfile.At, orderfile.LineAt, orderfile.DoneAt:
			out.Time = true
		}
		list = append(list, out)
	}
	return list
}()

// Fields lists what columns may hold.
func (Orders) Fields() []Field { return orderFields }

// Form tells whose file it is.
func (Orders) Form(header []string) (string, Mapping, bool) {
	format, m, ok := orderfile.Guess(header)
	return format, m, ok
}

// As is the kind of files of a format.
func (k Orders) As(format string) Kind {
	k.format = format
	return k
}

// Window lets other orders begin between the rows of one.
func (Orders) Window() int { return orderfile.Window }

func (k Orders) options(h How) orderfile.Options {
	return orderfile.Options{Format: k.format, Source: h.Source, Unit: h.Factor, Numbers: h.Numbers, Days: h.Days, Zone: h.Zone}
}

func orderRow(c Cells) orderfile.Row { return orderfile.Row{Line: c.Line, Cells: c.values, At: c.at} }

// Key is the order's source and number.
func (k Orders) Key(c Cells) string { return k.options(How{}).Key(orderRow(c)) }

// Fill takes over from the row above what some files write once an order.
func (k Orders) Fill(above, c Cells) (list []string) {
	for _, f := range k.options(How{}).Fill(orderRow(above), orderRow(c)) {
		list = append(list, string(f))
	}
	return list
}

// Read makes an order, or another paper of the books, of its rows.
func (k Orders) Read(h How, g Group) (any, []Problem) {
	rows := make([]orderfile.Row, len(g.Rows))
	for i, c := range g.Rows {
		rows[i] = orderRow(c)
	}
	number := g.Rows[0].Get(string(orderfile.Outside))
	switch {
	case g.Late:
		return nil, []Problem{{rows[0].Line, "", orderfile.ErrFar.With(number)}}
	case g.Long:
		return nil, []Problem{{rows[0].Line, "", orderfile.ErrLong.With(number, maxGroup)}}
	}
	p, line, err := k.options(h).Read(rows)
	if err == nil {
		return p, nil
	}
	f := fault.Of(err)
	if f == nil {
		f = ErrState // none of ours: nothing else comes out of reading
	}
	return nil, []Problem{{line, "", first(f)}}
}

// first is one of the faults of a form.
func first(f *fault.Error) *fault.Error {
	for _, field := range slices.Sorted(maps.Keys(f.Fields)) {
		return f.Fields[field]
	}
	return f
}

// Begin readies the taking in.
func (k Orders) Begin(_ context.Context, sc authz.Scope, _ How) (Session, error) {
	return orderSession{k.Orders, sc}, nil
}

type orderSession struct {
	s  *order.Service
	sc authz.Scope
}

func papers(things []any) []order.Past {
	list := make([]order.Past, len(things))
	for i, t := range things {
		list[i] = t.(order.Past)
	}
	return list
}

var cameAs = map[order.Came]Act{order.CameNew: Fresh, order.Moved: Changed, order.Stayed: Same}

// Judge says what papers would become.
func (s orderSession) Judge(ctx context.Context, things []any) ([]Verdict, error) {
	came, refused, err := s.s.JudgePast(ctx, s.sc, papers(things))
	if err != nil {
		return nil, err
	}
	out := make([]Verdict, len(things))
	for i := range things {
		if out[i].Act = cameAs[came[i]]; refused[i] != nil {
			f := fault.Of(refused[i])
			if f == nil {
				return nil, refused[i]
			}
			out[i] = Verdict{Bad, first(f)}
		}
	}
	return out, nil
}

// Take takes papers in.
func (s orderSession) Take(ctx context.Context, things []any) ([]Verdict, error) {
	came, err := s.s.TakePast(ctx, s.sc, papers(things))
	if err != nil {
		return nil, err
	}
	out := make([]Verdict, len(things))
	for i := range things {
		out[i].Act = cameAs[came[i]]
	}
	return out, nil
}

// Out gives out the shop's orders, its own and imported ones, with what else
// is in the books.
func (k Orders) Out() Out {
	return Out{Name: k.Name(), Verb: authz.ExportOrders, Header: orderfile.Header(), Spans: true, Write: k.write}
}

func (k Orders) write(ctx context.Context, sc authz.Scope, span Span, w *sheet.Writer) error {
	if span.From.IsZero() {
		span.From = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if span.To.IsZero() {
		span.To = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	cells := make([]any, len(orderfile.Columns))
	return k.Orders.Export(ctx, sc, span.From, span.To, func(p order.Past) error {
		rows, err := orderfile.Rows(p, span.Zone)
		if err != nil {
			return err
		}
		for _, row := range rows {
			for n, c := range row {
				cells[n] = c
				if v, err := strconv.ParseInt(c, 10, 64); err == nil && orderfile.Number(n) {
					cells[n] = v
				}
			}
			if err := w.Row(cells...); err != nil {
				return err
			}
		}
		return nil
	})
}
