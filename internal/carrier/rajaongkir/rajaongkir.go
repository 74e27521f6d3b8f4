// Package rajaongkir asks RajaOngkir by Komerce for prices and tracks. It books
// nothing; the messages of Komship, Komerce's delivery, are signed by nobody
// and say no more than that a parcel should be looked at.
package rajaongkir

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

// Base is where RajaOngkir answers.
const Base = "https://rajaongkir.komerce.id/api/v1"

// Options are what a connector needs. The key is one shop's or the whole
// installation's: who makes the connector knows.
type Options struct {
	Key  string
	Base string // empty: Base
	HTTP *http.Client
}

// Client is a connector.
type Client struct {
	caller carrier.Caller
	places *carrier.Memo[spot]
}

var _ carrier.Carrier = (*Client)(nil)

// New makes a connector.
func New(o Options) *Client {
	if o.Base == "" {
		o.Base = Base
	}
	return &Client{
		caller: carrier.Caller{Name: "rajaongkir", Base: strings.TrimRight(o.Base, "/"), HTTP: o.HTTP, Header: http.Header{"Key": {o.Key}}},
		places: carrier.NewMemo[spot](5000),
	}
}

// Name is "rajaongkir".
func (c *Client) Name() string { return c.caller.Name }

// Books reports that nothing is booked here.
func (c *Client) Books() bool { return false }

// Book is ErrUnable.
func (c *Client) Book(context.Context, carrier.Booking) (carrier.Booked, error) {
	return carrier.Booked{}, carrier.ErrUnable
}

// CanCancel is false.
func (c *Client) CanCancel(carrier.Status) bool { return false }

// Cancel is ErrUnable.
func (c *Client) Cancel(context.Context, string, string) error { return carrier.ErrUnable }

// tracked are the firms whose numbers RajaOngkir follows, by our codes.
var tracked = []string{"jne", "sap", "ninja", "jnt", "tiki", "wahana", "pos", "lion"}

// Tracks reports whether RajaOngkir follows numbers of the firm.
func (c *Client) Tracks(code string) bool { return slices.Contains(tracked, code) }

// meta is the wrapper of every answer.
type meta struct {
	Meta struct {
		Message carrier.Loose `json:"message"`
		Code    int           `json:"code"`
		Status  carrier.Loose `json:"status"`
	} `json:"meta"`
	Data json.RawMessage `json:"data"`
}

// ask calls and reads the data of the answer into out; none is the fault for
// what is not there.
func (c *Client) ask(ctx context.Context, op, method, path string, body, out any, none error) error {
	status, raw, err := c.caller.Do(ctx, op, method, path, body)
	if err != nil {
		return err
	}
	var m meta
	if json.Unmarshal(raw, &m) != nil || m.Meta.Code == 0 {
		return c.caller.Garbage(op)
	}
	if status/100 == 2 && m.Meta.Code/100 != 2 {
		status = m.Meta.Code
	}
	switch {
	case status/100 == 2:
		if string(m.Data) == "null" || len(m.Data) == 0 {
			return none
		}
		if json.Unmarshal(m.Data, out) != nil {
			return c.caller.Garbage(op)
		}
		return nil
	case status == http.StatusNotFound:
		return none
	case status == http.StatusUnauthorized, status == http.StatusForbidden, strings.Contains(strings.ToLower(string(m.Meta.Message)), "api key"):
		return carrier.ErrKey
	case status == http.StatusTooManyRequests:
		return carrier.ErrBusy
	case status >= 500:
		return c.caller.Garbage(op)
	}
	return c.caller.Refuse(op, string(m.Meta.Message))
}

type place struct {
	ID       carrier.Loose `json:"id"`
	Village  string        `json:"subdistrict_name"`
	District string        `json:"district_name"`
	City     string        `json:"city_name"`
	Postal   carrier.Loose `json:"zip_code"`
}

// find is RajaOngkir's number of a place: that of the village within the
// postcode, or else of its district, or else any of the postcode.
func (c *Client) find(ctx context.Context, p carrier.Place) (string, error) {
	if p.Area != "" {
		return p.Area, nil
	}
	id, _, err := c.Locate(ctx, p)
	return id, err
}

