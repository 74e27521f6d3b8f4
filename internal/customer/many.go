package customer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer/customerdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Same reports whether a change would leave a customer as they are.
func (c Change) Same(have Customer) bool {
	c = c.clean()
	return c.Name == have.Name && c.Phone == have.Phone && c.Note == have.Note && slices.Equal(tags(c.Tags), have.Tags)
}

// TagList is the tags of a change, each once.
func (c Change) TagList() []string { return tags(c.Tags) }

// ByPhones finds the customers of E.164 numbers, with Promo, in two queries.
func (s *Service) ByPhones(ctx context.Context, sc authz.Scope, numbers []string) (map[string]Customer, error) {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return nil, err
	}
	out := map[string]Customer{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(out)
		var ids []id.ID
		for n := range slices.Chunk(numbers, 200) {
			rows, err := s.q.ByPhones(ctx, tx, customerdb.ByPhonesParams{BusinessID: sc.Business, Phones: store.Texts(n)})
			if err != nil {
				return fmt.Errorf("list customers: %w", err)
			}
			for _, r := range rows {
				out[r.Phone] = row(r)
				ids = append(ids, r.ID)
			}
		}
		has, err := s.consenting(ctx, tx, sc, ids)
		if err != nil {
			return err
		}
		for n, c := range out {
			c.Promo = has[c.ID]
			out[n] = c
		}
		return nil
	})
	return out, err
}

// TakeConsent keeps a consent that the shop was given before, elsewhere, on the
// day at, or takes one away.
func (s *Service) TakeConsent(ctx context.Context, sc authz.Scope, customer id.ID, yes bool, at time.Time) error {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		c, err := s.get(ctx, tx, sc, customer)
		if err != nil {
			return err
		}
		switch {
		case c.ErasedAt != nil:
			return ErrErased
		case yes && !at.After(tx.Now):
			return s.consentAt(ctx, tx, sc, customer, "file", "owner", at.UTC().Truncate(time.Microsecond))
		case yes:
			return s.consent(ctx, tx, sc, customer, "file", "owner")
		}
		return s.withdraw(ctx, tx, sc, customer, "owner")
	})
}

// Each gives every customer who is not erased, with the day on which they
// agreed to be written to, if they do; those first seen come first.
func (s *Service) Each(ctx context.Context, sc authz.Scope, fn func(Customer, time.Time) error) error {
	if err := sc.Can(authz.ExportCustomers); err != nil {
		return err
	}
	var after id.ID
	for {
		var page []Customer
		since := map[id.ID]time.Time{}
		err := s.db.View(ctx, sc, func(tx *store.Tx) error {
			page = nil
			clear(since)
			rows, err := s.q.All(ctx, tx, customerdb.AllParams{BusinessID: sc.Business, After: after, Most: 200})
			if err != nil {
				return fmt.Errorf("list customers: %w", err)
			}
			ids := make([]id.ID, len(rows))
			for i, r := range rows {
				page, ids[i] = append(page, row(r)), r.ID
			}
			given, err := s.q.ConsentedSince(ctx, tx, customerdb.ConsentedSinceParams{BusinessID: sc.Business, Purpose: string(Promo), Customers: store.IDs(ids)})
			if err != nil {
				return fmt.Errorf("list consents: %w", err)
			}
			for _, g := range given {
				since[g.CustomerID] = g.GivenAt
			}
			return nil
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, c := range page {
			after = c.ID
			if c.ErasedAt != nil || strings.TrimSpace(c.Phone) == "" {
				continue
			}
			_, c.Promo = since[c.ID]
			if err := fn(c, since[c.ID]); err != nil {
				return err
			}
		}
	}
}
