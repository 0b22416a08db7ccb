// Says that this page is open, or that somebody writes here, and shows who else does.
const page = document.getElementById("case");
const address = `${page.dataset.url}presence/`;
const EVERY = 15_000;
const STILL_TYPING = 6_000;
let typed = 0;
let said = "";

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const state = () => (performance.now() - typed < STILL_TYPING && typed ? "typing" : "looking");

async function say(what = state(), options = {}) {
  said = what;
  const body = new URLSearchParams({ state: what, csrfmiddlewaretoken: token() });
  const answer = await fetch(address, { method: "POST", body, ...options }).catch(() => null);
  if (answer?.ok && what !== "gone") show(await answer.text());
}

function show(html) {
  const fresh = document.createRange().createContextualFragment(html).firstElementChild;
  const old = document.getElementById("case-presence");
  if (old && fresh && old.innerHTML !== fresh.innerHTML) old.replaceWith(fresh);
}

document.addEventListener("trix-change", () => {
  typed = performance.now();
  if (said !== "typing") say();
});
setInterval(() => {
  if (state() !== said) say();
}, 1_000);
setInterval(() => {
  if (!document.hidden) say();
}, EVERY);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) say();
});
document.addEventListener("desk:changed", async (event) => {
  if (!event.detail.kinds.includes(`presence:${page.dataset.number}`)) return;
  const answer = await fetch(address).catch(() => null);
  if (answer?.ok) show(await answer.text());
});
window.addEventListener("pagehide", () => say("gone", { keepalive: true }));
window.addEventListener("pageshow", () => say());
