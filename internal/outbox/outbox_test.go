package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/outbox"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// An act counts once, however often it comes, and its answer stays the same.
func TestTakeCountsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		sc, object := g.member(id.New(), id.New(), authz.Courier), id.New()
		acts := chain(sc, object, 1, 10, 5)
		want := []outbox.State{outbox.Done, outbox.Refused, outbox.Done}
		for range 3 {
			for i, a := range acts {
				r := g.take(sc, a)
				if r.State != want[i] || r.ID != a.ID {
					t.Fatalf("act %d: %v, want %s", i, r, want[i])
				}
				if r.State == outbox.Refused && (!errors.Is(r.Fault, errOdd) || fmt.Sprint(r.Fault.Args...) != "10") {
					t.Errorf("refused with %v %v, want the handler's fault and its argument", r.Fault, r.Fault.Args)
				}
			}
		}
		if got := g.at(sc, object); got != 36 {
			t.Errorf("value %d, want 36: 1, then 31+5; what was refused left something", got)
		}
		other := acts[2]
		other.Body = json.RawMessage(`{"n":6}`)
		if r := g.take(sc, other); r.State != outbox.Refused || !errors.Is(r.Fault, outbox.ErrOther) {
			t.Errorf("another act of the same id: %v, want form.other", r)
		}
		late := acts[2]
		late.Clock = began.Add(-time.Hour) // a replay from a clock that was put back is no other act
		if r := g.take(sc, late); r.State != outbox.Done {
			t.Errorf("a replay with another clock: %v", r)
		}
		g.holds()
	})
}

// What comes before its time waits; what waited is done in its order, beyond
// what one request does by a job.
func TestAChainWaitsForItsHead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		sc, object, same := g.member(id.New(), id.New(), authz.Courier), id.New(), id.New()
		numbers := make([]int64, 50)
		for i := range numbers {
			numbers[i] = int64(i * 7)
		}
		acts := chain(sc, object, numbers...)
		for _, a := range slices.Backward(acts[1:]) {
			if r := g.take(sc, a); r.State != outbox.Parked {
				t.Fatalf("an act without the one before it: %v, want parked", r)
			}
		}
		if got := g.at(sc, object); got != 0 {
			t.Fatalf("value %d before the first act came", got)
		}
		if r := g.take(sc, acts[0]); r.State != outbox.Done {
			t.Fatalf("the first act: %v", r)
		}
		if n := g.count(sc, "state = 'done'"); n != 21 {
			t.Errorf("%d done at once, want 1 and 20 that waited", n)
		}
		jobs := job.New(db, job.Options{})
		g.Jobs(jobs)
		if _, err := jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, a := range chain(sc, same, numbers...) {
			g.take(sc, a)
		}
		if got, want := g.at(sc, object), g.at(sc, same); got != want || g.count(sc, "state = 'parked'") != 0 {
			t.Errorf("value %d, want %d as in order", got, want)
		}
		g.holds()
	})
}

// In whatever order acts of several phones come, however often, with answers
// and messages lost, the end is as if each had come in its turn.
func TestAnyOrderEndsAsInOrder(t *testing.T) {
	f := flag.Lookup("rapid.checks")
	if was := f.Value.String(); was == f.DefValue {
		_ = f.Value.Set("15")
		t.Cleanup(func() { _ = f.Value.Set(was) })
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		rapid.Check(t, func(rt *rapid.T) {
			straight, shuffled := g.member(id.New(), id.New(), authz.Courier), g.member(id.New(), id.New(), authz.Courier)
			shuffled.Actor = straight.Actor
			shuffled = g.member(straight.Actor, shuffled.Business, authz.Courier)
			var acts, sent []outbox.Sent
			var objects []id.ID
			for range rapid.IntRange(1, 3).Draw(rt, "phones") {
				object := id.New()
				objects = append(objects, object)
				line := chain(straight, object, rapid.SliceOfN(rapid.Int64Range(1, 50), 1, 5).Draw(rt, "acts")...)
				for i := range line {
					if saw := rapid.IntRange(-3, 1).Draw(rt, "saw"); saw >= 0 { // what a phone saw is seldom what stands there
						line[i].Seen = json.RawMessage(fmt.Sprint(saw))
					}
				}
				acts = append(acts, line...)
			}
			want := map[id.ID]outbox.State{}
			for _, a := range acts {
				want[a.ID] = g.take(straight, a).State
				a.Business = shuffled.Business
				sent = append(sent, a)
			}
			line := append(slices.Clone(sent), rapid.SliceOfN(rapid.SampledFrom(sent), 0, 8).Draw(rt, "again")...)
			line = rapid.Permutation(line).Draw(rt, "order")
			lost := rapid.IntRange(0, len(line)).Draw(rt, "lost")
			for _, a := range line[lost:] {
				g.take(shuffled, a)
			}
			got := map[id.ID]outbox.State{}
			for _, a := range rapid.Permutation(sent).Draw(rt, "last") { // the phone sends until it has an answer
				g.take(shuffled, a)
			}
			for _, a := range sent {
				got[a.ID] = g.take(shuffled, a).State
			}
			if d := cmp.Diff(want, got); d != "" {
				rt.Errorf("answers differ: %s", d)
			}
			for _, o := range objects {
				if a, b := g.at(straight, o), g.at(shuffled, o); a != b {
					rt.Errorf("value %d, want %d as in order", b, a)
				}
			}
		})
		g.holds()
	})
}

