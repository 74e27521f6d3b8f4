// Package orderfile reads files of past orders, a shop's own and those of
// marketplaces, and writes a shop's orders so that they can be read again. It
// is pure: rows of cells go in, papers come out, and the other way round.
package orderfile

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"lapak/internal/fault"
	"lapak/internal/order"
	"lapak/internal/sheet"
)

// Faults of a row.
var (
	ErrNumber = fault.New(fault.Invalid, "orderfile.number") // {0} what is no number
	ErrWhole  = fault.New(fault.Invalid, "orderfile.whole")  // {0} what is no whole rupiah
	ErrTime   = fault.New(fault.Invalid, "orderfile.time")   // {0} what is no time
	ErrStatus = fault.New(fault.Invalid, "orderfile.status") // {0} a status we do not know
	ErrKind   = fault.New(fault.Invalid, "orderfile.kind")   // {0} a kind we do not know
	ErrFar    = fault.New(fault.Invalid, "orderfile.far")    // {0} an order whose rows lie too far apart
	ErrNoID   = fault.New(fault.Invalid, "orderfile.no_id")  // a row without an order number
	ErrLong   = fault.New(fault.Invalid, "orderfile.long")   // {0} an order with more than {1} lines
)

// Field is what a column may hold.
type Field string

// The fields. Those of the order are read from its first row, unless it is
// blank there; those of the line from each row.
const (
	Source    Field = "kanal"
	Outside   Field = "no_pesanan"
	Kind      Field = "jenis"
	At        Field = "waktu"
	Status    Field = "status"
	SKU       Field = "sku"
	Title     Field = "nama_produk"
	Variant   Field = "variasi"
	Unit      Field = "satuan"
	Quantity  Field = "jumlah"
	Price     Field = "harga_satuan"
	LineAt    Field = "waktu_baris"
	Discount  Field = "diskon"
	Shipping  Field = "ongkir"
	CODFee    Field = "biaya_cod"
	UniqueNo  Field = "kode_unik"
	Total     Field = "total"
	Allowance Field = "potongan"
	Paid      Field = "dibayar"
	Refunded  Field = "dikembalikan"
	Way       Field = "cara"
	PayBy     Field = "bayar"
	Voucher   Field = "voucher"
	Courier   Field = "kurir"
	Waybill   Field = "resi"
	Buyer     Field = "pelanggan"
	Name      Field = "nama"
	Phone     Field = "telepon"
	Village   Field = "wilayah"
	Street    Field = "alamat"
	Landmark  Field = "patokan"
	City      Field = "kota"
	Province  Field = "provinsi"
	Country   Field = "negara"
	Note      Field = "catatan"
	Reason    Field = "alasan"
	DoneAt    Field = "waktu_selesai"

	Returned Field = "jumlah_retur" // of a line; read, never written
	Subtotal Field = "subtotal"     // of a line, where there is no price; read, never written
	Parent   Field = "sku_induk"    // of a line's product, where its variant has no SKU; read, never written
)

// Columns are those of our own file, in their order.
var Columns = []Field{
	Source, Outside, Kind, At, Status, SKU, Title, Variant, Unit, Quantity, Price, LineAt, Discount, Shipping, CODFee, UniqueNo, Total, Allowance, Paid,
	Refunded, Way, PayBy, Voucher, Courier, Waybill, Buyer, Name, Phone, Village, Street, Landmark, City, Province, Country, Note, Reason, DoneAt,
}

// Format is a kind of file.
type Format struct {
	Name     string
	Source   string             // of every order in it; empty: a column says so
	Aliases  map[Field][]string // headers, folded; the first that is there counts
	Needs    []string           // folded headers that only this format has all of
	Letters  bool               // a number that begins with C is a return
	FillDown bool               // a blank order number means: as above
	Exact    bool               // blanks around a SKU are part of it
}

// Formats lists the kinds of file, the most particular first.
var Formats = []Format{shopee, tiktok, tokopedia, bigSeller, invoices, own}

