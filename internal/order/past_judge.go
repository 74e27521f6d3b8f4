package order

import (
	"context"
	"fmt"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/order/orderdb"
	"lapak/internal/store"
)

// JudgePast says what TakePast would make of each paper, or why it would refuse
// one. It changes nothing.
func (s *Service) JudgePast(ctx context.Context, sc authz.Scope, batch []Past) (came []Came, refused []error, err error) {
	if err := sc.Can(authz.ImportOrders); err != nil {
		return nil, nil, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		in := &importing{s: s, tx: tx, sc: sc}
		came, refused = make([]Came, len(batch)), make([]error, len(batch))
		there, err := in.there(ctx, batch)
		if err != nil {
			return err
		}
		for i, p := range batch {
			if came[i], refused[i], err = in.judge(ctx, p, there); err != nil {
				return err
			}
		}
		return nil
	})
	return came, refused, err
}

// judge compares a paper with what is there.
func (in *importing) judge(ctx context.Context, p Past, there map[id.ID]orderdb.OrderPaper) (came Came, refused, err error) {
	if err := p.Validate(); err != nil {
		return "", err, nil
	}
	r, known := there[p.mark()]
	switch {
	case !known:
		ours, err := in.ours(ctx, p)
		if ours {
			return Stayed, nil, err
		}
		return CameNew, nil, err
	case r.Hash == p.hash():
		return Stayed, nil, nil
	case Kind(r.Kind) != p.Kind:
		return "", ErrPastKind, nil
	case p.Kind == Sale:
		was, err := in.s.q.Get(ctx, in.tx, orderdb.GetParams{BusinessID: in.sc.Business, ID: r.ID})
		if err != nil {
			return "", nil, fmt.Errorf("read order: %w", err)
		}
		if p.State.far() < State(was.State).far() {
			return Stayed, nil, nil
		}
	}
	return Moved, nil, nil
}

// there are the papers of a batch that the shop has already.
func (in *importing) there(ctx context.Context, batch []Past) (map[id.ID]orderdb.OrderPaper, error) {
	marks := make([]id.ID, len(batch))
	for i, p := range batch {
		marks[i] = p.mark()
	}
	rows, err := in.s.q.Papers(ctx, in.tx, orderdb.PapersParams{BusinessID: in.sc.Business, Marks: store.IDs(marks)})
	if err != nil {
		return nil, fmt.Errorf("find papers: %w", err)
	}
	there := make(map[id.ID]orderdb.OrderPaper, len(rows))
	for _, r := range rows {
		there[r.Mark] = r
	}
	return there, nil
}
