package app_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// running is an installation that serves on its own doors.
type running struct {
	*app.App
	doors *app.Doors
	stop  func() error // asks it to stop and waits until it has
}

// run opens the doors of the settings and serves until stop. db may be nil: then
// the installation has its own in the data folder.
func run(t *testing.T, c app.Config, db *store.DB) running {
	t.Helper()
	log := slog.New(slog.NewTextHandler(&writer{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	c.LogLevel, c.LogFormat, c.RateFactor = "error", "text", 1000
	d, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	if c.Domain == "" && !c.TLS {
		c.BaseURL = "http://" + d.Addr().String()
	}
	var a *app.App
	if db == nil {
		a, err = app.New(t.Context(), c, log)
	} else {
		a, err = app.Wire(c, db, bytes.Repeat([]byte{3}, 32), log)
	}
	if err != nil {
		d.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx, d) }()
	stop := sync.OnceValue(func() error {
		cancel()
		err := <-ended
		if db == nil {
			if cerr := a.Close(); err == nil {
				err = cerr
			}
		}
		return err
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return running{a, d, stop}
}

// over is a client that reaches every name at the address, trusting the roots.
func over(addr string, roots *x509.CertPool) *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}}
}

func fetch(t *testing.T, c *http.Client, address string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	c.CloseIdleConnections()
	return res, string(raw), err
}

func TestOwnCertificate(t *testing.T) {
	c := app.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), TLS: true}
	var first []byte
	for range 2 { // the second start keeps the certificate that phones trust by now
		r := run(t, c, nil)
		raw, err := os.ReadFile(filepath.Join(c.Data, "tls.crt"))
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(raw) {
			t.Fatal("tls.crt holds no certificate")
		}
		res, body, err := fetch(t, over(r.doors.Addr().String(), roots), "https://127.0.0.1/healthz")
		if err != nil || body != "ok\n" {
			t.Fatalf("%q, %v", body, err)
		}
		if res.ProtoMajor != 2 {
			t.Errorf("spoken over %s, want HTTP/2", res.Proto)
		}
		leaf := res.TLS.PeerCertificates[0].Raw
		if first != nil && !bytes.Equal(first, leaf) {
			t.Error("another certificate after the second start")
		}
		first = leaf
		if res, _, err = fetch(t, over(r.doors.Addr().String(), roots), "https://localhost/masuk"); err != nil || res.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%v: no Strict-Transport-Security", err)
		}
		if _, _, err := fetch(t, over(r.doors.Addr().String(), x509.NewCertPool()), "https://127.0.0.1/healthz"); err == nil {
			t.Error("served to who does not trust it")
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	}
	if st, err := os.Stat(filepath.Join(c.Data, "tls.key")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("tls.key: %v, %v; want 0600", st, err)
	}
}

func TestCertificateByACME(t *testing.T) {
	const domain = "lapak.contoh.test"
	ca := newAuthority(t)
	c := app.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), Domain: domain, ACMEDirectory: ca.srv.URL + "/dir", ACMERoots: ca.roots(), ACMEMail: "admin@contoh.test"}
	for start := range 2 { // the second start finds the certificate in the data folder
		r := run(t, c, nil)
		addr := r.doors.Addr().String()
		ca.mu.Lock()
		ca.target = addr
		ca.mu.Unlock()
		for range 2 {
			res, body, err := fetch(t, over(addr, ca.pool()), "https://"+domain+"/healthz")
			if err != nil || body != "ok\n" {
				t.Fatalf("start %d: %q, %v", start, body, err)
			}
			if issuer := res.TLS.PeerCertificates[0].Issuer.CommonName; issuer != "Test authority" {
				t.Errorf("issued by %q", issuer)
			}
		}
		if _, _, err := fetch(t, over(addr, ca.pool()), "https://lain.contoh.test/healthz"); err == nil {
			t.Error("served for another name")
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if ca.orders != 1 {
		t.Errorf("%d certificates were ordered, want 1", ca.orders)
	}
}

// A port that somebody has is told at once, with the setting's name.
func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := app.Config{Addr: l.Addr().String(), Data: t.TempDir()}
	if _, err := c.Open(); err == nil || !strings.Contains(err.Error(), "--addr "+c.Addr) {
		t.Errorf("Open = %v, want it to name --addr", err)
	}
	c = app.Config{Addr: "127.0.0.1:0", MetricsAddr: l.Addr().String(), Data: t.TempDir()}
	if _, err := c.Open(); err == nil || !strings.Contains(err.Error(), "--metrics-addr") {
		t.Errorf("Open = %v, want it to name --metrics-addr", err)
	}
}

