package sheet_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"lapak/internal/fault"
	"lapak/internal/phone"
	"lapak/internal/sheet"
)

// rows reads a whole file.
func rows(b []byte, l sheet.Limits) (sheet.Format, [][]string, error) {
	r, err := sheet.Open(context.Background(), bytes.NewReader(b), int64(len(b)), l)
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	var out [][]string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Format, out, nil
		}
		if err != nil {
			return r.Format, out, err
		}
		out = append(out, row.Cells)
	}
}

func TestDialects(t *testing.T) {
	want := [][]string{{"Nama", "HP"}, {"Bu Euis", "0812 3456 7890"}, {"Pak \"Asep\"", "0813\nkantor"}}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("Nama;HP\r\nBu Euis;0812 3456 7890\r\n\"Pak \"\"Asep\"\"\";\"0813\nkantor\"")
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"commas":     "Nama,HP\nBu Euis,0812 3456 7890\n\"Pak \"\"Asep\"\"\",\"0813\nkantor\"\n",
		"semicolons": "\ufeffNama;HP\r\nBu Euis;0812 3456 7890\r\n\"Pak \"\"Asep\"\"\";\"0813\r\nkantor\"",
		"tabs":       "Nama\tHP\n\n Bu Euis \t0812 3456 7890\t\t\n\"Pak \"\"Asep\"\"\"\t\"0813\nkantor\"\n\t\n",
		"ids":        "\"Nama\t\",\"HP\t\"\n\"Bu Euis\t\",\"0812 3456 7890\t\"\n\"Pak \"\"Asep\"\"\t\",\"0813\nkantor\t\"\n",
		"utf-16":     utf16,
	} {
		if f, got, err := rows([]byte(file), sheet.OnPage); err != nil || f != sheet.CSV || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %v, %v\n%s", name, f, err, cmp.Diff(want, got))
		}
	}
	if _, got, err := rows([]byte("Nama,Kota\nAndr\xe9,Bandung\n"), sheet.OnPage); err != nil || got[1][0] != "André" {
		t.Errorf("an old spreadsheet's letters: %q, %v", got, err)
	}
	cards := "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bu Euis\r\nTEL;TYPE=CELL:0812 3456 7890\r\nTEL:022-123\r\nADR:;;Jl. Cibiru 3;Bandung;Jawa Barat;40614;\r\nNOTE:suka pedas\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\r\nVERSION:4.0\r\nN:Asep;Pak;;;\r\nTEL;VALUE=uri:tel:+62-813-1\r\nEND:VCARD\r\n"
	_, got, err := rows([]byte(cards), sheet.OnPage)
	if err != nil || len(got) != 3 || got[1][1] != "0812 3456 7890" || got[1][4] != "Jl. Cibiru 3, Bandung, Jawa Barat, 40614" || got[2][1] != "+62-813-1" {
		t.Errorf("cards: %q, %v", got, err)
	}
}

