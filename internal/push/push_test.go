package push_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/outbound"
	"lapak/internal/push"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

var b64 = base64.RawURLEncoding

// phone is a browser with a push service of its own, on this machine.
type phone struct {
	key  *ecdh.PrivateKey
	auth []byte
	srv  *httptest.Server

	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies [][]byte
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{key: key, auth: make([]byte, 16), status: http.StatusCreated}
	_, _ = rand.Read(p.auth)
	p.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.got, p.bodies = append(p.got, r), append(p.bodies, body)
		w.WriteHeader(p.status)
	}))
	t.Cleanup(p.srv.Close)
	return p
}

func (p *phone) subscription() push.Subscription {
	s := push.Subscription{Endpoint: strings.Replace(p.srv.URL, "http://", "https://", 1) + "/kirim/rahasia"}
	s.Keys.P256dh, s.Keys.Auth = b64.EncodeToString(p.key.PublicKey().Bytes()), b64.EncodeToString(p.auth)
	return s
}

func (p *phone) calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

func (p *phone) answer(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

// open unseals a body as RFC 8291 says a browser does.
func (p *phone) open(t *testing.T, body []byte) push.News {
	t.Helper()
	salt, size, n := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	sender, text := body[21:21+n], body[21+n:]
	if int(size) < len(text) {
		t.Fatalf("a record of %d bytes in one of %d", len(text), size)
	}
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := p.key.ECDH(public)
	if err != nil {
		t.Fatal(err)
	}
	info := "WebPush: info\x00" + string(p.key.PublicKey().Bytes()) + string(sender)
	ikm, err := hkdf.Key(sha256.New, shared, p.auth, info, 32)
	if err != nil {
		t.Fatal(err)
	}
	cek, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, err := aes.NewCipher(cek)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, nonce, text, nil)
	if err != nil {
		t.Fatalf("the browser cannot open the news: %v", err)
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		t.Fatalf("the news has no end: %q", plain)
	}
	var news push.News
	if err := json.Unmarshal(plain[:len(plain)-1], &news); err != nil {
		t.Fatal(err)
	}
	return news
}

type bench struct {
	*push.Service
	db     *store.DB
	runner *job.Runner
	sc     authz.Scope
}

// plain sends on this machine, without TLS, what is addressed by https.
type plain struct{ http.RoundTripper }

func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "http"
	return p.RoundTripper.RoundTrip(r)
}

func newBench(t *testing.T, db *store.DB) *bench {
	t.Helper()
	b := &bench{db: db, runner: job.New(db, job.Options{}), sc: authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: db.Now()}}
	client := outbound.Client(true)
	client.Transport = plain{client.Transport}
	var err error
	if b.Service, err = push.New(db, client, bytes.Repeat([]byte{9}, 32), "https://lapak.example"); err != nil {
		t.Fatal(err)
	}
	b.Write = func(_ context.Context, _ authz.Scope, lang string, about push.About) (push.News, bool, error) {
		return push.News{Title: "Pesanan baru", Body: lang, Path: "/pesanan/" + about.Object.String(), Tag: about.Object.String()}, true, nil
	}
	b.Allowed = func(context.Context, id.ID, id.ID) (bool, error) { return true, nil }
	b.Register(b.runner)
	return b
}

