// Package todayweb shows "Hari ini": what to do now, the takings, and the
// button that lets this phone ring when an order comes.
package todayweb

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/money"
	"lapak/internal/push"
	"lapak/internal/today"
	"lapak/internal/web"
)

// Words are the messages of this page.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	today *today.Service
	push  *push.Service
}

// Routes lists the page and the addresses by which a browser is subscribed to news.
func Routes(t *today.Service, p *push.Service) []web.Route {
	pg := pages{t, p}
	return []web.Route{
		{Pattern: "GET /hari-ini", Verb: authz.SeeToday, Handle: pg.show},
		{Pattern: "POST /pemberitahuan", Verb: authz.SeeToday, Handle: pg.subscribe},
		{Pattern: "POST /pemberitahuan/berhenti", Verb: authz.SeeToday, Handle: pg.unsubscribe},
	}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

type view struct {
	today.Page
	key   string // of the server, for push
	name  string
	owner bool
	place bool // may enter orders
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	page, err := p.today.Read(r.Context(), sc)
	if err != nil {
		return err
	}
	v := view{Page: page, key: p.push.PublicKey(), owner: sc.Role == authz.Owner, place: sc.May(authz.PlaceOrders)}
	if who := web.Person(r); who != nil {
		v.name = who.Name
	}
	return web.Render(w, r, http.StatusOK, todayPage(v))
}

func (p pages) read(r *http.Request) (push.Subscription, error) {
	var s push.Subscription
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		return s, fault.New(fault.Invalid, "push.subscription")
	}
	return s, nil
}

func (p pages) subscribe(w http.ResponseWriter, r *http.Request) error {
	s, err := p.read(r)
	if err != nil {
		return err
	}
	if err := p.push.Subscribe(r.Context(), web.Scope(r), s, i18n.Lang(r.Context())); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (p pages) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	s, err := p.read(r)
	if err != nil {
		return err
	}
	if err := p.push.Unsubscribe(r.Context(), web.Scope(r), s.Endpoint); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

var icons = map[today.Kind]string{
	today.Hidden: "triangle-alert", today.Draft: "store", today.Paused: "pause", today.Closed: "calendar-off", today.Accept: "receipt-text", today.Complaint: "message-circle", today.Check: "banknote", today.Owed: "hand-coins",
	today.Failed: "rotate-ccw", today.Pack: "package", today.Hand: "truck", today.Collect: "package-check", today.Way: "bike", today.Low: "boxes", today.Settle: "wallet", today.Told: "triangle-alert",
}

// title is what the card asks, and hint says a little more.
func title(ctx context.Context, c today.Card) string {
	switch c.Kind {
	case today.Check:
		if c.N == 1 {
			return t(ctx, "today.check.one", c.N, c.Name)
		}
	case today.Settle:
		return t(ctx, "today.settle", money.String(c.Amount))
	case today.Low:
		if c.N == 1 {
			return t(ctx, "today.low.one", c.N, c.Name, c.Amount)
		}
	}
	return t(ctx, "today."+string(c.Kind), c.N)
}

func hint(ctx context.Context, c today.Card, v view) string {
	switch c.Kind {
	case today.Accept:
		return t(ctx, "today.waiting", i18n.Ago(ctx, c.At, v.now(ctx)))
	case today.Check:
		return t(ctx, "today.check_hint", money.String(c.Amount))
	case today.Hidden, today.Paused, today.Closed:
		if c.Name != "" {
			return c.Name
		}
	case today.Low:
		return t(ctx, "today.low_hint", c.Name)
	}
	return t(ctx, "today."+string(c.Kind)+"_hint")
}

// bar is one column of the chart, in units of its picture.
type bar struct {
	x, y, h   float64
	label, on string
	today     bool
}

func (b bar) at(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// bars lays the seven days out on 320 x 132 units.
func (v view) bars(ctx context.Context) []bar {
	most := int64(1)
	for _, d := range v.Days {
		most = max(most, d.Amount)
	}
	var out []bar
	for i, d := range v.Days {
		h := 84 * float64(d.Amount) / float64(most)
		b := bar{x: 4 + 45.5*float64(i), h: h, y: 106 - h, on: i18n.ShortWeekday(ctx, d.On.Weekday()), today: i == len(v.Days)-1}
		b.label = i18n.N(ctx, d.Amount/1000)
		out = append(out, b)
	}
	return out
}

func (v view) chartLabel(ctx context.Context) string {
	s := t(ctx, "today.chart")
	for i, d := range v.Days {
		if i > 0 {
			s += ","
		}
		s += fmt.Sprintf(" %s %s", i18n.Weekday(ctx, d.On.Weekday()), i18n.N(ctx, d.Amount/1000))
	}
	return s
}

// trend compares today with the same weekday, until this hour: in percent.
func (v view) trend() (percent int64, ok bool) {
	if v.WeekAgo <= 0 {
		return 0, false
	}
	return (v.Today - v.WeekAgo) * 100 / v.WeekAgo, true
}

func (v view) sum() int64 {
	n := int64(0)
	for _, d := range v.Days {
		n += d.Amount
	}
	return n
}
