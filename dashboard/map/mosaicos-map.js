/* The map: display meshes drawn once on Leaflet's canvas, restyled by one code per territory.
 *
 * start(map, options) runs once per page; update(state) runs after every rerun of the page. Both are called by small
 * scripts that Python writes. What never changes (looks, words, points) comes in files that are fetched once.
 * Meshes are in mosaicos-mesh.js, drawn by mosaicos-drawing.js; tips and names in mosaicos-places.js; buttons, switches
 * and legend in mosaicos-controls.js. All go out as one file. Names come from data: they are only ever set as text, never as markup.
 */
(() => {
  "use strict";

  const session = {
    map: null,
    options: null, // addresses of the files
    settings: null, // looks and words
    state: null, // what the last update() said
    texts: null, // the words of its language
    codes: "", // the codes as they are painted
    hatched: new Set(), // places of the territories that are hatched
    flagged: new Set(), // places of the territories whose flags are drawn
    mesh: null, // the coarse territories, one layer
    territories: [], // they one by one, in the order of the table `territory`
    places: new Map(), // territory id -> place in `territories`
    points: null, // latitude and longitude of each territory's point
    groups: {}, // what can be switched on and off, by name
    fine: null, // the fine territories of the chosen mosaic, one layer
    details: new Map(), // address -> what `detail` was for it
    borders: new Map(), // address of a fine mesh, or nothing -> border lines
    outlines: new Map(), // mosaic id -> feature
    detail: null, // { key, mesh, territories: Map(id -> territory), areas: [...] } of the chosen mosaic
    locals: [], // layers of local boundaries
    drawn: {}, // what each part was drawn for: it is drawn again when that changes
    focus: undefined,
    fitting: false, // whether the map is being moved by the page
    moved: false, // whether the person has moved the map since
    failed: false,
    isSeen: false, // whether the page around knows that there is something to see
  };
  const ROOM = 1.6; // times the size of its flags that a territory must have for them
  const STACK = ["units", "lands", "outlines", "borders", "local", "flags", "support"]; // from the lowest on
  const files = new Map(); // address -> promise of a parsed file: each is fetched once

  const load = (address) => {
    if (!files.has(address)) {
      const asked = fetch(address).then((response) => {
        if (!response.ok) throw new Error(`${address}: ${response.status}`);
        return response.json();
      });
      asked.catch(() => files.delete(address)); // the next one who asks tries again
      files.set(address, asked);
    }
    return files.get(address);
  };

  /* Coordinates come as whole thousandths of a degree, each the step from the one before. */
  const loadPoints = async () => {
    if (session.points) return session.points;
    const [latitudes, longitudes] = (await load(session.options.points)).map((steps) => {
      let sum = 0;
      return steps.map((step) => (sum += step) / 1000);
    });
    session.points = latitudes.map((latitude, place) => [latitude, longitudes[place]]);
    return session.points;
  };

  const stateOf = ({ id }) => id.slice(0, 5); // "BR-16" of "BR-1600501"
  const isOn = (name) => session.map.hasLayer(session.groups[name]);

  // ---- shapes -------------------------------------------------------------------------------------------------

  const polygon = (feature, style) => {
    const layer = L.GeoJSON.geometryToLayer(feature, { ...style, renderer: session.canvas, interactive: false });
    layer.feature = feature;
    return layer;
  };

  const isNear = () => session.state.near || session.map.getZoom() >= session.settings.nearZoom;

  /* Over the online base map fills let it through, and land without a code disappears. */
  const letThrough = (style, code) => {
    if (!isOn("base")) return style;
    return { ...style, fillOpacity: code === "N" ? 0 : style.fillOpacity * session.settings.overBaseMap };
  };

  const known = new Map(); // what a look is of -> the look: territories that look alike share one

  const lookOf = (place, near) => {
    const { drawnAs } = session.settings;
    const code = drawnAs[session.state.codes[place]] || session.state.codes[place];
    const isHatched = session.hatched.has(place);
    const key = `${code}${near ? "+" : "-"}${isHatched ? "/" : ""}${isOn("base") ? "b" : ""}`;
    if (!known.has(key)) {
      known.set(key, letThrough(mosaicosDrawing.lookOf(session.settings, code, near, isHatched), code));
    }
    return known.get(key);
  };

  // ---- painting -----------------------------------------------------------------------------------------------

  /* Tell the meshes how to look; whoever calls this moves the map or draws them. */
  const paintTerritories = () => {
    const { state, mesh, detail } = session;
    const near = isNear();
    session.hatched = new Set(state.hatched);
    const under = letThrough(session.settings.under, "N");
    mesh.setLooks(
      session.territories.map(({ id }, place) => (detail && detail.territories.has(id) ? under : lookOf(place, near))),
    );
    if (detail) detail.mesh.setLooks(detail.mesh.territories.map(({ id }) => lookOf(session.places.get(id), true)));
    session.codes = state.codes;
  };

  const drawTerritories = () => {
    session.mesh.drawIfNew();
    if (session.fine) session.fine.drawIfNew();
  };

  /* State borders lie between territories of different states, the country's border where only one territory lies.
   * The coarse borders give way to the fine ones where the fine mesh of a mosaic is shown. */
  const borders = (fine) => {
    const key = fine ? fine.key : "";
    if (session.borders.has(key)) return session.borders.get(key);
    const { mesh, settings } = session;
    const isFine = (object) => fine !== null && fine.territories.has(object.id);
    // all neighbours of the mosaic's own territories are in the fine mesh, so their outer edge there is the country's
    const own = new Set(session.state.own);
    const isOwn = (object) => isFine(object) && own.has(session.places.get(object.id));
    const between = (a, b) => a !== b && stateOf(a) !== stateOf(b);
    const draw = (of, filter, style) => new mosaicosMesh.Borders(of, filter, { ...style, renderer: session.canvas });
    const drawn = [
      draw(mesh, (a, b) => between(a, b) && !(isFine(a) && isFine(b)), settings.stateLine),
      draw(mesh, (a, b) => a === b && !isOwn(a), settings.countryLine),
    ];
    if (fine) {
      drawn.push(draw(fine.mesh, between, settings.stateLine));
      drawn.push(draw(fine.mesh, (a, b) => a === b && isOwn(a), settings.countryLine));
    }
    session.borders.set(key, drawn);
    return drawn;
  };

  /* What was put on the canvas last lies on top: put each group back into its place. */
  const stack = () => {
    for (const name of STACK) if (isOn(name)) session.groups[name].bringToFront();
    if (session.chosen) session.chosen.bringToFront();
  };

  const rebuildOverlays = () => {
    const { map, settings, state, groups } = session;
    const fine = session.detail;
    for (const name of ["units", "lands", "outlines", "borders"]) groups[name].clearLayers();
    if (session.fine) session.fine.remove();
    session.fine = fine ? fine.mesh.addTo(map) : null;
    borders(fine).forEach((layer) => groups.borders.addLayer(layer));
    for (const [id, feature] of session.outlines) {
      const style = { ...(settings.incomplete.includes(id) ? settings.outline.incomplete : settings.outline.whole) };
      if (state.plain) style.fill = false; // what lies below is coloured by stage
      if (state.mosaic === null) groups.outlines.addLayer(polygon(feature, style));
    }
    if (!fine) return;
    fine.areas = fine.features
      .filter((feature) => state.areas[feature.id])
      .map((feature) => {
        const { look, part } = state.areas[feature.id];
        const style = { ...settings.areas[look], ...(state.plain ? { fill: false } : {}) };
        const hatching = { fill: true, fillColor: mosaicosDrawing.hatch(style.color), fillOpacity: 1 };
        if (part) Object.assign(style, state.plain ? settings.partLine : hatching);
        return Object.assign(polygon(feature, style), { group: look === "T" ? "lands" : "units" });
      });
    fine.areas.forEach((layer) => groups[layer.group].addLayer(layer));
    const outline = session.outlines.get(state.mosaic);
    if (outline && settings.incomplete.includes(state.mosaic)) {
      groups.outlines.addLayer(polygon(outline, settings.outline.chosen));
    }
  };

  const paintChosen = () => {
    const { map, settings, state } = session;
    if (session.chosen) session.chosen.remove();
    session.chosen = null;
    if (state.selected === null) return;
    const coarse = session.territories[state.selected];
    const territory = (session.detail && session.detail.territories.get(coarse.id)) || coarse;
    session.chosen = polygon(territory.feature, settings.selected).addTo(map);
  };

  // ---- flags, volunteer support and local boundaries -------------------------------------------------------------------

  /* Whether a part must be drawn again: it was drawn for something else. */
  const isNew = (part, what) => {
    const key = JSON.stringify(what);
    if (session.drawn[part] === key) return false;
    session.drawn[part] = key;
    return true;
  };

  const markSize = () => {
    const zoom = session.map.getZoom();
    return zoom < 5.5 ? 4.5 : zoom < 7.5 ? 6 : 7.5; // pixels
  };

  const sizeMarks = () => {
    session.groups.support.eachLayer((mark) => mark.setRadius(mark.share * markSize()));
    placeFlags();
  };

  /* Flags are drawn on a map of stages: each stands at the point of its territory, beside the mark of support. Where a
   * territory has no room for its flags they are left out, so that its colour is seen; who comes nearer sees them. */
  const placeFlags = () => {
    const { state, settings, points, groups, territories, map } = session;
    session.flagged = new Set();
    const [layer] = groups.flags.getLayers();
    if (!layer) return;
    const size = 2 * markSize() + 1;
    const scale = 2 ** map.getZoom();
    const supported = new Set(isOn("support") ? Object.values(state.support).flat() : []);
    const found = new Map(); // place -> flags
    for (const flag of Object.keys(settings.flags.paths)) {
      for (const place of state.flags[flag] || []) found.set(place, [...(found.get(place) || []), flag]);
    }
    const marks = [];
    for (const [place, names] of found) {
      const [left, top, right, bottom] = territories[place].box;
      const before = supported.has(place) ? markSize() + 2 : 0;
      const hasRoom = (right - left) * scale >= ROOM * (names.length * size + before) && (bottom - top) * scale >= ROOM * size;
      if (!hasRoom) continue;
      session.flagged.add(place);
      marks.push({ point: points[place], names, before });
    }
    layer.setMarks(marks, size);
  };

  const drawFlags = async () => {
    const { flags, plain, support } = session.state;
    if (!isNew("flags", [plain === true, flags, plain === true && support])) return;
    const { settings, groups, drawn, canvas } = session;
    const key = drawn.flags;
    const isShown = plain && Object.keys(flags).length > 0;
    if (isShown) await loadPoints();
    if (drawn.flags !== key) return; // another rerun came meanwhile
    groups.flags.clearLayers();
    if (isShown) groups.flags.addLayer(new mosaicosMesh.Flags(settings.flags, { renderer: canvas }));
    placeFlags();
  };

  const drawSupport = async () => {
    const { support } = session.state;
    if (!isNew("support", support)) return;
    const { settings, groups, drawn } = session;
    const key = drawn.support;
    groups.support.clearLayers();
    if (!Object.keys(support).length) return;
    const points = await loadPoints();
    if (drawn.support !== key) return; // another rerun came meanwhile
    for (const [word, places] of Object.entries(support)) {
      for (const place of places) {
        for (const { radius, ...disc } of settings.support[word]) {
          const options = { ...disc, renderer: session.canvas, interactive: false, radius: radius * markSize() };
          groups.support.addLayer(Object.assign(L.circleMarker(points[place], options), { share: radius, word }));
        }
      }
    }
  };

  const drawLocals = async () => {
    const { local } = session.state;
    if (!isNew("local", local)) return;
    const key = session.drawn.local;
    session.groups.local.clearLayers();
    session.locals = [];
    const style = session.settings.local;
    const drawn = { renderer: session.canvas, interactive: false };
    const point = (_, latlng) => L.circleMarker(latlng, { ...style, ...drawn, radius: 5 });
    const draw = async ({ address, name }) => {
      const geometry = await load(address);
      if (session.drawn.local !== key) return;
      for (const layer of L.geoJSON(geometry, { style, pointToLayer: point, ...drawn }).getLayers()) {
        session.locals.push(Object.assign(layer, { localName: name }));
        session.groups.local.addLayer(layer);
      }
    };
    const done = await Promise.allSettled(local.map(draw));
    if (session.drawn.local !== key) return;
    if (done.some(({ status }) => status === "rejected")) {
      session.drawn.local = null; // the next rerun tries again
      note("local", session.texts.localFailed);
    } else note("local", "");
  };

  // ---- after each rerun -----------------------------------------------------------------------------------------

  /* Show a place whole, beside the legend where there is room for both; at the foot stand the sources. */
  const zoomTo = (bounds) => {
    const { map } = session;
    const left = 18 + mosaicosControls.legendWidth();
    map.fitBounds(bounds, { animate: false, paddingTopLeft: [left, 18], paddingBottomRight: [18, 36] });
  };

  const fit = () => {
    const { map, state } = session;
    session.fitting = true;
    if (!state.view) zoomTo(state.bounds);
    else if (viewOf(map) !== state.view.join()) map.setView(state.view.slice(0, 2), state.view[2], { animate: false });
    session.fitting = false;
    session.moved = Boolean(state.view);
  };

  const viewOf = (map) => {
    const { lat, lng } = map.getCenter();
    return [lat, lng].map((degrees) => Number(degrees.toFixed(4))).concat(Number(map.getZoom().toFixed(2))).join();
  };

  /* Where a person has gone stands in the address of the page around the map, so that it can be sent to others. */
  const tellView = () => {
    if (session.fitting || !session.moved || window.parent === window) return;
    const address = new URL(window.parent.location.href);
    if (address.searchParams.get("view") === viewOf(session.map)) return;
    address.searchParams.delete("view");
    const others = address.search ? `${address.search}&` : "?";
    window.parent.history.replaceState(window.parent.history.state, "", `${others}view=${viewOf(session.map)}`);
  };

  /* What the page will say once it has been made again for a mosaic: the server has told beforehand how each mosaic's
   * territories are painted then (`ahead`, a character per link). Nothing is chosen here, and what the page says wins. */
  const stateAhead = (id) => {
    const { settings, state } = session;
    const codes = Array.from({ length: state.codes.length }, () => "N");
    const left = new Set();
    let at = 0;
    for (const [mosaic, { own }] of Object.entries(settings.mosaics)) {
      for (const place of own) {
        if (mosaic === id) codes[place] = state.ahead[at];
        else if (codes[place] === "N") codes[place] = "O";
        if (mosaic === id && state.ahead[at] !== "O") left.add(place);
        at += 1;
      }
    }
    const { bounds, own, unsure } = settings.mosaics[id];
    const marks = Object.entries(state.support).map(([word, places]) => [word, places.filter((one) => left.has(one))]);
    return {
      ...state,
      mosaic: id,
      focus: id,
      near: true,
      view: undefined,
      detail: null,
      bounds,
      own,
      codes: codes.join(""),
      hatched: state.plain ? unsure.filter((place) => left.has(place)) : state.hatched,
      flags: {}, // those of the links to this mosaic come with the page
      support: Object.fromEntries(marks.filter(([, places]) => places.length)),
    };
  };

  /* A mosaic has just been picked in the page around: show it and fetch its fine mesh while the page is made again. An
   * empty id stands for all of them. */
  const goAhead = (id) => {
    const { settings } = session;
    const isGone = !window.frameElement || !window.frameElement.isConnected;
    if (isGone || !session.territories.length || session.focus === id) return;
    const { bounds, detail } = settings.mosaics[id] || { bounds: id ? null : settings.country };
    if (!bounds) return;
    if (detail) load(detail).catch(() => {}); // who needs it asks again
    if (detail && session.state.ahead) {
      session.state = stateAhead(id);
      refresh().catch(fail);
      return;
    }
    session.focus = id;
    session.fitting = true;
    zoomTo(bounds);
    session.fitting = false;
    session.moved = false;
  };

  const goTo = () => {
    if (session.focus === session.state.focus) return;
    session.focus = session.state.focus;
    fit();
  };

  const paint = () => {
    paintTerritories();
    paintChosen();
    stack();
    goTo(); // where the map moves, all of it is drawn at once
    drawTerritories();
    mosaicosControls.show();
    document.body.dataset.painted = String(session.state.mosaic);
    tellSeen();
  };

  /* The page around takes its first picture away: the map is seen, or it says why not. The next visit's picture leaves
   * room for the legend. */
  const tellSeen = () => {
    if (session.isSeen) return;
    session.isSeen = true;
    const legend = session.territories.length ? mosaicosControls.legendWidth() : 0;
    window.parent.dispatchEvent(new CustomEvent("mosaicos-seen", { detail: legend }));
  };

  const useDetail = (key, topology) => {
    if (session.details.has(key)) {
      session.detail = session.details.get(key);
      return;
    }
    const mesh = new mosaicosMesh.Mesh(topology, { renderer: session.canvas });
    const territories = new Map(mesh.territories.map((territory) => [territory.id, territory]));
    const { area } = topology.objects; // a counterpart has none
    const features = area ? topojson.feature(topology, area).features : [];
    session.detail = { key, mesh, features, territories, areas: [] };
    session.details.set(key, session.detail);
  };

  const nextFrame = () => new Promise((resolve) => void requestAnimationFrame(resolve));

  const refresh = async () => {
    const { state } = session;
    if (!state || !session.settings) return;
    useWords();
    if (!session.territories.length) return;
    if (session.detail && session.detail.key !== state.detail) session.detail = null;
    const overlays = [state.mosaic, state.plain === true, session.outlines.size];
    if (isNew("overlays", overlays)) rebuildOverlays();
    paint();
    const later = [drawFlags(), drawSupport(), drawLocals()];
    if (state.detail && !session.detail) {
      const [topology] = await Promise.all([load(state.detail), nextFrame()]); // the coarse picture is seen first
      if (session.state.detail !== state.detail || session.detail) return; // another choice came meanwhile
      useDetail(state.detail, topology);
      rebuildOverlays();
      paint();
      document.body.dataset.detail = state.mosaic;
    }
    await Promise.all(later);
    stack();
    mosaicosControls.show();
  };

  const useWords = () => {
    const { map, settings, state } = session;
    const texts = settings.texts[state.lang];
    session.texts = texts;
    document.documentElement.lang = state.lang;
    const container = map.getContainer();
    container.setAttribute("aria-label", texts.map);
    container.setAttribute("role", "region");
    map.attributionControl.setPrefix(false);
    if (!session.failed && !session.territories.length) say(texts.loading);
    mosaicosControls.useWords();
  };

  const say = (text) => {
    const { status } = session;
    status.textContent = text;
    status.hidden = !text;
  };

  const notes = {};
  /* A quiet line at the foot of the map; an empty text takes it away. */
  const note = (about, text) => {
    notes[about] = text;
    session.note.textContent = Object.values(notes).filter(Boolean).join(" ");
    session.note.hidden = !session.note.textContent;
  };

  const fail = (error) => {
    session.failed = true;
    console.error(error);
    say(session.texts ? session.texts.failed : session.state ? session.state.failed : String(error));
    tellSeen();
  };

  // ---- the two doors ------------------------------------------------------------------------------------------

  const addBox = (kind) => {
    const box = document.createElement("div");
    box.className = kind;
    box.setAttribute("role", "status");
    box.hidden = true;
    session.map.getContainer().append(box);
    return box;
  };

  const makeGroups = () => {
    for (const name of STACK) session.groups[name] = L.featureGroup().addTo(session.map);
    session.groups.names = L.layerGroup().addTo(session.map);
    const { address, nearest } = session.settings.baseMap;
    // it asks for nothing before somebody switches it on
    const base = L.tileLayer(address, { maxNativeZoom: nearest, referrerPolicy: "strict-origin-when-cross-origin" });
    base.on("tileerror", () => isOn("base") && note("base", session.texts.baseUnreachable));
    base.on("tileload remove", () => note("base", ""));
    session.groups.base = base;
  };

  const onSwitch = ({ layer }) => {
    if (layer === session.groups.base) {
      paintTerritories();
      drawTerritories();
    }
    if (layer === session.groups.support) placeFlags();
    stack();
    mosaicosControls.show();
  };

  /* The typeface of the page around the map, which has it already. */
  const useFont = (address) => {
    if (!address) return;
    const face = new FontFace("Source Sans", `url(${address})`, { weight: "200 900" });
    face.load().then(
      () => document.fonts.add(face),
      () => {}, // the browser's own will do
    );
  };

  const keepStill = (map) => {
    if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    Object.assign(map.options, { zoomAnimationThreshold: 0, inertia: false });
    map.panBy = (offset, options) => L.Map.prototype.panBy.call(map, offset, { ...options, animate: false });
  };

  const start = (map, options) => {
    session.map = map;
    session.options = options;
    session.canvas = new mosaicosMesh.Canvas({ padding: 0.2 });
    session.status = addBox("map-status");
    session.note = addBox("map-note");
    say("…");
    keepStill(map);
    mosaicosMesh.focusInPlace(map);
    map.on("movestart", () => (session.moved ||= !session.fitting));
    map.on("moveend", tellView);
    setInterval(tellView, 500); // the page around writes its address anew after a rerun, and tells nobody
    map.on("resize", () => session.state && !session.moved && fit());
    // the style sheet that sizes the map may come after the map, which sees only changes of the window
    new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
    map.on("zoomend", () => {
      if (!session.codes) return;
      paintTerritories();
      drawTerritories();
      sizeMarks();
    });
    const mesh = load(options.mesh);
    load(options.settings)
      .then((settings) => {
        session.settings = settings;
        useFont(settings.font);
        makeGroups();
        const tools = { stateOf, isOn, isNear, loadPoints, zoomTo };
        mosaicosPlaces.build(session, tools);
        mosaicosControls.build(session, tools);
        map.on("overlayadd overlayremove", onSwitch);
        return Promise.all([refresh(), mesh]);
      })
      .then(([, topology]) => {
        session.mesh = new mosaicosMesh.Mesh(topology, { renderer: session.canvas });
        session.territories = session.mesh.territories;
        session.territories.forEach(({ id }, place) => session.places.set(id, place));
        session.mesh.addTo(map);
        say("");
        if (session.state) paint(); // the colours are seen first, lines and outlines in the next frame
        return nextFrame();
      })
      .then(refresh)
      .then(() => load(options.outlines))
      .then((topology) => {
        for (const feature of topojson.feature(topology, topology.objects.mosaic).features) {
          session.outlines.set(feature.id, feature);
        }
        return refresh();
      })
      .catch(fail);
  };

  const update = (state) => {
    session.state = state;
    if (session.failed) say(state.failed);
    refresh().catch(fail);
  };

  window.parent.addEventListener("mosaicos-picked", ({ detail }) => goAhead(detail));
  window.mosaicosMap = { start, update, session };
})();
