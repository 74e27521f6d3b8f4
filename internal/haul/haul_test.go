package haul_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/haul"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

const (
	village = "32.11.01.2001"
	far     = "32.04.08.2001"
)

var root = []byte(strings.Repeat("k", 32))

// town is an installation with its services, a courier firm and its jobs.
type town struct {
	testing.TB
	db      *store.DB
	shops   *business.Service
	goods   *catalog.Service
	ways    *delivery.Service
	orders  *order.Service
	parcels *parcel.Service
	books   *ledger.Service
	pays    *payment.Service
	jobs    *job.Runner
	ahead   atomic.Int64 // how far the clock is

	*haul.Service
	firm, courier authz.Scope
	hubs          []haul.Asset
}

// stall is a shop of the town.
type stall struct {
	sc      authz.Scope
	variant id.ID
}

func (w *town) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func newTown(t testing.TB, db *store.DB) *town {
	t.Helper()
	w := &town{TB: t, db: db}
	db.Now = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	var err error
	w.shops, err = business.New(db, account.New(db, root), root)
	w.must(err)
	blobs := blob.New(db)
	w.goods = catalog.New(db, w.shops, blobs)
	shelf := stock.New(db, w.goods)
	w.goods.OnStock = shelf.Set
	w.books = ledger.New(db)
	w.pays = payment.New(db, w.books, blobs)
	people, err := customer.New(db, root)
	w.must(err)
	vouchers, err := voucher.New(db, root)
	w.must(err)
	w.ways = delivery.New(db, w.shops)
	w.orders, err = order.New(db, root, order.Parts{
		Shops: w.shops, Goods: w.goods, Stock: shelf, Customers: people, Delivery: w.ways, Vouchers: vouchers, Payments: w.pays, Books: w.books, Blobs: blobs,
	})
	w.must(err)
	w.orders.PerMinute = 1 << 30
	w.parcels, err = parcel.New(db, root, parcel.Parts{Shops: w.shops, Orders: w.orders, Books: w.books, Blobs: blobs})
	w.must(err)
	w.Service = haul.New(db, haul.Parts{Shops: w.shops, Delivery: w.ways, Parcels: w.parcels, Books: w.books})
	w.orders.OnMoved = w.parcels.Follow
	w.parcels.OnMoved, w.parcels.OnRemade, w.parcels.Firms, w.shops.OnTouch = w.Moved, w.Remade, w.FirmFor, w.Touched
	w.jobs = job.New(db, job.Options{Log: slog.New(slog.DiscardHandler)})
	w.Register(w.jobs)
	w.orders.Register(w.jobs)
	job.Handle(w.jobs, func(context.Context, authz.Scope, business.Refresh) error { return nil })

	w.firm = w.open("Kurir Kilat", "T9", village)
	w.courier = authz.Scope{Actor: id.New(), Role: authz.Courier, Business: w.firm.Business, Now: db.Now(), ProvenAt: db.Now()}
	w.orders.Brings = func(_ context.Context, _ *store.Tx, _ authz.Scope, who id.ID) (bool, error) {
		return who == w.courier.Actor, nil
	}
	w.parcels.Brings = w.orders.Brings
	set := delivery.Initial()
	set.Own, set.Flat, set.PerKg = true, 7_000, 2_000
	w.must(w.ways.Put(t.Context(), w.firm, set))
	w.hubs = []haul.Asset{{ID: id.New(), Kind: haul.Hub, Name: "Jatinangor", Detail: village}, {ID: id.New(), Kind: haul.Hub, Name: "Bandung", Detail: far}}
	w.must(w.Put(t.Context(), w.firm, haul.Firm{
		Open: true, CODBP: 250, PayDays: "14", Assets: append([]haul.Asset{{Kind: haul.ServiceKind, Name: "Reguler", Detail: "08.00-17.00"}}, w.hubs...),
	}))
	w.drain()
	return w
}

func (w *town) open(name, trade, at string) authz.Scope {
	w.Helper()
	now := w.db.Now()
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := w.shops.Create(w.Context(), sc, business.NewShop{ID: id.New(), Name: name, Trade: trade, Village: at, Phone: "081234567890", SoldBefore: business.SoldConventional})
	w.must(err)
	sc.Role, sc.Business = authz.Owner, b.ID
	_, err = w.shops.Publish(w.Context(), sc)
	w.must(err)
	return sc
}

