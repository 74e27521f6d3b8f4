package orderweb

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/region"
	"lapak/internal/stock"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// newView is the form for an order that came by chat or stands at the counter,
// and for the change of one.
type newView struct {
	draft    order.Draft
	quote    order.Quote
	goods    []offer
	recent   []customer.Customer
	places   []region.Place // found for what was typed, without script
	place    string
	given    string // cash, as typed
	fault    *fault.Error
	changed  bool // the total is another than the one shown
	of       *order.Order
	shipping string
	after    *order.Order
}

// offer is a variant in the form.
type offer struct {
	variant  id.ID
	title    string
	price    int64
	left     int64
	tracked  bool
	favorite bool
}

const favorites = 8

// offers lists what the shop sells, what sells most first.
func (p pages) offers(ctx context.Context, sc authz.Scope) ([]offer, error) {
	page, err := p.Goods.List(ctx, sc, catalog.Find{State: catalog.Published, Limit: catalog.MaxPage})
	if err != nil {
		return nil, err
	}
	levels, err := p.Stock.Of(ctx, sc, page.Products...)
	if err != nil {
		return nil, err
	}
	sold, err := p.Orders.Favorites(ctx, sc)
	if err != nil {
		return nil, err
	}
	var list []offer
	for _, g := range page.Products {
		for _, v := range g.Variants {
			o := offer{variant: v.ID, title: g.Title, price: v.Price, tracked: v.Tracked}
			if v.Name != "" {
				o.title += ", " + v.Name
			}
			o.left = levels[v.ID].Free()
			list = append(list, o)
		}
	}
	rank := func(o offer) int64 { return sold[o.variant] }
	slices.SortStableFunc(list, func(a, b offer) int { return int(rank(b) - rank(a)) })
	for i := range list {
		list[i].favorite = i < favorites
	}
	return list, nil
}

func (p pages) add(w http.ResponseWriter, r *http.Request) error {
	d := order.Draft{ID: id.New(), Channel: order.Chat, Way: order.Own, PayBy: payment.COD}
	if r.URL.Query().Get("jenis") == "kasir" {
		d = order.Draft{ID: id.New(), Channel: order.Counter, Way: order.Pickup, PayBy: payment.Cash}
	}
	if n, err := phone.Parse(r.URL.Query().Get("hp")); err == nil {
		d.Phone = n.Local()
		if c, ok, err := p.Customers.ByPhone(r.Context(), web.Scope(r), n.E164()); err != nil {
			return err
		} else if ok {
			d.Name = c.Name
			if len(c.Addresses) > 0 {
				a := c.Addresses[0]
				d.Village, d.Street, d.Landmark = a.Village, a.Street, a.Landmark
			}
		}
	}
	return p.addAgain(w, r, http.StatusOK, newView{draft: d})
}

// reckon shows the form again with the sum of what was filled in.
func (p pages) reckon(w http.ResponseWriter, r *http.Request) error {
	v, err := readNew(r)
	if err != nil {
		return err
	}
	return p.addAgain(w, r, http.StatusOK, v)
}

func (p pages) addAgain(w http.ResponseWriter, r *http.Request, status int, v newView) error {
	ctx, sc := r.Context(), web.Scope(r)
	var err error
	if v.goods, err = p.offers(ctx, sc); err != nil {
		return err
	}
	if sc.May(authz.SeeCustomers) {
		if v.recent, err = p.Customers.Recent(ctx, sc, 6); err != nil {
			return err
		}
	}
	if len(v.draft.Lines) > 0 {
		if v.quote, err = p.Orders.Quote(ctx, sc, v.draft); err != nil && fault.Of(err) == nil {
			return err
		}
	}
	if v.place == "" && v.draft.Village != "" {
		if at, ok := region.Get(v.draft.Village); ok {
			v.place = at.Label()
		}
	}
	return web.Render(w, r, status, newPage(v))
}

