package demo

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// side is the width and height of a drawn picture, in pixels.
const side = 640

// canvas draws smooth shapes; places are given in hundredths of its side.
type canvas struct {
	img *image.RGBA
	rnd *rand.Rand
}

type point struct{ x, y float64 }

// cloths are the grounds that pictures lie on, dyes the colours of the goods.
var (
	cloths = []color.RGBA{{0xfa, 0xf0, 0xdc, 255}, {0xe8, 0xee, 0xf6, 255}, {0xf3, 0xe3, 0xd2, 255}, {0xe3, 0xef, 0xe4, 255}, {0xf6, 0xe2, 0xdc, 255}}
	dyes   = []color.RGBA{{0xc2, 0x4a, 0x2a, 255}, {0xd9, 0x8b, 0x2b, 255}, {0x37, 0x4b, 0x97, 255}, {0x38, 0x80, 0x5a, 255}, {0x7a, 0x42, 0x85, 255}, {0x9a, 0x5c, 0x2b, 255}, {0xb8, 0x32, 0x5c, 255}, {0x2c, 0x7a, 0x88, 255}}
	white  = color.RGBA{0xff, 0xfd, 0xf8, 255}
	ink    = color.RGBA{0x2b, 0x26, 0x33, 255}
	steel  = color.RGBA{0x9a, 0xa3, 0xad, 255}
	gold   = color.RGBA{0xe0, 0xb0, 0x50, 255}
)

func at(v float64) float32 { return float32(v * side / 100) }

func (c canvas) poly(col color.Color, ps ...point) {
	lo, hi := ps[0], ps[0]
	for _, p := range ps {
		lo, hi = point{min(lo.x, p.x), min(lo.y, p.y)}, point{max(hi.x, p.x), max(hi.y, p.y)}
	}
	// only the part that the shape covers is drawn
	r := image.Rect(int(at(lo.x)), int(at(lo.y)), int(at(hi.x))+1, int(at(hi.y))+1).Intersect(c.img.Bounds())
	if r.Empty() {
		return
	}
	dx, dy := float32(r.Min.X), float32(r.Min.Y)
	z := vector.NewRasterizer(r.Dx(), r.Dy())
	z.MoveTo(at(ps[0].x)-dx, at(ps[0].y)-dy)
	for _, p := range ps[1:] {
		z.LineTo(at(p.x)-dx, at(p.y)-dy)
	}
	z.ClosePath()
	z.Draw(c.img, r, image.NewUniform(col), image.Point{})
}

func (c canvas) oval(col color.Color, x, y, rx, ry float64) {
	ps := make([]point, 48)
	for i := range ps {
		a := float64(i) / float64(len(ps)) * 2 * math.Pi
		ps[i] = point{x + rx*math.Cos(a), y + ry*math.Sin(a)}
	}
	c.poly(col, ps...)
}

