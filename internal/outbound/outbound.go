// Package outbound makes the one HTTP client with which Lapak calls other
// machines: https only, no redirects, no private addresses, short answers.
package outbound

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrPrivate is returned for an address that is not on the public internet.
var ErrPrivate = errors.New("outbound: address is not public")

// MaxAnswer is how many bytes of an answer are read.
const MaxAnswer = 1 << 20

// Client returns the client for calls outside. Addresses are checked after
// name resolution, at dial time, so that a name cannot point inside. With
// private, for tests on this machine, the check is left out.
func Client(private bool) *http.Client {
	d := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		d.Control = func(_, address string, _ syscall.RawConn) error { return public(address) }
	}
	return &http.Client{
		Timeout: 5 * time.Second,
		Transport: &guard{private: private, next: &http.Transport{
			DialContext:           d.DialContext,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: 5 * time.Second,
			MaxIdleConnsPerHost:   4,
			IdleConnTimeout:       time.Minute,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type guard struct {
	private bool
	next    http.RoundTripper
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.private {
		return nil, fmt.Errorf("outbound: %s is not https", r.URL.Scheme)
	}
	res, err := g.next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, MaxAnswer), res.Body}
	}
	return res, err
}

// shut lists public-looking ranges that lead inside or nowhere.
var shut = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("::/96"), netip.MustParsePrefix("::ffff:0:0:0/96"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

func public(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrPrivate
	}
	a := ap.Addr().Unmap()
	if a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return ErrPrivate
	}
	for _, p := range shut {
		if p.Contains(a) {
			return ErrPrivate
		}
	}
	return nil
}
