// A form with data-undo is sent a few seconds after its button is pressed, so that a slip of the hand never reaches the log:
// a resolution that was taken back would otherwise look like one of the fastest, and its customer would be asked how it was.
// Leaving the page sends it at once; without this script the form is sent at once as well.
import { toast } from "./toasts.js";

const SECONDS = 8;
let waiting = null;

const send = () => {
  if (!waiting) return Promise.resolve();
  const { form, clock, box } = waiting;
  waiting = null;
  clearTimeout(clock);
  box.remove();
  return fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    keepalive: true,
    redirect: "manual",
  });
};

const show = (form, is) => {
  for (const part of document.querySelectorAll(form.dataset.undoHides)) {
    // A button keeps its place, so that its neighbours do not slide under the hand.
    if (part.matches("button")) part.disabled = is;
    else part.hidden = is;
  }
  for (const part of document.querySelectorAll(form.dataset.undoShows)) part.hidden = !is;
};

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-undo]");
  if (!form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (waiting) return;
  show(form, true);
  const box = toast(form.dataset.undo, {
    action: form.dataset.undoAction,
    seconds: SECONDS,
    onAction: () => {
      clearTimeout(waiting?.clock);
      waiting = null;
      show(form, false);
    },
  });
  const clock = setTimeout(() => {
    waiting = null;
    window.htmx.ajax("POST", form.action, { source: form, target: "#case-state", swap: "outerHTML" });
  }, SECONDS * 1000);
  waiting = { form, clock, box };
}, true);

// The next page must already show what was done, so a link waits for the answer.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!waiting || !link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  await send();
  window.location.assign(link.href);
});
window.addEventListener("pagehide", send);
