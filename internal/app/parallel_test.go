package app_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/app"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// crowd is one client for many buyers at once.
func crowd() *http.Client {
	return &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// tell sends a form and tells the status and where it leads; it may be called by many at once.
func tell(t *testing.T, c *http.Client, address string, f url.Values) (status int, location, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(f.Encode()))
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := c.Do(req)
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(raw)
}

// atOnce runs fn n times at once, all begun together.
func atOnce(n int, fn func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

// pickup is a form that orders n pieces to be fetched at the shop.
func pickup(sh shop, n, total int64, number string) url.Values {
	return url.Values{
		"id": {id.New().String()}, "seen": {strconv.FormatInt(total, 10)}, "lines.0.variant": {sh.variant.String()}, "lines.0.quantity": {strconv.FormatInt(n, 10)},
		"name": {"Pembeli"}, "phone": {number}, "way": {"pickup"}, "pay": {"cash"},
	}
}

// rush lets 200 buyers order one of the last 10 pieces at once, and reports what
// is wrong with what came of it: how many were told yes, how many orders there
// are, what is left.
func rush(t *testing.T, s site, buy func(sh shop, i int) bool) (yes, orders, left int64, broken int) {
	t.Helper()
	sh := s.shop(t, "Dapur Bu Euis", 10)
	var mu sync.Mutex
	atOnce(200, func(i int) {
		if buy(sh, i) {
			mu.Lock()
			yes++
			mu.Unlock()
		}
	})
	list, err := store.CheckInvariants(t.Context(), s.DB, app.Invariants)
	if err != nil {
		t.Fatal(err)
	}
	return yes, s.one(t, sh.job(), `SELECT count(*) FROM orders WHERE business_id = $1`, sh.sc.Business), s.free(t, sh), len(list)
}

func soldTen(yes, orders, left int64, broken int) bool {
	return yes == 10 && orders == 10 && left == 0 && broken == 0
}

func TestTwoHundredBuyersForTheLastTen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		c := crowd()
		yes, orders, left, broken := rush(t, s, func(sh shop, i int) bool {
			f := pickup(sh, 1, 18_000, "0813"+strconv.Itoa(10_000_000+i))
			for {
				status, to, body := tell(t, c, s.url+sh.at("/pesan"), f)
				switch {
				case status == http.StatusSeeOther && strings.HasPrefix(to, "/o/"):
					return true
				case status == http.StatusServiceUnavailable: // the same again, as the page asks
					continue
				case status != http.StatusConflict:
					t.Errorf("status %d: %s", status, webtest.Text(body, "main"))
				}
				return false
			}
		})
		if !soldTen(yes, orders, left, broken) {
			t.Errorf("%d were told yes, %d orders, %d left, %d invariants broken; want 10, 10, 0, 0", yes, orders, left, broken)
		}
	})
}

// The same rush on a shop that looks whether there is enough and sells then:
// were the test above blind to overselling, it would pass here as well.
func TestTheRushCatchesReadThenWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		var looked sync.WaitGroup
		looked.Add(200)
		yes, orders, left, broken := rush(t, s, func(sh shop, i int) bool {
			n := s.free(t, sh)
			looked.Done()
			looked.Wait() // everybody looks before anybody writes
			if n < 1 {
				return false
			}
			err := s.DB.Tx(t.Context(), sh.job(), func(tx *store.Tx) error {
				_, err := tx.ExecContext(t.Context(), `UPDATE stock_levels SET reserved = $1 WHERE business_id = $2 AND variant_id = $3`, 10-n+1, sh.sc.Business, sh.variant)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return err == nil
		})
		if soldTen(yes, orders, left, broken) || yes == 10 {
			t.Error("the planted defect was not caught")
		}
	})
}

