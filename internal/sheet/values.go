package sheet

import (
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lapak/internal/fault"
)

// Faults of cells.
var (
	ErrNumber = fault.New(fault.Invalid, "sheet.number") // {0} is no number
	ErrMoney  = fault.New(fault.Invalid, "sheet.money")  // {0} is no sum in whole rupiah
	ErrTime   = fault.New(fault.Invalid, "sheet.time")   // {0} is no day or time
)

// Key folds the name of a column so that case, spaces and signs do not matter:
// "No. Pesanan" and "no_pesanan" are one.
func Key(s string) string {
	var b strings.Builder
	for _, c := range norm.NFD.String(s) {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			b.WriteRune(unicode.ToLower(c))
		}
	}
	return b.String()
}

// Numbers is how a file writes numbers.
type Numbers string

// The ways. A file that shows nothing is read as Indonesians write.
const (
	Dots   Numbers = "dots"   // 150.000,5
	Commas Numbers = "commas" // 150,000.5
)

// Evidence tells from the cells of a file how it writes numbers.
type Evidence struct{ dots, commas, maybeDots, maybeCommas int }

// See looks at a cell. What is no number tells nothing.
func (e *Evidence) See(s string) {
	s = bare(s)
	dot, comma := strings.Count(s, "."), strings.Count(s, ",")
	if dot+comma == 0 || len(s) > 40 || strings.Trim(s, "0123456789.,-") != "" {
		return
	}
	after := func(sep string) int { return len(s) - strings.LastIndex(s, sep) - 1 }
	switch {
	case dot > 0 && comma > 0:
		if strings.LastIndex(s, ",") > strings.LastIndex(s, ".") {
			e.dots++
		} else {
			e.commas++
		}
	case dot > 1:
		e.dots++
	case comma > 1:
		e.commas++
	case dot == 1 && after(".") != 3:
		e.commas++
	case comma == 1 && after(",") != 3:
		e.dots++
	case dot == 1:
		e.maybeDots++
	default:
		e.maybeCommas++
	}
}

// Numbers is what the cells say: the way that more of the telling ones show,
// else the way in which the ambiguous ones are thousands.
func (e *Evidence) Numbers() Numbers {
	switch {
	case e.dots > e.commas:
		return Dots
	case e.commas > e.dots:
		return Commas
	case e.maybeCommas > e.maybeDots:
		return Commas
	}
	return Dots
}

// bare strips what stands around a number: currency, spaces, signs of plus.
func bare(s string) string {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "("); ok && strings.HasSuffix(rest, ")") {
		s = "-" + strings.TrimSuffix(rest, ")")
	}
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "-+")
	if len(s) >= 3 && strings.EqualFold(s[:3], "idr") {
		s = s[3:]
	} else if len(s) >= 2 && strings.EqualFold(s[:2], "rp") {
		s = strings.TrimPrefix(s[2:], ".")
	}
	s = strings.TrimSuffix(strings.TrimSpace(s), ",-")
	s = strings.ReplaceAll(s, " ", "")
	if strings.HasPrefix(s, "-") {
		neg, s = !neg, s[1:]
	}
	if neg {
		s = "-" + s
	}
	return s
}

// Rat reads an exact number with decimals; no float is touched.
func (n Numbers) Rat(s string) (*big.Rat, error) {
	t := bare(s)
	if len(t) > 40 {
		return nil, ErrNumber.With(short(s))
	}
	if r, ok := scientific(t); ok {
		return r, nil
	}
	thousands, decimal := ".", ","
	if n == Commas {
		thousands, decimal = ",", "."
	}
	whole, part, has := strings.Cut(t, decimal)
	if groups := strings.Split(strings.TrimPrefix(whole, "-"), thousands); len(groups) > 1 {
		for i, g := range groups {
			if len(g) != 3 && (i > 0 || len(g) == 0 || len(g) > 3) {
				return nil, ErrNumber.With(short(s))
			}
		}
	}
	whole = strings.ReplaceAll(whole, thousands, "")
	if !digits(strings.TrimPrefix(whole, "-")) || has && !digits(part) {
		return nil, ErrNumber.With(short(s))
	}
	if has {
		whole += "." + part
	}
	r, ok := new(big.Rat).SetString(whole)
	if !ok {
		return nil, ErrNumber.With(short(s))
	}
	return r, nil
}

