package storefront

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	_ "image/jpeg" // photos are kept as JPEG
	"io"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
)

// Parts are the services that the storefront puts together.
type Parts struct {
	Shops    *business.Service
	Goods    *catalog.Service
	Shelf    *stock.Service
	Photos   *blob.Service
	Orders   *order.Service
	Parcels  *parcel.Service
	Payments *payment.Service
}

// Service answers buyers.
type Service struct {
	db       *store.DB
	shops    *business.Service
	goods    *catalog.Service
	shelf    *stock.Service
	photos   *blob.Service
	orders   *order.Service
	parcels  *parcel.Service
	payments *payment.Service
	cache    *Cache
	key      []byte
	drawing  chan struct{}

	// NameOf is the name of a person of the shop; only the first name is shown.
	// Package app sets it.
	NameOf func(ctx context.Context, person id.ID) (string, error)
}

// cacheBytes bounds the finished pages and pictures kept in memory.
const cacheBytes = 96 << 20

// New makes the service. root is the installation's secret; the key of the
// carts is derived from it.
func New(db *store.DB, root []byte, p Parts) (*Service, error) {
	key, err := hkdf.Key(sha256.New, root, nil, "lapak cart", 32)
	if err != nil {
		return nil, fmt.Errorf("derive cart key: %w", err)
	}
	return &Service{
		db: db, shops: p.Shops, goods: p.Goods, shelf: p.Shelf, photos: p.Photos, orders: p.Orders, parcels: p.Parcels, payments: p.Payments,
		cache: NewCache(cacheBytes), key: key, drawing: make(chan struct{}, 2),
	}, nil
}

// Now is the clock by which shops open and close.
func (s *Service) Now() time.Time { return s.db.Now() }

// OpenCart reads a cart out of a cookie of the shop.
func (s *Service) OpenCart(shop id.ID, cookie string) Cart { return DecodeCart(s.key, shop, cookie) }

// SealCart writes a cart for a cookie of the shop.
func (s *Service) SealCart(shop id.ID, c Cart) string { return EncodeCart(s.key, shop, c) }

// patience is how long a page waits for a database that is known to be out of
// order, where the page as it was last can be shown instead.
const patience = time.Second

// Kept returns a page of a shop from memory, or makes and keeps it. While the
// database does not answer, the page as it was last made stands in.
func (s *Service) Kept(ctx context.Context, shop id.ID, key string, fill func(context.Context) (*Page, time.Time, error)) (*Page, error) {
	version := s.db.Version(shop) // before anything is read
	last, have := s.cache.Peek(shop, key)
	if have && version == 0 {
		short, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		ctx = short
	}
	v, err := s.cache.Get(shop, key, version, s.db.Now(), func() (any, time.Time, int, error) {
		pg, until, err := fill(ctx)
		if err != nil {
			return nil, until, 0, err
		}
		return pg, until, pg.size() + len(key), nil
	})
	switch {
	case err == nil:
		return v.(*Page), nil
	case have && silent(err):
		return last.(*Page), nil
	}
	return nil, err
}

// silent reports whether err says that the database did not answer, which says
// nothing of what was asked.
func silent(err error) bool {
	return fault.Of(err).HasKind(fault.Unavailable) || errors.Is(err, context.DeadlineExceeded)
}

// address is a slug's shop, and the slug the shop has now.
type address struct {
	shop id.ID
	now  string
}

// Find leads from an address to the business, and to the address it has now.
// It is remembered while the shop's people change nothing, its address included.
func (s *Service) Find(ctx context.Context, slug string) (shop id.ID, now string, err error) {
	if len(slug) > 64 {
		return id.ID{}, "", ErrNotFound
	}
	last, have := s.cache.Peek(id.ID{}, "slug\x00"+slug)
	if have {
		k := last.(keptAddress)
		version := s.db.SettingsVersion(k.shop)
		if k.version != 0 && k.version == version {
			return k.shop, k.now, nil
		}
		if version == 0 {
			short, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			ctx = short
		}
	}
	shop, now, err = s.shops.BySlug(ctx, slug)
	if have && err != nil && silent(err) {
		k := last.(keptAddress)
		return k.shop, k.now, nil
	}
	if errors.Is(err, business.ErrNotFound) {
		return id.ID{}, "", ErrNotFound
	}
	if err != nil {
		return id.ID{}, "", err
	}
	// The version is read first and the address again, so that a change in
	// between is not missed.
	if version := s.db.SettingsVersion(shop); version != 0 {
		if again, same, err := s.shops.BySlug(ctx, slug); err == nil && again == shop && same == now {
			s.cache.Put(id.ID{}, "slug\x00"+slug, keptAddress{address{shop, now}, version}, 200+len(slug))
		}
	}
	return shop, now, nil
}

