// Keys of the linkage desk and of the list of households not found. Every key does what a button or link on the page does:
// `data-key` (and `data-also`) name the key of the whole page, `data-row-key` that of the current row.

import { open } from "./dialog.js";

const list = document.getElementById("queue");

function rows() {
  return /** @type {HTMLTableRowElement[]} */ ([...(list?.querySelectorAll("tbody tr") ?? [])]);
}

/** @param {HTMLElement | undefined} row @param {boolean} [focus] */
function choose(row, focus = true) {
  if (!row) return;
  for (const other of rows()) other.classList.toggle("current", other === row);
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
}

/** @param {number} step */
function move(step) {
  const all = rows();
  const at = all.findIndex((row) => row.classList.contains("current"));
  choose(all[Math.min(all.length - 1, Math.max(0, at + step))]);
}

/** @param {string} key @returns {HTMLElement | null | undefined} what on the page the key presses */
function pressed(key) {
  const name = CSS.escape(key);
  if (list) {
    const row = list.querySelector("tr.current");
    const own = row?.querySelector(`[data-row-key="${name}"]`);
    // The household just explained is no longer the current one: undo takes back the first that can be.
    return /** @type {HTMLElement | null} */ (own ?? (key === "u" ? list.querySelector('[data-row-key="u"]') : null));
  }
  return document.querySelector(`[data-key="${name}"], [data-also="${name}"]`);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("dialog[open]") || target.matches("input, select, textarea")) return;
  const key = event.key.toLowerCase();
  // Space and Enter press what is focused.
  if ((key === " " || key === "enter") && target.closest("a, button, summary")) return;
  if (key === "?") {
    event.preventDefault();
    open("help-dialog");
    return;
  }
  if (list && (key === "j" || key === "k")) {
    event.preventDefault();
    move(key === "j" ? 1 : -1);
    return;
  }
  const found = pressed(key);
  if (found) {
    event.preventDefault();
    found.click();
  }
});

document.addEventListener("change", (event) => {
  const form = /** @type {HTMLElement} */ (event.target).closest("form[data-submit-on-change]");
  if (form) /** @type {HTMLFormElement} */ (form).requestSubmit();
});

choose(rows()[0], false);
