package parcelweb

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"lapak/internal/booking"

	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/label"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/ui"
)

type deskView struct {
	tab           parcel.Tab
	list          []parcel.Parcel
	counts        map[parcel.Tab]int64
	people        people
	next          string
	may, settings bool
	money         bool
	ticked        []string
	hints         map[id.ID]id.ID // who might bring a parcel
	fault         *fault.Error
}

type showView struct {
	parcel.Detail
	firms  []Firm
	order  order.Detail
	people people
	shop   string
	link   string
	owner  bool
	booked booking.Shown
	move   parcel.Move
	form   url.Values
	fault  *fault.Error
	now    time.Time
}

type runView struct {
	waiting, open, failed []parcel.Parcel
	done                  int
	held, limit           int64
	now                   time.Time
}

type stopView struct {
	parcel.Detail
	called string
	held   int64
	move   parcel.Move
	form   url.Values
	fault  *fault.Error
	now    time.Time
}

type trackView struct {
	parcel.Tracked
	shop    business.Business
	courier string
}

func sheets(ctx context.Context) []ui.Option {
	var list []ui.Option
	for _, s := range label.Sheets {
		list = append(list, ui.Option{Value: string(s), Label: t(ctx, "parcel.sheet_"+string(s))})
	}
	return list
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func typed(n int64) string {
	if n == 0 {
		return ""
	}
	return money.Digits(n)
}

func path(p parcel.Parcel) string { return "/kirim/" + p.ID.String() }

func stopPath(p parcel.Parcel, more string) string { return "/antaran/" + p.ID.String() + more }

func partName(parcel, line int) string { return fmt.Sprintf("parts.%d.%d", parcel, line) }

func tabs(ctx context.Context, v deskView) []ui.Tab {
	var list []ui.Tab
	for _, tab := range parcel.Tabs {
		list = append(list, ui.Tab{Path: "/kirim?tab=" + string(tab), Label: t(ctx, "parcel.tab_"+string(tab)), Count: v.counts[tab], On: v.tab == tab})
	}
	return list
}

// badge is how a status looks: kind and icon.
func badge(st carrier.Status) (kind, icon string) {
	switch st {
	case carrier.Draft, carrier.Ready, carrier.PickupRequested:
		return "info", "package"
	case carrier.PickedUp, carrier.InTransit, carrier.AtHub, carrier.OutForDelivery:
		return "sogan", "truck"
	case carrier.Delivered:
		return "ok", "check"
	case carrier.AttemptFailed, carrier.OnHold, carrier.Lost, carrier.Damaged:
		return "bad", "triangle-alert"
	}
	return "", "undo-2"
}

func by(ctx context.Context, p parcel.Parcel, l people) string {
	if p.Carrier == parcel.Own {
		if p.Courier.IsZero() {
			return t(ctx, "parcel.nobody_yet")
		}
		return l.name(ctx, p.Courier)
	}
	if parcel.IsFirm(p.Carrier) {
		return p.Service // it says the firm's name
	}
	return carrierName(p.Carrier) + " " + p.Service
}

func carrierName(code string) string {
	if c, ok := carrier.Find(code); ok {
		return c.Name
	}
	return code
}

func choices(l people) []ui.Option {
	var list []ui.Option
	for _, m := range l {
		list = append(list, ui.Option{Value: m.Person.String(), Label: m.Name})
	}
	return list
}

// mapOf is the address that opens a map where a parcel goes.
func mapOf(p parcel.Parcel) string {
	q := strings.Trim(p.Street+", "+p.Region().Label(), ", ")
	if p.LatE6 != nil && p.LngE6 != nil {
		q = fmt.Sprintf("%.6f,%.6f", float64(*p.LatE6)/1e6, float64(*p.LngE6)/1e6)
	}
	return "https://www.google.com/maps/search/?api=1&query=" + url.QueryEscape(q)
}

// due is a promised window in words.
func due(ctx context.Context, from, until *time.Time) string {
	if from == nil || until == nil {
		return ""
	}
	return i18n.Span(ctx, *from, *until)
}

// windowChoices are the times of today and the next days that are still to come.
func windowChoices(ctx context.Context, now time.Time) []ui.Option {
	list := []ui.Option{{Value: "", Label: t(ctx, "parcel.when_open")}}
	for _, w := range parcel.Windows(now) {
		list = append(list, ui.Option{Value: w.Key(), Label: i18n.Span(ctx, w.From, w.Until)})
	}
	return list
}

// version changes when the page of a stop does, so that the phone keeps it anew.
func version(p parcel.Parcel) string { return strconv.FormatInt(p.ChangedAt.UnixMicro(), 36) }

// offline lets a form be kept on the phone and sent later.
func (v stopView) offline(ctx context.Context, a parcel.Act) templ.Attributes {
	saw, _ := json.Marshal(seen{v.Status})
	attrs := templ.Attributes{
		"data-outbox": "parcel." + string(a), "data-object": v.ID.String(), "data-seen": string(saw),
		"data-label": t(ctx, "outbox.kind.parcel."+string(a)) + ": " + v.Name, "data-next": "/antaran",
	}
	if a == parcel.ActFail {
		attrs["data-leaves"] = true
	}
	return attrs
}

// receiver is who took the parcel, as far as it is known.
func (v stopView) receiver() string {
	if v.move.Receiver != "" {
		return v.move.Receiver
	}
	return v.Name
}

func (v stopView) relation() string {
	if v.move.Relation != "" {
		return v.move.Relation
	}
	return "self"
}

func (v stopView) amount() string {
	if v.form.Has("amount") {
		return v.form.Get("amount")
	}
	return money.Digits(v.Due())
}

func (v stopView) method() payment.Method {
	if v.move.Method == payment.QRIS {
		return payment.QRIS
	}
	return payment.COD
}

func (v showView) may(a parcel.Act) bool { return slices.Contains(v.Acts, a) }

// cost is what the carrier took, as far as it is known.
func (v showView) cost() string {
	if v.Cost == nil {
		return ""
	}
	return money.Digits(*v.Cost)
}

// rare reports whether anything can be done that seldom is.
func (v showView) rare() bool {
	return v.may(parcel.ActTurn) || v.may(parcel.ActReturn) || v.may(parcel.ActHold) || v.may(parcel.ActLose)
}

func (v showView) carriers(ctx context.Context) []ui.Option {
	list := []ui.Option{{Value: parcel.Own, Label: t(ctx, "parcel.own")}}
	for _, c := range v.firms {
		list = append(list, ui.Option{Value: c.Code, Label: c.Name})
	}
	for _, c := range carrier.Firms() {
		list = append(list, ui.Option{Value: c.Code, Label: c.Name})
	}
	return list
}

func (v showView) typedOr(name, otherwise string) string {
	if v.form.Has(name) {
		return v.form.Get(name)
	}
	return otherwise
}

// steps are the lines of a parcel's timeline, the newest first.
func (v showView) steps(ctx context.Context) []ui.Step {
	var list []ui.Step
	for i, e := range slices.Backward(v.Events) {
		s := ui.Step{Title: t(ctx, "parcel.status_"+string(e.Status)), At: e.At, State: "done"}
		if i == len(v.Events)-1 {
			s.State = "now"
		}
		switch e.Act {
		case parcel.ActAssign, parcel.ActChange, parcel.ActAgain, parcel.ActCode, parcel.ActMake, parcel.ActLeave, parcel.ActStop:
			s.Title = t(ctx, "parcel.act_"+string(e.Act))
		}
		var said []string
		say := func(words string) {
			if words != "" {
				said = append(said, words)
			}
		}
		if e.Reason != "" {
			say(t(ctx, "parcel.reason_"+string(e.Reason)))
		}
		if e.Receiver != "" {
			say(t(ctx, "parcel.received_by", e.Receiver, t(ctx, "order.relation_"+e.Relation)))
		}
		if e.Amount > 0 {
			say(t(ctx, "parcel.took_"+string(method(e.Method)), money.String(e.Amount)))
		}
		say(due(ctx, e.DueFrom, e.DueUntil))
		say(e.Words)
		say(e.Text)
		switch {
		case strings.HasPrefix(e.Source, "carrier:"):
			if code := strings.TrimPrefix(e.Source, "carrier:"); code != "firm" {
				say(carrierName(code))
			} else {
				say(v.Service)
			}
		case !e.Person.IsZero():
			say(v.people.name(ctx, e.Person))
		}
		if e.Accuracy != nil && e.LatE6 != nil {
			say(t(ctx, "parcel.placed", i18n.N(ctx, *e.Accuracy)))
		}
		s.Text = strings.Join(said, " · ")
		list = append(list, s)
	}
	return list
}

func method(m payment.Method) payment.Method {
	if m == payment.QRIS {
		return m
	}
	return payment.COD
}

func (v trackView) steps(ctx context.Context) []ui.Step {
	var list []ui.Step
	for i, e := range slices.Backward(v.Events) {
		s := ui.Step{Title: t(ctx, "parcel.status_"+string(e.Status)), At: e.At, State: "done"}
		if i == len(v.Events)-1 {
			s.State = "now"
		}
		var said []string
		if e.Reason != "" {
			said = append(said, t(ctx, "parcel.reason_"+string(e.Reason)))
		}
		if e.Words != "" {
			said = append(said, e.Words)
		}
		if e.Place != "" {
			said = append(said, e.Place)
		}
		s.Text = strings.Join(said, " · ")
		list = append(list, s)
	}
	return list
}

// lead says the next thing a receiver should know.
func (v trackView) lead(ctx context.Context) string {
	switch {
	case v.courier != "":
		return t(ctx, "parcel.track_out", v.courier)
	case v.Status == carrier.Delivered && v.Relation != "":
		return t(ctx, "parcel.track_delivered", t(ctx, "order.relation_"+v.Relation))
	}
	if w := due(ctx, v.DueFrom, v.DueUntil); w != "" && !v.Status.Final() {
		return t(ctx, "parcel.track_due", w)
	}
	return t(ctx, "parcel.track_"+string(parcel.TabOf(v.Status)))
}

func (v trackView) Shown() string {
	if v.Waybill != "" {
		return v.Waybill
	}
	return v.Number
}

func (v trackView) carrier(ctx context.Context) string {
	if v.Carrier == parcel.Own {
		return t(ctx, "parcel.own")
	}
	if parcel.IsFirm(v.Carrier) {
		return v.Service
	}
	return strings.TrimSpace(carrierName(v.Carrier) + " " + v.Service)
}
