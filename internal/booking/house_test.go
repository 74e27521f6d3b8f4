package booking_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/booking"
	"lapak/internal/business"
	"lapak/internal/carrier/carriertest"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/outbound"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/voucher"
)

const village = "32.04.25.2001"

var root = []byte(strings.Repeat("k", 32))

// house is an installation; its carriers are a server on this machine.
type house struct {
	db      *store.DB
	now     time.Time
	carrier *carriertest.Server
	shops   *business.Service
	goods   *catalog.Service
	pay     *payment.Service
	ways    *delivery.Service
	orders  *order.Service
	parcels *parcel.Service
	booking *booking.Service
	jobs    *job.Runner
}

// shop is an open shop with one product at Rp18.000 that brings goods for Rp5.000.
type shop struct {
	*house
	owner   authz.Scope
	variant id.ID
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newHouse(t testing.TB, db *store.DB, common bool) *house {
	t.Helper()
	h := &house{db: db, now: db.Now().Truncate(time.Second), carrier: carriertest.New(t)}
	db.Now = func() time.Time { return h.now }
	var err error
	h.shops, err = business.New(db, account.New(db, root), root)
	must(t, err)
	blobs := blob.New(db)
	h.goods = catalog.New(db, h.shops, blobs)
	shelf := stock.New(db, h.goods)
	h.goods.OnStock = shelf.Set
	books := ledger.New(db)
	h.pay = payment.New(db, books, blobs)
	people, err := customer.New(db, root)
	must(t, err)
	vouchers, err := voucher.New(db, root)
	must(t, err)
	h.ways = delivery.New(db, h.shops)
	h.orders, err = order.New(db, root, order.Parts{
		Shops: h.shops, Goods: h.goods, Stock: shelf, Customers: people, Delivery: h.ways, Vouchers: vouchers, Payments: h.pay, Books: books, Blobs: blobs,
	})
	must(t, err)
	h.orders.PerMinute = 1 << 30
	h.parcels, err = parcel.New(db, root, parcel.Parts{Shops: h.shops, Orders: h.orders, Books: books, Blobs: blobs})
	must(t, err)
	o := booking.Options{
		HTTP: outbound.Client(true), Base: "https://lapak.example.org", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Bases: map[string]string{"biteship": h.carrier.Biteship(), "rajaongkir": h.carrier.RajaOngkir()},
	}
	if common {
		o.Keys = map[string]string{"biteship": h.carrier.Key}
	}
	h.booking, err = booking.New(db, root, o, booking.Parts{Shops: h.shops, Orders: h.orders, Parcels: h.parcels})
	must(t, err)
	h.orders.OnMoved, h.orders.Carriers = h.parcels.Follow, h.booking.Carriers
	h.parcels.OnMoved, h.parcels.MayDrop = h.booking.Followed, h.booking.MayDrop
	h.parcels.Brings = func(context.Context, *store.Tx, authz.Scope, id.ID) (bool, error) { return true, nil }
	h.orders.Brings = h.parcels.Brings
	h.jobs = job.New(db, job.Options{Workers: 2, Poll: 5 * time.Millisecond, Log: o.Log})
	h.booking.Register(h.jobs)
	return h
}

func (h *house) shop(t testing.TB, name string) *shop {
	t.Helper()
	s := &shop{house: h, variant: id.New()}
	s.owner = authz.Scope{Actor: id.New(), Role: authz.Person, Now: h.now, ProvenAt: h.now}
	b, err := h.shops.Create(t.Context(), s.owner, business.NewShop{
		ID: id.New(), Name: name, Trade: "T1", Village: village, Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	must(t, err)
	s.owner.Role, s.owner.Business = authz.Owner, b.ID
	_, err = h.shops.Publish(t.Context(), s.owner)
	must(t, err)
	pieces := int64(100_000)
	_, err = h.goods.Create(t.Context(), s.owner, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik", Publish: true, Min: 1,
		Variants: []catalog.VariantForm{{ID: s.variant, Price: 18_000, WeightGrams: 250, Tracked: true, Stock: &pieces}},
	})
	must(t, err)
	must(t, h.pay.Put(t.Context(), s.owner, payment.Defaults()))
	set := delivery.Initial()
	set.Own, set.Flat = true, 5_000
	must(t, h.ways.Put(t.Context(), s.owner, set))
	return s
}

// carried is a shop that lets JNE and SiCepat bring, with a key of its own.
func (h *house) carried(t testing.TB, name string) *shop {
	t.Helper()
	s := h.shop(t, name)
	must(t, s.booking.PutKey(t.Context(), s.owner, "biteship", h.carrier.Key))
	must(t, s.booking.Put(t.Context(), s.owner, booking.Settings{Offers: []string{"jne", "sicepat/reg"}}))
	return s
}

func (s *shop) draft(way string) order.Draft {
	d := order.Draft{
		ID: id.New(), Channel: order.Web, Lines: []stock.Want{{Variant: s.variant, Quantity: 2}}, Name: "Rini Marlina", Phone: "0812 3456 7891",
		Village: village, Street: "Jl. Melati 3", PayBy: payment.COD,
	}
	d.Way, d.Carrier, d.Service = order.ReadWay(way)
	return d
}

func (s *shop) buyer() authz.Scope { return authz.Visitor(s.owner.Business) }

func (s *shop) quote(t testing.TB, d order.Draft) order.Quote {
	t.Helper()
	q, err := s.orders.Quote(t.Context(), s.buyer(), d)
	must(t, err)
	return q
}

func (s *shop) place(t testing.TB, d order.Draft) order.Order {
	t.Helper()
	q := s.quote(t, d)
	d.SeenTotal, d.Held = q.Total, q.Held
	o, err := s.orders.Place(t.Context(), s.buyer(), d)
	must(t, err)
	return o
}

// box is a packed parcel of a new order that a carrier is to bring.
func (s *shop) box(t testing.TB) parcel.Parcel {
	t.Helper()
	o := s.place(t, s.draft("carrier:jne:reg"))
	for _, act := range []order.Act{order.ActAccept, order.ActPack} {
		_, err := s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: act})
		must(t, err)
	}
	list, err := s.parcels.Of(t.Context(), s.owner, o.ID)
	must(t, err)
	if len(list) != 1 || list[0].Carrier != "jne" || list[0].Service != "reg" {
		t.Fatalf("parcels of the order: %+v", list)
	}
	return list[0]
}