func (c canvas) box(col color.Color, x, y, w, h float64) {
	c.poly(col, point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
}

// shade makes a colour darker (below 1) or lighter (above 1).
func shade(c color.RGBA, by float64) color.RGBA {
	f := func(v uint8) uint8 { return uint8(min(255, float64(v)*by)) }
	return color.RGBA{f(c.R), f(c.G), f(c.B), 255}
}

// slip is the motif of a proof of payment.
const slip = "slip"

// motifs draw one sort of goods each, in two dyes.
var motifs = map[string]func(c canvas, a, b color.RGBA){
	"pouch": func(c canvas, a, b color.RGBA) {
		c.poly(a, point{28, 22}, point{72, 22}, point{76, 84}, point{24, 84})
		c.box(shade(a, .8), 28, 22, 44, 6)
		c.oval(white, 50, 52, 17, 14)
		for i := range 5 {
			c.oval(b, 42+float64(i%3)*8, 48+float64(i/3)*8, 4.4, 3.2)
		}
		c.box(shade(b, .9), 34, 72, 32, 5)
	},
	"bottle": func(c canvas, a, b color.RGBA) {
		c.box(shade(a, .7), 44, 14, 12, 8)
		c.poly(shade(a, 1.1), point{44, 22}, point{56, 22}, point{64, 40}, point{64, 84}, point{36, 84}, point{36, 40})
		c.box(white, 36, 50, 28, 20)
		c.oval(b, 50, 60, 7, 7)
	},
	"cake": func(c canvas, a, b color.RGBA) {
		c.oval(shade(cloths[0], .88), 50, 78, 38, 9)
		c.box(shade(a, .9), 24, 50, 52, 26)
		c.oval(shade(a, .9), 50, 76, 26, 6)
		c.oval(white, 50, 50, 26, 8)
		for i := range 7 {
			x := 29 + float64(i)*7
			c.oval(white, x, 54, 3.4, 5+2*math.Sin(float64(i)*2))
		}
		for i := range 5 {
			c.oval(b, 34+float64(i)*8, 46, 3, 3)
		}
	},
	"bowl": func(c canvas, a, b color.RGBA) {
		c.oval(shade(a, .75), 50, 46, 34, 10)
		c.oval(shade(b, 1.15), 50, 46, 30, 8)
		for range 12 {
			c.oval(shade(b, .7+c.rnd.Float64()*.5), 28+c.rnd.Float64()*44, 42+c.rnd.Float64()*8, 3, 2)
		}
		ps := []point{}
		for i := range 25 {
			t := float64(i) / 24 * math.Pi
			ps = append(ps, point{50 + 34*math.Cos(t), 46 + 34*math.Sin(t)})
		}
		c.poly(a, ps...)
		c.box(shade(a, .8), 40, 76, 20, 5)
	},
	"cup": func(c canvas, a, b color.RGBA) {
		c.oval(shade(a, .8), 74, 54, 10, 12)
		c.oval(cloths[2], 74, 54, 5.5, 7.5)
		c.poly(a, point{28, 36}, point{72, 36}, point{66, 78}, point{34, 78})
		c.oval(shade(b, .55), 50, 36, 22, 6)
		c.oval(shade(cloths[0], .85), 50, 80, 30, 5)
	},
	"shirt": func(c canvas, a, b color.RGBA) {
		c.poly(a, point{36, 22}, point{64, 22}, point{86, 36}, point{78, 50}, point{70, 46}, point{70, 84}, point{30, 84}, point{30, 46}, point{22, 50}, point{14, 36})
		c.oval(cloths[0], 50, 22, 9, 7)
		for i := range 5 {
			c.oval(b, 50, 36+float64(i)*10, 1.4, 1.4)
		}
		c.box(shade(a, .82), 30, 80, 40, 4)
	},
	"dress": func(c canvas, a, b color.RGBA) {
		c.poly(a, point{40, 16}, point{60, 16}, point{64, 40}, point{80, 88}, point{20, 88}, point{36, 40})
		c.box(b, 36, 38, 28, 5)
		for i := range 9 {
			c.oval(shade(b, 1.1), 28+float64(i%5)*11, 60+float64(i/5)*14, 2.4, 2.4)
		}
		c.oval(cloths[0], 50, 16, 6, 5)
	},
	"scissors": func(c canvas, a, b color.RGBA) {
		c.poly(steel, point{30, 14}, point{36, 14}, point{58, 62}, point{52, 64})
		c.poly(shade(steel, .8), point{64, 14}, point{70, 14}, point{48, 64}, point{42, 62})
		c.oval(a, 36, 74, 12, 12)
		c.oval(cloths[1], 36, 74, 6, 6)
		c.oval(b, 64, 74, 12, 12)
		c.oval(cloths[1], 64, 74, 6, 6)
		c.oval(ink, 50, 56, 2, 2)
	},
	"comb": func(c canvas, a, b color.RGBA) {
		c.box(a, 16, 34, 68, 12)
		for i := range 14 {
			c.box(shade(a, .92), 17+float64(i)*5, 46, 2.6, 22)
		}
		c.oval(b, 30, 22, 6, 6)
		c.oval(shade(b, 1.2), 44, 24, 4, 4)
	},
	"tent": func(c canvas, a, b color.RGBA) {
		c.poly(a, point{50, 16}, point{90, 44}, point{10, 44})
		for i := range 8 {
			col := a
			if i%2 == 1 {
				col = white
			}
			c.oval(col, 15+float64(i)*10, 44, 5, 5)
		}
		c.box(shade(b, .8), 16, 44, 3, 40)
		c.box(shade(b, .8), 81, 44, 3, 40)
		for i := range 3 {
			c.box(gold, 28+float64(i)*16, 66, 10, 16)
		}
	},
	"basket": func(c canvas, a, b color.RGBA) {
		c.oval(shade(a, .7), 50, 40, 28, 24)
		c.oval(cloths[3], 50, 42, 23, 19)
		c.poly(a, point{20, 46}, point{80, 46}, point{72, 84}, point{28, 84})
		for r := range 5 {
			for k := range 8 {
				if (r+k)%2 == 0 {
					c.box(shade(b, 1.1), 25+float64(k)*6.4, 49+float64(r)*6.8, 5.4, 4)
				}
			}
		}
	},
	"parcel": func(c canvas, a, b color.RGBA) {
		c.poly(shade(dyes[5], 1.25), point{50, 20}, point{84, 36}, point{50, 52}, point{16, 36})
		c.poly(dyes[5], point{16, 36}, point{50, 52}, point{50, 86}, point{16, 70})
		c.poly(shade(dyes[5], .82), point{84, 36}, point{50, 52}, point{50, 86}, point{84, 70})
		c.poly(a, point{32, 28}, point{66, 44}, point{66, 54}, point{60, 57}, point{60, 47}, point{26, 31})
		c.oval(b, 30, 62, 5, 5)
	},
	slip: func(c canvas, a, _ color.RGBA) {
		c.poly(white, point{26, 10}, point{74, 10}, point{74, 92}, point{26, 92})
		c.box(a, 26, 10, 48, 12)
		c.oval(dyes[3], 50, 34, 7, 7)
		c.poly(white, point{46, 34}, point{49, 37}, point{55, 30}, point{55, 32}, point{49, 39.5}, point{46, 36})
		for i := range 6 {
			c.box(shade(cloths[0], .86), 32, 48+float64(i)*6, 14+float64(i*7%9), 2)
			c.box(shade(cloths[0], .7), 60-float64(i*5%7), 48+float64(i)*6, 8+float64(i*5%7), 2)
		}
	},
	"book": func(c canvas, a, b color.RGBA) {
		c.poly(shade(a, .8), point{22, 24}, point{70, 24}, point{70, 82}, point{22, 82})
		c.poly(white, point{68, 27}, point{76, 30}, point{76, 84}, point{68, 82})
		c.poly(a, point{22, 20}, point{68, 20}, point{68, 80}, point{22, 80})
		c.box(b, 30, 32, 30, 8)
		c.box(white, 30, 46, 30, 2.4)
		c.box(white, 30, 52, 22, 2.4)
	},
}

// picture draws goods of a motif. The same seed gives the same picture, to the byte.
func picture(motif string, seed uint64) *image.RGBA {
	rnd := rand.New(rand.NewPCG(seed, 7))
	c := canvas{image.NewRGBA(image.Rect(0, 0, side, side)), rnd}
	ground := cloths[rnd.IntN(len(cloths))]
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	// the table's edge and a soft light give depth to the flat shapes
	c.box(shade(ground, .93), 0, 70, 100, 30)
	c.oval(shade(ground, 1.03), 50, 40, 46, 36)
	c.oval(shade(ground, .84), 50, 86, 34, 5)
	i := rnd.IntN(len(dyes))
	a, b := dyes[i], dyes[(i+1+rnd.IntN(len(dyes)-1))%len(dyes)]
	motifs[motif](c, a, b)
	return c.img
}
