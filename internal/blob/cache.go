package blob

import (
	"container/list"
	"sync"

	"lapak/internal/id"
)

type key struct {
	business, photo id.ID
	width           int
}

// cache keeps the files that were asked for last, up to room bytes. A file
// under one key never changes.
type cache struct {
	mu    sync.Mutex
	room  int
	used  int
	order list.List // of entry, the last used in front
	byKey map[key]*list.Element
}

type entry struct {
	key  key
	file File
}

func (c *cache) get(k key) (File, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[k]
	if !ok {
		return File{}, false
	}
	c.order.MoveToFront(e)
	return e.Value.(entry).file, true
}

func (c *cache) put(k key, f File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[key]*list.Element{}
	}
	if _, has := c.byKey[k]; has || len(f.Content) > c.room {
		return
	}
	c.byKey[k] = c.order.PushFront(entry{k, f})
	c.used += len(f.Content)
	for c.used > c.room {
		last := c.order.Back()
		old := c.order.Remove(last).(entry)
		delete(c.byKey, old.key)
		c.used -= len(old.file.Content)
	}
}
