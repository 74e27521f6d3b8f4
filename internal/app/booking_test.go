package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"lapak/internal/booking"
	"lapak/internal/carrier"
	"lapak/internal/carrier/carriertest"
	"lapak/internal/order"
	"lapak/internal/outbound"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// carriers lets the site reach a stand-in for the carriers.
func (s site) carriers(t testing.TB) *carriertest.Server {
	t.Helper()
	c := carriertest.New(t)
	s.Booking.Reach(outbound.Client(true), map[string]string{"biteship": c.Biteship(), "rajaongkir": c.RajaOngkir()})
	return c
}

// keyed puts in the shop's key by the pages, tries it and offers JNE.
func (sh shop) keyed(c *carriertest.Server) {
	sh.t.Helper()
	sh.send(sh.see("/ekspedisi"), "/ekspedisi/kunci/biteship", "key", c.Key)
	page := sh.want(sh.try(sh.see("/ekspedisi"), "/ekspedisi/kunci/biteship/percobaan"), http.StatusOK)
	sh.says(page, "Kunci berfungsi", "Termurah untuk 1 kg")
	f := sh.fill(sh.see("/ekspedisi"), "/ekspedisi", "markup", "500")
	f["offers"] = []string{"jne", "sicepat/reg"}
	sh.want(sh.Post("/ekspedisi", f), http.StatusSeeOther)
}

