package region

import (
	"bytes"
	"cmp"
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:embed regions.bin
var packed []byte

// table holds the regions by column, sorted by code. Names and their folded
// form share offsets, since folding keeps each byte's place.
type table struct {
	keys     []uint64
	names    string
	folded   string
	starts   []uint32 // of each row's name; one more at the end
	postal   []uint32
	lat, lng []int32
	tokens   []token // every word of every name, sorted
}

// token is a word of a name: its first eight bytes, where it starts, whose it is.
type token struct {
	head uint64
	at   uint32
	row  uint32
}

var load = sync.OnceValue(unpack)

// Warm unpacks the table, so that the first who searches need not wait.
func Warm() { load() }

func unpack() *table {
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		panic(err) // the binary is damaged
	}
	size := binary.LittleEndian.Uint32(raw)
	t := &table{names: string(raw[4 : 4+size])}
	nums := raw[4+size:]
	next := func() int64 {
		v, n := binary.Varint(nums)
		nums = nums[n:]
		return v
	}
	rows := int(next())
	t.keys = make([]uint64, rows)
	t.postal = make([]uint32, rows)
	t.lat, t.lng = make([]int32, rows), make([]int32, rows)
	scale := [5]uint64{1: 100_000_000, 2: 1_000_000, 3: 10_000, 4: 1}
	var last [5]int64
	for i := range rows {
		depth := next()
		last[depth] += next()
		clear(last[depth+1:])
		for d := range depth {
			t.keys[i] += uint64(last[d+1]) * scale[d+1]
		}
	}
	var v int64
	for i := range rows {
		v += next()
		t.postal[i] = uint32(v)
	}
	for _, axis := range [][]int32{t.lat, t.lng} {
		v = 0
		for i := range rows {
			v += next()
			axis[i] = int32(v)
		}
	}
	at := int64(0)
	for range next() {
		at += next()
		t.lat[at], t.lng[at] = 0, 0
	}
	t.index()
	return t
}

func (t *table) name(i int) string { return t.names[t.starts[i] : t.starts[i+1]-1] }
func (t *table) fold(i int) string { return t.folded[t.starts[i] : t.starts[i+1]-1] }

func (t *table) index() {
	b := make([]byte, len(t.names))
	t.starts = make([]uint32, 0, len(t.keys)+1)
	t.starts = append(t.starts, 0)
	words := 0
	for i := range b {
		b[i] = foldByte(t.names[i])
		if t.names[i] == '\n' {
			b[i] = '\n'
			t.starts = append(t.starts, uint32(i+1))
		}
		if b[i] <= ' ' {
			words++
		}
	}
	t.folded = string(b)
	t.tokens = make([]token, 0, words)
	for row := range t.keys {
		inWord := false
		for i := t.starts[row]; i < t.starts[row+1]-1; i++ {
			if b[i] == ' ' {
				inWord = false
				continue
			}
			if !inWord {
				t.tokens = append(t.tokens, token{head(t.word(i)), i, uint32(row)})
			}
			inWord = true
		}
	}
	slices.SortFunc(t.tokens, func(a, b token) int {
		if c := cmp.Compare(a.head, b.head); c != 0 {
			return c
		}
		if c := strings.Compare(t.word(a.at), t.word(b.at)); c != 0 {
			return c
		}
		return cmp.Compare(a.row, b.row)
	})
}

// word is the folded word that starts at i.
func (t *table) word(i uint32) string {
	s := t.folded[i:min(int(i)+48, len(t.folded))]
	if n := strings.IndexAny(s, " \n"); n >= 0 {
		return s[:n]
	}
	return s
}

// head packs the first eight bytes of a word so that heads sort as words do.
func head(w string) uint64 {
	var h uint64
	for i := range 8 {
		h <<= 8
		if i < len(w) {
			h |= uint64(w[i])
		}
	}
	return h
}

// foldByte lowers letters, keeps digits, drops nothing: an apostrophe within a
// word would part it, so it is turned into a byte that queries lose too.
func foldByte(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		return c
	}
	return ' '
}
