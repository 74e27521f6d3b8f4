package region

import (
	"math/bits"
	"slices"
	"sort"
	"strings"
)

// Limits of a search: longer questions are cut, more answers are not given.
const (
	maxQuery = 100
	maxWords = 5
	maxHits  = 50
)

// noise are words that say the level and not the name.
var noise = map[string]bool{
	"desa": true, "ds": true, "kel": true, "kelurahan": true, "kec": true, "kecamatan": true, "prov": true, "provinsi": true,
	"jl": true, "jalan": true, "indonesia": true,
}

// Search finds up to n places of the given kinds (all, if none is given) by
// words or beginnings of words, in any order, of the place's own name and of
// those above it: "tanjungsari sumed". Five digits are a postal code. The best
// comes first: whole names before beginnings, West Java a little before the rest.
// Of villages it also finds those whose district or regency is meant.
func Search(q string, n int, kinds ...Kind) []Place {
	t := load()
	n = min(n, maxHits)
	words := split(q)
	if n <= 0 || len(words) == 0 {
		return nil
	}
	if len(words) == 1 && len(words[0]) == 5 && digits(words[0]) {
		return t.byPostal(words[0], n, kinds)
	}
	best := t.search(words, n, kinds)
	if len(best) < n && len(words) > 1 { // "tanjung sari" is meant to find Tanjungsari
		for i := range len(words) - 1 {
			joined := slices.Concat(words[:i], []string{words[i] + words[i+1]}, words[i+2:])
			best = merge(best, t.search(joined, n, kinds), n)
		}
	}
	if len(best) < n && len(kinds) == 1 && kinds[0] == Village {
		for _, h := range t.search(words, 3, []Kind{District, Regency}) {
			for i := h.row + 1; i < len(t.keys) && t.level(i) > t.level(h.row) && len(best) < n; i++ {
				if t.level(i) == 4 && !slices.ContainsFunc(best, func(b hit) bool { return b.row == i }) {
					best = append(best, hit{i, 0})
				}
			}
		}
	}
	out := make([]Place, len(best))
	for i, h := range best {
		out[i] = t.place(h.row)
	}
	return out
}

type hit struct{ row, score int }

func merge(a, b []hit, n int) []hit {
	for _, h := range b {
		a = insert(a, h, n)
	}
	return a
}

// insert keeps best sorted by score, each row once, at most n.
func insert(best []hit, h hit, n int) []hit {
	if len(best) == n && best[n-1].score >= h.score {
		return best
	}
	for i, o := range best {
		if o.row == h.row {
			if o.score >= h.score {
				return best
			}
			best = slices.Delete(best, i, i+1)
			break
		}
	}
	i := sort.Search(len(best), func(i int) bool { return best[i].score < h.score })
	if best = slices.Insert(best, i, h); len(best) > n {
		best = best[:n]
	}
	return best
}

// split folds a question into its words.
func split(q string) []string {
	if len(q) > maxQuery {
		q = q[:maxQuery]
	}
	b := []byte(q)
	for i := range b {
		b[i] = foldByte(b[i])
	}
	all := strings.Fields(string(b))
	words := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return noise[w] })
	if len(words) == 0 {
		words = all
	}
	return words[:min(len(words), maxWords)]
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func (t *table) byPostal(code string, n int, kinds []Kind) []Place {
	var want uint32
	for _, c := range []byte(code) {
		want = want*10 + uint32(c-'0')
	}
	var out []Place
	if len(kinds) > 0 && !slices.Contains(kinds, Village) {
		return nil
	}
	for i, p := range t.postal {
		if p == want && len(out) < n {
			out = append(out, t.place(i))
		}
	}
	return out
}

// starting is the stretch of tokens that begin with w.
func (t *table) starting(w string) []token {
	lo := sort.Search(len(t.tokens), func(i int) bool { return !t.before(t.tokens[i], w) })
	hi := lo + sort.Search(len(t.tokens)-lo, func(i int) bool { return !strings.HasPrefix(t.word(t.tokens[lo+i].at), w) })
	return t.tokens[lo:hi]
}

