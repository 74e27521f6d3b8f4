package storefrontweb

import (
	"context"

	"lapak/internal/i18n"
	"lapak/internal/order"
)

// fillWay chooses how the goods reach the buyer where nothing is chosen, or what
// is chosen is not offered at all, and reports whether it did.
func (c *checkoutView) fillWay(q order.Quote) bool {
	switch was := c.draft.Written(); {
	case c.draft.Way == order.Own && !q.Brings() && q.Carries, c.draft.Way == order.Carrier && c.draft.Carrier == "", c.draft.Way == "" && !q.Brings() && q.Carries:
		c.draft.Way = order.Carrier
		for _, w := range q.Ways { // they come with the cheapest first
			if w.Way == order.Carrier {
				c.draft.Carrier, c.draft.Service = w.Rate.Carrier, w.Rate.Service
				break
			}
		}
		return c.draft.Written() != was
	case c.draft.Way == "" && c.delivers:
		c.draft.Way = order.Own
		return true
	case c.draft.Way == "", c.draft.Way == order.Own && !c.delivers, c.draft.Way == order.Carrier && !q.Carries && q.WayProblem != nil && !q.Brings():
		c.draft.Way, c.draft.Carrier, c.draft.Service = order.Pickup, "", ""
		return true
	}
	return false
}

// showCarriers lists what carriers ask, or says why there is nothing to list.
func (c *checkoutView) showCarriers(ctx context.Context, q order.Quote) {
	chosen := false
	for _, w := range q.Ways {
		if w.Way != order.Carrier {
			continue
		}
		o := optionView{
			Value: w.Written(), Label: t(ctx, "storefront.way_carrier", w.Rate.Title()), Price: price(ctx, w.Fee), Note: w.Rate.Span(ctx),
			Chosen: c.draft.Written() == w.Written(),
		}
		chosen = chosen || o.Chosen
		c.ways = append(c.ways, o)
	}
	if !q.Carries && c.draft.Way != order.Carrier || chosen || len(c.ways) > 0 && c.draft.Way != order.Carrier && c.draft.Village != "" && c.carried(q) {
		return
	}
	o := optionView{Value: string(order.Carrier), Label: t(ctx, "storefront.way_carriers"), Chosen: c.draft.Way == order.Carrier, Note: t(ctx, "storefront.way_carriers_later")}
	switch {
	case c.draft.Way == order.Carrier && c.draft.Carrier != "" && q.WayProblem != nil:
		o.Value, o.Note = c.draft.Written(), i18n.Fault(ctx, q.WayProblem)
	case c.draft.Village != "":
		o.Note = t(ctx, "storefront.way_carriers_silent")
	}
	c.ways = append(c.ways, o)
}

// carried reports whether a carrier asks a price.
func (c *checkoutView) carried(q order.Quote) bool {
	for _, w := range q.Ways {
		if w.Way == order.Carrier {
			return true
		}
	}
	return false
}
