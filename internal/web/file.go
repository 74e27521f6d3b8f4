package web

import "net/http"

// PDF answers with a paper of a person's own, which the browser shows under name.
func PDF(w http.ResponseWriter, name string, content []byte) error {
	return file(w, "application/pdf", `inline; filename="`+name+`.pdf"`, content)
}

// Photo answers with a private photo, which nothing keeps.
func Photo(w http.ResponseWriter, content []byte) error {
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	return file(w, "image/jpeg", "", content)
}

func file(w http.ResponseWriter, kind, as string, content []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	if as != "" {
		h.Set("Content-Disposition", as)
	}
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(content) // who has gone away needs no answer
	return nil
}
