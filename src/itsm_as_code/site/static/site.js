// Search and filters: comfort on top of pages that are complete without them.
(() => {
  "use strict";
  const limit = 12;

  const fold = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  const setUpSearch = (box) => {
    const input = box.querySelector("input");
    const panel = box.querySelector(".hits");
    const list = panel.querySelector("ul");
    const count = panel.querySelector(".hits-count");
    let rows = null;

    const load = () => {
      if (rows !== null) return;
      rows = [];
      const script = document.createElement("script");
      script.src = input.dataset.index;
      script.onload = () => { take(1); };
      script.onerror = () => { rows = null; };
      document.head.append(script);
    };

    // What has come so far can be found; parts of a large index follow one another.
    const take = (part) => {
      const { kinds, rows: all, parts = 1 } = self.itsmIndex;
      for (const [title, kind, href, words] of all.slice(rows.length)) {
        rows.push({
          title, href, kind: kinds[kind], name: fold(title), text: fold(`${title} ${words} ${kinds[kind]}`),
        });
      }
      show();
      if (part >= parts) return;
      const script = document.createElement("script");
      script.src = input.dataset.index.replace(/\.js$/, `_${part}.js`);
      script.onload = () => { take(part + 1); };
      document.head.append(script);
    };

    const score = (row, words) => {
      let total = 0;
      for (const word of words) {
        if (!row.text.includes(word)) return 0;
        total += row.name.startsWith(word) ? 4 : row.name.includes(word) ? 2 : 1;
      }
      return total;
    };

    const show = () => {
      const words = fold(input.value).split(/\s+/).filter(Boolean);
      panel.hidden = words.length === 0;
      list.textContent = "";
      if (words.length === 0) return;
      const found = (rows || [])
        .map((row) => [score(row, words), row])
        .filter(([points]) => points > 0)
        .sort((a, b) => b[0] - a[0] || a[1].title.localeCompare(b[1].title));
      count.textContent = found.length === 1 ? "1 record" : `${found.length.toLocaleString("en")} records`;
      for (const [, row] of found.slice(0, limit)) {
        const link = document.createElement("a");
        link.href = input.dataset.root + row.href;
        const kind = document.createElement("span");
        link.textContent = row.title;
        kind.textContent = row.kind;
        link.append(kind);
        const item = document.createElement("li");
        item.append(link);
        list.append(item);
      }
    };

    input.addEventListener("focus", load, { once: true });
    input.addEventListener("input", () => { load(); show(); });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        input.value = "";
        show();
        input.focus();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const stops = [input, ...list.querySelectorAll("a")];
        const next = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
        if (stops[next]) {
          event.preventDefault();
          stops[next].focus();
        }
      }
    });
    document.addEventListener("click", (event) => { if (!box.contains(event.target)) panel.hidden = true; });
    box.hidden = false;
  };

  const setUpFilter = (form) => {
    const rows = [...document.querySelectorAll("main tbody tr")];
    const selects = [...form.querySelectorAll("select")];
    const words = form.querySelector("[data-words]");
    const output = form.querySelector("output");
    const texts = rows.map((row) => fold(row.textContent));

    const apply = () => {
      const wanted = fold(words.value).split(/\s+/).filter(Boolean);
      const facets = selects.filter((select) => select.value).map((select) => [select.dataset.facet, select.value]);
      let shown = 0;
      rows.forEach((row, index) => {
        const fits = wanted.every((word) => texts[index].includes(word))
          && facets.every(([key, value]) => row.dataset[key] === value);
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      for (const section of document.querySelectorAll("main > section")) {
        const own = [...section.querySelectorAll("tbody tr")];
        section.hidden = own.length > 0 && own.every((row) => row.hidden);
      }
      output.textContent = wanted.length || facets.length ? `${shown} of ${rows.length} shown` : "";
      const state = new URLSearchParams(facets);
      if (words.value) state.set("words", words.value);
      history.replaceState(null, "", state.size ? `#?${state}` : location.pathname);
    };

    if (location.hash.startsWith("#?")) {
      const state = new URLSearchParams(location.hash.slice(2));
      words.value = state.get("words") || "";
      for (const select of selects) select.value = state.get(select.dataset.facet) || "";
      apply();
    }
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
  };

  document.querySelectorAll(".search").forEach(setUpSearch);
  document.querySelectorAll(".filter").forEach(setUpFilter);
})();