// tell puts the news in and sends all that is due.
func (b *bench) tell(t *testing.T, about push.About) {
	t.Helper()
	err := b.db.Tx(t.Context(), b.sc, func(tx *store.Tx) error { return b.Tell(t.Context(), tx, b.sc, about) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.runner.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// kept counts the browsers that are still known.
func (b *bench) kept(t *testing.T) (n int) {
	t.Helper()
	err := b.db.View(t.Context(), b.sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM push_subscriptions`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// signed checks that the server proves by its key who sends (RFC 8292).
func signed(t *testing.T, header, key, audience string) {
	t.Helper()
	token, public, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	parts := strings.Split(token, ".")
	if !ok || public != key || len(parts) != 3 {
		t.Fatalf("Authorization = %q", header)
	}
	raw, err := b64.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := b64.DecodeString(parts[2])
	if err != nil || len(sig) != 64 {
		t.Fatalf("signature %q: %v", parts[2], err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(point, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the signature is not the server's")
	}
	claims, err := b64.DecodeString(parts[1])
	if err != nil || !strings.Contains(string(claims), audience) || !strings.Contains(string(claims), "https://lapak.example") {
		t.Errorf("claims %s, want audience %s: %v", claims, audience, err)
	}
}

func TestNewsReachesTheBrowserSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, p := newBench(t, db), newPhone(t)
		for range 2 { // one browser, subscribed again: still one
			if err := b.Subscribe(t.Context(), b.sc, p.subscription(), "id"); err != nil {
				t.Fatal(err)
			}
		}
		about := push.About{Kind: "placed", Object: id.New()}
		b.tell(t, about)
		if p.calls() != 1 {
			t.Fatalf("%d messages, want 1", p.calls())
		}
		r, body := p.got[0], p.bodies[0]
		if r.Header.Get("Content-Encoding") != "aes128gcm" || r.Header.Get("Urgency") != "high" || r.Header.Get("TTL") == "" || len(r.Header.Get("Topic")) > 32 {
			t.Errorf("headers %v", r.Header)
		}
		signed(t, r.Header.Get("Authorization"), b.PublicKey(), strings.Replace(p.srv.URL, "http://", "https://", 1))
		want := push.News{Title: "Pesanan baru", Body: "id", Path: "/pesanan/" + about.Object.String(), Tag: about.Object.String()}
		if got := p.open(t, body); got != want {
			t.Errorf("news = %+v, want %+v", got, want)
		}
		if bytes.Contains(body, []byte("Pesanan")) {
			t.Error("the push service can read the news")
		}
	})
}

func TestGoneBrowsersAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, status := range []int{http.StatusGone, http.StatusNotFound} {
			b, p := newBench(t, db), newPhone(t)
			if err := b.Subscribe(t.Context(), b.sc, p.subscription(), "id"); err != nil {
				t.Fatal(err)
			}
			p.answer(status)
			b.tell(t, push.About{Kind: "placed", Object: id.New()})
			if n := b.kept(t); p.calls() != 1 || n != 0 {
				t.Errorf("after %d: %d messages, %d browsers kept; want 1, 0", status, p.calls(), n)
			}
			b.tell(t, push.About{Kind: "placed", Object: id.New()})
			if p.calls() != 1 {
				t.Errorf("a browser that is gone is still told")
			}
		}
	})
}

// A push service in trouble is asked again later; the browser stays known.
func TestTroubleIsTriedAgain(t *testing.T) {
	db := storetest.SQLite(t)
	b, p := newBench(t, db), newPhone(t)
	if err := b.Subscribe(t.Context(), b.sc, p.subscription(), "id"); err != nil {
		t.Fatal(err)
	}
	now := db.Now()
	p.answer(http.StatusServiceUnavailable)
	b.tell(t, push.About{Kind: "placed", Object: id.New()})
	if p.calls() != 1 || b.kept(t) != 1 {
		t.Fatalf("%d messages, %d browsers; want 1, 1", p.calls(), b.kept(t))
	}
	p.answer(http.StatusCreated)
	db.Now = func() time.Time { return now.Add(time.Minute) }
	if _, err := b.runner.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.calls() != 2 {
		t.Errorf("%d messages after a minute, want 2", p.calls())
	}
}

// What was settled meanwhile, and who may not know any more, is not told.
func TestStaleNewsStaysHome(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, p := newBench(t, db), newPhone(t)
		if err := b.Subscribe(t.Context(), b.sc, p.subscription(), "en"); err != nil {
			t.Fatal(err)
		}
		b.Write = func(context.Context, authz.Scope, string, push.About) (push.News, bool, error) {
			return push.News{}, false, nil
		}
		b.tell(t, push.About{Kind: "placed", Object: id.New()})
		if p.calls() != 0 || b.kept(t) != 1 {
			t.Errorf("%d messages, %d browsers; want 0, 1", p.calls(), b.kept(t))
		}
		b.Allowed = func(context.Context, id.ID, id.ID) (bool, error) { return false, nil }
		b.tell(t, push.About{Kind: "placed", Object: id.New()})
		if p.calls() != 0 || b.kept(t) != 0 {
			t.Errorf("who left: %d messages, %d browsers; want 0, 0", p.calls(), b.kept(t))
		}
	})
}

func TestSubscribeTakesBrowsersAlone(t *testing.T) {
	b, p := newBench(t, storetest.SQLite(t)), newPhone(t)
	good := p.subscription()
	for name, change := range map[string]func(*push.Subscription){
		"plain http": func(s *push.Subscription) { s.Endpoint = p.srv.URL },
		"no address": func(s *push.Subscription) { s.Endpoint = "" },
		"long":       func(s *push.Subscription) { s.Endpoint += strings.Repeat("a", 1024) },
		"key":        func(s *push.Subscription) { s.Keys.P256dh = b64.EncodeToString(make([]byte, 65)) },
		"auth":       func(s *push.Subscription) { s.Keys.Auth = b64.EncodeToString(make([]byte, 15)) },
	} {
		sub := good
		change(&sub)
		if err := b.Subscribe(t.Context(), b.sc, sub, "id"); !errors.Is(err, push.ErrSubscription) {
			t.Errorf("%s: %v, want %v", name, err, push.ErrSubscription)
		}
	}
	courier := b.sc
	courier.Role = authz.Courier
	if err := b.Subscribe(t.Context(), courier, good, "id"); err == nil {
		t.Error("a courier may learn of new orders")
	}
	if err := b.Subscribe(t.Context(), b.sc, good, "id"); err != nil {
		t.Fatal(err)
	}
	if err := b.Unsubscribe(t.Context(), b.sc, good.Endpoint); err != nil || b.kept(t) != 0 {
		t.Errorf("Unsubscribe = %v, %d browsers kept", err, b.kept(t))
	}
}
