package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/voucher"
	"lapak/internal/web/browsertest"
	"lapak/internal/webhook"
)

// tour is somebody's way over all their pages.
type tour struct {
	who   string
	phone string // to sign in with; empty: a guest
	paths []string
}

// notPages are the addresses that answer with something else than a page for people.
var notPages = map[string]bool{
	"GET /static/": true, "GET /sw.js": true, "GET /favicon.ico": true, "GET /ikon.png": true, "GET /manifest.webmanifest": true,
	"GET /robots.txt": true, "GET /sitemap.xml": true, "GET /sitemap/{part}": true, "GET /healthz": true, "GET /readyz": true,
	"GET /foto/{business}/{id}/{width}": true, "GET /@/{slug}/gambar.jpg": true, "GET /@/{slug}/p/{product}/gambar.jpg": true, "GET /o/{token}/qris.png": true,
	"GET /pesanan/{id}/nota.pdf": true, "GET /pesanan/{id}/kemas.pdf": true, "GET /pesanan/{id}/bukti/{photo}": true, "GET /toko/stiker.pdf": true,
	"GET /impor/{id}/baris-salah": true, "GET /contoh-impor/{kind}": true, "GET /ongkir/berkas/{name}": true,
	"GET /kirim/{id}/label.pdf": true, "GET /kirim/{id}/bukti/{photo}": true, "GET /kirim/angka.csv": true,
	"GET /setoran/ekspedisi/{id}": true, // cash looks at it with a file taken in
	// A courier firm's pages and those of its shops have a browser test of their own, with both sides at work.
	"GET /langganan": true, "GET /langganan/{firm}": true, "GET /penjemputan/{id}": true, "GET /jasa-kurir": true, "GET /jasa-kurir/aturan": true,
	"GET /jasa-kurir/toko/{shop}": true, "GET /jemput": true, "GET /jemput/{id}": true, "GET /jemput-bareng": true, "GET /jemput-bareng/{id}": true,
	"GET /sortir": true, "GET /sortir/{id}": true,
	"GET /mulai":                 true, // leads on to the step that is due
	"GET /@/{slug}/pesan/ongkir": true, // leads back to the checkout
	"GET /bukti-email/{token}":   true, // its link is in a mail alone
}

var hole = regexp.MustCompile(`\\\{[a-z]+\\\}`)

// covers reports whether the path is one of the pattern's.
func covers(pattern, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	path = strings.Replace(path, "/@", "/@/", 1)
	p := regexp.QuoteMeta(strings.TrimSuffix(strings.TrimPrefix(pattern, "GET "), "{$}"))
	return regexp.MustCompile("^" + hole.ReplaceAllString(p, `[^/]+`) + "$").MatchString(path)
}

