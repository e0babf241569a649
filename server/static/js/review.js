// Keys of the queue and of the interview's page. Every key does what a button on the page does.

import { open } from "./dialog.js";
import { choose, move, rows } from "./rows.js";

const queue = document.getElementById("queue");

/** @returns {HTMLElement | null} the row, or the interview, that a key speaks of */
function current() {
  return queue ? queue.querySelector("tr.current") : document.getElementById("decision");
}

/** @param {string} selector */
function press(selector) {
  /** @type {HTMLElement | null | undefined} */ (current()?.querySelector(selector))?.click();
}

// A dialog that decides is for the interview that is current: on a row that waits, or on the interview's page.
document.addEventListener("before-open", (event) => {
  const form = /** @type {HTMLElement} */ (event.target).querySelector("form");
  if (!form?.dataset.action) return;
  const of = current();
  const decidable = of?.querySelector("button.approve") || form.dataset.action === "comment";
  if (!of?.dataset.id || !decidable) {
    event.preventDefault();
    return;
  }
  form.reset();
  form.querySelector("[role=alert]")?.replaceChildren();
  form.action = `/interviews/${encodeURIComponent(of.dataset.id)}/${form.dataset.action}${location.search}`;
  /** @type {HTMLInputElement} */ (form.elements.namedItem("version")).value = of.dataset.version ?? "";
});

/** Send a dialog's form and put what comes back in the place of the row or the decision. @param {HTMLFormElement} form */
async function send(form) {
  const of = current();
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(/** @type {any} */ (new FormData(form))),
    headers: { "HX-Request": "true", Accept: "text/html" },
  });
  const text = await answer.text();
  if (!of || !answer.ok) {
    /** @type {HTMLElement} */ (form.querySelector("[role=alert]") ?? form.appendChild(Object.assign(document.createElement("div"), { role: "alert" }))).innerHTML = text;
    return;
  }
  form.closest("dialog")?.close();
  const made = document.createElement("template");
  made.innerHTML = text.trim();
  const fresh = /** @type {HTMLElement} */ (made.content.firstElementChild);
  of.replaceWith(fresh);
  // htmx has to learn of the forms in what it did not fetch itself.
  /** @type {any} */ (window).htmx.process(fresh);
  settled(fresh);
}

/** After a decision: in the queue, on to the next that waits. @param {HTMLElement} fresh */
function settled(fresh) {
  if (!queue) return;
  const all = rows();
  const at = all.findIndex((row) => row === fresh);
  choose(all.slice(at + 1).find((row) => row.querySelector("button.approve")) ?? all[at]);
}

/** @type {Record<string, () => void>} */
const keys = {
  a: () => press("button.approve"),
  r: () => open("return-dialog"),
  x: () => open("reject-dialog"),
  c: () => open("comment-dialog"),
  u: () => {
    // In the queue the row just decided is above the current one.
    if (current()?.querySelector("button.undo")) press("button.undo");
    else /** @type {HTMLElement | null} */ (last && document.querySelector(`[data-id="${CSS.escape(last)}"] button.undo`))?.click();
  },
  "?": () => open("help-dialog"),
};
if (queue) {
  keys.j = () => move(1);
  keys.k = () => move(-1);
  keys["/"] = () => document.getElementById("search")?.focus();
} else {
  keys.n = () => document.getElementById("next")?.click();
}
/** The interview decided last, for undo. */
let last = "";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const box = target.closest("dialog[open]");
  if (box) {
    // A digit chooses the reason unless a note is being written.
    const choice = /^[0-9]$/.test(event.key) && !target.matches("textarea") ? box.querySelector(`input[type=radio][value="${event.key}"]`) : null;
    if (choice) {
      event.preventDefault();
      /** @type {HTMLInputElement} */ (choice).checked = true;
      /** @type {HTMLElement | null} */ (event.key === "9" ? box.querySelector("textarea") : box.querySelector("button.primary"))?.focus();
    }
    return;
  }
  if (target.matches("input, select, textarea") || target.isContentEditable) return;
  if (event.key === "Enter" && target.matches("tr")) {
    /** @type {HTMLElement | null} */ (target.querySelector("a.open"))?.click();
    return;
  }
  const act = keys[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  }
});

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const row = /** @type {HTMLElement | null} */ (target.closest("#queue tbody tr"));
  if (row && !target.closest("a, button")) choose(row);
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const of = form.closest("[data-id]");
  if (of) last = of.getAttribute("data-id") ?? "";
  if (!form.closest("dialog") || !form.dataset.action) return;
  event.preventDefault();
  last = current()?.dataset.id ?? "";
  send(form).catch(() => form.submit());
});

document.addEventListener("change", (event) => {
  const form = /** @type {HTMLElement} */ (event.target).closest("form[data-submit-on-change]");
  if (form) /** @type {HTMLFormElement} */ (form).requestSubmit();
});

// What htmx put in the place of a row: go on from there.
document.addEventListener("htmx:after:swap", () => {
  const fresh = last ? /** @type {HTMLElement | null} */ (document.querySelector(`#queue [data-id="${CSS.escape(last)}"]`)) : null;
  if (fresh) settled(fresh);
});

choose(rows()[0], false);
