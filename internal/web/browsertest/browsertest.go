// Package browsertest drives a real Chromium in tests: pages at the size of a
// phone or a desk, in light and dark, with and without script; what the
// console complains of; and what axe-core finds wrong for people who see,
// hear or move otherwise. A missing browser fails the test.
package browsertest

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// axe-core 4.14.1, MPL-2.0, unchanged; its licence lies beside it.
//
//go:embed testdata/axe.min.js
var vendored embed.FS

// View is how a page is looked at.
type View struct {
	Width, Height int64
	Dark          bool
	NoScript      bool
}

// The views of the design.
var (
	Phone     = View{Width: 360, Height: 800}
	PhoneDark = View{Width: 360, Height: 800, Dark: true}
	Desk      = View{Width: 1280, Height: 900}
	DeskDark  = View{Width: 1280, Height: 900, Dark: true}
)

// Views are all four.
var Views = []View{Phone, PhoneDark, Desk, DeskDark}

// String names the view, as in "360-dark".
func (v View) String() string {
	s := fmt.Sprint(v.Width)
	if v.Dark {
		s += "-dark"
	}
	if v.NoScript {
		s += "-noscript"
	}
	return s
}

// patience is how long one step may take.
const patience = 20 * time.Second

// Browser is a running Chromium. It stops with its test.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Tab is a page of its own, with cookies of its own.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	view View

	mu       sync.Mutex
	problems []string
}

// Start starts Chromium, named by LAPAK_CHROMIUM or found in the path.
func Start(t testing.TB) *Browser {
	t.Helper()
	return start(t)
}

func start(t testing.TB, more ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	path := Find()
	if path == "" {
		t.Fatal("no Chromium was found: install it (apt-get install chromium) or set LAPAK_CHROMIUM")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "id"),
		chromedp.Flag("hide-scrollbars", true))
	opts = append(opts, more...)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &Browser{t, ctx}
}

// Find is the Chromium that is used, or empty.
func Find() string {
	if p := os.Getenv("LAPAK_CHROMIUM"); p != "" {
		return p
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

// Tab opens a tab, as a person who was never here.
func (b *Browser) Tab(t testing.TB, v View) *Tab {
	t.Helper()
	return b.tab(t, v, chromedp.WithNewBrowserContext())
}

func (b *Browser) tab(t testing.TB, v View, opts ...chromedp.ContextOption) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, opts...)
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" && m.Source == "security" {
				tab.mu.Lock()
				tab.problems = append(tab.problems, strings.TrimSpace(m.String()+" "+m.URL))
				tab.mu.Unlock()
			}
		}
	}()
	src, err := vendored.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	tab.Do("have axe at hand", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "window.axeSource = () => {" + string(src) + "}"})
		return err
	}))
	tab.Look(v)
	return tab
}

// Look changes how the tab is looked at.
func (p *Tab) Look(v View) {
	p.t.Helper()
	p.view = v
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	opts := []chromedp.EmulateViewportOption{}
	if v.Width < 600 {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.Do("look", chromedp.EmulateViewport(v.Width, v.Height, opts...), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.NoScript})
		return err
	}))
}

// Passkeys puts a device that makes and keeps passkeys into the tab. It knows
// its person by their finger, or takes them for another if verified is false.
func (p *Tab) Passkeys(verified bool) {
	p.t.Helper()
	p.Do("put in a device for passkeys", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: verified, AutomaticPresenceSimulation: true,
		}})
		return err
	}))
}

// Do runs steps; what fails ends the test and says what was being done.
func (p *Tab) Do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v (at %s)", what, err, p.where())
	}
}

func (p *Tab) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "?"
	}
	return at
}

// Go opens an address.
func (p *Tab) Go(url string) {
	p.t.Helper()
	p.Do("open "+url, chromedp.Navigate(url))
}

// At is the address of the page.
func (p *Tab) At() string { return p.where() }

