/* The first picture of the map: drawn by a worker while Streamlit's page is still being loaded, and taken away once the
 * map itself has painted.
 *
 * The page holds what to draw (an element `mosaicos-early`, JSON): { mesh } is the address of a small mesh, { looks,
 * hatch, nearZoom } are of the map's settings, { codes, hatched, near, bounds, view } are as the map is told them; and it
 * holds the worker's script (`mosaicos-early-worker`), which would else wait behind those of Streamlit.
 * The picture is only seen: pointer and keyboard go through it to the page. It lies where the map's frame is, or, before
 * there is a frame, where the last visit had it. Once there is something to see the map says so (the event
 * `mosaicos-seen`), and how much of it the legend takes.
 */
(() => {
  "use strict";

  const told = JSON.parse(document.getElementById("mosaicos-early").textContent);
  const start = location.pathname;
  const MOST_MS = 60_000; // that the picture waits for a frame
  const MOST_FRAME_MS = 20_000; // and for a map in it
  const SETTLE_MS = 2_000; // after which the frame has its place
  const NARROW = 640; // pixels of a window up to which the parts of the page stand below each other
  const LEGEND = 245; // pixels that an open legend takes
  const isEmbedded = location.search.includes("embed=true");
  const key = `mosaicos-frame ${innerWidth}x${innerHeight} ${isEmbedded}`;

  /* Where the frame will be: where it was, or where the page's style sheet puts it in an ordinary window. */
  const guess = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(key));
      if (kept && kept.length === 5 && kept.every(Number.isFinite)) return kept;
    } catch {
      // nothing is kept, or nothing may be
    }
    const isNarrow = innerWidth <= NARROW;
    const wide = Math.min(innerWidth, 1760) - (isNarrow ? 32 : 64);
    const left = (innerWidth - wide) / 2;
    const height = isNarrow ? Math.max(340, innerHeight * 0.58) : Math.min(900, Math.max(460, innerHeight - 310));
    const width = isNarrow ? wide : ((wide - 32) * 1.55) / 2.55;
    const above = (isEmbedded ? [191, 213] : [278, 338])[Number(isNarrow)];
    const chips = isNarrow && location.search.includes("mosaic=") ? 120 : 0; // lines of what is chosen, about
    return [left, above + chips, width, height, width >= NARROW ? LEGEND : 0];
  };

  const place = (node, [left, top, width, height]) => {
    Object.assign(node.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  };

  const box = document.createElement("div");
  box.className = "mosaicos-early";
  box.setAttribute("aria-hidden", "true");
  const canvas = document.createElement("canvas");
  box.append(canvas);

  const begun = performance.now();
  let [isOver, worker, framed] = [false, null, Infinity];

  const end = () => {
    isOver = true;
    box.remove();
    if (worker) worker.terminate();
  };

  /* How far the page is scrolled: Streamlit scrolls a part of it. */
  const scrolled = () => document.querySelector("[data-testid=stMain]")?.scrollTop || 0;

  const keep = (found) => {
    try {
      localStorage.setItem(key, JSON.stringify(found));
    } catch {
      // the next visit guesses again
    }
  };

  const frameNow = () =>
    document.querySelector(".st-key-map-frame iframe") || document.querySelector(".st-key-map-frame");

  /* Follow the frame; give up where the page turns out to be another one, or none. */
  const follow = () => {
    if (isOver) return;
    const frame = frameNow();
    const now = performance.now();
    if (frame) framed = Math.min(framed, now);
    const isIdle = document.querySelector("[data-test-script-state='notRunning']") && !frame;
    const isLate = now - begun > MOST_MS || now - framed > MOST_FRAME_MS;
    if (isIdle || isLate || location.pathname !== start) {
      end();
      return;
    }
    if (frame) {
      const { left, top, width, height } = frame.getBoundingClientRect();
      if (width && height > 200) place(box, [left, top, width, height]);
    }
    requestAnimationFrame(follow);
  };

  addEventListener("mosaicos-seen", ({ detail: legend }) => {
    setTimeout(() => {
      const frame = frameNow();
      if (!frame || location.pathname !== start) return;
      const { left, top, width, height } = frame.getBoundingClientRect();
      if (width && !document.fullscreenElement) keep([left + scrollX, top + scrolled(), width, height, legend]);
    }, SETTLE_MS);
    if (!isOver) requestAnimationFrame(end); // the map's own first picture is seen before this one goes
  });

  const begin = () => {
    const [left, top, ...size] = guess();
    place(box, [left, top, ...size]);
    const [width, height] = size.map((side) => Math.round(side) - 2); // without the border
    const ratio = devicePixelRatio > 1 ? 2 : 1; // as Leaflet has it
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const drawing = canvas.transferControlToOffscreen();
    const script = new Blob([document.getElementById("mosaicos-early-worker").textContent]);
    worker = new Worker(URL.createObjectURL(script));
    worker.addEventListener("message", ({ data }) => data || end());
    worker.addEventListener("error", end);
    const mesh = new URL(told.mesh, location.origin).href; // a script without a place of its own knows no other address
    worker.postMessage({ ...told, mesh, canvas: drawing, width, height, ratio, legend: size[2] }, [drawing]);
  };

  /* The page's body comes after this script. */
  const show = () => {
    if (!document.body) requestAnimationFrame(show);
    else if (!isOver) {
      document.body.append(box);
      follow();
    }
  };

  if (!canvas.transferControlToOffscreen || !window.Worker) return; // an older browser waits for the map
  begin();
  show();
})();
