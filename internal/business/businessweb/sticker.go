package businessweb

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"lapak/internal/business"
	"lapak/internal/i18n"
	"lapak/internal/web"
)

// code makes the QR code of a link. Level M bears dirt and creases.
func code(link string) (barcode.Barcode, error) {
	c, err := qr.Encode(link, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("encode QR: %w", err)
	}
	return c, nil
}

// dark reports whether the module at x, y is.
func dark(c barcode.Barcode, x, y int) bool {
	r, _, _, _ := c.At(x, y).RGBA()
	return r < 0x8000
}

// dyes are the print colours of the awnings.
var dyes = map[business.Dye][3]int{
	"nila": {31, 47, 112}, "sogan": {109, 55, 19}, "daun": {23, 79, 52}, "bata": {130, 32, 15}, "terong": {76, 31, 85},
}

// sticker is an A6 page to print and paste on the stall.
func (p pages) sticker(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	doc, err := stickerPDF(b, p.link(b), i18n.Lang(r.Context()))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `attachment; filename="stiker-`+b.Slug+`.pdf"`)
	_, err = w.Write(doc)
	return err
}

func stickerPDF(b business.Business, link, lang string) ([]byte, error) {
	c, err := code(link)
	if err != nil {
		return nil, err
	}
	d := fpdf.New("P", "mm", "A6", "") // 105 x 148
	d.SetTitle(b.Name, true)
	d.SetAutoPageBreak(false, 0)
	d.AddPage()
	text := d.UnicodeTranslatorFromDescriptor("")
	dye := dyes[b.Dye]
	d.SetFillColor(dye[0], dye[1], dye[2])
	d.Rect(0, 0, 105, 9, "F")
	for x := 5.25; x < 105; x += 10.5 { // the scallops of the awning
		d.Circle(x, 9, 5.25, "F")
	}
	line := func(y, size float64, style, s string) {
		d.SetFont("Helvetica", style, size)
		for d.GetStringWidth(text(s)) > 93 && size > 8 {
			size--
			d.SetFontSize(size)
		}
		d.SetXY(6, y)
		d.CellFormat(93, 8, text(s), "", 0, "C", false, 0, "")
	}
	d.SetTextColor(20, 20, 30)
	line(20, 22, "B", b.Name)
	line(29, 11, "", b.Town())
	n := c.Bounds().Dx()
	const side, left, top = 74.0, 15.5, 40.0
	unit := side / float64(n)
	d.SetFillColor(0, 0, 0)
	for y := range n {
		for x := 0; x < n; {
			run := 0
			for x+run < n && dark(c, x+run, y) {
				run++
			}
			if run > 0 {
				d.Rect(left+float64(x)*unit, top+float64(y)*unit, float64(run)*unit, unit+0.02, "F")
			}
			x += run + 1
		}
	}
	say := map[string]string{"id": "Pindai untuk pesan", "en": "Scan to order"}[lang]
	if say == "" {
		say = "Pindai untuk pesan"
	}
	line(118, 15, "B", say)
	short := strings.TrimPrefix(strings.TrimPrefix(link, "https://"), "http://")
	line(127, 12, "", short)
	var out bytes.Buffer
	if err := d.Output(&out); err != nil {
		return nil, fmt.Errorf("write sticker: %w", err)
	}
	return out.Bytes(), nil
}
