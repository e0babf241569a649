// The province's map: shapes once, figures again with each choice. All words come from the page.

import * as maplibre from "../vendor/maplibre/maplibre-gl.mjs";
import { colour, hatching, watchTheme } from "./theme.js";

/** @typedef {{name: string, colour: number, radius: number, hatched: boolean, count: string, lines: string[]}} Drawn */

const FONT = "Be Vietnam Pro";
const COLOURS = ["--map-zero", "--map-1", "--map-2", "--map-3", "--map-4", "--map-5", "--map-unknown"];
const place = /** @type {HTMLElement | null} */ (document.getElementById("map"));

/** @returns {Record<string, Drawn>} */
function values() {
  return JSON.parse(document.getElementById("map-values")?.textContent ?? "{}");
}

/** @param {HTMLElement} container */
async function draw(container) {
  const shapes = await (await fetch(container.dataset.shapes ?? "")).json();
  const points = {
    type: /** @type {const} */ ("FeatureCollection"),
    features: shapes.features.map((/** @type {any} */ feature) => ({
      type: "Feature",
      properties: { ...feature.properties, short: feature.properties.name.replace(/^(Xã|Phường|Thị trấn) | (Commune|Ward|Township)$/, "") },
      geometry: { type: "Point", coordinates: [feature.properties.longitude, feature.properties.latitude] },
    })),
  };
  let drawn = values();
  const box = bounds(shapes);
  maplibre.setWorkerUrl(new URL(container.dataset.worker ?? "", location.href).href);
  const map = new maplibre.Map({
    container,
    bounds: box,
    fitBoundsOptions: { padding: 16 },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    cooperativeGestures: false,
    locale: {
      "NavigationControl.ZoomIn": container.dataset.zoomIn ?? "",
      "NavigationControl.ZoomOut": container.dataset.zoomOut ?? "",
    },
    style: /** @type {any} */ ({
      version: 8,
      // No `glyphs`: labels are drawn from the page's own typeface.
      "font-faces": { [FONT]: new URL(container.dataset.font ?? "", location.href).href },
      sources: {
        communes: { type: "geojson", data: shapes, promoteId: "commune_code" },
        points: { type: "geojson", data: points, promoteId: "commune_code" },
      },
      layers: [],
    }),
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  await new Promise((resolve) => map.once("load", resolve));

  addLayers(map);
  paint(map);
  show(map, drawn);
  watchTheme(() => paint(map));
  let selected = document.querySelector("#panel [data-code]")?.getAttribute("data-code") ?? "";
  select(selected);

  /** @param {string} code */
  function select(code) {
    if (selected) map.setFeatureState({ source: "communes", id: selected }, { selected: false });
    selected = code;
    if (code) map.setFeatureState({ source: "communes", id: code }, { selected: true });
    for (const row of document.querySelectorAll("#communes tbody tr")) {
      row.classList.toggle("current", row.getAttribute("data-code") === code);
    }
  }

  document.addEventListener("htmx:after:swap", () => {
    const now = document.querySelector("#panel [data-code]")?.getAttribute("data-code") ?? "";
    drawn = values();
    show(map, drawn);
    select(now);
  });
  followPointer(map, container, () => drawn);
  // Kept for tests and for the curious: the map that is on the page.
  Object.assign(container, { map });
  container.dataset.ready = "true";
}

/** @param {any} shapes @returns {maplibre.LngLatBoundsLike} */
function bounds(shapes) {
  const box = new maplibre.LngLatBounds();
  const walk = (/** @type {any} */ part) => (typeof part[0] === "number" ? box.extend(part) : part.forEach(walk));
  for (const feature of shapes.features) if (feature.geometry) walk(feature.geometry.coordinates);
  return box;
}

/** @param {maplibre.Map} map */
function addLayers(map) {
  map.addLayer({ id: "ground", type: "background" });
  map.addLayer({ id: "rate", type: "fill", source: "communes" });
  map.addLayer({ id: "unfinished", type: "fill", source: "communes", filter: ["in", ["get", "commune_code"], ["literal", []]] });
  map.addLayer({ id: "edge", type: "line", source: "communes", paint: { "line-width": 0.8 } });
  map.addLayer({
    id: "chosen",
    type: "line",
    source: "communes",
    paint: {
      "line-width": ["case", ["boolean", ["feature-state", "selected"], false], 3, ["boolean", ["feature-state", "hover"], false], 2, 0],
    },
  });
  map.addLayer({
    id: "count",
    type: "circle",
    source: "points",
    paint: {
      "circle-radius": [
        "interpolate", ["exponential", 1.6], ["zoom"],
        7.5, ["*", 0.4, ["coalesce", ["feature-state", "radius"], 0]],
        8.5, ["*", 0.75, ["coalesce", ["feature-state", "radius"], 0]],
        9.5, ["coalesce", ["feature-state", "radius"], 0],
        12, ["*", 2, ["coalesce", ["feature-state", "radius"], 0]],
      ],
      "circle-opacity": 0.82,
      "circle-stroke-width": ["case", [">", ["coalesce", ["feature-state", "radius"], 0], 0], 1, 0],
    },
  });
  map.addLayer({
    id: "names",
    type: "symbol",
    source: "points",
    minzoom: 9.4,
    layout: {
      "text-field": ["get", "short"],
      "text-font": [FONT],
      "text-size": ["interpolate", ["linear"], ["zoom"], 9.4, 10, 12, 14],
      "text-variable-anchor": ["bottom", "top", "left", "right"],
      "text-radial-offset": 0.9,
      "text-max-width": 7,
    },
    paint: { "text-halo-width": 1.4 },
  });
}

/** Colours of the theme in force. @param {maplibre.Map} map */
function paint(map) {
  map.setPaintProperty("ground", "background-color", colour("--map-ground"));
  const scale = COLOURS.flatMap((name, at) => [at, colour(name)]);
  map.setPaintProperty("rate", "fill-color", /** @type {any} */ (["match", ["coalesce", ["feature-state", "colour"], 6], ...scale, colour("--map-unknown")]));
  map.setPaintProperty("edge", "line-color", colour("--map-line"));
  map.setPaintProperty("chosen", "line-color", colour("--map-label"));
  map.setPaintProperty("count", "circle-color", colour("--map-circle"));
  map.setPaintProperty("count", "circle-stroke-color", colour("--map-circle-line"));
  map.setPaintProperty("names", "text-color", colour("--map-label"));
  map.setPaintProperty("names", "text-halo-color", colour("--map-halo"));
  if (map.hasImage("hatching")) map.removeImage("hatching");
  map.addImage("hatching", hatching(colour("--map-hatch")), { pixelRatio: 2 });
  map.setPaintProperty("unfinished", "fill-pattern", "hatching");
}

/** @param {maplibre.Map} map @param {Record<string, Drawn>} drawn */
function show(map, drawn) {
  for (const [code, one] of Object.entries(drawn)) {
    map.setFeatureState({ source: "communes", id: code }, { colour: one.colour });
    map.setFeatureState({ source: "points", id: code }, { radius: one.radius });
  }
  const hatched = Object.keys(drawn).filter((code) => drawn[code].hatched);
  map.setFilter("unfinished", ["in", ["get", "commune_code"], ["literal", hatched]]);
}

/**
 * The tooltip under the pointer, and a click as a click on the table's link.
 * @param {maplibre.Map} map
 * @param {HTMLElement} container
 * @param {() => Record<string, Drawn>} drawn
 */
function followPointer(map, container, drawn) {
  const tip = /** @type {HTMLElement} */ (container.querySelector("#tip"));
  let hovered = "";
  /** @param {string} code */
  function hover(code) {
    if (code === hovered) return;
    if (hovered) map.setFeatureState({ source: "communes", id: hovered }, { hover: false });
    if (code) map.setFeatureState({ source: "communes", id: code }, { hover: true });
    hovered = code;
    map.getCanvas().classList.toggle("over", code !== "");
    tip.hidden = code === "" || !(code in drawn());
    if (tip.hidden) return;
    const one = drawn()[code];
    const name = document.createElement("strong");
    name.textContent = one.name;
    tip.replaceChildren(name, ...[one.count, ...one.lines].map((line) => Object.assign(document.createElement("span"), { textContent: line })));
  }
  map.on("mousemove", "rate", (event) => {
    hover(String(event.features?.[0]?.properties.commune_code ?? ""));
    const left = event.point.x + 14 + tip.offsetWidth > container.clientWidth;
    tip.style.transform = `translate(${left ? event.point.x - 14 - tip.offsetWidth : event.point.x + 14}px, ${Math.min(event.point.y + 14, container.clientHeight - tip.offsetHeight - 4)}px)`;
  });
  map.on("mouseleave", "rate", () => hover(""));
  map.on("click", "rate", (event) => {
    const code = event.features?.[0]?.properties.commune_code;
    /** @type {HTMLElement | null} */ (document.querySelector(`#communes a[data-commune="${code}"]`))?.click();
  });
}

/** The panel: focused when it opens, closed by Escape or its link. */
function panels() {
  const panel = document.getElementById("panel");
  document.addEventListener("htmx:after:swap", () => {
    const card = panel?.querySelector("[data-code]");
    if (card && document.activeElement?.matches("a[data-commune]")) panel?.focus({ preventScroll: false });
  });
  const close = () => {
    const code = panel?.querySelector("[data-code]")?.getAttribute("data-code");
    if (!panel || !code) return;
    panel.replaceChildren();
    document.dispatchEvent(new Event("htmx:after:swap"));
    /** @type {HTMLElement | null} */ (document.querySelector(`#communes a[data-commune="${code}"]`))?.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.addEventListener("click", (event) => {
    if (/** @type {Element} */ (event.target).closest("#panel-close")) {
      event.preventDefault();
      close();
    }
  });
}

panels();
if (place) {
  draw(place).catch((error) => {
    place.textContent = place.dataset.failed ?? "";
    place.classList.add("failed");
    console.error("map:", error instanceof Error ? error.message : error);
  });
}
