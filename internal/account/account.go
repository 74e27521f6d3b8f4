// Package account knows the people, how they prove who they are, their login
// sessions and their memberships: what each may do, and for which business.
//
// A phone number may be claimed by several people until one has proven it; see
// docs/decisions/0008-phone-identity.md. No rule here tells a stranger whether
// somebody has an account.
package account

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lapak/internal/account/accountdb"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Faults of people and their sign-in.
var (
	ErrNotFound   = fault.New(fault.NotFound, "account.not_found")
	ErrWrong      = fault.New(fault.Invalid, "account.wrong")        // phone, mail or password
	ErrWait       = fault.New(fault.TooMany, "account.wait")         // too many guesses; {0} minutes
	ErrBusy       = fault.New(fault.Unavailable, "account.busy")     // too many sign-ins at once
	ErrLink       = fault.New(fault.NotFound, "account.link")        // wrong, used or old link
	ErrCode       = fault.New(fault.Invalid, "account.code")         // wrong code of the second step
	ErrPINWrong   = fault.New(fault.Invalid, "account.pin_wrong")    // {0} tries are left
	ErrPINLocked  = fault.New(fault.TooMany, "account.pin_locked")   // the owner must set a new one
	ErrDevice     = fault.New(fault.NotFound, "account.device")      // this phone is not enrolled
	ErrLastOwner  = fault.New(fault.Conflict, "account.last_owner")  // a shop keeps an owner
	ErrFactor     = fault.New(fault.Forbidden, "account.factor")     // the second step is needed
	ErrMailTaken  = fault.New(fault.Conflict, "account.link")        // proven by another: told like a bad link
	ErrIdentified = fault.New(fault.Invalid, "account.identity")     // neither phone nor mail
	ErrMember     = fault.New(fault.Conflict, "account.member")      // already works there
	ErrTerms      = fault.New(fault.Invalid, "account.terms_needed") // not ticked
)

// Lengths and times.
const (
	MaxName       = 60
	MaxMail       = 120
	MinPassword   = 10
	MaxPassword   = 128
	inviteFor     = 7 * 24 * time.Hour
	resetFor      = time.Hour
	handedFor     = 24 * time.Hour
	firstAdminFor = 30 * time.Minute
	maxPINTries   = 5
)

// Mailer puts a mail into the caller's transaction; it leaves later.
type Mailer interface {
	PutAccountMail(ctx context.Context, tx *store.Tx, to, lang, kind string, args ...any) error
}

// Service is the one door to people, sessions and memberships.
type Service struct {
	db   *store.DB
	q    accountdb.Queries
	keys keys

	// Mail, if set, sends what people are told by mail.
	Mail Mailer
	// OnSignedUp, if set, runs in the transaction in which a person signed up.
	OnSignedUp func(ctx context.Context, tx *store.Tx, person id.ID) error
	// Business, if set, names a business for pages: its name, address and place.
	Business func(ctx context.Context, business id.ID) (name, slug, place string)
	// Village, if set, is the code of the village in which a business is: officers help the people of their regions.
	Village func(ctx context.Context, business id.ID) string
	// Base is the address of the site; passkeys are bound to it.
	Base string
	// Version, if set, is that of the running program, for the admin's page.
	Version string

	hashes chan struct{} // places for password hashes
	dummy  string        // a hash that nothing matches
	cache  sessionCache
	brake  brake
}

