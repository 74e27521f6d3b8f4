package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lapak/internal/id"
	"lapak/internal/store"
)

// Copy is where a backup lies, or why it does not.
type Copy struct {
	Place string `json:"place"`
	Error string `json:"error,omitempty"`
}

// make writes a backup into the folder, copies it to the places, and throws
// away what need not stay. A place that does not take it is trouble, not the
// end: the backup is there.
func (s *Service) make(ctx context.Context) (ended, error) {
	var e ended
	if err := os.MkdirAll(s.set.Dir, 0o700); err != nil {
		return e, fmt.Errorf("make the folder: %w", err)
	}
	Folder(s.set.Dir).sweep(s.db.Now())
	if err := s.set.room(ctx, s.db); err != nil {
		return e, err
	}
	name, made, err := Save(s.set.Dir, func(w io.Writer) (Made, error) {
		return Write(ctx, s.db, Source{Program: s.set.Program, Key: s.set.Key, Lock: s.set.Lock}, w)
	})
	if err != nil {
		return e, err
	}
	e.made, e.file = made, name
	e.covers = &made.Header.MadeAt
	e.places = append(e.places, Copy{Place: s.set.Dir})
	var trouble []error
	for _, p := range s.set.To {
		c := Copy{Place: p.Name()}
		if err := p.Put(ctx, filepath.Join(s.set.Dir, name), name); err != nil {
			err = fmt.Errorf("copy to %s: %w", p.Name(), err)
			c.Error = err.Error()
			trouble = append(trouble, err)
		}
		e.places = append(e.places, c)
	}
	if err := s.putErasures(ctx); err != nil {
		trouble = append(trouble, err)
	}
	for i, p := range append([]Place{Folder(s.set.Dir)}, s.set.To...) {
		if e.places[i].Error != "" {
			continue // nothing new there, so nothing old goes
		}
		if _, err := Prune(ctx, p, s.set.Keep, s.set.Key, s.db.Now()); err != nil {
			trouble = append(trouble, fmt.Errorf("throw away old backups of %s: %w", p.Name(), err))
		}
	}
	e.trouble = errors.Join(trouble...)
	return e, nil
}

// ErrRoom: with what is to be written, a disk would be nearly full.
var ErrRoom = errors.New("there is too little room on the disk")

// room refuses a backup after which less than a tenth of the disk would be free:
// nearly full disks take no orders.
// The first one is taken to be as large as half the database.
func (s Settings) room(ctx context.Context, db *store.DB) error {
	size := int64(16 << 20)
	if f, err := Newest(ctx, Folder(s.Dir), s.Key, db.Now()); err == nil {
		size = max(size, f.Size+f.Size/4)
	} else if n, err := db.Size(ctx); err == nil {
		size = max(size, n/2)
	}
	if err := s.fits(s.Dir, size); err != nil {
		return fmt.Errorf("%w of the backups; free some, or let --backup-dir lie on another disk", err)
	}
	return nil
}

// fits makes sure that with so many bytes more in dir a tenth of its disk stays free.
func (s Settings) fits(dir string, size int64) error {
	if s.Room == nil {
		return nil
	}
	free, total := s.Room(dir)
	if free < uint64(size) || free-uint64(size) < total/10 {
		return ErrRoom
	}
	return nil
}

// beforeMark names the copy that Before made last, in the folder of backups.
const beforeMark = ".before-upgrade"

// Before keeps a copy of a database whose form is about to change, unless it has
// made one within the hour and nothing was served since: a start that fails again
// and again fills no disk. The name is empty if none was made.
func Before(ctx context.Context, db *store.DB, s Settings) (name string, m Made, err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return "", m, fmt.Errorf("make the folder: %w", err)
	}
	now := db.Now()
	form, err := db.Form(ctx)
	if err != nil {
		return "", m, err
	}
	mark := filepath.Join(s.Dir, beforeMark)
	if last, err := os.ReadFile(mark); err == nil && Ours(string(last), s.Key) {
		at, _, _ := ParseName(string(last))
		if h, err := Peek(filepath.Join(s.Dir, string(last))); err == nil && slices.Equal(h.Migrations, form) && now.Sub(at).Abs() < time.Hour {
			return "", m, nil
		}
	}
	if err := s.room(ctx, db); err != nil {
		return "", m, err
	}
	if name, m, err = Save(s.Dir, func(w io.Writer) (Made, error) {
		return Write(ctx, db, Source{Program: s.Program, Key: s.Key, Lock: s.Lock}, w)
	}); err != nil {
		return "", m, err
	}
	if err := os.WriteFile(mark, []byte(name), 0o600); err != nil {
		return "", m, fmt.Errorf("note the copy: %w", err)
	}
	if _, err := Prune(ctx, Folder(s.Dir), s.Keep, s.Key, now); err != nil && s.Log != nil { // the copy is there, which is what counts
		s.Log.WarnContext(ctx, "old backups were not thrown away", "error", err)
	}
	return name, m, nil
}

// Settled says that a database is served in the form it has: what Before kept is
// no copy of what is written from now on.
func Settled(dir string) error {
	err := os.Remove(filepath.Join(dir, beforeMark))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the copy before the last change of form: %w", err)
	}
	return nil
}

// Save writes a backup into a folder, under the name that it gives itself, once
// it is whole, on the disk, and was read back.
func Save(dir string, write func(io.Writer) (Made, error)) (name string, m Made, err error) {
	// A name of its own: other servers may write into the same folder.
	temp := filepath.Join(dir, "new-"+id.Token()[:12]+partial)
	if err := Whole(temp, func(w io.Writer) error { m, err = write(w); return err }); err != nil {
		_ = os.Remove(temp)
		return "", m, err
	}
	name = FileName(m.Header)
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return "", m, fmt.Errorf("name the backup: %w", err)
	}
	return name, m, SyncFolder(dir)
}
