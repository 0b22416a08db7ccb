// Shows how long something has lasted. The server's moments are the truth; this only counts on from what the server said.
const shown = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const tail = String(whole % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${tail}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${tail}`;
};

// data-seconds: how much it was when the page was made. The moment it was first seen stands for that instant, so that a
// device whose clock is wrong still shows the right time.
const begun = new WeakMap();
const tick = () => {
  for (const timer of document.querySelectorAll("[data-seconds]")) {
    if (!begun.has(timer)) begun.set(timer, performance.now());
    const passed = "stopped" in timer.dataset ? 0 : (performance.now() - begun.get(timer)) / 1000;
    const text = shown(Number(timer.dataset.seconds) + passed);
    if (timer.textContent !== text) timer.textContent = text;
  }
};
setInterval(tick, 250);
document.addEventListener("htmx:afterSettle", tick);
tick();
