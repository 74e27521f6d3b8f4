package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/payment"
	"lapak/internal/web/browsertest"
)

// option is the first proposal under a field that finds villages.
const option = `[role="option"]`

// newOwner goes from a phone number to a shop's link and returns its slug.
func newOwner(t *testing.T, s *site) (*hand, string) {
	t.Helper()
	h := s.hand(t, browsertest.Phone)
	h.open("/daftar")
	h.Fill("#who", newPhone())
	h.Fill("#password", password)
	h.tap("label:has(#terms)")
	h.send(`form[action="/daftar"] .btn.primary`)
	h.is("/mulai/toko")

	asked := browsertest.Eval[[]string](h.Tab, `[...new Set([...document.querySelectorAll("form[action='/mulai/toko'] :is(input,select,textarea):not([type=hidden])")].map(e => e.name))]`)
	if got := strings.Join(asked, " "); got != "name trade village_q phone sold_before" {
		t.Errorf("the first page asks for %s: four fields about the shop, and once how it sold before", got)
	}
	h.typein("#name", "Dapur Bu Eneng")
	h.tap(`label:has(input[name="trade"][value="T1"])`)
	h.typein("#village_q", "jatimukti")
	h.Wait(option)
	h.tap(option)
	h.tap(`label:has(input[value="conventional"])`)
	h.send(".actions .primary")

	h.is("/mulai/produk")
	h.taps += 2 // the button of the camera, and the shutter
	h.Upload("#photo", photo(t, 2400, 1800))
	h.Wait("#photo-preview img")
	h.typein("#title", "Keripik Singkong")
	h.typein("#price", "18000")
	h.send(".actions .primary")

	h.is("/mulai/cara")
	h.send(".actions .primary")
	h.is("/mulai/selesai")
	link := regexp.MustCompile(`/@([a-z0-9-]+)`).FindStringSubmatch(browsertest.Eval[string](h.Tab, `document.querySelector(".qr a").getAttribute("href")`))
	if link == nil {
		t.Fatalf("no link: %s", h.Text("main"))
	}
	h.taps++ // share
	return h, link[1]
}

// fillIn fills in the checkout: name, phone, and the address.
func (h *hand) fillIn(name, number string) {
	h.t.Helper()
	h.typein("#name", name)
	h.typein("#phone", number)
	h.typein("#tempat", "jatimukti")
	h.Wait(option)
	h.tap(option)
	h.typein("#street", "Jl. Raya 12, rumah biru")
}

