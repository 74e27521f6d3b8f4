package carrier

import (
	"slices"
	"strings"
	"unicode"
)

// maxWords is how much of a carrier's text is looked at.
const maxWords = 1000

// phrases are looked for as whole words, in capitals, without punctuation.
type phrases []string

func (p phrases) in(text string) bool {
	return slices.ContainsFunc(p, func(w string) bool { return strings.Contains(text, " "+w+" ") })
}

// becauses are the words of reasons. The first that is found counts.
var becauses = []struct {
	reason Reason
	words  phrases
}{
	{NotOrdered, phrases{"NOT ORDERED", "DID NOT ORDER", "NEVER ORDERED", "TIDAK MERASA PESAN", "TIDAK MERASA MEMESAN", "TIDAK MERASA ORDER", "TIDAK PESAN", "TIDAK MEMESAN"}},
	{CODNotReady, phrases{"COD NOT READY", "MONEY NOT READY", "CASH NOT READY", "UANG COD TIDAK SIAP", "UANG COD BELUM SIAP", "DANA COD BELUM SIAP", "UANG BELUM SIAP", "UANG TIDAK SIAP", "BELUM ADA UANG", "TIDAK ADA UANG"}},
	{WrongAddress, phrases{
		"BAD ADDRESS", "WRONG ADDRESS", "INCORRECT ADDRESS", "INCOMPLETE ADDRESS", "ADDRESS NOT FOUND", "UNKNOWN ADDRESS", "ALAMAT SALAH", "SALAH ALAMAT", "ALAMAT TIDAK DITEMUKAN",
		"ALAMAT TIDAK LENGKAP", "ALAMAT TIDAK JELAS", "ALAMAT TIDAK DIKENAL", "RECEIVER MOVED", "RECIPIENT MOVED", "PENERIMA PINDAH", "PINDAH ALAMAT",
	}},
	{NobodyHome, phrases{
		"NOT HOME", "NOT AT HOME", "NO ONE AT HOME", "NOBODY HOME", "NOBODY AT HOME", "RECIPIENT NOT AVAILABLE", "RECEIVER NOT AVAILABLE", "CONSIGNEE NOT AVAILABLE", "HOUSE CLOSED", "OFFICE CLOSED",
		"TIDAK ADA ORANG", "RUMAH KOSONG", "KANTOR TUTUP", "TIDAK DI RUMAH", "TIDAK ADA DI RUMAH", "TIDAK DI TEMPAT", "TIDAK ADA DI TEMPAT", "PENERIMA TIDAK ADA",
	}},
	{Unreachable, phrases{
		"NOT REACHABLE", "UNREACHABLE", "CANNOT BE CONTACTED", "CAN NOT BE CONTACTED", "CANNOT BE REACHED", "TIDAK BISA DIHUBUNGI", "TIDAK DAPAT DIHUBUNGI",
		"NOMOR TIDAK AKTIF", "NO HP TIDAK AKTIF", "TELEPON TIDAK AKTIF", "WRONG NUMBER",
	}},
	{Refused, phrases{"REFUSED", "REFUSE", "REJECTED", "REJECT", "MENOLAK", "DITOLAK"}},
	{AnotherTime, phrases{"RESCHEDULE", "RESCHEDULED", "JADWAL ULANG", "JADWALKAN ULANG", "DIJADWALKAN ULANG", "ANTAR ULANG", "DIANTAR ULANG", "KIRIM ULANG", "REDELIVERY", "FUTURE DELIVERY"}},
	{OutOfArea, phrases{"OUT OF AREA", "OUT OF COVERAGE", "OUT OF DELIVERY AREA", "UNSERVICEABLE", "NOT COVERED", "LUAR JANGKAUAN", "LUAR AREA", "TIDAK TERJANGKAU"}},
	{Weather, phrases{"WEATHER", "CUACA", "BANJIR", "FLOOD", "FLOODING", "BENCANA", "FORCE MAJEURE", "HUJAN DERAS", "LONGSOR"}},
}

