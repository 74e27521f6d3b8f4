// Package stock counts what a shop has of each variant. Every change is a
// move in a ledger that is only added to; the level of a variant is the sum
// of its moves. What an order holds is reserved until it is taken or given
// back, and is never sold twice.
package stock

import (
	"strconv"
	"time"
	"unicode/utf8"

	"lapak/internal/fault"
	"lapak/internal/id"
)

// Faults of stock.
var (
	// ErrShort says that less is free than is wanted; Shorts tells of what and how
	// much is left. Its arguments are the first such title and what is left of it.
	ErrShort     = fault.New(fault.Conflict, "stock.short")
	ErrNotFound  = fault.New(fault.NotFound, "stock.not_found")
	ErrBelow     = fault.New(fault.Conflict, "stock.below")     // a correction would leave less than nothing
	ErrMoved     = fault.New(fault.Conflict, "stock.moved")     // the count ended meanwhile
	ErrUncounted = fault.New(fault.Conflict, "stock.uncounted") // nothing was counted yet
)

// Want is a quantity of a variant, as an order wants it.
type Want struct {
	Variant  id.ID
	Quantity int64
}

// Short is a variant of which less is free than wanted.
type Short struct {
	Variant id.ID
	Title   string // with the variant's name
	Wanted  int64
	Left    int64 // never below zero
}

// Shorts returns what an error made of ErrShort says, one for each variant.
func Shorts(err error) []Short {
	f := fault.Of(err)
	if f == nil || len(f.Args) != 3 {
		return nil
	}
	s, _ := f.Args[2].([]Short)
	return s
}

func short(list []Short) error {
	return ErrShort.With(list[0].Title, list[0].Left, list)
}

// Level is how much there is of a variant.
type Level struct {
	Variant   id.ID
	OnHand    int64  // lies on the shelf
	Reserved  int64  // of it, held by orders
	Threshold int64  // kept back; below zero: how much may be ordered ahead
	WarnAt    *int64 // warn when no more than this is free; nil: by the sales of a week
}

// Free is what can still be ordered; never below zero.
func (l Level) Free() int64 { return max(0, l.OnHand-l.Reserved-l.Threshold) }

// Missing is how much of what orders hold is not there.
func (l Level) Missing() int64 { return max(0, l.Reserved-l.OnHand) }

// Reason says why stock moved.
type Reason string

// The reasons. Those of Given are chosen by people, the others come from orders
// and counts.
const (
	Held     Reason = "held"     // an order holds it
	Released Reason = "released" // an order gave it back
	Sold     Reason = "sold"     // handed over
	Returned Reason = "returned" // came back from a buyer
	Counted  Reason = "counted"  // a count found another number
	Opening  Reason = "opening"  // was there when the product was made

	Bought    Reason = "bought"    // came from a supplier
	Made      Reason = "made"      // produced
	Corrected Reason = "corrected" // the book was wrong
	Damaged   Reason = "damaged"
	Lost      Reason = "lost"
	Used      Reason = "used" // eaten, given, taken for the shop
)

// ReasonsIn and ReasonsOut are what a person may choose when stock comes and
// when the book is corrected.
var (
	ReasonsIn  = []Reason{Bought, Made, Returned}
	ReasonsOut = []Reason{Corrected, Damaged, Lost, Used}
)

// MaxQuantity bounds one movement, MaxNote the words that go with it.
const (
	MaxQuantity = 1_000_000
	MaxNote     = 200
)

// Movement is stock that came in, as a person filled it in. Its ID is made
// with the form, so that sending it twice moves once.
type Movement struct {
	ID       id.ID
	Variant  id.ID
	Quantity int64
	Reason   Reason
	Note     string
}

