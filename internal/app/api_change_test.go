package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"lapak/internal/api"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
)

// Two programs, or a program and the owner, that change different things of one
// product or customer at once: none takes back what the other did.
func TestChangesAtOnceAreAllKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 50)
		p := s.program(t, s.key(t, sh, api.Grants...))
		product := s.product(t, sh.sc, "Keripik pisang", 5_000, 5)
		made := p.ask("POST", web.APIBase+"/my/customers", `{"name": "Cucu", "phone": "081377001299"}`)
		var who struct{ ID id.ID }
		if err := json.Unmarshal([]byte(made.Body), &who); err != nil || made.Status != 201 {
			t.Fatal(made.Status, made.Body)
		}
		goods, buyer := web.APIBase+"/my/products/"+product.ID.String(), web.APIBase+"/my/customers/"+who.ID.String()
		for i := range 15 {
			changes := []struct{ path, body, want string }{
				{goods, fmt.Sprintf(`{"about": "Renyah %d"}`, i), fmt.Sprintf(`"about":"Renyah %d"`, i)},
				{goods, fmt.Sprintf(`{"shelf": "%d hari"}`, i), fmt.Sprintf(`"shelf":"%d hari"`, i)},
				{goods, fmt.Sprintf(`{"variants": [{"id": "%s", "price": %d}]}`, product.Variants[0].ID, 6_000+i), fmt.Sprintf(`"price":%d`, 6_000+i)},
				{buyer, fmt.Sprintf(`{"note": "Pagar hijau %d"}`, i), fmt.Sprintf(`"note":"Pagar hijau %d"`, i)},
				{buyer, fmt.Sprintf(`{"tags": ["rt %d"]}`, i), fmt.Sprintf(`"tags":["rt %d"]`, i)},
			}
			var wg sync.WaitGroup
			for _, c := range changes {
				wg.Go(func() {
					if got := p.ask("PATCH", c.path, c.body); got.Status != 200 {
						t.Errorf("%s: %d %s", c.body, got.Status, got.Body)
					}
				})
			}
			wg.Wait()
			for _, c := range changes {
				if got := p.ask("GET", c.path, ""); !strings.Contains(got.Body, c.want) {
					t.Errorf("round %d: %s is gone: %s", i, c.want, got.Body)
				}
			}
		}
	})
}

// However many keys are over, those that work are listed, and can be revoked.
func TestLiveKeysAreListed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 50)
		secret := s.key(t, sh, api.ProductsRead)
		for range 101 {
			k, _, err := s.Keys.Make(t.Context(), sh.sc, api.Draft{ID: id.New(), Name: "Sebentar", Days: 30, Grants: []api.Grant{api.ProductsRead}})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Keys.Revoke(t.Context(), sh.sc, k.ID); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.Keys.List(t.Context(), sh.sc)
		if err != nil || len(list) != 100 || list[0].RevokedAt != nil || list[1].RevokedAt == nil {
			t.Errorf("%d keys, the first is %+v, %v", len(list), list[0], err)
		}
		if got := s.program(t, secret).ask("GET", web.APIBase+"/my", ""); got.Status != 200 {
			t.Errorf("what the key is: %d %s", got.Status, got.Body)
		}
	})
}

// A mark in an address may name any time.
func TestTimesBeyondAllCalendars(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 50)
		p := s.program(t, s.key(t, sh, api.Grants...))
		for _, n := range []string{"-1xizi89dg5on4", "1y2p0ij32e8e7", "0"} {
			if got := p.ask("GET", web.APIBase+"/shops?cursor="+n+"."+id.New().String(), ""); got.Status != 200 {
				t.Errorf("%s: %d %s", n, got.Status, got.Body)
			}
			if got := p.ask("GET", "/?lanjut="+n+"."+id.New().String(), ""); got.Status != 200 {
				t.Errorf("%s, the page: %d", n, got.Status)
			}
		}
		for _, path := range []string{"/my/orders?since=9999-12-31T23:59:59Z", "/my/orders?until=0000-01-01T00:00:00Z"} {
			if got := p.ask("GET", web.APIBase+path, ""); got.Status != 200 && got.Status != 422 {
				t.Errorf("%s: %d %s", path, got.Status, got.Body)
			}
		}
	})
}
