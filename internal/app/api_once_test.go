package app_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// insist sends a write until it is not told that the first one is still worked on.
func (p program) insist(method, path, body, key string) webtest.Page {
	p.t.Helper()
	for range 10_000 {
		got := p.ask(method, path, body, "Idempotency-Key", key)
		if got.Status != http.StatusConflict || !strings.Contains(got.Body, "api.in_flight") {
			return got
		}
		if got.Header.Get("Retry-After") == "" {
			p.t.Error("409 without Retry-After")
		}
	}
	p.t.Error("the first one never ended")
	return webtest.Page{}
}

// Sent ten times at once with one key, each write happens once and is answered
// with the same bytes; with another body it is refused.
func TestWritesHappenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 500)
		th := s.furnish(t, sh, sh.sc.Actor)
		p := s.program(t, s.key(t, sh, api.Grants...))
		sample := bodies(th)
		sample["POST /shops/{slug}/orders"] = `{"lines": [{"variant": "` + sh.variant.String() + `", "quantity": 2}], "name": "Rina", "phone": "081298765432", "way": "pickup", "pay": "cash", "seen_total": 36000}`
		tables := []string{"orders", "order_events", "products", "stock_moves", "customers", "audit"}
		count := func() (list []int64) {
			for _, table := range tables {
				list = append(list, s.one(t, sh.job(), `SELECT count(*) FROM `+table+` WHERE business_id = $1`, sh.sc.Business))
			}
			return list
		}
		for _, rt := range web.Table(s.Routes()...) {
			rest, ok := strings.CutPrefix(rt.Path(), web.APIBase)
			if !rt.API || !ok || rt.Method() == http.MethodGet || strings.HasSuffix(rest, "/quotes") || rest == "/parcels" { // asked by POST, changes nothing
				continue
			}
			op := rt.Method() + " " + rest
			addr := mustAddress(t, rt.Path(), th, nil)
			before := count()
			alone := p.insist(rt.Method(), addr, strings.Replace(sample[op], newest(sample[op]), newPhone(), 1), id.New().String())
			one := count() // what it leaves behind when it is done once
			if alone.Status >= 300 {
				t.Fatalf("%s: %d: %s", op, alone.Status, alone.Body)
			}
			key := id.New().String()
			answers := make([]webtest.Page, 10)
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() { answers[i] = p.insist(rt.Method(), addr, sample[op], key) })
			}
			wg.Wait()
			fresh := 0
			for _, a := range answers {
				if a.Status != answers[0].Status || a.Body != answers[0].Body || a.Header.Get("Location") != answers[0].Header.Get("Location") || a.Status >= 300 {
					t.Errorf("%s: %d %s\n%d %s", op, answers[0].Status, answers[0].Body, a.Status, a.Body)
				}
				if a.Header.Get("Idempotency-Replayed") == "" {
					fresh++
				}
			}
			if fresh != 1 {
				t.Errorf("%s: %d answers say that they are the first", op, fresh)
			}
			for i, n := range count() {
				if got, want := n-one[i], one[i]-before[i]; got != want {
					t.Errorf("%s: ten of one key left %d rows in %s, one leaves %d", op, got, tables[i], want)
				}
			}
			spaced := strings.ReplaceAll(sample[op], ": ", " :\n\t")
			if again := p.insist(rt.Method(), addr, spaced, key); again.Body != answers[0].Body {
				t.Errorf("%s: said otherwise, but meant the same: %d %s", op, again.Status, again.Body)
			}
			lain := elsewise.Replace(sample[op])
			if lain == "{}" {
				lain = `{"parts": []}`
			}
			if other := p.insist(rt.Method(), addr, lain, key); other.Status != http.StatusUnprocessableEntity || !strings.Contains(other.Body, "api.other_body") {
				t.Errorf("%s: another body: %d %s", op, other.Status, other.Body)
			}
		}
		s.holds(t)
	})
}

// elsewise makes of each body another that is as good.
var elsewise = strings.NewReplacer("Opak", "Opik", "bungkus", "kotak", `"threshold": 1`, `"threshold": 2`, `"quantity": 1`, `"quantity": 3`, "lost", "used", "halo", "hai",
	`"Rina"`, `"Rini"`, "pedas", "manis", "T04:00", "T05:00", `"code_from": 500000`, `"code_from": 600000`)

// newest is the phone number in a body, which names a customer once.
func newest(body string) string {
	_, rest, ok := strings.Cut(body, `"phone": "`)
	if !ok {
		return "\x00"
	}
	n, _, _ := strings.Cut(rest, `"`)
	return n
}

