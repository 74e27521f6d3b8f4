package directory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/directory/directorydb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// Service keeps the directory and answers from it.
type Service struct {
	db    *store.DB
	q     directorydb.Queries
	shops *business.Service
	goods *catalog.Service
	shelf *stock.Service
}

// New makes the directory over what the other services keep.
func New(db *store.DB, shops *business.Service, goods *catalog.Service, shelf *stock.Service) *Service {
	return &Service{db: db, q: *directorydb.New(), shops: shops, goods: goods, shelf: shelf}
}

// everybody is the scope of what belongs to no business.
var everybody = authz.Visitor(id.ID{})

// Find answers a search, or lists the newest shops when no words are asked for.
func (s *Service) Find(ctx context.Context, q Query) (Result, error) {
	words := asked(q.Words)
	var r Result
	err := s.db.View(ctx, everybody, func(tx *store.Tx) error {
		r = Result{}
		if len(words) == 0 {
			return s.newest(ctx, tx, q, &r)
		}
		return s.search(ctx, tx, q, words, &r)
	})
	return r, err
}

func (s *Service) newest(ctx context.Context, tx *store.Tx, q Query, r *Result) error {
	from := ParseMark(q.Page)
	if from.Shop.IsZero() {
		from = newestEnd
	}
	rows, err := s.q.Newest(ctx, tx, directorydb.NewestParams{
		List: listOf(q.Trade, q.Place), BeforeAt: from.OpenedAt, BeforeID: from.Shop, Max: shopsPerPage + 1,
	})
	if err != nil {
		return fmt.Errorf("list the newest shops: %w", err)
	}
	for i, row := range rows {
		if i == shopsPerPage {
			end := r.Shops[i-1]
			r.More = Mark{end.OpenedAt, end.Business}.String()
			break
		}
		r.Shops = append(r.Shops, shop(row.DirectoryShop))
	}
	return nil
}

// Mark is where a page of the newest shops begins: after this one. The zero
// one is the first page.
type Mark struct {
	OpenedAt time.Time
	Shop     id.ID
}

// newestEnd is before all shops.
var newestEnd = Mark{time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC), id.ID(bytes.Repeat([]byte{0xff}, 16))}

func (m Mark) String() string {
	if m.Shop.IsZero() {
		return ""
	}
	return strconv.FormatInt(m.OpenedAt.UnixMicro(), 36) + "." + m.Shop.String()
}

// ParseMark reads what String wrote; anything else is the first page.
func ParseMark(s string) Mark {
	n, rest, _ := strings.Cut(s, ".")
	at, err := strconv.ParseInt(n, 36, 64)
	if err != nil {
		return Mark{}
	}
	shop, err := id.Parse(rest)
	if err != nil {
		return Mark{}
	}
	return Mark{time.UnixMicro(at).UTC(), shop}
}

func (s *Service) search(ctx context.Context, tx *store.Tx, q Query, words []string, r *Result) error {
	narrow := []store.SearchTerm{}
	if q.Trade != "" {
		narrow = append(narrow, store.SearchTerm{Word: tradeMark(q.Trade)})
	}
	if q.Place != "" {
		narrow = append(narrow, store.SearchTerm{Word: placeMark(q.Place)})
	}
	shops, goods, err := s.candidates(ctx, tx, narrow, words)
	if err != nil {
		return err
	}
	if len(shops)+len(goods) == 0 {
		meant, err := s.correct(ctx, tx, words)
		if err != nil {
			return err
		}
		if slices.Equal(meant, words) {
			return nil
		}
		if shops, goods, err = s.candidates(ctx, tx, narrow, meant); err != nil {
			return err
		}
		if len(shops)+len(goods) > 0 {
			r.Meant = strings.Join(meant, " ")
		}
	}
	if q.Page == "" {
		if r.Shops, err = s.shopsByID(ctx, tx, shops[:min(len(shops), shopsBeside)]); err != nil {
			return err
		}
	}
	goods, r.More = page(goods, q.Page)
	r.Products, err = s.productsByID(ctx, tx, goods)
	return err
}

// candidates finds at most maxShops and maxGoods, the best first: those
// with the very words if there are any, else those with longer ones.
// Whole words are read from one end, while a beginning is first gathered from
// all the words that begin so.
func (s *Service) candidates(ctx context.Context, tx *store.Tx, narrow []store.SearchTerm, words []string) (shops, goods []ranked, err error) {
	shops, goods, err = s.matches(ctx, tx, narrow, words, false)
	if err != nil || len(shops)+len(goods) > 0 {
		return shops, goods, err
	}
	return s.matches(ctx, tx, narrow, words, true)
}

