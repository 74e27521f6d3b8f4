// Package backup keeps copies of a whole installation: it writes one file with
// everything in it while the server runs, sends it elsewhere, throws old ones
// away, brings one back, and drills that bringing back.
package backup

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
)

// Faults of backups, for who runs the installation.
var (
	ErrOff     = fault.New(fault.Conflict, "backup.off")
	ErrRunning = fault.New(fault.Conflict, "backup.running")
	ErrNone    = fault.New(fault.NotFound, "backup.none")
)

// Header is what a backup says of itself before anything else, readable even
// if the rest is sealed.
type Header struct {
	ID         id.ID     `json:"id"`
	MadeAt     time.Time `json:"made_at"` // all that was committed before is in it
	Engine     string    `json:"engine"`
	Program    string    `json:"program"`
	Migrations []int64   `json:"migrations"`
	Key        string    `json:"key"`    // mark of the installation's key
	Sealed     bool      `json:"sealed"` // encrypted with age
}

// Part is one table of a backup.
type Part struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	Sum   string `json:"sum"` // SHA-256 of the rows in the order of their key
}

// Manifest is the last thing in a backup: what must be found in it.
type Manifest struct {
	Header string `json:"header"` // SHA-256 of the file's first two lines
	Parts  []Part `json:"parts"`
}

// Rows counts the rows of all tables.
func (m Manifest) Rows() int64 {
	var n int64
	for _, p := range m.Parts {
		n += p.Rows
	}
	return n
}

// Made is what is known of a finished file.
type Made struct {
	Header   Header
	Manifest Manifest
	Size     int64
	Sum      [32]byte // SHA-256 of the whole file
}

const stamp = "20060102T150405.000Z"

// markSize is how many letters of the mark of the installation's key are in a name.
const markSize = 8

var named = regexp.MustCompile(`^lapak-(\d{8}T\d{6}\.\d{3}Z)-([0-9a-f]{8})-[0-9a-f]{8}\.lapak$`)

// FileName is what a backup's file is called: after its moment and the
// installation whose it is, because two may keep theirs in one place.
func FileName(h Header) string {
	return fmt.Sprintf("lapak-%s-%s-%s.lapak", h.MadeAt.UTC().Format(stamp), markOf(h.Key), hex.EncodeToString(h.ID[12:]))
}

// markOf is the part of a key's mark that stands in names.
func markOf(key string) string { return (key + strings.Repeat("0", markSize))[:markSize] }

// ParseName reads the time and the installation out of the name of a backup's
// file; ok is false for every other file, which is none of ours to throw away.
func ParseName(name string) (at time.Time, mark string, ok bool) {
	m := named.FindStringSubmatch(name)
	if m == nil {
		return time.Time{}, "", false
	}
	at, err := time.Parse(stamp, m[1])
	return at, m[2], err == nil
}

// Ours reports whether a file is a backup of the installation with this key.
func Ours(name, key string) bool {
	_, mark, ok := ParseName(name)
	return ok && mark == markOf(key)
}
