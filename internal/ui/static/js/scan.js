// Reads the bars of a label with the phone's camera, where its browser can:
// video[data-scan=field]. Elsewhere the field is typed into, or a keyboard
// scanner types. The camera stays open over the pages of one sitting.
"use strict";
(() => {
  const video = document.querySelector("video[data-scan]");
  const button = document.querySelector("[data-scan-open]");
  const field = video && document.getElementById(video.dataset.scan);
  if (!field || !button || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const KEY = "scan", LAST = "scan-last";
  let stream = null;
  const stop = () => {
    for (const t of stream?.getTracks() ?? []) t.stop();
    stream = null; video.hidden = true; sessionStorage.removeItem(KEY);
  };
  const start = async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch { return stop(); }
    sessionStorage.setItem(KEY, "1");
    video.srcObject = stream; video.hidden = false;
    await video.play();
    const detector = new BarcodeDetector({ formats: ["code_128"] });
    while (stream) {
      const found = await detector.detect(video).catch(() => []);
      const code = found[0]?.rawValue;
      if (code && code !== sessionStorage.getItem(LAST)) { // the same label is still in view
        sessionStorage.setItem(LAST, code);
        navigator.vibrate?.(60);
        field.value = code;
        field.form.requestSubmit();
        return;
      }
      await new Promise((ok) => setTimeout(ok, 150));
    }
  };
  button.hidden = false;
  button.addEventListener("click", () => { sessionStorage.removeItem(LAST); stream ? stop() : start(); });
  addEventListener("pagehide", () => { for (const t of stream?.getTracks() ?? []) t.stop(); stream = null; });
  if (sessionStorage.getItem(KEY)) start();
})();
