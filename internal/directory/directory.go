// Package directory is the front door over all open shops: it keeps a public
// summary of each, and finds shops and products by words, trade and place. It
// reads no tenant rows when it answers, only the summaries that a job keeps.
package directory

import (
	"strings"
	"time"

	"lapak/internal/id"
)

// Shop is an open shop as the directory shows it.
type Shop struct {
	Business id.ID
	Slug     string
	Name     string
	Tagline  string
	Trade    string
	Place    string
	Dye      string
	Photo    id.ID
	Products int64
	OpenedAt time.Time
}

// Product is a product of an open shop as the directory shows it.
type Product struct {
	Business id.ID
	ID       id.ID
	Slug     string
	Title    string
	Price    int64
	PriceTo  int64 // more than Price when the variants differ
	Photo    id.ID
	Free     bool // may be ordered now
	Shop     string
	ShopSlug string
	Place    string
}

// Query is what a visitor looks for. All of it may be empty.
type Query struct {
	Words string
	Trade string
	Place string // region code
	Page  string // where the page before ended
}

// Result is one page of what was found.
type Result struct {
	Shops    []Shop
	Products []Product
	// Meant is the search as it was corrected, if it was.
	Meant string
	// More is the Page of the next page, empty at the end.
	More string
}

const (
	shopsPerPage    = 24
	productsPerPage = 24
	shopsBeside     = 6   // shops above the products of a search
	maxShops        = 30  // of those that match, so many are ranked
	maxGoods        = 120 // five pages: reading each costs, and nobody leafs further
)

// lists names the lists a shop stands in: everything, its trade, its places,
// and its trade in each of its places.
func lists(trade, code string) []string {
	all := []string{"", listOf(trade, "")}
	for _, c := range segments(code) {
		all = append(all, listOf("", c), listOf(trade, c))
	}
	return all
}

func listOf(trade, place string) string {
	if trade == "" && place == "" {
		return ""
	}
	return strings.ToUpper(trade) + "|" + place
}

// bucket spreads rows over the parts of the site map.
func bucket(row id.ID) int64 { return int64(row[15]) }

// MaxSearch is how many letters of a search are read.
const MaxSearch = 100
