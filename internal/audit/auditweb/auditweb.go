// Package auditweb lets an owner read who did what in the own business.
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

// Routes lists the page.
func Routes(db *store.DB, accounts *account.Service) []web.Route {
	p := pages{db, accounts}
	return []web.Route{{Pattern: "GET /riwayat", Verb: authz.SeeAudit, Handle: p.list}}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

type view struct {
	entries []audit.Entry
	names   map[id.ID]string
	next    string
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

// what names the act; one without words of its own is shown as it is written.
func what(ctx context.Context, e audit.Entry) string {
	if i18n.Has(ctx, "audit.verb."+e.Verb) {
		return t(ctx, "audit.verb."+e.Verb)
	}
	return e.Verb
}
