// Package exchangeweb shows how tables are taken in and given out: the three
// steps of an import, its progress, its bad rows, and the files to download.
package exchangeweb

import (
	"bytes"
	"context"
	"embed"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/exchange"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/sheet"
	"lapak/internal/web"
)

// Words are the texts of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// wib is the clock by which pages show times.
var wib = time.FixedZone("WIB", 7*3600)

type pages struct{ s *exchange.Service }

// MaxUpload is how large an uploaded file may be, in bytes.
const MaxUpload = 128 << 20

// Routes lists the pages.
func Routes(s *exchange.Service) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET /impor", Verb: authz.SeeToday, Handle: p.list},
		{Pattern: "POST /impor", Verb: authz.SeeToday, Handle: p.upload, MaxBody: MaxUpload + 1<<20},
		{Pattern: "GET /impor/{id}", Verb: authz.SeeToday, Handle: p.show},
		{Pattern: "POST /impor/{id}/kolom", Verb: authz.SeeToday, Handle: p.mapping},
		{Pattern: "POST /impor/{id}/pelaksanaan", Verb: authz.SeeToday, Handle: p.take},
		{Pattern: "POST /impor/{id}/pembatalan", Verb: authz.SeeToday, Handle: p.cancel},
		{Pattern: "GET /impor/{id}/baris-salah", Verb: authz.SeeToday, Handle: p.bad, Long: true},
		{Pattern: "GET /contoh-impor/{kind}", Verb: authz.SeeToday, Handle: p.template},
		{Pattern: "POST /ekspor/{kind}", Verb: authz.SeeToday, Handle: p.export, Long: true},
	}
}

// start is all that the first page shows.
type start struct {
	Kinds   []exchange.Kind
	Outs    []exchange.Out
	Imports []exchange.Import
	Form    id.ID
	Chosen  string
	Today   string // by the shop's clock, 2006-01-02
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	return p.showList(w, r, http.StatusOK, r.FormValue("jenis"), nil)
}

func (p pages) showList(w http.ResponseWriter, r *http.Request, code int, chosen string, f *fault.Error) error {
	sc := web.Scope(r)
	d := start{Kinds: p.s.Kinds(sc), Outs: p.s.Outs(sc), Form: id.New(), Chosen: chosen, Today: sc.Now.In(wib).Format(time.DateOnly)}
	if d.Chosen == "" && len(d.Kinds) > 0 {
		d.Chosen = d.Kinds[0].Name()
	}
	var err error
	if d.Imports, err = p.s.List(r.Context(), sc); err != nil {
		return err
	}
	return web.Render(w, r, code, startPage(d, f))
}

func (p pages) upload(w http.ResponseWriter, r *http.Request) error {
	file, head, err := r.FormFile("file")
	if err != nil || head.Size == 0 {
		return p.showList(w, r, http.StatusUnprocessableEntity, r.FormValue("kind"), fault.New(fault.Invalid, "exchange.no_file").On("file"))
	}
	defer file.Close()
	i, err := p.s.Upload(r.Context(), web.Scope(r), web.FormID(r, "id"), r.FormValue("kind"), file, head.Size)
	if err != nil {
		if f, ok := web.Again(err); ok {
			return p.showList(w, r, http.StatusUnprocessableEntity, r.FormValue("kind"), f)
		}
		return err
	}
	return web.SeeOther(w, r, "/impor/"+i.ID.String())
}

// view is an import as its page shows it.
type view struct {
	exchange.Import
	Word    exchange.Kind
	Percent int64
}

func (p pages) load(r *http.Request) (view, error) {
	file, err := web.PathID(r, "id")
	if err != nil {
		return view{}, err
	}
	i, err := p.s.Get(r.Context(), web.Scope(r), file)
	if err != nil {
		return view{}, err
	}
	k, err := p.s.Kind(web.Scope(r), i.Kind)
	v := view{Import: i, Word: k}
	if i.Total > 0 {
		v.Percent = min(100, 100*i.Rows/i.Total)
	}
	return v, err
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, v, nil)
}

func (p pages) render(w http.ResponseWriter, r *http.Request, code int, v view, f *fault.Error) error {
	again := r.URL.Query().Get("kolom") != "" && v.State == exchange.Checked
	if v.State == exchange.Uploaded || again {
		return web.Render(w, r, code, mapPage(v, f))
	}
	return web.Render(w, r, code, statePage(v, f))
}

