// Package order takes orders and carries them to their end.
package order

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/region"
	"lapak/internal/stock"
)

// Faults of orders.
var (
	ErrNotFound  = fault.New(fault.NotFound, "order.not_found")
	ErrOtherBody = fault.New(fault.Invalid, "order.other_body") // the form's id placed another order
	ErrChanged   = fault.New(fault.Conflict, "order.changed")   // the total differs from the one shown; see Changed
	ErrGone      = fault.New(fault.Conflict, "order.gone")      // {0} a product that is not sold any more
	ErrMin       = fault.New(fault.Invalid, "order.min")        // {0} title {1} least
	ErrMax       = fault.New(fault.Invalid, "order.max")        // {0} title {1} most
	ErrWay       = fault.New(fault.Invalid, "order.way")        // the shop does not deliver like that, or there
	ErrCarrier   = fault.New(fault.Conflict, "order.carrier")   // {0} the carrier asks no price just now, or does not go there
	ErrNoCOD     = fault.New(fault.Invalid, "order.no_cod")     // {0} the carrier takes no money at the door
	ErrWindow    = fault.New(fault.Conflict, "order.window")    // the hours that were chosen are not offered any more
	ErrState     = fault.New(fault.Conflict, "order.state")     // the order has moved on
	ErrTooMany   = fault.New(fault.TooMany, "order.too_many")   // more orders in a minute than a shop takes
	ErrTooLate   = fault.New(fault.Conflict, "order.too_late")  // to undo
	ErrTooMuch   = fault.New(fault.Invalid, "order.too_much")   // {0} the most there is to pay or to give back
	ErrUnpaid    = fault.New(fault.Conflict, "order.unpaid")    // money is to come first; {0} how much
	ErrOwed      = fault.New(fault.Conflict, "order.owed")      // money is to be given back first; {0} how much
	ErrPhotos    = fault.New(fault.Conflict, "order.photos")    // no more photos of one order
	ErrCash      = fault.New(fault.Invalid, "order.cash_short") // {0} what is missing
)

// State is where an order stands.
type State string

// The states. An order that nobody wants any more is Cancelled, whoever said so.
const (
	Placed    State = "placed"
	Accepted  State = "accepted"
	Packed    State = "packed"
	Sent      State = "sent"
	Done      State = "done"
	Failed    State = "failed"   // not delivered; to be tried again or brought back
	Returned  State = "returned" // brought back
	Cancelled State = "cancelled"
)

// States lists them in order.
var States = []State{Placed, Accepted, Packed, Sent, Failed, Done, Returned, Cancelled}

// Over reports whether nothing is to be handed over any more.
func (s State) Over() bool { return s == Done || s == Returned || s == Cancelled }

// Void reports whether the order came to nothing, so that nothing is owed for it.
func (s State) Void() bool { return s == Returned || s == Cancelled }

// Tab is where the owner finds an order in the list.
type Tab string

// The tabs.
const (
	TabAction    Tab = "action" // somebody is to do something before it goes on
	TabWork      Tab = "work"   // being prepared
	TabSent      Tab = "sent"   // on the way
	TabDone      Tab = "done"
	TabCancelled Tab = "cancelled"
)

// Tabs lists them in order.
var Tabs = []Tab{TabAction, TabWork, TabSent, TabDone, TabCancelled}

// PayState is how an order stands with money.
type PayState string

// The states of money. Over: more was paid than is owed.
const (
	Unpaid   PayState = "unpaid"
	Claimed  PayState = "claimed" // the buyer says it is paid
	Part     PayState = "part"
	Paid     PayState = "paid"
	Over     PayState = "over"
	Refunded PayState = "refunded"
)

// Channel is where an order came from.
type Channel string

// The channels.
const (
	Web     Channel = "web"
	Chat    Channel = "chat"
	Counter Channel = "counter"
)

// Way is how the goods reach the buyer.
type Way string

// The ways.
const (
	Pickup  Way = "pickup"
	Own     Way = "own"     // brought by the shop
	Carrier Way = "carrier" // brought by a carrier that the buyer chose
)

// Brought reports whether the goods are brought to the buyer, by whomever.
func (w Way) Brought() bool { return w == Own || w == Carrier }

// ReadWay reads a way as forms write it: "own", or "carrier:jne:reg".
func ReadWay(s string) (w Way, firm, service string) {
	parts := strings.SplitN(s, ":", 3)
	if Way(parts[0]) != Carrier || len(parts) != 3 {
		return Way(s), "", ""
	}
	return Carrier, parts[1], parts[2]
}

// Written is the way as forms write it.
func (d Draft) Written() string {
	if d.Way == Carrier && d.Carrier != "" {
		return strings.Join([]string{string(Carrier), d.Carrier, d.Service}, ":")
	}
	return string(d.Way)
}