// Many messages at once end as one after another.
func TestActsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		sc, object, same := g.member(id.New(), id.New(), authz.Courier), id.New(), id.New()
		acts := chain(sc, object, 1, 2, 4, 5, 6, 8)
		line := append(slices.Clone(acts), acts...)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(line), func(i, j int) { line[i], line[j] = line[j], line[i] })
		errs := make(chan error)
		for _, a := range line {
			go func() { _, err := g.Take(context.Background(), sc, a); errs <- err }()
		}
		for range line {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		jobs := job.New(db, job.Options{})
		g.Jobs(jobs)
		if _, err := jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, a := range chain(sc, same, 1, 2, 4, 5, 6, 8) {
			g.take(sc, a)
		}
		if got, want := g.at(sc, object), g.at(sc, same); got != want {
			t.Errorf("value %d, want %d as in order", got, want)
		}
		g.holds()
	})
}

// A clash changes nothing until a person chooses, who is the one who acted or the owner.
func TestAPersonChooses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		shop := id.New()
		sc, boss, mate := g.member(id.New(), shop, authz.Courier), g.member(id.New(), shop, authz.Owner), g.member(id.New(), shop, authz.Courier)
		objects := []id.ID{id.New(), id.New(), id.New()}
		var clashes []outbox.Sent
		for _, o := range objects {
			g.take(mate, chain(mate, o, 2)[0])
			a := chain(sc, o, 5)[0]
			a.Seen = json.RawMessage(`0`)
			if r := g.take(sc, a); r.State != outbox.Clashed {
				t.Fatalf("what the phone saw is past: %v, want a clash", r)
			}
			clashes = append(clashes, a)
		}
		list, err := g.Open(t.Context(), sc)
		if err != nil || len(list) != 3 {
			t.Fatalf("Open: %d %v, want three", len(list), err)
		}
		if d := cmp.Diff([]outbox.Say{{Key: "toy.mine", Args: []any{int64(5)}}}, list[0].Mine); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]outbox.Say{{Key: "outbox.plain", Args: []any{"2"}}}, list[0].Theirs); d != "" {
			t.Error(d)
		}
		if list, _ := g.Open(t.Context(), boss); len(list) != 3 || list[0].Name != "Ujang" {
			t.Errorf("the owner sees %d", len(list))
		}
		if list, _ := g.Open(t.Context(), mate); len(list) != 0 {
			t.Errorf("another courier sees %d", len(list))
		}
		if err := g.Choose(t.Context(), mate, clashes[0].ID, true); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("another courier chooses: %v, want not found", err)
		}
		for i, who := range []authz.Scope{sc, boss} {
			if err := g.Choose(t.Context(), who, clashes[i].ID, true); err != nil {
				t.Fatal(err)
			}
			if got := g.at(sc, objects[i]); got != 2*31+5 {
				t.Errorf("value %d, want the act done on top of the other", got)
			}
			if r := g.take(sc, clashes[i]); r.State != outbox.Done {
				t.Errorf("its answer afterwards: %v", r)
			}
			if err := g.Choose(t.Context(), who, clashes[i].ID, true); !errors.Is(err, outbox.ErrAnswered) {
				t.Errorf("chosen twice: %v", err)
			}
		}
		if err := g.Choose(t.Context(), sc, clashes[2].ID, false); err != nil {
			t.Fatal(err)
		}
		if got := g.at(sc, objects[2]); got != 2 {
			t.Errorf("value %d, want the other's to stay", got)
		}
		refused := chain(sc, objects[2], 3)[0]
		if r := g.take(sc, refused); r.State != outbox.Refused {
			t.Fatalf("%v", r)
		}
		if err := g.Choose(t.Context(), sc, refused.ID, true); !errors.Is(err, outbox.ErrAnswered) {
			t.Errorf("a refused act done all the same: %v", err)
		}
		if err := g.Choose(t.Context(), sc, refused.ID, false); err != nil {
			t.Error(err)
		}
		if list, _ := g.Open(t.Context(), boss); len(list) != 0 {
			t.Errorf("%d are open after all is chosen", len(list))
		}
		g.holds()
	})
}

