package outbound

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names answers every question for an address with this machine's.
func names(t *testing.T) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Header.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
				}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = c.WriteTo(out, from)
			}
		}
	}()
	was := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = was
		_ = c.Close()
	})
}

// A public name that points inside leads nowhere: what is checked is the
// address that is dialled, so it does not help to change it between a look
// and a call.
func TestANameThatPointsInside(t *testing.T) {
	names(t)
	var came atomic.Int64
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			came.Add(1)
		}
	}
	srv.StartTLS()
	defer srv.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(srv.URL, "https://"), ":")
	at := "https://kasir.example.com:" + port
	if _, err := Client(false).Get(at); !errors.Is(err, ErrPrivate) || came.Load() != 0 {
		t.Errorf("Get = %v, want %v; %d connections", err, ErrPrivate, came.Load())
	}
	if _, err := Client(true).Get(at); err == nil || came.Load() == 0 {
		t.Errorf("void: the control did not get through: %v", err)
	}
}

func TestNoRedirects(t *testing.T) {
	var inside atomic.Int64
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" {
			inside.Add(1)
			return
		}
		http.Redirect(w, r, srv.URL+"/inside", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	res, err := Client(true).Post(srv.URL, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusTemporaryRedirect || inside.Load() != 0 {
		t.Errorf("status %d; followed %d times", res.StatusCode, inside.Load())
	}
}
