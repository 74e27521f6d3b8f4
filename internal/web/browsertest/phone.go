package browsertest

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// StartOn starts Chromium on a profile, which holds what sites keep on the
// phone: it is there when the browser is started again.
func StartOn(t testing.TB, profile string) *Browser {
	t.Helper()
	return start(t, chromedp.UserDataDir(profile))
}

// Own opens a tab that shares what the profile keeps.
func (b *Browser) Own(t testing.TB, v View) *Tab {
	t.Helper()
	return b.tab(t, v)
}

// Kill ends the browser as an empty battery does: nothing is written any more.
func (b *Browser) Kill() {
	b.t.Helper()
	p := chromedp.FromContext(b.ctx).Browser.Process()
	if p == nil {
		b.t.Fatal("the browser has no process to kill")
	}
	if err := p.Kill(); err != nil {
		b.t.Fatalf("kill the browser: %v", err)
	}
	<-b.ctx.Done()
}

// Signal turns the network of the tab and of its service worker on or off.
func (p *Tab) Signal(on bool) {
	p.t.Helper()
	p.Do("turn the signal", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		worker := !on
		_, err := cdp.Call(ctx, t, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			EmulateOfflineServiceWorker: &worker, MatchedNetworkConditions: []*network.Conditions{{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1}},
		})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	}))
}
