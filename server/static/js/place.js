// The small map of an interview: the point with its error, the village, the commune answered and that of the point.

import * as maplibre from "../vendor/maplibre/maplibre-gl.mjs";
import { colour, watchTheme } from "./theme.js";

const EARTH = 6_371_000; // metres
const place = document.getElementById("place-map");

/** A ring of `metres` around a point, in degrees. @param {[number, number]} centre @param {number} metres */
function ring([longitude, latitude], metres) {
  const north = ((metres / EARTH) * 180) / Math.PI;
  const east = north / Math.cos((latitude * Math.PI) / 180);
  const corners = Array.from({ length: 49 }, (_, at) => {
    const angle = (at / 48) * 2 * Math.PI;
    return [longitude + east * Math.cos(angle), latitude + north * Math.sin(angle)];
  });
  return { type: "Feature", properties: { kind: "accuracy" }, geometry: { type: "Polygon", coordinates: [corners] } };
}

/** @param {HTMLElement} container */
async function draw(container) {
  const shapes = await (await fetch(container.dataset.shapes ?? "")).json();
  if (shapes.features.length === 0) {
    container.textContent = container.dataset.empty ?? "";
    container.classList.add("failed");
    return;
  }
  const box = new maplibre.LngLatBounds();
  const walk = (/** @type {any} */ part) => (typeof part[0] === "number" ? box.extend(part) : part.forEach(walk));
  for (const feature of shapes.features) {
    walk(feature.geometry.coordinates);
    if (feature.properties.kind === "point" && feature.properties.accuracy) {
      shapes.features.push(ring(feature.geometry.coordinates, feature.properties.accuracy));
    }
  }
  maplibre.setWorkerUrl(new URL(container.dataset.worker ?? "", location.href).href);
  const map = new maplibre.Map({
    container,
    bounds: box,
    fitBoundsOptions: { padding: 24, maxZoom: 15 },
    attributionControl: false,
    dragRotate: false,
    scrollZoom: false,
    style: /** @type {any} */ ({ version: 8, sources: { place: { type: "geojson", data: shapes } }, layers: [] }),
  });
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  await new Promise((resolve) => map.once("load", resolve));
  const kind = (/** @type {string} */ name) => /** @type {any} */ (["==", ["get", "kind"], name]);
  map.addLayer({ id: "ground", type: "background" });
  map.addLayer({ id: "commune", type: "fill", source: "place", filter: kind("commune") });
  map.addLayer({ id: "gps-commune", type: "fill", source: "place", filter: kind("gps_commune") });
  map.addLayer({ id: "edge", type: "line", source: "place", filter: ["==", ["geometry-type"], "Polygon"], paint: { "line-width": 1 } });
  map.addLayer({ id: "accuracy", type: "fill", source: "place", filter: kind("accuracy"), paint: { "fill-opacity": 0.35 } });
  map.addLayer({ id: "village", type: "circle", source: "place", filter: kind("village"), paint: { "circle-radius": 4 } });
  map.addLayer({ id: "point", type: "circle", source: "place", filter: kind("point"), paint: { "circle-radius": 6, "circle-stroke-width": 1.5 } });
  const paint = () => {
    map.setPaintProperty("ground", "background-color", colour("--map-ground"));
    map.setPaintProperty("commune", "fill-color", colour("--map-2"));
    map.setPaintProperty("gps-commune", "fill-color", colour("--look-soft"));
    map.setPaintProperty("edge", "line-color", colour("--map-line"));
    map.setPaintProperty("accuracy", "fill-color", colour("--map-circle"));
    map.setPaintProperty("village", "circle-color", colour("--map-label"));
    map.setPaintProperty("point", "circle-color", colour("--map-circle"));
    map.setPaintProperty("point", "circle-stroke-color", colour("--map-circle-line"));
  };
  paint();
  watchTheme(paint);
  container.dataset.ready = "true";
}

if (place) {
  draw(place).catch((error) => {
    place.textContent = place.dataset.failed ?? "";
    place.classList.add("failed");
    console.error("map:", error instanceof Error ? error.message : error);
  });
}
