package torture_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/push"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

var update = flag.Bool("update", false, "write the table of docs/resilience.md anew")

const page = "../../docs/resilience.md"

// The table lies between these two lines of the page.
const (
	tableBegins = "<!-- what TestFaults saw; go test ./internal/torture -run TestFaults -update writes it anew -->"
	tableEnds   = "<!-- end -->"
)

// cell are what people see of one fault of one service.
type cell struct {
	service, fault                 string
	kept, read, write, work, later string
}

func (c cell) line() string {
	return "| " + strings.Join([]string{c.service, c.fault, c.kept, c.read, c.write, c.work, c.later}, " | ") + " |"
}

// world is an installation with a server, of which one service can be spoiled.
type world struct {
	t     *testing.T
	k     *killing
	s     *server
	stall stall
	mail  *line
	last  *bought // the order sent while the fault was there
	sent  []*bought
	blind bool // the data cannot be opened beside the server
	found []string
}

// bad notes what is not as it should be.
func (w *world) bad(format string, args ...any) {
	w.found = append(w.found, fmt.Sprintf(format, args...))
}

// newWorld starts a server. dir is where it finds its data, dsn its database.
func newWorld(t *testing.T, planted string, prepare func(k *killing) (dir, dsn string)) *world {
	t.Helper()
	k := &killing{trial: &trial{}, t: t, box: newMailbox(t)}
	k.box.slow = 0
	w := &world{t: t, k: k}
	w.mail = newLine(t, k.box.addr)
	k.conf = settings(t.TempDir(), "")
	k.conf.Mail, k.conf.MailFrom = "smtp+plain://"+w.mail.addr, "lapak@contoh.id"
	dir, dsn := prepare(k)
	s, _, err := start(t.Context(), binary(t, planted), planted, nil, "--data", dir, "--db", dsn, "--backup-dir", t.TempDir(), "--mail", k.conf.Mail, "--mail-from", k.conf.MailFrom)
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	t.Cleanup(s.kill)
	w.s, w.stall = s, k.shops[0]
	return w
}

// get asks for a page of the shop's, as somebody who reads English or not.
func (w *world) get(path string) (answer, time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 15*time.Second)
	defer cancel()
	began := time.Now()
	a, err := w.k.crowd.ask(ctx, http.MethodGet, w.s.url+w.stall.at(path), nil)
	if err != nil {
		w.t.Errorf("void: %s: no answer: %v", path, err)
	}
	return a, time.Since(began)
}

var serial int

// see tries the fault: a kept page, one that must be read, and an order.
func (w *world) see(c *cell) {
	w.t.Helper()
	shown := func(a answer, took time.Duration, most time.Duration) string {
		if took > most {
			return fmt.Sprintf("after more than %s", most)
		}
		switch {
		case a.status == http.StatusOK:
			return "shown"
		case a.status == http.StatusServiceUnavailable && w.calm(a):
			return "503: " + sentence(a)
		}
		return strconv.Itoa(a.status)
	}
	a, took := w.get("")
	c.kept = shown(a, took, 4*time.Second)
	serial++
	a, took = w.get("?q=x" + strconv.Itoa(serial))
	c.read = shown(a, took, 11*time.Second)
	w.last = &bought{stall: w.stall, n: 1, form: w.stall.form(1)}
	w.sent = append(w.sent, w.last)
	w.last.form.Set("note", `pedas "sekali" & <manis>`)
	c.write = w.send(w.last)
}

