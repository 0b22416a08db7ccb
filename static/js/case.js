// The page of a case: what can be picked, what is written, who else is here, and what happens meanwhile.
import "./picker.js";
import "./compose.js";
import "./presence.js";
import "./walk.js";

const page = document.getElementById("case");
const number = page.dataset.number;
const timeline = () => document.getElementById("case-timeline");
let waiting = null;

// What is being read or pressed stays as it is until the hand is off it.
const isBusy = () =>
  document.querySelector("#case-state .show, #case-fields .show, #picker[open], [data-during-undo]:not([hidden])") !== null ||
  document.getElementById("case-state")?.contains(document.activeElement);

function ask() {
  waiting = null;
  if (isBusy()) {
    plan(1_500);
    return;
  }
  const seen = timeline()?.dataset.seen ?? "0";
  window.htmx.ajax("GET", `${page.dataset.url}now/?seen=${seen}`, { source: page, target: "#case-state", swap: "outerHTML" });
}

function plan(delay) {
  waiting ??= setTimeout(ask, delay);
}

document.addEventListener("desk:changed", (event) => {
  const { kinds } = event.detail;
  // An empty word means that the stream was away: anything may have changed.
  if (kinds.length === 0 || kinds.includes("everything") || kinds.includes(`case:${number}`)) plan(150);
});
// Once everything is on the screen, nothing of it is new.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "case-timeline" || event.detail.target?.id === "case-timeline") {
    document.getElementById("case-news").replaceChildren();
  }
});
