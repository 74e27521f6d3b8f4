package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/ui"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// Who guesses links is stopped after so many; buyers who share an address and
// look at their orders again and again are not.
func TestOnlyLinksThatLeadNowhereCountAsTries(t *testing.T) {
	opens := page(ui.Page{Title: "Pesanan"})
	handle := func(w http.ResponseWriter, r *http.Request) error {
		switch r.PathValue("token") {
		case "ada":
			return opens(w, r)
		case "hilang":
			return web.ErrMissing
		}
		return web.Render(w, r, http.StatusNotFound, ui.Shell(ui.Page{Title: "Tautan"}))
	}
	s := webtest.New(t, nil, func(o *web.Options) {
		o.Rates = web.Rates{web.Pages: {N: 50, Per: time.Minute}, web.Links: {N: 3, Per: time.Minute}}
	}, []web.Route{{Pattern: "GET /o/{token}", Verb: authz.Public, Link: true, Handle: handle}})
	for n := range 20 {
		if p := s.Get("/o/ada"); p.Status != 200 {
			t.Fatalf("visit %d of a link that works: %d", n+1, p.Status)
		}
	}
	for n, token := range []string{"hilang", "a", "hilang"} {
		if p := s.Get("/o/" + token); p.Status != 404 {
			t.Fatalf("guess %d: %d", n+1, p.Status)
		}
	}
	for n := range 3 {
		if p := s.Get(fmt.Sprintf("/o/x%d", n)); p.Status != 429 || p.Header.Get("Retry-After") == "" {
			t.Errorf("guess %d: %d", n+4, p.Status)
		}
	}
}
