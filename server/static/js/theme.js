// The theme's colours for what is drawn on a canvas.

/** A colour token as it stands now, resolved for the theme. @param {string} name */
export function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** Slanted lines as an image that repeats without a seam. @param {string} ink */
export function hatching(ink) {
  const size = 16;
  const canvas = new OffscreenCanvas(size, size);
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.strokeStyle = ink;
  pen.lineWidth = 2;
  for (const start of [-size, 0, size]) {
    pen.moveTo(start, size);
    pen.lineTo(start + size, 0);
  }
  pen.stroke();
  return pen.getImageData(0, 0, size, size);
}

/** Call when the system's theme changes (a choice on the page loads it anew). @param {() => void} then */
export function watchTheme(then) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", then);
}
