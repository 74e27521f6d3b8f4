package account

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Faults of passkeys.
var (
	ErrPasskey     = fault.New(fault.Invalid, "account.passkey_wrong")      // not one of ours, or its answer is old
	ErrPasskeyTwin = fault.New(fault.Invalid, "account.passkey_twin")       // a copy of the key has been used elsewhere
	ErrNoPasskeys  = fault.New(fault.NotFound, "account.passkey_off")       // the site's address allows none
	ErrLastFactor  = fault.New(fault.Conflict, "account.last_factor")       // the office's people keep a second step
	ErrManyKeys    = fault.New(fault.Conflict, "account.passkeys_many")     // more than MaxPasskeys
	errKeyName     = fault.New(fault.Invalid, "account.name_long", MaxName) // of a key
)

// MaxPasskeys is how many keys one person may have.
const MaxPasskeys = 20

const (
	challengeFor = 5 * time.Minute
	toEnter      = "enter"
	toEnrol      = "enrol"
)

// Passkey is one of a person's keys, for their list.
type Passkey struct {
	ID        id.ID
	Name      string
	Synced    bool // kept by the maker of the phone, on all of the person's devices
	CreatedAt time.Time
	UsedAt    time.Time // zero: never yet
}

// bearer is a person as the library sees them.
type bearer struct {
	id   id.ID
	name string
	keys []webauthn.Credential
}

func (b bearer) WebAuthnID() []byte                         { return b.id[:] }
func (b bearer) WebAuthnName() string                       { return b.name }
func (b bearer) WebAuthnDisplayName() string                { return b.name }
func (b bearer) WebAuthnCredentials() []webauthn.Credential { return b.keys }

// HasPasskeys reports whether browsers let this site use passkeys: its address
// has a name, and HTTPS unless it is this very machine.
func (s *Service) HasPasskeys() bool {
	_, err := s.party()
	return err == nil
}

// party is the site as browsers know it when they make and use keys.
func (s *Service) party() (*webauthn.WebAuthn, error) {
	u, err := url.Parse(s.Base)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil || u.Scheme != "https" && u.Hostname() != "localhost" {
		return nil, ErrNoPasskeys
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Lapak", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired,
		},
	})
}

// bearer reads a person with their keys.
func (s *Service) bearer(ctx context.Context, tx *store.Tx, person id.ID) (bearer, accountdb.Person, error) {
	p, err := s.person(ctx, tx, person)
	if err != nil {
		return bearer{}, p, err
	}
	rows, err := s.q.Passkeys(ctx, tx, person)
	if err != nil {
		return bearer{}, p, fmt.Errorf("passkeys: %w", err)
	}
	b := bearer{id: p.ID, name: p.Name}
	if b.name == "" {
		b.name = "Lapak"
	}
	for _, r := range rows {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(r.Credential), &c); err != nil {
			return b, p, fmt.Errorf("read passkey: %w", err)
		}
		b.keys = append(b.keys, c)
	}
	return b, p, nil
}

// mayChange keeps the second step from a session that has not made the one there
// is: else whoever knows the password could make themselves one. first tells
// that there is none yet.
func (s *Service) mayChange(ctx context.Context, tx *store.Tx, ses Session, p accountdb.Person) (first bool, err error) {
	has, err := s.hasFactor(ctx, tx, p)
	if err == nil && has && !ses.Factor {
		err = ErrFactor
	}
	return !has, err
}

// hasFactor reports whether a person can make a second step.
func (s *Service) hasFactor(ctx context.Context, tx *store.Tx, p accountdb.Person) (bool, error) {
	if p.TotpAt != nil {
		return true, nil
	}
	n, err := s.q.CountPasskeys(ctx, tx, p.ID)
	if err != nil {
		return false, fmt.Errorf("count passkeys: %w", err)
	}
	return n > 0, nil
}

// ask keeps a question until it is answered, for five minutes.
func (s *Service) ask(ctx context.Context, purpose string, person id.ID, q *webauthn.SessionData) error {
	b, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("keep challenge: %w", err)
	}
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		err := s.q.InsertChallenge(ctx, tx, accountdb.InsertChallengeParams{
			Hash: id.Hash(q.Challenge), Purpose: purpose, PersonID: person.Null(), Session: string(b), ExpiresAt: tx.Now.Add(challengeFor),
		})
		if err != nil {
			return fmt.Errorf("keep challenge: %w", err)
		}
		return nil
	})
}

// answered takes away the question that an answer is to.
func (s *Service) answered(ctx context.Context, tx *store.Tx, purpose, challenge string) (q webauthn.SessionData, person id.ID, err error) {
	r, err := s.q.TakeChallenge(ctx, tx, accountdb.TakeChallengeParams{Hash: id.Hash(challenge), Purpose: purpose, Now: tx.Now})
	if nothing(err) {
		return q, person, ErrPasskey
	}
	if err != nil {
		return q, person, fmt.Errorf("take challenge: %w", err)
	}
	if err := json.Unmarshal([]byte(r.Session), &q); err != nil {
		return q, person, fmt.Errorf("read challenge: %w", err)
	}
	return q, id.Or(r.PersonID), nil
}

