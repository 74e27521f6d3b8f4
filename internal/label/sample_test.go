package label

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"lapak/internal/i18n"
)

var wib = time.FixedZone("WIB", 7*3600)

func on(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, wib) }

func speak(t testing.TB, lang string) context.Context {
	t.Helper()
	c, err := i18n.Load(Words)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := c.Missing.Load(); n > 0 {
			t.Errorf("%d words are missing", n)
		}
	})
	return i18n.With(t.Context(), c, lang)
}

// usual is a parcel as most are.
func usual() Parcel {
	return Parcel{
		Number: "LPK2611014700", Carrier: "Ekspedisi Priangan", Service: "Reguler", Sorting: "BDG-04",
		Sender: Party{Name: "Dapur Bu Euis", Phone: "0813 2200 1187", Area: "Tarogong Kidul, Garut"},
		Recipient: Party{
			Name: "Asep Sunandar", Phone: "0857 **** 3120", Street: "Jl. Tubagus Ismail Dalam 9, RT 02/RW 04",
			Area: "Lebakgede, Coblong, Kota Bandung, Jawa Barat", Postcode: "40132",
		},
		Landmark: "pagar hijau, seberang apotek", Note: "Titip di pos satpam kalau kosong",
		Contents: "3 Keripik Balado 250 g, 2 Dodol Ketan, 1 Opak", COD: 191_000, Grams: 2_100, Piece: 1, Pieces: 1,
		Order: "2611-0147", Placed: on(26, 9), From: on(30, 13), Until: on(30, 15), Fragile: true,
		URL: "https://lapak.example/lacak/7Kq3vXb2nTfR9wLzMd5HcA",
	}
}

// bare is a parcel of which hardly anything is known.
func bare() Parcel {
	return Parcel{Order: "2611-0148", Recipient: Party{Name: "Ina", Area: "Garut Kota"}}
}

// crowded is a parcel whose every text is as long as forms allow.
func crowded() Parcel {
	p := usual()
	p.Number = "SPXID-061234567890-ABCDEF-1"
	p.Carrier = "Perusahaan Ekspedisi Antar Pulau Nusantara Sejahtera Bersama"
	p.Service = "Layanan Kargo Ekonomi Darat Laut Udara Terjadwal"
	p.Sorting = "JOG-JOG1000-JKT2010-SUB44"
	p.Piece, p.Pieces = 12, 144
	p.Recipient.Name = "Raden Ayu Siti Nurhaliza Kusumawardhani Prawirodirdjo binti Haji Abdurrahman Wahid Suryaningrat"
	p.Recipient.Phone = "+62 857 1234 5678 3120"
	p.Recipient.Street = strings.Repeat("Jalan Raya Perumahan Griya Asri Permata Indah Blok C 12 Nomor 345 RT 002/RW 014, ", 4)
	p.Recipient.Area = "Desa Panyingkiran Kidul Wetan, Kecamatan Karangtengah Utara, Kabupaten Tasikmalaya, Provinsi Jawa Barat"
	p.Sender.Name = "Paguyuban Pengrajin Makanan Ringan dan Oleh-Oleh Khas Priangan Timur"
	p.Sender.Street = "Jalan Cimanuk Gang Haji Nawawi Nomor 12A Blok Pasar Lama Lantai Dua"
	p.Landmark = strings.Repeat("rumah cat biru di belakang masjid besar, dekat warung Mang Ujang, ", 4)
	p.Note = strings.Repeat("Mohon telepon dulu sebelum datang karena anjing galak dan bel rusak. ", 6)
	p.Contents = strings.Repeat("12 Keripik Singkong Balado Pedas Manis Level Lima 250 g, ", 8)
	p.COD = 999_000_000_000
	p.From, p.Until = on(28, 9), on(30, 17)
	p.URL = "https://toko-oleh-oleh-khas-priangan-timur.lapak.example.co.id/lacak/7Kq3vXb2nTfR9wLzMd5HcA7Kq3vXb2nTfR9wLzMd5HcA"
	return p
}

// unspaced has long texts without a space to break at, and paid already.
func unspaced() Parcel {
	p := usual()
	p.COD, p.Fragile = 0, false
	p.Recipient.Name = strings.Repeat("W", 90)
	p.Recipient.Street = strings.Repeat("M", 200)
	p.Landmark = strings.Repeat("8", 120)
	p.Sender.Name = strings.Repeat("Q", 120)
	return p
}

func foreign() Parcel {
	p := usual()
	p.COD = 0
	p.Recipient.Name = "ᮃᮞᮨᮕ᮪ 😀 José Đặng محمد"
	p.Recipient.Phone = "٠٨٥٧ ١٢٣٤"
	p.Landmark = "🏠 pagar “hijau” → 50 m ✅ café"
	p.Note = "👍🏽"
	return p
}

func samples() []Parcel { return []Parcel{usual(), bare(), crowded(), unspaced(), foreign()} }

func goods() []Product {
	return []Product{
		{Name: "Rangginang Terasi", Shop: "Dapur Bu Euis", Batch: "RT-261126-A", Made: on(26, 0), Expires: on(26, 0).AddDate(0, 3, 0), PIRT: "2063205010012-28", Halal: "ID32110001234560921", Grams: 250, Price: 18_000, Copies: 2},
		{Name: "Opak", Shop: "Dapur Bu Euis", Made: on(26, 0)},
		{Name: strings.Repeat("Dodol Ketan Hitam Wijen Gula Aren ", 5), Shop: strings.Repeat("Paguyuban Pengrajin ", 6), Batch: strings.Repeat("B", 80), Made: on(26, 0), Expires: on(30, 0), PIRT: strings.Repeat("2", 60), Halal: strings.Repeat("1", 60), Grams: 1_250, Price: 999_000_000_000},
	}
}

func wants() []Want {
	return []Want{
		{Order: "2611-0147", Shelf: "B2", Title: "Keripik Balado", Variant: "250 g", SKU: "KB-250", Quantity: 3},
		{Order: "2611-0148", Shelf: "A1", Title: "Opak", Quantity: 1},
		{Order: "2611-0148", Shelf: "B2", Title: "Keripik Balado", Variant: "250 g", SKU: "KB-250", Quantity: 2},
		{Order: "2611-0149", Title: "Dodol Ketan", Variant: "Wijen, kotak", Quantity: 12},
		{Order: "2611-0147", Shelf: "B2", Title: "Keripik Balado", Variant: "250 g", SKU: "KB-250", Quantity: 1},
		{Order: "2611-0149", Shelf: "B2", Title: "Keripik Balado", Variant: "100 g", SKU: "KB-100", Quantity: 5},
	}
}

func handover(n int) Handover {
	h := Handover{List: List{Shop: "Dapur Bu Euis", At: on(30, 8)}, Number: "M-2611-12", To: "Ekspedisi Priangan (Kang Dadan)"}
	names := []string{"Asep Sunandar", "Ina", "Raden Ayu Siti Nurhaliza Kusumawardhani Prawirodirdjo"}
	for i := range n {
		h.Parcels = append(h.Parcels, Handed{
			Number: "LPK26110147" + strconv.Itoa(10+i), Name: names[i%3], District: []string{"Coblong", "Tarogong Kidul"}[i%2], Pieces: 1 + i%2, COD: int64(i%3) * 95_500,
		})
	}
	return h
}
