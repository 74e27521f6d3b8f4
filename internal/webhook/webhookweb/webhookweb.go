// Package webhookweb holds the owner's pages of webhooks.
package webhookweb

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/web"
	"lapak/internal/webhook"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	hooks *webhook.Service
	shops *business.Service
}

const root = "/toko/webhook"

// Routes are the addresses of webhooks.
func Routes(hooks *webhook.Service, shops *business.Service) []web.Route {
	p := pages{hooks, shops}
	return []web.Route{
		{Pattern: "GET " + root, Verb: authz.EditShop, Handle: p.list},
		{Pattern: "POST " + root, Verb: authz.ManageKeys, Handle: p.make},
		{Pattern: "GET " + root + "/{id}", Verb: authz.EditShop, Handle: p.show},
		{Pattern: "POST " + root + "/{id}/rahasia", Verb: authz.ManageKeys, Handle: p.rotate},
		{Pattern: "POST " + root + "/{id}/jeda", Verb: authz.ManageKeys, Handle: p.act("webhook.paused", func(ctx context.Context, sc authz.Scope, at id.ID) error { return p.hooks.Pause(ctx, sc, at) })},
		{Pattern: "POST " + root + "/{id}/lanjut", Verb: authz.ManageKeys, Handle: p.act("webhook.resumed", func(ctx context.Context, sc authz.Scope, at id.ID) error { return p.hooks.Resume(ctx, sc, at) })},
		{Pattern: "POST " + root + "/{id}/percobaan", Verb: authz.ManageKeys, Handle: p.act("webhook.on_its_way", func(ctx context.Context, sc authz.Scope, at id.ID) error { return p.hooks.Try(ctx, sc, at) })},
		{Pattern: "POST " + root + "/{id}/hapus", Verb: authz.ManageKeys, Handle: p.drop},
		{Pattern: "POST " + root + "/{id}/kirim-ulang", Verb: authz.ManageKeys, Handle: p.resendFailed},
		{Pattern: "POST " + root + "/{id}/{delivery}/kirim-ulang", Verb: authz.ManageKeys, Handle: p.resend},
	}
}

// view is the page of receivers.
type view struct {
	list   []webhook.Receiver
	draft  webhook.Draft
	fault  *fault.Error
	locked bool // changes ask for a fresh proof first
}

func (v view) has(kind string) bool { return slices.Contains(v.draft.Kinds, kind) }

// oneView is the page of a receiver.
type oneView struct {
	r      webhook.Receiver
	log    []webhook.Delivery
	next   string
	locked bool
	now    time.Time
	loc    *time.Location
}

func (v oneView) path(rest string) string { return root + "/" + v.r.ID.String() + rest }

// some reports whether a delivery in that state may be in the log.
func (v oneView) some(state string) bool {
	return v.next != "" || slices.ContainsFunc(v.log, func(d webhook.Delivery) bool { return d.State == state })
}

// live lets the log follow what is on its way just now.
func (v oneView) live() templ.Attributes {
	if !slices.ContainsFunc(v.log, func(d webhook.Delivery) bool {
		return d.State == webhook.Waiting && d.DueAt != nil && d.DueAt.Before(v.now.Add(time.Minute))
	}) {
		return nil
	}
	return templ.Attributes{"data-live": v.path(""), "data-every": "5"}
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	return p.showList(w, r, http.StatusOK, webhook.Draft{ID: id.New(), Kinds: []string{webhook.OrderPlaced, webhook.OrderMoved}}, nil)
}

func (p pages) showList(w http.ResponseWriter, r *http.Request, status int, d webhook.Draft, f *fault.Error) error {
	sc := web.Scope(r)
	list, err := p.hooks.List(r.Context(), sc)
	if err != nil {
		return err
	}
	return web.Render(w, r, status, listPage(view{list, d, f, sc.Can(authz.ManageKeys) != nil}))
}

func (p pages) make(w http.ResponseWriter, r *http.Request) error {
	d := webhook.Draft{ID: web.FormID(r, "id"), URL: r.FormValue("url"), About: r.FormValue("about"), Kinds: r.PostForm["kinds"]}
	got, secret, err := p.hooks.Make(r.Context(), web.Scope(r), d)
	if f, again := web.Again(err); again {
		return p.showList(w, r, http.StatusUnprocessableEntity, d, f)
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, secretPage(got, secret))
}

func (p pages) rotate(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	got, secret, err := p.hooks.Rotate(r.Context(), web.Scope(r), at, r.FormValue("secret"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, secretPage(got, secret))
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	before, _ := id.Parse(r.URL.Query().Get("lanjut"))
	got, log, next, err := p.hooks.Get(r.Context(), sc, at, before)
	if err != nil {
		return err
	}
	shop, err := p.shops.Get(r.Context(), sc)
	if err != nil {
		return err
	}
	v := oneView{r: got, log: log, locked: sc.Can(authz.ManageKeys) != nil, now: sc.Now, loc: shop.Location()}
	if !next.IsZero() {
		v.next = v.path("?lanjut=" + next.String())
	}
	return web.Render(w, r, http.StatusOK, onePage(v))
}

func (p pages) act(word string, fn func(context.Context, authz.Scope, id.ID) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		at, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		if err := fn(r.Context(), web.Scope(r), at); err != nil {
			return err
		}
		web.Flash(w, r, word)
		return web.SeeOther(w, r, root+"/"+at.String())
	}
}

func (p pages) drop(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.hooks.Drop(r.Context(), web.Scope(r), at); err != nil {
		return err
	}
	web.Flash(w, r, "webhook.dropped")
	return web.SeeOther(w, r, root)
}

func (p pages) resend(w http.ResponseWriter, r *http.Request) error {
	one, err := web.PathID(r, "delivery")
	if err != nil {
		return err
	}
	return p.act("webhook.on_its_way", func(ctx context.Context, sc authz.Scope, at id.ID) error { return p.hooks.Resend(ctx, sc, at, one) })(w, r)
}

// resendFailed sends again what failed since a day; without one, all that is kept.
func (p pages) resendFailed(w http.ResponseWriter, r *http.Request) error {
	shop, err := p.shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	since, _ := web.Day(r, "since", shop.Location())
	return p.act("webhook.on_its_way", func(ctx context.Context, sc authz.Scope, at id.ID) error {
		return p.hooks.ResendFailed(ctx, sc, at, since)
	})(w, r)
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

// kinds names what a receiver asked for.
func kinds(ctx context.Context, r webhook.Receiver) string {
	list := make([]string, len(r.Kinds))
	for i, k := range r.Kinds {
		list[i] = t(ctx, "webhook.kind."+k)
	}
	return strings.Join(list, " · ")
}
