package business_test

import (
	"errors"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func TestHideAppealDecide(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		ctx := t.Context()
		b, own := newShop(t, s, person(db), "Dapur Eneng")
		here, elsewhere := officer(db, "32.11"), officer(db, "32.12")
		watcher := officer(db, "32")
		watcher.Perms = []authz.Perm{authz.PermRegistry}

		if err := s.Hide(ctx, elsewhere, b.ID, "Menjual barang terlarang"); !errors.Is(err, business.ErrNotFound) {
			t.Errorf("Hide from another region = %v, want not found", err)
		}
		if err := s.Hide(ctx, watcher, b.ID, "Menjual barang terlarang"); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("Hide without the permission = %v", err)
		}
		if err := s.Hide(ctx, own, b.ID, "Menjual barang terlarang"); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("Hide by an owner = %v", err)
		}
		if err := s.Hide(ctx, here, b.ID, "x"); fault.Of(err).Field("reason") == nil {
			t.Errorf("Hide without a reason = %v", err)
		}
		if err := s.Appeal(ctx, own, "Toko saya tidak bersalah"); !errors.Is(err, business.ErrShownAlready) {
			t.Errorf("Appeal of a shown shop = %v", err)
		}
		if err := s.Hide(ctx, here, b.ID, "Menjual barang terlarang"); err != nil {
			t.Fatal(err)
		}
		if err := s.Hide(ctx, here, b.ID, "Menjual barang terlarang"); !errors.Is(err, business.ErrHiddenAlready) {
			t.Errorf("Hide twice = %v", err)
		}
		got, err := s.Get(ctx, own)
		if err != nil || got.Visible() || got.HiddenReason != "Menjual barang terlarang" {
			t.Errorf("after Hide: %+v, %v", got.HiddenReason, err)
		}
		if err := s.Appeal(ctx, own, "Barang itu sudah kami hapus"); err != nil {
			t.Fatal(err)
		}
		if err := s.Appeal(ctx, own, "Barang itu sudah kami hapus"); !errors.Is(err, business.ErrAppealed) {
			t.Errorf("Appeal twice = %v", err)
		}
		if open, _, err := s.Queue(ctx, elsewhere); err != nil || len(open) != 0 {
			t.Errorf("another region's queue = %v, %v", open, err)
		}
		open, _, err := s.Queue(ctx, here)
		if err != nil || len(open) != 1 || open[0].Name != b.Name || open[0].Text == "" {
			t.Fatalf("queue = %+v, %v", open, err)
		}
		if err := s.Decide(ctx, elsewhere, open[0].ID, true, "Sudah diperiksa lagi"); !errors.Is(err, business.ErrNotFound) {
			t.Errorf("Decide from elsewhere = %v", err)
		}
		if err := s.Decide(ctx, here, open[0].ID, false, "Barang masih terlihat"); err != nil {
			t.Fatal(err)
		}
		if err := s.Decide(ctx, here, open[0].ID, true, "Barang masih terlihat"); !errors.Is(err, business.ErrDecided) {
			t.Errorf("Decide twice = %v", err)
		}
		if err := s.Appeal(ctx, own, "Sekarang benar-benar dihapus"); err != nil {
			t.Errorf("a second appeal = %v", err)
		}
		open, decided, err := s.Queue(ctx, here)
		if err != nil || len(open) != 1 || len(decided) != 1 {
			t.Fatalf("queue = %v, %v, %v", open, decided, err)
		}
		if err := s.Decide(ctx, here, open[0].ID, true, "Terima kasih, sudah bersih"); err != nil {
			t.Fatal(err)
		}
		if got, _ = s.Get(ctx, own); !got.Visible() {
			t.Error("a lifted appeal does not show the shop")
		}
		if broken, err := store.CheckInvariants(ctx, db, business.Invariants); err != nil || len(broken) > 0 {
			t.Errorf("invariants broken: %v, %v", broken, err)
		}
		mine, err := s.Appeals(ctx, own)
		if err != nil || len(mine) != 2 || mine[0].Decision != business.AppealLifted || mine[0].Answer == "" {
			t.Errorf("Appeals = %+v, %v", mine, err)
		}
	})
}

func TestRegistryStaysInItsRegions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		ctx := t.Context()
		for range 3 {
			newShop(t, s, person(db), "Dapur Sumedang")
		}
		far, own := newShop(t, s, person(db), "Kopi Bali")
		p := far.Profile()
		p.Village = "51.71.01.1001"
		if _, err := s.PutProfile(ctx, own, p); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			sc   authz.Scope
			f    business.Filter
			want int
		}{
			"own regency":            {officer(db, "32.11"), business.Filter{}, 3},
			"province":               {officer(db, "32"), business.Filter{}, 3},
			"both":                   {officer(db, "32.11", "32", "51.71"), business.Filter{}, 4},
			"none of it":             {officer(db, "32.12"), business.Filter{}, 0},
			"asks for another":       {officer(db, "32.11"), business.Filter{Region: "51.71"}, 0},
			"a district":             {officer(db, "32.11"), business.Filter{Region: "32.11.01"}, 3},
			"words":                  {officer(db, "32", "51"), business.Filter{Words: "KOP bal"}, 0},
			"beginning of a word":    {officer(db, "32", "51"), business.Filter{Words: "bal"}, 1},
			"trade":                  {officer(db, "32"), business.Filter{Trade: "T2"}, 0},
			"hidden":                 {officer(db, "32"), business.Filter{Hidden: true}, 0},
			"how it sold before":     {officer(db, "32"), business.Filter{SoldBefore: business.SoldConventional}, 3},
			"after the first of all": {officer(db, "32"), business.Filter{Before: business.Mark{At: db.Now().Add(-time.Hour)}}, 0},
		} {
			got, next, err := s.Registry(ctx, c.sc, c.f)
			if err != nil || len(got) != c.want || !next.IsZero() {
				t.Errorf("%s: %d entries, %v, want %d", name, len(got), err, c.want)
			}
		}
		if _, _, err := s.Registry(ctx, own, business.Filter{}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("Registry for an owner = %v", err)
		}
		if _, _, err := s.Entry(ctx, officer(db, "32"), far.ID); !errors.Is(err, business.ErrNotFound) {
			t.Errorf("Entry of another region = %v", err)
		}
		if e, _, err := s.Entry(ctx, officer(db, "51"), far.ID); err != nil || e.Name != "Kopi Bali" {
			t.Errorf("Entry = %+v, %v", e, err)
		}
	})
}
