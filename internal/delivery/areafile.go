package delivery

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/money"
	"lapak/internal/region"
	"lapak/internal/sheet"
)

// Faults of a file of areas. Each says what to do.
var (
	ErrNoTable  = fault.New(fault.Invalid, "delivery.no_table")   // no column of places, or none of fees
	ErrNoPlace  = fault.New(fault.Invalid, "delivery.no_place")   // {0} is no place that is known
	ErrPerhaps  = fault.New(fault.Invalid, "delivery.perhaps")    // {0} is unknown; {1} may be meant
	ErrSeveral  = fault.New(fault.Invalid, "delivery.several")    // {0} may mean {1}
	ErrNoFee    = fault.New(fault.Invalid, "delivery.no_fee")     // neither a fee nor closed
	ErrYesNo    = fault.New(fault.Invalid, "delivery.yes_no")     // {0} is neither yes nor no
	ErrRepeated = fault.New(fault.Invalid, "delivery.repeated")   // {0} is in row {1} already
	ErrProvince = fault.New(fault.Invalid, "delivery.province")   // {0} is a whole province
	errMany     = fault.New(fault.Invalid, "delivery.many_areas") // {0} at most
)

// AreaHeader are the columns of a file of areas, as it is given out.
var AreaHeader = []string{"kode", "nama", "ongkir", "tutup"}

// AreaColumns says in which column of a file something stands; below zero: in none.
type AreaColumns struct{ Code, Name, Town, Fee, Closed int }

// columnNames finds by the folded name of a column what it holds.
var columnNames = func() map[string]func(*AreaColumns) *int {
	all := map[string]func(*AreaColumns) *int{}
	add := func(to func(*AreaColumns) *int, names ...string) {
		for _, n := range names {
			all[sheet.Key(n)] = to
		}
	}
	add(func(c *AreaColumns) *int { return &c.Code }, "kode", "kode wilayah", "kode daerah", "code", "area code")
	add(func(c *AreaColumns) *int { return &c.Name }, "nama", "daerah", "wilayah", "tempat", "tujuan", "kecamatan", "kelurahan", "desa", "nama daerah",
		"nama wilayah", "area", "name", "place", "district", "village")
	add(func(c *AreaColumns) *int { return &c.Town }, "kabupaten", "kota", "kabupaten/kota", "kab/kota", "regency", "city")
	add(func(c *AreaColumns) *int { return &c.Fee }, "ongkir", "ongkos kirim", "tarif", "biaya", "biaya kirim", "harga", "fee", "shipping", "shipping fee", "price")
	add(func(c *AreaColumns) *int { return &c.Closed }, "tutup", "tidak diantar", "closed", "not served")
	return all
}()

// columnsOf reads a header. A row that is no header, but has a fee in its second
// cell, is a row of a file without one.
func columnsOf(row sheet.Row) (c AreaColumns, header bool, err error) {
	c = AreaColumns{-1, -1, -1, -1, -1}
	for i, cell := range row.Cells {
		if to := columnNames[sheet.Key(cell)]; to != nil && *to(&c) < 0 {
			*to(&c) = i
		}
	}
	if (c.Code >= 0 || c.Name >= 0) && (c.Fee >= 0 || c.Closed >= 0) {
		return c, true, nil
	}
	if _, err := sheet.Dots.Rupiah(row.At(1), 1); err == nil && len(row.Cells) <= 3 {
		return AreaColumns{Code: 0, Name: -1, Town: -1, Fee: 1, Closed: 2}, false, nil
	}
	return c, false, ErrNoTable
}

// BadRow is a row of a file that cannot be taken in, and why.
type BadRow struct {
	Line  int
	Text  string
	Fault *fault.Error
}

// AreaFile is what a file of areas holds.
type AreaFile struct {
	Areas []Area // by code
	Bad   []BadRow
	Rows  int
}

// mostAreaRows bounds the rows of a file of areas, right and wrong.
const mostAreaRows = 2 * MaxAreas

// ReadAreas reads a CSV or XLSX file of areas. A file that is no table is a
// fault; what is wrong in a row stands in Bad.
func ReadAreas(ctx context.Context, file io.ReaderAt, size int64) (AreaFile, error) {
	limits := sheet.OnPage
	limits.Rows = mostAreaRows
	r, err := sheet.Open(ctx, file, size, limits)
	if err != nil {
		return AreaFile{}, err
	}
	out, err := readAreas(r)
	return out, errors.Join(err, r.Close())
}

