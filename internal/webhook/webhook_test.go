package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/outbound"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

var update = flag.Bool("update", false, "write docs/webhooks.md anew")

func TestDocsShowEveryKind(t *testing.T) {
	const file = "../../docs/webhooks.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	seen := map[string]bool{}
	for _, m := range Examples("https://toko.example") {
		seen[m.Type] = true
		j, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n### `" + m.Type + "`\n\n```json\n" + string(j) + "\n```\n")
	}
	for _, k := range Kinds {
		if !seen[k] {
			t.Errorf("no example of %s", k)
		}
	}
	head, rest, ok := strings.Cut(string(b), "## Messages\n")
	if *update {
		if err := os.WriteFile(file, []byte(head+"## Messages\n"+out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !ok || rest != out.String() {
		t.Error("docs/webhooks.md shows other messages than the program sends: run this test with -update")
	}
}

// rig is a shop with a receiver that answers as the test says.
type rig struct {
	*Service
	jobs   *job.Runner
	sc     authz.Scope
	r      Receiver
	secret string
	now    time.Time
	status int
	header map[string]string
	got    []http.Header
	bodies []string
}

func newRig(t *testing.T, db *store.DB) *rig {
	t.Helper()
	g := &rig{now: time.Now().UTC().Truncate(time.Second), status: 200, header: map[string]string{}}
	db.Now = func() time.Time { return g.now }
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		g.got, g.bodies = append(g.got, r.Header), append(g.bodies, string(b))
		for k, v := range g.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(g.status)
		_, _ = io.WriteString(w, strings.Repeat("x", 900))
	}))
	t.Cleanup(srv.Close)
	var err error
	if g.Service, err = New(db, srv.Client(), make([]byte, 32), "https://toko.example"); err != nil {
		t.Fatal(err)
	}
	g.jobs = job.New(db, job.Options{})
	g.Register(g.jobs)
	g.sc = owner(id.New(), g.now)
	if g.r, g.secret, err = g.Make(t.Context(), g.sc, Draft{ID: id.New(), URL: srv.URL, Kinds: []string{OrderPlaced}}); err != nil {
		t.Fatal(err)
	}
	return g
}

func owner(business id.ID, now time.Time) authz.Scope {
	return authz.Scope{Actor: id.New(), Business: business, Role: authz.Owner, Now: now, ProvenAt: now}
}

func (g *rig) emit(t *testing.T, object id.ID) {
	t.Helper()
	if err := g.db.Tx(t.Context(), g.sc, func(tx *store.Tx) error {
		return g.Emit(t.Context(), tx, g.sc, Event{Kind: OrderPlaced, Object: object, Path: OrderPath(object), Data: Order{Order: object}})
	}); err != nil {
		t.Fatal(err)
	}
}

func (g *rig) drain(t *testing.T) {
	t.Helper()
	if _, err := g.jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (g *rig) log(t *testing.T) (Receiver, []Delivery) {
	t.Helper()
	r, list, _, err := g.Get(t.Context(), g.sc, g.r.ID, id.ID{})
	if err != nil {
		t.Fatal(err)
	}
	return r, list
}

func TestSignedAndNumbered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		o := id.New()
		verify := func(secret string, i int) error {
			v, err := standard.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			return v.VerifyIgnoringTimestamp([]byte(g.bodies[i]), g.got[i])
		}
		g.emit(t, o)
		g.drain(t)
		g.emit(t, o)
		g.drain(t)
		if len(g.got) != 2 || verify(g.secret, 0) != nil || !strings.Contains(g.bodies[0], `"sequence":1,`) || !strings.Contains(g.bodies[1], `"sequence":2,`) {
			t.Fatalf("got %v, %v", g.got, g.bodies)
		}
		g.bodies[1] += " "
		if verify(g.secret, 1) == nil {
			t.Error("an altered body is verified")
		}
		_, fresh, err := g.Rotate(t.Context(), g.sc, g.r.ID, g.r.Secret)
		if err != nil || fresh == g.secret {
			t.Fatal(err)
		}
		if _, _, err := g.Rotate(t.Context(), g.sc, g.r.ID, g.r.Secret); !errors.Is(err, ErrTwice) {
			t.Errorf("the same rotation again = %v", err)
		}
		g.emit(t, o)
		g.drain(t)
		if verify(g.secret, 2) != nil || verify(fresh, 2) != nil {
			t.Error("after a rotation both secrets should verify")
		}
		g.now = g.now.Add(Overlap + time.Minute)
		g.emit(t, o)
		g.drain(t)
		if verify(g.secret, 3) == nil || verify(fresh, 3) != nil {
			t.Error("a day after, the new secret alone should verify")
		}
		if _, list := g.log(t); len(list) != 4 || list[0].State != Done || list[0].Status != 200 || len(list[0].Answer) != maxSaid {
			t.Errorf("the log says %+v", list)
		}
	})
}

func TestTriedForThreeDaysThenSwitchedOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		g.status = 500
		g.emit(t, id.New())
		begun := g.now
		var last time.Duration
		for n := 0; n < 40; n++ {
			g.drain(t)
			r, list := g.log(t)
			if list[0].State == Failed {
				if r.State != Off || g.now.Sub(begun) < Lifetime-14*time.Hour || n < 10 {
					t.Errorf("after %v and %d tries: %+v", g.now.Sub(begun), n, r)
				}
				break
			}
			pause := list[0].DueAt.Sub(g.now)
			if n < len(waits) && pause <= last {
				t.Errorf("pause %d is %v, after %v", n, pause, last)
			}
			last, g.now = pause, *list[0].DueAt
		}
		tries := len(g.got)
		for _, h := range g.got {
			if h.Get("webhook-id") != g.got[0].Get("webhook-id") {
				t.Error("a try had another id")
			}
		}
		g.sc = owner(g.sc.Business, g.now)
		g.emit(t, id.New())
		g.drain(t)
		if len(g.got) != tries {
			t.Error("a receiver that is off was told")
		}
		if err := g.ResendFailed(t.Context(), g.sc, g.r.ID, time.Time{}); !errors.Is(err, ErrNotOn) {
			t.Errorf("ResendFailed = %v", err)
		}
		g.status = 200
		if err := errors.Join(g.Resume(t.Context(), g.sc, g.r.ID), g.ResendFailed(t.Context(), g.sc, g.r.ID, time.Time{})); err != nil {
			t.Fatal(err)
		}
		g.drain(t)
		if r, list := g.log(t); len(g.got) != tries+1 || list[0].State != Done || r.FailingAt != nil || g.got[tries].Get("webhook-id") != g.got[0].Get("webhook-id") {
			t.Errorf("sent again: %+v, %+v", r, list)
		}
	})
}

func TestAskedToWaitAndGone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		g.status, g.header["Retry-After"] = 429, "7200"
		g.emit(t, id.New())
		g.drain(t)
		if _, list := g.log(t); list[0].DueAt.Sub(g.now) < 2*time.Hour {
			t.Errorf("next try at %v", list[0].DueAt)
		}
		g.now, g.status = g.now.Add(3*time.Hour), 410
		g.drain(t)
		if r, list := g.log(t); r.State != Gone || list[0].State != Failed || list[0].Tries != 2 {
			t.Errorf("after 410: %+v, %+v", r, list)
		}
	})
}

func TestSentAgainAfterACrash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		g.emit(t, id.New())
		_, list := g.log(t)
		// The message goes out, and what would record it does not run: there is no job to finish.
		if err := g.send(t.Context(), authz.Job(g.sc.Business), sendJob{list[0].ID, 0}); err == nil {
			t.Fatal("void: it was recorded")
		}
		g.drain(t)
		if len(g.got) != 2 || g.got[0].Get("webhook-id") != g.got[1].Get("webhook-id") {
			t.Errorf("sent %d times", len(g.got))
		}
	})
}

