package catalog

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog/catalogdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Service keeps the products of shops.
type Service struct {
	db    *store.DB
	q     catalogdb.Queries
	shops *business.Service
	blobs *blob.Service

	// OnStock books the stock that was typed with a product, in the
	// transaction that keeps the product. Package app sets it.
	OnStock func(context.Context, *store.Tx, authz.Scope, []StockSet) error
}

// StockSet is stock as it was typed with a product: Actual is there now, and
// Seen is what the form showed. Edit is the id of the form, so that a form
// sent twice books once.
type StockSet struct {
	Edit    id.ID
	Variant id.ID
	Seen    int64
	Actual  int64
	Opening bool // the variant is new
}

// New makes the service.
func New(db *store.DB, shops *business.Service, blobs *blob.Service) *Service {
	return &Service{db: db, shops: shops, blobs: blobs}
}

// clean tidies what was typed. It judges nothing.
func (d Form) clean() Form {
	d.Title, d.About = Clean(d.Title), CleanText(d.About)
	d.Category, d.Unit, d.Shelf = Clean(d.Category), Clean(d.Unit), Clean(d.Shelf)
	d.Halal, d.PIRT = Clean(d.Halal), Clean(d.PIRT)
	d.Min = max(1, d.Min)
	var labels []string
	for _, l := range d.Labels {
		if l = Clean(l); l != "" && !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	d.Labels = labels
	d.Options = slices.Clone(d.Options)
	for i, o := range d.Options {
		values := make([]string, 0, len(o.Values))
		for _, v := range o.Values {
			if v = Clean(v); v != "" {
				values = append(values, v)
			}
		}
		d.Options[i] = Option{Clean(o.Name), values}
	}
	d.Variants = slices.Clone(d.Variants)
	for i, v := range d.Variants {
		v.SKU = Clean(v.SKU)
		v.Choices = slices.Clone(v.Choices)
		for j := range v.Choices {
			v.Choices[j] = Clean(v.Choices[j])
		}
		d.Variants[i] = v
	}
	d.Photos = slices.Clone(d.Photos)
	for i := range d.Photos {
		d.Photos[i].Alt = Clean(d.Photos[i].Alt)
	}
	return d
}

// search is what Find.Text looks in.
func (d Form) search() string {
	parts := []string{d.Title, d.Category}
	parts = append(parts, d.Labels...)
	for _, v := range d.Variants {
		parts = append(parts, v.SKU)
		parts = append(parts, v.Choices...)
	}
	return cut(Fold(strings.Join(parts, " ")), 1000)
}

// hash tells apart two forms that carry the same id.
func (d Form) hash() (string, error) {
	d.Edit, d.Photos = id.ID{}, nil // a photo may be sent anew with the same form
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode form: %w", err)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:]), nil
}

// Create makes a product. The same form sent twice makes one; another form
// with the same id is ErrOther.
func (s *Service) Create(ctx context.Context, sc authz.Scope, d Form) (Product, error) {
	if err := sc.Can(authz.EditProducts); err != nil {
		return Product{}, err
	}
	d = d.clean()
	if err := d.Validate(); err != nil {
		return Product{}, err
	}
	hash, err := d.hash()
	if err != nil {
		return Product{}, err
	}
	var p Product
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		fresh, err := s.insert(ctx, tx, sc, d, hash)
		if err != nil {
			return err
		}
		if !fresh {
			old, err := s.q.ProductHash(ctx, tx, catalogdb.ProductHashParams{BusinessID: sc.Business, ID: d.ID})
			if err != nil {
				return fmt.Errorf("read product: %w", err)
			}
			if old != hash {
				return ErrOther.On("id")
			}
		}
		p, err = s.get(ctx, tx, sc, d.ID)
		return err
	})
	return p, err
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, sc authz.Scope, d Form, hash string) (bool, error) {
	n, err := s.q.CountProducts(ctx, tx, sc.Business)
	if err != nil {
		return false, fmt.Errorf("count products: %w", err)
	}
	if n >= MaxProducts {
		return false, ErrFull.With(MaxProducts)
	}
	last, err := s.q.LastPosition(ctx, tx, sc.Business)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read last position: %w", err)
	}
	category, err := s.category(ctx, tx, sc, d.Category)
	if err != nil {
		return false, err
	}
	options, err := json.Marshal(d.Options)
	if err != nil {
		return false, fmt.Errorf("encode options: %w", err)
	}
	state := Draft
	if d.Publish {
		state = Published
	}
	rows, err := s.q.InsertProduct(ctx, tx, catalogdb.InsertProductParams{
		BusinessID: sc.Business, ID: d.ID, State: string(state), Title: d.Title, ProductSearch: d.search(), About: d.About,
		CategoryID: category.Null(), Unit: d.Unit, Shelf: d.Shelf, Labels: strings.Join(d.Labels, "\n"), Halal: d.Halal, Pirt: d.PIRT,
		Options: string(options), MadeToOrderDays: d.MadeToOrderDays, MinQuantity: d.Min, MaxQuantity: d.Max, Position: last + 1,
		FormHash: hash, CreatedAt: tx.Now, ChangedAt: tx.Now,
	})
	if err != nil {
		return false, fmt.Errorf("insert product: %w", err)
	}
	if rows == 0 {
		return false, nil
	}
	slug, err := s.slug(ctx, tx, sc, d.ID, d.Title)
	if err != nil {
		return false, err
	}
	if err := s.q.SetSlug(ctx, tx, catalogdb.SetSlugParams{BusinessID: sc.Business, ID: d.ID, Slug: slug}); err != nil {
		return false, fmt.Errorf("set slug: %w", err)
	}
	if err := s.parts(ctx, tx, sc, d, Product{}); err != nil {
		return false, err
	}
	if err := audit.Note(ctx, tx, sc, "product.made", d.ID); err != nil {
		return false, err
	}
	return true, s.shown(ctx, tx, sc, state == Published)
}

