package app

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"lapak/internal/account"
	"lapak/internal/account/accountweb"
	"lapak/internal/api/apiweb"
	"lapak/internal/audit/auditweb"
	"lapak/internal/authz"
	"lapak/internal/backup/backupweb"
	"lapak/internal/blob/blobweb"
	"lapak/internal/booking/bookingweb"
	"lapak/internal/bundle/bundleweb"
	"lapak/internal/business/businessweb"
	"lapak/internal/carrier"
	"lapak/internal/cash"
	"lapak/internal/cash/cashweb"
	"lapak/internal/catalog/catalogweb"
	"lapak/internal/customer/customerweb"
	"lapak/internal/delivery"
	"lapak/internal/delivery/deliveryweb"
	"lapak/internal/directory/directoryweb"
	"lapak/internal/exchange/exchangeweb"
	"lapak/internal/fault"
	"lapak/internal/figure/figureweb"
	"lapak/internal/haul/haulweb"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/label"
	"lapak/internal/mail"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/order/orderweb"
	"lapak/internal/orderfile"
	"lapak/internal/outbox/outboxweb"
	"lapak/internal/parcel"
	"lapak/internal/parcel/parcelweb"
	"lapak/internal/payment/paymentweb"
	"lapak/internal/push"
	"lapak/internal/stock/stockweb"
	"lapak/internal/store"
	"lapak/internal/storefront/storefrontweb"
	"lapak/internal/today/todayweb"
	"lapak/internal/ui"
	"lapak/internal/voucher/voucherweb"
	"lapak/internal/web"
	"lapak/internal/webhook/webhookweb"
)

type scope = authz.Scope

// Words are the texts of mails.
//
//go:embed id.json en.json
var Words embed.FS

// wordFiles lists the words of every package.
func wordFiles() []fs.FS {
	return files(ui.Words, Words, accountweb.Words, auditweb.Words, backupweb.Words, bundleweb.Words, businessweb.Words, catalogweb.Words, stockweb.Words, customerweb.Words,
		orderfile.Words, exchangeweb.Words, carrier.Words, label.Words,
		deliveryweb.Words, voucherweb.Words, paymentweb.Words, order.Words, orderweb.Words, todayweb.Words, storefrontweb.Words, directoryweb.Words, apiweb.Words, webhookweb.Words, parcelweb.Words, haulweb.Words, bookingweb.Words, outboxweb.Words, figureweb.Words, cashweb.Words)
}

// Routes lists every address of the site.
func (a *App) Routes() [][]web.Route {
	base := a.Config.Base()
	return [][]web.Route{
		accountweb.Routes(a.Accounts),
		auditweb.Routes(a.DB, a.Accounts),
		backupweb.Routes(a.Backups),
		blobweb.Routes(a.Blobs),
		bundleweb.Routes(bundleweb.Services{Bundles: a.Bundles, Shops: a.Shops, ActAs: a.Accounts.ActAs}),
		businessweb.Routes(businessweb.Services{
			Shops: a.Shops, Goods: a.Goods, Blobs: a.Blobs, Payments: a.Payments, BaseURL: base,
			PutWays: a.putWays, ActAs: a.Accounts.ActAs, PhoneOf: a.phoneOf,
		}),
		catalogweb.Routes(a.Goods, a.Stock, a.Blobs),
		stockweb.Routes(a.Stock, a.namesOf),
		customerweb.Routes(a.Customers, a.ordersOf, a.shopName),
		deliveryweb.Routes(a.Delivery),
		parcelweb.Routes(parcelweb.Services{Parcels: a.Parcels, Bookings: a.Booking, Cash: a.Cash, Orders: a.Orders, Shops: a.Shops, Accounts: a.Accounts, Blobs: a.Blobs, Firms: a.firmsOf}),
		bookingweb.Routes(bookingweb.Services{Bookings: a.Booking, Parcels: a.Parcels, Shops: a.Shops}),
		figureweb.Routes(figureweb.Services{Figures: a.Figures, Accounts: a.Accounts}),
		cashweb.Routes(cashweb.Services{Cash: a.Cash}),
		haulweb.Routes(haulweb.Services{Haul: a.Haul, Shops: a.Shops, Accounts: a.Accounts}),
		voucherweb.Routes(a.Vouchers, a.Shops),
		paymentweb.Routes(paymentweb.Services{Payments: a.Payments, Blobs: a.Blobs, Meter: a.Parcels.Meter}),
		orderweb.Routes(orderweb.Services{
			DB: a.DB, Orders: a.Orders, Parcels: a.Parcels, Shops: a.Shops, Goods: a.Goods, Stock: a.Stock, Customers: a.Customers, Accounts: a.Accounts, Blobs: a.Blobs,
		}),
		outboxweb.Routes(a.Outbox),
		todayweb.Routes(a.Today, a.Push),
		storefrontweb.Routes(a.Front, base),
		directoryweb.Routes(a.Directory, base),
		exchangeweb.Routes(a.Exchange),
		webhookweb.Routes(a.Webhooks, a.Shops),
		apiweb.Routes(apiweb.Services{
			Keys: a.Keys, Shops: a.Shops, Goods: a.Goods, Stock: a.Stock, Customers: a.Customers, Orders: a.Orders, Parcels: a.Parcels, Front: a.Front, Directory: a.Directory,
			Words: a.Words, Base: base,
		}),
	}
}

