package exchange

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/sheet"
	"lapak/internal/stock"
)

// Faults of product and stock files.
var (
	errState   = fault.New(fault.Invalid, "exchange.state_word")
	errVariant = fault.New(fault.Invalid, "exchange.variant")    // some rows of a product name a variant and some do not
	errGone    = fault.New(fault.Invalid, "exchange.no_product") // {0}
	errTwo     = fault.New(fault.Invalid, "exchange.two_products")
	errCounted = fault.New(fault.Invalid, "exchange.not_counted")
)

// Products is the kind of files of products. Rows with one name, one after
// another, are the variants of one product. A product is known by its SKU,
// else by its name; what a file has no column for stays as it is, and
// variants that it does not name stay.
type Products struct {
	Goods *catalog.Service
	Stock *stock.Service
}

// Name is its word in addresses.
func (Products) Name() string { return "produk" }

// Verb is what who takes it in must be allowed.
func (Products) Verb() authz.Verb { return authz.EditProducts }

// Fields lists what columns may hold; the aliases are those of marketplaces.
func (Products) Fields() []Field {
	return []Field{
		{Key: "name", Needed: true, Aliases: []string{"nama_produk", "Nama Produk", "Product Name", "ps_product_name", "nama", "title", "produk"}},
		{Key: "sku", Aliases: []string{"sku", "Seller SKU", "Nomor Referensi SKU", "Nomor SKU", "Kode SKU", "ps_sku_short", "et_title_variation_sku", "kode"}},
		{Key: "parent", Aliases: []string{"sku_induk", "SKU Induk", "ps_sku_parent_short", "Parent SKU", "Kode Produk", "Product ID"}},
		{Key: "price", Needed: true, Number: true, Aliases: []string{"harga", "ps_price", "Price", "Harga Jual", "Retail Price (Local Currency)", "SKU Unit Original Price", "Harga Jual (IDR)"}},
		{Key: "was", Number: true, Aliases: []string{"harga_coret", "Harga Sebelum Diskon", "Was price"}},
		{Key: "stock", Number: true, Aliases: []string{"stok", "ps_stock", "Stock", "Quantity", "Kuantitas", "Jumlah Stok"}},
		{Key: "category", Aliases: []string{"kategori", "ps_category", "Category", "Product Category"}},
		{Key: "about", Aliases: []string{"deskripsi", "ps_product_description", "Description", "Product Description", "Deskripsi Produk", "keterangan"}},
		{Key: "unit", Aliases: []string{"satuan", "unit"}},
		{Key: "grams", Number: true, Aliases: []string{"berat_gram", "Berat", "ps_weight", "Berat (gram)", "Parcel weight (g)", "Package Weight(g)"}},
		{Key: "kilos", Number: true, Aliases: []string{"berat_kg", "Berat (kg)", "Weight(kg)", "Package Weight(kg)"}},
		{Key: "length", Number: true, Aliases: []string{"panjang_cm", "ps_length", "Panjang", "Package Length(cm)"}},
		{Key: "width", Number: true, Aliases: []string{"lebar_cm", "ps_width", "Lebar", "Package Width(cm)"}},
		{Key: "height", Number: true, Aliases: []string{"tinggi_cm", "ps_height", "Tinggi", "Package Height(cm)"}},
		{Key: "option1", Aliases: []string{"pilihan_1", "et_title_variation_1", "Nama Variasi 1", "Variation 1 Name", "Tipe Variasi 1"}},
		{Key: "value1", Aliases: []string{"nilai_1", "et_title_option_for_variation_1", "Nama Variasi", "Variasi", "Variation", "Variation 1 Value", "Varian"}},
		{Key: "option2", Aliases: []string{"pilihan_2", "et_title_variation_2", "Nama Variasi 2", "Variation 2 Name", "Tipe Variasi 2"}},
		{Key: "value2", Aliases: []string{"nilai_2", "et_title_option_for_variation_2", "Variation 2 Value"}},
		{Key: "option3", Aliases: []string{"pilihan_3", "Variation 3 Name"}},
		{Key: "value3", Aliases: []string{"nilai_3", "Variation 3 Value"}},
		{Key: "labels", Aliases: []string{"label", "labels", "tag"}},
		{Key: "shelf", Aliases: []string{"rak", "shelf"}},
		{Key: "halal", Aliases: []string{"no_halal", "Nomor Halal", "halal"}},
		{Key: "pirt", Aliases: []string{"no_pirt", "Nomor P-IRT", "pirt"}},
		{Key: "days", Number: true, Aliases: []string{"hari_buat", "Masa Pengemasan", "ps_days_to_ship", "days"}},
		{Key: "min", Number: true, Aliases: []string{"min_beli", "Minimum Pembelian", "Minimum Pemesanan"}},
		{Key: "max", Number: true, Aliases: []string{"maks_beli", "Maksimum Pembelian"}},
		{Key: "state", Aliases: []string{"tampil", "Status", "status_produk"}},
	}
}

