package apiweb

import (
	"errors"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/stock"
	"lapak/internal/storefront"
	"lapak/internal/web"
)

// Faults of parameters and fields.
var (
	errPlace = fault.New(fault.Invalid, "api.place")
	errTrade = fault.New(fault.Invalid, "api.trade")
	// errSearch: looking for orders by name or phone tells whether somebody ordered.
	errSearch  = fault.New(fault.Forbidden, "api.search")
	errChannel = fault.New(fault.Invalid, "api.channel") // web is what buyers place
)

const (
	sampleQuote = `{"lines": [{"variant": "VARIANT", "quantity": 2}], "way": "own", "village": "VILLAGE", "pay": "cod"}`
	sampleOrder = `{"lines": [{"variant": "VARIANT", "quantity": 2}], "name": "Rina Sari", "phone": "081234567890", "way": "own", "village": "VILLAGE", "street": "Jl. Raya 12", "pay": "cod", "seen_total": TOTAL}`
)

// Want is a quantity of a variant.
type Want struct {
	Variant  id.ID `json:"variant" doc:"Id of the variant."`
	Quantity int64 `json:"quantity" minimum:"1" maximum:"1000000"`
}

func wants(list []Want) []stock.Want {
	out := make([]stock.Want, len(list))
	for i, w := range list {
		out[i] = stock.Want{Variant: w.Variant, Quantity: w.Quantity}
	}
	return out
}

// QuoteDraft is what an order would be; it need not be complete.
type QuoteDraft struct {
	Lines   []Want `json:"lines" minItems:"1" maxItems:"50"`
	Way     string `json:"way,omitempty" enum:"pickup,own,carrier" doc:"How it reaches the buyer: fetched, brought by the shop, or by a carrier: then carrier and service say by whom."`
	Village string `json:"village,omitempty" doc:"Where it goes: a code of findPlaces." example:"32.11.01.2001"`
	Pay     string `json:"pay,omitempty" enum:"qris,transfer,cod,cash"`
	Voucher string `json:"voucher,omitempty" maxLength:"30"`
	Phone   string `json:"phone,omitempty" maxLength:"30" doc:"Counts uses of a voucher by buyer."`

	Window *time.Time `json:"window,omitempty" doc:"When the chosen hours begin: one of the windows. Missing: the first that are free."`
	Held   string     `json:"held,omitempty" maxLength:"2000" doc:"What an earlier quote gave as held."`

	Carrier string `json:"carrier,omitempty" maxLength:"20" doc:"With way = carrier: which, of the quote's ways." example:"jne"`
	Service string `json:"service,omitempty" maxLength:"20" doc:"With way = carrier: its service, of the quote's ways." example:"reg"`
}

// OrderDraft is an order as a buyer fills it in.
type OrderDraft struct {
	Lines     []Want `json:"lines" minItems:"1" maxItems:"50"`
	Name      string `json:"name" minLength:"1" maxLength:"60" example:"Rina Sari"`
	Phone     string `json:"phone" minLength:"1" maxLength:"30" doc:"As people write it, or E.164." example:"081234567890"`
	Way       string `json:"way" enum:"pickup,own,carrier" doc:"How it reaches the buyer: fetched, brought by the shop, or by a carrier: then carrier and service say by whom."`
	Village   string `json:"village,omitempty" doc:"Where it is brought: a code of findPlaces." example:"32.11.01.2001"`
	Street    string `json:"street,omitempty" maxLength:"200" example:"Jl. Raya 12"`
	Landmark  string `json:"landmark,omitempty" maxLength:"120" example:"Depan masjid"`
	Pay       string `json:"pay" enum:"qris,transfer,cod,cash"`
	Note      string `json:"note,omitempty" maxLength:"500"`
	Voucher   string `json:"voucher,omitempty" maxLength:"30"`
	Consent   bool   `json:"consent,omitempty" doc:"Whether the buyer agreed to be written to about offers. Ask apart; never assume."`
	SeenTotal int64  `json:"seen_total" minimum:"0" doc:"The total that the buyer saw: that of a quote. Another one is refused with the new total."`

	Window *time.Time `json:"window,omitempty" doc:"When the chosen hours begin: one of the quote's windows. Missing: the first that are free."`
	Held   string     `json:"held,omitempty" maxLength:"2000" doc:"What quote gave as held: until held_until its fees and hours are kept to."`

	Carrier string `json:"carrier,omitempty" maxLength:"20" doc:"With way = carrier: which, of the quote's ways." example:"jne"`
	Service string `json:"service,omitempty" maxLength:"20" doc:"With way = carrier: its service, of the quote's ways." example:"reg"`
}

