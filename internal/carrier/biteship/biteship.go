// Package biteship asks Biteship, a middleman for most couriers of Indonesia:
// prices, bookings, tracks and its webhooks.
package biteship

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/carrier"
)

// Base is where Biteship answers.
const Base = "https://api.biteship.com"

// Options are what a connector needs. The key is one shop's or the whole
// installation's: who makes the connector knows.
type Options struct {
	Key        string
	Base       string // empty: Base
	HTTP       *http.Client
	HookHeader string // the name of the header that the merchant chose in Biteship's dashboard
	HookSecret string // its value; without one no message is believed
}

// Client is a connector.
type Client struct {
	caller carrier.Caller
	header string
	secret string
	areas  *carrier.Memo[spot]
}

var _ carrier.Carrier = (*Client)(nil)

// New makes a connector.
func New(o Options) *Client {
	if o.Base == "" {
		o.Base = Base
	}
	return &Client{
		caller: carrier.Caller{Name: "biteship", Base: strings.TrimRight(o.Base, "/"), HTTP: o.HTTP, Header: http.Header{"Authorization": {o.Key}}},
		header: o.HookHeader, secret: o.HookSecret,
		areas: carrier.NewMemo[spot](2000),
	}
}

// Name is "biteship".
func (c *Client) Name() string { return c.caller.Name }

// Books reports that bookings are taken.
func (c *Client) Books() bool { return true }

// CanCancel reports whether Biteship takes a booking back: until the goods are fetched.
func (c *Client) CanCancel(s carrier.Status) bool {
	return s == carrier.Draft || s == carrier.Ready || s == carrier.PickupRequested
}

// Tracks reports whether Biteship has the firm.
func (c *Client) Tracks(code string) bool {
	f, ok := carrier.Find(code)
	return ok && f.Biteship != ""
}

// problem is how Biteship says no.
type problem struct {
	Success *bool           `json:"success"`
	Error   carrier.Loose   `json:"error"`
	Message carrier.Loose   `json:"message"`
	Code    carrier.Loose   `json:"code"`
	Details json.RawMessage `json:"details"`
}

// order is the order that the problem is about, empty if it names none.
func (p problem) order() string {
	var d struct {
		ID carrier.Loose `json:"order_id"`
	}
	if json.Unmarshal(p.Details, &d) != nil {
		return ""
	}
	return string(d.ID)
}

// Codes of problems that are acted on.
const (
	codeTwice     = "40002060" // the reference has been booked
	codeNotThere  = "40002057"
	codeTrackFail = "40003001"
	codeNoTrack   = "40003002"
	codeNoNumber  = "40003003"
)

var (
	areaCodes = []string{"40001001", "40001010", "40002010", "40002011", "40002020", "40002022", "40002023", "40002024", "40002025"}
	keyCodes  = []string{"40002001", "40002002", "40002003"}
	doneCodes = []string{"40002046", "40002050", "40002053"} // it stands elsewhere than was thought
)

func (p problem) fault(c carrier.Caller, op string) error {
	code := string(p.Code)
	words := string(p.Error)
	if words == "" {
		words = string(p.Message)
	}
	switch {
	case slices.Contains(areaCodes, code):
		return carrier.ErrArea
	case slices.Contains(keyCodes, code), strings.HasPrefix(code, "401"), strings.HasPrefix(code, "403"):
		return carrier.ErrKey
	case code == codeNotThere, code == codeNoNumber:
		return carrier.ErrNumber
	case code == codeNoTrack:
		return carrier.ErrUnable
	case code == codeTrackFail:
		return carrier.ErrDown
	}
	return c.Refuse(op, words)
}

// ask calls and reads the answer into out, or says why not. A problem is
// returned beside its fault, for who knows more of its code.
func (c *Client) ask(ctx context.Context, op, method, path string, body, out any) (*problem, error) {
	status, raw, err := c.caller.Do(ctx, op, method, path, body)
	if err != nil {
		return nil, err
	}
	var p problem
	if json.Unmarshal(raw, &p) != nil {
		return nil, c.caller.Garbage(op)
	}
	if status/100 != 2 || p.Success != nil && !*p.Success {
		return &p, p.fault(c.caller, op)
	}
	if json.Unmarshal(raw, out) != nil {
		return nil, c.caller.Garbage(op)
	}
	return nil, nil
}

