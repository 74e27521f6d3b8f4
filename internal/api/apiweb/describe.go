package apiweb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/storefront"
	"lapak/internal/web"
)

// schemas is where the document keeps the form of what is sent and answered.
const schemas = "#/components/schemas/"

// uuid describes an id.
type uuid struct{}

// Schema is the form of an id.
func (uuid) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: "string", Format: "uuid"} }

// document is what the document says, for the page that shows it.
type document struct {
	*huma.OpenAPI
	registry huma.Registry
}

// always lists what every operation may be refused for, by status.
var always = []struct {
	status int
	why    string
}{
	{http.StatusTooManyRequests, "Too many requests; Retry-After says when to go on."},
	{http.StatusServiceUnavailable, "Busy, or read-only. Send the same again after Retry-After, a write with the same Idempotency-Key."},
	{http.StatusInternalServerError, "Something went wrong on the server. request_id finds it in the log."},
}

// describe makes the document from the operations: what it says of types comes
// from the types themselves, and its words from those of the pages.
func (p *pages) describe() {
	say := func(key string, args ...any) string { return p.Words.Say(i18n.EN, key, args...) }
	r := huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer)
	r.RegisterTypeAlias(reflect.TypeFor[id.ID](), reflect.TypeFor[uuid]())
	d := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Lapak", Version: "1", Description: say("api.about"),
			Contact: &huma.Contact{Name: "Lapak", URL: p.Base + web.APIDocs},
			License: &huma.License{Name: "AGPL-3.0-only", Identifier: "AGPL-3.0-only"},
		},
		Servers: []*huma.Server{{URL: p.Base + web.APIBase}},
		Paths:   map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: r, SecuritySchemes: map[string]*huma.SecurityScheme{
			"key": {Type: "http", Scheme: "bearer", Description: say("api.bearer")},
		}},
	}
	for _, tag := range []string{tagBuy, tagOrd, tagKey, tagProducts, tagStock, tagOrders, tagParcels, tagCustomers, tagSettings} {
		d.Tags = append(d.Tags, &huma.Tag{Name: tag, Description: say("api.tag." + tag)})
	}
	problem := r.Schema(reflect.TypeFor[web.Problem](), true, "Problem")
	for _, o := range p.ops {
		item := d.Paths[o.path]
		if item == nil {
			item = &huma.PathItem{}
			d.Paths[o.path] = item
		}
		op := p.operation(r, o, problem)
		switch o.method {
		case http.MethodGet:
			item.Get = op
		case http.MethodPost:
			item.Post = op
		case http.MethodPut:
			item.Put = op
		case http.MethodPatch:
			item.Patch = op
		default:
			panic("apiweb: " + o.id + ": no place for " + o.method)
		}
	}
	for _, s := range r.Map() {
		plain(s)
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("apiweb: the document: %v", err)) // made of our own types alone
	}
	p.doc, p.see = storefront.NewPage(contentType, append(b, '\n')), document{d, r}
}

// plain says of lists that they are never null, which is how they are answered.
func plain(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	plain(s.Items)
	for _, f := range s.Properties {
		plain(f)
		f.Nullable = false // what has nothing to say is left out
	}
}

