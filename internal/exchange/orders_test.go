package exchange_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/exchange"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/sheet"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

// market is an installation that takes orders.
type market struct {
	town
	shops  *business.Service
	books  *ledger.Service
	orders *order.Service
}

func newMarket(t testing.TB, db *store.DB) market {
	t.Helper()
	root := []byte(strings.Repeat("k", 32))
	m := market{town: town{db: db, jobs: job.New(db, job.Options{})}, books: ledger.New(db)}
	blobs := blob.New(db)
	var err, err2, err3, err4 error
	m.shops, err = business.New(db, account.New(db, root), root)
	m.goods = catalog.New(db, m.shops, blobs)
	m.shelf = stock.New(db, m.goods)
	m.goods.OnStock = m.shelf.Set
	m.crowd, err2 = customer.New(db, root)
	vouchers, err3 := voucher.New(db, root)
	m.orders, err4 = order.New(db, root, order.Parts{
		Shops: m.shops, Goods: m.goods, Stock: m.shelf, Customers: m.crowd, Delivery: delivery.New(db, m.shops), Vouchers: vouchers,
		Payments: payment.New(db, m.books, blobs), Books: m.books, Blobs: blobs,
	})
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	m.crowd.OnErase = m.orders.Erase
	k := exchange.Orders{Orders: m.orders}
	m.s = exchange.New(db, []exchange.Kind{k}, []exchange.Out{k.Out()})
	m.s.Register(m.jobs)
	return m
}

