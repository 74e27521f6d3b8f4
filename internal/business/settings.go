package business

import (
	"context"
	"fmt"
	"math"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business/businessdb"
	"lapak/internal/fault"
	"lapak/internal/phone"
	"lapak/internal/region"
	"lapak/internal/store"
)

// Profile is what an owner says about the shop.
type Profile struct {
	Name, Tagline, About string
	Trade, KBLI          string
	Village              string
	Street, Landmark     string
	Pinned               bool
	Lat, Lng             float64
	Phone, WhatsApp      string
	Mail                 string
}

// Profile is b's, for the form that changes it.
func (b Business) Profile() Profile {
	return Profile{
		b.Name, b.Tagline, b.About, b.Trade, b.KBLI, b.Village, b.Street, b.Landmark, b.Pinned, b.Lat, b.Lng,
		b.Phone, b.WhatsApp, b.Mail,
	}
}

// Validate reports every field that is wrong.
func (p Profile) Validate() error {
	var f fault.Fields
	checkName(&f, p.Name)
	for _, c := range []struct {
		field, text string
		max         int
	}{
		{"tagline", p.Tagline, maxTagline},
		{"about", p.About, maxAbout},
		{"street", p.Street, maxStreet},
		{"landmark", p.Landmark, maxLandmark},
		{"mail", p.Mail, 120},
	} {
		f.Check(utf8.RuneCountInString(c.text) <= c.max, c.field, "form.too_long", c.max)
	}
	t, ok := TradeOf(p.Trade)
	f.Check(ok, "trade", "business.trade_choose")
	f.Check(!ok || p.KBLI == "" || t.Has(p.KBLI), "kbli", "business.kbli_choose")
	checkVillage(&f, p.Village)
	if p.Pinned {
		f.Check(p.Lat >= -11.5 && p.Lat <= 6.5 && p.Lng >= 94.5 && p.Lng <= 141.5, "lat", "business.place_outside")
	}
	checkPhone(&f, "phone", p.Phone, true)
	checkPhone(&f, "whatsapp", p.WhatsApp, false)
	if p.Mail != "" {
		a, err := mail.ParseAddress(p.Mail)
		f.Check(err == nil && a.Address == p.Mail, "mail", "form.mail")
	}
	return f.Err()
}

// PutProfile writes the profile.
func (s *Service) PutProfile(ctx context.Context, sc authz.Scope, p Profile) (Business, error) {
	for _, t := range []*string{&p.Name, &p.Tagline, &p.Street, &p.Landmark, &p.Mail} {
		*t = clean(*t)
	}
	p.About = cleanText(p.About)
	if err := p.Validate(); err != nil {
		return Business{}, err
	}
	if t, _ := TradeOf(p.Trade); p.KBLI == "" || !t.Has(p.KBLI) {
		p.KBLI = t.KBLI[0].Code
	}
	return s.edit(ctx, sc, authz.EditShop, "business.profile", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		a := businessdb.PutProfileParams{
			BusinessID: sc.Business, Name: p.Name, Tagline: p.Tagline, About: p.About, Trade: p.Trade, Kbli: p.KBLI, KbliEdition: KBLI2020,
			Village: p.Village, Zone: region.Zone(p.Village), Street: p.Street, Landmark: p.Landmark, Mail: p.Mail, UpdatedAt: tx.Now,
		}
		num, err := phone.Parse(p.Phone)
		if err != nil {
			return 0, nil, err
		}
		a.Phone = string(num)
		if strings.TrimSpace(p.WhatsApp) != "" {
			if num, err = phone.Parse(p.WhatsApp); err != nil {
				return 0, nil, err
			}
			a.Whatsapp = string(num)
		}
		if p.Pinned {
			lat, lng := int64(math.Round(p.Lat*1e6)), int64(math.Round(p.Lng*1e6))
			a.LatE6, a.LngE6 = &lat, &lng
		}
		n, err := s.q.PutProfile(ctx, tx, a)
		diff := audit.Diff{}
		for _, c := range []struct{ what, from, to string }{
			{"name", b.Name, p.Name}, {"tagline", b.Tagline, p.Tagline}, {"trade", b.Trade, p.Trade}, {"kbli", b.KBLI, p.KBLI}, {"village", b.Village, p.Village},
		} {
			if c.from != c.to {
				diff[c.what] = change(c.from, c.to)
			}
		}
		if b.Phone != a.Phone {
			diff["phone"] = change(phone.Number(b.Phone).Masked(), num.Masked())
		}
		return n, diff, wrap(err, "write profile")
	})
}

