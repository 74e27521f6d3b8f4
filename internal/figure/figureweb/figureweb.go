// Package figureweb shows a shop the figures of its deliveries, and gives them
// as a file.
package figureweb

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/figure"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/region"
	"lapak/internal/sheet"
	"lapak/internal/web"
)

// Words are the messages of this page.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the page calls.
type Services struct {
	Figures  *figure.Service
	Accounts *account.Service
}

type pages struct{ Services }

// Routes lists the page and its file.
func Routes(s Services) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET /kirim/angka", Verb: authz.SeeMoney, Handle: p.show},
		{Pattern: "GET /kirim/angka.csv", Verb: authz.SeeMoney, Handle: p.file},
	}
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

// usual is how many days are shown to who asks for none.
const usual = 30

type view struct {
	figure.Report
	figure.Period
	names map[string]string // of couriers, by id
	fault *fault.Error
}

// read reads the period and its figures.
func (p pages) read(r *http.Request) (view, error) {
	ctx, sc := r.Context(), web.Scope(r)
	loc, err := p.Figures.Zone(ctx, sc)
	if err != nil {
		return view{}, err
	}
	now := sc.Now.In(loc)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, loc)
	day := func(name string, otherwise time.Time) time.Time {
		if d, err := time.ParseInLocation(time.DateOnly, r.FormValue(name), loc); err == nil {
			return d
		}
		return otherwise
	}
	v := view{names: map[string]string{}}
	v.To = day("sampai", today)
	v.From = day("dari", v.To.AddDate(0, 0, 1-usual))
	team, err := p.Accounts.Team(ctx, sc)
	if err != nil {
		return v, err
	}
	for _, m := range team {
		v.names[m.Person.String()] = m.Name
	}
	v.Report, err = p.Figures.Read(ctx, sc, v.Period)
	return v, err
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	v, err := p.read(r)
	status := http.StatusOK
	if f, ok := web.Again(err); ok {
		v.fault, status = f, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return web.Render(w, r, status, page(v))
}

// file gives the figures as a table, one line each for all, for who brought
// and for where to.
func (p pages) file(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.read(r)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="pengiriman-`+v.From.Format(time.DateOnly)+`-`+v.To.Format(time.DateOnly)+`.csv"`)
	h.Set("Cache-Control", "no-store")
	header := make([]string, len(columns))
	for i, key := range columns {
		header[i] = t(ctx, "figure.col_"+key)
	}
	out, err := sheet.NewWriter(w, sheet.CSV, "", header...)
	if err != nil {
		return err
	}
	line := func(group, name string, g figure.Figures) {
		if err != nil {
			return
		}
		cells := []any{t(ctx, "figure."+group), name, g.Parcels, g.Delivered, g.OnTime.N, g.OnTime.Of, g.Attempts.Total, g.Attempts.N}
		for _, l := range figure.Legs {
			cells = append(cells, len(g.Legs[l]), minutes(g.Legs[l], 50), minutes(g.Legs[l], 90))
		}
		err = out.Row(append(cells, g.Fee.Total, g.Fee.N, g.Cost.Total, g.Cost.N, g.COD.Total, g.COD.N, g.Missing.Total, g.Missing.N)...)
	}
	line("all", "", v.All)
	for _, g := range v.Carriers {
		line("by_carrier", v.who(ctx, g.Key), g)
	}
	for _, g := range v.Districts {
		line("by_district", where(ctx, g.Key), g)
	}
	if err != nil {
		return err
	}
	return out.End()
}

// columns are those of the file, in order.
var columns = []string{
	"group", "name", "parcels", "delivered", "on_time", "promised", "attempts", "attempts_of",
	"packed_n", "packed_50", "packed_90", "taken_n", "taken_50", "taken_90", "out_n", "out_50", "out_90", "all_n", "all_50", "all_90",
	"fee", "fee_of", "cost", "cost_of", "cod", "cod_of", "missing", "missing_of",
}

// minutes is a time in whole minutes, or nothing.
func minutes(l figure.Times, percent int) *int64 {
	d, ok := l.At(percent)
	if !ok {
		return nil
	}
	n := int64(d.Round(time.Minute) / time.Minute)
	return &n
}

// who brought: a person of the shop, or a firm.
func (v view) who(ctx context.Context, key string) string {
	if _, err := id.Parse(key); err == nil {
		if name := v.names[key]; name != "" {
			return name
		}
		return t(ctx, "figure.somebody")
	}
	if c, ok := carrier.Find(key); ok {
		return c.Name
	}
	if key == "own" {
		return t(ctx, "figure.nobody")
	}
	return key
}

// namer is what a line of a table is called.
type namer func(ctx context.Context, key string) string

func where(ctx context.Context, code string) string {
	if p, ok := region.Get(code); ok {
		return p.Label()
	}
	return t(ctx, "figure.nowhere")
}

// share writes "87 % (26 dari 30)".
func share(ctx context.Context, s figure.Share) string {
	p, ok := s.Percent()
	if !ok {
		return t(ctx, "figure.none")
	}
	return t(ctx, "figure.share", p, i18n.N(ctx, s.N), i18n.N(ctx, s.Of))
}

// tries writes a mean with one place behind the comma.
func tries(ctx context.Context, s figure.Sum) string {
	if s.N == 0 {
		return t(ctx, "figure.none")
	}
	tenths := (s.Total*10 + s.N/2) / s.N
	point := ","
	if i18n.Lang(ctx) == i18n.EN {
		point = "."
	}
	return t(ctx, "figure.tries", i18n.N(ctx, tenths/10)+point+i18n.N(ctx, tenths%10), i18n.N(ctx, s.N))
}

// took writes how long something took.
func took(ctx context.Context, l figure.Times, percent int) string {
	d, ok := l.At(percent)
	if !ok {
		return t(ctx, "figure.none")
	}
	d = d.Round(time.Minute)
	if d >= 48*time.Hour {
		return t(ctx, "figure.days", int64(d/(24*time.Hour)), int64(d%(24*time.Hour)/time.Hour))
	}
	if d >= time.Hour {
		return t(ctx, "figure.hours", int64(d/time.Hour), int64(d%time.Hour/time.Minute))
	}
	return t(ctx, "figure.minutes", int64(d/time.Minute))
}

// missing writes what of the COD was not taken.
func missing(ctx context.Context, g figure.Figures) string {
	if g.COD.N == 0 {
		return t(ctx, "figure.none")
	}
	if g.Missing.N == 0 {
		return t(ctx, "figure.cod_whole", i18n.N(ctx, g.COD.N))
	}
	return t(ctx, "figure.cod_missing", money.String(g.Missing.Total), i18n.N(ctx, g.Missing.N), i18n.N(ctx, g.COD.N))
}

// each writes a mean of money.
func each(ctx context.Context, s figure.Sum) string {
	m, ok := s.Mean()
	if !ok {
		return t(ctx, "figure.none")
	}
	return t(ctx, "figure.each", money.String(m), i18n.N(ctx, s.N))
}

// cost writes what carriers took, and of how many that is known.
func cost(ctx context.Context, g figure.Figures) string {
	if g.Cost.N == 0 {
		return t(ctx, "figure.cost_unknown")
	}
	m, _ := g.Cost.Mean()
	return t(ctx, "figure.cost_known", money.String(m), i18n.N(ctx, g.Cost.N), i18n.N(ctx, g.Parcels))
}

func (v view) query() string {
	return strings.Join([]string{"dari=" + v.From.Format(time.DateOnly), "sampai=" + v.To.Format(time.DateOnly)}, "&")
}
