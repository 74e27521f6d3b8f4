package label

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"

	"lapak/internal/i18n"
)

func pdf(t *testing.T, b book) string {
	t.Helper()
	var out bytes.Buffer
	if err := b.write(&out, false); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var filled = regexp.MustCompile(`(-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) re f`)

// printed is what a printer of eight dots a millimetre makes of the filled
// rectangles that the PDF of a page has within a.
func printed(t *testing.T, b book, page int, a area) image.Image {
	t.Helper()
	doc := pdf(t, book{b.paper, b.leaves[page : page+1]})
	img := image.NewGray(image.Rect(0, 0, int(a.w/dot), int(a.h/dot)))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	found := filled.FindAllStringSubmatch(doc, -1)
	if len(found) == 0 {
		t.Fatal("the PDF has no filled rectangle")
	}
	for _, m := range found {
		var v [4]float64
		for i := range v {
			n, err := strconv.ParseFloat(m[i+1], 64)
			if err != nil {
				t.Fatal(err)
			}
			v[i] = n * point
		}
		at := func(mm float64) int { return int(math.Round(mm / dot)) }
		x, y := v[0]-a.x, b.h-v[1]-a.y
		r := image.Rect(at(x), at(y), at(x+v[2]), at(y-v[3])).Intersect(img.Rect)
		for py := r.Min.Y; py < r.Max.Y; py++ {
			for px := r.Min.X; px < r.Max.X; px++ {
				img.SetGray(px, py, color.Gray{})
			}
		}
	}
	return img
}

func decode(t *testing.T, r gozxing.Reader, img image.Image) string {
	t.Helper()
	bmp, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Decode(bmp, nil)
	if err != nil {
		t.Errorf("decode: %v", err)
		return ""
	}
	return got.GetText()
}

// A scanner reads number and link off each label, out of the very rectangles
// that are in the PDF, at the resolution of a thermal printer.
func TestCodesAreReadBack(t *testing.T) {
	ctx := speak(t, i18n.ID)
	parcels := []Parcel{usual(), crowded(), unspaced(), foreign()}
	for _, number := range []string{"010880123456", "JP1234567890", "NLIDAP0123456789AB", "WWWWWWWWWWWWWWWWWWWWWWWWW", "lpk-7k"} {
		p := usual()
		p.Number, p.URL = number, "https://x.id/"+number
		parcels = append(parcels, p)
	}
	for _, sheet := range Sheets {
		b, err := labels(ctx, sheet, parcels)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for page, l := range b.leaves {
			for _, block := range l.blocks {
				switch block.name {
				case "code":
					if got, want := decode(t, oned.NewCode128Reader(), printed(t, b, page, block.area)), parcels[n].Number; got != want {
						t.Errorf("%s, label %d: bars say %q, want %q", sheet, n, got, want)
					}
				case "foot":
					at := block.area
					at.w = at.h + 6 // the text beside it is not drawn here
					if got, want := decode(t, qrcode.NewQRCodeReader(), printed(t, b, page, at)), parcels[n].URL; got != want {
						t.Errorf("%s, label %d: QR says %q, want %q", sheet, n, got, want)
					}
					n++
				}
			}
		}
		if n != len(parcels) {
			t.Errorf("%s: %d labels were read, want %d", sheet, n, len(parcels))
		}
	}
}

// Bars are as thick, as tall and as free as scanners need.
func TestBarsAreWithinTheirStandard(t *testing.T) {
	ctx := speak(t, i18n.ID)
	for _, sheet := range Sheets {
		for _, p := range samples() {
			b, err := labels(ctx, sheet, []Parcel{p})
			if err != nil {
				t.Fatal(err)
			}
			l := b.leaves[0]
			code := l.blocks[slices.IndexFunc(l.blocks, func(b block) bool { return b.name == "code" })]
			var bars []mark
			for _, m := range code.marks {
				if m.text == "" && m.h > rule {
					bars = append(bars, m)
				}
			}
			if p.Number == "" {
				if len(bars) > 0 {
					t.Errorf("%s: a parcel without a number has bars", sheet)
				}
				continue
			}
			unit := slices.MinFunc(bars, func(a, b mark) int { return int(math.Copysign(1, a.w-b.w)) }).w
			first, last := bars[0], bars[len(bars)-1]
			if unit < barLeast-1e-9 || first.h < 15 {
				t.Errorf("%s: bars of %.3f x %.1f mm, want at least 0.25 x 15", sheet, unit, first.h)
			}
			cell := code.area
			if left, right := first.x-cell.x, cell.x+cell.w-last.x-last.w; left < 10*unit || right < 10*unit {
				t.Errorf("%s: %.2f and %.2f mm of white beside bars of %.3f mm", sheet, left, right, unit)
			}
		}
	}
}

// A number that no bars can hold, or a link that no QR code can, is left to
// its letters.
func TestWhatNoCodeHoldsHasNone(t *testing.T) {
	b := block{}
	for _, s := range []string{"", strings.Repeat("W", 60), "LPK\n1", "ᮃᮞᮨᮕ᮪", "LPKé"} {
		if b.bars(area{0, 0, 92, barHeight}, s) {
			t.Errorf("bars(%q) were drawn", s)
		}
	}
	for _, s := range []string{"", strings.Repeat("x", 5_000), strings.Repeat("x", 2_000)} {
		if w := b.qr(area{0, 0, 30, 30}, s); w > 0 {
			t.Errorf("qr of %d letters is %.1f mm wide", len(s), w)
		}
	}
	if len(b.marks) > 0 {
		t.Errorf("%d marks were left", len(b.marks))
	}
}

// What must be read is in the PDF as text, and nothing in it has a colour.
func TestPapersSayWhatTheyMust(t *testing.T) {
	ctx := speak(t, i18n.ID)
	paid := usual()
	paid.COD = 0
	hasAll := func(name string, b book, err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		doc := pdf(t, b)
		for _, s := range want {
			if !strings.Contains(doc, "("+s+") Tj") {
				t.Errorf("%s: no text %q", name, s)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^.*\b(?:rg|RG)\b`).FindAllString(doc, -1) {
			t.Errorf("%s: a colour: %s", name, m)
		}
		for _, m := range regexp.MustCompile(`(?m)(?:^|q )([\d.]+) [gG]\b`).FindAllStringSubmatch(doc, -1) {
			if m[1] != "0.000" && m[1] != "1.000" {
				t.Errorf("%s: a grey: %s", name, m[0])
			}
		}
	}
	for _, sheet := range Sheets {
		b, err := labels(ctx, sheet, []Parcel{usual(), paid})
		hasAll(string(sheet), b, err, "LPK2611014700", "COD", "Rp191.000", "Patokan: pagar hijau, seberang apotek", "Asep Sunandar", "0857 **** 3120", "40132",
			"Ekspedisi Priangan", "Reguler, paket 1 dari 1", "BDG-04", "2,1 kg", "NON-COD", "SUDAH DIBAYAR", "JANGAN DIBANTING", "Sen, 30 Nov 2026, 13.00-15.00 WIB",
			"Catatan: Titip di pos satpam kalau kosong", "Dari: Dapur Bu Euis, 0813 2200 1187, Tarogong Kidul, Garut")
		b, err = products(ctx, sheet, goods())
		hasAll("products "+string(sheet), b, err, "Rangginang Terasi", "Baik sebelum 26 Feb 2027", "Dibuat 26 Nov 2026", "Batch: RT-261126-A",
			"P-IRT: 2063205010012-28", "Halal: ID32110001234560921", "Netto 250 g", "Rp18.000", "Netto 1.250 g")
	}
	b, err := picking(ctx, List{"Dapur Bu Euis", on(30, 8)}, wants())
	hasAll("picking", b, err, "Daftar ambil barang", `3 pesanan, 4 macam barang, 24 buah`, "B2", "Keripik Balado", "250 g", "6", "Halaman 1 dari 1",
		"2611-0147\xa0\\(4\\), 2611-0148\xa0\\(2\\)")
	b, err = manifest(ctx, handover(60))
	hasAll("manifest", b, err, "Manifes serah terima M-2611-12", "LPK2611014710", "LPK2611014769", "Rp95.500", "60 paket, 90 koli", "Jumlah COD Rp5.730.000",
		"Yang menyerahkan", "Yang menerima", "Halaman "+fmt.Sprint(len(b.leaves))+" dari "+fmt.Sprint(len(b.leaves)))
	ctx = speak(t, i18n.EN)
	b, err = labels(ctx, A6, []Parcel{usual(), paid})
	hasAll("English", b, err, "FRAGILE", "ALREADY PAID", "Landmark: pagar hijau, seberang apotek")
}
