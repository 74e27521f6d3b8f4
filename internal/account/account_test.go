package account_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

const (
	euis   = "0812 3456 7890"
	secret = "tujuh ekor bebek"
)

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func each(t *testing.T, fn func(t *testing.T, s *account.Service, db *store.DB, c *clock)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := &clock{at: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}
		db.Now = c.now
		fn(t, account.New(db, bytes.Repeat([]byte{3}, 32)), db, c)
	})
}

var from = account.Where{Address: "203.0.113.5", Label: "Chrome, Android", Lang: "id"}

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func signUp(t *testing.T, s *account.Service, who, password string) account.In {
	t.Helper()
	in, err := s.SignUp(t.Context(), account.Newcomer{Who: who, Password: password, Terms: true, Channel: "web"}, from)
	return must(t, in, err)
}

func session(t *testing.T, s *account.Service, token string) account.Session {
	t.Helper()
	ses, ok, err := s.Load(t.Context(), token)
	if err != nil || !ok {
		t.Fatalf("Load = %v, %v; want a session", ok, err)
	}
	return ses
}

func gone(t *testing.T, s *account.Service, token string) bool {
	t.Helper()
	_, ok, err := s.Load(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return !ok
}

// owner signs up and has a shop.
func owner(t *testing.T, s *account.Service, db *store.DB, who string) (account.Session, id.ID) {
	t.Helper()
	in, shop := signUp(t, s, who, secret), id.New()
	err := db.Tx(t.Context(), authz.Scope{Business: shop}, func(tx *store.Tx) error {
		return s.AddMembership(context.Background(), tx, in.Person, shop, authz.Owner, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	again := must2(s.SignIn(t.Context(), who, secret, from))(t)
	return session(t, s, again.Token), shop
}

func must2[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T { t.Helper(); return must(t, v, err) }
}

func TestSignUpInAndOut(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, c *clock) {
		in := signUp(t, s, euis, secret)
		ses := session(t, s, in.Token)
		if !in.NewHere || ses.Scope.Role != authz.Person || ses.Scope.Actor != in.Person {
			t.Errorf("session %+v", ses)
		}
		if again := signUp(t, s, "+62812-3456-7890", secret); again.Person != in.Person || again.NewHere {
			t.Error("signing up twice made two people")
		}
		other := must2(s.SignIn(t.Context(), "62 812 3456 7890", secret, from))(t)
		if err := s.EndLogin(t.Context(), session(t, s, other.Token), ses.ID); err != nil {
			t.Fatal(err)
		}
		if !gone(t, s, in.Token) {
			t.Error("an ended session still works")
		}
		c.add(30*24*time.Hour - time.Second)
		if gone(t, s, other.Token) {
			t.Error("a session ended a second too soon")
		}
		c.add(30 * 24 * time.Hour)
		if !gone(t, s, other.Token) {
			t.Error("an idle session still works")
		}
		for name, n := range map[string]account.Newcomer{
			"short":  {Who: euis, Password: "pendek", Terms: true},
			"common": {Who: euis, Password: "bismillah123", Terms: true},
			"run":    {Who: euis, Password: "1234567890", Terms: true},
			"phone":  {Who: euis, Password: "081234567890", Terms: true},
			"terms":  {Who: euis, Password: secret},
			"who":    {Who: "0812", Password: secret, Terms: true},
		} {
			if _, err := s.SignUp(t.Context(), n, from); !fault.Of(err).HasKind(fault.Invalid) {
				t.Errorf("%s: SignUp = %v, want a fault of the form", name, err)
			}
		}
	})
}

func TestNobodyCanSquatOnANumber(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		for i := range 8 {
			signUp(t, s, euis, fmt.Sprintf("perampok nomor %d", i))
		}
		in := signUp(t, s, euis, secret)
		for i := range 8 {
			signUp(t, s, euis, fmt.Sprintf("perampok lagi %d", i))
		}
		back := must2(s.SignIn(t.Context(), euis, secret, from))(t)
		if back.Person != in.Person {
			t.Fatal("the true owner of the number got into another account")
		}
		squatter := must2(s.SignIn(t.Context(), euis, "perampok nomor 3", from))(t)
		if squatter.Person == in.Person {
			t.Fatal("a squatter got into the owner's account")
		}
		officer := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: []authz.Perm{authz.PermRecover}, Now: c.now()}
		if err := s.ProvePhone(t.Context(), officer, in.Person); err != nil {
			t.Fatal(err)
		}
		if w := must2(s.Person(t.Context(), in.Person))(t); !w.PhoneProven {
			t.Error("the number was proven and is not shown so")
		}
		if n := must2(s.Notices(t.Context(), squatter.Person))(t); len(n) == 0 || n[0].Kind != "phone_lost" {
			t.Errorf("the squatter was not asked for another number: %v", n)
		}
		if token := must2(s.AdminReset(t.Context(), euis))(t); token == "" {
			t.Error("no link for the proven owner")
		}
	})
}

