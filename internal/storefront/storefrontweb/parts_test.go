package storefrontweb_test

import (
	"lapak/internal/blob"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/store"
)

func orderParts(m *mall, _ *store.DB, blobs *blob.Service, books *ledger.Service) order.Parts {
	return order.Parts{Shops: m.shops, Goods: m.goods, Stock: m.stock, Payments: m.payments, Books: books, Blobs: blobs}
}
