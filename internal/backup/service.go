package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/backup/backupdb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// Kind is a sort of run.
type Kind string

// State is where a run stands.
type State string

// The kinds and the states.
const (
	Backup Kind = "backup"
	Drill  Kind = "drill"

	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

// Settings say where backups go, how often, and how long they stay.
type Settings struct {
	Dir        string // empty: no backups
	Every      time.Duration
	DrillEvery time.Duration
	Keep       Keep
	To         []Place
	Lock       Lock
	Keys       Keys // that open sealed backups; for drills
	Temp       string
	Room       func(dir string) (free, total uint64) // of the disk; nil: not asked

	Program    string
	Key        string // mark of the installation's key
	Invariants []store.Invariant
	Log        *slog.Logger
}

// On reports whether backups are made at all.
func (s Settings) On() bool { return s.Dir != "" }

// Service makes backups and drills.
type Service struct {
	db  *store.DB
	q   backupdb.Queries
	set Settings

	// OnFail is told of each failure, in the transaction that writes it down.
	// Package app sets it.
	OnFail func(ctx context.Context, tx *store.Tx, kind Kind, why string) error

	work  sync.WaitGroup
	mu    sync.Mutex
	stop  context.CancelFunc
	base  context.Context
	fails map[Kind]int64
}

// New makes the service.
func New(db *store.DB, set Settings) *Service {
	if set.Log == nil {
		set.Log = slog.Default()
	}
	s := &Service{db: db, set: set, fails: map[Kind]int64{}}
	s.base, s.stop = context.WithCancel(context.Background())
	return s
}

// Settings are those in force.
func (s *Service) Settings() Settings { return s.set }

const (
	tick    = time.Minute
	beat    = 15 * time.Second
	dead    = 2 * time.Minute // without a beat
	again   = 10 * time.Minute
	settle  = 10 * time.Minute // between a backup and the first drill
	longest = 6 * time.Hour
	memory  = 400 * 24 * time.Hour // of runs
)

type start struct {
	What Kind  `json:"what"`
	By   id.ID `json:"by"`
}

// Kind names the job that starts what an administrator asked for.
func (start) Kind() string { return "backup.start" }

// Register gives the runner what is due by itself and what is asked for.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(_ context.Context, _ authz.Scope, a start) error {
		s.work.Go(func() { _ = s.Run(s.base, a.What, &a.By) }) // longer than a job may take; the run is written down
		return nil
	})
	job.Handle(r, func(ctx context.Context, _ authz.Scope, _ copyErasures) error {
		if !s.set.On() {
			return nil
		}
		return s.putErasures(ctx)
	})
	if s.set.On() {
		job.Every(r, "backup.tick", tick, func(ctx context.Context) error {
			for _, k := range []Kind{Backup, Drill} {
				due, err := s.due(ctx, k)
				if err != nil {
					return err
				}
				if due {
					s.work.Go(func() { _ = s.Run(s.base, k, nil) })
					return nil // one at a time
				}
			}
			return nil
		})
	}
}

// Stop breaks off what runs and waits for its end.
func (s *Service) Stop() {
	s.stop()
	s.work.Wait()
}

// Wait waits for the end of what runs.
func (s *Service) Wait() { s.work.Wait() }

// due reports whether the schedule asks for a run now: so long after the last
// good one, and not at once again after a failure.
func (s *Service) due(ctx context.Context, k Kind) (bool, error) {
	every := s.set.Every
	if k == Drill {
		every = s.set.DrillEvery
		if every == 0 {
			return false, nil
		}
	}
	var good, bad, newest *Run
	var now time.Time
	err := s.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) (err error) {
		now = tx.Now
		if good, err = s.last(ctx, tx, k, Done); err != nil {
			return err
		}
		if newest, err = s.last(ctx, tx, Backup, Done); err != nil {
			return err
		}
		bad, err = s.last(ctx, tx, k, Failed)
		return err
	})
	if err != nil {
		return false, err
	}
	if k == Drill && (newest == nil || now.Sub(newest.StartedAt) < settle) {
		return false, nil // nothing to bring back yet, or the server has only just begun
	}
	return isDue(now, every, good, bad), nil
}

func isDue(now time.Time, every time.Duration, good, bad *Run) bool {
	if good != nil && now.Sub(good.StartedAt) < every {
		return false
	}
	return bad == nil || now.Sub(bad.StartedAt) >= min(every, again)
}

// Ask lets a backup or a drill begin now. It is the admin's.
func (s *Service) Ask(ctx context.Context, sc authz.Scope, k Kind) error {
	if err := may(sc); err != nil {
		return err
	}
	if !s.set.On() {
		return ErrOff
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if r, err := s.last(ctx, tx, "", Running); err != nil || r != nil {
			return errors.Join(err, ErrRunning)
		}
		if k == Drill {
			if r, err := s.last(ctx, tx, Backup, Done); err != nil || r == nil {
				return errors.Join(err, ErrNone)
			}
		}
		if err := job.Put(ctx, tx, authz.Job(id.ID{}), start{k, sc.Actor}, job.Unique(string(k))); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "backup.asked_"+string(k), id.ID{})
	})
}

