package cash

import (
	"time"

	"lapak/internal/id"
)

// Side is one of the two people of a hand-over.
type Side string

// The sides.
const (
	Giver    Side = "give"
	Receiver Side = "take"
)

// Word is what one side says of a hand-over.
type Word struct {
	ID     id.ID
	Amount int64
	At     time.Time
}

// Handover is money that goes from hand to hand. Two phones tell of it, in any
// order and as often as they like; the first one books it.
type Handover struct {
	ID       id.ID
	Giver    id.ID
	Receiver id.ID
	Mark     string
	First    Side // who booked it; empty: nobody yet
	Amount   int64
	Till     bool // it went into the till, not into the receiver's hands
	Given    *Word
	Taken    *Word
	Tries    int64 // wrong codes
	Parcels  int64

	Right     Side // of a difference that was explained
	Why       string
	By        id.ID
	Person    id.ID // who wrote the explanation down
	Explained *time.Time
	At        time.Time
}

// Booked reports whether the money has moved in the books.
func (h Handover) Booked() bool { return h.First != "" }

// Difference is what the sides say differently: above zero if more was given
// than taken.
func (h Handover) Difference() int64 {
	if h.Given == nil || h.Taken == nil {
		return 0
	}
	return h.Given.Amount - h.Taken.Amount
}

// Open reports whether somebody has to explain a difference.
func (h Handover) Open() bool { return h.Difference() != 0 && h.Right == "" }

// Settled is the sum that holds: what the side that is right said.
func (h Handover) Settled() int64 {
	switch {
	case h.Right == Giver && h.Given != nil:
		return h.Given.Amount
	case h.Right == Receiver && h.Taken != nil:
		return h.Taken.Amount
	}
	return h.Amount
}

// again judges a word that a side has said before. Another id with the same
// body is a form that was opened twice.
func again(said *Word, m Word, same bool) error {
	switch {
	case same && said.Amount == m.Amount:
		return nil
	case said.ID == m.ID:
		return ErrOtherBody
	}
	return ErrMark
}

// give takes in the giver's word. It reports whether that books the money;
// fits tells for which sum the code was made. ErrCode counts as a try.
func (h *Handover) give(receiver id.ID, m Word, fits func(amount int64) bool) (books bool, err error) {
	if h.Given != nil {
		return false, again(h.Given, m, h.Receiver == receiver)
	}
	if h.Booked() && h.Receiver != receiver {
		return false, ErrMark
	}
	if !h.Booked() || m.Amount != h.Amount {
		if h.Tries >= MaxTries {
			return false, ErrLocked
		}
		if !fits(m.Amount) && !(h.Booked() && fits(h.Amount)) {
			h.Tries++
			return false, ErrCode.With(MaxTries - h.Tries)
		}
	}
	h.Given = &m
	return h.book(Giver, receiver, m), nil
}

// take takes in the receiver's word.
func (h *Handover) take(receiver id.ID, m Word) (books bool, err error) {
	if h.Taken != nil {
		return false, again(h.Taken, m, h.Receiver == receiver)
	}
	if h.Booked() && h.Receiver != receiver {
		return false, ErrMark
	}
	h.Taken = &m
	return h.book(Receiver, receiver, m), nil
}

func (h *Handover) book(by Side, receiver id.ID, m Word) bool {
	if h.Booked() {
		return false
	}
	h.First, h.Receiver, h.Amount, h.At = by, receiver, m.Amount, m.At
	return true
}

// explain says which side is right, and returns by how much the giver is to
// hold more than the books say.
func (h *Handover) explain(right Side) (back int64, err error) {
	if !h.Open() {
		return 0, ErrMoved
	}
	h.Right = right
	return h.Amount - h.Settled(), nil
}
