package label

import (
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// The fonts that every reader has hold the letters of Windows-1252 and no
// others, one byte each. From plain on, texts are such bytes.

const (
	ellipsis = "\x85"
	joined   = "\xa0" // a space that no line is broken at
)

// near are letters that do not come apart into one of the fonts' and a mark.
var near = map[rune]string{
	'đ': "d", 'Đ': "D", 'ł': "l", 'Ł': "L", 'ħ': "h", 'ı': "i", 'ŋ': "ng", '‐': "-", '‑': "-", '‒': "-", '―': "-", '−': "-", '′': "'", '″': "\"", 'ʼ': "'", 'ʻ': "'", '⁄': "/",
}

// plain writes s in one line with the letters that the fonts have. Marks that
// they lack fall off their letters, digits of any script become ours, emoji
// and other signs go, and a word in another script is one question mark, so
// that nobody takes what is left for all that was there.
func plain(s string) string {
	var b strings.Builder
	unknown := false
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, " ")) {
		if c, ok := letter(r); ok {
			b.WriteByte(c)
			unknown = false
			continue
		}
		for _, r := range norm.NFKD.String(string(r)) {
			c, ok := letter(r)
			switch {
			case ok:
				b.WriteByte(c)
				unknown = false
			case near[r] != "":
				b.WriteString(near[r])
				unknown = false
			case unicode.Is(unicode.Nd, r):
				b.WriteByte('0' + digit(r))
				unknown = false
			case unicode.In(r, unicode.M, unicode.Cf, unicode.Cs):
			case unicode.IsLetter(r) || unicode.IsNumber(r):
				if !unknown {
					b.WriteByte('?')
				}
				unknown = true
			default:
				b.WriteByte(' ')
				unknown = false
			}
		}
	}
	return fields(b.String())
}

// letter is the byte of r in the fonts.
func letter(r rune) (byte, bool) {
	if unicode.IsSpace(r) {
		return ' ', true
	}
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
		return 0, false
	}
	return charmap.Windows1252.EncodeRune(r)
}

// digit is what a decimal digit of any script counts. Their scripts keep them
// in tens.
func digit(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	return 0
}

// fields puts single spaces between the words of a text of bytes; strings.Fields
// would take some of them for something else.
func fields(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
}
