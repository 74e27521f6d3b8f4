package webhook

import (
	"time"

	"lapak/internal/id"
)

// Examples is a message of every kind, as docs/webhooks.md shows them.
func Examples(base string) []Message {
	one := func(n byte) (v id.ID) {
		v[0], v[1], v[6], v[8], v[15] = 1, 0x99, 0x70, 0x80, n
		return v
	}
	at := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	order, payment, variant, customer, parcel := one(1), one(2), one(3), one(4), one(5)
	var list []Message
	add := func(kind string, n int64, path string, data any) {
		if path != "" {
			path = base + path
		}
		list = append(list, Message{kind, at, n, path, data})
	}
	add(OrderPlaced, 1, OrderPath(order), Order{order, "LPK-0042", "place", "", "placed", "unpaid", 43_000, 0})
	add(OrderMoved, 3, OrderPath(order), Order{order, "LPK-0042", "accept", "placed", "accepted", "paid", 43_000, 43_000})
	from, until := at.Add(29*time.Hour), at.Add(32*time.Hour)
	add(ParcelMoved, 4, ParcelPath(parcel), Parcel{
		Parcel: parcel, Order: &order, Number: "LPKAF2KD7Q3", Act: "fail", Status: "attempt_failed", Reason: "another_time", Attempts: 1, At: at, DueFrom: &from, DueUntil: &until,
	})
	add(PaymentReceived, 2, OrderPath(order), Payment{payment, order, "transfer", 43_000})
	add(PaymentRefunded, 4, OrderPath(order), Payment{payment, order, "transfer", 5_000})
	add(StockChanged, 9, StockPath(variant), Stock{variant, 20, 3, 17})
	for i, k := range []string{CustomerCreated, CustomerUpdated, CustomerConsented, CustomerWithdrew, CustomerErased} {
		add(k, int64(i+1), CustomerPath(customer), Customer{customer})
	}
	return list
}