// From nothing to a delivered order, at 360 px, with the thumb.
func mainWay(t *testing.T, s *site) {
	owner, slug := newOwner(t, s)
	t.Logf("opening a shop: %d taps, %d fields typed besides phone and password", owner.taps, owner.typed)
	if owner.taps > 12 {
		t.Errorf("opening a shop takes %d taps, want at most 12", owner.taps)
	}
	owner.Shot("mulai-selesai")

	// She adds her bank account, for those who pay ahead.
	owner.open("/pembayaran/rekening")
	owner.pick("#bank", "bca")
	owner.Fill("#number", "1234567890")
	owner.Fill("#holder", "Eneng")
	owner.send(".actions .primary")
	owner.is("/pembayaran")

	buyer := s.hand(t, browsertest.Phone)
	buyer.open("/@" + slug)
	buyer.Fits()
	buyer.send("a.good")
	buyer.send(".actions .btn.primary")
	buyer.is("/@" + slug + "/pesan")
	if n := len(browsertest.Eval[[]string](buyer.Tab, `[...document.querySelectorAll("input[name=consent]:checked")].map(e => e.name)`)); n != 0 {
		t.Error("consent is ticked beforehand")
	}
	if !browsertest.Eval[bool](buyer.Tab, `document.querySelector("input[name=way][value=own]").checked`) {
		buyer.tap(`label:has(input[name="way"][value="own"])`)
	}
	buyer.fillIn("Rina Wati", "0812 9876 5432")
	buyer.tap(`label:has(input[name="pay"][value="transfer"])`)
	buyer.Until("the sum with delivery", `/Rp18\.\d{3}|Rp2\d\.\d{3}/.test(document.querySelector("#kirim").textContent) && !document.querySelector("[aria-busy=true]")`)
	buyer.Shot("pesan-terisi")
	buyer.send("#kirim .btn.primary")
	t.Logf("ordering: %d taps, %d inputs typed (name, phone, and the address in two: village, street)", buyer.taps, buyer.typed)
	if buyer.taps > 6 || buyer.typed > 4 {
		t.Errorf("ordering takes %d taps and %d inputs, want at most 6 and 4", buyer.taps, buyer.typed)
	}
	if !strings.Contains(buyer.At(), "/o/") {
		t.Fatalf("no order: %s", buyer.Text("main"))
	}
	buyer.says("Rina", "BCA")
	buyer.Shot("pesanan-pembeli")

	owner.taps, owner.typed = 0, 0
	owner.open("/hari-ini")
	owner.Shot("hari-ini-pesanan-baru")
	owner.send(`#hari-ini a.row[href^="/pesanan/"]`)
	owner.says("Rina Wati", "Jl. Raya 12")
	owner.send(".actions form .btn.primary") // accept
	if !browsertest.Eval[bool](owner.Tab, `document.querySelector("#pembayaran").open`) {
		owner.tap("#pembayaran > summary")
	}
	owner.send("#pembayaran .btn") // paid
	owner.says("Lunas")
	owner.send(".actions form .btn.primary") // packed
	owner.send("#penyerahan .btn")           // handed over, brought by herself
	owner.send("#pengantaran .btn")          // delivered
	t.Logf("from the order on Hari ini to delivered: %d taps", owner.taps)
	if owner.taps > 8 {
		t.Errorf("an order takes the owner %d taps, want at most 8", owner.taps)
	}
	owner.says("Selesai")
	owner.Shot("pesanan-selesai")
	buyer.Go(buyer.At())
	buyer.says("Rina")
	if text := buyer.Text("#pesanan"); !strings.Contains(strings.ToLower(text), "selesai") && !strings.Contains(strings.ToLower(text), "diterima") {
		t.Errorf("the buyer is not told that it came: %s", text)
	}
	buyer.Calm()
	owner.Calm()
}

// The buyer's way works without any script.
func withoutScript(t *testing.T, s *site, sh shop) {
	v := browsertest.Phone
	v.NoScript = true
	h := s.hand(t, v)
	h.open(sh.at(""))
	h.send("a.good")
	h.send(".actions .btn.primary")
	h.typein("#name", "Dadan Hidayat")
	h.typein("#phone", "081377778888")
	h.tap(`label:has(input[name="way"][value="own"])`)
	h.typein("#tempat", "jatimukti jatinangor")
	h.send("#alamat .affix button")
	if n := browsertest.Eval[int](h.Tab, `document.querySelectorAll("input[name=pilih][type=radio]").length`); n > 0 {
		h.tap(`label:has(input[name="pilih"])`)
	}
	h.typein("#street", "Jl. Raya 12")
	h.tap(`label:has(input[name="pay"][value="cod"])`)
	h.send("aside .btn[data-noscript]")
	h.says("Rp23.000")
	if got := browsertest.Eval[string](h.Tab, `document.querySelector("#name").value + document.querySelector("#street").value`); got != "Dadan HidayatJl. Raya 12" {
		t.Errorf("what was typed is %q", got)
	}
	h.Shot("pesan-tanpa-skrip")
	h.send("#kirim .btn.primary")
	if !strings.Contains(h.At(), "/o/") {
		t.Fatalf("no order: %s", h.Text("main"))
	}
	h.says("Dadan", "Rp23.000")
	h.Shot("pesanan-tanpa-skrip")
	// And takes it back.
	h.tap(`summary.btn`)
	h.send(`form[action$="/pembatalan"] .btn.danger`)
	h.says("dibatalkan")
	t.Logf("without script: %d taps", h.taps)
}

