package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"lapak/internal/api"
	"lapak/internal/delivery"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
)

// A program sees the hours, chooses some, keeps the fee that it was quoted, and
// finds in the order what was promised.
func TestAPIPromises(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	put := func(flat int64) {
		t.Helper()
		err := s.Delivery.Edit(t.Context(), sh.sc, func(st *delivery.Settings) error {
			st.Flat, st.Days, st.Hours = flat, [7]bool{true, true, true, true, true, true, true}, []delivery.Hours{{From: 540, Until: 720, Most: 1}, {From: 840, Until: 1020}}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(5_000)
	p := s.program(t, s.key(t, sh, api.Grants...))
	shop := web.APIBase + "/shops/" + sh.slug
	want := fmt.Sprintf(`"lines": [{"variant": "%s", "quantity": 1}], "way": "own", "village": "%s", "pay": "cod"`, sh.variant, jatimukti)
	type hours struct{ From, Until time.Time }
	var q struct {
		Total     int64
		Held      string
		HeldUntil time.Time `json:"held_until"`
		Window    hours
		Ways      []struct {
			Way     string
			Windows []hours
		}
	}
	got := p.ask("POST", shop+"/quotes", "{"+want+"}")
	if err := json.Unmarshal([]byte(got.Body), &q); err != nil || got.Status != 200 || q.Held == "" || q.HeldUntil.IsZero() {
		t.Fatal(got.Status, got.Body)
	}
	own := q.Ways[len(q.Ways)-1]
	if own.Way != "own" || len(own.Windows) < 12 || q.Window != own.Windows[0] {
		t.Fatalf("ways = %+v, window %v", q.Ways, q.Window)
	}
	chosen := own.Windows[len(own.Windows)-1]
	for _, w := range own.Windows {
		if w.From.In(time.FixedZone("WIB", 7*3600)).Hour() == 9 {
			chosen = w
			break
		}
	}
	put(9_000)
	order := fmt.Sprintf(`{%s, "name": "Rina Sari", "phone": "081234567890", "street": "Jl. Raya 12", "seen_total": %d, "held": "%s", "window": "%s"}`, want, q.Total, q.Held, chosen.From.Format(time.RFC3339))
	got = p.ask("POST", shop+"/orders", order)
	promised := fmt.Sprintf(`"promised":{"from":"%s","until":"%s"}`, chosen.From.Format(time.RFC3339), chosen.Until.Format(time.RFC3339))
	if got.Status != 201 || !strings.Contains(got.Body, promised) || !strings.Contains(got.Body, `"shipping":5000`) {
		t.Fatalf("placed: %d %s, want %s", got.Status, got.Body, promised)
	}
	if got := p.ask("GET", web.APIBase+"/my/orders", ""); !strings.Contains(got.Body, promised) {
		t.Errorf("the shop's orders: %s", got.Body)
	}
	if got := p.ask("POST", shop+"/orders", order); got.Status != 409 || !strings.Contains(got.Body, "order.window") {
		t.Errorf("the same hours again: %d %s", got.Status, got.Body)
	}
	if got := p.ask("POST", web.APIBase+"/my/orders", fmt.Sprintf(`{%s, "channel": "chat", "name": "Cucu", "street": "Jl. Raya 13", "no_window": true}`, want)); got.Status != 201 || strings.Contains(got.Body, `"promised"`) {
		t.Errorf("without a promise: %d %s", got.Status, got.Body)
	}
	made := p.ask("POST", web.APIBase+"/my/products", `{"title": "Bantal", "variants": [{"price": 50000, "weight_grams": 500, "length_cm": 40, "width_cm": 30, "height_cm": 20}]}`)
	if made.Status != 201 || !strings.Contains(made.Body, `"length_cm":40,"width_cm":30,"height_cm":20`) {
		t.Errorf("a product with a size: %d %s", made.Status, made.Body)
	}
	if got := p.ask("POST", web.APIBase+"/my/products", `{"title": "Bantal", "variants": [{"price": 50000, "length_cm": 4000}]}`); got.Status != 422 || !strings.Contains(got.Body, "length_cm") {
		t.Errorf("a size beyond all: %d %s", got.Status, got.Body)
	}
}
