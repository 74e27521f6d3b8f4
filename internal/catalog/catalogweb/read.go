package catalogweb

import (
	"net/http"
	"strconv"
	"strings"

	"lapak/internal/catalog"
	"lapak/internal/web"
)

// number reads a whole number: empty is zero, and what is none is below zero,
// which is judged as wrong everywhere.
func number(r *http.Request, name string) int64 {
	s := strings.ReplaceAll(strings.TrimSpace(r.FormValue(name)), ".", "")
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func sum(r *http.Request, name string) int64 {
	n, err := web.Money(r, name)
	if err != nil {
		return -1
	}
	return n
}

func pieces(s string) []string {
	var list []string
	for _, v := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == '\n' || c == ';' }) {
		if v = catalog.Clean(strings.ReplaceAll(v, "|", "/")); v != "" {
			list = append(list, v)
		}
	}
	return list
}

// size reads "20 x 10 x 5"; empty is zero, what is none is below zero.
func size(s string) (l, w, h int64) {
	if strings.TrimSpace(s) == "" {
		return 0, 0, 0
	}
	parts := strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return c == 'x' || c == '×' || c == '*' })
	if len(parts) != 3 {
		return -1, -1, -1
	}
	var n [3]int64
	for i, p := range parts {
		v, err := strconv.ParseInt(strings.TrimSpace(p), 10, 64)
		if err != nil {
			return -1, -1, -1
		}
		n[i] = v
	}
	return n[0], n[1], n[2]
}

// read takes the form as it came. Judging it is the service's work.
func read(r *http.Request) form {
	_ = r.ParseMultipartForm(8 << 20) // a body that is none is an empty form
	d := form{Raw: r.Form, Counted: r.FormValue("tracked") == "on"}
	d.Form = catalog.Form{
		ID: web.FormID(r, "id"), Edit: web.FormID(r, "edit"), Title: r.FormValue("title"), About: r.FormValue("about"),
		Category: r.FormValue("category"), Unit: r.FormValue("unit"), Shelf: r.FormValue("shelf"), Labels: pieces(r.FormValue("labels")),
		Halal: r.FormValue("halal"), PIRT: r.FormValue("pirt"), MadeToOrderDays: number(r, "days"), Min: number(r, "min"), Max: number(r, "max"),
	}
	for i := range catalog.MaxOptions {
		o := catalog.Option{Name: catalog.Clean(r.FormValue(at("options", i, "name"))), Values: pieces(r.FormValue(at("options", i, "values")))}
		if o.Name != "" || len(o.Values) > 0 {
			d.Options = append(d.Options, o)
		}
	}
	for i := range catalog.MaxPhotos {
		if v := web.FormID(r, at("photos", i, "id")); !v.IsZero() {
			d.Photos = append(d.Photos, catalog.PhotoForm{ID: v, Alt: r.FormValue(at("photos", i, "alt"))})
		}
	}
	for i := range catalog.MaxVariants {
		variant := web.FormID(r, at("variants", i, "id"))
		if variant.IsZero() {
			break
		}
		if r.FormValue(at("variants", i, "off")) == "on" {
			continue
		}
		v := catalog.VariantForm{
			ID: variant, SKU: r.FormValue(at("variants", i, "sku")), Price: sum(r, at("variants", i, "price")), WasPrice: sum(r, at("variants", i, "was")),
			WeightGrams: number(r, at("variants", i, "weight")), Seen: web.Int(r, at("variants", i, "seen")), Tracked: d.Counted,
		}
		v.Length, v.Width, v.Height = size(r.FormValue(at("variants", i, "size")))
		if c := r.FormValue(at("variants", i, "choices")); c != "" {
			v.Choices = strings.Split(c, "|")
		}
		if s := strings.TrimSpace(r.FormValue(at("variants", i, "stock"))); s != "" && d.Counted {
			n := number(r, at("variants", i, "stock"))
			v.Stock = &n
		}
		d.Variants = append(d.Variants, v)
	}
	return d
}