func may(sc authz.Scope) error {
	if err := sc.Can(authz.RunInstallation); err != nil {
		return err
	}
	if !sc.Business.IsZero() {
		return authz.ErrForbidden
	}
	return nil
}

// Run makes a backup or holds a drill now, unless one runs, here or on another
// server. It is written down how it went.
func (s *Service) Run(ctx context.Context, k Kind, by *id.ID) error {
	ctx, cancel := context.WithTimeout(store.Long(ctx), longest)
	defer cancel()
	run, err := s.begin(ctx, k, by)
	if err != nil {
		return err
	}
	var beats sync.WaitGroup
	beats.Go(func() { s.beats(ctx, cancel, run) })
	var e ended
	if k == Drill {
		e, err = s.drill(ctx)
	} else {
		e, err = s.make(ctx)
	}
	lost := ctx.Err() != nil && s.base.Err() == nil && !errors.Is(ctx.Err(), context.DeadlineExceeded)
	cancel()
	beats.Wait()
	if lost {
		err = errors.Join(errors.New("another server took over"), err)
	}
	record, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	return errors.Join(err, s.end(record, k, run, e, err))
}

// ended is what a run brought about.
type ended struct {
	made    Made
	file    string
	covers  *time.Time
	places  []Copy
	report  *Report
	trouble error // the run did its work, save for this
}

func (s *Service) begin(ctx context.Context, k Kind, by *id.ID) (id.ID, error) {
	run := id.New()
	var mine bool
	err := s.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		if _, err := s.q.Bury(ctx, tx, backupdb.BuryParams{Now: &tx.Now, Detail: detail(nil, errors.New("the server went down in the middle")), Stale: tx.Now.Add(-dead)}); err != nil {
			return fmt.Errorf("end a dead run: %w", err)
		}
		if by != nil && by.IsZero() {
			by = nil
		}
		n, err := s.q.Begin(ctx, tx, backupdb.BeginParams{ID: run, Kind: string(k), WantedBy: by, Now: tx.Now})
		mine = n == 1
		return err
	})
	if err != nil {
		return run, fmt.Errorf("begin a run: %w", err)
	}
	if !mine {
		return run, ErrRunning
	}
	return run, nil
}

// beats says from time to time that the run goes on, and ends it if another
// server gave it up.
func (s *Service) beats(ctx context.Context, cancel context.CancelFunc, run id.ID) {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		var n int64
		err := s.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) (err error) {
			n, err = s.q.Beat(ctx, tx, backupdb.BeatParams{Now: tx.Now, ID: run})
			return err
		})
		if err == nil && n == 0 {
			cancel()
			return
		}
	}
}

func (s *Service) end(ctx context.Context, k Kind, run id.ID, e ended, err error) error {
	state, why := Done, errors.Join(err, e.trouble)
	if err != nil {
		state = Failed
	}
	if why != nil {
		s.mu.Lock()
		s.fails[k]++
		s.mu.Unlock()
		s.set.Log.ErrorContext(ctx, "backup or drill went wrong", "kind", string(k), "error", why)
	}
	places, jerr := json.Marshal(e.places)
	if jerr != nil {
		return jerr
	}
	p := backupdb.FinishParams{
		State: string(state), CoversAt: e.covers, File: e.file, Size: e.made.Size, RowCount: e.made.Manifest.Rows(), Sum: fmt.Sprintf("%x", e.made.Sum),
		Places: string(places), Detail: detail(e.report, why), ID: run,
	}
	return s.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		p.Now = &tx.Now
		n, err := s.q.Finish(ctx, tx, p)
		if err != nil {
			return fmt.Errorf("end a run: %w", err)
		}
		if n == 0 {
			return errors.New("another server took over")
		}
		if err := s.q.Forget(ctx, tx, tx.Now.Add(-memory)); err != nil {
			return fmt.Errorf("forget old runs: %w", err)
		}
		if why != nil && s.OnFail != nil {
			if err := s.OnFail(ctx, tx, k, why.Error()); err != nil {
				return err
			}
		}
		return audit.Note(ctx, tx, authz.Job(id.ID{}), "backup."+string(k)+"_"+string(state), run)
	})
}

type details struct {
	Error  string  `json:"error,omitempty"`
	Report *Report `json:"report,omitempty"`
}

func detail(r *Report, err error) string {
	d := details{Report: r}
	if err != nil {
		d.Error = err.Error()
		if len(d.Error) > 2000 {
			d.Error = d.Error[:2000]
		}
	}
	b, jerr := json.Marshal(d)
	if jerr != nil {
		return ""
	}
	return string(b)
}
