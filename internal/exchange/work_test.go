package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/exchange"
	"lapak/internal/id"
	"lapak/internal/sheet"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// A job that dies in the middle is gone on with, and nothing goes in twice.
func TestAnImportGoesOnAfterACrash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, sc := newTown(t, db), owner()
		var b strings.Builder
		b.WriteString("nama,no_hp\n")
		for n := range 300 {
			fmt.Fprintf(&b, "Orang %d,0812%08d\n", n, n)
		}
		i := w.check(t, sc, "pelanggan", b.String())
		if err := w.s.Take(t.Context(), sc, i.ID); err != nil {
			t.Fatal(err)
		}
		ctx, crash := context.WithCancel(t.Context())
		go func() {
			for ctx.Err() == nil {
				if p, err := w.crowd.List(t.Context(), sc, customer.Filter{Max: 100}); err == nil && len(p.Customers) > 20 {
					crash()
				}
			}
		}()
		_, _ = w.jobs.Drain(ctx)
		crash()
		half, err := w.s.Get(t.Context(), sc, i.ID)
		if err != nil || half.State != exchange.Taking || half.Rows == 0 || half.Rows == 300 { // it was not cut off in the middle
			t.Fatalf("%+v, %v", half, err)
		}
		later := time.Now().Add(5 * time.Minute)
		db.Now = func() time.Time { return later } // the lease is over
		done := w.work(t, sc, i.ID, exchange.Done)
		if got := counts(done); got != "300 new, 0 changed, 0 same, 0 bad" || done.Rows != 300 {
			t.Errorf("after going on: %s, %d rows (cut off at %d)", got, done.Rows, half.Rows)
		}
	})
}

// A file that fills the shop in its middle: what still has room goes in, the
// rest comes back with the reason, whether it was known when the file was
// checked or only when it was taken in.
func TestAFullShopTakesWhatHasRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, sc := newTown(t, db), owner()
		fill := func(n int) {
			t.Helper()
			err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
				for range n {
					v := id.New()
					_, err := tx.ExecContext(t.Context(), `INSERT INTO products (business_id, id, slug, state, title, product_search, about, unit, shelf, labels, halal, pirt, options,
						made_to_order_days, min_quantity, max_quantity, position, form_hash, created_at, changed_at)
						SELECT business_id, $1, $2, 'archived', title, product_search, about, unit, shelf, labels, halal, pirt, options,
						made_to_order_days, min_quantity, max_quantity, position, form_hash, created_at, changed_at FROM products WHERE business_id = $3 LIMIT 1`, v, v.String(), sc.Business)
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.take(t, sc, "produk", "nama,harga\nYang pertama,1000\n")
		fill(catalog.MaxProducts - 6)
		var b strings.Builder
		b.WriteString("nama,harga\n")
		for n := range 20 {
			fmt.Fprintf(&b, "Barang %02d,5000\n", n)
		}
		i := w.check(t, sc, "produk", b.String())
		if got := counts(i); got != "5 new, 0 changed, 0 same, 15 bad" {
			t.Errorf("checked with room for 5: %s", got)
		}
		fill(2) // somebody else was quicker
		if err := w.s.Take(t.Context(), sc, i.ID); err != nil {
			t.Fatal(err)
		}
		i = w.work(t, sc, i.ID, exchange.Done)
		if got := counts(i); got != "3 new, 0 changed, 0 same, 17 bad" || i.Rows != 20 {
			t.Errorf("taken in with room for 3: %s, %d rows", got, i.Rows)
		}
		if f := i.Problems[0].Fault; f == nil || f.Key != catalog.ErrFull.Key || i.Problems[0].Line != 5 {
			t.Errorf("the first that has no room: %+v", i.Problems[0])
		}
		var bad bytes.Buffer
		say := func(p exchange.Problem) string { return p.Fault.Key }
		if err := w.s.BadRows(t.Context(), sc, i.ID, sheet.CSV, "alasan", say, &bad); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(bad.String(), "catalog.full"); got != 17 {
			t.Errorf("%d rows came back, want 17:\n%s", got, bad.String())
		}
	})
}

// Something in the way of one row keeps no other out, and is told of that row.
func TestWhatIsInTheWayOfOneRow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, sc := newTown(t, db), owner()
		var b strings.Builder
		b.WriteString("nama,harga,sku\n")
		for n := range 40 {
			sku := fmt.Sprint("K", n)
			if n == 17 {
				sku = "K3" // that of another
			}
			fmt.Fprintf(&b, "Barang %02d,5000,%s\n", n, sku)
		}
		i := w.take(t, sc, "produk", b.String())
		if got := counts(i); got != "39 new, 0 changed, 0 same, 1 bad" || len(i.Problems) != 1 || i.Problems[0].Line != 19 || i.Problems[0].Fault.Key != "exchange.two_products" {
			t.Errorf("%s: %+v", got, i.Problems)
		}
		again := w.take(t, sc, "produk", b.String())
		if got := counts(again); got != "0 new, 0 changed, 39 same, 1 bad" {
			t.Errorf("again: %s", got)
		}
	})
}

func TestCancelStopsAnImport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, sc := newTown(t, db), owner()
		i := w.check(t, sc, "pelanggan", "nama,no_hp\nRina,081234567890\n")
		busy := w.upload(t, sc, "pelanggan", "nama,no_hp\nBudi,081234567891\n")
		if err := w.s.Take(t.Context(), sc, i.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Map(t.Context(), sc, busy.ID, busy.Mapping, 1, ""); !errors.Is(err, exchange.ErrBusy) {
			t.Errorf("a second file beside: %v", err)
		}
		if err := w.s.Cancel(t.Context(), sc, i.ID); err != nil {
			t.Fatal(err)
		}
		w.work(t, sc, i.ID, exchange.Cancelled)
		if p, _ := w.crowd.List(t.Context(), sc, customer.Filter{}); len(p.Customers) != 0 {
			t.Errorf("taken in after all: %+v", p.Customers)
		}
		if err := w.s.Cancel(t.Context(), sc, i.ID); !errors.Is(err, exchange.ErrState) {
			t.Errorf("cancelled twice: %v", err)
		}
		var n int
		_ = db.View(t.Context(), sc, func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), "SELECT count(*) FROM import_parts WHERE business_id = $1 AND import_id = $2", sc.Business, i.ID).Scan(&n)
		})
		if n != 0 {
			t.Errorf("%d parts of a cancelled file are kept", n)
		}
	})
}
