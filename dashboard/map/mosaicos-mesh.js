/* Territories and border lines on Leaflet's canvas, drawn from the arcs of a topology.
 *
 * Leaflet keeps an object for every corner of a polygon, and every border twice. Here a mesh is one layer: its arcs are
 * flat numbers, projected once, thinned once for each zoom, and each border is stroked once. A territory of a mesh has an
 * `id`, `properties`, `getBounds()` and, made when somebody asks for it, `feature` (GeoJSON).
 */
(() => {
  "use strict";

  const WORLD = 256; // pixels of the world's width at zoom 0
  const LEAST_STEP = 0.7; // pixels between two corners: nobody sees a nearer one
  const KEPT_ZOOMS = 8;
  const PORTION = 50; // territories that are filled together

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
        const angle = ((y * scale[1] + translate[1]) * Math.PI) / 180;
        xs[place] = ((x * scale[0] + translate[0]) / 360 + 0.5) * WORLD;
        ys[place] = (0.5 - Math.log(Math.tan(Math.PI / 4 + angle / 2)) / (2 * Math.PI)) * WORLD;
        place += 1;
      }
    }
    return { starts, xs, ys, zooms: new Map() };
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

  const toLatLng = (x, y) => {
    const latitude = (Math.atan(Math.exp((0.5 - y / WORLD) * 2 * Math.PI)) * 360) / Math.PI - 90;
    return L.latLng(latitude, (x / WORLD - 0.5) * 360);
  };

  class Territory {
    constructor(topology, object, flat) {
      this.topology = topology;
      this.object = object;
      this.id = object.id;
      this.properties = object.properties;
      const parts = object.type === "Polygon" ? [object.arcs] : object.arcs || [];
      this.rings = parts.flat();
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      const { starts, xs, ys } = flat;
      for (const ring of this.rings) {
        for (const signed of ring) {
          const arc = signed < 0 ? ~signed : signed;
          for (let corner = starts[arc]; corner < starts[arc + 1]; corner += 1) {
            if (xs[corner] < box[0]) box[0] = xs[corner];
            if (ys[corner] < box[1]) box[1] = ys[corner];
            if (xs[corner] > box[2]) box[2] = xs[corner];
            if (ys[corner] > box[3]) box[3] = ys[corner];
          }
        }
      }
      this.box = box;
    }

    get feature() {
      this.shape ||= topojson.feature(this.topology, this.object);
      return this.shape;
    }

    getBounds() {
      const [left, top, right, bottom] = this.box;
      this.bounds ||= L.latLngBounds(toLatLng(left, bottom), toLatLng(right, top));
      return this.bounds;
    }
  }

  /* A pen that draws arcs where the map has the world now. */
  const penOf = (layer) => {
    const { _map: map, _renderer: renderer, flat } = layer;
    const zoom = map.getZoom();
    const scale = 2 ** zoom;
    const origin = map.getPixelOrigin();
    const { corners, begins } = thin(flat, zoom);
    const { xs, ys } = flat;
    const ink = renderer._ctx;
    const { min, max } = renderer._redrawBounds || renderer._bounds;
    const sight = [min.x, min.y, max.x, max.y].map((side, at) => (side + (at % 2 ? origin.y : origin.x)) / scale);
    return {
      ink,
      isSeen: ([left, top, right, bottom]) =>
        left <= sight[2] && right >= sight[0] && top <= sight[3] && bottom >= sight[1],
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

  /* What Leaflet's canvas asks of a layer; it covers all of the canvas. */
  const Flat = L.Path.extend({
    options: { interactive: false, weight: 0 },

    _project() {},

    _update() {
      this._pxBounds = this._renderer._bounds;
      this._updatePath();
    },

    _updatePath() {
      if (this._renderer._drawing && this._map) this._paint();
    },
  });

  const Mesh = Flat.extend({
    initialize(topology, options) {
      L.setOptions(this, options);
      this.topology = topology;
      this.flat = flatten(topology);
      this.territories = topology.objects.territory.geometries.map(
        (object) => new Territory(topology, object, this.flat),
      );
      // its outer edge: what lies on one side only
      this.land = topojson.meshArcs(topology, topology.objects.territory, (one, other) => one === other).arcs;
      this.looks = [];
    },

    /* Give each territory its look, a style that those who look alike share; null for none. It is drawn with the next
     * frame, unless something draws it before. */
    setLooks(looks) {
      if (looks.length === this.looks.length && looks.every((look, place) => look === this.looks[place])) return;
      this.looks = looks;
      this.isDrawn = false;
    },

    drawIfNew() {
      if (!this.isDrawn) this.redraw();
    },

    _paint() {
      const pen = penOf(this);
      const groups = new Map();
      this.looks.forEach((look, place) => {
        const territory = this.territories[place];
        if (look === null || !pen.isSeen(territory.box)) return;
        if (!groups.has(look)) groups.set(look, []);
        groups.get(look).push(territory);
      });
      // what there is most of lies lowest, so that it may fill all of the land
      const ordered = [...groups].sort(([, one], [, other]) => other.length - one.length);
      ordered.forEach(([look, territories], at) => {
        const isGround = at === 0 && look.fillOpacity === 1 && ordered.every(([{ fillOpacity }]) => fillOpacity === 1);
        this._fill(pen, look, isGround ? [this.land] : inPortions(territories.map(({ rings }) => rings)));
        if (look.stroke !== false && look.weight) this._stroke(pen, look, territories);
      });
      this.isDrawn = true;
    },

    /* Fill the rings of each portion; a path of very many takes longer than several. */
    _fill({ ink, follow }, { fillColor, fillOpacity }, portions) {
      ink.globalAlpha = fillOpacity;
      ink.fillStyle = fillColor;
      for (const rings of portions) {
        ink.beginPath();
        // a ring ends where it began; closePath() would take longer the longer the path is
        for (const ring of rings) ring.forEach((arc, at) => follow(arc, at === 0));
        ink.fill("evenodd");
      }
      ink.globalAlpha = 1;
    },

    /* Stroke each border of these territories once. */
    _stroke({ ink, follow }, look, territories) {
      ink.beginPath();
      const drawn = new Set();
      for (const { rings } of territories) {
        for (const signed of rings.flat()) {
          const arc = signed < 0 ? ~signed : signed;
          if (drawn.has(arc)) continue;
          drawn.add(arc);
          follow(arc, true);
        }
      }
      stroke(ink, look);
    },
  });

  /* Border lines of a mesh: the arcs that `filter` chooses by the territories on both sides, as topojson.mesh does. */
  const Borders = Flat.extend({
    initialize(mesh, filter, options) {
      L.setOptions(this, options);
      this.flat = mesh.flat;
      this.lines = topojson.meshArcs(mesh.topology, mesh.topology.objects.territory, filter).arcs;
    },

    _paint() {
      const { ink, follow } = penOf(this);
      ink.beginPath();
      for (const line of this.lines) line.forEach((arc, at) => follow(arc, at === 0));
      stroke(ink, this.options);
    },
  });

  /* Leaflet's canvas draws everything when the map has moved: what waited to be drawn then need not be drawn again. */
  const Canvas = L.Canvas.extend({
    _updatePaths() {
      if (this._redrawRequest) L.Util.cancelAnimFrame(this._redrawRequest);
      L.Canvas.prototype._updatePaths.call(this);
    },
  });

  window.mosaicosMesh = { Mesh, Borders, Canvas };
})();
