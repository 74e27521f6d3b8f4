package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/directory/directorydb"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// Refresh makes the summary of one business anew from what it shows now, or
// takes it out if it shows nothing. It may run any number of times.
func (s *Service) Refresh(ctx context.Context, sc authz.Scope) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		b, err := s.shops.GetTx(ctx, tx, sc)
		if errors.Is(err, business.ErrNotFound) {
			return s.put(ctx, tx, summary{business: sc.Business})
		}
		if err != nil {
			return err
		}
		if !b.Visible() {
			return s.put(ctx, tx, summary{business: sc.Business})
		}
		var goods []catalog.Product
		for find, more := (catalog.Find{}), true; more; {
			page, err := s.goods.SearchTx(ctx, tx, sc, find)
			if err != nil {
				return err
			}
			goods = append(goods, page.Products...)
			find.After, more = page.Next, !page.Next.IsZero()
		}
		levels, err := s.shelf.Levels(ctx, tx, sc, variants(goods))
		if err != nil {
			return err
		}
		return s.put(ctx, tx, summarize(tx, b, goods, levels))
	})
}

// Sweep forgets words that no shop uses any more, and tidies the index.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.db.SearchTidy(ctx); err != nil {
		return err
	}
	return s.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		gone, err := s.q.DeleteUnusedWords(ctx, tx)
		if err != nil {
			return fmt.Errorf("forget words: %w", err)
		}
		// Of these words alone: one that a shop begins to use meanwhile stays whole.
		if err := s.q.DeleteNear(ctx, tx, store.Texts(gone)); err != nil {
			return fmt.Errorf("forget misspellings: %w", err)
		}
		return nil
	})
}

func variants(goods []catalog.Product) []id.ID {
	var list []id.ID
	for _, p := range goods {
		for _, v := range p.Variants {
			list = append(list, v.ID)
		}
	}
	return list
}

// summary is what the directory keeps of one business: nothing, if shop is nil.
type summary struct {
	business id.ID
	shop     *directorydb.PutShopParams
	lists    []string
	goods    []directorydb.PutProductParams
	docs     map[id.ID]store.SearchDoc
}

func summarize(tx *store.Tx, b business.Business, goods []catalog.Product, levels map[id.ID]stock.Level) summary {
	place := b.Place()
	opened := b.CreatedAt
	if b.PublishedAt != nil {
		opened = *b.PublishedAt
	}
	sum := summary{
		business: b.ID,
		lists:    lists(b.Trade, b.Village),
		docs:     map[id.ID]store.SearchDoc{},
		shop: &directorydb.PutShopParams{
			BusinessID: b.ID, Slug: b.Slug, Name: b.Name, Tagline: b.Tagline, Trade: b.Trade, Village: b.Village, Place: b.Town(),
			Dye: string(b.Dye), Products: int64(len(goods)), Bucket: bucket(b.ID), OpenedAt: opened, ChangedAt: tx.Now,
		},
	}
	narrow := append(placeMarks(b.Village), tradeMark(b.Trade))
	around := []string{b.Town(), place.Label(), b.TradeLabel("id"), b.TradeLabel("en")}
	add := func(row id.ID, group int64, title string, weight int64, more ...string) string {
		words := unique(fold(title + " " + strings.Join(append(more, around...), " ")))
		sum.docs[row] = store.SearchDoc{
			ID: row, Group: group, Title: strings.Join(fold(title), " "), Weight: weight,
			Words: strings.Join(slices.Concat(narrow, words), " "),
		}
		return strings.Join(words, " ")
	}
	for _, p := range goods {
		low, high := p.Prices()
		free := buyable(p, levels)
		weight := int64(0)
		if free {
			weight = 2
		}
		if cover := p.Cover(); !cover.IsZero() {
			weight++
			if sum.shop.Photo == nil {
				sum.shop.Photo = cover.ID.Null()
			}
		}
		words := add(p.ID, goodsGroup, p.Title, weight, b.Name, p.Category)
		sum.goods = append(sum.goods, directorydb.PutProductParams{
			BusinessID: b.ID, ProductID: p.ID, Slug: p.Slug, Title: p.Title, Price: low, PriceTo: high, Photo: p.Cover().ID.Null(),
			Free: free, Words: words, Bucket: bucket(p.ID), ChangedAt: p.ChangedAt,
		})
	}
	weight := int64(0)
	if len(goods) > 0 {
		weight += 2
	}
	add(b.ID, shopGroup, b.Name, weight, b.Tagline)
	return sum
}

