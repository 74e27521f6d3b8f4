package delivery

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/delivery/deliverydb"
	"lapak/internal/fault"
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
			Divisor: r.Divisor,
		},
		Schedule: Schedule{Cutoff: r.Cutoff, DayBefore: r.DayBefore, PerDay: r.PerDay},
	}
	for i := range st.Days {
		st.Days[i] = r.Days>>i&1 == 1
	}
	areas, err := s.q.Areas(ctx, tx, sc.Business)
	if err != nil {
		return Settings{}, fmt.Errorf("list areas: %w", err)
	}
	for _, a := range areas {
		st.Areas = append(st.Areas, Area(a))
	}
	slices.SortFunc(st.Areas, func(a, b Area) int { return cmp.Compare(a.Code, b.Code) }) // as Go compares, whatever the database's language
	zones, err := s.q.Zones(ctx, tx, sc.Business)
	if err != nil {
		return Settings{}, fmt.Errorf("list zones: %w", err)
	}
	for _, z := range zones {
		st.Zones = append(st.Zones, Zone(z))
	}
	steps, err := s.q.Steps(ctx, tx, sc.Business)
	if err != nil {
		return Settings{}, fmt.Errorf("list steps: %w", err)
	}
	for _, p := range steps {
		st.Steps = append(st.Steps, Step(p))
	}
	hours, err := s.q.Windows(ctx, tx, sc.Business)
	if err != nil {
		return Settings{}, fmt.Errorf("list windows: %w", err)
	}
	for _, h := range hours {
		st.Hours = append(st.Hours, Hours{h.FromMinute, h.UntilMinute, h.Most})
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

// kept returns the shop and its ways, from memory if they are there.
func (s *Service) kept(ctx context.Context, tx *store.Tx, sc authz.Scope) (Settings, business.Business, error) {
	st, err := store.Kept(tx, sc.Business, keptKey{}, func() (Settings, error) { return s.Settings(ctx, tx, sc) })
	if err != nil {
		return Settings{}, business.Business{}, err
	}
	shop, err := s.shops.Kept(ctx, tx, sc)
	return st, shop, err
}

// Quote lists the ways that a load may take, with their fees and when it can
// come. Without a village the own way, if the shop has it, comes with Unknown
// set. If the shop does not bring there, or not so little, the fault says so and
// comes with the ways that are left; with ErrFull come all of them, for a shop
// that brings without a promise.
func (s *Service) Quote(ctx context.Context, tx *store.Tx, sc authz.Scope, to To, l Load) ([]Way, error) {
	st, shop, err := s.kept(ctx, tx, sc)
	if err != nil {
		return nil, err
	}
	list, err := st.quote(shop, to, l)
	if err != nil || len(list) == 0 || list[len(list)-1].Key != Own {
		return list, err
	}
	own := &list[len(list)-1]
	own.Windows, err = s.windows(ctx, tx, sc, st.Schedule, shop, l.ReadyDays)
	return list, err
}

func (s Settings) quote(shop business.Business, to To, l Load) ([]Way, error) {
	var list []Way
	if s.Pickup {
		list = append(list, Way{Key: Pickup, Note: s.pickupNote(shop)})
	}
	if !s.Own {
		return list, nil
	}
	if to.Village == "" {
		return append(list, Way{Key: Own, Fee: s.least(l.Goods), Note: s.Promise, Unknown: true}), nil
	}
	fee, err := s.Fee(origin(shop), to.Village, to.point(), l)
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

// Trial is what the tester on the settings page answers.
type Trial struct {
	Reckoning
	Windows []Window
	Loc     *time.Location // the clock of the shop
	Now     time.Time
	Full    bool // no hours have room
}

// Try reckons what bringing a load to a village costs, how that comes about and
// when it would come.
func (s *Service) Try(ctx context.Context, sc authz.Scope, village string, l Load) (Trial, error) {
	if err := sc.Can(authz.EditShop); err != nil {
		return Trial{}, err
	}
	var t Trial
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		st, shop, err := s.kept(ctx, tx, sc)
		if err != nil {
			return err
		}
		t = Trial{Loc: shop.Location(), Now: tx.Now}
		if t.Reckoning, err = st.Reckon(origin(shop), village, nil, l); err != nil {
			return err
		}
		t.Windows, err = s.windows(ctx, tx, sc, st.Schedule, shop, l.ReadyDays)
		if t.Full = errors.Is(err, ErrFull); t.Full {
			return nil
		}
		return err
	})
	return t, err
}

