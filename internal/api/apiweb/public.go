package apiweb

import (
	"slices"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/directory"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/storefront"
	"lapak/internal/web"
)

const (
	tagBuy = "shops"
	tagOrd = "buying"
)

// public lists the operations that need no key: what a buyer does.
func (p *pages) public() []operation {
	return []operation{
		define(operation{id: "listShops", method: "GET", path: "/shops", tag: tagBuy, verb: authz.Public, open: true}, (*call).listShops),
		define(operation{id: "getShop", method: "GET", path: "/shops/{slug}", tag: tagBuy, verb: authz.Public, open: true, kept: true}, (*call).getShop),
		define(operation{id: "listShopProducts", method: "GET", path: "/shops/{slug}/products", tag: tagBuy, verb: authz.Public, open: true, kept: true}, (*call).listShopProducts),
		define(operation{id: "getShopProduct", method: "GET", path: "/shops/{slug}/products/{product}", tag: tagBuy, verb: authz.Public, open: true, kept: true}, (*call).getShopProduct),
		define(operation{id: "findPlaces", method: "GET", path: "/places", tag: tagBuy, verb: authz.Public, open: true}, (*call).findPlaces),
		define(operation{
			id: "quoteOrder", method: "POST", path: "/shops/{slug}/quotes", tag: tagOrd, verb: authz.Public, sample: sampleQuote,
		}, (*call).quote),
		define(operation{
			id: "placeOrder", method: "POST", path: "/shops/{slug}/orders", tag: tagOrd, verb: authz.Public, once: true, status: 201, sample: sampleOrder,
			faults: []string{"order.changed", "stock.short", "order.gone", "order.way", "payment.not_taken", "voucher.unknown", "business.closed", "order.too_many"},
		}, (*call).place),
		define(operation{id: "followOrder", method: "GET", path: "/orders/{token}", tag: tagOrd, verb: authz.Public, link: true}, (*call).follow),
		define(operation{id: "trackParcel", method: "GET", path: "/parcels/{token}", tag: tagOrd, verb: authz.Public, link: true}, (*call).track),
		define(operation{
			id: "lookUpParcel", method: "POST", path: "/parcels", tag: tagOrd, verb: authz.Public, rate: web.Links, sample: `{"number": "LPKAF2KD7Q3", "last": "7890"}`,
			faults: []string{"parcel.not_found"},
		}, (*call).lookUp),
	}
}

// ShopSummary is a shop as the directory lists it.
type ShopSummary struct {
	Slug     string `json:"slug" doc:"The shop's name in addresses." example:"dapur-bu-euis"`
	Name     string `json:"name"`
	Tagline  string `json:"tagline"`
	Trade    string `json:"trade" doc:"Kind of business: the id of a trade." example:"T1"`
	Place    string `json:"place" doc:"Where the shop is, for people." example:"Jatinangor, Kab. Sumedang"`
	Products int64  `json:"products" doc:"How many products are published."`
	Photo    string `json:"photo,omitempty" format:"uri"`
	URL      string `json:"url" format:"uri" doc:"The shop's page for people."`
}

// FoundProduct is a product as a search over all shops lists it.
type FoundProduct struct {
	Slug      string `json:"slug"`
	Title     string `json:"title"`
	PriceFrom int64  `json:"price_from" doc:"Lowest price of its variants, in rupiah."`
	PriceTo   int64  `json:"price_to" doc:"Highest price of its variants, in rupiah."`
	Available bool   `json:"available" doc:"Whether it can be ordered now."`
	Photo     string `json:"photo,omitempty" format:"uri"`
	Shop      string `json:"shop" doc:"Slug of its shop."`
	ShopName  string `json:"shop_name"`
	Place     string `json:"place"`
	URL       string `json:"url" format:"uri"`
}

