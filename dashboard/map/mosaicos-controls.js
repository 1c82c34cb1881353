/* What stands on the map: buttons, layer switches, the legend, the line of sources.
 *
 * build(session, tools) runs once, useWords() when the language is known, show() whenever the picture has changed.
 * Words are only ever set as text, never as markup.
 */
(() => {
  "use strict";

  let session = null; // that of mosaicos-map.js
  let tools = null; // its functions
  const parts = {}; // the controls
  const LEFT_OUT = "NO"; // codes of territories that the filters did not choose
  const NARROW = "(max-width: 640px)";

  const make = (tag, className, text = "") => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  };

  const draw = (tag, attributes, ...inside) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  };

  // ---- panels that open and close ---------------------------------------------------------------------------------

  const icon = (...shapes) =>
    draw("svg", { viewBox: "0 0 18 18", width: 18, height: 18, "aria-hidden": "true", class: "map-icon" }, ...shapes);
  const path = (d) => draw("path", { d });

  const ICONS = {
    layers: () => icon(path("M9 2 16 6 9 10 2 6ZM2.6 9.4 9 13l6.4-3.6M2.6 12.6 9 16.2l6.4-3.6")),
    legend: () => icon(path("M2.5 3h3v3h-3ZM2.5 12h3v3h-3ZM8.5 4.5h7M8.5 13.5h7M2.5 7.5h3v3h-3ZM8.5 9h7")),
    full: () => icon(path("M2.5 6.5v-4h4M11.5 2.5h4v4M15.5 11.5v4h-4M6.5 15.5h-4v-4")),
    leave: () => icon(path("M6.5 2.5v4h-4M15.5 6.5h-4v-4M11.5 15.5v-4h4M2.5 11.5h4v4")),
    selection: () => icon(path("M12 12 16 16M7.5 2.2a5.3 5.3 0 1 1 0 10.6 5.3 5.3 0 0 1 0-10.6ZM5.6 5.6h3.8v3.8H5.6Z")),
    whole: () => icon(path("M9 2a7 7 0 1 1 0 14A7 7 0 0 1 9 2ZM9 2c4 4 4 10 0 14M9 2c-4 4-4 10 0 14M2.2 9h13.6")),
  };

  /* A button and what it opens. Escape closes it. */
  const makePanel = (kind, body, { isOpen }) => {
    const box = make("div", `map-panel map-panel-${kind}`);
    const button = make("button", "map-panel-button");
    const title = make("span", "map-panel-title");
    const inside = make("div", "map-panel-body");
    inside.id = `map-panel-${kind}`;
    inside.append(body);
    button.type = "button";
    button.append(ICONS[kind](), title);
    button.setAttribute("aria-controls", inside.id);
    const open = (isNowOpen) => {
      button.setAttribute("aria-expanded", String(isNowOpen));
      inside.hidden = !isNowOpen;
    };
    button.addEventListener("click", () => {
      open(inside.hidden);
      show(); // names make way for it
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || inside.hidden) return;
      open(false);
      button.focus();
    });
    open(isOpen);
    box.append(button, inside);
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    const name = (text) => {
      title.textContent = text;
      button.title = text;
      button.setAttribute("aria-label", text);
    };
    return { box, name, isOpen: () => !inside.hidden };
  };

  const addControl = (position, element) => {
    const control = L.control({ position });
    control.onAdd = () => element;
    return control.addTo(session.map);
  };

  // ---- layer switches -------------------------------------------------------------------------------------------

  const SWITCHES = ["outlines", "units", "lands", "flags", "support", "borders", "names", "local", "base"];
  const HIDDEN = ["flags", "local"]; // switches that are not there where they would show nothing

  /* What each switch would show now; a switch that would show nothing says so by being grey. */
  const hasContent = (name) => {
    const { state } = session;
    if (!state) return true;
    const looks = Object.values(state.areas).map(({ look }) => look);
    const known = {
      units: looks.includes("U"),
      lands: looks.includes("T"),
      flags: state.plain === true && Object.keys(state.flags).length > 0,
      support: Object.keys(state.support).length > 0,
      local: state.local.length > 0,
    };
    return known[name] ?? true;
  };

  const makeSwitches = () => {
    const Switches = L.Control.Layers.extend({
      onAdd(map) {
        L.Control.Layers.prototype.onAdd.call(this, map);
        this.panel = makePanel("layers", this._section, { isOpen: false });
        this._container = this.panel.box;
        return this._container;
      },
      expand() {
        return this; // its panel opens and closes it
      },
      _addItem(item) {
        const label = L.Control.Layers.prototype._addItem.call(this, item);
        label.dataset.layer = item.name;
        label.querySelector("span > span").textContent = session.texts ? session.texts.layers[item.name] : "";
        return label;
      },
      _checkDisabledLayers() {
        for (const label of this._overlaysList.children) {
          const { layer } = label.dataset;
          if (!layer) continue;
          label.querySelector("input").disabled = !hasContent(layer);
          label.hidden = HIDDEN.includes(layer) && !hasContent(layer);
        }
      },
      refresh() {
        this._update();
        this._checkDisabledLayers();
      },
    });
    const groups = Object.fromEntries(SWITCHES.map((name) => [name, session.groups[name]]));
    return new Switches(null, groups, { collapsed: false, position: "topright" }).addTo(session.map);
  };

  // ---- buttons --------------------------------------------------------------------------------------------------

  const findSelection = () => {
    const bounds = L.latLngBounds([]);
    session.territories.forEach((layer, place) => {
      if (!LEFT_OUT.includes(session.codes[place])) bounds.extend(layer.getBounds());
    });
    return bounds;
  };

  const goToSelection = () => {
    const bounds = findSelection();
    if (bounds.isValid()) tools.zoomTo(bounds);
  };

  const switchFullScreen = () => {
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    done.catch(() => {}); // the browser said no: the map stays as it is
  };

  const makeButtons = () => {
    const bar = make("div", "leaflet-bar map-buttons");
    L.DomEvent.disableClickPropagation(bar);
    const add = (name, act) => {
      const button = make("button", `map-button map-button-${name}`);
      button.type = "button";
      button.append(ICONS[name]());
      button.addEventListener("click", act);
      bar.append(button);
      return button;
    };
    const made = { selection: add("selection", goToSelection) };
    made.whole = add("whole", () => tools.zoomTo(session.settings.country));
    if (document.fullscreenEnabled) {
      made.full = add("full", switchFullScreen);
      document.addEventListener("fullscreenchange", nameButtons);
    }
    addControl("topleft", bar);
    return made;
  };

  const nameButton = (button, text) => {
    button.title = text;
    button.setAttribute("aria-label", text);
  };

  const nameButtons = () => {
    const { texts, map } = session;
    const container = map.getContainer();
    nameButton(container.querySelector(".leaflet-control-zoom-in"), texts.zoomIn);
    nameButton(container.querySelector(".leaflet-control-zoom-out"), texts.zoomOut);
    nameButton(parts.buttons.selection, texts.zoomSelection);
    nameButton(parts.buttons.whole, texts.wholeMap);
    if (!parts.buttons.full) return;
    const isFull = document.fullscreenElement !== null;
    nameButton(parts.buttons.full, isFull ? texts.leaveFullScreen : texts.fullScreen);
    parts.buttons.full.replaceChildren(isFull ? ICONS.leave() : ICONS.full());
  };

  // ---- the legend -----------------------------------------------------------------------------------------------

  const QUIET_EDGE = "#93a09d"; // where the map's own edge is white

  const drawBox = (style, isHatched) => {
    const hasFill = style.fill !== false && style.fillColor && !isHatched;
    const box = draw("rect", {
      x: 1.5, y: 1.5, width: 23, height: 13, rx: 2,
      fill: hasFill ? style.fillColor : "#ffffff",
      "fill-opacity": hasFill ? style.fillOpacity : 1,
      stroke: style.color === "#ffffff" ? QUIET_EDGE : style.color,
      "stroke-width": Math.max(style.weight, 1),
      "stroke-dasharray": style.dashArray,
      "stroke-linecap": "round",
    });
    if (!isHatched) return [box];
    const strokes = [5, 10, 15, 20].map((x) => `M${x} 14 L${x + 5} 2`).join("");
    return [box, draw("path", { d: strokes, stroke: style.color, "stroke-width": 1.4, fill: "none" })];
  };

  const drawMark = (discs) =>
    discs.map((disc) =>
      draw("circle", {
        cx: 13, cy: 8, r: disc.radius * 5.5,
        fill: disc.fillColor,
        stroke: disc.stroke === false ? "none" : disc.color,
        "stroke-width": disc.weight,
        "stroke-dasharray": disc.dashArray,
      }),
    );

  const drawFlag = (flag) => {
    const { box, frame, frameWidth, lineWidth, ink, ground, paths } = session.settings.flags;
    const line = { stroke: ink, "stroke-linecap": "round", "stroke-linejoin": "round" };
    return [
      draw("g", { transform: `translate(${(26 - box) / 2} 0)` },
        draw("path", { d: frame, fill: ground, "stroke-width": frameWidth, ...line }),
        draw("path", { d: paths[flag], fill: "none", "stroke-width": lineWidth, ...line }),
      ),
    ];
  };

  const swatch = (shapes) =>
    draw("svg", { viewBox: "0 0 26 16", width: 26, height: 16, "aria-hidden": "true" }, ...shapes);

  const countOf = (codes) => {
    const counts = {};
    for (const code of codes) counts[code] = (counts[code] || 0) + 1;
    return counts;
  };

  /* A row for each look in sight: how many territories have it in sight, and in all. Codes that look like another one
   * are counted with it, and once more in a row of their own below. */
  const lookItems = (places) => {
    const { settings, codes, texts } = session;
    const [inSight, inAll] = [countOf(places.map((place) => codes[place])), countOf(codes)];
    const near = tools.isNear();
    const items = [];
    for (const code of [...settings.order].filter((one) => !settings.drawnAs[one])) {
      const alike = Object.keys(settings.drawnAs).filter((one) => settings.drawnAs[one] === code);
      const sum = (counts) => [code, ...alike].reduce((whole, one) => whole + (counts[one] || 0), 0);
      const { far, near: changes } = settings.looks[code];
      const shapes = () => drawBox(near ? { ...far, ...changes } : far);
      const rows = [{ key: code, text: texts.looks[code], count: sum(inSight), all: sum(inAll), shapes }];
      for (const one of alike) {
        rows.push({ key: one, text: texts.without[one], count: inSight[one], all: inAll[one], shapes: () => [] });
      }
      items.push(...rows.filter(({ count }) => count));
    }
    return items;
  };

  const symbolItems = (places) => {
    const { settings, state, texts, groups, map } = session;
    const items = [];
    const sight = map.getBounds();
    const isSeen = (layer) => !layer.getBounds || sight.intersects(layer.getBounds());
    const add = (key, shapes, count, all) =>
      items.push({ key, text: texts.symbols[key] || texts.flags[key], count, all, shapes });
    const seen = (name) => (tools.isOn(name) ? groups[name].getLayers().filter(isSeen) : []);
    const outlines = seen("outlines").map(({ feature }) => settings.incomplete.includes(feature.id));
    const asDrawn = (style) => (state.plain ? { ...style, fill: false } : style);
    if (state.mosaic) {
      if (outlines.length) add("chosen", () => drawBox(settings.outline.chosen));
    } else {
      if (outlines.includes(false)) add("whole", () => drawBox(asDrawn(settings.outline.whole)));
      if (outlines.includes(true)) add("incomplete", () => drawBox(asDrawn(settings.outline.incomplete)));
    }
    const members = [...seen("units"), ...seen("lands")].map(({ feature }) => state.areas[feature.id]).filter(Boolean);
    for (const look of ["U", "T"]) {
      const isThere = members.some((one) => one.look === look && !one.part);
      if (isThere) add(look, () => drawBox(asDrawn(settings.areas[look])));
    }
    const inPart = members.find((one) => one.part);
    if (inPart) {
      const style = settings.areas[inPart.look];
      add("part", () => (state.plain ? drawBox({ ...asDrawn(style), ...settings.partLine }) : drawBox(style, true)));
    }
    const inSight = new Set(places);
    const unsure = places.filter((place) => session.hatched.has(place)).length;
    if (unsure) add("hatched", () => drawBox({ color: "#5b6a67", weight: 1 }, true), unsure, session.hatched.size);
    const addMarks = (key, marked, shapes) => {
      const count = marked.filter((place) => inSight.has(place)).length;
      if (count) add(key, shapes, count, marked.length);
    };
    const flags = state.plain && tools.isOn("flags") ? state.flags : {};
    for (const flag of Object.keys(settings.flags.paths)) addMarks(flag, flags[flag] || [], () => drawFlag(flag));
    const isLeftOut = (place) => inSight.has(place) && !session.flagged.has(place);
    if (Object.values(flags).flat().some(isLeftOut)) items.push({ key: "room", text: texts.flagRoom, shapes: null });
    for (const [word, discs] of Object.entries(tools.isOn("support") ? settings.support : {})) {
      addMarks(word, state.support[word] || [], () => drawMark(discs));
    }
    if (seen("local").length) add("local", () => drawBox(settings.local));
    return items;
  };

  /* How many are in sight, and of how many in all where not all are: "3 / 14", read out as "3 in sight, of 14". */
  const makeCount = (count, all) => {
    const { state, texts } = session;
    const box = make("b", "map-legend-count", count.toLocaleString(state.lang));
    if (all === count) return box;
    const slash = make("span", "map-legend-all", " / ");
    slash.setAttribute("aria-hidden", "true");
    const whole = make("span", "map-legend-all", all.toLocaleString(state.lang));
    box.append(slash, make("span", "map-unseen", ` ${texts.inSightOf} `), whole);
    return box;
  };

  const showLegend = (places) => {
    const { state, texts } = session;
    const items = [...lookItems(places), ...symbolItems(places)];
    const key = JSON.stringify([state.lang, tools.isNear(), state.plain, items.map(({ key: of, count, all }) => [of, count, all])]);
    if (parts.legendKey === key) return;
    parts.legendKey = key;
    const rows = items.map(({ key: code, text, count, all, shapes }) => {
      const row = make("li", "map-legend-row");
      row.dataset.look = code;
      if (shapes) row.append(swatch(shapes()));
      row.append(make("span", shapes ? "map-legend-text" : "map-legend-note", text));
      if (count) row.append(makeCount(count, all));
      return row;
    });
    parts.legendList.replaceChildren(...rows);
    parts.legendNote.textContent = texts.legendNote;
    parts.legendList.setAttribute("aria-label", texts.legend);
  };

  const makeLegend = () => {
    const body = make("div", "map-legend");
    parts.legendNote = make("p", "map-legend-note");
    parts.legendList = make("ul", "map-legend-list");
    body.append(parts.legendNote, parts.legendList);
    const panel = makePanel("legend", body, { isOpen: !window.matchMedia(NARROW).matches });
    addControl("bottomleft", panel.box);
    return panel;
  };

  /* How much of the map's width the legend takes away, in pixels; nothing where the map is too narrow to give it. */
  const legendWidth = () => {
    const isOpen = parts.legend && parts.legend.isOpen();
    return isOpen && session.map.getSize().x >= 640 ? Math.min(parts.legend.box.offsetWidth, 260) : 0;
  };

  // ---- the line of sources --------------------------------------------------------------------------------------

  const showCredit = () => {
    const { map, texts, settings } = session;
    const line = map.getContainer().querySelector(".leaflet-control-attribution");
    line.textContent = texts.credit;
    if (tools.isOn("base")) {
      const link = make("a", "", texts.baseCredit);
      Object.assign(link, { href: settings.baseMap.licence, target: "_blank", rel: "noopener" });
      line.append(" · ", link);
    }
    map.getContainer().style.setProperty("--credit-height", `${line.offsetHeight}px`); // the legend stands above it
  };

  // ---- the three doors ------------------------------------------------------------------------------------------

  /* What stands on the map follows the picture, and never holds it up: it is drawn after the frame, once. */
  const show = () => {
    if (parts.isShowing) return;
    parts.isShowing = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        parts.isShowing = false;
        showNow();
      }),
    );
  };

  const showNow = () => {
    if (!session || !session.texts || !session.codes) return;
    const places = mosaicosPlaces.findInSight();
    parts.switches._checkDisabledLayers();
    parts.buttons.selection.disabled = !session.codes.split("").some((code) => !LEFT_OUT.includes(code));
    showLegend(places);
    showCredit();
    mosaicosPlaces.showNames(places).catch((error) => console.warn(error)); // a map without names is still a map
  };

  const useWords = () => {
    const { texts, state } = session;
    if (parts.language === state.lang) return;
    parts.language = state.lang;
    nameButtons();
    parts.switches.refresh();
    parts.switches.panel.name(texts.layersTitle);
    parts.legend.name(texts.legend);
    showCredit();
  };

  const build = (itsSession, itsTools) => {
    session = itsSession;
    tools = itsTools;
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(session.map);
    parts.buttons = makeButtons();
    parts.switches = makeSwitches();
    parts.legend = makeLegend();
    session.map.on("moveend", show);
  };

  window.mosaicosControls = { build, useWords, show, legendWidth };
})();