// readNew reads the form as it came.
func readNew(r *http.Request) (newView, error) {
	if err := r.ParseForm(); err != nil {
		return newView{}, fault.New(fault.Invalid, "form.stale")
	}
	d := order.Draft{
		ID: web.FormID(r, "id"), Channel: order.Channel(r.PostForm.Get("channel")), Name: r.PostForm.Get("name"), Phone: strings.TrimSpace(r.PostForm.Get("phone")),
		Village: r.PostForm.Get("village"), Street: r.PostForm.Get("street"), Landmark: r.PostForm.Get("landmark"),
		PayBy: payment.Method(r.PostForm.Get("pay")), Note: r.PostForm.Get("note"), Voucher: strings.TrimSpace(r.PostForm.Get("voucher")),
		Consent: r.PostForm.Get("consent") == "on", Deferred: r.PostForm.Get("deferred") == "on", NoWindow: r.PostForm.Get("jam") == noWindow,
	}
	d.Way, d.Carrier, d.Service = order.ReadWay(r.PostForm.Get("way"))
	if n, err := strconv.ParseInt(r.PostForm.Get("jam"), 10, 64); err == nil && n > 0 {
		d.Window = time.Unix(n, 0)
	}
	if d.Channel != order.Counter {
		d.Channel = order.Chat
	} else {
		d.Way = order.Pickup
		if d.PayBy == payment.COD || d.PayBy == "" {
			d.PayBy = payment.Cash
		}
	}
	v := newView{draft: d, place: r.PostForm.Get("place"), given: r.PostForm.Get("cash")}
	v.draft.Lines = lines(r.PostForm)
	if n, err := money.Parse(v.given); err == nil {
		v.draft.CashGiven = n
	}
	if v.draft.Village == "" && len(strings.TrimSpace(v.place)) >= 3 {
		v.places = region.Search(v.place, 8, region.Village, region.District)
	}
	return v, nil
}

// noWindow chooses that no time is promised.
const noWindow = "tanpa"

// windows lists the hours to choose from; none if the shop promises no time.
func (v newView) windows(ctx context.Context) []ui.Option {
	var list []ui.Option
	for _, w := range v.quote.Ways {
		for _, o := range w.Windows {
			list = append(list, ui.Option{
				Value: strconv.FormatInt(o.From.Unix(), 10), Label: order.Hours(ctx, o, v.draft.Village, ui.Of(ctx).Now),
			})
		}
	}
	full := v.quote.WayProblem != nil && errors.Is(v.quote.WayProblem, delivery.ErrFull)
	if len(list) > 0 || v.draft.NoWindow || full {
		list = append(list, ui.Option{Value: noWindow, Label: i18n.T(ctx, "orderweb.no_window")})
	}
	return list
}

// ways lists how the goods may reach the buyer: carriers' services with their
// prices, once the village is known and one has answered.
func (v newView) ways(ctx context.Context) []ui.Option {
	list := []ui.Option{{Value: string(order.Own), Label: i18n.T(ctx, "orderweb.way.own"), Icon: "truck"}, {Value: string(order.Pickup), Label: i18n.T(ctx, "orderweb.way.pickup"), Icon: "store"}}
	chosen := v.draft.Way != order.Carrier
	for _, w := range v.quote.Ways {
		if w.Way == order.Carrier {
			label := w.Rate.Title() + " · " + money.String(w.Fee)
			if takes := w.Rate.Span(ctx); takes != "" {
				label += " · " + takes
			}
			list = append(list, ui.Option{Value: w.Written(), Label: label, Icon: "package"})
			chosen = chosen || w.Written() == v.draft.Written()
		}
	}
	if !chosen {
		list = append(list, ui.Option{Value: v.draft.Written(), Label: carrier.Title(v.draft.Carrier, v.draft.Service), Icon: "package"})
	}
	return list
}

// chosen is the value of the hours that are chosen.
func (v newView) chosen() string {
	switch {
	case v.draft.NoWindow:
		return noWindow
	case v.quote.Window != nil:
		return strconv.FormatInt(v.quote.Window.From.Unix(), 10)
	}
	return ""
}

// lines reads q.VARIANT=QUANTITY, what is zero left out.
func lines(form url.Values) []stock.Want {
	var list []stock.Want
	for k, vs := range form {
		rest, ok := strings.CutPrefix(k, "q.")
		if !ok {
			continue
		}
		v, err := id.Parse(rest)
		if n := whole(vs[0]); err == nil && n != 0 {
			list = append(list, stock.Want{Variant: v, Quantity: n})
		}
	}
	slices.SortFunc(list, func(a, b stock.Want) int { return strings.Compare(a.Variant.String(), b.Variant.String()) })
	return list
}

func whole(s string) int64 {
	n, neg := int64(0), false
	for i, c := range strings.TrimSpace(s) {
		switch {
		case c == '-' && i == 0:
			neg = true
		case c < '0' || c > '9' || n > 1e12:
			return -1 // refused by Validate, with the field's name
		default:
			n = n*10 + int64(c-'0')
		}
	}
	if neg {
		return -n
	}
	return n
}

