// Package authz decides who may do what. It holds pure decisions: no SQL, no
// HTTP. A Scope is made once for a request or a job and is passed on from
// there; deny is the default.
package authz

import (
	"slices"
	"strings"
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
)

// Faults of deciding.
var (
	ErrSignIn    = fault.New(fault.Unauthenticated, "authz.sign_in")
	ErrForbidden = fault.New(fault.Forbidden, "authz.forbidden")
	ErrFresh     = fault.New(fault.Forbidden, "authz.fresh") // prove again who you are
	ErrPIN       = fault.New(fault.Forbidden, "authz.pin")   // not on a shared phone
)

// Role is what a person is in the membership they act under.
type Role string

// The roles of the security guide.
const (
	Guest       Role = "guest"       // nobody signed in; in a shop, a buyer
	Person      Role = "person"      // signed in, acting under no membership
	Owner       Role = "owner"       // everything of one business
	Staff       Role = "staff"       // of one business, what was ticked
	Courier     Role = "courier"     // own parcels of one business
	Office      Role = "office"      // an officer; regions and ticked permissions
	Facilitator Role = "facilitator" // businesses assigned to them
	Analyst     Role = "analyst"     // data sets granted
	Admin       Role = "admin"       // the installation; no business's orders or customers
	Machine     Role = "machine"     // a job of ours
)

// Perm is a permission ticked for a member of staff or of the office.
type Perm string

// Permissions of shop staff, and of the office.
const (
	PermCatalogue Perm = "catalogue"
	PermOrders    Perm = "orders"
	PermStock     Perm = "stock"
	PermCustomers Perm = "customers"
	PermMoney     Perm = "money"

	PermRegistry Perm = "registry" // see the businesses of the regions
	PermHide     Perm = "hide"     // hide a shop, answer appeals
	PermRecover  Perm = "recover"  // hand over sign-in links, prove phones
	PermTexts    Perm = "texts"    // terms and privacy notice
)

// StaffPerms and OfficePerms are the lists that forms show, in order.
var (
	StaffPerms  = []Perm{PermOrders, PermCatalogue, PermStock, PermCustomers, PermMoney}
	OfficePerms = []Perm{PermRegistry, PermHide, PermRecover, PermTexts}
)

// Verb is something a person does to a kind of object.
type Verb string

// Verbs. Public and SignedIn need no membership.
const (
	Public   Verb = "public"    // anybody
	SignedIn Verb = "signed_in" // any person

	UseKey  Verb = "key.use" // whatever a key allows: ask what it is
	BuyHere Verb = "buy"     // place and follow an order as a guest of a shop

	SeeToday       Verb = "today.see"
	SeeOrders      Verb = "orders.see"
	PlaceOrders    Verb = "orders.place"
	MoveOrders     Verb = "orders.move" // accept, pack, hand over, note
	EditOrders     Verb = "orders.edit"
	CancelOrders   Verb = "orders.cancel"
	TakePayments   Verb = "payments.take" // confirm money that came
	RefundPayments Verb = "payments.refund"
	SeeMoney       Verb = "money.see" // takings, totals, who holds cash
	SeeParcels     Verb = "parcels.see"
	Deliver        Verb = "parcels.deliver"
	TakeCash       Verb = "cash.take"     // receive money from the door out of a courier's hands
	ImportOrders   Verb = "orders.import" // take in what was sold elsewhere
	ExportOrders   Verb = "orders.export" // as a file, with buyers' data; needs fresh proof

	SeeProducts  Verb = "products.see"
	EditProducts Verb = "products.edit"
	SeeStock     Verb = "stock.see"
	MoveStock    Verb = "stock.move"
	ApproveCount Verb = "stock.approve"

	SeeCustomers    Verb = "customers.see"
	EditCustomers   Verb = "customers.edit"
	ExportCustomers Verb = "customers.export" // all of them, as a file; needs fresh proof

	EditShop     Verb = "shop.edit"
	EditVouchers Verb = "vouchers.edit"
	RuleParcels  Verb = "parcels.rule" // when a code is asked for, how much cash a courier may hold
	EditPayout   Verb = "payout.edit"  // bank account and QRIS; needs fresh proof
	ManageStaff  Verb = "staff.manage"
	SeeAudit     Verb = "audit.see"
	EndShop      Verb = "shop.end"    // hand over or close; needs fresh proof
	TakeShop     Verb = "shop.take"   // carry the whole shop away as a file; needs fresh proof
	ManageKeys   Verb = "keys.manage" // keys by which programs act for the shop; needs fresh proof

	SeeRegistry   Verb = "registry.see"
	HideShops     Verb = "shops.hide"
	RecoverPeople Verb = "people.recover"
	EditTexts     Verb = "texts.edit"

	RunInstallation Verb = "installation.run" // admin's pages
)

