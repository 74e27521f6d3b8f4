// Package directoryweb shows the directory of all open shops at the front
// door, and tells search engines what there is.
package directoryweb

import (
	"bytes"
	"context"
	"embed"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/directory"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	directory *directory.Service
	base      string // https://lapak.example, without a slash at the end
}

// Routes lists the directory's pages. The base is the site's own address.
func Routes(d *directory.Service, base string) []web.Route {
	p := &pages{directory: d, base: strings.TrimRight(base, "/")}
	return []web.Route{
		{Pattern: "GET /{$}", Verb: authz.Public, Handle: p.home},
		{Pattern: "GET /sitemap.xml", Verb: authz.Public, Handle: p.siteMap, Cached: true},
		{Pattern: "GET /sitemap/{part}", Verb: authz.Public, Handle: p.siteMapPart, Cached: true},
		{Pattern: "GET /robots.txt", Verb: authz.Public, Handle: p.robots, Cached: true},
	}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

type homeView struct {
	directory.Result
	page    ui.Page
	query   directory.Query
	where   string // as typed, or the place's name
	unknown bool
	trades  []tradeView
	places  []string
	front   bool
}

type tradeView struct{ ID, Name, Icon string }

func (p *pages) home(w http.ResponseWriter, r *http.Request) error {
	ctx, form := r.Context(), r.URL.Query()
	v := homeView{query: directory.Query{
		Words: cut(form.Get("q"), directory.MaxSearch), Page: cut(form.Get("lanjut"), 80),
	}}
	if tr, ok := business.TradeOf(form.Get("jenis")); ok {
		v.query.Trade = tr.ID
	}
	v.where = strings.TrimSpace(cut(form.Get("di"), 100))
	if v.where != "" {
		place, ok := placeOf(v.where)
		if v.unknown = !ok; ok {
			v.where, v.query.Place = place.Title(), place.Code
		}
	}
	var err error
	if v.Result, err = p.directory.Find(ctx, v.query); err != nil {
		return err
	}
	for _, tr := range business.Trades {
		v.trades = append(v.trades, tradeView{tr.ID, tr.Label(i18n.Lang(ctx)), tr.Icon})
	}
	for _, c := range region.Children("32") {
		v.places = append(v.places, c.Title())
	}
	v.front = v.query == directory.Query{} && v.where == ""
	data := map[string]any{
		"@context": "https://schema.org", "@type": "WebSite", "name": "Lapak", "url": p.base + "/",
		"potentialAction": map[string]any{
			"@type": "SearchAction", "target": p.base + "/?q={search_term_string}", "query-input": "required name=search_term_string",
		},
	}
	v.page = ui.Page{
		Title: t(ctx, "directory.title"), Heading: "-", Foot: foot(), Plain: true, Canonical: p.base + v.link("lanjut", ""), Description: t(ctx, "directory.describe"),
	}
	if v.front {
		v.page.LD = data
	}
	if v.query.Words != "" || v.query.Page != "" {
		v.page.Robots = "noindex, follow"
	}
	return web.Render(w, r, http.StatusOK, homePage(v))
}

// placeOf finds the regency or district that is meant.
func placeOf(s string) (region.Place, bool) {
	if place, ok := region.Get(s); ok {
		return place, true
	}
	s = strings.NewReplacer("Kab. ", "", "Kec. ", "", "kab. ", "", "kec. ", "").Replace(s)
	found := region.Search(s, 1, region.Regency, region.District)
	if len(found) == 0 {
		found = region.Search(s, 1, region.Province)
	}
	if len(found) == 0 {
		return region.Place{}, false
	}
	return found[0], true
}

// link is the address of the same search with one thing changed.
func (v homeView) link(key, value string) string {
	q := url.Values{}
	for k, s := range map[string]string{"q": v.query.Words, "jenis": v.query.Trade, "di": v.where} {
		if s != "" {
			q.Set(k, s)
		}
	}
	q.Del(key)
	if value != "" {
		q.Set(key, value)
	}
	if len(q) == 0 {
		return "/"
	}
	return "/?" + q.Encode()
}

func (v homeView) empty() bool { return len(v.Shops)+len(v.Products) == 0 }

func (v homeView) heading(ctx context.Context) string {
	switch {
	case v.query.Words != "":
		return t(ctx, "directory.shops")
	case v.query.Place != "":
		return t(ctx, "directory.shops_in", v.where)
	}
	return t(ctx, "directory.newest")
}

func shopLine(ctx context.Context, s directory.Shop) string {
	line := s.Tagline
	if tr, ok := business.TradeOf(s.Trade); ok && line == "" {
		line = tr.Label(i18n.Lang(ctx))
	}
	return line + " · " + s.Place
}

func photoOf(shop, photo id.ID) string {
	if photo.IsZero() {
		return ""
	}
	return blob.Path(shop, photo, 320)
}

func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "L"
}

// cut shortens s to at most n letters, without what is no text.
func cut(s string, n int) string {
	if !utf8.ValidString(s) {
		return ""
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func (p *pages) robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err := fmt.Fprintf(w, "User-agent: *\nDisallow: /o/\nDisallow: /*/keranjang\nDisallow: /*/pesan\nSitemap: %s/sitemap.xml\n", p.base)
	return err
}

type urlSet struct {
	XMLName xml.Name   `xml:"urlset"`
	Space   string     `xml:"xmlns,attr"`
	URLs    []mapEntry `xml:"url"`
}

type mapIndex struct {
	XMLName xml.Name   `xml:"sitemapindex"`
	Space   string     `xml:"xmlns,attr"`
	Maps    []mapEntry `xml:"sitemap"`
}

type mapEntry struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

const mapSpace = "http://www.sitemaps.org/schemas/sitemap/0.9"

// siteMap is the whole map while it is small, else the list of its parts.
func (p *pages) siteMap(w http.ResponseWriter, r *http.Request) error {
	small, err := p.directory.Small(r.Context())
	if err != nil {
		return err
	}
	if small {
		return p.writeMap(w, r, 0, directory.Buckets-1)
	}
	index := mapIndex{Space: mapSpace}
	for i := range directory.Buckets {
		index.Maps = append(index.Maps, mapEntry{Loc: fmt.Sprintf("%s/sitemap/%d.xml", p.base, i)})
	}
	return writeXML(w, index)
}

func (p *pages) siteMapPart(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutSuffix(r.PathValue("part"), ".xml")
	part, err := strconv.Atoi(name)
	if !ok || err != nil || part < 0 || part >= directory.Buckets || strconv.Itoa(part) != name {
		return errNoMap
	}
	return p.writeMap(w, r, part, part)
}

var errNoMap = fault.New(fault.NotFound, "storefront.not_found")

func (p *pages) writeMap(w http.ResponseWriter, r *http.Request, from, to int) error {
	entries, err := p.directory.Map(r.Context(), from, to)
	if err != nil {
		return err
	}
	set := urlSet{Space: mapSpace}
	if from == 0 {
		set.URLs = append(set.URLs, mapEntry{Loc: p.base + "/"})
	}
	for _, e := range entries {
		set.URLs = append(set.URLs, mapEntry{p.base + e.Path, e.ChangedAt.UTC().Format(time.RFC3339)})
	}
	return writeXML(w, set)
}

func writeXML(w http.ResponseWriter, v any) error {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(v); err != nil {
		return fmt.Errorf("write the site map: %w", err)
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err := w.Write(b.Bytes())
	return err
}