// tours make every kind of object and list every page on which it is seen.
func tours(t *testing.T, s *site) []tour {
	t.Helper()
	ctx := t.Context()
	sh := s.shop(t, "Saung Lengkap")
	first, _, err := s.Accounts.FirstAdminLink(ctx) // while there is no admin
	must(t, err)
	courier, courierPhone := s.plant(t, account.Planted{Name: "Kang Asep", Business: sh.sc.Business, Role: authz.Courier})
	_, helperPhone := s.plant(t, account.Planted{Name: "Neng Lilis", Business: sh.sc.Business, Role: authz.Staff, Perms: []authz.Perm{authz.PermOrders, authz.PermStock}})
	officer, officePhone := s.plant(t, account.Planted{Name: "Bu Kadis", Role: authz.Office, Perms: authz.OfficePerms, Regions: []string{"32.11"}, TOTP: seed})
	admin, adminPhone := s.plant(t, account.Planted{Name: "Pak Admin", Role: authz.Admin, TOTP: seed})
	_, newPhone := s.plant(t, account.Planted{Name: "Orang Baru"})

	send := order.Move{Act: order.ActHandOver, Courier: courier.Actor}
	accept, pack := order.Move{Act: order.ActAccept}, order.Move{Act: order.ActPack}
	placed := sh.order("Rina Wati", payment.COD)
	sh.order("Siti Nurhaliza Kusumawardhani Putri", payment.Transfer)
	claimed := sh.order("Budi", payment.Transfer, order.Move{Act: order.ActClaim})
	packed := sh.order("Iis", payment.COD, accept, pack)
	sent := sh.order("Wawan", payment.COD, accept, pack, send)
	sh.order("Dewi", payment.COD, accept, pack, send)
	failed := sh.order("Yanti", payment.COD, accept, pack, send, order.Move{Act: order.ActFail, Reason: "nobody_home"})
	done := sh.order("Tatang", payment.COD, accept, pack, send, order.Move{Act: order.ActDeliver, Receiver: "Tatang", Relation: "self", Received: true, Amount: 63_500})
	dropped := sh.order("Entin", payment.COD, order.Move{Act: order.ActWithdraw, Reason: "changed_mind"})

	_, err = s.Goods.Create(ctx, sh.sc, catalog.Form{ID: id.New(), Edit: id.New(), Title: "Rengginang", Min: 1, Variants: []catalog.VariantForm{{ID: id.New(), Price: 9_000}}})
	must(t, err)
	code := id.New()
	must(t, s.Vouchers.Put(ctx, sh.sc, voucher.Draft{ID: code, Code: "HEMAT5", Kind: voucher.Amount, Value: 5_000, Active: true}))
	count := id.New()
	must(t, s.Stock.StartCount(ctx, sh.sc, count, ""))
	member, err := s.Accounts.AddHelper(ctx, sh.sc, account.Helper{Name: "Ujang", PIN: "8351", Perms: []authz.Perm{authz.PermOrders}})
	must(t, err)
	invitation, err := s.Accounts.Invite(ctx, sh.sc, account.Invite{Name: "Cucu", Role: authz.Staff, Perms: []authz.Perm{authz.PermOrders}})
	must(t, err)
	offer, err := s.Shops.OfferHandover(ctx, sh.sc)
	must(t, err)
	stop := s.Customers.StopPath(sh.sc, placed.Customer)
	reset, err := s.Accounts.AdminReset(ctx, newPhone)
	must(t, err)

	// Somebody lost the second step, and two officers saw their papers.
	lost, _ := s.plant(t, account.Planted{Name: "Pak Asep", TOTP: seed})
	must(t, s.Accounts.AskFactor(ctx, admin, lost.Actor))
	admin.Actor = id.New()
	factor, err := s.Accounts.ConfirmFactor(ctx, admin, lost.Actor)
	must(t, err)

	// Files to take in: one whose columns are to be matched, one with bad rows.
	file := "nama,no_hp\nRina Wati,081234567890\nTanpa Nomor,\n"
	upload, err := s.Exchange.Upload(ctx, sh.sc, id.New(), "pelanggan", strings.NewReader(file), int64(len(file)))
	must(t, err)
	checked, err := s.Exchange.Upload(ctx, sh.sc, id.New(), "pelanggan", strings.NewReader(file), int64(len(file)))
	must(t, err)
	must(t, s.Exchange.Map(ctx, sh.sc, checked.ID, checked.Mapping, 1, ""))

	hook, _, err := s.Webhooks.Make(ctx, sh.sc, webhook.Draft{ID: id.New(), URL: "https://kasir.example.com/lapak", Kinds: webhook.Kinds})
	must(t, err)

	// A second shop, hidden by the office, whose owner appeals.
	hidden := s.shop(t, "Toko Tersembunyi")
	office := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: authz.OfficePerms, Regions: []string{"32.11"}, Now: time.Now()}
	must(t, s.Shops.Hide(ctx, office, hidden.sc.Business, "Foto produk memakai merek orang lain. Mohon diganti."))
	must(t, s.Shops.Appeal(ctx, hidden.sc, "Semua foto sudah kami ganti, mohon diperiksa lagi."))
	if _, err := s.Jobs.Drain(ctx); err != nil {
		t.Fatal(err)
	}

	boxes, err := s.Parcels.Of(ctx, sh.sc, sent.ID)
	must(t, err)
	waiting, err := s.Parcels.Of(ctx, sh.sc, packed.ID)
	must(t, err)
	desk := func(list []parcel.Parcel) string { return "/kirim/" + list[0].ID.String() }
	at := func(o order.Order) string { return "/pesanan/" + o.ID.String() }
	link := func(o order.Order) string { return "/o/" + s.Orders.Link(o) }
	variant := sh.product.Variants[0].ID.String()
	guest := tour{"guest", "", []string{
		"/", "/api/docs", "/?q=keripik", "/?q=kripik+singkog", "/?q=tidakadayangbegini", "/masuk", "/daftar", "/lupa", "/syarat", "/privasi", "/luring", "/tidak-ada", "/wilayah?q=tanjungsari",
		sh.at(""), sh.at("?q=sambal"), sh.at("/p/" + sh.product.Slug), sh.at("/p/" + sh.choice.Slug), hidden.at(""), "/@tidak-ada",
		sh.at("/pesan?variant=" + variant), link(placed), link(claimed), link(sent), link(done), link(dropped), "/o/tidakada",
		"/undangan/" + invitation, stop, "/atur-ulang/" + reset, "/admin-pertama/" + first, "/langkah-baru/" + factor, "/pin", "/lacak", "/lacak/" + s.Parcels.Link(sh.sc.Business, boxes[0].ID),
	}}
	return []tour{
		guest,
		{"owner", sh.phone, []string{
			"/hari-ini", "/pesanan", "/pesanan?tab=done", "/pesanan?q=rina", at(placed), at(claimed), at(packed), at(sent), at(failed), at(done), at(dropped),
			at(placed) + "/ubah", at(packed) + "/paket", "/kirim", "/kirim?tab=wrong", "/kirim/aturan", "/kirim/angka", desk(boxes), desk(waiting) + "/kurir", "/ekspedisi",
			"/setoran/selisih", "/setoran/saya", "/setoran/terima", "/setoran/ekspedisi", "/produk/" + sh.product.ID.String() + "/label", "/pesanan/baru", "/pesanan/baru?jenis=kasir", "/setoran", "/antaran", "/produk", "/produk/baru", "/produk/" + sh.product.ID.String(),
			"/produk/" + sh.choice.ID.String(), "/kategori", "/stok", "/stok/" + variant, "/stok/hitung", "/stok/hitung/" + count.String(),
			"/pelanggan", "/pelanggan/" + placed.Customer.String(), "/pelanggan/" + placed.Customer.String() + "/ubah", "/impor", "/impor/" + upload.ID.String(), "/impor/" + checked.ID.String(), "/voucher", "/voucher/baru", "/voucher/" + code.String(),
			"/toko", "/toko/profil", "/toko/tampilan", "/toko/jam", "/toko/tutup", "/toko/nomor", "/toko/tautan", "/toko/serah", "/toko/akhiri", "/toko/api", "/toko/webhook", "/toko/webhook/" + hook.ID.String(), "/toko/berkas", "/mulai/berkas", "/ongkir", "/ongkir/daerah", "/ongkir/berkas",
			"/pembayaran", "/pembayaran/rekening", "/pembayaran/qris", "/karyawan", "/karyawan/" + member.String(), "/riwayat", "/kotak", "/lainnya", "/akun", "/akun/sandi", "/akun/kode", "/akun/usaha", "/akun/tutup",
			"/bukti-diri", "/mulai/produk", "/mulai/cara", "/mulai/selesai",
		}},
		{"hidden owner", hidden.phone, []string{"/hari-ini", "/toko"}},
		{"helper", helperPhone, []string{"/hari-ini", "/pesanan", at(placed), "/stok", "/kotak", "/lainnya", "/akun"}},
		{"courier", courierPhone, []string{"/antaran", "/antaran/" + sent.ID.String(), "/antaran/" + failed.ID.String(), "/kotak", "/lainnya", "/akun"}},
		{"officer", officePhone, []string{
			"/dinas/usaha", "/dinas/usaha/" + sh.sc.Business.String(), "/dinas/usaha/" + hidden.sc.Business.String(), "/dinas/banding", "/dinas/pemulihan", "/dinas/naskah", "/lainnya", "/akun",
		}},
		{"admin", adminPhone, []string{"/admin", "/admin/cadangan", "/admin/ekspedisi", "/admin/orang/" + officer.Membership.String(), "/admin/riwayat", "/dinas/pemulihan", "/dinas/naskah", "/lainnya", "/akun"}},
		{"newcomer", newPhone, []string{"/mulai/toko", "/lainnya", "/akun", "/serah/" + offer}},
	}
}

