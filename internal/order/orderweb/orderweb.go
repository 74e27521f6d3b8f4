// Package orderweb shows a shop's orders to its people: the list, one order
// with all that can be done with it, and the form for orders that came by
// chat or stand at the counter.
package orderweb

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the pages call.
type Services struct {
	DB        *store.DB
	Orders    *order.Service
	Parcels   *parcel.Service
	Shops     *business.Service
	Goods     *catalog.Service
	Stock     *stock.Service
	Customers *customer.Service
	Accounts  *account.Service
	Blobs     *blob.Service
}

type pages struct{ Services }

// deed is a move that a person makes on the page of an order: a resource that
// a POST makes.
type deed struct {
	act  order.Act
	path string
	verb authz.Verb
}

// deeds pairs the acts with their addresses.
var deeds = []deed{
	{order.ActAccept, "penerimaan", authz.MoveOrders},
	{order.ActDecline, "penolakan", authz.CancelOrders},
	{order.ActPack, "pengemasan", authz.MoveOrders},
	{order.ActAssign, "penugasan", authz.MoveOrders},
	{order.ActHandOver, "penyerahan", authz.MoveOrders},
	{order.ActCollect, "pengambilan", authz.MoveOrders},
	{order.ActDeliver, "pengantaran", authz.Deliver},
	{order.ActFail, "kegagalan", authz.Deliver},
	{order.ActRetry, "pengulangan", authz.MoveOrders},
	{order.ActReturn, "retur", authz.CancelOrders},
	{order.ActCancel, "pembatalan", authz.CancelOrders},
	{order.ActPay, "pembayaran", authz.TakePayments},
	{order.ActUnclaim, "sanggahan", authz.TakePayments},
	{order.ActRefund, "pengembalian-dana", authz.RefundPayments},
	{order.ActAnswer, "jawaban", authz.MoveOrders},
	{order.ActNote, "catatan", authz.MoveOrders},
	{order.ActUndo, "pengurungan", authz.SignedIn},
}

func pathOf(a order.Act) string {
	for _, d := range deeds {
		if d.act == a {
			return d.path
		}
	}
	return ""
}

