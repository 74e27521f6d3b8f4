package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

var scopeless = authz.Scope{}

// How long a session lives without use, and at most; shorter for those who act for the office.
const (
	idle        = 30 * 24 * time.Hour
	absolute    = 90 * 24 * time.Hour
	officeIdle  = 30 * time.Minute
	officeWhole = 12 * time.Hour
	cacheFor    = time.Second
	maxCached   = 10_000
	pendingFor  = 10 * time.Minute
	maxKnown    = 5
	knownFor    = 90 * 24 * time.Hour
)

// Session is a login session, as a request sees it.
type Session struct {
	ID      id.ID
	Scope   authz.Scope
	Name    string
	Phone   phone.Number
	Lang    string
	Choices int  // memberships to choose from
	Pending bool // the password was right, the second step is still to come
	HasTOTP bool
	HasKeys bool // passkeys
	Factor  bool // the second step was made
	Device  id.ID

	hash    string
	seen    time.Time
	created time.Time
}

// HasFactor reports whether the person has enrolled a second step.
func (s Session) HasFactor() bool { return s.HasTOTP || s.HasKeys }

type cached struct {
	session Session
	ok      bool
	until   time.Time
}

// sessionCache spares the database repeated questions within one second. Every
// change made by this process empties it.
type sessionCache struct {
	sync.Mutex
	entries map[string]cached
	turn    uint64
}

func (c *sessionCache) clear() {
	c.Lock()
	defer c.Unlock()
	clear(c.entries)
	c.turn++
}

// changed makes what tx does count for the very next request.
func (s *Service) changed(tx *store.Tx) { tx.AfterCommit(s.cache.clear) }

// Load returns the session of a token. ok is false if there is none, or none any more.
func (s *Service) Load(ctx context.Context, token string) (ses Session, ok bool, err error) {
	if len(token) != 52 {
		return Session{}, false, nil
	}
	hash, now := id.Hash(token), s.db.Now().UTC()
	s.cache.Lock()
	e, hit := s.cache.entries[hash]
	turn := s.cache.turn
	s.cache.Unlock()
	if hit && now.Before(e.until) {
		return e.session, e.ok, nil
	}
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		row, err := s.q.Session(ctx, tx, hash)
		if errors.Is(err, sql.ErrNoRows) {
			ok = false
			return nil
		}
		if err != nil {
			return fmt.Errorf("session: %w", err)
		}
		ses, ok = sessionOf(row, hash, now)
		return nil
	})
	if err != nil {
		return Session{}, false, err
	}
	s.cache.Lock()
	if s.cache.turn == turn {
		if len(s.cache.entries) >= maxCached {
			clear(s.cache.entries)
		}
		s.cache.entries[hash] = cached{ses, ok, now.Add(cacheFor)}
	}
	s.cache.Unlock()
	step := 5 * time.Minute
	if needsFactor(ses.Scope.Role) {
		step = time.Minute
	}
	if ok && now.Sub(ses.seen) > step {
		err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
			return s.q.SeeSession(ctx, tx, accountdb.SeeSessionParams{SeenAt: tx.Now, TokenHash: hash})
		})
		if fault.Of(err).HasKind(fault.Unavailable) {
			err = nil // nothing can be written now; who is signed in still reads
		}
	}
	return ses, ok, err
}

func sessionOf(row accountdb.SessionRow, hash string, now time.Time) (Session, bool) {
	ses := Session{
		ID: row.ID, Name: row.Name, Phone: phone.Number(row.Phone), Lang: row.Lang, Choices: int(row.Choices), Pending: row.Pending,
		HasTOTP: row.TotpAt != nil, HasKeys: row.Passkeys > 0, Factor: row.FactorAt != nil, Device: id.Or(row.DeviceID), hash: hash, seen: row.SeenAt, created: row.CreatedAt,
	}
	ses.Scope = authz.Scope{Actor: row.PersonID, Role: authz.Person, ProvenAt: row.ProvenAt, Now: now, ByPIN: row.DeviceID != nil}
	if row.Role != nil {
		role := authz.Role(*row.Role)
		if !needsFactor(role) || row.FactorAt != nil {
			ses.Scope.Role, ses.Scope.Membership, ses.Scope.Business = role, id.Or(row.MembershipID), id.Or(row.BusinessID)
			ses.Scope.Perms, ses.Scope.Regions = split[authz.Perm](*row.Perms), split[string](*row.Regions)
		}
	}
	least, most := idle, absolute
	if needsFactor(ses.Scope.Role) {
		least, most = officeIdle, officeWhole
	}
	if row.Pending {
		least, most = pendingFor, pendingFor
	}
	gone := row.MembershipID != nil && row.Role == nil // the membership it acted under is over
	if row.DisabledAt != nil || now.Sub(row.SeenAt) >= least || now.Sub(row.CreatedAt) >= most || gone && row.DeviceID != nil {
		return Session{}, false
	}
	return ses, true
}

