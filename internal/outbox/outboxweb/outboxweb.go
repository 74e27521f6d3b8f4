// Package outboxweb takes acts from phones, and shows what of them waits for a
// person.
package outboxweb

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/outbox"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct{ box *outbox.Service }

// maxDepth bounds how deep an act's body is nested.
const maxDepth = 20

// Routes lists the outbox's addresses.
func Routes(box *outbox.Service) []web.Route {
	p := pages{box}
	return []web.Route{
		{Pattern: "GET /kotak", Verb: authz.SignedIn, Offline: true, Handle: p.list},
		{Pattern: "POST /kotak", Verb: authz.SignedIn, MaxBody: blob.MaxBytes + 1<<20, Handle: p.take},
		{Pattern: "POST /kotak/{id}/pilihan", Verb: authz.SignedIn, Handle: p.choose},
	}
}

// wire is an act as phones write it.
type wire struct {
	ID       string         `json:"id"`
	Device   string         `json:"device"`
	After    string         `json:"after,omitzero"`
	Person   string         `json:"person"`
	Business string         `json:"business"`
	Kind     string         `json:"kind"`
	Object   string         `json:"object,omitzero"`
	At       time.Time      `json:"at"`
	Sent     time.Time      `json:"sent"`
	Body     jsontext.Value `json:"body"`
	Seen     jsontext.Value `json:"seen,omitzero"`
}

// act is the act that the phone wrote. Judging it is the service's work; an id
// that is none stays zero.
func (w wire) act() (outbox.Sent, error) {
	a := outbox.Sent{Clock: w.Sent, Act: outbox.Act{Kind: web.Clean(w.Kind), At: w.At, Seen: nil}}
	for _, f := range []struct {
		to   *id.ID
		text string
	}{{&a.ID, w.ID}, {&a.Device, w.Device}, {&a.After, w.After}, {&a.Person, w.Person}, {&a.Business, w.Business}, {&a.Object, w.Object}} {
		v, err := id.Parse(f.text)
		if err != nil && f.text != "" {
			return a, outbox.ErrForm
		}
		*f.to = v
	}
	var err error
	if a.Body, err = tidy(w.Body); err != nil {
		return a, err
	}
	if len(w.Seen) > 0 && string(w.Seen) != "null" {
		a.Seen, err = tidy(w.Seen)
	}
	return a, err
}

// tidy is a JSON value in one form, whatever way a phone wrote it, with its
// texts made clean as those of forms are.
func tidy(raw jsontext.Value) ([]byte, error) {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b)
	for {
		tok, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || d.StackDepth() > maxDepth {
			return nil, outbox.ErrForm
		}
		if tok.Kind() == '"' {
			tok = jsontext.String(web.Clean(tok.String()))
		}
		if err := e.WriteToken(tok); err != nil {
			return nil, outbox.ErrForm
		}
	}
	v := jsontext.Value(bytes.TrimSpace(b.Bytes()))
	if len(v) == 0 || v.Canonicalize() != nil {
		return nil, outbox.ErrForm
	}
	return v, nil
}

// answer is a receipt as phones read it.
type answer struct {
	ID    string       `json:"id"`
	State outbox.State `json:"state"`
	Text  string       `json:"text"`
}

func word(ctx context.Context, r outbox.Receipt) answer {
	a := answer{ID: r.ID.String(), State: r.State}
	switch {
	case r.Fault != nil:
		a.Text = i18n.Fault(ctx, r.Fault)
	case r.State == outbox.Clashed:
		a.Text = i18n.T(ctx, "ui.outbox_clash")
	}
	return a
}

// take answers one act, with its photo if it has one, or a list of acts. Of a
// list it answers as many as it can, in their order; the phone sends the rest again.
func (p pages) take(w http.ResponseWriter, r *http.Request) error {
	list, one, err := read(r)
	if err != nil {
		return err
	}
	ctx, sc := r.Context(), web.Scope(r)
	out := []answer{}
	for _, a := range list {
		got, err := p.box.Take(ctx, sc, a)
		if err != nil {
			if len(out) == 0 {
				return err
			}
			break
		}
		out = append(out, word(ctx, got))
	}
	w.Header().Set("Content-Type", "application/json")
	if one {
		return json.MarshalWrite(w, out[0])
	}
	return json.MarshalWrite(w, out)
}

// read reads what a phone sent: a form with an act and its photo, an act, or a list.
func read(r *http.Request) (list []outbox.Sent, one bool, err error) {
	var raw, picture []byte
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "multipart/form-data":
		raw = []byte(r.FormValue("act"))
		if picture, err = photo(r); err != nil {
			return nil, false, err
		}
	case "application/json":
		if raw, err = io.ReadAll(r.Body); err != nil {
			return nil, false, err
		}
	default:
		return nil, false, outbox.ErrForm
	}
	var all []wire
	one = !strings.HasPrefix(strings.TrimSpace(string(raw)), "[")
	if one {
		all = make([]wire, 1)
		err = json.Unmarshal(raw, &all[0], json.RejectUnknownMembers(true))
	} else {
		err = json.Unmarshal(raw, &all, json.RejectUnknownMembers(true))
	}
	if err != nil || len(all) == 0 || len(all) > outbox.MaxActs || len(picture) > 0 && !one {
		return nil, false, outbox.ErrForm
	}
	for _, w := range all {
		a, err := w.act()
		if err != nil {
			return nil, false, err
		}
		a.Picture = picture
		list = append(list, a)
	}
	return list, one, nil
}

func photo(r *http.Request) ([]byte, error) {
	file, _, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, outbox.ErrForm
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, blob.MaxBytes+1))
}

// list shows what waits: on this phone, which the script fills in, and here.
func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	items, err := p.box.Open(r.Context(), sc)
	if err != nil {
		return err
	}
	v := view{items: items, me: sc.Actor, now: sc.Now}
	for _, i := range items {
		if i.Person == sc.Actor {
			v.open = append(v.open, i.ID.String())
		}
	}
	v.boss = slices.ContainsFunc(items, func(i outbox.Item) bool { return i.Person != sc.Actor })
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func (p pages) choose(w http.ResponseWriter, r *http.Request) error {
	act, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	mine := r.FormValue("pilih") == "punya-saya"
	err = p.box.Choose(r.Context(), web.Scope(r), act, mine)
	switch f := fault.Of(err); {
	case f.HasKind(fault.Invalid, fault.Conflict) && f.Key != outbox.ErrAnswered.Key: // said on the page, where the choice still stands
		web.Flash(w, r, "outbox.not_done", i18n.Fault(r.Context(), f))
	case f.HasKind(fault.Conflict):
		web.Flash(w, r, outbox.ErrAnswered.Key)
	case err != nil:
		return err
	case mine:
		web.Flash(w, r, "outbox.was_done")
	default:
		web.Flash(w, r, "outbox.was_laid_aside")
	}
	return web.SeeOther(w, r, "/kotak")
}

// view is what the page shows.
type view struct {
	items []outbox.Item
	open  []string
	me    id.ID
	now   time.Time
	boss  bool
}

// kind names what an act does.
func kind(ctx context.Context, name string) string {
	if key := "outbox.kind." + name; i18n.Has(ctx, key) {
		return i18n.T(ctx, key)
	}
	return name
}

// say is one side of a clash in words.
func say(ctx context.Context, s outbox.Say) string { return i18n.T(ctx, s.Key, s.Args...) }
