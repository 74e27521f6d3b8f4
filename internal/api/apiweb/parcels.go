package apiweb

import (
	"bytes"
	"time"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/label"
	"lapak/internal/parcel"
	"lapak/internal/payment"
)

const (
	sampleMove     = `{"act": "take"}`
	sampleSettings = `{"code_from": 500000, "cash_limit": 1000000, "max_attempts": 3}`
)

// Receiver is who a parcel goes to. It is there for keys that may read
// customers alone.
type Receiver struct {
	Customer *id.ID `json:"customer,omitempty"`
	Name     string `json:"name"`
	Phone    string `json:"phone" doc:"E.164, or empty."`
	Village  string `json:"village" doc:"Code of the region."`
	Place    string `json:"place" doc:"The village with what lies above."`
	Street   string `json:"street"`
	Landmark string `json:"landmark"`
	LatE6    *int64 `json:"lat_e6,omitempty" doc:"Where the receiver said it is, in millionths of a degree."`
	LngE6    *int64 `json:"lng_e6,omitempty"`
	Note     string `json:"note" doc:"For who brings it."`
	Leave    string `json:"leave_with,omitempty" doc:"A neighbour whom the receiver named, with where to find them."`
}

// ParcelSummary is a parcel in a list.
type ParcelSummary struct {
	ID        id.ID      `json:"id"`
	Order     *id.ID     `json:"order,omitempty" doc:"Missing: it is carried for another business."`
	N         int64      `json:"n" doc:"The order's first, second ... parcel."`
	Number    string     `json:"number" doc:"The shop's own number." example:"LPKAF2KD7Q3"`
	Carrier   string     `json:"carrier" doc:"own: the shop brings it. Else a courier firm's code." example:"jne"`
	Service   string     `json:"service,omitempty" doc:"The firm's service." example:"REG"`
	Waybill   string     `json:"waybill,omitempty" doc:"The firm's number."`
	Status    string     `json:"status" enum:"draft,ready,pickup_requested,picked_up,in_transit,at_hub,out_for_delivery,delivered,attempt_failed,on_hold,returning,returned,lost,damaged,cancelled,disposed"`
	StatusAt  time.Time  `json:"status_at" doc:"When that happened."`
	Reason    string     `json:"reason,omitempty" doc:"Why the last attempt failed: see docs/api.md."`
	Courier   *id.ID     `json:"courier,omitempty" doc:"The person of the shop who brings it."`
	Contents  string     `json:"contents" doc:"The first thing in it, and how many more."`
	Pieces    int64      `json:"pieces"`
	Grams     int64      `json:"weight_grams"`
	Goods     int64      `json:"goods" doc:"What the goods in it cost."`
	COD       int64      `json:"cod" doc:"To be taken at the door."`
	Taken     int64      `json:"taken" doc:"Taken at the door."`
	Attempts  int64      `json:"attempts" doc:"How often it was brought in vain."`
	DueFrom   *time.Time `json:"due_from,omitempty" doc:"The promised time, if one was promised."`
	DueUntil  *time.Time `json:"due_until,omitempty"`
	Cost      *int64     `json:"cost,omitempty" doc:"What the courier firm took for it; missing: nobody noted it."`
	Town      string     `json:"town" doc:"Where it goes, for people."`
	Receiver  *Receiver  `json:"receiver,omitempty" doc:"Only with customers:read."`
	URL       string     `json:"url" format:"uri" doc:"Its tracking page: whoever has this address sees how it stands, and no personal data."`
	CreatedAt time.Time  `json:"created_at"`
	HandedAt  *time.Time `json:"handed_at,omitempty" doc:"When it left the shop."`
	DoneAt    *time.Time `json:"done_at,omitempty" doc:"When it was delivered."`
	ChangedAt time.Time  `json:"changed_at"`
}

