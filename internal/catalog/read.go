package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/catalog/catalogdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Find says which products a list shows. The zero Find shows the first page.
type Find struct {
	State    State  // List only; empty: Published
	Text     string // words in the title, category, labels or SKU
	Category id.ID  // zero: all
	After    Cursor
	Limit    int // at most MaxPage, which zero means too
}

// MaxPage is the most products of one page.
const MaxPage = 100

// Cursor is where the next page of products begins.
type Cursor struct {
	Position int64
	ID       id.ID
}

// IsZero reports whether there is no next page, or whether to begin at the start.
func (c Cursor) IsZero() bool { return c.ID.IsZero() }

// String writes the cursor for an address; empty for none.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%s", c.Position, c.ID)
}

// ParseCursor reads what String wrote; anything else is the start.
func ParseCursor(s string) Cursor {
	var c Cursor
	pos, rest, ok := strings.Cut(s, ".")
	if !ok {
		return Cursor{}
	}
	if _, err := fmt.Sscanf(pos, "%d", &c.Position); err != nil {
		return Cursor{}
	}
	v, err := id.Parse(rest)
	if err != nil {
		return Cursor{}
	}
	c.ID = v
	return c
}

// Page is a page of products. Next is zero on the last one.
type Page struct {
	Products []Product
	Next     Cursor
}

// Public returns the first MaxPage published products of the scope's business
// with their variants and photos, in three queries however many there are.
func (s *Service) Public(ctx context.Context, sc authz.Scope) ([]Product, error) {
	p, err := s.Search(ctx, sc, Find{})
	return p.Products, err
}

// Search returns a page of published products, in three queries.
func (s *Service) Search(ctx context.Context, sc authz.Scope, f Find) (Page, error) {
	var p Page
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p, err = s.SearchTx(ctx, tx, sc, f)
		return err
	})
	return p, err
}

// SearchTx is Search within a transaction.
func (s *Service) SearchTx(ctx context.Context, tx *store.Tx, sc authz.Scope, f Find) (Page, error) {
	f.State = Published
	return s.page(ctx, tx, sc, f)
}

// PublicBySlug returns a published product by an address it has or had; its
// Slug is the one it has, to which an older one is redirected.
func (s *Service) PublicBySlug(ctx context.Context, sc authz.Scope, slug string) (Product, error) {
	var p Product
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p, err = s.PublicBySlugTx(ctx, tx, sc, slug)
		return err
	})
	return p, err
}

// PublicBySlugTx is PublicBySlug within a transaction.
func (s *Service) PublicBySlugTx(ctx context.Context, tx *store.Tx, sc authz.Scope, slug string) (Product, error) {
	product, err := s.q.SlugOwner(ctx, tx, catalogdb.SlugOwnerParams{BusinessID: sc.Business, Slug: slug})
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, ErrNotFound
	}
	if err != nil {
		return Product{}, fmt.Errorf("read slug: %w", err)
	}
	p, err := s.get(ctx, tx, sc, product)
	if err == nil && p.State != Published {
		return Product{}, ErrNotFound
	}
	return p, err
}

// List returns a page of products of one state, for the shop's own people.
func (s *Service) List(ctx context.Context, sc authz.Scope, f Find) (Page, error) {
	if err := sc.Can(authz.SeeProducts); err != nil {
		return Page{}, err
	}
	if f.State == "" {
		f.State = Published
	}
	var p Page
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p, err = s.page(ctx, tx, sc, f)
		return err
	})
	return p, err
}

// Counts returns how many products there are of each state.
func (s *Service) Counts(ctx context.Context, sc authz.Scope) (map[State]int64, error) {
	if err := sc.Can(authz.SeeProducts); err != nil {
		return nil, err
	}
	n := map[State]int64{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		rows, err := s.q.CountStates(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("count products: %w", err)
		}
		clear(n)
		for _, r := range rows {
			n[State(r.State)] = r.N
		}
		return nil
	})
	return n, err
}

// Get returns a product of any state, for the shop's own people.
func (s *Service) Get(ctx context.Context, sc authz.Scope, product id.ID) (Product, error) {
	if err := sc.Can(authz.SeeProducts); err != nil {
		return Product{}, err
	}
	var p Product
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p, err = s.get(ctx, tx, sc, product)
		return err
	})
	return p, err
}

func (s *Service) get(ctx context.Context, tx *store.Tx, sc authz.Scope, product id.ID) (Product, error) {
	row, err := s.q.Product(ctx, tx, catalogdb.ProductParams{BusinessID: sc.Business, ID: product})
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, ErrNotFound
	}
	if err != nil {
		return Product{}, fmt.Errorf("read product: %w", err)
	}
	list, err := s.fill(ctx, tx, sc, []catalogdb.ProductsRow{catalogdb.ProductsRow(row)})
	if err != nil {
		return Product{}, err
	}
	return list[0], nil
}