// hooks is the whole wiring between slices, on one screen: who tells whom.
func (a *App) hooks() {
	a.names = &nameCache{}
	a.Accounts.Business = a.nameOf
	a.Accounts.Village = a.villageOf
	a.Accounts.Base = a.Config.Base()
	if a.Mail.On() {
		a.Accounts.Mail = accountMail{a}
	}
	a.Goods.OnStock = a.Stock.Set
	a.Customers.OnErase = func(ctx context.Context, tx *store.Tx, sc scope, customer id.ID) error {
		if err := a.Orders.Erase(ctx, tx, sc, customer); err != nil {
			return err
		}
		if err := a.Haul.Erase(ctx, tx, sc, customer); err != nil {
			return err
		}
		if err := a.Parcels.Erase(ctx, tx, sc, customer); err != nil {
			return err
		}
		if err := a.Keys.Erase(ctx, tx, sc, customer); err != nil {
			return err
		}
		return a.Backups.NoteErasure(ctx, tx, sc, customer)
	}

	a.Orders.OnPlaced = func(ctx context.Context, tx *store.Tx, sc scope, o order.Order) error {
		if err := a.tellOrder(ctx, tx, sc, o, order.Event{Act: order.ActPlace}); err != nil {
			return err
		}
		if o.Channel != order.Web {
			return nil // who entered it knows of it
		}
		if err := a.Push.Tell(ctx, tx, sc, push.About{Kind: "placed", Object: o.ID}); err != nil {
			return err
		}
		return a.mailOwner(ctx, tx, sc, o)
	}
	a.Orders.OnMoved = func(ctx context.Context, tx *store.Tx, sc scope, o order.Order, e order.Event) error {
		if err := a.Parcels.Follow(ctx, tx, sc, o, e); err != nil {
			return err
		}
		if err := a.tellOrder(ctx, tx, sc, o, e); err != nil {
			return err
		}
		switch e.Act {
		case order.ActClaim, order.ActComplain, order.ActWithdraw:
			return a.Push.Tell(ctx, tx, sc, push.About{Kind: string(e.Act), Object: o.ID})
		}
		return nil
	}
	a.Orders.OnRemind = func(ctx context.Context, tx *store.Tx, sc scope, o order.Order) error {
		return a.Push.Tell(ctx, tx, sc, push.About{Kind: "remind", Object: o.ID})
	}
	a.Orders.Brings = func(ctx context.Context, tx *store.Tx, sc scope, person id.ID) (bool, error) {
		team, err := a.Accounts.TeamTx(ctx, tx, sc)
		return slices.ContainsFunc(team, func(m account.Teammate) bool { return m.Person == person && m.Brings() }), err
	}
	a.Orders.Holder = a.Parcels.Holder
	a.Parcels.Brings = a.Orders.Brings
	a.Parcels.MayDrop = a.Booking.MayDrop
	a.Orders.Carriers = a.Booking.Carriers
	a.Parcels.WrongCodes = func(ctx context.Context, tx *store.Tx, sc scope, box id.ID) (int64, error) {
		return a.Outbox.Refusals(ctx, tx, sc, box, parcel.ErrCode.Key)
	}
	parcelweb.Offline(a.Outbox, a.Parcels)
	a.Parcels.OnMoved = func(ctx context.Context, tx *store.Tx, sc scope, p parcel.Parcel, e parcel.Event) error {
		if err := a.Booking.Followed(ctx, tx, sc, p, e); err != nil {
			return err
		}
		if err := a.Figures.Note(ctx, tx, sc, p); err != nil {
			return err
		}
		if err := a.Haul.Moved(ctx, tx, sc, p, e); err != nil {
			return err
		}
		return a.tellParcel(ctx, tx, sc, p, e)
	}
	a.Cash.WrongCodes = func(ctx context.Context, tx *store.Tx, sc scope, giver id.ID, since time.Time) (int64, error) {
		return a.Outbox.RefusalsBy(ctx, tx, sc, giver, cash.ErrCode.Key, since)
	}
	cashweb.Offline(a.Outbox, a.Cash)
	a.Parcels.OnRemade = a.Haul.Remade
	a.Parcels.Firms = a.Haul.FirmFor
	a.Shops.OnTouch = a.Haul.Touched
	a.Payments.OnPayout = a.mailPayout
	a.Payments.OnNoted = a.tellPayment
	a.Stock.OnChanged = a.Webhooks.StockMoved
	a.Customers.OnChanged = a.tellCustomer
	a.Webhooks.Stock = a.stockOf
	a.Webhooks.OnStopped = a.mailStopped
	a.Front.NameOf = func(ctx context.Context, person id.ID) (string, error) {
		p, err := a.Accounts.Person(ctx, person)
		return p.Name, err
	}
	a.Push.Write = a.news
	a.Push.Allowed = a.mayKnow

	a.Mail.Register(a.Jobs)
	a.Push.Register(a.Jobs)
	a.Blobs.Register(a.Jobs)
	a.Orders.Register(a.Jobs)
	a.Haul.Register(a.Jobs)
	a.Directory.Register(a.Jobs)
	a.Exchange.Register(a.Jobs)
	a.Backups.Register(a.Jobs)
	a.Keys.Register(a.Jobs)
	a.Webhooks.Register(a.Jobs)
	a.Booking.Register(a.Jobs)
	a.Outbox.Jobs(a.Jobs)
	a.Figures.Register(a.Jobs)
	job.Every(a.Jobs, "account.sweep", time.Hour, a.Accounts.Sweep)
}

