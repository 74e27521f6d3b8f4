package app_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"lapak/internal/haul"
	"lapak/internal/id"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// short takes ids out of the names of pictures.
var short = regexp.MustCompile(`/[0-9a-f]{8}-[0-9a-f-]{27}`)

// The pages of a courier firm and of its shops, as their people see them.
func TestTheHaulPagesInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	h := s.haul(t)
	ctx, firm := t.Context(), h.firm.sc
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := s.Haul.Get(ctx, firm)
	must(err)
	hubs := []haul.Asset{{ID: id.New(), Kind: haul.Hub, Name: "Hub Jatinangor", Detail: jatimukti}, {ID: id.New(), Kind: haul.Hub, Name: "Hub Bandung", Detail: "32.73.01.1001"}}
	f.Assets = slices.Concat(f.Assets, hubs, []haul.Asset{{ID: id.New(), Kind: haul.Vehicle, Name: "Pikap", Detail: "D 1234 AB"}})
	must(s.Haul.Put(ctx, firm, f))
	round, err := s.Haul.Pool(ctx, firm, id.New(), jatimukti, h.dadanIs.Actor, 25_000)
	must(err)
	must(s.Haul.Hand(ctx, h.shop.sc, h.pickup, nil)) // the shop counts none: a difference
	s.settle(t)
	must(s.Haul.Count(ctx, firm, h.pickup, []id.ID{h.token}))
	m, err := s.Haul.Start(ctx, firm, id.New(), hubs[0].ID, hubs[1].ID, id.ID{})
	must(err)
	_, err = s.Haul.In(ctx, firm, hubs[0].ID, h.box.Number)
	must(err)
	_, err = s.Haul.Scan(ctx, firm, m.ID, h.box.Number)
	must(err)
	loading := m.ID
	sent, err := s.Haul.Start(ctx, firm, id.New(), hubs[1].ID, hubs[0].ID, id.ID{})
	must(err)
	_, err = s.Haul.Leave(ctx, firm, loading)
	must(err)
	must(s.Haul.Nightly(ctx))
	s.settle(t)
	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	look := func(paths ...string) {
		t.Helper()
		for i, path := range paths {
			seen := false
			for _, v := range browsertest.Views {
				if v.Dark == (i%2 == 0) { // half of the looks: every other page in the dark
					tab.Look(v)
					tab.Go(s.url + path)
					tab.Fits()
					if !seen {
						tab.Accessible()
					}
					seen = true
					tab.Shot("haul" + strings.ReplaceAll(short.ReplaceAllString(path, ""), "/", "-") + "-" + v.String())
				}
			}
		}
		tab.Look(browsertest.Phone)
	}
	enter := func(number string) {
		tab.Go(s.url + "/masuk")
		tab.Fill("#who", number)
		tab.Fill("#password", password)
		tab.Send("button.primary")
	}
	enter(h.firm.phone)
	look("/jasa-kurir", "/jasa-kurir/aturan", "/jasa-kurir/toko/"+h.shop.sc.Business.String(), "/jemput/"+h.pickup.String(), "/jemput-bareng", "/jemput-bareng/"+round.ID.String(),
		"/sortir", "/sortir/"+loading.String(), "/sortir/"+sent.ID.String())
	tab.Go(s.url + "/akun")
	tab.Send(`form[action="/keluar"] button`)
	enter(h.shop.phone)
	tab.Go(s.url + "/akun")
	tab.Send(`button[name="pilih"][value="en"]`)
	look("/langganan", "/langganan/"+h.firm.sc.Business.String(), "/penjemputan/"+h.pickup.String())
}
