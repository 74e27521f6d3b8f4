package storefrontweb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/storefront"
	"lapak/internal/ui"
	"lapak/internal/web"
)

type orderView struct {
	page     ui.Page
	slug     string
	link     string // the order's own address
	live     string // where the page asks for news; empty when there will be none
	code     string
	fault    *fault.Error
	head     string
	lead     string
	chat     string
	steps    []stepView
	pay      *payView
	lines    []lineView
	sums     []sumView
	to       string
	phone    string
	way      string
	promise  string
	note     string
	events   []hoursView
	withdraw bool
	complain bool
	reorder  string
	kinds    []optionView
	whys     []optionView
	typed    string // of a complaint
	parcels  []parcelView
}

// parcelView is a parcel with what the buyer may wish for it, as it was filled in.
type parcelView struct {
	storefront.Parcel
	id      string // of the form
	when    string
	windows []optionView
	name    string
	near    string
	fault   *fault.Error
}

func (v parcelView) may(a parcel.Act) bool { return slices.Contains(v.May, a) }

type stepView struct {
	Label     string
	Done, Now bool
}

type payView struct {
	Head, Note      string
	Until, UntilISO string
	Amount          int64
	Before, After   string // the amount, its last three digits apart when they mark the order
	Copy, Coded     bool
	Accounts        []accountView
	QRIS, QRISNote  string
	Proof, Again    bool // a proof may be sent; one was
	ProofLabel, ID  string
}

type accountView struct{ Bank, Number, Grouped, Holder string }

func orderLink(token string) string { return "/o/" + token }

func (p *pages) order(w http.ResponseWriter, r *http.Request) error {
	return p.showOrder(w, r, http.StatusOK, nil, "")
}

// showOrder draws the page of the order whose link was opened. A link that
// never was and one that has ended get the same page.
func (p *pages) showOrder(w http.ResponseWriter, r *http.Request, status int, f *fault.Error, typed string) error {
	ctx, token := r.Context(), r.PathValue("token")
	fo, err := p.front.Follow(ctx, token)
	if errors.Is(err, order.ErrNotFound) {
		return p.gone(w, r)
	}
	if err != nil {
		return err
	}
	v := orderView{fault: f, typed: typed, slug: fo.Shop.Slug, link: orderLink(token), code: fo.Called()}
	p.fillOrder(ctx, &v, fo, p.base+orderLink(token))
	for i, q := range v.parcels {
		if q.ID == web.FormID(r, "parcel") { // as it was filled in
			v.parcels[i].when, v.parcels[i].name, v.parcels[i].near, v.parcels[i].fault = r.FormValue("when"), r.FormValue("neighbour"), r.FormValue("landmark"), f
		}
	}
	v.page = ui.Page{
		Title: t(ctx, "storefront.order_code", v.code), Heading: t(ctx, "storefront.track"), Plain: true, Narrow: true, Dye: string(fo.Shop.Dye),
		Robots: "noindex, nofollow", Scripts: []string{"photo"},
	}
	if fo.Shop.Visible() {
		v.page.Back = fo.Shop.Path()
	}
	return web.Render(w, r, status, orderPage(v))
}

func (p *pages) gone(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusNotFound, gonePage(ui.Page{
		Title: t(r.Context(), "storefront.link_gone"), Heading: "-", Plain: true, Narrow: true, Robots: "noindex, nofollow",
	}))
}

