// Package cash follows the money that is taken at the door until it is in the
// till or on the bank account: who holds each rupiah and since when, how it
// goes from hand to hand, what carriers paid out, and what is missing and why.
package cash

import (
	"time"
	"unicode/utf8"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/order"
)

// Faults of the chain.
var (
	ErrCode      = fault.New(fault.Invalid, "cash.code_wrong")    // {0} tries that are left
	ErrLocked    = fault.New(fault.Forbidden, "cash.locked")      // too many wrong codes: the receiver has to note it
	ErrMark      = fault.New(fault.Conflict, "cash.mark_used")    // the mark belongs to another hand-over
	ErrReceiver  = fault.New(fault.Invalid, "cash.receiver")      // not somebody who may receive
	ErrGiver     = fault.New(fault.Invalid, "cash.giver")         // not somebody who may hold money
	ErrOld       = fault.New(fault.Invalid, "cash.old")           // {0} days are over: the receiver has to note it
	ErrOtherBody = order.ErrOtherBody                             // the id did something else
	ErrTooMuch   = order.ErrTooMuch                               // {0} what is held
	ErrSayWhy    = fault.New(fault.Invalid, "order.say_why")      // a difference without a sentence
	ErrMoved     = fault.New(fault.Conflict, "cash.moved")        // the sum is another one by now
	ErrNotFound  = fault.New(fault.NotFound, "cash.not_found")    // no such hand-over or file
	ErrFile      = fault.New(fault.Invalid, "cash.no_columns")    // {0} columns that were not found
	ErrRows      = fault.New(fault.Invalid, "cash.too_many_rows") // {0} rows are the most
	ErrSameFile  = fault.New(fault.Conflict, "cash.same_file")    // it was sent before
)

var errBy = fault.New(fault.Invalid, "form.choose")

// Limits of the chain.
const (
	MaxWhy     = 200
	MaxTries   = 5  // wrong codes for one mark
	MaxWrong   = 20 // wrong codes of one giver in a day, over all marks
	MarkLength = 6
	CodeLength = 6
	KeyDays    = 3 // days for which a receiver's page brings keys
	MaxAge     = 14 * 24 * time.Hour
	MaxDays    = 60 // of a promise to pay out
)

// Give is the giver's side of a hand-over: what they handed to whom, and the
// code that they read from the receiver's phone.
type Give struct {
	ID       id.ID
	At       *time.Time // when it happened, if not now
	Receiver id.ID
	Amount   int64
	Mark     string
	Code     string
}

// Validate reports every field that is wrong.
func (m Give) Validate() error {
	var f fault.Fields
	f.Check(!m.ID.IsZero(), "id", "form.stale")
	f.Check(!m.Receiver.IsZero(), "receiver", "form.choose")
	f.Check(m.Amount > 0, "amount", "form.required")
	f.Check(m.Amount <= money.Max, "amount", "money.too_large")
	f.Check(markFits(m.Mark), "mark", "form.stale")
	f.Check(len(m.Code) == CodeLength, "code", "cash.code_form", CodeLength)
	return f.Err()
}

// Take is the receiver's side: what they counted, from whom.
type Take struct {
	ID     id.ID
	At     *time.Time
	Giver  id.ID
	Amount int64
	Mark   string
}

// Validate reports every field that is wrong.
func (m Take) Validate() error {
	var f fault.Fields
	f.Check(!m.ID.IsZero(), "id", "form.stale")
	f.Check(!m.Giver.IsZero(), "giver", "form.choose")
	f.Check(m.Amount > 0, "amount", "form.required")
	f.Check(m.Amount <= money.Max, "amount", "money.too_large")
	f.Check(markFits(m.Mark), "mark", "cash.mark_form", MarkLength)
	return f.Err()
}

// Count is money that somebody who may take payments counts into the till. Its
// ID is made with the form.
type Count struct {
	ID     id.ID
	Holder id.ID
	Amount int64
	Close  bool   // nothing is left with the holder: the rest is written down as a difference
	Why    string // of the difference
	By     id.ID  // who explains it
}

// Validate reports every field that is wrong.
func (m Count) Validate() error {
	var f fault.Fields
	f.Check(!m.ID.IsZero(), "id", "form.stale")
	f.Check(!m.Holder.IsZero(), "courier", "form.choose")
	f.Check(m.Amount >= 0 && m.Amount <= money.Max, "amount", "money.too_large")
	f.Check(m.Amount > 0 || m.Close, "amount", "form.required")
	f.Check(utf8.RuneCountInString(m.Why) <= MaxWhy, "note", "form.too_long", MaxWhy)
	return f.Err()
}

// Reason says of a difference which side is right, why, and who explains it.
type Reason struct {
	Handover id.ID // zero: the books differ from what the parcels took
	Amount   int64 // of the difference, as the page showed it
	Right    Side  // of a hand-over
	Why      string
	By       id.ID
}

// Validate reports every field that is wrong.
func (m Reason) Validate() error {
	var f fault.Fields
	if m.Why == "" {
		f.Add("why", ErrSayWhy)
	}
	f.Check(utf8.RuneCountInString(m.Why) <= MaxWhy, "why", "form.too_long", MaxWhy)
	f.Check(!m.By.IsZero(), "by", "form.choose")
	f.Check(m.Handover.IsZero() || m.Right == Giver || m.Right == Receiver, "right", "form.choose")
	return f.Err()
}
