package exchange

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/exchange/exchangedb"
	"lapak/internal/id"
	"lapak/internal/sheet"
	"lapak/internal/store"
)

// Out is a sort of file that is given out.
type Out struct {
	Name   string // in addresses and of the file
	Verb   authz.Verb
	Header []string
	// Write writes its rows, one after another.
	Write func(ctx context.Context, sc authz.Scope, span Span, w *sheet.Writer) error
	Spans bool // it has times between which rows are taken
}

// Span is a stretch of time; zero ends are open.
type Span struct {
	From, To time.Time
	Zone     *time.Location // by whose clock times are written; Export sets it
}

// perHour is how many files a business may take out in an hour.
const perHour = 6

// Outs lists what the scope may take out.
func (s *Service) Outs(sc authz.Scope) (out []Out) {
	for _, o := range s.outs {
		if sc.May(o.Verb) {
			out = append(out, o)
		}
	}
	return out
}

// Export notes that the scope takes a file out and returns what writes it. So
// many files an hour are given; one more is ErrExports.
func (s *Service) Export(ctx context.Context, sc authz.Scope, name string, f sheet.Format, span Span) (func(context.Context, io.Writer) error, error) {
	i := slices.IndexFunc(s.outs, func(o Out) bool { return o.Name == name })
	if i < 0 {
		return nil, ErrNotFound
	}
	o := s.outs[i]
	if err := sc.Can(o.Verb); err != nil {
		return nil, err
	}
	if f != sheet.CSV && f != sheet.XLSX {
		return nil, sheet.ErrFormat
	}
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.CountExports(ctx, tx, exchangedb.CountExportsParams{BusinessID: sc.Business, Since: tx.Now.Add(-time.Hour)})
		if err != nil {
			return fmt.Errorf("count exports: %w", err)
		}
		if n >= perHour {
			return ErrExports.With(perHour).After(10 * time.Minute)
		}
		if err := s.q.InsertExport(ctx, tx, exchangedb.InsertExportParams{
			BusinessID: sc.Business, ID: id.New(), Kind: name, Format: string(f), PersonID: sc.Actor, At: tx.Now,
		}); err != nil {
			return fmt.Errorf("note export: %w", err)
		}
		return audit.Note(ctx, tx, sc, "export."+name, sc.Business, audit.Diff{"format": {To: string(f)}})
	})
	if err != nil {
		return nil, err
	}
	span.Zone = s.zone(ctx, sc.Business)
	return func(ctx context.Context, w io.Writer) error {
		t, err := sheet.NewWriter(w, f, o.Name, o.Header...)
		if err != nil {
			return err
		}
		if err := o.Write(ctx, sc, span, t); err != nil {
			return err
		}
		return t.End()
	}, nil
}

// Template writes an empty file of a kind: its names of columns.
func (s *Service) Template(sc authz.Scope, name string, f sheet.Format, w io.Writer) error {
	k, err := s.Kind(sc, name)
	if err != nil {
		return err
	}
	t, err := sheet.NewWriter(w, f, name, Header(k)...)
	if err != nil {
		return err
	}
	return t.End()
}

// Header is the names of a kind's columns in our own files.
func Header(k Kind) (out []string) {
	for _, f := range k.Fields() {
		name := f.Key
		if len(f.Aliases) > 0 {
			name = f.Aliases[0]
		}
		out = append(out, name)
	}
	return out
}

// BadRows writes the rows of an import that are bad as they came, with the
// reason behind each. say tells a fault in the reader's language.
func (s *Service) BadRows(ctx context.Context, sc authz.Scope, file id.ID, f sheet.Format, reason string, say func(Problem) string, w io.Writer) error {
	i, err := s.Get(ctx, sc, file)
	if err != nil {
		return err
	}
	p, err := s.plan(ctx, sc, i, 0)
	if err != nil {
		return err
	}
	r, err := s.open(ctx, sc, i)
	if err != nil {
		return err
	}
	defer r.Close()
	t, err := sheet.NewWriter(w, f, i.Kind, append(slices.Clone(i.Header), reason)...)
	if err != nil {
		return err
	}
	session, err := p.kind.Begin(ctx, sc, p.how)
	if err != nil {
		return err
	}
	err = p.walk(r, func(g Group, _ int) error {
		thing, problems := p.kind.Read(p.how, g)
		if len(problems) == 0 {
			verdicts, err := session.Judge(ctx, []any{thing})
			if err != nil {
				return err
			}
			if verdicts[0].Act == Bad {
				problems = []Problem{{Line: g.Rows[0].Line, Fault: verdicts[0].Fault}}
			}
		}
		if len(problems) == 0 {
			return nil
		}
		for _, c := range g.Rows {
			why := ""
			for _, q := range problems {
				if q.Line == c.Line {
					if why != "" {
						why += " "
					}
					why += say(q)
				}
			}
			row := make([]any, len(i.Header)+1)
			for n := range i.Header {
				row[n] = ""
				if n < len(c.values) {
					row[n] = c.values[n]
				}
			}
			row[len(i.Header)] = why
			if err := t.Row(row...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.End()
}
