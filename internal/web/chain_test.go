package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ui"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// echo answers with the form's field "q", between bars.
func echo(w http.ResponseWriter, r *http.Request) error {
	_, err := io.WriteString(w, "|"+r.FormValue("q")+"|")
	return err
}

func one(method, path string, h func(http.ResponseWriter, *http.Request) error) []web.Route {
	return []web.Route{{Pattern: method + " " + path, Verb: authz.Public, Handle: h}}
}

func send(t *testing.T, s *webtest.Site, method, path string, headers map[string]string, body io.Reader) webtest.Page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	return s.Do(req)
}

func TestHeaders(t *testing.T) {
	list := []web.Route{
		{Pattern: "GET /biasa", Verb: authz.Public, Handle: page(ui.Page{Title: "Biasa"})},
		{Pattern: "GET /tautan", Verb: authz.Public, Link: true, Handle: page(ui.Page{Title: "Tautan"})},
		{Pattern: "GET /kamera", Verb: authz.Public, Camera: true, Geo: true, Handle: page(ui.Page{Title: "Kamera"})},
	}
	for _, base := range []string{"http://localhost:8080", "https://lapak.example"} {
		s := webtest.New(t, nil, func(o *web.Options) { o.Base = base }, list)
		h := s.Get("/biasa").Header
		for k, want := range map[string]string{
			"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "", "Cache-Control": "no-cache", "Set-Cookie": "",
		} {
			if got := h.Get(k); got != want {
				t.Errorf("%s = %q, want %q", k, got, want)
			}
		}
		hsts := h.Get("Strict-Transport-Security")
		if strings.HasPrefix(base, "https") != (hsts == "max-age=31536000; includeSubDomains") {
			t.Errorf("%s: HSTS %q", base, hsts)
		}
		if p := h.Get("Permissions-Policy"); !strings.HasPrefix(p, "camera=(), geolocation=(), microphone=()") {
			t.Errorf("Permissions-Policy = %q", p)
		}
		h = s.Get("/tautan").Header
		if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Robots-Tag") != "noindex, nofollow" {
			t.Errorf("a link's page: %v", h)
		}
		if p := s.Get("/kamera").Header.Get("Permissions-Policy"); !strings.HasPrefix(p, "camera=(self), geolocation=(self)") {
			t.Errorf("Permissions-Policy = %q", p)
		}
	}
}

