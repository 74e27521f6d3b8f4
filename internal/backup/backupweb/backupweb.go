// Package backupweb holds the admin's page of backups. Nothing of a backup can
// be downloaded from it: it holds every customer of every shop.
package backupweb

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct{ backups *backup.Service }

// Routes are the addresses of backups.
func Routes(backups *backup.Service) []web.Route {
	p := pages{backups}
	return []web.Route{
		{Pattern: "GET /admin/cadangan", Verb: authz.RunInstallation, Handle: p.show},
		{Pattern: "POST /admin/cadangan", Verb: authz.RunInstallation, Handle: p.make},
		{Pattern: "POST /admin/cadangan/uji", Verb: authz.RunInstallation, Handle: p.drill},
	}
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.page(w, r, http.StatusOK, nil)
}

func (p pages) page(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	o, err := p.backups.Overview(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, view(o, f))
}

func (p pages) make(w http.ResponseWriter, r *http.Request) error {
	return p.ask(w, r, backup.Backup, "backup.asked_backup")
}

func (p pages) drill(w http.ResponseWriter, r *http.Request) error {
	return p.ask(w, r, backup.Drill, "backup.asked_drill")
}

func (p pages) ask(w http.ResponseWriter, r *http.Request, k backup.Kind, said string) error {
	err := p.backups.Ask(r.Context(), web.Scope(r), k)
	if errors.Is(err, backup.ErrOff) || errors.Is(err, backup.ErrRunning) || errors.Is(err, backup.ErrNone) {
		return p.page(w, r, http.StatusUnprocessableEntity, fault.Of(err))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, "/admin/cadangan")
}

// size says how large a file is.
func size(ctx context.Context, n int64) string {
	switch {
	case n >= 10<<30:
		return i18n.N(ctx, n>>30) + " GB"
	case n >= 1<<20:
		return i18n.N(ctx, n>>20) + " MB"
	}
	return i18n.N(ctx, (n+1023)>>10) + " KB"
}

// span says how often something is done.
func span(ctx context.Context, d time.Duration) string {
	switch {
	case d == 0:
		return i18n.T(ctx, "backup.never")
	case d%(24*time.Hour) == 0:
		return i18n.T(ctx, "backup.every_days", int64(d/(24*time.Hour)))
	case d%time.Hour == 0:
		return i18n.T(ctx, "backup.every_hours", int64(d/time.Hour))
	}
	return i18n.T(ctx, "backup.every_minutes", int64(d/time.Minute))
}

// keep says in words how many backups stay.
func keep(ctx context.Context, k backup.Keep) string {
	var parts []string
	for _, p := range []struct {
		n   int
		key string
	}{{k.Hourly, "backup.keep_hourly"}, {k.Daily, "backup.keep_daily"}, {k.Weekly, "backup.keep_weekly"}, {k.Monthly, "backup.keep_monthly"}} {
		if p.n > 0 {
			parts = append(parts, i18n.T(ctx, p.key, int64(p.n)))
		}
	}
	return strings.Join(parts, ", ")
}

func places(ctx context.Context, s backup.Settings) string {
	if len(s.To) == 0 {
		return i18n.T(ctx, "backup.to_none")
	}
	var names []string
	for _, p := range s.To {
		names = append(names, p.Name())
	}
	return strings.Join(names, ", ")
}

func sealing(ctx context.Context, l backup.Lock) string {
	switch {
	case l.Recipient != "":
		return i18n.T(ctx, "backup.sealed_key")
	case l.Passphrase != "":
		return i18n.T(ctx, "backup.sealed_phrase")
	}
	return i18n.T(ctx, "backup.sealed_no")
}

// where lists the places of a backup as they stand.
func where(ctx context.Context, r backup.Run) string {
	var out []string
	for i, c := range r.Places {
		switch {
		case c.Error != "":
			out = append(out, i18n.T(ctx, "backup.not_at", c.Place))
		case i == 0 && r.Kind == backup.Backup:
			if r.Here {
				out = append(out, i18n.T(ctx, "backup.here"))
			}
		default:
			out = append(out, c.Place)
		}
	}
	if len(out) == 0 {
		return i18n.T(ctx, "backup.gone")
	}
	return strings.Join(out, ", ")
}

func state(ctx context.Context, r backup.Run) (kind, icon, text string) {
	switch {
	case r.State == backup.Failed:
		return "bad", "circle-x", i18n.T(ctx, "backup.failed")
	case r.Error != "":
		return "warn", "triangle-alert", i18n.T(ctx, "backup.partly")
	}
	return "ok", "circle-check", i18n.T(ctx, "backup.whole")
}

func drilled(ctx context.Context, r backup.Run) (kind, icon, text string) {
	if r.State == backup.Failed {
		return "bad", "circle-x", i18n.T(ctx, "backup.drill_failed")
	}
	return "ok", "circle-check", i18n.T(ctx, "backup.drill_ok")
}

// took is how long a run lasted.
func took(ctx context.Context, r backup.Run) string {
	if r.EndedAt == nil {
		return ""
	}
	return i18n.T(ctx, "backup.seconds", int64(max(1, r.EndedAt.Sub(r.StartedAt).Round(time.Second)/time.Second)))
}

func facts(ctx context.Context, s backup.Settings) []ui.Pair {
	return []ui.Pair{
		{Label: i18n.T(ctx, "backup.folder"), Value: s.Dir},
		{Label: i18n.T(ctx, "backup.every"), Value: span(ctx, s.Every)},
		{Label: i18n.T(ctx, "backup.keep"), Value: keep(ctx, s.Keep)},
		{Label: i18n.T(ctx, "backup.to"), Value: places(ctx, s)},
		{Label: i18n.T(ctx, "backup.sealed"), Value: sealing(ctx, s.Lock)},
		{Label: i18n.T(ctx, "backup.drill_every"), Value: span(ctx, s.DrillEvery)},
	}
}

func report(ctx context.Context, r backup.Run) []ui.Pair {
	if r.Report == nil {
		return nil
	}
	p := r.Report
	out := []ui.Pair{{Label: i18n.T(ctx, "backup.file"), Value: p.File}, {Label: i18n.T(ctx, "backup.from"), Value: p.From}}
	if !p.MadeAt.IsZero() {
		out = append(out, ui.Pair{Label: i18n.T(ctx, "backup.made"), Value: i18n.When(ctx, p.MadeAt)})
	}
	if p.Tables > 0 {
		out = append(out, ui.Pair{Label: i18n.T(ctx, "backup.rows"), Value: i18n.T(ctx, "backup.rows_of", p.Rows, int64(p.Tables))})
	}
	if p.Invariants > 0 {
		out = append(out, ui.Pair{Label: i18n.T(ctx, "backup.rules"), Value: i18n.T(ctx, "backup.rules_of", int64(p.Invariants), int64(len(p.Broken)))})
	}
	return append(out, ui.Pair{Label: i18n.T(ctx, "backup.took"), Value: took(ctx, r)})
}
