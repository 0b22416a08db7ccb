// The open dashboard: asks for what changed, and lets nobody lose what they are reading.

const refresh = document.getElementById("refresh");

// ---- Fresh figures
const SETTLE = 1_500;
let waiting = null;
let kinds = new Set();
let everything = false;
let busy = false;
let took = 0;
let finished = 0;

const isReading = () =>
  document.hidden ||
  document.querySelector("[data-menu][open], .dropdown-menu.show, .offcanvas.show, .offcanvas-lg.show, dialog[open]") !== null;

function ask() {
  waiting = null;
  // A page with the same filters and no figures of its own to be kept fresh.
  if (!refresh) return;
  if (kinds.size === 0 && !everything) return;
  // A slow server is asked less often: at most a fifth of the time is spent waiting for it.
  if (busy || isReading() || performance.now() - finished < took * 4) {
    plan(500);
    return;
  }
  const address = new URL(refresh.getAttribute("hx-get"), window.location.href);
  address.searchParams.delete("kind");
  if (!everything) kinds.forEach((kind) => address.searchParams.append("kind", kind));
  kinds = new Set();
  everything = false;
  busy = true;
  const began = performance.now();
  window.htmx.ajax("GET", address.pathname + address.search, { source: refresh, swap: "none" }).finally(() => {
    busy = false;
    finished = performance.now();
    took = finished - began;
  });
}

function plan(delay) {
  waiting ??= setTimeout(ask, delay);
}

document.addEventListener("desk:changed", (event) => {
  if (event.detail.kinds.length === 0) everything = true;
  event.detail.kinds.forEach((kind) => {
    if (kind === "everything") everything = true;
    else if (kind !== "me") kinds.add(kind);
  });
  plan(SETTLE);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && (everything || kinds.size)) plan(0);
});

// A card that says the same stays as it is: no flicker, no lost focus, nothing read out again.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const fresh = fragment.firstElementChild ?? fragment;
  if (!target || !fresh || fresh.id !== target.id) return;
  const table = target.querySelector("details");
  if (table?.open) fresh.querySelector("details")?.setAttribute("open", "");
  if (words(fresh) === words(target)) event.detail.shouldSwap = false;
});
// The address of the rows holds the moment, which is always another.
const words = (element) => {
  const copy = element.cloneNode(true);
  copy.querySelectorAll("a").forEach((link) => link.removeAttribute("href"));
  return copy.innerHTML;
};

// Who is sent to the login page gets all of it, not its crumbs.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { responseURL } = event.detail.xhr;
  if (responseURL && new URL(responseURL).pathname !== new URL(event.detail.pathInfo.finalRequestPath ?? event.detail.pathInfo.requestPath, window.location.href).pathname) {
    event.preventDefault();
    window.location.reload();
  }
});

// ---- Choices
const filters = document.querySelector("[data-filters]");
if (filters) {
  const dates = filters.querySelector("[data-custom]");
  const showDates = () => {
    const own = filters.period.value === "custom";
    dates.hidden = !own;
    dates.querySelectorAll("input").forEach((input) => (input.disabled = !own));
  };
  filters.period.addEventListener("change", showDates);
  showDates();
  // "Back" may bring the page as it was left, with a choice that its figures know nothing of.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelectorAll("[data-filters], form[data-auto]").forEach((form) => form.reset());
    showDates();
  });
  // Unchosen boxes would only lengthen the address.
  filters.addEventListener("submit", () => {
    if (filters.compare.value === "before") filters.compare.disabled = true;
    setTimeout(() => (filters.compare.disabled = false));
  });
}
document.addEventListener("click", (event) => {
  document.querySelectorAll("[data-menu][open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("[data-menu][open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});
document.querySelectorAll("form[data-auto]").forEach((form) => {
  form.querySelectorAll("[data-auto-hide]").forEach((button) => (button.hidden = true));
  form.addEventListener("change", () => form.requestSubmit());
});

