// Package i18n holds the words of the pages, Indonesian first and English
// second, and writes dates and numbers as people of each language do.
package i18n

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"lapak/internal/fault"
)

// The languages.
const (
	ID = "id"
	EN = "en"
)

// Langs lists the languages, the first one being used when none was chosen.
var Langs = []string{ID, EN}

// Known reports whether lang is one of Langs.
func Known(lang string) bool { return slices.Contains(Langs, lang) }

// Catalogue holds every word of the program.
type Catalogue struct {
	words map[string]map[string]string // by language, then key
	// Missing counts keys that were asked for and are not there.
	Missing atomic.Int64
}

// Load reads id.json and en.json of each package. A key that two packages
// have, or that one language lacks, is an error.
func Load(files ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{words: map[string]map[string]string{}}
	var errs []error
	for _, lang := range Langs {
		all := map[string]string{}
		for i, f := range files {
			raw, err := fs.ReadFile(f, lang+".json")
			if err != nil {
				return nil, fmt.Errorf("words %d: %w", i, err)
			}
			var words map[string]string
			if err := json.Unmarshal(raw, &words); err != nil {
				return nil, fmt.Errorf("words %d, %s: %w", i, lang, err)
			}
			for k, v := range words {
				if _, ok := all[k]; ok {
					errs = append(errs, fmt.Errorf("%s: key %q is there twice", lang, k))
				}
				if strings.TrimSpace(v) == "" {
					errs = append(errs, fmt.Errorf("%s: key %q is empty", lang, k))
				}
				all[k] = v
			}
		}
		c.words[lang] = all
	}
	for _, k := range slices.Sorted(maps.Keys(c.words[ID])) {
		if _, ok := c.words[EN][k]; !ok {
			errs = append(errs, fmt.Errorf("en: key %q is missing", k))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.words[EN])) {
		if _, ok := c.words[ID][k]; !ok {
			errs = append(errs, fmt.Errorf("id: key %q is missing", k))
		}
	}
	return c, errors.Join(errs...)
}

// Has reports whether the catalogue has the key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.words[ID][key]
	return ok
}

// Keys lists all keys.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.words[ID])) }

type ctxKey struct{}

type speaker struct {
	c    *Catalogue
	lang string
}

// With returns a context in which T speaks lang out of c.
func With(ctx context.Context, c *Catalogue, lang string) context.Context {
	if !Known(lang) {
		lang = ID
	}
	return context.WithValue(ctx, ctxKey{}, speaker{c, lang})
}

// Lang is the language of ctx.
func Lang(ctx context.Context) string {
	if s, ok := ctx.Value(ctxKey{}).(speaker); ok {
		return s.lang
	}
	return ID
}

// Has reports whether the catalogue of ctx has the key.
func Has(ctx context.Context, key string) bool {
	s, ok := ctx.Value(ctxKey{}).(speaker)
	return ok && s.c.Has(key)
}

// T is the text of key in the language of ctx, with {0}, {1} … replaced by
// the arguments. If the first argument is the whole number 1 and there is a
// key ending in ".one", that text is taken. A key that is not there is shown itself.
func T(ctx context.Context, key string, args ...any) string {
	s, ok := ctx.Value(ctxKey{}).(speaker)
	if !ok || s.c == nil {
		return key
	}
	return s.c.Say(s.lang, key, args...)
}

// Say is T for a language, outside a request.
func (c *Catalogue) Say(lang, key string, args ...any) string {
	words := c.words[lang]
	text, ok := words[key]
	if len(args) > 0 && isOne(args[0]) {
		if one, has := words[key+".one"]; has {
			text, ok = one, true
		}
	}
	if !ok {
		c.Missing.Add(1)
		return key
	}
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", show(lang, a))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func isOne(a any) bool {
	switch n := a.(type) {
	case int:
		return n == 1
	case int64:
		return n == 1
	}
	return false
}

// show writes whole numbers with the language's thousands, moments as people
// say them, and the rest as it is.
func show(lang string, a any) string {
	switch n := a.(type) {
	case int:
		return Number(lang, int64(n))
	case int64:
		return Number(lang, n)
	case string:
		return n
	case time.Time:
		return When(context.WithValue(context.Background(), ctxKey{}, speaker{lang: lang}), n)
	}
	return fmt.Sprint(a)
}

// Fault is the sentence for a fault in the language of ctx.
func Fault(ctx context.Context, e *fault.Error) string {
	if e == nil {
		return ""
	}
	return T(ctx, e.Key, e.Args...)
}

// F is Fault for an error that may be a surprise; then it is a calm sentence.
func F(ctx context.Context, err error) string {
	if e := fault.Of(err); e != nil {
		return Fault(ctx, e)
	}
	return T(ctx, "error.unknown")
}
