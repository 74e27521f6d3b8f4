package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// From says which backup is brought back or tried.
type From struct {
	File     string
	Identity string // file of the key of a sealed backup
	Erasures string // file of the list of erasures; empty: the one beside the backup
}

// Restore brings a backup back into an empty place: a data folder without a
// database, or an empty PostgreSQL database. It follows the erasures that came
// after the backup before anybody can use what came back.
func Restore(ctx context.Context, c Config, from From, say func(format string, args ...any)) (err error) {
	began := time.Now()
	root, err := keyThere(c.Data)
	if err != nil {
		return err
	}
	keys, err := backupKeys(from.Identity)
	if err != nil {
		return err
	}
	made, err := checked(from.File)
	if err != nil {
		return err
	}
	for _, line := range wordsOf(made) {
		say("%s", line)
	}
	if mark := keyMark(root); made.Header.Key != mark {
		return errors.New("the backup belongs to an installation with another key; put that key into the data folder first")
	}
	if err := opens(from.File, keys); err != nil {
		return err
	}
	list, where, err := erasuresOf(from)
	if err != nil {
		return err
	}
	dsn, put, drop, err := target(c)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			drop()
		}
	}()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, dsn, store.Options{Log: log})
	if err != nil {
		return fmt.Errorf("open the target: %w", err)
	}
	broken, err := restoreInto(ctx, c, db, root, from.File, keys, made, list, where, say)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := put(); err != nil {
		return err
	}
	say("restored in %.1f seconds; start the server", time.Since(began).Seconds())
	if broken > 0 {
		return fmt.Errorf("it is in place, but %d rows are not in order", broken)
	}
	return nil
}

func checked(file string) (backup.Made, error) {
	in, err := os.Open(file)
	if err != nil {
		return backup.Made{}, err
	}
	defer func() { _ = in.Close() }()
	return backup.Check(in)
}

func opens(file string, keys backup.Keys) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return backup.Opens(in, keys)
}

// target is the database that is filled, and what gives it its name once it is
// whole, or takes away what is left of it.
func target(c Config) (dsn string, put func() error, drop func(), err error) {
	path, lite := strings.CutPrefix(c.DSN(), "sqlite:")
	if !lite {
		return c.DSN(), func() error { return nil }, func() {}, nil
	}
	if err := nothingAt(path); err != nil {
		return "", nil, nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", nil, nil, fmt.Errorf("make the folder: %w", err)
	}
	part := path + ".restoring"
	drop = func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(part + end)
		}
	}
	drop() // of an earlier try
	put = func() error {
		f, err := os.OpenFile(part, os.O_RDWR, 0)
		if err != nil {
			return fmt.Errorf("the restored file: %w", err)
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("the restored file: %w", err)
		}
		if _, err := os.Stat(part + "-wal"); err == nil {
			return fmt.Errorf("%s is still in use", part)
		}
		if err := nothingAt(path); err != nil { // a server may have made one meanwhile
			return err
		}
		// A link, unlike a new name, is refused where there is a file.
		if err := errors.Join(os.Link(part, path), os.Remove(part)); err != nil {
			return fmt.Errorf("the restored file: %w", err)
		}
		return backup.SyncFolder(filepath.Dir(path))
	}
	return "sqlite:" + part, put, drop, nil
}

// nothingAt makes sure that nothing of a database lies at a path: what is left
// of an older one beside it would be played over the one that comes there.
func nothingAt(path string) error {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if _, err := os.Lstat(path + end); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, fmt.Errorf("there is %s already; name a data folder without a database, or move it away with all that begins with %s", path+end, path))
		}
	}
	return nil
}

