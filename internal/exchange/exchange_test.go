package exchange_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/exchange"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/sheet"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// town is an installation with what files are about; a shop is a scope in it.
type town struct {
	db    *store.DB
	goods *catalog.Service
	shelf *stock.Service
	crowd *customer.Service
	s     *exchange.Service
	jobs  *job.Runner
}

func newTown(t testing.TB, db *store.DB) town {
	t.Helper()
	crowd, err := customer.New(db, bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := town{db: db, goods: catalog.New(db, new(business.Service), blob.New(db)), crowd: crowd, jobs: job.New(db, job.Options{})}
	w.shelf = stock.New(db, w.goods)
	w.goods.OnStock = w.shelf.Set
	p, s, c := exchange.Products{Goods: w.goods, Stock: w.shelf}, exchange.Shelf{Goods: w.goods, Stock: w.shelf}, exchange.Customers{Customers: crowd}
	w.s = exchange.New(db, []exchange.Kind{p, s, c}, []exchange.Out{p.Out(), s.Out(), c.Out()})
	w.s.Register(w.jobs)
	return w
}

func owner() authz.Scope {
	now := time.Now()
	return authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: now, ProvenAt: now}
}

func (w town) upload(t testing.TB, sc authz.Scope, kind, file string) exchange.Import {
	t.Helper()
	i, err := w.s.Upload(t.Context(), sc, id.New(), kind, strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("upload: %v", err)
	}
	return i
}

// check maps a file as guessed and has it checked.
func (w town) check(t testing.TB, sc authz.Scope, kind, file string) exchange.Import {
	t.Helper()
	i := w.upload(t, sc, kind, file)
	if err := w.s.Map(t.Context(), sc, i.ID, i.Mapping, 1, ""); err != nil {
		t.Fatalf("map %v: %v", i.Mapping, err)
	}
	return w.work(t, sc, i.ID, exchange.Checked)
}

func (w town) work(t testing.TB, sc authz.Scope, file id.ID, want exchange.State) exchange.Import {
	t.Helper()
	if _, err := w.jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	i, err := w.s.Get(t.Context(), sc, file)
	if err != nil || i.State != want {
		t.Fatalf("%s, %v, %v; want %s", i.State, i.Trouble, err, want)
	}
	return i
}

// take takes a whole file in.
func (w town) take(t testing.TB, sc authz.Scope, kind, file string) exchange.Import {
	t.Helper()
	i := w.check(t, sc, kind, file)
	if err := w.s.Take(t.Context(), sc, i.ID); err != nil {
		t.Fatal(err)
	}
	return w.work(t, sc, i.ID, exchange.Done)
}

