package label

import (
	"fmt"
	"io"

	"codeberg.org/go-pdf/fpdf"
)

// write makes a PDF of the book.
func (b book) write(w io.Writer, compress bool) error {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: b.w, Ht: b.h}})
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCompression(compress)
	for _, l := range b.leaves {
		pdf.AddPage()
		pdf.SetFillColor(0, 0, 0)
		pdf.SetDrawColor(0, 0, 0)
		pdf.SetLineWidth(0.25)
		var at font
		for _, block := range l.blocks {
			for _, m := range block.marks {
				at = m.draw(pdf, at)
			}
		}
	}
	if err := pdf.Output(w); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

// draw puts the mark on the page; at is the type that was last set there.
func (m mark) draw(pdf *fpdf.Fpdf, at font) font {
	switch {
	case m.dashed:
		pdf.SetDashPattern([]float64{1, 1.5}, 0)
		pdf.Line(m.x, m.y, m.x+m.w, m.y+m.h)
		pdf.SetDashPattern(nil, 0)
	case m.hollow:
		pdf.Rect(m.x, m.y, m.w, m.h, "D")
	case m.text == "":
		pdf.Rect(m.x, m.y, m.w, m.h, "F")
	default:
		if at != m.font {
			pdf.SetFont("Helvetica", m.font.style(), m.font.size)
			at = m.font
		}
		shade := 0
		if m.white {
			shade = 255
		}
		pdf.SetTextColor(shade, shade, shade)
		pdf.Text(m.x, m.y+m.font.size*point*base, m.text)
	}
	return at
}
