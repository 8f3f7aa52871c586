// Filters: comfort on top of pages that are complete without them.
(() => {
  "use strict";
  const texts = {}, tongue = "en";
  const say = (text, ...figures) => figures.reduce((said, figure) => said.replace("{}", figure.toLocaleString(tongue)), texts[text] || text);

  const fold = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  const addScript = (source, then, failed) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = then;
    script.onerror = failed || null;
    document.head.append(script);
  };

  const wordsOf = (text) => fold(text).split(/\s+/).filter(Boolean);

  // The rows of the page itself: those that do not fit are hidden, and sections that have none left.
  const ownRows = (keys) => {
    const rows = [...document.querySelectorAll("main tbody tr")].map((row) => (
      { row, text: fold(row.textContent), facets: keys.map((key) => row.dataset[key]) }
    ));
    return {
      rows,
      isWhole: () => true,
      show: (found) => {
        const fits = new Set(found);
        for (const item of rows) item.row.hidden = !fits.has(item);
        for (const section of document.querySelectorAll("main > section")) {
          const own = [...section.querySelectorAll("tbody tr")];
          section.hidden = own.length > 0 && own.every((row) => row.hidden);
        }
      },
    };
  };

  // The rows of a list of several pages, from its script files; they stand in place of the page while there is a filter.
  const allRows = (form, arrived) => {
    const most = 200;
    const rows = [];
    const { root } = form.dataset;
    const listed = [...document.querySelectorAll("main > section, main > .pager, .filter ~ p")];
    const section = document.createElement("section");
    const more = document.createElement("button");
    let state = "none", parts = 1;

    const take = (part) => {
      const said = self.itsmRows[part];
      parts = said.parts;
      if (part === 0) {
        names = said.headers;
        line.append(...names.map(headed));
      }
      for (const [facets, ...cells] of said.rows) rows.push({ facets, cells, text: fold(cells.map(textOf).join(" ")) });
      state = part + 1 < parts ? "loading" : "whole";
      if (state === "loading") load(part + 1);
      arrived();
    };
    const load = (part) => {
      state = "loading";
      addScript(`${form.dataset.rows}_${part}.js`, () => take(part), () => { state = "failed"; arrived(); });
    };

    const headed = (name) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.setAttribute("role", "columnheader");
      cell.textContent = name;
      return cell;
    };
    const fill = (cell, said) => {
      if (Array.isArray(said)) {
        for (const part of said) fill(cell, part);
      } else if (typeof said === "string") {
        cell.append(said);
      } else if (said.h !== undefined) {
        const link = document.createElement("a");
        link.href = root + said.h;
        link.textContent = said.t;
        cell.append(link);
      } else {
        const mark = document.createElement("span");
        const shape = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
        mark.className = `s s-${said.s}`;
        shape.setAttribute("class", "i");
        shape.setAttribute("aria-hidden", "true");
        use.setAttribute("href", `#i-${said.s}`);
        shape.append(use);
        mark.append(shape, said.t);
        cell.append(mark);
      }
    };
    let names = [];
    const made = ({ cells }) => {
      const row = document.createElement("tr");
      const decisive = cells.findIndex((said, index) => index && isStatus(said));
      row.setAttribute("role", "row");
      cells.forEach((said, index) => {
        const cell = document.createElement(index ? "td" : "th");
        cell.setAttribute("role", index ? "cell" : "rowheader");
        if (index === 0) cell.scope = "row";
        else if (names[index]) cell.dataset.l = names[index];
        if (index === decisive) cell.className = "up";
        fill(cell, said);
        row.append(cell);
      });
      return row;
    };

    const scroll = document.createElement("div");
    scroll.className = "scroll";
    const shown = document.createElement("table");
    const body = document.createElement("tbody");
    const titles = document.createElement("thead");
    const line = document.createElement("tr");
    for (const [part, role] of [[shown, "table"], [titles, "rowgroup"], [body, "rowgroup"], [line, "row"]]) {
      part.setAttribute("role", role);
    }
    titles.append(line);
    shown.append(titles, body);
    scroll.append(shown);
    more.type = "button";
    section.append(scroll, more);
    section.hidden = true;
    form.after(section);

    let found = [];
    const page = () => {
      body.append(...found.slice(body.rows.length, body.rows.length + most).map(made));
      more.hidden = body.rows.length >= found.length;
      more.textContent = say("Show more of {}", found.length);
    };
    more.addEventListener("click", page);
    return {
      rows,
      isWhole: () => state === "whole",
      hasFailed: () => state === "failed",
      begin: () => { if (state === "none" || state === "failed") load(rows.length ? parts : 0); },
      show: (fits, isFiltered) => {
        for (const part of listed) part.hidden = isFiltered;
        section.hidden = !isFiltered;
        found = fits;
        body.textContent = "";
        if (isFiltered) page();
      },
    };
  };
  const isStatus = (said) => Array.isArray(said) ? isStatus(said[0]) : said.s !== undefined;
  const textOf = (said) => typeof said === "string" ? said : Array.isArray(said) ? said.map(textOf).join("") : said.t;

  const setUpFilter = (form) => {
    const selects = [...form.querySelectorAll("select")];
    const words = form.querySelector("[data-words]");
    const output = form.querySelector("output");
    const source = form.dataset.rows
      ? allRows(form, () => apply()) : ownRows(selects.map((select) => select.dataset.facet));

    const apply = () => {
      const wanted = wordsOf(words.value);
      const facets = selects.map((select) => select.value);
      const isFiltered = wanted.length > 0 || facets.some(Boolean);
      if (isFiltered && source.begin) source.begin();
      const found = isFiltered ? source.rows.filter((row) => (
        wanted.every((word) => row.text.includes(word))
        && facets.every((value, index) => !value || row.facets[index] === value)
      )) : source.rows;
      source.show(found, isFiltered);
      const counts = [found.length, source.rows.length];
      output.textContent = !isFiltered ? "" : source.isWhole() ? say("{} of {} shown", ...counts)
        : source.hasFailed() ? say("{} of {} shown; the rest could not be loaded", ...counts)
        : say("{} of {} shown so far", ...counts);
    };
    const keep = () => {
      const state = new URLSearchParams(selects.filter((each) => each.value).map((each) => [each.dataset.facet, each.value]));
      if (words.value) state.set("words", words.value);
      history.replaceState(null, "", String(state) ? `#?${state}` : location.pathname + location.search);
    };
    const read = () => {
      if (location.hash !== "" && !location.hash.startsWith("#?")) return;
      const state = new URLSearchParams(location.hash.slice(2));
      words.value = state.get("words") || "";
      for (const select of selects) select.value = state.get(select.dataset.facet) || "";
      apply();
    };

    if (location.hash.startsWith("#?")) read();
    self.addEventListener("hashchange", read);
    form.addEventListener("input", () => { apply(); keep(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
  };

  // Light or dark as the reader chose here, else as the system says.
  const setUpScheme = () => {
    const kept = () => { try { return localStorage.getItem("scheme"); } catch { return null; } };
    const keep = (scheme) => { try { localStorage.setItem("scheme", scheme); } catch { /* for this page alone */ } };
    const system = matchMedia("(prefers-color-scheme: dark)");
    const buttons = [...document.querySelectorAll(".scheme")];
    let chosen = kept();
    const show = () => {
      const isDark = chosen ? chosen === "dark" : system.matches;
      if (chosen) document.documentElement.dataset.scheme = chosen;
      for (const button of buttons) {
        button.textContent = isDark ? button.dataset.light : button.dataset.dark;
        button.hidden = false;
        button.onclick = () => { chosen = isDark ? "light" : "dark"; keep(chosen); show(); };
      }
    };
    system.addEventListener("change", show);
    show();
  };

  // A reader elsewhere sees what a time is there.
  const setUpTimes = () => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || zone === document.documentElement.dataset.zone) return;
    const format = new Intl.DateTimeFormat(document.documentElement.lang || "en", {
      weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
    });
    for (const time of document.querySelectorAll("time[datetime*=T]")) {
      const instant = new Date(time.dateTime);
      if (!Number.isNaN(instant.getTime())) time.title = format.format(instant);
    }
  };

  setUpScheme();
  setUpTimes();
  document.querySelectorAll(".filter").forEach(setUpFilter);
})();
