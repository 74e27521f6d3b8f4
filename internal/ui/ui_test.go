package ui_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/ui"
)

func speak(t *testing.T, lang string) context.Context {
	t.Helper()
	c, err := i18n.Load(ui.Words)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := c.Missing.Load(); n > 0 {
			t.Errorf("%d words are missing", n)
		}
	})
	return i18n.With(t.Context(), c, lang)
}

func draw(t *testing.T, ctx context.Context, c templ.Component) *html.Node {
	t.Helper()
	var b strings.Builder
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func one(t *testing.T, doc *html.Node, selector string) *html.Node {
	t.Helper()
	n := cascadia.Query(doc, cascadia.MustCompile(selector))
	if n == nil {
		t.Fatalf("no %s", selector)
	}
	return n
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// A field with a fault says so to eyes and to screen readers, and keeps what was typed.
func TestFieldWithFault(t *testing.T) {
	f := fault.New(fault.Invalid, "phone.short").On("phone")
	doc := draw(t, speak(t, "id"), templ.Join(ui.Summary(f), ui.Phone("phone", "Nomor HP", "0812<", f, "Untuk kabar.", false), ui.Text("name", "Nama", "", f, "", true, nil)))
	in := one(t, doc, "input#phone")
	if attr(in, "value") != "0812<" || attr(in, "aria-invalid") != "true" || attr(in, "aria-describedby") != "hint-phone err-phone" || attr(in, "inputmode") != "tel" {
		t.Errorf("attributes %v", in.Attr)
	}
	if got := text(one(t, doc, "#err-phone")); got != "Nomor HP kurang angka. Contoh: 0812 3456 7890" {
		t.Errorf("error %q", got)
	}
	if got := attr(one(t, doc, ".errors a"), "href"); got != "#phone" {
		t.Errorf("summary links to %q", got)
	}
	if got := text(one(t, doc, ".errors p")); got != "1 isian perlu dibetulkan:" {
		t.Errorf("summary says %q", got)
	}
	name := one(t, doc, "input#name")
	if attr(name, "aria-invalid") != "" || attr(name, "aria-describedby") != "" {
		t.Errorf("a good field: %v", name.Attr)
	}
	if got := text(one(t, doc, `label[for="name"]`)); got != "Nama (boleh kosong)" {
		t.Errorf("label %q", got)
	}
}

// What owners write cannot leave the block of data for search engines.
func TestPageMeta(t *testing.T) {
	p := ui.Page{
		Title: "Dapur </title><script>", Plain: true, Description: `"Enak"`, Canonical: "https://lapak.example/@dapur", Robots: "noindex",
		LD: map[string]string{"name": "</script><script>alert(1)</script>"},
		OG: &ui.OG{Title: "Dapur", Description: "Enak", Image: "https://lapak.example/g.jpg", ImageW: 1200, ImageH: 630, Type: "website", URL: "https://lapak.example/@dapur"},
	}
	doc := draw(t, speak(t, "en"), ui.Shell(p))
	if got := attr(one(t, doc, "html"), "lang"); got != "en" {
		t.Errorf("lang %q", got)
	}
	if n := len(cascadia.QueryAll(doc, cascadia.MustCompile("script:not([src])"))); n != 1 {
		t.Errorf("%d scripts without address, want the one of data", n)
	}
	ld := one(t, doc, `script[type="application/ld+json"]`)
	var data map[string]string
	if err := json.Unmarshal([]byte(text(ld)), &data); err != nil || data["name"] != "</script><script>alert(1)</script>" {
		t.Errorf("data %q: %v", text(ld), err)
	}
	for selector, want := range map[string]string{
		`meta[name="description"]`: `"Enak"`, `meta[name="robots"]`: "noindex", `meta[property="og:image"]`: "https://lapak.example/g.jpg",
		`meta[property="og:image:width"]`: "1200", `meta[property="og:locale"]`: "en_GB",
	} {
		if got := attr(one(t, doc, selector), "content"); got != want {
			t.Errorf("%s = %q, want %q", selector, got, want)
		}
	}
	if got := attr(one(t, doc, `link[rel="canonical"]`), "href"); got != "https://lapak.example/@dapur" {
		t.Errorf("canonical %q", got)
	}
	if n := len(cascadia.QueryAll(doc, cascadia.MustCompile("h1"))); n != 1 {
		t.Errorf("%d h1", n)
	}
}

func TestNavigationSaysWhereOneIs(t *testing.T) {
	e := &ui.Env{
		Path: "/pesanan/baru", Person: &ui.Person{Business: "Dapur"}, Theme: "dark",
		Nav:    []ui.NavItem{{Path: "/hari-ini", Icon: "sun", Key: "nav.today"}, {Path: "/pesanan", Icon: "receipt-text", Key: "nav.orders"}},
		Counts: func(context.Context) map[string]int64 { return map[string]int64{"/pesanan": 3} },
	}
	ctx := ui.With(speak(t, "id"), e)
	doc := draw(t, ctx, ui.Shell(ui.Page{Title: "Pesanan"}))
	if got := text(one(t, doc, "nav a[aria-current]")); got != "Pesanan , 3 baru" {
		t.Errorf("current %q", got)
	}
	if attr(one(t, doc, "html"), "data-theme") != "dark" {
		t.Error("the chosen theme is not on the page")
	}
	if ui.Home(ctx) != "/hari-ini" || ui.Home(t.Context()) != "/" {
		t.Error("home")
	}
	e.Counts = func(context.Context) map[string]int64 { t.Error("asked for what is not shown"); return nil }
	draw(t, ctx, ui.Shell(ui.Page{Title: "Masuk", Plain: true}))
}

func TestSmallParts(t *testing.T) {
	now := time.Date(2026, 11, 23, 7, 5, 0, 0, time.UTC)
	ctx := ui.With(speak(t, "id"), &ui.Env{Now: now, Token: "tok"})
	for name, c := range map[string]struct {
		c        templ.Component
		selector string
		want     string
	}{
		"money":   {ui.Money(25_000), ".num", "Rp25.000"},
		"when":    {ui.When(now), "time", "Sen, 23 Nov 2026, 14.05 WIB"},
		"ago":     {ui.Ago(now.Add(-5 * time.Minute)), "time", "5 menit lalu"},
		"sums":    {ui.Sums(ui.Sum{Label: "Jumlah", Amount: 83_113, Total: true}), "dd.sum", "Rp83.113"},
		"no fact": {ui.KV(ui.Pair{Label: "A"}, ui.Pair{Label: "B", Value: "b"}), "dl", "Bb"},
		"ask":     {ui.Ask("Hapus", "Hapus Opak?", "Hilang.", "/hapus", "Ya, hapus", true), "form h3", "Hapus Opak?"},
	} {
		if got := text(one(t, draw(t, ctx, c.c), c.selector)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := attr(one(t, draw(t, ctx, ui.Token()), "input"), "value"); got != "tok" {
		t.Errorf("token %q", got)
	}
	if got := attr(one(t, draw(t, ctx, ui.Bamboo(4, 7, true)), ".bambu"), "aria-label"); got != "4 dari 7 selesai" {
		t.Errorf("bamboo says %q", got)
	}
	img := one(t, draw(t, ctx, ui.Picture([]ui.Source{{Path: "/a.jpg", Width: 320}, {Path: "/b.jpg", Width: 640}}, "50vw", "Opak", 320, 320, false)), "img")
	if attr(img, "srcset") != "/a.jpg 320w, /b.jpg 640w" || attr(img, "loading") != "lazy" || attr(img, "src") != "/a.jpg" {
		t.Errorf("picture %v", img.Attr)
	}
	qr := one(t, draw(t, ctx, ui.QR("https://lapak.example/@dapur", "Kode QR")), "svg")
	if attr(qr, "aria-label") != "Kode QR" || attr(one(t, qr, "path[fill='#000']"), "d") == "" {
		t.Errorf("qr %v", qr.Attr)
	}
	if head, tail := ui.Last("Rp83.113"); head != "Rp83." || tail != "113" {
		t.Errorf("Last: %q %q", head, tail)
	}
}

// Every icon that a page asks for by name is in the sprite.
func TestIconsAreThere(t *testing.T) {
	raw, _ := ui.AssetBytes("icons.svg")
	have := map[string]bool{}
	for _, m := range regexp.MustCompile(`id="([a-z0-9-]+)"`).FindAllStringSubmatch(string(raw), -1) {
		have[m[1]] = true
	}
	use := regexp.MustCompile(`(?:ui\.|@)Icon\("([a-z0-9-]+)"\)|Icon: +"([a-z0-9-]+)"|ui\.(?:Badge|Notice|Row)\("[^"]*", "([a-z0-9-]+)"`)
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".templ") && (!strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go")) {
			return err
		}
		b, err := os.ReadFile("../" + path)
		if err != nil {
			return err
		}
		for _, m := range use.FindAllStringSubmatch(string(b), -1) {
			if name := m[1] + m[2] + m[3]; !have[name] {
				t.Errorf("%s: no icon %q", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the pages bring along stays within the budget of the design.
func TestBudget(t *testing.T) {
	js := 0
	for _, name := range []string{"lapak", "photo", "region", "push"} {
		_, gz := ui.AssetBytes("js/" + name + ".js")
		js += len(gz)
	}
	_, css := ui.AssetBytes("lapak.css")
	_, icons := ui.AssetBytes("icons.svg")
	t.Logf("compressed: css %d, all scripts %d, icons %d", len(css), js, len(icons))
	if len(css) > 9<<10 || js > 10<<10 || len(icons) > 10<<10 {
		t.Errorf("compressed: css %d, all scripts %d, icons %d", len(css), js, len(icons))
	}
}

// The style sheet is the files as they were written, only shorter.
func TestStyleSheetIsWhole(t *testing.T) {
	plain, _ := ui.AssetBytes("lapak.css")
	s := string(plain)
	if strings.Count(s, "{") != strings.Count(s, "}") || strings.Contains(s, "/*") {
		t.Error("braces or comments")
	}
	for _, want := range []string{"@layer reset,tokens,base", "--s1:.25rem", "content:\"\\2713\" / \"selesai\"", "(width >= 60rem)", "&>.page{"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q is not in the style sheet", want)
		}
	}
}
