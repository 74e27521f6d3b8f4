// Package web is the shell around every page: routes as data, one chain of
// middleware, one way from an error to an answer. Handlers read a form, call
// one service method and render; everything else is here.
package web

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
)

// Route is one address of the program and all that the shell must know of it.
type Route struct {
	Pattern string // of ServeMux; a shop's pages are "GET /@/{slug}/..." and are reached as /@slug/...
	Verb    authz.Verb
	Handle  func(w http.ResponseWriter, r *http.Request) error
	MaxBody int64 // bytes; 64 KiB if zero
	Rate    Rate  // Pages or Writes by method if zero
	Link    bool  // reached by a secret link: not kept, not indexed, not told to others
	Cached  bool  // a public page kept in memory and by browsers: no person, no form token
	Camera  bool  // the page may use the camera
	Geo     bool  // the page may ask where the phone is
	Offline bool  // the service worker keeps the page for whoever opened it, for when there is no signal
	Long    bool  // an upload or an export: minutes, not seconds; so is every route that raises MaxBody
	API     bool  // for programs: a key instead of cookies, problems (RFC 9457) instead of pages
	Hook    bool  // a message of another firm's server: no cookie counts, and the handler judges who sent it
	Open    bool  // open data: pages of other sites may read it, without any credentials
}

// Method is the route's HTTP method.
func (r Route) Method() string {
	m, _, _ := strings.Cut(r.Pattern, " ")
	return m
}

// Path is the route's pattern without the method.
func (r Route) Path() string {
	_, p, _ := strings.Cut(r.Pattern, " ")
	return p
}

// DefaultBody is how many bytes a body may have where the route says nothing.
const DefaultBody = 64 << 10

// Who is the signed-in person behind a request.
type Who struct {
	ID       id.ID
	Name     string
	Business string // its name, when they act under one
	Slug     string
	Place    string // second line in the side panel
	Choices  int    // memberships they could act under
}

// Sessions finds out who sends a request. A guest is a nil Who and a guest's
// Scope; only surprises are errors. It may set cookies on w.
type Sessions interface {
	Load(ctx context.Context, w http.ResponseWriter, r *http.Request) (authz.Scope, *Who, error)
}

// Options are what the shell needs of the installation.
type Options struct {
	Base     string // https://lapak.example.org
	Proxies  []netip.Prefix
	Key      []byte // the installation's root secret; keys are derived from it
	Sessions Sessions
	// Keys is who acts by the secret of a key, for routes of the API.
	Keys     func(ctx context.Context, secret string) (authz.Scope, error)
	Words    *i18n.Catalogue
	Demo     bool
	Now      func() time.Time
	Log      *slog.Logger
	Registry prometheus.Registerer // nil: no metrics
	Rates    Rates
	// Badges counts what waits, by the navigation's path; called for pages with navigation.
	Badges func(ctx context.Context, sc authz.Scope) map[string]int64
}

type shell struct {
	Options
	secure  bool
	flash   []byte
	form    []byte
	limits  *limiter
	metrics *metrics
	origin  *http.CrossOriginProtection
}

// Key derives the key of one purpose from the installation's root secret.
func Key(root []byte, purpose string) []byte {
	k, err := hkdf.Key(sha256.New, root, nil, "lapak "+purpose, 32)
	if err != nil {
		panic(err) // 32 bytes can always be derived
	}
	return k
}

// Mount makes the handler of all routes. A route without verb or handler, or
// two for one address, stop the program.
func Mount(o Options, lists ...[]Route) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &shell{
		Options: o, secure: strings.HasPrefix(o.Base, "https://"),
		flash: Key(o.Key, "flash"), form: Key(o.Key, "form"),
		limits: newLimiter(o.Now, o.Rates), metrics: newMetrics(o.Registry),
		origin: http.NewCrossOriginProtection(),
	}
	if o.Base != "" { // a proxy may have changed the Host that Origin is compared with
		if err := s.origin.AddTrustedOrigin(o.Base); err != nil {
			panic("web: base address: " + err.Error())
		}
	}
	mux := http.NewServeMux()
	for _, list := range append([][]Route{s.own()}, lists...) {
		for _, rt := range list {
			if rt.Verb == "" || rt.Handle == nil {
				panic("web: route " + rt.Pattern + " has no verb or no handler")
			}
			if rt.Method() == rt.Pattern {
				panic("web: route " + rt.Pattern + " has no method")
			}
			mux.Handle(rt.Pattern, s.route(rt))
		}
	}
	return s.outer(shopPaths(mux, s))
}

// shopPaths lets /@slug/... reach the patterns /@/{slug}/..., which ServeMux can read.
func shopPaths(mux *http.ServeMux, s *shell) http.Handler {
	missing := func(http.ResponseWriter, *http.Request) error { return errMissing }
	nowhere := s.route(Route{Pattern: "ANY -", Verb: authz.Public, Rate: Pages, Handle: missing})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if badPath(r.URL.Path) {
			nowhere.ServeHTTP(w, r)
			return
		}
		cleanQuery(r)
		if to, ok := strings.CutSuffix(r.URL.Path, "/"); ok && to != "" && to != "/static" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			s.headers(w, Route{}) // a link that somebody wrote with a slash at its end
			u := url.URL{Path: to, RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, u.String(), http.StatusMovedPermanently)
			return
		}
		if rest, ok := strings.CutPrefix(r.URL.Path, "/@"); ok && !strings.HasPrefix(rest, "/") && rest != "" {
			u := *r.URL
			u.Path, u.RawPath = "/@/"+rest, ""
			r2 := *r
			r2.URL = &u
			r = &r2
		} else if ok { // /@/slug itself is no address
			u := *r.URL
			u.Path, u.RawPath = "/-", ""
			r2 := *r
			r2.URL = &u
			r = &r2
		}
		if h, pattern := mux.Handler(r); pattern == "" {
			// A method that no pattern takes, or a path to be cleaned: ServeMux's own answer, in our words.
			rec := &quiet{header: http.Header{}}
			h.ServeHTTP(rec, r)
			s.route(Route{Pattern: "ANY -", Verb: authz.Public, Rate: Pages, API: isAPI(r.URL.Path), Handle: func(w http.ResponseWriter, r *http.Request) error {
				if rec.status == http.StatusMethodNotAllowed {
					w.Header().Set("Allow", rec.header.Get("Allow"))
					return errMethod
				}
				return errMissing
			}}).ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

type quiet struct {
	header http.Header
	status int
}

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) Write(b []byte) (int, error) { return len(b), nil }
func (q *quiet) WriteHeader(status int)      { q.status = status }