func (s *Service) page(ctx context.Context, tx *store.Tx, sc authz.Scope, f Find) (Page, error) {
	if f.Limit <= 0 || f.Limit > MaxPage {
		f.Limit = MaxPage
	}
	q := catalogdb.ProductsParams{
		BusinessID: sc.Business, State: string(f.State), AnyCategory: f.Category.IsZero(), CategoryID: f.Category.Null(),
		AfterPosition: f.After.Position, AfterID: f.After.ID, Max: int32(f.Limit + 1),
	}
	if f.After.IsZero() {
		q.AfterPosition = -1 << 62
	}
	words := strings.Fields(Fold(cut(f.Text, 100)))
	if len(words) > 0 {
		q.Words = "%" + words[0] + "%"
	}
	if len(words) > 1 {
		q.More = "%" + strings.Join(words[1:], "%") + "%"
	}
	rows, err := s.q.Products(ctx, tx, q)
	if err != nil {
		return Page{}, fmt.Errorf("list products: %w", err)
	}
	var p Page
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		last := rows[f.Limit-1]
		p.Next = Cursor{last.Position, last.ID}
	}
	p.Products, err = s.fill(ctx, tx, sc, rows)
	return p, err
}

// fill adds variants and photos: two queries for any number of products.
func (s *Service) fill(ctx context.Context, tx *store.Tx, sc authz.Scope, rows []catalogdb.ProductsRow) ([]Product, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	list := make([]Product, len(rows))
	ids := make([]id.ID, len(rows))
	place := map[id.ID]*Product{}
	for i, r := range rows {
		list[i] = Product{
			ID: r.ID, Business: sc.Business, Slug: r.Slug, State: State(r.State), Title: r.Title, About: r.About, Category: r.Category,
			CategoryID: id.Or(r.CategoryID), Unit: r.Unit, Shelf: r.Shelf, Labels: lines(r.Labels), Halal: r.Halal, PIRT: r.Pirt,
			MadeToOrderDays: r.MadeToOrderDays, Min: max(1, r.MinQuantity), Max: r.MaxQuantity, Position: r.Position,
			CreatedAt: r.CreatedAt, ChangedAt: r.ChangedAt,
		}
		if err := json.Unmarshal([]byte(r.Options), &list[i].Options); err != nil {
			return nil, fmt.Errorf("read options: %w", err)
		}
		ids[i], place[r.ID] = r.ID, &list[i]
	}
	in := store.IDs(ids)
	variants, err := s.q.VariantsOf(ctx, tx, catalogdb.VariantsOfParams{BusinessID: sc.Business, Products: in})
	if err != nil {
		return nil, fmt.Errorf("list variants: %w", err)
	}
	for _, v := range variants {
		p := place[v.ProductID]
		out := Variant{
			ID: v.ID, Product: v.ProductID, Name: v.Name, SKU: v.Sku, Price: v.Price, WasPrice: v.WasPrice, WeightGrams: v.WeightGrams,
			Length: v.LengthCm, Width: v.WidthCm, Height: v.HeightCm, Tracked: v.Tracked,
		}
		if err := json.Unmarshal([]byte(v.Choices), &out.Choices); err != nil {
			return nil, fmt.Errorf("read choices: %w", err)
		}
		p.Variants = append(p.Variants, out)
	}
	photos, err := s.q.PhotosOf(ctx, tx, catalogdb.PhotosOfParams{BusinessID: sc.Business, Products: in})
	if err != nil {
		return nil, fmt.Errorf("list photos: %w", err)
	}
	for _, r := range photos {
		p := place[r.ProductID]
		p.Photos = append(p.Photos, Photo{blob.Photo{Business: sc.Business, ID: r.BlobID, Width: r.Width, Height: r.Height}, r.Alt})
	}
	return list, nil
}

// Offer returns what an order takes over from one variant. One that is not
// there, or not this business's, is ErrNotFound.
func (s *Service) Offer(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) (Offer, error) {
	all, err := s.Offers(ctx, tx, sc, []id.ID{variant})
	if err != nil {
		return Offer{}, err
	}
	o, ok := all[variant]
	if !ok {
		return Offer{}, ErrNotFound
	}
	return o, nil
}

type offerKey struct{}

// Offers returns the offers of variants by their ids, from memory (not where
// something is written on PostgreSQL) or in two queries; those that are not there, or not this business's, are left out.
func (s *Service) Offers(ctx context.Context, tx *store.Tx, sc authz.Scope, variants []id.ID) (map[id.ID]Offer, error) {
	if len(variants) == 0 {
		return nil, nil
	}
	return store.KeptEach(tx, sc.Business, offerKey{}, variants, func(missing []id.ID) (map[id.ID]Offer, error) {
		return s.offers(ctx, tx, sc, missing)
	}, func(o Offer) bool { return o.State == Published }) // what is not shown changes without a Touch
}