// open makes a new business and returns its owner's scope.
func (m market) open(t testing.TB) authz.Scope {
	t.Helper()
	now := m.db.Now()
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := m.shops.Create(t.Context(), sc, business.NewShop{
		ID: id.New(), Name: "Toko Lama", Trade: "T1", Village: "32.11.01.2001", Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	return sc
}

func (m market) holds(t testing.TB) {
	t.Helper()
	storetest.Holds(t, m.db, order.Invariants, ledger.Invariants, payment.Invariants, customer.Invariants, stock.Invariants)
}

// load takes a file in as its page does: sent, mapped as guessed, checked, taken.
func (m market) load(t testing.TB, sc authz.Scope, file io.ReaderAt, size, factor int64) (checked, done exchange.Import) {
	t.Helper()
	i, err := m.s.Upload(t.Context(), sc, id.New(), "pesanan", file, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.s.Map(t.Context(), sc, i.ID, i.Mapping, factor, ""); err != nil {
		t.Fatal(err)
	}
	checked = m.work(t, sc, i.ID, exchange.Checked)
	if err := m.s.Take(t.Context(), sc, i.ID); err != nil {
		t.Fatal(err)
	}
	return checked, m.work(t, sc, i.ID, exchange.Done)
}

// get takes a small file in; the check must foretell what is done.
func (m market) get(t testing.TB, sc authz.Scope, file string) exchange.Import {
	t.Helper()
	checked, done := m.load(t, sc, strings.NewReader(file), int64(len(file)), 1)
	if counts(checked) != counts(done) {
		t.Errorf("checked as %s, taken as %s", counts(checked), counts(done))
	}
	return done
}

// save gives a shop's orders out as a file.
func (m market) save(t testing.TB, sc authz.Scope, f sheet.Format) (name string) {
	t.Helper()
	sc.Now, sc.ProvenAt = m.db.Now(), m.db.Now()
	write, err := m.s.Export(t.Context(), sc, "pesanan", f, exchange.Span{})
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(t.TempDir(), "pesanan")
	w, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(write(t.Context(), w), w.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func (m market) count(t testing.TB, sc authz.Scope, query string) (n int64) {
	t.Helper()
	ctx := store.Long(t.Context())
	err := m.db.View(ctx, sc, func(tx *store.Tx) error { return tx.QueryRowContext(ctx, query, sc.Business).Scan(&n) })
	if err != nil {
		t.Fatal(query, err)
	}
	return n
}

func (m market) stands(t testing.TB, sc authz.Scope, a ledger.Account) (n int64) {
	t.Helper()
	err := m.db.View(t.Context(), sc, func(tx *store.Tx) (err error) {
		n, err = m.books.Balance(t.Context(), tx, sc, a, id.ID{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// past is every paper of a shop, as it goes out.
func (m market) past(t testing.TB, sc authz.Scope) (list []order.Past) {
	t.Helper()
	sc.Now, sc.ProvenAt = m.db.Now(), m.db.Now()
	from, to := time.Unix(0, 0), time.Now().AddDate(1, 0, 0)
	if err := m.orders.Export(t.Context(), sc, from, to, func(p order.Past) error { list = append(list, p); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

// comesBack sends a shop's orders into itself, where all are the same, and into
// an empty shop, which gives out the same bytes.
func (m market) comesBack(t testing.TB, sc authz.Scope) {
	t.Helper()
	first := read(t, m.save(t, sc, sheet.CSV))
	if i := m.get(t, sc, first); i.New+i.Changed+i.Bad != 0 {
		t.Errorf("into its own shop: %s %v", counts(i), i.Problems)
	}
	empty := m.open(t)
	if i := m.get(t, empty, first); i.Bad != 0 {
		t.Errorf("into an empty shop: %s %v", counts(i), i.Problems)
	}
	if second := read(t, m.save(t, empty, sheet.CSV)); second != first {
		t.Errorf("the copy gives out\n%s\nwant\n%s", second, first)
	}
	x := read(t, m.save(t, sc, sheet.XLSX))
	if i := m.get(t, m.open(t), x); i.Bad != 0 || i.New == 0 {
		t.Errorf("as XLSX: %s %v", counts(i), i.Problems)
	}
	if i := m.get(t, sc, x); i.New+i.Changed+i.Bad != 0 {
		t.Errorf("XLSX into its own shop: %s %v", counts(i), i.Problems)
	}
	m.holds(t)
}

func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// table makes a file of named columns, with every column of header.
func table(header string, rows ...map[string]string) string {
	names := strings.Split(header, "; ")
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.CSV, "x", names...)
	if err != nil {
		panic(err)
	}
	for _, r := range rows {
		cells := make([]any, len(names))
		for i, n := range names {
			cells[i] = r[n]
		}
		if err := w.Row(cells...); err != nil {
			panic(err)
		}
	}
	if err := w.End(); err != nil {
		panic(err)
	}
	return b.String()
}

const shopeeHeader = "No. Pesanan; Status Pesanan; Alasan Pembatalan; Status Pembatalan/ Pengembalian; No. Resi; Opsi Pengiriman; Antar ke counter/ pick-up; " +
	"Pesanan Harus Dikirimkan Sebelum (Menghindari keterlambatan); Waktu Pengiriman Diatur; Waktu Pesanan Dibuat; Waktu Pembayaran Dilakukan; Tipe Pesanan; " +
	"Metode Pembayaran; SKU Induk; Nama Produk; Nomor Referensi SKU; Nama Variasi; Harga Awal; Harga Setelah Diskon; Jumlah; Returned quantity; Subtotal Pesanan; " +
	"Total Diskon; Diskon Dari Penjual; Diskon Dari Shopee; Berat Produk; Jumlah Produk di Pesan; Total Berat; Voucher Ditanggung Penjual; Cashback Koin; " +
	"Voucher Ditanggung Shopee; Paket Diskon; Paket Diskon (Diskon dari Shopee); Paket Diskon (Diskon dari Penjual); Potongan Koin Shopee; Diskon Kartu Kredit; " +
	"Ongkos Kirim Dibayar oleh Pembeli; Estimasi Potongan Biaya Pengiriman; Ongkos Kirim Pengembalian Barang; Total Pembayaran; Perkiraan Ongkos Kirim; " +
	"Catatan dari Pembeli; Catatan; Username (Pembeli); Nama Penerima; No. Telepon; Alamat Pengiriman; Kota/Kabupaten; Provinsi; Waktu Pesanan Selesai"

func shopee(status string) string {
	a := map[string]string{
		"No. Pesanan": "2311239ABCDE01", "Status Pesanan": status, "Waktu Pesanan Dibuat": "2023-11-23 10:15", "Nama Produk": "Dodol Garut", "Nomor Referensi SKU": "DG-1\t",
		"Harga Setelah Diskon": "25.000", "Jumlah": "3", "Ongkos Kirim Dibayar oleh Pembeli": "9.000", "Voucher Ditanggung Penjual": "5.000", "Username (Pembeli)": "rina_w",
		"Nama Penerima": "R***a", "No. Telepon": "******89", "Alamat Pengiriman": "J*** M***", "Kota/Kabupaten": "KAB. GARUT", "Provinsi": "JAWA BARAT",
	}
	if status == "Selesai" {
		a["Waktu Pesanan Selesai"] = "2023-11-27 09:00"
	}
	b := map[string]string{}
	for k, v := range a {
		b[k] = v
	}
	b["SKU Induk"] = "OPK" // the variant has no SKU of its own
	b["Nama Produk"], b["Nomor Referensi SKU"], b["Harga Setelah Diskon"], b["Jumlah"], b["Returned quantity"] = "Opak", "", "10.000", "2", "1"
	other := map[string]string{
		"No. Pesanan": "9007199254740993123", "Status Pesanan": "Batal", "Waktu Pesanan Dibuat": "2023-11-23 11:00", "Nama Produk": "Opak", "Nomor Referensi SKU": "OPK",
		"Harga Setelah Diskon": "10.000", "Jumlah": "1", "Alasan Pembatalan": "Ubah alamat",
	}
	return table(shopeeHeader, a, other, b) // the second row of the first order comes behind another
}

func TestShopeesOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMarket(t, db)
		sc := m.open(t)
		i := m.get(t, sc, shopee("Perlu Dikirim"))
		if got := counts(i); got != "2 new, 0 changed, 0 same, 0 bad" || i.Rows != 3 {
			t.Fatalf("%s %+v", got, i.Problems)
		}
		if got := counts(m.get(t, sc, shopee("Perlu Dikirim"))); got != "0 new, 0 changed, 2 same, 0 bad" {
			t.Errorf("again: %s", got)
		}
		if got := counts(m.get(t, sc, shopee("Selesai"))); got != "0 new, 1 changed, 1 same, 0 bad" {
			t.Errorf("a later file: %s", got)
		}
		if got := counts(m.get(t, sc, shopee("Telah Dikirim"))); got != "0 new, 0 changed, 2 same, 0 bad" {
			t.Errorf("an older file: %s", got)
		}
		list := m.past(t, sc)
		if len(list) != 2 {
			t.Fatalf("%+v", list)
		}
		p, q := list[0], list[1]
		total, _ := p.Total()
		if p.Outside != "2311239ABCDE01" || p.State != order.Done || len(p.Lines) != 2 || p.Lines[0].SKU != "DG-1" || p.Lines[1].SKU != "OPK" || total != 99_000 || p.Discount != 5_000 || p.Refunded != 10_000 || p.Name != "" || p.Phone != "" {
			t.Errorf("%+v comes to %d", p, total)
		}
		if q.Outside != "9007199254740993123" || q.State != order.Cancelled || q.Reason != "Ubah alamat" || q.Paid != 0 {
			t.Errorf("%+v", q)
		}
		if n := m.count(t, sc, `SELECT count(*) FROM customers WHERE business_id = $1`); n != 0 {
			t.Errorf("%d customers of masked data", n)
		}
		if n := m.stands(t, sc, ledger.Elsewhere); n != 89_000 {
			t.Errorf("books hold %d, want 89000", n)
		}
		m.comesBack(t, sc)
	})
}

const tiktokHeader = "Order ID; Order Status; Order Substatus; Cancelation/Return Type; Normal or Pre-order; SKU ID; Seller SKU; Product Name; Variation; Quantity; " +
	"Sku Quantity of return; SKU Unit Original Price; SKU Subtotal Before Discount; SKU Platform Discount; SKU Seller Discount; SKU Subtotal After Discount; " +
	"Shipping Fee After Discount; Original Shipping Fee; Shipping Fee Seller Discount; Shipping Fee Platform Discount; Order Refund Amount; Order Amount; Created Time; " +
	"Paid Time; RTS Time; Shipped Time; Delivered Time; Cancelled Time; Cancel By; Cancel Reason; Tracking ID; Shipping Provider Name; Buyer Message; Buyer Username; " +
	"Recipient; Phone #; Country; Province; Regency and City; Detail Address; Payment Method; Purchase Channel; Seller Note"

// TikTok's templates explain their columns in a row; cells carry tabs; the month may come first.
func TestTikToksOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMarket(t, db)
		sc := m.open(t)
		explained := map[string]string{}
		for _, n := range strings.Split(tiktokHeader, "; ") {
			explained[n] = "Platform unique " + strings.ToLower(n)
		}
		line := func(number, channel, sku, price, off string) map[string]string {
			return map[string]string{
				"Order ID": number + "\t", "Order Status": "Selesai", "Seller SKU": sku + "\t", "Product Name": "Dodol\t", "Variation": "Wijen", "Quantity": "2",
				"SKU Unit Original Price": price, "SKU Seller Discount": off, "Shipping Fee After Discount": "8000", "Created Time": "11/23/2025 14:05:09\t",
				"Delivered Time": "11/25/2025 08:00:00\t", "Purchase Channel": channel, "Recipient": "Rina", "Phone #": "(+62)81234567890", "Country": "Indonesia",
			}
		}
		file := table(tiktokHeader, explained, line("577000111222333444", "TikTok Shop", "DG-1", "25,000", "1,000"), line("577000111222333444", "TikTok Shop", "DG-2", "30,000", "2,000"),
			line("577000111222333445", "Tokopedia", "DG-1", "25,000", "0"))
		i := m.get(t, sc, file)
		if got := counts(i); got != "2 new, 0 changed, 0 same, 0 bad" {
			t.Fatalf("%s %+v", got, i.Problems)
		}
		list := m.past(t, sc)
		p := list[0]
		total, _ := p.Total()
		if p.Source != "tiktok" || list[1].Source != "tokopedia" || total != 115_000 || p.Discount != 3_000 || p.Shipping != 8_000 || p.At.Format(time.DateTime) != "2025-11-23 07:05:09" {
			t.Errorf("%+v comes to %d", list, total)
		}
		if n := m.count(t, sc, `SELECT count(*) FROM customers WHERE business_id = $1`); n != 1 {
			t.Errorf("%d customers, want one by the phone number", n)
		}
		if got := counts(m.get(t, sc, file)); got != "0 new, 0 changed, 2 same, 0 bad" {
			t.Errorf("again: %s", got)
		}
		m.comesBack(t, sc)
	})
}

// Tokopedia's old files write an order once and leave it blank on its further rows.
func TestTokopediasOldOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMarket(t, db)
		sc := m.open(t)
		const header = "Nomor Invoice; Tanggal Pembayaran; Status Terakhir; Tanggal Pesanan Selesai; Nama Produk; Tipe Produk; Nomor SKU; Catatan Produk Pembeli; Jumlah Produk Dibeli; " +
			"Harga Awal (IDR); Diskon Produk (IDR); Harga Jual (IDR); Nama Pembeli; No Telp Pembeli; Nama Penerima; Alamat Pengiriman; Kota; Provinsi; Nama Kurir; No Resi / Kode Booking"
		file := "Laporan Penjualan\n" + strings.TrimPrefix(table(header, map[string]string{
			"Nomor Invoice": "INV/20240102/MPL/1", "Tanggal Pembayaran": "02-01-2024 09:10:11", "Status Terakhir": "Pesanan Selesai", "Nama Produk": "Dodol", "Nomor SKU": "DG", "Jumlah Produk Dibeli": "1",
			"Harga Jual (IDR)": "25000", "Nama Pembeli": "Rina", "No Telp Pembeli": "6281*******", "Kota": "Garut",
		}, map[string]string{"Nama Produk": "Opak", "Nomor SKU": "OPK", "Jumlah Produk Dibeli": "4", "Harga Jual (IDR)": "10000"}, map[string]string{
			"Nomor Invoice": "INV/20240103/MPL/2", "Tanggal Pembayaran": "03-01-2024 09:10:11", "Status Terakhir": "Dalam Antrean Ajaib", "Nama Produk": "Dodol", "Jumlah Produk Dibeli": "1", "Harga Jual (IDR)": "25000",
		}), "\ufeff")
		i := m.get(t, sc, file)
		if got := counts(i); got != "1 new, 0 changed, 0 same, 1 bad" || len(i.Problems) != 1 || i.Problems[0].Fault.Key != "orderfile.status" || i.Problems[0].Line != 5 {
			t.Fatalf("%s %+v", got, i.Problems)
		}
		list := m.past(t, sc)
		if total, _ := list[0].Total(); len(list[0].Lines) != 2 || total != 65_000 || list[0].City != "Garut" || list[0].Paid != 65_000 {
			t.Errorf("%+v comes to %d", list[0], total)
		}
		m.comesBack(t, sc)
	})
}

// BigSeller tells what a line comes to, not what a piece costs.
func TestBigSellersOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMarket(t, db)
		sc := m.open(t)
		const header = "Nomor Pesanan; Status Pesanan; Waktu Pesanan Dibuat; Marketplace; SKU; Jumlah; Subtotal Produk; Nomor Resi"
		row := func(market, sum string) map[string]string {
			return map[string]string{
				"Nomor Pesanan": "BS-1", "Status Pesanan": "Selesai", "Waktu Pesanan Dibuat": "2025-02-01 10:00:00", "Marketplace": market, "SKU": "OPK", "Jumlah": "3", "Subtotal Produk": sum, "Nomor Resi": "JX1",
			}
		}
		i := m.get(t, sc, table(header, row("Shopee", "30.000"), row("Lazada", "10.000")))
		if got := counts(i); got != "2 new, 0 changed, 0 same, 0 bad" {
			t.Fatalf("%s %+v", got, i.Problems)
		}
		for _, p := range m.past(t, sc) {
			total, _ := p.Total()
			if want := map[string]int64{"shopee": 30_000, "lazada": 10_000}[p.Source]; total != want || p.Pieces() != 3 || p.Waybill != "JX1" {
				t.Errorf("%+v comes to %d, want %d", p, total, want)
			}
		}
		m.comesBack(t, sc)
	})
}