// Key holds the rows of one product together.
func (Products) Key(c Cells) string {
	if p := c.Get("parent"); p != "" {
		return "p:" + catalog.Fold(p)
	}
	return "n:" + catalog.Fold(c.Get("name"))
}

// product is a product as a file tells of it. A nil leaves alone.
type product struct {
	line     int
	name     string
	texts    map[string]string // about, category, unit, shelf, halal, pirt
	numbers  map[string]int64  // days, min, max
	labels   []string
	publish  *bool
	options  []string
	variants []variant
}

type variant struct {
	line    int
	sku     string
	choices []string
	price   int64
	numbers map[string]int64 // was, stock, grams, length, width, height
}

// Read makes a product of its rows.
func (Products) Read(h How, g Group) (any, []Problem) {
	first := g.Rows[0]
	p := product{line: first.Line, name: first.Get("name"), texts: map[string]string{}, numbers: map[string]int64{}}
	var problems []Problem
	bad := func(c Cells, field string, err error) {
		if f := fault.Of(err); f != nil {
			problems = append(problems, Problem{c.Line, field, f})
		}
	}
	count := func(c Cells, field string) (int64, bool) {
		s := c.Get(field)
		if s == "" {
			return 0, false
		}
		n, err := h.Numbers.Int(s)
		if err != nil {
			bad(c, field, err)
		}
		return n, err == nil
	}
	for _, f := range []string{"about", "category", "unit", "shelf", "halal", "pirt"} {
		if first.Has(f) {
			p.texts[f] = first.Get(f)
		}
	}
	for _, f := range []string{"days", "min", "max"} {
		if n, ok := count(first, f); ok {
			p.numbers[f] = n
		}
	}
	if first.Has("labels") {
		p.labels = []string{}
		for l := range strings.SplitSeq(first.Get("labels"), ",") {
			if l = strings.TrimSpace(l); l != "" {
				p.labels = append(p.labels, l)
			}
		}
	}
	if s := first.Get("state"); s != "" {
		if yes, ok := Yes(s); ok {
			p.publish = &yes
		} else {
			bad(first, "state", errState.With(s))
		}
	}
	for n := 1; n <= catalog.MaxOptions; n++ {
		value, has := "value"+strconv.Itoa(n), false
		for _, c := range g.Rows {
			has = has || c.Get(value) != ""
		}
		if !has {
			break
		}
		name := first.Get("option" + strconv.Itoa(n))
		if name == "" {
			name = []string{"Varian", "Varian 2", "Varian 3"}[n-1]
		}
		p.options = append(p.options, name)
	}
	for _, c := range g.Rows {
		v := variant{line: c.Line, sku: c.Get("sku"), numbers: map[string]int64{}}
		for n := range p.options {
			s := c.Get("value" + strconv.Itoa(n+1))
			if s == "" {
				bad(c, "value"+strconv.Itoa(n+1), errVariant)
			}
			v.choices = append(v.choices, catalog.Clean(s))
		}
		var err error
		if v.price, err = h.Numbers.Rupiah(c.Get("price"), h.Factor); err != nil {
			bad(c, "price", err)
		}
		if s := c.Get("was"); s != "" {
			if v.numbers["was"], err = h.Numbers.Rupiah(s, h.Factor); err != nil {
				bad(c, "was", err)
			}
		}
		for _, f := range []string{"stock", "grams", "length", "width", "height"} {
			if n, ok := count(c, f); ok {
				v.numbers[f] = n
			}
		}
		if s := c.Get("kilos"); s != "" && c.Get("grams") == "" {
			n, err := h.Numbers.Rupiah(s, 1000) // an exact number of grams
			if err != nil {
				bad(c, "kilos", sheet.ErrNumber.With(s))
			}
			v.numbers["grams"] = n
		}
		p.variants = append(p.variants, v)
	}
	if len(problems) == 0 {
		if f := fault.Of(p.form(catalog.Form{}, nil).Validate()); f != nil {
			for _, field := range slices.Sorted(fieldsOf(f)) {
				problems = append(problems, p.at(field, f.Fields[field]))
			}
		}
	}
	return p, problems
}

