package exchange

import (
	"context"
	"errors"
	"hash/maphash"
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

// walk gives the groups of a file, one after another, each with a mark that
// rises: the line of its last row, or its place among the groups where rows are
// gathered from afar.
func (p plan) walk(r *sheet.Reader, each func(g Group, mark int) error) error {
	for range p.header + 1 {
		if _, err := r.Next(); err != nil {
			return ErrHeader
		}
	}
	filler, _ := p.kind.(Filler)
	var add func(Cells) error
	var end func() error
	if g, ok := p.kind.(Gatherer); ok {
		add, end = p.gather(g.Window(), each)
	} else {
		add, end = p.neighbours(each)
	}
	var above Cells
	first := true
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return end()
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
		if err := add(c); err != nil {
			return err
		}
	}
}

// neighbours puts rows together that follow each other.
func (p plan) neighbours(each func(g Group, mark int) error) (add func(Cells) error, end func() error) {
	var g Group
	var key string
	end = func() error {
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
	return func(c Cells) error {
		k := p.kind.Key(c)
		if k == "" || k != key || len(g.Rows) >= maxGroup {
			if err := end(); err != nil {
				return err
			}
			key = k
		}
		g.Rows = append(g.Rows, c)
		return nil
	}, end
}

// gather puts rows together between which fewer than window other groups
// begin. Groups come in the order of their first rows, so that the same file
// makes the same groups with the same marks wherever it is gone on with.
func (p plan) gather(window int, each func(g Group, mark int) error) (add func(Cells) error, end func() error) {
	open, closed := map[string]*Group{}, map[uint64]bool{}
	var queue []string
	seed := maphash.MakeSeed()
	mark := 0
	give := func(g Group) error {
		if mark++; mark > p.after {
			return each(g, mark)
		}
		return nil
	}
	oldest := func() error {
		key := queue[0]
		queue = queue[1:]
		g := open[key]
		delete(open, key)
		closed[maphash.String(seed, key)] = true
		return give(*g)
	}
	add = func(c Cells) error {
		key := p.kind.Key(c)
		if key == "" {
			return give(Group{Rows: []Cells{c}})
		}
		if g := open[key]; g != nil {
			if len(g.Rows) < maxGroup {
				g.Rows = append(g.Rows, c)
				return nil
			}
			g.Long = true
			return give(Group{Rows: []Cells{c}, Long: true})
		}
		if closed[maphash.String(seed, key)] {
			return give(Group{Rows: []Cells{c}, Late: true})
		}
		open[key] = &Group{Rows: []Cells{c}}
		if queue = append(queue, key); len(queue) <= window {
			return nil
		}
		return oldest()
	}
	return add, func() error {
		for len(queue) > 0 {
			if err := oldest(); err != nil {
				return err
			}
		}
		return nil
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
