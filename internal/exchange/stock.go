package exchange

import (
	"context"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/sheet"
	"lapak/internal/stock"
)

// Shelf is the kind of files that say how much of each thing is there: by SKU,
// or by name and variant. The difference to the book is booked as a correction.
type Shelf struct {
	Goods *catalog.Service
	Stock *stock.Service
}

// Name is its word in addresses.
func (Shelf) Name() string { return "stok" }

// Verb is what who takes it in must be allowed.
func (Shelf) Verb() authz.Verb { return authz.MoveStock }

// Fields lists what columns may hold.
func (Shelf) Fields() []Field {
	return []Field{
		{Key: "sku", Aliases: []string{"sku", "Seller SKU", "Nomor Referensi SKU", "Nomor SKU", "Kode SKU", "kode"}},
		{Key: "name", Aliases: []string{"nama_produk", "Nama Produk", "Product Name", "nama", "produk"}},
		{Key: "variant", Aliases: []string{"variasi", "Nama Variasi", "Variation", "Varian"}},
		{Key: "actual", Needed: true, Number: true, Aliases: []string{"jumlah_ada", "Stok", "Stock", "Jumlah", "Quantity", "stok_fisik"}},
		{Key: "note", Aliases: []string{"catatan", "note"}},
	}
}

// Key lets each row stand alone.
func (Shelf) Key(Cells) string { return "" }

type counted struct {
	sku, name, variant, note string
	actual                   int64
}

// Read makes a count of a row.
func (Shelf) Read(h How, g Group) (any, []Problem) {
	c := g.Rows[0]
	v := counted{c.Get("sku"), catalog.Clean(c.Get("name")), catalog.Clean(c.Get("variant")), catalog.Clean(c.Get("note")), 0}
	if v.sku == "" && v.name == "" {
		return nil, []Problem{{c.Line, "sku", fault.New(fault.Invalid, "form.required")}}
	}
	n, err := h.Numbers.Int(c.Get("actual"))
	if err == nil {
		v.actual = n
		err = stock.Correction{ID: id.New(), Variant: id.New(), Actual: n, Reason: stock.Corrected, Note: v.note}.Validate()
	}
	if f := fault.Of(err); f != nil {
		for _, field := range []string{"actual", "note"} {
			if f.Field(field) != nil {
				return nil, []Problem{{c.Line, field, f.Field(field)}}
			}
		}
		return nil, []Problem{{c.Line, "actual", f}}
	}
	return v, nil
}

// Begin reads the shop's goods.
func (k Shelf) Begin(ctx context.Context, sc authz.Scope, _ How) (Session, error) {
	look := sc
	if !sc.May(authz.SeeProducts) {
		look = authz.Job(sc.Business)
	}
	s, err := begin(ctx, k.Goods, k.Stock, look)
	return &countSession{shelf: s, k: k, sc: sc}, err
}

type countSession struct {
	*shelf
	k  Shelf
	sc authz.Scope
}

// of finds the variant that a row is about.
func (s *countSession) of(v counted) (catalog.Variant, *fault.Error) {
	p, ok, f := s.find(v.name, v.sku)
	if f != nil {
		return catalog.Variant{}, f
	}
	what := v.name
	if what == "" {
		what = v.sku
	}
	if !ok {
		return catalog.Variant{}, errGone.With(what)
	}
	var hits []catalog.Variant
	for _, have := range p.Variants {
		bySKU := v.sku != "" && catalog.Fold(have.SKU) == catalog.Fold(v.sku)
		if bySKU || catalog.Fold(have.Name) == catalog.Fold(v.variant) {
			hits = append(hits, have)
		}
		if bySKU {
			hits = []catalog.Variant{have}
			break
		}
	}
	switch {
	case len(hits) != 1:
		return catalog.Variant{}, errGone.With(what)
	case !hits[0].Tracked:
		return catalog.Variant{}, errCounted.With(what)
	}
	return hits[0], nil
}

// Judge says what counts would do.
func (s *countSession) Judge(_ context.Context, things []any) ([]Verdict, error) {
	out := make([]Verdict, len(things))
	for i, t := range things {
		v, f := s.of(t.(counted))
		switch {
		case f != nil:
			out[i] = Verdict{Bad, f}
		case s.levels[v.ID].OnHand == t.(counted).actual:
			out[i] = Verdict{Act: Same}
		default:
			out[i] = Verdict{Act: Changed}
		}
	}
	return out, nil
}

// Take books the differences.
func (s *countSession) Take(ctx context.Context, things []any) ([]Verdict, error) {
	out, err := s.Judge(ctx, things)
	for i, t := range things {
		if out[i].Act != Changed {
			continue
		}
		c := t.(counted)
		v, _ := s.of(c)
		l := s.levels[v.ID]
		if l.OnHand == c.actual { // twice in the file
			out[i].Act = Same
			continue
		}
		if err = s.k.Stock.Correct(ctx, s.sc, stock.Correction{ID: id.New(), Variant: v.ID, Seen: l.OnHand, Actual: c.actual, Reason: stock.Corrected, Note: c.note}); err != nil {
			return nil, err
		}
		l.OnHand = c.actual
		s.levels[v.ID] = l
	}
	return out, err
}

// Out gives out what is there of each thing that is counted.
func (k Shelf) Out() Out {
	return Out{Name: k.Name(), Verb: authz.SeeStock, Header: Header(k), Write: func(ctx context.Context, sc authz.Scope, _ Span, w *sheet.Writer) error {
		s, err := begin(ctx, k.Goods, k.Stock, sc)
		if err != nil {
			return err
		}
		for _, p := range s.inOrder() {
			for _, v := range p.Variants {
				if !v.Tracked {
					continue
				}
				if err := w.Row(v.SKU, p.Title, v.Name, s.levels[v.ID].OnHand, ""); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}
