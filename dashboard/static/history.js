/* One action of the reader makes at most one entry in the history of the browser, so that one press of Back leads to
 * what was there before it.
 *
 * Streamlit makes an entry for each message about the address. On the way to another page there are several: the page
 * without its choice, then with it. The first that follows an action is kept as an entry; those after it replace it. What
 * only moves a view or is typed letter by letter makes none: `QUIET`, which `shell.history_script` writes before this. */
(() => {
  const { history } = window;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let hasActed = false;
  const act = () => {
    hasActed = true;
  };
  ["pointerdown", "keydown", "click", "input"].forEach((name) => window.addEventListener(name, act, true));
  window.addEventListener("message", ({ data }) => {
    if (data && data.type === "streamlit:setComponentValue") act(); // a click inside the frame of the map
  });

  const valuesOf = (address, name) => JSON.stringify(address.searchParams.getAll(name));
  const isQuiet = (before, after) => {
    const names = new Set([...before.searchParams.keys(), ...after.searchParams.keys()]);
    const changed = [...names].filter((name) => valuesOf(before, name) !== valuesOf(after, name));
    return before.pathname === after.pathname && changed.every((name) => QUIET.includes(name));
  };

  history.pushState = (state, unused, address) => {
    const before = new URL(window.location.href);
    const isStep = hasActed && !isQuiet(before, new URL(address || "", before));
    if (isStep) hasActed = false;
    (isStep ? push : replace)(state, unused, address);
  };
})();
