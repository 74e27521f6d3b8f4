package businessweb

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/region"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// shopView is the page of the shop's settings.
type shopView struct {
	B       business.Business
	Link    string
	Takes   error // nil while orders are taken
	Appeals []business.Appeal
	Text    string // of an appeal, as typed
	Fault   *fault.Error
}

// open reports whether an appeal waits for its answer.
func (v shopView) open() bool {
	return len(v.Appeals) > 0 && v.Appeals[0].Decision == business.AppealOpen
}

func (p pages) shop(w http.ResponseWriter, r *http.Request) error {
	return p.shopAgain(w, r, http.StatusOK, "", nil)
}

func (p pages) shopAgain(w http.ResponseWriter, r *http.Request, status int, text string, f *fault.Error) error {
	sc := web.Scope(r)
	b, err := p.Shops.Get(r.Context(), sc)
	if err != nil {
		return err
	}
	v := shopView{B: b, Link: p.link(b), Takes: business.Open(b, sc.Now), Text: text, Fault: f}
	if b.HiddenAt != nil {
		if v.Appeals, err = p.Shops.Appeals(r.Context(), sc); err != nil {
			return err
		}
	}
	return web.Render(w, r, status, shopHome(v))
}

func (p pages) appeal(w http.ResponseWriter, r *http.Request) error {
	err := p.Shops.Appeal(r.Context(), web.Scope(r), r.FormValue("text"))
	if f, ok := web.Again(err); ok {
		return p.shopAgain(w, r, http.StatusUnprocessableEntity, r.FormValue("text"), f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "shop.appeal_sent")
	return web.SeeOther(w, r, "/toko")
}

// profileForm is the profile as it was filled in.
type profileForm struct {
	business.Profile
	Words   string
	Choices []region.Place
	Pin     string // "-6.9, 107.6"
}

func (p pages) profile(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	d := profileForm{Profile: b.Profile(), Words: b.Place().Label()}
	if b.Pinned {
		d.Pin = fmt.Sprintf("%.6f, %.6f", b.Lat, b.Lng)
	}
	return web.Render(w, r, http.StatusOK, profilePage(d, nil))
}

func (p pages) putProfile(w http.ResponseWriter, r *http.Request) error {
	d := profileForm{Pin: strings.TrimSpace(r.FormValue("lat")), Profile: business.Profile{
		Name: r.FormValue("name"), Tagline: r.FormValue("tagline"), About: r.FormValue("about"), Trade: r.FormValue("trade"), KBLI: r.FormValue("kbli"),
		Street: r.FormValue("street"), Landmark: r.FormValue("landmark"), Phone: r.FormValue("phone"), WhatsApp: r.FormValue("whatsapp"), Mail: r.FormValue("mail"),
	}}
	d.Village, d.Words, d.Choices = villageOf(r)
	if t, ok := business.TradeOf(d.Trade); ok && !t.Has(d.KBLI) {
		d.KBLI = "" // the trade was changed: its usual code
	}
	if d.Pin != "" {
		d.Pinned = true // Validate refuses 0, 0
		lat, lng, _ := strings.Cut(d.Pin, ",")
		d.Lat, _ = strconv.ParseFloat(strings.TrimSpace(lat), 64)
		d.Lng, _ = strconv.ParseFloat(strings.TrimSpace(lng), 64)
	}
	_, err := p.Shops.PutProfile(r.Context(), web.Scope(r), d.Profile)
	if f, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, profilePage(d, f))
	}
	return saved(w, r, err, "/toko")
}

// saved goes on after a change that worked.
func saved(w http.ResponseWriter, r *http.Request, err error, path string) error {
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, path)
}

// kbli lists the codes of a trade, or of all while none is chosen.
func kbli(trade string) []ui.Option {
	var out []ui.Option
	for _, t := range business.Trades {
		if t.ID != trade && trade != "" {
			continue
		}
		for _, k := range t.KBLI {
			out = append(out, ui.Option{Value: k.Code, Label: k.Code + " " + k.Title})
		}
	}
	return out
}

func (p pages) look(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, lookPage(b, nil))
}

func (p pages) putLook(w http.ResponseWriter, r *http.Request) error {
	_, err := p.Shops.PutLook(r.Context(), web.Scope(r), business.Dye(r.FormValue("dye")))
	if f, ok := web.Again(err); ok {
		b, err := p.Shops.Get(r.Context(), web.Scope(r))
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, lookPage(b, f))
	}
	return saved(w, r, err, "/toko")
}

