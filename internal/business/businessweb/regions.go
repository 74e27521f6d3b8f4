package businessweb

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"lapak/internal/region"
	"lapak/internal/web"
)

// found is one region as the search field of a form takes it.
type found struct {
	Code   string `json:"code"`
	Label  string `json:"label"`
	Name   string `json:"name"`
	Under  string `json:"under"`
	Postal string `json:"postal,omitempty"`
}

var regionKinds = []region.Kind{region.Village, region.District, region.Regency, region.Province}

// regions answers what is typed into a search field: as JSON to script, and as
// a page to people.
func (p pages) regions(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	var kinds []region.Kind
	for _, k := range strings.Split(q.Get("jenis"), ",") {
		if slices.Contains(regionKinds, region.Kind(k)) {
			kinds = append(kinds, region.Kind(k))
		}
	}
	list := region.Search(q.Get("q"), 12, kinds...)
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		return web.Render(w, r, http.StatusOK, regionsPage(q.Get("q"), q.Get("jenis"), list))
	}
	out := make([]found, len(list))
	for i, v := range list {
		_, under, _ := strings.Cut(v.Label(), ", ")
		out[i] = found{v.Code, v.Label(), v.Title(), under, v.Postal}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Add("Vary", "Accept")
	return json.NewEncoder(w).Encode(out)
}
