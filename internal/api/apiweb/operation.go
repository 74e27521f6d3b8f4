package apiweb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/storefront"
	"lapak/internal/web"
)

// operation is one thing that a program can do: its address, what it says and
// is told, and the call of a service that does it. Document and route are both
// made of it.
type operation struct {
	id     string // its name for programs, and of its words
	method string
	path   string // below /api/v1, as ServeMux reads it
	tag    string
	verb   authz.Verb
	status int      // of a good answer; 200 if zero
	open   bool     // open data
	link   bool     // reached by a secret link
	kept   bool     // of one shop's public data: finished bytes in memory, with an ETag
	rate   web.Rate // by method if empty
	kind   string   // of the answer, if that is a file
	once   bool     // a write, which carries an Idempotency-Key
	grants []api.Grant
	faults []string // what it may be refused for, beside what all are
	sample string   // a body, for the document and the page

	in, out reflect.Type
	params  []param
	body    reflect.Type
	run     func(c *call, in any) (any, error)
}

// call is one request for an operation.
type call struct {
	*pages
	ctx context.Context
	sc  authz.Scope

	location string    // of what was made
	customer id.ID     // whom the answer is about
	until    time.Time // when the clock makes a kept answer untrue
}

// define completes an operation with what does it. I holds the parameters, as
// fields with a tag path or query, and the body, as a field named Body.
func define[I, O any](o operation, run func(c *call, in I) (O, error)) operation {
	o.in, o.out = reflect.TypeFor[I](), reflect.TypeFor[O]()
	if o.status == 0 {
		o.status = http.StatusOK
	}
	for i := range o.in.NumField() {
		f := o.in.Field(i)
		switch {
		case f.Name == "Body":
			o.body = f.Type
		case f.Tag.Get("path") != "":
			o.params = append(o.params, param{f, "path", f.Tag.Get("path")})
		case f.Tag.Get("query") != "":
			o.params = append(o.params, param{f, "query", f.Tag.Get("query")})
		default:
			panic("apiweb: " + o.id + ": field " + f.Name + " is neither a parameter nor the body")
		}
	}
	o.run = func(c *call, in any) (any, error) { return run(c, *in.(*I)) }
	return o
}

func (o operation) pattern() string { return o.method + " " + web.APIBase + o.path }

// route makes the operation's route.
func (p *pages) route(o operation) web.Route {
	return web.Route{
		Pattern: o.pattern(), Verb: o.verb, API: true, Open: o.open, Link: o.link, Rate: o.rate,
		Handle: func(w http.ResponseWriter, r *http.Request) error { return p.serve(w, r, o) },
	}
}

func (p *pages) serve(w http.ResponseWriter, r *http.Request, o operation) error {
	w.Header().Add("Vary", "Accept-Language")
	if o.open || o.verb != authz.Public {
		w.Header().Add("Vary", "Authorization")
	}
	in := reflect.New(o.in)
	raw, err := o.read(r, in.Elem())
	if err != nil {
		return err
	}
	c := &call{pages: p, ctx: r.Context(), sc: web.Scope(r)}
	switch {
	case o.kept:
		return p.serveKept(w, r, o, c, in)
	case o.once:
		return p.serveOnce(w, r, o, c, in, raw)
	}
	out, err := o.run(c, in.Interface())
	if err != nil {
		return err
	}
	b, kind := []byte(nil), contentType
	if f, ok := out.(file); ok {
		b, kind = f, o.kind
	} else if b, err = encode(out); err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	return send(w, r, o.status, &storefront.Page{Type: kind, ETag: `"` + hex.EncodeToString(sum[:12]) + `"`, Body: b})
}

const contentType = "application/json"

// file is an answer that is no JSON.
type file []byte

// encode writes an answer.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}
	return b.Bytes(), nil
}

