package deliveryweb

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lapak/internal/catalog"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/money"
	"lapak/internal/region"
	"lapak/internal/sheet"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// perPage is how many areas a page has fields for.
const perPage = 30

// areasView is a page of the list of areas: regencies to choose from where the
// list is long, or areas with their fields.
type areasView struct {
	All    int
	Groups []areaGroup
	Rows   []areaRow
	In     string // a regency of which Rows are
	Words  string // that Rows have in their names
	Page   int
	Pages  int
	Add    adding
}

type areaGroup struct {
	Place  region.Place
	Count  int
	Closed int
}

// areaRow is an area with its fee as it was typed.
type areaRow struct {
	delivery.Area
	Typed string
	Drop  bool
}

func (p pages) areas(w http.ResponseWriter, r *http.Request) error {
	st, err := p.ways.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	return web.Render(w, r, http.StatusOK, areasPage(lay(st.Areas, q.Get("di"), strings.TrimSpace(q.Get("q")), q.Get("hal")), nil))
}

// lay chooses what of a list a page shows.
func lay(list []delivery.Area, in, words, page string) areasView {
	v := areasView{All: len(list), Words: words}
	if pl, ok := region.Get(in); ok && pl.Kind == region.Regency {
		v.In = in
	}
	if v.In == "" && words == "" && len(list) > perPage {
		v.Groups = groups(list)
		return v
	}
	fold := catalog.Fold(words)
	list = slices.DeleteFunc(slices.Clone(list), func(a delivery.Area) bool {
		return v.In != "" && a.Code != v.In && !strings.HasPrefix(a.Code, v.In+".") || !strings.Contains(catalog.Fold(place(a.Code)), fold)
	})
	v.Pages = max(1, (len(list)+perPage-1)/perPage)
	n, _ := strconv.Atoi(page)
	v.Page = max(1, min(n, v.Pages))
	for _, a := range list[(v.Page-1)*perPage : min(len(list), v.Page*perPage)] {
		v.Rows = append(v.Rows, areaRow{Area: a, Typed: fee(a.Fee)})
	}
	return v
}

func groups(list []delivery.Area) (all []areaGroup) {
	for _, a := range list {
		up := region.Up(a.Code, region.Regency)
		if n := len(all); n == 0 || all[n-1].Place.Code != up {
			pl, _ := region.Get(up)
			all = append(all, areaGroup{Place: pl})
		}
		g := &all[len(all)-1]
		if g.Count++; a.Closed {
			g.Closed++
		}
	}
	return all
}

