package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// shop is a business with its owner; booked is the stock that was typed.
type shop struct {
	db     *store.DB
	sc     authz.Scope
	goods  *Service
	blobs  *blob.Service
	booked []StockSet
}

func newShop(t testing.TB, db *store.DB) *shop {
	t.Helper()
	s := &shop{db: db, blobs: blob.New(db)}
	s.goods = New(db, new(business.Service), s.blobs)
	s.goods.OnStock = func(_ context.Context, _ *store.Tx, _ authz.Scope, sets []StockSet) error {
		s.booked = append(s.booked, sets...)
		return nil
	}
	s.sc = authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: time.Now()}
	return s
}

func form(title string) Form {
	stock := int64(7)
	return Form{
		ID: id.New(), Edit: id.New(), Title: title, Publish: true, Category: "Camilan",
		Variants: []VariantForm{{ID: id.New(), Price: 15_000, Tracked: true, Stock: &stock}},
	}
}

func (s *shop) create(t testing.TB, d Form) Product {
	t.Helper()
	p, err := s.goods.Create(t.Context(), s.sc, d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *shop) photo(t testing.TB) blob.Photo {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	img.Set(1, 1, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	p, err := s.blobs.Upload(t.Context(), s.sc, &b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCreateOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		d := form("  Keripik   Singkong\u202e Balado ")
		d.Photos = []PhotoForm{{s.photo(t).ID, "Keripik merah"}}
		p := s.create(t, d)
		if p.Title != "Keripik Singkong Balado" || p.Slug != "keripik-singkong-balado" || p.State != Published || p.Category != "Camilan" || len(p.Photos) != 1 || p.Min != 1 {
			t.Errorf("Create = %+v", p)
		}
		if again := s.create(t, d); again.ID != p.ID {
			t.Errorf("the form sent twice made %v and %v", p.ID, again.ID)
		}
		if len(s.booked) != 1 || s.booked[0].Actual != 7 || !s.booked[0].Opening {
			t.Errorf("booked %+v, want 7 pieces once", s.booked)
		}
		d.Title = "Lain"
		if _, err := s.goods.Create(t.Context(), s.sc, d); fault.Of(err).Field("id") == nil {
			t.Errorf("another form of the same id = %v, want %v", err, ErrOther)
		}
	})
}

func TestValidateReportsEverything(t *testing.T) {
	d := Form{
		Title: " ", About: strings.Repeat("a", MaxAbout+1), Min: 5, Max: 3, MadeToOrderDays: -1,
		Options:  []Option{{Name: "Rasa", Values: []string{"Asin", "asin"}}},
		Variants: []VariantForm{{ID: id.New(), Choices: []string{"Asin"}}, {ID: id.New(), Price: 10, WasPrice: 5, Choices: []string{"Manis"}}},
	}
	f := fault.Of(d.Validate())
	for _, field := range []string{"id", "title", "about", "max", "days", "options.0.values", "variants.0.price", "variants.1.was", "variants.1.choices"} {
		if f.Field(field) == nil {
			t.Errorf("nothing is said of %s: %v", field, f)
		}
	}
	if err := form("Baik").Validate(); err != nil {
		t.Errorf("a good form: %v", err)
	}
}

func TestChangeKeepsOldAddresses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.create(t, form("Opak"))
		if twin := s.create(t, form("Opak")); twin.Slug != "opak-2" {
			t.Errorf("a second one is at %s", twin.Slug)
		}
		for _, title := range []string{"Opak Bakar", "Opak", "Opak Manis"} {
			d := p.Form()
			d.Title = title
			var err error
			if p, err = s.goods.Change(t.Context(), s.sc, d); err != nil {
				t.Fatal(err)
			}
		}
		for _, slug := range []string{"opak", "opak-bakar", "opak-manis"} {
			got, err := s.goods.PublicBySlug(t.Context(), authz.Visitor(s.sc.Business), slug)
			if err != nil || got.ID != p.ID || got.Slug != "opak-manis" {
				t.Errorf("%s leads to %s, %v", slug, got.Slug, err)
			}
		}
		if err := s.goods.Hide(t.Context(), s.sc, p.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.goods.PublicBySlug(t.Context(), authz.Visitor(s.sc.Business), "opak"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a draft is shown: %v", err)
		}
	})
}

func TestVariantsComeAndGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		d := form("Kaus")
		d.Options = []Option{{Name: "Ukuran", Values: []string{"M", "L"}}, {Name: "Warna", Values: []string{"Hitam"}}}
		d.Variants = nil
		for _, c := range Matrix(d.Options) {
			d.Variants = append(d.Variants, VariantForm{ID: id.New(), Choices: c, Price: 50_000, SKU: "K-" + c[0]})
		}
		p := s.create(t, d)
		if len(p.Variants) != 2 || p.Variants[0].Name != "M, Hitam" {
			t.Fatalf("variants %+v", p.Variants)
		}
		gone := p.Variants[1].ID
		d = p.Form()
		d.Variants = d.Variants[:1]
		d.Variants[0].Price, d.Variants[0].WasPrice = 45_000, 50_000
		p, err := s.goods.Change(t.Context(), s.sc, d)
		if err != nil || len(p.Variants) != 1 || p.Variants[0].Price != 45_000 || p.WasPrice() != 50_000 {
			t.Fatalf("Change = %+v, %v", p.Variants, err)
		}
		err = db.View(t.Context(), s.sc, func(tx *store.Tx) error {
			all, err := s.goods.Offers(t.Context(), tx, s.sc, []id.ID{gone, p.Variants[0].ID})
			if _, there := all[gone]; there || len(all) != 1 {
				t.Errorf("Offers = %+v", all)
			}
			if o := all[p.Variants[0].ID]; o.Name() != "Kaus, M, Hitam" || o.Price != 45_000 || o.State != Published {
				t.Errorf("Offer = %+v", o)
			}
			labels, err2 := s.goods.Labels(t.Context(), tx, s.sc, []id.ID{gone})
			if !labels[gone].Gone {
				t.Errorf("Labels = %+v", labels)
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPhotosBelongToOneProduct(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		first, second := s.photo(t), s.photo(t)
		d := form("Batik")
		d.Photos = []PhotoForm{{first.ID, "satu"}, {second.ID, "dua"}}
		p := s.create(t, d)
		d = form("Curian")
		d.Photos = []PhotoForm{{ID: first.ID}}
		if _, err := s.goods.Create(t.Context(), s.sc, d); fault.Of(err).Field("photos") == nil {
			t.Errorf("a photo of another product = %v, want a fault at photos", err)
		}
		d = p.Form()
		d.Photos = []PhotoForm{{second.ID, "sampul"}}
		p, err := s.goods.Change(t.Context(), s.sc, d)
		if err != nil || p.Cover().ID != second.ID || len(p.Photos) != 1 || p.Cover().Alt != "sampul" {
			t.Errorf("Change = %+v, %v", p.Photos, err)
		}
		c, err := s.goods.Copy(t.Context(), s.sc, p.ID, id.New(), "Salinan Batik")
		if err != nil || c.State != Draft || len(c.Photos) != 1 || c.Photos[0].ID == second.ID || c.Variants[0].ID == p.Variants[0].ID {
			t.Errorf("Copy = %+v, %v", c, err)
		}
		if again, err := s.goods.Copy(t.Context(), s.sc, p.ID, c.ID, "Salinan Batik"); err != nil || again.ID != c.ID {
			t.Errorf("Copy pressed twice = %v, %v", again.ID, err)
		}
		broken, err := store.CheckInvariants(t.Context(), db, append(append([]store.Invariant{}, Invariants...), blob.Invariants...))
		if err != nil || len(broken) > 0 {
			t.Errorf("CheckInvariants = %v, %v", broken, err)
		}
	})
}

func TestPlaceAndPage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		var ids []id.ID
		for i := range 5 {
			ids = append(ids, s.create(t, form(fmt.Sprintf("Produk %d", i))).ID)
		}
		titles := func() string {
			var names []string
			var after Cursor
			for {
				page, err := s.goods.List(t.Context(), s.sc, Find{After: ParseCursor(after.String()), Limit: 2})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range page.Products {
					names = append(names, p.Title[7:])
				}
				if after = page.Next; after.IsZero() {
					return strings.Join(names, "")
				}
			}
		}
		if got := titles(); got != "01234" {
			t.Errorf("order %s", got)
		}
		if err := s.goods.Place(t.Context(), s.sc, ids[3], -2); err != nil {
			t.Fatal(err)
		}
		if err := s.goods.Place(t.Context(), s.sc, ids[0], 99); err != nil {
			t.Fatal(err)
		}
		if got := titles(); got != "31240" {
			t.Errorf("order after placing %s, want 31240", got)
		}
		page, err := s.goods.Search(t.Context(), authz.Visitor(s.sc.Business), Find{Text: "PRODÚK, 2%"})
		if err != nil || len(page.Products) != 1 || page.Products[0].ID != ids[2] {
			t.Errorf("Search = %v, %v", page, err)
		}
		if page, err = s.goods.Search(t.Context(), authz.Visitor(s.sc.Business), Find{Text: "camilan"}); err != nil || len(page.Products) != 5 {
			t.Errorf("Search by category name = %v, %v", len(page.Products), err)
		}
	})
}