// Put sets the shop's ways.
func (s *Service) Put(ctx context.Context, sc authz.Scope, st Settings) error {
	return s.Edit(ctx, sc, func(to *Settings) error {
		*to = st
		return nil
	})
}

// Edit changes the shop's ways as fn says from how they stand. Nobody else
// changes them meanwhile: what fn leaves alone stays.
func (s *Service) Edit(ctx context.Context, sc authz.Scope, fn func(*Settings) error) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if _, err := s.q.LockWays(ctx, tx, deliverydb.LockWaysParams{BusinessID: sc.Business, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("lock ways: %w", err)
		}
		was, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		st := was
		st.Areas = slices.Clone(was.Areas)
		if err := fn(&st); err != nil {
			return err
		}
		st = st.clean()
		if err := st.Validate(); err != nil {
			return err
		}
		if err := s.put(ctx, tx, sc, was, st); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "delivery.changed", sc.Business, diff(was, st)); err != nil {
			return err
		}
		return s.shops.Touch(ctx, tx, sc)
	})
}

// clean tidies what was typed and puts lists in their order.
func (s Settings) clean() Settings {
	s.PickupPlace, s.PickupReady, s.Promise = catalog.Clean(s.PickupPlace), catalog.Clean(s.PickupReady), catalog.Clean(s.Promise)
	s.Zones = slices.SortedFunc(slices.Values(s.Zones), func(a, b Zone) int { return cmp.Compare(a.Km, b.Km) })
	s.Areas = slices.SortedFunc(slices.Values(s.Areas), func(a, b Area) int { return cmp.Compare(a.Code, b.Code) })
	s.Steps = slices.SortedFunc(slices.Values(s.Steps), func(a, b Step) int { return cmp.Compare(a.Kg, b.Kg) })
	s.Hours = slices.SortedFunc(slices.Values(s.Hours), func(a, b Hours) int { return cmp.Compare(a.From, b.From) })
	return s
}