// send orders and tells what the buyer sees.
func (w *world) send(b *bought) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	began := time.Now()
	a, err := w.k.crowd.ask(ctx, http.MethodPost, w.s.url+b.stall.at("/pesan"), b.form)
	if err != nil {
		w.t.Errorf("void: order: no answer: %v", err)
		return "no answer"
	}
	took := time.Since(began)
	if took > 12*time.Second {
		w.bad("an order is answered after %s", took)
	}
	switch {
	case a.status == http.StatusSeeOther && strings.HasPrefix(a.location, "/o/"):
		b.link = a.location
		return "taken"
	case a.status == http.StatusServiceUnavailable && w.calm(a):
		kept := webtest.Form(a.body, "form[data-kept]")
		kept.Del("_t")
		if at := webtest.Attr(a.body, "form[data-kept]", "action"); at != b.stall.at("/pesan") || kept.Encode() != b.form.Encode() {
			w.bad("the form is not kept for %q:\n%v\nwas sent:\n%v", at, kept, b.form)
			return "503: what was typed is lost"
		}
		if took < time.Second {
			w.english(b)
		}
		return "503: " + sentence(a) + " One press sends the form again"
	}
	w.t.Logf("the server said:\n%s", w.s.said)
	return strconv.Itoa(a.status)
}

// calm reports whether a refusal says when to come back and under which name it is in the log.
func (w *world) calm(a answer) bool {
	ok := true
	for what, there := range map[string]bool{
		"when to come back":        a.header.Get("Retry-After") != "",
		"the name in the log":      strings.Contains(webtest.Text(a.body, "[data-mishap]"), a.header.Get("X-Request-Id")),
		"not to be kept":           a.header.Get("Cache-Control") == "no-store",
		"nothing of the machinery": !regexp.MustCompile(`(?i)sql|postgres|/tmp|errno|i/o|pgx`).MatchString(webtest.Text(a.body, "main")),
	} {
		if !there {
			w.bad("a refusal does not say: %s: %s", what, webtest.Text(a.body, "main"))
			ok = false
		}
	}
	return ok
}

// sentence is what a refusal says.
func sentence(a answer) string {
	return "“" + webtest.Text(a.body, "[data-mishap] > p.muted:not(.small)") + "”"
}

// english holds that the refusal is in the buyer's language.
func (w *world) english(b *bought) {
	w.t.Helper()
	a, err := w.k.crowd.ask(w.t.Context(), http.MethodPost, w.s.url+b.stall.at("/pesan")+"?bahasa=en", b.form)
	if err == nil && a.status == http.StatusServiceUnavailable && !strings.Contains(webtest.Text(a.body, "main"), "Send again") {
		w.bad("the refusal is not in English: %s", webtest.Text(a.body, "main"))
	}
}

// heals waits until orders are taken again by the same server, and sends the
// one of before once more: it is there once.
func (w *world) heals(c *cell) {
	w.t.Helper()
	began := time.Now()
	for w.last.link == "" || w.send(w.last) != "taken" {
		if w.s.ended() {
			w.t.Fatalf("the server ended by itself: %v\n%s", w.s.err, w.s.said)
		}
		if time.Since(began) > bound {
			c.later = "not by itself"
			return
		}
		time.Sleep(100 * time.Millisecond)
		if w.last.link == "" {
			w.send(w.last)
		}
	}
	c.later = "by itself"
	w.t.Logf("%s, %s: taken again after %s", c.service, c.fault, time.Since(began).Round(10*time.Millisecond))
	if a, _ := w.get("?q=y"); a.status != http.StatusOK {
		c.later = "pages: " + strconv.Itoa(a.status)
	}
}

