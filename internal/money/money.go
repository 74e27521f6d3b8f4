// Package money counts whole rupiah in int64 and writes them as people do.
// Rounding rules live here and nowhere else. No float touches money.
package money

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"lapak/internal/fault"
)

// Max is the largest sum Lapak takes in one price or order: Rp999 miliar.
const Max int64 = 999_000_000_000

// Faults of sums and of what people typed.
var (
	ErrTooLarge = fault.New(fault.Invalid, "money.too_large")
	ErrForm     = fault.New(fault.Invalid, "money.form")
)

// Add returns a+b rupiah, or ErrTooLarge when it leaves int64.
func Add(a, b int64) (int64, error) {
	s := a + b
	if (s > a) != (b > 0) && b != 0 {
		return 0, ErrTooLarge
	}
	return s, nil
}

// Mul returns quantity times price in rupiah, or ErrTooLarge.
func Mul(quantity, price int64) (int64, error) {
	if quantity == math.MinInt64 || price == math.MinInt64 {
		return 0, ErrTooLarge
	}
	neg := (quantity < 0) != (price < 0)
	hi, lo := bits.Mul64(abs(quantity), abs(price))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, ErrTooLarge
	}
	if neg {
		return -int64(lo), nil
	}
	return int64(lo), nil
}

// Percent returns hundredths-of-a-percent of sum (basis points), rounded half
// away from zero to whole rupiah.
func Percent(sum, basisPoints int64) (int64, error) {
	p, err := Mul(sum, basisPoints)
	if err != nil {
		return 0, err
	}
	if p < 0 {
		return -((-p + 5_000) / 10_000), nil
	}
	return (p + 5_000) / 10_000, nil
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// String writes rupiah as "Rp25.000", negative as "-Rp25.000".
func String(n int64) string {
	if n < 0 {
		return "-Rp" + Digits(n)[1:]
	}
	return "Rp" + Digits(n)
}

// Digits writes a number with dots between thousands: "25.000".
func Digits(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte('.')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Short writes a sum for small places: "Rp950", "Rp350 rb", "Rp1,2 jt", "Rp3,4 M".
func Short(n int64) string {
	sign := ""
	if n < 0 {
		if n == math.MinInt64 {
			n++
		}
		sign, n = "-", -n
	}
	for _, u := range []struct {
		unit int64
		word string
	}{{1_000_000_000_000, " T"}, {1_000_000_000, " M"}, {1_000_000, " jt"}, {1_000, " rb"}} {
		if n < u.unit {
			continue
		}
		tenth := n / (u.unit / 10)
		s := Digits(tenth / 10)
		if r := tenth % 10; r != 0 && tenth < 1000 && u.unit > 1_000 {
			s += "," + strconv.FormatInt(r, 10)
		}
		return sign + "Rp" + s + u.word
	}
	return sign + String(n)
}

// Parse reads what people type for a price: "25000", "25.000", "Rp 25.000",
// "25,000", "25rb", "1,2 jt". The empty text is ErrForm.
func Parse(s string) (int64, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(s, "rp."), "rp"))
	s = strings.TrimSuffix(strings.TrimSuffix(s, ",-"), ".-")
	unit := int64(1)
	for _, u := range []struct {
		word string
		unit int64
	}{{"ribu", 1_000}, {"rb", 1_000}, {"juta", 1_000_000}, {"jt", 1_000_000}, {"k", 1_000}} {
		if rest, ok := strings.CutSuffix(s, u.word); ok {
			s, unit = strings.TrimSpace(rest), u.unit
			break
		}
	}
	if len(s) == 0 || len(s) > 24 {
		return 0, ErrForm
	}
	whole, frac := s, ""
	if i := strings.LastIndexAny(s, ".,"); i >= 0 && (len(s)-i-1 != 3 || unit > 1) {
		whole, frac = s[:i], s[i+1:]
	}
	whole = strings.NewReplacer(".", "", ",", "", " ", "").Replace(whole)
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(whole, "+") {
		return 0, ErrForm
	}
	if n, err = Mul(n, unit); err != nil {
		return 0, err
	}
	if frac != "" {
		f, err := strconv.ParseUint(frac, 10, 32)
		if err != nil || len(frac) > 6 {
			return 0, ErrForm
		}
		part := int64(f) * unit
		for range frac {
			if part%10 != 0 {
				return 0, ErrForm // "25,5" rupiah is not a whole sum
			}
			part /= 10
		}
		n += part
	}
	if n > Max {
		return 0, ErrTooLarge
	}
	return n, nil
}