// scientific reads 1.5E+12, as spreadsheets keep large numbers.
func scientific(s string) (*big.Rat, bool) {
	i := strings.IndexAny(s, "eE")
	if i <= 0 {
		return nil, false
	}
	exp, err := strconv.Atoi(s[i+1:])
	if err != nil || exp < -12 || exp > 18 || !digits(strings.Replace(strings.TrimPrefix(s[:i], "-"), ".", "", 1)) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func short(s string) string {
	if r := []rune(s); len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return s
}

// Int reads a whole number.
func (n Numbers) Int(s string) (int64, error) {
	r, err := n.Rat(s)
	if err != nil {
		return 0, err
	}
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, ErrNumber.With(short(s))
	}
	return r.Num().Int64(), nil
}

// most is the largest sum in a cell, so that sums of many such stay in range.
const most = 900_000_000_000_000

// Rupiah reads a sum of money, times factor, which must come to whole rupiah.
func (n Numbers) Rupiah(s string, factor int64) (int64, error) {
	r, err := n.Rat(s)
	if err != nil {
		return 0, ErrMoney.With(short(s))
	}
	if r.Mul(r, new(big.Rat).SetInt64(factor)); !r.IsInt() || !r.Num().IsInt64() {
		return 0, ErrMoney.With(short(s))
	}
	v := r.Num().Int64()
	if v > most || v < -most {
		return 0, ErrMoney.With(short(s))
	}
	return v, nil
}

// Days is the order in which a file writes the parts of a day with slashes.
type Days string

// The orders: 23/11/2026, or 11/23/2026.
const (
	DayFirst   Days = "day"
	MonthFirst Days = "month"
)

// DayEvidence tells from the cells of a file how it writes days.
type DayEvidence struct{ day, month int }

// See looks at a cell.
func (e *DayEvidence) See(s string) {
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '/' || c == '-' || c == '.' || c == ' ' })
	if len(parts) < 3 || len(parts[0]) > 2 || !digits(parts[0]) || !digits(parts[1]) {
		return
	}
	a, _ := strconv.Atoi(parts[0])
	b, _ := strconv.Atoi(parts[1])
	switch {
	case a > 12 && b <= 12:
		e.day++
	case b > 12 && a <= 12:
		e.month++
	}
}

// Days is what the cells say; a file that shows nothing writes the day first.
func (e *DayEvidence) Days() Days {
	if e.month > e.day {
		return MonthFirst
	}
	return DayFirst
}

var months = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "mei": 5, "may": 5, "jun": 6, "jul": 7, "agu": 8, "agt": 8, "ags": 8, "aug": 8, "sep": 9, "okt": 10, "oct": 10,
	"nov": 11, "nop": 11, "des": 12, "dec": 12,
}

