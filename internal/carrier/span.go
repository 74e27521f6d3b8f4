package carrier

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Span reads how long a service takes: "2 - 3 Days", "1-2 day", "6 Hours". Two
// zeros mean that it cannot be told.
func Span(s string) (least, most time.Duration) {
	unit := 24 * time.Hour
	low := strings.ToLower(s)
	switch {
	case strings.Contains(low, "hour"), strings.Contains(low, "jam"):
		unit = time.Hour
	case strings.Contains(low, "minute"), strings.Contains(low, "menit"):
		unit = time.Minute
	}
	var n []int64
	for _, f := range strings.FieldsFunc(low, func(r rune) bool { return !unicode.IsDigit(r) }) {
		v, err := strconv.ParseInt(f, 10, 16)
		if err != nil || v > 365 && unit != time.Minute {
			return 0, 0
		}
		n = append(n, v)
	}
	switch len(n) {
	case 1:
		return time.Duration(n[0]) * unit, time.Duration(n[0]) * unit
	case 2:
		return time.Duration(min(n[0], n[1])) * unit, time.Duration(max(n[0], n[1])) * unit
	}
	return 0, 0
}

// GroupOf guesses the group of a service from the carrier's words for it.
func GroupOf(words string) Group {
	text := fold(strings.ReplaceAll(words, "_", " "))
	for _, g := range []struct {
		group Group
		words phrases
	}{
		{Instant, phrases{"INSTANT", "INSTAN"}},
		{SameDay, phrases{"SAME DAY", "SAMEDAY", "SDS"}},
		{NextDay, phrases{"NEXT DAY", "NEXTDAY", "OVERNIGHT", "OVER NIGHT", "ONE DAY", "BEST"}},
		{Cargo, phrases{"CARGO", "KARGO", "TRUCKING", "TRUCK", "FREIGHT", "JTR"}},
		{Economy, phrases{"ECONOMY", "ECO", "EKONOMI", "HEMAT", "OKE"}},
	} {
		if g.words.in(text) {
			return g.group
		}
	}
	return Regular
}
