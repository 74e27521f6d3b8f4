package audit_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func owner() authz.Scope {
	return authz.Scope{Role: authz.Owner, Actor: id.New(), Membership: id.New(), Business: id.New(), Request: "r1"}
}

func note(t *testing.T, db *store.DB, sc authz.Scope, verb string, object id.ID, d ...audit.Diff) {
	t.Helper()
	if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return audit.Note(t.Context(), tx, sc, verb, object, d...) }); err != nil {
		t.Fatal(err)
	}
}

func TestNoteIsPartOfTheChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		sc, product := owner(), id.New()
		note(t, db, sc, "product.price", product, audit.Diff{"price": {15000, 17000}})
		_ = db.Tx(t.Context(), sc, func(tx *store.Tx) error {
			_ = audit.Note(t.Context(), tx, sc, "product.gone", product)
			return errors.New("undone")
		})
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
			return errors.Join(audit.Note(t.Context(), tx, sc, "a", product), audit.Note(t.Context(), tx, sc, "b", id.New()))
		}); err != nil {
			t.Fatal(err)
		}
		if err := audit.Refuse(t.Context(), db, sc, "payout.edit", id.ID{}); err != nil {
			t.Fatal(err)
		}
		got, next, err := audit.List(t.Context(), db, sc, audit.Page{})
		if err != nil || next != 0 {
			t.Fatal(err, next)
		}
		var verbs string
		for _, e := range got {
			verbs += fmt.Sprint(e.Seq, e.Verb, e.Result, " ")
		}
		if want := "4payout.editrefused 3bdone 2adone 1product.pricedone "; verbs != want {
			t.Errorf("log %q, want %q", verbs, want)
		}
		first := got[3]
		if first.Actor != sc.Actor || first.Object != product || first.Request != "r1" || fmt.Sprint(first.Diff["price"]) != "{15000 17000}" {
			t.Errorf("entry %+v", first)
		}
		of, _, err := audit.List(t.Context(), db, sc, audit.Page{Object: product, Max: 1})
		if err != nil || len(of) != 1 || of[0].Verb != "a" {
			t.Errorf("of one object: %v %v", of, err)
		}
		two, next, err := audit.List(t.Context(), db, sc, audit.Page{Max: 2, Before: 4})
		if err != nil || len(two) != 2 || two[0].Seq != 3 || next != 2 {
			t.Errorf("a page: %v %d %v", two, next, err)
		}
		if _, _, err := audit.List(t.Context(), db, authz.Visitor(sc.Business), audit.Page{}); !errors.Is(err, authz.ErrSignIn) {
			t.Errorf("a guest reads it: %v", err)
		}
		if none, _, err := audit.List(t.Context(), db, owner(), audit.Page{}); err != nil || len(none) != 0 {
			t.Errorf("another business reads %v, %v", none, err)
		}
	})
}

func TestTheChainHoldsUnderParallelWritersAndShowsTampering(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		sc, nobody := owner(), authz.Scope{Role: authz.Guest}
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				who := sc
				if i%4 == 0 {
					who = nobody
				}
				if err := db.Tx(t.Context(), who, func(tx *store.Tx) error {
					return audit.Note(t.Context(), tx, who, "sign.in", id.New())
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for business, want := range map[id.ID]int64{sc.Business: 30, {}: 10, id.New(): 0} {
			if n, err := audit.Verify(t.Context(), db, business); err != nil || n != want {
				t.Errorf("chain of %v: %d entries, %v; want %d", business, n, err, want)
			}
		}
		storetest.Holds(t, db, audit.Invariants)
		for _, text := range []string{"UPDATE audit SET verb = 'x' WHERE business_id = $1", "DELETE FROM audit WHERE business_id = $1"} {
			err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { _, err := tx.ExecContext(t.Context(), text, sc.Business); return err })
			if err == nil {
				t.Errorf("allowed: %s", text)
			}
		}
		forge := func(text string, args ...any) {
			if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { _, err := tx.ExecContext(t.Context(), text, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		forge("INSERT INTO audit (business_id, seq, at, role, verb, result, request, diff, hash) SELECT business_id, seq + 1, at, role, verb, result, request, diff, hash FROM audit WHERE business_id = $1 AND seq = 30", sc.Business)
		forge("UPDATE audit_heads SET seq = 31 WHERE business_id = $1", sc.Business)
		if n, err := audit.Verify(t.Context(), db, sc.Business); !errors.Is(err, audit.ErrBroken) || n != 30 {
			t.Errorf("a forged entry: %d, %v", n, err)
		}
		if broken, err := store.CheckInvariants(t.Context(), db, audit.Invariants[:1]); err != nil || len(broken) != 0 {
			t.Errorf("the forged head fits its forged entry: %v, %v", broken, err)
		}
		forge("UPDATE audit_heads SET seq = 33 WHERE business_id = $1", sc.Business)
		if broken, err := store.CheckInvariants(t.Context(), db, audit.Invariants); err != nil || len(broken) != 1 {
			t.Errorf("a head beyond the end: %v, %v", broken, err)
		}
	})
}
