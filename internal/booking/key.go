package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/booking/bookingdb"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
)

// Page is what the owner's page of carriers shows.
type Page struct {
	Settings
	Keys   []Key
	Common []string // connectors for which the installation has a key
}

// Get returns what the shop has set. Addresses and secrets are in it only with
// a fresh proof of who asks.
func (s *Service) Get(ctx context.Context, sc authz.Scope) (Page, error) {
	if err := sc.Can(authz.EditShop); err != nil {
		return Page{}, err
	}
	var p Page
	for _, c := range Connectors {
		if s.o.Keys[c] != "" {
			p.Common = append(p.Common, c)
		}
	}
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p.Keys = nil
		if p.Settings, err = s.settings(ctx, tx, sc.Business); err != nil {
			return err
		}
		rows, err := s.q.Keys(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("list carriers' keys: %w", err)
		}
		for _, r := range rows {
			k := Key{
				Connector: r.Connector, Ends: r.Ends, Turn: r.Turn, Area: r.Area, AreaName: r.AreaName, TriedAt: r.TriedAt, Tried: r.Tried, MadeAt: r.MadeAt,
			}
			if sc.Can(authz.ManageKeys) == nil {
				k.Hook = s.o.Base + HookPath(r.Connector, s.token(sc.Business, r.Connector, r.Turn))
				k.Secret = s.secret(sc.Business, r.Connector, r.Turn)
			}
			p.Keys = append(p.Keys, k)
		}
		return nil
	})
	return p, err
}

// Put sets what the shop offers.
func (s *Service) Put(ctx context.Context, sc authz.Scope, st Settings) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	slices.Sort(st.Offers)
	st.Offers = slices.Compact(st.Offers)
	if err := st.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		was, err := s.settings(ctx, tx, sc.Business)
		if err != nil {
			return err
		}
		if err := s.q.PutSettings(ctx, tx, bookingdb.PutSettingsParams{
			BusinessID: sc.Business, Offers: strings.Join(st.Offers, " "), Markup: st.Markup, Percent: st.Percent, Insured: st.Insured, Shared: st.Shared, UpdatedAt: tx.Now,
		}); err != nil {
			return fmt.Errorf("put carriers' settings: %w", err)
		}
		tx.Touch(sc.Business)
		return audit.Note(ctx, tx, sc, "booking.settings", sc.Business, audit.Diff{
			"offers": {From: strings.Join(was.Offers, " "), To: strings.Join(st.Offers, " ")}, "markup": {From: was.Markup, To: st.Markup},
			"percent": {From: was.Percent, To: st.Percent}, "insured": {From: was.Insured, To: st.Insured}, "shared": {From: was.Shared, To: st.Shared},
		})
	})
}

// PutKey keeps a shop's key at a connector, in the place of an older one. It
// needs the owner, and a fresh proof that it is them.
func (s *Service) PutKey(ctx context.Context, sc authz.Scope, connector, key string) error {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return err
	}
	key = strings.TrimSpace(key)
	var f fault.Fields
	f.Check(slices.Contains(Connectors, connector), "connector", "form.choose")
	f.Check(len(key) >= MinKey, "key", "form.too_short", MinKey)
	f.Check(len(key) <= MaxKey, "key", "form.too_long", MaxKey)
	if strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		f.Add("key", ErrKeyForm)
	}
	if err := f.Err(); err != nil {
		return err
	}
	sealed, err := s.seal(sc.Business, connector, key)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.q.PutKey(ctx, tx, bookingdb.PutKeyParams{
			BusinessID: sc.Business, Connector: connector, Sealed: sealed, Ends: key[len(key)-4:], MadeAt: tx.Now,
		}); err != nil {
			return fmt.Errorf("put carrier's key: %w", err)
		}
		k, err := s.one(ctx, tx, sc.Business, connector)
		if err != nil {
			return err
		}
		if err := s.hook(ctx, tx, sc.Business, connector, k.Turn); err != nil {
			return err
		}
		tx.Touch(sc.Business)
		return audit.Note(ctx, tx, sc, "booking.key", sc.Business, audit.Diff{"connector": {From: nil, To: connector}})
	})
}

// hook puts in the one address for a connector's messages.
func (s *Service) hook(ctx context.Context, tx *store.Tx, business id.ID, connector string, turn int64) error {
	if err := s.q.DropHooks(ctx, tx, bookingdb.DropHooksParams{BusinessID: business, Connector: connector}); err != nil {
		return fmt.Errorf("drop address: %w", err)
	}
	if turn == 0 {
		return nil
	}
	if err := s.q.PutHook(ctx, tx, bookingdb.PutHookParams{Hash: id.Hash(s.token(business, connector, turn)), BusinessID: business, Connector: connector}); err != nil {
		return fmt.Errorf("put address: %w", err)
	}
	return nil
}

func (s *Service) one(ctx context.Context, tx *store.Tx, business id.ID, connector string) (bookingdb.CarrierKey, error) {
	rows, err := s.q.Keys(ctx, tx, business)
	if err != nil {
		return bookingdb.CarrierKey{}, fmt.Errorf("list carriers' keys: %w", err)
	}
	for _, r := range rows {
		if r.Connector == connector {
			return r, nil
		}
	}
	return bookingdb.CarrierKey{}, ErrConnector
}