// where is an end of the way as Biteship takes it.
type where struct {
	postal int64
	area   string
	lat    float64
	lng    float64
	point  bool
}

// find says where a place is: by its postcode, its point, or both, or else by
// the area that Biteship finds for its names.
func (c *Client) find(ctx context.Context, p carrier.Place) (where, error) {
	var w where
	if n, err := strconv.ParseInt(p.Postal, 10, 32); err == nil && n > 0 {
		w.postal = n
	}
	if p.Pointed() {
		w.lat, w.lng, w.point = float64(*p.LatE6)/1e6, float64(*p.LngE6)/1e6, true
	}
	if p.Area != "" {
		w.area, w.postal = p.Area, 0
		return w, nil
	}
	if w.postal > 0 || w.point {
		return w, nil
	}
	id, _, err := c.Locate(ctx, p)
	w.area = id
	return w, err
}

// Locate is Biteship's id of the area that it finds for the names of a place.
func (c *Client) Locate(ctx context.Context, p carrier.Place) (area, name string, err error) {
	names := make([]string, 0, 4)
	for _, s := range []string{p.District, p.Regency, p.Province, p.Postal} {
		if s != "" {
			names = append(names, s)
		}
	}
	search := strings.Join(names, ", ")
	if search == "" {
		return "", "", carrier.ErrArea
	}
	if kept, ok := c.areas.Get(search); ok {
		return kept.id, kept.name, nil
	}
	var got struct {
		Areas []struct {
			ID   string        `json:"id"`
			Name carrier.Loose `json:"name"`
		} `json:"areas"`
	}
	q := url.Values{"countries": {"ID"}, "input": {search}, "type": {"single"}}
	if _, err := c.ask(ctx, "areas", http.MethodGet, "/v1/maps/areas?"+q.Encode(), nil, &got); err != nil {
		return "", "", err
	}
	if len(got.Areas) == 0 || got.Areas[0].ID == "" || len(got.Areas[0].ID) > 80 {
		return "", "", carrier.ErrArea
	}
	found := spot{got.Areas[0].ID, carrier.Clean(string(got.Areas[0].Name), 120)}
	c.areas.Put(search, found)
	return found.id, found.name, nil
}

// spot is an area of Biteship.
type spot struct{ id, name string }

type item struct {
	Name     string `json:"name"`
	Value    int64  `json:"value"`
	Length   int64  `json:"length,omitempty"`
	Width    int64  `json:"width,omitempty"`
	Height   int64  `json:"height,omitempty"`
	Weight   int64  `json:"weight"`
	Quantity int64  `json:"quantity"`
}

// Rates are the prices of the firms that serve both ends.
func (c *Client) Rates(ctx context.Context, q carrier.RateQuery) ([]carrier.Rate, error) {
	codes := couriers(q)
	if len(codes) == 0 {
		return nil, nil
	}
	from, err := c.find(ctx, q.From)
	if err != nil {
		return nil, err
	}
	to, err := c.find(ctx, q.To)
	if err != nil {
		return nil, err
	}
	body := map[string]any{
		"couriers": strings.Join(codes, ","),
		"items":    []item{{"Paket", q.Value, q.Box.Length, q.Box.Width, q.Box.Height, max(1, q.Box.Grams), 1}},
	}
	from.put(body, "origin")
	to.put(body, "destination")
	if q.COD > 0 {
		body["destination_cash_on_delivery"] = q.COD
	}
	var got struct {
		Pricing []pricing `json:"pricing"`
	}
	if _, err := c.ask(ctx, "rates", http.MethodPost, "/v1/rates/couriers", body, &got); err != nil {
		return nil, err
	}
	var rates []carrier.Rate
	for _, p := range got.Pricing {
		if r, ok := p.rate(q); ok {
			rates = append(rates, r)
		}
	}
	return rates, nil
}

// couriers are Biteship's codes of the firms that may be asked.
func couriers(q carrier.RateQuery) []string {
	var codes []string
	for _, f := range carrier.Firms() {
		switch {
		case f.Biteship == "", len(q.Firms) > 0 && !slices.Contains(q.Firms, f.Code), f.Point && !(q.From.Pointed() && q.To.Pointed()):
		default:
			codes = append(codes, f.Biteship)
		}
	}
	return codes
}

// put writes an end of the way into a body of rates.
func (w where) put(body map[string]any, end string) {
	if w.postal > 0 {
		body[end+"_postal_code"] = w.postal
	}
	if w.area != "" {
		body[end+"_area_id"] = w.area
	}
	if w.point {
		body[end+"_latitude"], body[end+"_longitude"] = w.lat, w.lng
	}
}

type pricing struct {
	Courier     carrier.Loose  `json:"courier_code"`
	CourierName carrier.Loose  `json:"courier_name"`
	Service     carrier.Loose  `json:"courier_service_code"`
	ServiceName carrier.Loose  `json:"courier_service_name"`
	Type        carrier.Loose  `json:"type"`
	Duration    carrier.Loose  `json:"duration"`
	Range       carrier.Loose  `json:"shipment_duration_range"`
	Unit        carrier.Loose  `json:"shipment_duration_unit"`
	Price       carrier.Rupiah `json:"price"`
	Insurance   carrier.Rupiah `json:"insurance_fee"`
	CODFee      carrier.Rupiah `json:"cash_on_delivery_fee"`
	COD         bool           `json:"available_for_cash_on_delivery"`
}

// rate is a price as ours; a courier that we do not know keeps its code.
func (p pricing) rate(q carrier.RateQuery) (carrier.Rate, bool) {
	code := strings.ToLower(string(p.Courier))
	if code == "" || p.Service == "" || p.Price == 0 {
		return carrier.Rate{}, false
	}
	r := carrier.Rate{
		Via: "biteship", Firm: code, FirmName: carrier.Clean(string(p.CourierName), 60), Service: carrier.Clean(string(p.Service), 40), ServiceName: carrier.Clean(string(p.ServiceName), 60),
		Fee: int64(p.Price), COD: p.COD, Words: carrier.Clean(string(p.Duration), 60),
	}
	f, known := carrier.FindAt(carrier.Biteship, code)
	if known {
		r.Firm, r.FirmName = f.Code, f.Name
	}
	if q.Insured {
		r.Insurance = int64(p.Insurance)
	}
	if q.COD > 0 && p.COD {
		r.CODFee = int64(p.CODFee)
	}
	if s, ok := f.Service(r.Service); ok {
		r.Group = s.Group
	} else {
		r.Group = carrier.GroupOf(string(p.Type) + " " + r.ServiceName)
	}
	r.Least, r.Most = carrier.Span(string(p.Range) + " " + string(p.Unit))
	if r.Most == 0 {
		r.Least, r.Most = carrier.Span(r.Words)
	}
	return r, true
}

// Track is what happened to a parcel.
func (c *Client) Track(ctx context.Context, number, code, _ string) ([]carrier.Event, error) {
	f, ok := carrier.Find(code)
	if !ok || f.Biteship == "" {
		return nil, carrier.ErrUnable
	}
	var got struct {
		History []step `json:"history"`
	}
	_, err := c.ask(ctx, "track", http.MethodGet, "/v1/trackings/"+url.PathEscape(number)+"/couriers/"+url.PathEscape(f.Biteship), nil, &got)
	if err != nil {
		return nil, err
	}
	return events(f.Biteship, got.History), nil
}

// step is something that happened, in Biteship's words and the courier's.
type step struct {
	Note      carrier.Loose `json:"note"`
	UpdatedAt carrier.Loose `json:"updated_at"`
	Status    carrier.Loose `json:"status"`
}

func events(company string, steps []step) []carrier.Event {
	list := make([]carrier.Event, 0, len(steps))
	for _, s := range steps {
		list = append(list, event(company, string(s.Status), string(s.Note), carrier.Time(string(s.UpdatedAt))))
	}
	slices.SortStableFunc(list, func(a, b carrier.Event) int { return a.At.Compare(b.At) })
	return list
}

// event understands a state. Biteship says "dropping_off" of parcels from the
// first hub on: unless the courier's text says that it is at the door, that is
// no more than on the way.
func event(company, code, note string, at time.Time) carrier.Event {
	e := carrier.Event{At: at, Words: carrier.Clean(note, 300), Code: carrier.Clean(code, 60)}
	e.Status, e.Reason, _ = carrier.Map(carrier.Biteship, code, note)
	if e.Status == carrier.OutForDelivery {
		said, _, _ := carrier.Map(carrier.Text, "", note)
		if f, _ := carrier.FindAt(carrier.Biteship, company); said != carrier.OutForDelivery && !f.Point {
			e.Status = carrier.InTransit
		}
	}
	return e
}
