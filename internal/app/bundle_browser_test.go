package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// A shop is brought in by hand on a phone; both pages fit, can be used by
// everybody and leave the console quiet.
func TestTheShopFilesPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.full(t, "Dapur Bawaan")
	raw, _ := s.export(t, sh.job(), true)
	file := filepath.Join(t.TempDir(), "dapur.lapak")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	tab.Go(s.url + "/masuk")
	tab.Fill("#who", sh.phone)
	tab.Fill("#password", password)
	tab.Send("button.primary")
	looks(t, tab, s.url, "berkas", "/toko/berkas", "/mulai/berkas")
	tab.Look(browsertest.Phone)
	tab.Upload("#file", file)
	tab.Send("button.primary") // its address is taken: the original is here
	if !strings.HasSuffix(tab.At(), "/mulai/berkas") {
		t.Fatalf("an address that is taken leads to %s", tab.At())
	}
	tab.Fits()
	tab.Accessible()
	tab.Shot("berkas-alamat-terpakai")
	tab.Upload("#file", file)
	tab.Fill("#slug", "dapur-bawaan-dua")
	tab.Send("button.primary")
	if !strings.HasSuffix(tab.At(), "/toko") {
		t.Fatalf("the shop that was brought in leads to %s: %s", tab.At(), tab.Text("main"))
	}
}
