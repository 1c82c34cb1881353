/* What lies where: tips under the pointer, the territories in sight, place names.
 *
 * build(session, tools) runs once; findInSight() and showNames(places) whenever the picture has changed. Names come
 * from data: they are only ever set as text, never as markup.
 */
(() => {
  "use strict";

  let session = null; // that of mosaicos-map.js
  let tools = null; // its functions
  let regions = null; // names of the regions and where they stand
  const NOT_A_LINK = "NOS"; // codes of territories that no link stands for
  const MOST_NAMES = 60;

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

  const partsOf = ({ geometry }) => {
    if (geometry.type === "Polygon") return [geometry.coordinates];
    return geometry.type === "MultiPolygon" ? geometry.coordinates : [];
  };

  const holds = (layer, point) => {
    if (!layer.getBounds || !layer.getBounds().contains(point)) return false;
    return partsOf(layer.feature).some((rings) =>
      rings.reduce((inside, ring) => inside !== inRing(ring, point.lng, point.lat), false),
    );
  };

  const under = (point) => {
    const near = session.detail ? [...session.detail.territories.values()] : [];
    const here = (layer) => holds(layer, point);
    return {
      territory: near.find(here) || session.territories.find(here),
      areas: session.detail ? session.detail.areas.filter((layer) => tools.isOn(layer.group) && here(layer)) : [],
      locals: tools.isOn("local") ? session.locals.filter(here) : [],
    };
  };

  const addLine = (box, text, kind) => {
    if (!text) return;
    const line = document.createElement("div");
    line.className = kind;
    line.textContent = text;
    box.append(line);
  };

  const supportOf = (place) =>
    Object.keys(session.state.support).find((word) => session.state.support[word].includes(place));

  /* The flags of a territory in words; nothing where it has none. */
  const flagsOf = (place) => {
    const { settings, state, texts } = session;
    const held = Object.keys(settings.flags.paths).filter((flag) => (state.flags[flag] || []).includes(place));
    return held.map((flag) => texts.flags[flag]).join(" · ");
  };

  const describe = (point) => {
    const { territory, areas, locals } = under(point);
    if (!territory && !areas.length && !locals.length) return null;
    const { state, texts, settings } = session;
    const box = document.createElement("div");
    if (territory) {
      const { name } = territory.properties;
      const short = settings.regions[tools.stateOf(territory)] || "";
      const place = session.places.get(territory.id);
      addLine(box, short ? `${name} (${short})` : name, "tip-name");
      addLine(box, texts.looks[session.codes[place]], "tip-note");
      if (state.plain) addLine(box, flagsOf(place), "tip-flags");
      if (session.hatched.has(place)) addLine(box, texts.symbols.hatched, "tip-note");
      const stage = state.stages && state.stages[place];
      if (stage && !NOT_A_LINK.includes(stage)) {
        addLine(box, texts.looks[stage], "tip-stage");
        addLine(box, flagsOf(place), "tip-flags");
      }
      addLine(box, texts.symbols[supportOf(place)], "tip-support");
    }
    for (const area of areas) addLine(box, state.areas[area.feature.id].text, "tip-area");
    for (const one of locals) addLine(box, `${one.localName} · ${texts.local}`, "tip-area");
    return box;
  };

  const watchPointer = (map) => {
    const tip = L.tooltip({ className: "map-tip", offset: [14, 0], opacity: 1, direction: "auto" });
    let next = null;
    map.on("mousemove", (event) => {
      if (next) cancelAnimationFrame(next);
      next = requestAnimationFrame(() => {
        next = null;
        const onControl = event.originalEvent.target.closest(".leaflet-control");
        const box = session.codes && !session.failed && !onControl ? describe(event.latlng) : null;
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

  // ---- what is in sight -----------------------------------------------------------------------------------------

  const crosses = (ring, box) =>
    ring.some((corner, i) => i > 0 && L.LineUtil.clipSegment(L.point(ring[i - 1]), L.point(corner), box));

  const isInSight = (layer, sight, box) => {
    const bounds = layer.getBounds();
    if (!sight.intersects(bounds)) return false;
    if (sight.contains(bounds)) return true;
    return partsOf(layer.feature).some((rings) => crosses(rings[0], box)) || holds(layer, sight.getCenter());
  };

  /* The territories in sight, as places in the table. */
  const findInSight = () => {
    const sight = session.map.getBounds();
    const box = L.bounds([sight.getWest(), sight.getSouth()], [sight.getEast(), sight.getNorth()]);
    const found = [];
    session.territories.forEach((layer, place) => isInSight(layer, sight, box) && found.push(place));
    return found;
  };

  // ---- place names ----------------------------------------------------------------------------------------------

  const measure = (() => {
    const pen = document.createElement("canvas").getContext("2d");
    return (text, font) => {
      pen.font = font;
      return pen.measureText(text).width;
    };
  })();

  /* Points of the regions: the mean of those of their territories. */
  const findRegions = (points) => {
    const sums = new Map();
    session.territories.forEach((layer, place) => {
      const id = tools.stateOf(layer);
      const [count, latitude, longitude] = sums.get(id) || [0, 0, 0];
      sums.set(id, [count + 1, latitude + points[place][0], longitude + points[place][1]]);
    });
    return [...sums].map(([id, [count, latitude, longitude]]) => ({
      text: session.settings.regions[id] || "",
      point: [latitude / count, longitude / count],
      kind: "map-name map-name-region",
    }));
  };

  /* Where the name of a territory goes: at its point, or amid what is seen of it. */
  const nameAt = (layer, point, sight) => {
    if (sight.contains(point)) return L.latLng(point);
    const bounds = layer.getBounds();
    const middle = (low, high, start, end) => (Math.max(low, start) + Math.min(high, end)) / 2;
    const seen = L.latLng(
      middle(bounds.getSouth(), bounds.getNorth(), sight.getSouth(), sight.getNorth()),
      middle(bounds.getWest(), bounds.getEast(), sight.getWest(), sight.getEast()),
    );
    return holds(layer, seen) ? seen : null;
  };

  /* Names to show, the most important first: what is marked, what is linked, then the larger. */
  const findNames = (points, places) => {
    const { map, state } = session;
    const sight = map.getBounds();
    const scale = map.getZoomScale(map.getZoom(), 0) * (256 / 360); // pixels per degree of longitude
    const named = [];
    for (const place of places) {
      const layer = session.territories[place];
      const text = layer.properties.name;
      const bounds = layer.getBounds();
      const room = (bounds.getEast() - bounds.getWest()) * scale;
      const isMarked = place === state.selected;
      const isLinked = !NOT_A_LINK.includes(session.codes[place]);
      if (!isMarked && room < (isLinked ? 4.5 : 6) * text.length) continue;
      const rank = room + (isMarked ? 1e6 : isLinked ? 1e4 : 0);
      const point = nameAt(layer, points[place], sight);
      const isTaken = (tools.isOn("support") && supportOf(place)) || (tools.isOn("flags") && session.flagged.has(place));
      const below = isTaken ? 16 : 0; // pixels: a mark stands at the point
      const kind = isMarked ? "map-name map-name-marked" : "map-name";
      if (point) named.push({ text, point, rank, below, kind });
    }
    return named.sort((a, b) => b.rank - a.rank);
  };

  const asText = (text) => {
    const element = document.createElement("span");
    element.textContent = text;
    return element;
  };

  /* Where buttons and panels stand: a name below them could not be read. */
  const findControls = () => {
    const container = session.map.getContainer();
    const { left, top } = container.getBoundingClientRect();
    return [...container.querySelectorAll(".leaflet-control")].map((control) => {
      const box = control.getBoundingClientRect();
      return L.bounds([box.left - left, box.top - top], [box.right - left, box.bottom - top]);
    });
  };

  /* Put up those names that no earlier one stands in the way of. */
  const placeNames = (named) => {
    const { map, groups } = session;
    const size = map.getSize();
    const taken = findControls();
    const most = taken.length + MOST_NAMES;
    for (const { text, point, kind, below = 0 } of named) {
      if (taken.length >= most) break;
      const at = map.latLngToContainerPoint(point).add([0, below]);
      const wide = measure(text, "600 12px sans-serif") / 2 + 4;
      const box = L.bounds(at.subtract([wide, 9]), at.add([wide, 9]));
      if (!text || box.min.x < 0 || box.min.y < 0 || box.max.x > size.x || box.max.y > size.y) continue;
      if (taken.some((other) => other.overlaps(box))) continue;
      taken.push(box);
      // an element of no size, so that the browser need not measure it; its text stands around its middle
      const icon = L.divIcon({ className: kind, html: asText(text), iconSize: null, iconAnchor: [0, -below] });
      groups.names.addLayer(L.marker(point, { icon, pane: "names", interactive: false, keyboard: false }));
    }
  };

  const showNames = async (places) => {
    const { map, groups, settings } = session;
    if (!tools.isOn("names")) return;
    const points = await tools.loadPoints();
    const isFar = map.getZoom() < settings.namesZoom;
    if (isFar) regions ||= findRegions(points);
    const marked = places.filter((place) => place === session.state.selected);
    groups.names.clearLayers();
    placeNames(isFar ? [...findNames(points, marked), ...regions] : findNames(points, places));
  };

  const build = (itsSession, itsTools) => {
    session = itsSession;
    tools = itsTools;
    const names = session.map.createPane("names");
    names.setAttribute("aria-hidden", "true"); // the table holds the same names
    watchPointer(session.map);
  };

  window.mosaicosPlaces = { build, findInSight, showNames };
})();
