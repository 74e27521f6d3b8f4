package store_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func TestSearch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b, c := id.New(), id.New(), id.New()
		put := func(docs ...store.SearchDoc) {
			t.Helper()
			err := db.Tx(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
				for _, d := range docs {
					if err := tx.SearchPut(t.Context(), d); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		find := func(want int, terms ...store.SearchTerm) []store.SearchHit {
			t.Helper()
			var hits []store.SearchHit
			err := db.View(t.Context(), authz.Visitor(id.ID{}), func(tx *store.Tx) (err error) {
				hits, err = tx.Search(t.Context(), 0, terms, 10)
				return err
			})
			if err != nil || len(hits) != want {
				t.Fatalf("Search(%v) = %v, %v; want %d hits", terms, hits, err, want)
			}
			return hits
		}
		put(store.SearchDoc{ID: a, Title: "keripik singkong", Weight: 3, Words: "keripik singkong balado garut qqp3205"},
			store.SearchDoc{ID: b, Title: "sambal cumi", Words: "sambal cumi garut 250g"},
			store.SearchDoc{ID: c, Title: "or", Words: "or and near kopi"})
		put(store.SearchDoc{ID: a, Title: "keripik singkong", Weight: 3, Words: "keripik singkong balado garut qqp3205"})

		if h := find(1, store.SearchTerm{Word: "keri", Prefix: true}, store.SearchTerm{Word: "qqp3205"}); h[0] != (store.SearchHit{a, "keripik singkong", 3}) {
			t.Errorf("found %v", h[0])
		}
		find(2, store.SearchTerm{Word: "garut"})
		find(0, store.SearchTerm{Word: "keri"})
		find(1, store.SearchTerm{Word: "or"}, store.SearchTerm{Word: "near'\"*"}, store.SearchTerm{Word: "and"})
		find(1, store.SearchTerm{Word: "250g"})
		find(0)

		put(store.SearchDoc{ID: a, Title: "opak", Words: "opak"}, store.SearchDoc{ID: b, Words: ""})
		find(0, store.SearchTerm{Word: "garut"})
		find(1, store.SearchTerm{Word: "opak"})

		// A group is searched by itself.
		shop := store.SearchDoc{ID: id.New(), Group: 1, Title: "opak bu imas", Words: "opak bu imas"}
		put(shop, shop)
		find(1, store.SearchTerm{Word: "opak"})
		inGroup := func() (hits []store.SearchHit) {
			t.Helper()
			if err := db.View(t.Context(), authz.Visitor(id.ID{}), func(tx *store.Tx) (err error) {
				hits, err = tx.Search(t.Context(), 1, []store.SearchTerm{{Word: "opak"}}, 10)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return hits
		}
		if h := inGroup(); len(h) != 1 || h[0].ID != shop.ID {
			t.Errorf("in the group: %v", h)
		}
		if err := db.Tx(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error { return tx.SearchDrop(t.Context(), shop.ID) }); err != nil || len(inGroup()) != 0 {
			t.Errorf("after it was dropped: %v, %v", inGroup(), err)
		}

		// An id made to fall upon another's place takes nothing from it.
		thief := id.New()
		copy(thief[8:], a[8:])
		for _, words := range []string{"curian", ""} {
			put(store.SearchDoc{ID: thief, Title: "curian", Words: words})
			if h := find(1, store.SearchTerm{Word: "opak"}); h[0].ID != a || h[0].Title != "opak" {
				t.Errorf("found %v", h[0])
			}
			find(0, store.SearchTerm{Word: "curian"})
		}
	})
}

// What was written piece by piece is joined, and found as before.
func TestSearchTidy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for range 60 {
			if err := db.Tx(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
				for range 20 {
					if err := tx.SearchPut(t.Context(), store.SearchDoc{ID: id.New(), Title: "opak", Words: "opak bakar " + id.Token()}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		look := func() (found int, pieces int64) {
			if err := db.View(t.Context(), authz.Visitor(id.ID{}), func(tx *store.Tx) error {
				hits, err := tx.Search(t.Context(), 0, []store.SearchTerm{{Word: "opak"}, {Word: "bakar"}}, 5000)
				if found = len(hits); err != nil || db.Postgres() {
					return err
				}
				return tx.QueryRowContext(t.Context(), "SELECT count(DISTINCT segid) FROM search_docs_idx").Scan(&pieces)
			}); err != nil {
				t.Fatal(err)
			}
			return found, pieces
		}
		if n, pieces := look(); n != 1200 || !db.Postgres() && pieces < 2 {
			t.Fatalf("void: %d found, %d pieces", n, pieces)
		}
		for range 2 { // the second time there is nothing to do
			if err := db.SearchTidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, pieces := look(); n != 1200 || pieces > 1 {
				t.Errorf("%d found, %d pieces", n, pieces)
			}
		}
	})
}

// The same search finds the same each time, else a list's second page would not
// follow its first. PostgreSQL would read a table of this size from where it
// stopped the last time.
func TestTheSameSearchFindsTheSame(t *testing.T) {
	dsn := storetest.PostgresDSN(t)
	db := storetest.Open(t, dsn)
	owner, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.WithoutCancel(t.Context())) }()
	for _, q := range []string{
		"DROP INDEX search_docs_words", // so that the rows are read one after the other
		`INSERT INTO search_docs (doc, id, title, weight, words)
		SELECT g, CAST(lpad(to_hex(g), 32, '0') AS uuid), repeat('kata ', 60), 2, array_to_tsvector(ARRAY[CASE WHEN g % 12 = 0 THEN 'keripik' ELSE 'lain' END])
		FROM generate_series(1, 110000) g`,
	} {
		if _, err := owner.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	var first []store.SearchHit
	for range 4 {
		err := db.View(t.Context(), authz.Visitor(id.ID{}), func(tx *store.Tx) error {
			hits, err := tx.Search(t.Context(), 0, []store.SearchTerm{{Word: "keripik"}}, 120)
			if first == nil {
				first = hits
			}
			if !slices.Equal(hits, first) || len(hits) != 120 {
				t.Errorf("%d hits, not those of the first search", len(hits))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A database that goes back to the form before groups, and on again, finds what
// it found.
func TestSearchGroupsGoBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		engine := "sqlite"
		if db.Postgres() {
			engine = "postgres"
		}
		text, err := os.ReadFile("migrations/" + engine + "/0101_search_group.sql")
		if err != nil {
			t.Fatal(err)
		}
		up, down, ok := strings.Cut(string(text), "-- +goose Down")
		if !ok {
			t.Fatal("no way back")
		}
		shop, good := store.SearchDoc{ID: id.New(), Group: 1, Title: "opak", Weight: 2, Words: "opak bu imas"}, store.SearchDoc{ID: id.New(), Title: "opak", Words: "opak"}
		var before, after []store.SearchHit
		err = db.Tx(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
			for _, d := range []store.SearchDoc{shop, good} {
				if err := tx.SearchPut(t.Context(), d); err != nil {
					return err
				}
			}
			if _, err := tx.ExecContext(t.Context(), down); err != nil {
				return err
			}
			var err error
			if before, err = tx.Search(t.Context(), 0, []store.SearchTerm{{Word: "opak"}, {Word: "imas"}}, 10); err != nil {
				return err
			}
			if _, err := tx.ExecContext(t.Context(), up); err != nil {
				return err
			}
			after, err = tx.Search(t.Context(), 1, []store.SearchTerm{{Word: "opak"}, {Word: "imas"}}, 10)
			return err
		})
		if err != nil || len(before) != 1 || before[0].ID != shop.ID || before[0].Weight != 1002 {
			t.Errorf("the form before finds %+v, %v", before, err)
		}
		if len(after) != 1 || after[0].ID != shop.ID || after[0].Weight != 2 {
			t.Errorf("after going back and on: %+v", after)
		}
	})
}
