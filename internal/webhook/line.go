package webhook

import (
	"maps"
	"sync"
	"time"

	"lapak/internal/id"
)

// How many deliveries are at work in this process at once: of all shops, of one
// shop, and to one receiver. What is slow has a few places of its own, so that
// it leaves workers to the others.
const (
	mostOfAll, slowOfAll   = 5, 2
	mostOfShop, slowOfShop = 3, 1
	mostOfQuick, mostOfOne = 2, 1

	mostKnown = 10_000 // receivers that are remembered

	soon   = time.Second      // the earliest time for what found no place
	latest = 10 * time.Minute // and about the last
)

type place struct{ business, receiver id.ID }

// line is what is known of a receiver.
type line struct {
	busy int
	took time.Duration // the last try; 0 before it
	slow bool
	next time.Time // when there is time for the next that finds no place
}

// lines gives deliveries their places.
type lines struct {
	mu     sync.Mutex
	of     map[place]*line
	shops  map[id.ID]*struct{ all, slow int }
	all    int
	slow   int
	slowly time.Duration // an answer that took this long is slow
}

func newLines() *lines {
	return &lines{of: map[place]*line{}, shops: map[id.ID]*struct{ all, slow int }{}, slowly: time.Second}
}

// enter takes a place, or says when to come again. Those that are sent away
// get times one after another, as the receiver takes them, so that a long line
// is not tried over and over.
func (l *lines) enter(p place, now time.Time) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, shop := l.of[p], l.shops[p.business]
	if r == nil {
		if len(l.of) >= mostKnown {
			maps.DeleteFunc(l.of, func(_ place, r *line) bool { return r.busy == 0 })
		}
		r = &line{}
		l.of[p] = r
	}
	if shop == nil {
		shop = &struct{ all, slow int }{}
		l.shops[p.business] = shop
	}
	most := mostOfOne
	if r.took > 0 && r.took < l.slowly/5 {
		most = mostOfQuick
	}
	free := r.busy < most && shop.all < mostOfShop && l.all < mostOfAll
	if r.slow {
		free = free && shop.slow < slowOfShop && l.slow < slowOfAll
	}
	if !free {
		at := now.Add(soon)
		if r.next.After(at) {
			at = r.next
		}
		if last := now.Add(latest); at.After(last) {
			at = last
		}
		r.next = at.Add(r.took / time.Duration(most))
		return at, false
	}
	r.busy++
	shop.all++
	l.all++
	if r.slow {
		shop.slow++
		l.slow++
	}
	return now, true
}

// leave gives the place back and learns how long the receiver took.
func (l *lines) leave(p place, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, shop := l.of[p], l.shops[p.business]
	was := r.slow
	r.busy--
	shop.all--
	l.all--
	if was {
		shop.slow--
		l.slow--
	}
	r.took, r.slow = took, took >= l.slowly
	if r.slow != was && r.busy > 0 { // the others at work with it count anew
		more := r.busy
		if was {
			more = -more
		}
		shop.slow += more
		l.slow += more
	}
	if shop.all == 0 {
		delete(l.shops, p.business)
	}
}
