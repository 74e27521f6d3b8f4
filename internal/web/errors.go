package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/ui"
)

var (
	errMissing  = fault.New(fault.NotFound, "error.404_hint")
	errOrigin   = fault.New(fault.Forbidden, "form.origin")
	errTooLarge = errors.New("web: body too large")
	errMethod   = errors.New("web: method not allowed")
)

// ErrMissing is what is answered for an address that leads nowhere, and for
// what belongs to somebody else.
var ErrMissing error = errMissing

// status is the HTTP status of a fault's kind.
func status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail answers an error: a fault in the user's words, a surprise with a calm
// sentence and the id under which it is in the log.
func (s *shell) fail(w http.ResponseWriter, r *http.Request, st *state, err error) {
	if cw, ok := w.(*writer); ok && cw.begun {
		s.Log.ErrorContext(r.Context(), "error after the answer began", "request", st.request, "error", err)
		return
	}
	if st.route != nil && st.route.API {
		s.failAPI(w, r, st, err)
		return
	}
	f := fault.Of(err)
	var big *http.MaxBytesError
	code, title, hint := 0, "", ""
	switch {
	case errors.As(err, &big) || errors.Is(err, errTooLarge):
		code, hint, st.fault = http.StatusRequestEntityTooLarge, i18n.T(r.Context(), "error.413_hint"), "too_large"
	case errors.Is(err, errMethod):
		code, hint, st.fault = http.StatusMethodNotAllowed, i18n.T(r.Context(), "error.405_hint"), "method"
	case f != nil:
		code, hint, st.fault = status(f.Kind), i18n.Fault(r.Context(), f), f.Key
		if f.Kind == fault.Unavailable { // the person is told what to do; the log says what is wrong
			s.Log.WarnContext(r.Context(), "out of order", "request", st.request, "error", err)
		}
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		code, st.fault = 499, "left" // the person has gone; nobody reads the answer
	case errors.Is(err, context.DeadlineExceeded):
		code, hint, st.fault = http.StatusServiceUnavailable, i18n.T(r.Context(), "error.503_hint"), "slow"
		s.Log.WarnContext(r.Context(), "too slow", "request", st.request, "error", err)
	default:
		code, hint, st.fault = http.StatusInternalServerError, i18n.T(r.Context(), "error.500_hint"), "surprise"
		s.Log.ErrorContext(r.Context(), "surprise", "request", st.request, "route", pattern(st), "error", err)
	}
	r = r.WithContext(context.WithoutCancel(r.Context())) // a page is owed even when the time is over
	if code == http.StatusNotFound {                      // whatever it was: other people's things look as missing ones do
		hint = i18n.T(r.Context(), "error.404_hint")
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	h.Del("Content-Encoding")
	if f != nil && f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)+1))
	} else if code == http.StatusServiceUnavailable {
		h.Set("Retry-After", "2")
	}
	wantsPage := !strings.HasPrefix(r.Header.Get("Accept"), "application/json")
	back := s.before(r)
	if wantsPage {
		switch {
		case errors.Is(err, authz.ErrSignIn) && r.Method == http.MethodGet:
			http.Redirect(w, r, "/masuk?ke="+url.QueryEscape(back), http.StatusSeeOther)
			return
		case errors.Is(err, authz.ErrFresh):
			http.Redirect(w, r, "/bukti-diri?ke="+url.QueryEscape(back), http.StatusSeeOther)
			return
		}
	}
	if !wantsPage {
		h.Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": st.fault, "message": hint, "request": st.request})
		return
	}
	title = i18n.T(r.Context(), "error."+strconv.Itoa(code))
	if !i18n.Has(r.Context(), "error."+strconv.Itoa(code)) {
		title = i18n.T(r.Context(), "error.500")
	}
	v := mishap{title: title, hint: hint}
	switch code {
	case http.StatusUnauthorized:
		v.next, v.say = "/masuk?ke="+url.QueryEscape(back), i18n.T(r.Context(), "error.sign_in")
	case http.StatusNotFound, http.StatusForbidden, http.StatusMethodNotAllowed:
	default:
		v.next, v.say = back, i18n.T(r.Context(), "error.again")
	}
	if code >= 500 || code == http.StatusTooManyRequests {
		v.request = st.request
	}
	if code >= 500 {
		if v.kept = s.unsaved(r, st); v.kept != nil && v.kept.lost {
			v.say, v.kept = i18n.T(r.Context(), "error.back"), nil
			v.note = i18n.T(r.Context(), "error.photo")
		}
	}
	page := ui.Page{Title: title, Heading: "-", Plain: true, Narrow: true, Robots: "noindex", Foot: ui.PlainFoot()} // nothing of the address, so that what is another's looks as what is missing
	if rerr := Render(w, r, code, errorPage(page, v)); rerr != nil {
		s.Log.ErrorContext(r.Context(), "error page", "request", st.request, "error", rerr)
		http.Error(w, hint, code)
	}
}

// mishap is what an error page says, and where it leads on to.
type mishap struct {
	title, hint string
	next, say   string // a button; empty: only the way home
	request     string
	kept        *unsaved // the form that could not be taken
	note        string
}

// before is the page of ours that the person was on: this one, or, when a form
// was sent, the page with the form.
func (s *shell) before(r *http.Request) string {
	here := r.URL
	if orig := stateOf(r).env; orig != nil && r.Method == http.MethodGet {
		u := url.URL{Path: orig.Path, RawQuery: here.RawQuery}
		return OwnPath(u.String(), "/")
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return OwnPath(stateOf(r).env.Path, "/")
	}
	u := url.URL{Path: from.Path, RawQuery: from.RawQuery}
	return OwnPath(u.String(), "/")
}

func pattern(st *state) string {
	if st.route == nil {
		return "-"
	}
	return st.route.Pattern
}