// stall opens a shop whose parcels the firm carries.
func (w *town) stall(name, at string) stall {
	w.Helper()
	s := stall{sc: w.open(name, "T1", at), variant: id.New()}
	pieces := int64(1000)
	_, err := w.goods.Create(w.Context(), s.sc, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik", Publish: true, Min: 1,
		Variants: []catalog.VariantForm{{ID: s.variant, Price: 18_000, WeightGrams: 250, Tracked: true, Stock: &pieces}},
	})
	w.must(err)
	w.must(w.pays.Put(w.Context(), s.sc, payment.Defaults()))
	set := delivery.Initial()
	set.Own, set.Flat = true, 5_000
	w.must(w.ways.Put(w.Context(), s.sc, set))
	w.must(w.Ask(w.Context(), s.sc, w.firm.Business))
	w.drain()
	w.must(w.Reply(w.Context(), w.firm, s.sc.Business, haul.Accepted))
	w.drain()
	return s
}

// order is a packed order of n pieces, paid at the door.
func (w *town) order(s stall, n int64) order.Order {
	w.Helper()
	o, err := w.orders.Place(w.Context(), authz.Visitor(s.sc.Business), order.Draft{
		ID: id.New(), Channel: order.Web, Lines: []stock.Want{{Variant: s.variant, Quantity: n}}, Name: "Rini Marlina", Phone: "0812 3456 7891",
		Way: order.Own, Village: village, Street: "Jl. Melati 3", PayBy: payment.COD, SeenTotal: n*18_000 + 5_000,
	})
	w.must(err)
	for _, act := range []order.Act{order.ActAccept, order.ActPack} {
		o, err = w.orders.Do(w.Context(), s.sc, o.ID, order.Move{Act: act})
		w.must(err)
	}
	return o
}

// give gives the parcels of an order to the firm.
func (w *town) give(s stall, o order.Order) (list []parcel.Parcel) {
	w.Helper()
	list, err := w.parcels.Of(w.Context(), s.sc, o.ID)
	w.must(err)
	for i, p := range list {
		list[i] = w.do(s.sc, p.ID, parcel.Move{Act: parcel.ActChange, Carrier: w.carrier(s)})
	}
	return list
}

// box is the one parcel of an order that the firm is to carry.
func (w *town) box(s stall, n int64) parcel.Parcel {
	w.Helper()
	return w.give(s, w.order(s, n))[0]
}

func (w *town) carrier(s stall) string {
	w.Helper()
	list, err := w.Choices(w.Context(), s.sc)
	w.must(err)
	if len(list) != 1 {
		w.Fatalf("the shop can choose %v", list)
	}
	return list[0].Code
}

func (w *town) do(sc authz.Scope, p id.ID, m parcel.Move) parcel.Parcel {
	w.Helper()
	out, err := w.parcels.Do(w.Context(), sc, p, m)
	if err != nil {
		w.Fatalf("%s of a parcel that is %s: %v", m.Act, out.Status, err)
	}
	return out
}

func (w *town) get(sc authz.Scope, p id.ID) parcel.Parcel {
	w.Helper()
	d, err := w.parcels.Get(w.Context(), sc, p)
	w.must(err)
	return d.Parcel
}

func (w *town) drain() int {
	w.Helper()
	n, err := w.jobs.Drain(w.Context())
	w.must(err)
	return n
}

// raw runs a statement on the jobs that wait, or on what a test plants.
func (w *town) raw(sc authz.Scope, query string, args ...any) {
	w.Helper()
	w.must(w.db.Tx(w.Context(), sc, func(tx *store.Tx) error {
		_, err := tx.ExecContext(w.Context(), query, args...)
		return err
	}))
}