// always lists what a role may do without any tick.
var always = map[Role][]Verb{
	Guest:   {BuyHere},
	Person:  {SignedIn, BuyHere},
	Courier: {SignedIn, BuyHere, Deliver},
	Staff:   {SignedIn, BuyHere, SeeToday},
	Owner: {
		SignedIn, BuyHere, SeeToday, SeeOrders, PlaceOrders, MoveOrders, EditOrders, CancelOrders, TakePayments,
		RefundPayments, SeeMoney, SeeParcels, Deliver, TakeCash, SeeProducts, EditProducts, SeeStock, MoveStock, ApproveCount, SeeCustomers, EditCustomers, ExportCustomers,
		EditShop, EditVouchers, RuleParcels, EditPayout, ManageStaff, SeeAudit, EndShop, TakeShop, ManageKeys,
		ImportOrders, ExportOrders,
	},
	Office:      {SignedIn, BuyHere},
	Facilitator: {SignedIn, BuyHere},
	Analyst:     {SignedIn, BuyHere},
	Admin:       {SignedIn, BuyHere, RunInstallation, RecoverPeople, EditTexts},
}

// ticked lists what each permission adds, to Staff and Office.
var ticked = map[Perm][]Verb{
	PermOrders:    {SeeOrders, PlaceOrders, MoveOrders, EditOrders, CancelOrders, SeeProducts, SeeParcels, Deliver, TakeCash},
	PermCatalogue: {SeeProducts, EditProducts},
	PermStock:     {SeeProducts, SeeStock, MoveStock},
	PermCustomers: {SeeCustomers, EditCustomers},
	PermMoney:     {SeeOrders, SeeParcels, TakePayments, RefundPayments, SeeMoney, TakeCash},
	PermRegistry:  {SeeRegistry},
	PermHide:      {SeeRegistry, HideShops},
	PermRecover:   {RecoverPeople},
	PermTexts:     {EditTexts},
}

// fresh lists the verbs that need a proof of identity at most FreshFor old.
var fresh = []Verb{ExportCustomers, EditPayout, ManageStaff, EndShop, TakeShop, ManageKeys, ExportOrders, RunInstallation}

// FreshFor is how long a proof of identity counts for the verbs that need one.
const FreshFor = 10 * time.Minute

// notByPIN lists what a person signed in by PIN on a shared phone may not do.
var notByPIN = []Verb{RuleParcels, EditPayout, ManageStaff, EndShop, TakeShop, ManageKeys, RefundPayments, SeeAudit, EditShop}

// Scope is who acts, under which one membership, and for which business.
type Scope struct {
	Actor      id.ID // account; zero for guests and machines
	Membership id.ID
	Business   id.ID // zero when no business is concerned
	Role       Role
	Perms      []Perm
	Regions    []string // office: region codes, each including what lies below
	OnBehalf   id.ID    // account for whom the actor acts
	ByPIN      bool     // signed in by PIN on a shared phone
	Token      id.ID    // the key by which a program acts for the actor; zero: the actor in person
	Only       []Verb   // with Token: of what the membership allows, this and nothing else
	ProvenAt   time.Time
	Now        time.Time // when the request came
	Request    string    // the request's id, for audit and log
}

// Visitor is a guest in a shop, or anywhere when business is zero.
func Visitor(business id.ID) Scope { return Scope{Role: Guest, Business: business} }

// Job is one of our own jobs, acting for a business or, when zero, for the installation.
func Job(business id.ID) Scope { return Scope{Role: Machine, Business: business} }

// Can returns nil if the scope allows v, else the fault that says why not.
func (sc Scope) Can(v Verb) error {
	if v == Public || sc.Role == Machine {
		return nil
	}
	if !sc.allows(v) {
		if sc.Role == Guest || sc.Role == "" {
			return ErrSignIn
		}
		return ErrForbidden
	}
	if sc.ByPIN && slices.Contains(notByPIN, v) {
		return ErrPIN
	}
	if slices.Contains(fresh, v) && sc.Now.Sub(sc.ProvenAt) > FreshFor {
		return ErrFresh
	}
	return nil
}

// Fresh returns nil if the person proved who they are at most FreshFor ago.
func (sc Scope) Fresh() error {
	switch {
	case sc.ByPIN:
		return ErrPIN
	case sc.Now.Sub(sc.ProvenAt) > FreshFor:
		return ErrFresh
	}
	return nil
}

// May reports whether Can allows v, leaving aside that a fresh proof may be
// asked for: pages use it to show what a person could do.
func (sc Scope) May(v Verb) bool {
	return v == Public || sc.Role == Machine || sc.allows(v) && (!sc.ByPIN || !slices.Contains(notByPIN, v))
}

func (sc Scope) allows(v Verb) bool {
	if v == UseKey {
		return !sc.Token.IsZero()
	}
	if !sc.Token.IsZero() && !slices.Contains(sc.Only, v) {
		return false
	}
	if slices.Contains(always[sc.Role], v) {
		return true
	}
	if sc.Role != Staff && sc.Role != Office {
		return false
	}
	for _, p := range sc.Perms {
		if known(sc.Role, p) && slices.Contains(ticked[p], v) {
			return true
		}
	}
	return false
}

func known(r Role, p Perm) bool {
	if r == Staff {
		return slices.Contains(StaffPerms, p)
	}
	return slices.Contains(OfficePerms, p)
}

// NeedsFresh reports whether v asks for a proof at most FreshFor old.
func NeedsFresh(v Verb) bool { return slices.Contains(fresh, v) }

// Covers reports whether the region code lies in one of the scope's regions.
// Codes are compared by whole segments: 32.04 does not cover 32.041.
func (sc Scope) Covers(code string) bool {
	for _, r := range sc.Regions {
		if code == r || strings.HasPrefix(code, r+".") {
			return true
		}
	}
	return false
}
