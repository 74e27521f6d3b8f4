package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lapak/internal/delivery"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// An owner says when goods are brought, takes a list of fees in on the phone and
// tries it; a buyer sees the hours, chooses others and gets what was promised.
func TestHoursArePromisedOnAPhone(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	file := filepath.Join(t.TempDir(), "ongkir.csv")
	text := "nama;ongkir;tutup\nKec. Wado, Kab. Sumedang;7.000;\n\"Cicalengka, Kab. Bandung\";12.000;\nKota Bandung;;ya\nAtlantis;1.000;\nTanjungsari;2.000;\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	shown := func(name string, views ...browsertest.View) {
		t.Helper()
		all := os.Getenv("LAPAK_SHOTS") != ""
		if all {
			views = browsertest.Views
		}
		for _, v := range views {
			tab.Look(v)
			tab.Fits()
			if all || v.Dark { // the other views of these pages are looked at with all pages
				tab.Accessible()
			}
			tab.Shot("antar-" + name + "-" + v.String())
		}
		tab.Look(browsertest.Phone)
	}
	signInWith(tab, s, sh.phone)
	tab.Go(s.url + "/ongkir/berkas")
	shown("berkas", browsertest.Phone)
	tab.Upload("#file", file)
	tab.Send(`form[action="/ongkir/berkas"] button.primary`)
	if text := tab.Text("main"); !strings.Contains(text, "Atlantis") || !strings.Contains(text, "Kab. Sumedang") {
		t.Errorf("the bad rows are not told: %s", text)
	}
	shown("diperiksa", browsertest.PhoneDark)
	tab.Send(`form[action="/ongkir/berkas/pemasukan"] button.primary`)
	if text := tab.Text("main"); !strings.Contains(text, "Cicalengka") {
		t.Errorf("the list: %s", text)
	}
	shown("daerah", browsertest.Phone)
	tab.Go(s.url + "/ongkir")
	for _, day := range []string{"0", "1", "2", "3", "4", "5", "6"} {
		tab.Tap(`label:has([name="day.` + day + `"])`)
	}
	tab.Tap(`label:has([name="kind"][value="areas"])`)
	set := func(tab *browsertest.Tab, name, value string) {
		t.Helper()
		browsertest.Eval[bool](tab, fmt.Sprintf(`(() => { const e = document.querySelector('[name="%s"]'); e.value = "%s"; e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`, name, value))
	}
	for name, value := range map[string]string{"hours.0.from": "09:00", "hours.0.until": "12:00", "hours.1.from": "14:00", "hours.1.until": "17:00"} {
		set(tab, name, value)
	}
	tab.Send(`form[action="/ongkir"] button.primary`)
	tab.Go(s.url + "/ongkir?ke=cicalengka+bandung&berat=2300&belanja=50000#tes")
	if text := tab.Text("#tes"); !strings.Contains(text, "Rp12.000") {
		t.Errorf("tester: %s", text)
	}
	shown("ongkir", browsertest.Phone, browsertest.DeskDark)
	d, err := s.Delivery.Get(t.Context(), sh.sc)
	if err != nil || !d.Promises() || d.Kind != delivery.Areas || len(d.Areas) != 3 || len(d.Hours) != 2 {
		t.Fatalf("settings = %+v, %v", d, err)
	}

	buyer := browsertest.Start(t).Tab(t, browsertest.Phone)
	buyer.Go(s.url + sh.at("/p/"+sh.product.Slug))
	buyer.Send(".actions .btn.primary")
	buyer.Until("hours to choose from", `document.querySelectorAll("#jam option").length > 8`)
	set(buyer, "village", jatimukti)
	buyer.Fill("#name", "Rina Wati")
	buyer.Fill("#phone", "081298765432")
	buyer.Fill("#landmark", "depan masjid")
	tomorrow := browsertest.Eval[string](buyer, `document.querySelectorAll("#jam option")[3].textContent`)
	value := browsertest.Eval[string](buyer, `document.querySelectorAll("#jam option")[3].value`)
	set(buyer, "jam", value)
	buyer.Until("the hours and until when the price holds", fmt.Sprintf(`document.querySelector("#way-list").textContent.includes(%q) && document.querySelector("#until").textContent.length > 20`, tomorrow))
	owner := tab
	tab = buyer
	shown("pesan", browsertest.PhoneDark)
	buyer.Send("#kirim .btn.primary")
	if text := buyer.Text("main"); !strings.Contains(text, tomorrow) {
		t.Errorf("the order does not say %q: %s", tomorrow, text)
	}
	shown("pesanan", browsertest.Phone)
	tab = owner
	owner.Go(s.url + "/pesanan")
	shown("daftar", browsertest.Phone)
	if text := owner.Text("#orders"); !strings.Contains(text, "Janji antar") {
		t.Errorf("the owner's list: %s", text)
	}
	owner.Send("#orders a.over")
	shown("pesanan-toko")
	owner.Go(s.url + "/pesanan/baru")
	set(owner, "q."+sh.variant.String(), "1")
	owner.Until("hours to choose from", `document.querySelectorAll("#jam option").length > 8`)
	shown("baru")
	owner.Calm()
	buyer.Calm()
}
