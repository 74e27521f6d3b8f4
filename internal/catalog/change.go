package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog/catalogdb"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/store"
)

// Publish shows a product to everybody.
func (s *Service) Publish(ctx context.Context, sc authz.Scope, product id.ID) error {
	return s.setState(ctx, sc, product, Published, "product.published")
}

// Hide makes a product a draft again.
func (s *Service) Hide(ctx context.Context, sc authz.Scope, product id.ID) error {
	return s.setState(ctx, sc, product, Draft, "product.hidden")
}

// Archive puts a product away. Orders that name it stay as they are.
func (s *Service) Archive(ctx context.Context, sc authz.Scope, product id.ID) error {
	return s.setState(ctx, sc, product, Archived, "product.archived")
}

func (s *Service) setState(ctx context.Context, sc authz.Scope, product id.ID, to State, verb string) error {
	if err := sc.Can(authz.EditProducts); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		old, err := s.hold(ctx, tx, sc, product)
		if err != nil {
			return err
		}
		n, err := s.q.SetState(ctx, tx, catalogdb.SetStateParams{BusinessID: sc.Business, ID: product, State: string(to), ChangedAt: tx.Now})
		if err != nil {
			return fmt.Errorf("set state: %w", err)
		}
		if n == 0 { // it is so already: pressed twice
			return nil
		}
		if err := audit.Note(ctx, tx, sc, verb, product); err != nil {
			return err
		}
		return s.shown(ctx, tx, sc, old.State == Published || to == Published)
	})
}

// Copy makes a draft that is like a product but for its title and stock. The
// id is made with the form, so that pressing twice makes one copy.
func (s *Service) Copy(ctx context.Context, sc authz.Scope, from, to id.ID, title string) (Product, error) {
	if err := sc.Can(authz.EditProducts); err != nil {
		return Product{}, err
	}
	if to.IsZero() {
		return Product{}, fault.New(fault.Invalid, "form.stale")
	}
	var p Product
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		old, err := s.get(ctx, tx, sc, from)
		if err != nil {
			return err
		}
		hash := "copy of " + from.String()
		have, err := s.get(ctx, tx, sc, to)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return err
		default:
			was, err := s.q.ProductHash(ctx, tx, catalogdb.ProductHashParams{BusinessID: sc.Business, ID: to})
			if err != nil {
				return fmt.Errorf("read product: %w", err)
			}
			if was != hash {
				return ErrOther.On("id")
			}
			p = have
			return nil
		}
		d := old.Form()
		d.ID, d.Edit, d.Title, d.Publish = to, to, cut(Clean(title), MaxTitle), false
		for i := range d.Variants {
			d.Variants[i].ID, d.Variants[i].SKU, d.Variants[i].Stock = id.New(), "", nil
		}
		for i := range d.Photos {
			c, err := s.blobs.Duplicate(ctx, tx, sc, d.Photos[i].ID)
			if err != nil {
				return err
			}
			d.Photos[i].ID = c.ID
		}
		if _, err := s.insert(ctx, tx, sc, d, hash); err != nil {
			return err
		}
		p, err = s.get(ctx, tx, sc, to)
		return err
	})
	return p, err
}

// Form returns the product as a form shows it.
func (p Product) Form() Form {
	d := Form{
		ID: p.ID, Edit: id.New(), Title: p.Title, About: p.About, Category: p.Category, Unit: p.Unit, Shelf: p.Shelf, Labels: p.Labels,
		Halal: p.Halal, PIRT: p.PIRT, Options: p.Options, MadeToOrderDays: p.MadeToOrderDays, Min: p.Min, Max: p.Max,
		Publish: p.State == Published,
	}
	for _, v := range p.Variants {
		d.Variants = append(d.Variants, VariantForm{
			ID: v.ID, Choices: v.Choices, SKU: v.SKU, Price: v.Price, WasPrice: v.WasPrice, WeightGrams: v.WeightGrams,
			Length: v.Length, Width: v.Width, Height: v.Height, Tracked: v.Tracked,
		})
	}
	for _, f := range p.Photos {
		d.Photos = append(d.Photos, PhotoForm{f.ID, f.Alt})
	}
	return d
}

