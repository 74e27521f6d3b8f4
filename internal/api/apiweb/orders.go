package apiweb

import (
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/web"
)

const sampleEntry = `{"channel": "chat", "lines": [{"variant": "VARIANT", "quantity": 1}], "name": "Rina Sari", "phone": "081234567890", "way": "pickup", "pay": "cash"}`

// Buyer is who ordered. It is there for keys that may read customers alone.
type Buyer struct {
	Customer *id.ID `json:"customer,omitempty"`
	Name     string `json:"name"`
	Phone    string `json:"phone" doc:"E.164, or empty."`
	Village  string `json:"village" doc:"Code of the region."`
	Place    string `json:"place" doc:"The village with what lies above."`
	Street   string `json:"street"`
	Landmark string `json:"landmark"`
	Note     string `json:"note"`
}

// OrderSummary is an order in a list.
type OrderSummary struct {
	ID        id.ID      `json:"id"`
	Number    string     `json:"number" example:"LPK-0042"`
	Channel   string     `json:"channel" enum:"web,chat,counter"`
	State     string     `json:"state" enum:"placed,accepted,packed,sent,failed,done,returned,cancelled"`
	PayState  string     `json:"pay_state" enum:"unpaid,claimed,part,paid,over,refunded"`
	Way       string     `json:"way" enum:"pickup,own"`
	Pay       string     `json:"pay" enum:"qris,transfer,cod,cash"`
	Brief     string     `json:"brief" doc:"The first thing ordered, and how many more."`
	Pieces    int64      `json:"pieces"`
	Sums      Sums       `json:"sums"`
	Buyer     *Buyer     `json:"buyer,omitempty" doc:"Only with customers:read."`
	Complaint string     `json:"complaint,omitempty" doc:"Kind of an open complaint."`
	Reason    string     `json:"reason,omitempty"`
	Voucher   string     `json:"voucher,omitempty"`
	PayUntil  *time.Time `json:"pay_until,omitempty"`
	Promised  *Window    `json:"promised,omitempty" doc:"When it was promised to come; missing if no time was."`
	PlacedAt  time.Time  `json:"placed_at"`
	ChangedAt time.Time  `json:"changed_at"`
}

// OrderList is a page of the shop's orders, newest first.
type OrderList struct {
	Items []OrderSummary `json:"items"`
	Next  string         `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

// Payment is money that came, or went back (then it is below zero).
type Payment struct {
	ID     id.ID     `json:"id"`
	Method string    `json:"method" enum:"qris,transfer,cod,cash"`
	Amount int64     `json:"amount"`
	At     time.Time `json:"at"`
}

// OwnEvent is something that happened to an order, as its shop sees it.
type OwnEvent struct {
	ID     id.ID     `json:"id"`
	Act    string    `json:"act"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	By     string    `json:"by" doc:"Role of who did it: guest is the buyer, machine a job."`
	Reason string    `json:"reason,omitempty"`
	Amount int64     `json:"amount,omitempty"`
	Method string    `json:"method,omitempty"`
	Text   string    `json:"text,omitempty" doc:"Only with customers:read."`
	At     time.Time `json:"at"`
}

// OwnOrder is an order as its shop's people see it.
type OwnOrder struct {
	OrderSummary
	Lines    []OrderLine `json:"lines"`
	Payments []Payment   `json:"payments"`
	Events   []OwnEvent  `json:"events" doc:"Oldest first."`
	Moves    []string    `json:"moves" doc:"What moveOrder takes now."`
}

func (c *call) summary(o order.Order) OrderSummary {
	out := OrderSummary{
		ID: o.ID, Number: o.Called(), Channel: string(o.Channel), State: string(o.State), PayState: string(o.PayState), Way: string(o.Way), Pay: string(o.PayBy),
		Brief: o.Brief, Pieces: o.Pieces, Sums: sums(o), Complaint: o.Complaint, Reason: o.Reason, Voucher: o.Voucher, PlacedAt: o.PlacedAt, ChangedAt: o.ChangedAt,
		Promised: promised(o),
	}
	if !o.State.Over() {
		out.PayUntil = o.HoldUntil
	}
	if c.sc.May(authz.SeeCustomers) {
		out.Buyer = &Buyer{o.Customer.Null(), o.Name, o.Phone, o.Village, o.Place().Label(), o.Street, o.Landmark, o.Note}
	}
	return out
}

