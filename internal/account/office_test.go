package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// factor gives the person of a session a second step and returns the seed and the session after it.
func factor(t *testing.T, s *account.Service, c *clock, ses account.Session) (string, account.Session) {
	t.Helper()
	seed := must2(s.BeginTOTP(t.Context(), ses))(t)
	token, _, err := s.ConfirmTOTP(t.Context(), ses, must2(totp.GenerateCode(seed.Secret, c.now()))(t), "x")
	if err != nil {
		t.Fatal(err)
	}
	return seed.Secret, session(t, s, token)
}

func firstAdmin(t *testing.T, s *account.Service, c *clock) account.Session {
	t.Helper()
	link, _, err := s.FirstAdminLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.FirstAdmin(t.Context(), link, account.Newcomer{Who: "0813 0000 0001", Name: "Pak Dadan", Password: secret, Terms: true}, from)
	if err != nil {
		t.Fatal(err)
	}
	_, ses := factor(t, s, c, session(t, s, in.Token))
	return ses
}

var rights = []authz.Perm{authz.PermRegistry, authz.PermHide, authz.PermRecover}

func TestAnAdminRunsTheOffice(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		boss := firstAdmin(t, s, c)
		for name, i := range map[string]account.OfficeInvite{
			"name":    {Role: authz.Admin},
			"role":    {Name: "X", Role: authz.Owner},
			"perms":   {Name: "X", Role: authz.Office, Regions: []string{"32.05"}},
			"regions": {Name: "X", Role: authz.Office, Perms: rights},
		} {
			if _, err := s.InviteOffice(t.Context(), boss.Scope, i); fault.Of(err).Field(name) == nil {
				t.Errorf("%s: InviteOffice = %v", name, err)
			}
		}
		link := must2(s.InviteOffice(t.Context(), boss.Scope, account.OfficeInvite{
			Name: "Bu Rina", Role: authz.Office, Perms: rights, Regions: []string{"32.05.01", "32.05", "32.05"},
		}))(t)
		in := signUp(t, s, euis, secret)
		token := must2(s.Join(t.Context(), session(t, s, in.Token), link, "x"))(t)
		ses := session(t, s, token)
		if ses.Scope.Role != authz.Person {
			t.Errorf("an officer without a second step acts as %s", ses.Scope.Role)
		}
		_, ses = factor(t, s, c, ses)
		if sc := ses.Scope; sc.Role != authz.Office || !slices.Equal(sc.Regions, []string{"32.05"}) || sc.Can(authz.HideShops) != nil || sc.Can(authz.EditTexts) == nil {
			t.Errorf("scope = %+v", sc)
		}
		if _, err := s.Join(t.Context(), ses, link, "x"); !errors.Is(err, account.ErrLink) {
			t.Errorf("the link twice = %v", err)
		}
		member := ses.Scope.Membership
		for _, sc := range []authz.Scope{ses.Scope, {Role: authz.Owner, Business: id.New(), Now: c.now(), ProvenAt: c.now()}} {
			if _, _, err := s.Office(t.Context(), sc); err == nil {
				t.Errorf("the office is listed to %s", sc.Role)
			}
			if _, err := s.InviteOffice(t.Context(), sc, account.OfficeInvite{Name: "X", Role: authz.Admin}); err == nil {
				t.Errorf("%s makes an admin", sc.Role)
			}
			if err := s.EndOfficer(t.Context(), sc, boss.Scope.Membership); err == nil {
				t.Errorf("%s ends an admin", sc.Role)
			}
		}
		if err := s.ChangeOfficer(t.Context(), boss.Scope, member, []authz.Perm{authz.PermTexts}, []string{"32.04"}); err != nil {
			t.Fatal(err)
		}
		ses = session(t, s, proven(t, s, ses))
		if ses.Scope.Can(authz.HideShops) == nil || ses.Scope.Can(authz.EditTexts) != nil || !ses.Scope.Covers("32.04.01") || ses.Scope.Covers("32.05") {
			t.Errorf("after the change: %+v", ses.Scope)
		}
		people, invited, err := s.Office(t.Context(), boss.Scope)
		if err != nil || len(people) != 2 || len(invited) != 0 || !people[1].Factor {
			t.Fatalf("Office = %+v %+v %v", people, invited, err)
		}
		if err := s.EndOfficer(t.Context(), boss.Scope, boss.Scope.Membership); !errors.Is(err, account.ErrLastAdmin) {
			t.Errorf("the last admin = %v", err)
		}
		if err := s.EndOfficer(t.Context(), boss.Scope, member); err != nil {
			t.Fatal(err)
		}
		old := boss.Scope
		old.ProvenAt = c.now().Add(-11 * time.Minute)
		if err := s.ChangeOfficer(t.Context(), old, member, nil, nil); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("an old proof = %v", err)
		}
		entries, _, err := audit.List(t.Context(), db, boss.Scope, audit.Page{})
		if err != nil {
			t.Fatal(err)
		}
		var verbs []string
		for _, e := range entries {
			verbs = append(verbs, e.Verb)
		}
		for _, v := range []string{"office.invited", "office.joined", "office.changed", "office.ended"} {
			if !slices.Contains(verbs, v) {
				t.Errorf("no entry %s among %v", v, verbs)
			}
		}
	})
}

