package order

import (
	"context"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/catalog"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/voucher"
)

// QuoteLine is a line with what the form needs to know about it.
type QuoteLine struct {
	Line
	Slug    string
	Cover   catalog.Photo
	Was     int64
	Min     int64
	Max     int64        // zero: no limit
	Left    int64        // free now; meant only if Tracked
	Problem *fault.Error // gone, short, below the least, above the most
}

// WayChoice is a way to get the goods.
type WayChoice struct {
	Way     Way
	Fee     int64
	Note    string            // the shop's word about it
	Unknown bool              // the fee is known once the village is; Fee is then the least it can be
	Windows []delivery.Window // when it can come, the earliest first; empty if the shop promises no time
	Rate    Rate              // of Way Carrier: whose it is
}

// PayChoice is a way to pay.
type PayChoice struct {
	Method  payment.Method
	Fee     int64        // for paying at the door, once the way is chosen
	Problem *fault.Error // why it is shown but cannot be chosen
}

// Quote is what an order would cost now. It never refuses what the buyer can
// still mend: each problem stands where it belongs.
type Quote struct {
	Lines    []QuoteLine
	Ways     []WayChoice
	Pays     []PayChoice
	Goods    int64
	Discount int64
	Shipping int64
	// ShippingUnknown says that Shipping is the least it can be until the village is known.
	ShippingUnknown bool
	CODFee          int64
	Total           int64 // a unique code is added when the order is placed
	WeightGrams     int64
	Volume          int64 // cubic centimetres, of what has a size
	Pieces          int64
	ReadyDays       int64
	Delivers        bool // the shop brings goods at all, wherever to
	Carries         bool // carriers bring for the shop; their ways stand in Ways once the village is known and one has answered
	Codes           bool // a few rupiah will be added to tell transfers apart
	Hold            time.Duration
	Closed          *fault.Error // the shop takes no orders now
	WayProblem      *fault.Error // nothing is brought there
	Voucher         *fault.Error // the voucher does not count
	Problems        int          // of lines

	// Window is when it is promised to come; nil if the shop promises no time.
	Window        *delivery.Window
	WindowProblem *fault.Error // the hours of the draft are not offered any more; Window is then the first that are
	// Held is what this quote promises until HeldUntil: a draft that carries it
	// gets the same fee and hours, though the shop changes its tariff. Empty if
	// the fee is not known yet.
	Held      string
	HeldUntil time.Time

	discount voucher.Discount
	settings payment.Settings
}

// First is the first problem that keeps the order from being placed, or nil.
func (q Quote) First() error {
	if q.Closed != nil {
		return q.Closed
	}
	var shorts []stock.Short
	for _, l := range q.Lines {
		if l.Problem == nil {
			continue
		}
		if list := stock.Shorts(l.Problem); len(list) > 0 {
			shorts = append(shorts, list...)
			continue
		}
		return l.Problem
	}
	if len(shorts) > 0 {
		return stock.ErrShort.With(shorts[0].Title, shorts[0].Left, shorts)
	}
	if q.WayProblem != nil {
		return q.WayProblem.On("way")
	}
	if q.WindowProblem != nil {
		return q.WindowProblem
	}
	if q.Voucher != nil {
		return q.Voucher.On("voucher")
	}
	return nil
}

// Changed returns the new quote that comes with ErrChanged.
func Changed(err error) (Quote, bool) {
	f := fault.Of(err)
	if f == nil || f.Key != ErrChanged.Key || len(f.Args) != 2 {
		return Quote{}, false
	}
	q, ok := f.Args[1].(Quote)
	return q, ok
}

// Quote tells what a draft would cost now, and what of it cannot be had. The
// draft need not be complete.
func (s *Service) Quote(ctx context.Context, sc authz.Scope, d Draft) (Quote, error) {
	if err := mayPlace(sc, d); err != nil {
		return Quote{}, err
	}
	if err := d.lines().Err(); err != nil {
		return Quote{}, err
	}
	d = d.clean()
	offer, err := s.carried(ctx, sc, d)
	if err != nil {
		return Quote{}, err
	}
	var q Quote
	err = s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		q, err = s.quote(ctx, tx, sc, d, offer)
		return err
	})
	return q, err
}