func readAreas(r *sheet.Reader) (AreaFile, error) {
	var out AreaFile
	if r.Format == sheet.VCard {
		return out, ErrNoTable
	}
	rows, err := r.Peek(mostAreaRows + 1)
	if err != nil {
		return out, err
	}
	if len(rows) == 0 {
		return out, ErrNoTable
	}
	at, header, err := columnsOf(rows[0])
	if err != nil {
		return out, err
	}
	if header {
		rows = rows[1:]
	}
	var shown sheet.Evidence
	for _, row := range rows {
		shown.See(row.At(at.Fee))
	}
	first := map[string]int{}
	for _, row := range rows {
		out.Rows++
		a, err := ParseArea(row, at, shown.Numbers())
		if err == nil && first[a.Code] > 0 {
			place, _ := region.Get(a.Code)
			err = ErrRepeated.With(place.Label(), first[a.Code])
		}
		if f := fault.Of(err); f != nil {
			out.Bad = append(out.Bad, BadRow{row.Line, brief(row), f})
			continue
		}
		first[a.Code] = row.Line
		out.Areas = append(out.Areas, a)
	}
	if len(out.Areas) > MaxAreas {
		return out, errMany.With(MaxAreas)
	}
	slices.SortFunc(out.Areas, func(a, b Area) int { return strings.Compare(a.Code, b.Code) })
	return out, nil
}

// brief is a row as a person finds it again.
func brief(row sheet.Row) string {
	s := catalog.Clean(strings.Join(row.Cells, " · "))
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// ParseArea reads a row of a file of areas. The error is a fault that says what
// to do.
func ParseArea(row sheet.Row, at AreaColumns, n sheet.Numbers) (Area, error) {
	place, err := placeOf(row, at)
	if err != nil {
		return Area{}, err
	}
	a := Area{Code: place.Code}
	if a.Closed, err = yes(row.At(at.Closed)); err != nil {
		return Area{}, err
	}
	switch fee := row.At(at.Fee); {
	case a.Closed: // a fee beside it counts for nothing
	case fee == "":
		return Area{}, ErrNoFee
	case free[sheet.Key(fee)]:
	default:
		if a.Fee, err = n.Rupiah(fee, 1); err != nil {
			return Area{}, err
		}
		if a.Fee < 0 || a.Fee > money.Max {
			return Area{}, money.ErrTooLarge
		}
	}
	return a, nil
}

var free = map[string]bool{"gratis": true, "free": true}

// yes reads a cell with a yes or no; empty is no.
func yes(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "", "0", "-", "n", "no", "tidak", "tdk", "false", "buka", "open":
		return false, nil
	case "1", "x", "v", "y", "ya", "yes", "true", "tutup", "closed":
		return true, nil
	}
	return false, ErrYesNo.With(cut(s))
}

