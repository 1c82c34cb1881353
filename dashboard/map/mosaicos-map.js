/* The map: display meshes drawn once on Leaflet's canvas, restyled by one code per territory.
 *
 * start(map, options) runs once per page; update(state) runs after every rerun of the page. Both are called by small
 * scripts that Python writes. Names come from data: they are only ever set as text, never as markup.
 */
(() => {
  "use strict";

  const session = {
    map: null,
    options: null,
    state: null, // what the last update() said
    codes: "", // the codes as they are painted
    territories: [], // coarse layers in the order of the table `territory`
    places: new Map(), // territory id -> place in `territories`
    overlays: [], // groups above the territories, rebuilt when the mosaic changes
    coarse: null, // the coarse topology
    borders: null, // its border lines
    outlines: new Map(), // mosaic id -> feature
    detail: null, // { key, territories: Map(id -> layer), areas: [...] } of the chosen mosaic
    detailKey: null,
    focus: undefined,
    moved: false, // whether the person has moved the map since
    failed: false,
  };
  const VIEW = { animate: false, paddingTopLeft: [18, 18], paddingBottomRight: [18, 36] }; // below stand the sources
  const files = new Map(); // address -> promise of a parsed file: each is fetched once

  const load = (address) => {
    if (!files.has(address)) {
      files.set(
        address,
        fetch(address).then((response) => {
          if (!response.ok) throw new Error(`${address}: ${response.status}`);
          return response.json();
        }),
      );
    }
    return files.get(address);
  };

  const stateOf = (object) => object.id.slice(0, 5); // "BR-16" of "BR-1600501"

  // ---- shapes -------------------------------------------------------------------------------------------------

  const hatch = (color) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = color;
    pen.lineWidth = 1.6;
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift - 1, 9);
      pen.lineTo(shift + 9, -1);
    }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  };

  const polygon = (feature, style, renderer) => {
    const layer = L.GeoJSON.geometryToLayer(feature, { ...style, renderer, interactive: false });
    layer.feature = feature;
    return layer;
  };

  const lines = (geometry, style, renderer) =>
    L.geoJSON(geometry, { style: { ...style, fill: false }, renderer, interactive: false });

  const styleOf = (code, near) => {
    const styles = session.options.styles;
    const style = styles[code] || styles.N;
    return near ? { ...style.far, ...style.near } : style.far;
  };

  // ---- what lies under the pointer -----------------------------------------------------------------------------

  const inRing = (ring, x, y) => {
    let inside = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i];
      const [xj, yj] = ring[j];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  };

  const holds = (layer, point) => {
    if (!layer.getBounds().contains(point)) return false;
    const { type, coordinates } = layer.feature.geometry;
    const parts = type === "Polygon" ? [coordinates] : coordinates;
    return parts.some((rings) => rings.reduce((inside, ring) => inside !== inRing(ring, point.lng, point.lat), false));
  };

  const under = (point) => {
    const near = session.detail ? [...session.detail.territories.values()] : [];
    const territory = near.find((layer) => holds(layer, point)) || session.territories.find((layer) => holds(layer, point));
    const areas = session.detail ? session.detail.areas.filter((layer) => holds(layer, point)) : [];
    return { territory, areas };
  };

  const addLine = (box, text, kind) => {
    const line = document.createElement("div");
    line.className = kind;
    line.textContent = text;
    box.append(line);
  };

  const describe = (point) => {
    const { territory, areas } = under(point);
    if (!territory && !areas.length) return null;
    const box = document.createElement("div");
    if (territory) {
      const { name } = territory.feature.properties;
      const short = session.options.regions[stateOf(territory.feature)] || "";
      addLine(box, short ? `${name} (${short})` : name, "tip-name");
      const code = session.codes[session.places.get(territory.feature.id)];
      const said = session.state.texts.codes[code];
      if (said) addLine(box, said, "tip-note");
      const { stages, texts } = session.state;
      const stage = stages && texts.stages[stages[session.places.get(territory.feature.id)]];
      if (stage) addLine(box, stage, "tip-stage");
    }
    for (const area of areas) {
      const about = session.state.areas[area.feature.id];
      if (about) addLine(box, about.text, "tip-area");
    }
    return box;
  };

  const watchPointer = (map) => {
    const tip = L.tooltip({ className: "map-tip", offset: [14, 0], opacity: 1, direction: "auto" });
    let next = null;
    map.on("mousemove", (event) => {
      if (next) cancelAnimationFrame(next);
      next = requestAnimationFrame(() => {
        next = null;
        const box = session.codes && !session.failed ? describe(event.latlng) : null;
        if (!box) {
          tip.remove();
          return;
        }
        tip.setLatLng(event.latlng).setContent(box);
        if (!map.hasLayer(tip)) tip.addTo(map);
      });
    });
    map.on("mouseout dragstart zoomstart", () => {
      if (next) cancelAnimationFrame(next);
      tip.remove();
    });
  };

  // ---- painting -----------------------------------------------------------------------------------------------

  const isNear = () => session.state.near || session.map.getZoom() >= session.options.nearZoom;

  const paintTerritories = () => {
    const { codes } = session.state;
    const near = isNear();
    const covered = session.detail ? session.detail.territories : new Map();
    session.territories.forEach((layer, place) => {
      const id = layer.feature.id;
      const look = covered.has(id) ? "under" : codes[place] + (near ? "+" : "-");
      if (layer.look !== look) {
        layer.look = look;
        layer.setStyle(covered.has(id) ? session.options.under : styleOf(codes[place], near));
      }
    });
    covered.forEach((layer, id) => layer.setStyle(styleOf(codes[session.places.get(id)], true)));
    session.codes = codes;
  };

  /* State borders lie between territories of different states, the country's border where only one territory lies.
   * The coarse borders give way to the fine ones where the fine mesh of a mosaic is shown. */
  const borders = (fine) => {
    if (!fine && session.borders) return session.borders;
    const { canvas, coarse, options } = session;
    const isFine = (object) => fine !== null && fine.territories.has(object.id);
    // all neighbours of a linked territory are in the fine mesh, so its outer edge there is the country's
    const isLinked = (object) => isFine(object) && session.state.codes[session.places.get(object.id)] !== "N";
    const between = (a, b) => a !== b && stateOf(a) !== stateOf(b);
    const draw = (topology, filter, style) =>
      lines(topojson.mesh(topology, topology.objects.territory, filter), style, canvas);
    const drawn = [
      draw(coarse, (a, b) => between(a, b) && !(isFine(a) && isFine(b)), options.stateLine),
      draw(coarse, (a, b) => a === b && !isLinked(a), options.countryLine),
    ];
    if (fine) {
      drawn.push(draw(fine.topology, between, options.stateLine));
      drawn.push(draw(fine.topology, (a, b) => a === b && isLinked(a), options.countryLine));
    } else session.borders = drawn;
    return drawn;
  };

  const rebuildOverlays = () => {
    const { map, options, state } = session;
    const { canvas } = session;
    session.overlays.forEach((group) => group.remove());
    session.overlays = [];
    const put = (layer) => session.overlays.push(layer.addTo(map));
    const fine = session.detail;

    if (fine) put(L.featureGroup([...fine.territories.values()]));
    borders(fine).forEach(put);
    for (const [id, feature] of session.outlines) {
      const incomplete = options.incomplete.includes(id);
      const style = { ...(incomplete ? options.outline.incomplete : options.outline.whole) };
      if (state.plain) style.fill = false; // what lies below is coloured by stage
      if (state.mosaic === null) put(polygon(feature, style, canvas));
    }
    if (fine) {
      fine.areas = fine.features
        .filter((feature) => state.areas[feature.id])
        .map((feature) => {
          const { look, part } = state.areas[feature.id];
          const style = { ...options.areas[look], ...(state.plain ? { fill: false } : {}) };
          if (part && !state.plain) Object.assign(style, { fill: true, fillColor: hatch(style.color), fillOpacity: 1 });
          return polygon(feature, style, canvas);
        });
      put(L.featureGroup(fine.areas));
      const outline = session.outlines.get(state.mosaic);
      if (outline && options.incomplete.includes(state.mosaic)) put(polygon(outline, options.outline.chosen, canvas));
    }
    session.chosen = null;
  };

  const paintChosen = () => {
    const { map, options, state } = session;
    if (session.chosen) session.chosen.remove();
    session.chosen = null;
    if (state.selected === null) return;
    const coarse = session.territories[state.selected];
    const layer = (session.detail && session.detail.territories.get(coarse.feature.id)) || coarse;
    session.chosen = polygon(layer.feature, options.selected, session.canvas).addTo(map);
  };

  const goTo = () => {
    const { map, state } = session;
    if (session.focus === state.focus) return;
    session.focus = state.focus;
    map.fitBounds(state.bounds, VIEW);
    session.moved = false;
  };

  const paint = () => {
    if (!session.state || !session.territories.length) return;
    paintTerritories();
    paintChosen();
    document.body.dataset.painted = String(session.state.mosaic);
  };

  const useDetail = (key, topology) => {
    const layers = new Map();
    for (const feature of topojson.feature(topology, topology.objects.territory).features) {
      layers.set(feature.id, polygon(feature, session.options.styles.N.far, session.canvas));
    }
    const { area } = topology.objects; // a counterpart has none
    const features = area ? topojson.feature(topology, area).features : [];
    session.detail = { key, topology, features, territories: layers, areas: [] };
  };

  const refresh = async () => {
    const { state } = session;
    if (!state || !session.territories.length) return;
    goTo();
    if (session.detail && session.detail.key !== state.detail) session.detail = null;
    const key = JSON.stringify([state.mosaic, state.lang, state.plain === true]);
    if (session.detailKey !== key || !session.overlays.length) {
      session.detailKey = key;
      rebuildOverlays();
    }
    paint();
    if (!state.detail || session.detail) return;
    const topology = await load(state.detail);
    if (session.state.detail !== state.detail || session.detail) return; // another choice came meanwhile
    useDetail(state.detail, topology);
    rebuildOverlays();
    paint();
    document.body.dataset.detail = state.mosaic;
  };

  const say = (text) => {
    const { status } = session;
    status.textContent = text;
    status.hidden = !text;
  };

  const fail = (error) => {
    session.failed = true;
    console.error(error);
    say(session.state ? session.state.texts.failed : String(error));
  };

  // ---- the two doors ------------------------------------------------------------------------------------------

  const start = (map, options) => {
    session.map = map;
    session.options = options;
    session.canvas = L.canvas({ padding: 0.2 });
    session.status = document.createElement("div");
    session.status.className = "map-status";
    session.status.setAttribute("role", "status");
    map.getContainer().append(session.status);
    say("…");
    L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
    map.on("dragstart zoomstart", () => (session.moved = true));
    map.on("resize", () => {
      if (!session.state || session.moved) return;
      map.fitBounds(session.state.bounds, VIEW);
      session.moved = false;
    });
    // the style sheet that sizes the map may come after the map, which sees only changes of the window
    new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
    map.on("zoomend", () => session.state && session.territories.length && paintTerritories());
    watchPointer(map);
    load(options.mesh)
      .then((topology) => {
        session.coarse = topology;
        const features = topojson.feature(topology, topology.objects.territory).features;
        const style = options.styles.N.far;
        session.territories = features.map((feature) => polygon(feature, style, session.canvas));
        features.forEach((feature, place) => session.places.set(feature.id, place));
        if (session.state) goTo();
        L.featureGroup(session.territories).addTo(map);
        say("");
        return refresh();
      })
      .then(() => load(options.outlines))
      .then((topology) => {
        for (const feature of topojson.feature(topology, topology.objects.mosaic).features) {
          session.outlines.set(feature.id, feature);
        }
        session.detailKey = null;
        return refresh();
      })
      .catch(fail);
  };

  const update = (state) => {
    session.state = state;
    const { texts } = state;
    document.documentElement.lang = state.lang;
    const container = session.map.getContainer();
    container.setAttribute("aria-label", texts.map);
    container.setAttribute("role", "region");
    for (const [name, title] of [["in", texts.zoomIn], ["out", texts.zoomOut]]) {
      const button = container.querySelector(`.leaflet-control-zoom-${name}`);
      button.title = title;
      button.setAttribute("aria-label", title);
    }
    session.map.attributionControl.setPrefix(false);
    const credit = container.querySelector(".leaflet-control-attribution");
    credit.textContent = texts.credit;
    if (session.failed) say(texts.failed);
    else if (!session.territories.length) say(texts.loading);
    refresh().catch(fail);
  };

  window.mosaicosMap = { start, update, session };
})();
