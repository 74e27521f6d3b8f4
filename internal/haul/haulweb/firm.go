package haulweb

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/haul"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/web"
)

// home is a firm's page: who asks, what is to be fetched, what differs.
func (p pages) home(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := homeView{may: sc.May(authz.EditShop), move: sc.May(authz.MoveOrders), money: sc.May(authz.SeeMoney)}
	var err error
	if v.Firm, err = p.Haul.Get(ctx, sc); errors.Is(err, haul.ErrNoFirm) && v.may {
		return web.SeeOther(w, r, "/jasa-kurir/aturan")
	} else if err != nil {
		return err
	}
	if v.ties, err = p.Haul.Ties(ctx, sc, true); err != nil {
		return err
	}
	if v.found, err = p.Haul.Differences(ctx, sc); err != nil {
		return err
	}
	all, err := p.Haul.Pickups(ctx, sc, true, 100)
	for _, q := range all {
		if q.TakenAt == nil {
			v.waiting++
		}
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, homePage(v))
}

func (p pages) settings(w http.ResponseWriter, r *http.Request) error {
	f, err := p.Haul.Get(r.Context(), web.Scope(r))
	if err != nil && !errors.Is(err, haul.ErrNoFirm) {
		return err
	}
	return web.Render(w, r, http.StatusOK, settingsPage(settingsView{Firm: f, cod: percent(f.CODBP), fresh: err != nil}))
}

// percent writes hundredths of a percent as people type them, bp reads them.
func percent(bp int64) string {
	s := strconv.FormatInt(bp/100, 10)
	if rest := bp % 100; rest > 0 {
		s += "," + strings.TrimRight(strconv.FormatInt(100+rest, 10)[1:], "0")
	}
	return s
}

func bp(s string) (int64, error) {
	whole, rest, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%")), ".", ","), ",")
	rest += "00"
	n, err := strconv.ParseUint("0"+whole+rest[:2], 10, 32)
	if err != nil || len(rest) > 4 {
		return 0, fault.New(fault.Invalid, "form.between", 0, 50)
	}
	return int64(n), nil
}

func (p pages) saveSettings(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	f, err := p.Haul.Get(ctx, sc)
	fresh := errors.Is(err, haul.ErrNoFirm)
	if err != nil && !fresh {
		return err
	}
	var fields fault.Fields
	f.Open = r.FormValue("open") != ""
	f.PayDays = strings.Join(slices.Compact(slices.Sorted(slices.Values(r.Form["days"]))), "")
	f.CODBP, err = bp(r.FormValue("cod"))
	fields.Add("cod", err)
	if fresh { // the first service comes with the form, so that shops have something to choose
		f.Assets = append(f.Assets, haul.Asset{ID: id.New(), Kind: haul.ServiceKind, Name: r.FormValue("service.name"), Detail: r.FormValue("service.detail")})
	}
	if err = fields.Err(); err == nil {
		err = p.Haul.Put(ctx, sc, f)
	}
	if e, ok := web.Again(err); ok {
		v := settingsView{Firm: f, cod: r.FormValue("cod"), fresh: fresh, fault: e}
		return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(v))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/jasa-kurir/aturan")
}

func (p pages) addAsset(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	f, err := p.Haul.Get(ctx, sc)
	if err != nil {
		return err
	}
	a := haul.Asset{ID: id.New(), Kind: haul.KindOf(r.FormValue("kind")), Name: r.FormValue("name"), Detail: r.FormValue("detail")}
	if !slices.Contains([]haul.KindOf{haul.ServiceKind, haul.Hub, haul.Vehicle}, a.Kind) {
		return haul.ErrNotFound
	}
	if a.Kind == haul.Hub {
		a.Detail = villageOf(r.FormValue("village"), a.Detail)
	}
	was := f
	f.Assets = append(slices.Clone(f.Assets), a)
	err = p.Haul.Put(ctx, sc, f)
	if e, ok := web.Again(err); ok {
		v := settingsView{Firm: was, cod: percent(f.CODBP), fault: e, typed: haul.Asset{Kind: a.Kind, Name: a.Name, Detail: r.FormValue("detail")}}
		return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(v))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/jasa-kurir/aturan")
}

// villageOf is the village that was chosen or, without script, the one that
// was typed if there is but one of that name.
func villageOf(code, words string) string {
	if v, ok := region.Get(code); ok && (words == "" || words == v.Label()) {
		return code
	}
	list := region.Search(words, 12, region.Village)
	for _, v := range list {
		if len(list) == 1 || v.Label() == words {
			return v.Code
		}
	}
	return ""
}

