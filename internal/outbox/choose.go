package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/outbox/outboxdb"
	"lapak/internal/store"
)

// boss reports whether the scope sees and settles everybody's acts.
func boss(sc authz.Scope) bool { return !sc.Business.IsZero() && sc.May(authz.ManageStaff) }

// Item is an act that waits for a person.
type Item struct {
	ID, Person, Object id.ID
	Name               string // of the person
	Kind               string
	Path               string // where its object is shown; empty: nowhere
	At, ReceivedAt     time.Time
	State              State
	Fault              *fault.Error
	Mine, Theirs       []Say // a plain string is a Say with the key "outbox.plain"
	Loose              bool  // a parked act that may be let go
}

const maxOpen = 200

// Open lists what waits for a person, newest first: the scope's own acts, or
// for the owner everybody's.
func (s *Service) Open(ctx context.Context, sc authz.Scope) ([]Item, error) {
	if err := sc.Can(authz.SignedIn); err != nil {
		return nil, err
	}
	if sc.Business.IsZero() {
		return nil, nil
	}
	p := outboxdb.OpenParams{BusinessID: sc.Business, PersonID: sc.Actor, Most: maxOpen}
	if boss(sc) {
		p.Everybody = 1
	}
	var out []Item
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		out = nil
		rows, err := s.q.Open(ctx, tx, p)
		if err != nil || len(rows) == 0 {
			return err
		}
		names, err := s.people.NamesTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		for _, r := range rows {
			i := Item{
				ID: r.ID, Person: r.PersonID, Object: id.Or(r.ObjectID), Name: names[r.PersonID], Kind: r.Kind, At: r.At, ReceivedAt: r.ReceivedAt,
				State: State(r.State), Fault: faultOf(r.Fault, r.FaultArgs), Mine: says(r.Mine), Theirs: says(r.Theirs),
			}
			i.Loose = i.State == Parked && boss(sc) && tx.Now.Sub(r.ReceivedAt) > stuck
			if link := s.links[r.Kind]; link != nil && !i.Object.IsZero() {
				i.Path = link(i.Object)
			}
			out = append(out, i)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list open acts: %w", err)
	}
	return out, nil
}

// says reads one side of a clash.
func says(kept string) (out []Say) {
	var list []json.RawMessage
	if json.Unmarshal([]byte(kept), &list) != nil {
		list = []json.RawMessage{json.RawMessage(kept)}
	}
	for _, raw := range list {
		var plain string
		var worded struct {
			Key  string          `json:"key"`
			Args json.RawMessage `json:"args"`
		}
		switch {
		case json.Unmarshal(raw, &plain) == nil:
			if plain != "" {
				out = append(out, Say{"outbox.plain", []any{plain}})
			}
		case json.Unmarshal(raw, &worded) == nil && worded.Key != "":
			out = append(out, Say{worded.Key, arguments(string(worded.Args))})
		case len(bytes.TrimSpace(raw)) > 0:
			out = append(out, Say{"outbox.plain", []any{string(raw)}})
		}
	}
	return out
}

// Choose settles what waits for a person. Of a clash, mine does the act all
// the same, with Act.Forced. Of an act that waits too long for one that never
// came, which is the owner's choice, mine does it without waiting. Whatever is
// not mine lays the act aside.
func (s *Service) Choose(ctx context.Context, sc authz.Scope, act id.ID, mine bool) error {
	if err := sc.Can(authz.SignedIn); err != nil {
		return err
	}
	if sc.Business.IsZero() {
		return ErrNotFound
	}
	var r outboxdb.OutboxAct
	run := func(said error) error {
		return s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
			if r, err = s.mayChoose(ctx, tx, sc, act, mine); err != nil {
				return err
			}
			verb := "outbox.laid_aside"
			r.Chosen = true
			out := Receipt{ID: r.ID, State: Settled}
			switch {
			case said != nil:
				return s.refuse(ctx, tx, r, said, &out)
			case mine:
				verb = "outbox.done"
				as := sc
				if r.PersonID != sc.Actor {
					as.OnBehalf = r.PersonID
				}
				if err := s.handle(ctx, tx, as, r, State(r.State) == Clashed); err != nil {
					return attempt{err}
				}
				out.State = Done
			}
			if err := audit.Note(ctx, tx, sc, verb, r.ID); err != nil {
				return err
			}
			return s.write(ctx, tx, r, &out)
		})
	}
	err := run(nil)
	if a, ok := errors.AsType[attempt](err); ok {
		_, differs := errors.AsType[Clash](a.err)
		switch {
		case !verdict(a.err):
		case differs: // shown again, with what stands there now
			if err = run(a.err); err == nil {
				err = ErrAgain
			}
		case State(r.State) == Parked:
			err = run(a.err)
		default:
			err = a.err // the clash stays, and the person is told why
		}
	}
	if err == nil && State(r.State) == Parked {
		_, err = s.follow(ctx, authz.Job(sc.Business), r.PersonID, r.DeviceID, atOnce)
	}
	return err
}

// mayChoose reads an act and holds its phone, if the scope may choose about it.
func (s *Service) mayChoose(ctx context.Context, tx *store.Tx, sc authz.Scope, act id.ID, mine bool) (outboxdb.OutboxAct, error) {
	r, err := s.find(ctx, tx, sc.Business, act)
	if err != nil {
		return r, err
	}
	if r.PersonID != sc.Actor && !boss(sc) {
		return r, ErrNotFound
	}
	if err := s.hold(ctx, tx, r.BusinessID, r.PersonID, r.DeviceID); err != nil {
		return r, err
	}
	if r, err = s.find(ctx, tx, sc.Business, act); err != nil {
		return r, err
	}
	switch state := State(r.State); {
	case state == Clashed, state == Refused && !mine:
	case state == Parked && boss(sc) && tx.Now.Sub(r.ReceivedAt) > stuck:
	default:
		return r, ErrAnswered
	}
	return r, nil
}

// Refusals counts the acts about an object that were refused with a fault's
// key, for slices that bound how often something may be tried.
func (s *Service) Refusals(ctx context.Context, tx *store.Tx, sc authz.Scope, object id.ID, key string) (int64, error) {
	n, err := s.q.Refusals(ctx, tx, outboxdb.RefusalsParams{BusinessID: sc.Business, ObjectID: object.Null(), Fault: key})
	if err != nil {
		return 0, fmt.Errorf("count refusals: %w", err)
	}
	return n, nil
}

// RefusalsBy counts the acts of a person that were refused with a fault's key
// since a moment.
func (s *Service) RefusalsBy(ctx context.Context, tx *store.Tx, sc authz.Scope, person id.ID, key string, since time.Time) (int64, error) {
	n, err := s.q.RefusalsBy(ctx, tx, outboxdb.RefusalsByParams{BusinessID: sc.Business, PersonID: person, Fault: key, Since: since})
	if err != nil {
		return 0, fmt.Errorf("count refusals: %w", err)
	}
	return n, nil
}