// small lists what a thumb hits too seldom: main controls under 48 px, others under 24.
const small = `(() => { const out = []; for (const e of document.querySelectorAll("button, a.btn, summary.btn, input:not([type=hidden]), select, a.row, a.chip, label.chip, label.choice, nav a")) {
	if (!e.checkVisibility({visibilityProperty: true}) || e.closest(".vh") || e.classList.contains("vh") || e.closest("label.choice, label.chip") && e.tagName === "INPUT") continue;
	const r = (e.tagName === "INPUT" && e.closest("label") || e).getBoundingClientRect(); if (r.width < 2 || r.height < 2 || r.right < 0 || r.bottom < 0) continue;
	const main = e.matches(".btn:not(.sm):not(.icon):not(.ghost), input.in:not(.sm), select.in:not(.sm)"), least = main ? 48 : 24;
	if (r.height < least - 0.5 || r.width < 24 - 0.5) out.push(Math.round(r.width) + "x" + Math.round(r.height) + " " + e.outerHTML.slice(0, 110)); } return out; })()`

// everyPage looks at all pages of all people: nothing sticks out sideways, all can be
// hit with a thumb, axe finds nothing, the console is quiet, no word is missing.
func everyPage(t *testing.T, s *site) {
	list := tours(t, s)
	var missing []string
	for _, routes := range s.Routes() {
		for _, r := range routes {
			if !strings.HasPrefix(r.Pattern, "GET ") || r.API || notPages[r.Pattern] {
				continue
			}
			seen := strings.HasSuffix(r.Pattern, "/{slug}/pesan") || r.Pattern == "GET /pin/{member}" || r.Pattern == "GET /masuk/kode" || r.Pattern == "GET /akun/kunci" // on the way of the stories and of signing in, or where the site has a name
			for _, tour := range list {
				for _, path := range tour.paths {
					seen = seen || covers(r.Pattern, path)
				}
			}
			if !seen {
				missing = append(missing, r.Pattern)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("pages that nobody looks at: %s", strings.Join(missing, ", "))
	}
	for _, tour := range list {
		t.Run(tour.who, func(t *testing.T) {
			t.Parallel()
			h := s.hand(t, browsertest.Phone)
			if tour.phone != "" {
				h.signIn(tour.phone)
			}
			for n, path := range tour.paths {
				h.open(path)
				h.look(t, fmt.Sprintf("%s-%02d%s", strings.ReplaceAll(tour.who, " ", "-"), n, name(path)))
			}
		})
	}
}

var long = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]+|[a-z2-7]{20,}|[^a-z0-9-]+`)

func name(path string) string {
	return strings.TrimSuffix(strings.TrimRight("-"+strings.Trim(long.ReplaceAllString(strings.ToLower(path), "-"), "-"), "-"), "-")
}

// rawWords finds keys of words and holes where words should be. What a program is
// told stands in <code>: names there are meant, once for each time they stand there.
const rawWords = `(() => { const names = /\b[a-z]+(web)?\.[a-z_]{3,}(\.[a-z_]+)*\b/g, meant = [...document.querySelectorAll("code")].flatMap(c => c.innerText.match(names) || []);
	return [...(document.body.innerText.match(names) || []).filter(s => { const at = meant.indexOf(s); if (at >= 0) meant.splice(at, 1); return at < 0 && !/\.(id|com|jpg|png|pdf)$/.test(s); }),
		...(document.body.innerText.match(/\{\d\}|%!|<nil>/g) || [])]; })()`

// look judges the page as it stands, at every width and in both lights.
func (h *hand) look(t *testing.T, name string) {
	t.Helper()
	gone := browsertest.Eval[int](h.Tab, `performance.getEntriesByType("navigation")[0].responseStatus`)
	if gone < 400 {
		h.Calm()
	} else {
		h.Forget()
		if gone != 404 && gone != 410 || !regexp.MustCompile(`tidak|tersembunyi|-pin$`).MatchString(name) {
			t.Errorf("%s answers %d", h.At(), gone)
		}
	}
	if raw := browsertest.Eval[[]string](h.Tab, rawWords); len(raw) > 0 {
		t.Errorf("%s shows %q", h.At(), raw)
	}
	if list := browsertest.Eval[[]string](h.Tab, small); len(list) > 0 {
		t.Errorf("%s: too small for a thumb: %s", h.At(), strings.Join(list, "\n\t"))
	}
	narrow := browsertest.Phone
	narrow.Width = 320
	h.Look(narrow)
	h.Fits()
	for _, v := range browsertest.Views {
		h.Look(v)
		h.Fits()
		h.Accessible()
		h.Shot(name + "-" + v.String())
	}
	h.Look(browsertest.Phone)
}