// Limits of what people type.
const (
	MaxLines    = 50
	MaxName     = 60
	MaxStreet   = 200
	MaxLandmark = 120
	MaxNote     = 500
	MaxVoucher  = 30
	MaxReason   = 200
	MaxText     = 500
	MaxReceiver = 60
	MaxPhotos   = 5  // of one order
	MaxService  = 20 // of a carrier's code
)

// Draft is an order as it was filled in. Its ID is made with the form, so that
// sending the form twice places one order.
type Draft struct {
	ID        id.ID
	Channel   Channel
	Lines     []stock.Want
	Name      string
	Phone     string // as typed
	Way       Way
	Village   string // region code
	Street    string
	Landmark  string
	LatE6     *int64 // where the buyer let the phone say so
	LngE6     *int64
	PayBy     payment.Method
	Note      string
	Voucher   string
	Consent   bool  // to be written to about offers; asked apart
	SeenTotal int64 // what the form showed; web orders at another total are refused with the new one
	CashGiven int64 // counter: what the buyer gave
	Deferred  bool  // counter: not handed over now, but to be made and fetched

	Window   time.Time `json:",omitzero"`  // when the promised hours begin; zero: the first that are free
	NoWindow bool      `json:",omitempty"` // chat: promise no time
	Held     string    `json:"-"`          // what an earlier quote promised, see Quote.Held

	Carrier string `json:",omitempty"` // which carrier, a code of package carrier
	Service string `json:",omitempty"` // the carrier's code of the service
}

// Validate reports every field that is wrong.
func (d Draft) Validate() error {
	f := d.lines()
	f.Check(d.Channel == Web || d.Channel == Chat || d.Channel == Counter, "channel", "form.stale")
	counter := d.Channel == Counter
	f.Check(counter || strings.TrimSpace(d.Name) != "", "name", "form.required")
	f.Check(utf8.RuneCountInString(d.Name) <= MaxName, "name", "form.too_long", MaxName)
	if d.Phone != "" || d.Channel == Web {
		if _, err := phone.Parse(d.Phone); err != nil {
			f.Add("phone", err)
		}
	}
	f.Check(d.Way == Pickup || d.Way == Own || d.Way == Carrier && d.Carrier != "" && d.Service != "", "way", "form.choose")
	f.Check(len(d.Carrier) <= MaxService && len(d.Service) <= MaxService, "way", "form.stale")
	f.Check(!counter || d.Way == Pickup, "way", "form.choose")
	if d.Way.Brought() {
		_, ok := region.Get(d.Village)
		f.Check(ok, "village", "order.village")
		f.Check(strings.TrimSpace(d.Street) != "" || strings.TrimSpace(d.Landmark) != "", "street", "order.street")
	}
	f.Check(utf8.RuneCountInString(d.Street) <= MaxStreet, "street", "form.too_long", MaxStreet)
	f.Check(utf8.RuneCountInString(d.Landmark) <= MaxLandmark, "landmark", "form.too_long", MaxLandmark)
	f.Check(d.PayBy.Valid(), "pay", "form.choose")
	f.Check(d.PayBy != payment.COD || d.Way.Brought(), "pay", "order.cod_pickup")
	f.Check(d.PayBy != payment.Cash || d.Way == Pickup, "pay", "order.cash_own")
	f.Check(utf8.RuneCountInString(d.Note) <= MaxNote, "note", "form.too_long", MaxNote)
	f.Check(d.CashGiven >= 0, "cash", "form.required")
	ok := (d.LatE6 == nil) == (d.LngE6 == nil)
	if ok && d.LatE6 != nil {
		ok = *d.LatE6 >= -90e6 && *d.LatE6 <= 90e6 && *d.LngE6 >= -180e6 && *d.LngE6 <= 180e6
	}
	f.Check(ok, "village", "form.stale")
	return f.Err()
}

// lines judges what any quote needs.
func (d Draft) lines() *fault.Fields {
	var f fault.Fields
	f.Check(!d.ID.IsZero(), "id", "form.stale")
	f.Check(len(d.Lines) > 0, "lines", "order.empty")
	f.Check(len(d.Lines) <= MaxLines, "lines", "order.many_lines", MaxLines)
	seen := map[id.ID]bool{}
	for i, w := range d.Lines {
		field := fmt.Sprintf("lines.%d", i)
		f.Check(!w.Variant.IsZero() && !seen[w.Variant], field, "form.stale")
		f.Check(w.Quantity > 0 && w.Quantity <= stock.MaxQuantity, field, "form.between", 1, stock.MaxQuantity)
		seen[w.Variant] = true
	}
	f.Check(utf8.RuneCountInString(d.Voucher) <= MaxVoucher, "voucher", "form.too_long", MaxVoucher)
	return &f
}

