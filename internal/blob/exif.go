package blob

import (
	"encoding/binary"
	"slices"
)

// orientation finds how a picture must be turned to stand upright: 1 to 8 as
// EXIF counts, 1 when the file does not say. It reads nothing else of it.
func orientation(raw []byte) int {
	switch sniff(raw) {
	case isJPEG:
		return jpegOrientation(raw)
	case isPNG:
		return pngOrientation(raw)
	case isWebP:
		return webpOrientation(raw)
	}
	return 1
}

// jpegOrientation walks the segments before the picture itself.
func jpegOrientation(b []byte) int {
	for at := 2; at+4 <= len(b); {
		if b[at] != 0xff {
			return 1
		}
		marker := b[at+1]
		switch {
		case marker == 0xff: // padding
			at++
			continue
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd8: // no length
			at += 2
			continue
		case marker == 0xda || marker == 0xd9: // the picture begins, or ends
			return 1
		}
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if n < 2 || at+2+n > len(b) {
			return 1
		}
		body := b[at+4 : at+2+n]
		if marker == 0xe1 && len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
			return tiffOrientation(body[6:])
		}
		at += 2 + n
	}
	return 1
}

// pngOrientation walks the chunks to eXIf.
func pngOrientation(b []byte) int {
	for at := 8; at+12 <= len(b); {
		n := int64(binary.BigEndian.Uint32(b[at:]))
		if n > int64(len(b)-at-12) {
			return 1
		}
		switch kind := string(b[at+4 : at+8]); kind {
		case "eXIf":
			return tiffOrientation(b[at+8 : at+8+int(n)])
		case "IEND":
			return 1
		}
		at += 12 + int(n)
	}
	return 1
}

// webpOrientation walks the chunks to EXIF.
func webpOrientation(b []byte) int {
	for at := 12; at+8 <= len(b); {
		n := int64(binary.LittleEndian.Uint32(b[at+4:]))
		if n > int64(len(b)-at-8) {
			return 1
		}
		if string(b[at:at+4]) == "EXIF" {
			body := b[at+8 : at+8+int(n)]
			if len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
				body = body[6:]
			}
			return tiffOrientation(body)
		}
		at += 8 + int(n) + int(n)&1
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at < 8 || at+2 > int64(len(b)) {
		return 1
	}
	n := int64(order.Uint16(b[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > int64(len(b)) {
			return 1
		}
		entry := b[e : e+12]
		const short, orientationTag = 3, 0x0112
		if order.Uint16(entry) != orientationTag {
			continue
		}
		if order.Uint16(entry[2:]) != short || order.Uint32(entry[4:]) != 1 {
			return 1
		}
		o := int(order.Uint16(entry[8:]))
		if slices.Contains([]int{2, 3, 4, 5, 6, 7, 8}, o) {
			return o
		}
		return 1
	}
	return 1
}
