package main

import (
	"context"
	"fmt"
	"os"

	"lapak/internal/app"
)

// check looks at everything an installation stands on and says what is wrong.
func check(ctx context.Context, args []string) error {
	o, _, err := parse("check", args, os.Stderr)
	if err != nil {
		return err
	}
	bad := 0
	report := func(what, state, detail string) {
		if state == "FAIL" {
			bad++
		}
		fmt.Printf("%-4s  %-22s  %s\n", state, what, detail)
	}
	for f := range app.Check(ctx, o.Config) {
		report(f.What, f.State, f.Detail)
	}
	if bad > 0 {
		return fmt.Errorf("%d things are wrong", bad)
	}
	return nil
}
