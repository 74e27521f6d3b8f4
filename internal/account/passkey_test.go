package account_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/store"
)

// device is a phone with one key in it.
type device struct {
	t    *testing.T
	s    *account.Service
	site virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newDevice(t *testing.T, s *account.Service) *device {
	s.Base = "https://lapak.example.org"
	return &device{
		t, s,
		virtualwebauthn.RelyingParty{Name: "Lapak", ID: "lapak.example.org", Origin: s.Base},
		virtualwebauthn.NewAuthenticator(), newKey(t),
	}
}

// newKey makes a key. The library that plays the device leaves out zeros at the
// start of a coordinate, which no real device does, so keys without any are taken.
func newKey(t *testing.T) virtualwebauthn.Credential {
	t.Helper()
	for {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := k.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if point[1] == 0 || point[33] == 0 {
			continue
		}
		b, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return virtualwebauthn.NewCredentialWithImportedKey(virtualwebauthn.KeyTypeEC2, b)
	}
}

// made is what the device says when it makes its key for the session's person.
func (d *device) made(ses account.Session) string {
	d.t.Helper()
	asked, err := virtualwebauthn.ParseAttestationOptions(string(must2(d.s.BeginPasskey(d.t.Context(), ses))(d.t)))
	if err != nil {
		d.t.Fatal(err)
	}
	d.auth.Options.UserHandle = ses.Scope.Actor[:]
	return virtualwebauthn.CreateAttestationResponse(d.site, d.auth, d.key, *asked)
}

// enrol gives the session's person the device's key.
func (d *device) enrol(ses account.Session) string {
	d.t.Helper()
	token, err := d.s.AddPasskey(d.t.Context(), ses, "HP saya", d.made(ses), from)
	return must(d.t, token, err)
}

// answer is what the device says when it is asked for its key.
func (d *device) answer() string {
	d.t.Helper()
	asked, err := virtualwebauthn.ParseAssertionOptions(string(must2(d.s.AskPasskey(d.t.Context()))(d.t)))
	if err != nil {
		d.t.Fatal(err)
	}
	return virtualwebauthn.CreateAssertionResponse(d.site, d.auth, d.key, *asked)
}

func TestAPasskeySignsIn(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		boss, _ := owner(t, s, db, euis)
		d := newDevice(t, s)
		token := d.enrol(boss)
		if !gone(t, s, "x") || !session(t, s, token).HasKeys {
			t.Error("the session does not know of the key")
		}
		in := must2(s.SignInByPasskey(t.Context(), d.answer(), from))(t)
		ses := session(t, s, in.Token)
		if in.Pending || !ses.Factor || ses.Scope.Role != authz.Owner || ses.Scope.Actor != boss.Scope.Actor {
			t.Errorf("signed in as %+v", ses)
		}
		if in := must2(s.SignIn(t.Context(), euis, secret, from))(t); in.Pending {
			t.Error("an owner with a key needs it beside the password")
		}
		c.add(authz.FreshFor + time.Second)
		ses = session(t, s, in.Token)
		if ses.Scope.Fresh() == nil {
			t.Fatal("still fresh")
		}
		again := session(t, s, must2(s.FreshByPasskey(t.Context(), ses, d.answer(), from))(t))
		if err := again.Scope.Fresh(); err != nil {
			t.Errorf("after a proof by key: %v", err)
		}
		keys := must2(s.Passkeys(t.Context(), again))(t)
		if len(keys) != 1 || keys[0].Name != "HP saya" || keys[0].UsedAt.IsZero() {
			t.Errorf("keys = %+v", keys)
		}
		if err := s.RemovePasskey(t.Context(), again, keys[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SignInByPasskey(t.Context(), d.answer(), from); !errors.Is(err, account.ErrPasskey) {
			t.Errorf("a removed key = %v, want ErrPasskey", err)
		}
	})
}

func TestPasskeysAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		boss, _ := owner(t, s, db, euis)
		d := newDevice(t, s)
		d.enrol(boss)
		boss = session(t, s, must2(s.SignInByPasskey(t.Context(), d.answer(), from))(t).Token)
		other, _ := owner(t, s, db, "0813 9999 0000")
		old := d.answer()
		c.add(5*time.Minute + time.Second)
		used := d.answer()
		must2(s.SignInByPasskey(t.Context(), used, from))(t)
		unverified, elsewhere, host, foreign := *d, *d, *d, *d
		unverified.auth.Options.UserNotVerified = true
		elsewhere.site.Origin = "https://lapak.example.com"
		host.site.ID = "example.com"
		foreign.key = newKey(t)
		forged := d.key
		forged.Key = foreign.key.Key
		impostor := *d
		impostor.key = forged
		stranger := *d
		stranger.auth.Options.UserHandle = other.Scope.Actor[:]
		for name, answer := range map[string]string{
			"nothing": "", "no JSON": "{", "used": used, "old": old, "not verified": unverified.answer(), "another site": elsewhere.answer(),
			"another host": host.answer(), "a key nobody has": foreign.answer(), "another key's signature": impostor.answer(),
			"somebody else's name": stranger.answer(), "long": strings.Repeat("[", 60_000),
		} {
			if in, err := s.SignInByPasskey(t.Context(), answer, from); !errors.Is(err, account.ErrPasskey) {
				t.Errorf("%s: %+v, %v; want ErrPasskey", name, in, err)
			}
		}
		if _, err := s.FreshByPasskey(t.Context(), other, d.answer(), from); !errors.Is(err, account.ErrPasskey) {
			t.Errorf("a proof by somebody else's key = %v", err)
		}
		if _, err := s.SecondStepByPasskey(t.Context(), other, d.answer(), from); !errors.Is(err, account.ErrPasskey) {
			t.Errorf("a second step by somebody else's key = %v", err)
		}
		if _, err := s.AddPasskey(t.Context(), other, "", d.made(boss), from); !errors.Is(err, account.ErrPasskey) {
			t.Errorf("a key made for somebody else = %v", err)
		}
		if _, err := s.AddPasskey(t.Context(), boss, "", d.made(boss), from); !errors.Is(err, account.ErrPasskey) {
			t.Errorf("the same key twice = %v", err)
		}
		d.site.Origin = "https://lapak.example.com"
		if _, err := s.AddPasskey(t.Context(), other, "", d.made(other), from); !errors.Is(err, account.ErrPasskey) {
			t.Errorf("a key made on another site = %v", err)
		}
		d.site.Origin, d.auth.Options.UserHandle = s.Base, boss.Scope.Actor[:]
		if err := s.RemovePasskey(t.Context(), other, must2(s.Passkeys(t.Context(), boss))(t)[0].ID); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("removing somebody else's key = %v", err)
		}
		// A counter that goes back is that of a copy.
		d.key.Counter = 9
		must2(s.SignInByPasskey(t.Context(), d.answer(), from))(t)
		d.key.Counter = 8
		if _, err := s.SignInByPasskey(t.Context(), d.answer(), from); !errors.Is(err, account.ErrPasskeyTwin) {
			t.Errorf("a counter that went back = %v, want ErrPasskeyTwin", err)
		}
		byPIN := boss
		byPIN.Scope.ByPIN = true
		if _, err := s.BeginPasskey(t.Context(), byPIN); !errors.Is(err, authz.ErrPIN) {
			t.Errorf("a key made on a shared phone = %v", err)
		}
		c.add(authz.FreshFor)
		boss.Scope.Now = c.now()
		if _, err := s.BeginPasskey(t.Context(), boss); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("a key without fresh proof = %v", err)
		}
	})
}

