package businessweb

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/web"
)

// hoursForm is the opening hours as people fill them in: one time for all open
// days, and others for the days that differ.
type hoursForm struct {
	From, To   string
	On         [7]bool
	Froms, Tos [7]string
	AnyTime    bool
}

// special reports whether a day differs from the rest.
func (d hoursForm) special() bool { return d.Froms != [7]string{} || d.Tos != [7]string{} }

// hoursOf writes hours into the form: what most days have becomes the time for all.
func hoursOf(h business.Hours, anyTime bool) hoursForm {
	d := hoursForm{AnyTime: anyTime}
	count := map[business.Day]int{}
	var usual business.Day
	for _, w := range weekdays {
		if h[w].Closed() {
			continue
		}
		if count[h[w]]++; count[h[w]] > count[usual] {
			usual = h[w]
		}
	}
	d.From, d.To = clock(usual.From, usual.Closed()), clock(usual.To, usual.Closed())
	for w, day := range h {
		if d.On[w] = !day.Closed(); d.On[w] && day != usual {
			d.Froms[w], d.Tos[w] = clock(day.From, false), clock(day.To, false)
		}
	}
	return d
}

// hours reads the form. A time for all without any day ticked counts for every day.
func (d hoursForm) hours() (business.Hours, error) {
	var h business.Hours
	var f fault.Fields
	read := func(field, from, to string) business.Day {
		day := business.Day{From: max(0, minutes(from)), To: max(0, minutes(to))}
		f.Check(minutes(from) >= 0 && minutes(to) >= 0 && !day.Closed(), field, "business.hours_wrong")
		return day
	}
	none := d.On == [7]bool{} && !d.special()
	for w := range h {
		own := d.Froms[w] != "" || d.Tos[w] != ""
		switch {
		case own:
			h[w] = read("hours."+strconv.Itoa(w), d.Froms[w], d.Tos[w])
		case d.On[w] || none && (d.From != "" || d.To != ""):
			h[w] = read("hours.all", d.From, d.To)
		}
	}
	return h, f.Err()
}

func (p pages) hours(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	d := hoursOf(b.Hours, b.AnyTime)
	if !b.Hours.Known() {
		for _, w := range weekdays[:6] {
			d.On[w] = true
		}
	}
	return web.Render(w, r, http.StatusOK, hoursPage(d, nil))
}

func (p pages) putHours(w http.ResponseWriter, r *http.Request) error {
	value := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	d := hoursForm{From: value("from.all"), To: value("to.all"), AnyTime: value("any_time") != "0"}
	for i := range time.Saturday + 1 {
		n := strconv.Itoa(int(i))
		d.On[i], d.Froms[i], d.Tos[i] = value("open."+n) != "", value("from."+n), value("to."+n)
	}
	if d.From == "" && d.To == "" && !d.special() {
		d.On = [7]bool{} // no times at all: the shop says no hours
	}
	h, err := d.hours()
	if err == nil {
		_, err = p.Shops.PutHours(r.Context(), web.Scope(r), h, d.AnyTime)
	}
	if f, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, hoursPage(d, f))
	}
	return saved(w, r, err, "/toko")
}
