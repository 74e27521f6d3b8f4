package app_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/store"
	"lapak/internal/web/webtest"
)

const password = "kopi tubruk panas 7"

// jatimukti is the village that every shop and buyer of these tests lives in.
const jatimukti = "32.11.01.2001"

// person is somebody with a browser.
type person struct {
	*webtest.Site
	t testing.TB
}

func (s site) person(t testing.TB) person { return person{s.browser(t), t} }

// want fails the test unless the answer has the status.
func (p person) want(a webtest.Page, status int) webtest.Page {
	p.t.Helper()
	if a.Status != status {
		p.t.Fatalf("status %d, want %d (to %s): %s", a.Status, status, a.Location(), webtest.Text(a.Body, "main"))
	}
	return a
}

// see opens a page that must be there.
func (p person) see(path string) webtest.Page {
	p.t.Helper()
	return p.want(p.Get(path), http.StatusOK)
}

// send fills in a form of the page as a browser without script does and sends
// it; changes are name, value, name, value. It must be taken.
func (p person) send(page webtest.Page, action string, changes ...string) webtest.Page {
	p.t.Helper()
	return p.want(p.try(page, action, changes...), http.StatusSeeOther)
}

// try is send, whatever is answered.
func (p person) try(page webtest.Page, action string, changes ...string) webtest.Page {
	p.t.Helper()
	return p.Post(action, p.fill(page, action, changes...))
}

func (p person) fill(page webtest.Page, action string, changes ...string) url.Values {
	p.t.Helper()
	sel := `form[action="` + action + `"]`
	if webtest.Attr(page.Body, sel, "action") == "" {
		p.t.Fatalf("no form for %s on the page: %s", action, webtest.Text(page.Body, "main"))
	}
	f := webtest.Form(page.Body, sel)
	for i := 0; i < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

// says fails the test unless the page has the words.
func (p person) says(page webtest.Page, words ...string) {
	p.t.Helper()
	text := webtest.Text(page.Body, "body")
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Errorf("the page does not say %q: %s", w, webtest.Text(page.Body, "main"))
		}
	}
}

func jpegOf(shade uint8) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range 640 {
		img.Set(i, i%480, color.RGBA{200, shade, 40, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

var phones atomic.Int64

func newPhone() string { return fmt.Sprintf("0812%08d", 10_000_000+phones.Add(1)) }

// shop is an open shop whose owner is signed in and has just proven who they are.
type shop struct {
	person
	sc      authz.Scope
	slug    string
	phone   string
	product catalog.Product
	variant id.ID // Rp18.000
}

// at is an address of the shop's public pages.
func (s shop) at(rest string) string { return "/@" + s.slug + rest }

// job is the scope by which tests look into the shop.
func (s shop) job() authz.Scope { return authz.Job(s.sc.Business) }

// shop makes an open shop with one product of so many pieces, by the services;
// the story opens its shop through the pages.
func (s site) shop(t testing.TB, name string, pieces int64) shop {
	t.Helper()
	ctx := t.Context()
	sh := shop{phone: newPhone()}
	sh.person, sh.sc = s.plant(t, account.Planted{Name: "Euis " + name, Phone: parsed(t, sh.phone)})
	sc := sh.sc
	b, err := s.Shops.Create(ctx, sc, business.NewShop{
		ID: id.New(), Name: name, Trade: "T1", Village: jatimukti, Phone: sh.phone, SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	if b, err = s.Shops.Publish(ctx, sc); err != nil {
		t.Fatal(err)
	}
	sh.sc, sh.slug = sc, b.Slug
	sh.product = s.product(t, sc, "Keripik Singkong", 18_000, pieces)
	sh.variant = sh.product.Variants[0].ID
	st := payment.Defaults()
	st.Transfer, st.Accounts = true, []payment.Account{{Bank: "bca", Number: "1234567890", Holder: "Euis"}}
	if err := s.Payments.Put(ctx, sc, st); err != nil {
		t.Fatal(err)
	}
	d, err := s.Delivery.Get(ctx, sc)
	if err != nil {
		t.Fatal(err)
	}
	d.Pickup, d.Own, d.Flat = true, true, 5_000
	if err := s.Delivery.Put(ctx, sc, d); err != nil {
		t.Fatal(err)
	}
	sh.signIn(sh.phone)
	return sh
}

func (s site) product(t testing.TB, sc authz.Scope, title string, price, pieces int64) catalog.Product {
	t.Helper()
	p, err := s.Goods.Create(t.Context(), sc, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: title, Publish: true, Min: 1,
		Variants: []catalog.VariantForm{{ID: id.New(), Price: price, WeightGrams: 250, Tracked: true, Stock: &pieces}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parsed(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// plant writes a person, with a membership if p names a role, and signs them in if they have a phone.
func (s site) plant(t testing.TB, p account.Planted) (person, authz.Scope) {
	t.Helper()
	p.Person, p.Membership = id.New(), id.New()
	err := s.DB.Tx(t.Context(), authz.Job(p.Business), func(tx *store.Tx) error {
		return s.Accounts.Plant(t.Context(), tx, p, s.Accounts.Secret(password))
	})
	if err != nil {
		t.Fatal(err)
	}
	now := s.DB.Now()
	role := p.Role
	if role == "" {
		role = authz.Person
	}
	return s.person(t), authz.Scope{Actor: p.Person, Membership: p.Membership, Business: p.Business, Role: role, Perms: p.Perms, Regions: p.Regions, Now: now, ProvenAt: now}
}

func (p person) signIn(number string) {
	p.t.Helper()
	p.send(p.see("/masuk"), "/masuk", "who", number, "password", password)
}

// fillCheckout is the checkout's form for n pieces, brought home and paid on receipt.
func (p person) fillCheckout(sh shop, n string, name, number string) url.Values {
	p.t.Helper()
	page := p.see(sh.at("/p/" + sh.product.Slug))
	p.send(page, sh.at("/keranjang"), "quantity", n, "then", "order")
	page = p.see(sh.at("/pesan"))
	f := p.fill(page, sh.at("/pesan"), "name", name, "phone", number, "way", "own", "tempat", "jatimukti jatinangor", "street", "Jl. Raya 12", "pay", "cod")
	page = p.want(p.Post(sh.at("/pesan/ongkir"), f), http.StatusOK)
	return p.fill(page, sh.at("/pesan"), "pay", "cod")
}

// order buys n pieces and is the order's link.
func (p person) order(sh shop, n string, name, number string) string {
	p.t.Helper()
	return p.want(p.Post(sh.at("/pesan"), p.fillCheckout(sh, n, name, number)), http.StatusSeeOther).Location()
}

// free is how many pieces of the shop's variant can be sold.
func (s site) free(t testing.TB, sh shop) (n int64) {
	t.Helper()
	err := s.DB.View(t.Context(), sh.job(), func(tx *store.Tx) error {
		l, err := s.Stock.Levels(t.Context(), tx, sh.job(), []id.ID{sh.variant})
		n = l[sh.variant].Free()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// one reads a number by a statement of the test's own.
func (s site) one(t testing.TB, sc authz.Scope, query string, args ...any) (n int64) {
	t.Helper()
	err := s.DB.View(context.WithoutCancel(t.Context()), sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(t.Context(), query, args...).Scan(&n)
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
