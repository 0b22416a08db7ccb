// A call that rings for this agent is shown on whatever page she has open, and opens by itself when she answers.
// What she types is never interrupted: the card takes no focus, and no page is left while a field is in use.
const place = document.getElementById("call-pop");

const typing = () => document.activeElement?.matches("input, textarea, select, [contenteditable]");

async function fetched(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  return answer.ok && !answer.redirected ? answer.text() : null;
}

// The very words of a card that is there already are not said again.
let shown = "";
const words = (card) => card.querySelector(".caller").textContent + card.hasAttribute("data-answered");

// How many chats wait, beside the way to them; said aloud when there are more than before.
function count(told) {
  const badge = document.getElementById("waiting-chats");
  if (!badge || !told) return;
  const before = Number(badge.textContent);
  const now = Number(told.dataset.waitingChats);
  badge.hidden = now === 0;
  badge.textContent = now || "";
  badge.setAttribute("aria-label", told.dataset.words);
  if (now > before) document.getElementById("live").textContent = told.dataset.words;
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  count(fresh.content.querySelector("[data-waiting-chats]"));
  for (const card of fresh.content.querySelectorAll(".pop")) {
    if (card.dataset.contact === window.location.pathname) card.remove();
  }
  const cards = [...fresh.content.querySelectorAll(".pop")];
  const now = cards.map(words).join("|");
  if (now !== shown) place.replaceChildren(fresh.content);
  shown = now;
  const answered = cards.find((card) => card.hasAttribute("data-answered"));
  if (!answered || typing() || document.querySelector("dialog[open]")) return;
  const once = `opened:${answered.dataset.contact}`;
  if (sessionStorage.getItem(once)) return;
  sessionStorage.setItem(once, "1");
  window.location.assign(answered.dataset.contact);
}

// One question at a time; what changes meanwhile is asked once more afterwards.
let asking = false;
let again = false;
async function ask() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const html = await fetched(place.dataset.pop);
    if (html !== null) show(html);
    for (const part of document.querySelectorAll("[data-refresh]")) {
      // A menu that is open would close under the hand.
      if (!part.querySelector("[aria-expanded=true]")) window.htmx?.ajax("GET", part.dataset.refresh, { target: part, swap: "outerHTML" });
    }
  } catch {
    // The network is away; the stream says so when it is back.
  }
  asking = false;
  if (again) {
    again = false;
    ask();
  }
}

if (place) {
  document.addEventListener("desk:changed", (event) => {
    const { kinds } = event.detail;
    if (kinds.length === 0 || kinds.includes("me") || kinds.includes("everything")) ask();
  });
}
