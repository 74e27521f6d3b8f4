package parcel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/store"
)

// Filter says which parcels a page of all of them has.
type Filter struct {
	Tab    Tab   // empty: all
	Order  id.ID // of this order alone
	Before id.ID // the last one of the page before; zero: the first page
	Max    int
}

// Page lists parcels, the newest first. A parcel's place is its id's, so that
// what moves on while somebody reads is neither missed nor seen twice.
func (s *Service) Page(ctx context.Context, sc authz.Scope, f Filter) (list []Parcel, more bool, err error) {
	if err := sc.Can(authz.SeeParcels); err != nil {
		return nil, false, err
	}
	if f.Max <= 0 || f.Max > MaxPage {
		f.Max = MaxPage
	}
	if f.Before.IsZero() {
		f.Before = lastID
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		list, err = s.page(ctx, tx, sc, f)
		return err
	})
	if more = len(list) > f.Max; more {
		list = list[:f.Max]
	}
	return list, more, err
}

// lastID comes after every id.
var lastID = id.ID(bytes.Repeat([]byte{0xff}, len(id.ID{})))

// page reads one parcel more than asked for.
func (s *Service) page(ctx context.Context, tx *store.Tx, sc authz.Scope, f Filter) ([]Parcel, error) {
	var list []Parcel
	add := func(rows []parceldb.Parcel, err error) error {
		for _, r := range rows {
			list = append(list, row(r))
		}
		if err != nil {
			return fmt.Errorf("list parcels: %w", err)
		}
		return nil
	}
	most := int32(f.Max + 1)
	var err error
	switch {
	case !f.Order.IsZero():
		if err = add(s.q.OfOrder(ctx, tx, parceldb.OfOrderParams{BusinessID: sc.Business, OrderID: f.Order.Null()})); err == nil {
			list = slices.DeleteFunc(list, func(p Parcel) bool {
				return bytes.Compare(p.ID[:], f.Before[:]) >= 0 || f.Tab != "" && TabOf(p.Status) != f.Tab
			})
		}
	case f.Tab == "":
		err = add(s.q.ListByID(ctx, tx, parceldb.ListByIDParams{BusinessID: sc.Business, BeforeID: f.Before, Most: most}))
	default:
		for _, st := range tabs[f.Tab] {
			err = errors.Join(err, add(s.q.ListByStatusID(ctx, tx, parceldb.ListByStatusIDParams{
				BusinessID: sc.Business, Status: string(st), BeforeID: f.Before, Most: most,
			})))
		}
	}
	slices.SortFunc(list, func(a, b Parcel) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return list[:min(len(list), f.Max+1)], err
}
