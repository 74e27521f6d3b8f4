// Package fault holds the errors that a user can understand and often mend.
// Every other error is a surprise: it is wrapped with fmt.Errorf, logged once
// by package web, and shown as one calm sentence with the request's id.
package fault

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind is the sort of a fault; package web maps it to an HTTP status.
type Kind int

// The kinds, with the status that web answers.
const (
	Invalid         Kind = iota + 1 // 422
	Unauthenticated                 // 401
	Forbidden                       // 403
	NotFound                        // 404
	Conflict                        // 409
	TooMany                         // 429
	Unavailable                     // 503
)

// Error is a fault: a kind, the key of its message and the message's
// arguments. Faults of a form carry one fault per wrong field.
type Error struct {
	Kind   Kind
	Key    string
	Args   []any
	Fields map[string]*Error // by the field's name in the form
	// RetryAfter is how long to wait before trying again; zero if unknown.
	RetryAfter time.Duration
}

// New makes a fault. Package-level faults are tested with errors.Is.
func New(kind Kind, key string, args ...any) *Error {
	return &Error{Kind: kind, Key: key, Args: args}
}

// Error names the fault for logs and tests; users see its message instead.
func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Key
	}
	names := slices.Sorted(maps.Keys(e.Fields))
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = n + ": " + e.Fields[n].Key
	}
	return e.Key + " (" + strings.Join(parts, ", ") + ")"
}

// Is holds for faults of the same kind and key, whatever their arguments.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Key == e.Key
}

// With returns a copy that carries the arguments of this occurrence.
func (e *Error) With(args ...any) *Error {
	c := *e
	c.Args = args
	return &c
}

// After returns a copy that says how long to wait.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// On returns a form fault with e at one field.
func (e *Error) On(field string) *Error {
	return &Error{Kind: e.Kind, Key: "form.invalid", Fields: map[string]*Error{field: e}}
}

// HasKind reports whether e is one of the kinds; a nil fault has none.
func (e *Error) HasKind(kinds ...Kind) bool {
	return e != nil && slices.Contains(kinds, e.Kind)
}

// Field returns the fault of one field, or nil. It may be called on nil.
func (e *Error) Field(name string) *Error {
	if e == nil {
		return nil
	}
	return e.Fields[name]
}

// Of returns the fault in err, or nil if err is none or a surprise.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Fields gathers what is wrong with a form: all of it, not the first thing.
type Fields struct{ faults map[string]*Error }

// Check notes a fault at field unless ok. The first fault of a field stays.
func (f *Fields) Check(ok bool, field, key string, args ...any) {
	if !ok {
		f.Add(field, New(Invalid, key, args...))
	}
}

// Add notes what err says at field. An err with fields of its own is put
// under them, as "field.sub"; an err that is no fault is ignored by Add and
// must be returned by the caller.
func (f *Fields) Add(field string, err error) {
	e := Of(err)
	if e == nil {
		return
	}
	if f.faults == nil {
		f.faults = map[string]*Error{}
	}
	if len(e.Fields) > 0 {
		for sub, fe := range e.Fields {
			f.Add(field+"."+sub, fe)
		}
		return
	}
	if f.faults[field] == nil {
		f.faults[field] = e
	}
}

// Err returns the gathered fault, or nil if nothing is wrong.
func (f *Fields) Err() error {
	if len(f.faults) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Key: "form.invalid", Fields: f.faults}
}
