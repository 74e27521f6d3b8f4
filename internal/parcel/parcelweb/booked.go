package parcelweb

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"lapak/internal/booking"
	"lapak/internal/carrier"
	"lapak/internal/i18n"
	"lapak/internal/money"
	"lapak/internal/parcel"
)

// bookedBadge is how a booking looks: kind and icon.
func bookedBadge(s booking.State) (kind, icon string) {
	switch s {
	case booking.Booked:
		return "ok", "check"
	case booking.Asked, booking.Cancelling:
		return "info", "clock"
	case booking.Refused:
		return "bad", "x"
	}
	return "", "minus"
}

// pickUp is when a carrier was asked to come.
func pickUp(ctx context.Context, b booking.Booking) string {
	if b.PickUp == nil {
		return t(ctx, "booking.now")
	}
	return i18n.Day(ctx, *b.PickUp) + ", " + i18n.Clock(ctx, *b.PickUp)
}

// fee is what a booking costs the shop, as far as it is known.
func fee(b booking.Booking) string {
	if b.BookedAt == nil {
		return money.String(b.Quoted)
	}
	return money.String(b.FeeNow)
}

// live lets the card follow a booking that is on its way.
func (v showView) live() templ.Attributes {
	if b, ok := v.booked.Last(); !ok || b.State != booking.Asked && b.State != booking.Cancelling {
		return nil
	}
	return templ.Attributes{"data-live": path(v.Parcel), "data-every": "5"}
}

// otherCarrier names the carrier whose numbers look like the one that was typed,
// if they do not look like those of the carrier that was chosen. Nobody publishes
// how numbers are made: it is a hint.
func (v showView) otherCarrier() string {
	number := v.typedOr("waybill", v.Waybill)
	chosen := v.typedOr("carrier", v.Carrier)
	codes := carrier.Guess(number)
	if number == "" || chosen == parcel.Own || len(codes) == 0 || slices.Contains(codes, chosen) {
		return ""
	}
	return carrierName(codes[0])
}
