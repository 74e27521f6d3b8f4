// Package storefrontweb shows shops to buyers: the shop, its products, cart
// and checkout, and the page of an order.
package storefrontweb

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/storefront"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	front *storefront.Service
	base  string // https://lapak.example, without a slash at the end
}

// Routes lists the pages for buyers. The base is the site's own address.
func Routes(front *storefront.Service, base string) []web.Route {
	p := &pages{front: front, base: strings.TrimRight(base, "/")}
	return []web.Route{
		{Pattern: "GET /@/{slug}", Verb: authz.Public, Handle: p.shop, Cached: true},
		{Pattern: "GET /@/{slug}/gambar.jpg", Verb: authz.Public, Handle: p.shopPicture, Cached: true},
		{Pattern: "GET /@/{slug}/p/{product}", Verb: authz.Public, Handle: p.product, Cached: true},
		{Pattern: "GET /@/{slug}/p/{product}/gambar.jpg", Verb: authz.Public, Handle: p.productPicture, Cached: true},
		{Pattern: "POST /@/{slug}/keranjang", Verb: authz.Public, Handle: p.putCart},
		{Pattern: "GET /@/{slug}/pesan", Verb: authz.Public, Handle: p.checkout},
		{Pattern: "GET /@/{slug}/pesan/ongkir", Verb: authz.Public, Handle: p.back},
		{Pattern: "POST /@/{slug}/pesan/ongkir", Verb: authz.Public, Handle: p.quote},
		{Pattern: "POST /@/{slug}/pesan", Verb: authz.Public, Handle: p.place},
		{Pattern: "GET /o/{token}", Verb: authz.Public, Handle: p.order, Link: true},
		{Pattern: "GET /o/{token}/qris.png", Verb: authz.Public, Handle: p.qris, Link: true},
		{Pattern: "POST /o/{token}/bukti", Verb: authz.Public, Handle: p.proof, Link: true, MaxBody: 11 << 20, Long: true},
		{Pattern: "POST /o/{token}/pembatalan", Verb: authz.Public, Handle: p.withdraw, Link: true},
		{Pattern: "POST /o/{token}/keluhan", Verb: authz.Public, Handle: p.complain, Link: true},
		{Pattern: "POST /o/{token}/antar", Verb: authz.Public, Handle: p.wish, Link: true},
	}
}

// visit is a request for something in a shop.
type visit struct {
	sc   authz.Scope
	shop id.ID
	slug string // the address the shop has now
}

// enter finds the shop of the address. An address the shop had before leads
// to the one it has; done then tells that the answer was given.
func (p *pages) enter(w http.ResponseWriter, r *http.Request) (v visit, done bool, err error) {
	slug := r.PathValue("slug")
	shop, now, err := p.front.Find(r.Context(), slug)
	if err != nil {
		return visit{}, false, err
	}
	if now != slug {
		to := path(now) + strings.TrimPrefix(r.URL.EscapedPath(), "/@/"+slug)
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		code := http.StatusMovedPermanently
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			code = http.StatusPermanentRedirect
		}
		http.Redirect(w, r, to, code)
		return visit{}, true, nil
	}
	return visit{authz.Visitor(shop), shop, now}, false, nil
}

// page makes what one view shows, and until when it holds.
type page func(ctx context.Context) (templ.Component, time.Time, error)

// answer sends a view: to most visitors the same bytes, kept until something
// of the shop changes; to a buyer with a cart one of their own.
func (p *pages) answer(w http.ResponseWriter, r *http.Request, v visit, key string, own bool, make page) error {
	ctx := r.Context()
	w.Header().Add("Vary", "Cookie")
	if own {
		c, _, err := make(ctx)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "private, no-store")
		return web.Render(w, r, http.StatusOK, c)
	}
	pg, err := p.front.Kept(ctx, v.shop, key+"\x00"+i18n.Lang(ctx), func(ctx context.Context) (*storefront.Page, time.Time, error) {
		c, until, err := make(ctx)
		if err != nil {
			return nil, until, err
		}
		var b bytes.Buffer
		if err := c.Render(ctx, &b); err != nil {
			return nil, until, fmt.Errorf("render a page: %w", err)
		}
		return storefront.NewPage("text/html; charset=utf-8", b.Bytes()), until, nil
	})
	if err != nil {
		return err
	}
	return send(w, r, pg, "public, no-cache")
}

// send answers with a finished page, or with nothing if the browser has it.
func send(w http.ResponseWriter, r *http.Request, pg *storefront.Page, control string) error {
	h := w.Header()
	h.Set("Content-Type", pg.Type)
	h.Set("Cache-Control", control)
	h.Set("ETag", pg.ETag)
	h.Add("Vary", "Accept-Encoding")
	if matches(r.Header.Get("If-None-Match"), pg.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := pg.Body
	if pg.Gzip != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = pg.Gzip
	}
	h.Set("Content-Length", text(int64(len(body))))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	if err != nil {
		return fmt.Errorf("send a page: %w", err)
	}
	return nil
}

func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