// begin makes a session and returns its token.
func (s *Service) begin(ctx context.Context, tx *store.Tx, p accountdb.InsertSessionParams) (token string, err error) {
	token = id.Secret()
	p.TokenHash, p.SeenAt = id.Hash(token), tx.Now
	if p.ID.IsZero() {
		p.ID = id.New()
	}
	if p.CreatedAt.IsZero() {
		p.CreatedAt = tx.Now
	}
	if err := s.q.InsertSession(ctx, tx, p); err != nil {
		return "", fmt.Errorf("insert session: %w", err)
	}
	s.changed(tx)
	return token, nil
}

// renew replaces the token of a session, keeping its age.
func (s *Service) renew(ctx context.Context, tx *store.Tx, ses Session, label string, change func(*accountdb.InsertSessionParams)) (string, error) {
	n, err := s.q.EndSession(ctx, tx, ses.hash)
	if err != nil {
		return "", fmt.Errorf("end session: %w", err)
	}
	if n == 0 {
		return "", authz.ErrSignIn
	}
	p := accountdb.InsertSessionParams{
		PersonID: ses.Scope.Actor, MembershipID: ses.Scope.Membership.Null(), DeviceID: ses.Device.Null(), Pending: ses.Pending, Label: label,
		CreatedAt: ses.created, ProvenAt: ses.Scope.ProvenAt,
	}
	if ses.Factor {
		p.FactorAt = &tx.Now
	}
	change(&p)
	return s.begin(ctx, tx, p)
}

// Act lets the session act under another membership of the person; the token changes.
func (s *Service) Act(ctx context.Context, ses Session, membership id.ID, label string) (token string, err error) {
	var m accountdb.Membership
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		m, err = s.q.Membership(ctx, tx, membership)
		if errors.Is(err, sql.ErrNoRows) || err == nil && m.PersonID != ses.Scope.Actor {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("membership: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	sc := authz.Scope{Actor: ses.Scope.Actor, Membership: m.ID, Role: authz.Role(m.Role), Business: m.BusinessID}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		// Once more, inside: it may have been ended meanwhile.
		if _, err := s.memberOf(ctx, tx, sc, m.ID); err != nil {
			return err
		}
		if ses.Scope.ByPIN {
			return authz.ErrPIN
		}
		if needsFactor(authz.Role(m.Role)) && !ses.Factor {
			return ErrFactor
		}
		if token, err = s.renew(ctx, tx, ses, label, func(p *accountdb.InsertSessionParams) { p.MembershipID = &m.ID }); err != nil {
			return err
		}
		if err := s.q.PutLastMembership(ctx, tx, accountdb.PutLastMembershipParams{ID: ses.Scope.Actor, LastMembership: &m.ID}); err != nil {
			return fmt.Errorf("last membership: %w", err)
		}
		return audit.Note(ctx, tx, sc, "session.act", ses.ID)
	})
	return token, err
}

// SignOut ends the session of a token.
func (s *Service) SignOut(ctx context.Context, ses Session) error {
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if _, err := s.q.EndSession(ctx, tx, ses.hash); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		s.changed(tx)
		return audit.Note(ctx, tx, personal(ses.Scope), "session.ended", ses.ID)
	})
}

// personal is a scope for what concerns the person alone, not a business.
func personal(sc authz.Scope) authz.Scope {
	sc.Business, sc.Membership = id.ID{}, id.ID{}
	return sc
}

