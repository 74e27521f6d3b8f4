package parcel_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

const village = "32.11.01.2001"

var root = []byte(strings.Repeat("k", 32))

// shop is an open shop that brings goods, with one product at Rp18.000.
type shop struct {
	db      *store.DB
	shops   *business.Service
	orders  *order.Service
	parcels *parcel.Service
	books   *ledger.Service
	stock   *stock.Service
	owner   authz.Scope
	courier authz.Scope
	buyer   authz.Scope
	variant id.ID
}

func newShop(t testing.TB, db *store.DB) *shop {
	t.Helper()
	s := &shop{db: db}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	s.shops, err = business.New(db, account.New(db, root), root)
	must(err)
	blobs := blob.New(db)
	goods := catalog.New(db, s.shops, blobs)
	s.stock = stock.New(db, goods)
	goods.OnStock = s.stock.Set
	s.books = ledger.New(db)
	payments := payment.New(db, s.books, blobs)
	people, err := customer.New(db, root)
	must(err)
	vouchers, err := voucher.New(db, root)
	must(err)
	ways := delivery.New(db, s.shops)
	s.orders, err = order.New(db, root, order.Parts{
		Shops: s.shops, Goods: goods, Stock: s.stock, Customers: people, Delivery: ways, Vouchers: vouchers, Payments: payments, Books: s.books, Blobs: blobs,
	})
	must(err)
	s.orders.PerMinute = 1 << 30
	s.parcels, err = parcel.New(db, root, parcel.Parts{Shops: s.shops, Orders: s.orders, Books: s.books, Ways: ways, Blobs: blobs})
	must(err)
	s.orders.OnMoved = s.parcels.Follow
	now := db.Now()
	s.owner = authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := s.shops.Create(t.Context(), s.owner, business.NewShop{
		ID: id.New(), Name: "Dapur Bu Euis", Trade: "T1", Village: village, Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	must(err)
	s.owner.Role, s.owner.Business = authz.Owner, b.ID
	s.courier = authz.Scope{Actor: id.New(), Role: authz.Courier, Business: b.ID, Now: now, ProvenAt: now}
	s.buyer = authz.Visitor(b.ID)
	s.orders.Brings = func(_ context.Context, _ *store.Tx, _ authz.Scope, who id.ID) (bool, error) {
		return who == s.courier.Actor, nil
	}
	s.parcels.Brings = s.orders.Brings
	_, err = s.shops.Publish(t.Context(), s.owner)
	must(err)
	s.variant = id.New()
	pieces := int64(1000)
	_, err = goods.Create(t.Context(), s.owner, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik", Publish: true, Min: 1,
		Variants: []catalog.VariantForm{{ID: s.variant, Price: 18_000, WeightGrams: 250, Tracked: true, Stock: &pieces}},
	})
	must(err)
	must(payments.Put(t.Context(), s.owner, payment.Defaults()))
	set := delivery.Initial()
	set.Own, set.Flat = true, 5_000
	must(ways.Put(t.Context(), s.owner, set))
	return s
}

// order is an accepted order of n pieces to be brought and paid at the door.
func (s *shop) order(t testing.TB, n int64) order.Order {
	t.Helper()
	o, err := s.orders.Place(t.Context(), s.buyer, order.Draft{
		ID: id.New(), Channel: order.Web, Lines: []stock.Want{{Variant: s.variant, Quantity: n}}, Name: "Rini Marlina", Phone: "0812 3456 7891",
		Way: order.Own, Village: village, Street: "Jl. Melati 3", PayBy: payment.COD, SeenTotal: n*18_000 + 5_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.move(t, o, order.Move{Act: order.ActAccept})
}

func (s *shop) move(t testing.TB, o order.Order, m order.Move) order.Order {
	t.Helper()
	o, err := s.orders.Do(t.Context(), s.owner, o.ID, m)
	if err != nil {
		t.Fatalf("%s: %v", m.Act, err)
	}
	return o
}

func (s *shop) do(t testing.TB, sc authz.Scope, p parcel.Parcel, m parcel.Move) parcel.Parcel {
	t.Helper()
	p, err := s.parcels.Do(t.Context(), sc, p.ID, m)
	if err != nil {
		t.Fatalf("%s of a parcel that is %s: %v", m.Act, p.Status, err)
	}
	return p
}

func (s *shop) get(t testing.TB, o order.Order) order.Order {
	t.Helper()
	d, err := s.orders.Get(t.Context(), s.owner, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	return d.Order
}

func (s *shop) of(t testing.TB, o order.Order) []parcel.Parcel {
	t.Helper()
	list, err := s.parcels.Of(t.Context(), s.owner, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s *shop) held(t testing.TB, holder id.ID) (n int64) {
	t.Helper()
	if err := s.db.View(t.Context(), s.owner, func(tx *store.Tx) (err error) {
		n, err = s.books.Balance(t.Context(), tx, s.owner, ledger.CourierCash, holder)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// whole checks what must hold at any time.
func (s *shop) whole(t testing.TB) {
	t.Helper()
	broken, err := store.CheckInvariants(t.Context(), s.db, slices.Concat(parcel.Invariants, order.Invariants, ledger.Invariants, stock.Invariants))
	if err != nil || len(broken) > 0 {
		t.Errorf("invariants: %v, %v", broken, err)
	}
}

func TestTheOrderFollowsItsParcel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		o := s.order(t, 2)
		list, err := s.parcels.Ensure(t.Context(), s.owner, o.ID)
		if err != nil || len(list) != 1 || list[0].COD != 41_000 || list[0].Grams != 500 || list[0].Pieces != 2 || list[0].Name != "Rini Marlina" {
			t.Fatalf("Ensure = %+v, %v", list, err)
		}
		p := list[0]
		if again, err := s.parcels.Ensure(t.Context(), s.owner, o.ID); err != nil || len(again) != 1 || again[0].ID != p.ID {
			t.Errorf("Ensure twice = %v, %v", again, err)
		}
		if _, err := s.parcels.Do(t.Context(), s.owner, p.ID, parcel.Move{Act: parcel.ActAssign, Courier: id.New()}); err == nil {
			t.Error("a stranger was made the courier")
		}
		s.do(t, s.owner, p, parcel.Move{Act: parcel.ActAssign, Courier: s.courier.Actor})
		s.do(t, s.courier, p, parcel.Move{Act: parcel.ActTake})
		if got := s.get(t, o); got.State != order.Sent || got.Courier != s.courier.Actor {
			t.Fatalf("after the hand-over the order is %s, with %v", got.State, got.Courier)
		}
		s.do(t, s.courier, p, parcel.Move{Act: parcel.ActOut})
		fail := parcel.Move{ID: id.New(), Act: parcel.ActFail, Reason: carrier.NobodyHome}
		s.do(t, s.courier, p, fail)
		s.do(t, s.courier, p, fail) // the phone sends it again
		if got := s.get(t, o); got.State != order.Failed || got.Reason != "nobody_home" || got.Tries != 1 {
			t.Fatalf("after a failed attempt the order is %s, %s, %d tries", got.State, got.Reason, got.Tries)
		}
		s.do(t, s.courier, p, parcel.Move{Act: parcel.ActOut})
		deliver := parcel.Move{ID: id.New(), Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self", Amount: 41_000, Received: true}
		s.do(t, s.courier, p, deliver)
		got := s.do(t, s.courier, p, deliver)
		if got.Status != carrier.Delivered || got.Attempts != 1 || got.Taken != 41_000 {
			t.Errorf("the parcel is %s after %d failed attempts, took %d", got.Status, got.Attempts, got.Taken)
		}
		if got := s.get(t, o); got.State != order.Done || got.Due() != 0 || got.Receiver != "Rini" {
			t.Errorf("the order is %s, due %d, received by %q", got.State, got.Due(), got.Receiver)
		}
		if n := s.held(t, s.courier.Actor); n != 41_000 {
			t.Errorf("the courier holds %d, want 41000", n)
		}
		if _, err := s.parcels.Do(t.Context(), s.courier, p.ID, parcel.Move{Act: parcel.ActFail, Reason: carrier.Refused}); !errors.Is(err, parcel.ErrState) {
			t.Errorf("a delivered parcel fails: %v", err)
		}
		s.whole(t)
	})
}

func TestParcelsFollowTheirOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		want := func(o order.Order, status carrier.Status) {
			t.Helper()
			if list := s.of(t, o); len(list) != 1 || list[0].Status != status {
				t.Errorf("the order is %s, its parcels %+v, want one that is %s", s.get(t, o).State, list, status)
			}
		}
		o := s.order(t, 1)
		s.move(t, o, order.Move{Act: order.ActPack})
		want(o, carrier.Ready)
		s.move(t, o, order.Move{Act: order.ActUndo})
		want(o, carrier.Draft)
		s.move(t, o, order.Move{Act: order.ActHandOver, Courier: s.courier.Actor})
		want(o, carrier.PickedUp)
		s.move(t, o, order.Move{Act: order.ActFail, Reason: "refused"})
		want(o, carrier.AttemptFailed)
		s.move(t, o, order.Move{Act: order.ActRetry})
		want(o, carrier.PickedUp)
		s.move(t, o, order.Move{Act: order.ActUndo})
		want(o, carrier.AttemptFailed)
		s.move(t, o, order.Move{Act: order.ActRetry})
		s.move(t, o, order.Move{Act: order.ActDeliver, Receiver: "Rini", Relation: "self"})
		want(o, carrier.Delivered)
		if p := s.of(t, o)[0]; p.Taken != 23_000 || p.Attempts != 1 || p.HandedAt == nil || p.DoneAt == nil {
			t.Errorf("the parcel: %+v", p)
		}
		o = s.order(t, 1)
		s.move(t, o, order.Move{Act: order.ActPack})
		s.move(t, o, order.Move{Act: order.ActCancel, Reason: "buyer_asked"})
		want(o, carrier.Cancelled)
		o = s.order(t, 1)
		s.move(t, o, order.Move{Act: order.ActHandOver, Courier: s.courier.Actor})
		s.move(t, o, order.Move{Act: order.ActFail, Reason: "refused"})
		s.move(t, o, order.Move{Act: order.ActReturn, Reason: "undelivered", Restock: true})
		want(o, carrier.Returned)
		s.whole(t)
	})
}

func TestPartsOfAnOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		o := s.order(t, 3)
		for name, parts := range map[string][]parcel.Part{
			"too few": {{Lines: []int64{1}}, {Lines: []int64{1}}}, "too many": {{Lines: []int64{3}}, {Lines: []int64{1}}}, "an empty one": {{Lines: []int64{3}}, {Lines: []int64{0}}},
			"none": nil, "below zero": {{Lines: []int64{4}}, {Lines: []int64{-1}}},
		} {
			if _, err := s.parcels.Split(t.Context(), s.owner, o.ID, parts); !errors.Is(err, parcel.ErrSplit) {
				t.Errorf("%s: %v", name, err)
			}
		}
		list, err := s.parcels.Split(t.Context(), s.owner, o.ID, []parcel.Part{{Lines: []int64{1}}, {Lines: []int64{2}}})
		if err != nil || len(list) != 2 || list[0].COD != 59_000 || list[1].COD != 0 {
			t.Fatalf("Split = %+v, %v", list, err)
		}
		for _, p := range list {
			s.do(t, s.owner, p, parcel.Move{Act: parcel.ActTake, Courier: s.courier.Actor})
		}
		s.do(t, s.courier, list[0], parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self", Amount: 59_000, Received: true})
		if got := s.get(t, o); got.State != order.Sent || got.Paid != 59_000 {
			t.Errorf("after one of two the order is %s, paid %d", got.State, got.Paid)
		}
		s.do(t, s.courier, list[1], parcel.Move{Act: parcel.ActDeliver, Receiver: "Pak RT", Relation: "neighbour"})
		if got := s.get(t, o); got.State != order.Done || got.Due() != 0 {
			t.Errorf("after both the order is %s, due %d", got.State, got.Due())
		}
		if n := s.held(t, s.courier.Actor); n != 59_000 {
			t.Errorf("the courier holds %d", n)
		}
		s.whole(t)
	})
}

// Nothing is taken that was not said why, and QRIS is paid when the shop says so.
func TestMoneyAtTheDoor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		sent := func() (order.Order, parcel.Parcel) {
			o := s.order(t, 1)
			s.move(t, o, order.Move{Act: order.ActHandOver, Courier: s.courier.Actor})
			return o, s.of(t, o)[0]
		}
		m := parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self", Amount: 20_000, Received: true}
		o, p := sent()
		if _, err := s.parcels.Do(t.Context(), s.courier, p.ID, m); !on(err, "text", parcel.ErrSayWhy) {
			t.Errorf("less than is due without a word: %v", err)
		}
		m.Amount = 30_000
		if _, err := s.parcels.Do(t.Context(), s.courier, p.ID, m); !on(err, "amount", parcel.ErrTooMuch) {
			t.Errorf("more than is due: %v", err)
		}
		m.Amount, m.Text = 20_000, "Sisanya besok"
		s.do(t, s.courier, p, m)
		if got := s.get(t, o); got.State != order.Done || got.Due() != 3_000 || s.held(t, s.courier.Actor) != 20_000 {
			t.Errorf("the order is %s, due %d; the courier holds %d", got.State, got.Due(), s.held(t, s.courier.Actor))
		}
		o, p = sent()
		s.do(t, s.courier, p, parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self", Amount: 23_000, Received: true, Method: payment.QRIS})
		got := s.get(t, o)
		if got.State != order.Done || got.Paid != 0 || got.ClaimedAt == nil || got.Tab != order.TabAction {
			t.Errorf("QRIS at the door: %s, paid %d, claimed %v, tab %s", got.State, got.Paid, got.ClaimedAt, got.Tab)
		}
		s.move(t, o, order.Move{Act: order.ActPay, Method: payment.QRIS, Amount: 23_000})
		if n := s.held(t, s.courier.Actor); n != 20_000 {
			t.Errorf("the courier holds %d, though it came by QRIS", n)
		}
		s.whole(t)
	})
}

