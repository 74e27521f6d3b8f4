package order_test

import (
	"lapak/internal/blob"
	"lapak/internal/order"
	"lapak/internal/store"
)

func parts(_ *store.DB, s *shop, blobs *blob.Service) order.Parts {
	return order.Parts{Shops: s.shops, Goods: s.goods, Stock: s.stock, Payments: s.payments, Books: s.books, Blobs: blobs}
}
