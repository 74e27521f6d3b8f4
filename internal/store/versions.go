package store

import (
	"sync"
	"time"

	"lapak/internal/id"
)

// versions counts the changes of what shops show to the public. Numbers are
// drawn from one rising row that begins with the time of the start, so none is
// ever given out twice.
type versions struct {
	mu    sync.RWMutex
	last  uint64
	floor uint64 // of each business that has no number of its own
	of    map[id.ID]uint64
	set   map[id.ID]uint64 // the same of what a shop has set, which stock does not change
	blind bool             // changes made elsewhere cannot be seen at present
}

const maxVersions = 200_000

func (v *versions) start() {
	v.last = uint64(time.Now().UnixNano())
	v.floor = v.last
	v.of, v.set = map[id.ID]uint64{}, map[id.ID]uint64{}
}

func (v *versions) bump(t touch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last++
	if len(v.of) >= maxVersions {
		clear(v.of)
		clear(v.set)
		v.floor = v.last
		return
	}
	v.of[t.business] = v.last
	if !t.stock {
		v.set[t.business] = v.last
	}
}

// now is the last number given out.
func (v *versions) now() uint64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.last
}

// settings is the version of what a shop has set; 0 if it cannot be known.
func (v *versions) settings(business id.ID) uint64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.blind {
		return 0
	}
	if n, ok := v.set[business]; ok {
		return n
	}
	return v.floor
}

// bumpAll gives every business a new number.
func (v *versions) bumpAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last++
	v.floor = v.last
	clear(v.of)
	clear(v.set)
}

func (v *versions) setBlind(b bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.blind = b
}

// Version is a number that changes whenever something public of the business
// does. A cache reads it before it loads, and keeps what it loaded for as long
// as the number stays. Zero means that it cannot be known now: do not cache.
func (db *DB) Version(business id.ID) uint64 {
	v := &db.versions
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.blind {
		return 0
	}
	if n, ok := v.of[business]; ok {
		return n
	}
	return v.floor
}

// SettingsVersion is Version without stock: it changes only when the shop's own
// people change something that it shows, not when something is sold.
func (db *DB) SettingsVersion(business id.ID) uint64 { return db.versions.settings(business) }