// proven proves the person of a session once more; it is the session's new token.
func proven(t *testing.T, s *account.Service, ses account.Session) string {
	t.Helper()
	return must2(s.Fresh(t.Context(), ses, secret, "", from))(t)
}

// An ended officer is out with the very next request.
func TestEndingAnOfficerCountsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, c *clock) {
		boss := firstAdmin(t, s, c)
		link := must2(s.InviteOffice(t.Context(), boss.Scope, account.OfficeInvite{Name: "Bu Rina", Role: authz.Office, Perms: rights, Regions: []string{"32.05"}}))(t)
		in := signUp(t, s, euis, secret)
		_, ses := factor(t, s, c, session(t, s, must2(s.Join(t.Context(), session(t, s, in.Token), link, "x"))(t)))
		token := proven(t, s, ses)
		if session(t, s, token).Scope.Role != authz.Office {
			t.Fatal("no officer")
		}
		if err := s.EndOfficer(t.Context(), boss.Scope, ses.Scope.Membership); err != nil {
			t.Fatal(err)
		}
		if !gone(t, s, token) {
			t.Error("the ended officer's session still works")
		}
	})
}

func TestALostFactorNeedsTwoOfficers(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, c *clock) {
		in := signUp(t, s, euis, secret)
		_, ses := factor(t, s, c, session(t, s, in.Token))
		token := proven(t, s, ses)
		one := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: []authz.Perm{authz.PermRecover}, Now: c.now()}
		two := one
		two.Actor = id.New()
		if _, err := s.ConfirmFactor(t.Context(), two, in.Person); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("confirmed what nobody asked = %v", err)
		}
		if err := s.AskFactor(t.Context(), one, in.Person); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ConfirmFactor(t.Context(), one, in.Person); !errors.Is(err, account.ErrSecondOfficer) {
			t.Errorf("one officer alone = %v", err)
		}
		me := two
		me.Actor = in.Person
		if _, err := s.ConfirmFactor(t.Context(), me, in.Person); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("one's own factor = %v", err)
		}
		if list := must2(s.Claims(t.Context(), two, euis))(t); list[0].AskedBy != one.Actor || !list[0].Factor {
			t.Errorf("claim = %+v", list[0])
		}
		link := must2(s.ConfirmFactor(t.Context(), two, in.Person))(t)
		if _, err := s.ConfirmFactor(t.Context(), two, in.Person); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("confirmed twice = %v", err)
		}
		if _, err := s.Reset(t.Context(), link, "kambing naik gunung", from); !errors.Is(err, account.ErrLink) {
			t.Errorf("the link resets a password: %v", err)
		}
		if _, err := s.DropFactor(t.Context(), link, "bukan ini sandinya", from); fault.Of(err).Field("password") == nil {
			t.Errorf("a wrong password = %v", err)
		}
		if gone(t, s, token) {
			t.Error("a session ended before the password was right")
		}
		after := session(t, s, must2(s.DropFactor(t.Context(), link, secret, from))(t).Token)
		if after.HasTOTP || !gone(t, s, token) {
			t.Error("the old factor or session is still there")
		}
		factor(t, s, c, after)
		if _, err := s.DropFactor(t.Context(), link, secret, from); !errors.Is(err, account.ErrLink) {
			t.Errorf("the link twice = %v", err)
		}
		// For people of the office the second is an admin; admins themselves are helped on the console.
		boss := firstAdmin(t, s, c)
		if err := s.AskFactor(t.Context(), one, boss.Scope.Actor); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("an admin's factor = %v", err)
		}
		if _, err := s.AdminResetAll(t.Context(), "081300000001"); err != nil {
			t.Fatal(err)
		}
		if w := must2(s.Person(t.Context(), boss.Scope.Actor))(t); w.HasTOTP {
			t.Error("the console left the factor")
		}
	})
}

