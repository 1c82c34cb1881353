/* A table: real rows and headings, patched in place so that nothing flickers and the focus stays where it is.
 *
 * Python sends { columns: [{ key, label, note, is_number, is_sortable }], rows: [{ id, mark, cells }], selected,
 * order: { key, is_descending } | null, page, pages, captions, is_pickable }, one page of rows, sorted, and is told the
 * id of a row ("picked"), the key of a column ("ordered") or the number of a page ("turned"). Texts are set as text.
 */
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

const setAttribute = (node, name, value) => {
  if (value === null || value === "") node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
};

const fill = (caption, name, text) => caption.replace(`{${name}}`, () => text);

/** Give a parent as many children as there are entries, keeping those that stand there already. */
const patchChildren = (parent, entries, create, update) => {
  while (parent.children.length > entries.length) parent.lastElementChild.remove();
  entries.forEach((entry, place) => {
    if (place === parent.children.length) parent.append(create(entry));
    update(parent.children[place], entry, place);
  });
};

const build = (root, tell) => {
  const count = make("span", { class: "count", role: "status" });
  const previous = make("button", { type: "button", class: "turn" });
  const page = make("span", { class: "page" });
  const next = make("button", { type: "button", class: "turn" });
  const turns = make("div", { class: "turns" }, previous, page, next);
  const caption = make("caption", { id: "about" });
  const headings = make("tr");
  const head = make("thead", {}, headings);
  const body = make("tbody");
  const table = make("table", {}, caption, head, body);
  const region = make("div", { class: "region", role: "region", tabindex: "0", "aria-labelledby": "about" }, table);
  const empty = make("p", { class: "empty" });
  root.replaceChildren(make("div", { class: "bar" }, count, turns), region, empty);
  let data = null;
  let followed = null; // the selected row that the table last went to

  const drawHeading = (cell, { key, label, note, is_number, is_sortable }) => {
    const { order, captions } = data;
    const isSorted = order !== null && order.key === key;
    setAttribute(cell, "aria-sort", isSorted ? (order.is_descending ? "descending" : "ascending") : null);
    cell.classList.toggle("number", is_number);
    cell.dataset.key = key;
    const tag = is_sortable ? "button" : "span";
    if (!cell.querySelector(tag + ".sort")) {
      const arrow = make("span", { class: "arrow", "aria-hidden": "true" });
      cell.replaceChildren(make(tag, { class: "sort", ...(is_sortable && { type: "button" }) }, make("span"), arrow));
    }
    const inner = cell.firstElementChild;
    setText(inner.firstElementChild, label);
    const sort = is_sortable ? fill(captions.sort, "column", label) : "";
    setAttribute(inner, "title", [sort, note].filter(Boolean).join(". "));
  };

  const drawCell = (cell, text, place) => {
    cell.classList.toggle("number", data.columns[place].is_number);
    setText(place ? cell : cell.querySelector(".name"), text);
  };

  const makeRow = () => {
    const mark = make("span", { class: "mark", "aria-hidden": "true" });
    const name = data.is_pickable ? make("button", { type: "button", class: "name" }) : make("span", { class: "name" });
    return make("tr", {}, make("th", { scope: "row" }, make("span", { class: "title" }, mark, name)));
  };

  const drawRow = (row, { id, mark, cells }) => {
    const isSelected = id === data.selected;
    row.dataset.id = id;
    setAttribute(row, "aria-current", isSelected ? "true" : null);
    patchChildren(row, cells, () => make("td"), drawCell);
    const swatch = row.querySelector(".mark");
    swatch.hidden = !mark;
    swatch.style.backgroundColor = mark;
    const name = row.querySelector(".name");
    setAttribute(name, "title", data.is_pickable ? fill(data.captions.choose, "name", cells[0]) : null);
    setAttribute(name, "aria-current", isSelected ? "true" : null);
  };

  const drawTurn = (button, text, wanted) => {
    setAttribute(button, "aria-label", text);
    setAttribute(button, "title", text);
    // not disabled: then it would lose the focus
    setAttribute(button, "aria-disabled", String(wanted < 1 || wanted > data.pages));
  };

  /** Scroll the table, and only the table, until a row is in sight. */
  const reveal = (row) => {
    const top = row.offsetTop - head.offsetHeight;
    const bottom = row.offsetTop + row.offsetHeight - region.clientHeight;
    if (region.scrollTop > top) region.scrollTop = top;
    else if (region.scrollTop < bottom) region.scrollTop = bottom;
  };

  /** Go to a row that was selected elsewhere; while the table is hidden, wait. */
  const follow = () => {
    if (!region.clientHeight || followed === data.selected) return false;
    followed = data.selected;
    const row = [...body.children].find((one) => one.dataset.id === followed);
    if (row) reveal(row);
    return Boolean(row);
  };

  const pick = (row) => data.is_pickable && row && tell("picked", row.dataset.id);
  const turn = (wanted) => wanted >= 1 && wanted <= data.pages && tell("turned", wanted);
  previous.addEventListener("click", () => turn(data.page - 1));
  next.addEventListener("click", () => turn(data.page + 1));
  headings.addEventListener("click", ({ target }) => {
    const cell = target.closest("th");
    if (cell && cell.querySelector("button")) tell("ordered", cell.dataset.key);
  });
  body.addEventListener("click", ({ target }) => {
    const scope = root.getRootNode();
    const marked = String((scope.getSelection ? scope : document).getSelection());
    if (target.closest("button") || !marked) pick(target.closest("tr"));
  });
  body.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    const other = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (!other || !data.is_pickable) return;
    event.preventDefault();
    other.querySelector(".name").focus();
  });
  // whatever gets the focus is scrolled out from under the sticky headings
  new ResizeObserver(() => {
    region.style.scrollPaddingTop = `${head.offsetHeight}px`;
    region.style.scrollPaddingLeft = `${headings.firstElementChild.offsetWidth}px`;
    follow();
  }).observe(head);

  return (given) => {
    const before = data;
    data = given;
    const { columns, rows, captions } = data;
    const active = root.getRootNode().activeElement;
    const focused = root.contains(active) ? active : null;
    const key = focused && headings.contains(focused) ? focused.parentElement.dataset.key : null;
    if (before && before.is_pickable !== data.is_pickable) body.replaceChildren();
    setText(caption, captions.about);
    setText(count, captions.count);
    setText(page, captions.page);
    setText(empty, captions.empty);
    turns.hidden = data.pages < 2;
    empty.hidden = rows.length > 0;
    region.hidden = !empty.hidden;
    drawTurn(previous, captions.previous, data.page - 1);
    drawTurn(next, captions.next, data.page + 1);
    patchChildren(headings, columns, () => make("th", { scope: "col" }), drawHeading);
    patchChildren(body, rows, makeRow, drawRow);

    // a column that moved takes the focus along; what is gone leaves it to the table
    const kept = key && [...headings.children].find((cell) => cell.dataset.key === key);
    if (kept) kept.firstElementChild.focus({ preventScroll: true });
    else if (focused && !root.contains(focused)) region.focus({ preventScroll: true });

    const isTurned = before && JSON.stringify([before.page, before.order]) !== JSON.stringify([data.page, data.order]);
    if (!follow() && isTurned) region.scrollTop = 0;
  };
};

const drawn = new WeakMap();

export default ({ data, parentElement, setTriggerValue }) => {
  if (!drawn.has(parentElement)) {
    const entry = { send: null };
    entry.update = build(parentElement.querySelector(".grid"), (name, value) => entry.send(name, value));
    drawn.set(parentElement, entry);
  }
  const entry = drawn.get(parentElement);
  entry.send = setTriggerValue;
  entry.update(JSON.parse(new TextDecoder().decode(data)));
};