func (s site) work(t testing.TB) {
	t.Helper()
	if _, err := s.Jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A buyer chooses a carrier, the shop books it, and its messages bring the
// parcel home, all by the pages.
func TestACarrierBringsAnOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		c := s.carriers(t)
		sh, other := s.shop(t, "Dapur Bu Euis", 50), s.shop(t, "Warung Pak Asep", 5)
		sh.keyed(c)
		page := sh.see("/ekspedisi")
		if strings.Contains(page.Body, c.Key) {
			t.Error("the page shows the whole key")
		}
		sh.says(page, "••••••••"+c.Key[len(c.Key)-4:], "Berfungsi")
		if p := other.see("/ekspedisi"); strings.Contains(p.Body, "••••") || strings.Contains(p.Body, "/kabar/ekspedisi/") {
			t.Error("another shop sees something of the key")
		}

		buyer := s.person(t)
		f := buyer.fillCheckout(sh, "2", "Siti Rahmawati", newPhone())
		page = buyer.want(buyer.Post(sh.at("/pesan/ongkir"), f), http.StatusOK)
		buyer.says(page, "Dikirim JNE REG", "Rp10.000", "2-3 hari", "Diantar")
		f = buyer.fill(page, sh.at("/pesan"), "way", "carrier:jne:reg", "pay", "cod")
		page = buyer.want(buyer.Post(sh.at("/pesan/ongkir"), f), http.StatusOK)
		buyer.says(page, "Rp46.000")
		o := orderOf(t, s, buyer.send(page, sh.at("/pesan")).Location())
		if o.Way != order.Carrier || o.Shipping != 10_000 || o.Carrier != "jne" {
			t.Fatalf("order %+v", o)
		}
		sh.move(o, "penerimaan")
		sh.move(o, "pengemasan")
		sh.says(sh.see("/pesanan/"+o.ID.String()), "Dikirim JNE REG")
		list, err := s.Parcels.Of(t.Context(), sh.sc, o.ID)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		at := "/kirim/" + list[0].ID.String()
		if p := other.Get(at + "/kurir"); p.Status != http.StatusNotFound {
			t.Errorf("another shop's form: %d", p.Status)
		}
		page = sh.see(at + "/kurir")
		sh.says(page, "JNE REG", "Rp11.340", "biaya COD Rp1.840", "Secepatnya")
		bad := sh.fill(page, at+"/kurir", "rate", "biteship|jne|reg|1")
		sh.says(sh.want(sh.Post(at+"/kurir", bad), http.StatusUnprocessableEntity), "Harganya berubah")
		sh.send(page, at+"/kurir")
		sh.says(sh.see(at), "Sedang dipesan")
		s.work(t)
		page = sh.see(at)
		sh.says(page, "Dipesan", "Kode sortir", "Batalkan kurir", "Minta jemput")
		if got, err := s.Parcels.Get(t.Context(), sh.sc, list[0].ID); err != nil || got.Status != carrier.PickupRequested || got.Waybill == "" {
			t.Fatalf("the parcel is %s, %v", got.Status, err)
		} else {
			list[0] = got.Parcel
		}
		if p := other.Post(at+"/kurir/batal", sh.fill(page, at+"/kurir/batal")); p.Status != http.StatusNotFound {
			t.Errorf("another shop cancels it: %d", p.Status)
		}

		// Its messages, as the carrier's server sends them.
		keys, err := s.Booking.Get(t.Context(), sh.sc)
		if err != nil {
			t.Fatal(err)
		}
		k := keys.Keys[0]
		for i, st := range []carrier.Status{carrier.PickedUp, carrier.OutForDelivery, carrier.Delivered} {
			c.Advance(list[0].Waybill, st, db.Now().Add(time.Duration(i-10)*time.Minute))
		}
		signed := func(list []carriertest.Message) []carriertest.Message {
			for i := range list {
				list[i].Header = http.Header{booking.HookHeader: {k.Secret}}
			}
			return list
		}
		all := func(status int, got []int) {
			t.Helper()
			for _, n := range got {
				if n != status {
					t.Errorf("answers %v, want %d", got, status)
					return
				}
			}
		}
		all(http.StatusUnauthorized, c.Send(k.Hook, c.Messages("biteship", list[0].Waybill)))
		all(http.StatusNotFound, c.Send(k.Hook[:len(k.Hook)-4]+"aaaa", signed(c.Messages("biteship", list[0].Waybill))))
		if got, _ := s.Parcels.Get(t.Context(), sh.sc, list[0].ID); got.Status != carrier.PickupRequested {
			t.Fatalf("by forged messages the parcel is %s", got.Status)
		}
		all(http.StatusOK, c.Send(k.Hook, []carriertest.Message{{Method: http.MethodPost, Header: http.Header{}}}))
		all(http.StatusOK, c.Send(k.Hook, []carriertest.Message{{Method: http.MethodPost, Header: http.Header{booking.HookHeader: {k.Secret}}, Body: []byte(`{"event":"order.status","order_id":"elsewhere","status":"picked","updated_at":"2026-11-30T01:00:00Z"}`)}}))
		all(http.StatusBadRequest, c.Send(k.Hook, []carriertest.Message{{Method: http.MethodPost, Header: http.Header{booking.HookHeader: {k.Secret}}, Body: []byte(`{`)}}))
		all(http.StatusRequestEntityTooLarge, c.Send(k.Hook, []carriertest.Message{{Method: http.MethodPost, Header: http.Header{}, Body: make([]byte, booking.MaxHook+1)}}))
		all(http.StatusOK, c.Send(k.Hook, signed(carriertest.Shuffled(carriertest.Twice(c.Messages("biteship", list[0].Waybill)), 3))))
		page = sh.see(at)
		sh.says(page, "Terkirim", "Biaya berubah Rp1.000")
		if got := orderOf(t, s, "/o/"+s.Orders.Link(o)); got.State != order.Done {
			t.Errorf("the order is %s", got.State)
		}
		buyer.says(buyer.see("/o/"+s.Orders.Link(o)), "JNE REG")
	})
}

// Numbers are typed by hand without any connector; one that looks like another
// carrier's is kept, with a word about it.
func TestANumberTypedByHand(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	o := s.person(t).cod(t, s, sh, "1", "Siti Rahmawati", newPhone())
	list, err := s.Parcels.Of(t.Context(), sh.sc, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	at := "/kirim/" + list[0].ID.String()
	sh.says(sh.see(at), "Kurir bisa dipesan dari sini bila toko punya kunci Biteship")
	save := func(code, number string) webtest.Page {
		t.Helper()
		if _, err := s.Parcels.Do(t.Context(), sh.sc, list[0].ID, parcel.Move{Act: parcel.ActChange, Carrier: code, Service: "REG", Waybill: number}); err != nil {
			t.Fatal(err)
		}
		return sh.see(at)
	}
	sh.says(save("sicepat", "jp1234567890"), "mirip nomor J&T Express, bukan SiCepat", "hanya perkiraan", "JP1234567890")
	for _, c := range [][2]string{{"jnt", "JP1234567890"}, {"jne", "AB-12345"}} {
		if webtest.Text(save(c[0], c[1]).Body, "#tebakan") != "" {
			t.Errorf("%v: a hint", c)
		}
	}
}
