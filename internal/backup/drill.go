package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lapak/internal/store"
)

// Report is what a drill found.
type Report struct {
	File       string    `json:"file"`
	From       string    `json:"from"` // the place it was fetched from
	MadeAt     time.Time `json:"made_at"`
	Sealed     bool      `json:"sealed"` // its key is kept elsewhere: the file was checked, and a fresh copy drilled
	Tables     int       `json:"tables"`
	Rows       int64     `json:"rows"`
	Invariants int       `json:"invariants"`
	Broken     []string  `json:"broken,omitempty"`
	Steps      int       `json:"steps"` // migrations run on what came back
	Size       int64     `json:"size"`
}

var errDrill = errors.New("what came back is not in order")

// drill fetches the newest backup, brings it back aside, compares and checks
// it, and takes all of it away again.
func (s *Service) drill(ctx context.Context) (ended, error) {
	e := ended{report: &Report{}}
	if err := os.MkdirAll(s.set.Temp, 0o700); err != nil {
		return e, fmt.Errorf("make a folder for the drill: %w", err)
	}
	// What is fetched, the database aside, and its journal while it is filled.
	if n, err := s.db.Size(ctx); err == nil {
		if err := s.set.fits(s.set.Temp, 3*n); err != nil {
			return e, fmt.Errorf("%w of the data folder; a drill needs three times the size of the database there", err)
		}
	}
	dir, err := os.MkdirTemp(s.set.Temp, "drill-")
	if err != nil {
		return e, fmt.Errorf("make a folder for the drill: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file, err := s.fetch(ctx, dir, e.report)
	if err != nil {
		return e, err
	}
	e.file, e.places = e.report.File, []Copy{{Place: e.report.From}}
	keys := s.set.Keys
	e.made, err = checkFile(file)
	if err != nil {
		return e, err
	}
	h := e.made.Header
	e.report.MadeAt, e.report.Size, e.covers = h.MadeAt, e.made.Size, &h.MadeAt
	if h.Sealed && !keys.Any() {
		e.report.Sealed = true
		lock, own, err := oneTime()
		if err != nil {
			return e, err
		}
		var name string
		if name, _, err = Save(dir, func(w io.Writer) (Made, error) {
			return Write(ctx, s.db, Source{Program: s.set.Program, Key: s.set.Key, Lock: lock}, w)
		}); err != nil {
			return e, fmt.Errorf("a fresh copy to drill: %w", err)
		}
		file, keys = filepath.Join(dir, name), own
	}
	m, err := Try(ctx, file, keys, dir, s.set.Invariants, e.report)
	e.made.Manifest = m
	return e, err
}

// fetch finds the newest backup: elsewhere first, because that is what would be
// left after a fire.
func (s *Service) fetch(ctx context.Context, dir string, r *Report) (string, error) {
	for _, p := range append(append([]Place{}, s.set.To...), Folder(s.set.Dir)) {
		f, err := Newest(ctx, p, s.set.Key, s.db.Now())
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("look into %s: %w", p.Name(), err)
		}
		r.File, r.From = f.Name, p.Name()
		to := filepath.Join(dir, f.Name)
		if err := Whole(to, func(w io.Writer) error { return p.Get(ctx, f.Name, w) }); err != nil {
			return "", fmt.Errorf("fetch %s from %s: %w", f.Name, p.Name(), err)
		}
		return to, nil
	}
	return "", ErrNone
}

func checkFile(name string) (Made, error) {
	in, err := os.Open(name)
	if err != nil {
		return Made{}, fmt.Errorf("open: %w", err)
	}
	defer func() { _ = in.Close() }()
	return Check(in)
}

// Try brings a checked backup back into a file of its own in dir, compares
// every row, brings it to this program's form, and checks the invariants.
func Try(ctx context.Context, file string, keys Keys, dir string, all []store.Invariant, r *Report) (m Manifest, err error) {
	in, err := os.Open(file)
	if err != nil {
		return m, fmt.Errorf("open: %w", err)
	}
	defer func() { _ = in.Close() }()
	aside := filepath.Join(dir, "aside.db")
	db, err := store.Open(ctx, "sqlite:"+aside, store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return m, err
	}
	defer func() {
		err = errors.Join(err, db.Close())
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(aside + end)
		}
	}()
	if _, m, err = Load(ctx, db, in, keys); err != nil {
		return m, err
	}
	r.Tables, r.Rows = len(m.Parts), m.Rows()
	if r.Steps, err = db.Pending(ctx); err != nil {
		return m, err
	}
	if err := db.Migrate(ctx); err != nil {
		return m, err
	}
	troubles, err := db.Inspect(ctx)
	if err != nil {
		return m, err
	}
	r.Broken = append(r.Broken, troubles...)
	broken, err := store.CheckInvariants(store.Long(ctx), db, all)
	if err != nil {
		return m, err
	}
	r.Invariants = len(all)
	for _, b := range broken {
		r.Broken = append(r.Broken, b.Name+": "+b.Row)
	}
	if len(r.Broken) > 20 {
		r.Broken = r.Broken[:20]
	}
	if len(r.Broken) > 0 {
		return m, fmt.Errorf("%w: %s", errDrill, strings.Join(r.Broken, "; "))
	}
	return m, nil
}