// AskPasskey is the question, as JSON, that a browser answers with one of the
// person's keys: to sign in, for the second step, or for a fresh proof.
func (s *Service) AskPasskey(ctx context.Context) ([]byte, error) {
	party, err := s.party()
	if err != nil {
		return nil, err
	}
	question, q, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	if err := s.ask(ctx, toEnter, id.ID{}, q); err != nil {
		return nil, err
	}
	return json.Marshal(question)
}

// byPasskey finds the person whose key gave the answer and keeps the key's
// counter. Only one person counts if only is given. What is wrong with an
// answer is never told.
func (s *Service) byPasskey(ctx context.Context, tx *store.Tx, answer string, only id.ID) (p accountdb.Person, err error) {
	party, err := s.party()
	if err != nil {
		return p, err
	}
	said, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return p, ErrPasskey
	}
	q, _, err := s.answered(ctx, tx, toEnter, said.Response.CollectedClientData.Challenge)
	if err != nil {
		return p, err
	}
	var broken error // not the answer's fault
	_, key, err := party.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		var person id.ID
		if copy(person[:], handle) != len(person) || len(handle) != len(person) || !only.IsZero() && person != only {
			return nil, ErrPasskey
		}
		b, row, err := s.bearer(ctx, tx, person)
		if err != nil && !errors.Is(err, ErrNotFound) {
			broken = err
		}
		p = row
		return b, err
	}, q, said)
	switch {
	case broken != nil:
		return p, broken
	case err != nil || p.DisabledAt != nil:
		return p, ErrPasskey
	case key.Authenticator.CloneWarning:
		return p, ErrPasskeyTwin
	}
	b, err := json.Marshal(key)
	if err != nil {
		return p, fmt.Errorf("keep passkey: %w", err)
	}
	n, err := s.q.UsePasskey(ctx, tx, accountdb.UsePasskeyParams{
		PersonID: p.ID, CredentialID: credentialID(key.ID), Credential: string(b), UsedAt: &tx.Now,
	})
	if err != nil {
		return p, fmt.Errorf("keep passkey: %w", err)
	}
	if n == 0 {
		return p, ErrPasskey
	}
	return p, nil
}

func credentialID(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// refused notes an answer that was refused. The question stays used up, so the
// note is written in a transaction that commits.
func (s *Service) refused(ctx context.Context, fn func(*store.Tx) error) error {
	var wrong error
	err := s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		wrong = nil
		err := fn(tx)
		if errors.Is(err, ErrPasskey) || errors.Is(err, ErrPasskeyTwin) {
			wrong = err
			return audit.Note(ctx, tx, authz.Scope{Role: authz.Guest}, "session.failed", id.ID{})
		}
		return err
	})
	return errors.Join(err, wrong)
}

// SignInByPasskey signs in who answered AskPasskey. A key asks for the finger,
// the face or the PIN of its device, so no second step follows.
func (s *Service) SignInByPasskey(ctx context.Context, answer string, at Where) (in In, err error) {
	err = s.refused(ctx, func(tx *store.Tx) error {
		p, err := s.byPasskey(ctx, tx, answer, id.ID{})
		if err != nil {
			return err
		}
		in, err = s.enterBy(ctx, tx, p.ID, at, true, true)
		return err
	})
	return in, err
}

// SecondStepByPasskey ends the sign-in of a person with a password by one of
// their keys.
func (s *Service) SecondStepByPasskey(ctx context.Context, ses Session, answer string, at Where) (token string, err error) {
	if ses.Scope.ByPIN {
		return "", ErrNotFound
	}
	err = s.refused(ctx, func(tx *store.Tx) error {
		if _, err := s.byPasskey(ctx, tx, answer, ses.Scope.Actor); err != nil {
			return err
		}
		if token, err = s.factored(ctx, tx, ses, at.Label); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), "session.factor", ses.ID)
	})
	return token, err
}

// FreshByPasskey proves the person of a session once more, by one of their
// keys, which is the second step too.
func (s *Service) FreshByPasskey(ctx context.Context, ses Session, answer string, at Where) (token string, err error) {
	if ses.Scope.ByPIN {
		return "", authz.ErrPIN
	}
	err = s.refused(ctx, func(tx *store.Tx) error {
		if _, err := s.byPasskey(ctx, tx, answer, ses.Scope.Actor); err != nil {
			return err
		}
		if token, err = s.factored(ctx, tx, ses, at.Label); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), "session.proven", ses.ID)
	})
	return token, err
}

