package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/bundle"
	"lapak/internal/fault"
	"lapak/internal/id"
)

// ShopFile is what a command tells of a shop file.
type ShopFile = bundle.Manifest

// Brought is a shop that the operator let in, and the link by which somebody
// becomes its owner.
type Brought struct {
	bundle.Came
	Handover string
}

// ExportShop writes the shop at an address to a file, which is not there yet
// and is there only when it is whole.
func (a *App) ExportShop(ctx context.Context, slug, name string, history bool) (ShopFile, error) {
	shop, _, err := a.Shops.BySlug(ctx, slug)
	if err != nil {
		return ShopFile{}, err
	}
	if _, err := os.Lstat(name); err == nil {
		return ShopFile{}, fmt.Errorf("%s is there already", name)
	}
	f, err := os.OpenFile(name+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return ShopFile{}, fmt.Errorf("make the file: %w", err)
	}
	m, err := a.Bundles.Export(ctx, authz.Job(shop), f, history)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = errors.Join(os.Rename(name+".part", name), backup.SyncFolder(filepath.Dir(name)))
	}
	if err != nil {
		return ShopFile{}, errors.Join(err, os.Remove(name+".part"))
	}
	return m, nil
}

// ImportShop lets the shop of a file in, under its own address or another one.
// It belongs to nobody until somebody opens the link.
func (a *App) ImportShop(ctx context.Context, name, slug string) (Brought, error) {
	f, err := os.Open(name)
	if err != nil {
		return Brought{}, fmt.Errorf("open the file: %w", err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return Brought{}, fmt.Errorf("open the file: %w", err)
	}
	came, err := a.Bundles.Import(ctx, authz.Job(id.ID{}), f, st.Size(), bundle.Options{Slug: slug})
	if err != nil {
		if field := fault.Of(err).Field("slug"); field != nil {
			return Brought{}, fmt.Errorf("%w; name another address with --slug", a.Sentence(field))
		}
		return Brought{}, err
	}
	token, err := a.Shops.OfferHandover(ctx, authz.Job(came.Business))
	return Brought{came, "/serah/" + token}, err
}
