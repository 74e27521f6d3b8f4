package order

import (
	"sync"
	"time"

	"lapak/internal/id"
)

// pace counts the orders that this server takes for each shop, by the minute.
type pace struct {
	mu     sync.Mutex
	begun  time.Time
	minute map[id.ID]int64 // since begun
	before map[id.ID]int64 // in the minute before that
}

// turn begins another minute when one is over.
func (p *pace) turn(now time.Time) {
	if passed := now.Sub(p.begun); passed >= time.Minute || passed < 0 {
		p.before = nil
		if passed < 2*time.Minute && passed >= 0 {
			p.before = p.minute
		}
		p.begun, p.minute = now, map[id.ID]int64{}
	}
}

func (p *pace) count(shop id.ID, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(now)
	p.minute[shop]++
}

// calm reports whether a shop had fewer than so many orders here in the last
// minute; it may count those of nearly two.
func (p *pace) calm(shop id.ID, now time.Time, few int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(now)
	return p.minute[shop]+p.before[shop] < few
}
