package app_test

import (
	"net/http"
	"strings"
	"testing"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/haul"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// hauled is a shop that gave a parcel to a courier firm, with a courier of it.
type hauled struct {
	site
	shop, firm shop
	dadan      person
	dadanIs    authz.Scope
	box        parcel.Parcel
	order      string // what the order is called
	token      id.ID
	pickup     id.ID
}

func (s site) settle(t testing.TB) {
	t.Helper()
	if _, err := s.Jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s site) rider(t testing.TB, sh shop, name string) (person, authz.Scope) {
	t.Helper()
	number := newPhone()
	p, sc := s.plant(t, account.Planted{Name: name, Phone: parsed(t, number), Role: authz.Courier, Business: sh.sc.Business})
	p.signIn(number)
	return p, sc
}

// haul lets a business become a courier firm, a shop choose it, and a parcel
// be called for, all by the pages.
func (s site) haul(t *testing.T) *hauled {
	t.Helper()
	h := &hauled{site: s, shop: s.shop(t, "Dapur Bu Euis", 50), firm: s.shop(t, "Kurir Kilat", 5)}
	h.dadan, h.dadanIs = s.rider(t, h.firm, "Dadan Hidayat")
	h.firm.send(h.firm.see("/jasa-kurir/aturan"), "/jasa-kurir/aturan", "open", "on", "service.name", "Reguler", "service.detail", "08.00-17.00", "cod", "2,5", "days", "1")
	s.settle(t)
	page := h.shop.see("/langganan")
	h.shop.says(page, "Kurir Kilat", "Reguler", "2,5 %", "Senin", "Rp5.000")
	h.shop.send(page, "/langganan")
	s.settle(t)
	page = h.firm.see("/jasa-kurir")
	h.firm.says(page, "Dapur Bu Euis", "Menunggu jawaban")
	h.firm.send(page, "/jasa-kurir/toko/"+h.shop.sc.Business.String()+"/jawaban", "answer", string(haul.Accepted))
	s.settle(t)
	o := s.person(t).cod(t, s, h.shop, "2", "Rini Marlina", newPhone())
	h.order = o.Called()
	list, err := s.Parcels.Of(t.Context(), h.shop.sc, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.box = list[0]
	at := "/kirim/" + h.box.ID.String()
	choices, err := s.Haul.Choices(t.Context(), h.shop.sc)
	if err != nil || len(choices) != 1 {
		t.Fatal(choices, err)
	}
	page = h.shop.see(at)
	h.shop.says(page, "Kurir Kilat")
	h.shop.send(page, at+"/langkah", "act", "change", "carrier", choices[0].Code)
	s.settle(t)
	with := "/langganan/" + h.firm.sc.Business.String()
	waits, err := s.Haul.Waiting(t.Context(), h.shop.sc, h.firm.sc.Business)
	if err != nil || len(waits) != 1 {
		t.Fatal(waits, err)
	}
	h.token = waits[0].Link.Token
	page = h.shop.see(with)
	to := h.shop.send(page, with+"/jemput", "token", h.token.String()).Location()
	if h.pickup, err = id.Parse(strings.TrimPrefix(to, "/penjemputan/")); err != nil {
		t.Fatal(to)
	}
	s.settle(t)
	door := "/jemput/" + h.pickup.String()
	h.firm.send(h.firm.see(door), door+"/kurir", "courier", h.dadanIs.Actor.String())
	return h
}

// Shop A, shop B, firm C and courier D see exactly what they should of a
// parcel, whichever address they try.
func TestWhoSeesWhatOfAParcelThatAFirmCarries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		h := s.haul(t)
		other := s.shop(t, "Warung Pak Asep", 5)
		ujang, _ := s.rider(t, h.firm, "Ujang Kosasih")
		const (
			name   = "Rini Marlina"
			street = "Jl. Raya 12"
			cod    = "Rp41.000"
			goods  = "Keripik Singkong"
		)
		theirs, ours := "/kirim/"+h.box.ID.String(), "/kirim/"+h.token.String()
		stop, fetch, given := "/antaran/"+h.token.String(), "/jemput/"+h.pickup.String(), "/penjemputan/"+h.pickup.String()
		statement, with := "/jasa-kurir/toko/"+h.shop.sc.Business.String(), "/langganan/"+h.firm.sc.Business.String()
		all := []string{name, street, cod, goods, h.order}
		for _, c := range []struct {
			who  string
			p    person
			at   string
			want int
			sees []string // of all; the rest is not on the page
		}{
			{"shop A", h.shop.person, theirs, 200, all},
			{"shop A", h.shop.person, given, 200, []string{name, cod}},
			{"shop A", h.shop.person, with, 200, nil},
			{"shop A", h.shop.person, ours, 404, nil},
			{"shop A", h.shop.person, fetch, 404, nil},
			{"shop A", h.shop.person, statement, 404, nil},
			{"shop B", other.person, theirs, 404, nil},
			{"shop B", other.person, ours, 404, nil},
			{"shop B", other.person, given, 404, nil},
			{"shop B", other.person, fetch, 404, nil},
			{"shop B", other.person, with, 404, nil},
			{"shop B", other.person, statement, 404, nil},
			{"firm C", h.firm.person, ours, 200, []string{name, street, cod}},
			{"firm C", h.firm.person, fetch, 200, []string{name, cod}},
			{"firm C", h.firm.person, statement, 200, nil},
			{"firm C", h.firm.person, theirs, 404, nil},
			{"firm C", h.firm.person, given, 404, nil},
			{"firm C", h.firm.person, with, 404, nil},
			{"courier D", h.dadan, stop, 200, []string{name, street, cod}},
			{"courier D", h.dadan, fetch, 200, []string{name, cod}},
			{"courier D", h.dadan, "/antaran/" + h.box.ID.String(), 404, nil},
			{"courier D", h.dadan, ours, 403, nil},
			{"courier D", h.dadan, statement, 403, nil},
			{"courier D", h.dadan, "/jasa-kurir", 403, nil},
			{"courier D", h.dadan, "/sortir", 403, nil},
			{"another courier", ujang, stop, 404, nil},
			{"another courier", ujang, fetch, 404, nil},
		} {
			page := c.p.Get(c.at)
			if page.Status != c.want {
				t.Errorf("%s at %s: %d, want %d", c.who, c.at, page.Status, c.want)
			}
			text := webtest.Text(page.Body, "body")
			for _, field := range all {
				sees := false
				for _, v := range c.sees {
					sees = sees || v == field
				}
				if got := strings.Contains(text, field); got != sees {
					t.Errorf("%s at %s sees %q: %v, want %v", c.who, c.at, field, got, sees)
				}
			}
		}

		// It is fetched, brought and paid for, by the pages.
		h.shop.send(h.shop.see(given), given+"/serah", "token", h.token.String())
		h.dadan.send(h.dadan.see(fetch), fetch+"/hitung", "token", h.token.String())
		h.dadan.send(h.dadan.see("/antaran"), "/antaran/berangkat")
		h.dadan.send(h.dadan.see(stop), stop+"/penyerahan", "receiver", "Ibu Rini", "relation", "family", "amount", "41.000")
		s.settle(t)
		h.shop.says(h.shop.see(theirs), "Terkirim", "Ibu Rini", "Kurir Kilat")
		page := h.firm.see(statement)
		h.firm.says(page, h.box.Number, "Rp41.000", "Rp5.000", "Rp1.025", "Rp34.975")
		h.firm.send(page, statement+"/bayar", "reference", "BCA 1")
		again := h.firm.Post(statement+"/bayar", h.firm.fill(page, statement+"/bayar")) // pressed twice
		h.firm.want(again, http.StatusSeeOther)
		s.settle(t)
		h.shop.says(h.shop.see(with), "Rp34.975", "BCA 1")
		s.holds(t)
	})
}