// Officers help the people of their regions; others are not found.
func TestOfficersHelpInTheirRegions(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		s.Village = func(context.Context, id.ID) string { return "32.05.01.2001" }
		boss, _ := owner(t, s, db, euis)
		for _, v := range []struct {
			region string
			want   error
		}{{"32.05", nil}, {"32.04", account.ErrNotFound}} {
			sc := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: []authz.Perm{authz.PermRecover}, Regions: []string{v.region}, Now: c.now()}
			if _, err := s.HandOver(t.Context(), sc, boss.Scope.Actor); !errors.Is(err, v.want) {
				t.Errorf("%s: HandOver = %v, want %v", v.region, err, v.want)
			}
			if err := s.ProvePhone(t.Context(), sc, boss.Scope.Actor); !errors.Is(err, v.want) {
				t.Errorf("%s: ProvePhone = %v, want %v", v.region, err, v.want)
			}
			if list := must2(s.Claims(t.Context(), sc, euis))(t); (len(list) == 1) != (v.want == nil) {
				t.Errorf("%s: Claims = %v", v.region, list)
			}
		}
	})
}

func TestNewTextsAreAccepted(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, _ *clock) {
		in := signUp(t, s, euis, secret)
		ses := session(t, s, in.Token)
		if l := must2(s.Unaccepted(t.Context(), in.Person))(t); len(l) != 0 {
			t.Errorf("unaccepted after signing up: %v", l)
		}
		text := map[string]string{"id": fmt.Sprintf("%050d", 1), "en": fmt.Sprintf("%050d", 2)}
		for v := range int64(2) {
			if err := s.PublishLegal(t.Context(), authz.Job(id.ID{}), account.Privacy, v, text); err != nil {
				t.Fatal(err)
			}
		}
		if l := must2(s.Unaccepted(t.Context(), in.Person))(t); len(l) != 1 || l[0].Kind != account.Privacy || l[0].Version != 2 {
			t.Fatalf("unaccepted = %+v", l)
		}
		if err := s.Accept(t.Context(), ses, account.Privacy, 1, "web"); !fault.Of(err).HasKind(fault.Conflict) {
			t.Errorf("accepted an old version: %v", err)
		}
		if err := s.Accept(t.Context(), ses, account.Privacy, 2, "web"); err != nil {
			t.Fatal(err)
		}
		if l := must2(s.Unaccepted(t.Context(), in.Person))(t); len(l) != 0 {
			t.Errorf("after accepting: %v", l)
		}
	})
}

