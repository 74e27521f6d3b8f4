// Package blobweb sends photos out to everybody.
package blobweb

import (
	"net/http"
	"strconv"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/id"
	"lapak/internal/web"
)

// Routes lists the addresses of photos.
func Routes(blobs *blob.Service) []web.Route {
	return []web.Route{{Pattern: "GET /foto/{business}/{id}/{width}", Verb: authz.Public, Cached: true, Handle: photo(blobs)}}
}

// photo answers for good: what is under one address never changes.
func photo(blobs *blob.Service) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		business, err := id.Parse(r.PathValue("business"))
		if err != nil {
			return blob.ErrNotFound
		}
		photo, err := id.Parse(r.PathValue("id"))
		if err != nil {
			return blob.ErrNotFound
		}
		width, err := strconv.Atoi(strings.TrimSuffix(r.PathValue("width"), ".jpg"))
		if err != nil {
			return blob.ErrNotFound
		}
		f, err := blobs.Open(r.Context(), business, photo, width)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		Send(w, r, f)
		return nil
	}
}

// Send writes a picture as what it is and nothing else: a JPEG that no browser
// takes for a page.
func Send(w http.ResponseWriter, r *http.Request, f blob.File) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", f.ETag)
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, f.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(f.Content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.Content)
	}
}
