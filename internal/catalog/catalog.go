// Package catalog keeps what a shop offers: products with their variants,
// photos and categories. How much of each there is, package stock knows.
package catalog

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/blob"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
)

// Faults of the catalogue.
var (
	ErrNotFound = fault.New(fault.NotFound, "catalog.not_found")
	ErrOther    = fault.New(fault.Invalid, "catalog.other")   // the form's id made another product already
	ErrNoPhoto  = fault.New(fault.Invalid, "blob.gone")       // a photo that was swept meanwhile
	ErrFull     = fault.New(fault.Conflict, "catalog.full")   // the shop has MaxProducts
	ErrVariant  = fault.New(fault.Invalid, "catalog.variant") // not a variant of this product
	ErrArchived = fault.New(fault.Conflict, "catalog.archived")
)

// State says who sees a product.
type State string

// A draft is seen by the shop, a published product by everybody; an archived
// one is kept for the orders that name it.
const (
	Draft     State = "draft"
	Published State = "published"
	Archived  State = "archived"
)

// States are those that lists and tabs show, in order.
var States = []State{Published, Draft, Archived}

// Limits of what people type; forms use them as maxlength.
const (
	MaxTitle    = 80
	MaxAbout    = 2000
	MaxCategory = 40
	MaxUnit     = 20
	MaxShelf    = 30
	MaxLabel    = 24
	MaxLabels   = 6
	MaxNumber   = 40 // halal and P-IRT numbers
	MaxSKU      = 40
	MaxAlt      = 120
	MaxOption   = 24
	MaxValue    = 30

	MaxPhotos   = 8
	MaxOptions  = 3
	MaxValues   = 20
	MaxVariants = 100
	MaxProducts = 2000

	MaxQuantity = 1_000_000
	MaxDays     = 180
	MaxWeight   = 1_000_000 // gram
	MaxSide     = 1_000     // cm
)

// Option is one thing in which variants differ: a name and its values.
type Option struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Photo is a photo of a product with the words for those who cannot see it.
type Photo struct {
	blob.Photo
	Alt string
}

// Category is one of the shop's own, in its order.
type Category struct {
	ID       id.ID
	Name     string
	Position int64
	Products int64 // that are not archived
}

// Variant is what is bought. A product without options has one, without a name.
type Variant struct {
	ID          id.ID
	Product     id.ID
	Name        string   // "250 g, Pedas"; empty for the only one
	Choices     []string // one value for each option
	SKU         string
	Price       int64
	WasPrice    int64 // zero, or more than Price
	WeightGrams int64
	Length      int64 // cm
	Width       int64
	Height      int64
	Tracked     bool // stock is counted
}

// Product is what the shop shows: its words, photos and variants.
type Product struct {
	ID              id.ID
	Business        id.ID
	Slug            string
	State           State
	Title           string
	About           string
	Category        string
	CategoryID      id.ID
	Unit            string // "bungkus"
	Shelf           string // where it lies, for counting
	Labels          []string
	Halal           string // certificate number
	PIRT            string
	Options         []Option
	MadeToOrderDays int64 // zero: ready
	Min             int64 // per order, at least 1
	Max             int64 // per order, zero: no limit
	Position        int64
	Photos          []Photo
	Variants        []Variant
	CreatedAt       time.Time
	ChangedAt       time.Time
}

// Cover is the first photo, or one that is zero.
func (p Product) Cover() Photo {
	if len(p.Photos) == 0 {
		return Photo{}
	}
	return p.Photos[0]
}

// Prices returns the lowest and the highest price of the variants.
func (p Product) Prices() (low, high int64) {
	for i, v := range p.Variants {
		if i == 0 || v.Price < low {
			low = v.Price
		}
		high = max(high, v.Price)
	}
	return low, high
}

// WasPrice is the highest price crossed out among the variants, or zero.
func (p Product) WasPrice() int64 {
	var was int64
	for _, v := range p.Variants {
		was = max(was, v.WasPrice)
	}
	return was
}

// Tracked reports whether the stock of any variant is counted.
func (p Product) Tracked() bool {
	for _, v := range p.Variants {
		if v.Tracked {
			return true
		}
	}
	return false
}

