package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// cod orders n pieces, to be brought and paid at the door.
func (p person) cod(t *testing.T, s site, sh shop, n, name, number string) order.Order {
	t.Helper()
	f := p.fillCheckout(sh, n, name, number)
	f.Set("pay", "cod")
	o := orderOf(t, s, p.want(p.Post(sh.at("/pesan"), f), http.StatusSeeOther).Location())
	sh.move(o, "penerimaan")
	sh.move(o, "pengemasan")
	return o
}

// A day of a shop: twelve orders, two couriers; one receiver refuses, one asks
// for another time, the rest take theirs. At its end nothing is missing.
func TestADayOfParcels(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh, other := s.shop(t, "Dapur Bu Euis", 50), s.shop(t, "Warung Pak Asep", 5)
		rider := func(name string) (person, authz.Scope) {
			number := newPhone()
			p, sc := s.plant(t, account.Planted{Name: name, Phone: parsed(t, number), Role: authz.Courier, Business: sh.sc.Business})
			p.signIn(number)
			return p, sc
		}
		dadan, dadanIs := rider("Dadan Hidayat")
		ujang, ujangIs := rider("Ujang Kosasih")
		buyer := s.person(t)
		var boxes []parcel.Parcel
		for i := range 12 {
			o := buyer.cod(t, s, sh, "1", fmt.Sprintf("Pembeli %02d", i), newPhone())
			list, err := s.Parcels.Of(t.Context(), sh.sc, o.ID)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			boxes = append(boxes, list[0])
		}
		desk := sh.see("/kirim")
		sh.says(desk, "Pembeli 00", "Pembeli 11", "Siap kirim", "COD Rp23.000")
		f := sh.fill(desk, "/kirim/sekaligus", "act", "take")
		give := func(from, to int, sc authz.Scope) {
			f["id"], f["courier"] = nil, []string{sc.Actor.String()}
			for _, b := range boxes[from:to] {
				f.Add("id", b.ID.String())
			}
			sh.want(sh.Post("/kirim/sekaligus", f), http.StatusSeeOther)
		}
		f["id"] = []string{boxes[0].ID.String()}
		for path, magic := range map[string]string{"/kirim/label.pdf": "%PDF", "/kirim/serah-terima.pdf": "%PDF", "/kirim/ambil-barang.pdf": "%PDF"} {
			if p := sh.want(sh.Post(path, f), http.StatusOK); !strings.HasPrefix(p.Body, magic) || p.Header.Get("Content-Type") != "application/pdf" {
				t.Errorf("%s answers %.40q", path, p.Body)
			}
		}
		sh.says(desk, "Saran: ")
		give(0, 6, dadanIs)
		f["act"] = []string{"assign"}
		give(6, 12, ujangIs)
		page := ujang.see("/antaran")
		ujang.says(page, "6 paket menunggu di toko")
		ujang.send(page, "/antaran/ambil")
		for _, p := range []person{dadan, ujang} {
			p.send(p.see("/antaran"), "/antaran/berangkat")
		}
		tracked := s.person(t)
		look := func(b parcel.Parcel, words ...string) {
			t.Helper()
			to := tracked.send(tracked.see("/lacak"), "/lacak", "number", b.Number, "last", b.Phone[len(b.Phone)-4:]).Location()
			page := tracked.see(to)
			tracked.says(page, words...)
			if text := webtest.Text(page.Body, "body"); strings.Contains(text, b.Name) || strings.Contains(text, b.Phone[4:]) || b.Street != "" && strings.Contains(text, b.Street) {
				t.Errorf("the tracking page tells who and where: %s", text)
			}
		}
		look(boxes[0], "Sedang diantar", "Dadan", "Rp23.000")
		wrong := tracked.try(tracked.see("/lacak"), "/lacak", "number", boxes[0].Number, "last", "0000")
		tracked.says(wrong, "tidak ditemukan")

		deliver := func(p person, b parcel.Parcel) {
			t.Helper()
			at := "/antaran/" + b.ID.String()
			p.send(p.see(at), at+"/penyerahan", "receiver", "Ibu "+b.Name, "relation", "family", "amount", "23.000")
		}
		fail := func(p person, b parcel.Parcel, reason string, more ...string) {
			t.Helper()
			at := "/antaran/" + b.ID.String()
			p.send(p.see(at), at+"/kegagalan", append([]string{"reason", reason}, more...)...)
		}
		for i := range 5 {
			deliver(dadan, boxes[i])
		}
		fail(dadan, boxes[5], "refused")
		fail(ujang, boxes[6], "another_time", "when", s.DB.Now().AddDate(0, 0, 1).Format("2006-01-02")+"/14")
		look(boxes[6], "Gagal antar", "Minta waktu lain", "14.00-17.00")
		for i := 7; i < 12; i++ {
			deliver(ujang, boxes[i])
		}
		if p := dadan.Get("/antaran/" + boxes[7].ID.String()); p.Status != http.StatusNotFound {
			t.Errorf("a courier sees the parcel of another: %d", p.Status)
		}
		if p := other.Get("/kirim/" + boxes[7].ID.String()); p.Status != http.StatusNotFound {
			t.Errorf("a shop sees the parcel of another: %d", p.Status)
		}
		deliver(ujang, boxes[6])
		look(boxes[6], "Terkirim", "Keluarga")
		at := "/kirim/" + boxes[5].ID.String()
		sh.says(sh.see(at), "Menolak paket", "Dadan Hidayat")
		sh.send(sh.see(at), at+"/langkah", "act", "return", "restock", "on")

		// The day's money: what was collected is with who collected it, then in the till.
		held := func(sc authz.Scope) int64 {
			n, err := s.Cash.InHand(t.Context(), sc)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if a, b := held(dadanIs), held(ujangIs); a != 5*23_000 || b != 6*23_000 {
			t.Errorf("Dadan holds %d, Ujang %d", a, b)
		}
		for _, sc := range []authz.Scope{dadanIs, ujangIs} {
			page := sh.see("/setoran")
			g := sh.fill(page, "/setoran")
			g["courier"], g["amount"] = []string{sc.Actor.String()}, []string{fmt.Sprint(held(sc))}
			sh.want(sh.Post("/setoran", g), http.StatusSeeOther)
		}
		if err := db.View(t.Context(), sh.sc, func(tx *store.Tx) error {
			for _, a := range []ledger.Account{ledger.CourierCash, ledger.Receivable, ledger.Difference} {
				list, err := s.Books.Balances(t.Context(), tx, sh.sc)
				if err != nil {
					return err
				}
				for _, b := range list {
					if b.Account == a {
						t.Errorf("%s has %d left", a, b.Amount)
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		done := 0
		for _, b := range boxes {
			d, err := s.Parcels.Get(t.Context(), sh.sc, b.ID)
			if err != nil {
				t.Fatal(err)
			}
			if d.Status == carrier.Delivered {
				done++
			}
		}
		if done != 11 || s.free(t, sh) != 50-11 {
			t.Errorf("%d delivered, %d free", done, s.free(t, sh))
		}
		s.holds(t)
	})
}