// Who left the business cannot act there, whether they sign in or a job finds
// what waited; nobody writes into a business that never knew their phone.
func TestAnEndedMembershipRefuses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		shop := id.New()
		sc, object := g.member(id.New(), shop, authz.Courier), id.New()
		acts := chain(sc, object, 1, 2, 4)
		g.take(sc, acts[0])
		g.take(sc, acts[2]) // parked
		ctx := t.Context()
		if err := db.Tx(ctx, authz.Scope{}, func(tx *store.Tx) error { return g.people.RemoveMembership(ctx, tx, sc.Actor, shop) }); err != nil {
			t.Fatal(err)
		}
		alone := authz.Scope{Actor: sc.Actor, Role: authz.Person, Now: began}
		if r := g.take(alone, acts[1]); r.State != outbox.Refused || !errors.Is(r.Fault, fault.New(fault.Invalid, "outbox.ended")) && !errors.Is(r.Fault, outbox.ErrEnded) {
			t.Errorf("an act of who left: %v, want refused", r)
		}
		jobs := job.New(db, job.Options{})
		g.Jobs(jobs)
		if _, err := jobs.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if n := g.count(sc, "state = 'refused' AND fault = 'outbox.ended'"); n != 2 || g.at(sc, object) != 1 {
			t.Errorf("%d refused, value %d; want the two after the end, and the value of the first", n, g.at(sc, object))
		}
		stranger := g.member(id.New(), id.New(), authz.Owner)
		a := chain(stranger, object, 1)[0]
		a.Business = shop
		if r := g.take(stranger, a); r.State != outbox.Refused {
			t.Errorf("an act of a stranger: %v", r)
		}
		if n := g.count(sc, "true"); n != 3 {
			t.Errorf("%d rows: a stranger wrote into another's business", n)
		}
		two := g.member(stranger.Actor, id.New(), authz.Courier)
		b := chain(two, object, 1)[0]
		if _, err := g.Take(ctx, stranger, b); !errors.Is(err, outbox.ErrBusiness) {
			t.Errorf("an act for the person's other business: %v, want it kept until they go there", err)
		}
		b.Person = id.New()
		if _, err := g.Take(ctx, two, b); !errors.Is(err, outbox.ErrPerson) {
			t.Errorf("an act of another person: %v", err)
		}
		g.holds()
	})
}

// What is out of order for the moment is no answer: the phone tries again.
func TestTroubleIsNoAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		sc, object := g.member(id.New(), id.New(), authz.Courier), id.New()
		a := chain(sc, object, 1)[0]
		g.broken = true
		if _, err := g.Take(t.Context(), sc, a); !errors.Is(err, errFull) {
			t.Errorf("Take = %v, want the trouble itself", err)
		}
		g.broken = false
		if r := g.take(sc, a); r.State != outbox.Done || g.at(sc, object) != 1 {
			t.Errorf("afterwards %v, value %d", r, g.at(sc, object))
		}
		unknown := chain(sc, object, 1)[0]
		unknown.Kind = "toy.gone"
		if r := g.take(sc, unknown); r.State != outbox.Refused || r.Fault.Key != outbox.ErrKind.Key {
			t.Errorf("a kind that nobody takes: %v", r)
		}
		long := chain(sc, object, 1)[0]
		long.Body = json.RawMessage(`{"n":"` + strings.Repeat("x", outbox.MaxBody) + `"}`)
		if _, err := g.Take(t.Context(), sc, long); !fault.Of(err).HasKind(fault.Invalid) {
			t.Errorf("a body over the limit: %v", err)
		}
		if _, err := g.Take(t.Context(), authz.Visitor(sc.Business), a); !errors.Is(err, authz.ErrSignIn) {
			t.Errorf("a guest: %v, want to sign in", err)
		}
		g.holds()
	})
}
