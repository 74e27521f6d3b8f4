package app_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lapak/internal/app"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// site is a whole installation on a test's database, served on loopback.
type site struct {
	*app.App
	url     string
	handler http.Handler
}

func newSite(t testing.TB, db *store.DB) site {
	t.Helper()
	return newSiteKey(t, db, 3)
}

// newSiteKey is newSite with another root secret: another installation.
func newSiteKey(t testing.TB, db *store.DB, key byte) site {
	t.Helper()
	return newSiteWith(t, db, key, slog.New(slog.NewTextHandler(&writer{t}, &slog.HandlerOptions{Level: slog.LevelWarn})))
}

// newSiteLog is newSite with a log of the test's own.
func newSiteLog(t testing.TB, db *store.DB, log *slog.Logger) site {
	t.Helper()
	return newSiteWith(t, db, 3, log)
}

func newSiteWith(t testing.TB, db *store.DB, key byte, log *slog.Logger) site {
	t.Helper()
	c := app.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "warn", LogFormat: "text", RateFactor: 1000}
	srv := httptest.NewUnstartedServer(nil)
	c.BaseURL = "http://" + srv.Listener.Addr().String()
	a, err := app.Wire(c, db, bytes.Repeat([]byte{key}, 32), log)
	if err != nil {
		t.Fatal(err)
	}
	h, err := a.Handler()
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = h
	srv.Start()
	t.Cleanup(srv.Close)
	t.Cleanup(func() {
		if n := a.Words.Missing.Load(); n > 0 {
			t.Errorf("%d times a word was asked for that no id.json has", n)
		}
	})
	return site{a, c.BaseURL, h}
}

type writer struct{ t testing.TB }

func (w *writer) Write(b []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(b))
	return len(b), nil
}

// browser is a new person's browser on the site.
func (s site) browser(t testing.TB) *webtest.Site {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return webtest.At(t, s.url, &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}})
}

// holds checks every invariant of the data.
func (s site) holds(t testing.TB) {
	t.Helper()
	broken, err := store.CheckInvariants(t.Context(), s.DB, app.Invariants)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Errorf("invariant: %+v", b)
	}
}

func TestSiteStands(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		b := s.browser(t)
		for path, want := range map[string]int{
			"/": 200, "/masuk": 200, "/daftar": 200, "/syarat": 200, "/privasi": 200, "/healthz": 200, "/readyz": 200, "/robots.txt": 200, "/sitemap.xml": 200,
			"/hari-ini": 303, "/pesanan": 303, "/dinas/usaha": 303, "/tiada": 404, "/@tiada": 404, "/o/tiada": 404,
		} {
			if p := b.Get(path); p.Status != want {
				t.Errorf("%s: %d, want %d: %s", path, p.Status, want, webtest.Text(p.Body, "main"))
			}
		}
		s.holds(t)
	})
}

func TestWherePagesAreServed(t *testing.T) {
	for name, c := range map[string]struct {
		app.Config
		want string
	}{
		"as it is":            {app.Config{Addr: app.DefaultAddr}, "http://localhost:8080"},
		"an address":          {app.Config{Addr: ":9000"}, "http://localhost:9000"},
		"a domain":            {app.Config{Addr: app.DefaultAddr, Domain: "lapak.example.org"}, "https://lapak.example.org"},
		"behind a proxy":      {app.Config{Addr: app.DefaultAddr, BaseURL: "https://lapak.example.org/"}, "https://lapak.example.org"},
		"an address with tls": {app.Config{Addr: "localhost:9443", TLS: true}, "https://localhost:9443"},
	} {
		if got := c.Base(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	open := app.Config{Addr: app.DefaultAddr, TLS: true}
	if got := open.Base(); !strings.HasPrefix(got, "https://") || !strings.HasSuffix(got, ":8443") {
		t.Errorf("tls for the network: %q", got)
	}
}