// Routes lists the order pages of a shop's people.
func Routes(s Services) []web.Route {
	p := pages{s}
	list := []web.Route{
		{Pattern: "GET /pesanan", Verb: authz.SeeOrders, Handle: p.list},
		{Pattern: "GET /pesanan/baru", Verb: authz.PlaceOrders, Handle: p.add},
		{Pattern: "POST /pesanan/hitung", Verb: authz.PlaceOrders, Handle: p.reckon},
		{Pattern: "POST /pesanan", Verb: authz.PlaceOrders, Handle: p.create},
		{Pattern: "POST /pesanan/sekaligus", Verb: authz.MoveOrders, Handle: p.bulk},
		{Pattern: "GET /pesanan/{id}", Verb: authz.SeeOrders, Handle: p.show},
		{Pattern: "GET /pesanan/{id}/ubah", Verb: authz.EditOrders, Handle: p.edit},
		{Pattern: "POST /pesanan/{id}/perubahan", Verb: authz.EditOrders, Handle: p.change},
		{Pattern: "GET /pesanan/{id}/nota.pdf", Verb: authz.SeeOrders, Handle: p.receipt},
		{Pattern: "GET /pesanan/{id}/kemas.pdf", Verb: authz.SeeOrders, Handle: p.slip},
		{Pattern: "GET /pesanan/{id}/bukti/{photo}", Verb: authz.SeeOrders, Handle: p.proof},
	}
	for _, d := range deeds {
		list = append(list, web.Route{Pattern: "POST /pesanan/{id}/" + d.path, Verb: d.verb, Handle: p.deed(d)})
	}
	return list
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

// listView is the list of orders.
type listView struct {
	tab    order.Tab
	filter order.Filter
	counts map[order.Tab]int64
	rows   []order.Order
	next   string
	words  string
	bulk   []order.Act
	slug   string
	files  bool // may take orders in or out as files
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	q := r.URL.Query()
	v := listView{tab: order.Tab(q.Get("tab")), words: strings.TrimSpace(q.Get("q")), files: sc.May(authz.ImportOrders) || sc.May(authz.ExportOrders)}
	if !slices.Contains(order.Tabs, v.tab) { // also what an old link says
		v.tab = order.TabAction
	}
	v.filter = order.Filter{
		Tab: v.tab, Words: v.words, Way: order.Way(q.Get("cara")), PayBy: payment.Method(q.Get("bayar")), Unpaid: q.Get("lunas") == "belum",
		Cursor: order.ParseCursor(q.Get("lanjut")), Max: 25,
	}
	if v.words != "" {
		v.filter.Tab, v.tab = "", ""
	}
	page, err := p.Orders.List(ctx, sc, v.filter)
	if err != nil {
		return err
	}
	v.rows = page.Orders
	if !page.Next.At.IsZero() {
		q.Set("lanjut", page.Next.String())
		v.next = "/pesanan?" + q.Encode()
	}
	if v.counts, err = p.Orders.Counts(ctx, sc); err != nil {
		return err
	}
	if who := web.Person(r); who != nil {
		v.slug = who.Slug
	}
	if sc.May(authz.MoveOrders) {
		switch v.tab {
		case order.TabAction:
			v.bulk = []order.Act{order.ActAccept}
		case order.TabWork:
			v.bulk = []order.Act{order.ActPack, order.ActHandOver}
		}
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// link is the list with one thing of its filter changed.
func (v listView) link(key, value string) string {
	q := url.Values{}
	set := func(k, s string) {
		if s != "" {
			q.Set(k, s)
		}
	}
	set("tab", string(v.tab))
	set("cara", string(v.filter.Way))
	set("bayar", string(v.filter.PayBy))
	if v.filter.Unpaid {
		q.Set("lunas", "belum")
	}
	if q.Get(key) == value {
		q.Del(key)
	} else {
		q.Set(key, value)
	}
	return "/pesanan?" + q.Encode()
}

// bulk makes one move with every order ticked; what does not fit is told, the rest is done.
func (p pages) bulk(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "form.stale")
	}
	var ids []id.ID
	for _, v := range r.PostForm["id"] {
		if oid, err := id.Parse(v); err == nil {
			ids = append(ids, oid)
		}
	}
	done, err := p.Orders.DoMany(r.Context(), web.Scope(r), ids, order.Act(r.PostForm.Get("act")))
	if err != nil {
		return err
	}
	left := len(ids) - done
	if left > 0 {
		web.Flash(w, r, "orderweb.bulk_left", done, left)
	} else {
		web.Flash(w, r, "orderweb.bulk_done", done)
	}
	return web.SeeOther(w, r, "/pesanan?tab="+url.QueryEscape(r.PostForm.Get("tab")))
}

// showView is the page of one order.
type showView struct {
	order.Detail
	shop     business.Business
	names    map[id.ID]string
	people   []ui.Option // who can bring it
	link     string      // of the buyer's page, absolute
	message  string      // status text for the buyer
	fault    *fault.Error
	failed   order.Act // the move that was refused
	form     url.Values
	customer bool
	now      time.Time
	parcels  []parcel.Parcel
	risk     *parcel.Risk // of a COD order that is not accepted yet
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.showAgain(w, r, http.StatusOK, "", nil)
}

func (p pages) showAgain(w http.ResponseWriter, r *http.Request, status int, failed order.Act, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	oid, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := sc.Can(authz.SeeOrders); err != nil { // a courier's form: they are shown the parcel alone
		if f != nil {
			return f
		}
		return err
	}
	v := showView{fault: scoped(failed, f), failed: failed, form: r.PostForm, now: sc.Now, customer: sc.May(authz.SeeCustomers)}
	if v.Detail, err = p.Orders.Get(ctx, sc, oid); err != nil {
		return err
	}
	if v.shop, err = p.Shops.Get(ctx, sc); err != nil {
		return err
	}
	if v.Way.Brought() && !v.Channel.Past() {
		if v.parcels, err = p.Parcels.Of(ctx, sc, oid); err != nil {
			return err
		}
	}
	if v.State == order.Placed {
		if v.risk, err = p.Parcels.RiskOf(ctx, sc, v.Order); err != nil {
			return err
		}
	}
	v.link = web.Base(r) + "/o/" + p.Orders.Link(v.Order)
	v.message = v.status(ctx)
	team, err := p.Accounts.Team(ctx, sc)
	if err != nil {
		return err
	}
	v.names = map[id.ID]string{}
	for _, m := range team {
		v.names[m.Person] = m.Name
		if m.Brings() {
			v.people = append(v.people, ui.Option{Value: m.Person.String(), Label: m.Name})
		}
	}
	return web.Render(w, r, status, showPage(v))
}

// status is what the buyer is told of the order, as a message to send.
func (v showView) status(ctx context.Context) string {
	name := v.Name
	if name == "" {
		name = t(ctx, "orderweb.you")
	}
	return t(ctx, "orderweb.message", name, v.Called(), v.shop.Name, t(ctx, "orderweb.tell."+string(v.State)), v.link)
}

// name is who did something, for the timeline.
func (v showView) name(ctx context.Context, e order.Event) string {
	switch authz.Role(e.By) {
	case authz.Guest:
		return t(ctx, "orderweb.by_buyer")
	case authz.Machine:
		return t(ctx, "orderweb.by_clock")
	case authz.Owner:
		if v.names[e.Person] == "" {
			return t(ctx, "orderweb.by_owner")
		}
	}
	if n := v.names[e.Person]; n != "" {
		return n
	}
	return t(ctx, "orderweb.by_team")
}

// tip is the map's address of where the order goes.
func (v showView) mapLink() string {
	q := v.Street + ", " + v.Place().Label()
	if v.LatE6 != nil && v.LngE6 != nil {
		q = fmt.Sprintf("%.6f,%.6f", float64(*v.LatE6)/1e6, float64(*v.LngE6)/1e6)
	}
	return "https://www.google.com/maps/search/?api=1&query=" + url.QueryEscape(q)
}

// field names a field of a move's form, so that one page can hold many forms.
func field(a order.Act, name string) string { return string(a) + "-" + name }

// idOf tells the radio buttons of a group apart; the first bears the group's
// own name, to which the summary of faults leads.
func idOf(i int) string {
	if i == 0 {
		return ""
	}
	return "-" + strconv.Itoa(i)
}

// scoped renames the fields of a fault to those of the move's form.
func scoped(a order.Act, f *fault.Error) *fault.Error {
	if f == nil || len(f.Fields) == 0 || a == "" {
		return f
	}
	c := *f
	c.Fields = map[string]*fault.Error{}
	for name, e := range f.Fields {
		c.Fields[field(a, name)] = e
	}
	return &c
}

// deed makes the handler of one move.
func (p pages) deed(d deed) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		oid, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		get := func(name string) string { return r.FormValue(field(d.act, name)) }
		m := order.Move{
			ID: web.FormID(r, "move"), Act: d.act, Reason: get("reason"), Text: get("text"), Method: payment.Method(get("method")),
			Courier: web.FormID(r, field(d.act, "courier")), Receiver: get("receiver"), Relation: get("relation"), Restock: get("restock") == "on",
		}
		amount, err := web.Money(r, field(d.act, "amount"))
		if err == nil {
			m.Amount, m.Received = amount, get("amount") != ""
			var o order.Order
			if o, err = p.Orders.Do(r.Context(), web.Scope(r), oid, m); err == nil {
				p.told(w, r, d.act, o)
				back := web.OwnPath(r.FormValue("back"), "/pesanan/"+oid.String())
				return web.SeeOther(w, r, back)
			}
		} else {
			err = fault.Of(err).On("amount")
		}
		if f, ok := web.Again(err); ok {
			return p.showAgain(w, r, http.StatusUnprocessableEntity, d.act, f)
		}
		return err
	}
}

