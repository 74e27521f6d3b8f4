package order

import (
	"context"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/payment"
)

// takeRest takes the money that comes with the goods: all that is due, unless
// the person says another sum.
func (st *step) takeRest(ctx context.Context, usual payment.Method, holder id.ID) error {
	due, amount := st.o.Due(), st.m.Amount
	if due <= 0 {
		return nil
	}
	if !st.m.Received {
		if !collected(st.o.PayBy) {
			return nil
		}
		amount = due
	}
	if amount > due {
		return ErrTooMuch.With(money.String(due)).On("amount")
	}
	if amount == 0 {
		return nil
	}
	method := st.m.Method
	if !method.Valid() || st.sc.Role == authz.Courier { // what a courier takes is in their hands
		method = usual
	}
	return st.receive(ctx, method, amount, holder)
}

// receive notes money that came. If all but the unique code came the code is
// dropped: nobody pays it in cash, and who left it out of a transfer has been
// told apart all the same.
func (st *step) receive(ctx context.Context, method payment.Method, amount int64, holder id.ID) error {
	o := st.o
	if amount > o.Due() {
		return ErrTooMuch.With(money.String(o.Due())).On("amount")
	}
	p := payment.Payment{ID: id.At(st.tx.Now), Order: o.ID, Method: method, Amount: amount, Holder: holder, Note: ""}
	if _, err := st.s.Payments.Note(ctx, st.tx, st.sc, p, 0); err != nil {
		return err
	}
	o.Paid += amount
	st.e.Amount, st.e.Method = amount, method
	if o.Code > 0 && o.Due() == o.Code {
		if err := st.s.Books.Post(ctx, st.tx, st.sc, ledger.Entry{
			Key: "order/" + o.ID.String() + "/code", Kind: "order.code_dropped", Order: o.ID,
			Lines: []ledger.Line{{Account: ledger.Receivable, Amount: -o.Code}, {Account: ledger.UniqueCode, Amount: o.Code}},
		}); err != nil {
			return err
		}
		o.Total, o.Code = o.Total-o.Code, 0
	}
	return st.settled(ctx)
}

// settled ends the wait for money: stock is held until hand-over, and the
// amount may be given to another invoice.
func (st *step) settled(ctx context.Context) error {
	o := st.o
	if o.HoldUntil != nil {
		o.HoldUntil = nil
		if err := st.s.Stock.HoldUntil(ctx, st.tx, st.sc, o.ID, nil); err != nil {
			return err
		}
	}
	if o.Due() > 0 {
		return nil
	}
	o.ClaimedAt = nil
	if o.PayBy == payment.Transfer {
		return st.s.Payments.FreeCode(ctx, st.tx, st.sc, o.ID)
	}
	return nil
}

func (st *step) pay(ctx context.Context) error {
	holder := id.ID{}
	if st.m.Method == payment.COD {
		if err := st.brings(ctx); err != nil {
			return err
		}
		holder = st.m.Courier
		if !st.m.Holder.IsZero() {
			holder = st.m.Holder
		}
	}
	return st.receive(ctx, st.m.Method, st.m.Amount, holder)
}

func (st *step) refund(ctx context.Context) error {
	o, amount := st.o, st.m.Amount
	if most := o.Paid - o.Refunded; amount > most {
		return ErrTooMuch.With(money.String(most)).On("amount")
	}
	// What the buyer had paid too much is theirs; the rest the shop gives up.
	allowed := amount - min(amount, max(0, -o.Due()))
	if allowed > 0 && o.State == Done && !o.Customer.IsZero() {
		if err := st.s.Customers.Spent(ctx, st.tx, st.sc, o.Customer, -allowed); err != nil {
			return err
		}
	}
	method := st.m.Method
	if method == payment.COD {
		method = payment.Cash
	}
	p := payment.Payment{ID: id.At(st.tx.Now), Order: o.ID, Method: method, Amount: -amount}
	if _, err := st.s.Payments.Note(ctx, st.tx, st.sc, p, allowed); err != nil {
		return err
	}
	o.Refunded, o.Allowance = o.Refunded+amount, o.Allowance+allowed
	st.e.Amount, st.e.Method = -amount, method
	return nil
}

func (st *step) claim(ctx context.Context) error {
	st.o.ClaimedAt = &st.tx.Now
	if st.o.HoldUntil != nil { // the goods wait while the shop looks for the money
		st.o.HoldUntil = nil
		if err := st.s.Stock.HoldUntil(ctx, st.tx, st.sc, st.o.ID, nil); err != nil {
			return err
		}
	}
	return st.picture(ctx)
}

// unclaim sends the buyer back to paying, with as much time as at first.
func (st *step) unclaim(ctx context.Context) error {
	o := st.o
	o.ClaimedAt = nil
	if o.Paid > 0 || !slices.Contains([]State{Placed, Accepted, Packed}, o.State) {
		return nil
	}
	settings, err := st.s.Payments.Settings(ctx, st.tx, st.sc)
	if err != nil {
		return err
	}
	hold := settings.Hold(o.PayBy)
	if hold == 0 {
		return nil
	}
	until := st.tx.Now.Add(hold)
	o.HoldUntil = &until
	if err := st.s.Stock.HoldUntil(ctx, st.tx, st.sc, o.ID, &until); err != nil {
		return err
	}
	return st.s.expireAt(ctx, st.tx, st.sc, *o)
}

// holder is who has the money that was taken at the door.
func (st *step) holder(ctx context.Context) (id.ID, error) {
	if !st.m.Holder.IsZero() {
		return st.m.Holder, nil
	}
	if st.s.Holder != nil {
		if who, err := st.s.Holder(ctx, st.tx, st.sc, *st.o); err != nil || !who.IsZero() {
			return who, err
		}
	}
	return st.o.Courier, nil
}
