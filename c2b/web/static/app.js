// Small comforts on top of pages that work without any of this.
(() => {
  "use strict";

  // "Copy" buttons are hidden until there is a clipboard to copy to.
  function offerCopies(root) {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    const words = button.querySelector("span") || button;
    const before = words.textContent;
    words.textContent = button.dataset.done;
    setTimeout(() => { words.textContent = before; }, 2000);
  });

  // A second click on a button that is already sending does nothing; the server would refuse or repeat it anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[hx-post]")) return; // htmx keeps its own queue
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // After a refused form: lead the eye (and the screen reader) to the first answer that needs another look.
  function showFirstError(root) {
    const wrong = root.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus({ preventScroll: false });
  }

  offerCopies(document);
  showFirstError(document);
  document.addEventListener("htmx:after:swap", (event) => offerCopies(event.target));
})();