func (p *pages) fillOrder(ctx context.Context, v *orderView, fo storefront.Followed, link string) {
	o, b := fo.Order, fo.Shop
	loc := b.Location()
	v.head, v.lead = headOf(ctx, fo)
	if !o.State.Over() {
		v.live = v.link
	}
	v.steps = stepsOf(ctx, o)
	v.pay = p.payOf(ctx, fo, v.link)
	for _, l := range o.Lines {
		line := lineView{Variant: l.Variant.String(), Title: l.Full(), Price: l.Price, Quantity: l.Quantity, Sum: l.Sum()}
		if !l.Photo.IsZero() {
			line.Photo = blob.Path(o.Business, l.Photo, 320)
		}
		v.lines = append(v.lines, line)
	}
	v.sums = sumsOf(ctx, o)
	v.to = storefront.Veiled(o.Name)
	if o.Way.Brought() {
		v.to = where(v.to, o.Place().Town())
	}
	v.phone = phone.Mask(o.Phone)
	v.way, v.note = t(ctx, "storefront.way_pickup"), o.Note
	if o.Way == order.Own {
		v.way = t(ctx, "storefront.way_own")
	}
	if o.Way == order.Carrier {
		v.way = carrier.Title(o.Carrier, o.Service)
	}
	v.promise = o.Promise(ctx, p.front.Now())
	for i := len(fo.Events) - 1; i >= 0; i-- {
		if label := eventOf(ctx, fo.Events[i]); label != "" {
			v.events = append(v.events, hoursView{label, i18n.When(ctx, fo.Events[i].At.In(loc))})
		}
	}
	for _, q := range fo.Parcels {
		one := parcelView{Parcel: q, id: id.New().String()}
		for _, w := range parcel.Windows(fo.Now) {
			one.windows = append(one.windows, optionView{Value: w.Key(), Label: i18n.Span(ctx, w.From.In(loc), w.Until.In(loc))})
		}
		v.parcels = append(v.parcels, one)
	}
	v.withdraw = order.Has(fo.Actions, order.ActWithdraw)
	v.complain = order.Has(fo.Actions, order.ActComplain)
	if o.State.Over() && b.Visible() {
		v.reorder = t(ctx, "storefront.reorder")
	}
	for _, k := range order.ComplainReasons {
		v.kinds = append(v.kinds, optionView{Value: k, Label: t(ctx, "storefront.kind_"+k)})
	}
	for _, k := range order.WithdrawReasons {
		v.whys = append(v.whys, optionView{Value: k, Label: t(ctx, "storefront.why_"+k)})
	}
	v.chat = whatsApp(b, chatText(ctx, o, b, link))
}

// headOf says in words where the order stands, and what comes next.
func headOf(ctx context.Context, fo storefront.Followed) (head, lead string) {
	o, b := fo.Order, fo.Shop
	say := func(h, l string, args ...any) (string, string) {
		return t(ctx, "storefront.head_"+h), t(ctx, "storefront.lead_"+l, args...)
	}
	waits := o.PayBy.Ahead() && o.Due() > 0
	switch {
	case waits && o.ClaimedAt != nil && !o.State.Over():
		return say("claimed", "claimed")
	case waits && (o.State == order.Placed || o.State == order.Accepted):
		return say("pay", "pay")
	}
	switch o.State {
	case order.Placed:
		return say("placed", "placed")
	case order.Accepted:
		if o.ReadyDays > 0 {
			return say("accepted", "accepted_days", o.ReadyDays)
		}
		return say("accepted", "accepted")
	case order.Packed:
		if o.Way == order.Pickup {
			return say("packed_pickup", "packed_pickup", where(b.Street, b.Landmark, b.Town()))
		}
		return say("packed_own", "packed")
	case order.Sent:
		if fo.Courier != "" {
			return say("sent", "sent_by", fo.Courier)
		}
		return say("sent", "sent")
	case order.Done:
		if o.Receiver != "" {
			return say("done", "done_by", storefront.Veiled(o.Receiver))
		}
		return say("done", "done", b.Name)
	case order.Failed:
		return say("failed", "failed")
	}
	lead = "over_none"
	if o.Due() < 0 {
		lead = "over"
	}
	if o.State == order.Returned {
		return say("returned", lead)
	}
	return say("cancelled", lead)
}

// stepsOf are the stages an order goes through; none for one that ended badly.
func stepsOf(ctx context.Context, o order.Order) []stepView {
	if o.State.Void() || o.State == order.Failed {
		return nil
	}
	stages := []struct {
		state order.State
		key   string
	}{{order.Placed, "placed"}, {order.Accepted, "accepted"}, {order.Packed, "packed"}, {order.Sent, "sent"}, {order.Done, "done"}}
	if o.Way == order.Pickup {
		stages = stages[:3]
		stages = append(stages, struct {
			state order.State
			key   string
		}{order.Done, "taken"})
		stages[2].key = "ready"
	}
	var list []stepView
	done := true
	for _, s := range stages {
		v := stepView{Label: t(ctx, "storefront.step_"+s.key), Done: done}
		if s.state == o.State {
			v.Now, v.Done, done = o.State != order.Done, o.State == order.Done, false
		}
		list = append(list, v)
	}
	return list
}