// Place moves a product by some places among those of its state: -1 is one up.
func (s *Service) Place(ctx context.Context, sc authz.Scope, product id.ID, by int) error {
	if err := sc.Can(authz.EditProducts); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		p, err := s.get(ctx, tx, sc, product)
		if err != nil {
			return err
		}
		rows, err := s.q.Neighbours(ctx, tx, catalogdb.NeighboursParams{BusinessID: sc.Business, State: string(p.State)})
		if err != nil {
			return fmt.Errorf("list neighbours: %w", err)
		}
		from := slices.IndexFunc(rows, func(r catalogdb.NeighboursRow) bool { return r.ID == product })
		to := min(max(from+by, 0), len(rows)-1)
		if from < 0 || from == to {
			return nil
		}
		moved := rows[from]
		rows = slices.Insert(slices.Delete(rows, from, from+1), to, moved)
		for i, r := range rows {
			if r.Position == int64(i) {
				continue
			}
			if err := s.q.SetPosition(ctx, tx, catalogdb.SetPositionParams{BusinessID: sc.Business, ID: r.ID, Position: int64(i)}); err != nil {
				return fmt.Errorf("set position: %w", err)
			}
		}
		if err := audit.Note(ctx, tx, sc, "product.placed", product); err != nil {
			return err
		}
		return s.shown(ctx, tx, sc, p.State == Published)
	})
}

// Quick is a price and a stock typed in the list of products.
type Quick struct {
	Edit    id.ID
	Product id.ID // whose variant it is
	Variant id.ID
	Price   int64
	Stock   *int64 // nil leaves it alone
	Seen    int64
}

// SetQuick changes the price and the stock of one variant.
func (s *Service) SetQuick(ctx context.Context, sc authz.Scope, d Quick) error {
	if err := sc.Can(authz.EditProducts); err != nil {
		return err
	}
	var f fault.Fields
	f.Check(!d.Edit.IsZero(), "edit", "form.stale")
	f.Check(d.Price > 0, "price", "catalog.price_required")
	f.Check(d.Price <= money.Max, "price", "money.too_large")
	if d.Stock != nil {
		f.Check(*d.Stock >= 0 && *d.Stock <= MaxQuantity, "stock", "form.between", 0, MaxQuantity)
	}
	if err := f.Err(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.lock(ctx, tx, sc, d.Product); err != nil {
			return err
		}
		o, err := s.Offer(ctx, tx, sc, d.Variant)
		if err != nil {
			return err
		}
		if o.Product != d.Product {
			return ErrNotFound
		}
		if o.Price != d.Price {
			if _, err := s.q.SetPrice(ctx, tx, catalogdb.SetPriceParams{BusinessID: sc.Business, ID: d.Variant, Price: d.Price}); err != nil {
				return fmt.Errorf("set price: %w", err)
			}
			diff := audit.Diff{"price": {From: o.Price, To: d.Price}}
			if err := audit.Note(ctx, tx, sc, "product.price", o.Product, diff); err != nil {
				return err
			}
		}
		if o.Tracked && d.Stock != nil && *d.Stock != d.Seen {
			if err := s.book(ctx, tx, sc, []StockSet{{Edit: d.Edit, Variant: d.Variant, Seen: d.Seen, Actual: *d.Stock}}); err != nil {
				return err
			}
		}
		return s.shown(ctx, tx, sc, o.State == Published)
	})
}

// differences are the changes that the audit log keeps.
func differences(old Product, d Form) audit.Diff {
	diff := audit.Diff{}
	text := func(field, a, b string) {
		if a != b {
			diff[field] = audit.Change{From: a, To: b}
		}
	}
	text("title", old.Title, d.Title)
	text("category", old.Category, d.Category)
	text("halal", old.Halal, d.Halal)
	text("pirt", old.PIRT, d.PIRT)
	was := map[id.ID]Variant{}
	for _, v := range old.Variants {
		was[v.ID] = v
	}
	for i, v := range d.Variants {
		if o, ok := was[v.ID]; ok {
			text("price."+strconv.Itoa(i), strconv.FormatInt(o.Price, 10), strconv.FormatInt(v.Price, 10))
		}
	}
	text("variants", strconv.Itoa(len(old.Variants)), strconv.Itoa(len(d.Variants)))
	return diff
}

