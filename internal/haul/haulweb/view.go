package haulweb

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/haul"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/region"
	"lapak/internal/ui"
)

type firmsView struct {
	ties   []haul.Tie
	choice []haul.Summary
	found  []haul.Difference
	may    bool
	fault  *fault.Error
}

type firmView struct {
	tie        haul.Tie
	waiting    []haul.Box
	pickups    []haul.PickupView
	payouts    []haul.Payout
	compared   haul.Compared
	found      []haul.Difference
	pickup     id.ID
	may, money bool
	fault      *fault.Error
}

type pickupView struct {
	haul.PickupView
	team      team
	may, move bool
	fault     *fault.Error
}

type homeView struct {
	haul.Firm
	ties             []haul.Tie
	found            []haul.Difference
	waiting          int64
	may, move, money bool
}

type settingsView struct {
	haul.Firm
	cod   string
	fresh bool
	typed haul.Asset
	fault *fault.Error
}

type shopView struct {
	haul.Statement
	tie           haul.Tie
	payouts       []haul.Payout
	compared      haul.Compared
	found         []haul.Difference
	pay           id.ID
	may           bool
	on, reference string
	fault         *fault.Error
}

type pickupsView struct {
	list []haul.PickupView
	team team
	move bool
}

type poolsView struct {
	villages map[string]int
	rounds   []haul.Round
	team     team
	id       id.ID
	form     url.Values
	fault    *fault.Error
}

type sortView struct {
	haul.Firm
	list      []haul.Manifest
	id        id.ID
	hub, code string
	form      url.Values
	fault     *fault.Error
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// covers says where a firm brings parcels.
func covers(ctx context.Context, s haul.Summary) string {
	at, _ := region.Get(s.Village)
	switch {
	case s.Km > 0:
		return t(ctx, "haul.covers_km", s.Km, at.Town())
	case len(s.Coverage) == 0:
		return t(ctx, "haul.covers_all")
	}
	var names []string
	for _, code := range s.Coverage {
		if p, ok := region.Get(code); ok && len(names) < 6 {
			names = append(names, p.Title())
		}
	}
	said := strings.Join(names, ", ")
	if more := len(s.Coverage) - len(names); more > 0 {
		said = t(ctx, "haul.covers_more", said, more)
	}
	return said
}

// days names the weekdays on which a firm pays.
func days(ctx context.Context, list string) string {
	var names []string
	for _, d := range list {
		names = append(names, weekday(ctx, string(d)))
	}
	return strings.Join(names, ", ")
}

func weekday(ctx context.Context, n string) string {
	d, _ := strconv.Atoi(n)
	return i18n.Weekday(ctx, time.Weekday(d%7))
}

func services(s haul.Summary) string {
	return strings.ReplaceAll(strings.Join(s.Services, " · "), "\t", " ")
}

// stands says how a tie stands, as badge.
func stands(tie haul.Tie) (kind, icon, key string) {
	switch {
	case tie.Wish == haul.Ended:
		return "", "x", "haul.tie_ended"
	case tie.Answer == haul.Accepted:
		return "ok", "check", "haul.tie_accepted"
	case tie.Answer == haul.Refused:
		return "bad", "x", "haul.tie_refused"
	}
	return "sogan", "clock", "haul.tie_open"
}

func status(ctx context.Context, s carrier.Status) string { return t(ctx, "parcel.status_"+string(s)) }

// says is what one side says of a parcel.
func says(ctx context.Context, kind, v string) string {
	switch {
	case v == "":
		return t(ctx, "haul.says_nothing")
	case kind == "cod", kind == "taken":
		n, _ := strconv.ParseInt(v, 10, 64)
		return money.String(n)
	case kind == "paid":
		return t(ctx, "haul.says_paid_"+v)
	}
	return status(ctx, carrier.Status(v))
}

// of are the differences with one other business.
func of(list []haul.Difference, other id.ID) []haul.Difference {
	return slices.DeleteFunc(slices.Clone(list), func(d haul.Difference) bool { return d.Shop != other && d.Firm != other })
}

func boxName(b haul.Box) string { return cmp.Or(b.Parcel.Number, b.Link.Token.String()[:8]) }

func people(ctx context.Context, l team) []ui.Option {
	list := []ui.Option{{Label: t(ctx, "parcel.choose_courier")}}
	for _, m := range l.couriers() {
		list = append(list, ui.Option{Value: m.Person.String(), Label: m.Name})
	}
	return list
}

func assets(ctx context.Context, f haul.Firm, k haul.KindOf) []ui.Option {
	list := []ui.Option{{Label: t(ctx, "haul.choose")}}
	for _, a := range f.Of(k) {
		list = append(list, ui.Option{Value: a.ID.String(), Label: a.Name})
	}
	return list
}

func villages(ctx context.Context, n map[string]int) []ui.Option {
	list := []ui.Option{{Label: t(ctx, "haul.choose")}}
	for code, count := range n {
		p, _ := region.Get(code)
		list = append(list, ui.Option{Value: code, Label: t(ctx, "haul.village_waits", p.Label(), count)})
	}
	slices.SortFunc(list[1:], func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return list
}

func km(ctx context.Context, metres int64) string {
	return t(ctx, "haul.km", i18n.N(ctx, (metres+500)/1000))
}

func (v settingsView) kind(k haul.KindOf) haul.Asset {
	if v.typed.Kind == k {
		return v.typed
	}
	return haul.Asset{}
}

func detail(a haul.Asset) string {
	if a.Kind == haul.Hub {
		return a.Place().Label()
	}
	return a.Detail
}

func pickupState(p haul.Pickup) (kind, icon, key string) {
	switch {
	case len(p.Differs()) > 0:
		return "bad", "triangle-alert", "haul.pickup_differs"
	case p.TakenAt != nil:
		return "ok", "check", "haul.pickup_taken"
	case !p.Courier.IsZero():
		return "sogan", "truck", "haul.pickup_sent"
	}
	return "info", "clock", "haul.pickup_open"
}

// count is how many a side counted, once it did.
func count(at *time.Time, n int) string {
	if at == nil {
		return "–"
	}
	return strconv.Itoa(n)
}

func rowTitle(ctx context.Context, p haul.PickupView, far bool) string {
	if far {
		return p.Tie.Name
	}
	return t(ctx, "haul.pickup_of", i18n.Day(ctx, p.At))
}

func dayOf(ctx context.Context, day string) string {
	d, err := time.ParseInLocation(time.DateOnly, day, i18n.WIB)
	if err != nil {
		return day
	}
	return i18n.Day(ctx, d)
}

func tokenOf(d haul.Difference) id.ID { return d.Token }

func noticeOf(m haul.Manifest) string {
	if m.State == haul.Received {
		return "bad"
	}
	return "info"
}

func has(list, d string) bool { return strings.Contains(list, d) }

// first is the service that a new firm typed.
func first(f haul.Firm) haul.Asset {
	if len(f.Assets) == 0 {
		return haul.Asset{}
	}
	return f.Assets[len(f.Assets)-1]
}
