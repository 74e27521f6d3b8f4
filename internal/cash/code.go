package cash

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"lapak/internal/i18n"
	"lapak/internal/id"
)

// letters are those of a mark: none that looks like another, or like a digit.
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"

// Mark names a hand-over in six letters, made of its id, the sum and the
// parcels that the money is for. The giver's page makes it anew, by script,
// when the sum is changed.
func Mark(handover id.ID, amount int64, parcels []id.ID) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%d|", handover, amount)
	for i, p := range parcels {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(p.String())
	}
	sum := sha256.Sum256([]byte(b.String()))
	mark := make([]byte, MarkLength)
	for i := range mark {
		mark[i] = letters[int(sum[i])%len(letters)]
	}
	return string(mark)
}

func markFits(s string) bool {
	return len(s) == MarkLength && strings.Trim(s, letters) == ""
}

// CleanMark reads a mark as people type it.
func CleanMark(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ToUpper(s))
}

// CleanCode reads a code as people type it.
func CleanCode(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// day is the one of the receivers' keys. It is the same all over the country,
// so that no phone has to know where the shop is.
func day(t time.Time) string { return t.In(i18n.WIB).Format(time.DateOnly) }

// DayKey is a receiver's key of one day, as their page brings it.
type DayKey struct {
	Day string `json:"day"`
	Key string `json:"key"` // base64
}

// key is what a receiver's codes of a day are made with. It tells nothing of
// the keys of other days, people or shops.
func (s *Service) dayKey(business, receiver id.ID, day string) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write(business[:])
	m.Write(receiver[:])
	m.Write([]byte(day))
	return m.Sum(nil)
}

func (s *Service) keys(business, receiver id.ID, now time.Time) []DayKey {
	var list []DayKey
	for n := range KeyDays {
		d := day(now.AddDate(0, 0, n))
		list = append(list, DayKey{d, base64.StdEncoding.EncodeToString(s.dayKey(business, receiver, d))})
	}
	return list
}

// Code is what the receiver's phone shows for a sum that was counted: six
// digits under the receiver's key of the day. setoran.js makes the same.
func Code(key []byte, giver id.ID, amount int64, mark string) string {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s|%d|%s", giver, amount, mark)
	return fmt.Sprintf("%0*d", CodeLength, binary.BigEndian.Uint32(m.Sum(nil))%1_000_000)
}

// fits tells of a sum whether a code was made for it, by the receiver's key of
// the day of the act or, as clocks differ, of the day before or after.
func (s *Service) fits(business, receiver, giver id.ID, at time.Time, mark, code string) func(amount int64) bool {
	return func(amount int64) bool {
		ok := false
		for _, n := range []int{-1, 0, 1} {
			want := Code(s.dayKey(business, receiver, day(at.AddDate(0, 0, n))), giver, amount, mark)
			if hmac.Equal([]byte(want), []byte(code)) {
				ok = true
			}
		}
		return ok
	}
}
