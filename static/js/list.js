// The list of cases: a cursor moved by keys, choosing, changing many at once, fresh rows, and coming back to where one was.
import { isShortcut } from "./keys.js";
import { toast } from "./toasts.js";

const list = () => document.getElementById("case-list");
const rows = () => [...document.querySelectorAll("#case-list tbody tr[data-number]")];
const numberOf = (row) => Number(row.dataset.number);
const tick = (row) => row.querySelector(".tick input");
const chosen = () => rows().filter((row) => tick(row).checked);
const address = () => window.location.pathname + window.location.search;

// ---- The cursor
let cursor = null;
let anchor = null;

const put = (row, { focus = true } = {}) => {
  if (!row) return;
  for (const other of document.querySelectorAll("tr.is-cursor")) other.classList.remove("is-cursor");
  row.classList.add("is-cursor");
  cursor = numberOf(row);
  if (focus) row.querySelector(".case-link").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
};
const here = () => rows().findIndex((row) => numberOf(row) === cursor);
const move = (step) => {
  const all = rows();
  const now = here();
  put(all[Math.min(Math.max(now < 0 ? 0 : now + step, 0), all.length - 1)]);
};

// ---- Choosing
const count = () => {
  const many = chosen().length;
  const box = document.querySelector("#bulk [data-count]");
  if (box && box.textContent !== String(many)) box.textContent = many;
  const all = document.getElementById("case-all");
  if (all) {
    all.checked = many > 0 && many === rows().length;
    all.indeterminate = many > 0 && !all.checked;
  }
};
const choose = (some, is) => {
  for (const row of some) tick(row).checked = is;
  count();
};
const range = (row) => {
  const all = rows();
  const [from, to] = [all.findIndex((one) => numberOf(one) === anchor), all.indexOf(row)];
  if (from < 0) choose([row], true);
  else choose(all.slice(Math.min(from, to), Math.max(from, to) + 1), true);
};

const keys = {
  j: () => move(1),
  k: () => move(-1),
  x: () => {
    const row = rows()[Math.max(here(), 0)];
    if (!row) return;
    put(row);
    anchor = cursor;
    choose([row], !tick(row).checked);
  },
  X: () => rows()[here()] && range(rows()[here()]),
  "*": () => choose(rows(), chosen().length < rows().length),
  o: () => rows()[here()]?.querySelector(".case-link").click(),
  b: () => document.querySelector("#bulk button")?.focus(),
};
document.addEventListener("keydown", (event) => {
  const inList = event.target === document.body || event.target.closest("#case-list, #content") === list() || event.target.id === "content";
  if (inList && !event.ctrlKey && !event.metaKey && !event.altKey && !document.querySelector("dialog[open]")) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && rows().length) {
      event.preventDefault();
      move(step);
      return;
    }
  }
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    const open = document.querySelector("details.drop[open]");
    if (open) open.open = false;
    else choose(rows(), false);
    return;
  }
  const act = keys[event.key];
  if (!act || !isShortcut(event) || !rows().length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}, true);
document.addEventListener("click", (event) => {
  const box = event.target.closest("#case-list tbody .tick input");
  if (box) {
    const row = box.closest("tr");
    if (event.shiftKey) range(row);
    anchor = numberOf(row);
    put(row, { focus: false });
    count();
  }
  if (event.target.id === "case-all") choose(rows(), event.target.checked);
  if (event.target.closest("[data-none]")) choose(rows(), false);
  const link = event.target.closest(".case-link");
  if (link) put(link.closest("tr"), { focus: false });
  for (const open of document.querySelectorAll("details.drop[open]")) if (!open.contains(event.target)) open.open = false;
});

// ---- Changing many at once
const dialog = document.getElementById("bulk-dialog");
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("#bulk, form[data-bulk]");
  if (!form || !dialog) return;
  event.preventDefault();
  const values = Object.fromEntries(new FormData(form, event.submitter));
  delete values.case;
  values.cases ??= chosen().map(numberOf).join(",");
  await window.htmx.ajax("POST", form.action, { values, target: dialog, swap: "innerHTML" });
  if (dialog.childElementCount) dialog.showModal();
  const field = dialog.querySelector("select, input:not([type=hidden]), textarea, .btn-primary");
  field?.focus();
  // What is proposed is looked at as if it had been chosen.
  window.htmx.process(dialog);
  if (field?.matches("select") && field.value) field.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]") || !dialog?.open) return;
  event.preventDefault();
  dialog.close();
});
dialog?.addEventListener("close", () => {
  const result = dialog.querySelector("#bulk-result");
  if (!result) return;
  choose(rows(), false);
  const undo = result.querySelector("[data-bulk-undo]");
  if (undo) {
    const words = `${result.querySelector("h2").textContent} – ${result.querySelector("ul")?.innerText ?? ""}`;
    const post = undo.form.action;
    toast(words.replaceAll("\n", ", "), {
      seconds: 12,
      action: undo.textContent.trim(),
      onAction: async () => {
        await window.htmx.ajax("POST", post, { target: dialog, swap: "innerHTML" });
        dialog.showModal();
      },
    });
  }
  if (document.querySelector("#case-list[data-address]")) ask();
  else window.location.reload();
});

// ---- Fresh rows. What somebody reads never moves: new ones are announced, gone ones greyed.
let changed = new Set();
let news = false;
let everything = false;
let plan = null;
let asked = 0;
let counted = Date.now();
const PAUSE = 1_000;
const NEWS_PAUSE = 4_000;
const COUNT_PAUSE = 10_000;

