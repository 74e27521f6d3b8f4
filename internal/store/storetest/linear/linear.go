// Package linear holds what several clients were told at once against a model
// that does one thing after the other: is there an order of the operations,
// each between its call and its return, in which the model would have told the
// same? It is for tests.
package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// Unknown is what is told of an operation whose end nobody saw: it may have
// happened, may never happen, or may happen later.
type Unknown struct{}

// History is what clients asked and were told, with the times of it.
type History struct {
	mu    sync.Mutex
	start time.Time
	ops   []porcupine.Operation
	known int
	open  int
}

// New begins a history.
func New() *History { return &History{start: time.Now()} }

// Now is the time of a history, for Add.
func (h *History) Now() int64 { return int64(time.Since(h.start)) }

// Do lets fn ask for in and notes what it was told.
func (h *History) Do(client int, in any, fn func() (out any)) {
	call := h.Now()
	h.Add(client, in, fn(), call, h.Now())
}

// Add notes an operation that was watched elsewhere.
func (h *History) Add(client int, in, out any, call, back int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := out.(Unknown); ok {
		h.open++
		back = math.MaxInt64 // it may happen as late as that
	} else {
		h.known++
	}
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: back})
}

// Overlaps counts operations that began while another went on.
func (h *History) Overlaps() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, a := range h.ops {
		for j, b := range h.ops {
			if i != j && b.Call <= a.Call && a.Call < b.Return && b.Return != math.MaxInt64 {
				n++
				break
			}
		}
	}
	return n
}

// Trial is a number of rounds, each with a history of its own.
type Trial struct {
	Name    string
	Planted bool // the program is broken on purpose, and must be caught
	Rounds  int
	Least   int  // operations with a known end in a round that counts
	Open    bool // the trial is worth something only if the end of some operations is unknown
	Model   porcupine.Model
	// Round fills the history. An error says that setting up failed.
	Round func(r *rand.Rand, h *History) error
}

// Run tries all rounds and says what came of them: passed or caught; void, if
// too many rounds did not come to the point; failed. Only the first two pass.
func (c Trial) Run(t *testing.T) {
	t.Helper()
	began := time.Now()
	seed := Seed()
	var bad, voids []string
	ops, open, rounds := 0, 0, 0
	// A machine that answers before anybody loses patience is given more rounds.
	for i := 0; i < c.Rounds || c.Open && open == 0 && i < 10*c.Rounds; i++ {
		rounds++
		h := New()
		if err := c.Round(rand.New(rand.NewPCG(seed, uint64(i))), h); err != nil {
			voids = append(voids, fmt.Sprintf("round %d: %v", i, err))
			continue
		}
		ops, open = ops+len(h.ops), open+h.open
		if n := h.Overlaps(); h.known < c.Least || n < h.known/10 {
			voids = append(voids, fmt.Sprintf("round %d: %d operations ended, %d of them beside others", i, h.known, n))
			continue
		}
		switch got, info := porcupine.CheckOperationsVerbose(c.Model, h.ops, 20*time.Second); got {
		case porcupine.Illegal:
			bad = append(bad, fmt.Sprintf("round %d: no order of its %d operations explains what was told%s", i, len(h.ops), picture(t, c.Model, info)))
		case porcupine.Unknown:
			voids = append(voids, fmt.Sprintf("round %d: no answer about %d operations in time", i, len(h.ops)))
		case porcupine.Ok:
		}
		if len(bad) > 0 && (c.Planted || !Long()) {
			break
		}
	}
	if c.Open && open == 0 {
		voids = append(voids, slices.Repeat([]string{"the end of every operation was seen"}, rounds)...)
	}
	verdict := judge(c.Planted, rounds, len(bad), len(voids))
	t.Logf("%s: %s: histories of %d operations, %d of them open, in %d rounds, %d void, %.1f s, seed %d",
		c.Name, verdict, ops, open, rounds, len(voids), time.Since(began).Seconds(), seed)
	for _, v := range append(voids, bad...) {
		t.Log(v)
	}
	if verdict != "passed" && verdict != "caught" {
		t.Errorf("%s: %s; LAPAK_TORTURE_SEED=%d makes the same choices again", c.Name, verdict, seed)
	}
}

func judge(planted bool, rounds, bad, voids int) string {
	switch {
	case rounds == 0:
		return "void"
	case bad > 0 && !planted:
		return "failed"
	case 4*voids > rounds:
		return "void"
	case bad > 0:
		return "caught"
	case planted:
		return "failed"
	}
	return "passed"
}

// picture draws the history into the folder that LAPAK_TORTURE_KEEP names.
func picture(t *testing.T, m porcupine.Model, info porcupine.LinearizationInfo) string {
	dir := os.Getenv("LAPAK_TORTURE_KEEP")
	if dir == "" {
		return ""
	}
	f, err := os.CreateTemp(dir, "history-*.html")
	if err != nil {
		t.Log(err)
		return ""
	}
	defer func() { _ = f.Close() }()
	if err := porcupine.Visualize(m, info, f); err != nil {
		t.Log(err)
	}
	return ": " + f.Name()
}

// Long reports whether the long form was asked for (make torture).
func Long() bool { return os.Getenv("LAPAK_TORTURE") == "1" }

// Rounds is how many rounds a trial has: few in every run, many in make
// torture, or as many as LAPAK_TORTURE_ROUNDS says.
func Rounds(few, many int) int {
	if n, err := strconv.Atoi(os.Getenv("LAPAK_TORTURE_ROUNDS")); err == nil && n > 0 {
		return n
	}
	if Long() {
		return many
	}
	return few
}

// Seed is the one given, or of the moment.
func Seed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("LAPAK_TORTURE_SEED"), 10, 64); err == nil {
		return n
	}
	return uint64(time.Now().UnixNano()) % 1_000_000_007
}
