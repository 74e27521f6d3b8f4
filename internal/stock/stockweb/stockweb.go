// Package stockweb shows the shop's own people their stock: what there is,
// what is running low, the ledger of each variant, and the count by shelf.
package stockweb

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/web"
)

// Words are the messages of these pages and of stock's faults.
//
//go:embed id.json en.json
var Words embed.FS

// Names tells the names of people of a business by their ids; one that is not
// known is left out.
type Names func(ctx context.Context, sc authz.Scope, people []id.ID) (map[id.ID]string, error)

type pages struct {
	stock *stock.Service
	names Names
}

// Routes lists the pages. Names may be nil; moves then do not say who made them.
func Routes(levels *stock.Service, names Names) []web.Route {
	p := pages{levels, names}
	see, move := authz.SeeStock, authz.MoveStock
	return []web.Route{
		{Pattern: "GET /stok", Verb: see, Handle: p.list},
		{Pattern: "GET /stok/{variant}", Verb: see, Handle: p.show},
		{Pattern: "POST /stok/{variant}/masuk", Verb: move, Handle: p.receive},
		{Pattern: "POST /stok/{variant}/koreksi", Verb: move, Handle: p.correct},
		{Pattern: "POST /stok/{variant}/aturan", Verb: move, Handle: p.rule},
		{Pattern: "GET /stok/hitung", Verb: see, Handle: p.counts},
		{Pattern: "POST /stok/hitung", Verb: move, Handle: p.startCount},
		{Pattern: "GET /stok/hitung/{count}", Verb: see, Handle: p.count},
		{Pattern: "POST /stok/hitung/{count}/baris", Verb: move, Handle: p.countOne},
		{Pattern: "POST /stok/hitung/{count}/selesai", Verb: move, Handle: p.finishCount},
		{Pattern: "POST /stok/hitung/{count}/setuju", Verb: authz.ApproveCount, Handle: p.approveCount},
		{Pattern: "POST /stok/hitung/{count}/batal", Verb: move, Handle: p.dropCount},
	}
}

// perPage is how many variants the list shows at once.
const perPage = 60

type listing struct {
	Items []stock.Item
	Text  string
	Low   bool // only what is running low
	Lows  int64
	All   int64
	Next  string
	Moves bool
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	all, err := p.stock.Items(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	l := listing{Text: strings.TrimSpace(r.FormValue("q")), Low: r.FormValue("tampil") == "menipis", All: int64(len(all)), Moves: web.Scope(r).May(authz.MoveStock)}
	words := catalog.Fold(l.Text)
	var list []stock.Item
	for _, i := range all {
		if i.Low() {
			l.Lows++
		}
		if l.Low && !i.Low() || words != "" && !strings.Contains(catalog.Fold(i.Full()+" "+i.Shelf), words) {
			continue
		}
		list = append(list, i)
	}
	from := 0
	if after := web.FormID(r, "sesudah"); !after.IsZero() {
		for n, i := range list {
			if i.Variant == after {
				from = n + 1
			}
		}
	}
	list = list[from:]
	if len(list) > perPage {
		list = list[:perPage]
		l.Next = "/stok?sesudah=" + list[perPage-1].Variant.String()
		if l.Low {
			l.Next += "&tampil=menipis"
		}
	}
	l.Items = list
	return web.Render(w, r, http.StatusOK, listPage(l))
}

// sheet is the page of one variant with its three forms.
type sheet struct {
	Item    stock.Item
	Moves   []stock.Move
	Names   map[id.ID]string
	Next    string
	May     bool
	Orders  bool
	In      stock.Movement
	Fix     stock.Correction
	Rule    stock.Rule
	Open    string // which form is open: "masuk", "koreksi", "aturan"
	Typed   map[string]string
	Product bool
}

func (s sheet) text(name string, says int64) string {
	if v, ok := s.Typed[name]; ok {
		return v
	}
	return strconv.FormatInt(says, 10)
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.sheet(w, r, func(*sheet) {}, nil)
}

func (p pages) sheet(w http.ResponseWriter, r *http.Request, fill func(*sheet), f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	variant, err := web.PathID(r, "variant")
	if err != nil {
		return err
	}
	s := sheet{May: sc.May(authz.MoveStock), Orders: sc.May(authz.SeeOrders)}
	if s.Item, err = p.stock.Item(ctx, sc, variant); err != nil {
		return err
	}
	moves, next, err := p.stock.Moves(ctx, sc, variant, cursor(r.FormValue("sesudah")))
	if err != nil {
		return err
	}
	s.Moves = moves
	if next != nil {
		s.Next = "/stok/" + variant.String() + "?sesudah=" + strconv.FormatInt(next.At.UnixMicro(), 10) + "." + next.ID.String()
	}
	if p.names != nil {
		var people []id.ID
		for _, m := range moves {
			if !m.Person.IsZero() {
				people = append(people, m.Person)
			}
		}
		if s.Names, err = p.names(ctx, sc, people); err != nil {
			return err
		}
	}
	s.In = stock.Movement{ID: id.New(), Reason: stock.Made}
	s.Fix = stock.Correction{ID: id.New(), Seen: s.Item.OnHand, Actual: s.Item.OnHand, Reason: stock.Corrected}
	s.Rule = stock.Rule{Threshold: s.Item.Threshold, WarnAt: s.Item.WarnAt}
	s.Open = r.FormValue("buka")
	fill(&s)
	status := http.StatusOK
	if f != nil {
		status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, sheetPage(s, f))
}

func cursor(s string) *stock.Move {
	at, rest, ok := strings.Cut(s, ".")
	if !ok {
		return nil
	}
	micro, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return nil
	}
	v, err := id.Parse(rest)
	if err != nil {
		return nil
	}
	return &stock.Move{ID: v, At: time.UnixMicro(micro).UTC()}
}