func (p pages) create(w http.ResponseWriter, r *http.Request) error {
	v, err := readNew(r)
	if err != nil {
		return err
	}
	if v.draft.Way.Brought() && v.draft.Village == "" && len(v.places) > 0 {
		v.fault = fault.New(fault.Invalid, "order.village").On("village")
		return p.addAgain(w, r, http.StatusUnprocessableEntity, v)
	}
	o, err := p.Orders.Place(r.Context(), web.Scope(r), v.draft)
	if err == nil {
		web.Flash(w, r, "orderweb.done.place", o.Called())
		return web.SeeOther(w, r, "/pesanan/"+o.ID.String())
	}
	f, ok := web.Again(err)
	if !ok {
		return err
	}
	v.fault = f
	_, v.changed = order.Changed(err)
	return p.addAgain(w, r, http.StatusUnprocessableEntity, v)
}

// quantity is how many of a variant the form asks for.
func (v newView) quantity(variant id.ID) int64 {
	for _, l := range v.draft.Lines {
		if l.Variant == variant {
			return l.Quantity
		}
	}
	return 0
}

// change is what the buyer gets back, by what is filled in.
func (v newView) change() int64 { return v.draft.CashGiven - v.quote.Total }

// pays lists the ways to pay that fit the channel.
func (v newView) pays(ctx context.Context) []ui.Option {
	methods := []payment.Method{payment.COD, payment.Transfer, payment.QRIS}
	if v.draft.Way == order.Pickup {
		methods = []payment.Method{payment.Cash, payment.QRIS, payment.Transfer}
	}
	var list []ui.Option
	for _, m := range methods {
		list = append(list, ui.Option{Value: string(m), Label: i18n.T(ctx, "orderweb.pay."+string(m))})
	}
	return list
}

func (p pages) edit(w http.ResponseWriter, r *http.Request) error {
	oid, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	d, err := p.Orders.Get(r.Context(), web.Scope(r), oid)
	if err != nil {
		return err
	}
	if !order.Has(d.Actions, order.ActEdit) {
		return order.ErrState
	}
	v := newView{of: &d.Order, shipping: money.Digits(d.Shipping), draft: order.Draft{ID: id.New(), Note: d.Note}}
	for _, l := range d.Lines {
		v.draft.Lines = append(v.draft.Lines, stock.Want{Variant: l.Variant, Quantity: l.Quantity})
	}
	return p.editAgain(w, r, http.StatusOK, v)
}

func (p pages) editAgain(w http.ResponseWriter, r *http.Request, status int, v newView) error {
	var err error
	if v.goods, err = p.offers(r.Context(), web.Scope(r)); err != nil {
		return err
	}
	for _, l := range v.of.Lines { // also what is not sold any more
		if !slices.ContainsFunc(v.goods, func(o offer) bool { return o.variant == l.Variant }) {
			v.goods = append([]offer{{variant: l.Variant, title: l.Full(), price: l.Price, favorite: true}}, v.goods...)
		}
	}
	return web.Render(w, r, status, editPage(v))
}

// change previews an edit first, with the difference, and makes it when that was seen.
func (p pages) change(w http.ResponseWriter, r *http.Request) error {
	oid, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	ctx, sc := r.Context(), web.Scope(r)
	d, err := p.Orders.Get(ctx, sc, oid)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "form.stale")
	}
	v := newView{of: &d.Order, shipping: r.PostForm.Get("shipping"), draft: order.Draft{ID: web.FormID(r, "id"), Note: r.PostForm.Get("note"), Lines: lines(r.PostForm)}}
	e := order.Edit{Lines: v.draft.Lines, Note: &v.draft.Note}
	shipping, err := web.Money(r, "shipping")
	if err != nil {
		v.fault = fault.Of(err).On("shipping")
		return p.editAgain(w, r, http.StatusUnprocessableEntity, v)
	}
	e.Shipping = &shipping
	if r.PostForm.Get("seen") == "" {
		_, after, err := p.Orders.Preview(ctx, sc, oid, e)
		if f, ok := web.Again(err); ok {
			v.fault = f
			return p.editAgain(w, r, http.StatusUnprocessableEntity, v)
		}
		if err != nil {
			return err
		}
		v.after = &after
		return p.editAgain(w, r, http.StatusOK, v)
	}
	o, err := p.Orders.Do(ctx, sc, oid, order.Move{ID: v.draft.ID, Act: order.ActEdit, Edit: &e})
	if f, ok := web.Again(err); ok {
		v.fault = f
		return p.editAgain(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "orderweb.done.edit", o.Called())
	return web.SeeOther(w, r, "/pesanan/"+oid.String())
}

func newTitle(ctx context.Context, v newView) string {
	if v.draft.Channel == order.Counter {
		return i18n.T(ctx, "orderweb.counter")
	}
	return i18n.T(ctx, "orderweb.new")
}
