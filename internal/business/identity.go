package business

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/region"
)

// digitsOf drops the blanks, dots, hyphens and slashes people write numbers with.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .-/\u00a0", r) {
			return -1
		}
		return r
	}, s)
}

func onlyDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// CheckNIB judges a business number of OSS: 13 digits, which say nothing by themselves.
func CheckNIB(s string) error {
	switch {
	case !onlyDigits(s) || len(s) != 13:
		return fault.New(fault.Invalid, "business.nib_digits", len(s))
	case strings.Trim(s, s[:1]) == "":
		return fault.New(fault.Invalid, "business.number_fake")
	}
	return nil
}

// CheckNIK judges a person's number: 16 digits, of which the first six are a
// district once given, then the birthday (the day of a woman's is raised by 40)
// and a serial number.
func CheckNIK(s string, now time.Time) error {
	if !onlyDigits(s) || len(s) != 16 {
		return fault.New(fault.Invalid, "business.nik_digits", len(s))
	}
	if _, ok := region.Get(s[:2]); !ok {
		return fault.New(fault.Invalid, "business.nik_region")
	}
	if s[2:4] == "00" || s[4:6] == "00" || s[12:] == "0000" {
		return fault.New(fault.Invalid, "business.nik_wrong")
	}
	day, month, year := two(s[6:]), two(s[8:]), two(s[10:])
	if day > 40 {
		day -= 40
	}
	if !anyDate(day, month, year, now) {
		return fault.New(fault.Invalid, "business.nik_birth")
	}
	return nil
}

func two(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// anyDate reports whether day and month make a date in 19yy or 20yy that is past.
func anyDate(day, month, year int, now time.Time) bool {
	for _, y := range []int{1900 + year, 2000 + year} {
		t := time.Date(y, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if month >= 1 && month <= 12 && day >= 1 && t.Day() == day && t.Before(now) {
			return true
		}
	}
	return false
}

// CheckNPWP judges a tax number: the old 15 digits, today's 16, or the 22 of a
// branch. Its check digits are not published, so only the shape is judged.
func CheckNPWP(s string) error {
	switch {
	case !onlyDigits(s) || len(s) != 15 && len(s) != 16 && len(s) != 22:
		return fault.New(fault.Invalid, "business.npwp_digits", len(s))
	case strings.Trim(s, s[:1]) == "":
		return fault.New(fault.Invalid, "business.number_fake")
	}
	return nil
}

// CheckHalal judges the shape of a halal certificate's number.
func CheckHalal(s string) error {
	if !strings.HasPrefix(s, "ID") || !onlyDigits(s[2:]) || len(s) < 12 || len(s) > 22 {
		return fault.New(fault.Invalid, "business.halal_wrong")
	}
	return nil
}

// CheckPIRT judges the shape of a home-food licence.
func CheckPIRT(s string) error {
	if !onlyDigits(s) || len(s) != 15 {
		return fault.New(fault.Invalid, "business.pirt_digits", len(s))
	}
	return nil
}

// vault seals identity numbers for their row and makes a mark by which two
// equal ones are found without opening them.
type vault struct {
	aead cipher.AEAD
	mark []byte
}

// newVault derives its keys from the installation's root secret.
func newVault(root []byte) (vault, error) {
	if len(root) < 32 {
		return vault{}, errors.New("business: the root key is too short")
	}
	key, err := hkdf.Key(sha256.New, root, nil, "business/nik/seal/1", 32)
	if err != nil {
		return vault{}, err
	}
	mark, err := hkdf.Key(sha256.New, root, nil, "business/nik/mark/1", 32)
	if err != nil {
		return vault{}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return vault{}, err
	}
	aead, err := cipher.NewGCM(block)
	return vault{aead, mark}, err
}

// column binds a sealed value to the one place where it may be opened.
func column(business id.ID) []byte { return []byte("businesses.nik_sealed:" + business.String()) }

func (v vault) seal(business id.ID, plain string) string {
	nonce := make([]byte, v.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		panic(err) // the machine has no randomness
	}
	return base64.RawStdEncoding.EncodeToString(v.aead.Seal(nonce, nonce, []byte(plain), column(business)))
}

func (v vault) open(business id.ID, sealed string) (string, error) {
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(b) < v.aead.NonceSize() {
		return "", errors.New("business: sealed number is damaged")
	}
	plain, err := v.aead.Open(nil, b[:v.aead.NonceSize()], b[v.aead.NonceSize():], column(business))
	if err != nil {
		return "", fmt.Errorf("open a sealed number: %w", err)
	}
	return string(plain), nil
}

func (v vault) markOf(plain string) string {
	m := hmac.New(sha256.New, v.mark)
	m.Write([]byte(plain))
	return hex.EncodeToString(m.Sum(nil))
}
