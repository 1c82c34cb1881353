/* Drawing the arcs of a topology on a canvas, without Leaflet: for the map's layers and for the first picture of a page,
 * which a worker draws before there is a map.
 *
 * Arcs are flat numbers, projected once, thinned once for each zoom, and each border is stroked once. A shape has an `id`,
 * `properties`, `rings` (numbers of arcs) and a `box` in pixels of the world at zoom 0.
 */
(() => {
  "use strict";

  const WORLD = 256; // pixels of the world's width at zoom 0
  const LEAST_STEP = 0.7; // pixels between two corners: nobody sees a nearer one
  const KEPT_ZOOMS = 8;
  const PORTION = 50; // shapes that are filled together

  /* Degrees in pixels of the world at zoom 0 (Web Mercator). */
  const toX = (longitude) => (longitude / 360 + 0.5) * WORLD;
  const toY = (latitude) => (0.5 - Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) / (2 * Math.PI)) * WORLD;

  /* The arcs of a topology in pixels of the world at zoom 0. */
  const flatten = ({ arcs, transform: { scale, translate } }) => {
    const starts = new Uint32Array(arcs.length + 1);
    arcs.forEach((arc, number) => (starts[number + 1] = starts[number] + arc.length));
    const xs = new Float64Array(starts[arcs.length]);
    const ys = new Float64Array(starts[arcs.length]);
    let place = 0;
    for (const arc of arcs) {
      let [x, y] = [0, 0];
      for (const step of arc) {
        x += step[0];
        y += step[1];
        xs[place] = toX(x * scale[0] + translate[0]);
        ys[place] = toY(y * scale[1] + translate[1]);
        place += 1;
      }
    }
    return { starts, xs, ys, zooms: new Map(), boxes: null };
  };

  /* Left, top, right and bottom of each arc, one after the other. */
  const boxesOf = (flat) => {
    if (flat.boxes) return flat.boxes;
    const { starts, xs, ys } = flat;
    const boxes = new Float64Array(4 * (starts.length - 1));
    for (let arc = 0; arc + 1 < starts.length; arc += 1) {
      let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let corner = starts[arc]; corner < starts[arc + 1]; corner += 1) {
        if (xs[corner] < left) left = xs[corner];
        if (ys[corner] < top) top = ys[corner];
        if (xs[corner] > right) right = xs[corner];
        if (ys[corner] > bottom) bottom = ys[corner];
      }
      boxes.set([left, top, right, bottom], 4 * arc);
    }
    flat.boxes = boxes;
    return boxes;
  };

  /* Corners to draw at a zoom: of each arc its ends, and those between that are far enough from the one before. */
  const thin = (flat, zoom) => {
    if (flat.zooms.has(zoom)) return flat.zooms.get(zoom);
    const { starts, xs, ys } = flat;
    const least = (LEAST_STEP / 2 ** zoom) ** 2;
    const corners = new Uint32Array(xs.length);
    const begins = new Uint32Array(starts.length);
    let count = 0;
    for (let arc = 0; arc + 1 < starts.length; arc += 1) {
      begins[arc] = count;
      const end = starts[arc + 1] - 1;
      let last = starts[arc];
      corners[count++] = last;
      for (let corner = last + 1; corner < end; corner += 1) {
        if ((xs[corner] - xs[last]) ** 2 + (ys[corner] - ys[last]) ** 2 < least) continue;
        corners[count++] = last = corner;
      }
      corners[count++] = end;
    }
    begins[starts.length - 1] = count;
    if (flat.zooms.size >= KEPT_ZOOMS) flat.zooms.clear();
    const thinned = { corners, begins };
    flat.zooms.set(zoom, thinned);
    return thinned;
  };

  class Shape {
    constructor(object, flat) {
      this.object = object;
      this.id = object.id;
      this.properties = object.properties;
      const parts = object.type === "Polygon" ? [object.arcs] : object.arcs || [];
      this.rings = parts.flat();
      const boxes = boxesOf(flat);
      let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
      for (const ring of this.rings) {
        for (const signed of ring) {
          const at = 4 * (signed < 0 ? ~signed : signed);
          left = Math.min(left, boxes[at]);
          top = Math.min(top, boxes[at + 1]);
          right = Math.max(right, boxes[at + 2]);
          bottom = Math.max(bottom, boxes[at + 3]);
        }
      }
      this.box = [left, top, right, bottom];
    }
  }

  /* A pen that draws arcs. `origin` is the canvas's zero in pixels of the world at the zoom; `sight` are left, top, right
   * and bottom of what is seen, counted from there. */
  const penOf = (ink, flat, { zoom, origin, sight }) => {
    const scale = 2 ** zoom;
    const { corners, begins } = thin(flat, zoom);
    const { xs, ys } = flat;
    const seen = sight.map((side, at) => (side + (at % 2 ? origin.y : origin.x)) / scale);
    return {
      ink,
      isSeen: ([left, top, right, bottom]) => left <= seen[2] && right >= seen[0] && top <= seen[3] && bottom >= seen[1],
      /* Go along an arc, backwards where its number is complemented; its first corner is where the pen stands. */
      follow: (signed, isFirst) => {
        const arc = signed < 0 ? ~signed : signed;
        const [from, to] = [begins[arc], begins[arc + 1]];
        for (let step = isFirst ? 0 : 1; step < to - from; step += 1) {
          const corner = corners[signed < 0 ? to - 1 - step : from + step];
          const x = xs[corner] * scale - origin.x;
          const y = ys[corner] * scale - origin.y;
          if (step === 0) ink.moveTo(x, y);
          else ink.lineTo(x, y);
        }
      },
    };
  };

  const stroke = (ink, { color, weight, opacity = 1, dashArray = null }) => {
    ink.setLineDash(dashArray ? dashArray.split(" ").map(Number) : []);
    ink.globalAlpha = opacity;
    ink.lineWidth = weight;
    ink.strokeStyle = color;
    ink.lineCap = ink.lineJoin = "round";
    ink.stroke();
    ink.globalAlpha = 1;
    ink.setLineDash([]);
  };

  const inPortions = (listed) => {
    const portions = [];
    for (let at = 0; at < listed.length; at += PORTION) portions.push(listed.slice(at, at + PORTION).flat());
    return portions;
  };

  /* Fill the rings of each portion; a path of very many takes longer than several. */
  const fill = ({ ink, follow }, { fillColor, fillOpacity }, portions) => {
    ink.globalAlpha = fillOpacity;
    ink.fillStyle = fillColor;
    for (const rings of portions) {
      ink.beginPath();
      // a ring ends where it began; closePath() would take longer the longer the path is
      for (const ring of rings) ring.forEach((arc, at) => follow(arc, at === 0));
      ink.fill("evenodd");
    }
    ink.globalAlpha = 1;
  };

  /* Stroke each border of these shapes once. */
  const strokeShapes = ({ ink, follow }, look, shapes) => {
    ink.beginPath();
    const drawn = new Set();
    for (const { rings } of shapes) {
      for (const signed of rings.flat()) {
        const arc = signed < 0 ? ~signed : signed;
        if (drawn.has(arc)) continue;
        drawn.add(arc);
        follow(arc, true);
      }
    }
    stroke(ink, look);
  };

  /* Draw shapes, each with its look: a style that those who look alike share; null for none.
   * `land`, where it is given, are the rings of all of them together. */
  const drawShapes = (pen, shapes, looks, land = null) => {
    const groups = new Map();
    looks.forEach((look, place) => {
      const shape = shapes[place];
      if (look === null || !pen.isSeen(shape.box)) return;
      if (!groups.has(look)) groups.set(look, []);
      groups.get(look).push(shape);
    });
    // what there is most of lies lowest, so that it may fill all of the land
    const ordered = [...groups].sort(([, one], [, other]) => other.length - one.length);
    ordered.forEach(([look, some], at) => {
      const isGround = land && at === 0 && look.fillOpacity === 1 && ordered.every(([{ fillOpacity }]) => fillOpacity === 1);
      fill(pen, look, isGround ? [land] : inPortions(some.map(({ rings }) => rings)));
      if (look.stroke !== false && look.weight) strokeShapes(pen, look, some);
    });
  };

  /* A hatching, over a ground or over nothing. */
  const hatch = (color, ground) => {
    const size = 8;
    const tile = typeof document === "object" ? document.createElement("canvas") : new OffscreenCanvas(size, size);
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    if (ground) {
      pen.fillStyle = ground;
      pen.fillRect(0, 0, size, size);
    }
    pen.strokeStyle = color;
    pen.lineWidth = 1.6;
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift - 1, size + 1);
      pen.lineTo(shift + size + 1, -1);
    }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  };

  /* The look of a code, from afar or near, hatched or not. */
  const lookOf = ({ looks, hatch: colors }, code, near, isHatched) => {
    const look = looks[code] || looks.N;
    const style = near ? { ...look.far, ...look.near } : look.far;
    return isHatched ? { ...style, fillColor: hatch(colors[code], style.fillColor) } : style;
  };

  globalThis.mosaicosDrawing = {
    WORLD, toX, toY, flatten, Shape, penOf, stroke, drawShapes, hatch, lookOf,
  };
})();
