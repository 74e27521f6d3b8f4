package businessweb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lapak/internal/business"
	"lapak/internal/i18n"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/ui"
)

// localPhone is a number as people write it; what cannot be read stays as typed.
func localPhone(s string) string {
	if n, err := phone.Parse(s); err == nil && strings.HasPrefix(s, "+") {
		return n.Local()
	}
	return s
}

func example(trade string) string {
	t, _ := business.TradeOf(trade)
	return t.Example
}

func banks() []ui.Option {
	out := make([]ui.Option, len(payment.Banks))
	for i, b := range payment.Banks {
		out[i] = ui.Option{Value: b.Key, Label: b.Name}
	}
	return out
}

// short is a link as it is read aloud, without "https://".
func short(link string) string {
	_, rest, ok := strings.Cut(link, "://")
	if !ok {
		return link
	}
	return rest
}

// weekdays are the days of a week from Monday on.
var weekdays = []time.Weekday{
	time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
}

// clock writes minutes for a time field: "08:00", or nothing for a closed day.
func clock(m int, closed bool) string {
	if closed {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", m/60%24, m%60)
}

// minutes reads a time field; -1 if it is empty or cannot be read.
func minutes(s string) int {
	t, err := time.Parse("15:04", strings.Replace(strings.TrimSpace(s), ".", ":", 1))
	if err != nil {
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

// day writes a date of a closing.
func day(ctx context.Context, s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return i18n.Day(ctx, t)
}

func days(ctx context.Context, c business.Closing) string {
	if c.From == c.To {
		return day(ctx, c.From)
	}
	return day(ctx, c.From) + " – " + day(ctx, c.To)
}
