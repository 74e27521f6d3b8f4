// Package parcel carries what leaves a shop: who has it, how it stands, what
// happened to it, and what was taken for it at the door. An order may go in
// several parcels; what happens to them moves the order on, and what is done
// with the order moves its parcels. A parcel without an order is carried for
// another business.
package parcel

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/region"
)

// Faults of parcels.
var (
	ErrNotFound = fault.New(fault.NotFound, "parcel.not_found")
	ErrState    = fault.New(fault.Conflict, "parcel.state")     // it has moved on; {0} how it stands now
	ErrCode     = fault.New(fault.Invalid, "parcel.code_wrong") // {0} tries that are left
	ErrLocked   = fault.New(fault.Forbidden, "parcel.locked")   // too many wrong codes: the shop has to end it
	ErrTooMuch  = fault.New(fault.Invalid, "parcel.too_much")   // {0} what is to be taken
	ErrSayWhy   = fault.New(fault.Invalid, "order.say_why")
	ErrLimit    = fault.New(fault.Conflict, "parcel.limit")         // {0} what the courier holds {1} the limit
	ErrSplit    = fault.New(fault.Invalid, "parcel.split_wrong")    // pieces of the parcels are not those of the order
	ErrWaybill  = fault.New(fault.Conflict, "parcel.waybill_taken") // another parcel has this number
	ErrUnpaid   = fault.New(fault.Conflict, "order.unpaid")         // {0} how much is to come first
	ErrAttempts = fault.New(fault.Conflict, "parcel.attempts")      // {0} it was brought often enough
	ErrOffer    = fault.New(fault.Invalid, "parcel.offer")          // a time that was not offered
	ErrCarrier  = fault.New(fault.Conflict, "parcel.by_carrier")    // a carrier has it, not a courier of the shop
)

// Own is the carrier of parcels that the shop brings itself. A courier firm
// that is a business here carries under Firm and its code.
const (
	Own  = "own"
	Firm = "firm:"
)

// IsFirm reports whether a carrier is a courier firm that is a business here.
func IsFirm(code string) bool { return strings.HasPrefix(code, Firm) && len(code) > len(Firm) }

// Act is something that is done with a parcel.
type Act string

// The acts.
const (
	ActMake    Act = "make"
	ActAsk     Act = "ask"    // it is to be fetched
	ActHub     Act = "hub"    // sorted in at a hub
	ActDepart  Act = "depart" // sent on from a hub
	ActReady   Act = "ready"  // packed and labelled
	ActAssign  Act = "assign" // who is to bring it
	ActChange  Act = "change" // carrier, waybill, weight, cost
	ActTake    Act = "take"   // from the shop, by who brings it
	ActOut     Act = "out"    // on the way to the door
	ActDeliver Act = "deliver"
	ActFail    Act = "fail"
	ActAgain   Act = "again" // a new time was agreed
	ActHold    Act = "hold"
	ActTurn    Act = "turn" // it goes back to the shop
	ActReturn  Act = "return"
	ActLose    Act = "lose"
	ActBreak   Act = "break"
	ActCancel  Act = "cancel"
	ActLeave   Act = "leave" // the receiver named a neighbour
	ActStop    Act = "stop"  // the receiver wants it no more
	ActTrack   Act = "track" // a carrier told
	ActCode    Act = "code"  // a wrong code was said
)

type rule struct {
	from   []carrier.Status
	to     carrier.Status // empty: it stays as it is
	verb   authz.Verb
	onRoad bool // a courier may do it to a parcel of their own
}

var (
	before = []carrier.Status{carrier.Draft, carrier.Ready, carrier.PickupRequested}
	moving = []carrier.Status{carrier.PickedUp, carrier.InTransit, carrier.AtHub, carrier.OutForDelivery, carrier.OnHold}
	open   = append(slices.Clone(moving), carrier.AttemptFailed)
)

