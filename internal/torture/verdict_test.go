package torture_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// verdict is what came of a trial.
type verdict string

const (
	passed  verdict = "passed" // a clean program was tried and nothing was lost
	caught  verdict = "caught" // a planted mistake was seen
	void    verdict = "void"   // the trial did not come to the point: no pass
	skipped verdict = "skipped"
	failed  verdict = "failed"
)

// trial is one line of the table that make torture prints.
type trial struct {
	name    string
	planted string // the mistake in it; empty: a clean control
	seed    uint64
	rounds  int
	found   []string // what was lost or broken
	voids   []string // why a round does not count
	note    string
}

// judge turns what was found into a verdict. A trial most of whose rounds did
// not count is void, whatever the others showed.
func (r *trial) judge() verdict {
	switch {
	case r.rounds == 0 || 4*len(r.voids) > r.rounds:
		return void
	case r.planted == "" && len(r.found) > 0:
		return failed
	case r.planted == "":
		return passed
	case len(r.found) > 0:
		return caught
	}
	return failed
}

// report writes the verdict into the log and, for make torture, to a file. Only
// passed and caught let the test pass.
func (r *trial) report(t *testing.T) {
	t.Helper()
	v := r.judge()
	what := r.name
	if r.planted != "" {
		what += ", planted: " + r.planted
	}
	line := fmt.Sprintf("%s\t%s\t%d rounds, %d void\tseed %d\t%s", v, what, r.rounds, len(r.voids), r.seed, r.note)
	enter(t, line)
	for i, f := range r.found {
		if v == failed {
			t.Errorf("%s: %s", what, f)
		} else if i < 3 {
			t.Logf("%s: seen: %s", what, f)
		}
	}
	for _, f := range r.voids {
		t.Logf("%s: void: %s", what, f)
	}
	switch {
	case v == void:
		t.Errorf("%s: void: the trial did not come to the point (LAPAK_TORTURE_SEED=%d)", what, r.seed)
	case v == failed && len(r.found) == 0:
		t.Errorf("%s: the planted mistake was not seen in %d rounds (LAPAK_TORTURE_SEED=%d)", what, r.rounds, r.seed)
	case v == failed:
		t.Errorf("%s: LAPAK_TORTURE_SEED=%d tries the same again", what, r.seed)
	}
}

// leaveOut says aloud what is not tried on this machine, and why.
func leaveOut(t *testing.T, name, why string) {
	t.Helper()
	enter(t, fmt.Sprintf("%s\t%s\t0 rounds, 0 void\t-\t%s", skipped, name, why))
	t.Skipf("NOT TRIED: %s: %s", name, why)
}

var entering sync.Mutex

func enter(t *testing.T, line string) {
	t.Helper()
	t.Log(line)
	name := os.Getenv("LAPAK_TORTURE_REPORT")
	if name == "" {
		return
	}
	entering.Lock()
	defer entering.Unlock()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = f.WriteString(line + "\n")
	if cerr := f.Close(); err != nil || cerr != nil {
		t.Error(err, cerr)
	}
}

// long reports whether the long form was asked for.
func long() bool { return os.Getenv("LAPAK_TORTURE") == "1" }

// rounds is how many rounds a trial has: few in every run, many in make torture,
// or as many as LAPAK_TORTURE_ROUNDS says.
func rounds(few, many int) int {
	if n, err := strconv.Atoi(os.Getenv("LAPAK_TORTURE_ROUNDS")); err == nil && n > 0 {
		return n
	}
	if long() {
		return many
	}
	return few
}

// seed is the one given, or of the moment.
func seed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("LAPAK_TORTURE_SEED"), 10, 64); err == nil {
		return n
	}
	return uint64(time.Now().UnixNano()) % 1_000_000_007
}

// dice are the choices of one round, the same for the same seed.
func dice(seed uint64, round int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(round))) }

func TestJudge(t *testing.T) {
	one := []string{"x"}
	for name, c := range map[string]struct {
		trial
		want verdict
	}{
		"clean":                    {trial{rounds: 3}, passed},
		"clean, something lost":    {trial{rounds: 3, found: one}, failed},
		"planted, seen":            {trial{rounds: 3, planted: "p", found: one}, caught},
		"planted, not seen":        {trial{rounds: 3, planted: "p"}, failed},
		"nothing tried":            {trial{}, void},
		"nothing tried of planted": {trial{planted: "p", found: one}, void},
		"most did not count":       {trial{rounds: 3, voids: one}, void},
		"few did not count":        {trial{rounds: 8, voids: one}, passed},
	} {
		if got := c.judge(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
