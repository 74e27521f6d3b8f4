package order

import (
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/payment"
)

// Act is something that is done with an order.
type Act string

// The acts.
const (
	ActPlace    Act = "place"
	ActAccept   Act = "accept"
	ActDecline  Act = "decline"
	ActPack     Act = "pack"
	ActAssign   Act = "assign"    // who is to bring it
	ActHandOver Act = "hand_over" // to the courier
	ActCollect  Act = "collect"   // to the buyer, at the shop
	ActDeliver  Act = "deliver"
	ActFail     Act = "fail"
	ActRetry    Act = "retry"
	ActReturn   Act = "return"
	ActCancel   Act = "cancel"   // by the shop
	ActWithdraw Act = "withdraw" // by the buyer
	ActExpire   Act = "expire"   // by the clock
	ActComplain Act = "complain"
	ActAnswer   Act = "answer"
	ActEdit     Act = "edit"
	ActPay      Act = "pay"
	ActClaim    Act = "claim"   // the buyer says that it is paid
	ActUnclaim  Act = "unclaim" // the shop finds no such money
	ActRefund   Act = "refund"
	ActNote     Act = "note"
	ActUndo     Act = "undo"
	ActImport   Act = "import" // a file moved on what came by a file
)

// rule says when an act fits and who may do it.
type rule struct {
	from  []State
	to    State // empty: the order stays where it is
	verb  authz.Verb
	buyer bool // done by the buyer on the order's page
	clock bool // done by a job alone
	way   Way  // only for this way, Own for whatever is brought; empty: any
	undo  bool // may be undone at once by who did it
	bulk  bool // may be done to many at once
	past  bool // also with an order that was imported
	fits  func(Order) bool
}

var live = []State{Placed, Accepted, Packed, Sent, Failed}

// rules is the one table of what may be done with an order, in the order in
// which pages offer it.
var rules = []struct {
	act Act
	rule
}{
	{ActAccept, rule{from: []State{Placed}, to: Accepted, verb: authz.MoveOrders, undo: true, bulk: true}},
	{ActPay, rule{from: []State{Placed, Accepted, Packed, Sent, Failed, Done}, verb: authz.TakePayments, fits: due}},
	{ActUnclaim, rule{from: []State{Placed, Accepted, Packed, Sent, Failed, Done}, verb: authz.TakePayments, fits: func(o Order) bool { return o.ClaimedAt != nil && o.Due() > 0 }}},
	{ActPack, rule{from: []State{Accepted}, to: Packed, verb: authz.MoveOrders, undo: true, bulk: true}},
	{ActAssign, rule{from: []State{Accepted, Packed}, verb: authz.MoveOrders, way: Own}},
	{ActHandOver, rule{from: []State{Accepted, Packed}, to: Sent, verb: authz.MoveOrders, way: Own, bulk: true, fits: paidAhead}},
	{ActCollect, rule{from: []State{Accepted, Packed}, to: Done, verb: authz.MoveOrders, way: Pickup, fits: paidAhead}},
	{ActDeliver, rule{from: []State{Sent}, to: Done, verb: authz.Deliver, way: Own}},
	{ActFail, rule{from: []State{Sent}, to: Failed, verb: authz.Deliver, way: Own}},
	{ActRetry, rule{from: []State{Failed}, to: Sent, verb: authz.MoveOrders, way: Own, undo: true}},
	{ActReturn, rule{from: []State{Failed, Done}, to: Returned, verb: authz.CancelOrders}},
	{ActAnswer, rule{from: States, verb: authz.MoveOrders, fits: func(o Order) bool { return o.Complaint != "" }}},
	{ActEdit, rule{from: []State{Placed, Accepted, Packed}, verb: authz.EditOrders}},
	{ActRefund, rule{from: States, verb: authz.RefundPayments, fits: func(o Order) bool { return o.Paid > o.Refunded }}},
	{ActNote, rule{from: States, verb: authz.MoveOrders, past: true}},
	{ActDecline, rule{from: []State{Placed}, to: Cancelled, verb: authz.CancelOrders}},
	{ActCancel, rule{from: []State{Accepted, Packed}, to: Cancelled, verb: authz.CancelOrders}},
	{ActClaim, rule{from: live, verb: authz.BuyHere, buyer: true, fits: func(o Order) bool { return o.PayBy.Ahead() && o.Due() > 0 }}},
	{ActWithdraw, rule{from: []State{Placed, Accepted}, to: Cancelled, verb: authz.BuyHere, buyer: true}},
	{ActComplain, rule{from: []State{Accepted, Packed, Sent, Failed, Done}, verb: authz.BuyHere, buyer: true, fits: func(o Order) bool { return o.Complaint == "" }}},
	{ActExpire, rule{from: []State{Placed, Accepted, Packed}, to: Cancelled, clock: true, fits: func(o Order) bool {
		return o.HoldUntil != nil && o.ClaimedAt == nil && o.Paid == 0
	}}},
}

