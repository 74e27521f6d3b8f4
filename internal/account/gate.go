package account

import (
	"context"
	"net/http"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/web"
)

// Load tells the shell who sends a request; it makes a Gate a web.Sessions.
func (g Gate) Load(ctx context.Context, _ http.ResponseWriter, r *http.Request) (authz.Scope, *web.Who, error) {
	guest := authz.Scope{Role: authz.Guest}
	ses, ok, err := g.Session(ctx, r)
	if err != nil || !ok || ses.Pending {
		return guest, nil, err
	}
	who := &web.Who{ID: ses.Scope.Actor, Name: ses.Name, Choices: ses.Choices}
	if g.s.Business != nil && !ses.Scope.Business.IsZero() {
		who.Business, who.Slug, who.Place = g.s.Business(ctx, ses.Scope.Business)
	}
	return ses.Scope, who, nil
}

// Gate reads and writes the cookies of sign-in.
type Gate struct{ s *Service }

// Gate is the service as the shell and the pages meet it.
func (s *Service) Gate() Gate { return Gate{s} }

// The cookies. On https their names carry a prefix that binds them to the host.
const (
	cookieSession = "s"
	cookieKnown   = "kenal"
	cookieDevice  = "hp"
)

func cookieName(r *http.Request, name string) string {
	if web.Secure(r) {
		return "__Host-" + name
	}
	return name
}

func cookieValue(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

func setCookie(w http.ResponseWriter, r *http.Request, name, value string, lasts time.Duration) {
	c := &http.Cookie{Name: cookieName(r, name), Value: value, Path: "/", HttpOnly: true, Secure: web.Secure(r), SameSite: http.SameSiteLaxMode, MaxAge: int(lasts / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Session is the session of a request; ok is false for guests.
func (g Gate) Session(ctx context.Context, r *http.Request) (Session, bool, error) {
	token := cookieValue(r, cookieSession)
	if token == "" {
		return Session{}, false, nil
	}
	return g.s.Load(ctx, token)
}

// Where is from where a request comes.
func (g Gate) Where(r *http.Request) Where {
	return Where{Address: web.RemoteAddr(r), Label: Label(r.UserAgent()), Known: g.s.Known(cookieValue(r, cookieKnown)), Lang: i18n.Lang(r.Context())}
}

// Enter gives the browser the token of a session, and notes that the person is known there.
func (g Gate) Enter(w http.ResponseWriter, r *http.Request, token string, person id.ID) {
	setCookie(w, r, cookieSession, token, absolute)
	if !person.IsZero() {
		setCookie(w, r, cookieKnown, g.s.Remember(cookieValue(r, cookieKnown), person), knownFor)
	}
}

// Leave takes the token away.
func (g Gate) Leave(w http.ResponseWriter, r *http.Request) { setCookie(w, r, cookieSession, "", 0) }

// Device is the token of the shared phone that sends a request, if it is one.
func (g Gate) Device(r *http.Request) string { return cookieValue(r, cookieDevice) }

// SetDevice makes the browser a shared phone; the empty token ends that.
func (g Gate) SetDevice(w http.ResponseWriter, r *http.Request, token string) {
	setCookie(w, r, cookieDevice, token, 365*24*time.Hour)
}

// ActAs lets the person of a request act for a business of theirs from the
// next request on.
func (s *Service) ActAs(w http.ResponseWriter, r *http.Request, business id.ID) error {
	ctx := r.Context()
	ses, ok, err := s.Gate().Session(ctx, r)
	if err != nil {
		return err
	}
	if !ok || ses.Pending {
		return authz.ErrSignIn
	}
	list, err := s.Memberships(ctx, ses.Scope.Actor)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Business == business {
			token, err := s.Act(ctx, ses, m.ID, Label(r.UserAgent()))
			if err != nil {
				return err
			}
			s.Gate().Enter(w, r, token, ses.Scope.Actor)
			return nil
		}
	}
	return ErrNotFound
}

// Label names a kind of browser as people know it.
func Label(agent string) string {
	pick := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := pick("SamsungBrowser", "Samsung Internet", "UCBrowser", "UC Browser", "MiuiBrowser", "Mi Browser", "OPR/", "Opera", "Edg", "Edge", "Firefox", "Firefox", "CriOS", "Chrome", "Chrome", "Chrome", "Safari", "Safari")
	system := pick("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS", "Mac", "CrOS", "Chromebook", "Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return "?"
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + ", " + system
}
