package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"lapak/internal/api"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
)

// pageOf is any list of the API.
type pageOf struct {
	Items []struct {
		ID      string `json:"id"`
		Variant string `json:"variant"`
	} `json:"items"`
	Next string `json:"next_cursor"`
}

func (s site) placeOne(t testing.TB, sh shop) {
	t.Helper()
	s.placeBy(t, sh, newPhone())
}

func (s site) placeBy(t testing.TB, sh shop, phone string) {
	t.Helper()
	d := order.Draft{
		ID: id.New(), Channel: order.Chat, Lines: []stock.Want{{Variant: sh.variant, Quantity: 1}}, Name: "Pembeli", Phone: phone, Way: order.Pickup, PayBy: payment.Cash,
	}
	if _, err := s.Orders.Place(t.Context(), sh.sc, d); err != nil {
		t.Error(err)
	}
}

// While rows arrive, who goes through a list by its cursors sees every row that
// was there at the beginning, each once.
func TestPagesAreStableUnderWrites(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 5_000)
		p := s.program(t, s.key(t, sh, api.Grants...))
		var phones []string
		grow := func(i int) {
			phones = append(phones, newPhone())
			s.placeBy(t, sh, phones[i])
			s.product(t, sh.sc, fmt.Sprintf("Barang %s", id.New()), 5_000, 5)
		}
		for i := range 23 {
			grow(i)
		}
		for _, path := range []string{
			"/my/orders?limit=3", "/my/orders?tab=work&limit=4", "/my/products?limit=5", "/my/customers?limit=3", "/my/stock?limit=4",
			"/my/stock/" + sh.variant.String() + "/movements?x", "/shops/" + sh.slug + "/products?x",
		} {
			all := func(between func()) (list []string) {
				cursor, sep := "", "&"
				if path[len(path)-2:] == "?x" {
					sep = "?"
				}
				for range 200 {
					to := web.APIBase + path
					if sep == "?" {
						to = to[:len(to)-2]
					}
					if cursor != "" {
						to += sep + "cursor=" + cursor
					}
					got := p.ask("GET", to, "")
					var page pageOf
					if err := json.Unmarshal([]byte(got.Body), &page); err != nil || got.Status != 200 {
						t.Fatalf("%s: %d %s", to, got.Status, got.Body)
					}
					for _, it := range page.Items {
						list = append(list, it.ID+it.Variant)
					}
					if cursor = page.Next; cursor == "" {
						return list
					}
					between()
				}
				t.Fatalf("%s never ends", path)
				return nil
			}
			before := all(func() {})
			n := 0
			during := all(func() {
				s.placeBy(t, sh, phones[n]) // a customer of long ago orders again
				grow(len(phones))
				n++
			})
			seen := map[string]int{}
			for _, v := range during {
				seen[v]++
			}
			for _, v := range before {
				if seen[v] != 1 {
					t.Errorf("%s: %s was seen %d times while %d rows arrived", path, v, seen[v], n)
				}
			}
			if len(before) < 10 || n == 0 {
				t.Errorf("%s: void: %d rows, %d arrived", path, len(before), n)
			}
		}
		s.holds(t)
	})
}

// mostOf is how many statements an answer may need, whatever the shop holds;
// the two for the key included.
var mostOf = map[string]int64{
	"/shops": 3, "/shops/SHOP": 12, "/shops/SHOP/products": 12, "/my": 4, "/my/products?limit=100": 8, "/my/orders?limit=100": 4, "/my/customers?limit=100": 6,
	"/my/stock?limit=100": 6,
}

func TestAPIQueriesDoNotGrow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 5_000)
		secret := s.key(t, sh, api.Grants...)
		var mu sync.Mutex
		var last int64
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, n := store.CountQueries(r.Context())
			s.handler.ServeHTTP(w, r.WithContext(ctx))
			mu.Lock()
			defer mu.Unlock()
			last = n.Load()
		}))
		defer srv.Close()
		p := s.program(t, secret)
		p.ask("GET", web.APIBase+"/my", "") // its use is noted
		p.base = srv.URL
		visit := func() map[string]int64 {
			got := map[string]int64{}
			for _, path := range slices.Sorted(maps.Keys(mostOf)) {
				to := strings.Replace(path, "SHOP", sh.slug, 1)
				if a := p.ask("GET", web.APIBase+to, ""); a.Status != 200 {
					t.Fatalf("%s: %d %s", to, a.Status, a.Body)
				}
				mu.Lock()
				got[path] = last
				mu.Unlock()
			}
			return got
		}
		grow := func(n int) {
			for range n {
				s.placeOne(t, sh)
				s.product(t, sh.sc, "Barang "+id.New().String()[30:], 5_000, 50)
			}
		}
		grow(3)
		few := visit()
		grow(20)
		many := visit()
		for path, limit := range mostOf {
			t.Logf("%-24s %d, %d", path, few[path], many[path])
			kept := strings.HasPrefix(path, "/shops/") // made anew when something changed, which is told at any time
			if many[path] > few[path] && !kept || many[path] > limit {
				t.Errorf("%s: %d statements with a little data, %d with more, at most %d", path, few[path], many[path], limit)
			}
		}
	})
}

// BenchmarkAPI compares what a program and a person cost.
func BenchmarkAPI(b *testing.B) {
	s := newSite(b, storetest.SQLite(b))
	sh := s.shop(b, "Dapur Bu Euis", 900_000)
	for range 23 {
		s.product(b, sh.sc, "Barang "+id.New().String()[30:], 5_000, 50)
	}
	p := s.program(b, "")
	p.contract = &contract{}
	get := func(b *testing.B, path string) {
		for b.Loop() {
			res, err := p.client.Get(p.base + path)
			if err != nil || res.StatusCode != 200 {
				b.Fatal(res, err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
	b.Run("products-api", func(b *testing.B) { get(b, web.APIBase+"/shops/"+sh.slug+"/products") })
	b.Run("products-page", func(b *testing.B) { get(b, sh.at("")) })
	b.Run("order-api", func(b *testing.B) {
		body := `{"lines": [{"variant": "` + sh.variant.String() + `", "quantity": 1}], "name": "Rina", "phone": "081298765432", "way": "pickup", "pay": "cash", "seen_total": 18000}`
		for b.Loop() {
			if got := p.ask("POST", web.APIBase+"/shops/"+sh.slug+"/orders", body); got.Status != 201 {
				b.Fatal(got.Status, got.Body)
			}
		}
	})
	b.Run("order-page", func(b *testing.B) {
		buyer := s.person(b)
		f := buyer.fillCheckout(sh, "1", "Rina", "081298765432")
		for b.Loop() {
			f.Set("id", id.New().String())
			buyer.want(buyer.Post(sh.at("/pesan"), f), http.StatusSeeOther)
		}
	})
}
