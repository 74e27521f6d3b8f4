package job

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job/jobdb"
	"lapak/internal/store"
)

type schedule struct {
	name  string
	every time.Duration
	fn    func(context.Context) error
}

// Every runs fn once each d, on one of the servers. What was missed, because
// nothing ran or the clock jumped, is made up for by one run.
func Every(r *Runner, name string, d time.Duration, fn func(ctx context.Context) error) {
	for _, s := range r.schedules {
		if s.name == name {
			panic("job: two schedules named " + name)
		}
	}
	r.schedules = append(r.schedules, schedule{name, d, fn})
}

func (r *Runner) makeSchedules(ctx context.Context) error {
	if len(r.schedules) == 0 {
		return nil
	}
	return r.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		for _, s := range r.schedules {
			if err := q.MakeSchedule(ctx, tx, jobdb.MakeScheduleParams{Name: s.name, NextAt: tx.Now}); err != nil {
				return fmt.Errorf("make schedule %s: %w", s.name, err)
			}
		}
		return nil
	})
}

func (r *Runner) runSchedules(claiming, working context.Context) {
	due, err := r.dueSchedules(claiming)
	if err != nil && claiming.Err() == nil {
		r.log.ErrorContext(claiming, "schedules cannot be read", "error", err)
	}
	for _, s := range due {
		if claiming.Err() != nil {
			return
		}
		mine, err := r.claimSchedule(claiming, s)
		if err != nil && claiming.Err() == nil {
			r.log.ErrorContext(claiming, "schedule cannot be claimed", "schedule", s.name, "error", err)
		}
		if !mine {
			continue
		}
		r.group.Go(func() { r.runSchedule(working, s) })
	}
}

// dueSchedules are those that seem to be due; claiming one decides.
func (r *Runner) dueSchedules(ctx context.Context) ([]schedule, error) {
	if len(r.schedules) == 0 || ctx.Err() != nil {
		return nil, nil
	}
	var due []schedule
	err := r.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		due = nil
		rows, err := q.Schedules(ctx, tx)
		for _, row := range rows {
			for _, s := range r.schedules {
				if s.name == row.Name && (!row.NextAt.After(tx.Now) || row.NextAt.After(tx.Now.Add(2*s.every))) {
					due = append(due, s)
				}
			}
		}
		return err
	})
	return due, err
}

func (r *Runner) claimSchedule(ctx context.Context, s schedule) (mine bool, err error) {
	err = r.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		n, err := q.ClaimSchedule(ctx, tx, jobdb.ClaimScheduleParams{NextAt: tx.Now.Add(s.every), Now: &tx.Now, Name: s.name, TooFar: tx.Now.Add(2 * s.every)})
		mine = n == 1
		return err
	})
	return mine, err
}

func (r *Runner) runSchedule(ctx context.Context, s schedule) {
	run, cancel := context.WithTimeout(store.Long(ctx), max(limit, min(s.every, 10*time.Minute)))
	defer cancel()
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		return s.fn(run)
	}()
	if err == nil {
		r.done.Add(1)
		return
	}
	r.failed.Add(1)
	r.log.ErrorContext(ctx, "schedule failed", "schedule", s.name, "error", err)
	soon := min(s.every, 5*time.Minute)
	record, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	werr := r.db.Tx(record, authz.Job(id.ID{}), func(tx *store.Tx) error {
		return q.SetSchedule(record, tx, jobdb.SetScheduleParams{NextAt: tx.Now.Add(soon), Name: s.name})
	})
	if werr != nil {
		r.log.ErrorContext(ctx, "schedule waits for its next time", "schedule", s.name, "error", werr)
	}
}

// RunSchedules runs the schedules that are due now, one after another.
func (r *Runner) RunSchedules(ctx context.Context) error {
	if err := r.makeSchedules(ctx); err != nil {
		return err
	}
	for _, s := range r.schedules {
		mine, err := r.claimSchedule(ctx, s)
		if err != nil {
			return err
		}
		if mine {
			if err := s.fn(ctx); err != nil {
				return fmt.Errorf("schedule %s: %w", s.name, err)
			}
		}
	}
	return nil
}