func (s *Service) put(ctx context.Context, tx *store.Tx, sc authz.Scope, was, st Settings) error {
	var days int64
	for i, on := range st.Days {
		if on {
			days |= 1 << i
		}
	}
	if err := s.q.PutWays(ctx, tx, deliverydb.PutWaysParams{
		BusinessID: sc.Business, Pickup: st.Pickup, PickupPlace: st.PickupPlace, PickupReady: st.PickupReady, Own: st.Own, Kind: string(st.Kind),
		Flat: st.Flat, FreeFrom: st.FreeFrom, MinOrder: st.MinOrder, IncludedKg: st.Included, PerKg: st.PerKg, Tolerance: st.Tolerance,
		Promise: st.Promise, Divisor: st.Divisor, Days: days, Cutoff: st.Cutoff, DayBefore: st.DayBefore, PerDay: st.PerDay, UpdatedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("put ways: %w", err)
	}
	if err := s.putAreas(ctx, tx, sc, was.Areas, st.Areas); err != nil {
		return err
	}
	if err := s.q.DropZones(ctx, tx, sc.Business); err != nil {
		return fmt.Errorf("drop zones: %w", err)
	}
	for _, z := range st.Zones {
		if err := s.q.InsertZone(ctx, tx, deliverydb.InsertZoneParams{BusinessID: sc.Business, Km: z.Km, Fee: z.Fee}); err != nil {
			return fmt.Errorf("insert zone: %w", err)
		}
	}
	if err := s.q.DropSteps(ctx, tx, sc.Business); err != nil {
		return fmt.Errorf("drop steps: %w", err)
	}
	for _, p := range st.Steps {
		if err := s.q.InsertStep(ctx, tx, deliverydb.InsertStepParams{BusinessID: sc.Business, Kg: p.Kg, Extra: p.Extra}); err != nil {
			return fmt.Errorf("insert step: %w", err)
		}
	}
	if err := s.q.DropWindows(ctx, tx, sc.Business); err != nil {
		return fmt.Errorf("drop windows: %w", err)
	}
	for _, h := range st.Hours {
		if err := s.q.InsertWindow(ctx, tx, deliverydb.InsertWindowParams{
			BusinessID: sc.Business, FromMinute: h.From, UntilMinute: h.Until, Most: h.Most,
		}); err != nil {
			return fmt.Errorf("insert window: %w", err)
		}
	}
	return nil
}

// putAreas writes only what differs: a list is long, and most of it stays.
func (s *Service) putAreas(ctx context.Context, tx *store.Tx, sc authz.Scope, was, now []Area) error {
	put, drop := changes(was, now)
	for _, a := range drop {
		if err := s.q.DropArea(ctx, tx, deliverydb.DropAreaParams{BusinessID: sc.Business, Code: a.Code}); err != nil {
			return fmt.Errorf("drop area: %w", err)
		}
	}
	for _, a := range put {
		if err := s.q.PutArea(ctx, tx, deliverydb.PutAreaParams{BusinessID: sc.Business, Code: a.Code, Fee: a.Fee, Closed: a.Closed}); err != nil {
			return fmt.Errorf("put area: %w", err)
		}
	}
	return nil
}

// changes tells what is to be written, and what to be taken away, to make one
// list of areas of another.
func changes(was, now []Area) (put, drop []Area) {
	had := make(map[string]Area, len(was))
	for _, a := range was {
		had[a.Code] = a
	}
	for _, a := range now {
		if old, ok := had[a.Code]; !ok || old != a {
			put = append(put, a)
		}
		delete(had, a.Code)
	}
	for _, a := range was {
		if _, gone := had[a.Code]; gone {
			drop = append(drop, a)
		}
	}
	return put, drop
}

// said bounds how many areas a line of the history names.
const said = 20

// areasDiff tells which areas changed, and how many if they are many.
func areasDiff(was, now []Area) audit.Change {
	put, drop := changes(was, now)
	had := map[string]Area{}
	for _, a := range was {
		had[a.Code] = a
	}
	var from, to []Area
	for _, a := range put {
		if old, ok := had[a.Code]; ok {
			from = append(from, old)
		}
		to = append(to, a)
	}
	from = append(from, drop...)
	tell := func(list []Area, all int) string {
		if len(list) > said {
			return fmt.Sprintf("%d/%d %v", len(list), all, list[:said])
		}
		return fmt.Sprintf("%d/%d %v", len(list), all, list)
	}
	if len(put)+len(drop) == 0 {
		return audit.Change{}
	}
	return audit.Change{From: tell(from, len(was)), To: tell(to, len(now))}
}

func diff(was, now Settings) audit.Diff {
	all := audit.Diff{
		"pickup": {From: was.Pickup, To: now.Pickup}, "own": {From: was.Own, To: now.Own}, "kind": {From: string(was.Kind), To: string(now.Kind)},
		"flat": {From: was.Flat, To: now.Flat}, "free_from": {From: was.FreeFrom, To: now.FreeFrom}, "min_order": {From: was.MinOrder, To: now.MinOrder},
		"included_kg": {From: was.Included, To: now.Included}, "per_kg": {From: was.PerKg, To: now.PerKg},
		"tolerance": {From: was.Tolerance, To: now.Tolerance}, "divisor": {From: was.Divisor, To: now.Divisor},
		"areas": areasDiff(was.Areas, now.Areas), "zones": {From: fmt.Sprint(was.Zones), To: fmt.Sprint(now.Zones)},
		"steps":    {From: fmt.Sprint(was.Steps), To: fmt.Sprint(now.Steps)},
		"schedule": {From: fmt.Sprint(was.Schedule), To: fmt.Sprint(now.Schedule)},
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
	if errors.Is(err, ErrFar) || errors.Is(err, ErrLeast) || errors.Is(err, ErrVillage) || errors.Is(err, ErrFull) {
		return fault.Of(err)
	}
	return nil
}

// Invariants are what must hold of ways at any time.
var Invariants = []store.Invariant{
	{Name: "a shop that brings by area or zone has one", SQL: `SELECT w.business_id FROM delivery_ways w WHERE w.own AND (
		w.kind = 'areas' AND NOT EXISTS (SELECT 1 FROM delivery_areas a WHERE a.business_id = w.business_id AND NOT a.closed)
		OR w.kind = 'zones' AND NOT EXISTS (SELECT 1 FROM delivery_zones z WHERE z.business_id = w.business_id))`},
	{Name: "places taken of delivery hours are those that orders hold", SQL: `SELECT business_id, on_day, slot FROM (
		SELECT business_id, on_day, slot, taken FROM delivery_slots
		UNION ALL SELECT business_id, on_day, slot, -1 FROM delivery_bookings
		UNION ALL SELECT business_id, on_day, -1, -1 FROM delivery_bookings) x
		GROUP BY business_id, on_day, slot HAVING sum(taken) <> 0`},
}
