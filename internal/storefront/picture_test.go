package storefront

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// A photo of noise is the worst there is for the size of the file.
func noise(n int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range n {
		for x := range n {
			img.Set(x, y, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
		}
	}
	return img
}

func TestPictureFitsAChat(t *testing.T) {
	for name, p := range map[string]Picture{
		"shop":    {Shop: "Dapur Bu Euis", Note: "Keripik, sambal, dan oleh-oleh Garut sejak 2011", Dye: "bata"},
		"product": {Shop: "Dapur Bu Euis", Title: "Keripik Singkong Balado Pedas Sekali 250 gram", Price: "Rp18.000", Note: "Tarogong Kidul, Kab. Garut", Dye: "daun", Photo: noise(640)},
		"long":    {Shop: strings.Repeat("Toko ", 30), Title: strings.Repeat("Panjangsekali", 20), Price: "Rp999.000.000.000", Dye: "none", Photo: noise(90)},
		"odd":     {Shop: "🍪🍪", Title: "\u202e😀", Price: ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := p.Draw()
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > MaxPictureBytes {
				t.Errorf("%d bytes, want at most %d", len(b), MaxPictureBytes)
			}
			c, err := jpeg.DecodeConfig(bytes.NewReader(b))
			if err != nil || c.Width != PictureWidth || c.Height != PictureHeight {
				t.Errorf("%dx%d, %v; want %dx%d", c.Width, c.Height, err, PictureWidth, PictureHeight)
			}
			if dir := os.Getenv("SHOTS"); dir != "" {
				_ = os.WriteFile(dir+"/picture-"+name+".jpg", b, 0o600)
			}
		})
	}
}
