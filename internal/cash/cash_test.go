package cash_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/cash"
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

// shop is an open shop that brings goods: an owner, two couriers, a helper who
// may receive money but not take payments.
type shop struct {
	db       *store.DB
	orders   *order.Service
	parcels  *parcel.Service
	payments *payment.Service
	books    *ledger.Service
	cash     *cash.Service
	owner    authz.Scope
	courier  authz.Scope
	other    authz.Scope
	helper   authz.Scope
	variant  id.ID
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
	shops, err := business.New(db, account.New(db, root), root)
	must(err)
	blobs := blob.New(db)
	goods := catalog.New(db, shops, blobs)
	shelf := stock.New(db, goods)
	goods.OnStock = shelf.Set
	s.books = ledger.New(db)
	s.payments = payment.New(db, s.books, blobs)
	people, err := customer.New(db, root)
	must(err)
	vouchers, err := voucher.New(db, root)
	must(err)
	ways := delivery.New(db, shops)
	s.orders, err = order.New(db, root, order.Parts{
		Shops: shops, Goods: goods, Stock: shelf, Customers: people, Delivery: ways, Vouchers: vouchers, Payments: s.payments, Books: s.books, Blobs: blobs,
	})
	must(err)
	s.orders.PerMinute = 1 << 30
	s.parcels, err = parcel.New(db, root, parcel.Parts{Shops: shops, Orders: s.orders, Books: s.books, Blobs: blobs})
	must(err)
	s.orders.OnMoved, s.orders.Holder = s.parcels.Follow, s.parcels.Holder
	s.cash, err = cash.New(db, root, cash.Parts{Books: s.books, Parcels: s.parcels})
	must(err)
	now := db.Now()
	s.owner = authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := shops.Create(t.Context(), s.owner, business.NewShop{
		ID: id.New(), Name: "Dapur Bu Euis", Trade: "T1", Village: village, Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	must(err)
	s.owner.Role, s.owner.Business = authz.Owner, b.ID
	person := func(role authz.Role, perms ...authz.Perm) authz.Scope {
		return authz.Scope{Actor: id.New(), Role: role, Perms: perms, Business: b.ID, Now: now, ProvenAt: now}
	}
	s.courier, s.other, s.helper = person(authz.Courier), person(authz.Courier), person(authz.Staff, authz.PermOrders)
	s.cash.Team = func(context.Context, *store.Tx, authz.Scope) (list []account.Teammate, _ error) {
		for _, sc := range []authz.Scope{s.owner, s.courier, s.other, s.helper} {
			list = append(list, account.Teammate{Person: sc.Actor, Name: string(sc.Role), Role: sc.Role, Perms: sc.Perms})
		}
		return list, nil
	}
	_, err = shops.Publish(t.Context(), s.owner)
	must(err)
	s.variant = id.New()
	pieces := int64(1000)
	_, err = goods.Create(t.Context(), s.owner, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik", Publish: true, Min: 1,
		Variants: []catalog.VariantForm{{ID: s.variant, Price: 18_000, WeightGrams: 250, Tracked: true, Stock: &pieces}},
	})
	must(err)
	must(s.payments.Put(t.Context(), s.owner, payment.Defaults()))
	set := delivery.Initial()
	set.Own, set.Flat = true, 5_000
	must(ways.Put(t.Context(), s.owner, set))
	return s
}

// delivered is a parcel of Rp23.000 that was paid at the door, to a courier of
// the shop or, with a waybill, to a carrier.
func (s *shop) delivered(t testing.TB, courier authz.Scope, waybill string) parcel.Parcel {
	t.Helper()
	o, err := s.orders.Place(t.Context(), authz.Visitor(s.owner.Business), order.Draft{
		ID: id.New(), Channel: order.Web, Lines: []stock.Want{{Variant: s.variant, Quantity: 1}}, Name: "Rini Marlina", Phone: "0812 3456 7891",
		Way: order.Own, Village: village, Street: "Jl. Melati 3", PayBy: payment.COD, SeenTotal: 23_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActAccept}); err != nil {
		t.Fatal(err)
	}
	list, err := s.parcels.Ensure(t.Context(), s.owner, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	moves := []parcel.Move{{Act: parcel.ActTake, Courier: courier.Actor}, {Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self"}}
	if waybill != "" {
		moves = slices.Insert(moves, 0, parcel.Move{Act: parcel.ActChange, Carrier: "jne", Service: "REG", Waybill: waybill})
	}
	p := list[0]
	for _, m := range moves {
		if p, err = s.parcels.Do(t.Context(), s.owner, p.ID, m); err != nil {
			t.Fatalf("%s: %v", m.Act, err)
		}
	}
	return p
}

// code is what the receiver's phone makes of the keys that its page brought.
func (s *shop) code(t testing.TB, receiver authz.Scope, giver id.ID, amount int64, mark string) string {
	t.Helper()
	v, err := s.cash.Receiving(t.Context(), receiver)
	if err != nil || len(v.Keys) != cash.KeyDays {
		t.Fatalf("Receiving = %+v, %v", v, err)
	}
	key, err := base64.StdEncoding.DecodeString(v.Keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	return cash.Code(key, giver, amount, mark)
}

func (s *shop) balance(t testing.TB, a ledger.Account, holder id.ID) (n int64) {
	t.Helper()
	if err := s.db.View(t.Context(), s.owner, func(tx *store.Tx) (err error) {
		n, err = s.books.Balance(t.Context(), tx, s.owner, a, holder)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *shop) held(t testing.TB, sc authz.Scope) int64 {
	return s.balance(t, ledger.CourierCash, sc.Actor)
}
func (s *shop) till(t testing.TB) int64 { return s.balance(t, ledger.Cash, id.ID{}) }

// unexplained checks what must hold at any time, and the owner's headline.
func (s *shop) unexplained(t testing.TB, want int64) cash.Chain {
	t.Helper()
	c, err := s.cash.Read(t.Context(), s.owner)
	if err != nil || c.Unexplained() != want {
		t.Errorf("unexplained: %d, want %d: %+v, %v", c.Unexplained(), want, c, err)
	}
	if should := c.Opening + c.Took - c.Till - c.PaidOut - c.Explained; should != c.Held+c.Books {
		t.Errorf("the page does not add up: %+v", c)
	}
	broken, err := store.CheckInvariants(t.Context(), s.db, slices.Concat(cash.Invariants, parcel.Invariants, ledger.Invariants))
	if err != nil || len(broken) > 0 {
		t.Errorf("invariants: %v, %v", broken, err)
	}
	return c
}

func on(err error, field string, want error) bool {
	f := fault.Of(err)
	return f != nil && f.Field(field) != nil && errors.Is(f.Field(field), want)
}

func TestTwoPhonesMoveMoneyOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.delivered(t, s.courier, "")
		s.delivered(t, s.courier, "")
		mine, err := s.cash.Mine(t.Context(), s.courier, 0)
		if err != nil || mine.Amount != 46_000 || mine.Parcels != 2 || len(mine.Boxes()) != 2 || !slices.Contains(mine.Boxes(), p.ID) || mine.Since == nil ||
			mine.Mark != cash.Mark(mine.Form, 46_000, mine.Boxes()) || len(mine.Receivers) != 2 {
			t.Fatalf("Mine = %+v, %v", mine, err)
		}
		give := cash.Give{ID: mine.Form, Receiver: s.helper.Actor, Amount: 46_000, Mark: mine.Mark, Code: "000000"}
		if give.Code == s.code(t, s.helper, s.courier.Actor, 46_000, mine.Mark) {
			give.Code = "000001"
		}
		if err := s.cash.Hand(t.Context(), s.courier, give); !errors.Is(err, cash.ErrCode) {
			t.Errorf("a wrong code: %v", err)
		}
		give.Code = s.code(t, s.owner, s.courier.Actor, 46_000, mine.Mark)
		if err := s.cash.Hand(t.Context(), s.courier, give); !errors.Is(err, cash.ErrCode) {
			t.Errorf("a code of somebody else's key: %v", err)
		}
		to := func(who authz.Scope) error {
			m := give
			m.Receiver = who.Actor
			return s.cash.Hand(t.Context(), s.courier, m)
		}
		if err := to(s.other); !on(err, "receiver", cash.ErrReceiver) {
			t.Errorf("to a courier: %v", err)
		}
		if err := to(authz.Scope{Actor: id.New()}); !on(err, "receiver", cash.ErrReceiver) {
			t.Errorf("to a stranger: %v", err)
		}
		if n := s.held(t, s.courier); n != 46_000 {
			t.Fatalf("the courier holds %d", n)
		}
		give.Code = s.code(t, s.helper, s.courier.Actor, 46_000, mine.Mark)
		var wg sync.WaitGroup
		for i := range 8 { // both phones, again and again, at one moment
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					err = s.cash.Hand(t.Context(), s.courier, give)
				} else {
					err = s.cash.Confirm(t.Context(), s.helper, cash.Take{ID: give.Receiver, Giver: s.courier.Actor, Amount: 46_000, Mark: strings.ToLower(mine.Mark)})
				}
				if err != nil {
					t.Errorf("message %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if a, b := s.held(t, s.courier), s.held(t, s.helper); a != 0 || b != 46_000 {
			t.Errorf("the courier holds %d, the helper %d", a, b)
		}
		c := s.unexplained(t, 0)
		if len(c.Last) != 1 || c.Last[0].Given == nil || c.Last[0].Taken == nil || c.Last[0].Parcels != 2 || c.Last[0].Till {
			t.Errorf("the hand-over: %+v", c.Last)
		}
		give.Amount = 1_000
		if err := s.cash.Hand(t.Context(), s.courier, give); !errors.Is(err, cash.ErrOtherBody) {
			t.Errorf("the same id with another sum: %v", err)
		}
		// The helper hands it to the owner, whose count is the till's.
		mine, err = s.cash.Mine(t.Context(), s.helper, 0)
		if err != nil || mine.Amount != 46_000 || mine.Since == nil || mine.Parcels != 2 || mine.For[0].From != s.courier.Actor {
			t.Fatalf("Mine = %+v, %v", mine, err)
		}
		at := db.Now().Add(-26 * time.Hour) // yesterday, with no signal until now
		key := s.code(t, s.owner, s.helper.Actor, 46_000, mine.Mark)
		if err := s.cash.Hand(t.Context(), s.helper, cash.Give{ID: mine.Form, At: &at, Receiver: s.owner.Actor, Amount: 46_000, Mark: mine.Mark, Code: key}); err != nil {
			t.Fatal(err)
		}
		if n, m := s.till(t), s.held(t, s.helper); n != 46_000 || m != 0 {
			t.Errorf("the till has %d, the helper %d", n, m)
		}
		s.unexplained(t, 0)
	})
}

func TestWrongCodesRunOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		s.delivered(t, s.courier, "")
		give := cash.Give{ID: id.New(), Receiver: s.owner.Actor, Amount: 23_000, Mark: "ABCDEF"}
		right := s.code(t, s.owner, s.courier.Actor, 23_000, "ABCDEF")
		wrong := 0
		for n := 0; wrong < cash.MaxTries; n++ {
			if give.Code = fmt.Sprintf("%06d", n); give.Code == right {
				continue
			}
			if err := s.cash.Hand(t.Context(), s.courier, give); errors.Is(err, cash.ErrCode) {
				wrong++
			}
		}
		give.Code = right
		if err := s.cash.Hand(t.Context(), s.courier, give); !errors.Is(err, cash.ErrLocked) {
			t.Errorf("the right code after %d wrong ones: %v", wrong, err)
		}
		for n := range cash.MaxWrong { // other marks do not help for long
			m := give
			m.ID, m.Mark, m.Code = id.New(), "GHJKL"+string(rune('A'+n%5)), fmt.Sprintf("%06d", n)
			_ = s.cash.Hand(t.Context(), s.courier, m)
		}
		m := give
		m.ID, m.Mark = id.New(), "ZZZZZZ"
		m.Code = s.code(t, s.owner, s.courier.Actor, 23_000, "ZZZZZZ")
		if err := s.cash.Hand(t.Context(), s.courier, m); !errors.Is(err, cash.ErrLocked) {
			t.Errorf("a new mark after %d wrong codes in a day: %v", cash.MaxWrong, err)
		}
		if n := s.held(t, s.courier); n != 23_000 {
			t.Fatalf("the courier holds %d", n)
		}
		if err := s.cash.Confirm(t.Context(), s.owner, cash.Take{ID: id.New(), Giver: s.courier.Actor, Amount: 23_000, Mark: "ABCDEF"}); err != nil {
			t.Errorf("the receiver's own word: %v", err)
		}
		s.unexplained(t, 0)
	})
}

func TestTwoSumsAreExplainedByName(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		s.delivered(t, s.courier, "")
		if err := s.cash.Confirm(t.Context(), s.owner, cash.Take{ID: id.New(), Giver: s.courier.Actor, Amount: 22_000, Mark: "ABCDEF"}); err != nil {
			t.Fatal(err)
		}
		code := s.code(t, s.owner, s.courier.Actor, 23_000, "ABCDEF")
		if err := s.cash.Hand(t.Context(), s.courier, cash.Give{ID: id.New(), Receiver: s.owner.Actor, Amount: 23_000, Mark: "ABCDEF", Code: code}); err != nil {
			t.Fatal(err)
		}
		c := s.unexplained(t, 1_000)
		m := cash.Reason{Handover: c.Last[0].ID, Right: cash.Giver, By: s.courier.Actor}
		if err := s.cash.Explain(t.Context(), s.owner, m); !on(err, "why", cash.ErrSayWhy) {
			t.Errorf("without a sentence: %v", err)
		}
		m.Why, m.By = "Selembar terlipat", id.New()
		if err := s.cash.Explain(t.Context(), s.owner, m); err == nil {
			t.Error("a stranger explains")
		}
		m.By = s.courier.Actor
		for range 2 {
			if err := s.cash.Explain(t.Context(), s.owner, m); err != nil {
				t.Fatal(err)
			}
		}
		if n, in := s.held(t, s.courier), s.till(t); n != 0 || in != 23_000 {
			t.Errorf("the courier holds %d, the till %d", n, in)
		}
		s.unexplained(t, 0)
		if g, err := s.cash.Gaps(t.Context(), s.owner); err != nil || len(g.List) != 1 || g.List[0].Why != m.Why || g.List[0].By != m.By || g.List[0].Amount != 1_000 {
			t.Errorf("Gaps = %+v, %v", g.List, err)
		}
		// Who took more than was ever collected waits for the other phone, or explains.
		if err := s.cash.Confirm(t.Context(), s.owner, cash.Take{ID: id.New(), Giver: s.other.Actor, Amount: 9_000, Mark: "BCDEFG"}); err != nil {
			t.Fatal(err)
		}
		s.unexplained(t, 9_000)
		if err := s.cash.Count(t.Context(), s.owner, cash.Count{ID: id.New(), Holder: s.other.Actor, Close: true, Why: "Salah ketik", By: s.owner.Actor}); err != nil {
			t.Fatal(err)
		}
		s.unexplained(t, 0)
	})
}