// ParcelEvent is something that happened to a parcel.
type ParcelEvent struct {
	ID       id.ID     `json:"id"`
	Act      string    `json:"act" doc:"What was done; track: a carrier told."`
	Status   string    `json:"status"`
	Reason   string    `json:"reason,omitempty"`
	Words    string    `json:"words,omitempty" doc:"The carrier's own words."`
	By       string    `json:"by" doc:"Role of who did it, or carrier: and the connector's name."`
	Amount   int64     `json:"amount,omitempty" doc:"Taken at the door."`
	Method   string    `json:"method,omitempty" enum:"qris,transfer,cod,cash"`
	Relation string    `json:"relation,omitempty" doc:"Who took it, to the receiver."`
	Text     string    `json:"text,omitempty" doc:"Only with customers:read."`
	At       time.Time `json:"at" doc:"When it happened."`
	Heard    time.Time `json:"heard_at" doc:"When the server learned of it: later, if the phone had no signal."`
}

// Parcel is a parcel with its timeline.
type Parcel struct {
	ParcelSummary
	Lines  []int64       `json:"lines" doc:"Pieces of each line of the order, in the order's order."`
	Events []ParcelEvent `json:"events" doc:"By when it happened, oldest first."`
	Moves  []string      `json:"moves" doc:"What moveParcel takes now."`
}

