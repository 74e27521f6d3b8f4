package job

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lapak/internal/authz"
	"lapak/internal/defect"
	"lapak/internal/id"
	"lapak/internal/job/jobdb"
	"lapak/internal/store"
)

// Options of a Runner; zero values mean defaults.
type Options struct {
	Workers int           // jobs at once; 8
	Poll    time.Duration // how often jobs of other servers are looked for; 1 s
	Log     *slog.Logger
}

// Runner takes jobs and does them.
type Runner struct {
	db        *store.DB
	log       *slog.Logger
	workers   int
	poll      time.Duration
	handlers  map[string]func(context.Context, authz.Scope, []byte) error
	schedules []schedule

	wake    chan struct{}
	mu      sync.Mutex
	running map[id.ID]int // jobs at work, by business
	total   int
	look    time.Time // when to look past the busy businesses again; loop's own
	group   sync.WaitGroup
	claim   context.CancelFunc // ends the taking of jobs
	work    context.CancelFunc // ends the jobs at work
	ended   chan struct{}

	done, failed, died atomic.Int64
}

// New makes a runner. Handle and Every give it its work before Start.
func New(db *store.DB, o Options) *Runner {
	r := &Runner{
		db: db, log: o.Log, workers: o.Workers, poll: o.Poll,
		handlers: map[string]func(context.Context, authz.Scope, []byte) error{},
		running:  map[id.ID]int{}, wake: make(chan struct{}, 1),
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	if r.workers == 0 {
		r.workers = 8
	}
	if r.poll == 0 {
		r.poll = time.Second
	}
	return r
}

// Handle says how jobs of A's kind are done. fn runs at least once for each
// job, so it may be run again at any point; sc is that of our own jobs, bound
// to the business the job was put for.
func Handle[A Args](r *Runner, fn func(ctx context.Context, sc authz.Scope, a A) error) {
	var zero A
	kind := zero.Kind()
	if r.handlers[kind] != nil {
		panic("job: two handlers of " + kind)
	}
	r.handlers[kind] = func(ctx context.Context, sc authz.Scope, b []byte) error {
		var a A
		if err := json.Unmarshal(b, &a); err != nil {
			return fmt.Errorf("arguments: %w", err)
		}
		return fn(ctx, sc, a)
	}
}

// Kinds lists the kinds of jobs that have a handler.
func (r *Runner) Kinds() []string {
	var kinds []string
	for k := range r.handlers {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

// Start begins to do jobs, until Stop.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.makeSchedules(ctx); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	claiming, stopClaiming := context.WithCancel(ctx)
	working, stopWorking := context.WithCancel(ctx)
	r.claim, r.work, r.ended = stopClaiming, stopWorking, make(chan struct{})
	end := r.db.Subscribe(topic, r.nudge)
	go func() {
		defer close(r.ended)
		defer end()
		r.loop(claiming, working)
	}()
	return nil
}

// Stop takes no more jobs and waits for those at work. When ctx ends they are
// cut off; their leases end and they are done again later.
func (r *Runner) Stop(ctx context.Context) error {
	if r.claim == nil {
		return nil
	}
	r.claim()
	defer r.work()
	all := make(chan struct{})
	go func() {
		<-r.ended
		r.group.Wait()
		close(all)
	}()
	select {
	case <-all:
		return nil
	case <-ctx.Done():
		r.work()
		select {
		case <-all:
		case <-time.After(2 * time.Second):
		}
		return fmt.Errorf("stop jobs: %w", ctx.Err())
	}
}

func (r *Runner) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Runner) loop(claiming, working context.Context) {
	tick := time.NewTicker(r.poll)
	defer tick.Stop()
	for {
		more := true
		for more && claiming.Err() == nil {
			taken, err := r.take(claiming, 0)
			if err != nil && claiming.Err() == nil {
				r.log.ErrorContext(claiming, "jobs cannot be taken", "error", err)
			}
			for _, t := range taken {
				r.group.Go(func() {
					defer r.nudge() // a place is free
					defer r.leave(t.BusinessID)
					r.do(working, t)
				})
			}
			more = len(taken) > 0 && err == nil
		}
		r.runSchedules(claiming, working)
		select {
		case <-claiming.Done():
			return
		case <-r.wake:
		case <-tick.C:
		}
	}
}

// take leases due jobs for the free workers. Businesses with fewer jobs at
// work come first, and none may hold more than half of the workers, so that
// one with thousands of jobs does not keep the others waiting.
func (r *Runner) take(ctx context.Context, limit int) ([]jobdb.DueRow, error) {
	r.mu.Lock()
	free := r.workers - r.total
	if limit > 0 {
		free = min(free, limit)
	}
	share := max(1, r.workers/2)
	var busy []id.ID
	count := map[id.ID]int{}
	for b, n := range r.running {
		count[b] = n
		if n >= share {
			busy = append(busy, b)
		}
	}
	r.mu.Unlock()
	if free <= 0 {
		return nil, nil
	}
	picked, err := r.pick(ctx, free, share, busy, count)
	if err != nil || len(picked) == 0 {
		return nil, err
	}
	var taken []jobdb.DueRow
	err = r.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		taken = nil
		for _, row := range picked {
			n, err := q.Take(ctx, tx, jobdb.TakeParams{LeaseEnd: tx.Now.Add(lease), BusinessID: row.BusinessID, ID: row.ID, Fence: row.Fence, Now: tx.Now})
			if err != nil {
				return fmt.Errorf("take job: %w", err)
			}
			if n == 1 { // else another server was faster
				row.Fence++
				row.Tries++
				taken = append(taken, row)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range taken {
		r.running[t.BusinessID]++
		r.total++
	}
	return taken, nil
}

// pick chooses due jobs, to be taken by a transaction of its own: looking holds
// up no writer. Looking past the jobs of a business that has its share reads
// all of them, so if that finds nothing it is not done again at once.
func (r *Runner) pick(ctx context.Context, free, share int, busy []id.ID, count map[id.ID]int) ([]jobdb.DueRow, error) {
	var picked []jobdb.DueRow
	err := r.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		picked = nil
		at, full := maps.Clone(count), slices.Clone(busy)
		for len(picked) < free {
			if len(full) > 0 && time.Now().Before(r.look) {
				return nil
			}
			rows, err := q.Due(ctx, tx, jobdb.DueParams{Now: tx.Now, Busy: store.IDs(full), Max: int32(4 * r.workers)})
			if err != nil {
				return fmt.Errorf("due jobs: %w", err)
			}
			rows = slices.DeleteFunc(rows, func(row jobdb.DueRow) bool {
				return slices.ContainsFunc(picked, func(p jobdb.DueRow) bool { return p.ID == row.ID })
			})
			if len(rows) == 0 {
				if len(full) > 0 {
					r.look = time.Now().Add(r.poll)
				}
				return nil
			}
			for len(picked) < free {
				i := fairest(rows, at, share)
				if i < 0 {
					break
				}
				picked = append(picked, rows[i])
				if b := rows[i].BusinessID; at[b]+1 >= share {
					full = append(full, b)
				}
				at[rows[i].BusinessID]++
				rows = slices.Delete(rows, i, i+1)
			}
		}
		return nil
	})
	return picked, err
}

// fairest is the index of the first job of the business with the fewest at
// work, or -1.
func fairest(rows []jobdb.DueRow, at map[id.ID]int, share int) int {
	best := -1
	for i, row := range rows {
		if n := at[row.BusinessID]; n < share && (best < 0 || n < at[rows[best].BusinessID]) {
			best = i
		}
	}
	return best
}

func (r *Runner) leave(business id.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total--
	if r.running[business]--; r.running[business] <= 0 {
		delete(r.running, business)
	}
}

// do runs one taken job and writes down how it went.
func (r *Runner) do(ctx context.Context, t jobdb.DueRow) {
	finished := false
	h := held{t.BusinessID, t.ID, t.Fence, &finished}
	sc := authz.Job(t.BusinessID)
	sc.Now = r.db.Now()
	sc.Request = t.ID.String()
	if defect.On("job-forget") { // done at most once
		_ = r.db.Tx(ctx, sc, func(tx *store.Tx) error {
			_, err := q.Finish(ctx, tx, jobdb.FinishParams{BusinessID: t.BusinessID, ID: t.ID, Fence: t.Fence})
			return err
		})
	}
	err := r.call(context.WithValue(ctx, heldKey{}, h), sc, t)
	if finished {
		r.done.Add(1)
		return
	}
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if ctx.Err() != nil && err != nil { // cut off by Stop: not its fault
		r.release(record, t)
		return
	}
	if errors.Is(err, ErrLost) {
		r.log.WarnContext(ctx, "job lost its lease", "kind", t.Kind, "job", t.ID)
		return
	}
	var late int64
	werr := r.db.Tx(record, authz.Job(id.ID{}), func(tx *store.Tx) (e error) {
		if err == nil {
			late, e = q.Finish(record, tx, jobdb.FinishParams{BusinessID: t.BusinessID, ID: t.ID, Fence: t.Fence})
			return e
		}
		text := err.Error()
		if len(text) > 500 {
			text = text[:500]
		}
		p := jobdb.FailParams{DueAt: tx.Now.Add(pause(t.Tries)), LastError: &text, BusinessID: t.BusinessID, ID: t.ID, Fence: t.Fence}
		if p.DueAt.After(t.GiveUpAt) {
			p.DeadAt = &tx.Now
		}
		if late, e = q.Fail(record, tx, p); e == nil && p.DeadAt != nil {
			tx.AfterCommit(func() { r.died.Add(1) })
		}
		return e
	})
	switch {
	case werr != nil:
		r.log.ErrorContext(ctx, "job's end cannot be written", "kind", t.Kind, "job", t.ID, "error", werr)
	case late == 0:
		r.log.WarnContext(ctx, "job lost its lease", "kind", t.Kind, "job", t.ID)
	case err != nil:
		r.failed.Add(1)
		r.log.WarnContext(ctx, "job failed", "kind", t.Kind, "job", t.ID, "business", t.BusinessID, "tries", t.Tries, "error", err)
	default:
		r.done.Add(1)
	}
}

func (r *Runner) call(ctx context.Context, sc authz.Scope, t jobdb.DueRow) (err error) {
	ctx, cancel := context.WithTimeout(store.Long(ctx), limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			r.log.ErrorContext(ctx, "job panicked", "kind", t.Kind, "stack", string(debug.Stack()))
		}
	}()
	handle := r.handlers[t.Kind]
	if handle == nil {
		return fmt.Errorf("no handler of kind %q", t.Kind)
	}
	return handle(ctx, sc, []byte(t.Args))
}