func TestCountingIntoTheTill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		s.delivered(t, s.courier, "")
		s.delivered(t, s.courier, "")
		part := cash.Count{ID: id.New(), Holder: s.courier.Actor, Amount: 40_000}
		for range 2 {
			if err := s.cash.Count(t.Context(), s.owner, part); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.cash.Count(t.Context(), s.helper, part); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("who may not take payments counts: %v", err)
		}
		if err := s.cash.Count(t.Context(), s.owner, cash.Count{ID: id.New(), Holder: s.courier.Actor, Amount: 9_000}); !on(err, "amount", cash.ErrTooMuch) {
			t.Errorf("more than is held: %v", err)
		}
		last := cash.Count{ID: id.New(), Holder: s.courier.Actor, Amount: 5_000, Close: true}
		if err := s.cash.Count(t.Context(), s.owner, last); !on(err, "note", cash.ErrSayWhy) {
			t.Errorf("a difference without a sentence: %v", err)
		}
		last.Why, last.By = "Jatuh di jalan", s.courier.Actor
		if err := s.cash.Count(t.Context(), s.owner, last); err != nil {
			t.Fatal(err)
		}
		if n, in, gone := s.held(t, s.courier), s.till(t), s.balance(t, ledger.Difference, id.ID{}); n != 0 || in != 45_000 || gone != 1_000 {
			t.Errorf("held %d, till %d, difference %d", n, in, gone)
		}
		c := s.unexplained(t, 0)
		if c.Took != 46_000 || c.Till != 45_000 || c.Explained != 1_000 || c.Held != 0 {
			t.Errorf("the chain: %+v", c)
		}
	})
}

