package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/exchange/exchangedb"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// work is a stretch of checking a file or taking it in.
type work struct{ File id.ID }

// Kind names the job.
func (work) Kind() string { return "exchange.work" }

// sweep drops files that nobody came back for.
type sweep struct{}

// Kind names the job.
func (sweep) Kind() string { return "exchange.sweep" }

// Register makes the jobs known to the runner.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, a work) error { return s.work(ctx, sc, a.File) })
	job.Handle(r, func(ctx context.Context, sc authz.Scope, _ sweep) error { return s.sweep(ctx, sc) })
}

const (
	stretch    = 20 * time.Second      // of one job; the next one goes on
	turn       = 25 * time.Millisecond // of one batch, so that the shop's orders need not wait
	firstBatch = 8
	mostBatch  = 500
	mostShown  = 50 // problems on the page; the file of bad rows has all
)

var errPause = errors.New("exchange: the next job goes on")

// work checks or takes in as much as it can in a stretch.
func (s *Service) work(ctx context.Context, sc authz.Scope, file id.ID) error {
	i, err := s.Get(ctx, sc, file)
	if errors.Is(err, ErrNotFound) || err == nil && !i.State.Working() {
		return nil // cancelled meanwhile
	}
	if err != nil {
		return err
	}
	sc.Actor = i.Person // whose doing it is
	err = s.run(ctx, sc, &i)
	switch f := fault.Of(err); {
	case errors.Is(err, errPause):
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := job.Put(ctx, tx, sc, work{file}, job.Unique(file.String())); err != nil {
				return err
			}
			return job.Finish(ctx, tx)
		})
	case errors.Is(err, ErrState): // cancelled, or another worker's
		return nil
	case f != nil && f.HasKind(fault.Invalid): // the file itself
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := s.move(ctx, tx, sc, file, i.State, Failed, f); err != nil && !errors.Is(err, ErrState) {
				return err
			}
			return job.Finish(ctx, tx)
		})
	case err != nil:
		return err
	}
	return s.finish(ctx, sc, i)
}

func (s *Service) finish(ctx context.Context, sc authz.Scope, i Import) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		to := Checked
		if i.State == Taking {
			to = Done
		}
		if err := s.move(ctx, tx, sc, i.ID, i.State, to, nil); err != nil && !errors.Is(err, ErrState) {
			return err
		}
		if to == Done {
			if err := audit.Note(ctx, tx, sc, "import.done", i.ID, audit.Diff{"new": {To: i.New}, "changed": {To: i.Changed}, "bad": {To: i.Bad}}); err != nil {
				return err
			}
		}
		return job.Finish(ctx, tx)
	})
}

