package order

import (
	"context"
	"strconv"
	"strings"
	"time"

	"lapak/internal/delivery"
	"lapak/internal/i18n"
	"lapak/internal/money"
	"lapak/internal/region"
)

// say puts a word of this package in the language of ctx.
func say(ctx context.Context, key string, args ...any) string {
	return i18n.T(ctx, "order."+key, args...)
}

// Sum is a line of the reckoning.
type Sum struct {
	Label  string
	Amount int64
	Strong bool
}

// Sums lists what makes up the total, and what is paid of it; lines of nothing
// are left out.
func (o Order) Sums(ctx context.Context) []Sum {
	list := []Sum{{Label: say(ctx, "text_goods"), Amount: o.Goods}}
	add := func(key string, n int64) {
		if n != 0 {
			list = append(list, Sum{Label: say(ctx, "text_"+key), Amount: n})
		}
	}
	add("discount", -o.Discount)
	add("shipping", o.Shipping)
	add("cod_fee", o.CODFee)
	add("code", o.Code)
	list = append(list, Sum{Label: say(ctx, "text_total"), Amount: o.Total, Strong: true})
	if o.CashGiven > 0 {
		add("cash", o.CashGiven)
		add("change", o.Change())
	} else {
		add("paid", o.Paid)
	}
	add("refunded", -o.Refunded)
	if d := o.Due(); d > 0 && o.Paid > 0 {
		list = append(list, Sum{Label: say(ctx, "text_due"), Amount: d, Strong: true})
	}
	return list
}

// Address is where it goes, in lines.
func (o Order) Address(ctx context.Context) []string {
	if !o.Way.Brought() {
		return nil
	}
	var list []string
	if o.Street != "" {
		list = append(list, o.Street)
	}
	if p := o.Place(); !p.IsZero() {
		list = append(list, p.Label())
	}
	if o.Landmark != "" {
		list = append(list, say(ctx, "text_landmark", o.Landmark))
	}
	return list
}

// Hours says when something is promised to come, by the clock of the village
// where it is brought; with a zero now, as on paper, without "besok".
func Hours(ctx context.Context, w delivery.Window, village string, now time.Time) string {
	return i18n.Window(ctx, w.From.In(region.Location(region.Zone(village))), w.Until, now)
}

// Promise is Hours of the order; empty if no time was promised.
func (o Order) Promise(ctx context.Context, now time.Time) string {
	if o.PromisedFrom == nil || o.PromisedUntil == nil {
		return ""
	}
	return Hours(ctx, delivery.Window{From: *o.PromisedFrom, Until: *o.PromisedUntil}, o.Village, now)
}

// Text is the order as the buyer sends it to the shop by chat, or the shop
// sends it as a receipt: what, how much, where to, and the link.
func (o Order) Text(ctx context.Context, shop, link string) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	line("*" + shop + "*")
	line(say(ctx, "text_order", o.Called()))
	for _, l := range o.Lines {
		line(strconv.FormatInt(l.Quantity, 10) + " x " + l.Full() + " = " + money.String(l.Sum()))
	}
	for _, s := range o.Sums(ctx)[1:] {
		if s.Strong {
			line("*" + s.Label + " " + money.String(s.Amount) + "*")
		} else {
			line(s.Label + " " + money.String(s.Amount))
		}
	}
	line(say(ctx, "text_pay_by", i18n.T(ctx, "payment.method_"+string(o.PayBy))))
	if o.Name != "" {
		line(say(ctx, "text_to") + ": " + o.Name)
	}
	for _, s := range o.Address(ctx) {
		line(s)
	}
	if o.Way == Pickup && o.Channel != Counter {
		line(say(ctx, "way_pickup"))
	}
	if at := o.Promise(ctx, time.Time{}); at != "" {
		line(say(ctx, "text_promised", at))
	}
	if o.Note != "" {
		line(say(ctx, "text_note") + ": " + o.Note)
	}
	if link != "" {
		line(say(ctx, "text_follow", link))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Hello is what the buyer sends by chat after ordering: a word, then the order.
func (o Order) Hello(ctx context.Context, shop, link string) string {
	return say(ctx, "text_hello", shop) + "\n\n" + o.Text(ctx, shop, link)
}

// Status is what the shop sends the buyer about how the order stands.
func (o Order) Status(ctx context.Context, link string) string {
	key := "text_" + string(o.State)
	if o.State == Packed {
		key += "_" + string(o.Way)
	}
	why := ""
	if o.Reason != "" {
		why = strings.ToLower(say(ctx, "reason_"+o.Reason))
	}
	s := say(ctx, "text_greet", firstName(o.Name)) + " " + say(ctx, key, o.Called(), why)
	if o.PayBy.Ahead() && o.Due() > 0 && !o.State.Over() {
		s += " " + say(ctx, "text_pay_please", money.String(o.Due()))
	}
	if link != "" {
		s += "\n" + say(ctx, "text_follow", link)
	}
	return s
}

func firstName(name string) string {
	first, _, _ := strings.Cut(name, " ")
	return first
}