// Server makes the http.Server of a handler, with the limits of every connection.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
}

// route is the chain of one route: who, limits, rights, then the handler.
func (s *shell) route(rt Route) http.Handler {
	if rt.MaxBody == 0 {
		rt.MaxBody = DefaultBody
	}
	rt.Long = rt.Long || rt.MaxBody > DefaultBody
	changes := rt.Method() != http.MethodGet && rt.Method() != "ANY"
	if rt.Rate == "" {
		rt.Rate = Pages
		if changes {
			rt.Rate = Writes
		}
		if rt.Link && !changes {
			rt.Rate = Links
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st := stateOf(r)
		st.route = &rt
		s.headers(w, rt)
		most := 10 * time.Second
		if rt.Long {
			most = 5 * time.Minute
			c := http.NewResponseController(w)
			_ = c.SetReadDeadline(time.Now().Add(most))
			_ = c.SetWriteDeadline(time.Now().Add(most))
		}
		ctx, cancel := context.WithTimeout(r.Context(), most)
		defer cancel()
		r = r.WithContext(ctx)
		defer func() { // the server removes only the files of its own copy of the request
			if r.MultipartForm != nil {
				_ = r.MultipartForm.RemoveAll()
			}
		}()
		if err := s.serve(w, r, rt, changes, st); err != nil {
			s.fail(w, r, st, err)
		}
	})
}

func (s *shell) serve(w http.ResponseWriter, r *http.Request, rt Route, changes bool, st *state) error {
	st.scope = authz.Scope{Role: authz.Guest}
	st.scope.Now, st.scope.Request = s.Now(), st.request
	if rt.Rate != Free && rt.Rate != Hooks {
		if err := s.limits.take(arrivals, s.network(r)); err != nil {
			return err
		}
	}
	if rt.API {
		if err := s.byKey(r, st); err != nil {
			return err
		}
	} else if !rt.Cached && !rt.Hook && s.Sessions != nil {
		sc, who, err := s.Sessions.Load(r.Context(), w, r)
		if err != nil {
			return fmt.Errorf("load session: %w", err)
		}
		st.scope, st.who = sc, who
		w.Header().Set("X-Lapak-Person", mark(sc))
	}
	st.scope.Now, st.scope.Request = s.Now(), st.request
	if st.who != nil || rt.Link || !st.scope.Token.IsZero() {
		w.Header().Set("Cache-Control", "no-store")
	}
	err := s.limit(rt.Rate, s.caller(r, st))
	if rt.API {
		s.tellRate(w, rt.Rate, s.caller(r, st))
	}
	if err != nil {
		return err
	}
	if r.ContentLength > rt.MaxBody {
		return errTooLarge
	}
	r.Body = http.MaxBytesReader(w, r.Body, rt.MaxBody)
	if changes && !rt.Hook {
		if err := s.checkOrigin(r, st, rt); err != nil {
			return err
		}
	}
	if err := st.scope.Can(rt.Verb); err != nil {
		return err
	}
	if changes && !rt.API && !rt.Hook {
		if err := readForm(r, rt); err != nil {
			return err
		}
	}
	err = rt.Handle(w, r)
	if rt.Rate == Links && missed(w, err) {
		_ = s.limits.take(Links, s.caller(r, st)) // counts from the next one on
	}
	return err
}

// limit counts a request. Of links only those that lead nowhere count as
// tries: many buyers behind one address may follow their orders.
func (s *shell) limit(class Rate, caller string) error {
	if class != Links {
		return s.limits.take(class, caller)
	}
	if err := s.limits.full(Links, caller); err != nil {
		return err
	}
	return s.limits.take(Pages, caller)
}

// missed reports whether the answer is that there is no such thing.
func missed(w http.ResponseWriter, err error) bool {
	cw, ok := w.(*writer)
	return fault.Of(err).HasKind(fault.NotFound) || ok && cw.begun && cw.status == http.StatusNotFound
}

// checkOrigin lets a change through only if it comes from a page of ours: by
// what the browser says of itself, and for old browsers, which say nothing,
// by the form's token, which has to be there and right.
func (s *shell) checkOrigin(r *http.Request, st *state, rt Route) error {
	if err := s.origin.Check(r); err != nil {
		return errOrigin
	}
	if rt.API { // no cookie counts there, so nobody's rights can be borrowed
		return nil
	}
	if r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "" {
		return nil
	}
	if err := readForm(r, rt); err != nil {
		return err
	}
	if !s.validToken(r.FormValue("_t"), st.scope.Actor) {
		return errOrigin
	}
	return nil
}

// Table lists every route of the lists with the shell's own, for tests that go over all of them.
func Table(lists ...[]Route) []Route {
	all := (&shell{}).own()
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
