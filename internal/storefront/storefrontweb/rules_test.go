package storefrontweb_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/storefront"
	"lapak/internal/web/webtest"
)

var requestID = regexp.MustCompile(`[0-9a-f]{8,}|/@[a-z0-9-]+`)

// A shop that the office hides, and its orders' way in, look as if they had
// never been; what is kept in memory is gone with it.
func TestHiddenLooksMissing(t *testing.T) {
	m := newMall(t, 3)
	if p := m.Get(m.at("")); p.Status != http.StatusOK {
		t.Fatal(p.Status)
	}
	officer := authz.Scope{Actor: id.New(), Membership: id.New(), Role: authz.Office, Perms: []authz.Perm{authz.PermHide}, Regions: []string{"32"}}
	if err := m.shops.Hide(t.Context(), officer, m.ID, "Barang yang dijual melanggar aturan."); err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{"", "/p/" + m.product.Slug, "/gambar.jpg", "/p/" + m.product.Slug + "/gambar.jpg", "/pesan"} {
		hidden, missing := m.Get(m.at(rest)), m.Get("/@toko-lain-sekali"+rest)
		if hidden.Status != http.StatusNotFound || missing.Status != http.StatusNotFound {
			t.Errorf("%s: hidden %d, missing %d", rest, hidden.Status, missing.Status)
		}
		if a, b := requestID.ReplaceAllString(hidden.Body, ""), requestID.ReplaceAllString(missing.Body, ""); a != b {
			t.Errorf("%s: hidden and missing differ", rest)
		}
	}
}

func TestOldAddressLeadsToTheNewOne(t *testing.T) {
	m := newMall(t, 3)
	m.Get(m.at("")) // now remembered
	old := m.Path()
	b, err := m.shops.PutSlug(t.Context(), m.owner, "dapur-euis-baru")
	if err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{"", "/p/" + m.product.Slug, "?q=keripik"} {
		p := m.Get(old + rest)
		if p.Status != http.StatusMovedPermanently || p.Location() != b.Path()+rest {
			t.Errorf("%s: %d to %q", rest, p.Status, p.Location())
		}
	}
	if p := m.Get(b.Path()); p.Status != http.StatusOK {
		t.Errorf("the new address: %d", p.Status)
	}
}

// However much there is, a page asks the database a fixed number of times.
func TestPagesAskAFixedNumberOfTimes(t *testing.T) {
	m := newMall(t, 50)
	m.delivers(t)
	sc := authz.Visitor(m.ID)
	draft := func(lines ...id.ID) order.Draft {
		c := storefront.Cart{}
		for _, l := range lines {
			c.Put(l, 1)
		}
		d := order.Draft{ID: id.New(), Channel: order.Web, Way: order.Own, Village: village}
		for _, l := range c.Lines {
			d.Lines = append(d.Lines, wantOf(l))
		}
		return d
	}
	count := func(what string, most int64, fn func(context.Context) error) int64 {
		t.Helper()
		ctx, n := store.CountQueries(t.Context())
		if err := fn(ctx); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n.Load() > most {
			t.Errorf("%s takes %d queries, want at most %d", what, n.Load(), most)
		}
		return n.Load()
	}
	variants := []id.ID{m.small}
	all := func() [4]int64 {
		return [4]int64{
			count("shop", 8, func(ctx context.Context) error {
				_, err := m.front.Shop(ctx, sc, storefront.Look{})
				return err
			}),
			count("product", 8, func(ctx context.Context) error {
				_, err := m.front.Product(ctx, sc, m.product.Slug)
				return err
			}),
			count("checkout", 12, func(ctx context.Context) error {
				_, err := m.front.Quote(ctx, sc, draft(variants...))
				return err
			}),
			count("cart", 3, func(ctx context.Context) error {
				_, err := m.front.Worth(ctx, sc, storefront.Cart{Lines: []storefront.CartLine{{Variant: m.small, Quantity: 1}}})
				return err
			}),
		}
	}
	add := func(i int) {
		v, n := id.New(), int64(5)
		if i > 0 && i < 20 {
			variants = append(variants, v)
		}
		_, err := m.goods.Create(t.Context(), m.owner, catalog.Form{
			ID: id.New(), Edit: id.New(), Title: fmt.Sprintf("Barang %d", i), Category: fmt.Sprintf("Rak %d", i%5), Publish: true, Min: 1,
			Variants: []catalog.VariantForm{{ID: v, Price: 5_000, Tracked: true, Stock: &n}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add(0)
	few := all()
	for i := range 30 {
		add(i)
	}
	if many := all(); many != few {
		t.Errorf("with more goods %v queries, with few %v", many, few)
	}
}

// Pressed many times at once, one order is made, and every answer leads to it.
func TestPressedManyTimesAtOnce(t *testing.T) {
	m := newMall(t, 9)
	f := m.buy(t, "1")
	f.Set("seen", "18000")
	to := make([]string, 10)
	var wg sync.WaitGroup
	for i := range to {
		wg.Go(func() { to[i] = m.Post(m.at("/pesan"), f).Location() })
	}
	wg.Wait()
	for _, l := range to {
		if l != to[0] || !strings.HasPrefix(l, "/o/") {
			t.Fatalf("led to %q", to)
		}
	}
	tabs, err := m.orders.Counts(t.Context(), m.owner)
	if err != nil || tabs[order.TabAction] != 1 {
		t.Errorf("orders %v, %v; want one", tabs, err)
	}
}

// The cart belongs to its shop: its cookie reaches no other page.
func TestCartStaysInItsShop(t *testing.T) {
	m := newMall(t, 9)
	other := m.open(t, "Batik Trusmi", 3)
	m.buy(t, "2")
	p := m.Get(other.at("/pesan"))
	if !strings.Contains(webtest.Text(p.Body, "main"), "Keranjang masih kosong") {
		t.Errorf("the other shop's cart: %q", webtest.Text(p.Body, "main"))
	}
	// Pasted there by hand, it is nothing.
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL+other.at("/pesan"), nil)
	for _, c := range m.Client.Jar.Cookies(mustURL(t, m.URL+m.at("/pesan"))) {
		req.AddCookie(c)
	}
	if p := m.Do(req); !strings.Contains(webtest.Text(p.Body, "main"), "Keranjang masih kosong") {
		t.Errorf("a cart of another shop is read: %q", webtest.Text(p.Body, "main"))
	}
	if p := m.Get(m.at("")); p.Header.Get("Cache-Control") != "private, no-store" || !strings.Contains(webtest.Text(p.Body, ".actions"), "Keranjang: 2 barang, Rp36.000") {
		t.Errorf("a page with a cart: %v %q", p.Header, webtest.Text(p.Body, ".actions"))
	}
}