func TestFormsComeClean(t *testing.T) {
	s := webtest.New(t, nil, nil, append(one("POST", "/kirim", echo), one("GET", "/cari", echo)...))
	for in, want := range map[string]string{
		"Dapur Bu Euis":            "Dapur Bu Euis",
		"baris\r\nkedua\rketiga":   "baris\nkedua\nketiga",
		"nol\x00 \x1b[31m":         "nol [31m",
		"kir\u202ei \u2066x\ufeff": "kiri x",
		"cafe\u0301":               "caf\u00e9",
		"keluarga 👩‍👧":             "keluarga 👩‍👧",
	} {
		if got := s.Post("/kirim", url.Values{"q": {in}}).Body; got != "|"+want+"|" {
			t.Errorf("form %q came as %q", in, got)
		}
		if got := s.Get("/cari?" + url.Values{"q": {in}}.Encode()).Body; got != "|"+want+"|" {
			t.Errorf("query %q came as %q", in, got)
		}
		if got := s.PostFiles("/kirim", url.Values{"q": {in}}, webtest.File{Field: "f", Name: "f", Data: []byte("x")}).Body; got != "|"+want+"|" {
			t.Errorf("upload %q came as %q", in, got)
		}
	}
	same := map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
	if p := send(t, s, "POST", "/kirim", same, strings.NewReader("q=%ff")); p.Status != 422 {
		t.Errorf("a form that is no UTF-8: %d", p.Status)
	}
	if p := s.Get("/cari?q=a%ffb"); p.Body != "|ab|" {
		t.Errorf("a query that is no UTF-8: %q", p.Body)
	}
	if p := s.Get("/cari%00"); p.Status != 404 {
		t.Errorf("a control character in the address: %d", p.Status)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	list := append(one("POST", "/kirim", echo), web.Route{Pattern: "POST /foto", Verb: authz.Public, MaxBody: 1 << 20, Handle: echo})
	s := webtest.New(t, nil, nil, list)
	fields := func(n int) url.Values {
		v := url.Values{}
		for i := range n {
			v.Set(fmt.Sprintf("f%d", i), "x")
		}
		return v
	}
	same := map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
	for name, c := range map[string]struct {
		got  webtest.Page
		want int
	}{
		"200 fields":              {s.Post("/kirim", fields(200)), 200},
		"201 fields":              {s.Post("/kirim", fields(201)), 413},
		"of an upload":            {s.Post("/foto", fields(900)), 200},
		"body at the limit":       {s.Post("/kirim", url.Values{"q": {strings.Repeat("a", web.DefaultBody-2)}}), 200},
		"body over the limit":     {s.Post("/kirim", url.Values{"q": {strings.Repeat("a", web.DefaultBody)}}), 413},
		"body of unknown length":  {send(t, s, "POST", "/kirim", same, struct{ io.Reader }{strings.NewReader("q=" + strings.Repeat("a", web.DefaultBody))}), 413},
		"upload over its limit":   {s.PostFiles("/foto", nil, webtest.File{Field: "f", Name: "f", Data: make([]byte, 1<<20)}), 413},
		"a broken multipart body": {send(t, s, "POST", "/foto", map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data; boundary=x"}, strings.NewReader("--x")), 422},
	} {
		if c.got.Status != c.want {
			t.Errorf("%s: %d, want %d", name, c.got.Status, c.want)
		}
	}
}

// Old browsers say nothing of where a request comes from: the form's token
// must be there, and be this person's.
func TestOldBrowsersNeedTheToken(t *testing.T) {
	form := func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, http.StatusOK, ui.Token())
	}
	now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	s := webtest.New(t, nil, func(o *web.Options) { o.Now = func() time.Time { return now } }, append(append(one("GET", "/isi", form), one("POST", "/kirim", echo)...),
		web.Route{Pattern: "GET /simpanan", Verb: authz.Public, Cached: true, Handle: form}))
	s.Plain = true
	token := webtest.Attr(s.Get("/isi").Body, "input[name=_t]", "value")
	if token == "" {
		t.Fatal("no token in the form")
	}
	try := func(tok string) int { return s.Post("/kirim", url.Values{"_t": {tok}, "q": {"1"}}).Status }
	if got := try(token); got != 200 {
		t.Errorf("with its token: %d", got)
	}
	if got := try(token + "x"); got != 403 {
		t.Errorf("with a wrong token: %d", got)
	}
	if got := s.PostFiles("/kirim", url.Values{"_t": {token}}).Status; got != 200 {
		t.Errorf("multipart with its token: %d", got)
	}
	now = now.Add(24 * time.Hour)
	if got := try(token); got != 200 {
		t.Errorf("a day later: %d", got)
	}
	now = now.Add(24 * time.Hour)
	if got := try(token); got != 403 {
		t.Errorf("two days later: %d", got)
	}
	s.As.Set(authz.Scope{Actor: id.New(), Role: authz.Owner, Business: id.New()})
	if got := try(webtest.Attr(s.Get("/isi").Body, "input[name=_t]", "value")); got != 200 {
		t.Errorf("signed in: %d", got)
	}
	if got := try(token); got != 403 {
		t.Errorf("with a guest's token: %d", got)
	}
	if got := webtest.Attr(s.Get("/simpanan").Body, "input[name=_t]", "value"); got != "" {
		t.Errorf("a kept page carries the token %q", got)
	}
}

// The shop's own origin is the configured one, whatever a proxy made of Host.
func TestConfiguredOriginIsOurs(t *testing.T) {
	s := webtest.New(t, nil, func(o *web.Options) { o.Base = "https://lapak.example" }, one("POST", "/kirim", echo))
	kind := "application/x-www-form-urlencoded"
	if p := send(t, s, "POST", "/kirim", map[string]string{"Origin": "https://lapak.example", "Content-Type": kind}, nil); p.Status != 200 {
		t.Errorf("own origin: %d", p.Status)
	}
	if p := send(t, s, "POST", "/kirim", map[string]string{"Origin": "https://lapak.example.evil.example", "Content-Type": kind}, nil); p.Status != 403 {
		t.Errorf("another's: %d", p.Status)
	}
	if p := send(t, s, "POST", "/kirim", map[string]string{"Origin": "null", "Content-Type": kind}, nil); p.Status != 403 {
		t.Errorf("origin null: %d", p.Status)
	}
}

func TestAddressesAreForgiving(t *testing.T) {
	s := webtest.New(t, nil, nil, one("GET", "/@/{slug}", func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, r.PathValue("slug"))
		return err
	}))
	if p := s.Get("/@dapur/?a=1"); p.Status != 301 || p.Location() != "/@dapur?a=1" {
		t.Errorf("a slash at the end: %d to %q", p.Status, p.Location())
	}
	for _, path := range []string{"//evil.example/", "/@dapur//x", "/@", "/@/dapur", "/./x"} {
		if p := s.Get(path); p.Status != 404 {
			t.Errorf("%s: %d to %q", path, p.Status, p.Location())
		}
	}
	if p := send(t, s, "PUT", "/@dapur", map[string]string{"Sec-Fetch-Site": "same-origin"}, nil); p.Status != 405 || !strings.Contains(p.Header.Get("Allow"), "GET") {
		t.Errorf("PUT: %d, Allow %q", p.Status, p.Header.Get("Allow"))
	}
}