// PutLook picks the shop's dye.
func (s *Service) PutLook(ctx context.Context, sc authz.Scope, d Dye) (Business, error) {
	if !slices.Contains(Dyes, d) {
		return Business{}, fault.New(fault.Invalid, "business.dye_choose").On("dye")
	}
	return s.edit(ctx, sc, authz.EditShop, "business.look", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		n, err := s.q.PutLook(ctx, tx, businessdb.PutLookParams{BusinessID: sc.Business, Dye: string(d), UpdatedAt: tx.Now})
		return n, audit.Diff{"dye": change(string(b.Dye), string(d))}, wrap(err, "write look")
	})
}

// PutHours writes the opening hours, and whether orders are taken outside them.
func (s *Service) PutHours(ctx context.Context, sc authz.Scope, h Hours, anyTime bool) (Business, error) {
	var f fault.Fields
	h.validate(&f)
	if err := f.Err(); err != nil {
		return Business{}, err
	}
	return s.edit(ctx, sc, authz.EditShop, "business.hours", func(tx *store.Tx, _ Business) (int64, audit.Diff, error) {
		text := ""
		if h.Known() {
			text = writeJSON(h)
		}
		n, err := s.q.PutHours(ctx, tx, businessdb.PutHoursParams{BusinessID: sc.Business, Hours: text, AnyTime: anyTime, UpdatedAt: tx.Now})
		return n, nil, wrap(err, "write hours")
	})
}

// AddClosing closes the shop for some days.
func (s *Service) AddClosing(ctx context.Context, sc authz.Scope, c Closing) (Business, error) {
	c.Message = clean(c.Message)
	if c.To == "" {
		c.To = c.From
	}
	if err := c.validate(); err != nil {
		return Business{}, err
	}
	return s.edit(ctx, sc, authz.EditShop, "business.closing", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		today := tx.Now.In(b.Location()).Format("2006-01-02")
		if c.To < today {
			return 0, nil, fault.New(fault.Invalid, "business.date_past").On("to")
		}
		all := withClosing(b.Closings, c, today)
		if len(all) > maxClosings {
			return 0, nil, fault.New(fault.Invalid, "business.closings_many", maxClosings).On("from")
		}
		n, err := s.q.PutClosings(ctx, tx, businessdb.PutClosingsParams{BusinessID: sc.Business, Closings: writeJSON(all), UpdatedAt: tx.Now})
		return n, audit.Diff{"closing": change("", c.From+"/"+c.To)}, wrap(err, "write closings")
	})
}

// RemoveClosing takes the closing with these days away.
func (s *Service) RemoveClosing(ctx context.Context, sc authz.Scope, from, to string) (Business, error) {
	return s.edit(ctx, sc, authz.EditShop, "business.closing", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		all := slices.DeleteFunc(slices.Clone(b.Closings), func(c Closing) bool { return c.From == from && c.To == to })
		if all == nil {
			all = []Closing{}
		}
		n, err := s.q.PutClosings(ctx, tx, businessdb.PutClosingsParams{BusinessID: sc.Business, Closings: writeJSON(all), UpdatedAt: tx.Now})
		return n, audit.Diff{"closing": change(from+"/"+to, "")}, wrap(err, "write closings")
	})
}

// Pause stops taking orders until Resume; note is what buyers read.
func (s *Service) Pause(ctx context.Context, sc authz.Scope, note string) (Business, error) {
	note = clean(note)
	if utf8.RuneCountInString(note) > maxNote {
		return Business{}, fault.New(fault.Invalid, "form.too_long", maxNote).On("note")
	}
	return s.pause(ctx, sc, true, note)
}

