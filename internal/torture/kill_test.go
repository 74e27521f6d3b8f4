package torture_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

const (
	perEpoch = 25 // rounds on one installation; then another begins
	buyers   = 8
	stalls   = 24
)

// killing is a trial that kills the server under load, again and again.
type killing struct {
	*trial
	t        *testing.T
	postgres bool
	planted  string // a mistake of the program
	spoil    string // a mistake of the trial's own
	box      *mailbox
	slowest  time.Duration
	answered int

	// of the present installation
	conf  app.Config
	shops []stall
	crowd *crowd
	dead  time.Time // when the server was killed last
}

func (k *killing) bad(format string, args ...any) {
	k.found = append(k.found, fmt.Sprintf(format, args...))
}

// TestKill kills the server with SIGKILL under load: what was answered is
// there, what was not is done once when it is sent again, every invariant
// holds, no job is lost, and the server stands again by itself.
func TestKill(t *testing.T) {
	for _, c := range []struct {
		engine    string
		planted   string
		spoil     string
		few, many int
	}{
		{"sqlite", "", "", 4, 200},
		{"sqlite", "ack-early", "", 5, 10},
		{"sqlite", "job-forget", "", 6, 10},
		{"sqlite", "mail-twice", "", 3, 10},
		{"sqlite", "", "a new id at the second try", 1, 2},
		{"sqlite", "", "a piece gone from the shelf", 1, 2},
		{"postgres", "", "", 3, 50},
		{"postgres", "ack-early", "", 5, 10},
		{"postgres", "job-forget", "", 0, 10},
	} {
		n := rounds(c.few, c.many)
		if n == 0 || c.few == 0 && !long() {
			continue
		}
		name := "kill " + c.engine
		t.Run(strings.ReplaceAll(strings.TrimSpace(c.engine+" "+c.planted+c.spoil), " ", "_"), func(t *testing.T) {
			k := &killing{
				trial: &trial{name: name, planted: c.planted + c.spoil, seed: seed()}, t: t, postgres: c.engine == "postgres",
				planted: c.planted, spoil: c.spoil, box: newMailbox(t),
			}
			k.run(t.Context(), n)
			k.note = fmt.Sprintf("%d orders answered, slowest start %s", k.answered, k.slowest.Round(time.Millisecond))
			k.report(t)
		})
	}
}

func (k *killing) run(ctx context.Context, n int) {
	bin := binary(k.t, k.planted)
	var s *server
	defer func() {
		if s != nil {
			s.kill()
		}
	}()
	for round := range n {
		if round%perEpoch == 0 {
			if s != nil {
				k.end(ctx, s)
				s.kill()
			}
			k.begin()
		}
		if k.trial.planted != "" && len(k.found) > 0 {
			return // seen
		}
		s = k.round(ctx, bin, s, round)
		k.rounds++
		if s == nil {
			return
		}
	}
	k.end(ctx, s)
}

// begin makes a fresh installation.
func (k *killing) begin() {
	k.t.Helper()
	dir := k.t.TempDir()
	dsn := "sqlite:" + filepath.Join(dir, "lapak.db")
	if k.postgres {
		dsn = storetest.PostgresDSN(k.t)
	}
	k.conf = settings(dir, dsn)
	k.conf.Mail, k.conf.MailFrom = k.box.url(), "lapak@contoh.id"
	k.box.clear()
	k.shops, k.crowd = furnish(k.t, k.conf, stalls), newCrowd()
}

func (k *killing) start(ctx context.Context, bin string) *server {
	s, took, err := start(ctx, bin, k.planted, nil, "--data", k.conf.Data, "--db", k.conf.DB, "--mail", k.conf.Mail, "--mail-from", k.conf.MailFrom)
	if err != nil {
		k.bad("it does not stand again: %v", err)
		return nil
	}
	k.slowest = max(k.slowest, took)
	return s
}