// first are the words of states that are looked for ahead of reasons, since
// reasons may stand beside them.
var first = []struct {
	status Status
	words  phrases
}{
	{Returned, phrases{
		"RETURNED", "RETURN DELIVERED", "RETURN RECEIVED", "DELIVERED TO SHIPPER", "DELIVERED TO SENDER", "DELIVERED TO SELLER", "TELAH DIKEMBALIKAN", "SUDAH DIKEMBALIKAN", "SUDAH KEMBALI",
		"RETUR DITERIMA", "RETUR SELESAI",
	}},
	{Returning, phrases{"RETURN", "RETURNING", "RETUR", "DIRETUR", "DIKEMBALIKAN", "PENGEMBALIAN", "RTS"}},
	{Disposed, phrases{"DISPOSED", "DESTROYED", "DIMUSNAHKAN"}},
	{Lost, phrases{"LOST", "PAKET HILANG", "BARANG HILANG", "KIRIMAN HILANG", "DINYATAKAN HILANG"}},
	{Damaged, phrases{"DAMAGED", "PAKET RUSAK", "BARANG RUSAK", "KIRIMAN RUSAK"}},
	{PickupRequested, phrases{"PICKUP FAILED", "PICK UP FAILED", "FAILED PICKUP", "FAILED TO PICK UP", "GAGAL PICKUP", "GAGAL PICK UP", "GAGAL JEMPUT", "GAGAL DIJEMPUT"}},
	{AttemptFailed, phrases{
		"FAILED", "FAIL", "UNDELIVERED", "NOT DELIVERED", "NOT BEEN DELIVERED", "COULD NOT BE DELIVERED", "CANNOT BE DELIVERED", "UNSUCCESSFUL", "GAGAL", "TIDAK BERHASIL", "BELUM BERHASIL",
		"DELIVERY ATTEMPT", "BELUM DITERIMA", "TIDAK DITERIMA", "BELUM TERKIRIM", "TIDAK TERKIRIM",
	}},
}

// later are the words of states without a reason, those that narrow another
// word ("departed from the sorting centre") ahead of it.
var later = []struct {
	status Status
	words  phrases
}{
	{Cancelled, phrases{"CANCELLED", "CANCELED", "CANCEL", "CANCELLATION", "DIBATALKAN", "PEMBATALAN", "BATAL"}},
	{PickupRequested, phrases{
		"PICKUP REQUEST", "PICKUP REQUESTED", "REQUEST PICKUP", "PICKING UP", "PENDING PICKUP", "WAITING PICKUP", "WAITING FOR PICKUP", "WAITING TO PICK UP", "WILL BE PICKED UP", "WAY TO PICK UP",
		"HAS BEEN ALLOCATED", "COURIER ALLOCATED", "AKAN DIJEMPUT", "MENUNGGU PENJEMPUTAN", "LOKASI PENJEMPUTAN", "MINTA JEMPUT", "PERMINTAAN PICKUP",
	}},
	{OutForDelivery, phrases{
		"WITH DELIVERY COURIER", "OUT FOR DELIVERY", "ON DELIVERY", "BEING DELIVERED", "WILL BE DELIVERED", "TO BE DELIVERED", "DELIVERING", "DELIVERY PROCESS", "WAY TO CUSTOMER", "WAY TO THE CUSTOMER",
		"WAY TO RECEIVER", "WAY TO RECIPIENT", "SEDANG DIANTAR", "AKAN DIANTAR", "AKAN DITERIMA", "SEDANG DIKIRIM", "DALAM PENGANTARAN", "PROSES PENGANTARAN", "PROSES ANTAR", "DIANTAR OLEH", "DIANTAR KE",
		"DIBAWA KURIR", "DIBAWA OLEH KURIR", "MENUJU ALAMAT", "MENUJU PENERIMA",
	}},
	{OnHold, phrases{
		"ON HOLD", "HOLD", "HELD", "DITAHAN", "TERTAHAN", "TERTUNDA", "PENDING", "DELAY", "DELAYED", "PROBLEM", "CRISS CROSS", "MISROUTE", "MISROUTED", "SALAH SORTIR", "CUSTOMS", "BEA CUKAI",
	}},
	{InTransit, phrases{"DEPARTED", "DEPART", "DEPARTURE", "LEFT", "FORWARDED", "OUTBOUND", "BERANGKAT", "DIBERANGKATKAN", "DIKIRIM KE", "MENUJU", "AKAN TIBA", "AKAN SAMPAI"}},
	{PickedUp, phrases{
		"COUNTER", "RECEIVED BY COURIER", "RECEIVED BY DRIVER", "RECEIVED BY AGENT", "DITERIMA OLEH KURIR", "DITERIMA OLEH AGEN", "DITERIMA OLEH PETUGAS", "DITERIMA OLEH SPRINTER", "DITERIMA KURIR",
	}},
	{AtHub, phrases{
		"SORTING CENTER", "SORTING CENTRE", "SORTIR", "ARRIVED AT", "ARRIVED IN", "RECEIVED AT", "RECEIVED ON DESTINATION", "RECEIVED IN", "INBOUND", "GATEWAY", "WAREHOUSE", "GUDANG", "HUB", "DROP POINT",
		"TIBA DI", "SAMPAI DI KOTA", "DITERIMA DI", "TRANSIT CENTER", "DC",
	}},
	{Delivered, phrases{
		"DELIVERED", "TERKIRIM", "TELAH DITERIMA", "SUDAH DITERIMA", "PAKET DITERIMA", "DITERIMA OLEH", "SELESAI DIANTAR", "BERHASIL DIANTAR", "BERHASIL DIKIRIM", "TELAH SAMPAI", "SUDAH SAMPAI",
	}},
	{PickedUp, phrases{"PICKED UP", "PICKED", "PICKUP", "PICK UP", "DIJEMPUT", "DIPICKUP", "DIAMBIL", "MANIFESTED", "MANIFEST"}},
	{InTransit, phrases{"TRANSIT", "ON PROCESS", "IN PROCESS", "PROCESSED", "PROCESSING", "ON THE WAY", "DALAM PERJALANAN", "SHIPPED", "DIKIRIM", "DIPROSES"}},
	{Ready, phrases{"CONFIRMED", "ORDER CREATED", "SHIPMENT CREATED", "LABEL CREATED", "BOOKED", "SIAP KIRIM", "DATA ENTRY"}},
}