func (p *pages) payOf(ctx context.Context, fo storefront.Followed, link string) *payView {
	o, st := fo.Order, fo.Ways
	due := o.Due()
	if due <= 0 || o.State.Over() && o.State != order.Done {
		return nil
	}
	v := &payView{Amount: due, ID: id.New().String(), Copy: true, Before: money.String(due)}
	if o.HoldUntil != nil && o.ClaimedAt == nil {
		v.Until = i18n.When(ctx, o.HoldUntil.In(fo.Shop.Location()))
		v.UntilISO = o.HoldUntil.UTC().Format(time.RFC3339)
	}
	switch o.PayBy {
	case payment.Transfer:
		v.Head = t(ctx, "storefront.pay_head_transfer")
		if v.Coded = o.Code > 0 && o.Paid == 0; v.Coded {
			v.Before, v.After = ui.Last(money.String(due))
		}
		for _, a := range st.Accounts {
			v.Accounts = append(v.Accounts, accountView{a.BankName(), a.Number, a.Grouped(), a.Holder})
		}
	case payment.QRIS:
		v.Head = t(ctx, "storefront.pay_head_qris")
		v.QRIS, v.QRISNote = qrisOf(ctx, fo, link)
	case payment.COD:
		v.Head, v.Note, v.Copy = t(ctx, "storefront.pay_head_cod"), t(ctx, "storefront.cod_note", money.String(due)), false
	default:
		v.Head, v.Note, v.Copy = t(ctx, "storefront.pay_head_cash"), t(ctx, "storefront.pay_cash_note"), false
	}
	if v.Proof = order.Has(fo.Actions, order.ActClaim); v.Proof {
		v.ProofLabel = t(ctx, "storefront.proof_label")
		if o.ClaimedAt != nil {
			v.ProofLabel, v.Again = t(ctx, "storefront.proof_again"), true
		}
	}
	return v
}

// qrisOf is the picture to scan: with the amount in it where the shop gave the
// code's text, else the shop's own picture.
func qrisOf(ctx context.Context, fo storefront.Followed, link string) (src, note string) {
	due := money.String(fo.Due())
	if fo.Ways.QRISText != "" {
		if c, err := payment.ParseQRIS(fo.Ways.QRISText); err == nil {
			if _, err := c.With(fo.Due(), fo.Called()); err == nil {
				return fmt.Sprintf("%s/qris.png?n=%d", link, fo.Due()), t(ctx, "storefront.qris_dynamic")
			}
			return link + "/qris.png", t(ctx, "storefront.qris_static", due)
		}
	}
	if !fo.Ways.QRISPhoto.IsZero() {
		return blob.Path(fo.Business, fo.Ways.QRISPhoto, 1080), t(ctx, "storefront.qris_static", due)
	}
	return "", ""
}

func sumsOf(ctx context.Context, o order.Order) []sumView {
	var list []sumView
	add := func(n int64, key string, args ...any) {
		if n != 0 {
			list = append(list, sumView{Label: t(ctx, key, args...), Value: money.String(n)})
		}
	}
	add(o.Goods, "storefront.sum_goods")
	add(o.Shipping, "storefront.sum_shipping")
	add(o.CODFee, "storefront.sum_cod")
	add(-o.Discount, "storefront.sum_discount", o.Voucher)
	add(o.Code, "storefront.sum_code")
	add(-o.Allowance, "storefront.sum_allowance")
	list = append(list, sumView{Label: t(ctx, "storefront.sum_total"), Value: money.String(o.Total - o.Allowance), Last: true})
	if o.Paid-o.Refunded > 0 {
		add(o.Paid-o.Refunded, "storefront.sum_paid")
		if o.Due() > 0 {
			add(o.Due(), "storefront.sum_due")
		}
	}
	return list
}

// eventOf says a line of the timeline to the buyer; what is the shop's own
// business stays empty.
func eventOf(ctx context.Context, e order.Event) string {
	key := "storefront.event_" + string(e.Act)
	if !i18n.Has(ctx, key) {
		return ""
	}
	switch e.Act {
	case order.ActPay, order.ActRefund:
		return t(ctx, key, money.String(max(e.Amount, -e.Amount)))
	case order.ActAnswer:
		return t(ctx, key, e.Text)
	}
	return t(ctx, key)
}

