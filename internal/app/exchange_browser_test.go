package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// An owner takes a file of products in on the phone: from the menu to the
// last tap, with bad rows that come back.
func TestAFileComesInOnAPhone(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 5)
	if err := s.Jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Jobs.Stop(t.Context()) })
	file := filepath.Join(t.TempDir(), "produk.csv")
	text := "Nama Produk;Harga;Stok;Kategori\nOpak Bakar;Rp12.000;20;Camilan\nSale Pisang;15.500;8;Camilan\nRengginang;murah;3;Camilan\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	signInWith(tab, s, sh.phone)
	tab.Go(s.url + "/produk")
	tab.Send(`a[href="/impor?jenis=produk"]`)
	tab.Fits()
	tab.Accessible()
	tab.Shot("impor-1-mulai")
	tab.Upload("#file", file)
	tab.Send(`form[action="/impor"] button.primary`)
	tab.Shot("impor-2-kolom")
	tab.Fits()
	tab.Accessible()
	tab.Send(`form[action$="/kolom"] button.primary`)
	tab.Until("the file is checked", `!!document.querySelector("form[action$='/pelaksanaan']")`)
	if text := tab.Text("main"); !strings.Contains(text, "murah") {
		t.Errorf("the bad row is not told: %s", text)
	}
	at := strings.TrimPrefix(tab.At(), s.url)
	looks(t, tab, s.url, "impor", "/impor", at, at+"?kolom=1")
	tab.Look(browsertest.Phone)
	tab.Go(s.url + at)
	tab.Tap(`form[action$="/pelaksanaan"] button`)
	tab.Until("the file is in", `document.querySelector("main").innerText.includes("The data is in")`)
	tab.Go(s.url + "/produk")
	if text := tab.Text("main"); !strings.Contains(text, "Opak Bakar") || strings.Contains(text, "Rengginang") {
		t.Errorf("the products afterwards: %s", text)
	}
	tab.Calm()
}

// An owner who sold on a marketplace takes the past orders along: the file's
// columns are found, what cannot be read comes back, and the rest is among the orders.
func TestPastOrdersComeInOnAPhone(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 5)
	if err := s.Jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Jobs.Stop(t.Context()) })
	file := filepath.Join(t.TempDir(), "Order.all.csv")
	text := "No. Pesanan,Status Pesanan,Opsi Pengiriman,Waktu Pesanan Dibuat,SKU Induk,Nama Produk,Nomor Referensi SKU,Nama Variasi,Harga Setelah Diskon,Jumlah,Total Pembayaran,Nama Penerima,No. Telepon\n" +
		"2311239ABCDE01,Selesai,Hemat,2023-11-23 10:15,,Dodol Garut,DG-1\t,Original,25.000,2,50.000,Ani,6281200001111\n" +
		"2311249ABCDE02,Batal,Hemat,2023-11-24 08:00,,Opak,OPK,,10.000,1,10.000,Budi,6281200002222\n" +
		"2311259ABCDE03,Selesai,Hemat,kemarin sore,,Opak,OPK,,10.000,1,10.000,Cici,6281200003333\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	signInWith(tab, s, sh.phone)
	tab.Go(s.url + "/impor?jenis=pesanan")
	tab.Upload("#file", file)
	tab.Send(`form[action="/impor"] button.primary`)
	tab.Fits()
	tab.Send(`form[action$="/kolom"] button.primary`)
	tab.Until("the file is checked", `!!document.querySelector("form[action$='/pelaksanaan']")`)
	if text := tab.Text("main"); !strings.Contains(text, "kemarin sore") {
		t.Errorf("the bad row is not told: %s", text)
	}
	at := strings.TrimPrefix(tab.At(), s.url)
	looks(t, tab, s.url, "pesanan-lama", at, at+"?kolom=1")
	tab.Look(browsertest.Phone)
	tab.Go(s.url + at)
	tab.Tap(`form[action$="/pelaksanaan"] button`)
	tab.Until("the file is in", `document.querySelector("main").innerText.includes("The data is in")`)
	tab.Go(s.url + "/pesanan?tab=done")
	if text := tab.Text("main"); !strings.Contains(text, "Dodol Garut") || strings.Contains(text, "Cici") {
		t.Errorf("the orders afterwards: %s", text)
	}
	tab.Shot("pesanan-lama-daftar")
	tab.Go(s.url + "/pesanan?tab=tiada") // no tab of ours: the first one
	tab.Until("the first tab is shown", `document.querySelector("[aria-current=page][href*='tab=action'], [aria-selected=true]") !== null`)
	tab.Calm()
}
