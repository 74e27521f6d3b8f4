package account_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/store"
)

// Who knew the password and looked at the page of the second step does not know
// the seed that its owner confirms later.
func TestASeedSeenBeforeIsNoSecondStep(t *testing.T) {
	each(t, func(t *testing.T, s *account.Service, db *store.DB, c *clock) {
		victim, _ := owner(t, s, db, euis)
		thief := session(t, s, must2(s.SignIn(t.Context(), euis, secret, from))(t).Token)
		stolen := must2(s.BeginTOTP(t.Context(), thief))(t)
		c.add(time.Minute)
		victim = session(t, s, must2(s.ChangePassword(t.Context(), victim, secret, "sembilan kuda putih", from))(t))
		if seed, _ := factor(t, s, c, victim); seed == stolen.Secret {
			t.Error("two sessions are shown one seed")
		}
		c.add(time.Minute)
		in := session(t, s, must2(s.SignIn(t.Context(), euis, "sembilan kuda putih", from))(t).Token)
		if _, err := s.SecondStep(t.Context(), in, must2(totp.GenerateCode(stolen.Secret, c.now()))(t), from); err == nil {
			t.Error("the seed that the thief saw is a second step")
		}
	})
}