// Change puts what was filled in in place of what was there. Its state stays:
// Publish, Hide and Archive change that.
func (s *Service) Change(ctx context.Context, sc authz.Scope, d Form) (Product, error) {
	if err := sc.Can(authz.EditProducts); err != nil {
		return Product{}, err
	}
	return s.change(ctx, sc, d.ID, func(Product) (Form, error) { return d, nil })
}

// Edit changes a product as fn says from how it stands. Nobody else changes it
// meanwhile: what fn leaves alone stays.
func (s *Service) Edit(ctx context.Context, sc authz.Scope, product id.ID, fn func(*Form) error) (Product, error) {
	if err := sc.Can(authz.EditProducts); err != nil {
		return Product{}, err
	}
	return s.change(ctx, sc, product, func(p Product) (Form, error) {
		d := p.Form()
		err := fn(&d)
		return d, err
	})
}

func (s *Service) change(ctx context.Context, sc authz.Scope, product id.ID, form func(Product) (Form, error)) (Product, error) {
	var p Product
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		old, err := s.hold(ctx, tx, sc, product)
		if err != nil {
			return err
		}
		d, err := form(old)
		if err != nil {
			return err
		}
		d = d.clean()
		if err := d.Validate(); err != nil {
			return err
		}
		category := old.CategoryID // whatever it is called by now
		if Fold(d.Category) != Fold(old.Category) {
			if category, err = s.category(ctx, tx, sc, d.Category); err != nil {
				return err
			}
		}
		options, err := json.Marshal(d.Options)
		if err != nil {
			return fmt.Errorf("encode options: %w", err)
		}
		slug := old.Slug
		if slugOf(old.Title) != slugOf(d.Title) {
			if slug, err = s.slug(ctx, tx, sc, d.ID, d.Title); err != nil {
				return err
			}
		}
		_, err = s.q.UpdateProduct(ctx, tx, catalogdb.UpdateProductParams{
			BusinessID: sc.Business, ID: d.ID, Slug: slug, Title: d.Title, ProductSearch: d.search(), About: d.About,
			CategoryID: category.Null(), Unit: d.Unit, Shelf: d.Shelf, Labels: strings.Join(d.Labels, "\n"), Halal: d.Halal, Pirt: d.PIRT,
			Options: string(options), MadeToOrderDays: d.MadeToOrderDays, MinQuantity: d.Min, MaxQuantity: d.Max, ChangedAt: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("update product: %w", err)
		}
		if err := s.parts(ctx, tx, sc, d, old); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "product.changed", d.ID, differences(old, d)); err != nil {
			return err
		}
		if err := s.shown(ctx, tx, sc, old.State == Published); err != nil {
			return err
		}
		p, err = s.get(ctx, tx, sc, d.ID)
		return err
	})
	return p, err
}