// Resume takes orders again.
func (s *Service) Resume(ctx context.Context, sc authz.Scope) (Business, error) {
	return s.pause(ctx, sc, false, "")
}

func (s *Service) pause(ctx context.Context, sc authz.Scope, on bool, note string) (Business, error) {
	return s.edit(ctx, sc, authz.EditShop, "business.paused", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		n, err := s.q.PutPause(ctx, tx, businessdb.PutPauseParams{BusinessID: sc.Business, Paused: on, PausedNote: note, UpdatedAt: tx.Now})
		return n, audit.Diff{"paused": change(fmt.Sprint(b.Paused), fmt.Sprint(on))}, wrap(err, "pause")
	})
}

// Identity is the numbers by which offices know a business. An empty NIK
// leaves the stored one alone; DropNIK removes it.
type Identity struct {
	NIB, NPWP, NIK string
	Halal, PIRT    string
	DropNIK        bool
}

// tidy writes the numbers without the blanks and dots people put in them.
func (n Identity) tidy() Identity {
	for _, p := range []*string{&n.NIB, &n.NPWP, &n.NIK, &n.PIRT} {
		*p = digitsOf(*p)
	}
	n.PIRT = strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(n.PIRT), "PIRT"), "NO")
	n.Halal = strings.ToUpper(digitsOf(n.Halal))
	return n
}

// PutIdentity writes the numbers. All of them may be left out.
func (s *Service) PutIdentity(ctx context.Context, sc authz.Scope, n Identity) (Business, error) {
	n = n.tidy()
	return s.edit(ctx, sc, authz.EditShop, "business.identity", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		var f fault.Fields
		for _, c := range []struct {
			field, s string
			check    func(string) error
		}{
			{"nib", n.NIB, CheckNIB},
			{"npwp", n.NPWP, CheckNPWP},
			{"halal", n.Halal, CheckHalal},
			{"pirt", n.PIRT, CheckPIRT},
			{"nik", n.NIK, func(s string) error { return CheckNIK(s, tx.Now) }},
		} {
			if c.s != "" {
				f.Add(c.field, c.check(c.s))
			}
		}
		if err := f.Err(); err != nil {
			return 0, nil, err
		}
		rows, err := s.q.PutIdentity(ctx, tx, businessdb.PutIdentityParams{
			BusinessID: sc.Business, Nib: n.NIB, Npwp: n.NPWP, Halal: n.Halal, Pirt: n.PIRT, UpdatedAt: tx.Now,
		})
		if err != nil {
			return 0, nil, wrap(err, "write identity")
		}
		diff := audit.Diff{}
		for _, c := range []struct{ what, from, to string }{
			{"nib", b.NIB, n.NIB}, {"halal", b.Halal, n.Halal}, {"pirt", b.PIRT, n.PIRT}, {"npwp", tail(b.NPWP), tail(n.NPWP)},
		} {
			if c.from != c.to {
				diff[c.what] = change(c.from, c.to)
			}
		}
		if n.NIK == "" && !n.DropNIK {
			return rows, diff, nil
		}
		put := businessdb.PutNIKParams{BusinessID: sc.Business, UpdatedAt: tx.Now}
		if !n.DropNIK {
			put.NikSealed, put.NikMac, put.NikTail = s.vault.seal(sc.Business, n.NIK), s.vault.markOf(n.NIK), n.NIK[12:]
		}
		diff["nik"] = change(tail(b.NIKTail), tail(put.NikTail))
		rows, err = s.q.PutNIK(ctx, tx, put)
		return rows, diff, wrap(err, "write number")
	})
}

// tail masks a number but for its last four digits.
func tail(s string) string {
	if s == "" {
		return ""
	}
	return "***" + s[max(0, len(s)-4):]
}

// NIK opens the owner's own identity number, for the owner alone. Reading it
// is noted.
func (s *Service) NIK(ctx context.Context, sc authz.Scope) (string, error) {
	if err := sc.Can(authz.EndShop); err != nil { // fresh proof, and only the owner
		return "", err
	}
	var plain string
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		sealed, err := s.q.SealedNIK(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("read sealed number: %w", err)
		}
		if sealed == "" {
			plain = ""
			return nil
		}
		if plain, err = s.vault.open(sc.Business, sealed); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "business.nik_read", sc.Business)
	})
	return plain, err
}

