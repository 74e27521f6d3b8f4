package exchange

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gathered is what gather makes of rows with these keys, one a byte; a blank has none.
func gathered(keys string, window, after int) (out []string) {
	p := plan{kind: Orders{}, after: after}
	at := map[string]int{"no_pesanan": 0}
	add, end := p.gather(window, func(g Group, mark int) error {
		s := ""
		for _, c := range g.Rows {
			s += c.Get("no_pesanan") + string(rune('0'+c.Line%10))
		}
		if g.Late {
			s += " late"
		}
		if g.Long {
			s += " long"
		}
		out = append(out, s)
		return nil
	})
	for i, k := range []byte(keys) {
		_ = add(Cells{Line: i, values: []string{strings.TrimSpace(string(k))}, at: at})
	}
	_ = end()
	return out
}

func TestRowsAreGathered(t *testing.T) {
	for keys, want := range map[string][]string{
		"AABBA":   {"A0A1A4", "B2B3"},
		"ABCA":    {"A0", "B1", "C2", "A3 late"}, // with two others between, A is closed before its last row
		"A AB":    {"1", "A0A2", "B3"},
		"ABABCCA": {"A0A2", "B1B3", "C4C5", "A6 late"},
	} {
		got := gathered(keys, 2, 0)
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", keys, d)
		}
	}
}

// Every row comes out once, no thing comes out twice, and what is gone on with
// from a mark is what was left.
func FuzzGather(f *testing.F) {
	f.Add("AABBA", 2, 1)
	f.Add("ABCDEFA AB", 3, 4)
	f.Add(strings.Repeat("A", maxGroup+2)+"B", 3, 2) // more rows than one thing may have
	f.Fuzz(func(t *testing.T, keys string, window, after int) {
		for _, c := range []byte(keys) {
			if c < ' ' || c > '~' { // one byte a row is enough here
				return
			}
		}
		window, after = max(1, window%8), max(0, after%40)
		all := gathered(keys, window, 0)
		rows, seen := 0, map[string]bool{}
		for _, g := range all {
			again := strings.HasSuffix(g, " late") || strings.HasSuffix(g, " long")
			g = strings.TrimSuffix(strings.TrimSuffix(g, " late"), " long")
			if len(g) < 2 {
				rows++
				continue
			}
			if key := g[:1]; !again && seen[key] {
				t.Fatalf("%q comes out twice: %q", key, all)
			} else {
				seen[key] = true
			}
			rows += len(g) / 2
		}
		if rows != len(keys) {
			t.Fatalf("%d rows of %d: %q", rows, len(keys), all)
		}
		if rest := gathered(keys, window, after); !slices.Equal(rest, all[min(after, len(all)):]) {
			t.Fatalf("from %d on: %q of %q", after, rest, all)
		}
	})
}