// Hari ini shows an order by itself when it comes.
func arrivesByItself(t *testing.T, s *site) {
	sh := s.shop(t, "Warung Kabar")
	h := s.hand(t, browsertest.Phone)
	h.signIn(sh.phone)
	h.is("/hari-ini")
	if text := h.Text("#hari-ini"); strings.Contains(text, "pesanan baru") {
		t.Fatalf("there is an order already: %s", text)
	}
	sh.order("Cecep", payment.COD)
	h.Until("the order on Hari ini", `document.querySelector("#hari-ini").textContent.includes("Terima 1 pesanan baru")`)
	h.Calm()
}

// Three packets over the counter, with change.
func atTheCounter(t *testing.T, s *site, sh shop) {
	h := s.hand(t, browsertest.Phone)
	h.signIn(sh.phone)
	h.open("/hari-ini")
	began := time.Now()
	h.send(`a[href="/pesanan/baru?jenis=kasir"]`)
	plus := `.stepper:has(input[name="q.` + sh.product.Variants[0].ID.String() + `"]) [data-step="1"]`
	if !browsertest.Eval[bool](h.Tab, `!!document.querySelector('`+plus+`')?.checkVisibility()`) {
		h.tap("details.more > summary")
	}
	for range 3 {
		h.tap(plus)
	}
	h.typein("#cash", "60000")
	h.Until("the change", `document.querySelector("#hitungan").textContent.includes("Rp6.000")`)
	h.Shot("kasir")
	h.send(".actions .btn.primary")
	h.says("Rp6.000")
	t.Logf("counter sale: %d taps, %d field, %s by machine", h.taps, h.typed, time.Since(began).Round(time.Millisecond))
	if h.taps > 6 || h.typed > 1 {
		t.Errorf("a counter sale takes %d taps and %d fields, want at most 6 and 1", h.taps, h.typed)
	}
}

// A helper signs in by PIN on the shared phone; the owner ends it at once.
func helperByPIN(t *testing.T, s *site) {
	sh := s.shop(t, "Warung Bantu")
	shared := s.hand(t, browsertest.Phone)
	shared.signIn(sh.phone)
	shared.open("/karyawan")
	shared.Tap("details:has(form[action='/karyawan/pembantu']) > summary")
	shared.Fill("form[action='/karyawan/pembantu'] #helper_name", "Ujang")
	shared.Fill("form[action='/karyawan/pembantu'] #helper_pin", "8351")
	shared.Shot("karyawan-pembantu")
	shared.Send("form[action='/karyawan/pembantu'] .btn.primary")
	shared.says("Ujang")
	shared.Send("form[action='/karyawan/hp'] .btn")
	shared.open("/akun")
	shared.Send(`form[action="/keluar"] button`)

	shared.open("/pin")
	began := time.Now()
	shared.send(`main a[href^="/pin/"]`)
	shared.Shot("pin")
	for _, digit := range "835" { // the keys stand in their order
		shared.tap(fmt.Sprintf(".pinpad .btn:nth-child(%c)", digit))
	}
	shared.tap(".pinpad .btn:nth-child(1)") // the last digit sends it
	shared.Until("signing in", `location.pathname === "/hari-ini"`)
	shared.is("/hari-ini")
	took := time.Since(began)
	t.Logf("helper: %d taps with those of the PIN, %s by machine", shared.taps, took.Round(time.Millisecond))
	if shared.taps > 5 || took > 10*time.Second {
		t.Errorf("signing in by PIN takes %d taps and %s, want at most 5 and 10s", shared.taps, took)
	}
	shared.says("Ujang")
	if text := shared.Text("main"); strings.Contains(text, "Penjualan") {
		t.Errorf("the helper sees what was sold: %s", text)
	}
	shared.Shot("hari-ini-pembantu")

	own := s.hand(t, browsertest.Phone)
	own.signIn(sh.phone)
	own.open("/karyawan")
	own.send(`main a.btn[href^="/karyawan/"]`)
	own.send(`form[action$="/keluar"] button`)
	t.Logf("ending a helper: %d taps from the page of the staff", own.taps)
	shared.open("/pesanan")
	if at := shared.At(); !strings.Contains(at, "/masuk") && !strings.Contains(at, "/pin") {
		t.Errorf("the helper is still in: %s", at)
	}
}

