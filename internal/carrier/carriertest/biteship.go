package carriertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"lapak/internal/carrier"
)

// nowhere is a postcode that nobody serves.
const nowhere = "99999"

// tooMuch is more than any courier takes at the door.
const tooMuch = 5_000_000

type body map[string]any

func (b body) text(name string) string {
	switch v := b[name].(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return ""
}

func (b body) number(name string) int64 {
	f, _ := b[name].(float64)
	return int64(f)
}

// grams is the weight of the items, 0 if one of them has none.
func (b body) grams() int64 {
	items, _ := b["items"].([]any)
	sum := int64(0)
	for _, i := range items {
		m, _ := i.(map[string]any)
		w, q := body(m).number("weight"), body(m).number("quantity")
		if w <= 0 || q <= 0 {
			return 0
		}
		sum += w * q
	}
	return sum
}

func no(w http.ResponseWriter, code int, words string) {
	write(w, http.StatusBadRequest, body{"success": false, "error": words, "code": code})
}

func (s *Server) biteship(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/maps/areas", func(w http.ResponseWriter, r *http.Request) {
		areas := []body{}
		if in := r.FormValue("input"); in != "" && !strings.Contains(in, nowhere) {
			areas = append(areas, body{"id": "IDNP9IDNC22", "name": in, "postal_code": 40395})
		}
		write(w, http.StatusOK, body{"success": true, "areas": areas})
	})
	mux.HandleFunc("POST /v1/rates/couriers", s.rates)
	mux.HandleFunc("POST /v1/orders", s.book)
	mux.HandleFunc("GET /v1/orders/{id}", s.order)
	mux.HandleFunc("POST /v1/orders/{id}/cancel", s.cancel)
	mux.HandleFunc("GET /v1/trackings/{number}/couriers/{firm}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		p := s.byNumber(r.PathValue("number"))
		if p == nil || p.firm != r.PathValue("firm") {
			no(w, 40003003, "Waybill ID not found")
			return
		}
		write(w, http.StatusOK, body{"success": true, "object": "tracking", "waybill_id": p.number, "history": s.history(p), "status": s.word(p.status())})
	})
}

// placed says whether an end of the way is told and served.
func placed(w http.ResponseWriter, b body, end string) bool {
	switch {
	case b.text(end+"_postal_code") == nowhere:
		no(w, 40001001, "Failed due to invalid postal code")
	case b.text(end+"_postal_code") == "" && b.text(end+"_area_id") == "" && b[end+"_latitude"] == nil && b[end+"_coordinate"] == nil:
		no(w, 40001002, "Failed due to missing parameters")
	default:
		return true
	}
	return false
}

// price is what the n-th service of a firm costs.
func price(grams int64, firm string, n int) int64 {
	kg := carrier.Chargeable(grams, 0, 0, 0, 6000, 300, 1)
	return kg * (8_000 + 500*int64(len(firm)) + 2_000*int64(n))
}

func (s *Server) rates(w http.ResponseWriter, r *http.Request) {
	var b body
	if json.NewDecoder(r.Body).Decode(&b) != nil || b.text("couriers") == "" || b.grams() == 0 {
		no(w, 40001002, "Failed due to missing parameters")
		return
	}
	if !placed(w, b, "origin") || !placed(w, b, "destination") {
		return
	}
	list := []body{}
	for _, code := range strings.Split(b.text("couriers"), ",") {
		f, ok := carrier.FindAt(carrier.Biteship, code)
		if !ok || f.Point && b["origin_latitude"] == nil {
			continue
		}
		for n, sv := range f.Services[:min(2, len(f.Services))] {
			list = append(list, body{
				"courier_code": f.Biteship, "courier_name": f.Name, "courier_service_code": sv.Code, "courier_service_name": sv.Name, "type": sv.Group,
				"duration": "2 - 3 Days", "shipment_duration_range": "2 - 3", "shipment_duration_unit": "days",
				"price": price(b.grams(), code, n), "insurance_fee": 2_500, "cash_on_delivery_fee": b.number("destination_cash_on_delivery") / 25,
				"available_for_cash_on_delivery": f.COD,
			})
		}
	}
	if len(list) == 0 {
		no(w, 40001010, "No courier available for requested location")
		return
	}
	write(w, http.StatusOK, body{"success": true, "object": "courier_pricing", "code": 20001003, "pricing": list})
}

