package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"lapak/internal/store"
)

// Moved is what came of one table of a transfer.
type Moved = store.Moved

// Transfer copies the whole installation of the settings to another database,
// compares both, and then checks every invariant on the target. The key in the
// data folder is not copied: it goes along by hand.
func Transfer(ctx context.Context, c Config, to string, told func(Moved)) error {
	if err := there(c.DSN()); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, to, store.Options{Log: log})
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if err := errors.Join(db.Migrate(ctx), db.Close()); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if err := store.Transfer(ctx, c.DSN(), to, told); err != nil {
		return err
	}
	return holds(ctx, Config{Data: c.Data, DB: to})
}

// Compare tells of every table whether the database of the settings and
// another one hold the same rows. It changes neither.
func Compare(ctx context.Context, c Config, to string, told func(Moved)) error {
	if err := errors.Join(there(c.DSN()), there(to)); err != nil {
		return err
	}
	return store.Compare(ctx, c.DSN(), to, told)
}

// there refuses a SQLite file that is not there, which opening would make.
func there(dsn string) error {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("there is no database %s", path)
		}
	}
	return nil
}

// holds checks the data of an installation as lapak check does; how its server
// is set up is for lapak check to say.
func holds(ctx context.Context, c Config) error {
	var errs []error
	checkData(ctx, c, func(what, state, detail string) {
		if state == "FAIL" && what != "mail" && what != "storage" {
			errs = append(errs, fmt.Errorf("%s: %s", what, detail))
		}
	})
	return errors.Join(errs...)
}
