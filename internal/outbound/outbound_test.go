package outbound

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestPublic(t *testing.T) {
	for address, want := range map[string]error{
		"8.8.8.8:443": nil, "[2606:4700::1111]:443": nil,
		"127.0.0.1:443": ErrPrivate, "10.1.2.3:443": ErrPrivate, "172.16.0.1:443": ErrPrivate, "192.168.1.1:443": ErrPrivate,
		"169.254.169.254:443": ErrPrivate, "100.64.0.1:443": ErrPrivate, "0.0.0.0:443": ErrPrivate, "[::1]:443": ErrPrivate,
		"[fe80::1]:443": ErrPrivate, "[fc00::1]:443": ErrPrivate, "[::ffff:127.0.0.1]:443": ErrPrivate, "[64:ff9b::7f00:1]:443": ErrPrivate,
		"[::7f00:1]:443": ErrPrivate, "[fec0::1]:443": ErrPrivate, "[2002:7f00:1::]:443": ErrPrivate, "[::ffff:169.254.169.254]:443": ErrPrivate,
		"[64:ff9b::a9fe:a9fe]:443": ErrPrivate, "192.0.0.192:443": ErrPrivate, "224.0.0.1:443": ErrPrivate, "[::ffff:0:a9fe:a9fe]:443": ErrPrivate,
		"[64:ff9b::a9fe:a9fe%eth0]:443": ErrPrivate, "[2606:4700::1111%eth0]:443": ErrPrivate, "[2002:7f00:1::%1]:443": ErrPrivate, "nonsense": ErrPrivate,
	} {
		if err := public(address); !errors.Is(err, want) {
			t.Errorf("public(%q) = %v, want %v", address, err, want)
		}
	}
}

func TestClientRefusesThisMachineAndPlainHTTP(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	if _, err := Client(false).Get(srv.URL); err == nil {
		t.Error("plain http to loopback was let through")
	}
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	if _, err := Client(false).Get(tls.URL); !errors.Is(err, ErrPrivate) {
		t.Errorf("https to loopback: %v, want %v", err, ErrPrivate)
	}
	if _, err := Client(true).Get(srv.URL); err != nil {
		t.Errorf("the control, with private addresses let through: %v", err)
	}
}
