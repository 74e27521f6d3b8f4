// Package carriertest stands in for carriers: a server on this machine that
// speaks their contracts, keeps bookings in memory and fails on demand, and
// the test that every connector must pass against it.
package carriertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/carrier"
)

// Fault is a way in which the server fails.
type Fault int

// The faults.
const (
	None        Fault = iota
	Slow              // answers after Lag
	Broken            // 500
	Busy              // 429, to be asked again after RetryAfter
	BadKey            // 401, whatever the key
	Cut               // the connection ends before the answer
	Garbage           // an answer that is no JSON
	UnknownWord       // states that nobody has heard of
	LostAnswer        // does what was asked, then cuts the connection
)

// RetryAfter is what Busy asks for.
const RetryAfter = 7 * time.Second

// Word is the state that UnknownWord tells.
const Word = "teleported"

// Secrets of the server's webhooks.
const (
	HookHeader = "X-Biteship-Secret"
	HookSecret = "kata-sandi-kabar"
)

// Server is the stand-in.
type Server struct {
	URL string
	Key string // what connectors must show

	t       testing.TB
	mu      sync.Mutex
	fault   Fault
	lag     time.Duration
	untimed bool
	calls   []string
	orders  []*parcel
	stop    chan struct{}
}

// parcel is a booking, or a parcel that somebody else booked.
type parcel struct {
	id, ref, number, firm, service string
	price, insurance, cod, codFee  int64
	steps                          []step
}

type step struct {
	code, words, place string
	at                 time.Time
}

func (p *parcel) status() string {
	if len(p.steps) == 0 {
		return "confirmed"
	}
	return p.steps[len(p.steps)-1].code
}

// New starts a server that stops with the test.
func New(t testing.TB) *Server {
	s := &Server{Key: "biteship_test.kunci", t: t, lag: 10 * time.Second, stop: make(chan struct{})}
	mux := http.NewServeMux()
	s.biteship(mux)
	s.rajaongkir(mux)
	srv := httptest.NewServer(s.before(mux))
	s.URL = srv.URL
	t.Cleanup(func() {
		close(s.stop)
		srv.CloseClientConnections()
		srv.Close()
	})
	return s
}

// Biteship is the base address of its Biteship.
func (s *Server) Biteship() string { return s.URL }

// RajaOngkir is the base address of its RajaOngkir.
func (s *Server) RajaOngkir() string { return s.URL + "/api/v1" }

// Fail makes every answer from now on fail that way.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Lag sets how long Slow takes.
func (s *Server) Lag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
}

// Untimed makes webhooks from now on say no time, as some do.
func (s *Server) Untimed(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.untimed = yes
}

// Calls counts the requests so far whose path begins so.
func (s *Server) Calls(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if strings.HasPrefix(c, path) {
			n++
		}
	}
	return n
}

// Bookings counts what was booked.
func (s *Server) Bookings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.orders {
		if p.id != "" {
			n++
		}
	}
	return n
}

// Put makes a parcel known that was booked elsewhere.
func (s *Server) Put(firm, number string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, &parcel{number: number, firm: firm})
}

// says is how carriers tell of a state: Biteship's code and a courier's text.
var says = map[carrier.Status][2]string{
	carrier.Ready:           {"confirmed", "SHIPMENT CREATED"},
	carrier.PickupRequested: {"allocated", "PICKUP REQUESTED"},
	carrier.PickedUp:        {"picked", "SHIPMENT RECEIVED BY JNE COUNTER OFFICER AT [BANDUNG]"},
	carrier.InTransit:       {"dropping_off", "DEPARTED FROM [BANDUNG]"},
	carrier.AtHub:           {"dropping_off", "RECEIVED AT SORTING CENTER [CICALENGKA]"},
	carrier.OutForDelivery:  {"dropping_off", "WITH DELIVERY COURIER [CICALENGKA]"},
	carrier.Delivered:       {"delivered", "DELIVERED TO [IBU CONTOH | KELUARGA]"},
	carrier.AttemptFailed:   {"on_hold", "RECIPIENT NOT HOME"},
	carrier.OnHold:          {"on_hold", "ON HOLD, CRISS CROSS"},
	carrier.Returning:       {"return_in_transit", "RETURN TO SHIPPER"},
	carrier.Returned:        {"returned", "RETURNED TO SHIPPER"},
	carrier.Lost:            {"on_hold", "PAKET HILANG"},
	carrier.Damaged:         {"on_hold", "PAKET RUSAK"},
	carrier.Cancelled:       {"cancelled", "SHIPMENT CANCELLED"},
	carrier.Disposed:        {"disposed", "SHIPMENT DESTROYED"},
}