// The books and the parcels are two sources: what only one of them knows shows
// as a difference, until somebody puts their name to it.
func TestBooksAndParcelsAreComparedNotCopied(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.delivered(t, s.courier, "")
		s.unexplained(t, 0)
		if err := db.Tx(t.Context(), s.owner, func(tx *store.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE parcel_events SET amount = 20000 WHERE business_id = $1 AND parcel_id = $2 AND amount <> 0`, s.owner.Business, p.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		c, err := s.cash.Read(t.Context(), s.owner)
		if err != nil || c.Books != -3_000 || c.Unexplained() != 3_000 {
			t.Errorf("the chain: %+v, %v", c, err)
		}
		if broken, err := store.CheckInvariants(t.Context(), db, cash.Invariants); err != nil || len(broken) != 1 {
			t.Errorf("check: %v, %v", broken, err)
		}
		m := cash.Reason{Amount: 3_000, Why: "Catatan paket salah", By: s.owner.Actor}
		if err := s.cash.Explain(t.Context(), s.owner, m); !errors.Is(err, cash.ErrMoved) {
			t.Errorf("another sum than stands there: %v", err)
		}
		m.Amount = -3_000
		if err := s.cash.Explain(t.Context(), s.owner, m); err != nil {
			t.Fatal(err)
		}
		s.delivered(t, s.courier, "")
		s.unexplained(t, 0)
	})
}
