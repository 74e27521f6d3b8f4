package apiweb

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/web"
)

// keysView is the owner's page of keys.
type keysView struct {
	keys   []api.Token
	draft  api.Draft
	fault  *fault.Error
	locked bool // changes ask for a fresh proof first
	now    time.Time
	base   string
	loc    *time.Location
}

func (p *pages) keys(w http.ResponseWriter, r *http.Request) error {
	return p.showKeys(w, r, http.StatusOK, api.Draft{ID: id.New(), Days: 90}, nil)
}

func (p *pages) showKeys(w http.ResponseWriter, r *http.Request, status int, d api.Draft, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	list, err := p.Keys.List(ctx, sc)
	if err != nil {
		return err
	}
	shop, err := p.Shops.Get(ctx, sc)
	if err != nil {
		return err
	}
	return web.Render(w, r, status, keysPage(keysView{
		keys: list, draft: d, fault: f, locked: sc.Can(authz.ManageKeys) != nil, now: sc.Now, base: p.Base, loc: shop.Location(),
	}))
}

// makeKey makes a key and shows its secret, this once.
func (p *pages) makeKey(w http.ResponseWriter, r *http.Request) error {
	d := api.Draft{ID: web.FormID(r, "id"), Name: r.FormValue("name"), Days: web.Int(r, "days")}
	for _, g := range r.PostForm["grants"] {
		d.Grants = append(d.Grants, api.Grant(g))
	}
	k, secret, err := p.Keys.Make(r.Context(), web.Scope(r), d)
	if f, again := web.Again(err); again {
		return p.showKeys(w, r, http.StatusUnprocessableEntity, d, f)
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, madePage(k, secret, p.Base))
}

func (p *pages) revokeKey(w http.ResponseWriter, r *http.Request) error {
	key, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.Keys.Revoke(r.Context(), web.Scope(r), key); err != nil {
		return err
	}
	web.Flash(w, r, "api.revoked")
	return web.SeeOther(w, r, "/toko/api")
}

func (v keysView) has(g api.Grant) bool { return slices.Contains(v.draft.Grants, g) }

// state is how a key stands: live, over or revoked.
func (v keysView) state(k api.Token) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case !k.Lives(v.now):
		return "over"
	}
	return "live"
}

// words says what a key may do, as its owner ticked it.
func words(ctx context.Context, grants []api.Grant) string {
	list := make([]string, len(grants))
	for i, g := range grants {
		list[i] = t(ctx, "api.grant."+string(g))
	}
	return strings.Join(list, " · ")
}
