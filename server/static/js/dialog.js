// A button with `data-open` opens the dialog it names, one with `data-close` closes the dialog it stands in.
// A page that has to prepare a dialog first listens to `before-open` on it and may refuse.

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const opener = /** @type {HTMLElement | null} */ (target.closest("[data-open]"));
  if (opener) open(opener.dataset.open ?? "");
  if (target.closest("[data-close]")) target.closest("dialog")?.close();
});

/** @param {string} id */
export function open(id) {
  const box = document.getElementById(id);
  if (!(box instanceof HTMLDialogElement) || box.open) return;
  if (box.dispatchEvent(new CustomEvent("before-open", { bubbles: true, cancelable: true }))) box.showModal();
}
