// The pages of the set-up: the open tab in sight, what is wrong in focus, and the tree walked by arrow keys.
const strip = document.querySelector(".setup-tabs");
const tab = strip?.querySelector("[aria-current]");
if (tab) strip.scrollLeft = tab.offsetLeft - (strip.clientWidth - tab.clientWidth) / 2;

document.querySelector("[data-errors]")?.focus();

const names = () => [...document.querySelectorAll(".topic-name")].filter((one) => one.checkVisibility());
const below = (name) => name.closest("li").querySelector(":scope > details");
const go = (name) => name?.focus();

document.addEventListener("keydown", (event) => {
  const name = event.target.closest?.(".topic-name, .topic-tree summary");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!name) {
    if (event.key === "ArrowDown" && event.target.matches?.(".setup-search input")) go(names()[0]);
    return;
  }
  const here = name.closest("li").querySelector(".topic-name");
  const all = names();
  const at = all.indexOf(here);
  const details = below(here);
  const keys = {
    ArrowDown: () => go(all[at + 1]),
    ArrowUp: () => go(all[at - 1]),
    Home: () => go(all[0]),
    End: () => go(all.at(-1)),
    ArrowRight: () => {
      if (details?.open) go(all[at + 1]);
      else if (details) details.open = true;
    },
    ArrowLeft: () => {
      if (details?.open) {
        details.open = false;
        go(here);
      } else go(here.closest("ul").closest("li")?.querySelector(".topic-name"));
    },
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
