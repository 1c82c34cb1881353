/* A map of meetings or partnerships: countries, and near by the borders of municipalities, with points and lines.
 *
 * start(map, options) runs once per page; update(state) runs after every rerun of the page. Names come from data: they
 * are only ever set as text, never as markup.
 */
(() => {
  "use strict";

  const NEAR_ZOOM = 5; // from here on the territories are fetched and drawn
  const LEAST_SIZE = 100; // pixels: a map that is not laid out yet has none, and any zoom
  const ARC_STEPS = 24;
  const ANTARCTICA = "010"; // goes around the pole: no flat map closes it
  const session = { map: null, options: null, state: null, marks: null, mesh: null, asked: false, shown: "" };

  const load = (address) =>
    fetch(address).then((response) => {
      if (!response.ok) throw new Error(`${address}: ${response.status}`);
      return response.json();
    });

  /* A line that bends to the side, so that two that share an end are told apart. */
  const bend = ([fromLat, fromLng], [toLat, toLng]) => {
    const [lat, lng] = [(fromLat + toLat) / 2 + (toLng - fromLng) * 0.12, (fromLng + toLng) / 2 - (toLat - fromLat) * 0.12];
    return Array.from({ length: ARC_STEPS + 1 }, (_, step) => {
      const t = step / ARC_STEPS;
      const along = (from, over, to) => (1 - t) ** 2 * from + 2 * t * (1 - t) * over + t ** 2 * to;
      return [along(fromLat, lat, toLat), along(fromLng, lng, toLng)];
    });
  };

  /* A border that crosses the date line goes on beyond 180°, instead of back around the world. */
  const unwrapRing = (ring) => {
    let turn = 0;
    return ring.map(([lng, lat], at) => {
      const step = at ? lng - ring[at - 1][0] : 0;
      if (Math.abs(step) > 180) turn -= Math.sign(step) * 360;
      return [lng + turn, lat];
    });
  };

  const unwrap = (collection) => {
    const features = collection.features.filter(({ id }) => id !== ANTARCTICA);
    for (const { geometry } of features) {
      const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
      for (const polygon of polygons) polygon.forEach((ring, at) => (polygon[at] = unwrapRing(ring)));
    }
    return { ...collection, features };
  };

  const tip = ({ name, note }) => {
    const box = document.createElement("div");
    for (const [tag, text] of [["strong", name], ["div", note]]) {
      if (text) box.append(Object.assign(document.createElement(tag), { textContent: text }));
    }
    return box;
  };

  const draw = () => {
    const { state, map, options } = session;
    if (!state) return;
    document.documentElement.lang = state.lang;
    const container = map.getContainer();
    container.setAttribute("aria-label", state.label);
    container.setAttribute("role", "region");
    session.marks.clearLayers();
    for (const line of state.lines) {
      const layer = L.polyline(bend(line.from, line.to), { ...options.looks.line, ...options.looks[line.look] });
      session.marks.addLayer(layer.bindTooltip(tip(line), { sticky: true }));
    }
    for (const point of state.points) {
      const layer = L.circleMarker(point.at, { ...options.looks.point, ...options.looks[point.look] });
      session.marks.addLayer(layer.bindTooltip(tip(point)));
    }
    const shown = JSON.stringify(state.bounds);
    if (shown !== session.shown) {
      session.shown = shown;
      session.moved = false;
      fit();
    }
    document.body.dataset.drawn = String(state.points.length + state.lines.length);
  };

  /* Show all there is to see: for each new state, and until the person moves the map whenever its size changes. */
  const fit = () => {
    const { map, state } = session;
    session.fitting = true;
    map.fitBounds(state.bounds, { animate: false, padding: [24, 24], maxZoom: 7 });
    session.fitting = false;
  };

  const drawNear = () => {
    const { map, options } = session;
    const { x, y } = map.getSize();
    if (session.asked || map.getZoom() < NEAR_ZOOM || Math.min(x, y) < LEAST_SIZE) return;
    session.asked = true;
    load(options.mesh)
      .then((topology) => {
        session.mesh = new mosaicosMesh.Mesh(topology, { renderer: session.canvas });
        session.mesh.setLooks(session.mesh.territories.map(() => options.looks.territory));
        session.mesh.addTo(map);
      })
      .catch((error) => {
        session.asked = false;
        console.error(error);
      });
  };

  const start = (map, options) => {
    session.map = map;
    session.options = options;
    mosaicosMesh.focusInPlace(map);
    map.createPane("land").style.cssText += "z-index: 350; pointer-events: none"; // below what lies on it
    session.canvas = new mosaicosMesh.Canvas({ padding: 0.2, pane: "land" });
    map.attributionControl.setPrefix(false);
    map.attributionControl.addAttribution("Natural Earth");
    L.control.scale({ imperial: false }).addTo(map);
    session.marks = L.featureGroup().addTo(map);
    map.on("zoomend", drawNear);
    map.on("movestart", () => (session.moved ||= !session.fitting));
    map.on("resize", () => session.state && !session.moved && fit());
    new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
    load(options.countries)
      .then((topology) => {
        const countries = unwrap(topojson.feature(topology, topology.objects.countries));
        const drawn = { interactive: false, renderer: session.canvas };
        L.geoJSON(countries, { style: options.looks.country, ...drawn }).addTo(map);
        document.body.dataset.countries = "drawn";
        drawNear();
      })
      .catch(console.error);
    draw();
  };

  const update = (state) => {
    session.state = state;
    if (session.marks) draw();
  };

  window.mosaicosWorld = { start, update, session };
})();