// buyable reports whether any variant can be ordered now.
func buyable(p catalog.Product, levels map[id.ID]stock.Level) bool {
	for _, v := range p.Variants {
		if !v.Tracked || levels[v.ID].Free() > 0 {
			return true
		}
	}
	return false
}

func unique(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Compact(words)
}

// put makes the kept summary of a business equal to sum.
func (s *Service) put(ctx context.Context, tx *store.Tx, sum summary) error {
	old, err := s.q.Products(ctx, tx, sum.business)
	if err != nil {
		return fmt.Errorf("read what the directory has: %w", err)
	}
	uses := map[string]int64{} // how many products more use a word than before
	had := map[id.ID]directorydb.DirectoryProduct{}
	for _, p := range old {
		had[p.ProductID] = p
		count(uses, p.Words, -1)
	}
	for _, p := range sum.goods {
		count(uses, p.Words, 1)
		was, there := had[p.ProductID]
		delete(had, p.ProductID)
		if there && same(was, p) {
			continue
		}
		if err := s.q.PutProduct(ctx, tx, p); err != nil {
			return fmt.Errorf("put a product into the directory: %w", err)
		}
	}
	for _, p := range had {
		if err := s.q.DeleteProduct(ctx, tx, directorydb.DeleteProductParams{BusinessID: sum.business, ProductID: p.ProductID}); err != nil {
			return fmt.Errorf("take a product out of the directory: %w", err)
		}
		if err := tx.SearchDrop(ctx, p.ProductID); err != nil {
			return err
		}
	}
	if err := s.putShop(ctx, tx, sum); err != nil {
		return err
	}
	for _, row := range slices.SortedFunc(maps.Keys(sum.docs), func(a, b id.ID) int { return slices.Compare(a[:], b[:]) }) {
		if err := tx.SearchPut(ctx, sum.docs[row]); err != nil {
			return err
		}
	}
	return s.putWords(ctx, tx, uses)
}

func (s *Service) putShop(ctx context.Context, tx *store.Tx, sum summary) error {
	_, err := s.q.Shop(ctx, tx, sum.business)
	there := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read a shop of the directory: %w", err)
	}
	if there {
		if err := s.q.DeleteLists(ctx, tx, sum.business); err != nil {
			return fmt.Errorf("take a shop out of its lists: %w", err)
		}
	}
	if sum.shop == nil {
		if !there {
			return nil
		}
		if _, err := s.q.DeleteShop(ctx, tx, sum.business); err != nil {
			return fmt.Errorf("take a shop out of the directory: %w", err)
		}
		return tx.SearchDrop(ctx, sum.business)
	}
	if err := s.q.PutShop(ctx, tx, *sum.shop); err != nil {
		return fmt.Errorf("put a shop into the directory: %w", err)
	}
	for _, l := range sum.lists {
		err := s.q.PutList(ctx, tx, directorydb.PutListParams{List: l, OpenedAt: sum.shop.OpenedAt, BusinessID: sum.business})
		if err != nil {
			return fmt.Errorf("put a shop into a list: %w", err)
		}
	}
	return nil
}

// putWords changes how often words are in use, in one order everywhere, so
// that two shops at once never wait for each other in a ring.
func (s *Service) putWords(ctx context.Context, tx *store.Tx, uses map[string]int64) error {
	for _, w := range slices.Sorted(maps.Keys(uses)) {
		n := uses[w]
		if n == 0 {
			continue
		}
		all, err := s.q.AddWord(ctx, tx, directorydb.AddWordParams{Word: w, Uses: n})
		if err != nil {
			return fmt.Errorf("count a word: %w", err)
		}
		if n < 0 || all > n { // it was in use before, and its misspellings are noted
			continue
		}
		if err := s.q.PutNear(ctx, tx, directorydb.PutNearParams{Word: w, Nears: store.IDs(near(w))}); err != nil {
			return fmt.Errorf("note a misspelling: %w", err)
		}
	}
	return nil
}

func count(uses map[string]int64, words string, n int64) {
	for w := range strings.FieldsSeq(words) {
		uses[w] += n
	}
}

func same(a directorydb.DirectoryProduct, b directorydb.PutProductParams) bool {
	return a.BusinessID == b.BusinessID && a.Slug == b.Slug && a.Title == b.Title && a.Price == b.Price && a.PriceTo == b.PriceTo &&
		id.Or(a.Photo) == id.Or(b.Photo) && a.Free == b.Free && a.Words == b.Words && a.ChangedAt.Equal(b.ChangedAt)
}
