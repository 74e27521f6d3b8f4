package business

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business/businessdb"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/phone"
	"lapak/internal/region"
	"lapak/internal/store"
)

// Service keeps businesses.
type Service struct {
	db       *store.DB
	q        *businessdb.Queries
	accounts *account.Service
	vault    vault

	// OnTouch is called in the transaction in which something public of a
	// business changes. Package app sets it.
	OnTouch func(ctx context.Context, tx *store.Tx, sc authz.Scope) error
}

// New makes the service; root is the installation's root secret, from which
// the keys of sealed numbers are derived.
func New(db *store.DB, accounts *account.Service, root []byte) (*Service, error) {
	v, err := newVault(root)
	if err != nil {
		return nil, err
	}
	return &Service{db: db, q: businessdb.New(), accounts: accounts, vault: v}, nil
}

// Get is the scope's business. It says nothing about who may see it: pages for
// the public ask Visible.
func (s *Service) Get(ctx context.Context, sc authz.Scope) (Business, error) {
	var b Business
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		b, err = s.GetTx(ctx, tx, sc)
		return err
	})
	return b, err
}

// GetTx is Get within a transaction.
func (s *Service) GetTx(ctx context.Context, tx *store.Tx, sc authz.Scope) (Business, error) {
	r, err := s.q.Business(ctx, tx, sc.Business)
	if errors.Is(err, sql.ErrNoRows) {
		return Business{}, ErrNotFound
	}
	if err != nil {
		return Business{}, fmt.Errorf("read business: %w", err)
	}
	return fromRow(r)
}

type keptKey struct{}

// Kept is GetTx from memory: for who reads it often and changes nothing in it.
func (s *Service) Kept(ctx context.Context, tx *store.Tx, sc authz.Scope) (Business, error) {
	return store.Kept(tx, sc.Business, keptKey{}, func() (Business, error) { return s.GetTx(ctx, tx, sc) })
}