// count tells how many orders the data have under the form's id.
func (w *world) count(ctx context.Context, b *bought) (n int64) {
	a, err := open(ctx, w.k.conf)
	if err != nil {
		w.t.Errorf("void: %v", err)
		return -1
	}
	defer a.Close()
	order, _ := id.Parse(b.form.Get("id"))
	err = a.DB.View(ctx, b.stall.sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM orders WHERE business_id = $1 AND id = $2`, b.stall.sc.Business, order).Scan(&n)
	})
	if err != nil {
		w.t.Errorf("count: %v", err)
	}
	return n
}

// settle lets a minute pass for jobs that wait to be tried again, and tells
// whether all of the kind are done.
func (w *world) settle(kind string) bool {
	w.t.Helper()
	ctx := w.t.Context()
	a, err := open(ctx, w.k.conf)
	if err != nil {
		w.t.Errorf("void: %v", err)
		return false
	}
	defer a.Close()
	left := int64(-1)
	for until := time.Now().Add(bound); left != 0 && time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		err := a.DB.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
			if _, err := tx.ExecContext(ctx, `UPDATE jobs SET due_at = $1 WHERE kind = $2 AND last_error IS NOT NULL AND dead_at IS NULL AND due_at > $1`, tx.Now, kind); err != nil {
				return err
			}
			return tx.QueryRowContext(ctx, `SELECT count(*) FROM jobs WHERE kind = $1`, kind).Scan(&left)
		})
		if err != nil {
			w.t.Errorf("void: %v", err)
			return false
		}
	}
	return left == 0
}

// tried waits until a job of the kind has failed at least once, and is kept.
func (w *world) tried(kind string) bool {
	ctx := w.t.Context()
	a, err := open(ctx, w.k.conf)
	if err != nil {
		w.t.Errorf("void: %v", err)
		return false
	}
	defer a.Close()
	for until := time.Now().Add(bound); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		var n int64
		if err := a.DB.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT count(*) FROM jobs WHERE kind = $1 AND last_error IS NOT NULL AND dead_at IS NULL`, kind).Scan(&n)
		}); err != nil {
			w.t.Errorf("void: %v", err)
			return false
		}
		if n > 0 {
			return true
		}
	}
	return false
}

// subscribe gives the shop a browser to be told of orders, at an address that
// does not answer.
func (w *world) subscribe() {
	a, err := open(w.t.Context(), w.k.conf)
	if err != nil {
		w.t.Fatalf("void: %v", err)
	}
	defer a.Close()
	sub := push.Subscription{Endpoint: "https://127.0.0.1:9/push"}
	sub.Keys.P256dh, sub.Keys.Auth = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM", "tBHItJI5svbpez7KI4CCXg"
	var owner id.ID
	if err := a.DB.View(w.t.Context(), w.stall.sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(w.t.Context(), `SELECT person_id FROM memberships WHERE business_id = $1`, w.stall.sc.Business).Scan(&owner)
	}); err != nil {
		w.t.Fatalf("void: %v", err)
	}
	sc := authz.Scope{Actor: owner, Role: authz.Owner, Business: w.stall.sc.Business, Now: a.DB.Now()}
	if err := a.Push.Subscribe(w.t.Context(), sc, sub, "id"); err != nil {
		w.t.Fatalf("void: %v", err)
	}
}

// onSQLite is a world whose data lie in a folder of the test.
func onSQLite(t *testing.T) *world {
	return newWorld(t, "", func(k *killing) (string, string) {
		k.conf.DB = "sqlite:" + k.conf.Data + "/lapak.db"
		k.shops, k.crowd = furnish(t, k.conf, 1), newCrowd()
		return k.conf.Data, k.conf.DB
	})
}

// onPostgres is a world that reaches its database through a line.
func onPostgres(t *testing.T, planted string) (*world, *line) {
	var l *line
	w := newWorld(t, planted, func(k *killing) (string, string) {
		k.conf.DB = storetest.PostgresDSN(t)
		k.shops, k.crowd = furnish(t, k.conf, 1), newCrowd()
		addr, dsn := plug(t, k.conf.DB)
		l = newLine(t, addr)
		return k.conf.Data, through(dsn, l.addr)
	})
	return w, l
}

