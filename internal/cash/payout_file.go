package cash

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/payment"
	"lapak/internal/sheet"
)

// Verdict is how a line of a payout stands.
type Verdict string

// The verdicts. All but the last two wait for somebody.
const (
	Match   Verdict = "match"   // may be booked as it is
	Differs Verdict = "differs" // another sum than the parcel took, or sums that do not add up
	Unknown Verdict = "unknown" // no parcel, or several, with this number
	Early   Verdict = "early"   // we have not heard that it was delivered
	Paid    Verdict = "paid"    // paid out by another line before
	Twice   Verdict = "twice"   // stands in the file above
	Bad     Verdict = "bad"     // cannot be read
	Booked  Verdict = "booked"
	Dropped Verdict = "dropped"
)

// Over reports whether nobody has to do anything with the line.
func (v Verdict) Over() bool { return v == Booked || v == Dropped }

// Line is a row of a carrier's or an aggregator's file.
type Line struct {
	N       int64
	Waybill string
	COD     int64
	Fee     int64
	Net     int64
	On      *time.Time
	Parcel  id.ID
	Owed    int64 // what the parcel took
	Verdict Verdict
	Why     string
	By      id.ID
	Person  id.ID
	Decided *time.Time
}

// MaxLines is how many rows a file may have.
const MaxLines = 5_000

// columns are the names by which files call what we need.
var columns = map[string][]string{
	"waybill": {
		"resi", "no resi", "nomor resi", "awb", "no awb", "nomor awb", "airwaybill", "air waybill", "waybill", "waybill id", "tracking number", "tracking id",
		"connote", "no connote", "cnote", "no stt",
	},
	"cod": {
		"cod", "nilai cod", "cod amount", "jumlah cod", "nominal cod", "cod value", "total cod", "harga cod", "cash on delivery amount", "cod price",
	},
	"fee": {
		"fee", "cod fee", "fee cod", "biaya", "biaya cod", "biaya layanan", "potongan", "total potongan", "admin fee", "biaya admin", "service fee", "total fee",
	},
	"net": {
		"net", "nett", "net amount", "diterima", "jumlah diterima", "total diterima", "dicairkan", "nominal pencairan", "jumlah pencairan", "total pencairan",
		"disbursed", "disbursement amount", "settlement amount", "jumlah bersih", "bersih",
	},
	"date": {
		"tanggal", "tgl", "date", "tanggal cair", "tanggal pencairan", "tgl cair", "settlement date", "disbursement date", "paid at", "tanggal transfer",
	},
}

// guess finds the columns by their names, with or without what stands in
// brackets: "Nilai COD (Rp)".
func guess(header []string) map[string]int {
	m, taken := map[string]int{}, map[int]bool{}
	for _, bare := range []bool{false, true} {
		for _, field := range slices.Sorted(maps.Keys(columns)) {
			if _, ok := m[field]; ok {
				continue
			}
		names:
			for _, name := range columns[field] {
				for i, h := range header {
					if bare {
						h, _, _ = strings.Cut(h, "(")
					}
					if !taken[i] && sheet.Key(h) == sheet.Key(name) {
						m[field], taken[i] = i, true
						break names
					}
				}
			}
		}
	}
	return m
}

// enough reports which columns are missing: the number, and two of the sums or
// that of COD alone.
func enough(m map[string]int) (missing []string) {
	has := func(f string) bool { _, ok := m[f]; return ok }
	if !has("waybill") {
		missing = append(missing, "resi")
	}
	if !has("cod") && !(has("fee") && has("net")) {
		missing = append(missing, "nilai COD")
	}
	return missing
}

// headRows is how far down the names of columns are looked for.
const headRows = 12

// ReadPayout reads a file of a carrier or an aggregator. Its lines are not
// judged yet.
func ReadPayout(ctx context.Context, file io.ReaderAt, size int64) ([]Line, error) {
	r, err := sheet.Open(ctx, file, size, sheet.OnPage)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var rows []sheet.Row
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if rows = append(rows, row); len(rows) > MaxLines+headRows {
			return nil, ErrRows.With(MaxLines)
		}
	}
	at, m := 0, map[string]int{}
	for i, row := range rows[:min(len(rows), headRows)] {
		if g := guess(row.Cells); len(g) > len(m) {
			at, m = i, g
		}
	}
	if missing := enough(m); len(missing) > 0 {
		return nil, ErrFile.With(strings.Join(missing, ", "))
	}
	rows = rows[at+1:]
	cell := func(row sheet.Row, field string) string {
		n, ok := m[field]
		if !ok {
			return ""
		}
		return row.At(n)
	}
	var numbers sheet.Evidence
	var days sheet.DayEvidence
	for _, row := range rows {
		for _, f := range []string{"cod", "fee", "net"} {
			numbers.See(cell(row, f))
		}
		days.See(cell(row, "date"))
	}
	var list []Line
	for _, row := range rows {
		if cell(row, "waybill") == "" { // totals under the table
			continue
		}
		list = append(list, readLine(row, cell, numbers.Numbers(), days.Days()))
	}
	if len(list) == 0 {
		return nil, sheet.ErrEmpty
	}
	return list, nil
}

// maxWaybill bounds what is kept of a number that is none.
const maxWaybill = 40

func readLine(row sheet.Row, cell func(sheet.Row, string) string, numbers sheet.Numbers, days sheet.Days) Line {
	l := Line{N: int64(row.Line)}
	number, err := carrier.CleanNumber(cell(row, "waybill"))
	if l.Waybill = number; err != nil {
		w := []rune(cell(row, "waybill"))
		l.Waybill, l.Verdict = string(w[:min(len(w), maxWaybill)]), Bad
	}
	has := map[string]bool{}
	for field, to := range map[string]*int64{"cod": &l.COD, "fee": &l.Fee, "net": &l.Net} {
		s := cell(row, field)
		if s == "" {
			continue
		}
		n, err := numbers.Rupiah(s, 1)
		if err != nil {
			l.Verdict = Bad
		}
		*to, has[field] = n, err == nil
	}
	if l.Fee < 0 { // what is taken off is written below zero by some
		l.Fee = -l.Fee
	}
	switch {
	case !has["cod"]:
		l.COD = l.Net + l.Fee
	case !has["net"]:
		l.Net = l.COD - l.Fee
	case !has["fee"]:
		l.Fee = l.COD - l.Net
	}
	if s := cell(row, "date"); s != "" {
		if t, err := days.Time(s, i18n.WIB); err == nil {
			t = t.UTC()
			l.On = &t
		}
	}
	if l.COD <= 0 {
		l.Verdict = Bad
	}
	return l
}

// box is what a line is judged by.
type box struct {
	id        id.ID
	carrier   string
	delivered bool
	taken     int64
	method    payment.Method
	paid      bool
}

// judge says how a line stands. above are the numbers of the lines before it.
func (l *Line) judge(boxes []box, above map[string]bool) {
	if l.Verdict == Bad || l.Verdict.Over() {
		return
	}
	l.Parcel, l.Owed = id.ID{}, 0
	if above[l.Waybill] {
		l.Verdict = Twice
		return
	}
	if len(boxes) != 1 {
		l.Verdict = Unknown
		return
	}
	b := boxes[0]
	l.Parcel = b.id
	if b.delivered && b.method != payment.QRIS {
		l.Owed = b.taken
	}
	switch {
	case b.paid:
		l.Verdict = Paid
	case !b.delivered:
		l.Verdict = Early
	case l.COD != l.Owed || l.Net+l.Fee != l.COD || l.Net < 0 || l.Fee < 0:
		l.Verdict = Differs
	default:
		l.Verdict = Match
	}
}
