// Package customerweb holds the pages of customers: the shop's list, one
// customer, and the page by which a customer says stop.
package customerweb

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// OrderLine is an order in a customer's history.
type OrderLine struct {
	Path  string
	Code  string // as people say it
	Brief string
	State string // in the language of ctx
	Total int64
	At    time.Time
}

// Orders lists a customer's orders, newest first. Package app fills it from the
// orders; a person who may not see orders gets none.
type Orders func(ctx context.Context, sc authz.Scope, customer id.ID) ([]OrderLine, error)

// ShopName tells a shop's name for the page by which a customer says stop.
type ShopName func(ctx context.Context, sc authz.Scope) (string, error)

type pages struct {
	customers *customer.Service
	orders    Orders
	shop      ShopName
}

// Routes are the addresses of customers.
func Routes(customers *customer.Service, orders Orders, shop ShopName) []web.Route {
	p := pages{customers, orders, shop}
	return []web.Route{
		{Pattern: "GET /pelanggan", Verb: authz.SeeCustomers, Handle: p.list},
		{Pattern: "GET /pelanggan/{id}", Verb: authz.SeeCustomers, Handle: p.show},
		{Pattern: "GET /pelanggan/{id}/ubah", Verb: authz.EditCustomers, Handle: p.edit},
		{Pattern: "POST /pelanggan/{id}", Verb: authz.EditCustomers, Handle: p.save},
		{Pattern: "POST /pelanggan/{id}/izin", Verb: authz.EditCustomers, Handle: p.promo},
		{Pattern: "POST /pelanggan/{id}/alamat/{address}/penghapusan", Verb: authz.EditCustomers, Handle: p.dropAddress},
		{Pattern: "POST /pelanggan/{id}/salinan", Verb: authz.EditShop, Handle: p.copy},
		{Pattern: "POST /pelanggan/{id}/penghapusan", Verb: authz.EditShop, Handle: p.erase},
		{Pattern: "GET /berhenti/{token}", Verb: authz.Public, Handle: p.stopPage, Link: true},
		{Pattern: "POST /berhenti/{token}", Verb: authz.Public, Handle: p.stop, Link: true},
	}
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	q, sc := r.URL.Query(), web.Scope(r)
	f := customer.Filter{Group: customer.Group(q.Get("kelompok")), Words: strings.TrimSpace(q.Get("q")), Cursor: customer.ParseCursor(q.Get("lanjut"))}
	list, err := p.customers.List(r.Context(), sc, f)
	if err != nil {
		return err
	}
	quiet, err := p.customers.QuietCount(r.Context(), sc)
	if err != nil {
		return err
	}
	next := ""
	if !list.Next.ID.IsZero() {
		next = "/pelanggan?" + url.Values{"kelompok": {string(f.Group)}, "q": {f.Words}, "lanjut": {list.Next.String()}}.Encode()
	}
	return web.Render(w, r, http.StatusOK, listPage(f, list.Customers, quiet, next))
}

// quietWords says how many have not ordered for long.
func quietWords(ctx context.Context, n int64) string {
	if n >= customer.MaxQuiet {
		return i18n.T(ctx, "customer.quiet_many", n)
	}
	return i18n.T(ctx, "customer.quiet", n)
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.render(w, r, nil)
}

func (p pages) render(w http.ResponseWriter, r *http.Request, f *fault.Error) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	sc := web.Scope(r)
	d, err := p.customers.Get(r.Context(), sc, at)
	if err != nil {
		return err
	}
	var orders []OrderLine
	if p.orders != nil && sc.May(authz.SeeOrders) {
		if orders, err = p.orders(r.Context(), sc, at); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if f != nil {
		status = http.StatusUnprocessableEntity
	}
	v := detailView{
		Detail: d, Orders: orders, Edit: sc.May(authz.EditCustomers), Own: sc.May(authz.EditShop) && sc.May(authz.EditCustomers),
		Stop: p.customers.StopPath(sc, at),
	}
	return web.Render(w, r, status, showPage(v, f))
}

func (p pages) edit(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	d, err := p.customers.Get(r.Context(), web.Scope(r), at)
	if err != nil {
		return err
	}
	if d.ErasedAt != nil {
		return customer.ErrErased
	}
	c := customer.Change{Name: d.Name, Phone: phone.Show(d.Phone), Note: d.Note, Tags: strings.Join(d.Tags, ", ")}
	return web.Render(w, r, http.StatusOK, editPage(at, c, nil))
}

