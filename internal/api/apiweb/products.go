package apiweb

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/web"
)

const (
	sampleProduct = `{"title": "Keripik Singkong", "category": "Camilan", "unit": "bungkus", "publish": true, "variants": [{"price": 15000, "weight_grams": 250, "tracked": true, "stock": 20}]}`
	samplePatch   = `{"variants": [{"id": "VARIANT", "price": 16000}]}`
)

// mark is a place in a list by time.
type mark struct {
	at time.Time
	id id.ID
}

// String writes the mark for an address; the zero mark is empty.
func (m mark) String() string {
	if m.id.IsZero() {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(m.at.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, m.id[:]...))
}

// parseMark reads what String wrote; anything else is the beginning.
func parseMark(s string) mark {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return mark{}
	}
	return mark{time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC(), id.ID(b[8:])}
}

// OwnVariant is a variant as its shop's people see it.
type OwnVariant struct {
	ID          id.ID    `json:"id"`
	Name        string   `json:"name" doc:"Empty for a product's only variant."`
	Choices     []string `json:"choices" doc:"One value for each option."`
	SKU         string   `json:"sku"`
	Price       int64    `json:"price" doc:"In whole rupiah."`
	WasPrice    int64    `json:"was_price" doc:"A price that is crossed out; 0: none."`
	WeightGrams int64    `json:"weight_grams"`
	LengthCM    int64    `json:"length_cm" doc:"Of the package; 0: unknown."`
	WidthCM     int64    `json:"width_cm"`
	HeightCM    int64    `json:"height_cm"`
	Tracked     bool     `json:"tracked" doc:"Whether its stock is counted."`
	Free        *int64   `json:"free,omitempty" doc:"What can still be ordered, if it is counted."`
}

// OwnProduct is a product as its shop's people see it.
type OwnProduct struct {
	ID        id.ID        `json:"id"`
	Slug      string       `json:"slug"`
	State     string       `json:"state" enum:"draft,published,archived"`
	Title     string       `json:"title"`
	About     string       `json:"about"`
	Category  string       `json:"category"`
	Unit      string       `json:"unit"`
	Shelf     string       `json:"shelf" doc:"Where it lies, for counting."`
	Labels    []string     `json:"labels"`
	Halal     string       `json:"halal"`
	PIRT      string       `json:"pirt"`
	Options   []Option     `json:"options"`
	Variants  []OwnVariant `json:"variants"`
	Photos    []Photo      `json:"photos"`
	Min       int64        `json:"min"`
	Max       int64        `json:"max" doc:"Most quantity of an order; 0: no limit."`
	ReadyDays int64        `json:"ready_days"`
	CreatedAt time.Time    `json:"created_at"`
	ChangedAt time.Time    `json:"changed_at"`
}

