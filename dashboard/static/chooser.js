/* A list to choose from, in groups, found by typing with or without accents (ARIA combobox pattern).
 *
 * Python sends { captions: { label, placeholder, empty, clear }, value, groups: [{ label, options: [{ id, name, note }] }]
 * } as JSON and is told the id that was picked, or "" when the choice is cleared. Every text is set as text, never as markup.
 */
const fold = (text) =>
  text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();

const make = (tag, attributes = {}, text = "") => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
};

const build = (root, pick) => {
  root.replaceChildren();
  const box = make("div", { class: "box" });
  const label = make("label", { for: "chooser-input", id: "chooser-label" });
  const field = make("div", { class: "field" });
  const input = make("input", {
    id: "chooser-input",
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "chooser-list",
  });
  const clear = make("button", { type: "button", class: "clear" }, "×");
  const list = make("div", { id: "chooser-list", role: "listbox", "aria-labelledby": "chooser-label", hidden: "" });
  field.append(input, clear);
  box.append(label, field, list);
  root.append(box);

  const view = { data: null, shown: [], active: -1, open: false };
  const chosen = () =>
    view.data.groups.flatMap((group) => group.options).find((option) => option.id === view.data.value) || null;

  const rest = () => {
    const option = chosen();
    input.value = option ? option.name : "";
    clear.hidden = !option;
  };

  const close = () => {
    view.open = false;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const activate = (place) => {
    if (!view.shown.length) return;
    view.active = (place + view.shown.length) % view.shown.length;
    view.shown.forEach(({ node }, index) => node.classList.toggle("active", index === view.active));
    const { node } = view.shown[view.active];
    input.setAttribute("aria-activedescendant", node.id);
    node.scrollIntoView({ block: "nearest" });
  };

  const choose = (id) => {
    close();
    view.data.value = id;
    rest();
    // the map shows it at once; the server is asked in the same moment, but the map's picture goes first
    window.dispatchEvent(new CustomEvent("mosaicos-picked", { detail: id }));
    requestAnimationFrame(() => setTimeout(() => pick(id)));
  };

  const show = (typed) => {
    const wanted = fold(typed).split(" ").filter(Boolean);
    view.shown = [];
    view.active = -1;
    list.replaceChildren();
    view.data.groups.forEach((group, place) => {
      const found = group.options.filter((option) => {
        const key = fold(`${option.name} ${option.note} ${option.id}`);
        return wanted.every((word) => key.includes(word));
      });
      if (!found.length) return;
      const section = make("div", { role: "group", "aria-labelledby": `chooser-group-${place}` });
      section.append(make("div", { class: "heading", id: `chooser-group-${place}` }, group.label));
      for (const option of found) {
        const node = make("div", {
          role: "option",
          class: "option",
          id: `chooser-option-${option.id}`,
          "aria-selected": String(option.id === view.data.value),
        });
        node.append(make("span", { class: "name" }, option.name), make("span", { class: "note" }, option.note));
        node.addEventListener("mousedown", (event) => {
          event.preventDefault(); // keep the focus in the field
          choose(option.id);
        });
        section.append(node);
        view.shown.push({ id: option.id, node });
      }
      list.append(section);
    });
    if (!view.shown.length) list.append(make("div", { class: "empty" }, view.data.captions.empty));
    view.open = true;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (wanted.length) activate(0);
  };

  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => view.open || show(""));
  input.addEventListener("input", () => show(input.value));
  input.addEventListener("blur", () => {
    close();
    rest();
  });
  input.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      if (!view.open) show("");
      activate(view.active < 0 && steps[event.key] < 0 ? -1 : view.active + steps[event.key]);
    } else if (event.key === "Enter" && view.open && view.active >= 0) {
      event.preventDefault();
      choose(view.shown[view.active].id);
    } else if (event.key === "Escape") {
      close();
      rest();
    }
  });
  clear.addEventListener("click", () => choose(""));

  return (data) => {
    view.data = { ...data, value: data.value || "" };
    const { captions } = data;
    label.textContent = captions.label;
    input.placeholder = captions.placeholder;
    clear.setAttribute("aria-label", captions.clear);
    clear.title = captions.clear;
    if (!view.open) rest();
  };
};

const drawn = new WeakMap();

export default ({ data, parentElement, setTriggerValue }) => {
  if (!drawn.has(parentElement)) {
    const root = parentElement.querySelector(".chooser");
    drawn.set(parentElement, { root, send: null, update: null });
  }
  const entry = drawn.get(parentElement);
  entry.send = (id) => setTriggerValue("picked", id);
  if (!entry.update) entry.update = build(entry.root, (id) => entry.send(id));
  entry.update(JSON.parse(new TextDecoder().decode(data)));
};
