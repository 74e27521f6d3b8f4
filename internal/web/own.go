package web

import (
	"encoding/json"
	"net/http"

	"lapak/internal/authz"
	"lapak/internal/i18n"
	"lapak/internal/ui"
)

// own lists the addresses that the shell itself serves.
func (s *shell) own() []Route {
	return []Route{
		{Pattern: "GET /static/", Verb: authz.Public, Rate: Free, Cached: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			if !ui.ServeAsset(w, r) {
				return errMissing
			}
			return nil
		}},
		{Pattern: "GET /sw.js", Verb: authz.Public, Rate: Free, Cached: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			ui.ServeNamed(w, r, "js/sw.js")
			return nil
		}},
		{Pattern: "GET /favicon.ico", Verb: authz.Public, Rate: Free, Cached: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			ui.ServeNamed(w, r, "img/mark.svg")
			return nil
		}},
		{Pattern: "GET /ikon.png", Verb: authz.Public, Rate: Free, Cached: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			ui.ServeNamed(w, r, "img/icon-192.png")
			return nil
		}},
		{Pattern: "GET /manifest.webmanifest", Verb: authz.Public, Rate: Free, Cached: true, Handle: manifest},
		{Pattern: "GET /luring", Verb: authz.Public, Cached: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			p := ui.Page{Title: i18n.T(r.Context(), "offline.title"), Heading: "-", Plain: true, Narrow: true, Robots: "noindex"}
			return Render(w, r, http.StatusOK, offlinePage(p))
		}},
		{Pattern: "POST /bahasa", Verb: authz.Public, Handle: s.prefer("bahasa", i18n.ID, i18n.EN)},
		{Pattern: "POST /tampilan", Verb: authz.Public, Handle: s.prefer("tampilan", "auto", "light", "dark")},
	}
}

// prefer keeps a choice of the person in a cookie and leads back.
func (s *shell) prefer(name string, values ...string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		for _, v := range values {
			if r.FormValue("pilih") == v {
				http.SetCookie(w, &http.Cookie{Name: name, Value: v, Path: "/", MaxAge: 365 * 86400, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
			}
		}
		return SeeOther(w, r, OwnPath(r.FormValue("ke"), "/"))
	}
}

func manifest(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return json.NewEncoder(w).Encode(map[string]any{
		"name": "Lapak", "short_name": "Lapak", "lang": "id", "start_url": "/hari-ini", "scope": "/", "display": "standalone",
		"background_color": "#faf5ea", "theme_color": "#1a2760",
		"id": "/", "icons": []map[string]string{
			{"src": ui.Asset("img/mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
			{"src": ui.Asset("img/icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
			{"src": ui.Asset("img/icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
		},
	})
}