// Nobody sees or changes another's orders by a file.
func TestOrderFilesStayInTheirShop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMarket(t, db)
		sc, other := m.open(t), m.open(t)
		i, err := m.s.Upload(t.Context(), sc, id.New(), "pesanan", strings.NewReader(shopee("Selesai")), int64(len(shopee("Selesai"))))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.s.Get(t.Context(), other, i.ID); !errors.Is(err, exchange.ErrNotFound) {
			t.Errorf("another's file: %v", err)
		}
		m.get(t, sc, shopee("Selesai"))
		if got := counts(m.get(t, other, shopee("Perlu Dikirim"))); got != "2 new, 0 changed, 0 same, 0 bad" {
			t.Errorf("the same numbers in another shop: %s", got)
		}
		if p := m.past(t, sc)[0]; p.State != order.Done {
			t.Errorf("another shop's file moved the order to %s", p.State)
		}
		for _, role := range []authz.Role{authz.Courier, authz.Person} {
			low := sc
			low.Role = role
			if _, err := m.s.Upload(t.Context(), low, id.New(), "pesanan", strings.NewReader("a,b\n"), 4); err == nil {
				t.Errorf("a %s takes orders in", role)
			}
		}
		stale := sc
		stale.ProvenAt = time.Time{}
		if _, err := m.s.Export(t.Context(), stale, "pesanan", sheet.CSV, exchange.Span{}); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("an export without fresh proof: %v", err)
		}
	})
}

