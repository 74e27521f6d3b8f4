// Small helps for pages that work without them. Each is asked for by an attribute.
"use strict";
(() => {
  const all = (sel, root) => (root || document).querySelectorAll(sel);

  const start = (root) => {
    for (const b of all("[data-copy]", root)) b.hidden = !navigator.clipboard;
    for (const s of all("[data-stepper] button", root)) s.hidden = false;
    for (const b of all("[data-script],[data-shut]", root)) b.hidden = false;
    for (const b of all("[data-noscript]", root)) b.hidden = true;
  };

  document.addEventListener("click", async (e) => {
    const b = e.target.closest("[data-copy],[data-step],[data-share],[data-print],[data-shut]");
    if (!b) return;
    if (b.dataset.copy !== undefined) {
      await navigator.clipboard.writeText(b.dataset.copy);
      const was = b.lastChild.textContent;
      b.lastChild.textContent = b.dataset.done;
      setTimeout(() => { b.lastChild.textContent = was; }, 2000);
    } else if (b.dataset.step) {
      const n = b.parentElement.querySelector("input");
      b.dataset.step > 0 ? n.stepUp() : n.stepDown();
      n.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (b.dataset.share !== undefined && navigator.share) {
      e.preventDefault();
      navigator.share({ text: b.dataset.share, url: b.dataset.url }).catch(() => {});
    } else if (b.dataset.shut !== undefined) {
      const d = b.closest("details");
      d.open = false; d.firstElementChild.focus();
    } else if (b.dataset.print !== undefined) {
      print();
    }
  });

  // A form is sent once; the button says so. It is freed when the page comes back.
  document.addEventListener("submit", (e) => {
    const f = e.target;
    if (e.defaultPrevented || f.method !== "post") return;
    if (f.dataset.sent) { e.preventDefault(); return; }
    f.dataset.sent = "1";
    const b = e.submitter;
    if (b) setTimeout(() => b.setAttribute("aria-busy", "true"), 0);
    if (f.dataset.draft) sessionStorage.setItem("sent", draftKey(f));
  });
  addEventListener("pageshow", () => {
    for (const f of all("form[data-sent]")) delete f.dataset.sent;
    for (const b of all("[aria-busy]")) b.removeAttribute("aria-busy");
  });

  // Countdown to a moment.
  const tick = () => {
    for (const t of all("[data-until]")) {
      const s = Math.max(0, Math.floor((Date.parse(t.dataset.until) - Date.now()) / 1000));
      const p = (n) => String(n).padStart(2, "0");
      t.textContent = (s >= 3600 ? Math.floor(s / 3600) + ":" : "") + p(Math.floor(s / 60) % 60) + ":" + p(s % 60);
    }
  };
  if (document.querySelector("[data-until]")) { tick(); setInterval(tick, 1000); }

  // A draft of a form stays in this tab until it is sent, but for hours, of which others are offered later.
  const draftKey = (f) => "draft:" + (f.dataset.draft || "");
  const sent = sessionStorage.getItem("sent");
  if (sent && !document.querySelector("[data-mishap],.errors")) {
    // it arrived: the page says so, or is another one
    if (document.querySelector("[data-toast]") || ![...all("form[data-draft]")].some((f) => draftKey(f) === sent)) sessionStorage.removeItem(sent);
    sessionStorage.removeItem("sent");
  }
  for (const f of all("form[data-draft]")) {
    const kept = JSON.parse(sessionStorage.getItem(draftKey(f)) || "null");
    if (kept && !document.querySelector(".errors")) {
      for (const [k, v] of kept) {
        const el = f.elements[k];
        if (el && el.type !== "hidden" && el.type !== "file" && el.value !== undefined && el.type !== "checkbox") el.value = v;
      }
    }
    f.addEventListener("input", () => {
      const rows = [...new FormData(f)].filter(([k, v]) => typeof v === "string" && !/^_|^jam$|password|pin|phone|nik/i.test(k));
      sessionStorage.setItem(draftKey(f), JSON.stringify(rows));
    });
  }

  // A part of the page that is fetched anew: data-live="address" data-every="seconds".
  for (const part of all("[data-live]")) {
    let tag = "";
    const load = async () => {
      if (document.hidden) return;
      try {
        const r = await fetch(part.dataset.live, { headers: tag ? { "If-None-Match": tag } : {} });
        if (r.status !== 200) return;
        const next = r.headers.get("ETag") || "";
        if (next && next === tag) return;
        const doc = new DOMParser().parseFromString(await r.text(), "text/html");
        const fresh = doc.getElementById(part.id);
        if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
          part.replaceChildren(...fresh.childNodes);
          start(part);
          if (fresh.dataset.sound && fresh.dataset.sound !== part.dataset.sound) chime();
          part.dataset.sound = fresh.dataset.sound || "";
          if (doc.title) document.title = doc.title;
        }
        tag = next;
      } catch { /* no signal: the next try comes */ }
    };
    setInterval(load, 1000 * (part.dataset.every || 20));
    document.addEventListener("visibilitychange", load);
  }
  const chime = () => {
    try {
      const a = new AudioContext();
      for (const [at, hz] of [[0, 880], [.18, 1175]]) {
        const o = a.createOscillator(), g = a.createGain();
        o.frequency.value = hz; g.gain.setValueAtTime(.2, a.currentTime + at); g.gain.exponentialRampToValueAtTime(.001, a.currentTime + at + .3);
        o.connect(g).connect(a.destination); o.start(a.currentTime + at); o.stop(a.currentTime + at + .3);
      }
    } catch { /* no sound allowed yet */ }
  };

  // A form that answers itself: data-auto on the form, data-auto-part names what is replaced.
  for (const f of all("form[data-auto]")) {
    let timer, ask;
    const answer = (pause) => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        ask?.abort(); ask = new AbortController();
        try {
          const r = await fetch(f.dataset.auto, { method: "POST", body: new URLSearchParams(new FormData(f)), signal: ask.signal });
          const doc = new DOMParser().parseFromString(await r.text(), "text/html");
          for (const part of all("[data-auto-part]")) {
            const fresh = doc.getElementById(part.id);
            if (fresh && !part.contains(document.activeElement)) { part.replaceChildren(...fresh.childNodes); start(part); }
            else if (fresh && part.dataset.autoPart === "always") { part.replaceChildren(...fresh.childNodes); start(part); }
          }
        } catch { /* the button at the end asks the server anyway */ }
      }, pause);
    };
    f.addEventListener("change", () => answer(250));
    f.addEventListener("input", (e) => { if (e.target.inputMode === "numeric") answer(500); });
  }

  document.getElementById("salah")?.focus();
  start(document);
  if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/sw.js").catch(() => {});
})();