func due(o Order) bool { return o.Due() > 0 }

// paidAhead holds for orders that need not wait for money: paid, or paid when handed over.
func paidAhead(o Order) bool { return !o.PayBy.Ahead() || o.Due() <= 0 }

// collected reports whether the money comes at hand-over.
func collected(m payment.Method) bool { return m == payment.COD || m == payment.Cash }

func ruleOf(a Act) (rule, bool) {
	for _, r := range rules {
		if r.act == a {
			return r.rule, true
		}
	}
	return rule{}, false
}

// open reports whether the act fits the order, whoever does it.
func (r rule) open(o Order) bool {
	return (r.past || !o.Channel.Past()) && slices.Contains(r.from, o.State) && (r.way == "" || r.way == o.Way || r.way == Own && o.Way == Carrier) && (r.fits == nil || r.fits(o))
}

// UndoFor is how long a harmless move can be undone by who made it.
const UndoFor = 10 * time.Second

// canUndo reports whether the last move of o may be undone by sc at now.
func canUndo(o Order, sc authz.Scope, now time.Time) bool {
	r, ok := ruleOf(o.LastAct)
	return ok && r.undo && o.State == r.to && o.LastAt != nil && now.Sub(*o.LastAt) <= UndoFor && o.LastBy == sc.Actor && !sc.Actor.IsZero() && sc.May(r.verb)
}

// Fits reports whether an act fits an order as it stands, whoever does it.
func Fits(o Order, a Act) bool {
	r, ok := ruleOf(a)
	return ok && r.open(o)
}

// Action is a move that fits an order and the person who looks at it.
type Action struct {
	Act  Act
	To   State // empty: the order stays where it is
	Bulk bool
}

// Actions lists the moves that fit the order's state and the person, the next
// step first. A guest sees those of the buyer, and has come by the order's link.
func Actions(o Order, sc authz.Scope, now time.Time) []Action {
	var list []Action
	buyer := sc.Role == authz.Guest
	for _, r := range rules {
		if r.clock || r.buyer != buyer || !r.open(o) || !sc.May(r.verb) || !own(o, sc) {
			continue
		}
		list = append(list, Action{r.act, r.to, r.bulk})
	}
	if !buyer && canUndo(o, sc, now) {
		list = append(list, Action{Act: ActUndo, To: o.LastFrom})
	}
	return list
}

// own reports whether a courier acts on a parcel of their own.
func own(o Order, sc authz.Scope) bool {
	return sc.Role != authz.Courier || !o.Courier.IsZero() && o.Courier == sc.Actor
}

// Has reports whether act is among the actions.
func Has(list []Action, act Act) bool {
	return slices.ContainsFunc(list, func(a Action) bool { return a.Act == act })
}

// Reasons that people choose from.
var (
	DeclineReasons  = []string{"sold_out", "too_far", "too_busy", "closed", "not_reachable", "other"}
	CancelReasons   = []string{"buyer_asked", "sold_out", "not_paid", "not_reachable", "twice", "other"}
	WithdrawReasons = []string{"changed_mind", "wrong_order", "too_long", "found_other", "other"}
	FailReasons     = []string{"wrong_address", "nobody_home", "unreachable", "refused", "another_time", "not_ordered"}
	ReturnReasons   = []string{"undelivered", "damaged", "wrong_goods", "unhappy", "other"}
	ComplainReasons = []string{"not_arrived", "wrong_goods", "missing", "damaged", "money", "other"}
	RefundReasons   = []string{"cancelled", "overpaid", "damaged", "missing", "goodwill", "other"}
	Relations       = []string{"self", "family", "neighbour", "guard", "other"}
	ReasonExpired   = "expired"
)

// Acts lists all acts that pages know.
func Acts() []Act {
	list := []Act{ActPlace, ActUndo, ActImport}
	for _, r := range rules {
		list = append(list, r.act)
	}
	return list
}
