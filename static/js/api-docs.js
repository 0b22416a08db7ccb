// Draws the page to try the API at. Swagger UI comes from its package and is not changed.
const place = document.getElementById("api");

// It has a dark dress of its own, but does not know what the reader has chosen.
const dress = () => document.documentElement.classList.toggle("dark-mode", document.documentElement.dataset.bsTheme === "dark");
document.addEventListener("desk:theme", dress);
dress();

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  filter: true,
  // No stranger's service is asked whether our description is valid.
  validatorUrl: null,
  requestInterceptor(request) {
    if (!["GET", "HEAD"].includes(request.method ?? "GET") && !request.headers.Authorization) {
      request.headers["X-CSRFToken"] = place.dataset.csrf;
    }
    return request;
  },
});