var shopee = Format{
	Name: "shopee", Source: "shopee", Needs: []string{"nopesanan", "statuspesanan", "namaproduk"},
	Aliases: map[Field][]string{
		Outside: {"nopesanan", "orderid"}, Status: {"statuspesanan", "orderstatus"}, At: {"waktupesanandibuat", "ordercreationdate"},
		SKU: {"nomorreferensisku", "skureferenceno"}, Parent: {"skuinduk", "parentskureferenceno"}, Title: {"namaproduk", "productname"}, Variant: {"namavariasi", "variationname"},
		Quantity: {"jumlah", "quantity"}, Price: {"hargasetelahdiskon", "dealprice", "hargaawal"}, Returned: {"returnedquantity"},
		Discount: {"voucherditanggungpenjual"}, Shipping: {"ongkoskirimdibayarolehpembeli"}, Courier: {"opsipengiriman"}, Waybill: {"noresi"},
		Reason: {"alasanpembatalan"}, Note: {"catatandaripembeli"}, Buyer: {"usernamepembeli"}, Name: {"namapenerima"}, Phone: {"notelepon"},
		Street: {"alamatpengiriman"}, City: {"kotakabupaten"}, Province: {"provinsi"}, DoneAt: {"waktupesananselesai"},
	},
}

var tiktok = Format{
	Name: "tiktok", Source: "tiktok", Needs: []string{"orderid", "orderstatus", "skuunitoriginalprice"},
	Aliases: map[Field][]string{
		Source: {"purchasechannel"}, Outside: {"orderid"}, Status: {"orderstatus"}, At: {"createdtime"}, SKU: {"sellersku", "skuid"}, Title: {"productname"},
		Variant: {"variation"}, Quantity: {"quantity"}, Price: {"skuunitoriginalprice"}, Returned: {"skuquantityofreturn"}, Discount: {"skusellerdiscount"},
		Shipping: {"shippingfeeafterdiscount"}, Reason: {"cancelreason"}, DoneAt: {"deliveredtime"}, Waybill: {"trackingid"}, Courier: {"shippingprovidername"},
		Note: {"buyermessage"}, Buyer: {"buyerusername"}, Name: {"recipient"}, Phone: {"phone"}, Street: {"detailaddress"}, City: {"regencyandcity"},
		Province: {"province"}, Country: {"country"},
	},
}

var tokopedia = Format{
	Name: "tokopedia", Source: "tokopedia", Needs: []string{"nomorinvoice", "statusterakhir"}, FillDown: true,
	Aliases: map[Field][]string{
		Outside: {"nomorinvoice"}, Status: {"statusterakhir"}, At: {"tanggalpembayaran"}, DoneAt: {"tanggalpesananselesai"}, SKU: {"nomorsku"},
		Title: {"namaproduk"}, Variant: {"tipeproduk"}, Quantity: {"jumlahprodukdibeli"}, Price: {"hargajualidr", "hargaawalidr"},
		Shipping: {"biayapengirimantunaiidr", "ongkoskirimidr"}, Note: {"catatanprodukpembeli"}, Buyer: {"namapembeli"}, Name: {"namapenerima"},
		Phone: {"notelppembeli"}, Street: {"alamatpengiriman"}, City: {"kota"}, Province: {"provinsi"}, Courier: {"namakurir"}, Waybill: {"noresikodebooking"},
	},
}

var bigSeller = Format{
	Name: "bigseller", Needs: []string{"nomorpesanan", "marketplace", "subtotalproduk"}, FillDown: true,
	Aliases: map[Field][]string{
		Source: {"marketplace"}, Outside: {"nomorpesanan"}, Status: {"statuspesanan"}, At: {"waktupesanandibuat"}, SKU: {"sku"}, Title: {"namaproduk"},
		Variant: {"namavariasi"}, Quantity: {"jumlah"}, Price: {"hargasatuan"}, Subtotal: {"subtotalproduk"},
		Waybill: {"nomorresi"},
	},
}

var invoices = Format{
	Name: "invoices", Source: "invoices", Needs: []string{"invoice", "stockcode", "invoicedate"}, Letters: true, Exact: true,
	Aliases: map[Field][]string{
		Outside: {"invoice", "invoiceno"}, At: {"invoicedate"}, SKU: {"stockcode"}, Title: {"description"}, Quantity: {"quantity"},
		Price: {"price", "unitprice"}, Buyer: {"customerid"}, Country: {"country"},
	},
}

var own = Format{Name: "lapak", Needs: []string{"nopesanan", "waktu", "jumlah"}, Exact: true, Aliases: ownAliases()}

