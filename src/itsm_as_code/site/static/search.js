// Search of all records: a combobox with a list of options by kind (ARIA Authoring Practices Guide, "Combobox").
(() => {
  "use strict";
  const texts = {}, tongue = "en";
  const say = (text, ...figures) => figures.reduce((said, figure) => said.replace("{}", figure.toLocaleString(tongue)), texts[text] || text);
  const most = 12, mostOfKind = 5, shortestWithMistake = 4;
  const first = ["Service", "RequestOffering"];

  const fold = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replaceAll("\u0131", "i");
  // Dots stay within a word, so that the clause 8.5.1 is one.
  const wordsOf = (text) => fold(text).split(/[^\p{L}\p{N}.]+/u).map((word) => word.replace(/^\.+|\.+$/g, "")).filter(Boolean);

  // At most one letter added, left out or changed, or two neighbours in the wrong order.
  const isNear = (one, other) => {
    if (Math.abs(one.length - other.length) > 1) return false;
    let start = 0, end = 0;
    while (start < one.length && one[start] === other[start]) start += 1;
    while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
    const a = one.slice(start, one.length - end), b = other.slice(start, other.length - end);
    return a.length <= 1 && b.length <= 1 || a.length === 2 && a === b[1] + b[0];
  };
  const isNearBeginning = (word, token) => (
    [0, -1, 1].some((more) => isNear(word, token.slice(0, word.length + more)))
  );

  // Words with the records that hold them, and how much a word says of each: of a title more than of the rest.
  const rows = [];
  const index = new Map();
  let kinds = [];
  const add = ([title, kind, href, words]) => {
    const at = rows.length;
    rows.push({ title, kind, href, length: title.length });
    const seen = new Map();
    for (const word of wordsOf(`${words} ${kinds[kind].title}`)) seen.set(word, 1);
    for (const word of wordsOf(title)) seen.set(word, 3);
    for (const [word, weight] of seen) {
      const found = index.get(word);
      if (found === undefined) index.set(word, [at, weight]);
      else found.push(at, weight);
    }
  };

  // The records with a word, as written or as the beginning or part of another one; with one mistake only if nobody has that.
  const matches = (word) => {
    const found = new Map();
    const take = (token, quality) => {
      const list = index.get(token);
      for (let i = 0; i < list.length; i += 2) {
        const points = quality * list[i + 1];
        if (points > (found.get(list[i]) || 0)) found.set(list[i], points);
      }
    };
    for (const token of index.keys()) {
      if (token === word) take(token, 4);
      else if (token.startsWith(word)) take(token, 2);
      else if (word.length > 2 && token.includes(word)) take(token, 1);
    }
    if (found.size === 0 && word.length >= shortestWithMistake) {
      for (const token of index.keys()) if (isNearBeginning(word, token)) take(token, 0.5);
    }
    return found;
  };

  const search = (text) => {
    const words = wordsOf(text);
    let points = null;
    for (const word of words) {
      const found = matches(word);
      if (points === null) points = found;
      else for (const [row, so] of points) found.has(row) ? points.set(row, so + found.get(row)) : points.delete(row);
    }
    const groups = new Map();
    for (const [row, so] of points || []) {
      const { kind } = rows[row];
      if (!groups.has(kind)) groups.set(kind, []);
      groups.get(kind).push([so, rows[row]]);
    }
    const rank = (kind) => first.indexOf(kinds[kind].name) >>> 0;
    for (const group of groups.values()) {
      group.sort((a, b) => b[0] - a[0] || a[1].length - b[1].length || a[1].title.localeCompare(b[1].title));
    }
    const ordered = [...groups].sort((a, b) => rank(a[0]) - rank(b[0]) || b[1][0][0] - a[1][0][0] || a[0] - b[0]);
    return { words, count: points ? points.size : 0, groups: ordered };
  };

  const element = (name, attributes, ...inner) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inner);
    return made;
  };

  const marked = (title, words) => title.split(/([^\p{L}\p{N}.]+)/u).map((part) => {
    const token = fold(part);
    const fits = /[\p{L}\p{N}]/u.test(part) && words.some((word) => (
      token.includes(word) || word.length >= shortestWithMistake && isNearBeginning(word, token)
    ));
    return fits ? element("mark", {}, part) : part;
  });

  const setUp = (box) => {
    const input = box.querySelector("input");
    const panel = box.querySelector(".hits");
    const list = panel.querySelector("[role=listbox]");
    const count = panel.querySelector(".hits-count");
    let state = "none", options = [], active = -1;

    const load = (part) => {
      state = "loading";
      const script = document.createElement("script");
      script.src = part ? input.dataset.index.replace(/\.js$/, `_${part}.js`) : input.dataset.index;
      script.onload = () => {
        const said = self.itsmIndex;
        kinds = said.kinds;
        for (const row of said.rows.slice(rows.length)) add(row);
        if (part + 1 < (said.parts || 1)) load(part + 1);
        else state = "whole";
        show();
      };
      script.onerror = () => { state = "failed"; show(); };
      document.head.append(script);
    };
    const begin = () => { if (state === "none" || state === "failed" && rows.length === 0) load(0); };

    const activate = (next) => {
      options[active]?.setAttribute("aria-selected", "false");
      active = next;
      const option = options[active];
      if (option) {
        option.setAttribute("aria-selected", "true");
        option.scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", option.id);
      } else {
        input.removeAttribute("aria-activedescendant");
      }
    };

    const open = (isOpen) => {
      panel.hidden = !isOpen;
      input.setAttribute("aria-expanded", String(isOpen && options.length > 0));
    };

    const show = () => {
      const { words, count: total, groups } = search(input.value);
      list.textContent = "";
      options = [];
      let left = most;
      for (const [kind, group] of groups) {
        if (left === 0) break;
        const shown = group.slice(0, Math.min(left, mostOfKind));
        left -= shown.length;
        const title = group.length > shown.length ? `${kinds[kind].many} (${group.length.toLocaleString(tongue)})` : kinds[kind].many;
        const made = element("div", { role: "group", "aria-label": title }, element("p", { role: "presentation" }, title));
        for (const [, row] of shown) {
          const href = input.dataset.root + row.href;
          const option = element("a", { role: "option", id: `hit-${options.length}`, tabindex: "-1", "aria-selected": "false", href },
            ...marked(row.title, words));
          options.push(option);
          made.append(option);
        }
        list.append(made);
      }
      list.hidden = options.length === 0;
      activate(-1);
      count.textContent = state === "failed" ? say("The search index cannot be loaded.")
        : state !== "whole" ? say("{} found so far", total)
        : total ? say("{} found", total)
        : say("Nothing found. Try fewer or shorter words, a name, or a clause such as 8.5.1; or the lists in the menu.");
      open(words.length > 0);
    };

    input.addEventListener("focus", () => { begin(); if (input.value) open(true); });
    input.addEventListener("input", () => { begin(); show(); });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") {
        input.value = "";
        show();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (options.length === 0) return;
        const step = event.key === "ArrowDown" ? 1 : -1;
        open(true);
        activate((active < 0 && step < 0 ? options.length : active + options.length + step + (active < 0 ? -options.length : 0)) % options.length);
      } else if (event.key === "Enter") {
        if (options.length === 0 || panel.hidden) return;
        (options[active] || options[0]).click();
      } else {
        return;
      }
      event.preventDefault();
    });
    box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) open(false); });
    panel.addEventListener("mousedown", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => {
      const isWriting = event.target.closest("input, select, textarea, [contenteditable]");
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isWriting) return;
      event.preventDefault();
      input.focus();
      input.select();
    });
    box.hidden = false;
  };

  document.querySelectorAll(".search").forEach(setUp);
})();