func (w town) out(t testing.TB, sc authz.Scope, kind string, f sheet.Format) string {
	t.Helper()
	write, err := w.s.Export(t.Context(), sc, kind, f, exchange.Span{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func counts(i exchange.Import) string {
	return fmt.Sprintf("%d new, %d changed, %d same, %d bad", i.New, i.Changed, i.Same, i.Bad)
}

const goodsFile = "nama_produk;sku;harga;stok;kategori;pilihan_1;nilai_1;berat_kg;tampil\n" +
	"Keripik Pedas;KP-1;Rp15.000;20;Camilan;Berat;250 g;0,25;ya\n" +
	"Keripik Pedas;KP-2;Rp28.000;5;Camilan;Berat;500 g;0,5;ya\n" +
	"=Opak;OPK;9.500;;Camilan;;;;tidak\n" +
	"Rengginang;;gratis;3;;;;;ya\n" +
	"Sale Pisang;SP;12.000;-4;;;;;mungkin\n"

func TestProductsComeIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, sc := newTown(t, db), owner()
		i := w.check(t, sc, "produk", goodsFile)
		if got := counts(i); got != "2 new, 0 changed, 0 same, 2 bad" || i.Total != 5 || i.How.Numbers != sheet.Dots {
			t.Fatalf("%s of %d, %s: %+v", got, i.Total, i.How.Numbers, i.Problems)
		}
		if list, _ := w.goods.Counts(t.Context(), sc); list[catalog.Published] != 0 {
			t.Error("the check took something in")
		}
		var bad bytes.Buffer
		say := func(p exchange.Problem) string { return p.Field + " " + p.Fault.Key }
		if err := w.s.BadRows(t.Context(), sc, i.ID, sheet.CSV, "alasan", say, &bad); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(bad.String(), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 3 || rows[1][0] != "Rengginang" || rows[1][9] != "price sheet.money" || !strings.Contains(rows[2][9], "state exchange.state_word") {
			t.Errorf("bad rows: %q, %v", rows, err)
		}
		if err := w.s.Take(t.Context(), sc, i.ID); err != nil {
			t.Fatal(err)
		}
		i = w.work(t, sc, i.ID, exchange.Done)
		if got := counts(i); got != "2 new, 0 changed, 0 same, 2 bad" {
			t.Errorf("taken: %s", got)
		}
		page, err := w.goods.List(t.Context(), sc, catalog.Find{})
		if err != nil || len(page.Products) != 1 || len(page.Products[0].Variants) != 2 || page.Products[0].Variants[1].Price != 28_000 || page.Products[0].Variants[0].WeightGrams != 250 {
			t.Fatalf("%+v, %v", page.Products, err)
		}
		levels, err := w.shelf.Of(t.Context(), sc, page.Products...)
		if err != nil || levels[page.Products[0].Variants[0].ID].OnHand != 20 {
			t.Errorf("stock %v, %v", levels, err)
		}
		if page, _ := w.goods.List(t.Context(), sc, catalog.Find{State: catalog.Draft}); len(page.Products) != 1 || page.Products[0].Title != "=Opak" {
			t.Errorf("drafts: %+v", page.Products)
		}
		again := w.take(t, sc, "produk", goodsFile)
		if got := counts(again); got != "0 new, 0 changed, 2 same, 2 bad" {
			t.Errorf("the same file again: %s", got)
		}
		changed := w.take(t, sc, "produk", "nama;sku;harga;stok\nKeripik Pedas Sekali;OPK;10.000;7\n")
		if got := counts(changed); got != "0 new, 1 changed, 0 same, 0 bad" {
			t.Errorf("a price by SKU: %s %+v", got, changed.Problems)
		}
		counted := w.take(t, sc, "stok", "sku,jumlah_ada\nKP-1,18\nKP-2,5\nTIADA,1\n")
		if got := counts(counted); got != "0 new, 1 changed, 1 same, 1 bad" {
			t.Errorf("stock: %s", got)
		}
		storetest.Holds(t, db, catalog.Invariants, stock.Invariants)
	})
}

func TestMarketplacesProducts(t *testing.T) {
	db := storetest.SQLite(t)
	for name, file := range map[string]string{
		"shopee": "Informasi penjualan\n\nKode Produk,Nama Produk,Kode Variasi,Nama Variasi,SKU Induk,SKU,Harga,Stok\n" +
			"2351234567890123456,Dodol Garut,1,Wijen,DG,DG-W,25000,10\n2351234567890123456,Dodol Garut,2,Kacang,DG,DG-K,26000,4\n",
		"tiktok": "Product Name,Category,Product Description,Parcel weight (g),Variation 1 Name,Variation 1 Value,Retail Price (Local Currency),Quantity,Seller SKU\n" +
			"Name of the product,Choose one,Describe it,In grams,Optional,Optional,Mandatory,Mandatory,Optional\n" +
			"Dodol Garut\t,Food,Manis legit,250\t,Rasa,Wijen\t,\"25,000\",10\t,DG-W\t\nDodol Garut\t,Food,Manis legit,250\t,Rasa,Kacang\t,\"26,000\",4\t,DG-K\t\n",
		"tokopedia": "Nama Produk\tDeskripsi\tKategori\tBerat\tSKU\tHarga\tStok\tNama Variasi\n" +
			"Dodol Garut\tManis legit\tMakanan\t250\tDG-W\t25.000\t10\tWijen\nDodol Garut\tManis legit\tMakanan\t250\tDG-K\t26.000\t4\tKacang\n",
	} {
		t.Run(name, func(t *testing.T) {
			w, sc := newTown(t, db), owner()
			i := w.take(t, sc, "produk", file)
			page, err := w.goods.List(t.Context(), sc, catalog.Find{})
			if got := counts(i); err != nil || got != "1 new, 0 changed, 0 same, 0 bad" || len(page.Products) != 1 {
				t.Fatalf("%s %+v, %v %v", got, i.Problems, page.Products, err)
			}
			p := page.Products[0]
			if p.Title != "Dodol Garut" || len(p.Variants) != 2 || p.Variants[0].SKU != "DG-W" || p.Variants[0].Price != 25_000 || p.Variants[1].Choices[0] != "Kacang" {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestCustomersComeIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, sc := newTown(t, db), owner()
		google := "First Name,Middle Name,Last Name,Notes,Labels,Phone 1 - Label,Phone 1 - Value\n" +
			"Rina,,Wati,suka pedas,Langganan ::: * myContacts,Mobile,+62 812-3456-7890\nBudi,,,,* myContacts,,0813 1111 2222 ::: 022 123\nTanpa,,Nomor,,,,\nD***i,,,,,,62812****89\n"
		i := w.take(t, sc, "pelanggan", google)
		if got := counts(i); got != "2 new, 0 changed, 0 same, 2 bad" {
			t.Fatalf("%s %+v", got, i.Problems)
		}
		page, err := w.crowd.List(t.Context(), sc, customer.Filter{Words: "rina"})
		if err != nil || len(page.Customers) != 1 || page.Customers[0].Phone != "+6281234567890" || page.Customers[0].Promo || cmp.Diff([]string{"Langganan"}, page.Customers[0].Tags) != "" {
			t.Fatalf("%+v, %v", page.Customers, err)
		}
		card := "BEGIN:VCARD\nVERSION:3.0\nFN:Budi Santoso\nTEL:0813-1111-2222\nEND:VCARD\n"
		if got := counts(w.take(t, sc, "pelanggan", card)); got != "0 new, 1 changed, 0 same, 0 bad" {
			t.Errorf("a card: %s", got)
		}
		if got := counts(w.take(t, sc, "pelanggan", card)); got != "0 new, 0 changed, 1 same, 0 bad" {
			t.Errorf("the card again: %s", got)
		}
		agreed := "nama,no_hp,izin_promo,izin_sejak\nRina Wati,081234567890,ya,05/01/2025\nBudi Santoso,081311112222,ya,\n"
		if got := counts(w.take(t, sc, "pelanggan", agreed)); got != "0 new, 1 changed, 0 same, 1 bad" {
			t.Errorf("consents: %s", got)
		}
		d, err := w.crowd.Get(t.Context(), sc, page.Customers[0].ID)
		if err != nil || !d.Promo || d.Consents[0].GivenAt.UTC().Format(time.DateOnly) != "2025-01-04" || d.Consents[0].Channel != "file" {
			t.Errorf("%+v, %v", d.Consents, err)
		}
		file := w.out(t, sc, "pelanggan", sheet.CSV)
		if got := counts(w.take(t, sc, "pelanggan", file)); got != "0 new, 0 changed, 2 same, 0 bad" {
			t.Errorf("what went out came in as: %s\n%s", got, file)
		}
		other := owner()
		if got := counts(w.take(t, other, "pelanggan", file)); got != "2 new, 0 changed, 0 same, 0 bad" {
			t.Errorf("in another shop: %s", got)
		}
		if again := w.out(t, other, "pelanggan", sheet.CSV); again != file {
			t.Errorf("another shop gives out\n%s\nwant\n%s", again, file)
		}
		storetest.Holds(t, db, customer.Invariants)
	})
}

// What goes out comes in again, into the same shop and an empty one, and is the same.
func TestProductsGoOutAndComeIn(t *testing.T) {
	db := storetest.SQLite(t)
	w := newTown(t, db)
	word := rapid.SampledFrom([]string{"Opak", "=Ranginang", "Sale; Pisang", "\"Dodol\"", "-Kopi", "Bolu, besar", "é Teh", "'Ladu"})
	rapid.Check(t, func(rt *rapid.T) {
		a, b := owner(), owner()
		for n := range rapid.IntRange(1, 4).Draw(rt, "products") {
			stocked := rapid.Int64Range(0, 50).Draw(rt, "stock")
			d := catalog.Form{ID: id.New(), Edit: id.New(), Title: fmt.Sprint(word.Draw(rt, "title"), " ", n), About: word.Draw(rt, "about") + "\n=baris", Publish: rapid.Bool().Draw(rt, "shown"), Min: 1}
			if rapid.Bool().Draw(rt, "options") {
				d.Options = []catalog.Option{{Name: "Rasa", Values: []string{"Asin", "=Manis"}}}
				for i, c := range []string{"Asin", "=Manis"} {
					d.Variants = append(d.Variants, catalog.VariantForm{ID: id.New(), Choices: []string{c}, SKU: fmt.Sprintf("00%d-%d", n, i), Price: 5_000 + int64(i), Tracked: true, Stock: &stocked})
				}
			} else {
				d.Variants = []catalog.VariantForm{{ID: id.New(), Price: rapid.Int64Range(1, 9_000_000).Draw(rt, "price"), WeightGrams: 100}}
			}
			if _, err := w.goods.Create(context.Background(), a, d); err != nil {
				rt.Fatal(err)
			}
		}
		for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
			file := w.out(t, a, "produk", f)
			if i := w.take(t, a, "produk", file); i.New+i.Changed+i.Bad != 0 {
				rt.Fatalf("%s into the same shop: %s %+v", f, counts(i), i.Problems)
			}
		}
		file := w.out(t, a, "produk", sheet.CSV)
		if i := w.take(t, b, "produk", file); i.Bad != 0 {
			rt.Fatalf("into an empty shop: %s %+v", counts(i), i.Problems)
		}
		if again := w.out(t, b, "produk", sheet.CSV); again != file {
			rt.Fatalf("another shop gives out\n%s\nwant\n%s", again, file)
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, sc, other := newTown(t, db), owner(), owner()
		i := w.check(t, sc, "pelanggan", "nama,no_hp\nRina,081234567890\n")
		for name, err := range map[string]error{
			"get": second(w.s.Get(t.Context(), other, i.ID)), "map": w.s.Map(t.Context(), other, i.ID, i.Mapping, 1, ""), "take": w.s.Take(t.Context(), other, i.ID),
			"cancel": w.s.Cancel(t.Context(), other, i.ID), "bad rows": w.s.BadRows(t.Context(), other, i.ID, sheet.CSV, "", nil, &bytes.Buffer{}),
		} {
			if !errors.Is(err, exchange.ErrNotFound) {
				t.Errorf("%s of another's file = %v, want ErrNotFound", name, err)
			}
		}
		helper := sc
		helper.Role, helper.Perms = authz.Staff, []authz.Perm{authz.PermCustomers}
		if _, err := w.s.Export(t.Context(), helper, "pelanggan", sheet.CSV, exchange.Span{}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a helper takes all customers out: %v", err)
		}
		if err := second(w.s.Upload(t.Context(), helper, id.New(), "produk", strings.NewReader("a"), 1)); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a helper of customers takes products in: %v", err)
		}
		stale := sc
		stale.ProvenAt = stale.Now.Add(-time.Hour)
		if _, err := w.s.Export(t.Context(), stale, "pelanggan", sheet.CSV, exchange.Span{}); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("customers leave without fresh proof: %v", err)
		}
		for range 6 {
			w.out(t, sc, "produk", sheet.CSV)
		}
		if _, err := w.s.Export(t.Context(), sc, "produk", sheet.CSV, exchange.Span{}); !errors.Is(err, exchange.ErrExports) {
			t.Errorf("a seventh file in an hour: %v", err)
		}
		for name, file := range map[string]string{"empty": "", "no table": "\x00\x01", "pdf": "%PDF-1.4"} {
			if err := second(w.s.Upload(t.Context(), sc, id.New(), "produk", strings.NewReader(file), int64(len(file)))); fault.Of(err).Field("file") == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		u := w.upload(t, sc, "produk", "a,b\n1,2\n")
		if err := w.s.Map(t.Context(), sc, u.ID, exchange.Mapping{"name": 0}, 1, ""); !errors.Is(err, exchange.ErrMissing) && fault.Of(err).Field("price") == nil {
			t.Errorf("without a price: %v", err)
		}
		if err := w.s.Map(t.Context(), sc, u.ID, exchange.Mapping{"name": 0, "price": 0}, 1, ""); fault.Of(err).Field("price") == nil {
			t.Errorf("one column twice: %v", err)
		}
		if err := w.s.Map(t.Context(), sc, u.ID, exchange.Mapping{"name": 0, "price": 1}, 1, ""); err != nil {
			t.Fatal(err)
		}
		if v := w.upload(t, sc, "produk", "A;B\n3;4\n"); cmp.Diff(exchange.Mapping{"name": 0, "price": 1}, v.Mapping) != "" {
			t.Errorf("the choice was not kept: %v", v.Mapping)
		}
		if v := w.upload(t, other, "produk", "A;B\n3;4\n"); len(v.Mapping) != 0 {
			t.Errorf("another shop's choice is seen: %v", v.Mapping)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func FuzzKinds(f *testing.F) {
	f.Add("nama;harga;stok\nOpak;1.000;2\n", "produk")
	f.Add("nama,no_hp,izin_promo,izin_sejak\nRina,0812,ya,1/2/2025\n", "pelanggan")
	f.Fuzz(func(t *testing.T, file, _ string) {
		for _, k := range []exchange.Kind{exchange.Products{}, exchange.Shelf{}, exchange.Customers{}} {
			values := map[string]string{}
			parts := strings.FieldsFunc(file, func(r rune) bool { return r == ';' || r == ',' || r == '\n' })
			for i, field := range k.Fields() {
				if len(parts) > 0 {
					values[field.Key] = parts[i%len(parts)]
				}
			}
			c := exchange.NewCells(2, values)
			_ = k.Key(c)
			thing, problems := k.Read(exchange.How{Numbers: sheet.Dots, Days: sheet.DayFirst, Factor: 1, Zone: time.UTC}, exchange.Group{Rows: []exchange.Cells{c, c}})
			if thing == nil && len(problems) == 0 {
				t.Errorf("%s: neither a thing nor a problem", k.Name())
			}
			for _, p := range problems {
				if p.Fault == nil {
					t.Errorf("%s: a problem without a reason", k.Name())
				}
			}
		}
	})
}

func benchmark(b *testing.B, kind string, rows int, line func(n int) string, header string) {
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		w := newTown(b, open(b))
		var s strings.Builder
		s.WriteString(header)
		for n := range rows {
			s.WriteString(line(n))
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if i := w.take(b, owner(), kind, s.String()); i.New != int64(rows) {
					b.Fatalf("%s", counts(i))
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkCustomers(b *testing.B) {
	benchmark(b, "pelanggan", 20_000, func(n int) string { return fmt.Sprintf("Orang %d,0812%08d\n", n, n) }, "nama,no_hp\n")
}

func BenchmarkProducts(b *testing.B) {
	benchmark(b, "produk", 2_000, func(n int) string { return fmt.Sprintf("Barang %d,B-%d,15000,20\n", n, n) }, "nama,sku,harga,stok\n")
}
