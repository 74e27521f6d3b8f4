// Package webtest asks pages as a browser does and looks into what they say.
package webtest

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"lapak/internal/authz"
	"lapak/internal/i18n"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// As is a Sessions that acts as the scope it was last given; the zero value is a guest.
type As struct {
	mu  sync.Mutex
	sc  authz.Scope
	who *web.Who
}

// Set makes the following requests come from sc.
func (a *As) Set(sc authz.Scope) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sc, a.who = sc, nil
	if !sc.Actor.IsZero() {
		a.who = &web.Who{ID: sc.Actor, Name: "Bu Euis", Business: "Dapur Bu Euis", Slug: "dapur-bu-euis", Place: "Garut"}
	}
}

// Load answers with the scope that was set.
func (a *As) Load(context.Context, http.ResponseWriter, *http.Request) (authz.Scope, *web.Who, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sc.Role == "" {
		return authz.Scope{Role: authz.Guest}, nil, nil
	}
	return a.sc, a.who, nil
}

// Site is a running site and one browser's cookies.
type Site struct {
	t      testing.TB
	URL    string
	Client *http.Client
	Words  *i18n.Catalogue
	As     *As
	// Plain leaves out the headers by which browsers say where a request comes from.
	Plain bool
	// Context, if set before a request, changes the context its handler gets:
	// store.CountQueries, for instance, to count what a page asks the database.
	Context func(context.Context) context.Context
}

// New serves the routes with the words given (those of ui are added) until the
// test ends. Missing words fail the test.
func New(t testing.TB, words []fs.FS, change func(*web.Options), lists ...[]web.Route) *Site {
	t.Helper()
	cat, err := i18n.Load(append([]fs.FS{ui.Words}, words...)...)
	if err != nil {
		t.Fatal(err)
	}
	as := &As{}
	o := web.Options{
		Base: "http://lapak.test", Key: bytes.Repeat([]byte{7}, 32), Sessions: as, Words: cat, Rates: web.DefaultRates(1000), Now: time.Now,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if change != nil {
		change(&o)
	}
	site := &Site{t: t, Words: cat, As: as}
	mounted := web.Mount(o, lists...)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if site.Context != nil {
			r = r.WithContext(site.Context(r.Context()))
		}
		mounted.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() {
		if n := cat.Missing.Load(); n > 0 {
			t.Errorf("%d times a word was asked for that is not in id.json and en.json", n)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	site.URL = srv.URL
	site.Client = &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return site
}

// At is a browser on a site that runs already.
func At(t testing.TB, address string, c *http.Client) *Site {
	return &Site{t: t, URL: address, Client: c}
}

// Page is an answer.
type Page struct {
	Status int
	Header http.Header
	Body   string
}

// Location is where the answer leads on to.
func (p Page) Location() string { return p.Header.Get("Location") }

// Get asks for a page.
func (s *Site) Get(path string) Page {
	s.t.Helper()
	return s.do(http.MethodGet, path, "", nil)
}

// Post sends a form.
func (s *Site) Post(path string, form url.Values) Page {
	s.t.Helper()
	return s.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// File is a file of a form.
type File struct {
	Field, Name string
	Data        []byte
}

// PostFiles sends a form with files.
func (s *Site) PostFiles(path string, form url.Values, files ...File) Page {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, vs := range form {
		for _, v := range vs {
			_ = m.WriteField(k, v)
		}
	}
	for _, f := range files {
		w, err := m.CreateFormFile(f.Field, f.Name)
		if err != nil {
			s.t.Fatal(err)
		}
		_, _ = w.Write(f.Data)
	}
	_ = m.Close()
	return s.do(http.MethodPost, path, m.FormDataContentType(), &b)
}

// Do sends a request of any kind.
func (s *Site) Do(req *http.Request) Page {
	s.t.Helper()
	res, err := s.Client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return Page{res.StatusCode, res.Header, string(raw)}
}

func (s *Site) do(method, path, kind string, body io.Reader) Page {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if !s.Plain {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return s.Do(req)
}

// Follow asks for the page that an answer leads to.
func (s *Site) Follow(p Page) Page {
	s.t.Helper()
	if p.Location() == "" {
		s.t.Fatalf("status %d leads nowhere: %s", p.Status, Text(p.Body, "main"))
	}
	return s.Get(p.Location())
}

// In is the texts of the elements that the CSS selector finds, blanks folded.
func In(body, selector string) []string {
	var out []string
	for _, n := range nodes(body, selector) {
		var b strings.Builder
		words(n, &b)
		out = append(out, strings.Join(strings.Fields(b.String()), " "))
	}
	return out
}

// Text is the texts of In in one line.
func Text(body, selector string) string { return strings.Join(In(body, selector), " | ") }

// Attr is an attribute of the first element that the selector finds.
func Attr(body, selector, name string) string {
	for _, n := range nodes(body, selector) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
	}
	return ""
}

// Form is the values a browser would send for the form that the selector finds, as it stands.
func Form(body, selector string) url.Values {
	out := url.Values{}
	for _, f := range nodes(body, selector) {
		var walk func(*html.Node)
		walk = func(n *html.Node) {
			a := map[string]string{}
			for _, at := range n.Attr {
				a[at.Key] = at.Val
			}
			_, off := a["disabled"]
			if name := a["name"]; n.Type == html.ElementNode && name != "" && !off {
				switch n.Data {
				case "input":
					_, on := a["checked"]
					if k := a["type"]; k != "checkbox" && k != "radio" && k != "file" && k != "submit" || on {
						v, has := a["value"]
						if !has && on {
							v = "on"
						}
						out.Add(name, v)
					}
				case "textarea":
					var b strings.Builder
					words(n, &b)
					out.Add(name, strings.TrimSuffix(b.String(), " "))
				case "select":
					out.Add(name, selected(n))
				}
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c)
			}
		}
		walk(f)
		break
	}
	return out
}

func selected(sel *html.Node) string {
	first, chosen, found, any := "", "", false, false
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "option" {
			v, on := "", false
			for _, a := range n.Attr {
				switch a.Key {
				case "value":
					v = a.Val
				case "selected":
					on = true
				}
			}
			if !any {
				first, any = v, true
			}
			if on {
				chosen, found = v, true
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(sel)
	if found {
		return chosen
	}
	return first
}

func nodes(body, selector string) []*html.Node {
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return nil
	}
	return cascadia.QueryAll(doc, cascadia.MustCompile(selector))
}

func words(n *html.Node, b *strings.Builder) {
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
		b.WriteByte(' ')
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		words(c, b)
	}
}
