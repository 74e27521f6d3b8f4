// Package paymentweb shows the page on which a shop says how it is paid.
package paymentweb

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// Words are the messages of these pages and of payment's faults.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what these pages call.
type Services struct {
	Payments *payment.Service
	Blobs    *blob.Service

	// Meter tells how often COD parcels of the shop are refused; package app sets it.
	Meter func(ctx context.Context, sc authz.Scope) (parcel.Meter, error)
}

type pages struct{ Services }

const photoBody = 12 << 20

// Routes lists the pages.
func Routes(s Services) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET /pembayaran", Verb: authz.EditShop, Handle: p.show},
		{Pattern: "POST /pembayaran", Verb: authz.EditShop, Handle: p.putWays},
		{Pattern: "GET /pembayaran/rekening", Verb: authz.EditPayout, Handle: p.account},
		{Pattern: "POST /pembayaran/rekening", Verb: authz.EditPayout, Handle: p.addAccount},
		{Pattern: "POST /pembayaran/rekening/{id}/penghapusan", Verb: authz.EditPayout, Handle: p.removeAccount},
		{Pattern: "GET /pembayaran/qris", Verb: authz.EditPayout, Handle: p.qris},
		{Pattern: "POST /pembayaran/qris", Verb: authz.EditPayout, Handle: p.putQRIS, MaxBody: photoBody, Camera: true},
		{Pattern: "POST /pembayaran/qris/penghapusan", Verb: authz.EditPayout, Handle: p.removeQRIS},
	}
}

// waysView is the form of the ways, as it is or as it was filled in.
type waysView struct {
	payment.Settings
	Business id.ID
	Kind     string // "fixed" or "percent"
	Fixed    string
	Percent  string
	Max      string
	Hours    string
	Minutes  string
	Meter    parcel.Meter
	Code     *payment.Code // the shop's QRIS code, if its text is known
}

func view(business id.ID, st payment.Settings) waysView {
	v := waysView{
		Settings: st, Business: business, Kind: string(st.CODFeeKind), Hours: strconv.Itoa(int(st.TransferHold.Hours())),
		Minutes: strconv.Itoa(int(st.QRISHold.Minutes())),
	}
	if st.CODFeeKind == payment.Percent {
		v.Percent = percent(st.CODFee)
	} else if st.CODFee > 0 {
		v.Fixed = money.Digits(st.CODFee)
	}
	if st.CODMax > 0 {
		v.Max = money.Digits(st.CODMax)
	}
	if c, err := payment.ParseQRIS(st.QRISText); err == nil {
		v.Code = &c
	}
	return v
}

// percent writes hundredths of a percent as people do: "2,5".
func percent(n int64) string {
	s := strconv.FormatInt(n/100, 10)
	if n%100 == 0 {
		return s
	}
	return s + "," + strings.TrimRight(strconv.FormatInt(100+n%100, 10)[1:], "0")
}

// readPercent reads "2,5" as 250; what cannot be read is -1.
func readPercent(s string) int64 {
	whole, frac, _ := strings.Cut(strings.TrimSpace(strings.TrimSuffix(strings.ReplaceAll(s, ".", ","), "%")), ",")
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(whole, 10, 16)
	if err != nil || len(frac) > 2 {
		return -1
	}
	f, err := strconv.ParseUint((frac + "00")[:2], 10, 16)
	if err != nil {
		return -1
	}
	return int64(n*100 + f)
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	st, err := p.Payments.Get(r.Context(), sc)
	if err != nil {
		return err
	}
	v := view(sc.Business, st)
	if v.Meter, err = p.Meter(r.Context(), sc); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, waysPage(v, nil))
}

