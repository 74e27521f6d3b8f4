// Package ledger keeps the money of each business by double entry. Entries are
// only added, the lines of each sum to zero, and each has a key of its own, so
// that what is booked twice is booked once.
package ledger

import (
	"cmp"
	"slices"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
)

// ErrOther is for a key that books something else already.
var ErrOther = fault.New(fault.Conflict, "ledger.other")

// Account is where money stands. What the shop has or is owed is above zero;
// what it earned is below.
type Account string

// The accounts; no other is booked to.
const (
	Receivable  Account = "receivable"   // owed by buyers; below zero: owed to them
	Cash        Account = "cash"         // in the till
	Bank        Account = "bank"         // transferred
	QRIS        Account = "qris"         // paid by QRIS
	CourierCash Account = "courier_cash" // collected at the door, by who holds it
	Sales       Account = "sales"        // goods
	Shipping    Account = "shipping"     // delivery fees
	CODFee      Account = "cod_fee"      // fees for paying at the door
	Discount    Account = "discount"     // given by voucher
	UniqueCode  Account = "unique_code"  // the few rupiah that tell transfers apart
	Refund      Account = "refund"       // given back for what was sold
	Rounding    Account = "rounding"     // dropped coins
	Difference  Account = "difference"   // missing, or too much, when cash was handed over
	Elsewhere   Account = "elsewhere"    // paid outside these books: to a marketplace, or before the books began
	BadDebt     Account = "bad_debt"     // owed by buyers and given up
	CarrierFee  Account = "carrier_fee"  // kept by carriers of what they took at the door
	CODOwed     Account = "cod_owed"     // taken at the door for another business, by whose it is
)

// Accounts lists all of them, in the order in which their balances are changed.
var Accounts = []Account{
	Receivable, Cash, Bank, QRIS, CourierCash, Sales, Shipping, CODFee, Discount, UniqueCode, Refund, Rounding, Difference, Elsewhere, BadDebt, CarrierFee, CODOwed,
}

// Line is an amount on an account. Holder says who has the money, where that matters.
type Line struct {
	Account Account
	Holder  id.ID
	Amount  int64
}

// Entry is one booking. Its key says what is booked: "order/<id>/placed".
type Entry struct {
	Key   string
	Kind  string
	Order id.ID
	Lines []Line
}

// check drops empty lines and reports a programming mistake as an error.
func (e Entry) check() ([]Line, error) {
	if e.Key == "" || e.Kind == "" {
		return nil, errNoKey
	}
	var sum int64
	var lines []Line
	for _, l := range e.Lines {
		if !slices.Contains(Accounts, l.Account) {
			return nil, errAccount
		}
		if l.Amount == 0 {
			continue
		}
		var err error
		if sum, err = money.Add(sum, l.Amount); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	if sum != 0 {
		return nil, errUnbalanced
	}
	// Balances are changed in one order everywhere, so that no two bookings
	// wait for each other. Buyers' debts come first: they are in nearly every
	// entry, so who books twice in a transaction holds off the others from the start.
	slices.SortStableFunc(lines, func(a, b Line) int {
		if c := cmp.Compare(rank(a.Account), rank(b.Account)); c != 0 {
			return c
		}
		return slices.Compare(a.Holder[:], b.Holder[:])
	})
	return lines, nil
}

func rank(a Account) int { return slices.Index(Accounts, a) }

// Balance is what stands on an account, by holder.
type Balance struct {
	Account Account
	Holder  id.ID
	Amount  int64
}
