package biteship

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lapak/internal/carrier"
)

// codDays is when Biteship pays what was taken at the door: the latest costs least.
const codDays = "7_days"

// wib is the time in which Biteship reads the hour of a pick-up.
var wib = time.FixedZone("WIB", 7*3600)

// order is an order as Biteship answers with it. Every field may be missing.
type order struct {
	ID        string         `json:"id"`
	Reference carrier.Loose  `json:"reference_id"`
	Status    carrier.Loose  `json:"status"`
	Price     carrier.Rupiah `json:"price"`
	Courier   struct {
		Waybill   carrier.Loose `json:"waybill_id"`
		Company   carrier.Loose `json:"company"`
		Type      carrier.Loose `json:"type"`
		Link      carrier.Loose `json:"link"`
		Routing   carrier.Loose `json:"routing_code"`
		Insurance struct {
			Fee carrier.Rupiah `json:"fee"`
		} `json:"insurance"`
		History []step `json:"history"`
	} `json:"courier"`
	Destination struct {
		COD struct {
			Amount carrier.Rupiah `json:"amount"`
			Fee    carrier.Rupiah `json:"fee"`
		} `json:"cash_on_delivery"`
	} `json:"destination"`
}

func (o order) booked() carrier.Booked {
	company := string(o.Courier.Company)
	b := carrier.Booked{
		Ref: o.ID, Firm: company, Service: string(o.Courier.Type), Routing: carrier.Clean(string(o.Courier.Routing), 60), Link: link(o.Courier.Link),
		Fee: int64(o.Price), Insurance: int64(o.Courier.Insurance.Fee), COD: int64(o.Destination.COD.Amount), CODFee: int64(o.Destination.COD.Fee),
		Events: events(company, o.Courier.History),
	}
	if n, err := carrier.CleanNumber(string(o.Courier.Waybill)); err == nil {
		b.Number = n
	}
	if f, ok := carrier.FindAt(carrier.Biteship, company); ok {
		b.Firm = f.Code
	}
	said := func(e carrier.Event) bool { return e.Code == string(o.Status) }
	if o.Status != "" && !slices.ContainsFunc(b.Events, said) {
		b.Events = append(b.Events, event(company, string(o.Status), "", time.Time{}))
	}
	return b
}

// link is a page of the courier's, if it is one that may be opened.
func link(s carrier.Loose) string {
	u, err := url.Parse(string(s))
	if err != nil || u.Scheme != "https" || u.Host == "" || len(s) > 500 {
		return ""
	}
	return u.String()
}

// Book makes an order. Biteship refuses a reference that it has, and says
// which order that is: then that one is the answer.
func (c *Client) Book(ctx context.Context, b carrier.Booking) (carrier.Booked, error) {
	f, ok := carrier.Find(b.Firm)
	if !ok || f.Biteship == "" {
		return carrier.Booked{}, carrier.ErrUnable
	}
	from, err := c.find(ctx, b.From)
	if err != nil {
		return carrier.Booked{}, err
	}
	to, err := c.find(ctx, b.To)
	if err != nil {
		return carrier.Booked{}, err
	}
	body := map[string]any{
		"reference_id": b.Ref, "courier_company": f.Biteship, "courier_type": b.Service, "order_note": b.Note, "items": items(b),
		"shipper_contact_name": b.Shop, "shipper_contact_phone": local(b.From.Phone), "delivery_type": "now",
	}
	from.fill(body, "origin", b.From)
	to.fill(body, "destination", b.To)
	if b.COD > 0 {
		body["destination_cash_on_delivery"], body["destination_cash_on_delivery_type"] = b.COD, codDays
	}
	if b.Insured > 0 {
		body["courier_insurance"] = b.Insured
	}
	if !b.PickUp.IsZero() {
		at := b.PickUp.In(wib)
		body["delivery_type"], body["delivery_date"], body["delivery_time"] = "scheduled", at.Format("2006-01-02"), at.Format("15:04")
	}
	var o order
	p, err := c.ask(ctx, "book", http.MethodPost, "/v1/orders", body, &o)
	if p != nil && string(p.Code) == codeTwice {
		there := p.order()
		if there == "" {
			return carrier.Booked{}, err
		}
		if o, err = c.get(ctx, there); err == nil && o.Reference != "" && string(o.Reference) != b.Ref {
			return carrier.Booked{}, c.caller.Garbage("book")
		}
	}
	if err != nil {
		return carrier.Booked{}, err
	}
	if o.ID == "" {
		return carrier.Booked{}, c.caller.Garbage("book")
	}
	return o.booked(), nil
}

