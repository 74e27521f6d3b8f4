package order_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lapak/internal/authz"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

// brings makes the shop bring goods anywhere for a flat fee.
func (s *shop) brings(t testing.TB, fee int64) {
	t.Helper()
	st, err := s.ways.Get(t.Context(), s.owner)
	if err != nil {
		t.Fatal(err)
	}
	st.Pickup, st.Own, st.Tariff = true, true, delivery.Tariff{Kind: delivery.Flat, Flat: fee}
	if err := s.ways.Put(t.Context(), s.owner, st); err != nil {
		t.Fatal(err)
	}
}

// brought is an order of n small ones, to be brought and paid at the door.
func (s *shop) brought(n int64) order.Draft {
	d := s.draft(n)
	d.Way, d.PayBy, d.Village, d.Street, d.SeenTotal = order.Own, payment.COD, village, "Kp. Babakan RT 02/RW 07", n*18_000+12_000
	return d
}

func TestDeliveryAndCashOnTheWay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 10)
		s.brings(t, 12_000)
		courier := authz.Scope{Actor: id.New(), Business: s.owner.Business, Role: authz.Courier, Now: db.Now()}
		stranger := courier
		stranger.Actor = id.New()
		o := s.do(t, s.place(t, s.brought(2)), order.Move{Act: order.ActAccept})
		if o.Total != 48_000 || o.Shipping != 12_000 {
			t.Fatalf("order = %+v", o)
		}
		o = s.do(t, o, order.Move{Act: order.ActHandOver, Courier: courier.Actor})
		if l := s.level(t, s.small); l.OnHand != 8 || l.Reserved != 0 {
			t.Errorf("level = %v", l)
		}
		gave := order.Move{ID: id.New(), Act: order.ActDeliver, Receiver: "Ujang", Relation: "family"}
		if _, err := s.orders.Do(t.Context(), stranger, o.ID, gave); !errors.Is(err, order.ErrNotFound) {
			t.Errorf("another courier: %v", err)
		}
		if _, err := s.orders.Do(t.Context(), courier, o.ID, order.Move{Act: order.ActCancel, Reason: "twice"}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a courier cancels: %v", err)
		}
		if list, err := s.orders.Carried(t.Context(), courier, id.ID{}); err != nil || len(list) != 1 {
			t.Errorf("Carried = %v, %v", list, err)
		}
		o, err := s.orders.Do(t.Context(), courier, o.ID, order.Move{Act: order.ActFail, Reason: "nobody_home"})
		if err != nil || o.State != order.Failed || o.Tab != order.TabAction {
			t.Fatalf("fail: %+v, %v", o, err)
		}
		o = s.do(t, o, order.Move{Act: order.ActRetry})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if o, err := s.orders.Do(t.Context(), courier, o.ID, gave); err != nil || o.State != order.Done || o.Paid != 48_000 {
					t.Errorf("deliver = %+v, %v", o, err)
				}
			})
		}
		wg.Wait()
		sums, err := s.books.Between(t.Context(), s.owner, time.Time{}, db.Now().Add(time.Hour))
		if err != nil || sums[ledger.CourierCash] != 48_000 || sums[ledger.Sales] != -36_000 {
			t.Errorf("books = %v, %v", sums, err)
		}
		sound(t, db)
	})
}

// acts are all that can be done, each filled in well.
func acts(s *shop, o order.Order) map[order.Act]order.Move {
	return map[order.Act]order.Move{
		order.ActAccept:   {},
		order.ActDecline:  {Reason: "sold_out"},
		order.ActPack:     {},
		order.ActAssign:   {Courier: s.owner.Actor},
		order.ActHandOver: {},
		order.ActCollect:  {},
		order.ActDeliver:  {Receiver: "Ujang", Relation: "self"},
		order.ActFail:     {Reason: "refused"},
		order.ActRetry:    {},
		order.ActReturn:   {Reason: "undelivered", Restock: true},
		order.ActCancel:   {Reason: "buyer_asked"},
		order.ActWithdraw: {Reason: "changed_mind"},
		order.ActComplain: {Reason: "damaged"},
		order.ActAnswer:   {Text: "Maaf, kami ganti."},
		order.ActEdit:     {Edit: &order.Edit{Lines: []stock.Want{{Variant: s.small, Quantity: 1}}}},
		order.ActPay:      {Method: payment.Cash, Amount: max(1, o.Due())},
		order.ActClaim:    {},
		order.ActUnclaim:  {},
		order.ActRefund:   {Method: payment.Cash, Amount: max(1, o.Paid-o.Refunded), Reason: "goodwill"},
		order.ActNote:     {Text: "catatan"},
	}
}

// buyers are the acts of who has the order's link.
var buyers = []order.Act{order.ActWithdraw, order.ActComplain, order.ActClaim}

func (s *shop) try(t testing.TB, o order.Order, act order.Act, m order.Move) (order.Order, error) {
	m.Act = act
	if slices.Contains(buyers, act) {
		return s.orders.DoByLink(t.Context(), s.orders.Link(o), m)
	}
	return s.orders.Do(t.Context(), s.owner, o.ID, m)
}