// Time reads a day, with or without a time, as people, marketplaces and
// spreadsheets write it. What names no zone is in zone.
func (d Days) Time(s string, zone *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if len(s) > 60 {
		return time.Time{}, ErrTime.With(short(s))
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, sane(t, s)
	}
	if t, ok := serial(s, zone); ok {
		return t, nil
	}
	day, clock, _ := strings.Cut(strings.Replace(s, "T", " ", 1), " ")
	parts := strings.FieldsFunc(day, func(c rune) bool { return c == '/' || c == '-' || c == '.' })
	if len(parts) == 1 { // 23 November 2026 14.05
		f := strings.Fields(strings.ReplaceAll(s, ",", " "))
		if len(f) > 0 && !digits(f[0]) {
			f = f[1:] // the name of the day
		}
		if len(f) < 3 {
			return time.Time{}, ErrTime.With(short(s))
		}
		parts, clock = f[:3], strings.Join(f[3:], " ")
	}
	if len(parts) != 3 {
		return time.Time{}, ErrTime.With(short(s))
	}
	y, m, dd := parts[2], parts[1], parts[0]
	switch {
	case len(parts[0]) == 4:
		y, m, dd = parts[0], parts[1], parts[2]
	case d == MonthFirst && digits(parts[1]):
		m, dd = parts[0], parts[1]
	}
	year, err1 := strconv.Atoi(y)
	date, err2 := strconv.Atoi(dd)
	month, err3 := strconv.Atoi(m)
	if err3 != nil && len(m) >= 3 {
		if n, ok := months[strings.ToLower(m[:3])]; ok {
			month, err3 = int(n), nil
		}
	}
	if err1 != nil || err2 != nil || err3 != nil || len(y) != 4 {
		return time.Time{}, ErrTime.With(short(s))
	}
	h, mi, sec, ok := clockOf(clock)
	t := time.Date(year, time.Month(month), date, h, mi, sec, 0, zone)
	if !ok || t.Day() != date || int(t.Month()) != month {
		return time.Time{}, ErrTime.With(short(s))
	}
	return t, sane(t, s)
}

func sane(t time.Time, s string) error {
	if t.Year() < 1990 || t.Year() > 2100 {
		return ErrTime.With(short(s))
	}
	return nil
}

// clockOf reads 14:05, 14.05.09, 2:05 PM and WIB behind them; empty is midnight.
func clockOf(s string) (h, m, sec int, ok bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	for _, z := range []string{"WIB", "UTC+7", "+07:00", "+0700"} {
		s = strings.TrimSpace(strings.TrimSuffix(s, z))
	}
	if s == "" {
		return 0, 0, 0, true
	}
	noon := 0
	if rest, pm := strings.CutSuffix(s, "PM"); pm {
		s, noon = strings.TrimSpace(rest), 12
	} else if rest, am := strings.CutSuffix(s, "AM"); am {
		s, noon = strings.TrimSpace(rest), -1
	}
	s, _, _ = strings.Cut(s, ",")
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == ':' || c == '.' })
	if len(parts) < 2 || len(parts) > 4 {
		return 0, 0, 0, false
	}
	var n [4]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 {
			return 0, 0, 0, false
		}
		n[i] = v
	}
	h, m, sec = n[0], n[1], n[2]
	switch {
	case noon != 0 && (h < 1 || h > 12):
		return 0, 0, 0, false
	case noon == 12 && h < 12:
		h += 12
	case noon == -1 && h == 12:
		h = 0
	}
	return h, m, sec, h < 24 && m < 60 && sec < 60
}

// serial reads a day as spreadsheets keep it: days since 30 December 1899.
func serial(s string, zone *time.Location) (time.Time, bool) {
	if len(s) < 5 || !digits(s[:5]) || strings.Trim(s[5:], ".0123456789") != "" || len(s) > 5 && s[5] != '.' || strings.Count(s, ".") > 1 {
		return time.Time{}, false
	}
	days, err := strconv.Atoi(s[:5])
	if err != nil || days < 32_874 || days > 73_050 { // 1990 to 2099
		return time.Time{}, false
	}
	var part big.Rat
	if len(s) > 6 {
		if _, ok := part.SetString("0" + s[5:]); !ok {
			return time.Time{}, false
		}
	}
	part.Mul(&part, new(big.Rat).SetInt64(86_400))
	part.Add(&part, big.NewRat(1, 2)) // to the nearest second
	secs := new(big.Int).Quo(part.Num(), part.Denom()).Int64()
	return time.Date(1899, 12, 30+days, 0, 0, int(secs), 0, zone), true
}