func (s *Service) offers(ctx context.Context, tx *store.Tx, sc authz.Scope, variants []id.ID) (map[id.ID]Offer, error) {
	rows, err := s.q.Offers(ctx, tx, catalogdb.OffersParams{BusinessID: sc.Business, Variants: store.IDs(variants)})
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	all := make(map[id.ID]Offer, len(rows))
	var products []id.ID
	for _, r := range rows {
		all[r.ID] = Offer{
			Product: r.ProductID, Variant: r.ID, Slug: r.Slug, Title: r.Title, VariantName: r.Name, SKU: r.Sku, Unit: r.Unit, Category: r.Category,
			Price: r.Price, WasPrice: r.WasPrice, WeightGrams: r.WeightGrams, Volume: r.LengthCm * r.WidthCm * r.HeightCm, Min: max(1, r.MinQuantity), Max: r.MaxQuantity,
			MadeToOrderDays: r.MadeToOrderDays, Tracked: r.Tracked, State: State(r.State),
		}
		products = append(products, r.ProductID)
	}
	if len(products) == 0 {
		return all, nil
	}
	photos, err := s.q.PhotosOf(ctx, tx, catalogdb.PhotosOfParams{BusinessID: sc.Business, Products: store.IDs(products)})
	if err != nil {
		return nil, fmt.Errorf("list photos: %w", err)
	}
	covers := map[id.ID]Photo{}
	for _, r := range photos {
		if _, has := covers[r.ProductID]; !has {
			covers[r.ProductID] = Photo{blob.Photo{Business: sc.Business, ID: r.BlobID, Width: r.Width, Height: r.Height}, r.Alt}
		}
	}
	for v, o := range all {
		o.Photo = covers[o.Product]
		all[v] = o
	}
	return all, nil
}

// Label names a variant, also one that is gone.
type Label struct {
	Variant id.ID
	Product id.ID
	Title   string
	Name    string
	Unit    string
	Shelf   string
	Tracked bool
	Gone    bool // taken away, or its product archived
}

// Full is the title with the variant's name.
func (l Label) Full() string {
	if l.Name == "" {
		return l.Title
	}
	return l.Title + ", " + l.Name
}

// Labels names variants, in one query.
func (s *Service) Labels(ctx context.Context, tx *store.Tx, sc authz.Scope, variants []id.ID) (map[id.ID]Label, error) {
	if len(variants) == 0 {
		return nil, nil
	}
	rows, err := s.q.Labels(ctx, tx, catalogdb.LabelsParams{BusinessID: sc.Business, Variants: store.IDs(variants)})
	if err != nil {
		return nil, fmt.Errorf("name variants: %w", err)
	}
	all := make(map[id.ID]Label, len(rows))
	for _, r := range rows {
		all[r.ID] = Label{r.ID, r.ProductID, r.Title, r.Name, r.Unit, r.Shelf, r.Tracked, r.Gone || r.State == string(Archived)}
	}
	return all, nil
}

// MaxCounted is the most variants whose stock one shop counts.
const MaxCounted = 5_000

// Counted names the variants whose stock is counted, in the shop's order.
func (s *Service) Counted(ctx context.Context, tx *store.Tx, sc authz.Scope) ([]Label, error) {
	rows, err := s.q.Counted(ctx, tx, catalogdb.CountedParams{BusinessID: sc.Business, Max: MaxCounted})
	if err != nil {
		return nil, fmt.Errorf("list counted variants: %w", err)
	}
	list := make([]Label, len(rows))
	for i, r := range rows {
		list[i] = Label{Variant: r.ID, Product: r.ProductID, Title: r.Title, Name: r.Name, Unit: r.Unit, Shelf: r.Shelf, Tracked: true}
	}
	return list, nil
}

// Categories returns the shop's categories in its order.
func (s *Service) Categories(ctx context.Context, sc authz.Scope) ([]Category, error) {
	var list []Category
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		list, err = s.CategoriesTx(ctx, tx, sc)
		return err
	})
	return list, err
}

// CategoriesTx is Categories within a transaction.
func (s *Service) CategoriesTx(ctx context.Context, tx *store.Tx, sc authz.Scope) ([]Category, error) {
	rows, err := s.q.Categories(ctx, tx, sc.Business)
	if err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	list := make([]Category, len(rows))
	for i, r := range rows {
		list[i] = Category(r)
	}
	return list, nil
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func cut(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes])
	}
	return s
}
