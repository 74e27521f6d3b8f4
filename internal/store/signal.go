package store

import "sync"

// subscribers are functions of this process that want to hear of commits.
type subscribers struct {
	mu sync.RWMutex
	of map[string][]func()
}

// Subscribe calls fn after each commit whose transaction signalled topic. It
// must return at once. The returned function ends it.
func (db *DB) Subscribe(topic string, fn func()) (end func()) {
	s := &db.subscribers
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string][]func(){}
	}
	i := len(s.of[topic])
	s.of[topic] = append(s.of[topic], fn)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.of[topic][i] = func() {}
	}
}

func (s *subscribers) tell(topic string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, fn := range s.of[topic] {
		fn()
	}
}
