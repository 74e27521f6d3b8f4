package orderfile

import (
	"strings"
	"time"

	"lapak/internal/money"
	"lapak/internal/sheet"
)

// Amount reads a sum exactly and makes it rupiah, of which one unit of the
// file is worth unit. Whole rupiah may have dots or commas between thousands;
// where a unit is more than one rupiah the dot or comma begins a fraction. What
// does not come to whole rupiah is ErrWhole.
func Amount(s string, unit int64) (int64, error) {
	was := s
	s = strings.TrimSpace(s)
	neg := false
	for {
		switch {
		case strings.HasPrefix(s, "-") && !neg:
			neg, s = true, s[1:]
		case strings.HasPrefix(s, "Rp"):
			s = strings.TrimPrefix(s[2:], ".")
		case strings.HasPrefix(s, "IDR"):
			s = s[3:]
		case strings.HasPrefix(s, " "), strings.HasPrefix(s, "\u00a0"):
			s = strings.TrimLeft(s, " \u00a0")
		default:
			goto digits
		}
	}
digits:
	whole, fraction := s, ""
	if i := strings.LastIndexAny(s, ".,"); i >= 0 && (unit > 1 || len(s)-i-1 != 3) {
		whole, fraction = s[:i], s[i+1:]
		if fraction == "" {
			return 0, ErrNumber.With(was)
		}
	}
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" || !grouped(whole) {
		return 0, ErrNumber.With(was)
	}
	var n int64
	var err error
	for _, c := range strings.NewReplacer(".", "", ",", "").Replace(whole) + fraction {
		if c < '0' || c > '9' {
			return 0, ErrNumber.With(was)
		}
		if n > (1<<62)/10 {
			return 0, ErrNumber.With(was)
		}
		n = n*10 + int64(c-'0')
	}
	if unit > 1 {
		if n, err = money.Mul(n, unit); err != nil {
			return 0, err
		}
	}
	for range fraction {
		if n%10 != 0 {
			return 0, ErrWhole.With(was)
		}
		n /= 10
	}
	if neg {
		n = -n
	}
	return n, nil
}

// grouped reports whether dots or commas stand between thousands alone.
func grouped(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == ',' })
	if len(parts) == 0 || strings.ContainsAny(s[:1]+s[len(s)-1:], ".,") {
		return false
	}
	for i, p := range parts {
		if i > 0 && len(p) != 3 || i == 0 && len(parts) > 1 && len(p) > 3 {
			return false
		}
	}
	return true
}

// amount reads a sum. Where a unit is more than one rupiah, a dot or comma that
// the file puts between thousands is taken away first.
func (o Options) amount(s string) (int64, error) {
	if o.Unit > 1 {
		switch o.Numbers {
		case sheet.Dots:
			s = strings.ReplaceAll(s, ".", "")
		case sheet.Commas:
			s = strings.ReplaceAll(s, ",", "")
		}
	}
	return Amount(s, o.Unit)
}

// time reads a time, our own first: that alone has parts of a second.
func (o Options) time(s string) (time.Time, error) {
	for _, l := range []string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(l, s, o.Zone); err == nil && t.Year() >= 1970 && t.Year() < 2200 {
			return t.UTC(), nil
		}
	}
	t, err := o.Days.Time(s, o.Zone)
	if err != nil {
		return time.Time{}, ErrTime.With(s)
	}
	return t.UTC(), nil
}

// showTime writes a time as the shop's clock had it, with parts of a second
// only where there are any.
func showTime(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05.999999")
}
