"use strict";
// Sent by `itsm serve` alone: loads the page anew when there is a new site, and shows what is wrong with the records.
(() => {
  const shown = document.currentScript.dataset.site;
  const element = (name, kind, text) => {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    if (text) made.textContent = text;
    return made;
  };
  let source = null;
  let panel = null;

  function line(finding) {
    const item = element("li", finding.severity);
    item.append(element("strong", "", finding.severity), " ", element("code", "", finding.place));
    item.append(element("p", "", finding.message));
    if (finding.remedy) item.append(element("p", "remedy", finding.remedy));
    return item;
  }

  function headline(told) {
    if (told.trouble) return "Not built; this is the last good site";
    const found = told.count === 1 ? "1 finding" : `${told.count} findings`;
    const errors = told.errors === 1 ? ", 1 error" : told.errors ? `, ${told.errors} errors` : "";
    return found + errors + (told.earlier ? "; this is the last good site" : "");
  }

  function show(told) {
    if (panel) panel.remove();
    panel = null;
    if (!told.count && !told.trouble) return;
    panel = element("aside", "itsm-preview");
    panel.setAttribute("aria-label", "Findings");
    const details = element("details");
    details.open = Boolean(told.earlier || told.trouble || told.errors);
    const list = element("ul");
    if (told.trouble) list.append(element("li", "error", told.trouble));
    list.append(...told.findings.map(line));
    const rest = told.count - told.findings.length;
    if (rest > 0) list.append(element("li", "", `and ${rest} more: itsm validate`));
    details.append(element("summary", "", headline(told)), list);
    panel.append(details);
    document.body.append(panel);
  }

  function listen() {
    if (source) return;
    source = new EventSource("/-preview/events");
    source.onmessage = (event) => {
      const told = JSON.parse(event.data);
      if (told.site !== shown) location.reload();
      else show(told);
    };
  }

  // A browser has few connections to one place; a page that nobody sees keeps none, and catches up when it is seen.
  function attend() {
    if (!document.hidden) listen();
    else if (source) {
      source.close();
      source = null;
    }
  }
  document.addEventListener("visibilitychange", attend);
  addEventListener("pagehide", () => source && source.close());
  attend();
})();
