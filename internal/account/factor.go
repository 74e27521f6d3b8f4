package account

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
)

const (
	period = 30 // seconds a code holds
	codes  = 10 // recovery codes
)

func (s *Service) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.keys.seal)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal hides a text for one column of one row.
func (s *Service) seal(text string, row id.ID) (string, error) {
	g, err := s.aead()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, g.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	return base64.RawStdEncoding.EncodeToString(g.Seal(nonce, nonce, []byte(text), []byte("people/totp/"+row.String()))), nil
}

func (s *Service) unseal(sealed string, row id.ID) (string, error) {
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return "", err
	}
	g, err := s.aead()
	if err != nil {
		return "", err
	}
	if len(raw) < g.NonceSize() {
		return "", errors.New("sealed text is too short")
	}
	text, err := g.Open(nil, raw[:g.NonceSize()], raw[g.NonceSize():], []byte("people/totp/"+row.String()))
	return string(text), err
}

// Seed is what an authenticator app is given.
type Seed struct {
	URL    string // for the QR code
	Secret string // to type
}

// seed is what the app of a session's person is given until it is confirmed: of
// this session alone, or who knew the password before would know it.
func (s *Service) seed(ses Session) string {
	m := hmac.New(sha1.New, s.keys.seal)
	m.Write([]byte("seed/" + ses.Scope.Actor.String() + "/" + ses.hash))
	return base32.StdEncoding.EncodeToString(m.Sum(nil))
}

// BeginTOTP shows a session its seed.
func (s *Service) BeginTOTP(ctx context.Context, ses Session) (Seed, error) {
	if err := ses.Scope.Fresh(); err != nil {
		return Seed{}, err
	}
	p, err := s.row(ctx, ses.Scope.Actor)
	if err != nil {
		return Seed{}, err
	}
	if p.TotpAt != nil {
		return Seed{}, ErrNotFound
	}
	if err := s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		_, err := s.mayChange(ctx, tx, ses, p)
		return err
	}); err != nil {
		return Seed{}, err
	}
	secret := s.seed(ses)
	name := p.Name
	if name == "" {
		name = "Lapak"
	}
	return Seed{URL: "otpauth://totp/Lapak:" + escape(name) + "?secret=" + secret + "&issuer=Lapak&digits=6&period=30", Secret: secret}, nil
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// step finds the step of time whose code it is, one step of slack to either side; zero if none.
func step(secret, code string, now time.Time) int64 {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for _, d := range []int64{0, -1, 1} {
		n := now.Unix()/period + d
		ok, err := hotp.ValidateCustom(code, uint64(n), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && ok {
			return n
		}
	}
	return 0
}

// ConfirmTOTP enrols the seed once a code of it was typed, and returns the
// recovery codes, shown once, and the session's new token.
func (s *Service) ConfirmTOTP(ctx context.Context, ses Session, code, label string) (token string, recovery []string, err error) {
	if err := ses.Scope.Fresh(); err != nil {
		return "", nil, err
	}
	p, err := s.row(ctx, ses.Scope.Actor)
	if err != nil {
		return "", nil, err
	}
	if p.TotpAt != nil {
		return "", nil, ErrNotFound
	}
	if err := s.countCode(ctx, p.ID); err != nil {
		return "", nil, err
	}
	secret := s.seed(ses)
	sealed, err := s.seal(secret, p.ID)
	if err != nil {
		return "", nil, fmt.Errorf("seal seed: %w", err)
	}
	n := step(secret, code, s.db.Now())
	if n == 0 {
		return "", nil, ErrCode.On("code")
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		recovery = nil
		if _, err := s.mayChange(ctx, tx, ses, p); err != nil {
			return err
		}
		if err := s.q.PutTOTP(ctx, tx, accountdb.PutTOTPParams{ID: p.ID, TotpSealed: sealed, TotpAt: &tx.Now, TotpStep: n, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("enrol: %w", err)
		}
		if err := s.q.DeleteCodes(ctx, tx, p.ID); err != nil {
			return fmt.Errorf("delete codes: %w", err)
		}
		for range codes {
			c := id.Token()[:12]
			recovery = append(recovery, c[:4]+"-"+c[4:8]+"-"+c[8:])
			if err := s.q.InsertCode(ctx, tx, accountdb.InsertCodeParams{PersonID: p.ID, Hash: id.Hash(c)}); err != nil {
				return fmt.Errorf("insert code: %w", err)
			}
		}
		if err := s.endOthers(ctx, tx, p.ID, ses.hash); err != nil {
			return err
		}
		if token, err = s.factored(ctx, tx, ses, label); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, p, "factor"); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), "factor.enrolled", p.ID)
	})
	return token, recovery, err
}

