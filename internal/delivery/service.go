package delivery

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/delivery/deliverydb"
	"lapak/internal/fault"
	"lapak/internal/region"
	"lapak/internal/store"
)

// Service keeps the ways of shops and quotes their fees.
type Service struct {
	db    *store.DB
	q     deliverydb.Queries
	shops *business.Service
}

// New makes the service.
func New(db *store.DB, shops *business.Service) *Service { return &Service{db: db, shops: shops} }

// Settings returns the shop's ways; a shop that has set none has Initial.
func (s *Service) Settings(ctx context.Context, tx *store.Tx, sc authz.Scope) (Settings, error) {
	r, err := s.q.Ways(ctx, tx, sc.Business)
	if errors.Is(err, sql.ErrNoRows) {
		return Initial(), nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read ways: %w", err)
	}
	st := Settings{
		Pickup: r.Pickup, PickupPlace: r.PickupPlace, PickupReady: r.PickupReady, Own: r.Own, Promise: r.Promise,
		Tariff: Tariff{
			Kind: Kind(r.Kind), Flat: r.Flat, FreeFrom: r.FreeFrom, MinOrder: r.MinOrder, Included: r.IncludedKg, PerKg: r.PerKg, Tolerance: r.Tolerance,
		},
	}
	areas, err := s.q.Areas(ctx, tx, sc.Business)
	if err != nil {
		return Settings{}, fmt.Errorf("list areas: %w", err)
	}
	for _, a := range areas {
		st.Areas = append(st.Areas, Area{a.Code, a.Fee, a.Closed})
	}
	zones, err := s.q.Zones(ctx, tx, sc.Business)
	if err != nil {
		return Settings{}, fmt.Errorf("list zones: %w", err)
	}
	for _, z := range zones {
		st.Zones = append(st.Zones, Zone{z.Km, z.Fee})
	}
	return st, nil
}

// Get returns the ways for the owner's page.
func (s *Service) Get(ctx context.Context, sc authz.Scope) (Settings, error) {
	if err := sc.Can(authz.EditShop); err != nil {
		return Settings{}, err
	}
	var st Settings
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		st, err = s.Settings(ctx, tx, sc)
		return err
	})
	return st, err
}

type keptKey struct{}

// Quote lists the ways that goods of a weight and worth may take, with their
// fees. Without a village the own way, if the shop has it, comes with Unknown
// set. If the shop does not bring there, or not so little, the fault says so
// and comes with the ways that are left.
func (s *Service) Quote(ctx context.Context, tx *store.Tx, sc authz.Scope, to To, grams, goods int64) ([]Way, error) {
	st, err := store.Kept(tx, sc.Business, keptKey{}, func() (Settings, error) { return s.Settings(ctx, tx, sc) })
	if err != nil {
		return nil, err
	}
	shop, err := s.shops.Kept(ctx, tx, sc)
	if err != nil {
		return nil, err
	}
	return st.quote(shop, to, grams, goods)
}

func (s Settings) quote(shop business.Business, to To, grams, goods int64) ([]Way, error) {
	var list []Way
	if s.Pickup {
		list = append(list, Way{Key: Pickup, Note: s.pickupNote(shop)})
	}
	if !s.Own {
		return list, nil
	}
	if to.Village == "" {
		return append(list, Way{Key: Own, Fee: s.least(goods), Note: s.Promise, Unknown: true}), nil
	}
	fee, err := s.Fee(origin(shop), to.Village, to.point(), grams, goods)
	if err != nil {
		return list, err
	}
	return append(list, Way{Key: Own, Fee: fee, Note: s.Promise}), nil
}

// origin is where the shop's goods start.
func origin(shop business.Business) Point {
	lat, lng := shop.Lat, shop.Lng
	if !shop.Pinned {
		p := shop.Place()
		lat, lng = p.Lat, p.Lng
	}
	return Point{int64(lat * 1e6), int64(lng * 1e6)}
}

func (s Settings) pickupNote(shop business.Business) string {
	note := s.PickupPlace
	if note == "" {
		note = catalog.Clean(shop.Street + " " + shop.Landmark)
		if note != "" {
			note += ", "
		}
		note += shop.Town()
	}
	if s.PickupReady != "" {
		note += ". " + s.PickupReady
	}
	return note
}