func TestGuessing(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, c *clock) {
		in := signUp(t, s, euis, secret)
		var let atomic.Int64
		var wg sync.WaitGroup
		for range 25 {
			wg.Go(func() {
				_, err := s.SignIn(context.Background(), euis, "bukan ini juga", from)
				if errors.Is(err, account.ErrWrong) {
					let.Add(1)
				} else if f := fault.Of(err); f == nil || !f.HasKind(fault.TooMany, fault.Unavailable) {
					t.Errorf("SignIn = %v", err)
				}
			})
		}
		wg.Wait()
		if n := let.Load(); n > 10 {
			t.Errorf("%d guesses were let through, want at most 10", n)
		}
		if _, err := s.SignIn(t.Context(), euis, secret, from); !errors.Is(err, account.ErrWait) {
			t.Errorf("an unknown device after 10 failures = %v, want ErrWait", err)
		}
		known := from
		known.Known = s.Known(s.Remember("", in.Person))
		if _, err := s.SignIn(t.Context(), euis, secret, known); err != nil {
			t.Errorf("a known device was locked out: %v", err)
		}
		if _, err := s.SignIn(t.Context(), "0899 9999 9999", secret, account.Where{Address: "198.51.100.9"}); !errors.Is(err, account.ErrWrong) {
			t.Errorf("no account = %v, want the same fault as a wrong password", err)
		}
		c.add(16 * time.Minute)
		if _, err := s.SignIn(t.Context(), euis, secret, from); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		if got := s.Known(s.Remember("", in.Person) + "0"); len(got) != 0 {
			t.Error("a forged cookie was believed")
		}
	})
}

// Who claims a number that is somebody else's gets no more guesses at its true
// owner by signing in with their own password, or by signing up, in between.
func TestASquatterHasNoMoreGuesses(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, _ *clock) {
		signUp(t, s, euis, secret)
		mine := "delapan ekor angsa"
		squatter := signUp(t, s, euis, mine)
		known := from
		known.Known = s.Known(s.Remember("", squatter.Person))
		for name, at := range map[string]account.Where{"known": known, "unknown": from} {
			let := 0
			for n := range 40 {
				if _, err := s.SignIn(t.Context(), euis, fmt.Sprintf("tebakan yang ke %d", n), at); errors.Is(err, account.ErrWrong) {
					let++
				}
				if n%5 == 4 {
					_, _ = s.SignIn(t.Context(), euis, mine, at)
				}
				if n%7 == 6 {
					_, _ = s.SignUp(t.Context(), account.Newcomer{Who: euis, Password: fmt.Sprintf("sandi baru ke %d", n), Terms: true, Channel: "web"}, at)
				}
			}
			if let > 10 {
				t.Errorf("from a device that is %s: %d guesses were let through, want at most 10", name, let)
			}
		}
		if _, err := s.SignIn(t.Context(), euis, mine, known); err != nil {
			t.Errorf("a known device and its own password: %v", err)
		}
	})
}

