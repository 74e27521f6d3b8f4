package app_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// authority is a certificate authority that speaks as much ACME as is needed to
// get one certificate after a tls-alpn-01 challenge, which it checks at target.
type authority struct {
	t      *testing.T
	srv    *httptest.Server
	key    *ecdsa.PrivateKey
	root   *x509.Certificate
	target string // where the names are reached

	mu      sync.Mutex
	nonces  int
	account crypto.PublicKey
	name    string
	proven  bool
	failure string
	chain   []byte
	orders  int
}

const challenge = "t0k3n-of-the-challenge"

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.srv = httptest.NewTLSServer(a)
	t.Cleanup(a.srv.Close)
	return a
}

// roots writes the file by which the authority's own server is trusted.
func (a *authority) roots() string {
	name := filepath.Join(a.t.TempDir(), "roots.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.srv.Certificate().Raw}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return name
}

// pool trusts what the authority signs.
func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.root)
	return p
}

func b64(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// open reads a signed request, and keeps the key of a new account.
func (a *authority) open(r *http.Request, payload any) error {
	var msg struct{ Protected, Payload, Signature string }
	if err := json.NewDecoder(r.Body).Decode(&msg); err != nil {
		return err
	}
	var head struct {
		Alg, Nonce, URL, Kid string
		JWK                  *struct{ Crv, X, Y string }
	}
	if err := json.Unmarshal(b64(msg.Protected), &head); err != nil {
		return err
	}
	if head.JWK != nil {
		point := append([]byte{4}, append(b64(head.JWK.X), b64(head.JWK.Y)...)...) // uncompressed
		pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		if err != nil {
			return err
		}
		a.account = pub
	}
	pub, ok := a.account.(*ecdsa.PublicKey)
	if !ok || head.Alg != "ES256" {
		return fmt.Errorf("no account, or algorithm %q", head.Alg)
	}
	sum, sig := sha256.Sum256([]byte(msg.Protected+"."+msg.Payload)), b64(msg.Signature)
	if len(sig) != 64 || !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return fmt.Errorf("the signature is wrong")
	}
	if head.URL != a.srv.URL+r.URL.Path {
		return fmt.Errorf("signed for %s, sent to %s", head.URL, r.URL.Path)
	}
	if payload == nil || msg.Payload == "" {
		return nil
	}
	return json.Unmarshal(b64(msg.Payload), payload)
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.nonces++
	w.Header().Set("Replay-Nonce", fmt.Sprintf("nonce-%d", a.nonces))
	w.Header().Set("Content-Type", "application/json")
	at := func(path string) string { return a.srv.URL + path }
	answer := func(status int, v any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	if r.URL.Path == "/dir" {
		answer(http.StatusOK, map[string]any{"newNonce": at("/nonce"), "newAccount": at("/account"), "newOrder": at("/order"), "revokeCert": at("/revoke"), "keyChange": at("/key")})
		return
	}
	if r.URL.Path == "/nonce" {
		return
	}
	var in struct {
		Identifiers []struct{ Type, Value string }
		CSR         string
	}
	if err := a.open(r, &in); err != nil {
		answer(http.StatusBadRequest, map[string]any{"type": "urn:ietf:params:acme:error:malformed", "detail": err.Error()})
		return
	}
	status := func() string {
		switch {
		case a.chain != nil:
			return "valid"
		case a.failure != "":
			return "invalid"
		case a.proven:
			return "ready"
		}
		return "pending"
	}
	proof := map[bool]string{true: "valid", false: "pending"}[a.proven]
	if a.failure != "" {
		proof = "invalid"
	}
	order := func() map[string]any {
		return map[string]any{
			"status": status(), "authorizations": []string{at("/authz")}, "finalize": at("/finalize"), "certificate": at("/certificate"),
			"identifiers": []map[string]string{{"type": "dns", "value": a.name}},
		}
	}
	chal := func() map[string]any {
		return map[string]any{"type": "tls-alpn-01", "url": at("/challenge"), "token": challenge, "status": proof}
	}
	switch r.URL.Path {
	case "/account":
		w.Header().Set("Location", at("/account/1"))
		answer(http.StatusCreated, map[string]any{"status": "valid"})
	case "/order":
		a.orders++
		a.name, a.proven, a.failure, a.chain = in.Identifiers[0].Value, false, "", nil
		w.Header().Set("Location", at("/order/1"))
		answer(http.StatusCreated, order())
	case "/order/1":
		answer(http.StatusOK, order())
	case "/authz":
		answer(http.StatusOK, map[string]any{"status": proof, "identifier": map[string]string{"type": "dns", "value": a.name}, "challenges": []any{chal()}})
	case "/challenge":
		if err := a.validate(); err != nil {
			a.failure = err.Error()
			a.t.Errorf("challenge: %v", err)
		} else {
			a.proven = true
		}
		answer(http.StatusOK, chal())
	case "/finalize":
		if err := a.issue(b64(in.CSR)); err != nil {
			answer(http.StatusForbidden, map[string]any{"type": "urn:ietf:params:acme:error:badCSR", "detail": err.Error()})
			return
		}
		w.Header().Set("Location", at("/order/1"))
		answer(http.StatusOK, order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.chain)
	default:
		answer(http.StatusNotFound, map[string]any{"detail": r.URL.Path})
	}
}

// validate asks the server of the name for the proof, as RFC 8737 says.
func (a *authority) validate() error {
	d := &net.Dialer{Timeout: 5 * time.Second}
	conn, err := tls.DialWithDialer(d, "tcp", a.target, &tls.Config{ServerName: a.name, NextProtos: []string{acme.ALPNProto}, InsecureSkipVerify: true}) //nolint:gosec // the proof is in the certificate itself
	if err != nil {
		return err
	}
	defer conn.Close()
	st := conn.ConnectionState()
	if st.NegotiatedProtocol != acme.ALPNProto {
		return fmt.Errorf("protocol %q", st.NegotiatedProtocol)
	}
	leaf := st.PeerCertificates[0]
	if err := leaf.VerifyHostname(a.name); err != nil {
		return err
	}
	thumb, err := acme.JWKThumbprint(a.account)
	if err != nil {
		return err
	}
	want := sha256.Sum256([]byte(challenge + "." + thumb))
	for _, e := range leaf.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			var got []byte
			if _, err := asn1.Unmarshal(e.Value, &got); err != nil {
				return err
			}
			if string(got) != string(want[:]) {
				return fmt.Errorf("the proof is wrong")
			}
			return nil
		}
	}
	return fmt.Errorf("no proof in the certificate")
}

func (a *authority) issue(der []byte) error {
	if !a.proven {
		return fmt.Errorf("nothing is proven")
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	if err := csr.CheckSignature(); err != nil {
		return err
	}
	if len(csr.DNSNames) != 1 || !strings.EqualFold(csr.DNSNames[0], a.name) {
		return fmt.Errorf("asks for %v", csr.DNSNames)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(int64(1 + a.orders)), Subject: pkix.Name{CommonName: a.name}, DNSNames: csr.DNSNames, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(90 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, tmpl, a.root, csr.PublicKey, a.key)
	if err != nil {
		return err
	}
	a.chain = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})...)
	return nil
}