func restoreInto(ctx context.Context, c Config, db *store.DB, root []byte, file string, keys backup.Keys, made backup.Made, list []backup.Erasure, where string, say func(string, ...any)) (broken int, err error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.Close() }()
	_, m, err := backup.Load(store.Long(ctx), db, in, keys)
	if errors.Is(err, store.ErrNotBare) {
		return 0, errors.New("the target database is not empty; name one that is (CREATE DATABASE), nothing was changed")
	}
	if db.Postgres() { // a file is dropped; a database is not ours to drop
		defer func() {
			if err == nil {
				return
			}
			if bare, berr := db.Untouched(context.WithoutCancel(ctx)); berr != nil || !bare {
				err = fmt.Errorf("%w; the database holds what came back, but is NOT FINISHED: drop it, make it anew and restore again", err)
			}
		}()
	}
	if err != nil {
		return 0, err
	}
	say("rows       %d in %d tables, read back and equal to the backup's sums", m.Rows(), len(m.Parts))
	n, err := db.Pending(ctx)
	if err != nil {
		return 0, err
	}
	if err := db.Migrate(ctx); err != nil {
		return 0, fmt.Errorf("bring it to this program's form: %w", err)
	}
	say("migrated   %d steps forward", n)
	c.BackupDir = "" // this is no server
	a, err := Wire(c, db, root, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	if err := a.eraseAgain(ctx, made.Header.MadeAt, list, where, say); err != nil {
		return 0, err
	}
	bad, err := store.CheckInvariants(store.Long(ctx), db, Invariants)
	if err != nil {
		return 0, err
	}
	for _, b := range bad {
		say("BROKEN     %s: %s", b.Name, b.Row)
	}
	if len(bad) == 0 {
		say("invariants %d hold", len(Invariants))
	}
	machine := authz.Job(id.ID{})
	return len(bad), db.Tx(ctx, machine, func(tx *store.Tx) error { return audit.Note(ctx, tx, machine, "backup.restored", made.Header.ID) })
}

// erasuresOf reads the list of erasures that belongs to a backup.
func erasuresOf(from From) ([]backup.Erasure, string, error) {
	name := from.Erasures
	if name == "" {
		name = filepath.Join(filepath.Dir(from.File), backup.ErasureFile)
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && from.Erasures == "" {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("--erasures: %w", err)
	}
	defer func() { _ = f.Close() }()
	list, err := backup.ReadErasures(f)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	return list, name, nil
}

// eraseAgain erases those whom their shops erased after the backup was made.
func (a *App) eraseAgain(ctx context.Context, made time.Time, list []backup.Erasure, where string, say func(string, ...any)) error {
	if where == "" {
		say("erasures   NO LIST FOUND beside the backup (%s): who was erased after it was made is back; name the newest list with --erasures", backup.ErasureFile)
		return nil
	}
	done, late := 0, 0
	for _, e := range list {
		if e.At.Before(made.Add(-time.Minute)) {
			continue
		}
		late++
		err := a.Customers.Erase(ctx, authz.Job(e.Business), e.Customer)
		if fault.Of(err).HasKind(fault.NotFound) {
			continue // came after the backup, and went again
		}
		if err != nil {
			return fmt.Errorf("erase again: %w", err)
		}
		done++
	}
	say("erasures   %d after the backup, %d of them done again (list of %d: %s)", late, done, len(list), where)
	return nil
}

// Try drills one file: it is brought back aside, compared, checked, and taken
// away again. Nothing of the installation is touched, nor needed.
func Try(ctx context.Context, from From, say func(format string, args ...any)) error {
	began := time.Now()
	keys, err := backupKeys(from.Identity)
	if err != nil {
		return err
	}
	made, err := checked(from.File)
	if err != nil {
		return err
	}
	for _, line := range wordsOf(made) {
		say("%s", line)
	}
	dir, err := os.MkdirTemp("", "lapak-drill-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var r backup.Report
	if _, err := backup.Try(ctx, from.File, keys, dir, Invariants, &r); err != nil {
		return err
	}
	sayReport(r, began, say)
	return nil
}

func sayReport(r backup.Report, began time.Time, say func(format string, args ...any)) {
	if r.Sealed {
		say("sealed     the checksum of %s agrees; its key is elsewhere, so a fresh copy was drilled", r.File)
	}
	say("rows       %d in %d tables, read back and equal to the backup's sums", r.Rows, r.Tables)
	say("migrated   %d steps forward", r.Steps)
	say("invariants %d hold", r.Invariants)
	say("drilled in %.1f seconds", time.Since(began).Seconds())
}

// DrillNow holds a drill as the schedule does: on the newest backup, fetched
// from elsewhere if it lies there.
func (a *App) DrillNow(ctx context.Context, say func(format string, args ...any)) error {
	began := time.Now()
	if a.backupErr != nil {
		return a.backupErr
	}
	if !a.Backups.Settings().On() {
		return backup.ErrOff
	}
	if err := a.Backups.Run(ctx, backup.Drill, nil); err != nil {
		return err
	}
	o, err := a.Backups.Overview(ctx, authz.Job(id.ID{}))
	if err != nil || o.Drill == nil || o.Drill.Report == nil {
		return err
	}
	say("newest     %s from %s", o.Drill.Report.File, o.Drill.Report.From)
	sayReport(*o.Drill.Report, began, say)
	return nil
}
