package directory_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/directory"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

var root = []byte(strings.Repeat("k", 32))

// town is a server with its services.
type town struct {
	db    *store.DB
	shops *business.Service
	goods *catalog.Service
	*directory.Service
}

func newTown(t testing.TB, db *store.DB) *town {
	t.Helper()
	shops, err := business.New(db, account.New(db, root), root)
	if err != nil {
		t.Fatal(err)
	}
	goods := catalog.New(db, shops, blob.New(db))
	shelf := stock.New(db, goods)
	goods.OnStock = shelf.Set
	return &town{db, shops, goods, directory.New(db, shops, goods, shelf)}
}

// open opens a shop that sells each of the titles.
func (w *town) open(t testing.TB, name, trade, village string, titles ...string) authz.Scope {
	t.Helper()
	ctx, now := t.Context(), w.db.Now()
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := w.shops.Create(ctx, sc, business.NewShop{
		ID: id.New(), Name: name, Trade: trade, Village: village, Phone: "081234567890", SoldBefore: business.SoldOnline,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	if _, err := w.shops.Publish(ctx, sc); err != nil {
		t.Fatal(err)
	}
	ten := int64(10)
	for _, title := range titles {
		_, err := w.goods.Create(ctx, sc, catalog.Form{
			ID: id.New(), Edit: id.New(), Title: title, Publish: true, Min: 1,
			Variants: []catalog.VariantForm{{ID: id.New(), Price: 15_000, Tracked: true, Stock: &ten}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.refresh(t, sc)
	return sc
}

func (w *town) refresh(t testing.TB, sc authz.Scope) {
	t.Helper()
	if err := w.Refresh(t.Context(), authz.Job(sc.Business)); err != nil {
		t.Fatal(err)
	}
}

func (w *town) find(t testing.TB, q directory.Query) (shops, goods []string, r directory.Result) {
	t.Helper()
	r, err := w.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Shops {
		shops = append(shops, s.Name)
	}
	for _, p := range r.Products {
		goods = append(goods, p.Title)
	}
	return shops, goods, r
}

const (
	sumedang = "32.11.01.2001"
	garut    = "32.05.01.1001"
)

func TestFind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		euis := w.open(t, "Dapur Bu Euis", "T1", garut, "Keripik Singkong Balado", "Sambal Cumi", "Dodol Ketan")
		w.open(t, "Konveksi Jaya", "T3", sumedang, "Kaos Polos", "Kemeja Batik")
		w.open(t, "Rasa Sumedang", "T1", sumedang, "Keripik Tempe", "Tahu Sumedang")

		for _, c := range []struct {
			what         string
			q            directory.Query
			shops, goods []string
			meant        string
		}{
			{"all", directory.Query{}, []string{"Rasa Sumedang", "Konveksi Jaya", "Dapur Bu Euis"}, nil, ""},
			{"a trade", directory.Query{Trade: "T1"}, []string{"Rasa Sumedang", "Dapur Bu Euis"}, nil, ""},
			{"a regency", directory.Query{Place: "32.05"}, []string{"Dapur Bu Euis"}, nil, ""},
			{"a trade in a regency", directory.Query{Place: "32.11", Trade: "T1"}, []string{"Rasa Sumedang"}, nil, ""},
			{"a code that only begins alike", directory.Query{Place: "32.1"}, nil, nil, ""},
			{"a word", directory.Query{Words: "keripik"}, nil, []string{"Keripik Singkong Balado", "Keripik Tempe"}, ""},
			{"its beginning", directory.Query{Words: "kerip"}, nil, []string{"Keripik Singkong Balado", "Keripik Tempe"}, ""},
			{"misspelt", directory.Query{Words: "kripik tempeh"}, nil, []string{"Keripik Tempe"}, "keripik tempe"},
			{"word and place", directory.Query{Words: "keripik", Place: "32.11"}, nil, []string{"Keripik Tempe"}, ""},
			{"a shop", directory.Query{Words: "bu euis"}, []string{"Dapur Bu Euis"}, []string{"Dodol Ketan", "Keripik Singkong Balado", "Sambal Cumi"}, ""},
			{"nothing", directory.Query{Words: "xyzzy"}, nil, nil, ""},
			{"no words in it", directory.Query{Words: "?! *"}, []string{"Rasa Sumedang", "Konveksi Jaya", "Dapur Bu Euis"}, nil, ""},
		} {
			shops, goods, r := w.find(t, c.q)
			slices.Sort(goods)
			if !slices.Equal(shops, c.shops) || !slices.Equal(goods, c.goods) || r.Meant != c.meant {
				t.Errorf("%s: shops %q, goods %q, meant %q; want %q, %q, %q", c.what, shops, goods, r.Meant, c.shops, c.goods, c.meant)
			}
		}

		// A shop that pauses stays, one that ends goes, with its words.
		if err := w.shops.Hide(t.Context(), officer(), euis.Business, "Barang yang dijual melanggar aturan."); err != nil {
			t.Fatal(err)
		}
		w.refresh(t, euis)
		w.refresh(t, euis)
		if shops, goods, _ := w.find(t, directory.Query{Words: "dodol"}); len(shops)+len(goods) != 0 {
			t.Errorf("a hidden shop is found: %q %q", shops, goods)
		}
		if _, _, r := w.find(t, directory.Query{Words: "dodo"}); r.Meant != "" {
			t.Errorf("a word of a hidden shop is proposed: %q", r.Meant)
		}
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := w.Map(t.Context(), 0, directory.Buckets-1)
		if err != nil || len(list) != 6 {
			t.Errorf("the site map lists %d addresses, %v; want 6", len(list), err)
		}
	})
}

func officer() authz.Scope {
	return authz.Scope{Actor: id.New(), Membership: id.New(), Role: authz.Office, Perms: []authz.Perm{authz.PermHide, authz.PermRegistry}, Regions: []string{"32"}}
}

// A word that a shop begins to use while unused ones are forgotten keeps its
// misspellings.
func TestSweepBesideANewUse(t *testing.T) {
	db := storetest.Postgres(t)
	w := newTown(t, db)
	w.open(t, "Dapur Euis", "T1", garut, "Keripik")
	exec := func(tx *store.Tx, query string) error {
		_, err := tx.ExecContext(t.Context(), query)
		return err
	}
	everybody := authz.Job(id.ID{})
	if err := db.Tx(t.Context(), everybody, func(tx *store.Tx) error {
		return exec(tx, "UPDATE directory_words SET uses = 0 WHERE word = 'keripik'")
	}); err != nil {
		t.Fatal(err)
	}
	swept := make(chan error, 1)
	if err := db.Tx(t.Context(), everybody, func(tx *store.Tx) error {
		if err := exec(tx, "UPDATE directory_words SET uses = uses + 1 WHERE word = 'keripik'"); err != nil {
			return err
		}
		go func() { swept <- w.Sweep(context.WithoutCancel(t.Context())) }()
		time.Sleep(300 * time.Millisecond) // it waits for the word meanwhile
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-swept; err != nil {
		t.Fatal(err)
	}
	if _, goods, r := w.find(t, directory.Query{Words: "kripik"}); r.Meant != "keripik" || len(goods) != 1 {
		t.Errorf("kripik finds %q, meant %q", goods, r.Meant)
	}
}

// Pages follow one another without a gap or a repeat.
func TestPaging(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		var titles []string
		for i := range 60 {
			titles = append(titles, fmt.Sprintf("Kopi nomor %d", i))
		}
		w.open(t, "Kopi Cikuray", "T1", garut, titles...)
		for i := range 30 {
			w.open(t, fmt.Sprintf("Warung %d", i), "T2", sumedang)
		}
		for _, q := range []directory.Query{{Words: "kopi"}, {}} {
			seen := map[string]bool{}
			for range 10 {
				shops, goods, r := w.find(t, q)
				if q.Words != "" {
					shops = nil
				}
				for _, name := range append(shops, goods...) {
					if seen[name] {
						t.Fatalf("%q comes twice", name)
					}
					seen[name] = true
				}
				if q.Page = r.More; q.Page == "" {
					break
				}
			}
			if want := map[bool]int{true: 60, false: 31}[q.Words != ""]; len(seen) != want {
				t.Errorf("%q: %d seen, want %d", q.Words, len(seen), want)
			}
		}
		ctx, n := store.CountQueries(t.Context())
		if _, err := w.Find(ctx, directory.Query{Words: "kpoi ciukray jwaa brat xx yyy"}); err != nil {
			t.Fatal(err)
		}
		if n.Load() > 20 {
			t.Errorf("the worst search takes %d queries", n.Load())
		}
	})
}
