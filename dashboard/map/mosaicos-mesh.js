/* Territories and border lines on Leaflet's canvas, drawn from the arcs of a topology (mosaicos-drawing.js).
 *
 * Leaflet keeps an object for every corner of a polygon, and every border twice. Here a mesh is one layer. A territory of
 * a mesh is a shape that has `getBounds()` and, made when somebody asks for it, `feature` (GeoJSON).
 */
(() => {
  "use strict";

  const { WORLD, flatten, Shape, penOf, stroke, drawShapes } = mosaicosDrawing;

  const toLatLng = (x, y) => {
    const latitude = (Math.atan(Math.exp((0.5 - y / WORLD) * 2 * Math.PI)) * 360) / Math.PI - 90;
    return L.latLng(latitude, (x / WORLD - 0.5) * 360);
  };

  class Territory extends Shape {
    constructor(topology, object, flat) {
      super(object, flat);
      this.topology = topology;
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

  /* A pen that draws where the map has the world now. */
  const penAt = ({ _map: map, _renderer: renderer, flat }) => {
    const { min, max } = renderer._redrawBounds || renderer._bounds;
    const sight = [min.x, min.y, max.x, max.y];
    return penOf(renderer._ctx, flat, { zoom: map.getZoom(), origin: map.getPixelOrigin(), sight });
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
      drawShapes(penAt(this), this.territories, this.looks, this.land);
      this.isDrawn = true;
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
      const { ink, follow } = penAt(this);
      ink.beginPath();
      for (const line of this.lines) line.forEach((arc, at) => follow(arc, at === 0));
      stroke(ink, this.options);
    },
  });

  /* Symbols of flags on points, side by side where a point has several: the same size at every zoom of a range.
   * `flags` are those of the map's settings. */
  const Flags = Flat.extend({
    initialize(flags, options) {
      L.setOptions(this, options);
      this.frame = new Path2D(flags.frame);
      this.paths = Object.fromEntries(Object.entries(flags.paths).map(([flag, path]) => [flag, new Path2D(path)]));
      this.flags = flags;
      this.marks = [];
    },

    /* `marks`: { point: [latitude, longitude], names: flags, before: pixels that something else takes at the point,
     * 0 for nothing }; `size`: pixels of a symbol. */
    setMarks(marks, size) {
      this.marks = marks;
      this.size = size;
      this.redraw();
    },

    _paint() {
      const { flags, frame, paths, size } = this;
      const ink = this._renderer._ctx;
      const { min, max } = this._renderer._bounds;
      const scale = size / flags.box;
      ink.lineCap = ink.lineJoin = "round";
      ink.fillStyle = flags.ground;
      ink.strokeStyle = flags.ink;
      for (const { point, names, before } of this.marks) {
        const { x, y } = this._map.latLngToLayerPoint(point);
        if (x < min.x - 100 || x > max.x + 100 || y < min.y - size || y > max.y + size) continue; // out of sight
        const left = before || (-size * names.length) / 2;
        names.forEach((name, at) => {
          ink.save();
          ink.translate(x + left + size * at, y - size / 2);
          ink.scale(scale, scale);
          ink.lineWidth = flags.frameWidth;
          ink.fill(frame);
          ink.stroke(frame);
          ink.lineWidth = flags.lineWidth;
          ink.stroke(paths[name]);
          ink.restore();
        });
      }
    },
  });

  /* Leaflet's canvas draws everything when the map has moved: what waited to be drawn then need not be drawn again. */
  const Canvas = L.Canvas.extend({
    _updatePaths() {
      if (this._redrawRequest) L.Util.cancelAnimFrame(this._redrawRequest);
      L.Canvas.prototype._updatePaths.call(this);
    },
  });

  /* A press gives the map the focus, and Leaflet undoes the scrolling of the map's own window only. The page around must
   * not scroll either: between press and release another place would come under the pointer. */
  const focusInPlace = (map) => {
    const container = map.getContainer();
    container.focus = (options) => HTMLElement.prototype.focus.call(container, { preventScroll: true, ...options });
  };

  window.mosaicosMesh = { Mesh, Borders, Flags, Canvas, focusInPlace };
})();
