// Package audit writes down who changed what, in the transaction of the
// change. Entries of a business form a chain: each holds the hash of the one
// before it, so none can be changed or taken out unseen.
package audit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"lapak/internal/audit/auditdb"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Results of an act.
const (
	Done    = "done"
	Refused = "refused"
)

// Change is a field before and after. Personal values are masked, or left out.
type Change struct {
	From any `json:"from"`
	To   any `json:"to"`
}

// Diff is what changed, by field.
type Diff map[string]Change

// Entry is one act.
type Entry struct {
	Seq        int64
	At         time.Time
	Actor      id.ID // account; zero for guests and machines
	Membership id.ID
	OnBehalf   id.ID
	Role       authz.Role
	Verb       string
	Object     id.ID
	Result     string
	Request    string
	Diff       Diff
	Hash       string

	diff string // as it was written and hashed
}

var q auditdb.Queries

var entryColumns = strings.Fields("business_id seq at actor_id membership_id on_behalf_id role verb object_id result request diff hash")

// pending are the entries of a transaction. They are written at its end, all
// at once, so that the chain's row is locked for a moment only.
type pending struct{ entries map[id.ID][]Entry }

type pendingKey struct{}

// Note writes that sc did verb to object, in the chain of sc's business, or in
// the installation's if there is none. No entry, no change.
func Note(ctx context.Context, tx *store.Tx, sc authz.Scope, verb string, object id.ID, diffs ...Diff) error {
	return note(ctx, tx, sc, verb, object, Done, diffs)
}

// Refuse writes, in a transaction of its own, that sc was refused verb on object.
func Refuse(ctx context.Context, db *store.DB, sc authz.Scope, verb string, object id.ID) error {
	return db.Tx(ctx, sc, func(tx *store.Tx) error { return note(ctx, tx, sc, verb, object, Refused, nil) })
}

func note(ctx context.Context, tx *store.Tx, sc authz.Scope, verb string, object id.ID, result string, diffs []Diff) error {
	all := Diff{}
	for _, d := range diffs {
		for field, c := range d {
			all[field] = c
		}
	}
	if !sc.Token.IsZero() {
		all["key"] = Change{To: sc.Token.String()}
	}
	b, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("audit %s: %w", verb, err)
	}
	e := Entry{
		At: tx.Now, Actor: sc.Actor, Membership: sc.Membership, OnBehalf: sc.OnBehalf, Role: sc.Role,
		Verb: verb, Object: object, Result: result, Request: sc.Request, diff: string(b),
	}
	p := tx.Local(pendingKey{}, func() any {
		p := &pending{map[id.ID][]Entry{}}
		return p
	}).(*pending)
	if len(p.entries[sc.Business]) == 0 {
		tx.BeforeCommit(func() error { return p.write(ctx, tx, sc.Business) })
	}
	p.entries[sc.Business] = append(p.entries[sc.Business], e)
	return nil
}

func (p *pending) write(ctx context.Context, tx *store.Tx, business id.ID) error {
	entries := p.entries[business]
	delete(p.entries, business)
	n := int64(len(entries))
	head, err := q.TakeHead(ctx, tx, auditdb.TakeHeadParams{BusinessID: business, N: n})
	if err != nil {
		return fmt.Errorf("audit head: %w", err)
	}
	hash := head.Hash
	for i := range entries {
		e := &entries[i]
		e.Seq = head.Seq - n + int64(i) + 1
		hash = e.hash(hash)
		e.Hash = hash
	}
	if err := insert(ctx, tx, business, entries); err != nil {
		return err
	}
	done, err := q.SetHead(ctx, tx, auditdb.SetHeadParams{Hash: hash, BusinessID: business, Seq: head.Seq})
	if err != nil {
		return fmt.Errorf("audit head: %w", err)
	}
	if done != 1 {
		return errors.New("audit: the chain moved under its lock")
	}
	return nil
}

// insert writes entries: most transactions have one, imports hundreds.
func insert(ctx context.Context, tx *store.Tx, business id.ID, entries []Entry) error {
	if len(entries) == 1 {
		e := entries[0]
		err := q.InsertEntry(ctx, tx, auditdb.InsertEntryParams{
			BusinessID: business, Seq: e.Seq, At: e.At, ActorID: e.Actor.Null(), MembershipID: e.Membership.Null(), OnBehalfID: e.OnBehalf.Null(),
			Role: string(e.Role), Verb: e.Verb, ObjectID: e.Object.Null(), Result: e.Result, Request: e.Request, Diff: e.diff, Hash: e.Hash,
		})
		if err != nil {
			return fmt.Errorf("audit entry: %w", err)
		}
		return nil
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{
			business, e.Seq, e.At, e.Actor.Null(), e.Membership.Null(), e.OnBehalf.Null(), string(e.Role), e.Verb, e.Object.Null(), e.Result, e.Request, e.diff, e.Hash,
		}
	}
	if err := tx.Add(ctx, "audit", entryColumns, rows); err != nil {
		return fmt.Errorf("audit entries: %w", err)
	}
	return nil
}