// round loads the server, kills it, starts it again and looks what is there.
func (k *killing) round(ctx context.Context, bin string, s *server, round int) *server {
	d := dice(k.seed, round)
	if s == nil || s.ended() {
		if s = k.start(ctx, bin); s == nil {
			return nil
		}
	}
	from := len(k.crowd.all)
	rush, over := context.WithCancel(ctx)
	wg := k.crowd.rush(rush, s.url, k.shops, buyers, d)
	for until := time.Now().Add(bound); !k.crowd.served(from) && time.Now().Before(until) && !s.ended(); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(d.IntN(500_000)) * time.Microsecond) // the moment of the kill is what the round is about
	if s.ended() {
		k.bad("the server ended by itself: %v\n%s", s.err, s.said)
	}
	s.kill()
	k.dead = time.Now()
	over()
	wg.Wait()
	yes, unanswered := k.crowd.split(from)
	if len(yes) == 0 {
		k.voids = append(k.voids, fmt.Sprintf("round %d: no order was answered before the kill", round))
	}
	k.answered += len(yes)
	if k.spoil == "a piece gone from the shelf" {
		k.lose(ctx)
	}
	if d.IntN(6) == 0 { // killed while it starts, too
		if early := k.early(bin, time.Duration(d.IntN(250))*time.Millisecond); early != nil {
			k.bad("it could not be started to be killed: %v", early)
		}
	}
	if s = k.start(ctx, bin); s == nil {
		return nil
	}
	k.check(ctx, s, yes, unanswered)
	return s
}

// check looks for what the buyers of a round were told, and sends again what
// was not answered.
func (k *killing) check(ctx context.Context, s *server, yes, unanswered []*bought) {
	each(yes, func(b *bought) { k.sees(ctx, s, b) })
	each(append(unanswered, yes[:min(5, len(yes))]...), func(b *bought) { k.again(ctx, s, b) })
	k.compare(ctx, s)
}

// early starts the server and kills it before it is ready.
func (k *killing) early(bin string, after time.Duration) error {
	short, cancel := context.WithTimeout(k.t.Context(), after)
	defer cancel()
	s, _, err := start(short, bin, k.planted, nil, "--data", k.conf.Data, "--db", k.conf.DB, "--mail", k.conf.Mail, "--mail-from", k.conf.MailFrom)
	if err == nil {
		s.kill()
	}
	if short.Err() != nil {
		return nil
	}
	return err
}

// sees opens the page of an order that was answered.
func (k *killing) sees(ctx context.Context, s *server, b *bought) {
	a, err := k.crowd.ask(ctx, http.MethodGet, s.url+b.link, nil)
	k.crowd.mu.Lock()
	defer k.crowd.mu.Unlock()
	switch {
	case err != nil:
		k.bad("the page of an answered order: %v", err)
	case a.status != http.StatusOK:
		k.bad("an answered order is gone: its page is %d", a.status)
	case !strings.Contains(webtest.Text(a.body, "main"), strings.TrimPrefix(money.String(b.n*price), "Rp")):
		k.bad("an answered order says another sum than %s", money.String(b.n*price))
	}
}

// again sends an order once more, as a buyer would who got no answer; a few
// who got one press twice.
func (k *killing) again(ctx context.Context, s *server, b *bought) {
	if k.spoil == "a new id at the second try" {
		b.form.Set("id", id.New().String())
	}
	for range 20 {
		if k.crowd.order(ctx, s.url, b) {
			return
		}
	}
	k.crowd.mu.Lock()
	defer k.crowd.mu.Unlock()
	k.bad("an order that was sent again is not taken")
}

