package orderfile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"lapak/internal/order"
	"lapak/internal/orderfile"
	"lapak/internal/payment"
	"lapak/internal/sheet"
)

var zone = time.FixedZone("WIB", 7*3600)

// back reads a paper's rows as those of a file of our own.
func back(p order.Past) (order.Past, error) {
	rows, err := orderfile.Rows(p, zone)
	if err != nil {
		return order.Past{}, err
	}
	format, at, _ := orderfile.Guess(orderfile.Header())
	in := make([]orderfile.Row, len(rows))
	for i, r := range rows {
		in[i] = orderfile.Row{Line: i + 2, Cells: r, At: at}
	}
	out, line, err := orderfile.Options{Format: format, Zone: zone}.Read(in)
	if err != nil {
		err = fmt.Errorf("line %d: %w", line, err)
	}
	return out, err
}

// What is written is read again as it was, whatever the paper is.
func TestPapersComeBack(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "Opak", "=Opak", "Kopi, \"susu\"", "-9", "'kutip", "é", "dua\nbaris"})
	code := rapid.SampledFrom([]string{"", "A-1", "A-1 ", " A-1", "00012", "=1+1"})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(1, 1_700_000_000_000_000).Draw(t, "at")).UTC()
	})
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(order.Kinds).Draw(rt, "kind")
		p := order.Past{
			Source: rapid.SampledFrom([]string{"shopee", "tiktok", "lain", "kasir lama"}).Draw(rt, "source"), Outside: rapid.StringMatching(`[A-Z0-9/-]{1,20}`).Draw(rt, "number"),
			Kind: kind, At: moment.Draw(rt, "at"), Buyer: word.Draw(rt, "buyer"), City: word.Draw(rt, "city"), Country: word.Draw(rt, "country"), Note: word.Draw(rt, "note"),
		}
		low := int64(-50)
		if kind == order.Sale {
			low = 1
			p.State, p.Way, p.PayBy = rapid.SampledFrom(order.States).Draw(rt, "state"), order.Own, payment.Elsewhere
			p.Shipping, p.Code = rapid.Int64Range(0, 90_000).Draw(rt, "shipping"), rapid.Int64Range(0, 999).Draw(rt, "code")
			p.Paid = rapid.Int64Range(0, 5_000_000).Draw(rt, "paid")
			p.Refunded = rapid.Int64Range(0, p.Paid).Draw(rt, "refunded")
			if p.State.Over() && rapid.Bool().Draw(rt, "done") {
				at := moment.Draw(rt, "done at")
				p.DoneAt = &at
			}
		}
		for range rapid.IntRange(1, 4).Draw(rt, "lines") {
			l := order.PastLine{SKU: code.Draw(rt, "sku"), Title: word.Draw(rt, "title"), Quantity: rapid.Int64Range(low, 50).Draw(rt, "quantity"), Price: rapid.Int64Range(0, 9_000_000).Draw(rt, "price")}
			if l.Quantity == 0 {
				l.Quantity = 1
			}
			if rapid.IntRange(0, 3).Draw(rt, "late") == 0 {
				if l.At = moment.Draw(rt, "line at"); l.At.Equal(p.At) {
					l.At = time.Time{}
				}
			}
			p.Lines = append(p.Lines, l)
		}
		got, err := back(p)
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(p, got, cmpopts.EquateEmpty()); d != "" {
			rt.Fatal(d)
		}
	})
}

func FuzzAmount(f *testing.F) {
	for _, s := range []string{"150.000", "1,500.00", "-0.001", "Rp 2.500", "IDR1,000", "9999999999999999999", "1..2", ""} {
		f.Add(s, int64(1))
		f.Add(s, int64(20_000))
	}
	f.Fuzz(func(t *testing.T, s string, unit int64) {
		n, err := orderfile.Amount(s, unit)
		if err != nil || unit != 1 {
			return
		}
		if again, err := orderfile.Amount(fmt.Sprint(n), 1); err != nil || again != n {
			t.Errorf("%q is %d, which is %d, %v", s, n, again, err)
		}
	})
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		in   string
		unit int64
		want int64
	}{
		{"150.000", 1, 150_000}, {"1,500.00", 1, 1_500}, {"Rp2.500", 1, 2_500}, {"6.95", 20_000, 139_000}, {"0.001", 20_000, 20}, {"-9,000.5", 20_000, -180_010_000},
	} {
		if n, err := orderfile.Amount(c.in, c.unit); err != nil || n != c.want {
			t.Errorf("Amount(%q, %d) = %d, %v; want %d", c.in, c.unit, n, err, c.want)
		}
	}
	for _, s := range []string{"", "satu", "1.5", "1.2.3", "12 34", "--1"} {
		if n, err := orderfile.Amount(s, 1); err == nil {
			t.Errorf("Amount(%q) = %d", s, n)
		}
	}
}

// A file says by its columns whose it is, and by its days and sums how it writes them.
func TestWhatAFileSays(t *testing.T) {
	at := map[string]int{"no_pesanan": 0, "waktu": 1, "jumlah": 2, "harga_satuan": 3}
	for _, c := range []struct {
		o     orderfile.Options
		day   string
		price string
		want  string
		sum   int64
	}{
		{orderfile.Options{Days: sheet.DayFirst, Unit: 1}, "03/02/2024 10:00", "1.500", "2024-02-03 03:00:00", 1_500},
		{orderfile.Options{Days: sheet.MonthFirst, Unit: 1}, "03/02/2024 10:00", "1,500", "2024-03-02 03:00:00", 1_500},
		{orderfile.Options{Days: sheet.DayFirst, Unit: 100, Numbers: sheet.Commas}, "45323.5", "1,000.25", "2024-02-01 05:00:00", 100_025},
	} {
		c.o.Zone = zone
		p, _, err := c.o.Read([]orderfile.Row{{Line: 2, Cells: []string{"A", c.day, "1", c.price}, At: at}})
		if err != nil || p.At.Format(time.DateTime) != c.want || p.Lines[0].Price != c.sum {
			t.Errorf("%+v: %s %d, %v", c.o, p.At, p.Lines[0].Price, err)
		}
	}
	if _, line, err := (orderfile.Options{Zone: zone}).Read([]orderfile.Row{{Line: 2, Cells: []string{"A", "2024-01-01", "1", "5"}, At: at}, {Line: 7, Cells: []string{"A", "2024-01-01", "dua", "5"}, At: at}}); err == nil || line != 7 {
		t.Errorf("line %d, %v; want 7", line, err)
	}
}
