package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed static
var files embed.FS

// asset is a file ready to be served.
type asset struct {
	kind      string
	plain, gz []byte
	url, etag string
}

var assets = sync.OnceValue(func() map[string]*asset {
	all := map[string]*asset{}
	add := func(name, kind string, b []byte) {
		sum := sha256.Sum256(b)
		hash := hex.EncodeToString(sum[:5])
		ext := path.Ext(name)
		a := &asset{kind: kind, plain: b, url: "/static/" + strings.TrimSuffix(name, ext) + "." + hash + ext, etag: `"` + hash + `"`}
		var z bytes.Buffer
		w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
		_, _ = w.Write(b)
		_ = w.Close()
		a.gz = z.Bytes()
		all[name] = a
		all[a.url] = a
	}
	read := func(name string) []byte {
		b, err := files.ReadFile("static/" + name)
		if err != nil {
			panic(err) // the file is embedded: this is a mistake of the build
		}
		return b
	}
	var css bytes.Buffer
	for _, name := range []string{"tokens.css", "base.css", "components.css", "lapak.css"} {
		css.WriteString(minify(string(read(name))))
	}
	add("lapak.css", "text/css; charset=utf-8", css.Bytes())
	add("print.css", "text/css; charset=utf-8", []byte(minify(string(read("print.css")))))
	for _, dir := range []string{"static", "static/js", "static/img"} {
		list, _ := fs.ReadDir(files, dir)
		for _, e := range list {
			name := strings.TrimPrefix(dir+"/"+e.Name(), "static/")
			switch path.Ext(name) {
			case ".js":
				add(name, "text/javascript; charset=utf-8", read(name))
			case ".svg":
				add(name, "image/svg+xml", read(name))
			case ".png":
				add(name, "image/png", read(name))
			}
		}
	}
	return all
})

// minify takes comments and needless blanks out of a style sheet of ours.
// Strings in it hold neither comments nor double blanks.
func minify(s string) string {
	for {
		i := strings.Index(s, "/*")
		if i < 0 {
			break
		}
		j := strings.Index(s[i:], "*/")
		s = s[:i] + s[i+j+2:]
	}
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer(" { ", "{", "{ ", "{", " {", "{", "; ", ";", ";}", "}", "; }", "}", " }", "}", "} ", "}", ": ", ":", ", ", ",", " > ", ">").Replace(s)
}

// Asset is the address of a static file, its content's hash in it.
func Asset(name string) string {
	if a, ok := assets()[name]; ok {
		return a.url
	}
	return "/static/" + name
}

// AssetBytes is the content of a static file and how much of it goes over the
// wire compressed; for the budget of pages.
func AssetBytes(name string) (plain, gz []byte) {
	a, ok := assets()[name]
	if !ok {
		return nil, nil
	}
	return a.plain, a.gz
}

// ServeAsset answers GET /static/... with a year's caching.
func ServeAsset(w http.ResponseWriter, r *http.Request) bool {
	a, ok := assets()[r.URL.Path]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	serve(w, r, a)
	return true
}

// ServeNamed answers with a static file under an address that never changes,
// such as the service worker's.
func ServeNamed(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("Cache-Control", "no-cache")
	serve(w, r, assets()[name])
}

func serve(w http.ResponseWriter, r *http.Request, a *asset) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", a.etag)
	h.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && len(a.gz) < len(a.plain) {
		h.Set("Content-Encoding", "gzip")
		body = a.gz
	}
	_, _ = w.Write(body)
}