func (c *Client) get(ctx context.Context, ref string) (order, error) {
	var o order
	_, err := c.ask(ctx, "order", http.MethodGet, "/v1/orders/"+url.PathEscape(ref), nil, &o)
	return o, err
}

// Cancel takes an order back. Where Biteship says that it cannot, the order
// itself tells whether that is because it has been cancelled already.
func (c *Client) Cancel(ctx context.Context, ref, reason string) error {
	var o order
	body := map[string]string{"cancellation_reason_code": "others", "cancellation_reason": carrier.Clean(reason, 200)}
	p, err := c.ask(ctx, "cancel", http.MethodPost, "/v1/orders/"+url.PathEscape(ref)+"/cancel", body, &o)
	if p == nil || !slices.Contains(doneCodes, string(p.Code)) {
		return err
	}
	o, got := c.get(ctx, ref)
	if got != nil {
		return got
	}
	if s, _, _ := carrier.Map(carrier.Biteship, string(o.Status), ""); s == carrier.Cancelled {
		return nil
	}
	return err
}

// fill writes an end of the way into a body of orders.
func (w where) fill(body map[string]any, end string, p carrier.Place) {
	body[end+"_contact_name"], body[end+"_contact_phone"], body[end+"_address"], body[end+"_note"] = p.Name, local(p.Phone), address(p), p.Note
	if p.Email != "" {
		body[end+"_contact_email"] = p.Email
	}
	if w.postal > 0 {
		body[end+"_postal_code"] = w.postal
	}
	if w.area != "" {
		body[end+"_area_id"] = w.area
	}
	if w.point {
		body[end+"_coordinate"] = map[string]float64{"latitude": w.lat, "longitude": w.lng}
	}
}

