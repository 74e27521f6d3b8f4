package backup

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/backup/backupdb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// Erasure says that a shop erased a customer. A backup that is older holds the
// person still.
type Erasure struct {
	Business, Customer id.ID
	At                 time.Time
}

// ErasureFile is what the list of erasures is called, beside the backups.
const ErasureFile = "erasures.log"

const maxErasures = 10_000_000

// NoteErasure writes an erasure down in the transaction that does it; a job
// brings the list to where the backups are.
func (s *Service) NoteErasure(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) error {
	if err := s.q.PutErasure(ctx, tx, backupdb.PutErasureParams{BusinessID: sc.Business, CustomerID: customer, ErasedAt: tx.Now}); err != nil {
		return fmt.Errorf("note the erasure: %w", err)
	}
	if !s.set.On() {
		return nil
	}
	return job.Put(ctx, tx, authz.Job(id.ID{}), copyErasures{}, job.Unique("list"))
}

type copyErasures struct{}

// Kind names the job that copies the list of erasures to the backups.
func (copyErasures) Kind() string { return "backup.erasures" }

// erasures is the whole list, oldest first.
func (s *Service) erasures(ctx context.Context) ([]Erasure, error) {
	var out []Erasure
	err := s.db.View(store.Long(ctx), authz.Job(id.ID{}), func(tx *store.Tx) error {
		out = nil
		rows, err := s.q.Erasures(ctx, tx)
		for _, r := range rows {
			out = append(out, Erasure{r.BusinessID, r.CustomerID, r.ErasedAt})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the erasures: %w", err)
	}
	return out, nil
}

// putErasures writes the list beside the backups, here and elsewhere. What is
// listed there already stays listed: after a restore this database may know
// less of it than the places do.
func (s *Service) putErasures(ctx context.Context) error {
	list, err := s.erasures(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.set.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	here, err := listed(ctx, Folder(s.set.Dir))
	if err != nil {
		return fmt.Errorf("read the list of erasures of %s: %w", s.set.Dir, err)
	}
	list = append(list, here...)
	var errs []error
	var to []Place
	for _, p := range s.set.To {
		there, err := listed(ctx, p)
		if err != nil { // what cannot be read is not written over
			errs = append(errs, fmt.Errorf("read the list of erasures of %s: %w", p.Name(), err))
			continue
		}
		list, to = append(list, there...), append(to, p)
	}
	slices.SortFunc(list, func(a, b Erasure) int {
		return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.Business[:], b.Business[:]), bytes.Compare(a.Customer[:], b.Customer[:]))
	})
	list = slices.CompactFunc(list, func(a, b Erasure) bool {
		return a.Business == b.Business && a.Customer == b.Customer && a.At.Equal(b.At)
	})
	local := filepath.Join(s.set.Dir, ErasureFile)
	if err := Whole(local, func(w io.Writer) error { return WriteErasures(w, list) }); err != nil {
		return fmt.Errorf("write the list of erasures: %w", err)
	}
	for _, p := range to {
		if err := p.Put(ctx, local, ErasureFile); err != nil {
			errs = append(errs, fmt.Errorf("copy the list of erasures to %s: %w", p.Name(), err))
		}
	}
	return errors.Join(errs...)
}

// listed reads the list of erasures of a place, which may have none yet.
func listed(ctx context.Context, p Place) ([]Erasure, error) {
	files, err := p.List(ctx)
	if err != nil || !slices.ContainsFunc(files, func(f File) bool { return f.Name == ErasureFile }) {
		return nil, err
	}
	var b bytes.Buffer
	if err := p.Get(ctx, ErasureFile, &b); err != nil {
		return nil, err
	}
	return ReadErasures(&b)
}

const erasureHead = "lapak-erasures 1"

// WriteErasures writes a list: a line each of time, business and customer. It
// holds ids alone.
func WriteErasures(w io.Writer, list []Erasure) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, erasureHead)
	for _, e := range list {
		fmt.Fprintln(b, e.At.UTC().Format(time.RFC3339Nano), e.Business, e.Customer)
	}
	return b.Flush()
}

// ReadErasures reads what WriteErasures wrote.
func ReadErasures(r io.Reader) ([]Erasure, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 4096), 4096)
	if !in.Scan() || in.Text() != erasureHead {
		return nil, errors.New("the file is no list of erasures")
	}
	var out []Erasure
	for in.Scan() {
		f := strings.Fields(in.Text())
		if len(f) != 3 || len(out) == maxErasures {
			return nil, errors.New("the list of erasures cannot be read")
		}
		at, err := time.Parse(time.RFC3339Nano, f[0])
		b, berr := id.Parse(f[1])
		c, cerr := id.Parse(f[2])
		if errors.Join(err, berr, cerr) != nil {
			return nil, errors.New("the list of erasures cannot be read")
		}
		out = append(out, Erasure{b, c, at})
	}
	return out, in.Err()
}
