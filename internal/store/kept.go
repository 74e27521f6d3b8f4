package store

import (
	"strings"
	"sync"

	"lapak/internal/id"
)

// touch is a change of what a business shows: of its stock alone, or of
// anything.
type touch struct {
	business id.ID
	stock    bool
}

const stockMark = " stock"

// String is how other servers are told.
func (t touch) String() string {
	if t.stock {
		return t.business.String() + stockMark
	}
	return t.business.String()
}

func readTouch(s string) (touch, error) {
	s, stock := strings.CutSuffix(s, stockMark)
	b, err := id.Parse(s)
	return touch{b, stock}, err
}

// settings keeps what shops have set, for the transactions that need it often.
type settings struct {
	mu sync.RWMutex
	of map[settingKey]setting
}

type settingKey struct {
	business id.ID
	what     any
}

type setting struct {
	version uint64
	value   any
}

const maxSettings = 20_000

// Kept returns a setting of a business from memory, or loads it with load. It
// is for what changes only together with a Touch of the business: the value
// belongs to all, so nobody changes it. What a transaction that writes has
// loaded is not kept, because it may never be committed; nor what was loaded
// while the business was changing.
func Kept[T any](tx *Tx, business id.ID, what any, load func() (T, error)) (T, error) {
	key, version := settingKey{business, what}, tx.db.versions.settings(business)
	if v, ok := tx.kept(key, version); ok {
		return v.(T), nil
	}
	v, err := load()
	if err == nil {
		tx.keep(key, version, v)
	}
	return v, err
}

// KeptEach is Kept for several things of a kind: load loads those that are not
// in memory, and may says of each whether it may be kept. A transaction that
// writes loads all of them on PostgreSQL: another server may have changed one, and
// not be heard yet. It is for what is sold, where a price of a moment ago is wrong.
func KeptEach[K comparable, T any](tx *Tx, business id.ID, kind any, keys []K, load func(missing []K) (map[K]T, error), may func(T) bool) (map[K]T, error) {
	if !tx.reads && tx.Postgres() {
		return load(keys)
	}
	version := tx.db.versions.settings(business)
	all := make(map[K]T, len(keys))
	var missing []K
	for _, k := range keys {
		if v, ok := tx.kept(settingKey{business, eachKey[K]{kind, k}}, version); ok {
			all[k] = v.(T)
		} else {
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return all, nil
	}
	some, err := load(missing)
	if err != nil {
		return nil, err
	}
	for k, v := range some {
		all[k] = v
		if may(v) {
			tx.keep(settingKey{business, eachKey[K]{kind, k}}, version, v)
		}
	}
	return all, nil
}

// eachKey is one thing of a kind.
type eachKey[K comparable] struct {
	kind any
	key  K
}

func (tx *Tx) kept(key settingKey, version uint64) (any, bool) {
	if version == 0 || len(tx.touched) > 0 {
		return nil, false
	}
	s := &tx.db.settings
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, ok := s.of[key]
	return k.value, ok && k.version == version
}

func (tx *Tx) keep(key settingKey, version uint64, value any) {
	if !tx.reads || version == 0 || version > tx.since {
		return
	}
	s := &tx.db.settings
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil || len(s.of) >= maxSettings {
		s.of = map[settingKey]setting{}
	}
	s.of[key] = setting{version, value}
}