// run walks the file from where it stands.
func (s *Service) run(ctx context.Context, sc authz.Scope, i *Import) error {
	until := time.Duration(0)
	if i.State == Checking && i.Total == 0 {
		if err := s.look(ctx, sc, i); err != nil {
			return err
		}
	}
	p, err := s.plan(ctx, sc, *i, int(i.doneLine))
	if err != nil {
		return err
	}
	r, err := s.open(ctx, sc, *i)
	if err != nil {
		return err
	}
	defer r.Close()
	w := &worker{s: s, sc: sc, i: i, p: p, size: firstBatch}
	err = p.walk(r, func(g Group, last int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.add(g, last)
		if len(w.batch) < w.size {
			return nil
		}
		took, err := w.flush(ctx)
		if until += took; err == nil && until > stretch {
			return errPause
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = w.flush(ctx)
	return err
}

// look learns how the file writes numbers and days, before it is checked.
func (s *Service) look(ctx context.Context, sc authz.Scope, i *Import) error {
	p, err := s.plan(ctx, sc, *i, 0)
	if err != nil {
		return err
	}
	r, err := s.open(ctx, sc, *i)
	if err != nil {
		return err
	}
	defer r.Close()
	how, rows, err := look(ctx, r, p)
	if err != nil {
		return err
	}
	how.Zone = nil
	i.How, i.Total = how, int64(rows)
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.Looked(ctx, tx, exchangedb.LookedParams{BusinessID: sc.Business, ID: i.ID, How: text(i.How), Total: i.Total, State: string(i.State), Now: tx.Now})
		if err != nil {
			return fmt.Errorf("keep what was learnt: %w", err)
		}
		if n == 0 {
			return ErrState
		}
		return nil
	})
}

// worker gathers a batch and does it.
type worker struct {
	s       *Service
	sc      authz.Scope
	i       *Import
	p       plan
	session Session

	size  int
	batch []item
}

// item is one thing of a file: what was read, or why it cannot be.
type item struct {
	group    Group
	last     int // the line up to which all is done when this is
	thing    any
	problems []Problem
}

func (w *worker) add(g Group, last int) {
	thing, problems := w.p.kind.Read(w.p.how, g)
	w.batch = append(w.batch, item{g, last, thing, problems})
}

// flush does the batch.
func (w *worker) flush(ctx context.Context) (took time.Duration, err error) {
	if len(w.batch) == 0 {
		return 0, nil
	}
	began := w.s.db.Now()
	if err = w.divide(ctx, w.batch); err != nil {
		w.session = nil
		return 0, err
	}
	took = w.s.db.Now().Sub(began)
	switch {
	case took > turn*2 && w.size > 1:
		w.size = max(1, w.size/2)
	case took < turn/2 && w.size < mostBatch:
		w.size = min(mostBatch, w.size*2)
	}
	w.batch = nil
	return took, nil
}

// divide does things in one transaction with the count of them. If one is
// refused as it goes in, each half is done by itself, down to the one that is
// in the way: what is before it is in by then, and decides as it must.
func (w *worker) divide(ctx context.Context, list []item) error {
	err := w.do(ctx, list)
	f := fault.Of(err)
	if f == nil || errors.Is(err, ErrState) || errors.Is(err, job.ErrLost) || f.HasKind(fault.Unavailable) {
		return err
	}
	w.session = nil
	if len(list) == 1 {
		it := list[0]
		it.problems = []Problem{{Line: it.group.Rows[0].Line, Fault: f}}
		return w.do(ctx, []item{it})
	}
	if err := w.divide(ctx, list[:len(list)/2]); err != nil {
		return err
	}
	return w.divide(ctx, list[len(list)/2:])
}

// do judges or takes things in, and counts them.
func (w *worker) do(ctx context.Context, list []item) error {
	if w.session == nil {
		s, err := w.p.kind.Begin(ctx, w.sc, w.p.how)
		if err != nil {
			return err
		}
		w.session = s
	}
	var things []any
	for _, it := range list {
		if len(it.problems) == 0 {
			things = append(things, it.thing)
		}
	}
	last := list[len(list)-1].last
	var step exchangedb.StepParams
	var shown []Problem
	run := func(ctx context.Context, tx *store.Tx) error {
		verdicts, err := []Verdict(nil), error(nil)
		if len(things) > 0 {
			if w.i.State == Taking {
				verdicts, err = w.session.Take(ctx, things)
			} else {
				verdicts, err = w.session.Judge(ctx, things)
			}
		}
		if err != nil {
			return err
		}
		step = exchangedb.StepParams{
			BusinessID: w.sc.Business, ID: w.i.ID, State: string(w.i.State), WasLine: w.i.doneLine, DoneLine: int64(last), Now: tx.Now,
		}
		var problems []Problem
		for _, it := range list {
			step.RowsDone += int64(len(it.group.Rows))
			if len(it.problems) == 0 {
				v := verdicts[0]
				verdicts = verdicts[1:]
				switch v.Act {
				case Fresh:
					step.Fresh++
					continue
				case Changed:
					step.Changed++
					continue
				case Same:
					step.Same++
					continue
				}
				it.problems = []Problem{{Line: it.group.Rows[0].Line, Fault: v.Fault}}
			}
			// All rows of it are bad: a thing goes in whole or not at all.
			step.Bad += int64(len(it.group.Rows))
			problems = append(problems, it.problems...)
		}
		if room := mostShown - len(w.i.Problems); room > 0 && len(problems) > 0 {
			shown = append(w.i.Problems[:len(w.i.Problems):len(w.i.Problems)], problems[:min(room, len(problems))]...)
			step.Problems = text(keep(shown))
		}
		if err := job.Hold(ctx, tx); err != nil {
			return err
		}
		n, err := w.s.q.Step(ctx, tx, step)
		if err != nil {
			return fmt.Errorf("count batch: %w", err)
		}
		if n == 0 {
			return ErrState
		}
		return nil
	}
	if err := w.s.db.Whole(ctx, w.sc, run); err != nil {
		return err
	}
	if shown != nil {
		w.i.Problems = shown
	}
	w.i.doneLine = int64(last)
	w.i.Rows, w.i.New, w.i.Changed, w.i.Same, w.i.Bad = w.i.Rows+step.RowsDone, w.i.New+step.Fresh, w.i.Changed+step.Changed, w.i.Same+step.Same, w.i.Bad+step.Bad
	return nil
}

func keep(problems []Problem) (out []keptProblem) {
	for _, p := range problems {
		k := keptProblem{Line: p.Line, Field: p.Field}
		if p.Fault != nil {
			f := p.Fault
			for _, field := range slices.Sorted(maps.Keys(f.Fields)) { // one of a form's is told
				f = f.Fields[field]
				break
			}
			k.Fault = keptFault{f.Key, f.Args}
		}
		out = append(out, k)
	}
	return out
}

// sweep drops what is over: files after a day, their counts after a month.
func (s *Service) sweep(ctx context.Context, sc authz.Scope) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		list, err := s.q.OldImports(ctx, tx, exchangedb.OldImportsParams{BusinessID: sc.Business, Before: tx.Now.Add(-keepFor)})
		if err != nil {
			return fmt.Errorf("list old imports: %w", err)
		}
		for _, file := range list {
			if err := s.q.DeleteParts(ctx, tx, exchangedb.DeletePartsParams{BusinessID: sc.Business, ImportID: file}); err != nil {
				return fmt.Errorf("drop file: %w", err)
			}
			for _, from := range []State{Uploading, Uploaded, Checked} {
				if err := s.move(ctx, tx, sc, file, from, Cancelled, nil); err != nil && !errors.Is(err, ErrState) {
					return err
				}
			}
		}
		list, err = s.q.OldImports(ctx, tx, exchangedb.OldImportsParams{BusinessID: sc.Business, Before: tx.Now.Add(-keepLog)})
		if err != nil {
			return fmt.Errorf("list old imports: %w", err)
		}
		for _, file := range list {
			if err := s.q.DeleteImport(ctx, tx, exchangedb.DeleteImportParams{BusinessID: sc.Business, ID: file}); err != nil {
				return fmt.Errorf("forget import: %w", err)
			}
		}
		return s.q.SweepExports(ctx, tx, exchangedb.SweepExportsParams{BusinessID: sc.Business, Before: tx.Now.Add(-keepFor)})
	})
}
