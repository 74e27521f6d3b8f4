package parcel

import (
	"context"
	"fmt"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/region"
	"lapak/internal/route"
	"lapak/internal/store"
)

// elsewhere is from how many kilometres on a parcel is worth another courier's way.
const elsewhere = 3.0

// maxOpen bounds the stops that a suggestion looks at.
const maxOpen = 500

// Suggest proposes who brings each of the parcels: whoever has a stop nearest to
// it, as long as they do not carry much more than the others. Couriers without
// stops begin with the parcel that is farthest from everybody's. Parcels
// that have somebody, or go by a carrier, are left out.
func (s *Service) Suggest(ctx context.Context, sc authz.Scope, list []Parcel, couriers []id.ID) (map[id.ID]id.ID, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return nil, err
	}
	var stops []Parcel
	if err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		stops = nil
		rows, err := s.q.OpenStops(ctx, tx, parceldb.OpenStopsParams{BusinessID: sc.Business, Most: maxOpen})
		if err != nil {
			return fmt.Errorf("list stops: %w", err)
		}
		for _, r := range rows {
			stops = append(stops, row(r))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return suggest(list, stops, couriers), nil
}

func suggest(list, stops []Parcel, couriers []id.ID) map[id.ID]id.ID {
	where := map[id.ID][]route.Point{}
	for _, p := range stops {
		if slices.Contains(couriers, p.Courier) {
			where[p.Courier] = append(where[p.Courier], p.At())
		}
	}
	var open []Parcel
	for _, p := range list {
		if p.Carrier == Own && p.Courier.IsZero() && slices.Contains(before, p.Status) {
			open = append(open, p)
		}
	}
	out := map[id.ID]id.ID{}
	if len(couriers) == 0 {
		return out
	}
	total := len(open)
	for _, l := range where {
		total += len(l)
	}
	most := (total+len(couriers)-1)/len(couriers) + 2 // a fair share, and a little more for who is there anyway
	give := func(i int, c id.ID) {
		out[open[i].ID] = c
		where[c] = append(where[c], open[i].At())
		open = slices.Delete(open, i, i+1)
	}
	for len(open) > 0 {
		// Who has no stop yet begins where nobody else goes.
		if c := slices.IndexFunc(couriers, func(c id.ID) bool { return len(where[c]) == 0 }); c >= 0 {
			far, way := 0, -1.0
			for i, p := range open {
				if d := apart(p.At(), where); d > way {
					far, way = i, d
				}
			}
			if len(where) == 0 || way > elsewhere {
				give(far, couriers[c])
				continue
			}
		}
		// The pair that is nearest goes first, so that clusters stay together.
		best, who, way := 0, id.ID{}, -1.0
		for _, c := range couriers {
			if len(where[c]) == 0 && len(where) > 0 && !full(where, couriers, most) || len(where[c]) >= most {
				continue
			}
			for i, p := range open {
				if d := nearest(p.At(), where[c]); way < 0 || d < way {
					best, who, way = i, c, max(0, d)
				}
			}
		}
		give(best, who)
	}
	return out
}

// full reports whether all who have stops have enough.
func full(where map[id.ID][]route.Point, couriers []id.ID, most int) bool {
	return !slices.ContainsFunc(couriers, func(c id.ID) bool { return len(where[c]) > 0 && len(where[c]) < most })
}

// nearest is how many kilometres it is to the nearest of the stops; below zero: there is none.
func nearest(at route.Point, stops []route.Point) float64 {
	way := -1.0
	for _, s := range stops {
		d := region.Km(float64(at.LatE6)/1e6, float64(at.LngE6)/1e6, float64(s.LatE6)/1e6, float64(s.LngE6)/1e6)
		if way < 0 || d < way {
			way = d
		}
	}
	return way
}

// apart is how far a place is from everybody's stops.
func apart(at route.Point, where map[id.ID][]route.Point) float64 {
	way := -1.0
	for _, stops := range where {
		if d := nearest(at, stops); d >= 0 && (way < 0 || d < way) {
			way = d
		}
	}
	return max(0, way)
}
