package storefront

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Size of a link preview, as chat apps show it, and the most bytes it may
// have: chat apps drop what is larger.
const (
	PictureWidth    = 1200
	PictureHeight   = 630
	MaxPictureBytes = 300 << 10
)

// Picture is what the preview of a link shows.
type Picture struct {
	Shop  string
	Title string      // of the product; empty for the shop itself
	Price string      // as written; may be empty
	Note  string      // place, or what the shop says of itself
	Dye   string      // of the awning
	Photo image.Image // may be nil
}

var (
	cloth  = color.RGBA{0xfa, 0xf5, 0xea, 0xff}
	inkOn  = color.RGBA{0x1b, 0x1c, 0x2b, 0xff}
	ink2On = color.RGBA{0x4c, 0x4a, 0x55, 0xff}
	dyes   = map[string][4]color.RGBA{
		"nila":   {{0x1f, 0x2f, 0x70, 255}, {0x37, 0x4b, 0x97, 255}, {0x52, 0x67, 0xb1, 255}, {0x9d, 0xac, 0xdc, 255}},
		"sogan":  {{0x6d, 0x37, 0x13, 255}, {0x9a, 0x5c, 0x2b, 255}, {0xbd, 0x85, 0x4f, 255}, {0xdd, 0xb3, 0x84, 255}},
		"daun":   {{0x17, 0x4f, 0x34, 255}, {0x38, 0x80, 0x5a, 255}, {0x68, 0xa5, 0x83, 255}, {0xa1, 0xcb, 0xb1, 255}},
		"bata":   {{0x82, 0x20, 0x0f, 255}, {0xa8, 0x3b, 0x26, 255}, {0xc8, 0x64, 0x4e, 255}, {0xe3, 0xa3, 0x94, 255}},
		"terong": {{0x4c, 0x1f, 0x55, 255}, {0x7a, 0x42, 0x85, 255}, {0xa2, 0x72, 0xac, 255}, {0xc9, 0xa6, 0xd0, 255}},
	}
)

type fonts struct{ regular, bold *sfnt.Font }

var loadFonts = sync.OnceValues(func() (fonts, error) {
	r, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return fonts{}, err
	}
	b, err := opentype.Parse(gobold.TTF)
	return fonts{r, b}, err
})

// Draw makes the JPEG of a link preview.
func (p Picture) Draw() ([]byte, error) {
	f, err := loadFonts()
	if err != nil {
		return nil, err
	}
	dye, ok := dyes[p.Dye]
	if !ok {
		dye = dyes["nila"]
	}
	img := image.NewRGBA(image.Rect(0, 0, PictureWidth, PictureHeight))
	draw.Draw(img, img.Bounds(), image.NewUniform(cloth), image.Point{}, draw.Src)
	awning(img, dye)

	head, sub := p.Title, p.Shop
	if head == "" {
		head, sub = p.Shop, ""
	}
	box := image.Rect(70, 112, 70+460, 112+460)
	if p.Photo != nil {
		draw.Draw(img, box, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.CatmullRom.Scale(img, box, p.Photo, square(p.Photo.Bounds()), draw.Over, nil)
	} else {
		draw.Draw(img, box, image.NewUniform(dye[1]), image.Point{}, draw.Src)
		initial(img, f.bold, head, box)
	}
	w := writer{img: img, fonts: f, x: box.Max.X + 50, y: 120, width: PictureWidth - box.Max.X - 110}
	w.text(head, true, 66, 3, inkOn)
	w.y += 14
	w.text(p.Price, true, 60, 1, dye[0])
	w.y += 10
	w.text(sub, true, 40, 1, inkOn)
	w.text(p.Note, false, 36, 3, ink2On)

	for _, quality := range []int{86, 76, 64, 50, 35} {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if b.Len() <= MaxPictureBytes || quality == 35 {
			return b.Bytes(), nil
		}
	}
	return nil, nil // not reached: the last quality returns
}

// awning hangs the layered scallops at the top, in the shop's dye.
func awning(img *image.RGBA, dye [4]color.RGBA) {
	const u = 40 // radius
	draw.Draw(img, image.Rect(0, 0, PictureWidth, u/3), image.NewUniform(dye[0]), image.Point{}, draw.Src)
	for y := range u * 5 / 4 {
		for x := range PictureWidth {
			dx, dy := x%(2*u)-u, y-u/3
			if dy < 0 {
				continue
			}
			switch d := dx*dx + dy*dy; {
			case d < u*u*21/100:
				img.SetRGBA(x, y, dye[0])
			case d < u*u*40/100:
				img.SetRGBA(x, y, dye[1])
			case d < u*u*64/100:
				img.SetRGBA(x, y, dye[2])
			case d < u*u*92/100:
				img.SetRGBA(x, y, dye[3])
			}
		}
	}
}

// initial writes the first letter of s in the middle of box, where a photo would be.
func initial(img *image.RGBA, f *sfnt.Font, s string, box image.Rectangle) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 280, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return
	}
	for _, r := range strings.ToUpper(drawable(f, s)) {
		b, _ := font.BoundString(face, string(r))
		d := font.Drawer{Dst: img, Src: image.NewUniform(cloth), Face: face, Dot: fixed.Point26_6{
			X: fixed.I(box.Min.X+box.Dx()/2) - (b.Min.X+b.Max.X)/2,
			Y: fixed.I(box.Min.Y+box.Dy()/2) - (b.Min.Y+b.Max.Y)/2,
		}}
		d.DrawString(string(r))
		return
	}
}

