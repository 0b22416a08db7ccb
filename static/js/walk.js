// From one case to the next in the list that the agent came from. The list leaves its order in the tab's own memory.
const read = () => {
  try {
    return JSON.parse(sessionStorage.getItem("list")) ?? { address: "/cases/", numbers: [] };
  } catch {
    return { address: "/cases/", numbers: [] };
  }
};

// The address of the case `step` places from the one that is open; at the end, and without a list, the list itself.
export const neighbour = (step) => {
  const { address, numbers } = read();
  const here = Number(document.getElementById("case").dataset.number);
  const at = numbers.map(Number).indexOf(here);
  const next = at < 0 ? undefined : numbers[at + step];
  return next === undefined ? address : `/cases/${next}/`;
};
export const listAddress = () => read().address;

const show = () => {
  const { numbers } = read();
  const here = Number(document.getElementById("case").dataset.number);
  if (!numbers.map(Number).includes(here)) return;
  for (const box of document.querySelectorAll(".case-walk")) box.hidden = false;
  for (const link of document.querySelectorAll("[data-walk]")) link.href = neighbour(Number(link.dataset.walk));
};
// The browser fetches the next case while this one is being answered, so that it opens at once. What happens until then
// the live stream tells when it is open.
const prepare = () => {
  const next = neighbour(1);
  if (!next.startsWith("/cases/") || !/\/\d+\/$/.test(next) || !HTMLScriptElement.supports?.("speculationrules")) return;
  const rules = document.createElement("script");
  rules.type = "speculationrules";
  rules.nonce = document.querySelector("meta[name=csp-nonce]").content;
  rules.textContent = JSON.stringify({ prefetch: [{ source: "list", urls: [next] }] });
  document.head.append(rules);
};

show();
prepare();
document.addEventListener("htmx:afterSettle", show);