// Path is the product's address in its shop.
func (p Product) Path(shop string) string { return "/@" + shop + "/p/" + p.Slug }

// Offer is what an order takes over from a variant: words, price and rules,
// all of them the shop's and none of the form's.
type Offer struct {
	Product         id.ID
	Variant         id.ID
	Slug            string
	Title           string
	VariantName     string
	SKU             string
	Unit            string
	Category        string
	Price           int64
	WasPrice        int64
	WeightGrams     int64
	Volume          int64 // of its package, in cubic centimetres; zero: unknown
	Min             int64
	Max             int64 // zero: no limit
	MadeToOrderDays int64
	Tracked         bool
	State           State // buyers buy what is Published, the counter also a Draft
	Photo           Photo // the cover, or zero
}

// Name is the title with the variant's name: "Keripik, 250 g".
func (o Offer) Name() string {
	if o.VariantName == "" {
		return o.Title
	}
	return o.Title + ", " + o.VariantName
}

// VariantForm is a variant as it was filled in.
type VariantForm struct {
	ID          id.ID // made with the form when the variant is new
	Choices     []string
	SKU         string
	Price       int64
	WasPrice    int64
	WeightGrams int64
	Length      int64
	Width       int64
	Height      int64
	Tracked     bool
	// Stock is what is there now as the person typed it, and Seen what the
	// form showed: the difference is booked. Nil leaves the stock alone.
	Stock *int64
	Seen  int64
}

// PhotoForm is a photo, uploaded before, in the place it has in the list.
type PhotoForm struct {
	ID  id.ID
	Alt string
}

// Form is a product as it was filled in. Its ID is made with the form, so
// that sending the form twice makes one product.
type Form struct {
	ID              id.ID
	Edit            id.ID // made with each form shown, so that its stock is booked once
	Title           string
	About           string
	Category        string // a name; a new one is added to the shop's list
	Unit            string
	Shelf           string
	Labels          []string
	Halal           string
	PIRT            string
	Options         []Option
	Variants        []VariantForm
	Photos          []PhotoForm
	MadeToOrderDays int64
	Min             int64 // zero counts as 1
	Max             int64
	Publish         bool
}

// Validate reports every field that is wrong.
func (d Form) Validate() error {
	var f fault.Fields
	f.Check(!d.ID.IsZero() && !d.Edit.IsZero(), "id", "form.stale")
	f.Check(strings.TrimSpace(d.Title) != "", "title", "catalog.title_required")
	for _, t := range []struct {
		field, text string
		most        int
	}{
		{"title", d.Title, MaxTitle},
		{"about", d.About, MaxAbout},
		{"category", d.Category, MaxCategory},
		{"unit", d.Unit, MaxUnit},
		{"shelf", d.Shelf, MaxShelf},
		{"halal", d.Halal, MaxNumber},
		{"pirt", d.PIRT, MaxNumber},
	} {
		f.Check(utf8.RuneCountInString(t.text) <= t.most, t.field, "form.too_long", t.most)
	}
	f.Check(len(d.Labels) <= MaxLabels, "labels", "catalog.labels_many", MaxLabels)
	for _, l := range d.Labels {
		f.Check(utf8.RuneCountInString(l) <= MaxLabel, "labels", "form.too_long", MaxLabel)
	}
	f.Check(len(d.Photos) <= MaxPhotos, "photos", "catalog.photos_many", MaxPhotos)
	for i, p := range d.Photos {
		f.Check(utf8.RuneCountInString(p.Alt) <= MaxAlt, at("photos", i, "alt"), "form.too_long", MaxAlt)
	}
	f.Check(d.MadeToOrderDays >= 0 && d.MadeToOrderDays <= MaxDays, "days", "form.between", 0, MaxDays)
	f.Check(d.Min >= 0 && d.Min <= MaxQuantity, "min", "form.between", 1, MaxQuantity)
	f.Check(d.Max >= 0 && d.Max <= MaxQuantity, "max", "form.between", 0, MaxQuantity)
	f.Check(d.Max == 0 || d.Max >= d.Min, "max", "catalog.max_below_min")
	d.checkOptions(&f)
	d.checkVariants(&f)
	return f.Err()
}