func TestNobodyElsesAndNothingInside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		g.emit(t, id.New())
		_, list := g.log(t)
		other := owner(id.New(), g.now)
		ctx := t.Context()
		for what, err := range map[string]error{
			"drop": g.Drop(ctx, other, g.r.ID), "pause": g.Pause(ctx, other, g.r.ID), "resend": g.Resend(ctx, other, g.r.ID, list[0].ID), "try": g.Try(ctx, other, g.r.ID),
			"rotate": func() error { _, _, err := g.Rotate(ctx, other, g.r.ID, g.r.Secret); return err }(),
			"read":   func() error { _, _, _, err := g.Get(ctx, other, g.r.ID, id.ID{}); return err }(),
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s of another's = %v, want %v", what, err, ErrNotFound)
			}
		}
		stale := g.sc
		stale.Now = stale.ProvenAt.Add(authz.FreshFor + time.Second)
		if _, _, err := g.Rotate(ctx, stale, g.r.ID, g.r.Secret); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("Rotate with an old proof = %v", err)
		}
		g.client = outbound.Client(false)
		g.drain(t)
		if _, list := g.log(t); len(g.got) != 0 || list[0].Why != "private" {
			t.Errorf("this machine was reached: %+v", list)
		}
	})
}

// What was said after 2xx does not matter, not even that it broke off.
func TestReceivedWhateverFollows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		g.header["Content-Length"] = "100000"
		g.emit(t, id.New())
		g.drain(t)
		if _, list := g.log(t); len(list) != 1 || list[0].State != Done || list[0].Why != "" {
			t.Errorf("the log says %+v", list)
		}
		g.status, g.now = 500, g.now.Add(2*time.Second) // so that it is the newer one in the log
		g.emit(t, id.New())
		g.drain(t)
		if _, list := g.log(t); list[0].State != Waiting || list[0].Why == "" {
			t.Errorf("the log says %+v", list)
		}
	})
}

// An order that chose its receivers just before one was deleted leaves nothing.
func TestNothingWaitsForWhoIsGone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		if err := g.db.Tx(t.Context(), g.sc, func(tx *store.Tx) error {
			if _, err := tx.ExecContext(t.Context(), `DELETE FROM webhook_receivers WHERE business_id = $1`, g.sc.Business); err != nil {
				return err
			}
			return g.write(t.Context(), tx, g.sc, []id.ID{g.r.ID}, Event{Kind: OrderPlaced, Object: id.New(), Data: Order{}})
		}); err != nil {
			t.Fatal(err)
		}
		g.drain(t)
		var left int64
		if err := g.db.View(t.Context(), g.sc, func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM webhook_deliveries WHERE business_id = $1`, g.sc.Business).Scan(&left)
		}); err != nil || left != 0 || len(g.got) != 0 {
			t.Errorf("%d deliveries are left, %d sent, %v", left, len(g.got), err)
		}
	})
}

func TestNoReceiverCostsNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		sc := owner(id.New(), g.now)
		emit := func() int64 {
			ctx, n := store.CountQueries(context.WithoutCancel(t.Context()))
			if err := db.Tx(ctx, sc, func(tx *store.Tx) error {
				return errors.Join(g.Emit(ctx, tx, sc, Event{Kind: OrderPlaced, Object: id.New()}), g.StockMoved(ctx, tx, sc, id.New()))
			}); err != nil {
				t.Fatal(err)
			}
			return n.Load()
		}
		if emit() == 0 {
			t.Fatal("void: nothing was counted")
		}
		if err := g.Warm(t.Context(), sc); err != nil {
			t.Fatal(err)
		}
		if n := emit(); n != 0 {
			t.Errorf("%d statements", n)
		}
		if _, _, err := g.Make(t.Context(), sc, Draft{ID: id.New(), URL: "https://x.example", Kinds: []string{OrderPlaced}}); err != nil {
			t.Fatal(err)
		}
		if emit() == 0 {
			t.Error("a new receiver is not seen")
		}
	})
}