// BySlug finds the business at an address, and the address it has now: where
// the two differ, the caller redirects.
func (s *Service) BySlug(ctx context.Context, slug string) (id.ID, string, error) {
	if len(slug) > MaxSlug {
		return id.ID{}, "", ErrNotFound
	}
	var r businessdb.BySlugRow
	err := s.db.View(ctx, authz.Visitor(id.ID{}), func(tx *store.Tx) (err error) {
		r, err = s.q.BySlug(ctx, tx, strings.ToLower(slug))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return id.ID{}, "", ErrNotFound
	}
	if err != nil {
		return id.ID{}, "", fmt.Errorf("find address: %w", err)
	}
	return r.BusinessID, r.Slug, nil
}

// Refresh asks the directory to read a business anew.
type Refresh struct{ Business id.ID }

// Kind names the job.
func (Refresh) Kind() string { return "directory.refresh" }

// Touch notes that something of the scope's business that the public sees has
// changed: cached pages are dropped at commit and the directory follows.
func (s *Service) Touch(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	tx.Touch(sc.Business)
	if s.OnTouch != nil {
		if err := s.OnTouch(ctx, tx, sc); err != nil {
			return err
		}
	}
	return job.Put(ctx, tx, sc, Refresh{sc.Business}, job.Unique("refresh:"+sc.Business.String()))
}

// NewShop is what an owner says of a shop to open it.
type NewShop struct {
	ID         id.ID // made with the form: sent twice, it opens one shop
	Name       string
	Trade      string
	Village    string
	Phone      string
	SoldBefore SoldBefore
}

// Validate reports every field that is wrong.
func (d NewShop) Validate() error {
	var f fault.Fields
	f.Check(!d.ID.IsZero(), "id", "form.stale")
	checkName(&f, d.Name)
	_, ok := TradeOf(d.Trade)
	f.Check(ok, "trade", "business.trade_choose")
	checkVillage(&f, d.Village)
	checkPhone(&f, "phone", d.Phone, true)
	f.Check(d.SoldBefore.known(), "sold_before", "business.sold_choose")
	return f.Err()
}

func (s SoldBefore) known() bool {
	return s == SoldConventional || s == SoldOnline || s == SoldBoth
}

func checkName(f *fault.Fields, name string) {
	n := utf8.RuneCountInString(strings.TrimSpace(name))
	f.Check(n >= 3, "name", "business.name_short")
	f.Check(n <= maxName, "name", "form.too_long", maxName)
}

func checkVillage(f *fault.Fields, code string) {
	p, ok := region.Get(code)
	f.Check(ok && p.Kind == region.Village, "village", "business.village_choose")
}

func checkPhone(f *fault.Fields, field, s string, needed bool) {
	if strings.TrimSpace(s) == "" {
		f.Check(!needed, field, "form.required")
		return
	}
	if _, err := phone.Parse(s); err != nil {
		f.Add(field, err)
	}
}

// Create opens a shop for the person of the scope, who becomes its owner. It
// stays a draft until Publish. A Create with the id of a shop that the same
// person has opened already gives that shop.
func (s *Service) Create(ctx context.Context, sc authz.Scope, d NewShop) (Business, error) {
	if err := sc.Can(authz.SignedIn); err != nil {
		return Business{}, err
	}
	d.Name = clean(d.Name)
	if err := d.Validate(); err != nil {
		return Business{}, err
	}
	own := ownerScope(sc, d.ID)
	var b Business
	err := s.db.Tx(ctx, own, func(tx *store.Tx) (err error) {
		b, err = s.CreateTx(ctx, tx, own, d)
		return err
	})
	return b, err
}

// ownerScope is sc acting as the owner of business, for the moment in which the
// person becomes it.
func ownerScope(sc authz.Scope, business id.ID) authz.Scope {
	sc.Business, sc.Role, sc.Perms, sc.Membership = business, authz.Owner, nil, id.ID{}
	return sc
}

// CreateTx is Create within a transaction of the new business.
func (s *Service) CreateTx(ctx context.Context, tx *store.Tx, own authz.Scope, d NewShop) (Business, error) {
	place, _ := region.Get(d.Village)
	trade, _ := TradeOf(d.Trade)
	num, err := phone.Parse(d.Phone)
	if err != nil {
		return Business{}, err
	}
	slug, err := s.takeSlug(ctx, tx, d.ID, suggestions(d.Name, place.District, place.Regency, d.ID.String()[24:]))
	if err != nil {
		return Business{}, err
	}
	n, err := s.q.InsertBusiness(ctx, tx, businessdb.InsertBusinessParams{
		BusinessID: d.ID, Slug: slug, Name: d.Name, Trade: d.Trade, Kbli: trade.KBLI[0].Code, KbliEdition: KBLI2020, Village: d.Village,
		Phone: string(num), Dye: string(Dyes[0]), Zone: region.Zone(d.Village), Hours: "", SoldBefore: string(d.SoldBefore), CreatedAt: tx.Now,
	})
	if err != nil {
		return Business{}, fmt.Errorf("insert business: %w", err)
	}
	if n == 0 {
		return Business{}, ErrEnded
	}
	if err := s.accounts.AddMembership(ctx, tx, own.Actor, d.ID, authz.Owner, nil); err != nil {
		return Business{}, err
	}
	if err := audit.Note(ctx, tx, own, "business.created", d.ID); err != nil {
		return Business{}, err
	}
	return s.changed(ctx, tx, own)
}

func (s *Service) takeSlug(ctx context.Context, tx *store.Tx, business id.ID, want []string) (string, error) {
	for _, slug := range want {
		if CheckSlug(slug) != nil {
			continue
		}
		n, err := s.q.TakeSlug(ctx, tx, businessdb.TakeSlugParams{Slug: slug, BusinessID: business, CreatedAt: tx.Now})
		if err != nil {
			return "", fmt.Errorf("take address: %w", err)
		}
		if n == 1 {
			return slug, nil
		}
	}
	return "", ErrSlugTaken
}

// Adopt gives an address to the scope's business, whose row was brought in from
// elsewhere with that address in it, and makes the business known. An address
// that is taken is ErrSlugTaken.
func (s *Service) Adopt(ctx context.Context, tx *store.Tx, sc authz.Scope, slug string) (Business, error) {
	if _, err := s.takeSlug(ctx, tx, sc.Business, []string{slug}); err != nil {
		if errors.Is(err, ErrSlugTaken) {
			return Business{}, ErrSlugTaken.On("slug")
		}
		return Business{}, err
	}
	return s.changed(ctx, tx, sc)
}

// Taken reports whether a business has an address, now or before.
func (s *Service) Taken(ctx context.Context, slug string) (bool, error) {
	_, _, err := s.BySlug(ctx, slug)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// changed reads the business anew, writes its line of the registry and tells
// the public pages. Every change of a business ends here.
func (s *Service) changed(ctx context.Context, tx *store.Tx, sc authz.Scope) (Business, error) {
	b, err := s.GetTx(ctx, tx, sc)
	if err != nil {
		return Business{}, err
	}
	err = s.q.PutRegistry(ctx, tx, businessdb.PutRegistryParams{
		BusinessID: b.ID, Slug: b.Slug, Name: b.Name, NameSearch: foldName(b.Name), Trade: b.Trade, Kbli: b.KBLI, KbliEdition: b.KBLIEdition,
		Nib: b.NIB, Halal: b.Halal, Pirt: b.PIRT,
		Province: region.Up(b.Village, region.Province), Regency: region.Up(b.Village, region.Regency),
		District: region.Up(b.Village, region.District), Village: b.Village,
		SoldBefore: string(b.SoldBefore), State: string(b.State), HiddenReason: b.HiddenReason, HiddenAt: b.HiddenAt,
		CreatedAt: b.CreatedAt, PublishedAt: b.PublishedAt, UpdatedAt: b.UpdatedAt,
	})
	if err != nil {
		return Business{}, fmt.Errorf("write registry: %w", err)
	}
	return b, s.Touch(ctx, tx, sc)
}

// edit runs one change of the scope's business: permission, the update, the
// audit line, the registry.
func (s *Service) edit(ctx context.Context, sc authz.Scope, v authz.Verb, what string,
	put func(tx *store.Tx, b Business) (int64, audit.Diff, error),
) (Business, error) {
	if err := sc.Can(v); err != nil {
		return Business{}, err
	}
	var b Business
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		before, err := s.GetTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		n, diff, err := put(tx, before)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrEnded
		}
		if err := audit.Note(ctx, tx, sc, what, sc.Business, diff); err != nil {
			return err
		}
		b, err = s.changed(ctx, tx, sc)
		return err
	})
	return b, err
}

