package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/figure"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/region"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// sendOne places an order to be brought and gives its parcel to the courier.
func (s site) sendOne(t *testing.T, sh shop, courier id.ID) parcel.Parcel {
	t.Helper()
	o, err := s.Orders.Place(t.Context(), sh.sc, order.Draft{
		ID: id.New(), Channel: order.Chat, Lines: []stock.Want{{Variant: sh.variant, Quantity: 1}}, Name: "Pembeli", Phone: newPhone(), Way: order.Own, Village: jatimukti,
		Street: "Jl. Raya 1", PayBy: payment.COD,
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Parcels.Ensure(t.Context(), sh.sc, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Parcels.Do(t.Context(), sh.sc, list[0].ID, parcel.Move{Act: parcel.ActTake, Courier: courier})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// After any run of deliveries, late news, carriers that change their minds and
// shops that change their trade, the totals are what a recount gives.
func TestTheTotalsEqualARecount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		shops := []shop{s.shop(t, "Dapur Bu Euis", 500), s.shop(t, "Warung Pak Asep", 500), s.shop(t, "Toko Lain", 500)}
		day := func(back int) *time.Time {
			at := db.Now().AddDate(0, 0, -back).Truncate(time.Second)
			return &at
		}
		ended := map[id.ID][]parcel.Parcel{}
		for range 30 {
			sh := shops[r.IntN(len(shops))]
			p := s.sendOne(t, sh, sh.sc.Actor)
			do := func(m parcel.Move) {
				t.Helper()
				var err error
				if p, err = s.Parcels.Do(t.Context(), sh.sc, p.ID, m); err != nil {
					t.Fatal(err)
				}
			}
			if r.IntN(2) == 0 {
				until := day(r.IntN(4) - 1)
				from := until.Add(-3 * time.Hour)
				do(parcel.Move{Act: parcel.ActAgain, DueFrom: &from, DueUntil: until})
			}
			switch r.IntN(5) {
			case 0:
				do(parcel.Move{Act: parcel.ActFail, Reason: carrier.Refused})
				do(parcel.Move{Act: parcel.ActReturn, Restock: true})
			default: // the phone had no signal: it is told days later
				do(parcel.Move{Act: parcel.ActDeliver, Receiver: "Siti", Relation: "self", At: day(r.IntN(4))})
				ended[sh.sc.Business] = append(ended[sh.sc.Business], p)
			}
			if r.IntN(6) == 0 {
				s.drain(t, db)
			}
			if r.IntN(10) == 0 {
				s.becomes(t, sh, []string{"T1", "T2"}[r.IntN(2)])
			}
		}
		// A firm says delivered, then that it was another day after all.
		sh := shops[0]
		p := s.sendOne(t, sh, sh.sc.Actor)
		exec := func(sql string, args ...any) {
			t.Helper()
			if err := db.Tx(t.Context(), sh.sc, func(tx *store.Tx) error {
				_, err := tx.ExecContext(t.Context(), sql, args...)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		exec(`UPDATE parcels SET carrier = 'jne', status_at = $1 WHERE business_id = $2 AND id = $3`, *day(9), sh.sc.Business, p.ID)
		track := func(e carrier.Event) {
			t.Helper()
			if err := db.Tx(t.Context(), sh.job(), func(tx *store.Tx) error {
				_, err := s.Parcels.Track(t.Context(), tx, sh.job(), p.ID, "jne", []carrier.Event{e})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		track(carrier.Event{Status: carrier.Delivered, At: *day(3)})
		s.drain(t, db)
		same := func(when string) []figure.Total {
			t.Helper()
			got, err := s.Figures.Totals(t.Context(), "2000-01-01", "2100-01-01")
			if err != nil {
				t.Fatal(err)
			}
			if want := s.recount(t, db, shops); !slices.Equal(got, want) {
				t.Errorf("%s the totals are\n%+v, a recount gives\n%+v", when, got, want)
			}
			return got
		}
		if got := same("after the run"); len(got) < 3 {
			t.Errorf("void: %d cells", len(got))
		}
		track(carrier.Event{Status: carrier.Lost, At: *day(2)})
		s.drain(t, db)
		same("when a delivered parcel is lost after all")
		for _, sh := range shops { // counted again, nothing changes
			for back := range 5 {
				if err := s.Figures.Count(t.Context(), sh.job(), day(back).In(time.FixedZone("WIB", 7*3600)).Format(time.DateOnly)); err != nil {
					t.Fatal(err)
				}
			}
		}
		same("counted again")
		exec(`DELETE FROM figure_days WHERE business_id = $1`, id.New()) // of nobody
		if err := db.View(t.Context(), shops[1].sc, func(tx *store.Tx) error {
			n, err := texts(t, tx, `SELECT day FROM figure_days`)
			if tx.Postgres() && len(n) == 0 || err != nil {
				t.Errorf("a shop sees %d days of its own, %v", len(n), err)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		s.holds(t)
	})
}

// drain runs what waits, also what waits for a day to settle.
func (s site) drain(t *testing.T, db *store.DB) {
	t.Helper()
	now := db.Now
	defer func() { db.Now = now }()
	for ahead := range 2 { // what is put meanwhile waits too
		db.Now = func() time.Time { return now().Add(time.Duration(ahead+1) * 2 * time.Minute) }
		if _, err := s.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// becomes gives the shop another trade, and counts its days under it.
func (s site) becomes(t *testing.T, sh shop, trade string) {
	t.Helper()
	if err := s.DB.Tx(t.Context(), sh.sc, func(tx *store.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `UPDATE businesses SET trade = $1 WHERE business_id = $2`, trade, sh.sc.Business); err != nil {
			return err
		}
		if err := s.Shops.Touch(t.Context(), tx, sh.sc); err != nil {
			return err
		}
		return s.Figures.Again(t.Context(), tx, sh.sc)
	}); err != nil {
		t.Fatal(err)
	}
}

// recount counts the parcels of the shops one by one.
func (s site) recount(t *testing.T, db *store.DB, shops []shop) []figure.Total {
	t.Helper()
	cells := map[[3]string]*figure.Total{}
	for _, sh := range shops {
		b, err := s.Shops.Get(t.Context(), sh.sc)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		var before id.ID
		for {
			list, more, err := s.Parcels.Page(t.Context(), sh.sc, parcel.Filter{Before: before})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				if p.Status != carrier.Delivered {
					continue
				}
				day := p.DoneAt.In(b.Location()).Format(time.DateOnly)
				key := [3]string{day, region.Up(b.Village, region.Regency), b.Trade}
				c := cells[key]
				if c == nil {
					c = &figure.Total{Day: key[0], Regency: key[1], Trade: key[2]}
					cells[key] = c
				}
				if !seen[day] {
					c.Shops++
				}
				seen[day] = true
				c.Delivered++
				if p.COD > 0 {
					c.COD++
				}
				if p.DueUntil != nil {
					c.Promised++
					if !p.DoneAt.After(*p.DueUntil) {
						c.OnTime++
					}
				}
			}
			if !more {
				break
			}
			before = list[len(list)-1].ID
		}
	}
	var list []figure.Total
	for _, c := range cells {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b figure.Total) int {
		return slices.Compare([]string{a.Day, a.Regency, a.Trade}, []string{b.Day, b.Regency, b.Trade})
	})
	return list
}

// The page and its file say the figures of the shop's own parcels, to who may
// see money.
func TestThePageOfFigures(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh, other := s.shop(t, "Dapur Bu Euis", 50), s.shop(t, "Warung Pak Asep", 50)
		_, rider := s.plant(t, account.Planted{Name: "Dadan Hidayat", Phone: parsed(t, newPhone()), Role: authz.Courier, Business: sh.sc.Business})
		sh.says(sh.see("/kirim/angka"), "Belum ada paket di masa ini", "Arti angka")
		for i := range 3 {
			p := s.sendOne(t, sh, rider.Actor)
			m := parcel.Move{Act: parcel.ActDeliver, Receiver: "Siti", Relation: "self"}
			if i == 2 {
				m.Amount, m.Received, m.Text = p.COD-1_000, true, "uang kurang"
			}
			if _, err := s.Parcels.Do(t.Context(), sh.sc, p.ID, m); err != nil {
				t.Fatal(err)
			}
		}
		page := sh.see("/kirim/angka")
		sh.says(page, "3 dari 3", "1,0 (3 paket)", "Rp1.000 (1 dari 3 paket)", "Dadan Hidayat", "Kec. Wado", "belum diketahui")
		sh.says(sh.want(sh.Get("/kirim/angka?dari=2026-02-02&sampai=2026-02-01"), http.StatusUnprocessableEntity), "paling lama 366 hari")
		file := sh.want(sh.Get("/kirim/angka.csv"), http.StatusOK)
		rows := strings.Split(strings.TrimSpace(file.Body), "\n")
		if len(rows) != 4 || !strings.HasPrefix(rows[1], "Semua paket,,3,3,0,0,3,3,") || !strings.HasSuffix(strings.TrimSpace(rows[1]), ",1000,1") || !strings.Contains(rows[2], "Dadan Hidayat,3,3") {
			t.Errorf("the file says %q", rows)
		}
		if text := webtest.Text(other.see("/kirim/angka").Body, "main"); strings.Contains(text, "Dadan") || strings.Contains(text, "3 dari 3") {
			t.Errorf("a shop sees the figures of another: %s", text)
		}
		if _, err := s.Figures.Read(t.Context(), rider, figure.Period{From: db.Now(), To: db.Now()}); fmt.Sprint(err) != fmt.Sprint(authz.ErrForbidden) {
			t.Errorf("a courier reads the figures: %v", err)
		}
	})
}