// rules is the one table of what may be done with a parcel by people.
var rules = map[Act]rule{
	ActReady:   {[]carrier.Status{carrier.Draft}, carrier.Ready, authz.MoveOrders, false},
	ActAsk:     {[]carrier.Status{carrier.Draft, carrier.Ready}, carrier.PickupRequested, authz.MoveOrders, false},
	ActHub:     {[]carrier.Status{carrier.PickedUp, carrier.InTransit, carrier.OutForDelivery, carrier.AttemptFailed, carrier.OnHold}, carrier.AtHub, authz.MoveOrders, false},
	ActDepart:  {[]carrier.Status{carrier.PickedUp, carrier.AtHub}, carrier.InTransit, authz.MoveOrders, false},
	ActAssign:  {append(slices.Clone(before), carrier.AttemptFailed, carrier.AtHub), "", authz.MoveOrders, false},
	ActChange:  {append(slices.Clone(before), open...), "", authz.MoveOrders, false},
	ActTake:    {before, carrier.PickedUp, authz.MoveOrders, true},
	ActOut:     {[]carrier.Status{carrier.PickedUp, carrier.InTransit, carrier.AtHub, carrier.OnHold, carrier.AttemptFailed}, carrier.OutForDelivery, authz.Deliver, true},
	ActDeliver: {open, carrier.Delivered, authz.Deliver, true},
	ActFail:    {moving, carrier.AttemptFailed, authz.Deliver, true},
	ActAgain:   {append(slices.Clone(before), open...), "", authz.Deliver, true},
	ActHold:    {moving, carrier.OnHold, authz.MoveOrders, false},
	ActTurn:    {open, carrier.Returning, authz.Deliver, true},
	ActReturn:  {append(slices.Clone(open), carrier.Returning), carrier.Returned, authz.MoveOrders, false},
	ActLose:    {append(slices.Clone(open), carrier.Returning), carrier.Lost, authz.MoveOrders, false},
	ActBreak:   {append(slices.Clone(open), carrier.Returning), carrier.Damaged, authz.MoveOrders, false},
	ActCancel:  {before, carrier.Cancelled, authz.MoveOrders, false},
}

// Acts lists what people do, in the order in which pages offer it.
var Acts = []Act{ActReady, ActAssign, ActTake, ActOut, ActDeliver, ActFail, ActAgain, ActHold, ActTurn, ActReturn, ActLose, ActBreak, ActCancel, ActChange}

// sorts are the acts of who carries for others: a parcel of the shop's own
// orders passes no hub of the shop.
var sorts = []Act{ActAsk, ActHub, ActDepart}

// told are the acts that a courier firm does with a parcel it was given: the
// shop hears of them.
var told = []Act{ActTake, ActOut, ActDeliver, ActFail, ActAgain, ActHold, ActTurn}

// Reasons of a failed attempt, in the order of the courier's page.
var Reasons = []carrier.Reason{
	carrier.NobodyHome, carrier.WrongAddress, carrier.Unreachable, carrier.AnotherTime, carrier.Refused, carrier.NotOrdered, carrier.CODNotReady,
	carrier.OutOfArea, carrier.Weather,
}

// orderReason is what the order's own list calls a reason.
func orderReason(r carrier.Reason) string {
	if slices.Contains(order.FailReasons, string(r)) {
		return string(r)
	}
	switch r {
	case carrier.CODNotReady:
		return "refused"
	case carrier.OutOfArea:
		return "wrong_address"
	}
	return "another_time"
}

// Limits of what people type.
const (
	MaxText     = 300
	MaxWaybill  = 25
	MaxParcels  = 20 // of one order
	MaxTries    = 5  // wrong codes
	MaxPhotos   = 8  // of one parcel
	MaxAccuracy = 100_000
	CodeLength  = 4

	UsualAttempts = 3 // of a shop that set nothing
	MostAttempts  = 9
)

