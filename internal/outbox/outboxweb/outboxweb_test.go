package outboxweb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/a-h/templ"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/outbox"
	"lapak/internal/outbox/outboxweb"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/ui"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// rig is a site with a page of forms that are kept on the phone.
type rig struct {
	*webtest.Site
	db      *store.DB
	people  *account.Service
	shop    id.ID
	objects [4]id.ID
	plain   []string // forms that came as forms
}

func newRig(t *testing.T) *rig {
	t.Helper()
	db := storetest.SQLite(t)
	g := &rig{db: db, people: account.New(db, bytes.Repeat([]byte{3}, 32)), shop: id.New()}
	for i := range g.objects {
		g.objects[i] = id.New()
	}
	box := outbox.New(db, g.people, blob.New(db))
	box.Register("toy.turn", turn)
	words := fstest.MapFS{"id.json": {Data: []byte(`{"blob.type": "Ini bukan foto."}`)}, "en.json": {Data: []byte(`{"blob.type": "This is no photo."}`)}}
	g.Site = webtest.New(t, []fs.FS{outboxweb.Words, words}, nil, outboxweb.Routes(box), g.routes())
	return g
}

// turn does value = (31*value + n) mod a prime, so that the value tells the
// order. Seven is refused, and what the phone saw may clash.
func turn(ctx context.Context, tx *store.Tx, sc authz.Scope, a outbox.Act) error {
	var saw, was int64
	_ = tx.QueryRowContext(ctx, `SELECT last FROM webhook_counts WHERE business_id = $1 AND object_id = $1`, sc.Business).Scan(&was) // none: 0
	n := a.Form().Get("n")
	switch {
	case n == "7":
		return fault.New(fault.Invalid, "form.required")
	case !a.Forced && a.See(&saw) && saw != was:
		return outbox.Clash{Mine: n, Theirs: fmt.Sprint(was)}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO webhook_counts (business_id, object_id, last, at) VALUES ($1, $1, $2, $3)
		ON CONFLICT (business_id, object_id) DO UPDATE SET last = (webhook_counts.last * 31 + $2) % 1000003`, sc.Business, json.Number(n), a.At)
	return err
}

// routes are a page of one form an object, the form's address without script,
// and the way out.
func (g *rig) routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /mainan", Verb: authz.Deliver, Offline: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			page := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
				_, _ = fmt.Fprintf(w, `<p id="whose">%s</p><p data-offline-ready="Siap tanpa sinyal" hidden></p>`, web.Scope(r).Actor)
				for i, o := range g.objects {
					_, _ = fmt.Fprintf(w, `<form id="f%d" method="post" action="/mainan" enctype="multipart/form-data" data-outbox="toy.turn" data-object="%s" data-label="Putar %d"><label>n <input name="n" value="%d"/></label>`, i, o, i, i+1)
					if i == 3 {
						_, _ = io.WriteString(w, `<input type="file" name="photo" aria-label="Foto"/>`)
					}
					if err := ui.Token().Render(ctx, w); err != nil {
						return err
					}
					_, _ = io.WriteString(w, `<button name="how" value="now">Putar</button></form>`)
				}
				_, _ = io.WriteString(w, `<a data-keep="2" href="/perhentian">Perhentian</a>`)
				_, err := io.WriteString(w, `<form method="post" action="/keluar"><button id="out">Keluar</button></form>`)
				return err
			})
			shell := ui.Shell(ui.Page{Title: "Mainan", Scripts: []string{"photo"}})
			return web.Render(w, r, http.StatusOK, templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
				return shell.Render(templ.WithChildren(ctx, page), w)
			}))
		}},
		{Pattern: "GET /perhentian", Verb: authz.Deliver, Offline: true, Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, http.StatusOK, ui.Shell(ui.Page{Title: "Perhentian", Scripts: []string{"pin"}}))
		}},
		{Pattern: "POST /mainan", Verb: authz.Deliver, Handle: func(w http.ResponseWriter, r *http.Request) error {
			g.plain = append(g.plain, r.FormValue("n")+r.FormValue("how"))
			return web.SeeOther(w, r, "/mainan")
		}},
		{Pattern: "POST /keluar", Verb: authz.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			g.As.Set(authz.Scope{})
			return web.SeeOther(w, r, "/masuk")
		}},
		{Pattern: "GET /masuk", Verb: authz.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, http.StatusOK, ui.Shell(ui.Page{Title: "Masuk", Plain: true}))
		}},
	}
}

func (g *rig) member(t *testing.T, role authz.Role) authz.Scope {
	t.Helper()
	sc := authz.Scope{Actor: id.New(), Business: g.shop, Role: role, Now: time.Now(), ProvenAt: time.Now()}
	err := g.db.Tx(t.Context(), authz.Scope{}, func(tx *store.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO people (id, name, phone, mail, password, password_tag, totp_sealed, totp_step, lang, created_at, updated_at)
			VALUES ($1, 'Ujang', '', '', '', '', '', 0, 'id', $2, $2)`, sc.Actor, tx.Now); err != nil {
			return err
		}
		return g.people.AddMembership(t.Context(), tx, sc.Actor, g.shop, role, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := g.people.Memberships(t.Context(), sc.Actor)
	if err != nil {
		t.Fatal(err)
	}
	sc.Membership = list[0].ID
	return sc
}

func (g *rig) value(t *testing.T) (n, acts int64) {
	t.Helper()
	err := g.db.View(t.Context(), authz.Job(g.shop), func(tx *store.Tx) error {
		_ = tx.QueryRowContext(t.Context(), `SELECT last FROM webhook_counts WHERE business_id = $1`, g.shop).Scan(&n) // none: 0
		return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM outbox_acts WHERE business_id = $1`, g.shop).Scan(&acts)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, acts
}

func (g *rig) photos(t *testing.T) (n int64) {
	t.Helper()
	err := g.db.View(t.Context(), authz.Job(g.shop), func(tx *store.Tx) error {
		return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM outbox_acts a JOIN blobs b ON b.business_id = a.business_id AND b.id = a.photo_id WHERE a.business_id = $1`, g.shop).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// act is an act as a phone writes it.
func act(sc authz.Scope, device, after id.ID, n string, more ...string) map[string]any {
	m := map[string]any{
		"id": id.New().String(), "device": device.String(), "person": sc.Actor.String(), "business": sc.Business.String(), "kind": "toy.turn",
		"object": id.New().String(), "at": time.Now().Add(-time.Hour), "sent": time.Now(), "body": map[string]string{"n": n},
	}
	if !after.IsZero() {
		m["after"] = after.String()
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// send posts as a phone does, and reads the receipts.
func (g *rig) send(t *testing.T, v any) (int, []map[string]string) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return g.post(t, "application/json", raw)
}

func (g *rig) post(t *testing.T, kind string, raw []byte) (int, []map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL+"/kotak", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {kind}, "Accept": {"application/json"}, "Sec-Fetch-Site": {"same-origin"}}
	p := g.Do(req)
	if p.Status != http.StatusOK {
		return p.Status, nil
	}
	body := strings.TrimSpace(p.Body)
	if !strings.HasPrefix(body, "[") {
		body = "[" + body + "]"
	}
	var list []map[string]string
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%v: %s", err, p.Body)
	}
	return p.Status, list
}

func ident(m map[string]any) id.ID { v, _ := id.Parse(m["id"].(string)); return v }

func TestActsCome(t *testing.T) {
	g := newRig(t)
	sc, device := g.member(t, authz.Courier), id.New()
	g.As.Set(sc)
	a := act(sc, device, id.ID{}, "1")
	b := act(sc, device, ident(a), "7")
	c := act(sc, device, ident(b), "3")
	for range 3 {
		status, got := g.send(t, []any{c, a, b})
		states := ""
		for _, r := range got {
			states += r["state"] + " "
		}
		if status != 200 || len(got) != 3 || got[1]["id"] != a["id"] || strings.Fields(states)[1] != "done" || got[2]["state"] != "refused" || got[2]["text"] == "" {
			t.Errorf("%d: %v", status, got)
		}
	}
	if status, got := g.send(t, c); status != 200 || got[0]["state"] != "done" {
		t.Errorf("the one that waited: %d %v", status, got)
	}
	if n, acts := g.value(t); n != 34 || acts != 3 {
		t.Errorf("value %d of %d acts, want 34 of 3", n, acts)
	}
	for name, v := range map[string]any{
		"an unknown field": act(sc, device, ident(c), "1", "role", "owner"), "no id": act(sc, device, ident(c), "1", "id", ""), "a bad id": act(sc, device, ident(c), "1", "id", "x"),
		"nothing": []any{}, "too many": make([]any, 21), "a long kind": act(sc, device, ident(c), "1", "kind", strings.Repeat("k", 61)), "a number": 1,
		"a long body": act(sc, device, ident(c), strings.Repeat("1", 17<<10)),
	} {
		if status, _ := g.send(t, v); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, status)
		}
	}
	if status, _ := g.send(t, act(g.member(t, authz.Courier), device, id.ID{}, "1")); status != http.StatusConflict {
		t.Errorf("another person's act: %d, want 409", status)
	}
	g.As.Set(authz.Scope{})
	if status, _ := g.send(t, c); status != http.StatusUnauthorized {
		t.Errorf("signed out: %d, want 401", status)
	}
}

