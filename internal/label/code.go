package label

import (
	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/qr"
)

const (
	barQuiet  = 10   // modules left white beside the bars
	barLeast  = 0.25 // the thinnest bar that scanners read off cheap printers
	barMost   = 0.5
	barHeight = 16.0
	qrQuiet   = 4
	qrMost    = 0.75
)

// bars are the modules of s in Code 128, true where it is black; none if s
// has letters that it cannot hold.
func bars(s string) []bool {
	if s == "" {
		return nil
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return nil
		}
	}
	c, err := code128.Encode(s)
	if err != nil {
		return nil
	}
	out := make([]bool, c.Bounds().Dx())
	for x := range out {
		out[x] = dark(c, x, 0)
	}
	return out
}

// squares are the modules of link as a QR code, by row; none if it is too
// long for one. Level M bears dirt and creases.
func squares(link string) [][]bool {
	if link == "" {
		return nil
	}
	c, err := qr.Encode(link, qr.M, qr.Auto)
	if err != nil {
		return nil
	}
	n := c.Bounds().Dx()
	out := make([][]bool, n)
	for y := range out {
		out[y] = make([]bool, n)
		for x := range n {
			out[y][x] = dark(c, x, y)
		}
	}
	return out
}

func dark(c barcode.Barcode, x, y int) bool {
	r, _, _, _ := c.At(x, y).RGBA()
	return r < 0x8000
}

// bars draws s into a, with its white at both sides, and reports whether it
// could: a number too long for bars that can be read gets none.
func (b *block) bars(a area, s string) bool {
	code := bars(s)
	n := float64(len(code) + 2*barQuiet)
	unit := min(barMost, dots(a.w/n))
	if len(code) == 0 || unit < barLeast {
		return false
	}
	left := a.x + dots((a.w-unit*n)/2) + barQuiet*unit
	b.runs(code, left, a.y, unit, a.h)
	return true
}

// qr draws link into the square at the left of a, with its white around, and
// reports how wide it is; 0 if it could not.
func (b *block) qr(a area, link string) float64 {
	code := squares(link)
	n := float64(len(code) + 2*qrQuiet)
	unit := min(qrMost, dots(min(a.w, a.h)/n))
	if len(code) == 0 || unit < barLeast {
		return 0
	}
	side := unit * n
	y := a.y + dots((a.h-side)/2) + qrQuiet*unit
	for i, row := range code {
		b.runs(row, a.x+qrQuiet*unit, y+float64(i)*unit, unit, unit)
	}
	return side
}

// runs draws neighbours that are black as one rectangle.
func (b *block) runs(code []bool, x, y, unit, h float64) {
	for i := 0; i < len(code); {
		n := 0
		for i+n < len(code) && code[i+n] {
			n++
		}
		if n > 0 {
			b.fill(area{x + float64(i)*unit, y, float64(n) * unit, h})
		}
		i += n + 1
	}
}