// shake mixes the jobs that wait, doubles each, and loses some.
func (w *town) shake(rnd *rand.Rand, lose float64) {
	w.Helper()
	all := authz.Job(id.ID{})
	var ids []id.ID
	w.must(w.db.View(w.Context(), all, func(tx *store.Tx) error {
		ids = nil
		rows, err := tx.QueryContext(w.Context(), `SELECT id FROM jobs WHERE kind LIKE 'haul.%' AND dead_at IS NULL ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v id.ID
			if err := rows.Scan(&v); err != nil {
				return err
			}
			ids = append(ids, v)
		}
		return rows.Err()
	}))
	for _, v := range ids {
		if rnd.Float64() < lose {
			w.raw(all, `DELETE FROM jobs WHERE id = $1`, v)
			continue
		}
		at := func() time.Time { return w.db.Now().Add(-time.Duration(rnd.IntN(1000)) * time.Millisecond).UTC() }
		w.raw(all, `INSERT INTO jobs (business_id, id, kind, args, unique_key, due_at, tries, fence, give_up_at, created_at)
			SELECT business_id, $1, kind, args, NULL, $2, 0, 0, give_up_at, created_at FROM jobs WHERE id = $3`, id.New(), at(), v)
		w.raw(all, `UPDATE jobs SET due_at = $1 WHERE id = $2`, at(), v)
	}
}

func (w *town) later(d time.Duration) { w.ahead.Add(int64(d)) }

// night compares all pairs, and lets what it mends be heard.
func (w *town) night() []haul.Difference {
	w.Helper()
	w.later(20 * time.Minute)
	w.must(w.Nightly(w.Context()))
	w.drain()
	list, err := w.Differences(w.Context(), w.firm)
	w.must(err)
	return list
}

func (w *town) balance(sc authz.Scope, a ledger.Account, holder id.ID) (n int64) {
	w.Helper()
	w.must(w.db.View(w.Context(), sc, func(tx *store.Tx) (err error) {
		n, err = w.books.Balance(w.Context(), tx, sc, a, holder)
		return err
	}))
	return n
}

func (w *town) holds() {
	w.Helper()
	storetest.Holds(w, w.db, haul.Invariants, parcel.Invariants, order.Invariants, ledger.Invariants)
}

// links are the shop's tokens with the firm, by parcel.
func (w *town) tokens(s stall) map[id.ID]id.ID {
	w.Helper()
	list, err := w.Waiting(w.Context(), s.sc, w.firm.Business)
	w.must(err)
	m := map[id.ID]id.ID{}
	for _, b := range list {
		m[b.Parcel.ID] = b.Link.Token
	}
	return m
}

// call lets the firm's courier fetch all that waits; leave names one that they
// leave behind.
func (w *town) call(s stall, leave id.ID) haul.Pickup {
	w.Helper()
	var tokens []id.ID
	for _, token := range w.tokens(s) {
		tokens = append(tokens, token)
	}
	p, err := w.Call(w.Context(), s.sc, w.firm.Business, id.New(), tokens)
	w.must(err)
	w.drain()
	w.must(w.Send(w.Context(), w.firm, p.ID, w.courier.Actor))
	w.must(w.Hand(w.Context(), s.sc, p.ID, tokens))
	w.drain()
	var took []id.ID
	for _, token := range tokens {
		if token != leave {
			took = append(took, token)
		}
	}
	w.must(w.Count(w.Context(), w.courier, p.ID, took))
	w.drain()
	return p
}

// A parcel goes from a shop by a firm to its receiver, and its money back: what
// each side has in its own books is what the other has.
func TestAParcelGoesByAFirmAndItsMoneyComesBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		s := w.stall("Dapur Bu Euis", village)
		p := w.box(s, 2)
		if p.Service != "Kurir Kilat" {
			t.Errorf("the parcel goes by %q", p.Service)
		}
		w.drain()
		token := w.tokens(s)[p.ID]
		there := w.get(w.firm, token)
		if there.Name != p.Name || there.Phone != p.Phone || there.Street != p.Street || there.COD != p.COD || there.Waybill != p.Number || there.Grams != 500 {
			t.Errorf("the firm has %+v", there)
		}
		if there.Goods != 0 || !there.Order.IsZero() || !there.Customer.IsZero() || there.Contents != "Dapur Bu Euis" {
			t.Errorf("the firm knows more than its courier needs: %+v", there)
		}
		w.call(s, id.ID{})
		if got := w.get(s.sc, p.ID).Status; got != carrier.PickedUp {
			t.Fatalf("the shop says %s", got)
		}
		if _, err := w.In(t.Context(), w.firm, w.hubs[0].ID, p.Number); err != nil {
			t.Fatal(err)
		}
		w.do(w.firm, token, parcel.Move{Act: parcel.ActAssign, Courier: w.courier.Actor})
		w.do(w.courier, token, parcel.Move{Act: parcel.ActOut})
		w.do(w.courier, token, parcel.Move{Act: parcel.ActDeliver, Receiver: "Bu Rini", Relation: "family"})
		w.drain()
		got := w.get(s.sc, p.ID)
		if got.Status != carrier.Delivered || got.Receiver != "Bu Rini" || got.Relation != "family" || got.Taken != 41_000 {
			t.Errorf("the shop says %+v", got)
		}
		holder := parcel.HolderOf(w.carrier(s))
		if n := w.balance(w.firm, ledger.CourierCash, w.courier.Actor); n != 41_000 {
			t.Errorf("the courier holds %d", n)
		}
		if a, b := w.balance(w.firm, ledger.CODOwed, s.sc.Business), w.balance(s.sc, ledger.CourierCash, holder); a != -41_000 || b != 41_000 {
			t.Errorf("the firm owes %d, the shop awaits %d", -a, b)
		}
		if list := w.night(); len(list) != 0 {
			t.Errorf("the night found %+v", list)
		}
		st, err := w.Statement(t.Context(), w.firm, s.sc.Business)
		w.must(err)
		if st.COD != 41_000 || st.Fee != 9_000-2_000+1_025 || st.Net != st.COD-st.Fee || len(st.Lines) != 1 || st.Lines[0].Number != p.Number {
			t.Errorf("statement %+v", st)
		}
		pay := haul.Pay{ID: id.New(), On: "2026-11-30", Reference: "BCA 1", Net: st.Net}
		for range 2 {
			_, err = w.PayOut(t.Context(), w.firm, s.sc.Business, pay)
			w.must(err)
			w.shake(rand.New(rand.NewPCG(1, 2)), 0)
			w.drain()
		}
		for _, c := range []struct {
			sc     authz.Scope
			a      ledger.Account
			holder id.ID
			want   int64
		}{
			{s.sc, ledger.Bank, id.ID{}, st.Net},
			{s.sc, ledger.CarrierFee, id.ID{}, st.Fee},
			{s.sc, ledger.CourierCash, holder, 0},
			{w.firm, ledger.Bank, id.ID{}, -st.Net},
			{w.firm, ledger.Shipping, id.ID{}, -st.Fee},
			{w.firm, ledger.CODOwed, s.sc.Business, 0},
		} {
			if n := w.balance(c.sc, c.a, c.holder); n != c.want {
				t.Errorf("%s is %d, want %d", c.a, n, c.want)
			}
		}
		if list := w.night(); len(list) != 0 {
			t.Errorf("the night found %+v", list)
		}
		// What is planted is found, on both sides.
		w.raw(s.sc, `UPDATE haul_links SET taken = 40000 WHERE business_id = $1`, s.sc.Business)
		list := w.night()
		if len(list) != 1 || list[0].Kind != "taken" || list[0].ShopSays != "40000" || list[0].FirmSays != "41000" || list[0].Box.Parcel.Waybill != p.Number {
			t.Errorf("the night found %+v", list)
		}
		if mine, err := w.Differences(t.Context(), s.sc); err != nil || len(mine) != 1 || mine[0].Box.Parcel.ID != p.ID {
			t.Errorf("the shop sees %+v, %v", mine, err)
		}
		w.raw(s.sc, `UPDATE haul_links SET taken = 41000 WHERE business_id = $1`, s.sc.Business)
		if list := w.night(); len(list) != 0 {
			t.Errorf("the night still finds %+v", list)
		}
		w.holds()
	})
}

// However jobs are mixed, doubled and lost, a shop and its firm end with one
// story and one sum.
func TestTwoBusinessesEndWithOneStory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		shops := []stall{w.stall("Dapur Bu Euis", village), w.stall("Warung Pak Asep", village)}
		runs := 3
		if db.Postgres() {
			runs = 2
		}
		for run := range runs {
			seed := uint64(run)*7919 + uint64(time.Now().UnixNano()%1000)
			t.Run(fmt.Sprint(seed), func(t *testing.T) { w.TB = t; w.story(rand.New(rand.NewPCG(seed, 1)), shops) })
		}
		w.TB = t
		w.holds()
	})
}
