package store

import (
	"context"
	"errors"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
)

type wholeKey struct{}

// whole is a transaction that others join.
type whole struct {
	tx       *Tx
	business id.ID
	err      error // why it can only be given up
}

var errOther = errors.New("store: a transaction of one business was joined for another")

// Whole runs fn in a transaction like Tx, and under a context by which every
// Tx and View that fn brings about joins it: services that each have a
// transaction of their own then do their work in one, together with what fn
// itself writes. What is joined goes wrong as a whole: after an error of a
// joined Tx nothing is kept, whatever fn makes of that error.
func (db *DB) Whole(ctx context.Context, sc authz.Scope, fn func(ctx context.Context, tx *Tx) error) error {
	return db.Tx(ctx, sc, func(tx *Tx) error {
		w := &whole{tx: tx, business: sc.Business}
		if err := fn(context.WithValue(ctx, wholeKey{}, w), tx); err != nil {
			return err
		}
		return w.err
	})
}

// joined is the transaction that ctx belongs to, if it still runs.
func joined(ctx context.Context) *whole {
	w, _ := ctx.Value(wholeKey{}).(*whole)
	if w == nil || w.tx.over.Load() {
		return nil
	}
	return w
}

func (w *whole) run(sc authz.Scope, writes bool, fn func(*Tx) error) error {
	if w.err != nil {
		return w.err
	}
	if !sc.Business.IsZero() && sc.Business != w.business {
		w.err = errOther
		return w.err
	}
	err := fn(w.tx)
	if err != nil && (writes || fault.Of(err) == nil) {
		w.err = err
	}
	return err
}
