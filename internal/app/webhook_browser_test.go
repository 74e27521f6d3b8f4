package app_test

import (
	"strings"
	"testing"

	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// An owner adds a receiver, tries it, sees what became of it, replaces its
// secret, pauses and deletes it; the pages fit every view, can be used by
// everybody and leave the console quiet.
func TestTheWebhookPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 10)
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	tab.Go(s.url + "/masuk")
	tab.Fill("#who", sh.phone)
	tab.Fill("#password", password)
	tab.Send("button.primary")
	look := func(name string) {
		t.Helper()
		for _, v := range []browsertest.View{browsertest.DeskDark, browsertest.Phone} { // internal/e2e looks at all of them
			tab.Look(v)
			tab.Fits()
			tab.Accessible()
			tab.Shot("webhook-" + name + "-" + v.String())
		}
		tab.Look(browsertest.Phone)
	}
	says := func(want string) {
		t.Helper()
		if text := tab.Text("main"); !strings.Contains(text, want) {
			t.Fatalf("%s does not say %q: %s", tab.At(), want, text)
		}
	}
	tab.Go(s.url + "/toko/webhook")
	tab.Fill("#url", "http://10.0.0.1/kabar")
	browsertest.Eval[bool](tab, `document.querySelector('form[action="/toko/webhook"]').noValidate = true`)
	tab.Send(`form[action="/toko/webhook"] .btn.primary`)
	look("salah")
	tab.Forget() // 422 is what a form that is wrong answers
	tab.Fill("#url", "https://127.0.0.1:9/lapak/kabar-pesanan-dan-stok?kunci=0123456789abcdef")
	tab.Fill("#about", "Aplikasi pembukuan")
	tab.Send(`form[action="/toko/webhook"] .btn.primary`)
	says("whsec_")
	look("rahasia")
	tab.Send("main a.btn.primary")
	tab.Send(`form[action$="/percobaan"] button`)
	if _, err := s.Jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	tab.Until("the log shows the outcome by itself", `document.querySelector("#kabar").innerText.includes("Dicoba lagi")`)
	look("satu")
	at := tab.At()
	tab.Send(`form[action$="/jeda"] button`)
	says("Dihentikan")
	tab.Send(`form[action$="/lanjut"] button`)
	says("Berjalan")
	tab.Go(s.url + "/toko/webhook")
	look("daftar")
	tab.Go(at)
	tab.Tap("details:has(form[action$='/rahasia']) summary")
	tab.Send(`form[action$="/rahasia"] button`)
	says("whsec_")
	tab.Send("main a.btn.primary")
	says("Rahasia lama masih berlaku")
	list, err := s.Webhooks.List(t.Context(), sh.sc)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	err = s.DB.Tx(t.Context(), sh.job(), func(tx *store.Tx) error {
		for _, sql := range []string{
			`UPDATE webhook_receivers SET state = 'off' WHERE business_id = $1`,
			`UPDATE webhook_deliveries SET state = 'failed', due_at = NULL, status = 502, took_ms = 4120, why = 'status', answer = '<html>Bad gateway</html>' WHERE business_id = $1`,
		} {
			if _, err := tx.ExecContext(t.Context(), sql, sh.sc.Business); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tab.Go(at)
	look("mati")
	tab.Send(`form[action$="/lanjut"] button`)
	tab.Send(`form[action$="/kirim-ulang"] button`)
	says("Menunggu")
	tab.Tap("details:has(form[action$='/hapus']) summary")
	tab.Send(`form[action$="/hapus"] button`)
	says("Belum ada penerima")
	tab.Calm()
}
