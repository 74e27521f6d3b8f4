package haul

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Fetch tells the other side of a pick-up how this one has it now.
type Fetch struct {
	Other  id.ID `json:"other"` // who tells
	Pickup id.ID `json:"pickup"`
}

// Kind names the job.
func (Fetch) Kind() string { return "haul.fetch" }

func askFetch(ctx context.Context, tx *store.Tx, from, to, pickup id.ID) error {
	return job.Put(ctx, tx, authz.Job(to), Fetch{from, pickup}, job.Unique(pickup.String()))
}

// pickupOf is the pick-up that the firm has of a parcel that comes in.
func (s *Service) pickupOf(ctx context.Context, tx *store.Tx, sc authz.Scope, told Link) (id.ID, error) {
	if told.Pickup.IsZero() {
		return id.ID{}, nil
	}
	_, err := s.pickup(ctx, tx, sc, told.Pickup, false)
	if errors.Is(err, ErrNotFound) {
		return id.ID{}, nil // it comes with its own message
	}
	return told.Pickup, err
}

// asked moves a parcel on that is to be fetched.
func (s *Service) asked(ctx context.Context, tx *store.Tx, sc authz.Scope, l Link) error {
	if l.Pickup.IsZero() {
		return nil
	}
	p, err := s.pickup(ctx, tx, sc, l.Pickup, false)
	if err != nil {
		return err
	}
	now, err := s.Parcels.GetTx(ctx, tx, sc, l.Parcel)
	if err != nil {
		return err
	}
	if now.Status == carrier.Ready {
		if err := s.do(ctx, tx, sc, l.Parcel, parcel.Move{Act: parcel.ActAsk}); err != nil {
			return err
		}
	}
	if p.Courier.IsZero() {
		return nil
	}
	return s.assign(ctx, tx, sc, l.Token, p.Courier)
}

// fetch takes in how the other side has a pick-up.
func (s *Service) fetch(ctx context.Context, sc authz.Scope, a Fetch) error {
	theirs := authz.Job(a.Other)
	var told Pickup
	err := s.db.View(ctx, theirs, func(tx *store.Tx) (err error) {
		told, err = s.pickup(ctx, tx, theirs, a.Pickup, false)
		return err
	})
	if errors.Is(err, ErrNotFound) || err == nil && told.Other != sc.Business {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		p, err := s.pickup(ctx, tx, sc, a.Pickup, true)
		if errors.Is(err, ErrNotFound) {
			if told.Firm {
				return nil
			}
			if t, err := s.getTie(ctx, tx, sc, a.Other); err != nil || !t.Firm {
				return nil //nolint:nilerr // who has no tie asks for nothing
			}
			p = Pickup{ID: told.ID, Other: a.Other, Firm: true, At: told.At}
		} else if err != nil {
			return err
		}
		if p.Firm == told.Firm {
			return nil
		}
		if p.Firm {
			return s.calledFor(ctx, tx, sc, p, told)
		}
		return s.cameFor(ctx, tx, sc, p, told)
	})
}

// calledFor is what a firm hears of a pick-up.
func (s *Service) calledFor(ctx context.Context, tx *store.Tx, sc authz.Scope, p, told Pickup) error {
	p.GivenAt = told.GivenAt
	for _, t := range told.Items {
		n := slices.IndexFunc(p.Items, func(i Item) bool { return i.Token == t.Token })
		if n < 0 {
			p.Items = append(p.Items, Item{Token: t.Token, Given: t.Given})
			continue
		}
		p.Items[n].Given = t.Given
	}
	if err := s.putPickup(ctx, tx, sc, p); err != nil {
		return err
	}
	if p.TakenAt != nil {
		return nil
	}
	for _, i := range p.Items {
		if _, err := s.q.SetPickup(ctx, tx, hauldb.SetPickupParams{BusinessID: sc.Business, Token: i.Token, PickupID: p.ID.Null()}); err != nil {
			return fmt.Errorf("set pick-up: %w", err)
		}
		l, err := s.link(ctx, tx, sc, i.Token)
		if errors.Is(err, ErrNotFound) {
			continue // its own message comes later
		}
		if err != nil {
			return err
		}
		if err := s.asked(ctx, tx, sc, l); err != nil {
			return err
		}
	}
	return nil
}

// cameFor is what a shop hears of a pick-up.
func (s *Service) cameFor(ctx context.Context, tx *store.Tx, sc authz.Scope, p, told Pickup) error {
	p.TakenAt, p.Share = told.TakenAt, told.Share
	for n, i := range p.Items {
		k := slices.IndexFunc(told.Items, func(t Item) bool { return t.Token == i.Token })
		if k < 0 {
			continue
		}
		p.Items[n].Taken, p.Items[n].Share = told.Items[k].Taken, told.Items[k].Share
		if told.TakenAt != nil && !told.Items[k].Taken {
			if err := s.free(ctx, tx, sc, p, i); err != nil {
				return err
			}
		}
	}
	return s.putPickup(ctx, tx, sc, p)
}
