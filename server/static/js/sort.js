// A table with class `sortable` sorts by the buttons in its heads. Each row says its values in `data-values` (JSON by
// the column's `data-sort`); null, which is not known, always goes last. `aria-sort` says how it stands.

const order = new Intl.Collator(document.documentElement.lang, { numeric: true });

/** @param {HTMLTableRowElement} row @param {string} key */
function valueOf(row, key) {
  return JSON.parse(row.dataset.values ?? "{}")[key] ?? null;
}

/**
 * @param {string | number | null} a
 * @param {string | number | null} b
 * @param {number} direction 1 up, -1 down
 */
export function compare(a, b, direction) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return (a - b) * direction;
  return order.compare(String(a), String(b)) * direction;
}

/** @param {HTMLTableCellElement} head */
function sortBy(head) {
  const table = /** @type {HTMLTableElement} */ (head.closest("table"));
  const body = table.tBodies[0];
  const key = head.dataset.sort ?? "";
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, key) }));
  // Numbers are first asked for from the greatest, names from A.
  const first = rows.some(({ value }) => typeof value === "number") && key !== "rank" ? "descending" : "ascending";
  const before = head.getAttribute("aria-sort");
  const now = before === null ? first : before === "ascending" ? "descending" : "ascending";
  rows.sort((a, b) => compare(a.value, b.value, now === "ascending" ? 1 : -1));
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", now);
  body.append(...rows.map(({ row }) => row));
}

document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("table.sortable th[data-sort] button");
  if (button) sortBy(/** @type {HTMLTableCellElement} */ (button.closest("th")));
});
