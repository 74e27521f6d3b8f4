package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lapak/internal/fault"
)

// DefaultFields is how many fields a form may have; forms of routes that
// raise MaxBody may have five times as many.
const DefaultFields = 200

// inMemory is how much of an upload is held in memory; the rest waits in a
// file that is removed when the request ends.
const inMemory = 1 << 20

var errUnreadable = fault.New(fault.Invalid, "form.unreadable")

// readForm parses a form that changes something, before the handler asks for
// its fields: what is too long is refused here, and every value comes clean.
// Bodies of other types are left to the handler.
func readForm(r *http.Request, rt Route) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	switch kind {
	case "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case "multipart/form-data":
		err = r.ParseMultipartForm(inMemory)
	default:
		return nil
	}
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return err
	case err != nil:
		return errUnreadable
	}
	most := DefaultFields
	if rt.MaxBody > DefaultBody {
		most *= 5
	}
	n := 0
	for _, vs := range r.Form {
		n += len(vs)
	}
	if n > most {
		return errTooLarge
	}
	ok := cleanAll(r.Form) && cleanAll(r.PostForm)
	if r.MultipartForm != nil {
		ok = ok && cleanAll(r.MultipartForm.Value)
	}
	if !ok {
		return errUnreadable
	}
	return nil
}

func cleanAll(form url.Values) bool {
	for k, vs := range form {
		if !utf8.ValidString(k) {
			return false
		}
		for i, v := range vs {
			if !utf8.ValidString(v) {
				return false
			}
			vs[i] = Clean(v)
		}
	}
	return true
}

// Clean is a text as it may be kept: composed (NFC), its lines ending in \n,
// without the signs that change what people see, which are control characters
// and those that turn the direction of writing.
func Clean(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c == '\r':
			return '\n'
		case unicode.IsControl(c), c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069, c == 0x200e, c == 0x200f, c == 0xfeff, c == utf8.RuneError:
			return -1
		}
		return c
	}, s)
	return norm.NFC.String(s)
}

// cleanQuery makes the words behind an address's question mark clean, for
// handlers that read them from the URL or as a form.
func cleanQuery(r *http.Request) {
	q := r.URL.RawQuery
	if q == "" {
		return
	}
	plain := true
	for i := range len(q) {
		if c := q[i]; c == '%' || c == ';' || c >= 0x7f || c < ' ' {
			plain = false
			break
		}
	}
	if plain {
		return
	}
	vals, _ := url.ParseQuery(q) // what cannot be read is left out
	out := make(url.Values, len(vals))
	for k, vs := range vals {
		for _, v := range vs {
			k := Clean(strings.ToValidUTF8(k, ""))
			out[k] = append(out[k], Clean(strings.ToValidUTF8(v, "")))
		}
	}
	u := *r.URL
	u.RawQuery = out.Encode()
	r.URL = &u
}

// badPath reports whether an address holds what no address of ours does.
func badPath(p string) bool {
	if !utf8.ValidString(p) || len(p) > 2048 {
		return true
	}
	for _, c := range p {
		if unicode.IsControl(c) {
			return true
		}
	}
	return strings.Contains(p, "//") || strings.Contains(p, "/./") || strings.Contains(p, "/../") || strings.HasSuffix(p, "/..") || strings.HasSuffix(p, "/.")
}
