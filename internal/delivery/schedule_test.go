package delivery

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// weekly is a shop that brings from Monday to Saturday, twice a day.
func weekly() Schedule {
	return Schedule{Days: [7]bool{false, true, true, true, true, true, true}, Hours: []Hours{{9 * 60, 12 * 60, 0}, {14 * 60, 17 * 60, 0}}}
}

var wib = time.FixedZone("WIB", 7*3600)

// on is a time by the shop's clock in a week whose first day is Monday, 30 November 2026.
func on(day, hour, minute int) time.Time { return time.Date(2026, 11, 30+day, hour, minute, 0, 0, wib) }

func TestWindows(t *testing.T) {
	open := business.Business{Zone: "WIB"}
	weekdays := open
	weekdays.Hours = business.Hours{1: {From: 480, To: 1020}, 2: {From: 480, To: 1020}, 3: {From: 480, To: 1020}, 4: {From: 480, To: 1020}, 5: {From: 480, To: 1020}}
	away := open
	away.Closings = []business.Closing{{From: "2026-12-01", To: "2026-12-03"}}
	full := func(n int64, at ...slot) map[slot]int64 {
		all := map[slot]int64{}
		for _, s := range at {
			all[s] = n
		}
		return all
	}
	with := func(fn func(*Schedule)) Schedule {
		s := weekly()
		fn(&s)
		return s
	}
	for _, c := range []struct {
		name  string
		shop  business.Business
		s     Schedule
		now   time.Time
		ready int64
		taken map[slot]int64
		first time.Time
		n     int
	}{
		{"before the first hours", open, weekly(), on(0, 8, 0), 0, nil, on(0, 9, 0), 12},
		{"hours that have begun are over", open, weekly(), on(0, 9, 0), 0, nil, on(0, 14, 0), 11},
		{"after the last hours", open, weekly(), on(0, 14, 0), 0, nil, on(1, 9, 0), 12},
		{"before the cut-off", open, with(func(s *Schedule) { s.Cutoff = 10 * 60 }), on(0, 9, 59), 0, nil, on(0, 14, 0), 11},
		{"at the cut-off", open, with(func(s *Schedule) { s.Cutoff = 10 * 60 }), on(0, 10, 0), 0, nil, on(1, 9, 0), 12},
		{"the day after", open, with(func(s *Schedule) { s.DayBefore = true }), on(0, 8, 0), 0, nil, on(1, 9, 0), 12},
		{"the day after, too late", open, with(func(s *Schedule) { s.DayBefore, s.Cutoff = true, 17*60 }), on(0, 17, 0), 0, nil, on(2, 9, 0), 12},
		{"made in two days", open, weekly(), on(0, 8, 0), 2, nil, on(2, 9, 0), 12},
		{"made on working days alone", weekdays, weekly(), on(4, 8, 0), 2, nil, on(8, 9, 0), 10},
		{"ordered on a day off, made the day after", weekdays, weekly(), on(5, 8, 0), 1, nil, on(8, 9, 0), 10},
		{"not while the shop is closed", away, weekly(), on(0, 15, 0), 0, nil, on(4, 9, 0), 12},
		{"not on Sunday", open, weekly(), on(5, 15, 0), 0, nil, on(7, 9, 0), 12},
		{"a full day", open, with(func(s *Schedule) { s.PerDay = 3 }), on(0, 8, 0), 0, full(3, slot{"2026-11-30", whole}), on(1, 9, 0), 12},
		{"a day with room", open, with(func(s *Schedule) { s.PerDay = 4 }), on(0, 8, 0), 0, full(3, slot{"2026-11-30", whole}), on(0, 9, 0), 12},
		{"full hours", open, with(func(s *Schedule) { s.Hours[0].Most = 3 }), on(0, 8, 0), 0, full(3, slot{"2026-11-30", 9 * 60}), on(0, 14, 0), 11},
	} {
		list := c.s.windows(c.shop, c.now.UTC(), c.ready, c.taken)
		if len(list) != c.n || !list[0].From.Equal(c.first) {
			t.Errorf("%s: %d windows from %v, want %d from %v", c.name, len(list), list[:min(1, len(list))], c.n, c.first)
			continue
		}
		for _, w := range list {
			if from := w.From.In(wib); from.Weekday() == time.Sunday || w.From.Sub(list[0].From) > choice*24*time.Hour || w.Until.Sub(w.From) != 3*time.Hour {
				t.Errorf("%s: window %v to %v", c.name, w.From, w.Until)
			}
		}
		if !slices.IsSortedFunc(list, func(a, b Window) int { return a.From.Compare(b.From) }) {
			t.Errorf("%s: windows out of order: %v", c.name, list)
		}
	}
	never := Schedule{Days: [7]bool{true}, Hours: weekly().Hours}
	if list := never.windows(weekdays, on(0, 8, 0), 0, nil); len(list) != 0 {
		t.Errorf("windows of a shop that brings on days off alone = %v", list)
	}
}

