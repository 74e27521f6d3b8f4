package label

import (
	"math"
	"strings"
	"sync"

	"codeberg.org/go-pdf/fpdf"
)

// least is the smallest type that is read off a parcel in the rain.
const least = 7.0

const (
	point = 25.4 / 72 // in millimetres
	lead  = 1.2       // height of a line, in its size
	base  = 0.95      // from a line's top down to where its letters stand
)

// font is a style of type: its size in points.
type font struct {
	bold bool
	size float64
}

func (f font) style() string {
	if f.bold {
		return "B"
	}
	return ""
}

func (f font) height() float64 { return f.size * point * lead }

// widths are those of each letter, for type of one millimetre, plain and bold.
var widths = sync.OnceValue(func() [2][256]float64 {
	var out [2][256]float64
	pdf := fpdf.New("P", "mm", "A4", "")
	for i, style := range []string{"", "B"} {
		pdf.SetFont("Helvetica", style, 1/point)
		for c := 1; c < 256; c++ {
			out[i][c] = pdf.GetStringWidth(string([]byte{byte(c)}))
		}
	}
	return out
})

func (f font) width(s string) float64 {
	all := widths()
	w := &all[0]
	if f.bold {
		w = &all[1]
	}
	sum := 0.0
	for i := range len(s) {
		sum += w[s[i]]
	}
	return sum * f.size * point
}

// wrap breaks s into lines that are no wider than width. A word that is wider
// by itself goes on where the line is, and is broken where it must.
func (f font) wrap(s string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(s, " ") {
		if word == "" {
			continue
		}
		if line != "" && f.width(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" && f.width(word) > width {
			n := f.fits(word, width-f.width(line+" "))
			if n > 0 {
				line, word = line+" "+word[:n], word[n:]
			}
		}
		if line != "" {
			lines = append(lines, line)
		}
		for f.width(word) > width && len(word) > 1 {
			n := max(1, f.fits(word, width))
			lines = append(lines, word[:n])
			word = word[n:]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fits counts the letters of s, from its start, that width holds.
func (f font) fits(s string, width float64) int {
	all := widths()
	w := &all[0]
	if f.bold {
		w = &all[1]
	}
	sum := 0.0
	for i := range len(s) {
		sum += w[s[i]] * f.size * point
		if sum > width {
			return i
		}
	}
	return len(s)
}

// cut keeps the first n lines; if there were more, the last one says so.
func (f font) cut(lines []string, n int, width float64) []string {
	if len(lines) <= n || n <= 0 {
		return lines[:max(0, min(n, len(lines)))]
	}
	out := append([]string(nil), lines[:n]...)
	out[n-1] = f.short(out[n-1], width)
	return out
}

// short is s with an ellipsis behind as much of it as fits.
func (f font) short(s string, width float64) string {
	n := f.fits(s, width-f.width(ellipsis))
	return strings.TrimRight(s[:n], " ,;:.-") + ellipsis
}

// one is s in one line, cut if it must be.
func (f font) one(s string, width float64) string {
	if f.width(s) <= width {
		return s
	}
	return f.short(s, width)
}

// fit is the largest type up to f in which s is no wider than width, and s,
// cut if even the smallest is too wide.
func (f font) fit(s string, smallest, width float64) (font, string) {
	if w := f.width(s); w > width {
		f.size = max(smallest, math.Floor(f.size*width/w*4)/4)
	}
	return f, f.one(s, width)
}