// ShopList is a page of the directory.
type ShopList struct {
	Items    []ShopSummary  `json:"items"`
	Products []FoundProduct `json:"products" doc:"Products that were found; only with q."`
	Meant    string         `json:"meant,omitempty" doc:"The words as they were corrected, if nothing was found for those given."`
	Next     string         `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

type listShopsIn struct {
	Q      string `query:"q" doc:"Words to look for in shops and products."`
	Trade  string `query:"trade" doc:"Only shops of this trade." example:"T1" maxLength:"8"`
	Place  string `query:"place" doc:"Only shops in this region: a code of findPlaces." example:"32.11" maxLength:"13"`
	Cursor string `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

func (c *call) listShops(in listShopsIn) (ShopList, error) {
	out := ShopList{Items: []ShopSummary{}, Products: []FoundProduct{}}
	if in.Place != "" {
		if _, ok := region.Get(in.Place); !ok {
			return out, errPlace.On("?place")
		}
	}
	if in.Trade != "" {
		if _, ok := business.TradeOf(in.Trade); !ok {
			return out, errTrade.On("?trade")
		}
	}
	if _, err := cursor(in.Cursor, directory.ParseMark); err != nil {
		return out, err
	}
	r, err := c.Directory.Find(c.ctx, directory.Query{Words: in.Q, Trade: in.Trade, Place: in.Place, Page: in.Cursor})
	if err != nil {
		return out, err
	}
	for _, s := range r.Shops {
		out.Items = append(out.Items, ShopSummary{
			Slug: s.Slug, Name: s.Name, Tagline: s.Tagline, Trade: s.Trade, Place: s.Place, Products: s.Products,
			Photo: c.photo(s.Business, s.Photo), URL: c.Base + "/@" + s.Slug,
		})
	}
	for _, g := range r.Products {
		out.Products = append(out.Products, FoundProduct{
			Slug: g.Slug, Title: g.Title, PriceFrom: g.Price, PriceTo: max(g.Price, g.PriceTo), Available: g.Free, Photo: c.photo(g.Business, g.Photo),
			Shop: g.ShopSlug, ShopName: g.Shop, Place: g.Place, URL: c.Base + "/@" + g.ShopSlug + "/p/" + g.Slug,
		})
	}
	out.Meant, out.Next = r.Meant, r.More
	return out, nil
}

func (c *call) photo(shop, photo id.ID) string {
	if photo.IsZero() {
		return ""
	}
	return c.Base + blob.Path(shop, photo, 640)
}

// Opening is when a shop is open on a weekday.
type Opening struct {
	Day  int64  `json:"day" minimum:"0" maximum:"6" doc:"0 is Sunday."`
	From string `json:"from" pattern:"^[0-9]{2}:[0-9]{2}$" example:"08:00"`
	To   string `json:"to" pattern:"^[0-9]{2}:[0-9]{2}$" doc:"At or before from: after midnight." example:"17:00"`
}

// Shop is a shop with what its page says.
type Shop struct {
	Slug        string    `json:"slug" example:"dapur-bu-euis"`
	Name        string    `json:"name"`
	Tagline     string    `json:"tagline"`
	About       string    `json:"about"`
	Trade       string    `json:"trade" example:"T1"`
	TradeName   string    `json:"trade_name" doc:"The trade in the language asked for."`
	Village     string    `json:"village" doc:"Code of the region in which the shop is." example:"32.11.01.2001"`
	Place       string    `json:"place" example:"Jatinangor, Kab. Sumedang"`
	Street      string    `json:"street"`
	Landmark    string    `json:"landmark"`
	WhatsApp    string    `json:"whatsapp" doc:"The number to write to, in E.164." example:"+6281234567890"`
	Zone        string    `json:"time_zone" doc:"The shop's clock: WIB, WITA or WIT." example:"WIB"`
	Hours       []Opening `json:"hours" doc:"Empty if the shop has not said any."`
	TakesOrders bool      `json:"takes_orders" doc:"Whether orders are taken now."`
	Open        bool      `json:"open" doc:"Whether somebody is there now."`
	Message     string    `json:"message,omitempty" doc:"The shop's word about a closing or a pause."`
	Categories  []string  `json:"categories"`
	URL         string    `json:"url" format:"uri"`
}

type shopIn struct {
	Slug string `path:"slug" doc:"The shop's name in addresses." example:"dapur-bu-euis"`
}

func (c *call) getShop(shopIn) (Shop, error) {
	f, err := c.Front.Shop(c.ctx, c.sc, storefront.Look{})
	if err != nil {
		return Shop{}, err
	}
	b := f.Business
	c.until = f.Until
	out := Shop{
		Slug: b.Slug, Name: b.Name, Tagline: b.Tagline, About: b.About, Trade: b.Trade, TradeName: b.TradeLabel(i18n.Lang(c.ctx)), Village: b.Village,
		Place: b.Town(), Street: b.Street, Landmark: b.Landmark, WhatsApp: b.Chat(), Zone: b.Zone, TakesOrders: f.Standing.Takes, Open: f.Standing.Open,
		Message: f.Standing.Message, Hours: []Opening{}, Categories: []string{}, URL: c.Base + b.Path(),
	}
	for day, h := range b.Hours {
		if !h.Closed() {
			out.Hours = append(out.Hours, Opening{int64(day), clock(h.From), clock(h.To)})
		}
	}
	for _, cat := range f.Categories {
		out.Categories = append(out.Categories, cat.Name)
	}
	return out, nil
}

func clock(m int) string { return strings.ReplaceAll(business.Clock(m), ".", ":") }

// Photo is a picture with its size.
type Photo struct {
	URL    string `json:"url" format:"uri"`
	Width  int64  `json:"width"`
	Height int64  `json:"height"`
	Alt    string `json:"alt" doc:"What it shows, for those who cannot see it."`
}

// Option is one thing in which variants differ.
type Option struct {
	Name   string   `json:"name" maxLength:"24" example:"Rasa"`
	Values []string `json:"values" maxItems:"20"`
}

// Variant is what is bought.
type Variant struct {
	ID          id.ID    `json:"id" doc:"What lines of an order name."`
	Name        string   `json:"name" doc:"Empty for a product's only variant." example:"250 g, Pedas"`
	Choices     []string `json:"choices" doc:"One value for each option."`
	Price       int64    `json:"price" doc:"In whole rupiah."`
	WasPrice    int64    `json:"was_price,omitempty" doc:"A price that is crossed out."`
	WeightGrams int64    `json:"weight_grams"`
	LengthCM    int64    `json:"length_cm,omitempty" doc:"Of the package; missing: unknown."`
	WidthCM     int64    `json:"width_cm,omitempty"`
	HeightCM    int64    `json:"height_cm,omitempty"`
	Available   bool     `json:"available" doc:"Whether it can be ordered now."`
	FewLeft     int64    `json:"few_left,omitempty" doc:"How many are left, when they are few."`
}

// Product is a product as its shop shows it to everybody.
type Product struct {
	ID        id.ID     `json:"id"`
	Slug      string    `json:"slug" doc:"The product's name in addresses." example:"keripik-singkong"`
	Title     string    `json:"title"`
	About     string    `json:"about"`
	Category  string    `json:"category"`
	Unit      string    `json:"unit" example:"bungkus"`
	Labels    []string  `json:"labels"`
	Halal     string    `json:"halal,omitempty" doc:"Number of the halal certificate."`
	PIRT      string    `json:"pirt,omitempty" doc:"Number of the P-IRT permit."`
	Options   []Option  `json:"options"`
	Variants  []Variant `json:"variants"`
	Photos    []Photo   `json:"photos"`
	Min       int64     `json:"min" doc:"Least quantity of an order."`
	Max       int64     `json:"max,omitempty" doc:"Most quantity of an order; missing: no limit."`
	ReadyDays int64     `json:"ready_days" doc:"Days it takes to be made; 0: ready."`
	Available bool      `json:"available"`
	URL       string    `json:"url" format:"uri"`
}

// ProductList is a page of a shop's products.
type ProductList struct {
	Items []Product `json:"items"`
	Next  string    `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

type listShopProductsIn struct {
	Slug     string `path:"slug" doc:"The shop's name in addresses." example:"dapur-bu-euis"`
	Q        string `query:"q" doc:"Words in title, category, labels or variants."`
	Category string `query:"category" doc:"Name of one of the shop's categories." maxLength:"40"`
	Cursor   string `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

func (c *call) listShopProducts(in listShopProductsIn) (ProductList, error) {
	out := ProductList{Items: []Product{}}
	after, err := cursor(in.Cursor, catalog.ParseCursor)
	if err != nil {
		return out, err
	}
	f, err := c.Front.Shop(c.ctx, c.sc, storefront.Look{Words: in.Q, Category: in.Category, After: after})
	if err != nil {
		return out, err
	}
	if in.Category != "" && f.Category == "" {
		return out, nil // no such category: nothing is in it
	}
	for _, g := range f.Goods {
		out.Items = append(out.Items, c.product(f.Business, g))
	}
	out.Next = f.Next.String()
	return out, nil
}

type shopProductIn struct {
	Slug    string `path:"slug" doc:"The shop's name in addresses." example:"dapur-bu-euis"`
	Product string `path:"product" doc:"The product's name in addresses." example:"keripik-singkong"`
}

func (c *call) getShopProduct(in shopProductIn) (Product, error) {
	d, err := c.Front.Product(c.ctx, c.sc, in.Product)
	if err != nil {
		return Product{}, err
	}
	return c.product(d.Business, d.Good), nil
}

func (c *call) product(b business.Business, g storefront.Good) Product {
	out := Product{
		ID: g.ID, Slug: g.Slug, Title: g.Title, About: g.About, Category: g.Category, Unit: g.Unit, Labels: some(g.Labels), Halal: g.Halal, PIRT: g.PIRT,
		Options: options(g.Options), Photos: c.photos(g.Photos), Variants: []Variant{}, Min: g.Min, Max: g.Max, ReadyDays: g.MadeToOrderDays,
		Available: !g.SoldOut(), URL: c.Base + g.Path(b.Slug),
	}
	for _, v := range g.Variants {
		one := Variant{
			ID: v.ID, Name: v.Name, Choices: some(v.Choices), Price: v.Price, WasPrice: v.WasPrice, WeightGrams: v.WeightGrams, LengthCM: v.Length,
			WidthCM: v.Width, HeightCM: v.Height, Available: g.Buyable(v.ID),
		}
		if left, counted := g.LeftOf(v.ID); counted && left <= storefront.Few {
			one.FewLeft = left
		}
		out.Variants = append(out.Variants, one)
	}
	return out
}

func options(list []catalog.Option) []Option {
	out := make([]Option, len(list))
	for i, o := range list {
		out[i] = Option{o.Name, some(o.Values)}
	}
	return out
}

func (c *call) photos(list []catalog.Photo) []Photo {
	out := make([]Photo, len(list))
	for i, f := range list {
		w, h := f.Size(1080)
		out[i] = Photo{c.Base + f.Path(1080), w, h, f.Alt}
	}
	return out
}

// some is a list that is never null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Place is a region of Indonesia.
type Place struct {
	Code   string `json:"code" doc:"Official code; orders and addresses name it as village." example:"32.11.01.2001"`
	Kind   string `json:"kind" enum:"province,regency,district,village"`
	Name   string `json:"name"`
	Label  string `json:"label" doc:"The name with those of what lies above."`
	Postal string `json:"postal,omitempty" example:"45363"`
}

// PlaceList is what a search for places found, the best first.
type PlaceList struct {
	Items []Place `json:"items"`
}

type findPlacesIn struct {
	Q    string `query:"q" doc:"Words or beginnings of words of the place and of what lies above it, or a postal code." example:"jatimukti jatinangor" required:"true"`
	Kind string `query:"kind" enum:"province,regency,district,village" doc:"Only places of this level."`
}

func (c *call) findPlaces(in findPlacesIn) (PlaceList, error) {
	var kinds []region.Kind
	if in.Kind != "" {
		kinds = append(kinds, region.Kind(in.Kind))
	}
	out := PlaceList{Items: []Place{}}
	for _, v := range region.Search(in.Q, 12, kinds...) {
		out.Items = append(out.Items, Place{v.Code, string(v.Kind), v.Title(), v.Label(), v.Postal})
	}
	return out, nil
}

// texts makes texts of the named values that a list holds.
func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return slices.Clip(out)
}
