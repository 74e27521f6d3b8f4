package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/i18n"
)

// APIBase is where the addresses for programs begin, and APIDocs the page that
// explains them.
const (
	APIBase = "/api/v1"
	APIDocs = "/api/docs"
)

var errBearer = fault.New(fault.Unauthenticated, "error.api_key")

func isAPI(path string) bool { return path == APIBase || strings.HasPrefix(path, APIBase+"/") }

var spokenHere = language.NewMatcher([]language.Tag{language.Indonesian, language.English})

// spoken is the language in which a program wants its sentences.
func spoken(accept string) string {
	if accept == "" || len(accept) > 200 {
		return i18n.ID
	}
	_, i := language.MatchStrings(spokenHere, accept)
	return i18n.Langs[i]
}

// byKey finds who acts by the key that a request carries. Without one it is a
// guest's; cookies do not count.
func (s *shell) byKey(r *http.Request, st *state) error {
	h := r.Header.Get("Authorization")
	if h == "" {
		return nil
	}
	kind, secret, _ := strings.Cut(h, " ")
	if !strings.EqualFold(kind, "Bearer") || s.Keys == nil {
		return errBearer
	}
	sc, err := s.Keys(r.Context(), strings.TrimSpace(secret))
	if err != nil {
		return err
	}
	st.scope = sc
	return nil
}

// tellRate says in headers how many requests are left; see the IETF's draft
// "RateLimit header fields for HTTP".
func (s *shell) tellRate(w http.ResponseWriter, class Rate, caller string) {
	if class == Links {
		class = Pages // of links only the wrong ones count
	}
	limit, left, ends, ok := s.limits.left(class, caller)
	if !ok {
		return
	}
	h := w.Header()
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", string(class), limit.N, int(limit.Per/time.Second)))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", string(class), left, int((ends+time.Second-1)/time.Second)))
}

// Problem is what a program is told of what went wrong, in the form of RFC 9457.
type Problem struct {
	Type    string         `json:"type" format:"uri-reference" doc:"Stable name of the kind of problem, and the address that explains it."`
	Title   string         `json:"title" doc:"What kind of problem it is, in the language asked for."`
	Status  int            `json:"status" doc:"The HTTP status."`
	Code    string         `json:"code" doc:"Stable name of the problem for programs, such as stock.short." example:"stock.short"`
	Detail  string         `json:"detail" doc:"A sentence for people, in the language asked for (Accept-Language: id or en)."`
	Request string         `json:"request_id" doc:"The request's id, as in the server's log."`
	Errors  []FieldProblem `json:"errors,omitempty" doc:"What is wrong with each field."`
	Context map[string]any `json:"context,omitempty" doc:"What a program needs to go on, such as the new total."`
}

// FieldProblem is what is wrong with one field of a body, or one parameter.
type FieldProblem struct {
	Pointer   string `json:"pointer,omitempty" doc:"JSON pointer (RFC 6901) to the field of the body." example:"/lines/0/quantity"`
	Parameter string `json:"parameter,omitempty" doc:"Name of the parameter, when it is not in the body." example:"cursor"`
	Code      string `json:"code" doc:"Stable name of what is wrong."`
	Detail    string `json:"detail" doc:"A sentence for people."`
}

// told is an error with what a program is told beside the sentence.
type told struct {
	error
	status  int
	context map[string]any
}

func (t told) Unwrap() error { return t.error }

// WithStatus is err, answered to a program with another status than its kind has.
func WithStatus(err error, status int) error { return told{err, status, nil} }

// WithContext is err with what a program needs to go on.
func WithContext(err error, context map[string]any) error { return told{err, 0, context} }

// ParameterMark before the name of a field says that it is a parameter.
const ParameterMark = "?"

// failAPI is fail for programs.
func (s *shell) failAPI(w http.ResponseWriter, r *http.Request, st *state, err error) {
	ctx := r.Context()
	p := Problem{Request: st.request}
	f := fault.Of(err)
	var big *http.MaxBytesError
	t, _ := errors.AsType[told](err)
	switch {
	case errors.As(err, &big) || errors.Is(err, errTooLarge):
		p.Status, p.Code, p.Detail = http.StatusRequestEntityTooLarge, "too_large", i18n.T(ctx, "error.api_413_hint")
	case errors.Is(err, errMethod):
		p.Status, p.Code, p.Detail = http.StatusMethodNotAllowed, "method", i18n.T(ctx, "error.api_405_hint")
	case errors.Is(err, authz.ErrSignIn), errors.Is(err, errBearer), f != nil && f.Kind == fault.Unauthenticated: // no key, or none that counts
		p.Status, p.Code, p.Detail = http.StatusUnauthorized, "api.key", i18n.Fault(ctx, errBearer)
	case errors.Is(err, authz.ErrForbidden) && !st.scope.Token.IsZero():
		p.Status, p.Code, p.Detail = http.StatusForbidden, "api.grant", i18n.T(ctx, "error.api_grant")
	case f != nil && f.Kind == fault.NotFound: // whatever it was: other people's things look as missing ones do
		p.Status, p.Code, p.Detail = http.StatusNotFound, "not_found", i18n.T(ctx, "error.api_404_hint")
	case errors.Is(err, errRate):
		p.Status, p.Code, p.Detail = http.StatusTooManyRequests, "too_many", i18n.Fault(ctx, f)
	case f != nil:
		p.Status, p.Code, p.Detail = status(f.Kind), f.Key, i18n.Fault(ctx, f)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		p.Status, p.Code = 499, "left"
	case errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, "slow", i18n.T(ctx, "error.503_hint")
		s.Log.WarnContext(ctx, "too slow", "request", st.request, "error", err)
	default:
		p.Status, p.Code, p.Detail = http.StatusInternalServerError, "surprise", i18n.T(ctx, "error.500_hint")
		s.Log.ErrorContext(ctx, "surprise", "request", st.request, "route", pattern(st), "error", err)
	}
	if t.status != 0 {
		p.Status = t.status
	}
	p.Context, st.fault = t.context, p.Code
	p.Type = APIDocs + "#" + p.Code
	p.Title = http.StatusText(p.Status)
	for _, key := range []string{"error.", "error.api_"} {
		if key += strconv.Itoa(p.Status); i18n.Has(ctx, key) {
			p.Title = i18n.T(ctx, key)
		}
	}
	if f != nil {
		for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
			e := FieldProblem{Code: f.Fields[name].Key, Detail: i18n.Fault(ctx, f.Fields[name])}
			if e.Code == "form.stale" { // a program has no page to load anew
				e.Code, e.Detail = "api.stale", i18n.T(ctx, "error.api_stale")
			}
			if param, ok := strings.CutPrefix(name, ParameterMark); ok {
				e.Parameter = param
			} else {
				e.Pointer = "/" + strings.ReplaceAll(strings.TrimPrefix(name, "/"), ".", "/")
			}
			p.Errors = append(p.Errors, e)
		}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	h.Del("Content-Encoding")
	switch {
	case f != nil && f.RetryAfter > 0:
		h.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	case p.Status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "2")
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="Lapak"`)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", i18n.Lang(ctx))
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(p)
}
