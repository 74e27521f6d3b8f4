package business

// KBLI2020 is the edition of the KBLI codes in Trades (Peraturan BPS 2/2020).
const KBLI2020 = "2020"

// Trade is a kind of business as people name it, with the official codes that
// fall under it.
type Trade struct {
	ID      string // "T1" … "T10", "lainnya"
	Name    string // Indonesian
	English string
	Icon    string // name of the icon in package ui
	Example string // a product of this trade, as an example in forms
	KBLI    []KBLI // the first is the usual one
	// OpenData is the trade's category in Open Data Jabar's UMKM tables.
	OpenData string
	// Goods says whether the trade mostly sells things (and not a service done
	// at a place and an hour).
	Goods bool
}

// KBLI is a code of the Indonesian classification and its title, in edition 2020.
type KBLI struct{ Code, Title string }

// Trades lists the kinds of business in the order in which forms show them.
var Trades = []Trade{
	{
		ID: "T1", Name: "Makanan kemasan", English: "Packed food", Icon: "cookie", Example: "Keripik singkong 250 g", OpenData: "MAKANAN", Goods: true,
		KBLI: []KBLI{
			{"10799", "Industri Produk Makanan Lainnya"},
			{"10710", "Industri Produk Roti dan Kue"},
			{"10792", "Industri Kue Basah"},
			{"10794", "Industri Kerupuk, Keripik, Peyek dan Sejenisnya"},
			{"10750", "Industri Makanan dan Masakan Olahan"},
			{"10761", "Industri Pengolahan Kopi"},
			{"10391", "Industri Tempe Kedelai"},
			{"10392", "Industri Tahu Kedelai"},
		},
	},
	{
		ID: "T2", Name: "Warung makan", English: "Food stall", Icon: "utensils", Example: "Nasi timbel ayam goreng", OpenData: "KULINER", Goods: true,
		KBLI: []KBLI{
			{"56102", "Rumah/Warung Makan"},
			{"56101", "Restoran"},
			{"56103", "Kedai Makanan"},
			{"56104", "Penyediaan Makanan Keliling/Tempat Tidak Tetap"},
			{"56210", "Jasa Boga untuk Suatu Event Tertentu"},
			{"56290", "Penyediaan Jasa Boga Periode Tertentu"},
			{"56303", "Rumah Minum/Kafe"},
			{"56304", "Kedai Minuman"},
		},
	},
	{
		ID: "T3", Name: "Konveksi", English: "Garments", Icon: "shirt", Example: "Kaos polos katun", OpenData: "KONVEKSI", Goods: true,
		KBLI: []KBLI{
			{"14111", "Industri Pakaian Jadi (Konveksi) dari Tekstil"},
			{"14112", "Industri Pakaian Jadi (Konveksi) dari Kulit"},
			{"14131", "Industri Perlengkapan Pakaian dari Tekstil"},
			{"14302", "Industri Pakaian Jadi Sulaman/Bordir"},
			{"47711", "Perdagangan Eceran Pakaian"},
		},
	},
	{
		ID: "T4", Name: "Penjahit", English: "Tailor", Icon: "scissors", Example: "Jahit kemeja batik", OpenData: "FASHION",
		KBLI: []KBLI{
			{"14120", "Penjahitan dan Pembuatan Pakaian Sesuai Pesanan"},
			{"95291", "Aktivitas Vermak Pakaian"},
		},
	},
	{
		ID: "T5", Name: "Salon", English: "Beauty salon", Icon: "sparkles", Example: "Creambath", OpenData: "JASA/LAINNYA",
		KBLI: []KBLI{{"96112", "Aktivitas Salon Kecantikan"}},
	},
	{
		ID: "T6", Name: "Pangkas rambut", English: "Barber", Icon: "scissors", Example: "Potong rambut dewasa", OpenData: "JASA/LAINNYA",
		KBLI: []KBLI{{"96111", "Aktivitas Pangkas Rambut"}},
	},
	{
		ID: "T7", Name: "Jasa acara", English: "Events", Icon: "calendar", Example: "Paket dekorasi ulang tahun", OpenData: "JASA/LAINNYA",
		KBLI: []KBLI{
			{"82302", "Jasa Penyelenggara Event Khusus"},
			{"82301", "Jasa Penyelenggara Pertemuan, Perjalanan Insentif, Konferensi dan Pameran (MICE)"},
		},
	},
	{
		ID: "T8", Name: "Kerajinan", English: "Craft", Icon: "palette", Example: "Tas anyaman pandan", OpenData: "CRAFT", Goods: true,
		KBLI: []KBLI{
			{"32909", "Industri Pengolahan Lainnya YTDL"},
			{"16291", "Industri Barang Anyaman dari Rotan dan Bambu"},
			{"16292", "Industri Barang Anyaman dari Tanaman Bukan Rotan dan Bambu"},
			{"16293", "Industri Kerajinan Ukiran dari Kayu Bukan Mebeller"},
			{"13134", "Industri Batik"},
			{"15121", "Industri Barang dari Kulit dan Kulit Komposisi untuk Keperluan Pribadi"},
			{"23932", "Industri Perlengkapan Rumah Tangga dari Tanah Liat/Keramik"},
		},
	},
	{
		ID: "T9", Name: "Kurir", English: "Courier", Icon: "truck", Example: "Antar paket dalam kota", OpenData: "JASA/LAINNYA",
		KBLI: []KBLI{
			{"53201", "Aktivitas Kurir"},
			{"53202", "Aktivitas Agen Kurir"},
		},
	},
	{
		ID: "T10", Name: "Koperasi", English: "Cooperative", Icon: "users", Example: "Beras koperasi 5 kg", OpenData: "JASA/LAINNYA", Goods: true,
		KBLI: []KBLI{
			{"64141", "Koperasi Simpan Pinjam Primer (KSP Primer)"},
			{"64142", "Unit Simpan Pinjam Koperasi Primer (USP Koperasi Primer)"},
			{"47111", "Perdagangan Eceran Berbagai Macam Barang yang Utamanya Makanan, Minuman atau Tembakau"},
		},
	},
	{
		ID: "lainnya", Name: "Lainnya", English: "Other", Icon: "store", Example: "Pupuk organik 5 kg", OpenData: "JASA/LAINNYA", Goods: true,
		KBLI: []KBLI{
			{"47919", "Perdagangan Eceran Melalui Media untuk Berbagai Macam Barang Lainnya"},
			{"96990", "Aktivitas Jasa Perorangan Lainnya YTDL"},
			{"96200", "Aktivitas Penatu"},
		},
	},
}

// CarriesForOthers is the trade of courier firms: shops give them parcels.
const CarriesForOthers = "T9"

// TradeOf finds a trade by its id.
func TradeOf(id string) (Trade, bool) {
	for _, t := range Trades {
		if t.ID == id {
			return t, true
		}
	}
	return Trade{}, false
}

// Label is the trade's name in a language ("id" or "en").
func (t Trade) Label(lang string) string {
	if lang == "en" {
		return t.English
	}
	return t.Name
}

// Has reports whether code is one of the trade's KBLI codes.
func (t Trade) Has(code string) bool {
	for _, k := range t.KBLI {
		if k.Code == code {
			return true
		}
	}
	return false
}
