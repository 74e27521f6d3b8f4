package order

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/order/orderdb"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// Edit is what the shop changes of an order before it is handed over. What was
// ordered keeps its price; what is new has today's.
type Edit struct {
	Lines    []stock.Want
	Shipping *int64  // nil: as it was
	Note     *string // the buyer's note, as it is now; nil: as it was
}

func (e Edit) validate(f *fault.Fields) {
	f.Check(len(e.Lines) > 0, "lines", "order.empty")
	f.Check(len(e.Lines) <= MaxLines, "lines", "order.many_lines", MaxLines)
	seen := map[id.ID]bool{}
	for i, w := range e.Lines {
		field := fmt.Sprintf("lines.%d", i)
		f.Check(!w.Variant.IsZero() && !seen[w.Variant], field, "form.stale")
		f.Check(w.Quantity > 0 && w.Quantity <= stock.MaxQuantity, field, "form.between", 1, stock.MaxQuantity)
		seen[w.Variant] = true
	}
	f.Check(e.Shipping == nil || *e.Shipping >= 0 && *e.Shipping <= money.Max, "shipping", "money.too_large")
	f.Check(e.Note == nil || utf8.RuneCountInString(*e.Note) <= MaxNote, "note", "form.too_long", MaxNote)
}

// Preview tells what an order would be after an edit, and changes nothing. A
// unique code is left as it is.
func (s *Service) Preview(ctx context.Context, sc authz.Scope, order id.ID, e Edit) (before, after Order, err error) {
	if err := sc.Can(authz.EditOrders); err != nil {
		return Order{}, Order{}, err
	}
	var f fault.Fields
	if e.validate(&f); f.Err() != nil {
		return Order{}, Order{}, f.Err()
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if before, err = s.load(ctx, tx, sc, order); err != nil {
			return err
		}
		if r, _ := ruleOf(ActEdit); !r.open(before) {
			return ErrState
		}
		after, err = s.reckon(ctx, tx, sc, before, e)
		return err
	})
	return before, after, err
}

// reckon is the order as it is after the edit.
func (s *Service) reckon(ctx context.Context, tx *store.Tx, sc authz.Scope, o Order, e Edit) (Order, error) {
	old := map[id.ID]Line{}
	for _, l := range o.Lines {
		old[l.Variant] = l
	}
	var fresh []id.ID
	for _, w := range e.Lines {
		if _, had := old[w.Variant]; !had {
			fresh = append(fresh, w.Variant)
		}
	}
	offers, err := s.Goods.Offers(ctx, tx, sc, fresh)
	if err != nil {
		return Order{}, err
	}
	n := o
	n.Lines, n.Goods, n.Pieces, n.WeightGrams, n.ReadyDays = nil, 0, 0, 0, 0
	for _, w := range e.Lines {
		l, had := old[w.Variant]
		if !had {
			c := judge(Draft{Channel: Chat}, w, offers, nil)
			if c.Product.IsZero() || offers[w.Variant].State == catalog.Archived {
				return Order{}, ErrGone.With(c.Full())
			}
			l = c.Line
		}
		l.Quantity = w.Quantity
		sum, err := money.Mul(l.Price, l.Quantity)
		if err != nil {
			return Order{}, err
		}
		if n.Goods, err = money.Add(n.Goods, sum); err != nil {
			return Order{}, err
		}
		n.Lines = append(n.Lines, l)
		n.Pieces += l.Quantity
		n.WeightGrams += l.WeightGrams * l.Quantity
		n.ReadyDays = max(n.ReadyDays, l.ReadyDays)
	}
	if n.Goods > money.Max {
		return Order{}, money.ErrTooLarge
	}
	n.Brief = brief(n.Lines)
	if e.Shipping != nil {
		n.Shipping = *e.Shipping
	}
	if e.Note != nil {
		n.Note = catalog.CleanText(*e.Note)
	}
	same := n.Goods == o.Goods && n.Shipping == o.Shipping && sameWants(o.Lines, n.Lines)
	if o.Voucher != "" && !same { // what the shop changed of its vouchers and fees since then changes no order by itself
		if n.Discount, err = s.discountAgain(ctx, tx, sc, n); err != nil {
			return Order{}, err
		}
	}
	n.Discount = min(n.Discount, n.Goods+n.Shipping)
	if n.PayBy == payment.COD && !same {
		settings, err := s.Payments.Settings(ctx, tx, sc)
		if err != nil {
			return Order{}, err
		}
		if n.CODFee, err = settings.Fee(payment.COD, n.Goods-n.Discount+n.Shipping); err != nil {
			return Order{}, err
		}
	}
	n.Total = n.Goods - n.Discount + n.Shipping + n.CODFee + n.Code
	return n, nil
}

