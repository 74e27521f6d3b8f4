// The service worker: shows news that the server sends, keeps the pages that
// ask for it for when there is no signal, and has a calm page for the others.
// Pages are kept for one person at a time: whoever comes, or goes, empties them.
"use strict";
const SHELL = "lapak-2", ASSETS = "lapak-assets", PAGES = "lapak-pages-", MOST = 250, MOST_PAGES = 80, PATIENCE = 3000;
// A POST to one of these may change who is signed in, or for whom they act.
const DOORS = /^\/(masuk|keluar|pin|daftar|lupa|undangan|atur-ulang|bukti-email|langkah-baru|admin-pertama)(\/|$)|^\/akun\/(usaha|tutup)$/;
const ours = (name) => name === SHELL || name === ASSETS || name.startsWith(PAGES);

self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(SHELL).then((c) => c.add("/luring")).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (e) => {
  e.waitUntil(caches.keys().then((keys) => Promise.all(keys.filter((k) => !ours(k)).map((k) => caches.delete(k)))).then(() => self.clients.claim()));
});

// Who is at the phone, as far as the last page told; written down, because the
// worker is stopped whenever it has nothing to do.
let turn = 0, known;
const who = async () => {
  if (known === undefined) {
    const r = await (await caches.open(SHELL)).match("/.orang");
    known = r ? await r.text() : "";
  }
  return known;
};
const become = async (person) => {
  if (await who() === person) return;
  turn++;
  known = person;
  const c = await caches.open(SHELL);
  await (person ? c.put("/.orang", new Response(person)) : c.delete("/.orang"));
  await Promise.all((await caches.keys()).filter((k) => k.startsWith(PAGES) && k !== PAGES + person).map((k) => caches.delete(k)));
};
const leave = async () => { turn++; await become("").then(() => turn++); };

// meet learns from an answer of the server who it was made for, and keeps it
// if it asks to be. An answer from before somebody came or went says nothing.
const meet = async (path, res, at, version) => {
  const person = res.headers.get("X-Lapak-Person");
  if (!person || at !== turn) return;
  await become(person === "-" ? "" : person);
  if (person === "-" || !res.ok || !res.headers.get("X-Lapak-Offline")) return;
  const c = await caches.open(PAGES + person), headers = new Headers(res.headers);
  headers.set("X-Lapak-Kept", version || "");
  for (const h of ["Content-Encoding", "Content-Length"]) headers.delete(h); // it is kept as it is read
  await c.put(path, new Response(await res.clone().arrayBuffer(), { headers }));
  const old = await c.keys();
  await Promise.all(old.slice(0, Math.max(0, old.length - MOST_PAGES)).map((r) => c.delete(r)));
};
const find = async (path) => {
  const person = await who();
  return person && await caches.has(PAGES + person) ? (await caches.open(PAGES + person)).match(path, { ignoreVary: true }) : undefined;
};
const calm = async () => await caches.match("/luring", { cacheName: SHELL }) || Response.error();

const page = async (e, path) => {
  const at = turn;
  const net = fetch(e.request).then(async (res) => { await meet(path, res, at); return res; });
  e.waitUntil(net.catch(() => {}));
  if (!await find(path)) return net.catch(calm);
  const slow = new Promise((ok) => { setTimeout(ok, PATIENCE); });
  const res = await Promise.race([net, slow]).catch(() => {});
  if (res && res.status < 502) return res;
  return await find(path) || net.catch(calm);
};
const door = async (e) => {
  await leave();
  try { return await fetch(e.request); } finally { await leave(); }
};
self.addEventListener("fetch", (e) => {
  const r = e.request, u = new URL(r.url);
  if (u.origin !== location.origin) return;
  if (r.method === "POST" && DOORS.test(u.pathname)) e.respondWith(door(e));
  else if (r.method !== "GET") return;
  else if (r.mode === "navigate") e.respondWith(page(e, u.pathname + u.search));
  else if (u.pathname.startsWith("/static/")) e.respondWith(caches.match(u.origin + u.pathname, { cacheName: ASSETS, ignoreVary: true }).then((kept) => kept || fetch(r)));
});

// A page asks to be kept, and those that it leads to, with all that they need.
const keep = async (list) => {
  const at = turn, c = await caches.open(ASSETS), needed = new Set();
  for (const { path, version, fresh } of list) {
    let kept = await find(path);
    if (fresh || !kept || version && kept.headers.get("X-Lapak-Kept") !== version) {
      await meet(path, await fetch(path, { credentials: "same-origin", redirect: "manual", headers: { Accept: "text/html" } }), at, version);
      kept = await find(path);
    }
    if (kept) for (const m of (await kept.text()).matchAll(/(?:src|href)="(\/static\/[^"#?]+)/g)) needed.add(location.origin + m[1]);
  }
  await Promise.all([...needed].map(async (u) => await c.match(u, { ignoreVary: true }) || c.add(u)));
  const old = await c.keys(); // the oldest first: those of past versions
  await Promise.all(old.slice(0, Math.max(0, old.length - MOST)).filter((r) => !needed.has(r.url)).map((r) => c.delete(r)));
};
self.addEventListener("message", (e) => {
  if (!e.data || !e.data.keep) return;
  e.waitUntil(keep(e.data.keep).catch(() => {}).then(() => e.ports[0]?.postMessage("kept")));
});

self.addEventListener("push", (e) => {
  let n = { title: "Lapak", body: "", path: "/hari-ini", tag: "" };
  try { n = { ...n, ...e.data.json() }; } catch { /* shown as it is */ }
  e.waitUntil(self.registration.showNotification(n.title, { body: n.body, icon: "/ikon.png", tag: n.tag, renotify: !!n.tag, data: n.path, lang: "id", vibrate: [200, 80, 200], requireInteraction: true }));
});
self.addEventListener("notificationclick", (e) => {
  e.notification.close();
  const path = String(e.notification.data || "/");
  if (!path.startsWith("/") || path.startsWith("//")) return;
  e.waitUntil(self.clients.matchAll({ type: "window" }).then((open) => {
    for (const w of open) if ("focus" in w) { w.navigate(path); return w.focus(); }
    return self.clients.openWindow(path);
  }));
});
