package blob

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

// drawing is wider than high, with its top left corner red and the rest grey
// or, with noise, as hard to write small as can be.
func drawing(w, h int, noise bool) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			c := color.RGBA{90, 120, 120, 255}
			if noise {
				n := r.Uint32()
				c = color.RGBA{byte(n), byte(n >> 8), byte(n >> 16), 255}
			}
			if x < w/2 && y < h/2 && !noise {
				c = color.RGBA{230, 20, 20, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif makes a directory with an orientation and a place.
func exif(o uint16, order binary.AppendByteOrder) []byte {
	b := []byte("MM\x00*")
	if order == binary.LittleEndian {
		b = []byte("II*\x00")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, o)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint16(b, 0x8825) // the directory of the place
	b = order.AppendUint16(b, 4)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint32(b, 38)
	b = order.AppendUint32(b, 0)
	return append(b, "GPS-7.2278S,107.9087E"...)
}

func withEXIF(jpg, tiff []byte) []byte {
	body := append([]byte("Exif\x00\x00"), tiff...)
	seg := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	out := append([]byte{0xff, 0xd8}, seg...)
	out = append(out, body...)
	return append(out, jpg[2:]...)
}

func TestShrinkTurnsUprightAndForgetsThePlace(t *testing.T) {
	// Where the red corner of the drawing is once the picture stands upright.
	for o, corner := range map[uint16]string{1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			raw := withEXIF(asJPEG(t, drawing(400, 300, false)), exif(o, order))
			if !bytes.Contains(raw, []byte("GPS-7.2278S")) {
				t.Fatal("the picture to try holds no place")
			}
			if err := look(raw); err != nil {
				t.Fatal(err)
			}
			p, err := shrink(raw, publicSizes)
			if err != nil {
				t.Fatal(err)
			}
			if tall := o >= 5; tall != (p.Height > p.Width) {
				t.Errorf("orientation %d: %d x %d", o, p.Width, p.Height)
			}
			for _, w := range Widths {
				c := p.Content(w)
				if bytes.Contains(c, []byte("GPS")) || bytes.Contains(c, []byte("Exif")) {
					t.Errorf("orientation %d, width %d: the place is still there", o, w)
				}
				img, err := jpeg.Decode(bytes.NewReader(c))
				if err != nil {
					t.Fatal(err)
				}
				b := img.Bounds()
				if want := min(w, int(p.Width)); b.Dx() != want {
					t.Errorf("orientation %d: width %d, want %d", o, b.Dx(), want)
				}
				at := map[string]image.Point{
					"tl": {b.Dx() / 4, b.Dy() / 4}, "tr": {b.Dx() * 3 / 4, b.Dy() / 4},
					"bl": {b.Dx() / 4, b.Dy() * 3 / 4}, "br": {b.Dx() * 3 / 4, b.Dy() * 3 / 4},
				}
				for name, pt := range at {
					r, g, _, _ := img.At(pt.X, pt.Y).RGBA()
					if red := r > 2*g; red != (name == corner) {
						t.Errorf("orientation %d, width %d: corner %s red %v, want it at %s", o, w, name, red, corner)
					}
				}
			}
		}
	}
}

func TestShrinkKeepsItsBudget(t *testing.T) {
	for name, img := range map[string]image.Image{
		"flat": drawing(1200, 900, false), "noise": drawing(1100, 600, true), "tall": drawing(40, 4000, false), "tiny": drawing(1, 1, false), "noise tall": drawing(300, 800, true),
	} {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		p, err := shrink(b.Bytes(), publicSizes)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range publicSizes {
			if n := len(p.Content(s.width)); n == 0 || n > s.budget {
				t.Errorf("%s at %d: %d bytes, want at most %d", name, s.width, n, s.budget)
			}
		}
		if p.Height > maxTall*p.Width {
			t.Errorf("%s: %d x %d is too tall", name, p.Width, p.Height)
		}
	}
}

func TestShrinkPutsTransparentOnWhite(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 50, 50))); err != nil {
		t.Fatal(err)
	}
	p, err := shrink(b.Bytes(), publicSizes)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(p.Content(320)))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(10, 10).RGBA(); r < 0xf000 {
		t.Errorf("red of nothing = %x, want white", r)
	}
}

// bomb is a PNG of a few bytes that says it has w times h pixels.
func bomb(w, h uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 6, 0, 0, 0)
	b := []byte("\x89PNG\r\n\x1a\n")
	b = binary.BigEndian.AppendUint32(b, 13)
	b = append(b, head...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
	return append(b, "\x00\x00\x00\x00IEND\xaeB`\x82"...)
}