// Said is a problem with a line, or with something else that can be mended.
type Said struct {
	Code   string `json:"code" example:"stock.short"`
	Detail string `json:"detail"`
}

func (c *call) said(f *fault.Error) *Said {
	if f == nil {
		return nil
	}
	return &Said{f.Key, i18n.Fault(c.ctx, f)}
}

// QuoteLine is a line with what it costs now.
type QuoteLine struct {
	Variant  id.ID  `json:"variant"`
	Title    string `json:"title" doc:"With the variant's name."`
	Price    int64  `json:"price"`
	Quantity int64  `json:"quantity"`
	Sum      int64  `json:"sum"`
	Problem  *Said  `json:"problem,omitempty" doc:"Why it cannot be had like this."`
}

// WayChoice is a way in which it can reach the buyer.
type WayChoice struct {
	Way     string `json:"way" enum:"pickup,own,carrier"`
	Fee     int64  `json:"fee"`
	AtLeast bool   `json:"at_least" doc:"The fee is the least it can be until the village is known."`
	Note    string `json:"note"`

	Carrier string `json:"carrier,omitempty" doc:"With way = carrier: who brings it. The carriers that answered in time stand here." example:"jne"`
	Service string `json:"service,omitempty" example:"reg"`
	Title   string `json:"title,omitempty" doc:"What people call carrier and service." example:"JNE REG"`
	Takes   string `json:"takes,omitempty" doc:"How long it takes, in words; missing if the carrier does not say."`
	COD     bool   `json:"cod,omitempty" doc:"With way = carrier: it takes money at the door."`

	Windows []Window `json:"windows" doc:"Hours in which it can be brought, the earliest first; empty if the shop promises no time."`
}

// Window is when something is promised to come.
type Window struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// PayChoice is a way to pay.
type PayChoice struct {
	Pay     string `json:"pay" enum:"qris,transfer,cod,cash"`
	Fee     int64  `json:"fee"`
	Problem *Said  `json:"problem,omitempty"`
}

// Quote is what an order would cost now.
type Quote struct {
	Lines    []QuoteLine `json:"lines"`
	Ways     []WayChoice `json:"ways" doc:"How it can reach the buyer."`
	Pays     []PayChoice `json:"pays" doc:"How it can be paid."`
	Goods    int64       `json:"goods"`
	Discount int64       `json:"discount"`
	Shipping int64       `json:"shipping"`
	AtLeast  bool        `json:"at_least" doc:"The total is the least it can be until the village is known."`
	CODFee   int64       `json:"cod_fee"`
	Total    int64       `json:"total" doc:"What placeOrder takes as seen_total. With pay = transfer a few rupiah may be added, by which the shop tells transfers apart."`
	Problem  *Said       `json:"problem,omitempty" doc:"The first thing that keeps the order from being placed."`

	Window    *Window    `json:"window,omitempty" doc:"When it is promised to come; missing if no time is."`
	Held      string     `json:"held,omitempty" doc:"Send it with the next quote and with placeOrder: the fee and the hours hold, though the shop changes its tariff. There once way and village are known."`
	HeldUntil *time.Time `json:"held_until,omitempty" doc:"Until when they hold."`
}

