package order

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"lapak/internal/business"
	"lapak/internal/i18n"
	"lapak/internal/money"
	"lapak/internal/phone"
)

// paper draws lines of text from the top down; its letters are those of the
// fonts that each reader has.
type paper struct {
	*fpdf.Fpdf
	tr    func(string) string
	width float64
}

func newPaper(width, height, margin float64) paper {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: width, Ht: height}})
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(true, margin)
	pdf.SetCompression(true)
	pdf.AddPage()
	return paper{pdf, pdf.UnicodeTranslatorFromDescriptor(""), width - 2*margin}
}

func (p paper) text(style string, size float64, align, s string) {
	p.SetFont("Helvetica", style, size)
	p.MultiCell(0, size*0.45, p.tr(s), "", align, false)
}

func (p paper) pair(style string, size float64, left, right string) {
	p.SetFont("Helvetica", style, size)
	w := p.GetStringWidth(p.tr(right)) + 2
	h := size * 0.45
	lines := p.SplitText(p.tr(left), p.width-w)
	for i, l := range lines {
		p.CellFormat(p.width-w, h, l, "", 0, "L", false, 0, "")
		if i == len(lines)-1 {
			p.CellFormat(w, h, p.tr(right), "", 0, "R", false, 0, "")
		}
		p.Ln(h)
	}
	if len(lines) == 0 {
		p.CellFormat(p.width, h, p.tr(right), "", 1, "R", false, 0, "")
	}
}

func (p paper) rule() {
	p.Ln(1)
	x, y := p.GetXY()
	p.SetLineWidth(0.2)
	p.Line(x, y, x+p.width, y)
	p.Ln(1.5)
}

func (p paper) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return b.Bytes(), nil
}

// tall is the longest roll that is drawn, and rollEnd the room below the last line.
const (
	tall    = 2_000.0
	rollEnd = 8.0
)

// Receipt draws an order of shop for an 80 mm roll, as long as it needs to be.
func Receipt(ctx context.Context, o Order, shop business.Business) ([]byte, error) {
	p := newPaper(80, tall, 5)
	o.receipt(ctx, p, shop)
	p = newPaper(80, p.GetY()+rollEnd, 5)
	p.SetAutoPageBreak(false, 0)
	o.receipt(ctx, p, shop)
	return p.bytes()
}

func (o Order) receipt(ctx context.Context, p paper, shop business.Business) {
	p.text("B", 13, "C", shop.Name)
	p.text("", 8, "C", shop.Town())
	if shop.Phone != "" {
		p.text("", 8, "C", phone.Show(shop.Phone))
	}
	p.rule()
	p.pair("", 9, o.Called(), i18n.When(ctx, o.PlacedAt))
	if o.Name != "" {
		p.text("", 9, "L", o.Name)
	}
	p.rule()
	for _, l := range o.Lines {
		p.text("", 9, "L", l.Full())
		p.pair("", 9, "  "+strconv.FormatInt(l.Quantity, 10)+" x "+money.Digits(l.Price), money.Digits(l.Sum()))
	}
	p.rule()
	for _, sum := range o.Sums(ctx)[1:] {
		style, size := "", 9.0
		if sum.Strong {
			style, size = "B", 11
		}
		p.pair(style, size, sum.Label, money.String(sum.Amount))
	}
	p.text("", 9, "L", say(ctx, "text_pay_by", i18n.T(ctx, "payment.method_"+string(o.PayBy)))+" - "+say(ctx, "pay_"+string(o.PayState)))
	p.rule()
	p.text("", 9, "C", say(ctx, "text_thanks"))
}

// Slip draws what goes into the parcel and where it goes, on A6. Prices stay
// out of it; what is to be collected is written large.
func Slip(ctx context.Context, o Order, shop business.Business) ([]byte, error) {
	p := newPaper(105, 148, 7)
	p.pair("B", 12, shop.Name, o.Called())
	p.pair("", 8, shop.Town(), i18n.When(ctx, o.PlacedAt))
	p.rule()
	p.text("B", 13, "L", o.Name)
	if o.Phone != "" {
		p.text("", 11, "L", phone.Show(o.Phone))
	}
	for _, l := range o.Address(ctx) {
		p.text("", 11, "L", l)
	}
	if o.Way == Pickup {
		p.text("B", 11, "L", say(ctx, "way_pickup"))
	}
	if at := o.Promise(ctx, time.Time{}); at != "" {
		p.text("B", 11, "L", say(ctx, "text_promised", at))
	}
	p.rule()
	if due := o.Due(); due > 0 {
		p.text("B", 20, "L", say(ctx, "text_collect_cod", money.String(due)))
	} else {
		p.text("B", 12, "L", say(ctx, "text_no_cod"))
	}
	p.rule()
	for _, l := range o.Lines {
		p.pair("", 11, l.Full(), strconv.FormatInt(l.Quantity, 10)+" x")
	}
	p.Ln(1)
	p.text("", 9, "L", say(ctx, "text_pieces", o.Pieces)+" - "+say(ctx, "text_weight", i18n.Weight(ctx, o.WeightGrams)))
	if o.Note != "" {
		p.rule()
		p.text("I", 10, "L", say(ctx, "text_note")+": "+o.Note)
	}
	return p.bytes()
}
