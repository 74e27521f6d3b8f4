package parcel

import (
	"strconv"
	"strings"
	"time"

	"lapak/internal/i18n"
)

// Window is a time that a new delivery may be agreed for.
type Window struct{ From, Until time.Time }

// hours are the windows of a day.
var hours = []struct{ from, until int }{{8, 11}, {11, 14}, {14, 17}, {17, 20}}

// offered is for how many days windows are offered, today among them.
const offered = 4

// Windows are the times of today and the next days that are still to come.
func Windows(now time.Time) []Window {
	local := now.In(i18n.WIB)
	var list []Window
	for day := range offered {
		d := time.Date(local.Year(), local.Month(), local.Day()+day, 0, 0, 0, 0, i18n.WIB)
		for _, h := range hours {
			w := Window{d.Add(time.Duration(h.from) * time.Hour).UTC(), d.Add(time.Duration(h.until) * time.Hour).UTC()}
			if w.Until.Sub(now) >= time.Hour {
				list = append(list, w)
			}
		}
	}
	return list
}

// Key is how a form names the window: "2026-12-01/8".
func (w Window) Key() string {
	local := w.From.In(i18n.WIB)
	return local.Format(time.DateOnly) + "/" + strconv.Itoa(local.Hour())
}

// WindowOf reads what Key wrote; what it did not write is false.
func WindowOf(key string) (Window, bool) {
	day, hour, _ := strings.Cut(key, "/")
	d, err := time.ParseInLocation(time.DateOnly, day, i18n.WIB)
	if err != nil {
		return Window{}, false
	}
	for _, h := range hours {
		if hour == strconv.Itoa(h.from) {
			return Window{d.Add(time.Duration(h.from) * time.Hour).UTC(), d.Add(time.Duration(h.until) * time.Hour).UTC()}, true
		}
	}
	return Window{}, false
}
