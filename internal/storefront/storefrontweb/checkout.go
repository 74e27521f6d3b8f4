package storefrontweb

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/region"
	"lapak/internal/stock"
	"lapak/internal/storefront"
	"lapak/internal/ui"
	"lapak/internal/web"
)

type checkoutView struct {
	page     ui.Page
	slug     string
	shop     string
	draft    order.Draft
	fault    *fault.Error
	changes  []changeView
	state    stateView
	takes    bool
	lines    []lineView
	ways     []optionView
	pays     []optionView
	now      time.Time
	windows  []optionView // when it can be brought
	window   string       // the one that is chosen
	gone     bool         // the hours that were chosen are not offered any more
	held     string       // what the quote promises, and until when
	until    string
	delivers bool
	where    string         // the place as typed or chosen
	asked    string         // what choices answer, or what settled was chosen from
	settled  string         // the place chosen among several
	choices  []region.Place // to choose from, when several may be meant
	sums     []sumView
	total    int64
	known    bool // the total holds: way and place are chosen

	voucher, voucherKind string // what the voucher does, or why it does nothing
}

// changeView tells what is not as it was when the buyer last looked.
type changeView struct{ Head, Note string }

type lineView struct {
	Variant, Title, Photo, Note string
	Price, Quantity, Most, Sum  int64
}

type optionView struct {
	Value, Label, Price, Note, Icon string
	When                            string // it is promised to come
	Chosen, Off                     bool
}

type sumView struct {
	Label, Value string
	Last         bool
}

func (p *pages) checkout(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	d := order.Draft{ID: id.New(), Channel: order.Web, Lines: wants(p.cart(r, v))}
	return p.showCheckout(w, r, v, http.StatusOK, checkoutView{draft: d})
}

// quote counts anew with what is filled in, and shows the same form again.
func (p *pages) quote(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	c := readCheckout(r)
	p.keepCart(w, v, cartOf(c.draft.Lines))
	return p.showCheckout(w, r, v, http.StatusOK, c)
}

// back leads whoever comes to the address of quote by a link to the form.
func (p *pages) back(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	return web.SeeOther(w, r, path(v.slug)+"/pesan")
}

// place takes the order and goes to its page, or shows the form again, as it
// was filled in, with what is wrong or has changed.
func (p *pages) place(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.enter(w, r)
	if done || err != nil {
		return err
	}
	c := readCheckout(r)
	o, err := p.front.Place(r.Context(), v.sc, c.draft)
	if err == nil {
		p.keepCart(w, v, storefront.Cart{})
		return web.SeeOther(w, r, "/o/"+p.front.Link(o))
	}
	f := fault.Of(err)
	if !f.HasKind(fault.Invalid, fault.Conflict, fault.TooMany) {
		return err
	}
	status := http.StatusConflict
	ctx := r.Context()
	switch {
	case errors.Is(err, order.ErrChanged):
		q, _ := order.Changed(err)
		c.changes = append(c.changes, changeView{
			t(ctx, "storefront.changed", money.String(c.draft.SeenTotal), money.String(q.Total)), t(ctx, "storefront.changed_hint"),
		})
	case errors.Is(err, stock.ErrShort), errors.Is(err, order.ErrGone):
		if err := p.mend(ctx, v, &c); err != nil {
			return err
		}
	case errors.Is(err, order.ErrWindow): // the form says so, with the hours that are left
	case errors.Is(err, order.ErrOtherBody):
		c.draft.ID = id.New()
		c.changes = append(c.changes, changeView{t(ctx, "storefront.twice"), t(ctx, "storefront.twice_hint")})
	case isClosed(err): // the page says so, and when the shop opens
	default:
		c.fault = named(f)
		if f.HasKind(fault.Invalid) {
			status = http.StatusUnprocessableEntity
		}
	}
	p.keepCart(w, v, cartOf(c.draft.Lines))
	return p.showCheckout(w, r, v, status, c)
}

// named puts faults where the form shows them.
func named(f *fault.Error) *fault.Error {
	if len(f.Fields) == 0 {
		return f
	}
	out := *f
	out.Fields = map[string]*fault.Error{}
	for name, e := range f.Fields {
		switch {
		case name == "village":
			name = "tempat"
		case name == "name" && e.Key == "form.required":
			e = fault.New(fault.Invalid, "storefront.name_required")
		case strings.HasPrefix(name, "lines."):
			name += ".quantity"
		}
		out.Fields[name] = e
	}
	return &out
}

