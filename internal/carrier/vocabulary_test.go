package carrier

import (
	"slices"
	"strings"
	"testing"
)

func TestMapCodes(t *testing.T) {
	for _, c := range []struct {
		source Source
		code   string
		status Status
		reason Reason
	}{
		{Biteship, "placed", Draft, ""},
		{Biteship, "ready", Draft, ""},
		{Biteship, "confirmed", Ready, ""},
		{Biteship, "scheduled", PickupRequested, ""},
		{Biteship, "allocated", PickupRequested, ""},
		{Biteship, "picking_up", PickupRequested, ""},
		{Biteship, "pickingUp", PickupRequested, ""},
		{Biteship, "picked", PickedUp, ""},
		{Biteship, "dropping_off", OutForDelivery, ""},
		{Biteship, "Dropping Off", OutForDelivery, ""},
		{Biteship, "delivered", Delivered, ""},
		{Biteship, "on_hold", OnHold, ""},
		{Biteship, "return_in_transit", Returning, ""},
		{Biteship, "returned", Returned, ""},
		{Biteship, "rejected", AttemptFailed, Refused},
		{Biteship, "disposed", Disposed, ""},
		{Biteship, "courier_not_found", Cancelled, Other},
		{Biteship, "cancelled", Cancelled, ""},
		{Biteship, "canceled", Cancelled, ""},
		{Komship, "Diajukan", PickupRequested, ""},
		{Komship, "Dijemput", PickedUp, ""},
		{Komship, "Dikirim", InTransit, ""},
		{Komship, "Dibatalkan", Cancelled, ""},
		{Komship, "Selesai", Delivered, ""},
		{RajaOngkir, "1", PickedUp, ""},
		{RajaOngkir, "2", InTransit, ""},
		{RajaOngkir, "3", AtHub, ""},
		{RajaOngkir, "DELIVERED", Delivered, ""},
		{KiriminAja, "100", Ready, ""},
		{KiriminAja, "101", PickupRequested, ""},
		{KiriminAja, "102", PickedUp, ""},
		{KiriminAja, "103", PickedUp, ""},
		{KiriminAja, "104", PickedUp, ""},
		{KiriminAja, "105", PickupRequested, ""},
		{KiriminAja, "106", InTransit, ""},
		{KiriminAja, "107", OnHold, Other},
		{KiriminAja, "110", PickupRequested, ""},
		{KiriminAja, "152", InTransit, ""},
		{KiriminAja, "200", Delivered, ""},
		{KiriminAja, "210", OnHold, Other},
		{KiriminAja, "211", OnHold, Other},
		{KiriminAja, "300", Cancelled, ""},
		{KiriminAja, "301", AttemptFailed, Refused},
		{KiriminAja, "302", Cancelled, ""},
		{KiriminAja, "303", Lost, ""},
		{KiriminAja, "310", AttemptFailed, NotOrdered},
		{KiriminAja, "311", AttemptFailed, Refused},
		{KiriminAja, "333", Disposed, ""},
		{KiriminAja, "350", OnHold, Other},
		{KiriminAja, "400", Returned, ""},
		{KiriminAja, "401", Returning, ""},
		{KiriminAja, "402", Returning, ""},
		{KiriminAja, "403", Returning, ""},
		{KiriminAja, "404", Returning, ""},
		{KiriminAja, "405", Returning, ""},
		{KiriminAja, "406", Returning, ""},
		{KiriminAja, "500", OnHold, Other},
		{KiriminAja, "555", OnHold, Other},
		{KiriminAja, "701", Lost, ""},
		{KiriminAja, "702", Damaged, ""},
		{KiriminAja, "901", OnHold, Other},
		{KiriminAja, "902", OnHold, Other},
		{KiriminAja, "903", OnHold, Other},
		{KiriminAja, "904", OnHold, Other},
		{KiriminAja, "905", OnHold, Other},
	} {
		s, r, ok := Map(c.source, c.code, "")
		if !ok || s != c.status || r != c.reason {
			t.Errorf("Map(%s, %q) = %q, %q, %v; want %q, %q", c.source, c.code, s, r, ok, c.status, c.reason)
		}
	}
}

func TestMapUnknown(t *testing.T) {
	for _, c := range []struct {
		source      Source
		code, words string
	}{
		{Biteship, "teleported", ""},
		{Biteship, "", "Paket teleported"},
		{KiriminAja, "999", ""},
		{KiriminAja, "703", "Klaim selesai"},
		{KiriminAja, "704", ""},
		{RajaOngkir, "4", ""},
		{RajaOngkir, "2", "Paket teleported"},
		{Komship, "Hore", ""},
		{Text, "", ""},
		{"lain", "1", ""},
	} {
		if s, r, ok := Map(c.source, c.code, c.words); ok || s != "" || r != "" {
			t.Errorf("Map(%s, %q, %q) = %q, %q, %v; want nothing", c.source, c.code, c.words, s, r, ok)
		}
	}
}