// Locate is RajaOngkir's number of a place, and what it calls it.
func (c *Client) Locate(ctx context.Context, p carrier.Place) (area, name string, err error) {
	search := p.Postal
	if search == "" {
		search = p.District
	}
	if search == "" {
		return "", "", carrier.ErrArea
	}
	key := strings.Join([]string{search, p.Regency, p.District, p.Village}, "\x00")
	if n, ok := c.places.Get(key); ok {
		return n.id, n.name, nil
	}
	var got []place
	q := url.Values{"search": {search}, "limit": {"50"}, "offset": {"0"}}
	if err := c.ask(ctx, "places", http.MethodGet, "/destination/domestic-destination?"+q.Encode(), nil, &got, carrier.ErrArea); err != nil {
		return "", "", err
	}
	best, most := spot{}, 0
	for _, g := range got {
		points := 0
		for _, same := range []struct {
			yes   bool
			worth int
		}{
			{p.Postal != "" && string(g.Postal) == p.Postal, 4},
			{fold(g.Village) == fold(p.Village) && p.Village != "", 2},
			{fold(g.District) == fold(p.District) && p.District != "", 2},
			{fold(g.City) == fold(p.Regency) && p.Regency != "", 3},
		} {
			if same.yes {
				points += same.worth
			}
		}
		if g.ID != "" && points > most {
			best, most = spot{string(g.ID), carrier.Clean(g.label(), 120)}, points
		}
	}
	if most < 3 { // a district of that name elsewhere is another place
		return "", "", carrier.ErrArea
	}
	c.places.Put(key, best)
	return best.id, best.name, nil
}

// spot is a place of RajaOngkir.
type spot struct{ id, name string }

func (g place) label() string {
	return strings.Join([]string{g.Village, g.District, g.City, string(g.Postal)}, ", ")
}

// fold makes names of two sources comparable: "Kabupaten Bandung" and "BANDUNG".
func fold(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	for _, head := range []string{"KABUPATEN ", "KAB. ", "KOTA ", "KECAMATAN ", "KEC. "} {
		s = strings.TrimPrefix(s, head)
	}
	return strings.Join(strings.Fields(s), " ")
}

// Rates are the prices of the firms that RajaOngkir has. It says nothing on
// COD or insurance.
func (c *Client) Rates(ctx context.Context, q carrier.RateQuery) ([]carrier.Rate, error) {
	var codes []string
	for _, f := range carrier.Firms() {
		if f.RajaOngkir != "" && !f.Point && (len(q.Firms) == 0 || slices.Contains(q.Firms, f.Code)) {
			codes = append(codes, f.RajaOngkir)
		}
	}
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
	var got []struct {
		Name        carrier.Loose  `json:"name"`
		Code        carrier.Loose  `json:"code"`
		Service     carrier.Loose  `json:"service"`
		Description carrier.Loose  `json:"description"`
		Cost        carrier.Rupiah `json:"cost"`
		ETD         carrier.Loose  `json:"etd"`
	}
	form := url.Values{
		"origin": {from}, "destination": {to}, "weight": {strconv.FormatInt(charged(q.Box), 10)}, "courier": {strings.Join(codes, ":")}, "price": {"lowest"},
	}
	if err := c.ask(ctx, "rates", http.MethodPost, "/calculate/domestic-cost", form, &got, carrier.ErrArea); err != nil {
		return nil, err
	}
	var rates []carrier.Rate
	for _, g := range got {
		code := strings.ToLower(string(g.Code))
		if code == "" || g.Service == "" || g.Cost == 0 {
			continue
		}
		r := carrier.Rate{
			Via: "rajaongkir", Firm: code, FirmName: carrier.Clean(string(g.Name), 60), Service: carrier.Clean(string(g.Service), 40), ServiceName: carrier.Clean(string(g.Description), 60),
			Fee: int64(g.Cost), Words: carrier.Clean(string(g.ETD), 60),
		}
		f, known := carrier.FindAt(carrier.RajaOngkir, code)
		if known {
			r.Firm, r.FirmName = f.Code, f.Name
		}
		if s, ok := f.Service(r.Service); ok {
			r.Group = s.Group
		} else {
			r.Group = carrier.GroupOf(r.Service + " " + r.ServiceName)
		}
		r.Least, r.Most = carrier.Span(r.Words)
		rates = append(rates, r)
	}
	return rates, nil
}