// English pages have no Indonesian words of ours.
func inEnglish(t *testing.T, s *site, sh shop) {
	words := onlyIndonesian(t, s)
	o := sh.order("John Smith", payment.Transfer)
	check := func(h *hand, paths ...string) {
		t.Helper()
		for _, path := range paths {
			h.open(path)
			if lang := browsertest.Eval[string](h.Tab, `document.documentElement.lang`); lang != "en" {
				t.Errorf("%s is in %q", path, lang)
			}
			for _, line := range browsertest.Eval[[]string](h.Tab, texts) {
				if key, ok := words[line]; ok {
					t.Errorf("%s says %q (%s)", path, line, key)
				}
			}
			h.Fits()
		}
	}
	english := func(h *hand) {
		t.Helper()
		h.open("/masuk")
		h.Send(`form[action="/bahasa"] button[value="en"]`)
	}
	guest := s.hand(t, browsertest.Phone)
	english(guest)
	check(guest, "/", "/daftar", "/masuk", "/lupa", "/syarat", "/privasi", sh.at(""), sh.at("/p/"+sh.product.Slug), "/o/"+s.Orders.Link(o))
	guest.open(sh.at("/p/" + sh.product.Slug))
	guest.Send(".actions .btn.primary")
	check(guest, sh.at("/pesan"))
	guest.Shot("pesan-en")
	owner := s.hand(t, browsertest.Phone)
	english(owner)
	owner.signIn(sh.phone)
	check(owner, "/hari-ini", "/pesanan", "/pesanan/"+o.ID.String(), "/pesanan/baru", "/pesanan/baru?jenis=kasir", "/produk", "/produk/baru", "/stok", "/pelanggan",
		"/toko", "/toko/jam", "/toko/profil", "/toko/tutup", "/pembayaran", "/ongkir", "/voucher", "/voucher/baru", "/karyawan", "/setoran", "/riwayat", "/akun", "/lainnya", "/antaran")
	owner.Shot("lainnya-en")
	fresh := s.hand(t, browsertest.Phone)
	english(fresh)
	_, number := s.plant(t, account.Planted{Name: "Newcomer", Role: authz.Role("")})
	fresh.signIn(number)
	check(fresh, "/mulai/toko")
}

// texts lists what a reader sees or hears, by line.
const texts = `(() => { const out = []; const w = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; (n = w.nextNode());) { const s = n.textContent.trim(); if (s && !n.parentElement.closest("script,style,[lang=id],form[action='/bahasa']")) out.push(s); }
	for (const e of document.querySelectorAll("[aria-label],[placeholder],[title],[alt]")) for (const a of ["aria-label", "placeholder", "title", "alt"]) if (e.getAttribute(a)) out.push(e.getAttribute(a));
	out.push(document.title); return out; })()`

// onlyIndonesian are the whole texts that say something in Indonesian that English says otherwise.
func onlyIndonesian(t *testing.T, s *site) map[string]string {
	t.Helper()
	list := map[string]string{}
	english := map[string]bool{}
	for _, key := range s.Words.Keys() {
		english[s.Words.Say("en", key)] = true
	}
	for _, key := range s.Words.Keys() {
		if text := s.Words.Say("id", key); len(text) > 2 && !english[text] && !strings.Contains(text, "{") {
			list[text] = key
		}
	}
	return list
}