const renew = (fresh) => {
  const old = document.getElementById(fresh.id);
  if (!old || (old.innerHTML === fresh.innerHTML && old.classList.contains("is-gone") === fresh.classList.contains("is-gone"))) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.className : null;
  tick(fresh).checked = tick(old).checked;
  if (old.classList.contains("is-cursor")) fresh.classList.add("is-cursor");
  old.replaceWith(fresh);
  if (focused !== null) fresh.querySelector(focused.includes("case-link") ? ".case-link" : "input").focus({ preventScroll: true });
};

async function ask(numbers = rows().map(numberOf), known = true) {
  const table = list();
  if (!table?.dataset.address) return;
  asked = Date.now();
  const wanted = new URLSearchParams(table.dataset.address);
  for (const name of ["after", "before"]) {
    const value = new URLSearchParams(window.location.search).get(name);
    if (value) wanted.set(name, value);
  }
  wanted.set("rows", numbers.join(","));
  if (known) wanted.set("known", rows().map(numberOf).join(","));
  const answer = await fetch(`/cases/?${wanted}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok || table !== list()) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = [...page.querySelectorAll("tr[data-number]")];
  const there = new Set(fresh.map(numberOf));
  fresh.forEach((row) => renew(document.adoptNode(row)));
  for (const row of rows()) if (numbers.includes(numberOf(row)) && !there.has(numberOf(row))) row.classList.add("is-gone");
  const more = Number(answer.headers.get("X-New") ?? 0);
  const bar = table.querySelector(".lists-new");
  if (known && bar) {
    bar.hidden = more === 0;
    bar.textContent = `${more} ${table.dataset.new} – ${table.dataset.show}`;
    if (more && !rows().length) show();
  }
  count();
}
const show = () => window.htmx.ajax("GET", `/cases/?${list().dataset.address}`, { target: "#case-list", swap: "outerHTML" });
document.addEventListener("click", (event) => {
  if (event.target.closest(".lists-new")) show();
});

const look = () => {
  plan = null;
  if (document.hidden || !(changed.size || news || everything)) return;
  const numbers = everything ? undefined : [...changed];
  const known = everything || news;
  [changed, news, everything] = [new Set(), false, false];
  ask(numbers, known);
};
const soon = () => {
  const pause = changed.size || everything ? PAUSE : NEWS_PAUSE;
  plan ??= setTimeout(look, Math.max(250, asked + pause - Date.now()));
};
document.addEventListener("desk:changed", (event) => {
  const { kinds } = event.detail;
  const onScreen = new Set(rows().map((row) => row.dataset.number));
  if (kinds.length === 0 || kinds.includes("everything")) everything = true;
  for (const kind of kinds) {
    const [what, number] = kind.split(":");
    if (onScreen.has(number)) changed.add(number && Number(number));
    else if (what === "case") news = true;
  }
  if (changed.size || news || everything) soon();
  if (kinds.some((kind) => kind.startsWith("case:")) && Date.now() - counted > COUNT_PAUSE) {
    counted = Date.now();
    document.dispatchEvent(new CustomEvent("desk:counts"));
  }
});
document.addEventListener("visibilitychange", () => !document.hidden && soon());

// ---- More rows, at the end of the list or by its link
let loading = null;
const more = () => {
  const link = document.querySelector("#case-list a[rel=next]");
  if (!link) return Promise.resolve(false);
  loading ??= fetch(link.href, { headers: { "HX-Request": "true" } })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(answer.statusText))))
    .then((text) => {
      const page = new DOMParser().parseFromString(text, "text/html");
      const body = document.querySelector("#case-list tbody");
      for (const row of page.querySelectorAll("#case-list tbody tr")) if (!document.getElementById(row.id)) body.append(document.adoptNode(row));
      const next = page.querySelector("a[rel=next]");
      if (next) link.href = next.getAttribute("href");
      else link.remove();
      count();
      save();
      return true;
    })
    .catch(() => false)
    .finally(() => {
      loading = null;
    });
  return loading;
};
const nearEnd = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && window.scrollY > 0 && more(), { rootMargin: "600px" });
document.addEventListener("click", (event) => {
  if (!event.target.closest("#case-list a[rel=next]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  more();
});

// ---- Where one was. The page of a case reads the order of the numbers from here, to lead to the next one.
const save = () => {
  if (!document.querySelector("#case-list[data-address]")) return;
  const kept = { address: address(), numbers: rows().map(numberOf), cursor, top: window.scrollY };
  sessionStorage.setItem("list", JSON.stringify(kept));
};
const comesBack = () =>
  performance.getEntriesByType("navigation")[0]?.type === "back_forward" || /\/cases\/\d+\/?$/.test(document.referrer.split(/[?#]/)[0]);
async function restore() {
  const kept = JSON.parse(sessionStorage.getItem("list") ?? "null");
  if (!kept || kept.address !== address() || !comesBack()) return;
  const wanted = kept.cursor;
  for (let pages = 0; pages < 10 && rows().length < kept.numbers.length; pages += 1) if (!(await more())) break;
  // The case may have left the list: then the next one that is still there.
  const after = kept.numbers.slice(Math.max(kept.numbers.indexOf(wanted), 0));
  const there = after.find((number) => document.getElementById(`case-${number}`));
  window.scrollTo(0, kept.top);
  if (wanted && there) put(document.getElementById(`case-${there}`));
}
const begin = () => {
  const link = document.querySelector("#case-list a[rel=next]");
  nearEnd.disconnect();
  if (link) nearEnd.observe(link);
  count();
};
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "case-list" || event.target.closest?.("#case-list")) {
    begin();
    save();
  }
});
window.addEventListener("pagehide", save);
begin();
restore().finally(save);
