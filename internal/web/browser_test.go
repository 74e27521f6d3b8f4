package web_test

import (
	"testing"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/ui"
	"lapak/internal/web"
	"lapak/internal/web/browsertest"
	"lapak/internal/web/webtest"
)

// Every component works in a real browser, fits the screen, says nothing on
// the console and can be used by everybody.
func TestComponentsInABrowser(t *testing.T) {
	s := webtest.New(t, nil, func(o *web.Options) { o.Demo = true }, galleryRoutes(), routes())
	b := browsertest.Start(t)
	for _, v := range browsertest.Views {
		t.Run(v.String(), func(t *testing.T) {
			tab := b.Tab(t, v)
			s.As.Set(authz.Scope{Actor: id.New(), Role: authz.Owner, Business: id.New()})
			for path, name := range map[string]string{"/komponen": "komponen", "/satu": "satu"} {
				tab.Go(s.URL + path)
				tab.Fits()
				tab.Accessible()
				tab.Calm()
				tab.Shot(name + "-" + v.String())
			}
			s.As.Set(authz.Scope{})
			for path, name := range map[string]string{"/komponen-umum": "umum", "/luring": "luring"} {
				tab.Go(s.URL + path)
				tab.Fits()
				tab.Accessible()
				tab.Calm()
				tab.Shot(name + "-" + v.String())
			}
			tab.Go(s.URL + "/tiada")
			tab.Fits()
			tab.Accessible()
			tab.Shot("tiada-" + v.String())
		})
	}
}

// A page with a fault that axe must find, so that a silent axe is no pass.
func TestAxeFindsAPlantedFault(t *testing.T) {
	s := webtest.New(t, nil, nil, routes())
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	tab.Go(s.URL + "/satu")
	if v := tab.Axe(); len(v) != 0 {
		t.Errorf("a good page: %v", v)
	}
	browsertest.Eval[bool](tab, `document.querySelector("main").innerHTML = '<img src="data:,"><input>', true`)
	found := map[string]bool{}
	for _, v := range tab.Axe() {
		found[v.ID] = true
	}
	if !found["image-alt"] || !found["label"] {
		t.Errorf("planted faults were not found: %v", found)
	}
	tab.Look(browsertest.PhoneDark)
	browsertest.Eval[bool](tab, `document.querySelector("main").innerHTML = "<p>Siapa bisa membaca ini?</p>", Object.assign(document.querySelector("main p").style, {background: "#111", color: "#333"}), true`)
	if v := tab.Axe(); len(v) != 1 || v[0].ID != "color-contrast" {
		t.Errorf("dark on dark: %v, want color-contrast", v)
	}
}

var _ = ui.Icon
