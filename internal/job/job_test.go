package job_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

type ring struct {
	N int `json:"n"`
}

func (ring) Kind() string { return "test.ring" }

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock(db *store.DB) *clock {
	c := &clock{at: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}
	db.Now = func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.at
	}
	return c
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func runner(db *store.DB, workers int) *job.Runner {
	return job.New(db, job.Options{Workers: workers, Poll: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
}

func put(t *testing.T, db *store.DB, sc authz.Scope, n int, o ...job.Option) {
	t.Helper()
	if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return job.Put(t.Context(), tx, sc, ring{n}, o...) }); err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, r *job.Runner) int {
	t.Helper()
	n, err := r.Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAJobIsDoneIfItsChangeIsCommitted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		sc := authz.Job(id.New())
		r := runner(db, 4)
		rung := make(chan int, 10)
		job.Handle(r, func(_ context.Context, got authz.Scope, a ring) error {
			if got.Business != sc.Business || got.Role != authz.Machine {
				t.Errorf("scope %v", got)
			}
			rung <- a.N
			return nil
		})
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = db.Tx(t.Context(), sc, func(tx *store.Tx) error {
			if err := job.Put(t.Context(), tx, sc, ring{1}); err != nil {
				return err
			}
			return errors.New("undone")
		})
		put(t, db, sc, 2)
		select {
		case n := <-rung:
			if n != 2 {
				t.Errorf("job %d was done", n)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the job was not done")
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		put(t, db, sc, 3)
		time.Sleep(30 * time.Millisecond) // nothing may happen; three polls long
		if len(rung) != 0 {
			t.Error("a job was done after Stop")
		}
	})
}

func TestUniqueKeepsOneWaitingJob(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newClock(db)
		sc, other := authz.Job(id.New()), authz.Job(id.New())
		r := runner(db, 4)
		var done []int
		job.Handle(r, func(ctx context.Context, got authz.Scope, a ring) error {
			done = append(done, a.N)
			if a.N == 1 { // a change while it runs asks again
				return db.Tx(ctx, got, func(tx *store.Tx) error { return job.Put(ctx, tx, got, ring{9}, job.Unique("x")) })
			}
			return nil
		})
		put(t, db, sc, 1, job.Unique("x"), job.At(c.at.Add(time.Hour)))
		put(t, db, sc, 2, job.Unique("x"), job.At(c.at.Add(time.Minute)))
		put(t, db, sc, 3, job.Unique("x"), job.At(c.at.Add(2*time.Hour)))
		put(t, db, other, 4, job.Unique("x"), job.At(c.at.Add(2*time.Minute)))
		put(t, db, sc, 5, job.At(c.at.Add(3*time.Minute)))
		if n := drain(t, r); n != 0 {
			t.Errorf("%d jobs were done before their time", n)
		}
		c.move(time.Minute)
		drain(t, r)
		c.move(5 * time.Minute)
		drain(t, r)
		c.move(5 * time.Hour)
		drain(t, r)
		if want := []int{1, 9, 4, 5}; !slices.Equal(done, want) {
			t.Errorf("done %v, want %v", done, want)
		}
	})
}

func TestFailuresWaitLongerAndEndInADeadLetter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newClock(db)
		sc := authz.Job(id.New())
		owner := authz.Scope{Role: authz.Owner, Business: sc.Business, Actor: id.New()}
		r := runner(db, 4)
		good, tries := false, 0
		job.Handle(r, func(context.Context, authz.Scope, ring) error {
			tries++
			if good {
				return nil
			}
			if tries%2 == 0 {
				panic("a slip")
			}
			return errors.New("closed today")
		})
		put(t, db, sc, 1)
		drain(t, r)
		if drain(t, r) != 0 || tries != 1 {
			t.Fatal("it did not wait after its failure")
		}
		began := c.at
		for range 20000 {
			c.move(30 * time.Second)
			drain(t, r)
			if letters, err := job.Dead(t.Context(), db, owner, 10); err != nil || len(letters) > 0 {
				break
			}
		}
		letters, err := job.Dead(t.Context(), db, owner, 10)
		if err != nil || len(letters) != 1 || letters[0].Error == "" || letters[0].Kind != "test.ring" {
			t.Fatalf("dead letters %v, %v", letters, err)
		}
		if age := c.at.Sub(began); tries < 12 || tries > 18 || age > 74*time.Hour || age < 30*time.Hour {
			t.Errorf("dead after %d tries and %v", tries, age)
		}
		guest := authz.Visitor(sc.Business)
		if err := job.Retry(t.Context(), db, guest, sc.Business, letters[0].ID); !errors.Is(err, authz.ErrSignIn) {
			t.Errorf("a guest tried it again: %v", err)
		}
		stranger := authz.Scope{Role: authz.Owner, Business: id.New()}
		if err := job.Retry(t.Context(), db, stranger, sc.Business, letters[0].ID); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("a stranger tried it again: %v", err)
		}
		good = true
		if err := job.Retry(t.Context(), db, owner, sc.Business, letters[0].ID); err != nil {
			t.Fatal(err)
		}
		if drain(t, r) != 1 {
			t.Error("the letter was not tried again")
		}
		if s, err := r.Stats(t.Context()); err != nil || s.Waiting != 0 || s.Dead != 0 || s.Done != 1 || s.Died != 1 {
			t.Errorf("stats %+v, %v", s, err)
		}
	})
}