// A photo comes as a form, and texts are made clean as those of forms are.
func TestAPhotoComesAlong(t *testing.T) {
	g := newRig(t)
	sc := g.member(t, authz.Courier)
	g.As.Set(sc)
	a := act(sc, id.New(), id.ID{}, "2\u202e")
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("act", string(raw))
	f, err := w.CreateFormFile("photo", "foto.jpg")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte("no picture"))
	_ = w.Close()
	status, got := g.post(t, w.FormDataContentType(), b.Bytes())
	if status != 200 || got[0]["state"] != "refused" || got[0]["text"] == "" {
		t.Errorf("a photo that is none: %d %v, want refused with a sentence", status, got)
	}
	a = act(sc, id.New(), id.ID{}, "2\u202e")
	if status, got := g.send(t, a); status != 200 || got[0]["state"] != "done" {
		t.Errorf("%d %v", status, got)
	}
	if n, _ := g.value(t); n != 2 {
		t.Errorf("value %d, want 2: the sign that turns the writing stayed", n)
	}
}

// The page shows both sides of a clash to who acted and to the owner, who choose.
func TestThePageLetsChoose(t *testing.T) {
	g := newRig(t)
	sc, boss, mate := g.member(t, authz.Courier), g.member(t, authz.Owner), g.member(t, authz.Courier)
	g.As.Set(sc)
	a := act(sc, id.New(), id.ID{}, "5")
	a["seen"] = 9
	if status, got := g.send(t, a); status != 200 || got[0]["state"] != "clash" || got[0]["text"] == "" {
		t.Fatalf("%d %v", status, got)
	}
	for _, who := range []authz.Scope{sc, boss} {
		g.As.Set(who)
		p := g.Get("/kotak")
		if got := strings.Join(webtest.In(p.Body, "#act-"+a["id"].(string)+" dd"), " | "); p.Status != 200 || got != "5 | 0" {
			t.Errorf("%s sees %d %q, want both sides", who.Role, p.Status, got)
		}
	}
	path := "/kotak/" + a["id"].(string) + "/pilihan"
	g.As.Set(mate)
	if p := g.Get("/kotak"); strings.Contains(p.Body, a["id"].(string)) {
		t.Error("another courier sees it")
	}
	if p := g.Post(path, map[string][]string{"pilih": {"punya-saya"}}); p.Status != http.StatusNotFound {
		t.Errorf("another courier chooses: %d", p.Status)
	}
	g.As.Set(boss)
	if p := g.Post(path, map[string][]string{"pilih": {"punya-saya"}}); p.Status != http.StatusSeeOther {
		t.Errorf("the owner chooses: %d", p.Status)
	}
	if n, _ := g.value(t); n != 5 {
		t.Errorf("value %d, want the act's", n)
	}
	if p := g.Get("/kotak"); !strings.Contains(p.Body, "data-toast") || strings.Contains(p.Body, "act-"+a["id"].(string)) {
		t.Error("the page does not say that it was done")
	}
}

// A page that is kept says for whom it was made; what was just done is not kept.
func TestKeptPagesSayWhose(t *testing.T) {
	g := newRig(t)
	one, two := g.member(t, authz.Courier), g.member(t, authz.Courier)
	g.As.Set(one)
	p := g.Get("/kotak")
	if p.Header.Get("X-Lapak-Offline") == "" || p.Header.Get("X-Lapak-Person") == "" || webtest.Attr(p.Body, `meta[name="lapak-person"]`, "data-mark") != p.Header.Get("X-Lapak-Person") {
		t.Errorf("headers %v", p.Header)
	}
	g.As.Set(two)
	if q := g.Get("/kotak"); q.Header.Get("X-Lapak-Person") == p.Header.Get("X-Lapak-Person") {
		t.Error("two people have one mark")
	}
	g.Post("/kotak/"+id.New().String()+"/pilihan", nil)
	g.As.Set(authz.Scope{})
	if q := g.Get("/masuk"); q.Header.Get("X-Lapak-Person") != "-" || q.Header.Get("X-Lapak-Offline") != "" || strings.Contains(q.Body, "outbox.js") || strings.Contains(q.Body, "lapak-person") {
		t.Errorf("a guest's page: %v", q.Header)
	}
}
