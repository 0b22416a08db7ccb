// A call that was just begun here dials by itself, once: the link is the agent's own phone. Only when the page is complete:
// a browser that hands a link to another program stops loading the page that it is on.
const link = document.querySelector("[data-dial]");
if (link && link.protocol !== "https:") {
  const key = `dialled:${link.dataset.dial}`;
  addEventListener("load", () => {
    if (sessionStorage.getItem(key)) return;
    sessionStorage.setItem(key, "1");
    setTimeout(() => link.click(), 100);
  });
}
