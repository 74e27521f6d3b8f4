package carrier

import (
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"lapak/internal/fault"
	"lapak/internal/id"
)

// Lengths of tracking numbers.
const (
	MinNumber = 8
	MaxNumber = 25
)

// Faults of a tracking number as it was typed.
var (
	ErrNumberForm  = fault.New(fault.Invalid, "carrier.number_form")
	ErrNumberShort = fault.New(fault.Invalid, "carrier.number_short", MinNumber)
	ErrNumberLong  = fault.New(fault.Invalid, "carrier.number_long", MaxNumber)
)

// CleanNumber reads a tracking number as people type and scan it: in capitals,
// without spaces. One of our own is mended where letters were taken for digits.
func CleanNumber(s string) (string, error) {
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch {
		case unicode.IsSpace(r), r == '\ufeff', r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e':
			continue
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
		default:
			return "", ErrNumberForm
		}
		if b.Len() >= MaxNumber {
			return "", ErrNumberLong
		}
		b.WriteRune(r)
	}
	n := b.String()
	if len(n) < MinNumber {
		return "", ErrNumberShort
	}
	if strings.Trim(n, "-") == "" {
		return "", ErrNumberForm
	}
	if own, ok := readOwn(n); ok {
		return own, nil
	}
	return n, nil
}

// Guess lists the codes of carriers whose numbers look like this one, the most
// likely first. It is a hint to choose from, never a judgement.
func Guess(number string) []string {
	n, err := CleanNumber(number)
	if err != nil || IsOwn(n) {
		return nil
	}
	var codes []string
	for _, f := range firms {
		if f.items && S10(n) || slices.ContainsFunc(f.hints, func(h *regexp.Regexp) bool { return h.MatchString(n) }) {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// own is what numbers of our own begin with; crockford are the digits after
// it, 13 for 64 bits and one to check them.
const (
	own       = "LPK"
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	ownDigits = 13
)

// OwnNumber is the tracking number of a parcel that goes without a carrier's:
// always the same for one id, and telling nothing of it.
func OwnNumber(of id.ID) string {
	sum := sha256.Sum256(of[:])
	n := binary.BigEndian.Uint64(sum[:8])
	var d [ownDigits + 1]byte
	for i := ownDigits - 1; i >= 0; i-- {
		d[i] = crockford[n&31]
		n >>= 5
	}
	d[ownDigits] = crockford[check32(d[:ownDigits])]
	return own + string(d[:])
}

// IsOwn reports whether a number is one of our own, with its check digit.
func IsOwn(number string) bool {
	n, ok := readOwn(number)
	return ok && n == number
}

// readOwn takes a number of our own, with O for 0 and I or L for 1.
func readOwn(n string) (string, bool) {
	rest, ok := strings.CutPrefix(n, own)
	if !ok || len(rest) != ownDigits+1 {
		return "", false
	}
	rest = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(rest)
	for i := range rest {
		if strings.IndexByte(crockford, rest[i]) < 0 {
			return "", false
		}
	}
	if rest[0] >= 'G' || crockford[check32([]byte(rest[:ownDigits]))] != rest[ownDigits] {
		return "", false // the first digit holds four bits
	}
	return own + rest, true
}

// check32 is a check over the field of 32 elements: digit i is weighted by the
// i-th power of a generator, so that one wrong digit, or any two that changed
// places, are found.
func check32(digits []byte) int {
	sum, w := 0, 1
	for _, d := range digits {
		w = times32(w, 2)
		sum ^= times32(w, strings.IndexByte(crockford, d))
	}
	return sum
}

// times32 multiplies in GF(32), by x^5 + x^2 + 1.
func times32(a, b int) int {
	p := 0
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		if a <<= 1; a&32 != 0 {
			a ^= 0b100101
		}
	}
	return p
}

// CheckS10 is the check digit of eight digits of a postal item (UPU S10).
func CheckS10(serial string) (byte, bool) {
	if len(serial) != 8 || !digits(serial) {
		return 0, false
	}
	sum := 0
	for i, w := range []int{8, 6, 4, 2, 3, 5, 9, 7} {
		sum += w * int(serial[i]-'0')
	}
	switch c := 11 - sum%11; c {
	case 10:
		return '0', true
	case 11:
		return '5', true
	default:
		return byte('0' + c), true
	}
}

// S10 reports whether a number is one of a postal item: two letters, eight
// digits, their check digit and the country.
func S10(n string) bool {
	if len(n) != 13 || !letters(n[:2]) || !letters(n[11:]) {
		return false
	}
	c, ok := CheckS10(n[2:10])
	return ok && n[10] == c
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func letters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
}