// MaxSlugs bounds how many addresses one shop keeps for itself.
const MaxSlugs = 10

// PutSlug moves the shop to another address. The old one leads to it for ever
// and stays the shop's own, so that the owner may go back.
func (s *Service) PutSlug(ctx context.Context, sc authz.Scope, slug string) (Business, error) {
	slug = strings.ToLower(strings.Trim(strings.TrimSpace(slug), "/@"))
	if err := CheckSlug(slug); err != nil {
		return Business{}, fault.Of(err).On("slug")
	}
	return s.edit(ctx, sc, authz.EditShop, "business.slug", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		if b.Slug == slug {
			return 1, nil, nil
		}
		if err := s.move(ctx, tx, b, slug); err != nil {
			return 0, nil, err
		}
		n, err := s.q.PutSlugOf(ctx, tx, businessdb.PutSlugOfParams{BusinessID: sc.Business, Slug: slug, UpdatedAt: tx.Now})
		return n, audit.Diff{"slug": change(b.Slug, slug)}, wrap(err, "write address")
	})
}

func (s *Service) move(ctx context.Context, tx *store.Tx, b Business, slug string) error {
	if _, err := s.q.RetireSlugs(ctx, tx, b.ID); err != nil {
		return fmt.Errorf("retire address: %w", err)
	}
	n, err := s.q.ReviveSlug(ctx, tx, businessdb.ReviveSlugParams{Slug: slug, BusinessID: b.ID})
	if err != nil {
		return fmt.Errorf("revive address: %w", err)
	}
	if n == 1 {
		return nil
	}
	have, err := s.q.CountSlugs(ctx, tx, b.ID)
	if err != nil {
		return fmt.Errorf("count addresses: %w", err)
	}
	if have >= MaxSlugs {
		return ErrSlugs.With(MaxSlugs).On("slug")
	}
	if n, err = s.q.TakeSlug(ctx, tx, businessdb.TakeSlugParams{Slug: slug, BusinessID: b.ID, CreatedAt: tx.Now}); err != nil {
		return fmt.Errorf("take address: %w", err)
	}
	if n == 0 {
		return ErrSlugTaken.On("slug")
	}
	return nil
}

// Publish shows a draft shop to the public. A shop that is shown already stays so.
func (s *Service) Publish(ctx context.Context, sc authz.Scope) (Business, error) {
	return s.edit(ctx, sc, authz.EditShop, "business.published", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		if b.State == StateOpen {
			return 1, nil, nil
		}
		n, err := s.q.Publish(ctx, tx, businessdb.PublishParams{BusinessID: sc.Business, PublishedAt: &tx.Now})
		return n, nil, wrap(err, "publish")
	})
}

// End closes the shop for good: it is shown no more, personal numbers and the
// exact place are wiped, open invitations end. Orders and money stay on record as the
// law wants them. The owner types the shop's name, so that nobody ends it by a slip.
func (s *Service) End(ctx context.Context, sc authz.Scope, name string) error {
	_, err := s.edit(ctx, sc, authz.EndShop, "business.ended", func(tx *store.Tx, b Business) (int64, audit.Diff, error) {
		if !strings.EqualFold(clean(name), b.Name) {
			return 0, nil, fault.New(fault.Invalid, "business.name_differs", b.Name).On("name")
		}
		if _, err := s.q.RevokeHandovers(ctx, tx, businessdb.RevokeHandoversParams{BusinessID: sc.Business, RevokedAt: &tx.Now}); err != nil {
			return 0, nil, wrap(err, "revoke hand-over")
		}
		if err := s.accounts.EndMemberships(ctx, tx, sc.Business); err != nil {
			return 0, nil, err
		}
		n, err := s.q.End(ctx, tx, businessdb.EndParams{BusinessID: sc.Business, EndedAt: &tx.Now})
		return n, nil, wrap(err, "end business")
	})
	return err
}

func wrap(err error, what string) error {
	if err == nil || fault.Of(err) != nil {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