// hash binds the entry to the one before it.
func (e Entry) hash(before string) string {
	b, err := json.Marshal([]any{
		before, e.Seq, e.At.UTC().Format(time.RFC3339Nano), e.Actor, e.Membership, e.OnBehalf,
		e.Role, e.Verb, e.Object, e.Result, e.Request, e.diff,
	})
	if err != nil {
		panic(fmt.Sprintf("audit: %v", err)) // strings and numbers always have a form
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Page says which part of the log is wanted, newest first.
type Page struct {
	Object id.ID // only this object's; zero: all
	Before int64 // entries older than this one's number; 0: from the newest
	Max    int   // at most 100; 0: 50
}

// List returns a page of the scope's business, or of the installation, and
// the number to go on before, zero at the end.
func List(ctx context.Context, db *store.DB, sc authz.Scope, p Page) ([]Entry, int64, error) {
	verb := authz.SeeAudit
	if sc.Business.IsZero() {
		verb = authz.RunInstallation
	}
	if err := sc.Can(verb); err != nil {
		return nil, 0, err
	}
	if p.Before <= 0 {
		p.Before = 1<<63 - 1
	}
	if p.Max <= 0 || p.Max > 100 {
		p.Max = 50
	}
	var out []Entry
	err := db.View(ctx, sc, func(tx *store.Tx) error {
		out = nil
		if p.Object.IsZero() {
			rows, err := q.Entries(ctx, tx, auditdb.EntriesParams{BusinessID: sc.Business, Before: p.Before, Max: int32(p.Max)})
			for _, r := range rows {
				out = append(out, entry(r))
			}
			return err
		}
		rows, err := q.EntriesOf(ctx, tx, auditdb.EntriesOfParams{BusinessID: sc.Business, ObjectID: p.Object.Null(), Before: p.Before, Max: int32(p.Max)})
		for _, r := range rows {
			out = append(out, entry(auditdb.EntriesRow(r)))
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list audit: %w", err)
	}
	if len(out) < p.Max {
		return out, 0, nil
	}
	return out, out[len(out)-1].Seq, nil
}

func entry(r auditdb.EntriesRow) Entry {
	e := Entry{
		Seq: r.Seq, At: r.At, Actor: id.Or(r.ActorID), Membership: id.Or(r.MembershipID), OnBehalf: id.Or(r.OnBehalfID), Role: authz.Role(r.Role),
		Verb: r.Verb, Object: id.Or(r.ObjectID), Result: r.Result, Request: r.Request, Hash: r.Hash, diff: r.Diff,
	}
	_ = json.Unmarshal([]byte(r.Diff), &e.Diff) // what cannot be read is shown as nothing; Verify finds it
	return e
}

// ErrBroken: the chain does not fit; its argument is the first wrong number.
var ErrBroken = fault.New(fault.Conflict, "audit.broken")

// Verify reads a business's chain from its beginning, or the installation's
// for the zero id, and returns how many entries it has.
func Verify(ctx context.Context, db *store.DB, business id.ID) (int64, error) {
	var last int64
	hash := ""
	sc := authz.Job(business)
	var head auditdb.HeadRow
	// The head is read first: entries written meanwhile lie beyond it.
	err := db.View(ctx, sc, func(tx *store.Tx) (err error) {
		head, err = q.Head(ctx, tx, business)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("audit head: %w", err)
	}
	for last < head.Seq {
		var rows []auditdb.EntriesAfterRow
		err := db.View(ctx, sc, func(tx *store.Tx) (err error) {
			rows, err = q.EntriesAfter(ctx, tx, auditdb.EntriesAfterParams{BusinessID: business, After: last, Max: int32(min(1000, head.Seq-last))})
			return err
		})
		if err != nil {
			return last, fmt.Errorf("audit entries: %w", err)
		}
		if len(rows) == 0 {
			return last, ErrBroken.With(last + 1)
		}
		for _, r := range rows {
			e := entry(auditdb.EntriesRow(r))
			hash = e.hash(hash)
			if e.Seq != last+1 || e.Hash != hash {
				return last, ErrBroken.With(last + 1)
			}
			last = e.Seq
		}
	}
	if hash != head.Hash {
		return last, ErrBroken.With(last)
	}
	return last, nil
}

// Invariants hold of the chains at all times; Verify reads their contents too.
var Invariants = []store.Invariant{
	{Name: "audit: each history ends where its head says", SQL: `SELECT h.business_id, h.seq FROM audit_heads h
LEFT JOIN audit a ON a.business_id = h.business_id AND a.seq = h.seq WHERE a.hash IS NULL OR a.hash <> h.hash`},
	{Name: "audit: no history has a gap", SQL: `SELECT business_id, count(*) AS entries, max(seq) AS last FROM audit
GROUP BY business_id HAVING count(*) <> max(seq) OR min(seq) <> 1`},
}