func TestMapText(t *testing.T) {
	for _, c := range []struct {
		words  string
		status Status
		reason Reason
	}{
		{"RECEIVED AT SORTING CENTER [BANDUNG]", AtHub, ""},
		{"DEPARTED FROM SORTING CENTER [BANDUNG]", InTransit, ""},
		{"WITH DELIVERY COURIER [CICALENGKA]", OutForDelivery, ""},
		{"DELIVERED TO [ANDI | 30-11-2026 09:10 | KELUARGA]", Delivered, ""},
		{"DELIVERED TO [RETUR GAGAL | HILANG]", Delivered, ""}, // a name is no state
		{"DELIVERED TO SORTING CENTER BANDUNG", AtHub, ""},
		{"Delivered to Ani, Sorting Center Street 1", Delivered, ""},
		{"ON HOLD", OnHold, ""},
		{"BAD ADDRESS", AttemptFailed, WrongAddress},
		{"RECIPIENT NOT HOME", AttemptFailed, NobodyHome},
		{"CRISS CROSS", OnHold, ""},
		{"RETURN TO SHIPPER", Returning, ""},
		{"RETURN TO SHIPPER, BAD ADDRESS", Returning, WrongAddress},
		{"Returned to shipper", Returned, ""},
		{"SHIPMENT RECEIVED BY JNE COUNTER OFFICER AT [BANDUNG]", PickedUp, ""},
		{"Manifested", PickedUp, ""},
		{"On Transit", InTransit, ""},
		{"Received On Destination", AtHub, ""},
		{"ON PROCESS", InTransit, ""},
		{"DELIVERED", Delivered, ""},
		{"Alamat salah", AttemptFailed, WrongAddress},
		{"Tidak ada orang di rumah", AttemptFailed, NobodyHome},
		{"Nomor tidak aktif", AttemptFailed, Unreachable},
		{"Penerima menolak paket", AttemptFailed, Refused},
		{"Minta jadwal ulang", AttemptFailed, AnotherTime},
		{"Penerima tidak merasa pesan, menolak", AttemptFailed, NotOrdered},
		{"Uang COD tidak siap", AttemptFailed, CODNotReady},
		{"Wilayah tidak terjangkau", OnHold, OutOfArea},
		{"Terhambat banjir", OnHold, Weather},
		{"Gagal antar karena banjir", AttemptFailed, Weather},
		{"Paket belum diterima pelanggan", AttemptFailed, ""},
		{"UNDELIVERED", AttemptFailed, ""},
		{"Not delivered", AttemptFailed, ""},
		{"Paket telah diterima oleh Siti", Delivered, ""},
		{"Paket akan diterima hari ini", OutForDelivery, ""},
		{"Paket telah diterima di gudang Bandung", AtHub, ""},
		{"Diterima oleh kurir", PickedUp, ""},
		{"Kurir menuju lokasi penjemputan", PickupRequested, ""},
		{"Gagal pickup, toko tutup", PickupRequested, ""},
		{"Paket dijemput", PickedUp, ""},
		{"Courier has been allocated. Waiting to pick up.", PickupRequested, ""},
		{"Item is on the way to customer.", OutForDelivery, ""},
		{"Order has been confirmed.", Ready, ""},
		{"Paket hilang", Lost, ""},
		{"Barang rusak di jalan", Damaged, ""},
		{"Hati-hati mudah pecah", "", ""},
		{"Pengiriman dibatalkan", Cancelled, ""},
		{"[ON HOLD]", OnHold, ""},
	} {
		s, r, ok := Map(Text, "", c.words)
		if s != c.status || r != c.reason || ok != (c.status != "") {
			t.Errorf("Map(%q) = %q, %q, %v; want %q, %q", c.words, s, r, ok, c.status, c.reason)
		}
	}
}

// What a courier writes beside Biteship's word may say more than the word.
func TestMapBiteshipWithText(t *testing.T) {
	for _, c := range []struct {
		code, words string
		status      Status
		reason      Reason
	}{
		{"on_hold", "RECIPIENT NOT HOME", AttemptFailed, NobodyHome},
		{"on_hold", "Terhambat banjir", OnHold, Weather},
		{"on_hold", "Paket hilang", Lost, ""},
		{"on_hold", "DELIVERED TO [ANDI]", OnHold, ""},
		{"dropping_off", "RECEIVED AT SORTING CENTER", AtHub, ""},
		{"dropping_off", "DEPARTED", InTransit, ""},
		{"rejected", "Dibatalkan oleh ekspedisi", Cancelled, ""},
		{"rejected", "Gagal", AttemptFailed, Refused},
		{"rejected", "Tidak merasa pesan", AttemptFailed, NotOrdered},
		{"delivered", "RETURN", Delivered, ""},
		{"return_in_transit", "BAD ADDRESS", Returning, WrongAddress},
		{"teleported", "Paket dijemput", PickedUp, ""},
	} {
		if s, r, ok := Map(Biteship, c.code, c.words); !ok || s != c.status || r != c.reason {
			t.Errorf("Map(%q, %q) = %q, %q, %v; want %q, %q", c.code, c.words, s, r, ok, c.status, c.reason)
		}
	}
}

func FuzzMap(f *testing.F) {
	for _, s := range []string{"biteship", "rajaongkir", "komship", "kiriminaja", "text", ""} {
		f.Add(s, "on_hold", "DELIVERED TO [ANDI | ]]")
		f.Add(s, "200", "\xff[[RETURN TO SHIPPER")
	}
	f.Fuzz(func(t *testing.T, source, code, words string) {
		s, r, ok := Map(Source(source), code, words)
		if s2, r2, ok2 := Map(Source(source), code, words); s != s2 || r != r2 || ok != ok2 {
			t.Errorf("twice the same gives %q and %q", s, s2)
		}
		if ok != s.Known() || r != "" && (!ok || !r.Known()) {
			t.Errorf("Map = %q, %q, %v", s, r, ok)
		}
	})
}

// The lists are searched in text that fold has written.
func TestPhrasesAreFolded(t *testing.T) {
	check := func(p phrases) {
		for _, w := range p {
			if fold(w) != " "+w+" " || strings.Contains(w, "  ") {
				t.Errorf("%q is found nowhere", w)
			}
		}
	}
	for _, b := range becauses {
		check(b.words)
		if !b.reason.Known() {
			t.Errorf("reason %q", b.reason)
		}
	}
	for _, w := range slices.Concat(first, later) {
		check(w.words)
		if !w.status.Known() {
			t.Errorf("state %q", w.status)
		}
	}
}
