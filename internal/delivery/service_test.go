package delivery

import (
	"errors"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func newShop(t *testing.T, db *store.DB) (*Service, authz.Scope, region.Place) {
	t.Helper()
	root := make([]byte, 32)
	shops, err := business.New(db, account.New(db, root), root)
	if err != nil {
		t.Fatal(err)
	}
	home := village(t, "cicalengka kulon")
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: db.Now(), ProvenAt: db.Now()}
	b, err := shops.Create(t.Context(), sc, business.NewShop{
		ID: id.New(), Name: "Dapur Bu Euis", Trade: "T1", Village: home.Code, Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	return New(db, shops), sc, home
}

func TestQuote(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc, home := newShop(t, db)
		ctx := t.Context()
		quote := func(sc authz.Scope, to string, grams, goods int64) (list []Way, err error) {
			verr := db.View(ctx, sc, func(tx *store.Tx) error {
				list, err = s.Quote(ctx, tx, sc, To{Village: to}, Load{Grams: grams, Goods: goods})
				return nil
			})
			if verr != nil {
				t.Fatal(verr)
			}
			return list, err
		}
		if list, err := quote(sc, home.Code, 0, 0); err != nil || len(list) != 1 || list[0].Key != Pickup || list[0].Note == "" {
			t.Errorf("Quote of a new shop = %+v, %v, want pick up alone", list, err)
		}
		st := Settings{Pickup: true, PickupReady: "Sore", Own: true, Promise: "Senin sampai Sabtu", Tariff: Tariff{
			Kind: Areas, Areas: []Area{{Code: region.Up(home.Code, region.District), Fee: 5_000}}, PerKg: 1_000, Included: 1, Tolerance: 300, MinOrder: 10_000,
		}}
		if err := s.Put(ctx, sc, st); err != nil {
			t.Fatal(err)
		}
		guest := authz.Visitor(sc.Business)
		if list, err := quote(guest, home.Code, 2_400, 20_000); err != nil || len(list) != 2 || list[1].Key != Own || list[1].Fee != 7_000 || list[1].Note != "Senin sampai Sabtu" {
			t.Errorf("Quote = %+v, %v", list, err)
		}
		if list, err := quote(guest, "", 2_400, 20_000); err != nil || len(list) != 2 || !list[1].Unknown || list[1].Fee != 5_000 {
			t.Errorf("Quote without a village = %+v, %v", list, err)
		}
		far := village(t, "tanjungsari sumedang")
		if list, err := quote(guest, far.Code, 0, 20_000); !errors.Is(err, ErrFar) || len(list) != 1 {
			t.Errorf("Quote far away = %+v, %v, want %v with pick up", list, err, ErrFar)
		}
		if list, err := quote(guest, home.Code, 0, 9_999); !errors.Is(err, ErrLeast) || len(list) != 1 {
			t.Errorf("Quote of too little = %+v, %v, want %v with pick up", list, err, ErrLeast)
		}
		_, other, _ := newShop(t, db)
		if got, err := s.Get(ctx, other); err != nil || got.Own || len(got.Areas) != 0 {
			t.Errorf("Get of another shop = %+v, %v, want its own", got, err)
		}
		if broken, err := store.CheckInvariants(ctx, db, Invariants); err != nil || len(broken) > 0 {
			t.Errorf("CheckInvariants = %v, %v, want none", broken, err)
		}
	})
}
