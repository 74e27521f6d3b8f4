package storefrontweb

import (
	"context"
	"strconv"
	"time"

	"lapak/internal/business"
	"lapak/internal/delivery"
	"lapak/internal/i18n"
	"lapak/internal/order"
)

// window reads which hours were chosen: the second in which they begin.
func window(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// showHold lists the hours to choose from, and says until when the price holds.
func (c *checkoutView) showHold(ctx context.Context, q order.Quote, b business.Business) {
	if c.held = q.Held; c.held == "" {
		c.held = c.draft.Held // the buyer looks at another way, and comes back
	} else if c.draft.Way.Brought() {
		c.until = t(ctx, "storefront.holds_until", i18n.Clock(ctx, q.HeldUntil.In(b.Location())))
	}
	if q.Window == nil {
		return
	}
	for _, o := range q.Ways {
		if o.Way != order.Own {
			continue
		}
		for _, w := range o.Windows {
			v := optionView{Value: text(w.From.Unix()), Label: c.hours(ctx, w, b), Chosen: w == *q.Window}
			if v.Chosen {
				c.window = v.Label
			}
			c.windows = append(c.windows, v)
		}
	}
}

// hours says a window by the clock of the buyer, or of the shop until their place is known.
func (c *checkoutView) hours(ctx context.Context, w delivery.Window, b business.Business) string {
	village := c.draft.Village
	if village == "" {
		village = b.Village
	}
	return order.Hours(ctx, w, village, c.now)
}