func TestStaffComeAndGo(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		boss, shop := owner(t, s, db, euis)
		if boss.Scope.Role != authz.Owner || boss.Scope.Business != shop {
			t.Fatalf("owner's scope = %+v", boss.Scope)
		}
		token := must2(s.Invite(t.Context(), boss.Scope, account.Invite{Name: "Dedi", Role: authz.Staff, Perms: []authz.Perm{authz.PermOrders, authz.PermHide}}))(t)
		dedi := session(t, s, signUp(t, s, "0813 1111 2222", secret).Token)
		fresh := must2(s.Join(t.Context(), dedi, token, "x"))(t)
		dedi = session(t, s, fresh)
		if dedi.Scope.Role != authz.Staff || dedi.Scope.Business != shop || len(dedi.Scope.Perms) != 1 || dedi.Name != "Dedi" {
			t.Fatalf("Dedi = %+v", dedi)
		}
		if _, err := s.Join(t.Context(), dedi, token, "x"); !errors.Is(err, account.ErrLink) {
			t.Errorf("an invitation taken twice = %v", err)
		}
		if err := s.ChangePerms(t.Context(), boss.Scope, dedi.Scope.Membership, []authz.Perm{authz.PermStock}); err != nil {
			t.Fatal(err)
		}
		if now := session(t, s, fresh); now.Scope.Can(authz.SeeStock) != nil || now.Scope.Can(authz.SeeOrders) == nil {
			t.Error("other ticks did not count for the next request")
		}
		// another shop's owner finds none of it
		rival, _ := owner(t, s, db, "0815 5555 6666")
		for name, err := range map[string]error{
			"perms":   s.ChangePerms(t.Context(), rival.Scope, dedi.Scope.Membership, []authz.Perm{authz.PermMoney}),
			"remove":  s.Remove(t.Context(), rival.Scope, dedi.Scope.Membership),
			"end":     s.EndSessions(t.Context(), rival.Scope, dedi.Scope.Membership),
			"pin":     s.SetPIN(t.Context(), rival.Scope, dedi.Scope.Membership, "7391"),
			"missing": s.Remove(t.Context(), rival.Scope, id.New()),
		} {
			if !errors.Is(err, account.ErrNotFound) {
				t.Errorf("%s by another owner = %v, want not found", name, err)
			}
		}
		if _, err := s.Invite(t.Context(), dedi.Scope, account.Invite{Name: "X", Role: authz.Staff, Perms: authz.StaffPerms}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("staff invites = %v", err)
		}
		if err := s.Remove(t.Context(), boss.Scope, dedi.Scope.Membership); err != nil {
			t.Fatal(err)
		}
		if !gone(t, s, fresh) {
			t.Error("a removed helper's session still works")
		}
		if err := s.Remove(t.Context(), boss.Scope, boss.Scope.Membership); !errors.Is(err, account.ErrLastOwner) {
			t.Errorf("the last owner removed = %v", err)
		}
		c.add(authz.FreshFor + time.Second)
		old := session(t, s, must2(s.SignIn(t.Context(), euis, secret, from))(t).Token)
		c.add(authz.FreshFor + 2*time.Second)
		old.Scope.Now = c.now()
		if _, err := s.Invite(t.Context(), old.Scope, account.Invite{Name: "X", Role: authz.Courier}); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("an old proof = %v", err)
		}
	})
}

func TestPINOnTheSharedPhone(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, _ *clock) {
		boss, shop := owner(t, s, db, euis)
		ani := must2(s.AddHelper(t.Context(), boss.Scope, account.Helper{Name: "Ani", PIN: "7391", Perms: []authz.Perm{authz.PermOrders}}))(t)
		device := must2(s.Enrol(t.Context(), boss.Scope, "HP toko"))(t)
		if c := must2(s.Counter(t.Context(), device))(t); len(c.Members) != 1 || c.Members[0].Name != "Ani" {
			t.Fatalf("counter = %+v", c)
		}
		in := must2(s.SignInByPIN(t.Context(), device, ani, "7391", from))(t)
		ses := session(t, s, in.Token)
		if !ses.Scope.ByPIN || ses.Scope.Business != shop || ses.Scope.Can(authz.MoveOrders) != nil || ses.Scope.Can(authz.SeeMoney) == nil {
			t.Errorf("scope by PIN = %+v", ses.Scope)
		}
		if _, err := s.Enrol(t.Context(), boss.Scope, ""); err == nil {
			t.Error("a phone without a name")
		}
		var right, wrong atomic.Int64
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				_, err := s.SignInByPIN(context.Background(), device, ani, "0000", from)
				switch {
				case errors.Is(err, account.ErrPINWrong):
					wrong.Add(1)
				case err == nil:
					right.Add(1)
				}
			})
		}
		wg.Wait()
		if wrong.Load() > 5 || right.Load() > 0 {
			t.Errorf("%d wrong PINs were looked at, want at most 5", wrong.Load())
		}
		if _, err := s.SignInByPIN(t.Context(), device, ani, "7391", from); !errors.Is(err, account.ErrPINLocked) {
			t.Errorf("after five tries = %v, want ErrPINLocked", err)
		}
		if err := s.SetPIN(t.Context(), boss.Scope, ani, "8402"); err != nil {
			t.Fatal(err)
		}
		in = must2(s.SignInByPIN(t.Context(), device, ani, "8402", from))(t)
		list := must2(s.Roster(t.Context(), boss.Scope))(t)
		if err := s.EndDevice(t.Context(), boss.Scope, list.Devices[0].ID); err != nil {
			t.Fatal(err)
		}
		if !gone(t, s, in.Token) {
			t.Error("the phone was ended and its helper is still signed in")
		}
		if _, err := s.Counter(t.Context(), device); !errors.Is(err, account.ErrDevice) {
			t.Errorf("an ended phone = %v", err)
		}
	})
}

