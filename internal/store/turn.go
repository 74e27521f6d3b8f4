package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// turn lets one goroutine at a time write, first come first served.
type turn struct {
	mu    sync.Mutex
	busy  bool
	over  bool
	queue []chan struct{}
}

// take waits for the turn; who gets it must end it with next or give.
func (t *turn) take(ctx context.Context) error {
	t.mu.Lock()
	if t.over {
		t.mu.Unlock()
		return fmt.Errorf("%w: the database is closed", ErrBusy)
	}
	if !t.busy {
		t.busy = true
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	t.queue = append(t.queue, mine)
	t.mu.Unlock()
	wait, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	select {
	case <-mine:
		return t.refused()
	case <-wait.Done():
	}
	t.mu.Lock()
	if i := slices.Index(t.queue, mine); i >= 0 {
		t.queue = slices.Delete(t.queue, i, i+1)
		t.mu.Unlock()
		return fmt.Errorf("%w: waiting to write: %w", ErrBusy, wait.Err())
	}
	t.mu.Unlock()
	<-mine // it came in the same moment, and someone may count on it being used
	return t.refused()
}

func (t *turn) refused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return fmt.Errorf("%w: the database is closed", ErrBusy)
	}
	return nil
}

// try takes the turn if it is free.
func (t *turn) try() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy || t.over {
		return false
	}
	t.busy = true
	return true
}

// next hands the turn to who waits longest; it reports false, and keeps the
// turn, if nobody does.
func (t *turn) next() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return false
	}
	close(t.queue[0])
	t.queue = slices.Delete(t.queue, 0, 1)
	return true
}

// give ends the turn.
func (t *turn) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) > 0 {
		close(t.queue[0])
		t.queue = slices.Delete(t.queue, 0, 1)
		return
	}
	t.busy = false
}

// shut refuses everyone who waits and who comes later.
func (t *turn) shut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for _, c := range t.queue {
		close(c)
	}
	t.queue = nil
}

// waiting is how many stand in line.
func (t *turn) waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue)
}