// charged is the weight to ask for: RajaOngkir takes no size, so a box that is
// large for its weight counts by its volume here.
func charged(b carrier.Box) int64 {
	return max(1, b.Grams, carrier.Volumetric(b.Length, b.Width, b.Height, 6000))
}

// Track is what happened to a parcel.
func (c *Client) Track(ctx context.Context, number, code, lastDigits string) ([]carrier.Event, error) {
	f, ok := carrier.Find(code)
	if !ok || !c.Tracks(code) {
		return nil, carrier.ErrUnable
	}
	var got struct {
		Delivered bool `json:"delivered"`
		Summary   struct {
			Status carrier.Loose `json:"status"`
		} `json:"summary"`
		Delivery struct {
			Status carrier.Loose `json:"status"`
			Date   carrier.Loose `json:"pod_date"`
			Time   carrier.Loose `json:"pod_time"`
		} `json:"delivery_status"`
		Manifest []struct {
			Code  carrier.Loose `json:"manifest_code"`
			Words carrier.Loose `json:"manifest_description"`
			Date  carrier.Loose `json:"manifest_date"`
			Time  carrier.Loose `json:"manifest_time"`
			City  carrier.Loose `json:"city_name"`
		} `json:"manifest"`
	}
	q := url.Values{"awb": {number}, "courier": {f.RajaOngkir}}
	if lastDigits != "" {
		q.Set("last_phone_number", lastDigits)
	}
	if err := c.ask(ctx, "track", http.MethodPost, "/track/waybill?"+q.Encode(), nil, &got, carrier.ErrNumber); err != nil {
		return nil, err
	}
	var list []carrier.Event
	var last time.Time
	for _, m := range got.Manifest {
		e := carrier.Event{At: when(m.Date, m.Time), Words: carrier.Clean(string(m.Words), 300), Code: carrier.Clean(string(m.Code), 60), Place: carrier.Clean(string(m.City), 80)}
		e.Status, e.Reason, _ = carrier.Map(carrier.RajaOngkir, string(m.Code), string(m.Words))
		if e.At.After(last) {
			last = e.At
		}
		list = append(list, e)
	}
	arrived := func(e carrier.Event) bool { return e.Status == carrier.Delivered || e.Status == carrier.Returned }
	if got.Delivered && !slices.ContainsFunc(list, arrived) {
		words := got.Delivery.Status
		if words == "" {
			words = got.Summary.Status
		}
		e := carrier.Event{At: when(got.Delivery.Date, got.Delivery.Time), Status: carrier.Delivered, Words: carrier.Clean(string(words), 300)}
		if s, r, ok := carrier.Map(carrier.RajaOngkir, "", string(words)); ok && s == carrier.Returned {
			e.Status, e.Reason = s, r
		}
		if e.At.IsZero() {
			e.At = last
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, func(a, b carrier.Event) int { return a.At.Compare(b.At) })
	return list, nil
}

// when reads a date and an hour; a date without one is no moment.
func when(date, hour carrier.Loose) time.Time {
	if date == "" || hour == "" {
		return time.Time{}
	}
	return carrier.Time(string(date) + " " + string(hour))
}

// Hook reads a message of Komship. It is signed by nobody, so it only says
// which parcel to ask about: nothing in it is an event.
func (c *Client) Hook(_ http.Header, body []byte) (carrier.Hook, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return carrier.Hook{}, nil
	}
	var m struct {
		Order  carrier.Loose `json:"order_no"`
		Number carrier.Loose `json:"cnote"`
	}
	if json.Unmarshal(body, &m) != nil {
		return carrier.Hook{}, carrier.ErrHookForm
	}
	h := carrier.Hook{Ref: carrier.Clean(string(m.Order), 80), Verify: true}
	if n, err := carrier.CleanNumber(string(m.Number)); err == nil {
		h.Number = n
	}
	if h.Ref == "" && h.Number == "" {
		return carrier.Hook{}, carrier.ErrHookForm
	}
	return h, nil
}