type quoteIn struct {
	Slug string `path:"slug" doc:"The shop's name in addresses." example:"dapur-bu-euis"`
	Body QuoteDraft
}

func (c *call) quote(in quoteIn) (Quote, error) {
	shop, _, err := c.Front.Find(c.ctx, in.Slug)
	if err != nil {
		return Quote{}, err
	}
	sc := authz.Visitor(shop)
	if _, err := c.Front.Business(c.ctx, sc); err != nil { // hidden
		return Quote{}, err
	}
	b := in.Body
	q, err := c.Front.Quote(c.ctx, sc, order.Draft{
		ID: id.New(), Channel: order.Web, Lines: wants(b.Lines), Way: order.Way(b.Way), Village: b.Village, PayBy: payment.Method(b.Pay), Voucher: b.Voucher,
		Phone: b.Phone, Window: moment(b.Window), Held: b.Held, Carrier: b.Carrier, Service: b.Service,
	})
	if err != nil {
		return Quote{}, inLines(err)
	}
	return c.quoted(q), nil
}

// moment is a time that may be missing.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// inLines points at the field of a line that a fault of the line is about.
func inLines(err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	names := map[string]string{}
	for name, e := range f.Fields {
		if i, ok := strings.CutPrefix(name, "lines."); ok && !strings.Contains(i, ".") {
			names[name] = name + ".quantity"
			if e.Key == "form.stale" {
				names[name] = name + ".variant"
			}
		}
	}
	return renamed(err, names)
}

func (c *call) quoted(q order.Quote) Quote {
	out := Quote{
		Lines: []QuoteLine{}, Ways: []WayChoice{}, Pays: []PayChoice{}, Goods: q.Goods, Discount: q.Discount, Shipping: q.Shipping,
		AtLeast: q.ShippingUnknown, CODFee: q.CODFee, Total: q.Total, Problem: c.said(first(q)),
	}
	for _, l := range q.Lines {
		out.Lines = append(out.Lines, QuoteLine{l.Variant, l.Full(), l.Price, l.Quantity, l.Sum(), c.said(l.Problem)})
	}
	for _, w := range q.Ways {
		one := WayChoice{Way: string(w.Way), Fee: w.Fee, AtLeast: w.Unknown, Note: w.Note, Windows: []Window{}}
		if w.Way == order.Carrier {
			one.Carrier, one.Service, one.Title, one.Takes, one.COD = w.Rate.Carrier, w.Rate.Service, w.Rate.Title(), w.Rate.Span(c.ctx), w.Rate.COD
		}
		for _, h := range w.Windows {
			one.Windows = append(one.Windows, Window(h))
		}
		out.Ways = append(out.Ways, one)
	}
	if q.Window != nil {
		w := Window(*q.Window)
		out.Window = &w
	}
	if out.Held = q.Held; out.Held != "" {
		out.HeldUntil = &q.HeldUntil
	}
	for _, m := range q.Pays {
		out.Pays = append(out.Pays, PayChoice{string(m.Method), m.Fee, c.said(m.Problem)})
	}
	return out
}

// first is the first problem of a quote, out of the form it stands in.
func first(q order.Quote) *fault.Error {
	f := fault.Of(q.First())
	if f != nil {
		for _, e := range f.Fields {
			return e
		}
	}
	return f
}

type placeIn struct {
	Slug string `path:"slug" doc:"The shop's name in addresses." example:"dapur-bu-euis"`
	Body OrderDraft
}

