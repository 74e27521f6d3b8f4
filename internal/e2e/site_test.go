// Package e2e tries the whole site in a real browser, as the people who use it
// do: with the thumb on a small phone. Its tests share one browser and one
// installation; each person has a browser context of their own.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

const (
	password = "kopi tubruk panas 7"
	// village is where every shop and buyer of these tests lives.
	village = "32.11.01.2001"
	// seed is the second step of the office's people.
	seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

// site is a whole installation, and the browser that looks at it.
type site struct {
	*app.App
	url     string
	browser *browsertest.Browser
	secret  account.Secret
}

func newSite(t *testing.T) *site {
	t.Helper()
	log := slog.New(slog.NewTextHandler(writer{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c := app.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "warn", LogFormat: "text", RateFactor: 1000}
	srv := httptest.NewUnstartedServer(nil)
	c.BaseURL = "http://" + srv.Listener.Addr().String()
	a, err := app.Wire(c, storetest.SQLite(t), bytes.Repeat([]byte{3}, 32), log)
	if err != nil {
		t.Fatal(err)
	}
	h, err := a.Handler()
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = h
	srv.Start()
	t.Cleanup(srv.Close)
	t.Cleanup(func() {
		if n := a.Words.Missing.Load(); n > 0 {
			t.Errorf("%d times a word was asked for that no id.json has", n)
		}
	})
	return &site{a, c.BaseURL, browsertest.Start(t), a.Accounts.Secret(password)}
}

type writer struct{ t testing.TB }

func (w writer) Write(b []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(b))
	return len(b), nil
}

// hand is somebody with a phone, whose taps and typing are counted.
type hand struct {
	*browsertest.Tab
	t     testing.TB
	site  *site
	taps  int
	typed int
}

func (s *site) hand(t testing.TB, v browsertest.View) *hand {
	t.Helper()
	return &hand{Tab: s.browser.Tab(t, v), t: t, site: s}
}

// open goes to a path of the site.
func (h *hand) open(path string) {
	h.t.Helper()
	h.Go(h.site.url + path)
}

// tap presses something that stays on the page.
func (h *hand) tap(selector string) {
	h.t.Helper()
	h.taps++
	h.Tap(selector)
}

// send presses something that leads to another page, which must be quiet and fit.
func (h *hand) send(selector string) {
	h.t.Helper()
	h.taps++
	h.Calm()
	h.Send(selector)
	h.Calm()
	h.Fits()
}

// typein fills in a field.
func (h *hand) typein(selector, text string) {
	h.t.Helper()
	h.typed++
	h.Fill(selector, text)
}

// pick chooses from a list.
func (h *hand) pick(selector, value string) {
	h.t.Helper()
	h.Wait(selector)
	browsertest.Eval[bool](h.Tab, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`, selector, value))
}

// says fails the test unless the page has the words.
func (h *hand) says(words ...string) {
	h.t.Helper()
	text := h.Text("body")
	for _, w := range words {
		if !strings.Contains(text, w) {
			h.t.Errorf("%s does not say %q: %s", h.At(), w, text)
		}
	}
}

// is fails the test unless the page is that of the path.
func (h *hand) is(path string) {
	h.t.Helper()
	if at := strings.TrimPrefix(h.At(), h.site.url); at != path && !strings.HasPrefix(at, path+"?") && !strings.HasPrefix(at, path+"#") {
		h.t.Fatalf("the page is %s, want %s: %s", at, path, h.Text("main"))
	}
}

// signIn signs in with a phone number and, where one is due, a code.
func (h *hand) signIn(number string) {
	h.t.Helper()
	h.open("/masuk")
	h.Fill("#who", number)
	h.Fill("#password", password)
	h.Send(`form[action="/masuk"] .btn.primary`)
	if strings.Contains(h.At(), "/masuk/kode") {
		code, err := totp.GenerateCode(seed, time.Now())
		if err != nil {
			h.t.Fatal(err)
		}
		h.Fill("#code", code)
		h.Send(`form[action="/masuk/kode"] .btn.primary`)
	}
	if strings.Contains(h.At(), "/masuk") {
		h.t.Fatalf("%s is not signed in: %s", number, h.Text("main"))
	}
}

var phones atomic.Int64

func newPhone() string { return fmt.Sprintf("0812%08d", 10_000_000+phones.Add(1)) }

// photo is a picture as a phone's camera makes them: large, with soft light.
func photo(t testing.TB, width, height int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			dx, dy := float64(x-width/2)/float64(width), float64(y-height/2)/float64(height)
			d := math.Hypot(dx, dy)
			c := color.RGBA{uint8(235 - 90*d), uint8(210 - 120*d), uint8(170 - 130*d), 255}
			if d < 0.33 {
				c = color.RGBA{uint8(200 + 30*math.Sin(40*dx)), uint8(150 + 25*math.Cos(37*dy)), uint8(60 + 20*math.Sin(50*d)), 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	path := filepath.Join(t.TempDir(), "keripik.jpg")
	f, err := os.Create(path)
	if err == nil {
		err = jpeg.Encode(f, img, &jpeg.Options{Quality: 92})
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// plant writes a person, with a membership if p names a role, and returns the
// phone number to sign in with.
func (s *site) plant(t testing.TB, p account.Planted) (authz.Scope, string) {
	t.Helper()
	number := newPhone()
	n, err := phone.Parse(number)
	if err != nil {
		t.Fatal(err)
	}
	p.Person, p.Membership, p.Phone = id.New(), id.New(), n
	err = s.DB.Tx(context.Background(), authz.Job(p.Business), func(tx *store.Tx) error {
		return s.Accounts.Plant(context.Background(), tx, p, s.secret)
	})
	if err != nil {
		t.Fatal(err)
	}
	now, role := s.DB.Now(), p.Role
	if role == "" {
		role = authz.Person
	}
	return authz.Scope{Actor: p.Person, Membership: p.Membership, Business: p.Business, Role: role, Perms: p.Perms, Regions: p.Regions, Now: now, ProvenAt: now}, number
}

// shop is an open shop with two products.
type shop struct {
	site    *site
	t       testing.TB
	sc      authz.Scope
	slug    string
	phone   string
	product catalog.Product // Rp18.000, with a photo
	choice  catalog.Product // in two sizes, without
}

// shop makes an open shop by the services.
func (s *site) shop(t testing.TB, name string) shop {
	t.Helper()
	ctx := t.Context()
	sh := shop{site: s, t: t}
	sh.sc, sh.phone = s.plant(t, account.Planted{Name: "Eneng " + name})
	sc := sh.sc
	b, err := s.Shops.Create(ctx, sc, business.NewShop{ID: id.New(), Name: name, Trade: "T1", Village: village, Phone: sh.phone, SoldBefore: business.SoldConventional})
	must(t, err)
	sc.Role, sc.Business = authz.Owner, b.ID
	b, err = s.Shops.Publish(ctx, sc)
	must(t, err)
	sh.sc, sh.slug = sc, b.Slug
	f, err := os.Open(photo(t, 1200, 1200))
	must(t, err)
	defer f.Close()
	pic, err := s.Blobs.Upload(ctx, sc, f)
	must(t, err)
	forty, few := int64(40), int64(2)
	sh.product, err = s.Goods.Create(ctx, sc, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik Singkong Balado Daun Jeruk", About: "Renyah, digoreng tiap pagi.\n\nTahan tiga minggu.", Category: "Camilan",
		Publish: true, Min: 1, Photos: []catalog.PhotoForm{{ID: pic.ID, Alt: "Keripik di piring"}},
		Variants: []catalog.VariantForm{{ID: id.New(), Price: 18_000, WeightGrams: 250, Tracked: true, Stock: &forty}},
	})
	must(t, err)
	sh.choice, err = s.Goods.Create(ctx, sc, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Sambal Terasi", Category: "Bumbu", Publish: true, Min: 1,
		Options: []catalog.Option{{Name: "Ukuran", Values: []string{"Kecil", "Besar"}}},
		Variants: []catalog.VariantForm{
			{ID: id.New(), Choices: []string{"Kecil"}, Price: 12_500, WeightGrams: 150, Tracked: true, Stock: &few},
			{ID: id.New(), Choices: []string{"Besar"}, Price: 22_500, WeightGrams: 300},
		},
	})
	must(t, err)
	st := payment.Defaults()
	st.Transfer, st.Accounts = true, []payment.Account{{Bank: "bca", Number: "1234567890", Holder: "Eneng"}}
	must(t, s.Payments.Put(ctx, sc, st))
	d, err := s.Delivery.Get(ctx, sc)
	must(t, err)
	d.Pickup, d.Own, d.Flat = true, true, 5_000
	must(t, s.Delivery.Put(ctx, sc, d))
	return sh
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at is an address of the shop's public pages.
func (s shop) at(rest string) string { return "/@" + s.slug + rest }

// order is an order from a buyer, brought home, moved on by the owner's acts.
func (s shop) order(name string, pay payment.Method, moves ...order.Move) order.Order {
	s.t.Helper()
	ctx := s.t.Context()
	guest := authz.Scope{Role: authz.Guest, Business: s.sc.Business, Now: s.sc.Now}
	d := order.Draft{
		ID: id.New(), Channel: order.Web, Name: name, Phone: newPhone(), Way: order.Own, Village: village, Street: "Jl. Raya Jatinangor No. 12 RT 02 RW 05",
		Landmark: "Gang sebelah warung Bu Iis, pagar hijau", PayBy: pay, Note: "Jangan terlalu pedas ya, Bu.", Consent: true,
		Lines: []stock.Want{{Variant: s.product.Variants[0].ID, Quantity: 2}, {Variant: s.choice.Variants[1].ID, Quantity: 1}},
	}
	q, err := s.site.Orders.Quote(ctx, guest, d)
	must(s.t, err)
	d.SeenTotal = q.Total
	o, err := s.site.Orders.Place(ctx, guest, d)
	must(s.t, err)
	for _, m := range moves {
		m.ID = id.New()
		if m.Act == order.ActClaim || m.Act == order.ActComplain || m.Act == order.ActWithdraw {
			o, err = s.site.Orders.DoByLink(ctx, s.site.Orders.Link(o), m)
		} else {
			o, err = s.site.Orders.Do(ctx, s.sc, o.ID, m)
		}
		if err != nil {
			s.t.Fatalf("%s: %v", m.Act, err)
		}
	}
	return o
}
