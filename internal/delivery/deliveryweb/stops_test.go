package deliveryweb

import (
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

func TestStops(t *testing.T) {
	o := order.Order{
		ID: id.New(), Number: 7, State: order.Sent, Way: order.Own, Name: "Siti", Phone: "+6281234567890", Village: "32.11.01.2001", Street: "Kp. Babakan",
		Landmark: "depan warung", Total: 191_000, Goods: 185_000, Pieces: 2, WeightGrams: 650,
	}
	paid := o
	paid.ID, paid.Name, paid.Paid = id.New(), "Neneng", o.Total
	list := func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, http.StatusOK, stopsPage([]order.Order{o, paid}, nil, 212_000))
	}
	one := func(w http.ResponseWriter, r *http.Request) error {
		d := order.Detail{Order: o, Actions: []order.Action{{Act: order.ActDeliver}, {Act: order.ActFail}}}
		return web.Render(w, r, http.StatusOK, stopPage(d, order.Move{}, "", 212_000, nil))
	}
	none := func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, http.StatusOK, stopsPage(nil, nil, 0))
	}
	site := webtest.New(t, []fs.FS{Words, order.Words}, nil, []web.Route{
		{Pattern: "GET /antaran", Verb: authz.Deliver, Handle: list},
		{Pattern: "GET /antaran/x", Verb: authz.Deliver, Handle: one},
		{Pattern: "GET /antaran/none", Verb: authz.Deliver, Handle: none},
	})
	site.As.Set(authz.Scope{Actor: id.New(), Business: id.New(), Role: authz.Courier})
	p := site.Get("/antaran")
	for _, want := range []string{"Rp212.000", "Rp191.000", "depan warung", "tel:+6281234567890", "google.com/maps", "Neneng"} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("/antaran lacks %q", want)
		}
	}
	if strings.Contains(p.Body, "Rp185.000") {
		t.Error("/antaran tells what the goods cost")
	}
	p = site.Get("/antaran/x")
	if got := webtest.In(p.Body, "input[name=reason], input[name=relation]"); len(got) != len(order.FailReasons)+len(order.Relations) {
		t.Errorf("a stop offers %d choices", len(got))
	}
	if p := site.Get("/antaran/none"); webtest.Text(p.Body, ".empty") == "" {
		t.Error("no stops say nothing")
	}
}