// Of many who send one answer at the same time, one gets in.
func TestAPasskeysAnswerCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, _ *clock) {
		boss, _ := owner(t, s, db, euis)
		d := newDevice(t, s)
		d.enrol(boss)
		answer, got := d.answer(), make(chan error, 8)
		for range cap(got) {
			go func() {
				_, err := s.SignInByPasskey(t.Context(), answer, from)
				got <- err
			}()
		}
		in := 0
		for range cap(got) {
			if err := <-got; err == nil {
				in++
			} else if !errors.Is(err, account.ErrPasskey) {
				t.Error(err)
			}
		}
		if in != 1 {
			t.Errorf("%d signed in with one answer", in)
		}
	})
}

func TestAPasskeyIsTheOfficesSecondStep(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, c *clock) {
		link, _, err := s.FirstAdminLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.FirstAdmin(t.Context(), link, account.Newcomer{Who: euis, Name: "Pak Asep", Password: secret, Terms: true}, from)
		if err != nil {
			t.Fatal(err)
		}
		d := newDevice(t, s)
		ses := session(t, s, in.Token)
		if needs := must2(s.NeedsFactor(t.Context(), ses))(t); !needs || ses.HasFactor() || ses.Scope.Role != authz.Person {
			t.Fatalf("before: needs %v, %+v", needs, ses)
		}
		older := must2(s.SignIn(t.Context(), euis, secret, from))(t) // somebody else who knows the password
		stale := session(t, s, older.Token)
		ses = session(t, s, d.enrol(ses))
		if ses.Scope.Role != authz.Admin {
			t.Fatalf("after the key was made: %s", ses.Scope.Role)
		}
		if !gone(t, s, older.Token) {
			t.Error("a session without the second step outlived the first key")
		}
		if _, err := s.BeginPasskey(t.Context(), stale); !errors.Is(err, account.ErrFactor) {
			t.Errorf("a key for who knows the password alone = %v", err)
		}
		if _, err := s.BeginTOTP(t.Context(), stale); !errors.Is(err, account.ErrFactor) {
			t.Errorf("an app for who knows the password alone = %v", err)
		}
		half := must2(s.SignIn(t.Context(), euis, secret, from))(t)
		pending := session(t, s, half.Token)
		if !half.Pending || !pending.Pending || pending.Scope.Role == authz.Admin {
			t.Fatalf("an admin with a key came in by password alone: %+v", pending)
		}
		if token := must2(s.SecondStepByPasskey(t.Context(), pending, d.answer(), from))(t); session(t, s, token).Scope.Role != authz.Admin {
			t.Error("no admin after the second step")
		}
		if in := must2(s.SignInByPasskey(t.Context(), d.answer(), from))(t); session(t, s, in.Token).Scope.Role != authz.Admin {
			t.Error("no admin after signing in by key")
		}
		key := must2(s.Passkeys(t.Context(), ses))(t)[0].ID
		if err := s.RemovePasskey(t.Context(), ses, key); !errors.Is(err, account.ErrLastFactor) {
			t.Errorf("removing an admin's only second step = %v", err)
		}
		second := newDevice(t, s)
		ses = session(t, s, second.enrol(ses))
		if err := s.RemovePasskey(t.Context(), ses, key); err != nil {
			t.Error(err)
		}
		if people, _, err := s.Office(t.Context(), ses.Scope); err != nil || !people[0].Factor {
			t.Errorf("the office's list: %+v, %v", people, err)
		}
		// The console takes a lost key away as it does a lost app.
		must2(s.AdminResetAll(t.Context(), euis))(t)
		if _, err := s.SignInByPasskey(t.Context(), second.answer(), from); !errors.Is(err, account.ErrPasskey) {
			t.Errorf("a key that the console took away = %v", err)
		}
	})
}

