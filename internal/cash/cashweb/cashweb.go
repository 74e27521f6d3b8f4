// Package cashweb holds the pages of the money from the door: who holds it,
// the two phones of a hand-over, what carriers paid out, and what is missing.
package cashweb

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/cash"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the pages call.
type Services struct{ Cash *cash.Service }

type pages struct{ Services }

// maxFile is how large a file of payouts may be, in bytes.
const maxFile = 5 << 20

// Routes are the addresses of the chain.
func Routes(s Services) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET /setoran", Verb: authz.SeeMoney, Handle: p.chain},
		{Pattern: "POST /setoran", Verb: authz.TakePayments, Handle: p.count},
		{Pattern: "GET /setoran/selisih", Verb: authz.SeeMoney, Handle: p.gaps},
		{Pattern: "POST /setoran/selisih", Verb: authz.TakePayments, Handle: p.explain},

		{Pattern: "GET /setoran/saya", Verb: authz.Deliver, Offline: true, Handle: p.mine},
		{Pattern: "POST /setoran/serah", Verb: authz.Deliver, Handle: p.give},
		{Pattern: "GET /setoran/terima", Verb: authz.TakeCash, Offline: true, Handle: p.receiving},
		{Pattern: "POST /setoran/terima", Verb: authz.TakeCash, Handle: p.take},

		{Pattern: "GET /setoran/ekspedisi", Verb: authz.SeeMoney, Handle: p.payouts},
		{Pattern: "POST /setoran/ekspedisi", Verb: authz.TakePayments, Handle: p.upload, MaxBody: maxFile + 1<<20},
		{Pattern: "POST /setoran/ekspedisi/janji", Verb: authz.TakePayments, Handle: p.term},
		{Pattern: "GET /setoran/ekspedisi/{id}", Verb: authz.SeeMoney, Handle: p.payout},
		{Pattern: "POST /setoran/ekspedisi/{id}/pembukuan", Verb: authz.TakePayments, Handle: p.book, Long: true},
		{Pattern: "POST /setoran/ekspedisi/{id}/keputusan", Verb: authz.TakePayments, Handle: p.decide},
	}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

func number(n int64) string { return strconv.FormatInt(n, 10) }

// team gives people their names.
type team []account.Teammate

func (l team) name(ctx context.Context, person id.ID) string {
	for _, m := range l {
		if m.Person == person {
			return m.Name
		}
	}
	return t(ctx, "cash.somebody")
}

func (l team) options(first ...ui.Option) []ui.Option {
	for _, m := range l {
		first = append(first, ui.Option{Value: m.Person.String(), Label: m.Name})
	}
	return first
}

// explainer is who is proposed to explain a difference: who holds the money,
// if they still work here.
func (l team) explainer(holder id.ID) string {
	for _, m := range l {
		if m.Person == holder {
			return m.Person.String()
		}
	}
	return ""
}

func carrierName(code string) string {
	if f, ok := carrier.Find(code); ok {
		return f.Name
	}
	return code
}

// form is what was filled in and what is wrong with it.
type form struct {
	url.Values
	fault *fault.Error
	id    id.ID
}

// of is the form if it was that of the holder; each has one on the page.
func (f form) of(name, value string) form {
	if f.Get(name) == value {
		return f
	}
	return form{id: id.New()}
}

func (f form) or(name, otherwise string) string {
	if f.Values.Has(name) {
		return f.Get(name)
	}
	return otherwise
}

func again(w http.ResponseWriter, r *http.Request, err error, show func(status int, f form) error) error {
	if f, ok := web.Again(err); ok {
		if errors.Is(err, cash.ErrCode) {
			f = f.On("code")
		}
		return show(http.StatusUnprocessableEntity, form{r.PostForm, f, web.FormID(r, "id")})
	}
	return err
}

func (p pages) chain(w http.ResponseWriter, r *http.Request) error {
	return p.chainAgain(w, r, http.StatusOK, form{id: id.New()})
}

func (p pages) chainAgain(w http.ResponseWriter, r *http.Request, status int, f form) error {
	c, err := p.Cash.Read(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, chainPage(chainView{c, team(c.Team), f, web.Scope(r)}))
}

type chainView struct {
	cash.Chain
	team team
	form form
	sc   authz.Scope
}

func (v chainView) may(verb authz.Verb) bool { return v.sc.May(verb) }

func (p pages) count(w http.ResponseWriter, r *http.Request) error {
	amount, err := web.Money(r, "amount")
	if err != nil {
		err = fault.Of(err).On("amount")
	} else {
		err = p.Cash.Count(r.Context(), web.Scope(r), cash.Count{
			ID: web.FormID(r, "id"), Holder: web.FormID(r, "courier"), Amount: amount, Close: r.FormValue("close") == "on", Why: r.FormValue("note"), By: web.FormID(r, "by"),
		})
	}
	if err != nil {
		return again(w, r, err, func(status int, f form) error { return p.chainAgain(w, r, status, f) })
	}
	web.Flash(w, r, "cash.counted")
	return web.SeeOther(w, r, "/setoran")
}

func (p pages) gaps(w http.ResponseWriter, r *http.Request) error {
	return p.gapsAgain(w, r, http.StatusOK, form{})
}

