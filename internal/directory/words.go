package directory

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lapak/internal/id"
)

const (
	maxWords  = 6  // of one search
	maxLetter = 24 // of one word
	mark      = "qq"
)

// fold makes words out of text as the search compares them: lower case, no
// marks on letters, nothing but letters and digits. Words that look like our
// own marks are left out.
func fold(s string) []string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return ' '
	}, norm.NFKD.String(s))
	words := strings.Fields(norm.NFC.String(s))
	return slices.DeleteFunc(words, func(w string) bool {
		return strings.HasPrefix(w, mark) || len([]rune(w)) > maxLetter
	})
}

// asked is what is searched for: its first words, each once.
func asked(s string) []string {
	var words []string
	for _, w := range fold(s) {
		if len(words) < maxWords && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}

// near lists the hashes under which a word and its misspellings meet: the word
// itself, the word with any one letter left out, and its consonants. Two words
// that differ by one letter left out, put in, changed or swapped with its
// neighbour share at least one.
func near(word string) []id.ID {
	r := []rune(word)
	if len(r) < 3 {
		return nil
	}
	texts := []string{word, "~" + bones(word)}
	for i := range r {
		texts = append(texts, string(r[:i])+string(r[i+1:]))
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	ids := make([]id.ID, len(texts))
	for i, t := range texts {
		sum := sha256.Sum256([]byte(t))
		copy(ids[i][:], sum[:])
	}
	return ids
}

// bones are the consonants of a word as they sound, doubled ones once.
func bones(word string) string {
	word = strings.NewReplacer("kh", "k", "dj", "j", "tj", "c", "sy", "s", "ph", "p", "v", "p", "f", "p", "z", "j", "q", "k", "x", "ks").Replace(word)
	var b []rune
	for _, r := range word {
		if strings.ContainsRune("aeiouyhw", r) || len(b) > 0 && b[len(b)-1] == r {
			continue
		}
		b = append(b, r)
	}
	return string(b)
}

// closest picks the word that was most likely meant, or none.
func closest(word string, uses map[string]int64) string {
	most := 2
	if len([]rune(word)) < 5 {
		most = 1
	}
	best, bestOff, bestUses := "", most+1, int64(-1)
	for w, n := range uses {
		off := distance(word, w, most)
		if off < bestOff || off == bestOff && off <= most && (n > bestUses || n == bestUses && w < best) {
			best, bestOff, bestUses = w, off, n
		}
	}
	return best
}

// distance counts letters left out, put in, changed or swapped between a and
// b; beyond most it only says that it is more.
func distance(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d > most || -d > most {
		return most + 1
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}

// score says how well a title answers what was asked; more is better.
func score(title []string, words []string, weight int64) int64 {
	var n int64
	for i, w := range words {
		hit := int64(1) // somewhere else: the shop's name, its place, its category
		for j, t := range title {
			switch {
			case t == w:
				hit = max(hit, 6)
			case strings.HasPrefix(t, w):
				hit = max(hit, 4)
			}
			if i == 0 && j == 0 && hit >= 4 {
				hit++
			}
		}
		n += hit
	}
	return n*4 + weight
}

// tradeMark and placeMarks are the marks that narrow a search. A place is
// marked once for each of its segments, so that a district is found by its
// regency and never by a code that merely begins alike.
func tradeMark(trade string) string { return mark + "t" + strings.Join(fold(trade), "") }

func placeMark(code string) string { return mark + "p" + strings.ReplaceAll(code, ".", "") }

func placeMarks(code string) []string {
	var marks []string
	for _, c := range segments(code) {
		marks = append(marks, placeMark(c))
	}
	return marks
}

// segments lists a region code and all it lies in: 32, 32.05, 32.05.01, ...
func segments(code string) []string {
	var codes []string
	for i, r := range code {
		if r == '.' {
			codes = append(codes, code[:i])
		}
	}
	if code != "" {
		codes = append(codes, code)
	}
	return codes
}

// Shops are searched apart from products.
const (
	goodsGroup = 0
	shopGroup  = 1
)
