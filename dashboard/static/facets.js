/* The filters: a button that opens a panel of check boxes with counts, and what is chosen as chips.
 *
 * Python sends { button, clear, remove, about, groups: [{ field, label, options: [[id, label, count]], chosen }],
 * chips: [{ field, text, rest }] } and is told { field, values } or that all is cleared. Every text is set as text.
 */
const make = (tag, attributes = {}, text = "") => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
};

const build = (root, tell) => {
  const bar = make("div", { class: "bar" });
  const toggle = make("button", { type: "button", class: "toggle", "aria-expanded": "false", "aria-controls": "facet-panel" });
  const chips = make("ul", { class: "chips" });
  const clear = make("button", { type: "button", class: "clear" });
  const panel = make("div", { id: "facet-panel", class: "panel", hidden: "" });
  const about = make("p", { class: "about" });
  const groups = make("div", { class: "groups" });
  panel.append(about, groups);
  bar.append(toggle, chips, clear);
  root.replaceChildren(bar, panel);
  const boxes = new Map(); // "field value" -> { input, count, row }
  let drawn = ""; // fields, values and labels as they stand in the panel

  const open = (is) => {
    panel.hidden = !is;
    toggle.setAttribute("aria-expanded", String(is));
  };
  toggle.addEventListener("click", () => open(panel.hidden));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    open(false);
    toggle.focus();
  });
  clear.addEventListener("click", () => {
    tell("cleared", true);
    toggle.focus();
  });

  const drawGroups = (data) => {
    const shape = JSON.stringify(data.groups.map(({ field, label, options }) => [field, label, options.map((o) => o.slice(0, 2))]));
    if (shape === drawn) return;
    drawn = shape;
    boxes.clear();
    groups.replaceChildren(
      ...data.groups.map(({ field, label, options }) => {
        const set = make("fieldset");
        set.append(make("legend", {}, label));
        const list = make("div", { class: "options" });
        for (const [id, text] of options) {
          const row = make("label", { class: "option" });
          const input = make("input", { type: "checkbox", value: id });
          const count = make("span", { class: "count" });
          row.append(input, make("span", { class: "name" }, text), count);
          list.append(row);
          boxes.set(`${field} ${id}`, { input, count, row });
          input.addEventListener("change", () => {
            const values = options.map((option) => option[0]).filter((one) => boxes.get(`${field} ${one}`).input.checked);
            tell("chosen", { field, values });
          });
        }
        set.append(list);
        return set;
      }),
    );
  };

  return (data) => {
    toggle.textContent = data.button;
    clear.textContent = data.clear;
    clear.hidden = !data.chips.length;
    about.textContent = data.about;
    drawGroups(data);
    for (const { field, options, chosen } of data.groups) {
      for (const [id, , count] of options) {
        const box = boxes.get(`${field} ${id}`);
        box.input.checked = chosen.includes(id);
        box.count.textContent = count;
        box.row.classList.toggle("none", count === "0" && !box.input.checked);
      }
    }
    chips.replaceChildren(
      ...data.chips.map(({ field, text, rest }) => {
        const item = make("li");
        const button = make("button", { type: "button", class: "chip", title: data.remove }, text);
        button.append(make("span", { "aria-hidden": "true" }, " ×"));
        button.addEventListener("click", () => {
          tell("chosen", { field, values: rest });
          toggle.focus();
        });
        item.append(button);
        return item;
      }),
    );
  };
};

const drawn = new WeakMap();

export default ({ data, parentElement, setTriggerValue }) => {
  if (!drawn.has(parentElement)) {
    const entry = { send: null };
    entry.update = build(parentElement.querySelector(".facets"), (name, value) => entry.send(name, value));
    drawn.set(parentElement, entry);
  }
  const entry = drawn.get(parentElement);
  entry.send = setTriggerValue;
  entry.update(JSON.parse(new TextDecoder().decode(data)));
};
