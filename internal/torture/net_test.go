package torture_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// line is a connection to a service that can be cut, slowed, and reset.
type line struct {
	t     *testing.T
	addr  string
	proxy *toxiproxy.Proxy
}

// newLine listens on loopback and leads to the address.
func newLine(t *testing.T, to string) *line {
	t.Helper()
	addr, err := freeAddr()
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	srv := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(srv, "line", addr, to)
	if err := p.Start(); err != nil {
		t.Fatalf("void: %v", err)
	}
	l := &line{t, addr, p}
	t.Cleanup(func() { l.proxy.Stop() })
	return l
}

// down refuses connections and breaks those there are; up takes them again.
func (l *line) down() { l.proxy.Stop() }

func (l *line) up() {
	l.t.Helper()
	if err := l.proxy.Start(); err != nil {
		l.t.Errorf("void: %v", err)
	}
}

// poison adds a toxic, as its JSON says; cure takes all away.
func (l *line) poison(toxic string) {
	l.t.Helper()
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		l.t.Errorf("void: %v", err)
	}
}

func (l *line) cure() { l.proxy.Toxics.ResetToxics(context.Background()) }

// plug makes a database that listens on a socket of the file system reachable
// by a port on loopback, and returns its address there.
func plug(t *testing.T, dsn string) (addr, there string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	network, to := "tcp", u.Host
	q := u.Query()
	if dir := q.Get("host"); dir != "" {
		network, to = "unix", dir+"/.s.PGSQL.5432"
		q.Del("host")
		u.RawQuery = q.Encode()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				d, err := net.Dial(network, to)
				if err != nil {
					return
				}
				defer d.Close()
				go func() {
					_, _ = io.Copy(d, c)
					_ = d.Close()
					_ = c.Close()
				}()
				_, _ = io.Copy(c, d)
			}()
		}
	})
	return l.Addr().String(), u.String()
}

// through is the dsn, by way of an address.
func through(dsn, addr string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Host = addr
	return u.String()
}