func ownAliases() map[Field][]string {
	m := map[Field][]string{}
	for _, f := range Fields() {
		m[f] = []string{fold(string(f))}
	}
	return m
}

// fold leaves letters and digits alone, in lower case.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// Fields lists what a file may hold: our columns, and what others write.
func Fields() []Field { return append(slices.Clone(Columns), Returned, Subtotal, Parent) }

// Names lists the headers by which any file calls a field, ours first.
func (f Field) Names() []string {
	list := []string{string(f)}
	for _, format := range Formats {
		list = append(list, format.Aliases[f]...)
	}
	return list
}

// Options say how a file is read.
type Options struct {
	Format  string
	Source  string // of orders whose rows do not say; empty: the format's
	Unit    int64  // rupiah that one unit of its prices stands for; zero: 1
	Numbers sheet.Numbers
	Days    sheet.Days
	Zone    *time.Location
}

// format is that of the name; the zero one if there is none.
func (o Options) format() Format {
	for _, f := range Formats {
		if f.Name == o.Format {
			return f
		}
	}
	return Format{}
}

// Guess finds the format of a file by its header, and where its fields are; ok
// is false if no format fits.
func Guess(header []string) (format string, fields map[string]int, ok bool) {
	at := map[string]int{}
	for i, h := range header {
		h, _, _ = strings.Cut(h, "(Menghindari")
		if k := fold(h); k != "" {
			if _, twice := at[k]; !twice {
				at[k] = i
			}
		}
	}
	for _, f := range Formats {
		fits := true
		for _, n := range f.Needs {
			_, has := at[n]
			fits = fits && has
		}
		if !fits {
			continue
		}
		fields = map[string]int{}
		for field, names := range f.Aliases {
			for _, n := range names {
				if i, has := at[n]; has {
					fields[string(field)] = i
					break
				}
			}
		}
		return f.Name, fields, true
	}
	return "", nil, false
}

// states pairs what files say, folded, with our states.
var states = map[string]order.State{
	"belumbayar": order.Placed, "belumdibayar": order.Placed, "unpaid": order.Placed, "baru": order.Placed, "menunggupembayaran": order.Placed,
	"perludikirim": order.Accepted, "toship": order.Accepted, "diproses": order.Accepted, "awaitingshipment": order.Accepted, "pesananbaru": order.Accepted,
	"siapdikirim": order.Packed, "siapkirim": order.Packed, "awaitingcollection": order.Packed, "readytoship": order.Packed, "dikemas": order.Packed,
	"telahdikirim": order.Sent, "sedangdikirim": order.Sent, "dikirim": order.Sent, "shipped": order.Sent, "intransit": order.Sent, "pesanandikirim": order.Sent,
	"delivered": order.Sent, "terkirim": order.Sent, "pesanantiba": order.Sent,
	"selesai": order.Done, "completed": order.Done, "pesananselesai": order.Done,
	"gagal": order.Failed, "gagalkirim": order.Failed, "gagalantar": order.Failed,
	"dikembalikan": order.Returned, "returned": order.Returned, "retur": order.Returned, "pengembalian": order.Returned,
	"batal": order.Cancelled, "dibatalkan": order.Cancelled, "canceled": order.Cancelled, "cancelled": order.Cancelled, "pesanandibatalkan": order.Cancelled,
}

var stateWords = map[order.State]string{
	order.Placed: "Baru", order.Accepted: "Diproses", order.Packed: "Siap kirim", order.Sent: "Dikirim", order.Done: "Selesai", order.Failed: "Gagal antar",
	order.Returned: "Dikembalikan", order.Cancelled: "Dibatalkan",
}

var kindWords = map[order.Kind]string{
	order.Sale: "penjualan", order.Return: "retur", order.WriteOff: "penghapusan stok", order.BadDebt: "penghapusan piutang",
}

func kindOf(s string) (order.Kind, bool) {
	k := fold(s)
	for kind, word := range kindWords {
		if fold(word) == k {
			return kind, true
		}
	}
	return "", false
}

// sourceOf is a source as it is kept.
func sourceOf(s string) string {
	k := strings.Join(strings.Fields(strings.ToLower(s)), " ")
	switch {
	case strings.Contains(k, "tokopedia"):
		return "tokopedia"
	case strings.Contains(k, "tiktok"):
		return "tiktok"
	case strings.Contains(k, "shopee"):
		return "shopee"
	}
	return k
}