// square is the middle square of a picture.
func square(r image.Rectangle) image.Rectangle {
	n := min(r.Dx(), r.Dy())
	x, y := r.Min.X+(r.Dx()-n)/2, r.Min.Y+(r.Dy()-n)/2
	return image.Rect(x, y, x+n, y+n)
}

type writer struct {
	img         *image.RGBA
	fonts       fonts
	x, y, width int
}

// text writes s in at most lines lines, smaller if it must, and moves down.
func (w *writer) text(s string, bold bool, size float64, lines int, c color.Color) {
	src := w.fonts.regular
	if bold {
		src = w.fonts.bold
	}
	s = drawable(src, s)
	if s == "" {
		return
	}
	var face font.Face
	var rows []string
	for ; ; size *= 0.88 {
		var err error
		if face, err = opentype.NewFace(src, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone}); err != nil {
			return
		}
		rows = wrap(face, s, w.width)
		if len(rows) <= lines && widest(face, rows) <= w.width || size < 30 {
			break
		}
	}
	if len(rows) > lines {
		rows = rows[:lines]
		rows[lines-1] += "…"
	}
	m := face.Metrics()
	for _, row := range rows {
		row = shorten(face, row, w.width)
		d := font.Drawer{
			Dst: w.img, Src: image.NewUniform(c), Face: face,
			Dot: fixed.Point26_6{X: fixed.I(w.x), Y: fixed.I(w.y) + m.Ascent},
		}
		d.DrawString(row)
		w.y += (m.Height + m.Height/12).Ceil()
	}
}

func widest(face font.Face, rows []string) int {
	n := 0
	for _, r := range rows {
		n = max(n, font.MeasureString(face, r).Ceil())
	}
	return n
}

func wrap(face font.Face, s string, width int) []string {
	var rows []string
	row := ""
	for _, word := range strings.Fields(s) {
		next := strings.TrimSpace(row + " " + word)
		if row != "" && font.MeasureString(face, next).Ceil() > width {
			rows, next = append(rows, row), word
		}
		row = next
	}
	return append(rows, row)
}

func shorten(face font.Face, s string, width int) string {
	r := []rune(s)
	for len(r) > 2 && font.MeasureString(face, string(r)).Ceil() > width {
		r = append(r[:len(r)-2], '…')
	}
	return string(r)
}

// drawable leaves out what the font has no picture for, such as emoji.
func drawable(f *sfnt.Font, s string) string {
	var buf sfnt.Buffer
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if g, err := f.GlyphIndex(&buf, r); err != nil || g == 0 {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