// OwnProductList is a page of the shop's products.
type OwnProductList struct {
	Items []OwnProduct `json:"items"`
	Next  string       `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

type listProductsIn struct {
	State  string `query:"state" enum:"draft,published,archived" doc:"Published if missing."`
	Q      string `query:"q" doc:"Words in title, category, labels or SKU."`
	Limit  int64  `query:"limit" minimum:"1" maximum:"100" doc:"How many at most; 25 if missing."`
	Cursor string `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

func (c *call) listProducts(in listProductsIn) (OwnProductList, error) {
	out := OwnProductList{Items: []OwnProduct{}}
	after, err := cursor(in.Cursor, catalog.ParseCursor)
	if err != nil {
		return out, err
	}
	page, err := c.Goods.List(c.ctx, c.sc, catalog.Find{State: catalog.State(in.State), Text: in.Q, After: after, Limit: most(in.Limit)})
	if err != nil {
		return out, err
	}
	if out.Items, err = c.ownProducts(page.Products...); err != nil {
		return out, err
	}
	out.Next = page.Next.String()
	return out, nil
}

// ownProducts adds what is left, in one query for all of them.
func (c *call) ownProducts(list ...catalog.Product) ([]OwnProduct, error) {
	levels, err := c.Stock.Of(c.ctx, c.sc, list...)
	if err != nil {
		return nil, err
	}
	out := make([]OwnProduct, len(list))
	for i, g := range list {
		out[i] = c.ownProduct(g, levels)
	}
	return out, nil
}

func (c *call) ownProduct(g catalog.Product, levels map[id.ID]stock.Level) OwnProduct {
	out := OwnProduct{
		ID: g.ID, Slug: g.Slug, State: string(g.State), Title: g.Title, About: g.About, Category: g.Category, Unit: g.Unit, Shelf: g.Shelf, Labels: some(g.Labels),
		Halal: g.Halal, PIRT: g.PIRT, Options: options(g.Options), Variants: make([]OwnVariant, len(g.Variants)), Photos: c.photos(g.Photos), Min: g.Min, Max: g.Max,
		ReadyDays: g.MadeToOrderDays, CreatedAt: g.CreatedAt, ChangedAt: g.ChangedAt,
	}
	for i, v := range g.Variants {
		out.Variants[i] = OwnVariant{
			ID: v.ID, Name: v.Name, Choices: some(v.Choices), SKU: v.SKU, Price: v.Price, WasPrice: v.WasPrice, WeightGrams: v.WeightGrams, LengthCM: v.Length,
			WidthCM: v.Width, HeightCM: v.Height, Tracked: v.Tracked,
		}
		if v.Tracked {
			free := levels[v.ID].Free()
			out.Variants[i].Free = &free
		}
	}
	return out
}

type productIn struct {
	ID id.ID `path:"id" doc:"Id of the product."`
}

func (c *call) getProduct(in productIn) (OwnProduct, error) {
	g, err := c.Goods.Get(c.ctx, c.sc, in.ID)
	if err != nil {
		return OwnProduct{}, err
	}
	list, err := c.ownProducts(g)
	if err != nil {
		return OwnProduct{}, err
	}
	return list[0], nil
}

// NewVariant is a variant of a product to be made.
type NewVariant struct {
	Choices     []string `json:"choices,omitempty" doc:"One value for each option; none for a product without options."`
	SKU         string   `json:"sku,omitempty" maxLength:"40"`
	Price       int64    `json:"price" minimum:"1"`
	WasPrice    int64    `json:"was_price,omitempty" minimum:"0"`
	WeightGrams int64    `json:"weight_grams,omitempty" minimum:"0" maximum:"1000000"`
	LengthCM    int64    `json:"length_cm,omitempty" minimum:"0" maximum:"1000" doc:"Of the package; with all three sides its size may count for its weight."`
	WidthCM     int64    `json:"width_cm,omitempty" minimum:"0" maximum:"1000"`
	HeightCM    int64    `json:"height_cm,omitempty" minimum:"0" maximum:"1000"`
	Tracked     bool     `json:"tracked,omitempty" doc:"Count its stock."`
	Stock       *int64   `json:"stock,omitempty" minimum:"0" maximum:"1000000" doc:"What is there now; only with tracked."`
}

// NewProduct is a product to be made. Photos are added on the product's page.
type NewProduct struct {
	Title     string       `json:"title" minLength:"1" maxLength:"80"`
	About     string       `json:"about,omitempty" maxLength:"2000"`
	Category  string       `json:"category,omitempty" maxLength:"40" doc:"A new one is added to the shop's list."`
	Unit      string       `json:"unit,omitempty" maxLength:"20"`
	Shelf     string       `json:"shelf,omitempty" maxLength:"30"`
	Labels    []string     `json:"labels,omitempty" maxItems:"6"`
	Halal     string       `json:"halal,omitempty" maxLength:"40"`
	PIRT      string       `json:"pirt,omitempty" maxLength:"40"`
	Options   []Option     `json:"options,omitempty" maxItems:"3"`
	Variants  []NewVariant `json:"variants" minItems:"1" maxItems:"100"`
	Min       int64        `json:"min,omitempty" minimum:"0" maximum:"1000000"`
	Max       int64        `json:"max,omitempty" minimum:"0" maximum:"1000000"`
	ReadyDays int64        `json:"ready_days,omitempty" minimum:"0" maximum:"180"`
	Publish   bool         `json:"publish,omitempty" doc:"Show it to everybody; else it is a draft."`
}

type newProductIn struct{ Body NewProduct }

func (c *call) createProduct(in newProductIn) (OwnProduct, error) {
	b := in.Body
	d := catalog.Form{
		ID: id.New(), Edit: id.New(), Title: b.Title, About: b.About, Category: b.Category, Unit: b.Unit, Shelf: b.Shelf, Labels: b.Labels, Halal: b.Halal, PIRT: b.PIRT,
		MadeToOrderDays: b.ReadyDays, Min: b.Min, Max: b.Max, Publish: b.Publish,
	}
	for _, o := range b.Options {
		d.Options = append(d.Options, catalog.Option{Name: o.Name, Values: o.Values})
	}
	for _, v := range b.Variants {
		d.Variants = append(d.Variants, catalog.VariantForm{
			ID: id.New(), Choices: v.Choices, SKU: v.SKU, Price: v.Price, WasPrice: v.WasPrice, WeightGrams: v.WeightGrams, Length: v.LengthCM,
			Width: v.WidthCM, Height: v.HeightCM, Tracked: v.Tracked, Stock: v.Stock,
		})
	}
	g, err := c.Goods.Create(c.ctx, c.sc, d)
	if err != nil {
		return OwnProduct{}, renamed(err, productFields)
	}
	c.location = web.APIBase + "/my/products/" + g.ID.String()
	return c.getProduct(productIn{g.ID})
}

// VariantChange is what is changed of a variant; what is missing stays.
type VariantChange struct {
	ID          id.ID   `json:"id"`
	SKU         *string `json:"sku,omitempty" maxLength:"40"`
	Price       *int64  `json:"price,omitempty" minimum:"1"`
	WasPrice    *int64  `json:"was_price,omitempty" minimum:"0"`
	WeightGrams *int64  `json:"weight_grams,omitempty" minimum:"0" maximum:"1000000"`
	LengthCM    *int64  `json:"length_cm,omitempty" minimum:"0" maximum:"1000"`
	WidthCM     *int64  `json:"width_cm,omitempty" minimum:"0" maximum:"1000"`
	HeightCM    *int64  `json:"height_cm,omitempty" minimum:"0" maximum:"1000"`
	Tracked     *bool   `json:"tracked,omitempty"`
}

// ProductChange is what is changed of a product; what is missing stays.
type ProductChange struct {
	State     *string         `json:"state,omitempty" enum:"draft,published,archived"`
	Title     *string         `json:"title,omitempty" minLength:"1" maxLength:"80"`
	About     *string         `json:"about,omitempty" maxLength:"2000"`
	Category  *string         `json:"category,omitempty" maxLength:"40"`
	Unit      *string         `json:"unit,omitempty" maxLength:"20"`
	Shelf     *string         `json:"shelf,omitempty" maxLength:"30"`
	Labels    *[]string       `json:"labels,omitempty" maxItems:"6"`
	Halal     *string         `json:"halal,omitempty" maxLength:"40"`
	PIRT      *string         `json:"pirt,omitempty" maxLength:"40"`
	Min       *int64          `json:"min,omitempty" minimum:"0" maximum:"1000000"`
	Max       *int64          `json:"max,omitempty" minimum:"0" maximum:"1000000"`
	ReadyDays *int64          `json:"ready_days,omitempty" minimum:"0" maximum:"180"`
	Variants  []VariantChange `json:"variants,omitempty" maxItems:"100" doc:"Only those to be changed."`
}

type productChangeIn struct {
	ID   id.ID `path:"id" doc:"Id of the product."`
	Body ProductChange
}

// put sets what a program sent.
func put[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

// onto lays the change over a product. It adds to names how the form calls the
// variants that the body has in another order.
func (b ProductChange) onto(d *catalog.Form, names map[string]string) error {
	put(&d.Title, b.Title)
	put(&d.About, b.About)
	put(&d.Category, b.Category)
	put(&d.Unit, b.Unit)
	put(&d.Shelf, b.Shelf)
	put(&d.Labels, b.Labels)
	put(&d.Halal, b.Halal)
	put(&d.PIRT, b.PIRT)
	put(&d.Min, b.Min)
	put(&d.Max, b.Max)
	put(&d.MadeToOrderDays, b.ReadyDays)
	for i, v := range b.Variants {
		n := slices.IndexFunc(d.Variants, func(to catalog.VariantForm) bool { return to.ID == v.ID })
		if n < 0 {
			return catalog.ErrVariant.On(fmt.Sprintf("variants.%d.id", i))
		}
		to := &d.Variants[n]
		names[fmt.Sprintf("variants.%d", n)] = fmt.Sprintf("variants.%d", i)
		put(&to.SKU, v.SKU)
		put(&to.Price, v.Price)
		put(&to.WasPrice, v.WasPrice)
		put(&to.WeightGrams, v.WeightGrams)
		put(&to.Length, v.LengthCM)
		put(&to.Width, v.WidthCM)
		put(&to.Height, v.HeightCM)
		put(&to.Tracked, v.Tracked)
	}
	return nil
}

func (c *call) changeProduct(in productChangeIn) (OwnProduct, error) {
	b := in.Body
	if only := (ProductChange{State: b.State}); !reflect.DeepEqual(b, only) {
		names := maps.Clone(productFields)
		if _, err := c.Goods.Edit(c.ctx, c.sc, in.ID, func(d *catalog.Form) error { return b.onto(d, names) }); err != nil {
			return OwnProduct{}, renamed(err, names)
		}
	}
	if b.State != nil {
		set := c.Goods.Hide
		switch catalog.State(*b.State) {
		case catalog.Published:
			set = c.Goods.Publish
		case catalog.Archived:
			set = c.Goods.Archive
		case catalog.Draft:
		default:
			return OwnProduct{}, fault.New(fault.Invalid, "form.choose").On("state")
		}
		if err := set(c.ctx, c.sc, in.ID); err != nil {
			return OwnProduct{}, err
		}
	}
	return c.getProduct(productIn{in.ID})
}

// productFields are fields that the form calls otherwise.
var productFields = map[string]string{"days": "ready_days", "was": "was_price", "weight": "weight_grams", "length": "length_cm", "width": "width_cm", "height": "height_cm"}

// renamed calls the fields of a fault as the body does: names has other last
// words, and other beginnings of the entries of a list.
func renamed(err error, names map[string]string) error {
	f := fault.Of(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	out := *f
	out.Fields = map[string]*fault.Error{}
	for name, e := range f.Fields {
		i := strings.LastIndexByte(name, '.')
		head, last := name[:max(i, 0)], name[i+1:]
		if to, ok := names[last]; ok {
			last = to
		}
		if to, ok := names[head]; ok {
			head = to
		}
		to := strings.TrimPrefix(head+"."+last, ".")
		if whole, ok := names[name]; ok {
			to = whole
		}
		out.Fields[to] = e
	}
	return &out
}