func TestTheOfficeNeedsASecondStep(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		link, made, err := s.FirstAdminLink(t.Context())
		if err != nil || !made {
			t.Fatal(made, err)
		}
		in, err := s.FirstAdmin(t.Context(), link, account.Newcomer{Who: euis, Name: "Pak Asep", Password: secret, Terms: true}, from)
		if err != nil {
			t.Fatal(err)
		}
		if _, again, _ := s.FirstAdminLink(t.Context()); again {
			t.Error("a second first admin")
		}
		ses := session(t, s, in.Token)
		if ses.Scope.Role != authz.Person {
			t.Errorf("an admin without a second step acts as %s", ses.Scope.Role)
		}
		seed := must2(s.BeginTOTP(t.Context(), ses))(t)
		code := must2(totp.GenerateCode(seed.Secret, c.now()))(t)
		token, recovery, err := s.ConfirmTOTP(t.Context(), ses, code, "x")
		if err != nil || len(recovery) != 10 {
			t.Fatal(err, recovery)
		}
		if !gone(t, s, in.Token) {
			t.Error("the token stayed the same after the second step")
		}
		if ses = session(t, s, token); ses.Scope.Role != authz.Admin {
			t.Errorf("role = %s, want admin", ses.Scope.Role)
		}
		next := must2(s.SignIn(t.Context(), euis, secret, from))(t)
		half := session(t, s, next.Token)
		if !next.Pending || !half.Pending {
			t.Fatal("signed in without a second step")
		}
		if _, err := s.SecondStep(t.Context(), half, code, from); !errors.Is(err, account.ErrCode) && fault.Of(err).Field("code") == nil {
			t.Errorf("the same code twice = %v", err)
		}
		c.add(31 * time.Second)
		code = must2(totp.GenerateCode(seed.Secret, c.now()))(t)
		token = must2(s.SecondStep(t.Context(), half, code, from))(t)
		if session(t, s, token).Scope.Role != authz.Admin {
			t.Error("no admin after the second step")
		}
		half = session(t, s, must2(s.SignIn(t.Context(), euis, secret, from))(t).Token)
		if _, err := s.SecondStep(t.Context(), half, recovery[0], from); err != nil {
			t.Errorf("a recovery code = %v", err)
		}
		half = session(t, s, must2(s.SignIn(t.Context(), euis, secret, from))(t).Token)
		if _, err := s.SecondStep(t.Context(), half, recovery[0], from); err == nil {
			t.Error("a recovery code worked twice")
		}
		c.add(30*time.Minute + time.Second)
		if !gone(t, s, token) {
			t.Error("an admin's idle session still works")
		}
	})
}

func TestRecovery(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, c *clock) {
		in := signUp(t, s, euis, secret)
		officer := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: []authz.Perm{authz.PermRecover}, Now: c.now()}
		list := must2(s.Claims(t.Context(), officer, euis))(t)
		if len(list) != 1 || list[0].Person != in.Person {
			t.Fatalf("claims = %+v", list)
		}
		link := must2(s.HandOver(t.Context(), officer, in.Person))(t)
		if _, err := s.Reset(t.Context(), link, "pendek", from); fault.Of(err).Field("password") == nil {
			t.Errorf("a short password = %v", err)
		}
		if err := s.ProveMail(t.Context(), link); !errors.Is(err, account.ErrLink) {
			t.Errorf("a link of one purpose at another = %v", err)
		}
		must2(s.Reset(t.Context(), link, "kambing naik gunung", from))(t)
		if !gone(t, s, in.Token) {
			t.Error("the old session still works after a reset")
		}
		for _, bad := range []string{link, "x", id.Token()} {
			if _, err := s.Reset(t.Context(), bad, "kambing naik gunung", from); !errors.Is(err, account.ErrLink) {
				t.Errorf("Reset(%q) = %v, want ErrLink", bad, err)
			}
		}
		if _, err := s.SignIn(t.Context(), euis, "kambing naik gunung", from); err != nil {
			t.Error(err)
		}
		if _, err := s.Claims(t.Context(), authz.Scope{Role: authz.Office, Perms: []authz.Perm{authz.PermHide}}, euis); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("an officer without the tick = %v", err)
		}
		late := must2(s.HandOver(t.Context(), officer, in.Person))(t)
		c.add(24 * time.Hour)
		if _, err := s.ResetFor(t.Context(), late); !errors.Is(err, account.ErrLink) {
			t.Errorf("an old link = %v", err)
		}
	})
}

func TestLoadAsksAtMostOnce(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, _ *clock) {
		in := signUp(t, s, euis, secret)
		ctx, n := store.CountQueries(t.Context())
		for range 3 {
			if _, ok, err := s.Load(ctx, in.Token); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		if n.Load() > 1 {
			t.Errorf("%d statements for three requests in one second", n.Load())
		}
		_ = phone.Number("")
	})
}

// On a full disk nobody is signed out: when a session was seen last is written later.
func TestWhoIsSignedInReadsOnAFullDisk(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		in := signUp(t, s, euis, secret)
		c.add(10 * time.Minute)
		db.ReadOnly(true)
		session(t, s, in.Token)
		db.ReadOnly(false)
		c.add(time.Minute)
		session(t, s, in.Token)
	})
}
