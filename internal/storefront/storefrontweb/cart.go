package storefrontweb

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/stock"
	"lapak/internal/storefront"
	"lapak/internal/web"
)

const (
	cartCookie = "keranjang"
	cartDays   = 30
)

// cart is what the buyer's phone has put aside in this shop.
func (p *pages) cart(r *http.Request, v visit) storefront.Cart {
	c, err := r.Cookie(cartCookie)
	if err != nil {
		return storefront.Cart{}
	}
	return p.front.OpenCart(v.shop, c.Value)
}

// keepCart puts the cart on the buyer's phone, for this shop's pages alone; an
// empty one takes the cookie away.
func (p *pages) keepCart(w http.ResponseWriter, v visit, c storefront.Cart) {
	k := &http.Cookie{
		Name: cartCookie, Path: path(v.slug), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(p.base, "https://"), MaxAge: cartDays * 24 * 60 * 60, Value: p.front.SealCart(v.shop, c),
	}
	if len(c.Lines) == 0 {
		k.Value, k.MaxAge = "", -1
	}
	http.SetCookie(w, k)
}

func (p *pages) cartView(ctx context.Context, v visit, c storefront.Cart) (cartView, error) {
	if len(c.Lines) == 0 {
		return cartView{}, nil
	}
	total, err := p.front.Worth(ctx, v.sc, c)
	return cartView{Count: c.Count(), Total: total, Link: path(v.slug) + "/pesan"}, err
}

// putCart adds to the cart: one variant from a product's page, or all lines of
// an order that is to be placed again.
func (p *pages) putCart(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	cart, now := p.cart(r, v), r.FormValue("then") == "order"
	full := false
	if one := web.FormID(r, "variant"); !one.IsZero() {
		n := max(1, web.Int(r, "quantity"))
		if now { // who presses it twice wants no more than they typed
			full = !cart.Put(one, max(n, cart.Quantity(one)))
		} else {
			full = !cart.Add(one, n)
		}
	}
	for _, l := range lines(r) {
		full = !cart.Put(l.Variant, l.Quantity) || full
	}
	p.keepCart(w, v, cart)
	to := path(v.slug) + "/pesan"
	if !now && !full {
		to = path(v.slug)
		if slug := r.FormValue("product"); plainSlug(slug) {
			to = productPath(v.slug, slug)
		}
	}
	return web.SeeOther(w, r, to)
}

// lines reads lines.0.variant, lines.0.quantity and so on.
func lines(r *http.Request) []stock.Want {
	var list []stock.Want
	for i := range order.MaxLines {
		variant := web.FormID(r, lineName(i, "variant"))
		if variant.IsZero() {
			break
		}
		if n := min(web.Int(r, lineName(i, "quantity")), storefront.MaxQuantity); n > 0 {
			list = append(list, stock.Want{Variant: variant, Quantity: n})
		}
	}
	return list
}

func lineName(i int, what string) string { return "lines." + strconv.Itoa(i) + "." + what }

func plainSlug(s string) bool {
	return s != "" && len(s) < 100 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// wants and cartOf turn a cart into the lines of a draft and back.
func wants(c storefront.Cart) []stock.Want {
	list := make([]stock.Want, len(c.Lines))
	for i, l := range c.Lines {
		list[i] = stock.Want{Variant: l.Variant, Quantity: l.Quantity}
	}
	return list
}

func cartOf(list []stock.Want) storefront.Cart {
	var c storefront.Cart
	seen := map[id.ID]bool{}
	for _, l := range list {
		if !seen[l.Variant] {
			seen[l.Variant] = true
			c.Put(l.Variant, l.Quantity)
		}
	}
	return c
}
