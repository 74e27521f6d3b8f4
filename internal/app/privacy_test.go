package app_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// logbook keeps all that is logged.
type logbook struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(b)
}

// marks are what nobody but the shop may come to see: of a buyer and of the shop's people.
var marks = []string{
	"Xaverius", "Quamila", "81377001234", "8137700-1234", "0813 7700 1234", "Gang Zamrud", "Pagar Wulung", "Dzulfiqar", "rahasia sekali", "zulfa@contoh.test", password,
}

func (*logbook) leaks(s string) (found []string) {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		plain = s
	}
	for _, m := range marks {
		if strings.Contains(s, m) || strings.Contains(plain, m) {
			found = append(found, m)
		}
	}
	return found
}

// spy watches where every answer leads, and what error pages say.
type spy struct {
	t    *testing.T
	book *logbook
	http.RoundTripper
}

func (s spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.t.Helper()
	res, err := s.RoundTripper.RoundTrip(r)
	if err != nil {
		return res, err
	}
	if m := s.book.leaks(r.URL.String()); m != nil {
		s.t.Errorf("the address %s tells %v", r.URL.Path, m)
	}
	if m := s.book.leaks(res.Header.Get("Location")); m != nil {
		s.t.Errorf("%s leads to an address that tells %v", r.URL.Path, m)
	}
	for _, c := range res.Header.Values("Set-Cookie") {
		if m := s.book.leaks(c); m != nil {
			s.t.Errorf("%s sets a cookie that tells %v", r.URL.Path, m)
		}
	}
	if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusForbidden || res.StatusCode >= 500 {
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		_ = res.Body.Close()
		res.Body = io.NopCloser(bytes.NewReader(raw))
		if m := s.book.leaks(string(raw)); m != nil {
			s.t.Errorf("the error page of %s tells %v", r.URL.Path, m)
		}
	}
	return res, nil
}

func TestPersonalDataStaysInside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		book := &logbook{}
		s := newSiteLog(t, db, slog.New(slog.NewJSONHandler(book, &slog.HandlerOptions{Level: slog.LevelDebug})))
		watched := func(p person) person {
			p.Client.Transport = spy{t, book, http.DefaultTransport}
			return p
		}
		sh := s.shop(t, "Dapur Bu Euis", 50)
		watched(sh.person)

		// A buyer orders, sends a proof and complains.
		buyer := watched(s.person(t))
		f := buyer.fillCheckout(sh, "2", "Xaverius Quamila", "0813-7700-1234")
		f.Set("street", "Gang Zamrud 7")
		f.Set("landmark", "Pagar Wulung")
		f.Set("note", "rahasia sekali")
		f.Set("pay", "transfer")
		f.Set("consent", "1")
		link := buyer.want(buyer.Post(sh.at("/pesan"), f), 303).Location()
		o := orderOf(t, s, link)
		if o.Street != "Gang Zamrud 7" || o.Landmark != "Pagar Wulung" {
			t.Fatalf("void: the marks did not go in: %+v", o)
		}
		page := buyer.see(link)
		buyer.want(buyer.PostFiles(link+"/bukti", buyer.fill(page, link+"/bukti"), webtest.File{Field: "photo", Name: "Xaverius.jpg", Data: jpegOf(9)}), 303)
		buyer.try(page, link+"/pembatalan", "reason", "nonsense rahasia sekali")
		for _, m := range []string{"Quamila", "81377001234", "Gang Zamrud", "Pagar Wulung"} { // who finds the link learns no more than the first name
			if strings.Contains(webtest.Text(buyer.see(link).Body, "main"), m) {
				t.Errorf("the order's page tells %q to who has the link", m)
			}
		}

		// The shop works with it, makes mistakes, and changes the customer.
		sh.move(o, "pembayaran")
		sh.move(o, "penerimaan")
		sh.move(o, "catatan", "note-text", "rahasia sekali")
		sh.move(o, "penyerahan")
		stop := sh.stop(o)
		sh.send(sh.see(stop), stop+"/penyerahan", "receiver", "Dzulfiqar", "relation", "neighbour")
		at := "/pelanggan/" + o.Customer.String()
		sh.send(sh.see(at+"/ubah"), at, "name", "Xaverius Quamila Dua", "note", "rahasia sekali")
		sh.see("/pelanggan")
		sh.see("/pesanan?tab=done")
		sh.try(sh.see("/pesanan/baru"), "/pesanan", "name", "Xaverius Quamila", "phone", "0813 7700 1234", "street", "Gang Zamrud 7", "q."+sh.variant.String(), "99999")
		sh.send(sh.see("/akun"), "/akun/email", "mail", "zulfa@contoh.test")
		stranger := watched(s.person(t))
		stranger.want(stranger.try(stranger.see("/masuk"), "/masuk", "who", "0813 7700 1234", "password", "rahasia sekali 1"), 422)
		stranger.Post("/lupa", url.Values{"mail": {"zulfa@contoh.test"}})
		stranger.Get("/o/" + strings.Repeat("z", 26))
		stranger.Get("/pesanan/" + o.ID.String())

		// While jobs wait, nothing of it is in them.
		for _, row := range rowsOf(t, s, authz.Job(sh.sc.Business), "jobs") {
			if m := book.leaks(row); m != nil {
				t.Errorf("a job tells %v: %s", m, row)
			}
		}
		if _, err := s.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/", "/?q=xaverius", sh.at(""), sh.at("/p/" + sh.product.Slug), sh.at("/pesan"), "/sitemap.xml", "/robots.txt"} {
			if m := book.leaks(strings.ReplaceAll(stranger.see(path).Body, "xaverius", "")); m != nil {
				t.Errorf("%s tells %v", path, m)
			}
		}
		p := audit.Page{Max: 100}
		list, _, err := audit.List(t.Context(), s.DB, sh.job(), p)
		if err != nil || len(list) == 0 {
			t.Fatal(len(list), err)
		}
		for _, row := range rowsOf(t, s, authz.Job(sh.sc.Business), "audit") {
			if m := book.leaks(row); m != nil {
				t.Errorf("the audit log tells %v: %s", m, row)
			}
		}
		book.mu.Lock()
		defer book.mu.Unlock()
		if !strings.Contains(book.String(), "/pesanan") {
			t.Error("void: nothing was logged")
		}
		for line := range strings.Lines(book.String()) {
			if m := book.leaks(line); m != nil {
				t.Errorf("the log tells %v: %s", m, line)
			}
			if token := strings.TrimPrefix(link, "/o/"); strings.Contains(line, token) {
				t.Errorf("the log tells an order's secret: %s", line)
			}
		}
		s.holds(t)
	})
}

// rowsOf is every row of a table, as text.
func rowsOf(t *testing.T, s site, sc authz.Scope, table string) (out []string) {
	t.Helper()
	err := s.DB.View(t.Context(), sc, func(tx *store.Tx) (err error) {
		out, err = texts(t, tx, `SELECT * FROM `+table)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
