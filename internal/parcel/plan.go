package parcel

import (
	"context"
	"fmt"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// Part is what of an order goes into one parcel: pieces of each of its lines.
type Part struct {
	Lines []int64 // nil: all
	Grams int64   // weighed; 0: what the goods weigh
}

func (p Part) of(line int) int64 {
	if line >= len(p.Lines) {
		return 0
	}
	return p.Lines[line]
}

// whole is the part that holds all of an order.
func whole(o order.Order) Part {
	var p Part
	for _, l := range o.Lines {
		p.Lines = append(p.Lines, l.Quantity)
	}
	return p
}

// Ensure makes the one parcel of an order that has none yet.
func (s *Service) Ensure(ctx context.Context, sc authz.Scope, order id.ID) ([]Parcel, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return nil, err
	}
	var list []Parcel
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		o, err := s.Orders.Lock(ctx, tx, sc, order)
		if err != nil {
			return err
		}
		list, err = s.ensure(ctx, tx, sc, o)
		return err
	})
	return list, err
}

// sendable reports whether an order can have parcels.
func sendable(o order.Order) bool {
	return o.Way.Brought() && !o.Channel.Past() && o.State != order.Placed && !o.State.Over()
}

func (s *Service) ensure(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order) ([]Parcel, error) {
	list, err := s.ofOrder(ctx, tx, sc, o.ID)
	if err != nil || len(list) > 0 {
		return list, err
	}
	if !sendable(o) {
		return nil, order.ErrState
	}
	st, err := s.Settings(ctx, tx, sc)
	if err != nil {
		return nil, err
	}
	p, err := s.make(ctx, tx, sc, o, 1, whole(o), st)
	return []Parcel{p}, err
}

func (s *Service) ofOrder(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) ([]Parcel, error) {
	rows, err := s.q.OfOrder(ctx, tx, parceldb.OfOrderParams{BusinessID: sc.Business, OrderID: order.Null()})
	if err != nil {
		return nil, fmt.Errorf("list parcels: %w", err)
	}
	list := make([]Parcel, len(rows))
	for i, r := range rows {
		list[i] = row(r)
	}
	return list, nil
}

// Goods is a Part told by what is in it.
type Goods struct {
	Wants []stock.Want
	Grams int64
}

// of lays the goods over the lines of an order, each over the first lines that
// have them left.
func (g Goods) of(o order.Order, left []int64) (Part, error) {
	p := Part{Lines: make([]int64, len(o.Lines)), Grams: g.Grams}
	for _, w := range g.Wants {
		for i, l := range o.Lines {
			if l.Variant != w.Variant || w.Quantity <= 0 {
				continue
			}
			n := min(w.Quantity, left[i])
			p.Lines[i] += n
			left[i] -= n
			w.Quantity -= n
		}
		if w.Quantity != 0 {
			return p, ErrSplit
		}
	}
	return p, nil
}

// SplitBy is Split for who knows the goods, not the lines.
func (s *Service) SplitBy(ctx context.Context, sc authz.Scope, which id.ID, goods []Goods) ([]Parcel, error) {
	return s.split(ctx, sc, which, func(o order.Order) ([]Part, error) {
		left := whole(o).Lines
		parts := make([]Part, len(goods))
		for i, g := range goods {
			var err error
			if parts[i], err = g.of(o, left); err != nil {
				return nil, err
			}
		}
		return parts, nil
	})
}

// Split makes the parcels of an order anew: several, or one again. It fits
// while none of them has left; the parts hold each piece once.
func (s *Service) Split(ctx context.Context, sc authz.Scope, which id.ID, parts []Part) ([]Parcel, error) {
	return s.split(ctx, sc, which, func(order.Order) ([]Part, error) { return parts, nil })
}

func (s *Service) split(ctx context.Context, sc authz.Scope, which id.ID, plan func(order.Order) ([]Part, error)) ([]Parcel, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return nil, err
	}
	var list []Parcel
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		list = nil
		o, err := s.Orders.Lock(ctx, tx, sc, which)
		if err != nil {
			return err
		}
		parts, err := plan(o)
		if err != nil {
			return err
		}
		if err := fits(o, parts); err != nil {
			return err
		}
		was, err := s.ofOrder(ctx, tx, sc, which)
		if err != nil {
			return err
		}
		for _, p := range was {
			if p.Status != carrier.Draft && p.Status != carrier.Ready {
				return ErrState.With(p.Status)
			}
			if err := s.drop(ctx, tx, sc, p.ID); err != nil {
				return err
			}
		}
		if err := s.remade(ctx, tx, sc, was, Parcel{}); err != nil {
			return err
		}
		st, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		for i, part := range parts {
			p, err := s.make(ctx, tx, sc, o, int64(i+1), part, st)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		return audit.Note(ctx, tx, sc, "parcel.split", o.ID, audit.Diff{"parcels": {From: len(was), To: len(list)}})
	})
	return list, err
}

// fits reports whether parts hold each piece of an order once.
func fits(o order.Order, parts []Part) error {
	if !sendable(o) {
		return order.ErrState
	}
	if len(parts) == 0 || len(parts) > MaxParcels {
		return ErrSplit
	}
	for i, l := range o.Lines {
		var sum int64
		for _, p := range parts {
			if p.of(i) < 0 || p.of(i) > l.Quantity {
				return ErrSplit
			}
			sum += p.of(i)
		}
		if sum != l.Quantity {
			return ErrSplit
		}
	}
	for _, p := range parts {
		var any int64
		for i := range o.Lines {
			any += p.of(i)
		}
		if any == 0 || len(p.Lines) > len(o.Lines) || p.Grams < 0 || p.Grams > 1_000_000 {
			return ErrSplit
		}
	}
	return nil
}

// drop takes a parcel away that never left, and what pointed to it.
func (s *Service) drop(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) error {
	if s.MayDrop != nil {
		if err := s.MayDrop(ctx, tx, sc, parcel); err != nil {
			return err
		}
	}
	if err := s.q.DropLinks(ctx, tx, parceldb.DropLinksParams{BusinessID: sc.Business, ParcelID: parcel}); err != nil {
		return fmt.Errorf("drop links: %w", err)
	}
	if err := s.q.DropEvents(ctx, tx, parceldb.DropEventsParams{BusinessID: sc.Business, ParcelID: parcel}); err != nil {
		return fmt.Errorf("drop events: %w", err)
	}
	if err := s.q.DropLines(ctx, tx, parceldb.DropLinesParams{BusinessID: sc.Business, ParcelID: parcel}); err != nil {
		return fmt.Errorf("drop lines: %w", err)
	}
	if err := s.q.Drop(ctx, tx, parceldb.DropParams{BusinessID: sc.Business, ID: parcel}); err != nil {
		return fmt.Errorf("drop parcel: %w", err)
	}
	return nil
}