// ParcelList is a page of the shop's parcels, the newest first.
type ParcelList struct {
	Items []ParcelSummary `json:"items"`
	Next  string          `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

func (c *call) parcel(p parcel.Parcel) ParcelSummary {
	out := ParcelSummary{
		ID: p.ID, Order: p.Order.Null(), N: p.N, Number: p.Number, Carrier: p.Carrier, Service: p.Service, Waybill: p.Waybill, Status: string(p.Status),
		StatusAt: p.StatusAt, Reason: string(p.Reason), Courier: p.Courier.Null(), Contents: p.Contents, Pieces: p.Pieces, Grams: p.Grams, Goods: p.Goods,
		COD: p.COD, Taken: p.Taken, Attempts: p.Attempts, DueFrom: p.DueFrom, DueUntil: p.DueUntil, Cost: p.Cost, Town: p.Region().Town(),
		URL: c.Base + "/lacak/" + c.Parcels.Link(c.sc.Business, p.ID), CreatedAt: p.CreatedAt, HandedAt: p.HandedAt, DoneAt: p.DoneAt, ChangedAt: p.ChangedAt,
	}
	if c.sc.May(authz.SeeCustomers) {
		out.Receiver = &Receiver{p.Customer.Null(), p.Name, p.Phone, p.Village, p.Region().Label(), p.Street, p.Landmark, p.LatE6, p.LngE6, p.Note, p.LeaveWith}
	}
	return out
}

type listParcelsIn struct {
	Tab    string `query:"tab" enum:"ready,road,wrong,ended" doc:"At the shop, under way, somebody is to decide, or over."`
	Order  id.ID  `query:"order" doc:"Only those of this order."`
	Limit  int64  `query:"limit" minimum:"1" maximum:"100" doc:"How many at most; 25 if missing."`
	Cursor string `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

// listParcels lists by the parcels' ids, which stay while they move on.
func (c *call) listParcels(in listParcelsIn) (ParcelList, error) {
	out := ParcelList{Items: []ParcelSummary{}}
	before, err := cursor(in.Cursor, parseID)
	if err != nil {
		return out, err
	}
	list, more, err := c.Parcels.Page(c.ctx, c.sc, parcel.Filter{Tab: parcel.Tab(in.Tab), Order: in.Order, Before: before.ID, Max: most(in.Limit)})
	if err != nil {
		return out, err
	}
	for _, p := range list {
		out.Items = append(out.Items, c.parcel(p))
	}
	if more {
		out.Next = list[len(list)-1].ID.String()
	}
	return out, nil
}

type parcelIn struct {
	ID id.ID `path:"id" doc:"Id of the parcel."`
}

func (c *call) getParcel(in parcelIn) (Parcel, error) {
	d, err := c.Parcels.Get(c.ctx, c.sc, in.ID)
	if err != nil {
		return Parcel{}, err
	}
	c.customer = d.Customer
	out := Parcel{ParcelSummary: c.parcel(d.Parcel), Lines: some(d.Lines), Events: []ParcelEvent{}, Moves: texts(d.Acts)}
	for _, e := range d.Events {
		one := ParcelEvent{
			ID: e.ID, Act: string(e.Act), Status: string(e.Status), Reason: string(e.Reason), Words: e.Words, By: e.Source, Amount: e.Amount,
			Method: string(e.Method), Relation: e.Relation, At: e.At, Heard: e.Heard,
		}
		if c.sc.May(authz.SeeCustomers) {
			one.Text = e.Text
		}
		out.Events = append(out.Events, one)
	}
	return out, nil
}

// ParcelPart is what goes into one parcel.
type ParcelPart struct {
	Lines []Want `json:"lines" minItems:"1" maxItems:"50"`
	Grams int64  `json:"weight_grams,omitempty" minimum:"0" maximum:"1000000" doc:"As weighed; missing: what the goods weigh."`
}

// ParcelPlan is how an order goes out.
type ParcelPlan struct {
	Parts []ParcelPart `json:"parts,omitempty" maxItems:"20" doc:"What goes into each parcel: each piece of the order once. Missing: the parcels that are there, or one with all."`
}

type makeParcelsIn struct {
	Order id.ID `path:"order" doc:"Id of the order."`
	Body  ParcelPlan
}

func (c *call) makeParcels(in makeParcelsIn) (ParcelList, error) {
	out := ParcelList{Items: []ParcelSummary{}}
	list, err := c.plan(in)
	if err != nil {
		return out, err
	}
	for _, p := range list {
		c.customer = p.Customer
		out.Items = append(out.Items, c.parcel(p))
	}
	return out, nil
}

func (c *call) plan(in makeParcelsIn) ([]parcel.Parcel, error) {
	if len(in.Body.Parts) == 0 {
		return c.Parcels.Ensure(c.ctx, c.sc, in.Order)
	}
	parts := make([]parcel.Goods, len(in.Body.Parts))
	for i, p := range in.Body.Parts {
		parts[i] = parcel.Goods{Wants: wants(p.Lines), Grams: p.Grams}
	}
	return c.Parcels.SplitBy(c.ctx, c.sc, in.Order, parts)
}

// ParcelMove is something done with a parcel. Which fields count depends on the act.
type ParcelMove struct {
	Act      string     `json:"act" enum:"ready,assign,take,out,deliver,fail,again,hold,turn,return,lose,break,cancel,change"`
	At       *time.Time `json:"at,omitempty" doc:"When it happened, if not now."`
	Reason   string     `json:"reason,omitempty" enum:"wrong_address,nobody_home,unreachable,refused,another_time,not_ordered,cod_not_ready,out_of_area,weather" doc:"fail: why."`
	Text     string     `json:"text,omitempty" maxLength:"300" doc:"Words that go with it; needed by deliver if what was taken is not what was due."`
	Courier  *id.ID     `json:"courier,omitempty" doc:"assign, take: the person who brings it."`
	Receiver string     `json:"receiver,omitempty" maxLength:"60" doc:"deliver: who took it."`
	Relation string     `json:"relation,omitempty" enum:"self,family,neighbour,guard,other" doc:"deliver: who that is to the receiver."`
	Amount   *int64     `json:"amount,omitempty" minimum:"0" doc:"deliver: what was taken, if not all that was due."`
	Method   string     `json:"method,omitempty" enum:"cash,cod,qris" doc:"deliver: how it was paid."`
	DueFrom  *time.Time `json:"due_from,omitempty" doc:"again, fail: the new time that was agreed."`
	DueUntil *time.Time `json:"due_until,omitempty"`
	Restock  bool       `json:"restock,omitempty" doc:"return: back on the shelf; else it is written off."`
	Carrier  string     `json:"carrier,omitempty" maxLength:"30" doc:"change: own, or a firm's code."`
	Service  string     `json:"service,omitempty" maxLength:"25" doc:"change."`
	Waybill  string     `json:"waybill,omitempty" maxLength:"40" doc:"change: the firm's number."`
	Grams    int64      `json:"weight_grams,omitempty" minimum:"0" maximum:"1000000" doc:"change; 0: as it was."`
	Cost     *int64     `json:"cost,omitempty" minimum:"0" doc:"change: what the firm took; missing: as it was."`
	LatE6    *int64     `json:"lat_e6,omitempty" doc:"Where it was done, in millionths of a degree."`
	LngE6    *int64     `json:"lng_e6,omitempty"`
	Accuracy *int64     `json:"accuracy_m,omitempty" minimum:"0" maximum:"100000"`
}

type moveParcelIn struct {
	ID   id.ID `path:"id" doc:"Id of the parcel."`
	Body ParcelMove
}

func (c *call) moveParcel(in moveParcelIn) (Parcel, error) {
	b := in.Body
	m := parcel.Move{
		ID: id.New(), Act: parcel.Act(b.Act), Reason: carrier.Reason(b.Reason), Text: b.Text, Courier: id.Or(b.Courier), Receiver: b.Receiver, Relation: b.Relation,
		Method: payment.Method(b.Method), Received: b.Amount != nil, DueFrom: utc(b.DueFrom), DueUntil: utc(b.DueUntil), Restock: b.Restock, Carrier: b.Carrier,
		Service: b.Service, Waybill: b.Waybill, Grams: b.Grams, Cost: b.Cost, LatE6: b.LatE6, LngE6: b.LngE6, Accuracy: b.Accuracy, At: utc(b.At),
	}
	put(&m.Amount, b.Amount)
	if m.At != nil && m.At.After(c.sc.Now.Add(time.Minute)) {
		return Parcel{}, fault.New(fault.Invalid, "form.stale").On("at")
	}
	if _, err := c.Parcels.Do(c.ctx, c.sc, in.ID, m); err != nil {
		return Parcel{}, renamed(c.refused(err), map[string]string{"when": "due_from", "grams": "weight_grams", "place": "lat_e6"})
	}
	return c.getParcel(parcelIn{in.ID})
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

type labelIn struct {
	ID    id.ID  `path:"id" doc:"Id of the parcel."`
	Sheet string `query:"sheet" enum:"thermal,a6,a4" doc:"thermal (100 x 150 mm) if missing."`
}

// getLabel draws the label. It shows who receives the parcel, so a key needs
// customers:read as well.
func (c *call) getLabel(in labelIn) (file, error) {
	p, err := c.Parcels.Get(c.ctx, c.sc, in.ID)
	if err != nil {
		return nil, err
	}
	if err := c.sc.Can(authz.SeeCustomers); err != nil {
		return nil, err
	}
	shop, err := c.Shops.Get(c.ctx, c.sc)
	if err != nil {
		return nil, err
	}
	list, err := c.Parcels.Labels(c.ctx, c.sc, shop, []parcel.Parcel{p.Parcel}, c.Base+"/lacak/")
	if err != nil {
		return nil, err
	}
	sheet := label.Sheet(in.Sheet)
	if sheet == "" {
		sheet = label.Thermal
	}
	var b bytes.Buffer
	err = label.Labels(c.ctx, &b, sheet, list)
	return b.Bytes(), err
}

// ParcelSettings are what a shop sets about its parcels.
type ParcelSettings struct {
	CodeFrom  int64 `json:"code_from" minimum:"0" doc:"Rupiah of goods from which the receiver says a code; 0: never."`
	CashLimit int64 `json:"cash_limit" minimum:"0" doc:"Rupiah that a courier may hold; 0: no limit."`
	Attempts  int64 `json:"max_attempts" minimum:"0" maximum:"9" doc:"How often a parcel is brought before it is to go back; 0: as often as needed."`
}

func (c *call) getParcelSettings(none) (ParcelSettings, error) {
	st, err := c.Parcels.GetSettings(c.ctx, c.sc)
	return ParcelSettings{st.CodeFrom, st.CashLimit, st.Attempts}, err
}

type parcelSettingsIn struct{ Body ParcelSettings }

func (c *call) setParcelSettings(in parcelSettingsIn) (ParcelSettings, error) {
	if err := c.Parcels.PutSettings(c.ctx, c.sc, parcel.Settings{CodeFrom: in.Body.CodeFrom, CashLimit: in.Body.CashLimit, Attempts: in.Body.Attempts}); err != nil {
		return ParcelSettings{}, renamed(err, map[string]string{"attempts": "max_attempts"})
	}
	return c.getParcelSettings(none{})
}

// TrackStep is a line of a parcel's public timeline.
type TrackStep struct {
	Status string    `json:"status"`
	Reason string    `json:"reason,omitempty"`
	Words  string    `json:"words,omitempty" doc:"The carrier's own words."`
	Place  string    `json:"place,omitempty" doc:"Where the carrier had it."`
	At     time.Time `json:"at"`
}

// Tracking is what anybody who has a parcel's link, or its number and the last
// digits of the receiver's phone, may know.
type Tracking struct {
	Number   string      `json:"number" doc:"The carrier's number, or the shop's."`
	Carrier  string      `json:"carrier"`
	Service  string      `json:"service,omitempty"`
	Status   string      `json:"status" enum:"draft,ready,pickup_requested,picked_up,in_transit,at_hub,out_for_delivery,delivered,attempt_failed,on_hold,returning,returned,lost,damaged,cancelled,disposed"`
	Reason   string      `json:"reason,omitempty"`
	Shop     string      `json:"shop_name"`
	Town     string      `json:"town" doc:"Where it goes."`
	COD      int64       `json:"cod" doc:"Still to be paid at the door."`
	DueFrom  *time.Time  `json:"due_from,omitempty"`
	DueUntil *time.Time  `json:"due_until,omitempty"`
	Courier  string      `json:"courier,omitempty" doc:"First name of who brings it, while it is out."`
	Relation string      `json:"relation,omitempty" doc:"Who took it, to the receiver."`
	DoneAt   *time.Time  `json:"done_at,omitempty"`
	Events   []TrackStep `json:"events" doc:"Oldest first."`
	URL      string      `json:"url" format:"uri"`
}

func (c *call) tracked(got parcel.Tracked) (Tracking, error) {
	shop, err := c.Shops.Get(c.ctx, authz.Job(got.Business))
	if err != nil {
		return Tracking{}, err
	}
	out := Tracking{
		Number: got.Number, Carrier: got.Carrier, Service: got.Service, Status: string(got.Status), Reason: string(got.Reason), Shop: shop.Name, Town: got.Town,
		COD: got.COD, DueFrom: got.DueFrom, DueUntil: got.DueUntil, Relation: got.Relation, DoneAt: got.DoneAt, Events: []TrackStep{},
		URL: c.Base + "/lacak/" + c.Parcels.Link(got.Business, got.ID),
	}
	if got.Waybill != "" {
		out.Number = got.Waybill
	}
	if out.Courier, err = c.Front.FirstName(c.ctx, got.Courier); err != nil {
		return Tracking{}, err
	}
	for _, e := range got.Events {
		out.Events = append(out.Events, TrackStep{string(e.Status), string(e.Reason), e.Words, e.Place, e.At})
	}
	return out, nil
}

type trackIn struct {
	Token string `path:"token" doc:"The end of the parcel's url." example:"aaaaaaaaaaaaaaaaaaaaaaaaaa"`
}

func (c *call) track(in trackIn) (Tracking, error) {
	got, err := c.Parcels.ByLink(c.ctx, in.Token)
	if err != nil {
		return Tracking{}, err
	}
	return c.tracked(got)
}

// Lookup is a number with the last digits of the receiver's phone.
type Lookup struct {
	Number string `json:"number" minLength:"1" maxLength:"40" doc:"The carrier's number, or the shop's."`
	Last   string `json:"last" minLength:"4" maxLength:"4" doc:"The last four digits of the receiver's phone."`
}

type lookupIn struct{ Body Lookup }

// lookUp is a POST, so that no log of addresses keeps the digits.
func (c *call) lookUp(in lookupIn) (Tracking, error) {
	got, err := c.Parcels.ByNumber(c.ctx, in.Body.Number, in.Body.Last)
	if err != nil {
		return Tracking{}, err
	}
	return c.tracked(got)
}
