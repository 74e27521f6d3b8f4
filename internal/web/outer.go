package web

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"

	"lapak/internal/authz"
	"lapak/internal/id"
)

// outer wraps everything: request id, log, metrics, a caught panic, compression.
func (s *shell) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		request := id.Token()[:12]
		r, st := s.withState(r, request)
		w.Header().Set("X-Request-Id", request)
		cw := &writer{ResponseWriter: w, gzip: strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Method != http.MethodHead}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.Log.ErrorContext(r.Context(), "panic", "request", request, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				if !cw.begun {
					s.fail(cw, r, st, fmt.Errorf("panic: %v", p))
				}
			}
			cw.close()
			s.note(r, st, cw, time.Since(start))
		}()
		next.ServeHTTP(cw, r)
	})
}

// note writes the one log line of a request: the pattern, never the address.
func (s *shell) note(r *http.Request, st *state, w *writer, took time.Duration) {
	pattern := "-"
	if st.route != nil {
		pattern = st.route.Pattern
	}
	s.metrics.seen(pattern, w.status, took)
	level := slog.LevelInfo
	switch {
	case w.status >= 500:
		level = slog.LevelError
	case st.route != nil && st.route.Rate == Free:
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("request", st.request), slog.String("route", pattern), slog.Int("status", w.status),
		slog.Int64("us", took.Microseconds()), slog.Int64("bytes", w.bytes),
	}
	if !st.scope.Actor.IsZero() {
		attrs = append(attrs, slog.String("actor", st.scope.Actor.String()))
	}
	if !st.scope.Business.IsZero() {
		attrs = append(attrs, slog.String("business", st.scope.Business.String()))
	}
	if !st.scope.Token.IsZero() {
		attrs = append(attrs, slog.String("key", st.scope.Token.String()))
	}
	if st.fault != "" {
		attrs = append(attrs, slog.String("fault", st.fault))
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// The headers that every answer carries alike. They are made once: nobody
// changes the lists, for Set and Add of a header make others.
var (
	policy    = []string{"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; manifest-src 'self'; worker-src 'self'"}
	noSniff   = []string{"nosniff"}
	same      = []string{"same-origin"}
	none      = []string{"no-referrer"}
	hidden    = []string{"noindex, nofollow"}
	transport = []string{"max-age=31536000; includeSubDomains"}
	permitted = func() (list [2][2][]string) {
		word := [2]string{"()", "(self)"}
		for camera := range word {
			for geo := range word {
				list[camera][geo] = []string{"camera=" + word[camera] + ", geolocation=" + word[geo] + ", microphone=(), payment=(), usb=(), interest-cohort=()"}
			}
		}
		return list
	}()
)

// headers sets what every answer carries.
func (s *shell) headers(w http.ResponseWriter, rt Route) {
	h := w.Header()
	h["Content-Security-Policy"] = policy
	h["X-Content-Type-Options"] = noSniff
	h["Cross-Origin-Opener-Policy"] = same
	h["Cross-Origin-Resource-Policy"] = same
	if rt.Open {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id")
	}
	h["Referrer-Policy"] = same
	if rt.Link {
		h["Referrer-Policy"] = none
		h["X-Robots-Tag"] = hidden
	}
	camera, geo := 0, 0
	if rt.Camera {
		camera = 1
	}
	if rt.Geo {
		geo = 1
	}
	h["Permissions-Policy"] = permitted[camera][geo]
	if s.secure {
		h["Strict-Transport-Security"] = transport
	}
}

// address is the sender's, behind proxies that are trusted.
func (s *shell) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if len(s.Proxies) == 0 {
		return host
	}
	// from the right: the last address that no proxy of ours wrote for itself
	parts := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(parts) - 1; i >= 0 && s.trusted(host); i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(parts[i]))
		if err != nil {
			break
		}
		host = a.Unmap().String()
	}
	return host
}

func (s *shell) trusted(host string) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range s.Proxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// caller is by whom requests are counted: the account, else the address, of
// which IPv6 counts by its /64.
func (s *shell) caller(r *http.Request, st *state) string {
	if !st.scope.Token.IsZero() {
		return st.scope.Token.String()
	}
	if !st.scope.Actor.IsZero() && st.scope.Role != authz.Guest {
		return st.scope.Actor.String()
	}
	return s.network(r)
}

// network is the sender's address, or the /64 it belongs to.
func (s *shell) network(r *http.Request) string {
	host := s.address(r)
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() && !a.Is4In6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return host
}

// writer counts what is written and compresses text where the browser takes it.
type writer struct {
	http.ResponseWriter
	gzip   bool
	z      *gzip.Writer
	begun  bool
	status int
	bytes  int64
}

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, 5)
	return z
}}

func (w *writer) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun, w.status = true, status
	h := w.Header()
	if w.gzip && status == http.StatusOK || w.gzip && status >= 400 {
		if h.Get("Content-Encoding") == "" && text(h.Get("Content-Type")) {
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			h.Del("Content-Length")
			w.z = zippers.Get().(*gzip.Writer)
			w.z.Reset(count{w})
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

type count struct{ w *writer }

func (c count) Write(b []byte) (int, error) {
	n, err := c.w.ResponseWriter.Write(b)
	c.w.bytes += int64(n)
	return n, err
}

func (w *writer) Write(b []byte) (int, error) {
	if !w.begun {
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", http.DetectContentType(b))
		}
		w.WriteHeader(http.StatusOK)
	}
	if w.z != nil {
		return w.z.Write(b)
	}
	return count{w}.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what is there, for answers that go on.
func (w *writer) Flush() {
	if w.z != nil {
		_ = w.z.Flush()
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack is refused: no page of ours takes over a connection.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrNotSupported
}

func (w *writer) close() {
	if w.z != nil {
		_ = w.z.Close()
		w.z.Reset(io.Discard)
		zippers.Put(w.z)
		w.z = nil
	}
	if !w.begun {
		w.status = http.StatusOK
	}
}

func text(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	switch kind {
	case "text/html", "text/css", "text/plain", "text/javascript", "text/csv", "application/json", "application/ld+json", "application/problem+json",
		"application/manifest+json", "application/xml", "image/svg+xml":
		return true
	}
	return false
}

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lapak_http_requests_total", Help: "Requests by route and class of status."}, []string{"route", "status"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lapak_http_request_seconds", Help: "Time to answer by route.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"route"}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.seconds)
	}
	return m
}

func (m *metrics) seen(pattern string, status int, took time.Duration) {
	class := "2xx"
	switch {
	case status >= 500:
		class = "5xx"
	case status >= 400:
		class = "4xx"
	case status >= 300:
		class = "3xx"
	}
	m.requests.WithLabelValues(pattern, class).Inc()
	m.seconds.WithLabelValues(pattern).Observe(took.Seconds())
}
