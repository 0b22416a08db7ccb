// The bell: asks how much is new when the stream says that something is for the visitor.
document.addEventListener("desk:changed", (event) => {
  const { kinds } = event.detail;
  if (kinds.length === 0 || kinds.includes("me") || kinds.includes("everything")) {
    document.dispatchEvent(new CustomEvent("desk:notices"));
  }
});
