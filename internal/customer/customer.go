// Package customer keeps who orders from a shop: found or made by phone number
// with each order, with what they agreed to and how to be left in peace.
package customer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/region"
)

// Faults of customers.
var (
	ErrNotFound = fault.New(fault.NotFound, "customer.not_found")
	ErrTaken    = fault.New(fault.Conflict, "customer.taken")  // another customer has this number
	ErrErased   = fault.New(fault.Conflict, "customer.erased") // nothing is left to change
	ErrConfirm  = fault.New(fault.Invalid, "customer.confirm") // erasing was not confirmed
)

// Customer is who ordered, with figures that the orders keep.
type Customer struct {
	ID           id.ID
	Phone        string // +62…; empty once erased
	Name         string
	Note         string
	Tags         []string
	Orders       int64
	Spent        int64
	FirstOrderAt *time.Time
	LastOrderAt  *time.Time
	LastAt       time.Time // of the last order, or when first seen
	CreatedAt    time.Time
	ErasedAt     *time.Time

	Village string // of the address used last; only List fills it
	Promo   bool   // may be written to about offers; only List and Get fill it
}

// QuietAfter is after how long without an order a customer counts as quiet.
const QuietAfter = 30 * 24 * time.Hour

// RegularFrom is how many orders make a regular customer.
const RegularFrom = 3

// Quiet reports whether the customer has not ordered for long.
func (c Customer) Quiet(now time.Time) bool {
	return c.LastOrderAt != nil && now.Sub(*c.LastOrderAt) >= QuietAfter
}

// Place is where the address used last is.
func (c Customer) Place() region.Place {
	p, _ := region.Get(c.Village)
	return p
}

// Every is how many days lie between orders on average, if there are enough to say.
func (c Customer) Every() (days int64, ok bool) {
	if c.Orders < RegularFrom || c.FirstOrderAt == nil || c.LastOrderAt == nil {
		return 0, false
	}
	days = int64(c.LastOrderAt.Sub(*c.FirstOrderAt).Hours()/24) / (c.Orders - 1)
	return days, days > 0
}

// Address is where something was brought.
type Address struct {
	ID       id.ID
	Village  string // region code
	Street   string
	Landmark string
	LatE6    *int64
	LngE6    *int64
	UsedAt   time.Time
}

// Place is the address's village with what lies above it.
func (a Address) Place() region.Place {
	p, _ := region.Get(a.Village)
	return p
}

// mark tells one address from another, however it was typed.
func (a Address) mark() string {
	h := sha256.Sum256([]byte(a.Village + "\n" + fold(a.Street) + "\n" + fold(a.Landmark)))
	return hex.EncodeToString(h[:12])
}

// Purpose is what a consent is for.
type Purpose string

// Promo is to be written to about offers. An order's own messages need no consent.
const Promo Purpose = "promo"

// ConsentVersion names the words that the form asks with: storefront's
// "checkout.consent". It changes with them.
const ConsentVersion = "promo-1"

// Consent is what a customer agreed to, and until when.
type Consent struct {
	ID          id.ID
	Purpose     Purpose
	Version     string
	Channel     string // web, chat, counter
	Source      string // checkout, owner
	GivenAt     time.Time
	WithdrawnAt *time.Time
	WithdrawnBy string // link, owner, erase
}

// Limits of what people type.
const (
	MaxName = 60
	MaxNote = 500
	MaxTags = 8
	MaxTag  = 24
)

// Change is a customer as a person of the shop fills it in.
type Change struct {
	Name  string
	Phone string // as typed
	Note  string
	Tags  string // separated by commas
}

func (c Change) clean() Change {
	c.Name, c.Note = clean(c.Name), cleanText(c.Note)
	c.Tags = strings.Join(tags(c.Tags), ", ")
	if n, err := phone.Parse(c.Phone); err == nil {
		c.Phone = n.E164()
	}
	return c
}

// Validate reports every field that is wrong.
func (c Change) Validate() error {
	var f fault.Fields
	f.Check(strings.TrimSpace(c.Name) != "", "name", "form.required")
	f.Check(utf8.RuneCountInString(c.Name) <= MaxName, "name", "form.too_long", MaxName)
	if _, err := phone.Parse(c.Phone); err != nil {
		f.Add("phone", err)
	}
	f.Check(utf8.RuneCountInString(c.Note) <= MaxNote, "note", "form.too_long", MaxNote)
	list := tags(c.Tags)
	f.Check(len(list) <= MaxTags, "tags", "customer.many_tags", MaxTags)
	for _, t := range list {
		f.Check(utf8.RuneCountInString(t) <= MaxTag, "tags", "form.too_long", MaxTag)
	}
	return f.Err()
}

// tags splits what was typed, each once.
func tags(s string) []string {
	var list []string
	seen := map[string]bool{}
	for t := range strings.SplitSeq(s, ",") {
		if t = clean(t); t != "" && !seen[fold(t)] {
			seen[fold(t)] = true
			list = append(list, t)
		}
	}
	return list
}

// Group is a part of the list.
type Group string

// The groups.
const (
	All     Group = ""
	Regular Group = "regular"
	Newest  Group = "new"
	Quiet   Group = "quiet"
	Promos  Group = "promo"
)

// Groups lists them in the order of the page.
var Groups = []Group{All, Regular, Newest, Quiet, Promos}

// Filter says which customers are wanted.
type Filter struct {
	Group  Group
	Words  string // name or phone number
	Cursor Cursor
	Max    int // zero: 30
}

// Cursor is where the next page begins.
type Cursor struct {
	At time.Time
	ID id.ID
}

// String writes the cursor for an address; the zero Cursor is empty.
func (c Cursor) String() string {
	if c.ID.IsZero() {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(c.At.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.ID[:]...))
}

// ParseCursor reads what String wrote; anything else is the first page.
func ParseCursor(s string) Cursor {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return Cursor{}
	}
	return Cursor{time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC(), id.ID(b[8:])}
}

// Page is a part of the list. Next is zero on the last one.
type Page struct {
	Customers []Customer
	Next      Cursor
}

// clean makes a line of what was typed: no control characters, single spaces.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	// Composed at the end: what stood between a letter and its mark is gone.
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// cleanText is clean for several lines.
func cleanText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// fold makes text comparable: lower case, letters and digits, single spaces.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return ' '
	}, norm.NFD.String(strings.ToValidUTF8(s, "")))
	return strings.Join(strings.Fields(s), " ")
}

// search is what words are looked for in.
func search(name, e164 string) string {
	local := e164
	if d, ok := strings.CutPrefix(e164, "+62"); ok {
		local = "0" + d
	}
	return fold(name) + " " + strings.TrimPrefix(local, "+")
}
