// Package bundleweb holds the pages by which an owner carries a whole shop away
// as one file, and by which somebody brings one in.
package bundleweb

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/bundle"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the pages call.
type Services struct {
	Bundles *bundle.Service
	Shops   *business.Service

	// ActAs makes the signed-in person act for business from the next request on.
	ActAs func(http.ResponseWriter, *http.Request, id.ID) error
}

type pages struct{ Services }

// MaxFile is how large a file the page takes; the operator's command takes more.
const MaxFile = 128 << 20

// pageLimits are those of a file that comes over the page.
var pageLimits = bundle.Limits{Entries: 50_000, Total: 256 << 20, Line: 1 << 20, Photo: 1 << 20, Manifest: 16 << 20}

// Routes are the addresses of shop files.
func Routes(s Services) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET /toko/berkas", Verb: authz.TakeShop, Handle: p.out},
		{Pattern: "POST /toko/berkas", Verb: authz.TakeShop, Handle: p.download, Rate: web.Carries, Long: true},
		{Pattern: "GET /mulai/berkas", Verb: authz.SignedIn, Handle: p.in},
		{Pattern: "POST /mulai/berkas", Verb: authz.SignedIn, Handle: p.upload, Rate: web.Carries, MaxBody: MaxFile + 64<<10, Long: true},
	}
}

func (p pages) out(w http.ResponseWriter, r *http.Request) error {
	shop, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, outPage(shop))
}

// download writes the file aside first, so that what is wrong is told in words
// and no half file is ever taken for a whole one.
func (p pages) download(w http.ResponseWriter, r *http.Request) (err error) {
	f, err := p.Bundles.TempFile()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m, err := p.Bundles.Export(r.Context(), web.Scope(r), f, true)
	if err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Length", fmt.Sprint(size))
	h.Set("Content-Disposition", `attachment; filename="`+m.Shop.Slug+`.lapak"`)
	_, err = io.Copy(w, f)
	return err
}

func (p pages) in(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, inPage("", nil))
}

func (p pages) upload(w http.ResponseWriter, r *http.Request) error {
	slug := strings.ToLower(strings.Trim(strings.TrimSpace(r.FormValue("slug")), "/@"))
	came, err := p.bring(r, slug)
	if f, again := web.Again(err); again {
		return web.Render(w, r, http.StatusUnprocessableEntity, inPage(slug, f))
	}
	if err != nil {
		return err
	}
	if err := p.ActAs(w, r, came.Business); err != nil {
		return err
	}
	web.Flash(w, r, "bundle.came")
	return web.SeeOther(w, r, "/toko")
}

func (p pages) bring(r *http.Request, slug string) (bundle.Came, error) {
	file, head, err := r.FormFile("file")
	if err != nil {
		return bundle.Came{}, onFile(bundle.ErrNone)
	}
	defer func() { _ = file.Close() }()
	came, err := p.Bundles.Import(r.Context(), web.Scope(r), file, head.Size, bundle.Options{Slug: slug, Limits: pageLimits})
	for _, known := range []error{bundle.ErrForeign, bundle.ErrNewer, bundle.ErrBroken, bundle.ErrLarge} {
		if errors.Is(err, known) {
			return came, onFile(err)
		}
	}
	return came, err
}

// onFile puts a fault beside the field of the file.
func onFile(err error) error { return fault.Of(err).On("file") }