func TestFaultsHaveTheirStatus(t *testing.T) {
	busy := fault.New(fault.Unavailable, "store.busy").After(1500 * time.Millisecond)
	for _, c := range []struct {
		err  error
		want int
	}{
		{fault.New(fault.Invalid, "form.invalid"), 422},
		{fault.New(fault.Forbidden, "authz.forbidden"), 403},
		{fault.New(fault.NotFound, "form.invalid"), 404},
		{fault.New(fault.Conflict, "form.stale"), 409},
		{fault.New(fault.TooMany, "error.429_hint", 5), 429},
		{busy, 503},
		{fmt.Errorf("query: %w", context.DeadlineExceeded), 503},
		{errors.New("pq: relation secret_table"), 500},
	} {
		s := webtest.New(t, nil, func(o *web.Options) { o.Log = slog.New(slog.DiscardHandler) }, one("GET", "/salah", func(http.ResponseWriter, *http.Request) error { return c.err }))
		p := s.Get("/salah")
		if p.Status != c.want || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("ETag") != "" || strings.Contains(p.Body, "secret_table") {
			t.Errorf("%v: %d, %v", c.err, p.Status, p.Header)
		}
		if webtest.Text(p.Body, "h1") == "" || webtest.Attr(p.Body, "meta[name=robots]", "content") != "noindex" {
			t.Errorf("%v: no calm page: %s", c.err, webtest.Text(p.Body, "main"))
		}
		if c.want >= 500 && !strings.Contains(p.Body, p.Header.Get("X-Request-Id")) {
			t.Errorf("%v: the request's id is not on the page", c.err)
		}
		if c.err == error(busy) && p.Header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", p.Header.Get("Retry-After"))
		}
		j := send(t, s, "GET", "/salah", map[string]string{"Accept": "application/json"}, nil)
		if j.Status != c.want || j.Header.Get("Content-Type") != "application/json" || !strings.Contains(j.Body, `"message":`) || strings.Contains(j.Body, "secret_table") {
			t.Errorf("%v for a script: %d %s", c.err, j.Status, j.Body)
		}
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	var log bytes.Buffer
	s := webtest.New(t, nil, func(o *web.Options) { o.Log = slog.New(slog.NewJSONHandler(&log, nil)) },
		append(one("GET", "/jatuh/{token}", func(http.ResponseWriter, *http.Request) error { panic("oh") }), one("POST", "/kirim", echo)...))
	if p := s.Get("/jatuh/rahasia123?q=rahasia456"); p.Status != 500 {
		t.Errorf("status %d", p.Status)
	}
	s.Post("/kirim", url.Values{"q": {"rahasia789"}})
	if !strings.Contains(log.String(), `"route":"GET /jatuh/{token}"`) {
		t.Errorf("the pattern is not in the log: %s", log.String())
	}
	for _, secret := range []string{"rahasia123", "rahasia456", "rahasia789"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

func TestSessionEndedWhileTyping(t *testing.T) {
	s := webtest.New(t, nil, nil, []web.Route{{Pattern: "POST /produk", Verb: authz.EditProducts, Handle: echo}})
	p := send(t, s, "POST", "/produk", map[string]string{"Sec-Fetch-Site": "same-origin", "Referer": s.URL + "/produk/baru"}, nil)
	if p.Status != 401 || webtest.Attr(p.Body, "main a.primary", "href") != "/masuk?ke=%2Fproduk%2Fbaru" {
		t.Errorf("%d, leads to %q", p.Status, webtest.Attr(p.Body, "main a.primary", "href"))
	}
	p = send(t, s, "POST", "/produk", map[string]string{"Sec-Fetch-Site": "same-origin", "Referer": "https://evil.example/x"}, nil)
	if webtest.Attr(p.Body, "main a.primary", "href") != "/masuk?ke=%2Fproduk" {
		t.Errorf("leads to %q", webtest.Attr(p.Body, "main a.primary", "href"))
	}
}

func TestCallersAreCountedApart(t *testing.T) {
	o := func(o *web.Options) {
		o.Rates = web.Rates{web.Pages: {N: 2, Per: time.Minute}}
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	s := webtest.New(t, nil, o, one("GET", "/satu", echo))
	from := func(addr string) int {
		return send(t, s, "GET", "/satu", map[string]string{"X-Forwarded-For": addr}, nil).Status
	}
	for i, c := range []struct {
		addr string
		want int
	}{
		{"203.0.113.5", 200},
		{"203.0.113.5", 200},
		{"203.0.113.5", 429},
		{"203.0.113.6", 200},
		{"198.51.100.9, 203.0.113.5", 429}, // what the sender wrote does not count
		{"2001:db8:1:2::1", 200},
		{"2001:db8:1:2::2", 200},
		{"2001:db8:1:2:ffff::3", 429},
		{"2001:db8:1:3::1", 200},
	} {
		if got := from(c.addr); got != c.want {
			t.Errorf("%d: %s: %d, want %d", i, c.addr, got, c.want)
		}
	}
	// Signed-in people share no count with their neighbours behind one address.
	for range 3 {
		s.As.Set(authz.Scope{Actor: id.New(), Role: authz.Owner, Business: id.New()})
		if got := from("203.0.113.5"); got != 200 {
			t.Errorf("signed in: %d", got)
		}
	}
	// Without a trusted proxy the header says nothing.
	s = webtest.New(t, nil, func(o *web.Options) { o.Rates = web.Rates{web.Pages: {N: 2, Per: time.Minute}} }, one("GET", "/satu", echo))
	from("203.0.113.7")
	from("203.0.113.8")
	if got := from("203.0.113.9"); got != 429 {
		t.Errorf("a header of a stranger counted: %d", got)
	}
}

func TestUnchangedPageCostsNothing(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	p := s.Get("/satu")
	tag := p.Header.Get("ETag")
	if p.Header.Get("Set-Cookie") != "" || tag == "" {
		t.Fatalf("ETag %q", tag)
	}
	if again := send(t, s, "GET", "/satu", map[string]string{"If-None-Match": tag}, nil); again.Status != 304 || again.Body != "" {
		t.Errorf("again: %d with %d bytes", again.Status, len(again.Body))
	}
}

func TestCompression(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	p := send(t, s, "GET", "/satu", map[string]string{"Accept-Encoding": "gzip"}, nil)
	if p.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(p.Header.Get("Vary"), "Accept-Encoding") {
		t.Errorf("%v", p.Header)
	}
	p = send(t, s, "GET", "/satu", map[string]string{"Accept-Encoding": "identity"}, nil)
	if p.Header.Get("Content-Encoding") != "" || !strings.Contains(p.Body, "<h1>Satu</h1>") {
		t.Errorf("plain: %v", p.Header)
	}
}

func TestStaticFilesStayForAYear(t *testing.T) {
	s := webtest.New(t, nil, nil)
	p := s.Get(ui.Asset("lapak.css"))
	if p.Status != 200 || p.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || p.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%d %v", p.Status, p.Header)
	}
	if q := send(t, s, "GET", ui.Asset("lapak.css"), map[string]string{"If-None-Match": p.Header.Get("ETag")}, nil); q.Status != 304 {
		t.Errorf("again: %d", q.Status)
	}
	for path, kind := range map[string]string{"/sw.js": "text/javascript; charset=utf-8", "/manifest.webmanifest": "application/manifest+json", "/favicon.ico": "image/svg+xml", "/luring": "text/html; charset=utf-8"} {
		if p := s.Get(path); p.Status != 200 || p.Header.Get("Content-Type") != kind || p.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", path, p.Status, p.Header)
		}
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := webtest.New(t, nil, func(o *web.Options) { o.Registry = reg }, one("GET", "/satu/{id}", echo))
	for i := range 3 {
		s.Get(fmt.Sprintf("/satu/%d", i))
	}
	s.Get("/tiada")
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "lapak_http_requests_total" {
				k := ""
				for _, l := range m.GetLabel() {
					k += l.GetValue() + " "
				}
				got[k] = m.GetCounter().GetValue()
			}
		}
	}
	if got["GET /satu/{id} 2xx "] != 3 || got["ANY - 4xx "] != 1 || len(got) != 2 {
		t.Errorf("counted %v", got)
	}
}

