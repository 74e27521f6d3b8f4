package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Finding is one line of a check: OK, WARN for a setting left open, FAIL.
type Finding struct {
	What, State, Detail string
}

// Check looks at an installation from outside: it may run beside the server.
func Check(ctx context.Context, c Config) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		for _, part := range []func(context.Context, Config, func(what, state, detail string)){checkFolder, checkClock, checkSettings, checkData} {
			more := true
			part(ctx, c, func(what, state, detail string) { more = more && yield(Finding{what, state, detail}) })
			if !more {
				return
			}
		}
	}
}

func checkFolder(_ context.Context, c Config, say func(what, state, detail string)) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		say("data folder", "FAIL", err.Error())
		return
	}
	name := filepath.Join(c.Data, ".check")
	err := os.WriteFile(name, []byte("x"), 0o600)
	err = errors.Join(err, os.Remove(name))
	if err != nil {
		say("write rights", "FAIL", err.Error())
	} else {
		say("write rights", "OK", c.Data)
	}
	free, total, err := diskSpace(c.Data)
	switch {
	case err != nil:
		say("disk", "WARN", err.Error())
	case free*20 < total:
		say("disk", "FAIL", fmt.Sprintf("%d MB free of %d MB: less than 5 %%", free>>20, total>>20))
	default:
		say("disk", "OK", fmt.Sprintf("%d MB free of %d MB", free>>20, total>>20))
	}
	if _, err := Key(c.Data); err != nil {
		say("key", "FAIL", err.Error())
	} else {
		say("key", "OK", "32 bytes, for its owner alone")
	}
}

func checkClock(_ context.Context, _ Config, say func(what, state, detail string)) {
	now := time.Now()
	if now.Year() < 2026 || now.Year() > 2100 {
		say("clock", "FAIL", "it says "+now.Format(time.RFC3339))
		return
	}
	say("clock", "OK", now.UTC().Format(time.RFC3339))
}

func checkSettings(_ context.Context, c Config, say func(what, state, detail string)) {
	host, _, _ := net.SplitHostPort(c.Addr)
	local := host == "localhost" || host == "127.0.0.1" || host == "::1"
	switch {
	case strings.HasPrefix(c.Base(), "https://"):
		say("https", "OK", c.Base())
	case local:
		say("https", "WARN", "plain http: fine on this machine alone; set --domain, --tls or a proxy's --base-url")
	default:
		say("https", "FAIL", "plain http is open to the network; set --domain, --tls or a proxy's --base-url")
	}
	if c.MetricsAddr != "" {
		if h, _, _ := net.SplitHostPort(c.MetricsAddr); h != "localhost" && h != "127.0.0.1" && h != "::1" {
			say("metrics", "WARN", c.MetricsAddr+" is open to the network")
		} else {
			say("metrics", "OK", c.MetricsAddr)
		}
	}
	if c.RateFactor > 1 {
		say("limits", "WARN", fmt.Sprintf("multiplied by %d", c.RateFactor))
	}
}

func checkData(ctx context.Context, c Config, say func(what, state, detail string)) {
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, c.DSN(), store.Options{Log: log})
	if err != nil {
		say("database", "FAIL", err.Error())
		return
	}
	defer db.Close()
	if err := db.Ping(ctx); err != nil {
		say("database", "FAIL", err.Error())
		return
	}
	engine := "SQLite"
	if db.Postgres() {
		engine = "PostgreSQL"
	}
	say("database", "OK", engine)
	n, err := db.Pending(ctx)
	switch {
	case err != nil:
		say("form of the data", "FAIL", err.Error())
		return
	case n > 0:
		say("form of the data", "FAIL", fmt.Sprintf("%d steps behind; run: lapak migrate", n))
		return
	}
	say("form of the data", "OK", "newest")
	troubles, err := db.Inspect(ctx)
	if err != nil {
		say("storage", "FAIL", err.Error())
	}
	for _, t := range troubles {
		say("storage", "FAIL", t)
	}
	broken, err := store.CheckInvariants(store.Long(ctx), db, Invariants)
	if err != nil {
		say("invariants", "FAIL", err.Error())
		return
	}
	for _, b := range broken {
		say("invariant", "FAIL", fmt.Sprint(b))
	}
	if len(broken) == 0 {
		say("invariants", "OK", fmt.Sprintf("%d hold", len(Invariants)))
	}
	root, err := Key(c.Data)
	if err != nil {
		return
	}
	a, err := Wire(c, db, root, log)
	if err != nil {
		say("services", "FAIL", err.Error())
		return
	}
	checkHistory(ctx, a, say)
	checkBackups(ctx, a, say)
	if !a.Mail.On() {
		say("mail", "WARN", "off: people reset passwords at the office or by lapak admin reset")
	} else if err := a.Mail.Check(ctx); err != nil {
		say("mail", "FAIL", err.Error())
	} else {
		say("mail", "OK", "the server answers")
	}
}

// checkHistory follows the chain of every business's history, and of the
// installation's own.
func checkHistory(ctx context.Context, a *App, say func(what, state, detail string)) {
	entries, bad := int64(0), 0
	follow := func(b id.ID) error {
		n, err := audit.Verify(ctx, a.DB, b)
		entries += n
		if fault.Of(err) != nil {
			bad++
			say("history", "FAIL", "the chain is broken for business "+b.String())
			return nil
		}
		return err
	}
	if err := errors.Join(follow(id.ID{}), a.Shops.Each(ctx, follow)); err != nil {
		say("history", "FAIL", err.Error())
		return
	}
	if bad == 0 {
		say("history", "OK", fmt.Sprintf("%d entries, each in its chain", entries))
	}
}
