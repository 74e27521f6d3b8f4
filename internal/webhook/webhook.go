// Package webhook tells programs of a shop's choice what happened in it, in the
// form of Standard Webhooks: signed, at least once, with a log of every try.
package webhook

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/fault"
	"lapak/internal/id"
)

// Kinds of events that a receiver may ask for.
const (
	OrderPlaced       = "order.placed"
	OrderMoved        = "order.moved"
	ParcelMoved       = "parcel.moved"
	PaymentReceived   = "payment.received"
	PaymentRefunded   = "payment.refunded"
	StockChanged      = "stock.changed"
	CustomerCreated   = "customer.created"
	CustomerUpdated   = "customer.updated"
	CustomerConsented = "customer.consented"
	CustomerWithdrew  = "customer.withdrew"
	CustomerErased    = "customer.erased"

	// Test is sent when the owner asks for it, whatever the receiver chose.
	Test = "webhook.test"
)

// Kinds lists what a receiver may ask for.
var Kinds = []string{
	OrderPlaced, OrderMoved, ParcelMoved, PaymentReceived, PaymentRefunded, StockChanged, CustomerCreated, CustomerUpdated, CustomerConsented, CustomerWithdrew, CustomerErased,
}

// States of a receiver.
const (
	On     = "on"
	Paused = "paused" // by the owner
	Off    = "off"    // failed for three days
	Gone   = "gone"   // answered 410: it wants no more
)

// States of a delivery.
const (
	Waiting = "waiting"
	Done    = "done"
	Failed  = "failed"
)

const (
	// MaxReceivers is how many receivers a shop may have.
	MaxReceivers = 5
	// MaxURL and MaxAbout are the lengths of what a receiver is described with.
	MaxURL   = 500
	MaxAbout = 80
	// Overlap is how long the old secret signs too after a rotation.
	Overlap = 24 * time.Hour
	// Lifetime is how long a delivery is tried.
	Lifetime = 72 * time.Hour
	// Kept is how long the log of deliveries is kept.
	Kept = 30 * 24 * time.Hour
	// CountsKept is how long the number of an object's last event is kept.
	CountsKept = 180 * 24 * time.Hour
	// PageSize is how many deliveries a page of the log has.
	PageSize = 30

	maxSaid = 500 // bytes of an answer that are kept
	settle  = 10 * time.Second
)

// Faults of webhooks.
var (
	ErrNotFound = fault.New(fault.NotFound, "webhook.not_found")
	ErrMany     = fault.New(fault.Conflict, "webhook.many")
	ErrTwice    = fault.New(fault.Conflict, "webhook.twice")
	ErrNotOn    = fault.New(fault.Conflict, "webhook.not_on")
)

// Draft is a receiver as the owner describes it.
type Draft struct {
	ID    id.ID
	URL   string
	About string
	Kinds []string
}

// Validate judges every field.
func (d Draft) Validate() error {
	var f fault.Fields
	u, err := url.Parse(d.URL)
	f.Check(err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Fragment == "" && len(d.URL) <= MaxURL, "url", "webhook.url")
	f.Check(utf8.RuneCountInString(d.About) <= MaxAbout, "about", "form.too_long", MaxAbout)
	f.Check(!d.ID.IsZero(), "id", "form.stale")
	f.Check(len(d.Kinds) > 0, "kinds", "webhook.pick")
	for _, k := range d.Kinds {
		f.Check(slices.Contains(Kinds, k), "kinds", "webhook.pick")
	}
	return f.Err()
}

// Receiver is where events go.
type Receiver struct {
	ID        id.ID
	URL       string
	About     string
	Kinds     []string
	State     string
	FailingAt *time.Time
	OldUntil  time.Time
	CreatedAt time.Time
	Secret    string // which secret it has: a hash, for Rotate
}

// Called is what the owner calls the receiver, or else where it is.
func (r Receiver) Called() string {
	if r.About != "" {
		return r.About
	}
	if u, err := url.Parse(r.URL); err == nil {
		return u.Host
	}
	return r.URL
}

// Wants reports whether the receiver asked for events of a kind.
func (r Receiver) Wants(kind string) bool { return slices.Contains(r.Kinds, kind) }

// Delivery is one event on its way to one receiver.
type Delivery struct {
	ID        id.ID
	Event     id.ID
	Kind      string
	State     string
	Tries     int64
	Status    int64
	Took      time.Duration
	Answer    string
	Why       string
	TriedAt   *time.Time
	DueAt     *time.Time
	CreatedAt time.Time
}

// Event is something that happened to an object of the shop.
type Event struct {
	Kind   string
	Object id.ID
	Path   string // of the object in the API, below its root; may be empty
	Data   any
}

// Message is the body of a webhook.
type Message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Sequence  int64     `json:"sequence"`
	Resource  string    `json:"resource,omitempty"`
	Data      any       `json:"data"`
}

// Order tells how an order stands. What it does not tell is read from the API.
type Order struct {
	Order  id.ID  `json:"order_id"`
	Number string `json:"number"`
	Act    string `json:"act"`
	From   string `json:"from"`
	State  string `json:"state"`
	Pay    string `json:"pay_state"`
	Total  int64  `json:"total"`
	Paid   int64  `json:"paid"`
}

// Parcel tells how a parcel stands. Reason is why its last attempt failed; At is
// when it happened, which may be earlier than the message.
type Parcel struct {
	Parcel   id.ID      `json:"parcel_id"`
	Order    *id.ID     `json:"order_id,omitempty"`
	Number   string     `json:"number"`
	Act      string     `json:"act"`
	Status   string     `json:"status"`
	Reason   string     `json:"reason,omitempty"`
	Attempts int64      `json:"attempts"`
	At       time.Time  `json:"at"`
	DueFrom  *time.Time `json:"due_from,omitempty"`
	DueUntil *time.Time `json:"due_until,omitempty"`
}

// Payment tells of money received, or given back.
type Payment struct {
	Payment id.ID  `json:"payment_id"`
	Order   id.ID  `json:"order_id"`
	Method  string `json:"method"`
	Amount  int64  `json:"amount"`
}

// Stock tells what there is of a variant when the message was written.
type Stock struct {
	Variant id.ID `json:"variant_id"`
	OnHand  int64 `json:"on_hand"`
	Held    int64 `json:"held"`
	Free    int64 `json:"free"`
}

// Customer tells which customer something happened to.
type Customer struct {
	Customer id.ID `json:"customer_id"`
}

// api is where the addresses of the API begin.
const api = "/api/v1"

// OrderPath is the address of an order.
func OrderPath(order id.ID) string { return api + "/my/orders/" + order.String() }

// ParcelPath is the address of a parcel.
func ParcelPath(parcel id.ID) string { return api + "/my/parcels/" + parcel.String() }

// StockPath is the address of a variant's stock.
func StockPath(variant id.ID) string { return api + "/my/stock/" + variant.String() }

// CustomerPath is the address of a customer.
func CustomerPath(customer id.ID) string { return api + "/my/customers/" + customer.String() }

func join(kinds []string) string {
	var out []string
	for _, k := range Kinds {
		if slices.Contains(kinds, k) {
			out = append(out, k)
		}
	}
	return strings.Join(out, ",")
}