// New makes the service. Keys of each purpose are derived from root.
func New(db *store.DB, root []byte) *Service {
	s := &Service{db: db, keys: derive(root), hashes: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	s.dummy = encodePassword(id.Secret(), params)
	s.cache.entries = map[string]cached{}
	return s
}

type keys struct{ tag, guess, seal, cookie []byte }

func derive(root []byte) keys {
	one := func(info string) []byte {
		k, err := hkdf.Key(sha256.New, root, nil, "account/"+info+"/1", 32)
		if err != nil {
			panic(fmt.Sprintf("account: derive a key: %v", err)) // only for an impossible length
		}
		return k
	}
	return keys{tag: one("tag"), guess: one("guess"), seal: one("totp"), cookie: one("cookie")}
}

func mac(key []byte, parts ...string) string {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Who is a person, as pages show them to themselves.
type Who struct {
	ID          id.ID
	Name        string
	Phone       phone.Number // as claimed; empty: none
	PhoneProven bool
	Mail        string
	MailProven  bool
	HasPassword bool
	HasTOTP     bool
	Lang        string
	Disabled    bool
	CreatedAt   time.Time
}

func whoOf(p accountdb.Person) Who {
	return Who{
		ID: p.ID, Name: p.Name, Phone: phone.Number(p.Phone), PhoneProven: p.PhoneProvenAt != nil, Mail: p.Mail,
		MailProven: p.MailProvenAt != nil, HasPassword: p.Password != "", HasTOTP: p.TotpAt != nil, Lang: p.Lang,
		Disabled: p.DisabledAt != nil, CreatedAt: p.CreatedAt,
	}
}

// Person is the person of an id.
func (s *Service) Person(ctx context.Context, person id.ID) (w Who, err error) {
	err = s.db.View(ctx, authz.Scope{}, func(tx *store.Tx) error {
		p, err := s.person(ctx, tx, person)
		w = whoOf(p)
		return err
	})
	return w, err
}

// PersonTx is Person within a transaction.
func (s *Service) PersonTx(ctx context.Context, tx *store.Tx, person id.ID) (Who, error) {
	p, err := s.person(ctx, tx, person)
	return whoOf(p), err
}

func (s *Service) person(ctx context.Context, tx *store.Tx, person id.ID) (accountdb.Person, error) {
	p, err := s.q.Person(ctx, tx, person)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("person: %w", err)
	}
	return p, nil
}

// cleanName trims a name and drops control and direction-changing characters.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, norm.NFC.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// identity is what somebody signs in with: a phone number or a mail address.
type identity struct {
	phone phone.Number
	mail  string
}

func (i identity) String() string {
	if i.mail != "" {
		return "m:" + i.mail
	}
	return "p:" + i.phone.E164()
}

func parseIdentity(s string) (identity, error) {
	if strings.Contains(s, "@") {
		m, err := cleanMail(s)
		return identity{mail: m}, err
	}
	n, err := phone.Parse(s)
	if err != nil {
		return identity{}, err
	}
	return identity{phone: n}, nil
}

var errMail = fault.New(fault.Invalid, "account.mail")

// cleanMail reads a bare mail address and folds its case.
func cleanMail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > MaxMail || !strings.Contains(s[strings.LastIndex(s, "@")+1:], ".") {
		return "", errMail
	}
	return s, nil
}

// joined and split write lists of permissions and regions in a column.
func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ",")
}

func split[T ~string](s string) []T {
	var out []T
	for part := range strings.SplitSeq(s, ",") {
		if part != "" {
			out = append(out, T(part))
		}
	}
	return out
}

// only keeps the permissions that a role may be given, in their usual order.
func only(role authz.Role, perms []authz.Perm) []authz.Perm {
	list := authz.StaffPerms
	if role == authz.Office {
		list = authz.OfficePerms
	} else if role != authz.Staff {
		return nil
	}
	var out []authz.Perm
	for _, p := range list {
		if slices.Contains(perms, p) {
			out = append(out, p)
		}
	}
	return out
}

// needsFactor tells the roles that sign in with a second step.
func needsFactor(r authz.Role) bool {
	return r == authz.Office || r == authz.Analyst || r == authz.Admin || r == authz.Facilitator
}

// brake slows everybody's guesses together, in this process.
type brake struct {
	sync.Mutex
	since    time.Time
	failures int
}

const brakeAt = 600 // failures in a minute, over all accounts and addresses

func (b *brake) over(now time.Time) bool {
	b.Lock()
	defer b.Unlock()
	return now.Sub(b.since) < time.Minute && b.failures >= brakeAt
}

func (b *brake) add(now time.Time) {
	b.Lock()
	defer b.Unlock()
	if now.Sub(b.since) >= time.Minute {
		b.since, b.failures = now, 0
	}
	b.failures++
}
