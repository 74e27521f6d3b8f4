// Package outbox takes acts that people made on a phone, with signal or
// without: they are kept there, sent when it can be, counted once and done in
// their true order, whatever way they came. It knows nothing of what the acts
// do: a slice above registers a Handler for each kind (docs/outbox.md).
package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"time"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// State is where an act stands. Every state but Parked is an answer.
type State string

// The states.
const (
	Parked  State = "parked"  // the act before it has not come yet
	Done    State = "done"    // it counts
	Refused State = "refused" // it broke a rule; nothing changed
	Clashed State = "clash"   // the object had changed meanwhile; nothing changed, a person chooses
	Settled State = "settled" // a person, or time, laid it aside
)

// Limits of an act.
const (
	MaxBody = 16 << 10
	MaxSeen = 4 << 10
	MaxKind = 60
	MaxActs = 20 // in one message

	oldest    = 30 * 24 * time.Hour // an act is not believed to be older
	skew      = 2 * time.Minute     // by which a phone's clock may differ
	stuck     = 48 * time.Hour      // after which the owner may let a parked act go
	keptFor   = 90 * 24 * time.Hour // what people wrote, after the answer
	atOnce    = 20                  // parked acts done while their predecessor's sender waits
	perJob    = 100
	sweepStep = 24 * time.Hour
)

// Faults of the outbox.
var (
	// ErrPerson: another person made the act; it stays on the phone until they sign in.
	ErrPerson = fault.New(fault.Conflict, "outbox.person")
	// ErrBusiness: it was made for another business of the person, who has to go there.
	ErrBusiness = fault.New(fault.Conflict, "outbox.business")
	// ErrEnded: the person belongs to the business no more.
	ErrEnded = fault.New(fault.Forbidden, "outbox.ended")
	// ErrOther: an act of this id came before, with other content.
	ErrOther = fault.New(fault.Conflict, "form.other")
	// ErrKind: no slice takes acts of this kind.
	ErrKind = fault.New(fault.Invalid, "outbox.kind")
	// ErrForm: it is no act at all.
	ErrForm = fault.New(fault.Invalid, "outbox.form")
	// ErrNotFound: there is no such act, or it is another's.
	ErrNotFound = fault.New(fault.NotFound, "outbox.not_found")
	// ErrAnswered: there is nothing to choose any more.
	ErrAnswered = fault.New(fault.Conflict, "outbox.answered")
	// ErrAgain: the object changed again while the person chose.
	ErrAgain = fault.New(fault.Conflict, "outbox.again")
)

// Act is what a person did on a phone.
type Act struct {
	ID     id.ID           // made on the phone
	Person id.ID           // who did it
	Device id.ID           // the phone
	After  id.ID           // the act before it, of the same person and business on that phone; zero: it is the first
	Kind   string          // such as "parcel.deliver"
	Object id.ID           // what it was done to; zero: nothing that had an id
	At     time.Time       // the true time
	Body   json.RawMessage // the form's fields, as an object
	Seen   json.RawMessage // what the phone knew of the object; empty: nothing was said
	Photo  id.ID           // a private picture that belongs to the act, until the handler hands it on; zero: none
	Forced bool            // a person saw the clash and chose this act
}

// Form is Body as form fields, for the code that reads the same form when it
// comes without script.
func (a Act) Form() url.Values {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(a.Body, &fields) // what cannot be read stays empty, as in every form
	out := url.Values{}
	for k, raw := range fields {
		var one string
		var many []string
		if json.Unmarshal(raw, &one) == nil {
			out.Set(k, one)
		} else if json.Unmarshal(raw, &many) == nil {
			out[k] = many
		}
	}
	return out
}

// See reads Seen into v, a pointer; false if the phone said nothing of that form.
func (a Act) See(v any) bool { return len(a.Seen) > 0 && json.Unmarshal(a.Seen, v) == nil }