// chatText is the order as words to send to the shop.
func chatText(ctx context.Context, o order.Order, b business.Business, link string) string {
	var s strings.Builder
	s.WriteString(t(ctx, "storefront.chat_hello", b.Name, o.Called()) + "\n")
	for _, l := range o.Lines {
		fmt.Fprintf(&s, "- %d × %s\n", l.Quantity, l.Full())
	}
	s.WriteString(t(ctx, "storefront.chat_total", money.String(o.Total), t(ctx, "storefront.pay_"+string(o.PayBy))) + "\n")
	if at := o.Promise(ctx, time.Time{}); at != "" {
		s.WriteString(t(ctx, "order.text_promised", at) + "\n")
	}
	s.WriteString(t(ctx, "storefront.chat_link", link))
	return s.String()
}

// qris is the picture of the shop's code with the amount in it, to be saved
// on the phone and scanned from there.
func (p *pages) qris(w http.ResponseWriter, r *http.Request) error {
	fo, err := p.front.Follow(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	c, err := payment.ParseQRIS(fo.Ways.QRISText)
	if err != nil || fo.Due() <= 0 {
		return storefront.ErrNotFound
	}
	if with, err := c.With(fo.Due(), fo.Called()); err == nil {
		c = with
	}
	b, err := c.Picture(8)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`inline; filename="qris-%s.png"`, strings.ToLower(fo.Called())))
	_, err = w.Write(b)
	return err
}

// proof takes the buyer's word that it is paid, with a photo if there is one.
func (p *pages) proof(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	m := order.Move{ID: web.FormID(r, "id"), Act: order.ActClaim}
	file, head, err := r.FormFile("photo")
	switch {
	case err == nil && head.Size > 0:
		defer file.Close()
		// Only who holds a link that works may have us decode a picture.
		if _, err := p.front.Follow(r.Context(), token); err != nil {
			return p.afterMove(w, r, err, "photo", "")
		}
		pic, err := p.front.ReadProof(r.Context(), file)
		if err != nil {
			return p.afterMove(w, r, err, "photo", "")
		}
		m.Picture = &pic
	case err != nil && !errors.Is(err, http.ErrMissingFile) && !errors.Is(err, http.ErrNotMultipart):
		return p.afterMove(w, r, blob.ErrLarge, "photo", "")
	}
	if err := p.front.Do(r.Context(), token, m); err != nil {
		return p.afterMove(w, r, err, "photo", "")
	}
	web.Flash(w, r, "storefront.proof_sent")
	return web.SeeOther(w, r, orderLink(token))
}

func (p *pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	err := p.front.Do(r.Context(), token, order.Move{ID: web.FormID(r, "id"), Act: order.ActWithdraw, Reason: r.FormValue("reason")})
	if err != nil {
		return p.afterMove(w, r, err, "reason", "")
	}
	web.Flash(w, r, "storefront.withdrawn")
	return web.SeeOther(w, r, orderLink(token))
}

// wish takes what the buyer wants done with a parcel.
func (p *pages) wish(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	m := parcel.Wish{
		ID: web.FormID(r, "id"), Parcel: web.FormID(r, "parcel"), Act: parcel.Act(r.FormValue("act")), When: r.FormValue("when"), Neighbour: r.FormValue("neighbour"),
		Landmark: r.FormValue("landmark"),
	}
	if err := p.front.Wish(r.Context(), token, m); err != nil {
		return p.afterMove(w, r, err, "when", "")
	}
	web.Flash(w, r, "storefront.wished_"+string(m.Act))
	return web.SeeOther(w, r, orderLink(token)+"#paket")
}

func (p *pages) complain(w http.ResponseWriter, r *http.Request) error {
	token, words := r.PathValue("token"), r.FormValue("text")
	err := p.front.Do(r.Context(), token, order.Move{ID: web.FormID(r, "id"), Act: order.ActComplain, Reason: r.FormValue("reason"), Text: words})
	if err != nil {
		return p.afterMove(w, r, err, "text", words)
	}
	web.Flash(w, r, "storefront.complained")
	return web.SeeOther(w, r, orderLink(token))
}

// afterMove shows the order again with what went wrong.
func (p *pages) afterMove(w http.ResponseWriter, r *http.Request, err error, field, typed string) error {
	if errors.Is(err, order.ErrNotFound) {
		return p.gone(w, r)
	}
	f, again := web.Again(err)
	if !again {
		return err
	}
	status := http.StatusConflict
	if f.HasKind(fault.Invalid) {
		status = http.StatusUnprocessableEntity
		if len(f.Fields) == 0 {
			f = f.On(field)
		}
	}
	return p.showOrder(w, r, status, f, typed)
}
