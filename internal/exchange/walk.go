package exchange

import (
	"context"
	"errors"
	"io"

	"lapak/internal/sheet"
)

// plan is how a file is read.
type plan struct {
	kind    Kind
	header  int // the row of names, among those that say something
	mapping Mapping
	how     How
	after   int // lines up to this one are done
}

// maxGroup bounds how many rows may be about one thing.
const maxGroup = 2_000

// walk gives the groups of a file, one after another, with the line of each
// one's last row.
func (p plan) walk(r *sheet.Reader, each func(g Group, last int) error) error {
	for range p.header + 1 {
		if _, err := r.Next(); err != nil {
			return ErrHeader
		}
	}
	filler, _ := p.kind.(Filler)
	var g Group
	var key string
	var above Cells
	flush := func() error {
		if len(g.Rows) == 0 {
			return nil
		}
		out := g
		g = Group{}
		if last := out.Rows[len(out.Rows)-1].Line; last > p.after {
			return each(out, last)
		}
		return nil
	}
	first := true
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return err
		}
		c := Cells{Line: row.Line, values: row.Cells, at: p.mapping}
		if first {
			if first = false; explains(p.kind, c) {
				continue
			}
		}
		if filler != nil {
			c = filled(filler, above, c)
			above = c
		}
		k := p.kind.Key(c)
		if k == "" || k != key || len(g.Rows) >= maxGroup {
			if err := flush(); err != nil {
				return err
			}
			key = k
		}
		g.Rows = append(g.Rows, c)
	}
}

func filled(f Filler, above, c Cells) Cells {
	fields := f.Fill(above, c)
	if len(fields) == 0 {
		return c
	}
	values := make([]string, max(len(c.values), len(above.values)))
	copy(values, c.values)
	for _, field := range fields {
		if n, ok := c.at[field]; ok && n < len(values) {
			values[n] = above.Get(field)
		}
	}
	return Cells{c.Line, values, c.at}
}

// look reads the whole file once to learn how it writes numbers and days, and
// how many rows it has.
func look(ctx context.Context, r *sheet.Reader, p plan) (How, int, error) {
	h, rows := p.how, 0
	var n sheet.Evidence
	var d sheet.DayEvidence
	numbers, times := []string{}, []string{}
	for _, f := range p.kind.Fields() {
		if f.Number {
			numbers = append(numbers, f.Key)
		}
		if f.Time {
			times = append(times, f.Key)
		}
	}
	err := p.walk(r, func(g Group, _ int) error {
		for _, c := range g.Rows {
			rows++
			for _, f := range numbers {
				n.See(c.Get(f))
			}
			for _, f := range times {
				d.See(c.Get(f))
			}
		}
		return ctx.Err()
	})
	if h.Numbers == "" {
		h.Numbers = n.Numbers()
	}
	if h.Days == "" {
		h.Days = d.Days()
	}
	return h, rows, err
}
