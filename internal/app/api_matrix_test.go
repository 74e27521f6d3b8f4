package app_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// program sends requests with a key, as a program does: no cookies, JSON.
type program struct {
	t      testing.TB
	base   string
	secret string
	client *http.Client
	*contract
}

func (s site) program(t testing.TB, secret string) program {
	t.Helper()
	p := program{t, s.url, secret, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil}
	p.contract = p.read()
	return p
}

// key makes a key of the shop's owner with the grants, and is its secret.
func (s site) key(t testing.TB, sh shop, grants ...api.Grant) string {
	t.Helper()
	sc := sh.sc
	list, err := s.Accounts.Memberships(t.Context(), sc.Actor)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Business == sc.Business {
			sc.Membership = m.ID
		}
	}
	_, secret, err := s.Keys.Make(t.Context(), sc, api.Draft{ID: id.New(), Name: "Kasir", Grants: grants, Days: 30})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// ask sends a request; headers are name, value, name, value.
func (p program) ask(method, path, body string, headers ...string) webtest.Page {
	p.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, r)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.secret != "" {
		req.Header.Set("Authorization", "Bearer "+p.secret)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		req.Header.Set("Idempotency-Key", id.New().String())
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	got := webtest.Page{Status: res.StatusCode, Header: res.Header, Body: string(raw)}
	p.contract.check(p.t, method, path, body, got)
	return got
}

// tryAPI sends what a browser would: its cookies open nothing there.
func (a actor) tryAPI(t *testing.T, rt web.Route) int {
	t.Helper()
	addr, _, _ := address(t, rt.Path(), a.own, nil)
	req, err := http.NewRequestWithContext(t.Context(), rt.Method(), a.URL+addr, strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Idempotency-Key", id.New().String())
	got := a.Do(req)
	switch {
	case rt.Verb != authz.Public && got.Status != http.StatusUnauthorized:
		t.Errorf("%s: %s: %d with cookies and no key, want 401", a.name, rt.Pattern, got.Status)
	case got.Status >= 500 || got.Status == http.StatusMethodNotAllowed:
		t.Errorf("%s: %s: %d", a.name, rt.Pattern, got.Status)
	case got.Header.Get("Set-Cookie") != "":
		t.Errorf("%s: %s sets a cookie", a.name, rt.Pattern)
	}
	return 1
}

// bodies are writes that are taken where they may be done.
func bodies(th things) map[string]string {
	return map[string]string{
		"POST /my/products": `{"title": "Opak", "variants": [{"price": 9000}]}`, "PATCH /my/products/{id}": `{"unit": "bungkus"}`,
		"PUT /my/stock/{variant}/rule": `{"threshold": 1}`, "POST /my/stock/{variant}/movements": `{"quantity": 1, "reason": "bought"}`,
		"POST /my/stock/{variant}/corrections": `{"seen": 3, "actual": 2, "reason": "lost"}`,
		"POST /my/orders":                      `{"channel": "counter", "lines": [{"variant": "` + th["/stok/{variant}"] + `", "quantity": 1}], "way": "pickup", "pay": "cash", "cash_given": 90000}`,
		"POST /my/orders/{id}/moves":           `{"act": "note", "text": "halo"}`,
		"POST /my/orders/{order}/parcels":      `{}`,
		"POST /my/parcels/{id}/moves":          `{"act": "again", "due_from": "2026-12-01T01:00:00Z", "due_until": "2026-12-01T04:00:00Z"}`,
		"PUT /my/settings/parcels":             `{"code_from": 500000, "cash_limit": 0, "max_attempts": 3}`,
		"POST /my/customers":                   `{"name": "Rina", "phone": "` + newPhone() + `"}`, "PATCH /my/customers/{id}": `{"note": "pedas"}`,
	}
}

// needed is what a call needs beside the verb of its route.
var needed = map[string]authz.Verb{
	"POST /my/orders/{id}/moves": authz.MoveOrders, "POST /my/orders/{order}/parcels": authz.MoveOrders, "POST /my/parcels/{id}/moves": authz.Deliver,
	"GET /my/parcels/{id}/label": authz.SeeCustomers,
}

var requestIDs = regexp.MustCompile(`"request_id":"[a-z0-9]+"`)

// Each key does what it was given and its maker may, to its own shop alone;
// another's things look as missing ones do.
func TestAPIMatrix(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		a, b := s.shop(t, "Dapur Bu Euis", 50), s.shop(t, "Warung Pak Asep", 50)
		ta, tb := s.furnish(t, a, a.sc.Actor), s.furnish(t, b, b.sc.Actor)
		before := s.fingerprint(t, b.sc.Business)
		kinds := [][]api.Grant{api.Grants}
		for _, g := range api.Grants {
			kinds = append(kinds, []api.Grant{g})
		}
		tried := 0
		for _, grants := range kinds {
			secret := s.key(t, a, grants...)
			p := s.program(t, secret)
			sc, err := s.Keys.Scope(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			for _, rt := range web.Table(s.Routes()...) {
				rest, mine := strings.CutPrefix(rt.Path(), web.APIBase)
				if !rt.API || !mine || !strings.HasPrefix(rest, "/my") {
					continue
				}
				op := rt.Method() + " " + rest
				body := ""
				if rt.Method() != http.MethodGet {
					if body = bodies(ta)[op]; body == "" {
						t.Fatalf("no body for %s: say so in bodies", op)
					}
				}
				can := sc.Can(rt.Verb)
				if v, ok := needed[op]; ok && can == nil {
					can = sc.Can(v)
				}
				addr, _, has := address(t, rt.Path(), ta, nil)
				tried++
				switch got := p.ask(rt.Method(), addr, body); {
				case can != nil && got.Status != http.StatusForbidden:
					t.Errorf("%v: %s: %d, want 403: %s", grants, op, got.Status, got.Body)
				case can == nil && !slices.Contains([]int{200, 201, 409}, got.Status):
					t.Errorf("%v: %s: %d, want 200: %s", grants, op, got.Status, got.Body)
				}
				if !has {
					continue
				}
				missing := p.ask(rt.Method(), mustAddress(t, rt.Path(), ta, things{}), body)
				other := p.ask(rt.Method(), mustAddress(t, rt.Path(), ta, tb), body)
				tried += 2
				if x, y := plainly(other), plainly(missing); x != y {
					t.Errorf("%v: %s: another's differs from a missing one:\n%s\n%s", grants, op, x, y)
				}
				if can == nil && missing.Status != http.StatusNotFound {
					t.Errorf("%v: %s, missing: %d, want 404: %s", grants, op, missing.Status, missing.Body)
				}
			}
		}
		for table, sum := range s.fingerprint(t, b.sc.Business) {
			if before[table] != sum {
				t.Errorf("a key changed another business's %s", table)
			}
		}
		t.Logf("%d keys, %d requests", len(kinds), tried)
		s.holds(t)
	})
}

func mustAddress(t *testing.T, path string, th, last things) string {
	t.Helper()
	addr, _, _ := address(t, path, th, last)
	return addr
}

func plainly(p webtest.Page) string {
	return fmt.Sprint(p.Status, p.Header.Get("Content-Type"), p.Header.Get("Cache-Control"), requestIDs.ReplaceAllString(p.Body, ""))
}
