package outboxweb_test

import (
	"image"
	"image/png"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/web/browsertest"
)

// mast stands between the phone and the server: it can be out of reach, and it
// can lose the answer to what the server did take.
type mast struct {
	down atomic.Bool
	lose atomic.Int64
	sent atomic.Int64 // messages of the outbox that the server got
}

func (m *mast) serve(t *testing.T, to string) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.URL.Path == "/keluar" { // no page afterwards tells the worker that the person has gone
			m.down.Store(true)
		}
		if r.Request.Method == http.MethodPost && r.Request.URL.Path == "/kotak" {
			m.sent.Add(1)
			if m.lose.Add(-1) >= 0 {
				panic(http.ErrAbortHandler)
			}
		}
		return nil
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.down.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	return srv.URL
}

const strip = `document.querySelector("[data-outbox-status]:not([hidden])").innerText`

// Acts made without a signal outlive the browser, wait for their person, and
// count once each, in order, when the signal is back, whatever answers are lost.
func TestActsOutliveTheBrowser(t *testing.T) {
	g := newRig(t)
	m := &mast{}
	at, profile := m.serve(t, g.URL), t.TempDir()
	ujang, asep := g.member(t, authz.Courier), g.member(t, authz.Courier)
	picture := filepath.Join(t.TempDir(), "foto.png")
	f, err := os.Create(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()

	g.As.Set(ujang)
	b := browsertest.StartOn(t, profile)
	tab := b.Own(t, browsertest.Phone)
	tab.Go(at + "/kotak")
	tab.Until("/kotak is kept", `document.querySelector("[data-offline-ready]:not([hidden])").innerText`)
	tab.Fits()
	tab.Accessible()
	tab.Go(at + "/mainan")
	tab.Until("the page is ready", `document.querySelector("[data-offline-ready]:not([hidden])").innerText === "Siap tanpa sinyal"`)
	tab.Calm()
	look := browsertest.Eval[string](tab, `getComputedStyle(document.body).display`)
	if look == "block" {
		t.Fatal("the page has no style to be missed")
	}

	m.down.Store(true)
	tab.Signal(false)
	for i, form := range []string{"#f0", "#f1", "#f3"} {
		if form == "#f3" {
			tab.Upload(form+" input[type=file]", picture)
		}
		tab.Tap(form + " button")
		tab.Until("the act is kept", `document.querySelector("`+form+` [data-outbox-note]").innerText !== "" && document.querySelector("`+form+` button").disabled`)
		tab.Until("the strip counts", strip+` === "`+[]string{"1", "2", "3"}[i]+` menunggu, 0 gagal"`)
	}
	tab.Accessible()
	b.Kill()

	b = browsertest.StartOn(t, profile)
	tab = b.Own(t, browsertest.Phone)
	tab.Signal(false)
	tab.Go(at + "/mainan")
	tab.Until("all wait after the browser died", strip+` === "3 menunggu, 0 gagal"`)
	tab.Until("what waits cannot be done again", `document.querySelectorAll("button:disabled").length === 3 && !document.querySelector("#f2 button").disabled`)
	tab.Until("the page is ready still", `document.querySelector("[data-offline-ready]:not([hidden])")`)
	tab.Go(at + "/perhentian") // never opened: the page before led to it
	tab.Until("the page that another leads to", `document.title.startsWith("Perhentian") && getComputedStyle(document.body).display === "`+look+`"`)
	tab.Go(at + "/kotak")
	tab.Until("the list of what waits", `document.querySelectorAll("[data-outbox-list] li").length === 3 && document.querySelector("[data-outbox-list] li").innerText.includes("Putar 0")`)
	tab.Fits()
	tab.Accessible()
	tab.Shot("kotak-menunggu")
	if n := m.sent.Load(); n != 0 {
		t.Fatalf("%d messages went without a signal", n)
	}

	// Another person takes the phone. The open page of the first may still try.
	g.As.Set(asep)
	m.down.Store(false)
	tab.Signal(true)
	tab.Go(at + "/mainan")
	tab.Until("the others' acts are told, no more", strip+` === "3 menunggu milik Bu"`)
	tab.Until("the second person's page", `document.querySelector("#whose").innerText === "`+asep.Actor.String()+`" && document.querySelectorAll("button:disabled").length === 0`)
	tab.Until("the page is ready for the second person", `document.querySelector("[data-offline-ready]:not([hidden])")`)
	if keys := browsertest.Eval[string](tab, `caches.keys().then((k) => k.filter((n) => n.startsWith("lapak-pages-")).length + "")`); keys != "1" {
		t.Errorf("pages of %s people are kept, want one person's", keys)
	}
	m.down.Store(true)
	tab.Signal(false)
	tab.Go(at + "/kotak") // the first person's was kept
	if text := browsertest.Eval[string](tab, `document.documentElement.innerText`); strings.Contains(text, "Putar") || browsertest.Eval[bool](tab, `!!document.querySelector("[data-outbox-list]")`) {
		t.Errorf("the first person's page is shown to the second: %s", text)
	}
	tab.Go(at + "/mainan")
	tab.Until("the second person's own page", `document.querySelector("#whose").innerText === "`+asep.Actor.String()+`"`)
	if n, acts := g.value(t); n != 0 || acts != 0 {
		t.Fatalf("value %d of %d acts: another person sent them", n, acts)
	}

	// The first is back. The server takes all, but two answers are lost.
	g.As.Set(ujang)
	before := m.sent.Load()
	m.lose.Store(2)
	m.down.Store(false)
	tab.Signal(true)
	tab.Go(at + "/mainan")
	tab.Until("all is sent", `(() => { window.dispatchEvent(new Event("online"));
		return [...document.querySelectorAll("[data-outbox-note]")].filter((n) => n.innerText === "Terkirim").length === 3; })()`)
	tab.Until("the strip is gone", `document.querySelector("[data-outbox-status]").hidden`)
	if n, acts := g.value(t); n != (1*31+2)*31+4 || acts != 3 {
		t.Errorf("value %d of %d acts, want %d of 3: each once, in order", n, acts, (1*31+2)*31+4)
	}
	if n := g.photos(t); n != 1 {
		t.Errorf("%d photos came, want 1", n)
	}
	if n := m.sent.Load() - before; n < 4 {
		t.Errorf("%d messages, want the two whose answers were lost again", n)
	}
	if len(g.plain) != 0 {
		t.Errorf("%v came as plain forms", g.plain)
	}

	// What the server refuses is told, until the person has seen it.
	tab.Fill("#f2 input[name=n]", "7")
	tab.Tap("#f2 button")
	tab.Until("the refusal is told", strip+` === "0 menunggu, 1 gagal" && document.querySelector("#f2 [data-outbox-note]").innerText === "Wajib diisi."`)
	tab.Go(at + "/kotak")
	tab.Until("it is on the server's list alone", strip+` === "0 menunggu, 1 gagal" && document.querySelectorAll("[data-outbox-list] li").length === 0 && document.querySelectorAll("article").length === 1`)
	tab.Shot("kotak-gagal")
	tab.Send("article button")
	tab.Until("it is gone", `document.querySelector("[data-toast]") && document.querySelector("[data-outbox-status]").hidden && !document.querySelector("article")`)
	tab.Go(at + "/mainan")

	// Whoever goes leaves no page behind, even if the signal goes at that moment.
	tab.Send("#out")
	if keys := browsertest.Eval[string](tab, `caches.keys().then((k) => k.join())`); strings.Contains(keys, "lapak-pages-") {
		t.Errorf("after signing out there is %s", keys)
	}
	tab.Signal(false)
	tab.Go(at + "/mainan")
	if browsertest.Eval[bool](tab, `!!document.querySelector("#whose")`) {
		t.Error("the page is shown after signing out")
	}
}

// Without script a form goes as forms do.
func TestAFormWithoutScript(t *testing.T) {
	g := newRig(t)
	g.As.Set(g.member(t, authz.Courier))
	v := browsertest.Phone
	v.NoScript = true
	tab := browsertest.Start(t).Tab(t, v)
	tab.Go(g.URL + "/mainan")
	tab.Send("#f1 button")
	if len(g.plain) != 1 || g.plain[0] != "2now" {
		t.Errorf("%v came as plain forms, want the one", g.plain)
	}
	if _, acts := g.value(t); acts != 0 {
		t.Errorf("%d acts", acts)
	}
}