func TestDearGoodsNeedTheCode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		if err := s.parcels.PutSettings(t.Context(), s.owner, parcel.Settings{CodeFrom: 50_000}); err != nil {
			t.Fatal(err)
		}
		o := s.order(t, 1)
		s.move(t, o, order.Move{Act: order.ActPack})
		if s.of(t, o)[0].CodeAsked {
			t.Error("cheap goods ask for a code")
		}
		o = s.order(t, 3)
		s.move(t, o, order.Move{Act: order.ActHandOver, Courier: s.courier.Actor})
		p := s.of(t, o)[0]
		d, err := s.parcels.Get(t.Context(), s.owner, p.ID)
		if err != nil || len(d.Code) != 4 {
			t.Fatalf("the code is %q, %v", d.Code, err)
		}
		if mine, err := s.parcels.Get(t.Context(), s.courier, p.ID); err != nil || mine.Code != "" {
			t.Errorf("the courier reads the code %q, %v", mine.Code, err)
		}
		wrong := "0000"
		if d.Code == wrong {
			wrong = "0001"
		}
		m := parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self"}
		for range parcel.MaxTries {
			m.Code = wrong
			if _, err := s.parcels.Do(t.Context(), s.courier, p.ID, m); !errors.Is(err, parcel.ErrCode) {
				t.Fatalf("a wrong code: %v", err)
			}
		}
		m.Code = d.Code
		if _, err := s.parcels.Do(t.Context(), s.courier, p.ID, m); !errors.Is(err, parcel.ErrLocked) {
			t.Errorf("after too many wrong codes: %v", err)
		}
		m.Code = ""
		if got := s.do(t, s.owner, p, m); got.Status != carrier.Delivered || got.CodeTries != parcel.MaxTries {
			t.Errorf("the shop ends it: %s after %d tries", got.Status, got.CodeTries)
		}
		s.whole(t)
	})
}

