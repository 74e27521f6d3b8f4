package deliveryweb

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lapak/internal/delivery"
	"lapak/internal/i18n"
	"lapak/internal/money"
	"lapak/internal/region"
)

// typed is a sum as people type it; nothing for zero.
func typed(n int64) string {
	if n == 0 {
		return ""
	}
	return money.Digits(n)
}

// fee is a sum of which zero is one too.
func fee(n int64) string { return money.Digits(n) }

func number(n int64) string { return strconv.FormatInt(n, 10) }

func name(list string, i int, field string) string { return fmt.Sprintf("%s.%d.%s", list, i, field) }

func place(code string) string {
	p, _ := region.Get(code)
	return p.Label()
}

// rows are the zones with room for three more.
func rows(list []delivery.Zone) []delivery.Zone {
	out := append([]delivery.Zone{}, list...)
	for range 3 {
		if len(out) < delivery.MaxZones {
			out = append(out, delivery.Zone{})
		}
	}
	return out
}

func zoneFee(z delivery.Zone) string {
	if z.Km == 0 {
		return typed(z.Fee)
	}
	return fee(z.Fee)
}

func tryPath(t trial, p region.Place) string {
	q := url.Values{"ke": {p.Label()}, "kode": {p.Code}, "berat": {number(t.Load.Grams)}, "ukuran": {t.Size}, "belanja": {number(t.Load.Goods)}}
	return "/ongkir?" + q.Encode() + "#tes"
}

// weekdays are the days of a week from Monday on.
var weekdays = []time.Weekday{
	time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
}

// shut says how many areas of a list are closed; nothing for none.
func shut(ctx context.Context, n int) string {
	if n == 0 {
		return ""
	}
	return i18n.T(ctx, "delivery.shut", n)
}

// hourRows are the hours with room for one more, and for two at least.
func hourRows(list []delivery.Hours) []delivery.Hours {
	out := append([]delivery.Hours{}, list...)
	for more := max(1, 2-len(list)); more > 0 && len(out) < delivery.MaxHours; more-- {
		out = append(out, delivery.Hours{})
	}
	return out
}

func hour(i int) string { return fmt.Sprintf("hours.%d", i) }

// clock writes a minute of some hours for a time field; nothing if there are none.
func clock(h delivery.Hours, minute int64) string {
	if h.From == h.Until || minute < 0 {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", minute/60%24, minute%60)
}

func cutoff(minute int64) string {
	if minute <= 0 {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
}

// stepRows are the steps with room for two more, and for three at least.
func stepRows(list []delivery.Step) []delivery.Step {
	out := append([]delivery.Step{}, list...)
	for more := max(2, 3-len(list)); more > 0 && len(out) < delivery.MaxSteps; more-- {
		out = append(out, delivery.Step{})
	}
	return out
}

func stepExtra(s delivery.Step) string {
	if s.Kg == 0 {
		return typed(s.Extra)
	}
	return fee(s.Extra)
}

// kilometres writes a distance with one decimal.
func kilometres(ctx context.Context, km float64) string {
	s := strconv.FormatFloat(km, 'f', 1, 64)
	if i18n.Lang(ctx) == i18n.ID {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// window is when it would come, at the earliest.
func (t trial) window(ctx context.Context) string {
	w := t.Windows[0]
	return i18n.Window(ctx, w.From.In(t.Loc), w.Until, t.Now)
}

// why tells step by step how a fee came about.
func (t trial) why(ctx context.Context) []string {
	var list []string
	say := func(key string, args ...any) { list = append(list, i18n.T(ctx, "delivery."+key, args...)) }
	km := kilometres(ctx, t.Km)
	switch {
	case t.Zone > 0:
		say("why_zone", t.Zone, t.Upto, km, money.String(t.Base))
	case t.Area != "":
		say("why_area", place(t.Area), money.String(t.Base))
	default:
		say("why_flat", money.String(t.Base), km)
	}
	if t.Free {
		say("why_free", money.String(t.Rules.FreeFrom))
		return list
	}
	if t.Reckoning.Size {
		say("why_size", i18n.Weight(ctx, t.Grams), t.Rules.Divisor)
	}
	if t.Kg == 0 {
		say("why_no_weight")
		return list
	}
	say("why_kg", i18n.Weight(ctx, t.Grams), t.Kg, t.Rules.Tolerance)
	switch {
	case t.Step > 0 && t.Over == 0 && t.Kg > t.Step:
		say("why_step_above", t.Step, money.String(t.Extra))
	case t.Step > 0:
		say("why_step", t.Step, money.String(t.Extra))
	default:
		say("why_included", t.Rules.Included)
	}
	if t.Over > 0 {
		say("why_over", t.Over, money.String(t.Rules.PerKg), money.String(t.Over*t.Rules.PerKg))
	}
	return list
}