// Turn changes address and secret of a connector's messages in the place of
// those of turn was. The old ones count no more.
func (s *Service) Turn(ctx context.Context, sc authz.Scope, connector string, was int64) error {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if _, err := s.one(ctx, tx, sc.Business, connector); err != nil {
			return err
		}
		n, err := s.q.Turn(ctx, tx, bookingdb.TurnParams{BusinessID: sc.Business, Connector: connector, Turn: was})
		if err != nil {
			return fmt.Errorf("turn address: %w", err)
		}
		if n == 0 {
			return ErrTurned
		}
		if err := s.hook(ctx, tx, sc.Business, connector, was+1); err != nil {
			return err
		}
		tx.Touch(sc.Business)
		return audit.Note(ctx, tx, sc, "booking.turned", sc.Business, audit.Diff{"connector": {From: nil, To: connector}})
	})
}

// DropKey forgets a key. What was booked under it stays as it is.
func (s *Service) DropKey(ctx context.Context, sc authz.Scope, connector string) error {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.DropKey(ctx, tx, bookingdb.DropKeyParams{BusinessID: sc.Business, Connector: connector})
		if err != nil {
			return fmt.Errorf("drop carrier's key: %w", err)
		}
		if n == 0 {
			return ErrConnector
		}
		if err := s.hook(ctx, tx, sc.Business, connector, 0); err != nil {
			return err
		}
		tx.Touch(sc.Business)
		return audit.Note(ctx, tx, sc, "booking.key_dropped", sc.Business, audit.Diff{"connector": {From: connector, To: nil}})
	})
}

// Trial is what came of trying a key.
type Trial struct {
	Rates    int
	Cheapest carrier.Rate
	Area     string // what the connector calls the shop's place
	Fault    *fault.Error
}

// trialFor is how long who tries a key waits.
const trialFor = 9 * time.Second

// Try asks once, with the shop's own key, for the price of a kilogram from the
// shop to its own village, and keeps what the connector calls the place.
func (s *Service) Try(ctx context.Context, sc authz.Scope, connector string) (Trial, error) {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return Trial{}, err
	}
	var k bookingdb.CarrierKey
	var shop business.Business
	if err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if k, err = s.one(ctx, tx, sc.Business, connector); err != nil {
			return err
		}
		shop, err = s.Shops.Kept(ctx, tx, sc)
		return err
	}); err != nil {
		return Trial{}, err
	}
	key, err := s.open(sc.Business, connector, k.Sealed)
	if err != nil {
		return Trial{}, err
	}
	c, err := s.connect(connector, key, "")
	if err != nil {
		return Trial{}, err
	}
	var out Trial
	asking, cancel := context.WithTimeout(ctx, trialFor)
	defer cancel()
	from := origin(shop)
	var rates []carrier.Rate
	if l, ok := c.(carrier.Locator); ok {
		from.Area, out.Area, err = l.Locate(asking, from)
	}
	if err == nil {
		to := from
		to.Area = ""
		rates, err = c.Rates(asking, carrier.RateQuery{From: from, To: to, Box: carrier.Box{Grams: 1000}, Value: 100_000})
	}
	if out.Fault = fault.Of(err); err != nil && out.Fault == nil {
		return Trial{}, err
	}
	tried := OK
	if out.Fault != nil {
		tried = out.Fault.Key
	}
	for i, r := range rates {
		if i == 0 || r.Total() < out.Cheapest.Total() {
			out.Cheapest = r
		}
	}
	out.Rates = len(rates)
	return out, s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.q.Tried(ctx, tx, bookingdb.TriedParams{
			BusinessID: sc.Business, Connector: connector, Sealed: k.Sealed, TriedAt: &tx.Now, Tried: tried, Area: from.Area, AreaName: out.Area, AreaOf: shop.Village,
		}); err != nil {
			return fmt.Errorf("note trial: %w", err)
		}
		tx.Touch(sc.Business)
		return audit.Note(ctx, tx, sc, "booking.tried", sc.Business, audit.Diff{"connector": {From: nil, To: connector}, "tried": {From: k.Tried, To: tried}})
	})
}

// origin is where a shop's parcels come from.
func origin(b business.Business) carrier.Place {
	p := place(b.Village)
	p.Name, p.Phone, p.Email, p.Address, p.Note = b.Name, b.Phone, b.Mail, b.Street, b.Landmark
	if p.Address == "" {
		p.Address = b.Landmark
	}
	if b.Pinned {
		lat, lng := int64(b.Lat*1e6), int64(b.Lng*1e6)
		p.LatE6, p.LngE6 = &lat, &lng
	}
	return p
}

// place is a region as carriers take it.
func place(code string) carrier.Place {
	r, ok := region.Get(code)
	if !ok {
		return carrier.Place{}
	}
	p := carrier.Place{District: r.District, Regency: r.Regency, Province: r.Province, Postal: r.Postal}
	switch r.Kind {
	case region.Village:
		p.Village = r.Name
	case region.District:
		p.District = r.Name
	case region.Regency:
		p.Regency = r.Name
	}
	return p
}

// why tells a fault as it is kept: its key and its first argument.
func why(err error) (key, said string) {
	f := fault.Of(err)
	if f == nil {
		return "", ""
	}
	if len(f.Args) > 0 {
		said, _ = f.Args[0].(string)
	}
	if errors.Is(err, carrier.ErrRefused) {
		said = carrier.Clean(said, 200)
	}
	return f.Key, said
}