func (p *pages) operation(r huma.Registry, o operation, problem *huma.Schema) *huma.Operation {
	say := func(key string, args ...any) string { return p.Words.Say(i18n.EN, key, args...) }
	op := &huma.Operation{
		OperationID: o.id, Tags: []string{o.tag}, Summary: say("api.op." + o.id), Description: p.about(o, i18n.EN),
		Responses: map[string]*huma.Response{}, Security: []map[string][]string{},
	}
	if o.verb != authz.Public {
		op.Security = append(op.Security, map[string][]string{"key": {}})
		if list := o.needs(); len(list) > 0 {
			op.Extensions = map[string]any{"x-grants": list}
		}
	}
	for _, pr := range o.params {
		s := *huma.SchemaFromField(r, pr.field, "")
		s.Nullable = false
		if s.Type == huma.TypeString && s.MaxLength == nil && s.Format == "" && pr.in == "query" {
			most := maxText
			s.MaxLength = &most
		}
		about := s.Description
		s.Description = ""
		one := &huma.Param{Name: pr.name, In: pr.in, Description: about, Required: pr.in == "path", Schema: &s}
		if len(s.Examples) > 0 {
			one.Example, s.Examples = s.Examples[0], nil
		}
		op.Parameters = append(op.Parameters, one)
	}
	good := &huma.Response{Description: say("api.good"), Headers: map[string]*huma.Param{}, Content: map[string]*huma.MediaType{
		contentType: {Schema: r.Schema(o.out, true, o.id+"Answer")},
	}}
	if o.kind != "" {
		good.Content = map[string]*huma.MediaType{o.kind: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	}
	header := func(to *huma.Response, name, about string) {
		to.Headers[name] = &huma.Param{Description: about, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	header(good, "RateLimit", "How many requests are left, and in how many seconds the count begins anew (IETF draft).")
	header(good, "RateLimit-Policy", "How many requests of this kind are allowed in how many seconds (IETF draft).")
	if o.once {
		least, most := keyLeast, keyMost
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Required: true, Description: say("api.idempotency"),
			Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most},
		})
		header(good, "Idempotency-Replayed", "true, if this is the answer of the first time.")
		if o.status == http.StatusCreated && o.id != "receiveStock" && o.id != "correctStock" && o.id != "moveOrder" && o.id != "makeParcels" && o.id != "moveParcel" {
			header(good, "Location", "Address of what was made.")
		}
	} else if o.method == http.MethodGet {
		header(good, "ETag", "Send it back as If-None-Match, and be told 304 while nothing has changed.")
	}
	op.Responses[strconv.Itoa(o.status)] = good
	if o.body != nil {
		m := &huma.MediaType{Schema: r.Schema(o.body, true, o.id+"Body")}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{contentType: m}}
	}
	for status, why := range o.refusals() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: why, Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}}
	}
	return op
}

// needs lists the grants of which a key needs one.
func (o operation) needs() []api.Grant {
	if o.grants != nil {
		return o.grants
	}
	return api.GrantsFor(o.verb)
}

// refusals tells by status why the operation may be refused.
func (o operation) refusals() map[int]string {
	out := map[int]string{}
	for _, a := range always {
		out[a.status] = a.why
	}
	out[http.StatusUnprocessableEntity] = "Something is to be put right; errors says where."
	out[http.StatusUnauthorized] = "A key was sent that is wrong, over or revoked."
	if o.verb != authz.Public {
		out[http.StatusUnauthorized] = "No key, or one that is wrong, over or revoked."
		out[http.StatusForbidden] = "The key was not given this, or its maker may not do it any more."
	}
	if strings.Contains(o.path, "{") {
		out[http.StatusNotFound] = "There is no such thing, or it is somebody else's."
	}
	if strings.Contains(o.path, "{slug}") {
		out[http.StatusPermanentRedirect] = "The shop has another address now; Location says which."
	}
	if o.id == "lookUpParcel" {
		out[http.StatusNotFound] = "There is no such number, or the digits are another's."
	}
	if o.id == "getKey" {
		out[http.StatusNotFound] = "The key was taken away just now."
	}
	if o.body != nil {
		out[http.StatusBadRequest] = "The body cannot be read as JSON, or Idempotency-Key is missing."
		out[http.StatusRequestEntityTooLarge] = "The body is larger than 64 KiB."
		out[http.StatusUnsupportedMediaType] = "The body is not sent as application/json."
		out[http.StatusForbidden] = "Not allowed: by the key, or from a page of another site."
	}
	if o.once {
		out[http.StatusConflict] = "Things have changed, or the same Idempotency-Key is being worked on; see code."
		out[http.StatusGone] = "The answer is not kept any more: the person it was about was erased."
	}
	return out
}

// about says more of an operation, in a language.
func (p *pages) about(o operation, lang string) string {
	var parts []string
	if key := "api.op." + o.id + "_about"; p.Words.Has(key) {
		parts = append(parts, p.Words.Say(lang, key))
	}
	if o.verb != authz.Public && o.verb != authz.UseKey {
		var names []string
		for _, g := range o.needs() {
			names = append(names, string(g))
		}
		parts = append(parts, p.Words.Say(lang, "api.needs", strings.Join(names, ", ")))
	}
	if len(o.faults) > 0 {
		parts = append(parts, p.Words.Say(lang, "api.faults", strings.Join(o.faults, ", ")))
	}
	return strings.Join(parts, " ")
}
