package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"lapak/internal/app"
)

// first takes the words before the flags out of the arguments.
func first(args []string) (words, rest []string) {
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		words, args = append(words, args[0]), args[1:]
	}
	return words, args
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// backup makes a backup now: into a file that is named, or as the schedule does.
func backup(ctx context.Context, args []string) error {
	words, args := first(args)
	o, rest, err := parse("backup", args, os.Stderr)
	if err != nil {
		return err
	}
	words = append(words, rest...)
	switch {
	case len(words) > 1:
		return fmt.Errorf("unexpected %q", words[1])
	case len(words) == 1:
		s, err := app.Save(ctx, o.Config, words[0], o.Logger())
		if err != nil {
			return err
		}
		sealed := ""
		if s.Sealed {
			sealed = ", sealed"
		}
		say("%s: %d rows of %d tables, %d bytes in %.1f seconds%s; read back and whole.", s.Path, s.Rows, s.Tables, s.Size, s.Took.Seconds(), sealed)
		return nil
	}
	a, err := app.New(ctx, o.Config, o.Logger())
	if err != nil {
		return err
	}
	defer a.Close()
	r, err := a.BackupNow(ctx)
	if err != nil {
		return a.Sentence(err)
	}
	say("%s: %d rows, %d bytes.", r.File, r.Rows, r.Size)
	for _, p := range r.Places {
		say("  %s", p.Place)
	}
	return nil
}

// restore brings a backup back into an empty place.
func restore(ctx context.Context, args []string) error {
	words, args := first(args)
	list, args, err := word(args, "--erasures")
	if err != nil {
		return err
	}
	o, rest, err := parse("restore", args, os.Stderr)
	if err != nil {
		return err
	}
	if words = append(words, rest...); len(words) != 1 {
		return errors.New("name the backup: lapak restore FILE --data FOLDER (or --db postgres://...), with --backup-identity KEYFILE if it is sealed")
	}
	return app.Restore(ctx, o.Config, app.From{File: words[0], Identity: o.BackupIdentity, Erasures: list}, say)
}

// drill brings a backup back aside and looks whether all of it is in order.
func drill(ctx context.Context, args []string) error {
	words, args := first(args)
	o, rest, err := parse("drill", args, os.Stderr)
	if err != nil {
		return err
	}
	words = append(words, rest...)
	switch {
	case len(words) > 1:
		return fmt.Errorf("unexpected %q", words[1])
	case len(words) == 1:
		return app.Try(ctx, app.From{File: words[0], Identity: o.BackupIdentity}, say)
	}
	a, err := app.New(ctx, o.Config, o.Logger())
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Sentence(a.DrillNow(ctx, say))
}