// Whoever knows the password takes nobody's keys away, and who proves
// themselves by a key on a new phone may do what the key's owner may.
func TestThePasswordAloneTakesNoKeyAway(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		boss, _ := owner(t, s, db, euis)
		d := newDevice(t, s)
		d.enrol(boss)
		byPassword := session(t, s, must2(s.SignIn(t.Context(), euis, secret, from))(t).Token)
		key := must2(s.Passkeys(t.Context(), byPassword))(t)[0].ID
		if err := s.RemovePasskey(t.Context(), byPassword, key); !errors.Is(err, account.ErrFactor) {
			t.Errorf("removing a key by the password alone = %v, want ErrFactor", err)
		}
		if again := session(t, s, must2(s.Fresh(t.Context(), byPassword, secret, "", from))(t)); again.Factor {
			t.Error("typing the password again counts as the second step")
		} else {
			byPassword = again
		}
		proven := session(t, s, must2(s.FreshByPasskey(t.Context(), byPassword, d.answer(), from))(t))
		if proven.Scope.Role != authz.Owner {
			t.Errorf("after the proof: %s", proven.Scope.Role)
		}
		second := newDevice(t, s)
		proven = session(t, s, second.enrol(proven))
		if _, err := s.BeginTOTP(t.Context(), proven); err != nil {
			t.Errorf("an app beside the keys = %v", err)
		}
		if err := s.RemovePasskey(t.Context(), proven, key); err != nil {
			t.Errorf("removing a key after the proof = %v", err)
		}
		if _, err := s.SignInByPasskey(t.Context(), second.answer(), from); err != nil {
			t.Errorf("the key that stayed = %v", err)
		}
	})
}

func TestPasskeysNeedAnAddressWithAName(t *testing.T) {
	for base, want := range map[string]bool{
		"https://lapak.example.org": true, "https://lapak.example.org:8443": true, "http://localhost:8080": true, "http://lapak.example.org": false,
		"https://192.168.1.7:8443": false, "https://[::1]:8443": false, "": false, "localhost:8080": false,
	} {
		s := account.New(nil, []byte(strings.Repeat("k", 32)))
		s.Base = base
		if s.HasPasskeys() != want {
			t.Errorf("%q: %v, want %v", base, !want, want)
		}
		if want {
			continue
		}
		if _, err := s.AskPasskey(t.Context()); !errors.Is(err, account.ErrNoPasskeys) {
			t.Errorf("%q: %v", base, err)
		}
	}
}
