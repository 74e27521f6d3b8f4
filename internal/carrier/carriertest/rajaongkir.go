package carriertest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"lapak/internal/carrier"
)

func wrap(w http.ResponseWriter, status int, words string, data any) {
	word := "success"
	if status/100 != 2 {
		word = "error"
	}
	write(w, status, body{"meta": body{"message": words, "code": status, "status": word}, "data": data})
}

// towns are the places that the server's RajaOngkir finds by name.
var towns = []body{
	{"id": 4944, "subdistrict_name": "CITARUM", "district_name": "BANDUNG WETAN", "city_name": "BANDUNG", "province_name": "JAWA BARAT", "zip_code": "40115"},
	{"id": 5210, "subdistrict_name": "CICALENGKA KULON", "district_name": "CICALENGKA", "city_name": "BANDUNG", "province_name": "JAWA BARAT", "zip_code": "40395"},
	{"id": 5211, "subdistrict_name": "CICALENGKA WETAN", "district_name": "CICALENGKA", "city_name": "BANDUNG", "province_name": "JAWA BARAT", "zip_code": "40395"},
}

func (s *Server) rajaongkir(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/destination/domestic-destination", func(w http.ResponseWriter, r *http.Request) {
		search := strings.ToUpper(r.FormValue("search"))
		found := []body{}
		for _, t := range towns {
			if search != "" && strings.Contains(t.text("zip_code")+" "+t.text("subdistrict_name")+" "+t.text("district_name")+" "+t.text("city_name"), search) {
				found = append(found, t)
			}
		}
		if len(found) == 0 {
			wrap(w, http.StatusNotFound, "Domestic Destination Data not found", nil)
			return
		}
		wrap(w, http.StatusOK, "Success Get Domestic Destinations", found)
	})
	mux.HandleFunc("POST /api/v1/calculate/domestic-cost", s.costs)
	mux.HandleFunc("POST /api/v1/track/waybill", s.track)
}

func (s *Server) costs(w http.ResponseWriter, r *http.Request) {
	grams, err := strconv.ParseInt(r.PostFormValue("weight"), 10, 64)
	if err != nil || grams <= 0 || r.PostFormValue("origin") == "" || r.PostFormValue("destination") == "" || r.PostFormValue("courier") == "" {
		wrap(w, http.StatusUnprocessableEntity, "Missing or invalid params", nil)
		return
	}
	list := []body{}
	for _, code := range strings.Split(r.PostFormValue("courier"), ":") {
		f, ok := carrier.FindAt(carrier.RajaOngkir, code)
		if !ok {
			continue
		}
		for n, sv := range f.Services[:min(2, len(f.Services))] {
			list = append(list, body{"name": f.Name, "code": code, "service": strings.ToUpper(sv.Code), "description": sv.Name, "cost": price(grams, code, n), "etd": "2-3 day"})
		}
	}
	wrap(w, http.StatusOK, "Success Calculate Domestic Shipping cost", list)
}

func (s *Server) track(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := carrier.FindAt(carrier.RajaOngkir, r.FormValue("courier"))
	p := s.byNumber(r.FormValue("awb"))
	if !ok || p == nil || p.firm != f.Code {
		wrap(w, http.StatusNotFound, "Invalid waybill", nil)
		return
	}
	list := []body{}
	arrived, at := false, step{}
	for _, st := range p.steps {
		list = append(list, body{
			"manifest_code": "", "manifest_description": s.text(st.words), "manifest_date": st.at.In(wib).Format("2006-01-02"), "manifest_time": st.at.In(wib).Format("15:04:05"), "city_name": st.place,
		})
		if st.code == "delivered" && s.fault != UnknownWord {
			arrived, at = true, st
		}
	}
	delivery := body{"status": "ON PROCESS", "pod_receiver": "", "pod_date": "", "pod_time": ""}
	if arrived {
		delivery = body{"status": "DELIVERED", "pod_receiver": "IBU CONTOH", "pod_date": at.at.In(wib).Format("2006-01-02"), "pod_time": at.at.In(wib).Format("15:04")}
	}
	wrap(w, http.StatusOK, "Success Get Waybill", body{
		"delivered": arrived, "summary": body{"courier_code": f.RajaOngkir, "waybill_number": p.number, "service_code": "REG", "status": delivery["status"]},
		"details": body{"weight": "1"}, "delivery_status": delivery, "manifest": list,
	})
}

// komshipMessages tells of each state as Komship does, signed by nobody.
func (s *Server) komshipMessages(p *parcel) []Message {
	var list []Message
	for _, st := range p.steps {
		word := map[string]string{"allocated": "Diajukan", "picked": "Dijemput", "dropping_off": "Dikirim", "cancelled": "Dibatalkan", "delivered": "Selesai"}[st.code]
		raw, err := json.Marshal(body{"order_no": "KOM" + p.number, "cnote": p.number, "status": word})
		if err != nil {
			s.t.Fatal(err)
		}
		list = append(list, Message{http.MethodPut, http.Header{}, raw})
	}
	return list
}
