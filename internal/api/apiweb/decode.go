package apiweb

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/web"
)

// Faults of what a program sends.
var (
	errKind    = fault.New(fault.Invalid, "api.content_type") // the body is no application/json
	errJSON    = fault.New(fault.Invalid, "api.json")         // {0} where it cannot be read
	errDepth   = fault.New(fault.Invalid, "api.depth")        // {0} levels are enough
	errUnknown = fault.New(fault.Invalid, "api.unknown_field")
	errType    = fault.New(fault.Invalid, "api.type")
	errParam   = fault.New(fault.Invalid, "api.unknown_parameter")
	errCursor  = fault.New(fault.Invalid, "api.cursor") // not one that a list gave
)

// maxDepth bounds how deep a body is nested.
const maxDepth = 20

// maxText bounds a parameter that is a text.
const maxText = 100

// decode reads a body into what v points at. A name that is unknown or stands
// twice, text that is no UTF-8, and too deep nesting are refused; texts come
// clean, as those of forms do. It returns the body in its canonical form.
func decode(raw []byte, v any) ([]byte, error) {
	tidy, err := tidied(raw)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(tidy, v, json.RejectUnknownMembers(true)); err != nil {
		sem, ok := errors.AsType[*json.SemanticError](err)
		if !ok {
			return nil, badJSON(0)
		}
		at := strings.TrimPrefix(string(sem.JSONPointer), "/")
		if errors.Is(err, json.ErrUnknownName) {
			return nil, errUnknown.On("/" + at)
		}
		return nil, errType.On("/" + at)
	}
	if err := tidy.Canonicalize(); err != nil {
		return nil, badJSON(0)
	}
	return tidy, nil
}

func badJSON(at int64) error {
	return web.WithStatus(errJSON.With(at), http.StatusBadRequest)
}

// tidied is one JSON value with its texts made clean.
func tidied(raw []byte) (jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b)
	for first := true; ; first = false {
		tok, err := d.ReadToken()
		if err == io.EOF && !first {
			break
		}
		if err != nil {
			return nil, badJSON(d.InputOffset())
		}
		if d.StackDepth() > maxDepth {
			return nil, web.WithStatus(errDepth.With(maxDepth), http.StatusBadRequest)
		}
		if tok.Kind() == '"' {
			tok = jsontext.String(web.Clean(tok.String()))
		}
		if e.StackDepth() == 0 && !first {
			return nil, badJSON(d.InputOffset()) // a second value
		}
		if err := e.WriteToken(tok); err != nil { // two names that are one when clean
			return nil, badJSON(d.InputOffset())
		}
	}
	return jsontext.Value(bytes.TrimSpace(b.Bytes())), nil
}

// param is a parameter of an operation.
type param struct {
	field reflect.StructField
	in    string // path or query
	name  string
}

// readParams fills in the parameters; each that cannot be read is told of.
func (o operation) readParams(r *http.Request, in reflect.Value) error {
	var f fault.Fields
	query := r.URL.Query()
	for name := range query {
		if !slices.ContainsFunc(o.params, func(p param) bool { return p.in == "query" && p.name == name }) {
			f.Add(web.ParameterMark+name, errParam)
		}
	}
	for _, p := range o.params {
		text := r.PathValue(p.name)
		if p.in == "query" {
			text = query.Get(p.name)
		}
		if text == "" {
			continue
		}
		err := p.read(text, in.FieldByIndex(p.field.Index))
		if err != nil && p.in == "path" {
			return web.ErrMissing // an id of another form names nothing
		}
		f.Add(web.ParameterMark+p.name, err)
	}
	return f.Err()
}

func (p param) read(text string, to reflect.Value) error {
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	switch to.Interface().(type) {
	case id.ID:
		v, err := id.Parse(text)
		if err != nil {
			return errType
		}
		to.Set(reflect.ValueOf(v))
		return nil
	case time.Time:
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return errType
		}
		to.Set(reflect.ValueOf(v.UTC()))
		return nil
	}
	switch to.Kind() {
	case reflect.String:
		most := maxText
		if n, err := strconv.Atoi(p.field.Tag.Get("maxLength")); err == nil {
			most = n
		}
		if len([]rune(text)) > most {
			return fault.New(fault.Invalid, "form.too_long", most)
		}
		if list := p.field.Tag.Get("enum"); list != "" && !slices.Contains(strings.Split(list, ","), text) {
			return fault.New(fault.Invalid, "api.enum", strings.ReplaceAll(list, ",", ", "))
		}
		to.SetString(text)
	case reflect.Bool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return errType
		}
		to.SetBool(v)
	case reflect.Int64:
		v, err := strconv.ParseInt(text, 10, 64)
		least, _ := strconv.ParseInt(p.field.Tag.Get("minimum"), 10, 64)
		most, _ := strconv.ParseInt(p.field.Tag.Get("maximum"), 10, 64)
		if err != nil {
			return errType
		}
		if v < least || v > most {
			return fault.New(fault.Invalid, "form.between", least, most)
		}
		to.SetInt(v)
	default:
		return errType
	}
	return nil
}

// afterID is an id where a page begins; the zero one is the first page.
type afterID struct{ id.ID }

func (m afterID) String() string {
	if m.IsZero() {
		return ""
	}
	return m.ID.String()
}

// parseID reads what String wrote; anything else is the first page.
func parseID(s string) afterID {
	v, _ := id.Parse(s)
	return afterID{v}
}

// cursor reads where a page begins, with what wrote it: what that would write
// otherwise is no cursor of ours.
func cursor[C interface{ String() string }](text string, parse func(string) C) (C, error) {
	c := parse(text)
	if c.String() != text {
		return c, errCursor.On(web.ParameterMark + "cursor")
	}
	return c, nil
}