// A worker that lost its lease writes nothing, so the effect is there once
// even though the job ran twice.
func TestALateWorkerChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newClock(db)
		sc := authz.Job(id.New())
		late, next := runner(db, 1), runner(db, 1)
		var effects atomic.Int64
		effect := func(ctx context.Context) error {
			return db.Tx(ctx, sc, func(tx *store.Tx) error {
				if err := job.Hold(ctx, tx); err != nil {
					return err
				}
				if err := job.Finish(ctx, tx); err != nil {
					return err
				}
				tx.AfterCommit(func() { effects.Add(1) })
				return nil
			})
		}
		job.Handle(next, func(ctx context.Context, _ authz.Scope, _ ring) error { return effect(ctx) })
		job.Handle(late, func(ctx context.Context, _ authz.Scope, _ ring) error {
			c.move(61 * time.Second) // as if the worker had slept over its lease
			if n := drain(t, next); n != 1 {
				t.Errorf("the next worker did %d jobs", n)
			}
			err := effect(ctx)
			if !errors.Is(err, job.ErrLost) {
				t.Errorf("the late worker: %v", err)
			}
			return err
		})
		put(t, db, sc, 1)
		drain(t, late)
		if effects.Load() != 1 {
			t.Errorf("%d effects", effects.Load())
		}
		if s, _ := late.Stats(t.Context()); s.Waiting != 0 || s.Failed != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestManyServersDoEachJobOnce(t *testing.T) {
	test := func(t *testing.T, dbs ...*store.DB) {
		var mu sync.Mutex
		seen := map[int]int{}
		var all sync.WaitGroup
		all.Add(200)
		var runners []*job.Runner
		for _, db := range dbs {
			r := runner(db, 6)
			job.Handle(r, func(_ context.Context, _ authz.Scope, a ring) error {
				mu.Lock()
				defer mu.Unlock()
				seen[a.N]++
				all.Done()
				return nil
			})
			if err := r.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			runners = append(runners, r)
		}
		shops := []authz.Scope{authz.Job(id.New()), authz.Job(id.New()), authz.Job(id.ID{})}
		for i := range 200 {
			put(t, dbs[0], shops[i%3], i)
		}
		all.Wait()
		for _, r := range runners {
			if err := r.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for i := range 200 {
			if seen[i] != 1 {
				t.Errorf("job %d was done %d times", i, seen[i])
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, storetest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) {
		dsn := storetest.PostgresDSN(t)
		test(t, storetest.Open(t, dsn), storetest.Open(t, dsn), storetest.Open(t, dsn))
	})
}

func TestABusinessWithManyJobsDoesNotKeepOthersWaiting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		hog, small := authz.Job(id.New()), authz.Job(id.New())
		r := runner(db, 4)
		block, rung := make(chan struct{}), make(chan struct{})
		var hogs atomic.Int64
		job.Handle(r, func(_ context.Context, sc authz.Scope, _ ring) error {
			if sc.Business == small.Business {
				close(rung)
				return nil
			}
			hogs.Add(1)
			<-block
			return nil
		})
		for i := range 60 {
			put(t, db, hog, i)
		}
		put(t, db, small, 1)
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-rung:
		case <-time.After(10 * time.Second):
			t.Fatal("the small one waits")
		}
		if n := hogs.Load(); n > 2 {
			t.Errorf("%d of 4 workers went to one business", n)
		}
		close(block)
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStopCutsOffAndTheJobIsDoneLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		sc := authz.Job(id.New())
		r, again := runner(db, 2), runner(db, 2)
		began := make(chan struct{})
		job.Handle(r, func(ctx context.Context, _ authz.Scope, _ ring) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		})
		done := 0
		job.Handle(again, func(context.Context, authz.Scope, ring) error { done++; return nil })
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		put(t, db, sc, 1)
		<-began
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Stop(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Stop = %v", err)
		}
		if drain(t, again); done != 1 {
			t.Errorf("done %d times after the restart", done)
		}
	})
}

func TestSchedulesRunOnceHoweverTheClockJumps(t *testing.T) {
	test := func(t *testing.T, a, b *store.DB) {
		c := newClock(a)
		b.Now = a.Now
		ran := 0
		var runners []*job.Runner
		for _, db := range []*store.DB{a, b} {
			r := runner(db, 2)
			job.Every(r, "test.tick", time.Hour, func(context.Context) error { ran++; return nil })
			runners = append(runners, r)
		}
		for i, step := range []struct {
			move time.Duration
			want int
		}{{0, 1}, {time.Minute, 1}, {59 * time.Minute, 2}, {240 * time.Hour, 3}, {time.Minute, 3}, {-100 * 24 * time.Hour, 4}, {time.Minute, 4}} {
			c.move(step.move)
			for _, r := range runners {
				if err := r.RunSchedules(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if ran != step.want {
				t.Errorf("step %d: ran %d times, want %d", i, ran, step.want)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { db := storetest.SQLite(t); test(t, db, db) })
	t.Run("postgres", func(t *testing.T) {
		dsn := storetest.PostgresDSN(t)
		test(t, storetest.Open(t, dsn), storetest.Open(t, dsn))
	})
}
