// Package booking lets carriers bring a shop's parcels: whose key is used,
// which services are offered and for how much, bookings, and what carriers tell
// of them. What is told ends in the parcels' timelines.
package booking

import (
	"slices"
	"strings"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
)

// Connectors are the middlemen that can be asked, in the order of pages.
var Connectors = []string{"biteship", "rajaongkir"}

// HookHeader is the header in which Biteship is to send the secret.
const HookHeader = "X-Lapak-Ekspedisi"

// Limits of what people type.
const (
	MinKey     = 16
	MaxKey     = 300
	MaxPercent = 100
	MaxMarkup  = 1_000_000
	MaxOffers  = 200
	MaxTimes   = 20 // bookings of one parcel
	MaxReason  = 200
)

// Faults of bookings.
var (
	ErrConnector = fault.New(fault.NotFound, "booking.connector")    // no such connector, or no key for it
	ErrNoKey     = fault.New(fault.Conflict, "booking.no_key")       // the shop has no key that books
	ErrOpen      = fault.New(fault.Conflict, "booking.open")         // a carrier is booked: take that back first
	ErrNone      = fault.New(fault.Conflict, "booking.none")         // nothing is booked
	ErrTooLate   = fault.New(fault.Conflict, "booking.too_late")     // {0} how the parcel stands
	ErrParcel    = fault.New(fault.Conflict, "booking.parcel")       // it does not wait at the shop any more
	ErrMany      = fault.New(fault.Conflict, "booking.many")         // {0} how often a parcel may be booked
	ErrChanged   = fault.New(fault.Conflict, "booking.changed")      // the price is another by now, or nobody asks one
	ErrTurned    = fault.New(fault.Conflict, "booking.turned")       // somebody changed the address meanwhile
	ErrWeight    = fault.New(fault.Invalid, "booking.weight")        // what it weighs is not known
	ErrPickUp    = fault.New(fault.Invalid, "booking.pick_up_wrong") // that time is over, or too far
	ErrHookGone  = fault.New(fault.NotFound, "booking.hook")         // nobody's address
	ErrKeyForm   = fault.New(fault.Invalid, "booking.key_form")      // letters that no key has
	errOffer     = fault.New(fault.Invalid, "booking.offer_wrong")   // a firm or service that nobody has
)

// Key is a shop's key at a connector, as its owner may see it.
type Key struct {
	Connector string
	Ends      string // its last letters
	Turn      int64
	Area      string // the connector's id of the place that parcels come from
	AreaName  string
	TriedAt   *time.Time
	Tried     string // ok, or the key of the last try's fault; empty: never tried
	MadeAt    time.Time
	Hook      string // address for the connector's messages; with a fresh proof alone
	Secret    string // what its messages must bear; the same
}

// OK is what Key.Tried says when all was well.
const OK = "ok"

// Settings are what a shop offers of carriers.
type Settings struct {
	Offers  []string // "jne", or "jne/reg" for one service
	Markup  int64    // rupiah on each price
	Percent int64    // and percent of it
	Insured bool
	Shared  bool // the installation's keys may be used
}

// Validate reports every field that is wrong.
func (s Settings) Validate() error {
	var f fault.Fields
	f.Check(len(s.Offers) <= MaxOffers, "offers", "booking.offer_wrong")
	for _, o := range s.Offers {
		firm, service, one := strings.Cut(o, "/")
		c, ok := carrier.Find(firm)
		if ok && one {
			_, ok = c.Service(service)
		}
		if !ok {
			f.Add("offers", errOffer)
			break
		}
	}
	f.Check(s.Markup >= 0 && s.Markup <= MaxMarkup, "markup", "money.too_large")
	f.Check(s.Percent >= 0 && s.Percent <= MaxPercent, "percent", "form.between", 0, MaxPercent)
	return f.Err()
}

// Has reports whether a service is offered.
func (s Settings) Has(firm, service string) bool {
	return slices.Contains(s.Offers, firm) || slices.ContainsFunc(s.Offers, func(o string) bool { return strings.EqualFold(o, firm+"/"+service) })
}

// firms are the carriers of which anything is offered.
func (s Settings) firms() []string {
	var list []string
	for _, o := range s.Offers {
		if firm, _, _ := strings.Cut(o, "/"); !slices.Contains(list, firm) {
			list = append(list, firm)
		}
	}
	return list
}

// Price is what the buyer pays for a rate: markup on it, to a whole hundred up.
func (s Settings) Price(r carrier.Rate) int64 {
	fee := r.Fee
	if s.Insured {
		fee += r.Insurance
	}
	if s.Markup == 0 && s.Percent == 0 {
		return fee
	}
	fee += s.Markup + (fee*s.Percent+99)/100
	return min((fee+99)/100*100, money.Max)
}

// State is how a booking stands.
type State string

// The states of a booking.
const (
	Asked      State = "asked"      // on its way to the carrier
	Booked     State = "booked"     // the carrier comes
	Refused    State = "refused"    // it said no, or was silent for too long
	Cancelling State = "cancelling" // it is asked to stay away
	Cancelled  State = "cancelled"
)

// Open reports whether a carrier may come for the parcel.
func (s State) Open() bool { return s == Asked || s == Booked || s == Cancelling }

// Booking is one booking of a parcel.
type Booking struct {
	Parcel    id.ID
	N         int64
	ID        id.ID // of the form
	Connector string
	Shared    bool // under the installation's key
	Firm      string
	Service   string
	State     State
	Ours      string
	Ref       string
	Routing   string
	Link      string
	Quoted    int64
	Fee       int64
	FeeNow    int64
	Insurance int64
	CODFee    int64
	PickUp    *time.Time
	Tries     int64
	Why       string // the key of a fault
	Said      string // its argument
	AskedAt   time.Time
	BookedAt  *time.Time
	EndedAt   *time.Time
}

// Title is what people call what was booked: "JNE REG".
func (b Booking) Title() string { return carrier.Title(b.Firm, b.Service) }

// Differs is by how much the price changed after the booking.
func (b Booking) Differs() int64 {
	if b.BookedAt == nil {
		return 0
	}
	return b.FeeNow - b.Fee
}

// Ask asks for a carrier. Its ID is made with the form.
type Ask struct {
	ID        id.ID
	Connector string
	Firm      string
	Service   string
	Seen      int64     // the price that the form showed
	PickUp    time.Time // from when it can be fetched; zero: now
}

// latest is the booking that counts.
func latest(list []Booking) (Booking, bool) {
	if len(list) == 0 {
		return Booking{}, false
	}
	return list[len(list)-1], true
}