// path is the address of a page of the list.
func (v areasView) path(page int) string {
	q := url.Values{}
	if v.In != "" {
		q.Set("di", v.In)
	}
	if v.Words != "" {
		q.Set("q", v.Words)
	}
	if page > 1 {
		q.Set("hal", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/ongkir/daerah"
	}
	return "/ongkir/daerah?" + q.Encode()
}

func (p pages) saveAreas(w http.ResponseWriter, r *http.Request) error {
	var f fault.Fields
	add := readAdding(r, &f)
	var rows []areaRow
	for i := range perPage {
		at := fmt.Sprintf("areas.%d", i)
		code := r.FormValue(at + ".code")
		if code == "" {
			break
		}
		n, err := web.Money(r, at+".fee")
		f.Add(at+".fee", err)
		rows = append(rows, areaRow{delivery.Area{Code: code, Fee: n, Closed: r.FormValue(at+".closed") != ""}, r.FormValue(at + ".fee"), r.FormValue(at+".drop") != ""})
	}
	sc := web.Scope(r)
	err := f.Err()
	if err == nil {
		err = p.ways.Edit(r.Context(), sc, func(st *delivery.Settings) (err error) {
			st.Areas = onto(st.Areas, rows)
			st.Areas, err = add.onto(st.Areas)
			return err
		})
	}
	if ff, again := web.Again(err); again {
		st, err := p.ways.Get(r.Context(), sc)
		if err != nil {
			return err
		}
		v := lay(st.Areas, r.FormValue("di"), r.FormValue("q"), r.FormValue("hal"))
		if len(rows) > 0 {
			v.Rows = rows
		}
		v.Add = add
		return web.Render(w, r, http.StatusUnprocessableEntity, areasPage(v, ff))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	n, _ := strconv.Atoi(r.FormValue("hal"))
	return web.SeeOther(w, r, areasView{In: r.FormValue("di"), Words: r.FormValue("q")}.path(n))
}

// onto writes rows of a page over those of the list; what somebody else took
// away meanwhile stays away.
func onto(list []delivery.Area, rows []areaRow) []delivery.Area {
	by := make(map[string]areaRow, len(rows))
	for _, row := range rows {
		by[row.Code] = row
	}
	var out []delivery.Area
	for _, a := range list {
		row, here := by[a.Code]
		switch {
		case !here:
			out = append(out, a)
		case !row.Drop:
			out = append(out, row.Area)
		}
	}
	return out
}

// fileView is the page of files: before one was chosen, or with what it says.
type fileView struct {
	Listed                   int
	Replace                  bool
	Checked                  bool
	New, Changed, Same, Gone int
	Areas                    []delivery.Area
	Bad                      []delivery.BadRow
}

// Shown of a checked file; the rest is told by its number.
const (
	shownAreas = 12
	shownBad   = 100
)

var errFile = fault.New(fault.Invalid, "delivery.no_file")

func (p pages) file(w http.ResponseWriter, r *http.Request) error {
	return p.showFile(w, r, http.StatusOK, fileView{}, nil)
}

func (p pages) showFile(w http.ResponseWriter, r *http.Request, status int, v fileView, f *fault.Error) error {
	st, err := p.ways.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	v.Listed = len(st.Areas)
	if v.Checked {
		v.New, v.Changed, v.Same, v.Gone = delivery.Counts(st.Areas, v.Areas, v.Replace)
	}
	return web.Render(w, r, status, filePage(v, f))
}

// check reads a file and tells what taking it in would do. Nothing changes.
func (p pages) check(w http.ResponseWriter, r *http.Request) error {
	file, head, err := r.FormFile("file")
	v := fileView{Replace: r.FormValue("replace") != ""}
	if err != nil || head.Size == 0 {
		return p.showFile(w, r, http.StatusUnprocessableEntity, v, errFile.On("file"))
	}
	defer file.Close()
	got, err := delivery.ReadAreas(r.Context(), file, head.Size)
	if f, again := web.Again(err); again {
		return p.showFile(w, r, http.StatusUnprocessableEntity, v, f.On("file"))
	}
	if err != nil {
		return err
	}
	v.Checked, v.Areas, v.Bad = true, got.Areas, got.Bad
	return p.showFile(w, r, http.StatusOK, v, nil)
}

// checked writes areas for the form that takes them in, and readChecked reads them.
func checked(list []delivery.Area) string {
	var b strings.Builder
	for _, a := range list {
		closed := ""
		if a.Closed {
			closed = "x"
		}
		fmt.Fprintf(&b, "%s %d%s\n", a.Code, a.Fee, closed)
	}
	return b.String()
}

func readChecked(s string) ([]delivery.Area, error) {
	var list []delivery.Area
	for line := range strings.Lines(s) {
		code, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if code == "" {
			continue
		}
		rest, closed := strings.CutSuffix(rest, "x")
		n, err := strconv.ParseInt(rest, 10, 64)
		if !ok || err != nil || len(list) >= delivery.MaxAreas {
			return nil, fault.New(fault.Invalid, "form.stale").On("file")
		}
		list = append(list, delivery.Area{Code: code, Fee: n, Closed: closed})
	}
	return list, nil
}

// take puts what was checked into the list.
func (p pages) take(w http.ResponseWriter, r *http.Request) error {
	list, err := readChecked(r.FormValue("rows"))
	replace := r.FormValue("replace") != ""
	if err == nil {
		err = p.ways.Edit(r.Context(), web.Scope(r), func(st *delivery.Settings) error {
			st.Areas = delivery.Merge(st.Areas, list, replace)
			return nil
		})
	}
	if f, again := web.Again(err); again {
		return p.showFile(w, r, http.StatusUnprocessableEntity, fileView{Replace: replace}, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "delivery.taken_in", len(list))
	return web.SeeOther(w, r, "/ongkir/daerah")
}

var fileTypes = map[sheet.Format]string{
	sheet.CSV:  "text/csv; charset=utf-8",
	sheet.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

var errNoFile = fault.New(fault.NotFound, "delivery.no_such_file")

// download gives the list as a file, or a small one to begin with: daftar.xlsx,
// contoh.csv.
func (p pages) download(w http.ResponseWriter, r *http.Request) error {
	name, form, _ := strings.Cut(r.PathValue("name"), ".")
	kind, ok := fileTypes[sheet.Format(form)]
	if !ok || name != "daftar" && name != "contoh" {
		return errNoFile
	}
	list := sample
	if name == "daftar" {
		st, err := p.ways.Get(r.Context(), web.Scope(r))
		if err != nil {
			return err
		}
		list = st.Areas
	}
	var b bytes.Buffer
	if err := delivery.WriteAreas(&b, sheet.Format(form), list); err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="ongkir-`+name+"."+form+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(b.Bytes())
	return err
}

// sample shows how a file is filled in.
var sample = []delivery.Area{{Code: "32.04.25", Fee: 8_000}, {Code: "32.04.28", Fee: 10_000}, {Code: "32.73", Closed: true}}

// counts are the figures of a checked file.
func (v fileView) counts(ctx context.Context) []ui.Pair {
	pair := func(key string, n int) ui.Pair {
		return ui.Pair{Label: i18n.T(ctx, "delivery.count_"+key), Value: i18n.N(ctx, int64(n))}
	}
	list := []ui.Pair{pair("new", v.New), pair("changed", v.Changed), pair("same", v.Same)}
	if v.Replace {
		list = append(list, pair("gone", v.Gone))
	}
	return append(list, pair("bad", len(v.Bad)))
}

func areaFee(ctx context.Context, a delivery.Area) string {
	if a.Closed {
		return i18n.T(ctx, "delivery.not_brought")
	}
	return money.String(a.Fee)
}
