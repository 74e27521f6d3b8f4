package bundle

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/id"
	"lapak/internal/store"
)

// A line is a JSON object whose keys are the columns in the order of the
// alphabet. There is exactly one way to write a row, so that equal rows are
// equal bytes: ids as usual, other bytes as "b64:...", times in UTC with six
// digits after the second.
const stamp = "2006-01-02T15:04:05.000000Z"

// appendLine writes a row; the values are those of store.Tx.Rows.
func appendLine(b []byte, names []string, values []any) ([]byte, error) {
	b = append(b, '{')
	for i, n := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, n), ':')
		switch v := values[i].(type) {
		case nil:
			b = append(b, "null"...)
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case bool:
			b = strconv.AppendBool(b, v)
		case string:
			if !utf8.ValidString(v) {
				return nil, fmt.Errorf("column %s holds text that is no UTF-8", n)
			}
			b = appendString(b, v)
		case []byte:
			b = appendString(b, appendBytes(v))
		case time.Time:
			b = append(append(append(b, '"'), v.UTC().Format(stamp)...), '"')
		default:
			return nil, fmt.Errorf("column %s holds %T", n, v)
		}
	}
	return append(b, "}\n"...), nil
}

func appendBytes(v []byte) string {
	if len(v) == len(id.ID{}) {
		return id.ID(v).String()
	}
	return "b64:" + base64.StdEncoding.EncodeToString(v)
}

const digits = "0123456789abcdef"

// appendString writes a JSON string and escapes nothing that need not be.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

var errLine = errors.New("bundle: a line is not as it is written")

// readLine reads a row written by appendLine, and nothing else: the row written
// again must be the same bytes.
func readLine(line []byte, cols []store.Column, names []string) ([]any, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil || len(raw) != len(names) {
		return nil, errLine
	}
	values := make([]any, len(names))
	for i, n := range names {
		v, has := raw[n]
		if !has {
			return nil, errLine
		}
		var err error
		if values[i], err = typed(cols[i], v); err != nil {
			return nil, err
		}
	}
	again, err := appendLine(make([]byte, 0, len(line)+1), names, values)
	if err != nil || !bytes.Equal(bytes.TrimSuffix(again, []byte{'\n'}), line) {
		return nil, errLine
	}
	return values, nil
}

// typed is a value of JSON as the column's kind asks.
func typed(c store.Column, v any) (any, error) {
	if v == nil {
		if !c.Null {
			return nil, errLine
		}
		return nil, nil
	}
	switch c.Kind {
	case store.Int:
		if n, ok := v.(json.Number); ok {
			return n.Int64()
		}
	case store.Bool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case store.Text:
		if s, ok := v.(string); ok && !strings.Contains(s, "\x00") {
			return s, nil
		}
	case store.Bytes, store.UUID:
		s, ok := v.(string)
		if !ok {
			break
		}
		if rest, is := strings.CutPrefix(s, "b64:"); is && c.Kind == store.Bytes {
			return base64.StdEncoding.DecodeString(rest)
		}
		u, err := id.Parse(s)
		return u[:], err
	case store.Time:
		if s, ok := v.(string); ok {
			at, err := time.Parse(stamp, s)
			if err == nil && (at.Year() < 1 || at.Year() > 9999) {
				return nil, errLine
			}
			return at, err
		}
	}
	return nil, errLine
}

// blank is what a column holds that an older file does not know.
func blank(c store.Column) any {
	switch {
	case c.Null:
		return nil
	case c.Kind == store.Int:
		return int64(0)
	case c.Kind == store.Bool:
		return false
	case c.Kind == store.Text:
		return ""
	case c.Kind == store.Time:
		return time.Unix(0, 0).UTC()
	}
	return make([]byte, 16)
}

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }
