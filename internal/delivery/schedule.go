package delivery

import (
	"fmt"
	"slices"
	"time"

	"lapak/internal/business"
	"lapak/internal/fault"
)

// Hours are hours of a day in which the shop brings goods, in minutes after
// midnight of its clock.
type Hours struct {
	From  int64
	Until int64
	Most  int64 // orders; zero: no limit of their own
}

// Schedule says when the shop brings goods. A shop without days or hours
// promises no time.
type Schedule struct {
	Days      [7]bool // Sunday first
	Hours     []Hours // rising
	Cutoff    int64   // minutes after midnight from which an order counts for the day after; zero: none
	DayBefore bool    // an order goes out on the day after it came at the earliest
	PerDay    int64   // orders; zero: no limit
}

// Promises reports whether the shop promises a time.
func (s Schedule) Promises() bool { return len(s.Hours) > 0 && s.Days != [7]bool{} }

// limited reports whether any hours can be full.
func (s Schedule) limited() bool {
	return s.PerDay > 0 || slices.ContainsFunc(s.Hours, func(h Hours) bool { return h.Most > 0 })
}

const minutesOfDay = 24 * 60

func (s Schedule) validate(f *fault.Fields) {
	f.Check(s.Days == [7]bool{} || len(s.Hours) > 0, "hours.0", "delivery.hours_needed")
	f.Check(len(s.Hours) == 0 || s.Days != [7]bool{}, "days", "delivery.days_needed")
	f.Check(len(s.Hours) <= MaxHours, "hours", "form.between", 1, MaxHours)
	f.Check(s.Cutoff >= 0 && s.Cutoff < minutesOfDay, "cutoff", "delivery.hours_wrong")
	f.Check(s.PerDay >= 0 && s.PerDay <= maxDay, "perday", "form.between", 1, maxDay)
	for i, h := range s.Hours {
		field := fmt.Sprintf("hours.%d", i)
		f.Check(h.From >= 0 && h.Until > h.From && h.Until <= minutesOfDay, field, "delivery.hours_wrong")
		f.Check(h.Most >= 0 && h.Most <= maxDay, field+".most", "form.between", 1, maxDay)
		if i > 0 {
			f.Check(s.Hours[i-1].Until <= h.From, field, "delivery.hours_twice")
		}
	}
}

// Window is a time in which goods are promised to come.
type Window struct{ From, Until time.Time }

// Has reports whether a window that begins at from is among the windows.
func Has(list []Window, from time.Time) (Window, bool) {
	i := slices.IndexFunc(list, func(w Window) bool { return w.From.Equal(from) })
	if i < 0 {
		return Window{}, false
	}
	return list[i], true
}

// slot is hours of a day, or with slot whole all of it.
type slot struct {
	day string // 2026-12-01, by the shop's clock
	at  int64  // minute in which they begin
}

const whole = -1

func slotOf(shop business.Business, w Window) slot {
	from := w.From.In(shop.Location())
	return slot{from.Format(time.DateOnly), int64(from.Hour()*60 + from.Minute())}
}

const (
	choice  = 7  // days from the first free one that the buyer chooses from
	horizon = 60 // days ahead in which a free one is looked for
)

// earliest is the first day on which what is ordered now may go out, as midnight
// of the shop's clock. The days it takes to be made are days on which the shop
// is open; what comes after the cut-off, or on a day off, begins the next day.
func (s Schedule) earliest(shop business.Business, now time.Time, ready int64) time.Time {
	now = now.In(shop.Location())
	day := midnight(now, 0)
	if s.Cutoff > 0 && int64(now.Hour()*60+now.Minute()) >= s.Cutoff {
		day = midnight(day, 1)
	}
	open := func() {
		for range horizon {
			if shop.OpenOn(day) {
				return
			}
			day = midnight(day, 1)
		}
	}
	if ready > 0 {
		open()
	}
	for range ready {
		day = midnight(day, 1)
		open()
	}
	if s.DayBefore {
		day = midnight(day, 1)
	}
	return day
}

// midnight begins the day that lies so many days after t's.
func midnight(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, t.Location())
}

// windows lists when something ordered now may come: the hours with room on the
// first day that has any, and on those of a week from it. taken says how many
// orders hold a slot.
func (s Schedule) windows(shop business.Business, now time.Time, ready int64, taken map[slot]int64) []Window {
	var list []Window
	day := s.earliest(shop, now, ready)
	end := midnight(day, horizon)
	for ; day.Before(end); day = midnight(day, 1) {
		if !s.Days[day.Weekday()] || !shop.OpenOn(day) {
			continue
		}
		none := len(list) == 0
		for _, h := range s.Hours {
			w := Window{clock(day, h.From).UTC(), clock(day, h.Until).UTC()}
			if w.From.After(now) && s.room(shop, w, taken) {
				list = append(list, w)
			}
		}
		if none && len(list) > 0 {
			end = midnight(day, choice)
		}
	}
	return list
}

// clock is a minute of a day by that day's clock; 1440 is the next midnight.
func clock(day time.Time, minute int64) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, int(minute), 0, 0, day.Location())
}

// room reports whether one order more may be promised for a window.
func (s Schedule) room(shop business.Business, w Window, taken map[slot]int64) bool {
	at := slotOf(shop, w)
	day, hours := s.most(at)
	return taken[slot{at.day, whole}] < day && taken[at] < hours
}

// unlimited is more orders than any shop has.
const unlimited = 1 << 40

// most is how many orders a slot and its whole day may hold.
func (s Schedule) most(at slot) (day, hours int64) {
	day, hours = unlimited, unlimited
	if s.PerDay > 0 {
		day = s.PerDay
	}
	for _, h := range s.Hours {
		if h.From == at.at && h.Most > 0 {
			hours = h.Most
		}
	}
	return day, hours
}