// A server that is told to stop answers what it has taken, takes nothing more,
// and every order that was answered is in the database.
func TestStopLosesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := run(t, app.Config{Addr: "127.0.0.1:0", Data: t.TempDir()}, db)
		addr := r.doors.Addr().String()
		s := site{App: r.App, url: "http://" + addr}
		sh := s.shop(t, "Dapur Bu Euis", 5_000)
		s.Orders.PerMinute = 1_000_000

		// One order is in the middle of its transaction while the server is told to stop.
		taken, goOn := make(chan struct{}), make(chan struct{})
		var last sync.Once
		hook := s.Orders.OnPlaced
		var placed sync.WaitGroup
		placed.Add(20)
		var mu sync.Mutex
		n := 0
		s.Orders.OnPlaced = func(ctx context.Context, tx *store.Tx, sc authz.Scope, o order.Order) error {
			if o.Name == "Terakhir" {
				last.Do(func() { close(taken); <-goOn })
			}
			return hook(ctx, tx, sc, o)
		}
		c := crowd()
		var all sync.WaitGroup
		var answered []string
		buy := func(f url.Values) bool {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+sh.at("/pesan"), strings.NewReader(f.Encode()))
			if err != nil {
				t.Error(err)
				return false
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Sec-Fetch-Site", "same-origin")
			res, err := c.Do(req)
			if err != nil {
				return false // the door is shut
			}
			_ = res.Body.Close()
			if res.StatusCode == http.StatusSeeOther {
				mu.Lock()
				answered = append(answered, f.Get("id"))
				if n++; n <= 20 {
					placed.Done()
				}
				mu.Unlock()
			}
			return true
		}
		stopped := make(chan struct{})
		for range 8 {
			all.Go(func() {
				for buy(pickup(sh, 1, 18_000, newPhone())) {
					select {
					case <-stopped:
						return
					default:
					}
				}
			})
		}
		placed.Wait()
		f := pickup(sh, 1, 18_000, newPhone())
		f.Set("name", "Terakhir")
		told := make(chan bool, 1)
		go func() { told <- buy(f) }()
		<-taken
		end := make(chan error, 1)
		go func() { end <- r.stop() }()
		for { // until nobody is let in any more
			conn, err := net.DialTimeout("tcp", addr, time.Second)
			if err != nil {
				break
			}
			_ = conn.Close()
		}
		select {
		case err := <-end:
			t.Fatalf("stopped while an order was on its way: %v", err)
		default:
		}
		close(goOn)
		if !<-told {
			t.Error("the order that was taken before the stop was not answered")
		}
		if err := <-end; err != nil {
			t.Errorf("stop: %v", err)
		}
		close(stopped)
		all.Wait()
		if answered[len(answered)-1] == "" || len(answered) < 21 {
			t.Fatalf("void: %d orders were answered", len(answered))
		}
		kept := strings.Join(idsOf(t, s, sh), " ")
		for _, o := range append(answered, f.Get("id")) {
			if !strings.Contains(kept, o) {
				t.Errorf("order %s was answered and is not there", o)
			}
		}
		s.holds(t)
	})
}

// idsOf lists the shop's orders.
func idsOf(t *testing.T, s site, sh shop) (out []string) {
	t.Helper()
	err := s.DB.View(t.Context(), sh.job(), func(tx *store.Tx) error {
		rows, err := tx.QueryContext(t.Context(), `SELECT id FROM orders WHERE business_id = $1`, sh.sc.Business)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v id.ID
			if err := rows.Scan(&v); err != nil {
				return err
			}
			out = append(out, v.String())
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
