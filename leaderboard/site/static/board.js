// Sorting and filtering of tables, and copying of commands. Without it everything can still be read.
"use strict";

const valueOf = (cell) => (cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value));

function sortBy(table, column, heading) {
  const body = table.tBodies[0];
  const isDown = heading.getAttribute("aria-sort") !== "descending";
  const keyed = Array.from(body.rows, (row) => [valueOf(row.cells[column]), row]);
  const order = new Intl.Collator("en", { numeric: true }).compare;
  keyed.sort(([a], [b]) => (typeof a === "number" && typeof b === "number" ? a - b : order(String(a), String(b))));
  if (isDown) keyed.reverse();
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  body.append(...keyed.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.board")) {
  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    heading.querySelector("button")?.addEventListener("click", () => sortBy(table, column, heading));
  });
}

const form = document.getElementById("filters");
if (form) {
  const rows = Array.from(document.querySelector("table.board").tBodies[0].rows);
  const fits = (row, told) => {
    const without = told.getAll("without");
    const most = told.get("labels");
    return (
      ["world", "family", "kind", "tier"].every((name) => !told.get(name) || row.dataset[name] === told.get(name)) &&
      row.textContent.toLowerCase().includes(told.get("text").toLowerCase()) &&
      !without.some((source) => row.dataset.uses.split(" ").includes(source)) &&
      (!most || Number(row.dataset.labels) <= Number(most))
    );
  };
  const show = () => {
    const told = new FormData(form);
    let count = 0;
    for (const row of rows) {
      row.hidden = !fits(row, told);
      count += !row.hidden;
    }
    form.querySelector("output").textContent = `${count} of ${rows.length} rows`;
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
