package store

import "sync"

// readers lends SQLite's reading connections. The one that came back last goes
// first: what it read lately and its statements are at hand.
type readers struct {
	turns chan struct{} // one for each connection that may be lent

	mu   sync.Mutex
	free []*liteConn // opened, and not lent
}

func newReaders(n int) *readers {
	r := &readers{turns: make(chan struct{}, n)}
	for range n {
		r.turns <- struct{}{}
	}
	return r
}

// pop takes a connection for a turn; nil if none is open that is free.
func (r *readers) pop() *liteConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.free) - 1
	if n < 0 {
		return nil
	}
	c := r.free[n]
	r.free = r.free[:n]
	return c
}

// give ends a turn; a nil connection was closed.
func (r *readers) give(c *liteConn) {
	if c != nil {
		r.mu.Lock()
		r.free = append(r.free, c)
		r.mu.Unlock()
	}
	r.turns <- struct{}{}
}