func TestScheduleValidate(t *testing.T) {
	for field, fn := range map[string]func(*Settings){
		"hours.0":       func(s *Settings) { s.Hours = nil },
		"days":          func(s *Settings) { s.Days = [7]bool{} },
		"hours.1":       func(s *Settings) { s.Hours[1].From = 11 * 60 },
		"hours.1.most":  func(s *Settings) { s.Hours[1].Most = -1 },
		"cutoff":        func(s *Settings) { s.Cutoff = minutesOfDay },
		"perday":        func(s *Settings) { s.PerDay = maxDay + 1 },
		"steps.1.kg":    func(s *Settings) { s.Steps = []Step{{2, 0}, {2, 1}} },
		"steps.1.extra": func(s *Settings) { s.Steps = []Step{{2, 5}, {3, 4}} },
		"divisor":       func(s *Settings) { s.Divisor = 6 },
	} {
		s := Initial()
		s.Schedule = weekly()
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		fn(&s)
		if f := fault.Of(s.Validate()); f == nil || f.Field(field) == nil {
			t.Errorf("%s: Validate = %v", field, f)
		}
	}
}

// Of fifty buyers of the last place one gets it; a place that is given back is
// taken again, once.
func TestBookNeverOversells(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc, home := newShop(t, db)
		_, other, _ := newShop(t, db)
		ctx := t.Context()
		st := Settings{Pickup: true, Own: true, Tariff: Tariff{Kind: Flat, Flat: 5_000}, Schedule: weekly()}
		st.PerDay, st.Hours[0].Most = 3, 2
		if err := s.Put(ctx, sc, st); err != nil {
			t.Fatal(err)
		}
		offered := func() (list []Window) {
			err := db.View(ctx, sc, func(tx *store.Tx) error {
				ways, err := s.Quote(ctx, tx, sc, To{Village: home.Code}, Load{})
				if err == nil {
					list = ways[len(ways)-1].Windows
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		list := offered()
		w := list[slices.IndexFunc(list, func(w Window) bool { return w.From.In(wib).Hour() == 9 })]
		book := func(sc authz.Scope, order id.ID, w Window) error {
			return db.Tx(ctx, sc, func(tx *store.Tx) error { return s.Book(ctx, tx, sc, order, w) })
		}
		first := id.New()
		if err := book(sc, first, w); err != nil {
			t.Fatal(err)
		}
		race := func() (got int64) {
			var took, late atomic.Int64
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					switch err := book(sc, id.New(), w); {
					case err == nil:
						took.Add(1)
					case errors.Is(err, ErrTaken):
						late.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if took.Load()+late.Load() != 50 {
				t.Errorf("took %d, late %d of 50", took.Load(), late.Load())
			}
			return took.Load()
		}
		if got := race(); got != 1 {
			t.Errorf("%d of fifty got the last place, want 1", got)
		}
		if _, has := Has(offered(), w.From); has {
			t.Error("hours that are full are offered")
		}
		for range 2 { // the second time there is nothing to give back
			if err := db.Tx(ctx, sc, func(tx *store.Tx) error { return s.Unbook(ctx, tx, sc, first) }); err != nil {
				t.Fatal(err)
			}
		}
		if got := race(); got != 1 {
			t.Errorf("%d of fifty got the place given back, want 1", got)
		}
		day := Window{w.From.Add(5 * time.Hour), w.Until.Add(5 * time.Hour)}
		if err := book(sc, id.New(), day); err != nil {
			t.Errorf("Book of the third place of the day = %v", err)
		}
		if err := book(sc, id.New(), day); !errors.Is(err, ErrTaken) {
			t.Errorf("Book beyond the day = %v, want %v", err, ErrTaken)
		}
		if err := book(other, id.New(), w); err != nil {
			t.Errorf("Book in another shop = %v", err)
		}
		var still []Window
		err := db.View(ctx, sc, func(tx *store.Tx) (err error) {
			still, err = s.Still(ctx, tx, sc, list)
			return err
		})
		if _, has := Has(still, w.From); err != nil || has || len(still) == 0 {
			t.Errorf("Still = %v, %v, want those with room", still, err)
		}
		if broken, err := store.CheckInvariants(ctx, db, Invariants); err != nil || len(broken) > 0 {
			t.Errorf("CheckInvariants = %v, %v, want none", broken, err)
		}
		if err := db.Tx(ctx, sc, func(tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE delivery_slots SET taken = taken + 1 WHERE business_id = $1", sc.Business)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if broken, err := store.CheckInvariants(ctx, db, Invariants); err != nil || len(broken) == 0 {
			t.Errorf("CheckInvariants of miscounted slots = %v, %v", broken, err)
		}
	})
}
