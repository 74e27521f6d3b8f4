// Package ui holds the components that every page is made of, the style sheet,
// the scripts and the icons. Components take plain values; what belongs to the
// request (who looks, where, in which theme) they find in the Env of their context.
package ui

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/boombuler/barcode/qr"

	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/phone"
)

// Words are the messages of the components and of the shell.
//
//go:embed id.json en.json
var Words embed.FS

// Env is what a page knows of its request.
type Env struct {
	Path    string // of the page, for aria-current
	Base    string // address of the site, without a slash at its end
	Theme   string // "", "light" or "dark"
	Demo    bool
	Token   string // of forms, for old browsers
	Request string // the request's id
	Person  *Person
	Nav     []NavItem
	Counts  func(ctx context.Context) map[string]int64 // what waits, by Nav's paths; asked only if the navigation is drawn
	Flash   *Flash
	Now     time.Time
	Offline bool // the page is kept for when there is no signal
}

// Person is who looks at the page.
type Person struct {
	Name     string
	Business string // under which they act
	Place    string // a second line: the town, or the role
	Choices  int    // memberships to choose from
	Phone    *Signed
}

// Signed is what the phone must know of who acts, to keep their acts apart
// from others'; nil where nobody acts for a business.
type Signed struct {
	Person, Business string // ids
	Mark             string // of whom the service worker keeps pages
}

// NavItem is a place in the bottom bar or side panel.
type NavItem struct {
	Path  string
	Icon  string
	Key   string // of its word
	Count int64  // zero: none
	Wide  bool   // only where there is room
}

// Flash is a message shown once, after something was done.
type Flash struct {
	Text string
	Undo string // path that a POST undoes it with; empty: none
	Note string // form value sent with it
}

type envKey struct{}

// With puts the Env into a context.
func With(ctx context.Context, e *Env) context.Context { return context.WithValue(ctx, envKey{}, e) }

// Of is the Env of ctx, never nil.
func Of(ctx context.Context) *Env {
	if e, ok := ctx.Value(envKey{}).(*Env); ok {
		return e
	}
	return &Env{}
}

// Page says what stands around the content of a page.
type Page struct {
	Title       string
	Heading     string // h1 in the bar; empty: Title. "-" leaves the bar out: the content has its own h1
	Back        string // path of the arrow; empty: none
	Plain       bool   // no navigation: public pages and wizards
	Narrow      bool   // reading and forms
	Bare        bool   // no awning
	Big         bool   // the big awning of a shop's front
	Dye         string // of the awning: nila, sogan, daun, bata, terong
	Description string
	Canonical   string // absolute
	Robots      string // "noindex"
	OG          *OG
	LD          any      // schema.org data, encoded as JSON
	Scripts     []string // files in static/js beside lapak.js: "photo", "region", "live", "push"
	Print       bool     // load print.css
	Refresh     int      // seconds after which a page without script asks anew; zero: never
	Tools       templ.Component
	Foot        templ.Component // of plain pages, instead of the usual words
}

// OG is what a chat shows of a link.
type OG struct {
	Title       string
	Description string
	Image       string // absolute
	ImageW      int
	ImageH      int
	Type        string // "website", "product"
	URL         string
}

func (p Page) body() string {
	var c []string
	c = append(c, "app")
	if p.Plain {
		c = append(c, "plain")
	}
	if p.Narrow {
		c = append(c, "narrow")
	}
	return strings.Join(c, " ")
}

func (p Page) awning() string {
	c := "awning"
	if p.Big {
		c += " big"
	}
	switch p.Dye {
	case "sogan", "daun", "bata", "terong":
		c += " " + p.Dye
	}
	return c
}

func (p Page) heading() string {
	if p.Heading == "" {
		return p.Title
	}
	return p.Heading
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

// signed is what the phone must know of who acts; nil for guests and others.
func signed(ctx context.Context) *Signed {
	if p := Of(ctx).Person; p != nil {
		return p.Phone
	}
	return nil
}

// first is the first word of a name: as much as a shared phone shows of others.
func first(name string) string {
	name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
	return name
}

// current tells whether a place of the navigation is where the page is.
func current(ctx context.Context, path string) bool {
	here := Of(ctx).Path
	return here == path || path != "/" && strings.HasPrefix(here, path+"/")
}

// places is the navigation with what waits at each place.
func places(ctx context.Context) []NavItem {
	e := Of(ctx)
	if e.Counts == nil {
		return e.Nav
	}
	counts := e.Counts(ctx)
	list := slices.Clone(e.Nav)
	for i := range list {
		list[i].Count = counts[list[i].Path]
	}
	return list
}

// Home is where a person goes who does not know where to go: the first place
// of the navigation, or for guests the directory.
func Home(ctx context.Context) string {
	if e := Of(ctx); e.Person != nil && len(e.Nav) > 0 {
		return e.Nav[0].Path
	}
	return "/"
}

// faultID is the id of a field's error, for aria-describedby.
func faultID(name string) string { return "err-" + name }

// describe lists the ids that describe a field.
func describe(name string, f *fault.Error, hint string) string {
	var ids []string
	if hint != "" {
		ids = append(ids, "hint-"+name)
	}
	if f.Field(name) != nil {
		ids = append(ids, faultID(name))
	}
	return strings.Join(ids, " ")
}

// Attrs are the attributes that any control of a form needs to be read aloud
// rightly: id, name, and, when its field has a fault, what is wrong. Spread
// them on a control of your own: <input { ui.Attrs("name", f, "")... }/>.
func Attrs(name string, f *fault.Error, hint string) templ.Attributes {
	a := templ.Attributes{"id": name, "name": name}
	if d := describe(name, f, hint); d != "" {
		a["aria-describedby"] = d
	}
	if f.Field(name) != nil {
		a["aria-invalid"] = "true"
	}
	return a
}

// Share is the address that opens WhatsApp with the text, for the person to choose whom.
func Share(text string) templ.SafeURL { return templ.SafeURL(phone.WhatsApp("", text)) }

// Chat is the address that opens a WhatsApp chat with an E.164 number.
func Chat(e164, text string) templ.SafeURL { return templ.SafeURL(phone.WhatsApp(e164, text)) }

// qrPath draws a QR code of text as one SVG path, one unit a module, and
// returns its width with a quiet zone of four modules.
func qrPath(text string) (path string, width int) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 1
	}
	var b strings.Builder
	n := code.Bounds().Dx()
	for y := range n {
		for x := 0; x < n; x++ {
			run := 0
			for x+run < n && dark(code.At(x+run, y)) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+4, y+4, run, run)
				x += run
			}
		}
	}
	return b.String(), n + 8
}

func dark(c interface{ RGBA() (r, g, b, a uint32) }) bool {
	r, _, _, _ := c.RGBA()
	return r < 0x8000
}

// Last splits a sum into its head and its last three digits, for unique amounts.
func Last(sum string) (head, tail string) {
	if len(sum) < 3 {
		return "", sum
	}
	return sum[:len(sum)-3], sum[len(sum)-3:]
}

func sorted(f *fault.Error) []string { return slices.Sorted(maps.Keys(f.Fields)) }

func now(ctx context.Context) time.Time { return Of(ctx).Now }

func srcset(list []Source) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = fmt.Sprintf("%s %dw", s.Path, s.Width)
	}
	return strings.Join(parts, ", ")
}
