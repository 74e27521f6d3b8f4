package web_test

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// in renders c with the children inside it.
func in(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

func tag(open string, children ...templ.Component) templ.Component {
	name := ""
	for _, c := range open {
		if c == ' ' {
			break
		}
		name += string(c)
	}
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, "<"+open+">"); err != nil {
			return err
		}
		for _, c := range children {
			if err := c.Render(ctx, w); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, "</"+name+">")
		return err
	})
}

func say(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(s))
		return err
	})
}

// gallery is a page with every component on it.
func gallery(plain bool) templ.Component {
	f := &fault.Error{Kind: fault.Invalid, Key: "form.invalid", Fields: map[string]*fault.Error{
		"phone": fault.New(fault.Invalid, "phone.short"), "pay": fault.New(fault.Invalid, "form.choose"),
	}}
	at := time.Date(2026, 11, 23, 7, 5, 0, 0, time.UTC)
	return in(
		ui.Shell(ui.Page{Title: "Komponen", Plain: plain, Back: "/", Dye: "daun", Scripts: []string{"photo", "region", "push"}}),
		ui.Summary(f),
		tag(`section class="stack"`, tag("h2", say("Tombol")), tag(`p class="cluster"`,
			tag(`button class="btn primary"`, say("Simpan")), tag(`button class="btn"`, say("Batal")), tag(`button class="btn danger"`, say("Hapus")),
			tag(`button class="btn ghost"`, say("Lihat semua")), ui.ShareButton("Bagikan", "Dapur Bu Euis", "https://lapak.example/@dapur"))),
		tag(`div class="cols even"`,
			tag(`section class="card"`, tag("h2", say("Isian")),
				ui.Text("name", "Nama", "Euis Komariah", f, "", false, nil),
				ui.Phone("phone", "Nomor WhatsApp", "0812 34", f, "Untuk kabar pesanan.", false),
				ui.Secret("password", "Kata sandi", "new-password", f, "Paling sedikit 10 huruf."),
				ui.Area("note", "Catatan", "", f, "", true, nil),
				ui.Rupiah("price", "Harga", "25.000", f, "", false),
				ui.Select("unit", "Satuan", "b", []ui.Option{{Value: "a", Label: "Bungkus"}, {Value: "b", Label: "Kotak"}}, f, "", false),
				ui.Photo("photo", "Foto", f, "JPG atau PNG.", true)),
			tag(`section class="card"`, tag("h2", say("Pilihan")),
				ui.Choices("pay", "Cara bayar", "qris", []ui.Option{
					{Value: "qris", Label: "QRIS", Icon: "qr-code"},
					{Value: "cod", Label: "COD", Side: "+Rp2.000", Hint: "Bayar saat barang sampai."},
					{Value: "bank", Label: "Transfer bank", Hint: "Belum ada rekening.", Off: true},
				}, f),
				ui.Check("consent", "Boleh dihubungi untuk kabar promo", false, f),
				ui.Switch("open", "Dijual di toko", true),
				ui.Stepper("quantity", "Jumlah", 2, 1, 99))),
		tag(`section class="stack"`, tag("h2", say("Tanda status")), tag(`p class="cluster"`,
			ui.Badge("new", "sparkles", "Baru"), ui.Badge("warn", "hourglass", "Cek bayar"), ui.Badge("info", "package-open", "Diproses"),
			ui.Badge("ok", "circle-check", "Selesai"), ui.Badge("bad", "circle-x", "Batal"), ui.Badge("sogan", "truck", "Diantar"))),
		in(ui.Notice("", "info", "Info."), say("Kurir menjemput pukul 13.00.")), in(ui.Notice("ok", "circle-check", "Tersimpan.")),
		in(ui.Notice("warn", "triangle-alert", "Stok menipis."), say("Tinggal 3 bungkus.")), in(ui.Notice("bad", "circle-alert", "Belum terkirim."), say("Coba lagi.")),
		ui.Tabs("Pesanan", []ui.Tab{{Path: "/komponen", Label: "Baru", Count: 3, On: true}, {Path: "/b", Label: "Dikemas", Count: 0}, {Path: "/c", Label: "Selesai", Count: -1}}),
		ui.Chips("Saring", []ui.Tab{{Path: "/komponen", Label: "Semua", On: true}, {Path: "/b", Label: "COD"}}),
		ui.Search("/cari", "Cari pesanan", ""),
		tag(`div class="cols even"`,
			tag(`section class="card"`, tag("h2", say("Rincian")), ui.KV(ui.Pair{Label: "Pembeli", Value: "Neng Sari"}, ui.Pair{Label: "Kosong"}, ui.Pair{Label: "Alamat", Value: "Jl. Ciledug 12, Garut"}),
				ui.Sums(ui.Sum{Label: "Barang", Amount: 75_000}, ui.Sum{Label: "Ongkir", Amount: 8_000}, ui.Sum{Label: "Jumlah", Amount: 83_000, Total: true}),
				ui.Copy("83113", "Rp83.113", "Salin"), ui.Countdown(at.Add(time.Hour))),
			tag(`section class="card"`, tag("h2", say("Perjalanan")), ui.Bamboo(4, 7, true),
				ui.Timeline(ui.Step{Title: "Dipesan", At: at, State: "done"}, ui.Step{Title: "Dikemas", Text: "oleh Bu Euis", At: at.Add(time.Hour), State: "now"}, ui.Step{Title: "Sampai"}))),
		in(ui.Stats(), ui.Stat("Hari ini", "Rp412.000", "Naik 12%", 1), ui.Stat("Pesanan", "9", "Turun 2", -1), ui.Stat("Uang di kurir", "Rp0", "", 0)),
		in(ui.Rows("Pesanan baru"), in(ui.Row("/pesanan/1", "receipt-text", "LPK-0042", "Neng Sari, 2 barang"), ui.Badge("new", "sparkles", "Baru")), ui.Row("/pesanan/2", "truck", "LPK-0041", "Pak Dadan")),
		in(ui.Ask("Hapus produk", "Hapus Opak Bumbu Kencur?", "Produk hilang dari toko. Riwayat pesanan tetap ada.", "/hapus", "Ya, hapus", true)),
		ui.QR("https://lapak.example/@dapur-bu-euis", "Kode QR ke toko Dapur Bu Euis"),
		ui.Picture([]ui.Source{{Path: ui.Asset("img/opak.svg"), Width: 320}}, "10rem", "Opak", 160, 160, false),
		ui.Preferences(),
		in(ui.Empty("Belum ada pesanan", "Bagikan tautan toko Anda."), ui.ShareButton("Bagikan", "Toko saya", "https://lapak.example/@dapur")),
		ui.Next("/komponen?dari=2"),
		tag(`form method="post" action="/ubah"`, ui.Token(), ui.Submit("Simpan")),
	)
}

func galleryRoutes() []web.Route {
	show := func(plain bool) func(http.ResponseWriter, *http.Request) error {
		return func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, http.StatusOK, gallery(plain))
		}
	}
	return []web.Route{
		{Pattern: "GET /komponen", Verb: authz.Public, Handle: show(false)},
		{Pattern: "GET /komponen-umum", Verb: authz.Public, Handle: show(true)},
	}
}