// Validate reports every field that is wrong.
func (m Movement) Validate() error {
	var f fault.Fields
	f.Check(!m.ID.IsZero(), "id", "form.stale")
	f.Check(!m.Variant.IsZero(), "variant", "form.required")
	f.Check(m.Quantity > 0 && m.Quantity <= MaxQuantity, "quantity", "form.between", 1, MaxQuantity)
	f.Check(among(ReasonsIn, m.Reason), "reason", "form.choose")
	f.Check(utf8.RuneCountInString(m.Note) <= MaxNote, "note", "form.too_long", MaxNote)
	return f.Err()
}

// Correction sets right what the book says: Seen is what the form showed,
// Actual what is there. The difference is booked, so that what was sold in the
// meantime stays sold.
type Correction struct {
	ID      id.ID
	Variant id.ID
	Seen    int64
	Actual  int64
	Reason  Reason
	Note    string
}

// Validate reports every field that is wrong.
func (c Correction) Validate() error {
	var f fault.Fields
	f.Check(!c.ID.IsZero(), "id", "form.stale")
	f.Check(!c.Variant.IsZero(), "variant", "form.required")
	f.Check(c.Actual >= 0 && c.Actual <= MaxQuantity, "actual", "form.between", 0, MaxQuantity)
	f.Check(c.Seen >= 0 && c.Seen <= MaxQuantity, "seen", "form.stale")
	f.Check(among(ReasonsOut, c.Reason), "reason", "form.choose")
	f.Check(utf8.RuneCountInString(c.Note) <= MaxNote, "note", "form.too_long", MaxNote)
	return f.Err()
}

// Rule is what the owner sets for a variant.
type Rule struct {
	Variant   id.ID
	Threshold int64
	WarnAt    *int64
}

// Validate reports every field that is wrong.
func (r Rule) Validate() error {
	var f fault.Fields
	f.Check(r.Threshold >= -MaxQuantity && r.Threshold <= MaxQuantity, "threshold", "form.between", -MaxQuantity, MaxQuantity)
	f.Check(r.WarnAt == nil || *r.WarnAt >= 0 && *r.WarnAt <= MaxQuantity, "warn", "form.between", 0, MaxQuantity)
	return f.Err()
}

func among(list []Reason, r Reason) bool {
	for _, v := range list {
		if v == r {
			return true
		}
	}
	return false
}

// Move is one line of the ledger.
type Move struct {
	ID       id.ID
	Variant  id.ID
	Reason   Reason
	Quantity int64 // change of what is on hand
	Held     int64 // change of what is reserved
	Balance  int64 // on hand after it
	Order    id.ID
	Person   id.ID // zero for buyers and jobs
	Note     string
	At       time.Time
}

// Item is a variant with its level and its sales, for lists.
type Item struct {
	Level
	Product id.ID
	Title   string
	Name    string // of the variant
	Unit    string
	Shelf   string
	SoldIn4 int64 // pieces handed over in the last 28 days
}

// Full is the title with the variant's name.
func (i Item) Full() string {
	if i.Name == "" {
		return i.Title
	}
	return i.Title + ", " + i.Name
}

// warnWithout is the warning level of what has not sold in four weeks.
const warnWithout = 2

// Low reports whether the owner should be warned: no more is free than WarnAt
// or, if that is not set, than sells in a week.
func (i Item) Low() bool {
	if i.Missing() > 0 {
		return true
	}
	if i.WarnAt != nil {
		return i.Free() <= *i.WarnAt
	}
	if i.SoldIn4 == 0 {
		return i.Free() <= warnWithout && i.Threshold >= 0
	}
	return i.Free() <= (i.SoldIn4+3)/4
}

// Suggest is how much to bring in, so that what orders hold is there and the
// rest lasts as long as the last four weeks; zero if enough is there.
func (i Item) Suggest() int64 {
	return max(0, i.SoldIn4+i.Reserved+max(0, i.Threshold)-i.OnHand)
}

// String writes the level for logs and tests.
func (l Level) String() string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return n(l.OnHand) + "-" + n(l.Reserved) + "-" + n(l.Threshold)
}
