/* Fetches the script of one of our components from this server, once, and hands on what Python tells it.
 *
 * Streamlit sends a component's own script anew with each rerun, so that is this one; Python writes the address before
 * it. The script's style sheet is put on before the component is shown for the first time.
 */
const ready = import(new URL(address, location.origin).href).then(({ default: show, style }) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  return { show, sheet };
});

export default (component) => {
  ready.then(({ show, sheet }) => {
    const root = component.parentElement.getRootNode();
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
    show(component);
  });
};