func fromRow(r businessdb.BusinessRow) (Business, error) {
	hours, err := readHours(r.Hours)
	if err != nil {
		return Business{}, fmt.Errorf("read hours: %w", err)
	}
	var closings []Closing
	if err := json.Unmarshal([]byte(r.Closings), &closings); err != nil {
		return Business{}, fmt.Errorf("read closings: %w", err)
	}
	b := Business{
		ID: r.BusinessID, Slug: r.Slug, Name: r.Name, Tagline: r.Tagline, About: r.About, Trade: r.Trade, KBLI: r.Kbli, KBLIEdition: r.KbliEdition,
		Village: r.Village, Street: r.Street, Landmark: r.Landmark, Phone: r.Phone, WhatsApp: r.Whatsapp, Mail: r.Mail, Dye: Dye(r.Dye), Zone: r.Zone,
		Hours: hours, AnyTime: r.AnyTime, Closings: closings, Paused: r.Paused, PausedNote: r.PausedNote, NIB: r.Nib, NPWP: r.Npwp, NIKTail: r.NikTail,
		Halal: r.Halal, PIRT: r.Pirt, SoldBefore: SoldBefore(r.SoldBefore), State: State(r.State), HiddenReason: r.HiddenReason, HiddenAt: r.HiddenAt,
		CreatedAt: r.CreatedAt, PublishedAt: r.PublishedAt, EndedAt: r.EndedAt, UpdatedAt: r.UpdatedAt,
	}
	if r.LatE6 != nil && r.LngE6 != nil {
		b.Pinned, b.Lat, b.Lng = true, float64(*r.LatE6)/1e6, float64(*r.LngE6)/1e6
	} else {
		p := b.Place()
		b.Lat, b.Lng = p.Lat, p.Lng
	}
	return b, nil
}

// clean trims a line of text and drops control and direction characters.
func clean(s string) string { return strings.Join(strings.Fields(cleanText(s)), " ") }

// cleanText is clean for text of several lines.
func cleanText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r < ' ' || r == 0x7f || r == utf8.RuneError:
			return -1
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// foldName is a name as the registry is searched by.
func foldName(s string) string { return " " + strings.ReplaceAll(fold(s, 4*maxName), "-", " ") }

func change(from, to string) audit.Change { return audit.Change{From: from, To: to} }

// Each calls fn with every business of the installation, a part of them at a
// time, until fn fails.
func (s *Service) Each(ctx context.Context, fn func(business id.ID) error) error {
	sc := authz.Job(id.ID{})
	for last := (id.ID{}); ; {
		var list []id.ID
		err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
			list, err = s.q.Businesses(ctx, tx, businessdb.BusinessesParams{After: last, Max: 500})
			return err
		})
		if err != nil {
			return fmt.Errorf("list businesses: %w", err)
		}
		for _, b := range list {
			if err := fn(b); err != nil {
				return err
			}
			last = b
		}
		if len(list) < 500 {
			return nil
		}
	}
}
