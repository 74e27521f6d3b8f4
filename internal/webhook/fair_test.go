package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// hall is a server on which some receivers answer and others hang.
type hall struct {
	mu    sync.Mutex
	got   map[string]int // by path
	at    int            // hanging now
	most  int
	shops map[string]int // hanging now, by path
	more  chan struct{}
}

func (h *hall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)

	hangs := strings.HasPrefix(r.URL.Path, "/hang")
	h.mu.Lock()
	h.got[r.URL.Path]++
	if hangs {
		h.at++
		h.most = max(h.most, h.at)
		if h.shops[r.URL.Path]++; h.shops[r.URL.Path] > 1 {
			h.got["twice at once"]++
		}
	}
	h.mu.Unlock()
	select {
	case h.more <- struct{}{}:
	default:
	}
	if hangs {
		<-r.Context().Done()
		h.mu.Lock()
		h.at--
		h.shops[r.URL.Path]--
		h.mu.Unlock()
	}
}

func (h *hall) saw(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.got[path]
}

// Receivers that hang hold up nobody: another receiver of the same shop and
// other shops get all their news, while few connections hang.
func TestOneThatHangsStarvesNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := &hall{got: map[string]int{}, shops: map[string]int{}, more: make(chan struct{}, 1)}
		srv := httptest.NewTLSServer(h)
		t.Cleanup(srv.Close)
		client := srv.Client()
		client.Timeout = 400 * time.Millisecond
		s, err := New(db, client, make([]byte, 32), "https://toko.example")
		if err != nil {
			t.Fatal(err)
		}
		s.lines.slowly = 300 * time.Millisecond
		jobs := job.New(db, job.Options{Poll: 20 * time.Millisecond})
		s.Register(jobs)
		now := time.Now()
		make := func(sc authz.Scope, path string) {
			if _, _, err := s.Make(t.Context(), sc, Draft{ID: id.New(), URL: srv.URL + path, Kinds: []string{OrderPlaced}}); err != nil {
				t.Fatal(err)
			}
		}
		emit := func(sc authz.Scope, n int) {
			for range n {
				if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
					return s.Emit(t.Context(), tx, sc, Event{Kind: OrderPlaced, Object: id.New(), Data: Order{}})
				}); err != nil {
					t.Fatal(err)
				}
			}
		}
		var shops []authz.Scope
		for _, path := range []string{"/hang/a", "/hang/b", "/hang/c"} {
			sc := owner(id.New(), now)
			make(sc, path)
			shops = append(shops, sc)
		}
		make(shops[0], "/quick/a") // beside the one that hangs
		other := owner(id.New(), now)
		make(other, "/quick/d")
		const n = 10
		for _, sc := range shops {
			emit(sc, n)
		}
		emit(other, n)
		if err := jobs.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_ = jobs.Stop(ctx)
		})
		end := time.After(20 * time.Second)
		for h.saw("/quick/a") < n || h.saw("/quick/d") < n || h.saw("/hang/a")+h.saw("/hang/b")+h.saw("/hang/c") < 6 {
			select {
			case <-h.more:
			case <-end:
				t.Fatalf("after 20 s: %v", h.got)
			}
		}
		if n := h.saw("twice at once"); n > 0 {
			t.Errorf("one that hangs was called %d times while it hung", n)
		}
		h.mu.Lock()
		if h.most > 3 {
			t.Errorf("%d connections hung at once", h.most)
		}
		h.mu.Unlock()
	})
}

