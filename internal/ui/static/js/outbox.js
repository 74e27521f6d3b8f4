// Acts made without a signal: form[data-outbox] is kept on the phone before the
// page says so, and sent when it can be, in its order. docs/outbox.md says how
// a page asks for it. Where nothing can be kept, forms are sent as ever.
"use strict";
(() => {
  const me = document.querySelector('meta[name="lapak-person"]');
  if (!me || !isSecureContext || !window.indexedDB || !window.idb) return;
  const all = (sel, root) => (root || document).querySelectorAll(sel);
  const { business, mark, name, shop } = me.dataset, person = me.content;
  const strip = document.querySelector("[data-outbox-status]"), words = strip ? strip.dataset : {};
  const fill = (text, ...args) => (text || "").replace(/\{(\d)\}/g, (_, n) => args[n]);
  const mine = (a) => a.person === person && a.business === business;
  const bad = (r) => r.state === "refused" || r.state === "clash";
  const STRICT = { durability: "strict" }, MONTH = 30 * 86400e3;

  let opened;
  const db = () => (opened ||= idb.openDB("lapak-outbox", 1, {
    upgrade(d) {
      d.createObjectStore("acts", { keyPath: "seq", autoIncrement: true });
      d.createObjectStore("receipts", { keyPath: "id" });
      d.createObjectStore("meta");
    },
    blocking(_, __, e) { e.target.close(); opened = null; },
    terminated() { opened = null; },
  }).catch((e) => { opened = null; throw e; }));

  // A version 7 UUID: ordered by time, as the server's own.
  const uuid = () => {
    const b = crypto.getRandomValues(new Uint8Array(16)), ms = Date.now();
    for (let i = 0; i < 6; i++) b[i] = ms / 2 ** (40 - 8 * i);
    b[6] = b[6] & 15 | 112; b[8] = b[8] & 63 | 128;
    return [...b].map((x, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + x.toString(16).padStart(2, "0")).join("");
  };

  // keep writes an act down. It is there, whatever happens next, when keep returns.
  const keep = async (form, data) => {
    const body = {}, act = {
      id: uuid(), person, business, name, shop, kind: form.dataset.outbox, object: form.dataset.object || "",
      leaves: "leaves" in form.dataset, label: form.dataset.label || document.title.replace(/ - Lapak$/, ""), seen: form.dataset.seen ? JSON.parse(form.dataset.seen) : null, at: new Date().toISOString(),
    };
    for (const [k, v] of data) {
      if (k[0] === "_") continue;
      if (v instanceof File) { if (v.size) act.photo = window.lapakShrink ? await lapakShrink(v) : v; continue; }
      body[k] = k in body ? [].concat(body[k], v) : v;
    }
    act.body = body;
    const tx = (await db()).transaction(["acts", "meta"], "readwrite", STRICT), meta = tx.objectStore("meta");
    act.device = await meta.get("device") || uuid();
    act.after = await meta.get("head:" + person + business) || "";
    act.seq = await tx.objectStore("acts").add(act);
    meta.put(act.device, "device");
    meta.put(act.id, "head:" + person + business);
    await tx.done;
    return act;
  };

  // The forms of one object wait together, unless data-again lets them act often,
  // or what was done (data-leaves) may be followed by something else at once.
  const formsOf = (a) => [...all("form[data-outbox]")].filter((f) => (f.dataset.object || "") === a.object && !("again" in f.dataset) && (!a.leaves || f.dataset.outbox === a.kind) && (a.object || f.dataset.outbox === a.kind));
  const note = (form, text, shut) => {
    let p = form.querySelector("[data-outbox-note]");
    if (!p) { p = document.createElement("p"); p.dataset.outboxNote = ""; p.className = "small"; p.setAttribute("role", "status"); form.append(p); }
    if (p.textContent !== text) p.textContent = text;
    p.hidden = !text;
    for (const el of form.elements) {
      if (shut && !el.disabled) { el.disabled = true; el.dataset.outboxShut = ""; }
      if (!shut && "outboxShut" in el.dataset) { el.disabled = false; delete el.dataset.outboxShut; }
    }
  };

  document.addEventListener("submit", async (e) => {
    const form = e.target;
    if (form.matches('form[action="/keluar"]')) {
      if (waits && !confirm(fill(words.leave, waits))) { e.preventDefault(); e.stopImmediatePropagation(); return; }
      caches.keys().then((keys) => keys.filter((k) => k.startsWith("lapak-pages-")).forEach((k) => caches.delete(k))); // as the worker does, if it sees it
      return;
    }
    if (!form.matches("form[data-outbox]") || e.defaultPrevented) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (form.dataset.keeping) return;
    form.dataset.keeping = "1";
    const b = e.submitter, data = new FormData(form);
    if (b?.name) data.append(b.name, b.value);
    try {
      const act = await keep(form, data);
      show().catch(() => {});
      for (const f of formsOf(act)) note(f, words.kept, true);
      if ("again" in form.dataset) { note(form, words.kept, false); form.reset(); }
      form.dispatchEvent(new CustomEvent("outbox:kept", { bubbles: true, detail: act }));
      tell();
      soon();
    } catch {
      if (!navigator.onLine) { note(form, words.full, false); return; }
      if (b?.name) { const i = document.createElement("input"); i.type = "hidden"; i.name = b.name; i.value = b.value; form.append(i); }
      form.submit();
    } finally { delete form.dataset.keeping; }
  }, true);

  // Sending: one tab at a time, in order, until there is an answer.
  const FIRST = 30e3, MOST = 300e3;
  let wait = FIRST, timer, running = false, oneByOne = false, signIn = false;
  const soon = () => { wait = FIRST; send(); };
  const later = () => { clearTimeout(timer); timer = setTimeout(send, wait); wait = Math.min(2 * wait, MOST); };
  const send = async () => {
    clearTimeout(timer);
    if (running) { running = "again"; return; }
    running = true;
    try { await (navigator.locks ? navigator.locks.request("lapak-outbox", drain) : drain()); } catch { later(); }
    const again = running === "again";
    running = false;
    if (again) send();
  };
  const line = async () => (await (await db()).getAll("acts")).filter((a) => mine(a) && !a.failed);
  const wire = (a) => ({
    id: a.id, device: a.device, person: a.person, business: a.business, kind: a.kind, at: a.at, sent: new Date().toISOString(), body: a.body,
    ...(a.after && { after: a.after }), ...(a.object && { object: a.object }), ...(a.seen !== null && { seen: a.seen }),
  });
  const drain = async () => {
    const tried = new Set(), done = new Set();
    for (;;) {
      const list = (await line()).filter((a) => !tried.has(a.id));
      if (!list.length) break;
      const end = list.findIndex((a) => a.photo), batch = end === 0 || oneByOne ? list.slice(0, 1) : list.slice(0, Math.min(20, end < 0 ? 20 : end));
      const init = { method: "POST", headers: { Accept: "application/json" }, ...(AbortSignal.timeout && { signal: AbortSignal.timeout(90e3) }) };
      if (batch[0].photo) {
        init.body = new FormData();
        init.body.append("act", JSON.stringify(wire(batch[0])));
        init.body.append("photo", batch[0].photo, "foto.jpg");
      } else {
        init.headers["Content-Type"] = "application/json";
        init.body = JSON.stringify(batch.map(wire));
      }
      let r, got;
      try {
        r = await fetch("/kotak", init);
        if (r.ok) got = [].concat(await r.json());
      } catch { later(); return; } // no signal, or the answer was lost: the same acts go again
      signIn = r.status === 401;
      if (r.status === 413 || r.status === 422) { // it will never be taken as it is
        if (batch.length > 1) { oneByOne = true; continue; }
        await fail(batch[0], (await r.json().catch(() => ({}))).message || "");
        oneByOne = false;
      } else if (!got) { later(); show(); return; } else {
        for (const a of got) {
          const act = batch.find((x) => x.id === a.id);
          if (!act) continue;
          if (a.state === "parked") tried.add(a.id); else { await answered(act, a, Date.parse(r.headers.get("Date")) || Date.now()); done.add(act.object); }
        }
        if (got.length < batch.length) { later(); show(); break; }
        oneByOne = false;
      }
      show();
    }
    if ((await line()).length) later(); else wait = FIRST;
    if (done.size) { tell(); keepPage(done).catch(() => {}); }
  };

  // answered takes the act away; a receipt stays where a person has to see it.
  const answered = async (act, a, got) => {
    const receipt = { id: act.id, person, business, kind: act.kind, object: act.object, label: act.label, at: act.at, state: a.state, text: a.text, got };
    const tx = (await db()).transaction(["acts", "receipts"], "readwrite", STRICT);
    tx.objectStore("acts").delete(act.seq);
    if (bad(a)) tx.objectStore("receipts").put(receipt);
    await tx.done;
    for (const f of formsOf(act)) note(f, bad(a) ? a.text : words.sent, !bad(a));
    document.dispatchEvent(new CustomEvent("outbox:answered", { detail: receipt }));
  };
  // fail keeps an act that the server cannot take, out of the way of those after it.
  const fail = async (act, text) => {
    const tx = (await db()).transaction(["acts", "meta"], "readwrite", STRICT), acts = tx.objectStore("acts"), head = "head:" + person + business;
    acts.put({ ...act, failed: true, text });
    for (const a of await acts.getAll()) if (a.after === act.id) acts.put({ ...a, after: act.after });
    if (await tx.objectStore("meta").get(head) === act.id) tx.objectStore("meta").put(act.after, head);
    await tx.done;
    for (const f of formsOf(act)) note(f, text, false);
  };

  // What the page says of it.
  let waits = 0;
  const show = async () => {
    const d = await db(), acts = await d.getAll("acts"), receipts = (await d.getAll("receipts")).filter(mine);
    const own = acts.filter((a) => mine(a) && !a.failed), failed = [...acts.filter((a) => mine(a) && a.failed), ...receipts.filter(bad)];
    waits = own.length;
    const text = [];
    if (own.length || failed.length) text.push(fill(words.outboxStatus, own.length, failed.length));
    const groups = new Map();
    for (const a of acts) {
      if (mine(a) || a.failed) continue;
      const k = a.person === person ? fill(words.elsewhere, "#", a.shop) : fill(words.others, "#", a.name);
      groups.set(k, (groups.get(k) || 0) + 1);
    }
    for (const [k, n] of groups) text.push(k.replace("#", n));
    if (strip) {
      const key = text.join("\n") + signIn;
      if (strip.dataset.said !== key) {
        strip.dataset.said = key;
        strip.replaceChildren(...text.map((t, i) => i || !waits && !failed.length ? Object.assign(document.createElement("span"), { textContent: t }) : Object.assign(document.createElement("a"), { href: "/kotak", textContent: t })));
        if (signIn && own.length) strip.append(Object.assign(document.createElement("a"), { href: "/masuk?ke=/kotak", textContent: words.signIn }));
      }
      strip.hidden = !text.length;
    }
    for (const a of own) for (const f of formsOf(a)) note(f, words.kept, true);
    list(own, failed);
  };
  const list = (own, failed) => {
    const box = document.querySelector("[data-outbox-list]");
    if (!box) return;
    const known = new Set((box.dataset.open || "").split(" "));
    const rows = [...failed.filter((a) => !known.has(a.id)), ...own];
    const el = (tag, props, ...kids) => { const e = Object.assign(document.createElement(tag), props); e.append(...kids); return e; };
    box.replaceChildren(rows.length ? el("ul", { className: "stack" }, ...rows.map((a) => el("li", { className: "stack tight" },
      el("b", {}, a.label), el("span", { className: "small muted" }, new Date(a.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" })),
      el("span", { className: "small" }, a.state || a.failed ? a.text : box.dataset.waits),
      ...(a.state || a.failed ? [el("button", { type: "button", className: "btn sm", onclick: () => forget(a) }, box.dataset.forget)] : [])))) : el("p", { className: "muted" }, box.dataset.none));
  };
  const forget = async (a) => {
    const d = await db();
    await (a.failed ? d.delete("acts", a.seq) : d.delete("receipts", a.id));
    show(); tell();
  };
  // What the page of the server does not list any more was settled there.
  const tidy = async () => {
    const box = document.querySelector("[data-outbox-list]"), open = new Set((box?.dataset.open || "").split(" ")), now = box ? Date.parse(box.dataset.now) : 0;
    const tx = (await db()).transaction("receipts", "readwrite");
    for (const r of await tx.store.getAll()) {
      if (mine(r) && r.got <= now && !open.has(r.id) || r.got < Date.now() - MONTH) tx.store.delete(r.id);
    }
    await tx.done;
  };
  const others = "BroadcastChannel" in window ? new BroadcastChannel("lapak-outbox") : null;
  const tell = () => others?.postMessage(1);
  if (others) others.onmessage = () => { show().catch(() => {}); };

  // The page, those that a[data-keep] leads to, and all that they need are kept for
  // when there is no signal; [data-offline-ready] says so when that is true.
  const here = location.pathname + location.search;
  const wanted = () => [{ path: here, version: "" }, ...[...all("a[data-keep]")].map((a) => ({ path: a.pathname + a.search, version: a.dataset.keep, object: a.dataset.object }))];
  const ready = async () => {
    if (!navigator.serviceWorker.controller || !await caches.has("lapak-pages-" + mark)) return false;
    const pages = await caches.open("lapak-pages-" + mark), assets = await caches.open("lapak-assets");
    for (const { path, version } of wanted()) {
      const page = await pages.match(path, { ignoreVary: true });
      if (!page || version && page.headers.get("X-Lapak-Kept") !== version) return false;
      const needed = new Set([...(await page.text()).matchAll(/(?:src|href)="(\/static\/[^"#?]+)/g)].map((m) => m[1]));
      for (const u of needed) if (!await assets.match(location.origin + u, { ignoreVary: true })) return false;
    }
    const d = await db(), probe = uuid();
    await d.put("meta", probe, "probe");
    return await d.get("meta", "probe") === probe;
  };
  const say = async () => {
    if (!document.querySelector("[data-offline-ready]")) return;
    const ok = await ready().catch(() => false);
    for (const el of all("[data-offline-ready]")) { el.hidden = !ok; el.textContent = ok ? el.dataset.offlineReady : ""; }
  };
  // keepPage asks for it; fresh are the objects whose pages have changed, and the page itself.
  const keepPage = async (fresh) => {
    if (!document.querySelector('meta[name="lapak-offline"]') || !navigator.serviceWorker) return;
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) await new Promise((ok) => navigator.serviceWorker.addEventListener("controllerchange", ok, { once: true }));
    const c = new MessageChannel();
    c.port1.onmessage = say;
    navigator.serviceWorker.controller.postMessage({ keep: wanted().map((w, i) => ({ path: w.path, version: w.version, fresh: !!fresh && (!i || fresh.has(w.object)) })) }, [c.port2]);
    say();
  };

  addEventListener("online", soon);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { soon(); say(); } });
  addEventListener("pageshow", (e) => { if (e.persisted) show().catch(() => {}); });
  tidy().then(show).then(soon).catch(() => {});
  keepPage(document.querySelector("[data-toast]") && new Set()).catch(() => {});
})();
