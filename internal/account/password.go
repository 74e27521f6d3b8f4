package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"lapak/internal/fault"
	"lapak/internal/phone"
)

// argon is how a password is hashed; it is kept with each hash.
type argon struct{ memory, time, threads uint32 }

// params are those of new hashes. Raise them here: older hashes are renewed at sign-in.
var params = argon{memory: 19 * 1024, time: 2, threads: 1}

var b64 = base64.RawStdEncoding

func encodePassword(password string, a argon) string {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		panic(err) // the machine has no randomness: nothing can go on
	}
	key := argon2.IDKey([]byte(norm.NFKC.String(password)), salt, a.time, a.memory, uint8(a.threads), 32)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.memory, a.time, a.threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func matches(password, phc string) (ok, old bool) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false
	}
	var a argon
	for kv := range strings.SplitSeq(parts[3], ",") {
		k, v, _ := strings.Cut(kv, "=")
		n, err := strconv.ParseUint(v, 10, 24)
		if err != nil {
			return false, false
		}
		switch k {
		case "m":
			a.memory = uint32(n)
		case "t":
			a.time = uint32(n)
		case "p":
			a.threads = uint32(n)
		}
	}
	salt, err1 := b64.DecodeString(parts[4])
	want, err2 := b64.DecodeString(parts[5])
	if err1 != nil || err2 != nil || a.memory == 0 || a.time == 0 || a.threads == 0 || a.threads > 255 || len(want) < 16 {
		return false, false
	}
	got := argon2.IDKey([]byte(norm.NFKC.String(password)), salt, a.time, a.memory, uint8(a.threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, a.memory < params.memory || a.time < params.time
}

// place waits up to two seconds for one of the few places where passwords are hashed.
func (s *Service) place(ctx context.Context) (func(), error) {
	wait := time.NewTimer(2 * time.Second)
	defer wait.Stop()
	select {
	case s.hashes <- struct{}{}:
		return func() { <-s.hashes }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wait.C:
		return nil, ErrBusy.After(5 * time.Second)
	}
}

func (s *Service) hash(ctx context.Context, password string) (string, error) {
	free, err := s.place(ctx)
	if err != nil {
		return "", err
	}
	defer free()
	return encodePassword(password, params), nil
}

func (s *Service) check(ctx context.Context, password, phc string) (ok, old bool, err error) {
	free, err := s.place(ctx)
	if err != nil {
		return false, false, err
	}
	defer free()
	ok, old = matches(password, phc)
	return ok, old, nil
}

//go:embed common.txt
var commonText string

var common = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(commonText) {
		m[w] = true
	}
	return m
})

// judgePassword returns what is wrong with a new password, or nil. Besides
// the common ones it refuses the person's own names and phone number.
func judgePassword(password string, n phone.Number, names ...string) error {
	switch c := utf8.RuneCountInString(password); {
	case c < MinPassword:
		return fault.New(fault.Invalid, "account.password_short", MinPassword)
	case c > MaxPassword || !utf8.ValidString(password):
		return fault.New(fault.Invalid, "account.password_long", MaxPassword)
	}
	weak := fault.New(fault.Invalid, "account.password_common")
	low := strings.ToLower(norm.NFKC.String(password))
	core := strings.TrimRight(low, "0123456789!@#$%^&*?._- ")
	squeezed := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ._-", r) {
			return -1
		}
		return r
	}, low)
	if common()[low] || common()[squeezed] || common()[core] || common()[strings.TrimLeft(core, "0123456789")] || repeats(low) || runs(squeezed) {
		return weak
	}
	if d := strings.TrimPrefix(n.E164(), "+62"); len(d) >= 8 && strings.Contains(squeezed, d) {
		return fault.New(fault.Invalid, "account.password_yours")
	}
	for _, name := range names {
		bare := strings.ReplaceAll(strings.ToLower(cleanName(name)), " ", "")
		if len(bare) >= 4 && strings.HasPrefix(squeezed, bare) && len(squeezed)-len(bare) < 5 {
			return fault.New(fault.Invalid, "account.password_yours")
		}
	}
	return nil
}

// repeats holds for one short piece written again and again.
func repeats(s string) bool {
	for n := 1; n <= 4; n++ {
		if len(s) > n && strings.Repeat(s[:n], len(s)/n+1)[:len(s)] == s {
			return true
		}
	}
	return false
}

// runs holds for characters that follow each other up or down, as 1234567890 does.
func runs(s string) bool {
	up, down := true, true
	for i := 1; i < len(s); i++ {
		up = up && (s[i] == s[i-1]+1 || s[i-1] == '9' && s[i] == '0')
		down = down && (s[i] == s[i-1]-1 || s[i-1] == '0' && s[i] == '9')
	}
	return up || down
}

// tag is 12 keyed bits of a password. It chooses among the people who claim one
// phone number or mail address, so that a sign-in hashes once, however many claim it.
func (s *Service) tag(password string) string {
	return mac(s.keys.tag, norm.NFKC.String(password))[:3]
}
