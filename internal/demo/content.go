package demo

// good is a product that a sample shop may sell. Prices in rupiah, weights in grams.
type good struct {
	name   string
	price  int64
	weight int64
	motif  string
	days   int64 // made to order, in days; 0 is ready stock
	sizes  bool  // comes in sizes
}

// trade is what sample shops of one kind of business look like.
type trade struct {
	code   string
	share  int      // of 100 sample shops
	names  []string // {o} is the owner's first name, {p} the place
	about  []string
	goods  []good
	rhythm [7]int // orders by weekday, Monday first; 100 is an ordinary day
	growth int    // percent from the first to the last of the 12 months
	perDay int    // orders in ten days of an ordinary shop
}

var trades = []trade{
	{
		code: "T1", share: 22, growth: 38, perDay: 22, rhythm: [7]int{80, 85, 90, 100, 130, 125, 90},
		names: []string{"Dapur Bu {o}", "Keripik {o}", "Camilan Teh {o}", "Kue Rumahan {o}", "Oleh-oleh {p}", "Sambal Ceu {o}"},
		about: []string{"Camilan rumahan, digoreng tiap pagi.", "Resep keluarga sejak lama, tanpa pengawet.", "Oleh-oleh khas {p}, dikemas rapi."},
		goods: []good{
			{"Keripik Singkong Balado 250 g", 18_000, 270, "pouch", 0, false},
			{"Keripik Pisang Cokelat 200 g", 20_000, 220, "pouch", 0, false},
			{"Rengginang Terasi 300 g", 24_000, 330, "pouch", 0, false},
			{"Opak Kencur 250 g", 20_000, 280, "pouch", 0, false},
			{"Dodol Ketan 500 g", 45_000, 530, "pouch", 0, false},
			{"Sale Pisang Kering 250 g", 26_000, 270, "pouch", 0, false},
			{"Ranginang Oncom 250 g", 22_000, 280, "pouch", 0, false},
			{"Sambal Cumi Asin 150 g", 32_000, 220, "bottle", 0, false},
			{"Sambal Bawang 150 g", 25_000, 220, "bottle", 0, false},
			{"Bolu Pandan Kukus", 35_000, 700, "cake", 1, false},
			{"Brownies Panggang 20 x 10", 48_000, 600, "cake", 1, false},
			{"Nastar Nanas 400 g", 68_000, 450, "bottle", 2, false},
			{"Kopi Cikuray Giling 200 g", 58_000, 220, "pouch", 0, false},
			{"Bandrek Bubuk isi 10", 30_000, 260, "pouch", 0, false},
			{"Seblak Kering Pedas 150 g", 15_000, 170, "pouch", 0, false},
			{"Basreng Daun Jeruk 200 g", 19_000, 220, "pouch", 0, false},
		},
	},
	{
		code: "T2", share: 20, growth: 22, perDay: 36, rhythm: [7]int{90, 90, 95, 95, 115, 130, 120},
		names: []string{"Warung {o}", "Nasi Liwet Mang {o}", "Kedai {p}", "Baso Aci {o}", "Ayam Bakar Bu {o}", "Rumah Makan {p}"},
		about: []string{"Masak tiap hari, siap mulai pukul sembilan.", "Makan di tempat, bungkus, atau diantar.", "Porsi kenyang, harga warung."},
		goods: []good{
			{"Nasi Liwet Komplit", 28_000, 500, "bowl", 0, false},
			{"Nasi Timbel Ayam Goreng", 27_000, 500, "bowl", 0, false},
			{"Baso Aci Tulang Rangu", 17_000, 450, "bowl", 0, false},
			{"Mie Kocok Sapi", 25_000, 500, "bowl", 0, false},
			{"Soto Bandung", 22_000, 500, "bowl", 0, false},
			{"Lotek Bumbu Kacang", 16_000, 350, "bowl", 0, false},
			{"Karedok Segar", 15_000, 350, "bowl", 0, false},
			{"Ayam Bakar Setengah Ekor", 38_000, 600, "bowl", 0, false},
			{"Batagor Kuah", 16_000, 400, "bowl", 0, false},
			{"Es Cendol Gula Aren", 10_000, 400, "cup", 0, false},
			{"Bajigur Hangat", 9_000, 300, "cup", 0, false},
			{"Kopi Susu Gula Aren", 15_000, 300, "cup", 0, false},
			{"Nasi Kotak Ayam isi 20", 480_000, 9_000, "parcel", 2, false},
		},
	},
	{
		code: "T3", share: 12, growth: 8, perDay: 9, rhythm: [7]int{110, 115, 110, 105, 110, 90, 60},
		names: []string{"Konveksi {o}", "{p} Garmen", "Kaos {o}", "Rajut {o}", "Hijab {o}"},
		about: []string{"Terima pesanan satuan dan lusinan.", "Jahitan rapi, ukuran bisa disesuaikan.", "Langsung dari rumah produksi."},
		goods: []good{
			{"Kaos Polos Katun 30s", 55_000, 200, "shirt", 0, true},
			{"Kemeja Batik Lengan Pendek", 145_000, 260, "shirt", 0, true},
			{"Gamis Harian Katun", 165_000, 420, "dress", 0, true},
			{"Mukena Katun Renda", 185_000, 700, "dress", 0, false},
			{"Sweater Rajut", 110_000, 380, "shirt", 0, true},
			{"Celana Training", 78_000, 320, "shirt", 0, true},
			{"Seragam Olahraga Sablon", 95_000, 350, "shirt", 7, true},
			{"Celemek Dapur Kanvas", 45_000, 220, "dress", 0, false},
			{"Jaket Parasut", 155_000, 450, "shirt", 0, true},
			{"Kerudung Segi Empat Voal", 38_000, 90, "dress", 0, false},
		},
	},
	{
		code: "T4", share: 7, growth: 4, perDay: 6, rhythm: [7]int{110, 110, 105, 105, 100, 110, 50},
		names: []string{"Penjahit {o}", "Modiste {o}", "Jahit & Vermak {o}"},
		about: []string{"Ukur di tempat, jadi sesuai janji.", "Vermak cepat, kebaya, seragam."},
		goods: []good{
			{"Jahit Kebaya Brokat", 350_000, 600, "dress", 14, false},
			{"Jahit Kemeja Pria", 130_000, 260, "shirt", 7, false},
			{"Jahit Gamis", 180_000, 420, "dress", 10, false},
			{"Vermak Celana", 25_000, 400, "scissors", 2, false},
			{"Ganti Ritsleting", 30_000, 400, "scissors", 2, false},
			{"Jahit Seragam Sekolah", 165_000, 450, "shirt", 7, false},
		},
	},
	{
		code: "T5", share: 6, growth: 15, perDay: 14, rhythm: [7]int{70, 75, 80, 95, 120, 150, 130},
		names: []string{"Salon {o}", "Rumah Cantik {o}"},
		about: []string{"Pesan jam dulu, tidak perlu antre.", "Bisa dipanggil ke rumah di sekitar {p}."},
		goods: []good{
			{"Potong Rambut Wanita", 45_000, 0, "scissors", 0, false},
			{"Creambath", 75_000, 0, "comb", 0, false},
			{"Smoothing Rambut", 280_000, 0, "comb", 0, false},
			{"Rias Pengantin", 2_500_000, 0, "comb", 7, false},
			{"Facial", 90_000, 0, "comb", 0, false},
			{"Serum Rambut 60 ml", 65_000, 120, "bottle", 0, false},
		},
	},
	{
		code: "T6", share: 5, growth: 12, perDay: 16, rhythm: [7]int{70, 75, 80, 90, 115, 150, 140},
		names: []string{"Pangkas {o}", "Barber {p}"},
		about: []string{"Buka sampai malam, bisa pesan jam.", "Potong rapi, handuk hangat."},
		goods: []good{
			{"Potong Rambut Dewasa", 30_000, 0, "scissors", 0, false},
			{"Potong Rambut Anak", 25_000, 0, "scissors", 0, false},
			{"Cukur Jenggot", 20_000, 0, "scissors", 0, false},
			{"Semir Rambut", 60_000, 0, "comb", 0, false},
			{"Pomade 80 g", 55_000, 130, "bottle", 0, false},
		},
	},
	{
		code: "T7", share: 5, growth: 45, perDay: 2, rhythm: [7]int{110, 110, 110, 110, 110, 90, 60},
		names: []string{"Tenda & Dekor {o}", "{p} Wedding", "Sewa Alat Pesta {o}"},
		about: []string{"Hajatan, syukuran, seminar. Tim siap pasang.", "Dari undangan sampai bongkar tenda."},
		goods: []good{
			{"Paket Tenda 4 x 6 m", 750_000, 0, "tent", 3, false},
			{"Dekorasi Lamaran", 1_800_000, 0, "tent", 7, false},
			{"Sewa Kursi isi 50", 250_000, 0, "tent", 2, false},
			{"Paket Syukuran 100 Orang", 3_500_000, 0, "tent", 10, false},
			{"Sound System Sehari", 900_000, 0, "tent", 3, false},
		},
	},
	{
		code: "T8", share: 12, growth: 28, perDay: 8, rhythm: [7]int{100, 100, 100, 100, 110, 115, 80},
		names: []string{"Anyaman {p}", "Kriya {o}", "Bambu {o}", "Wayang & Kayu {o}"},
		about: []string{"Dibuat tangan oleh perajin {p}.", "Bahan lokal, bisa pesan ukuran."},
		goods: []good{
			{"Keranjang Rotan Serbaguna", 85_000, 600, "basket", 0, false},
			{"Tas Anyam Pandan", 95_000, 350, "basket", 0, false},
			{"Besek Bambu isi 10", 40_000, 500, "basket", 0, false},
			{"Tikar Mendong 160 x 200", 120_000, 1_800, "basket", 0, false},
			{"Lampu Hias Bambu", 135_000, 900, "basket", 3, false},
			{"Kotak Tisu Ukir", 75_000, 500, "parcel", 0, false},
			{"Angklung Satu Set Mini", 210_000, 1_500, "basket", 5, false},
			{"Payung Geulis Kecil", 60_000, 300, "tent", 0, false},
		},
	},
	{
		code: "T9", share: 3, growth: 60, perDay: 18, rhythm: [7]int{110, 110, 105, 105, 120, 110, 60},
		names: []string{"Antar Cepat {p}", "Kurir {o}"},
		about: []string{"Antar hari ini di dalam kota.", "Jemput di rumah, foto bukti terima."},
		goods: []good{
			{"Antar Dalam Kecamatan", 10_000, 0, "parcel", 0, false},
			{"Antar Antar-Kecamatan", 18_000, 0, "parcel", 0, false},
			{"Antar Antar-Kota", 35_000, 0, "parcel", 0, false},
			{"Kemas Kardus Sedang", 12_000, 300, "parcel", 0, false},
		},
	},
	{
		code: "T10", share: 3, growth: -6, perDay: 10, rhythm: [7]int{120, 110, 105, 105, 110, 70, 40},
		names: []string{"Koperasi {p}", "Koperasi Warga {p}"},
		about: []string{"Belanja kebutuhan anggota dan umum.", "Toko koperasi, keuntungan kembali ke anggota."},
		goods: []good{
			{"Beras Pandan Wangi 5 kg", 78_000, 5_000, "pouch", 0, false},
			{"Minyak Goreng 2 liter", 36_000, 1_900, "bottle", 0, false},
			{"Gula Pasir 1 kg", 18_000, 1_000, "pouch", 0, false},
			{"Telur Ayam 1 kg", 29_000, 1_050, "basket", 0, false},
			{"Buku Tulis isi 10", 42_000, 1_200, "book", 0, false},
		},
	},
	{
		code: "lainnya", share: 5, growth: 10, perDay: 7, rhythm: [7]int{100, 100, 100, 100, 105, 110, 90},
		names: []string{"Toko {o}", "Serba Ada {p}"},
		about: []string{"Barang rumah tangga, siap kirim.", "Tanya dulu boleh, barang difoto sendiri."},
	},
}