// read understands free text by the words in it. What stands in brackets is
// mostly a name or a place ("DELIVERED TO [ANDI | FAMILY]"): it is looked at
// only if nothing else says anything.
func read(words string) (Status, Reason, bool) {
	if r := []rune(words); len(r) > maxWords {
		words = string(r[:maxWords])
	}
	if s, r, ok := readFolded(fold(outside(words))); ok {
		if r == "" {
			r = because(s, words, "")
		}
		return s, r, true
	}
	return readFolded(fold(words))
}

func readFolded(text string) (Status, Reason, bool) {
	reason := reasonIn(text)
	for _, w := range first {
		if w.words.in(text) {
			return w.status, because(w.status, text, ""), true
		}
	}
	switch reason {
	case "":
	case Weather, OutOfArea: // nobody stood at the door
		return OnHold, reason, true
	default:
		return AttemptFailed, reason, true
	}
	// "DELIVERED TO ANDI, SORTING CENTER STREET" has arrived, "DELIVERED TO SORTING CENTER" has not.
	if rest, ok := strings.CutPrefix(text, " DELIVERED "); ok {
		to, named := strings.CutPrefix(rest, "TO ")
		if !named || !slices.ContainsFunc([]string{"SORTING ", "HUB ", "WAREHOUSE ", "GATEWAY ", "TRANSIT ", "DC "}, func(w string) bool { return strings.HasPrefix(to, w) }) {
			return Delivered, "", true
		}
	}
	for _, w := range later {
		if w.words.in(text) {
			return w.status, "", true
		}
	}
	return "", "", false
}

// because is the reason that the text gives, if the state is one that has
// reasons, or else the one given.
func because(s Status, words string, or Reason) Reason {
	switch s {
	case AttemptFailed, OnHold, Returning, Returned, Cancelled:
		if r := reasonIn(fold(words)); r != "" {
			return r
		}
	}
	return or
}

func reasonIn(text string) Reason {
	for _, b := range becauses {
		if b.words.in(text) {
			return b.reason
		}
	}
	return ""
}

// outside is the text without what stands in square brackets.
func outside(s string) string {
	var b strings.Builder
	deep := 0
	for _, r := range s {
		switch {
		case r == '[':
			deep++
			b.WriteByte(' ')
		case r == ']':
			deep = max(0, deep-1)
		case deep == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fold writes words in capitals with one space around each.
func fold(s string) string {
	f := strings.FieldsFunc(strings.ToUpper(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(f, " ") + " "
}
