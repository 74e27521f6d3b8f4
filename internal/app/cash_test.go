package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/cash"
	"lapak/internal/id"
	"lapak/internal/outbox"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
	"lapak/internal/web/webtest"
)

// brought delivers n orders of one piece, paid at the door, by the courier or,
// with a waybill, by a carrier.
func (s site) brought(t *testing.T, sh shop, courier authz.Scope, waybills ...string) {
	t.Helper()
	buyer := s.person(t)
	for _, w := range waybills {
		o := buyer.cod(t, s, sh, "1", "Siti Rahmawati", newPhone())
		list, err := s.Parcels.Of(t.Context(), sh.sc, o.ID)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		moves := []parcel.Move{{Act: parcel.ActTake, Courier: courier.Actor}, {Act: parcel.ActDeliver, Receiver: "Siti", Relation: "self"}}
		if w != "" {
			moves = append([]parcel.Move{{Act: parcel.ActChange, Carrier: "jne", Service: "REG", Waybill: w}}, moves...)
		}
		for _, m := range moves {
			if _, err := s.Parcels.Do(t.Context(), sh.sc, list[0].ID, m); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// payout is a file of a carrier's that the shop has read in.
func (s site) payout(t *testing.T, sh shop) id.ID {
	t.Helper()
	const file = "Resi,COD\nJNE000000009,23000\n"
	v, err := s.Cash.Upload(t.Context(), sh.sc, id.New(), "cair.csv", strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Two people, two phones: the one shows a mark, the other a code, and the money
// has moved once whoever's message comes first.
func TestMoneyGoesFromHandToHandByThePages(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh, other := s.shop(t, "Dapur Bu Euis", 50), s.shop(t, "Warung Pak Asep", 5)
	number := newPhone()
	dadan, is := s.plant(t, account.Planted{Name: "Dadan Hidayat", Phone: parsed(t, number), Role: authz.Courier, Business: sh.sc.Business})
	dadan.signIn(number)
	s.brought(t, sh, is, "", "")
	sh.says(sh.see("/setoran"), "Selisih Rp0", "Dadan Hidayat", "Rp46.000", "2 paket")

	page := dadan.see("/setoran/saya")
	dadan.says(page, "Rp46.000", "Untuk 2 paket", "Siti Rahmawati")
	f := dadan.fill(page, "/setoran/serah", "receiver", sh.sc.Actor.String())
	mark := f.Get("mark")
	dadan.says(page, mark)
	link := "/setoran/terima?" + url.Values{"giver": {is.Actor.String()}, "mark": {mark}}.Encode()
	code := func(p person, amount string) string {
		return webtest.Text(p.see(link+"&amount="+amount).Body, "#kode output")
	}
	if c := code(sh.person, "45.000"); len(c) != cash.CodeLength || c == code(sh.person, "46.000") || c == code(other.person, "45.000") {
		t.Errorf("the code %q is of no sum or no person", c)
	}
	if p := dadan.Get("/setoran/terima"); p.Status != http.StatusForbidden {
		t.Errorf("a courier makes codes: %d", p.Status)
	}
	f.Set("code", code(other.person, "46.000"))
	dadan.says(dadan.want(dadan.Post("/setoran/serah", f), http.StatusUnprocessableEntity), "Kode tidak cocok", "Sisa 4 kali", mark)
	f.Set("code", code(sh.person, "45.000")) // who counted less shows another code
	dadan.says(dadan.want(dadan.Post("/setoran/serah", f), http.StatusUnprocessableEntity), "Sisa 3 kali")
	f.Set("code", code(sh.person, "46.000"))
	for range 2 {
		dadan.want(dadan.Post("/setoran/serah", f), http.StatusSeeOther)
	}
	dadan.says(dadan.see("/setoran/saya"), "Tidak ada uang di tangan", "Dengan kode")
	sh.send(sh.see(link), "/setoran/terima", "amount", "46.000") // the other phone tells later
	sh.says(sh.see("/setoran"), "Selisih Rp0", "Kedua pihak", "Semua uang COD sudah disetor")

	// What was counted differently stands there in red until a named person explains it.
	s.brought(t, sh, is, "")
	f = dadan.fill(dadan.see("/setoran/saya"), "/setoran/serah", "receiver", sh.sc.Actor.String())
	link = "/setoran/terima?" + url.Values{"giver": {is.Actor.String()}, "mark": {f.Get("mark")}}.Encode()
	f.Set("code", code(sh.person, "23.000"))
	sh.send(sh.see(link), "/setoran/terima", "amount", "20.000")
	dadan.want(dadan.Post("/setoran/serah", f), http.StatusSeeOther)
	sh.says(sh.see("/setoran"), "Selisih Rp3.000", "Rp23.000 atau Rp20.000")
	gaps := sh.see("/setoran/selisih")
	sh.says(sh.try(gaps, "/setoran/selisih", "right", "give"), "Tulis alasannya")
	sh.send(gaps, "/setoran/selisih", "right", "give", "why", "Ada lembar yang terselip", "by", is.Actor.String())
	sh.says(sh.see("/setoran/selisih"), "Selisih Rp0", "Ada lembar yang terselip", "Dijelaskan Dadan Hidayat")

	// What a carrier paid out.
	s.brought(t, sh, is, "JNE000000001", "JNE000000002")
	up := sh.see("/setoran/ekspedisi")
	sh.says(up, "JNE", "Rp46.000", "2 paket")
	file := webtest.File{Field: "file", Name: "jne.csv", Data: []byte("Resi;Nilai COD;Potongan;Diterima\nJNE000000001;23.000;920;22.080\nJNE000000002;22.000;880;21.120\n")}
	g := sh.fill(up, "/setoran/ekspedisi")
	at := sh.want(sh.PostFiles("/setoran/ekspedisi", g, file), http.StatusSeeOther).Location()
	sh.says(sh.see(at), "Cocok", "Jumlah berbeda", "Paket ini mengambil Rp23.000")
	sh.send(sh.see(at), at+"/pembukuan")
	g.Set("id", id.New().String())
	if again := sh.want(sh.PostFiles("/setoran/ekspedisi", g, file), http.StatusSeeOther).Location(); again != at {
		t.Errorf("the same file made %s", again)
	}
	if p := other.Get(at); p.Status != http.StatusNotFound {
		t.Errorf("a shop sees the payout of another: %d", p.Status)
	}
	sh.send(sh.see(at), at+"/keputusan", "act", "book", "why", "JNE salah hitung", "by", sh.sc.Actor.String())
	sh.says(sh.see("/setoran"), "Selisih Rp0", "Dicairkan ekspedisi, dengan potongannya -Rp45.000")
	s.holds(t)
}

// Without a signal both sides are kept on the phones, and wrong codes run out
// there too, though a refused act leaves nothing behind.
func TestMoneyGoesFromHandToHandWithoutASignal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 50)
		_, is := s.plant(t, account.Planted{Name: "Dadan Hidayat", Phone: parsed(t, newPhone()), Role: authz.Courier, Business: sh.sc.Business})
		s.brought(t, sh, is, "", "")
		device := map[id.ID]id.ID{is.Actor: id.New(), sh.sc.Actor: id.New()}
		tell := func(sc authz.Scope, kind string, fields ...string) outbox.Receipt {
			t.Helper()
			body := map[string]string{}
			for i := 0; i < len(fields); i += 2 {
				body[fields[i]] = fields[i+1]
			}
			b, _ := json.Marshal(body)
			now := db.Now()
			r, err := s.Outbox.Take(t.Context(), sc, outbox.Sent{Business: sc.Business, Clock: now, Act: outbox.Act{
				ID: id.New(), Person: sc.Actor, Device: device[sc.Actor], Kind: kind, Object: id.New(), At: now.Add(-time.Hour), Body: b,
			}})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		give := func(mark, code string) outbox.Receipt {
			t.Helper()
			return tell(is, "cash.give", "receiver", sh.sc.Actor.String(), "amount", "23.000", "mark", mark, "code", code)
		}
		code := func(mark string) string { return s.Cash.CodeFor(sh.sc, db.Now(), is.Actor, 23_000, mark) }
		if r := give("ABCDEF", code("ABCDEF")); r.State != outbox.Done {
			t.Errorf("the giver's word: %+v", r)
		}
		if r := tell(sh.sc, "cash.take", "giver", is.Actor.String(), "amount", "23.000", "mark", "ABCDEF"); r.State != outbox.Done {
			t.Errorf("the receiver's word: %+v", r)
		}
		for n := range cash.MaxTries {
			if r := give("GHJKLM", code("NPQRST")); r.State != outbox.Refused {
				t.Errorf("wrong code %d: %+v", n, r)
			}
		}
		if r := give("GHJKLM", code("GHJKLM")); r.State != outbox.Refused {
			t.Errorf("the right code after %d wrong ones: %+v", cash.MaxTries, r)
		}
		if n, err := s.Cash.InHand(t.Context(), is); err != nil || n != 23_000 {
			t.Errorf("in hand: %d, %v", n, err)
		}
		if r := tell(sh.sc, "cash.take", "giver", is.Actor.String(), "amount", "23.000", "mark", "GHJKLM"); r.State != outbox.Done {
			t.Errorf("the receiver's own word: %+v", r)
		}
		if c, err := s.Cash.Read(t.Context(), sh.sc); err != nil || c.Unexplained() != 0 || c.Held != 0 || c.Till != 46_000 {
			t.Errorf("the chain: %+v, %v", c, err)
		}
		s.holds(t)
	})
}

// The code that a phone makes by itself is the server's; and the pages, as their people see them.
func TestTheCashPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	number := newPhone()
	_, is := s.plant(t, account.Planted{Name: "Dadan Hidayat", Phone: parsed(t, number), Role: authz.Courier, Business: sh.sc.Business})
	if err := s.Parcels.PutSettings(t.Context(), sh.sc, parcel.Settings{CashLimit: 40_000}); err != nil {
		t.Fatal(err)
	}
	s.brought(t, sh, is, "", "JNE000000001", "JNE000000002")
	s.brought(t, sh, is, "")
	if err := s.Cash.PutTerm(t.Context(), sh.sc, "jne", 3); err != nil {
		t.Fatal(err)
	}
	file := "Resi,Nilai COD,Potongan,Diterima\nJNE000000001,23000,920,22080\nJNE000000002,22000,880,21120\nJNE999999999,5000,200,4800\n"
	payout, err := s.Cash.Upload(t.Context(), sh.sc, id.New(), "jne-november.csv", strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	enter := func(who string) {
		tab.Go(s.url + "/masuk")
		tab.Fill("#who", who)
		tab.Fill("#password", password)
		tab.Send("button.primary")
	}
	look := func(paths ...string) {
		t.Helper()
		for i, path := range paths {
			for n, v := range browsertest.Views {
				if os.Getenv("LAPAK_SHOTS") != "" || n == i%len(browsertest.Views) { // each page in one way, all of them for pictures
					tab.Look(v)
					tab.Go(s.url + path)
					tab.Fits()
					tab.Accessible()
					tab.Shot("setoran" + strings.NewReplacer("/", "-", "?bahasa=", "-", payout.String(), "berkas").Replace(path) + "-" + v.String())
				}
			}
		}
		tab.Look(browsertest.Phone)
	}
	enter(number)
	look("/setoran/saya", "/setoran/saya?bahasa=en", "/antaran")
	tab.Go(s.url + "/setoran/saya?bahasa=id")
	form, err := id.Parse(browsertest.Eval[string](tab, `document.querySelector('form[data-boxes]').elements.id.value`))
	if err != nil {
		t.Fatal(err)
	}
	var boxes []id.ID
	for _, b := range strings.Split(browsertest.Eval[string](tab, `document.querySelector('form[data-boxes]').dataset.boxes`), ",") {
		v, err := id.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, v)
	}
	tab.Fill("#amount", "40.000")
	mark := cash.Mark(form, 40_000, boxes)
	tab.Until("the mark of another sum", `document.getElementById('tanda').textContent === '`+mark+`'`)
	tab.Go(s.url + "/akun")
	tab.Send(`form[action="/keluar"] button`)
	enter(sh.phone)
	tab.Go(s.url + "/setoran/terima?mark=" + mark)
	const asked = `performance.getEntriesByType('resource').filter((e) => e.initiatorType === 'fetch' || e.initiatorType === 'xmlhttprequest').length`
	before := browsertest.Eval[int](tab, asked)
	browsertest.Eval[bool](tab, `(document.querySelector('#giver').value = '`+is.Actor.String()+`', true)`)
	tab.Fill("#amount", "40.000")
	tab.Until("a code", `document.querySelector('#kode output').textContent.length === 6`)
	if got, want := tab.Text("#kode output"), s.Cash.CodeFor(sh.sc, s.DB.Now(), is.Actor, 40_000, mark); got != want {
		t.Errorf("the browser's code is %s, the server's %s", got, want)
	}
	if after := browsertest.Eval[int](tab, asked); after != before {
		t.Errorf("the page asked the server %d times for it", after-before)
	}
	tab.Shot("setoran-terima-kode")
	if err := s.Cash.Confirm(t.Context(), sh.sc, cash.Take{ID: id.New(), Giver: is.Actor, Amount: 39_000, Mark: mark}); err != nil {
		t.Fatal(err)
	}
	if err := s.Cash.Hand(t.Context(), is, cash.Give{ID: form, Receiver: sh.sc.Actor, Amount: 40_000, Mark: mark, Code: s.Cash.CodeFor(sh.sc, s.DB.Now(), is.Actor, 40_000, mark)}); err != nil {
		t.Fatal(err)
	}
	look("/setoran", "/setoran?bahasa=en", "/setoran/selisih", "/setoran/selisih?bahasa=en", "/setoran/ekspedisi?bahasa=id", "/setoran/ekspedisi?bahasa=en",
		"/setoran/ekspedisi/"+payout.String()+"?bahasa=id", "/setoran/ekspedisi/"+payout.String()+"?bahasa=en", "/setoran/terima?bahasa=id", "/setoran/terima?bahasa=en")
}
