package catalog

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Clean makes one tidy line of what was typed: NFC, no control or
// direction-changing characters, single spaces.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	// Composed at the end: what stood between a letter and its mark is gone.
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// CleanText is Clean for text of several lines.
func CleanText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = Clean(l)
	}
	s = strings.Join(lines, "\n")
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.Trim(s, "\n")
}

// Fold makes text comparable: lower case, without marks, every run of other
// characters one space.
func Fold(s string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFD.String(strings.ToLower(strings.ToValidUTF8(s, ""))) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		default:
			space = true
		}
	}
	return b.String()
}

// slugOf makes the part of an address out of a title: "keripik-singkong-balado".
func slugOf(title string) string {
	var b strings.Builder
	for _, w := range strings.Fields(Fold(title)) {
		var p strings.Builder
		for _, r := range w {
			if r < 128 {
				p.WriteRune(r)
			}
		}
		if p.Len() == 0 {
			continue
		}
		if b.Len()+p.Len() > 60 {
			break
		}
		if b.Len() > 0 {
			b.WriteByte('-')
		}
		b.WriteString(p.String())
	}
	if b.Len() == 0 {
		return "produk"
	}
	return b.String()
}