type listOrdersIn struct {
	Tab    string    `query:"tab" enum:"action,work,sent,done,cancelled" doc:"What is to be done with it next."`
	State  string    `query:"state" enum:"placed,accepted,packed,sent,failed,done,returned,cancelled"`
	Since  time.Time `query:"since" doc:"Placed at or after this moment (RFC 3339)."`
	Until  time.Time `query:"until" doc:"Placed before this moment (RFC 3339)."`
	Q      string    `query:"q" doc:"Number, product, name or phone; needs customers:read as well."`
	Limit  int64     `query:"limit" minimum:"1" maximum:"100" doc:"How many at most; 25 if missing."`
	Cursor string    `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

func (c *call) listOrders(in listOrdersIn) (OrderList, error) {
	out := OrderList{Items: []OrderSummary{}}
	after, err := cursor(in.Cursor, order.ParseCursor)
	if err != nil {
		return out, err
	}
	if in.Q != "" && !c.sc.May(authz.SeeCustomers) { // a search would tell whether somebody ordered
		return out, errSearch.On(web.ParameterMark + "q")
	}
	page, err := c.Orders.List(c.ctx, c.sc, order.Filter{
		Tab: order.Tab(in.Tab), State: order.State(in.State), Since: in.Since, Until: in.Until, Words: in.Q, Cursor: after, Max: most(in.Limit),
	})
	if err != nil {
		return out, err
	}
	for _, o := range page.Orders {
		out.Items = append(out.Items, c.summary(o))
	}
	out.Next = page.Next.String()
	return out, nil
}

type orderIn struct {
	ID id.ID `path:"id" doc:"Id of the order."`
}

func (c *call) getOrder(in orderIn) (OwnOrder, error) {
	d, err := c.Orders.Get(c.ctx, c.sc, in.ID)
	if err != nil {
		return OwnOrder{}, err
	}
	c.customer = d.Customer
	out := OwnOrder{OrderSummary: c.summary(d.Order), Lines: c.lines(d.Order), Payments: []Payment{}, Events: []OwnEvent{}, Moves: []string{}}
	for _, m := range d.Payments {
		out.Payments = append(out.Payments, Payment{m.ID, string(m.Method), m.Amount, m.At})
	}
	for _, e := range d.Events {
		one := OwnEvent{
			ID: e.ID, Act: string(e.Act), From: string(e.From), To: string(e.To), By: e.By, Reason: e.Reason, Amount: e.Amount, Method: string(e.Method), At: e.At,
		}
		if c.sc.May(authz.SeeCustomers) {
			one.Text = e.Text
		}
		out.Events = append(out.Events, one)
	}
	for _, a := range d.Actions {
		if a.Act != order.ActUndo {
			out.Moves = append(out.Moves, string(a.Act))
		}
	}
	return out, nil
}

// Entry is an order that came by chat or stands at the counter.
type Entry struct {
	Channel   string `json:"channel" enum:"chat,counter"`
	Lines     []Want `json:"lines" minItems:"1" maxItems:"50"`
	Name      string `json:"name,omitempty" maxLength:"60" doc:"Needed for chat."`
	Phone     string `json:"phone,omitempty" maxLength:"30"`
	Way       string `json:"way" enum:"pickup,own"`
	Village   string `json:"village,omitempty" doc:"Where it is brought: a code of findPlaces."`
	Street    string `json:"street,omitempty" maxLength:"200"`
	Landmark  string `json:"landmark,omitempty" maxLength:"120"`
	Pay       string `json:"pay" enum:"qris,transfer,cod,cash"`
	Note      string `json:"note,omitempty" maxLength:"500"`
	Voucher   string `json:"voucher,omitempty" maxLength:"30"`
	Consent   bool   `json:"consent,omitempty" doc:"Whether the buyer agreed to be written to about offers."`
	CashGiven int64  `json:"cash_given,omitempty" minimum:"0" doc:"At the counter: what the buyer gave."`
	Deferred  bool   `json:"deferred,omitempty" doc:"At the counter: to be made and fetched, not handed over now."`

	Window   *time.Time `json:"window,omitempty" doc:"When the promised hours begin: one of the windows of quote. Missing: the first that are free."`
	NoWindow bool       `json:"no_window,omitempty" doc:"Promise no time, and take no place of the hours."`
}

type entryIn struct{ Body Entry }

func (c *call) enterOrder(in entryIn) (OwnOrder, error) {
	b := in.Body
	if order.Channel(b.Channel) == order.Web { // is what buyers place
		return OwnOrder{}, errChannel.On("channel")
	}
	o, err := c.Orders.Place(c.ctx, c.sc, order.Draft{
		ID: id.New(), Channel: order.Channel(b.Channel), Lines: wants(b.Lines), Name: b.Name, Phone: b.Phone, Way: order.Way(b.Way), Village: b.Village,
		Street: b.Street, Landmark: b.Landmark, PayBy: payment.Method(b.Pay), Note: b.Note, Voucher: b.Voucher, Consent: b.Consent, CashGiven: b.CashGiven,
		Deferred: b.Deferred, Window: moment(b.Window), NoWindow: b.NoWindow,
	})
	if err != nil {
		return OwnOrder{}, renamed(c.refused(err), map[string]string{"cash": "cash_given"})
	}
	c.location = web.APIBase + "/my/orders/" + o.ID.String()
	return c.getOrder(orderIn{o.ID})
}

// Move is something done with an order. Which fields count depends on the act.
type Move struct {
	Act      string  `json:"act" enum:"accept,decline,pack,assign,hand_over,collect,deliver,fail,retry,return,cancel,answer,edit,pay,unclaim,refund,note"`
	Reason   string  `json:"reason,omitempty" maxLength:"30" doc:"decline, cancel, fail, return, refund: one of the reasons in docs/api.md."`
	Text     string  `json:"text,omitempty" maxLength:"500" doc:"Words that go with it; needed by note, answer and the reason other."`
	Method   string  `json:"method,omitempty" enum:"qris,transfer,cod,cash" doc:"pay, refund; deliver and collect: how the rest was paid."`
	Amount   *int64  `json:"amount,omitempty" minimum:"0" doc:"pay, refund; deliver and collect: what was received, if not all that was due."`
	Courier  *id.ID  `json:"courier,omitempty" doc:"assign, hand_over, retry: the person who brings it."`
	Receiver string  `json:"receiver,omitempty" maxLength:"60" doc:"deliver: who took it."`
	Relation string  `json:"relation,omitempty" enum:"self,family,neighbour,guard,other" doc:"deliver: who that is to the buyer."`
	Restock  bool    `json:"restock,omitempty" doc:"return: back on the shelf."`
	Lines    []Want  `json:"lines,omitempty" maxItems:"50" doc:"edit: all that is ordered from now on."`
	Shipping *int64  `json:"shipping,omitempty" minimum:"0" doc:"edit; missing: as it was."`
	Note     *string `json:"note,omitempty" maxLength:"500" doc:"edit: the buyer's note; missing: as it was."`
}

type moveIn struct {
	ID   id.ID `path:"id" doc:"Id of the order."`
	Body Move
}

func (c *call) moveOrder(in moveIn) (OwnOrder, error) {
	b := in.Body
	m := order.Move{
		ID: id.New(), Act: order.Act(b.Act), Reason: b.Reason, Text: b.Text, Method: payment.Method(b.Method), Courier: id.Or(b.Courier), Receiver: b.Receiver,
		Relation: b.Relation, Restock: b.Restock, Received: b.Amount != nil,
	}
	put(&m.Amount, b.Amount)
	if m.Act == order.ActEdit {
		m.Edit = &order.Edit{Lines: wants(b.Lines), Shipping: b.Shipping, Note: b.Note}
	}
	if _, err := c.Orders.Do(c.ctx, c.sc, in.ID, m); err != nil {
		return OwnOrder{}, c.refused(err)
	}
	return c.getOrder(orderIn{in.ID})
}

// Customer is who orders from the shop.
type Customer struct {
	ID          id.ID      `json:"id"`
	Name        string     `json:"name"`
	Phone       string     `json:"phone" doc:"E.164; empty once erased."`
	Note        string     `json:"note"`
	Tags        []string   `json:"tags"`
	Orders      int64      `json:"orders"`
	Spent       int64      `json:"spent"`
	Promo       bool       `json:"promo" doc:"Agreed to be written to about offers."`
	LastOrderAt *time.Time `json:"last_order_at,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	ErasedAt    *time.Time `json:"erased_at,omitempty"`
}