func (s *Server) book(w http.ResponseWriter, r *http.Request) {
	var b body
	if json.NewDecoder(r.Body).Decode(&b) != nil {
		no(w, 40002041, "Failed to create order")
		return
	}
	for code, name := range map[int]string{
		40002014: "origin_contact_name", 40002015: "origin_contact_phone", 40002016: "origin_address",
		40002017: "destination_contact_name", 40002018: "destination_contact_phone", 40002019: "destination_address",
	} {
		if b.text(name) == "" {
			no(w, code, "Please make sure "+strings.ReplaceAll(name, "_", " ")+" is filled")
			return
		}
	}
	if !placed(w, b, "origin") || !placed(w, b, "destination") {
		return
	}
	firm, ok := carrier.FindAt(carrier.Biteship, b.text("courier_company"))
	switch {
	case !ok:
		no(w, 40002026, "Courier does not exist")
		return
	case b.text("courier_type") == "":
		no(w, 40002027, "Courier service type does not exist")
		return
	case b.grams() == 0:
		no(w, 40002038, "There is an issue with the items")
		return
	case b.number("destination_cash_on_delivery") > tooMuch:
		no(w, 40002030, "Cash on delivery value is exceeded")
		return
	case b.text("delivery_type") == "scheduled" && (b.text("delivery_date") == "" || b.text("delivery_time") == ""):
		no(w, 40002035, "Delivery date is required")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ref := b.text("reference_id")
	if there := s.one(func(p *parcel) bool { return p.ref == ref && ref != "" }); there != nil {
		write(w, http.StatusBadRequest, body{
			"success": false, "error": "Failed due to duplicate reference id", "code": 40002060,
			"details": body{"order_id": there.id, "reference_id": ref, "waybill_id": there.number},
		})
		return
	}
	n := len(s.orders) + 1
	p := &parcel{
		id: fmt.Sprintf("5dd599ebdefcd4158eb8%04x", n), ref: ref, number: fmt.Sprintf("0108801234%02d", n%100), firm: firm.Biteship, service: b.text("courier_type"),
		price: price(b.grams(), firm.Biteship, 0), cod: b.number("destination_cash_on_delivery"),
	}
	p.codFee = p.cod / 25
	if b.number("courier_insurance") > 0 {
		p.insurance = 2_500
	}
	s.orders = append(s.orders, p)
	write(w, http.StatusOK, s.answer(p))
}

func (s *Server) answer(p *parcel) body {
	return body{
		"success": true, "object": "order", "id": p.id, "short_id": "URf_" + p.id[len(p.id)-4:], "reference_id": p.ref, "status": s.word(p.status()), "price": p.price, "currency": "IDR",
		"courier": body{
			"tracking_id": "trk" + p.id, "waybill_id": p.number, "company": p.firm, "type": p.service, "link": "https://track.example.com/" + p.id, "routing_code": "BDO-BDO10000-CCL",
			"insurance": body{"fee": p.insurance}, "history": s.history(p), "driver_name": nil,
		},
		"destination": body{"cash_on_delivery": body{"amount": p.cod, "fee": p.codFee}, "proof_of_delivery": body{"link": nil}},
	}
}

func (s *Server) history(p *parcel) []body {
	list := []body{}
	for _, st := range p.steps {
		list = append(list, body{"note": s.text(st.words), "updated_at": st.at.In(wib).Format(time.RFC3339), "status": s.word(st.code), "service_type": "-"})
	}
	return list
}

var wib = time.FixedZone("WIB", 7*3600)

func (s *Server) order(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byID(r.PathValue("id"))
	if p == nil {
		no(w, 40002057, "Order not found")
		return
	}
	write(w, http.StatusOK, s.answer(p))
}

func (s *Server) cancel(w http.ResponseWriter, r *http.Request) {
	var b body
	if json.NewDecoder(r.Body).Decode(&b) != nil || b.text("cancellation_reason_code") == "" {
		no(w, 40002056, "Cancellation reason is required")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byID(r.PathValue("id"))
	switch {
	case p == nil:
		no(w, 40002057, "Order not found")
	case !slices.Contains([]string{"confirmed", "scheduled", "allocated"}, p.status()):
		no(w, 40002053, "Order cannot be cancelled in its current status")
	default:
		at := time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
		if n := len(p.steps); n > 0 {
			at = p.steps[n-1].at.Add(time.Minute)
		}
		p.steps = append(p.steps, step{code: "cancelled", words: b.text("cancellation_reason"), at: at})
		write(w, http.StatusOK, body{"success": true, "id": p.id, "status": "cancelled"})
	}
}

// biteshipMessages tells of each state in both shapes in turn, and of number
// and price.
func (s *Server) biteshipMessages(p *parcel) []Message {
	var list []Message
	add := func(b body) {
		raw, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		list = append(list, Message{http.MethodPost, http.Header{HookHeader: {HookSecret}}, raw})
	}
	add(body{"event": "order.waybill_id", "order_id": p.id, "order_reference_id": p.ref, "courier_waybill_id": p.number, "status": p.status()})
	for i, st := range p.steps {
		b := body{"event": "order.status", "order_id": p.id, "status": s.word(st.code), "note": s.text(st.words), "order_price": p.price}
		if !s.untimed {
			b["updated_at"] = st.at.In(wib).Format(time.RFC3339)
		}
		if i%2 == 0 {
			b["courier_tracking_id"], b["courier_waybill_id"], b["courier_company"], b["courier_type"] = "trk"+p.id, p.number, p.firm, p.service
			b["courier_driver_name"], b["courier_driver_phone"], b["courier_link"] = "Ujang", "08123450000", "https://track.example.com/"+p.id
		} else {
			b["courier"] = body{
				"tracking_id": "trk" + p.id, "waybill_id": p.number, "company": p.firm, "type": p.service, "driver_name": "Ujang", "driver_phone": "08123450000",
				"link": "https://track.example.com/" + p.id,
			}
		}
		add(b)
	}
	add(body{"event": "order.price", "order_id": p.id, "courier_waybill_id": p.number, "price": p.price + 1_000, "status": p.status()})
	return list
}