// RenameCategory gives a category another name.
func (s *Service) RenameCategory(ctx context.Context, sc authz.Scope, category id.ID, name string) error {
	name = Clean(name)
	var f fault.Fields
	f.Check(Fold(name) != "", "name", "form.required")
	f.Check(len([]rune(name)) <= MaxCategory, "name", "form.too_long", MaxCategory)
	if err := f.Err(); err != nil {
		return err
	}
	return s.editCategory(ctx, sc, category, "category.renamed", func(tx *store.Tx, all []Category) error {
		n, err := s.q.RenameCategory(ctx, tx, catalogdb.RenameCategoryParams{BusinessID: sc.Business, ID: category, Name: name, NameSearch: Fold(name)})
		if err == nil && n == 0 {
			return fault.New(fault.Invalid, "catalog.twice").On("name")
		}
		return wrap("rename category", err)
	})
}

// PlaceCategory moves a category by some places: -1 is one up.
func (s *Service) PlaceCategory(ctx context.Context, sc authz.Scope, category id.ID, by int) error {
	return s.editCategory(ctx, sc, category, "category.placed", func(tx *store.Tx, all []Category) error {
		from := slices.IndexFunc(all, func(c Category) bool { return c.ID == category })
		to := min(max(from+by, 0), len(all)-1)
		moved := all[from]
		all = slices.Insert(slices.Delete(all, from, from+1), to, moved)
		for i, c := range all {
			err := s.q.PlaceCategory(ctx, tx, catalogdb.PlaceCategoryParams{BusinessID: sc.Business, ID: c.ID, Position: int64(i)})
			if err != nil {
				return fmt.Errorf("place category: %w", err)
			}
		}
		return nil
	})
}

// DeleteCategory removes a category; its products stay, without one.
func (s *Service) DeleteCategory(ctx context.Context, sc authz.Scope, category id.ID) error {
	return s.editCategory(ctx, sc, category, "category.removed", func(tx *store.Tx, all []Category) error {
		if err := s.q.EmptyCategory(ctx, tx, catalogdb.EmptyCategoryParams{BusinessID: sc.Business, CategoryID: category.Null()}); err != nil {
			return fmt.Errorf("empty category: %w", err)
		}
		_, err := s.q.DeleteCategory(ctx, tx, catalogdb.DeleteCategoryParams{BusinessID: sc.Business, ID: category})
		return wrap("delete category", err)
	})
}

func (s *Service) editCategory(ctx context.Context, sc authz.Scope, category id.ID, verb string, fn func(*store.Tx, []Category) error) error {
	if err := sc.Can(authz.EditProducts); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		all, err := s.CategoriesTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(c Category) bool { return c.ID == category }) {
			return ErrNotFound
		}
		if err := fn(tx, all); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, verb, category); err != nil {
			return err
		}
		return s.shown(ctx, tx, sc, true)
	})
}

// Invariants hold at every moment.
var Invariants = []store.Invariant{
	{Name: "a product's address leads to it", SQL: `SELECT p.business_id, p.id FROM products p
LEFT JOIN product_slugs g ON g.business_id = p.business_id AND g.slug = p.slug
WHERE g.product_id IS NULL OR g.product_id <> p.id`},
	{Name: "a published product has something to buy", SQL: `SELECT p.business_id, p.id FROM products p
WHERE p.state = 'published' AND NOT EXISTS (SELECT 1 FROM variants v WHERE v.business_id = p.business_id AND v.product_id = p.id AND v.gone = false)`},
	{Name: "a product's photos are its own", SQL: `SELECT f.business_id, f.blob_id FROM product_photos f
LEFT JOIN blobs b ON b.business_id = f.business_id AND b.id = f.blob_id
WHERE b.owner_id IS NULL OR b.owner_id <> f.product_id`},
}
