package storefront

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"lapak/internal/id"
)

// Page is a finished answer that many visitors get alike: its bytes, the same
// compressed, and the tag by which a browser asks whether it still holds.
type Page struct {
	Type string // content type
	ETag string
	Body []byte
	Gzip []byte // nil if compressing gains nothing
}

// NewPage finishes a page from its bytes.
func NewPage(contentType string, body []byte) *Page {
	sum := sha256.Sum256(body)
	p := &Page{Type: contentType, ETag: `"` + hex.EncodeToString(sum[:12]) + `"`, Body: body}
	if len(body) > 512 && contentType != "image/jpeg" {
		var b bytes.Buffer
		b.Grow(len(body) / 3)
		z := zippers.Get().(*gzip.Writer)
		z.Reset(&b)
		if _, err := z.Write(body); err == nil && z.Close() == nil && b.Len() < len(body) {
			p.Gzip = b.Bytes()
		}
		zippers.Put(z)
	}
	return p
}

// zippers are kept because each is 800 KB. Their level is a middle one: the
// last percent of a page's size costs as much time as all before it.
var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, 5)
	return z
}}

func (p *Page) size() int { return len(p.Body) + len(p.Gzip) + 256 }

// Cache keeps things made from public data of shops until something public of
// that shop changes, or until the clock makes them untrue. It is bounded by
// bytes; what was not used for longest goes first.
type Cache struct {
	mu    sync.Mutex
	max   int
	used  int
	items map[cacheKey]*list.Element
	order *list.List // newest use in front
	calls map[cacheKey]*call
}

type cacheKey struct {
	business id.ID
	key      string
}

type item struct {
	key     cacheKey
	version uint64
	until   time.Time
	size    int
	value   any
}

type call struct {
	done    chan struct{}
	version uint64
	value   any
	until   time.Time
	err     error
}

var errUnfinished = errors.New("storefront: the page was not finished")

// NewCache makes a cache of at most maxBytes.
func NewCache(maxBytes int) *Cache {
	return &Cache{max: maxBytes, items: map[cacheKey]*list.Element{}, order: list.New(), calls: map[cacheKey]*call{}}
}

// Fill makes a value. It says until when the value holds by the clock (zero:
// for as long as nothing changes), and how many bytes it takes.
type Fill func() (value any, until time.Time, size int, err error)

// Get returns what is kept of a business under key, if it was made at this
// version and still holds now; else it makes it anew. Visitors who come at
// once wait for one making. Version 0 means that changes cannot be seen now:
// then nothing is taken from the cache and nothing kept. The version must be
// read before anything else is.
func (c *Cache) Get(business id.ID, key string, version uint64, now time.Time, fill Fill) (any, error) {
	if version == 0 {
		v, _, _, err := fill()
		return v, err
	}
	k := cacheKey{business, key}
	c.mu.Lock()
	if e := c.items[k]; e != nil {
		it := e.Value.(*item)
		if it.version == version && (it.until.IsZero() || now.Before(it.until)) {
			c.order.MoveToFront(e)
			c.mu.Unlock()
			return it.value, nil
		}
		// What is out of date stays until it is replaced: it stands in while nothing can be read.
	}
	if w := c.calls[k]; w != nil && w.version == version {
		c.mu.Unlock()
		<-w.done
		if w.err == nil && (w.until.IsZero() || now.Before(w.until)) {
			return w.value, nil
		}
		v, _, _, err := fill()
		return v, err
	}
	w := &call{done: make(chan struct{}), version: version, err: errUnfinished}
	c.calls[k] = w
	c.mu.Unlock()

	size := 0
	defer func() {
		c.mu.Lock()
		if c.calls[k] == w {
			delete(c.calls, k)
		}
		if w.err == nil {
			c.keep(&item{k, version, w.until, size, w.value})
		}
		c.mu.Unlock()
		close(w.done)
	}()
	w.value, w.until, size, w.err = fill()
	return w.value, w.err
}

// Peek returns what Put kept; whether it still holds the caller judges.
func (c *Cache) Peek(business id.ID, key string) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.items[cacheKey{business, key}]
	if e == nil {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*item).value, true
}

// Put keeps a value for Peek.
func (c *Cache) Put(business id.ID, key string, value any, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(&item{key: cacheKey{business, key}, size: size, value: value})
}

func (c *Cache) keep(it *item) {
	if it.size > c.max/4 {
		return
	}
	if e := c.items[it.key]; e != nil {
		if e.Value.(*item).version > it.version {
			return
		}
		c.drop(e)
	}
	c.items[it.key] = c.order.PushFront(it)
	for c.used += it.size; c.used > c.max; {
		c.drop(c.order.Back())
	}
}

func (c *Cache) drop(e *list.Element) {
	it := e.Value.(*item)
	c.order.Remove(e)
	delete(c.items, it.key)
	c.used -= it.size
}