func address(p carrier.Place) string {
	parts := make([]string, 0, 5)
	for _, s := range []string{p.Address, p.Village, p.District, p.Regency, p.Province} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// local is the number as couriers dial it: 0812...
func local(e164 string) string {
	if rest, ok := strings.CutPrefix(e164, "+62"); ok {
		return "0" + rest
	}
	return e164
}

// items are the goods. The box is the parcel's, so its size stands at the
// first of them; weights that do not come to the parcel's are put right there.
func items(b carrier.Booking) []item {
	if len(b.Items) == 0 {
		return []item{{"Paket", b.Insured, b.Box.Length, b.Box.Width, b.Box.Height, max(1, b.Box.Grams), 1}}
	}
	list := make([]item, 0, len(b.Items))
	sum := int64(0)
	for _, i := range b.Items {
		n := max(1, i.Quantity)
		list = append(list, item{Name: i.Name, Value: i.Value, Weight: max(1, i.Grams), Quantity: n})
		sum += n * max(1, i.Grams)
	}
	list[0].Length, list[0].Width, list[0].Height = b.Box.Length, b.Box.Width, b.Box.Height
	if more := b.Box.Grams - sum; more > 0 {
		list[0].Weight += (more + list[0].Quantity - 1) / list[0].Quantity
	}
	return list
}

// message is a webhook in either of its shapes: flat, or with a courier.
type message struct {
	Event     string         `json:"event"`
	OrderID   carrier.Loose  `json:"order_id"`
	ID        carrier.Loose  `json:"id"`
	Reference carrier.Loose  `json:"reference_id"`
	OrderRef  carrier.Loose  `json:"order_reference_id"`
	Status    carrier.Loose  `json:"status"`
	Note      carrier.Loose  `json:"note"`
	UpdatedAt carrier.Loose  `json:"updated_at"`
	Timestamp carrier.Loose  `json:"timestamp"`
	Waybill   carrier.Loose  `json:"courier_waybill_id"`
	WaybillID carrier.Loose  `json:"waybill_id"`
	Company   carrier.Loose  `json:"courier_company"`
	Name      carrier.Loose  `json:"courier_driver_name"`
	Phone     carrier.Loose  `json:"courier_driver_phone"`
	Plate     carrier.Loose  `json:"courier_driver_plate_number"`
	Link      carrier.Loose  `json:"courier_link"`
	Price     *carrier.Loose `json:"price"`
	OrderFee  *carrier.Loose `json:"order_price"`
	Courier   struct {
		Waybill carrier.Loose `json:"waybill_id"`
		Company carrier.Loose `json:"company"`
		Name    carrier.Loose `json:"driver_name"`
		Phone   carrier.Loose `json:"driver_phone"`
		Plate   carrier.Loose `json:"driver_plate_number"`
		Link    carrier.Loose `json:"link"`
	} `json:"courier"`
}

// Hook judges a message by the header and secret that the merchant set, and
// reads it. The empty body of the installation's test says nothing, whoever
// sends it.
func (c *Client) Hook(header http.Header, body []byte) (carrier.Hook, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return carrier.Hook{}, nil
	}
	if c.header == "" || !carrier.Same(c.secret, header.Get(c.header)) {
		return carrier.Hook{}, carrier.ErrHook
	}
	var m message
	if json.Unmarshal(body, &m) != nil {
		return carrier.Hook{}, carrier.ErrHookForm
	}
	if m.Event == "" && m.OrderID == "" && m.ID == "" {
		return carrier.Hook{}, nil
	}
	h := carrier.Hook{
		Ref: either(m.OrderID, m.ID), Ours: either(m.Reference, m.OrderRef), Link: link(carrier.Loose(either(m.Link, m.Courier.Link))),
		Driver: carrier.Driver{
			Name: carrier.Clean(either(m.Name, m.Courier.Name), 80), Phone: carrier.Clean(either(m.Phone, m.Courier.Phone), 30),
			Plate: carrier.Clean(either(m.Plate, m.Courier.Plate), 20),
		},
	}
	if h.Ref == "" {
		return carrier.Hook{}, carrier.ErrHookForm
	}
	if n, err := carrier.CleanNumber(either(m.Waybill, m.WaybillID, m.Courier.Waybill)); err == nil {
		h.Number = n
	}
	switch m.Event {
	case "order.status":
		e := event(either(m.Company, m.Courier.Company), string(m.Status), string(m.Note), carrier.Time(either(m.UpdatedAt, m.Timestamp)))
		if m.Status == "" {
			return carrier.Hook{}, carrier.ErrHookForm
		}
		h.Events, h.Verify = []carrier.Event{e}, e.At.IsZero()
	case "order.price":
		fee := m.Price
		if fee == nil {
			fee = m.OrderFee
		}
		var n carrier.Rupiah
		if fee == nil || *fee == "" || n.UnmarshalJSON([]byte(*fee)) != nil {
			return carrier.Hook{}, carrier.ErrHookForm
		}
		sum := int64(n)
		h.Fee = &sum
	case "order.waybill_id":
	default: // a sort of message that is new to us: something has happened
		h.Verify = true
	}
	return h, nil
}

func either(list ...carrier.Loose) string {
	for _, s := range list {
		if s != "" {
			return strings.TrimSpace(string(s))
		}
	}
	return ""
}
