// Sorting and filtering of tables, and copying of commands. Without it everything can still be read.
"use strict";

const MOST = 200; // rows of a table that are shown before more are asked for
const order = new Intl.Collator("en", { numeric: true }).compare;

const valueOf = (cell) => (cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value));
const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : order(String(a), String(b)));

// Makes a table sort by its headings; returns what shows those of its rows that fit, and tells how many they are.
function sortable(table) {
  const body = table.tBodies[0];
  const more = document.createElement("button");
  more.type = "button";
  table.parentElement.after(more);
  let rows = Array.from(body.rows);
  let fits = () => true;
  let most = MOST;
  const show = () => {
    const kept = rows.filter(fits);
    body.replaceChildren(...kept.slice(0, most));
    more.hidden = kept.length <= most;
    more.textContent = `Show all ${kept.length} rows`;
    return kept.length;
  };
  more.addEventListener("click", () => {
    most = Infinity;
    show();
  });
  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    heading.querySelector("button")?.addEventListener("click", () => {
      const sign = heading.getAttribute("aria-sort") === "descending" ? 1 : -1;
      const keyed = rows.map((row) => [valueOf(row.cells[column]), row]);
      rows = keyed.sort(([a], [b]) => sign * compare(a, b)).map(([, row]) => row);
      for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      show();
    });
  });
  show();
  return (which) => {
    fits = which;
    return show();
  };
}

// Shows the rows that fit the form, whose choices are kept in the address.
function filtered(form, table) {
  const texts = new Map(Array.from(table.tBodies[0].rows, (row) => [row, row.textContent.toLowerCase()]));
  const showFitting = sortable(table);
  const show = () => {
    const told = new FormData(form);
    const text = told.get("text").toLowerCase();
    const most = told.get("labels");
    const without = told.getAll("without");
    const chosen = ["world", "family", "kind", "tier"].filter((name) => told.get(name));
    const count = showFitting(
      (row) =>
        chosen.every((name) => row.dataset[name] === told.get(name)) &&
        texts.get(row).includes(text) &&
        !without.some((source) => row.dataset.uses.split(" ").includes(source)) &&
        (!most || Number(row.dataset.labels) <= Number(most)),
    );
    form.querySelector("output").textContent = `${count} of ${texts.size} rows`;
    const kept = new URLSearchParams([...told].filter(([, value]) => value));
    history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname);
  };
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.type === "checkbox") field.checked ||= field.value === value;
      else field.value = value;
    }
  }
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}

const form = document.getElementById("filters");
for (const table of document.querySelectorAll("table.board")) {
  if (form) filtered(form, table);
  else sortable(table);
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
  });
}
