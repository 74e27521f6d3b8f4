package app_test

import (
	"net/http"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/parcel"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// The pages of parcels, as their people see them.
func TestTheParcelPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	number := newPhone()
	_, rider := s.plant(t, account.Planted{Name: "Dadan Hidayat", Phone: parsed(t, number), Role: authz.Courier, Business: sh.sc.Business})
	if err := s.Parcels.PutSettings(t.Context(), sh.sc, parcel.Settings{CodeFrom: 50_000, CashLimit: 500_000}); err != nil {
		t.Fatal(err)
	}
	buyer := s.person(t)
	var boxes []parcel.Parcel
	same := newPhone()
	for _, n := range []string{"2", "3", "1", "5"} {
		o := buyer.cod(t, s, sh, n, "Siti Rahmawati", same)
		list, err := s.Parcels.Of(t.Context(), sh.sc, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, list[0])
	}
	do := func(b parcel.Parcel, m parcel.Move) {
		t.Helper()
		if _, err := s.Parcels.Do(t.Context(), sh.sc, b.ID, m); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range boxes[:3] {
		do(b, parcel.Move{Act: parcel.ActTake, Courier: rider.Actor})
	}
	do(boxes[1], parcel.Move{Act: parcel.ActOut})
	do(boxes[2], parcel.Move{Act: parcel.ActFail, Reason: "refused"})
	for range 3 {
		p := s.sendOne(t, sh, rider.Actor)
		do(p, parcel.Move{Act: parcel.ActOut})
		do(p, parcel.Move{Act: parcel.ActDeliver, Receiver: "Siti", Relation: "self"})
	}
	offer := parcel.Windows(s.DB.Now())[2]
	do(boxes[2], parcel.Move{Act: parcel.ActAgain, DueFrom: &offer.From, DueUntil: &offer.Until})
	f := buyer.fillCheckout(sh, "1", "Siti Rahmawati", same)
	f.Set("pay", "cod")
	risky := orderOf(t, s, buyer.want(buyer.Post(sh.at("/pesan"), f), http.StatusSeeOther).Location())
	failed, err := s.Orders.Get(t.Context(), sh.sc, boxes[2].Order)
	if err != nil {
		t.Fatal(err)
	}
	url := s.url
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	look := func(paths ...string) {
		t.Helper()
		for _, path := range paths {
			for _, v := range browsertest.Views {
				if v.Dark == (path == paths[0]) { // half of the looks: one page in the dark, the others by day
					tab.Look(v)
					tab.Go(url + path)
					tab.Fits()
					tab.Accessible()
					tab.Shot("paket" + strings.ReplaceAll(path, "/", "-") + "-" + v.String())
				}
			}
		}
		tab.Look(browsertest.Phone)
	}
	tab.Go(url + "/masuk")
	tab.Fill("#who", sh.phone)
	tab.Fill("#password", password)
	tab.Send("button.primary")
	look("/kirim", "/kirim?tab=road", "/kirim/"+boxes[1].ID.String(), "/kirim/aturan", "/pesanan/"+boxes[3].Order.String(), "/pesanan/"+boxes[3].Order.String()+"/paket",
		"/pesanan/"+risky.ID.String(), "/pembayaran", "/kirim/angka", "/kirim?tab=wrong", "/kirim/"+boxes[2].ID.String())
	tab.Go(url + "/akun")
	tab.Send(`form[action="/keluar"] button`)
	tab.Go(url + "/masuk")
	tab.Fill("#who", number)
	tab.Fill("#password", password)
	tab.Send("button.primary")
	look("/antaran", "/antaran/"+boxes[1].ID.String(), "/lacak", "/lacak/"+s.Parcels.Link(sh.sc.Business, boxes[1].ID), "/o/"+s.Orders.Link(failed.Order))
}
