package catalog

import (
	"context"
	"fmt"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Ware is a variant and its product.
type Ware struct{ Product, Variant id.ID }

// SKUs lists the variants by their SKU, folded. One that two variants share
// names neither.
func (s *Service) SKUs(ctx context.Context, tx *store.Tx, sc authz.Scope) (map[string]Ware, error) {
	rows, err := s.q.SKUs(ctx, tx, sc.Business)
	if err != nil {
		return nil, fmt.Errorf("list skus: %w", err)
	}
	list := make(map[string]Ware, len(rows))
	for _, r := range rows {
		key := Fold(r.Sku)
		if _, twice := list[key]; twice {
			list[key] = Ware{}
			continue
		}
		list[key] = Ware{r.ProductID, r.ID}
	}
	return list, nil
}