// hoursLine sums the hours up: how today is, or that none are said.
func hoursLine(ctx context.Context, b business.Business) string {
	if !b.Hours.Known() {
		return i18n.T(ctx, "shop.hours_none")
	}
	n := 0
	for _, d := range b.Hours {
		if !d.Closed() {
			n++
		}
	}
	return i18n.T(ctx, "shop.hours_days", n)
}

func (p pages) closings(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, closingsPage(b, business.Closing{}, nil))
}

func (p pages) addClosing(w http.ResponseWriter, r *http.Request) error {
	c := business.Closing{From: r.FormValue("from"), To: r.FormValue("to"), Message: r.FormValue("message")}
	_, err := p.Shops.AddClosing(r.Context(), web.Scope(r), c)
	if f, ok := web.Again(err); ok {
		b, err := p.Shops.Get(r.Context(), web.Scope(r))
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, closingsPage(b, c, f))
	}
	return saved(w, r, err, "/toko/tutup")
}

func (p pages) removeClosing(w http.ResponseWriter, r *http.Request) error {
	_, err := p.Shops.RemoveClosing(r.Context(), web.Scope(r), r.FormValue("from"), r.FormValue("to"))
	return saved(w, r, err, "/toko/tutup")
}

func (p pages) pause(w http.ResponseWriter, r *http.Request) error {
	_, err := p.Shops.Pause(r.Context(), web.Scope(r), r.FormValue("note"))
	return saved(w, r, err, "/toko")
}

func (p pages) resume(w http.ResponseWriter, r *http.Request) error {
	_, err := p.Shops.Resume(r.Context(), web.Scope(r))
	return saved(w, r, err, "/toko")
}

func (p pages) identity(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, identityPage(b, business.Identity{NIB: b.NIB, NPWP: b.NPWP, Halal: b.Halal, PIRT: b.PIRT}, nil))
}

func (p pages) putIdentity(w http.ResponseWriter, r *http.Request) error {
	d := business.Identity{
		NIB: r.FormValue("nib"), NPWP: r.FormValue("npwp"), NIK: r.FormValue("nik"), Halal: r.FormValue("halal"), PIRT: r.FormValue("pirt"),
		DropNIK: r.FormValue("drop_nik") != "" && strings.TrimSpace(r.FormValue("nik")) == "",
	}
	_, err := p.Shops.PutIdentity(r.Context(), web.Scope(r), d)
	if f, ok := web.Again(err); ok {
		b, err := p.Shops.Get(r.Context(), web.Scope(r))
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, identityPage(b, d, f))
	}
	return saved(w, r, err, "/toko")
}

func digits(most int) templ.Attributes {
	return templ.Attributes{"inputmode": "numeric", "maxlength": strconv.Itoa(most), "autocomplete": "off"}
}

func nikHint(ctx context.Context, b business.Business) string {
	if b.NIKTail == "" {
		return i18n.T(ctx, "business.nik_hint")
	}
	return i18n.T(ctx, "business.nik_kept", "************"+b.NIKTail)
}

func (p pages) linkAgain(w http.ResponseWriter, r *http.Request, status int, slug string, f *fault.Error) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	if f == nil {
		slug = b.Slug
	}
	return web.Render(w, r, status, linkPage(b, slug, strings.TrimRight(p.BaseURL, "/"), f))
}

func (p pages) putLink(w http.ResponseWriter, r *http.Request) error {
	_, err := p.Shops.PutSlug(r.Context(), web.Scope(r), r.FormValue("slug"))
	if f, ok := web.Again(err); ok {
		return p.linkAgain(w, r, http.StatusUnprocessableEntity, r.FormValue("slug"), f)
	}
	return saved(w, r, err, "/toko")
}

func (p pages) slug(w http.ResponseWriter, r *http.Request) error {
	return p.linkAgain(w, r, http.StatusOK, "", nil)
}

func (p pages) handover(w http.ResponseWriter, r *http.Request) error {
	return p.handoverAgain(w, r, "")
}

func (p pages) handoverAgain(w http.ResponseWriter, r *http.Request, token string) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	until, err := p.Shops.OpenHandover(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, handoverPage(b, token, strings.TrimRight(p.BaseURL, "/"), until))
}