// news words what a push tells, in the language of the phone it goes to.
func (a *App) news(ctx context.Context, sc scope, lang string, about push.About) (push.News, bool, error) {
	d, err := a.Orders.Get(ctx, sc, about.Object)
	if f := fault.Of(err); f.HasKind(fault.NotFound) {
		return push.News{}, false, nil
	}
	if err != nil {
		return push.News{}, false, err
	}
	if (about.Kind == "placed" || about.Kind == "remind") && d.State != order.Placed {
		return push.News{}, false, nil // somebody was faster
	}
	say := func(key string, args ...any) string { return a.Words.Say(lang, "push."+about.Kind+key, args...) }
	n := push.News{Title: say("", d.Called()), Path: "/pesanan/" + d.ID.String(), Tag: d.ID.String()}
	switch about.Kind {
	case "placed":
		n.Body = say("_body", d.Brief, money.String(d.Total))
	case "remind":
		n.Body = say("_body", i18n.Clock(i18n.With(ctx, a.Words, lang), d.PlacedAt))
	default:
		n.Body = say("_body", money.String(d.Due()))
	}
	return n, true, nil
}

// mayKnow reports whether a person still belongs to a business and may see its orders.
func (a *App) mayKnow(ctx context.Context, person, shop id.ID) (bool, error) {
	list, err := a.Accounts.Memberships(ctx, person)
	if err != nil {
		return false, err
	}
	for _, m := range list {
		if m.Business == shop && (authz.Scope{Actor: person, Role: m.Role, Perms: m.Perms}).May(authz.SeeOrders) {
			return true, nil
		}
	}
	return false, nil
}

// firmsOf are the courier firms to which a shop may give its parcels.
func (a *App) firmsOf(ctx context.Context, sc scope) ([]parcelweb.Firm, error) {
	list, err := a.Haul.Choices(ctx, sc)
	var firms []parcelweb.Firm
	for _, f := range list {
		firms = append(firms, parcelweb.Firm(f))
	}
	return firms, err
}

// putWays sets the simple ways that a new shop begins with.
func (a *App) putWays(ctx context.Context, sc scope, w businessweb.Ways) error {
	set := delivery.Initial()
	set.Pickup, set.Own = w.Pickup, w.Own
	set.Kind, set.Flat = delivery.Flat, w.Fee
	return a.Delivery.Put(ctx, sc, set)
}

func (a *App) phoneOf(ctx context.Context, sc scope) (string, error) {
	p, err := a.Accounts.Person(ctx, sc.Actor)
	return p.Phone.E164(), err
}

func (a *App) namesOf(ctx context.Context, sc scope, _ []id.ID) (map[id.ID]string, error) {
	var names map[id.ID]string
	err := a.DB.View(ctx, sc, func(tx *store.Tx) (err error) {
		names, err = a.Accounts.NamesTx(ctx, tx, sc)
		return err
	})
	return names, err
}

