// Package api is what programs need to act for a shop: keys that an owner
// makes, which may do a part of what their maker may, and answers that are kept
// so that a write sent again is done once. What is done, the other slices do.
package api

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
)

// Faults of keys and of answers kept.
var (
	ErrNotFound  = fault.New(fault.NotFound, "api.not_found")
	ErrKey       = fault.New(fault.Unauthenticated, "api.key")    // wrong, ended or revoked: a stranger cannot tell which
	ErrMany      = fault.New(fault.Conflict, "api.many")          // {0} keys are enough
	ErrTwice     = fault.New(fault.Conflict, "api.twice")         // the form made its key already, and its secret was shown
	ErrNoKey     = fault.New(fault.Invalid, "api.no_idempotency") // a write without Idempotency-Key
	ErrOtherBody = fault.New(fault.Invalid, "api.other_body")     // the Idempotency-Key came with another body
	ErrInFlight  = fault.New(fault.Conflict, "api.in_flight")     // the first of its kind is still being worked on
	ErrErased    = fault.New(fault.Conflict, "api.erased")        // the answer was about somebody who was erased since
)

// Grant is a part of what a shop's owner may do, that a key can be given.
type Grant string

// The grants. What writes also reads.
const (
	ProductsRead   Grant = "products:read"
	ProductsWrite  Grant = "products:write"
	StockRead      Grant = "stock:read"
	StockWrite     Grant = "stock:write"
	OrdersRead     Grant = "orders:read"
	OrdersWrite    Grant = "orders:write"
	PaymentsWrite  Grant = "payments:write"
	ParcelsRead    Grant = "parcels:read"
	ParcelsWrite   Grant = "parcels:write"
	CustomersRead  Grant = "customers:read"
	CustomersWrite Grant = "customers:write"
	SettingsWrite  Grant = "settings:write"
)

// Grants lists them in the order of the page.
var Grants = []Grant{ProductsRead, ProductsWrite, StockRead, StockWrite, OrdersRead, OrdersWrite, PaymentsWrite, ParcelsRead, ParcelsWrite, CustomersRead, CustomersWrite, SettingsWrite}

var verbs = map[Grant][]authz.Verb{
	ProductsRead:   {authz.SeeProducts},
	ProductsWrite:  {authz.SeeProducts, authz.EditProducts},
	StockRead:      {authz.SeeStock},
	StockWrite:     {authz.SeeStock, authz.MoveStock},
	OrdersRead:     {authz.SeeOrders},
	OrdersWrite:    {authz.SeeOrders, authz.PlaceOrders, authz.MoveOrders, authz.EditOrders, authz.CancelOrders, authz.Deliver},
	PaymentsWrite:  {authz.SeeOrders, authz.TakePayments, authz.RefundPayments},
	ParcelsRead:    {authz.SeeParcels},
	ParcelsWrite:   {authz.SeeParcels, authz.MoveOrders, authz.Deliver},
	CustomersRead:  {authz.SeeCustomers},
	CustomersWrite: {authz.SeeCustomers, authz.EditCustomers},
	SettingsWrite:  {authz.SeeParcels, authz.RuleParcels},
}

// Verbs lists what the grants allow together.
func Verbs(grants []Grant) []authz.Verb {
	var list []authz.Verb
	for _, g := range grants {
		for _, v := range verbs[g] {
			if !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
	}
	return list
}

// GrantsFor lists the grants that allow a verb.
func GrantsFor(v authz.Verb) []Grant {
	return slices.DeleteFunc(slices.Clone(Grants), func(g Grant) bool { return !slices.Contains(verbs[g], v) })
}

// Limits of keys. Lives lists for how many days one may be made.
const (
	MaxName   = 60
	MaxTokens = 20
)

// Lives lists for how many days a key may be made.
var Lives = []int64{30, 90, 365}

// mark begins every secret, so that one that leaked is known for what it is.
const mark = "lapak_"

// begins is how many letters of the secret the owner knows the key by.
const begins = len(mark) + 6

// Token is a key as its owner sees it: without its secret.
type Token struct {
	ID        id.ID
	Name      string
	Begins    string
	Grants    []Grant
	Person    id.ID // who made it
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
	UsedAt    *time.Time
}

// Lives reports whether the key opens anything at now.
func (t Token) Lives(now time.Time) bool { return t.RevokedAt == nil && now.Before(t.ExpiresAt) }

// Draft is a key as it was filled in. Its ID is made with the form.
type Draft struct {
	ID     id.ID
	Name   string
	Grants []Grant
	Days   int64
}

// Validate reports every field that is wrong.
func (d Draft) Validate() error {
	var f fault.Fields
	f.Check(!d.ID.IsZero(), "id", "form.stale")
	f.Check(strings.TrimSpace(d.Name) != "", "name", "form.required")
	f.Check(utf8.RuneCountInString(d.Name) <= MaxName, "name", "form.too_long", MaxName)
	f.Check(len(d.Grants) > 0, "grants", "api.no_grant")
	for _, g := range d.Grants {
		f.Check(slices.Contains(Grants, g), "grants", "form.choose")
	}
	f.Check(slices.Contains(Lives, d.Days), "days", "form.choose")
	return f.Err()
}

func joined(grants []Grant) string {
	var list []string
	for _, g := range Grants { // in order, each once
		if slices.Contains(grants, g) {
			list = append(list, string(g))
		}
	}
	return strings.Join(list, ",")
}

func split(s string) []Grant {
	var list []Grant
	for g := range strings.SplitSeq(s, ",") {
		if slices.Contains(Grants, Grant(g)) {
			list = append(list, Grant(g))
		}
	}
	return list
}