// factored renews a session whose person made the second step, and lets it act
// under the office membership that waited for it.
func (s *Service) factored(ctx context.Context, tx *store.Tx, ses Session, label string) (string, error) {
	row, err := s.q.Session(ctx, tx, ses.hash)
	if err != nil {
		return "", authz.ErrSignIn
	}
	return s.renew(ctx, tx, ses, label, func(p *accountdb.InsertSessionParams) {
		p.Pending, p.FactorAt, p.ProvenAt, p.MembershipID = false, &tx.Now, tx.Now, row.MembershipID
	})
}

func (s *Service) countCode(ctx context.Context, person id.ID) error {
	var refused error
	err := s.db.Tx(ctx, scopeless, func(tx *store.Tx) (err error) {
		refused, err = s.count(ctx, tx, s.guessKey("factor", person.String()), perFactor)
		return err
	})
	return errors.Join(err, refused)
}

// useCode uses up a code of the app, or a recovery code.
func (s *Service) useCode(ctx context.Context, p accountdb.Person, code string) error {
	if err := s.countCode(ctx, p.ID); err != nil {
		return err
	}
	secret, err := s.unseal(p.TotpSealed, p.ID)
	if err != nil {
		return fmt.Errorf("unseal seed: %w", err)
	}
	wrong := false
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		wrong = false
		var used int64
		var err error
		if n := step(secret, code, tx.Now); n > 0 {
			used, err = s.q.UseTOTPStep(ctx, tx, accountdb.UseTOTPStepParams{ID: p.ID, TotpStep: n})
		} else {
			bare := strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
			used, err = s.q.UseCode(ctx, tx, accountdb.UseCodeParams{PersonID: p.ID, Hash: id.Hash(bare), UsedAt: &tx.Now})
		}
		if err != nil {
			return fmt.Errorf("use code: %w", err)
		}
		if wrong = used == 0; wrong {
			return nil
		}
		return s.free(ctx, tx, []string{s.guessKey("factor", p.ID.String())})
	})
	if err == nil && wrong {
		return ErrCode.On("code")
	}
	return err
}

// SecondStep ends the sign-in of a person with a second factor.
func (s *Service) SecondStep(ctx context.Context, ses Session, code string, at Where) (token string, err error) {
	p, err := s.row(ctx, ses.Scope.Actor)
	if err != nil {
		return "", err
	}
	if p.TotpAt == nil || ses.Scope.ByPIN {
		return "", ErrNotFound
	}
	if err := s.useCode(ctx, p, code); err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if token, err = s.factored(ctx, tx, ses, at.Label); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), "session.factor", ses.ID)
	})
	return token, err
}

// NeedsFactor reports whether a person has to make a second step before they
// can act under one of their memberships; without HasFactor they have to enrol
// one first.
func (s *Service) NeedsFactor(ctx context.Context, ses Session) (bool, error) {
	if ses.Factor {
		return false, nil
	}
	list, err := s.Memberships(ctx, ses.Scope.Actor)
	return err == nil && slices.ContainsFunc(list, func(m Membership) bool { return needsFactor(m.Role) }), err
}
