// Package auditweb lets an owner read who did what in the own business, and an
// admin what was done in the installation outside of businesses.
package auditweb

import (
	"context"
	"embed"
	"net/http"
	"strconv"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/web"
)

// Words are the messages of this page.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	db       *store.DB
	accounts *account.Service
}

// Routes lists the pages.
func Routes(db *store.DB, accounts *account.Service) []web.Route {
	p := pages{db, accounts}
	return []web.Route{
		{Pattern: "GET /riwayat", Verb: authz.SeeAudit, Handle: p.list},
		{Pattern: "GET /admin/riwayat", Verb: authz.RunInstallation, Handle: p.installation},
	}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

type view struct {
	entries []audit.Entry
	names   map[id.ID]string
	next    string
	all     bool // the installation's
}

// installation shows what was done outside of businesses.
func (p pages) installation(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := view{all: true}
	entries, next, err := audit.List(ctx, p.db, sc, audit.Page{Before: web.Int(r, "sebelum")})
	if err != nil {
		return err
	}
	v.entries = entries
	if next > 0 {
		v.next = "/admin/riwayat?sebelum=" + strconv.FormatInt(next, 10)
	}
	if v.names, err = p.accounts.NamesOfOffice(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	var v view
	entries, next, err := audit.List(ctx, p.db, sc, audit.Page{Before: web.Int(r, "sebelum")})
	if err != nil {
		return err
	}
	v.entries = entries
	if next > 0 {
		v.next = "/riwayat?sebelum=" + strconv.FormatInt(next, 10)
	}
	err = p.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		v.names, err = p.accounts.NamesTx(ctx, tx, sc)
		return err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// who names the actor of an entry.
func (v view) who(ctx context.Context, e audit.Entry) string {
	if n := v.names[e.Actor]; n != "" {
		return n
	}
	return t(ctx, "audit.role."+string(e.Role))
}

// about names whom of the office an entry concerns, if it is somebody else than its actor.
func (v view) about(e audit.Entry) string {
	if e.Object == e.Actor {
		return ""
	}
	return v.names[e.Object]
}

// what names the act; one without words of its own is shown as it is written.
func what(ctx context.Context, e audit.Entry) string {
	if i18n.Has(ctx, "audit.verb."+e.Verb) {
		return t(ctx, "audit.verb."+e.Verb)
	}
	return e.Verb
}