func (st *step) edit(ctx context.Context) error {
	s, tx, sc, old := st.s, st.tx, st.sc, *st.o
	n, err := s.reckon(ctx, tx, sc, old, *st.m.Edit)
	if err != nil {
		return err
	}
	if !sameWants(old.Lines, n.Lines) {
		if err := st.restock(ctx, n); err != nil {
			return err
		}
	}
	if old.Code > 0 && old.Paid == 0 && n.Total != old.Total {
		// The amount that the buyer is to transfer changes, so it gets a code of its own.
		if err := s.Payments.FreeCode(ctx, tx, sc, old.ID); err != nil {
			return err
		}
		base := n.Total - n.Code
		if n.Code = 0; base > 0 {
			if n.Code, err = s.Payments.TakeCode(ctx, tx, sc, old.ID, base); err != nil {
				return err
			}
		}
		n.Total = base + n.Code
	}
	change := Order{
		Goods: n.Goods - old.Goods, Discount: n.Discount - old.Discount, Shipping: n.Shipping - old.Shipping,
		CODFee: n.CODFee - old.CODFee, Code: n.Code - old.Code, Total: n.Total - old.Total,
	}
	if err := s.Books.Post(ctx, tx, sc, ledger.Entry{
		Key: "order/" + old.ID.String() + "/edit/" + st.m.ID.String(), Kind: "order.edited", Order: old.ID, Lines: charge(change, 1),
	}); err != nil {
		return err
	}
	if n.Discount != old.Discount {
		if err := s.Vouchers.Amend(ctx, tx, sc, old.ID, n.Discount); err != nil {
			return err
		}
	}
	st.diff["total"] = audit.Change{From: old.Total, To: n.Total}
	st.e.Amount = n.Total - old.Total
	*st.o = n
	if n.Due() <= 0 { // nothing is waited for any more
		return st.settled(ctx)
	}
	return nil
}

// restock lets go what the order held and holds what it needs now.
func (st *step) restock(ctx context.Context, n Order) error {
	s, tx, sc := st.s, st.tx, st.sc
	if err := s.Stock.Release(ctx, tx, sc, n.ID); err != nil {
		return err
	}
	wants := make([]stock.Want, len(n.Lines))
	for i, l := range n.Lines {
		wants[i] = stock.Want{Variant: l.Variant, Quantity: l.Quantity}
	}
	if err := s.Stock.Reserve(ctx, tx, sc, n.ID, wants); err != nil {
		return err
	}
	if n.HoldUntil != nil {
		if err := s.Stock.HoldUntil(ctx, tx, sc, n.ID, n.HoldUntil); err != nil {
			return err
		}
	}
	if err := s.q.DeleteLines(ctx, tx, orderdb.DeleteLinesParams{BusinessID: sc.Business, OrderID: n.ID}); err != nil {
		return fmt.Errorf("delete lines: %w", err)
	}
	return s.insertLines(ctx, tx, sc, n)
}

func sameWants(a, b []Line) bool {
	return slices.EqualFunc(a, b, func(x, y Line) bool { return x.Variant == y.Variant && x.Quantity == y.Quantity })
}
