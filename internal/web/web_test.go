package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ui"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

func page(p ui.Page) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, http.StatusOK, ui.Shell(p))
	}
}

func routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /satu", Verb: authz.Public, Handle: page(ui.Page{Title: "Satu"})},
		{Pattern: "GET /punya", Verb: authz.SeeOrders, Handle: page(ui.Page{Title: "Punya"})},
		{Pattern: "GET /bukti", Verb: authz.EditPayout, Handle: page(ui.Page{Title: "Bukti"})},
		{Pattern: "GET /milik/{id}", Verb: authz.Public, Handle: func(http.ResponseWriter, *http.Request) error {
			return fault.New(fault.NotFound, "authz.forbidden")
		}},
		{Pattern: "GET /@/{slug}/p/{product}", Verb: authz.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			_, err := w.Write([]byte(r.PathValue("slug") + "+" + r.PathValue("product")))
			return err
		}},
		{Pattern: "GET /jatuh", Verb: authz.Public, Handle: func(http.ResponseWriter, *http.Request) error { panic("oh") }},
		{Pattern: "POST /ubah", Verb: authz.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			if err := r.ParseForm(); err != nil {
				return err
			}
			web.Flash(w, r, "ui.saved")
			return web.SeeOther(w, r, r.FormValue("ke"))
		}},
	}
}

func TestHeadersAreOnEveryAnswer(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	for _, path := range []string{"/satu", "/tiada", "/jatuh", "/static/tiada.css"} {
		h := s.Get(path).Header
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

func TestMissingAndOthersLookTheSame(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	a, b := s.Get("/tiada/ada"), s.Get("/milik/"+id.New().String())
	if a.Status != 404 || b.Status != 404 || a.Body != b.Body {
		t.Errorf("status %d and %d, bodies equal: %v", a.Status, b.Status, a.Body == b.Body)
	}
}

func TestShopAddresses(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	if got := s.Get("/@dapur-euis/p/keripik").Body; got != "dapur-euis+keripik" {
		t.Errorf("/@dapur-euis/p/keripik = %q", got)
	}
	if got := s.Get("/@/dapur-euis/p/keripik").Status; got != 404 {
		t.Errorf("the inner form of the address is served: %d", got)
	}
}

func TestChangesComeFromOurPages(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	send := func(headers map[string]string, form url.Values) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/ubah", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range headers {
			req.Header.Set(k, v)
		}
		return s.Do(req).Status
	}
	token := webtest.Attr(s.Get("/satu").Body, "input[name=_t]", "value")
	if token != "" {
		t.Fatal("a page without a form has a token")
	}
	for name, c := range map[string]struct {
		headers map[string]string
		want    int
	}{
		"same origin":         {map[string]string{"Sec-Fetch-Site": "same-origin"}, 303},
		"cross site":          {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"same site":           {map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"foreign origin":      {map[string]string{"Origin": "https://evil.example"}, 403},
		"own origin":          {map[string]string{"Origin": s.URL}, 303},
		"says nothing at all": {nil, 403},
	} {
		if got := send(c.headers, url.Values{"ke": {"/satu"}}); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestRedirectsStayHere(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	for to, want := range map[string]string{"/satu": "/satu", "//evil.example": "/", "https://evil.example": "/", "/\\evil": "/", "": "/"} {
		if got := s.Post("/ubah", url.Values{"ke": {to}}).Location(); got != want {
			t.Errorf("to %q led to %q, want %q", to, got, want)
		}
	}
}

func TestFlashIsShownOnce(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	p := s.Follow(s.Post("/ubah", url.Values{"ke": {"/satu"}}))
	if got := webtest.Text(p.Body, "[data-toast]"); got != "Tersimpan." {
		t.Errorf("flash = %q", got)
	}
	if got := webtest.Text(s.Get("/satu").Body, "[data-toast]"); got != "" {
		t.Errorf("flash again: %q", got)
	}
}

func TestRightsLeadToTheRightPlace(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	if p := s.Get("/punya?x=1"); p.Status != 303 || p.Location() != "/masuk?ke=%2Fpunya%3Fx%3D1" {
		t.Errorf("guest: %d to %q", p.Status, p.Location())
	}
	sc := authz.Scope{Actor: id.New(), Role: authz.Staff, Business: id.New(), ProvenAt: time.Now()}
	s.As.Set(sc)
	if p := s.Get("/punya"); p.Status != 403 {
		t.Errorf("staff without permission: %d", p.Status)
	}
	sc.Role = authz.Owner
	s.As.Set(sc)
	if p := s.Get("/punya"); p.Status != 200 || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("owner: %d, %q", p.Status, p.Header.Get("Cache-Control"))
	}
	sc.ProvenAt = time.Now().Add(-time.Hour)
	s.As.Set(sc)
	if p := s.Get("/bukti"); p.Location() != "/bukti-diri?ke=%2Fbukti" {
		t.Errorf("old proof: %d to %q", p.Status, p.Location())
	}
}

func TestLimits(t *testing.T) {
	now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	s := webtest.New(t, nil, func(o *web.Options) {
		o.Rates = web.DefaultRates(1)
		o.Now = func() time.Time { return now }
	}, routes())
	for i := range 300 {
		if p := s.Get("/satu"); p.Status != 200 {
			t.Fatalf("request %d: %d", i, p.Status)
		}
	}
	if p := s.Get("/satu"); p.Status != 429 || p.Header.Get("Retry-After") == "" {
		t.Errorf("the 301st: %d, Retry-After %q", p.Status, p.Header.Get("Retry-After"))
	}
	now = now.Add(time.Minute)
	if p := s.Get("/satu"); p.Status != 200 {
		t.Errorf("a minute later: %d", p.Status)
	}
	if p := s.Post("/ubah", url.Values{"x": {strings.Repeat("a", web.DefaultBody+1)}}); p.Status != 413 {
		t.Errorf("a body over the limit: %d", p.Status)
	}
}

func TestRouteWithoutVerbStopsTheProgram(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a route without verb was mounted")
		}
	}()
	web.Mount(web.Options{Key: make([]byte, 32)}, []web.Route{{Pattern: "GET /x", Handle: page(ui.Page{})}})
}

func TestLanguageIsChosenByThePerson(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	if got := webtest.Attr(s.Get("/satu").Body, "html", "lang"); got != "id" {
		t.Errorf("at first %q", got)
	}
	if got := webtest.Attr(s.Get("/satu?bahasa=en").Body, "html", "lang"); got != "en" {
		t.Errorf("by link %q", got)
	}
	s.Post("/bahasa", url.Values{"pilih": {"en"}, "ke": {"/satu"}})
	if got := webtest.Attr(s.Get("/satu").Body, "html", "lang"); got != "en" {
		t.Errorf("by cookie %q", got)
	}
}

// What every page brings along must stay far under the 60 KB of a page.
func TestBudget(t *testing.T) {
	_, css := ui.AssetBytes("lapak.css")
	_, js := ui.AssetBytes("js/lapak.js")
	_, icons := ui.AssetBytes("icons.svg")
	if len(css) > 10<<10 || len(js) > 4<<10 || len(icons) > 10<<10 {
		t.Errorf("compressed: css %d, js %d, icons %d bytes", len(css), len(js), len(icons))
	}
}

var _ templ.Component = ui.Icon("x")
