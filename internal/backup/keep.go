package backup

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Keep says how many backups stay: the newest of each of the last so many
// hours, days, weeks and months in which there was one.
type Keep struct{ Hourly, Daily, Weekly, Monthly int }

// ParseKeep reads "24h7d4w12m": any of the four, in this order.
func ParseKeep(s string) (Keep, error) {
	var k Keep
	rest := strings.TrimSpace(s)
	for _, part := range []struct {
		unit string
		n    *int
	}{{"h", &k.Hourly}, {"d", &k.Daily}, {"w", &k.Weekly}, {"m", &k.Monthly}} {
		digits, after, ok := strings.Cut(rest, part.unit)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(digits))
		if err != nil || n < 0 || n > 1000 {
			return k, fmt.Errorf("%q must look like 24h7d4w12m: so many hourly, daily, weekly and monthly backups", s)
		}
		*part.n, rest = n, after
	}
	if strings.TrimSpace(rest) != "" || k == (Keep{}) {
		return k, fmt.Errorf("%q must look like 24h7d4w12m: so many hourly, daily, weekly and monthly backups", s)
	}
	return k, nil
}

// String is what ParseKeep reads.
func (k Keep) String() string {
	out := ""
	for _, p := range []struct {
		n    int
		unit string
	}{{k.Hourly, "h"}, {k.Daily, "d"}, {k.Weekly, "w"}, {k.Monthly, "m"}} {
		if p.n > 0 {
			out += strconv.Itoa(p.n) + p.unit
		}
	}
	return out
}

// ahead is how far a name may be ahead of the clock before it counts for less
// than all others: a clock that was once wrong must not cost the good backups.
const ahead = time.Hour

// Stale lists the names that may go. The newest backup always stays, and so
// does every file that is no backup of the installation with this key.
func (k Keep) Stale(names []string, key string, now time.Time) []string {
	type file struct {
		name string
		at   time.Time
	}
	var list []file
	for _, n := range names {
		if at, _, _ := ParseName(n); Ours(n, key) {
			list = append(list, file{n, at})
		}
	}
	late := now.Add(ahead)
	slices.SortFunc(list, func(a, b file) int {
		if a.at.After(late) != b.at.After(late) {
			if a.at.After(late) {
				return 1
			}
			return -1
		}
		if c := b.at.Compare(a.at); c != 0 {
			return c
		}
		return strings.Compare(b.name, a.name)
	})
	stays := map[string]bool{}
	if len(list) > 0 {
		stays[list[0].name] = true
	}
	for _, rule := range []struct {
		n    int
		span func(time.Time) string
	}{
		{k.Hourly, func(t time.Time) string { return t.Format("2006010215") }},
		{k.Daily, func(t time.Time) string { return t.Format("20060102") }},
		{k.Weekly, func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprint(y, "-", w) }},
		{k.Monthly, func(t time.Time) string { return t.Format("200601") }},
	} {
		spans := map[string]bool{}
		for _, f := range list {
			s := rule.span(f.at.UTC())
			if len(spans) >= rule.n && !spans[s] {
				break
			}
			if !spans[s] {
				spans[s] = true
				stays[f.name] = true
			}
		}
	}
	var out []string
	for _, f := range list {
		if !stays[f.name] {
			out = append(out, f.name)
		}
	}
	return out
}