// hold reads a product and keeps others from changing it until the end of the
// transaction.
func (s *Service) hold(ctx context.Context, tx *store.Tx, sc authz.Scope, product id.ID) (Product, error) {
	if err := s.lock(ctx, tx, sc, product); err != nil {
		return Product{}, err
	}
	return s.get(ctx, tx, sc, product)
}

// lock is hold without reading; a product that is not there is no error.
func (s *Service) lock(ctx context.Context, tx *store.Tx, sc authz.Scope, product id.ID) error {
	_, err := s.q.HoldProduct(ctx, tx, catalogdb.HoldProductParams{BusinessID: sc.Business, ID: product})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("hold product: %w", err)
	}
	return nil
}

// parts keeps the variants and photos of a product that was made (old is
// zero) or changed, and books the stock that was typed.
func (s *Service) parts(ctx context.Context, tx *store.Tx, sc authz.Scope, d Form, old Product) error {
	var sets []StockSet
	had := map[id.ID]bool{}
	for _, v := range old.Variants {
		had[v.ID] = true
	}
	for i, v := range d.Variants {
		choices, err := json.Marshal(v.Choices)
		if err != nil {
			return fmt.Errorf("encode choices: %w", err)
		}
		n, err := s.q.InsertVariant(ctx, tx, catalogdb.InsertVariantParams{
			BusinessID: sc.Business, ID: v.ID, ProductID: d.ID, Name: strings.Join(v.Choices, ", "), Choices: string(choices), Sku: v.SKU,
			Price: v.Price, WasPrice: v.WasPrice, WeightGrams: v.WeightGrams, LengthCm: v.Length, WidthCm: v.Width, HeightCm: v.Height,
			Tracked: v.Tracked, Position: int64(i),
		})
		if err != nil {
			return fmt.Errorf("insert variant: %w", err)
		}
		if n == 0 { // the id names a variant of another product
			return ErrVariant.On(at("variants", i, "id"))
		}
		if v.Tracked && v.Stock != nil && (*v.Stock != v.Seen || !had[v.ID]) {
			sets = append(sets, StockSet{Edit: d.Edit, Variant: v.ID, Seen: v.Seen, Actual: *v.Stock, Opening: !had[v.ID]})
		}
		delete(had, v.ID)
	}
	for v := range had {
		if err := s.q.SetGone(ctx, tx, catalogdb.SetGoneParams{BusinessID: sc.Business, ID: v}); err != nil {
			return fmt.Errorf("take variant away: %w", err)
		}
	}
	if err := s.photos(ctx, tx, sc, d, old); err != nil {
		return err
	}
	return s.book(ctx, tx, sc, sets)
}

func (s *Service) book(ctx context.Context, tx *store.Tx, sc authz.Scope, sets []StockSet) error {
	if len(sets) == 0 {
		return nil
	}
	if s.OnStock == nil {
		return errors.New("catalog: stock was typed and nobody books it")
	}
	slices.SortFunc(sets, func(a, b StockSet) int { return slices.Compare(a.Variant[:], b.Variant[:]) })
	return s.OnStock(ctx, tx, sc, sets)
}