func mayPlace(sc authz.Scope, d Draft) error {
	if d.Channel == Web {
		return sc.Can(authz.BuyHere)
	}
	return sc.Can(authz.PlaceOrders)
}

func (s *Service) quote(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, offer carried) (Quote, error) {
	var q Quote
	shop, err := s.Shops.Kept(ctx, tx, sc)
	if err != nil {
		return q, err
	}
	if d.Channel == Web {
		if q.Closed, err = problem(business.Open(shop, tx.Now)); err != nil {
			return q, err
		}
	}
	if err := s.quoteLines(ctx, tx, sc, d, &q); err != nil {
		return q, err
	}
	if err := s.quoteWay(ctx, tx, sc, d, offer, &q); err != nil {
		return q, err
	}
	if d.Voucher != "" {
		q.discount, err = s.apply(ctx, tx, sc, d, q.Goods, q.Shipping)
		if q.Voucher, err = problem(err); err != nil {
			return q, err
		}
		q.Discount = min(q.discount.Amount, q.Goods+q.Shipping)
	}
	if q.settings, err = s.Payments.Kept(ctx, tx, sc); err != nil {
		return q, err
	}
	return q, q.pay(d)
}

// problem splits what the buyer can mend from what nobody expected.
func problem(err error) (*fault.Error, error) {
	if err == nil {
		return nil, nil
	}
	if f := fault.Of(err); f != nil {
		return f, nil
	}
	return nil, err
}

func (s *Service) quoteLines(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, q *Quote) error {
	variants := make([]id.ID, len(d.Lines))
	for i, w := range d.Lines {
		variants[i] = w.Variant
	}
	offers, err := s.Goods.Offers(ctx, tx, sc, variants)
	if err != nil {
		return err
	}
	levels, err := s.Stock.Levels(ctx, tx, sc, variants)
	if err != nil {
		return err
	}
	for _, w := range d.Lines {
		l := judge(d, w, offers, levels)
		q.Lines = append(q.Lines, l)
		if l.Problem != nil {
			q.Problems++
		}
		if l.Product.IsZero() {
			continue
		}
		sum, err := money.Mul(l.Price, l.Quantity)
		if err != nil {
			return err
		}
		if q.Goods, err = money.Add(q.Goods, sum); err != nil {
			return err
		}
		q.Pieces += l.Quantity
		q.WeightGrams += l.WeightGrams * l.Quantity
		q.Volume += offers[w.Variant].Volume * l.Quantity
		q.ReadyDays = max(q.ReadyDays, l.ReadyDays)
	}
	if q.Goods > money.Max {
		return money.ErrTooLarge
	}
	return nil
}

// judge makes a line of a want and says what is wrong with it.
func judge(d Draft, w stock.Want, offers map[id.ID]catalog.Offer, levels map[id.ID]stock.Level) QuoteLine {
	o, ok := offers[w.Variant]
	if !ok {
		return QuoteLine{Line: Line{Variant: w.Variant, Quantity: w.Quantity}, Problem: ErrGone.With("")}
	}
	l := QuoteLine{
		Line: Line{
			Product: o.Product, Variant: o.Variant, Title: o.Title, VariantName: o.VariantName, SKU: o.SKU, Unit: o.Unit, Photo: o.Photo.ID,
			Price: o.Price, Quantity: w.Quantity, WeightGrams: o.WeightGrams, ReadyDays: o.MadeToOrderDays, Tracked: o.Tracked,
		},
		Slug: o.Slug, Cover: o.Photo, Was: o.WasPrice, Min: o.Min, Max: o.Max, Left: levels[w.Variant].Free(),
	}
	web := d.Channel == Web
	switch {
	case o.State == catalog.Archived, web && o.State != catalog.Published:
		l.Problem = ErrGone.With(o.Name())
	case web && w.Quantity < o.Min:
		l.Problem = ErrMin.With(o.Name(), o.Min)
	case web && o.Max > 0 && w.Quantity > o.Max:
		l.Problem = ErrMax.With(o.Name(), o.Max)
	case o.Tracked && w.Quantity > l.Left:
		l.Problem = stock.ErrShort.With(o.Name(), l.Left, []stock.Short{{Variant: w.Variant, Title: o.Name(), Wanted: w.Quantity, Left: l.Left}})
	}
	return l
}

