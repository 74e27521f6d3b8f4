package business_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

const village = "32.11.01.2001"

func service(t *testing.T, db *store.DB) *business.Service {
	t.Helper()
	s, err := business.New(db, account.New(db, make([]byte, 32)), make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func person(db *store.DB) authz.Scope {
	now := db.Now()
	return authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
}

func officer(db *store.DB, regions ...string) authz.Scope {
	return authz.Scope{Actor: id.New(), Role: authz.Office, Perms: authz.OfficePerms, Regions: regions, Now: db.Now()}
}

func owner(sc authz.Scope, b business.Business) authz.Scope {
	sc.Role, sc.Business = authz.Owner, b.ID
	return sc
}

func newShop(t *testing.T, s *business.Service, sc authz.Scope, name string) (business.Business, authz.Scope) {
	t.Helper()
	b, err := s.Create(t.Context(), sc, business.NewShop{
		ID: id.New(), Name: name, Trade: "T1", Village: village, Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	own := owner(sc, b)
	if b, err = s.Publish(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	return b, own
}

func TestCreateAndGet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		b, own := newShop(t, s, person(db), "  Dapur  Bu Éneng ")
		got, err := s.Get(t.Context(), own)
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != "Dapur Bu Éneng" || got.Slug != "dapur-bu-eneng" || got.KBLI != "10799" || got.KBLIEdition != "2020" ||
			got.Phone != "+6281234567890" || !got.Visible() || got.Zone != "WIB" || got.Lat == 0 {
			t.Errorf("Get = %+v", got)
		}
		if v, slug, err := s.BySlug(t.Context(), "DAPUR-bu-eneng"); err != nil || v != b.ID || slug != b.Slug {
			t.Errorf("BySlug = %v %q %v", v, slug, err)
		}
		if _, _, err := s.BySlug(t.Context(), "nobody"); !errors.Is(err, business.ErrNotFound) {
			t.Errorf("BySlug of nobody = %v", err)
		}
		other := authz.Scope{Role: authz.Owner, Business: id.New(), Actor: id.New(), Now: db.Now()}
		if _, err := s.Get(t.Context(), other); !errors.Is(err, business.ErrNotFound) {
			t.Errorf("Get of a missing one = %v", err)
		}
	})
}

// Who knows a shop's id, which is no secret, does not become its owner by it.
func TestCreateDoesNotTakeOverByID(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		b, own := newShop(t, s, person(db), "Dapur Eneng")
		_, err := s.Create(t.Context(), person(db), business.NewShop{
			ID: b.ID, Name: "Maling", Trade: "T1", Village: village, Phone: "081234567891", SoldBefore: business.SoldBoth,
		})
		if err == nil {
			t.Fatal("another's id was taken")
		}
		if got, _ := s.Get(t.Context(), own); got.Name != b.Name {
			t.Errorf("the name became %q", got.Name)
		}
		if _, _, err := s.BySlug(t.Context(), "maling"); !errors.Is(err, business.ErrNotFound) {
			t.Errorf("the address stayed taken: %v", err)
		}
	})
}

// Many shops of one name, all at once, each get an address of their own.
func TestSlugsOfOneNameInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		var mu sync.Mutex
		seen := map[string]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				b, err := s.Create(t.Context(), person(db), business.NewShop{
					ID: id.New(), Name: "Warung Nasi", Trade: "T2", Village: village, Phone: "081234567890", SoldBefore: business.SoldBoth,
				})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if seen[b.Slug] {
					t.Errorf("address %s twice", b.Slug)
				}
				seen[b.Slug] = true
			})
		}
		wg.Wait()
		if !seen["warung-nasi"] || len(seen) != 8 {
			t.Errorf("addresses %v", seen)
		}
	})
}

