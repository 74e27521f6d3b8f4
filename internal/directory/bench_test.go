package directory

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

var (
	benchWords = strings.Fields(`keripik singkong balado sambal cumi dodol ketan rengginang opak kopi cikuray kaos polos kemeja batik celana
		tas anyaman pandan kue nastar bolu brownies tahu tempe oncom bandrek bajigur peyek kacang emping melinjo abon sapi rendang seblak cilok
		basreng cireng wajit moci tapai sale pisang madu hutan gula aren teh celup jahe merah kunyit asam beras organik`)
	benchMore = strings.Fields(`pedas manis asin gurih original jumbo mini premium spesial khas asli rumahan kampung lembut renyah`)
)

// fill puts n shops with ten products each into the directory.
func fill(b testing.TB, db *store.DB, s *Service, n int) {
	b.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	regencies := region.Children("32")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for from := 0; from < n; from += 50 {
		err := db.Tx(store.Long(b.Context()), authz.Job(id.ID{}), func(tx *store.Tx) error {
			for i := from; i < min(from+50, n); i++ {
				districts := region.Children(regencies[rnd.IntN(len(regencies))].Code)
				villages := region.Children(districts[rnd.IntN(len(districts))].Code)
				opened := at.Add(time.Duration(i) * time.Minute)
				shop := business.Business{
					ID: id.New(), Slug: fmt.Sprintf("toko-%d", i), Name: fmt.Sprintf("Toko %s %d", benchWords[rnd.IntN(len(benchWords))], i),
					Trade: business.Trades[rnd.IntN(len(business.Trades))].ID, Village: villages[rnd.IntN(len(villages))].Code, PublishedAt: &opened,
				}
				var goods []catalog.Product
				for range 10 {
					title := benchWords[rnd.IntN(len(benchWords))] + " " + benchWords[rnd.IntN(len(benchWords))] + " " + benchMore[rnd.IntN(len(benchMore))]
					goods = append(goods, catalog.Product{ID: id.New(), Title: title, Variants: []catalog.Variant{{ID: id.New(), Price: 10_000}}})
				}
				if err := s.put(b.Context(), tx, summarize(tx, shop, goods, nil)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// Finding takes about as long among ten thousand shops as among a thousand.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
			b.Run(fmt.Sprintf("%s/%d", engine, n), func(b *testing.B) {
				db := open(b)
				s := New(db, nil, nil, nil)
				fill(b, db, s, n)
				for _, c := range []struct {
					what string
					q    Query
				}{
					{"newest", Query{}},
					{"trade in place", Query{Trade: "T1", Place: "32.05"}},
					{"common word", Query{Words: "keripik"}},
					{"two words in place", Query{Words: "keripik pedas", Place: "32.05"}},
					{"misspelt", Query{Words: "krupik siongkong"}},
				} {
					b.Run(c.what, func(b *testing.B) {
						for b.Loop() {
							if _, err := s.Find(b.Context(), c.q); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
			})
		}
	}
}
