// Package storefront is the public face of a shop: its page, its products, the
// cart, the checkout and the page of an order, for buyers who have no account.
// It owns no tables: it puts together what the slices below it keep.
package storefront

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// ErrNotFound is a shop, product or order that does not exist, is hidden, or
// whose link has ended: a visitor cannot tell which.
var ErrNotFound = fault.New(fault.NotFound, "storefront.not_found")

// PerPage is how many products one view of a shop shows.
const PerPage = 24

// Few is how little of something is left when the page says how much.
const Few = 5

// Good is a product with what is left of it.
type Good struct {
	catalog.Product
	Left map[id.ID]int64 // by variant; one that is not counted is missing
}

// LeftOf is how many of a variant can be ordered; counted is false when the
// shop does not count it.
func (g Good) LeftOf(variant id.ID) (left int64, counted bool) {
	left, counted = g.Left[variant]
	return left, counted
}

// Buyable reports whether a variant can be ordered now.
func (g Good) Buyable(variant id.ID) bool {
	left, counted := g.LeftOf(variant)
	return !counted || left > 0 && left >= g.Min
}

// SoldOut reports whether no variant can be ordered.
func (g Good) SoldOut() bool {
	return !slices.ContainsFunc(g.Variants, func(v catalog.Variant) bool { return g.Buyable(v.ID) })
}

// FewLeft is how many are left of all variants together when they are few and
// all counted, else zero.
func (g Good) FewLeft() int64 {
	var sum int64
	for _, v := range g.Variants {
		left, counted := g.LeftOf(v.ID)
		if !counted {
			return 0
		}
		sum += left
	}
	if sum > Few {
		return 0
	}
	return sum
}

// First is the variant that a page offers before the buyer chooses: the first
// that can be ordered.
func (g Good) First() catalog.Variant {
	for _, v := range g.Variants {
		if g.Buyable(v.ID) {
			return v
		}
	}
	if len(g.Variants) == 0 {
		return catalog.Variant{}
	}
	return g.Variants[0]
}

// Variant finds one of the product's variants.
func (g Good) Variant(variant id.ID) (catalog.Variant, bool) {
	for _, v := range g.Variants {
		if v.ID == variant {
			return v, true
		}
	}
	return catalog.Variant{}, false
}

// Look is what a visitor wants to see of a shop.
type Look struct {
	Words    string
	Category string // its name
	After    catalog.Cursor
}

// Front is what the page of a shop shows.
type Front struct {
	Business   business.Business
	Category   string // the one looked at, if it is there
	Standing   business.Standing
	Categories []catalog.Category
	Goods      []Good
	Next       catalog.Cursor
	Until      time.Time // when the clock changes what is said; zero if never
}

// Detail is what the page of a product shows.
type Detail struct {
	Business business.Business
	Standing business.Standing
	Good     Good
	Until    time.Time
}

// shopOf reads a shop that the public may see.
func (s *Service) shopOf(ctx context.Context, tx *store.Tx, sc authz.Scope) (business.Business, error) {
	b, err := s.shops.Kept(ctx, tx, sc)
	if errors.Is(err, business.ErrNotFound) || err == nil && !b.Visible() {
		return business.Business{}, ErrNotFound
	}
	return b, err
}

// laidOut is what a shop has laid out for all its views.
type laidOut struct {
	business   business.Business
	categories []catalog.Category // those with products
}

// laid returns what the shop's own people have laid out, from memory for as
// long as they change nothing: what is sold meanwhile does not matter to it.
// The value belongs to all who ask; size tells about how many bytes it takes.
func laid[T any](ctx context.Context, s *Service, sc authz.Scope, key string, size func(T) int, load func(*store.Tx) (T, error)) (T, error) {
	v, err := s.cache.Get(sc.Business, "laid\x00"+key, s.db.SettingsVersion(sc.Business), s.db.Now(), func() (any, time.Time, int, error) {
		var v T
		err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
			v, err = load(tx)
			return err
		})
		return v, time.Time{}, size(v) + len(key) + 256, err
	})
	if err != nil {
		var none T
		return none, err
	}
	return v.(T), nil
}

// weight is about how many bytes products take in memory.
func weight(list []catalog.Product) (n int) {
	for _, p := range list {
		n += 1024 + len(p.Title) + len(p.About) + 512*len(p.Variants) + 256*len(p.Photos)
	}
	return n
}

func (s *Service) base(ctx context.Context, sc authz.Scope) (laidOut, error) {
	size := func(l laidOut) int { return 4096 + 128*len(l.categories) }
	return laid(ctx, s, sc, "base", size, func(tx *store.Tx) (l laidOut, err error) {
		if l.business, err = s.shopOf(ctx, tx, sc); err != nil {
			return l, err
		}
		all, err := s.goods.CategoriesTx(ctx, tx, sc)
		l.categories = slices.DeleteFunc(all, func(c catalog.Category) bool { return c.Products == 0 })
		return l, err
	})
}

