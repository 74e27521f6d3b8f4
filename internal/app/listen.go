package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// drain is how long a stopping server waits for requests that it has taken.
const drain = 20 * time.Second

// Doors are the listening sockets of an installation.
type Doors struct {
	pages, plain, metrics net.Listener
	tls                   *tls.Config
	acme                  *autocert.Manager
}

// Open takes the sockets that the settings ask for, before anything else is
// started, so that a port in use is told at once.
func (c *Config) Open() (*Doors, error) {
	var d Doors
	addr := c.listenAddr()
	switch {
	case c.Domain != "":
		m, err := c.manager()
		if err != nil {
			return nil, err
		}
		d.acme, d.tls = m, m.TLSConfig()
		host, _, _ := net.SplitHostPort(addr)
		if d.plain, err = net.Listen("tcp", net.JoinHostPort(host, "80")); err != nil {
			slog.Warn("port 80 cannot be taken; certificates are proven on the main port alone", "error", err)
		}
	case c.TLS:
		cert, err := ownCertificate(c.Data, addr)
		if err != nil {
			return nil, err
		}
		d.tls = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	}
	if d.tls != nil {
		d.tls.MinVersion = tls.VersionTLS12
	}
	var err error
	if d.pages, err = net.Listen("tcp", addr); err != nil {
		return nil, fmt.Errorf("--addr %s: %w", addr, err)
	}
	if c.MetricsAddr != "" {
		if d.metrics, err = net.Listen("tcp", c.MetricsAddr); err != nil {
			d.Close()
			return nil, fmt.Errorf("--metrics-addr %s: %w", c.MetricsAddr, err)
		}
	}
	return &d, nil
}

// Addr is where pages are served.
func (d *Doors) Addr() net.Addr { return d.pages.Addr() }

// Close gives the sockets back.
func (d *Doors) Close() {
	for _, l := range []net.Listener{d.pages, d.plain, d.metrics} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// DefaultAddr is where pages are served if nothing else is said: on this
// machine alone.
const DefaultAddr = "localhost:8080"

// listenAddr is where pages are served. Whoever asks for HTTPS without naming
// an address means other machines: the world for a domain, the phones of the
// same network for a certificate of our own.
func (c *Config) listenAddr() string {
	switch {
	case c.Addr != DefaultAddr:
		return c.Addr
	case c.Domain != "":
		return ":443"
	case c.TLS:
		return ":8443"
	}
	return c.Addr
}

func (c *Config) manager() (*autocert.Manager, error) {
	client := &acme.Client{DirectoryURL: c.ACMEDirectory}
	if c.ACMERoots != "" {
		pemBytes, err := os.ReadFile(c.ACMERoots)
		if err != nil {
			return nil, fmt.Errorf("--acme-roots: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pemBytes) {
			return nil, fmt.Errorf("--acme-roots %s: no certificate in it", c.ACMERoots)
		}
		client.HTTPClient = &http.Client{
			Timeout:   30 * time.Second,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		}
	}
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(c.Data, "certificates")),
		HostPolicy: autocert.HostWhitelist(c.Domain),
		Email:      c.ACMEMail,
		Client:     client,
	}, nil
}

// ownCertificate reads the certificate in the data folder, or makes one for
// this machine's names and addresses that lives two years.
func ownCertificate(data, addr string) (tls.Certificate, error) {
	certFile, keyFile := filepath.Join(data, "tls.crt"), filepath.Join(data, "tls.key")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && cert.Leaf != nil && time.Now().Before(cert.Leaf.NotAfter.Add(-30*24*time.Hour)) {
		return cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a TLS key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a serial: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Lapak"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(2 * 365 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           addresses(),
	}
	if name, err := os.Hostname(); err == nil {
		t.DNSNames = append(t.DNSNames, name, name+".local")
	}
	if host, _, err := net.SplitHostPort(addr); err == nil && host != "" && net.ParseIP(host) == nil {
		t.DNSNames = append(t.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("encode the TLS key: %w", err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := errors.Join(os.WriteFile(keyFile, keyPEM, 0o600), os.WriteFile(certFile, certPEM, 0o644)); err != nil {
		return tls.Certificate{}, fmt.Errorf("keep the certificate: %w", err)
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

// addresses are this machine's, so that a phone in the same network can open it.
func addresses() []net.IP {
	out := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return out
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			out = append(out, n.IP)
		}
	}
	return out
}

// Serve answers until ctx ends, then lets the requests it has taken finish.
// The handler's server is made by server, so that its limits are in one place.
func (d *Doors) Serve(ctx context.Context, server func(http.Handler) *http.Server, pages, metrics http.Handler) error {
	var servers []*http.Server
	failed := make(chan error, 3)
	start := func(l net.Listener, h http.Handler, secure bool) {
		s := server(h)
		servers = append(servers, s)
		go func() {
			var err error
			if secure {
				s.TLSConfig = d.tls
				err = s.ServeTLS(l, "", "")
			} else {
				err = s.Serve(l)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
		}()
	}
	start(d.pages, pages, d.tls != nil)
	if d.plain != nil {
		start(d.plain, d.acme.HTTPHandler(nil), false) // the rest is redirected to https
	}
	if d.metrics != nil {
		start(d.metrics, metrics, false)
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	for _, s := range servers {
		if serr := s.Shutdown(wait); serr != nil {
			err = errors.Join(err, fmt.Errorf("stop: %w", serr))
		}
	}
	return err
}