// ordersOf lists a customer's orders for the customer's page.
func (a *App) ordersOf(ctx context.Context, sc scope, customer id.ID) ([]customerweb.OrderLine, error) {
	if !sc.May(authz.SeeOrders) {
		return nil, nil
	}
	page, err := a.Orders.List(ctx, sc, order.Filter{Customer: customer, Max: 20})
	var list []customerweb.OrderLine
	for _, o := range page.Orders {
		list = append(list, customerweb.OrderLine{
			Path: "/pesanan/" + o.ID.String(), Code: o.Called(), Brief: o.Brief, State: i18n.T(ctx, "orderweb.state."+string(o.State)), Total: o.Total, At: o.PlacedAt,
		})
	}
	return list, err
}

func (a *App) shopName(ctx context.Context, sc scope) (string, error) {
	name, _, _ := a.nameOf(ctx, sc.Business)
	return name, nil
}

// nameCache keeps what the header of pages says of a business, until something
// public of it changes.
type nameCache struct {
	mu   sync.Mutex
	kept map[id.ID]named
}

type named struct {
	version                    uint64
	name, slug, place, village string
}

func (a *App) nameOf(ctx context.Context, shop id.ID) (name, slug, place string) {
	n := a.named(ctx, shop)
	return n.name, n.slug, n.place
}

func (a *App) villageOf(ctx context.Context, shop id.ID) string { return a.named(ctx, shop).village }

func (a *App) named(ctx context.Context, shop id.ID) named {
	v := a.DB.Version(shop)
	a.names.mu.Lock()
	n, ok := a.names.kept[shop]
	a.names.mu.Unlock()
	if ok && v != 0 && n.version == v {
		return n
	}
	b, err := a.Shops.Get(ctx, authz.Job(shop))
	if err != nil {
		a.log.WarnContext(ctx, "name of a business", "error", err)
		return named{}
	}
	n = named{v, b.Name, b.Slug, b.Town(), b.Village}
	a.names.mu.Lock()
	if a.names.kept == nil || len(a.names.kept) > 10_000 {
		a.names.kept = map[id.ID]named{}
	}
	a.names.kept[shop] = n
	a.names.mu.Unlock()
	return n
}

// accountMail words the mails about sign-in.
type accountMail struct{ a *App }

// PutAccountMail puts in a mail of a kind: "reset" and "prove" carry a link's
// secret, the others tell what changed.
func (m accountMail) PutAccountMail(ctx context.Context, tx *store.Tx, to, lang, kind string, args ...any) error {
	switch kind {
	case "reset":
		args = []any{m.a.Config.Base() + "/atur-ulang/" + fmt.Sprint(args...)}
	case "prove":
		args = []any{m.a.Config.Base() + "/bukti-email/" + fmt.Sprint(args...)}
	default:
		args = []any{m.a.Config.Base() + "/akun"}
	}
	w := m.a.Words
	return m.a.Mail.Put(ctx, tx, authz.Job(id.ID{}), mail.Message{To: to, Subject: w.Say(lang, "mail."+kind), Text: w.Say(lang, "mail."+kind+"_text", args...)})
}

// mailPayout tells the shop that the place its money goes to was changed.
func (a *App) mailPayout(ctx context.Context, tx *store.Tx, sc scope) error {
	if !a.Mail.On() {
		return nil
	}
	shop, err := a.Shops.GetTx(ctx, tx, sc)
	if err != nil || shop.Mail == "" {
		return err
	}
	return a.Mail.Put(ctx, tx, sc, mail.Message{
		To: shop.Mail, Subject: a.Words.Say(i18n.ID, "mail.payout", shop.Name),
		Text: a.Words.Say(i18n.ID, "mail.payout_text", shop.Name, a.Config.Base()+"/pembayaran"),
	})
}

// mailOwner tells the shop of an order by mail, if it gave an address.
func (a *App) mailOwner(ctx context.Context, tx *store.Tx, sc scope, o order.Order) error {
	if !a.Mail.On() {
		return nil
	}
	shop, err := a.Shops.GetTx(ctx, tx, sc)
	if err != nil || shop.Mail == "" {
		return err
	}
	return a.Mail.Put(ctx, tx, sc, mail.Message{
		To: shop.Mail, Subject: a.Words.Say(i18n.ID, "mail.order", o.Called()),
		Text: a.Words.Say(i18n.ID, "mail.order_text", o.Called(), o.Brief, money.String(o.Total), a.Config.Base()+"/pesanan/"+o.ID.String()),
	})
}