// What is refused is not kept; what is kept is sealed, goes after seven days,
// and is emptied with the person it is about.
func TestAnswersAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now()
		var ahead atomic.Int64
		db.Now = func() time.Time { return now.Add(time.Duration(ahead.Load())) }
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 50)
		p := s.program(t, s.key(t, sh, api.Grants...))
		path, key := web.APIBase+"/my/customers", id.New().String()
		if got := p.ask("POST", path, `{"name": "", "phone": "08"}`, "Idempotency-Key", key); got.Status != 422 {
			t.Fatalf("%d: %s", got.Status, got.Body)
		}
		first := p.ask("POST", path, `{"name": "Xaverius", "phone": "081377001234"}`, "Idempotency-Key", key)
		if first.Status != 201 {
			t.Fatalf("after a refusal the key counts anew: %d %s", first.Status, first.Body)
		}
		var kept string
		err := s.DB.View(t.Context(), sh.job(), func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), `SELECT answer FROM api_answers WHERE business_id = $1`, sh.sc.Business).Scan(&kept)
		})
		if err != nil || kept == "" || strings.Contains(kept, "Xaverius") {
			t.Errorf("the answer is kept as %q, %v", kept, err)
		}
		// Another program's key of the same name is another key.
		other := p
		other.secret = s.key(t, sh, api.CustomersWrite)
		if got := other.ask("POST", path, `{"name": "Quamila", "phone": "081377001235"}`, "Idempotency-Key", key); got.Status != 201 {
			t.Errorf("another caller: %d %s", got.Status, got.Body)
		}
		who, err := id.Parse(strings.TrimPrefix(first.Header.Get("Location"), path+"/"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Customers.Erase(t.Context(), sh.sc, who); err != nil {
			t.Fatal(err)
		}
		if got := p.ask("POST", path, `{"name": "Xaverius", "phone": "081377001234"}`, "Idempotency-Key", key); got.Status != http.StatusGone ||
			!strings.Contains(got.Body, `"code":"api.erased"`) || strings.Contains(got.Body, "Xaverius") {
			t.Errorf("after erasing: %d %s", got.Status, got.Body)
		}
		rows := func() int64 {
			return s.one(t, sh.job(), `SELECT count(*) FROM api_answers WHERE business_id = $1`, sh.sc.Business)
		}
		ahead.Store(int64(api.Kept - time.Second))
		if err := s.Keys.Sweep(t.Context(), sh.job()); err != nil || rows() != 2 {
			t.Errorf("a second before their time: %v, %d rows, want 2", err, rows())
		}
		ahead.Store(int64(api.Kept + time.Minute))
		if got := other.ask("POST", path, `{"name": "Quamila", "phone": "081377001236"}`, "Idempotency-Key", key); got.Status != 201 {
			t.Errorf("after seven days the key is free: %d %s", got.Status, got.Body)
		}
		if _, err := s.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows() != 1 { // the one just made
			t.Errorf("%d rows after the sweep, want 1", rows())
		}
		s.holds(t)
	})
}

// A write that breaks off half-way leaves nothing, and happens once when it is
// sent again.
func TestBrokenOffLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Bu Euis", 10)
		ask := api.Ask{Route: "test", Key: id.New().String(), Hash: "h"}
		receive := func(ctx context.Context) error {
			return s.Stock.Receive(ctx, sh.sc, stock.Movement{ID: id.New(), Variant: sh.variant, Quantity: 5, Reason: stock.Bought})
		}
		broken := errors.New("broken off")
		run := func(after func(context.Context) error) (api.Answer, error) {
			return s.Keys.Once(t.Context(), sh.sc, ask, func(ctx context.Context) (api.Answer, error) {
				if err := receive(ctx); err != nil {
					return api.Answer{}, err
				}
				return api.Answer{Status: 201, Body: []byte("{}\n")}, after(ctx)
			})
		}
		if _, err := run(func(context.Context) error { return broken }); !errors.Is(err, broken) {
			t.Fatalf("Once = %v, want %v", err, broken)
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = run(func(context.Context) error { panic("killed") })
			t.Error("the panic went nowhere")
		}()
		// An error of a joined write gives up the whole, also if it is overheard.
		if _, err := run(func(ctx context.Context) error {
			_ = s.DB.Tx(ctx, sh.sc, func(*store.Tx) error { return broken })
			return nil
		}); !errors.Is(err, broken) {
			t.Errorf("an error that was overheard: %v", err)
		}
		if _, err := run(func(ctx context.Context) error {
			return s.DB.View(ctx, authz.Job(id.New()), func(*store.Tx) error { return nil })
		}); err == nil {
			t.Error("another business's transaction was joined")
		}
		if n := s.free(t, sh); n != 10 {
			t.Fatalf("%d free after writes that broke off, want 10", n)
		}
		for i := range 3 {
			if a, err := run(func(context.Context) error { return nil }); err != nil || a.Again != (i > 0) {
				t.Errorf("Once = %+v, %v", a, err)
			}
		}
		if n := s.free(t, sh); n != 15 {
			t.Errorf("%d free, want 15", n)
		}
		s.holds(t)
	})
}

