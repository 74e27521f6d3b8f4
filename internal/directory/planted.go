package directory

import (
	"context"

	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/store"
)

// Plant puts a made-up shop and its goods into the directory, as Refresh does
// with a real one. It is for sample data.
func (s *Service) Plant(ctx context.Context, tx *store.Tx, b business.Business, goods []catalog.Product) error {
	return s.put(ctx, tx, summarize(tx, b, goods, nil))
}