func (s *shop) ask(t testing.TB, p parcel.Parcel) booking.Booking {
	t.Helper()
	rates, out, err := s.booking.Prices(t.Context(), s.owner, p.ID)
	must(t, err)
	if len(rates) == 0 {
		t.Fatalf("no prices: %v", out)
	}
	for _, r := range rates {
		if r.Firm == "jne" && r.Service == "reg" {
			b, err := s.booking.Book(t.Context(), s.owner, p.ID, booking.Ask{ID: id.New(), Connector: "biteship", Firm: "jne", Service: "reg", Seen: r.Total()})
			must(t, err)
			return b
		}
	}
	t.Fatalf("JNE REG is not among %v", rates)
	return booking.Booking{}
}

func (h *house) drain(t testing.TB) {
	t.Helper()
	_, err := h.jobs.Drain(t.Context())
	must(t, err)
}

// booked is a parcel for which a carrier comes.
func (s *shop) booked(t testing.TB) parcel.Parcel {
	t.Helper()
	p := s.box(t)
	s.ask(t, p)
	s.drain(t)
	return s.get(t, p)
}

func (s *shop) get(t testing.TB, p parcel.Parcel) parcel.Parcel {
	t.Helper()
	d, err := s.parcels.Get(t.Context(), s.owner, p.ID)
	must(t, err)
	return d.Parcel
}

func (s *shop) last(t testing.TB, p parcel.Parcel) booking.Booking {
	t.Helper()
	v, err := s.booking.Of(t.Context(), s.owner, p.ID)
	must(t, err)
	b, _ := v.Last()
	return b
}

// door is the address for messages, and the secret that they must bear.
func (s *shop) door(t testing.TB) (token, secret string) {
	t.Helper()
	p, err := s.booking.Get(t.Context(), s.owner)
	must(t, err)
	for _, k := range p.Keys {
		if k.Connector == "biteship" {
			return k.Hook[strings.LastIndex(k.Hook, "/")+1:], k.Secret
		}
	}
	t.Fatal("the shop has no key")
	return "", ""
}

// tell brings messages of the server to the shop's address, signed for it.
func (s *shop) tell(t testing.TB, list []carriertest.Message) {
	t.Helper()
	token, secret := s.door(t)
	for _, m := range list {
		must(t, s.booking.Take(t.Context(), "biteship", token, http.Header{booking.HookHeader: {secret}}, m.Body))
	}
}

func (s *shop) events(t testing.TB, p parcel.Parcel) string {
	t.Helper()
	d, err := s.parcels.Get(t.Context(), s.owner, p.ID)
	must(t, err)
	out := fmt.Sprintf("%s %s taken %d attempts %d\n", d.Status, d.Waybill, d.Taken, d.Attempts)
	for _, e := range d.Events {
		if e.Act == parcel.ActTrack {
			out += fmt.Sprintf("%s %s %s %s\n", e.At.UTC().Format(time.RFC3339), e.Status, e.Code, e.Words)
		}
	}
	return out
}

func ways(q order.Quote) string {
	var list []string
	for _, w := range q.Ways {
		list = append(list, fmt.Sprintf("%s %d", w.Written(), w.Fee))
	}
	return strings.Join(list, ", ")
}