func TestQueriesDoNotGrowWithProducts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		count := func() int64 {
			ctx, n := store.CountQueries(t.Context())
			if _, err := s.goods.Public(ctx, authz.Visitor(s.sc.Business)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.goods.PublicBySlug(ctx, authz.Visitor(s.sc.Business), "satu"); err != nil {
				t.Fatal(err)
			}
			return n.Load()
		}
		s.create(t, form("Satu"))
		one := count()
		for i := range 30 {
			s.create(t, form(fmt.Sprint("Lagi ", i)))
		}
		if many := count(); many != one {
			t.Errorf("%d queries for one product, %d for many", one, many)
		}
	})
}

func TestCategories(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		s.create(t, form("A"))
		d := form("B")
		d.Category = "CAMILAN"
		s.create(t, d)
		d = form("C")
		d.Category = "Minuman"
		s.create(t, d)
		list, err := s.goods.Categories(t.Context(), s.sc)
		if err != nil || len(list) != 2 || list[0].Name != "Camilan" || list[0].Products != 2 {
			t.Fatalf("Categories = %+v, %v", list, err)
		}
		if err := s.goods.RenameCategory(t.Context(), s.sc, list[1].ID, "camilan"); fault.Of(err).Field("name") == nil {
			t.Errorf("two of one name: %v", err)
		}
		if err := s.goods.RenameCategory(t.Context(), s.sc, list[1].ID, "Minuman segar"); err != nil {
			t.Error(err)
		}
		if err := s.goods.PlaceCategory(t.Context(), s.sc, list[1].ID, -1); err != nil {
			t.Error(err)
		}
		if err := s.goods.DeleteCategory(t.Context(), s.sc, list[0].ID); err != nil {
			t.Error(err)
		}
		if list, err = s.goods.Categories(t.Context(), s.sc); err != nil || len(list) != 1 || list[0].Name != "Minuman segar" {
			t.Errorf("Categories = %+v, %v", list, err)
		}
	})
}

func TestProductsAreOfOneBusiness(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b := newShop(t, db), newShop(t, db)
		p := a.create(t, form("Milik A"))
		if _, err := b.goods.Get(t.Context(), b.sc, p.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get = %v", err)
		}
		if _, err := b.goods.PublicBySlug(t.Context(), authz.Visitor(b.sc.Business), p.Slug); !errors.Is(err, ErrNotFound) {
			t.Errorf("PublicBySlug = %v", err)
		}
		for name, err := range map[string]error{
			"Archive":  b.goods.Archive(t.Context(), b.sc, p.ID),
			"Place":    b.goods.Place(t.Context(), b.sc, p.ID, 1),
			"SetQuick": b.goods.SetQuick(t.Context(), b.sc, Quick{Edit: id.New(), Product: p.ID, Variant: p.Variants[0].ID, Price: 1}),
			"Rename":   b.goods.RenameCategory(t.Context(), b.sc, p.CategoryID, "Punya B"),
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s of another's = %v", name, err)
			}
		}
		if _, err := b.goods.Change(t.Context(), b.sc, p.Form()); !errors.Is(err, ErrNotFound) {
			t.Errorf("Change = %v", err)
		}
		d := form("Foto curian")
		d.Photos = []PhotoForm{{ID: a.photo(t).ID}}
		if _, err := b.goods.Create(t.Context(), b.sc, d); fault.Of(err).Field("photos") == nil {
			t.Errorf("a photo of another business = %v", err)
		}
		staff := a.sc
		staff.Role, staff.Perms = authz.Staff, []authz.Perm{authz.PermOrders}
		if err := a.goods.Archive(t.Context(), staff, p.ID); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("staff archives: %v", err)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("Keripik  é\u202e\x00\n500 g")
	f.Add("00A\x05\u0300")
	f.Fuzz(func(t *testing.T, s string) {
		if c := Clean(s); c != Clean(c) || strings.ContainsAny(c, "\n\x00\u202e") {
			t.Errorf("Clean(%q) = %q", s, c)
		}
		if g := slugOf(s); g == "" || strings.Trim(g, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("slugOf(%q) = %q", s, g)
		}
		if x := Fold(s); x != Fold(x) || strings.ContainsAny(x, "%_") {
			t.Errorf("Fold(%q) = %q", s, x)
		}
	})
}