func (c *call) place(in placeIn) (Placed, error) {
	if _, err := c.Front.Business(c.ctx, c.sc); err != nil { // hidden
		return Placed{}, err
	}
	b := in.Body
	o, err := c.Front.Place(c.ctx, c.sc, order.Draft{
		ID: id.New(), Channel: order.Web, Lines: wants(b.Lines), Name: b.Name, Phone: b.Phone, Way: order.Way(b.Way), Village: b.Village, Street: b.Street,
		Landmark: b.Landmark, PayBy: payment.Method(b.Pay), Note: b.Note, Voucher: b.Voucher, Consent: b.Consent, SeenTotal: b.SeenTotal,
		Window: moment(b.Window), Held: b.Held, Carrier: b.Carrier, Service: b.Service,
	})
	if err != nil {
		return Placed{}, c.refused(err)
	}
	token := c.Front.Link(o)
	fo, err := c.Front.Follow(c.ctx, token)
	if err != nil {
		return Placed{}, err
	}
	c.location, c.customer = web.APIBase+"/orders/"+token, o.Customer
	return Placed{token, c.followed(fo, token)}, nil
}

// refused says to a program what it needs to go on.
func (c *call) refused(err error) error {
	if q, ok := order.Changed(err); ok {
		return web.WithContext(order.ErrChanged.With(fault.Of(err).Args[0]), map[string]any{"total": q.Total, "quote": c.quoted(q)})
	}
	if shorts := stock.Shorts(err); len(shorts) > 0 && errors.Is(err, stock.ErrShort) {
		list := make([]map[string]any, len(shorts))
		for i, s := range shorts {
			list[i] = map[string]any{"variant": s.Variant, "title": s.Title, "wanted": s.Wanted, "left": s.Left}
		}
		return web.WithContext(err, map[string]any{"short": list})
	}
	return inLines(err)
}

// Placed is an order that was placed, with the secret by which it is followed.
type Placed struct {
	Token string   `json:"token" doc:"Opens the order for whoever has it: keep it secret."`
	Order Followed `json:"order"`
}

// OrderLine is one thing ordered, as it was called and priced then.
type OrderLine struct {
	Product  id.ID  `json:"product"`
	Variant  id.ID  `json:"variant"`
	Title    string `json:"title" doc:"With the variant's name."`
	Price    int64  `json:"price"`
	Quantity int64  `json:"quantity"`
	Sum      int64  `json:"sum"`
	Photo    string `json:"photo,omitempty" format:"uri"`
}

// Sums are what an order costs, in whole rupiah.
type Sums struct {
	Goods     int64 `json:"goods"`
	Discount  int64 `json:"discount"`
	Shipping  int64 `json:"shipping"`
	CODFee    int64 `json:"cod_fee"`
	Code      int64 `json:"code" doc:"A few rupiah by which the shop tells transfers apart; part of total."`
	Allowance int64 `json:"allowance" doc:"Given back of what is owed, after a complaint."`
	Total     int64 `json:"total"`
	Paid      int64 `json:"paid"`
	Refunded  int64 `json:"refunded"`
	Due       int64 `json:"due" doc:"Still to be paid; below zero: to be given back."`
}

// BankAccount is one to transfer to.
type BankAccount struct {
	Bank   string `json:"bank"`
	Number string `json:"number"`
	Holder string `json:"holder"`
}

// Event is something that happened to an order.
type Event struct {
	Act string    `json:"act" example:"accept"`
	At  time.Time `json:"at"`
}

