package blob

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// Planted makes the kept forms of a picture of our own, quickly: it is for
// sample data, whose pictures are simple.
func Planted(img *image.RGBA) (Picture, error) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	p := Picture{Width: int64(w), Height: int64(h)}
	for _, s := range publicSizes {
		if n := len(p.files); n > 0 && w <= p.files[n-1].width && len(p.files[n-1].content) <= s.budget {
			p.files = append(p.files, file{s.width, p.files[n-1].content}) // no wider than the one before
			continue
		}
		one := img
		if tw := min(s.width, w); tw < w {
			one = image.NewRGBA(image.Rect(0, 0, tw, max(1, (h*tw+w/2)/w)))
			draw.ApproxBiLinear.Scale(one, one.Bounds(), img, img.Bounds(), draw.Src, nil)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, one, &jpeg.Options{Quality: 80}); err != nil {
			return Picture{}, fmt.Errorf("encode picture: %w", err)
		}
		content := b.Bytes()
		if len(content) > s.budget {
			var err error
			if content, err = encode(one, s.budget); err != nil {
				return Picture{}, err
			}
		}
		p.files = append(p.files, file{s.width, content})
	}
	return p, nil
}
