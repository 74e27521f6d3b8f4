package app_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/outbox"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/voucher"
	"lapak/internal/web/webtest"
	"lapak/internal/webhook"
)

// furnish gives the shop one of everything.
func (s site) furnish(t *testing.T, sh shop, courier id.ID) things {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	buyer := s.person(t)
	f := buyer.fillCheckout(sh, "1", "Rina", newPhone())
	f.Set("pay", "transfer")
	f.Set("consent", "1")
	link := buyer.want(buyer.Post(sh.at("/pesan"), f), 303).Location()
	o := orderOf(t, s, link)
	buyer.want(buyer.PostFiles(link+"/bukti", buyer.fill(buyer.see(link), link+"/bukti"), webtest.File{Field: "photo", Name: "b.jpg", Data: jpegOf(3)}), 303)
	sent := orderOf(t, s, buyer.order(sh, "1", "Rina", newPhone()))
	sh.move(sent, "penerimaan")
	sh.move(sent, "penyerahan", "hand_over-courier", courier.String())
	boxes, err := s.Parcels.Of(ctx, sh.sc, sent.ID)
	must(err)
	box := boxes[0].ID
	door, _ := s.Blobs.ReadPrivate(ctx, bytes.NewReader(jpegOf(4)))
	_, err = s.Parcels.Do(ctx, sh.sc, box, parcel.Move{Act: parcel.ActOut, Picture: &door})
	must(err)
	one := func(query string) string {
		t.Helper()
		var v id.ID
		must(s.DB.View(ctx, sh.job(), func(tx *store.Tx) error { return tx.QueryRowContext(ctx, query, sh.sc.Business).Scan(&v) }))
		return v.String()
	}
	photo := webtest.File{Field: "photo", Name: "p.jpg", Data: jpegOf(40)}
	g := sh.fill(sh.see("/produk/"+sh.product.ID.String()), "/produk/"+sh.product.ID.String(), "category", "Camilan")
	photo.Field = "foto"
	sh.want(sh.PostFiles("/produk/"+sh.product.ID.String(), g, photo), 303)
	pic, err := s.Goods.Get(ctx, sh.sc, sh.product.ID)
	must(err)
	if len(pic.Photos) == 0 {
		t.Fatal("the product has no photo")
	}
	v := voucher.Draft{ID: id.New(), Code: "MURAH", Kind: voucher.Amount, Value: 1000, Active: true}
	must(s.Vouchers.Put(ctx, sh.sc, v))
	count := id.New()
	must(s.Stock.StartCount(ctx, sh.sc, count, ""))
	st, err := s.Payments.Get(ctx, sh.sc)
	must(err)
	invite, err := s.Accounts.Invite(ctx, sh.sc, account.Invite{Name: "Ujang", Role: authz.Staff, Perms: []authz.Perm{authz.PermOrders}})
	must(err)
	_, err = s.Accounts.Enrol(ctx, sh.sc, "HP kasir")
	must(err)
	member, err := s.Accounts.AddHelper(ctx, sh.sc, account.Helper{Name: "Dadang", PIN: "4739", Perms: []authz.Perm{authz.PermOrders}})
	must(err)
	roster, err := s.Accounts.Roster(ctx, sh.sc)
	must(err)
	reset, err := s.Accounts.AdminReset(ctx, sh.phone)
	must(err)
	key, _, err := s.Keys.Make(ctx, sh.sc, api.Draft{ID: id.New(), Name: "Kasir", Grants: api.Grants, Days: 30})
	must(err)
	hook, _, err := s.Webhooks.Make(ctx, sh.sc, webhook.Draft{ID: id.New(), URL: "https://127.0.0.1/h", Kinds: webhook.Kinds})
	must(err)
	must(s.Webhooks.Try(ctx, sh.sc, hook.ID))
	file := "nama,no_hp\nRina,081234567890\n"
	upload, err := s.Exchange.Upload(ctx, sh.sc, id.New(), "pelanggan", strings.NewReader(file), int64(len(file)))
	must(err)
	act := outbox.Sent{Business: sh.sc.Business, Act: outbox.Act{ID: id.New(), Person: sh.sc.Actor, Device: id.New(), Kind: "tiada", At: time.Now(), Body: []byte("{}")}}
	_, err = s.Outbox.Take(ctx, sh.sc, act)
	must(err)
	return things{
		"/kotak/{id}": act.ID.String(),
		"/impor/{id}": upload.ID.String(), "/contoh-impor/{kind}": "produk", "/ekspor/{kind}": "produk",
		"/ongkir/berkas/{name}": "daftar.csv", "/toko/webhook/{id}": hook.ID.String(), "/toko/webhook/{id}/{delivery}": one(`SELECT id FROM webhook_deliveries WHERE business_id = $1 LIMIT 1`),
		"/toko/api/{id}": key.ID.String(), "/api/v1/shops/{slug}": sh.slug, "/api/v1/shops/{slug}/products/{product}": sh.product.Slug,
		"/api/v1/orders/{token}": strings.TrimPrefix(link, "/o/"), "/api/v1/my/products/{id}": sh.product.ID.String(), "/api/v1/my/stock/{variant}": sh.variant.String(),
		"/api/v1/my/orders/{id}": o.ID.String(), "/api/v1/my/customers/{id}": sent.Customer.String(),
		"/o/{token}": strings.TrimPrefix(link, "/o/"), "/undangan/{token}": invite, "/atur-ulang/{token}": reset,
		"/berhenti/{token}":       strings.TrimPrefix(s.Customers.StopPath(sh.sc, o.Customer), "/berhenti/"),
		"/karyawan/undangan/{id}": roster.Invitations[0].ID.String(), "/karyawan/hp/{id}": roster.Devices[0].ID.String(), "/karyawan/{id}": member.String(),
		"/akun/sesi/{id}":       one(`SELECT s.id FROM sessions s JOIN memberships m ON m.person_id = s.person_id WHERE m.business_id = $1 AND m.role = 'owner' LIMIT 1`),
		"/langkah-baru/{token}": noToken, "/akun/naskah/{kind}": account.Terms,
		"/admin/undangan/{id}": id.New().String(), "/admin/orang/{id}": id.New().String(), "/admin/pekerjaan/{id}": id.New().String(),
		"/pin/{member}": member.String(), "/dinas/naskah/{kind}": account.Terms,
		"/foto/{business}": sh.sc.Business.String(), "/foto/{business}/{id}": pic.Photos[0].ID.String(), "/foto/{business}/{id}/{width}": "320.jpg",
		"/produk/{id}": sh.product.ID.String(), "/kategori/{id}": one(`SELECT id FROM categories WHERE business_id = $1`),
		"/pelanggan/{id}": sent.Customer.String(), "/pelanggan/{id}/alamat/{address}": one(`SELECT a.id FROM customer_addresses a JOIN orders o ON o.business_id = a.business_id AND o.customer_id = a.customer_id WHERE a.business_id = $1 AND o.state = 'sent'`),
		"/ekspedisi/kunci/{carrier}": "biteship", "/antaran/{id}": box.String(), "/kirim/{id}": box.String(), "/kirim/{id}/bukti/{photo}": one(`SELECT photo FROM parcel_events WHERE business_id = $1 AND photo IS NOT NULL`), "/api/v1/my/parcels/{id}": box.String(), "/api/v1/my/orders/{order}": sent.ID.String(), "/api/v1/parcels/{token}": s.Parcels.Link(sh.sc.Business, box), "number": boxes[0].Number, "last": boxes[0].Phone[len(boxes[0].Phone)-4:],
		"what the courier brings": sent.ID.String(), "/lacak/{token}": s.Parcels.Link(sh.sc.Business, box), "/pesanan/{id}": o.ID.String(), "/pesanan/{id}/bukti/{photo}": orderOf(t, s, link).Proof.String(),
		"/pembayaran/rekening/{id}": st.Accounts[0].ID.String(), "/stok/{variant}": sh.variant.String(), "/stok/hitung/{count}": count.String(),
		"/voucher/{id}": v.ID.String(), "/setoran/ekspedisi/{id}": s.payout(t, sh).String(), "/sitemap/{part}": "1.xml", "/@/{slug}": sh.slug, "/@/{slug}/p/{product}": s.product(t, sh.sc, "Opak "+sh.slug, 9_000, 5).Slug,
	}
}