func book(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBooks(t *testing.T) {
	when := time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)
	b := book(t, func(f *excelize.File) {
		_, _ = f.NewSheet("orders")
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"petunjuk"})
		_ = f.SetSheetRow("orders", "A1", &[]any{"No. Pesanan", "Waktu", "Harga", "Rumus"})
		_ = f.SetSheetRow("orders", "A3", &[]any{"251123ABCDEF\t", when, 25_000, nil})
		_ = f.SetCellFormula("orders", "D3", "1+1")
	})
	f, got, err := rows(b, sheet.OnPage)
	if err != nil || f != sheet.XLSX || len(got) != 2 || got[1][0] != "251123ABCDEF" || got[1][2] != "25000" {
		t.Fatalf("%v %q %v", f, got, err)
	}
	at, err := sheet.DayFirst.Time(got[1][1], time.UTC)
	if err != nil || !at.Equal(when) {
		t.Errorf("time %q = %v, %v", got[1][1], at, err)
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	l := sheet.Limits{Bytes: 1 << 20, Unpacked: 1 << 20, Rows: 3, Columns: 8, Cell: 1 << 10, Entries: 20, CardBytes: 1 << 20, CardCount: 2}
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	for _, name := range []string{"xl/workbook.xml", "xl/worksheets/sheet1.xml"} {
		w, _ := z.Create(name)
		_, _ = w.Write(bytes.Repeat([]byte(" "), 2<<20))
	}
	_ = z.Close()
	var other bytes.Buffer
	z = zip.NewWriter(&other)
	_, _ = z.Create("word/document.xml")
	_ = z.Close()
	card := "BEGIN:VCARD\nVERSION:3.0\nFN:a\nEND:VCARD\n"
	for name, c := range map[string]struct {
		file string
		want *fault.Error
	}{
		"empty":         {"", sheet.ErrEmpty},
		"large":         {strings.Repeat("a", 1<<20+1), sheet.ErrLarge},
		"rows":          {"a\n1\n2\n3\n4\n", sheet.ErrRows},
		"columns":       {"a,b,c,d,e,f,g,h,i\n", sheet.ErrColumns},
		"cell":          {"a\n" + strings.Repeat("x", 1<<10+1), sheet.ErrCell},
		"no end":        {"a\n\"" + strings.Repeat("x\n", 400<<10), sheet.ErrCell},
		"old":           {"\xd0\xcf\x11\xe0rest", sheet.ErrOld},
		"pdf":           {"%PDF-1.7", sheet.ErrOld},
		"binary":        {"a\x00b", sheet.ErrBroken},
		"bomb":          {bomb.String(), sheet.ErrLarge},
		"other archive": {other.String(), sheet.ErrOld},
		"cut":           {other.String()[:20], sheet.ErrBroken},
		"cards":         {card + card + card, sheet.ErrRows},
		"cut card":      {"BEGIN:VCARD\nVERSION:3.0\nFN:a\n", sheet.ErrBroken},
	} {
		if _, _, err := rows([]byte(c.file), l); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := sheet.Open(ctx, strings.NewReader("a\n1\n"), 4, l)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := r.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		cells []string
		want  sheet.Numbers
	}{
		{[]string{"150.000", "Rp1.500.000"}, sheet.Dots},
		{[]string{"150,000", "25,000"}, sheet.Commas},
		{[]string{"150.000", "12,5"}, sheet.Dots},
		{[]string{"150,000", "12.5"}, sheet.Commas},
		{[]string{"6.95", "1.25"}, sheet.Commas},
		{[]string{"150.000"}, sheet.Dots},
		{[]string{"1.250,00"}, sheet.Dots},
		{[]string{"25000", "teks", ""}, sheet.Dots},
	} {
		var e sheet.Evidence
		for _, s := range c.cells {
			e.See(s)
		}
		if got := e.Numbers(); got != c.want {
			t.Errorf("%q: %s, want %s", c.cells, got, c.want)
		}
	}
	for _, c := range []struct {
		n      sheet.Numbers
		in     string
		factor int64
		want   int64
		bad    bool
	}{
		{sheet.Dots, "Rp 150.000", 1, 150_000, false},
		{sheet.Dots, "Rp150.000,-", 1, 150_000, false},
		{sheet.Dots, "IDR 1.500.000,00", 1, 1_500_000, false},
		{sheet.Dots, "-25.000", 1, -25_000, false},
		{sheet.Dots, "(25.000)", 1, -25_000, false},
		{sheet.Dots, "25000", 1, 25_000, false},
		{sheet.Commas, "25,000.00", 1, 25_000, false},
		{sheet.Commas, "6.95", 20_000, 139_000, false},
		{sheet.Commas, "0.001", 20_000, 20, false},
		{sheet.Commas, "1.5E+6", 1, 1_500_000, false},
		{sheet.Commas, "6.95", 1, 0, true},
		{sheet.Dots, "15.00", 1, 0, true},
		{sheet.Dots, "1.5000", 1, 0, true},
		{sheet.Dots, "", 1, 0, true},
		{sheet.Dots, "-", 1, 0, true},
		{sheet.Dots, "gratis", 1, 0, true},
		{sheet.Dots, "99999999999999999999", 1, 0, true},
		{sheet.Commas, "1e999999999", 1, 0, true},
	} {
		got, err := c.n.Rupiah(c.in, c.factor)
		if got != c.want && !c.bad || (err != nil) != c.bad {
			t.Errorf("%s %q x %d = %d, %v", c.n, c.in, c.factor, got, err)
		}
	}
}

