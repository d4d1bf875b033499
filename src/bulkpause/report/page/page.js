"use strict";
(async () => {
  const ROWS_PER_PAGE = 100;
  const ROWS_IN_PRINT = 1000;
  const element = (id) => document.getElementById(id);

  if (!("DecompressionStream" in window)) {
    return; // an old browser shows what it shows without JavaScript
  }
  const { size, columns } = await unpack(element("data").textContent);
  const body = element("ids").tBodies[0];
  const filters = [];
  let found = [];
  let first = 0;
  let sortedBy = -1;
  let direction = 1;

  /** Read what `packing.py` writes: base 85 of gzip of a header and of columns. */
  async function unpack(letters) {
    const stream = new Blob([decode(letters)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    let at = bytes.indexOf(10) + 1;
    const table = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)));
    for (const column of table.columns) {
      const content = bytes.subarray(at, (at += column.bytes));
      column.values = { numbers, hex, lines }[column.packing](content, table.size, column);
    }
    return table;
  }

  /** Turn five letters into four bytes. */
  function decode(letters) {
    const digits = new Uint8Array(128);
    const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;.=>?@^_`{|}~";
    [...alphabet].forEach((letter, digit) => (digits[letter.charCodeAt(0)] = digit));
    const bytes = new DataView(new ArrayBuffer(Math.ceil(letters.length / 5) * 4));
    for (let at = 0, to = 0; at < letters.length; at += 5, to += 4) {
      let sum = 0;
      for (let place = at; place < at + 5; place += 1) {
        sum = sum * 85 + (place < letters.length ? digits[letters.charCodeAt(place)] : 84);
      }
      bytes.setUint32(to, sum);
    }
    return bytes.buffer.slice(0, Math.floor((letters.length * 4) / 5));
  }

  /** Read numbers byte by byte: first the lowest byte of each. A 0 stands for none. */
  function numbers(bytes, rows, { width, isStepwise, isText }) {
    const values = [];
    let sum = 0;
    for (let row = 0; row < rows; row += 1) {
      let number = 0;
      for (let place = width - 1; place >= 0; place -= 1) {
        number = number * 256 + bytes[place * rows + row];
      }
      sum = isStepwise ? sum + (number % 2 ? -(number + 1) / 2 : number / 2) : number;
      values.push(sum === 0 ? null : isText ? String(sum - 1) : sum - 1);
    }
    return values;
  }

  /** Read which rows have a text, and their hexadecimal digits without the dashes. */
  function hex(bytes, rows, { length, dashes }) {
    const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
    const all = Array.from(bytes.subarray(rows), (byte) => pairs[byte]).join("");
    const ends = [...dashes, length];
    const values = [];
    let at = 0;
    for (let row = 0; row < rows; row += 1) {
      let start = 0;
      const part = (end) => all.slice(at, (at += end - start), (start = end + 1));
      values.push(bytes[row] ? ends.map(part).join("-") : null);
    }
    return values;
  }

  function lines(bytes) {
    return new TextDecoder().decode(bytes).split("\n").map((line) => line || null);
  }

  /** Put the name of its run before the number of each request. */
  function nameRequests(column) {
    const runs = columns.find(({ label }) => label === "run");
    const [only] = column.choices;
    column.kind = "text";
    column.values = column.values.map((value, row) =>
      value === null ? null : `${only ?? runs.choices[runs.values[row]]}-${value}`,
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
        return new Date((column.base + value) * 1000).toISOString().slice(0, 19).replace("T", " ");
      case "tenths":
        return (value / 10).toFixed(1);
      default:
        return String(value);
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
      if (column.kind === "number" || column.kind === "tenths") {
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
