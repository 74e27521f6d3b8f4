package directory

import (
	"context"
	"fmt"
	"time"

	"lapak/internal/directory/directorydb"
	"lapak/internal/store"
)

// Buckets is the number of parts of a site map that is too long for one, and
// maxMap the most addresses that one part may list.
const (
	Buckets = 256
	maxMap  = 49_000
	smallTo = 20_000
)

// Entry is one address of the site map.
type Entry struct {
	Path      string
	ChangedAt time.Time
}

// Small reports whether all of the site map fits one part. It counts no
// further than it must.
func (s *Service) Small(ctx context.Context) (bool, error) {
	var n int64
	err := s.db.View(ctx, everybody, func(tx *store.Tx) error {
		shops, err := s.q.CountShops(ctx, tx, smallTo+1)
		if err != nil {
			return fmt.Errorf("count shops: %w", err)
		}
		goods, err := s.q.CountProducts(ctx, tx, smallTo+1)
		if err != nil {
			return fmt.Errorf("count products: %w", err)
		}
		n = shops + goods
		return nil
	})
	return n <= smallTo, err
}

// Map lists the addresses of shops and products in some buckets.
func (s *Service) Map(ctx context.Context, from, to int) ([]Entry, error) {
	var list []Entry
	err := s.db.View(ctx, everybody, func(tx *store.Tx) error {
		list = nil
		shops, err := s.q.MapShops(ctx, tx, directorydb.MapShopsParams{BucketFrom: int64(from), BucketTo: int64(to), Max: maxMap})
		if err != nil {
			return fmt.Errorf("map shops: %w", err)
		}
		for _, r := range shops {
			list = append(list, Entry{"/@" + r.Slug, r.ChangedAt})
		}
		goods, err := s.q.MapProducts(ctx, tx, directorydb.MapProductsParams{
			BucketFrom: int64(from), BucketTo: int64(to), Max: max(0, maxMap-int32(len(shops))),
		})
		if err != nil {
			return fmt.Errorf("map products: %w", err)
		}
		for _, r := range goods {
			list = append(list, Entry{"/@" + r.ShopSlug + "/p/" + r.Slug, r.ChangedAt})
		}
		return nil
	})
	return list, err
}