// told says what was done, and offers to undo it where that is harmless. What
// was done before it is not offered any more: the button would undo that.
func (p pages) told(w http.ResponseWriter, r *http.Request, act order.Act, o order.Order) {
	key, sc := "orderweb.done."+string(act), web.Scope(r)
	if o.LastAct == act && order.Has(order.Actions(o, sc, sc.Now), order.ActUndo) {
		web.FlashUndo(w, r, "/pesanan/"+o.ID.String()+"/pengurungan", "", key, o.Called())
		return
	}
	web.Flash(w, r, key, o.Called())
}

func (p pages) receipt(w http.ResponseWriter, r *http.Request) error { return p.paper(w, r, false) }

func (p pages) slip(w http.ResponseWriter, r *http.Request) error { return p.paper(w, r, true) }

func (p pages) paper(w http.ResponseWriter, r *http.Request, slip bool) error {
	oid, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	d, err := p.Orders.Get(r.Context(), web.Scope(r), oid)
	if err != nil {
		return err
	}
	shop, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	draw, name := order.Receipt, "nota-"
	if slip {
		draw, name = order.Slip, "kemas-"
	}
	raw, err := draw(r.Context(), d.Order, shop)
	if err != nil {
		return fmt.Errorf("draw paper: %w", err)
	}
	return web.PDF(w, name+d.Called(), raw)
}

// proof shows a photo that the buyer sent with the order.
func (p pages) proof(w http.ResponseWriter, r *http.Request) error {
	oid, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	photo, err := web.PathID(r, "photo")
	if err != nil {
		return err
	}
	var f blob.File
	err = p.DB.View(r.Context(), web.Scope(r), func(tx *store.Tx) (err error) {
		f, err = p.Blobs.OpenPrivate(r.Context(), tx, web.Scope(r), oid, photo)
		return err
	})
	if err != nil {
		return err
	}
	return web.Photo(w, f.Content)
}

// chat is the buyer's WhatsApp with the message typed in.
func (v showView) chat() string { return phone.WhatsApp(v.Phone, v.message) }

// sourceName is a source as people write it.
func sourceName(source string) string {
	switch order.Channel(source) {
	case order.Shopee:
		return "Shopee"
	case order.Tokopedia:
		return "Tokopedia"
	case order.TikTok:
		return "TikTok Shop"
	}
	return source
}