func (r *Runner) release(ctx context.Context, t jobdb.DueRow) {
	err := r.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		_, err := q.Release(ctx, tx, jobdb.ReleaseParams{DueAt: tx.Now, BusinessID: t.BusinessID, ID: t.ID, Fence: t.Fence})
		return err
	})
	if err != nil {
		r.log.WarnContext(ctx, "job waits for its lease to end", "kind", t.Kind, "error", err)
	}
}

// pause is how long a job waits after its n-th failure: about 10 s, 20 s, 40 s
// and so on, a fifth more or less.
func pause(n int64) time.Duration {
	d := first << min(max(n-1, 0), 14)
	return d*4/5 + time.Duration(rand.Int64N(int64(d*2/5)))
}

// Drain does all jobs that are due now, and those that they put, one after
// another, and says how many. Tests use it in place of Start.
func (r *Runner) Drain(ctx context.Context) (int, error) {
	n := 0
	for {
		taken, err := r.take(ctx, 1)
		if err != nil || len(taken) == 0 {
			return n, err
		}
		for _, t := range taken {
			r.do(ctx, t)
			r.leave(t.BusinessID)
			n++
		}
	}
}

// Stats are counts of this process, and what waits in the database.
type Stats struct {
	Done, Failed, Died int64
	Waiting, Dead      int64
	Late               time.Duration // of the job that is due longest
}

// Stats counts jobs for the metrics page.
func (r *Runner) Stats(ctx context.Context) (Stats, error) {
	s := Stats{Done: r.done.Load(), Failed: r.failed.Load(), Died: r.died.Load()}
	err := r.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		w, err := q.Waiting(ctx, tx)
		if err != nil {
			return err
		}
		s.Waiting, s.Dead = w.Waiting-w.Dead, w.Dead
		if s.Waiting > 0 {
			due, err := q.Oldest(ctx, tx)
			if err != nil {
				return err
			}
			s.Late = cmp.Or(max(0, tx.Now.Sub(due)), 0)
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("count jobs: %w", err)
	}
	return s, nil
}
