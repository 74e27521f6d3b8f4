package demo_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/demo"
	"lapak/internal/directory"
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

var now = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC) // a Monday afternoon in Bandung

// parts wires what a demo needs.
func parts(t *testing.T, db *store.DB) demo.Parts {
	t.Helper()
	db.Now = func() time.Time { return now }
	root := make([]byte, 32)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	people := account.New(db, root)
	shops, err := business.New(db, people, root)
	must(err)
	blobs := blob.New(db)
	goods := catalog.New(db, shops, blobs)
	shelf := stock.New(db, goods)
	books := ledger.New(db)
	buyers, err := customer.New(db, root)
	must(err)
	vouchers, err := voucher.New(db, root)
	must(err)
	orders, err := order.New(db, root, order.Parts{
		Shops: shops, Goods: goods, Stock: shelf, Customers: buyers, Delivery: delivery.New(db, shops), Vouchers: vouchers,
		Payments: payment.New(db, books, blobs), Books: books, Blobs: blobs,
	})
	must(err)
	boxes, err := parcel.New(db, root, parcel.Parts{Shops: shops, Orders: orders, Books: books, Blobs: blobs})
	must(err)
	return demo.Parts{
		DB: db, Accounts: people, Orders: orders, Parcels: boxes, Vouchers: vouchers, Directory: directory.New(db, shops, goods, shelf),
	}
}

func build(t *testing.T, db *store.DB, size demo.Size) *demo.Maker {
	t.Helper()
	m, err := demo.New(parts(t, db), size, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m
}

// every is what must hold of all slices.
var every = slices.Concat(audit.Invariants, blob.Invariants, business.Invariants, catalog.Invariants, customer.Invariants, stock.Invariants,
	ledger.Invariants, payment.Invariants, delivery.Invariants, voucher.Invariants, order.Invariants, parcel.Invariants, []store.Invariant{
		{Name: "a customer's first and last order are right", SQL: `SELECT c.business_id, c.id FROM customers c WHERE NOT EXISTS (
			SELECT 1 FROM orders o WHERE o.business_id = c.business_id AND o.customer_id = c.id AND o.placed_at = c.first_order_at) OR EXISTS (
			SELECT 1 FROM orders o WHERE o.business_id = c.business_id AND o.customer_id = c.id AND (o.placed_at < c.first_order_at OR o.placed_at > c.last_order_at))`},
		{Name: "order numbers have no gap", SQL: `SELECT n.business_id, n.last FROM order_numbers n WHERE n.last <> (
			SELECT count(*) FROM orders o WHERE o.business_id = n.business_id)`},
		{Name: "stock never fell below nothing", SQL: `SELECT business_id, id FROM stock_moves WHERE balance < 0`},
		{Name: "every shop of the registry is there", SQL: `SELECT b.business_id FROM businesses b LEFT JOIN registry r ON r.business_id = b.business_id
			WHERE r.slug IS NULL OR r.slug <> b.slug`},
	})

func TestDemoHoldsWhatMustHold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := build(t, db, demo.Size{Businesses: 6, Orders: 300, Seed: 1})
		broken, err := store.CheckInvariants(store.Long(t.Context()), db, every)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range broken {
			t.Error(b)
		}
		for _, b := range append(m.IDs(), id.ID{}) {
			if _, err := audit.Verify(t.Context(), db, b); err != nil {
				t.Errorf("history of %s: %v", b, err)
			}
		}
		if n := sum(t, db, m, "SELECT count(*) FROM orders WHERE business_id = $1"); n != 300 {
			t.Errorf("%d orders, want 300", n)
		}
		for _, s := range order.States {
			if sum(t, db, m, "SELECT count(*) FROM orders WHERE business_id = $1 AND state = '"+string(s)+"'") == 0 {
				t.Errorf("no order is %s", s)
			}
		}
		for _, s := range []order.PayState{order.Unpaid, order.Claimed, order.Paid} {
			if sum(t, db, m, "SELECT count(*) FROM orders WHERE business_id = $1 AND pay_state = '"+string(s)+"'") == 0 {
				t.Errorf("no order is %s", s)
			}
		}
		if n := shared(t, db, "SELECT count(*) FROM directory_shops"); n != 6 {
			t.Errorf("%d shops in the directory, want 6", n)
		}
	})
}