func fieldsOf(f *fault.Error) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range f.Fields {
			if !yield(k) {
				return
			}
		}
	}
}

// at finds the row and column of a field of the product's form.
func (p product) at(field string, f *fault.Error) Problem {
	out := Problem{p.line, map[string]string{"title": "name", "options": "option1"}[field], f}
	if out.Field == "" {
		out.Field = field
	}
	if rest, ok := strings.CutPrefix(field, "variants."); ok {
		n, name, _ := strings.Cut(rest, ".")
		if i, err := strconv.Atoi(n); err == nil && i < len(p.variants) {
			out.Line = p.variants[i].line
		}
		if out.Field = name; name == "choices" {
			out.Field = "value1"
		}
	}
	return out
}

// form puts what the file tells over a form, which may be empty. levels is
// what is there of each variant now.
func (p product) form(d catalog.Form, levels map[id.ID]stock.Level) catalog.Form {
	d.ID, d.Edit = orNew(d.ID), id.New()
	d.Title = catalog.Clean(p.name)
	for f, to := range map[string]*string{"about": &d.About, "category": &d.Category, "unit": &d.Unit, "shelf": &d.Shelf, "halal": &d.Halal, "pirt": &d.PIRT} {
		if s, ok := p.texts[f]; ok {
			*to = s
		}
	}
	for f, to := range map[string]*int64{"days": &d.MadeToOrderDays, "min": &d.Min, "max": &d.Max} {
		if n, ok := p.numbers[f]; ok {
			*to = n
		}
	}
	if p.labels != nil {
		d.Labels = p.labels
	}
	if p.publish != nil {
		d.Publish = *p.publish
	}
	if len(p.options) != len(d.Options) { // other options than before: the file's variants are all there are
		d.Options, d.Variants = make([]catalog.Option, len(p.options)), nil
	} else {
		d.Options, d.Variants = slices.Clone(d.Options), slices.Clone(d.Variants)
	}
	for n, name := range p.options {
		d.Options[n].Name = catalog.Clean(name)
		d.Options[n].Values = slices.Clone(d.Options[n].Values)
		for _, v := range p.variants {
			if !slices.Contains(d.Options[n].Values, v.choices[n]) {
				d.Options[n].Values = append(d.Options[n].Values, v.choices[n])
			}
		}
	}
	named := map[int]bool{}
	for _, v := range p.variants {
		i := slices.IndexFunc(d.Variants, func(have catalog.VariantForm) bool { return slices.Equal(have.Choices, v.choices) })
		if i < 0 || named[i] { // twice in the file: for Validate to tell
			i = len(d.Variants)
			d.Variants = append(d.Variants, catalog.VariantForm{ID: id.New(), Choices: v.choices})
		}
		named[i] = true
		to := &d.Variants[i]
		if v.sku != "" {
			to.SKU = v.sku
		}
		to.Price = v.price
		for f, at := range map[string]*int64{"was": &to.WasPrice, "grams": &to.WeightGrams, "length": &to.Length, "width": &to.Width, "height": &to.Height} {
			if n, ok := v.numbers[f]; ok {
				*at = n
			}
		}
		if n, ok := v.numbers["stock"]; ok {
			to.Tracked, to.Stock, to.Seen = true, &n, levels[to.ID].OnHand
		}
	}
	return d
}

func orNew(v id.ID) id.ID {
	if v.IsZero() {
		return id.New()
	}
	return v
}

// Begin reads the shop's goods.
func (k Products) Begin(ctx context.Context, sc authz.Scope, _ How) (Session, error) {
	s, err := begin(ctx, k.Goods, k.Stock, sc)
	if err != nil {
		return nil, err
	}
	counts, err := k.Goods.Counts(ctx, sc)
	room := int64(catalog.MaxProducts)
	for _, n := range counts {
		room -= n
	}
	return &productSession{s, room, map[string]string{}}, err
}

