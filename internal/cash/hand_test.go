package cash

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"lapak/internal/id"
)

// message is what one phone sends, as often as it likes.
type message struct {
	side  Side
	word  Word
	fits  int64 // the sum that the code was made for; 0: for none
	times int
}

// world is the money of two people and the till, moved as post moves it.
type world struct {
	giver, receiver int64
	entries         int
}

func (w *world) move(amount int64) {
	w.giver -= amount
	w.receiver += amount
}

// tell takes one message in, as the service does.
func (w *world) tell(h *Handover, to id.ID, m message) error {
	var books bool
	var err error
	if m.side == Giver {
		books, err = h.give(to, m.word, func(n int64) bool { return n == m.fits })
	} else {
		books, err = h.take(to, m.word)
	}
	if books {
		w.entries++
		w.move(h.Amount)
	}
	return err
}

// Ten thousand hand-overs: messages are lost, come twice, come in any order,
// either phone is offline for all of it, codes are wrong, sums are miscounted.
// The money moves once, and what the sides say differently is explained.
func TestHandoversNeverLoseMoney(t *testing.T) {
	var booked, disputed, locked, lost int
	for run := range 10_000 {
		rnd := rand.New(rand.NewPCG(7, uint64(run)))
		start := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
		to, sum := id.Seeded(start, uint64(run)), 1_000*(1+rnd.Int64N(900))
		counted := sum
		if rnd.IntN(5) == 0 {
			counted = max(1_000, sum-1_000*rnd.Int64N(5))
		}
		shown := counted // the receiver makes the code of what was counted
		if rnd.IntN(10) == 0 {
			shown = sum // and counts again afterwards
		}
		var sent []message
		for range rnd.IntN(8) { // codes that were read wrongly
			if rnd.IntN(3) == 0 {
				sent = append(sent, message{Giver, Word{id.Seeded(start, rnd.Uint64()), sum, start}, 0, 1})
			}
		}
		give := message{Giver, Word{id.Seeded(start, rnd.Uint64()), sum, start}, shown, rnd.IntN(4)}
		take := message{Receiver, Word{id.Seeded(start, rnd.Uint64()), counted, start}, 0, rnd.IntN(4)}
		for range give.times {
			sent = append(sent, give)
		}
		for range take.times {
			sent = append(sent, take)
		}
		rnd.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })

		w, h := world{giver: sum + 50_000}, Handover{}
		wrong, heard := int64(0), map[Side]bool{}
		for i, m := range sent {
			before := h
			err := w.tell(&h, to, m)
			switch {
			case err == nil:
				heard[m.side] = true
			case errors.Is(err, ErrCode):
				if wrong++; h.Booked() != before.Booked() {
					t.Fatalf("run %d: a wrong code booked", run)
				}
			case errors.Is(err, ErrLocked):
				locked++
				if h.Tries < MaxTries {
					t.Fatalf("run %d: locked after %d tries", run, h.Tries)
				}
			case m.side == Giver && m.fits == 0 && heard[Giver], errors.Is(err, ErrMark):
			default:
				t.Fatalf("run %d, message %d: %v", run, i, err)
			}
		}
		if h.Tries > MaxTries || wrong != h.Tries {
			t.Fatalf("run %d: %d wrong codes, %d counted", run, wrong, h.Tries)
		}
		if w.entries > 1 || w.entries == 1 != h.Booked() {
			t.Fatalf("run %d: booked %d times; %+v", run, w.entries, h)
		}
		if take.times > 0 && (!h.Booked() || h.Taken == nil) {
			t.Fatalf("run %d: the receiver's own word did not book", run)
		}
		if !h.Booked() && (take.times > 0 || give.times > 0 && shown == sum && h.Tries < MaxTries) {
			t.Fatalf("run %d: nothing was booked: %+v", run, h)
		}
		if h.Open() != (h.Given != nil && h.Taken != nil && h.Given.Amount != h.Taken.Amount) {
			t.Fatalf("run %d: open = %v: %+v", run, h.Open(), h)
		}
		if h.Open() {
			disputed++
			right := []Side{Giver, Receiver}[rnd.IntN(2)]
			back, err := h.explain(right)
			if err != nil {
				t.Fatal(err)
			}
			w.move(-back)
			want := map[Side]int64{Giver: sum, Receiver: counted}[right]
			if w.receiver != want || h.Settled() != want || h.Open() {
				t.Fatalf("run %d: %s is right with %d, the receiver has %d", run, right, want, w.receiver)
			}
			if _, err := h.explain(right); !errors.Is(err, ErrMoved) {
				t.Fatalf("run %d: explained twice: %v", run, err)
			}
		}
		if w.giver+w.receiver != sum+50_000 || w.receiver != map[bool]int64{true: h.Settled()}[h.Booked()] {
			t.Fatalf("run %d: %+v, %+v", run, w, h)
		}
		if h.Booked() {
			booked++
		} else {
			lost++
		}
	}
	if booked < 5_000 || disputed < 300 || locked < 20 || lost < 500 {
		t.Errorf("the runs say little: %d booked, %d disputed, %d locked, %d lost", booked, disputed, locked, lost)
	}
}

func TestAMarkIsSixLettersOfAllThatItNames(t *testing.T) {
	a, b, c := id.Seeded(time.Unix(0, 0), 1), id.Seeded(time.Unix(0, 0), 2), id.Seeded(time.Unix(0, 0), 3)
	seen := map[string]bool{}
	for _, m := range []string{Mark(a, 41_000, []id.ID{b, c}), Mark(a, 41_000, []id.ID{b}), Mark(a, 41_001, []id.ID{b, c}), Mark(b, 41_000, []id.ID{b, c}), Mark(a, 41_000, nil)} {
		if !markFits(m) || seen[m] {
			t.Errorf("mark %q, seen before: %v", m, seen[m])
		}
		seen[m] = true
	}
	if got := CleanMark(" ab-c dEf "); got != "ABCDEF" {
		t.Errorf("CleanMark = %q", got)
	}
}
