package linear

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		planted            bool
		rounds, bad, voids int
		want               string
	}{
		{false, 4, 0, 0, "passed"},
		{false, 4, 1, 0, "failed"},
		{false, 4, 1, 3, "failed"},
		{false, 4, 0, 2, "void"},
		{false, 0, 0, 0, "void"},
		{true, 4, 1, 0, "caught"},
		{true, 4, 0, 0, "failed"},
		{true, 4, 1, 3, "void"},
	} {
		if got := judge(c.planted, c.rounds, c.bad, c.voids); got != c.want {
			t.Errorf("judge(%+v) = %s", c, got)
		}
	}
}

// A register of one number: what is open may have happened or not, what is
// over happened in between.
func TestOpenOperationsMayHappenLater(t *testing.T) {
	m := porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, in, out any) (bool, any) {
			if n := in.(int); n > 0 {
				return true, n
			}
			return out == state, state
		},
	}
	for name, c := range map[string]struct {
		fill func(h *History)
		want bool
	}{
		"open, not seen":      {func(h *History) { h.Add(0, 5, Unknown{}, 0, 1); h.Add(1, 0, 0, 2, 3) }, true},
		"open, seen":          {func(h *History) { h.Add(0, 5, Unknown{}, 0, 1); h.Add(1, 0, 5, 2, 3) }, true},
		"open, seen, undone":  {func(h *History) { h.Add(0, 5, Unknown{}, 0, 1); h.Add(1, 0, 5, 2, 3); h.Add(1, 0, 0, 4, 5) }, false},
		"over, not seen":      {func(h *History) { h.Add(0, 5, nil, 0, 1); h.Add(1, 0, 0, 2, 3) }, false},
		"beside, seen or not": {func(h *History) { h.Add(0, 5, nil, 0, 9); h.Add(1, 0, 0, 2, 3) }, true},
	} {
		h := New()
		c.fill(h)
		if got := porcupine.CheckOperations(m, h.ops); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
