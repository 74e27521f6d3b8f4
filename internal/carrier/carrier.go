// Package carrier knows how parcels are carried: one vocabulary for what may
// happen to them, the carriers of the trade with their rules, and one way to
// ask carriers for prices, bookings and tracks. It stores nothing; who has
// which key is its callers' affair.
package carrier

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"time"

	"lapak/internal/fault"
)

// Words are the names of states, reasons and services, and the faults.
//
//go:embed id.json en.json
var Words embed.FS

// Carrier is a firm, or a middleman for many, that is asked over the network.
// It is called from jobs and by a Quoter; a caller's context bounds each call.
// What goes wrong is one of the faults below.
type Carrier interface {
	// Name is the connector's: "biteship".
	Name() string
	// Rates are the prices of services for a parcel.
	Rates(ctx context.Context, q RateQuery) ([]Rate, error)
	// Books reports whether Book and Cancel work; without, they are ErrUnable.
	Books() bool
	// Book books a parcel. Asked again with the same Booking.Ref it answers
	// with the booking that is there: a lost answer is mended by asking again.
	Book(ctx context.Context, b Booking) (Booked, error)
	// CanCancel reports whether a booking that stands so may still be taken back.
	CanCancel(s Status) bool
	// Cancel takes back the booking with the carrier's reference. What is
	// cancelled already stays so, without a fault.
	Cancel(ctx context.Context, ref, reason string) error
	// Tracks reports whether numbers of the firm with that code can be followed.
	Tracks(code string) bool
	// Track is what happened to a parcel, oldest first. Some firms ask for the
	// last digits of the receiver's phone.
	Track(ctx context.Context, number, code, lastDigits string) ([]Event, error)
	// Hook judges and reads a message that the carrier sent by itself. It must
	// be given the body as it came.
	Hook(header http.Header, body []byte) (Hook, error)
}

// Locator is a carrier that has ids of its own for places.
type Locator interface {
	// Locate is the carrier's id of a place and what it calls it.
	Locate(ctx context.Context, p Place) (area, name string, err error)
}

// Faults of carriers. Retry says which are worth another try.
var (
	ErrKey     = fault.New(fault.Unavailable, "carrier.key")      // the key is wrong or may not do this: a person must act
	ErrBusy    = fault.New(fault.TooMany, "carrier.busy")         // asked too often; RetryAfter says for how long
	ErrArea    = fault.New(fault.Invalid, "carrier.area")         // not from there, or not to there
	ErrRefused = fault.New(fault.Conflict, "carrier.refused")     // {0} the carrier's words
	ErrDown    = fault.New(fault.Unavailable, "carrier.down")     // late, out of order, or not to be understood
	ErrNumber  = fault.New(fault.NotFound, "carrier.number_none") // no such number, or not yet
	ErrUnable  = fault.New(fault.Conflict, "carrier.unable")      // this carrier does not do that at all

	ErrHook     = fault.New(fault.Unauthenticated, "carrier.hook") // a message that is not the carrier's
	ErrHookForm = fault.New(fault.Invalid, "carrier.hook_form")    // a message that cannot be read
)

// busyFor is how long a carrier is left alone that did not say for how long.
const busyFor = time.Minute

// Retry reports whether the same call may succeed later, and after how long at
// the earliest. Whoever repeats Book keeps its Ref.
func Retry(err error) (time.Duration, bool) {
	switch {
	case errors.Is(err, ErrBusy):
		if d := fault.Of(err).RetryAfter; d > 0 {
			return d, true
		}
		return busyFor, true
	case errors.Is(err, ErrDown):
		return 0, true
	}
	return 0, false
}

// Place is an end of the way. A carrier takes of it what it can use: the
// postcode and the names for parcels, the point for couriers by distance.
type Place struct {
	Name     string
	Phone    string // E.164
	Email    string
	Address  string // street and house, with landmark
	Note     string
	Village  string // names
	District string
	Regency  string
	Province string
	Postal   string
	Area     string // the carrier's own id of the place, if it was looked up before
	LatE6    *int64
	LngE6    *int64
}

// Pointed reports whether the point is known.
func (p Place) Pointed() bool { return p.LatE6 != nil && p.LngE6 != nil }

// Item is a line of what is in the parcel.
type Item struct {
	Name     string
	Value    int64 // of one
	Quantity int64
	Grams    int64 // of one
}

// Box is the parcel's size and weight.
type Box struct {
	Grams                 int64
	Length, Width, Height int64 // centimetres, zero if not known
}

// RateQuery asks what a parcel costs.
type RateQuery struct {
	From, To Place
	Box      Box
	Value    int64    // of the goods
	Insured  bool     // for their value
	COD      int64    // to be taken at the door, zero for none
	Firms    []string // codes of ours; none: all that the carrier has
}

// Rate is a price.
type Rate struct {
	Via         string // the connector's name
	Firm        string // code of ours
	FirmName    string
	Service     string // the carrier's code, as Book takes it
	ServiceName string
	Group       Group
	Fee         int64
	Insurance   int64 // already asked for, not within Fee
	CODFee      int64 // the same
	COD         bool  // the money can be taken at the door
	Least, Most time.Duration
	Words       string // the carrier's words for how long it takes
}

// Total is what the parcel costs the shop.
func (r Rate) Total() int64 { return r.Fee + r.Insurance + r.CODFee }

// Booking asks for a parcel to be carried.
type Booking struct {
	Ref      string // ours, the same each time this parcel is booked
	Shop     string
	From, To Place
	Box      Box
	Items    []Item
	Firm     string // code of ours
	Service  string // Rate.Service
	COD      int64
	Insured  int64     // value to insure, zero for none
	PickUp   time.Time // from when it can be fetched; zero: now
	Note     string
}

// Booked is a booking with what its label shows.
type Booked struct {
	Ref       string // the carrier's: Cancel takes it
	Number    string // tracking number; may come later, by Hook
	Firm      string
	Service   string
	Routing   string // sorting code for the label
	Link      string // the carrier's page about the parcel
	Fee       int64
	Insurance int64
	COD       int64
	CODFee    int64
	Events    []Event
}

// Hook is what a carrier's message says. A zero Hook is a message that says
// nothing, such as the test when it is installed: it is answered with 200.
type Hook struct {
	Ref    string // the carrier's
	Ours   string // Booking.Ref, if the carrier gives it back
	Number string
	Events []Event
	Fee    *int64 // the price has changed to this
	Driver Driver
	Link   string
	// Verify means that the message proves too little, nobody having signed it
	// or it saying no time: the caller asks Track, and takes Events only where
	// Track says nothing of them.
	Verify bool
}

// Driver is who brings the parcel (P2).
type Driver struct{ Name, Phone, Plate string }