func TestALimitOfCashStopsNewCOD(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		if err := s.parcels.PutSettings(t.Context(), s.owner, parcel.Settings{CashLimit: 20_000}); err != nil {
			t.Fatal(err)
		}
		o := s.order(t, 1)
		list, err := s.parcels.Ensure(t.Context(), s.owner, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		s.do(t, s.owner, list[0], parcel.Move{Act: parcel.ActTake, Courier: s.courier.Actor})
		s.do(t, s.courier, list[0], parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self"})
		o = s.order(t, 1)
		if list, err = s.parcels.Ensure(t.Context(), s.owner, o.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.parcels.Do(t.Context(), s.owner, list[0].ID, parcel.Move{Act: parcel.ActAssign, Courier: s.courier.Actor}); !on(err, "courier", parcel.ErrLimit) {
			t.Errorf("over the limit: %v", err)
		}
		if err := db.Tx(t.Context(), s.owner, func(tx *store.Tx) error {
			return s.books.Post(t.Context(), tx, s.owner, ledger.Entry{Key: "till", Kind: "courier.settled", Lines: []ledger.Line{
				{Account: ledger.CourierCash, Holder: s.courier.Actor, Amount: -23_000}, {Account: ledger.Cash, Amount: 23_000},
			}})
		}); err != nil {
			t.Fatal(err)
		}
		s.do(t, s.owner, list[0], parcel.Move{Act: parcel.ActAssign, Courier: s.courier.Actor})
	})
}

// on reports whether err says want of a field.
func on(err error, field string, want error) bool {
	f := fault.Of(err)
	return f != nil && f.Field(field) != nil && errors.Is(f.Field(field), want)
}

func second[T any](_ T, err error) error { return err }

// Another shop, another shop's courier and another courier find nothing.
func TestParcelsOfOthersAreNotFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, other := newShop(t, db), newShop(t, db)
		o := s.order(t, 1)
		s.move(t, o, order.Move{Act: order.ActHandOver, Courier: s.courier.Actor})
		p := s.of(t, o)[0]
		stranger := s.courier
		stranger.Actor = id.New()
		for name, sc := range map[string]authz.Scope{"another owner": other.owner, "another shop's courier": other.courier, "another courier": stranger} {
			if _, err := s.parcels.Get(t.Context(), sc, p.ID); !errors.Is(err, parcel.ErrNotFound) {
				t.Errorf("%s: Get = %v", name, err)
			}
			if _, err := s.parcels.Do(t.Context(), sc, p.ID, parcel.Move{Act: parcel.ActDeliver, Receiver: "X", Relation: "self"}); !errors.Is(err, parcel.ErrNotFound) {
				t.Errorf("%s: Do = %v", name, err)
			}
			if list, err := s.parcels.Run(t.Context(), sc, s.courier.Actor); err != nil || len(list) != 0 {
				t.Errorf("%s: Run = %v, %v", name, list, err)
			}
		}
		if list, err := s.parcels.Many(t.Context(), other.owner, []id.ID{p.ID}); err != nil || len(list) != 0 {
			t.Errorf("Many = %v, %v", list, err)
		}
		if _, err := s.parcels.Ensure(t.Context(), other.owner, o.ID); !errors.Is(err, order.ErrNotFound) {
			t.Errorf("Ensure = %v", err)
		}
		for act := range map[parcel.Act]bool{parcel.ActAssign: true, parcel.ActReturn: true, parcel.ActChange: true, parcel.ActLose: true} {
			m := parcel.Move{Act: act, Courier: s.courier.Actor, Carrier: parcel.Own}
			if _, err := s.parcels.Do(t.Context(), s.courier, p.ID, m); !errors.Is(err, authz.ErrForbidden) {
				t.Errorf("a courier may %s: %v", act, err)
			}
		}
	})
}
