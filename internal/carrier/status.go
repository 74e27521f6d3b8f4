package carrier

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Status is where a parcel stands, in one vocabulary for all carriers.
type Status string

// The states of a parcel.
const (
	Draft           Status = "draft"
	Ready           Status = "ready"
	PickupRequested Status = "pickup_requested"
	PickedUp        Status = "picked_up"
	InTransit       Status = "in_transit"
	AtHub           Status = "at_hub"
	OutForDelivery  Status = "out_for_delivery"
	Delivered       Status = "delivered"
	AttemptFailed   Status = "attempt_failed"
	OnHold          Status = "on_hold"
	Returning       Status = "returning"
	Returned        Status = "returned"
	Lost            Status = "lost"
	Damaged         Status = "damaged"
	Cancelled       Status = "cancelled"
	Disposed        Status = "disposed"
)

// Statuses lists them in the order of their ranks.
var Statuses = []Status{
	Draft, Ready, PickupRequested, PickedUp, InTransit, AtHub, OutForDelivery, Delivered,
	AttemptFailed, OnHold, Returning, Returned, Lost, Damaged, Cancelled, Disposed,
}

// Known reports whether s is one of Statuses.
func (s Status) Known() bool { return slices.Contains(Statuses, s) }

// Rank is the place of s in Statuses, -1 for none of them. Of two events of
// one moment the higher rank counts: carriers give times to the minute.
func (s Status) Rank() int { return slices.Index(Statuses, s) }

// Final reports whether nothing more is expected of the parcel.
func (s Status) Final() bool {
	return slices.Contains([]Status{Delivered, Returned, Lost, Damaged, Cancelled, Disposed}, s)
}

// Moving reports whether the goods are with somebody who carries them.
func (s Status) Moving() bool {
	return slices.Contains([]Status{PickedUp, InTransit, AtHub, OutForDelivery, AttemptFailed, OnHold, Returning}, s)
}

// class parts what may follow what, whatever the times say: a draft follows
// nothing, and where the goods came to rest (with the buyer, with the shop,
// destroyed) only another such end follows. A stray scan after "delivered" is
// common. What was cancelled, lost or damaged may still turn up: there the
// time alone decides.
func (s Status) class() int {
	switch s {
	case Delivered, Returned, Disposed:
		return 2
	case Draft:
		return 0
	}
	if !s.Known() {
		return -1
	}
	return 1
}

// Follows reports whether a parcel that stood at before may stand at s later.
func (s Status) Follows(before Status) bool { return s.Known() && s.class() >= before.class() }

// Reason says why an attempt failed, or why a parcel is held or comes back.
type Reason string

// The reasons; the empty one is none.
const (
	WrongAddress Reason = "wrong_address"
	NobodyHome   Reason = "nobody_home"
	Unreachable  Reason = "unreachable"
	Refused      Reason = "refused"
	AnotherTime  Reason = "another_time"
	NotOrdered   Reason = "not_ordered"
	CODNotReady  Reason = "cod_not_ready"
	OutOfArea    Reason = "out_of_area"
	Weather      Reason = "weather"
	Other        Reason = "other"
)

// Reasons lists them in the order in which pages offer them.
var Reasons = []Reason{WrongAddress, NobodyHome, Unreachable, Refused, AnotherTime, NotOrdered, CODNotReady, OutOfArea, Weather, Other}

// Known reports whether r is one of Reasons.
func (r Reason) Known() bool { return slices.Contains(Reasons, r) }

// Event is something that happened to a parcel. What the carrier said is kept
// beside what it was understood as; Status is empty if it was not understood.
type Event struct {
	At     time.Time // when it happened; zero if the carrier did not say
	Status Status
	Reason Reason
	Words  string // the carrier's own text: may name the receiver (P2)
	Code   string // the carrier's own code
	Place  string
}

// Beats reports whether e, and not now, is where the parcel stands. It goes by
// when things happened, never by when they were heard of, so that events may
// come in any order, and twice. The order is total: an installation may keep
// the event that beats all others and forget the rest.
func (e Event) Beats(now Event) bool {
	if a, b := e.Status.class(), now.Status.class(); a != b {
		return a > b
	}
	if !e.At.Equal(now.At) {
		return e.At.After(now.At)
	}
	return e.Status.Rank() > now.Status.Rank()
}

// Current is the event that says where a parcel stands, false if none does.
func Current(events []Event) (Event, bool) {
	var now Event
	for _, e := range events {
		if e.Beats(now) {
			now = e
		}
	}
	return now, now.Status != ""
}

// Received is e as it may be kept at now, when it came in: without a time of
// its own it gets that of its coming, and a time ahead, from a clock that is
// wrong, is brought back, since it would beat all that happens until then.
func (e Event) Received(now time.Time) Event {
	if e.At.IsZero() || e.At.After(now) {
		e.At = now
	}
	return e
}

// Key names what happened: the same event told again has the same key.
func (e Event) Key() string {
	h := sha256.New()
	for _, s := range []string{e.At.UTC().Format(time.RFC3339Nano), string(e.Status), e.Code, e.Words, e.Place} {
		_, _ = h.Write([]byte(s + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Clean is text of a carrier that may be stored and shown: valid, without
// control characters, spaces joined, and no longer than most letters.
func Clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = strings.TrimSpace(string(r[:most]))
	}
	return s
}