func (p pages) dropAsset(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	f, err := p.Haul.Get(ctx, sc)
	if err != nil {
		return err
	}
	if f.Asset(which).ID.IsZero() {
		return haul.ErrNotFound
	}
	f.Assets = slices.DeleteFunc(f.Assets, func(a haul.Asset) bool { return a.ID == which })
	err = p.Haul.Put(ctx, sc, f)
	if e, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(settingsView{Firm: f, cod: percent(f.CODBP), fault: e}))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/jasa-kurir/aturan")
}

// shop is a shop as its firm has it: what is owed, what was paid.
func (p pages) shop(w http.ResponseWriter, r *http.Request) error {
	return p.shopAgain(w, r, http.StatusOK, nil)
}

func (p pages) shopAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	other, err := web.PathID(r, "shop")
	if err != nil {
		return err
	}
	v := shopView{fault: f, pay: id.New(), may: sc.May(authz.RefundPayments), on: sc.Now.In(i18n.WIB).Format("2006-01-02"), reference: r.FormValue("reference")}
	if s := r.FormValue("on"); s != "" {
		v.on = s
	}
	if v.tie, err = p.Haul.With(ctx, sc, other); err != nil {
		return err
	}
	if v.Statement, err = p.Haul.Statement(ctx, sc, other); err != nil {
		return err
	}
	if v.payouts, err = p.Haul.Payouts(ctx, sc, other); err != nil {
		return err
	}
	if v.compared, err = p.Haul.Compared(ctx, sc, other); err != nil {
		return err
	}
	if v.found, err = p.Haul.Differences(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, status, shopPage(v))
}

func (p pages) reply(w http.ResponseWriter, r *http.Request) error {
	shop, err := web.PathID(r, "shop")
	if err != nil {
		return err
	}
	a := haul.Answer(r.FormValue("answer"))
	if err := p.Haul.Reply(r.Context(), web.Scope(r), shop, a); err != nil {
		return err
	}
	web.Flash(w, r, "haul.replied_"+string(a))
	return web.SeeOther(w, r, "/jasa-kurir")
}

func (p pages) pay(w http.ResponseWriter, r *http.Request) error {
	shop, err := web.PathID(r, "shop")
	if err != nil {
		return err
	}
	out, err := p.Haul.PayOut(r.Context(), web.Scope(r), shop, haul.Pay{
		ID: web.FormID(r, "id"), On: r.FormValue("on"), Reference: r.FormValue("reference"), Net: web.Int(r, "net"),
	})
	if f, ok := web.Again(err); ok {
		return p.shopAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "haul.paid_out", out.Parcels)
	return web.SeeOther(w, r, "/jasa-kurir/toko/"+shop.String())
}

// pickups are what is to be fetched; couriers see what they fetch.
func (p pages) pickups(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := pickupsView{move: sc.May(authz.MoveOrders)}
	var err error
	if v.list, err = p.Haul.Pickups(ctx, sc, true, 100); err != nil {
		return err
	}
	if v.team, err = p.team(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, pickupsPage(v))
}

func (p pages) pickup(w http.ResponseWriter, r *http.Request) error {
	return p.pickupAgain(w, r, http.StatusOK, nil)
}

func (p pages) pickupAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v := pickupView{may: true, move: sc.May(authz.MoveOrders), fault: f}
	if v.PickupView, err = p.Haul.Pickup(ctx, sc, which); err != nil {
		return err
	}
	if !v.Firm {
		return haul.ErrNotFound
	}
	if v.team, err = p.team(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, status, pickupPage(v))
}

func (p pages) send(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	courier := web.FormID(r, "courier")
	if courier.IsZero() {
		return p.pickupAgain(w, r, http.StatusUnprocessableEntity, fault.New(fault.Invalid, "form.choose").On("courier"))
	}
	err = p.Haul.Send(r.Context(), web.Scope(r), which, courier)
	if f, ok := web.Again(err); ok {
		return p.pickupAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "haul.sent_for")
	return web.SeeOther(w, r, "/jemput/"+which.String())
}

func (p pages) count(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	list := ticked(r, "token")
	err = p.Haul.Count(r.Context(), web.Scope(r), which, list)
	if f, ok := web.Again(err); ok {
		return p.pickupAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "haul.counted", len(list))
	return web.SeeOther(w, r, "/jemput/"+which.String())
}
