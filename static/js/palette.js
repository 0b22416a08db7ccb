// The palette: Ctrl-K lists what this page can do and where one can go, and asks the server for cases, customers, articles and
// saved views. A verb is any element with data-command or aria-keyshortcuts, and every button within data-commands: running it
// is pressing it, so the palette can do nothing that the page cannot.
import { enabled, keysOf, labelOf, usable } from "./labels.js";

const PAUSE = 120;
const LOCAL = 6;

const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
const level = dialog?.querySelector(".palette-level");
const said = dialog?.querySelector("[role=status]");

// Without marks and case, so that "a" finds "ä" and "Å".
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// How well the letters of `typed` are found in this order in `label`: 0 not at all; the beginning of words weighs most.
export const score = (typed, label) => {
  const [wanted, text] = [folded(typed).replace(/\s+/g, " ").trim(), folded(label)];
  if (!wanted) return 1;
  if (text.startsWith(wanted)) return 1_000 - text.length;
  if (text.includes(` ${wanted}`)) return 800 - text.length;
  if (text.includes(wanted)) return 600 - text.length;
  let [at, sum, last] = [0, 0, -2];
  for (const letter of wanted.replace(/ /g, "")) {
    const found = text.indexOf(letter, at);
    if (found < 0) return 0;
    sum += found === last + 1 ? 8 : found === 0 || /[^\p{L}\p{N}]/u.test(text[found - 1]) ? 6 : -2;
    [at, last] = [found + 1, found];
  }
  return sum > 0 ? sum : 0;
};

const FIELDS = "select, textarea, input:not([type=button], [type=submit], [type=checkbox], [type=radio])";

const run = (element) => {
  dialog.close();
  if (element.matches(FIELDS)) {
    element.focus();
    return;
  }
  element.click();
  // A menu with a form in it is opened in order to write there.
  if (element.dataset.bsToggle === "dropdown") element.parentElement.querySelector(".dropdown-menu :is(input:not([type=hidden]), textarea, select)")?.focus();
};

const inMenu = (element) => element.closest(".dropdown-menu");
const toggleOf = (element) => inMenu(element)?.parentElement.querySelector("[data-bs-toggle=dropdown]");

const verbOf = (element) => {
  const toggle = element.closest("#content") && toggleOf(element);
  const label = element.dataset.command || !toggle ? labelOf(element) : `${labelOf(toggle)}: ${labelOf(element)}`;
  const keys = element.dataset.sequence || keysOf(element)[0] || "";
  const options = element.matches("select") && [...element.options].map((option) => ({
    label: option.textContent.trim(),
    run: () => {
      dialog.close();
      element.value = option.value;
      for (const kind of ["input", "change"]) element.dispatchEvent(new Event(kind, { bubbles: true }));
    },
  }));
  const icon = element.querySelector("svg") || toggle?.querySelector("svg");
  return { label, keys, icon, options: options || null, run: () => run(element), href: element.href };
};

const isVerb = (element) => {
  if (!enabled(element) || element.closest("dialog") || element.hasAttribute("data-palette")) return false;
  const menu = inMenu(element);
  // A menu's own entries are listed; where it holds a form, the button that opens it is.
  if (menu?.querySelector("input:not([type=hidden]), textarea, select")) return "command" in element.dataset;
  if (element.dataset.bsToggle === "dropdown" && !element.parentElement.querySelector(".menu-form")) return false;
  return menu ? true : usable(element);
};

