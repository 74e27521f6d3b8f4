// Package id makes the names of rows (UUIDv7, ordered by time, never secret)
// and the tokens of links (128 random bits, secret).
package id

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ID names a row. The zero ID names nothing and is stored as NULL by Null.
type ID [16]byte

var last struct {
	sync.Mutex
	tick uint64 // milliseconds<<12 | sequence
}

// New returns a fresh UUIDv7. IDs of one process rise strictly.
func New() ID { return At(time.Now()) }

// At returns a fresh UUIDv7 that sorts at t, for data that is made about the past.
func At(t time.Time) ID {
	ms := uint64(t.UnixMilli())
	tick := ms<<12 | uint64(t.Nanosecond()%1e6)*4096/1e6
	last.Lock()
	if tick <= last.tick && last.tick-tick < 1<<22 { // same second or so: keep rising
		tick = last.tick + 1
	}
	last.tick = tick
	last.Unlock()
	var v ID
	binary.BigEndian.PutUint64(v[:8], tick>>12<<16|0x7000|tick&0xfff)
	if _, err := rand.Read(v[8:]); err != nil {
		panic(err) // the machine has no randomness: nothing can go on
	}
	v[8] = v[8]&0x3f | 0x80
	return v
}

// Seeded returns an ID from t and n alone, so that made-up data is the same in each run.
func Seeded(t time.Time, n uint64) ID {
	var v ID
	ms := uint64(t.UnixMilli())
	binary.BigEndian.PutUint64(v[:8], ms<<16|0x7000|n>>52&0xfff)
	binary.BigEndian.PutUint64(v[8:], n)
	v[8] = v[8]&0x3f | 0x80
	return v
}

var errForm = errors.New("id: not a UUID")

// Parse reads the form that String writes.
func Parse(s string) (ID, error) {
	var v ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, errForm
	}
	if _, err := hex.Decode(v[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return ID{}, errForm
	}
	return v, nil
}

// String writes the lower-case form with hyphens.
func (v ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], v[0:4])
	hex.Encode(b[9:13], v[4:6])
	hex.Encode(b[14:18], v[6:8])
	hex.Encode(b[19:23], v[8:10])
	hex.Encode(b[24:36], v[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// Time is when the row was named, as far as its ID tells.
func (v ID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(v[:8]) >> 16)).UTC()
}

// IsZero reports whether v names nothing.
func (v ID) IsZero() bool { return v == ID{} }

// Null is v for a nullable column: nil for the zero ID.
func (v ID) Null() *ID {
	if v.IsZero() {
		return nil
	}
	return &v
}

// Or is *p, or the zero ID for nil.
func Or(p *ID) ID {
	if p == nil {
		return ID{}
	}
	return *p
}

// Value stores v as its 16 bytes.
func (v ID) Value() (driver.Value, error) { return v[:], nil }

// Scan reads 16 bytes or the text form.
func (v *ID) Scan(src any) error {
	switch s := src.(type) {
	case []byte:
		if len(s) == 16 {
			copy(v[:], s)
			return nil
		}
		return v.Scan(string(s))
	case string:
		p, err := Parse(s)
		*v = p
		return err
	}
	return fmt.Errorf("id: cannot scan %T", src)
}

// MarshalText writes the form of String.
func (v ID) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the form of String.
func (v *ID) UnmarshalText(b []byte) error {
	p, err := Parse(string(b))
	*v = p
	return err
}

var link = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Token returns 128 random bits as 26 lower-case letters and digits, for a link.
func Token() string { return random(16) }

// Secret returns 256 random bits as 52 lower-case letters and digits, for a session.
func Secret() string { return random(32) }

func random(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return Letters(b)
}

// Letters writes bytes as lower-case letters and digits, for addresses.
func Letters(b []byte) string { return link.EncodeToString(b) }

// Link is a secret for the address of something: 128 bits that only who holds
// the key can make, so that it need not be kept. of says what it opens.
func Link(key []byte, of ...ID) string {
	m := hmac.New(sha256.New, key)
	for _, v := range of {
		m.Write(v[:])
	}
	return Letters(m.Sum(nil)[:16])
}

// Hash is what is stored of a token or secret: the SHA-256 of its text in hex.
func Hash(token string) string {
	h := sha256.Sum256([]byte(strings.ToLower(token)))
	return hex.EncodeToString(h[:])
}
