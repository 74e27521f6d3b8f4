package business

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"lapak/internal/fault"
)

// Day is the opening time of one weekday, in minutes after midnight of the
// shop's clock. A To at or before From means that the shop closes after
// midnight. The zero Day is closed.
type Day struct {
	From int `json:"f"`
	To   int `json:"t"`
}

// Closed reports whether the shop does not open on that day.
func (d Day) Closed() bool { return d.From == d.To }

// String writes "08.00–17.00", or nothing for a closed day.
func (d Day) String() string {
	if d.Closed() {
		return ""
	}
	return Clock(d.From) + "–" + Clock(d.To)
}

// Clock writes minutes after midnight as "08.00".
func Clock(m int) string { return fmt.Sprintf("%02d.%02d", m/60%24, m%60) }

// Hours are the opening hours by weekday (Sunday is 0, as in package time).
type Hours [7]Day

// Known reports whether the shop has said its hours at all.
func (h Hours) Known() bool { return h != Hours{} }

// Closing is a day or some days off, both ends included.
type Closing struct {
	From    string `json:"from"` // 2026-11-23
	To      string `json:"to"`
	Message string `json:"message"`
}

// Standing is how a shop stands at a moment.
type Standing struct {
	// Takes reports whether orders are taken now.
	Takes bool
	// Open reports whether somebody is at the counter now: within the hours
	// (always, if the shop has not said any) and not in a closing.
	Open bool
	// Until is when Open ends; zero if unknown.
	Until time.Time
	// Next is when the shop opens again; zero if it is open or has not said.
	Next time.Time
	// Message is the shop's own word about a closing or a pause.
	Message string
	Paused  bool
	Closing bool
}

// horizon bounds how many days ahead Stand looks for the next opening.
const horizon = 400

// Stand tells how b stands at now.
func (b Business) Stand(now time.Time) Standing {
	now = now.In(b.Location())
	var st Standing
	if b.State != StateOpen || b.HiddenAt != nil {
		return st
	}
	st.Open, st.Until = b.within(now)
	if c, ok := b.closedOn(now); ok {
		st.Closing, st.Message, st.Open, st.Until = true, c.Message, false, time.Time{}
	}
	if b.Paused {
		st.Paused, st.Message = true, b.PausedNote
	}
	if !st.Open {
		st.Next = b.nextOpening(now)
	}
	st.Takes = !st.Paused && !st.Closing && (b.AnyTime || st.Open)
	return st
}

// within reports whether now lies in the opening hours, leaving closings aside.
func (b Business) within(now time.Time) (bool, time.Time) {
	if !b.Hours.Known() {
		return true, time.Time{}
	}
	for _, back := range []int{-1, 0} { // yesterday's hours may reach past midnight
		from, to, ok := b.span(now, back)
		if ok && !now.Before(from) && now.Before(to) {
			return true, to
		}
	}
	return false, time.Time{}
}

// span is the opening of the day that lies so many days after now's.
func (b Business) span(now time.Time, days int) (from, to time.Time, ok bool) {
	y, m, d := now.Date()
	midnight := time.Date(y, m, d+days, 0, 0, 0, 0, now.Location())
	h := b.Hours[midnight.Weekday()]
	if h.Closed() {
		return time.Time{}, time.Time{}, false
	}
	from = midnight.Add(time.Duration(h.From) * time.Minute)
	to = midnight.Add(time.Duration(h.To) * time.Minute)
	if h.To < h.From {
		to = to.Add(24 * time.Hour)
	}
	return from, to, true
}

func (b Business) closedOn(t time.Time) (Closing, bool) {
	day := t.Format(time.DateOnly)
	for _, c := range b.Closings {
		if c.From <= day && day <= c.To {
			return c, true
		}
	}
	return Closing{}, false
}

// OpenOn reports whether the shop works on the day of t, a time by its clock: not
// in a closing, and not on a weekday on which it never opens.
func (b Business) OpenOn(t time.Time) bool {
	if _, off := b.closedOn(t); off {
		return false
	}
	return !b.Hours.Known() || !b.Hours[t.Weekday()].Closed()
}

