package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lapak/internal/defect"
)

// unsaved is a form that could not be taken, kept on the page that says so,
// so that one press sends it again: the same fields, the same id.
type unsaved struct {
	action string
	fields []field
	lost   bool // it had a file, which a page cannot hold
}

type field struct{ name, value string }

// secret reports whether a field is never written back into a page.
func secret(name string) bool {
	return name == "password" || name == "new" || name == "sandi" || name == "pin" || strings.HasSuffix(name, "_pin")
}

// unsaved reads what was typed into the form that r sent, or nil if there is
// nothing that may be sent again: what came from another site is not.
func (s *shell) unsaved(r *http.Request, st *state) *unsaved {
	if r.Method != http.MethodPost || st.route == nil || defect.On("forget-form") {
		return nil
	}
	r.Body = http.MaxBytesReader(nil, r.Body, st.route.MaxBody) // it may not have come to that yet
	if s.checkOrigin(r, st, *st.route) != nil {
		return nil
	}
	if r.PostForm == nil && r.MultipartForm == nil && readForm(r, *st.route) != nil {
		return nil
	}
	form := r.PostForm
	u := &unsaved{action: (&url.URL{Path: st.env.Path, RawQuery: r.URL.RawQuery}).String()}
	if r.MultipartForm != nil {
		form = r.MultipartForm.Value
		for _, files := range r.MultipartForm.File {
			for _, f := range files {
				u.lost = u.lost || f.Size > 0
			}
		}
	}
	if len(form) == 0 {
		return nil
	}
	for name, values := range form {
		if secret(name) {
			return nil
		}
		if name == "_t" {
			continue // the page has its own
		}
		for _, v := range values {
			u.fields = append(u.fields, field{name, v})
		}
	}
	slices.SortStableFunc(u.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return u
}