// Every act in every state: what Actions offers works, what it does not offer
// is refused.
func TestEveryMoveInEveryState(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 100_000)
		s.brings(t, 12_000)
		roads := map[string][]order.Act{
			"placed": {}, "accepted": {order.ActAccept}, "packed": {order.ActAccept, order.ActPack}, "cancelled": {order.ActDecline},
			"sent": {order.ActAccept, order.ActHandOver}, "failed": {order.ActAccept, order.ActHandOver, order.ActFail},
			"delivered": {order.ActAccept, order.ActHandOver, order.ActDeliver}, "returned": {order.ActAccept, order.ActHandOver, order.ActFail, order.ActReturn},
			"collected": {order.ActAccept, order.ActCollect}, "complained": {order.ActAccept, order.ActComplain},
			"claimed": {order.ActClaim}, "paid": {order.ActPay, order.ActAccept}, "fetch packed": {order.ActAccept, order.ActPack},
		}
		for name, road := range roads {
			for act := range acts(s, order.Order{}) {
				d := s.brought(1)
				switch name {
				case "collected", "fetch packed":
					d = s.draft(1)
				case "claimed", "paid":
					d.PayBy, d.SeenTotal = payment.QRIS, 30_000
				}
				o := s.place(t, d)
				for _, step := range road {
					var err error
					if o, err = s.try(t, o, step, acts(s, o)[step]); err != nil {
						t.Fatalf("%s: %s: %v", name, step, err)
					}
				}
				who := s.owner
				if slices.Contains(buyers, act) {
					who = s.buyer
				}
				offered := order.Has(order.Actions(o, who, db.Now()), act)
				_, err := s.try(t, o, act, acts(s, o)[act])
				if offered != (err == nil) {
					t.Errorf("%s: %s is offered: %v; trying it: %v", name, act, offered, err)
				}
				if err != nil && fault.Of(err) == nil {
					t.Errorf("%s: %s: %v is no fault", name, act, err)
				}
			}
		}
		sound(t, db)
	})
}

// Any run of moves keeps the books, what is paid and the stock in step.
func TestAnyRunOfMovesAddsUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newServer(t, db)
		rapid.Check(t, func(r *rapid.T) {
			s.open(t, 20)
			s.brings(t, 12_000)
			if err := s.vouchers.Put(t.Context(), s.owner, voucher.Draft{ID: id.New(), Code: "HEMAT", Kind: voucher.Amount, Value: 15_000, Least: 30_000, Most: 4, Active: true}); err != nil {
				r.Fatal(err)
			}
			var orders []order.Order
			for range rapid.IntRange(1, 25).Draw(r, "steps") {
				if len(orders) == 0 || rapid.IntRange(0, 5).Draw(r, "place") == 0 {
					d := s.draft(rapid.Int64Range(1, 4).Draw(r, "quantity"))
					if rapid.Bool().Draw(r, "bring") {
						d = s.brought(rapid.Int64Range(1, 4).Draw(r, "quantity"))
					}
					if m := rapid.SampledFrom(payment.Methods).Draw(r, "method"); m.Ahead() {
						d.PayBy = m
					}
					if rapid.Bool().Draw(r, "voucher") {
						d.Voucher = "HEMAT"
					}
					o, err := s.orders.Place(t.Context(), s.buyer, d)
					if q, ok := order.Changed(err); ok { // the voucher took something off
						d.SeenTotal = q.Total
						o, err = s.orders.Place(t.Context(), s.buyer, d)
					}
					if errors.Is(err, stock.ErrShort) || fault.Of(err).Field("voucher") != nil {
						continue
					}
					if err != nil {
						r.Fatal(err)
					}
					orders = append(orders, o)
					continue
				}
				i := rapid.IntRange(0, len(orders)-1).Draw(r, "order")
				o := orders[i]
				all := acts(s, o)
				names := make([]order.Act, 0, len(all))
				for a := range all {
					names = append(names, a)
				}
				slices.Sort(names)
				act := rapid.SampledFrom(names).Draw(r, "act")
				m := all[act]
				if act == order.ActPay || act == order.ActRefund {
					m.Amount = rapid.Int64Range(1, max(1, m.Amount)).Draw(r, "amount")
					m.Method = rapid.SampledFrom(payment.Methods).Draw(r, "paid by")
				}
				if act == order.ActEdit {
					m.Edit = &order.Edit{Lines: []stock.Want{
						{Variant: s.small, Quantity: rapid.Int64Range(1, 5).Draw(r, "small")}, {Variant: s.large, Quantity: rapid.Int64Range(1, 5).Draw(r, "large")},
					}}
				}
				got, err := s.try(t, o, act, m)
				if err != nil && fault.Of(err) == nil {
					r.Fatalf("%s of a %s order: %v", act, o.State, err)
				}
				if err == nil {
					orders[i] = got
				}
			}
			for _, o := range orders {
				if err := db.View(t.Context(), s.owner, func(tx *store.Tx) error {
					owed, err := s.books.Of(t.Context(), tx, s.owner, o.ID, ledger.Receivable)
					if err == nil && owed != o.Due() {
						return fmt.Errorf("order %s owes %d, the books say %d", o.ID, o.Due(), owed)
					}
					return err
				}); err != nil {
					r.Fatal(err)
				}
			}
		})
		sound(t, db)
	})
}

func TestListSearchAndCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 100)
		now := time.Now()
		db.Now = func() time.Time { return now }
		for i := range 25 {
			now = now.Add(time.Duration(i%2) * time.Second) // some at the same moment
			d := s.draft(1)
			d.Name, d.Phone = fmt.Sprintf("Pembeli %c", 'A'+i), fmt.Sprintf("0812 3456 78%02d", i)
			s.place(t, d)
		}
		seen, cursor, pages := map[id.ID]bool{}, order.Cursor{}, 0
		for {
			p, err := s.orders.List(t.Context(), s.owner, order.Filter{Tab: order.TabAction, Max: 10, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range p.Orders {
				seen[o.ID] = true
			}
			if pages++; p.Next == (order.Cursor{}) {
				break
			}
			if cursor = order.ParseCursor(p.Next.String()); cursor.ID != p.Next.ID {
				t.Fatalf("cursor = %v, want %v", cursor, p.Next)
			}
		}
		if len(seen) != 25 || pages != 3 {
			t.Errorf("%d orders on %d pages", len(seen), pages)
		}
		for words, want := range map[string]int{
			"LPK-0007": 1, "7": 1, "pembeli c": 1, "0812 3456 7803": 1, "keripik": 25, "345678": 25, "100%": 0, "rendang": 0, "LPK-9999": 0,
		} {
			p, err := s.orders.List(t.Context(), s.owner, order.Filter{Words: words, Max: 100})
			if err != nil || len(p.Orders) != want {
				t.Errorf("search %q: %d, %v; want %d", words, len(p.Orders), err, want)
			}
		}
		p, err := s.orders.List(t.Context(), s.owner, order.Filter{Unpaid: true, Way: order.Own})
		if err != nil || len(p.Orders) != 0 {
			t.Errorf("brought and unpaid: %d, %v", len(p.Orders), err)
		}
		counts, err := s.orders.Counts(t.Context(), s.owner)
		if err != nil || counts[order.TabAction] != 25 || counts[order.TabDone] != 0 {
			t.Errorf("Counts = %v, %v", counts, err)
		}
		best, err := s.orders.Favorites(t.Context(), s.owner)
		if err != nil || best[s.small] != 25 {
			t.Errorf("Favorites = %v, %v", best, err)
		}
	})
}

// The pages on the owner's and buyer's way cost so many queries, however much there is.
func TestQueriesAreCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 100)
		var o order.Order
		for range 5 {
			o = s.place(t, s.draft(1))
		}
		for name, c := range map[string]struct {
			most int64
			do   func(t *testing.T) error
		}{
			"get":    {4, nil},
			"list":   {1, nil},
			"counts": {1, nil},
			"quote":  {10, nil},
			"place":  {40, nil},
		} {
			ctx, n := store.CountQueries(t.Context())
			var err error
			switch name {
			case "get":
				_, err = s.orders.Get(ctx, s.owner, o.ID)
			case "list":
				_, err = s.orders.List(ctx, s.owner, order.Filter{Tab: order.TabAction})
			case "counts":
				_, err = s.orders.Counts(ctx, s.owner)
			case "quote":
				_, err = s.orders.Quote(ctx, s.buyer, s.draft(1))
			case "place":
				_, err = s.orders.Place(ctx, s.buyer, s.draft(1))
			}
			t.Logf("%s: %d queries", name, n.Load())
			if err != nil || n.Load() > c.most {
				t.Errorf("%s: %d queries, %v; want at most %d", name, n.Load(), err, c.most)
			}
		}
	})
}

func TestTextsAndPaper(t *testing.T) {
	db := storetest.SQLite(t)
	s := newShop(t, db, 10)
	s.brings(t, 12_000)
	o := s.place(t, s.brought(2))
	ctx := words(t)
	text := o.Text(ctx, "Dapur Bu Euis", "https://lapak.test/o/abc")
	for _, want := range []string{"LPK-0001", "2 x Keripik, 250 g = Rp36.000", "Ongkir Rp12.000", "*Jumlah Rp48.000*", "Kp. Babakan", "https://lapak.test/o/abc", "Bayar di tempat"} {
		if !strings.Contains(text, want) {
			t.Errorf("Text lacks %q:\n%s", want, text)
		}
	}
	if got := o.Status(ctx, ""); !strings.Contains(got, "Halo Kak Rini, pesanan LPK-0001") {
		t.Errorf("Status = %q", got)
	}
	b, err := s.shops.Get(t.Context(), s.owner)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() ([]byte, error){
		"receipt": func() ([]byte, error) { return order.Receipt(ctx, o, b) },
		"slip":    func() ([]byte, error) { return order.Slip(ctx, o, b) },
	} {
		raw, err := f()
		if err != nil || !strings.HasPrefix(string(raw), "%PDF-") || len(raw) > 30_000 {
			t.Errorf("%s: %d bytes, %v", name, len(raw), err)
		}
	}
}