func (b Business) nextOpening(now time.Time) time.Time {
	y, m, d := now.Date()
	for i := range horizon {
		midnight := time.Date(y, m, d+i, 0, 0, 0, 0, now.Location())
		if _, off := b.closedOn(midnight); off {
			continue
		}
		if !b.Hours.Known() {
			if i == 0 {
				return time.Time{}
			}
			return midnight
		}
		if from, _, ok := b.span(now, i); ok && from.After(now) {
			return from
		}
	}
	return time.Time{}
}

// Faults of a shop that takes no orders now.
var (
	ErrClosed    = fault.New(fault.Conflict, "business.closed")     // {0} when it opens again
	ErrPaused    = fault.New(fault.Conflict, "business.paused")     // no word when
	ErrNotOpen   = fault.New(fault.Conflict, "business.not_open")   // draft or ended
	ErrHidden    = fault.New(fault.Conflict, "business.hidden")     // by the office
	ErrClosedFor = fault.New(fault.Conflict, "business.closed_for") // {0} the shop's word, {1} when
)

// Open returns nil if b takes orders at now, else the fault that says why not
// and, where it is known, when it opens again. A time in the fault's arguments
// is in the shop's zone.
func Open(b Business, now time.Time) error {
	switch {
	case b.HiddenAt != nil:
		return ErrHidden
	case b.State != StateOpen:
		return ErrNotOpen
	}
	st := b.Stand(now)
	switch {
	case st.Takes:
		return nil
	case st.Paused:
		return ErrPaused.With(st.Message)
	case st.Next.IsZero():
		return ErrPaused.With(st.Message)
	case st.Closing && st.Message != "":
		return ErrClosedFor.With(st.Message, st.Next).After(st.Next.Sub(now))
	}
	return ErrClosed.With(st.Next).After(st.Next.Sub(now))
}

// Card is something about the shop itself that its owner should see to.
type Card struct {
	Kind string // "hidden", "draft", "paused", "closed"
	Text string // in the office's or the owner's own words; may be empty
	Path string
}

// Cards lists what the owner should see to, the most urgent first.
func (b Business) Cards(now time.Time) []Card {
	var out []Card
	if b.HiddenAt != nil {
		out = append(out, Card{"hidden", b.HiddenReason, "/toko"})
	}
	if b.State == StateDraft {
		out = append(out, Card{"draft", "", "/mulai"})
	}
	st := b.Stand(now)
	if st.Paused {
		out = append(out, Card{"paused", b.PausedNote, "/toko"})
	}
	if st.Closing {
		out = append(out, Card{"closed", st.Message, "/toko/tutup"})
	}
	return out
}

func readHours(s string) (Hours, error) {
	var h Hours
	if s == "" {
		return h, nil
	}
	err := json.Unmarshal([]byte(s), &h)
	return h, err
}

func writeJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours
	}
	return string(b)
}

// validate reports what is wrong with hours, by weekday field "hours.N".
func (h Hours) validate(f *fault.Fields) {
	for i, d := range h {
		f.Check(d.From >= 0 && d.From < 24*60 && d.To >= 0 && d.To <= 24*60, fmt.Sprintf("hours.%d", i), "business.hours_wrong")
	}
}

const maxClosings = 40

func (c Closing) validate() error {
	var f fault.Fields
	from, err1 := time.Parse(time.DateOnly, c.From)
	to, err2 := time.Parse(time.DateOnly, c.To)
	f.Check(err1 == nil, "from", "business.date_wrong")
	f.Check(err2 == nil, "to", "business.date_wrong")
	if err1 == nil && err2 == nil {
		f.Check(!to.Before(from), "to", "business.date_order")
		f.Check(to.Sub(from) <= 366*24*time.Hour, "to", "business.date_far")
	}
	f.Check(len([]rune(c.Message)) <= maxNote, "message", "form.too_long", maxNote)
	return f.Err()
}

// withClosing adds c and drops what has long passed, sorted by day.
func withClosing(all []Closing, c Closing, today string) []Closing {
	out := slices.DeleteFunc(slices.Clone(all), func(o Closing) bool { return o.To < today || o == c })
	out = append(out, c)
	slices.SortFunc(out, func(a, b Closing) int { return strings.Compare(a.From+a.To, b.From+b.To) })
	return out
}
