package storefront

import (
	"fmt"
	"strconv"

	"lapak/internal/catalog"
)

// The structs below are schema.org's, as far as a shop page needs them. They
// are written into the page as application/ld+json.

// StoreData describes a shop.
type StoreData struct {
	Context     string         `json:"@context,omitempty"`
	Type        string         `json:"@type"`
	ID          string         `json:"@id"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	URL         string         `json:"url"`
	Image       string         `json:"image,omitempty"`
	Telephone   string         `json:"telephone,omitempty"`
	Address     *AddressData   `json:"address,omitempty"`
	Hours       []HoursData    `json:"openingHoursSpecification,omitempty"`
	Currencies  string         `json:"currenciesAccepted,omitempty"`
	Payment     string         `json:"paymentAccepted,omitempty"`
	PriceRange  string         `json:"priceRange,omitempty"`
	Offers      *OfferListData `json:"hasOfferCatalog,omitempty"`
}

// AddressData is where a shop is.
type AddressData struct {
	Type     string `json:"@type"`
	Street   string `json:"streetAddress,omitempty"`
	Locality string `json:"addressLocality,omitempty"`
	Region   string `json:"addressRegion,omitempty"`
	Postal   string `json:"postalCode,omitempty"`
	Country  string `json:"addressCountry"`
}

// HoursData is when a shop is open on some days.
type HoursData struct {
	Type   string   `json:"@type"`
	Days   []string `json:"dayOfWeek"`
	Opens  string   `json:"opens"`
	Closes string   `json:"closes"`
}

// OfferListData is the list of what a shop sells.
type OfferListData struct {
	Type  string     `json:"@type"`
	Items []ItemData `json:"itemListElement"`
}

// ItemData points at one product from a list.
type ItemData struct {
	Type     string `json:"@type"`
	Position int    `json:"position"`
	Name     string `json:"name"`
	URL      string `json:"url,omitempty"`
	Item     string `json:"item,omitempty"`
}

// ProductData describes a product, or a group of its variants.
type ProductData struct {
	Context     string        `json:"@context,omitempty"`
	Type        string        `json:"@type"`
	ID          string        `json:"@id,omitempty"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Image       []string      `json:"image,omitempty"`
	SKU         string        `json:"sku,omitempty"`
	Category    string        `json:"category,omitempty"`
	Brand       *NamedData    `json:"brand,omitempty"`
	GroupID     string        `json:"productGroupID,omitempty"`
	VariesBy    []string      `json:"variesBy,omitempty"`
	Variants    []ProductData `json:"hasVariant,omitempty"`
	Offers      *OfferData    `json:"offers,omitempty"`
}

// NamedData is something that only has a name.
type NamedData struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	ID   string `json:"@id,omitempty"`
}

// OfferData is at what price something can be had, and whether it can be had now.
type OfferData struct {
	Type         string     `json:"@type"`
	Price        string     `json:"price"`
	Currency     string     `json:"priceCurrency"`
	Availability string     `json:"availability"`
	URL          string     `json:"url"`
	Condition    string     `json:"itemCondition,omitempty"`
	Seller       *NamedData `json:"seller,omitempty"`
}

// CrumbsData is the way from the directory to a page.
type CrumbsData struct {
	Context string     `json:"@context"`
	Type    string     `json:"@type"`
	Items   []ItemData `json:"itemListElement"`
}

const schema = "https://schema.org"

// storeType maps a trade to the kind of store that search engines know.
func storeType(trade string) string {
	if t, ok := storeTypes[trade]; ok {
		return t
	}
	return "Store"
}

// Crumbs makes the way to a page from names and addresses in turn.
func Crumbs(pairs ...string) CrumbsData {
	c := CrumbsData{Context: schema, Type: "BreadcrumbList"}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Items = append(c.Items, ItemData{Type: "ListItem", Position: i/2 + 1, Name: pairs[i], Item: pairs[i+1]})
	}
	return c
}

func offerData(url, seller string, price int64, availability string) *OfferData {
	return &OfferData{
		Type: "Offer", Price: strconv.FormatInt(price, 10), Currency: "IDR", URL: url,
		Availability: schema + "/" + availability, Condition: schema + "/NewCondition",
		Seller: &NamedData{Type: "Store", ID: seller},
	}
}

// storeTypes are the kinds of store that search engines tell apart, by trade.
var storeTypes = map[string]string{
	"T1": "Store", "T2": "Restaurant", "T3": "ClothingStore", "T4": "ProfessionalService", "T5": "BeautySalon",
	"T6": "HairSalon", "T7": "ProfessionalService", "T8": "Store", "T9": "ProfessionalService", "T10": "Organization",
}

var dayNames = [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// ShopData describes the shop of a page for search engines. The base is the
// site's own address, image that of the link preview.
func (f Front) ShopData(base, image string) StoreData {
	b, p := f.Business, f.Business.Place()
	url := base + b.Path()
	d := StoreData{
		Context: schema, Type: storeType(b.Trade), ID: url + "#toko", Name: b.Name, Description: b.Tagline, URL: url,
		Image: image, Telephone: b.Chat(), Currencies: "IDR", PriceRange: "Rp",
		Address: &AddressData{
			Type: "PostalAddress", Street: b.Street, Locality: b.Town(), Region: p.Province, Postal: p.Postal, Country: "ID",
		},
	}
	for i, day := range b.Hours {
		if !day.Closed() {
			d.Hours = append(d.Hours, HoursData{
				Type: "OpeningHoursSpecification", Days: []string{dayNames[i]}, Opens: isoClock(day.From), Closes: isoClock(day.To),
			})
		}
	}
	if len(f.Goods) > 0 {
		d.Offers = &OfferListData{Type: "OfferCatalog"}
		for i, g := range f.Goods {
			d.Offers.Items = append(d.Offers.Items, ItemData{
				Type: "ListItem", Position: i + 1, Name: g.Title, URL: base + g.Path(b.Slug),
			})
		}
	}
	return d
}

func isoClock(m int) string { return fmt.Sprintf("%02d:%02d", m/60%24, m%60) }

// ProductData describes the product of a page for search engines: one that
// has variants as their group.
func (d Detail) ProductData(base string) ProductData {
	b, g := d.Business, d.Good
	url := base + g.Path(b.Slug)
	seller := base + b.Path() + "#toko"
	p := ProductData{
		Context: schema, Type: "Product", ID: url + "#produk", Name: g.Title, Description: g.About, Category: g.Category,
		Brand: &NamedData{Type: "Brand", Name: b.Name},
	}
	for _, photo := range g.Photos {
		p.Image = append(p.Image, base+photo.Path(1080))
	}
	if len(g.Variants) == 1 {
		v := g.Variants[0]
		p.SKU, p.Offers = v.SKU, offerData(url, seller, v.Price, g.availability(v))
		return p
	}
	p.Type, p.GroupID = "ProductGroup", g.ID.String()
	for _, o := range g.Options {
		p.VariesBy = append(p.VariesBy, o.Name)
	}
	for _, v := range g.Variants {
		p.Variants = append(p.Variants, ProductData{
			Type: "Product", Name: g.Title + ", " + v.Name, SKU: v.SKU, Image: p.Image,
			Offers: offerData(url+"?v="+v.ID.String(), seller, v.Price, g.availability(v)),
		})
	}
	return p
}

func (g Good) availability(v catalog.Variant) string {
	switch {
	case !g.Buyable(v.ID):
		return "OutOfStock"
	case g.MadeToOrderDays > 0:
		return "MadeToOrder"
	}
	return "InStock"
}
