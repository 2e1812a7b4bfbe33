// Small comforts of campaign pages; every page works without them.
(() => {
  "use strict";

  // Forms redraw themselves as choices change, so the button that asks for it is not needed (consumer.css).
  document.documentElement.dataset.script = "yes";

  // An answer to older choices must not overwrite what is being typed: let go of it, a newer one is on its way.
  document.addEventListener("input", (event) => {
    const asking = event.target.closest("[hx-sync]");
    if (asking && window.htmx) htmx.trigger(asking, "htmx:abort");
  });

  // What is folded open stays so when the form is redrawn.
  document.addEventListener("toggle", (event) => {
    const kept = event.target.querySelector(":scope > [name=more]");
    if (kept) kept.value = event.target.open ? "yes" : "";
  }, true);

  // "2 days 5 hours left", counted down to the minute in the page's language.
  const lang = document.documentElement.lang;
  const span = (n, unit) => new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(n);
  function left(until) {
    const minutes = Math.max(0, Math.floor((new Date(until) - Date.now()) / 60000));
    const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
    const parts = days ? [[days, "day"], [hours, "hour"]] : [[hours, "hour"], [rest, "minute"]];
    return parts.filter(([n]) => n).map(([n, unit]) => span(n, unit)).join(" ") || span(0, "minute");
  }
  function count() {
    for (const each of document.querySelectorAll("[data-until]")) {
      const words = each.dataset.words.replace("{time}", left(each.dataset.until));
      if (each.textContent !== words) each.textContent = words;
    }
  }
  count();
  setInterval(count, 10000);
  document.addEventListener("htmx:after:swap", count);
})();
