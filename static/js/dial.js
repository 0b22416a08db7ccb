// A call that was just begun here dials by itself, once: the link is the agent's own phone.
const link = document.querySelector("[data-dial]");
if (link && link.protocol !== "https:") {
  const key = `dialled:${link.dataset.dial}`;
  if (!sessionStorage.getItem(key)) {
    sessionStorage.setItem(key, "1");
    link.click();
  }
}
