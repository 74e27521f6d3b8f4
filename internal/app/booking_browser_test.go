package app_test

import (
	"net/http"
	"strings"
	"testing"

	"lapak/internal/order"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// The pages of carriers, as their people see them.
func TestTheCarrierPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	c := s.carriers(t)
	sh := s.shop(t, "Dapur Bu Euis", 50)
	sh.keyed(c)
	o := s.person(t).cod(t, s, sh, "2", "Siti Rahmawati", newPhone())
	p := s.person(t).cod(t, s, sh, "1", "Rini Marlina", newPhone())
	at := func(of order.Order) string {
		list, err := s.Parcels.Of(t.Context(), sh.sc, of.ID)
		if err != nil {
			t.Fatal(err)
		}
		return "/kirim/" + list[0].ID.String()
	}
	page := sh.see(at(p) + "/kurir")
	f := sh.fill(page, at(p)+"/kurir")
	for _, v := range strings.Split(page.Body, `value="`) {
		if strings.HasPrefix(v, "biteship|jne|reg|") {
			f.Set("rate", v[:strings.Index(v, `"`)])
		}
	}
	sh.want(sh.Post(at(p)+"/kurir", f), http.StatusSeeOther)
	s.work(t)
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	tab.Go(s.url + "/masuk")
	tab.Fill("#who", sh.phone)
	tab.Fill("#password", password)
	tab.Send("button.primary")
	looks(t, tab, s.url, "ekspedisi", "/ekspedisi", at(o)+"/kurir", at(o), at(p), "/pesanan/baru")
}