// Parcel is one parcel. Money is rupiah, weight grams, times UTC.
type Parcel struct {
	ID       id.ID
	Order    id.ID // zero: carried for another business
	Customer id.ID
	N        int64
	Number   string // ours
	Carrier  string
	Service  string
	Waybill  string // theirs
	Status   carrier.Status
	StatusAt time.Time
	Reason   carrier.Reason
	Words    string
	Courier  id.ID
	Place    int64 // in the courier's run, from 1; 0: none yet

	Name     string
	Phone    string
	Village  string
	Street   string
	Landmark string
	LatE6    *int64
	LngE6    *int64
	Note     string

	Contents string
	Pieces   int64
	Grams    int64
	Goods    int64
	COD      int64
	Taken    int64
	TakenBy  payment.Method

	CodeAsked bool
	CodeTries int64
	Attempts  int64
	DueFrom   *time.Time
	DueUntil  *time.Time
	Receiver  string
	Relation  string
	Proof     id.ID
	Restocked bool
	LeaveWith string // a neighbour whom the receiver named, with where to find them
	Cost      *int64 // what the carrier took for it; nil: nobody knows

	CreatedAt time.Time
	HandedAt  *time.Time
	OutAt     *time.Time
	DoneAt    *time.Time
	EndedAt   *time.Time
	ChangedAt time.Time
}

// Region is the village that it goes to.
func (p Parcel) Region() region.Place {
	v, _ := region.Get(p.Village)
	return v
}

// Due is what is still to be taken at the door.
func (p Parcel) Due() int64 {
	if p.Status == carrier.Delivered {
		return 0
	}
	return p.COD - p.Taken
}

// Shown is the number that people look it up by: the carrier's, or ours.
func (p Parcel) Shown() string {
	if p.Waybill != "" {
		return p.Waybill
	}
	return p.Number
}

// Spent reports whether the parcel was brought as often as the shop allows, so
// that it is to go back.
func (p Parcel) Spent(limit int64) bool {
	return limit > 0 && p.Attempts >= limit && p.Status == carrier.AttemptFailed
}

// May reports whether the act fits the parcel and the person.
func (p Parcel) May(sc authz.Scope, a Act) bool { return p.may(sc, a) == nil }

func (p Parcel) may(sc authz.Scope, a Act) error {
	r, ok := rules[a]
	if !ok {
		return ErrState
	}
	if sc.Role == authz.Courier {
		if !r.onRoad {
			return authz.ErrForbidden
		}
		if p.Courier != sc.Actor || p.Carrier != Own {
			return ErrNotFound
		}
	} else if err := sc.Can(r.verb); err != nil {
		return err
	}
	if IsFirm(p.Carrier) && slices.Contains(told, a) {
		return ErrCarrier
	}
	hauled := p.Order.IsZero()
	if !slices.Contains(r.from, p.Status) || !hauled && (slices.Contains(sorts, a) || a == ActAssign && p.Status == carrier.AtHub) {
		return ErrState.With(p.Status)
	}
	return nil
}

// Event is a line of a parcel's timeline.
type Event struct {
	ID       id.ID
	Parcel   id.ID
	Act      Act
	Status   carrier.Status
	Reason   carrier.Reason
	Words    string
	Code     string
	Source   string // a role, or carrier:code
	Person   id.ID
	LatE6    *int64
	LngE6    *int64
	Accuracy *int64 // metres
	Receiver string
	Relation string
	Amount   int64
	Method   payment.Method
	Text     string
	Photo    id.ID
	DueFrom  *time.Time
	DueUntil *time.Time
	At       time.Time // when it happened
	Heard    time.Time // when we learned of it
}

// Move is something done with a parcel, as a person filled it in. Its ID is
// made with the form, so that sending it twice does it once. Which fields count
// depends on the act.
type Move struct {
	ID       id.ID
	Act      Act
	At       *time.Time // when it happened, if not now
	Reason   carrier.Reason
	Text     string
	Receiver string
	Relation string
	Amount   int64 // deliver: rupiah taken
	Method   payment.Method
	Received bool // deliver: Amount says what was taken, also if it is nothing
	Change   bool // deliver: what is more than due was given back as change
	Code     string
	Picture  *blob.Picture // deliver, fail: a photo, read before
	Sent     id.ID         // or a photo that came with the act of that id, Photo
	Photo    id.ID
	Holder   id.ID // deliver: who has the money, if not the parcel's courier
	LatE6    *int64
	LngE6    *int64
	Accuracy *int64
	Courier  id.ID // assign, take
	DueFrom  *time.Time
	DueUntil *time.Time
	Restock  bool // return
	Carrier  string
	Service  string
	Waybill  string
	Grams    int64
	Cost     *int64 // change; nil: as it was
}