// matches searches once for each kind.
func (s *Service) matches(
	ctx context.Context, tx *store.Tx, narrow []store.SearchTerm, words []string, longer bool,
) (shops, goods []ranked, err error) {
	terms := slices.Clone(narrow)
	for _, w := range words {
		terms = append(terms, store.SearchTerm{Word: w, Prefix: longer && len([]rune(w)) > 2})
	}
	found, err := tx.Search(ctx, shopGroup, terms, maxShops)
	if err != nil {
		return nil, nil, err
	}
	all, err := tx.Search(ctx, goodsGroup, terms, maxGoods)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range found {
		shops = append(shops, ranked{h.ID, score(strings.Fields(h.Title), words, h.Weight)})
	}
	for _, h := range all {
		goods = append(goods, ranked{h.ID, score(strings.Fields(h.Title), words, h.Weight)})
	}
	slices.SortFunc(shops, ranked.compare)
	slices.SortFunc(goods, ranked.compare)
	return shops, goods, nil
}

// ranked is something found, and how well it answers.
type ranked struct {
	id    id.ID
	score int64
}

func (a ranked) compare(b ranked) int {
	return cmp.Or(cmp.Compare(b.score, a.score), slices.Compare(b.id[:], a.id[:]))
}

// page cuts the page after key out of what was found, and says where it ends.
func page(found []ranked, key string) (part []ranked, more string) {
	n, rest, _ := strings.Cut(key, ".")
	if sc, err := strconv.ParseInt(n, 36, 64); err == nil {
		if last, err := id.Parse(rest); err == nil {
			end := ranked{last, sc}
			found = slices.DeleteFunc(slices.Clone(found), func(r ranked) bool { return r.compare(end) <= 0 })
		}
	}
	if len(found) <= productsPerPage {
		return found, ""
	}
	found = found[:productsPerPage]
	end := found[productsPerPage-1]
	return found, strconv.FormatInt(end.score, 36) + "." + end.id.String()
}

// correct replaces each word that nothing begins with by the one in use that
// was most likely meant.
func (s *Service) correct(ctx context.Context, tx *store.Tx, words []string) ([]string, error) {
	meant := slices.Clone(words)
	for i, w := range words {
		if len([]rune(w)) < 3 {
			continue
		}
		known, err := s.q.Prefixed(ctx, tx, directorydb.PrefixedParams{Word: w, WordEnd: w + "\U0010ffff"})
		if err != nil {
			return nil, fmt.Errorf("look a word up: %w", err)
		}
		if len(known) > 0 {
			continue
		}
		rows, err := s.q.Near(ctx, tx, store.IDs(near(w)))
		if err != nil {
			return nil, fmt.Errorf("look for words alike: %w", err)
		}
		uses := map[string]int64{}
		for _, r := range rows {
			uses[r.Word] = r.Uses
		}
		if c := closest(w, uses); c != "" {
			meant[i] = c
		}
	}
	return meant, nil
}

func (s *Service) shopsByID(ctx context.Context, tx *store.Tx, found []ranked) ([]Shop, error) {
	rows, err := s.q.ShopsByID(ctx, tx, store.IDs(idsOf(found)))
	if err != nil {
		return nil, fmt.Errorf("read the shops found: %w", err)
	}
	byID := map[id.ID]Shop{}
	for _, row := range rows {
		byID[row.BusinessID] = shop(row)
	}
	return inOrder(found, byID), nil
}

func (s *Service) productsByID(ctx context.Context, tx *store.Tx, found []ranked) ([]Product, error) {
	rows, err := s.q.ProductsByID(ctx, tx, store.IDs(idsOf(found)))
	if err != nil {
		return nil, fmt.Errorf("read the products found: %w", err)
	}
	byID := map[id.ID]Product{}
	for _, row := range rows {
		p := row.DirectoryProduct
		byID[p.ProductID] = Product{
			Business: p.BusinessID, ID: p.ProductID, Slug: p.Slug, Title: p.Title, Price: p.Price, PriceTo: p.PriceTo,
			Photo: id.Or(p.Photo), Free: p.Free, Shop: row.ShopName, ShopSlug: row.ShopSlug, Place: row.Place,
		}
	}
	return inOrder(found, byID), nil
}

func idsOf(found []ranked) []id.ID {
	list := make([]id.ID, len(found))
	for i, r := range found {
		list[i] = r.id
	}
	return list
}

func inOrder[T any](found []ranked, byID map[id.ID]T) []T {
	var list []T
	for _, r := range found {
		if v, ok := byID[r.id]; ok {
			list = append(list, v)
		}
	}
	return list
}

func shop(row directorydb.DirectoryShop) Shop {
	return Shop{
		Business: row.BusinessID, Slug: row.Slug, Name: row.Name, Tagline: row.Tagline, Trade: row.Trade, Place: row.Place,
		Dye: row.Dye, Photo: id.Or(row.Photo), Products: row.Products, OpenedAt: row.OpenedAt,
	}
}

// Register gives the runner the jobs of the directory.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, _ business.Refresh) error {
		return s.Refresh(store.Long(ctx), sc)
	})
	job.Every(r, "directory.words", 24*time.Hour, func(ctx context.Context) error { return s.Sweep(store.Long(ctx)) })
}
