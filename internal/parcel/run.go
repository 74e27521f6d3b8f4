package parcel

import (
	"context"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/route"
	"lapak/internal/store"
)

// minutesPerStop is how long a courier stays at a door.
const minutesPerStop = 5

// Sort puts what a courier has with them into a short order, beginning at the
// shop and keeping the times that were promised where that can be done, and
// returns the run. Couriers sort their own.
func (s *Service) Sort(ctx context.Context, sc authz.Scope, courier id.ID) ([]Parcel, error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return nil, err
	}
	if sc.Role == authz.Courier {
		courier = sc.Actor
	}
	var list []Parcel
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		shop, err := s.Shops.Kept(ctx, tx, sc)
		if err != nil {
			return err
		}
		rows, err := s.q.OfCourier(ctx, tx, parceldb.OfCourierParams{BusinessID: sc.Business, CourierID: courier.Null(), Most: MaxRun})
		if err != nil {
			return fmt.Errorf("list run: %w", err)
		}
		list = nil
		var rest []Parcel
		for _, r := range rows {
			if p := row(r); p.toSort() {
				list = append(list, p)
			} else {
				rest = append(rest, p)
			}
		}
		start := route.Point{LatE6: int64(shop.Lat * 1e6), LngE6: int64(shop.Lng * 1e6)}
		if !shop.Pinned {
			at := shop.Place()
			start = route.Point{LatE6: int64(at.Lat * 1e6), LngE6: int64(at.Lng * 1e6)}
		}
		list = sorted(list, start, tx.Now)
		for i, p := range list {
			if p.Place == int64(i+1) {
				continue
			}
			list[i].Place = int64(i + 1)
			if err := s.q.SetPlace(ctx, tx, parceldb.SetPlaceParams{BusinessID: sc.Business, ID: p.ID, Place: int64(i + 1)}); err != nil {
				return fmt.Errorf("set place: %w", err)
			}
		}
		list = append(list, rest...)
		return nil
	})
	return list, err
}

// toSort reports whether the parcel is a stop that is still to come.
func (p Parcel) toSort() bool {
	switch p.Status {
	case carrier.PickedUp, carrier.OutForDelivery, carrier.AtHub, carrier.InTransit:
		return true
	}
	return false
}

// At is where the parcel goes: to the point that its receiver gave, else to
// the middle of the village.
func (p Parcel) At() route.Point {
	if p.LatE6 != nil && p.LngE6 != nil {
		return route.Point{LatE6: *p.LatE6, LngE6: *p.LngE6}
	}
	v := p.Region()
	return route.Point{LatE6: int64(v.Lat * 1e6), LngE6: int64(v.Lng * 1e6)}
}

func sorted(list []Parcel, start route.Point, now time.Time) []Parcel {
	local := now.In(i18n.WIB)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, i18n.WIB)
	minute := func(t *time.Time, other int) int {
		if t == nil {
			return other
		}
		return min(max(0, int(t.Sub(midnight)/time.Minute)), 2*24*60)
	}
	stops := make([]route.Stop, len(list))
	for i, p := range list {
		stops[i] = route.Stop{Point: p.At(), From: minute(p.DueFrom, 0), Until: minute(p.DueUntil, 0)}
	}
	order, _, _ := route.Plan(start, stops, route.Opts{PerStop: minutesPerStop, Depart: int(now.Sub(midnight) / time.Minute)})
	out := make([]Parcel, len(order))
	for i, n := range order {
		out[i] = list[n]
	}
	return out
}

// DoneToday tells how many parcels the person delivered since midnight.
func (s *Service) DoneToday(ctx context.Context, sc authz.Scope) (int, error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return 0, err
	}
	n := 0
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		local := tx.Now.In(i18n.WIB)
		since := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, i18n.WIB).UTC()
		rows, err := s.q.DoneBy(ctx, tx, parceldb.DoneByParams{BusinessID: sc.Business, CourierID: sc.Actor.Null(), Since: &since, Most: 500})
		n = len(rows)
		if err != nil {
			return fmt.Errorf("list what was delivered: %w", err)
		}
		return nil
	})
	return n, err
}