// once sends one form ten times at once, then with another body, and judges
// that it had one effect, always the same answer, and that the other body, if
// there is one, was refused.
func once(t *testing.T, s site, who person, path string, f, other url.Values, count func() int64) {
	t.Helper()
	before := count()
	c := crowd()
	c.Jar = who.Client.Jar
	if c.Jar == nil {
		c.Jar, _ = cookiejar.New(nil)
	}
	var mu sync.Mutex
	places := map[string]int{}
	atOnce(10, func(int) {
		for range 50 {
			status, to, body := tell(t, c, s.url+path, f)
			if status == http.StatusServiceUnavailable {
				continue
			}
			if status != http.StatusSeeOther {
				t.Errorf("%s: status %d: %s", path, status, webtest.Text(body, "main"))
			}
			mu.Lock()
			places[to]++
			mu.Unlock()
			return
		}
		t.Errorf("%s: busy for ever", path)
	})
	if len(places) != 1 {
		t.Errorf("%s: one form led to %v", path, places)
	}
	if n := count() - before; n != 1 {
		t.Errorf("%s: ten times one form had %d effects, want 1", path, n)
	}
	if other == nil {
		return
	}
	status, _, body := tell(t, c, s.url+path, other)
	if status != http.StatusUnprocessableEntity && status != http.StatusConflict {
		t.Errorf("%s: another body under the same id: %d, want 422 or 409: %s", path, status, webtest.Text(body, "main"))
	}
	if n := count() - before; n != 1 {
		t.Errorf("%s: another body under the same id had an effect", path)
	}
}

// with is a copy of the form with one field changed.
func with(f url.Values, name, value string) url.Values {
	g := url.Values{}
	for k, v := range f {
		g[k] = v
	}
	g.Set(name, value)
	return g
}

func TestOneFormOneEffect(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 500)
		rows := func(table, where string) func() int64 {
			return func() int64 {
				return s.one(t, sh.job(), `SELECT count(*) FROM `+table+` WHERE business_id = $1 `+where, sh.sc.Business)
			}
		}
		buyer := s.person(t)
		f := pickup(sh, 2, 36_000, "081311110000")
		once(t, s, buyer, sh.at("/pesan"), f, with(f, "name", "Orang Lain"), rows("orders", ""))

		f = sh.fill(sh.see("/pesanan/baru?jenis=kasir"), "/pesanan", "q."+sh.variant.String(), "3", "cash", "60.000")
		once(t, s, sh.person, "/pesanan", f, with(f, "q."+sh.variant.String(), "4"), rows("orders", ""))

		f = sh.fill(sh.see("/produk/baru"), "/produk", "title", "Rangginang")
		for k := range f {
			if strings.HasSuffix(k, "price") {
				f.Set(k, "12.000")
			}
		}
		once(t, s, sh.person, "/produk", f, with(f, "title", "Opak"), rows("products", ""))

		f = sh.fill(sh.see("/voucher/baru"), "/voucher", "code", "HEMAT", "kind", "amount", "value", "2.000")
		once(t, s, sh.person, "/voucher", f, with(f, "value", "3.000"), rows("vouchers", ""))

		at := "/stok/" + sh.variant.String()
		f = sh.fill(sh.see(at), at+"/masuk", "quantity", "5")
		once(t, s, sh.person, at+"/masuk", f, nil, rows("stock_moves", ""))

		o := orderOf(t, s, buyer.order(sh, "1", "Rina", "081322220000"))
		sh.move(o, "penerimaan")
		sh.move(o, "penyerahan")
		at = sh.stop(o)
		page := sh.see(at)
		at += "/penyerahan"
		f = sh.fill(page, at, "receiver", "Rina", "relation", "self", "amount", "41.000")
		once(t, s, sh.person, at, f, nil, rows("order_events", "AND act = 'deliver'"))
		f = sh.fill(sh.see("/setoran"), "/setoran", "amount", "41.000")
		once(t, s, sh.person, "/setoran", f, with(f, "amount", "40.000"), rows("ledger_entries", "AND kind = 'courier.settled'"))
		s.holds(t)
	})
}
