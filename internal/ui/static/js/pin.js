// A keypad for input[data-pin]: big buttons in place of the phone's keyboard.
// The form goes off with the last digit. data-pin is the word for erasing.
"use strict";
for (const inp of document.querySelectorAll("input[data-pin]")) {
  const pad = document.createElement("div");
  pad.className = "pinpad";
  const key = (text, label, press) => {
    const b = document.createElement("button");
    b.type = "button"; b.className = "btn"; b.textContent = text;
    if (label) b.setAttribute("aria-label", label);
    b.addEventListener("click", press);
    pad.append(b);
  };
  const type = (d) => () => {
    if (inp.form.dataset.sent || inp.value.length >= inp.maxLength) return;
    inp.value += d;
    done();
  };
  const done = () => {
    if (inp.value.length < inp.maxLength || inp.form.dataset.sent) return;
    inp.form.requestSubmit(); // which marks the form as sent
  };
  for (const d of "123456789") key(d, "", type(d));
  pad.append(document.createElement("span"));
  key("0", "", type("0"));
  key("\u232B", inp.dataset.pin, () => { inp.value = inp.value.slice(0, -1); });
  inp.closest(".field").after(pad);
  inp.autofocus = false; inp.blur();
  inp.inputMode = "none"; // the keypad stands here already; a keyboard of keys still types
  inp.addEventListener("input", done);
  addEventListener("pageshow", (e) => { if (e.persisted) inp.value = ""; }); // back again by the arrow
}
