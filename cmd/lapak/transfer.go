package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"lapak/internal/app"
)

// transfer copies a whole installation to another database, or only compares two.
func transfer(ctx context.Context, args []string) error {
	to, args, err := word(args, "--to")
	if err != nil {
		return err
	}
	only, args := has(args, "--compare")
	o, rest, err := parse("transfer", args, os.Stderr)
	if err != nil {
		return err
	}
	scheme, _, _ := strings.Cut(to, ":")
	if len(rest) > 0 || scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql" {
		return errors.New("say where to: lapak transfer --data FOLDER --to postgres://user:password@host/name, or --to sqlite:PATH; --compare changes nothing")
	}
	rows, seconds := int64(0), time.Duration(0)
	told := func(m app.Moved) {
		state := "same"
		if !m.Same() {
			state = "DIFFERS"
		}
		fmt.Printf("%-22s %10d %10d  %.16s %.16s  %s\n", m.Table, m.From, m.To, m.Hash, m.Hash2, state)
		rows, seconds = rows+m.To, seconds+m.Took
	}
	fmt.Printf("%-22s %10s %10s  %-16s %-16s\n", "table", "source", "target", "hash", "hash")
	run := app.Transfer
	if only {
		run = app.Compare
	}
	if err := run(ctx, o.Config, to, told); err != nil {
		return err
	}
	fmt.Printf("\n%d rows in %.1f seconds, the same on both sides.", rows, seconds.Seconds())
	if !only {
		fmt.Printf(" Every invariant holds on the target.\nStart the server with --db and the same data folder: its key must come along (%s/key or LAPAK_KEY).", o.Data)
	}
	fmt.Println()
	return nil
}

// word takes a flag of one command alone, and its value, out of the arguments.
func word(args []string, name string) (value string, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		v, is := strings.CutPrefix(args[i], name+"=")
		switch {
		case is:
			value = v
		case args[i] == name && i+1 < len(args):
			value = args[i+1]
			i++
		case args[i] == name:
			return "", nil, fmt.Errorf("%s: its value is missing", name)
		default:
			rest = append(rest, args[i])
		}
	}
	return value, rest, nil
}

// has takes a switch of one command alone out of the arguments.
func has(args []string, name string) (bool, []string) {
	var rest []string
	found := false
	for _, a := range args {
		if a == name {
			found = true
		} else {
			rest = append(rest, a)
		}
	}
	return found, rest
}
