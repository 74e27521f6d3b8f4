package payment

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// MaxQRISText bounds the text of a code.
const MaxQRISText = 512

// Code is the content of a QRIS code, read strictly: each length, the order of
// its ends, the country, the currency and the check sum must be right.
type Code struct {
	fields []field
}

type field struct{ tag, value string }

// ParseQRIS reads the text of a merchant's code. Spaces and line breaks around
// it, as they come with copying, are left out.
func ParseQRIS(text string) (Code, error) {
	text = strings.TrimSpace(text)
	if len(text) < 20 || len(text) > MaxQRISText || !printable(text) {
		return Code{}, ErrQRIS
	}
	list, ok := walk(text)
	if !ok || len(list) < 4 || list[0] != (field{"00", "01"}) || list[len(list)-1].tag != "63" {
		return Code{}, ErrQRIS
	}
	c := Code{list}
	seen := map[string]bool{}
	for _, f := range list {
		if seen[f.tag] {
			return Code{}, ErrQRIS
		}
		seen[f.tag] = true
	}
	if sum := list[len(list)-1].value; len(sum) != 4 || sum != crc(text[:len(text)-4]) {
		return Code{}, ErrQRISSum
	}
	if c.get("53") != "360" || c.get("58") != "ID" || c.get("59") == "" || !c.domestic() {
		return Code{}, ErrQRIS
	}
	if p := c.get("01"); p != "" && p != "11" && p != "12" {
		return Code{}, ErrQRIS
	}
	if a := c.get("54"); a != "" && !amount(a) {
		return Code{}, ErrQRIS
	}
	for _, t := range []string{"62", "64"} {
		if v := c.get(t); v != "" {
			if _, ok := walk(v); !ok {
				return Code{}, ErrQRIS
			}
		}
	}
	return c, nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// walk splits a string of two-digit tags and lengths.
func walk(s string) ([]field, bool) {
	var list []field
	for len(s) > 0 {
		if len(s) < 4 {
			return nil, false
		}
		n, ok := two(s[2:4])
		if _, tag := two(s[:2]); !tag || !ok || len(s) < 4+n {
			return nil, false
		}
		list = append(list, field{s[:2], s[4 : 4+n]})
		s = s[4+n:]
	}
	return list, true
}

func two(s string) (int, bool) {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

func amount(s string) bool {
	whole, frac, dot := strings.Cut(s, ".")
	if len(s) > 13 || whole == "" || dot && frac == "" {
		return false
	}
	return strings.Trim(whole+frac, "0123456789") == ""
}

// domestic reports whether an account of the national standard is in the code.
func (c Code) domestic() bool {
	for _, f := range c.fields {
		if f.tag < "26" || f.tag > "51" {
			continue
		}
		sub, ok := walk(f.value)
		if !ok {
			return false
		}
		if len(sub) > 0 && sub[0].tag == "00" && (f.tag != "51" || sub[0].value == "ID.CO.QRIS.WWW") {
			return true
		}
	}
	return false
}

func (c Code) get(tag string) string {
	for _, f := range c.fields {
		if f.tag == tag {
			return f.value
		}
	}
	return ""
}

// Merchant and City are those that the payer's app shows.
func (c Code) Merchant() string { return c.get("59") }

// City is where the merchant is.
func (c Code) City() string { return c.get("60") }

// NMID is the merchant's national number, or empty.
func (c Code) NMID() string {
	sub, _ := walk(c.get("51"))
	for _, f := range sub {
		if f.tag == "02" {
			return f.value
		}
	}
	return ""
}

// Dynamic reports whether the code is for one payment: it is not the shop's own then.
func (c Code) Dynamic() bool { return c.get("01") == "12" || c.get("54") != "" }

// Amount is the rupiah in the code, or zero.
func (c Code) Amount() int64 {
	whole, _, _ := strings.Cut(c.get("54"), ".")
	n, _ := strconv.ParseInt(whole, 10, 64)
	return n
}

// String is the text of the code, with its check sum.
func (c Code) String() string {
	var b strings.Builder
	for _, f := range c.fields {
		if f.tag == "63" {
			continue
		}
		fmt.Fprintf(&b, "%s%02d%s", f.tag, len(f.value), f.value)
	}
	b.WriteString("6304")
	return b.String() + crc(b.String())
}

// With is the code for one payment of sum rupiah. The bill's number goes in
// with it if there is room. Who is paid stays as it was.
func (c Code) With(sum int64, bill string) (Code, error) {
	if sum <= 0 || sum > MaxQRISAmount {
		return Code{}, ErrQRISMax.With(MaxQRISAmount)
	}
	list := []field{{"00", "01"}, {"01", "12"}}
	put := false
	for _, f := range c.fields {
		switch f.tag {
		case "00", "01", "54", "55", "56", "57", "63":
			continue
		case "62":
			f.value = withBill(f.value, bill)
			bill = ""
		}
		if f.tag > "53" && !put {
			list, put = append(list, field{"54", strconv.FormatInt(sum, 10)}), true
		}
		if f.tag > "62" && bill != "" {
			list, bill = append(list, field{"62", withBill("", bill)}), ""
		}
		list = append(list, f)
	}
	if bill != "" {
		list = append(list, field{"62", withBill("", bill)})
	}
	list = append(list, field{"63", "0000"})
	out := Code{list}
	return ParseQRIS(out.String())
}

func withBill(v, bill string) string {
	sub, ok := walk(v)
	if !ok || bill == "" || len(bill) > 25 {
		return v
	}
	var b strings.Builder
	fmt.Fprintf(&b, "01%02d%s", len(bill), bill)
	for _, f := range sub {
		if f.tag != "01" {
			fmt.Fprintf(&b, "%s%02d%s", f.tag, len(f.value), f.value)
		}
	}
	if b.Len() > 99 {
		return v
	}
	return b.String()
}

// crc is CRC-16/CCITT-FALSE in four upper-case hexadecimal digits.
func crc(s string) string {
	sum := uint16(0xffff)
	for i := range len(s) {
		sum ^= uint16(s[i]) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x1021
			} else {
				sum <<= 1
			}
		}
	}
	return fmt.Sprintf("%04X", sum)
}

// Picture draws the code as a PNG with its quiet zone, each module of scale
// pixels; readers want at least 4.
func (c Code) Picture(scale int) ([]byte, error) {
	code, err := qr.Encode(c.String(), qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("encode QR: %w", err)
	}
	const quiet = 4
	n := code.Bounds().Dx()
	scale = min(max(scale, 1), 16)
	side := (n + 2*quiet) * scale
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			mx, my := x/scale-quiet, y/scale-quiet
			if mx < 0 || my < 0 || mx >= n || my >= n {
				continue
			}
			if r, _, _, _ := code.At(mx, my).RGBA(); r == 0 {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return b.Bytes(), nil
}