// Passkeys lists the keys of the session's person.
func (s *Service) Passkeys(ctx context.Context, ses Session) (out []Passkey, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		rows, err := s.q.Passkeys(ctx, tx, ses.Scope.Actor)
		if err != nil {
			return fmt.Errorf("passkeys: %w", err)
		}
		out = nil
		for _, r := range rows {
			var c webauthn.Credential
			if err := json.Unmarshal([]byte(r.Credential), &c); err != nil {
				return fmt.Errorf("read passkey: %w", err)
			}
			k := Passkey{ID: r.ID, Name: r.Name, Synced: c.Flags.BackupState, CreatedAt: r.CreatedAt}
			if r.UsedAt != nil {
				k.UsedAt = *r.UsedAt
			}
			out = append(out, k)
		}
		return nil
	})
	return out, err
}

// BeginPasskey is the question, as JSON, by which a browser makes a new key
// for the person of a session.
func (s *Service) BeginPasskey(ctx context.Context, ses Session) ([]byte, error) {
	if err := ses.Scope.Fresh(); err != nil {
		return nil, err
	}
	party, err := s.party()
	if err != nil {
		return nil, err
	}
	var b bearer
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) (err error) {
		var p accountdb.Person
		if b, p, err = s.bearer(ctx, tx, ses.Scope.Actor); err != nil {
			return err
		}
		_, err = s.mayChange(ctx, tx, ses, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(b.keys) >= MaxPasskeys {
		return nil, ErrManyKeys
	}
	question, q, err := party.BeginRegistration(b, webauthn.WithExclusions(webauthn.Credentials(b.keys).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("ask for a new passkey: %w", err)
	}
	if err := s.ask(ctx, toEnrol, b.id, q); err != nil {
		return nil, err
	}
	return json.Marshal(question)
}

// AddPasskey keeps the key that a browser made, and returns the session's new
// token: making a key is a second step too.
func (s *Service) AddPasskey(ctx context.Context, ses Session, name, answer string, at Where) (token string, err error) {
	if err := ses.Scope.Fresh(); err != nil {
		return "", err
	}
	party, err := s.party()
	if err != nil {
		return "", err
	}
	name = cleanName(name)
	if utf8.RuneCountInString(name) > MaxName {
		return "", errKeyName.On("name")
	}
	if name == "" {
		name = at.Label
	}
	said, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return "", ErrPasskey
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		q, person, err := s.answered(ctx, tx, toEnrol, said.Response.CollectedClientData.Challenge)
		if err != nil {
			return err
		}
		if person != ses.Scope.Actor {
			return ErrPasskey
		}
		b, p, err := s.bearer(ctx, tx, person)
		if err != nil {
			return err
		}
		first, err := s.mayChange(ctx, tx, ses, p)
		if err != nil {
			return err
		}
		if len(b.keys) >= MaxPasskeys {
			return ErrManyKeys
		}
		key, err := party.CreateCredential(b, q, said)
		if err != nil {
			return ErrPasskey
		}
		key.Attestation = webauthn.CredentialAttestation{} // not asked for, and large
		kept, err := json.Marshal(key)
		if err != nil {
			return fmt.Errorf("keep passkey: %w", err)
		}
		row := accountdb.InsertPasskeyParams{
			ID: id.New(), PersonID: person, CredentialID: credentialID(key.ID), Credential: string(kept), Name: name, CreatedAt: tx.Now,
		}
		n, err := s.q.InsertPasskey(ctx, tx, row)
		if err != nil {
			return fmt.Errorf("insert passkey: %w", err)
		}
		if n == 0 {
			return ErrPasskey
		}
		if first { // from now on a password alone is not enough, for nobody's session
			if err := s.endOthers(ctx, tx, p.ID, ses.hash); err != nil {
				return err
			}
		}
		if token, err = s.factored(ctx, tx, ses, at.Label); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, p, "passkey"); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), "passkey.added", row.ID)
	})
	return token, err
}

// RemovePasskey takes one of the person's keys away. Who works for the office
// keeps a second step.
func (s *Service) RemovePasskey(ctx context.Context, ses Session, key id.ID) error {
	if err := ses.Scope.Fresh(); err != nil {
		return err
	}
	return s.self(ctx, ses, "passkey.removed", func(tx *store.Tx, p accountdb.Person) error {
		if _, err := s.mayChange(ctx, tx, ses, p); err != nil {
			return err
		}
		n, err := s.q.DeletePasskey(ctx, tx, accountdb.DeletePasskeyParams{ID: key, PersonID: p.ID})
		if err != nil {
			return fmt.Errorf("delete passkey: %w", err)
		}
		if n == 0 {
			return ErrNotFound
		}
		left, err := s.hasFactor(ctx, tx, p)
		if err != nil {
			return err
		}
		list, err := s.q.Memberships(ctx, tx, p.ID)
		if err != nil {
			return fmt.Errorf("memberships: %w", err)
		}
		if !left && slices.ContainsFunc(list, func(m accountdb.Membership) bool { return needsFactor(authz.Role(m.Role)) }) {
			return ErrLastFactor
		}
		return s.tell(ctx, tx, p, "passkey_removed")
	})
}