func isClosed(err error) bool {
	for _, e := range []error{business.ErrClosed, business.ErrClosedFor, business.ErrPaused} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// mend takes out what is not sold any more and lowers what there is less of,
// and says so: the buyer agrees by pressing once more.
func (p *pages) mend(ctx context.Context, v visit, c *checkoutView) error {
	q, err := p.front.Quote(ctx, v.sc, c.draft)
	if err != nil {
		return err
	}
	c.draft.Lines = nil
	for _, l := range q.Lines {
		n := l.Quantity
		switch {
		case errors.Is(asError(l.Problem), order.ErrGone):
			n = 0
			head := t(ctx, "storefront.gone_some")
			if l.Title != "" {
				head = t(ctx, "storefront.gone", l.Full())
			}
			c.changes = append(c.changes, changeView{Head: head})
		case errors.Is(asError(l.Problem), stock.ErrShort):
			n = l.Left
			if n < max(l.Min, 1) {
				n = 0
				c.changes = append(c.changes, changeView{Head: t(ctx, "storefront.short_none", l.Full())})
				break
			}
			c.changes = append(c.changes, changeView{t(ctx, "storefront.short", l.Full(), n), t(ctx, "storefront.short_hint")})
		}
		if n > 0 {
			c.draft.Lines = append(c.draft.Lines, stock.Want{Variant: l.Variant, Quantity: n})
		}
	}
	return nil
}

// asError keeps a nil fault a nil error.
func asError(f *fault.Error) error {
	if f == nil {
		return nil
	}
	return f
}

// readCheckout reads the form as it came.
func readCheckout(r *http.Request) checkoutView {
	c := checkoutView{draft: order.Draft{
		ID: web.FormID(r, "id"), Channel: order.Web, Lines: lines(r), Name: r.FormValue("name"), Phone: r.FormValue("phone"),
		Village: r.FormValue("village"), Street: r.FormValue("street"), Landmark: r.FormValue("landmark"),
		PayBy: payment.Method(r.FormValue("pay")), Note: r.FormValue("note"), Voucher: r.FormValue("voucher"),
		Consent: r.FormValue("consent") != "", SeenTotal: web.Int(r, "seen"), Held: r.FormValue("held"), Window: window(r.FormValue("jam")),
	}}
	c.draft.Way, c.draft.Carrier, c.draft.Service = order.ReadWay(r.FormValue("way"))
	if c.draft.ID.IsZero() {
		c.draft.ID = id.New()
	}
	c.findPlace(strings.TrimSpace(cut(r.FormValue("tempat"), 100)), r.FormValue("asked"), r.FormValue("pilih"))
	return c
}

// findPlace settles which place is meant: the one that script put into the
// form, the one chosen among several for the same words, or what the words
// alone lead to. Several that may be meant become choices.
func (c *checkoutView) findPlace(typed, asked, picked string) {
	if place, ok := region.Get(c.draft.Village); ok && (typed == "" || typed == place.Label()) {
		c.where = place.Label()
		return
	}
	c.draft.Village = ""
	if c.where = typed; typed == "" {
		return
	}
	c.asked = typed
	if place, ok := region.Get(picked); ok && typed == asked {
		c.draft.Village, c.settled = place.Code, place.Label()
		return
	}
	found := region.Search(typed, 8, region.Village, region.District)
	if len(found) == 1 || len(found) > 0 && typed == found[0].Label() {
		c.draft.Village, c.settled = found[0].Code, found[0].Label()
		return
	}
	c.choices = found
}

func (p *pages) showCheckout(w http.ResponseWriter, r *http.Request, v visit, status int, c checkoutView) error {
	ctx := r.Context()
	b, err := p.front.Business(ctx, v.sc)
	if err != nil {
		return err
	}
	now := p.front.Now()
	st := b.Stand(now)
	c.now = now
	c.slug, c.shop, c.takes, c.state = b.Slug, b.Name, st.Takes, stateOf(ctx, b, st, now)
	c.page = ui.Page{
		Title: t(ctx, "storefront.checkout"), Plain: true, Back: b.Path(), Dye: string(b.Dye), Robots: "noindex", Scripts: []string{"region"},
	}
	w.Header().Set("Cache-Control", "no-store")
	if len(c.draft.Lines) == 0 {
		return web.Render(w, r, status, checkoutPage(c))
	}
	q, err := p.front.Quote(ctx, v.sc, c.draft)
	if err != nil {
		return err
	}
	if changed := c.fillIn(ctx, q); changed {
		if q, err = p.front.Quote(ctx, v.sc, c.draft); err != nil {
			return err
		}
	}
	c.show(ctx, q, b)
	return web.Render(w, r, status, checkoutPage(c))
}

// fillIn chooses for the buyer what was not chosen yet or does not fit any
// more, and reports whether that may change the sums.
func (c *checkoutView) fillIn(ctx context.Context, q order.Quote) bool {
	changed := false
	c.delivers = q.Delivers
	if q.WindowProblem != nil { // the first hours that are left take their place, and the buyer is told
		c.draft.Window, c.gone, changed = window(""), true, true
		c.changes = append(c.changes, changeView{t(ctx, "storefront.window_gone"), t(ctx, "storefront.window_gone_hint")})
	}
	if c.fillWay(q) {
		changed = true
	}
	fits := func(m payment.Method) bool {
		return !(m == payment.COD && c.draft.Way == order.Pickup) && !(m == payment.Cash && c.draft.Way.Brought())
	}
	if c.draft.PayBy != "" && fits(c.draft.PayBy) && slices.ContainsFunc(q.Pays, func(o order.PayChoice) bool { return o.Method == c.draft.PayBy }) { // one that does not fit now is shown with its reason
		return changed
	}
	// Cash needs no further step of the buyer; where it costs something, or is
	// not taken, the shop's first way stands.
	was := c.draft.PayBy
	c.draft.PayBy = ""
	for _, o := range q.Pays {
		if o.Problem != nil || !fits(o.Method) {
			continue
		}
		if cash := !o.Method.Ahead() && o.Fee == 0; c.draft.PayBy == "" || cash {
			c.draft.PayBy = o.Method
		}
	}
	return changed || c.draft.PayBy != was
}

func (c *checkoutView) show(ctx context.Context, q order.Quote, b business.Business) {
	for _, l := range q.Lines {
		line := lineView{
			Variant: l.Variant.String(), Title: l.Full(), Price: l.Price, Quantity: l.Quantity, Sum: l.Sum(), Most: storefront.MaxQuantity,
		}
		if line.Title == "" {
			line.Title = t(ctx, "storefront.gone_line")
		}
		if !l.Cover.IsZero() {
			line.Photo = l.Cover.Path(320)
		}
		if l.Max > 0 {
			line.Most = l.Max
		}
		if l.Tracked {
			line.Most = min(line.Most, max(l.Left, l.Quantity))
		}
		if l.Problem != nil {
			line.Note = i18n.Fault(ctx, l.Problem)
		}
		c.lines = append(c.lines, line)
	}
	c.total = q.Total
	c.known = c.draft.Way == order.Pickup || c.draft.Way.Brought() && c.draft.Village != "" && q.WayProblem == nil && !q.ShippingUnknown
	c.showWays(ctx, q, b)
	c.showHold(ctx, q, b)
	for _, o := range q.Pays {
		c.pays = append(c.pays, payOption(ctx, o, c.draft.PayBy, q))
	}
	c.showSums(ctx, q)
}

func (c *checkoutView) showWays(ctx context.Context, q order.Quote, b business.Business) {
	found := map[order.Way]order.WayChoice{}
	for _, o := range q.Ways {
		found[o.Way] = o
	}
	if q.Brings() || c.delivers && !q.Carries {
		o := optionView{Value: string(order.Own), Label: t(ctx, "storefront.way_own"), Chosen: c.draft.Way == order.Own}
		own, ok := found[order.Own]
		if len(own.Windows) > 0 {
			first := own.Windows[0]
			if q.Window != nil && c.draft.Way == order.Own {
				first = *q.Window
			}
			o.When = c.hours(ctx, first, b)
		}
		switch {
		case c.draft.Village == "":
			if o.Note = t(ctx, "storefront.way_own_later"); own.Fee > 0 {
				o.Price = t(ctx, "storefront.at_least", money.String(own.Fee))
			}
		case ok:
			o.Price, o.Note = price(ctx, own.Fee), own.Note
		case q.WayProblem != nil && c.draft.Way == order.Own:
			o.Note = i18n.Fault(ctx, q.WayProblem)
		default:
			o.Note = t(ctx, "storefront.way_no")
		}
		c.ways = append(c.ways, o)
	}
	c.showCarriers(ctx, q)
	if pick, ok := found[order.Pickup]; ok {
		note := pick.Note
		if note == "" {
			note = where(b.Street, b.Landmark, b.Town())
		}
		c.ways = append(c.ways, optionView{
			Value: string(order.Pickup), Label: t(ctx, "storefront.way_pickup"), Price: price(ctx, pick.Fee), Note: note,
			Chosen: c.draft.Way == order.Pickup,
		})
	}
}

func price(ctx context.Context, n int64) string {
	if n == 0 {
		return t(ctx, "storefront.free")
	}
	return money.String(n)
}

func payOption(ctx context.Context, o order.PayChoice, chosen payment.Method, q order.Quote) optionView {
	v := optionView{Value: string(o.Method), Chosen: o.Method == chosen}
	switch o.Method {
	case payment.QRIS:
		v.Label, v.Note, v.Icon = t(ctx, "storefront.pay_qris"), t(ctx, "storefront.pay_qris_note"), "qr-code"
	case payment.Transfer:
		v.Label, v.Note, v.Icon = t(ctx, "storefront.pay_transfer"), t(ctx, "storefront.pay_transfer_note"), "landmark"
	case payment.COD:
		v.Label, v.Note, v.Icon = t(ctx, "storefront.pay_cod"), t(ctx, "storefront.pay_cod_note"), "hand-coins"
	default:
		v.Label, v.Note, v.Icon = t(ctx, "storefront.pay_cash"), t(ctx, "storefront.pay_cash_note"), "banknote"
	}
	if o.Fee > 0 {
		v.Price = "+" + money.String(o.Fee)
	}
	if o.Problem != nil {
		v.Off, v.Note = true, i18n.Fault(ctx, o.Problem)
	}
	return v
}

func (c *checkoutView) showSums(ctx context.Context, q order.Quote) {
	add := func(key string, n int64, args ...any) {
		c.sums = append(c.sums, sumView{Label: t(ctx, key, args...), Value: money.String(n)})
	}
	add("storefront.sum_goods", q.Goods)
	switch {
	case c.draft.Way.Brought() && !c.known && q.Shipping > 0:
		c.sums = append(c.sums, sumView{Label: t(ctx, "storefront.sum_shipping"), Value: t(ctx, "storefront.at_least", money.String(q.Shipping))})
	case c.draft.Way.Brought() && !c.known:
		c.sums = append(c.sums, sumView{Label: t(ctx, "storefront.sum_shipping"), Value: t(ctx, "storefront.sum_later")})
	case c.draft.Way.Brought():
		c.sums = append(c.sums, sumView{Label: t(ctx, "storefront.sum_shipping"), Value: price(ctx, q.Shipping)})
	}
	if q.CODFee > 0 {
		add("storefront.sum_cod", q.CODFee)
	}
	if q.Discount > 0 {
		add("storefront.sum_discount", -q.Discount, strings.ToUpper(c.draft.Voucher))
	}
	switch {
	case c.draft.Voucher != "" && q.Voucher != nil:
		c.voucher, c.voucherKind = i18n.Fault(ctx, q.Voucher), "is-bad"
	case q.Discount > 0:
		c.voucher, c.voucherKind = t(ctx, "storefront.voucher_on", money.String(q.Discount)), "is-ok"
	}
	if q.Codes {
		c.sums = append(c.sums, sumView{Label: t(ctx, "storefront.sum_code"), Value: t(ctx, "storefront.sum_code_later")})
	}
	total := money.String(q.Total)
	if !c.known {
		total = t(ctx, "storefront.at_least", total)
	}
	c.sums = append(c.sums, sumView{Label: t(ctx, "storefront.sum_total"), Value: total, Last: true})
}

func (c checkoutView) button(ctx context.Context) string {
	if !c.known {
		return t(ctx, "storefront.place_order_first")
	}
	return t(ctx, "storefront.place_order", money.String(c.total))
}