// Followed is an order as its buyer follows it. Of the person it shows what the
// page behind the link shows: first name, town, and a masked number.
type Followed struct {
	Number    string        `json:"number" doc:"As people say it." example:"LPK-0042"`
	State     string        `json:"state" enum:"placed,accepted,packed,sent,failed,done,returned,cancelled"`
	PayState  string        `json:"pay_state" enum:"unpaid,claimed,part,paid,over,refunded"`
	Way       string        `json:"way" enum:"pickup,own,carrier"`
	Carrier   string        `json:"carrier,omitempty" doc:"With way = carrier: who brings it." example:"JNE REG"`
	Pay       string        `json:"pay" enum:"qris,transfer,cod,cash"`
	Shop      string        `json:"shop" doc:"Slug of the shop."`
	ShopName  string        `json:"shop_name"`
	To        string        `json:"to" doc:"First name, and the town it is brought to."`
	Phone     string        `json:"phone" doc:"Masked."`
	Lines     []OrderLine   `json:"lines"`
	Sums      Sums          `json:"sums"`
	PayUntil  *time.Time    `json:"pay_until,omitempty" doc:"Unpaid by then, the order ends by itself."`
	Accounts  []BankAccount `json:"accounts,omitempty" doc:"Where to transfer what is due."`
	Courier   string        `json:"courier,omitempty" doc:"First name of who brings it, while it is on the way."`
	Receiver  string        `json:"receiver,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	ReadyDays int64         `json:"ready_days"`
	Promised  *Window       `json:"promised,omitempty" doc:"When it was promised to come; missing if no time was."`
	PlacedAt  time.Time     `json:"placed_at"`
	ChangedAt time.Time     `json:"changed_at"`
	Events    []Event       `json:"events" doc:"Oldest first."`
	URL       string        `json:"url" format:"uri" doc:"The order's page for people: pay, complain and cancel there."`
}

type followIn struct {
	Token string `path:"token" doc:"The secret that placeOrder gave." example:"aaaaaaaaaaaaaaaaaaaaaaaaaa"`
}

func (c *call) follow(in followIn) (Followed, error) {
	fo, err := c.Front.Follow(c.ctx, in.Token)
	if err != nil {
		return Followed{}, err
	}
	return c.followed(fo, in.Token), nil
}

func (c *call) followed(fo storefront.Followed, token string) Followed {
	o := fo.Order
	out := Followed{
		Number: o.Called(), State: string(o.State), PayState: string(o.PayState), Way: string(o.Way), Pay: string(o.PayBy), Shop: fo.Shop.Slug,
		ShopName: fo.Shop.Name, To: storefront.Veiled(o.Name), Phone: phone.Mask(o.Phone), Lines: c.lines(o), Sums: sums(o), Courier: fo.Courier,
		Receiver: storefront.Veiled(o.Receiver), Reason: o.Reason, ReadyDays: o.ReadyDays, PlacedAt: o.PlacedAt, ChangedAt: o.ChangedAt, Events: []Event{},
		URL: c.Base + "/o/" + token, Promised: promised(o),
	}
	if o.Way == order.Carrier {
		out.Carrier = carrier.Title(o.Carrier, o.Service)
	}
	if o.Way.Brought() && o.Place().Town() != "" {
		out.To = strings.TrimPrefix(out.To+", "+o.Place().Town(), ", ")
	}
	if o.HoldUntil != nil && o.ClaimedAt == nil && !o.State.Over() {
		out.PayUntil = o.HoldUntil
	}
	if o.PayBy == payment.Transfer && o.Due() > 0 && !o.State.Over() {
		for _, a := range fo.Ways.Accounts {
			out.Accounts = append(out.Accounts, BankAccount{a.BankName(), a.Number, a.Holder})
		}
	}
	for _, e := range fo.Events {
		out.Events = append(out.Events, Event{string(e.Act), e.At})
	}
	return out
}

// promised is when an order was promised to come, if a time was.
func promised(o order.Order) *Window {
	if o.PromisedFrom == nil || o.PromisedUntil == nil {
		return nil
	}
	return &Window{*o.PromisedFrom, *o.PromisedUntil}
}

func (c *call) lines(o order.Order) []OrderLine {
	out := make([]OrderLine, len(o.Lines))
	for i, l := range o.Lines {
		out[i] = OrderLine{Product: l.Product, Variant: l.Variant, Title: l.Full(), Price: l.Price, Quantity: l.Quantity, Sum: l.Sum()}
		if !l.Photo.IsZero() {
			out[i].Photo = c.Base + blob.Path(o.Business, l.Photo, 320)
		}
	}
	return out
}

func sums(o order.Order) Sums {
	return Sums{o.Goods, o.Discount, o.Shipping, o.CODFee, o.Code, o.Allowance, o.Total, o.Paid, o.Refunded, o.Due()}
}