func (s *Service) quoteWay(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft, offer carried, q *Quote) error {
	if d.Channel == Counter {
		q.Ways = []WayChoice{{Way: Pickup}}
		return nil
	}
	load := q.load()
	ways, err := s.ways(ctx, tx, sc, d, load)
	refused, err := problem(err)
	if err != nil {
		return err
	}
	q.Ways = ways
	q.add(offer)
	if refused, err = s.hold(ctx, tx, sc, d, load, q, refused); err != nil {
		return err
	}
	// The shop that refuses one place brings goods to others.
	q.Delivers = refused != nil || q.Carries
	for _, w := range q.Ways {
		q.Delivers = q.Delivers || w.Way.Brought()
	}
	for _, w := range q.Ways {
		if w.is(d) {
			q.Shipping, q.ShippingUnknown = w.Fee, w.Unknown
			q.choose(d, w.Windows)
			return nil
		}
	}
	if d.Way == "" {
		return nil
	}
	switch {
	case d.Way == Carrier && d.Carrier == "" && d.Channel == Web: // which one is chosen once their prices are known
		q.ShippingUnknown = true
	case d.Way == Carrier && d.Village == "": // nobody has been asked yet
		q.ShippingUnknown = true
	case d.Way == Carrier && (q.Carries || d.Carrier != ""):
		q.WayProblem = ErrCarrier.With(carrier.Title(d.Carrier, d.Service))
	case refused != nil:
		q.WayProblem = refused
	default:
		q.WayProblem = ErrWay
	}
	return nil
}

// pay lists the ways to pay that fit, and sums up.
func (q *Quote) pay(d Draft) error {
	base := q.Goods - q.Discount + q.Shipping
	for _, m := range payment.Methods {
		if m == payment.COD && d.Way == Pickup || m == payment.Cash && d.Way.Brought() {
			continue
		}
		// The shop may note any way for an order that it enters itself.
		if !q.settings.Takes(m) && d.Channel == Web {
			continue
		}
		fee, err := q.settings.Fee(m, base)
		if err != nil {
			return err
		}
		c := PayChoice{Method: m, Fee: fee}
		if m == payment.COD && q.settings.CODMax > 0 && base+fee > q.settings.CODMax {
			c.Problem = payment.ErrCODMax.With(money.String(q.settings.CODMax))
		}
		if m == payment.COD && d.Way == Carrier && !q.takesCOD(d) {
			c.Problem = ErrNoCOD.With(carrier.Title(d.Carrier, d.Service))
		}
		if m == payment.QRIS && base > payment.MaxQRISAmount {
			c.Problem = payment.ErrQRISMax.With(money.String(payment.MaxQRISAmount))
		}
		q.Pays = append(q.Pays, c)
		if m == d.PayBy {
			q.CODFee = fee
		}
	}
	q.Total = base + q.CODFee
	if d.Channel != Counter {
		q.Hold = q.settings.Hold(d.PayBy)
		q.Codes = d.PayBy == payment.Transfer && q.settings.Codes && q.Total > 0
	}
	return nil
}

// payProblem says why the chosen way to pay does not do.
func (q *Quote) payProblem(m payment.Method) error {
	for _, c := range q.Pays {
		if c.Method == m {
			if c.Problem != nil {
				return c.Problem.On("pay")
			}
			return nil
		}
	}
	return payment.ErrNotTaken.On("pay")
}

// brief names an order in a list: its first thing and how many more.
func brief(lines []Line) string {
	if len(lines) == 0 {
		return ""
	}
	if len(lines) == 1 {
		return lines[0].Full()
	}
	return fmt.Sprintf("%s +%d", lines[0].Full(), len(lines)-1)
}
