package torture_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"testing"

	"lapak/internal/account"
	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

const (
	jatimukti = "32.11.01.2001" // the village of every shop here
	pieces    = 1_000_000
	price     = 18_000
)

// stall is an open shop with one product.
type stall struct {
	sc      authz.Scope
	slug    string
	product string // its slug
	variant id.ID
}

// at is an address of the shop's public pages.
func (s stall) at(rest string) string { return "/@" + s.slug + rest }

// form orders n pieces, to be fetched at the shop.
func (s stall) form(n int64) url.Values {
	return url.Values{
		"id": {id.New().String()}, "seen": {strconv.FormatInt(n*price, 10)}, "lines.0.variant": {s.variant.String()}, "lines.0.quantity": {strconv.FormatInt(n, 10)},
		"name": {"Pembeli"}, "phone": {"081312345678"}, "way": {"pickup"}, "pay": {"cash"},
	}
}

// settings are those of an installation for a trial.
func settings(data, dsn string) app.Config {
	return app.Config{Addr: "127.0.0.1:0", Data: data, DB: dsn, BaseURL: "http://lapak.test", LogLevel: "warn", LogFormat: "text", RateFactor: 100_000}
}

// open opens the data of an installation, beside its server or without one.
func open(ctx context.Context, c app.Config) (*app.App, error) {
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, c.DSN(), store.Options{Log: log, Conns: 4, Readers: 1})
	if err != nil {
		return nil, err
	}
	root, err := app.Key(c.Data)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	a, err := app.Wire(c, db, root, log)
	if err != nil {
		_ = db.Close()
	}
	return a, err
}

// furnish makes an installation with n open shops, and closes it again.
func furnish(t *testing.T, c app.Config, n int) []stall {
	t.Helper()
	a, err := app.New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	defer a.Close()
	list := make([]stall, n)
	for i := range list {
		if list[i], err = makeStall(t.Context(), a, i); err != nil {
			t.Fatalf("void: make a shop: %v", err)
		}
	}
	return list
}

func makeStall(ctx context.Context, a *app.App, i int) (stall, error) {
	number, err := phone.Parse(fmt.Sprintf("0812%08d", 10_000_000+i))
	if err != nil {
		return stall{}, err
	}
	p := account.Planted{Person: id.New(), Name: "Euis", Phone: number}
	if err := a.DB.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		return a.Accounts.Plant(ctx, tx, p, account.Secret{})
	}); err != nil {
		return stall{}, err
	}
	sc := authz.Scope{Actor: p.Person, Membership: id.New(), Role: authz.Person, Now: a.DB.Now(), ProvenAt: a.DB.Now()}
	b, err := a.Shops.Create(ctx, sc, business.NewShop{
		ID: id.New(), Name: fmt.Sprintf("Dapur %d", i), Trade: "T1", Village: jatimukti, Phone: number.E164(), SoldBefore: business.SoldConventional,
	})
	if err != nil {
		return stall{}, err
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	profile := b.Profile()
	profile.Mail = fmt.Sprintf("toko%d@contoh.id", i)
	if _, err = a.Shops.PutProfile(ctx, sc, profile); err != nil {
		return stall{}, err
	}
	if b, err = a.Shops.Publish(ctx, sc); err != nil {
		return stall{}, err
	}
	stock := int64(pieces)
	g, err := a.Goods.Create(ctx, sc, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Keripik Singkong", Publish: true, Min: 1,
		Variants: []catalog.VariantForm{{ID: id.New(), Price: price, WeightGrams: 250, Tracked: true, Stock: &stock}},
	})
	if err != nil {
		return stall{}, err
	}
	set := delivery.Initial()
	set.Pickup = true
	if err := a.Delivery.Put(ctx, sc, set); err != nil {
		return stall{}, err
	}
	return stall{sc: authz.Job(b.ID), slug: b.Slug, product: g.Slug, variant: g.Variants[0].ID}, nil
}