func TestTimes(t *testing.T) {
	wib := time.FixedZone("WIB", 7*3600)
	want := time.Date(2026, 11, 5, 14, 5, 0, 0, wib)
	for _, c := range []struct {
		d  sheet.Days
		in string
	}{
		{sheet.DayFirst, "2026-11-05 14:05"},
		{sheet.DayFirst, "2026-11-05 14:05:00"},
		{sheet.DayFirst, "05/11/2026 14:05:00"},
		{sheet.DayFirst, "5-11-2026 14.05"},
		{sheet.DayFirst, "5 November 2026 14.05 WIB"},
		{sheet.DayFirst, "Kam, 5 Nov 2026, 14.05"},
		{sheet.DayFirst, "05-Nov-2026 02:05 PM"},
		{sheet.MonthFirst, "11/05/2026 2:05:00 PM"},
		{sheet.DayFirst, "2026-11-05T07:05:00Z"},
		{sheet.DayFirst, "2026-11-05T14:05:00+07:00"},
		{sheet.DayFirst, "46331.5868055556"},
	} {
		if got, err := c.d.Time(c.in, wib); err != nil || !got.Equal(want) {
			t.Errorf("%q = %v, %v", c.in, got, err)
		}
	}
	for _, bad := range []string{"", "besok", "31/02/2026", "2026-13-01", "5/11/26", "99/99/9999", "05/11/2026 25:00", "0001-01-01", "12345", strings.Repeat("1", 100)} {
		if got, err := sheet.DayFirst.Time(bad, wib); !errors.Is(err, sheet.ErrTime) {
			t.Errorf("%q = %v, %v", bad, got, err)
		}
	}
	var e sheet.DayEvidence
	e.See("11/05/2026 10:00")
	e.See("11/23/2026 10:00")
	if e.Days() != sheet.MonthFirst {
		t.Error("a file with 11/23 writes the month first")
	}
}

// What is written comes back as it was, and no cell of it is a formula.
func TestWhatIsWrittenComesBack(t *testing.T) {
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
		t.Run(string(f), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				cells := rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]string{"=1+1", "'=x", "''-", "+62812", "@a", "-5", "a,b;c", "\"q\"", "baris\nbaru", "0812", "é"}), rapid.StringN(0, 20, -1)), 3, 3), 1, 6).Draw(t, "cells")
				want := [][]string{{"a", "b", "c", "n", "hp"}}
				var b bytes.Buffer
				w, err := sheet.NewWriter(&b, f, "Data", want[0]...)
				if err != nil {
					t.Fatal(err)
				}
				for i, row := range cells {
					for j := range row {
						row[j] = strings.TrimSpace(sheet.Tidy(strings.TrimLeft(row[j], "'")))
						if j == 1 && row[j] != "" {
							row[j] = "'" + row[j] // an owner's own apostrophe
						}
					}
					if err := w.Row(row[0], row[1], row[2], int64(-i), phone.Number("+6281234567890")); err != nil {
						t.Fatal(err)
					}
					want = append(want, []string{row[0], row[1], row[2], fmt.Sprint(-i), phone.Number("+6281234567890").Local()})
				}
				if err := w.End(); err != nil {
					t.Fatal(err)
				}
				_, got, err := rows(b.Bytes(), sheet.OnPage)
				if d := cmp.Diff(want, got); err != nil || d != "" {
					t.Fatalf("%v\n%s", err, d)
				}
				if f != sheet.CSV {
					return
				}
				raw, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b.Bytes(), []byte("\ufeff")))).ReadAll()
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range raw[1:] {
					for i, c := range row {
						if i != 3 && c != "" && strings.IndexByte("=+-@\t\r", c[0]) >= 0 {
							t.Fatalf("an active cell: %q", c)
						}
					}
				}
			})
		})
	}
}