// send answers with finished bytes, or with nothing if the program has them.
func send(w http.ResponseWriter, r *http.Request, status int, pg *storefront.Page) error {
	h := w.Header()
	h.Set("Content-Type", pg.Type)
	h.Set("Content-Language", i18n.Lang(r.Context()))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	if status == http.StatusOK && r.Method != http.MethodPost {
		h.Set("ETag", pg.ETag)
		if seen := r.Header.Get("If-None-Match"); seen != "" && strings.Contains(seen, pg.ETag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	body := pg.Body
	if pg.Gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") { // compressed when it was made
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
		body = pg.Gzip
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	if err != nil {
		return fmt.Errorf("send an answer: %w", err)
	}
	return nil
}

// serveKept answers from memory as long as nothing public of the shop changes.
func (p *pages) serveKept(w http.ResponseWriter, r *http.Request, o operation, c *call, in reflect.Value) error {
	slug := r.PathValue("slug")
	shop, now, err := p.Front.Find(c.ctx, slug)
	if err != nil {
		return err
	}
	if now != slug {
		return movedTo(w, r, slug, now)
	}
	c.sc = authz.Visitor(shop)
	key := fmt.Sprintf("api\x00%s\x00%s\x00%+v", o.id, i18n.Lang(c.ctx), in.Elem().Interface())
	pg, err := p.Front.Kept(c.ctx, shop, key, func(ctx context.Context) (*storefront.Page, time.Time, error) {
		c.ctx = ctx
		out, err := o.run(c, in.Interface())
		if err != nil {
			return nil, time.Time{}, err
		}
		b, err := encode(out)
		if err != nil {
			return nil, time.Time{}, err
		}
		return storefront.NewPage(contentType, b), c.until, nil
	})
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, no-cache")
	return send(w, r, o.status, pg)
}

// movedTo leads from an address that a shop had to the one it has.
func movedTo(w http.ResponseWriter, r *http.Request, was, now string) error {
	to := web.APIBase + "/shops/" + now + strings.TrimPrefix(r.URL.EscapedPath(), web.APIBase+"/shops/"+was)
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, to, http.StatusPermanentRedirect)
	return nil
}

// keyLeast and keyMost bound an Idempotency-Key.
const (
	keyLeast = 16
	keyMost  = 100
)

// serveOnce does a write once for its key.
func (p *pages) serveOnce(w http.ResponseWriter, r *http.Request, o operation, c *call, in reflect.Value, raw []byte) error {
	key := strings.Trim(r.Header.Get("Idempotency-Key"), `"`)
	if !goodKey(key) {
		return web.WithStatus(api.ErrNoKey.With(keyLeast, keyMost), http.StatusBadRequest)
	}
	if slug := r.PathValue("slug"); slug != "" {
		shop, now, err := p.Front.Find(c.ctx, slug)
		if err != nil {
			return err
		}
		if now != slug {
			return movedTo(w, r, slug, now)
		}
		c.sc = authz.Visitor(shop)
		c.sc.Request = web.RequestID(r)
	}
	sum := sha256.Sum256(append([]byte(r.URL.EscapedPath()+"\n"), raw...))
	a, err := p.Keys.Once(c.ctx, c.sc, api.Ask{Route: o.id, Key: key, Hash: hex.EncodeToString(sum[:])}, func(ctx context.Context) (api.Answer, error) {
		c := *c // anew: it may run twice
		c.ctx = ctx
		out, err := o.run(&c, in.Interface())
		if err != nil {
			return api.Answer{}, err
		}
		b, err := encode(out)
		return api.Answer{Status: o.status, Location: c.location, Body: b, Customer: c.customer}, err
	})
	if fault.Of(err) == api.ErrErased {
		err = web.WithStatus(err, http.StatusGone)
	}
	if err != nil {
		return err
	}
	if a.Again {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	if a.Location != "" {
		w.Header().Set("Location", a.Location)
	}
	w.Header().Set("Cache-Control", "no-store")
	h := w.Header()
	h.Set("Content-Type", contentType)
	w.WriteHeader(a.Status)
	_, err = w.Write(a.Body)
	return err
}

func goodKey(key string) bool {
	if len(key) < keyLeast || len(key) > keyMost {
		return false
	}
	for _, c := range key {
		if c <= ' ' || c > '~' || c == '"' {
			return false
		}
	}
	return true
}

// read fills in with what the request says. It returns the body in the form in
// which two that say the same are the same.
func (o operation) read(r *http.Request, in reflect.Value) ([]byte, error) {
	if err := o.readParams(r, in); err != nil {
		return nil, err
	}
	if o.body == nil {
		return nil, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, web.WithStatus(errKind, http.StatusUnsupportedMediaType)
	}
	b, err := io.ReadAll(r.Body)
	if late := net.Error(nil); errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &late) { // cut off by who sent it
		return nil, badJSON(int64(len(b)))
	}
	if err != nil {
		return nil, fmt.Errorf("read a body: %w", err)
	}
	return decode(b, in.FieldByName("Body").Addr().Interface())
}
