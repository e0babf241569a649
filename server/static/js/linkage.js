// Keys of the linkage desk and of the list of households not found. Every key does what a button or link on the page does:
// `data-key` (and `data-also`) name the key of the whole page, `data-row-key` that of the current row.

import { open } from "./dialog.js";
import { choose, move, rows } from "./rows.js";

const list = document.getElementById("queue");

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
