/* Draws the first picture of the map, beside the page (see mosaicos-early.js); says whether it could. */
"use strict";

const LEAST_ZOOM = 3;
const MOST_ZOOM = 13;
const ZOOM_STEP = 0.1;

const { toX, toY, flatten, Shape, penOf, drawShapes, lookOf } = mosaicosDrawing;

/* Zoom and middle that show bounds whole, as the map's own `zoomTo` finds them. */
const fitted = ([[south, west], [north, east]], width, height, legend) => {
  const left = 18 + legend;
  const box = [toX(west), toY(north), toX(east), toY(south)];
  const room = [width - left - 18, height - 18 - 36];
  const most = Math.log2(Math.min(room[0] / (box[2] - box[0]), room[1] / (box[3] - box[1])));
  const exact = Math.round(most / (ZOOM_STEP / 100)) * (ZOOM_STEP / 100);
  const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, Math.floor(exact / ZOOM_STEP) * ZOOM_STEP));
  const scale = 2 ** zoom;
  // the middle of the bounds lies in the middle of the room
  const origin = {
    x: Math.round(((box[0] + box[2]) / 2) * scale - (left + room[0] / 2)),
    y: Math.round(((box[1] + box[3]) / 2) * scale - (18 + room[1] / 2)),
  };
  return { zoom, origin };
};

const seenFrom = ([latitude, longitude, asked], width, height) => {
  const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, asked));
  const scale = 2 ** zoom;
  return { zoom, origin: { x: Math.round(toX(longitude) * scale - width / 2), y: Math.round(toY(latitude) * scale - height / 2) } };
};

const load = async (address) => {
  const response = await fetch(address, { priority: "high" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
};

const draw = async ({ canvas, width, height, ratio, legend, ...told }) => {
  const { codes, hatched, near, bounds, view } = told;
  const mesh = await load(told.mesh);
  const flat = flatten(mesh);
  // the land first, as one shape; whatever is not linked looks like it
  const shapes = [mesh.land, ...mesh.territories].map((arcs) => new Shape({ type: "Polygon", arcs }, flat));
  const { zoom, origin } = view ? seenFrom(view, width, height) : fitted(bounds, width, height, legend);
  const isNear = near || zoom >= told.nearZoom;
  const isHatched = new Set(hatched);
  const known = new Map();
  const look = (place) => {
    const key = codes[place] + (isHatched.has(place) ? "/" : "");
    if (!known.has(key)) known.set(key, lookOf(told, codes[place], isNear, isHatched.has(place)));
    return known.get(key);
  };
  const ink = canvas.getContext("2d");
  ink.scale(ratio, ratio);
  const pen = penOf(ink, flat, { zoom, origin, sight: [0, 0, width, height] });
  drawShapes(pen, shapes.slice(0, 1), [{ ...lookOf(told, "N", isNear, false), stroke: false }]);
  drawShapes(pen, shapes.slice(1), mesh.territories.map((_, place) => look(place)));
};

addEventListener("message", ({ data }) => {
  draw(data).then(
    () => requestAnimationFrame(() => postMessage(true)), // it is seen now
    () => postMessage(false),
  );
});
