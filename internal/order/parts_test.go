package order_test

import (
	"testing"

	"lapak/internal/blob"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/voucher"
)

func parts(t testing.TB, db *store.DB, s *shop, blobs *blob.Service) order.Parts {
	t.Helper()
	customers, err := customer.New(db, root)
	if err != nil {
		t.Fatal(err)
	}
	if s.vouchers, err = voucher.New(db, root); err != nil {
		t.Fatal(err)
	}
	s.ways = delivery.New(db, s.shops)
	return order.Parts{
		Shops: s.shops, Goods: s.goods, Stock: s.stock, Customers: customers, Delivery: s.ways, Vouchers: s.vouchers, Payments: s.payments,
		Books: s.books, Blobs: blobs,
	}
}