func (p pages) putWays(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	st, err := p.Payments.Get(ctx, sc)
	if err != nil {
		return err
	}
	v := waysView{
		Settings: st, Business: sc.Business, Kind: r.FormValue("cod_fee_kind"), Fixed: r.FormValue("cod_fee"), Percent: r.FormValue("cod_percent"),
		Max: r.FormValue("cod_max"), Hours: r.FormValue("transfer_hold"), Minutes: r.FormValue("qris_hold"), Code: view(sc.Business, st).Code,
	}
	if v.Meter, err = p.Meter(ctx, sc); err != nil {
		return err
	}
	var f fault.Fields
	v.Cash, v.COD, v.Transfer = on(r, "cash"), on(r, "cod"), on(r, "transfer")
	v.QRIS, v.Codes, v.CODFeeKind = on(r, "qris"), on(r, "codes"), payment.FeeKind(v.Kind)
	v.CODFee = readPercent(v.Percent)
	if v.CODFeeKind == payment.Fixed {
		v.CODFee = sum(&f, "cod_fee", v.Fixed)
	}
	v.CODMax = sum(&f, "cod_max", v.Max)
	v.TransferHold = time.Duration(web.Int(r, "transfer_hold")) * time.Hour
	v.QRISHold = time.Duration(web.Int(r, "qris_hold")) * time.Minute
	err = f.Err()
	if err == nil {
		err = p.Payments.PutWays(ctx, sc, v.Settings)
	}
	if e, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, waysPage(v, e))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "payment.saved")
	return web.SeeOther(w, r, "/pembayaran")
}

func on(r *http.Request, name string) bool { return r.FormValue(name) == "on" }

// sum reads money that may be left empty.
func sum(f *fault.Fields, field, s string) int64 {
	if strings.TrimSpace(s) == "" {
		return 0
	}
	n, err := money.Parse(s)
	f.Add(field, err)
	return n
}

func (p pages) account(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, accountPage(payment.Account{ID: id.New()}, nil))
}

func (p pages) addAccount(w http.ResponseWriter, r *http.Request) error {
	a := payment.Account{ID: web.FormID(r, "id"), Bank: r.FormValue("bank"), Number: r.FormValue("number"), Holder: r.FormValue("holder")}
	var err error = fault.New(fault.Invalid, "form.stale")
	if !a.ID.IsZero() {
		err = p.Payments.AddAccount(r.Context(), web.Scope(r), a)
	}
	if e, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, accountPage(a, e))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "payment.account_saved")
	return web.SeeOther(w, r, "/pembayaran")
}

func (p pages) removeAccount(w http.ResponseWriter, r *http.Request) error {
	account, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.Payments.RemoveAccount(r.Context(), web.Scope(r), account); err != nil {
		return err
	}
	web.Flash(w, r, "payment.account_gone")
	return web.SeeOther(w, r, "/pembayaran")
}

func (p pages) qris(w http.ResponseWriter, r *http.Request) error {
	st, err := p.Payments.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, qrisPage(st.QRISText, nil))
}

func (p pages) putQRIS(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	text := strings.TrimSpace(r.FormValue("qris_text"))
	err := p.keepQRIS(ctx, sc, r, text)
	if e, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, qrisPage(text, e))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "payment.qris_saved")
	return web.SeeOther(w, r, "/pembayaran")
}

// keepQRIS keeps the text, or the picture where there is no text.
func (p pages) keepQRIS(ctx context.Context, sc authz.Scope, r *http.Request, text string) error {
	if text != "" {
		return p.Payments.PutQRIS(ctx, sc, text, id.ID{})
	}
	file, _, err := r.FormFile("photo")
	if err != nil {
		return fault.New(fault.Invalid, "payment.qris_either").On("qris_text")
	}
	defer func() { _ = file.Close() }()
	photo, err := p.Blobs.Upload(ctx, sc, file)
	if f := fault.Of(err); f != nil && !errors.Is(err, authz.ErrForbidden) {
		return f.On("photo")
	}
	if err != nil {
		return err
	}
	return p.Payments.PutQRIS(ctx, sc, "", photo.ID)
}

func (p pages) removeQRIS(w http.ResponseWriter, r *http.Request) error {
	if err := p.Payments.PutQRIS(r.Context(), web.Scope(r), "", id.ID{}); err != nil {
		return err
	}
	web.Flash(w, r, "payment.qris_gone")
	return web.SeeOther(w, r, "/pembayaran")
}

func banks(ctx context.Context) []ui.Option {
	list := []ui.Option{{Value: "", Label: i18n.T(ctx, "payment.bank_choose")}}
	for _, b := range payment.Banks {
		o := ui.Option{Value: b.Key, Label: b.Name}
		if b.Key == "other" {
			o.Label = i18n.T(ctx, "payment.bank_other")
		}
		list = append(list, o)
	}
	return list
}