func jpegBomb(w, h uint16) []byte {
	b := []byte{0xff, 0xd8, 0xff, 0xc0, 0, 17, 8}
	b = binary.BigEndian.AppendUint16(b, h)
	b = binary.BigEndian.AppendUint16(b, w)
	b = append(b, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1)
	b = append(b, 0xff, 0xda, 0, 12) // without a JFIF mark it is read up to here
	return append(b, make([]byte, 64)...)
}

// A lossless WebP of one pixel, made by hand.
const webp1 = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="

func TestLookRefuses(t *testing.T) {
	one, err := base64.StdEncoding.DecodeString(webp1)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"nothing":             {"", ErrType},
		"SVG":                 {"<svg xmlns='http://www.w3.org/2000/svg'/>", ErrType},
		"HTML in a .jpg":      {"<!doctype html><script>", ErrType},
		"GIF":                 {"GIF89a\x01\x00\x01\x00", ErrType},
		"ZIP":                 {"PK\x03\x04", ErrType},
		"PDF":                 {"%PDF-1.7", ErrType},
		"HEIC":                {"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", ErrHEIC},
		"AVIF":                {"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", ErrHEIC},
		"a torn JPEG":         {"\xff\xd8\xff\xe0\x00\x10JF", ErrBroken},
		"a torn PNG":          {"\x89PNG\r\n\x1a\n\x00\x00", ErrBroken},
		"PNG bomb":            {string(bomb(60_000, 60_000)), ErrPixels},
		"PNG bomb over int32": {string(bomb(1<<31-1, 1<<31-1)), ErrBroken},
		"PNG one row over":    {string(bomb(8_000, 5_001)), ErrPixels},
		"PNG at the limit":    {string(bomb(8_000, 5_000)), nil},
		"JPEG bomb":           {string(jpegBomb(65_535, 65_535)), ErrPixels},
		"WebP":                {string(one), nil},
		"WebP header alone":   {"RIFF\x1a\x00\x00\x00WEBPVP8L", ErrBroken},
		"a long lie":          {"\xff\xd8\xff" + strings.Repeat("\xff", 1<<20), ErrBroken},
	} {
		if err := look([]byte(c.raw)); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: look = %v, want %v", name, err, c.want)
		}
	}
	if p, err := shrink(one, publicSizes); err != nil || p.Width != 1 {
		t.Errorf("WebP: %v, %v", p.Width, err)
	}
	if _, err := shrink(bomb(8_000, 5_000), publicSizes); !errors.Is(err, ErrBroken) {
		t.Errorf("a header without a picture: %v, want %v", err, ErrBroken)
	}
}

func FuzzOrientation(f *testing.F) {
	jpg := asJPEG(f, drawing(8, 6, false))
	f.Add(withEXIF(jpg, exif(6, binary.BigEndian)))
	f.Add(withEXIF(jpg, exif(3, binary.LittleEndian)))
	f.Add(bomb(4, 4))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPEXIF\x04\x00\x00\x00II*\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 1 || o > 8 {
			t.Fatalf("orientation = %d", o)
		}
		if o := tiffOrientation(b); o < 1 || o > 8 {
			t.Fatalf("orientation = %d", o)
		}
	})
}

// Whatever comes in, what goes out is a JPEG within its budget, or a fault.
func FuzzShrink(f *testing.F) {
	f.Add(withEXIF(asJPEG(f, drawing(24, 16, false)), exif(6, binary.BigEndian)))
	var b bytes.Buffer
	if err := png.Encode(&b, drawing(16, 24, true)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if look(raw) != nil {
			return
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(raw)); err == nil && c.Width*c.Height > 1<<14 {
			return // right, but slow
		}
		p, err := shrink(raw, publicSizes)
		if err != nil {
			return
		}
		for _, s := range publicSizes {
			if _, err := jpeg.DecodeConfig(bytes.NewReader(p.Content(s.width))); err != nil || len(p.Content(s.width)) > s.budget {
				t.Fatalf("width %d: %d bytes, %v", s.width, len(p.Content(s.width)), err)
			}
		}
	})
}

func BenchmarkShrink12MP(b *testing.B) {
	raw := asJPEG(b, drawing(4000, 3000, false))
	for b.Loop() {
		if _, err := shrink(raw, publicSizes); err != nil {
			b.Fatal(err)
		}
	}
}
