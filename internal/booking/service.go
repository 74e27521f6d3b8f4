package booking

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/booking/bookingdb"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/carrier/biteship"
	"lapak/internal/carrier/rajaongkir"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Options are what bookings need of the installation.
type Options struct {
	HTTP  *http.Client
	Base  string            // address of the site
	Keys  map[string]string // the installation's own, by connector; empty: it has none
	Bases map[string]string // other addresses of connectors, for tests
	Log   *slog.Logger
}

// Parts are the services that bookings call.
type Parts struct {
	Shops   *business.Service
	Orders  *order.Service
	Parcels *parcel.Service
}

// Service keeps keys and bookings. The network is asked outside of transactions.
type Service struct {
	db     *store.DB
	q      bookingdb.Queries
	aead   cipher.AEAD
	key    []byte // of addresses and their secrets
	o      Options
	quoter *carrier.Quoter
	shops  *carrier.Memo[id.ID]     // whose an address is, by its token
	doors  *carrier.Memo[door]      // and with which connector, while nothing of the shop changes
	news   *carrier.Memo[time.Time] // when news of a parcel was noted
	late   *carrier.Memo[time.Time] // whom buyers waited for in vain, and when
	Parts
}

// New makes the service. Keys of shops are sealed under one derived from root.
func New(db *store.DB, root []byte, o Options, p Parts) (*Service, error) {
	seal, err := hkdf.Key(sha256.New, root, nil, "lapak carrier key", 32)
	if err != nil {
		return nil, fmt.Errorf("derive carrier key: %w", err)
	}
	hook, err := hkdf.Key(sha256.New, root, nil, "lapak carrier hook", 32)
	if err != nil {
		return nil, fmt.Errorf("derive hook key: %w", err)
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return nil, fmt.Errorf("carrier key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("carrier key: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Service{
		db: db, aead: aead, key: hook, o: o, Parts: p, late: carrier.NewMemo[time.Time](2000), shops: carrier.NewMemo[id.ID](10_000),
		doors: carrier.NewMemo[door](10_000), news: carrier.NewMemo[time.Time](50_000),
		quoter: carrier.NewQuoter(func() time.Time { return db.Now() }, carrier.Limits{}),
	}, nil
}

// Reach lets the service ask other addresses than the carriers' own, for tests.
func (s *Service) Reach(client *http.Client, bases map[string]string) {
	s.o.HTTP, s.o.Bases = client, bases
}

func rowOf(business id.ID, connector string) []byte {
	return []byte("carrier_keys.sealed " + business.String() + " " + connector)
}

func (s *Service) seal(business id.ID, connector, key string) (string, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("nonce: %w", err)
	}
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(key), rowOf(business, connector))), nil
}

func (s *Service) open(business id.ID, connector, sealed string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if n := s.aead.NonceSize(); err == nil && len(raw) > n {
		key, err := s.aead.Open(nil, raw[:n], raw[n:], rowOf(business, connector))
		if err != nil {
			return "", fmt.Errorf("booking: open a key: %w", err)
		}
		return string(key), nil
	}
	return "", errors.New("booking: a sealed key cannot be read")
}

// token and secret are those of an address for a connector's messages: only who
// holds the installation's key can make them. A zero business is the installation.
func (s *Service) token(business id.ID, connector string, turn int64) string {
	return s.derive("token", business, connector, turn)
}

func (s *Service) secret(business id.ID, connector string, turn int64) string {
	return s.derive("secret", business, connector, turn)
}

func (s *Service) derive(what string, business id.ID, connector string, turn int64) string {
	m := hmac.New(sha256.New, s.key)
	fmt.Fprintf(m, "%s\x00%s\x00%s\x00%d", what, business, connector, turn)
	return id.Letters(m.Sum(nil)[:20])
}

// HookPath is the address for a connector's messages, below the site's.
func HookPath(connector, token string) string { return "/kabar/ekspedisi/" + connector + "/" + token }

