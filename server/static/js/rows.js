// The current row of a table with the id `queue`, as keys and clicks move it. Without the table there is none.

const table = document.getElementById("queue");

/** Rows of the table as they stand now. */
export function rows() {
  return /** @type {HTMLTableRowElement[]} */ ([...(table?.querySelectorAll("tbody tr") ?? [])]);
}

/** @param {HTMLElement | null | undefined} row @param {boolean} [focus] */
export function choose(row, focus = true) {
  if (!row) return;
  for (const other of table?.querySelectorAll("tr.current") ?? []) other.classList.remove("current");
  row.classList.add("current");
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
}

/** @param {number} step */
export function move(step) {
  const all = rows();
  const at = all.findIndex((row) => row.classList.contains("current"));
  choose(all[Math.min(all.length - 1, Math.max(0, at + step))]);
}