// Tap presses the first visible element that the CSS selector finds.
func (p *Tab) Tap(selector string) {
	p.t.Helper()
	p.Do("press "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Send presses a button or link and waits for the page that it leads to.
func (p *Tab) Send(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		p.t.Fatalf("press %s: %v (at %s)", selector, err, p.where())
	}
}

// Fill types into a field, in place of what is there.
func (p *Tab) Fill(selector, text string) {
	p.t.Helper()
	p.Do("fill "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	Eval[bool](p, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select?.(); return true; })()`, selector))
	p.Do("fill "+selector, chromedp.KeyEvent(text))
}

// Upload chooses files.
func (p *Tab) Upload(selector string, files ...string) {
	p.t.Helper()
	p.Do("choose a file for "+selector, chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// Wait waits until an element is seen.
func (p *Tab) Wait(selector string) {
	p.t.Helper()
	p.Do("wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Until waits until an expression is true in the page, also across a change of pages.
func (p *Tab) Until(what, condition string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(() => { try { return !!(`+condition+`); } catch { return false; } })()`))
		if err == nil && ok {
			return
		}
		_ = chromedp.Do(ctx, chromedp.Sleep(40*time.Millisecond))
	}
	p.t.Fatalf("%s did not happen: %s (at %s)", what, condition, p.where())
}

// Text is the visible text of the first element that the selector finds.
func (p *Tab) Text(selector string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		p.t.Fatalf("text of %s: %v (at %s)", selector, err, p.where())
	}
	return strings.Join(strings.Fields(s), " ")
}

// Eval runs an expression in the page and returns its value.
func Eval[T any](p *Tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("evaluate: %v (at %s)", err, p.where())
	}
	return v
}

// Shot keeps a picture of the page, as high as it is, if LAPAK_SHOTS names a directory.
func (p *Tab) Shot(name string) {
	p.t.Helper()
	dir := os.Getenv("LAPAK_SHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
	}
	if err != nil {
		p.t.Errorf("picture %s: %v", name, err)
	}
}

// Calm fails the test if the console complained since the last call: a script
// that failed, a file that is missing, something the content security policy refused.
func (p *Tab) Calm() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.problems {
		p.t.Errorf("console at %s: %s", p.where(), m)
	}
	p.problems = nil
}

// Forget leaves out of account what the console said so far.
func (p *Tab) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = nil
}

// Fits fails the test if the page can be scrolled sideways.
func (p *Tab) Fits() {
	p.t.Helper()
	if over := Eval[string](p, `(() => { const w = document.documentElement.clientWidth; if (document.documentElement.scrollWidth <= w) return "";
		const inside = (e) => { for (let a = e.parentElement; a; a = a.parentElement) { const o = getComputedStyle(a).overflowX; if (o !== "visible") return true; } return false; };
		const bad = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > w + 1 && !inside(e));
		return document.documentElement.scrollWidth + " px: " + bad.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" / "); })()`); over != "" {
		p.t.Errorf("%s is wider than the screen: %s", p.where(), over)
	}
}

// Violation is something axe-core found.
type Violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML, FailureSummary string
		Target               []any
	}
}

// Axe runs every rule of WCAG 2.2 A and AA and the best practices on the page as it stands. In the dark
// it asks for contrast alone: nothing else differs there from the page in the light.
func (p *Tab) Axe() []Violation {
	p.t.Helper()
	if !Eval[bool](p, `!!window.axe`) {
		Eval[bool](p, `axeSource();true`)
	}
	rules := `["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]`
	if p.view.Dark {
		rules = `{type: "rule", values: ["color-contrast"]}`
	}
	raw := Eval[string](p, `axe.run(document, {resultTypes: ["violations"], runOnly: `+rules+`}).then((r) => JSON.stringify(r.violations))`)
	var list []Violation
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		p.t.Fatalf("axe: %v", err)
	}
	return list
}

// Accessible fails the test for each violation on the page.
func (p *Tab) Accessible() {
	p.t.Helper()
	for _, v := range p.Axe() {
		for _, n := range v.Nodes {
			p.t.Errorf("axe at %s: %s (%s): %s\n\t%s\n\t%s", p.where(), v.ID, v.Impact, v.Help, n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " "))
		}
	}
}
