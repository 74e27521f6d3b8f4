// Finds a village or district while typing: input[data-combobox] keeps the words,
// the hidden input named by data-target keeps the code.
"use strict";
for (const inp of document.querySelectorAll("input[data-combobox]")) {
  const target = document.getElementById(inp.dataset.target);
  const list = document.createElement("ul");
  list.id = inp.id + "-list"; list.setAttribute("role", "listbox"); list.hidden = true;
  inp.parentElement.classList.add("list-suggest");
  inp.parentElement.append(list);
  for (const [k, v] of Object.entries({ role: "combobox", "aria-controls": list.id, "aria-expanded": "false", "aria-autocomplete": "list", autocomplete: "off" })) inp.setAttribute(k, v);
  for (const b of document.querySelectorAll(`[data-combobox-button="${inp.id}"]`)) b.hidden = true;
  let items = [], at = -1, timer, ask;
  const close = () => { list.hidden = true; inp.setAttribute("aria-expanded", "false"); inp.removeAttribute("aria-activedescendant"); at = -1; };
  const choose = (i) => {
    inp.value = items[i].label; target.value = items[i].code; close();
    target.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const mark = (i) => {
    at = i;
    [...list.children].forEach((li, n) => li.setAttribute("aria-selected", n === i));
    if (i >= 0) { inp.setAttribute("aria-activedescendant", list.children[i].id); list.children[i].scrollIntoView({ block: "nearest" }); }
  };
  const show = (rows) => {
    items = rows;
    list.replaceChildren(...rows.map((r, i) => {
      const li = document.createElement("li");
      li.id = list.id + i; li.setAttribute("role", "option"); li.textContent = r.label;
      li.addEventListener("pointerdown", (e) => { e.preventDefault(); choose(i); });
      return li;
    }));
    list.hidden = !rows.length;
    inp.setAttribute("aria-expanded", String(!!rows.length));
    if (rows.length) mark(0);
  };
  inp.addEventListener("input", () => {
    target.value = "";
    clearTimeout(timer);
    if (inp.value.trim().length < 3) return close();
    timer = setTimeout(async () => {
      ask?.abort(); ask = new AbortController();
      try {
        const r = await fetch(inp.dataset.combobox + encodeURIComponent(inp.value), { headers: { Accept: "application/json" }, signal: ask.signal });
        if (r.ok) show(await r.json());
      } catch { /* without signal the form's own search remains */ }
    }, 150);
  });
  inp.addEventListener("keydown", (e) => {
    if (list.hidden) return;
    if (e.key === "ArrowDown") { mark((at + 1) % items.length); e.preventDefault(); }
    else if (e.key === "ArrowUp") { mark((at + items.length - 1) % items.length); e.preventDefault(); }
    else if (e.key === "Enter" && at >= 0) { choose(at); e.preventDefault(); }
    else if (e.key === "Escape") close();
  });
  inp.addEventListener("blur", close);
}