type productSession struct {
	*shelf
	room int64             // for new products
	told map[string]string // which product the file gave a SKU to
}

// Judge says what taking products in would do.
func (s *productSession) Judge(_ context.Context, things []any) ([]Verdict, error) {
	out := make([]Verdict, len(things))
	for i, t := range things {
		if _, out[i] = s.judge(t.(product)); out[i].Act == Fresh {
			s.room--
		}
	}
	return out, nil
}

func (s *productSession) judge(p product) (catalog.Form, Verdict) {
	var skus []string
	for _, v := range p.variants {
		skus = append(skus, v.sku)
		if v.sku == "" {
			continue
		}
		key, name := catalog.Fold(v.sku), catalog.Fold(p.name)
		if was, ok := s.told[key]; ok && was != name {
			return catalog.Form{}, Verdict{Bad, errTwo.With(v.sku)}
		}
		s.told[key] = name
	}
	have, ok, f := s.find(p.name, skus...)
	switch {
	case f != nil:
		return catalog.Form{}, Verdict{Bad, f}
	case !ok:
		if s.room <= 0 {
			return catalog.Form{}, Verdict{Bad, catalog.ErrFull.With(catalog.MaxProducts)}
		}
		return p.form(catalog.Form{Publish: p.publish == nil}, nil), Verdict{Act: Fresh}
	}
	d := p.form(have.Form(), s.levels)
	if f := fault.Of(d.Validate()); f != nil {
		return d, Verdict{Bad, f}
	}
	if s.same(have, d) {
		return d, Verdict{Act: Same}
	}
	return d, Verdict{Act: Changed}
}

// same reports whether a form would leave a product as it is.
func (s *productSession) same(p catalog.Product, d catalog.Form) bool {
	f := p.Form()
	if f.Publish != d.Publish || catalog.Clean(d.Title) != f.Title || catalog.CleanText(d.About) != f.About || catalog.Clean(d.Category) != f.Category ||
		catalog.Clean(d.Unit) != f.Unit || catalog.Clean(d.Shelf) != f.Shelf || catalog.Clean(d.Halal) != f.Halal || catalog.Clean(d.PIRT) != f.PIRT ||
		!slices.Equal(d.Labels, f.Labels) || d.MadeToOrderDays != f.MadeToOrderDays || max(1, d.Min) != max(1, f.Min) || d.Max != f.Max ||
		len(d.Options) != len(f.Options) || len(d.Variants) != len(f.Variants) {
		return false
	}
	for i, o := range d.Options {
		if o.Name != f.Options[i].Name || !slices.Equal(o.Values, f.Options[i].Values) {
			return false
		}
	}
	for i, v := range d.Variants {
		h := f.Variants[i]
		if v.SKU != h.SKU || v.Price != h.Price || v.WasPrice != h.WasPrice || v.WeightGrams != h.WeightGrams || v.Length != h.Length || v.Width != h.Width || v.Height != h.Height ||
			v.Tracked != h.Tracked || v.Stock != nil && *v.Stock != s.levels[v.ID].OnHand {
			return false
		}
	}
	return true
}

// Take makes or changes products.
func (s *productSession) Take(ctx context.Context, things []any) ([]Verdict, error) {
	out := make([]Verdict, len(things))
	for i, t := range things {
		p := t.(product)
		d, v := s.judge(p)
		var made catalog.Product
		var err error
		switch v.Act {
		case Fresh:
			made, err = s.goods.Create(ctx, s.sc, d)
			s.room--
		case Changed:
			if made, err = s.goods.Change(ctx, s.sc, d); err == nil && (made.State == catalog.Published) != d.Publish {
				if d.Publish {
					err = s.goods.Publish(ctx, s.sc, d.ID)
				} else {
					err = s.goods.Hide(ctx, s.sc, d.ID)
				}
				made.State = catalog.Draft
				if d.Publish {
					made.State = catalog.Published
				}
			}
		default:
			out[i] = v
			continue
		}
		if err != nil {
			return nil, err
		}
		s.add(made)
		for _, f := range d.Variants {
			if f.Stock != nil {
				l := s.levels[f.ID]
				l.OnHand = *f.Stock
				s.levels[f.ID] = l
			}
		}
		out[i] = v
	}
	return out, nil
}