func customerOf(k customer.Customer) Customer {
	return Customer{k.ID, k.Name, k.Phone, k.Note, some(k.Tags), k.Orders, k.Spent, k.Promo, k.LastOrderAt, k.CreatedAt, k.ErasedAt}
}

// CustomerList is a page of customers: all of them in an order that stays, or
// those of a group or a search, who ordered last first.
type CustomerList struct {
	Items []Customer `json:"items"`
	Next  string     `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

type listCustomersIn struct {
	Group  string `query:"group" enum:"regular,new,quiet,promo" doc:"A part of them."`
	Q      string `query:"q" doc:"Name or phone number."`
	Limit  int64  `query:"limit" minimum:"1" maximum:"100" doc:"How many at most; 25 if missing."`
	Cursor string `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

func (c *call) listCustomers(in listCustomersIn) (CustomerList, error) {
	out := CustomerList{Items: []Customer{}}
	if in.Group == "" && in.Q == "" { // an order changes nobody's place
		after, err := cursor(in.Cursor, parseID)
		if err != nil {
			return out, err
		}
		list, more, err := c.Customers.All(c.ctx, c.sc, after.ID, most(in.Limit))
		if err != nil {
			return out, err
		}
		for _, k := range list {
			out.Items = append(out.Items, customerOf(k))
			if more {
				out.Next = k.ID.String()
			}
		}
		return out, nil
	}
	after, err := cursor(in.Cursor, customer.ParseCursor)
	if err != nil {
		return out, err
	}
	page, err := c.Customers.List(c.ctx, c.sc, customer.Filter{Group: customer.Group(in.Group), Words: in.Q, Cursor: after, Max: most(in.Limit)})
	if err != nil {
		return out, err
	}
	for _, k := range page.Customers {
		out.Items = append(out.Items, customerOf(k))
	}
	out.Next = page.Next.String()
	return out, nil
}

type customerIn struct {
	ID id.ID `path:"id" doc:"Id of the customer."`
}

func (c *call) getCustomer(in customerIn) (Customer, error) {
	d, err := c.Customers.Get(c.ctx, c.sc, in.ID)
	if err != nil {
		return Customer{}, err
	}
	c.customer = d.ID
	return customerOf(d.Customer), nil
}

// NewCustomer is a customer to be made.
type NewCustomer struct {
	Name  string   `json:"name" minLength:"1" maxLength:"60"`
	Phone string   `json:"phone" minLength:"1" maxLength:"30" doc:"As people write it, or E.164."`
	Note  string   `json:"note,omitempty" maxLength:"500"`
	Tags  []string `json:"tags,omitempty" maxItems:"8"`
}

type newCustomerIn struct{ Body NewCustomer }

func (c *call) createCustomer(in newCustomerIn) (Customer, error) {
	b := in.Body
	k, err := c.Customers.Add(c.ctx, c.sc, customer.Change{Name: b.Name, Phone: b.Phone, Note: b.Note, Tags: strings.Join(b.Tags, ",")})
	if err != nil {
		return Customer{}, err
	}
	c.location = web.APIBase + "/my/customers/" + k.ID.String()
	return c.getCustomer(customerIn{k.ID})
}

// CustomerChange is what is changed of a customer; what is missing stays.
type CustomerChange struct {
	Name  *string   `json:"name,omitempty" minLength:"1" maxLength:"60"`
	Phone *string   `json:"phone,omitempty" minLength:"1" maxLength:"30"`
	Note  *string   `json:"note,omitempty" maxLength:"500"`
	Tags  *[]string `json:"tags,omitempty" maxItems:"8"`
}

type customerChangeIn struct {
	ID   id.ID `path:"id" doc:"Id of the customer."`
	Body CustomerChange
}

func (c *call) changeCustomer(in customerChangeIn) (Customer, error) {
	err := c.Customers.Edit(c.ctx, c.sc, in.ID, func(to *customer.Change) {
		put(&to.Name, in.Body.Name)
		put(&to.Phone, in.Body.Phone)
		put(&to.Note, in.Body.Note)
		if in.Body.Tags != nil {
			to.Tags = strings.Join(*in.Body.Tags, ",")
		}
	})
	if err != nil {
		return Customer{}, err
	}
	return c.getCustomer(customerIn{in.ID})
}
