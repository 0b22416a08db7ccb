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
show();
document.addEventListener("htmx:afterSettle", show);