// offer shows the link on the answer itself: it is kept nowhere to be read again.
func (p pages) offer(w http.ResponseWriter, r *http.Request) error {
	token, err := p.Shops.OfferHandover(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return p.handoverAgain(w, r, token)
}

func (p pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	return saved(w, r, p.Shops.WithdrawHandover(r.Context(), web.Scope(r)), "/toko/serah")
}

func (p pages) offered(w http.ResponseWriter, r *http.Request) error {
	h, err := p.Shops.Handover(r.Context(), web.Scope(r), r.PathValue("token"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, offeredPage(h, r.PathValue("token"), nil))
}

func (p pages) accept(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Shops.AcceptHandover(r.Context(), web.Scope(r), r.PathValue("token"))
	if err != nil {
		return err
	}
	if err := p.ActAs(w, r, b); err != nil {
		return err
	}
	web.Flash(w, r, "shop.handed_over")
	return web.SeeOther(w, r, "/toko")
}

func (p pages) ending(w http.ResponseWriter, r *http.Request) error {
	return p.endingAgain(w, r, http.StatusOK, nil)
}

func (p pages) endingAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, endPage(b, r.FormValue("name"), f))
}

func (p pages) end(w http.ResponseWriter, r *http.Request) error {
	err := p.Shops.End(r.Context(), web.Scope(r), r.FormValue("name"))
	if f, ok := web.Again(err); ok {
		return p.endingAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "shop.ended")
	return web.SeeOther(w, r, "/")
}

// menuItem is a place of the menu.
type menuItem struct {
	Path, Icon, Key string
	Verb            authz.Verb
}

// menu lists every place of the signed-in pages, by what they are about.
var menu = [][]menuItem{
	{
		{"/hari-ini", "sun", "more.today", authz.SeeToday},
		{"/pesanan", "clipboard-list", "more.orders", authz.SeeOrders},
		{"/pesanan/baru", "plus", "more.new_order", authz.PlaceOrders},
		{"/kirim", "package-check", "more.shipping", authz.SeeOrders},
		{"/antaran", "bike", "more.deliveries", authz.Deliver},
		{"/setoran", "wallet", "more.cash", authz.SeeMoney},
		{"/setoran/saya", "hand-coins", "more.my_cash", authz.Deliver},
		{"/setoran/terima", "banknote", "more.take_cash", authz.TakeCash},
		{"/kotak", "smartphone", "more.outbox", authz.SignedIn},
	},
	{
		{"/produk", "package", "more.products", authz.SeeProducts},
		{"/stok", "boxes", "more.stock", authz.SeeStock},
		{"/stok/hitung", "list-checks", "more.count", authz.MoveStock},
		{"/pelanggan", "users", "more.customers", authz.SeeCustomers},
		{"/voucher", "ticket-percent", "more.vouchers", authz.EditVouchers},
		{"/impor", "copy", "more.exchange", authz.SeeToday},
	},
	{
		{"/toko", "store", "more.shop", authz.EditShop},
		{"/pembayaran", "wallet", "more.payments", authz.EditShop},
		{"/ongkir", "truck", "more.delivery", authz.EditShop},
		{"/ekspedisi", "package-check", "more.carriers", authz.EditShop},
		{"/karyawan", "user-plus", "more.staff", authz.ManageStaff},
		{"/toko/api", "key-round", "more.keys", authz.ManageKeys},
		{"/toko/webhook", "bell", "more.webhooks", authz.ManageKeys},
		{"/riwayat", "history", "more.history", authz.SeeAudit},
	},
	{
		{"/dinas/usaha", "store", "more.registry", authz.SeeRegistry},
		{"/dinas/banding", "scale", "more.appeals", authz.HideShops},
		{"/dinas/pemulihan", "key-round", "more.recovery", authz.RecoverPeople},
		{"/dinas/naskah", "scroll-text", "more.texts", authz.EditTexts},
		{"/admin", "settings", "more.admin", authz.RunInstallation},
	},
	{
		{"/akun", "circle-user-round", "more.account", authz.SignedIn},
		{"/akun/usaha", "refresh-cw", "more.switch", authz.SignedIn},
		{"/mulai", "plus", "more.open_shop", authz.SignedIn},
	},
}

// more lists all that the person may do.
func (p pages) more(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	var b business.Business
	if !sc.Business.IsZero() {
		var err error
		if b, err = p.Shops.Get(r.Context(), sc); err != nil {
			return err
		}
	}
	groups := make([][]menuItem, len(menu))
	for i, g := range menu {
		for _, m := range g {
			if m.Path == "/kotak" && sc.Business.IsZero() {
				continue // acts are made for a business
			}
			if ofFirm := m.Path == "/jasa-kurir" || m.Path == "/jemput"; (ofFirm || m.Path == "/langganan") && ofFirm != (b.Trade == business.CarriesForOthers) {
				continue // shops give parcels, courier firms take them
			}
			if sc.May(m.Verb) && (m.Verb != authz.SignedIn || sc.Role != authz.Courier || m.Path == "/akun" || m.Path == "/kotak") {
				groups[i] = append(groups[i], m)
			}
		}
	}
	return web.Render(w, r, http.StatusOK, morePage(groups, b))
}