// A long file takes no more memory than a short one.
func TestReadingIsFlat(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("sku,nama,harga\n")
	for i := range 400_000 {
		fmt.Fprintf(&b, "SKU%d,Keripik pedas,15000\n", i)
	}
	r, err := sheet.Open(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), sheet.InJob)
	if err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, peak := 0, uint64(0)
	for {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%100_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	if grown := int64(peak) - int64(before.HeapAlloc); n != 400_001 || grown > 4<<20 {
		t.Errorf("%d rows took %d KiB", n, grown>>10)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte("\ufeffa;b\n\"1\n2\";'=x\n"))
	f.Add([]byte("BEGIN:VCARD\nVERSION:3.0\nFN:a\nTEL:1\nEND:VCARD\n"))
	f.Add(book(f, func(x *excelize.File) { _ = x.SetSheetRow("Sheet1", "A1", &[]any{"a", 1, "x"}) }))
	l := sheet.Limits{Bytes: 1 << 20, Unpacked: 4 << 20, Rows: 1000, Columns: 50, Cell: 4 << 10, Entries: 50, CardBytes: 1 << 20, CardCount: 100}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, got, err := rows(b, l)
		if err != nil && fault.Of(err) == nil {
			t.Errorf("a surprise, not a fault: %v", err)
		}
		for _, row := range got {
			if len(row) > l.Columns {
				t.Errorf("%d columns", len(row))
			}
			for _, c := range row {
				if len(c) > 3*l.Cell || strings.ContainsAny(c, "\x00\t\r") {
					t.Errorf("cell %q", c)
				}
			}
		}
	})
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"Rp1.500,-", "1.5E+3", "(2,5)", "23/11/2026 14.05", "46331.58", "23 Nov 2026"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, n := range []sheet.Numbers{sheet.Dots, sheet.Commas} {
			if _, err := n.Rupiah(s, 20_000); err != nil && !errors.Is(err, sheet.ErrMoney) {
				t.Errorf("%q: %v", s, err)
			}
		}
		for _, d := range []sheet.Days{sheet.DayFirst, sheet.MonthFirst} {
			if at, err := d.Time(s, time.UTC); err == nil && (at.Year() < 1989 || at.Year() > 2101) || err != nil && !errors.Is(err, sheet.ErrTime) {
				t.Errorf("%q: %v, %v", s, at, err)
			}
		}
		if g := sheet.Tidy(sheet.Guard(sheet.Tidy(s))); g != sheet.Tidy(s) {
			t.Errorf("%q comes back as %q", sheet.Tidy(s), g)
		}
	})
}

// Rows are numbered as a spreadsheet numbers them: empty lines count, the lines
// within a cell do not.
func TestLinesAreThoseOfASpreadsheet(t *testing.T) {
	text := "nama,catatan\n\n\nOpak,\"renyah\r\n\r\nsekali\"\nSale,manis\r\n\r\n\"Wajit\nCililin\",\n,\nDodol,x\n"
	r, err := sheet.Open(t.Context(), strings.NewReader(text), int64(len(text)), sheet.OnPage)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(row.Line, " ", strings.Fields(row.At(0))[0]))
	}
	if want := "[1 nama 4 Opak 5 Sale 7 Wajit 9 Dodol]"; fmt.Sprint(got) != want {
		t.Errorf("rows %v, want %s", got, want)
	}
}
