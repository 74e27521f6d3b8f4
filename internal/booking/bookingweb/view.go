package bookingweb

import (
	"context"
	"strings"

	"lapak/internal/carrier"
	"lapak/internal/money"
	"lapak/internal/order"
)

// takes says how long a service takes, and what is in its price.
func takes(ctx context.Context, r carrier.Rate) string {
	var said []string
	if s := (order.Rate{Least: r.Least, Most: r.Most}).Span(ctx); s != "" {
		said = append(said, s)
	}
	if r.Insurance > 0 {
		said = append(said, t(ctx, "booking.with_insurance", money.String(r.Insurance)))
	}
	if r.CODFee > 0 {
		said = append(said, t(ctx, "booking.with_cod", money.String(r.CODFee)))
	}
	return strings.Join(said, " · ")
}
