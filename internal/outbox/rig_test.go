package outbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/outbox"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

var began = time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)

var (
	errOdd  = fault.New(fault.Invalid, "toy.odd")
	errFull = fault.New(fault.Unavailable, "toy.full")
)

// rig is an outbox whose acts turn numbers: one a person can follow by what
// it is in the end, for no two orders of acts give the same.
type rig struct {
	*outbox.Service
	t      testing.TB
	db     *store.DB
	people *account.Service
	blobs  *blob.Service
	now    *time.Time
	broken bool // the handler is out of order
	photos []id.ID
}

func newRig(t testing.TB, db *store.DB) *rig {
	t.Helper()
	at := began
	db.Now = func() time.Time { return at }
	g := &rig{t: t, db: db, now: &at, people: account.New(db, bytes.Repeat([]byte{3}, 32)), blobs: blob.New(db)}
	g.Service = outbox.New(db, g.people, g.blobs)
	g.Register("toy.turn", g.turn)
	return g
}

type turn struct {
	N int64 `json:"n"`
}

// turn does value = (31*value + n) mod a prime. Where n is 3 more than a
// multiple of 7 it refuses, and where the phone saw another value it clashes.
func (g *rig) turn(ctx context.Context, tx *store.Tx, sc authz.Scope, a outbox.Act) error {
	if err := sc.Can(authz.Deliver); err != nil {
		return err
	}
	var in turn
	if err := json.Unmarshal(a.Body, &in); err != nil {
		return err
	}
	now := g.value(ctx, tx, sc.Business, a.Object)
	next := (now*31 + in.N) % 1_000_003
	if _, err := tx.ExecContext(ctx, `INSERT INTO webhook_counts (business_id, object_id, last, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (business_id, object_id) DO UPDATE SET last = excluded.last`, sc.Business, a.Object, next, a.At); err != nil {
		return err
	}
	var saw int64
	switch {
	case g.broken:
		return errFull
	case in.N%7 == 3:
		return errOdd.With(in.N)
	case !a.Forced && a.See(&saw) && saw != now:
		return outbox.Clash{Mine: outbox.Say{Key: "toy.mine", Args: []any{in.N}}, Theirs: fmt.Sprint(now)}
	}
	if !a.Photo.IsZero() {
		g.photos = append(g.photos, a.Photo)
		return g.blobs.Hand(ctx, tx, sc, a.ID, a.Photo, a.Object, "proof")
	}
	return audit.Note(ctx, tx, sc, "toy.turned", a.Object)
}

func (g *rig) value(ctx context.Context, tx *store.Tx, shop, object id.ID) (n int64) {
	_ = tx.QueryRowContext(ctx, `SELECT last FROM webhook_counts WHERE business_id = $1 AND object_id = $2`, shop, object).Scan(&n) // none: 0
	return n
}

func (g *rig) at(sc authz.Scope, object id.ID) (n int64) {
	g.t.Helper()
	if err := g.db.View(context.Background(), sc, func(tx *store.Tx) error { n = g.value(context.Background(), tx, sc.Business, object); return nil }); err != nil {
		g.t.Fatal(err)
	}
	return n
}

// member is a new person, or one who is there, with a role in a business.
func (g *rig) member(person, shop id.ID, role authz.Role) authz.Scope {
	g.t.Helper()
	ctx := context.Background()
	err := g.db.Tx(ctx, authz.Scope{}, func(tx *store.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO people (id, name, phone, mail, password, password_tag, totp_sealed, totp_step, lang, created_at, updated_at)
			VALUES ($1, 'Ujang', '', '', '', '', '', 0, 'id', $2, $2) ON CONFLICT DO NOTHING`, person, tx.Now); err != nil {
			return err
		}
		return g.people.AddMembership(ctx, tx, person, shop, role, nil)
	})
	if err != nil {
		g.t.Fatal(err)
	}
	list, err := g.people.Memberships(ctx, person)
	if err != nil {
		g.t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m account.Membership) bool { return m.Business == shop })
	return authz.Scope{Actor: person, Membership: list[i].ID, Business: shop, Role: role, Now: *g.now}
}

// chain makes acts as one phone would, each after the other.
func chain(sc authz.Scope, object id.ID, numbers ...int64) []outbox.Sent {
	var out []outbox.Sent
	device, after := id.New(), id.ID{}
	for i, n := range numbers {
		a := outbox.Sent{Business: sc.Business, Act: outbox.Act{
			ID: id.New(), Person: sc.Actor, Device: device, After: after, Kind: "toy.turn", Object: object,
			At: began.Add(time.Duration(i-len(numbers)) * time.Minute), Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
		}}
		out, after = append(out, a), a.ID
	}
	return out
}

func (g *rig) take(sc authz.Scope, a outbox.Sent) outbox.Receipt {
	g.t.Helper()
	r, err := g.Take(context.Background(), sc, a)
	if err != nil {
		g.t.Fatalf("Take: %v", err)
	}
	return r
}

func (g *rig) count(sc authz.Scope, where string) (n int64) {
	g.t.Helper()
	ctx := context.Background()
	err := g.db.View(ctx, sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM outbox_acts WHERE business_id = $1 AND `+where, sc.Business).Scan(&n)
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

func (g *rig) holds() {
	g.t.Helper()
	storetest.Holds(g.t, g.db, outbox.Invariants, blob.Invariants, audit.Invariants)
}