// lose takes a piece from a shelf without a word in the stock's book.
func (k *killing) lose(ctx context.Context) {
	a, err := open(ctx, k.conf)
	if err != nil {
		k.voids = append(k.voids, err.Error())
		return
	}
	defer a.Close()
	if err := a.DB.Tx(ctx, k.shops[0].sc, func(tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE stock_levels SET on_hand = on_hand - 1 WHERE business_id = $1`, k.shops[0].sc.Business)
		return err
	}); err != nil {
		k.voids = append(k.voids, err.Error())
	}
}

// compare holds what the buyers were told against the data, and the data against itself.
func (k *killing) compare(ctx context.Context, s *server) {
	k.found = append(k.found, k.crowd.odd...)
	k.crowd.odd = nil
	a, err := open(ctx, k.conf)
	if err != nil {
		k.bad("open the data: %v", err)
		return
	}
	defer a.Close()
	type sums struct{ orders, total, pieces int64 }
	want := map[id.ID]sums{}
	for _, b := range k.crowd.all {
		w := want[b.stall.sc.Business]
		want[b.stall.sc.Business] = sums{w.orders + 1, w.total + b.n*price, w.pieces + b.n}
	}
	for _, st := range k.shops {
		var got sums
		err := a.DB.View(ctx, st.sc, func(tx *store.Tx) error {
			if err := tx.QueryRowContext(ctx, `SELECT count(*), CAST(coalesce(sum(total), 0) AS bigint) FROM orders WHERE business_id = $1`, st.sc.Business).Scan(&got.orders, &got.total); err != nil {
				return err
			}
			l, err := a.Stock.Levels(ctx, tx, st.sc, []id.ID{st.variant})
			got.pieces = pieces - l[st.variant].Free()
			return err
		})
		if err != nil {
			k.bad("read the orders: %v", err)
		} else if w := want[st.sc.Business]; got != w {
			k.bad("%s has %d orders of %d for %d pieces; %d of %d for %d were sent", st.slug, got.orders, got.total, got.pieces, w.orders, w.total, w.pieces)
		}
	}
	// A minute goes by for the jobs that the dead server held.
	if err := a.DB.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET due_at = $1 WHERE tries > 0 AND dead_at IS NULL AND due_at <= $2`, tx.Now, k.dead.Add(time.Minute).UTC())
		return err
	}); err != nil {
		k.bad("jobs: %v", err)
	}
	looked := []string{"database", "form of the data", "storage", "invariant", "invariants", "history", "services", "key"}
	for f := range app.Check(ctx, k.conf) {
		if f.State == "FAIL" && slices.Contains(looked, f.What) && !(k.postgres && f.What == "storage") { // the tests' PostgreSQL waits for no disk
			k.bad("lapak check: %s: %s", f.What, f.Detail)
		}
	}
	if s.ended() {
		k.bad("the server ended by itself: %v\n%s", s.err, s.said)
	}
}

// end waits until the jobs are done and counts the mails: one for each order.
func (k *killing) end(ctx context.Context, s *server) {
	if s == nil || len(k.found) > 0 && k.trial.planted != "" {
		return
	}
	a, err := open(ctx, k.conf)
	if err != nil {
		k.bad("open the data: %v", err)
		return
	}
	defer a.Close()
	// They may take long on a busy machine, but not stand still.
	waiting, was := int64(-1), int64(-1)
	for until := time.Now().Add(bound); waiting != 0 && time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if waiting != was {
			was, until = waiting, time.Now().Add(bound)
		}
		err := a.DB.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT count(*) FROM jobs WHERE kind IN ('mail.send', 'push.fan')`).Scan(&waiting)
		})
		if err != nil {
			k.bad("read the jobs: %v", err)
			return
		}
	}
	different, times, twice := k.box.count()
	if waiting != 0 {
		k.bad("%d jobs are not done, and none was in the last %s", waiting, bound)
	}
	if want := len(k.crowd.all); different != want {
		k.bad("%d different mails for %d orders", different, want)
	}
	slices.Sort(twice)
	for _, about := range twice[:min(3, len(twice))] {
		k.bad("more than one mail: %s: %v", about, slices.Sorted(maps.Keys(k.box.keys[about])))
	}
	k.t.Logf("%d mails, sent %d times, for %d orders", different, times, len(k.crowd.all))
}