// Validate reports every field that is wrong.
func (m Move) Validate() error {
	var f fault.Fields
	_, ok := rules[m.Act]
	f.Check(ok, "act", "form.stale")
	f.Check(utf8.RuneCountInString(m.Text) <= MaxText, "text", "form.too_long", MaxText)
	f.Check(utf8.RuneCountInString(m.Receiver) <= order.MaxReceiver, "receiver", "form.too_long", order.MaxReceiver)
	f.Check(m.Amount >= 0 && m.Amount <= money.Max, "amount", "money.too_large")
	f.Check((m.LatE6 == nil) == (m.LngE6 == nil), "place", "form.stale")
	if m.LatE6 != nil && m.LngE6 != nil {
		f.Check(*m.LatE6 >= -90e6 && *m.LatE6 <= 90e6 && *m.LngE6 >= -180e6 && *m.LngE6 <= 180e6, "place", "form.stale")
	}
	f.Check(m.Accuracy == nil || *m.Accuracy >= 0 && *m.Accuracy <= MaxAccuracy, "place", "form.stale")
	switch m.Act {
	case ActDeliver:
		f.Check(m.Receiver != "", "receiver", "form.required")
		f.Check(slices.Contains(order.Relations, m.Relation), "relation", "form.choose")
		f.Check(m.Method == "" || m.Method == payment.COD || m.Method == payment.Cash || m.Method == payment.QRIS, "method", "form.choose")
	case ActFail:
		f.Check(slices.Contains(Reasons, m.Reason), "reason", "form.choose")
	case ActAssign:
		f.Check(!m.Courier.IsZero(), "courier", "form.choose")
	case ActAgain:
		f.Check(m.DueFrom != nil && m.DueUntil != nil && m.DueFrom.Before(*m.DueUntil), "when", "form.choose")
	case ActChange:
		f.Check(m.Grams >= 0 && m.Grams <= 1_000_000, "grams", "form.between", 0, 1_000_000)
		f.Check(m.Carrier == Own || m.Carrier != "" && known(m.Carrier), "carrier", "form.choose")
		f.Check(utf8.RuneCountInString(m.Service) <= MaxWaybill, "service", "form.too_long", MaxWaybill)
		f.Check(m.Cost == nil || *m.Cost >= 0 && *m.Cost <= money.Max, "cost", "money.too_large")
		if m.Waybill != "" {
			_, err := carrier.CleanNumber(m.Waybill)
			f.Add("waybill", err)
		}
	}
	return f.Err()
}

func known(code string) bool {
	_, ok := carrier.Find(code)
	return ok || IsFirm(code) // whether there is such a firm is asked in the transaction
}

// Settings are what a shop sets about its parcels.
type Settings struct {
	CodeFrom  int64 // rupiah of goods from which the receiver says a code; 0: never
	CashLimit int64 // rupiah that a courier may hold; 0: no limit
	Attempts  int64 // how often a parcel is brought before it is to go back; 0: as often as needed
}

// Validate reports every field that is wrong.
func (s Settings) Validate() error {
	var f fault.Fields
	f.Check(s.CodeFrom >= 0 && s.CodeFrom <= money.Max, "code_from", "money.too_large")
	f.Check(s.CashLimit >= 0 && s.CashLimit <= money.Max, "cash_limit", "money.too_large")
	f.Check(s.Attempts >= 0 && s.Attempts <= MostAttempts, "attempts", "form.between", 0, MostAttempts)
	return f.Err()
}