// Hook is an address for messages and what they must bear.
type Hook struct{ Connector, Address, Header, Secret string }

// Hooks are those of the installation's own keys, for who runs it.
func (s *Service) Hooks(sc authz.Scope) ([]Hook, error) {
	if err := sc.Can(authz.RunInstallation); err != nil {
		return nil, err
	}
	var list []Hook
	for _, c := range Connectors {
		if s.o.Keys[c] != "" {
			list = append(list, Hook{c, s.o.Base + HookPath(c, s.token(id.ID{}, c, 1)), HookHeader, s.secret(id.ID{}, c, 1)})
		}
	}
	return list, nil
}

// conn is a connector with the key of somebody.
type conn struct {
	carrier.Carrier
	owner  string // whose key it is
	shared bool
	area   string
	areaOf string // the village that area was looked up for
	turn   int64
	here   string // the village of the shop, while it is asked
}

// from is the connector's id of the place where parcels come from, if it was
// looked up for the village where the shop is now.
func (c conn) from(village string) string {
	if c.areaOf != village {
		return ""
	}
	return c.area
}

// Rates puts the shop's place, as the connector knows it, into the question.
func (c conn) Rates(ctx context.Context, q carrier.RateQuery) ([]carrier.Rate, error) {
	q.From.Area = c.from(c.here)
	return c.Carrier.Rates(ctx, q)
}

// desk is what a shop has set and which connectors it can ask.
type desk struct {
	Settings
	conns []conn
}

func (d desk) conn(name string, shared bool) (conn, bool) {
	i := slices.IndexFunc(d.conns, func(c conn) bool { return c.Name() == name && c.shared == shared })
	if i < 0 {
		return conn{}, false
	}
	return d.conns[i], true
}

// books are the connectors that take bookings.
func (d desk) books() []conn {
	return slices.DeleteFunc(slices.Clone(d.conns), func(c conn) bool { return !c.Books() })
}

// door is the connector behind an address, as of a version of the shop.
type door struct {
	conn     conn
	business id.ID
	version  uint64
}

type deskKey struct{}

// desk reads what a shop has set, from memory: one without carriers costs nothing.
func (s *Service) desk(ctx context.Context, tx *store.Tx, business id.ID) (desk, error) {
	return store.Kept(tx, business, deskKey{}, func() (desk, error) {
		var d desk
		var err error
		if d.Settings, err = s.settings(ctx, tx, business); err != nil {
			return d, err
		}
		keys, err := s.q.Keys(ctx, tx, business)
		if err != nil {
			return d, fmt.Errorf("list carriers' keys: %w", err)
		}
		for _, k := range keys {
			key, err := s.open(business, k.Connector, k.Sealed)
			if err != nil {
				return d, err
			}
			c, err := s.connect(k.Connector, key, s.secret(business, k.Connector, k.Turn))
			if err != nil {
				return d, err
			}
			d.conns = append(d.conns, conn{Carrier: c, owner: business.String(), area: k.Area, areaOf: k.AreaOf, turn: k.Turn})
		}
		for _, name := range Connectors {
			if _, has := d.conn(name, false); has || !d.Shared || s.o.Keys[name] == "" {
				continue
			}
			c, err := s.common(name)
			if err != nil {
				return d, err
			}
			d.conns = append(d.conns, c)
		}
		return d, nil
	})
}

// common is a connector with the installation's own key.
func (s *Service) common(name string) (conn, error) {
	c, err := s.connect(name, s.o.Keys[name], s.secret(id.ID{}, name, 1))
	return conn{Carrier: c, owner: "installation", shared: true}, err
}

func (s *Service) connect(name, key, secret string) (carrier.Carrier, error) {
	switch name {
	case "biteship":
		return biteship.New(biteship.Options{Key: key, Base: s.o.Bases[name], HTTP: s.o.HTTP, HookHeader: HookHeader, HookSecret: secret}), nil
	case "rajaongkir":
		return rajaongkir.New(rajaongkir.Options{Key: key, Base: s.o.Bases[name], HTTP: s.o.HTTP}), nil
	}
	return nil, ErrConnector
}

