// What an element is called, and whether it can be used now: for the sheet of keys and the palette, which list what the page has.
const clean = (text) => (text || "").replace(/\s+/g, " ").trim();

const textOf = (element) => {
  const copy = element.cloneNode(true);
  for (const part of copy.querySelectorAll("kbd, svg, [aria-hidden=true]")) part.remove();
  return clean(copy.textContent);
};

// A title often ends with the key in brackets.
const titleOf = (element) => clean((element.title || "").replace(/\s*\([^()]*\)$/, ""));

export const labelOf = (element) => {
  const field = element.matches("input, textarea, select");
  return (
    clean(element.dataset.command) ||
    clean(element.getAttribute("aria-label")) ||
    (field ? clean(element.labels?.[0]?.textContent) || clean(element.placeholder) : textOf(element)) ||
    titleOf(element)
  );
};

export const keysOf = (element) => (element.getAttribute("aria-keyshortcuts") || "").split(" ").filter(Boolean);

export const enabled = (element) => !element.disabled && !element.closest("[hidden], [inert], dialog:not([open])");
export const usable = (element) => enabled(element) && element.checkVisibility({ visibilityProperty: true });
