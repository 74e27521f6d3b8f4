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
