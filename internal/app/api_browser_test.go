package app_test

import (
	"strings"
	"testing"

	"lapak/internal/api"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// An owner makes a key in a browser; the pages of the API fit every view, can
// be used by everybody and leave the console quiet.
func TestTheAPIsPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 10)
	s.key(t, sh, api.Grants...)
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	tab.Go(s.url + "/masuk")
	tab.Fill("#who", sh.phone)
	tab.Fill("#password", password)
	tab.Send("button.primary")
	tab.Go(s.url + "/toko/api")
	tab.Fill("#name", "Aplikasi kasir")
	tab.Tap(`input[value="orders:write"]`)
	tab.Tap(`input[value="stock:write"]`)
	tab.Send(`form[action="/toko/api"] .btn.primary`)
	if !strings.Contains(tab.Text("main"), "lapak_") {
		t.Fatalf("no secret at %s: %s", tab.At(), tab.Text("main"))
	}
	tab.Fits()
	tab.Accessible()
	tab.Calm()
	tab.Shot("api-made")
	for _, v := range []browsertest.View{browsertest.DeskDark, browsertest.Phone} {
		tab.Look(v)
		for _, path := range []string{"/toko/api", "/api/docs"} { // long pages: two views will do
			tab.Go(s.url + path)
			tab.Fits()
			tab.Accessible()
			tab.Calm()
			tab.Shot("api" + strings.ReplaceAll(path, "/", "-") + "-" + v.String())
		}
	}
	tab.Tap("#placeOrder summary")
	tab.Wait("#placeOrder[open] pre")
	tab.Fits()
	tab.Accessible()
	browsertest.Eval[bool](tab, `document.querySelectorAll("details.card").forEach(d => d.id === "placeOrder" || d.remove()) || true`)
	tab.Shot("api-operation")
	browsertest.Eval[bool](tab, `document.querySelectorAll("details.card").forEach(d => d.open = true) || true`)
	tab.Fits()
}