// Advance lets a state happen to the parcel with that number.
func (s *Server) Advance(number string, to carrier.Status, at time.Time) {
	s.t.Helper()
	w, ok := says[to]
	if !ok {
		s.t.Fatalf("carriertest: no carrier says %q", to)
	}
	s.Say(number, w[0], w[1], "BANDUNG", at)
}

// Say lets something happen in a carrier's own words.
func (s *Server) Say(number, code, words, place string, at time.Time) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byNumber(number)
	if p == nil {
		s.t.Fatalf("carriertest: no parcel %s", number)
	}
	p.steps = append(p.steps, step{code, words, place, at})
}

func (s *Server) byNumber(number string) *parcel {
	return s.one(func(p *parcel) bool { return p.number == number })
}

func (s *Server) byID(id string) *parcel {
	return s.one(func(p *parcel) bool { return p.id == id && id != "" })
}

func (s *Server) one(is func(*parcel) bool) *parcel {
	if i := slices.IndexFunc(s.orders, is); i >= 0 {
		return s.orders[i]
	}
	return nil
}

// before counts, judges the key, and fails as it is told to.
func (s *Server) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.calls = append(s.calls, r.URL.Path)
		fault, lag, key := s.fault, s.lag, s.Key
		s.mu.Unlock()
		shown := r.Header.Get("Authorization")
		raja := strings.HasPrefix(r.URL.Path, "/api/v1/")
		if raja {
			shown = r.Header.Get("key")
		}
		if shown != key && fault == None {
			fault = BadKey
		}
		switch fault {
		case Slow:
			late := time.NewTimer(lag)
			defer late.Stop()
			select {
			case <-late.C:
			case <-r.Context().Done():
				return
			case <-s.stop:
				return
			}
		case Broken:
			w.WriteHeader(http.StatusInternalServerError)
			return
		case Busy:
			w.Header().Set("Retry-After", fmt.Sprint(int(RetryAfter.Seconds())))
			w.WriteHeader(http.StatusTooManyRequests)
			return
		case BadKey:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			if raja {
				_, _ = io.WriteString(w, `{"meta":{"message":"Invalid API key","code":401,"status":"error"},"data":null}`)
			} else {
				_, _ = io.WriteString(w, `{"success":false,"error":"Authorization failed","code":40101001}`)
			}
			return
		case Cut:
			panic(http.ErrAbortHandler)
		case Garbage:
			_, _ = io.WriteString(w, "<html>Service is being upgraded</html>")
			return
		case LostAnswer:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

// word is a state as it goes out, or one that nobody knows.
func (s *Server) word(code string) string {
	if s.fault == UnknownWord {
		return Word
	}
	return code
}

func (s *Server) text(words string) string {
	if s.fault == UnknownWord {
		return "Paket " + Word
	}
	return words
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Message is a webhook.
type Message struct {
	Method string
	Header http.Header
	Body   []byte
}

// Twice sends each message again at once.
func Twice(list []Message) []Message {
	var out []Message
	for _, m := range list {
		out = append(out, m, m)
	}
	return out
}

// Shuffled brings messages into another order, the same for the same seed.
func Shuffled(list []Message, seed uint64) []Message {
	out := slices.Clone(list)
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// Messages are the webhooks that the carrier has for the parcel so far.
func (s *Server) Messages(name, number string) []Message {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byNumber(number)
	if p == nil {
		s.t.Fatalf("carriertest: no parcel %s", number)
	}
	switch name {
	case "biteship":
		return s.biteshipMessages(p)
	case "rajaongkir":
		return s.komshipMessages(p)
	}
	s.t.Fatalf("carriertest: no messages of %q", name)
	return nil
}

// Send calls an address with messages and returns the status of each answer.
func (s *Server) Send(url string, list []Message) []int {
	s.t.Helper()
	var out []int
	for _, m := range list {
		req, err := http.NewRequest(m.Method, url, bytes.NewReader(m.Body))
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header = m.Header.Clone()
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		_ = res.Body.Close()
		out = append(out, res.StatusCode)
	}
	return out
}
