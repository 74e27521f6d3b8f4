package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lapak/internal/api"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/webhook"
)

// told is what the test reads of a parcel.
type told struct {
	ID       id.ID    `json:"id"`
	Number   string   `json:"number"`
	Status   any      `json:"status"`
	Attempts int64    `json:"attempts"`
	Taken    int64    `json:"taken"`
	Town     string   `json:"town"`
	Moves    []string `json:"moves"`
	URL      string   `json:"url"`
	Next     string   `json:"next_cursor"`
	Code     string   `json:"code"`
	Courier  string   `json:"courier"`
	Items    []told   `json:"items"`
	Receiver *struct {
		Name  string `json:"name"`
		Phone string `json:"phone"`
	} `json:"receiver"`
}

// get sends a request that must be answered with the status.
func (p program) get(status int, method, path, body string, headers ...string) (v told) {
	p.t.Helper()
	got := p.ask(method, web.APIBase+path, body, headers...)
	if got.Status != status {
		p.t.Fatalf("%s %s: %d, want %d: %s", method, path, got.Status, status, got.Body)
	}
	if err := json.Unmarshal([]byte(got.Body), &v); err != nil {
		p.t.Fatal(err)
	}
	return v
}

// A program carries parcels to their end: it splits an order, moves each part,
// is told once of each, and sees no receiver unless it may see customers.
func TestParcelsByAPI(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh, other := s.shop(t, "Dapur Bu Euis", 50), s.shop(t, "Warung Pak Asep", 5)
		p, few := s.program(t, s.key(t, sh, api.Grants...)), s.program(t, s.key(t, sh, api.ParcelsWrite))
		if _, _, err := s.Webhooks.Make(t.Context(), sh.sc, webhook.Draft{ID: id.New(), URL: "https://127.0.0.1:9/h", Kinds: []string{webhook.ParcelMoved}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Webhooks.Warm(t.Context(), sh.sc); err != nil {
			t.Fatal(err)
		}
		buyer := s.person(t)
		number := newPhone()
		f := buyer.fillCheckout(sh, "3", "Siti Rahmawati", number)
		f.Set("pay", "cod")
		o := orderOf(t, s, buyer.want(buyer.Post(sh.at("/pesan"), f), http.StatusSeeOther).Location())
		to := "/my/orders/" + o.ID.String() + "/parcels"
		if v := few.get(409, "POST", to, `{}`); v.Code != "order.state" {
			t.Errorf("an order that nobody accepted gets a parcel: %+v", v)
		}
		sh.move(o, "penerimaan")
		part := func(n int) string {
			return fmt.Sprintf(`{"lines": [{"variant": %q, "quantity": %d}]}`, sh.variant, n)
		}
		if v := few.get(422, "POST", to, `{"parts": [`+part(2)+`,`+part(2)+`]}`); v.Code != "parcel.split_wrong" {
			t.Errorf("four pieces of three: %+v", v)
		}
		made := few.get(201, "POST", to, `{"parts": [`+part(1)+`,`+part(2)+`]}`).Items
		if len(made) != 2 || made[0].Receiver != nil {
			t.Fatalf("split = %+v", made)
		}
		if again := few.get(201, "POST", to, `{}`).Items; len(again) != 2 {
			t.Errorf("asked for what is there: %+v", again)
		}
		at := "/my/parcels/" + made[0].ID.String()
		if d := p.get(200, "GET", at, ""); d.Receiver == nil || d.Receiver.Name != "Siti Rahmawati" || !slices.Contains(d.Moves, "take") {
			t.Errorf("a key that may see customers sees %+v", d)
		}
		few.get(403, "GET", at+"/label", "")
		if got := p.ask("GET", web.APIBase+at+"/label?sheet=a6", ""); got.Status != 200 || !strings.HasPrefix(got.Body, "%PDF-") {
			t.Errorf("label: %d %.20q", got.Status, got.Body)
		}
		few.get(422, "POST", at+"/moves", `{"act": "deliver", "receiver": "Siti"}`)
		few.get(422, "POST", at+"/moves", `{"act": "take", "at": "2099-01-01T00:00:00Z"}`)
		key := id.New().String()
		for range 3 { // sent again, it happens once
			if d := few.get(201, "POST", at+"/moves", `{"act": "take"}`, "Idempotency-Key", key); d.Status != "picked_up" {
				t.Fatalf("taken: %+v", d)
			}
		}
		few.get(409, "POST", at+"/moves", `{"act": "take"}`)
		few.get(201, "POST", at+"/moves", `{"act": "out"}`)
		if d := few.get(201, "POST", at+"/moves", `{"act": "fail", "reason": "nobody_home"}`); d.Attempts != 1 || d.Status != "attempt_failed" {
			t.Errorf("failed: %+v", d)
		}
		few.get(201, "POST", at+"/moves", `{"act": "out"}`)
		few.get(201, "POST", at+"/moves", `{"act": "deliver", "receiver": "Siti", "relation": "self"}`)
		rest := "/my/parcels/" + made[1].ID.String() + "/moves"
		few.get(201, "POST", rest, `{"act": "change", "carrier": "jne", "service": "REG", "waybill": "010880123456"}`)
		few.get(201, "POST", rest, `{"act": "take"}`)
		few.get(201, "POST", rest, `{"act": "deliver", "receiver": "Siti", "relation": "self"}`)
		if d := orderOf(t, s, "/o/"+s.Orders.Link(o)); d.State != "done" {
			t.Errorf("the order is %s", d.State)
		}

		guest := p
		guest.secret = ""
		link := made[0].URL[strings.LastIndexByte(made[0].URL, '/')+1:]
		for _, v := range []told{
			guest.get(200, "GET", "/parcels/"+link, ""), guest.get(200, "POST", "/parcels", fmt.Sprintf(`{"number": %q, "last": %q}`, made[0].Number, number[len(number)-4:])),
		} {
			if v.Number != made[0].Number || v.Status != "delivered" || v.Town == "" {
				t.Errorf("tracked: %+v", v)
			}
		}
		guest.get(404, "POST", "/parcels", fmt.Sprintf(`{"number": %q, "last": "0000"}`, made[0].Number))
		guest.get(401, "GET", at, "")
		theirs := s.program(t, s.key(t, other, api.Grants...))
		theirs.get(404, "GET", at, "")
		theirs.get(404, "POST", at+"/moves", `{"act": "out"}`)
		theirs.get(404, "POST", to, `{}`)
		if v := theirs.get(200, "GET", "/my/parcels", ""); len(v.Items) != 0 {
			t.Errorf("a shop lists another's parcels: %+v", v.Items)
		}

		var acts []string
		if err := db.View(t.Context(), sh.job(), func(tx *store.Tx) error {
			bodies, err := texts(t, tx, `SELECT body FROM webhook_deliveries WHERE business_id = $1 ORDER BY id`, sh.sc.Business)
			for _, b := range bodies {
				var m struct{ Data webhook.Parcel }
				if err := json.Unmarshal([]byte(b), &m); err != nil {
					return err
				}
				if m.Data.Order == nil || *m.Data.Order != o.ID {
					t.Errorf("told of another order: %s", b)
				}
				if m.Data.Parcel == made[0].ID {
					acts = append(acts, m.Data.Act)
				}
				for _, secret := range []string{"Siti", number, number[len(number)-6:], o.Street, link} {
					if secret != "" && strings.Contains(b, secret) {
						t.Errorf("a message holds %q: %s", secret, b)
					}
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"take", "out", "fail", "out", "deliver"}; !slices.Equal(acts, want) {
			t.Errorf("told of %v, want %v", acts, want)
		}
		s.holds(t)
	})
}

// Parcels that move on, and new ones, while a program goes through the list
// cost it none and show it none twice.
func TestParcelPagesAreStableUnderWrites(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 500)
		p := s.program(t, s.key(t, sh, api.Grants...))
		buyer := s.person(t)
		var boxes []parcel.Parcel
		grow := func() {
			o := buyer.cod(t, s, sh, "1", "Pembeli", newPhone())
			list, err := s.Parcels.Of(t.Context(), sh.sc, o.ID)
			if err != nil {
				t.Fatal(err)
			}
			boxes = append(boxes, list...)
		}
		for range 7 {
			grow()
		}
		for _, path := range []string{"/my/parcels?limit=2", "/my/parcels?tab=ready&limit=2"} {
			was, n, cursor := slices.Clone(boxes), 0, ""
			seen := map[id.ID]int{}
			for {
				page := p.get(200, "GET", path+cursor, "")
				for _, v := range page.Items {
					seen[v.ID]++
				}
				if page.Next == "" {
					break
				}
				cursor = "&cursor=" + page.Next
				grow()
				if _, err := s.Parcels.Do(t.Context(), sh.sc, was[n].ID, parcel.Move{Act: parcel.ActChange, Carrier: parcel.Own, Grams: 900}); err != nil {
					t.Fatal(err)
				}
				n++
			}
			for _, b := range was {
				if seen[b.ID] != 1 {
					t.Errorf("%s: a parcel was seen %d times", path, seen[b.ID])
				}
			}
			if n < 3 {
				t.Errorf("%s: void: %d changes", path, n)
			}
		}
	})
}