// number reads a whole number; what is empty or none is below every bound.
func number(r *http.Request, name string) int64 {
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(r.FormValue(name)), ".", ""), 10, 64)
	if err != nil {
		return -1 << 40
	}
	return n
}

func typed(r *http.Request, names ...string) map[string]string {
	m := map[string]string{}
	for _, n := range names {
		m[n] = r.FormValue(n)
	}
	return m
}

// done answers a form of the sheet: back to it, or shown again with its fault.
func (p pages) done(w http.ResponseWriter, r *http.Request, err error, said string, fill func(*sheet)) error {
	if f, again := web.Again(err); again {
		return p.sheet(w, r, fill, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, web.OwnPath(r.FormValue("kembali"), "/stok/"+r.PathValue("variant")))
}

func (p pages) receive(w http.ResponseWriter, r *http.Request) error {
	variant, err := web.PathID(r, "variant")
	if err != nil {
		return err
	}
	m := stock.Movement{ID: web.FormID(r, "id"), Variant: variant, Quantity: number(r, "quantity"), Reason: stock.Reason(r.FormValue("reason")), Note: r.FormValue("note")}
	err = p.stock.Receive(r.Context(), web.Scope(r), m)
	return p.done(w, r, err, "stock.received", func(s *sheet) { s.In, s.Open, s.Typed = m, "masuk", typed(r, "quantity") })
}

func (p pages) correct(w http.ResponseWriter, r *http.Request) error {
	variant, err := web.PathID(r, "variant")
	if err != nil {
		return err
	}
	c := stock.Correction{
		ID: web.FormID(r, "id"), Variant: variant, Seen: number(r, "seen"), Actual: number(r, "actual"),
		Reason: stock.Reason(r.FormValue("reason")), Note: r.FormValue("note"),
	}
	err = p.stock.Correct(r.Context(), web.Scope(r), c)
	return p.done(w, r, err, "stock.corrected", func(s *sheet) { s.Fix, s.Open, s.Typed = c, "koreksi", typed(r, "actual") })
}

func (p pages) rule(w http.ResponseWriter, r *http.Request) error {
	variant, err := web.PathID(r, "variant")
	if err != nil {
		return err
	}
	rule := stock.Rule{Variant: variant}
	switch n := web.Int(r, "amount"); r.FormValue("kind") {
	case "keep":
		rule.Threshold = n
	case "ahead":
		rule.Threshold = -n
	}
	if strings.TrimSpace(r.FormValue("warn")) != "" {
		n := number(r, "warn")
		rule.WarnAt = &n
	}
	err = p.stock.SetRule(r.Context(), web.Scope(r), rule)
	return p.done(w, r, err, "ui.saved", func(s *sheet) { s.Rule, s.Open, s.Typed = rule, "aturan", typed(r, "warn", "amount") })
}

func (p pages) counts(w http.ResponseWriter, r *http.Request) error {
	return p.countsPage(w, r, http.StatusOK, nil)
}

func (p pages) countsPage(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	list, err := p.stock.Counts(ctx, sc)
	if err != nil {
		return err
	}
	shelves, err := p.stock.Shelves(ctx, sc)
	if err != nil {
		return err
	}
	return web.Render(w, r, status, countsPage(list, shelves, id.New(), sc.May(authz.MoveStock), f))
}

func (p pages) startCount(w http.ResponseWriter, r *http.Request) error {
	count := web.FormID(r, "id")
	err := p.stock.StartCount(r.Context(), web.Scope(r), count, r.FormValue("shelf"))
	if f, again := web.Again(err); again {
		return p.countsPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/stok/hitung/"+count.String())
}

func (p pages) count(w http.ResponseWriter, r *http.Request) error {
	return p.countPage(w, r, web.FormID(r, "barang"), http.StatusOK, nil)
}

// countPage shows the line to count, or what is left to do when all are.
func (p pages) countPage(w http.ResponseWriter, r *http.Request, line id.ID, status int, f *fault.Error) error {
	sc := web.Scope(r)
	count, err := web.PathID(r, "count")
	if err != nil {
		return err
	}
	c, err := p.stock.Count(r.Context(), sc, count)
	if err != nil {
		return err
	}
	if c.State != stock.Counting {
		return web.Render(w, r, status, countEnded(c, sc.May(authz.ApproveCount), f))
	}
	cur := c.Next()
	for i := range c.Lines {
		if c.Lines[i].Variant == line {
			cur = &c.Lines[i]
		}
	}
	return web.Render(w, r, status, countingPage(c, cur, r.FormValue("counted"), sc.May(authz.MoveStock), f))
}

func (p pages) countOne(w http.ResponseWriter, r *http.Request) error {
	count, err := web.PathID(r, "count")
	if err != nil {
		return err
	}
	variant := web.FormID(r, "variant")
	err = p.stock.CountOne(r.Context(), web.Scope(r), count, variant, number(r, "counted"))
	if f, again := web.Again(err); again {
		return p.countPage(w, r, variant, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/stok/hitung/"+count.String())
}

func (p pages) finishCount(w http.ResponseWriter, r *http.Request) error {
	return p.endCount(w, r, func(ctx context.Context, sc authz.Scope, count id.ID) error {
		_, err := p.stock.FinishCount(ctx, sc, count)
		return err
	})
}

func (p pages) approveCount(w http.ResponseWriter, r *http.Request) error {
	return p.endCount(w, r, p.stock.ApproveCount)
}

func (p pages) dropCount(w http.ResponseWriter, r *http.Request) error {
	return p.endCount(w, r, p.stock.DropCount)
}

func (p pages) endCount(w http.ResponseWriter, r *http.Request, fn func(context.Context, authz.Scope, id.ID) error) error {
	count, err := web.PathID(r, "count")
	if err != nil {
		return err
	}
	err = fn(r.Context(), web.Scope(r), count)
	if f, again := web.Again(err); again {
		return p.countPage(w, r, id.ID{}, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/stok/hitung/"+count.String())
}

func shelfName(ctx context.Context, shelf string) string {
	if shelf == "" {
		return i18n.T(ctx, "stock.everything")
	}
	return shelf
}

// signed writes a change with its sign: "+5", "-2".
func signed(ctx context.Context, n int64) string {
	if n > 0 {
		return "+" + i18n.N(ctx, n)
	}
	return i18n.N(ctx, n)
}
