package backup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// How a row is written: each value begins with a byte that says what follows.
const (
	tagNull  = 0
	tagBytes = 1 // length, bytes
	tagInt   = 2 // zigzag varint
	tagFalse = 3
	tagTrue  = 4
	tagText  = 5 // length, UTF-8
	tagTime  = 6 // microseconds since 1970, zigzag varint
)

// appendRow writes the values of a row.
func appendRow(b []byte, row []any) ([]byte, error) {
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, tagNull)
		case []byte:
			b = append(binary.AppendUvarint(append(b, tagBytes), uint64(len(v))), v...)
		case string:
			b = append(binary.AppendUvarint(append(b, tagText), uint64(len(v))), v...)
		case int64:
			b = binary.AppendVarint(append(b, tagInt), v)
		case time.Time:
			b = binary.AppendVarint(append(b, tagTime), v.UnixMicro())
		case bool:
			if v {
				b = append(b, tagTrue)
			} else {
				b = append(b, tagFalse)
			}
		default:
			return nil, fmt.Errorf("a value of type %T has no form in a backup", v)
		}
	}
	return b, nil
}

var errRow = errors.New("a row cannot be read")

// readRow reads so many values and returns what follows them.
func readRow(b []byte, n int) (row []any, rest []byte, err error) {
	row = make([]any, n)
	for i := range row {
		if len(b) == 0 {
			return nil, nil, errRow
		}
		tag := b[0]
		b = b[1:]
		switch tag {
		case tagNull:
		case tagFalse, tagTrue:
			row[i] = tag == tagTrue
		case tagInt, tagTime:
			v, used := binary.Varint(b)
			if used <= 0 {
				return nil, nil, errRow
			}
			b = b[used:]
			if row[i] = v; tag == tagTime {
				row[i] = time.UnixMicro(v).UTC()
			}
		case tagBytes, tagText:
			size, used := binary.Uvarint(b)
			if used <= 0 || size > uint64(len(b)-used) {
				return nil, nil, errRow
			}
			v := b[used : used+int(size)]
			b = b[used+int(size):]
			if tag == tagText {
				row[i] = string(v)
			} else {
				row[i] = append([]byte{}, v...)
			}
		default:
			return nil, nil, errRow
		}
	}
	return row, b, nil
}
