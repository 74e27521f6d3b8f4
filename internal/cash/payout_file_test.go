package cash

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"lapak/internal/id"
	"lapak/internal/payment"
	"lapak/internal/sheet"
)

func read(t *testing.T, text string) ([]Line, error) {
	t.Helper()
	r := strings.NewReader(text)
	return ReadPayout(t.Context(), r, r.Size())
}

func TestPayoutFilesOfManyHands(t *testing.T) {
	for name, text := range map[string]string{
		"semicolons, dots, a title above": "Laporan Pencairan COD;;;;\nPeriode November 2026;;;;\nNo. Resi;Nilai COD (Rp);Potongan;Jumlah Diterima;Tanggal Cair\nJP1234567890;41.000;1.640;39.360;28/11/2026\nTotal;;;;\n;41.000;1.640;39.360;\n",
		"commas, english":                 "AWB,COD Amount,COD Fee,Net Amount,Settlement Date\nJP1234567890,\"41,000\",\"1,640\",\"39,360\",2026-11-28\n",
		"the fee is taken off":            "Waybill\tTotal COD\tBiaya COD\nJP1234567890\tRp 41.000\t-1.640\n",
		"no sum of COD":                   "Tracking Number,Fee,Net\njp 1234567890,1640,39360\n",
	} {
		list, err := read(t, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		l := list[0]
		if l.Waybill != "JP1234567890" || l.COD != 41_000 || l.Fee != 1_640 || l.Net != 39_360 || l.Verdict == Bad {
			t.Errorf("%s: %+v", name, l)
		}
		if strings.Contains(name, "dots") && (l.On == nil || l.On.Day() != 27 || l.N != 4) { // midnight in Jakarta
			t.Errorf("%s: day %v, row %d", name, l.On, l.N)
		}
	}
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.XLSX, "COD", "Resi", "COD", "Fee", "Net")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Row("JP1234567890", 41_000, 1_640, 39_360), w.End()); err != nil {
		t.Fatal(err)
	}
	if list, err := read(t, b.String()); err != nil || len(list) != 1 || list[0].Net != 39_360 {
		t.Errorf("xlsx: %+v, %v", list, err)
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"no numbers":  {"Nama,COD\nRini,41000\n", ErrFile},
		"no sums":     {"Resi,Kota\nJP1234567890,Garut\n", ErrFile},
		"no rows":     {"Resi,COD\n", sheet.ErrEmpty},
		"not a table": {"%PDF-1.7", sheet.ErrOld},
	} {
		if _, err := read(t, c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestLinesAreJudged(t *testing.T) {
	p := id.New()
	took := box{id: p, carrier: "jne", delivered: true, taken: 41_000, method: payment.COD}
	paid, early, qris := took, took, took
	paid.paid, early.delivered, qris.method = true, false, payment.QRIS
	good := Line{Waybill: "A", COD: 41_000, Fee: 1_640, Net: 39_360}
	with := func(change func(*Line)) Line {
		l := good
		change(&l)
		return l
	}
	for name, c := range map[string]struct {
		line  Line
		boxes []box
		above bool
		want  Verdict
	}{
		"as it is":           {good, []box{took}, false, Match},
		"no such parcel":     {good, nil, false, Unknown},
		"two parcels":        {good, []box{took, took}, false, Unknown},
		"doubled":            {good, []box{took}, true, Twice},
		"paid before":        {good, []box{paid}, false, Paid},
		"on the road":        {good, []box{early}, false, Early},
		"another sum":        {with(func(l *Line) { l.COD, l.Net = 40_000, 38_360 }), []box{took}, false, Differs},
		"does not add up":    {with(func(l *Line) { l.Net = 39_000 }), []box{took}, false, Differs},
		"came by QRIS":       {good, []box{qris}, false, Differs},
		"fee above the sum":  {with(func(l *Line) { l.Fee, l.Net = 42_000, -1_000 }), []box{took}, false, Differs},
		"unreadable":         {with(func(l *Line) { l.Verdict = Bad }), []box{took}, false, Bad},
		"booked stays":       {with(func(l *Line) { l.Verdict = Booked }), []box{paid}, true, Booked},
		"mended and waiting": {with(func(l *Line) { l.Verdict = Unknown }), []box{took}, false, Match},
	} {
		l := c.line
		if l.judge(c.boxes, map[string]bool{"A": c.above}); l.Verdict != c.want {
			t.Errorf("%s: %s, want %s", name, l.Verdict, c.want)
		}
	}
}

func FuzzReadPayout(f *testing.F) {
	f.Add("Resi,COD,Fee\nJP1234567890,41.000,1.640\n")
	f.Add("awb;net;fee\n;;\nx;y;z\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := strings.NewReader(text)
		list, err := ReadPayout(t.Context(), r, r.Size())
		for _, l := range list {
			if err == nil && l.Verdict != Bad && (l.COD <= 0 || l.Waybill == "") {
				t.Errorf("%+v was taken in", l)
			}
		}
	})
}
