package app_test

import (
	"net/http"
	"testing"

	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store/storetest"
)

// What a buyer chooses on the order's page reaches the courier, and what was
// refused before is told before the next order is accepted.
func TestTheBuyerChoosesByLink(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	buyer, number := s.person(t), newPhone()
	place := func() order.Order {
		f := buyer.fillCheckout(sh, "1", "Siti Rahmawati", number)
		f.Set("pay", "cod")
		return orderOf(t, s, buyer.want(buyer.Post(sh.at("/pesan"), f), http.StatusSeeOther).Location())
	}
	sh.says(sh.see("/pembayaran"), "Belum ada paket COD dari toko Anda")
	o := place()
	sh.move(o, "penerimaan")
	sh.move(o, "pengemasan")
	list, err := s.Parcels.Of(t.Context(), sh.sc, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	do := func(m parcel.Move) {
		t.Helper()
		if _, err := s.Parcels.Do(t.Context(), sh.sc, list[0].ID, m); err != nil {
			t.Fatal(err)
		}
	}
	link := "/o/" + s.Orders.Link(o)
	page := buyer.see(link)
	form := buyer.fill(page, link+"/antar")
	form.Set("act", "leave")
	buyer.says(buyer.want(buyer.Post(link+"/antar", form), http.StatusUnprocessableEntity), "Nama tetangga")
	form.Set("neighbour", "Bu Tini")
	form.Set("landmark", "rumah hijau sebelah kiri")
	buyer.want(buyer.Post(link+"/antar", form), http.StatusSeeOther)
	do(parcel.Move{Act: parcel.ActTake, Courier: sh.sc.Actor})
	do(parcel.Move{Act: parcel.ActOut})
	do(parcel.Move{Act: parcel.ActFail, Reason: "nobody_home"})
	sh.says(sh.see("/antaran/"+list[0].ID.String()), "Titip ke Bu Tini, rumah hijau sebelah kiri", "Sudah sekali dicoba")
	page = buyer.see(link)
	buyer.says(page, "Sudah 1 dari 3 kali dicoba", "Pilih waktu antar", "Batalkan pengiriman")
	offer := parcel.Windows(s.DB.Now())[1]
	form = buyer.fill(page, link+"/antar")
	form.Set("act", "again")
	form.Set("when", offer.Key())
	buyer.want(buyer.Post(link+"/antar", form), http.StatusSeeOther)
	sh.says(sh.see("/kirim?tab=wrong"), "Sudah sekali dicoba", "Titip ke Bu Tini")
	do(parcel.Move{Act: parcel.ActOut})
	do(parcel.Move{Act: parcel.ActFail, Reason: "refused"})

	next := place()
	sh.says(sh.see("/pesanan/"+next.ID.String()), "Nomor ini: 1 dari 1 paket COD ditolak", "Terlalu sedikit untuk dihitung persennya", "ongkir pergi dan pulang", "Minta uang muka")
	sh.says(sh.see("/pembayaran"), "1 dari 1 paket COD ditolak. Terlalu sedikit", "per penolakan")
	sh.says(sh.want(sh.Post("/kirim/aturan", sh.fill(sh.see("/kirim/aturan"), "/kirim/aturan", "attempts", "22")), http.StatusUnprocessableEntity), "Isi angka dari 0 sampai 9")
	sh.want(sh.Post("/kirim/aturan", sh.fill(sh.see("/kirim/aturan"), "/kirim/aturan", "attempts", "2")), http.StatusSeeOther)
	buyer.says(buyer.see(link), "Sudah 2 dari 2 kali dicoba", "dibawa kembali ke toko")
	sh.says(sh.see("/kirim/"+list[0].ID.String()), "Batas percobaan tercapai")
	page = buyer.see(link)
	form = buyer.fill(page, link+"/antar")
	form.Set("act", "stop")
	buyer.want(buyer.Post(link+"/antar", form), http.StatusSeeOther)
	buyer.says(buyer.see(link), "Dibawa kembali")
	s.holds(t)
}