func (d Form) checkOptions(f *fault.Fields) {
	f.Check(len(d.Options) <= MaxOptions, "options", "catalog.options_many", MaxOptions)
	names := map[string]bool{}
	for i, o := range d.Options {
		name := at("options", i, "name")
		f.Check(o.Name != "", name, "form.required")
		f.Check(utf8.RuneCountInString(o.Name) <= MaxOption, name, "form.too_long", MaxOption)
		f.Check(!names[Fold(o.Name)], name, "catalog.twice")
		names[Fold(o.Name)] = true
		values := at("options", i, "values")
		f.Check(len(o.Values) > 0, values, "form.required")
		f.Check(len(o.Values) <= MaxValues, values, "catalog.values_many", MaxValues)
		seen := map[string]bool{}
		for _, v := range o.Values {
			f.Check(utf8.RuneCountInString(v) <= MaxValue, values, "form.too_long", MaxValue)
			f.Check(!seen[Fold(v)], values, "catalog.twice")
			seen[Fold(v)] = true
		}
	}
}

func (d Form) checkVariants(f *fault.Fields) {
	f.Check(len(d.Variants) > 0, "variants", "catalog.no_variant")
	f.Check(len(d.Variants) <= MaxVariants, "variants", "catalog.variants_many", MaxVariants)
	f.Check(len(d.Options) > 0 || len(d.Variants) <= 1, "variants", "catalog.variants_alike")
	ids, choices, skus := map[id.ID]bool{}, map[string]bool{}, map[string]bool{}
	for i, v := range d.Variants {
		f.Check(!v.ID.IsZero() && !ids[v.ID], at("variants", i, "id"), "form.stale")
		ids[v.ID] = true
		f.Check(v.Price > 0, at("variants", i, "price"), "catalog.price_required")
		f.Check(v.Price <= money.Max, at("variants", i, "price"), "money.too_large")
		f.Check(v.WasPrice == 0 || v.WasPrice > v.Price, at("variants", i, "was"), "catalog.was_lower")
		f.Check(v.WasPrice <= money.Max, at("variants", i, "was"), "money.too_large")
		f.Check(utf8.RuneCountInString(v.SKU) <= MaxSKU, at("variants", i, "sku"), "form.too_long", MaxSKU)
		f.Check(v.SKU == "" || !skus[Fold(v.SKU)], at("variants", i, "sku"), "catalog.twice")
		skus[Fold(v.SKU)] = true
		f.Check(v.WeightGrams >= 0 && v.WeightGrams <= MaxWeight, at("variants", i, "weight"), "form.between", 0, MaxWeight)
		for field, n := range map[string]int64{"length": v.Length, "width": v.Width, "height": v.Height} {
			f.Check(n >= 0 && n <= MaxSide, at("variants", i, field), "form.between", 0, MaxSide)
		}
		if v.Stock != nil {
			f.Check(*v.Stock >= 0 && *v.Stock <= MaxQuantity, at("variants", i, "stock"), "form.between", 0, MaxQuantity)
		}
		ok := len(v.Choices) == len(d.Options)
		for j, c := range v.Choices {
			ok = ok && j < len(d.Options) && contains(d.Options[j].Values, c)
		}
		f.Check(ok, at("variants", i, "choices"), "catalog.choice")
		k := Fold(strings.Join(v.Choices, "\x00"))
		f.Check(!choices[k], at("variants", i, "choices"), "catalog.twice")
		choices[k] = true
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func at(list string, i int, field string) string { return list + "." + strconv.Itoa(i) + "." + field }

// Matrix returns every choice that the options allow, in their order: what a
// product with these options may have as variants.
func Matrix(options []Option) [][]string {
	rows := [][]string{{}}
	for _, o := range options {
		var more [][]string
		for _, r := range rows {
			for _, v := range o.Values {
				more = append(more, append(append([]string{}, r...), v))
			}
		}
		rows = more
		if len(rows) > MaxVariants {
			return rows[:MaxVariants+1]
		}
	}
	if len(options) == 0 {
		return nil
	}
	return rows
}