func (s *Service) settings(ctx context.Context, tx *store.Tx, business id.ID) (Settings, error) {
	r, err := s.q.Settings(ctx, tx, business)
	if errors.Is(err, sql.ErrNoRows) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read carriers' settings: %w", err)
	}
	return Settings{strings.Fields(r.Offers), r.Markup, r.Percent, r.Insured, r.Shared}, nil
}

func booked(r bookingdb.CarrierBooking) Booking {
	return Booking{
		Parcel: r.ParcelID, N: r.N, ID: r.ID, Connector: r.Connector, Shared: r.Shared, Firm: r.Firm, Service: r.Service, State: State(r.State), Ours: r.Ours, Ref: r.Ref,
		Routing: r.Routing, Link: r.Link, Quoted: r.Quoted, Fee: r.Fee, FeeNow: r.FeeNow, Insurance: r.Insurance, CODFee: r.CodFee, PickUp: r.PickUpAt, Tries: r.Tries,
		Why: r.Why, Said: r.Said, AskedAt: r.AskedAt, BookedAt: r.BookedAt, EndedAt: r.EndedAt,
	}
}

// of lists the bookings of a parcel, the first one first.
func (s *Service) of(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) ([]Booking, error) {
	rows, err := s.q.Of(ctx, tx, bookingdb.OfParams{BusinessID: sc.Business, ParcelID: parcel})
	if err != nil {
		return nil, fmt.Errorf("list bookings: %w", err)
	}
	list := make([]Booking, len(rows))
	for i, r := range rows {
		list[i] = booked(r)
	}
	return list, nil
}

// save writes how a booking stands; false if it stood elsewhere than was.
func (s *Service) save(ctx context.Context, tx *store.Tx, sc authz.Scope, b Booking, was State) (bool, error) {
	n, err := s.q.Save(ctx, tx, bookingdb.SaveParams{
		BusinessID: sc.Business, ParcelID: b.Parcel, N: b.N, Was: string(was), State: string(b.State), Ref: b.Ref, Routing: b.Routing, Link: b.Link, Fee: b.Fee,
		FeeNow: b.FeeNow, Insurance: b.Insurance, CodFee: b.CODFee, Tries: b.Tries, Why: b.Why, Said: b.Said, BookedAt: b.BookedAt, EndedAt: b.EndedAt,
	})
	if err != nil {
		return false, fmt.Errorf("save booking: %w", err)
	}
	return n == 1, nil
}

// Routings are the sorting codes for the labels of parcels.
func (s *Service) Routings(ctx context.Context, sc authz.Scope, parcels []id.ID) (map[id.ID]string, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return nil, err
	}
	codes := map[id.ID]string{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(codes)
		rows, err := s.q.OfMany(ctx, tx, bookingdb.OfManyParams{BusinessID: sc.Business, Ids: store.IDs(parcels)})
		if err != nil {
			return fmt.Errorf("list bookings: %w", err)
		}
		for _, r := range rows {
			if codes[r.ParcelID] = ""; State(r.State).Open() {
				codes[r.ParcelID] = r.Routing
			}
		}
		return nil
	})
	return codes, err
}

// Invariants are what must hold of bookings at any time.
var Invariants = []store.Invariant{
	{Name: "one booking of a parcel at most is open", SQL: `SELECT business_id, parcel_id FROM carrier_bookings WHERE state IN ('asked', 'booked', 'cancelling')
		GROUP BY business_id, parcel_id HAVING count(*) > 1`},
	{Name: "what is booked has the carrier's reference", SQL: `SELECT business_id, parcel_id FROM carrier_bookings WHERE state = 'booked' AND ref = ''`},
}