// What is slow has few places, and what finds none is told times that suit it.
func TestPlaces(t *testing.T) {
	l, now := newLines(), time.Now()
	shop := id.New()
	at := func() place { return place{id.New(), id.New()} }
	learn := func(p place, took time.Duration) {
		if _, ok := l.enter(p, now); !ok {
			t.Fatal("no place")
		}
		l.leave(p, took)
	}
	slow, quick := place{shop, id.New()}, place{shop, id.New()}
	learn(slow, 5*time.Second)
	learn(quick, 10*time.Millisecond)
	if _, ok := l.enter(slow, now); !ok {
		t.Fatal("one that is slow finds no place at all")
	}
	second := place{shop, id.New()}
	for _, p := range []place{quick, quick} {
		if _, ok := l.enter(p, now); !ok {
			t.Error("a quick one finds no place beside a slow one")
		}
	}
	if _, ok := l.enter(second, now); ok {
		t.Error("a fourth place for one shop")
	}
	var last time.Time
	for i := range 200 {
		next, ok := l.enter(slow, now)
		if ok || i > 0 && next.Before(last) || next.After(now.Add(latest)) || i == 1 && next.Sub(last) < 5*time.Second {
			t.Fatalf("time %d is %v after now, the one before %v; place %v", i, next.Sub(now), last.Sub(now), ok)
		}
		last = next
	}
	l.leave(quick, 10*time.Millisecond)
	l.leave(quick, 10*time.Millisecond)
	l.leave(slow, 5*time.Second)

	var in []place
	for range 4 { // of four shops that are slow, two have places
		p := at()
		learn(p, 2*time.Second)
		if _, ok := l.enter(p, now); ok {
			in = append(in, p)
		}
	}
	if len(in) != slowOfAll {
		t.Errorf("%d slow ones at once, want %d", len(in), slowOfAll)
	}
	l.leave(in[0], time.Millisecond) // it is quick now
	if _, ok := l.enter(at(), now); !ok || l.slow != 1 {
		t.Errorf("place %v, %d slow ones", ok, l.slow)
	}
	for range 10 {
		l.enter(at(), now)
	}
	if l.all != mostOfAll {
		t.Errorf("%d at once, want %d", l.all, mostOfAll)
	}
}

// The log and the numbers go after their time, also of a shop that tells
// nothing more; the numbers of an object never go back.
func TestSweep(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		start := g.now
		o := id.At(start.Add(-time.Minute))
		rows := func() (n [2]int64) {
			t.Helper()
			err := db.View(t.Context(), authz.Job(g.sc.Business), func(tx *store.Tx) error {
				for i, table := range []string{"webhook_deliveries", "webhook_counts"} {
					if err := tx.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table+` WHERE business_id = $1`, g.sc.Business).Scan(&n[i]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		g.emit(t, o)
		g.emit(t, o)
		g.emit(t, id.At(start))
		g.drain(t)
		for _, day := range []int{1, 29, 32, 40, 179, 182} {
			g.now = start.Add(time.Duration(day)*24*time.Hour + time.Minute)
			g.drain(t)
			want := [2]int64{3, 2}
			if day > 30 {
				want[0] = 0
			}
			if day > 180 {
				want[1] = 0
			}
			if got := rows(); got != want {
				t.Fatalf("after %d days there are %v, want %v", day, got, want)
			}
		}
		g.emit(t, o)
		g.drain(t)
		var m Message
		if err := json.Unmarshal([]byte(g.bodies[len(g.bodies)-1]), &m); err != nil || m.Sequence <= 2 {
			t.Errorf("after half a year the number is %d, %v; want more than 2", m.Sequence, err)
		}
		g.emit(t, id.At(g.now))
		g.drain(t)
		if err := json.Unmarshal([]byte(g.bodies[len(g.bodies)-1]), &m); err != nil || m.Sequence != 1 {
			t.Errorf("the first number is %d, %v", m.Sequence, err)
		}
		if bad, err := store.CheckInvariants(t.Context(), db, Invariants); err != nil || len(bad) > 0 {
			t.Errorf("%v, %v", bad, err)
		}
	})
}

// A planted row of each kind is seen by the invariants.
func TestInvariantsSee(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, sql := range []string{
			`UPDATE webhook_deliveries SET due_at = NULL WHERE business_id = $1`,
			`UPDATE webhook_deliveries SET state = 'done' WHERE business_id = $1`,
			`DELETE FROM jobs WHERE business_id = $1 AND kind = 'webhook.send'`,
			`UPDATE webhook_counts SET last = 0 WHERE business_id = $1`,
		} {
			g := newRig(t, db)
			g.emit(t, id.New())
			if bad, err := store.CheckInvariants(t.Context(), db, Invariants); err != nil || len(bad) > 0 {
				t.Fatalf("void: before: %v, %v", bad, err)
			}
			exec := func(sql string) {
				if err := db.Tx(t.Context(), authz.Job(g.sc.Business), func(tx *store.Tx) error {
					_, err := tx.ExecContext(t.Context(), sql, g.sc.Business)
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			exec(sql)
			if bad, err := store.CheckInvariants(t.Context(), db, Invariants); err != nil || len(bad) == 0 {
				t.Errorf("after %s: %v, %v", sql, bad, err)
			}
			exec(`DELETE FROM webhook_deliveries WHERE business_id = $1`)
			exec(`DELETE FROM webhook_counts WHERE business_id = $1`)
		}
	})
}