func (p pages) gapsAgain(w http.ResponseWriter, r *http.Request, status int, f form) error {
	g, err := p.Cash.Gaps(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, gapsPage(gapsView{g, team(g.Team), f, web.Scope(r)}))
}

type gapsView struct {
	cash.Gaps
	team team
	form form
	sc   authz.Scope
}

func (p pages) explain(w http.ResponseWriter, r *http.Request) error {
	err := p.Cash.Explain(r.Context(), web.Scope(r), cash.Reason{
		Handover: web.FormID(r, "handover"), Amount: signed(r.FormValue("difference")), Right: cash.Side(r.FormValue("right")), Why: r.FormValue("why"), By: web.FormID(r, "by"),
	})
	if err != nil {
		return again(w, r, err, func(status int, f form) error { return p.gapsAgain(w, r, status, f) })
	}
	web.Flash(w, r, "cash.explained")
	return web.SeeOther(w, r, "/setoran/selisih")
}

func signed(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// at is when the act happened, by the phone's clock; nil: now.
func at(r *http.Request) *time.Time {
	v, err := time.Parse(time.RFC3339, r.FormValue("at"))
	if err != nil {
		return nil
	}
	v = v.UTC()
	return &v
}

func (p pages) mine(w http.ResponseWriter, r *http.Request) error {
	return p.mineAgain(w, r, http.StatusOK, form{Values: r.URL.Query()})
}

type mineView struct {
	cash.Mine
	form   form
	amount int64
	link   string // that the receiver's phone opens
}

func (p pages) mineAgain(w http.ResponseWriter, r *http.Request, status int, f form) error {
	ctx, sc := r.Context(), web.Scope(r)
	amount, _ := web.Money(r, "amount")
	m, err := p.Cash.Mine(ctx, sc, amount)
	if err != nil {
		return err
	}
	if amount <= 0 {
		amount = m.Amount
	}
	v := mineView{Mine: m, form: f, amount: amount}
	if id := web.FormID(r, "id"); !id.IsZero() && status != http.StatusOK { // the receiver has this mark already
		v.Form, v.Mark = id, cash.CleanMark(r.FormValue("mark"))
	}
	v.link = web.Base(r) + "/setoran/terima?" + url.Values{"giver": {sc.Actor.String()}, "mark": {v.Mark}}.Encode()
	return web.Render(w, r, status, minePage(v))
}

func (v mineView) boxes() string {
	var list []string
	for _, b := range v.Boxes() {
		list = append(list, b.String())
	}
	return strings.Join(list, ",")
}

func (v mineView) name(ctx context.Context, person id.ID) string {
	if n, ok := v.Names[person]; ok {
		return n
	}
	return t(ctx, "cash.somebody")
}

func (p pages) give(w http.ResponseWriter, r *http.Request) error {
	m, err := giveOf(r.Form, web.FormID(r, "id"), at(r))
	if err == nil {
		err = p.Cash.Hand(r.Context(), web.Scope(r), m)
	}
	if err != nil {
		return again(w, r, err, func(status int, f form) error { return p.mineAgain(w, r, status, f) })
	}
	web.Flash(w, r, "cash.given", money.String(m.Amount))
	return web.SeeOther(w, r, "/setoran/saya")
}

type receivingView struct {
	cash.Receiving
	form form
	code string
	keys string
}

func (p pages) receiving(w http.ResponseWriter, r *http.Request) error {
	return p.receivingAgain(w, r, http.StatusOK, form{Values: r.URL.Query(), id: id.New()})
}

func (p pages) receivingAgain(w http.ResponseWriter, r *http.Request, status int, f form) error {
	sc := web.Scope(r)
	rc, err := p.Cash.Receiving(r.Context(), sc)
	if err != nil {
		return err
	}
	v := receivingView{Receiving: rc, form: f}
	var days []string
	for _, k := range rc.Keys {
		days = append(days, k.Day+"="+k.Key)
	}
	v.keys = strings.Join(days, " ")
	m := cash.Take{ID: id.New(), Giver: web.FormID(r, "giver"), Mark: cash.CleanMark(r.FormValue("mark"))}
	m.Amount, _ = web.Money(r, "amount")
	if m.Validate() == nil {
		v.code = p.Cash.CodeFor(sc, sc.Now, m.Giver, m.Amount, m.Mark)
	}
	return web.Render(w, r, status, receivingPage(v))
}

// take notes what was counted, and comes back with the code for phones without script.
func (p pages) take(w http.ResponseWriter, r *http.Request) error {
	m, err := takeOf(r.Form, web.FormID(r, "id"), at(r))
	if err == nil {
		err = p.Cash.Confirm(r.Context(), web.Scope(r), m)
	}
	if err != nil {
		return again(w, r, err, func(status int, f form) error { return p.receivingAgain(w, r, status, f) })
	}
	web.Flash(w, r, "cash.taken", money.String(m.Amount))
	return web.SeeOther(w, r, "/setoran/terima?"+url.Values{"giver": {r.FormValue("giver")}, "amount": {r.FormValue("amount")}, "mark": {r.FormValue("mark")}}.Encode())
}