type keptAddress struct {
	address
	version uint64
}

// ShopPicture is the link preview of a shop.
func (s *Service) ShopPicture(ctx context.Context, sc authz.Scope) (*Page, error) {
	return s.Kept(ctx, sc.Business, "picture", func(ctx context.Context) (*Page, time.Time, error) {
		f, err := s.Shop(ctx, sc, Look{})
		if err != nil {
			return nil, time.Time{}, err
		}
		b := f.Business
		note := b.Tagline
		if note == "" {
			note = b.Town()
		}
		return s.draw(ctx, sc, Picture{Shop: b.Name, Note: note, Dye: string(b.Dye)}, f.cover())
	})
}

// ProductPicture is the link preview of a product.
func (s *Service) ProductPicture(ctx context.Context, sc authz.Scope, slug string) (*Page, error) {
	return s.Kept(ctx, sc.Business, "picture\x00"+slug, func(ctx context.Context) (*Page, time.Time, error) {
		d, err := s.Product(ctx, sc, slug)
		if err != nil {
			return nil, time.Time{}, err
		}
		low, _ := d.Good.Prices()
		return s.draw(ctx, sc, Picture{
			Shop: d.Business.Name, Title: d.Good.Title, Price: money.String(low), Note: d.Business.Town(), Dye: string(d.Business.Dye),
		}, d.Good.Cover())
	})
}

// draw makes a preview; two at a time, because it takes a processor for a while.
func (s *Service) draw(ctx context.Context, sc authz.Scope, p Picture, photo catalog.Photo) (*Page, time.Time, error) {
	if !photo.IsZero() {
		f, err := s.photos.Open(ctx, sc.Business, photo.ID, 640)
		if err != nil && !errors.Is(err, blob.ErrNotFound) {
			return nil, time.Time{}, err
		}
		if err == nil {
			if p.Photo, _, err = image.Decode(bytes.NewReader(f.Content)); err != nil {
				return nil, time.Time{}, fmt.Errorf("decode a photo of ours: %w", err)
			}
		}
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, time.Time{}, ctx.Err()
	}
	b, err := p.Draw()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("draw a preview: %w", err)
	}
	return NewPage("image/jpeg", b), time.Time{}, nil
}

// cover is the photo that stands for the shop: that of its first product with one.
func (f Front) cover() catalog.Photo {
	for _, g := range f.Goods {
		if c := g.Cover(); !c.IsZero() {
			return c
		}
	}
	return catalog.Photo{}
}

// Mark changes when the shop's link preview does.
func (f Front) Mark() string {
	b := f.Business
	return mark(b.Name, b.Tagline, b.Village, string(b.Dye), f.cover().ID.String())
}

// Mark changes when the product's link preview does.
func (d Detail) Mark() string {
	low, _ := d.Good.Prices()
	b := d.Business
	return mark(b.Name, d.Good.Title, strconv.FormatInt(low, 10), b.Village, string(b.Dye), d.Good.Cover().ID.String())
}

func mark(parts ...string) string {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00"))
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// Business reads the shop, if the public may see it.
func (s *Service) Business(ctx context.Context, sc authz.Scope) (business.Business, error) {
	var b business.Business
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		b, err = s.shopOf(ctx, tx, sc)
		return err
	})
	return b, err
}

