package outbox

import (
	"context"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/outbox/outboxdb"
	"lapak/internal/store"
)

// next does the acts of a phone that waited for others.
type next struct {
	Person id.ID `json:"person"`
	Device id.ID `json:"device"`
}

// Kind names the job.
func (next) Kind() string { return "outbox.next" }

// sweep empties what was answered long ago.
type sweep struct{}

// Kind names the job that sweeps one business's acts.
func (sweep) Kind() string { return "outbox.sweep" }

// Jobs gives the runner the jobs of this package.
func (s *Service) Jobs(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, a next) error {
		more, err := s.follow(ctx, sc, a.Person, a.Device, perJob)
		if err != nil || !more {
			return err
		}
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.putNext(ctx, tx, sc.Business, a.Person, a.Device) })
	})
	job.Handle(r, func(ctx context.Context, sc authz.Scope, _ sweep) error { return s.Sweep(ctx, sc) })
}

// sweepLater keeps one sweep waiting for a business that has acts.
func (s *Service) sweepLater(ctx context.Context, tx *store.Tx, sc authz.Scope, at time.Time) error {
	return job.Put(ctx, tx, authz.Job(sc.Business), sweep{}, job.At(at), job.Unique("outbox.sweep:"+sc.Business.String()))
}

// Sweep takes out of acts answered 90 days ago what people wrote, and their
// photos unless the handler handed them on. The rows stay, so that a phone
// that was long in a drawer still has its answers. It also finds parked acts
// whose turn came unseen.
func (s *Service) Sweep(ctx context.Context, sc authz.Scope) error {
	for full := true; full; {
		err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			before := tx.Now.Add(-keptFor)
			rows, err := s.q.Old(ctx, tx, outboxdb.OldParams{BusinessID: sc.Business, Before: &before, Most: perJob})
			if err != nil {
				return fmt.Errorf("list old acts: %w", err)
			}
			full = len(rows) == perJob
			for _, r := range rows {
				if err := s.empty(ctx, tx, sc, r.ID, r.PhotoID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		phones, err := s.q.Forgotten(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("look for forgotten acts: %w", err)
		}
		for _, p := range phones {
			if err := s.putNext(ctx, tx, sc.Business, p.PersonID, p.DeviceID); err != nil {
				return err
			}
		}
		n, err := s.q.Left(ctx, tx, sc.Business)
		if err != nil || n == 0 {
			return err
		}
		return s.sweepLater(ctx, tx, sc, tx.Now.Add(sweepStep))
	})
}

func (s *Service) empty(ctx context.Context, tx *store.Tx, sc authz.Scope, act id.ID, photo *id.ID) error {
	if photo != nil {
		if err := s.blobs.EndPrivate(ctx, tx, sc, act, *photo); err != nil {
			return err
		}
	}
	if err := s.q.Empty(ctx, tx, outboxdb.EmptyParams{BusinessID: sc.Business, ID: act, Now: &tx.Now}); err != nil {
		return fmt.Errorf("empty act: %w", err)
	}
	return nil
}

// Erase takes out of all acts about an object what people wrote, when what the
// object holds of a person is erased. What still waited for a choice is laid aside.
func (s *Service) Erase(ctx context.Context, tx *store.Tx, sc authz.Scope, object id.ID) error {
	rows, err := s.q.About(ctx, tx, outboxdb.AboutParams{BusinessID: sc.Business, ObjectID: object.Null()})
	if err != nil {
		return fmt.Errorf("list acts of an object: %w", err)
	}
	for _, r := range rows {
		if err := s.empty(ctx, tx, sc, r.ID, r.PhotoID); err != nil {
			return err
		}
	}
	return nil
}