// Try quotes the ways for the tester on the settings page.
func (s *Service) Try(ctx context.Context, sc authz.Scope, st Settings, village string, grams, goods int64) (Way, float64, error) {
	if err := sc.Can(authz.EditShop); err != nil {
		return Way{}, 0, err
	}
	shop, err := s.shops.Get(ctx, sc)
	if err != nil {
		return Way{}, 0, err
	}
	place, ok := region.Get(village)
	if !ok {
		return Way{}, 0, ErrVillage
	}
	st.Own = true
	list, err := st.quote(shop, To{Village: village}, grams, goods)
	km := Distance(origin(shop), place, nil)
	if err != nil {
		return Way{}, km, err
	}
	return list[len(list)-1], km, nil
}

// Put sets the shop's ways.
func (s *Service) Put(ctx context.Context, sc authz.Scope, st Settings) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	st.PickupPlace, st.PickupReady, st.Promise = catalog.Clean(st.PickupPlace), catalog.Clean(st.PickupReady), catalog.Clean(st.Promise)
	slices.SortFunc(st.Zones, func(a, b Zone) int { return cmp.Compare(a.Km, b.Km) })
	slices.SortFunc(st.Areas, func(a, b Area) int { return cmp.Compare(a.Code, b.Code) })
	if err := st.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		was, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		if err := s.put(ctx, tx, sc, st); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "delivery.changed", sc.Business, diff(was, st)); err != nil {
			return err
		}
		return s.shops.Touch(ctx, tx, sc)
	})
}

func (s *Service) put(ctx context.Context, tx *store.Tx, sc authz.Scope, st Settings) error {
	if err := s.q.PutWays(ctx, tx, deliverydb.PutWaysParams{
		BusinessID: sc.Business, Pickup: st.Pickup, PickupPlace: st.PickupPlace, PickupReady: st.PickupReady, Own: st.Own, Kind: string(st.Kind),
		Flat: st.Flat, FreeFrom: st.FreeFrom, MinOrder: st.MinOrder, IncludedKg: st.Included, PerKg: st.PerKg, Tolerance: st.Tolerance,
		Promise: st.Promise, UpdatedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("put ways: %w", err)
	}
	if err := s.q.DropAreas(ctx, tx, sc.Business); err != nil {
		return fmt.Errorf("drop areas: %w", err)
	}
	for _, a := range st.Areas {
		if err := s.q.InsertArea(ctx, tx, deliverydb.InsertAreaParams{BusinessID: sc.Business, Code: a.Code, Fee: a.Fee, Closed: a.Closed}); err != nil {
			return fmt.Errorf("insert area: %w", err)
		}
	}
	if err := s.q.DropZones(ctx, tx, sc.Business); err != nil {
		return fmt.Errorf("drop zones: %w", err)
	}
	for _, z := range st.Zones {
		if err := s.q.InsertZone(ctx, tx, deliverydb.InsertZoneParams{BusinessID: sc.Business, Km: z.Km, Fee: z.Fee}); err != nil {
			return fmt.Errorf("insert zone: %w", err)
		}
	}
	return nil
}

func diff(was, now Settings) audit.Diff {
	all := audit.Diff{
		"pickup": {From: was.Pickup, To: now.Pickup}, "own": {From: was.Own, To: now.Own}, "kind": {From: string(was.Kind), To: string(now.Kind)},
		"flat": {From: was.Flat, To: now.Flat}, "free_from": {From: was.FreeFrom, To: now.FreeFrom}, "min_order": {From: was.MinOrder, To: now.MinOrder},
		"included_kg": {From: was.Included, To: now.Included}, "per_kg": {From: was.PerKg, To: now.PerKg},
		"tolerance": {From: was.Tolerance, To: now.Tolerance},
		"areas":     {From: fmt.Sprint(was.Areas), To: fmt.Sprint(now.Areas)}, "zones": {From: fmt.Sprint(was.Zones), To: fmt.Sprint(now.Zones)},
	}
	for k, c := range all {
		if c.From == c.To {
			delete(all, k)
		}
	}
	return all
}

// Refused returns the fault that keeps a shop from bringing, if err is one.
func Refused(err error) *fault.Error {
	if errors.Is(err, ErrFar) || errors.Is(err, ErrLeast) || errors.Is(err, ErrVillage) {
		return fault.Of(err)
	}
	return nil
}

// Invariants are what must hold of ways at any time.
var Invariants = []store.Invariant{
	{Name: "a shop that brings by area or zone has one", SQL: `SELECT w.business_id FROM delivery_ways w WHERE w.own AND (
		w.kind = 'areas' AND NOT EXISTS (SELECT 1 FROM delivery_areas a WHERE a.business_id = w.business_id AND NOT a.closed)
		OR w.kind = 'zones' AND NOT EXISTS (SELECT 1 FROM delivery_zones z WHERE z.business_id = w.business_id))`},
}
