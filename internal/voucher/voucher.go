// Package voucher holds a shop's vouchers: codes that take something off an
// order. Their limits hold however many buyers use them in the same moment.
package voucher

import (
	"strings"
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
)

// Faults of vouchers.
var (
	ErrNotFound  = fault.New(fault.NotFound, "voucher.not_found")
	ErrUnknown   = fault.New(fault.Invalid, "voucher.unknown")    // no such code, or switched off
	ErrEarly     = fault.New(fault.Invalid, "voucher.early")      // does not count yet
	ErrOver      = fault.New(fault.Invalid, "voucher.over")       // does not count any more
	ErrLeast     = fault.New(fault.Invalid, "voucher.least")      // {0} what is missing to the least purchase
	ErrUsedUp    = fault.New(fault.Conflict, "voucher.used_up")   // used as often as it may be
	ErrYours     = fault.New(fault.Conflict, "voucher.yours")     // this buyer has used it as often as they may
	ErrShipping  = fault.New(fault.Invalid, "voucher.shipping")   // there is no delivery fee to take off
	ErrOtherBody = fault.New(fault.Invalid, "voucher.other_body") // the form made another voucher
	ErrTaken     = fault.New(fault.Conflict, "voucher.taken")     // the shop has another voucher with this code
)

// Kind is what a voucher takes off.
type Kind string

// The kinds.
const (
	Amount   Kind = "amount"   // rupiah
	Percent  Kind = "percent"  // of the goods, at most Cap
	Shipping Kind = "shipping" // the delivery fee, at most Cap
)

// Kinds lists them in the order of the form.
var Kinds = []Kind{Amount, Percent, Shipping}

// Limits of what an owner writes.
const (
	MaxCode = 20
	MinCode = 3
	maxUses = 1_000_000
)

// Voucher is a code with what it takes off. Zero in Cap, Least, Most and Each
// means no limit.
type Voucher struct {
	ID       id.ID
	Code     string
	Kind     Kind
	Value    int64 // rupiah, or percent
	Cap      int64
	Least    int64 // least goods
	StartsAt time.Time
	EndsAt   *time.Time // first moment at which it does not count any more
	Most     int64      // uses in all
	Each     int64      // uses of one phone number
	Used     int64
	Given    int64 // taken off so far; only List and Get fill it
	Active   bool
}

// State is how a voucher stands.
type State string

// The states.
const (
	Running State = "running"
	Early   State = "early"
	Over    State = "over"
	UsedUp  State = "used_up"
	Off     State = "off"
)

// State tells how v stands at now.
func (v Voucher) State(now time.Time) State {
	switch {
	case !v.Active:
		return Off
	case v.EndsAt != nil && !now.Before(*v.EndsAt):
		return Over
	case v.Most > 0 && v.Used >= v.Most:
		return UsedUp
	case now.Before(v.StartsAt):
		return Early
	}
	return Running
}

// check is the fault that keeps v from counting at now, or nil.
func (v Voucher) check(now time.Time) error {
	switch v.State(now) {
	case Off:
		return ErrUnknown
	case Over:
		return ErrOver
	case UsedUp:
		return ErrUsedUp
	case Early:
		return ErrEarly
	}
	return nil
}

// Off reckons what v takes off goods and a delivery fee: never less than
// nothing, never more than there is.
func (v Voucher) Off(goods, shipping int64) (int64, error) {
	if goods < v.Least {
		return 0, ErrLeast.With(money.String(v.Least - goods))
	}
	var off int64
	switch v.Kind {
	case Amount:
		off = min(v.Value, goods)
	case Percent:
		p, err := money.Percent(goods, v.Value*100)
		if err != nil {
			return 0, err
		}
		off = min(p, goods)
	case Shipping:
		if shipping <= 0 {
			return 0, ErrShipping
		}
		off = shipping
	}
	if v.Cap > 0 {
		off = min(off, v.Cap)
	}
	return max(0, off), nil
}

// Discount is what a voucher takes off one order.
type Discount struct {
	Voucher id.ID
	Code    string
	Amount  int64
}

// Draft is a voucher as its owner fills it in. Its ID is made with the form.
type Draft struct {
	ID       id.ID
	Code     string
	Kind     Kind
	Value    int64
	Cap      int64
	Least    int64
	StartsAt time.Time // zero: now
	EndsAt   *time.Time
	Most     int64
	Each     int64
	Active   bool
	New      bool // from a form that makes a voucher: sent again it changes nothing
}

// Clean brings a code to the form in which it is kept: capitals, no spaces.
func Clean(code string) string { return strings.ToUpper(strings.Join(strings.Fields(code), "")) }

// Validate reports every field that is wrong.
func (d Draft) Validate() error {
	var f fault.Fields
	f.Check(!d.ID.IsZero(), "id", "form.stale")
	f.Check(len(d.Code) >= MinCode, "code", "voucher.code_short", MinCode)
	f.Check(len(d.Code) <= MaxCode, "code", "form.too_long", MaxCode)
	f.Check(strings.Trim(d.Code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == "", "code", "voucher.code_form")
	switch d.Kind {
	case Amount:
		f.Check(d.Value > 0 && d.Value <= money.Max, "value", "form.positive")
	case Percent:
		f.Check(d.Value >= 1 && d.Value <= 100, "value", "form.between", 1, 100)
	case Shipping:
	default:
		f.Check(false, "kind", "form.choose")
	}
	f.Check(d.Cap >= 0 && d.Cap <= money.Max, "cap", "money.too_large")
	f.Check(d.Least >= 0 && d.Least <= money.Max, "least", "money.too_large")
	f.Check(d.Most >= 0 && d.Most <= maxUses, "most", "form.between", 0, maxUses)
	f.Check(d.Each >= 0 && d.Each <= maxUses, "each", "form.between", 0, maxUses)
	f.Check(d.EndsAt == nil || d.EndsAt.After(d.StartsAt), "ends", "voucher.ends_first")
	return f.Err()
}