func cut(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// placeOf finds the place of a row: by its code, or else by its name.
func placeOf(row sheet.Row, at AreaColumns) (region.Place, error) {
	words := row.At(at.Code)
	if words == "" {
		words = row.At(at.Name)
	}
	if code := strings.ReplaceAll(words, " ", ""); code != "" && strings.Trim(code, "0123456789.") == "" {
		p, ok := region.Get(dotted(code))
		switch {
		case !ok:
			return region.Place{}, ErrNoPlace.With(cut(words))
		case p.Kind == region.Province:
			return region.Place{}, ErrProvince.With(p.Name)
		}
		return p, nil
	}
	if town := row.At(at.Town); town != "" && words != "" {
		words += ", " + town
	}
	return Named(words)
}

// dotted writes a code that a spreadsheet has taken for a number, or somebody
// without its dots, as it is: 3204250001 is 32.04.25.0001.
func dotted(code string) string {
	if strings.Contains(code, ".") {
		return code
	}
	for _, cut := range []int{2, 5, 8} {
		if len(code) > cut {
			code = code[:cut] + "." + code[cut:]
		}
	}
	return code
}

// levels are words before a name that say of what level it is.
var levels = map[string]region.Kind{
	"kec": region.District, "kecamatan": region.District, "kel": region.Village, "kelurahan": region.Village, "desa": region.Village, "ds": region.Village,
	"kab": region.Regency, "kabupaten": region.Regency, "kota": region.Regency,
}

// plain folds a name to its words, and says what level it claims for itself.
func plain(s string) (words []string, level region.Kind) {
	words = strings.FieldsFunc(catalog.Fold(s), func(c rune) bool { return c == ' ' || c == '.' || c == '-' || c == '\'' || c == '(' || c == ')' })
	if len(words) > 1 {
		if k, ok := levels[words[0]]; ok {
			level = k
			if words[0] != "kota" { // "Kota Bandung" is another than "Bandung"
				words = words[1:]
			}
		}
	}
	return words, level
}

// Named finds the one place that a name means: "Cicalengka, Kab. Bandung". Where
// a district and a village of it share the name, the district is meant. Anything
// less certain is a fault that says what might be.
func Named(name string) (region.Place, error) {
	name = catalog.Clean(name)
	if name == "" || len(name) > 200 {
		return region.Place{}, ErrNoPlace.With(cut(name))
	}
	parts := strings.Split(name, ",")
	first, level := plain(parts[0])
	kinds := []region.Kind{region.District, region.Regency, region.Village}
	if level != "" {
		kinds = []region.Kind{level}
	}
	found := region.Search(name, 20, kinds...)
	var same []region.Place
	for _, p := range found {
		own, _ := plain(p.Name)
		if slices.Equal(own, first) && above(p, parts[1:]) {
			same = append(same, p)
		}
	}
	if len(same) > 1 {
		if districts := slices.DeleteFunc(slices.Clone(same), func(p region.Place) bool { return p.Kind != region.District }); len(districts) == 1 {
			same = districts
		}
	}
	switch {
	case len(same) == 1:
		return same[0], nil
	case len(same) > 1:
		return region.Place{}, ErrSeveral.With(cut(name), labels(same))
	case len(found) > 0:
		return region.Place{}, ErrPerhaps.With(cut(name), labels(found))
	}
	return region.Place{}, ErrNoPlace.With(cut(name))
}

// above reports whether each part names something that lies above a place.
func above(p region.Place, parts []string) bool {
	var names [][]string
	for _, n := range []string{p.District, p.Regency, p.Province} {
		w, _ := plain(n)
		names = append(names, w)
	}
	for _, part := range parts {
		if strings.TrimSpace(part) == "" {
			continue
		}
		w, _ := plain(part)
		if !slices.ContainsFunc(names, func(n []string) bool { return slices.Equal(n, w) }) {
			return false
		}
	}
	return true
}

func labels(list []region.Place) string {
	var all []string
	for _, p := range list[:min(3, len(list))] {
		all = append(all, p.Label()+" ("+p.Code+")")
	}
	return strings.Join(all, "; ")
}

// WriteAreas writes areas as a file that ReadAreas reads.
func WriteAreas(w io.Writer, f sheet.Format, list []Area) error {
	out, err := sheet.NewWriter(w, f, "Ongkir", AreaHeader...)
	if err != nil {
		return err
	}
	for _, a := range list {
		p, _ := region.Get(a.Code)
		closed, fee := "", &a.Fee
		if a.Closed {
			closed, fee = "ya", nil
		}
		if err := out.Row(a.Code, p.Label(), fee, closed); err != nil {
			return err
		}
	}
	return out.End()
}

// Merge lays areas over those that are there, or puts them in their place.
func Merge(was, came []Area, replace bool) []Area {
	if replace {
		return came
	}
	fresh := make(map[string]bool, len(came))
	for _, a := range came {
		fresh[a.Code] = true
	}
	all := slices.Clone(came)
	for _, a := range was {
		if !fresh[a.Code] {
			all = append(all, a)
		}
	}
	return all
}

// Counts tells what taking areas in would do to those that are there.
func Counts(was, came []Area, replace bool) (fresh, changed, same, gone int) {
	put, drop := changes(was, Merge(was, came, replace))
	had := map[string]bool{}
	for _, a := range was {
		had[a.Code] = true
	}
	for _, a := range put {
		if had[a.Code] {
			changed++
		} else {
			fresh++
		}
	}
	return fresh, changed, len(came) - len(put), len(drop)
}
