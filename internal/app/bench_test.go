package app_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/demo"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// BenchmarkPages asks the handler itself, without a network: what a page costs
// in time and memory, and how many statements it needs.
func BenchmarkPages(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			db := open(b)
			a, err := app.Wire(app.Config{Addr: "127.0.0.1:0", Data: b.TempDir(), LogLevel: "info", LogFormat: "json", RateFactor: 1_000_000}, db,
				bytes.Repeat([]byte{3}, 32), slog.New(slog.NewJSONHandler(io.Discard, nil)))
			if err != nil {
				b.Fatal(err)
			}
			m, err := demo.New(demo.Parts{DB: db, Accounts: a.Accounts, Orders: a.Orders, Parcels: a.Parcels, Directory: a.Directory, Vouchers: a.Vouchers},
				demo.Size{Businesses: 2, Orders: 200, Seed: 1}, time.Now())
			if err != nil {
				b.Fatal(err)
			}
			if err := m.Prepare(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := m.Fill(b.Context()); err != nil {
				b.Fatal(err)
			}
			h, err := a.Handler()
			if err != nil {
				b.Fatal(err)
			}
			ask := func(method, path, body, cookie string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(method, path, strings.NewReader(body))
				r.Header.Set("Accept-Encoding", "gzip")
				r.Header.Set("Sec-Fetch-Site", "same-origin")
				if body != "" {
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				if cookie != "" {
					r.Header.Set("Cookie", cookie)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}
			in := ask("POST", "/masuk", url.Values{"who": {demo.PhoneOwner}, "password": {demo.Password}}.Encode(), "")
			var cookie string
			for _, c := range in.Result().Cookies() {
				cookie += c.Name + "=" + c.Value + "; "
			}
			shop, good := "/@"+m.Showcase(), "/@"+m.Showcase()+"/p/"+m.Good()
			owner := m.IDs()[0]
			var variant string
			if err := db.View(b.Context(), authz.Job(owner), func(tx *store.Tx) error {
				var v id.ID
				err := tx.QueryRowContext(b.Context(), "SELECT v.id FROM variants v JOIN products p ON p.business_id = v.business_id AND p.id = v.product_id WHERE v.business_id = $1 AND p.slug = $2 LIMIT 1", owner, m.Good()).Scan(&v)
				variant = v.String()
				return err
			}); err != nil {
				b.Fatal(err)
			}
			var box id.ID
			if err := db.View(b.Context(), authz.Job(owner), func(tx *store.Tx) error {
				return tx.QueryRowContext(b.Context(), "SELECT id FROM parcels WHERE business_id = $1 ORDER BY changed_at DESC LIMIT 1", owner).Scan(&box)
			}); err != nil {
				b.Fatal(err)
			}
			tracking := "/lacak/" + a.Parcels.Link(owner, box)
			form := func() url.Values {
				return url.Values{"id": {id.New().String()}, "name": {"Rina"}, "phone": {"085710000001"}, "way": {"pickup"}, "pay": {"cash"}, "seen": {"1"}, "lines.0.variant": {variant}, "lines.0.quantity": {"1"}}
			}
			for _, c := range []struct {
				name   string
				status int
				ask    func(i int) *httptest.ResponseRecorder
			}{
				{"shop", 200, func(int) *httptest.ResponseRecorder { return ask("GET", shop, "", "") }},
				{"uncached", 200, func(i int) *httptest.ResponseRecorder {
					return ask("GET", fmt.Sprintf("%s?kategori=%d", shop, i), "", "")
				}},
				{"product", 200, func(int) *httptest.ResponseRecorder { return ask("GET", good, "", "") }},
				{"tracking", 200, func(int) *httptest.ResponseRecorder { return ask("GET", tracking, "", "") }},
				{"search", 200, func(int) *httptest.ResponseRecorder { return ask("GET", "/?q=kopi", "", "") }},
				{"today", 200, func(int) *httptest.ResponseRecorder { return ask("GET", "/hari-ini", "", cookie) }},
				{"orders", 200, func(int) *httptest.ResponseRecorder { return ask("GET", "/pesanan", "", cookie) }},
				{"quote", 200, func(int) *httptest.ResponseRecorder { return ask("POST", shop+"/pesan/ongkir", form().Encode(), "") }},
			} {
				b.Run(c.name, func(b *testing.B) {
					b.ReportAllocs()
					ctx, n := store.CountQueries(b.Context())
					_ = ctx
					_ = n
					i := 0
					for b.Loop() {
						i++
						if w := c.ask(i); w.Code != c.status {
							b.Fatalf("status %d", w.Code)
						}
					}
				})
			}
		})
	}
}

var _ = http.MethodGet
