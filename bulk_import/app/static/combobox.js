// A select with many options becomes a field that is searched by typing (ARIA combobox with a listbox).
import { t } from "./app.js";

let count = 0;

function enhance(select) {
  if (select.dataset.done) return;
  select.dataset.done = "1";
  count += 1;
  const box = document.createElement("div");
  box.className = "combo";
  const field = document.createElement("input");
  field.id = select.id;
  select.removeAttribute("id");
  field.autocomplete = "off";
  field.spellcheck = false;
  const list = document.createElement("ul");
  list.id = `combo-${count}`;
  list.hidden = true;
  const name = document.querySelector(`label[for="${field.id}"]`)?.textContent ?? "";
  for (const [key, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" })) field.setAttribute(key, value);
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", name);
  select.hidden = true;
  select.before(box);
  box.append(field, list, select);
  let options = [];
  let at = -1;

  const shown = () => select.selectedOptions[0]?.textContent ?? "";
  field.value = shown();

  function mark(position) {
    at = options.length ? (position + options.length) % options.length : -1;
    options.forEach((one, index) => { one.classList.toggle("at", index === at); one.setAttribute("aria-selected", String(index === at)); });
    if (at >= 0) { field.setAttribute("aria-activedescendant", options[at].id); options[at].scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  }

  function fill(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    list.replaceChildren();
    options = [];
    let group = null;
    for (const option of select.options) {
      const label = option.textContent;
      const of = option.parentElement.label ?? "";
      if (!words.every((word) => `${label} ${of} ${word.length > 2 ? option.value : ""}`.toLowerCase().includes(word))) continue;
      if (of && of !== group) {
        const head = document.createElement("li");
        head.className = "group";
        head.setAttribute("role", "presentation");
        head.textContent = of;
        list.append(head);
      }
      group = of;
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.id = `${list.id}-${options.length}`;
      item.dataset.value = option.value;
      item.textContent = label;
      list.append(item);
      options.push(item);
    }
    if (!options.length) {
      const none = document.createElement("li");
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = t("Nothing found");
      list.append(none);
    }
  }

  function open(text) {
    fill(text);
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(Math.max(0, options.findIndex((one) => one.dataset.value === select.value)));
  }

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    field.value = shown();
  }

  function choose(item) {
    const before = select.value;
    select.value = item.dataset.value;
    close();
    if (select.value !== before) select.form.requestSubmit();
  }

  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => { if (list.hidden) open(""); });
  field.addEventListener("input", () => open(field.value));
  field.addEventListener("blur", () => setTimeout(close, 150));
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open("");
      else mark(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (list.hidden) open("");
      else if (options[at]) choose(options[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("[role=option]");
    if (item && item.dataset.value !== undefined) choose(item);
  });
}

function all() {
  for (const select of document.querySelectorAll("select[data-combobox]")) {
    select.removeAttribute("data-auto");
    enhance(select);
  }
}
document.addEventListener("swapped", all);
all();