// Shop reads one view of a shop, in a fixed number of queries; one alone, of
// what is left, if the view was seen since its owner changed something.
func (s *Service) Shop(ctx context.Context, sc authz.Scope, look Look) (Front, error) {
	base, err := s.base(ctx, sc)
	if err != nil {
		return Front{}, err
	}
	f := Front{Business: base.business, Categories: base.categories}
	find := catalog.Find{Text: look.Words, After: look.After, Limit: PerPage}
	for _, c := range f.Categories {
		if look.Category != "" && c.Name == look.Category {
			f.Category, find.Category = c.Name, c.ID
		}
	}
	version := s.db.Version(sc.Business) // before anything is read
	var page catalog.Page
	if find.Text == "" {
		key := "page\x00" + find.Category.String() + find.After.String()
		page, err = laid(ctx, s, sc, key, func(p catalog.Page) int { return weight(p.Products) }, func(tx *store.Tx) (catalog.Page, error) {
			return s.goods.SearchTx(ctx, tx, sc, find)
		})
	} else {
		page, err = s.goods.Search(ctx, sc, find)
	}
	if err != nil {
		return Front{}, err
	}
	f.Next = page.Next
	if f.Goods, err = s.goodsOf(ctx, sc, version, page.Products); err != nil {
		return Front{}, err
	}
	now := s.db.Now()
	f.Standing, f.Until = f.Business.Stand(now), turns(f.Business, now)
	return f, nil
}

// Product reads one product of a shop by an address it has or had.
func (s *Service) Product(ctx context.Context, sc authz.Scope, slug string) (Detail, error) {
	base, err := s.base(ctx, sc)
	if err != nil {
		return Detail{}, err
	}
	version := s.db.Version(sc.Business) // before anything is read
	size := func(p catalog.Product) int { return weight([]catalog.Product{p}) }
	p, err := laid(ctx, s, sc, "product\x00"+slug, size, func(tx *store.Tx) (catalog.Product, error) {
		p, err := s.goods.PublicBySlugTx(ctx, tx, sc, slug)
		if errors.Is(err, catalog.ErrNotFound) {
			err = ErrNotFound
		}
		return p, err
	})
	if err != nil {
		return Detail{}, err
	}
	goods, err := s.goodsOf(ctx, sc, version, []catalog.Product{p})
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Business: base.business, Good: goods[0]}
	now := s.db.Now()
	d.Standing, d.Until = d.Business.Stand(now), turns(d.Business, now)
	return d, nil
}

// goodsOf adds what is left, in one query for any number of products, or from
// memory if nothing of the shop changed since somebody asked for the same ones.
func (s *Service) goodsOf(ctx context.Context, sc authz.Scope, version uint64, list []catalog.Product) ([]Good, error) {
	var counted []id.ID
	for _, p := range list {
		for _, v := range p.Variants {
			if v.Tracked {
				counted = append(counted, v.ID)
			}
		}
	}
	levels := map[id.ID]stock.Level{}
	if len(counted) > 0 {
		key := make([]byte, 0, 16*len(counted))
		for _, v := range counted {
			key = append(key, v[:]...)
		}
		sum := sha256.Sum256(key)
		kept, err := s.cache.Get(sc.Business, "left\x00"+string(sum[:]), version, s.db.Now(), func() (any, time.Time, int, error) {
			var levels map[id.ID]stock.Level
			err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
				levels, err = s.shelf.Levels(ctx, tx, sc, counted)
				return err
			})
			return levels, time.Time{}, 96*len(counted) + 256, err
		})
		if err != nil {
			return nil, err
		}
		levels = kept.(map[id.ID]stock.Level)
	}
	goods := make([]Good, len(list))
	for i, p := range list {
		goods[i] = Good{p, map[id.ID]int64{}}
		for _, v := range p.Variants {
			if v.Tracked {
				goods[i].Left[v.ID] = levels[v.ID].Free()
			}
		}
	}
	return goods, nil
}

// turns is when the clock next changes what a page says of the shop: at an
// opening, at a closing, or at the shop's midnight, when "besok" becomes today.
func turns(b business.Business, now time.Time) time.Time {
	local := now.In(b.Location())
	y, m, d := local.Date()
	next := time.Date(y, m, d+1, 0, 0, 0, 0, b.Location())
	st := b.Stand(now)
	for _, t := range []time.Time{st.Until, st.Next} {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	return next
}

// Veiled is a name as strangers may see it: the first name and an initial.
func Veiled(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	out := words[0]
	if len(words) > 1 {
		for _, r := range words[1] {
			return out + " " + strings.ToUpper(string(r)) + "."
		}
	}
	return out
}
