package app_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// most is how many statements a page may need, whatever the shop holds. Who
// makes a page dearer changes the number here, and says why.
var most = map[string]int64{
	"/": 2, "/@SHOP": 0, "/@SHOP/p/GOOD": 0, "/@SHOP anew": 8, "/@SHOP/p/GOOD anew": 9, "/@SHOP sold": 1, "/@SHOP/p/GOOD sold": 1, "/@SHOP/pesan": 7, "/o/TOKEN": 9,
	"/hari-ini": 11, "/pesanan": 4, "/pesanan?tab=work": 4, "/pesanan/ORDER": 8, "/pesanan/baru": 10, "/pesanan/baru?jenis=kasir": 10, "/pesanan/ORDER/ubah": 11,
	"/produk": 7, "/produk/PRODUCT": 7, "/produk/baru": 3, "/stok": 5, "/stok/VARIANT": 7, "/stok/hitung": 4, "/pelanggan": 6, "/pelanggan/CUSTOMER": 6,
	"/voucher": 5, "/ongkir": 7, "/ongkir/daerah": 7, "/ongkir/berkas": 7, "/pembayaran": 4, "/toko": 3, "/setoran": 15, "/setoran/saya": 9, "/setoran/terima": 4, "/karyawan": 5, "/riwayat": 4, "/antaran": 5, "/lainnya": 3, "/akun": 8,
}

// counting puts a counter around the site: what each address needed.
func counting(s site, t *testing.T) (string, func(path string) int64) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]int64{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, n := store.CountQueries(r.Context())
		s.handler.ServeHTTP(w, r.WithContext(ctx))
		mu.Lock()
		defer mu.Unlock()
		seen[r.URL.RequestURI()] = n.Load()
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func(path string) int64 {
		mu.Lock()
		defer mu.Unlock()
		return seen[path]
	}
}

func TestQueriesDoNotGrow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 5_000)
		base, count := counting(s, t)
		home, err := url.Parse(s.url)
		if err != nil {
			t.Fatal(err)
		}
		moved, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		sh.Client.Jar.SetCookies(moved, sh.Client.Jar.Cookies(home))
		sh.URL = base

		var last order.Order
		grow := func(n int) {
			for i := range n {
				p := s.product(t, sh.sc, "Barang "+id.New().String()[30:], 5_000, 50)
				wants := []stock.Want{{Variant: sh.variant, Quantity: 1}, {Variant: p.Variants[0].ID, Quantity: 1}}
				d := order.Draft{
					ID: id.New(), Channel: order.Chat, Lines: wants, Name: "Pembeli", Phone: newPhone(), Way: order.Own, Village: jatimukti, Street: "Jl. Raya", PayBy: payment.COD,
				}
				o, err := s.Orders.Place(t.Context(), sh.sc, d)
				if err != nil {
					t.Fatal(err)
				}
				if i%2 == 0 {
					if _, err := s.Orders.Do(t.Context(), sh.sc, o.ID, order.Move{ID: id.New(), Act: order.ActPack}); err != nil {
						t.Fatal(err)
					}
				} else {
					last = o
				}
			}
			if _, err := s.Jobs.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		// heard waits until PostgreSQL has told of all changes once more.
		heard := func() {
			for v, same := uint64(0), 0; s.DB.Postgres() && same < 20; same++ {
				if now := s.DB.Version(sh.sc.Business); now != v {
					v, same = now, 0
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		visit := func() map[string]int64 {
			got := map[string]int64{}
			heard()
			buyer := s.person(t)
			buyer.fillCheckout(sh, "1", "Rina", newPhone())
			visitor := s.person(t)
			buyer.URL, visitor.URL = base, base
			buyer.Client.Jar.SetCookies(moved.JoinPath(sh.at("")), buyer.Client.Jar.Cookies(home.JoinPath(sh.at("/pesan"))))
			for _, path := range slices.Sorted(maps.Keys(most)) {
				to := path
				if strings.Contains(path, " ") {
					continue
				}
				for hole, v := range map[string]string{
					"SHOP": sh.slug, "GOOD": sh.product.Slug, "TOKEN": s.Orders.Link(last), "ORDER": last.ID.String(), "PRODUCT": sh.product.ID.String(),
					"VARIANT": sh.variant.String(), "CUSTOMER": last.Customer.String(),
				} {
					to = strings.ReplaceAll(to, hole, v)
				}
				who := sh.person
				if to == sh.at("") || strings.HasPrefix(to, sh.at("/p/")) {
					who = visitor // without a cart, whose page is kept in memory
				} else if to == "/" || strings.HasPrefix(to, "/@") || strings.HasPrefix(to, "/o/") {
					who = buyer
				}
				if who == visitor { // the page is made anew after a change of the owner's, and after a sale
					for what, touch := range map[string]func(*store.Tx){
						" anew": func(tx *store.Tx) { tx.Touch(sh.sc.Business) }, " sold": func(tx *store.Tx) { tx.TouchStock(sh.sc.Business) },
					} {
						who.see(to)
						err := s.DB.Tx(t.Context(), sh.job(), func(tx *store.Tx) error {
							touch(tx)
							return nil
						})
						if err != nil {
							t.Fatal(err)
						}
						heard()
						who.see(to)
						got[path+what] = count(to)
					}
				}
				who.see(to)
				who.see(to)
				got[path] = count(to)
				who.see(to) // who is signed in is read anew every second, perhaps just now
				got[path] = min(got[path], count(to))
			}
			return got
		}
		grow(4)
		few := visit()
		grow(36)
		many := visit()
		for path, limit := range most {
			t.Logf("%-28s %d, %d", path, few[path], many[path])
			if many[path] > few[path] {
				t.Errorf("%s: %d statements with a little data, %d with more", path, few[path], many[path])
			}
			if many[path] > limit {
				t.Errorf("%s: %d statements, at most %d", path, many[path], limit)
			}
		}
		s.holds(t)
	})
}