// A demo says so on every page, also where something went wrong.
func TestDemoSaysSo(t *testing.T) {
	s := webtest.New(t, nil, func(o *web.Options) { o.Demo = true; o.Log = slog.New(slog.DiscardHandler) }, routes())
	for _, path := range []string{"/satu", "/tiada", "/jatuh", "/luring"} {
		if got := webtest.Text(s.Get(path).Body, ".demo b"); got != "Data contoh." {
			t.Errorf("%s says %q", path, got)
		}
	}
}

func TestTableNamesEveryRoute(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range web.Table(routes()) {
		if r.Verb == "" || seen[r.Pattern] {
			t.Errorf("%q has no verb or is there twice", r.Pattern)
		}
		seen[r.Pattern] = true
	}
	if !seen["GET /satu"] || !seen["POST /bahasa"] {
		t.Errorf("routes are missing: %v", seen)
	}
}

func TestServerHasLimits(t *testing.T) {
	s := web.Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 15*time.Second || s.WriteTimeout != 30*time.Second || s.IdleTimeout != time.Minute || s.MaxHeaderBytes != 16<<10 {
		t.Errorf("%+v", s)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Dapur \u202e Bu\r\nEuis")
	f.Fuzz(func(t *testing.T, s string) {
		c := web.Clean(s)
		if web.Clean(c) != c || strings.ContainsAny(c, "\x00\r\x1b\u202e\u2066") {
			t.Errorf("Clean(%q) = %q", s, c)
		}
	})
}

func TestContextOfATest(t *testing.T) {
	type key struct{}
	s := webtest.New(t, nil, nil, one("GET", "/satu", func(w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprint(w, r.Context().Value(key{}))
		return err
	}))
	s.Context = func(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, "ya") }
	if got := s.Get("/satu").Body; got != "ya" {
		t.Errorf("got %q", got)
	}
}