const groups = () => {
  const once = (elements) => {
    const verbs = new Map();
    for (const verb of elements.filter(isVerb).map(verbOf)) if (verb.label && !verbs.has(verb.label)) verbs.set(verb.label, verb);
    return [...verbs.values()];
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const here = all("#content :is([data-command], [aria-keyshortcuts], [data-commands] :is(button, a[href]))");
  const menu = all("header .main-nav a, header a.nav-tool");
  const rest = all("header .dropdown-item");
  return [
    { title: dialog.dataset.here, verbs: once(here) },
    { title: dialog.dataset.go, verbs: once(menu), more: once(rest) },
  ];
};

let known = [];
let levels = [];
let fromServer = "";
let answered = "";
let asked = 0;
let clock = 0;
let enterWaits = false;

const option = (verb) => {
  const line = document.createElement(verb.href && !verb.options ? "a" : "div");
  line.setAttribute("role", "option");
  line.tabIndex = -1;
  if (verb.href && !verb.options) line.href = verb.href;
  const words = document.createElement("span");
  words.textContent = verb.label;
  if (verb.icon) {
    const icon = verb.icon.cloneNode(true);
    icon.setAttribute("class", "icon");
    line.append(icon);
  }
  line.append(words);
  for (const key of verb.keys ? verb.keys.split(" ") : []) {
    const sign = document.createElement("kbd");
    sign.textContent = key;
    sign.ariaHidden = "true";
    line.append(sign);
  }
  line.verb = verb;
  return line;
};

const groupOf = (title, verbs) => {
  const box = document.createElement("div");
  box.setAttribute("role", "group");
  box.ariaLabel = title;
  const head = document.createElement("div");
  head.className = "palette-title";
  head.ariaHidden = "true";
  head.textContent = title;
  box.append(head, ...verbs.map(option));
  return box;
};

const best = (typed, verbs) =>
  verbs
    .map((verb) => [score(typed, verb.label), verb])
    .filter(([points]) => points > 0)
    .sort(([one], [other]) => other - one)
    .map(([, verb]) => verb);

const local = (typed) => {
  if (levels.length) return [groupOf(levels.at(-1).label, best(typed, levels.at(-1).options))];
  if (!typed) return known.filter((group) => group.verbs.length).map((group) => groupOf(group.title, group.verbs));
  if (typed.startsWith("#")) return [];
  return known
    .map((group) => ({ title: group.title, verbs: best(typed, [...group.verbs, ...(group.more || [])]).slice(0, LOCAL) }))
    .filter((group) => group.verbs.length)
    .map((group) => groupOf(group.title, group.verbs));
};

const options = () => [...list.querySelectorAll("[role=option]")];
const active = () => list.querySelector("[aria-selected=true]");

const choose = (one) => {
  active()?.setAttribute("aria-selected", "false");
  one?.setAttribute("aria-selected", "true");
  one?.scrollIntoView({ block: "nearest" });
  if (one) input.setAttribute("aria-activedescendant", one.id);
  else input.removeAttribute("aria-activedescendant");
};

const draw = () => {
  const typed = input.value.trim();
  const before = active()?.textContent;
  const was = active() ? options().indexOf(active()) : 0;
  const found = document.createElement("div");
  // Our own page's piece, in which the server has escaped what strangers wrote.
  found.innerHTML = levels.length ? "" : fromServer;
  const [mine, theirs] = [local(typed), [...found.children]];
  // A number is a case before it is anything else.
  list.replaceChildren(...(/^#?\d+$/.test(typed) ? [...theirs, ...mine] : [...mine, ...theirs]));
  const all = options();
  all.forEach((one, index) => (one.id = `palette-${index}`));
  level.hidden = !levels.length;
  level.textContent = levels.at(-1)?.label || "";
  // Who has walked down the list stays on the same line when more arrives.
  choose((was > 0 && all.find((one) => one.textContent === before)) || all[0]);
  if (!all.length) {
    const none = document.createElement("p");
    none.className = "palette-none";
    none.textContent = dialog.dataset.none;
    list.append(none);
  }
  clearTimeout(draw.clock);
  draw.clock = setTimeout(() => (said.textContent = all.length ? String(all.length) : dialog.dataset.none), 500);
};

const pick = (one) => {
  if (!one) return;
  if (one.verb?.options) {
    levels.push(one.verb);
    input.value = "";
    draw();
  } else if (one.verb) one.verb.run();
  else window.location.assign(one.href);
};

const ask = async () => {
  const [turn, typed] = [++asked, input.value.trim()];
  try {
    const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(typed)}`, { headers: { "HX-Request": "true" } });
    if (turn !== asked || !dialog.open) return;
    // The session is over: the log-in page comes instead.
    if (answer.redirected) window.location.reload();
    if (!answer.ok) return;
    const piece = await answer.text();
    if (turn !== asked || !dialog.open) return;
    [fromServer, answered] = [piece, typed];
    draw();
    // An answer to what stood there before is no answer to what Enter was pressed for.
    if (enterWaits && typed === input.value.trim()) pick(active());
  } catch {
    // Away from the net the palette still knows what the page can do.
  } finally {
    if (turn === asked && typed === input.value.trim()) enterWaits = false;
  }
};

const open = () => {
  if (dialog.open || document.querySelector("dialog[open]")) return;
  [known, levels, fromServer, answered, enterWaits] = [groups(), [], "", "", false];
  input.value = "";
  list.replaceChildren();
  dialog.showModal();
  input.focus();
  draw();
  ask();
};

const move = (step) => {
  const all = options();
  if (all.length) choose(all[(all.indexOf(active()) + step + all.length) % all.length]);
};

const enter = (event) => {
  const typed = input.value.trim();
  // Typed faster than the server answers: what is there now was found for something else.
  if (!levels.length && typed !== answered && (!active()?.verb || /^#?\d+$/.test(typed))) enterWaits = true;
  else if (active()?.href && (event.ctrlKey || event.metaKey)) window.open(active().href, "_blank", "noopener");
  else pick(active());
};

const KEYS = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: enter };

if (dialog) {
  for (const button of document.querySelectorAll("[data-palette]")) {
    button.hidden = false;
    button.addEventListener("click", open);
  }
  // Before an editor that has its own use for this key.
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (dialog.open) dialog.close();
    else open();
  }, true);
  input.addEventListener("input", () => {
    enterWaits = false;
    draw();
    clearTimeout(clock);
    if (!levels.length) clock = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Backspace" && !input.value && levels.length) {
      event.preventDefault();
      levels.pop();
      draw();
    }
    if (!KEYS[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key](event);
  });
  list.addEventListener("pointermove", (event) => {
    const one = event.target.closest("[role=option]");
    if (one && one !== active()) choose(one);
  });
  list.addEventListener("click", (event) => {
    const one = event.target.closest("[role=option]");
    // A link opened in a tab of its own is the browser's business.
    if (!one || ((event.ctrlKey || event.metaKey) && one.href)) return;
    event.preventDefault();
    pick(one);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