// cutter stands between the program and PostgreSQL. Armed, it loses the answer
// to the next commit: after it was done, or before it arrives.
type cutter struct {
	after, before atomic.Bool
	cut           atomic.Int64
}

func (c *cutter) listen(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	to := filepath.Join(q.Get("host"), ".s.PGSQL.5432")
	dir, err := os.MkdirTemp("", "cut")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", to)
			if err != nil {
				_ = in.Close()
				return
			}
			go c.carry(in, out)
		}
	}()
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	return u.String()
}

func (c *cutter) carry(in, out net.Conn) {
	defer in.Close()
	defer out.Close()
	var lose atomic.Bool
	go func() { // from the server
		defer in.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := out.Read(b)
			if err != nil {
				return
			}
			if lose.Load() && bytes.Contains(b[:n], []byte("COMMIT\x00")) {
				c.cut.Add(1)
				return // done, and nobody is told
			}
			if _, err := in.Write(b[:n]); err != nil {
				return
			}
		}
	}()
	b, writes := make([]byte, 64<<10), false
	for {
		n, err := in.Read(b)
		if err != nil {
			return
		}
		if bytes.Contains(b[:n], []byte("BEGIN")) {
			writes = !bytes.Contains(b[:n], []byte("READ ONLY"))
		}
		if writes && bytes.Contains(b[:n], []byte("COMMIT")) {
			if c.before.CompareAndSwap(true, false) {
				c.cut.Add(1)
				return
			}
			if c.after.CompareAndSwap(true, false) {
				lose.Store(true)
			}
		}
		if _, err := out.Write(b[:n]); err != nil {
			return
		}
	}
}

// When nobody knows whether the commit happened, the answer is looked for; if
// it is not there, the program is told to send the same again. Either way the
// write happens once.
func TestUnknownOutcome(t *testing.T) {
	var c cutter
	db := storetest.Open(t, c.listen(t, storetest.PostgresDSN(t)))
	s := newSite(t, db)
	sh := s.shop(t, "Dapur Bu Euis", 10)
	p := s.program(t, s.key(t, sh, api.Grants...))
	p.ask("GET", web.APIBase+"/my", "") // its use is noted, so that the next commit is the write's
	path := web.APIBase + "/my/stock/" + sh.variant.String() + "/movements"
	body := `{"quantity": 5, "reason": "bought"}`

	key := id.New().String()
	c.after.Store(true)
	lost := p.ask("POST", path, body, "Idempotency-Key", key)
	if c.cut.Load() != 1 {
		t.Fatalf("void: %d commits were cut off, want 1", c.cut.Load())
	}
	if lost.Status != http.StatusCreated {
		t.Errorf("done, but the answer got lost: %d %s, want the kept answer", lost.Status, lost.Body)
	}
	if n := s.free(t, sh); n != 15 {
		t.Errorf("%d free, want 15", n)
	}

	key = id.New().String()
	c.before.Store(true)
	lost = p.ask("POST", path, body, "Idempotency-Key", key)
	if c.cut.Load() != 2 {
		t.Fatalf("void: %d commits were cut off, want 2", c.cut.Load())
	}
	if lost.Status != http.StatusServiceUnavailable || !strings.Contains(lost.Body, "store.unknown") || lost.Header.Get("Retry-After") == "" {
		t.Errorf("not done, and nobody knows: %d %s", lost.Status, lost.Body)
	}
	again := p.ask("POST", path, body, "Idempotency-Key", key)
	if n := s.free(t, sh); again.Status != http.StatusCreated || n != 20 {
		t.Errorf("sent again: %d %s, %d free, want 20", again.Status, again.Body, n)
	}
	s.holds(t)
}