// Worth is what the things in a cart cost now, delivery aside.
func (s *Service) Worth(ctx context.Context, sc authz.Scope, c Cart) (int64, error) {
	variants := make([]id.ID, len(c.Lines))
	for i, l := range c.Lines {
		variants[i] = l.Variant
	}
	var sum int64
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		sum = 0
		offers, err := s.goods.Offers(ctx, tx, sc, variants)
		if err != nil {
			return err
		}
		for _, l := range c.Lines {
			worth, err := money.Mul(l.Quantity, offers[l.Variant].Price)
			if err != nil {
				return err
			}
			if sum, err = money.Add(sum, worth); err != nil {
				return err
			}
		}
		return nil
	})
	return sum, err
}

// Quote tells what a draft would cost now.
func (s *Service) Quote(ctx context.Context, sc authz.Scope, d order.Draft) (order.Quote, error) {
	return s.orders.Quote(ctx, sc, d)
}

// Place takes the order of a buyer; see order.Service.Place.
func (s *Service) Place(ctx context.Context, sc authz.Scope, d order.Draft) (order.Order, error) {
	return s.orders.Place(ctx, sc, d)
}

// Link is the secret in the address of an order's page.
func (s *Service) Link(o order.Order) string { return s.orders.Link(o) }

// Followed is an order with all that its page shows to the buyer.
type Followed struct {
	order.Detail
	Shop    business.Business
	Ways    payment.Settings
	Courier string // first name of who brings it, if it is on the way
	Parcels []Parcel
	Now     time.Time
}

// Parcel is what a buyer sees of a parcel of theirs.
type Parcel struct {
	parcel.Parcel
	Path  string       // of its tracking page
	Code  string       // to be said to the courier; empty: none is asked
	May   []parcel.Act // what the buyer may wish now
	Limit int64        // how often it is brought; 0: as often as needed
}

// Wish does what a buyer wants done with a parcel of the order that a link opens.
func (s *Service) Wish(ctx context.Context, token string, w parcel.Wish) error {
	_, err := s.parcels.WishByLink(ctx, token, w)
	return err
}

// Follow reads the order that a link opens.
func (s *Service) Follow(ctx context.Context, token string) (Followed, error) {
	sc, d, err := s.orders.Follow(ctx, token)
	if err != nil {
		return Followed{}, err
	}
	f := Followed{Detail: d}
	err = s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if f.Shop, err = s.shops.GetTx(ctx, tx, sc); err != nil {
			return err
		}
		if f.Ways, err = s.payments.Settings(ctx, tx, sc); err != nil || !d.Way.Brought() {
			return err
		}
		list, err := s.parcels.OfTx(ctx, tx, sc, d.ID)
		f.Parcels, f.Now = nil, tx.Now
		if err != nil || len(list) == 0 {
			return err
		}
		set, err := s.parcels.Settings(ctx, tx, sc)
		for _, p := range list {
			one := Parcel{Parcel: p, Path: "/lacak/" + s.parcels.Link(sc.Business, p.ID), Limit: set.Attempts}
			for _, a := range parcel.Wishes {
				if p.MayWish(a, set.Attempts) {
					one.May = append(one.May, a)
				}
			}
			if p.CodeAsked && !p.Status.Final() {
				one.Code = s.parcels.Code(sc.Business, p.ID)
			}
			f.Parcels = append(f.Parcels, one)
		}
		return err
	})
	if err != nil {
		return Followed{}, err
	}
	if d.State == order.Sent {
		if f.Courier, err = s.FirstName(ctx, d.Order.Courier); err != nil {
			return Followed{}, err
		}
	}
	return f, nil
}

// FirstName is what buyers are told of who brings something: nothing if that
// is nobody.
func (s *Service) FirstName(ctx context.Context, person id.ID) (string, error) {
	if person.IsZero() || s.NameOf == nil {
		return "", nil
	}
	name, err := s.NameOf(ctx, person)
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	return first, err
}

// Do does what a buyer may do with the order that a link opens.
func (s *Service) Do(ctx context.Context, token string, m order.Move) error {
	_, err := s.orders.DoByLink(ctx, token, m)
	return err
}

// ReadProof reads a photo of a payment that a buyer sends.
func (s *Service) ReadProof(ctx context.Context, r io.Reader) (blob.Picture, error) {
	return s.photos.ReadPrivate(ctx, r)
}