// Two shops want one address at the same moment: one has it, one is told.
func TestPutSlugRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		_, one := newShop(t, s, person(db), "Satu Satu")
		_, two := newShop(t, s, person(db), "Dua Dua")
		var won, lost int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, sc := range []authz.Scope{one, two} {
			wg.Go(func() {
				_, err := s.PutSlug(t.Context(), sc, "enak")
				mu.Lock()
				defer mu.Unlock()
				switch f := fault.Of(err); {
				case err == nil:
					won++
				case f.Field("slug") != nil && errors.Is(f.Field("slug"), business.ErrSlugTaken):
					lost++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 || lost != 1 {
			t.Errorf("won %d, lost %d; want 1 and 1", won, lost)
		}
	})
}

func TestOldAddressesLeadToTheNewOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		b, own := newShop(t, s, person(db), "Dapur Eneng")
		_, other := newShop(t, s, person(db), "Lain Lagi")
		for _, slug := range []string{"keripik-eneng", "@eneng-asli", "keripik-eneng"} { // and back again
			if _, err := s.PutSlug(t.Context(), own, slug); err != nil {
				t.Fatalf("PutSlug(%s) = %v", slug, err)
			}
		}
		for _, slug := range []string{"dapur-eneng", "keripik-eneng", "eneng-asli"} {
			if v, now, err := s.BySlug(t.Context(), slug); err != nil || v != b.ID || now != "keripik-eneng" {
				t.Errorf("BySlug(%s) = %v %q %v", slug, v, now, err)
			}
			if _, err := s.PutSlug(t.Context(), other, slug); err == nil {
				t.Errorf("another shop took the old address %s", slug)
			}
		}
	})
}

// One shop cannot hoard addresses; those it has stay its own.
func TestAShopKeepsSoManyAddresses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		_, own := newShop(t, s, person(db), "Dapur Eneng")
		for n := range business.MaxSlugs {
			_, err := s.PutSlug(t.Context(), own, fmt.Sprintf("dapur-ke-%d", n))
			f, last := fault.Of(err), n == business.MaxSlugs-1
			if refused := f != nil && f.Field("slug") != nil && f.Field("slug").Key == business.ErrSlugs.Key; refused != last || (err == nil) == last {
				t.Errorf("address %d: %v", n+2, err)
			}
		}
		if _, err := s.PutSlug(t.Context(), own, "dapur-eneng"); err != nil {
			t.Errorf("back to the first: %v", err)
		}
	})
}

func TestSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		b, own := newShop(t, s, person(db), "Dapur Eneng")
		ctx := t.Context()
		p := b.Profile()
		p.Name, p.Village, p.KBLI, p.WhatsApp, p.About = "Dapur Eneng Jaya", "51.71.01.1001", "10710", "0813 2222 3333", "Baris satu\r\nbaris dua\u202e"
		got, err := s.PutProfile(ctx, own, p)
		if err != nil {
			t.Fatal(err)
		}
		if got.Zone != "WITA" || got.KBLI != "10710" || got.Chat() != "+6281322223333" || got.About != "Baris satu\nbaris dua" {
			t.Errorf("PutProfile = %+v", got)
		}
		p.Name, p.Trade, p.Phone, p.Village = "", "T99", "12", "32"
		_, err = s.PutProfile(ctx, own, p)
		for _, field := range []string{"name", "trade", "phone", "village"} {
			if fault.Of(err).Field(field) == nil {
				t.Errorf("no fault at %s in %v", field, err)
			}
		}
		if got, err = s.PutLook(ctx, own, "daun"); err != nil || got.Dye != "daun" {
			t.Errorf("PutLook = %v, %v", got.Dye, err)
		}
		if _, err = s.PutLook(ctx, own, "pink"); err == nil {
			t.Error("a colour of no list was taken")
		}
		h := business.Hours{time.Monday: {From: 480, To: 1020}}
		if got, err = s.PutHours(ctx, own, h, false); err != nil || got.Hours != h || got.AnyTime {
			t.Errorf("PutHours = %v, %v", got.Hours, err)
		}
		today := db.Now().In(region.WITA).Format(time.DateOnly)
		if got, err = s.AddClosing(ctx, own, business.Closing{From: today, Message: "Mudik"}); err != nil || len(got.Closings) != 1 || got.Closings[0].To != today {
			t.Errorf("AddClosing = %v, %v", got.Closings, err)
		}
		if err := business.Open(got, db.Now()); err == nil {
			t.Error("a closed shop takes orders")
		}
		if got, err = s.RemoveClosing(ctx, own, today, today); err != nil || len(got.Closings) != 0 {
			t.Errorf("RemoveClosing = %v, %v", got.Closings, err)
		}
		if _, err = s.AddClosing(ctx, own, business.Closing{From: "2020-01-01"}); err == nil {
			t.Error("a closing in the past was taken")
		}
		if got, err = s.Pause(ctx, own, "Mesin rusak"); err != nil || !errors.Is(business.Open(got, db.Now()), business.ErrPaused) {
			t.Errorf("Pause: %+v, %v", got.Paused, err)
		}
		if got, err = s.Resume(ctx, own); err != nil || got.Paused {
			t.Errorf("Resume: %v, %v", got.Paused, err)
		}
	})
}

func TestIdentityIsSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		_, own := newShop(t, s, person(db), "Dapur Eneng")
		ctx := t.Context()
		got, err := s.PutIdentity(ctx, own, business.Identity{NIB: "9120 3041 7728 1", NIK: "3211.0517.0890.0001", PIRT: "P-IRT 2063211010123-28", Halal: "id32110000012345678"})
		if err != nil {
			t.Fatal(err)
		}
		if got.NIB != "9120304177281" || got.NIKTail != "0001" || got.PIRT != "206321101012328" || got.Halal != "ID32110000012345678" {
			t.Errorf("PutIdentity = %+v", got)
		}
		if nik, err := s.NIK(ctx, own); err != nil || nik != "3211051708900001" {
			t.Errorf("NIK = %q, %v", nik, err)
		}
		late := own
		late.ProvenAt = late.Now.Add(-time.Hour)
		if _, err := s.NIK(ctx, late); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("NIK with an old proof = %v", err)
		}
		// Leaving the field empty keeps the number; asking for its removal removes it.
		if got, err = s.PutIdentity(ctx, own, business.Identity{}); err != nil || got.NIKTail != "0001" || got.NIB != "" {
			t.Errorf("empty PutIdentity = %+v, %v", got.NIKTail, err)
		}
		if got, err = s.PutIdentity(ctx, own, business.Identity{DropNIK: true}); err != nil || got.NIKTail != "" {
			t.Errorf("DropNIK = %+v, %v", got.NIKTail, err)
		}
	})
}

func TestHandover(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		ctx := t.Context()
		b, own := newShop(t, s, person(db), "Dapur Eneng")
		if _, err := s.PutIdentity(ctx, own, business.Identity{NIK: "3211051708900001"}); err != nil {
			t.Fatal(err)
		}
		late := own
		late.ProvenAt = late.Now.Add(-time.Hour)
		if _, err := s.OfferHandover(ctx, late); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("OfferHandover with an old proof = %v", err)
		}
		first, err := s.OfferHandover(ctx, own)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.OfferHandover(ctx, own)
		if err != nil {
			t.Fatal(err)
		}
		heir := person(db)
		if _, err := s.AcceptHandover(ctx, heir, first); !errors.Is(err, business.ErrHandoverGone) {
			t.Errorf("an earlier link = %v", err)
		}
		if _, err := s.AcceptHandover(ctx, own, second); !errors.Is(err, business.ErrHandoverOwn) {
			t.Errorf("to oneself = %v", err)
		}
		if h, err := s.Handover(ctx, heir, strings.ToUpper(second)); err != nil || h.Name != b.Name || h.Town == "" {
			t.Errorf("Handover = %+v, %v", h, err)
		}
		if v, err := s.AcceptHandover(ctx, heir, second); err != nil || v != b.ID {
			t.Fatalf("AcceptHandover = %v, %v", v, err)
		}
		if _, err := s.AcceptHandover(ctx, person(db), second); !errors.Is(err, business.ErrHandoverGone) {
			t.Errorf("a used link = %v", err)
		}
		if got, _ := s.Get(ctx, owner(heir, b)); got.NIKTail != "" {
			t.Error("the old owner's number went with the shop")
		}
		if broken, err := store.CheckInvariants(ctx, db, business.Invariants); err != nil || len(broken) > 0 {
			t.Errorf("invariants broken: %v, %v", broken, err)
		}
		third, _ := s.OfferHandover(ctx, owner(heir, b))
		if err := s.WithdrawHandover(ctx, owner(heir, b)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AcceptHandover(ctx, person(db), third); !errors.Is(err, business.ErrHandoverGone) {
			t.Errorf("a withdrawn link = %v", err)
		}
	})
}

func TestEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		ctx := t.Context()
		b, own := newShop(t, s, person(db), "Dapur Eneng")
		if err := s.End(ctx, own, "Dapur"); fault.Of(err).Field("name") == nil {
			t.Errorf("End with another name = %v", err)
		}
		if err := s.End(ctx, own, "dapur eneng"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, own)
		if err != nil || got.State != business.StateEnded || got.Visible() {
			t.Errorf("after End: %+v, %v", got.State, err)
		}
		if _, err := s.PutProfile(ctx, own, b.Profile()); !errors.Is(err, business.ErrEnded) {
			t.Errorf("PutProfile after End = %v", err)
		}
		_, other := newShop(t, s, person(db), "Lain Lagi")
		if _, err := s.PutSlug(ctx, other, "dapur-eneng"); err == nil {
			t.Error("the address of an ended shop was given away")
		}
	})
}

// The steps remember what was typed, make one shop, and go on where they were.
func TestProgress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		ctx := t.Context()
		sc := person(db)
		d := business.NewShop{ID: id.New(), Name: "Penjahit Mang Dede", Trade: "T4"}
		if _, err := s.Begin(ctx, sc, d); fault.Of(err).Field("village") == nil {
			t.Errorf("Begin without a village = %v", err)
		}
		p, ok, err := s.Progress(ctx, sc)
		if err != nil || !ok || p.Step != business.StepShop || p.Shop.Name != d.Name || p.Shop.Trade != "T4" {
			t.Fatalf("Progress = %+v %v %v", p, ok, err)
		}
		d.Village, d.Phone, d.SoldBefore = village, "081234567890", business.SoldConventional
		b, err := s.Begin(ctx, sc, d)
		if err != nil {
			t.Fatal(err)
		}
		d.ID = id.New() // the form again, from another phone
		if again, err := s.Begin(ctx, sc, d); err != nil || again != b {
			t.Errorf("Begin again = %v, %v, want %v", again, err, b)
		}
		own := sc
		own.Role, own.Business = authz.Owner, b
		d.Name = "Penjahit Pak Dede"
		if _, err := s.Begin(ctx, own, d); err != nil {
			t.Fatal(err)
		}
		product := id.New()
		if err := s.Advance(ctx, own, business.StepProduct, product); err != nil {
			t.Fatal(err)
		}
		p, ok, err = s.Progress(ctx, sc)
		if err != nil || !ok || p.Step != business.StepWays || p.Product != product || p.Shop.Name != "Penjahit Pak Dede" {
			t.Fatalf("Progress = %+v %v %v", p, ok, err)
		}
		got, err := s.Finish(ctx, own)
		if err != nil || !got.Visible() {
			t.Errorf("Finish = %+v, %v", got.State, err)
		}
		if _, ok, _ = s.Progress(ctx, sc); ok {
			t.Error("progress stays after the end")
		}
	})
}