func (p pages) mapping(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	m := exchange.Mapping{}
	for _, f := range v.Word.Fields() {
		if n, err := strconv.Atoi(r.FormValue("f." + f.Key)); err == nil && n > 0 {
			m[f.Key] = n - 1
		}
	}
	factor := int64(1)
	if s := strings.TrimSpace(r.FormValue("factor")); s != "" {
		if factor, err = sheet.Dots.Int(s); err != nil {
			factor = 0
		}
	}
	if err := p.s.Map(r.Context(), web.Scope(r), v.ID, m, factor, ""); err != nil {
		if f, ok := web.Again(err); ok {
			v.Mapping, v.How.Factor = m, factor
			return web.Render(w, r, http.StatusUnprocessableEntity, mapPage(v, f))
		}
		return err
	}
	return web.SeeOther(w, r, "/impor/"+v.ID.String())
}

func (p pages) act(w http.ResponseWriter, r *http.Request, do func(context.Context, authz.Scope, id.ID) error) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	if err := do(r.Context(), web.Scope(r), v.ID); err != nil {
		if f := fault.Of(err); f != nil && f.HasKind(fault.Conflict) {
			return p.render(w, r, http.StatusConflict, v, f)
		}
		return err
	}
	return web.SeeOther(w, r, "/impor/"+v.ID.String())
}

func (p pages) take(w http.ResponseWriter, r *http.Request) error   { return p.act(w, r, p.s.Take) }
func (p pages) cancel(w http.ResponseWriter, r *http.Request) error { return p.act(w, r, p.s.Cancel) }

// format is the form in which a file is asked for.
func format(r *http.Request) sheet.Format {
	if r.FormValue("bentuk") == "csv" {
		return sheet.CSV
	}
	return sheet.XLSX
}

var types = map[sheet.Format]string{
	sheet.CSV:  "text/csv; charset=utf-8",
	sheet.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

func attach(w http.ResponseWriter, f sheet.Format, name string) {
	w.Header().Set("Content-Type", types[f])
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+string(f)+`"`)
	w.Header().Set("Cache-Control", "no-store")
}

func (p pages) bad(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	if v.State == exchange.Uploaded || v.State == exchange.Cancelled {
		return exchange.ErrNotFound
	}
	f := format(r)
	attach(w, f, v.Kind+"-baris-salah")
	say := func(q exchange.Problem) string { return why(r.Context(), q) }
	return p.s.BadRows(r.Context(), web.Scope(r), v.ID, f, i18n.T(r.Context(), "exchange.reason"), say, w)
}

// why tells what is wrong with a row.
func why(ctx context.Context, q exchange.Problem) string {
	if q.Fault == nil {
		return ""
	}
	f := q.Fault
	for _, field := range slices.Sorted(fields(f)) {
		f = f.Fields[field]
		break
	}
	said := i18n.T(ctx, f.Key, f.Args...)
	if q.Field != "" {
		said = i18n.T(ctx, "exchange.f."+q.Field) + ": " + said
	}
	return said
}

func fields(f *fault.Error) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range f.Fields {
			if !yield(k) {
				return
			}
		}
	}
}

func (p pages) template(w http.ResponseWriter, r *http.Request) error {
	var b bytes.Buffer
	f := format(r)
	if err := p.s.Template(web.Scope(r), r.PathValue("kind"), f, &b); err != nil {
		return missing(err)
	}
	attach(w, f, "contoh-"+r.PathValue("kind"))
	_, err := w.Write(b.Bytes())
	return err
}

// missing makes a kind that there is not a page that there is not.
func missing(err error) error {
	if f := fault.Of(err); f != nil && f.Field("kind") != nil {
		return exchange.ErrNotFound
	}
	return err
}

func (p pages) export(w http.ResponseWriter, r *http.Request) error {
	f := format(r)
	write, err := p.s.Export(r.Context(), web.Scope(r), r.PathValue("kind"), f, span(r))
	if err != nil {
		if g := fault.Of(err); g != nil && g.Is(exchange.ErrExports) {
			return p.showList(w, r, http.StatusTooManyRequests, "", g)
		}
		if g := fault.Of(err); g != nil && g.Is(authz.ErrFresh) {
			return web.SeeOther(w, r, "/bukti-diri?ke=/impor")
		}
		return err
	}
	attach(w, f, r.PathValue("kind")+"-"+web.Scope(r).Now.In(wib).Format(time.DateOnly))
	return write(r.Context(), w)
}

// span reads the days of a form: from the first moment of one to the last of the other.
func span(r *http.Request) (s exchange.Span) {
	if t, err := time.ParseInLocation(time.DateOnly, r.FormValue("dari"), wib); err == nil {
		s.From = t
	}
	if t, err := time.ParseInLocation(time.DateOnly, r.FormValue("sampai"), wib); err == nil {
		s.To = t.AddDate(0, 0, 1)
	}
	return s
}