// Handler does what an act says, in the transaction that notes its answer. It
// may run again, so it touches nothing but tx, and it asks sc.Can itself: sc
// is of who sends the act, or of who chose it. A fault refuses the act, and a
// Conflict leaves the choice to a person; both undo all that it did.
type Handler func(ctx context.Context, tx *store.Tx, sc authz.Scope, a Act) error

// Clash is a Handler's error when the object is no longer as the phone saw
// it: what the act says, and what stands there. A side is a Say, a plain
// string, or a list of them.
type Clash struct{ Mine, Theirs any }

// Error names the error for logs and tests.
func (Clash) Error() string { return "outbox: clash" }

// Say is a sentence by its key, worded when it is shown.
type Say struct {
	Key  string `json:"key"`
	Args []any  `json:"args,omitempty"`
}

// Sent is an act as a phone sends it.
type Sent struct {
	Act
	Business id.ID     // for which it was made
	Clock    time.Time // the phone's own, when it sends; zero: not said
	Picture  []byte    // the photo's file; none: empty
}

// Validate refuses what no page of ours makes. It is not kept, and the phone
// does not send it again.
func (a Sent) Validate() error {
	var f fault.Fields
	f.Check(!a.ID.IsZero(), "id", ErrForm.Key)
	f.Check(!a.Device.IsZero(), "device", ErrForm.Key)
	f.Check(!a.Business.IsZero(), "business", ErrForm.Key)
	f.Check(a.After != a.ID, "after", ErrForm.Key)
	f.Check(a.Kind != "" && len(a.Kind) <= MaxKind, "kind", ErrForm.Key)
	f.Check(len(a.Body) <= MaxBody && json.Valid(a.Body), "body", ErrForm.Key)
	f.Check(len(a.Seen) <= MaxSeen && (len(a.Seen) == 0 || json.Valid(a.Seen)), "seen", ErrForm.Key)
	return f.Err()
}

// hash tells two acts of one id apart. The clock at sending is no part of it.
func (a Sent) hash() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	pic := sha256.Sum256(a.Picture)
	_ = e.Encode([]any{a.Person, a.Device, a.After, a.Kind, a.Object, a.At.UTC(), string(a.Body), string(a.Seen), hex.EncodeToString(pic[:])}) // always has a form
	return hex.EncodeToString(h.Sum(nil))
}

// truth is when an act was made: the phone's time, set right by how far its
// clock is off, and never in the future or long ago.
func truth(at, clock, now time.Time) time.Time {
	if d := now.Sub(clock); !clock.IsZero() && (d > skew || d < -skew) {
		at = at.Add(d)
	}
	if at.After(now) {
		at = now
	}
	if first := now.Add(-oldest); at.Before(first) {
		at = first
	}
	return at.UTC().Truncate(time.Microsecond)
}

// Receipt is the answer to an act. The phone keeps an act until it has one.
type Receipt struct {
	ID    id.ID
	State State
	Fault *fault.Error // why it was refused
}

// Invariants hold of the acts at all times.
var Invariants = []store.Invariant{
	{Name: "no act counts before the one that it came after", SQL: `SELECT a.business_id, a.id FROM outbox_acts a
WHERE a.state = 'done' AND NOT a.chosen AND a.after_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox_acts p
  WHERE p.business_id = a.business_id AND p.id = a.after_id AND p.person_id = a.person_id AND p.device_id = a.device_id AND p.state <> 'parked')`},
	{Name: "an act is parked or has its answer's time", SQL: `SELECT business_id, id FROM outbox_acts
WHERE (state = 'parked') <> (answered_at IS NULL) OR state NOT IN ('parked', 'done', 'refused', 'clash', 'settled')`},
	{Name: "every act came from a phone that is known", SQL: `SELECT a.business_id, a.id FROM outbox_acts a
WHERE NOT EXISTS (SELECT 1 FROM outbox_phones p WHERE p.business_id = a.business_id AND p.person_id = a.person_id AND p.device_id = a.device_id)`},
}