// Line is one thing ordered, as it was called and priced then.
type Line struct {
	Product     id.ID
	Variant     id.ID
	Title       string
	VariantName string
	SKU         string
	Unit        string
	Photo       id.ID
	Price       int64
	Quantity    int64
	WeightGrams int64 // of one
	ReadyDays   int64
	Tracked     bool
}

// Sum is price times quantity.
func (l Line) Sum() int64 { return l.Price * l.Quantity }

// Called is the title, or where an imported line has none its SKU.
func (l Line) Called() string {
	if l.Title == "" {
		return l.SKU
	}
	return l.Title
}

// Full is the title with the variant's name.
func (l Line) Full() string {
	if l.VariantName == "" {
		return l.Title
	}
	return l.Title + ", " + l.VariantName
}

// Order is an order with its lines; lists leave Lines empty.
type Order struct {
	ID       id.ID
	Business id.ID
	Number   int64
	Revision int64
	Channel  Channel
	State    State
	Tab      Tab
	Way      Way
	PayBy    payment.Method
	PayState PayState

	Customer id.ID // zero at the counter without a phone
	Name     string
	Phone    string // +62…, or empty
	Village  string
	Street   string
	Landmark string
	LatE6    *int64
	LngE6    *int64
	Note     string

	Lines       []Line
	Goods       int64
	Discount    int64
	Shipping    int64
	CODFee      int64
	Code        int64 // unique code, part of Total
	Total       int64
	Paid        int64
	Refunded    int64
	Allowance   int64 // given back of what is owed, after a complaint
	CashGiven   int64
	Voucher     string
	WeightGrams int64
	Pieces      int64
	Brief       string // the first title, "+2"
	ReadyDays   int64

	HoldUntil    *time.Time // pay until then, or the order ends by itself
	ClaimedAt    *time.Time
	Proof        id.ID  // photo that the buyer sent
	Complaint    string // kind of an open complaint, or empty
	ComplainedAt *time.Time
	Reason       string // why it was cancelled, failed or brought back
	Courier      id.ID
	Receiver     string
	Relation     string
	Tries        int64

	PromisedFrom  *time.Time // when it was promised to come; nil: no time was promised
	PromisedUntil *time.Time

	Carrier string // of Way Carrier: who brings it, a code of package carrier
	Service string // the carrier's code of the service

	PlacedBy   id.ID // zero: the buyer
	PlacedAt   time.Time
	AcceptedAt *time.Time
	PackedAt   *time.Time
	SentAt     *time.Time
	DoneAt     *time.Time
	EndedAt    *time.Time
	ChangedAt  time.Time

	LastAct  Act
	LastFrom State
	LastBy   id.ID
	LastAt   *time.Time

	Words string // what an imported order is searched by
}

// Code writes an order's number as people say it.
func Code(number int64) string { return fmt.Sprintf("LPK-%04d", number) }

// Called is the order's number as people say it.
func (o Order) Called() string { return Code(o.Number) }

// Owed is what the order costs as it stands: nothing if it came to nothing.
func (o Order) Owed() int64 {
	if o.State.Void() {
		return 0
	}
	return o.Total - o.Allowance
}

// Due is what is still to be paid; below zero: to be given back.
func (o Order) Due() int64 { return o.Owed() - o.Paid + o.Refunded }

// Change is what the buyer gets back of the cash given at the counter.
func (o Order) Change() int64 { return max(0, o.CashGiven-o.Total) }

// Place is where it goes.
func (o Order) Place() region.Place {
	p, _ := region.Get(o.Village)
	return p
}

// payState reckons the state of money.
func (o Order) payState() PayState {
	due, net := o.Due(), o.Paid-o.Refunded
	switch {
	case due < 0:
		return Over
	case o.Refunded > 0 && net == 0:
		return Refunded
	case due == 0 && !o.State.Void():
		return Paid
	case net > 0:
		return Part
	case o.ClaimedAt != nil && !o.State.Void():
		return Claimed
	}
	return Unpaid
}

// tab reckons where the owner finds it.
func (o Order) tab() Tab {
	switch {
	case o.Channel.Past() && !o.State.Over() && o.State != Sent:
		return TabWork // its source says what is to be done
	case o.Channel.Past():
	case o.Complaint != "", o.Due() < 0, o.State == Placed, o.State == Failed, o.ClaimedAt != nil && o.Due() > 0 && !o.State.Void():
		return TabAction
	case o.State == Accepted, o.State == Packed:
		return TabWork
	}
	switch o.State {
	case Sent:
		return TabSent
	case Done:
		return TabDone
	}
	return TabCancelled
}

// Event is a line of an order's timeline.
type Event struct {
	ID     id.ID
	Order  id.ID
	Act    Act
	From   State
	To     State
	By     string // role: guest is the buyer, machine is a job
	Person id.ID
	Reason string
	Amount int64
	Method payment.Method
	Text   string
	Photo  id.ID
	At     time.Time
	Parcel id.ID // told to hooks alone: what it followed from
}
