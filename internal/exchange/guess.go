package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"lapak/internal/sheet"
)

// Mapping is the column of each field that has one.
type Mapping map[string]int

// headRows is how far down the names of columns are looked for.
const headRows = 12

// head finds the row of names among the first rows of a file: the one in which
// the most fields are found. It returns its place among them.
func head(k Kind, rows []sheet.Row) (n int, m Mapping, ok bool) {
	most := 0
	for i, r := range rows {
		if guess := guess(k, r.Cells); len(guess) > most {
			n, m, most = i, guess, len(guess)
		}
	}
	if most == 0 && len(rows) > 0 {
		return 0, Mapping{}, len(rows[0].Cells) > 0
	}
	return n, m, len(rows) > 0
}

// guess finds columns by their names. A name that a field has as an alias in
// full counts before one that only begins with it.
func guess(k Kind, header []string) Mapping {
	keys := make([]string, len(header))
	for i, h := range header {
		keys[i] = sheet.Key(h)
	}
	m, taken := Mapping{}, map[int]bool{}
	for _, f := range k.Fields() {
	aliases:
		for _, a := range append([]string{f.Key}, f.Aliases...) {
			for i, key := range keys {
				if key != "" && !taken[i] && key == sheet.Key(a) {
					m[f.Key], taken[i] = i, true
					break aliases
				}
			}
		}
	}
	for _, f := range k.Fields() { // "Harga (Rp)" for "Harga"
		if _, ok := m[f.Key]; ok {
			continue
		}
		for i, h := range header {
			bare, _, has := strings.Cut(h, "(")
			if taken[i] || !has {
				continue
			}
			for _, a := range f.Aliases {
				if sheet.Key(bare) == sheet.Key(a) && sheet.Key(a) != "" {
					m[f.Key], taken[i] = i, true
				}
			}
			if taken[i] {
				break
			}
		}
	}
	return m
}

// fingerprint names a header, so that what was chosen for it is found next time.
func fingerprint(header []string) string {
	h := sha256.New()
	for _, c := range header {
		h.Write([]byte(sheet.Key(c) + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// judge says what is wrong with a mapping.
func (m Mapping) judge(k Kind, columns int) error {
	seen := map[int]bool{}
	for _, f := range k.Fields() {
		n, ok := m[f.Key]
		switch {
		case !ok && f.Needed:
			return ErrMissing.On(f.Key)
		case !ok:
			continue
		case n < 0 || n >= columns:
			return ErrHeader
		case seen[n]:
			return ErrTwice.On(f.Key)
		}
		seen[n] = true
	}
	return nil
}

// explains reports whether a row under the header only says what the columns
// are for, as the templates of marketplaces do: in it no number is a number
// and no day a day.
func explains(k Kind, c Cells) bool {
	words := 0
	for _, f := range k.Fields() {
		v := c.Get(f.Key)
		if v == "" || !f.Number && !f.Time {
			continue
		}
		if strings.ContainsAny(v, "0123456789") && len(v) < 30 {
			return false
		}
		words++
	}
	return words > 0
}
