package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"lapak/internal/backup"
)

// service is an S3-compatible server in this process. trip, if set, may answer
// in its place.
type service struct {
	url  string
	http http.RoundTripper // trusts its certificate
	trip atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

func serve(t *testing.T) *service {
	t.Helper()
	back := s3mem.New()
	if err := back.CreateBucket("toko"); err != nil {
		t.Fatal(err)
	}
	next := gofakes3.New(back, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s := &service{}
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.trip.Load(); f != nil && (*f)(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url, s.http = srv.Listener.Addr().String(), srv.Client().Transport
	return s
}

func (s *service) open(t *testing.T) *Bucket {
	t.Helper()
	b, err := open("s3://"+s.url+"/toko/cadangan/lapak", Secrets{"kunci", "rahasia"}, s.http)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const name = "lapak-20260102T030405.678Z-0badcafe-00c0ffee.lapak"

func file(t *testing.T, n int) (string, []byte) {
	t.Helper()
	b := make([]byte, n)
	_, _ = rand.Read(b)
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, b
}

func names(t *testing.T, b *Bucket) string {
	t.Helper()
	list, err := b.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range list {
		out = append(out, f.Name)
	}
	return strings.Join(out, " ")
}

func TestBucketKeepsSmallAndLargeFiles(t *testing.T) {
	for label, n := range map[string]int{"one upload": 100_000, "in parts": 18 << 20} {
		t.Run(label, func(t *testing.T) {
			b := serve(t).open(t)
			b.part = 5 << 20
			local, want := file(t, n)
			if err := b.Put(t.Context(), local, name); err != nil {
				t.Fatal(err)
			}
			if got := names(t, b); got != name {
				t.Errorf("the bucket lists %q", got)
			}
			var got bytes.Buffer
			if err := b.Get(t.Context(), name, &got); err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("what comes back differs, %v", err)
			}
			for range 2 { // the second time it is not there any more
				if err := b.Remove(t.Context(), name); err != nil {
					t.Fatal(err)
				}
			}
			if got := names(t, b); got != "" {
				t.Errorf("the bucket lists %q after Remove", got)
			}
			if err := b.Get(t.Context(), name, io.Discard); err == nil {
				t.Error("a file that is not there was read")
			}
		})
	}
}

// A service that breaks off in the middle of an upload keeps neither an object
// nor parts, and the next try goes through.
func TestUploadThatBreaksOffLeavesNothing(t *testing.T) {
	s := serve(t)
	b := s.open(t)
	b.part = 5 << 20
	local, _ := file(t, 18<<20)
	ctx, cancel := context.WithCancel(t.Context())
	var parts atomic.Int64
	trip := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && r.URL.Query().Get("partNumber") != "" && parts.Add(1) == 3 {
			cancel()
		}
		return false
	}
	s.trip.Store(&trip)
	if err := b.Put(ctx, local, name); !errors.Is(err, context.Canceled) {
		t.Fatalf("Put = %v, want canceled", err)
	}
	if parts.Load() < 3 {
		t.Fatal("void: it was not in the middle")
	}
	s.trip.Store(nil)
	if got := names(t, b); got != "" {
		t.Errorf("half an upload is listed: %s", got)
	}
	for up := range b.c.ListIncompleteUploads(t.Context(), b.bucket, b.prefix, true) {
		t.Errorf("parts were left: %s %v", up.Key, up.Err)
	}
	if err := b.Put(t.Context(), local, name); err != nil {
		t.Errorf("the next try: %v", err)
	}
}

// What arrives altered is noticed and taken away again.
func TestUploadThatArrivesAlteredIsRefused(t *testing.T) {
	s := serve(t)
	b := s.open(t)
	local, _ := file(t, 100_000)
	if err := b.Put(t.Context(), local, name); err != nil {
		t.Fatal("the control: ", err)
	}
	trip := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut { // another file of the same length arrives
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(&flip{r.Body}, 1<<40)))
			r.Header.Del("Content-Md5")
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		}
		return false
	}
	s.trip.Store(&trip)
	err := b.Put(t.Context(), local, name)
	s.trip.Store(nil)
	if err == nil || !strings.Contains(err.Error(), "different") {
		t.Errorf("Put = %v, want that it comes back different", err)
	}
	if got := names(t, b); got != "" {
		t.Errorf("the altered file stays: %s", got)
	}
}

// flip changes the last byte of each read.
type flip struct{ r io.Reader }

func (f *flip) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if n > 0 {
		p[n-1] ^= 1
	}
	return n, err
}

func TestServiceThatIsDownOrRefuses(t *testing.T) {
	s := serve(t)
	b := s.open(t)
	local, _ := file(t, 1000)
	trip := func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	s.trip.Store(&trip)
	if err := b.Put(t.Context(), local, name); err == nil || strings.Contains(err.Error(), "rahasia") {
		t.Errorf("Put = %v, want an error without the secret", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	down, err := Open("s3+http://"+addr+"/toko", Secrets{"kunci", "rahasia"})
	if err != nil {
		t.Fatal(err)
	}
	if err := down.Put(t.Context(), local, name); err == nil {
		t.Error("a service that is down took a file")
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	for address, want := range map[string]string{
		"s3://host": "name a bucket", "s3+http://example.org/b": "this machine only", "s3:///b": "want s3://", "s3://me:secret@host/b": "in the environment",
	} {
		if _, err := Open(address, Secrets{"a", "b"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) = %v, want %q", address, err, want)
		}
	}
	if _, err := Open("s3://host/b", Secrets{}); err == nil {
		t.Error("no secrets were needed")
	}
}

var _ backup.Place = (*Bucket)(nil)
