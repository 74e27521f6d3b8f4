package authz

import (
	"errors"
	"testing"
	"time"

	"lapak/internal/id"
)

var now = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

func scope(r Role, perms ...Perm) Scope {
	return Scope{Actor: id.New(), Role: r, Perms: perms, Business: id.New(), Now: now, ProvenAt: now}
}

func TestCan(t *testing.T) {
	old := scope(Owner)
	old.ProvenAt = now.Add(-FreshFor - time.Second)
	edge := scope(Owner)
	edge.ProvenAt = now.Add(-FreshFor)
	pin := scope(Staff, PermOrders, PermMoney)
	pin.ByPIN = true
	for name, c := range map[string]struct {
		sc   Scope
		v    Verb
		want error
	}{
		"anybody sees what is public":        {Visitor(id.ID{}), Public, nil},
		"a guest buys":                       {Visitor(id.New()), BuyHere, nil},
		"a guest must sign in":               {Visitor(id.New()), SeeOrders, ErrSignIn},
		"the zero scope may nothing":         {Scope{}, BuyHere, ErrSignIn},
		"a person without membership":        {scope(Person), SeeOrders, ErrForbidden},
		"an owner sees orders":               {scope(Owner), SeeOrders, nil},
		"an owner is no admin":               {scope(Owner), RunInstallation, ErrForbidden},
		"an admin sees no orders":            {scope(Admin), SeeOrders, ErrForbidden},
		"an officer sees no customers":       {scope(Office, OfficePerms...), SeeCustomers, ErrForbidden},
		"office cannot tick shop permission": {scope(Office, PermOrders), SeeOrders, ErrForbidden},
		"staff cannot tick office's":         {scope(Staff, PermHide), HideShops, ErrForbidden},
		"staff without ticks":                {scope(Staff), SeeOrders, ErrForbidden},
		"staff with orders":                  {scope(Staff, PermOrders), MoveOrders, nil},
		"staff with orders sees no takings":  {scope(Staff, PermOrders), SeeMoney, ErrForbidden},
		"staff with all ticks manages none":  {scope(Staff, StaffPerms...), ManageStaff, ErrForbidden},
		"no refund by PIN":                   {pin, RefundPayments, ErrPIN},
		"payment by PIN":                     {pin, TakePayments, nil},
		"payout with an old proof":           {old, EditPayout, ErrFresh},
		"payout at the edge":                 {edge, EditPayout, nil},
		"a courier delivers":                 {scope(Courier), Deliver, nil},
		"a courier sees no customers":        {scope(Courier), SeeCustomers, ErrForbidden},
		"a job does its work":                {Job(id.New()), MoveStock, nil},
	} {
		if err := c.sc.Can(c.v); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: Can(%s) = %v, want %v", name, c.v, err, c.want)
		}
	}
	if !old.May(EditPayout) {
		t.Error("May leaves freshness aside")
	}
}

func TestCoversWholeSegments(t *testing.T) {
	sc := Scope{Regions: []string{"32.04", "32.73"}}
	for code, want := range map[string]bool{"32.04": true, "32.04.01.2001": true, "32.041": false, "32": false, "32.7": false, "32.73.01": true, "": false} {
		if got := sc.Covers(code); got != want {
			t.Errorf("Covers(%q) = %v, want %v", code, got, want)
		}
	}
}
