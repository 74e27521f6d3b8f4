package exchange

import (
	"context"
	"maps"
	"slices"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/sheet"
	"lapak/internal/stock"
)

// shelf is the shop's goods as they are, by what files call them.
type shelf struct {
	goods  *catalog.Service
	sc     authz.Scope
	all    map[id.ID]catalog.Product
	levels map[id.ID]stock.Level
	bySKU  map[string]id.ID // to products; zero: several
	byName map[string]id.ID
}

// begin reads all goods of the shop: at most catalog.MaxProducts.
func begin(ctx context.Context, goods *catalog.Service, shelves *stock.Service, sc authz.Scope) (*shelf, error) {
	s := &shelf{goods: goods, sc: sc, all: map[id.ID]catalog.Product{}, levels: map[id.ID]stock.Level{}, bySKU: map[string]id.ID{}, byName: map[string]id.ID{}}
	for _, state := range []catalog.State{catalog.Published, catalog.Draft} {
		for f := (catalog.Find{State: state, Limit: catalog.MaxPage}); ; {
			page, err := goods.List(ctx, sc, f)
			if err != nil {
				return nil, err
			}
			levels, err := shelves.Of(ctx, sc, page.Products...)
			if err != nil {
				return nil, err
			}
			for _, p := range page.Products {
				s.add(p)
			}
			for v, l := range levels {
				s.levels[v] = l
			}
			if f.After = page.Next; f.After.IsZero() {
				break
			}
		}
	}
	return s, nil
}

func (s *shelf) add(p catalog.Product) {
	s.all[p.ID] = p
	put := func(m map[string]id.ID, key string) {
		if have, ok := m[key]; ok && have != p.ID {
			m[key] = id.ID{}
		} else if key != "" {
			m[key] = p.ID
		}
	}
	put(s.byName, catalog.Fold(p.Title))
	for _, v := range p.Variants {
		put(s.bySKU, catalog.Fold(v.SKU))
	}
}

// inOrder lists the goods, those first made first.
func (s *shelf) inOrder() []catalog.Product {
	list := slices.Collect(maps.Values(s.all))
	slices.SortFunc(list, func(a, b catalog.Product) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return list
}

// find finds a product by one of its SKUs, else by its name.
func (s *shelf) find(name string, skus ...string) (catalog.Product, bool, *fault.Error) {
	var found id.ID
	for _, sku := range skus {
		if p, ok := s.bySKU[catalog.Fold(sku)]; ok && sku != "" {
			if p.IsZero() || !found.IsZero() && found != p {
				return catalog.Product{}, false, errTwo.With(sku)
			}
			found = p
		}
	}
	if found.IsZero() {
		p, ok := s.byName[catalog.Fold(name)]
		if ok && p.IsZero() {
			return catalog.Product{}, false, errTwo.With(name)
		}
		found = p
	}
	p, ok := s.all[found]
	return p, ok, nil
}

// Out gives the shop's products out, so that they can come in again unchanged.
func (k Products) Out() Out {
	return Out{Name: k.Name(), Verb: authz.SeeProducts, Header: Header(k), Write: func(ctx context.Context, sc authz.Scope, _ Span, w *sheet.Writer) error {
		s, err := begin(ctx, k.Goods, k.Stock, sc)
		if err != nil {
			return err
		}
		for _, p := range s.inOrder() {
			if err := productRows(w, p, s.levels); err != nil {
				return err
			}
		}
		return nil
	}}
}

func productRows(w *sheet.Writer, p catalog.Product, levels map[id.ID]stock.Level) error {
	shown := "tidak"
	if p.State == catalog.Published {
		shown = "ya"
	}
	for _, v := range p.Variants {
		var onHand *int64
		if v.Tracked {
			n := levels[v.ID].OnHand
			onHand = &n
		}
		pairs := make([]any, 2*catalog.MaxOptions)
		for i := range pairs {
			pairs[i] = ""
		}
		for i, o := range p.Options {
			pairs[2*i], pairs[2*i+1] = o.Name, v.Choices[i]
		}
		row := []any{p.Title, v.SKU, "", v.Price, orBlank(v.WasPrice), onHand, p.Category, p.About, p.Unit, orBlank(v.WeightGrams), "", orBlank(v.Length), orBlank(v.Width), orBlank(v.Height)}
		row = append(row, pairs...)
		row = append(row, strings.Join(p.Labels, ", "), p.Shelf, p.Halal, p.PIRT, orBlank(p.MadeToOrderDays), orBlank(p.Min), orBlank(p.Max), shown)
		if err := w.Row(row...); err != nil {
			return err
		}
	}
	return nil
}

func orBlank(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}