func (p pages) save(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	c := customer.Change{Name: r.FormValue("name"), Phone: r.FormValue("phone"), Note: r.FormValue("note"), Tags: r.FormValue("tags")}
	err = p.customers.Put(r.Context(), web.Scope(r), at, c)
	if f, again := web.Again(err); again {
		return web.Render(w, r, http.StatusUnprocessableEntity, editPage(at, c, f))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, path(at, ""))
}

func (p pages) promo(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.customers.SetPromo(r.Context(), web.Scope(r), at, r.FormValue("on") == "1"); err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, path(at, ""))
}

func (p pages) dropAddress(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	address, err := web.PathID(r, "address")
	if err != nil {
		return err
	}
	if err := p.customers.DropAddress(r.Context(), web.Scope(r), at, address); err != nil {
		return err
	}
	web.Flash(w, r, "customer.address_gone")
	return web.SeeOther(w, r, path(at, ""))
}

// copied is what a customer is given of what is kept of them.
type copied struct {
	Name      string            `json:"name"`
	Phone     string            `json:"phone"`
	Note      string            `json:"note"`
	Tags      []string          `json:"tags"`
	Orders    int64             `json:"orders"`
	Spent     int64             `json:"spent"`
	Since     time.Time         `json:"since"`
	Addresses []copiedAddress   `json:"addresses"`
	Consents  []copiedConsent   `json:"consents"`
	History   []copiedOrderLine `json:"history"`
}

type copiedAddress struct {
	Street   string    `json:"street"`
	Landmark string    `json:"landmark"`
	Village  string    `json:"village"`
	LatE6    *int64    `json:"lat_e6,omitempty"`
	LngE6    *int64    `json:"lng_e6,omitempty"`
	UsedAt   time.Time `json:"used_at"`
}

type copiedConsent struct {
	Purpose     string     `json:"purpose"`
	Version     string     `json:"version"`
	Channel     string     `json:"channel"`
	Source      string     `json:"source"`
	GivenAt     time.Time  `json:"given_at"`
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty"`
}

type copiedOrderLine struct {
	Code  string    `json:"code"`
	Brief string    `json:"brief"`
	State string    `json:"state"`
	Total int64     `json:"total"`
	At    time.Time `json:"at"`
}

func (p pages) copy(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	sc := web.Scope(r)
	d, err := p.customers.Copy(r.Context(), sc, at)
	if err != nil {
		return err
	}
	c := copied{Name: d.Name, Phone: d.Phone, Note: d.Note, Tags: d.Tags, Orders: d.Customer.Orders, Spent: d.Spent, Since: d.CreatedAt}
	for _, a := range d.Addresses {
		c.Addresses = append(c.Addresses, copiedAddress{a.Street, a.Landmark, a.Place().Label(), a.LatE6, a.LngE6, a.UsedAt})
	}
	for _, v := range d.Consents {
		c.Consents = append(c.Consents, copiedConsent{string(v.Purpose), v.Version, v.Channel, v.Source, v.GivenAt, v.WithdrawnAt})
	}
	if p.orders != nil {
		list, err := p.orders(r.Context(), sc, at)
		if err != nil {
			return err
		}
		for _, o := range list {
			c.History = append(c.History, copiedOrderLine{o.Code, o.Brief, o.State, o.Total, o.At})
		}
	}
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode copy: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="data-pelanggan.json"`)
	_, err = w.Write(b)
	return err
}

func (p pages) erase(w http.ResponseWriter, r *http.Request) error {
	at, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if r.FormValue("sure") == "" {
		return p.render(w, r, customer.ErrConfirm.On("sure"))
	}
	if err := p.customers.Erase(r.Context(), web.Scope(r), at); err != nil {
		return err
	}
	web.Flash(w, r, "customer.gone")
	return web.SeeOther(w, r, "/pelanggan")
}

func (p pages) stopPage(w http.ResponseWriter, r *http.Request) error {
	return p.stopped(w, r, false)
}

func (p pages) stop(w http.ResponseWriter, r *http.Request) error {
	if err := p.customers.Stop(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return p.stopped(w, r, true)
}

func (p pages) stopped(w http.ResponseWriter, r *http.Request, done bool) error {
	sc, _, err := p.customers.ByStop(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	name, err := p.shop(r.Context(), sc)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, stopPage(r.PathValue("token"), name, done))
}