func acceptsGzip(header string) bool {
	for one := range strings.SplitSeq(header, ",") {
		coding, q, _ := strings.Cut(strings.TrimSpace(one), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

func (p *pages) shop(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	form := r.URL.Query()
	words := strings.TrimSpace(cut(form.Get("q"), 100))
	category := cut(form.Get("kategori"), catalog.MaxCategory)
	after := catalog.ParseCursor(form.Get("lanjut"))
	cart := p.cart(r, v)
	key := "shop\x00" + words + "\x00" + category + "\x00" + after.String()
	return p.answer(w, r, v, key, len(cart.Lines) > 0, func(ctx context.Context) (templ.Component, time.Time, error) {
		s, err := p.shopView(ctx, v, words, category, after, cart)
		return shopPage(s), s.Until, err
	})
}

func (p *pages) shopView(ctx context.Context, v visit, words, category string, after catalog.Cursor, cart storefront.Cart) (shopView, error) {
	f, err := p.front.Shop(ctx, v.sc, storefront.Look{Words: words, Category: category, After: after})
	if err != nil {
		return shopView{}, err
	}
	b, now := f.Business, p.front.Now()
	s := shopView{
		Front: f, words: words, category: f.Category, url: p.base + b.Path(),
		state: stateOf(ctx, b, f.Standing, now),
		trade: b.TradeLabel(i18n.Lang(ctx)), place: where(b.Street, b.Landmark, b.Town()), hours: hoursOf(ctx, b, now),
		searchable: words != "" || len(f.Goods) > 6 || !f.Next.IsZero(),
		ask:        whatsApp(b, t(ctx, "storefront.ask_words", b.Name)),
	}
	s.share = shareLink(b.Name + " " + s.url)
	picture := s.url + "/gambar.jpg?v=" + f.Mark()
	if s.cart, err = p.cartView(ctx, v, cart); err != nil {
		return shopView{}, err
	}
	about := b.Tagline
	if about == "" {
		about = t(ctx, "storefront.describe_shop", b.TradeLabel(i18n.Lang(ctx)), b.Town())
	}
	s.page = ui.Page{
		Title: b.Name, Heading: "-", Foot: foot(), LD: f.ShopData(p.base, picture), Plain: true, Dye: string(b.Dye), Big: true, Canonical: s.url, Description: about,
		OG: &ui.OG{Type: "website", Title: b.Name, Description: about, URL: s.url, Image: picture, ImageW: storefront.PictureWidth, ImageH: storefront.PictureHeight},
	}
	if words != "" || f.Category != "" || !after.IsZero() {
		s.page.Robots = "noindex, follow"
	}
	return s, nil
}

func where(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

func (p *pages) product(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	chosen, slug := "", r.PathValue("product")
	if c, err := id.Parse(r.URL.Query().Get("v")); err == nil {
		chosen = c.String()
	}
	cart := p.cart(r, v)
	err = p.answer(w, r, v, "product\x00"+slug+"\x00"+chosen, len(cart.Lines) > 0, func(ctx context.Context) (templ.Component, time.Time, error) {
		s, err := p.productView(ctx, v, slug, chosen, cart)
		return productPage(s), s.Until, err
	})
	var moved movedTo
	if errors.As(err, &moved) {
		http.Redirect(w, r, string(moved), http.StatusMovedPermanently)
		return nil
	}
	return err
}

// movedTo says that a product has another address now.
type movedTo string

func (m movedTo) Error() string { return "the product has another address" }

func (p *pages) productView(ctx context.Context, v visit, slug, chosen string, cart storefront.Cart) (productView, error) {
	d, err := p.front.Product(ctx, v.sc, slug)
	if err != nil {
		return productView{}, err
	}
	b, g := d.Business, d.Good
	if g.Slug != slug {
		return productView{}, movedTo(productPath(v.slug, g.Slug))
	}
	url := p.base + productPath(b.Slug, g.Slug)
	s := productView{
		Detail: d, chosen: chosen, url: url, state: stateOf(ctx, b, d.Standing, p.front.Now()), place: b.Town(),
		ask:   whatsApp(b, t(ctx, "storefront.ask_product_words", g.Title, url)),
		share: shareLink(g.Title + " " + url),
	}
	data := []any{d.ProductData(p.base), storefront.Crumbs("Lapak", p.base+"/", b.Name, p.base+b.Path(), g.Title, url)}
	if s.cart, err = p.cartView(ctx, v, cart); err != nil {
		return productView{}, err
	}
	about := firstLine(g.About)
	if about == "" {
		about = t(ctx, "storefront.describe_product", g.Title, b.Name, b.Town())
	}
	s.page = ui.Page{
		Title: t(ctx, "storefront.product_of", g.Title, b.Name), Heading: b.Name, Foot: foot(), LD: data, Plain: true, Dye: string(b.Dye), Back: b.Path(), Canonical: url, Description: about,
		OG: &ui.OG{
			Type: "product", Title: g.Title, Description: lowest(g.Product) + ". " + about, URL: url,
			Image: url + "/gambar.jpg?v=" + d.Mark(), ImageW: storefront.PictureWidth, ImageH: storefront.PictureHeight,
		},
	}
	return s, nil
}

// firstLine is the beginning of a text, as a description.
func firstLine(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = strings.TrimSpace(s[:i])
	}
	if r := []rune(s); len(r) > 150 {
		return string(r[:149]) + "…"
	}
	return s
}

func (p *pages) shopPicture(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	pg, err := p.front.ShopPicture(r.Context(), v.sc)
	if err != nil {
		return err
	}
	return send(w, r, pg, pictureControl(r))
}

func (p *pages) productPicture(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	pg, err := p.front.ProductPicture(r.Context(), v.sc, r.PathValue("product"))
	if err != nil {
		return err
	}
	return send(w, r, pg, pictureControl(r))
}

// pictureControl lets a picture whose address names its state be kept for long.
func pictureControl(r *http.Request) string {
	if r.URL.Query().Get("v") != "" {
		return "public, max-age=604800"
	}
	return "public, max-age=300"
}

// cut shortens s to at most n letters; what is no text is empty.
func cut(s string, n int) string {
	if !utf8.ValidString(s) {
		return ""
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
