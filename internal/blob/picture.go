package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Picture is a picture that was decoded, turned upright and written anew. It
// holds nothing of the file that came but what is seen.
type Picture struct {
	Width, Height int64
	files         []file
}

type file struct {
	width   int
	content []byte
}

// Content returns the JPEG of one width, or nil.
func (p Picture) Content(width int) []byte {
	for _, f := range p.files {
		if f.width == width {
			return f.content
		}
	}
	return nil
}

// size is one form in which a picture is kept: how wide it is, and the most
// bytes it may have.
type size struct{ width, budget int }

var (
	publicSizes  = []size{{320, 15_000}, {640, 40_000}, {1080, 60_000}}
	privateSizes = []size{{proofWidth, proofBudget}}
)

// maxTall bounds how much higher than wide a kept picture is: what is taller
// is made smaller, so that a strip of paper does not become a long page.
const maxTall = 3

type format int

const (
	unknown format = iota
	isJPEG
	isPNG
	isWebP
	isHEIC
)

// sniff tells the format by what the file begins with, never by its name.
func sniff(b []byte) format {
	switch {
	case len(b) > 3 && b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff:
		return isJPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return isPNG
	case len(b) > 15 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return isWebP
	case len(b) > 11 && string(b[4:8]) == "ftyp":
		switch string(b[8:12]) {
		case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "avif", "avis":
			return isHEIC
		}
	}
	return unknown
}

// look refuses by the header alone what will not be decoded.
func look(raw []byte) error {
	var (
		c   image.Config
		err error
	)
	switch sniff(raw) {
	case isJPEG:
		c, err = jpeg.DecodeConfig(bytes.NewReader(raw))
	case isPNG:
		c, err = png.DecodeConfig(bytes.NewReader(raw))
	case isWebP:
		c, err = webp.DecodeConfig(bytes.NewReader(raw))
	case isHEIC:
		return ErrHEIC
	default:
		return ErrType
	}
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return ErrBroken
	}
	if int64(c.Width)*int64(c.Height) > MaxPixels {
		return ErrPixels
	}
	return nil
}

// shrink makes the kept forms of a picture that look let through.
func shrink(raw []byte, sizes []size) (Picture, error) {
	var (
		src image.Image
		err error
	)
	switch sniff(raw) {
	case isJPEG:
		src, err = jpeg.Decode(bytes.NewReader(raw))
	case isPNG:
		src, err = png.Decode(bytes.NewReader(raw))
	case isWebP:
		src, err = webp.Decode(bytes.NewReader(raw))
	default:
		return Picture{}, ErrType
	}
	if err != nil {
		return Picture{}, ErrBroken
	}
	b := src.Bounds()
	if int64(b.Dx())*int64(b.Dy()) > MaxPixels || b.Empty() { // the header lied
		return Picture{}, ErrPixels
	}
	turned := orientation(raw)
	w, h := b.Dx(), b.Dy()
	if turned >= 5 {
		w, h = h, w
	}
	if h > maxTall*w { // measured by its height instead
		w = max(1, w*maxTall*w/h)
		h = maxTall * w
	}
	largest := sizes[len(sizes)-1].width
	p := Picture{Width: int64(w), Height: int64(h)}
	if w > 2*largest { // nobody needs to know how large it was
		p.Width, p.Height = int64(2*largest), int64(max(1, h*2*largest/w))
	}
	// From the largest to the smallest, each made of the one before: the
	// costly step is done once.
	var cur image.Image = src
	first := true
	for i := len(sizes) - 1; i >= 0; i-- {
		tw := min(sizes[i].width, w)
		th := max(1, (h*tw+w/2)/w)
		var dst *image.RGBA
		if first {
			dst = scale(cur, tw, th, turned)
			first = false
		} else {
			dst = scale(cur, tw, th, 1)
		}
		content, err := encode(dst, sizes[i].budget)
		if err != nil {
			return Picture{}, err
		}
		p.files = append(p.files, file{sizes[i].width, content})
		cur = dst
	}
	return p, nil
}

// scale draws src into w times h pixels on white and turns it as its EXIF
// orientation asks; w and h are those after turning.
func scale(src image.Image, w, h, turned int) *image.RGBA {
	sw, sh := w, h
	if turned >= 5 {
		sw, sh = h, w
	}
	small := image.NewRGBA(image.Rect(0, 0, sw, sh))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	b := src.Bounds()
	switch {
	case b.Dx() == sw && b.Dy() == sh:
		draw.Draw(small, small.Bounds(), src, b.Min, draw.Over)
	case b.Dx() > 4*sw: // far smaller: first quickly to twice the size, then well
		mid := image.NewRGBA(image.Rect(0, 0, 2*sw, 2*sh))
		draw.Draw(mid, mid.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.ApproxBiLinear.Scale(mid, mid.Bounds(), src, b, draw.Over, nil)
		draw.CatmullRom.Scale(small, small.Bounds(), mid, mid.Bounds(), draw.Over, nil)
	default:
		draw.CatmullRom.Scale(small, small.Bounds(), src, b, draw.Over, nil)
	}
	return turn(small, turned)
}

// turn applies one of the eight EXIF orientations.
func turn(src *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 || orientation > 8 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	dw, dh := w, h
	if orientation >= 5 {
		dw, dh = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range dh {
		for x := range dw {
			var sx, sy int
			switch orientation {
			case 2:
				sx, sy = w-1-x, y
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sx, sy = x, h-1-y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(dst.Pix[y*dst.Stride+4*x:][:4], src.Pix[sy*src.Stride+4*sx:][:4])
		}
	}
	return dst
}

// encode writes a JPEG of at most budget bytes: in the best quality that fits
// and, when even the worst does not, softened until it does.
func encode(img *image.RGBA, budget int) ([]byte, error) {
	var b bytes.Buffer
	for soft := img; ; {
		low, high := 30, 84
		var best []byte
		for low <= high {
			q := (low + high + 1) / 2
			b.Reset()
			if err := jpeg.Encode(&b, soft, &jpeg.Options{Quality: q}); err != nil {
				return nil, err
			}
			if b.Len() <= budget {
				best = bytes.Clone(b.Bytes())
				low = q + 1
			} else {
				high = q - 1
			}
		}
		if best != nil {
			return best, nil
		}
		// Noise. The page draws it as large as before, with fewer details.
		sw, sh := max(1, soft.Bounds().Dx()*3/4), max(1, soft.Bounds().Dy()*3/4)
		if sw < 8 || sh < 8 {
			return nil, ErrBroken
		}
		less := image.NewRGBA(image.Rect(0, 0, sw, sh))
		draw.ApproxBiLinear.Scale(less, less.Bounds(), soft, soft.Bounds(), draw.Src, nil)
		soft = less
	}
}

func etag(content []byte) string {
	h := sha256.Sum256(content)
	return `"` + hex.EncodeToString(h[:12]) + `"`
}
