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
	s, key := &tx.db.settings, settingKey{business, what}
	version := tx.db.versions.settings(business)
	if version != 0 && len(tx.touched) == 0 {
		s.mu.RLock()
		k, ok := s.of[key]
		s.mu.RUnlock()
		if ok && k.version == version {
			return k.value.(T), nil
		}
	}
	v, err := load()
	if err == nil && tx.reads && version != 0 && version <= tx.since {
		s.mu.Lock()
		if s.of == nil || len(s.of) >= maxSettings {
			s.of = map[settingKey]setting{}
		}
		s.of[key] = setting{version, v}
		s.mu.Unlock()
	}
	return v, err
}
