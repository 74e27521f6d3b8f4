package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lapak/internal/authz"
	"lapak/internal/backup/backupdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Run is a run as it is shown.
type Run struct {
	ID        id.ID
	Kind      Kind
	State     State
	Asked     bool // by a person
	StartedAt time.Time
	EndedAt   *time.Time
	CoversAt  *time.Time
	File      string
	Size      int64
	Rows      int64
	Places    []Copy
	Error     string
	Report    *Report
	Here      bool // the file still lies in the folder
}

func (s *Service) run(r backupdb.BackupRun) Run {
	out := Run{
		ID: r.ID, Kind: Kind(r.Kind), State: State(r.State), Asked: r.WantedBy != nil, StartedAt: r.StartedAt, EndedAt: r.EndedAt, CoversAt: r.CoversAt,
		File: r.File, Size: r.Size, Rows: r.RowCount,
	}
	if r.Places != "" {
		_ = json.Unmarshal([]byte(r.Places), &out.Places) // we wrote it; what cannot be read is not shown
	}
	var d details
	if r.Detail != "" && json.Unmarshal([]byte(r.Detail), &d) == nil {
		out.Error, out.Report = d.Error, d.Report
	}
	if Ours(r.File, s.set.Key) && s.set.On() {
		_, err := os.Stat(filepath.Join(s.set.Dir, r.File))
		out.Here = err == nil
	}
	return out
}

// last is the newest run of a kind, or of both, in a state; nil if there is none.
func (s *Service) last(ctx context.Context, tx *store.Tx, k Kind, state State) (*Run, error) {
	kinds := []Kind{k}
	if k == "" {
		kinds = []Kind{Backup, Drill}
	}
	for _, k := range kinds {
		r, err := s.q.LastOf(ctx, tx, backupdb.LastOfParams{Kind: string(k), State: string(state)})
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("last run: %w", err)
		}
		if state == Running && tx.Now.Sub(r.BeatAt) > dead {
			continue // its server went down
		}
		out := s.run(r)
		return &out, nil
	}
	return nil, nil
}

// Overview is what the admin's page shows.
type Overview struct {
	Now      time.Time
	Settings Settings
	Newest   *Run // the newest good backup
	Drill    *Run // the newest drill that has ended
	Running  *Run
	Runs     []Run // backups, newest first
	Drills   []Run
}

// Late reports whether the newest backup is older than twice the schedule.
func (o Overview) Late() bool {
	return o.Settings.On() && (o.Newest == nil || o.Now.Sub(o.Newest.StartedAt) > 2*o.Settings.Every)
}

const shown = 40

// Overview reads how backups stand. It is the admin's.
func (s *Service) Overview(ctx context.Context, sc authz.Scope) (Overview, error) {
	if err := may(sc); err != nil {
		return Overview{}, err
	}
	o := Overview{Settings: s.set}
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		o.Now, o.Runs, o.Drills, o.Drill = tx.Now, nil, nil, nil
		if o.Newest, err = s.last(ctx, tx, Backup, Done); err != nil {
			return err
		}
		if o.Running, err = s.last(ctx, tx, "", Running); err != nil {
			return err
		}
		for _, k := range []Kind{Backup, Drill} {
			rows, err := s.q.Runs(ctx, tx, backupdb.RunsParams{Kind: string(k), Most: shown})
			if err != nil {
				return fmt.Errorf("list runs: %w", err)
			}
			for _, r := range rows {
				run := s.run(r)
				switch {
				case run.State == Running:
				case k == Backup:
					o.Runs = append(o.Runs, run)
				default:
					o.Drills = append(o.Drills, run)
				}
			}
		}
		if len(o.Drills) > 0 {
			o.Drill = &o.Drills[0]
		}
		return nil
	})
	return o, err
}

// Gauges are figures for the metrics page; an age of -1 means never.
type Gauges struct {
	Age, DrillAge          time.Duration
	Failures, DrillsFailed int64 // of this process
}

// Gauges reads the age of the newest point that can be restored, and of the
// newest drill that went well.
func (s *Service) Gauges(ctx context.Context) (Gauges, error) {
	g := s.Failed()
	g.Age, g.DrillAge = -1, -1
	err := s.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		b, err := s.last(ctx, tx, Backup, Done)
		if err != nil {
			return err
		}
		if b != nil && b.CoversAt != nil {
			g.Age = tx.Now.Sub(*b.CoversAt)
		}
		d, err := s.last(ctx, tx, Drill, Done)
		if err == nil && d != nil {
			g.DrillAge = tx.Now.Sub(d.StartedAt)
		}
		return err
	})
	return g, err
}

// Failed counts what went wrong in this process.
func (s *Service) Failed() Gauges {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Gauges{Failures: s.fails[Backup], DrillsFailed: s.fails[Drill]}
}
