package store_test

import (
	"context"
	"errors"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// What joins a transaction is kept or given up with it, and sees what it wrote.
func TestWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		sc := authz.Job(id.New())
		add := func(ctx context.Context, sc authz.Scope) error {
			return db.Tx(ctx, sc, func(tx *store.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO audit_heads (business_id, seq, hash) VALUES ($1, 0, '')
					ON CONFLICT (business_id) DO UPDATE SET seq = audit_heads.seq + 1`, sc.Business)
				return err
			})
		}
		seq := func(ctx context.Context) (n int64) {
			n = -1
			_ = db.View(ctx, sc, func(tx *store.Tx) error {
				_ = tx.QueryRowContext(ctx, `SELECT seq FROM audit_heads WHERE business_id = $1`, sc.Business).Scan(&n)
				return nil
			})
			return n
		}
		broken := errors.New("broken")
		mended := fault.New(fault.Conflict, "test.mended")
		for _, c := range []struct {
			name string
			then func(ctx context.Context) error
			want error
			kept int64
		}{
			{"fails after", func(context.Context) error { return broken }, broken, -1},
			{"an error of a write that is ignored", func(ctx context.Context) error {
				_ = db.Tx(ctx, sc, func(*store.Tx) error { return mended })
				return nil
			}, mended, -1},
			{"a read's surprise that is ignored", func(ctx context.Context) error {
				_ = db.View(ctx, sc, func(*store.Tx) error { return broken })
				return nil
			}, broken, -1},
			{"a read's fault that is mended", func(ctx context.Context) error {
				_ = db.View(ctx, sc, func(*store.Tx) error { return mended })
				return nil
			}, nil, 1},
			{"all well", func(context.Context) error { return nil }, nil, 3},
		} {
			err := db.Whole(t.Context(), sc, func(ctx context.Context, _ *store.Tx) error {
				before := seq(ctx)
				if err := errors.Join(add(ctx, sc), add(ctx, sc)); err != nil {
					return err
				}
				if n := seq(ctx); n != before+2 {
					t.Errorf("%s: a joined reading sees %d, want %d", c.name, n, before+2)
				}
				return c.then(ctx)
			})
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%s: Whole = %v, want %v", c.name, err, c.want)
			}
			if n := seq(t.Context()); n != c.kept {
				t.Errorf("%s: %d, want %d", c.name, n, c.kept)
			}
		}
		if err := db.Whole(t.Context(), sc, func(ctx context.Context, _ *store.Tx) error { return add(ctx, authz.Job(id.New())) }); err == nil {
			t.Error("another business's write was joined")
		}
		var left context.Context
		if err := db.Whole(t.Context(), sc, func(ctx context.Context, _ *store.Tx) error { left = ctx; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := add(left, sc); err != nil || seq(t.Context()) != 4 {
			t.Errorf("after its end the context joins nothing: %v, %d", err, seq(t.Context()))
		}
	})
}