// Login is one of a person's own sessions, for their list.
type Login struct {
	ID        id.ID
	Label     string
	CreatedAt time.Time
	SeenAt    time.Time
	ByPIN     bool
	Here      bool
}

// Logins lists the person's sessions, the newest first.
func (s *Service) Logins(ctx context.Context, ses Session) (out []Login, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		rows, err := s.q.Sessions(ctx, tx, ses.Scope.Actor)
		if err != nil {
			return fmt.Errorf("sessions: %w", err)
		}
		out = nil
		for _, r := range rows {
			if tx.Now.Sub(r.SeenAt) < idle && tx.Now.Sub(r.CreatedAt) < absolute {
				out = append(out, Login{ID: r.ID, Label: r.Label, CreatedAt: r.CreatedAt, SeenAt: r.SeenAt, ByPIN: r.DeviceID != nil, Here: r.TokenHash == ses.hash})
			}
		}
		return nil
	})
	return out, err
}

// EndLogin ends one of the person's own sessions.
func (s *Service) EndLogin(ctx context.Context, ses Session, login id.ID) error {
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		n, err := s.q.EndSessionByID(ctx, tx, accountdb.EndSessionByIDParams{ID: login, PersonID: ses.Scope.Actor})
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if n == 0 {
			return ErrNotFound
		}
		s.changed(tx)
		return audit.Note(ctx, tx, personal(ses.Scope), "session.ended", login)
	})
}

// EndOthers ends all of the person's sessions but this one.
func (s *Service) EndOthers(ctx context.Context, ses Session) error {
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if err := s.endOthers(ctx, tx, ses.Scope.Actor, ses.hash); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), "session.others_ended", ses.Scope.Actor)
	})
}

func (s *Service) endOthers(ctx context.Context, tx *store.Tx, person id.ID, keep string) error {
	if err := s.q.EndOtherSessions(ctx, tx, accountdb.EndOtherSessionsParams{PersonID: person, TokenHash: keep}); err != nil {
		return fmt.Errorf("end other sessions: %w", err)
	}
	s.changed(tx)
	return nil
}

// Sweep deletes what is over: sessions, links, counts. It runs each hour.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if _, err := s.q.SweepSessions(ctx, tx, tx.Now.Add(-idle)); err != nil {
			return fmt.Errorf("sweep sessions: %w", err)
		}
		if _, err := s.q.SweepLinks(ctx, tx, tx.Now.Add(-24*time.Hour)); err != nil {
			return fmt.Errorf("sweep links: %w", err)
		}
		if _, err := s.q.SweepGuesses(ctx, tx, tx.Now.Add(-2*time.Hour)); err != nil {
			return fmt.Errorf("sweep guesses: %w", err)
		}
		if _, err := s.q.SweepChallenges(ctx, tx, tx.Now); err != nil {
			return fmt.Errorf("sweep challenges: %w", err)
		}
		return nil
	})
}

// Known reads the cookie that a device keeps: who signed in there before.
func (s *Service) Known(cookie string) []id.ID {
	var out []id.ID
	for part := range strings.SplitSeq(cookie, "|") {
		bits := strings.Split(part, ".")
		if len(bits) != 3 || len(out) >= maxKnown {
			continue
		}
		until, err := strconv.ParseInt(bits[1], 10, 64)
		person, err2 := id.Parse(bits[0])
		if err == nil && err2 == nil && s.db.Now().Unix() < until && bits[2] == mac(s.keys.cookie, bits[0], bits[1])[:32] {
			out = append(out, person)
		}
	}
	return out
}

// Remember is the cookie with a person added.
func (s *Service) Remember(cookie string, person id.ID) string {
	all := append([]id.ID{person}, slices.DeleteFunc(s.Known(cookie), func(k id.ID) bool { return k == person })...)
	until := strconv.FormatInt(s.db.Now().Add(knownFor).Unix(), 10)
	var parts []string
	for _, k := range all[:min(len(all), maxKnown)] {
		parts = append(parts, k.String()+"."+until+"."+mac(s.keys.cookie, k.String(), until)[:32])
	}
	return strings.Join(parts, "|")
}
