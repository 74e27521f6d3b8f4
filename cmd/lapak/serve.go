package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"lapak/internal/app"
)

// serve runs an installation until it is told to stop.
func serve(ctx context.Context, args []string) error {
	o, rest, err := parse("serve", args, os.Stderr)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("unexpected %q", rest[0])
	}
	log := o.Logger()
	slog.SetDefault(log)
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	doors, err := o.Open()
	if err != nil {
		return err
	}
	defer doors.Close()
	a, err := app.New(ctx, o.Config, log)
	if err != nil {
		return err
	}
	defer a.Close()
	a.Accounts.Version = versionText()
	if err := greet(ctx, a, os.Stdout); err != nil {
		return err
	}
	log.Info("serving", "addr", doors.Addr().String(), "base", o.Base(), "version", versionText())
	err = a.Serve(ctx, doors)
	log.Info("stopped")
	return err
}

// greet prints where the pages are and, while there is no administrator, the
// one-time link that makes the first.
func greet(ctx context.Context, a *app.App, out io.Writer) error {
	token, made, err := a.Accounts.FirstAdminLink(ctx)
	if err != nil {
		return fmt.Errorf("make the first administrator's link: %w", err)
	}
	fmt.Fprintf(out, "Lapak is at %s\n", a.Config.Base())
	if made {
		fmt.Fprintf(out, "\nThere is no administrator yet. Open this link within 30 minutes to become the first:\n\n  %s/admin-pertama/%s\n\n", a.Config.Base(), token)
	}
	return nil
}

// migrate brings the database to its newest form and says how many steps that took.
func migrate(ctx context.Context, args []string) error {
	o, _, err := parse("migrate", args, os.Stderr)
	if err != nil {
		return err
	}
	n, err := app.Migrate(ctx, o.Config, o.Logger())
	if err != nil {
		return err
	}
	if n == 0 {
		fmt.Println("The database has its newest form.")
	} else {
		fmt.Printf("%d steps done; the database has its newest form.\n", n)
	}
	return nil
}

// admin helps where there is no officer: it makes a link that sets a new
// password, or the link that makes the first administrator.
func admin(ctx context.Context, args []string) error {
	dropFactor := slices.Contains(args, "--factor") // a word of this command alone
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "--factor" })
	var words []string // what to do and for whom, before the flags or after them
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		words, args = append(words, args[0]), args[1:]
	}
	o, rest, err := parse("admin", args, os.Stderr)
	if err != nil {
		return err
	}
	words = append(words, rest...)
	if len(words) == 0 {
		words = []string{""}
	}
	a, err := app.New(ctx, o.Config, o.Logger())
	if err != nil {
		return err
	}
	defer a.Close()
	switch words[0] {
	case "reset":
		if len(words) != 2 {
			return errors.New("name the phone number: lapak admin reset 081234567890")
		}
		reset := a.Accounts.AdminReset
		if dropFactor {
			reset = a.Accounts.AdminResetAll
		}
		token, err := reset(ctx, words[1])
		if err != nil {
			return a.Sentence(err)
		}
		fmt.Printf("Open this link to set a new password:\n\n  %s/atur-ulang/%s\n", o.Base(), token)
		if dropFactor {
			fmt.Println("\nThe second step and its backup codes are gone; who works for the office sets up a new one after signing in.")
		} else {
			fmt.Println("\nA second step, if there is one, is still asked for. If it is lost: lapak admin reset PHONE --factor")
		}
		return nil
	case "link":
		token, made, err := a.Accounts.FirstAdminLink(ctx)
		if err != nil {
			return err
		}
		if !made {
			return errors.New("there is an administrator already; they make others on the page /admin")
		}
		fmt.Printf("Open this link within 30 minutes to become the first administrator:\n\n  %s/admin-pertama/%s\n", o.Base(), token)
		return nil
	}
	return errors.New("say what to do: lapak admin reset PHONE, or lapak admin link")
}

// config prints the settings in force, passwords masked.
func config(args []string) error {
	o, _, err := parse("serve", args, os.Stderr)
	if err != nil {
		return err
	}
	for _, line := range o.Lines() {
		fmt.Println(line)
	}
	return nil
}
