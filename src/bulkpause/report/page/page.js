"use strict";
(async () => {
  const ROWS_PER_PAGE = 100;
  const ROWS_IN_PRINT = 1000;
  const element = (id) => document.getElementById(id);

  if (!("DecompressionStream" in window)) {
    return; // an old browser shows what it shows without JavaScript
  }
  const columns = await unpack(JSON.parse(element("data").textContent));
  const size = columns[0].values.length;
  const body = element("ids").tBodies[0];
  const filters = [];
  let found = [];
  let first = 0;
  let sortedBy = -1;
  let direction = 1;

  async function unpack(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  }

  /** Replace what each whole number adds to the one before it by the number. */
  function addUp({ values }) {
    let sum = 0;
    for (let row = 0; row < size; row += 1) {
      if (typeof values[row] === "number") {
        sum += values[row];
        values[row] = sum;
      }
    }
  }

  /** Put the name of its run before the number of each request. */
  function nameRequests(column) {
    const runs = columns.find(({ label }) => label === "run");
    column.kind = "text";
    column.values = column.values.map((value, row) =>
      typeof value === "number" ? `${runs.choices[runs.values[row]]}-${value}` : value,
    );
  }

  function text(column, row) {
    const value = column.values[row];
    if (value === null) {
      return "";
    }
    switch (column.kind) {
      case "choice":
        return column.choices[value];
      case "time":
        return new Date(value).toISOString().slice(0, 19).replace("T", " ");
      case "number":
        return column.isStepwise ? String(value) : value.toFixed(1);
      default:
        return value;
    }
  }

  /** Make a test of rows for one word: it is in one of their texts. */
  function holds(word) {
    const tests = [];
    for (const column of columns) {
      const { kind, choices } = column;
      if (kind === "choice") {
        const isHit = choices.map((choice) => choice.toLowerCase().includes(word));
        if (isHit.includes(true)) {
          tests.push((values, row) => values[row] !== null && isHit[values[row]]);
        } else {
          tests.push(null);
        }
      } else if (kind === "text") {
        column.lower ??= column.values.map((value) => (value ?? "").toLowerCase());
        tests.push((_, row) => column.lower[row].includes(word));
      } else {
        tests.push(null);
      }
    }
    return (row) => tests.some((test, at) => test !== null && test(columns[at].values, row));
  }

  function find() {
    const words = element("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const tests = words.map(holds);
    const chosen = filters.filter(({ select }) => select.value !== "");
    found = [];
    for (let row = 0; row < size; row += 1) {
      if (
        chosen.every(({ column, select }) => column.values[row] === Number(select.value)) &&
        tests.every((test) => test(row))
      ) {
        found.push(row);
      }
    }
    sort();
    first = 0;
    show();
  }

  function compare(a, b) {
    if (typeof a === "string" && /^\d+$/.test(a) && /^\d+$/.test(b)) {
      return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
    }
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** Sort the rows that were found; empty cells come last. */
  function sort() {
    if (sortedBy < 0) {
      return;
    }
    const { kind, choices, values } = columns[sortedBy];
    const key = kind === "choice" ? (row) => values[row] === null ? null : choices[values[row]] : (row) => values[row];
    found.sort((a, b) => {
      const [one, other] = [key(a), key(b)];
      if (one === null || other === null) {
        return (one === null) - (other === null) || a - b;
      }
      return direction * compare(one, other) || a - b;
    });
  }

  function line(row) {
    const tr = document.createElement("tr");
    for (const column of columns) {
      const td = tr.insertCell();
      td.textContent = text(column, row);
      if (column.kind === "number") {
        td.className = "n";
      } else if (td.textContent.length > 40) {
        td.title = td.textContent;
      }
    }
    return tr;
  }

  function show(count = ROWS_PER_PAGE) {
    body.replaceChildren(...found.slice(first, first + count).map(line));
    const number = (value) => value.toLocaleString("en");
    const last = Math.min(first + ROWS_PER_PAGE, found.length);
    element("hits").textContent = `${number(found.length)} of ${number(size)} rows`;
    element("range").textContent = found.length ? `rows ${number(first + 1)} to ${number(last)}` : "no rows";
    element("first").disabled = element("previous").disabled = first === 0;
    element("next").disabled = element("last").disabled = last === found.length;
  }

  function turnTo(row) {
    first = Math.max(0, row);
    show();
  }

  function addSorting() {
    const headings = element("ids").tHead.rows[0].cells;
    columns.forEach((column, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = column.label;
      button.addEventListener("click", () => {
        direction = sortedBy === number ? -direction : 1;
        sortedBy = number;
        for (const heading of headings) {
          heading.removeAttribute("aria-sort");
        }
        headings[number].setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
        sort();
        turnTo(0);
      });
      headings[number].replaceChildren(button);
    });
  }

  function addFilters() {
    for (const column of columns) {
      if (column.kind !== "choice" || column.choices.length < 2 || !["status", "account", "run", "log"].includes(column.label)) {
        continue;
      }
      const label = document.createElement("label");
      const select = document.createElement("select");
      select.id = `filter-${column.label}`;
      select.append(new Option("all", ""));
      column.choices.forEach((choice, number) => select.append(new Option(choice, number)));
      select.addEventListener("change", find);
      label.append(`${column.label} `, select);
      element("filters").append(label, " ");
      filters.push({ column, select });
    }
  }

  columns.filter((column) => column.isStepwise).forEach(addUp);
  columns.filter((column) => column.kind === "request").forEach(nameRequests);
  addSorting();
  addFilters();
  element("tools").addEventListener("submit", (event) => event.preventDefault());
  element("find").addEventListener("input", find);
  element("first").addEventListener("click", () => turnTo(0));
  element("previous").addEventListener("click", () => turnTo(first - ROWS_PER_PAGE));
  element("next").addEventListener("click", () => turnTo(first + ROWS_PER_PAGE));
  element("last").addEventListener("click", () => turnTo(Math.floor((found.length - 1) / ROWS_PER_PAGE) * ROWS_PER_PAGE));
  addEventListener("beforeprint", () => show(ROWS_IN_PRINT));
  addEventListener("afterprint", () => show());
  find();
  element("tools").hidden = element("pages").hidden = false;
  element("without-script").textContent = "What is open comes first, until another column is chosen.";
  document.documentElement.dataset.ready = "true";
})();
