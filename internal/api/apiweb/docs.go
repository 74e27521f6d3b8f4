package apiweb

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/i18n"
	"lapak/internal/web"
)

// pageRoutes lists the addresses that are no operations: the document, the page
// that shows it, and the owner's page of keys.
func (p *pages) pageRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET " + web.APIBase + "/openapi.json", Verb: authz.Public, API: true, Open: true, Handle: p.openAPI},
		{Pattern: "GET " + web.APIDocs, Verb: authz.Public, Handle: p.docs},
		{Pattern: "GET /toko/api", Verb: authz.EditShop, Handle: p.keys},
		{Pattern: "POST /toko/api", Verb: authz.ManageKeys, Handle: p.makeKey},
		{Pattern: "POST /toko/api/{id}/pencabutan", Verb: authz.ManageKeys, Handle: p.revokeKey},
	}
}

func (p *pages) openAPI(w http.ResponseWriter, r *http.Request) error {
	return send(w, r, http.StatusOK, p.doc)
}

// docsView is the document as its page shows it.
type docsView struct {
	base   string
	groups []docsGroup
	errors []docsError
}

type docsGroup struct {
	tag string
	ops []docsOp
}

type docsOp struct {
	id, method, path, summary, about string
	key                              bool
	params, body, answer             []docsRow
	status                           string
	curl                             string
}

// docsRow is a parameter or a field; in is where a parameter stands.
type docsRow struct {
	name, kind, in, about string
	must                  bool
}

type docsError struct{ code, says string }

func (p *pages) docs(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := docsView{base: p.Base}
	for _, tag := range p.see.Tags {
		g := docsGroup{tag: tag.Name}
		for _, o := range p.ops {
			if o.tag == tag.Name {
				g.ops = append(g.ops, p.docsOp(ctx, o))
			}
		}
		v.groups = append(v.groups, g)
	}
	v.errors = p.docsErrors(ctx)
	w.Header().Set("Cache-Control", "no-cache")
	return web.Render(w, r, http.StatusOK, docsPage(v))
}

// shown finds an operation in the document.
func (p *pages) shown(o operation) *huma.Operation {
	item := p.see.Paths[o.path]
	switch o.method {
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodPatch:
		return item.Patch
	}
	return item.Get
}

func (p *pages) docsOp(ctx context.Context, o operation) docsOp {
	op := p.shown(o)
	v := docsOp{
		id: o.id, method: o.method, path: web.APIBase + o.path, summary: t(ctx, "api.op."+o.id), about: p.about(o, i18n.Lang(ctx)),
		key: o.verb != authz.Public, status: strconv.Itoa(o.status), curl: p.curl(o),
	}
	for _, a := range op.Parameters {
		v.params = append(v.params, docsRow{a.Name, kindOf(a.Schema), a.In, a.Description, a.Required})
	}
	if op.RequestBody != nil {
		v.body = p.rows(op.RequestBody.Content[contentType].Schema, "", 0)
	}
	if o.kind == "" {
		v.answer = p.rows(op.Responses[v.status].Content[contentType].Schema, "", 0)
	}
	return v
}

// deepest bounds how deep the page goes into a form.
const deepest = 4

// rows lists the fields of a form and of what is in it, those that must be there first.
func (p *pages) rows(s *huma.Schema, prefix string, depth int) []docsRow {
	if s.Ref != "" {
		s = p.see.registry.SchemaFromRef(s.Ref)
	}
	if depth > deepest {
		return nil
	}
	var list []docsRow
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if x, y := slices.Contains(s.Required, a), slices.Contains(s.Required, b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		f := s.Properties[name]
		list = append(list, docsRow{name: prefix + name, kind: kindOf(f), about: f.Description, must: slices.Contains(s.Required, name)})
		inner, deeper := f, prefix+name+"."
		if f.Type == huma.TypeArray {
			inner, deeper = f.Items, prefix+name+"[]."
		}
		if inner.Ref != "" {
			list = append(list, p.rows(inner, deeper, depth+1)...)
		}
	}
	return list
}

// kindOf says in short what a value is.
func kindOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Type == huma.TypeArray:
		return "[" + kindOf(s.Items) + "]"
	case len(s.Enum) > 0:
		var list []string
		for _, e := range s.Enum {
			if text, ok := e.(string); ok {
				list = append(list, text)
			}
		}
		return strings.Join(list, " | ")
	case s.Format != "" && s.Format != "int64":
		return s.Format
	}
	return s.Type
}

// curl is a command that a person can copy.
func (p *pages) curl(o operation) string {
	path := o.path
	for _, pr := range o.params {
		if pr.in != "path" {
			continue
		}
		example := pr.field.Tag.Get("example")
		if example == "" {
			example = strings.ToUpper(pr.name)
		}
		path = strings.ReplaceAll(path, "{"+pr.name+"}", example)
	}
	if i := slices.IndexFunc(o.params, func(p param) bool { return p.in == "query" && p.field.Tag.Get("required") != "" }); i >= 0 {
		path += "?" + o.params[i].name + "=" + strings.ReplaceAll(o.params[i].field.Tag.Get("example"), " ", "+")
	}
	lines := []string{"curl -sS"}
	if o.method != http.MethodGet && o.method != http.MethodPost {
		lines[0] += " -X " + o.method
	}
	lines[0] += " '" + p.Base + web.APIBase + path + "'"
	if o.verb != authz.Public {
		lines = append(lines, `-H "Authorization: Bearer $LAPAK_KEY"`)
	}
	if o.once {
		lines = append(lines, `-H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)"`)
	}
	if o.body != nil {
		lines = append(lines, "-H 'Content-Type: application/json'", "-d '"+o.sample+"'")
	}
	return strings.Join(lines, " \\\n  ")
}

// common are the codes that any operation may answer with.
var common = []string{
	"form.invalid", "form.required", "form.too_long", "form.between", "form.choose", "form.origin", "store.busy", "store.unknown", "store.full",
	"business.paused", "phone.invalid", "order.other_body", "money.too_large",
}

// docsErrors lists the codes with what they say.
func (p *pages) docsErrors(ctx context.Context) []docsError {
	seen := map[string]bool{}
	var list []docsError
	add := func(code, key string) {
		if !seen[code] && i18n.Has(ctx, key) {
			seen[code] = true
			list = append(list, docsError{code, t(ctx, key, "…", "…", "…")})
		}
	}
	add("not_found", "error.api_404_hint")
	add("method", "error.api_405_hint")
	add("too_large", "error.api_413_hint")
	add("surprise", "error.500_hint")
	add("slow", "error.503_hint")
	add("api.key", "error.api_key")
	add("api.grant", "error.api_grant")
	add("api.stale", "error.api_stale")
	add("too_many", "error.429_hint")
	for _, f := range []interface{ Error() string }{
		api.ErrKey, api.ErrNoKey, api.ErrOtherBody, api.ErrInFlight, api.ErrErased, errKind, errJSON, errDepth, errUnknown, errType, errParam, errCursor, errPlace,
		errTrade, errSearch, errChannel,
	} {
		add(f.Error(), f.Error())
	}
	add("api.enum", "api.enum")
	for _, code := range common {
		add(code, code)
	}
	for _, o := range p.ops {
		for _, code := range o.faults {
			add(code, code)
		}
	}
	slices.SortFunc(list, func(a, b docsError) int { return strings.Compare(a.code, b.code) })
	return list
}
