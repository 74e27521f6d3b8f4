// The service worker: shows news that the server sends, and a calm page when
// there is no internet. It keeps no page of a person.
"use strict";
const SHELL = "lapak-1";
self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(SHELL).then((c) => c.add("/luring")).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (e) => {
  e.waitUntil(caches.keys().then((keys) => Promise.all(keys.filter((k) => k !== SHELL).map((k) => caches.delete(k)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (e) => {
  if (e.request.mode !== "navigate" || e.request.method !== "GET") return;
  e.respondWith(fetch(e.request).catch(() => caches.match("/luring").then((r) => r || Response.error())));
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