// A span takes the orders between two moments.
func TestOrdersOfASpan(t *testing.T) {
	m := newMarket(t, storetest.SQLite(t))
	sc := m.open(t)
	m.get(t, sc, "no_pesanan,waktu,jumlah,harga_satuan,nama_produk,sku\nA-1,2024-01-31 23:59:59,1,5000,Opak, O\nA-2,2024-02-01,1,5000,Opak,O\n")
	at := time.Date(2024, 2, 1, 0, 0, 0, 0, time.FixedZone("WIB", 7*3600))
	for want, span := range map[string]exchange.Span{"A-1": {To: at}, "A-2": {From: at}} {
		write, err := m.s.Export(t.Context(), sc, "pesanan", sheet.CSV, span)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := write(t.Context(), &b); err != nil || !strings.Contains(b.String(), want) || strings.Count(b.String(), "\n") != 2 {
			t.Errorf("%v, %v\n%s", span, err, b.String())
		}
	}
	if p := m.past(t, sc); p[0].Lines[0].SKU != " O" || p[1].Lines[0].SKU != "O" {
		t.Errorf("%+v", p)
	}
}

// Rows that lie too far apart, and orders with too many, are refused by name.
func TestRowsFarApart(t *testing.T) {
	m := newMarket(t, storetest.SQLite(t))
	sc := m.open(t)
	var b strings.Builder
	b.WriteString("no_pesanan,waktu,jumlah,harga_satuan,nama_produk\n")
	for n := range 503 {
		b.WriteString("N" + string(rune('a'+n/100)) + id.New().String() + ",2024-02-01,1,5000,Opak\n")
		if n == 0 || n == 400 {
			b.WriteString("JAUH,2024-02-01,1,5000,Opak\n")
		}
	}
	b.WriteString("JAUH,2024-02-01,1,5000,Opak\n,2024-02-01,1,5000,Opak\n")
	i := m.get(t, sc, b.String())
	if got := counts(i); got != "504 new, 0 changed, 0 same, 2 bad" || i.Rows != 507 {
		t.Fatalf("%s, %d rows", got, i.Rows)
	}
	if a, b := i.Problems[0].Fault.Key, i.Problems[1].Fault.Key; a != "orderfile.far" || b != "orderfile.no_id" {
		t.Errorf("%s, %s", a, b)
	}
	long := "no_pesanan,waktu,jumlah,harga_satuan,nama_produk\n" + strings.Repeat("P,2024-02-01,1,5000,Opak\n", 2_001)
	if i := m.get(t, sc, long); i.New != 0 || i.Bad != 2_001 || i.Problems[0].Fault.Key != "orderfile.long" {
		t.Errorf("%s %v", counts(i), i.Problems[0].Fault)
	}
}