// The same settings give the same rows.
func TestDemoIsTheSameEachTime(t *testing.T) {
	var prints [2]string
	for i := range prints {
		db := storetest.SQLite(t)
		m := build(t, db, demo.Size{Businesses: 4, Orders: 120, Seed: 7})
		for _, q := range []string{
			"SELECT id, number, state, total, name, phone, placed_at, search FROM orders WHERE business_id = $1 ORDER BY number",
			"SELECT id, product_id, name, price FROM variants WHERE business_id = $1 ORDER BY id",
			"SELECT id, balance, at FROM stock_moves WHERE business_id = $1 ORDER BY id",
			"SELECT account, holder, amount FROM ledger_balances WHERE business_id = $1 ORDER BY account, holder",
			"SELECT id, spent, last_at FROM customers WHERE business_id = $1 ORDER BY id",
			"SELECT slug, village, hours, dye, nib FROM businesses WHERE business_id = $1",
			"SELECT blob_id, width, content FROM blob_files WHERE business_id = $1 ORDER BY blob_id, width",
		} {
			prints[i] += print(t, db, m, q) + "\n"
		}
	}
	if prints[0] != prints[1] {
		t.Errorf("two demos differ:\n%s\n%s", prints[0], prints[1])
	}
}

// A demo of the usual size has shops in each of the 27 regencies and cities,
// at least three, in all trades, and each at an address of its own.
func TestPlanCoversWestJava(t *testing.T) {
	m, err := demo.New(demo.Parts{}, demo.Size{Businesses: 120, Seed: 3}, now)
	if err != nil {
		t.Fatal(err)
	}
	regencies, trades, slugs := m.Spread()
	if len(regencies) != 27 || len(trades) != len(business.Trades) || slugs != 120 {
		t.Errorf("%d regencies, %d trades of %d, %d addresses", len(regencies), len(trades), len(business.Trades), slugs)
	}
	for code, n := range regencies {
		if n < 3 {
			t.Errorf("%d shops in %s", n, code)
		}
	}
	if _, orders := m.Counts(); orders < 20_000 || orders > 120_000 {
		t.Errorf("%d orders", orders)
	}
}

func sum(t *testing.T, db *store.DB, m *demo.Maker, query string) (n int64) {
	t.Helper()
	for _, b := range m.IDs() {
		if err := db.View(t.Context(), authz.Job(b), func(tx *store.Tx) error {
			var k int64
			err := tx.QueryRowContext(t.Context(), query, b).Scan(&k)
			n += k
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func shared(t *testing.T, db *store.DB, query string) (n int64) {
	t.Helper()
	if err := db.View(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
		return tx.QueryRowContext(t.Context(), query).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// print is a hash of all rows of a query, over all shops.
func print(t *testing.T, db *store.DB, m *demo.Maker, query string) string {
	t.Helper()
	h := sha256.New()
	ctx := context.Context(t.Context())
	for _, b := range m.IDs() {
		if err := db.View(ctx, authz.Job(b), func(tx *store.Tx) error {
			rows, err := tx.QueryContext(ctx, query, b)
			if err != nil {
				return err
			}
			defer rows.Close()
			names, err := rows.Columns()
			if err != nil {
				return err
			}
			for rows.Next() {
				values := make([]any, len(names))
				for i := range values {
					values[i] = new(any)
				}
				if err := rows.Scan(values...); err != nil {
					return err
				}
				for _, v := range values {
					fmt.Fprintf(h, "%v|", *v.(*any))
				}
			}
			return rows.Err()
		}); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