func (s *Service) photos(ctx context.Context, tx *store.Tx, sc authz.Scope, d Form, old Product) error {
	had := map[id.ID]bool{}
	for _, p := range old.Photos {
		had[p.ID] = true
	}
	for i, f := range d.Photos {
		p, err := s.blobs.Attach(ctx, tx, sc, d.ID, f.ID)
		if errors.Is(err, blob.ErrGone) {
			return ErrNoPhoto.On("photos")
		}
		if err != nil {
			return err
		}
		err = s.q.PutPhoto(ctx, tx, catalogdb.PutPhotoParams{
			BusinessID: sc.Business, ProductID: d.ID, BlobID: f.ID, Width: p.Width, Height: p.Height, Alt: f.Alt, Position: int64(i),
		})
		if err != nil {
			return fmt.Errorf("put photo: %w", err)
		}
		delete(had, f.ID)
	}
	for p := range had {
		if err := s.q.DeletePhoto(ctx, tx, catalogdb.DeletePhotoParams{BusinessID: sc.Business, ProductID: d.ID, BlobID: p}); err != nil {
			return fmt.Errorf("delete photo: %w", err)
		}
		if err := s.blobs.Detach(ctx, tx, sc, d.ID, p); err != nil {
			return err
		}
	}
	return nil
}

// category finds or adds a category of the shop; zero for no name.
func (s *Service) category(ctx context.Context, tx *store.Tx, sc authz.Scope, name string) (id.ID, error) {
	fold := Fold(name)
	if fold == "" {
		return id.ID{}, nil
	}
	find := catalogdb.CategoryNamedParams{BusinessID: sc.Business, NameSearch: fold}
	c, err := s.q.CategoryNamed(ctx, tx, find)
	if !errors.Is(err, sql.ErrNoRows) {
		return c, wrap("read category", err)
	}
	all, err := s.q.Categories(ctx, tx, sc.Business)
	if err != nil {
		return id.ID{}, fmt.Errorf("list categories: %w", err)
	}
	err = s.q.InsertCategory(ctx, tx, catalogdb.InsertCategoryParams{
		BusinessID: sc.Business, ID: id.New(), Name: name, NameSearch: fold, Position: int64(len(all)),
	})
	if err != nil {
		return id.ID{}, fmt.Errorf("insert category: %w", err)
	}
	c, err = s.q.CategoryNamed(ctx, tx, find)
	return c, wrap("read category", err)
}

// slug takes a free address for the product, after its title.
func (s *Service) slug(ctx context.Context, tx *store.Tx, sc authz.Scope, product id.ID, title string) (string, error) {
	base := slugOf(title)
	tail := product.String()[24:]
	for _, try := range []string{base, base + "-2", base + "-3", base + "-4", base + "-" + tail[8:], base + "-" + tail} {
		n, err := s.q.InsertSlug(ctx, tx, catalogdb.InsertSlugParams{BusinessID: sc.Business, Slug: try, ProductID: product})
		if err != nil {
			return "", fmt.Errorf("insert slug: %w", err)
		}
		if n == 1 {
			return try, nil
		}
		owner, err := s.q.SlugOwner(ctx, tx, catalogdb.SlugOwnerParams{BusinessID: sc.Business, Slug: try})
		if err != nil {
			return "", fmt.Errorf("read slug: %w", err)
		}
		if owner == product { // it had this address before
			return try, nil
		}
	}
	return "", errors.New("catalog: no address is free")
}

// shown tells the pages that show the shop to everybody.
func (s *Service) shown(ctx context.Context, tx *store.Tx, sc authz.Scope, public bool) error {
	if !public {
		return nil
	}
	return s.shops.Touch(ctx, tx, sc)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