// TestFaults takes away, one after another, what the server stands on, and
// holds what people see against the table of docs/resilience.md.
func TestFaults(t *testing.T) {
	var seen []cell
	try := func(w *world, c cell, begin, end func()) *cell {
		if a, _ := w.get(""); a.status != http.StatusOK { // the page is kept from here on
			t.Fatalf("void: the shop's page is %d before the fault", a.status)
		}
		begin()
		w.see(&c)
		end()
		w.heals(&c)
		if !w.blind {
			if n := w.count(t.Context(), w.last); n != 1 {
				t.Errorf("%s, %s: %d orders came of one form", c.service, c.fault, n)
			}
		}
		if c.work == "" {
			c.work = w.outcome()
		}
		r := &trial{name: c.service + " " + c.fault, rounds: 1, found: w.found, note: "afterwards: " + c.later}
		w.found = nil
		if c.later != "by itself" {
			r.found = append(r.found, "afterwards: "+c.later)
		}
		r.report(t)
		seen = append(seen, c)
		return &seen[len(seen)-1]
	}
	diskFaults(t, try)

	w, l := onPostgres(t, "")
	const pg = "PostgreSQL"
	try(w, cell{service: pg, fault: "gone"}, l.down, l.up)
	try(w, cell{service: pg, fault: "resets its connections"}, func() { l.down(); l.up() }, func() {})
	try(w, cell{service: pg, fault: "slow, 50 ms more for each answer"}, func() { l.poison(`{"name":"slow","type":"latency","attributes":{"latency":50}}`) }, l.cure)
	try(w, cell{service: pg, fault: "takes connections and does not answer"}, func() { l.poison(`{"name":"mute","type":"timeout","attributes":{"timeout":0}}`) }, l.cure)

	w = onSQLite(t)
	c := try(w, cell{service: "mail server", fault: "gone", work: "-"}, w.mail.down, func() {
		if !w.tried("mail.send") {
			t.Error("mail server, gone: no mail waits to be tried again")
		}
		w.mail.up()
	})
	c.work = w.outcome()
	c = try(w, cell{service: "mail server", fault: "slow, 300 ms more for each answer", work: "-"}, func() { w.mail.poison(`{"name":"slow","type":"latency","attributes":{"latency":300}}`) }, w.mail.cure)
	c.work = w.outcome()
	w.subscribe()
	c = try(w, cell{service: "push service", fault: "does not answer", work: "-"}, func() {}, func() {})
	if c.work = "not tried again"; w.tried("push.tell") {
		c.work = "tried again, up to 3 days"
	}
	compareTable(t, seen)
}

// A refusal that loses what was typed is seen.
func TestFaultsSeeALostForm(t *testing.T) {
	const planted = "forget-form"
	w, l := onPostgres(t, planted)
	l.down()
	w.send(&bought{stall: w.stall, n: 1, form: w.stall.form(1)})
	r := &trial{name: "PostgreSQL gone", planted: planted, rounds: 1, found: w.found}
	r.report(t)
}

// outcome tells what became of the mails that could not leave.
func (w *world) outcome() string {
	if !w.blind && !w.settle("mail.send") {
		return "waits"
	}
	for until := time.Now().Add(bound); ; time.Sleep(20 * time.Millisecond) {
		different, _, twice := w.k.box.count()
		switch {
		case len(twice) > 0 || different > len(w.sent):
			w.t.Errorf("%d mails for %d orders, %v under two keys", different, len(w.sent), twice)
			return "leaves twice"
		case different == len(w.sent):
			return "leaves once"
		case time.Now().After(until):
			return "waits"
		}
	}
}

// compareTable holds the page against what was seen, or writes it anew.
func compareTable(t *testing.T, seen []cell) {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), tableBegins)
	table, after, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		t.Fatalf("%s has no table between its marks", page)
	}
	lines := []string{
		"| what | fault | kept page of a shop | page that must be read | order | mail and push | afterwards |", "| --- | --- | --- | --- | --- | --- | --- |",
	}
	for _, c := range seen {
		lines = append(lines, c.line())
	}
	has := strings.Split(strings.TrimSpace(table), "\n")
	if *update {
		if err := os.WriteFile(page, []byte(before+tableBegins+"\n"+strings.Join(lines, "\n")+"\n"+tableEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, l := range lines {
		if !slices.Contains(has, l) {
			t.Errorf("docs/resilience.md does not say what was seen: %s", l)
		}
	}
	for _, h := range has {
		if !slices.Contains(lines, h) && !(strings.HasPrefix(h, "| disk") && !diskTried) {
			t.Errorf("docs/resilience.md says what was not seen: %s", h)
		}
	}
}

var diskTried bool