func TestCloseAccount(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		ses, shop := owner(t, s, db, euis)
		if err := s.Close(t.Context(), ses); !errors.Is(err, account.ErrSoleOwner) {
			t.Fatalf("the only owner: %v", err)
		}
		other := signUp(t, s, "081399990000", secret)
		if err := db.Tx(t.Context(), authz.Scope{Business: shop}, func(tx *store.Tx) error {
			return s.AddMembership(context.Background(), tx, other.Person, shop, authz.Owner, nil)
		}); err != nil {
			t.Fatal(err)
		}
		token := proven(t, s, ses)
		old := session(t, s, token)
		old.Scope.ProvenAt = c.now().Add(-11 * time.Minute)
		if err := s.Close(t.Context(), old); !errors.Is(err, authz.ErrFresh) {
			t.Errorf("an old proof = %v", err)
		}
		if err := s.Close(t.Context(), session(t, s, token)); err != nil {
			t.Fatal(err)
		}
		w := must2(s.Person(t.Context(), ses.Scope.Actor))(t)
		if w.Name+w.Phone.E164()+w.Mail != "" || w.HasPassword || w.HasTOTP || !w.Disabled {
			t.Errorf("left of the person: %+v", w)
		}
		if l := must2(s.Memberships(t.Context(), ses.Scope.Actor))(t); len(l) != 0 || !gone(t, s, token) {
			t.Error("a membership or session is left")
		}
		if _, err := s.SignIn(t.Context(), euis, secret, from); !errors.Is(err, account.ErrWrong) {
			t.Errorf("signing in to a closed account = %v", err)
		}
		if in := signUp(t, s, euis, secret); in.Person == ses.Scope.Actor || !in.NewHere {
			t.Error("the number does not begin anew")
		}
	})
}

// letters is a Mailer that keeps what it was given.
type letters struct {
	to, kind []string
	args     [][]any
}

func (l *letters) PutAccountMail(_ context.Context, _ *store.Tx, to, _, kind string, args ...any) error {
	l.to, l.kind, l.args = append(l.to, to), append(l.kind, kind), append(l.args, args)
	return nil
}

func (l *letters) last() (to, kind, token string) {
	n := len(l.kind) - 1
	if n < 0 {
		return "", "", ""
	}
	if len(l.args[n]) > 0 {
		token = fmt.Sprint(l.args[n]...)
	}
	return l.to[n], l.kind[n], token
}

func TestSignInByMail(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, _ *store.DB, _ *clock) {
		post := &letters{}
		s.Mail = post
		const mail = "euis@contoh.id"
		in := signUp(t, s, "Euis@Contoh.id", secret)
		to, kind, token := post.last()
		if to != mail || kind != "prove" {
			t.Fatalf("sent %s to %s", kind, to)
		}
		if err := s.Forgot(t.Context(), mail, from); err != nil {
			t.Fatal(err)
		}
		if _, kind, _ := post.last(); kind != "prove" {
			t.Errorf("an unproven address got %s", kind)
		}
		if err := s.ProveMail(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if err := s.ProveMail(t.Context(), token); !errors.Is(err, account.ErrLink) {
			t.Errorf("proven twice = %v", err)
		}
		if again := must2(s.SignIn(t.Context(), mail, secret, from))(t); again.Person != in.Person {
			t.Error("signed in as somebody else")
		}
		if _, kind, _ := post.last(); kind != "new_device" {
			t.Errorf("the new device was told by %q", kind)
		}
		if err := s.Forgot(t.Context(), "nobody@contoh.id", from); err != nil {
			t.Errorf("an unknown address = %v", err)
		}
		if err := s.Forgot(t.Context(), mail, from); err != nil {
			t.Fatal(err)
		}
		to, kind, token = post.last()
		if to != mail || kind != "reset" {
			t.Fatalf("sent %s to %s", kind, to)
		}
		must2(s.Reset(t.Context(), token, "kambing naik gunung", from))(t)
		if _, err := s.SignIn(t.Context(), mail, secret, from); !errors.Is(err, account.ErrWrong) {
			t.Errorf("the old password = %v", err)
		}
	})
}

func TestPasswordsAreNotTheShopsName(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, _ *clock) {
		s.Business = func(context.Context, id.ID) (string, string, string) { return "Dapur Bu Euis", "", "" }
		ses, _ := owner(t, s, db, euis)
		if _, err := s.ChangePassword(t.Context(), ses, secret, "dapurbueuis12", from); fault.Of(err).Field("new") == nil {
			t.Errorf("the shop's name as password = %v", err)
		}
		link := must2(s.AdminReset(t.Context(), euis))(t)
		if _, err := s.Reset(t.Context(), link, "Dapur Bu Euis!", from); fault.Of(err).Field("password") == nil {
			t.Errorf("the shop's name as password = %v", err)
		}
	})
}
