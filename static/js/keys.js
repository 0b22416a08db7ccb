// Single keys, off while somebody types, in dialogs and open menus, and for who has switched them off.
// An element says its own keys with aria-keyshortcuts="s /": a link is followed, a button pressed, a field focused.
// data-sequence="g c" names two keys pressed one after the other.
import { keysOf, labelOf, usable } from "./labels.js";
import { toast } from "./toasts.js";

const SEQUENCE = 1_200;
const DOTS = 400;

const sheet = document.getElementById("key-sheet");
const box = document.getElementById("single-keys");
const stored = () => {
  try {
    return localStorage.getItem("single-keys") !== "off";
  } catch {
    return true;
  }
};

if (box) {
  box.checked = stored();
  box.addEventListener("change", () => localStorage.setItem("single-keys", box.checked ? "on" : "off"));
}

const PRESSED = new Set(["checkbox", "radio", "button", "submit", "reset", "file", "color", "range", "image"]);
const typing = (element) =>
  element.isContentEditable || (element.matches("input, textarea, select, [role=textbox]") && !PRESSED.has(element.type));
const busy = () => document.querySelector("dialog[open], .dropdown-menu.show, .modal.show");

// The letter on the key for who writes Latin letters; where the layout has none, the letter that stands in that place elsewhere.
const keyOf = (event) => {
  const latin = /^[\p{L}]$/u.test(event.key) && !/^[\p{Script=Latin}]$/u.test(event.key);
  const key = latin && event.code.startsWith("Key") ? event.code.slice(3) : event.key;
  if (!/^\p{L}$/u.test(key)) return key;
  return event.shiftKey ? `Shift+${key.toUpperCase()}` : key.toLowerCase();
};

// Of two elements with one key a ringing call's wins, then the page's own, then the header's.
const named = (key) => {
  const all = [...document.querySelectorAll("[aria-keyshortcuts]")].filter((one) => keysOf(one).includes(key) && usable(one));
  return all.find((one) => one.closest("#call-pop")) || all.find((one) => one.closest("#content")) || all[0];
};

const use = (element) => {
  if (element.matches("select, textarea") || (element.matches("input") && !PRESSED.has(element.type))) {
    element.focus();
    element.select?.();
  } else element.click();
};

let begun = "";
let forget = 0;
const sequence = (key) => {
  clearTimeout(forget);
  const whole = begun && `${begun} ${key}`;
  begun = "";
  const found = whole && document.querySelector(`[data-sequence="${CSS.escape(whole)}"]`);
  if (found) {
    found.click();
    return true;
  }
  if (whole || !document.querySelector(`[data-sequence^="${CSS.escape(key)} "]`)) return false;
  begun = key;
  forget = setTimeout(() => (begun = ""), SEQUENCE);
  return true;
};

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https a browser gives no clipboard to scripts, but still copies what is selected.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  toast(`${document.body.dataset.copied}: ${text}`);
};

// One dot, two or three: what each copies.
let dots = 0;
let pause = 0;
const dot = (from) => {
  dots += 1;
  clearTimeout(pause);
  const done = () => {
    const { copyNumber, copyTitle, copyLink } = from.dataset;
    const text = [copyNumber, copyTitle, copyLink && new URL(copyLink, window.location).href][Math.min(dots, 3) - 1];
    dots = 0;
    if (text) copy(text.trim());
  };
  if (dots >= 3) done();
  else pause = setTimeout(done, DOTS);
};

const row = (label, ways) => {
  const line = document.createElement("div");
  line.dataset.found = "";
  const [term, words] = [document.createElement("dt"), document.createElement("dd")];
  ways.forEach((keys, index) => {
    if (index) term.append(` ${sheet.dataset.or} `);
    keys.forEach((key, place) => {
      const sign = document.createElement("kbd");
      sign.textContent = key;
      term.append(place ? " " : "", sign);
    });
  });
  words.textContent = label;
  line.append(term, words);
  return line;
};

// The sheet lists what is there: the keys that elements name, and those of its own rows whose thing the page has.
const show = () => {
  if (!sheet || sheet.open) return;
  for (const old of sheet.querySelectorAll("[data-found]")) old.remove();
  for (const list of sheet.querySelectorAll("[data-keys-of]")) {
    const rows = new Map();
    for (const one of document.querySelectorAll(`${list.dataset.keysOf} :is([aria-keyshortcuts], [data-sequence])`)) {
      if (!usable(one) || !labelOf(one)) continue;
      const ways = keysOf(one).map((key) => key.split("+"));
      if (one.dataset.sequence) ways.push(one.dataset.sequence.split(" "));
      rows.set(labelOf(one), row(labelOf(one), ways));
    }
    list.prepend(...rows.values());
  }
  for (const line of sheet.querySelectorAll("[data-needs]")) line.hidden = !document.querySelector(line.dataset.needs);
  for (const part of sheet.querySelectorAll("section")) part.hidden = !part.querySelector("dl > div:not([hidden])");
  sheet.showModal();
};

// Whether a key that was pressed may be a shortcut of one letter.
export const isShortcut = (event) =>
  !(event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) &&
  !typing(event.target) &&
  !busy() &&
  stored();

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    // Outside of any form: the page's own one, such as a call's wrap-up.
    const form = event.target.closest("form:not([role=search])") ?? document.querySelector("form:has([data-whole])");
    if (form && !event.defaultPrevented) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.repeat || !isShortcut(event)) return;
  if (document.readyState !== "complete") {
    // Pressed before all of the page's scripts are there: it waits for them, and does not do half of what it means.
    const { key, code, shiftKey } = event;
    event.preventDefault();
    window.addEventListener("load", () => setTimeout(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true }))), { once: true });
    return;
  }
  const key = keyOf(event);
  if (key === "Shift") return;
  const copied = key === "." && document.querySelector("[data-copy-number]");
  if (key === "?") show();
  else if (copied) dot(copied);
  else if (!sequence(key)) {
    const found = named(key);
    if (!found) return;
    use(found);
  }
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) show();
});
