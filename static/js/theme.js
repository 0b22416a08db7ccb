// Sets light or dark before the first paint: the user's choice, else what the device asks for. Loaded in the head, not as a module.
(() => {
  const device = window.matchMedia("(prefers-color-scheme: dark)");
  const choice = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto";
    }
  };
  const show = () => {
    const chosen = choice();
    document.documentElement.dataset.bsTheme = chosen === "auto" ? (device.matches ? "dark" : "light") : chosen;
    document.documentElement.dataset.themeChoice = chosen;
    document.dispatchEvent(new CustomEvent("desk:theme"));
  };
  device.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button || button === document.documentElement) return;
    try {
      localStorage.setItem("theme", button.dataset.themeChoice);
    } catch {
      // A browser that stores nothing shows the choice until the page is left.
    }
    show();
  });
  show();
})();