func (t *table) before(k token, w string) bool {
	if h := head(w); len(w) >= 8 && k.head != h {
		return k.head < h
	}
	return t.word(k.at) < w
}

// bitset has a bit for each row.
type bitset []uint64

func (b bitset) set(i int) { b[i/64] |= 1 << (i % 64) }

// fill sets the bits from i up to, and without, j.
func (b bitset) fill(i, j int) {
	for ; i < j && i%64 != 0; i++ {
		b.set(i)
	}
	for ; i+64 <= j; i += 64 {
		b[i/64] = ^uint64(0)
	}
	for ; i < j; i++ {
		b.set(i)
	}
}

// search is Search for words that are folded already. A row is found if each
// word is in its name or in one above it, and one word at least in its own.
// What lies below a row follows it in the table, so that a word of a district
// is noted for all its villages in one stroke.
func (t *table) search(words []string, n int, kinds []Kind) []hit {
	var level [5]bool
	for l, k := range levels {
		level[l] = len(kinds) == 0 || slices.Contains(kinds, k)
	}
	size := len(t.keys)/64 + 1
	own, all := make(bitset, size), make(bitset, size)
	for i, w := range words {
		has := all
		if i > 0 {
			has = make(bitset, size)
		}
		for _, k := range t.starting(w) {
			row := int(k.row)
			own.set(row)
			has.fill(row, t.below(row))
		}
		if i > 0 {
			for j := range all {
				all[j] &= has[j]
			}
		}
	}
	whole := strings.Join(words, " ")
	var best []hit
	for j := range all {
		for b := all[j] & own[j]; b != 0; b &= b - 1 {
			row := j*64 + bits.TrailingZeros64(b)
			l := t.level(row)
			if !level[l] {
				continue
			}
			score, missing := t.score(row, l, words, whole)
			if len(best) == n && score+3*missing <= best[n-1].score {
				continue
			}
			if missing > 0 {
				score += t.around(row, words)
			}
			best = insert(best, hit{row, score}, n)
		}
	}
	return best
}

// below is the row after the last one that lies in row.
func (t *table) below(row int) int {
	k := t.keys[row]
	switch t.level(row) {
	case 1:
		k += 100_000_000
	case 2:
		k += 1_000_000
	case 3:
		k += 10_000
	default:
		return row + 1
	}
	i, _ := t.at(k)
	return i
}

// score says how well a row's own name fits the words, and how many of them
// are not in it.
func (t *table) score(row, level int, words []string, whole string) (s, missing int) {
	own := t.fold(row)
	s = [5]int{0, 3, 8, 5, 2}[level]
	if own == whole || bare(own) == whole {
		s += 40
	}
	for _, w := range words {
		n := within(own, w)
		if n == 0 {
			missing++
		}
		s += n
		if strings.HasPrefix(own, w) {
			s += 6
		}
	}
	if t.keys[row]/100_000_000 == 32 {
		s += 12
	}
	return s, missing
}

// around rates the words that are whole words of the names above a row.
func (t *table) around(row int, words []string) int {
	s := 0
	for _, u := range t.above(row) {
		if u < 0 {
			continue
		}
		name := t.fold(u)
		for _, w := range words {
			if within(name, w) == 9 {
				s += 2
			}
		}
	}
	return min(s, 3*len(words))
}

// within says how w is in name: 9 as a word, 5 as a beginning of one, 0 not.
func within(name, w string) int {
	for i := 0; i <= len(name)-len(w); {
		j := strings.Index(name[i:], w)
		if j < 0 {
			return 0
		}
		if i+j == 0 || name[i+j-1] == ' ' {
			if end := i + j + len(w); end == len(name) || name[end] == ' ' {
				return 9
			}
			return 5
		}
		i += j + 1
	}
	return 0
}

// bare is a regency's folded name without its level.
func bare(own string) string {
	if rest, ok := strings.CutPrefix(own, "kabupaten "); ok {
		return rest
	}
	rest, _ := strings.CutPrefix(own, "kota ")
	return rest
}
