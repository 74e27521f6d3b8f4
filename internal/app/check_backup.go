package app

import (
	"context"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
)

// checkBackups says what is left open of backups.
func checkBackups(ctx context.Context, a *App, say func(what, state, detail string)) {
	if a.backupErr != nil {
		say("backups", "FAIL", a.backupErr.Error())
		return
	}
	set := a.Backups.Settings()
	if !set.On() {
		say("backups", "WARN", "off: a broken disk means that all is lost; set --backup-dir")
		return
	}
	o, err := a.Backups.Overview(ctx, authz.Job(id.ID{}))
	if err != nil {
		say("backups", "FAIL", err.Error())
		return
	}
	age := func(at time.Time) string { return o.Now.Sub(at).Round(time.Minute).String() + " ago" }
	switch {
	case o.Newest == nil:
		say("backups", "WARN", "none yet; lapak serve makes the first, or run: lapak backup")
	case o.Late():
		say("backups", "FAIL", fmt.Sprintf("the newest is of %s, planned is every %v", age(o.Newest.StartedAt), set.Every))
	case o.Newest.Error != "":
		say("backups", "FAIL", o.Newest.Error)
	default:
		say("backups", "OK", "the newest is of "+age(o.Newest.StartedAt))
	}
	if len(set.To) == 0 {
		say("backups elsewhere", "WARN", "none: if this machine is lost, so are they; set --backup-to")
	} else {
		say("backups elsewhere", "OK", fmt.Sprintf("%d places", len(set.To)))
	}
	if !set.Lock.Sealing() {
		say("backups sealed", "WARN", "no: who holds a file can read it; set --backup-age")
	} else {
		say("backups sealed", "OK", "with age")
	}
	switch {
	case o.Drill == nil:
		say("restore drill", "WARN", "never held; run: lapak drill")
	case o.Drill.Error != "":
		say("restore drill", "FAIL", o.Drill.Error)
	default:
		say("restore drill", "OK", age(o.Drill.StartedAt))
	}
}
