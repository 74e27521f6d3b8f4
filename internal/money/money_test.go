package money

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestString(t *testing.T) {
	for n, want := range map[int64]string{
		0: "Rp0", 5: "Rp5", 950: "Rp950", 25_000: "Rp25.000", 1_234_567: "Rp1.234.567", -25_000: "-Rp25.000",
		math.MaxInt64: "Rp9.223.372.036.854.775.807", math.MinInt64: "-Rp9.223.372.036.854.775.808",
	} {
		if got := String(n); got != want {
			t.Errorf("String(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for n, want := range map[int64]string{
		950: "Rp950", 350_000: "Rp350 rb", 1_200_000: "Rp1,2 jt", 1_000_000: "Rp1 jt", 999_999: "Rp999 rb",
		3_140_000: "Rp3,1 jt", 120_500_000: "Rp120 jt", 3_400_000_000: "Rp3,4 M", -1_200_000: "-Rp1,2 jt",
	} {
		if got := Short(n); got != want {
			t.Errorf("Short(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for s, want := range map[string]int64{
		"25000": 25_000, "25.000": 25_000, "Rp 25.000": 25_000, "rp25.000,-": 25_000, "25,000": 25_000, "25rb": 25_000, "25 ribu": 25_000,
		"1,2 jt": 1_200_000, "1.25jt": 1_250_000, "1.234.567": 1_234_567, "0": 0, "15k": 15_000, "2,5rb": 2_500, "25.000,00": 25_000,
	} {
		got, err := Parse(s)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "gratis", "-5", "+5", "25,5", "1e9", "12,3456jt rupiah", "99999999999999999999", "rp", "0x10"} {
		if n, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) = %d, want a fault", s, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"25.000", "Rp 1,2 jt", "25rb", "", "..", "1.000.000,50"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		if n < 0 || n > Max {
			t.Fatalf("Parse(%q) = %d, out of range", s, n)
		}
		if back, err := Parse(String(n)); err != nil || back != n {
			t.Fatalf("Parse(String(%d)) = %d, %v", n, back, err)
		}
	})
}

func TestArithmeticIsExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		check := func(name string, got int64, err error, want *big.Int) {
			switch {
			case err == nil && big.NewInt(got).Cmp(want) != 0:
				t.Fatalf("%s(%d, %d) = %d, want %v", name, a, b, got, want)
			case err != nil && want.IsInt64() && a != math.MinInt64 && b != math.MinInt64 && want.Cmp(big.NewInt(math.MinInt64)) != 0:
				t.Fatalf("%s(%d, %d) refused %v, which fits", name, a, b, want)
			case err != nil && !errors.Is(err, ErrTooLarge):
				t.Fatalf("%s: %v", name, err)
			}
		}
		s, err := Add(a, b)
		check("Add", s, err, new(big.Int).Add(big.NewInt(a), big.NewInt(b)))
		m, err := Mul(a, b)
		check("Mul", m, err, new(big.Int).Mul(big.NewInt(a), big.NewInt(b)))
	})
}

func TestPercentRoundsHalfAwayFromZero(t *testing.T) {
	for _, c := range []struct{ sum, bp, want int64 }{{150_000, 30, 450}, {1, 5_000, 1}, {-1, 5_000, -1}, {1, 4_999, 0}, {99, 1_000, 10}, {68_000, 1_000, 6_800}} {
		if got, err := Percent(c.sum, c.bp); err != nil || got != c.want {
			t.Errorf("Percent(%d, %d) = %d, %v; want %d", c.sum, c.bp, got, err, c.want)
		}
	}
}
